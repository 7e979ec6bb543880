"""The store: one SQLite file for each study, written by one process and read by any number.

`schema` has the words and the columns, `encoding` makes rows of records, `outcome` is what workers hand back,
`database` opens the file, `lock` keeps a second study out, `writer` and `reader` write and read it. Nothing here
knows what a strategy is.
"""

from .reader import StudyData as StudyData
from .reader import read_study as read_study
from .writer import Store as Store
