from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fastmlp.backbones.pictures import find_pictures
from fastmlp.errors import FastmlpError


@pytest.fixture
def flowers(tmp_path: Path) -> Path:
    """Two classes of three pictures; two of them are the same file."""
    for label, shade in (("rose", 200), ("daisy", 90)):
        (tmp_path / label).mkdir()
        for place in range(3):
            picture = Image.fromarray(np.full((8, 8), shade + max(place - 1, 0), np.uint8))
            picture.save(tmp_path / label / f"{place}.png")
    return tmp_path


def test_a_folder_for_each_class(flowers: Path) -> None:
    (flowers / "notes.txt").write_text("not a picture, and not named as one")
    found = find_pictures(flowers)
    assert found.classes == ("daisy", "rose")
    assert found.y.tolist() == [0, 0, 0, 1, 1, 1]
    assert [path.parent.name for path in found.paths] == ["daisy"] * 3 + ["rose"] * 3
    assert found.copies == 2
    assert found.unreadable == ()


def test_a_table_of_paths_and_labels(flowers: Path) -> None:
    rows = ["label,path,note", *(f"{label},{label}/{k}.png," for label in ("rose", "daisy") for k in (1, 2))]
    (flowers / "all.csv").write_text("\n".join(rows))
    found = find_pictures(flowers / "all.csv")
    assert found.classes == ("daisy", "rose")
    assert found.y.tolist() == [1, 1, 0, 0]
    for short in ("rose/1.png,", "rose/1.png", ",rose"):
        (flowers / "all.csv").write_text(f"path,label\nrose/0.png,rose\n{short}\n")
        with pytest.raises(FastmlpError, match=r"all.csv: line 3 lacks a path or a label"):
            find_pictures(flowers / "all.csv")
    (flowers / "all.csv").write_text("file,label\n")
    with pytest.raises(FastmlpError, match=r"all.csv: has the columns file, label; 'path' is needed"):
        find_pictures(flowers / "all.csv")


def test_what_cannot_be_read_is_counted_and_named_and_left_out(flowers: Path) -> None:
    for name in ("rose/8.png", "daisy/9.jpg"):
        (flowers / name).write_bytes(b"?")
    with pytest.warns(UserWarning, match=r"2 of 8 pictures cannot be read and are left out: .*9.jpg.*; .*8.png"):
        found = find_pictures(flowers)
    assert len(found.paths) == len(found.y) == 6
    assert len(found.unreadable) == 2


def test_files_that_are_not_taken_for_pictures_are_counted_and_named(flowers: Path) -> None:
    (flowers / "rose" / "one.heic").write_bytes(b"?")
    (flowers / "rose" / "Thumbs.db").write_bytes(b"?")
    (flowers / "rose" / ".DS_Store").write_bytes(b"?")
    (flowers / "lone.png").write_bytes((flowers / "rose" / "0.png").read_bytes())
    message = r"2 files are left out: .*lone.png lies in no folder of a class; .*one.heic is no picture by its name"
    with pytest.warns(UserWarning, match=message):
        assert len(find_pictures(flowers).paths) == 6


def test_what_is_no_set_of_pictures_is_refused(flowers: Path) -> None:
    for path in (flowers / "rose").iterdir():
        if path.name != "0.png":
            path.unlink()
    with pytest.raises(FastmlpError, match="has fewer than 2 pictures of rose"):
        find_pictures(flowers)
    (flowers / "rose" / "0.png").unlink()
    with pytest.raises(FastmlpError, match="all pictures are of class daisy; two classes are needed"):
        find_pictures(flowers)
    with pytest.raises(FastmlpError, match="no such folder or file of pictures"):
        find_pictures(flowers / "tulip")
