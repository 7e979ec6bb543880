"""What a chapter of the book is: one room under `chapters/`, and one row in its table of contents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .study import Study
from .table import Table

__all__ = ["Chapter"]


def _nothing(_: Study) -> dict[str, object]:
    return {}


@dataclass(frozen=True)
class Chapter:
    """A chapter: its numbers, its tables and its figures.

    Its words are in ``report_templates/chapters/<name>/``: ``chapter.j2`` and, as far as it has them, ``sentences.j2``,
    a sentence for each outcome; ``exercises.j2``; ``appendix.j2``, tables of a large study; and ``absent.j2``, which
    says what the study would need for it. They see the numbers of the chapter as `here`, and the study as `study`,
    `problems`, `ordered` and `counts`.

    Parameters
    ----------
    name
        Of the room, here and among the templates.
    numbers
        From a study to all that the chapter quotes, or to None, and then the chapter is not in the book.
    tables
        What templates call as ``tables.<name>``.
    figures
        Functions of ``chapters.<name>.figures``, imported when one is drawn, for they bring matplotlib.
    filters
        What its templates use as filters.
    """

    name: str
    numbers: Callable[[Study], Mapping[str, object] | None] = _nothing
    tables: Sequence[Callable[..., Table]] = ()
    figures: Sequence[str] = ()
    filters: Sequence[Callable[..., Any]] = ()
