"""A team of threads that share one training: where they meet, and which columns each computes.

All threads run the same kernel on the same memory, each on its share of the columns, and meet between products: some
ten times a step. So they wait by looking, since a lock of the operating system takes longer than a small product. There
may be more threads than cores, so who has looked for some microseconds offers the core before each further look, and
sleeps if that took long, too. No threading layer of numba's is in play: one of them aborts when it is used from two
threads at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..codegen.atomic import pause, raise_counter, read_counter, sched_yield, usleep
from ..jit import kernel

if TYPE_CHECKING:
    from ...layout import Ints

LINE = 8  # numbers of 8 bytes in a line of the cache: two counters in one would be passed to and fro
LOOKS = 100  # a few microseconds
OFFERS = 2000  # some half a millisecond where nobody wants the core, far longer than threads with a core each are apart
NAP = 20  # microseconds, which the system makes a hundred of
MET, STOPPED = 0, LINE  # where in the memory of a team: all arrivals so far, and whether the training has ended


def team_memory(threads: int) -> int:
    """Numbers that a team needs, zeros at first: two, and one for each thread, each in a line of its own."""
    return LINE * (2 + threads)


if usleep is None:

    @kernel
    def give_core_away(_looks: int) -> None:
        """Do nothing, where there are no such calls: the operating system takes the core when its time is over."""

else:

    @kernel
    def give_core_away(looks: int) -> None:
        """Let another thread of any process run, after so many looks.

        A thread that sleeps too early is late itself, so that those it meets next sleep too, and so on.
        """
        if looks > LOOKS + OFFERS:
            usleep(NAP)
        elif looks > LOOKS:
            sched_yield()


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
        give_core_away(looks)


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
