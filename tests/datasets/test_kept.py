from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from fastmlp.datasets import Arrays, data_folder, is_kept, read, write
from fastmlp.datasets.kept import hash_of
from fastmlp.errors import InvalidInput, StoreError

from ..data_sets import ORIGIN

SET = Arrays(np.arange(12, dtype=np.uint8).reshape(4, 3), np.array([0, 1, 0, 1]), (3, 1), ORIGIN)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FASTMLP_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_what_is_written_is_read() -> None:
    assert not is_kept("mine")
    path = write("mine", SET)
    found = read("mine")
    assert np.array_equal(found.X, SET.X)
    assert found.X.dtype == np.uint8
    assert (found.y.tolist(), found.parts, found.origin) == ([0, 1, 0, 1], (3, 1), ORIGIN)
    assert [found.part(k)[1].tolist() for k in (0, 1, 2)] == [[0, 1, 0], [1], [1]]
    assert is_kept("mine")
    assert path.read_bytes() == write("mine", SET).read_bytes()


def test_the_folder_is_the_users_own_unless_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTMLP_DATA", "")
    assert data_folder().name == "fastmlp"
    assert data_folder().is_absolute()


def test_what_is_not_there_is_refused_with_what_brings_it(folder: Path) -> None:
    line = f"data set 'mnist' is not in {folder}; `fastmlp data get mnist` brings it"
    with pytest.raises(InvalidInput, match=re.escape(line)):
        read("mnist")
    assert hash_of("mnist") == "nothing"


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9])
def test_half_a_file_is_refused(part: float) -> None:
    path = write("mine", SET)
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    with pytest.raises(InvalidInput, match=r"mine.npz: cannot be read as a data set: .*`fastmlp data get mine` brings"):
        read("mine")


def test_a_flipped_bit_is_refused() -> None:
    path = write("mine", SET)
    content = bytearray(path.read_bytes())
    content[content.index(SET.X.tobytes())] ^= 1
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"mine.npz: cannot be read as a data set: Bad CRC-32"):
        read("mine")


def test_a_file_that_was_made_again_from_other_data_is_refused(folder: Path) -> None:
    write("mine", SET)
    with np.load(folder / "mine.npz") as old:
        note = old["about.json"]
    import zipfile

    np.savez(folder / "mine.npz", X=SET.X + 1, y=SET.y, parts=np.array(SET.parts))
    with zipfile.ZipFile(folder / "mine.npz", "a") as archive:
        archive.writestr("about.json", bytes(note))
    with pytest.raises(InvalidInput, match=r"mine.npz: was changed: its data have the hash"):
        read("mine")


def test_a_full_disk_leaves_what_was_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = write("mine", SET).read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreError, match="No space left on device; what was there is kept"):
        write("mine", Arrays(SET.X + 1, SET.y, SET.parts, ORIGIN))
    assert [path.name for path in folder.iterdir()] == ["mine.npz"]
    assert (folder / "mine.npz").read_bytes() == before
