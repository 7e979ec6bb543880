"""The small tables that come with scikit-learn, and problems of them whose target is no image.

Iris is not among them: of its 150 examples some 50 could be held out, and logistic regression errs on two or three.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .split import Sizes
from .task import Problem, Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Ints

FILES = {"digits": "digits.csv.gz", "breast_cancer": "breast_cancer.csv", "wine": "wine_data.csv"}
MEAN, WORST = slice(0, 10), slice(20, 30)  # columns of breast cancer: ten measures of nuclei, averaged; and the largest
ALCOHOL = 0  # column of wine


def table_of_sklearn(name: str) -> tuple[NDArray[np.float64], Ints]:
    """Return inputs and labels of a table that scikit-learn has.

    Its file is read directly, because importing scikit-learn takes longer than a study with nothing left to do.
    """
    package, header = find_spec("sklearn"), int(name != "digits")
    if package is not None and package.origin is not None:
        with suppress(OSError, ValueError):
            file = Path(package.origin).parent / "datasets" / "data" / FILES[name]
            whole = np.loadtxt(file, delimiter=",", skiprows=header)
            return np.ascontiguousarray(whole[:, :-1]), whole[:, -1].astype(np.int64)
    from sklearn import datasets

    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return X, y.astype(np.int64)


@cache
def breast_cancer(name: str) -> Problem:
    """Make a problem of two ways to measure: the source sees nuclei averaged, the target the largest of each sample.

    Both ask whether a tumour is benign, of other patients.
    """
    X, y = table_of_sklearn("breast_cancer")
    source, target = (
        Task(f"breast cancer, {which}", np.ascontiguousarray(X[:, columns]), y, one_unit=False)
        for which, columns in (("mean", MEAN), ("worst", WORST))
    )
    return Problem(name, source, target, Sizes(heldout=200, pool=160, probe=40), same_classes=True)


@cache
def wine(name: str) -> Problem:
    """Make a problem with a source whose labels are cheap: is a wine stronger than most? The target is its cultivar."""
    X, cultivar = table_of_sklearn("wine")
    others, strong = np.delete(X, ALCOHOL, axis=1), X[:, ALCOHOL] > np.median(X[:, ALCOHOL])
    source = Task("wine, strong", others, strong.astype(np.int64), one_unit=False)
    target = Task("wine, cultivar", others, cultivar, one_unit=False)
    return Problem(name, source, target, Sizes(heldout=60, pool=50, probe=18))
