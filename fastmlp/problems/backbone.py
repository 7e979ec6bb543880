"""A problem whose source is a pretrained network of other people, with a preparation in place of a scaler."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidInput
from ..seeds import rng_for
from .split import Split, interleave
from .task import Problem, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..backbones import Backbone
    from ..backbones.network import BackboneNetwork
    from ..layout import Ints


@dataclass(frozen=True, eq=False, kw_only=True)
class BackboneProblem(Problem):
    """A labelled target for a pretrained network whose own task is not here.

    The source is a `Task` without examples, of the name that `source_of` gives it. Inputs of the target task are what
    the baseline sees: pixels, or for texts the number of the row.

    Parameters
    ----------
    inputs
        What the backbone prepares, a row an example: columns, arrays, paths of pictures, or texts.
    load_backbone
        Returns the backbone. It is asked for when a trial needs it, so that a report needs no PyTorch.
    fingerprint
        The backbone's, as it was when the study's settings were read.
    stages
        Names of its stages.
    texts
        Whether inputs are texts.
    classes
        What labels are called.
    copies, unreadable
        How many files repeat an earlier one; what is wrong with those that were left out.
    body_rate
        Multiplies the learning rates of stages that start pretrained.
    batch_norm, device
        See `fastmlp.transfer_backbone`.
    mistake
        What is wrong with the preparation, in words, if that is to be seen: the problem is a control then.
    """

    inputs: Any = field(repr=False)
    load_backbone: Callable[[], Backbone] = field(repr=False)
    fingerprint: str
    stages: tuple[str, ...]
    texts: bool = False
    classes: tuple[str, ...] = ()
    copies: int = 0
    unreadable: tuple[str, ...] = ()
    body_rate: float = 1.0
    batch_norm: str = "kept"
    device: str = "cpu"
    mistake: str | None = None
    shared: bool = False

    @cached_property
    def backbone(self) -> Backbone:
        """The backbone.

        Raises
        ------
        InvalidInput
            If its weights or its preparation are others than the settings say.
        """
        found = self.load_backbone()
        if found.fingerprint != self.fingerprint:
            raise InvalidInput(
                f"{found.name}: its weights or its preparation have changed: their hash is {found.fingerprint}, and "
                f"{self.fingerprint} is what backbone_hash says; without backbone_hash a study asks what is there now"
            )
        return found

    def network(self, n_classes: int | None = None) -> BackboneNetwork:
        """Return the pretrained network under a head of zeros, for the target's classes or so many, on the device."""
        net = self.backbone.network(len(self.backbone.stages), n_classes or self.target.n_classes)
        net.device = self.device
        return net

    @property
    def conditions(self) -> list[str]:
        """What all trials depend on beside the target's data: a random start has the backbone's stages too."""
        return [self.source.name]

    @property
    def source_pool(self) -> int:
        """None: what the backbone was pretrained on is not here."""
        return 0

    def rows(self, which: Ints) -> Any:
        """Return some of the inputs, as the preparation takes them."""
        return self.inputs[which] if isinstance(self.inputs, np.ndarray) else [self.inputs[row] for row in which]

    def split(self, seed: int) -> Split:
        """Return the split for a seed; it depends on the target's examples alone, and no part of it is the source's."""
        heldout, others = self._divided(seed)
        pool, probe, _ = np.split(others, np.cumsum([self.sizes.pool, self.sizes.probe]))
        pool = pool[interleave(self.target.y[pool], rng_for("subset", task=self.target.name, seed=seed))]
        none = pool[:0]
        return Split(heldout, pool, probe, source=none, source_heldout=none, ceiling=none)


def source_of(fingerprint: str, *conditions: object) -> Task:
    """Return the source of a backbone's problem: a task without examples, named by all that its trials depend on."""
    name = sha256(" ".join(map(str, (fingerprint, *conditions))).encode()).hexdigest()[:32]
    return Task(name, np.empty((0, 0)), np.empty(0, np.int64))
