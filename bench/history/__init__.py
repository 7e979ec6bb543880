"""How the time of each benchmark changed from commit to commit: `python -m bench history`.

`read` takes asv's stored results and asv's step detection and returns one dict, history.json; `page` draws it. If that
file lies next to a study's report, the book's chapter on speed shows it.
"""
