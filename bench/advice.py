"""python -m bench.advice [--seeds N] [--json FILE]: what it is worth to follow `fastmlp.advise`.

On many tasks a network is pretrained and `advise` asked about a few labels, on several draws of them. Then every
strategy that it has compared is trained on all of these labels and scored on examples that nobody has seen. The book's
chapter on decisions shows ``advice.json`` if it is beside the report.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.base import clone

import fastmlp
from fastmlp.datasets import is_kept, read
from fastmlp.errors import LabelError, TrainingDiverged
from fastmlp.estimators.selector import CONTESTANTS
from fastmlp.problems import Problem, Task, get_problem
from fastmlp.problems.collected import every_other
from fastmlp.problems.digits import digits

from .environment import circumstances

HERE = Path(__file__).parent
SIZES = (40, 160)  # labels: as many as there are, where there are fewer
SEEDS = 5
INNERMOST = r"\[[^\[\]{}]*\]"  # lists without others in them
HIDDEN, EPOCHS, RATE = 64, 30, 0.05  # of the pretraining, as in the lab

Json = dict[str, Any]
Make = Callable[[int], Problem]


def _built_in(name: str) -> Make:
    return partial(get_problem, name)


def _of_digits(labels: Callable[[Any], Any], _: int) -> Problem:
    """Another question about the ten digits, on which the source was trained; other examples of them."""
    ten, asked = digits(), labels(digits().y).astype(np.int64)
    return Problem("asked", ten, Task("digits, asked otherwise", ten.X, asked))


def _even_to_odd(_: int) -> Problem:
    ten = digits()
    even, odd = (Task(f"digits {first}", *every_other(ten.X, ten.y, first)) for first in (0, 1))
    sizes = replace(get_problem("halves").sizes)
    return Problem("even to odd", even, odd, sizes, shared=False)


def _turned(name: str, seed: int) -> Problem:
    """A built-in problem whose source and target have changed places."""
    known = get_problem(name, seed)
    return Problem(f"{name}, turned", known.target, known.source, known.sizes, shared=known.shared)


def _newsgroups_turned(_: int) -> Problem:
    data = read("newsgroups")
    odd, even = (
        Task(f"newsgroups {first}", *every_other(data.X.astype(np.float64), data.y, first)) for first in (1, 0)
    )
    return Problem("newsgroups, turned", odd, even, get_problem("newsgroups").sizes, shared=False)


BUILT_IN = (
    *("same", "parity", "high-low", "inverted", "blocks", "rotated-30", "rotated-90", "noisy-1", "permuted", "halves"),
    *("teacher-0", "teacher-0.5", "teacher-0.9", "breast-cancer", "wine"),
)
TASKS: Mapping[str, Make] = {
    **{name: _built_in(name) for name in BUILT_IN},
    "ten digits to parity": partial(_of_digits, lambda y: y % 2),
    "ten digits to high or low": partial(_of_digits, lambda y: y // 5),
    "ten digits to loops": partial(_of_digits, lambda y: np.isin(y, [0, 6, 8, 9])),
    "ten digits to their rest by three": partial(_of_digits, lambda y: y % 3),
    "even to odd digits": _even_to_odd,
    "breast-cancer, turned": partial(_turned, "breast-cancer"),
}
# Of data that a machine may have
OPTIONAL: Mapping[str, tuple[tuple[str, ...], Make]] = {
    **{name: (("mnist",), _built_in(name)) for name in ("mnist", "mnist-naive")},
    "fashion": (("mnist", "fashion"), _built_in("fashion")),
    "fashion-halves": (("fashion",), _built_in("fashion-halves")),
    "newsgroups": (("newsgroups",), _built_in("newsgroups")),
    "newsgroups, turned": (("newsgroups",), _newsgroups_turned),
}


def tasks_here() -> dict[str, Make]:
    """Return the tasks whose data this machine has."""
    found = {name: make for name, (data, make) in OPTIONAL.items() if all(map(is_kept, data))}
    return {**TASKS, **found}


def measure(
    make: Make, sizes: tuple[int, ...], seeds: int, strategies: tuple[str, ...], repeats: int = 4, **training: Any
) -> Iterator[tuple[int, Json]]:
    """Generate, for each number of labels, the accuracy of each strategy and what is advised, seed by seed.

    Parameters
    ----------
    make
        From a seed to a problem.
    repeats
        As in `fastmlp.advise`.
    training
        Parameters of `TransferClassifier` that are not as they are by default.
    """
    most = make(0).sizes.pool
    for n in dict.fromkeys(min(size, most) for size in sizes):
        cell: Json = {"accuracy": {name: [] for name in strategies}, "advised": [], "seconds": []}
        for seed in range(seeds):
            measure_seed(make(seed), n, seed, cell, repeats, training)
        yield n, cell


def measure_seed(problem: Problem, n: int, seed: int, cell: Json, repeats: int, training: Mapping[str, Any]) -> None:
    """Ask for advice about n labels of a problem, and add what comes of it and of each strategy to a cell."""
    split, target = problem.split(seed), problem.target
    base = pretrained(problem, seed).set_params(**training)
    rows, asked = split.subset(n), split.heldout
    X, y = target.X[rows], target.y[rows]
    start = perf_counter()
    names = list(cell["accuracy"])
    advised = None  # where it is refused: a class has one label, or what was chosen diverged on all of them
    with suppress(LabelError, TrainingDiverged):
        advice = fastmlp.advise(None, X, y, strategies=names, estimator=base, repeats=repeats, random_state=seed)
        advised = advice.best
    cell["seconds"].append(round(perf_counter() - start, 2))
    cell["advised"].append(advised)
    for name, found in cell["accuracy"].items():
        found.append(None)
        with suppress(TrainingDiverged):
            model = clone(base).set_params(strategy=name, random_state=seed).fit(X, y)
            found[-1] = round(float(model.score(target.X[asked], target.y[asked])), 6)


def pretrained(problem: Problem, seed: int) -> fastmlp.TransferClassifier:
    """Train a network on the source, and return the classifier that starts from it."""
    rows, task = problem.split(seed).source, problem.source
    scaler = task.scaler(rows)
    net = fastmlp.init_mlp((task.X.shape[1], HIDDEN, task.n_classes), rng=seed)
    X = scaler.transform(task.X[rows], "float32")
    fit = fastmlp.train_mlp(net, X, task.y[rows], epochs=EPOCHS, lr=RATE, momentum=0.9, rng=seed)
    one_unit = problem.target.one_unit
    return fastmlp.TransferClassifier(fit.network, source_scaler=(scaler.mean, scaler.scale), one_unit=one_unit)


def main() -> None:
    """Measure all tasks, and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="draws of the labels of each task")
    parser.add_argument("--json", type=Path, default=HERE / "advice.json", help="where to write it")
    given = parser.parse_args()
    warnings.filterwarnings("ignore", message="class .* has .* labels")  # and so fewer folds
    warnings.filterwarnings("ignore", message="lbfgs failed to converge")
    found = {
        **circumstances("fastmlp", "numpy", "scikit-learn"), "seeds": given.seeds, "strategies": list(CONTESTANTS)
    }  # fmt: skip
    cells = begun(given.json, found)
    done = {cell["task"] for cell in cells}
    for name, make in tasks_here().items():
        if name in done:
            continue
        for n, cell in measure(make, SIZES, given.seeds, CONTESTANTS):
            cells.append({"task": name, "n": n, **cell})
            advised = ", ".join(map(str, cell["advised"]))
            sys.stderr.write(f"{name}, {n} labels: {advised}; {sum(cell['seconds']):.1f} s\n")
        text = json.dumps({**found, "cells": cells}, indent=1)
        on_one_line = re.sub(INNERMOST, lambda found: " ".join(found[0].split()), text)
        given.json.write_text(f"{on_one_line}\n", encoding="utf-8")


def begun(file: Path, found: Json) -> list[Json]:
    """Return the cells that a run which was stopped has written, if the circumstances are the same."""
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    same = all(known.get(name) == value for name, value in found.items() if name != "date")
    return list(known["cells"]) if same else []


if __name__ == "__main__":
    main()
