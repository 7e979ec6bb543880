"""Where vector code cannot be built, plain loops run: the fault is put into a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest

numba: Any = pytest.importorskip("numba")

from fastmlp.backends import cache, cpu  # noqa: E402

if cpu.TILE is cpu.PLAIN:
    pytest.skip("there is no vector code", allow_module_level=True)

FAULTY = """
import warnings
from concurrent.futures import ThreadPoolExecutor
from llvmlite import ir
from numpy.testing import assert_allclose
import fastmlp
from fastmlp.backends import cpu
from fastmlp.backends.codegen import math as elementary

fma = elementary.Arithmetic.fma

def faulty(self, a, b, c):
    if self.lanes:
        {fault}
    return fma(self, a, b, c)

elementary.Arithmetic.fma = faulty
net, X = fastmlp.init_mlp((3, 20, 2)), [[0.0, 1.0, 2.0], [1.0, 0.0, 3.0]]

def asked(backend):
    {ask}

with warnings.catch_warnings(record=True) as caught, ThreadPoolExecutor(2) as pool:
    warnings.simplefilter("always")
    first, second = pool.map(asked, ["numba", "auto"])
assert cpu.TILE is cpu.PLAIN
assert "vector code cannot be built" in str(caught[0].message), caught
assert len(caught) == 1, caught
assert (first == second).all() and (first == asked("numba")).all()
assert_allclose(first, asked("numpy"), rtol=1e-5, atol=1e-5)
print(caught[0].message)
{more}
"""


@pytest.mark.parametrize(
    ("fault", "ask", "more", "told"),
    [
        (
            "raise NotImplementedError('no fused multiply-add')",
            "return fastmlp.train_mlp(net, X, [0, 1], epochs=3, backend=backend).network.theta",
            "from fastmlp.study import doctor; print(doctor.kernels())",
            r"NotImplementedError: no fused multiply-add\nplain loops",
        ),
        (
            "return ir.FormattedConstant(self.kind, 'rubbish')",
            "return fastmlp.forward(net, X, backend=backend)",
            "",
            "RuntimeError: LLVM IR parsing error",
        ),
    ],
    ids=["the emission raises", "LLVM refuses"],
)
def test_plain_loops_run_where(fault: str, ask: str, more: str, told: str, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    code = FAULTY.format(fault=fault, ask=ask, more=more)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert re.search(told, done.stdout)


def test_plain_code_is_kept_apart(tmp_path: Any, monkeypatch: Any) -> None:
    """A process in which vector code was refused leaves nothing that another would take for it."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    codegen = numba.core.registry.cpu_target.target_context.codegen()
    ours = cache.MachineCodeCache("train")._path("signature", codegen)
    monkeypatch.setattr(cpu, "TILE", cpu.PLAIN)
    theirs = cache.MachineCodeCache("train")._path("signature", codegen)
    assert ours
    assert theirs
    assert ours.parent == theirs.parent
    assert ours.name != theirs.name
