"""``fastmlp report``: write a study's report anew."""

from __future__ import annotations

from pathlib import Path

import click

from ..arguments import PATH
from ..exit_codes import DONE


@click.command("report")
@click.argument("folder", type=PATH, metavar="DIR")
def report_command(folder: Path) -> int:
    """Write the report of the study in DIR anew.

    It is made from the trials that are finished, so this works while the study runs.
    """
    from ...report.render import render_report
    from ...study.store import read_study

    for path in render_report(read_study(folder), folder):
        click.echo(path)
    return DONE
