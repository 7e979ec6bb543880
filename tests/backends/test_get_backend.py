"""Which backend a name stands for, and what happens where numba cannot be imported."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from fastmlp.backends import get_backend
from fastmlp.errors import UnknownName

# numba is made impossible to import before fastmlp is; what follows is what a user without it sees.
BLOCKED = """
import sys, warnings
sys.modules["numba"] = None
import fastmlp
from fastmlp.errors import MissingLibrary
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    net = fastmlp.init_mlp((3, 4, 2))
    X, y = [[0, 0, 1], [0, 1, 0], [1, 0, 0]], [0, 1, 1]
    fits = [fastmlp.train_mlp(net, X, y, epochs=2, backend=name) for name in ("auto", "auto", "numpy")]
assert [str(w.message).split(";")[0] for w in caught] == ["numba cannot be imported"], caught
assert (fits[0].network.theta == fits[2].network.theta).all()
assert fastmlp.get_backend("auto").name == "numpy"
try:
    fastmlp.get_backend("numba")
except MissingLibrary as error:
    assert "numba" in str(error) and "pip install numba" in str(error)
else:
    raise SystemExit("numba was blocked, and get_backend did not say so")
from fastmlp.study.doctor import which_backend
assert "numba cannot be imported" in which_backend() == which_backend(), which_backend()
"""


def test_without_numba_the_reference_serves_with_one_warning() -> None:
    done = subprocess.run([sys.executable, "-c", BLOCKED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_auto_is_numba_where_numba_is() -> None:
    pytest.importorskip("numba")
    assert get_backend("auto") is get_backend("numba")
    assert get_backend("numba").name == "numba"


@pytest.mark.parametrize(
    "name", [np.array(["numba", "numpy"]), ["numba"], None, 3, np.array("numba"), b"numba"], ids=repr
)
def test_a_name_that_is_not_text_is_refused(name: Any) -> None:
    with pytest.raises(UnknownName, match="unknown backend"):
        get_backend(name)


def test_an_unknown_backend_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownName, match=r"unknown backend 'cuda' \(known: auto, numba, numpy, torch\)"):
        get_backend("cuda")
