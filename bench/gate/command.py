"""The commands `gate` and `gate-power`: their options, and what they print and write."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

from fastmlp.files import prepare_file, write_whole

from . import render
from .build import WORKING_TREE, Wanted, build_all, resolve
from .checks import check_builds
from .compare import Settings, compare, log_to_stderr, warm
from .inject import VARIABLE, share_of
from .isolation import scratch_folder
from .selection import choose
from .verdict import Comparison

ROOT = Path(__file__).parents[2]


def add_to(commands: Any) -> None:
    """Add the commands `gate` and `gate-power` to a parser."""
    add_gate(commands.add_parser("gate", help="compare two revisions"))
    add_power(commands.add_parser("gate-power", help="measure how often the gate is wrong on this machine"))


def add_gate(command: argparse.ArgumentParser) -> None:
    """Add the options of `gate`."""
    command.description = "Compare the speed of two revisions."
    command.add_argument("--base", required=True, metavar="REF", help="revision to compare with")
    command.add_argument("--head", metavar="REF", help="revision to test (default: the working tree)")
    command.add_argument(
        "--bench", metavar="REGEX", type=pattern, help="only benchmarks whose names match, and no checks"
    )
    command.add_argument("--core", type=core, default=min(usable()), help="core to measure on (default: %(default)s)")
    command.add_argument(
        "--seconds",
        type=float,
        default=Settings.seconds,
        help="time for a run, and again for confirming it (default: %(default)s)",
    )
    command.add_argument("--repository", type=Path, default=ROOT, help="the checkout (default: this one)")
    command.add_argument("--json", type=Path, metavar="FILE", help="write all results as JSON")
    command.add_argument("--markdown", type=Path, metavar="FILE", help="write a summary as Markdown")
    command.set_defaults(run=run_gate)


def add_power(command: argparse.ArgumentParser) -> None:
    """Add the options of `gate-power`."""
    from . import power

    command.description = power.__doc__
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.add_argument("--only", choices=(power.QUIET, power.LOADED), help="only one of the two conditions")
    command.add_argument("--limit", type=int, metavar="N", help="number of comparisons of each kind at most")
    command.add_argument("--core", type=core, default=min(usable()), help="core to measure on (default: %(default)s)")
    command.add_argument("--json", type=Path, metavar="FILE", default=ROOT / "bench" / "gate.json")
    command.add_argument("--markdown", type=Path, metavar="FILE", default=ROOT / "bench" / "GATE.md")
    command.add_argument("--render", action="store_true", help="measure nothing; write the Markdown from the JSON")
    command.set_defaults(run=run_power)


def pattern(text: str) -> str:
    """Accept a regular expression."""
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"not a regular expression, {error}: {text}") from error
    return text


def core(text: str) -> int:
    """Accept a core that this process may use."""
    if not text.isdigit() or int(text) not in usable():
        raise argparse.ArgumentTypeError(f"{text} is not among the usable cores: {sorted(usable())}")
    return int(text)


def usable() -> set[int]:
    """Return the cores that this process may use."""
    return os.sched_getaffinity(0) if sys.platform == "linux" else set(range(os.cpu_count() or 1))


def run_gate(options: argparse.Namespace) -> int:
    """Build both revisions, measure, and print the outcome; a file that cannot be written is refused first."""
    for file in filter(None, (options.json, options.markdown)):
        prepare_file(file)
    start, extra = time.monotonic(), share_of(os.environ.get(VARIABLE, ""))
    base = Wanted("base", resolve(options.repository, options.base))
    commit = resolve(options.repository, options.head) if options.head else WORKING_TREE
    head = Wanted("head", commit, extra)
    with scratch_folder() as folder:
        log_to_stderr("building")
        builds = build_all(options.repository, (base, head), folder)
        pair = builds[0], builds[1]
        names, odd = choose(pair, options.bench)
        log_to_stderr(f"built in {time.monotonic() - start:.0f} s; filling the compile caches")
        warm(pair, names)
        checks = check_builds(pair, log_to_stderr) if options.bench is None else []
        results, control = compare(pair, names, Settings(options.core, seconds=options.seconds), log_to_stderr)
    seconds = time.monotonic() - start
    comparison = Comparison(base.describe(), head.describe(), (*odd, *results), control, seconds, tuple(checks))
    sys.stdout.write(render.text(comparison))
    if options.json:
        write_whole(options.json, [(json.dumps(render.as_json(comparison), indent=1) + "\n").encode()])
    if options.markdown:
        write_whole(options.markdown, [render.markdown(comparison).encode()])
    return comparison.exit_code


def run_power(options: argparse.Namespace) -> int:
    """Measure how often the gate is wrong, and render the report."""
    from . import power, power_report

    if not options.render:
        conditions = [options.only] if options.only else [power.LOADED, power.QUIET]
        power.measure(ROOT, options.json, conditions, options.limit, options.core, log_to_stderr)
    text = power_report.render(json.loads(options.json.read_text()))
    write_whole(options.markdown, [text.encode()])
    sys.stdout.write(text)
    return 0
