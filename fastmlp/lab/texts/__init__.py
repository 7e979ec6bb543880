"""All words of the lab, a language a file: a translation is a copy of `en.toml` in another language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGE = "en"


@cache
def texts(language: str = LANGUAGE) -> Mapping[str, Any]:
    """Return the tables of a language's file."""
    path = Path(__file__).with_name(f"{language}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def say(table: str, key: str, **facts: object) -> str:
    """Return a text with its facts filled in."""
    text: str = texts()[table][key]
    return text.strip().format(**facts) if facts else text.strip()


def at(key: str, **facts: object) -> str:
    """Return what a number is, as the line of numbers says it."""
    return say("shown", key, **facts)
