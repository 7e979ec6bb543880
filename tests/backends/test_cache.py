"""The compile cache: one promise a test, most of them with a function that compiles in a blink."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

numba: Any = pytest.importorskip("numba")
if numba.config.DISABLE_JIT:
    pytest.skip("nothing is compiled", allow_module_level=True)

from fastmlp.backends import cache  # noqa: E402

PACKAGE = Path(cache.__file__).parents[1]
OUTSIDE = dict(os.environ)  # where the kernels of all tests are kept
TRAIN = """
from numpy import array
from fastmlp.backends import compiled
from fastmlp.backends.kernels import engine
loss, _ = compiled.loss_and_gradient(array([.5, -.5, 0, 0]), array([1, 2]), 0, array([[1.]]), array([0]))
print(loss, sum(engine.train.stats.cache_hits.values()))
"""
# The kernel that compiles soonest is in kernels/engine.py, and what copies the biases of the only layer in memory.py.
PREDICT = """
from numpy import array
from fastmlp.backends import compiled
print(compiled.forward(array([.5, -.5, 0, 0]), array([1, 2]), 0, array([[1.]]))[0, 0])
"""
COPIED = "parameters[column + o * panel] = flat[k + i * n_out + o]"
COPY = "copy"
TWICE = """
import numba
from fastmlp.backends.cache import MachineCodeCache
twice = numba.njit(lambda x: 2 * x)
twice._cache = MachineCodeCache("twice")
assert twice(3.0) == 6.0
print(sum(twice.stats.cache_hits.values()))
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache._warn_once.cache_clear()
    return tmp_path / "fastmlp"


def compiled_twice() -> tuple[float, int]:
    """Call a new function that doubles; return the result and how often it came from the cache."""
    function: Any = numba.njit(lambda x: 2 * x)
    function._cache = cache.MachineCodeCache("twice")
    return function(3.0), sum(function.stats.cache_hits.values())


def the_entry() -> Path:
    [entry] = cache.directory().glob(f"*{cache.SUFFIX}")
    return entry


def run(
    code: str, folder: Path | None = None, environment: Mapping[str, str] = os.environ, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,  # whose package comes first
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )


def test_a_second_function_comes_from_the_cache() -> None:
    assert compiled_twice() == (6.0, 0)
    assert compiled_twice() == (6.0, 1)


def test_a_second_process_trains_from_the_cache() -> None:
    first, second = (run(TRAIN, environment=OUTSIDE).stdout.split() for _ in range(2))
    assert first[0] == second[0]
    assert second[1] == "1"


def test_code_without_checks_of_bounds_does_not_serve_a_process_that_asks_for_them() -> None:
    assert run(TWICE, NUMBA_BOUNDSCHECK="0").stdout == "0\n"
    assert run(TWICE, NUMBA_BOUNDSCHECK="1").stdout == "0\n"
    assert run(TWICE, NUMBA_BOUNDSCHECK="0").stdout == "1\n"
    assert run(TWICE, NUMBA_BOUNDSCHECK="1").stdout == "1\n"


def copy_of_the_package(folder: Path) -> Path:
    """Copy the package away from the cache, which lies in the same temporary folder; return its backends."""
    shutil.copytree(PACKAGE, folder / COPY / "fastmlp", ignore=shutil.ignore_patterns("__pycache__", "templates"))
    return folder / COPY / "fastmlp" / "backends"


def edited(memory: Path) -> str:
    """Return the text of a module in which weights of the last layer are copied with one added."""
    before, after = memory.read_text().split(COPIED)
    return f"{before}{COPIED} + 1{after}"


BACKENDS = PACKAGE / "backends"
SOURCES = sorted(str(path.relative_to(BACKENDS)) for path in BACKENDS.rglob("*.py"))


@pytest.mark.exhaustive  # processes that compile all they call
def test_an_edit_in_any_file_serves_no_stale_code(tmp_path: Path) -> None:
    """Nor does one between the import and the first call: what is compiled then is filed under the code before it.

    The function that is cached is in another file, which does not change.
    """
    memory = copy_of_the_package(tmp_path) / "kernels" / "memory.py"
    upgraded = (
        "from pathlib import Path; from fastmlp.backends import compiled; "
        f"Path({str(memory)!r}).write_text({edited(memory)!r})"
    )
    before = float(run(upgraded + PREDICT, tmp_path / COPY).stdout)
    assert float(run(PREDICT, tmp_path / COPY).stdout) == before + 1


def test_sources_lie_in_folders_too() -> None:
    assert {Path(name).parent.name for name in SOURCES} == {"", "kernels", "codegen", "torch"}


@pytest.mark.parametrize("name", [*SOURCES, *(f"../{name}" for name in cache.GROUND)])
def test_every_file_is_in_the_fingerprint(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(BACKENDS, tmp_path / "backends", ignore=shutil.ignore_patterns("__pycache__"))
    for name_below in cache.GROUND:
        shutil.copy(PACKAGE / name_below, tmp_path)
    monkeypatch.setattr(cache, "files", lambda package: tmp_path / package.removeprefix("fastmlp").lstrip("."))
    before = cache.fingerprint()
    with (tmp_path / "backends" / name).open("a") as file:
        file.write("# edited\n")
    assert cache.fingerprint() != before


def test_what_kernels_are_compiled_from_is_in_the_fingerprint() -> None:
    """Whatever backends import from outside their folder, but for the names of errors."""
    imported = {
        match.group(1)
        for name in SOURCES
        for match in re.finditer(r"^ *from \.{2,3}([a-z]+) import", (BACKENDS / name).read_text(), re.MULTILINE)
        if len(match.group(0).split()[1].rstrip(match.group(1))) > len(Path(name).parts)
    }
    assert imported - {"errors"} == {Path(name).stem for name in cache.GROUND}


DAMAGES: dict[str, Any] = {
    "empty": lambda content: b"",
    "truncated": lambda content: content[: len(content) // 2],
    "garbage": lambda content: b"\0" * len(content),
    "one bit": lambda content: content[:-100] + bytes([content[-100] ^ 1]) + content[-99:],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_compiled_again_with_one_warning(damage: str) -> None:
    compiled_twice()
    the_entry().write_bytes(DAMAGES[damage](the_entry().read_bytes()))
    with pytest.warns(RuntimeWarning, match="compiled again") as caught:
        assert compiled_twice() == (6.0, 0)
    assert len(caught) == 1
    assert compiled_twice() == (6.0, 1)


def test_an_entry_that_is_a_link_is_not_read() -> None:
    compiled_twice()
    elsewhere = the_entry().rename(cache.directory() / "elsewhere")
    elsewhere.with_name(elsewhere.name).touch()
    link = cache.directory() / ("x" + cache.SUFFIX)
    link.symlink_to(elsewhere)
    with pytest.raises(OSError, match="symbolic"):
        cache._read(link)


def test_an_entry_of_another_user_is_not_unpickled(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled_twice()
    entry = the_entry()
    if os.geteuid() == 0:
        os.chown(entry, 12345, -1)
    else:
        entry.chmod(0o666)
    monkeypatch.setattr("pickle.loads", lambda content: pytest.fail("it was unpickled"))
    with pytest.warns(RuntimeWarning, match=r"belongs to user 12345|others may write"):
        assert compiled_twice() == (6.0, 0)


def test_the_directory_is_the_users_alone(home: Path) -> None:
    compiled_twice()
    for path in (home, cache.directory()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE(the_entry().stat().st_mode) == 0o600


def writable_by_all(home: Path) -> None:
    home.mkdir()
    home.chmod(0o777)


def a_link(home: Path) -> None:
    (home.parent / "elsewhere").mkdir()
    home.symlink_to(home.parent / "elsewhere")


def a_file(home: Path) -> None:
    home.write_text("")


@pytest.mark.parametrize("fault", [writable_by_all, a_link, a_file], ids=lambda fault: fault.__name__)
def test_without_a_safe_directory_there_is_no_cache_and_one_warning(fault: Any, home: Path) -> None:
    fault(home)
    with pytest.warns(RuntimeWarning, match="are not kept") as caught:
        assert [compiled_twice(), compiled_twice()] == [(6.0, 0), (6.0, 0)]
    assert len(caught) == 1
    assert cache.cache_state().disabled
    assert str(cache.cache_state()).startswith("off: ")


def test_a_directory_of_another_user_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir(mode=0o700)
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    with pytest.raises(cache.CacheRefusedError, match=f"belongs to user {mine}"):
        cache.directory()


def test_where_files_have_no_owner_there_is_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "geteuid")
    with pytest.warns(RuntimeWarning, match="whose a file is"):
        assert compiled_twice() == (6.0, 0)


def test_a_place_that_cannot_be_written_is_no_error() -> None:
    """A read-only install, a full disk, a home that does not exist: /proc takes no directories from anyone."""
    done = run(TWICE, XDG_CACHE_HOME="/proc/none")
    assert done.stdout == "0\n"
    assert done.stderr.count("RuntimeWarning") == 1


def test_a_write_that_fails_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache, "_write", full)
    with pytest.warns(RuntimeWarning, match="No space left"):
        assert compiled_twice() == (6.0, 0)


def test_without_a_home_there_is_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", homeless)
    assert "home directory" in cache.cache_state().disabled


@pytest.mark.exhaustive  # processes that compile all they call
def test_processes_that_start_cold_together_agree() -> None:
    started = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", TWICE], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert all(process.wait(timeout=60) == 0 for process in started)
    for process in started:
        assert process.stdout
        process.stdout.close()
    assert run(TWICE).stdout == "1\n"
    assert [path.suffix for path in cache.directory().iterdir()] == [cache.SUFFIX]


def test_numbas_directory_is_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "chosen"))
    assert cache.directory().parent == tmp_path / "chosen" / "fastmlp"


def test_old_versions_are_forgotten(home: Path) -> None:
    home.mkdir(mode=0o700)
    for age in range(2 * cache.KEPT):
        (home / f"{age}").mkdir()
        os.utime(home / f"{age}", (age, age))
    cache.directory()
    assert len(list(home.iterdir())) == cache.KEPT


def test_state_counts_and_flush_empties() -> None:
    compiled_twice()
    state = cache.cache_state()
    assert state.entries == 1
    assert state.size == the_entry().stat().st_size
    assert re.search(r", 1 entries, 0\.\d MB", str(state))
    cache.MachineCodeCache("twice").flush()
    assert cache.cache_state().entries == 0


def test_a_disabled_cache_leaves_the_disk_alone(home: Path) -> None:
    function: Any = numba.njit(lambda x: 2 * x)
    function._cache = cache.MachineCodeCache("twice")
    function._cache.disable()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert function(3.0) == 6.0
    assert not home.exists()
