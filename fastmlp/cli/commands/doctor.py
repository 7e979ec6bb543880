"""``fastmlp doctor``: show what a study would run on here."""

from __future__ import annotations

import click

from ..exit_codes import DONE


@click.command("doctor")
def doctor_command() -> int:
    """Say what a study would run on here.

    Versions, processor, backend and why it is that one, the peak that is measured, the state of the compile cache.
    """
    from ...study.doctor import examine

    for name, value in examine():
        click.echo(f"{name:<16} {value}")
    return DONE
