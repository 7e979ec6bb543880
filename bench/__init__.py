"""Benchmarks for asv: one suite a file, each checked against the reference before it is timed."""
