"""``fastmlp predict``: labels and probabilities for new rows."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..arguments import PATH
from ..exit_codes import DONE, HELP


@click.command("predict", epilog="\b\nExample:\n  fastmlp predict topic.safetensors new.csv > predicted.csv\n\n" + HELP)
@click.argument("model", type=PATH)
@click.argument("table", type=PATH)
def predict_command(model: Path, table: Path) -> int:
    """Predict the label of each row of TABLE with MODEL, a file of `fastmlp fit`, and print them as CSV.

    After a header there is a line for each row: its likeliest label, and the probability of each class. Columns of
    TABLE are matched by name, and those that the model does not know are not looked at.
    """
    from ...answer import predictions

    for chunk in predictions(model, table):
        sys.stdout.buffer.write(chunk)
    return DONE
