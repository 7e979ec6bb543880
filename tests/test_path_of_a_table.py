"""The way of somebody who comes with a table and a plain `pip install`: at most three commands to predictions."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

import numpy as np
import pytest

import fastmlp

from .test_packaging import ROOT, build

NAMES = np.array(["art", "biology", "chemistry", "dance", "economics"])


@pytest.fixture(scope="module")
def fresh(oracle: Callable[[str], ModuleType]) -> Iterator[Path]:
    """The scripts of an environment that has what `pip install fastmlp[parquet]` brings, and nothing else."""
    oracle("pyarrow")  # where it is, there is an index of packages too
    with TemporaryDirectory() as folder:  # half a gigabyte, gone with the last test here
        place = Path(folder)
        wheel = build("wheel", ROOT, place)
        subprocess.run([sys.executable, "-m", "venv", str(place / "venv")], check=True, timeout=120)
        pip = [str(place / "venv" / "bin" / "python"), "-m", "pip", "install", "--quiet", f"{wheel}[parquet]"]
        subprocess.run(pip, check=True, timeout=600)
        yield place / "venv" / "bin"


def draw(n: int, features: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows of five classes that can be told apart, and their numbers."""
    rng = np.random.default_rng(seed)
    y = rng.integers(len(NAMES), size=n)
    return rng.normal(size=(n, features)) + 2 * np.eye(len(NAMES), features)[y], y


def write(path: Path, X: np.ndarray, y: np.ndarray, gaps: float = 0.0) -> None:
    """Write a table in CSV; a share of its cells is empty."""
    empty = np.random.default_rng(1).random(X.shape) < gaps
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([*(f"f{k}" for k in range(X.shape[1])), "topic"])
        rows.writerows(
            [*("" if gap else f"{cell:.6f}" for cell, gap in zip(x, none, strict=True)), name]
            for x, none, name in zip(X.tolist(), empty.tolist(), NAMES[y].tolist(), strict=True)
        )


def answered(fresh: Path, folder: Path, table: str, options: Sequence[str], y: np.ndarray, names: np.ndarray) -> str:
    """Fit and predict in two commands; return what was said, after checking what was predicted."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "FASTMLP"))}
    said = []
    for words in (["fit", table, *options, "--out", "m.safetensors"], ["predict", "m.safetensors", table]):
        command = [str(fresh / "fastmlp"), *words]
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    rows = list(csv.reader(said[1].splitlines()))
    assert rows[0] == ["label", *(f"p_{name}" for name in names)]
    assert np.mean(np.array([row[0] for row in rows[1:]]) == names[y].astype(str)) > 0.6
    assert (folder / "m.html").is_file()
    return said[0]


def test_a_csv_of_216_rows(fresh: Path, tmp_path: Path) -> None:
    X, y = draw(216, 20)
    write(tmp_path / "mine.csv", X, y)
    assert "Take " in answered(fresh, tmp_path, "mine.csv", ["--label", "topic"], y, NAMES)


def test_a_parquet_file_of_60000(fresh: Path, oracle: Callable[[str], ModuleType], tmp_path: Path) -> None:
    X, y = draw(60_000, 16)
    arrow, parquet = oracle("pyarrow"), oracle("pyarrow.parquet")
    columns = {**{f"f{k}": X[:, k] for k in range(16)}, "topic": NAMES[y]}
    parquet.write_table(arrow.table(columns), tmp_path / "mine.parquet")
    said = answered(fresh, tmp_path, "mine.parquet", ["--label", "topic"], y, NAMES)
    assert "Compared on 2000 of 60,000 rows" in said


def test_embeddings_768_wide(fresh: Path, tmp_path: Path) -> None:
    X, y = draw(500, 768)
    np.save(tmp_path / "mine.npy", (X * 3).astype(np.float32))
    np.save(tmp_path / "y.npy", y)
    answered(fresh, tmp_path, "mine.npy", ["--label", "y.npy", "--one-unit"], y, np.arange(len(NAMES)))


def test_text_labels_and_missing_values(fresh: Path, tmp_path: Path) -> None:
    X, y = draw(300, 8)
    write(tmp_path / "mine.csv", X, y, gaps=0.05)
    answered(fresh, tmp_path, "mine.csv", ["--label", "topic", "--missing", "mean"], y, NAMES)


def test_a_network_from_a_file(fresh: Path, tmp_path: Path) -> None:
    X, y = draw(400, 12)
    source = fastmlp.TransferClassifier(None, "scratch", epochs=5, backend="numpy", random_state=0).fit(X, y % 3)
    fastmlp.save(source, tmp_path / "net.safetensors")
    X, y = draw(150, 12, seed=1)
    write(tmp_path / "mine.csv", X, y)
    said = answered(fresh, tmp_path, "mine.csv", ["--label", "topic", "--pretrained", "net.safetensors"], y, NAMES)
    assert "frozen" in said
