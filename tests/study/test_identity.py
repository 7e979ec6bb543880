"""What a machine is asked before it gets trials: whatever its results depend on, under a name for a message."""

from __future__ import annotations

import pickle

import pytest

from fastmlp.study import environment, identity
from fastmlp.study.identity import EnvironmentCheck
from fastmlp.study.settings.load import from_dict
from tests.made_up_study import SMALL

CHECK = EnvironmentCheck(from_dict(SMALL), "numpy")


def test_another_machine_can_be_asked() -> None:
    assert pickle.loads(pickle.dumps(CHECK))() == CHECK()


@pytest.mark.parametrize("library", ["fastmlp", "numpy", "scipy", "scikit-learn"])
def test_another_version_differs_by_name(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    here = CHECK()
    for module in (environment, identity):
        known = module.version_of
        monkeypatch.setattr(module, "version_of", lambda name, known=known: "9" if name == library else known(name))
    there = CHECK()
    assert [name for name in here if here[name] != there[name]] == [f"version of {library}"]


def test_other_kernels_differ_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    here = CHECK()
    monkeypatch.setattr(environment, "kernel_fingerprint", lambda *_: "other")
    there = CHECK()
    assert [name for name in here if here[name] != there[name]] == [n for n in here if n.startswith("fingerprint of")]
    assert any(name.startswith("fingerprint of the full rank") for name in here)
