"""The benchmarks that a commit is judged by: kernels by optimiser and shape, then two through the public names.

They are those whose time is the same in every process. The head's own training is not among them: a process does it in
0.28 or in 0.33 ms, from its first call to its last, and a few restarts cannot tell that from a slower commit.
"""

HEADLINE = (
    "bench_kernels.Kernel.time_train('lab', 'sgd', 'float32')",
    "bench_kernels.Kernel.time_train('lab', 'adam', 'float32')",
    "bench_kernels.Kernel.time_train('lab', 'adamw', 'float32')",
    "bench_kernels.Kernel.time_train('medium', 'sgd', 'float32')",
    "bench_kernels.Kernel.time_train('deep', 'sgd', 'float32')",
    "bench_training.Training.time_training('numba', 'float32')",
    "bench_forward.Passes.time_forward('numba', 'wide')",
)
