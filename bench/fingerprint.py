"""The fingerprint: losses, parameters and memory of fixed trainings, stored in fingerprint.json.

``python -m bench fingerprint`` compares the results of this checkout with the file; ``--renew`` rewrites the file,
which declares a change of results as intended. Numbers are compared within a tolerance that other processors and
libraries stay in; on the machine that wrote the file, they are compared bit by bit.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastmlp.files import write_whole

from .exit_codes import CHECK_FAILED, NO_VERDICT, PASSED
from .tables import shortened

Json = dict[str, Any]

PATH = Path(__file__).with_name("fingerprint.json")
# Relative. AVX-512 and AVX2 give the same bits; vectors without fused multiply-adds and the NumPy reference come within
# 3e-6 and 5e-15. A rate that is off by one part in ten thousand, or a decay by one in a thousand, moves a loss further.
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
MORE_MEMORY, SLACK = 1.05, 4096  # a growth beyond both is a change; Python's own objects vary by some hundred bytes
RENEW = "python -m bench fingerprint --renew"


class NoFingerprint(Exception):
    """No fingerprint can be compared; the message says why."""


@dataclass
class Comparison:
    """What differs and what could not be compared, one line each."""

    learning: list[str] = field(default_factory=list)
    memory: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def changed(self) -> list[str]:
        """All that differs."""
        return [*self.learning, *self.memory]


def fingerprint_of(facts: Json) -> Json:
    """Return the part of a revision's measurements that is stored: `machine`, `learning`, `memory`.

    Raises
    ------
    NoFingerprint
        If a part failed or holds a number that is not finite.
    """
    for part in ("machine", "learning", "memory"):
        if failed := facts[part].get("failed"):
            raise NoFingerprint(f"no {part}: {failed}")
    learning = {
        name: {key: own[key] for key in ("losses", "length")}
        | {"bits": {backend: found[name]["bits"] for backend, found in facts["learning"].items()}}
        for name, own in facts["learning"]["numba"].items()
    }
    return checked({"machine": facts["machine"], "learning": learning, "memory": facts["memory"]})


def read(text: str | None) -> Json:
    """Read a stored fingerprint.

    Raises
    ------
    NoFingerprint
        If there is none, or it is incomplete or of another kind.
    """
    if text is None:
        raise NoFingerprint(f"there is no {PATH.name}")
    try:
        return checked(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoFingerprint(f"{PATH.name} cannot be read: {error}") from error


def checked(fingerprint: Json) -> Json:
    """Return a fingerprint if it holds trainings, and only finite numbers."""
    for name, training in fingerprint["learning"].items():
        if not all(math.isfinite(number) for number in _numbers(training)):
            raise NoFingerprint(f"{name}: not a number among its losses")
    if not (fingerprint["learning"] and fingerprint["memory"] and fingerprint["machine"]):
        raise NoFingerprint("no training was done")
    return fingerprint


def compare(old: Json, new: Json) -> Comparison:
    """Compare two fingerprints: bit by bit if they are of one machine, else within the tolerance."""
    found, here = Comparison(), old["machine"] == new["machine"]
    for part in ("learning", "memory"):
        found.unknown += [
            f"{name}: new, there is nothing to compare with" for name in new[part] if name not in old[part]
        ]
        found.unknown += [f"{name}: gone" for name in old[part] if name not in new[part]]
    for name in (name for name in old["learning"] if name in new["learning"]):
        found.learning += _learning(name, old["learning"][name], new["learning"][name], exactly=here)
    if old["machine"]["vectors"] == new["machine"]["vectors"]:  # buffers are padded to whole vectors
        found.memory += _memory(old["memory"], new["memory"])
    return found


def _learning(name: str, old: Json, new: Json, *, exactly: bool) -> Iterator[str]:
    """Describe the first difference between two runs of a training."""
    tolerance = TOLERANCE[name.rpartition(", ")[2]]
    names = [*(f"loss of epoch {epoch}" for epoch in range(1, len(old["losses"]) + 1)), "length of the parameters"]
    if len(old["losses"]) != len(new["losses"]):
        yield f"{name}: {len(old['losses'])} epochs before, now {len(new['losses'])}"
        return
    for what, before, now in zip(names, _numbers(old), _numbers(new), strict=True):
        if not math.isclose(before, now, rel_tol=tolerance):
            yield f"{name}: {what} was {before:.9g}, is {now:.9g}"
            return
    backends = [backend for backend, bits in old["bits"].items() if new["bits"].get(backend) != bits]
    if exactly and backends:
        yield f"{name}: the last bits are others, on {' and '.join(backends)}"


def _memory(old: Json, new: Json) -> Iterator[str]:
    for name in (name for name in old if name in new):
        if new[name] > max(MORE_MEMORY * old[name], old[name] + SLACK):
            yield f"{name}: a training took {old[name]} bytes, takes {new[name]}"


def _numbers(training: Json) -> list[float]:
    return [*training["losses"], training["length"]]


def to_text(fingerprint: Json) -> str:
    """Return it as JSON with one line per training, so that a diff shows which training changed."""

    def lines(part: Json) -> str:
        return ",\n".join(f"  {json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in part.items())

    parts = ",\n".join(f" {json.dumps(name)}: {{\n{lines(part)}\n }}" for name, part in fingerprint.items())
    return f"{{\n{parts}\n}}\n"


def add_to(commands: Any) -> None:
    """Add the command to a parser."""
    command = commands.add_parser(
        "fingerprint", help="compare results with the stored fingerprint", description=__doc__
    )
    command.add_argument("--renew", action="store_true", help="store the results of this checkout")
    command.set_defaults(run=lambda options: run(renew=options.renew))


def run(*, renew: bool, path: Path = PATH, measure: Callable[[], Json] | None = None) -> int:
    """Compare the results of this checkout with the stored ones, or store them.

    Parameters
    ----------
    renew
        Store the results.
    path
        The stored fingerprint.
    measure
        Returns the measurements; by default it trains with the fastmlp that is imported here.

    Returns
    -------
    int
        0 if nothing changed, 1 if something did, 5 if that is unknown.
    """
    try:
        new = fingerprint_of((measure or results_of_this_checkout)())
        if renew:
            write_whole(path, [to_text(new).encode()])
            sys.stdout.write(f"{path} is renewed: {len(new['learning'])} trainings\n")
            return PASSED
        found = compare(read(path.read_text(encoding="utf-8") if path.exists() else None), new)
    except NoFingerprint as error:
        found = Comparison(unknown=[str(error)])
    sys.stdout.write(report(found))
    return CHECK_FAILED if found.changed else NO_VERDICT if found.unknown else PASSED


def results_of_this_checkout() -> Json:
    """Measure what is stored: everything but the machine code."""
    from .noiseless import PARTS, gather  # imports the package that is measured

    return gather([part for part in PARTS if part != "assembly"])


def report(found: Comparison) -> str:
    """Return the outcome as text, and the command for an intended change."""
    parts = (("changed", found.changed), ("no verdict", found.unknown))
    lines = [f"{word}: {line}" for word, lines in parts for line in shortened(lines)]
    if found.changed:
        lines.append(f"If this is meant: {RENEW}, and commit {PATH.name}")
    return "\n".join(lines or ["fixed trainings learn what is written down"]) + "\n"
