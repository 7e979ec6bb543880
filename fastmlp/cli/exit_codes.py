"""The one table of exit codes of ``fastmlp``; the help is made of it.

4 and 5 belong to the speed gate, ``python -m bench gate``: slower, and no verdict.
"""

DONE = 0
TRIALS_FAILED = 1
UNSOLVED = 1
CHANGED = 1
USAGE = 2
STORE = 3
UNAVAILABLE = 69  # EX_UNAVAILABLE of sysexits.h
INTERNAL = 70  # EX_SOFTWARE of sysexits.h
OUTPUT = 74  # EX_IOERR of sysexits.h
SIGNALLED = 128  # plus the number of the signal
INTERRUPTED = 130
BROKEN_PIPE = 141  # what a shell reports of a program that SIGPIPE ended

MEANINGS = {
    DONE: "done",
    TRIALS_FAILED: (
        "some trials diverged or failed, or are in no part of a merge; a task of the lab is not solved; a claim is not "
        "judged as was written down"
    ),
    USAGE: "an option, an argument or a setting is refused; nothing is written",
    STORE: "a study's folder is in use, damaged or full, or holds no study",
    UNAVAILABLE: "a cluster cannot be used any more; what is finished is kept",
    INTERNAL: "an error in fastmlp itself",
    OUTPUT: "stdout cannot be written to",
    INTERRUPTED: "stopped by Ctrl-C",
    BROKEN_PIPE: "whoever read stdout went away",
    SIGNALLED + 15: "stopped by SIGTERM",
}
HELP = "\b\nExit codes:\n" + "\n".join(f"  {code:<5}{meaning}" for code, meaning in sorted(MEANINGS.items()))
