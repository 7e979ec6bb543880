"""Strategies of a study's own: what is refused, and that what is accepted trains as it says."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

import fastmlp
from fastmlp.errors import SettingsError
from fastmlp.strategies import STRATEGIES, Phase, Strategy
from fastmlp.study import run as study_run
from fastmlp.study.settings.load import load_settings, to_toml

from ...made_up_study import SMALL, with_grid

FULL = {"start": "pretrained", "phases": [{}]}
# An own strategy that is a shipped one in other words
SAME = {
    "frozen": {"start": "pretrained", "phases": [{"body": 0}]},
    "finetune": {"start": "pretrained", "phases": [{"head": 0.4, "body": 0.4}]},
    "scratch": {"start": "random", "scaler": "target", "phases": [{}]},
    "probe-1": {"start": "pretrained", "layers": 1, "cut": True, "phases": [{"body": 0}]},
    "lora-4": {"start": "pretrained", "phases": [{"rank": 4, "head": 0.4, "body": 0.1}]},
    "lp-ft": {"start": "pretrained", "phases": [{"body": 0, "share": 0.5}, {"head": 0.4, "body": 0.4, "share": 0.5}]},
    "plateau": {
        "start": "pretrained",
        "unfreeze": "plateau",
        "held_back": 0.2,
        "phases": [{"head": 0.4, "body": 0.4}],
    },
}

REFUSALS: list[tuple[Any, str]] = [
    (3, "strategies: must be a table, not 3"),
    ({"mine": 3}, "strategies.mine: must be a table, not 3"),
    ({"my own": FULL}, "strategies.my own: a name is of small letters, digits and single hyphens"),
    ({"frozen": FULL}, "strategies.frozen: 'frozen' exists already; give yours another name"),
    ({"partial-3": FULL}, "strategies.partial-3: 'partial-3' exists already; give yours another name"),
    ({"partial-03": FULL}, "strategies.partial-03: 'partial-03' reads as 'partial-3', which exists already; give"),
    (
        {"partial-k": FULL},
        "strategies.partial-k: 'partial-k' is the name of a family, partial-k; give",
    ),
    ({"transplant": FULL}, "strategies.transplant: 'transplant' is the name of a family, transplant-k; give yours"),
    ({"lora-0": FULL}, "strategies.lora-0: 'lora-0' looks like a member of a family, lora-r; give"),
    ({"mine": {"phases": [{}]}}, "strategies.mine.start: is needed; known: pretrained, random, meanvar"),
    ({"mine": FULL | {"start": "pretraind"}}, "strategies.mine.start: unknown start 'pretraind'; did you mean 'pre"),
    ({"mine": FULL | {"start": 1}}, "strategies.mine.start: must be text, not 1"),
    ({"mine": FULL | {"freeze": 1}}, "strategies.mine.freeze: there is no such setting; did you mean 'unfreeze'?"),
    ({"mine": FULL | {"layers": "1"}}, "strategies.mine.layers: must be a whole number, not '1'"),
    ({"mine": FULL | {"layers": 0}}, "strategies.mine.layers: must be at least 1, not 0"),
    ({"mine": FULL | {"layers": 2}}, "strategies.mine: 'mine' needs 2 hidden layers; network.hidden has 1"),
    ({"mine": FULL | {"cut": 1}}, "strategies.mine.cut: must be true or false, not 1"),
    ({"mine": FULL | {"unfreeze": "plato"}}, "strategies.mine.unfreeze: unknown unfreeze 'plato'; did you mean 'pl"),
    ({"mine": FULL | {"unfreeze": "plateau"}}, "strategies.mine.held_back: must be above 0: patience watches labels"),
    ({"mine": FULL | {"held_back": 0.2}}, "strategies.mine.held_back: takes labels from training that nothing"),
    ({"mine": FULL | {"held_back": 1}}, "strategies.mine.held_back: must be at most 0.9, not 1"),
    ({"mine": {"start": "random"}}, "strategies.mine.phases: must hold at least one phase"),
    ({"mine": FULL | {"phases": 3}}, "strategies.mine.phases: must be a list, not 3"),
    ({"mine": FULL | {"phases": [3]}}, "strategies.mine.phases[0]: must be a table, not 3"),
    ({"mine": FULL | {"phases": [{"heads": 1}]}}, "strategies.mine.phases[0].heads: there is no such setting; did you"),
    ({"mine": FULL | {"phases": [{"head": "1"}]}}, "strategies.mine.phases[0].head: must be a number, not '1'"),
    ({"mine": FULL | {"phases": [{"head": -1}]}}, "strategies.mine.phases[0].head: must be at least 0, not -1"),
    ({"mine": FULL | {"phases": [{"body": float("nan")}]}}, "strategies.mine.phases[0].body: must be at least 0, not"),
    (
        {"mine": FULL | {"phases": [{"biases": float("inf")}]}},
        "strategies.mine.phases[0].biases: must be at most 1e+06",
    ),
    ({"mine": FULL | {"phases": [{"divisor": 0}]}}, "strategies.mine.phases[0].divisor: must be above 0, not 0"),
    ({"mine": FULL | {"phases": [{"frozen": 2}]}}, "strategies.mine: 'mine' needs 2 hidden layers; network.hidden"),
    ({"mine": FULL | {"phases": [{"patience": 2}]}}, "strategies.mine.held_back: must be above 0: patience watches"),
    ({"mine": FULL | {"phases": [{"share": 0.5}]}}, "strategies.mine.phases: the shares add up to 0.5; they must add"),
    ({"mine": FULL | {"phases": [{}, {}]}}, "strategies.mine.phases: the shares add up to 2; they must add up to 1"),
    ({"mine": FULL | {"phases": [{"rank": 2, "pull": 1}]}}, "strategies.mine.phases[0].pull: has no effect beside"),
    ({"mine": FULL | {"phases": [{"rank": 2, "biases": 1}]}}, "strategies.mine.phases[0].biases: has no effect beside"),
    (
        {"mine": FULL | {"layers": 1, "cut": True, "phases": [{"frozen": 2}]}},
        "strategies.mine.phases[0].frozen: is 2; with cut, the network has the 1 hidden layers that layers says",
    ),
    (
        {"mine": FULL | {"phases": [{"head": 0, "frozen": 1}]}},
        "strategies.mine: 'mine' moves nothing in phase 1, where head is 0 and frozen is 1; network.hidden has 1",
    ),
    (
        {"mine": FULL | {"unfreeze": "schedule", "phases": [{"share": 0.5}, {"share": 0.5}]}},
        "strategies.mine.unfreeze: repeats one phase for every layer; there are 2 phases",
    ),
]


@pytest.mark.parametrize(("tables", "message"), REFUSALS, ids=range(len(REFUSALS)))
def test_a_refusal_begins_with_the_path_of_the_setting(tables: Any, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"strategies": tables})
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "hidden", "epochs", "tuned", "message"),
    [
        ("lp-ft", 1, 1, 1, "epochs is 1; shares of 0.5, 0.5 give the phases 0, 1 epochs, and each needs at least 1"),
        ("lp-ft", 1, 2, 1, ""),
        ("lp-ft", 1, 2, 2, "epochs is 1; .* at least 1; training.epochs is 2, and tuning may try 1"),
        ("lp-ft", 1, 4, 2, ""),
        ("gradual", 3, 3, 1, "epochs is 3; shares of 0.25, 0.25, 0.25, 0.25 give the phases 1, 1, 0, 1 epochs"),
        ("gradual", 3, 4, 1, ""),
        ("plateau", 3, 1, 2, ""),
        ("finetune", 3, 1, 2, ""),
        ("baseline", 3, 1, 2, ""),
    ],
)
def test_epochs_that_give_a_phase_none_are_refused_before_a_study_begins(
    name: str, hidden: int, epochs: int, tuned: int, message: str
) -> None:
    study = {
        "network": {"hidden": [4] * hidden},
        "grid": {"strategies": [name]},
        "training": {"epochs": epochs},
        "tuning": {"trials": tuned},
    }
    if not message:
        assert load_settings(study).grid.strategies == (name,)
        return
    with pytest.raises(SettingsError, match=rf"^grid\.strategies: '{name}' cannot be trained: {message}"):
        load_settings(study)


def test_a_name_in_the_grid_that_is_nearly_ones_own_is_told_so() -> None:
    with pytest.raises(SettingsError, match=r"grid\.strategies: unknown strategy 'coold'; did you mean 'cooled'"):
        load_settings({"strategies": {"cooled": FULL}, "grid": {"strategies": ["coold"]}})


@pytest.mark.parametrize("name", SAME)
def test_a_shipped_strategy_can_be_said_in_settings(name: str) -> None:
    settings = load_settings({"strategies": {"mine": SAME[name]}})
    assert settings.strategy("mine") == STRATEGIES[name]


def test_toml_holds_a_strategy_and_study_toml_holds_it_again(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        '[grid]\nstrategies = ["scratch", "cooled"]\n[strategies.cooled]\nstart = "pretrained"\n'
        "phases = [{ share = 0.5 }, { head = 0.1, body = 0.1, share = 0.5 }]\n"
    )
    settings = load_settings(path)
    assert settings.strategies["cooled"] == Strategy(
        "pretrained", (Phase(share=0.5), Phase(head=0.1, body=0.1, share=0.5))
    )
    assert load_settings(tomllib.loads(to_toml(settings))) == settings
    assert load_settings(settings) == settings


def test_an_own_strategy_runs_in_a_study_and_is_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_run, "refresh_report", lambda *_: None)
    own = {"mine": SAME["finetune"], "early": {"start": "pretrained", "held_back": 0.3, "phases": [{"patience": 1}]}}
    study = with_grid(SMALL, strategies=["finetune", "mine", "early"]) | {"strategies": own}
    rows = fastmlp.run_study(study, tmp_path, backend="numpy", jobs=1).rows
    assert {row["status"] for row in rows} == {"ok"}
    mine, theirs = ([row["key"] for row in rows if row["strategy"] == name] for name in ("mine", "finetune"))
    assert mine == theirs, "what does the same runs once"


@pytest.mark.parametrize("name", ["partial-x", "lora-big", "partially", "probe-1-2"])
def test_a_name_that_only_begins_as_a_familys_is_free(name: str) -> None:
    study = {"strategies": {name: FULL}, "grid": {"strategies": ["scratch", name]}}
    assert load_settings(study).strategy(name) == load_settings({"strategies": {"mine": FULL}}).strategies["mine"]
