"""Benchmarks for asv: one suite per file, each checked against the reference before it is timed."""
