"""``fastmlp predict``: labels and probabilities for new rows."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..arguments import PATH
from ..exit_codes import DONE, HELP


@click.command(
    "predict",
    epilog="\b\nExamples:\n  fastmlp predict topic.safetensors new.csv > predicted.csv\n"
    "  fastmlp predict flowers.safetensors new/ > predicted.csv\n\n" + HELP,
)
@click.argument("model", type=PATH)
@click.argument("table", type=PATH)
def predict_command(model: Path, table: Path) -> int:
    """Predict the label of each row of TABLE with MODEL, a file of `fastmlp fit`, and print them as CSV.

    After a header there is a line for each row: its likeliest label, and the probability of each class. Columns of
    TABLE are matched by name, and those that the model does not know are not looked at. For a model on a backbone TABLE
    is a picture, a folder of pictures or a CSV file with a column path; or a CSV file with a column text.
    """
    from ...answer import predictions

    for chunk in predictions(model, table):
        sys.stdout.buffer.write(chunk)
    return DONE
