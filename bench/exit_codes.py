"""The exit codes of `python -m bench`, the same as those of the `fastmlp` command where both have one."""

PASSED, CHECK_FAILED, USAGE, NOT_WRITTEN, SLOWER, NO_VERDICT = 0, 1, 2, 3, 4, 5
