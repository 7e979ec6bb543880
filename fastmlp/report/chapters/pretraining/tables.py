"""Tables of the chapter."""

from __future__ import annotations

from collections.abc import Sequence

from ...measures import Pretraining
from ...problems import Problem
from ...table import Table, cell, head


def h_scores(pretraining: Pretraining) -> Table:
    """Return H-scores on the probe set and the similarity that follows from them, one row per score."""
    rows = {
        "random weights": pretraining["h_score_random"],
        "pretrained on the source task": pretraining["h_score"],
        "pretrained on the target task itself": pretraining["h_score_target"],
        "similarity, from 0 to 1": pretraining["similarity"],
    }
    return {
        "columns": [head("features of", number=False), head("H-score"), head("seeds")],
        "rows": [[cell("text", k), cell("mean", m), cell("count", m["n"])] for k, m in rows.items()],
    }


def similarities(problems: Sequence[Problem]) -> Table:
    """Return source accuracy, H-scores, similarity, and how alike the data are, one row per problem."""
    heads = ("source accuracy, %", "H, random", "H, pretrained", "H, target", "similarity", "seeds", "distance")
    words = {True: "the same", False: "others", None: "not noted"}
    return {
        "columns": [head("problem", number=False), *map(head, heads), head("classes", number=False)],
        "rows": [
            [
                cell("name", p["name"]),
                cell("percent_mean", p["pretraining"]["source_accuracy"]),
                cell("mean", p["pretraining"]["h_score_random"]),
                cell("mean", p["pretraining"]["h_score"]),
                cell("mean", p["pretraining"]["h_score_target"]),
                cell("mean", p["pretraining"]["similarity"]),
                cell("count", p["pretraining"]["n"]),
                cell("mean", p["pretraining"]["distance"]),
                cell("text", words[p["facts"]["same_classes"]]),
            ]
            for p in problems
        ],
    }
