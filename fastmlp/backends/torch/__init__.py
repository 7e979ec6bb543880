"""The functions of `reference`, by PyTorch: the backend that also trains networks which are not fastmlp's own.

A network is a list of `Stage`s here, from the inputs up, the head last. One loop, `training.StageTraining`, trains
them, whether they are the layers of an MLP or parts of a pretrained module. The rows of a phase's tables become
parameter groups of PyTorch's own optimizers.
"""

from .functions import features as features
from .functions import forward as forward
from .functions import loss_and_gradient as loss_and_gradient
from .library import import_torch as import_torch
from .optimizers import GroupedOptimizer as GroupedOptimizer
from .stages import Stage as Stage
from .stages import freeze as freeze
from .stages import moving_cells as moving_cells
from .stages import pick as pick
from .stages import tensor as tensor
from .training import StageTraining as StageTraining
from .training import Training as Training
from .training import Visits as Visits
from .training import threads_of_torch as threads_of_torch
from .training import train as train
