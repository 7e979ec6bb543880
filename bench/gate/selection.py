"""Which benchmarks are compared, and which cannot be because they are not in both revisions.

By default a commit is judged by the headline benchmarks: the kernels by optimiser and shape, a wide one among them, all
on one thread, and two benchmarks of the public functions. Their time is the same in every process. The head's own
training is not among them: one process needs 0.28 ms for it and another 0.33 ms, from the first call to the last, and a
few restarts cannot tell that from a slower commit.
"""

from __future__ import annotations

import re

from .build import Build
from .sampling import PREPARING, Process
from .verdict import Result, Verdict

HEADLINE = (
    "bench_kernels.Kernel.time_train('lab', 'sgd', 'float32')",
    "bench_kernels.Kernel.time_train('lab', 'adam', 'float32')",
    "bench_kernels.Kernel.time_train('lab', 'adamw', 'float32')",
    "bench_kernels.Kernel.time_train('medium', 'sgd', 'float32')",
    "bench_kernels.Kernel.time_train('deep', 'sgd', 'float32')",
    "bench_kernels.Kernel.time_train('images', 'sgd', 'float32')",
    "bench_training.Training.time_training('numba', 'float32')",
    "bench_forward.Passes.time_forward('numba', 'wide')",
)


def choose(builds: tuple[Build, Build], pattern: str | None) -> tuple[list[str], list[Result]]:
    """Choose the headline benchmarks, or those whose names match a pattern.

    Returns
    -------
    Names of those that both revisions have; and a result without verdict for each that only one has, and for each file
    with some of them that cannot be imported.
    """
    (base, broken_base), (head, broken_head) = (listed(one) for one in builds)
    known = dict.fromkeys([*head, *base])
    wanted = HEADLINE if pattern is None else tuple(name for name in known if re.search(pattern, name))
    files = {name.split(".", 1)[0] for name in wanted}
    odd = {
        name: Result(name, Verdict.NONE, why)
        for name, why in (broken_base | broken_head).items()
        if pattern is not None or name in files
    }
    for name in wanted:
        if why := absent(name, base, head):
            odd[name] = Result(name, Verdict.NONE, why)
    return [name for name in wanted if name not in odd], list(odd.values())


def listed(build: Build) -> tuple[list[str], dict[str, str]]:
    """Return the benchmarks of a revision, and the files that cannot be imported with the reason."""
    with Process(build, build.suites) as process:
        answer = process.ask("list", seconds=PREPARING)
    return answer["names"], {name: f"{build.label}: {why}" for name, why in answer["broken"].items()}


def absent(name: str, base: list[str], head: list[str]) -> str:
    """Return why a benchmark cannot be compared; an empty text if it can."""
    if name in base and name in head:
        return ""
    if name in head:
        return "new: the base does not have it"
    return "gone or renamed: the head does not have it" if name in base else "neither revision has it"
