"""The same numbers from the packages that others use."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

from fastmlp.stats import average_ranks, interquartile_mean, performance_profile

from .data import accuracy_like, real

SCORES = accuracy_like(np.random.default_rng(21), (20, 6))


Oracle = Callable[[str], ModuleType]


def test_the_interquartile_mean_is_rliables(oracle: Oracle) -> None:
    metrics = oracle("rliable.metrics")
    assert real(interquartile_mean(SCORES.ravel()).mean) == pytest.approx(metrics.aggregate_iqm(SCORES))


def test_the_performance_profile_is_rliables(oracle: Oracle) -> None:
    library = oracle("rliable.library")
    taus = np.linspace(0.8, 1, 21)
    ours = [real(p.share) for p in performance_profile(SCORES, taus)]
    np.testing.assert_allclose(ours, [library.run_score_deviation(SCORES, tau) for tau in taus])


def test_ranks_are_farthest_apart_where_scikit_posthocs_is_surest(oracle: Oracle) -> None:
    posthocs = oracle("scikit_posthocs")
    ranks = average_ranks(SCORES).ranks
    assert ranks is not None
    p_values = np.asarray(posthocs.posthoc_nemenyi_friedman(SCORES))
    surest = np.unravel_index(p_values.argmin(), p_values.shape)
    assert set(surest) == {int(np.argmin(ranks)), int(np.argmax(ranks))}
