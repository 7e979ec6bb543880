"""A study: a grid of trials, run in parallel, resumed after any interruption, written to one folder.

`config` holds the settings, `plan` turns them into trials, `trial` runs one, `store` keeps the records, `execution`
runs them, and `session` is the whole of it: `run_study`.
"""

from .session import Results as Results
from .session import resume_command as resume_command
from .session import run_study as run_study
