"""Checks of `fit_scaler` and `apply_scaler`."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import flawed
from ..student import Mistake, Student, floats
from ..texts import at


def check_scaler(student: Student, rng: np.random.Generator) -> None:
    """Check them on inputs whose features have means and spreads of their own, then on a constant feature."""
    n_features = 5
    mean, spread = rng.uniform(2, 9, n_features), rng.uniform(2, 6, n_features)
    X, Z = mean + spread * rng.normal(size=(40, n_features)), 3 + 2 * rng.normal(size=(7, n_features))
    scaler = student.call("fit_scaler", X)
    mine = _applied(student, scaler, Z)
    right = flawed.scaled(X, Z)
    if not np.allclose(mine, right, rtol=0.04, atol=0.03):  # a divisor of n or of n - 1
        for flaw in flawed.SCALED:
            if np.allclose(mine, flawed.scaled(X, Z, flaw), rtol=0.04, atol=0.02):
                raise Mistake(flaw, at("first_row_of_new_inputs_scaled"), mine[0], right[0])
        raise Mistake("scaler_differs", at("first_row_of_new_inputs_scaled"), mine[0], right[0])
    one = _applied(student, scaler, Z[:1])
    if not np.allclose(one, mine[:1], rtol=1e-3, atol=1e-4):
        raise Mistake("scaler_of_what_it_is_applied_to", at("the_first_row_alone_scaled"), one[0], mine[0])
    constant = X.copy()
    constant[:, 1] = 4.0
    blank = _applied(student, student.call("fit_scaler", constant), constant)
    if not np.isfinite(blank).all() or np.abs(blank[:, 1]).max() > 1e-6:
        raise Mistake("scaler_constant", at("a_feature_that_is_always_4_scaled"), blank[0, 1], 0)


def _applied(student: Student, scaler: Any, Z: Any) -> Any:
    return floats(student.call("apply_scaler", scaler, Z), "apply_scaler", Z.shape)
