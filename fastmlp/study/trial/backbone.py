"""The trials of a problem with a backbone: strategies carried out on its stages, and the baselines of its inputs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from ...backbones import FeatureCache
from ...errors import InvalidInput
from ...network import softmax
from ...similarity import drift, leep, left_out_h_score, linear_cka, log_me, perfect_h_score
from ...strategies import get_strategy
from ...strategies.backbone import starting_backbone, transfer_backbone
from ..store.schema import SCORES, Record, finite
from .context import TrialContext
from .model import epochs_for, fit_logistic, train_baseline, training_record
from .stage_values import stage_features
from .training import baseline_fold, declared, training_with, tune_by

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ...backbones import BackboneFit, BackboneNetwork, Prepared
    from ...layout import Floats, Ints
    from ...problems import Problem
    from ...problems.backbone import BackboneProblem
    from ...strategies import Strategy
    from ..settings.schema import Settings
    from .own_measures import OwnMeasure
    from .tuning import Candidate


TEXT_STRENGTH = 10.0  # C of logistic regression on word counts, whose columns are short: scikit-learn's 1 is too tight


@dataclass(frozen=True, eq=False)
class BackboneModel:
    """A model after training.

    Parameters
    ----------
    logits
        From rows of the target, (n,), to logits, (n, n_classes).
    describe
        Returns what its training adds to the record.
    fit
        The training; None for a baseline.
    """

    logits: Callable[[Ints], Floats]
    describe: Callable[[], Record]
    fit: BackboneFit | None = None

    @property
    def diverged(self) -> bool:
        """Whether its training diverged."""
        return self.fit is not None and self.fit.diverged


class BackboneContext(TrialContext):
    """One problem with a backbone, as one seed sees it.

    Inputs of the seed's examples are prepared once, and what frozen stages make of them is kept for all its trials.

    Parameters
    ----------
    problem, seed, settings, backend, own
        As for `TrialContext`; the backend is that of the kernels which train a head alone.
    features
        A folder where what frozen stages make of inputs is kept too, for a study that is resumed; None for none.
    """

    problem: BackboneProblem

    def __init__(
        self,
        problem: Problem,
        seed: int,
        settings: Settings,
        backend: str,
        own: Sequence[OwnMeasure] = (),
        features: Path | None = None,
    ) -> None:
        super().__init__(problem, seed, settings, backend, own)
        self.cache = FeatureCache(folder=features)

    @cached_property
    def _rows(self) -> Ints:
        return np.concatenate([self.split.heldout, np.sort(self.split.pool), self.split.probe])

    def use_all(self) -> Ints:
        """Let all rows of the target have prepared inputs, whatever the split says; return them."""
        self._rows = np.arange(len(self.problem.target.y))
        self.__dict__.pop("prepared", None)
        return self._rows

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
        rows, y = self.split.subset(n_target), self.problem.target.y
        chosen, tuned = self.tune(strategy, rows)
        model = self._train(strategy, rows, chosen)
        record = model.describe() | tuned
        if model.diverged:
            return record
        if strategy.trains:
            record["train_accuracy"] = _accuracy(model.logits(rows), y[rows])
        record |= self._evaluate(model, inside=self.settings.measures.inside and strategy.starts_from_source)
        if tuned:  # by then the choice is made
            first, heldout = self.declared(strategy), self.split.heldout
            untuned = model if chosen == first else self._train(strategy, rows, first)
            record["declared_accuracy"] = None if untuned.diverged else _accuracy(untuned.logits(heldout), y[heldout])
        return record

    def declared(self, strategy: Strategy) -> Candidate:
        """Return the settings that the study declares for a strategy."""
        is_of_words = strategy.start is None and self.problem.texts
        return declared(self)._replace(C=TEXT_STRENGTH) if is_of_words else declared(self)

    def tune(self, strategy: Strategy, rows: Ints) -> tuple[Candidate, Record]:
        """Choose settings by cross-validation on some rows of the target; return the choice and its record."""
        return tune_by(self, strategy, rows, self.declared(strategy), partial(self._fold, strategy, rows))

    def _fold(
        self, strategy: Strategy, rows: Ints, kept: Ints, left_out: Ints
    ) -> Callable[[Candidate], NDArray[np.float64]]:
        """Do what `train_fold` does for a network of fastmlp's own; frozen stages are computed for all rows once."""
        target = self.problem.target
        if strategy.start is None and not self.problem.texts:
            return baseline_fold(target.scaler(rows[kept]), target, rows[kept], rows[left_out])

        def fit(candidate: Candidate) -> NDArray[np.float64]:
            model = self._train(strategy, rows[kept], candidate)
            if model.diverged:
                return np.full((len(left_out), target.n_classes), np.nan)
            return softmax(model.logits(rows[left_out]))

        return fit

    def _train(self, strategy: Strategy, rows: Ints, candidate: Candidate) -> BackboneModel:
        """Train by a strategy on some rows of the target that the seed uses."""
        if strategy.start is None:
            return (self._text_baseline if self.problem.texts else self._pixel_baseline)(rows, candidate.C)
        fit = self.fit(strategy, rows, candidate)
        return BackboneModel(
            lambda asked: self.cache.logits(fit.network, self.inputs(asked), fit.frozen_depth),
            partial(fit_record, fit, len(self.problem.backbone.stages)),
            fit,
        )

    def fit(self, strategy: Strategy, rows: Ints, candidate: Candidate) -> BackboneFit:
        """Carry a strategy out on some rows of the target that the seed uses."""
        target, training = self.problem.target, training_with(self, candidate)
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

    def _evaluate(self, model: BackboneModel, *, inside: bool) -> Record:
        """Return the measures of the held-out set, and with `inside` CKA with the pretrained features by stage."""
        start, heldout = perf_counter(), self.split.heldout
        if model.fit is None:
            logits, compared = model.logits(heldout), {}
        else:
            net, depth = model.fit.network, model.fit.frozen_depth
            features, logits = stage_features(net, self.inputs(heldout), depth, self.cache, kept=inside)
            compared = {"cka": self._cka(features, depth)} if inside else {}
        return self.heldout.measure(softmax(logits)) | {"evaluate_seconds": perf_counter() - start} | compared

    def _pixel_baseline(self, rows: Ints, strength: float) -> BackboneModel:
        target = self.problem.target
        model = train_baseline(target.scaler(rows), target, rows, strength)
        return BackboneModel(lambda asked: model.logits(model.inputs(target.X[asked])), lambda: model.record)

    def _text_baseline(self, rows: Ints, strength: float) -> BackboneModel:
        """Fit logistic regression on the words of the labelled texts, weighted by how rare they are there."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        target, words = self.problem.target, TfidfVectorizer(sublinear_tf=True)
        X = words.fit_transform(self.problem.rows(rows))
        logits, record = fit_logistic(X, target.y[rows], target.n_classes, strength)
        return BackboneModel(lambda asked: logits(words.transform(self.problem.rows(asked))), lambda: record)

    @cached_property
    def _pretrained(self) -> list[Floats]:
        """Features of the held-out inputs at each stage of the pretrained network."""
        net = self.problem.network()
        return stage_features(net, self.inputs(self.split.heldout), 0, self.cache)[0]

    def _cka(self, features: list[Floats], depth: int) -> list[float | None]:
        """Return CKA with the pretrained features by stage; stages below `depth` have not moved."""
        return [*[1.0] * depth, *map(linear_cka, features, self._pretrained[depth:])]

    def pretraining(self) -> Record:
        """Measure the pretrained features on the probe set, and those of random weights.

        There is no network that was pretrained on the target itself: the scale of similarity ends with the highest
        score that there can be, which no network need reach.
        """
        probe = self.split.probe
        if not len(probe):
            return {}
        return {
            "h_score": self._h_score(self.problem.network()),
            "h_score_random": self._h_score(self._random_network()),
            "h_score_target": perfect_h_score(self.problem.target.y[probe]),
        }

    def _random_network(self) -> BackboneNetwork | None:
        backbone, n_classes = self.problem.backbone, self.problem.target.n_classes
        rng = self.shared.rng("pretraining weights")
        try:
            net = starting_backbone(backbone, get_strategy("random-frozen"), n_classes, rng, "a random start")
        except InvalidInput:  # a module that cannot be drawn anew
            return None
        net.device = self.problem.device
        return net

    def _h_score(self, net: BackboneNetwork | None) -> float | None:
        if net is None:
            return None
        inputs = self.inputs(self.split.probe)
        features = stage_features(net, inputs, 0, self.cache)[0][-1]
        return finite(left_out_h_score(features, self.problem.target.y[self.split.probe]))

    def scores(self, n_target: int) -> Record:
        """Measure how transferable the pretrained network looks to someone with n_target labels."""
        backbone, target, rows = self.problem.backbone, self.problem.target, self.split.subset(n_target)
        depth, y = len(backbone.stages), target.y[rows]
        features = self.cache.values(self.problem.network(), self.inputs(rows), depth, pooled=True).numpy()
        found = {
            "log_me": finite(log_me(features, y, target.n_classes)),
            "label_cka": finite(linear_cka(features, np.eye(target.n_classes)[y])),
        }
        if backbone.head is not None:
            own = self.problem.network(len(backbone.head) // (backbone.features + 1))
            own.head[:] = backbone.head
            of_source = softmax(self.cache.logits(own, self.inputs(rows), depth))
            found["leep"] = finite(leep(of_source, y, target.n_classes))
        return dict.fromkeys(SCORES) | found


def _accuracy(logits: Floats, labels: Ints) -> float:
    return float((logits.argmax(axis=1) == labels).mean())


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
