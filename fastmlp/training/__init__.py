"""Training: a network, examples and phases go in; a `Fit` comes out.

Here arguments are checked, phases are resolved and a backend is led through them. The mathematics is the business of
`fastmlp.backends`; which phases to run is that of `fastmlp.strategies`.
"""

from .api import train_mlp as train_mlp
from .data import draw_order as draw_order
from .fit import Fit as Fit
from .fit import fit_phases as fit_phases
from .objective import Objective as Objective
from .options import TrainingOptions as TrainingOptions
from .phases import ResolvedPhase as ResolvedPhase
from .phases import draw_adapters as draw_adapters
from .phases import resolve_phase as resolve_phase
