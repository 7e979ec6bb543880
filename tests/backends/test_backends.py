"""The compiled backend against the reference, number by number, after whole trainings.

Runs as it is, under NUMBA_DISABLE_JIT=1 (plain loops, interpreted) and under NUMBA_BOUNDSCHECK=1 (plain loops, every
access checked); the last test starts the two.
"""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from fastmlp.backends import reference
from fastmlp.registry import ACTIVATIONS, FLUSHED, LOSSES, OPTIMIZERS, TINY

from ..trainings import between_of, run, training, watched

compiled = pytest.importorskip("fastmlp.backends.compiled", reason="the compiled backend needs numba")
memory = pytest.importorskip("fastmlp.backends.kernels.memory")

FUNCTIONS = ("features", "forward", "loss_and_gradient", "train")
# Relative to the largest number of the array. The two backends add in different orders; training carries that on.
TOLERANCE = {"float64": 1e-10, "float32": 2e-4}
NETWORKS = [(5, 3), (5, 1), (17, 33, 10), (7, 20, 5, 18, 4), (16, 8, 1)]


def assert_close(actual: Any, expected: Any) -> None:
    tolerance = TOLERANCE[str(expected.dtype)] if expected.dtype == actual.dtype else 0
    assert_allclose(actual, expected, rtol=0, atol=tolerance * max(np.abs(expected).max(initial=0), 1e-3))


def assert_same_training(arguments: dict[str, Any]) -> None:
    (steps, ours), (expected_steps, expected) = run(compiled, arguments), run(reference, arguments)
    assert steps == expected_steps
    assert_close(ours["theta"], expected["theta"])
    assert_close(ours["state"], expected["state"])
    dtype = expected["theta"].dtype
    for name in {"losses", "penalties"} & ours.keys():
        assert_close(ours[name].astype(dtype), expected[name].astype(dtype))
    if "watch" in ours:
        assert_close(ours["watch"].best, expected["watch"].best)
        assert_array_equal(np.isnan(ours["watch"].losses), np.isnan(expected["watch"].losses))
        assert_close(*(np.nan_to_num(run["watch"].losses).astype(dtype) for run in (ours, expected)))
        assert ours["watch"].stopped == expected["watch"].stopped


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_have_the_reference_signatures(name: str) -> None:
    ours, theirs = inspect.signature(getattr(compiled, name)), inspect.signature(getattr(reference, name))
    assert ours == theirs


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", NETWORKS, ids=str)
def test_training_agrees(sizes: tuple[int, ...], activation: str, optimizer: str, dtype: str) -> None:
    assert_same_training(training(sizes, activation=activation, optimizer=optimizer, dtype=dtype))


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(
    "changes",
    [
        {"decays": 0.1},
        {"pulls": 0.5},
        {"pulls": 50.0, "decays": [0.1, 0.0]},
        {"rates": [[0.0, 0.0], [0.05, 0.02]]},
        {"rates": [[0.05, 0.01], [0.0, 0.0]]},
        {"rates": [0.0, 0.05]},
        {"momentum": 0.0},
        {"batch_size": 1, "n": 5, "last": 20},
        {"batch_size": 19},
        {"batch_size": 100, "last": 4},
        {"batch_size": 100, "last": 4, "weighted": True},
        {"weighted": True},
        {"weighted": True, "epochs": FLUSHED},
        {"weighted": True, "batch_size": 18, "decays": [0.1, 0.0], "pulls": [0.5, 0.0]},
    ],
    ids=str,
)
def test_training_agrees_with(changes: dict[str, Any], optimizer: str, dtype: str) -> None:
    assert_same_training(training((6, 21, 3), optimizer=optimizer, dtype=dtype, **changes))


@pytest.mark.parametrize("optimizer", OPTIMIZERS[:2])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", [(7, 20, 5, 18, 4), (6, 21, 1)], ids=str)
def test_training_through_norms_and_dropout_agrees(sizes: tuple[int, ...], activation: str, optimizer: str) -> None:
    changes: dict[str, Any] = {"has_weights": True, "penalties": np.zeros(4), "decays": 0.01, "pulls": 0.1}
    changes["between"] = between_of(len(sizes) - 1)  # in double precision only: code of its own is compiled
    arguments = training(sizes, activation=activation, optimizer=optimizer, **changes)
    assert_same_training(arguments)
    assert_same_training(watched(arguments, held_back=5))


LOSS_CHANGES: list[dict[str, Any]] = [
    {},
    {"has_weights": True},
    {"has_weights": True, "nesterov": True, "weighted": True},
    {"nesterov": True, "decays": 0.1, "pulls": 0.5},
    {"paces": np.array([1.0, 0.5, 0.25, 0.1]), "batch_size": 1, "n": 5, "last": 20},
    {"penalties": np.zeros(4), "decays": [0.1, 0.0], "has_weights": True},
    {"penalties": np.zeros(4), "decays": 0.1, "rates": [[0.0, 0.0], [0.05, 0.02]]},
]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("changes", LOSS_CHANGES, ids=str)
@pytest.mark.parametrize("outputs", [1, 3, 18])
@pytest.mark.parametrize("loss", LOSSES)
def test_training_agrees_for_each_loss(loss: str, outputs: int, changes: dict[str, Any], dtype: str) -> None:
    changes = {"optimizer": "sgd" if "nesterov" in changes else "adam"} | changes
    assert_same_training(training((6, 21, outputs), loss=loss, dtype=dtype, **changes))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("between", [None, between_of(5)], ids=["plain", "rescaled"])
def test_a_penalty_counts_nothing_that_lies_between_columns_and_panels(optimizer: str, between: Any) -> None:
    """Layers of 24 and 32 padded columns take turns with a buffer, so that one finds the gradients of the other."""
    sizes = (21, 33, 21, 39, 30, 15)
    changes: dict[str, Any] = {"penalties": np.zeros(4), "decays": 0.1, "between": between}
    assert_same_training(training(sizes, activation="logistic", optimizer=optimizer, **changes))


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    "options",
    [
        {"held_back": 5},
        {"held_back": 11, "patience": 2, "tolerance": 1e-3},
        {"patience": 1, "tolerance": 1.0},
        {"patience": 1, "tolerance": 0.3, "slowest": 0.01},
    ],
    ids=str,
)
def test_a_watched_training_agrees(options: dict[str, Any], loss: str, dtype: str) -> None:
    arguments = training(
        (6, 21, 3), loss=loss, dtype=dtype, n=29, epochs=12, has_weights=True, penalties=np.zeros(12), decays=0.01
    )
    assert_same_training(watched(arguments, **options))


def test_a_watched_training_in_two_calls_has_the_same_bits() -> None:
    arguments = watched(training((6, 21, 3), n=29, epochs=12), held_back=5, patience=2, slowest=0.1)
    _, whole = run(compiled, arguments)
    for cut in (1, 3, 17):
        _, half = run(compiled, arguments, last=cut)
        _, halves = run(compiled, half, first=cut, last=arguments["last"])
        assert_array_equal(halves["theta"], whole["theta"])
        assert_array_equal(halves["watch"].best, whole["watch"].best)
        assert_array_equal(halves["watch"].state, whole["watch"].state)


@st.composite
def trainings(draw: Any) -> dict[str, Any]:
    """Any small training: widths around the edges of vectors and tiles, and any mixture of rates."""
    width = st.sampled_from([1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 48])
    sizes = tuple(draw(st.lists(width, min_size=2, max_size=5)))
    rate = st.sampled_from([0.0, 0.01, 0.05])
    rates = draw(st.lists(st.lists(rate, min_size=2, max_size=2), min_size=len(sizes) - 1, max_size=len(sizes) - 1))
    n, batch_size = draw(st.integers(1, 20)), draw(st.integers(1, 20))
    loss = draw(st.sampled_from(LOSSES))
    if loss in {"squared-error", "poisson"}:  # at rates that others bear they run away, and then nothing agrees
        rates = [[one / 50 for one in pair] for pair in rates]
    return training(
        sizes,
        activation=draw(st.sampled_from(ACTIVATIONS)),
        optimizer=draw(st.sampled_from(OPTIMIZERS)),
        n=n,
        batch_size=batch_size,
        epochs=3,
        seed=draw(st.integers(0, 1000)),
        rates=rates,
        decays=draw(st.sampled_from([0.0, 0.1])),
        pulls=draw(st.sampled_from([0.0, 2.0])),
        weighted=draw(st.booleans()),
        loss=loss,
        has_weights=draw(st.booleans()),
        nesterov=draw(st.booleans()),
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(arguments=trainings())
def test_any_training_agrees(arguments: dict[str, Any]) -> None:
    assert_same_training(arguments)


class Guarded:
    """Buffers as `memory.allocate` makes them, with numbers between them that nobody may change."""

    KEPT = 12345.0

    def __init__(self) -> None:
        self.beside: list[Any] = []

    def allocate(self, dtype: np.dtype[Any], *lengths: int) -> list[Any]:
        guard = 1024 // dtype.itemsize
        apart = [size for length in lengths for size in (guard, length)] + [guard]
        pieces = memory.allocate(dtype, *apart)
        for piece in pieces[::2]:
            piece[:] = self.KEPT
        self.beside += pieces[::2]
        return pieces[1::2]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(arguments=trainings())
def test_kernels_write_nothing_beside_their_buffers(arguments: dict[str, Any]) -> None:
    guarded = Guarded()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "allocate", guarded.allocate)
        run(compiled, arguments)
        compiled.forward(*(arguments[name] for name in ("theta", "sizes", "activation", "x")))
    assert len(guarded.beside) == 7 + 5
    assert all((piece == guarded.KEPT).all() for piece in guarded.beside)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(arguments=trainings(), share=st.floats(0, 1))
def test_training_split_at_any_step_gives_the_same_bits(arguments: dict[str, Any], share: float) -> None:
    _, whole = run(compiled, arguments)
    cut = round(share * arguments["last"])
    _, half = run(compiled, arguments, last=cut)
    _, halves = run(compiled, half, first=cut, last=arguments["last"])
    for name in ("theta", "state", "losses"):
        assert_array_equal(halves[name], whole[name])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", NETWORKS, ids=str)
def test_passes_agree(sizes: tuple[int, ...], activation: str, dtype: str) -> None:
    given = training(sizes, activation=activation, dtype=dtype, n=300)
    network = given["theta"], given["sizes"], given["activation"]
    assert_close(compiled.forward(*network, given["x"]), reference.forward(*network, given["x"]))
    for depth in range(len(sizes) - 1):
        assert_close(compiled.features(*network, given["x"], depth), reference.features(*network, given["x"], depth))
    examples = np.tile(given["x"], (5, 1)), np.tile(given["y"], 5)  # more than the backend takes at a time
    loss, gradient = compiled.loss_and_gradient(*network, *examples)
    expected_loss, expected_gradient = reference.loss_and_gradient(*network, *examples)
    assert loss == pytest.approx(expected_loss, rel=TOLERANCE[dtype])
    assert_close(gradient, expected_gradient)


def test_no_examples_have_no_logits() -> None:
    given = training((5, 4, 3))
    assert compiled.forward(given["theta"], given["sizes"], 0, given["x"][:0]).shape == (0, 3)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("n_logits", [1, 3])
def test_logits_of_ten_thousand_are_safe(n_logits: int, dtype: str) -> None:
    given = training((5, n_logits), dtype=dtype)
    given["theta"] *= 1e4
    network = given["theta"], given["sizes"], 0, given["x"], given["y"]
    loss, gradient = compiled.loss_and_gradient(*network)
    expected_loss, expected_gradient = reference.loss_and_gradient(*network)
    assert loss == pytest.approx(expected_loss, rel=1e-5)
    assert_close(gradient, expected_gradient)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_rate_of_zero_touches_nothing(optimizer: str) -> None:
    given = training((5, 4, 3), optimizer=optimizer, rates=[[0.0, 0.0], [0.1, 0.1]], decays=0.1, pulls=1.0)
    given["state"][:] = TINY / 2  # which an update would flush
    _, after = run(compiled, given)
    frozen = slice(0, 5 * 4 + 4)
    assert_array_equal(after["theta"][frozen], given["theta"][frozen])
    assert_array_equal(after["state"][:, frozen], given["state"][:, frozen])
    assert (after["theta"][frozen.stop :] != given["theta"][frozen.stop :]).all()


def test_training_above_a_frozen_prefix_gives_the_same_bits() -> None:
    given = training((5, 20, 18, 3), rates=[[0, 0], [0, 0], [0.1, 0.1]])
    _, whole = run(compiled, given)
    hidden, start = compiled.features(given["theta"], given["sizes"], 0, given["x"], 2), 5 * 20 + 20 + 20 * 18 + 18
    above = given | {
        "theta": given["theta"][start:],
        "anchor": given["anchor"][start:],
        "state": given["state"][:, start:].copy(),
        "sizes": given["sizes"][2:],
        "x": hidden,
    }
    above |= {name: given[name][2:] for name in ("rates", "decays", "pulls")}
    _, alone = run(compiled, above)
    assert_array_equal(alone["theta"], whole["theta"][start:])
    assert_array_equal(alone["losses"], whole["losses"])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("n_logits", [1, 3])
@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value", "ignore:divide by zero")  # without the compiler
def test_divergence_stops_the_training(n_logits: int, optimizer: str, dtype: str) -> None:
    given = training((5, 4, n_logits), optimizer=optimizer, dtype=dtype, epochs=4)
    given["x"][7] = 1e38 if dtype == "float32" else 1e308
    given["x"] *= 10 if n_logits > 1 else np.nan
    (steps, ours), (expected_steps, expected) = run(compiled, given), run(reference, given)
    assert steps == expected_steps < given["last"]
    assert not np.isfinite(ours["losses"][steps // 3 :]).any()
    assert np.isnan(ours["losses"][steps // 3 + 1 :]).all()
    assert_close(ours["theta"], expected["theta"])


def test_a_loss_that_is_not_finite_has_no_gradient() -> None:
    given = training((5, 3))
    loss, gradient = compiled.loss_and_gradient(given["theta"], given["sizes"], 0, given["x"] * np.nan, given["y"])
    assert np.isnan(loss)
    assert np.isnan(gradient).all()


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_moments_of_dead_units_are_never_denormal(optimizer: str, dtype: str) -> None:
    given = training((5, 4, 3), optimizer=optimizer, dtype=dtype, epochs=500)
    given["losses"], given["last"] = np.zeros(500), 1500
    given["theta"][20:24] = -1e3  # biases that no input lifts above zero
    given["state"][:] = 1e-3
    _, after = run(compiled, given)
    moments = np.abs(after["state"])
    assert ((moments == 0) | (moments > TINY * 0.9**FLUSHED)).all()
    assert (moments[0, :24] == 0).all()


def test_read_only_and_strided_arrays_are_accepted() -> None:
    given = training((5, 4, 3))
    _, expected = run(compiled, given)
    strange = {"x": np.repeat(given["x"], 2, axis=0)[::2], "y": given["y"].copy(), "order": given["order"].copy()}
    strange["y"].flags.writeable = strange["order"].flags.writeable = False
    copies = {name: given[name].copy() for name in ("theta", "state", "losses")}
    compiled.train(**(given | copies | strange))
    assert_array_equal(copies["theta"], expected["theta"])


def test_any_number_of_threads_gives_the_same_bits() -> None:
    given = [training((17, 33, 10), dtype="float32", seed=seed, epochs=20, losses=np.zeros(20)) for seed in range(8)]
    for arguments in given:
        arguments["last"] = 60
    alone = [run(compiled, arguments)[1]["theta"] for arguments in given]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda arguments: run(compiled, arguments)[1]["theta"], given))
    for one, other in zip(alone, together, strict=True):
        assert_array_equal(one, other)


@pytest.mark.parametrize(
    "variable", ["NUMBA_DISABLE_JIT", pytest.param("NUMBA_BOUNDSCHECK", marks=pytest.mark.exhaustive)]
)
@pytest.mark.skipif("FASTMLP_TEST_INSIDE" in os.environ, reason="this is the inner run")
def test_backends_agree_under(variable: str) -> None:
    selection = "signatures or (agrees_with and float64) or split or ten_thousand or touches_nothing or read_only"
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", __file__, "-k", selection]
    result = subprocess.run(
        command,
        env=os.environ | {variable: "1", "FASTMLP_TEST_INSIDE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
