"""What the report is made from is used: filters, kinds of cells, works to cite, tables and figures of chapters."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fastmlp import measures, report
from fastmlp.report.chapters import CONTENTS
from fastmlp.report.claims.catalogue import PROTOCOLS
from fastmlp.report.format import FILTERS, KINDS
from fastmlp.report.references import REFERENCES
from fastmlp.report.render import SHARED_TABLES, _by_name, templates

ROOT = Path(__file__).parents[2]
PLACES = (*templates().rglob("*.j2"), *ROOT.glob("bench/history/*.j2"))
TEMPLATES = "".join(path.read_text(encoding="utf-8") for path in PLACES)
MODULES = (Path(measures.__file__), *Path(report.__file__).parent.rglob("*.py"))
CODE = {p: p.read_text(encoding="utf-8") for p in MODULES}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_is_used_by_a_template(name: str) -> None:
    assert re.search(rf"\|\s*{name}\b|map\(\"{name}\"\)", TEMPLATES)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_cell_is_made_by_a_table(kind: str) -> None:
    assert any(f'"{kind}"' in text for path, text in CODE.items() if path.name != "kinds.py")


@pytest.mark.parametrize("key", REFERENCES)
def test_a_reference_is_cited(key: str) -> None:
    assert f'"{key}"' in TEMPLATES or key in PROTOCOLS


@pytest.mark.parametrize("table", [f.__name__ for f in (*SHARED_TABLES, *(t for c in CONTENTS for t in c.tables))])
def test_a_table_is_shown(table: str) -> None:
    assert f"tables.{table}(" in TEMPLATES


def test_two_tables_of_one_name_are_an_error() -> None:
    """One chapter would show the table of another."""

    def same() -> None: ...

    first = same

    def same() -> None: ...  # type: ignore[no-redef]

    with pytest.raises(ValueError, match="same is both"):
        _by_name([first, same])
    assert _by_name([same, same]) == {"same": same}
