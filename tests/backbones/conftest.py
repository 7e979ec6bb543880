"""PyTorch on a machine that is busy."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """PyTorch's threads wait for each other in a loop, which on a busy machine takes longer than the work."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
