"""A revision made ready to be measured: sources, an environment and a compile cache of its own.

Nothing is registered in the repository: sources come out of `git archive`, so a build that is killed leaves no
worktree behind. Its parts are checked one against the next: the sources against the tree that git has, and what a
process imports against the sources (`Build.verify`).
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

from .inject import ExtraWorkError, slow_down
from .isolation import CommandError, Commands
from .worker import hash_of

WORKING_TREE = "the working tree"
WORKER = Path(__file__).with_name("worker.py")
ONE_THREAD = {
    **dict.fromkeys(("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "PYTHONHASHSEED": "0",
}
PREFIXES = ("PYTHON", "NUMBA_")  # the caller's own settings would decide what is measured


class GateError(Exception):
    """The gate cannot do what it is asked."""


class UnknownRevisionError(GateError):
    """There is no such revision."""


class BuildError(GateError):
    """A revision could not be built, or is not what it claims to be."""


class Wanted(NamedTuple):
    """What to build: what to call it, the commit or `WORKING_TREE`, and the share of its work to do twice."""

    label: str
    revision: str
    extra_work: float = 0.0

    def describe(self) -> str:
        """Say what it is, for people."""
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
        Share of the kernels' work that this build does twice; zero but for measuring the gate.
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
        """The worker's program, as it was when this was built: nobody's edits get into a measurement."""
        return self.folder / WORKER.name

    @property
    def suites(self) -> Path:
        """Folder that holds its package ``bench``, and nothing else."""
        return self.folder / "suites"

    @property
    def environment(self) -> dict[str, str]:
        """Variables for its processes: one thread, its own compile cache, nothing of the caller's that matters."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIXES)}
        return kept | ONE_THREAD | {"NUMBA_CACHE_DIR": str(self.folder / "cache")}

    def verify(self, identity: dict[str, str]) -> None:
        """Refuse a process that does not run this build.

        Raises
        ------
        BuildError
            If the package that it imported lies elsewhere or has other files.
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
        What to build; the same revision may be there more than once.
    folder
        Where to.

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
    """Build one revision; `own` says whether its dependencies are installed anew, and `run` runs commands."""
    source = folder / "source"
    source.mkdir(parents=True)
    fetch_source(repository, wanted.revision, source)
    if wanted.extra_work:
        slow_down(source / "fastmlp", wanted.extra_work)
    if (source / "bench").is_dir():
        shutil.copytree(source / "bench", folder / "suites" / "bench")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
    here = ["--no-build-isolation"] if find_spec("hatchling") is not None else []  # nothing to download then
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
    """Return the commit that a name stands for.

    Raises
    ------
    UnknownRevisionError
        If it stands for none.
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
    """Make a virtual environment, with a path to the dependencies that are installed here if it is to borrow them."""
    venv.create(folder, symlinks=True)
    if borrow:
        # A line of a .pth file adds a folder and does not read the .pth files in it: an editable install stays out.
        paths = dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
        site = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
        (site / "borrowed.pth").write_text("".join(f"{path}\n" for path in paths))


def may_borrow(repository: Path, revisions: Sequence[str]) -> bool:
    """Whether revisions ask for the same dependencies and those are installed here."""
    asked = [dependencies(repository, revision) for revision in revisions]
    return all(one == asked[0] for one in asked) and all(map(satisfied, asked[0]))


def dependencies(repository: Path, revision: str) -> list[str]:
    """Return what a revision asks for."""
    name = "pyproject.toml"
    here = revision == WORKING_TREE
    text = (repository / name).read_bytes() if here else git(repository, "show", f"{revision}:{name}")
    found: list[str] = tomllib.loads(text.decode())["project"].get("dependencies", [])
    return found


def satisfied(line: str) -> bool:
    """Whether a requirement is installed here."""
    from packaging.requirements import Requirement

    requirement = Requirement(line)
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True
    try:
        return requirement.specifier.contains(version(requirement.name), prereleases=True)
    except PackageNotFoundError:
        return False
