"""A team of threads that share one training: where they meet, and which columns each computes.

All threads run the same kernel on the same memory, each on its share of the columns, and meet between products: some
ten times a step. So they wait by looking, since a lock of the operating system takes longer than a small product. Who
has looked for long gives the core away, for there may be more threads than cores. No threading layer of numba's is in
play: one of them aborts when it is used from two threads at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..codegen.atomic import pause, raise_counter, read_counter, usleep
from ..jit import inlined, kernel

if TYPE_CHECKING:
    from ...layout import Ints

LINE = 8  # numbers of 8 bytes in a line of the cache: two counters in one would be passed to and fro
NAP = 20  # microseconds
LOOKS = 2000  # some 50 microseconds, longer than threads of one training are apart if each has a core
MET, STOPPED = 0, LINE  # where in the memory of a team: all arrivals so far, and whether the training has ended


def team_memory(threads: int) -> int:
    """Numbers that a team needs, zeros at first: two, and one for each thread, each in a line of its own."""
    return LINE * (2 + threads)


if usleep is None:

    @inlined
    def give_core_away() -> None:
        """Do nothing, where there is no such call: the operating system takes the core when its time is over."""

else:

    @inlined
    def give_core_away() -> None:
        """Let another thread of any process run."""
        usleep(NAP)


@kernel
def wait_for_others(team: Ints, thread: int, threads: int) -> None:
    """Say that this thread is here, and wait until all are."""
    mine = LINE * (2 + thread)
    team[mine] += threads
    raise_counter(team, MET)
    looks = 0
    while read_counter(team, MET) < team[mine]:
        looks += 1
        pause()
        if looks > LOOKS:
            give_core_away()


@kernel
def meet(team: Ints, thread: int, threads: int) -> None:
    """Wait until all threads of a team are here."""
    if threads > 1:
        wait_for_others(team, thread, threads)


@kernel
def share_start(size: int, block: int, thread: int, threads: int) -> int:
    """First of `size` columns that a thread computes: whole blocks, as many as the others have, give or take one."""
    if thread == 0:
        return 0
    if thread == threads:  # no division for a team of one, whose step may take half a microsecond
        return size
    blocks = (size + block - 1) // block
    return min(size, blocks * thread // threads * block)
