"""Lists of numbers as JSON text, which is what SQLite keeps of them.

A worker in a process of its own encodes the lists of its records, so that the one process that writes has less to
receive and nothing to encode.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from .schema import NESTED, RECORDS, Outcome, Record

ENCODER = msgspec.json.Encoder(enc_hook=float)  # for NumPy's numbers; many times as fast as json's on lists of floats
LISTS = {name for columns in RECORDS.values() for name, kind in columns.items() if kind in NESTED}


def nested(value: object) -> str:
    """Return a list of numbers, or of pairs of them, as JSON; text is JSON already.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    if isinstance(value, str):
        return value
    text = ENCODER.encode(value).decode()
    if "null" in text:  # which is what msgspec makes of NaN and infinity, too
        json.dumps(value, allow_nan=False, default=float)
    return text


def alike(kind: str, one: Any, other: Any) -> bool:
    """Whether two texts of a kind of column hold the same numbers; another encoder may have written one of them."""
    both = one is not None and other is not None
    return kind in NESTED and both and msgspec.json.decode(one) == msgspec.json.decode(other)


def packed(outcome: Outcome) -> Outcome:
    """Return an outcome whose lists are JSON text."""
    first = None if outcome.pretraining is None else _packed(outcome.pretraining)
    return outcome._replace(
        pretraining=first, records=[*map(_packed, outcome.records)], scores=[*map(_packed, outcome.scores)]
    )


def _packed(record: Record) -> Record:
    return record | {name: nested(record[name]) for name in LISTS & record.keys() if record[name] is not None}
