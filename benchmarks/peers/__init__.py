"""The peers: one module each, found here by name, each run by the interpreter of its environment."""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    """A contestant.

    Attributes
    ----------
    name, module : str
    packages : tuple of str
        Whose versions are recorded.
    forms : dict of str to str
        Ways to write the network, and what each is; all give the same spikes. The first is the documented one.
    python : str
        Interpreter of its environment.
    """

    name: str
    module: str
    packages: tuple[str, ...]
    forms: dict[str, str]
    python: str = sys.executable


SNNTORCH = Peer(
    "snnTorch",
    "benchmarks.peers.snntorch_peer",
    ("snntorch", "torch", "numpy"),
    {
        "documented": "step loop of its tutorials, reset_delay=False, no_grad",
        "lean": "step loop, surrogate_disable=True, default reset delay (same spikes), inference_mode",
        "multistep": "as lean, but each Linear runs over all steps at once before its neurons' loop",
    },
)
