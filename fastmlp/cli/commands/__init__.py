"""One module per command, and the table of them. A new command is a module and a row."""

from .claims import claims_command
from .data import data_command
from .diff import diff_command
from .doctor import doctor_command
from .export import export_command
from .fit import fit_command
from .lab import lab_command
from .merge import merge_command
from .predict import predict_command
from .report import report_command
from .splits import splits_command
from .status import status_command
from .study import study_command
from .verdicts import verdicts_command
from .warmup import warmup_command

COMMANDS = (
    study_command,
    report_command,
    fit_command,
    predict_command,
    diff_command,
    claims_command,
    status_command,
    verdicts_command,
    export_command,
    splits_command,
    merge_command,
    data_command,
    lab_command,
    warmup_command,
    doctor_command,
)
