"""The gradient check of a study: right ones pass, wrong ones are seen, and the report knows which is which."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike

from fastmlp.network import Network, backward
from fastmlp.problems import get_problem
from fastmlp.report.chapters.network.numbers import GradientCheck, check_of
from fastmlp.study import gradient_check
from fastmlp.study.settings.load import from_dict

from ..made_up_study import SMALL


def checked(backend: str, **network: Any) -> GradientCheck:
    settings = from_dict(SMALL | {"network": {"hidden": [8, 6]} | network})
    found = check_of(gradient_check.check_gradient(settings, get_problem("parity"), backend))
    assert found is not None
    return found


@pytest.mark.parametrize(("dtype", "largest"), [("float32", 1e-5), ("float64", 1e-7)])
def test_the_gradient_is_the_slope(backend: str, dtype: str, largest: float) -> None:
    found = checked(backend, dtype=dtype)
    assert found["case"] == "agrees"
    assert 0 < found["largest"] < largest
    assert [part["name"] for part in found["parts"]] == ["W1", "b1", "W2", "b2", "W3", "b3"]
    assert found["parts"][0]["parameters"] == 64 * 8
    assert found["checked"] == 20 + 8 + 20 + 6 + 20 + 10


def test_a_wrong_gradient_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(net: Network, X: ArrayLike, y: ArrayLike, *, backend: str) -> tuple[float, Network]:
        loss, right = backward(net, X, y, backend=backend)
        return loss, replace(right, theta=right.theta * np.float32(1.001))

    monkeypatch.setattr(gradient_check, "backward", wrong)
    assert checked("numpy")["case"] == "differs"


def test_a_study_that_kept_none_has_none() -> None:
    assert check_of(None) is None
    facts = gradient_check.check_gradient(from_dict(SMALL), get_problem("parity"), "numpy")
    assert json.loads(facts)["examples"] == 16
