from __future__ import annotations

from pathlib import Path

import pytest

from bench import bodies
from bench.bodies import HEAD, table_of

ROW = {"body": "int8", "bytes": 58_502_144, "milliseconds": 5.14, "least_cosine": 0.9925}
ROW |= {"accuracy frozen": 0.8575, "seconds frozen": 3.48, "accuracy lora-4": 0.835, "seconds lora-4": 64.57}
LINE = "| int8 | 58.5 | 5.1 | 0.993 | 0.858 | 3.5 | 0.835 | 64.6 |"


def test_the_table_has_a_row_for_each_body() -> None:
    lines = table_of([ROW]).splitlines()
    assert lines[0] == f"| {' | '.join(HEAD)} |"
    assert lines[2] == LINE


def test_the_guide_has_a_place_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "pretrained.md"
    page.write_text((Path(__file__).parents[2] / "docs" / "guide" / "pretrained.md").read_text())
    monkeypatch.setattr(bodies, "measure", lambda: [ROW])
    monkeypatch.setattr("sys.argv", ["bodies", "--write", str(page)])
    bodies.main()
    assert LINE in page.read_text()
