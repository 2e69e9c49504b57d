"""Whole networks on the oracle and on Lava, spike for spike."""
