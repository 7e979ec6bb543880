"""The benchmarks that a commit is judged by: kernels by optimiser and shape, then two through the public names."""

HEADLINE = (
    "bench_kernels.Kernel.time_train('lab', 'sgd', 'float32')",
    "bench_kernels.Kernel.time_train('lab', 'adam', 'float32')",
    "bench_kernels.Kernel.time_train('lab', 'adamw', 'float32')",
    "bench_kernels.Kernel.time_train('medium', 'sgd', 'float32')",
    "bench_kernels.Kernel.time_train('deep', 'sgd', 'float32')",
    "bench_kernels.Kernel.time_train('head', 'sgd', 'float32')",
    "bench_training.Training.time_training('numba', 'float32')",
    "bench_forward.Passes.time_forward('numba', 'wide')",
)
