"""The exit codes of `python -m bench`, the same as those of the `fastmlp` command where both have one."""

PASSED, CHECK_FAILED, USAGE, SLOWER, NO_VERDICT = 0, 1, 2, 4, 5
