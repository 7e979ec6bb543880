"""What the gate builds is the revision that was asked for, with the dependencies that it asks for."""

from __future__ import annotations

import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

from bench.gate.build import (
    WORKING_TREE,
    Build,
    BuildError,
    UnknownRevisionError,
    Wanted,
    build_all,
    may_borrow,
    resolve,
)

from .toy import PACKAGE, PROJECT, commit, git, package, project


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of revisions that ask for this and that."""
    repository = tmp_path_factory.mktemp("toy")
    git(repository, "init", "-q")
    commit(repository, "numpy", {PROJECT: project("numpy>=2"), PACKAGE: package(10)})
    commit(repository, "nothing", {PROJECT: project()})
    commit(repository, "helper", {PROJECT: project("fastmlp-helper>=2")})
    return repository


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of a package index, with two versions of what is installed nowhere."""
    for version in ("1.0", "2.0"):
        about = f"fastmlp_helper-{version}.dist-info"
        files = {
            "fastmlp_helper.py": f"VERSION = {version!r}\n",
            f"{about}/METADATA": f"Metadata-Version: 2.1\nName: fastmlp-helper\nVersion: {version}\n",
            f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        with ZipFile(tmp_path / f"fastmlp_helper-{version}-py3-none-any.whl", "w") as wheel:
            for name, content in {**files, f"{about}/RECORD": "".join(f"{name},,\n" for name in files)}.items():
                wheel.writestr(name, content)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    return tmp_path


def said(build: Build, code: str) -> str:
    """What a process of a build prints, or the last line of its complaint."""
    command = [str(build.python), "-P", "-c", code]
    done = subprocess.run(command, env=build.environment, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).splitlines()[-1]


def test_the_working_tree_is_its_tracked_files_as_they_stand(toy: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(toy, "clone", "-q", "--branch", "numpy", str(toy), str(clone))
    (clone / PACKAGE).write_text("def work():\n    return 'changed'\n")
    (clone / "fastmlp" / "untracked.py").write_text("")
    (build,) = build_all(clone, [Wanted("head", WORKING_TREE)], tmp_path / "builds")
    assert said(build, "import fastmlp; print(fastmlp.work())") == "changed"
    assert not (build.folder / "source" / "fastmlp" / "untracked.py").exists()


def test_an_unknown_revision_is_refused(toy: Path) -> None:
    with pytest.raises(UnknownRevisionError, match="there is no revision 'nowhere'"):
        resolve(toy, "nowhere")


@pytest.mark.parametrize(
    ("revisions", "expected"),
    [
        (("numpy", "numpy"), True),
        (("nothing", "nothing"), True),
        (("nothing", "numpy"), False),  # though both have what they need here
        (("helper", "helper"), False),  # which is not here
    ],
)
def test_dependencies_are_borrowed_where_both_ask_for_the_same_and_it_is_here(
    toy: Path,
    revisions: tuple[str, str],
    expected: bool,  # noqa: FBT001  a table of cases
) -> None:
    assert may_borrow(toy, revisions) is expected


def test_revisions_with_different_dependencies_get_their_own(toy: Path, tmp_path: Path, index: Path) -> None:
    wanted = [Wanted("base", resolve(toy, "nothing")), Wanted("head", resolve(toy, "helper"))]
    base, head = build_all(toy, wanted, tmp_path / "builds")
    assert said(head, "import fastmlp, fastmlp_helper; print(fastmlp_helper.VERSION)") == "2.0"
    assert said(base, "import fastmlp, fastmlp_helper").endswith("No module named 'fastmlp_helper'")
    for build in (base, head):
        assert said(build, "import numpy").endswith("No module named 'numpy'"), "it sees what is installed here"
        path = said(build, "import fastmlp; print(fastmlp.__file__)")
        assert Path(path).is_relative_to(build.folder / "env")


def test_a_dependency_that_cannot_be_had_is_named(toy: Path, tmp_path: Path, index: Path) -> None:
    for wheel in index.glob("fastmlp_helper-2*"):
        wheel.unlink()
    with pytest.raises(BuildError, match="No matching distribution found for fastmlp-helper>=2"):
        build_all(toy, [Wanted("head", resolve(toy, "helper"))], tmp_path / "builds")
