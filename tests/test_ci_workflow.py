"""The gate in CI: the workflow, the guide and the tests run one and the same command, and know its exit codes."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from bench import cli
from bench.exit_codes import CHECK_FAILED, NO_VERDICT, SLOWER

from .workflow import COMMAND, SPEED, STEP

ROOT = Path(__file__).resolve().parent.parent


def test_the_guide_has_the_command_of_the_workflow() -> None:
    page = (ROOT / "docs" / "guide" / "gate.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE)
    steps = yaml.safe_load(block)
    assert [step["run"] for step in steps if "bench gate" in step.get("run", "")] == [COMMAND]
    assert len(block.splitlines()) == 5
    installs = [next(s["run"] for s in one if "pip" in s.get("run", "")) for one in (steps, SPEED["steps"])]
    assert installs[0] == installs[1]


@pytest.mark.parametrize("path", ["docs/guide/gate.md", ".github/workflows/ci.yml"])
def test_pip_is_new_enough_where_it_is_asked_for_a_group(path: str) -> None:
    """Before 25.1 it knows no ``--group``."""
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    asking = [line for line in lines if "pip install" in line and "--group" in line]
    assert asking
    assert all("pip>=25.1" in line.partition("--group")[0] for line in asking)


def test_the_tests_that_a_job_narrows_to_are_there() -> None:
    """Folders, not words in names: a test that is renamed or moved is still run."""
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    folders = set(re.findall(r"\btests/[\w/]+", text))
    assert {"tests/backends", "tests/study/execution"} <= folders
    assert all((ROOT / folder).is_dir() for folder in folders)
    assert " -k " not in text


def test_make_runs_the_tests_that_it_leaves_out() -> None:
    """Those with a marker, in the folders that a target of their own names; and the CI runs each of these targets."""
    makefile, script = ((ROOT / name).read_text(encoding="utf-8") for name in ("Makefile", ".ci/run"))
    for marker in ("cluster", "exhaustive"):
        (folders,) = re.findall(rf"^{marker}: .*\n.* -m pytest (.+) -m {marker} ", makefile, re.MULTILINE)
        assert f"make {marker}\n" in script
        marked = [path for path in (ROOT / "tests").rglob("*.py") if f"pytest.mark.{marker}" in path.read_text("utf-8")]
        assert marked
        for path in marked:
            assert any(path.is_relative_to(ROOT / folder) for folder in folders.split()), path


def test_the_gate_understands_the_command() -> None:
    arguments = shlex.split(COMMAND.replace('"$(git merge-base origin/main HEAD)"', "abc"))
    assert arguments[:3] == ["python", "-m", "bench"]
    options = cli.parser().parse_args(arguments[3:])
    assert (options.base, options.head, options.bench) == ("abc", None, None)


def test_the_job_has_what_a_merge_base_needs() -> None:
    checkout = SPEED["steps"][0]["with"]
    assert checkout["fetch-depth"] == 0
    assert checkout["ref"] == "${{ github.event.pull_request.head.sha }}"
    assert SPEED["if"] == "github.event_name == 'pull_request'"


@pytest.mark.parametrize(
    ("codes", "end", "calls", "words"),
    [
        ([0], 0, 1, ""),
        ([SLOWER], SLOWER, 1, "title=Refused::slower"),
        ([CHECK_FAILED], CHECK_FAILED, 1, "title=Refused::a check failed"),
        ([NO_VERDICT, 0], 0, 2, ""),
        ([NO_VERDICT, SLOWER], SLOWER, 2, "title=Refused::slower"),
        ([NO_VERDICT, NO_VERDICT], NO_VERDICT, 2, "title=No verdict::"),
        ([143], 143, 1, "title=No verdict::the gate ended with 143"),
    ],
)
def test_the_job_ends_as_the_gate_does(codes: list[int], end: int, calls: int, words: str, tmp_path: Path) -> None:
    """In place of the gate, a command that ends with one code after the other."""
    (tmp_path / "codes").write_text("\n".join(map(str, codes)) + "\n")
    stand_in = tmp_path / "python"
    stand_in.write_text('#!/bin/sh\necho "$@" >> called\ncode=$(head -n 1 codes)\nsed -i 1d codes\nexit $code\n')
    stand_in.chmod(0o755)
    (tmp_path / "git").write_text("#!/bin/sh\necho abc\n")
    (tmp_path / "git").chmod(0o755)
    done = subprocess.run(
        ["bash", "-e", "-c", STEP],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == end
    called = (tmp_path / "called").read_text().splitlines()
    assert called == ["-m bench gate --base abc --json gate.json --markdown gate.md"] * calls
    assert words in done.stdout
    assert bool(words) == bool(done.stdout)


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="asks git, and this is no checkout")
def test_what_is_measured_stays_out_of_the_source_tree() -> None:
    settings = json.loads((ROOT / "asv.conf.json").read_text(encoding="utf-8"))
    for name in ("env_dir", "results_dir", "html_dir"):
        ignored = subprocess.run(["git", "check-ignore", "-q", settings[name]], cwd=ROOT, check=False)
        assert ignored.returncode == 0
    assert set(settings["matrix"]["env_nobuild"]) >= {"NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"}
    assert settings["results_dir"] not in (ROOT / "Makefile").read_text(encoding="utf-8")  # `make clean` leaves it
