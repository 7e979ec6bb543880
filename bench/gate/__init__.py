"""A speed gate that knows its own noise: two revisions, side by side on one core, and a verdict with its evidence.

``python -m bench gate --base REF`` compares, ``python -m bench gate-power`` measures how often a comparison is wrong,
``python -m bench rehearse`` tries the gate on the working tree alone.

==============  ========================================================================================
`command`       the options of `gate` and `gate-power`
`isolation`     a scratch folder for each run, and commands that end with it
`build`         a revision: its sources, environment and compile cache, checked to be what it claims
`inject`        a slowdown of known size in the copy of the sources
`selection`     which benchmarks are compared
`worker`        the process that lives on one core and times what it is asked to
`sampling`      a pair of workers, and samples in ABBA order
`verdict`       from ratios to intervals, verdicts and an exit code: pure functions
`compare`       the adaptive run
`checks`        noiseless checks: results against the committed fingerprint, memory, machine code
`render`        a table for people, Markdown, JSON
`selftest`      the gate in short, on one build
`power`         many comparisons of builds whose difference is known; `power_report` renders GATE.md from them
==============  ========================================================================================
"""
