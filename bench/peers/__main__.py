"""python -m bench.peers [--rounds N] [--shapes lab,tiny] [--json FILE] [--markdown FILE]."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from ..child import ChildEnded, JsonChild
from ..environment import circumstances
from .render import render, short_form
from .settings import variables
from .trainers import PEERS
from .work import SHAPES

HUNG = 600.0  # seconds after which a worker counts as hung
PEAK = "peak"  # a worker that is no peer
HERE = Path(__file__).parents[1]
DISTRIBUTIONS = ("fastmlp", "numba", "llvmlite", "numpy", "scikit-learn", "torch", "jax")

Json = dict[str, Any]


class Process(JsonChild):
    """A worker that trains shapes with one library, on these cores and with as many threads."""

    def __init__(self, name: str, cores: Sequence[int]) -> None:
        command = [sys.executable, "-m", "bench.peers.worker", name, ",".join(map(str, cores))]
        super().__init__(command, os.environ | variables(len(cores)))

    def ask(self, shape: str = "") -> Json:
        """Let the worker train a shape; return its answer, or why there is none under ``missing``."""
        self.send(shape)
        try:
            return self.receive(HUNG)
        except ChildEnded as error:
            return {"missing": str(error)}


class Place:
    """A number of cores, with a worker for each peer and one for the peak.

    Attributes
    ----------
    peaks
        Of the cores together, on registers alone and of a tile, in the order in which they were measured.
    missing
        Peers that cannot be measured here, and why.
    """

    def __init__(self, cores: Sequence[int], start: Callable[[str, Sequence[int]], Process]) -> None:
        self.count = len(cores)
        self.workers = {name: start(name, cores) for name in (*PEERS, PEAK)}
        self.peaks: dict[str, list[float]] = {"peak": [], "tile": []}
        self.missing: dict[str, str] = {}

    def take_round(self, shape: str, measured: dict[str, Json]) -> None:
        """Measure the peak, and let every peer train in turn; what they answer is added to `measured`, by peer."""
        answer = self.workers[PEAK].ask()
        for name, several in self.peaks.items():
            several.append(answer[name])
        for peer in (name for name in PEERS if name not in self.missing):
            answer = self.workers[peer].ask(shape)
            if "missing" in answer:
                self.missing[peer] = answer["missing"]
                continue
            mine = measured.setdefault(peer, {"rounds": []})
            mine["rounds"].append(median(answer.pop("seconds")))
            mine.update(answer)

    def close(self) -> None:
        """End the workers."""
        for worker in self.workers.values():
            worker.close()


def measure(
    shapes: list[str], rounds: int, cores: list[int], start: Callable[[str, Sequence[int]], Process] = Process
) -> Json:
    """Run the rounds; in each, every peer trains the shape on the last of the cores, and a wide one then on all."""
    several = len(cores) > 1 and any(SHAPES[name].wide for name in shapes)
    places = [Place(chosen, start) for chosen in ([cores[-1:], cores] if several else [cores[-1:]])]
    measured = {}
    for name in shapes:
        shape = SHAPES[name]
        mine: dict[str, dict[str, Json]] = {str(place.count): {} for place in places if place.count == 1 or shape.wide}
        for turn in range(rounds):
            for place in places[: len(mine)]:
                place.take_round(name, mine[str(place.count)])
            sys.stderr.write(f"{name}: round {turn + 1} of {rounds}\n")
        measured[name] = {"description": shape.describe(), "flops": shape.flops, "cores": mine}
    for place in places:
        place.close()
    return {
        "rounds": rounds,
        **{name: {str(place.count): place.peaks[name] for place in places} for name in places[0].peaks},
        "shapes": measured,
        "missing": {str(place.count): place.missing for place in places if place.missing},
    }


def measure_throughput(cores: list[int], rounds: int) -> dict[str, dict[str, float]]:
    """Return trainings per second on one core and on two, medians over interleaved rounds."""
    seen: dict[str, list[dict[str, float]]] = {}
    for _ in range(rounds):
        for count in (1, 2):
            if count <= len(cores):
                chosen = ",".join(map(str, cores[-count:]))
                command = [sys.executable, "-m", "bench.peers.throughput", chosen]
                environment = os.environ | variables(1)
                done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
                seen.setdefault(str(count), []).append(json.loads(done.stdout.splitlines()[-1]))
    return {count: {key: median(one[key] for one in runs) for key in runs[0]} for count, runs in seen.items()}


def parser() -> argparse.ArgumentParser:
    """Describe the command."""
    command = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    command.add_argument("--rounds", type=int, default=7)
    command.add_argument("--shapes", type=shape_names, default=list(SHAPES), metavar="NAME,...")
    command.add_argument("--throughput", action="store_true", help="measure only the throughput; the rest is kept")
    command.add_argument("--render", action="store_true", help="measure nothing; write the Markdown from the JSON")
    command.add_argument("--json", type=Path, default=HERE / "peers.json")
    command.add_argument("--markdown", type=Path, default=HERE / "PEERS.md")
    return command


def shape_names(text: str) -> list[str]:
    """Accept names of shapes."""
    names = text.split(",")
    if unknown := [name for name in names if name not in SHAPES]:
        raise argparse.ArgumentTypeError(f"there is no shape {', '.join(unknown)}; there are {', '.join(SHAPES)}")
    return names


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and write the results."""
    options = parser().parse_args(arguments)
    data = json.loads(options.json.read_text()) if options.throughput or options.render else measured_anew(options)
    if not options.render:
        data["throughput"] = measure_throughput(sorted(os.sched_getaffinity(0)), 3)
        write(options.json, data)
    text = render(data)
    options.markdown.write_text(text)
    sys.stdout.write(f"{text}\nFor docs/guide/speed.md:\n\n{short_form(data)}")


def measured_anew(options: argparse.Namespace) -> Json:
    """Measure the shapes, and write what was found at once, so that it is kept if the rest fails."""
    cores = sorted(os.sched_getaffinity(0))
    data = circumstances(*DISTRIBUTIONS) | measure(options.shapes, options.rounds, cores) | {"throughput": {}}
    write(options.json, data)
    return data


def write(path: Path, data: Json) -> None:
    """Write the JSON."""
    path.write_text(json.dumps(data, indent=1) + "\n")


if __name__ == "__main__":
    main()
