"""How the trials of a study are run: scheduling, executors (threads or processes) and signals.

What a trial computes is not decided here, nor what a record holds: work comes in as groups and a function, and goes
out as outcomes, which the scheduler alone writes to the store.
"""
