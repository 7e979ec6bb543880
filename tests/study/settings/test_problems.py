"""Problems of a study's own: what is refused before anything is written, what is noted, and what resumes."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import fastmlp
from fastmlp.answer import predictions
from fastmlp.cli import main
from fastmlp.errors import SettingsError, UnknownName
from fastmlp.problems import Sizes, pretrained, read_pretrained, user
from fastmlp.report.render import to_markdown
from fastmlp.report.study import Study
from fastmlp.report.summary import summarise
from fastmlp.study import run as study_run
from fastmlp.study.execution import executors
from fastmlp.study.plan import dependencies
from fastmlp.study.results.results import Results
from fastmlp.study.settings import load
from fastmlp.study.settings.load import Settings, load_settings
from fastmlp.study.settings.problems import changed_since
from fastmlp.study.settings.schema import ProblemSettings
from fastmlp.study.store import read_study

from ...made_up_study import SMALL, with_grid
from ..test_plan import HERE

OWN = {"source": "known.npz", "target": "wanted.npz", "shared": True}
STUDY = with_grid(SMALL, problems=["mine"], sizes=[20], strategies=["scratch", "finetune"]) | {
    "problems": {"mine": OWN}
}


def save(path: Path, seed: int = 0, n: int = 400, features: int = 5, classes: int = 4, **others: Any) -> None:
    """Write a task that can be learned."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % classes
    np.savez(path, X=rng.normal(size=(n, features)) + np.eye(classes, features)[y] * 3, y=y, **others)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the data of a problem, which one is in; reports are of no interest here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(study_run, "refresh_report", lambda *_: None)
    save(tmp_path / "known.npz", seed=1)
    save(tmp_path / "wanted.npz", seed=2)
    return tmp_path


def run(**changes: Any) -> Results:
    return fastmlp.run_study(STUDY | changes, "out", backend="numpy", jobs=1)


def own(**changes: Any) -> Settings:
    return load_settings(STUDY | {"problems": {"mine": OWN | changes}})


def test_a_study_of_own_data_notes_all_that_it_depends_on(here: Path) -> None:
    results = run()
    assert {row["status"] for row in results.rows} == {"ok"}
    assert {row["accuracy_noisy"] for row in results.rows} == {None}, "shifts do not apply"
    noted = tomllib.loads((here / "out" / "study.toml").read_text())["problems"]["mine"]
    split = {"heldout": 112, "pool": 112, "probe": 24, "folds": 0}
    hashes = {f"{role}_hash": results.settings.problem("mine").__dict__[role].name for role in ("source", "target")}
    places = {"source": "../known.npz", "target": "../wanted.npz"}
    plain = {"one_unit": False, "same_classes": False, "ignore": [], "missing": "refuse"}
    assert noted == OWN | plain | split | hashes | places
    assert load_settings(here / "out" / "study.toml") == results.settings, "it says the same again"


def test_own_data_whose_classes_are_the_same_may_keep_the_head() -> None:
    grid = STUDY["grid"] | {"strategies": ["scratch", "zero-shot", "keep-head"]}
    strategies = {row["strategy"] for row in run(grid=grid).rows}
    assert strategies == {"scratch"}, "nobody said so"
    same = {"mine": OWN | {"same_classes": True}}
    results = run(grid=grid, problems=same)
    assert {row["strategy"] for row in results.rows} == set(grid["strategies"])
    assert {row["status"] for row in results.rows} == {"ok"}


@pytest.mark.parametrize(("classes", "sizes", "probe"), [(2, (20, 28), 4), (10, (20, 32), 0)])
def test_forty_examples_need_no_setting(here: Path, classes: int, sizes: tuple[int, ...], probe: int) -> None:
    save(here / "wanted.npz", n=40, classes=classes)
    grid = {name: value for name, value in STUDY["grid"].items() if name != "sizes"}
    results = run(grid=grid, problems={"mine": OWN | {"shared": False}})
    assert {row["status"] for row in results.rows} == {"ok"}
    assert (results.settings.grid.sizes, results.settings.problems["mine"].probe) == (sizes, probe)
    study = Study(results._data.settings, results.rows, results._data.meta)
    assert (study.pretraining["mine"]["similarity"]["case"] == "not measured") == (probe == 0)
    assert study.pretraining["mine"]["source_accuracy"]["mean"]


def test_a_size_that_is_too_large_is_refused_with_sizes_that_would_do() -> None:
    grid = STUDY["grid"] | {"sizes": [20, 500]}
    says = r"grid.sizes\[1\]: is 500; the target pool of 'mine' holds 112 examples; grid.sizes = (\[.*\]) would do"
    with pytest.raises(SettingsError, match=says) as caught:
        load_settings(STUDY | {"grid": grid})
    sizes = json.loads(str(caught.value).partition("grid.sizes = ")[2].removesuffix(" would do"))
    assert sizes == [20, 50, 100, 112]
    load_settings(STUDY | {"grid": grid | {"sizes": sizes}})


def test_classes_that_are_not_as_many_are_not_the_same(here: Path) -> None:
    save(here / "known.npz", seed=1, classes=3)
    says = "problems.mine: same_classes is true, but the source has 3 classes and the target 4"
    with pytest.raises(SettingsError, match=says):
        load_settings(STUDY | {"problems": {"mine": OWN | {"same_classes": True}}})


def test_data_and_study_can_be_moved_together(here: Path) -> None:
    before = run().rows
    (here / "moved").mkdir()
    for name in ("known.npz", "wanted.npz", "out"):
        (here / name).rename(here / "moved" / name)
    again = fastmlp.run_study(here / "moved" / "out" / "study.toml", here / "moved" / "out", backend="numpy", jobs=1)
    assert again.rows == before, "nothing was run anew: not even times differ"


def test_a_folder_behind_a_link_leads_to_the_same_data(here: Path) -> None:
    (here / "far" / "away").mkdir(parents=True)
    (here / "link").symlink_to(here / "far" / "away")
    results = fastmlp.run_study(STUDY, "link/out", backend="numpy", jobs=1)
    assert load_settings(here / "link" / "out" / "study.toml") == results.settings


def test_a_dict_may_hold_paths_as_python_has_them(here: Path) -> None:
    assert own(source=here / "known.npz") == own()


def test_the_lab_shows_every_setting_there_is(here: Path) -> None:
    for name in ("known.npz", "wanted.npz"):
        save(here / name, seed=len(name), n=1200, patient=np.arange(1200) // 3)
    lab = load.shipped()["lab"].read_text(encoding="utf-8")
    settings, heading, own_data = lab.partition("# Data of one's own")
    shown = settings + heading + own_data.replace("\n#     ", "\n")
    (here / "lab.toml").write_text(shown, encoding="utf-8")
    assert load_settings(here / "lab.toml").problem("mine").sizes == Sizes()
    fields = [field.name for field in msgspec.structs.fields(ProblemSettings) if not field.name.endswith("_hash")]
    assert list(tomllib.loads(shown)["problems"]["mine"]) == [name for name in fields if name != "pretrained"]
    assert "# pretrained = " in own_data, "it cannot stand beside a source"


def keys(settings: Settings) -> dict[str, str]:
    """What trials depend on, of a problem of one's own."""
    source = dependencies(settings.problem("mine"), 0, settings, HERE)
    return {"target": json.dumps(source.target), "both": json.dumps(source.both), "pretraining": source.pretraining}


@dataclass
class Change:
    """What is done to data or settings, and what then depends on something else."""

    how: dict[str, Any]
    affected: set[str]
    data: Callable[[], object] = lambda: None


ALL = {"target", "both", "pretraining"}
CHANGES = {
    "nothing": Change({}, set()),
    "other source": Change({}, {"both", "pretraining"}, lambda: save(Path("known.npz"), seed=3)),
    "other target": Change({}, ALL, lambda: save(Path("wanted.npz"), seed=3)),
    "another place": Change({"source": "there.npz"}, set(), lambda: Path("known.npz").rename("there.npz")),
    "apart": Change({"shared": False, "heldout": 112, "pool": 112, "probe": 24}, {"both", "pretraining"}),
    "one unit": Change({"one_unit": True}, ALL),
    "sizes": Change({"heldout": 100}, ALL),
}


@pytest.mark.parametrize("case", CHANGES)
def test_keys_change_with_what_results_depend_on(case: str) -> None:
    before = keys(own())
    CHANGES[case].data()
    after = keys(own(**CHANGES[case].how))
    assert {name for name in ALL if before[name] != after[name]} == CHANGES[case].affected


def test_problems_with_one_target_share_what_does_not_know_the_source(here: Path) -> None:
    save(here / "other.npz", seed=3)
    study = with_grid(STUDY, problems=["mine", "other"]) | {
        "problems": {"mine": OWN, "other": OWN | {"source": "other.npz"}}
    }
    rows = fastmlp.run_study(study, "out", backend="numpy", jobs=1).rows
    found = {name: {row["key"] for row in rows if row["strategy"] == name} for name in ("scratch", "finetune")}
    assert {name: len(found[name]) for name in found} == {"scratch": 2, "finetune": 4}


REFUSALS: list[tuple[Any, str]] = [
    (["a.npz"], r"problems: must be a table, not \['a.npz'\]; did you mean 'grid.problems'\?"),
    ({"mine": "a.npz"}, "problems.mine: must be a table, not 'a.npz'"),
    ({"Mine!": OWN}, "problems.Mine!: a name is of small letters, digits and single hyphens"),
    ({"parity": OWN}, "problems.parity: 'parity' exists already; give yours another name"),
    ({"rotated-30": OWN}, "problems.rotated-30: 'rotated-30' exists already"),
    ({"noisy-01": OWN}, "problems.noisy-01: 'noisy-01' reads as 'noisy-1', which exists already; give yours another"),
    ({"teacher": OWN}, r"problems.teacher: 'teacher' is the name of a family, teacher-r \(0 to 1\); give yours"),
    ({"rotated-200": OWN}, r"problems.rotated-200: 'rotated-200' looks like a member of a family, rotated-A \(0 to"),
    ({"mine": {"target": "wanted.npz"}}, "problems.mine.source: is needed: the path of a table with labels"),
    (
        {"mine": OWN | {"pretrained": "a.safetensors"}},
        "problems.mine.pretrained: stands in place of the source; leave out",
    ),
    (
        {"mine": {"target": "wanted.npz", "pretrained": "a.safetensors", "shared": True}},
        "problems.mine.shared: is true, and there are no source data",
    ),
    (
        {"mine": {"target": "wanted.npz", "pretrained": "wanted.npz"}},
        "problems.mine.pretrained: .*wanted.npz: holds no pretrained network: ",
    ),
    ({"mine": OWN | {"missing": "fill"}}, "problems.mine.missing: unknown way with missing values 'fill'"),
    ({"mine": OWN | {"missing": "mean"}}, "problems.mine.missing: is 'mean', which `fastmlp fit` can do"),
    ({"mine": OWN | {"label": "z"}}, "problems.mine.target: .*wanted.npz: has no array 'z'; it holds 'X', 'y'"),
    ({"mine": OWN | {"sizes": [1]}}, "problems.mine.sizes: there is no such setting; known: source, target"),
    ({"mine": OWN | {"source": 3}}, "problems.mine.source: must be text, not 3"),
    ({"mine": OWN | {"source": ""}}, "problems.mine.source: must be text of at least 1 character"),
    ({"mine": OWN | {"source": "a\nb"}}, "problems.mine.source: .* characters that cannot be printed"),
    ({"mine": OWN | {"pool": 0}}, "problems.mine.pool: must be at least 1, not 0"),
    ({"mine": OWN | {"pool": "all"}}, "problems.mine.pool: must be a whole number, not 'all'"),
    ({"mine": OWN | {"shared": 1}}, "problems.mine.shared: must be true or false, not 1"),
    ({"mine": OWN | {"target": "no.npz"}}, r"problems.mine.target: /.*/no.npz: cannot be read: No such file"),
    ({"mine": OWN | {"target": "text.npz"}}, "problems.mine.target: .*text.npz: row 0, feature 0 is"),
    ({"mine": OWN | {"target": "wide.npz"}}, "problems.mine: the source has 5 features, the target has 6"),
    ({"mine": OWN | {"heldout": 300}}, "problems.mine: the split asks for 440 examples, heldout 300, pool 112"),
    ({"mine": OWN | {"probe": 5}}, "problems.mine: class 0 has 100 of 400 target examples; with probe = 5"),
    ({"mine": OWN | {"pool": 19}}, r"grid.sizes\[0\]: is 20; the target pool of 'mine' holds 19 examples"),
    ({"mine": OWN | {"folds": 5}}, "problems.mine: folds is 5, and shared is true; .* have a held-out set"),
    ({"mine": OWN | {"folds": 1, "shared": False}}, "problems.mine: folds is 1; from 2 to 400 are possible, or 0"),
    (
        {"mine": OWN | {"folds": 5, "shared": False, "pool": 200}},
        "problems.mine.pool: is 200, and with folds = 5 it is 280; leave it out, or say folds = 0",
    ),
    ({"mine": OWN | {"folds": 5, "shared": False, "probe": 318}}, "probe is 318; .* 5 folds leave 2 to train on"),
    ({"mine": OWN | {"target_hash": "0"}}, "problems.mine.target: /.*/wanted.npz: its data have changed: their"),
    ({"mine2": OWN}, "grid.problems: unknown problem 'mine'; did you mean 'mine2'"),
]  # fmt: skip


@pytest.mark.parametrize(("problems", "message"), REFUSALS)
def test_what_is_wrong_is_refused_before_anything_is_written(here: Path, problems: Any, message: str) -> None:
    save(here / "wide.npz", features=6)
    np.savez(here / "text.npz", X=np.full((400, 5), np.nan), y=np.array(["cat", "dog"] * 200))
    with pytest.raises(SettingsError, match=message):
        run(problems=problems)
    assert not (here / "out").exists()


@pytest.mark.parametrize("name", ["noisy-mine", "teachers", "rotated-a-bit"])
def test_a_name_that_only_begins_as_a_familys_is_free(here: Path, name: str) -> None:
    study = with_grid(STUDY, problems=[name]) | {"problems": {name: OWN}}
    assert load_settings(study).problem(name).name == name


def test_a_size_that_may_be_of_one_class_is_refused(here: Path) -> None:
    y = np.repeat([0, 1], [1940, 60])
    np.savez(here / "wanted.npz", X=np.random.default_rng(0).normal(size=(2000, 5)), y=y)
    with pytest.raises(
        SettingsError, match=r"is 20; 97\.0% of 'mine' are of class 0: that leaves 0\.6 examples of others"
    ):
        own(shared=False)


def test_a_study_whose_data_are_missing_or_have_changed_says_so(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run()
    resume = [
        "study",
        str(here / "out" / "study.toml"),
        "--out",
        str(here / "out"),
        "--backend",
        "numpy",
        "--jobs",
        "1",
    ]
    save(here / "wanted.npz", seed=9)
    assert main(resume) == 2
    assert "study.toml: problems.mine.target: " in (said := capsys.readouterr().err)
    assert "wanted.npz: its data have changed: their hash is" in said
    assert "without target_hash a study asks what is there now" in said
    (here / "wanted.npz").unlink()
    assert main(resume) == 2
    assert "wanted.npz: cannot be read: No such file" in capsys.readouterr().err
    assert {row["status"] for row in read_study(here / "out").rows} == {"ok"}, "what was found is there"


def test_other_data_under_the_same_settings_run_anew_and_with_a_warning(here: Path) -> None:
    before = {row["key"] for row in run().rows}
    save(here / "wanted.npz", seed=9)
    with pytest.warns(UserWarning, match=r"^problems\.mine\.target: its data have changed since this study began"):
        after = run().rows
    assert not before & {row["key"] for row in after}
    noted = here / "out" / "study.toml"
    assert changed_since(noted, own().problems) == []
    for edited in ("problems = 3", "problems.mine = 3", "[problems.mine]", "?"):
        noted.write_text(edited)
        assert changed_since(noted, own().problems) == [], "there is nothing to compare with"


def test_data_that_change_while_a_study_runs_are_not_mixed_in(here: Path) -> None:
    settings = own()
    save(here / "wanted.npz", seed=9)
    with pytest.raises(ValueError, match="have changed"):
        settings.problem("mine", 1)


def test_processes_read_the_data_too(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = [row["accuracy"] for row in run().rows]
    monkeypatch.setattr(executors, "MIN_TRIALS_FOR_PROCESSES", 0)
    together = fastmlp.run_study(STUDY, "together", backend="numpy", jobs=2).rows
    assert [row["accuracy"] for row in together] == alone


def test_the_report_knows_where_the_data_came_from(here: Path) -> None:
    study = read_study(run(problems={"mine": OWN | {"shared": False}}).folder)
    facts = summarise(Study(study.settings, study.rows, study.meta))["problems"][0]["facts"]
    mine = load_settings(here / "out" / "study.toml").problems["mine"]
    assert isinstance(mine, ProblemSettings)
    opened = Results.open(here / "out").settings.problems["mine"]
    assert isinstance(opened, ProblemSettings)
    assert opened.target_hash == mine.target_hash
    size: dict[str, Any] = {"examples": 400, "classes": 4, "names": []}
    expected = {
        "source": {"file": "known.npz", "hash": mine.source_hash} | size,
        "target": {"file": "wanted.npz", "hash": mine.target_hash} | size,
    }
    assert facts["own"] == expected | {"shared": False, "one_unit": False, "in_both": 0, "repeated": 0}
    assert (facts["features"], facts["source_pool"], facts["target_pool"]) == (5, 320, 280)
    assert facts["folds"] == 5


def test_a_network_stands_in_place_of_source_data(here: Path) -> None:
    names = np.array(["oak", "elm", "fir", "yew"])[np.arange(400) % 4]
    rows = np.load(here / "wanted.npz")["X"].tolist()
    lines = ["a,b,c,d,e,tree", *(",".join(map(repr, row)) + f",{name}" for row, name in zip(rows, names, strict=True))]
    (here / "mine.csv").write_text("\n".join(lines))
    fastmlp.save(fastmlp.init_mlp((5, 6, 7), rng=0, activation="tanh"), "net.safetensors")
    mine = {"target": "mine.csv", "label": "tree", "pretrained": "net.safetensors"}
    study = {name: value for name, value in STUDY.items() if name != "network"} | {"problems": {"mine": mine}}
    study |= {"measures": {"inside": True, "scores": True}}
    results = fastmlp.run_study(study, "out", backend="numpy", jobs=1)
    assert {row["status"] for row in results.rows} == {"ok"}
    unknown = ("source_accuracy", "source_accuracy_kept", "domain_distance", "pretrain_seconds")
    assert {row[name] for row in results.rows for name in unknown} == {None}
    assert all(row["h_score"] is not None and row["cka"] for row in results.rows if row["strategy"] == "finetune")
    assert (results.settings.network.hidden, results.settings.network.activation) == ((6,), "tanh")
    page = to_markdown(summarise(Study(results._data.settings, results.rows, results._data.meta)))
    assert "The data that it was trained on are not there" in page
    assert "the accuracy of its network on its own task is not known" in page
    assert "The classes of the target are `elm`, `fir`, `oak` and `yew`" in page
    before = {row["key"] for row in results.rows if row["strategy"] == "finetune"}
    fastmlp.save(fastmlp.init_mlp((5, 6, 7), rng=1, activation="tanh"), "net.safetensors")
    with pytest.warns(UserWarning, match=r"^problems\.mine\.pretrained: its data have changed"):
        again = fastmlp.run_study(study, "out", backend="numpy", jobs=1)
    assert not before & {row["key"] for row in again.rows}
    assert {row["key"] for row in again.rows} & {row["key"] for row in results.rows}, "scratch knows no network"
    with pytest.raises(SettingsError, match=r"is a network with hidden = \[6\], tanh and float32; the study's has"):
        load_settings(study | {"network": {"hidden": [64]}})
    with pytest.raises(SettingsError, match=r"amounts\.problems: 'mine' has no source data"):
        load_settings(study | {"amounts": {"ratios": [1], "sizes": [20]}})


def test_a_dict_may_hold_tables_and_networks(here: Path) -> None:
    rows, y = np.load(here / "wanted.npz")["X"], np.arange(400) % 4
    columns = {f"f{k}": rows[:, k] for k in range(5)} | {"tree": np.array(["oak", "elm", "fir", "yew"])[y], "id": y}
    fit = fastmlp.train_mlp(fastmlp.init_mlp((5, 6, 3), rng=0), rows, y % 3, epochs=1, backend="numpy")
    mine = {"target": columns, "label": "tree", "ignore": ["id"], "pretrained": fit}
    study = {name: value for name, value in STUDY.items() if name != "network"} | {"problems": {"mine": mine}}
    results = fastmlp.run_study(study, "out", backend="numpy", jobs=1)
    before, noted = results.rows, tomllib.loads((here / "out" / "study.toml").read_text())["problems"]["mine"]
    files = {noted["target"], noted["pretrained"]}
    assert files == {f"{noted['target_hash']}.npz", f"{noted['pretrained_hash']}.safetensors"}
    user._sent.clear()
    pretrained._sent.clear()  # as in another process
    (here / "out").rename(here / "moved")
    again = fastmlp.run_study(here / "moved" / "study.toml", here / "moved", backend="numpy", jobs=1)
    assert again.rows == before, "nothing was run anew"
    assert again.settings.problem("mine").target.classes == ("elm", "fir", "oak", "yew")
    model = fastmlp.load(fastmlp.save(again.fit("finetune"), "model.safetensors"))
    assert set(model.predict(rows)) <= {"elm", "fir", "oak", "yew"}
    assert read_pretrained(Path("model.safetensors")).features == model.features
    lines = b"".join(predictions(Path("model.safetensors"), columns)).decode().splitlines()
    assert lines[0] == "label,p_elm,p_fir,p_oak,p_yew"
    assert [line.partition(",")[0] for line in lines[1:]] == model.predict(rows).tolist()
    pair = load_settings(STUDY | {"problems": {"mine": {"source": (rows, y), "target": (rows, y % 2), "shared": True}}})
    assert pair.problem("mine").source.n_classes == 4
    with pytest.raises(SettingsError, match=r"problems\.mine\.target: the array: row 0, feature 0 is missing"):
        load_settings(STUDY | {"problems": {"mine": mine | {"target": (np.full((9, 5), np.nan), y[:9]), "ignore": []}}})


def test_what_is_not_said_is_decided_and_what_is_said_is_kept() -> None:
    assert own().problem("mine").sizes == Sizes(112, 112, 24)
    assert own(shared=False).problem("mine").sizes == Sizes(80, 280, 40)
    assert own(shared=False, folds=0).problem("mine").sizes == Sizes(180, 180, 40)
    assert own(shared=False, heldout=90).problem("mine").sizes == Sizes(90, 180, 40)
    assert own(shared=False, folds=4, probe=0).problem("mine").sizes == Sizes(100, 300, 0)
    assert own(heldout=90).problem("mine", 7).sizes == Sizes(90, 112, 24)
    with pytest.raises(UnknownName, match="unknown problem 'partiy'; did you mean 'parity'"):
        own().problem("partiy")
