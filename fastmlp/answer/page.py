"""The page of an answer: what was asked, what was found, and how sure that is, in HTML and in Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..files import write_whole
from ..machine import version_of
from ..report import format as fmt
from ..report.render import render_both, templates
from ..report.table import cell, head
from .answering import Answer

if TYPE_CHECKING:
    from ..report.table import Table

SHOWN = 30  # classes that a table of confusions has room for
LIBRARIES = ("fastmlp", "numpy", "scikit-learn")


def write_pages(answer: Answer, model: Path) -> tuple[Path, Path]:
    """Write the page beside the file of the model: ``model.html`` and ``model.md``.

    Raises
    ------
    StoreError
        If they cannot be written.
    """
    html, markdown = render_both({"here": facts(answer, model)}, templates() / "answer")
    places = model.with_suffix(".html"), model.with_suffix(".md")
    for place, text in zip(places, (html, markdown), strict=True):
        write_whole(place, [text.encode()])
    return places


def facts(answer: Answer, model: Path) -> dict[str, Any]:
    """Return what the page says, as the templates take it."""
    question, advice = answer.question, answer.advice
    rehearsal, table = advice.rehearsal, question.table
    classes, places = table.classes()
    low, high = rehearsal.score.low, rehearsal.score.high
    return {
        "name": Path(table.name).name,
        "label": question.label,
        "rows": len(table.X),
        "unit": question.unit,
        "features": table.X.shape[1] if question.unit == "rows" else None,
        "classes": [str(name) for name in classes.tolist()],
        "rarest": str(classes[(counts := np.bincount(places)).argmin()]),
        "fewest": int(counts.min()),
        "dropped": table.dropped,
        "fills": question.fills,
        "grouped": table.groups is not None,
        "origin": question.origin,
        "without_source": question.without_source,
        "compared": len(answer.rows),
        "folds": advice.selector.n_splits_,
        "trained": round(rehearsal.trained),
        "best": advice.best,
        "others": [name for name in advice.any_of if name != advice.best],
        "strategies": advice.table["strategy"],
        "score": rehearsal.score.mean,
        "score_low": None if low is None else max(0.0, low),
        "score_high": None if high is None else min(1.0, high),
        "margin": question.settings.margin,
        "more": _more(answer),
        "comparison": comparison_table(answer),
        "differences": _differences(answer),
        "confusion": confusion_table(answer),
        "counts": _table(
            ["class", "rows"],
            [[cell("text", str(name)), cell("count", int(n))] for name, n in zip(classes, counts, strict=True)],
        ),
        "origins": {
            "columns": [head("what", number=False), head("which", number=False)],
            "rows": [
                *([cell("text", name), cell("name", known)] for name, known in question.files.items()),
                *([cell("text", name), cell("name", version_of(name))] for name in LIBRARIES),
            ],
        },
        "model": model.name,
    }


def _differences(answer: Answer) -> dict[str, Any]:
    """Return what the figure of differences draws."""
    names = answer.advice.table["strategy"]
    family = [
        {
            "first": name,
            "second": answer.advice.best,
            "n_target": round(answer.advice.rehearsal.trained),
            "mean": mean,
            "low": low,
            "high": high,
            "verdict": verdict,
            "reason": None,
        }
        for name, _, mean, low, high, verdict in answer.advice.table.rows
        if name != answer.advice.best
    ]
    baseline = "baseline" if "baseline" in names else None
    margin = answer.question.settings.margin
    return {"family": family, "margin": margin, "strategies": names, "baseline": baseline, "controls": {}}


def _more(answer: Answer) -> dict[str, Any] | None:
    """Return what is said of more labels; None if it was not asked."""
    more = answer.more
    if more is None:
        return None
    names = ("labels", "gain", "low", "high", "verdict")
    return {name: getattr(more, name) for name in names} | {
        "half": round(more.rehearsal.half),
        "whole": round(more.rehearsal.trained),
    }


def comparison_table(answer: Answer) -> Table:
    """Return each strategy, best first, and how it compares with the one that is advised."""
    rows = []
    for name, score, difference, low, high, verdict in answer.advice.table.rows:
        interval = "" if low is None or high is None else f"{fmt.points(low)} to {fmt.points(high)}"
        beside = "" if difference is None else fmt.points(difference)
        rows.append(
            [
                cell("name", name),
                cell("percent", score),
                cell("text", beside),
                cell("text", interval),
                cell("text", verdict),
            ]
        )
    heads = ["strategy", "accuracy", f"minus {answer.advice.best} (points)", "95 % interval", "verdict"]
    return {"columns": [head(text, number=0 < k < 4) for k, text in enumerate(heads)], "rows": rows}


def confusion_table(answer: Answer) -> Table:
    """Return which classes were taken for which by models that had not seen them; of many classes, the usual slips."""
    rehearsal = answer.advice.rehearsal
    names, counts = [str(name) for name in rehearsal.classes.tolist()], rehearsal.confusion
    if len(names) <= SHOWN:
        rows = [
            [cell("text", name), *(cell("count", int(n)) for n in row)] for name, row in zip(names, counts, strict=True)
        ]
        return _table(["class", *names], rows)
    slips = [(int(counts[i, j]), i, j) for i, j in np.argwhere(counts).tolist() if i != j]
    worst = sorted(slips, reverse=True)[:SHOWN]
    return {
        "columns": [head("class", number=False), head("taken for", number=False), head("rows")],
        "rows": [[cell("text", names[i]), cell("text", names[j]), cell("count", n)] for n, i, j in worst],
    }


def _table(heads: list[str], rows: list[list[Any]]) -> Table:
    return {"columns": [head(text, number=k > 0) for k, text in enumerate(heads)], "rows": rows}
