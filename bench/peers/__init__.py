"""Compare fastmlp with other libraries on the same trainings, each in a process of its own.

``python -m bench.peers`` runs them in interleaved rounds, on one pinned core with one thread and, where the network is
wide, on all cores with as many threads; it prints tables, writes ``peers.json`` and renders PEERS.md from it. A library
that is not installed is listed as missing; ``pip install --group peers`` installs all.
"""

from .matched import sklearn_training as sklearn_training
