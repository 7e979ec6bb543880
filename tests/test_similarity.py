"""Each score against its definition, written out slowly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize
from scipy.stats import multivariate_normal
from sklearn.covariance import ledoit_wolf
from sklearn.linear_model import Ridge

from fastmlp.similarity import (
    PENALTIES,
    domain_distance,
    drift,
    h_score,
    leep,
    left_out_h_score,
    linear_cka,
    log_me,
    perfect_h_score,
)
from fastmlp.stats import normalised_score

from .conftest import SeededRng

#: Features of twelve examples with labels of some of four classes.
FEATURES = st.integers(1, 20).flatmap(
    lambda units: arrays(np.float64, (12, units), elements=st.floats(-9, 9, width=16))
)
LABELS = arrays(np.int64, 12, elements=st.integers(0, 3))


def test_h_score_equals_its_definition(rng: SeededRng) -> None:
    y = rng.labels(80, 4)
    f = rng.normal(80, 6) + np.eye(4, 6)[y]
    centred = f - f.mean(axis=0)
    covariance, shrinkage = ledoit_wolf(centred, assume_centered=True)
    means = np.array([centred[y == label].mean(axis=0) for label in y])
    between = means.T @ means / 80
    expected = (1 - shrinkage) * np.trace(np.linalg.inv(covariance) @ between)
    assert h_score(f, y) == pytest.approx(expected, rel=1e-9)


def whitened(y: np.ndarray) -> np.ndarray:
    members = (y[:, None] == np.unique(y)).astype(float)
    return (members - members.mean(axis=0)) / np.sqrt(members.mean(axis=0))


def test_the_h_score_is_what_a_linear_map_explains_of_the_classes(rng: SeededRng) -> None:
    """Without shrinkage: the identity that the left-out score and its highest value rest on."""
    y = rng.labels(80, 4)
    f = rng.normal(80, 6) + np.eye(4, 6)[y]
    f -= f.mean(axis=0)
    means = np.array([f[y == label].mean(axis=0) for label in y])
    defined = np.trace(np.linalg.solve(f.T @ f, means.T @ means))
    z = whitened(y)
    error = ((z - f @ np.linalg.lstsq(f, z)[0]) ** 2).sum() / 80
    assert perfect_h_score(y) == pytest.approx((z**2).sum() / 80) == 3
    assert perfect_h_score(y) - error == pytest.approx(defined)


@pytest.mark.parametrize("units", [3, 40], ids=["tall", "wide"])
def test_a_left_out_h_score_equals_its_definition(units: int, rng: SeededRng) -> None:
    """Each example is predicted by a ridge regression on all others, with one penalty for all, the best."""
    y = rng.labels(20, 3)
    f = rng.normal(20, units) + 4 * np.eye(3, units)[y]
    scale, z, errors = f.var(axis=0).sum(), whitened(y), np.zeros((len(PENALTIES), 20))
    for row, penalty in zip(errors, PENALTIES, strict=True):
        for k in range(20):
            others = np.arange(20) != k
            model = Ridge(alpha=penalty * scale).fit(f[others], z[others])
            row[k] = ((model.predict(f[k : k + 1]) - z[k]) ** 2).sum()
    assert left_out_h_score(f, y) == pytest.approx(perfect_h_score(y) - errors.mean(axis=1).min())


def test_features_that_are_more_than_the_examples_are_not_taken_for_good(rng: SeededRng) -> None:
    y = rng.labels(60, 5)
    f = np.maximum(rng.normal(60, 30) @ rng.normal(30, 400), 0)  # a wide layer of random weights, on random inputs
    assert h_score(f, y) > 2.5
    assert left_out_h_score(f, y) < 0.3
    assert left_out_h_score(f + 200 * np.eye(5, 400)[y], y) > 3.5


@given(FEATURES, FEATURES, LABELS, st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_a_similarity_is_from_zero_to_one_and_sees_no_rotation_scale_shift_or_order(
    f: np.ndarray, random: np.ndarray, y: np.ndarray, seed: int
) -> None:
    assume(np.ptp(f, axis=0).max() > 0.1)  # of constant features a rotation leaves what was rounded off, and no more
    top, score, zero = perfect_h_score(y), left_out_h_score(f, y), left_out_h_score(random, y)
    assert 0 <= min(score, zero) <= max(score, zero) <= top
    similarity = normalised_score(min(score, zero), max(score, zero), top)
    assert similarity is None or 0 <= similarity <= 1
    assert normalised_score(zero, zero, top) in {0, None}
    assert normalised_score(zero, top, top) in {1, None}
    rng = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(rng.normal(size=(f.shape[1], f.shape[1])))
    order, names = rng.permutation(12), rng.permutation(4)
    other = left_out_h_score(2 * f[order] @ rotation + 5, names[y][order])
    assert other == pytest.approx(score, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("score", ["h_score", "log_me"])
def test_scores_prefer_features_that_know_the_classes(score: str, rng: SeededRng) -> None:
    y = rng.labels(100, 5)
    noise = rng.normal(100, 8)
    scores = []
    for strength in (0, 1, 3, 10):
        f = noise + strength * np.eye(5, 8)[y]
        scores.append(h_score(f, y) if score == "h_score" else log_me(f, y, 5))
    assert scores == sorted(scores)
    assert score != "h_score" or scores[-1] < 4 + 1e-9  # classes - 1 directions can be explained at the most


def test_scores_survive_dead_units(rng: SeededRng) -> None:
    y = rng.labels(50, 5)
    f = np.hstack([np.eye(5)[y] + 0.1 * rng.normal(50, 5), np.zeros((50, 20))])
    assert np.isfinite([h_score(f, y), log_me(f, y, 5)]).all()
    assert h_score(np.zeros((50, 4)), y) == left_out_h_score(np.zeros((50, 4)), y) == 0
    assert np.isfinite(log_me(np.zeros((50, 4)), y, 5))


@pytest.mark.parametrize("shape", [(30, 4), (8, 12)], ids=["tall", "wide"])
def test_log_me_is_the_maximum_of_the_evidence(shape: tuple[int, int], rng: SeededRng) -> None:
    n, units = shape
    y = rng.labels(n, 2)
    f = rng.normal(n, units) + np.eye(2, units)[y]
    best = []
    for label in range(2):
        t = (y == label).astype(float)

        def negative_evidence(logs: np.ndarray, t: np.ndarray = t) -> float:
            a, b = np.exp(logs)
            covariance = np.eye(n) / b + f @ f.T / a
            return -float(multivariate_normal(np.zeros(n), covariance).logpdf(t))

        best.append(-minimize(negative_evidence, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-6}).fun)
    assert log_me(f, y, 2) == pytest.approx(np.mean(best) / n, rel=1e-4)


def test_leep_equals_its_definition(rng: SeededRng) -> None:
    y = rng.labels(40, 3)
    p = np.exp(rng.normal(40, 2))
    p /= p.sum(axis=1, keepdims=True)
    total = 0.0
    for x in range(40):
        likelihood = 0.0
        for z in range(2):
            joint = sum(p[i, z] for i in range(40) if y[i] == y[x]) / 40
            likelihood += joint / (sum(p[:, z]) / 40) * p[x, z]
        total += np.log(likelihood)
    assert leep(p, y, 3) == pytest.approx(total / 40, rel=1e-12)


def test_leep_of_a_source_that_knows_nothing_is_the_entropy_of_the_labels() -> None:
    assert leep(np.full((30, 2), 0.5), np.arange(30) % 3, 3) == pytest.approx(-np.log(3))


@pytest.mark.parametrize("n", [6, 60])
def test_cka_equals_its_definition_by_kernels(n: int, rng: SeededRng) -> None:
    f, g = rng.normal(n, 5), rng.normal(n, 7)
    centring = np.eye(n) - 1 / n

    def hsic(k: np.ndarray, m: np.ndarray) -> float:
        return float(np.trace(k @ centring @ m @ centring))

    kf, kg = f @ f.T, g @ g.T
    assert linear_cka(f, g) == pytest.approx(hsic(kf, kg) / np.sqrt(hsic(kf, kf) * hsic(kg, kg)), rel=1e-10)


def test_cka_does_not_see_rotations_scales_and_shifts(rng: SeededRng) -> None:
    f = rng.normal(50, 5)
    rotation, _ = np.linalg.qr(rng.normal(5, 5))
    assert linear_cka(f, 3 * f @ rotation + 7) == pytest.approx(1)
    assert linear_cka(f, np.zeros((50, 3))) is None


def test_domain_distance_equals_its_definition(rng: SeededRng) -> None:
    x, y = rng.normal(7, 3), rng.normal(5, 3) + 1
    everything = np.vstack([x, y])
    squares = ((everything[:, None] - everything) ** 2).sum(axis=2)
    width = np.median([squares[i, j] for i in range(12) for j in range(i + 1, 12)])
    k = np.exp(-squares / width)
    xx = np.mean([k[i, j] for i in range(7) for j in range(7) if i != j])
    yy = np.mean([k[i, j] for i in range(7, 12) for j in range(7, 12) if i != j])
    assert domain_distance(x, y) == pytest.approx(xx + yy - 2 * k[:7, 7:].mean(), rel=1e-10)


def test_domain_distance_grows_with_a_shift_and_is_about_zero_without(rng: SeededRng) -> None:
    x, y = rng.normal(200, 4), rng.normal(200, 4)
    distances = [domain_distance(x, y + shift) for shift in (0, 0.5, 1, 2)]
    assert abs(distances[0]) < 0.01
    assert distances == sorted(distances)


def test_drift_is_relative_to_the_length_of_the_start() -> None:
    assert drift(np.array([3.0, 4.0, 1.0]), np.array([0.0, 4.0, 0.0]), [0, 2]) == [pytest.approx(0.75), None]
