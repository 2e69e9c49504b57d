"""The integer program and what a run of it returns."""
