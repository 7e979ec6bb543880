"""A client of no cluster: what it is given runs in threads of this process, and workers leave when a test says so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any

Answer = Callable[..., Any]  # called with a function and its arguments, in the place of a worker


def run_here(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)


class MadeUpFuture(Future[Any]):
    """A future with what Dask's have beside."""

    @property
    def status(self) -> str:
        if not self.done():
            return "pending"
        return "cancelled" if self.cancelled() else "error" if self.exception() else "finished"


class MadeUpClient:
    """What a study uses of a client of Dask's.

    Parameters
    ----------
    workers
        Numbers of threads by address; a test may change them.
    answer
        What a worker does with a function.
    """

    dashboard_link = "http://dashboard"

    def __init__(self, workers: dict[str, int], answer: Answer = run_here) -> None:
        self.workers, self.answer, self.status = workers, answer, "running"
        self.events = defaultdict[str, list[tuple[float, str]]](list)
        self.sent = list[bytes]()
        self._threads = ThreadPoolExecutor(16)

    def nthreads(self) -> dict[str, int]:
        return dict(self.workers)

    def get_events(self, topic: str) -> tuple[tuple[float, str], ...]:
        return tuple(self.events[topic])

    def tell(self, topic: str, message: str) -> None:
        self.events[topic].append((0.0, message))

    def scatter(self, data: dict[str, bytes], workers: list[str]) -> dict[str, Any]:
        futures = {key: MadeUpFuture() for key in data}
        for key, future in futures.items():
            self.sent.append(data[key])
            future.set_result(data[key])
        return futures

    def submit(
        self, function: Callable[..., Any], *arguments: Any, key: str, workers: list[str], pure: bool
    ) -> MadeUpFuture:
        future = MadeUpFuture()
        given = [argument.result() if isinstance(argument, MadeUpFuture) else argument for argument in arguments]

        def run() -> None:
            try:
                result = self.answer(function, *given)
            except CancelledError:
                future.cancel()
                future.set_running_or_notify_cancel()
            except Exception as error:  # noqa: BLE001 - it is the future's
                future.set_exception(error)
            else:
                if result is not None:  # or the worker has left, and nothing comes
                    future.set_result(result)

        if self.workers.get(workers[0]):
            self._threads.submit(run)
        return future
