"""Merge the folders of one study, such as its shards, into one folder that is as if one machine had run it all.

Parts may also have the same settings but for their seeds, if those follow each other.

Parts are compared by what they have noted: settings, protocol, kernels, versions and data. So neither data nor kernels
are needed here, and a merge may run on a machine that could not run the study.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import chain, groupby, pairwise, zip_longest
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import InvalidInput, StoreError, shown
from ..files import absolute, check_path, entry_at, prepare_folder
from ..seeds import name_of_seeds, seed_range
from .environment import now
from .identity import NOTE, PATHS, first_difference, flat_settings
from .results.results import Results
from .run import write_results, write_settings
from .settings.load import as_written
from .settings.toml import write_toml
from .store import Store
from .store.database import FILE
from .store.lock import check_free
from .store.reader import reading
from .store.schema import Trial

# Notes that are alike or describe one machine
SINGLE = ("gradient_check", "short_batches", "basins", "first_layer", "command", "settings", "planned", NOTE)
DROPPED = ("schema", "rendered", "finished", "shard", "workers")  # notes that a merged study has of its own


VARIED = Trial._fields.index("varied")
CELL = [Trial._fields.index(name) for name in ("problem", "strategy", "n_target")]


class Part(NamedTuple):
    """A folder to merge, and what its study has noted."""

    folder: Path
    notes: dict[str, str]

    @property
    def settings(self) -> dict[str, Any]:
        """Its settings, as in ``study.toml``."""
        return tomllib.loads(self.notes["settings"])

    @property
    def seeds(self) -> range:
        """Its seeds, those that other shards run included."""
        return seed_range(self.settings["grid"]["seeds"])

    @property
    def shards(self) -> list[str]:
        """Names of the shards that it holds; none if it holds the whole plan."""
        return self.notes["shard"].split(", ") if "shard" in self.notes else []


def merge_studies(out: str | Path, parts: Sequence[str | Path]) -> Results:
    """Merge folders of one study into one, and write its table and its report.

    Parameters
    ----------
    out
        The folder of the merged study. If it holds some of the same study already, the parts are added to it.
    parts
        Folders of studies. They are read and never changed.

    Returns
    -------
    Results
        Trials that are in no part count as missing.

    Raises
    ------
    InvalidInput
        If a part is of other settings, data, protocol, kernels or versions than the first, or seeds are missing between
        parts; nothing has been written.
    StoreError
        If a part holds no study, or two parts hold different results of one trial; nothing has been merged then.
    """
    place = check_path("out", out)
    found = [read_part(folder) for folder in check_parts(place, parts)]
    check_free(place)
    if entry_at(place / FILE, StoreError) and has_plan(place):
        found.insert(0, read_part(place))
    seeds = check_seeds(found)
    for part in found[1:]:
        check_same_study(found[0], part)
    plan = [] if seeds == found[0].seeds else plan_of_seeds(found)
    folder = prepare_folder(place)
    with Store.open(folder) as store, ExitStack() as stack:
        others = [part for part in found if part.folder != place]
        store.join({str(part.folder): stack.enter_context(reading(part.folder)) for part in others}, plan)
        planned, there = len(plan) or int(found[0].notes["planned"]), store.rows()
        toml = write_toml(moved(found[0], folder, seeds))
        own = {"settings": toml, "planned": str(planned)}
        notes = merged_notes(found, whole=there == planned) | own
        store.replace_notes(notes | ({"finished": now()} if there == planned and store.is_complete() else {}))
        write_settings(folder, toml)
        write_results(store, folder)
    with reading(folder) as reader:
        counts = reader.counts()
    counts["missing"] += planned - there
    settings = as_written(tomllib.loads(toml))
    return Results(folder, settings, counts, shards=tuple(shards_of(found)) if there < planned else ())


def check_parts(out: Path, parts: object) -> list[Path]:
    """Return the folders of all parts.

    Raises
    ------
    InvalidInput
        If there are none, one is named twice, or one is where the result goes.
    """
    if not isinstance(parts, Sequence) or isinstance(parts, str) or not parts or not all(map(is_path, parts)):
        raise InvalidInput(f"parts is {shown(parts)}; it must be a list of folders, with one at least")
    folders = [check_path("parts", part) for part in parts]
    places = [absolute(folder) for folder in (out, *folders)]
    for place, folder in zip(places[1:], folders, strict=True):
        if place == places[0]:
            raise InvalidInput(f"{folder}: is both a part and the folder to merge into")
        if places.count(place) > 1:
            raise InvalidInput(f"{folder}: is named twice")
    return folders


def is_path(value: object) -> bool:
    """Whether a value is a path, and not an empty one."""
    return isinstance(value, str | os.PathLike) and bool(os.fspath(value))


def read_part(folder: Path) -> Part:
    """Return a part.

    Raises
    ------
    StoreError
        If there is no study in the folder, or one that has not noted what it depends on.
    """
    with reading(folder) as reader:
        part = Part(folder, reader.meta())
    if "settings" not in part.notes:
        raise StoreError(f"{folder}: the study there has no plan yet")
    if not {NOTE, "planned"} <= set(part.notes):
        raise StoreError(f"{folder}: an older fastmlp has run it; run its study once more, which keeps all records")
    return part


def has_plan(folder: Path) -> bool:
    """Whether the study in a folder has a plan: one that was killed as it began has none."""
    with reading(folder) as reader:
        return "settings" in reader.meta()


def check_seeds(parts: Sequence[Part]) -> range:
    """Return the seeds of all parts: those that all of them have, or ranges that follow each other, as one.

    Raises
    ------
    InvalidInput
        If ranges overlap or leave out seeds, or are of shards, which do not have all trials of theirs.
    """
    by_seeds = {part.seeds: part for part in parts}
    ranges = sorted(by_seeds, key=lambda seeds: seeds.start)
    for one, other in pairwise(ranges):
        first, part = by_seeds[one], by_seeds[other]
        if one.stop != other.start:
            both = f"{name_of_seeds(one)!r} in {first.folder} and {name_of_seeds(other)!r} in {part.folder}"
            raise InvalidInput(
                f"{part.folder}: setting grid.seeds is {both}; they must be the same or follow each other"
            )
    if len(ranges) > 1 and (shards := [part for part in parts if part.shards]):
        raise InvalidInput(f"{shards[0].folder}: is shard {shards[0].shards[0]}; merge the shards of its seeds first")
    return range(ranges[0].start, ranges[-1].stop)


def plan_of_seeds(parts: Sequence[Part]) -> list[tuple[Any, ...]]:
    """Return the rows of the plan of a study that has the seeds of all parts, without their places.

    Replicates and smaller sources are those of the first seeds.
    """
    plans = []
    for _, part in sorted({part.seeds.start: part for part in parts}.items()):
        with reading(part.folder) as reader:
            plans.append([row[1:] for row in reader.plan()])
    grids = [groupby((row for row in rows if not row[VARIED]), key=itemgetter(*CELL)) for rows in plans]
    rows = chain.from_iterable(_alternating(cells) for cells in zip_longest(*grids, fillvalue=((), ())))
    return [*rows, *(row for row in plans[0] if row[VARIED])]


def _alternating(cells: Sequence[tuple[Any, Iterator[tuple[Any, ...]]]]) -> Iterator[tuple[Any, ...]]:
    """Generate the rows of one cell, part by part."""
    return chain.from_iterable(rows for _, rows in cells)


def check_same_study(first: Part, part: Part) -> None:
    """Refuse a part whose results would be of another study.

    Raises
    ------
    InvalidInput
        With the name of what differs, and both values.
    """
    settings = [flat_settings(one.settings) | {"setting grid.seeds": ""} for one in (first, part)]
    difference = first_difference(*settings) or first_difference(
        json.loads(first.notes[NOTE]), json.loads(part.notes[NOTE])
    )
    if difference:
        name, here, there = difference
        both = f"{here} in {first.folder} and {there} in {part.folder}"
        raise InvalidInput(f"{part.folder}: is a part of another study: {name} is {both}")


def moved(part: Part, folder: Path, seeds: range) -> dict[str, Any]:
    """Return a part's settings for another folder, to which the paths of data are relative, and for other seeds."""
    settings = part.settings
    settings["grid"]["seeds"] = name_of_seeds(seeds)
    start, end = absolute(part.folder), absolute(folder)
    for problem in settings.get("problems", {}).values():
        problem |= {role: os.path.relpath(start / problem[role], end) for role in PATHS if problem.get(role)}
    own = settings.get("measures", {}).get("own", {})
    for name, place in own.items():
        file, _, function = place.rpartition(":")
        own[name] = f"{os.path.relpath(start / file, end) if file else ''}:{function}"
    return settings


def merged_notes(parts: Sequence[Part], *, whole: bool) -> dict[str, str]:
    """Return the notes of the merged study: where parts differ, as processors may, all values."""
    notes: dict[str, str] = {}
    for name in sorted({name for part in parts for name in part.notes if name not in DROPPED}):
        values = list(dict.fromkeys(part.notes[name] for part in parts if name in part.notes))
        single = name in SINGLE or name.startswith("problem:")
        notes[name] = values[0] if single else min(values) if name == "started" else "; ".join(values)
    return notes if whole else notes | {"shard": ", ".join(shards_of(parts))}


def shards_of(parts: Sequence[Part]) -> list[str]:
    """Return the names of all shards that parts hold."""
    return list(dict.fromkeys(shard for part in parts for shard in part.shards))
