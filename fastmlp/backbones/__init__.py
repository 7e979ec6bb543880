"""Pretrained networks of other people, cut into stages, and the training of stages under a new head.

A stage is to a backbone what a layer is to an MLP: a row of a phase's tables. PyTorch is needed, the extra
``fastmlp[torch]``; importing this room does not load it. Which phases to run is the business of `fastmlp.strategies`.
"""

from .backbone import Backbone as Backbone
from .backbone import make_backbone as make_backbone
from .cache import FeatureCache as FeatureCache
from .corruptions import CORRUPTIONS as CORRUPTIONS
from .corruptions import corrupted as corrupted
from .corruptions import corruptions_of as corruptions_of
from .devices import device_of as device_of
from .draw import draw_stage as draw_stage
from .int8 import body_bytes as body_bytes
from .int8 import quantise as quantise
from .lora import draw_factors as draw_factors
from .lora import linear_layers as linear_layers
from .network import BackboneNetwork as BackboneNetwork
from .pictures import find_pictures as find_pictures
from .pictures import pictures_in as pictures_in
from .preparation import Preparation as Preparation
from .prepared import Prepared as Prepared
from .prepared import digest_of as digest_of
from .runner import Conditions as Conditions
from .sources import load_backbone as load_backbone
from .stages import BackboneStage as BackboneStage
from .stages import bytes_of as bytes_of
from .texts import for_texts as for_texts
from .timing import Timing as Timing
from .training import BackboneFit as BackboneFit
from .training import fit_backbone as fit_backbone
