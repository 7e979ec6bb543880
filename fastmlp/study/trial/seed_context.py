"""What all trainings of one problem and one seed share: settings, backend and random draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...kept import forget_oldest
from ...network import Network, init_mlp
from ...problems import Scaler, Task
from ...registry import CROSS_ENTROPY
from ...seeds import seed_for
from ...strategies import Strategy, starting_network
from ...training import Examples, check_examples, draw_order
from ..settings.schema import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...layout import Floats, Ints

MOST_KEPT = 8_000_000  # bytes of orders, and as many of inputs


class SeedContext:
    """Settings, backend and the random draws of one seed.

    Random draws depend on the target task and the seed only, so trials are paired in everything else. What is drawn is
    kept for the next strategy, in memory that does not grow with the number of trials or of tuning candidates.

    Parameters
    ----------
    settings, backend
        The study's.
    target, seed
        Name of the target task, and the seed.
    varied, replicate
        One purpose of `settings.schema.PURPOSES` whose draws also depend on the number of the replicate.
    """

    def __init__(
        self, settings: Settings, backend: str, target: str, seed: int, varied: str = "", replicate: int = 0
    ) -> None:
        self.settings, self.backend = settings, backend
        self.target, self.seed = target, seed
        self.varied, self.number = varied, replicate
        self._orders: dict[int, Ints] = {}
        self._examples: dict[tuple[Scaler, bytes], Examples] = {}
        self._start: tuple[object, Network] | None = None

    def replicate(self, varied: str, number: int) -> SeedContext:
        """Return a context in which the draws of one purpose differ."""
        return SeedContext(self.settings, self.backend, self.target, self.seed, varied, number)

    def seed_of(self, draw: str) -> int:
        """Return the seed of a draw, whose first word is its purpose."""
        if self.varied and draw.split(maxsplit=1)[0] == self.varied:
            return seed_for(draw, task=self.target, seed=self.seed, replicate=self.number)
        return seed_for(draw, task=self.target, seed=self.seed)

    def rng(self, draw: str) -> np.random.Generator:
        """Return the generator for a draw."""
        return np.random.default_rng(self.seed_of(draw))

    def order(self, epochs: int, n: int) -> Ints:
        """Return the order in which n examples are visited, (epochs, n): the same for all strategies.

        An order of few epochs is the beginning of an order of many, so one is kept for each n.
        """
        order = self._orders.pop(n, None)
        if order is None or len(order) < epochs:
            order = draw_order(epochs, n, self.rng("order"))
        self._orders[n] = order
        forget_oldest(self._orders, MOST_KEPT, lambda kept: kept.nbytes)
        return order[:epochs]

    def examples(self, net: Network, target: Task, rows: Ints, scaler: Scaler) -> Examples:
        """Return some rows of the target, scaled and checked for a network.

        Strategies that share a scaler see the same arrays, of a cell as of each fold of its search.
        """
        which = scaler, rows.tobytes()
        found = self._examples.pop(which, None)
        if found is None:
            found = check_examples(net, self.scaled(target.X[rows], scaler), target.y[rows], CROSS_ENTROPY)
        self._examples[which] = found
        forget_oldest(self._examples, MOST_KEPT, lambda kept: kept.x.nbytes)
        return found

    def start(self, strategy: Strategy, net: Network, n_classes: int) -> Network:
        """Return the network that a strategy starts from.

        It is the same for every number of labels, and the trials of a strategy follow each other: the last one is kept.
        """
        which = net, strategy.start, strategy.head, strategy.layers, strategy.cut, n_classes
        if self._start is None or self._start[0] != which:
            self._start = which, starting_network(net, strategy, n_classes, self.rng("weights"))
        return self._start[1]

    def draw(self, task: Task) -> Network:
        """Draw the network that pretraining starts from; for every task with the same body."""
        network = self.settings.network
        sizes = (task.X.shape[1], *network.hidden, task.n_classes)
        return init_mlp(sizes, rng=self.rng("pretraining weights"), dtype=network.dtype, activation=network.activation)

    def scaled(self, X: NDArray[np.float64], scaler: Scaler) -> Floats:
        """Return inputs as a network sees them."""
        return scaler.transform(X, self.settings.network.dtype, self.backend)
