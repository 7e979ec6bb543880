"""What ``peers.json`` and ``history.json`` in the study's folder say."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

from ...history import History, arrange_history
from ...optional import read_optional
from ...study import Study
from .peers import Peers, arrange_peers

__all__ = ["Numbers", "numbers", "read_history", "read_peers"]

KERNELS = ("bench_kernels.Kernel.time_", "bench_kernels.Share.", "bench_compile.")  # what the book tells of


class Numbers(TypedDict):
    """Each None where there is no such file, or none that can be read."""

    peers: Peers | None
    history: History | None


def numbers(study: Study) -> Numbers | None:
    """Return the numbers of the chapter, or None where neither file is there."""
    if study.folder is None:
        return None
    peers, history = read_peers(study.folder), read_history(study.folder)
    return {"peers": peers, "history": history} if peers or history else None


def read_peers(folder: Path) -> Peers | None:
    """Return what ``peers.json`` says."""
    return read_optional(folder / "peers.json", arrange_peers)


def read_history(folder: Path) -> History | None:
    """Return what ``history.json`` says of the kernels."""
    entries = read_optional(folder / "history.json", lambda data: arrange_history(data, KERNELS))
    return entries if entries and entries["groups"] else None
