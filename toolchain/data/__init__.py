"""Data sets, read from what packages ship or from files."""
