"""The fast executor: compiled kernels that equal the oracle bit for bit."""
