"""Networks built from a configuration."""

from __future__ import annotations

import difflib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from torch import Tensor, nn

from .ei import EILinear
from .errors import ConfigError
from .neurons import LIF, MeanReadout, lif_violations
from .surrogates import SURROGATES


@dataclass(frozen=True)
class EIMLPConfig:
    """Shape and neuron settings of an `EIMLP`; the meaning of each neuron setting is that in `LIF`.

    Attributes
    ----------
    sizes : tuple of int
        Input, hidden layers, classes.
    steps : int
        Time steps T that the encoder makes; the network itself takes any T.
    tau : float
        Membrane time constant in time steps.
    threshold : float
        Start value, in units of the membrane potential.
    share, reset, spike_op, surrogate : str
    learn_threshold, detach_reset : bool
    ratio : int
        Excitatory neurons per inhibitory neuron.

    Raises
    ------
    ConfigError
        On creation, with all violations listed.
    """

    sizes: tuple[int, ...] = (64, 128, 64, 10)
    steps: int = 8
    tau: float = 2.0
    threshold: float = 1.0
    share: Literal["neuron", "layer"] = "neuron"
    learn_threshold: bool = True
    reset: Literal["zero", "subtract"] = "zero"
    spike_op: Literal[">", ">="] = ">"
    surrogate: Literal["sigmoid", "arctan"] = "sigmoid"
    detach_reset: bool = True
    ratio: int = 4

    def __post_init__(self) -> None:
        """Check types first, then values, so that every violation is told in one round."""
        if isinstance(self.sizes, list):
            object.__setattr__(self, "sizes", tuple(self.sizes))
        violations = self._type_violations() or self._value_violations()
        if violations:
            raise ConfigError("This network configuration cannot be built.", violations)

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> EIMLPConfig:
        """Build from a mapping as in TOML or JSON.

        Raises
        ------
        ConfigError
            For unknown names, each with the nearest known one, and for values out of range.
        """
        known = [field.name for field in fields(cls)]
        unknown = [unknown_name(name, known) for name in settings if name not in known]
        if unknown:
            raise ConfigError("This network configuration has unknown settings.", unknown)
        return cls(**settings)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain values for JSON or TOML."""
        return {**asdict(self), "sizes": list(self.sizes)}

    def _type_violations(self) -> list[str]:
        kinds: dict[str, type | tuple[type, ...]] = {"steps": int, "ratio": int, "tau": (int, float)}
        kinds |= {"threshold": (int, float), "learn_threshold": bool, "detach_reset": bool}
        kinds |= dict.fromkeys(("share", "reset", "spike_op", "surrogate"), str)
        wrong = [name for name, kind in kinds.items() if not _is(getattr(self, name), kind)]
        if not isinstance(self.sizes, tuple) or not all(_is(size, int) for size in self.sizes):
            wrong.insert(0, "sizes")
        return [f"{name} has the wrong type: {getattr(self, name)!r}" for name in wrong]

    def _value_violations(self) -> list[str]:
        violations = lif_violations(self.tau, self.threshold, self.share, self.reset, self.spike_op)
        smallest = max(self.ratio, 1)
        checks = [
            (len(self.sizes) >= 2, f"sizes needs at least an input and an output, got {self.sizes}"),
            (self.sizes[:1] > (0,), f"sizes must be positive, got {self.sizes}"),
            (
                min(self.sizes[1:], default=smallest) >= smallest,
                f"every layer needs at least ratio={self.ratio} neurons to have an inhibitory one, got {self.sizes}",
            ),
            (self.steps >= 1, f"steps must be at least 1, got {self.steps}"),
            (self.ratio >= 1, f"ratio must be at least 1, got {self.ratio}"),
            (
                self.surrogate in SURROGATES,
                f"surrogate must be one of {', '.join(SURROGATES)}, got {self.surrogate!r}",
            ),
        ]
        return violations + [sentence for holds, sentence in checks if not holds]


class EIMLP(nn.Module):
    """Perceptron of E-I circuits and LIF neurons: (T, B, sizes[0]) spikes to (B, sizes[-1]) logits.

    Module paths are ``hidden1.circuit``, ``hidden1.lif``, ..., ``readout.circuit``, ``readout.mean``. The forward pass
    is a plain chain, so ``torch.fx`` traces it with `EILinear`, `LIF`, ``nn.Linear`` and `MeanReadout` as leaves.

    Parameters
    ----------
    config : EIMLPConfig
        Shape and neuron settings.
    frozen : bool
        Build the structure that `freeze_gain` makes, ordinary linear layers; for loading a checkpoint.
    annealed : bool
        Build circuits whose divisor is being annealed (see `EILinear`); for loading a checkpoint.
    """

    def __init__(self, config: EIMLPConfig, frozen: bool = False, annealed: bool = False) -> None:
        super().__init__()
        self.config = config
        pairs = list(zip(config.sizes[:-1], config.sizes[1:], strict=True))
        for number, (inputs, outputs) in enumerate(pairs[:-1], start=1):
            circuit = (
                nn.Linear(inputs, outputs) if frozen else EILinear(inputs, outputs, config.ratio, annealed=annealed)
            )
            lif = LIF(
                outputs,
                config.tau,
                config.threshold,
                config.share,
                config.learn_threshold,
                config.reset,
                config.spike_op,
                config.surrogate,
                config.detach_reset,
            )
            self.add_module(f"hidden{number}", nn.Sequential(OrderedDict(circuit=circuit, lif=lif)))
        inputs, outputs = pairs[-1]
        last = (
            nn.Linear(inputs, outputs, bias=False) if frozen else EILinear(inputs, outputs, config.ratio, output=True)
        )
        self.readout = nn.Sequential(OrderedDict(circuit=last, mean=MeanReadout()))

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits, mean over time of the output current.

        Parameters
        ----------
        x : Tensor, shape (T, B, sizes[0]), >= 0

        Returns
        -------
        Tensor, shape (B, sizes[-1])
        """
        for block in self.children():
            x = block(x)
        return x

    @property
    def frozen(self) -> bool:
        """Whether no E-I circuit is left."""
        return not any(isinstance(module, EILinear) for module in self.modules())

    @property
    def annealed(self) -> bool:
        """Whether the circuits' divisors are being annealed, or were to the end."""
        return any(isinstance(module, EILinear) and module.annealing is not None for module in self.modules())


def unknown_name(name: str, known: list[str]) -> str:
    """Return one sentence that `name` is unknown, with the nearest of the `known` names."""
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"known are: {', '.join(known)}"
    return f"unknown setting {name!r}; {hint}"


def _is(value: object, kind: type | tuple[type, ...]) -> bool:
    # bool is an int in Python, but `steps = true` is a mistake.
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
