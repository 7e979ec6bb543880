"""The yardstick: it can only be checked for being one."""

from __future__ import annotations

import math
from typing import Any

import pytest

numba: Any = pytest.importorskip("numba")

from fastmlp.backends import fallback, peak  # noqa: E402
from fastmlp.backends.codegen.types import PLAIN  # noqa: E402


def test_double_precision_has_half_the_lanes() -> None:
    if fallback.current_tile() == PLAIN:
        pytest.skip("no vector code")
    for measure in (peak.fma_peak, peak.tile_peak):
        single, double = (max(measure(dtype) for _ in range(5)) for dtype in ("float32", "float64"))
        assert single > 1e9
        assert 1.2 < single / double < 3  # 2, on a machine that does nothing else


def test_without_vector_code_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fallback, "_tile", PLAIN)
    assert math.isnan(peak.fma_peak())
    assert math.isnan(peak.tile_peak())
