"""The identity of a study's results: what two folders must have in common for their records to be of one study.

It is noted in the store as one flat JSON object, so that folders can be compared where neither the data nor the
kernels are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..datasets import hash_of
from ..machine import version_of
from ..problems import NEEDS
from .environment import Environment, capture_environment
from .plan import dependencies, digest
from .settings.schema import Settings
from .store.schema import PROTOCOL

NOTE = "identity"  # its name among the store's notes
# Of a problem's data; where files are does not matter: hashes of data are settings, of measures notes
PATHS = ("source", "target", "pretrained", "weights")


def describe_identity(settings: Settings, environment: Environment) -> dict[str, str]:
    """Return protocol, backend, fingerprints of kernels and data, and versions, by names that a message can quote."""
    data = {name: dependencies(settings.problem(name), 0, settings, environment).both for name in settings.all_problems}
    return {
        "protocol": str(PROTOCOL),
        "backend": environment.backend,
        **{f"{kind} kernels": found for kind, found in environment.kernels.items()},
        **{f"version of {library}": version for library, version in environment.versions.items()},
        **{f"measure {name}": found for name, found in environment.measures.items()},
        **{f"data of {name}": digest(what="data", both=both)[:12] for name, both in data.items()},
    }


@dataclass(frozen=True)
class EnvironmentCheck:
    """A function that tells on another machine what results depend on there. It can be pickled.

    Parameters
    ----------
    settings, backend
        The study's.
    """

    settings: Settings
    backend: str

    def __call__(self) -> dict[str, str]:
        """Return the same as here if, and only if, this machine computes the same."""
        environment = capture_environment(self.settings, self.backend)
        return {
            "version of fastmlp": version_of("fastmlp"),
            "protocol": str(PROTOCOL),
            **{f"version of {library}": version for library, version in environment.versions.items()},
            **{f"fingerprint of the {kind} kernels": found for kind, found in environment.kernels.items()},
            **{f"data set {name}": hash_of(name)[:12] for name in needed(self.settings)},
            **{
                f"{what} of {name}": found
                for name, problem in self.settings.problems.items()
                for what, found in problem.found_here().items()
            },
        }


def needed(settings: Settings) -> list[str]:
    """Return the data sets that a study's problems are made of and that do not come with fastmlp."""
    return list(dict.fromkeys(name for problem in settings.all_problems for name in NEEDS.get(problem, ())))


def note_of(settings: Settings, environment: Environment) -> dict[str, str]:
    """Return the identity as a note for the store."""
    return {NOTE: json.dumps(describe_identity(settings, environment))}


def first_difference(one: Mapping[str, str], other: Mapping[str, str]) -> tuple[str, str, str] | None:
    """Return the name and the two values of the first thing in which two mappings differ, or None."""
    for name in (*one, *other):
        mine, theirs = one.get(name, "nothing"), other.get(name, "nothing")
        if mine != theirs:
            return name, mine, theirs
    return None


def flat_settings(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return settings, as read from TOML, by dotted names; the paths of data are left out."""
    return dict(_flat(settings, ()))


def _flat(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        here = (*path, name)
        if isinstance(value, Mapping):
            yield from _flat(value, here)
        elif not (here[0] == "problems" and len(here) == 3 and name in PATHS) and here[:2] != ("measures", "own"):
            yield f"setting {'.'.join(here)}", repr(value)
