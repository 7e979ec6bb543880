"""Every way of saying "missing" or "not a number" is refused with its place, and every remedy that is named works."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

import fastmlp
from fastmlp.errors import InvalidInput, LabelError, NotFiniteError
from fastmlp.inputs import check_inputs, check_labels, find_sentinels, warn_of_sentinels

NUMBERS = np.arange(12.0).reshape(4, 3) / 8
LABELS = np.array([0, 1, 1, 0])
NET = fastmlp.init_mlp((3, 2, 2), rng=0)

Put = Callable[[int, int], Any]


def inputs(X: Any) -> Any:
    return check_inputs(X, 3, "float32")


def labels(y: Any) -> Any:
    return check_labels(y, 4, 2)


def changed(value: object, kind: type | str) -> Put:
    """Put a value into an array of a dtype."""

    def put(row: int, column: int) -> Any:
        x = NUMBERS.astype(kind)
        x[row, column] = value
        return x

    return put


def nested(value: object) -> Put:
    """Put a value into lists."""
    return lambda row, column: changed(value, object)(row, column).tolist()


def masked(row: int, column: int) -> Any:
    return np.ma.array(NUMBERS, mask=np.eye(12, dtype=bool)[3 * row + column].reshape(4, 3))


class NAType:
    """Behaves as pandas.NA does: it has no truth value and is no float."""

    def __bool__(self) -> bool:
        raise TypeError

    def __repr__(self) -> str:
        return "<NA>"


class Frame:
    """What NumPy sees of a frame or a table: it can be asked for an array."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.asarray(self.values, dtype=dtype)


MISSING: dict[str, Put] = {
    "NaN": changed(np.nan, float),
    "NaN of half precision": changed(np.nan, "float16"),
    "infinity": changed(np.inf, float),
    "minus infinity": changed(-np.inf, "longdouble"),
    "beyond float32": changed(1e39, float),
    "None among objects": changed(None, object),
    "NaN among objects": changed(float("nan"), object),
    "Decimal NaN": changed(Decimal("NaN"), object),
    "NA": changed(NAType(), object),
    "NaT among objects": changed(np.datetime64("NaT"), object),
    "empty text among objects": changed("", object),
    "empty text": changed("", "U8"),
    "empty bytes": changed(b"", "S8"),
    "blank text": changed("  ", "U8"),
    "text that says nan": changed("NaN", "U8"),
    "text that says N/A": changed("N/A", "U8"),
    "None in lists": nested(None),
    "NaN in lists": nested(float("nan")),
    "empty text in lists": nested(""),
    "a mask": masked,
    "rows with masks": lambda row, column: list(masked(row, column)),
    "a frame with None": lambda row, column: Frame(nested(None)(row, column)),
    "a frame with NA": lambda row, column: Frame(nested(NAType())(row, column)),
}


def changed_to_list(row: int, column: int) -> Any:
    x = NUMBERS.astype(object)
    x[row, column] = [1.0]
    return x


NOT_NUMBERS: dict[str, Put] = {
    "text": changed("cat", "U8"),
    "text among objects": changed("cat", object),
    "a list among objects": changed_to_list,
    "a complex number among objects": changed(1j, object),
    "an object": changed(SimpleNamespace(), object),
}


places = st.tuples(st.integers(0, 3), st.integers(0, 2))


@pytest.mark.parametrize("case", MISSING)
@given(place=places)
def test_a_missing_input_is_refused_with_its_place(case: str, place: tuple[int, int]) -> None:
    with pytest.raises(NotFiniteError, match=rf"X\[{place[0]}, {place[1]}\] is "):
        inputs(MISSING[case](*place))


@pytest.mark.parametrize("case", NOT_NUMBERS)
@given(place=places)
def test_an_input_that_is_no_number_is_refused_with_its_place(case: str, place: tuple[int, int]) -> None:
    with pytest.raises(InvalidInput, match=rf"real numbers are needed, and X\[{place[0]}, {place[1]}\] is "):
        inputs(NOT_NUMBERS[case](*place))


@pytest.mark.parametrize("case", MISSING)
@pytest.mark.parametrize(
    "function", [fastmlp.forward, fastmlp.predict, fastmlp.predict_proba, fastmlp.accuracy, fastmlp.backward]
)
def test_every_public_function_refuses_it(function: Callable[..., Any], case: str) -> None:
    more = [LABELS] if function in {fastmlp.accuracy, fastmlp.backward} else []
    with pytest.raises(NotFiniteError, match=r"X\[2, 1\] is "):
        function(NET, MISSING[case](2, 1), *more, backend="numpy")


def test_a_masked_constant_in_a_list_is_refused() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's own, of the NaN that it makes of it
        with pytest.raises(NotFiniteError, match=r"X\[1, 0\] is nan"):
            inputs([[1, 2, 3], [np.ma.masked, 2, 3]])


MISSING_LABELS: dict[str, Any] = {
    "NaN": [0, np.nan, 1, 0],
    "None": [0, None, 1, 0],
    "infinity": [0, np.inf, 1, 0],
    "NA": np.array([0, NAType(), 1, 0], dtype=object),
    "NaT": np.array(["2020", "NaT", "2021", "2022"], dtype="datetime64[Y]"),
    "empty text": ["cat", "", "dog", "cat"],
    "blank bytes": [b"cat", b" ", b"dog", b"cat"],
    "a mask": np.ma.array(LABELS, mask=[False, True, False, False]),
}


@pytest.mark.parametrize("case", MISSING_LABELS)
def test_a_missing_label_is_refused_with_its_place(case: str) -> None:
    with pytest.raises(InvalidInput, match=r"y\[1\] is "):
        labels(MISSING_LABELS[case])


def remedy(refusal: pytest.ExceptionInfo[Exception], name: str) -> str:
    """The expression that a refusal recommends."""
    call, method = rf"(?:\w+\.)*\w*\([^()]*{name}[^()]*\)(?:\[1\])?", rf"(?<!\w){name}(?:\.\w+(?:\(\w*\))?)+"
    found = re.findall(f"{call}|{method}", str(refusal.value))
    assert found, f"no remedy in {refusal.value}"
    return str(found[-1])


class Tensor:
    """Behaves as a tensor of PyTorch's that NumPy cannot read, until each hindrance is gone."""

    def __init__(self, values: Any, *hindrances: str) -> None:
        self.values, self.hindrances = values, hindrances
        self.requires_grad = "detach" in hindrances
        self.layout = "torch.sparse_coo" if "to_dense" in hindrances else "torch.strided"
        self.device = SimpleNamespace(type="cuda" if "cpu" in hindrances else "cpu")
        self.dtype = "torch.bfloat16" if "float" in hindrances else "torch.float32"

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if self.hindrances:
            raise (RuntimeError if self.requires_grad else TypeError)("Can't call numpy() on this Tensor")
        return np.asarray(self.values, dtype=dtype)

    def __getattr__(self, name: str) -> Any:
        if name not in {"detach", "to_dense", "cpu", "float"}:
            raise AttributeError(name)
        return lambda: Tensor(self.values, *(one for one in self.hindrances if one != name))


REMEDIES: dict[str, Any] = {
    **{kind: getattr(scipy.sparse, kind)(NUMBERS) for kind in ("csr_matrix", "csc_array", "coo_array", "lil_array")},
    **{f"needs {one}": Tensor(NUMBERS, one) for one in ("detach", "to_dense", "cpu", "float")},
    "needs everything": Tensor(NUMBERS, "detach", "to_dense", "cpu", "float"),
    "objects": NUMBERS.astype(object),
    "fractions": np.array([[Fraction(1, k + 1)] * 3 for k in range(4)]),
    "a frame of objects": Frame(NUMBERS.astype(object)),
    "text": NUMBERS.astype("U8"),
    "complex": NUMBERS + 0j,
    "columns with names": np.array([tuple(row) for row in NUMBERS], dtype=[(name, float) for name in "abc"]),
    "a mask": masked(1, 1),
}
LABEL_REMEDIES: dict[str, Any] = {
    "floats": LABELS.astype(float),
    "a list of floats": LABELS.astype(float).tolist(),
    "a frame of floats": Frame(LABELS.astype(float)),
    "objects": LABELS.astype(object),
    "fractions": LABELS / 2,
    "text": np.array(["cat", "dog", "dog", "cat"]),
    "text among objects": np.array(["cat", "dog", "dog", "cat"], dtype=object),
    "complex": LABELS + 0j,
    "dates": np.array(["2020", "2021", "2021", "2020"], dtype="datetime64[Y]"),
    "a column": LABELS[:, np.newaxis],
    "one column per class": np.eye(2)[LABELS],
    "sparse": scipy.sparse.csr_array(LABELS),
    "a tensor": Tensor(LABELS, "detach"),
    "a mask": np.ma.array(LABELS, mask=[False, False, False, True]),
}
NAMES = {"np": np, "numpy": np, "number": 0}


@pytest.mark.parametrize("case", REMEDIES)
def test_the_remedy_for_inputs_works(case: str) -> None:
    import numpy.lib.recfunctions  # noqa: F401 (as the user of the remedy does)

    X = REMEDIES[case]
    with pytest.raises(InvalidInput) as refusal:
        inputs(X)
    assert inputs(eval(remedy(refusal, "X"), NAMES | {"X": X})).shape == (4, 3)


@pytest.mark.parametrize("case", LABEL_REMEDIES)
def test_the_remedy_for_labels_works(case: str) -> None:
    y = LABEL_REMEDIES[case]
    with pytest.raises(InvalidInput) as refusal:
        labels(y)
    if case == "a mask":  # the number that is put there is the user's to choose
        assert labels(y.filled(0)).tolist() == LABELS.tolist()
        return
    assert labels(eval(remedy(refusal, "y"), NAMES | {"y": y})).tolist() == LABELS.tolist()


def test_what_says_nothing_of_missing_values_is_taken() -> None:
    for X in (NUMBERS.tolist(), NUMBERS.astype(">f8"), np.asfortranarray(NUMBERS), NUMBERS > 0.5, np.ma.array(NUMBERS)):
        assert inputs(X).flags.c_contiguous
    assert inputs(Frame(NUMBERS)).dtype == np.float32
    assert labels(LABELS.astype("u1")).dtype == labels(LABELS > 0).dtype == np.int64


@given(st.integers(-320, 300), st.sampled_from([1.0, -1.0]))
def test_inputs_of_any_scale_keep_their_digits_or_are_refused_with_a_value(exponent: int, sign: float) -> None:
    X = sign * (NUMBERS + 1) * float(f"1e{exponent}")
    if not X.all():
        return  # too small for float64
    largest = np.abs(X).max()
    if np.finfo("float32").tiny <= largest <= np.finfo("float32").max:
        np.testing.assert_allclose(inputs(X), X, rtol=1e-6)
    else:
        with pytest.raises(NotFiniteError, match=r"X\[\d, \d\] is -?[\d.]+e[+-]\d+.* float32"):
            inputs(X)
    assert check_inputs(X, 3, "float64").tolist() == X.tolist()


def test_a_feature_that_vanishes_beside_others_is_taken() -> None:
    assert inputs([[1.0, 1e-170, 2.0]]).tolist() == [[1, 0, 2]]
    assert inputs(np.zeros((2, 3))).tolist() == [[0, 0, 0]] * 2


usual = st.sampled_from([-9999.0, 9999.0, -999.0, 99999.0, -32768.0, 1e20, -3.4028234663852886e38, 2147483647.0])


@given(usual, st.integers(1, 5), st.sampled_from(["float32", "float64"]))
def test_a_sentinel_that_dominates_a_feature_is_found_with_its_place(value: float, n: int, dtype: str) -> None:
    x = np.random.default_rng(0).normal(size=(30, 4)) * 10
    x[:n, 2] = value
    assert find_sentinels(x.astype(dtype)) == [(2, float(np.dtype(dtype).type(value)), n)]


@pytest.mark.parametrize(
    "column",
    [
        [97, 98, 99, 95],  # a share in percent
        [98, 98, 99, 98],
        [9000, 4000, 9999, 100],  # a price
        [-99, 99, -50, 50],
        [-9999, -9999, -9999, -9999],  # constant: see the facts of a problem
        [1e20, 9e19, 5e19, 3e19],
        [0, 255, 0, 255],
        [0.5, 0.25, 0.75, 1],
    ],
)
def test_an_extreme_value_that_fits_its_feature_is_none(column: list[float]) -> None:
    assert find_sentinels(np.array(column, dtype=float)[:, np.newaxis]) == []


def test_training_warns_of_a_sentinel_and_predicting_does_not() -> None:
    X = NUMBERS.copy()
    X[1:3, 0] = -9999
    message = r"feature 0 is -9999 in 2 of 4 examples, far from all its other values"
    with pytest.warns(UserWarning, match=message):
        fastmlp.train_mlp(NET, X, LABELS, epochs=1, backend="numpy")
    with pytest.warns(UserWarning, match=message):
        fastmlp.transfer(NET, X, LABELS, n_classes=2, epochs=1, backend="numpy")
    fastmlp.predict(NET, X, backend="numpy")  # a warning would be an error here
    many = np.where(np.eye(10, 6) > 0, 999.0, 0.5)
    with pytest.warns(UserWarning, match=r"feature 2 is 999 in 1 of 10 examples, and so on in 3 more features"):
        warn_of_sentinels(many)


Oracle = Callable[[str], ModuleType]


def test_frames_with_missing_values_are_refused_with_their_place(oracle: Oracle) -> None:
    pd = oracle("pandas")
    plain = pd.DataFrame(NUMBERS, columns=list("abc"))
    assert inputs(plain).shape == (4, 3)
    columns = {
        "Int64": pd.array([1, 2, None, 4], dtype="Int64"),
        "Float64": pd.array([1, 2, None, 4], dtype="Float64"),
        "boolean": pd.array([True, False, None, True], dtype="boolean"),
        "float": [1.0, 2.0, np.nan, 4.0],
        "object": pd.Series([1, 2, None, 4], dtype=object),
        "category": pd.Categorical([1, 2, None, 4]),
    }
    for kind, column in columns.items():
        with pytest.raises(NotFiniteError, match=r"X\[2, 1\] is "):
            inputs(plain.assign(b=column))
        if kind != "object":
            with pytest.raises(LabelError, match=r"y\[2\] is "):
                labels(pd.Series(column))


def test_the_remedies_for_frames_work(oracle: Oracle) -> None:
    pd = oracle("pandas")
    for kind in ("Int64", "Float64"):
        frame = pd.DataFrame({name: pd.array([1, 2, 3, 4], dtype=kind) for name in "abc"})
        frame["b"] = [0.5, 1.5, 2.5, 3.5]
        with pytest.raises(InvalidInput) as refusal:
            inputs(frame)
        assert inputs(eval(remedy(refusal, "X"), NAMES | {"X": frame})).shape == (4, 3)
    for y in (pd.Series(["cat", "dog", "dog", "cat"]), pd.Series(LABELS.astype(float))):
        with pytest.raises(LabelError) as refusal:
            labels(y)
        assert labels(eval(remedy(refusal, "y"), NAMES | {"y": y})).tolist() == LABELS.tolist()


def test_tables_with_missing_values_are_refused_with_their_place(oracle: Oracle) -> None:
    pa = oracle("pyarrow")
    for column in ([1, 2, None, 4], [1.5, 2.5, None, 4.5], ["1", "2", None, "4"]):
        with pytest.raises(NotFiniteError, match=r"X\[2, 1\] is "):
            inputs(pa.table({"a": NUMBERS[:, 0], "b": column, "c": NUMBERS[:, 2]}))
    with pytest.raises(LabelError, match=r"y\[2\] is "):
        labels(pa.array([0, 1, None, 0]))


def test_the_remedies_for_tensors_work(oracle: Oracle) -> None:
    torch = oracle("torch")
    plain = torch.tensor(NUMBERS, dtype=torch.float32)
    assert inputs(plain).shape == (4, 3)
    for tensor in (
        plain.clone().requires_grad_(),
        torch.nn.Parameter(plain),
        plain.bfloat16(),
        plain.bfloat16().requires_grad_(),
        plain.to_sparse(),
        plain.to_sparse().requires_grad_(),
    ):
        with pytest.raises(InvalidInput) as refusal:
            inputs(tensor)
        np.testing.assert_allclose(inputs(eval(remedy(refusal, "X"), {"X": tensor})), NUMBERS, rtol=1e-2)
