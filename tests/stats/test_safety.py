"""A safe strategy is shown to be hardly behind any other; that it is never shown to be behind is not enough."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as oracle

from fastmlp.errors import InvalidInput, ShapeError
from fastmlp.stats import holm, safe_choices

from .data import Array, numbers


def cells(*means: tuple[float, ...], n: int = 20, sd: float = 0.01, seed: int = 0) -> Array:
    """(cells, seeds, strategies) around given means."""
    rng = np.random.default_rng(seed)
    return (
        np.array(means)[:, None]
        + 0.03 * rng.standard_normal((n, 1))
        + sd * rng.standard_normal((len(means), n, len(means[0])))
    )


def test_who_is_behind_somewhere_is_not_safe() -> None:
    found = safe_choices(cells((0.9, 0.9, 0.8), (0.9, 0.85, 0.9), sd=0.004), margin=0.01)
    assert [one.case for one in found] == ["safe", "not shown", "not shown"]
    assert [one.cell for one in found[1:]] == [1, 0], "where each could least be shown to be safe"


def test_a_noisy_strategy_is_undecided_and_not_safe() -> None:
    # Nobody is shown to be behind here, and nobody is safe
    x = cells((0.9, 0.89), sd=0.05)
    assert oracle.ttest_rel(x[0, :, 0], x[0, :, 1]).pvalue > 0.05
    assert [one.case for one in safe_choices(x, margin=0.01)] == ["not shown"] * 2


def test_p_values_are_those_of_one_sided_t_tests_against_the_margin() -> None:
    x = cells((0.9, 0.895, 0.88), (0.85, 0.86, 0.85))
    worst = [
        max(
            oracle.ttest_rel(cell[:, s] + 0.01, cell[:, rival], alternative="greater").pvalue
            for cell in x
            for rival in range(3)
            if rival != s
        )
        for s in range(3)
    ]
    np.testing.assert_allclose(numbers([one.p for one in safe_choices(x, margin=0.01)]), holm(worst), rtol=1e-9)


def test_equals_at_the_margin_are_called_safe_in_five_percent_at_most() -> None:
    # Each strategy but the first is behind it by the margin itself, the hardest case
    wrong = 0
    for seed in range(400):
        found = safe_choices(cells((0.91, 0.9, 0.9, 0.9), sd=0.004, seed=seed), margin=0.01)
        wrong += any(one.case == "safe" for one in found[1:])
    assert wrong / 400 <= 0.05 + 3 * (0.05 * 0.95 / 400) ** 0.5


@pytest.mark.parametrize(
    ("x", "cases"),
    [
        (np.full((1, 5, 1), 0.9), ["untested"]),
        (np.full((1, 1, 2), 0.9), ["untested"] * 2),
        (np.full((2, 5, 2), 0.9), ["safe"] * 2),
        (np.stack([np.full((5, 2), 0.9), np.array([[0.9, np.nan]] * 5)]), ["safe", "untested"]),
        (np.full((1, 5, 2), np.nan), ["untested"] * 2),
        (np.empty((0, 5, 2)), ["untested"] * 2),
    ],
)
def test_what_cannot_be_tested_is_not_called_safe(x: Array, cases: list[str]) -> None:
    assert [one.case for one in safe_choices(x, margin=0.01)] == cases


def test_refusals_hold_the_value() -> None:
    with pytest.raises(ShapeError, match=r"\(2,\)"):
        safe_choices([0.1, 0.2], margin=0.01)
    with pytest.raises(InvalidInput, match="-1"):
        safe_choices(np.full((1, 2, 2), 0.5), margin=-1)
