"""Run tests many times, several at once: ``python -m tests.repeat 200 --at-once 4 tests/study -k signal``.

A process of pytest runs some rounds one after the other, because its start would take longer than they do. It ends with
the first process in which a round fails, shows it, and says how many passed. What it does not know is for pytest.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from tempfile import TemporaryDirectory

IN_A_ROW = 25  # rounds of a process, at most


def run(rounds: int, words: list[str]) -> subprocess.CompletedProcess[str]:
    """Run rounds in one process, with a temporary folder of its own; it ends with the first test that fails."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", "-qx", "-p", "no:cacheprovider", "--basetemp", f"{folder}/pytest"]
        often = ["--count", str(rounds), "--repeat-scope", "session"]
        return subprocess.run([*command, *often, *words], capture_output=True, text=True, check=False)


def repeat(rounds: int, at_once: int, words: list[str]) -> tuple[int, str]:
    """Return how many rounds passed before a process failed, and what that one said."""
    passed = 0
    in_a_row = min(IN_A_ROW, -(-rounds // at_once))
    sizes = [min(in_a_row, rounds - first) for first in range(0, rounds, in_a_row)]
    with ThreadPoolExecutor(at_once) as threads:
        size_of = {threads.submit(run, size, words): size for size in sizes}
        for future in as_completed(size_of):
            result = future.result()
            if result.returncode:
                threads.shutdown(wait=False, cancel_futures=True)
                return passed, result.stdout + result.stderr
            passed += size_of[future]
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
