"""Run many commands, each in a process of its own, whose streams are as a case asks; importing fastmlp once.

``python -m tests.cli.many_commands CASES.json`` in the folder where the commands run. A case is an identity, words, and
what stdout and stderr are: ``closed``, ``full``, ``pipe`` (without a reader) or the path of a file. It writes the exit
codes, by identity, to ``codes.json``.
"""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import NoReturn
from unittest.mock import patch

import fastmlp.backends.peak
import fastmlp.report.render
import fastmlp.study.environment
import fastmlp.study.run
from fastmlp.cli import main


def open_as(descriptor: int, how: str) -> None:
    """Make a standard stream what a case asks, and the interpreter's view of it what it would be at the start."""
    name = {1: "stdout", 2: "stderr"}[descriptor]
    os.close(descriptor)
    stream = None
    if how != "closed":
        if how == "pipe":
            reader, opened = os.pipe()
            os.close(reader)
        else:
            opened = os.open("/dev/full" if how == "full" else how, os.O_WRONLY | os.O_CREAT)
        if opened != descriptor:
            os.dup2(opened, descriptor)
            os.close(opened)
        raw = io.BufferedWriter(io.FileIO(descriptor, "w", closefd=False))
        stream = io.TextIOWrapper(raw, "utf-8", line_buffering=descriptor == 2)
    setattr(sys, name, stream)
    setattr(sys, f"__{name}__", stream)


def write_empty(_: object, out: Path) -> tuple[Path, Path]:
    """Write an empty report."""
    html, markdown = out / "report.html", out / "report.md"
    html.touch()
    markdown.touch()
    return html, markdown


def run(words: list[str], stdout: str, stderr: str) -> NoReturn:
    """Run a command; what takes long in one, and writes nothing to a stream, is left out: reports are empty."""
    open_as(1, stdout)
    open_as(2, stderr)
    with (
        patch.object(fastmlp.report.render, "render_report", write_empty),
        patch.object(fastmlp.study.environment, "warm_up", lambda _: None),
        patch.object(fastmlp.backends.peak, "fma_peak", lambda _: 1e11),
    ):
        end(main(words))


def end(code: int) -> NoReturn:
    """End as the interpreter does, with 120 if a stream cannot be flushed, but free no memory, which takes long."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            os._exit(120)
    os._exit(code)


if __name__ == "__main__":
    codes = {}
    for identity, *case in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
        child = os.fork()
        if not child:
            run(*case)
        codes[identity] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    Path("codes.json").write_text(json.dumps(codes), encoding="utf-8")
