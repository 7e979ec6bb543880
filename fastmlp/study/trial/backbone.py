"""The trials of a problem with a backbone: strategies carried out on its stages, and the baselines of its inputs."""

from __future__ import annotations

from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from ...backbones import FeatureCache
from ...errors import InvalidInput
from ...network import softmax
from ...similarity import drift, h_score, leep, linear_cka, log_me
from ...strategies import get_strategy
from ...strategies.backbone import starting_backbone, transfer_backbone
from ..store.schema import SCORES, Record, finite
from .context import TrialContext
from .model import epochs_for, fit_logistic, train_baseline, training_record
from .stage_values import stage_features

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...backbones import BackboneFit, BackboneNetwork, Prepared
    from ...layout import Floats, Ints
    from ...problems import Problem
    from ...problems.backbone import BackboneProblem
    from ...strategies import Strategy
    from ..settings.schema import Settings
    from .own_measures import OwnMeasure

TEXT_STRENGTH = 10.0  # C of logistic regression on word counts, whose columns are short: scikit-learn's 1 is too tight


class BackboneContext(TrialContext):
    """One problem with a backbone, as one seed sees it.

    Inputs of the seed's examples are prepared once, and what frozen stages make of them is kept for all its trials.

    Parameters
    ----------
    problem, seed, settings, backend, own
        As for `TrialContext`; the backend is that of the kernels which train a head alone.
    """

    problem: BackboneProblem

    def __init__(
        self, problem: Problem, seed: int, settings: Settings, backend: str, own: Sequence[OwnMeasure] = ()
    ) -> None:
        super().__init__(problem, seed, settings, backend, own)
        self.cache = FeatureCache()

    @cached_property
    def _rows(self) -> Ints:
        return np.concatenate([self.split.heldout, np.sort(self.split.pool), self.split.probe])

    @cached_property
    def prepared(self) -> Prepared:
        """The inputs of all examples of the seed, prepared."""
        return self.problem.backbone.prepared(self.problem.rows(self._rows))

    def inputs(self, rows: Ints) -> Prepared:
        """Return the prepared inputs of some rows of the target."""
        place = {row: k for k, row in enumerate(self._rows.tolist())}
        return self.prepared[np.array([place[row] for row in rows.tolist()], dtype=np.int64)]

    def carry_out(self, strategy: Strategy, n_target: int) -> Record:
        """Train by a strategy on the first n_target examples of the target pool; evaluate it on the held-out set."""
        rows = self.split.subset(n_target)
        if strategy.start is None:
            return self._text_baseline(rows) if self.problem.texts else self._pixel_baseline(rows)
        fit, labels = self.fit(strategy, rows), self.problem.target.y
        record = fit_record(fit, len(self.problem.backbone.stages))
        if fit.diverged:
            return record
        depth = fit.frozen_depth
        if strategy.trains:
            seen = self.cache.logits(fit.network, self.inputs(rows), depth).argmax(axis=1)
            record["train_accuracy"] = float((seen == labels[rows]).mean())
        start = perf_counter()
        inside = self.settings.measures.inside and strategy.starts_from_source
        features, logits = stage_features(fit.network, self.inputs(self.split.heldout), depth, self.cache, kept=inside)
        record |= self._evaluate(logits, start)
        return record | ({"cka": self._cka(features, depth)} if inside else {})

    def fit(self, strategy: Strategy, rows: Ints) -> BackboneFit:
        """Train by a strategy on some rows of the target."""
        target, training = self.problem.target, self.settings.training
        epochs = epochs_for(training, len(rows), self.problem.sizes.pool)
        return transfer_backbone(
            self.problem.backbone,
            self.inputs(rows),
            target.y[rows],
            strategy=strategy,
            n_classes=target.n_classes,
            rng=self.shared.rng("weights"),
            epochs=epochs,
            batch_size=training.batch_size,
            lr=training.lr,
            body_rate=self.problem.body_rate,
            momentum=training.momentum,
            optimizer=training.optimizer,
            weight_decay=training.weight_decay,
            order=self.shared.order(epochs, len(rows)),
            short_batch=training.short_batch,
            batch_norm=self.problem.batch_norm,
            cache=self.cache,
            backend=self.shared.backend,
            threads=1,
            device=self.problem.device,
        )

    def _evaluate(self, logits: Floats, start: float) -> Record:
        """Return the measures of held-out logits; `start` is when their computation began."""
        return self.heldout.measure(softmax(logits)) | {"evaluate_seconds": perf_counter() - start}

    def _pixel_baseline(self, rows: Ints) -> Record:
        target = self.problem.target
        model = train_baseline(target.scaler(rows), target, rows, 1.0)
        right = model.logits(model.train_inputs).argmax(axis=1) == target.y[rows]
        return model.record | {"train_accuracy": float(right.mean())} | self.heldout.evaluate(model)

    def _text_baseline(self, rows: Ints) -> Record:
        """Fit logistic regression on the words of the labelled texts, weighted by how rare they are there."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        y, words = self.problem.target.y, TfidfVectorizer(sublinear_tf=True)
        X = words.fit_transform(self.problem.rows(rows))
        logits, record = fit_logistic(X, y[rows], self.problem.target.n_classes, TEXT_STRENGTH)
        right = logits(X).argmax(axis=1) == y[rows]
        start = perf_counter()
        held_out = logits(words.transform(self.problem.rows(self.split.heldout)))
        return record | {"train_accuracy": float(right.mean())} | self._evaluate(held_out, start)

    @cached_property
    def _pretrained(self) -> list[Floats]:
        """Features of the held-out inputs at each stage of the pretrained network."""
        net = self._network()
        return stage_features(net, self.inputs(self.split.heldout), 0, self.cache)[0]

    def _network(self) -> BackboneNetwork:
        backbone = self.problem.backbone
        return backbone.network(len(backbone.stages), self.problem.target.n_classes)

    def _cka(self, features: list[Floats], depth: int) -> list[float | None]:
        """Return CKA with the pretrained features by stage; stages below `depth` have not moved."""
        return [*[1.0] * depth, *map(linear_cka, features, self._pretrained[depth:])]

    def pretraining(self) -> Record:
        """Measure the pretrained features on the probe set, and those of random weights.

        There is no network that was pretrained on the target itself, so there is no similarity on a scale.
        """
        probe = self.split.probe
        if not len(probe):
            return {}
        return {
            "h_score": self._h_score(self._network()),
            "h_score_random": self._h_score(self._random_network()),
        }

    def _random_network(self) -> BackboneNetwork | None:
        backbone, n_classes = self.problem.backbone, self.problem.target.n_classes
        rng = self.shared.rng("pretraining weights")
        try:
            return starting_backbone(backbone, get_strategy("random-frozen"), n_classes, rng, "a random start")
        except InvalidInput:  # a module that cannot be drawn anew
            return None

    def _h_score(self, net: BackboneNetwork | None) -> float | None:
        if net is None:
            return None
        inputs = self.inputs(self.split.probe)
        features = stage_features(net, inputs, 0, self.cache)[0][-1]
        return finite(h_score(features, self.problem.target.y[self.split.probe]))

    def scores(self, n_target: int) -> Record:
        """Measure how transferable the pretrained network looks to someone with n_target labels."""
        backbone, target, rows = self.problem.backbone, self.problem.target, self.split.subset(n_target)
        depth, y = len(backbone.stages), target.y[rows]
        features = self.cache.values(self._network(), self.inputs(rows), depth, pooled=True).numpy()
        found = {
            "log_me": finite(log_me(features, y, target.n_classes)),
            "label_cka": finite(linear_cka(features, np.eye(target.n_classes)[y])),
        }
        if backbone.head is not None:
            own = backbone.network(depth, len(backbone.head) // (backbone.features + 1))
            own.head[:] = backbone.head
            of_source = softmax(self.cache.logits(own, self.inputs(rows), depth))
            found["leep"] = finite(leep(of_source, y, target.n_classes))
        return dict.fromkeys(SCORES) | found


def fit_record(fit: BackboneFit, stages: int) -> Record:
    """Return the part of a record that describes a training; `stages` are those of the whole backbone."""
    return training_record(fit) | {
        "trainable": list(fit.free_by_stage),
        "drift": [] if fit.diverged else drift_by_stage(fit, stages),
    }


def drift_by_stage(fit: BackboneFit, stages: int) -> list[float | None]:
    """Return the distance of each stage from its start, relative to the start's length, that of the head last.

    A stage that is left out, or has no parameters, has None.
    """
    layout = fit.start.layout
    filled = [k for k, length in enumerate(layout.lengths.sum(axis=1)) if length]
    moved = drift(fit.network.theta, fit.start.theta, [layout.starts[k] for k in filled])
    found = dict(zip(filled, moved, strict=True))
    *body, head = (found.get(k) for k in range(layout.n_layers))
    return [*body, *[None] * (stages - len(body)), head]
