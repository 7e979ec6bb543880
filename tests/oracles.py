"""Libraries that only tests compare with: `make oracles` installs them, and runs the tests that ask for one.

Elsewhere those tests are skipped; with FASTMLP_REQUIRE_ORACLES=1 they fail instead.
"""

from __future__ import annotations

import os
import warnings
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

DECLARED: list[Any] = []  # PyTorch forgets an operator with the library that declared it


def import_oracle(name: str) -> ModuleType:
    """Import a module, or skip the test; its own warnings at import are ignored."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return import_module(name)
        except Exception as error:  # noqa: BLE001  a library too old for what it builds on raises whatever it likes
            reason = f"{name} cannot be imported: {type(error).__name__}: {error}"
    if os.environ.get("FASTMLP_REQUIRE_ORACLES") == "1":
        pytest.fail(f"{reason}, and FASTMLP_REQUIRE_ORACLES=1")
    pytest.skip(reason)


def import_torchvision() -> ModuleType:
    """Import torchvision; its build for GPUs finds no operators of its own on a CPU: two are declared for it.

    Ask for it before `transformers` and `peft` too, which import it if it is there.
    """
    torch = import_oracle("torch")
    if not DECLARED:
        try:
            import_module("torchvision")
        except RuntimeError:
            DECLARED.append(torch.library.Library("torchvision", "DEF"))
            for name in ("nms", "qnms"):
                DECLARED[0].define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        except ImportError:
            pass  # the oracle says so
    return import_oracle("torchvision")
