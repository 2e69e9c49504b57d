"""Refractory neurons against lava-nc's own; it has them in floats only, so on numbers that floats hold exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spikewright.exporters.program.population import Population
from spikewright.simulators.lava_environment import find_lava_python
from spikewright.simulators.lava_process import run_folder
from spikewright.simulators.neurons import State, step

NEURONS = 60
# Registers, rows, and the unit of all numbers: a decay by 1/2 takes a bit of v a row, and floats do not round it off.
CASES = [
    {"du": 4095, "dv": 0, "refractory": 1, "steps": 80, "unit": 1},
    {"du": 4095, "dv": 0, "refractory": 5, "steps": 80, "unit": 1},
    {"du": 4095, "dv": 2048, "refractory": 2, "steps": 12, "unit": 64},
    {"du": 2047, "dv": 0, "refractory": 3, "steps": 12, "unit": 64},
    {"du": 2047, "dv": 2048, "refractory": 1, "steps": 12, "unit": 64},
]
RUN = """
import sys
import numpy as np
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.source import RingBuffer
from lava.proc.lif.process import LIFRefractory
from lava.proc.monitor.process import Monitor

if __name__ == "__main__":
    given, found = np.load(sys.argv[1]), {}
    for case in range(int(given["cases"])):
        du, dv, vth, period = given[f"registers{case}"]
        a, bias = given[f"a{case}"], given[f"bias{case}"]
        source = RingBuffer(data=a.T)
        neurons = LIFRefractory(
            shape=(a.shape[1],), du=du, dv=dv, vth=vth, bias_mant=bias, refractory_period=int(period)
        )
        source.s_out.connect(neurons.a_in)
        variables = {"u": neurons.u, "v": neurons.v, "spikes": neurons.s_out}
        monitors = {name: Monitor() for name in variables}
        for name, variable in variables.items():
            monitors[name].probe(variable, len(a))
        neurons.run(RunSteps(len(a)), Loihi2SimCfg(select_tag="floating_pt"))
        for name, monitor in monitors.items():
            (of,) = monitor.get_data().values()
            (rows,) = of.values()
            found[f"{name}{case}"] = rows
        neurons.stop()
    np.savez(sys.argv[2], **found)
"""


@pytest.mark.lava
def test_refractory_neurons_equal_the_float_neurons_of_lava(tmp_path: Path) -> None:
    arriving, populations, given = [], [], {"cases": np.array(len(CASES))}
    for number, case in enumerate(CASES):
        rng = np.random.default_rng(number)
        arriving.append(case["unit"] * rng.integers(-40, 100, (case["steps"], NEURONS)))
        bias = 32 * rng.integers(-10, 30, NEURONS).astype(np.int32)
        registers = {name: case[name] for name in ("du", "dv", "refractory")}
        p = Population("a", (NEURONS,), vth=50 * case["unit"], bias_mant=bias, bias_exp=7, level=1, **registers)
        populations.append(p)
        floats = [(p.du + 1) / 4096, p.dv / 4096, 64 * p.vth, p.refractory]
        given |= {f"registers{number}": np.array(floats), f"a{number}": 64.0 * arriving[-1]}
        given[f"bias{number}"] = p.bias.astype(float)
    found = on_lava(tmp_path, given)
    for number, p in enumerate(populations):
        state = State.zero((1, NEURONS))
        for t, a in enumerate(arriving[number]):
            state, spikes = step(p, state, a[None], np.zeros((1, NEURONS), np.int64))
            for name, ours in (("u", state.u), ("v", state.v), ("spikes", spikes)):
                np.testing.assert_array_equal(
                    ours[0], found[f"{name}{number}"][t], f"{name} in row {t} of case {number}"
                )
        rate = found[f"spikes{number}"].mean() * (p.refractory + 1)
        assert 0.2 < rate <= 1, "neurons spike often enough to be held back"


def on_lava(folder: Path, given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Results of `RUN`, alone in a folder: Lava's compiler imports every module that lies beside a script."""
    script, source, results = folder / "script", folder / "given.npz", folder / "found.npz"
    script.mkdir()
    (script / "run.py").write_text(RUN)
    np.savez(source, **given)
    run_folder(find_lava_python(), script, (source, results), limit_s=120)
    with np.load(results) as arrays:
        return dict(arrays)
