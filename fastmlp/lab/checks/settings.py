"""What the experiments train with: `train_mlp` is listened to while they run."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import Any

import numpy as np

from ..student import Mistake, Student

Arguments = Mapping[str, Any]
SHARED: Arguments = MappingProxyType({"epochs": 60, "batch_size": 32, "lr": 0.05, "momentum": 0.9})
OF_ITS_OWN: Mapping[str, Arguments] = MappingProxyType({"pretrain": {"epochs": 30}, "finetune": {"lr": 0.02}})


def settings(experiment: str) -> dict[str, float]:
    """Return the arguments that an experiment hands to `train_mlp`."""
    return {**SHARED, **OF_ITS_OWN.get(experiment, {})}


@contextmanager
def listening(student: Student) -> Iterator[list[Arguments]]:
    """Note what `train_mlp` is called with in the block, if it is called at all."""
    calls: list[Arguments] = []
    heard: Any = student.namespace.get("train_mlp")
    if not callable(heard):  # the experiment will say so
        yield calls
        return

    def listen(*arguments: Any, **named: Any) -> Any:
        with suppress(TypeError, ValueError):
            calls.append(inspect.signature(heard).bind(*arguments, **named).arguments)
        return heard(*arguments, **named)

    with student.standing_in({"train_mlp": listen}):
        yield calls


def check_settings(experiment: str, calls: Sequence[Arguments]) -> None:
    """Check that an experiment trained with the numbers of the lab; in how many calls makes no difference."""
    for name, wanted in settings(experiment).items():
        given = [call[name] for call in calls if isinstance(call.get(name), int | float | np.number)]
        seen = sum(given) if name == "epochs" else next((value for value in given if value != wanted), wanted)
        if given and seen != wanted:
            raise Mistake("experiment_settings", name, seen, wanted, function=experiment)
