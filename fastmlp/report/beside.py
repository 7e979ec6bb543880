"""What other programs left beside a report, as JSON: read if it is there and has its shape, and else not told of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

__all__ = ["read_beside"]

Json = dict[str, Any]


def read_beside(path: Path, arrange: Callable[[Any], Json | None]) -> Json | None:
    """What a file holds, arranged for telling.

    Parameters
    ----------
    arrange
        Is given what was read and raises msgspec's errors, or ValueError, when it is not what was meant.

    Returns
    -------
    dict or None
        None where there is no such file, or none that can be read and arranged: a report does not end for that.
    """
    try:
        return arrange(msgspec.json.decode(path.read_bytes()))
    except (OSError, ValueError, msgspec.MsgspecError):
        return None
