"""Strategies on stages of a PyTorch module, against the same strategies on the same network in NumPy."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import fastmlp
from fastmlp.errors import FastmlpError, InvalidInput
from fastmlp.strategies import STRATEGIES, Phase, Strategy, get_strategy
from fastmlp.strategies.backbone import transfer_backbone
from fastmlp.strategies.transfer import train_from
from fastmlp.training import TrainingInterrupted, TrainingOptions, draw_order
from fastmlp.training.interrupt import Onlooker

from ..backbones.modules import BLOCKS, pictures, sequential, small_cnn

NETWORKS = [name for name, strategy in STRATEGIES.items() if strategy.start is not None]
LEARNING = {"sgd": 0.05, "adamw": 0.01}
DRAW = np.random.default_rng(0)
X, Y = DRAW.normal(size=(45, 6)), np.arange(45) % 4
WEIGHTS = DRAW.uniform(0.5, 2, 45)
EPOCHS = 12
ORDER = draw_order(EPOCHS, 45, 1)


@pytest.fixture(scope="module")
def source() -> fastmlp.Network:
    net = fastmlp.init_mlp((6, 9, 7, 4), rng=1, dtype="float64")
    return fastmlp.train_mlp(net, X, Y, epochs=5, backend="numpy").network


@pytest.fixture
def mlp(source: fastmlp.Network, oracle: Callable[[str], ModuleType]) -> Any:
    from fastmlp.backbones import make_backbone

    return make_backbone(sequential(oracle("torch"), source), [["0", "1"], ["2", "3"]], X[:3], head="4")


@pytest.fixture
def cnn(oracle: Callable[[str], ModuleType]) -> Any:
    from fastmlp.backbones import make_backbone

    return make_backbone(small_cnn(oracle("torch")), BLOCKS, pictures()[0][:4], head="fc")


def as_network(net: Any) -> fastmlp.Network:
    """The same as a network of fastmlp's own."""
    widths = [stage.parameters()[0][1].shape[0] for stage in net.stages]
    found = fastmlp.init_mlp((6, *widths, net.n_classes), dtype="float64")
    for stage, weight, bias in zip(net.stages, found.weights, found.biases, strict=False):
        parts = [one.detach().numpy() for _, one in stage.parameters()]
        weight[:], bias[:] = parts[0].T, parts[1]
    found.theta[found.layout.starts[-2] :] = net.head
    return found


@pytest.mark.parametrize("optimizer", LEARNING)
@pytest.mark.parametrize(
    "name", [*NETWORKS, "partial-2", "probe-2", "transfuse-2", "transplant-1", "random-frozen-1", "lora-2"]
)
def test_a_strategy_on_stages_is_the_strategy_on_layers(name: str, optimizer: str, mlp: Any) -> None:
    options: dict[str, Any] = {"optimizer": optimizer, "lr": LEARNING[optimizer], "weight_decay": 0.02}
    options |= {"epochs": EPOCHS, "batch_size": 16, "backend": "numpy"}
    weight = None if optimizer == "sgd" else WEIGHTS
    fit = transfer_backbone(
        mlp,
        X,
        Y,
        strategy=name,
        n_classes=4,
        order=ORDER,
        accuracies=True,
        body_rate=1,
        sample_weight=weight,
        **options,
    )
    strategy = get_strategy(name)
    own = TrainingOptions(**options, short_batch="weighted", accuracies=True)
    expected = train_from(as_network(fit.start), X, Y, strategy, own, order=ORDER, sample_weight=weight)
    assert_allclose(as_network(fit.network).theta, expected.network.theta, rtol=0, atol=1e-9)
    assert_allclose(fit.losses, expected.losses, rtol=0, atol=1e-9)
    assert fit.free_by_stage == expected.free_by_layer
    assert fit.accuracies == expected.accuracies
    assert fit.frozen_before == fit.frozen_after
    assert not fit.diverged


def test_starts_are_the_pretrained_stages_or_draws_that_strategies_share(mlp: Any, source: fastmlp.Network) -> None:
    def start(name: str) -> fastmlp.Network:
        return as_network(transfer_backbone(mlp, X, Y, strategy=name, n_classes=4, rng=7, epochs=4).start)

    finetune, scratch, both, own = (start(name) for name in ("finetune", "scratch", "transfuse-1", "keep-head"))
    assert_array_equal(own.theta, source.theta)
    for layer in range(2):
        assert_array_equal(finetune.weights[layer], source.weights[layer])
        assert (scratch.weights[layer] != source.weights[layer]).all()
    assert_array_equal(both.weights[0], source.weights[0])
    assert_array_equal(both.weights[1], scratch.weights[1])
    assert_array_equal(finetune.weights[2], scratch.weights[2])
    moments = start("meanvar").weights[0]
    assert_allclose(moments.std(), source.weights[0].std(), rtol=0.3)


@pytest.mark.parametrize("name", ["frozen", "partial-2", "finetune", "bitfit", "gradual", "probe-1"])
def test_what_is_frozen_keeps_its_bytes_statistics_included(name: str, cnn: Any) -> None:
    X, y = pictures()
    before = cnn.fingerprint, [stage.digest() for stage in cnn.stages]
    fit = transfer_backbone(cnn, X, y, strategy=name, n_classes=4, epochs=4, lr=0.01)
    assert fit.frozen_before is not None
    assert fit.frozen_before == fit.frozen_after
    kept = [a.digest() == b.digest() for a, b in zip(fit.network.stages, fit.start.stages, strict=True)]
    assert kept == [not free for free in fit.free_by_stage[:-1]]
    buffers = [
        [[one.tolist() for _, one in stage.buffers()] for stage in net.stages] for net in (fit.network, fit.start)
    ]
    assert buffers[0] == buffers[1]
    del cnn.__dict__["fingerprint"]
    assert (cnn.fingerprint, [stage.digest() for stage in cnn.stages]) == before


def test_moving_statistics_move_where_weights_do_and_nowhere_else(cnn: Any) -> None:
    X, y = pictures()
    fits = [
        transfer_backbone(cnn, X, y, strategy="partial-2", n_classes=4, epochs=2, batch_norm=rule)
        for rule in ("kept", "moving")
    ]
    for fit in fits:
        assert fit.frozen_before == fit.frozen_after

    def moved(fit: Any, place: int) -> bool:
        pairs = zip(fit.network.stages[place].buffers(), fit.start.stages[place].buffers(), strict=True)
        return any((one != other).any() for (_, one), (_, other) in pairs)

    assert [[moved(fit, place) for place in range(3)] for fit in fits] == [[False] * 3, [False, False, True]]
    scratch = transfer_backbone(cnn, X, y, strategy="scratch", n_classes=4, epochs=2)
    assert all(moved(scratch, place) for place in range(3))  # none is worth keeping


def test_frozen_batch_norm_that_is_meant_to_stay_would_show(cnn: Any) -> None:
    """The hash covers buffers: one changed number of a running average, and it is another."""
    net = cnn.network(3, 4)
    stays = np.array([[True, True]] * 3 + [[False, False]])
    before = net.digest(stays, "kept")
    net.stages[1].buffers()[0][1][0] += 1e-3
    assert net.digest(stays, "kept") != before


def test_dropout_draws_what_the_seed_says_and_none_where_nothing_moves(
    cnn: Any, oracle: Callable[[str], ModuleType]
) -> None:
    X, y = pictures()
    state = oracle("torch").random.get_rng_state()
    one, again, other = (
        transfer_backbone(cnn, X, y, strategy="finetune", n_classes=4, epochs=3, rng=rng) for rng in (1, 1, 2)
    )
    assert_array_equal(one.network.theta, again.network.theta)
    assert (one.network.theta != other.network.theta).any()
    assert (oracle("torch").random.get_rng_state() == state).all()
    same = [transfer_backbone(cnn, X, y, strategy="frozen", n_classes=4, epochs=3, backend="numpy") for _ in range(2)]
    assert_array_equal(same[0].network.logits(cnn.prepare(X)), same[1].network.logits(cnn.prepare(X)))


def test_the_kernels_train_the_head_as_pytorch_does(cnn: Any) -> None:
    """Stage 2 at a rate of nearly nothing: PyTorch trains the head, which the kernels train alone."""
    X, y = pictures()
    slow = Strategy("pretrained", (Phase(body=1e-30, frozen=2),))
    for stage in cnn.stages:  # PyTorch's would see dropout in the stage that moves
        stage.modules[0][3].p = 0.0
    frozen, moving = (
        transfer_backbone(cnn, X, y, strategy=strategy, n_classes=4, epochs=5, rng=2, optimizer="sgd", lr=0.1)
        for strategy in ("frozen", slow)
    )
    assert frozen.parameters_trained < moving.parameters_trained
    assert_allclose(frozen.network.head, moving.network.head, rtol=0, atol=1e-5)


def test_frozen_stages_are_computed_once_and_kept(cnn: Any) -> None:
    from fastmlp.backbones import FeatureCache

    X, y = pictures()
    cache = FeatureCache()
    for strategy, hits, misses in [("partial-2", 0, 1), ("partial-2", 1, 1), ("frozen", 1, 2), ("frozen", 2, 2)]:
        transfer_backbone(cnn, X, y, strategy=strategy, n_classes=4, epochs=1, cache=cache)
        assert (cache.hits, cache.misses) == (hits, misses)


@pytest.mark.parametrize(("strategy", "stop", "whole"), [("finetune", 7, 3), ("lora-2", 5, 2), ("lp-ft", 9, 4)])
def test_an_interrupt_keeps_what_whole_epochs_made(
    strategy: str, stop: int, whole: int, cnn: Any, mlp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two updates an epoch; the signal comes after some of them, in the midst of an epoch or at its end."""
    backbone, (x, y) = (mlp, (X[:24], Y[:24])) if strategy == "lora-2" else (cnn, pictures())
    options: dict[str, Any] = {"strategy": strategy, "n_classes": 4, "batch_size": 12, "epochs": 6, "backend": "numpy"}
    kept: list[Any] = []
    transfer_backbone(backbone, x, y, **options, after_epoch=lambda epoch: kept.append(epoch.network.copy()))
    monkeypatch.setattr("fastmlp.training.pieces.STEPS_PER_CALL", 1)
    monkeypatch.setattr("fastmlp.training.pieces.SECONDS_PER_CALL", 1e-12)
    calls, see = [0], Onlooker.see

    def heard(onlooker: Onlooker, epoch: int, *, goes_on: bool) -> None:
        see(onlooker, epoch, goes_on=goes_on)
        calls[0] += 1
        if calls[0] == stop:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Onlooker, "see", heard)
    with pytest.raises(TrainingInterrupted, match=f"interrupted after {whole} of 6 epochs") as stopped:
        transfer_backbone(backbone, x, y, **options)
    fit = stopped.value.fit
    assert_array_equal(fit.network.theta, kept[whole - 1].theta)
    for ours, theirs in zip(fit.network.stages, kept[whole - 1].stages, strict=True):
        assert ours.digest() == theirs.digest()
    assert len(fit.losses) == whole
    assert fit.frozen_before == fit.frozen_after
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_subsets_of_prepared_inputs_are_the_inputs_and_share_what_is_computed(cnn: Any) -> None:
    from fastmlp.backbones import FeatureCache

    X, y = pictures()
    cache, whole, rows = FeatureCache(), cnn.prepared(X), np.arange(24)[::2]
    options: dict[str, Any] = {"strategy": "partial-2", "n_classes": 4, "epochs": 2, "rng": 3}
    one = transfer_backbone(cnn, whole[rows], y[rows], cache=cache, **options)
    alone = transfer_backbone(cnn, X[rows], y[rows], **options)
    assert_allclose(one.network.theta, alone.network.theta, rtol=0, atol=1e-6)
    transfer_backbone(cnn, whole[1::2], y[1::2], cache=cache, **options)
    assert (cache.hits, cache.misses, one.frozen_depth) == (1, 1, 2)
    other = replace(whole, preparation="size 9")
    with pytest.raises(InvalidInput, match="X was prepared by 'size 9'; Sequential needs ''"):
        transfer_backbone(cnn, other, y, **options)


def test_pretrained_stages_move_by_a_share_of_the_rate_and_new_ones_by_its_root(cnn: Any) -> None:
    """One step of SGD is proportional to the rate."""
    X, y = pictures()
    options: dict[str, Any] = {"n_classes": 4, "epochs": 1, "batch_size": 24, "optimizer": "sgd", "lr": 0.1}
    for stage in cnn.stages:  # draws of dropout are of the seed, but let the steps be those of one loss
        stage.modules[0][3].p = 0.0
    for name, share in (("finetune", 0.25), ("scratch", 0.5), ("bitfit", 0.25)):
        steps = []
        for body_rate in (1.0, 0.25):
            fit = transfer_backbone(cnn, X, y, strategy=name, body_rate=body_rate, **options)
            steps.append(fit.network.theta - fit.start.theta)
        head = fit.start.layout.starts[-2]
        assert_allclose(steps[1][:head], share * steps[0][:head], rtol=1e-3, atol=1e-7)
        assert_allclose(steps[1][head:], steps[0][head:], rtol=1e-6)


def test_too_little_memory_is_said_before_any_phase_is_trained(cnn: Any) -> None:
    from fastmlp.backbones import FeatureCache

    X, y = pictures()
    small = FeatureCache(memory=24 * 8 * 64 * 4)  # enough for the upper stages, and not for the first
    small_one = FeatureCache(memory=24 * 5 * 64 * 4)
    transfer_backbone(cnn, X, y, strategy="partial-2", n_classes=4, epochs=1, cache=small)
    with pytest.raises(InvalidInput, match="the values of stage 'block0' for 24 examples"):
        transfer_backbone(cnn, X, y, strategy="gradual", n_classes=4, epochs=8, cache=small_one)
    assert not small_one.misses


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"strategy": "partial-4"}, r"strategy 'partial-4' needs 4 hidden layers; the backbone has 3 stages"),
    ({"strategy": "baseline"}, "strategy 'baseline' trains no network"),
    ({"strategy": "lora-4"}, "rank is 4, and no stage that moves has a linear layer"),
    ({"strategy": "gradual", "epochs": 2}, "each needs at least 1"),
    ({"strategy": "keep-head", "n_classes": 5}, "keeps the source's head, of which the backbone has 4 classes"),
    ({"device": "gpu"}, "unknown device 'gpu'"),
    ({"body_rate": 0}, "body_rate is 0"),
    ({"sample_weight": [-1.0] * 24}, r"sample_weight\[0\] is -1.0"),
    ({"batch_norm": "frozen"}, "unknown batch_norm 'frozen'"),
    ({"y": [0] * 24}, "all 24 labels are 0"),
    ({"y": [0, 1]}, r"2"),
    ({"X": np.full((24, 3, 8, 8), np.nan)}, "4608 of the 4608 numbers of X are NaN or infinite"),
    ({"X": [["a"]] * 24}, "X"),
    ({"X": np.zeros((24, 1, 8, 8))}, r"X of shape \(24, 1, 8, 8\) does not fit stage 'block0': .*expected input"),
    ({"strategy": 3}, "strategy is 3; a name or a Strategy is needed"),
    ({"backbone": 3}, "backbone is 3; a Backbone is needed"),
]


@pytest.mark.parametrize(("changed", "message"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_refused_is_refused_before_anything_is_trained(changed: dict[str, Any], message: str, cnn: Any) -> None:
    X, y = pictures()
    with pytest.raises(FastmlpError, match=message):
        transfer_backbone(**{"backbone": cnn, "X": X, "y": y, "n_classes": 4, "epochs": 4} | changed)


def test_a_backbone_without_a_head_keeps_none(oracle: Callable[[str], ModuleType]) -> None:
    from fastmlp.backbones import make_backbone

    X, y = pictures()
    bare = make_backbone(small_cnn(oracle("torch")), BLOCKS, X[:4])
    with pytest.raises(InvalidInput, match="keeps the source's head, of which the backbone has none"):
        transfer_backbone(bare, X, y, strategy="zero-shot", n_classes=4)
