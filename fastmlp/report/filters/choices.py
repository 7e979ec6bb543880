"""What of a part of the summary is shown, and under which name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .text import label

Json = Mapping[str, Any]


def layers_shown(series: Sequence[Json], problems: Sequence[Json]) -> list[Json]:
    """The series that one drawing can hold: of the nearest, the middle and the farthest problem, six at the most."""
    names = [p["name"] for p in problems]
    kept = {names[0], names[len(names) // 2], names[-1]} if len(names) > 3 else set(names)
    order = list(dict.fromkeys(s["family"] for s in series))
    chosen = sorted((s for s in series if s["problem"] in kept), key=lambda s: order.index(s["family"]))
    return chosen[:6]


def is_brief(cell: Mapping[str, Any]) -> bool:
    """Whether a cell holds a name or a word so short that it need not be broken."""
    kind, value = cell["kind"], cell["value"]
    text = value.get("best") if kind == "winners" else value if kind in {"name", "text"} else None
    return isinstance(text, str) and len(text) <= 20


def titled(strip: Mapping[str, Any], problem: str) -> dict[str, Any]:
    """A strip of pictures under the name of its problem."""
    name = label(problem) if strip["task"] == "source" else "target"
    return {**strip, "name": name, "alt": f"{strip['alt']}, problem {label(problem)}"}
