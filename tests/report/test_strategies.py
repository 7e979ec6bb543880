"""What part a strategy has follows from its rule, whatever its name: a study's own is looked at like any other."""

from __future__ import annotations

from typing import Any

import pytest

from fastmlp.report.chapters.decisions.advice import advised_strategies as advised
from fastmlp.report.grid import Grid
from fastmlp.stats import Advice
from tests.report_data import LAB, flat, settings, study, summary_of

HALVES = [{"share": 0.5}, {"head": 0.1, "body": 0.1, "share": 0.5}]
OWN: dict[str, Any] = {
    "cooled": {"start": "pretrained", "phases": HALVES},
    "mine-source-scaler": {"start": "pretrained", "phases": [{"body": 0.5}]},
    "frozen-warm": {"start": "pretrained", "phases": [{"body": 0, "head": 2.0}]},
    "scratch-long": {"start": "random", "scaler": "target", "phases": HALVES},
    "scaled": {"start": "random", "scaler": "source", "phases": HALVES},  # which is scratch-long but for its scaler
    "features": {"start": "random", "phases": [{"frozen": 1}]},
}


def grid_of(*names: str, own: dict[str, Any] | None = None, hidden: tuple[int, ...] = (32, 32)) -> Grid:
    data = settings(strategies=names) | {"strategies": own or {}}
    data["network"]["hidden"] = list(hidden)
    return Grid.of(data, [])


def test_roles_of_the_shipped() -> None:
    grid = grid_of(*LAB, "random-frozen", "random-frozen-1", "meanvar", "lora-4", "not-known")
    assert grid.contestants == ("scratch", "frozen", "finetune", "lora-4", "not-known")
    assert dict(grid.scaler_controls) == {"baseline-source-scaler": "baseline", "scratch-source-scaler": "scratch"}
    assert grid.controls == dict(grid.scaler_controls) | {
        "random-frozen": None,
        "random-frozen-1": None,
        "meanvar": None,
    }


def test_a_control_is_one_without_its_strategy_too() -> None:
    grid = grid_of("scratch-source-scaler", "finetune")
    assert (grid.controls, grid.scaler_controls) == ({"scratch-source-scaler": "scratch"}, ())


def test_roles_of_a_studys_own() -> None:
    grid = grid_of(*LAB, *OWN, own=OWN)
    assert grid.contestants == ("scratch", "frozen", "finetune", *list(OWN)[:4])
    assert dict(grid.scaler_controls)["scaled"] == "scratch-long"
    assert grid.controls["features"] is None


@pytest.mark.parametrize(
    ("advice", "names"),
    [
        ("linear on top", ["frozen", "partial-2", "frozen-warm"]),  # probe-2 is frozen
        ("linear lower down", ["probe-1"]),
        ("fine-tune", ["finetune", "transfuse-2", "lp-ft", "l2-sp", "plateau", "cooled", "mine-source-scaler"]),
    ],
)
def test_advice_means_what_does_as_it_says(advice: Advice, names: list[str]) -> None:
    shipped = ("scratch", "frozen", "finetune", "partial-1", "partial-2", "probe-1", "probe-2", "transfuse-1")
    more = ("transfuse-2", "lp-ft", "l2-sp", "plateau", "bitfit", "lora-4", "transplant-1")
    found = advised(grid_of(*shipped, *more, *OWN, own=OWN))
    assert found[advice] == names
    assert found["fine-tune or scratch"] == [*found["fine-tune"], "scratch", "scratch-long"]


def test_layers_are_lower_down_in_deep_networks_only() -> None:
    assert advised(grid_of("probe-1", hidden=(32,)))["linear on top"] == ["probe-1"]
    assert advised(grid_of("probe-1", hidden=(32, 32)))["linear on top"] == []


def test_an_own_strategy_takes_part() -> None:
    data = study(flat({"mine-source-scaler": 0.9}), strategies=[*LAB, "mine-source-scaler"], sizes=[20])
    data.settings["strategies"] = OWN
    found = summary_of(data)
    assert found["numbers"]["answer"]["answers"]["parity"]["headline"]["strategies"] == ["mine-source-scaler"]
    assert "mine-source-scaler" in found["study"]["pretrained"]
    assert found["numbers"]["decisions"]["advice"]["advised"]["fine-tune"] == ["finetune", "mine-source-scaler"]


MANY = ("scratch", "frozen", "finetune", "probe-1", "probe-2", "transplant-2", "transfuse-2", "partial-1", "partial-2")
CONTROLS = ("scratch-source-scaler", "random-frozen", "random-frozen-1", "random-frozen-2", "meanvar")


def test_what_does_the_same_as_another_is_no_contestant() -> None:
    grid = grid_of(*MANY, *CONTROLS)
    twins = {name: rule["twin"] for name, rule in grid.rules.items() if rule["twin"]}
    assert twins == {"probe-2": "frozen", "transplant-2": "frozen", "random-frozen-2": "random-frozen"}
    assert grid.contestants == tuple(s for s in MANY if s not in twins)
    assert not set(twins) & set(grid.transferring)
    deeper = grid_of(*MANY, *CONTROLS, hidden=(32, 32, 32))
    assert not [rule for rule in deeper.rules.values() if rule["twin"]]


def test_a_control_matches_in_what_moves_and_in_the_scaler() -> None:
    own = {
        "through-own": {"start": "pretrained", "phases": [{}], "scaler": "target"},
        "held": {"start": "pretrained", "phases": [{"frozen": 1, "head": 0.1}]},
    }
    names = (*MANY, "zero-shot", "keep-head", "bitfit", "lora-4", "lp-ft", *own)
    grid = grid_of(*names, *CONTROLS, own=own)
    assert dict(grid.matched_controls) == {
        "frozen": "random-frozen",
        "finetune": "scratch-source-scaler",
        "transfuse-2": "scratch-source-scaler",
        "partial-1": "random-frozen-1",
        "partial-2": "random-frozen",
        "keep-head": "scratch-source-scaler",
        "lp-ft": "scratch-source-scaler",
        "through-own": "scratch",
        "held": "random-frozen-1",
    }
    assert grid.restrained == ("frozen", "probe-1", "partial-1", "partial-2", "bitfit", "lora-4", "held")
    assert grid.rules["zero-shot"]["kind"] == "zero-shot"
    assert grid.rules["keep-head"]["kind"] == "fine-tune"


def test_what_has_no_trials_on_a_problem_is_left_out_and_not_missing() -> None:
    data = study(flat({}), strategies=(*LAB, "keep-head"), sizes=[20], problems=("same", "parity"))
    data.rows = [row for row in data.rows if (row["problem"], row["strategy"]) != ("parity", "keep-head")]
    found = summary_of(data)
    assert found["counts"]["left_out"] == [{"strategy": "keep-head", "problems": ["parity"]}]
    assert found["counts"]["missing"] == 0
    assert found["counts"]["planned"] == found["counts"]["ok"] == len(data.rows)
    assert found["numbers"]["general"] is None or "keep-head" in found["numbers"]["general"]["left_out"]
    lost = [row for row in data.rows if (row["problem"], row["strategy"]) != ("parity", "finetune")]
    data.rows = lost
    assert summary_of(data)["counts"]["missing"] == 20, "what could have run is missing"
