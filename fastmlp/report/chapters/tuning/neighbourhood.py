"""What trials gained by the learning rate and the epochs that they chose, so that the declared ones are no accident.

Candidates lie around the declared setting, up to a factor away on either side. Each range is divided into thirds on a
logarithmic scale, so the settings that were chosen are put into nine fields of a map, with the declared one in the
middle. What stands in a field is what trials gained over themselves with the declared setting.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypedDict

from ....stats import mean_interval
from ...grid import BASELINE, Row, number, trial_of
from ...measures import Mean, mean_of
from ...study import Study

__all__ = ["Field", "Neighbourhood", "neighbourhood"]

RATES, EPOCHS = 3.0, 2.0  # how far tuning goes from what is declared: `study.trial.tuning`, `study.settings.schema`

Region = Literal["lower", "near", "higher", "as declared"]
REGIONS: tuple[Region, ...] = ("lower", "near", "higher")


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


class _Trial(NamedTuple):
    place: tuple[Region, Region, bool]
    seed: int
    gain: float


def neighbourhood(study: Study) -> Neighbourhood | None:
    """Return the map; None where no strategy of the few has tuned trials."""
    training = study.settings["training"]
    declared = Declared(float(training["lr"]), int(training["epochs"]), float(training["weight_decay"]))
    found = {s: _trials(study, s, declared) for s in study.few if s != BASELINE}
    found = {s: trials for s, trials in found.items() if trials}
    if not found:
        return None
    places: list[tuple[Region, Region, bool]] = [("as declared", "as declared", penalty) for penalty in (False, True)]
    places += [(a, b, True) for a in REGIONS for b in REGIONS]
    return {
        "strategies": list(found),
        "rate": declared.rate,
        "epochs": declared.epochs,
        "fields": [_field(place, list(found.values())) for place in places],
        "kept": [_gain([t for t in trials if t.place[0] == "as declared"]) for trials in found.values()],
        "moved": [_gain([t for t in trials if t.place[0] != "as declared"]) for trials in found.values()],
    }


def _trials(study: Study, strategy: str, declared: Declared) -> list[_Trial]:
    rows = {
        trial_of(row): row
        for p in study.subjects
        for n in study.grid.sizes_of[p]
        for row in study.grid.ok(p, strategy, n).values()
        if row.get("tuning")
    }
    made = (_trial(row, declared) for row in rows.values())
    return [trial for trial in made if trial is not None]


def _trial(row: Row, declared: Declared) -> _Trial | None:
    columns = ("tuned_lr", "tuned_epochs", "tuned_weight_decay", "accuracy", "declared_accuracy")
    rate, epochs, decay, reached, before = (number(row, column) for column in columns)
    if rate is None or epochs is None or reached is None or before is None:
        return None
    if math.isclose(rate, declared.rate) and epochs == declared.epochs:
        return _Trial(("as declared", "as declared", decay != declared.decay), row["seed"], reached - before)
    place = _third(rate / declared.rate, RATES), _third(epochs / declared.epochs, EPOCHS)
    return _Trial((*place, True), row["seed"], reached - before)


def _third(factor: float, most: float) -> Region:
    """Return in which third of the range from 1 / most to most a factor lies."""
    x = math.log(factor, most)
    return "lower" if x < -1 / 3 else "higher" if x > 1 / 3 else "near"


def _field(place: tuple[Region, Region, bool], by_strategy: Sequence[Sequence[_Trial]]) -> Field:
    here = [[t for t in trials if t.place == place] for trials in by_strategy]
    return {
        "rate": place[0],
        "epochs": place[1],
        "penalty": place[2],
        "chosen": [len(some) / len(trials) for some, trials in zip(here, by_strategy, strict=True)],
        "gains": [_gain(some) for some in here],
    }


def _gain(trials: Sequence[_Trial]) -> Mean:
    """Return the mean over seeds of the mean gain of a seed's trials, with its interval."""
    seeds = sorted({t.seed for t in trials})
    return mean_of([mean_interval([t.gain for t in trials if t.seed == seed]).mean for seed in seeds])
