"""fastmlp beside what a user would pick instead: the same trainings, each peer in a process of its own.

``python -m bench.peers`` runs them on one pinned core in interleaved rounds, prints a table, writes ``peers.json`` and
renders PEERS.md from it. A peer that is not installed is named as missing; ``pip install --group peers`` installs all.
"""

from .matched import sklearn_training as sklearn_training
