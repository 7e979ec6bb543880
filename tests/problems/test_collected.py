from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fastmlp.datasets import Arrays, read, write
from fastmlp.problems import NEEDS, PROBLEMS, get_problem, lacking

from ..data_sets import keep_all


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTMLP_DATA", str(tmp_path_factory.mktemp("data")))
        keep_all()
        yield


@pytest.fixture
def no_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTMLP_DATA", str(tmp_path))


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("name", NEEDS)
def test_a_problem_of_collected_data_splits_as_others_do(name: str) -> None:
    problem = get_problem(name)
    split = problem.split(0)
    parts = [split.heldout, split.pool, split.probe]
    assert len(np.unique(np.concatenate(parts))) == sum(map(len, parts))
    assert len(split.source) == problem.source_pool
    assert len(np.intersect1d(split.source, split.source_heldout)) == 0
    assert set(problem.source.y) == set(range(problem.source.n_classes))
    assert problem.source.X.shape[1] == problem.target.X.shape[1]
    assert not lacking(name)
    assert problem.control == (name == "mnist-naive")


@pytest.mark.usefixtures("data")
def test_clothes_have_other_classes_and_other_images_in_source_and_target() -> None:
    problem = get_problem("fashion-halves")
    assert len(problem.source.y) == 100
    assert len(problem.target.y) == 1700
    images, y = read("fashion").part(1)
    expected = images[y == 3].reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(-1, 196) / 255
    assert np.array_equal(problem.target.X[problem.target.y == 1], expected)


@pytest.mark.usefixtures("no_data")
def test_without_the_data_a_problem_says_what_brings_it() -> None:
    assert lacking("fashion") == ["mnist", "fashion"]
    assert not lacking("parity")
    assert set(NEEDS) <= set(PROBLEMS)
    with pytest.raises(ValueError, match="`fastmlp data get newsgroups` brings it"):
        get_problem("newsgroups")


def test_a_problem_is_made_anew_of_data_that_have_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTMLP_DATA", str(tmp_path))
    keep_all()
    before = get_problem("mnist")
    assert get_problem("mnist", 1) is before
    data = read("mnist")
    write("mnist", Arrays(data.X[:150], data.y[:150], (150,), data.origin))
    assert len(get_problem("mnist").source.y) == 150
