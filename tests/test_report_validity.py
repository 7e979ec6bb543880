"""The Nu HTML checker finds no error, where it is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from fastmlp.report.render import render_report
from tests.report_data import study


def checker() -> list[str]:
    """The command that runs the checker: ``vnu`` on PATH, or the jar that the variable VNU_JAR names."""
    jar = os.environ.get("VNU_JAR", "")
    if jar and Path(jar).is_file() and shutil.which("java"):
        return ["java", "-Xss4m", "-jar", jar]
    if path := shutil.which("vnu"):
        return [path]
    pytest.skip("no vnu on PATH, and VNU_JAR names no jar: npm install vnu-jar")


def test_the_nu_checker_finds_no_error(tmp_path: Path) -> None:
    page, _ = render_report(study(seeds=2, sizes=[20, 50, 100]), tmp_path)
    done = subprocess.run([*checker(), "--format", "json", str(page)], capture_output=True, text=True, check=False)
    messages = json.loads(done.stderr)["messages"]
    assert [m["message"] for m in messages if m["type"] == "error"] == []
