"""Small hand-made programs that several tests share."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import VTH_MAX, Input, Output, Population, Program, Projection
from spikewright.simulators.chips.profile import Chip, load_chip


def parts(**changes: object) -> dict:
    """One input of 3, one population of 2, with `changes` to the parts."""
    unchanged = {
        "inputs": (Input("in", (3,)),),
        "populations": (Population("a", (2,), 4095, 2048, 10, np.zeros(2, np.int32), level=1),),
        "projections": (Projection("in-a", "in", "a", np.array([[2, 0, -4], [254, 6, 8]], np.int16)),),
        "outputs": (Output("out", "a", "spike_count"),),
    }
    return unchanged | changes


def a_program(**changes: object) -> Program:
    """The program of `parts`."""
    return make_program(**parts(**changes))


def layered(sizes: tuple[int, ...], names: tuple[str, ...] = (), vth: int = 200) -> Program:
    """Layers of random weights behind an input of ``sizes[0]``; the membrane of the last one is read out."""
    rng = np.random.default_rng(0)
    names = names or tuple(f"layer{level}" for level in range(1, len(sizes)))
    populations, projections = [], []
    for level, (source, name) in enumerate(pairwise(("in", *names)), 1):
        size, last = sizes[level], level == len(names)
        registers = (4095, 0 if last else 2048, VTH_MAX if last else vth, np.zeros(size, np.int32), level)
        populations.append(Population(name, (size,), *registers, kind="readout" if last else "lif"))
        weights = (2 * rng.integers(-60, 64, (size, sizes[level - 1]))).astype(np.int16)
        projections.append(Projection(f"to {name}", source, name, weights))
    outputs = (Output("out", names[-1], "membrane"),)
    return make_program((Input("in", (sizes[0],)),), tuple(populations), tuple(projections), outputs)


def able(chip: Chip) -> Chip:
    """The chip with every ability that a profile can name."""
    return replace(chip, abilities={name: replace(has, value=True) for name, has in chip.abilities.items()})


def a_chip(cores_per_tile: int = 1, **limits: int) -> Chip:
    """Loihi 1 with `limits` in place of its own, so that small programs take many cores, on a tall enough mesh."""
    chip = load_chip("loihi1-davies2018")
    mesh = replace(chip.mesh, height=100, cores_per_tile=cores_per_tile)
    given = {name: replace(chip.limits["cores"], value=limit) for name, limit in ({"cores": 800} | limits).items()}
    return replace(chip, limits=chip.limits | given, mesh=mesh)
