"""What was computed and may be asked for again is kept, up to a size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Kept = TypeVar("Kept")


def forget_oldest(kept: dict[Any, Kept], most: int, size: Callable[[Kept], int]) -> None:
    """Delete entries, those first that were put in first, until the rest is at most so large, or is a single one."""
    while len(kept) > 1 and sum(map(size, kept.values())) > most:
        del kept[next(iter(kept))]
