"""What `peers.json` says of a shape on a number of cores: medians, ratios, and who is ahead."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

OURS = "fastmlp"


@dataclass(frozen=True)
class Entry:
    """A shape on a number of cores.

    Attributes
    ----------
    shape, description
        Its name, and its sizes and how it is trained.
    cores
        How many, with a thread on each.
    limit, tile_limit
        Seconds that a training takes at the peak of these cores, and at that of a register tile.
    peers
        The numbers of each peer, fastmlp among them, by rising time.
    """

    shape: str
    description: str
    cores: int
    limit: float
    tile_limit: float
    peers: dict[str, dict[str, Any]]

    @property
    def where(self) -> str:
        """The number of cores in words."""
        return "1 core" if self.cores == 1 else f"{self.cores} cores"

    @property
    def ours(self) -> float:
        """Seconds that fastmlp takes."""
        return self.seconds(OURS)

    @property
    def fastest(self) -> str:
        """The fastest of the others; an empty text if there is none."""
        return next((peer for peer in self.peers if peer != OURS), "")

    @property
    def ahead(self) -> list[str]:
        """Those that are faster than fastmlp, the fastest first."""
        return list(itertools.takewhile(lambda peer: peer != OURS, self.peers))

    def seconds(self, peer: str) -> float:
        """Return the seconds that a peer takes: the median of its rounds."""
        return median(self.peers[peer]["rounds"])

    def share(self, peer: str) -> float:
        """Return the share of the peak that a peer reaches."""
        return self.limit / self.seconds(peer)

    @property
    def share_of_tile(self) -> float:
        """The share of a tile's peak that fastmlp reaches."""
        return self.tile_limit / self.ours

    def times(self, peer: str) -> float:
        """Return how many times longer than fastmlp a peer takes."""
        return self.seconds(peer) / self.ours


def entries(data: dict[str, Any]) -> Iterator[Entry]:
    """Yield what was measured, shape by shape, the fewest cores first."""
    peaks, tiles = ({count: median(several) for count, several in data[name].items()} for name in ("peak", "tile"))
    for name, shape in data["shapes"].items():
        for count, peers in sorted(shape["cores"].items(), key=lambda item: int(item[0])):
            rising = dict(sorted(peers.items(), key=lambda item: median(item[1]["rounds"])))
            limits = shape["flops"] / peaks[count], shape["flops"] / tiles[count]
            yield Entry(name, shape["description"], int(count), *limits, rising)


def who_is_ahead(found: list[Entry]) -> str:
    """Return a sentence that names every shape where a peer is faster, or says that there is none."""
    behind = [one for one in found if one.ahead]
    if not behind:
        return "No peer is ahead of fastmlp at any of these shapes.\n"
    named = (
        f"{one.shape} on {one.where} ({', '.join(f'{peer} by {1 / one.times(peer):.2f}' for peer in one.ahead)})"
        for one in behind
    )
    return f"Peers are ahead of fastmlp at {'; '.join(named)}; elsewhere none is.\n"
