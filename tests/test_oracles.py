"""Tests against other libraries: each is found by its fixture, and none is skipped where they are required."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from .conftest import pytest_collection_modifyitems
from .oracles import import_oracle

ROOT = Path(__file__).resolve().parent.parent
MODULES = {"scikit-posthocs": "scikit_posthocs"}


def test_an_oracle_that_is_missing_is_a_skip_or_where_required_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FASTMLP_REQUIRE_ORACLES", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no_such_library cannot be imported"):
        import_oracle("no_such_library")
    monkeypatch.setenv("FASTMLP_REQUIRE_ORACLES", "1")
    with pytest.raises(pytest.fail.Exception, match="no_such_library cannot be imported"):
        import_oracle("no_such_library")


def test_a_test_that_asks_for_an_oracle_is_marked_and_no_other() -> None:
    asked = [(), ("tmp_path",), ("tmp_path", "oracle")]
    marks: list[list[pytest.MarkDecorator]] = [[], [], []]
    items = [SimpleNamespace(fixturenames=a, add_marker=m.append) for a, m in zip(asked, marks, strict=True)]
    pytest_collection_modifyitems(cast("list[pytest.Item]", items))
    assert [[mark.name for mark in own] for own in marks] == [[], [], ["oracle"]]


def test_oracles_are_imported_by_their_fixture_alone() -> None:
    """A test that imported one of them otherwise would be skipped for ever, and nobody would know."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    names = {re.split(r"[^\w-]", line, maxsplit=1)[0] for line in groups["oracles"] if isinstance(line, str)}
    modules = {MODULES.get(name, name) for name in names}
    assert modules >= {"jax", "pyarrow", "rliable", "scikit_posthocs", "torch"}
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not modules & imported_by(node), f"{path}, line {getattr(node, 'lineno', '')}"


def imported_by(node: ast.AST) -> set[str]:
    """Top-level modules that a node imports, by statement or by `importorskip`."""
    match node:
        case ast.Import(names=names):
            return {alias.name.partition(".")[0] for alias in names}
        case ast.ImportFrom(module=str(module), level=0):
            return {module.partition(".")[0]}
        case ast.Call(func=ast.Attribute(attr="importorskip"), args=[ast.Constant(value=str(name)), *_]):
            return {name.partition(".")[0]}
    return set()
