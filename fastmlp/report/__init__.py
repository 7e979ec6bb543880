"""From records to a report: `summary` counts and compares, `figures` draws, `filters` puts into words, `render` writes.

Nothing here trains, and nothing here imports a backend: a study copied to a machine without numba can be read there.
"""
