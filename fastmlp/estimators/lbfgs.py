"""The solver ``lbfgs``: SciPy's, on the loss and the gradient of fastmlp's."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning

from ..registry import LOSSES, SQUARED_ERROR
from ..training import Objective
from .progress import say

if TYPE_CHECKING:
    from ..network import Network
    from ..training import Examples
    from .parameters import Parameters


def fit_lbfgs(model: Any, net: Network, examples: Examples, loss: int, parameters: Parameters) -> bool:
    """Minimise the loss of all examples with its penalty, in place; return whether it stayed finite.

    It is computed in double precision, in which the line search can see how the loss changes. Of several outputs the
    squared errors are added up, which is the function whose gradient scikit-learn follows; `loss_` is its mean.
    """
    wide = replace(net, theta=net.theta.astype(np.float64))
    x, weights = examples.x.astype(np.float64), examples.sample_weight
    total = len(x) if weights is None else float(weights.sum(dtype=np.float64))
    objective = Objective(
        wide, x, examples.y, loss=LOSSES[loss], sample_weight=weights, l2=parameters.alpha, backend=parameters.backend
    )
    iterations = 0

    def note(intermediate_result: Any) -> None:
        nonlocal iterations
        iterations += 1
        say(f"Iteration {iterations}, loss = {intermediate_result.fun:.8f}")

    found = minimize(
        objective,
        wide.theta,
        method="L-BFGS-B",
        jac=True,
        callback=note if parameters.verbose else None,
        options={"maxfun": parameters.max_fun, "maxiter": parameters.max_iter, "gtol": parameters.tol},
    )
    net.theta[:] = found.x
    model.n_iter_ = min(int(found.nit), parameters.max_iter)
    model.loss_ = float(found.fun)
    if loss == SQUARED_ERROR and net.sizes[-1] > 1:
        squares = sum(float((weight.astype(np.float64) ** 2).sum()) for weight in net.weights)
        penalty = parameters.alpha / 2 * squares / total
        model.loss_ = (model.loss_ - penalty) / net.sizes[-1] + penalty
    if found.status != 0:
        warnings.warn(
            f"lbfgs failed to converge after {model.n_iter_} iteration(s) (status={found.status}): {found.message}. "
            f"Increase max_iter (it is {parameters.max_iter}) or max_fun (it is {parameters.max_fun}), or scale X",
            ConvergenceWarning,
            stacklevel=4,
        )
    return math.isfinite(model.loss_)
