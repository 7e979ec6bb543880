"""Strategies: how to get from a pretrained network and a few labelled examples to a network for the target task.

A strategy is data: where it starts, and phases of multipliers for the learning rate. The head is always new, and the
same draw for every strategy that is given the same `rng`.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .checks import at_least_one
from .errors import InvalidInput, UnknownName
from .network import Network, init_mlp
from .training import Fit, Optimizer, fit_phases, resolve_phase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from .seeds import Rng


@dataclass(frozen=True)
class Phase:
    """A part of a training, for a network of any depth.

    Parameters
    ----------
    head, body
        Multipliers of the learning rate for the last layer and for the layers below it; zero freezes.
    share
        Share of the training's epochs; the shares of a strategy add up to 1.
    """

    head: float = 1.0
    body: float = 1.0
    share: float = 1.0

    def multipliers(self, n_layers: int) -> NDArray[np.float64]:
        """Multiplier of each weight matrix and each bias, (n_layers, 2)."""
        table = np.full((n_layers, 2), self.body)
        table[-1] = self.head
        return table


@dataclass(frozen=True)
class Strategy:
    """Where a training starts, the phases it goes through, and the scaler it sees the inputs through.

    Parameters
    ----------
    start
        ``pretrained`` copies the body of the pretrained network; ``random`` draws it anew; None trains no network: the
        strategy is a baseline, logistic regression on the inputs.
    phases
        One after the other.
    scaler
        ``source``: fitted on the source pool, which is what a pretrained network expects; ``target``: fitted on the
        n_target examples alone.
    """

    start: Literal["pretrained", "random"] | None
    phases: tuple[Phase, ...] = ()
    scaler: Literal["source", "target"] = "source"

    @property
    def knows_source(self) -> bool:
        """Whether the result depends on the source task; if not, one trial serves every problem with this target."""
        return self.start == "pretrained" or self.scaler == "source"


# Fine-tuning moves weights that are already good, so it takes smaller steps: 0.4 times 0.05 is the lab's 0.02.
SMALLER = 0.4

STRATEGIES: Mapping[str, Strategy] = MappingProxyType(
    {
        "baseline": Strategy(None, scaler="target"),
        "baseline-source-scaler": Strategy(None),
        "scratch": Strategy("random", (Phase(),), scaler="target"),
        "scratch-source-scaler": Strategy("random", (Phase(),)),
        "frozen": Strategy("pretrained", (Phase(body=0),)),
        "finetune": Strategy("pretrained", (Phase(head=SMALLER, body=SMALLER),)),
    }
)


def get_strategy(name: str) -> Strategy:
    """Return a strategy by name.

    Raises
    ------
    UnknownName
        If there is none, with the nearest name.
    """
    if name not in STRATEGIES:
        raise UnknownName("strategy", name, STRATEGIES)
    return STRATEGIES[name]


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
        Draws the new head (and the body, if the strategy starts from random weights), then the order.
    lr
        The full learning rate; the strategy's multipliers apply to it.
    epochs, batch_size, momentum, optimizer, weight_decay, order, backend
        As in `fastmlp.train_mlp`.

    Raises
    ------
    UnknownName
        If there is no such strategy.
    InvalidInput
        If the strategy trains no network, the examples do not fit, or an option is out of range.
    """
    chosen = get_strategy(strategy) if isinstance(strategy, str) else strategy
    generator = np.random.default_rng(rng)
    start = starting_network(net, chosen, at_least_one("n_classes", n_classes), generator)
    phases = [
        resolve_phase(start, part, phase.multipliers(start.layout.n_layers), lr, weight_decay)
        for phase, part in zip(chosen.phases, share_out(chosen, at_least_one("epochs", epochs)), strict=True)
    ]
    optimiser = Optimizer(optimizer, batch_size, momentum)
    return fit_phases(start, X, y, phases, optimiser, order=order, rng=generator, backend=backend)


def starting_network(net: Network, strategy: Strategy, n_classes: int, rng: Rng) -> Network:
    """Return the network a strategy starts from: a random one, its body replaced if the strategy starts pretrained.

    Raises
    ------
    InvalidInput
        If the strategy trains no network.
    """
    if strategy.start is None:
        raise InvalidInput(f"strategy {strategy} trains no network; it is logistic regression: see fit_baseline")
    drawn = init_mlp((*net.sizes[:-1], n_classes), rng=rng, dtype=net.dtype, activation=net.activation)
    if strategy.start == "pretrained":
        body = slice(0, net.layout.start(net.layout.n_layers - 1))
        drawn.theta[body] = net.theta[body]
    return drawn


def share_out(strategy: Strategy, epochs: int) -> list[int]:
    """Epochs of each phase; they add up to `epochs`.

    Examples
    --------
    >>> share_out(Strategy("random", (Phase(share=1 / 3), Phase(share=2 / 3))), 10)
    [3, 7]
    """
    ends = np.rint(np.cumsum([phase.share for phase in strategy.phases]) * epochs).astype(int)
    return [int(part) for part in np.diff(ends, prepend=0)]


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
