"""The page of a class's grades, in the report's looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..lab.checks import CHECKS
from ..lab.grading import Grade
from ..lab.grading.sandbox import isolation
from ..lab.texts import say
from ..report.render import render_page, templates
from ..report.table import cell, head


def page(grades: Sequence[Grade]) -> str:
    """Return it as HTML: names and sentences are escaped, wherever they come from."""
    complete = sum(len(grade.solved) == len(CHECKS) for grade in grades)
    words = ("title", "skip", "contents", "lead", "grades_caption", "seen_title", "seen_caption")
    data: dict[str, Any] = {word: say("page", word) for word in words}
    data["subtitle"] = say("page", "subtitle", submissions=len(grades), complete=complete)
    data["isolation"] = say("page", "isolation", what=", ".join(isolation().holds))
    data |= {"grades": _grades(grades), "seen": _seen(grades)}
    return render_page({"lab": data}, templates() / "lab")


def _grades(grades: Sequence[Grade]) -> dict[str, Any]:
    """One row per submission."""
    columns = [head(say("page", "submission"), number=False), head(say("page", "status"), number=False)]
    columns += [head(say("page", "solved"))] + [head(str(task)) for task in CHECKS] + [head(say("page", "seconds"))]
    rows = []
    for grade in grades:
        marks = [cell("text", "✓" if task in grade.solved else "·") for task in CHECKS]
        row = [cell("text", grade.name), cell("text", say("statuses", grade.status))]
        rows.append([*row, cell("text", str(len(grade.solved))), *marks, cell("text", f"{grade.seconds:.1f}")])
    return {"columns": columns, "rows": rows}


def _seen(grades: Sequence[Grade]) -> dict[str, Any]:
    """One row per task that is not solved, and one per note."""
    columns = [head(say("page", word), number=False) for word in ("submission", "task", "what")]
    rows = []
    for grade in grades:
        notes = [("–", grade.note)] if grade.note else []
        for task, text in [*notes, *((str(task), text) for task, text in sorted(grade.seen.items()))]:
            rows.append([cell("text", value) for value in (grade.name, task, text)])
    return {"columns": columns, "rows": rows}
