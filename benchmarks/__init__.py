"""Speed, measured: our engine against other simulators on the same network, the same input and the same machine.

Run ``make bench``, or ``python -m benchmarks --help`` from the top of the repository. One file describes each workload
(`w1`, `w5`, `startup`), one each peer (`peers`). Every contestant is a process of its own, so that no runtime's
threads or memory disturb another, and a peer may live in an environment of its own.
"""
