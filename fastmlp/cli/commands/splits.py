"""``fastmlp splits``: print which rows each cell of a study uses."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ..arguments import PATH
from ..exit_codes import DONE


@click.command("splits", epilog="\b\nExample:\n  fastmlp splits out > splits.jsonl")
@click.argument("folder", type=PATH, metavar="DIR")
def splits_command(folder: Path) -> int:
    """Print the rows of every cell of the study in DIR.

    They are for methods that are trained elsewhere. One JSON object a line: problem, n_target, seed; rows of the
    target's data to train on, train, and to evaluate on, heldout; rows of the source's data, source. Results.add brings
    in what such a method measured.
    """
    from ...study.results.results import Results

    for cell in Results.open(folder).splits():
        click.echo(json.dumps(cell))
    return DONE
