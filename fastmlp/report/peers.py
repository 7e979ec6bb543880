"""Times of other libraries, as `python -m bench.peers` wrote them: read from beside the report, if they are there."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Annotated, Any

from msgspec import Meta, Struct, convert

from .beside import read_beside

__all__ = ["read_peers"]

Json = dict[str, Any]
Positive = Annotated[float, Meta(gt=0)]
Several = Annotated[list[Positive], Meta(min_length=1)]
OURS = "fastmlp"


class Peer(Struct):
    """One library's training of a shape: seconds, round by round."""

    rounds: Several
    accuracy: float
    first_seconds: float


class Shape(Struct):
    """One network and its training, by all libraries."""

    description: str
    flops: Positive
    peers: dict[str, Peer]


class Peers(Struct):
    """What is used of ``peers.json``; the peak is in operations a second."""

    cpu: str
    rounds: int
    peak: Several
    shapes: Annotated[dict[str, Shape], Meta(min_length=1)]


def read_peers(folder: Path) -> Json | None:
    """What ``peers.json`` in a study's folder says, or None where there is none that can be read.

    Returns
    -------
    dict or None
        `cpu`, `rounds`, and `shapes`: for each its `description` and its `peers`, the fastest first.
    """
    return read_beside(folder / "peers.json", _tell)


def _tell(data: Any) -> Json:
    found = convert(data, Peers)
    shapes = [_shape(shape, median(found.peak)) for shape in found.shapes.values()]
    return {"cpu": found.cpu, "rounds": found.rounds, "shapes": shapes}


def _shape(shape: Shape, peak: float) -> Json:
    if OURS not in shape.peers:
        raise ValueError(f"{shape.description}: without {OURS} there is nothing to compare with")
    times = {name: median(peer.rounds) for name, peer in shape.peers.items()}
    rows = [
        {
            "name": name,
            "seconds": seconds,
            "times": seconds / times[OURS],
            "share": shape.flops / peak / seconds,
            "accuracy": shape.peers[name].accuracy,
            "first": shape.peers[name].first_seconds,
        }
        for name, seconds in sorted(times.items(), key=lambda item: item[1])
    ]
    return {"description": shape.description, "peers": rows}
