"""From records to a report: a `Study`, `chapters` of numbers and tables, `figures`, and `render`, which writes.

Nothing here trains, and nothing here imports numba: a study that was copied to a machine without it can be read there.
What is said, and in which words, is in ``report_templates/``.
"""
