from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import fastmlp
from fastmlp.errors import InvalidInput, LabelError, UnknownName
from fastmlp.registry import SHORT_BATCHES
from fastmlp.strategies import (
    SMALLER,
    STRATEGIES,
    Phase,
    Strategy,
    expand,
    get_strategy,
    share_out,
    starting_network,
    train_from,
    transfer,
)
from fastmlp.strategies.transfer import hold_back, spawned
from fastmlp.training import Epoch, Stop, TrainingOptions, data, draw_order, loop
from fastmlp.training.loop import run_with_early_stopping

from ..conftest import SeededRng

SOURCE = fastmlp.init_mlp((4, 6, 5, 10), rng=11)
NETWORKS = [name for name, strategy in STRATEGIES.items() if strategy.phases]
STILL = Strategy("pretrained", (Phase(body=1e-30, rank=2),))  # adapters that hardly move


def target(rng: SeededRng) -> tuple[Any, Any]:
    y = rng.labels(40, 10)
    return rng.normal(40, 4) + np.eye(10, 4)[y], y


def moved(fit: fastmlp.Fit, start: fastmlp.Network) -> list[bool]:
    return [not np.array_equal(a, b) for a, b in zip(fit.network.weights, start.weights, strict=True)]


def test_the_head_is_new_and_the_same_for_every_strategy() -> None:
    new = [STRATEGIES[name] for name in NETWORKS if STRATEGIES[name].head == "new"]
    starts = [starting_network(SOURCE, strategy, 10, 3) for strategy in new]
    for start in starts:
        if start.sizes == (4, 6, 5, 10):  # a probe of lower features has a head of another shape
            assert_array_equal(start.weights[-1], starts[0].weights[-1])


def test_a_head_that_is_kept_is_the_source_s_own() -> None:
    for name in ("keep-head", "zero-shot"):
        start = starting_network(SOURCE, STRATEGIES[name], 10, 3)
        assert_array_equal(start.theta, SOURCE.theta)
        assert not np.shares_memory(start.theta, SOURCE.theta)


@pytest.mark.parametrize("sizes", [(4, 6, 5, 10), (4, 6, 1)], ids=["a logit a class", "one logit"])
def test_zero_shot_trains_nothing(sizes: tuple[int, ...], backend: str, rng: SeededRng) -> None:
    net = fastmlp.init_mlp(sizes, rng=11)
    y = rng.labels(40, net.n_classes)
    options: dict[str, Any] = {"n_classes": net.n_classes, "accuracies": True, "backend": backend}
    fit = transfer(net, rng.normal(40, 4), y, strategy="zero-shot", **options)
    assert_array_equal(fit.network.theta, net.theta)
    assert (fit.steps, len(fit.losses), fit.accuracies, fit.parameters_trained) == (0, 0, (), 0)
    assert not fit.diverged
    assert fit.frozen_before == fit.frozen_after is not None


@pytest.mark.parametrize("name", ["zero-shot", "keep-head"])
@pytest.mark.parametrize("n_classes", [9, 11])
def test_a_head_with_other_classes_cannot_be_kept(name: str, n_classes: int, rng: SeededRng) -> None:
    says = f"strategy '{name}' keeps the source's head, which has 10 classes; n_classes is {n_classes}"
    with pytest.raises(InvalidInput, match=says):
        transfer(SOURCE, rng.normal(40, 4), rng.labels(40, 9), strategy=name, n_classes=n_classes)


def test_any_head_new_or_kept_may_go_with_any_phases(backend: str, rng: SeededRng) -> None:
    x, y = target(rng)
    for name in ("frozen", "lp-ft", "l2-sp", "gradual", "bitfit", "lora-4"):
        kept = replace(STRATEGIES[name], head="source")
        fit = transfer(SOURCE, x, y, strategy=kept, n_classes=10, rng=3, epochs=6, backend=backend)
        assert_array_equal(fit.start.theta, SOURCE.theta)
        assert moved(fit, SOURCE)[-1], name


def test_pretrained_starts_copy_the_body_and_random_ones_share_a_draw() -> None:
    starts = {name: starting_network(SOURCE, STRATEGIES[name], 10, 3) for name in NETWORKS}
    body = slice(0, SOURCE.layout.starts[2])
    for name in ("frozen", "finetune", "gradual", "lp-ft", "l2-sp", "bitfit", "discriminative", "partial-1", "plateau"):
        assert_array_equal(starts[name].theta[body], SOURCE.theta[body])
    for name in ("scratch-source-scaler", "random-frozen"):
        assert_array_equal(starts[name].theta, starts["scratch"].theta)


@pytest.mark.parametrize("k", [1, 2])
def test_transplanted_and_random_frozen_layers_stay_and_the_rest_is_trained(
    k: int, backend: str, rng: SeededRng
) -> None:
    x, y = target(rng)
    drawn = starting_network(SOURCE, get_strategy("scratch"), 10, 3)
    edge = SOURCE.layout.starts[k]
    for name, kept in ((f"transplant-{k}", SOURCE), (f"random-frozen-{k}", drawn)):
        fit = transfer(SOURCE, x, y, strategy=name, n_classes=10, rng=3, epochs=3, backend=backend)
        assert_array_equal(fit.network.theta[:edge], kept.theta[:edge])
        assert_array_equal(fit.start.theta[edge:], drawn.theta[edge:])
        assert moved(fit, fit.start) == [False] * k + [True] * (3 - k)


def test_epochs_that_a_patient_phase_leaves_go_to_the_last_or_are_not_run(rng: SeededRng) -> None:
    x, y = target(rng)
    patient = Phase(head=0, body=1e-30, patience=2, share=0.5)  # never improves: ends after 1 + 2 epochs
    two = Strategy("pretrained", (patient, Phase(share=0.5)), held_back=0.2)
    fit = transfer(SOURCE, x, y, strategy=two, n_classes=10, epochs=20, backend="numpy")
    assert len(fit.losses) == 20
    assert np.isfinite(fit.losses).all()
    one = Strategy("pretrained", (replace(patient, share=1.0),), held_back=0.2)
    assert len(transfer(SOURCE, x, y, strategy=one, n_classes=10, epochs=20, backend="numpy").losses) == 3


def test_where_no_label_can_be_held_back_layers_thaw_after_their_patience(rng: SeededRng) -> None:
    x, _ = target(rng)
    fit = transfer(SOURCE, x[:10], np.arange(10), strategy="plateau", n_classes=10, epochs=20, backend="numpy")
    assert not fit.diverged
    assert moved(fit, fit.start) == [True] * 3


@pytest.mark.parametrize("k", [1, 2])
def test_transfuse_copies_the_first_layers_and_draws_the_rest(k: int) -> None:
    start, drawn = (starting_network(SOURCE, get_strategy(name), 10, 3) for name in (f"transfuse-{k}", "scratch"))
    edge = SOURCE.layout.starts[k]
    assert_array_equal(start.theta[:edge], SOURCE.theta[:edge])
    assert_array_equal(start.theta[edge:], drawn.theta[edge:])


def test_probe_is_a_linear_head_on_the_features_of_a_layer(backend: str, rng: SeededRng) -> None:
    x, y = target(rng)
    fit = transfer(SOURCE, x, y, strategy="probe-1", n_classes=10, rng=3, epochs=3, backend=backend)
    assert fit.network.sizes == (4, 6, 10)
    order = draw_order(3, len(x), 1)
    probe = transfer(SOURCE, x, y, strategy="probe-2", n_classes=10, rng=3, epochs=3, order=order, backend=backend)
    frozen = transfer(SOURCE, x, y, strategy="frozen", n_classes=10, rng=3, epochs=3, order=order, backend=backend)
    assert_array_equal(probe.network.theta, frozen.network.theta)


def test_meanvar_keeps_only_the_moments_of_the_pretrained_weights() -> None:
    big = fastmlp.init_mlp((200, 100, 2), rng=1)
    big.weights[0][:] = 3 + 0.5 * big.weights[0]
    start = starting_network(big, STRATEGIES["meanvar"], 10, 3)
    ours, theirs = start.weights[0], big.weights[0]
    assert ours.mean() == pytest.approx(theirs.mean(), abs=5 * theirs.std() / np.sqrt(ours.size))
    assert ours.std() == pytest.approx(theirs.std(), rel=0.05)
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] < 0.05


@pytest.mark.parametrize("name", NETWORKS)
def test_every_strategy_runs_leaves_its_source_alone_and_repeats_itself(
    name: str, backend: str, rng: SeededRng
) -> None:
    before = SOURCE.theta.copy()
    x, y = target(rng)
    fits = [transfer(SOURCE, x, y, strategy=name, n_classes=10, rng=3, epochs=3, backend=backend) for _ in range(2)]
    assert_array_equal(SOURCE.theta, before)
    assert_array_equal(fits[0].network.theta, fits[1].network.theta)
    assert fits[0].frozen_before == fits[0].frozen_after


def test_frozen_trains_the_head_and_keeps_the_bytes_of_the_body(backend: str, rng: SeededRng) -> None:
    fit = transfer(SOURCE, *target(rng), strategy="frozen", n_classes=10, epochs=3, backend=backend)
    body = slice(0, SOURCE.layout.starts[2])
    assert fit.network.theta[body].tobytes() == SOURCE.theta[body].tobytes()
    assert fit.frozen_before == fit.frozen_after is not None
    assert fit.parameters_trained == 5 * 10 + 10


def test_finetune_moves_every_layer(backend: str, rng: SeededRng) -> None:
    start = starting_network(SOURCE, STRATEGIES["finetune"], 10, 3)
    fit = transfer(SOURCE, *target(rng), strategy="finetune", n_classes=10, rng=3, epochs=3, backend=backend)
    assert moved(fit, start) == [True, True, True]
    assert fit.frozen_before is None


def test_one_phase_at_full_multipliers_and_finetunes_rate_is_finetune_bit_for_bit(backend: str, rng: SeededRng) -> None:
    x, y = target(rng)
    options: dict[str, Any] = {"n_classes": 10, "rng": 3, "epochs": 3, "backend": backend}
    plain = Strategy("pretrained", (Phase(),))
    assert_array_equal(
        transfer(SOURCE, x, y, strategy="finetune", lr=0.05, **options).network.theta,
        transfer(SOURCE, x, y, strategy=plain, lr=0.05 * SMALLER, **options).network.theta,
    )


def test_discriminative_divides_the_rate_for_each_layer_down() -> None:
    table = STRATEGIES["discriminative"].phases[0].multipliers(3)
    assert_allclose(table / SMALLER, np.repeat([[1 / 2.6**2], [1 / 2.6], [1.0]], 2, axis=1), rtol=1e-15)


@pytest.mark.parametrize("k", [1, 2])
def test_partial_keeps_the_bytes_of_the_first_layers_and_moves_the_others(k: int, backend: str, rng: SeededRng) -> None:
    start = starting_network(SOURCE, get_strategy(f"partial-{k}"), 10, 3)
    fit = transfer(SOURCE, *target(rng), strategy=f"partial-{k}", n_classes=10, rng=3, epochs=3, backend=backend)
    assert moved(fit, start) == [layer >= k for layer in range(3)]
    assert fit.frozen_before == fit.frozen_after is not None


def test_gradual_never_moves_a_layer_before_its_phase(backend: str, rng: SeededRng) -> None:
    x, y = target(rng)
    order = draw_order(6, len(x), 1)
    start = starting_network(SOURCE, STRATEGIES["gradual"], 10, 3)
    for turns, expected in [(1, [False, False, True]), (2, [False, True, True]), (3, [True, True, True])]:
        shared = STRATEGIES["gradual"].phases_for(3)[:turns]
        some = Strategy("pretrained", tuple(replace(phase, share=1 / turns) for phase in shared))
        fit = transfer(
            SOURCE,
            x,
            y,
            strategy=some,
            n_classes=10,
            rng=3,
            epochs=2 * turns,
            order=order[: 2 * turns],
            backend=backend,
        )
        assert moved(fit, start) == expected


@pytest.mark.parametrize("name", NETWORKS)
def test_a_diary_of_accuracies_changes_no_bit(name: str, backend: str, rng: SeededRng) -> None:
    x, y = target(rng)
    options: dict[str, Any] = {"strategy": name, "n_classes": 10, "rng": 3, "epochs": 11, "backend": backend}
    plain, told = (transfer(SOURCE, x, y, accuracies=wanted, **options) for wanted in (False, True))
    assert_array_equal(told.network.theta, plain.network.theta)
    assert_array_equal(told.losses, plain.losses)
    assert plain.accuracies == ()
    assert [epoch for epoch, _ in told.accuracies] == [1, 2, 4, 8, 11]
    assert told.accuracies[-1][1] == fastmlp.accuracy(told.network, x, y, backend=backend)
    if name == "scratch":
        order = draw_order(11, len(x), 5)
        short = transfer(SOURCE, x, y, **options | {"epochs": 4, "order": order[:4]})
        whole = transfer(SOURCE, x, y, **options | {"order": order}, accuracies=True)
        assert dict(whole.accuracies)[4] == fastmlp.accuracy(short.network, x, y, backend=backend)


@pytest.mark.parametrize("name", ["finetune", "plateau", "lora-2"])
@pytest.mark.parametrize("lr", [1e6, 1e30])
def test_a_training_that_diverges_does_so_without_a_warning(name: str, lr: float, backend: str, rng: SeededRng) -> None:
    x, y = target(rng)
    fit = transfer(SOURCE, x, y, strategy=name, n_classes=10, lr=lr, epochs=8, accuracies=True, backend=backend)
    assert fit.diverged
    fastmlp.predict_proba(fit.network, x, backend=backend)
    fastmlp.backward(fit.network, x, y, backend=backend)


def test_plateau_unfreezes_when_the_held_back_loss_stalls_and_uses_all_its_epochs(
    backend: str, rng: SeededRng, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = target(rng)
    lengths = []

    def listened(*arguments: Any) -> int:
        lengths.append(run_with_early_stopping(*arguments))
        return lengths[-1]

    monkeypatch.setattr(loop, "run_with_early_stopping", listened)
    fit = transfer(SOURCE, x, y, strategy="plateau", n_classes=10, rng=3, epochs=200, lr=0.2, backend=backend)
    assert len(lengths) == 2  # the head alone, then one layer more; the third phase takes what is left
    assert all(3 < length < 200 for length in lengths)
    assert np.isfinite(fit.losses).all()
    assert moved(fit, starting_network(SOURCE, STRATEGIES["plateau"], 10, 3)) == [True, True, True]
    assert fit.steps == 200  # 32 of 40 examples are one batch: a fifth is held back


def test_what_plateau_holds_back_is_not_trained_on(backend: str, rng: SeededRng) -> None:
    x, y = target(rng)
    one_phase = Strategy("pretrained", (Phase(patience=9),), held_back=0.2)  # of 4 epochs: it is never lost
    fit = transfer(SOURCE, x, y, strategy=one_phase, n_classes=10, rng=3, epochs=4, backend=backend)
    changed = x.copy()
    changed[hold_back(y, 0.2, 10, spawned(3, 1)[2])] += 100
    other = transfer(SOURCE, changed, y, strategy=one_phase, n_classes=10, rng=3, epochs=4, backend=backend)
    assert_array_equal(fit.network.theta, other.network.theta)


@pytest.mark.parametrize("epochs", [1, 2, 3, 4, 5, 9])
@pytest.mark.parametrize("name", [*NETWORKS, "partial-2", "probe-2", "lora-1", "transplant-1", "random-frozen-1"])
def test_what_is_recorded_as_free_moved_and_the_rest_did_not(
    name: str, epochs: int, backend: str, rng: SeededRng
) -> None:
    x, y = target(rng)
    options: dict[str, Any] = {"n_classes": 10, "rng": 3, "epochs": epochs, "backend": backend}
    try:
        fit = transfer(SOURCE, x, y, strategy=name, **options)
    except InvalidInput as error:
        assert "each needs at least 1" in str(error)  # noqa: PT017 - either is right, and is checked
        assert epochs < len(STRATEGIES[name].phases_for(3))
        return
    changed = fit.network.theta != fit.start.theta
    layers = [changed[start:end].any() for start, end in pairwise(fit.network.layout.starts)]
    assert [count > 0 for count in fit.free_by_layer] == layers
    assert fit.parameters_trained == sum(fit.free_by_layer)
    if not name.startswith("lora"):  # which trains other numbers than the network's
        assert np.count_nonzero(changed) <= fit.parameters_trained
        assert (fit.frozen_before is None) == (fit.parameters_trained == len(changed))
    assert fit.frozen_before == fit.frozen_after


def test_a_phase_that_early_stopping_left_no_epoch_is_not_recorded(backend: str, rng: SeededRng) -> None:
    x, y = target(rng)
    patient = replace(STRATEGIES["plateau"], phases=(replace(STRATEGIES["plateau"].phases[0], patience=99),))
    fit = transfer(SOURCE, x, y, strategy=patient, n_classes=10, epochs=4, backend=backend)
    assert fit.free_by_layer == (0, 0, 5 * 10 + 10)
    assert fit.frozen_before == fit.frozen_after is not None


@pytest.mark.parametrize(
    ("name", "epochs", "message"),
    [
        ("lp-ft", 1, "epochs is 1; shares of 0.5, 0.5 give the phases 0, 1 epochs, and each needs at least 1"),
        ("gradual", 2, "epochs is 2; shares of 0.333, 0.333, 0.333 give the phases 1, 0, 1 epochs"),
    ],
)
def test_epochs_that_give_a_phase_none_are_refused(name: str, epochs: int, message: str, rng: SeededRng) -> None:
    with pytest.raises(InvalidInput, match=message):
        transfer(SOURCE, *target(rng), strategy=name, n_classes=10, epochs=epochs, backend="numpy")


def test_which_labels_are_held_back_is_drawn_like_everything_else(rng: SeededRng) -> None:
    _, y = target(rng)
    drawn = [hold_back(y, 0.2, 10, spawned(seed, 1)[2]) for seed in (3, 3, 4)]
    assert_array_equal(drawn[0], drawn[1])
    assert (drawn[0] != drawn[2]).any()
    for n_phases in (1, 2, 3):  # whatever the strategy
        assert_array_equal(hold_back(y, 0.2, 10, spawned(3, n_phases)[2]), drawn[0])
    assert [mask.sum() for mask in drawn] == [8] * 3


def test_lp_ft_trains_the_head_and_then_everything_from_there(backend: str, rng: SeededRng) -> None:
    x, y = target(rng)
    order = draw_order(6, len(x), 1)
    options: dict[str, Any] = {"n_classes": 10, "rng": 3, "backend": backend}
    trained: dict[str, Any] = {"backend": backend, "short_batch": "weighted"}
    both = transfer(SOURCE, x, y, strategy="lp-ft", epochs=6, order=order, **options)
    probe = transfer(SOURCE, x, y, strategy="frozen", epochs=3, order=order[:3], **options)
    full = fastmlp.train_mlp(probe.network, x, y, epochs=3, lr=0.05 * SMALLER, order=order[3:], **trained)
    assert_array_equal(both.network.theta, full.network.theta)


def l2_sp(strength: float) -> Strategy:
    return Strategy("pretrained", (replace(STRATEGIES["l2-sp"].phases[0], pull=strength),))


def test_l2_sp_goes_from_finetune_to_a_body_at_the_anchor_as_its_strength_grows(backend: str, rng: SeededRng) -> None:
    x, y = target(rng)
    net = fastmlp.init_mlp((4, 6, 5, 2), rng=11, dtype="float64")
    options: dict[str, Any] = {"n_classes": 10, "rng": 3, "epochs": 5, "backend": backend}
    body = slice(0, net.layout.starts[2])
    free = transfer(net, x, y, strategy="finetune", **options).network
    assert_array_equal(transfer(net, x, y, strategy=l2_sp(0), **options).network.theta, free.theta)
    fits = [transfer(net, x, y, strategy=l2_sp(strength), **options).network for strength in (1e-9, 0.1, 10, 1e3, 1e12)]
    assert_allclose(fits[0].theta, free.theta, rtol=1e-6)
    distances = [float(np.linalg.norm(fit.theta[body] - net.theta[body])) for fit in fits]
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 1e-9


def test_bitfit_moves_biases_and_head_and_no_weight_matrix_of_the_body(backend: str, rng: SeededRng) -> None:
    start = starting_network(SOURCE, STRATEGIES["bitfit"], 10, 3)
    fit = transfer(SOURCE, *target(rng), strategy="bitfit", n_classes=10, rng=3, epochs=5, backend=backend)
    assert moved(fit, start) == [False, False, True]
    assert all((bias != 0).any() for bias in fit.network.biases)
    assert fit.free_by_layer == (6, 5, 5 * 10 + 10)
    assert fit.parameters_trained == 6 + 5 + 5 * 10 + 10


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-12)])
def test_lora_moves_the_weights_of_the_body_within_its_rank(
    dtype: str, tolerance: float, backend: str, rng: SeededRng
) -> None:
    net = fastmlp.init_mlp((9, 8, 7, 2), rng=11, dtype=dtype)
    x, y = rng.normal(40, 9), rng.labels(40, 10)
    fit = transfer(net, x, y, strategy="lora-2", n_classes=10, rng=3, epochs=5, backend=backend)
    assert moved(fit, fit.start) == [True, True, True]
    for layer in range(2):
        change = fit.network.weights[layer].astype("float64") - net.weights[layer]
        singular = np.linalg.svd(change, compute_uv=False)
        assert singular[1] > 100 * tolerance
        assert singular[2] < tolerance  # nothing beyond rank 2: it is merged into plain weights
        assert_array_equal(fit.network.biases[layer], net.biases[layer])
    assert fit.free_by_layer == ((9 + 8) * 2, (8 + 7) * 2, 7 * 10 + 10)
    assert fit.frozen_before == fit.frozen_after is not None  # the biases of the body


def test_lora_begins_where_the_head_on_pretrained_features_begins(backend: str, rng: SeededRng) -> None:
    x, y = target(rng)
    options: dict[str, Any] = {"n_classes": 10, "rng": 3, "epochs": 1, "batch_size": 40, "backend": backend}
    lora = transfer(SOURCE, x, y, strategy=Strategy("pretrained", (Phase(rank=4),)), **options)
    frozen = transfer(SOURCE, x, y, strategy="frozen", **options)
    assert lora.losses[0] == pytest.approx(frozen.losses[0], rel=1e-6)  # the only batch, before any update
    assert_allclose(
        lora.network.theta[-60:], frozen.network.theta[-60:], atol=1e-6
    )  # so the head's first step is the same


def test_training_from_a_start_is_the_second_half_of_a_transfer(backend: str, rng: SeededRng) -> None:
    x, y = target(rng)
    twice = Strategy("pretrained", (Phase(rank=2, share=0.5), Phase(rank=2, share=0.5)))  # adapters of its own for each
    options: dict[str, Any] = {"lr": 0.05, "epochs": 4, "backend": backend, "short_batch": "weighted"}
    order = draw_order(4, len(x), 0)
    start = starting_network(SOURCE, twice, 10, 3)
    half = train_from(start, x, y, twice, TrainingOptions(**options), order=order, rng=3)
    whole = transfer(SOURCE, x, y, strategy=twice, n_classes=10, rng=3, order=order, **options)
    assert_array_equal(half.network.theta, whole.network.theta)


def test_lora_gives_the_same_examples_in_the_same_order(backend: str, rng: SeededRng) -> None:
    x, y = target(rng)
    options: dict[str, Any] = {"n_classes": 10, "rng": 3, "epochs": 3, "backend": backend}
    lora, frozen = (transfer(SOURCE, x, y, strategy=strategy, **options) for strategy in (STILL, "frozen"))
    assert_allclose(lora.losses, frozen.losses, rtol=1e-6)


def test_every_strategy_visits_the_examples_in_the_same_order(rng: SeededRng, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = target(rng)
    orders = []

    def listened(*arguments: Any) -> Any:
        orders.append(draw_order(*arguments))
        return orders[-1]

    monkeypatch.setattr(data, "draw_order", listened)
    twice = Strategy("pretrained", (Phase(rank=2, share=0.5), Phase(rank=2, share=0.5)))
    strategies: list[str | Strategy] = [*NETWORKS, "probe-2", "lora-1", "transplant-1", twice]
    for strategy in strategies:
        transfer(SOURCE, x, y, strategy=strategy, n_classes=10, rng=3, epochs=3, backend="numpy")
    assert len(orders) == len(strategies)
    for order in orders:
        assert_array_equal(order, orders[0])


def test_a_generator_goes_on_and_a_seed_sequence_begins_again(rng: SeededRng) -> None:
    x, y = target(rng)
    for seeded, repeats in ((np.random.SeedSequence(3), True), (np.random.default_rng(3), False)):
        options: dict[str, Any] = {"n_classes": 10, "rng": seeded, "epochs": 1, "backend": "numpy"}
        fits = [transfer(SOURCE, x, y, strategy="lora-2", **options) for _ in range(2)]
        assert np.array_equal(fits[0].network.theta, fits[1].network.theta) == repeats
        plain = transfer(SOURCE, x, y, strategy="lora-2", **options | {"rng": 3})
        assert_array_equal(fits[0].network.theta, plain.network.theta)


def test_random_frozen_trains_a_head_on_random_features(backend: str, rng: SeededRng) -> None:
    start = starting_network(SOURCE, STRATEGIES["random-frozen"], 10, 3)
    fit = transfer(SOURCE, *target(rng), strategy="random-frozen", n_classes=10, rng=3, epochs=3, backend=backend)
    assert moved(fit, start) == [False, False, True]


@pytest.mark.parametrize(
    "name", ["frozen", "discriminative", "gradual", "plateau", "lp-ft", "l2-sp", "bitfit", "partial-2", "lora-2"]
)
def test_both_backends_agree_on_every_strategy(name: str, rng: SeededRng) -> None:
    net = fastmlp.init_mlp((4, 6, 5, 2), rng=11, dtype="float64")
    x, y = target(rng)
    one, other = (
        transfer(net, x, y, strategy=name, n_classes=10, rng=3, epochs=9, backend=backend)
        for backend in ("numpy", "numba")
    )
    assert_allclose(one.network.theta, other.network.theta, rtol=1e-10, atol=1e-13)
    assert_allclose(one.losses, other.losses, rtol=1e-10)


def test_families_expand_to_the_depths_of_a_network_and_refuse_others(rng: SeededRng) -> None:
    assert expand("probe-k", 4) == ["probe-1", "probe-2", "probe-3"]
    assert expand("lp-ft", 4) == ["lp-ft"]
    assert expand("lora-r", 4) == ["lora-1", "lora-2", "lora-4", "lora-8"]
    assert get_strategy("partial-1") == STRATEGIES["partial-1"]
    for name in ("partial-0", "partial-x", "partial-k", "partial-1.5"):
        with pytest.raises(UnknownName, match="unknown strategy"):
            get_strategy(name)
    for name in ("partial-3", "probe-3", "transfuse-3"):
        with pytest.raises(
            InvalidInput, match=rf"strategy '{name}' needs 3 hidden layers; a network of sizes .* has 2"
        ):
            transfer(SOURCE, *target(rng), strategy=name, n_classes=10)


def test_scratch_is_training_a_random_network(backend: str, rng: SeededRng) -> None:
    x, y = target(rng)
    order = draw_order(3, len(x), 5)
    start = fastmlp.init_mlp((4, 6, 5, 10), rng=3)
    for short_batch in SHORT_BATCHES:
        options: dict[str, Any] = {"epochs": 3, "order": order, "backend": backend, "short_batch": short_batch}
        plain = fastmlp.train_mlp(start, x, y, lr=0.05, **options)
        scratch = transfer(SOURCE, x, y, strategy="scratch", n_classes=10, rng=3, **options)
        assert_array_equal(scratch.network.theta, plain.network.theta)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(1, 200))
def test_epochs_of_the_phases_add_up(parts: list[int], epochs: int) -> None:
    phases = [Phase(share=part / sum(parts)) for part in parts]
    shares = share_out(phases, epochs)
    assert sum(shares) == epochs
    assert min(shares) >= 0
    assert all(abs(share - epochs * phase.share) <= 1 for share, phase in zip(shares, phases, strict=True))


def test_strategies_that_know_the_source_are_those_that_use_its_network_or_its_scaler() -> None:
    ignorant = {name for name, strategy in STRATEGIES.items() if not strategy.knows_source}
    assert ignorant == {"baseline", "scratch"}


@pytest.mark.parametrize(
    ("name", "canonical"), [("partial-01", "partial-1"), ("lora-04", "lora-4"), ("transfuse-002", "transfuse-2")]
)
def test_a_member_of_a_family_has_one_name(name: str, canonical: str) -> None:
    with pytest.raises(UnknownName, match=f"unknown strategy '{name}'; did you mean '{canonical}'?"):
        get_strategy(name)
    assert isinstance(get_strategy(canonical), Strategy)


def test_the_table_cannot_be_changed_by_accident() -> None:
    with pytest.raises(TypeError):
        STRATEGIES["mine"] = Strategy(None)  # type: ignore[index]


def test_what_transfer_refuses_holds_the_values(rng: SeededRng) -> None:
    x, y = target(rng)
    with pytest.raises(UnknownName, match="unknown strategy 'finetun'; did you mean 'finetune'"):
        transfer(SOURCE, x, y, strategy="finetun", n_classes=10)
    with pytest.raises(InvalidInput, match=r"^strategy 'baseline' trains no network: it is scikit-learn's Logistic"):
        transfer(SOURCE, x, y, strategy="baseline", n_classes=10)
    for name in ("partial-7", "probe-7"):
        with pytest.raises(InvalidInput) as caught:
            transfer(SOURCE, x, y, strategy=name, n_classes=10)
        assert str(caught.value) == f"strategy '{name}' needs 7 hidden layers; a network of sizes (4, 6, 5, 10) has 2"
    still = Strategy("pretrained", (Phase(share=0.5), Phase(head=0, frozen=2, share=0.5)))
    with pytest.raises(
        InvalidInput, match=r"^the strategy moves nothing in phase 2, where head is 0 and frozen is 2; a"
    ):
        transfer(SOURCE, x, y, strategy=still, n_classes=10)
    with pytest.raises(InvalidInput, match="n_classes is 0"):
        transfer(SOURCE, x, y, n_classes=0)
    with pytest.raises(LabelError, match="y goes from 0 to 9; the network has classes 0 to 4"):
        transfer(SOURCE, x, y, n_classes=5)
    with pytest.raises(LabelError, match="5 examples for 10 classes"):
        transfer(SOURCE, x[:5], np.arange(5), n_classes=10)


@pytest.mark.parametrize("name", ["finetune", "lp-ft", "lora-4", "plateau"])
def test_what_an_example_counts_reaches_every_phase(name: str, rng: SeededRng) -> None:
    x, y = rng.normal(60, 4), rng.labels(60, 3)
    options: dict[str, Any] = {"strategy": name, "n_classes": 3, "epochs": 6, "backend": "numpy", "batch_size": 60}
    plain, alike = (fastmlp.transfer(SOURCE, x, y, sample_weight=w, **options) for w in (None, np.full(60, 3.0)))
    assert_allclose(alike.network.theta, plain.network.theta, atol=1e-6)
    fit = fastmlp.transfer(SOURCE, x, y, sample_weight=np.where(y == 0, 50.0, 1.0), **options | {"lr": 0.5})
    even = fastmlp.transfer(SOURCE, x, y, **options | {"lr": 0.5})
    weighted, same = (fastmlp.predict_proba(one.network, x, backend="numpy")[:, 0].mean() for one in (fit, even))
    assert weighted > same + 0.1


@pytest.mark.parametrize("name", ["finetune", "lora-4", "plateau", "lp-ft"])
def test_a_call_after_each_epoch_ends_a_phase_or_the_training(name: str, rng: SeededRng) -> None:
    x, y, strategy = rng.normal(40, 4), rng.labels(40, 3), get_strategy(name)
    start = starting_network(SOURCE, strategy, 3, np.random.default_rng(0))
    options = TrainingOptions(epochs=8, lr=0.1, backend="numpy")

    def fit(stop: Stop | None, at: int) -> tuple[fastmlp.Fit, list[int]]:
        seen: list[int] = []

        def after_epoch(epoch: Epoch) -> Stop | None:
            seen.append(epoch.number)
            return stop if epoch.number == at else None

        return train_from(start, x, y, strategy, options, after_epoch=after_epoch), seen

    whole, seen = fit(None, 0)
    assert seen == list(range(1, len(whole.losses) + 1))
    assert_array_equal(whole.network.theta, train_from(start, x, y, strategy, options).network.theta)
    ended, seen = fit(Stop.TRAINING, 2)
    assert seen == [1, 2]
    assert_array_equal(ended.losses, whole.losses[:2])
    shortened, seen = fit(Stop.PHASE, 2)
    several = len(strategy.phases_for(start.layout.n_layers)) > 1
    assert len(seen) == len(shortened.losses) == (len(whole.losses) if several else 2)
