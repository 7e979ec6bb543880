"""The public names are those in `__all__`, which `fastmlp/__init__.py` imports, and each of them is there."""

import ast
from pathlib import Path

import pytest

import fastmlp

TREE = ast.parse(Path(fastmlp.__file__).read_text(encoding="utf-8"))
IMPORTED = [alias for node in ast.walk(TREE) if isinstance(node, ast.ImportFrom) and node.level for alias in node.names]
SURFACE = ["STRATEGIES", "accuracy", "backward", "forward", "init_mlp", "run_study", "train_mlp", "transfer"]


def test_what_is_imported_from_the_package_is_exported() -> None:
    assert [alias.name for alias in IMPORTED if alias.asname != alias.name] == []


def test_all_names_are_listed_and_no_other() -> None:
    assert sorted(fastmlp.__all__) == sorted(["__version__", *(alias.name for alias in IMPORTED)])
    assert dir(fastmlp) == sorted(fastmlp.__all__)


def test_a_star_imports_the_public_names() -> None:
    names: dict[str, object] = {}
    exec("from fastmlp import *", names)
    assert set(names) - {"__builtins__"} == set(fastmlp.__all__)


@pytest.mark.parametrize("name", sorted(alias.name for alias in IMPORTED))
def test_an_exported_name_is_there(name: str) -> None:
    assert getattr(fastmlp, name) is not None
    assert name in dir(fastmlp)


def test_nothing_else_is_public() -> None:
    modules = {path.stem for path in Path(fastmlp.__file__).parent.iterdir()}  # submodules appear as they are imported
    ours = {
        name
        for name, value in vars(fastmlp).items()
        if not name.startswith("_") and getattr(value, "__module__", "").split(".")[0] == "fastmlp"
    }
    assert ours - modules <= {alias.name for alias in IMPORTED}


@pytest.mark.parametrize("name", SURFACE)
def test_the_surface_has_not_moved(name: str) -> None:
    assert name in {alias.name for alias in IMPORTED}
