"""``fastmlp claims``: what a study says of claims of the literature."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ...errors import InvalidInput
from ...files import read_bytes, write_whole
from ..arguments import PATH
from ..exit_codes import CHANGED, DONE


@click.command("claims", epilog="\b\nExample:\n  fastmlp study claims --out out && fastmlp claims out > claims.md")
@click.argument("folder", type=PATH, metavar="DIR")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a claim, for programs.")
@click.option("--check", type=PATH, metavar="FILE", help="Fail if an outcome is not what FILE says.")
@click.option("--renew", type=PATH, metavar="FILE", help="Write the outcomes down, for --check and --beside.")
@click.option("--beside", type=PATH, metavar="FILE", help="Name on the page the outcomes that differ from FILE.")
@click.option("--picture", type=PATH, metavar="FILE", help="Draw the effects into FILE, .svg or .png, and refer to it.")
def claims_command(
    folder: Path, *, as_json: bool, check: Path | None, renew: Path | None, beside: Path | None, picture: Path | None
) -> int:
    """Print what the study in DIR says of claims of the literature.

    Each is reproduced, not reproduced at this scale, undecided or not tested. The study `claims` has all that they
    compare.
    """
    from ...report.claims import changes, judge, written
    from ...report.claims_page import claims_picture, render_claims
    from ...report.study import Study
    from ...study.store import read_study

    before, others = (None if file is None else _read(file) for file in (check, beside))
    data = read_study(folder)
    cards = judge(Study(data.settings, data.rows, data.meta))
    if renew is not None:
        write_whole(renew, [(json.dumps(written(cards), indent=2) + "\n").encode()])
    if picture is not None:
        write_whole(picture, [claims_picture(data, picture.suffix.removeprefix("."))])
    if as_json:
        for card in cards:
            for claim in card["claims"]:
                click.echo(json.dumps({"paper": card["title"], **claim}))
    else:
        click.echo(render_claims(data, others, None if picture is None else picture.as_posix()), nl=False)
    found = [] if before is None else changes(cards, before)
    for change in found:
        click.echo(f"{change['name']}: {change['written']} was written down, {change['found']} was found", err=True)
    return CHANGED if found else DONE


def _read(path: Path) -> dict[str, str]:
    """Return the outcomes that were written down.

    Raises
    ------
    InvalidInput
        If the file cannot be read or holds anything else.
    """
    try:
        found = json.loads(read_bytes(path, InvalidInput))
    except ValueError as error:
        raise InvalidInput(f"{path}: is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise InvalidInput(f"{path}: holds no outcomes of claims by name")
    return found
