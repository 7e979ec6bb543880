"""A test file stands where its module or its room does; any other says in its docstring what it is about."""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
FILES = [path.relative_to(TESTS) for path in sorted(TESTS.rglob("test_*.py"))]
ROOMS = {path for top in ("fastmlp", "bench") for path in (ROOT / top).rglob("*") if "__pycache__" not in path.parts}
MODULES = {path.stem for path in ROOMS if path.suffix == ".py" or path.is_dir()}


def has_a_module(path: Path) -> bool:
    """Whether a module or a room has the name of a test file, at the same place below `fastmlp` or at the top."""
    name, room = path.stem.removeprefix("test_"), path.parent
    places = [place for place in (ROOT / "fastmlp" / room, ROOT / room) if place.is_dir()]
    return bool(places) and (
        name == room.name or any((place / f"{name}.py").is_file() or (place / name).is_dir() for place in places)
    )


def test_each_test_file_is_beside_its_module_or_says_what_it_is_about() -> None:
    others = [path for path in FILES if not has_a_module(path)]
    elsewhere = [path for path in others if path.parent == Path() and path.stem.removeprefix("test_") in MODULES]
    assert not elsewhere, "their modules are in a room"
    silent = [path for path in others if not ast.get_docstring(ast.parse((TESTS / path).read_text(encoding="utf-8")))]
    assert not silent, "they are named after no module, so their docstrings must say what they are about"


def test_each_folder_of_tests_is_a_room() -> None:
    folders = {path.parent for path in FILES} - {Path(), Path("browser")}
    assert not [path for path in folders if not (ROOT / "fastmlp" / path).is_dir() and not (ROOT / path).is_dir()]
