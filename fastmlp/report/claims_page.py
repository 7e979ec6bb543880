"""Claims of the literature on a page of their own, and the picture at its head."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import InvalidInput
from . import figures
from .claims import beside, forest, judge, tally
from .render import Records, figure_of, render_alone
from .study import Study

__all__ = ["claims_picture", "render_claims"]

EFFECT = "effect, points of accuracy"


def render_claims(data: Records, others: Mapping[str, str] | None = None, picture: str | None = None) -> str:
    """Claims of the literature, a card for each paper, as Markdown that reads well in a terminal.

    Parameters
    ----------
    data
        A study.
    others
        What another study of the same claims found, by their names: see `claims.written`.
    picture
        Where `claims_picture` is, for a link.
    """
    study = Study(data.settings, data.rows, data.meta)
    cards = judge(study)
    numbers = {"here": tally(cards), "margin": study.margin, "seeds": len(study.grid.seeds), "picture": picture}
    return render_alone("claims.j2", numbers | {"beside": None if others is None else beside(cards, others)})


def claims_picture(data: Records, form: str) -> bytes:
    """The effects of the claims about accuracy, as a file of a format that matplotlib can write.

    Raises
    ------
    UnknownName
        If it cannot write that format.
    InvalidInput
        If the study can test none of these claims.
    """
    figures.load_matplotlib()
    from .figures.files import check_format, file_of

    suffix, study = check_format(form), Study(data.settings, data.rows, data.meta)
    table = forest(tally(judge(study)), in_points=True)
    if not table["rows"]:
        raise InvalidInput("the study tests no claim about accuracy, so there is nothing to draw")
    columns = [*range(1, len(table["columns"]))]
    drawn = {"table": table, "columns": columns, "name": 1, "axis": EFFECT, "of": None, "at": 0, "log": False}
    return file_of(figure_of("dots"), drawn, suffix)
