"""``python -m benchmarks.plots.sweeps``: all points and roofs, in a process of its own, as JSON on its stdout."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator

from spikewright.simulators.engine.execute import processors

from .layers import Point, build, measure
from .roofs import SIZES, measure_roofs

RATES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
CURVES = (0.01, 0.1, 1.0)
"""Rates of the other sweeps."""
BATCHES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
THREADED = 200
"""Samples of the sweep over threads."""
SEVERAL = {"dense": (256, 1024, 4096), "convolution": (16, 64, 256)}
"""Sizes of the sweep over rates; the middle one is that of the sweeps over batches and threads."""
SIZES_OF = {"dense": (64, 128, 256, 512, 1024, 2048, 4096, 8192), "convolution": (8, 16, 32, 64, 128, 256, 512)}
TINY = {"rates": (0.1, 1.0), "sizes": {"dense": (16, 64), "convolution": (2, 8)}, "batches": (1, 4)}


def main(arguments: list[str] | None = None) -> None:
    """Measure, and print one object."""
    options = _options(arguments)
    numbers = threads_of(processors())
    found: dict[str, list[dict[str, object]]] = {}
    for sweep, points in sweeps(options.tiny, numbers).items():
        print(f"  plots: {sweep}, {len(points)} points", file=sys.stderr, flush=True)
        found[sweep] = [measure(point, build(point), options.rounds) for point in points]
    print("  plots: roofs", file=sys.stderr, flush=True)
    roofs = [measure_roofs(threads, SIZES[:4] if options.tiny else SIZES).told() for threads in numbers]
    print(json.dumps({"sweeps": found, "roofs": roofs}))


def threads_of(cores: int) -> list[int]:
    """Numbers of threads: powers of two, and all cores."""
    return sorted({*(1 << n for n in range(cores.bit_length()) if 1 << n <= cores), cores})


def sweeps(tiny: bool, threads: list[int]) -> dict[str, list[Point]]:
    """Points by the quantity that their sweep varies."""
    found = {"rate": [], "size": [], "batch": [], "threads": []}
    for name, point in _points(tiny, threads):
        found[name].append(point)
    return found


def _points(tiny: bool, threads: list[int]) -> Iterator[tuple[str, Point]]:
    rates, batches = (TINY["rates"], TINY["batches"]) if tiny else (RATES, BATCHES)
    shared = batches[-1] if tiny else THREADED
    for kind in SEVERAL:
        sizes = TINY["sizes"][kind] if tiny else SIZES_OF[kind]
        several = sizes if tiny else SEVERAL[kind]
        middle = several[len(several) // 2]
        yield from (("rate", Point(kind, size, rate)) for size in several for rate in rates)
        for rate in rates if tiny else CURVES:
            yield from (("size", Point(kind, size, rate)) for size in sizes)
            yield from (("batch", Point(kind, middle, rate, batch)) for batch in batches)
            yield from (("threads", Point(kind, middle, rate, shared, number)) for number in threads)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plots.sweeps", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tiny", action="store_true")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
