"""``fastmlp export``: write the table of a study."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..arguments import PATH
from ..console import is_stream, write_stream
from ..exit_codes import DONE

STDOUT = {Path("-"), Path("/dev/stdout")}


@click.command(
    "export",
    epilog="\b\nExamples:\n  fastmlp export out --format csv | head\n  fastmlp export out -f parquet -o t.parquet",
)
@click.argument("folder", type=PATH, metavar="DIR")
@click.option("--format", "-f", "form", type=click.Choice(["csv", "jsonl", "parquet"]), required=True)
@click.option("--output", "-o", type=PATH, help="File to write. [default: stdout, as with -]")
def export_command(folder: Path, form: str, output: Path | None) -> int:
    """Write the table of the study in DIR.

    It has one row per trial; jsonl and parquet also hold lists, such as losses by epoch and drift by layer. Parquet
    needs pyarrow.
    """
    from ...files import prepare_file, write_whole
    from ...study.results.export import export

    if output is None or output in STDOUT:
        if form == "parquet" and sys.stdout.isatty():
            raise click.UsageError("Parquet cannot be shown on a terminal; name a file with --output")
        for chunk in export(folder, form):
            sys.stdout.buffer.write(chunk)
    elif is_stream(output):
        write_stream(output, export(folder, form))
    else:
        write_whole(prepare_file(output), export(folder, form))
    return DONE
