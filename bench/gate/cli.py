"""The commands: what they take, what they print, and how they end.

0: nothing is slower. 4: something is. 5: no verdict, about something or about all. 2: usage. 130, 143: stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import NoReturn

from . import present
from .build import WORKING_TREE, Build, GateError, UnknownRevisionError, build, may_borrow, resolve
from .compare import Settings, compare
from .headline import HEADLINE
from .outcome import NO_VERDICT, Comparison, Result
from .rounds import PREPARING, Process
from .slower import VARIABLE
from .verdict import Verdict
from .workshop import workshop

ROOT = Path(__file__).parents[2]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command, and exit."""
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, stop)
    options = parser().parse_args(arguments)
    try:
        sys.exit(options.run(options))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except UnknownRevisionError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    except GateError as error:
        sys.stderr.write(f"no verdict: {error}\n")
        sys.exit(NO_VERDICT)


def stop(number: int, _frame: FrameType | None) -> NoReturn:
    """End, and clean up on the way."""
    sys.exit(128 + number)


def parser() -> argparse.ArgumentParser:
    """Describe the commands."""
    whole = argparse.ArgumentParser(prog="python -m bench", description="Benchmarks: the speed gate.")
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    gate = commands.add_parser("gate", help="compare two revisions", description="Compare two revisions.")
    gate.add_argument("--base", required=True, metavar="REF", help="what to compare with")
    gate.add_argument("--head", metavar="REF", help="what to judge; the tracked files as they stand, if not given")
    gate.add_argument("--bench", metavar="REGEX", help="which benchmarks, instead of the headline ones")
    gate.add_argument("--core", type=int, help="the core to measure on; the lowest usable, if not given")
    gate.add_argument(
        "--seconds", type=float, default=Settings.seconds, help="budget of a run, %(default)s if not given"
    )
    gate.add_argument("--own-dependencies", action="store_true", help="install dependencies anew for each revision")
    gate.add_argument("--repository", type=Path, default=ROOT, help=argparse.SUPPRESS)
    gate.add_argument("--json", type=Path, metavar="FILE", help="write everything there")
    gate.add_argument("--markdown", type=Path, metavar="FILE", help="write a summary there")
    gate.set_defaults(run=run_gate)
    return whole


def run_gate(options: argparse.Namespace) -> int:
    """Build, measure, say."""
    repository = options.repository
    base = resolve(repository, options.base)
    head = resolve(repository, options.head) if options.head else WORKING_TREE
    own = options.own_dependencies or not may_borrow(repository, (base, head))
    with workshop() as folder:
        start = time.monotonic()
        say("building")
        extra = float(os.environ.get(VARIABLE, "0"))
        with ThreadPoolExecutor() as pool:
            making = [
                pool.submit(build, label, repository, revision, folder / label, own=own, extra_work=work)
                for label, revision, work in (("base", base, 0.0), ("head", head, extra))
            ]
            builds = making[0].result(), making[1].result()
        names, unknown = choose(builds, options.bench)
        say(f"built in {time.monotonic() - start:.0f} s; warming the compile caches")
        warm(builds, names)
        core = min(os.sched_getaffinity(0)) if options.core is None else options.core
        results, control = compare(builds, names, Settings(core, seconds=options.seconds), say)
        seconds = time.monotonic() - start
        comparison = Comparison(base, described(head, extra), (*unknown, *results), control, seconds)
    write(options.json, json.dumps(present.as_json(comparison), indent=1) + "\n")
    write(options.markdown, present.markdown(comparison))
    sys.stdout.write(present.text(comparison))
    return comparison.exit_code


def described(revision: str, extra: float) -> str:
    """Return a revision's name, and what was done to it."""
    return f"{revision} with {extra:.0%} of its work done twice" if extra else revision


def choose(builds: tuple[Build, Build], pattern: str | None) -> tuple[list[str], list[Result]]:
    """Choose benchmarks; those that are not in both revisions have no verdict."""
    listed: list[list[str]] = []
    broken: dict[str, str] = {}
    for one in builds:
        with Process(one, one.suites) as process:
            answer = process.ask("list", seconds=PREPARING)
            listed.append(answer["names"])
            broken |= {name: f"{one.label}: {why}" for name, why in answer["broken"].items()}
    base, head = listed
    wanted = HEADLINE if pattern is None else tuple(dict.fromkeys(n for n in (*base, *head) if re.search(pattern, n)))
    files = {name.split(".", 1)[0] for name in wanted}
    odd = [Result(name, Verdict.NONE, why) for name, why in broken.items() if pattern is not None or name in files]
    for name in wanted:
        if name not in base or name not in head:
            why = "in neither revision" if name not in (*base, *head) else "new" if name in head else "gone"
            odd.append(Result(name, Verdict.NONE, why))
    return [name for name in wanted if name in base and name in head], odd


def warm(builds: tuple[Build, Build], names: list[str]) -> None:
    """Run each benchmark once in each build, so that its cache holds what is compiled; failures show later."""
    processes = [Process(one, builds[1].suites) for one in builds]
    try:
        for process in processes:
            process.put("identify")
            for name in names:
                process.put("prepare", name=name)
        for process in processes:
            process.build.verify(process.get(PREPARING))
            for _ in names:
                try:
                    process.get(PREPARING)
                except GateError:
                    continue
    finally:
        for process in processes:
            process.__exit__(None, None, None)


def write(path: Path | None, text: str) -> None:
    """Write a file whole, or not at all."""
    if path is None:
        return
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).replace(path)


def say(text: str) -> None:
    """Tell whoever waits."""
    sys.stderr.write(text + "\n")
