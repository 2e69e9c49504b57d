"""When things happen on a chip: counts by core and chip step, and the time that a step takes."""
