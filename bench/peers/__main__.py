"""python -m bench.peers [--rounds N] [--shapes lab,tiny] [--json FILE] [--markdown FILE]."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from ..child import ONE_THREAD, ChildEnded, JsonChild
from ..environment import circumstances
from .render import render
from .trainers import PEERS
from .work import SHAPES

VARIABLES = ONE_THREAD | {
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}
HUNG = 600.0  # seconds after which a worker counts as hung
HERE = Path(__file__).parents[1]
DISTRIBUTIONS = ("fastmlp", "numba", "llvmlite", "numpy", "scikit-learn", "torch", "jax")


class Process(JsonChild):
    """A worker that trains shapes with one library."""

    def __init__(self, name: str, core: int) -> None:
        super().__init__([sys.executable, "-m", "bench.peers.worker", name, str(core)], os.environ | VARIABLES)

    def ask(self, shape: str = "") -> dict[str, Any]:
        """Let the worker train a shape; return its answer, or why there is none under ``missing``."""
        self.send(shape)
        try:
            return self.receive(HUNG)
        except ChildEnded as error:
            return {"missing": str(error)}


def measure(
    shapes: list[str], rounds: int, core: int, start: Callable[[str, int], Process] = Process
) -> dict[str, Any]:
    """Run the rounds; in each, the peak is measured and every peer trains in turn."""
    processes, peak = {name: start(name, core) for name in PEERS}, start("peak", core)
    peaks, missing, measured = [], {}, {}
    for name in shapes:
        shape = SHAPES[name]
        peers: dict[str, dict[str, Any]] = {}
        for turn in range(rounds):
            peaks.append(peak.ask()["peak"])
            for peer, process in processes.items():
                if peer in missing:
                    continue
                answer = process.ask(name)
                if "missing" in answer:
                    missing[peer] = answer["missing"]
                    continue
                mine = peers.setdefault(peer, {"rounds": []})
                mine["rounds"].append(median(answer.pop("seconds")))
                mine.update(answer)
            sys.stderr.write(f"{name}: round {turn + 1} of {rounds}\n")
        measured[name] = {"description": shape.describe(), "flops": shape.flops, "peers": peers}
    for process in (*processes.values(), peak):
        process.close()
    return {"rounds": rounds, "peak": peaks, "shapes": measured, "missing": missing}


def measure_throughput(cores: list[int], rounds: int) -> dict[str, dict[str, float]]:
    """Return trainings per second on one core and on two, medians over interleaved rounds."""
    seen: dict[str, list[dict[str, float]]] = {}
    for _ in range(rounds):
        for count in (1, 2):
            if count <= len(cores):
                chosen = ",".join(map(str, cores[-count:]))
                command = [sys.executable, "-m", "bench.peers.throughput", chosen]
                environment = os.environ | VARIABLES
                done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
                seen.setdefault(str(count), []).append(json.loads(done.stdout.splitlines()[-1]))
    return {count: {key: median(one[key] for one in runs) for key in runs[0]} for count, runs in seen.items()}


def main() -> None:
    """Measure, print and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--shapes", default=",".join(SHAPES))
    parser.add_argument(
        "--throughput", action="store_true", help="measure only the throughput, and keep the rest of the JSON"
    )
    parser.add_argument("--json", type=Path, default=HERE / "peers.json")
    parser.add_argument("--markdown", type=Path, default=HERE / "PEERS.md")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if options.throughput:
        data = json.loads(options.json.read_text())
    else:
        data = circumstances(*DISTRIBUTIONS) | measure(options.shapes.split(","), options.rounds, cores[-1])
        data["throughput"] = {}
        options.json.write_text(json.dumps(data, indent=1) + "\n")  # so that it is kept if the rest fails
    data["throughput"] = measure_throughput(cores, 3)
    options.json.write_text(json.dumps(data, indent=1) + "\n")
    text = render(data)
    options.markdown.write_text(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
