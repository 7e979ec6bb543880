"""Claims of the literature: which a study can test, and which verdict becomes which outcome."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fastmlp.report.chapters.claims.numbers import numbers
from fastmlp.report.claims import CLAIMS, answerable, changes, forest, judge, tally, written
from fastmlp.report.claims.catalogue import PROTOCOLS
from fastmlp.report.claims.claim import MEASURES, Labels, Term
from fastmlp.report.claims.judge import mean_by_seed
from fastmlp.report.claims_page import render_claims
from fastmlp.report.render import to_markdown
from fastmlp.study.settings.load import load_settings
from tests.report_data import MadeUp, flat, study, study_of, summary_of


def made_up(means: dict[str, float], *, seeds: int = 6, spread: float = 0.002) -> MadeUp:
    """Fine-tuning, frozen and low ranks on four problems."""
    names = ("scratch", "frozen", "finetune", "lora-1", "lora-8")
    problems = ("same", "noisy-2", "parity", "halves")
    return study(flat(means), strategies=names, problems=problems, sizes=(20, 200), seeds=seeds, spread=spread)


def outcomes(data: MadeUp) -> dict[str, str]:
    return written(judge(study_of(data)))


def test_the_study_of_the_claims_has_all_that_they_compare() -> None:
    grid = load_settings("claims").grid
    for claim in CLAIMS:
        assert claim.paper in PROTOCOLS
        assert claim.measure in MEASURES
        assert claim.first
        for term in claim.terms:
            assert term.strategy in grid.strategies
            assert set(term.problems) <= set(grid.problems)
    assert len({claim.name for claim in CLAIMS}) == len(CLAIMS)


def test_each_side_has_as_many_terms_so_that_points_are_of_one_difference() -> None:
    assert all(len(claim.first) == len(claim.second) for claim in CLAIMS if claim.measure != "follows")


@pytest.mark.parametrize(
    ("means", "expected"),
    [
        ({"finetune": 0.9, "frozen": 0.8}, {"bernico-distant": "reproduced"}),
        ({"finetune": 0.8, "frozen": 0.9}, {"bernico-distant": "not reproduced at this scale"}),
        ({"finetune": 0.8, "frozen": 0.8}, {"bernico-distant": "not reproduced at this scale"}),
        ({"lora-1": 0.8, "lora-8": 0.8}, {"hu-small": "reproduced"}),
        ({"lora-1": 0.7, "lora-8": 0.8}, {"hu-small": "not reproduced at this scale"}),
        ({"lora-1": 0.9, "lora-8": 0.8}, {"hu-small": "not reproduced at this scale"}),
    ],
)
def test_a_verdict_becomes_an_outcome(means: dict[str, float], expected: dict[str, str]) -> None:
    found = outcomes(made_up(means))
    assert {name: found[name] for name in expected} == expected
    assert found["kumar-drift"] == found["neyshabur-basin"] == "not tested"


def test_without_enough_seeds_nothing_is_decided() -> None:
    assert outcomes(made_up({"finetune": 0.805}, seeds=2, spread=0.05))["bernico-distant"] == "undecided"


def test_what_cannot_be_tested_is_not_judged_and_has_no_chapter() -> None:
    made = study_of(made_up({}))
    assert "bernico-near" in {claim.name for claim in answerable(made)}
    assert numbers(made) is None


def test_drift_is_of_the_body_and_updates_are_a_share() -> None:
    drift, updates, shifted = (MEASURES[name] for name in ("drift", "updates", "shifted"))
    assert drift({"drift": [0.2, 0.4, 9.0]}) == pytest.approx(0.3)
    assert drift({"drift": []}) is drift({"drift": [None, 0.4, 9.0]}) is None
    assert updates({"steps": 200, "scratch_loss_steps": 50}) == 0.25
    assert updates({"steps": 200, "scratch_loss_steps": None}) == 1
    assert updates({"steps": 0, "scratch_loss_steps": None}) is None
    assert shifted({"accuracy_rotated": 0.4, "accuracy_noisy": 0.6}) == pytest.approx(0.5)
    assert shifted({"accuracy_rotated": 0.4, "accuracy_noisy": None}) is None


def test_what_follows_is_the_correlation_over_seeds() -> None:
    data, rng = made_up({}), np.random.default_rng(0)
    source, after = rng.normal(size=(2, 6))
    for row in data.rows:
        row.update({"source_accuracy": float(source[row["seed"]]), "accuracy": float(after[row["seed"]])})
    by_seed = mean_by_seed(study_of(data), Term("frozen", ("same", "parity")), "follows")
    assert by_seed.mean() == pytest.approx(np.corrcoef(source, after)[0, 1])


def test_few_and_many_labels_are_told_apart() -> None:
    data = made_up({})
    for row in data.rows:
        row["accuracy"] = 0.9 if row["n_target"] == 20 else 0.5
    labels: tuple[Labels, ...] = ("few", "many", "all")
    values = {one: mean_by_seed(study_of(data), Term("finetune", ("same",), one), "accuracy")[0] for one in labels}
    assert values == {"few": 0.9, "many": 0.5, "all": pytest.approx(0.7)}


def test_a_changed_outcome_is_named_and_so_is_one_that_is_gone() -> None:
    cards = judge(study_of(made_up({"finetune": 0.9, "frozen": 0.8})))
    before = written(cards)
    assert changes(cards, before) == []
    older = before | {"bernico-distant": "undecided", "forgotten": "reproduced"}
    del older["hu-small"]
    assert [(change["name"], change["written"], change["found"]) for change in changes(cards, older)] == [
        ("hu-small", None, before["hu-small"]),
        ("bernico-distant", "undecided", "reproduced"),
        ("forgotten", "reproduced", None),
    ]


def test_the_page_has_a_card_for_each_paper() -> None:
    page = render_claims(made_up({"finetune": 0.9, "frozen": 0.8}))
    assert "**Bernico et al. 2017.**" in page
    assert "- **reproduced**: From a distant source, fine-tuning is better" in page
    assert "(`bernico-distant`) Expected" in page
    assert "Expected above zero: +1" in page
    assert page.count("\n**") == len(PROTOCOLS)
    assert all(claim.says in page for claim in CLAIMS)


def test_the_book_of_the_study_has_the_cards() -> None:
    grid = load_settings("claims").grid
    data = study(flat({"finetune": 0.9}), strategies=grid.strategies, problems=grid.problems, sizes=(20, 200), seeds=3)
    data.settings["network"]["hidden"] = [32, 32, 32]
    for row in data.rows:
        row.update(drift=[0.1, 0.2, 0.3, 0.9], accuracy_rotated=0.5, accuracy_noisy=0.4, scratch_loss_steps=None)
    data.meta["basins"] = json.dumps({"scratch": [0.30, 0.31, 0.32], "finetune": [0.01, 0.02, 0.04]})
    assert outcomes(data)["neyshabur-basin"] == "reproduced"
    found = numbers(study_of(data))
    assert found is not None
    assert found["claims"] == len(CLAIMS)
    assert "not tested" not in found["counts"]
    page = to_markdown(summary_of(data))
    assert "Claims of the literature" in page
    assert "| Bernico et al. 2017 | `bernico-distant` |" in page


def test_what_another_number_of_seeds_found_is_named_on_the_page() -> None:
    data = made_up({"finetune": 0.9, "frozen": 0.8})
    found = outcomes(data)
    assert "They agree on every claim." in render_claims(data, found)
    page = render_claims(data, found | {"bernico-distant": "undecided"})
    assert "They disagree on 1 claim, which is listed here by name. No claim is reproduced by one" in page
    assert "- `bernico-distant`: undecided there, reproduced here." in page
    opposed = render_claims(data, found | {"bernico-distant": "not reproduced at this scale", "hu-small": "undecided"})
    assert "They disagree on 2 claims, which are listed here by name. 1 of them is reproduced by one" in opposed
    assert "They " not in render_claims(data)


def test_the_picture_has_every_claim_about_accuracy_in_the_column_of_its_outcome() -> None:
    cards = judge(study_of(made_up({"finetune": 0.9, "frozen": 0.8})))
    table = forest(tally(cards), in_points=True)
    heads = [column["head"]["value"] for column in table["columns"]]
    found = {
        row[0]["value"]: [h for h, c in zip(heads[1:], row[1:], strict=True) if c["value"]] for row in table["rows"]
    }
    tested = [c for card in cards for c in card["claims"] if c["difference"] and c["measure"] == "accuracy"]
    assert found == {c["name"]: [c["outcome"]] for c in tested}
    others = forest(tally(cards), in_points=False)["rows"]
    assert [row[0]["value"] for row in others] == ["kornblith-source"]
    assert {c["kind"] for row in others for c in row[1:] if c["value"]} == {"mean"}


def test_a_claim_that_rests_on_unstable_trainings_is_told() -> None:
    data = made_up({"finetune": 0.9, "frozen": 0.8})
    for row in data.rows:
        if (row["problem"], row["strategy"], row["n_target"]) == ("parity", "frozen", 200):
            row["losses"] = [*row["losses"][:-1], 9.0]
    unsteady = {c["name"] for card in judge(study_of(data)) for c in card["claims"] if c["unsteady"]}
    assert "bernico-distant" in unsteady
    assert "hu-small" not in unsteady
    assert render_claims(data).count("In some of its cells trainings are unstable often.") == len(unsteady)
