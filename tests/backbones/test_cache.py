from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from fastmlp.errors import FastmlpError

from .modules import BLOCKS, pictures, small_cnn


@pytest.fixture
def made(oracle: Callable[[str], ModuleType]) -> Any:
    from fastmlp.backbones import make_backbone

    backbone = make_backbone(small_cnn(oracle("torch")), BLOCKS, pictures()[0][:4])
    return backbone.network(3, 4), backbone.prepared(pictures(70)[0])


def test_values_are_those_of_the_stages_and_are_found_again(made: Any) -> None:
    from fastmlp.backbones import FeatureCache

    net, inputs = made
    cache = FeatureCache()
    values = cache.values(net, inputs, 2)
    assert (values == net.evaluate(inputs.values, 0, 2)).all()
    assert cache.values(net, inputs, 2) is values
    assert cache.values(net, inputs, 0) is inputs.values
    pooled = cache.values(net, inputs, 2, pooled=True)
    assert (pooled == values.mean(dim=(2, 3))).all()
    above = cache.values(net, inputs, 3)  # goes on from what is there
    assert (above - net.evaluate(inputs.values, 0, 3)).abs().max() < 1e-6


def test_what_values_depend_on_is_in_the_key(made: Any) -> None:
    from fastmlp.backbones import FeatureCache, Prepared

    net, inputs = made
    cache = FeatureCache()
    first = cache.values(net, inputs, 2)
    net.stages[2].parameters()[0][1].data.add_(1)  # above
    assert cache.values(net, inputs, 2) is first
    net.stages[1].buffers()[0][1].add_(1)
    assert (cache.values(net, inputs, 2) != first).any()
    other = Prepared.of(inputs.values + 1)
    assert (cache.values(net, other, 2) != cache.values(net, inputs, 2)).any()


def test_subsets_take_their_rows_of_what_is_computed_once(made: Any) -> None:
    from fastmlp.backbones import FeatureCache

    net, inputs = made
    cache = FeatureCache()
    whole = cache.values(net, inputs, 2)
    rows = np.array([5, 3, 69])
    assert (cache.values(net, inputs[rows], 2) == whole[rows]).all()
    mask = np.arange(3) != 1
    assert (cache.values(net, inputs[rows][mask], 2) == whole[[5, 69]]).all()
    assert (len(inputs[rows]), len(inputs[rows][mask]), len(inputs[:7])) == (3, 2, 7)
    assert (cache.hits, cache.misses) == (2, 1)
    for depth in range(4):
        np.testing.assert_allclose(cache.logits(net, inputs[rows], depth), net.logits(inputs[rows]), atol=1e-5)


def test_memory_holds_what_it_may_and_the_disk_the_rest(made: Any, tmp_path: Path) -> None:
    from fastmlp.backbones import FeatureCache

    net, inputs = made
    one = 70 * 8 * 64 * 4  # bytes after stage 1
    cache = FeatureCache(memory=one, folder=tmp_path / "features")
    cache.values(net, inputs, 2)
    cache.values(net, inputs, 3)
    assert len(cache._kept) == 1
    found = FeatureCache(folder=tmp_path / "features")  # the next process
    values = found.values(net, inputs, 2)
    assert (found.hits, found.misses) == (1, 0)
    assert (values == net.evaluate(inputs.values, 0, 2)).all()
    for file in (tmp_path / "features").iterdir():
        file.write_bytes(b"PK")
    with pytest.raises(FastmlpError, match=r"npy: cannot be read as kept values; delete it"):
        FeatureCache(folder=tmp_path / "features").values(net, inputs, 2)


def test_values_beyond_memory_are_read_from_the_disk(made: Any, tmp_path: Path) -> None:
    from fastmlp.backbones import FeatureCache

    net, inputs = made
    cache = FeatureCache(memory=1000, folder=tmp_path)
    for _ in range(2):
        assert (cache.values(net, inputs, 2) == net.evaluate(inputs.values, 0, 2)).all()
    assert not cache._kept
    assert (cache.hits, cache.misses) == (1, 1)


def test_a_folder_is_cleared_of_what_caches_kept_and_of_nothing_else(made: Any, tmp_path: Path) -> None:
    from fastmlp.backbones import FeatureCache
    from fastmlp.backbones.cache import forget

    net, inputs = made
    FeatureCache(folder=tmp_path / "mine").values(net, inputs, 2)
    (tmp_path / "mine" / f".{'0' * 40}.0of1.npy.1234abcd").write_bytes(b"cut short")
    (tmp_path / "mine" / "own.npy").write_bytes(b"")
    forget(tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["own.npy"]
    (tmp_path / "mine" / "own.npy").unlink()
    forget(tmp_path / "mine")
    forget(tmp_path / "mine")  # it is gone
    assert not (tmp_path / "mine").exists()


def test_a_pickle_of_a_cache_is_its_settings(made: Any) -> None:
    from fastmlp.backbones import FeatureCache

    cache = FeatureCache(memory=10**6)
    cache.values(made[0], made[1], 2)
    again = pickle.loads(pickle.dumps(cache))
    assert (again.memory, again._kept, again.hits) == (10**6, {}, 0)


def test_too_little_memory_is_said_before_anything_is_computed(made: Any) -> None:
    from fastmlp.backbones import FeatureCache

    with pytest.raises(FastmlpError, match=r"stage 'block1' for 70 examples are 0 MB, and memory for them is 0 MB"):
        FeatureCache(memory=1000).values(made[0], made[1], 2)
