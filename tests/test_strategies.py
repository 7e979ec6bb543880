from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

import fastmlp
from fastmlp.errors import InvalidInput, LabelError, UnknownName
from fastmlp.strategies import SMALLER, STRATEGIES, Phase, Strategy, fit_baseline, share_out, starting_network, transfer

from .conftest import SeededRng

SOURCE = fastmlp.init_mlp((4, 6, 5, 2), rng=11)
NETWORKS = [name for name, strategy in STRATEGIES.items() if strategy.start is not None]


def target(rng: SeededRng) -> tuple[Any, Any]:
    y = rng.labels(40, 10)
    return rng.normal(40, 4) + np.eye(10, 4)[y], y


def moved(fit: fastmlp.Fit, start: fastmlp.Network) -> list[bool]:
    return [not np.array_equal(a, b) for a, b in zip(fit.network.weights, start.weights, strict=True)]


def test_the_head_is_new_and_the_same_for_every_strategy() -> None:
    starts = [starting_network(SOURCE, STRATEGIES[name], 10, 3) for name in NETWORKS]
    for start in starts:
        assert start.sizes == (4, 6, 5, 10)
        assert_array_equal(start.weights[-1], starts[0].weights[-1])


def test_pretrained_starts_copy_the_body_and_random_ones_share_a_draw() -> None:
    starts = {name: starting_network(SOURCE, STRATEGIES[name], 10, 3) for name in NETWORKS}
    for name, start in starts.items():
        expected = SOURCE if STRATEGIES[name].start == "pretrained" else starts["scratch"]
        assert_array_equal(start.theta[: start.layout.start(2)], expected.theta[: start.layout.start(2)])


@pytest.mark.parametrize("name", NETWORKS)
def test_every_strategy_runs_leaves_its_source_alone_and_repeats_itself(
    name: str, backend: str, rng: SeededRng
) -> None:
    before = SOURCE.theta.copy()
    x, y = target(rng)
    fits = [transfer(SOURCE, x, y, strategy=name, n_classes=10, rng=3, epochs=3, backend=backend) for _ in range(2)]
    assert_array_equal(SOURCE.theta, before)
    assert_array_equal(fits[0].network.theta, fits[1].network.theta)
    assert fits[0].frozen_before == fits[0].frozen_after


def test_frozen_trains_the_head_and_keeps_the_bytes_of_the_body(backend: str, rng: SeededRng) -> None:
    fit = transfer(SOURCE, *target(rng), strategy="frozen", n_classes=10, epochs=3, backend=backend)
    body = slice(0, SOURCE.layout.start(2))
    assert fit.network.theta[body].tobytes() == SOURCE.theta[body].tobytes()
    assert fit.frozen_before == fit.frozen_after is not None
    assert fit.parameters_trained == 5 * 10 + 10


def test_finetune_moves_every_layer(backend: str, rng: SeededRng) -> None:
    start = starting_network(SOURCE, STRATEGIES["finetune"], 10, 3)
    fit = transfer(SOURCE, *target(rng), strategy="finetune", n_classes=10, rng=3, epochs=3, backend=backend)
    assert moved(fit, start) == [True, True, True]
    assert fit.frozen_before is None


def test_one_phase_at_full_multipliers_and_finetunes_rate_is_finetune_bit_for_bit(backend: str, rng: SeededRng) -> None:
    x, y = target(rng)
    options: dict[str, Any] = {"n_classes": 10, "rng": 3, "epochs": 3, "backend": backend}
    plain = Strategy("pretrained", (Phase(),))
    assert_array_equal(
        transfer(SOURCE, x, y, strategy="finetune", lr=0.05, **options).network.theta,
        transfer(SOURCE, x, y, strategy=plain, lr=0.05 * SMALLER, **options).network.theta,
    )


def test_scratch_is_training_a_random_network(backend: str, rng: SeededRng) -> None:
    x, y = target(rng)
    order = fastmlp.training.draw_order(3, len(x), 5)
    start = fastmlp.init_mlp((4, 6, 5, 10), rng=3)
    plain = fastmlp.train_mlp(start, x, y, epochs=3, lr=0.05, order=order, backend=backend)
    scratch = transfer(SOURCE, x, y, strategy="scratch", n_classes=10, rng=3, epochs=3, order=order, backend=backend)
    assert_array_equal(scratch.network.theta, plain.network.theta)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(1, 200))
def test_epochs_of_the_phases_add_up(parts: list[int], epochs: int) -> None:
    phases = tuple(Phase(share=part / sum(parts)) for part in parts)
    shares = share_out(Strategy("random", phases), epochs)
    assert sum(shares) == epochs
    assert min(shares) >= 0
    assert all(abs(share - epochs * phase.share) <= 1 for share, phase in zip(shares, phases, strict=True))


def test_strategies_that_know_the_source_are_those_that_use_its_network_or_its_scaler() -> None:
    ignorant = {name for name, strategy in STRATEGIES.items() if not strategy.knows_source}
    assert ignorant == {"baseline", "scratch"}


def test_the_table_cannot_be_changed_by_accident() -> None:
    with pytest.raises(TypeError):
        STRATEGIES["mine"] = Strategy(None)  # type: ignore[index]


def test_what_transfer_refuses_holds_the_values(rng: SeededRng) -> None:
    x, y = target(rng)
    with pytest.raises(UnknownName, match="unknown strategy 'finetun'; did you mean 'finetune'"):
        transfer(SOURCE, x, y, strategy="finetun", n_classes=10)
    with pytest.raises(InvalidInput, match="trains no network"):
        transfer(SOURCE, x, y, strategy="baseline", n_classes=10)
    with pytest.raises(InvalidInput, match="n_classes is 0"):
        transfer(SOURCE, x, y, n_classes=0)
    with pytest.raises(LabelError, match="y goes from 0 to 9; the network has classes 0 to 4"):
        transfer(SOURCE, x, y, n_classes=5)
    with pytest.raises(LabelError, match="5 examples for 10 classes"):
        transfer(SOURCE, x[:5], np.arange(5), n_classes=10)


def test_the_baseline_is_logistic_regression(rng: SeededRng) -> None:
    x, y = target(rng)
    model = fit_baseline(x, y)
    assert model.score(x, y) > 0.3  # three times chance
    assert model.predict_proba(x).shape == (40, 10)
