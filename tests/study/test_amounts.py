"""Trials whose source is smaller: as the grid's in all else, and left out where the source has too few examples."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from numpy.testing import assert_array_equal

from fastmlp.errors import SettingsError
from fastmlp.problems import get_problem
from fastmlp.study.plan import plan
from fastmlp.study.settings.load import from_dict, quick
from fastmlp.study.store.schema import Trial
from fastmlp.study.trial.context import TrialContext
from fastmlp.study.trial.run import run_trial

from ..made_up_study import SMALL
from .test_plan import BASE, HERE

AMOUNTS: dict[str, Any] = {"ratios": [1, 10, 100], "sizes": [20], "seeds": 2, "strategies": ["frozen", "scratch"]}


def smaller(data: dict[str, Any]) -> list[Trial]:
    return [trial for trial in plan(from_dict(data), HERE) if trial.varied == "source"]


def test_a_ratio_is_left_out_where_the_source_is_too_small() -> None:
    found = smaller({**BASE, "amounts": AMOUNTS})
    assert [(t.strategy, t.replicate, t.seed) for t in found if t.strategy == "frozen"] == [
        ("frozen", n, seed) for n in (20, 200) for seed in (0, 1)
    ]  # parity has 697 source examples, not 2000
    assert not smaller(BASE)


def test_what_knows_no_source_is_a_trial_of_the_grid() -> None:
    data = {**BASE, "amounts": AMOUNTS}
    grid = {(t.strategy, t.seed): t.key for t in plan(from_dict(data), HERE) if t.n_target == 20 and not t.varied}
    by_strategy = {name: {t.key for t in smaller(data) if t.strategy == name} for name in ("frozen", "scratch")}
    assert by_strategy["scratch"] == {grid["scratch", 0], grid["scratch", 1]}
    assert len(by_strategy["frozen"] - {grid["frozen", 0], grid["frozen", 1]}) == 4


def test_a_smaller_source_is_the_beginning_of_the_source_pool_and_is_trained_once() -> None:
    whole = TrialContext(get_problem("parity"), 0, from_dict(SMALL), "numpy")
    few, again = (whole.replicate("source", 40) for _ in range(2))
    assert_array_equal(few.split.source, whole.split.source[:40])
    assert few.source().network is again.source().network
    assert few.source() is not whole.source()
    assert_array_equal(few.split.pool, whole.split.pool)


def test_its_record_is_that_of_fewer_examples() -> None:
    context = TrialContext(get_problem("parity"), 0, from_dict(SMALL), "numpy")
    trial = Trial("parity", "frozen", 20, 0, "key", "", "", "source", 20)
    one, other = (run_trial(context, trial._replace(replicate=n)) for n in (20, 400))
    assert one["status"] == other["status"] == "ok"
    assert one["losses"] != other["losses"]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"ratios": [1, 1]}, "amounts.ratios: has 1 twice"),
        ({"sizes": [5000]}, r"amounts.sizes\[0\]: is 5000; the target pool of 'parity' holds 500 examples"),
        ({"sizes": [30]}, r"amounts.sizes\[0\]: is 30; grid.sizes is \[20, 50\], and trials with a smaller source"),
        ({"problems": ["party"]}, "amounts.problems: unknown problem 'party'; did you mean 'parity'"),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, Any], refusal: str) -> None:
    with pytest.raises(SettingsError, match=refusal):
        from_dict({**BASE, "amounts": AMOUNTS | change})


def test_a_quick_study_has_few_seeds_of_them() -> None:
    found = quick(from_dict({**BASE, "amounts": AMOUNTS | {"seeds": 9}}))
    assert (found.amounts.seeds, found.amounts.sizes) == (3, (50,))
    assert from_dict(msgspec.to_builtins(found)) == found
