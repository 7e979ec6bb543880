"""A Dask scheduler and workers that are started by command lines, as on a cluster, for tests that kill or cut them."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

START_SECONDS = 120.0  # that a scheduler may take to listen, on a busy machine
ROOT = Path(__file__).parents[3]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


class StartedCluster:
    """Processes of a cluster; all log into a folder.

    Parameters
    ----------
    folder
        Where they run.
    host
        Where the scheduler listens.
    """

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        self.folder, self.host, self.port = folder, host, free_port()
        self.address = f"tcp://{host}:{self.port}"
        self.processes = list[subprocess.Popen[bytes]]()
        self._ended = threading.Event()
        self._keeper = threading.Thread(target=self._replace_dead_workers, args=(1,))

    def start(self, *words: str, inside: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        """Start a module's command, behind the words of another command."""
        with (self.folder / f"log-{len(self.processes)}").open("wb") as log:
            command = [*inside, sys.executable, "-m", *words]
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        self.processes.append(process)
        return process

    def scheduler(self, inside: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        listen = ("--host", self.host, "--port", str(self.port), "--no-dashboard", "--no-jupyter")
        scheduler = self.start("distributed.cli.dask_scheduler", *listen, inside=inside)
        end = monotonic() + START_SECONDS
        while monotonic() < end:
            with suppress(OSError), socket.create_connection((self.host, self.port), 1.0):
                break
            sleep(0.05)
        return scheduler

    def worker(
        self, *options: str, threads: int = 1, host: str = "127.0.0.1", inside: tuple[str, ...] = ()
    ) -> subprocess.Popen[bytes]:
        options = ("--nthreads", str(threads), "--no-nanny", "--no-dashboard", "--host", host, *options)
        folder = ("--local-directory", str(self.folder))
        return self.start("distributed.cli.dask_worker", self.address, *options, *folder, inside=inside)

    def keep_worker(self, threads: int) -> None:
        """Have a worker, and another one whenever it dies: a nanny of Dask's gives up if it is killed too soon."""
        self._keeper = threading.Thread(target=self._replace_dead_workers, args=(threads,))
        self._keeper.start()

    def _replace_dead_workers(self, threads: int) -> None:
        worker = self.worker(threads=threads)
        while not self._ended.wait(0.1):
            if worker.poll() is not None:
                worker = self.worker(threads=threads)

    def stop(self) -> None:
        self._ended.set()
        if self._keeper.is_alive():
            self._keeper.join()
        for process in self.processes:
            process.kill()
            process.wait()
