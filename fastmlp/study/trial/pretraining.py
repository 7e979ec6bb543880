"""Where transfer starts: a network pretrained on a source, and the scaler that goes with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ...network import Network, accuracy, features, init_mlp
from ...problems import Problem, Scaler, Split, Task
from ...seeds import seed_for
from ...similarity import h_score
from ...strategies import Strategy, starting_network
from ...training import Fit, draw_order, train_mlp
from ..settings.schema import Settings
from ..store.schema import Record, all_finite, finite
from .diagnostics import hidden_features

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...layout import Floats, Ints


@dataclass(frozen=True)
class Conditions:
    """What all trainings of one problem and one seed share.

    Parameters
    ----------
    settings, backend
        The study's.
    target, seed
        Name of the target task, and the seed: all that random draws may know, so trials are paired in everything else.
    varied, replicate
        But for one purpose of `settings.PURPOSES`, whose draws know which replicate they are for.
    """

    settings: Settings
    backend: str
    target: str
    seed: int
    varied: str = ""
    replicate: int = 0
    orders: dict[tuple[int, int], Ints] = field(default_factory=dict, init=False, repr=False, compare=False)
    starts: dict[object, Network] = field(default_factory=dict, init=False, repr=False, compare=False)

    def drawn_from(self, draw: str) -> int:
        """Return the seed of a draw, whose first word is its purpose."""
        if self.varied and draw.split(maxsplit=1)[0] == self.varied:
            return seed_for(draw, task=self.target, seed=self.seed, replicate=self.replicate)
        return seed_for(draw, task=self.target, seed=self.seed)

    def rng(self, draw: str) -> np.random.Generator:
        """Return the generator for a draw."""
        return np.random.default_rng(self.drawn_from(draw))

    def order(self, epochs: int, n: int) -> Ints:
        """Return the order in which n examples are visited, (epochs, n): the same for all strategies, so drawn once."""
        if (epochs, n) not in self.orders:
            self.orders[epochs, n] = draw_order(epochs, n, self.rng("order"))
        return self.orders[epochs, n]

    def start(self, strategy: Strategy, net: Network, n_classes: int) -> Network:
        """Return the network that a strategy starts from: the same for every number of labels, so made once."""
        which = net, strategy.start, strategy.layers, strategy.cut, n_classes
        if which not in self.starts:
            self.starts[which] = starting_network(net, strategy, n_classes, self.rng("weights"))
        return self.starts[which]

    def draw(self, task: Task) -> Network:
        """Draw the network that pretraining starts from; for every task with the same body."""
        network = self.settings.network
        sizes = (task.X.shape[1], *network.hidden, task.n_classes)
        return init_mlp(sizes, rng=self.rng("pretraining weights"), dtype=network.dtype, activation=network.activation)

    def scaled(self, X: NDArray[np.float64], scaler: Scaler) -> Floats:
        """Return inputs as a network sees them."""
        return scaler.transform(X, self.settings.network.dtype)


class Origin:
    """Some rows of a task, and what is made of them when first asked: a scaler, a network.

    Parameters
    ----------
    task, rows
        The examples.
    conditions
        How the network is trained.
    """

    def __init__(self, task: Task, rows: Ints, conditions: Conditions) -> None:
        self.task = task
        self.rows = rows
        self.conditions = conditions
        self._features: list[Floats] | None = None
        self._own_inputs: Floats | None = None

    @cached_property
    def scaler(self) -> Scaler:
        """Fitted on these rows."""
        return self.task.scaler(self.rows)

    @cached_property
    def drawn(self) -> Network:
        """The random network that training starts from."""
        return self.conditions.draw(self.task)

    @cached_property
    def fit(self) -> Fit:
        """Trained on these rows."""
        settings = self.conditions.settings
        return train_mlp(
            self.drawn,
            self.inputs(self.task.X[self.rows]),
            self.task.y[self.rows],
            epochs=settings.pretraining.epochs,
            lr=settings.pretraining.lr,
            batch_size=settings.training.batch_size,
            momentum=settings.training.momentum,
            optimizer=settings.training.optimizer,
            rng=self.conditions.rng("pretraining order"),
            backend=self.conditions.backend,
        )

    def inputs(self, X: NDArray[np.float64]) -> Floats:
        """Return inputs as this network sees them."""
        return self.conditions.scaled(X, self.scaler)

    def features(self, seen: Floats) -> list[Floats]:
        """Return the features of every hidden layer on the held-out set, as seen by this network; made once."""
        if self._features is None:
            self._features = hidden_features(self.fit.network, seen, self.conditions.backend)
        return self._features

    def own_inputs(self, rows: Ints) -> Floats:
        """Return the held-out inputs of its own task, as seen by this network; made once."""
        if self._own_inputs is None:
            self._own_inputs = self.inputs(self.task.X[rows])
        return self._own_inputs

    def h_score(self, net: Network, target: Task, probe: Ints) -> float | None:
        """Return how much the last hidden features of a network know of the target, on the probe set."""
        if not np.isfinite(net.theta).all():
            return None
        depth = net.layout.n_layers - 1
        seen = features(net, self.inputs(target.X[probe]), depth=depth, backend=self.conditions.backend)
        return finite(h_score(seen, target.y[probe]))


def measure(origin: Origin, problem: Problem, split: Split) -> Record:
    """Return what is recorded of a pretraining: its accuracy on its own task, and what its features know of the target.

    Beside the pretrained network's H-score stand those of its own random start and of a network pretrained on the
    target task itself: between them lies the problem's similarity.
    """
    fit, source, target = origin.fit, problem.source, problem.target
    measured: Record = {"pretrain_seconds": fit.seconds, "pretrain_losses": all_finite(fit.losses.tolist())}
    if fit.diverged:
        return measured
    X, y = origin.inputs(source.X[split.source_heldout]), source.y[split.source_heldout]
    best = Origin(target, split.ceiling, origin.conditions)
    return measured | {
        "source_accuracy": accuracy(fit.network, X, y, backend=origin.conditions.backend),
        "h_score": origin.h_score(fit.network, target, split.probe),
        "h_score_random": origin.h_score(origin.drawn, target, split.probe),
        "h_score_target": best.h_score(best.fit.network, target, split.probe),
    }
