"""One trial: pretraining, transfer or baseline, evaluation on held-out data, and the record that comes of it.

Its business is everything that happens between a planned trial and its record, in one thread and without files. Not
its business: which trials there are, where and in what order they run, and where records are kept.
"""
