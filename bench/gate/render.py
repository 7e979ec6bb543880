"""A comparison as a table for people, Markdown for a job summary, JSON for machines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from .verdict import Comparison, Estimate, Result, Verdict

BENCHMARKS = ("benchmark", "head / base", "95 % interval", "rounds", "verdict")
CHECKS = ("check", "base", "head", "verdict")
PASSED = {True: "passed", False: "failed", None: str(Verdict.NONE)}
Rows = list[tuple[str, ...]]


def benchmark_rows(comparison: Comparison) -> Rows:
    """Return the cells of the table, a row a benchmark and one for the control."""
    found = [(one.name, *numbers(one.latest), told(one)) for one in comparison.results]
    return [*found, ("control", *numbers(comparison.control), "")]


def check_rows(comparison: Comparison) -> Rows:
    """Return the cells of the second table, a row a check."""
    return [
        (one.name, one.base, one.head, PASSED[one.passed] + (f": {one.note}" if one.note else ""))
        for one in comparison.checks
    ]


def numbers(one: Estimate | None) -> tuple[str, str, str]:
    """Return ratio, interval and number of rounds as text."""
    if one is None:
        return "", "", ""
    interval = f"{one.low:.3f} to {one.high:.3f}" if math.isfinite(one.high) else ""
    return f"{one.ratio:.3f}", interval, str(one.rounds)


def told(result: Result) -> str:
    """Return the verdict with its reason."""
    return f"{result.verdict}: {result.reason}" if result.reason else str(result.verdict)


def summary(comparison: Comparison) -> str:
    """Return the whole in a sentence."""
    counts: dict[str, int] = {}
    for one in comparison.results:
        counts[one.verdict] = counts.get(one.verdict, 0) + 1
    said = ", ".join(f"{count} {word}" for word, count in counts.items()) or "no benchmark was run: no verdict"
    return f"{comparison.head} against {comparison.base}: {said}. {comparison.seconds:.0f} s."


def text(comparison: Comparison) -> str:
    """Return the tables for a terminal."""
    parts = [columns([BENCHMARKS, *benchmark_rows(comparison)])]
    if comparison.checks:
        parts.append(columns([CHECKS, *check_rows(comparison)]))
    return "\n\n".join([*parts, summary(comparison)]) + "\n"


def columns(rows: Rows) -> str:
    """Return cells in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def markdown(comparison: Comparison) -> str:
    """Return the tables for a job summary."""
    parts = [f"**{summary(comparison)}**\n", grid(BENCHMARKS, "---|---:|---:|---:|---", benchmark_rows(comparison))]
    if comparison.checks:
        parts.append(grid(CHECKS, "---|---:|---:|---", check_rows(comparison)))
    return "\n".join(parts)


def grid(head: Sequence[str], rule: str, rows: Rows) -> str:
    """Return a table in Markdown, the first cell of each row as code."""
    lines = [f"| {' | '.join(head)} |", f"|{rule}|"]
    for row in rows:
        first, *rest = (cell.replace("|", "\\|") for cell in row)
        lines.append(f"| `{first}` | {' | '.join(rest)} |")
    return "\n".join(lines) + "\n"


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Return everything, for `json.dumps`."""
    return asdict(comparison) | {"exit_code": comparison.exit_code}
