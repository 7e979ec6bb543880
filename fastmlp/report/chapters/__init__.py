"""The chapters of the book, one room each, and the table of contents.

A room has the numbers, tables and figures of its chapter; its words are in ``report_templates/chapters/``. Rooms import
what chapters share, from the folder above, and never each other. To delete a chapter, delete its two folders and its
row here.
"""

from ..chapter import Chapter
from . import (
    amount,
    answer,
    baseline,
    chance,
    chart,
    claims,
    comparison,
    data,
    decisions,
    general,
    inside,
    labels,
    layers,
    limits,
    mistakes,
    network,
    preparation,
    pretraining,
    reproducibility,
    speed,
    transfer,
    tuning,
    why,
    workflow,
)

__all__ = ["CONTENTS"]

#: In the order in which they are read. Some are words alone.
CONTENTS: tuple[Chapter, ...] = (
    answer.chapter,
    chart.chapter,
    why.chapter,
    data.chapter,
    workflow.chapter,
    network.chapter,
    baseline.chapter,
    Chapter("scratch"),
    pretraining.chapter,
    transfer.chapter,
    preparation.chapter,
    amount.chapter,
    layers.chapter,
    inside.chapter,
    mistakes.chapter,
    labels.chapter,
    comparison.chapter,
    general.chapter,
    chance.chapter,
    decisions.chapter,
    tuning.chapter,
    claims.chapter,
    limits.chapter,
    speed.chapter,
    reproducibility.chapter,
    Chapter("exercises"),
    Chapter("absent"),
    Chapter("glossary"),
    Chapter("references"),
    Chapter("appendix"),
)
