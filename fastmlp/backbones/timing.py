"""How long the stages of a backbone take, timed on one batch."""

from __future__ import annotations

from functools import partial
from time import perf_counter, thread_time
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backends.torch import import_torch, threads_of_torch
from .devices import is_host, moved, placed, wait_for
from .prepared import leading

if TYPE_CHECKING:
    from collections.abc import Callable

    from .network import BackboneNetwork

REPEATS = 2  # the faster one counts: the first call of a shape is slower


class Timing:
    """Seconds an example, for the stages of a network as they are computed and as they are trained.

    They are seconds of one core, and not of the clock on the wall, so that other programs do not count; of a GPU, which
    a core waits for, those of the clock.

    Parameters
    ----------
    net
        The network; it is not trained.
    inputs
        A batch of prepared inputs.
    """

    def __init__(self, net: BackboneNetwork, inputs: Any) -> None:
        self._net, self._n = net, len(leading(inputs))
        self._values, self._forward = [inputs], [0.0]
        for place in range(len(net.stages)):
            seconds, value = self._timed(partial(net.evaluate, self._values[-1], place, place + 1))
            self._forward.append(seconds)
            self._values.append(value)
        self._steps: dict[int, float] = {}

    def forward(self, first: int, last: int) -> float:
        """Return the seconds that stages `first` to `last` - 1 take for an example."""
        return sum(self._forward[first + 1 : last + 1])

    def step(self, depth: int) -> float:
        """Return the seconds that a step takes for an example, if the stages from `depth` up and the head move."""
        if depth not in self._steps:
            with placed(self._net.tensors(depth, len(self._net.parts)), self._net.device):
                self._steps[depth], _ = self._timed(partial(self._differentiate, depth))
        return self._steps[depth]

    def _differentiate(self, depth: int) -> None:
        functional, device = import_torch().nn.functional, self._net.device
        parts, value = self._net.parts[depth:], moved(self._values[depth], device)
        moving = [one.requires_grad_() for part in parts for one in (*part.matrices, *part.others)]
        for part in parts:
            value = part.call(value)
        labels = import_torch().from_numpy(np.arange(self._n) % self._net.n_classes)
        functional.cross_entropy(value, moved(labels, device)).backward()
        for parameter in moving:
            parameter.grad = None

    def _timed(self, call: Callable[[], Any]) -> tuple[float, Any]:
        """Return the seconds that a call takes for an example, and what it returns."""
        times, device = [], self._net.device
        clock = thread_time if is_host(device) else perf_counter
        with threads_of_torch(1):
            for _ in range(REPEATS):
                start = clock()
                found = call()
                wait_for(device)
                times.append(clock() - start)
        return min(times) / self._n, found
