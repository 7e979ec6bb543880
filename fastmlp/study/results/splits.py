"""The rows that each cell of a study uses, for those who train something else on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import TypedDict

from ..settings.schema import Settings


class CellRows(TypedDict):
    """One cell and seed: rows of the target's X and y to train on and to evaluate on, and rows of the source.

    A method may use any of `source`, whose rows are those of the source task, and of `train`. Whatever it chooses, it
    chooses there; `heldout` is read once.
    """

    problem: str
    n_target: int
    seed: int
    train: list[int]
    heldout: list[int]
    source: list[int]


def cell_rows(settings: Settings, cells: Iterable[tuple[str, int, int]]) -> Iterator[CellRows]:
    """Generate the rows of cells, each a problem, a seed and a number of labels; those of one split come together."""
    for (name, seed), of_split in groupby(sorted(cells), key=itemgetter(0, 1)):
        problem = settings.problem(name, seed)
        split = problem.split(seed)
        for _, _, n_target in of_split:
            train = split.subset(n_target).tolist()
            yield {
                "problem": name,
                "n_target": n_target,
                "seed": seed,
                "train": train,
                "heldout": split.heldout.tolist(),
                "source": train if problem.on_subset else split.source.tolist(),
            }
