"""Cross-validation: nothing of the fold that a seed leaves out reaches what is trained, whatever is in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fastmlp.problems import Problem, Task, sizes_of_folds
from fastmlp.study.execution.blas_threads import blas_threads_limited
from fastmlp.study.plan import dependencies
from fastmlp.study.settings.load import load_settings
from fastmlp.study.trial.context import TrialContext
from fastmlp.study.trial.training import train, tune

from ...conftest import SeededRng
from ...made_up_study import SMALL
from ..test_plan import HERE

SETTINGS = load_settings(SMALL | {"tuning": {"trials": 2, "folds": 2}})


def problem_of(rng: SeededRng) -> Problem:
    y = np.arange(60) % 3
    source, target = (Task(name, rng.normal(60, 3) + np.eye(3)[y], y) for name in ("s", "t"))
    return Problem("mine", source, target, sizes_of_folds(target, 5), shared=False, folds=5)


def trained(problem: Problem, strategy: str, seed: int) -> tuple[Any, ...]:
    """All that a trial makes of its labels: the model, its scaler, and what tuning has chosen."""
    context, how = TrialContext(problem, seed, SETTINGS, "numpy"), SETTINGS.strategy(strategy)
    source, rows = context.source(), context.split.subset(problem.sizes.pool)
    with blas_threads_limited():
        candidate, _ = tune(context, how, source, rows)
        model = train(context, how, source, rows, candidate)
    made = model.logits(model.train_inputs) if model.fit is None else model.fit.network.theta
    return made.tobytes(), model.scaler.mean.tobytes(), model.scaler.scale.tobytes(), candidate


@pytest.mark.parametrize("strategy", ["baseline", "scratch", "finetune"])
def test_a_left_out_fold_changes_nothing_that_is_trained(rng: SeededRng, strategy: str) -> None:
    problem = problem_of(rng)
    for seed in (0, 7):
        left_out = problem.split(seed).heldout
        X, y = problem.target.X.copy(), problem.target.y.copy()
        X[left_out] = 1e6 * (1 + rng.normal(len(left_out), 3))
        changed = replace(problem, target=replace(problem.target, X=X))
        assert trained(changed, strategy, seed) == trained(problem, strategy, seed)
        X[problem.split(seed).pool[0]] += 1  # the comparison would see it
        assert trained(replace(problem, target=Task("t", X, y)), strategy, seed) != trained(problem, strategy, seed)


def test_trials_depend_on_the_folds(rng: SeededRng) -> None:
    problem = problem_of(rng)
    others = [problem, replace(problem, folds=6), replace(problem, folds=0)]
    assert len({str(dependencies(one, 0, SETTINGS, HERE)) for one in others}) == 3
