"""From a pretrained network and a few labelled examples to a network for the target task.

The head is always new, and the same draw for every strategy that is given the same `rng`.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ..checks import at_least_one
from ..errors import InvalidInput
from ..network import Network, check_network, examples_for, init_mlp
from ..problems import interleave
from ..seeds import generator_of
from ..training import Fit, Optimizer, ResolvedPhase, draw_adapters, fit_phases, resolve_phase
from .families import get_strategy
from .spec import Phase, Strategy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from ..seeds import Rng


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
) -> Fit:
    """Train a network for a new task, starting from one that was pretrained on another.

    Parameters
    ----------
    net
        The pretrained network; it is not changed.
    X : (n, sizes[0])
        Inputs of the target task, scaled as the network expects them.
    y : (n,)
        Labels from 0 to n_classes - 1.
    strategy
        A name in `STRATEGIES`, or a `Strategy`.
    n_classes
        Outputs of the new head.
    rng
        Draws the new head (and the body, if the strategy starts from random weights); generators spawned from it draw
        adapters and the order, which is so the same for every strategy.
    lr
        The full learning rate; the strategy's multipliers apply to it.
    epochs, batch_size, momentum, optimizer, weight_decay, order, backend
        As in `fastmlp.train_mlp`.
    accuracies
        Whether to keep the accuracy on the examples after epochs 1, 2, 4, 8 and so on, and the last.

    Raises
    ------
    UnknownName
        If there is no such strategy.
    InvalidInput
        If the strategy trains no network, the examples do not fit, or an option is out of range.
    """
    chosen = get_strategy(strategy) if isinstance(strategy, str) else strategy
    if not isinstance(chosen, Strategy):
        raise InvalidInput(f"strategy is {strategy!r}; a name or a Strategy is needed")
    generator = generator_of(rng)
    start = starting_network(check_network(net), chosen, at_least_one("n_classes", n_classes), generator)
    optimiser = Optimizer(optimizer, batch_size, momentum)
    return train_from(
        start,
        X,
        y,
        chosen,
        optimiser,
        lr=lr,
        weight_decay=weight_decay,
        epochs=epochs,
        order=order,
        accuracies=accuracies,
        rng=generator,
        backend=backend,
    )


def train_from(
    start: Network,
    X: ArrayLike,
    y: ArrayLike,
    strategy: Strategy,
    optimiser: Optimizer,
    *,
    lr: float,
    weight_decay: float = 0.0,
    epochs: int,
    order: ArrayLike | None = None,
    accuracies: bool = False,
    rng: Rng = 0,
    backend: str = "auto",
) -> Fit:
    """Train the network that a strategy starts from through the strategy's phases: the second half of `transfer`.

    Parameters
    ----------
    start
        As `starting_network` returns it; it is not changed.
    X, y, order, accuracies, backend
        As in `transfer`.
    strategy, optimiser, lr, weight_decay, epochs
        What is to be done with it.
    rng
        Adapters, if the strategy has any, and the order, if there is none, are drawn by generators spawned from it.

    Raises
    ------
    InvalidInput
        As in `transfer`.
    """
    shared = strategy.phases_for(start.layout.n_layers)
    shares = share_out(shared, at_least_one("epochs", epochs))
    draws = order is None or any(phase.rank for phase in shared)  # else no generator is made, which takes a while
    adapters, visits = _generators(rng, len(shared)) if draws else ([None] * len(shared), None)
    phases = [
        _resolve(start, phase, part, lr, weight_decay, generator)
        for phase, part, generator in zip(shared, shares, adapters, strict=True)
    ]
    held_back = None
    if strategy.held_back:
        held_back = _hold_back(examples_for(start, X, y)[1], strategy.held_back, start.n_classes)
    return fit_phases(
        start,
        X,
        y,
        phases,
        optimiser,
        epochs=epochs,
        order=order,
        held_back=held_back,
        accuracies=accuracies,
        rng=visits or 0,
        backend=backend,
    )


def starting_network(net: Network, strategy: Strategy, n_classes: int, rng: Rng) -> Network:
    """Return the network a strategy starts from: a random one, its lower layers replaced as the strategy says.

    Raises
    ------
    InvalidInput
        If the strategy trains no network, or copies or freezes layers that the network does not have.
    """
    if strategy.start is None:
        raise InvalidInput(f"strategy {strategy} trains no network; it is logistic regression: see fit_baseline")
    body = net.layout.n_layers - 1
    layers = body if strategy.layers is None else strategy.layers
    if max(layers, *(phase.frozen for phase in strategy.phases)) > body:
        raise InvalidInput(f"strategy {strategy} needs more than the {body} hidden layers of a network of {net.sizes}")
    hidden = net.sizes[: layers + 1] if strategy.cut else net.sizes[:-1]
    generator = generator_of(rng)
    drawn = init_mlp((*hidden, n_classes), rng=generator, dtype=net.dtype, activation=net.activation)
    copied = slice(0, net.layout.starts[layers])
    if strategy.start == "pretrained":
        drawn.theta[copied] = net.theta[copied]
    elif strategy.start == "meanvar":
        for ours, theirs in ((drawn.weights, net.weights), (drawn.biases, net.biases)):
            for new, old in zip(ours[:layers], theirs, strict=False):
                new[:] = generator.normal(old.mean(), old.std(), old.shape)
    return drawn


def _generators(rng: Rng, n_phases: int) -> tuple[list[np.random.Generator], np.random.Generator]:
    """Generators for the adapters of each phase, and for the order: the same for every strategy, whatever it draws."""
    adapters = generator_of(rng).spawn(n_phases)
    return adapters, adapters[0].spawn(1)[0]  # how many there are is the strategy's; there is always a first


def _resolve(
    net: Network, phase: Phase, epochs: int, lr: float, weight_decay: float, rng: np.random.Generator | None
) -> ResolvedPhase:
    """Resolve a phase of a strategy for the network it starts from."""
    n_layers = net.layout.n_layers
    plain = resolve_phase(net, epochs, phase.multipliers(n_layers), lr, weight_decay)
    adapters = draw_adapters(net, phase.rank, rng) if rng and phase.rank else None
    return replace(plain, pulls=phase.pulls(n_layers), patience=phase.patience, adapters=adapters)


def _hold_back(y: NDArray[np.int64], share: float, n_classes: int) -> NDArray[np.bool_]:
    """Mark a stratified share of the examples, always the same for the same labels; n_classes are left at least."""
    held_back = np.zeros(len(y), dtype=bool)
    number = max(0, min(round(share * len(y)), len(y) - n_classes))
    held_back[interleave(y, np.random.default_rng(0))[:number]] = True
    return held_back


def share_out(phases: Sequence[Phase], epochs: int) -> list[int]:
    """Epochs of each phase; they add up to `epochs`, unless the shares do not add up to 1.

    Examples
    --------
    >>> from fastmlp import Phase
    >>> share_out([Phase(share=1 / 3), Phase(share=2 / 3)], 10)
    [3, 7]
    """
    ends = [0, *(round(share * epochs) for share in accumulate(phase.share for phase in phases))]
    return [end - start for start, end in pairwise(ends)]


def fit_baseline(X: ArrayLike, y: ArrayLike, **options: Any) -> Any:
    """Fit scikit-learn's logistic regression, the baseline that is hard to beat.

    Parameters
    ----------
    X : (n, features)
        Scaled inputs.
    y : (n,)
        Labels.
    options
        Handed on; C is 1 unless said, as in scikit-learn.

    Returns
    -------
    The fitted `sklearn.linear_model.LogisticRegression`.
    """
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(**{"max_iter": 1000, **options}).fit(X, y)
