"""Noiseless checks: results, memory and machine code of base and head.

Both are measured on one machine, so results are compared bit by bit. A change must be declared: the fingerprint that is
committed with head differs from that of base, and head computes what it says.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from typing import Any, NamedTuple

from ..child import die_with_parent
from ..fingerprint import PATH, RENEW, NoFingerprint, compare, fingerprint_of, read
from ..tables import shortened
from .build import Build
from .verdict import Check

Json = dict[str, Any]

FAULTS = ("narrow multiply-adds", "spills", "calls in hot loops", "calls of libm", "calls for memory")
SECONDS = 300  # timeout for the measurements of a revision; ten or so are usual


class Revision(NamedTuple):
    """A revision: its noiseless measurements, and the text of the fingerprint committed with it."""

    facts: Json
    written: str | None


def check_builds(builds: tuple[Build, Build], log: Callable[[str], None]) -> list[Check]:
    """Measure both builds at once by head's `bench.noiseless`, and check them; no checks if no revision has it."""
    if not any((build.suites / "bench" / "noiseless.py").is_file() for build in builds):
        return []
    log("checking results, memory and machine code")
    with ExitStack() as stack:
        asked = [stack.enter_context(ask(one, builds[1])) for one in builds]
        base, head = (Revision(answer(one), written(build)) for one, build in zip(asked, builds, strict=True))
    return check(base, head)


@contextmanager
def ask(build: Build, asking: Build) -> Iterator[subprocess.Popen[str]]:
    """Run the `bench.noiseless` of one revision on the package of another; kill it at the end."""
    process = subprocess.Popen(
        [str(build.python), "-P", "-m", "bench.noiseless"], env=build.environment | {"PYTHONPATH": str(asking.suites)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=die_with_parent,  # noqa: PLW1509  it makes one system call
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def answer(process: subprocess.Popen[str]) -> Json:
    """Return the measurements that a process prints; if it fails, every part holds the reason."""
    try:
        said, complaints = process.communicate(timeout=SECONDS)
        facts: Json = json.loads(said)
    except subprocess.TimeoutExpired:
        why = f"no answer within {SECONDS} s"
    except ValueError:
        why = next(reversed(complaints.strip().splitlines()), f"its process ended ({process.returncode})")
    else:
        return facts
    return {part: {"failed": why} for part in ("machine", "learning", "memory", "assembly")}


def written(build: Build) -> str | None:
    """Return the text of the fingerprint that is committed with a revision."""
    path = build.suites / "bench" / PATH.name
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None


def check(base: Revision, head: Revision) -> list[Check]:
    """Compare two revisions of one machine."""
    return [*_results(base, head), *_machine_code(base.facts["assembly"], head.facts["assembly"])]


def _results(base: Revision, head: Revision) -> Iterator[Check]:
    """Refuse results that differ from the committed fingerprint, or changed while it did not."""
    try:
        now = fingerprint_of(head.facts)
        own = compare(read(head.written), now)
    except NoFingerprint as error:
        yield Check(PATH.name, "", "", None, str(error))
        return
    count = f"{len(now['learning'])} trainings"
    if own.changed:
        yield Check(PATH.name, "", count, passed=False, note=_joined(own.changed, f"if this is meant: {RENEW}"))
    else:
        yield Check(PATH.name, "", count, passed=None if own.unknown else True, note=_joined(own.unknown))
    try:
        before = fingerprint_of(base.facts)
    except NoFingerprint as error:
        yield Check("results", "", _digest(now), None, f"base: {error}")
        return
    found, renewed = compare(before, now), base.written != head.written
    for name, lines, show in (("results", found.learning, _digest), ("memory", found.memory, _bytes)):
        note = "renewed on purpose" if renewed and lines else f"changed, and {PATH.name} was not renewed"
        passed = renewed or not lines
        yield Check(name, show(before), show(now), passed, _joined([note, *lines]) if lines else "")


def _machine_code(base: Json, head: Json) -> Iterator[Check]:
    """Refuse hot loops that are gone, or that spill or call more than those of base.

    Their number may change: a loop that is no longer on full vectors counts as narrow.
    """
    if skipped := head.get("skipped"):
        yield Check("hot loops", "", "", passed=True, note=f"not looked at: {skipped}")
        return
    failed = [f"{name}: {facts['failed']}" for name, facts in (("base", base), ("head", head)) if "failed" in facts]
    if failed:
        yield Check("hot loops", "", "", None, _joined(failed))
        return
    for dtype, found in head.items():
        before, now = base[dtype]["counts"], found["counts"]
        worse = [f"{what}: {before[what]}, now {now[what]}" for what in now if _is_worse(what, before[what], now[what])]
        yield Check(f"hot loops, {dtype}", _loops(before), _loops(now), not worse, _joined(worse))
        took, takes = (f"{one[dtype]['seconds']:.1f} s" for one in (base, head))
        yield Check(f"compiling, {dtype}", took, takes, passed=True)


def _is_worse(what: str, before: int, now: int) -> bool:
    return now > before if what in FAULTS else what == "hot loops" and now == 0 < before


def _loops(counts: Json) -> str:
    return f"{counts['hot loops']}, {counts['instructions']} instructions, {counts['vector instructions']} on vectors"


def _digest(fingerprint: Json) -> str:
    """Hash the bits of all trainings to a few letters."""
    bits = [training["bits"] for training in fingerprint["learning"].values()]
    return sha256(json.dumps(bits, sort_keys=True).encode()).hexdigest()[:12]


def _bytes(fingerprint: Json) -> str:
    return f"{sum(fingerprint['memory'].values()) / 1e6:.2f} MB"


def _joined(lines: list[str], *more: str) -> str:
    return "; ".join([*shortened(lines), *more])
