"""Which transfer strategy should I use, and how sure can I be? fastmlp answers with evidence.

>>> import fastmlp
>>> net = fastmlp.init_mlp((64, 64, 10), rng=0)
>>> fastmlp.forward(net, [[0.0] * 64]).shape
(1, 10)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .backends import get_backend as get_backend
from .errors import FastmlpError as FastmlpError
from .network import Network as Network
from .network import accuracy as accuracy
from .network import backward as backward
from .network import features as features
from .network import forward as forward
from .network import init_mlp as init_mlp
from .network import predict as predict
from .network import predict_proba as predict_proba
from .strategies import STRATEGIES as STRATEGIES
from .strategies import Phase as Phase
from .strategies import Strategy as Strategy
from .strategies import transfer as transfer
from .training import Fit as Fit
from .training import TrainingInterrupted as TrainingInterrupted
from .training import train_mlp as train_mlp

if TYPE_CHECKING:
    from .backbones.backbone import Backbone as Backbone
    from .backbones.backbone import make_backbone as make_backbone
    from .backbones.cache import FeatureCache as FeatureCache
    from .backbones.corruptions import corrupted as corrupted
    from .backbones.int8 import quantise as quantise
    from .backbones.pictures import find_pictures as find_pictures
    from .backbones.preparation import Preparation as Preparation
    from .backbones.sources import load_backbone as load_backbone
    from .estimators.advice import Advice as Advice
    from .estimators.advice import advise as advise
    from .estimators.classifier import MLPClassifier as MLPClassifier
    from .estimators.regressor import MLPRegressor as MLPRegressor
    from .estimators.selector import TransferSelectorCV as TransferSelectorCV
    from .estimators.transfer_classifier import TransferClassifier as TransferClassifier
    from .interchange import from_sklearn as from_sklearn
    from .interchange import from_torch as from_torch
    from .interchange import to_onnx as to_onnx
    from .interchange import to_sklearn as to_sklearn
    from .interchange import to_torch as to_torch
    from .models import load as load
    from .models import save as save
    from .strategies.backbone import transfer_backbone as transfer_backbone
    from .strategies.backbone_seconds import estimate_seconds as estimate_seconds
    from .strategies.bodies import compare_bodies as compare_bodies
    from .study import Results as Results
    from .study import merge_studies as merge_studies
    from .study import run_study as run_study
    from .study.settings.schema import Settings as Settings

__version__ = "0.1.0"

__all__ = [
    "STRATEGIES",
    "Advice",
    "Backbone",
    "FastmlpError",
    "FeatureCache",
    "Fit",
    "MLPClassifier",
    "MLPRegressor",
    "Network",
    "Phase",
    "Preparation",
    "Results",
    "Settings",
    "Strategy",
    "TrainingInterrupted",
    "TransferClassifier",
    "TransferSelectorCV",
    "__version__",
    "accuracy",
    "advise",
    "backward",
    "compare_bodies",
    "corrupted",
    "estimate_seconds",
    "features",
    "find_pictures",
    "forward",
    "from_sklearn",
    "from_torch",
    "get_backend",
    "init_mlp",
    "load",
    "load_backbone",
    "make_backbone",
    "merge_studies",
    "predict",
    "predict_proba",
    "quantise",
    "run_study",
    "save",
    "to_onnx",
    "to_sklearn",
    "to_torch",
    "train_mlp",
    "transfer",
    "transfer_backbone",
]

# Studies need SQLite, a settings parser and a report, estimators scikit-learn, pretrained networks PyTorch; a program
# that only trains networks does not wait for them (SPEC 1).
_LAZY = {
    "MLPClassifier": ".estimators.classifier",
    "MLPRegressor": ".estimators.regressor",
    "Results": ".study",
    "Settings": ".study.settings.schema",
    "Advice": ".estimators.advice",
    "advise": ".estimators.advice",
    "TransferClassifier": ".estimators.transfer_classifier",
    "TransferSelectorCV": ".estimators.selector",
    "from_sklearn": ".interchange",
    "from_torch": ".interchange",
    "load": ".models",
    "merge_studies": ".study",
    "run_study": ".study",
    "save": ".models",
    "to_onnx": ".interchange",
    "to_sklearn": ".interchange",
    "to_torch": ".interchange",
    "Backbone": ".backbones.backbone",
    "FeatureCache": ".backbones.cache",
    "compare_bodies": ".strategies.bodies",
    "corrupted": ".backbones.corruptions",
    "quantise": ".backbones.int8",
    "estimate_seconds": ".strategies.backbone_seconds",
    "find_pictures": ".backbones.pictures",
    "load_backbone": ".backbones.sources",
    "make_backbone": ".backbones.backbone",
    "Preparation": ".backbones.preparation",
    "transfer_backbone": ".strategies.backbone",
}


import_module(".notebook", __name__).tell_of_compiling()  # which prints nothing anywhere else


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name], __name__), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
