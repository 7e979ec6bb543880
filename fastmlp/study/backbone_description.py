"""What a report says about a problem with a backbone: its examples, the network by stages, and its preparation."""

from __future__ import annotations

import json
import warnings
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from ..backbones import Timing
from ..backbones.pool import POOLS
from ..backends.torch import threads_of_torch
from ..similarity import left_out_h_score, log_me
from .store.schema import finite

if TYPE_CHECKING:
    from ..backbones import BackboneNetwork
    from ..problems import Split
    from ..problems.backbone import BackboneProblem

TIMED = 16  # examples of the batch whose stages are timed
LONGEST = 160  # characters of a text that is shown


def describe_backbone(problem: BackboneProblem) -> str:
    """Return what a report says of the data and the network of a problem, as `describe_problem` does: a JSON object.

    ``backbone`` has the stages, with features, parameters and seconds an example, and the steps of the preparation.
    The scores of the stages are those of seed 0, on its probe set.
    """
    split, backbone = problem.split(0), problem.backbone
    facts = {
        "examples": len(problem.target.y),
        "features": None,
        "source_classes": None,
        "target_classes": problem.target.n_classes,
        "same_classes": False,
        "control": problem.control,
        "shared": False,
        "source_pool": None,
        "target_pool": len(split.pool),
        "probe": len(split.probe),
        "held_out": len(split.heldout),
        "folds": problem.folds,
        "pictures": {},
        "inputs": None,
        "own": None,
        "backbone": {
            "name": backbone.name,
            "hash": backbone.fingerprint,
            "texts": problem.texts,
            "classes": list(problem.classes),
            "copies": problem.copies,
            "unreadable": list(problem.unreadable),
            "pool": backbone.pool,
            "own_classes": 0 if backbone.head is None else len(backbone.head) // (backbone.features + 1),
            "preparation": backbone.preparation,
            "mistake": problem.mistake,
            "steps": preparation_steps(problem, split),
            "stages": describe_stages(problem, split),
        },
    }
    return json.dumps(facts)


def describe_stages(problem: BackboneProblem, split: Split) -> list[dict[str, Any]]:
    """Return name, parameters, features and seconds an example of each stage, and the scores of its features.

    A mistake in the preparation takes no longer, so that there are no seconds.
    """
    backbone = problem.backbone
    net = problem.network()
    with threads_of_torch(1):  # more of them wait for each other where other programs run
        timing = None
        if problem.mistake is None:
            timing = Timing(net, backbone.prepared(problem.rows(split.pool[:TIMED])).tensors)
        scores = stage_scores(problem, split, net) if len(split.probe) else [(None, None)] * len(backbone.stages)
    return [
        {
            "name": stage.name,
            "parameters": sum(net.layout.counts[place]),
            "features": backbone.widths[place],
            "forward_seconds": timing and timing.forward(place, place + 1),
            "step_seconds": timing and timing.step(place),
            "h_score": scores[place][0],
            "log_me": scores[place][1],
        }
        for place, stage in enumerate(backbone.stages)
    ]


def stage_scores(
    problem: BackboneProblem, split: Split, net: BackboneNetwork
) -> list[tuple[float | None, float | None]]:
    """Return the H-score and the LogME of each stage's features, on the probe set."""
    y, n_classes, found = problem.target.y[split.probe], problem.target.n_classes, []
    value = problem.backbone.prepared(problem.rows(split.probe)).tensors
    for place in range(len(net.stages)):
        value = net.evaluate(value, place, place + 1)
        features = POOLS[net.pool](value).numpy()
        found.append((finite(left_out_h_score(features, y)), finite(log_me(features, y, n_classes))))
    return found


def preparation_steps(problem: BackboneProblem, split: Split) -> list[dict[str, Any]]:
    """Return what each step makes of the first example of the target pool: pixels of 8 bits, or text."""
    first = problem.rows(split.pool[:1])[0]
    prepare: Any = problem.backbone.prepare  # its tokens, or its preparation of pictures
    if problem.texts:
        with warnings.catch_warnings(action="ignore"):  # that it is cut is said of all
            ids = prepare([first])[0][0].tolist()
        tokens = prepare.tokenizer.convert_ids_to_tokens(ids)
        cut = [f"{first[:LONGEST]}…" if len(first) > LONGEST else first, " ".join(tokens)]
        return [{"name": name, "text": text} for name, text in zip(("read", "tokens"), cut, strict=True)]
    preparation = prepare.preparation
    seen = preparation.steps(first)["normalised"]
    return [
        {
            "name": name,
            "pixels": b64encode(picture.tobytes()).decode(),
            "height": picture.shape[0],
            "width": picture.shape[1],
            "low": float(seen.min()) if name == "normalised" else 0.0,
            "high": float(seen.max()) if name == "normalised" else 1.0,
        }
        for name, picture in preparation.images(first).items()
    ]
