"""Ways to choose a scale, side by side on one network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.errors import NumericRangeError
from ..comparison.chain import stepped_as_lowered
from ..comparison.pairs import compare_pair
from ..data.samples import Rows
from ..lowering import lower
from ..sources import Source, calibrated, resolve_source
from .sides import answers, first, right, run_floats, run_integers

SCALES = ("max", "percentile", "squared_error")
ROWS = ("fold", "registers")
DETAIL = 200


@dataclass(frozen=True)
class Method:
    """One way.

    Attributes
    ----------
    scale, rows : str
        Options of `lower`.
    accuracy : float or None
        Of the integers; None without classes.
    error : float or None
        RMS difference of the outputs to the float network's, over the RMS of those.
    different : int or None
        Spikes that differ from the float network's, of `compared`, on the first samples.
    compared : int
    changed : int or None
        Samples whose class differs from the float network's.
    reason : str
        Why there is no program; empty otherwise.
    """

    scale: str
    rows: str
    accuracy: float | None
    error: float | None
    different: int | None
    compared: int
    changed: int | None
    reason: str = ""


def compare_methods(
    source: Any,
    x: Rows,
    y: NDArray[Any] | None = None,
    calibration: Rows | None = None,
    lowering: dict[str, Any] | None = None,
    progress: Callable[[str], None] | None = None,
) -> tuple[Method, ...]:
    """Lower `source` with every scale and every rule for rows, and run all of it; parameters as for `diagnose`."""
    network = source if isinstance(source, Source) else resolve_source(source)
    options = {name: value for name, value in (lowering or {}).items() if name not in ("scale", "rows")}
    calibration = x if calibration is None else calibration
    network = stepped_as_lowered(calibrated(network, calibration), options)
    floats = run_floats(network.graph, x, DETAIL, "closing" if options.get("cycle") == "closing" else None)
    found = []
    for rows in ROWS:
        for scale in SCALES:
            if progress is not None:
                progress(f"scale {scale}, rows {rows}")
            try:
                chosen = options | {"scale": scale, "rows": rows}
                program = lower(network.graph, calibration, **chosen)
            except NumericRangeError as error:
                found.append(Method(scale, rows, None, None, None, 0, None, str(error)))
                continue
            output = answers(program, x)
            integers = run_integers(program, first(x, DETAIL), DETAIL)
            pair = compare_pair(floats.detail, integers.detail, [p.name for p in program.populations])
            exact, held = (np.concatenate([o[n] for n in sorted(output)], 1) for o in (floats.output, output))
            size = float(np.sqrt((exact**2).mean()))
            found.append(
                Method(
                    scale,
                    rows,
                    float(right(output, y).mean()) if y is not None and len(output) == 1 else None,
                    float(np.sqrt(((held - exact) ** 2).mean())) / size if size else None,
                    pair.mismatches,
                    sum(a.slots for a in pair.agreements),
                    int(sum((floats.output[n].argmax(1) != output[n].argmax(1)).sum() for n in output)),
                )
            )
    return tuple(found)
