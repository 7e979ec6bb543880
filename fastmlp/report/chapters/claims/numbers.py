"""The cards, in a study that can test most of the claims."""

from __future__ import annotations

from ...claims import CLAIMS, Tally, answerable, judge, tally
from ...study import Study

__all__ = ["numbers"]


def numbers(study: Study) -> Tally | None:
    """Return the numbers of the chapter, or None where fewer than half of the claims can be tested."""
    return tally(judge(study)) if 2 * len(answerable(study)) >= len(CLAIMS) else None
