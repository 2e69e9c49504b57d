"""The ways of a trained divisor to a chip, each as what the host computes and the integer program behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from numpy.typing import NDArray

from ...exporters.nir.host import host_current, split_host
from ...exporters.nir.trace import to_nir
from ...exporters.program.passes.circuits import RECIPROCALS
from ...exporters.program.program import Program
from ...models.copying import copy_module
from ...models.errors import CapacityError
from ...models.freezing import freeze_gain
from ...simulators.chips.chip import ABILITIES, Ability, Chip
from ...simulators.placement.fitting import check_fit
from ..lowering import lower

if TYPE_CHECKING:
    import nir
    from torch import nn

TITLES = {
    **{f"dynamic-{bits}": f"dynamic, {bits} bits" for bits in RECIPROCALS},
    "dynamic-0": "dynamic, power of two",
    "static": "static, calibrated",
    "static-tuned": "static, fine-tuned",
    "host-static": "host, then static",
    "host-dynamic": "host, then dynamic",
    "annealed": "annealed in training",
}
ALTERNATIVES = (
    *(f"dynamic-{bits}" for bits in RECIPROCALS),
    "static",
    "static-tuned",
    "host-static",
    "host-dynamic",
    "annealed",
)
"""All of them, in the order of the table."""
EXACT = "exact, float"
INTEGERS = "engine"
"""Backend that runs the programs."""
OWN_WEIGHTS = ("static-tuned", "annealed")
"""Networks that were trained further, or anew, so that their logits and spikes are not those of the exact network."""


@dataclass(frozen=True, eq=False)
class Alternative:
    """One way to a chip.

    Attributes
    ----------
    name : str
        One of `ALTERNATIVES`.
    program : Program
    host : NIRGraph or None
        What the host computes in float64, whose output enters the program.
    needs : tuple of str
        Rules of ``spikewright check`` that a chip without any ability breaks, such as "divided_input".
    misfits : tuple of str
        Rules that the named chip breaks, one sentence each; empty without a chip.
    """

    name: str
    program: Program
    host: nir.NIRGraph | None
    needs: tuple[str, ...]
    misfits: tuple[str, ...]

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        return TITLES[self.name]

    @property
    def reciprocal_bits(self) -> int | None:
        """Bits of the look-up by which the chip divides; None where it does not."""
        return max((p.reciprocal_bits for p in self.program.populations if p.kind == "ei_gain"), default=None)

    @property
    def backend(self) -> str:
        """What runs it here."""
        return INTEGERS if self.host is None else f"run_graph, {INTEGERS}"

    def rows(self, x: NDArray[Any]) -> NDArray[Any]:
        """What enters the program where `x`, (T, B, *shape), enters the network."""
        return x if self.host is None else host_current(self.host, x)


def build(
    model: nn.Module,
    calibration: NDArray[Any],
    names: tuple[str, ...],
    others: Mapping[str, nn.Module | None],
    chip: str,
    lowering: Mapping[str, Any],
) -> Iterator[Alternative]:
    """Make the alternatives `names`, in their order.

    Parameters
    ----------
    model : nn.Module
        With circuits that divide; in float64.
    calibration : (T, B, *shape) array
    names : tuple of str
    others : mapping of "static-tuned" and "annealed" to nn.Module
        The networks of those names.
    chip : str
        Empty for none.
    lowering : mapping
        Options of `lower` that hold for all, such as weight_bits.
    """
    graph = _graph(model, calibration)
    host, behind = split_host(graph) if any(name.startswith("host") for name in names) else (None, graph)
    for name in names:
        hosted = host if name.startswith("host") else None
        rows = calibration if hosted is None else host_current(hosted, calibration)
        if name in OWN_WEIGHTS:
            program = _lowered(_graph(_settled(others[name], calibration), calibration), rows, chip, lowering)
        else:
            program = _lowered(behind if hosted else graph, rows, chip, {**lowering, **_ei(name)})
        yield Alternative(name, program, hosted, _needs(program), _misfits(program, chip))


def _graph(model: nn.Module, calibration: NDArray[Any]) -> nir.NIRGraph:
    return to_nir(model, torch.as_tensor(calibration).double())[0]


def _settled(network: nn.Module | None, calibration: NDArray[Any]) -> nn.Module:
    """The network with ordinary layers, in float64."""
    assert network is not None  # `compare_gains` looked
    model = copy_module(network).double().eval()
    return freeze_gain(model, torch.as_tensor(calibration).double())


def _ei(name: str) -> dict[str, Any]:
    """Options of `lower` for an alternative."""
    how = name.removeprefix("host-")
    if how.startswith("dynamic-"):
        return {"ei": "dynamic", "reciprocal_bits": int(how.removeprefix("dynamic-"))}
    return {"ei": how}


def _lowered(graph: nir.NIRGraph, rows: NDArray[Any], chip: str, lowering: Mapping[str, Any]) -> Program:
    """Lowered for the chip, or for none where the chip lacks something: all alternatives have their figures."""
    if chip:
        with suppress(CapacityError):
            return lower(graph, rows, chip=chip, **lowering)
    return lower(graph, rows, **lowering)


def _needs(program: Program) -> tuple[str, ...]:
    return tuple(dict.fromkeys(finding.rule for finding in check_fit(program, BARE) if not finding.ok))


def _misfits(program: Program, chip: str) -> tuple[str, ...]:
    return tuple(finding.sentence for finding in check_fit(program, chip) if not finding.ok) if chip else ()


BARE = Chip(
    name="no ability",
    title="A chip with none of the abilities and without limits",
    source="made up, to see what a program asks for",
    abilities={name: Ability(False, "specified", "made up") for name in ABILITIES},
    limits={},
    mesh=None,
    energy={},
    time={},
    barrier=None,
    not_included=(),
)
