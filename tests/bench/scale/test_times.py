"""A study has the same results however its trials are shared out, and a table says how long each way takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.scale import times
from bench.tables import put
from fastmlp.study.settings.load import from_dict, to_toml
from tests.made_up_study import SMALL, with_grid

PAGE = Path(__file__).parents[3] / "docs" / "cluster.md"


@pytest.mark.cluster
def test_all_ways_have_the_same_results(tmp_path: Path) -> None:
    """By threads, processes, two Dask workers, two of which one is killed, and four shards that are merged."""
    study = with_grid(SMALL, seeds=30) | {"training": {"epochs": 200}}
    (tmp_path / "study.toml").write_text(to_toml(from_dict(study)), encoding="utf-8")
    table = times.table(str(tmp_path / "study.toml"), rounds=1)
    assert [line.split(" | ")[0].strip("| ") for line in table.splitlines()[2:7]] == list(times.WAYS)


def test_a_way_with_other_results_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(way: str, study: str, out: Path) -> dict[str, float]:
        out.mkdir()
        (out / "results.csv").write_text(f"accuracy,train_seconds\n{way == 'Dask'},{len(way)}\n", encoding="utf-8")
        return {"seconds": 2.0, "trials": 100}

    monkeypatch.setattr(times, "measure", measure)
    with pytest.raises(RuntimeError, match="Dask: other results than by threads: line 2, accuracy: 'False' and 'True'"):
        times.table("book", rounds=1)


def test_the_table_is_relative_to_processes_and_says_where_it_was_measured() -> None:
    shortest = {way: {"seconds": 10.0 * place, "trials": 1000} for place, way in enumerate(times.WAYS, 1)}
    table = times.written("`book` of 20 seeds", 3, shortest)
    assert "| Dask | 30.0 | 33 | 0.67 |" in table
    assert re.search(r"The shortest of 3 runs of the study `book` of 20 seeds, 1,000 trials, .* [0-9]+ cores", table)


@pytest.mark.skipif(not PAGE.is_file(), reason="docs/ is no part of what is built")
def test_the_page_has_a_place_for_each_table(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_bytes(PAGE.read_bytes())
    for name in ("times", "processes"):
        for table in ("first\n", "second\n"):
            put(tmp_path / "page.md", name, table)
        text = (tmp_path / "page.md").read_text(encoding="utf-8")
        assert "first" not in re.findall(rf"<!-- {name} -->(.*)<!-- end of {name} -->", text, re.DOTALL)[0]
        assert f"<!-- {name} -->\n\nsecond\n\n<!-- end of {name} -->" in text
