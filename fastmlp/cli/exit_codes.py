"""The exit codes of ``fastmlp``, each with what it means."""

DONE = 0
TRIALS_FAILED = 1  # some trials failed or diverged
USAGE = 2  # an option, an argument or a setting is refused
STORE = 3  # a study's store is missing, locked, damaged or full
# 4 and 5 belong to the speed gate, `python -m bench gate`: slower, and no verdict
INTERNAL = 70  # an error in fastmlp itself; EX_SOFTWARE of sysexits.h
OUTPUT = 74  # stdout, or a stream named by --output, cannot be written to; EX_IOERR of sysexits.h
SIGNALLED = 128  # plus the number of the signal that stopped a study: 130 for Ctrl-C, 143 for SIGTERM
INTERRUPTED = 130  # Ctrl-C in any other command
BROKEN_PIPE = 141  # the reader of stdout went away: what a shell reports of a program that SIGPIPE ended
