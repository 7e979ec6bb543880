"""Strategies against scratch, by the number of source examples for each target label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypedDict

from ....stats import paired_family
from ...grid import PLAIN, Row, paired
from ...pairs import Difference, difference_of
from ...study import Study

__all__ = ["Line", "Numbers", "numbers"]

SHOWN = "finetune"

Key = tuple[str, int, str]  # problem, labels and strategy


class Line(TypedDict):
    """One strategy on one problem: its difference from scratch at each ratio, and from the smallest to the largest.

    `differences` are in the order of `Numbers.ratios`, None where the source has too few examples. `more` is the
    accuracy with the largest source minus that with the smallest; None with a single ratio.
    """

    problem: str
    n_target: int
    strategy: str
    differences: list[Difference | None]
    largest: int | None
    more: Difference | None


class Numbers(TypedDict):
    """All lines; differences from scratch are one family of comparisons, and what more examples bring another.

    `better` and `worse` count the lines on which more examples are better and worse, of `tested`. `drawn` is the
    strategy that the figure shows, with the number of labels that has most lines.
    """

    ratios: list[int]
    lines: list[Line]
    tested: int
    better: int
    worse: int
    drawn: list[Line]


def numbers(study: Study) -> Numbers | None:
    """Return the numbers of the chapter, or None where no source was made smaller."""
    by_line: dict[Key, dict[int, dict[int, Row]]] = {}
    for row in study.smaller_sources:
        ratio, seeds = row["replicate"] // row["n_target"], by_line.setdefault(_key(row), {})
        seeds.setdefault(ratio, {})
        if row["status"] == "ok":
            seeds[ratio][row["seed"]] = row
    if not by_line or PLAIN not in study.grid.strategies:
        return None
    ratios = sorted({ratio for seeds in by_line.values() for ratio in seeds})
    cells = [(key, ratio) for key, seeds in by_line.items() for ratio in sorted(seeds)]
    scratch = {(p, n): study.grid.ok(p, PLAIN, n) for p, n, _ in by_line}
    against = _tested(study, [(by_line[key][ratio], scratch[key[:2]]) for key, ratio in cells])
    found = dict(zip(cells, against, strict=True))
    several = [key for key, seeds in by_line.items() if len(seeds) > 1]
    more = _tested(study, [(by_line[key][max(by_line[key])], by_line[key][min(by_line[key])]) for key in several])
    gains = dict(zip(several, more, strict=True))
    verdicts = [gain["verdict"] for gain in more if gain["p_different"] is not None]
    lines = [_line(key, by_line[key], ratios, found, gains.get(key)) for key in by_line]
    return {
        "ratios": ratios,
        "lines": lines,
        "tested": len(verdicts),
        "better": verdicts.count("better"),
        "worse": verdicts.count("worse"),
        "drawn": _drawn(lines),
    }


def _drawn(lines: Sequence[Line]) -> list[Line]:
    """Return the lines of one strategy with one number of labels: fine-tuning, if it is among them."""
    strategies = [line["strategy"] for line in lines]
    shown = SHOWN if SHOWN in strategies else strategies[0]
    mine = [line for line in lines if line["strategy"] == shown]
    (n, _), *_ = Counter(line["n_target"] for line in mine).most_common(1)
    return [line for line in mine if line["n_target"] == n]


def _key(row: Row) -> Key:
    return row["problem"], row["n_target"], row["strategy"]


def _tested(study: Study, sides: Sequence[tuple[dict[int, Row], dict[int, Row]]]) -> list[Difference]:
    """Return paired differences, tested together."""
    return [difference_of(d) for d in paired_family([paired(*both) for both in sides], margin=study.margin)]


def _line(
    key: Key,
    seeds: dict[int, dict[int, Row]],
    ratios: Sequence[int],
    found: dict[tuple[Key, int], Difference],
    more: Difference | None,
) -> Line:
    return {
        "problem": key[0],
        "n_target": key[1],
        "strategy": key[2],
        "differences": [found.get((key, ratio)) for ratio in ratios],
        "largest": max(seeds),
        "more": more,
    }
