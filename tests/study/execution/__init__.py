"""Tests of how the trials of a study are run."""
