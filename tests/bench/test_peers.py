"""The comparison with other libraries: the table says what the numbers say, and everyone does the same work."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest

import bench
from bench.environment import circumstances
from bench.peers import __main__ as program
from bench.peers import worker
from bench.peers.render import render, short_form
from bench.peers.settings import variables
from bench.peers.trainers import PEERS, Prepared
from bench.peers.work import SHAPES, Shape, Work
from fastmlp.report.chapters.speed.peers import arrange_peers

BENCH = Path(bench.__file__).parent
REFERENCE = "fastmlp, NumPy reference"
OTHERS = {"PyTorch eager": "torch", "PyTorch compiled": "torch", "JAX scan": "jax", "JAX vmap": "jax"}
SMALL = Work(Shape("small", (5, 7, 3), 8, 19, 3))


@pytest.mark.skipif(not (BENCH / "peers.json").exists(), reason="never run")
def test_the_table_is_rendered_from_the_numbers() -> None:
    data = json.loads((BENCH / "peers.json").read_text())
    assert render(data) == (BENCH / "PEERS.md").read_text()
    assert short_form(data) in (BENCH.parent / "docs" / "guide" / "speed.md").read_text()


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


class Answering(program.Process):
    """A worker that trains nothing: fastmlp takes 10 ms, JAX is not there, and others take 20 ms."""

    started: ClassVar[list[tuple[str, tuple[int, ...]]]] = []

    def __init__(self, name: str, cores: Sequence[int]) -> None:
        self.name, self.cores = name, len(cores)
        self.started.append((name, tuple(cores)))

    def ask(self, _shape: str = "") -> dict[str, Any]:
        if self.name == "peak":
            return {"peak": 1e11 * self.cores, "tile": 8e10 * self.cores}
        if self.name.startswith("JAX"):
            return {"missing": "No module named 'jax'"}
        middle = 0.01 if self.name == "fastmlp" else 0.02
        return {"seconds": [middle, 0.03, 0.001], "accuracy": 0.9, "first_seconds": 1.0}

    def close(self) -> None:
        pass


@pytest.fixture
def measured() -> dict[str, Any]:
    """A shape on one core, and a wide one on one core and on two."""
    Answering.started.clear()
    found = program.measure(["tiny", "sentences"], 3, [4, 5], start=Answering)
    return circumstances(*program.DISTRIBUTIONS) | found | {"throughput": {}}


def test_wide_shapes_are_measured_on_all_cores_too(measured: dict[str, Any]) -> None:
    assert {name: list(shape["cores"]) for name, shape in measured["shapes"].items()} == {
        "tiny": ["1"],
        "sentences": ["1", "2"],
    }
    assert set(Answering.started) == {(name, cores) for name in (*PEERS, "peak") for cores in ((5,), (4, 5))}
    assert measured["peak"] == {"1": [1e11] * 6, "2": [2e11] * 3}
    assert measured["tile"] == {"1": [8e10] * 6, "2": [16e10] * 3}


@pytest.mark.parametrize(("shapes", "cores"), [(["tiny"], [4, 5]), (["sentences"], [5])])
def test_without_a_wide_shape_or_another_core_there_is_one_place(shapes: list[str], cores: list[int]) -> None:
    Answering.started.clear()
    found = program.measure(shapes, 1, cores, start=Answering)
    assert {chosen for _, chosen in Answering.started} == {(5,)}
    assert list(found["shapes"][shapes[0]]["cores"]) == list(found["peak"]) == ["1"]


def test_a_peer_that_is_missing_is_named_once(measured: dict[str, Any]) -> None:
    text = render(measured)
    assert text.count("Missing") == 1
    assert "Missing on 1 core: JAX scan (No module named 'jax'); JAX vmap (No module named 'jax')." in text
    measured["missing"]["2"]["scikit-learn"] = "no answer within 600 s"
    assert "Missing on 2 cores: scikit-learn (no answer within 600 s)." in render(measured)


def test_the_overview_says_what_was_measured(measured: dict[str, Any]) -> None:
    text = render(measured)
    assert "100 GFLOP/s on 1 core, 200 GFLOP/s on 2 cores" in text
    assert "80 GFLOP/s on 1 core, 160 GFLOP/s on 2 cores" in text
    assert "| scikit-learn | 20 | 20 to 20 |" in text
    share = SHAPES["sentences"].flops / 2e11 / 0.01
    row = f"| sentences | 2 | 10 | {share:.3f} | {share / 0.8:.3f} | 1.00 | fastmlp, NumPy reference | 20 | 2.00 |"
    assert row in text
    assert "No peer is ahead of fastmlp at any of these shapes." in text
    assert "| sentences, 384-64-5 | 2 |" in short_form(measured)


def test_a_peer_that_is_ahead_is_named(measured: dict[str, Any]) -> None:
    measured["shapes"]["sentences"]["cores"]["2"]["scikit-learn"]["rounds"] = [0.005]
    sentence = "Peers are ahead of fastmlp at sentences on 2 cores (scikit-learn by 2.00); elsewhere none is."
    assert sentence in render(measured)
    assert sentence in short_form(measured)


def test_a_shape_without_peers_has_none_that_is_fastest(measured: dict[str, Any]) -> None:
    for peers in measured["shapes"]["sentences"]["cores"].values():
        for other in set(peers) - {"fastmlp"}:
            del peers[other]
    assert "| 1.00 | none | | |" in render(measured)
    assert "| sentences, 384-64-5 | 1 | " in short_form(measured)


@pytest.mark.parametrize("threads", [1, 2])
def test_every_library_is_given_the_same_number_of_threads(threads: int) -> None:
    given = variables(threads)
    assert {given[name] for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NPROC")} == {
        str(threads)
    }
    assert f"intra_op_parallelism_threads={threads}" in given["XLA_FLAGS"]
    assert ("multi_thread_eigen=true" in given["XLA_FLAGS"]) is (threads > 1)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_worker_tells_a_library_its_threads_and_reads_the_right_clock(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def trainer(work: Work) -> Prepared:
        asked.append(work.threads)
        return Prepared(lambda: time.sleep(0.002), lambda _: work.start)

    monkeypatch.setitem(PEERS, "sleeper", trainer)
    monkeypatch.setattr(worker, "LEAST", 1e-9)
    peer = worker.Peer("sleeper", threads)
    first, second = peer.answer("tiny"), peer.answer("tiny")
    assert asked == [threads], "prepared once"
    assert set(first) - set(second) == {"accuracy", "first_seconds"}
    assert (first["seconds"][0] > 0.002) is (threads > 1), "sleep is time of the wall, and none of the processor"
    peer.answer("lab")
    peer.answer("tiny")
    assert asked == [threads] * 3, "a shape is forgotten when the next one comes"


def test_a_worker_waits_until_its_threads_are_asleep() -> None:
    stop = time.perf_counter() + 0.08

    def spin() -> None:
        while time.perf_counter() < stop:
            pass

    thread = threading.Thread(target=spin)
    thread.start()
    worker.come_to_rest()
    assert time.perf_counter() > stop
    thread.join()


def test_the_peak_of_two_cores_is_that_of_two_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    peak = pytest.importorskip("fastmlp.backends.peak")
    monkeypatch.setattr(peak, "fma_peak", lambda _dtype: 1e11)
    monkeypatch.setattr(peak, "tile_peak", lambda _dtype: 8e10)
    assert worker.answer_peak(2) == {"peak": 2e11, "tile": 16e10}


def test_the_markdown_is_written_from_the_json(
    tmp_path: Path, measured: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    file, page = tmp_path / "peers.json", tmp_path / "PEERS.md"
    file.write_text(json.dumps(measured))
    program.main(["--render", "--json", str(file), "--markdown", str(page)])
    assert page.read_text() == render(measured)
    assert short_form(measured) in capsys.readouterr().out
    assert json.loads(file.read_text()) == measured


def test_a_shape_that_is_unknown_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        program.main(["--shapes", "tiny,huge"])
    assert "there is no shape huge; there are lab, medium" in capsys.readouterr().err


def test_the_report_reads_what_is_written_and_what_used_to_be(measured: dict[str, Any]) -> None:
    shapes = arrange_peers(measured)["shapes"]
    assert [(shape["description"].split(",")[0], shape["cores"]) for shape in shapes] == [
        ("16-8-3", 1),
        ("384-64-5", 1),
        ("384-64-5", 2),
    ]
    assert shapes[1]["peers"][0]["share"] == pytest.approx(2 * shapes[2]["peers"][0]["share"])
    tiny = measured["shapes"]["tiny"]
    old = measured | {
        "peak": measured["peak"]["1"],
        "shapes": {"tiny": {"description": tiny["description"], "flops": tiny["flops"], "peers": tiny["cores"]["1"]}},
    }
    assert arrange_peers(old)["shapes"] == shapes[:1]
    del measured["peak"]["2"]
    with pytest.raises(ValueError, match="without peak there is nothing to compare with"):
        arrange_peers(measured)
