"""Mixed precision: as few weight bits per layer as an accuracy bound allows.

1. The reference is the float network's accuracy on the validation samples; every layer starts at the most bits.
2. Sensitivity: each layer alone at each smaller width. Its damage is the RMS change of the outputs, relative to theirs,
   which is finer than an accuracy.
3. Reduction: the layer and its next width with the most saved bits per added damage is tried in the whole network. If
   the accuracy keeps the bound it stays, else the layer is closed. This goes on until every layer is closed.

With L layers and W widths that is at most 2 L (W - 1) + 1 programs, each lowered and run once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.program import Program
from ...models.errors import ConfigError, InputError, NumericRangeError
from ..comparison.chain import stepped_as_lowered
from ..data.samples import Rows
from ..lowering import lower
from ..sources import Source, calibrated, resolve_source
from .bit_search import BitSearch, Step
from .sides import Answers, answers, require_equal, right, run_floats, samples_of
from .validation import Labelled, halves

WIDTHS = (8, 6, 4, 3, 2)
_PART = 500


def search_bits(
    source: Any,
    x: Rows,
    y: NDArray[Any],
    calibration: Rows | None = None,
    validation: Labelled | None = None,
    max_drop: float = 0.005,
    bits: tuple[int, ...] = WIDTHS,
    lowering: dict[str, Any] | None = None,
    progress: Callable[[str], None] | None = None,
) -> BitSearch:
    """Search weight bits layer by layer; an interruption (Ctrl-C) ends it with the best so far.

    Parameters
    ----------
    source : nn.Module, NIRGraph, path or Source
    x, y : array, (B,) int array
        Test samples, on which the result is reported and nothing is chosen.
    calibration : as `x`, optional
        For lowering; the validation samples if not given.
    validation : (array, (B,) int array), optional
        Samples that the search judges by, training data by habit. If not given, every second sample of `x` judges, and
        the result is reported on the others.
    max_drop : float
        Accuracy that may be lost against the float network, as a share of the samples.
    bits : tuple of int
        Widths to choose from; all layers start at the largest.
    lowering : dict, optional
        Further options of `lower`.
    progress : callable, optional
        Called with a sentence for every step.

    Raises
    ------
    InputError
        If classes do not belong to their samples, if the network has several outputs, or for a saved program.
    ConfigError
        For widths that are none, or a bound that is no share.
    NumericRangeError
        If no program exists with the most bits; `diagnose` says why.
    """
    if validation is None:
        validation, (x, y) = halves(x, y)
    calibration = validation[0] if calibration is None else calibration
    _require(x, y, validation, max_drop, bits)
    network = source if isinstance(source, Source) else resolve_source(source)
    if network.ready_program is not None:
        raise InputError(f"{network.name} is an integer program already; give the network that it was lowered from.")
    options = {name: value for name, value in (lowering or {}).items() if name != "weight_bits"}
    graph = stepped_as_lowered(calibrated(network, calibration), options).graph
    search = _Search(graph, calibration, validation, options, sorted(set(bits), reverse=True), progress)
    validated = float(_float_right(graph, *validation, options).mean())
    uniform, complete = search.start(), True
    try:
        search.measure_sensitivity()
        search.reduce(validated - max_drop)
    except KeyboardInterrupt:
        complete = False
    tested = {
        "float": float(_float_right(graph, x, y, options).mean()),
        "uniform": float(right(answers(uniform, x), y).mean()),
        "searched": float(right(answers(search.best, x), y).mean()),
    }
    return search.result(validated, max_drop, tested, complete, samples_of(x), require_equal(search.best, x))


@dataclass
class _Search:
    """State of a search: the best program so far, and all that was tried."""

    graph: Any
    calibration: Rows
    validation: tuple[Rows, NDArray[Any]]
    options: dict[str, Any]
    widths: list[int]
    progress: Callable[[str], None] | None
    steps: list[Step] = field(default_factory=list)
    bits: dict[str, int] = field(default_factory=dict)
    weights: dict[str, int] = field(default_factory=dict)
    damage: dict[tuple[str, int], float] = field(default_factory=dict)

    best: Program = field(init=False)
    accuracy: float = field(init=False)
    uniform_accuracy: float = field(init=False)
    _answers: Answers = field(init=False)

    def start(self) -> Program:
        """Everything at the most bits."""
        self._tell(f"all layers at {self.widths[0]} bits")
        self.best = lower(self.graph, self.calibration, weight_bits=self.widths[0], **self.options)
        self._answers = answers(self.best, self.validation[0])
        self.uniform_accuracy = self.accuracy = float(right(self._answers, self.validation[1]).mean())
        for p in self.best.populations:
            count = sum(q.weights.size for q in self.best.into(p.name))
            if p.kind != "relay" and count:
                self.weights[p.name], self.bits[p.name] = count, self.widths[0]
        self.steps.append(Step("start", "", self.widths[0], self.accuracy, 0.0, True))
        return self.best

    def measure_sensitivity(self) -> None:
        """Each layer alone at every smaller width."""
        for layer in self.bits:
            for width in self.widths[1:]:
                self._tell(f"{layer} alone at {width} bits")
                step, _ = self._try("sensitivity", self.bits | {layer: width}, layer, width)
                self.steps.append(step)
                self.damage[layer, width] = np.inf if step.damage is None else step.damage

    def reduce(self, bound: float) -> None:
        """Take bits away where they do the least damage, as long as the accuracy keeps `bound`."""
        closed: set[str] = set()
        while candidates := list(self._candidates(closed)):
            _, layer, width = max(candidates)
            wanted = self.bits | {layer: width}
            self._tell(f"{layer} at {width} bits, {self.memory(wanted) / sum(self.weights.values()):.2f} in the mean")
            step, program = self._try("reduction", wanted, layer, width, bound)
            self.steps.append(step)
            if program is None or step.accuracy is None or not step.kept:
                closed.add(layer)
            else:
                self.bits, self.best, self.accuracy = wanted, program, step.accuracy

    def result(
        self, validated: float, max_drop: float, tested: dict[str, float], complete: bool, samples: int, checked: int
    ) -> BitSearch:
        """Everything that was found; `validated` is the float network's accuracy on the validation samples."""
        memory = self.memory(self.bits)
        return BitSearch(
            bits=self.bits,
            weights=self.weights,
            mean_bits=memory / sum(self.weights.values()),
            memory_bits=memory,
            uniform_memory_bits=self.memory(dict.fromkeys(self.bits, self.widths[0])),
            accuracy=tested,
            validation={"float": validated, "uniform": self.uniform_accuracy, "searched": self.accuracy},
            bound=validated - max_drop,
            met=self.accuracy >= validated - max_drop,
            complete=complete,
            steps=tuple(self.steps),
            checked=checked,
            samples=samples,
            validation_samples=samples_of(self.validation[0]),
            program=self.best,
        )

    def memory(self, bits: dict[str, int]) -> int:
        """Bits of all stored weights."""
        return sum(self.weights[layer] * width for layer, width in bits.items())

    def _candidates(self, closed: set[str]) -> Iterator[tuple[float, str, int]]:
        """The next width of every open layer, with the bits saved per added damage."""
        for layer, current in self.bits.items():
            smaller = [w for w in self.widths if w < current]
            if layer not in closed and smaller:
                added = self.damage[layer, smaller[0]] - self.damage.get((layer, current), 0.0)
                yield self.weights[layer] * (current - smaller[0]) / max(added, 1e-6), layer, smaller[0]

    def _try(
        self, phase: str, bits: dict[str, int], layer: str, width: int, bound: float = np.inf
    ) -> tuple[Step, Program | None]:
        try:
            program = lower(self.graph, self.calibration, weight_bits=bits, **self.options)
        except NumericRangeError as error:
            return Step(phase, layer, width, None, None, False, str(error)), None
        found = answers(program, self.validation[0])
        accuracy = float(right(found, self.validation[1]).mean())
        return Step(phase, layer, width, accuracy, _distance(found, self._answers), accuracy >= bound), program

    def _tell(self, text: str) -> None:
        if self.progress is not None:
            self.progress(text)


def _distance(a: Answers, b: Answers) -> float:
    different = sum(float(((a[name] - b[name]) ** 2).sum()) for name in b)
    size = sum(float((b[name] ** 2).sum()) for name in b)
    return float(np.sqrt(different / size)) if size else float(different > 0)


def _float_right(graph: Any, x: Rows, y: NDArray[Any], options: dict[str, Any]) -> NDArray[np.bool_]:
    cycle = "closing" if options.get("cycle") == "closing" else None
    return run_floats(graph, x, _PART, cycle).right(y)


def _require(
    x: Rows, y: NDArray[Any], validation: tuple[Rows, NDArray[Any]], max_drop: float, bits: tuple[int, ...]
) -> None:
    for name, rows, classes in (("y", x, y), ("The validation's y", *validation)):
        if np.shape(classes) != (samples_of(rows),):
            raise InputError(f"{name} must have one class per sample, ({samples_of(rows)},), is {np.shape(classes)}.")
    if not bits or not set(bits) <= set(range(1, 9)):
        raise ConfigError(f"bits = {bits}; give widths from 1 to 8.")
    if not 0 <= max_drop <= 1:
        raise ConfigError(f"max_drop = {max_drop}; give the share of samples that may be lost, from 0 to 1.")
