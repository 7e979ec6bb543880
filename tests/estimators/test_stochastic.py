from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import ConvergenceWarning

import fastmlp
from fastmlp.estimators import stochastic, visits
from fastmlp.training.pieces import Pieces

from ..conftest import SeededRng


def blobs(rng: SeededRng) -> tuple[Any, Any]:
    y = rng.labels(60, 3)
    return rng.normal(60, 4) + 2 * np.eye(3, 4)[y], y


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_short_stretches_and_short_calls_change_no_bit(
    backend: str, rng: SeededRng, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = blobs(rng)
    model = fastmlp.MLPClassifier(5, batch_size=16, max_iter=12, random_state=0, backend=backend)
    whole = model.fit(x, y).coefs_[0]
    monkeypatch.setattr(visits, "FIRST_STRETCH", 1)
    monkeypatch.setattr("fastmlp.training.pieces.STEPS_PER_CALL", 1)
    assert_array_equal(model.fit(x, y).coefs_[0], whole)


def test_a_training_that_does_not_end_by_itself_says_so(rng: SeededRng) -> None:
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(3\) reached"):
        fastmlp.MLPClassifier(5, max_iter=3, backend="numpy").fit(*blobs(rng))
    with pytest.warns(UserWarning, match="batch_size.*clipped"):
        fastmlp.MLPClassifier(5, batch_size=99, tol=9, backend="numpy").fit(*blobs(rng))


def test_a_network_that_is_not_finite_is_refused(backend: str, rng: SeededRng) -> None:
    x, _ = blobs(rng)
    model = fastmlp.MLPRegressor(
        hidden_layer_sizes=5, activation="identity", solver="sgd", learning_rate_init=10.0, backend=backend
    )
    with pytest.raises(ValueError, match="non-finite parameter weights"):
        model.fit(x, x[:, 0])
    model.set_params(early_stopping=True, random_state=0).fit(x, x[:, 0])
    assert np.isnan(model.validation_scores_[-1])
    assert np.isfinite(model.coefs_[0]).all(), "the best was kept"


def test_what_has_been_learnt_when_the_user_interrupts_is_kept(rng: SeededRng, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(Pieces):
        def run(self, training: Any, last: int, *, ends: bool = True) -> bool:
            if last > 2:
                raise KeyboardInterrupt
            return super().run(training, last, ends=ends)

    x, y = blobs(rng)
    monkeypatch.setattr(stochastic, "Pieces", Interrupted)
    model = fastmlp.MLPClassifier(5, early_stopping=True, validation_fraction=0.2, random_state=0, backend="numpy")
    with pytest.warns(UserWarning, match="interrupted by user"):
        model.fit(x, y)
    assert model.n_iter_ == 2
    assert model.predict(x).shape == (60,)
