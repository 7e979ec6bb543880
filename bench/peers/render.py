"""Render PEERS.md from peers.json alone: the same JSON gives the same text."""

from __future__ import annotations

from statistics import median
from typing import Any

from ..environment import described
from ..tables import markdown_table
from .figures import OURS, Entry, entries, who_is_ahead

HEADER = """\
# fastmlp and its peers

Written by `python -m bench.peers` from `bench/peers.json`; not by hand. float32; every peer in a process of its own,
{rounds} interleaved rounds. On one core all are pinned to the same, each with one thread, and a time is in seconds of
the processor, which are those of the wall less what the machine gave to others. Where a network is wide it is measured
on all cores too: each library may have as many threads as there are cores, of which fastmlp takes one where steps are
small, and a time is in seconds of the wall. A time is the median over rounds of a round's median, with the range beside
it. *Share of peak* is the useful matrix work of the training over what the cores can do, as measured in the same rounds
by fused multiply-adds on registers alone: {peaks}.
*Of a tile* is its share of what a register tile does whose numbers lie in the nearest cache, which no product of these
kernels can beat: {tiles}.
Its loads draw power, for which a processor may lower its clock.

Compiling is not in the times: *first* is what a process waits for its first training of that shape, compiling and
importing included; fastmlp's machine code came from its cache on disk. Accuracy is on 2000 held-out examples. JAX vmap
trains several networks in one call, and its time is that of one. scikit-learn draws a start and an order of its own;
all others share theirs, and arrive at the same network but for rounding.

{machine}
"""

THROUGHPUT = """\
## Throughput

The lab's shape on threads, and a study of its four networks with 500 seeds, from first dispatch to last
commit: pretrained, trained, judged, stored. *Over the trainings* is its time over what the trainings alone
took, shared among the cores.

"""


def render(data: dict[str, Any]) -> str:
    """Return the Markdown of a run."""
    found = list(entries(data))
    peaks, tiles = (by_cores(data[name]) for name in ("peak", "tile"))
    header = HEADER.format(rounds=data["rounds"], peaks=peaks, tiles=tiles, machine=described(data))
    parts = [header, overview(found), *map(table, found), *missing(data["missing"]), throughput(data["throughput"])]
    return "\n".join(parts)


def by_cores(peaks: dict[str, list[float]]) -> str:
    """Return the medians of what was measured on each number of cores."""
    return ", ".join(
        f"{median(several) / 1e9:.0f} GFLOP/s on {count} core{'s' * (count != '1')}" for count, several in peaks.items()
    )


def overview(found: list[Entry]) -> str:
    """Return one table of all shapes, and a sentence on where others are ahead."""
    alone = {one.shape: one.ours for one in found if one.cores == 1}
    rows = [
        (
            *(one.shape, str(one.cores), milliseconds(one.ours), f"{one.share(OURS):.3f}", f"{one.share_of_tile:.3f}"),
            f"{alone[one.shape] / one.ours:.2f}" if one.cores > 1 and one.shape in alone else "",
            *((one.fastest, milliseconds(one.seconds(one.fastest)), f"{one.times(one.fastest):.2f}") if one.fastest
              else ("none", "", "")),
        )
        for one in found
    ]  # fmt: skip
    head = ("shape", "cores", "fastmlp, ms", "share of peak", "of a tile", "times as fast as on 1", "fastest peer")
    return f"{markdown_table((*head, 'its ms', 'fastmlp is faster by'), 'lrrrrrlrr', rows)}\n{who_is_ahead(found)}"


def short_form(data: dict[str, Any]) -> str:
    """Return the guide's table: fastmlp's share of the peak, how many times as long others take, and who is ahead."""
    found = list(entries(data))
    others = list(dict.fromkeys(peer for one in found for peer in one.peers if peer != OURS))
    others.sort(key=list(found[0].peers).index)
    rows = [
        (
            *(f"{one.shape}, {one.description.split(',')[0]}", str(one.cores), f"{one.share(OURS):.0%}"),
            *(f"{one.times(peer):.3g}" if peer in one.peers else "" for peer in others),
        )
        for one in found
    ]
    head = ("network", "cores", "share of the peak", *others)
    return f"{markdown_table(head, 'lrr' + 'r' * len(others), rows)}\n{who_is_ahead(found)}"


def table(one: Entry) -> str:
    """Return a shape's table on a number of cores, the fastest first."""
    title = (
        f"## {one.shape} on {one.where}: {one.description}\n\nAt the peak this takes {milliseconds(one.limit)} ms.\n\n"
    )
    rows = []
    for peer, numbers in one.peers.items():
        spread = f"{milliseconds(min(numbers['rounds']))} to {milliseconds(max(numbers['rounds']))}"
        ratios = (f"{one.share(peer):.3f}", f"{one.times(peer):.2f}")
        rest = (f"{numbers['accuracy']:.3f}", f"{numbers['first_seconds']:.2f}")
        rows.append((peer, milliseconds(one.seconds(peer)), spread, *ratios, *rest))
    head = ("", "ms a training", "range", "share of peak", "fastmlp is faster by", "held-out accuracy", "first, s")
    return title + markdown_table(head, "lrrrrrr", rows)


def milliseconds(seconds: float) -> str:
    """Return seconds as milliseconds with three digits."""
    return f"{seconds * 1e3:.3g}" if seconds < 1 else f"{seconds * 1e3:.0f}"


def missing(places: dict[str, dict[str, str]]) -> list[str]:
    """Return who is missing and why, a line for each number of cores that lacks others than the first does."""
    lines, known = [], set[str]()
    for count, peers in places.items():
        if new := [f"{name} ({why})" for name, why in peers.items() if name not in known]:
            lines.append(f"Missing on {count} core{'s' * (count != '1')}: {'; '.join(new)}.\n")
        known |= set(peers)
    return lines


def throughput(numbers: dict[str, dict[str, float]]) -> str:
    """Return the table of trainings per second."""
    rows: list[tuple[str, ...]] = [
        (cores, f"{one['kernels']:.0f}", f"{one['trainings_a_second']:.0f}", f"{one['overhead']:.2f}")
        for cores, one in numbers.items()
    ]
    one, two = numbers.get("1"), numbers.get("2")
    if one and two:
        ratios = [two[name] / one[name] for name in ("kernels", "trainings_a_second")]
        rows.append(("2 over 1", *(f"{ratio:.2f}" for ratio in ratios), ""))
    head = ("cores", "kernels, trainings a second", "study, trainings a second", "over the trainings")
    return THROUGHPUT + markdown_table(head, "rrrr", rows)
