"""The exit codes of ``fastmlp``."""

DONE = 0
TRIALS_FAILED = 1  # or diverged
USAGE = 2  # an option or a setting is refused
STORE = 3  # a study's store is missing, locked, damaged or full
# 4 and 5 are the speed gate's: slower, and no verdict
SIGNALLED = 128  # plus the number of the signal that stopped a study
INTERRUPTED = 130  # Ctrl-C
BROKEN_PIPE = 141  # what a shell reports of a program that SIGPIPE ended
