from __future__ import annotations

import io
import re
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from fastmlp.datasets import archives
from fastmlp.datasets.archives import read_members
from fastmlp.errors import InvalidInput

from ..data_sets import keep, tar_of

FILES = {"package/digits/0.json": b"zero", "package/digits/other.txt": b"no", "x/train.idx": b"train"}
WANTED = ("digits/0.json", "train.idx", "absent.idx")
FOUND = {"digits/0.json": b"zero", "train.idx": b"train"}


def deb_of(files: Mapping[str, bytes]) -> bytes:
    """A Debian package: an `ar` file of which the last member holds the data."""
    content = b"!<arch>\n"
    for name, member in (("debian-binary", b"2.0"), ("data.tar.gz/", tar_of(files))):
        header = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(member):<10}`\n"
        content += header.encode() + member + b"\n" * (len(member) % 2)
    return content


def wheel_of(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize("pack", [tar_of, wheel_of, deb_of])
def test_a_package_gives_the_files_that_are_wanted(
    pack: Callable[[Mapping[str, bytes]], bytes], tmp_path: Path
) -> None:
    assert read_members(keep(tmp_path, "package", pack(FILES)), WANTED) == FOUND


def test_so_do_a_folder_and_a_single_file(tmp_path: Path) -> None:
    (tmp_path / "deep" / "digits").mkdir(parents=True)
    keep(tmp_path / "deep" / "digits", "0.json", b"zero")
    assert read_members(tmp_path, WANTED) == {"digits/0.json": b"zero"}
    assert read_members(tmp_path / "deep" / "digits" / "0.json", WANTED) == {"digits/0.json": b"zero"}


@pytest.mark.parametrize("pack", [tar_of, wheel_of, deb_of])
@pytest.mark.parametrize("cut", [0.5, 0.95])
def test_half_a_package_is_refused_by_name(
    pack: Callable[[Mapping[str, bytes]], bytes], cut: float, tmp_path: Path
) -> None:
    whole = pack({name: bytes(range(256)) * 40 for name in FILES})
    path = keep(tmp_path, "half", whole[: int(cut * len(whole))])
    with pytest.raises(InvalidInput, match=f"^{re.escape(str(path))}: "):
        read_members(path, WANTED)


@pytest.mark.parametrize("content", [b"", b"no package", b"!<arch>\nnonsense" + b" " * 60, b"!<arch>\n"])
def test_what_is_no_package_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"cannot be read as a package|has no member"):
        read_members(keep(tmp_path, "package", content), WANTED)


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="there is no such file or folder"):
        read_members(tmp_path / "nothing", WANTED)


def test_a_member_of_any_size_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST", 3)
    for pack in (tar_of, wheel_of):
        with pytest.raises(InvalidInput, match=r"has . bytes or more; at most 3 are read"):
            read_members(keep(tmp_path, "package", pack(FILES)), WANTED)


def test_links_in_a_package_are_no_files(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        link = tarfile.TarInfo("digits/0.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    assert read_members(keep(tmp_path, "package", buffer.getvalue()), WANTED) == {}
