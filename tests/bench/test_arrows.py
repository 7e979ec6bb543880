"""The arrows between the modules of `bench` run one way, like those of the package."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import bench

ROOT = Path(bench.__file__).parent
PATHS = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in sorted(ROOT.rglob("*.py"))}
# Rooms that know nothing of each other, and the only modules that may bring two of them together.
ROOMS = {"gate", "guard", "history", "peers"}
ENTRANCES = {"cli", "__main__"}


def imported(name: str) -> Iterator[str]:
    """Modules of bench that a module imports, at its top or inside a function."""
    package = name.split(".")[:-1]
    for node in ast.walk(ast.parse(PATHS[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            start = package[: len(package) - node.level + 1] + (node.module.split(".") if node.module else [])
            for alias in node.names:
                candidates = [".".join([*start, alias.name]), ".".join(start), ".".join([*start, "__init__"])]
                yield next(candidate for candidate in candidates if candidate in PATHS)


GRAPH = {name: set(imported(name)) - {name} for name in PATHS}


def test_imports_are_found_at_the_top_and_inside_functions() -> None:
    assert "exit_codes" in GRAPH["gate.verdict"]
    assert "gate.power_report" in GRAPH["gate.command"], "which is imported where it is needed"


def test_nothing_imports_in_a_circle() -> None:
    TopologicalSorter(GRAPH).prepare()  # raises CycleError, which names the circle


@pytest.mark.parametrize("name", sorted(set(PATHS) - ENTRANCES))
def test_rooms_know_nothing_of_each_other_nor_of_the_command_line(name: str) -> None:
    room = name.partition(".")[0]
    others = {target.partition(".")[0] for target in GRAPH[name]} - {room}
    assert not others & ENTRANCES
    if room in ROOMS:
        assert not others & ROOMS
    if name.startswith("bench_"):
        assert "gate" not in others, "asv and the gate run the suites of other revisions: they must not need the gate"
