"""The recurrent network in NEST, run as a script: ``nest_peer.py FOLDER STEPS ROUNDS``, JSON on the last line.

Its iaf_psc_delta neuron makes our step with these parameters: v is multiplied by the decay, then the bias and what
arrives are added. The first round starts at rest as ours does, the others go on from there.
"""

import json
import sys
from pathlib import Path
from time import perf_counter, process_time

import nest
import numpy as np


def main(folder: str, steps: str, rounds: str) -> None:
    """Build the network, then simulate `rounds` times `steps` steps of 1 ms on one thread."""
    data = np.load(Path(folder) / "network.npz")
    keep = 1 - int(data["dv"]) / 4096
    neurons, duration = len(data["bias"]), float(steps)
    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.set(resolution=1.0, local_num_threads=1)
    began = perf_counter()
    tau = -1 / np.log(keep)
    common = {"tau_m": tau, "C_m": tau * (1 - keep), "E_L": 0.0, "V_reset": 0.0, "V_m": 0.0, "t_ref": 0.0}
    group = nest.Create("iaf_psc_delta", neurons, {**common, "V_th": float(data["vth"])})
    group.I_e = data["bias"].astype(np.float64)
    first = group[0].global_id
    post = np.repeat(np.arange(neurons), np.diff(data["indptr"])) + first
    one = np.ones(len(post))
    nest.Connect(
        data["indices"].astype(np.int64) + first,
        post,
        "one_to_one",
        {"weight": data["weights"].astype(np.float64), "delay": one, "synapse_model": "static_synapse"},
    )
    nest.Prepare()
    started = perf_counter() - began
    times, spikes = [], 0
    for number in range(int(rounds)):
        at = process_time()
        nest.Run(duration)
        times.append(process_time() - at)
        spikes = spikes if number else nest.local_spike_counter
    nest.Cleanup()
    found = {"run_s": times, "clock": "cpu", "start_s": started, "spikes": int(spikes)}
    print(json.dumps({**found, "versions": {"nest": nest.__version__, "numpy": np.__version__}}))


if __name__ == "__main__":
    main(*sys.argv[1:])
