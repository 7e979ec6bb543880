"""Carry out a strategy: from a pretrained network and a few labelled examples to a network for the target task.

A new head is the same draw for every strategy that is given the same `rng`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..checks import at_least_one
from ..errors import InvalidInput, shown
from ..network import BY_LAYER, Network, check_network, init_mlp
from ..problems import interleave
from ..seeds import generator_of
from ..training import Fit, ResolvedPhase, TrainingOptions, check_examples, draw_adapters, fit_phases, resolve_phase
from .families import get_strategy
from .spec import Strategy, share_out

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ..seeds import Rng
    from ..training import AfterEpoch, Examples


def transfer(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    strategy: str | Strategy = "finetune",
    n_classes: int,
    rng: Rng = 0,
    epochs: int = 60,
    batch_size: int = 32,
    lr: float = 0.05,
    momentum: float = 0.9,
    optimizer: str = "sgd",
    weight_decay: float = 0.0,
    order: ArrayLike | None = None,
    accuracies: bool = False,
    backend: str = "auto",
    short_batch: str = "weighted",
    threads: int | None = None,
    sample_weight: ArrayLike | None = None,
) -> Fit:
    """Train a network for a new task, starting from one that was pretrained on another task.

    Parameters
    ----------
    net
        The pretrained network; it is not changed.
    X : (n, sizes[0])
        Inputs of the target task. They are not scaled: `Strategy.scaler` tells a study through which scaler a strategy
        sees its inputs, and has no effect here. Scale them as the pretrained network expects them.
    y : (n,)
        Labels from 0 to n_classes - 1.
    strategy
        A name in `STRATEGIES` or of one of its families, such as ``partial-2``; or a `Strategy`.
    n_classes
        Classes of the target task: the outputs of a new head. A strategy that keeps the source's head, such as
        ``keep-head``, takes label k for the network's own class k, so there must be as many.
    rng
        A seed, a `SeedSequence` or a `Generator`. It draws the new head, and the body if the strategy starts from
        random weights. Generators spawned from it draw adapters, the order, and which labels are held back, so these
        are the same for every strategy.
    lr
        The full learning rate; the strategy's multipliers apply to it.
    epochs
        Passes over the examples, of all phases together; each phase must get at least one.
    batch_size, momentum, optimizer, weight_decay, order, accuracies, backend, short_batch, threads, sample_weight
        As in `fastmlp.train_mlp`, except that the step of a short batch is weighted unless you say otherwise.

    Returns
    -------
    The finished training; ``.network`` is the network for the target task. ``zero-shot`` trains nothing, and its losses
    are empty.

    Raises
    ------
    UnknownName
        If there is no such strategy.
    InvalidInput
        If the strategy trains no network or does not fit this one, a phase would get no epoch, the examples do not fit,
        or an option is out of range.
    """
    chosen = get_strategy(strategy) if isinstance(strategy, str) else strategy
    if not isinstance(chosen, Strategy):
        raise InvalidInput(f"strategy is {shown(strategy)}; a name or a Strategy is needed")
    options = TrainingOptions(
        epochs,
        batch_size,
        lr,
        momentum,
        optimizer,
        weight_decay,
        accuracies,
        backend,
        short_batch,
        threads=threads,
    )
    called = f"strategy {strategy!r}" if isinstance(strategy, str) else "the strategy"
    generator = generator_of(rng)
    start = starting_network(check_network(net), chosen, at_least_one("n_classes", n_classes), generator, called)
    return train_from(start, X, y, chosen, options, order=order, sample_weight=sample_weight, rng=generator)


def train_from(
    start: Network,
    X: ArrayLike | Examples,
    y: ArrayLike,
    strategy: Strategy,
    options: TrainingOptions,
    *,
    order: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    held_back: NDArray[np.bool_] | None = None,
    rng: Rng = 0,
    after_epoch: AfterEpoch | None = None,
) -> Fit:
    """Train the network that a strategy starts from through the strategy's phases: the second half of `transfer`.

    Parameters
    ----------
    start
        As `starting_network` returns it; it is not changed.
    X, y, sample_weight
        As in `fastmlp.training.check_examples`.
    order
        As in `transfer`.
    strategy, options
        Which phases, and what they share.
    held_back : (n,)
        Which examples a strategy holds back that does so; drawn if it is not given.
    rng
        Generators spawned from it draw adapters and held-back labels, if the strategy has any, and the order if none is
        given.
    after_epoch
        As in `fastmlp.training.fit_phases`.

    Raises
    ------
    InvalidInput
        As in `transfer`.
    """
    phases = strategy.phases_for(start.layout.n_layers)
    resolved = list(_resolved(strategy, start.layout.n_layers, start.dtype, options))
    given: dict[str, Any] = {"order": order, "sample_weight": sample_weight, "after_epoch": after_epoch}
    if not phases:
        return fit_phases(start, X, y, [], options, **given, rng=rng)
    if order is not None and not (strategy.held_back or start.drops or any(phase.rank for phase in phases)):
        return fit_phases(start, X, y, resolved, options, **given)  # nothing is drawn: making generators takes time
    adapters, visits, watched = spawned(rng, len(phases))
    resolved = [
        replace(one, adapters=draw_adapters(start, phase.rank, generator)) if phase.rank else one
        for one, phase, generator in zip(resolved, phases, adapters, strict=True)
    ]
    if strategy.held_back and held_back is None:
        X = check_examples(start, X, y, options.loss_code, sample_weight)
        held_back = hold_back(X.y, strategy.held_back, start.n_classes, watched)
    mask = held_back if strategy.held_back and held_back is not None else 0.0
    return fit_phases(start, X, y, resolved, options, **given, held_back=mask, rng=visits)


def starting_network(
    net: Network, strategy: Strategy, n_classes: int, rng: Rng, called: str = "the strategy"
) -> Network:
    """Return the network a strategy starts from: a random one, its lower layers replaced as the strategy says.

    Parameters
    ----------
    net
        The pretrained network; it is not changed.
    strategy
        Says what is copied.
    n_classes
        Outputs of the new head; with the source's head, as many as it has classes.
    rng
        Draws the new network.
    called
        How messages call the strategy.

    Raises
    ------
    InvalidInput
        If the strategy trains no network, copies or freezes layers that this one does not have, would move nothing, or
        keeps a head that has other classes.
    """
    if strategy.start is None:
        raise InvalidInput(f"{called} trains no network: it is scikit-learn's LogisticRegression on the inputs")
    body = net.layout.n_layers - 1
    if reason := strategy.refusal_of_depth(body):
        raise InvalidInput(f"{called} {reason}; a network of sizes {net.sizes} has {body}")
    if strategy.head == "source":
        return _with_own_head(net, n_classes, called)
    layers = body if strategy.layers is None else strategy.layers
    hidden = net.sizes[: layers + 1] if strategy.cut else net.sizes[:-1]
    generator = generator_of(rng)
    drawn = init_mlp(
        (*hidden, n_classes), rng=generator, dtype=net.dtype, activation=net.activation, **_by_layer(net, len(hidden))
    )
    copied = slice(0, net.layout.starts[layers])
    if strategy.start == "pretrained":
        drawn.theta[copied] = net.theta[copied]
    elif strategy.start == "meanvar":
        for ours, theirs in ((drawn.weights, net.weights), (drawn.biases, net.biases)):
            for new, old in zip(ours[:layers], theirs, strict=False):
                new[:] = generator.normal(old.mean(), old.std(), old.shape)
    return drawn


def _by_layer(net: Network, n_layers: int) -> dict[str, Any]:
    """Return what the first layers of a network normalise and drop; the last of them becomes a head."""
    kept = {name: getattr(net, name)[:n_layers] for name in BY_LAYER}
    if kept["inner_norms"]:
        kept["inner_norms"] = (*kept["inner_norms"][:-1], 0.0)
    return kept


def _with_own_head(net: Network, n_classes: int, called: str) -> Network:
    """Return a copy of the pretrained network, head included."""
    if n_classes != net.n_classes:
        raise InvalidInput(
            f"{called} keeps the source's head, which has {net.n_classes} classes; n_classes is {n_classes}"
        )
    return net.copy()


def spawned(rng: Rng, n_phases: int) -> tuple[list[np.random.Generator], np.random.Generator, np.random.Generator]:
    """Return generators for each phase's adapters, for the order and for held-back labels.

    The last two are the same for every strategy. They are children of the first phase's generator, because every
    strategy has a first phase.
    """
    adapters = generator_of(rng).spawn(n_phases)
    order, held_back = adapters[0].spawn(2)
    return adapters, order, held_back


@lru_cache(maxsize=256)  # a study asks for the same few again and again
def _resolved(
    strategy: Strategy, n_layers: int, dtype: np.dtype[Any], options: TrainingOptions
) -> tuple[ResolvedPhase, ...]:
    """Resolve the phases of a strategy, without adapters, for a network of so many layers.

    Raises
    ------
    InvalidInput
        If a phase would get no epoch.
    """
    phases = strategy.phases_for(n_layers)
    if phases and (reason := strategy.refusal_of_epochs(options.epochs, n_layers - 1)):
        raise InvalidInput(reason)
    return tuple(
        replace(
            resolve_phase(dtype, phase.multipliers(n_layers), options, epochs),
            pulls=phase.pulls(n_layers),
            patience=phase.patience,
        )
        for phase, epochs in zip(phases, share_out(phases, options.epochs), strict=True)
    )


def hold_back(y: NDArray[np.int64], share: float, n_classes: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Mark a stratified share of the examples, and leave at least n_classes unmarked.

    Parameters
    ----------
    y : (n,)
        Labels.
    share
        Of the examples, in [0, 1].
    n_classes
        Classes of the task.
    rng
        Draws which examples of each class are marked.

    Returns
    -------
    (n,)
    """
    held_back = np.zeros(len(y), dtype=bool)
    number = max(0, min(round(share * len(y)), len(y) - n_classes))
    held_back[interleave(y, rng)[:number]] = True
    return held_back
