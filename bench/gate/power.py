"""How often the gate is wrong on this machine: many comparisons of builds whose difference is known.

The builds are made once: a base, the same revision again, and that revision with 5 % and with 10 % of its kernels'
work done twice (`inject`). Each comparison is of one benchmark, with fresh processes and confirmation as in the gate.
Finished comparisons are saved at once and not repeated.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fastmlp.files import write_whole

from ..child import die_with_parent
from ..environment import circumstances
from .build import FIXED, Build, GateError, Wanted, build_all, resolve
from .compare import Log, Settings, compare, warm
from .isolation import scratch_folder
from .selection import HEADLINE
from .verdict import RULE, Estimate

DISTRIBUTIONS = ("fastmlp", "numba", "llvmlite", "numpy")
QUIET, LOADED = "quiet", "loaded"
COUNTS = {QUIET: {0.0: 200, 0.05: 40, 0.1: 40}, LOADED: {0.0: 100, 0.05: 40, 0.1: 40}}
LOAD = Path(__file__).with_name("load.py")


class OtherRuleError(GateError):
    """The file was measured by another rule."""


@dataclass(frozen=True)
class Task:
    """One comparison: its condition, the share of extra work in the head, and its number among those of its kind."""

    condition: str
    extra: float
    number: int

    @property
    def benchmark(self) -> str:
        """The headline benchmarks in turn."""
        return HEADLINE[self.number % len(HEADLINE)]


def tasks(conditions: list[str], limit: int | None) -> Iterator[Task]:
    """Yield all comparisons, with the kinds evenly mixed, so that a drift of the machine affects all kinds."""
    for condition in conditions:
        counts = {extra: min(count, limit or count) for extra, count in COUNTS[condition].items()}
        spread = [((number + 0.5) / count, extra, number) for extra, count in counts.items() for number in range(count)]
        yield from (Task(condition, extra, number) for _, extra, number in sorted(spread))


def measure(repository: Path, file: Path, conditions: list[str], limit: int | None, core: int, log: Log) -> None:
    """Run the comparisons that are not in the file yet.

    Raises
    ------
    OtherRuleError
        If those in the file were measured by another rule.
    """
    settings = Settings(core)
    data = read(file, settings)
    done = {(one["condition"], one["extra"], one["number"]) for one in data["comparisons"]}
    left = [task for task in tasks(conditions, limit) if (task.condition, task.extra, task.number) not in done]
    if not left:
        return
    revision = resolve(repository, "HEAD")
    extras = sorted({task.extra for task in left})
    with scratch_folder() as folder:
        log("building")
        wanted = [Wanted("base", revision), *(Wanted("head", revision, extra) for extra in extras)]
        base, *heads = build_all(repository, wanted, folder)
        log("filling the compile caches")
        warm([base, *heads], HEADLINE)
        data["machine"], data["revision"] = circumstances(*DISTRIBUTIONS), revision
        pairs = {extra: (base, head) for extra, head in zip(extras, heads, strict=True)}
        for condition in conditions:
            mine = [task for task in left if task.condition == condition]
            with load(core) if condition == LOADED else nullcontext():
                for place, task in enumerate(mine):
                    data["comparisons"].append(compared(task, pairs[task.extra], settings))
                    save(file, data)
                    log(f"{place + 1} of {len(mine)}: {described(data['comparisons'][-1])}")


def compared(task: Task, builds: tuple[Build, Build], settings: Settings) -> dict[str, Any]:
    """Run one comparison; return its row."""
    begun = time.monotonic()
    (result,), control = compare(builds, [task.benchmark], settings, lambda _: None)
    return {
        **asdict(task),
        "benchmark": task.benchmark,
        "verdict": str(result.verdict),
        "reason": result.reason,
        "first": figures(result.first),
        "again": figures(result.again),
        "wall": result.wall and round(result.wall, 5),
        "control": figures(control),
        "seconds": round(time.monotonic() - begun, 2),
    }


def figures(one: Estimate | None) -> list[float] | None:
    """Return ratio, interval, restarts and rounds."""
    return None if one is None else [*(round(x, 5) for x in (one.ratio, one.low, one.high)), one.restarts, one.rounds]


def described(row: dict[str, Any]) -> str:
    """Return a comparison in one line."""
    ratio = row["first"][0] if row["first"] else "none"
    what = f"{row['condition']}, {row['extra']:.0%} more work, {row['benchmark']}"
    return f"{what}: {ratio}, {row['verdict']} {row['reason']}, {row['seconds']} s"


@contextmanager
def load(core: int) -> Iterator[None]:
    """Keep another core busy.

    Raises
    ------
    GateError
        If there is no other.
    """
    others = sorted(os.sched_getaffinity(0) - {core})
    if not others:
        raise GateError("there is no other core to load")
    command = [sys.executable, "-P", str(LOAD), str(others[0])]
    process = subprocess.Popen(command, env=os.environ | FIXED, preexec_fn=die_with_parent)  # noqa: PLW1509
    try:
        yield
    finally:
        process.kill()
        process.wait()


def read(file: Path, settings: Settings) -> dict[str, Any]:
    """Return the earlier measurements, or an empty file."""
    rule = {**RULE, **asdict(settings)}
    if not file.exists():
        return {"rule": rule, "machine": {}, "revision": "", "comparisons": []}
    data: dict[str, Any] = json.loads(file.read_text())
    if data["rule"] != rule:
        raise OtherRuleError(f"{file} was measured by another rule; move it away to begin anew")
    return data


def save(file: Path, data: dict[str, Any]) -> None:
    """Write the file, one line per comparison."""
    head = {key: value for key, value in data.items() if key != "comparisons"}
    rows = ",\n".join(json.dumps(row) for row in data["comparisons"])
    write_whole(file, [(json.dumps(head, indent=1)[:-2] + f',\n "comparisons": [\n{rows}\n]}}\n').encode()])
