"""Libraries that `make notebook` installs, for the tests that it runs.

Elsewhere those tests are skipped; with FASTMLP_REQUIRE_NOTEBOOK=1 they fail instead.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import pytest

SECONDS = 120  # of computing, from the first task to the plot


def library(name: str) -> Any:
    """Import a library, or skip the test."""
    if os.environ.get("FASTMLP_REQUIRE_NOTEBOOK") == "1":
        return import_module(name)
    return pytest.importorskip(name, reason=f"{name} is installed by make notebook")
