"""What a table is, and which of its columns are wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ...errors import InvalidInput, LabelError, nearest, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...layout import Floats, Ints

MISSING = ("refuse", "mean", "drop")  # what may be done with missing values
NAMED = 8  # columns that a message lists


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which columns of a table are what.

    Parameters
    ----------
    label
        The column of the labels; None if there are none, or none are wanted. In an ``.npz`` file it is the name of an
        array, beside an ``.npy`` file the path of another.
    features
        The columns of the features, in their order; None: all that are nothing else. Columns without a name are left
        out, as the index is that pandas writes.
    ignore
        Columns that are no features.
    group
        A column whose rows of one value belong together.
    missing
        ``refuse``: a missing value is an error; ``mean``: it is NaN in what is returned; ``drop``: its row is left out.
        With the latter two, rows without a label are left out.
    """

    label: str | None = None
    features: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    group: str | None = None
    missing: str = "refuse"


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of numbers, and what is known of them.

    Parameters
    ----------
    name
        What messages call it: a path, or a kind of object.
    X : (n, features)
        float32 or float64; NaN where a value is missing. It may be mapped from a file, and not be writable.
    labels : (n,)
        Of any kind that sorts; None if none were wanted.
    features
        The names of the columns of X; None if they have none.
    groups : (n,)
        Which rows belong together; None if that was not asked.
    dropped
        Rows that were left out, because something was missing in them.
    """

    name: str
    X: Floats = field(repr=False)
    labels: NDArray[Any] | None = field(default=None, repr=False)
    features: tuple[str, ...] | None = field(default=None, repr=False)
    groups: NDArray[Any] | None = field(default=None, repr=False)
    dropped: int = 0
    place: Callable[[int], str] = field(default="row {}".format, repr=False)

    def column(self, number: int) -> str:
        """Return what messages call a column of X."""
        return f"feature {number}" if self.features is None else f"column {self.features[number]!r}"

    def classes(self) -> tuple[NDArray[Any], Ints]:
        """Return the sorted classes, (k,), and the place of each row's label among them, (n,).

        Raises
        ------
        LabelError
            If there are no labels, they are of kinds that do not sort, are numbers with a fraction, or of one class.
        """
        if self.labels is None:
            raise LabelError(f"{self.name}: no label was named")
        labels = self.labels
        if labels.dtype.kind == "f" and (broken := labels != np.floor(labels)).any():
            row = int(broken.argmax())
            raise LabelError(f"{self.name}: {self.place(row)}: the label is {labels[row]}; a number is no class")
        try:
            found, places = np.unique(labels, return_inverse=True)
        except TypeError as error:
            raise LabelError(f"{self.name}: labels are of several kinds, and do not sort: {error}") from error
        if len(found) < 2:
            raise LabelError(f"{self.name}: all {len(labels)} rows are of one class, {shown(found[0].item())}")
        return found, places.astype(np.int64)

    def refuse_rare(self, fewest: int, why: str) -> None:
        """Refuse a class with fewer rows than are needed.

        Raises
        ------
        LabelError
            With the class, and one of its rows.
        """
        classes, places = self.classes()
        counts = np.bincount(places)
        rarest = int(counts.argmin())
        if counts[rarest] < fewest:
            row = int((places == rarest).argmax())
            raise LabelError(
                f"{self.name}: class {shown(classes[rarest].item())} has {counts[rarest]} of {len(places)} rows "
                f"({self.place(row)}); {why}: leave that class out, or join it with another"
            )

    def rows(self, mask: NDArray[np.bool_]) -> Self:
        """Return the rows that are marked, without a second copy of the numbers; this table is of no use then."""
        X, n = (self.X if self.X.flags.writeable else self.X.copy()), 0
        step = max(1, 2**20 // max(1, X.shape[1]))
        for start in range(0, len(X), step):
            part = X[start : start + step][mask[start : start + step]]
            X[n : n + len(part)] = part
            n += len(part)
        labels, groups = (None if column is None else column[mask] for column in (self.labels, self.groups))
        numbers = np.flatnonzero(mask)
        place = self.place
        return replace(
            self, X=X[:n], labels=labels, groups=groups, dropped=self.dropped + int((~mask).sum()),
            place=lambda row: place(int(numbers[row])),
        )  # fmt: skip


@dataclass(frozen=True)
class Chosen:
    """Places of the columns that are wanted, among all of a table."""

    features: tuple[int, ...]
    label: int | None
    group: int | None


def choose(names: Sequence[str], wanted: Wanted, name: str) -> Chosen:
    """Return where the columns that are wanted stand.

    Raises
    ------
    InvalidInput
        If one is not there or there twice, or no column is left for features.
    """
    known = {column: place for place, column in reversed([*enumerate(names)]) if column}
    if twice := [column for column in known if list(names).count(column) > 1]:
        raise InvalidInput(f"{name}: has two columns {shown(twice[0])}; each needs a name of its own")
    asked = [*filter(None, (wanted.label, wanted.group)), *(wanted.features or ()), *wanted.ignore]
    if lacking := [column for column in asked if column not in known]:
        raise InvalidInput(f"{name}: {_no_column(lacking, [*known][::-1])}")
    apart = {wanted.label, wanted.group, *wanted.ignore}
    features = wanted.features or [column for column in names if column and column not in apart]
    if not features:
        raise InvalidInput(f"{name}: has no column for features beside {', '.join(map(repr, filter(None, apart)))}")
    label, group = (None if column is None else known[column] for column in (wanted.label, wanted.group))
    return Chosen(tuple(known[column] for column in features), label, group)


def _no_column(lacking: Sequence[str], known: Sequence[str]) -> str:
    """Say which columns are not there, and which are."""
    near = nearest(lacking[0], known)
    hint = f"; did you mean {near!r}?" if near else ""
    more = f", nor {len(lacking) - 1} others that are wanted" if len(lacking) > 1 else ""
    listed = ", ".join(map(repr, known[:NAMED])) + (f" and {len(known) - NAMED} more" if len(known) > NAMED else "")
    return f"has no column {lacking[0]!r}{more}{hint} (there are {listed})"
