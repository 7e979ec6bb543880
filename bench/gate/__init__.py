"""A speed gate that knows its own noise: two revisions, side by side on one core, and a verdict with its evidence.

``python -m bench gate --base REF`` compares, ``python -m bench gate-power`` measures how often a comparison is wrong,
``python -m bench rehearse`` tries the gate on the working tree alone.

=============  =====================================================================================
`workshop`     a temporary folder that never outlives its owner by more than one run
`build`        a revision: its sources, environment and compile cache, checked to be what it claims
`worker`       the process that lives on one core and times what it is told to
`rounds`       a pair of workers, and samples in ABBA order
`verdict`      from ratios to intervals and words: pure functions
`compare`      the adaptive run
`checks`       what has no noise: results against the committed fingerprint, memory, machine code
`rehearsal`    the gate in short, on one build
`present`      a table for people, Markdown, JSON
`power`        many comparisons of builds whose difference is known; `proof` renders what came of them
=============  =====================================================================================
"""
