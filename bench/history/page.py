"""Draw the stored results as one self-contained page, and write history.json next to it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from fastmlp.files import write_whole
from fastmlp.report.history import arrange_history
from fastmlp.report.render import render_page

from ..exit_codes import NO_VERDICT, PASSED
from .read import NoHistory, read

ROOT = Path(__file__).parents[2]


def draw(
    results: Path | None, out: Path, machine: str | None, pattern: str, branch: Sequence[str] | None = None
) -> int:
    """Draw the history of a branch: its commits, oldest first, by default those of this checkout.

    Returns
    -------
    int
        0 if a page was written, 5 if there is nothing to draw.
    """
    try:
        settings = json.loads((ROOT / "asv.conf.json").read_text(encoding="utf-8"))
        stored, threshold = ROOT / settings["results_dir"], settings["regressions_thresholds"][".*"]
        history = read(results or stored, branch or commits(), machine, pattern, threshold)
    except NoHistory as error:
        sys.stderr.write(f"no verdict: {error}\n")
        return NO_VERDICT
    for line in history["left_out"]:
        sys.stderr.write(f"left out: {line}\n")
    summary = arrange_history(history)
    beside = out.with_name("history.json")
    write_whole(beside, [(json.dumps(history, allow_nan=False) + "\n").encode()])
    write_whole(out, [render_page({"history": summary}, Path(__file__).parent).encode()])
    sys.stdout.write(f"{out}, {beside}: {len(history['series'])} series of {len(summary['commits'])} commits\n")
    return PASSED


def commits() -> list[str]:
    """Return the commits of this branch, oldest first."""
    command = ["git", "-C", str(ROOT), "rev-list", "--first-parent", "--reverse", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
