"""``fastmlp verdicts``: print the comparisons of a study and their verdicts."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ..arguments import PATH
from ..exit_codes import DONE


@click.command(
    "verdicts", epilog="\b\nExample:\n  fastmlp verdicts out --json | jq '.[] | select(.verdict == \"better\")'"
)
@click.argument("folder", type=PATH, metavar="DIR")
@click.option("--json", "as_json", is_flag=True, help="One JSON array of objects, for programs; all digits.")
def verdicts_command(folder: Path, *, as_json: bool) -> int:
    """Print the comparisons of the study in DIR.

    Each has the pair, the difference in accuracy, its interval and the verdict, as in the report. This works while the
    study runs.
    """
    from ...study.results.results import Results

    verdicts = Results.open(folder).verdicts()
    if as_json:
        click.echo(json.dumps(verdicts))
    else:
        click.echo(str(verdicts))
    return DONE
