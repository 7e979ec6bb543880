"""Strategies: how to get from a pretrained network and a few labelled examples to a network for the target task.

`table` holds them as data, `families` those with a number; `fields` says what they may hold. `reading` takes them from
settings, `transferring` carries them out.
"""

from .families import FAMILIES as FAMILIES
from .families import expand as expand
from .families import get_strategy as get_strategy
from .reading import read_strategy as read_strategy
from .table import SMALLER as SMALLER
from .table import STRATEGIES as STRATEGIES
from .table import Phase as Phase
from .table import Strategy as Strategy
from .transferring import fit_baseline as fit_baseline
from .transferring import share_out as share_out
from .transferring import starting_network as starting_network
from .transferring import train_from as train_from
from .transferring import transfer as transfer
