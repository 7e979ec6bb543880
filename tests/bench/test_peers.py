"""The comparison with other libraries: the table says what the numbers say, and everyone does the same work."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import bench
from bench.environment import circumstances
from bench.peers import __main__ as program
from bench.peers.render import render, short_form
from bench.peers.trainers import PEERS
from bench.peers.work import SHAPES, Shape, Work

BENCH = Path(bench.__file__).parent
REFERENCE = "fastmlp, NumPy reference"
OTHERS = {"PyTorch eager": "torch", "PyTorch compiled": "torch", "JAX scan": "jax", "JAX vmap": "jax"}
SMALL = Work(Shape("small", (5, 7, 3), 8, 19, 3))


@pytest.mark.skipif(not (BENCH / "peers.json").exists(), reason="never run")
def test_the_table_is_rendered_from_the_numbers() -> None:
    data = json.loads((BENCH / "peers.json").read_text())
    assert render(data) == (BENCH / "PEERS.md").read_text()
    assert short_form(data) in (BENCH.parent / "README.md").read_text()


def test_useful_work_of_the_lab_shape() -> None:
    # 2 flops x 200 examples x 100 epochs x (2 x 64 x 64 + 3 x 64 x 10), no gradient at the inputs: 404 million
    assert SHAPES["lab"].flops == 2 * 200 * 100 * (2 * 64 * 64 + 3 * 64 * 10) == 404_480_000


def test_both_backends_arrive_where_the_reference_does() -> None:
    agree_with_the_reference("fastmlp")


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")  # compiling goes through what PyTorch deprecates
@pytest.mark.parametrize("name", OTHERS)
def test_peers_arrive_where_the_reference_does(name: str, oracle: Callable[[str], ModuleType]) -> None:
    oracle(OTHERS[name])
    agree_with_the_reference(name)


def test_every_peer_is_compared() -> None:
    assert set(PEERS) - set(OTHERS) == {"fastmlp", REFERENCE, "scikit-learn"}, "which draws an order of its own"


def agree_with_the_reference(name: str) -> None:
    prepared, expected = PEERS[name](SMALL), PEERS[REFERENCE](SMALL)
    theirs, ours = expected.parameters(expected.train()), prepared.parameters(prepared.train())
    for (weight, bias), (w, b) in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(weight, w, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(bias, b, rtol=1e-3, atol=1e-4)


def test_a_peer_that_is_missing_is_named() -> None:
    class Silent(program.Process):
        def __init__(self, name: str, _core: int) -> None:
            self.name = name

        def ask(self, _shape: str = "") -> dict[str, Any]:
            if self.name == "peak":
                return {"peak": 1e11}
            if self.name.startswith("JAX"):
                return {"missing": "No module named 'jax'"}
            return {"seconds": [0.01, 0.03, 0.02], "accuracy": 0.9, "first_seconds": 1.0}

        def close(self) -> None:
            pass

    data = circumstances(*program.DISTRIBUTIONS) | program.measure(["tiny"], 3, 0, start=Silent)
    text = render(data | {"throughput": {"1": {"kernels": 200.0, "trainings_a_second": 50.0, "overhead": 1.5}}})
    assert "Missing: JAX scan (No module named 'jax'); JAX vmap (No module named 'jax')." in text
    assert "| scikit-learn | 20 | 20 to 20 |" in text
