"""Preparation gone wrong, step by step: what each mistake costs is a row of a study.

Each is a mistake that users make with a checkpoint, and nothing warns them: the shapes fit, and accuracy falls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput, UnknownName, shown
from .backbone import Backbone
from .sources import PreparedPictures
from .texts import Tokens

if TYPE_CHECKING:
    from .preparation import Preparation

FEW = 8  # tokens that are left of a text


@dataclass(frozen=True)
class Corruption:
    """One mistake.

    Parameters
    ----------
    step
        Of the preparation, as `Preparation.steps` names it; ``tokens`` or ``pooled`` of a text's.
    mistake
        What a user has done, or has not.
    pictures
        The preparation with the mistake; None if pictures have no such step.
    texts
        The length and the pooling with it, from those that are right; None if texts have no such step.
    """

    step: str
    mistake: str
    pictures: Callable[[Preparation], Preparation] | None = None
    texts: Callable[[int, str], tuple[int, str]] | None = None


def _unscaled(right: Preparation) -> Preparation:
    """Numbers from 0 to 255 where the checkpoint's mean and deviation are those of numbers from 0 to 1."""
    mean, deviation = (tuple(value / 255 for value in values) for values in (right.mean, right.deviation))
    return replace(right, mean=mean, deviation=deviation)


CORRUPTIONS: Mapping[str, Corruption] = MappingProxyType(
    {
        "unscaled": Corruption("normalised", "pixels go from 0 to 255, and not from 0 to 1", _unscaled),
        "wrong-normalisation": Corruption(
            "normalised",
            "mean and deviation of the checkpoint are forgotten",
            lambda right: replace(right, mean=(0, 0, 0), deviation=(1, 1, 1)),
        ),
        "wrong-order": Corruption(
            "normalised",
            "channels come as blue, green, red where red comes first, or the other way round",
            lambda right: replace(right, order="bgr" if right.order == "rgb" else "rgb"),
        ),
        "wrong-size": Corruption(
            "resized", "half as many pixels a side", lambda right: replace(right, size=max(1, right.size // 2))
        ),
        "no-antialias": Corruption(
            "resized", "the nearest pixel is taken", lambda right: replace(right, interpolation="nearest")
        ),
        "no-crop": Corruption("cropped", "all of the shorter side is kept", lambda right: replace(right, crop=1.0)),
        "wrong-background": Corruption(
            "read",
            "what is transparent becomes black where it was white, or white where it was black",
            lambda right: replace(right, background=1 - right.background),
        ),
        "cut-short": Corruption(
            "tokens", f"{FEW} tokens of a text", texts=lambda length, pool: (min(FEW, length), pool)
        ),
        "wrong-pooling": Corruption(
            "pooled",
            "the first token for the mean over tokens, or the other way round",
            texts=lambda length, pool: (length, "mean" if pool == "first" else "first"),
        ),
    }
)


def corruptions_of(backbone: Backbone) -> list[str]:
    """Return the names of the corruptions that change something of a backbone's preparation."""
    return [name for name, one in CORRUPTIONS.items() if _changed(backbone, one) is not None]


def corrupted(backbone: Backbone, name: str) -> Backbone:
    """Return a backbone whose inputs are prepared with a mistake; all else is as it was.

    Parameters
    ----------
    backbone
        For pictures or texts, as `load_backbone` makes it.
    name
        In `CORRUPTIONS`.

    Raises
    ------
    UnknownName, InvalidInput
        If there is no such corruption, or it would change nothing.
    """
    if not isinstance(backbone, Backbone):
        raise InvalidInput(f"backbone is {shown(backbone)}; a Backbone is needed")
    if name not in CORRUPTIONS:
        raise UnknownName("corruption", name, list(CORRUPTIONS))
    changed = _changed(backbone, CORRUPTIONS[name])
    if changed is None:
        raise InvalidInput(f"corruption {name!r} changes nothing of {backbone.name}: {backbone.preparation}")
    return replace(backbone, name=f"{backbone.name}, {name}", origin=None, **changed)


def _changed(backbone: Backbone, corruption: Corruption) -> dict[str, Any] | None:
    """Return the fields of a backbone that a corruption changes; None if it changes nothing."""
    prepare = backbone.prepare
    if isinstance(prepare, PreparedPictures) and corruption.pictures is not None:
        wrong = corruption.pictures(prepare.preparation)
        changed = {"prepare": replace(prepare, preparation=wrong), "preparation": str(wrong)}
        return None if wrong == prepare.preparation else changed
    if isinstance(prepare, Tokens) and corruption.texts is not None:
        length, pool = corruption.texts(prepare.length, backbone.pool)
        tokens = Tokens(prepare.tokenizer, length)
        changed = {"prepare": tokens, "pool": pool, "preparation": f"{tokens}, pooled by {pool}"}
        return None if (length, pool) == (prepare.length, backbone.pool) else changed
    return None
