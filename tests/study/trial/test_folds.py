"""Cross-validation: nothing of the fold that a seed leaves out reaches what is trained, whatever is in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fastmlp.problems import Problem, Sizes, Task, sizes_of_folds
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


def in_groups(rng: SeededRng, folds: int) -> Problem:
    """Pairs and triples of examples that belong together; with a held-out set if there are no folds."""
    y, groups = np.arange(90) % 3, np.repeat(np.arange(36), [2, 3] * 18)
    source, target = (Task(name, rng.normal(90, 3) + np.eye(3)[y], y) for name in ("s", "t"))
    target = replace(target, groups=rng.generator.permutation(groups))
    sizes = sizes_of_folds(target, folds) if folds else Sizes(20, 40, 9)
    return Problem("mine", source, target, sizes, shared=False, folds=folds)


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
@pytest.mark.parametrize("kind", ["folds", "folds of groups", "a held-out set of groups"])
def test_what_is_left_out_changes_nothing_that_is_trained(rng: SeededRng, strategy: str, kind: str) -> None:
    problem = problem_of(rng) if kind == "folds" else in_groups(rng, 5 if kind == "folds of groups" else 0)
    for seed in (0, 7):
        left_out = problem.split(seed).heldout
        X = problem.target.X.copy()
        X[left_out] = 1e6 * (1 + rng.normal(len(left_out), 3))
        changed = replace(problem, target=replace(problem.target, X=X))
        assert trained(changed, strategy, seed) == trained(problem, strategy, seed)
        X[problem.split(seed).pool[0]] += 1  # the comparison would see it
        changed = replace(problem, target=replace(problem.target, X=X))
        assert trained(changed, strategy, seed) != trained(problem, strategy, seed)


@pytest.mark.parametrize("folds", [0, 4])
def test_no_group_is_on_both_sides_of_what_is_held_out(rng: SeededRng, folds: int) -> None:
    problem = in_groups(rng, folds)
    groups = problem.target.groups
    assert groups is not None
    for seed in range(9):
        split = problem.split(seed)
        assert not set(groups[split.heldout]) & set(groups[[*split.pool, *split.probe]])
        assert (len(split.pool), len(split.probe)) == (problem.sizes.pool, problem.sizes.probe)
        assert len(split.heldout) <= (90 - problem.sizes.pool - problem.sizes.probe if folds else 20 + 3)
    shared = replace(problem, source=problem.target, shared=True)
    if not folds:
        split = shared.split(0)
        assert not set(groups[split.heldout]) & set(groups[split.source])


def test_trials_depend_on_the_folds(rng: SeededRng) -> None:
    problem = problem_of(rng)
    others = [problem, replace(problem, folds=6), replace(problem, folds=0)]
    assert len({str(dependencies(one, 0, SETTINGS, HERE)) for one in others}) == 3
