"""Kernels between guard pages, in short; and that the guard sees what it is there to see."""

from __future__ import annotations

import ctypes
import json
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

if sys.platform != "linux":
    pytest.skip("guard pages need Linux", allow_module_level=True)
pytest.importorskip("numba")

from bench import cli
from bench.exit_codes import CHECK_FAILED, PASSED, USAGE
from bench.guard import command
from bench.guard.cases import OWN, PLAIN, SIDES, TILES, Case, draw
from bench.guard.command import WORKER, check
from bench.guard.pages import Guard, entries
from fastmlp.backends.codegen.types import PLAIN as PLAIN_LOOPS
from fastmlp.backends.fallback import current_tile

needs_vectors = pytest.mark.skipif(current_tile() == PLAIN_LOOPS, reason="there is no vector code")
# A training that fills whole tiles and panels, so that the last number of every buffer is used.
FULL: Any = {"kind": "train", "dtype": "float32", "sizes": (64, 64, 64), "threads": 1, "cuts": (), "has_between": False}
TOUCH = """
import ctypes, os, sys
import numpy as np
from bench.guard.pages import place

def end_of(touch, *place):
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    touch(*place)
    os._exit(0)

for side in sys.argv[1:]:
    copy = place(np.arange(1000, dtype="float32"), side).copy
    assert (copy == np.arange(1000)).all()
    first, behind = copy.ctypes.data, copy.ctypes.data + copy.nbytes
    for address in (first - 1, first, behind - 1, behind):
        print(end_of(ctypes.string_at, address, 1), end_of(ctypes.memset, address, 0, 1))
"""
TOO_FAR = """
from functools import cached_property
from bench.guard import worker
from fastmlp.backends.kernels.memory import BufferLayout

whole = BufferLayout.inputs.func
BufferLayout.inputs = cached_property(lambda self: whole(self) - (self.batch == 48))
BufferLayout.inputs.__set_name__(BufferLayout, "inputs")
worker.main()
"""


def test_one_byte_beside_an_array_is_death_to_read_and_to_write() -> None:
    command = [sys.executable, "-c", TOUCH, "before", "after"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    died, lives = [str(-signal.SIGSEGV)] * 2, ["0"] * 2
    assert done.stdout.split() == [*died, *lives, *lives, *lives, *lives, *lives, *lives, *died]


@needs_vectors
@pytest.mark.exhaustive  # a process compiles every kernel of its own
def test_kernels_touch_nothing_beside_their_arrays(capfd: pytest.CaptureFixture[str]) -> None:
    """The short form of `python -m bench guard`, on this machine's own tile."""
    cases = [draw(20_261_122, number, OWN) for number in range(40)]
    compiled = [case.dtype == "float64" and case.kind != "train_lora" for case in cases]  # compile no more
    cases = [replace(case, has_between=case.has_between and is_so) for case, is_so in zip(cases, compiled, strict=True)]
    assert check(cases, WORKER) == PASSED
    assert capfd.readouterr().out == "40 cases held: 40 on own; 0 failed\n"


@needs_vectors
def test_a_kernel_that_writes_one_number_too_far_is_caught(capfd: pytest.CaptureFixture[str]) -> None:
    """The process dies, the case is named with how to repeat it, and the next ones are tried."""
    cases = [replace(draw(3, size, OWN), side="after", batch_size=size, examples=size, **FULL) for size in (48, 32)]
    assert check(cases, (sys.executable, "-c", TOO_FAR)) == CHECK_FAILED
    out = capfd.readouterr().out
    assert out.startswith("case 48 on own: its process ended (-11): SIGSEGV\n  Case(seed=3, number=48,")
    assert "again: python -m bench guard --seed 3 --case 48 --tile own\n" in out
    assert out.endswith("1 cases held: 1 on own; 1 failed\n")


@pytest.mark.parametrize("side", SIDES)
def test_a_byte_changed_on_the_far_side_of_an_array_is_seen(side: str) -> None:
    guard = Guard(side)
    guard.call(lambda array: array.fill(1), given := np.zeros(3))
    assert not guard.spilled
    assert (given == 1).all()
    beside = -1 if side == "after" else given.nbytes
    guard.call(lambda array: ctypes.memset(array.ctypes.data + beside, 0, 1), given)
    assert guard.spilled


def test_an_array_keeps_its_copy_from_call_to_call() -> None:
    """Threads and calls share some arrays, and what one writes the other must find."""
    guard, shared = Guard("after"), np.zeros(3)
    seen: list[Any] = []
    for _ in range(2):
        guard.call(seen.append, shared)
    guard.call(seen.append, shared[:2])
    assert seen[0] is seen[1] is not seen[2]


@needs_vectors
def test_every_function_that_python_calls_is_guarded() -> None:
    known = {name for _, name in entries()}
    assert known >= {"train", "predict", "train_lora"}
    assert len(known) == len(entries()), "each where it is defined, and nowhere else"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("print(open(0).readline() and json.dumps({'problem': 'theta is off'}), flush=True)", "theta is off"),
        ("time.sleep(60)", "no answer within"),
    ],
    ids=["a wrong number", "a deadlock"],
)
def test_what_kills_nobody_fails_too(
    code: str, told: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "PATIENCE", 0.5)
    assert check([draw(0, 1, PLAIN)], (sys.executable, "-c", f"import json, time\n{code}")) == CHECK_FAILED
    assert f"case 1 on plain: {told}" in capfd.readouterr().out


def test_a_case_survives_json_and_is_drawn_again_from_its_names() -> None:
    case = draw(7, 11, PLAIN)
    assert (
        Case.read(json.loads(json.dumps(asdict(case))))
        == case
        == draw(7, 11, PLAIN)
        == replace(draw(7, 11, OWN), tile=PLAIN)
    )
    assert draw(7, 12, PLAIN).sizes != case.sizes
    assert draw(8, 11, PLAIN).sizes != case.sizes


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--cases", "-3"], "--cases must not be negative: -3"),
        (["--tile", "64x8"], f"--tile 64x8 is not like {TILES[1]}, own or plain"),
        (["--tile", "48x8x2x1"], "powers of two"),
    ],
)
def test_wrong_usage_is_refused(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["guard", *arguments])
    assert end.value.code == USAGE
    assert told in capsys.readouterr().err
