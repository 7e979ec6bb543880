"""What checkpoints say of their inputs: files of settings that lie beside weights, as others write them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import InvalidInput
from ..files import entry_at, read_bytes, refusing
from .preparation import Preparation

POOLINGS = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "first"}  # of sentence-transformers
RESAMPLINGS = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}  # Pillow's numbers, which transformers writes


class TextConfiguration(NamedTuple):
    """What a checkpoint was trained on: the most tokens of a text, and how they are pooled, if it says."""

    length: int
    pool: str | None


def of_texts(folder: Path, length: int) -> TextConfiguration:
    """Return what the files of sentence-transformers beside a checkpoint say; `length` is its tokenizer's."""
    length = int(_json(folder / "sentence_bert_config.json").get("max_seq_length") or length)
    pooling = _json(folder / "1_Pooling" / "config.json")
    said = [pool for key, pool in POOLINGS.items() if pooling.get(key)]
    return TextConfiguration(length, said[0] if len(said) == 1 else None)


def of_pictures(weights: Path, otherwise: Preparation) -> Preparation:
    """Return how a checkpoint's inputs were prepared, by the settings of timm or transformers beside it.

    Parameters
    ----------
    weights
        The file of the checkpoint.
    otherwise
        What holds where nothing is said.

    Raises
    ------
    InvalidInput
        If such a file is damaged, or says what no preparation can be.
    """
    for name, read in (("config.json", _of_timm), ("preprocessor_config.json", _of_transformers)):
        place = weights.parent / name
        if said := {key: value for key, value in read(_json(place)).items() if value is not None}:
            try:
                return replace(otherwise, **said)
            except InvalidInput as error:
                raise InvalidInput(f"{place}: {error}") from error
    return otherwise


def _of_timm(config: dict[str, Any]) -> dict[str, Any]:
    own = config.get("pretrained_cfg", config)
    shape = own.get("input_size")
    return {
        "size": shape[-1] if isinstance(shape, list) and shape else None,
        "mean": own.get("mean"),
        "deviation": own.get("std"),
        "crop": own.get("crop_pct"),
        "interpolation": own.get("interpolation"),
    }


def _of_transformers(config: dict[str, Any]) -> dict[str, Any]:
    side, cropped = _side(config.get("size")), _side(config.get("crop_size"))
    crops = cropped is not None and config.get("do_center_crop", True)
    return {
        "size": cropped if crops else side,
        "mean": config.get("image_mean"),
        "deviation": config.get("image_std"),
        "crop": None if side is None else cropped / side if crops and cropped else 1.0,
        "interpolation": RESAMPLINGS.get(config.get("resample", -1)),
    }


def _side(size: Any) -> int | None:
    """Return pixels of a side: a number, or a mapping of sides to numbers."""
    if isinstance(size, dict):
        size = size.get("shortest_edge", size.get("height"))
    return size if isinstance(size, int) else None


def _json(path: Path) -> dict[str, Any]:
    """Return what a file holds; nothing if it is not there."""
    if entry_at(path) != "file":
        return {}
    with refusing(path, "cannot be read"):
        found = json.loads(read_bytes(path, InvalidInput))
    return found if isinstance(found, dict) else {}
