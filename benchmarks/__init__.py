"""Speed measurements: each is a command that prints one table, and with ``--record`` keeps its rows.

    python -m benchmarks.step       a training step, against a bare loop and against the usual way to train
    python -m benchmarks.small      a training step of the smallest networks
    python -m benchmarks.packing    several workers on one machine
    python -m benchmarks.memory     peak memory of training
    python -m benchmarks.plan       planning 10 to 10,000 runs
    python -m benchmarks.report     reporting 10 to 10,000 runs
    python -m benchmarks.startup    how long the command takes to answer
    python -m benchmarks.study      `make study` as a whole
    python -m benchmarks.precision  final errors in fp32 and in bf16

    python -m benchmarks.throughput fits the prices that `findings plan --device` predicts with to the rows of these

From the repository's root. Rows go to results/benchmarks/<name>.csv of the working directory.
"""
