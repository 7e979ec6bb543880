"""``fastmlp warmup``: fill the compile cache."""

from __future__ import annotations

from time import monotonic

import click

from ..console import say
from ..exit_codes import DONE


@click.command("warmup")
def warmup_command() -> int:
    """Compile the kernels that studies need, into the compile cache.

    A study also compiles and caches what it needs by itself. This command does so in advance.
    """
    from ...backends import get_backend
    from ...study.environment import warm_up

    start = monotonic()
    name = get_backend().name
    say(f"backend {name}: compiling what is not in the cache yet")
    warm_up(name)
    say(f"backend {name} is ready after {monotonic() - start:.1f} s")
    return DONE
