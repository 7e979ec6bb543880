"""Run tests many times, several at once: ``python -m tests.repeat 200 --at-once 4 tests/study -k signal``.

It ends with the first round that fails, shows it, and says how many passed. What it does not know is for pytest.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from tempfile import TemporaryDirectory


def run_once(words: list[str]) -> subprocess.CompletedProcess[str]:
    """Run pytest in a process and a temporary folder of its own."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--basetemp", f"{folder}/pytest"]
        return subprocess.run([*command, *words], capture_output=True, text=True, check=False)


def repeat(rounds: int, at_once: int, words: list[str]) -> tuple[int, str]:
    """Return how many rounds passed before one failed, and what that one said."""
    passed, begun = 0, 0
    with ThreadPoolExecutor(at_once) as threads:
        running = set[Future[subprocess.CompletedProcess[str]]]()
        while begun < rounds or running:
            while begun < rounds and len(running) < at_once:
                running.add(threads.submit(run_once, words))
                begun += 1
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            for result in (future.result() for future in ended):
                if result.returncode:
                    return passed, result.stdout + result.stderr
                passed += 1
                sys.stderr.write(f"\r{passed} of {rounds} rounds passed")
    return passed, ""


def main() -> None:
    """Read the command line; exit with 1 if a round failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("rounds", type=int)
    parser.add_argument("--at-once", type=int, default=4)
    options, words = parser.parse_known_args()
    passed, said = repeat(options.rounds, options.at_once, words)
    sys.stderr.write(f"\n{said}\n{passed} rounds passed{', then one failed' if said else ''}\n")
    sys.exit(bool(said))


if __name__ == "__main__":
    main()
