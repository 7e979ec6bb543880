"""The network that is worked through by hand is the network that studies train."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from fastmlp.backends import reference
from fastmlp.report.chapters.network.numbers import short_batches_of
from fastmlp.report.chapters.network.tables import short_batches
from fastmlp.report.chapters.network.worked import LABEL, PARAMETERS, Pass, X, forward_backward, work_through
from fastmlp.report.png import png, strip

from ..test_sentences import said


def test_it_agrees_with_the_reference() -> None:
    theta = np.concatenate([p.ravel() for p in PARAMETERS])
    sizes = np.array([2, 2, 2])
    loss, gradient = reference.loss_and_gradient(theta, sizes, 0, X[None], np.array([LABEL]))
    worked = forward_backward(PARAMETERS, X, LABEL)
    np.testing.assert_allclose(worked.z2, reference.forward(theta, sizes, 0, X[None])[0], rtol=1e-14)
    assert worked.loss == pytest.approx(loss, rel=1e-14)
    np.testing.assert_allclose(np.concatenate([g.ravel() for g in worked.gradients]), gradient, atol=1e-15)


def test_the_story_told_about_it_is_true() -> None:
    worked = work_through(0.05)
    assert worked["z1"][0] > 0 > worked["z1"][1]  # one hidden unit is on, the other off
    assert worked["p"][LABEL] < 0.5
    assert worked["loss_after"] < worked["loss"]
    assert worked["dW1"][1][0] == max(abs(g) for row in worked["dW1"] for g in row)  # moved most: the larger input's
    assert len(worked["checks"]) == sum(p.size for p in PARAMETERS)
    assert worked["largest"] < 1e-9


def test_a_wrong_gradient_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*arguments: Any) -> Pass:
        right = forward_backward(*arguments)
        W1, b1, W2, b2 = (1.01 * g for g in right.gradients)
        return right._replace(gradients=(W1, b1, W2, b2))

    monkeypatch.setattr("fastmlp.report.chapters.network.worked.forward_backward", wrong)
    assert work_through(0.05)["largest"] > 1e-3


def test_a_strip_of_pictures_is_a_png() -> None:
    uri = strip(["0123456789abcdef" * 4, "f" * 64])
    assert uri.startswith("data:image/png;base64,iVBOR")
    data = png([bytes([0, 255]), bytes([128, 64])])
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert data[16:24] == bytes([0, 0, 0, 2, 0, 0, 0, 2])


ACCURACIES = {"weighted": [[0.8, 0.81, 0.79], [0.8, 0.8, 0.8]], "mean": [[0.8, 0.81, 0.79], [0.4, 0.42, 0.41]]}


@pytest.mark.parametrize(
    ("changed", "case"),
    [
        ({}, "falls"),
        ({"weighted": ACCURACIES["mean"]}, "both"),
        ({"mean": ACCURACIES["weighted"]}, "none"),
        ({"mean": ACCURACIES["mean"][::-1]}, "none"),
    ],
)
def test_what_a_short_batch_does_is_said_as_it_was_measured(changed: dict[str, Any], case: str) -> None:
    noted = {"problem": "rotated-30", "batch": 32, "sizes": [96, 97], "accuracy": ACCURACIES | changed}
    found = short_batches_of(json.dumps(noted), 0.01)
    assert found is not None
    assert (found["case"], found["seeds"], found["full"]) == (case, 3, 96)
    words = {
        "falls": "changes the accuracy by −39.0 points; with a weighted one it does no harm",
        "both": "points; with a weighted one, by −39.0",
        "none": "takes nothing away that the seeds could show",
    }
    assert words[case] in said("short_batches", found)
    rows = short_batches(found)["rows"]
    assert [row[0]["value"] for row in rows] == [96, 97]
    assert rows[1][1]["value"]["mean"] == found["accuracies"][0][1]["mean"]


def test_a_study_that_did_not_measure_short_batches_shows_none() -> None:
    assert short_batches_of(None, 0.01) is None
    assert short_batches_of("", 0.01) is None
