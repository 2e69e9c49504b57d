"""The recurrent network in Brian2, C++ standalone, run as a script: ``brian2_peer.py FOLDER STEPS ROUNDS``, JSON last.

Float32, compiled for this processor. Resets come before synapses, so that what arrives at a neuron that has just
spiked is kept, as in ours; weights are divided by the decay that the next step applies to them.
"""

import json
import sys
from pathlib import Path
from time import perf_counter

import brian2 as b
import numpy as np


def main(folder: str, steps: str, rounds: str) -> None:
    """Build once, then run the binary `rounds` times; its own clock tells the time of the loop over the steps."""
    data = np.load(Path(folder) / "network.npz")
    keep = 1 - int(data["dv"]) / 4096
    neurons = len(data["bias"])
    b.set_device("cpp_standalone", build_on_run=False)
    b.prefs.core.default_float_dtype = np.float32
    b.prefs.codegen.cpp.extra_compile_args_gcc = ["-w", "-O3", "-ffast-math", "-march=native", "-std=c++17"]
    b.defaultclock.dt = 1 * b.ms
    began = perf_counter()
    tau = -1 / np.log(keep) * b.ms
    group = b.NeuronGroup(
        neurons,
        "dv/dt = (drive - v) / tau : 1\ndrive : 1 (constant)",
        threshold=f"v > {int(data['vth'])}",
        reset="v = 0",
        method="exact",
        namespace={"tau": tau},
    )
    group.drive = data["bias"] / (1 - keep)
    synapses = b.Synapses(group, group, "w : 1", on_pre="v_post += w")
    post = np.repeat(np.arange(neurons), np.diff(data["indptr"]))
    order = np.argsort(data["indices"], kind="stable")  # by source, so that a spike's synapses lie side by side
    synapses.connect(i=data["indices"][order].astype(np.int32), j=post[order].astype(np.int32))
    synapses.w = data["weights"][order] / keep
    counter = b.SpikeMonitor(group, record=False)
    network = b.Network(group, synapses, counter)
    network.schedule = ["start", "groups", "thresholds", "resets", "synapses", "end"]
    network.run(int(steps) * b.ms)
    b.device.build(directory=str(Path(folder) / "brian2"), run=False, compile=True)
    started = perf_counter() - began
    times = []
    for _ in range(int(rounds)):
        b.device.run(b.device.project_dir, with_output=False, run_args=[])
        times.append(float(b.device._last_run_time))  # the loop alone, without the loading of arrays
    found = {"run_s": times, "clock": "wall of its own loop", "start_s": started, "spikes": int(counter.num_spikes)}
    print(json.dumps({**found, "versions": {"brian2": b.__version__, "numpy": np.__version__}}))


if __name__ == "__main__":
    main(*sys.argv[1:])
