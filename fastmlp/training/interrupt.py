"""Ctrl-C, and the stop button of a notebook, while a training runs: what whole epochs have made of it is kept.

A handler that raises would do so anywhere, also when the network is ahead of its count of updates. So the signal is
noted, and heeded between two calls of the backend. A second one has its usual effect.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Self

from ..notebook import Live


class Onlooker:
    """Hears interrupts while a training runs, and tells a notebook how far it is.

    It begins to hear when a second call of the backend is due: what ends with the first takes less time than to listen.
    A signal that others handle, or that comes while another thread trains, is left to them.

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
        self._has_seen = self._hears = False

    def see(self, epoch: int, *, goes_on: bool) -> None:
        """Take note that a call of the backend has ended, so many epochs of a phase after its beginning.

        Parameters
        ----------
        goes_on
            Whether it is known that another one follows.
        """
        if (goes_on or self._has_seen) and not self._hears:
            self._begin_to_hear()
        self._has_seen = True
        self._live.show(self.before + epoch)

    def hear(self, _signum: int, _frame: FrameType | None) -> None:
        """Note the first signal, and give the next one its usual effect."""
        self.interrupted = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def _begin_to_hear(self) -> None:
        self._hears = True
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self.hear)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)
        if self._hears and signal.getsignal(signal.SIGINT) == self.hear:
            signal.signal(signal.SIGINT, signal.default_int_handler)
