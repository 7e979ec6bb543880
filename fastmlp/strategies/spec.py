"""Strategies as data: where a training starts, and phases of multipliers for its learning rate."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..errors import FieldError, shown
from .validation import check_fields

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PATIENCE = 3  # epochs without a better held-back loss until `plateau` unfreezes the next layer


@dataclass(frozen=True)
class Phase:
    """A part of a training, for a network of any depth.

    Parameters
    ----------
    head, body
        Multipliers of the learning rate for the last layer and for the layers below it; zero freezes.
    biases
        Multiplier for the biases of the body; None means the same as for its weights.
    frozen
        Number of layers, from the inputs up, that do not move whatever the multipliers say.
    divisor
        Each layer has the rate of the layer above it, divided by this.
    pull
        Strength of the pull of the body towards the start of the training.
    rank
        If above 0, weights of the body move within this rank only, and its biases do not move.
    share
        Share of the training's epochs; the shares of a strategy add up to 1.
    patience
        End the phase when the loss on held-back labels has not improved for this many epochs; the epochs left over go
        to the phases after it.

    Raises
    ------
    FieldError
        If a field holds what `validation.FIELDS` does not allow, or has no effect beside another.
    """

    head: float = 1.0
    body: float = 1.0
    biases: float | None = None
    frozen: int = 0
    divisor: float = 1.0
    pull: float = 0.0
    rank: int = 0
    share: float = 1.0
    patience: int | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        for path, message in _contradictions_in_phase(self):
            raise FieldError("Phase", path, message)

    @property
    def body_rests(self) -> bool:
        """Whether the multipliers move neither weights nor biases of the body."""
        return not self.body and not self.biases

    def multipliers(self, n_layers: int) -> NDArray[np.float64]:
        """Return the multiplier of each weight matrix and each bias, (n_layers, 2)."""
        body = self.body, self.body if self.biases is None else self.biases
        table = np.array([*[body] * (n_layers - 1), (self.head, self.head)], dtype=np.float64)
        if self.divisor != 1:
            table /= self.divisor ** np.arange(n_layers)[::-1, None]  # the head is divided by 1
        table[: self.frozen] = 0
        return table

    def pulls(self, n_layers: int) -> NDArray[np.float64]:
        """Return the pull of each weight matrix and each bias, (n_layers, 2); nothing pulls the head."""
        table = np.full((n_layers, 2), float(self.pull))
        table[-1] = 0
        return table


@dataclass(frozen=True)
class Strategy:
    """Where a training starts, the phases it goes through, and the scaler it sees the inputs through.

    A strategy that starts from the pretrained network with the source's head and has no phases trains nothing, and
    needs no label: it is zero-shot.

    Parameters
    ----------
    start
        ``pretrained`` copies the body of the pretrained network; ``random`` draws it anew; ``meanvar`` draws it with
        the mean and variance of the pretrained weights; None trains no network: the strategy is a baseline, logistic
        regression on the inputs.
    phases
        One after the other; none only if the head is the source's.
    layers
        Number of layers, from the inputs up, that are copied; None means all of the body. Those above are drawn anew.
    cut
        Whether the layers above are left out instead, so that the head stands on the features of the last layer copied.
    unfreeze
        ``schedule`` repeats the phase for each layer, from the head down: one more layer moves in each. ``plateau``
        does so whenever the loss on held-back labels stalls.
    held_back
        Share of the labelled examples that are not trained on: phases with patience watch the loss on them.
    scaler
        For a study, which fits scalers (`fastmlp.transfer` takes inputs as they are). ``source``: fitted on the source
        pool, which is what a pretrained network expects; ``target``: fitted on the n_target examples alone.
    head
        ``new`` draws the last layer anew; ``source`` keeps that of the pretrained network, which has a meaning only
        where source and target have the same classes.

    Raises
    ------
    FieldError
        If a field holds what `validation.FIELDS` does not allow, or has no effect beside another.
    """

    start: Literal["pretrained", "random", "meanvar"] | None
    phases: tuple[Phase, ...] = ()
    layers: int | None = None
    cut: bool = False
    unfreeze: Literal["schedule", "plateau"] | None = None
    held_back: float = 0.0
    scaler: Literal["source", "target"] = "source"
    head: Literal["new", "source"] = "new"

    def __post_init__(self) -> None:
        check_fields(self)
        phases: object = self.phases
        if not isinstance(phases, tuple) or not all(isinstance(phase, Phase) for phase in phases):
            raise FieldError("Strategy", "phases", f"must be a tuple of phases, not {shown(phases)}")
        for path, message in _contradictions(self):
            raise FieldError("Strategy", path, message)

    @property
    def knows_source(self) -> bool:
        """Whether the result depends on the source task; if not, one trial serves every problem with this target."""
        return self.starts_from_source or self.scaler == "source"

    @property
    def starts_from_source(self) -> bool:
        """Whether training starts from something of the pretrained network."""
        return self.start in {"pretrained", "meanvar"}

    @property
    def trains(self) -> bool:
        """Whether anything is trained on labelled examples of the target."""
        return self.start is None or bool(self.phases)

    @property
    def sees_examples(self) -> bool:
        """Whether the result depends on the n_target examples; a zero-shot one may do so through its scaler alone."""
        return self.trains or self.scaler == "target"

    def phases_for(self, n_layers: int) -> tuple[Phase, ...]:
        """Return the phases for a network of this many layers."""
        return self.phases if self.unfreeze is None else _unfrozen(self.phases[0], self.unfreeze, n_layers)

    def _n_layers(self, hidden: int) -> int:
        """Return the layers that the strategy leaves of a network with this many hidden layers."""
        return (self.layers if self.cut and self.layers else hidden) + 1

    def refusal_of_depth(self, hidden: int) -> str | None:
        """Return why the strategy cannot use a network with this many hidden layers; None if it can."""
        if self.start is None:
            return None
        needed = max([self.layers or 0, *(phase.frozen for phase in self.phases)])
        if needed > hidden:
            return f"needs {needed} hidden layers"
        n_layers = self._n_layers(hidden)
        for number, phase in enumerate(self.phases_for(n_layers), 1):
            if not phase.multipliers(n_layers).any():
                return f"moves nothing in phase {number}, where head is {phase.head:g} and frozen is {phase.frozen}"
        return None

    def refusal_of_epochs(self, epochs: int, hidden: int) -> str | None:
        """Return why this many epochs do not give every phase one, with so many hidden layers; None if they do."""
        phases = self.phases_for(self._n_layers(hidden))
        parts = share_out(phases, epochs)
        if all(parts):
            return None
        shares = ", ".join(f"{phase.share:.3g}" for phase in phases)
        return (
            f"epochs is {epochs}; shares of {shares} give the phases {', '.join(map(str, parts))} epochs, "
            "and each needs at least 1"
        )


def share_out(phases: Sequence[Phase], epochs: int) -> list[int]:
    """Return the epochs of each phase; they add up to `epochs` if the shares add up to 1.

    Examples
    --------
    >>> share_out([Phase(share=1 / 3), Phase(share=2 / 3)], 10)
    [3, 7]
    """
    ends = [0, *(round(share * epochs) for share in accumulate(phase.share for phase in phases))]
    return [end - start for start, end in pairwise(ends)]


@lru_cache  # each phase is checked when it is made; once is enough
def _unfrozen(phase: Phase, when: Literal["schedule", "plateau"], n_layers: int) -> tuple[Phase, ...]:
    """Return one phase per layer, from the head down; one more layer moves in each."""
    layers = reversed(range(n_layers))
    if when == "schedule":
        return tuple(replace(phase, frozen=k, share=1 / n_layers) for k in layers)
    patience = phase.patience or PATIENCE
    return tuple(replace(phase, frozen=k, patience=patience if k else None) for k in layers)


def _contradictions_in_phase(phase: Phase) -> Iterator[tuple[str, str]]:
    """Yield the path of each field that has no effect beside another, and the reason."""
    if phase.rank and phase.pull:
        yield "pull", "has no effect beside a rank"
    if phase.rank and phase.biases is not None:
        yield "biases", "has no effect beside a rank: the biases of the body do not move"
    if phase.biases == phase.body:
        yield "biases", f"has no effect: it is {phase.biases:g}, as body is"
    if not phase.body_rests:
        return
    if not phase.head:
        yield "head", "is 0 beside body = 0: nothing would move"
    for name in ("frozen", "divisor", "pull", "rank"):
        if getattr(phase, name) != getattr(Phase, name):
            yield name, "has no effect beside body = 0: the body does not move"


def _contradictions(strategy: Strategy) -> Iterator[tuple[str, str]]:
    """Yield the path of each field that has no effect beside another, or not the one it promises, and the reason."""
    if strategy.start is None:
        for field in fields(strategy):
            if field.name not in {"start", "scaler"} and getattr(strategy, field.name) != field.default:
                yield field.name, "has no effect: without a start, no network is trained"
        return
    if strategy.cut and strategy.layers is None:
        yield "cut", "has no effect without a number of layers"
    if strategy.start == "random" and strategy.layers is not None and not strategy.cut:
        yield "layers", "has no effect: from a random start none are copied"
    if strategy.head == "source":
        yield from _contradictory_head(strategy)
    if strategy.phases or strategy.head == "new":
        yield from _contradictory_phases(strategy)
    yield from _contradictory_unfreezing(strategy)
    watching = strategy.unfreeze == "plateau" or any(phase.patience is not None for phase in strategy.phases)
    if watching and not strategy.held_back:
        yield "held_back", "must be above 0: patience watches labels that are held back"
    if strategy.held_back and not watching:
        yield "held_back", "takes labels from training that nothing watches; set a patience"


def _contradictory_head(strategy: Strategy) -> Iterator[tuple[str, str]]:
    if strategy.start != "pretrained":
        yield "head", f"has no effect: start is {strategy.start}, and the source's head needs the pretrained body"
    if strategy.layers is not None:
        yield "head", f"is the source's, which needs the whole body; layers is {strategy.layers}"
    if strategy.phases:
        return
    for name in ("unfreeze", "held_back"):
        if getattr(strategy, name):
            yield name, "has no effect beside head = source without phases: nothing is trained"


def _contradictory_phases(strategy: Strategy) -> Iterator[tuple[str, str]]:
    phases = strategy.phases
    if not phases:
        yield "phases", "must hold at least one phase"
    total = math.fsum(phase.share for phase in phases)
    if not math.isclose(total, 1, abs_tol=1e-6):
        yield "phases", f"the shares add up to {total:g}; they must add up to 1"
    for place, phase in enumerate(phases):
        if strategy.cut and phase.frozen > (strategy.layers or 0):
            yield (
                f"phases[{place}].frozen",
                f"is {phase.frozen}; with cut, the network has the {strategy.layers} hidden layers that layers says",
            )


def _contradictory_unfreezing(strategy: Strategy) -> Iterator[tuple[str, str]]:
    phases = strategy.phases
    if strategy.unfreeze is None or not phases:
        return
    if len(phases) > 1:
        yield "unfreeze", f"repeats one phase for every layer; there are {len(phases)} phases"
    if phases[0].frozen:
        yield "phases[0].frozen", "has no effect beside unfreeze: layers are unfrozen one after the other"
    if phases[0].body_rests:
        yield "unfreeze", "has no effect beside body = 0: the body does not move"
    if not phases[0].head:
        yield "unfreeze", "begins with the head alone, and beside head = 0 nothing would move"
