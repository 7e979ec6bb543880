"""The book on data of a study's own: where they came from, how they go together, and nothing about digits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markupsafe import Markup

import fastmlp
from fastmlp.report.labels import Labels
from fastmlp.report.render import environment_of, to_html, to_markdown
from tests.report_data import META, MadeUp, study, summary_of
from tests.report_text import text_of_html, text_of_markdown

FILES = {
    "source": {"file": "known.npz", "hash": "0a1b", "examples": 12000, "classes": 2},
    "target": {"file": "=2|<b>$`{{1}}.npz", "hash": "2c3d", "examples": 900, "classes": 3},
}
OWN = FILES | {"shared": False, "one_unit": False, "in_both": 0, "repeated": 0}


def described(**changes: Any) -> str:
    words: Any = environment_of("markdown", Labels()).get_template("chapters/data/problems.j2").module
    return " ".join(
        str(
            words.describe_data({"name": "mine", "facts": {"features": 512, "backbone": None, "own": OWN | changes}})
        ).split()
    )


@pytest.mark.parametrize(
    ("changes", "words", "unsaid"),
    [
        ({}, "They are different examples", "the same example"),
        ({"shared": True}, "The same row of both files is the same example", "different"),
        ({}, "Each feature has its own unit", "same unit"),
        ({"one_unit": True}, "All features have the same unit.", "its own unit"),
        ({"in_both": 1}, "But one target example has the same inputs as a source example.", "target examples have"),
        ({"repeated": 1}, "One target example has the same inputs as another.", "a source example"),
        ({"repeated": 23}, "23 target examples have the same inputs as another.", "a source example"),
        ({"in_both": 1234}, "But 1234 target examples have the same inputs as a source example.", "But one"),
    ],
)
def test_what_is_so_is_said_and_nothing_else(changes: dict[str, Any], words: str, unsaid: str) -> None:
    assert words in described(**changes)
    assert unsaid not in described(**changes)


def own_study(problems: tuple[str, ...], *, one_unit: bool) -> MadeUp:
    """A made-up study of data of its own."""
    data = study(problems=problems, seeds=4)
    facts = json.loads(META["problem:parity"]) | {"pictures": {}, "own": OWN | {"one_unit": one_unit}}
    data.meta = {"backend": "numba"} | {f"problem:{name}": json.dumps(facts) for name in problems}
    return data


@pytest.mark.parametrize("problems", [("mine",), ("mine", "yours", "theirs")], ids=["one", "many"])
@pytest.mark.parametrize("one_unit", [True, False])
def test_the_chapter_on_data_reads_right(
    problems: tuple[str, ...], one_unit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fastmlp.report.figures.svg.draw", lambda *_: Markup())
    data = own_study(problems, one_unit=one_unit)
    summary = summary_of(data)
    page = text_of_html(to_html(summary))
    assert page == text_of_markdown(to_markdown(summary))
    chapter = page.partition("In which direction would its accuracy be wrong")[2].partition("What the seeds cover.")[0]
    source, target = (
        "known.npz (12,000 examples, 2 classes, hash 0a1b)",
        "=2|<b>$`{{1}}.npz (900 examples, 3 classes, hash 2c3d)",
    )
    assert chapter.count(f"The source task is in {source}, the target task in {target}") == len(problems)
    assert ("or less, where it hardly varied" in chapter) == one_unit
    assert "handwritten" not in chapter
    assert "There are 1797 examples" not in chapter


@pytest.mark.usefixtures("markdown_alone")
def test_a_feature_that_is_constant_in_the_source_is_told_of(tmp_path: Path) -> None:
    """Two features decide the label, and one of them is constant in the source: the weights are not to blame."""
    rng = np.random.default_rng(0)
    known, wanted = rng.normal(size=(400, 10)), rng.normal(size=(400, 10))
    known[:, 3] = 1.0
    np.savez(tmp_path / "known.npz", X=known, y=known[:, 0] > 0)
    np.savez(tmp_path / "wanted.npz", X=wanted, y=(wanted[:, 0] + 3 * wanted[:, 3]) > 0)
    settings = {
        "name": "blind",
        "grid": {"problems": ["mine"], "strategies": ["scratch", "finetune"], "sizes": [50], "seeds": 3},
        "problems": {"mine": {"source": str(tmp_path / "known.npz"), "target": str(tmp_path / "wanted.npz")}},
    }
    with pytest.warns(UserWarning, match="feature 3 is constant in the source and not in the target"):
        results = fastmlp.run_study(settings, out=tmp_path / "out", backend="numpy", jobs=1)
    text = text_of_markdown(results.report_markdown.read_text(encoding="utf-8"))
    assert "On problem mine, 1 feature is constant in the source and not in the target (3)." in text
    assert "If such a network is worse than one from scratch, this may be the reason, and not its weights." in text


def test_a_study_from_before_inputs_were_described_has_no_table_of_them() -> None:
    assert summary_of(study(seeds=2, sizes=[20]))["numbers"]["data"]["inputs"] == []
