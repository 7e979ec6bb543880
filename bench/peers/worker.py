"""A process for one peer: it reads names of shapes from stdin and answers each with a line of JSON.

Run as ``python -m bench.peers.worker PEER CORE``. The name ``peak`` as the peer measures the peak of the core instead.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

LEAST = 0.05  # seconds; short trainings are repeated until they fill it


def answer_peak() -> dict[str, Any]:
    """Measure the peak of the core at this moment."""
    from fastmlp.backends.peak import fma_peak

    return {"peak": fma_peak("float32")}


class Peer:
    """A peer with the trainings prepared so far."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.prepared: dict[str, Any] = {}

    def answer(self, shape: str) -> dict[str, Any]:
        """Train a shape some times; return the seconds of CPU of each training.

        On its one core the CPU time of a peer is its wall time, less what the core gave to other processes.
        """
        first = {} if shape in self.prepared else self.prepare(shape)
        _, prepared = self.prepared[shape]
        seconds: list[float] = []
        while sum(seconds) < LEAST:
            start = time.process_time()
            prepared.train()
            seconds.append(time.process_time() - start)
        return {"seconds": [one / prepared.trainings for one in seconds]} | first

    def prepare(self, shape: str) -> dict[str, Any]:
        """Train twice, which compiles; return the accuracy, and the seconds until the first training was done."""
        from .trainers import PEERS
        from .work import SHAPES, Work

        work, start = Work(SHAPES[shape]), time.perf_counter()
        prepared = PEERS[self.name](work)
        result = prepared.train()
        first = {"accuracy": work.accuracy(prepared.parameters(result)), "first_seconds": time.perf_counter() - start}
        prepared.train()
        self.prepared[shape] = work, prepared
        return first


def main(name: str, core: str) -> None:
    """Answer until stdin ends."""
    os.sched_setaffinity(0, {int(core)})
    peer = Peer(name)
    for line in sys.stdin:
        try:
            answer = answer_peak() if name == "peak" else peer.answer(line.strip())
        except ImportError as error:
            answer = {"missing": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
