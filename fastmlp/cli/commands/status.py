"""``fastmlp status``: show the progress of a study."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ...report.format import count
from ..arguments import PATH
from ..exit_codes import DONE
from ..progress import tally


@click.command("status", epilog="\b\nExample:\n  fastmlp status out --json | jq .missing")
@click.argument("folder", type=PATH, metavar="DIR")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
def status_command(folder: Path, *, as_json: bool) -> int:
    """Show the progress of the study in DIR.

    This works while the study runs. It counts failed and diverged trials too.
    """
    from ...study.results.status import study_state

    state = study_state(folder)
    if as_json:
        click.echo(json.dumps(state))
        return DONE
    counts = tally({status: state[status] for status in ("ok", "diverged", "failed", "missing")})
    part = f", only shard {state['shard']}" if state["shard"] else ""
    click.echo(f"{state['name']}: {count(state['planned'])} trials{part}: {counts}")
    if state["running"]:
        click.echo(f"running: {state['running']}")
        for name, found in state["workers"].items():
            click.echo(f"  {name}: {count(found['trials'])} trials, {found['per_second']:,.1f} a second")
        if state["dashboard"]:
            click.echo(f"  dashboard: {state['dashboard']}")
    elif state["missing"] or state["failed"]:
        click.echo(f"to resume: {state['resume']}")
    return DONE
