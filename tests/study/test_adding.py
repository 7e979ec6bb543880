"""What it takes to add a measure: a function and its row, from which a column in records and report follows."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fastmlp
from fastmlp.report.render import templates
from fastmlp.study import run as study_run
from fastmlp.study.store.schema import PROTOCOL

from ..made_up_study import SMALL

ROOT = Path(fastmlp.__file__).parent
MEASURE = """

def top_two(probabilities: Probabilities, y: Ints) -> float:
    likeliest = probabilities.argsort(axis=1)[:, -2:]
    return float((likeliest == y[:, None]).any(axis=1).mean())
"""
RUN = """
import fastmlp
from fastmlp.report import render
render.to_html = lambda summary: ""  # figures are drawn for the page alone, and take longer than the study
fastmlp.run_study("out/study.toml", "out", backend="numpy", jobs=1)
"""


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path} has {old!r} once"
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_measure_is_a_function_and_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_run, "refresh_report", lambda *_: None)
    table = fastmlp.run_study(SMALL, tmp_path / "out", backend="numpy", jobs=1).table
    before = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    shutil.copytree(ROOT, tmp_path / "fastmlp")  # with its bytecode, which is valid where no file is edited
    shutil.copytree(templates(), tmp_path / "report_templates")
    measures, schema = tmp_path / "fastmlp" / "measures.py", tmp_path / "fastmlp" / "study" / "store" / "schema.py"
    edit(measures, '"accuracy": int', '"top_two": top_two(probabilities, y),\n        "accuracy": int')
    measures.write_text(measures.read_text(encoding="utf-8") + MEASURE, encoding="utf-8")
    edit(
        measures,
        "MEASURES = {\n",
        'MEASURES = {\n    "top_two": Measure("in the two likeliest, %", "percent_mean"),\n',
    )
    edit(schema, f"PROTOCOL = {PROTOCOL}\n", f"PROTOCOL = {PROTOCOL + 1}\n")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    subprocess.run([sys.executable, "-c", RUN], cwd=tmp_path, env=environment, check=True, timeout=120)
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    assert "in the two likeliest" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert {*rows[0]} - {*before[0]} == {"top_two"}
    assert all(float(row["accuracy"]) <= float(row["top_two"]) <= 1 for row in rows), "every trial ran anew"
    same = [name for name in before[0] if not name.endswith("_seconds") and name != "key"]
    assert [[row[name] for name in same] for row in rows] == [[row[name] for name in same] for row in before]
