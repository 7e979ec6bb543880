"""How each benchmark went from commit to commit, out of what asv has stored: `python -m bench history`.

`read` takes asv's results and asv's own detection of steps, and leaves one plain dict, history.json; `page` draws it.
The same file beside a study's report is told in the book's chapter on speed: see `fastmlp.report.history`.
"""
