"""``fastmlp doctor``: show what a study would run on here."""

from __future__ import annotations

import click

from ..exit_codes import DONE


@click.command("doctor")
def doctor_command() -> int:
    """Show versions, CPU, backend and compile cache.

    It says which backend a study would use here and why, and measures the peak speed of one core.
    """
    from ...study.doctor import examine

    for name, value in examine():
        click.echo(f"{name:<16} {value}")
    return DONE
