"""Results that were computed elsewhere, on a study's examples: a file beside the store, which a study never writes.

Their methods have a name that no strategy of ours can have, so that wherever they are shown they are marked.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from ...errors import StoreError
from ...files import entry_at, read_bytes, write_whole
from .schema import Record

FILE = "foreign.json"
MARK = " (foreign)"  # after the name that the user gives


class ForeignResult(msgspec.Struct, forbid_unknown_fields=True):
    """What a method measured in one cell, for one seed; `strategy` is its name with the mark."""

    strategy: str
    problem: str
    n_target: int
    seed: int
    measures: dict[str, float]

    def record(self) -> Record:
        """Return it as a row of the study's table, as far as it has columns."""
        place = {"problem": self.problem, "strategy": self.strategy, "n_target": self.n_target, "seed": self.seed}
        return {**place, "status": "ok", **self.measures}


def read_foreign(folder: Path) -> list[ForeignResult]:
    """Return the foreign results of a study; none if there is no file.

    Raises
    ------
    StoreError
        If the file cannot be read, or holds something else.
    """
    path = folder / FILE
    if entry_at(path, StoreError) is None:
        return []
    try:
        return msgspec.json.decode(read_bytes(path), type=list[ForeignResult])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StoreError(f"{path}: holds no foreign results: {error}; `Results.add` writes it anew") from error


def write_foreign(folder: Path, results: Sequence[ForeignResult]) -> None:
    """Write all foreign results of a study.

    Raises
    ------
    StoreError
        If they cannot be written.
    """
    write_whole(folder / FILE, [msgspec.json.format(msgspec.json.encode(list(results)), indent=1)])
