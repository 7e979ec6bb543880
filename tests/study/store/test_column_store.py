"""Rows by column on the disk: they are the rows that were handed in."""

from __future__ import annotations

from typing import Any

import pytest

from fastmlp.study.store import column_store
from fastmlp.study.store.column_store import Table
from fastmlp.study.store.schema import COLUMNS

VALUES: dict[str, tuple[Any, ...]] = {  # as they are stored, and as they are read
    "TEXT": ("ünïcode \0 'quoted'", ""),
    "REAL": (0.1, 1 / 3, 1e-300),
    "INTEGER": (0, 2**40, -1),
    "LIST": ("[0.1,null,3]", "[]"),
    "PAIRS": ("[[1,0.5],[2,0.75]]",),
}
READ = {"[0.1,null,3]": [0.1, None, 3], "[]": [], "[[1,0.5],[2,0.75]]": [[1, 0.5], [2, 0.75]]}


def made_up(number: int) -> dict[str, Any]:
    """A row in which every third column holds nothing."""
    return {
        name: None if (number + k) % 3 == 0 else VALUES[kind][(number + k) % len(VALUES[kind])]
        for k, (name, kind) in enumerate(COLUMNS.items())
    }


@pytest.mark.parametrize("kept", [1, 2048])
def test_rows_come_back_as_they_were_handed_in(kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(column_store, "SHORT_KEPT", kept)
    rows = [made_up(number) for number in range(2 * column_store.BLOCK + 7)]
    found = Table(row.values() for row in rows)
    expected = [{name: READ.get(value, value) for name, value in row.items()} for row in rows]
    assert len(found) == len(expected)
    assert [dict(row) for row in found] == expected
    assert found[-1] == expected[-1]
    assert found[3:5] == expected[3:5]
    assert {type(row["steps"]) for row in found} == {int, type(None)}
    assert found[0].get("no such column") is None


def test_a_table_of_nothing_has_no_rows_and_closes_its_file() -> None:
    found = Table([])
    assert list(found) == []
    file = found._file
    del found
    assert file.closed
