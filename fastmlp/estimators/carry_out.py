"""Carry out the strategy of a `TransferClassifier` on a network: early stopping, callbacks, and what can go wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from ..checks import at_least_one, in_range, true_or_false
from ..errors import InvalidInput, LabelError, TrainingDiverged, shown
from ..network import predict_proba
from ..seeds import rng_for
from ..strategies import hold_back, starting_network, train_from
from ..training import Epoch, Stop, TrainingOptions
from .early_stopping import EarlyStopping
from .held_back import hold_back_alike

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Ints
    from ..network import Network
    from ..problems import Scaler
    from ..strategies import Strategy

Callback = Callable[[Epoch], object]
EPOCHS, LR, OPTIMIZER = 60, 0.05, "sgd"  # where a model says None


class Transfer(Protocol):
    """What is asked of a `TransferClassifier`: its parameters, and the classes and the scaler, known by then."""

    strategy: str | Strategy
    epochs: int | None
    batch_size: int
    lr: float | None
    momentum: float
    optimizer: str | None
    weight_decay: float
    short_batch: str
    early_stopping: bool
    validation_fraction: float
    n_iter_no_change: int
    tol: float
    callbacks: Any
    backend: str
    threads: int | None
    classes_: NDArray[Any]
    strategy_: Strategy
    scaler_: Scaler | None


class Examples(NamedTuple):
    """Examples: inputs (n, features) or `Prepared` ones, labels (n,), what each counts, None if all count the same."""

    X: Any
    labels: Ints
    weights: NDArray[np.float64] | None

    def rows(self, mask: NDArray[np.bool_]) -> Examples:
        """Return those that are marked."""
        return Examples(self.X[mask], self.labels[mask], None if self.weights is None else self.weights[mask])


class Outcome(NamedTuple):
    """The network to predict with, the training it is from, and the losses of examples held back, if any were."""

    network: Any
    fit: Any
    validation_losses: list[float] | None


def called(strategy: Strategy | str) -> str:
    """Return how messages call a strategy."""
    return f"strategy {strategy!r}" if isinstance(strategy, str) else "the strategy"


def carry_out(model: Transfer, template: Network, examples: Examples, seed: int) -> Outcome:
    """Train a network by the strategy of a model whose classes and scaler are known.

    Parameters
    ----------
    model
        Holds the parameters, which are checked here.
    template
        The network to start from, or that one is to be like.
    examples
        All examples, their inputs not scaled yet.
    seed
        Of all draws, as `rng` of `fastmlp.transfer`.

    Raises
    ------
    InvalidInput, LabelError
        If a parameter cannot be worked with.
    TrainingDiverged
        If the training diverged.
    """
    strategy, generator = model.strategy_, np.random.default_rng(seed)
    start = _start(model, template, generator)
    trained, watched = without_watched(model, examples, start.n_classes, seed)
    mask = None
    if strategy.held_back:
        draws = rng_for("held back by weight", seed=seed)
        mask = hold_back_alike(*trained, strategy.held_back, start.n_classes, draws)
    trained = _scaled(model, trained, start)
    watch = None
    if watched is not None:
        seen = _scaled(model, watched, start)
        watch = watch_over(model, seen, lambda net: predict_proba(net, seen.X, backend=model.backend))
    options = TrainingOptions(
        EPOCHS if model.epochs is None else model.epochs, model.batch_size, LR if model.lr is None else model.lr,
        model.momentum, OPTIMIZER if model.optimizer is None else model.optimizer, model.weight_decay,
        backend=model.backend, short_batch=model.short_batch, threads=model.threads,
    )  # fmt: skip
    fit = train_from(
        start, trained.X, trained.labels, strategy, options, sample_weight=trained.weights, held_back=mask,
        rng=generator, after_epoch=after_each_epoch(model.callbacks, watch),
    )  # fmt: skip
    if fit.diverged:
        raise TrainingDiverged(
            f"{called(model.strategy)} diverged in epoch {(fit.diverged_epoch or 0) + 1} of {options.epochs} at "
            f"lr = {options.lr}; a smaller lr may help"
        )
    return outcome_of(fit, watch)


def outcome_of(fit: Any, watch: EarlyStopping | None) -> Outcome:
    """Return what came of a training: the network for which the watched loss was lowest, or the last."""
    if watch is None or watch.best is None:
        return Outcome(fit.network, fit, None)
    return Outcome(watch.best, fit, watch.losses)


def _start(model: Transfer, template: Network, generator: np.random.Generator) -> Network:
    """Return the network that training starts from."""
    n_classes, name = len(model.classes_), called(model.strategy)
    if model.strategy_.head == "source" and template.n_classes != n_classes:
        raise LabelError(
            f"{name} keeps the source's head, which has {template.n_classes} classes, and y holds {n_classes}: "
            f"{shown(model.classes_.tolist())}; source_classes says which labels it knows"
        )
    return starting_network(template, model.strategy_, n_classes, generator, name)


def _scaled(model: Transfer, examples: Examples, start: Network) -> Examples:
    """Return examples as the network sees them."""
    return examples if model.scaler_ is None else examples._replace(X=model.scaler_.transform(examples.X, start.dtype))


def without_watched(model: Transfer, examples: Examples, n_classes: int, seed: int) -> tuple[Examples, Examples | None]:
    """Return the examples to train on, and those to stop early by, if any are held back for that."""
    if not true_or_false("early_stopping", model.early_stopping) or not model.strategy_.phases:
        return examples, None
    share = in_range("validation_fraction", model.validation_fraction, above=0, below=1)
    mask = hold_back(examples.labels, share, n_classes, rng_for("held back", seed=seed))
    if not mask.any():
        raise InvalidInput(
            f"validation_fraction is {share}: that leaves none of {len(mask)} examples for validation, beside one for "
            f"each of {n_classes} classes; give more examples, or set early_stopping to False"
        )
    return examples.rows(~mask), examples.rows(mask)


def watch_over(model: Transfer, examples: Examples, proba: Callable[[Any], NDArray[np.float64]]) -> EarlyStopping:
    """Return what stops a training by examples that are held back; `proba` as for `EarlyStopping`."""
    return EarlyStopping(
        proba,
        examples.labels,
        examples.weights,
        patience=at_least_one("n_iter_no_change", model.n_iter_no_change),
        tol=in_range("tol", model.tol),
    )


def after_each_epoch(callbacks: object, watch: EarlyStopping | None) -> Callable[[Epoch], Stop | None] | None:
    """Return what is called after each epoch: early stopping first, then the callbacks."""
    given: list[Any] | tuple[Any, ...] = (
        callbacks if isinstance(callbacks, list | tuple) else [] if callbacks is None else [callbacks]
    )
    if wrong := [callback for callback in given if not callable(callback)]:
        raise InvalidInput(f"callbacks holds {shown(wrong[0])}, which cannot be called")
    if not given and watch is None:
        return None

    def after_epoch(epoch: Epoch) -> Stop | None:
        stop = None if watch is None else watch.after(epoch)
        told = epoch if watch is None else epoch._replace(validation_loss=watch.losses[-1])
        ends = [callback(told) for callback in given]
        return Stop.TRAINING if any(ends) else stop

    return after_epoch
