"""The lab where Pyodide runs it, as JupyterLite does: no numba, and neither threads nor processes.

What is taken away here is what Pyodide 314 (Python 3.14 in WebAssembly, under node) was seen to lack: modules that
cannot be imported, threads that do not start, processes that nobody can start. Its NumPy is not to be had without its
own servers, so the interpreter is the usual one, without these.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

TAKEN_AWAY = """
import sys

for name in ("numba", "llvmlite", "math_core", "resource"):
    sys.modules[name] = None


PROCESSES = "subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.system", "socket.connect"


def refuse(event, arguments):
    if event in PROCESSES:
        raise OSError(138, "emscripten does not support processes.")


sys.addaudithook(refuse)

import _thread
import threading


def start_new_thread(*_, **__):
    raise RuntimeError("can't start new thread")


_thread.start_new_thread = threading._start_new_thread = threading._start_joinable_thread = start_new_thread
"""
LAB = """
import json, pathlib, sys, warnings

warnings.simplefilter("error")
from fastmlp.lab.starter import cells, start
from fastmlp.lab.notebook import read_cells

folder = pathlib.Path(sys.argv[1])
said = start(folder)
notebook = read_cells("lab.ipynb", (folder / "lab.ipynb").read_text(encoding="utf-8"))
names, progress = {"__name__": "__main__"}, []
for written in (notebook, cells(range(1, 7))):  # as it is found, then solved
    for cell in written[:-1]:
        if cell.kind == "code" and cell.source.startswith("check("):
            progress.append(str(eval(cell.source, names)).splitlines()[-1])
        elif cell.kind == "code":
            exec(cell.source, names)
rows = names["compare"](names["X"], names["y"], (20,), range(1))
import fastmlp

warnings.simplefilter("ignore")  # one is meant: that the reference serves
print(json.dumps({
    "said": said,
    "progress": progress,
    "rows": len(rows),
    "backend": fastmlp.get_backend().name,
    "missing": [name for name in ("numba", "resource") if sys.modules.get(name)],
}))
"""


def test_the_lab_goes_from_the_start_to_the_comparison(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TAKEN_AWAY + LAB, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert all("written" in line for line in result["said"])
    assert result["progress"] == ["0/6 solved"] * 6 + [f"{task}/6 solved" for task in range(1, 7)]
    assert (result["rows"], result["backend"], result["missing"]) == (4, "numpy", [])
