"""``fastmlp claims``: a page, objects for programs, and outcomes that are written down and checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fastmlp.cli import exit_codes, main
from tests.report.claims.test_judge import made_up


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever folder is named holds a made-up study."""
    data = made_up({"finetune": 0.9, "frozen": 0.8})
    monkeypatch.setattr("fastmlp.study.store.read_study", lambda _: data)


def test_a_page_and_an_object_a_claim(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims", "out"]) == exit_codes.DONE
    assert capsys.readouterr().out.startswith("## Claims of the literature\n")
    assert main(["claims", "out", "--json"]) == exit_codes.DONE
    found = {claim["name"]: claim for claim in map(json.loads, capsys.readouterr().out.splitlines())}
    assert found["bernico-distant"]["outcome"] == "reproduced"
    assert found["bernico-distant"]["difference"]["mean"] == pytest.approx(0.1, abs=0.01)


def test_an_outcome_that_changed_fails_until_it_is_renewed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "claims.json"
    assert main(["claims", "out", "--renew", str(file)]) == exit_codes.DONE
    assert main(["claims", "out", "--check", str(file)]) == exit_codes.DONE
    file.write_text(json.dumps(json.loads(file.read_text()) | {"bernico-distant": "undecided"}))
    capsys.readouterr()
    assert main(["claims", "out", "--check", str(file)]) == exit_codes.CHANGED
    assert capsys.readouterr().err == "bernico-distant: undecided was written down, reproduced was found\n"


def test_the_page_refers_to_its_picture_and_names_what_differs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["claims", "out", "--renew", "claims.json"]) == exit_codes.DONE
    Path("claims.json").write_text(json.dumps(json.loads(Path("claims.json").read_text()) | {"hu-small": "gone"}))
    capsys.readouterr()
    assert main(["claims", "out", "--beside", "claims.json", "--picture", "effects.svg"]) == exit_codes.DONE
    page = capsys.readouterr().out
    assert "undecided](effects.svg)\n" in page
    assert "- `hu-small`: gone there, " in page
    assert Path("effects.svg").read_text().startswith("<?xml")
    assert main(["claims", "out", "--picture", "effects.txt"]) == exit_codes.USAGE
    assert "txt" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "words"), [("[]", "no outcomes"), ("{", "is no JSON"), (None, "cannot be read")])
def test_a_file_without_outcomes_is_refused(
    text: str | None, words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "claims.json"
    if text is not None:
        file.write_text(text)
    assert main(["claims", "out", "--check", str(file)]) == exit_codes.USAGE
    assert words in capsys.readouterr().err
