"""Training: a network, examples and phases go in; a `Fit` comes out.

Here arguments are checked, phases are resolved and a backend is led through them. The mathematics is the business of
`fastmlp.backends`; which phases to run is that of `fastmlp.strategies`.
"""

from .after_epoch import AfterEpoch as AfterEpoch
from .after_epoch import Epoch as Epoch
from .after_epoch import Stop as Stop
from .api import train_mlp as train_mlp
from .data import Examples as Examples
from .data import check_examples as check_examples
from .data import draw_order as draw_order
from .fit import Fit as Fit
from .fit import TrainingInterrupted as TrainingInterrupted
from .fit import fit_phases as fit_phases
from .objective import Objective as Objective
from .options import TrainingOptions as TrainingOptions
from .phase_runner import SLOWEST_RATE as SLOWEST_RATE
from .phases import ResolvedPhase as ResolvedPhase
from .phases import draw_adapters as draw_adapters
from .phases import resolve_phase as resolve_phase
from .pieces import FLOP_PER_UPDATE as FLOP_PER_UPDATE
from .pieces import Pieces as Pieces
