"""Chip profiles: numbers with unit, source and kind, as TOML."""
