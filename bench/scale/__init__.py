"""Where a study's trials run, measured: ``python -m bench.scale times`` and ``python -m bench.scale processes``.

Both put their table into docs/cluster.md with ``--write docs/cluster.md``. `bench.study_size` measures how a study's
bookkeeping grows.
"""
