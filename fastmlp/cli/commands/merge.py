"""``fastmlp merge``: join the parts of a study."""

from __future__ import annotations

from pathlib import Path

import click

from ...report.format import count
from ..arguments import PATH
from ..console import say
from ..exit_codes import DONE, HELP, TRIALS_FAILED
from .study import print_results


@click.command(
    "merge",
    epilog="\b\nExample:\n  fastmlp study lab --shard 1/2 --out part-1     on one machine\n"
    "  fastmlp study lab --shard 2/2 --out part-2     on another\n"
    "  fastmlp merge out part-1 part-2\n\n" + HELP,
)
@click.argument("folder", type=PATH, metavar="DIR")
@click.argument("parts", type=PATH, metavar="PART...", nargs=-1, required=True)
def merge_command(folder: Path, parts: tuple[Path, ...]) -> int:
    """Merge parts of one study into DIR.

    The result is as if one machine had run it all: the same results.csv, columns of seconds aside. Parts of other
    settings, data, versions or kernels are refused; but parts may have other seeds, if those follow each other, such as
    0-19 and 20-39. If DIR holds some of the study already, the parts are added to it.
    """
    from ...study import merge_studies, resume_command
    from ...study.results.status import study_state

    results = merge_studies(folder, parts)
    print_results(results)
    lacking = results.counts["missing"]
    if lacking:
        rest = resume_command(folder, study_state(folder)["backend"])
        say(f"{count(lacking)} trials are in no part; to run them: {rest}")
    return TRIALS_FAILED if lacking or results.counts["diverged"] or results.counts["failed"] else DONE
