"""A study: a grid of trials, run in parallel, resumed after any interruption, written to one folder.

A folder for each thing that happens to it: `settings`, then a `plan`, `trial` runs one, `execution` all of them,
`store` keeps the records, `results` are what others read. `run` is the whole of it. What a strategy, a problem or a
statistic is stands outside, and nothing outside but the command line imports a study.
"""

from .merge import merge_studies as merge_studies
from .results.results import Results as Results
from .results.status import resume_command as resume_command
from .run import run_study as run_study
