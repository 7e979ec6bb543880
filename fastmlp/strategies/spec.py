"""Strategies as data: where a training starts, and phases of multipliers for its learning rate."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..errors import FieldError
from .validation import FIELDS, Words, check_fields

if TYPE_CHECKING:
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
        Multiplier for the biases of the body, if it is another than for its weights.
    frozen
        How many layers, from the inputs up, do not move whatever the multipliers say.
    divisor
        Each layer has the rate of the one above it divided by this.
    pull
        Strength of the pull of the body towards the start of the training.
    rank
        If above 0, weights of the body move within this rank only, and its biases not at all.
    share
        Share of the training's epochs; the shares of a strategy add up to 1.
    patience
        Ends the phase when the loss on held-back labels has not improved for so many epochs; what is left of its
        epochs goes to the phases after it.

    Raises
    ------
    FieldError
        If a field is none that `validation.FIELDS` allows, or contradicts another.
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
        if self.rank and self.pull:
            raise FieldError("Phase", "pull", "has no effect beside a rank")

    def multipliers(self, n_layers: int) -> NDArray[np.float64]:
        """Multiplier of each weight matrix and each bias, (n_layers, 2)."""
        body = self.body, self.body if self.biases is None else self.biases
        table = np.array([*[body] * (n_layers - 1), (self.head, self.head)], dtype=np.float64)
        if self.divisor != 1:
            table /= self.divisor ** np.arange(n_layers)[::-1, None]  # the head is divided by 1
        table[: self.frozen] = 0
        return table

    def pulls(self, n_layers: int) -> NDArray[np.float64]:
        """Pull of each weight matrix and each bias, (n_layers, 2); the head is new and has nowhere to be pulled to."""
        table = np.full((n_layers, 2), float(self.pull))
        table[-1] = 0
        return table


@dataclass(frozen=True)
class Strategy:
    """Where a training starts, the phases it goes through, and the scaler it sees the inputs through.

    Parameters
    ----------
    start
        ``pretrained`` copies the body of the pretrained network; ``random`` draws it anew; ``meanvar`` draws it with
        the mean and variance of the pretrained weights; None trains no network: the strategy is a baseline, logistic
        regression on the inputs.
    phases
        One after the other.
    layers
        How many layers, from the inputs up, are copied; all of the body unless said. Those above are drawn anew.
    cut
        Whether the layers above are left out instead, so that the head stands on the features of the last one copied.
    unfreeze
        ``schedule`` repeats the phase for each layer, from the head down: one more layer moves in each. ``plateau``
        does so whenever the loss on held-back labels stalls.
    held_back
        Share of the labelled examples that are not trained on but watched.
    scaler
        ``source``: fitted on the source pool, which is what a pretrained network expects; ``target``: fitted on the
        n_target examples alone.

    Raises
    ------
    FieldError
        If a field is none that `validation.FIELDS` allows, or contradicts another.
    """

    start: Literal["pretrained", "random", "meanvar"] | None
    phases: tuple[Phase, ...] = ()
    layers: int | None = None
    cut: bool = False
    unfreeze: Literal["schedule", "plateau"] | None = None
    held_back: float = 0.0
    scaler: Literal["source", "target"] = "source"

    def __post_init__(self) -> None:
        check_fields(self)
        phases: object = self.phases
        if not isinstance(phases, tuple) or not all(isinstance(phase, Phase) for phase in phases):
            raise FieldError("Strategy", "phases", f"must be a tuple of phases, not {phases!r}")
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

    def phases_for(self, n_layers: int) -> tuple[Phase, ...]:
        """Phases for a network of so many layers."""
        return self.phases if self.unfreeze is None else _unfrozen(self.phases[0], self.unfreeze, n_layers)


@lru_cache  # each is checked when it is made; once will do
def _unfrozen(phase: Phase, when: Literal["schedule", "plateau"], n_layers: int) -> tuple[Phase, ...]:
    """A phase for each layer, from the head down, in which one more layer moves."""
    layers = reversed(range(n_layers))
    if when == "schedule":
        return tuple(replace(phase, frozen=k, share=1 / n_layers) for k in layers)
    patience = phase.patience or PATIENCE
    return tuple(replace(phase, frozen=k, patience=patience if k else None) for k in layers)


def _contradictions(strategy: Strategy) -> Iterator[tuple[str, str]]:
    """Fields that have no effect, or cannot have the one they promise: the path of each and what is wrong."""
    if strategy.start is None:
        for field in fields(strategy):
            if field.name not in {"start", "scaler"} and getattr(strategy, field.name) != field.default:
                yield field.name, "has no effect: without a start, no network is trained"
        return
    if strategy.cut and strategy.layers is None:
        yield "cut", "has no effect where no number of layers is said"
    if strategy.start == "random" and strategy.layers is not None and not strategy.cut:
        yield "layers", "has no effect: from a random start none are copied"
    yield from _contradictory_phases(strategy)
    watching = strategy.unfreeze == "plateau" or any(phase.patience is not None for phase in strategy.phases)
    if watching and not strategy.held_back:
        yield "held_back", "must be above 0: patience watches labels that are held back"
    if strategy.held_back and not watching:
        yield "held_back", "takes labels from training that nothing watches; set a patience"


def _contradictory_phases(strategy: Strategy) -> Iterator[tuple[str, str]]:
    phases = strategy.phases
    if not phases:
        yield "phases", "must hold at least one phase"
    total = math.fsum(phase.share for phase in phases)
    if not math.isclose(total, 1, abs_tol=1e-6):
        yield "phases", f"the shares add up to {total:g}; they must add up to 1"
    if strategy.unfreeze is not None and len(phases) > 1:
        yield "unfreeze", f"repeats one phase for every layer; there are {len(phases)} phases"
    if strategy.unfreeze is not None and phases[0].frozen:
        yield "phases[0].frozen", "has no effect: layers are unfrozen one after the other"


def read_strategy(table: Mapping[str, Any]) -> Strategy:
    """Return the strategy that a table describes: the fields of `Strategy`, and of `Phase` for each of its phases.

    Raises
    ------
    FieldError
        At the first field that is refused, with its path in the table.

    Examples
    --------
    >>> read_strategy({"start": "random", "phases": [{"body": 0}]}).phases[0].body
    0.0
    """
    _check_names(table, Strategy, "")
    if table.get("start") is None:  # which would be the baseline, and that there is
        match FIELDS["start"]:
            case Words(known):
                raise FieldError("Strategy", "start", f"is needed; known: {', '.join(known)}")
    phases = table.get("phases", ())
    if not isinstance(phases, list | tuple):
        raise FieldError("Strategy", "phases", f"must be a list, not {phases!r}")
    read = tuple(_read_phase(phase, f"phases[{place}]") for place, phase in enumerate(phases))
    return Strategy(**{**table, "phases": read})


def _read_phase(table: object, path: str) -> Phase:
    if not isinstance(table, Mapping):
        raise FieldError("Strategy", path, f"must be a table, not {table!r}")
    _check_names(table, Phase, f"{path}.")
    try:
        return Phase(**table)
    except FieldError as error:
        raise FieldError("Strategy", f"{path}.{error.path}", error.message) from error


def _check_names(table: Mapping[str, Any], kind: type[Strategy | Phase], prefix: str) -> None:
    """Refuse a name that is no field's, with the nearest that is."""
    known = [field.name for field in fields(kind)]
    for name in table:
        if name not in known:
            near = get_close_matches(str(name), known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
            raise FieldError("Strategy", f"{prefix}{name}", f"there is no such setting; {hint}")
