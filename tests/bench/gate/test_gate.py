"""The gate from end to end, mostly on a toy that takes a moment to build, and what it says of all that can go wrong."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

import bench
from bench.exit_codes import NO_VERDICT, USAGE
from bench.gate.build import Build, BuildError, Wanted, build_all, resolve
from bench.gate.compare import Run, Settings, compare
from bench.gate.inject import ExtraWorkError, share_of, slow_down
from bench.gate.isolation import LOCK, scratch_folder
from bench.gate.render import markdown, text
from bench.gate.sampling import Pair, Round, Sample
from bench.gate.selection import choose
from bench.gate.verdict import Comparison, Result, Verdict

from ...processes import hearing_interrupts
from ...workflow import COMMAND
from .toy import PACKAGE, PROJECT, commit, git, package, project

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pinning and dying with a parent are Linux's")

ROOT = Path(bench.__file__).parents[1]
ONE = "bench_toy.Toy.time_work('one')"
SUITES = """
import os, time
import fastmlp

class Toy:
    params = (["one", "two"],)
    def setup(self, name): assert name in self.params[0]
    def time_work(self, name): fastmlp.work()

class Odd:
    def time_old(self): fastmlp.work()
    def time_raises(self): raise RuntimeError("on\\npurpose")
    def time_ends(self): os._exit(3)
    def time_hangs(self): time.sleep(600)
    def track_nothing(self): return 1
"""


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of three revisions."""
    repository = tmp_path_factory.mktemp("toy")
    git(repository, "init", "-q")
    suites = "bench/bench_toy.py"
    first = {PROJECT: project("numpy>=2"), PACKAGE: package(3000), "bench/__init__.py": "", suites: SUITES}
    commit(repository, "base", first)
    commit(repository, "slower", {PACKAGE: package(4500)})
    others = {suites: SUITES.replace("time_old", "time_new"), "bench/bench_broken.py": "import nothing_of_the_kind"}
    commit(repository, "others", others)
    return repository


@pytest.fixture(scope="module")
def builds(toy: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Build]:
    names = ("base", "base", "slower", "others")
    wanted = [Wanted(name, resolve(toy, name)) for name in names]
    made = build_all(toy, wanted, tmp_path_factory.mktemp("builds"))
    return dict(zip(("base", "again", "slower", "others"), made, strict=True))


@pytest.fixture
def settings() -> Settings:
    return Settings(min(os.sched_getaffinity(0)), sample=10_000_000, rounds=3, most=4)


def silent(_: str) -> None:
    pass


def test_slower_is_slower(builds: dict[str, Build], settings: Settings) -> None:
    patient = replace(settings, most=10)  # who shares the core with other tests may need as many
    (result,), control = compare((builds["base"], builds["slower"]), [ONE], patient, silent)
    assert result.verdict is Verdict.SLOWER, result
    assert result.first is not None
    assert result.again is not None, "it was not measured again"
    assert 1.3 < result.first.ratio < 1.7
    assert control is not None


def test_what_fails_is_named_and_the_rest_is_measured(builds: dict[str, Build], settings: Settings) -> None:
    impatient = replace(settings, preparing=5.0)
    odd = [f"bench_toy.Odd.time_{what}" for what in ("ends", "raises", "hangs", "is_not_there")]
    results, _ = compare((builds["base"], builds["again"]), [*odd, ONE], impatient, silent)
    assert [one.verdict for one in results[:4]] == [Verdict.NONE] * 4
    ends, raises, hangs, not_there = (one.reason for one in results[:4])
    assert "its process ended (3)" in ends
    assert re.fullmatch("(base|again|head): RuntimeError: on", raises)
    assert "no answer within 5 s" in hangs
    assert "there is no benchmark" in not_there
    assert results[4].first is not None, results[4]
    assert results[4].verdict not in {Verdict.SLOWER, Verdict.FASTER}


def test_a_ratio_that_is_none_is_a_failure() -> None:
    nothing = Round(Sample(0, 0), Sample(0, 0))
    run = Run({"x": [[nothing], [nothing]]})
    assert run.estimates() == {}
    assert run.failed == {"x": "a ratio is not a number"}


def test_what_is_not_in_both_revisions_has_no_verdict(builds: dict[str, Build]) -> None:
    names, odd = choose((builds["base"], builds["others"]), "Toy|Odd.time_(old|new)")
    assert names == ["bench_toy.Toy.time_work('one')", "bench_toy.Toy.time_work('two')"]
    assert {one.name: one.reason.split(":")[0] for one in odd} == {
        "bench_broken": "others",
        "bench_toy.Odd.time_old": "gone or renamed",
        "bench_toy.Odd.time_new": "new",
    }
    assert {one.verdict for one in odd} == {Verdict.NONE}


def test_headline_benchmarks_that_are_gone_have_no_verdict(builds: dict[str, Build]) -> None:
    names, odd = choose((builds["base"], builds["again"]), None)
    assert names == []
    assert {one.reason for one in odd} == {"neither revision has it"}


def test_nothing_to_run_is_no_pass(builds: dict[str, Build], settings: Settings) -> None:
    names, odd = choose((builds["base"], builds["again"]), "nothing of the kind")
    results, control = compare((builds["base"], builds["again"]), names, settings, silent)
    assert Comparison("a", "b", (*odd, *results), control, 1.0).exit_code == 5


def test_a_build_is_what_it_claims_to_be(builds: dict[str, Build]) -> None:
    for wrong in (replace(builds["base"], digest="another"), replace(builds["base"], folder=builds["slower"].folder)):
        with (
            Pair((wrong, builds["slower"]), builds["slower"].suites, 0) as pair,
            pytest.raises(BuildError, match="its process imported"),
        ):
            pair.prepare([])


def test_each_build_has_its_own_places(builds: dict[str, Build]) -> None:
    one, other = builds["base"], builds["again"]
    assert one.digest == other.digest
    assert one.environment["NUMBA_CACHE_DIR"] != other.environment["NUMBA_CACHE_DIR"]
    assert not one.python.samefile(other.python) or one.python != other.python


def gate(*arguments: str | Path, temporary: Path, cwd: Path = ROOT) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench", "gate", *map(str, arguments)]
    environment = os.environ | {"TMPDIR": str(temporary)}
    pipe = subprocess.PIPE
    with hearing_interrupts():
        return subprocess.Popen(command, cwd=cwd, env=environment, stdout=pipe, stderr=pipe, text=True)


def running_below(folder: Path) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = process.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line:
            found.append(line)
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_killed_at_any_moment_it_leaves_nothing_behind(toy: Path, tmp_path: Path, number: int) -> None:
    output, temporary = tmp_path / "out" / "gate.json", tmp_path / "tmp"
    output.parent.mkdir()
    temporary.mkdir()
    output.write_text("before")
    command = ("--repository", toy, "--base", "base", "--head", "base", "--bench", "Toy", "--json", output)
    processes = [gate(*command, temporary=temporary) for _ in range(2)]
    for process in processes:
        time.sleep(random.uniform(0.3, 2.5))
        process.send_signal(number)
    for process in processes:
        process.communicate(timeout=30)
    assert {process.returncode for process in processes} <= {-number, 128 + number, 0, 5}  # the last two: done before
    deadline = time.monotonic() + 10
    while (left := running_below(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left
    assert list(output.parent.iterdir()) == [output]
    assert output.read_text() == "before" or json.loads(output.read_text())["exit_code"] in {0, 5}
    assert len(git(toy, "worktree", "list").splitlines()) == 1
    if number != signal.SIGKILL:
        assert {path.name for path in temporary.glob("fastmlp-gate-*/*")} <= {LOCK}


def test_the_next_run_sweeps_what_the_dead_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code = "import os, signal; from bench.gate.isolation import scratch_folder\n"
    code += "with scratch_folder() as folder:\n print(folder, flush=True)\n"
    killed = subprocess.run(
        [sys.executable, "-c", code + " os.kill(os.getpid(), signal.SIGKILL)"],
        cwd=ROOT, env=os.environ | {"TMPDIR": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    left = Path(killed.stdout.strip())
    assert left.is_dir()
    with scratch_folder() as mine, scratch_folder() as other:
        assert not left.exists()
        assert mine.is_dir(), "the living are left alone"
        assert other != mine
    assert not mine.exists()


@pytest.mark.exhaustive  # each revision is compiled, and its results, memory and machine code are compared
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="clones this checkout, and this is none")
def test_a_branch_made_slower_on_purpose_is_refused(tmp_path: Path) -> None:
    """By the command of the workflow, narrowed to one benchmark."""
    clone = tmp_path / "clone"
    git(ROOT, "clone", "-q", "--shared", str(ROOT), str(clone))
    git(clone, "update-ref", "refs/remotes/origin/main", "HEAD")
    slow_down(clone / "fastmlp", 0.5)
    commit(clone, "slower-on-purpose", {})
    command = COMMAND + r""" --bench "Kernel.time_train\('tiny', 'sgd', 'float32'\)" """
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for _ in range(2):  # as the workflow does: what has no verdict is tried once more
        done = subprocess.run(
            ["bash", "-e", "-c", command], cwd=clone, env=os.environ | {"TMPDIR": str(tmp_path), "PATH": path},
            capture_output=True, text=True, check=False, timeout=240,
        )  # fmt: skip
        if done.returncode != NO_VERDICT:
            break
    assert done.returncode == 4, done.stdout + done.stderr
    assert re.search(r"^bench_kernels.Kernel.time_train\('tiny', .* 1\.[2-6]\d\d .* slower$", done.stdout, re.MULTILINE)
    assert "slower" in (clone / "gate.md").read_text()
    assert json.loads((clone / "gate.json").read_text())["exit_code"] == 4


def test_extra_work_is_a_share() -> None:
    assert [share_of(share) for share in ("", "0", "0.05", "1")] == [0, 0, 0.05, 1]
    for share in ("-0.1", "1.5", "much", "nan"):
        with pytest.raises(ExtraWorkError, match="from 0 to 1"):
            share_of(share)


def test_extra_work_is_not_put_where_it_does_not_fit(tmp_path: Path) -> None:
    (tmp_path / "backends" / "kernels").mkdir(parents=True)
    for name in ("kernels/engine.py", "compiled.py"):
        (tmp_path / "backends" / name).write_text("another kernel")
    with pytest.raises(ExtraWorkError, match="0 times"):
        slow_down(tmp_path, 0.5)


def test_tables_say_the_same(builds: dict[str, Build], settings: Settings) -> None:
    results, control = compare((builds["base"], builds["again"]), [ONE], replace(settings, most=1, least=1), silent)
    odd = Result("bench_toy.x('a|b')", Verdict.NONE, "it has a | in it")
    whole = Comparison("base", "head", (odd, *results), control, 12.3)
    for one in (text(whole), markdown(whole)):
        assert "no verdict: it has a " in one
        assert ONE in one
        assert "control" in one
    rows = [line for line in markdown(whole).splitlines() if line.startswith("|")]
    assert len({line.replace(r"\|", "").count("|") for line in rows}) == 1


@pytest.mark.parametrize("option", ["--json", "--markdown"])
def test_a_file_that_cannot_be_written_is_refused_before_anything_is_built(
    toy: Path, tmp_path: Path, option: str
) -> None:
    for place in (tmp_path, tmp_path / "no folder" / "gate.json"):
        process = gate("--repository", toy, "--base", "base", option, place, temporary=tmp_path)
        _, complaint = process.communicate(timeout=60)
        assert process.returncode == USAGE
        assert str(place.parent) in complaint
        assert "building" not in complaint
