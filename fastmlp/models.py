"""Models in files: which classes there are, and `save` and `load`, which opens the folder of a study too.

A class that can be saved has `to_state` and `from_state`, and a row in `KINDS`. Nothing of a file is ever run or
imported: a file names its kind, and the table says which class that is.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Any

from .errors import CheckpointError, FastmlpError, InvalidInput, MissingLibrary, one_line, shown
from .files import check_path, entry_at, prepare_file

# Names of classes, and where they are
KINDS = {
    "Fit": ".training",
    "MLPClassifier": ".estimators.classifier",
    "MLPRegressor": ".estimators.regressor",
    "Network": ".network",
    "Pretrained": ".problems",
    "Scaler": ".problems",
    "Trained": ".study.results.trained",
    "TransferClassifier": ".estimators.transfer_classifier",
    "TransferSelectorCV": ".estimators.selector",
}

ON_BACKBONES = {"TransferClassifier", "TransferSelectorCV"}  # which may have been trained from one


def save(model: Any, path: str | os.PathLike[str]) -> Path:
    """Save a model to a file in safetensors, whole or not at all.

    Parameters
    ----------
    model
        A `Network`, a `Fit` or a fitted estimator of fastmlp.
    path
        A file; what it held before stays there until the new one is whole.

    Returns
    -------
    The path of the file.

    Raises
    ------
    InvalidInput
        If the model is none that can be saved, or there can be no file at the path.
    NotFiniteError
        If its parameters are not finite, as after a training that diverged.
    CheckpointError
        If the file cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from fastmlp import init_mlp
    >>> net = init_mlp((64, 64, 10), rng=0)
    >>> with TemporaryDirectory() as folder:
    ...     np.array_equal(load(save(net, f"{folder}/net.safetensors")).theta, net.theta)
    True
    """
    from .interchange.checkpoint import write_state

    kind = type(model).__name__
    if kind not in KINDS or type(model) is not _class_of(kind):
        raise InvalidInput(f"model is {shown(model)}; one of these can be saved: {', '.join(KINDS)}")
    place = prepare_file(check_path("path", path))
    write_state(model.to_state(), kind, place)
    return place


def load(path: str | os.PathLike[str], *, backbone: Any = None) -> Any:
    """Load what `save` has written, or open a study; nothing of a file is run.

    Parameters
    ----------
    path
        A file, or the folder of a study, which may be running.
    backbone
        The `Backbone` that a saved classifier stands on, of which its file has a hash. None: as the file names it, if
        `load_backbone` made it.

    Returns
    -------
    A model of the class that was saved; of a folder its `Results`.

    Raises
    ------
    CheckpointError
        If there is no such file, or it is damaged, or none of ours, or of a newer fastmlp.
    StoreError
        If it is a folder without a study, or with one that cannot be read.
    InvalidInput
        If the path is none.
    MissingLibrary
        If safetensors cannot be imported.
    """
    place = check_path("path", path)
    if backbone is not None:
        _check_backbone(backbone)
    if entry_at(place, CheckpointError) == "folder":
        from .study import Results

        return Results.open(place)
    from .interchange.checkpoint import read_state

    try:
        checkpoint = read_state(place)
        if checkpoint.kind not in KINDS:
            raise CheckpointError(f"it holds a {shown(checkpoint.kind)}; known: {', '.join(KINDS)}")
        if backbone is not None and checkpoint.kind not in ON_BACKBONES:
            raise CheckpointError(f"it holds a {checkpoint.kind}, which stands on no backbone")
        given = {"backbone": backbone} if checkpoint.kind in ON_BACKBONES else {}
        model = _class_of(checkpoint.kind).from_state(checkpoint.state, **given)
        checkpoint.check_all_read()
    except MemoryError as error:
        raise CheckpointError(f"{place}: there is too little memory for it") from error
    except MissingLibrary:
        raise
    except FastmlpError as error:
        says = one_line(str(error)).removeprefix(f"{place}: ")  # what the file system refuses begins with the path
        raise CheckpointError(f"{place}: {says}") from error
    return model


def _check_backbone(given: object) -> None:
    from .backbones import Backbone

    if not isinstance(given, Backbone):
        raise InvalidInput(f"backbone is {shown(given)}; a Backbone is needed")


def _class_of(kind: str) -> Any:
    return getattr(import_module(KINDS[kind], __package__), kind)
