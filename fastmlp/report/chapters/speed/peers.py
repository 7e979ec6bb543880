"""Training times of other libraries, as `python -m bench.peers` wrote them."""

from __future__ import annotations

from statistics import median
from typing import Annotated, TypedDict

from msgspec import Meta, Struct, convert

__all__ = ["PeerRow", "Peers", "ShapeRows", "arrange_peers"]

Positive = Annotated[float, Meta(gt=0)]
Several = Annotated[list[Positive], Meta(min_length=1)]
OURS = "fastmlp"


class Peer(Struct):
    """One library's training of a shape: seconds, round by round."""

    rounds: Several
    accuracy: float
    first_seconds: float


class Shape(Struct):
    """One network and its training, by all libraries, by number of cores; in an older file by libraries on one core."""

    description: str
    flops: Positive
    cores: dict[str, dict[str, Peer]] = {}
    peers: dict[str, Peer] = {}

    def by_cores(self) -> dict[str, dict[str, Peer]]:
        """Return the libraries by number of cores."""
        return self.cores or {"1": self.peers}


class PeersFile(Struct):
    """What is used of ``peers.json``.

    The peak is in operations per second, by number of cores; in an older file it is that of one core.
    """

    cpu: str
    rounds: int
    peak: Several | dict[str, Several]
    shapes: Annotated[dict[str, Shape], Meta(min_length=1)]


class PeerRow(TypedDict):
    """One library: median seconds of a training, times those of fastmlp, share of the peak, and its first training."""

    name: str
    ours: bool
    seconds: float
    times: float
    share: float
    accuracy: float
    first: float


class ShapeRows(TypedDict):
    """One shape on a number of cores, its libraries by rising time."""

    description: str
    cores: int
    peers: list[PeerRow]


class Peers(TypedDict):
    """What was measured on which processor, in how many rounds."""

    cpu: str
    rounds: int
    shapes: list[ShapeRows]


def arrange_peers(data: object) -> Peers:
    """Return what ``peers.json`` says, for telling.

    Raises
    ------
    msgspec.ValidationError
        When it has another shape.
    ValueError
        When fastmlp is not among the libraries, so that there is nothing to compare with, or no peak is known.
    """
    file = convert(data, PeersFile)
    peaks = file.peak if isinstance(file.peak, dict) else {"1": file.peak}
    shapes = [
        _rows(shape, int(cores), peers, peaks.get(cores))
        for shape in file.shapes.values()
        for cores, peers in shape.by_cores().items()
    ]
    return {"cpu": file.cpu, "rounds": file.rounds, "shapes": shapes}


def _rows(shape: Shape, cores: int, peers: dict[str, Peer], peaks: list[float] | None) -> ShapeRows:
    if OURS not in peers or peaks is None:
        what = "peak" if OURS in peers else OURS
        raise ValueError(f"{shape.description}, cores {cores}: without {what} there is nothing to compare with")
    peak, times = median(peaks), {name: median(peer.rounds) for name, peer in peers.items()}
    return {
        "description": shape.description,
        "cores": cores,
        "peers": [
            {
                "name": name,
                "ours": name == OURS,
                "seconds": seconds,
                "times": seconds / times[OURS],
                "share": shape.flops / peak / seconds,
                "accuracy": peers[name].accuracy,
                "first": peers[name].first_seconds,
            }
            for name, seconds in sorted(times.items(), key=lambda item: item[1])
        ],
    }
