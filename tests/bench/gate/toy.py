"""A repository for the gate: a package of one function, which takes a moment to build."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

PROJECT, PACKAGE = "pyproject.toml", "fastmlp/__init__.py"


def project(*dependencies: str) -> str:
    """Its ``pyproject.toml``."""
    return f"""
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "fastmlp"
version = "0"
dependencies = {json.dumps(dependencies)}
[tool.hatch.build.targets.wheel]
packages = ["fastmlp"]
"""


def package(turns: int) -> str:
    """Its function, which takes longer the more turns there are."""
    return f"def work():\n    return sum(i * i for i in range({turns}))\n"


def git(repository: Path, *arguments: str) -> str:
    who = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(repository), *who, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def commit(repository: Path, tag: str, files: dict[str, str]) -> None:
    for name, content in files.items():
        (repository / name).parent.mkdir(exist_ok=True)
        (repository / name).write_text(content)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", tag)
    git(repository, "tag", tag)
