"""What trials of one seed share: draws that do not depend on who asks first, in memory that does not grow."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from fastmlp.problems import get_problem
from fastmlp.strategies import STRATEGIES
from fastmlp.study.settings.load import from_dict
from fastmlp.study.trial import seed_context
from fastmlp.study.trial.context import TrialContext
from fastmlp.study.trial.diagnostics import hidden_features
from fastmlp.study.trial.run import run_strategy
from fastmlp.study.trial.seed_context import SeedContext
from fastmlp.training import draw_order

from ...made_up_study import SMALL

SIZES, EPOCHS = (100, 120), 20
ASKED = st.lists(st.tuples(st.integers(1, 30), st.sampled_from([1, 2, 7, 20])), min_size=1, max_size=12)


@given(ASKED, st.sampled_from([0, 5000, 10**7]))
def test_an_order_is_the_same_whatever_was_asked_for_before(asked: list[tuple[int, int]], most: int) -> None:
    shared = SeedContext(from_dict(SMALL), "numpy", "digits", 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seed_context, "MOST_KEPT", most)
        for epochs, n in asked:
            assert_array_equal(shared.order(epochs, n), draw_order(epochs, n, shared.rng("order")))


def test_networks_to_start_from_are_those_of_who_asks() -> None:
    shared = SeedContext(from_dict(SMALL), "numpy", "digits", 3)
    context = TrialContext(get_problem("parity"), 3, shared.settings, "numpy")
    for name in ("finetune", "scratch", "finetune", "probe-1", "scratch"):
        net, strategy = context.source().network, STRATEGIES[name]
        alone = SeedContext(shared.settings, "numpy", "digits", 3)
        assert_array_equal(shared.start(strategy, net, 10).theta, alone.start(strategy, net, 10).theta)


@given(st.lists(st.tuples(st.integers(10, 40), st.booleans()), min_size=1, max_size=12), st.sampled_from([0, 10**7]))
def test_examples_are_those_of_who_asks(asked: list[tuple[int, bool]], most: int) -> None:
    target, shared = get_problem("parity").target, SeedContext(from_dict(SMALL), "numpy", "digits", 3)
    net, scalers = shared.draw(target), [target.scaler(np.arange(n)) for n in (50, 90)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seed_context, "MOST_KEPT", most)
        for n, which in asked:
            rows, scaler = np.arange(n), scalers[which]
            found = shared.examples(net, target, rows, scaler)
            assert_array_equal(found.x, scaler.transform(target.X[rows], net.dtype))
            assert_array_equal(found.y, target.y[rows])
            assert shared.examples(net, target, rows, scaler) is found


def held(root: object) -> int:
    """Return the bytes of all arrays that can be reached from an object, but not through modules and classes."""
    seen: set[int] = set()
    todo, total = [root], 0
    while todo:
        one = todo.pop()
        if id(one) in seen or isinstance(one, type | type(gc)) or callable(one):
            continue
        seen.add(id(one))
        if isinstance(one, np.ndarray):
            total += one.nbytes if one.base is None else 0
            todo.append(one.base)
        todo.extend(gc.get_referents(one))
    return total


def held_after_tuning(candidates: int, problem: str) -> int:
    more = {"tuning": {"trials": candidates, "folds": 2}, "measures": {"inside": True}, "training": {"epochs": EPOCHS}}
    settings = from_dict(SMALL | more)
    context = TrialContext(get_problem(problem), 0, settings, "numpy")
    for n_target in SIZES:
        run_strategy(context, STRATEGIES["finetune"], n_target)
    return held(context)


@pytest.mark.parametrize("problem", ["parity", "halves-self"])
def test_memory_held_after_tuning_does_not_grow_with_the_candidates(problem: str) -> None:
    few, many = (held_after_tuning(number, problem) for number in (3, 15))
    assert few > 100_000, "the walk reaches what is kept"
    longest = sum(n + n // 2 for n in SIZES) * 2 * EPOCHS * 8  # of each number of examples, and of its folds
    assert many - few <= longest


def test_what_is_kept_of_a_source_is_what_was_asked_for() -> None:
    context = TrialContext(get_problem("parity"), 0, from_dict(SMALL), "numpy")
    source = context.source()
    for rows in (context.split.heldout, context.split.pool, context.split.heldout):
        inputs = source.inputs(source.task.X[rows])
        alone = hidden_features(source.network, inputs, "numpy")
        for _ in range(2):
            assert_array_equal(source.features(inputs)[0], alone[0])
    assert_array_equal(source.held_out_inputs, source.inputs(source.task.X[context.split.source_heldout]))


def test_memory_held_does_not_grow_with_replicates() -> None:
    settings = from_dict(SMALL | {"measures": {"inside": True}})
    context = TrialContext(get_problem("parity"), 0, settings, "numpy")
    sizes = []
    for number in range(1, 13):
        for purpose in ("pretraining", "subset", "weights", "order"):
            run_strategy(context.replicate(purpose, number), STRATEGIES["finetune"], 20)
        sizes.append(held(context))
    assert sizes[-1] == sizes[len(sizes) // 2]
