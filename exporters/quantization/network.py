"""A program as a torch module: forward the integers of the numeric contract, backward straight through them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...models.errors import UnsupportedOp
from ...models.surrogates import surrogate_by_name
from ..program.population import STATE_LIMIT, Population
from ..program.program import Program, Projection
from .circuits import Circuits
from .execute import Integers, Record, largest_input, largest_state, run_group
from .inputs import Rows, encode_inputs
from .latent import Neurons, Weights
from .neurons import Registers
from .order import groups
from .rebuild import fit_readout_, rebuilt
from .synapses import Bring
from .units import weight_unit


class QuantisedNetwork(nn.Module):
    """A program whose weights, scales, thresholds and biases are trained; build it with `fake_quantise`.

    Parameters
    ----------
    program : Program
        Its structure, grids, exponents, decays, delays and levels stay.
    values : mapping of str to array
        Float weights of projections by name, where known.
    circuits : Circuits
        Excitatory-inhibitory circuits whose own parameters are trained in place of weights and thresholds.
    surrogate : str
        Spike function of ``models.surrogates``.

    Attributes
    ----------
    program : Program
        The one that training started from.
    weights, neurons : dict of str to Weights, Neurons
        Trained numbers by projection and by population; relays have none.
    steps : int or None
        Rows of the samples that ran last.
    """

    _here: Tensor

    def __init__(self, program: Program, values: Mapping[str, Any], circuits: Circuits, surrogate: str) -> None:
        super().__init__()
        self.program, self.circuits = program, circuits
        self.steps: int | None = None
        self._spike = surrogate_by_name(surrogate)
        self._groups = groups(program)
        self._brings = {q.name: Bring(program, q) for q in program.projections}
        trained = [p for p in program.populations if p.kind != "relay"]
        into = [q for p in trained for q in program.into(p.name)]
        self.neurons = {p.name: Neurons(program, p) for p in trained}
        self.weights = {
            q.name: Weights(self._brings[q.name], weight_unit(program, q), values.get(q.name)) for q in into
        }
        # A module's name has no dots, which names of projections have.
        self._neurons, self._weights = nn.ModuleList(self.neurons.values()), nn.ModuleList(self.weights.values())
        self.register_buffer("_here", torch.zeros(()), persistent=False)  # a program of relays trains nothing
        circuits.replace(program, self.weights, self.neurons)

    @property
    def model(self) -> nn.Module | None:
        """The float network whose circuits are trained; None if none was given."""
        return self.circuits.model

    def forward(self, x: Rows) -> Tensor | dict[str, Tensor]:
        """Return what the outputs read, in float units.

        Parameters
        ----------
        x : (T, B, *input_shape) array or tensor, or dict of input name to such
            As for `simulate`: integers are events; floats are scaled and rounded.

        Returns
        -------
        Tensor, shape (B, n), or dict of output name to such
            A membrane at the last row in float units; or events, summed over the rows.

        Raises
        ------
        InputError
            For input that does not fit, as `simulate`.
        UnsupportedOp
            Elsewhere than on the CPU.
        """
        record = self._run(x)
        found = {}
        for o in self.program.outputs:
            if o.readout == "membrane":
                found[o.name] = record.v[o.population][-1].float() * self.neurons[o.population].membrane_unit
            else:
                found[o.name] = record.events[o.population].sum(0)
        return next(iter(found.values())) if len(found) == 1 else found

    @torch.no_grad()
    def run(self, x: Rows) -> dict[str, dict[str, Tensor]]:
        """Return "spikes", "u" and "v" of every population as the oracle does, (T, B, size) int64."""
        record = self._run(x)
        names = [p.name for p in self.program.populations]
        return {
            "spikes": {name: record.events[name].long() for name in names},
            "u": {name: torch.stack(record.u[name]).long() for name in names},
            "v": {name: torch.stack(record.v[name]).long() for name in names},
        }

    def integers(self, steps: int) -> Integers:
        """Return all whole numbers of the program, for samples of so many rows."""
        synapses = {q.name: self._brings[q.name].holding(self.whole_weights(q)) for q in self.program.projections}
        found = Integers(self.program, synapses, {})
        for p in self.program.populations:
            if p.kind != "relay":
                found.registers[p.name] = self._registers(p, found, steps)
        return found

    def whole_weights(self, q: Projection) -> Tensor:
        """Weights of a projection on its grid, float32, in the form of its `weights`."""
        if q.name not in self.weights:
            return torch.as_tensor(q.weights.astype(np.float32), device=self._here.device)
        latent = self.weights[q.name]
        return latent(self.neurons[q.target].row_scale(q), self.circuits.weight(q.name, latent))

    def whole_bias(self, p: Population) -> tuple[Tensor, int]:
        """Bias mantissas of a population, (size,), and their exponent."""
        latent = self.neurons[p.name]
        return latent.whole_bias(self.circuits.bias(p.name, latent))

    @torch.no_grad()
    def clamp_(self) -> None:
        """Keep what training must not break; call it after every optimiser step.

        Signs of synapses, thresholds, Dale's constraints of circuits, and the room that readouts need in samples of as
        many rows as the last ones.
        """
        for part in (*self.weights.values(), *self.neurons.values(), self.circuits):
            part.clamp_()
        for p in self.program.populations:
            if p.kind == "readout" and self.steps is not None:
                fit_readout_(self, p, self.steps)

    def to_program(self) -> Program:
        """Return the program with the trained integers."""
        return rebuilt(self)

    def _run(self, x: Rows) -> Record:
        if self._here.device.type != "cpu":
            raise UnsupportedOp(
                f"A fake-quantised network is exact on the CPU, not on {self._here.device}, whose products may round "
                '(TF32, Winograd); move it with .to("cpu").'
            )
        with torch.autocast("cpu", enabled=False):  # bfloat16 holds no integer above 256
            record = Record(encode_inputs(self.program, x, self._here.device))
            self.steps = len(next(iter(record.events.values())))
            integers = self.integers(self.steps)
            for group in self._groups:
                run_group(integers, group, record)
        return record

    def _registers(self, p: Population, integers: Integers, steps: int) -> Registers:
        """Registers in the dtype that the bounds of current and membrane ask for."""
        latent, (mantissa, exponent) = self.neurons[p.name], self.whole_bias(p)
        bias = mantissa * 2.0**exponent
        arriving = largest_input(p, integers.reach(p, "current"))
        u = largest_state(64 * arriving, p.du, 4095, steps)
        v = largest_state(u + float(bias.detach().abs().max()), p.dv, 4096, steps)
        dtype = torch.float32 if u < 2**23 else torch.float64
        vth, vth_low = latent.vth(), latent.vth_low()
        return Registers(
            p,
            *(whole.to(dtype) for whole in (vth * 64, vth_low * 64, bias, latent.membrane_unit)),
            spike=self._spike,
            wraps=u >= 2**23,
            saturates=not v <= STATE_LIMIT or u >= 2**23,
        )
