"""Every case that the answers can take has a sentence, and a case without one is an error."""

from __future__ import annotations

from typing import Any

import pytest

from fastmlp.report.answers import HEADLINES, SIZE_CASES
from fastmlp.report.render import Labels, _environment


def sentences() -> Any:
    return _environment("markdown", Labels()).get_template("sentences.j2").module


@pytest.mark.parametrize("case", HEADLINES)
def test_every_headline_has_a_sentence(case: str) -> None:
    headline = {"case": case, "strategies": ["a", "b"], "sizes": [20]}
    assert (
        str(sentences().headline(headline, {"sizes": [20], "margin": 0.01, "baseline": None, "n_seeds": 3}))
        .strip()
        .endswith(".")
    )


@pytest.mark.parametrize("case", SIZE_CASES)
@pytest.mark.parametrize("against", ["better", "worse", "tied", "undecided", None])
def test_every_answer_at_a_size_has_a_sentence(case: str, against: str | None) -> None:
    group = {"case": case, "top": "a", "leaders": ["a", "b"], "tied": ["b"], "undecided": ["c"], "behind": ["d"]}
    assert str(sentences().at_size(group | {"against_baseline": against}, "baseline")).strip().endswith(".")


def test_a_case_without_a_sentence_is_an_error() -> None:
    words = sentences()
    with pytest.raises(LookupError, match="no sentence"):
        words.headline(
            {"case": "?", "sizes": [], "strategies": []}, {"sizes": [], "margin": 0.01, "baseline": None, "n_seeds": 3}
        )
    with pytest.raises(LookupError, match="no sentence"):
        words.at_size({"case": "?", "against_baseline": None}, "baseline")
    with pytest.raises(LookupError, match="no sentence"):
        words.similarity({"case": "?"})
