"""Loss and gradient of a whole set of examples as a function of the parameters, for optimizers of other libraries."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..backends import get_backend
from ..between import between_options, first_inputs
from ..checks import check_name, in_range
from ..network import check_network, inputs_for, kernel_arguments
from ..registry import LOSSES
from ..targets import check_sample_weight, check_targets

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ..network import Network


class Objective:
    """What training minimises, in one call of the backend.

    Parameters
    ----------
    net
        Says the sizes, the activation and the dtype; its parameters are one place to start from.
    X, y, loss, sample_weight, l2, backend
        As in `fastmlp.train_mlp`, the examples all being one batch.

    Raises
    ------
    UnknownName, InvalidInput
        As in `fastmlp.train_mlp`.

    Examples
    --------
    >>> from scipy.optimize import minimize
    >>> from fastmlp import init_mlp
    >>> net = init_mlp((1, 1), dtype="float64")
    >>> objective = Objective(net, [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], loss="squared-error", backend="numpy")
    >>> minimize(objective, net.theta, jac=True, method="L-BFGS-B").x.round(3)
    array([2., 1.])
    """

    def __init__(
        self,
        net: Network,
        X: ArrayLike,
        y: ArrayLike,
        *,
        loss: str = "cross-entropy",
        sample_weight: ArrayLike | None = None,
        l2: float = 0.0,
        backend: str = "auto",
    ) -> None:
        code = LOSSES.index(check_name("loss", loss, LOSSES))
        x = first_inputs(net, inputs_for(check_network(net), X), 0)
        weights = check_sample_weight(sample_weight, len(x), net.dtype)
        self._examples = x, check_targets(y, len(x), net.sizes[-1], code, net.dtype), weights, code
        _, self._sizes, self._activation = kernel_arguments(net)
        self._loss_and_gradient = partial(get_backend(backend).loss_and_gradient, **between_options(net, 0, backend))
        self._dtype = net.dtype
        decays = np.array([(in_range("l2", l2), 0.0)] * net.layout.n_layers)
        total = len(x) if weights is None else weights.sum(dtype=np.float64)
        self._decays = np.repeat(decays.ravel(), net.layout.lengths.ravel()) / total

    def __call__(self, theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Return the loss with its penalty, and the gradient (P,), in double precision as optimizers want it."""
        parameters = np.asarray(theta, dtype=self._dtype)
        loss, gradient = self._loss_and_gradient(parameters, self._sizes, self._activation, *self._examples)
        pull = self._decays * theta
        return loss + float(pull @ theta) / 2, gradient + pull
