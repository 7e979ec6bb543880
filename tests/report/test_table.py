"""Behind every table: all digits as CSV, and commands that can be pasted into a shell."""

from __future__ import annotations

import csv
import io
import shlex

from fastmlp.report.table import Table, cell, commands_behind, csv_of, head, kind_head
from fastmlp.study.store.schema import TABLE

MEAN = {"mean": 0.123456789, "low": 0.1, "high": 0.2, "n": 20, "reason": None}


def read(data: Table) -> list[list[str]]:
    return list(csv.reader(io.StringIO(csv_of(data))))


def test_a_mean_has_its_interval_in_columns_of_their_own() -> None:
    data: Table = {"columns": [head("labels"), head("a")], "rows": [[cell("count", 20), cell("percent_mean", MEAN)]]}
    assert read(data) == [["labels", "a mean", "a low", "a high", "a n"], ["20", "0.123456789", "0.1", "0.2", "20"]]


def test_programs_read_numbers_without_separators() -> None:
    heads = [head("labels"), kind_head("labels", 20000)]
    data: Table = {"columns": heads, "rows": [[cell("count", 50000), cell("count", 12345)]]}
    assert read(data) == [["labels", "20000\u00a0labels"], ["50000", "12345"]]


def test_what_is_missing_is_empty() -> None:
    nothing = dict.fromkeys(MEAN) | {"n": 0, "reason": "no data"}
    data: Table = {"columns": [head("a")], "rows": [[cell("percent_mean", nothing)], [cell("count", None)]]}
    assert read(data)[1:] == [["", "", "", "0"], ["", "", "", ""]]


def test_hostile_names_are_read_back_as_they_are() -> None:
    names = ['a,"b"', "<script>", "=cmd()", "x\ny", "`$|"]
    data: Table = {"columns": [head("name", number=False)], "rows": [[cell("name", name)] for name in names]}
    assert [row[0] for row in read(data)[1:]] == names


def test_commands_show_the_rows_and_compute_them_again() -> None:
    show, again = commands_behind(["parity"], ["frozen", "finetune"])
    assert show == (
        'fastmlp export . --format csv | awk -F, \'NR == 1 || $1 == "parity" && ($3 == "frozen" || $3 == "finetune")\''
    )
    assert again == "fastmlp study study.toml --out again"


def test_a_name_cannot_leave_its_quotes() -> None:
    show = commands_behind(["it's `x`; $(y)"])[0]
    assert shlex.split(show)[-1] == 'NR == 1 || $1 == "it\'s `x`; $(y)"'
    assert "awk" not in commands_behind(['a"b'])[0]


def test_the_columns_that_commands_name_are_those_of_the_table_of_results() -> None:
    show = commands_behind(["parity"], ["frozen"])[0]
    assert f"${list(TABLE).index('problem') + 1} ==" in show
    assert f"${list(TABLE).index('strategy') + 1} ==" in show
