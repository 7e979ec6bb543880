"""Pretrained networks of other people, cut into stages, and the training of stages under a new head.

A stage is to a backbone what a layer is to an MLP: a row of a phase's tables. PyTorch is needed, the extra
``fastmlp[torch]``; importing this room does not load it. Which phases to run is the business of `fastmlp.strategies`.
"""

from .backbone import Backbone as Backbone
from .backbone import make_backbone as make_backbone
from .cache import FeatureCache as FeatureCache
from .cache import digest_of as digest_of
from .draw import draw_stage as draw_stage
from .lora import draw_factors as draw_factors
from .network import BackboneNetwork as BackboneNetwork
from .runner import Conditions as Conditions
from .timing import Timing as Timing
from .training import BackboneFit as BackboneFit
from .training import fit_backbone as fit_backbone
