"""Times of other libraries, as `python -m bench.peers` wrote them: read from beside the report, if they are there."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

__all__ = ["read_peers"]

Json = dict[str, Any]
OURS = "fastmlp"


def read_peers(folder: Path) -> Json | None:
    """What ``peers.json`` in a study's folder says, or None where there is none that can be read.

    Returns
    -------
    dict or None
        `cpu`, `rounds`, and `shapes`: for each its `description` and its `peers`, the fastest first.
    """
    try:
        data = json.loads((folder / "peers.json").read_text(encoding="utf-8"))
        peak = median(data["peak"])
        shapes = [_shape(shape, peak) for shape in data["shapes"].values()]
        return {"cpu": str(data["cpu"]), "rounds": int(data["rounds"]), "shapes": shapes} if shapes else None
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
        return None


def _shape(shape: Json, peak: float) -> Json:
    times = {name: float(median(peer["rounds"])) for name, peer in shape["peers"].items()}
    rows = [
        {
            "name": str(name),
            "seconds": seconds,
            "times": seconds / times[OURS],
            "share": shape["flops"] / peak / seconds,
            "accuracy": shape["peers"][name]["accuracy"],
            "first": shape["peers"][name]["first_seconds"],
        }
        for name, seconds in sorted(times.items(), key=lambda item: item[1])
    ]
    return {"description": str(shape["description"]), "peers": rows}
