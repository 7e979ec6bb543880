"""``fastmlp report``: write a study's report anew."""

from __future__ import annotations

from pathlib import Path

import click

from ..arguments import FOLDER
from ..exit_codes import DONE


@click.command("report")
@click.argument("folder", type=FOLDER, metavar="DIR")
def report_command(folder: Path) -> int:
    """Write the report of the study in DIR anew.

    It is made from what is there, so it can be asked for while the study runs.
    """
    from ...report.render import render_report
    from ...study.store import read_study

    for path in render_report(read_study(folder), folder):
        click.echo(path)
    return DONE
