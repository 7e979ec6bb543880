from __future__ import annotations

from collections.abc import Callable
from itertools import count
from types import ModuleType
from typing import Any

import pytest

from fastmlp.errors import FastmlpError

from ..backbones.modules import BLOCKS, pictures, small_cnn


@pytest.fixture
def cnn(oracle: Callable[[str], ModuleType]) -> Any:
    from fastmlp.backbones import make_backbone

    return make_backbone(small_cnn(oracle("torch")), BLOCKS, pictures()[0][:4])


def test_seconds_are_those_of_the_stages_that_a_strategy_computes_and_trains(
    cnn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock on which every call takes a second: of a batch of eight, an eighth an example."""
    from fastmlp.strategies.backbone_seconds import estimate_seconds

    ticks = count()
    monkeypatch.setattr("fastmlp.backbones.timing.thread_time", lambda: float(next(ticks)))
    names = ["frozen", "partial-1", "partial-2", "finetune", "probe-1", "gradual", "baseline", "partial-4", "zero-shot"]
    found = estimate_seconds(cnn, pictures()[0], names, n_classes=4, n=80, epochs=8, batch_size=8)
    eighth = 80 / 8
    assert found == {
        "frozen": 3 * eighth,
        "partial-1": (1 + 8) * eighth,
        "partial-2": (2 + 8) * eighth,
        "finetune": 8 * eighth,
        "probe-1": 1 * eighth,
        "gradual": (3 + 6) * eighth,  # three stages once; the head alone, then six epochs of stages
        "zero-shot": 0.0,
    }


def test_an_estimate_trains_nothing(cnn: Any) -> None:
    from fastmlp.strategies.backbone_seconds import estimate_seconds

    before = [stage.digest() for stage in cnn.stages]
    seconds = estimate_seconds(cnn, pictures()[0], ["finetune"], n_classes=4)
    assert 0 < seconds["finetune"] < 60
    assert [stage.digest() for stage in cnn.stages] == before
    with pytest.raises(FastmlpError, match="unknown strategy 'finetun'"):
        estimate_seconds(cnn, pictures()[0], ["finetun"], n_classes=4)
    with pytest.raises(FastmlpError, match="backbone is 3"):
        estimate_seconds(3, pictures()[0], ["finetune"], n_classes=4)  # type: ignore[arg-type]
