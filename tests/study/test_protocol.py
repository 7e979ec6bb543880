"""Trials that come to measure something else get other keys: the protocol rises with written_records.json."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from .. import written_records
from ..written_records import MEASURED, PATH, compute, faults, to_text

Json = dict[str, Any]

WRITTEN = PATH.read_text(encoding="utf-8")


@pytest.fixture
def old() -> Json:
    written: Json = json.loads(WRITTEN)
    return written


def test_trials_measure_what_is_written_down_under_this_protocol(old: Json) -> None:
    assert faults(old, compute()) == []


def test_what_is_written_is_of_trials_that_succeeded(old: Json) -> None:
    assert {values[MEASURED.index("status")] for values in old["records"].values()} == {"ok"}
    assert to_text(old) == WRITTEN


def test_records_and_protocol_change_together(old: Json) -> None:
    new = copy.deepcopy(old)
    new["records"]["all, parity, two-ranks, 20, 0, 0"][MEASURED.index("accuracy")] += 0.002
    first, last = faults(old, new)
    assert first.startswith("all, parity, two-ranks, 20, 0, 0: accuracy was 0.")
    assert last == "trials measure something else: raise PROTOCOL in fastmlp/study/store/schema.py"
    new["protocol"] += 1
    assert (
        faults(old, new)
        == faults(old, old | {"protocol": new["protocol"]})
        == ["these are of another protocol; write them anew: python -m tests.written_records"]
    )
    assert faults(new, copy.deepcopy(new)) == []


def test_another_order_of_sums_is_no_change(old: Json) -> None:
    new = copy.deepcopy(old)
    for values in new["records"].values():
        values[MEASURED.index("losses")] = [loss * (1 + 1e-8) for loss in values[MEASURED.index("losses")] or []]
    assert faults(old, new) == []


def test_records_are_not_written_anew_under_the_same_protocol(old: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    new = copy.deepcopy(old)
    new["records"]["all, parity, two-ranks, 20, 0, 0"][MEASURED.index("accuracy")] += 0.002
    monkeypatch.setattr(written_records, "compute", lambda: new)
    with pytest.raises(SystemExit, match=r"accuracy was .*\ntrials measure something else"):
        written_records.main()
    assert PATH.read_text(encoding="utf-8") == WRITTEN


def test_another_column_is_another_protocol(old: Json) -> None:
    new = copy.deepcopy(old)
    new["columns"].append("top_two")
    for values in new["records"].values():
        values.append(0.5)
    assert faults(old, new) == [
        "other columns",
        "trials measure something else: raise PROTOCOL in fastmlp/study/store/schema.py",
    ]


def test_a_new_strategy_is_written_down_under_the_same_protocol(
    old: Json, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(written_records, "PATH", path := tmp_path / "records.json")
    path.write_text(WRITTEN, encoding="utf-8")
    new = copy.deepcopy(old)
    first, values = next(iter(new["records"].items()))
    new["records"] |= {first.replace("parity", "parity, cooled"): values}
    new["records"][first] = [one * (1 + 1e-9) if isinstance(one, float) else one for one in values]
    assert faults(old, new) == [written_records.OTHER_TRIALS]
    monkeypatch.setattr(written_records, "compute", lambda: new)
    written_records.main()
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written["records"] == old["records"] | {first.replace("parity", "parity, cooled"): values}
    assert faults(written, new) == []
    monkeypatch.setattr(written_records, "compute", lambda: old)
    written_records.main()
    assert json.loads(path.read_text(encoding="utf-8")) == old, "and is gone with the strategy"
    with pytest.raises(SystemExit, match="there is nothing new"):
        written_records.main()
