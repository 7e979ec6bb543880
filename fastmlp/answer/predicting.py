"""Predictions of a saved model for new rows, as lines of CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput, shown
from ..interchange.tables import Wanted, read_table
from ..models import load

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
        names of its features, and others are not looked at.

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


def _lines(classifier: Any, X: NDArray[Any]) -> Iterator[bytes]:
    classes = classifier.classes_.tolist()
    yield _csv([["label", *(f"p_{name}" for name in classes)]])
    for start in range(0, len(X), ROWS):
        shares = classifier.predict_proba(X[start : start + ROWS])
        likeliest = shares.argmax(axis=1).tolist()
        yield _csv(
            [[classes[k], *(f"{p:.6g}" for p in row)] for k, row in zip(likeliest, shares.tolist(), strict=True)]
        )


def _csv(rows: list[list[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
