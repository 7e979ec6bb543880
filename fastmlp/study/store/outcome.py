"""What workers hand back: records as rows of the store's tables.

A worker makes rows of its records, with their lists as JSON text. So the one process that writes receives what it
binds to a statement, and encodes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from .encoding import Row, row_of
from .schema import TRIAL, Group, Record, failed_record

STATUS = 1 + list(TRIAL).index("status")  # its place in a row, which begins with the key


class Outcome(NamedTuple):
    """Part of the results of a group, as a worker returns it; a group that was stopped returns fewer.

    Parameters
    ----------
    pretrainings, scores, records
        Rows of the store's tables of these names: see `encoding.row_of`.
    worker
        Who has run it; the executor says.
    """

    pretrainings: Sequence[Row] = ()
    scores: Sequence[Row] = ()
    records: Sequence[Row] = ()
    worker: str = ""

    def keys(self) -> Iterator[str]:
        """Generate the keys of all records."""
        return (row[0] for row in chain(self.pretrainings, self.scores, self.records))

    def count(self, status: str) -> int:
        """Return how many of its trials have a status."""
        return sum(row[STATUS] == status for row in self.records)


def outcome_of(
    pretrainings: Iterable[Record] = (), scores: Iterable[Record] = (), records: Iterable[Record] = ()
) -> Outcome:
    """Return records as an outcome.

    Raises
    ------
    ValueError
        If one has a value without a column, or a number that is not finite.
    """
    return Outcome(
        [row_of("pretrainings", record) for record in pretrainings],
        [row_of("scores", record) for record in scores],
        [row_of("records", record) for record in records],
    )


def failed_outcome(group: Group, error: Exception) -> Outcome:
    """Return the outcome of a group whose work raised an exception."""
    return outcome_of(records=[failed_record(trial, error) for trial in group.trials])


def joined(outcomes: Sequence[Outcome]) -> Outcome:
    """Return outcomes of one group as one: to send, receive and count it is less work."""
    return Outcome(
        [*chain.from_iterable(outcome.pretrainings for outcome in outcomes)],
        [*chain.from_iterable(outcome.scores for outcome in outcomes)],
        [*chain.from_iterable(outcome.records for outcome in outcomes)],
    )
