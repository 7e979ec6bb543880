"""Tables of any origin: what is read is what was written, and what is refused is named by file, row and column."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from fastmlp.errors import InvalidInput, LabelError, NotFiniteError, ShapeError
from fastmlp.interchange.tables import Table, Wanted, csv_files, read_table

X = np.array([[1.0, 2.5], [3.0, -4.0], [5.0, 6.0]])
LABELS = ["art", "biology", "art"]
TOPIC = Wanted(label="topic")


def csv(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def same(table: Table, *, names: bool = True) -> None:
    """Check that a table is that of X and LABELS."""
    assert_array_equal(table.X, X)
    assert table.labels is not None
    assert table.labels.tolist() == LABELS
    assert table.features == (("age", "height") if names else None)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(("start", "quote", "end"), [("", '"', "\n"), ("\ufeff", "", "\r\n"), ("", "", "\n")])
def test_csv_is_read_whatever_separates_its_cells(
    tmp_path: Path, delimiter: str, start: str, quote: str, end: str
) -> None:
    lines = ["age,height,topic", f"1,{quote}2.5{quote},art", "", "3, -4 , biology ", "5,6e0,art"]
    path = tmp_path / "mine.csv"
    path.write_bytes((start + end.join(lines).replace(",", delimiter)).encode())
    same(read_table(path, TOPIC))
    assert_array_equal(read_table(path, Wanted(features=("height",))).X, X[:, 1:])
    first = read_table(path, Wanted(label="age", ignore=("topic",))).labels
    assert first is not None
    assert first.tolist() == [1, 3, 5]


def test_numpys_files_are_read_and_one_array_is_mapped(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "mine.npz", X=X, y=np.array(LABELS), topic=np.array(LABELS), features=np.array(["age", "height"])
    )
    same(read_table(tmp_path / "mine.npz"))
    same(read_table(tmp_path / "mine.npz", TOPIC))
    narrow = read_table(tmp_path / "mine.npz", Wanted(features=("height",)))
    assert_array_equal(narrow.X, X[:, 1:])
    np.save(tmp_path / "mine.npy", X)
    np.save(tmp_path / "labels.npy", np.array(LABELS))
    mapped = read_table(tmp_path / "mine.npy", Wanted(label="labels.npy"))
    same(mapped, names=False)
    assert not mapped.X.flags.writeable, "it is in the file, and not in memory"


class Examples:
    """A dataset as PyTorch's are, without PyTorch."""

    classes = ("biology", "art")

    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, place: int) -> tuple[Any, int]:
        return X[place].astype(np.float32).reshape(1, 2), self.classes.index(LABELS[place])


def test_objects_are_read_too() -> None:
    columns = {"age": X[:, 0].tolist(), "height": X[:, 1], "topic": LABELS}
    same(read_table(columns, TOPIC))
    same(read_table((X, LABELS)), names=False)
    same(read_table(X, y=LABELS), names=False)
    examples = read_table(Examples())
    same(examples, names=False)
    assert examples.X.dtype == np.float32


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("library", ["pandas", "pyarrow", "parquet"])
def test_frames_of_any_library_and_parquet_are_read(
    oracle: Callable[[str], ModuleType], tmp_path: Path, library: str
) -> None:
    frame: Any = oracle("pandas").DataFrame({"age": [1, 3, 5], "height": X[:, 1], "topic": LABELS})
    if library != "pandas":
        frame = oracle("pyarrow").Table.from_pandas(frame)
    if library == "parquet":
        oracle("pyarrow.parquet").write_table(frame, tmp_path / "mine.parquet", row_group_size=2)
        frame = tmp_path / "mine.parquet"
    same(read_table(frame, TOPIC))
    with pytest.raises(InvalidInput, match=r"row 0, column 'topic': 'art' is no number"):
        read_table(frame)
    assert_array_equal(read_table(frame, Wanted(features=("height", "age"))).X, X[:, ::-1])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_column_of_embeddings_is_as_many_features(oracle: Callable[[str], ModuleType], tmp_path: Path) -> None:
    arrow, parquet, path = oracle("pyarrow"), oracle("pyarrow.parquet"), tmp_path / "mine.parquet"
    vectors = np.arange(12, dtype=np.float32).reshape(3, 4)
    for kind in (arrow.list_(arrow.float32()), arrow.list_(arrow.float32(), 4)):
        columns = {"age": arrow.array([1.0, 3.0, 5.0], arrow.float32()), "e": arrow.array(vectors.tolist(), kind)}
        parquet.write_table(arrow.table(columns | {"topic": LABELS}), path, row_group_size=2)
        table = read_table(path, TOPIC)
        assert table.features == ("age", "e[0]", "e[1]", "e[2]", "e[3]")
        assert table.X.dtype == np.float32
        assert_array_equal(table.X, np.column_stack([[1, 3, 5], vectors]))
        assert_array_equal(read_table(path, Wanted(features=("e[3]", "e[1]"))).X, vectors[:, [3, 1]])
    ragged = arrow.array([[1.0, 2.0], [3.0], None])
    parquet.write_table(arrow.table({"e": ragged, "topic": LABELS}), path)
    with pytest.raises(ShapeError, match="row 1, column 'e': holds 1 numbers, and those before it 2"):
        read_table(path, TOPIC)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_missing_values_of_a_frame_are_missing(oracle: Callable[[str], ModuleType]) -> None:
    pandas = oracle("pandas")
    frame = pandas.DataFrame(
        {
            "a": pandas.array([1, None, 3], dtype="Int64"),
            "b": [1.0, 2.0, np.nan],
            "y": pandas.Categorical(["u", None, "v"]),
        }
    )
    table = read_table(frame, Wanted(label="y", missing="mean"))
    assert_array_equal(table.X, [[1, 1], [3, np.nan]])
    assert (table.labels is not None and table.labels.tolist(), table.dropped) == (["u", "v"], 1)
    with pytest.raises(NotFiniteError, match="row 1, column 'a' is missing, like one or more values in 2 of 3 rows"):
        read_table(frame, Wanted(label="y"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_datasets_of_pytorch_are_read(oracle: Callable[[str], ModuleType]) -> None:
    torch, data = oracle("torch"), oracle("torch.utils.data")
    table = read_table(data.TensorDataset(torch.from_numpy(X).reshape(3, 2, 1), torch.tensor([0, 1, 0])))
    assert_array_equal(table.X, X)
    assert table.labels is not None
    assert table.labels.tolist() == [0, 1, 0]


REFUSALS = {
    "no column": ("age,topic\n1,a\n", Wanted(label="topik"), "has no column 'topik'; did you mean 'topic'"),
    "ragged": ("age,topic\n1,a\n\n2\n", TOPIC, "line 4 has 1 cell; the header has 2"),
    "text": ("age,topic\n1,a\nold,b\n", TOPIC, "line 3, column 'age': 'old' is no number"),
    "text after two lines in one": ('topic,age\n"a\nb",1\nb,old\n', TOPIC, "line 4, column 'age': 'old' is no number"),
    "missing": ("age,topic\n1,a\nNA,b\n", TOPIC, "line 3, column 'age' is missing; missing = \"mean\" fills"),
    "infinite": ("age,topic\n1,a\n-inf,b\n", TOPIC, "line 3, column 'age' is -inf; finite"),
    "no label": ("age,topic\n1,a\n2,\n3,\n", TOPIC, 'line 3 has no label, like 2 of 3 rows; missing = "drop"'),
    "nothing in a column": ("age,b,topic\n1,,a\n2,,b\n", Wanted(label="topic", missing="mean"), "column 'b' holds no"),
    "no header": ("1,2\n3,4\n", Wanted(), "line 1 holds '1, 2'; the names of the columns are needed there"),
    "no rows": ("a,b\n", Wanted(), "has a header and no rows"),
    "nothing": ("", Wanted(), "is empty; a line with the names"),
    "one name twice": ("a,a\n1,2\n", Wanted(), "has two columns 'a'"),
    "no feature": ("topic\na\n", TOPIC, "has no column for features beside 'topic'"),
    "an open quote": ('a,b\n1,"x\n', Wanted(), "cannot be read as CSV: unexpected end"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_is_wrong_is_said_with_its_line_and_its_column(tmp_path: Path, case: str) -> None:
    text, wanted, says = REFUSALS[case]
    path = csv(tmp_path / "mine.csv", text)
    with pytest.raises(InvalidInput, match=says) as caught:
        read_table(path, wanted)
    assert str(caught.value).startswith(f"{path}: ")


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes("a,b\n1,2\n3,é\n".encode("latin-1"))
    (tmp_path / "mine.xlsx").touch()
    for name, says in (
        ("latin.csv", "line 3 is not UTF-8: byte 0xe9"),
        ("no.csv", "there is no such file"),
        ("mine.xlsx", "no known kind"),
    ):
        with pytest.raises(InvalidInput, match=says):
            read_table(tmp_path / name)
    with pytest.raises(InvalidInput, match="unknown way with missing values 'zero'"):
        read_table(X, Wanted(missing="zero"))


CELLS = st.sampled_from(["1", "2.5", "", "nan", "-3e2", " 7 "])


@settings(max_examples=40)
@given(st.lists(st.tuples(CELLS, CELLS, st.sampled_from(["u", "v", ""])), min_size=1, max_size=12))
def test_rows_with_something_missing_are_left_out_or_kept(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]
) -> None:
    path = csv(tmp_path_factory.mktemp("gaps") / "mine.csv", "\n".join(map(",".join, [("a", "b", "y"), *rows])))
    numbers = [[float(cell.strip() or "nan") for cell in row[:2]] for row in rows]
    for missing in ("mean", "drop"):
        kept = [k for k, row in enumerate(rows) if row[2] and (missing == "mean" or np.isfinite(numbers[k]).all())]
        bare = np.isnan(np.reshape([numbers[k] for k in kept], (-1, 2))).all(axis=0).any()  # of an empty column too
        if bare:
            with pytest.raises(InvalidInput, match=r"holds no number|something is missing in each"):
                read_table(path, Wanted(label="y", missing=missing))
            continue
        table = read_table(path, Wanted(label="y", missing=missing))
        assert_array_equal(table.X, np.reshape([numbers[k] for k in kept], (-1, 2)))
        assert table.labels is not None
        assert table.labels.tolist() == [rows[k][2] for k in kept]
        assert table.dropped == len(rows) - len(kept)


def test_a_column_without_a_name_is_an_index(tmp_path: Path) -> None:
    assert read_table(csv(tmp_path / "mine.csv", ",age,topic\n0,1,a\n1,2,b\n"), TOPIC).features == ("age",)


def test_memory_grows_with_the_file_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that become shorter than the first ones ask for more rows than the size of the file promised."""
    monkeypatch.setattr(csv_files, "CELLS", 64)
    lines = [f"{0.123456789012 + k:.12f},{'long ' * 20}" for k in range(10)] + ["1,a"] * 3000
    table = read_table(csv(tmp_path / "mine.csv", "\n".join(["age,topic", *lines])), TOPIC)
    assert (len(table.X), table.X[9, 0], table.X[-1, 0]) == (3010, 9.123456789012, 1.0)


def test_a_warning_is_of_numbers_that_stand_for_nothing(tmp_path: Path) -> None:
    path = csv(tmp_path / "mine.csv", "age,topic\n1,a\n-9999,b\n3,a\n")
    with pytest.warns(UserWarning, match=r"column 'age' is -9999 in 1 of 3 rows.*leave those cells empty"):
        read_table(path, TOPIC)


def test_rare_classes_are_refused_by_name(tmp_path: Path) -> None:
    table = read_table(csv(tmp_path / "mine.csv", "age,topic\n1,a\n2,a\n3,b\n"), TOPIC)
    with pytest.raises(LabelError, match=r"class 'b' has 1 of 3 rows \(line 4\); 2 are needed: leave that class out"):
        table.refuse_rare(2, "2 are needed")


def test_labels_that_are_numbers_are_numbers(tmp_path: Path) -> None:
    table = read_table(csv(tmp_path / "mine.csv", "age,code\n1,10\n2,9\n3,-1\n"), Wanted(label="code"))
    classes, places = table.classes()
    assert (classes.tolist(), places.tolist()) == ([-1, 9, 10], [2, 1, 0])
    names = read_table(csv(tmp_path / "mine.csv", "age,code\n1,007\n2,9\n"), Wanted(label="code"))
    assert names.classes()[0].tolist() == ["007", "9"]
