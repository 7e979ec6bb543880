"""How long strategies take on a backbone, said before anything is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..backbones import Backbone, Timing, device_of
from ..checks import at_least_one
from ..errors import InvalidInput, shown
from .backbone import EPOCHS
from .families import get_strategy
from .spec import share_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .spec import Strategy


def estimate_seconds(
    backbone: Backbone,
    X: Any,
    strategies: Sequence[str],
    *,
    n_classes: int,
    n: int | None = None,
    epochs: int = EPOCHS,
    batch_size: int = 32,
    device: str = "cpu",
) -> dict[str, float]:
    """Return about how many seconds of one core, or of a GPU, each strategy would take on this machine.

    With more threads it takes less, at best by their number. Each stage is timed on one batch, as it is computed and as
    it is trained; stages that do not move count once, and a head alone does not count, since its kernels take next to
    nothing.

    Parameters
    ----------
    backbone, n_classes, epochs, batch_size, device
        As in `fastmlp.transfer_backbone`.
    X
        Some inputs: the first batch of them is prepared and timed.
    strategies
        Names. Those that do not fit the backbone are left out, as is logistic regression.
    n
        How many examples there are to be; as many as X has if it is not given.

    Raises
    ------
    UnknownName, InvalidInput
        If there is no such strategy, or a number is out of range.
    """
    if not isinstance(backbone, Backbone):
        raise InvalidInput(f"backbone is {shown(backbone)}; a Backbone is needed")
    chosen = {name: get_strategy(name) for name in strategies}
    examples = at_least_one("n", len(X) if n is None else n)
    rounds, batch = at_least_one("epochs", epochs), X[: at_least_one("batch_size", batch_size)]
    stages = len(backbone.stages)
    net = backbone.network(stages, at_least_one("n_classes", n_classes))
    net.device = device_of(device)
    timing = Timing(net, backbone.prepared(batch).tensors)
    return {
        name: examples * seconds_per_example(strategy, timing, stages, rounds)
        for name, strategy in chosen.items()
        if strategy.start is not None and not strategy.refusal_of_depth(stages)
    }


def seconds_per_example(strategy: Strategy, timing: Timing, stages: int, epochs: int) -> float:
    """Return the seconds that all phases take for an example."""
    depth = strategy.layers if strategy.cut and strategy.layers else stages
    phases = strategy.phases_for(depth + 1)
    total, reached = 0.0, 0
    for phase, share in zip(phases, share_out(phases, epochs), strict=True):
        moves = np.flatnonzero(phase.multipliers(depth + 1)[:-1].any(axis=1))
        first = int(moves[0]) if len(moves) else depth
        total += timing.forward(reached, max(reached, first))
        reached = max(reached, first)
        total += share * timing.step(first) if len(moves) else 0.0
    return total
