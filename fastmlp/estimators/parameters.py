"""The parameters of scikit-learn's multilayer perceptrons, checked and converted once for each fit."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Self

from ..backends import known_backends
from ..checks import at_least_one, at_least_one_or_none, check_name, in_range, is_whole, true_or_false
from ..errors import InvalidInput, shown
from ..registry import ACTIVATIONS, LEARNING_RATES

LBFGS = "lbfgs"
STOCHASTIC_SOLVERS = ("sgd", "adam")
SOLVERS = (LBFGS, *STOCHASTIC_SOLVERS)
AUTO_BATCH = 200


@dataclass(frozen=True)
class Parameters:
    """What an estimator was asked for; `MLPClassifier` says what each parameter means.

    Raises
    ------
    UnknownName, InvalidInput
        If a name is unknown, or a value is of the wrong kind or out of range.
    """

    hidden_layer_sizes: tuple[int, ...]
    activation: str
    solver: str
    alpha: float
    batch_size: int | str
    learning_rate: str
    learning_rate_init: float
    power_t: float
    max_iter: int
    shuffle: bool
    tol: float
    verbose: bool
    warm_start: bool
    momentum: float
    nesterovs_momentum: bool
    early_stopping: bool
    validation_fraction: float
    beta_1: float
    beta_2: float
    epsilon: float
    n_iter_no_change: float
    max_fun: int
    backend: str
    threads: int | None

    @classmethod
    def of(cls, estimator: Any) -> Self:
        """Return the parameters of an estimator."""
        return cls(**{field.name: getattr(estimator, field.name) for field in fields(cls)})

    def __post_init__(self) -> None:
        auto = isinstance(self.batch_size, str) and self.batch_size == "auto"
        forever = self.n_iter_no_change == math.inf
        checked: dict[str, Any] = {
            "hidden_layer_sizes": hidden_sizes(self.hidden_layer_sizes),
            "activation": check_name("activation", self.activation, ACTIVATIONS),
            "solver": check_name("solver", self.solver, SOLVERS),
            "alpha": in_range("alpha", self.alpha),
            "batch_size": "auto" if auto else at_least_one("batch_size", self.batch_size),
            "learning_rate": check_name("learning_rate", self.learning_rate, LEARNING_RATES),
            "learning_rate_init": in_range("learning_rate_init", self.learning_rate_init, above=0),
            "power_t": in_range("power_t", self.power_t),
            "max_iter": at_least_one("max_iter", self.max_iter),
            "shuffle": true_or_false("shuffle", self.shuffle),
            "tol": in_range("tol", self.tol),
            "verbose": verbosity(self.verbose),
            "warm_start": true_or_false("warm_start", self.warm_start),
            "momentum": in_range("momentum", self.momentum, most=1),
            "nesterovs_momentum": true_or_false("nesterovs_momentum", self.nesterovs_momentum),
            "early_stopping": true_or_false("early_stopping", self.early_stopping),
            "validation_fraction": in_range("validation_fraction", self.validation_fraction, below=1),
            "beta_1": in_range("beta_1", self.beta_1, below=1),
            "beta_2": in_range("beta_2", self.beta_2, below=1),
            "epsilon": in_range("epsilon", self.epsilon, above=0),
            "n_iter_no_change": math.inf if forever else at_least_one("n_iter_no_change", self.n_iter_no_change),
            "max_fun": at_least_one("max_fun", self.max_fun),
            "backend": check_name("backend", self.backend, known_backends()),
            "threads": at_least_one_or_none("threads", self.threads),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def is_stochastic(self) -> bool:
        """Whether the solver goes through batches."""
        return self.solver in STOCHASTIC_SOLVERS


def hidden_sizes(given: object) -> tuple[int, ...]:
    """Return the sizes of the hidden layers; one number stands for one layer.

    Raises
    ------
    InvalidInput
        If one is no whole number of at least 1.
    """
    if isinstance(given, str) or not isinstance(given, Iterable):
        given = (given,)
    return tuple(at_least_one("hidden_layer_sizes", size) for size in given)


def verbosity(given: object) -> bool:
    """Return whether something is to be printed.

    Raises
    ------
    InvalidInput
        If it is neither True or False nor a whole number of at least 0.
    """
    if is_whole(given) and given >= 0:
        return given > 0
    if is_whole(given):
        raise InvalidInput(f"verbose is {shown(given)}; it must be True, False or a whole number of at least 0")
    return true_or_false("verbose", given)
