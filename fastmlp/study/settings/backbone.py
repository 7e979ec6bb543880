"""A problem whose source is a pretrained network of other people: ``[problems.mine]`` with a ``backbone``."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from ...backbones.corruptions import CORRUPTIONS, corrupted
from ...backbones.devices import device_of
from ...backbones.sources import load_backbone, minilm_folder
from ...errors import InvalidInput, UnknownName
from ...machine import version_of
from ...problems import Problem, Task
from ...problems.backbone import BackboneProblem, source_of
from ...problems.labelled import PICTURES, TEXTS, labelled_pictures, labelled_texts
from ...strategies.backbone import BATCH_NORMS
from .schema import Count, Fewest, Folds, OwnProblem, Rate

if TYPE_CHECKING:
    from ...backbones import Backbone
    from ...problems.labelled import Labelled

BODY_RATE = 0.03  # of a head's rate: pretrained stages take smaller steps
MINILM = "all-minilm-l6"
MOST = 32  # problems that are kept: they share examples and, but for their mistakes, networks
MEASURED = 2  # raise it as `schema.PROTOCOL`, where the records of backbones alone change


class BackboneSettings(OwnProblem, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A problem of a study's own whose source is a pretrained network.

    Parameters
    ----------
    backbone
        ``efficientnet-lite0``, ``timm:NAME`` or ``torchvision:NAME``; for texts ``all-minilm-l6`` or
        ``transformers:FOLDER``: see `fastmlp.load_backbone`.
    target
        A folder with one folder of pictures for each class, a CSV file with columns path and label, or for texts with
        columns text and label; or a data set: ``digits``, ``mnist``, ``fashion``, ``newsgroups``.
    weights
        A file of weights, in place of those that the backbone brings.
    preparation
        Fields of `fastmlp.Preparation` that are not to be the checkpoint's; for texts ``length`` and ``pool``.
    body_rate
        Multiplies the learning rates of stages that start pretrained.
    batch_norm
        Statistics of batch normalisations in stages that move: ``kept`` or ``moving``.
    corruption
        A mistake of the preparation, in `fastmlp.backbones.corruptions.CORRUPTIONS`, to see what it costs.
    device
        ``cpu``, ``cuda``, or ``auto`` for a GPU if there is one, which is then filled in.
    stages, backbone_hash
        Names of its stages, and the hash of weights and preparation; they are filled in.
    heldout, pool, probe, folds, target_hash
        As for `OwnProblem`.
    """

    backbone: Annotated[str, Meta(min_length=1)]
    target: Annotated[str, Meta(min_length=1)]
    weights: str | None = None
    preparation: dict[str, Any] = msgspec.field(default_factory=dict)
    body_rate: Rate = BODY_RATE
    batch_norm: str = "kept"
    corruption: str | None = None
    device: str = "cpu"
    heldout: Count | None = None
    pool: Count | None = None
    probe: Fewest | None = None
    folds: Folds | None = None
    stages: tuple[str, ...] = ()
    target_hash: str | None = None
    backbone_hash: str | None = None

    @property
    def texts(self) -> bool:
        """Whether its inputs are texts."""
        return is_for_texts(self.backbone)

    @property
    def files(self) -> dict[str, str]:
        """The paths of the files that the problem is made of, by the name of the setting."""
        own = {} if self.target in (TEXTS if self.texts else PICTURES) else {"target": self.target}
        return own | ({"weights": self.weights} if self.weights else {})

    @property
    def hashed(self) -> tuple[str, ...]:
        """What has a hash among the settings."""
        return ("target", "backbone")

    @property
    def stage_names(self) -> tuple[str, ...]:
        """The stages of the pretrained network."""
        return self.stages

    def examples(self) -> Labelled:
        """Return the labelled examples of the target."""
        return (labelled_texts if self.texts else labelled_pictures)(self.target)

    def task(self, role: str) -> Task:
        """Return the target task; the source's is not here.

        Raises
        ------
        InvalidInput
            If its examples cannot be read, or have changed.
        """
        found, known = self.examples().task(), self.target_hash
        if known not in {None, found.name}:
            raise InvalidInput(
                f"{self.target}: its data have changed: their hash is {found.name}, and {known} is what {role}_hash "
                f"says; without {role}_hash a study asks what is there now"
            )
        return found

    def load_backbone(self) -> Backbone:
        """Return the backbone; the same object for the same settings, which a process loads once."""
        return _prepared(self.backbone, self.weights, msgspec.json.encode(self.preparation), self.corruption)

    def found_here(self) -> dict[str, str]:
        """Return the hashes of its examples and of its backbone, the version of PyTorch, and the device.

        Raises
        ------
        InvalidInput, MissingLibrary
            If one of them is not on this machine.
        """
        return {
            "examples": self.examples().task().name[:12],
            "backbone": self.load_backbone().fingerprint[:12],
            "version of torch": version_of("torch"),
            "device": device_of(self.device),
        }

    def load(self, name: str) -> Problem:
        """Return the problem under a name; the same object for the same settings."""
        return _problem(name, msgspec.json.encode(self))

    def completed(self) -> BackboneSettings:
        """Return the settings with the names of stages and the hash filled in.

        Raises
        ------
        InvalidInput
            If the backbone cannot be loaded, or is another than the hash says.
        """
        if self.batch_norm not in BATCH_NORMS:
            raise InvalidInput(f"batch_norm is {self.batch_norm!r}; {' or '.join(map(repr, BATCH_NORMS))} is needed")
        found = self.load_backbone()
        if self.backbone_hash not in {None, found.fingerprint}:
            raise InvalidInput(
                f"{self.backbone}: its weights or its preparation have changed: their hash is {found.fingerprint}, and "
                f"{self.backbone_hash} is what backbone_hash says; without backbone_hash a study asks what is there now"
            )
        names, device = tuple(stage.name for stage in found.stages), device_of(self.device)
        return msgspec.structs.replace(self, stages=names, backbone_hash=found.fingerprint, device=device)


@lru_cache(maxsize=MOST)
def _prepared(backbone: str, weights: str | None, preparation: bytes, corruption: str | None) -> Backbone:
    """Return a backbone; those that differ in their mistake share their weights."""
    found = _loaded(backbone, weights, preparation)
    return found if corruption is None else corrupted(found, corruption)


@lru_cache(maxsize=4)
def _loaded(backbone: str, weights: str | None, preparation: bytes) -> Backbone:
    given: dict[str, Any] = msgspec.json.decode(preparation)
    of_load = {"pool", "length"} if is_for_texts(backbone) else {"pool", "size"}
    arguments = {name: given.pop(name) for name in of_load & given.keys()}
    name = f"transformers:{minilm_folder()}" if backbone == MINILM else backbone
    found = replace(load_backbone(name, weights=weights, **arguments), name=backbone)
    return prepared_otherwise(found, given) if given else found


def prepared_otherwise(backbone: Backbone, given: Mapping[str, Any]) -> Backbone:
    """Return a backbone for pictures with another preparation; warn of what is not the checkpoint's.

    Raises
    ------
    InvalidInput
        If a preparation has no such field, or the value is none; if the backbone is for texts.
    """
    prepare: Any = backbone.prepare
    own: Any = getattr(prepare, "preparation", None)
    known = [] if own is None else [field.name for field in fields(own)]
    if strange := [name for name in given if name not in known]:
        raise UnknownName("field of a preparation", strange[0], known or ["length", "pool"])
    changed = replace(own, **{name: tuple(one) if isinstance(one, list) else one for name, one in given.items()})
    for difference in changed.differences(own):
        warnings.warn(f"{backbone.name}: {difference}", stacklevel=2)
    prepare = replace(prepare, preparation=changed)
    origin = backbone.origin and {**backbone.origin, "size": changed.size, "preparation": asdict(changed)}
    return replace(backbone, prepare=prepare, preparation=str(changed), origin=origin)


def is_for_texts(backbone: str) -> bool:
    """Whether a backbone's inputs are texts, by its name."""
    return backbone == MINILM or backbone.startswith("transformers:")


@lru_cache(maxsize=MOST)
def _problem(name: str, encoded: bytes) -> BackboneProblem:
    own = msgspec.json.decode(encoded, type=BackboneSettings)
    found = own.examples()
    target = own.task("target")
    conditions = (str(own.backbone_hash), own.body_rate, own.batch_norm, version_of("torch"), own.device, MEASURED)
    return BackboneProblem(
        name=name,
        source=source_of(*conditions),
        target=target,
        sizes=own.sizes,
        folds=own.folds or 0,
        inputs=found.inputs,
        load_backbone=own.load_backbone,
        fingerprint=own.backbone_hash or "",
        stages=own.stages,
        texts=own.texts,
        classes=found.classes,
        copies=found.copies,
        unreadable=found.unreadable,
        body_rate=own.body_rate,
        batch_norm=own.batch_norm,
        device=own.device,
        mistake=own.corruption and CORRUPTIONS[own.corruption].mistake,
        control=own.corruption is not None,
    )
