"""``fastmlp report``: render a study's report again."""

from __future__ import annotations

from pathlib import Path

import click

from ..arguments import PATH
from ..exit_codes import DONE


@click.command("report")
@click.argument("folder", type=PATH, metavar="DIR")
def report_command(folder: Path) -> int:
    """Render the report of the study in DIR again.

    It uses the trials that have finished, so it works while the study runs.
    """
    from ...report.render import render_report
    from ...study.store import read_study

    for path in render_report(read_study(folder), folder):
        click.echo(path)
    return DONE
