"""The arrows between modules run one way, whether an import stands at the top of a file or inside a function."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from graphlib import TopologicalSorter
from itertools import chain, pairwise
from pathlib import Path

import pytest

import fastmlp

ROOT = Path(fastmlp.__file__).parent

# What a module, or every module of a package, may import from fastmlp. The longest name that fits counts. Modules of
# one row may import each other; nothing may import in a circle.
BASE = {"errors", "seeds", "layout", "registry", "checks", "inputs", "targets", "families", "machine"}
BASE |= {"norms", "state", "notebook"}
NETWORK = BASE | {"backends", "between", "network"}
TRAINING = NETWORK | {"measures", "similarity", "training", "problems", "strategies"}
BACKBONES = {
    "backbones",
    "problems.backbone",
    "problems.labelled",
    "strategies.backbone",
    "strategies.backbone_seconds",
}
STUDY = {"study", "study.settings", "study.execution", "study.results", "study.store"}
ALLOWED = {
    "errors": set(),
    "seeds": {"errors"},
    "layout": {"errors"},
    "registry": set(),
    "checks": {"errors", "layout", "inputs"},
    "inputs": {"errors", "layout"},
    "targets": {"errors", "layout", "inputs", "registry"},
    "families": {"errors"},
    "files": {"errors"},
    "npz": {"errors"},
    "datasets": {"errors", "layout", "inputs", "files", "npz"},
    "machine": {"errors"},
    "norms": {"errors", "layout", "checks"},
    "state": {"errors"},
    "kept": set(),
    "notebook": set(),
    "backends": {"errors", "layout", "registry"},
    "between": BASE | {"backends"},
    "network": BASE | {"backends", "between"},
    "measures": NETWORK,
    "similarity": NETWORK,
    "training": NETWORK | {"measures"},
    "problems": NETWORK | {"files", "npz", "datasets", "interchange", "interchange.tables"},
    "problems.backbone": NETWORK | {"problems", "backbones"},
    "problems.labelled": NETWORK | {"problems", "backbones", "datasets", "files"},
    "backbones": NETWORK | {"training", "files", "kept", "interchange"},
    "strategies.backbone_seconds": {
        *("errors", "checks", "backbones", "strategies", "strategies.backbone", "strategies.spec")
    },
    "strategies.bodies": {"errors", "backends", "backbones", "strategies.backbone"},
    "strategies.backbone": NETWORK | {"training", "backbones", "strategies", "strategies.spec"},
    "strategies.validation": {"errors", "checks"},
    "strategies.spec": {"errors", "strategies.validation"},
    "strategies.read": {"errors", "strategies.spec", "strategies.validation"},
    "strategies.table": {"strategies.spec"},
    "strategies": NETWORK | {"training", "problems", "strategies.spec", "strategies.table", "strategies.read"},
    "estimators": NETWORK
    | {"measures", "training", "problems", "strategies", "strategies.backbone", "interchange", "stats"}
    | {"backbones", "files"},
    "study.store": {"errors", "files", "stats", "measures"},  # records, and nothing of strategies
    "study.settings": TRAINING | BACKBONES | {"files", "interchange", "interchange.tables", "estimators"},
    "study.trial": TRAINING | BACKBONES | {"files", "kept", "study.settings", "study.store"},
    "study.execution": {"errors", "machine", "study.trial", "study.store"},
    "study.results": {  # a study's results are those of its report
        *(*TRAINING, "files", "report", "estimators"),
        *(f"study.{room}" for room in ("settings", "store", "trial", "execution")),
        *(f"report.{x}" for x in ("excerpts", "figures", "plots", "summary")),
    },
    "study": {
        *(*TRAINING, *BACKBONES, "files", "machine", "datasets"),
        *(f"study.{room}" for room in ("settings", "store", "results", "run", "trial")),
    },
    "study.run": {
        *(*TRAINING, "backbones", "files", "machine", "report", "report.render", "study"),  # it ends with its report
        *(f"study.{room}" for room in ("settings", "trial", "execution", "store", "results")),
    },
    "stats": {"errors", "seeds"},
    "report.format": {"errors"},
    "report.figures": {"errors", "report.format"},
    "report.equations": {"errors"},
    "report.png": {"errors"},
    "report.references": {"errors"},
    "report.strategies": {"errors", "strategies"},  # a strategy is data: a table that is read
    "report": {
        "errors",
        "checks",
        "seeds",
        "notebook",
        "stats",
        "measures",
        "report.format",
        "report.references",
        "report.strategies",
    },  # shared
    "report.chapters": {
        "errors",
        "stats",
        "measures",
        "report",
        *(f"report.{x}" for x in ("format", "figures", "strategies")),
    },
    "report.summary": {"report", "report.chapters"},
    "report.render": {
        *("errors", "files", "report", "report.chapters", "report.summary", "report.format", "report.figures"),
        *("report.equations", "report.png", "report.references"),
    },
    "interchange": NETWORK | {"files"},
    "interchange.tables": {"errors", "layout", "inputs", "files", "npz"},
    "models": NETWORK | {"backbones", "estimators", "files", "interchange", "problems", "study", "training"},
    "report.excerpts": {"errors", "files", "report", "report.figures", "report.render", "report.summary"},
    "report.claims_page": {"errors", "report", "report.figures", "report.render"},
    "report.plots": {"errors", "report", "report.figures"},
    "lab": {"errors", "files", "backends"},  # and scikit-learn: what a student uses too
    "answer": {
        *("errors", "layout", "machine", "seeds", "files", "backends", "network", "problems", "strategies"),
        *("interchange.tables", "backbones"),
        *("estimators", "models", "study.settings", "study.trial", "report", "report.format", "report.render"),
    },
    "cli": TRAINING
    | STUDY
    | {
        "lab",
        "files",
        "datasets",
        "report",
        "report.claims_page",
        "report.format",
        "report.render",
        "answer",
        "models",
        "interchange.tables",
    },
    "__main__": {"cli"},
    "": TRAINING  # fastmlp/__init__.py
    | {"estimators", "models", "interchange", "study", "study.settings", "backbones"}
    | {"strategies.backbone", "strategies.backbone_seconds", "strategies.bodies"},
}

DISTRIBUTIONS = {"sklearn": "scikit-learn", "PIL": "pillow"}

# Who may import what is heavy, or what makes a decision that belongs in one place.
LIBRARIES = {
    "numba": {"backends"},
    "llvmlite": {"backends"},
    "matplotlib": {"report.figures", "report.plots", "report.chapters.*.figures"},
    "jinja2": {"report.render"},
    "math_core": {"report.equations"},
    "sqlite3": {"study.store"},
    "click": {"cli"},
    "distributed": {"study.execution.dask_*"},
    "safetensors": {"interchange"},
    "torch": {"interchange", "backends.torch"},
    "onnx": {"interchange"},
    "narwhals": {"interchange.tables"},
    "pyarrow": {"interchange.tables", "study.results"},
    "transformers": {"backbones.texts"},
    "PIL": {"backbones.preparation"},
}


def modules() -> dict[str, Path]:
    """Every module of the package by its name below fastmlp, "" for fastmlp itself."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(part for part in parts if part != "__init__")] = path
    return found


MODULES = modules()
PACKAGES = {path.parent.relative_to(ROOT).as_posix().replace("/", ".") for path in ROOT.rglob("__init__.py")} - {"."}


@cache
def nodes(name: str) -> tuple[ast.AST, ...]:
    """All nodes of a module's syntax tree."""
    return tuple(ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))))


@cache
def imported(name: str) -> frozenset[str]:
    """Full dotted names of all a module imports, `from x import y` as x.y, by statement or by import_module."""
    return frozenset(imports(name))


def imports(name: str) -> Iterator[str]:
    package = ["fastmlp", *name.split(".")] if name else ["fastmlp"]
    if name and name not in PACKAGES:
        package.pop()
    for node in nodes(name):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                start = package[: len(package) - level + 1] if level else []
                yield from (".".join([*start, *([module] if module else []), alias.name]) for alias in names)
            case ast.Call(
                func=ast.Attribute(attr="import_module") | ast.Name(id="import_module" | "__import__"),
                args=[ast.Constant(value=str(module)), *_],
            ):
                yield module


def inside(name: str) -> set[str]:
    """Modules of fastmlp, named as in MODULES, that a module imports."""
    found = set()
    for target in imported(name):
        if target.split(".")[0] == "fastmlp":
            candidate = target.removeprefix("fastmlp").removeprefix(".")
            while candidate not in MODULES:
                candidate = candidate.rpartition(".")[0]
            found.add(candidate)
    return found - {name}


def row(name: str) -> str:
    """The row of the table that speaks for a module."""
    while name not in ALLOWED:
        name = name.rpartition(".")[0]
    return name


def fits(name: str, owners: set[str]) -> bool:
    return any(fnmatch(name, owner) or name.startswith(owner + ".") for owner in owners)


# A rule for every module is one test, which names all that break it: thousands of tests cost more than they say.


def test_every_module_has_a_row() -> None:
    without = [name for name in MODULES if name and not row(name)]
    assert not without, "in no row of ALLOWED: decide what they may import"


def test_arrows_run_one_way() -> None:
    wrong = {
        (name, target)
        for name in MODULES
        for target in inside(name)
        if row(target) not in ALLOWED[row(name)] | {row(name)}
    }
    assert not wrong, "the first may not import the second"


def test_nothing_imports_in_a_circle() -> None:
    graph = {name: inside(name) for name in MODULES}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def drawn_arrows() -> set[tuple[str, str]]:
    """The arrows of CONTRIBUTING, from a room to one that it may import, by the first part of their names."""
    text = (ROOT.parent / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Arrows")[2]
    arrows = set()
    for line in text.split("```")[1].splitlines()[1:]:
        rooms = [re.split(r"\s{3,}", part.strip())[0].split(", ") for part in line.split("<-")]
        arrows |= {(user, used) for below, above in pairwise(rooms) for used in below for user in above}
    return {(user.split(".")[0], used.split(".")[0]) for user, used in arrows} - {("strategies", "strategies")}


GROUND = BASE | {"files", "layout"}


def test_the_arrows_of_contributing_are_those_of_the_table() -> None:
    def top(name: str) -> str:
        return "ground" if name in GROUND else name.split(".", maxsplit=1)[0]

    allowed = {(top(user), top(used)) for user, row in ALLOWED.items() for used in row} - {("", "strategies")}
    arrows = {(user, used) for user, used in drawn_arrows() if user != used}
    assert arrows <= allowed, f"drawn and not allowed: {sorted(arrows - allowed)}"
    reach = set(arrows)
    for _ in arrows:
        reach |= {(user, deeper) for user, used in reach for one, deeper in arrows if one == used}
    rooms = {room for arrow in arrows for room in arrow}
    unknown = {(user, used) for user, used in allowed if user != used and {user, used} <= rooms} - reach
    assert not unknown, f"allowed and not drawn: {sorted(unknown)}"
    assert not {room for room in rooms if (room, room) in reach}, "they run one way"


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_has_its_place(library: str) -> None:
    users = {name for name in MODULES if library in {n.split(".")[0] for n in imported(name)}}
    wrong = {name for name in users if not fits(name, LIBRARIES[library])}
    assert not wrong, f"{library} belongs to {sorted(LIBRARIES[library])}, not to {sorted(wrong)}"


def test_every_library_is_declared() -> None:
    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    declared = {re.split(r"[^\w-]", line, maxsplit=1)[0] for line in requirements}
    known = sys.stdlib_module_names | {
        "fastmlp",
        "llvmlite",
        "dask",  # these come with numba and distributed, as they fit
        "IPython",  # and this is there where there is a notebook
    }
    used = {target.split(".")[0] for name in MODULES for target in imported(name)} - known - {""}
    assert {DISTRIBUTIONS.get(name, name.replace("_", "-")) for name in used} == declared


# Who may print: the command line, and what scikit-learn's `verbose` asks for
SPEAKERS = {"cli", "__main__", "estimators.progress"}


def test_only_the_command_line_prints_or_exits() -> None:
    silent = [name for name in MODULES if not fits(name, SPEAKERS)]
    assert len(silent) > 200
    assert not [(name, what) for name in silent for node in nodes(name) if (what := speaks(node))]


def speaks(node: ast.AST) -> str:
    """What a node prints or exits with, or nothing."""
    match node:
        case (
            ast.Call(func=ast.Name(id="print" | "exit" | "quit" | "breakpoint"))
            | ast.Name(id="SystemExit")
            | ast.Attribute(value=ast.Name(id="sys"), attr="exit" | "stdout")
            | ast.Attribute(value=ast.Name(id="os"), attr="_exit" | "abort")
        ):
            return f"line {node.lineno}: {ast.unparse(node)}"
    return ""


def test_no_wait_can_miss_its_timeout() -> None:
    """On Python 3.11 and 3.12 the timeout of a `SimpleQueue` is lost when a signal's handler outlasts it."""
    users = {
        name
        for name in MODULES
        for node in nodes(name)
        if "SimpleQueue" in {getattr(node, "id", None), getattr(node, "attr", None), getattr(node, "name", None)}
    }
    assert not users, f"{sorted(users)}: use queue.Queue"


# Who may ask the file system, and why not through `files`.
FILE_SYSTEM = {
    "files": "it is the place",
    "backends.cache": "the cache is below `files`, and does without what is refused",
    "machine": "facts in /proc, or none",
    "problems.user": "the time stamp tells whether a file has to be read again",
    "datasets.kept": "the same",
    "cli.console": "streams are not files",
    "cli.commands.lab": "a file that is being saved may be gone for a moment",
    "lab.texts": "the words are the package's own",
    "lab.starter": "so are the solutions",
    "lab.grading.submissions": "what cannot be read is one submission, and others are graded",
    "report.render": "the templates are the package's own",
    "report.optional": "it may be there, or not",
    "study.settings.load": "the shipped studies are the package's own",
}
LOOKS = {"exists", "is_file", "is_dir", "is_symlink", "stat", "lstat", "mkdir", "resolve", "unlink", "iterdir", "glob"}
LOOKS |= {"read_text", "read_bytes", "write_text", "write_bytes", "touch", "samefile", "chmod", "access", "fchmod"}


def test_files_are_looked_at_in_one_place() -> None:
    """A file system may refuse any of these calls: `files` turns that into one line."""
    calls = [
        (name, node.func)
        for name in MODULES.keys() - FILE_SYSTEM.keys()
        for node in nodes(name)
        if isinstance(node, ast.Call)
    ]
    assert len(calls) > 1000
    assert not [
        (name, ast.unparse(call)) for name, call in calls if isinstance(call, ast.Attribute) and call.attr in LOOKS
    ]


def test_compile_options_have_one_home() -> None:
    """The compiler's disk cache does not notice a change of options: one home is one place to look."""
    compilers = {"jit", "njit", "vectorize", "guvectorize", "cfunc"}
    homes = {
        name
        for name in MODULES
        for node in nodes(name)
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in compilers
    }
    assert homes <= {"backends.jit"}


def test_importing_is_light() -> None:
    heavy = ("numba", "sklearn", "scipy", "matplotlib", "torch", "PIL")
    code = f"import sys, fastmlp; print(*sorted(set({heavy}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == []
