"""Render PEERS.md from peers.json alone: the same JSON gives the same text."""

from __future__ import annotations

from statistics import median
from typing import Any

from ..environment import described
from ..tables import markdown_table

HEADER = """\
# fastmlp and its peers

Written by `python -m bench.peers` from `bench/peers.json`; not by hand. One core, one thread, float32; every peer in a
process of its own, all pinned to the same core, {rounds} interleaved rounds. A time is the median over rounds of a
round's median, with the range beside it, in seconds of the processor, which are those of the wall less what the machine
gave to others. *Share* is the useful matrix work of the training over what the core can do, as measured in the same
rounds by fused multiply-adds on registers alone: {peak:.0f} GFLOP/s. Compiling is not in the times: *first* is what a
process waits for its first training of that shape, compiling and importing included; fastmlp's machine code came from
its cache on disk. Accuracy is on 2000 held-out examples. scikit-learn draws a start and an order of its own; all others
share theirs, and arrive at the same network but for rounding.

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
    peak = median(data["peak"])
    parts = [HEADER.format(rounds=data["rounds"], peak=peak / 1e9, machine=described(data))]
    parts += [table(name, shape, peak) for name, shape in data["shapes"].items()]
    if data["missing"]:
        parts.append("Missing: " + "; ".join(f"{name} ({why})" for name, why in data["missing"].items()) + ".\n")
    parts.append(throughput(data["throughput"]))
    return "\n".join(parts)


def short_form(data: dict[str, Any]) -> str:
    """Return the README's table: how many times longer each peer takes, and fastmlp's share of the peak."""
    peak, shapes = median(data["peak"]), data["shapes"].values()
    ours = [median(shape["peers"]["fastmlp"]["rounds"]) for shape in shapes]
    shares = [shape["flops"] / peak / seconds for shape, seconds in zip(shapes, ours, strict=True)]
    rows = [("fastmlp, share of the core's peak", *(f"{share:.0%}" for share in shares))]
    for peer in next(iter(shapes))["peers"]:
        if peer != "fastmlp":
            times = [median(shape["peers"][peer]["rounds"]) / own for shape, own in zip(shapes, ours, strict=True)]
            rows.append((f"{peer}, times as long", *(f"{ratio:.3g}" for ratio in times)))
    head = ("", *(shape["description"].split(",")[0] for shape in shapes))
    return markdown_table(head, "l" * len(head), rows)


def table(name: str, shape: dict[str, Any], peak: float) -> str:
    """Return one shape's table, the fastest peer first."""
    limit = shape["flops"] / peak
    title = f"## {name}: {shape['description']}\n\nAt the peak this takes {limit * 1e3:.3g} ms.\n\n"
    ours = median(shape["peers"]["fastmlp"]["rounds"])
    rows = []
    for peer, numbers in sorted(shape["peers"].items(), key=lambda item: median(item[1]["rounds"])):
        seconds = median(numbers["rounds"])
        spread = f"{min(numbers['rounds']) * 1e3:.3g} to {max(numbers['rounds']) * 1e3:.3g}"
        ratios = (f"{limit / seconds:.3f}", f"{seconds / ours:.2f}")
        rest = (f"{numbers['accuracy']:.3f}", f"{numbers['first_seconds']:.2f}")
        rows.append((peer, f"{seconds * 1e3:.3g}", spread, *ratios, *rest))
    head = ("", "ms a training", "range", "share of peak", "fastmlp is faster by", "held-out accuracy", "first, s")
    return title + markdown_table(head, "lrrrrrr", rows)


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
