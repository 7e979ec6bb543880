"""``fastmlp verdicts``: print the comparisons of a study and their verdicts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...report import format as fmt
from ..arguments import PATH
from ..exit_codes import DONE

if TYPE_CHECKING:
    from ...report.verdicts import Verdict

HEADS = ("problem", "labels", "first", "second", "difference (points)", "95 % interval", "first is")


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
        for line in aligned([HEADS, *map(row_of, verdicts)]):
            click.echo(line)
    return DONE


def row_of(v: Verdict) -> tuple[str, ...]:
    """Return a comparison as the words of its row."""
    second = v["second"] if v["second_problem"] == v["problem"] else f"{v['second']} on {v['second_problem']}"
    difference, interval = fmt.points(v["difference"]), fmt.points_interval(v)
    return v["problem"], fmt.count(v["n_target"]), v["first"], second, difference, interval, v["verdict"]


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines in which the columns stand below each other, two spaces apart."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
