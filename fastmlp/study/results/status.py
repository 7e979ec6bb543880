"""The progress of a study, and the accuracies of its strategies so far."""

from __future__ import annotations

import json
import shlex
import tomllib
from pathlib import Path
from typing import Any

from ..store.lock import holder
from ..store.reader import reading

NO_WORKERS = '{"dashboard": null, "workers": {}}'
NO_PLAN = 'name = "no plan yet"'  # of a study that has just started


def study_state(folder: Path) -> dict[str, Any]:
    """Return the progress of a study, as `fastmlp status --json` prints it.

    Raises
    ------
    StoreError
        If there is no study in the folder, or it cannot be read.
    """
    with reading(folder) as reader:
        meta, counts = reader.meta(), reader.counts()
    return {
        "folder": str(folder),
        "name": tomllib.loads(meta.get("settings", NO_PLAN))["name"],
        "planned": sum(counts.values()),
        **counts,
        "running": holder(folder),
        "started": meta.get("started"),
        "finished": meta.get("finished"),
        "backend": meta.get("backend"),
        **json.loads(meta.get("workers", NO_WORKERS)),
        "shard": meta.get("shard"),
        "resume": resume_command(folder, meta.get("backend", "auto"), meta.get("shard")),
    }


def accuracies(folder: Path) -> dict[str, dict[str, dict[int, list[float]]]]:
    """Return the held-out accuracies of a study's grid by problem, strategy and size, one for each seed."""
    by_problem: dict[str, dict[str, dict[int, list[float]]]] = {}
    with reading(folder) as reader:
        for row in reader.rows(["problem", "strategy", "n_target", "status", "accuracy", "varied"]):
            if row["varied"]:
                continue
            cell = (
                by_problem.setdefault(row["problem"], {})
                .setdefault(row["strategy"], {})
                .setdefault(row["n_target"], [])
            )
            if row["status"] == "ok":
                cell.append(row["accuracy"])
    return by_problem


def resume_command(out: str | Path, backend: str = "auto", shard: str | None = None) -> str:
    """Return the command that resumes a study, or one shard of it; one that was merged from several runs the rest."""
    words = ["fastmlp", "study", str(Path(out) / "study.toml"), "--out", str(out)]
    words += [] if backend == "auto" else ["--backend", backend]
    return shlex.join(words if shard is None or "," in shard else [*words, "--shard", shard])
