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
    """One network and its training, by all libraries."""

    description: str
    flops: Positive
    peers: dict[str, Peer]


class PeersFile(Struct):
    """What is used of ``peers.json``; the peak is in operations per second."""

    cpu: str
    rounds: int
    peak: Several
    shapes: Annotated[dict[str, Shape], Meta(min_length=1)]


class PeerRow(TypedDict):
    """One library: median seconds of a training, times those of fastmlp, share of the peak, and its first training."""

    name: str
    seconds: float
    times: float
    share: float
    accuracy: float
    first: float


class ShapeRows(TypedDict):
    """One shape, its libraries by rising time."""

    description: str
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
        When fastmlp is not among the libraries: there is nothing to compare with.
    """
    file = convert(data, PeersFile)
    shapes = [_rows(shape, median(file.peak)) for shape in file.shapes.values()]
    return {"cpu": file.cpu, "rounds": file.rounds, "shapes": shapes}


def _rows(shape: Shape, peak: float) -> ShapeRows:
    if OURS not in shape.peers:
        raise ValueError(f"{shape.description}: without {OURS} there is nothing to compare with")
    times = {name: median(peer.rounds) for name, peer in shape.peers.items()}
    return {
        "description": shape.description,
        "peers": [
            {
                "name": name,
                "seconds": seconds,
                "times": seconds / times[OURS],
                "share": shape.flops / peak / seconds,
                "accuracy": shape.peers[name].accuracy,
                "first": shape.peers[name].first_seconds,
            }
            for name, seconds in sorted(times.items(), key=lambda item: item[1])
        ],
    }
