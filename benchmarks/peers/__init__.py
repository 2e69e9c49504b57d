"""The peers: one module each, found here by name, each run by the interpreter of its environment."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ..interop.environments import FRAMEWORKS, cache_folder, make

FORMAT = ", channels last"
"""Tensors of convolutions keep their channels next to each other."""
PRODUCTS = ", bf16 products"
"""torch may multiply in bfloat16 and add in float32; exact here, where weights and spikes are numbers of bfloat16."""


@dataclass(frozen=True)
class Peer:
    """A contestant.

    Attributes
    ----------
    name, module : str
    package : str
        What its interpreter imports, which is also the name of its environment.
    packages : tuple of str
        Whose versions are recorded.
    forms : dict of str to str
        Ways to write the network, and what each is; all give the same spikes. The first is the documented one.
    modifiers : tuple of str
        What may be added to a form.
    clock : {"cpu", "wall"}
        What its time on one thread is measured with.
    """

    name: str
    module: str
    package: str
    packages: tuple[str, ...]
    forms: dict[str, str]
    modifiers: tuple[str, ...] = (FORMAT, PRODUCTS)
    clock: str = "cpu"

    @property
    def on_torch(self) -> bool:
        """Whether it takes batches and threads; Lava takes one sample and starts its own processes."""
        return "torch" in self.packages


SNNTORCH = Peer(
    "snnTorch",
    "benchmarks.peers.snntorch_peer",
    "snntorch",
    ("snntorch", "torch", "numpy"),
    {
        "documented": "step loop of its tutorials, reset_delay=False, no_grad",
        "lean": "step loop, surrogate_disable=True, default reset delay (same spikes), inference_mode",
        "multistep": "as lean, but the synapses of a layer run over all steps at once before its neurons' loop",
    },
)
SPIKINGJELLY = Peer(
    "SpikingJelly",
    "benchmarks.peers.spikingjelly_peer",
    "spikingjelly",
    ("spikingjelly", "torch", "numpy"),
    {"multistep": "step_mode m, inference_mode", "single step": "step_mode s in a loop, inference_mode"},
)
NORSE = Peer(
    "Norse",
    "benchmarks.peers.norse_peer",
    "norse",
    ("norse", "torch", "numpy"),
    {
        "steps": "SequentialState of synapses and LIFBoxCell in a Lift, inference_mode",
        "lifted": "the synapses of a layer over all steps at once, then its LIFBoxCell in a loop, inference_mode",
    },
)
SINABS = Peer(
    "Sinabs",
    "benchmarks.peers.sinabs_peer",
    "sinabs",
    ("sinabs", "torch", "numpy"),
    {"squeeze": "LIFSqueeze with SingleSpike and MembraneReset, inference_mode"},
)
LAVA = Peer(
    "Lava",
    "benchmarks.peers.lava_peer",
    "lava",
    ("lava-nc", "numpy"),
    {"fixed_pt": "RingBuffer, Dense and LIF in one runtime that has started; wall time of RunSteps(T) alone"},
    modifiers=(),
    clock="wall",
)
ON_TORCH = (SNNTORCH, SPIKINGJELLY, NORSE, SINABS)


def interpreter(peer: Peer, local: bool = False) -> str:
    """Return the Python that runs a peer; its environment is made if there is none yet.

    Parameters
    ----------
    peer : Peer
    local : bool
        Make no environment: take the peer from this one, if it is here.

    Raises
    ------
    RuntimeError, OSError, subprocess.SubprocessError, BackendUnavailable
        If the environment cannot be made, saying why.
    """
    if peer is LAVA:
        from spikewright.simulators.lava_environment import find_lava_python

        return str(find_lava_python())
    if local:
        if find_spec(peer.package) is None:
            raise RuntimeError(f"{peer.package} is not installed here, and this run makes no environments.")
        return sys.executable
    framework = next(f for f in FRAMEWORKS if f.name == peer.package)
    return str(make(framework, Path(cache_folder())))
