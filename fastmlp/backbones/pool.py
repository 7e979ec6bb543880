"""How the value of a stage becomes features, one row an example, on which a linear head stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any


def mean(value: Any) -> Any:
    """Return the mean over places, (n, features).

    Parameters
    ----------
    value : (n, features), (n, channels, height, width) or (n, tokens, features)
        Or a tuple of the last and a mask (n, tokens, ...), whose nonzero tokens count.
    """
    if isinstance(value, tuple):
        hidden, mask = value[0], value[1].to(value[0].dtype).unsqueeze(-1)
        return (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
    if value.ndim == 4:
        return value.mean(dim=(2, 3))
    return value.mean(dim=1) if value.ndim == 3 else value


def first(value: Any) -> Any:
    """Return the first token of (n, tokens, features), which BERT calls [CLS]."""
    return (value[0] if isinstance(value, tuple) else value)[:, 0]


def flat(value: Any) -> Any:
    """Return all numbers of an example as its features."""
    return value.flatten(1)


POOLS: Mapping[str, Callable[[Any], Any]] = MappingProxyType({"mean": mean, "first": first, "flat": flat})
