"""Predictions of a saved model for new rows, as lines of CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..backbones import Backbone, Prepared
from ..errors import InvalidInput, shown
from ..interchange.tables import Wanted, read_table
from ..models import load
from .backbone_inputs import unlabelled_inputs

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROWS = 4096  # that are predicted together
REMEDY = "the model knows no way with that; `fastmlp fit --missing mean` trains one that fills it"


def predictions(model: Path, data: Any) -> Iterator[bytes]:
    """Yield lines of CSV: a header, then for each row its likeliest label and the probability of each class.

    Parameters
    ----------
    model
        A file of `fastmlp.save`, of anything that predicts classes.
    data
        A table: see `fastmlp.interchange.tables.read_table`. Its columns are matched by name, if the model knows the
        names of its features, and others are not looked at. Of a model on a backbone, pictures or texts: see
        `backbone_inputs.unlabelled_inputs`.

    Raises
    ------
    CheckpointError, InvalidInput
        If the model or the table cannot be used; before the first line is yielded.
    """
    classifier = load(model)
    if not hasattr(classifier, "predict_proba") or not hasattr(classifier, "classes_"):
        raise InvalidInput(
            f"{model}: holds {shown(classifier)}, which predicts no classes; `fastmlp fit` makes a model"
        )
    if isinstance(getattr(classifier, "pretrained", None), Backbone):
        return _of_inputs(classifier, Path(data))
    names = getattr(classifier, "feature_names_in_", None)
    features = None if names is None else tuple(map(str, names))
    fills = getattr(classifier, "missing", "refuse") == "mean"
    wanted = Wanted(features=features, missing="mean" if fills else "refuse")
    table = read_table(data, wanted, remedy=REMEDY, whole=False)
    if table.X.shape[1] != classifier.n_features_in_:
        raise InvalidInput(
            f"{table.name}: has {table.X.shape[1]} features, and {model.name} takes {classifier.n_features_in_}"
        )
    bare = copy(classifier)
    bare.__dict__.pop("feature_names_in_", None)  # the columns are in their order, and an array has no names
    return _lines(bare, table.X)


def _of_inputs(classifier: Any, data: Path) -> Iterator[bytes]:
    """Predict what a backbone prepares; a picture's line begins with its path."""
    names, inputs = unlabelled_inputs(classifier.pretrained, data)
    return _lines(classifier, inputs, names)


def _lines(classifier: Any, X: NDArray[Any] | Prepared, names: Sequence[str] | None = None) -> Iterator[bytes]:
    classes = classifier.classes_.tolist()
    first = [[]] * len(X) if names is None else [[name] for name in names]
    yield _csv([[*([] if names is None else ["path"]), "label", *(f"p_{name}" for name in classes)]])
    for start in range(0, len(X), ROWS):
        shares = classifier.predict_proba(X[start : start + ROWS])
        likeliest, called = shares.argmax(axis=1).tolist(), first[start : start + ROWS]
        rows = zip(called, likeliest, shares.tolist(), strict=True)
        yield _csv([[*name, classes[k], *(f"{p:.6g}" for p in row)] for name, k, row in rows])


def _csv(rows: list[list[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
