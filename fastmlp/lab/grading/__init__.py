"""Grade many submissions: each in a process of its own, with limits, away from the network and in a temporary folder.

`submissions` finds them, `sandbox` starts the processes, `worker` is what runs in them, `guard` what they may not do,
`grade` collects what they say.
"""

from .grade import Grade as Grade
from .grade import grade_folder as grade_folder
from .grade import to_csv as to_csv
