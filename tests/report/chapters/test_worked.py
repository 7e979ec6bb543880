"""The tests that the chapter works by hand are those of the statistics, and of SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats as scipy_stats

from fastmlp.report.chapters.comparison.worked import SEEDS, worked
from fastmlp.stats import holm
from tests.report_data import study, study_of


def test_each_step_is_that_of_the_textbook() -> None:
    data = study(seeds=8)
    example = worked(study_of(data))
    assert example is not None
    assert [pair["second"] for pair in example["pairs"]] == ["scratch", "frozen", "baseline"]
    for pair in example["pairs"]:
        d = np.array(pair["differences"])
        whole = scipy_stats.ttest_1samp(d, 0)
        low = scipy_stats.ttest_1samp(d, -0.01, alternative="greater").pvalue
        high = scipy_stats.ttest_1samp(d, 0.01, alternative="less").pvalue
        assert (pair["t"], pair["p"]) == pytest.approx((whole.statistic, whole.pvalue))
        assert pair["p_tie"] == pytest.approx(max(low, high))
    pairs: list[dict[str, Any]] = [dict(pair) for pair in example["pairs"]]
    for p, factor, corrected in (("p", "factor", "corrected"), ("p_tie", "factor_tie", "corrected_tie")):
        assert [pair[corrected] for pair in pairs] == pytest.approx(holm([pair[p] for pair in pairs]).tolist())
        smallest = min(pairs, key=lambda pair: pair[p])
        assert smallest[corrected] == pytest.approx(min(1, smallest[p] * smallest[factor]))
        assert sorted(pair[factor] for pair in pairs) == [1, 2, 3]


def test_no_cell_with_five_seeds_and_no_example() -> None:
    assert worked(study_of(study(seeds=SEEDS - 1))) is None
    assert worked(study_of(study(strategies=("scratch", "finetune"), seeds=8))) is None


def test_the_cell_is_not_chosen_by_its_results() -> None:
    data = study(problems=("same", "parity"), seeds=8)
    example = worked(study_of(data))
    assert example is not None
    assert (example["problem"], example["n_target"]) == ("same", 100)
    assert example["seeds"] == list(range(SEEDS))
