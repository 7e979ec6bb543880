"""Ctrl-C, and the stop button of a notebook, while a training runs: what whole epochs have made of it is kept.

A handler that raises would do so anywhere, also when the network is ahead of its count of updates. So the signal is
noted, and heeded between two calls of the backend. A second one has its usual effect.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ..notebook import Live


class Onlooker:
    """Hears interrupts while a training runs, and tells a notebook how far it is.

    Parameters
    ----------
    epochs
        Of the whole training.

    Attributes
    ----------
    interrupted
        Whether the training is to end.
    before
        Epochs of the phases before the one that runs.
    """

    def __init__(self, epochs: int) -> None:
        self.interrupted = False
        self.before = 0
        self._live = Live("epochs", epochs)

    def hear(self, _signum: int, _frame: FrameType | None) -> None:
        """Note the first signal, and give the next one its usual effect."""
        self.interrupted = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def see(self, epoch: int) -> None:
        """Tell how many epochs of a phase have been trained."""
        self._live.show(self.before + epoch)


@contextmanager
def watching(epochs: int) -> Iterator[Onlooker]:
    """Watch a training while the block runs. A signal that others handle, or another thread trains, is left to them."""
    onlooker = Onlooker(epochs)
    is_ours = threading.current_thread() is threading.main_thread()
    is_ours = is_ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_ours:
        signal.signal(signal.SIGINT, onlooker.hear)
    try:
        with onlooker._live:  # noqa: SLF001 (its own)
            yield onlooker
    finally:
        if is_ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
