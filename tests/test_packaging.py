"""What is built holds what it must: each artefact is built without a network, unpacked, and renders a report alone."""

import shutil
import site
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

import fastmlp
from fastmlp.report import render

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = sorted(path.relative_to(ROOT) for path in (ROOT / "report_templates").rglob("*") if path.is_file())
WHERE_LIBRARIES_ARE = [*site.getsitepackages(), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]

# An interpreter that finds the libraries of this one, but neither its .pth files nor this checkout: what it knows of
# fastmlp comes from the folder it is given. Without numba, too, for a report needs none.
CLEAN = f"""
import site, sys
sys.modules["numba"] = None
site.addsitedir(sys.argv.pop(1))  # before the libraries, among which fastmlp may be installed too
sys.path += {WHERE_LIBRARIES_ARE!r}
"""

STUDY = {
    "name": "packaging",
    "grid": {"strategies": ["baseline", "scratch", "frozen", "finetune"], "sizes": [20, 50], "seeds": 2},
    "pretraining": {"epochs": 1},
    "training": {"epochs": 1},
}


def build(kind: str, source: Path, out: Path) -> Path:
    """Build an artefact with the backend pyproject.toml names; kind is wheel, sdist or editable."""
    code = f"import sys, hatchling.build; print(hatchling.build.build_{kind}(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(out)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=True, timeout=60)
    return out / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """All that can be built, by name: the wheel from the sdist has seen nothing of this checkout."""
    out = tmp_path_factory.mktemp("dist")
    sdist = build("sdist", ROOT, out)
    with tarfile.open(sdist) as archive:
        archive.extractall(out, filter="data")
    (out / "again").mkdir()
    (out / "editable").mkdir()
    return {
        "sdist": sdist,
        "wheel": build("wheel", ROOT, out),
        "wheel from sdist": build("wheel", out / sdist.name.removesuffix(".tar.gz"), out / "again"),
        "editable": build("editable", ROOT, out / "editable"),
    }


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished study, as small as one can be, without a report."""
    out = tmp_path_factory.mktemp("study")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "render_report", lambda *_: None)
        fastmlp.run_study(STUDY, out=out, backend="numpy")
    return out


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def run_installed(artefact: Path, folder: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code where an artefact is installed, into a folder, and the checkout is not."""
    with zipfile.ZipFile(artefact) as archive:
        archive.extractall(folder)
    command = [sys.executable, "-I", "-S", "-c", CLEAN + code, str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder.parent, timeout=60)


def test_an_editable_install_is_this_checkout_and_its_templates(artefacts: dict[str, Path], tmp_path: Path) -> None:
    code = "from fastmlp.report import render; print(render.__file__, render.templates(), sep='\\n')"
    done = run_installed(artefacts["editable"], tmp_path / "installed", code)
    assert done.stdout.split() == [str(ROOT / "fastmlp" / "report" / "render.py"), str(ROOT / "report_templates")]


def test_the_report_renders_from_a_wheel(artefacts: dict[str, Path], study: Path, tmp_path: Path) -> None:
    installed, copy = tmp_path / "installed", tmp_path / "study"
    shutil.copytree(study, copy)
    code = "import fastmlp.cli; print(fastmlp.__file__, file=sys.stderr); sys.exit(fastmlp.cli.main())"
    done = run_installed(artefacts["wheel"], installed, code, "report", str(copy))
    assert done.returncode == 0, done.stderr
    assert str(installed / "fastmlp") in done.stderr
    assert "</html>" in (copy / "report.html").read_text(encoding="utf-8")
    assert (copy / "report.md").read_text(encoding="utf-8").startswith("#")


def test_wheel_holds_all_a_user_needs(artefacts: dict[str, Path]) -> None:
    inside = set(contents(artefacts["wheel"]))
    studies = {path.relative_to(ROOT).as_posix() for path in (ROOT / "fastmlp" / "studies").glob("*.toml")}
    assert studies
    assert {f"fastmlp/{path.as_posix()}" for path in TEMPLATES} <= inside
    assert studies | {"fastmlp/py.typed", "fastmlp/cli/app.py"} <= inside
    assert {name.split("/")[0] for name in inside} == {"fastmlp", f"fastmlp-{fastmlp.__version__}.dist-info"}


def test_wheels_are_the_same_from_checkout_and_sdist(artefacts: dict[str, Path]) -> None:
    """To the byte, so that what one of them does the other does."""
    assert contents(artefacts["wheel"]) == contents(artefacts["wheel from sdist"])


def test_sdist_holds_all_but_the_rendered_book(artefacts: dict[str, Path]) -> None:
    with tarfile.open(artefacts["sdist"]) as archive:
        paths = [Path(*Path(name).parts[1:]) for name in archive.getnames()]
    tops = {path.parts[0] for path in paths}
    assert {"fastmlp", "bench", "report_templates", "tests", "asv.conf.json", "pyproject.toml", "LICENSE"} <= tops
    docs = {path for path in paths if path.parts[0] == "docs"}
    assert {path for path in docs if path.parts[1] != "guide"} == {Path("docs/pictures.py")}
    assert Path("docs/guide/index.md") in docs
    assert not any("api" in path.parts for path in docs), "what Sphinx makes is made again"


def test_tests_of_the_sdist_find_what_they_read(artefacts: dict[str, Path]) -> None:
    """Those of files beside the package, without a checkout of git."""
    unpacked = artefacts["sdist"].with_name(artefacts["sdist"].name.removesuffix(".tar.gz"))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/test_ci_workflow.py",
        "tests/test_docs.py",
    ]
    done = subprocess.run(command, cwd=unpacked, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout


def test_metadata(artefacts: dict[str, Path]) -> None:
    about = metadata(artefacts["wheel"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert about["Version"] == fastmlp.__version__
    assert about["Requires-Python"] == ">=3.11"
    assert about["License-Expression"] == "BSD-3-Clause"
    assert about.get_all("License-File") == ["LICENSE"]
    assert set(about.get_all("Provides-Extra", [])) == set(project["optional-dependencies"])
    assert "Typing :: Typed" in about.get_all("Classifier", [])


def test_no_requirement_has_a_ceiling(artefacts: dict[str, Path]) -> None:
    requirements = metadata(artefacts["wheel"]).get_all("Requires-Dist", [])
    assert len(requirements) > 5
    assert [line for line in requirements if "<" in line or "==" in line.partition(";")[0] or "~=" in line] == []


def test_command_is_installed(artefacts: dict[str, Path]) -> None:
    with zipfile.ZipFile(artefacts["wheel"]) as archive:
        scripts = archive.read(f"fastmlp-{fastmlp.__version__}.dist-info/entry_points.txt").decode()
    assert "fastmlp = fastmlp.cli:main" in scripts
