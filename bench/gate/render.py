"""A comparison as a table for people, Markdown for a job summary, JSON for machines."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from ..tables import columns, markdown_table
from .verdict import Comparison, Estimate, Result, Verdict

BENCHMARKS = ("benchmark", "head / base", "95 % interval", "rounds", "verdict")
CHECKS = ("check", "base", "head", "verdict")
PASSED = {True: "passed", False: "failed", None: str(Verdict.NONE)}
Rows = list[tuple[str, ...]]


def benchmark_rows(comparison: Comparison) -> Rows:
    """Return the cells of the first table: one row per benchmark, and one for the control."""
    rows = [(one.name, *numbers(one.latest), with_reason(one)) for one in comparison.results]
    return [*rows, ("control", *numbers(comparison.control), "")]


def check_rows(comparison: Comparison) -> Rows:
    """Return the cells of the second table: one row per check."""
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


def with_reason(result: Result) -> str:
    """Return the verdict with its reason."""
    return f"{result.verdict}: {result.reason}" if result.reason else str(result.verdict)


def summary(comparison: Comparison) -> str:
    """Return the outcome in one line: what decides the exit code first, then the counts."""
    counted = [f"benchmarks: {counts(str(one.verdict) for one in comparison.results)}"]
    if comparison.checks:
        counted.append(f"checks: {counts(PASSED[one.passed] for one in comparison.checks)}")
    builds = f"{comparison.head} against {comparison.base}"
    return f"{comparison.conclusion}. {builds}: {'; '.join(counted)}. {comparison.seconds:.0f} s."


def counts(words: Iterable[str]) -> str:
    """Return how often each word occurs, as text."""
    return ", ".join(f"{count} {word}" for word, count in Counter(words).items()) or "none"


def text(comparison: Comparison) -> str:
    """Return the tables for a terminal; the last line is the summary."""
    parts = [columns([BENCHMARKS, *benchmark_rows(comparison)])]
    if comparison.checks:
        parts.append(columns([CHECKS, *check_rows(comparison)]))
    return "\n\n".join([*parts, summary(comparison)]) + "\n"


def markdown(comparison: Comparison) -> str:
    """Return the tables for a job summary; the first line is the summary."""
    parts = [f"**{summary(comparison)}**\n", markdown_table(BENCHMARKS, "lrrrl", as_code(benchmark_rows(comparison)))]
    if comparison.checks:
        parts.append(markdown_table(CHECKS, "lrrl", as_code(check_rows(comparison))))
    return "\n".join(parts)


def as_code(rows: Rows) -> Rows:
    """Set the first cell of each row as code."""
    return [(f"`{first}`", *rest) for first, *rest in rows]


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Return everything, for `json.dumps`; exit code and conclusion first."""
    return {"exit_code": comparison.exit_code, "conclusion": comparison.conclusion} | asdict(comparison)
