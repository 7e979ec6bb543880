"""Render GATE.md from gate.json alone: the same JSON gives the same text."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from statistics import median
from typing import Any

from ..environment import described
from ..tables import markdown_table
from .verdict import FASTER_BELOW, SAME_FROM, SAME_TO, SLOWER_ABOVE

Row = dict[str, Any]
WORDS = ("slower", "faster", "same", "no verdict")

HEADER = """\
# How often the gate is wrong

Written by `python -m bench gate-power` from `bench/gate.json`; not by hand. The gate compared builds whose difference
is known, one benchmark at a time, {benchmarks} headline benchmarks in turn: the same revision built twice, and that
revision against itself with 5 % and with 10 % of its kernels' work done twice. Every comparison is the gate's own: at
least {least} restarts of both processes, {rounds} rounds A B B A of {sample:.0f} ms a sample in each, and what is
alarming measured again by fresh processes. *Loaded* means that another process multiplies matrices and moves memory on
the other core all the while. Rates have exact 95 % intervals (Clopper and Pearson).

What was measured of a benchmark that is no headline one any more stands last, and does not count.

*Slower* is a whole interval above {slower}, twice; *faster* one below {faster:.3f}, twice; *same* one inside
{same_from} to {same_to}. A run over all headline benchmarks adjusts for their number (Holm), which takes more rounds.

{machine} Revision {revision}.
"""

RATIOS = """\
## Ratios

The extra work is counted, in updates and rows; it adds nothing to what surrounds a benchmark's kernels.

"""

CLOCKS = """\
## Clocks

On identical builds every ratio should be 1. How far it is from it, by the clock that the gate reads and by
the wall's, which also counts what the machine gave to others:

"""

BENCHMARKS = """\
## By benchmark

Quiet and loaded together: false alarms or catches, of how many comparisons, and the median ratio.

"""


def render(data: dict[str, Any]) -> str:
    """Return the Markdown of a measurement, complete or not."""
    rows: list[Row] = data["comparisons"]
    rule = data["rule"]
    header = HEADER.format(
        benchmarks=len({row["benchmark"] for row in rows}),
        least=rule["least"],
        rounds=rule["rounds"],
        sample=rule["sample"] / 1e6,
        slower=SLOWER_ABOVE,
        faster=FASTER_BELOW,
        same_from=SAME_FROM,
        same_to=SAME_TO,
        machine=described(data["machine"]),
        revision=data["revision"][:12],
    )
    parts = [header, verdicts("Verdicts", rows), ratios(rows), clocks(rows), benchmarks(rows)]
    for name, left in data.get("left_out", {}).items():
        parts.append(verdicts(f"Left out: `{name}`", left))
    return "\n".join(parts)


def kinds(rows: list[Row]) -> list[tuple[str, float, list[Row]]]:
    """Return the rows by condition, quiet first, and extra work."""
    found = sorted({(row["condition"] != "quiet", row["condition"], row["extra"]) for row in rows})
    return [
        (condition, extra, [row for row in rows if (row["condition"], row["extra"]) == (condition, extra)])
        for _, condition, extra in found
    ]


def verdicts(title: str, rows: list[Row]) -> str:
    """Return the table of verdicts: their counts, and the rate of false alarms or of caught slowdowns."""
    head = ("", "extra work", "comparisons", *WORDS, "", "rate, 95 % interval")
    cells = []
    for condition, extra, mine in kinds(rows):
        counts = Counter(row["verdict"] for row in mine)
        rated = ("caught" if extra else "false alarms", rate(alarms(mine, extra), len(mine)))
        cells.append((condition, work(extra), str(len(mine)), *(str(counts[word]) for word in WORDS), *rated))
    return f"## {title}\n\n" + markdown_table(head, "lrr" + "r" * len(WORDS) + "ll", cells)


def ratios(rows: list[Row]) -> str:
    """Return the table of ratios, and of the time that a comparison takes."""
    head = ("", "extra work", "median ratio", "5 % to 95 % of the ratios", "median half interval", "median rounds")
    cells = []
    for condition, extra, mine in kinds(rows):
        if known := [row for row in mine if row["first"]]:
            ratio = sorted(row["first"][0] for row in known)
            half = median((row["first"][2] - row["first"][1]) / 2 for row in known)
            rounds = median(row["first"][4] + (row["again"] or [0] * 5)[4] for row in known)
            spread = f"{quantile(ratio, 0.05):.3f} to {quantile(ratio, 0.95):.3f}"
            seconds = f"{median(row['seconds'] for row in known):.1f}"
            cells.append(
                (condition, work(extra), f"{median(ratio):.3f}", spread, f"{half:.3f}", f"{rounds:.0f}", seconds)
            )
    return RATIOS + markdown_table((*head, "median s"), "lrrrrrr", cells)


def clocks(rows: list[Row]) -> str:
    """Return the table of errors on identical builds by CPU time and by wall time: why CPU time counts."""
    head = ("", "processor, median", "processor, 95 %", "wall, median", "wall, 95 %")
    cells = [
        (condition, *strays(mine, lambda row: row["first"] and row["first"][0]), *strays(mine, lambda row: row["wall"]))
        for condition, extra, mine in kinds(rows)
        if not extra
    ]
    return CLOCKS + markdown_table(head, "lrrrr", cells)


def strays(rows: list[Row], ratio: Callable[[Row], float | None]) -> list[str]:
    """Return the median and the 95 % quantile of the distance of ratios from 1."""
    far = sorted(abs(math.log(value)) for row in rows if (value := ratio(row)))
    return [f"{100 * median(far):.2f} %", f"{100 * quantile(far, 0.95):.2f} %"] if far else ["", ""]


def benchmarks(rows: list[Row]) -> str:
    """Return the table by benchmark, both conditions together."""
    extras = sorted({row["extra"] for row in rows})
    cells = []
    for name in dict.fromkeys(row["benchmark"] for row in rows):
        of_benchmark = [[row for row in rows if (row["benchmark"], row["extra"]) == (name, extra)] for extra in extras]
        cells.append((f"`{name}`", *map(alarms_and_ratio, of_benchmark, extras)))
    return BENCHMARKS + markdown_table(("", *map(work, extras)), "l" * (1 + len(extras)), cells)


def alarms(rows: list[Row], extra: float) -> int:
    """Count the slowdowns that were caught, or the false alarms where there is none."""
    alarming = {"slower"} if extra else {"slower", "faster"}
    return sum(row["verdict"] in alarming for row in rows)


def alarms_and_ratio(rows: list[Row], extra: float) -> str:
    """Return alarms of how many comparisons, and the median ratio."""
    known = [row["first"][0] for row in rows if row["first"]]
    return f"{alarms(rows, extra)} of {len(rows)}" + (f", {median(known):.3f}" if known else "")


def work(extra: float) -> str:
    """Return the share of extra work as text."""
    return f"{extra:.0%}" if extra else "none"


def rate(hits: int, total: int) -> str:
    """Return a rate with its exact interval."""
    from scipy.stats import binomtest

    low, high = binomtest(hits, total).proportion_ci(0.95, method="exact")
    return f"{hits} of {total}: {hits / total:.1%}, {low:.1%} to {high:.1%}"


def quantile(values: list[float], share: float) -> float:
    """Return a quantile of sorted values."""
    return values[min(len(values) - 1, max(0, math.ceil(share * len(values)) - 1))]
