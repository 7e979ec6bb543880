"""What the gate holds against a revision without a clock: no noise can turn it.

The facts of base and head come from one machine, so what they learn is compared to the bit. A change must be announced:
the fingerprint that is committed with head differs from base's, and head computes what it says.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..fingerprint import RENEW, Comparison, NoFingerprint, compare, fingerprint_of, read, shortened

Json = dict[str, Any]

SAME, RENEWED, REFUSED, NO_VERDICT, SKIPPED = "same", "renewed", "refused", "no verdict", "skipped"
FAULTS = ("narrow multiply-adds", "spills", "calls in hot loops", "calls of libm", "calls for memory")


class Check(NamedTuple):
    """One check: what it is called, what came out, and why, a line each."""

    name: str
    verdict: str
    reasons: list[str]


def check(base: Json, head: Json, base_file: str | None, head_file: str | None) -> list[Check]:
    """Compare two revisions.

    Parameters
    ----------
    base, head
        What `bench.facts` says of each, on one machine.
    base_file, head_file
        The text of the fingerprint that is committed with each; None where there is none.
    """
    return [results(base, head, base_file, head_file), machine_code(base["assembly"], head["assembly"])]


def results(base: Json, head: Json, base_file: str | None, head_file: str | None) -> Check:
    """Refuse a change of what is learnt, or of the memory it takes, that the committed fingerprint does not tell of."""
    name = "results and memory"
    try:
        now = fingerprint_of(head)
        own = compare(read(head_file), now)
        before = compare(fingerprint_of(base), now)
    except NoFingerprint as error:
        return Check(name, NO_VERDICT, [str(error)])
    if own.changed:
        return Check(name, REFUSED, ["head does not compute what its fingerprint says", *_told(own)])
    if own.unknown:
        return Check(name, NO_VERDICT, shortened(own.unknown))
    if before.changed and base_file == head_file:
        return Check(name, REFUSED, ["results change, and the fingerprint was not renewed", *_told(before)])
    if before.changed:
        return Check(name, RENEWED, ["results change, and the fingerprint says so", *shortened(before.changed)])
    return Check(name, SAME, [])


def machine_code(base: Json, head: Json) -> Check:
    """Refuse hot loops that have become fewer, or that spill or call, where base's do not."""
    name = "machine code"
    for revision, facts in (("base", base), ("head", head)):
        if "failed" in facts:
            return Check(name, NO_VERDICT, [f"{revision}: {facts['failed']}"])
        if "skipped" in facts:
            return Check(name, SKIPPED, [facts["skipped"]])
    worse: list[str] = []
    told: list[str] = []
    for dtype, found in head.items():
        before, now = base[dtype]["counts"], found["counts"]
        changes = {
            what: f"{dtype}: {what}: {before[what]}, now {now[what]}" for what in now if before[what] != now[what]
        }
        worse += [line for what, line in changes.items() if _is_worse(what, before[what], now[what])]
        told += changes.values()
        told.append(f"{dtype}: compiling took {base[dtype]['seconds']:.1f} s, takes {found['seconds']:.1f} s")
    return Check(name, REFUSED if worse else SAME, told)


def _is_worse(what: str, before: int, now: int) -> bool:
    return now > before if what in FAULTS else what == "hot loops" and now < before


def _told(found: Comparison) -> list[str]:
    return [*shortened(found.changed), f"if this is meant: {RENEW}"]
