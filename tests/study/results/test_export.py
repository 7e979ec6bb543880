"""A study's table for others: all of it, in each format, and in little memory."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

import fastmlp
from fastmlp.errors import MissingLibrary, UnknownName
from fastmlp.study import run as study_run
from fastmlp.study.results import export as exporting
from fastmlp.study.results.export import export, guarded, write_csv, write_jsonl, write_parquet
from fastmlp.study.results.results import Results
from fastmlp.study.store.schema import COLUMNS, Record

from ...made_up_study import SMALL, made_up_pretraining, made_up_record


@pytest.fixture(autouse=True)
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_run, "refresh_report", lambda *_: None)


def run(out: Path) -> Results:
    return fastmlp.run_study(SMALL, out, backend="numpy", jobs=1)


def test_json_lines_hold_everything(tmp_path: Path) -> None:
    results = run(tmp_path)
    lines = b"".join(export(tmp_path, "jsonl")).splitlines()
    assert [json.loads(line) for line in lines] == results.rows
    assert all(list(json.loads(line)) == list(COLUMNS) for line in lines)


def test_parquet_holds_everything(tmp_path: Path, oracle: Callable[[str], ModuleType]) -> None:
    parquet = oracle("pyarrow.parquet")
    results = run(tmp_path)
    assert parquet.read_table(io.BytesIO(b"".join(export(tmp_path, "parquet")))).to_pylist() == results.rows


def test_parquet_needs_pyarrow_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # as if it were not installed
    with pytest.raises(MissingLibrary, match="pyarrow cannot be imported; pip install pyarrow"):
        b"".join(export(tmp_path, "parquet"))


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="unknown format 'cvs'; did you mean 'csv'"):
        next(export(tmp_path, "cvs"))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    shown = "'" + text.replace("\r", " ")
    assert guarded(text) == shown
    assert guarded(-1.5) == -1.5, "a number is no formula"
    row = dict.fromkeys(COLUMNS) | {"error": text, "accuracy": -1.5}
    write_csv([row], file := io.BytesIO())
    (cells,) = csv.DictReader(io.StringIO(file.getvalue().decode(), newline=""))
    assert cells["error"] == shown
    assert cells["accuracy"] == "-1.5"


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_table_is_written_while_rows_are_read(
    form: str, oracle: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    if form == "parquet":
        oracle("pyarrow.parquet")
    monkeypatch.setattr(exporting, "ROWS", 50)
    file, written = io.BytesIO(), []

    def rows() -> Iterator[Record]:
        for number in range(1000):
            written.append(file.tell())
            row = made_up_record(f"p-{number}", error=f"{number} " * 50) | made_up_pretraining("p")
            yield dict.fromkeys(COLUMNS) | row

    {"csv": write_csv, "jsonl": write_jsonl, "parquet": write_parquet}[form](rows(), file)
    assert len(set(written)) > 10, "it goes to the file in pieces"
    assert written[-1] > 0.3 * file.tell(), "and not at the end; Parquet's table of contents is"
