"""What trials gained by the learning rate and the epochs that they chose, so that the declared ones are no accident.

Candidates lie around the declared setting, up to a factor away on either side. Each range is divided into thirds on a
logarithmic scale, so the settings that were chosen are put into nine fields of a map, with the declared one in the
middle. What stands in a field is what trials gained over themselves with the declared setting.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import compress
from typing import Literal, NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

from ....stats import mean_interval
from ...grid import BASELINE, Row, firsts, number, trial_of
from ...measures import Mean, mean_of
from ...study import Study

__all__ = ["Field", "Neighbourhood", "neighbourhood"]

RATES, EPOCHS = 3.0, 2.0  # how far tuning goes from what is declared: `study.trial.tuning`, `study.settings.schema`

Region = Literal["lower", "near", "higher", "as declared"]
Place = tuple[Region, Region, bool]  # of a rate, of epochs, and whether the penalty was chosen too
REGIONS: tuple[Region, ...] = ("lower", "near", "higher")
KEPT: tuple[Place, ...] = tuple(("as declared", "as declared", penalty) for penalty in (False, True))
PLACES: tuple[Place, ...] = (*KEPT, *((a, b, True) for a in REGIONS for b in REGIONS))


class Field(TypedDict):
    """Trials that chose a rate and epochs in this place: the share of a strategy's trials, and their gain in accuracy.

    Both are in the order of `Neighbourhood.strategies`. A gain is the mean over seeds. *As declared* are two fields,
    with the study's penalty and with another.
    """

    rate: Region
    epochs: Region
    penalty: bool
    chosen: list[float]
    gains: list[Mean]


class Neighbourhood(TypedDict):
    """The map for a few strategies, on problems that are no controls, each distinct trial once.

    `kept` and `moved` are the gains of trials that kept rate and epochs, and of those that chose others.
    """

    strategies: list[str]
    rate: float
    epochs: int
    fields: list[Field]
    kept: list[Mean]
    moved: list[Mean]


class Declared(NamedTuple):
    """What the study declares."""

    rate: float
    epochs: int
    decay: float


class _Trials(NamedTuple):
    """Of each trial the number of its place in `PLACES`, its seed and its gain, each (trials,)."""

    place: NDArray[np.int8]
    seed: NDArray[np.int64]
    gain: NDArray[np.float64]

    def at(self, places: Sequence[int]) -> _Trials:
        """Return the trials at some places."""
        there = np.isin(self.place, places)
        return _Trials(self.place[there], self.seed[there], self.gain[there])


def neighbourhood(study: Study) -> Neighbourhood | None:
    """Return the map; None where no strategy of the few has tuned trials."""
    training = study.settings["training"]
    declared = Declared(float(training["lr"]), int(training["epochs"]), float(training["weight_decay"]))
    found = {s: _trials(study, s, declared) for s in study.few if s != BASELINE}
    found = {s: trials for s, trials in found.items() if len(trials.gain)}
    if not found:
        return None
    places = range(len(PLACES))
    return {
        "strategies": list(found),
        "rate": declared.rate,
        "epochs": declared.epochs,
        "fields": [_field(place, list(found.values())) for place in places],
        "kept": [_gain(trials.at(places[: len(KEPT)])) for trials in found.values()],
        "moved": [_gain(trials.at(places[len(KEPT) :])) for trials in found.values()],
    }


def _trials(study: Study, strategy: str, declared: Declared) -> _Trials:
    rows = [
        row
        for p in study.subjects
        for n in study.grid.sizes_of[p]
        for row in study.grid.ok(p, strategy, n).values()
        if row.get("tuning")
    ]
    distinct = compress(rows, firsts(map(trial_of, rows), len(rows)))
    made = [trial for row in distinct if (trial := _trial(row, declared)) is not None]
    place, seed, gain = zip(*made, strict=True) if made else ((), (), ())
    return _Trials(np.array(place, np.int8), np.array(seed, np.int64), np.array(gain, np.float64))


def _trial(row: Row, declared: Declared) -> tuple[int, int, float] | None:
    """Return the number of a trial's place, its seed and its gain; None where one of its numbers is missing."""
    columns = ("tuned_lr", "tuned_epochs", "tuned_weight_decay", "accuracy", "declared_accuracy")
    rate, epochs, decay, reached, before = (number(row, column) for column in columns)
    if rate is None or epochs is None or reached is None or before is None:
        return None
    place: Place = "as declared", "as declared", decay != declared.decay
    if not (math.isclose(rate, declared.rate) and epochs == declared.epochs):
        place = _third(rate / declared.rate, RATES), _third(epochs / declared.epochs, EPOCHS), True
    return PLACES.index(place), row["seed"], reached - before


def _third(factor: float, most: float) -> Region:
    """Return in which third of the range from 1 / most to most a factor lies."""
    x = math.log(factor, most)
    return "lower" if x < -1 / 3 else "higher" if x > 1 / 3 else "near"


def _field(place: int, by_strategy: Sequence[_Trials]) -> Field:
    here = [trials.at([place]) for trials in by_strategy]
    rate, epochs, penalty = PLACES[place]
    return {
        "rate": rate,
        "epochs": epochs,
        "penalty": penalty,
        "chosen": [len(some.gain) / len(trials.gain) for some, trials in zip(here, by_strategy, strict=True)],
        "gains": [_gain(some) for some in here],
    }


def _gain(trials: _Trials) -> Mean:
    """Return the mean over seeds of the mean gain of a seed's trials, with its interval."""
    order = np.argsort(trials.seed, kind="stable")
    of_seeds = np.split(trials.gain[order], np.flatnonzero(np.diff(trials.seed[order])) + 1)
    return mean_of([mean_interval(gains).mean for gains in of_seeds])
