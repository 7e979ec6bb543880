"""What a file system refuses: one line with the right exit code, and nothing half-written.

Permissions cannot be tried out as root, and no test can mount a network drive. So the calls to the operating system are
replaced by ones that refuse, for the paths of one study.
"""

from __future__ import annotations

import errno
import fcntl
import io
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import fastmlp
from fastmlp.cli import main
from fastmlp.errors import InvalidInput
from fastmlp.report import render
from fastmlp.study.settings.load import from_dict, to_toml

from ..made_up_study import SMALL, with_grid

STUDY = with_grid(SMALL, strategies=["scratch", "finetune"], sizes=[20])
USAGE, STORE = 2, 3


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished study, to be copied; its report is text enough."""
    here = tmp_path_factory.mktemp("study")
    for name in ("mine.toml", "mine"):
        (here / name).write_text(to_toml(from_dict(STUDY)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "to_html", lambda _: "<p>")
        patch.setattr(render, "to_markdown", lambda _: "p")
        fastmlp.run_study(here / "mine.toml", here / "out", jobs=1, backend="numpy")
    return here


@pytest.fixture
def here(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "here"
    shutil.copytree(finished, place)
    monkeypatch.setattr(render, "to_html", lambda _: "<p>")
    monkeypatch.setattr(render, "to_markdown", lambda _: "p")
    return place


def refuse(patch: pytest.MonkeyPatch, call: str, code: int, under: Path) -> list[str]:
    """Let a call refuse paths under a folder, and descriptors of files there; return what is refused."""
    refused: list[str] = []

    def names(target: object) -> str:
        if isinstance(target, int):
            return str(Path(f"/proc/self/fd/{target}").readlink())
        return str(Path.cwd() / os.fsdecode(target)) if isinstance(target, str | bytes | os.PathLike) else ""

    def refusing(real: Callable[..., Any]) -> Callable[..., Any]:
        def call_or_refuse(target: object, *args: Any, **options: Any) -> Any:
            name = names(target)
            if name == str(under) or name.startswith(f"{under}/"):
                refused.append(name)
                raise OSError(code, os.strerror(code), name)
            return real(target, *args, **options)

        return call_or_refuse

    module, _, name = call.rpartition(".")
    home = {"os": os, "io": io, "fcntl": fcntl}[module]
    patch.setattr(home, name, refusing(getattr(home, name)))
    if call == "io.open":
        patch.setattr("builtins.open", refusing(open))
    return refused


def commands(here: Path) -> dict[str, list[str]]:
    """Every command that looks at a study, reads it or writes it."""
    out, options = str(here / "out"), ["--jobs", "1", "--backend", "numpy"]
    return {
        "study": ["study", str(here / "mine.toml"), "--out", out, *options],
        "study of a new folder": ["study", str(here / "mine.toml"), "--out", str(here / "new" / "out"), *options],
        "study without a suffix": ["study", str(here / "mine"), "--out", out, *options],
        "report": ["report", out],
        "status": ["status", out],
        "export": ["export", out, "--format", "csv"],
        "export -o": ["export", out, "--format", "csv", "--output", str(here / "table.csv")],
        "diff": ["diff", out, out],
    }


CALLS = ("os.stat", "os.open", "io.open", "os.mkdir", "os.replace", "os.fsync", "fcntl.flock")
CODES = (errno.EACCES, errno.ENAMETOOLONG, errno.ENOTSUP, errno.ENOLCK, errno.EIO)


def contents(here: Path) -> dict[str, bytes]:
    """Every file but the lock and the store, whose bytes change when a study is taken up."""
    return {
        str(path.relative_to(here)): path.read_bytes()
        for path in sorted(here.rglob("*"))
        if path.is_file() and path.name not in {"study.lock", "study.sqlite"}
    }


@pytest.mark.parametrize("code", CODES, ids=errno.errorcode.__getitem__)
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("command", commands(Path()))
def test_whatever_is_refused_is_one_line_and_nothing_is_half_written(
    command: str, call: str, code: int, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(here)
    with monkeypatch.context() as patch:
        refused = refuse(patch, call, code, here)
        exit_code = main(commands(here)[command])
    said = capsys.readouterr().err.splitlines()
    if exit_code in {USAGE, STORE}:
        assert len([line for line in said if line.startswith("fastmlp: ")]) == 1, said
        assert said[-1].startswith("fastmlp: ")
        if refused:
            assert os.strerror(code) in said[-1]
            assert str(here) in said[-1]
    else:
        assert exit_code == 0, said
    after = contents(here)
    assert {name: after[name] for name in before} == before, (
        "old files are left as they were, or written anew, the same"
    )
    assert not [name for name in after if Path(name).name.startswith(".")], "no litter"


REFUSED = [
    # what is asked, the call that refuses, the exit code
    ("study", "os.stat", errno.EACCES, USAGE),
    ("study", "io.open", errno.EACCES, USAGE),  # the settings
    ("study", "fcntl.flock", errno.ENOLCK, STORE),
    ("study", "fcntl.flock", errno.ENOTSUP, STORE),
    ("study", "os.fsync", errno.EIO, STORE),
    ("study", "os.fsync", errno.EINVAL, 0),  # what the file system does not offer
    ("study", "os.fsync", errno.ENOTSUP, 0),
    ("study of a new folder", "os.mkdir", errno.EACCES, USAGE),
    ("study of a new folder", "os.mkdir", errno.ENAMETOOLONG, USAGE),
    ("study without a suffix", "os.stat", errno.ENAMETOOLONG, USAGE),
    ("report", "os.stat", errno.EACCES, STORE),
    ("report", "os.replace", errno.EPERM, STORE),
    ("report", "fcntl.flock", errno.ENOLCK, 0),
    ("status", "os.stat", errno.ENAMETOOLONG, STORE),
    ("status", "fcntl.flock", errno.ENOLCK, 0),
    ("status", "os.open", errno.EACCES, 0),  # whether a study runs cannot be known then
    ("export", "os.stat", errno.EACCES, STORE),
    ("export -o", "os.stat", errno.EACCES, USAGE),
    ("export -o", "os.open", errno.EACCES, USAGE),
    ("diff", "os.stat", errno.EACCES, STORE),
]


@pytest.mark.parametrize(("command", "call", "code", "exit_code"), REFUSED)
def test_the_exit_code_says_whose_fault_it_is(
    command: str, call: str, code: int, exit_code: int, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        refused = refuse(patch, call, code, here)
        assert main(commands(here)[command]) == exit_code
    assert refused or call == "fcntl.flock", "the command has asked"  # a report needs no lock


LONG = "x" * 300


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["study", LONG], USAGE),
        (["study", f"{LONG}.toml"], USAGE),
        (["study", "lab", "--out", LONG], USAGE),
        (["report", LONG], STORE),
        (["status", LONG], STORE),
        (["export", LONG, "--format", "csv"], STORE),
        (["export", "out", "--format", "csv", "-o", LONG], USAGE),
        (["diff", LONG, LONG], STORE),
    ],
)
def test_names_that_are_too_long(
    arguments: list[str],
    exit_code: int,
    here: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(here)
    assert main(arguments) == exit_code
    assert capsys.readouterr().err.count("\n") == 1


def test_a_name_may_be_as_long_as_the_file_system_allows(here: Path) -> None:
    table = here / ("x" * 255)
    assert main(["export", str(here / "out"), "--format", "csv", "-o", str(table)]) == 0
    assert table.read_bytes() == (here / "out" / "results.csv").read_bytes()


@pytest.mark.parametrize("name", ["study", "out"])
def test_a_name_that_no_file_can_have(name: str, tmp_path: Path) -> None:
    arguments: dict[str, Any] = {"study": "lab", "out": tmp_path / "out", name: "a\0b"}
    with pytest.raises(InvalidInput, match=r"null (byte|character)"):
        fastmlp.run_study(**arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["study"], ["study", "lab", "--out"], ["report"], ["status"], ["diff", "out"]])
def test_a_name_with_a_line_break_makes_no_second_line(
    arguments: list[str], here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(here)
    (here / "a\nb").write_text("no settings")
    assert main([*arguments, "a\nb"]) in {USAGE, STORE}
    assert capsys.readouterr().err.count("\n") == 1


def test_links_in_a_circle_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert main(["study", "lab", "--out", str(tmp_path / "loop" / "out")]) == USAGE
    assert main(["study", str(tmp_path / "loop")]) == USAGE
    assert main(["status", str(tmp_path / "loop")]) == STORE
    assert "Traceback" not in capsys.readouterr().err


@pytest.fixture
def umask() -> Iterator[Callable[[int], int]]:
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


@pytest.mark.parametrize("mask", [0o002, 0o022, 0o027, 0o077])
def test_the_umask_of_the_user_is_respected(mask: int, here: Path, umask: Callable[[int], int]) -> None:
    umask(mask)
    shutil.rmtree(here / "out")
    assert main(commands(here)["study"]) == 0
    assert main(commands(here)["export -o"]) == 0
    names = ("study.toml", "results.csv", "report.html", "report.md", "study.lock")
    for path in (*(here / "out" / name for name in names), here / "table.csv"):
        assert path.stat().st_mode & 0o777 == 0o666 & ~mask, path


@pytest.mark.parametrize("call", ["fchmod", "chmod", "ftruncate", "pwrite"])
def test_what_is_only_nice_to_have_is_done_without(call: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, call, refused)
    shutil.rmtree(here / "out")
    assert main(commands(here)["study"]) == 0


@pytest.mark.parametrize("command", ["study", "report", "export", "export -o", "diff"])
def test_no_room_for_temporary_files_is_named(
    command: str, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(here / "gone"))
    assert main(commands(here)[command]) == STORE
    assert capsys.readouterr().err == "fastmlp: temporary file: cannot be made: No such file or directory\n"
