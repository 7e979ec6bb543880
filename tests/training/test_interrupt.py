from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastmlp
from fastmlp import TrainingInterrupted, train_mlp
from fastmlp.training import pieces
from fastmlp.training.interrupt import Onlooker

from ..conftest import SeededRng

EPOCHS, BATCH = 6, 5  # of 20 examples: four updates an epoch


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], list[int]]:
    """Interrupt after some calls of the backend, each of so many updates; return the epochs that are told of."""

    def prepare(calls: int, updates: int) -> list[int]:
        monkeypatch.setattr(pieces, "STEPS_PER_CALL", updates)
        monkeypatch.setattr(pieces, "SECONDS_PER_CALL", 1e-12 if updates == 1 else 1e3)
        told: list[int] = []
        real = Onlooker.see

        def see(onlooker: Onlooker, epoch: int, *, goes_on: bool) -> None:
            real(onlooker, epoch, goes_on=goes_on)
            told.append(onlooker.before + epoch)
            if len(told) == calls:
                signal.raise_signal(signal.SIGINT)

        monkeypatch.setattr(Onlooker, "see", see)
        return told

    return prepare


@pytest.mark.parametrize(("calls", "updates", "whole"), [(1, 1, 0), (4, 1, 1), (9, 1, 2), (11, 1, 2), (1, 9, 2)])
def test_the_network_of_the_last_whole_epoch_is_kept(
    rng: SeededRng, backend: str, interrupted: Any, calls: int, updates: int, whole: int
) -> None:
    X, y, net = rng.normal(20, 4), rng.labels(20, 3), fastmlp.init_mlp((4, 6, 3), rng=0, dtype="float64")
    order = np.stack([rng.generator.permutation(20) for _ in range(EPOCHS)])
    options: dict[str, Any] = {"batch_size": BATCH, "momentum": 0.9, "backend": backend}
    expected = train_mlp(net, X, y, order=order[:whole], epochs=whole, **options).network if whole else net
    told = interrupted(calls, updates)
    with pytest.raises(TrainingInterrupted, match=rf"interrupted after {whole} of 6 epochs; .* is kept") as stopped:
        train_mlp(net, X, y, order=order, epochs=EPOCHS, **options)
    fit = stopped.value.fit
    np.testing.assert_array_equal(fit.network.theta, expected.theta)
    assert (len(fit.losses), fit.steps, fit.diverged) == (whole, 4 * whole, False)
    assert np.isfinite(fit.losses).all()
    assert told[-1] == (calls // 4 if updates == 1 else 2)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_ends_all_phases(rng: SeededRng, interrupted: Any) -> None:
    X, y, net = rng.normal(20, 4), rng.labels(20, 3), fastmlp.init_mlp((4, 6, 3), rng=0)
    told = interrupted(14, 1)
    with pytest.raises(TrainingInterrupted) as stopped:
        fastmlp.transfer(net, X, y, strategy="lp-ft", n_classes=3, epochs=10, batch_size=BATCH, backend="numpy")
    assert len(stopped.value.fit.losses) == 3
    assert told[-1] == 3


def test_a_comparison_ends_too(rng: SeededRng, interrupted: Any) -> None:
    interrupted(3, 100)  # each training is one call, so nobody but Python hears
    with pytest.raises(KeyboardInterrupt):
        fastmlp.advise(
            None, rng.normal(40, 4), rng.labels(40, 2), strategies=["scratch"], cv=2, repeats=2,
            estimator=fastmlp.TransferClassifier(epochs=3, backend="numpy", hidden_layer_sizes=(4,)),
        )  # fmt: skip


def test_signals_that_others_handle_are_left_to_them(rng: SeededRng, interrupted: Any) -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    try:
        interrupted(1, 1)
        fit = train_mlp(fastmlp.init_mlp((4, 3), rng=0), rng.normal(9, 4), rng.labels(9, 3), epochs=2, backend="numpy")
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT]
    assert len(fit.losses) == 2
