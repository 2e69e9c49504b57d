"""Run this folder's network on Lava's fixed-point models; needs Python 3.10, lava-nc and numpy only."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from spikewright_lava.execution import execute
from spikewright_lava.failure import fail
from spikewright_lava.inputs import read_inputs
from spikewright_lava.network import read_network
from spikewright_lava.shared_memory import use_prefix


def main() -> None:
    """Parse the command line, run, and leave with 0 if the results are on disk."""
    arguments = _parse()
    try:
        use_prefix(arguments.shared_memory_prefix)
        network = read_network(Path(__file__).resolve().parent)
        execute(network, read_inputs(network, arguments.input, arguments.samples == "stream"), arguments)
    except BaseException as error:
        fail(error, arguments)
    sys.stdout.flush()
    # Lava leaves threads behind that can hold up a normal exit.
    os._exit(0)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", type=Path, required=True, help=".npz with one (T, B, *shape) array per input/<name>")
    parser.add_argument("--output", type=Path, required=True, help="results as .npz")
    parser.add_argument("--record", choices=("spikes", "state"), default="spikes", help="state: also u and v, all rows")
    parser.add_argument(
        "--samples",
        choices=("independent", "stream"),
        default="independent",
        help="stream: events on their way reach the next sample, as on a chip that resets its neurons only",
    )
    parser.add_argument("--progress", type=Path, help="file that holds the number of finished samples")
    parser.add_argument("--shared-memory-prefix", default=f"sw{os.getpid()}", help="at most 9 characters")
    parser.add_argument("--stop-with-parent", action="store_true", help="end as soon as the starting process is gone")
    return parser.parse_args()


if __name__ == "__main__":
    main()
