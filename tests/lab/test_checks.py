"""Checks know mistakes by name, pass right solutions in any style, and name nothing that is not there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import fastmlp
from fastmlp.lab import checking, checks, flawed
from fastmlp.lab.checking import check, check_task
from fastmlp.lab.checks.comparison import check_compare
from fastmlp.lab.checks.settings import settings
from fastmlp.lab.checks.transfer import check_finetune
from fastmlp.lab.parameters import views
from fastmlp.lab.student import Mistake
from fastmlp.lab.texts import texts

from .styles import STYLES
from .submissions import FAULTS, SOLUTION, Fault, run, with_fault

ROOM = Path(fastmlp.lab.__file__).parent


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.task}-{fault.key}")
def test_a_mistake_is_called_by_its_name(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    if fault.key.startswith("compare_"):  # the checks before it call nothing of what is wrong
        monkeypatch.setattr(checking, "CHECKS", {6: (check_compare,)})
    outcome = check_task(fault.task, run(with_fault(fault)), seed=1)
    assert outcome.key == fault.key, outcome
    assert outcome.sentence
    assert outcome.hints


def test_there_are_enough_of_them() -> None:
    assert len({fault.key for fault in FAULTS}) >= 40
    assert len({texts()["mistakes"][fault.key] for fault in FAULTS}) == len({fault.key for fault in FAULTS})
    assert len(STYLES) >= 12


@pytest.mark.parametrize(("seed", "style"), list(enumerate(STYLES)))
def test_a_right_solution_passes_whatever_its_style_and_the_data(seed: int, style: str) -> None:
    progress = check(namespace=run(SOLUTION + STYLES[style]), seed=seed)
    assert len(progress.solved) == 6, str(progress)
    assert str(progress).endswith("6/6 solved")


@pytest.mark.parametrize("seed", range(100, 103))
def test_our_solution_passes_on_any_data(seed: int) -> None:
    progress = check(namespace=run(SOLUTION), seed=seed)
    assert len(progress.solved) == 6, str(progress)


def test_a_right_solution_passes_where_a_step_crosses_a_kink() -> None:
    assert check(3, namespace=run(SOLUTION), seed=7131).solved == {3}


def test_a_seed_repeats_what_was_seen() -> None:
    names = run(with_fault(next(fault for fault in FAULTS if fault.key == "gradient_no_mask")))
    outcome = check_task(3, names)
    assert check_task(3, names, outcome.seed).numbers == outcome.numbers
    assert check_task(3, names, outcome.seed + 1).numbers != outcome.numbers


def test_hints_open_one_after_the_other() -> None:
    names = run(SOLUTION.replace("    dz /= n\n", ""))
    plain = str(check(3, namespace=names))
    shown = [str(check(3, namespace=names, hint=number)) for number in (1, 2, 3)]
    hints = texts()["hints"]["gradient"]
    assert "check(3, hint=1)" in plain
    assert not any(hint in plain for hint in hints)
    for text, hint in zip(shown, hints, strict=True):
        assert [other in text for other in hints] == [other == hint for other in hints]


def test_progress_counts_what_was_solved_in_a_session() -> None:
    names = run(SOLUTION)
    assert str(check(1, namespace=names)).endswith("1/6 solved")
    assert str(check(3, namespace=names)).endswith("2/6 solved")
    names["split"] = lambda *_: None
    assert str(check(1, namespace=names)).endswith("1/6 solved")


def test_a_notebook_is_checked_by_its_own_names() -> None:
    names = run(SOLUTION + "\nfrom fastmlp.lab import check\nseen = check(1)\n")
    assert names["seen"].solved == {1}


@pytest.mark.parametrize("task", [0, 7, "1", 1.5])
def test_there_are_six_tasks(task: object) -> None:
    with pytest.raises(fastmlp.FastmlpError, match="1 to 6"):
        check(task, namespace={})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "key"),
    [
        ("", "missing"),
        ("split = 3", "missing"),
        ("def split(y, sizes, rng):\n    raise NotImplementedError('later')", "not_written"),
        ("def split(y, sizes, rng):\n    return y[10**6]", "raised"),
        ("def split(y):\n    return y", "raised"),
        ("def split(y, sizes, rng):\n    rng.shuffle(y)\n    return y", "input_changed"),
        ("def split(y, sizes, rng):\n    pass", "returns_nothing"),
        ("def split(y, sizes, rng):\n    return 3", "split_parts"),
        ("def split(y, sizes, rng):\n    return [['a'], [None], [{}], [[]]]", "split_not_rows"),
    ],
)
def test_what_is_no_solution_at_all_is_said_so(code: str, key: str) -> None:
    assert check_task(1, run(code)).key == key


@pytest.mark.parametrize("value", [None, 1, "x", [], {}, object(), np.zeros(3), [[[]]], lambda: 1, np.array(["a"])])
@pytest.mark.parametrize("name", [name for names in checks.FUNCTIONS.values() for name in names])
def test_any_value_is_answered_by_a_sentence(name: str, value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    if name in {"finetune", "compare"}:  # the checks before it call nothing of it
        monkeypatch.setattr(checking, "CHECKS", {6: (check_finetune, check_compare)[name == "compare" :]})
    names = run(SOLUTION)
    names[name] = lambda *_, **__: value
    task = next(task for task, functions in checks.FUNCTIONS.items() if name in functions)
    outcome = check_task(task, names)
    assert not outcome.solved
    assert outcome.sentence


@pytest.mark.parametrize("name", ["apply_scaler", "forward", "accuracy", "train_mlp", "pretrain"])
def test_a_function_that_an_earlier_task_left_broken_is_answered_too(name: str) -> None:
    names = run(SOLUTION)
    names[name] = lambda *_, **__: (np.zeros((2, 3)), [1, [2]])
    outcomes = [check_task(task, names) for task in (4, 5, 6)]
    assert any(outcome.sentence for outcome in outcomes)


def test_the_numbers_that_are_asked_for_are_those_of_the_first_cell() -> None:
    names = run(SOLUTION)
    rates = {"scratch": "LR", "pretrain": "LR", "frozen": "LR", "finetune": "FINETUNE_LR"}
    for experiment, rate in rates.items():
        epochs = names["PRETRAIN_EPOCHS" if experiment == "pretrain" else "EPOCHS"]
        wanted = {"epochs": epochs, "batch_size": names["BATCH"], "lr": names[rate], "momentum": names["MOMENTUM"]}
        assert settings(experiment) == wanted


def test_compare_gets_its_functions_back() -> None:
    names = run(SOLUTION)
    before = dict(names)
    check(6, namespace=names)
    assert {name: names[name] for name in before} == before


def test_every_mistake_has_a_sentence_and_every_sentence_a_mistake() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in ROOM.rglob("*.py"))
    keys = set(texts()["mistakes"])
    raised = set(re.findall(r'"([a-zA-Z0-9_]+)"', sources)) | {f"finetune_keeps_{name}" for name in ("W1", "b1")}
    raised |= {f"frozen_moves_{name}" for name in ("W1", "b1")}
    assert keys <= raised, keys - raised
    named = {*flawed.FORWARD, *flawed.LOSS, *flawed.GRADIENT, *flawed.TRAINING, *flawed.SCALED}
    assert named | set(re.findall(r'Mistake\(\s*"([a-zA-Z0-9_]+[a-zA-Z0-9])"', sources)) <= keys


def test_the_reference_of_the_checks_is_that_of_the_package() -> None:
    rng = np.random.default_rng(5)
    net = fastmlp.init_mlp((3, 5, 4), rng=1, dtype="float64")
    p = views(net, (3, 5, 4), "init_mlp")
    for value in p.values():
        value[...] = rng.normal(size=value.shape)
    X, y = rng.normal(size=(9, 3)), rng.integers(0, 4, 9)
    loss, gradient = fastmlp.backward(net, X, y, backend="numpy")
    assert flawed.loss(p, X, y) == pytest.approx(loss)
    np.testing.assert_allclose(flawed.logits(p, X), fastmlp.forward(net, X, backend="numpy"))
    for name, right in views(gradient, (3, 5, 4), "backward").items():
        np.testing.assert_allclose(flawed.gradient(p, X, y)[name], right, atol=1e-12)
        place = tuple(0 for _ in right.shape)
        assert flawed.finite_difference(p, X, y, name, place) == pytest.approx(right[place], abs=1e-6)
    fit = fastmlp.train_mlp(net, X, y, epochs=3, batch_size=9, lr=0.05, momentum=0.8, backend="numpy")
    for name, right in views(fit.network, (3, 5, 4), "train_mlp").items():
        np.testing.assert_allclose(flawed.trained(p, X, y, 3, 0.05, 0.8)[name], right, atol=1e-9)


def test_all_flaws_differ_from_the_truth() -> None:
    rng = np.random.default_rng(8)
    p = {"W1": (3, 5), "b1": (5,), "W2": (5, 4), "b2": (4,)}
    drawn = {name: rng.normal(size=shape) for name, shape in p.items()}
    X, y = rng.normal(size=(9, 3)), rng.integers(0, 4, 9)
    for flaw in flawed.GRADIENT:
        wrong, right = flawed.gradient(drawn, X, y, flaw), flawed.gradient(drawn, X, y)
        assert any(not np.allclose(wrong[name], right[name]) for name in right), flaw
    for flaw in flawed.LOSS:
        assert not np.isclose(flawed.loss(drawn, X, y, flaw), flawed.loss(drawn, X, y)), flaw


def test_a_mistake_keeps_its_numbers_short() -> None:
    numbers = Mistake("shape", "here", np.arange(1000.0), "x" * 5000).numbers
    assert numbers is not None
    assert len(json.dumps(numbers)) < 400
