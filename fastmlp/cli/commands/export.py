"""``fastmlp export``: write the table of a study."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..arguments import FOLDER
from ..exit_codes import DONE


@click.command(
    "export",
    epilog="\b\nExamples:\n  fastmlp export out --format csv | head\n  fastmlp export out -f parquet -o t.parquet",
)
@click.argument("folder", type=FOLDER, metavar="DIR")
@click.option("--format", "-f", "form", type=click.Choice(["csv", "jsonl", "parquet"]), required=True)
@click.option("--output", "-o", type=FOLDER, help="File to write, instead of stdout.")
def export_command(folder: Path, form: str, output: Path | None) -> int:
    """Write the table of the study in DIR.

    It has one row a trial; jsonl and parquet hold the lists too: losses by epoch, drift by layer and the like. Parquet
    needs pyarrow.
    """
    from ...files import prepare_file, write_whole
    from ...study.results.export import export

    if output is not None:
        write_whole(prepare_file(output), export(folder, form))
        return DONE
    if form == "parquet" and sys.stdout.isatty():
        raise click.UsageError("Parquet is not for reading on a terminal; name a file with --output")
    for chunk in export(folder, form):
        sys.stdout.buffer.write(chunk)
    return DONE
