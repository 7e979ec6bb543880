"""A process for one peer: it reads names of shapes from stdin and answers each with a line of JSON.

Run as ``python -m bench.peers.worker PEER CORES``, CORES like ``0,1``, with as many threads as cores. The name ``peak``
as the peer measures the peak of the cores instead.
"""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

LEAST = 0.05  # seconds; short trainings are repeated until they fill it
IDLE, LOOKS = 0.001, 20  # seconds of the processor in 50 ms that are no work; 1 s in all


def answer_peak(threads: int) -> dict[str, Any]:
    """Measure the peaks of the cores together at this moment: on registers alone, and of a register tile."""
    from fastmlp.backends.peak import fma_peak, tile_peak

    with ThreadPoolExecutor(threads) as pool:
        peaks = {"peak": fma_peak, "tile": tile_peak}
        return {name: sum(pool.map(measure, ["float32"] * threads)) for name, measure in peaks.items()}


def come_to_rest() -> None:
    """Return when no thread looks for more work: it would take a core from the next peer.

    Threads of OpenMP and OpenBLAS look for some milliseconds, or for a tenth of a second, before they sleep.
    """
    for _ in range(LOOKS):
        before = time.process_time()
        time.sleep(0.05)
        if time.process_time() - before < IDLE:
            return


class Peer:
    """A peer with the training that it prepared last.

    Parameters
    ----------
    name
        As in `trainers.PEERS`.
    threads
        How many share a training, each with a core.
    """

    def __init__(self, name: str, threads: int = 1) -> None:
        self.name, self.threads = name, threads
        # On one core the time of the processor is that of the wall, less what the core gave to other processes. On
        # several it is that of all threads together, and says nothing of when they were done.
        self.clock = time.process_time if threads == 1 else time.perf_counter
        self.shape = ""
        self.prepared: Any = None

    def answer(self, shape: str) -> dict[str, Any]:
        """Train a shape some times; return the seconds of each training."""
        first = {} if shape == self.shape else self.prepare(shape)
        # Untimed: while others had their turns this process slept, and the system may have taken its memory back. Both
        # clocks would count how it comes back: at the widest shape, where a step goes through all of it, by two fifths.
        self.prepared.train()
        seconds: list[float] = []
        while sum(seconds) < LEAST:
            start = self.clock()
            self.prepared.train()
            seconds.append(self.clock() - start)
        if self.threads > 1:
            come_to_rest()
        return {"seconds": [one / self.prepared.trainings for one in seconds]} | first

    def prepare(self, shape: str) -> dict[str, Any]:
        """Train twice, which compiles; return the accuracy, and the seconds until the first training was done.

        The shape before it is forgotten: its networks may take a gigabyte.
        """
        from .trainers import PEERS
        from .work import SHAPES, Work

        self.prepared = None
        work, start = Work(SHAPES[shape], self.threads), time.perf_counter()
        prepared = PEERS[self.name](work)
        result = prepared.train()
        first = {"accuracy": work.accuracy(prepared.parameters(result)), "first_seconds": time.perf_counter() - start}
        prepared.train()
        self.shape, self.prepared = shape, prepared
        return first


def main(name: str, cores: str) -> None:
    """Answer until stdin ends."""
    chosen = {int(core) for core in cores.split(",")}
    os.sched_setaffinity(0, chosen)
    peer = Peer(name, len(chosen))
    for line in sys.stdin:
        try:
            answer = answer_peak(len(chosen)) if name == "peak" else peer.answer(line.strip())
        except ImportError as error:
            answer = {"missing": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
