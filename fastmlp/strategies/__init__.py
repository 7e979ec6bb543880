"""Strategies: how to get from a pretrained network and a few labelled examples to a network for the target task.

Here strategies are described (as data), checked, named and carried out. The training loop is the business of
`fastmlp.training`; comparing strategies is that of `fastmlp.study` and `fastmlp.stats`.
"""

from .equivalence import plainest as plainest
from .families import FAMILIES as FAMILIES
from .families import expand as expand
from .families import get_strategy as get_strategy
from .logistic import fit_baseline as fit_baseline
from .read import read_strategy as read_strategy
from .spec import Phase as Phase
from .spec import Strategy as Strategy
from .spec import share_out as share_out
from .table import SMALLER as SMALLER
from .table import STRATEGIES as STRATEGIES
from .transfer import hold_back as hold_back
from .transfer import starting_network as starting_network
from .transfer import train_from as train_from
from .transfer import transfer as transfer
