"""Compiled functions kept on disk, so that only the first process of all has to compile.

Numba has such a cache. It is not used, because its key is the file that defines a function: an edit to a helper in
another file serves stale machine code; a truncated file crashes the first call (numba#10434); a read-only install
raises at import; and it unpickles whatever lies in a directory that others may write. Here

- a directory is named by a hash of everything compiled code depends on: every file of this folder and of the folders
  in it, `layout`, `registry`, and the versions of Python, numba and llvmlite. An entry in it is named by the function,
  its types and the processor;
- an entry begins with a digest of the rest. One that does not match is deleted and compiled again, with one warning;
- the directory must be the user's own, closed to others and not a link, and so must be every entry: unpickling runs
  code. Otherwise there is no cache, with one warning;
- entries are written under another name and renamed, so that processes that start together disturb nobody.

What is compiled is told in the log ``fastmlp``, at the level INFO: that it begins, and how long each function took. The
command line shows it on stderr.

Directories: ``$NUMBA_CACHE_DIR/fastmlp`` if that is set, else ``$XDG_CACHE_HOME/fastmlp`` or ``~/.cache/fastmlp``.
"""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
import platform
import shutil
import stat
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from time import perf_counter
from typing import Any

import llvmlite
import numba
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

config: Any = numba.config
LOG = logging.getLogger("fastmlp")
SUFFIX = ".machine-code"
GROUND = ("layout.py", "registry.py")  # what kernels are compiled from, outside this folder
KEPT = 8  # versions of the kernels; an older one's directory goes when a new one's is made


@dataclass(frozen=True)
class CacheState:
    """What `fastmlp doctor` says of the cache."""

    directory: Path | None
    entries: int
    size: int  # bytes
    disabled: str  # why there is no cache; empty if there is one

    def __str__(self) -> str:
        if self.disabled:
            return f"off: {self.disabled}"
        return f"{self.directory}, {self.entries} entries, {self.size / 1e6:.1f} MB"


def cache_state() -> CacheState:
    """Return where the cache is and what it holds."""
    try:
        folder = directory()
    except CacheRefusedError as refusal:
        return CacheState(None, 0, 0, str(refusal))
    sizes = [entry.stat().st_size for entry in folder.glob(f"*{SUFFIX}")]
    return CacheState(folder, len(sizes), sum(sizes), "")


class CacheRefusedError(Exception):
    """There is no directory that can be trusted with code."""


def fingerprint() -> str:
    """Hash of everything that compiled code depends on, except the processor."""
    digest = hashlib.sha256()
    for version in (platform.python_version(), numba.__version__, llvmlite.__version__):
        digest.update(version.encode() + b"\0")
    for name, source in [*_sources(files(__package__)), *((f"../{name}", files("fastmlp") / name) for name in GROUND)]:
        digest.update(name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _sources(folder: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every Python file in a folder and below it, with its path from there, in the order of their names."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _sources(entry, f"{name}{entry.name}/")
        elif entry.name.endswith(".py"):
            yield name + entry.name, entry


# Taken when this is imported, as the kernels are: sources that are edited or exchanged later are not what runs here.
FINGERPRINT = fingerprint()


def directory() -> Path:
    """Return the directory of this version's entries, made if need be.

    Raises
    ------
    CacheRefusedError
        If it cannot be made, or is not the user's own and closed to others.
    """
    if not hasattr(os, "geteuid"):
        raise CacheRefusedError("this system does not say whose a file is")
    try:
        home = _home()
        home.parent.mkdir(parents=True, exist_ok=True)
        folder = home / FINGERPRINT
        for path in (home, folder):
            with suppress(FileExistsError):
                path.mkdir(mode=0o700)
                if path is folder:
                    _forget_old(home)
            _check(path.lstat(), path, is_kind=stat.S_ISDIR)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise CacheRefusedError(f"{folder} cannot be written")
    except (OSError, RuntimeError) as error:  # RuntimeError: no home directory can be found
        raise CacheRefusedError(f"no directory for it: {error}") from error
    return folder


def _home() -> Path:
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(chosen).absolute() / "fastmlp"
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "fastmlp"


def _check(status: os.stat_result, path: Path, is_kind: Any) -> None:
    """Refuse what is a link or something else again, or belongs to another, or that others may write."""
    if not is_kind(status.st_mode):
        raise CacheRefusedError(f"{path} is not what it should be, perhaps a link")
    if status.st_uid != os.geteuid():
        raise CacheRefusedError(f"{path} belongs to user {status.st_uid}")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise CacheRefusedError(f"others may write to {path}")


def _forget_old(home: Path) -> None:
    """Keep the newest directories only. Another process may be doing the same."""
    by_age = sorted((path for path in home.iterdir() if path.is_dir()), key=lambda path: path.lstat().st_mtime)
    for path in by_age[:-KEPT]:
        shutil.rmtree(path, ignore_errors=True)


@cache
def _say_once(message: str) -> None:
    LOG.info(message)


@cache
def _warn_once(message: str) -> None:
    warnings.warn(message, RuntimeWarning, stacklevel=2)


class MachineCodeCache(_Cache):
    """What numba asks of a function's cache.

    Parameters
    ----------
    name
        The function's, unique among those that are cached.
    """

    def __init__(self, name: str) -> None:
        self.name, self.enabled = name, True
        self._started = 0.0  # when compiling began; numba lets one thread compile at a time

    @property
    def cache_path(self) -> str:
        """Directory of the entries."""
        return str(cache_state().directory)

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """Return the compiled function, or None if it is to be compiled."""
        loaded = self._load(signature, target_context)
        if loaded is None:  # the caller, numba, compiles now
            _say_once("compiling kernels: a first run waits some seconds for it")
            self._started = perf_counter()
        return loaded

    def _load(self, signature: Any, target_context: Any) -> Any:
        target_context.refresh()  # as numba's own cache does, lest the unpickled code meets an empty context
        path = self._path(signature, target_context.codegen())
        if path is None:
            return None
        try:
            parts = pickle.loads(_read(path))  # noqa: S301  checked: our own file, with the digest it was written with
            return CompileResult._rebuild(target_context, *parts)  # noqa: SLF001
        except FileNotFoundError:
            return None
        except Exception as error:  # noqa: BLE001  whatever is wrong with an entry, compiling is the answer
            _warn_once(f"a compiled function could not be read back ({error!r}) and is compiled again: {path}")
            with suppress(OSError):
                path.unlink()
            return None

    def save_overload(self, signature: Any, result: Any) -> None:
        """Write an entry, if there is a place for it."""
        LOG.info("compiled %s in %.1f s", self.name, perf_counter() - self._started)
        path = self._path(signature, result.codegen)
        if path is None:
            return
        try:
            _write(path, dumps(result._reduce()))  # noqa: SLF001
        except OSError as error:
            _warn_once(f"compiled functions cannot be kept in {path.parent}: {error}")

    def enable(self) -> None:
        """Look at the disk again."""
        self.enabled = True

    def disable(self) -> None:
        """Leave the disk alone."""
        self.enabled = False

    def flush(self) -> None:
        """Forget every version of every function: entries do not say which they are of."""
        state = cache_state()
        for path in state.directory.glob(f"*{SUFFIX}") if state.directory else ():
            path.unlink(missing_ok=True)

    def _path(self, signature: Any, codegen: Any) -> Path | None:
        if not self.enabled:
            return None
        try:
            folder = directory()
        except CacheRefusedError as refusal:
            _warn_once(f"compiled functions are not kept, every process compiles anew: {refusal}")
            return None
        # Options of the environment: code with and without checks does not even have its memory in the same order. The
        # signature begins with the type of a tile, which holds the tile's whole shape.
        options = config.OPT, bool(config.BOUNDSCHECK)
        key = repr((self.name, str(signature), codegen.magic_tuple(), *options))
        return folder / (hashlib.sha256(key.encode()).hexdigest()[:32] + SUFFIX)


def _read(path: Path) -> bytes:
    """Return an entry's content, once it is known to be the user's own and whole."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        _check(os.fstat(descriptor), path, is_kind=stat.S_ISREG)
        digest, content = file.read(hashlib.sha256().digest_size), file.read()
    if hashlib.sha256(content).digest() != digest:
        raise ValueError("its digest does not match")
    return content


def _write(path: Path, content: bytes) -> None:
    """Write an entry in full before it gets its name."""
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(hashlib.sha256(content).digest() + content)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
