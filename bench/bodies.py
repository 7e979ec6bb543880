"""python -m bench.bodies: what eight bits for each weight of a body cost and give, beside floats.

MiniLM on posts to ten newsgroups: the bytes of its body, the time that features take, how far they are from those of
floats, and accuracy and seconds of a head on frozen features and of LoRA: a table as the guide has one, on its page on
pretrained networks, where `--write docs/guide/pretrained.md` puts it. It needs what the study backbone-text needs, and
takes some minutes of a core.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import fastmlp
from fastmlp.backbones.sources import minilm_folder
from fastmlp.problems import interleave
from fastmlp.problems.labelled import labelled_texts
from fastmlp.seeds import rng_for

from .environment import circumstances, described
from .tables import markdown_table, put

TRAINED, JUDGED = 200, 400  # posts
LENGTH, EPOCHS = 32, 4  # tokens of a post
STRATEGIES = ("frozen", "lora-4")
HEAD = ["body", "MB", "ms a text", "least cosine", "`frozen`", "seconds", "`lora-4`", "seconds"]


def measure() -> list[dict[str, Any]]:
    """Return a row for each body, as `fastmlp.compare_bodies` does."""
    posts = labelled_texts("newsgroups")
    rows = interleave(posts.y, rng_for("bodies"))[: TRAINED + JUDGED]
    train, test = rows[:TRAINED], rows[TRAINED:]
    body = fastmlp.load_backbone(f"transformers:{minilm_folder()}", length=LENGTH)
    return fastmlp.compare_bodies(
        {"float": body, "int8": fastmlp.quantise(body)},
        [posts.inputs[row] for row in train],
        posts.y[train],
        [posts.inputs[row] for row in test],
        posts.y[test],
        n_classes=len(posts.classes),
        strategies=STRATEGIES,
        epochs=EPOCHS,
        threads=1,
    )


def table_of(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the rows as a table in Markdown."""
    cells = [
        [
            row["body"],
            f"{row['bytes'] / 1e6:.1f}",
            f"{row['milliseconds']:.1f}",
            f"{row['least_cosine']:.3f}",
            *(text for name in STRATEGIES for text in _trained(row, name)),
        ]
        for row in rows
    ]
    return markdown_table(HEAD, "l" + "r" * (len(HEAD) - 1), cells)


def _trained(row: Mapping[str, Any], strategy: str) -> tuple[str, str]:
    return f"{row[f'accuracy {strategy}']:.3f}", f"{row[f'seconds {strategy}']:.1f}"


def main() -> None:
    """Measure both bodies; print the table and what it was measured on, and write them into a page."""
    parser = argparse.ArgumentParser(prog="python -m bench.bodies", description=__doc__)
    parser.add_argument("--write", type=Path, help="the page that has a place for the table")
    options = parser.parse_args()
    table = f"{table_of(measure())}\n{described(circumstances('fastmlp', 'torch', 'transformers'))}\n"
    sys.stdout.write(table)
    if options.write:
        put(options.write, "bodies", table)


if __name__ == "__main__":
    main()
