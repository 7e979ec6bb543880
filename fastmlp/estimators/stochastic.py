"""The solvers ``sgd`` and ``adam``: scikit-learn's batches, rates and rules of stopping, on the engine of fastmlp."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ..backends import get_backend
from ..backends.watch import LOWEST, PACE, WAITED, Watch, judge
from ..machine import threads_for
from ..network import kernel_arguments
from ..registry import OPTIMIZERS, SQUARED_ERROR, Adam
from ..training import FLOP_PER_UPDATE, SLOWEST_RATE, Pieces
from .held_back import HeldBack, split_rows
from .progress import say
from .visits import Visits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Floats, Ints
    from ..network import Network
    from ..training import Examples
    from .parameters import Parameters

AUTO_BATCH = 200
NO_ROWS = np.empty(0, np.int64)


@dataclass
class Optimizer:
    """What `partial_fit` goes on with.

    Parameters
    ----------
    rule
        The parameters of the fit that it began with.
    moments : (2, P)
        Velocities, or first and second moments.
    learning_rate
        At which it goes on.
    updates
        Made so far.
    """

    rule: Parameters
    moments: Floats
    learning_rate: float
    updates: int = 0

    @property
    def pace(self) -> float:
        """What the first rate is multiplied by now."""
        return self.learning_rate / self.rule.learning_rate_init


def optimizer_for(model: Any, net: Network, parameters: Parameters, *, incremental: bool) -> Optimizer:
    """Return the optimizer that a fit begins with: a new one, or in `partial_fit` the one that is there."""
    if incremental and hasattr(model, "_optimizer"):
        there: Optimizer = model._optimizer  # noqa: SLF001
        return there
    return Optimizer(parameters, np.zeros((2, net.theta.size), net.dtype), parameters.learning_rate_init)


def batch_size_for(parameters: Parameters, n: int) -> int:
    """Return the size of a batch of n examples."""
    if isinstance(parameters.batch_size, str):
        return min(AUTO_BATCH, n)
    if parameters.batch_size > n:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=5
        )
    return min(parameters.batch_size, n)


class StochasticFit:
    """A fit by ``sgd`` or ``adam``, from its first epoch to where it stops.

    Parameters
    ----------
    model
        The estimator, whose attributes are told what happens.
    net
        Trained in place.
    examples, loss
        What it learns from: the place of the loss is that in `registry.LOSSES`.
    random
        Draws what is held back and the order of each epoch, number by number as scikit-learn does.
    incremental
        Whether this is `partial_fit`: one epoch, by the optimizer that is there.
    """

    def __init__(
        self,
        model: Any,
        net: Network,
        examples: Examples,
        loss: int,
        parameters: Parameters,
        random: np.random.RandomState,
        *,
        incremental: bool,
    ) -> None:
        self._model, self._net, self._examples, self._loss = model, net, examples, loss
        self._parameters, self._incremental = parameters, incremental
        self._optimizer = model._optimizer = optimizer_for(model, net, parameters, incremental=incremental)  # noqa: SLF001
        rows, self._held_back = np.arange(len(examples.x)), None
        if parameters.early_stopping:
            rows, held_back = split_rows(examples, loss, parameters.validation_fraction, random)
            weights = None if examples.sample_weight is None else examples.sample_weight[held_back]
            self._held_back = HeldBack(examples.x[held_back], examples.y[held_back], weights, loss, parameters.backend)
        self._visits = Visits(rows, random, shuffle=parameters.shuffle)
        self._n, self._batch_size = len(rows), batch_size_for(parameters, len(rows))
        several_squares = loss == SQUARED_ERROR and net.sizes[-1] > 1
        self._loss_share = 1 / net.sizes[-1] if several_squares else 1.0  # scikit-learn reports the mean of the outputs
        # Python looks at each epoch if only it knows what is watched, or has something to say
        self._by_epoch = self._held_back is not None or parameters.verbose or several_squares
        self._watch = self._new_watch()

    def run(self) -> bool:
        """Train; return whether the network means something: its loss stayed finite, or an earlier one was kept."""
        model, finite = self._model, True
        model.n_iter_ = 0
        try:
            for order in self._visits.stretches(1 if self._incremental else self._parameters.max_iter):
                before = model.n_iter_
                finite = self._run_stretch(order)
                if self._watch.stopped or not finite:
                    self._visits.take_back(model.n_iter_ - before)
                    break
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=4)
        self._keep_state()
        if model.n_iter_ == self._parameters.max_iter and not (self._watch.stopped or self._incremental):
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({model.n_iter_}) reached and the optimization hasn't "
                "converged yet.",
                ConvergenceWarning,
                stacklevel=4,
            )
        if self._held_back is None:
            return finite
        self._net.theta[:] = model._best  # noqa: SLF001
        return True

    def _new_watch(self) -> Watch:
        """Return what stops the training, where the last fit of the model left it."""
        model, parameters, rule = self._model, self._parameters, self._optimizer.rule
        adaptive = rule.solver == "sgd" and rule.learning_rate == "adaptive"
        watch = Watch(
            NO_ROWS,
            np.empty(0 if self._by_epoch else 1),
            np.empty(0, self._net.dtype),
            tolerance=parameters.tol,
            patience=parameters.n_iter_no_change,
            slowest=SLOWEST_RATE / rule.learning_rate_init if adaptive else math.inf,
        )
        if self._held_back is None:
            model.best_loss_ = watch.state[LOWEST] = _or(getattr(model, "best_loss_", None), math.inf)
            model.validation_scores_ = model.best_validation_score_ = None
        else:
            model.best_validation_score_ = _or(getattr(model, "best_validation_score_", None), -math.inf)
            model.validation_scores_ = _or(getattr(model, "validation_scores_", None), [])
            model.best_loss_, watch.state[LOWEST] = None, -model.best_validation_score_
            model._best = _or(getattr(model, "_best", None), self._net.theta.copy())  # noqa: SLF001
        model.loss_curve_ = getattr(model, "loss_curve_", [])
        watch.state[WAITED] = getattr(model, "_no_improvement_count", 0)
        watch.state[PACE] = self._optimizer.pace if adaptive else 1.0
        return watch

    def _run_stretch(self, order: Ints) -> bool:
        """Train for the epochs of an order, or until the training stops; return whether all losses were finite."""
        epochs, batches = len(order), math.ceil(self._n / self._batch_size)
        losses, penalties = np.zeros(epochs), np.zeros(epochs)
        flop = FLOP_PER_UPDATE * self._net.theta.size * self._batch_size
        training = self._start(order, losses, penalties, flop, epochs * batches)
        pieces, told = Pieces(flop, self._watch), 0
        try:
            for last in range(1, epochs + 1) if self._by_epoch else [epochs]:
                finite = pieces.run(training, last * batches)
                done = pieces.steps // batches + (not finite)
                seen = losses[told:done] * self._loss_share + penalties[told:done]
                if len(seen):
                    self._note(seen.tolist())
                if len(seen) and self._by_epoch:
                    self._tell(finite=finite)
                told = done
                if not finite or self._watch.stopped:
                    break
        except KeyboardInterrupt:
            training.run(pieces.steps, pieces.steps)  # copies back what the network has become
            raise
        finally:
            self._optimizer.updates += pieces.steps
        return finite

    def _start(self, order: Ints, losses: Floats, penalties: Floats, flop: float, updates: int) -> Any:
        """Return a training of the network through the epochs of an order."""
        parameters, rule, net = self._parameters, self._optimizer.rule, self._net
        rates, decays, pulls = (np.zeros((net.layout.n_layers, 2)) for _ in range(3))
        rates[:], decays[:, 0] = rule.learning_rate_init, parameters.alpha
        return get_backend(parameters.backend).start_training(
            *kernel_arguments(net), OPTIMIZERS.index(rule.solver), self._examples.x, self._examples.y, order,
            self._batch_size, rates, decays, pulls, net.theta, rule.momentum, losses,
            threads=parameters.threads or threads_for(flop, updates), state=self._optimizer.moments, loss=self._loss,
            sample_weight=self._examples.sample_weight, nesterov=rule.nesterovs_momentum and rule.solver == "sgd",
            paces=self._paces(len(order)), penalties=penalties if parameters.alpha else None, watch=self._watch,
            adam=Adam(rule.beta_1, rule.beta_2, rule.epsilon, corrected=False, earlier=self._optimizer.updates),
        )  # fmt: skip

    def _paces(self, epochs: int) -> NDArray[np.float64] | None:
        """Return what ``invscaling`` multiplies the rate by in the next epochs."""
        rule, model = self._optimizer.rule, self._model
        if rule.solver != "sgd" or rule.learning_rate != "invscaling":
            return None
        paces: NDArray[np.float64] = (model.t_ + self._n * np.arange(epochs) + 1.0) ** -rule.power_t
        if model.n_iter_ == 0:
            paces[0] = self._optimizer.pace
        return paces

    def _note(self, losses: list[float]) -> None:
        """Let the model take note of the losses of some epochs, with their penalties."""
        model = self._model
        model.n_iter_ += len(losses)
        model.t_ += self._n * len(losses)
        model.loss_curve_ += losses
        model.loss_ = model.loss_curve_[-1]

    def _tell(self, *, finite: bool) -> None:
        """Tell of the last epoch, and let it stop the training if the engine does not."""
        model, parameters, loss = self._model, self._parameters, self._model.loss_
        if parameters.verbose:
            say(f"Iteration {model.n_iter_}, loss = {loss:.8f}")
        seen = loss
        if self._held_back is not None:
            score = self._held_back.score(self._net) if finite else math.nan
            model.validation_scores_.append(score)
            seen = -score
            if parameters.verbose:
                say(f"Validation score: {score:f}")
        pace = self._watch.pace
        if judge(self._watch.state, model.n_iter_ - 1, seen) and self._held_back is not None:
            model._best = self._net.theta.copy()  # noqa: SLF001
        if parameters.verbose and (self._watch.stopped or self._watch.pace != pace):
            say(self._decision())

    def _decision(self) -> str:
        """Return what has been decided because nothing became better."""
        watched = "Training loss" if self._held_back is None else "Validation score"
        rate = self._watch.pace * self._optimizer.rule.learning_rate_init
        if not self._watch.stopped:
            what = f"Setting learning rate to {rate:f}"
        else:
            what = "Learning rate too small. Stopping." if math.isfinite(self._watch.slowest) else "Stopping."
        return (
            f"{watched} did not improve more than tol={self._parameters.tol:f} for {self._parameters.n_iter_no_change} "
            f"consecutive epochs. {what}"
        )

    def _keep_state(self) -> None:
        """Keep what a later fit may go on with."""
        model, optimizer, rule = self._model, self._optimizer, self._optimizer.rule
        model._no_improvement_count = int(self._watch.state[WAITED])  # noqa: SLF001
        lowest = self._watch.state[LOWEST].item()
        if self._held_back is None:
            model.best_loss_ = lowest
        else:
            model.best_validation_score_ = -lowest
        if rule.solver == "sgd" and rule.learning_rate == "invscaling":
            optimizer.learning_rate = rule.learning_rate_init / (model.t_ + 1) ** rule.power_t
        elif rule.solver == "sgd" and rule.learning_rate == "adaptive":
            optimizer.learning_rate = rule.learning_rate_init * self._watch.pace


def _or(value: Any, otherwise: Any) -> Any:
    """Return a value, or another in place of None."""
    return otherwise if value is None else value
