"""PyTorch itself, checked."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from ...errors import MissingLibrary

OLDEST = (2, 10)  # before it, torch.load(weights_only=True) could be made to run code: CVE-2026-24747


@cache
def import_torch() -> Any:
    """Return PyTorch.

    Raises
    ------
    MissingLibrary
        If it cannot be imported, or is too old to load what others saved.
    """
    remedy = "pip install 'fastmlp[torch]'"
    try:
        import torch
    except ImportError as error:
        raise MissingLibrary("torch", f"{remedy} ({error})") from error
    version = str(torch.__version__)
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < OLDEST:
        raise MissingLibrary(f"torch {version}", f"2.10 or newer is needed: {remedy}")
    return torch
