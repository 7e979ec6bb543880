"""Carry out a strategy on a backbone: what `transfer` does for a network of fastmlp's own."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backbones import (
    Backbone,
    BackboneFit,
    Conditions,
    FeatureCache,
    device_of,
    draw_factors,
    draw_stage,
    fit_backbone,
)
from ..checks import at_least_one, check_name, check_order, in_range
from ..errors import InvalidInput, shown
from ..inputs import check_labels, check_trainable
from ..network import init_mlp
from ..seeds import generator_of
from ..targets import check_sample_weight
from ..training import ResolvedPhase, TrainingOptions, draw_order, resolve_phase
from ..training.data import Examples, TrainingData, without
from .families import get_strategy
from .spec import Strategy, share_out
from .transfer import hold_back, spawned

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ..backbones import BackboneNetwork
    from ..seeds import Rng
    from ..training import AfterEpoch
    from .spec import Phase

BATCH_NORMS = ("kept", "moving")
EPOCHS = 10
LR, BODY_RATE = 1e-2, 0.03  # measured: docs/guide/pretrained.md, "Rates"


def transfer_backbone(
    backbone: Backbone,
    X: Any,
    y: ArrayLike,
    *,
    strategy: str | Strategy = "finetune",
    n_classes: int,
    rng: Rng = 0,
    epochs: int = EPOCHS,
    batch_size: int = 32,
    lr: float = LR,
    body_rate: float = BODY_RATE,
    momentum: float = 0.9,
    optimizer: str = "adamw",
    weight_decay: float = 0.0,
    order: ArrayLike | None = None,
    accuracies: bool = False,
    short_batch: str = "weighted",
    sample_weight: ArrayLike | None = None,
    batch_norm: str = "kept",
    cache: FeatureCache | None = None,
    backend: str = "auto",
    threads: int | None = None,
    device: str = "cpu",
    after_epoch: AfterEpoch | None = None,
) -> BackboneFit:
    """Train a backbone for a new task by a strategy; its stages are the layers that the strategy speaks of.

    Stages below the first that moves are computed once for each phase, without dropout and with the statistics that
    they have. If nothing but the head moves, it is trained by fastmlp's own kernels.

    Parameters
    ----------
    backbone
        The pretrained network; it is not changed.
    X
        Inputs, as the backbone's preparation takes them; or what `Backbone.prepared` made of them, and rows of it.
    y : (n,)
        Labels from 0 to n_classes - 1.
    strategy, n_classes, rng, epochs, batch_size, momentum, optimizer, weight_decay, order, accuracies, short_batch
        As in `fastmlp.transfer`, but for their defaults.
    lr
        The full learning rate, that of a new head; the strategy's multipliers apply to it.
    body_rate
        What the rate of pretrained stages is multiplied by, beside the strategy's own multipliers: AdamW moves each
        number by about the rate, whatever its gradient, which filters bear less well than a new head. Of stages
        drawn anew its root; factors of a low rank take the full rate. 1: as the strategy's table says.
    sample_weight : (n,)
        What each example counts.
    batch_norm
        The statistics of batch normalisations in stages that move: ``kept`` as they were pretrained, or ``moving``,
        those of each batch. A stage that is drawn anew has none to keep.
    cache
        Keeps what frozen stages compute, for the next call too; without one, for this call.
    backend
        That of the kernels which train a head alone; all else is PyTorch's business.
    threads
        How many threads PyTorch may use; without it, as its own settings say.
    device
        ``cpu``, ``cuda``, or ``auto`` for a GPU if there is one. The head alone is trained on the CPU all the same.
    after_epoch
        Called after each epoch with a `fastmlp.training.Epoch`; the `fastmlp.training.Stop` that it returns ends the
        phase or the training.

    Raises
    ------
    UnknownName, InvalidInput
        As `fastmlp.transfer`.
    TrainingInterrupted
        On Ctrl-C, and by a notebook's stop button, once an update has been made; its `fit` has what whole epochs made.
    """
    if not isinstance(backbone, Backbone):
        raise InvalidInput(f"backbone is {shown(backbone)}; a Backbone is needed")
    chosen = get_strategy(strategy) if isinstance(strategy, str) else strategy
    if not isinstance(chosen, Strategy):
        raise InvalidInput(f"strategy is {shown(strategy)}; a name or a Strategy is needed")
    options = TrainingOptions(
        epochs, batch_size, lr, momentum, optimizer, weight_decay, accuracies, backend, short_batch, threads=threads
    )
    called = f"strategy {strategy!r}" if isinstance(strategy, str) else "the strategy"
    check_name("batch_norm", batch_norm, BATCH_NORMS)
    body_rate = in_range("body_rate", body_rate, above=0)
    classes = at_least_one("n_classes", n_classes)
    check_phases(chosen, len(backbone.stages), options.epochs, called)
    inputs = backbone.prepared(X)
    labels = check_labels(y, len(inputs), classes)
    generator = generator_of(rng)
    drawn, dropout = (np.random.default_rng(seed) for seed in generator.integers(2**63, size=2))
    start = starting_backbone(backbone, chosen, classes, drawn, called)
    start.device = device_of(device)
    start.check_inputs(inputs.values)
    phases = chosen.phases_for(start.layout.n_layers)
    adapters, visits, watched = spawned(generator, max(1, len(phases)))
    weights = check_sample_weight(sample_weight, len(labels), start.dtype)
    data = training_data(
        Examples(np.arange(len(labels), dtype=np.float64), labels, weights),
        chosen,
        options,
        order,
        classes,
        visits,
        watched,
    )
    resolved = [
        resolved_phase(start, phase, options, share, adapter, body_rate)
        for phase, share, adapter in zip(phases, share_out(phases, options.epochs), adapters, strict=False)
    ]
    conditions = Conditions(inputs, cache or FeatureCache(), batch_norm, int(dropout.integers(2**31)))
    return fit_backbone(start, data, resolved, options, conditions, after_epoch)


def frozen_stages(strategy: Strategy, stages: int) -> int:
    """Return how many stages of so many, from the inputs up, no phase of a strategy moves."""
    depth = strategy.layers if strategy.cut and strategy.layers else stages
    moves = [phase.multipliers(depth + 1).any(axis=1) for phase in strategy.phases_for(depth + 1)]
    return int(np.flatnonzero([*np.any(moves, axis=0)[:-1], True])[0]) if moves else depth


def check_phases(strategy: Strategy, stages: int, epochs: int, called: str) -> None:
    """Refuse a strategy that does not fit so many stages, or gives a phase no epoch."""
    if strategy.start is None:
        raise InvalidInput(f"{called} trains no network: it is scikit-learn's LogisticRegression on the inputs")
    if reason := strategy.refusal_of_depth(stages):
        raise InvalidInput(f"{called} {reason}; the backbone has {stages} stages")
    if strategy.phases and (reason := strategy.refusal_of_epochs(epochs, stages)):
        raise InvalidInput(reason)


def starting_backbone(
    backbone: Backbone, strategy: Strategy, n_classes: int, rng: np.random.Generator, called: str
) -> BackboneNetwork:
    """Return the network that a strategy starts from: stages as they are, or drawn anew, under a new head.

    The head is the same draw for every strategy, and so is each stage that is drawn anew.
    """
    stages = len(backbone.stages)
    copied = stages if strategy.layers is None else strategy.layers
    depth = copied if strategy.cut else stages
    first_drawn = copied if strategy.start == "pretrained" else 0
    net = backbone.network(depth, n_classes, [place >= first_drawn for place in range(depth)])
    head, *draws = rng.spawn(1 + stages)
    for place in range(first_drawn, depth):
        as_pretrained = strategy.start == "meanvar" and place < copied
        draw_stage(net, place, draws[place], keep_moments=as_pretrained)
    if strategy.head == "source":
        if backbone.head is None or len(backbone.head) != len(net.head):
            own = "none" if backbone.head is None else f"{len(backbone.head) // (backbone.features + 1)} classes"
            raise InvalidInput(
                f"{called} keeps the source's head, of which the backbone has {own}; n_classes is {n_classes}"
            )
        net.head[:] = backbone.head
    else:
        net.head[:] = init_mlp((net.features, n_classes), rng=head, dtype=net.theta.dtype).theta
    return net


def training_data(
    examples: Examples,
    strategy: Strategy,
    options: TrainingOptions,
    order: ArrayLike | None,
    n_classes: int,
    visits: np.random.Generator,
    watched: np.random.Generator,
) -> TrainingData:
    """Return examples, the order in which they are visited, and which of them are held back."""
    labels = examples.y
    n = len(labels)
    check_trainable(labels, n_classes)
    rows = draw_order(options.epochs, n, visits) if order is None else check_order(order, options.epochs, n)
    if not strategy.held_back:
        return TrainingData(examples, np.empty(0, np.int64), rows)
    mask = hold_back(labels, strategy.held_back, n_classes, watched)
    return TrainingData(examples, np.flatnonzero(mask), without(rows, mask) if mask.any() else rows)


def resolved_phase(
    net: BackboneNetwork,
    phase: Phase,
    options: TrainingOptions,
    epochs: int,
    rng: np.random.Generator,
    body_rate: float,
) -> ResolvedPhase:
    """Resolve a phase of a strategy for stages and a head; `rng` draws its adapters, if it has a rank.

    Parameters
    ----------
    body_rate
        As in `transfer_backbone`.

    Raises
    ------
    InvalidInput
        If it has a rank, and no stage that moves has a linear layer.
    """
    n_layers = net.layout.n_layers
    resolved = resolve_phase(net.dtype, phase.multipliers(n_layers), options, epochs)
    resolved = replace(resolved, pulls=phase.pulls(n_layers), patience=phase.patience)
    if not phase.rank:
        resolved.rates[:-1] *= np.where(net.drawn, math.sqrt(body_rate), body_rate)[:, np.newaxis]
        return resolved
    adapters = draw_factors(net, phase.rank, rng)
    bare = np.array([not part.size for part in adapters.factors])
    resolved.rates[:-1][bare] = 0
    if not resolved.rates[:-1].any():
        raise InvalidInput(f"rank is {phase.rank}, and no stage that moves has a linear layer; convolutions stay whole")
    return replace(resolved, adapters=adapters)
