"""Build a revision for measuring: its own copy of the sources, environment and compile cache.

Nothing is registered in the repository: the sources come from `git archive`, so a build that is killed leaves no
worktree behind. The sources are checked against git's tree, and what a process imports is checked against the sources
(`Build.verify`).
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from ..child import ONE_THREAD
from .inject import ExtraWorkError, slow_down
from .isolation import CommandError, Commands
from .worker import hash_of

WORKING_TREE = "the working tree"
WORKER = Path(__file__).with_name("worker.py")
FIXED = ONE_THREAD | {"PYTHONHASHSEED": "0"}
PREFIXES = ("PYTHON", "NUMBA_")  # the caller's settings must not change what is measured


class GateError(Exception):
    """The gate cannot reach a verdict."""


class UnknownRevisionError(GateError):
    """There is no such revision."""


class BuildError(GateError):
    """A revision could not be built, or a process runs another one."""


class Wanted(NamedTuple):
    """What to build: a label, the commit or `WORKING_TREE`, and the share of the work to do twice."""

    label: str
    revision: str
    extra_work: float = 0.0

    def describe(self) -> str:
        """Return a description for people."""
        return self.revision + (f" with {self.extra_work:.0%} of its work done twice" if self.extra_work else "")


@dataclass(frozen=True)
class Build:
    """A revision that can be run.

    Attributes
    ----------
    label
        ``base`` or ``head``.
    revision
        The commit, or `WORKING_TREE`.
    folder
        Where all of it lies: ``source``, ``env``, ``cache``, and ``suites`` with its package ``bench``.
    digest
        Of the package's files, as `worker.hash_of` has it.
    extra_work
        Share of the kernels' work that this build does twice; zero except to measure the gate.
    """

    label: str
    revision: str
    folder: Path
    digest: str
    extra_work: float = 0.0

    @property
    def python(self) -> Path:
        """Interpreter of its environment."""
        return self.folder / "env" / "bin" / "python"

    @property
    def worker(self) -> Path:
        """Copy of the worker's program from the time of the build, so that later edits do not enter a measurement."""
        return self.folder / WORKER.name

    @property
    def suites(self) -> Path:
        """Folder that holds its package ``bench``, and nothing else."""
        return self.folder / "suites"

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables of its processes: one thread, and its own compile cache."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIXES)}
        return kept | FIXED | {"NUMBA_CACHE_DIR": str(self.folder / "cache")}

    def verify(self, identity: dict[str, str]) -> None:
        """Refuse a process that does not run this build.

        Raises
        ------
        BuildError
            If the package that it imported is elsewhere or has other files.
        """
        package = Path(identity["package"])
        if not package.is_relative_to(self.folder) or identity["hash"] != self.digest:
            raise BuildError(f"{self.label} is not {self.revision}: its process imported {package}")


def build_all(repository: Path, wanted: Sequence[Wanted], folder: Path) -> list[Build]:
    """Build revisions, several at a time.

    Parameters
    ----------
    repository
        A git checkout.
    wanted
        What to build; a revision may occur more than once.
    folder
        Where the builds go.

    Raises
    ------
    BuildError
        If one cannot be built.
    """
    own = not may_borrow(repository, [one.revision for one in wanted])
    commands = Commands()
    with ThreadPoolExecutor() as pool:
        try:
            parts = enumerate(wanted)
            making = [
                pool.submit(build, one, repository, folder / str(k), own=own, run=commands.run) for k, one in parts
            ]
            return [made.result() for made in making]
        except (CommandError, ExtraWorkError) as error:
            raise BuildError(str(error)) from error
        finally:
            commands.stop()


def build(wanted: Wanted, repository: Path, folder: Path, *, own: bool, run: Callable[..., None]) -> Build:
    """Build one revision; `own` means that its dependencies are installed for it, and `run` runs commands."""
    source = folder / "source"
    source.mkdir(parents=True)
    fetch_source(repository, wanted.revision, source)
    if wanted.extra_work:
        slow_down(source / "fastmlp", wanted.extra_work)
    if (source / "bench").is_dir():
        shutil.copytree(source / "bench", folder / "suites" / "bench")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
    here = ["--no-build-isolation"] if find_spec("hatchling") is not None else []  # needs no download
    run(*pip, "wheel", "--no-deps", *here, "--wheel-dir", str(folder / "wheel"), str(source))
    make_environment(folder / "env", borrow=not own)
    alone = [] if own else ["--no-deps", "--no-index"]
    python = folder / "env" / "bin" / "python"
    run(*pip, "--python", str(python), "install", *alone, *map(str, (folder / "wheel").glob("*.whl")))
    (folder / "cache").mkdir(mode=0o700)
    shutil.copyfile(WORKER, folder / WORKER.name)
    return Build(wanted.label, wanted.revision, folder, hash_of(source / "fastmlp"), wanted.extra_work)


def git(repository: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """Run git; return what it prints."""
    done = subprocess.run(["git", "-C", str(repository), *arguments], input=stdin, capture_output=True, check=False)
    if done.returncode:
        raise BuildError(f"git {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def resolve(repository: Path, revision: str) -> str:
    """Return the commit that a revision names.

    Raises
    ------
    UnknownRevisionError
        If there is none.
    """
    try:
        return git(repository, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}").decode().strip()
    except BuildError as error:
        raise UnknownRevisionError(f"there is no revision {revision!r} in {repository}") from error


def fetch_source(repository: Path, revision: str, folder: Path) -> None:
    """Write the files of a revision, or the tracked files of the working tree as they stand."""
    if revision == WORKING_TREE:
        for name in git(repository, "ls-files", "-z").decode().split("\0"):
            if name and (path := repository / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, folder / name)
        return
    with tarfile.open(fileobj=io.BytesIO(git(repository, "archive", "--format=tar", revision))) as archive:
        archive.extractall(folder, filter="data")
    entries = [line.split("\t") for line in git(repository, "ls-tree", "-r", revision, "fastmlp").decode().splitlines()]
    paths = "".join(f"{folder / name}\n" for _, name in entries).encode()
    found = git(repository, "hash-object", "--no-filters", "--stdin-paths", stdin=paths).decode().split()
    if not entries or found != [entry.split()[2] for entry, _ in entries]:
        raise BuildError(f"the files of {revision} are not those of its tree")


def make_environment(folder: Path, *, borrow: bool) -> None:
    """Make a virtual environment; if it borrows dependencies, with a path to those that are installed here."""
    venv.create(folder, symlinks=True)
    if borrow:
        # A line of a .pth file adds a folder and does not read the .pth files in it: an editable install stays out.
        paths = dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
        site = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
        (site / "borrowed.pth").write_text("".join(f"{path}\n" for path in paths))


def may_borrow(repository: Path, revisions: Sequence[str]) -> bool:
    """Return whether all revisions have the same dependencies, and these are installed here."""
    asked = [dependencies(repository, revision) for revision in revisions]
    return all(one == asked[0] for one in asked) and all(map(satisfied, asked[0]))


def dependencies(repository: Path, revision: str) -> list[str]:
    """Return the dependencies of a revision."""
    name = "pyproject.toml"
    here = revision == WORKING_TREE
    text = (repository / name).read_bytes() if here else git(repository, "show", f"{revision}:{name}")
    found: list[str] = tomllib.loads(text.decode())["project"].get("dependencies", [])
    return found


def satisfied(line: str) -> bool:
    """Return whether a requirement is installed here."""
    from packaging.requirements import Requirement

    requirement = Requirement(line)
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True
    try:
        return requirement.specifier.contains(version(requirement.name), prereleases=True)
    except PackageNotFoundError:
        return False
