from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from fastmlp.errors import FastmlpError

from .modules import BLOCKS, pictures, small_cnn


@pytest.fixture
def made(oracle: Callable[[str], ModuleType]) -> Any:
    from fastmlp.backbones import digest_of, make_backbone

    backbone = make_backbone(small_cnn(oracle("torch")), BLOCKS, pictures()[0][:4])
    inputs = backbone.prepare(pictures(70)[0])
    return backbone.network(3, 4), inputs, digest_of(inputs)


def test_values_are_those_of_the_stages_and_are_found_again(made: Any) -> None:
    from fastmlp.backbones import FeatureCache

    net, inputs, digest = made
    cache = FeatureCache()
    values = cache.values(net, inputs, digest, 2)
    assert (values == net.evaluate(inputs, 0, 2)).all()
    assert cache.values(net, inputs, digest, 2) is values
    assert cache.values(net, inputs, digest, 0) is inputs
    pooled = cache.values(net, inputs, digest, 2, pooled=True)
    assert (pooled == values.mean(dim=(2, 3))).all()
    above = cache.values(net, inputs, digest, 3)  # goes on from what is there
    assert (above - net.evaluate(inputs, 0, 3)).abs().max() < 1e-6


def test_what_values_depend_on_is_in_the_key(made: Any) -> None:
    from fastmlp.backbones import FeatureCache, digest_of

    net, inputs, digest = made
    cache = FeatureCache()
    first = cache.values(net, inputs, digest, 2)
    net.stages[2].parameters()[0][1].data.add_(1)  # above
    assert cache.values(net, inputs, digest, 2) is first
    net.stages[1].buffers()[0][1].add_(1)
    assert (cache.values(net, inputs, digest, 2) != first).any()
    other = inputs + 1
    assert (cache.values(net, other, digest_of(other), 2) != cache.values(net, inputs, digest, 2)).any()


def test_memory_holds_what_it_may_and_the_disk_the_rest(made: Any, tmp_path: Path) -> None:
    from fastmlp.backbones import FeatureCache

    net, inputs, digest = made
    one = 70 * 8 * 64 * 4  # bytes after stage 1
    cache = FeatureCache(memory=one, folder=tmp_path / "features")
    cache.values(net, inputs, digest, 2)
    cache.values(net, inputs, digest, 3)
    assert len(cache._kept) == 1
    found = FeatureCache(folder=tmp_path / "features")  # the next process
    values = found.values(net, inputs, digest, 2)
    assert (found.hits, found.misses) == (1, 0)
    assert (values == net.evaluate(inputs, 0, 2)).all()
    for file in (tmp_path / "features").iterdir():
        file.write_bytes(b"PK")
    with pytest.raises(FastmlpError, match=r"npz: cannot be read as kept values; delete it"):
        FeatureCache(folder=tmp_path / "features").values(net, inputs, digest, 2)


def test_too_little_memory_is_said_before_anything_is_computed(made: Any) -> None:
    from fastmlp.backbones import FeatureCache

    net, inputs, digest = made
    with pytest.raises(FastmlpError, match=r"stage 'block1' for 70 examples are 0 MB, and memory for them is 0 MB"):
        FeatureCache(memory=1000).values(net, inputs, digest, 2)
