"""The records of two tiny studies, written down in written_records.json with the protocol that they were made under.

A trial's key has the protocol in it. So when records change, the protocol has to rise, or a study that was begun
before would mix old ones with new ones. ``python -m tests.written_records`` writes them anew, and refuses to while
`PROTOCOL` is the written one. New trials, such as those of a new strategy, need no other protocol: they are added.

Numbers are kept to eight digits and compared within `TOLERANCE`, not to the bit and not as a digest: libraries of
linear algebra add up in the order that suits the processor. In float64, by the reference and over few epochs, that
stays far below; a digest of rounded numbers would change with the one that lies on an edge. The baseline is
scikit-learn's, which stops where its version sees fit. So a change of last bits alone is not noticed here; on one
machine, bench/fingerprint.json notices it.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fastmlp.files import write_whole
from fastmlp.strategies import STRATEGIES
from fastmlp.study.environment import Environment
from fastmlp.study.execution.executors import ThreadExecutor
from fastmlp.study.execution.scheduler import run_missing
from fastmlp.study.execution.signals import Stop
from fastmlp.study.plan import plan
from fastmlp.study.settings.load import from_dict
from fastmlp.study.settings.schema import PURPOSES
from fastmlp.study.store import Store, read_study
from fastmlp.study.store.schema import COLUMNS, DERIVED, IDENTITY, PROTOCOL, VARIATION, reproducible
from fastmlp.study.trial.run import GroupRunner

Json = dict[str, Any]

OTHER_TRIALS = "there are other trials than these; write them too: python -m tests.written_records"

PATH = Path(__file__).with_name("written_records.json")
TOLERANCE = {"baseline": 0.02, "network": 1e-6}  # relative
NAMES = [name for name in (*IDENTITY, *VARIATION) if name != "similarity"]
UNKEPT = {*NAMES, *DERIVED, "key", "frozen_before", "frozen_after"}  # the last two hash bits
MEASURED = [name for name in reproducible(dict.fromkeys(COLUMNS)) if name not in UNKEPT]
HERE = Environment(
    "numpy", dict.fromkeys(["full rank", "low rank"], ""), dict.fromkeys(["numpy", "scikit-learn", "scipy"], "")
)
SHORT: Json = {
    "network": {"hidden": [8, 6], "dtype": "float64"},
    "pretraining": {"epochs": 2},
    "training": {"epochs": 4},
}
STUDIES: dict[str, Json] = {
    "all": SHORT
    | {
        "grid": {
            "problems": ["parity", "halves-self", "noisy-1", "teacher-0.5"],
            "strategies": [*STRATEGIES, "transplant-2", "random-frozen-1", "two-ranks"],
            "sizes": [20],
            "seeds": 1,
        },
        "strategies": {
            "two-ranks": {"start": "pretrained", "phases": [{"rank": 2, "share": 0.5}, {"rank": 2, "share": 0.5}]}
        },
        "measures": {"inside": True, "scores": True},
        "replicates": {"number": 1, "purposes": [*PURPOSES], "problems": ["parity"], "sizes": [20], "seeds": 1},
    },
    "tuned": SHORT
    | {
        "grid": {"strategies": ["baseline", "scratch", "finetune"], "sizes": [100], "seeds": 1},
        "training": {"epochs": 2, "optimizer": "adamw", "budget": "steps"},
        "tuning": {"trials": 2, "folds": 2},
    },
}


def compute() -> Json:
    """Run the studies; return what they measured, name by name: a list a trial, in the order of `MEASURED`."""
    found = {}
    for title, study in STUDIES.items():
        settings = from_dict(study)
        with TemporaryDirectory() as folder:
            with Store.open(Path(folder)) as store:
                store.begin(plan(settings, HERE), {"settings": ""})
                with ThreadExecutor(GroupRunner(settings, "numpy"), 1) as executor:
                    run_missing(store, executor, Stop())
            for row in read_study(folder).rows:
                name = ", ".join([title, *(str(row[part]) for part in NAMES if row[part] != "")])
                found[name] = [rounded(row[measure]) for measure in MEASURED]
    return {"protocol": PROTOCOL, "columns": MEASURED, "records": found}


def rounded(value: Any) -> Any:
    """Keep eight digits of a number, or of each in a list."""
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return float(f"{value:.8g}") if isinstance(value, float) else value


def differences(old: Json, new: Json) -> Iterator[str]:
    """Say what was measured before and is measured now, where that is not the same.

    Trials of one of the two alone, as of a strategy that has come or gone, make no difference: they have keys of their
    own.
    """
    if old["columns"] != new["columns"]:
        yield "other columns"
        return
    for name, values in new["records"].items():
        kind = "baseline" if ", baseline" in name else "network"
        for column, before, now in zip(new["columns"], old["records"].get(name, values), values, strict=True):
            if (kind, column) != ("baseline", "steps") and not same(before, now, TOLERANCE[kind]):
                yield f"{name}: {column} was {before}, is {now}"


def same(before: Any, now: Any, tolerance: float) -> bool:
    """Whether two values are one, of whatever kind."""
    if isinstance(before, list) and isinstance(now, list):
        return len(before) == len(now) and all(same(*pair, tolerance) for pair in zip(before, now, strict=True))
    if isinstance(before, float) and isinstance(now, float):
        return math.isclose(before, now, rel_tol=tolerance, abs_tol=1e-9)
    return bool(before == now)


def faults(old: Json, new: Json) -> list[str]:
    """Return what keeps records and protocol from going together; nothing if they do."""
    changed, raised = list(differences(old, new)), new["protocol"] > old["protocol"]
    if changed and not raised:
        return [*changed[:5], "trials measure something else: raise PROTOCOL in fastmlp/study/store/schema.py"]
    if changed or new["protocol"] != old["protocol"]:
        return ["these are of another protocol; write them anew: python -m tests.written_records"]
    if list(old["records"]) != list(new["records"]):
        return [OTHER_TRIALS]
    return []


def joined(old: Json, new: Json) -> Json:
    """Return the new trials, each with what is written of it already if it is of the same protocol."""
    if old["protocol"] != new["protocol"]:
        return new
    return new | {"records": {name: old["records"].get(name, values) for name, values in new["records"].items()}}


def to_text(written: Json) -> str:
    """Write it as JSON, a line a trial."""
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(values)}" for name, values in written["records"].items())
    columns = json.dumps(written["columns"])
    return f'{{\n "protocol": {written["protocol"]},\n "columns": {columns},\n "records": {{\n{lines}\n }}\n}}\n'


def main() -> None:
    old, new = json.loads(PATH.read_text(encoding="utf-8")), compute()
    if new["protocol"] == old["protocol"] and (wrong := faults(old, new) or ["there is nothing new"]) != [OTHER_TRIALS]:
        sys.exit("\n".join(wrong))
    write_whole(PATH, [to_text(joined(old, new)).encode()])


if __name__ == "__main__":
    main()
