"""``fastmlp diff``: compare two studies."""

from __future__ import annotations

from pathlib import Path

import click

from ..arguments import PATH
from ..exit_codes import DONE


@click.command("diff", epilog="\b\nExample:\n  fastmlp diff out other/out > difference.md")
@click.argument("first", type=PATH, metavar="DIR")
@click.argument("second", type=PATH, metavar="DIR")
def diff_command(first: Path, second: Path) -> int:
    """Compare two studies.

    Print as Markdown the settings, versions and machines that differ, and which cells have equivalent accuracies.
    """
    from ...report.render import render_difference
    from ...study.store import read_study

    click.echo(render_difference(read_study(first), read_study(second)), nl=False)
    return DONE
