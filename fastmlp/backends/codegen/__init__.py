"""LLVM instructions for what Numba does not vectorise: register tiles, their epilogues, exp, log, tanh.

These modules emit code and compute nothing themselves. Which tile is emitted is decided by `cpu`; who calls it, by
`kernels`.
"""
