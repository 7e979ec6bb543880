"""PyTorch on a machine that is busy, and torchvision beside a build of PyTorch that it was not made for."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import pytest

from ..oracles import import_oracle

DECLARED: list[Any] = []  # PyTorch forgets an operator with the library that declared it


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """PyTorch's threads wait for each other in a loop, which on a busy machine takes longer than the work."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


@pytest.fixture(scope="session")
def vision() -> Any:
    """Torchvision; its build for GPUs finds no operators of its own on a CPU: two are declared, so that it imports.

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
