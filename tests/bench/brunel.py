"""What Brian2 and NEST take for the second of Brunel's network (2000) that bench_spikes.c times.

    python brunel.py WAY THREADS

WAY: cython or standalone, of Brian2, or nest. Prints a JSON object: milliseconds of the second, the best of as many as
fit; of all processors in it, which other work on the machine changes less; of compiling and of wiring, which are not
in it; and the rate, so that rivals.py can see that it is the same network.
"""

import json
import os
import sys
import tempfile
import time

N_E, N_I, INDEGREE_E, INDEGREE_I = 10000, 2500, 1000, 250
DT, TAU, THRESHOLD, RESET, REFRACTORY, DELAY = 0.1, 20.0, 20.0, 10.0, 2.0, 1.5
WEIGHT, INHIBITION, BACKGROUND = 0.1, -0.5, 20000.0  # mV; Hz
#: ms: what comes before the second, in which the network forgets its start; the second.
BEFORE, SECOND = 100.0, 1000.0
FIT = 10  # s, within which another second is begun


def processors():
    """Seconds of this process's threads."""
    return sum(os.times()[:2])


def several(second):
    """The best of as many as fit. second: a function of no arguments; its seconds, those of processors, spikes."""
    found, end = [], time.perf_counter() + FIT
    while not found or time.perf_counter() < end:
        found.append(second())
    took, busy, _ = min(found)
    rate = sum(spikes for _, _, spikes in found) / len(found) / (N_E + N_I) / (SECOND * 1e-3)
    return {"ms": took * 1e3, "processor_ms": busy * 1e3, "rate_hz": rate}


def draw(first, n, indegree, rng):
    """Senders and receivers where each neuron has so many senders, all of them others."""
    import numpy as np

    senders = np.empty((N_E + N_I, indegree), np.int32)
    for post in range(N_E + N_I):
        itself = first <= post < first + n
        chosen = first + rng.choice(n - itself, indegree, replace=False, shuffle=False)
        senders[post] = chosen + (chosen >= post if itself else 0)
    return senders.ravel(), np.repeat(np.arange(N_E + N_I, dtype=np.int32), indegree)


def compose(brian2):
    """The steps of Brian2 in the order of the library: spikes that arrive, then thresholds. Delays are a step shorter by
    that, and refractoriness is a step longer."""
    import numpy as np

    ms, mV, Hz = brian2.ms, brian2.mV, brian2.Hz
    brian2.defaultclock.dt = DT * ms
    neurons = brian2.NeuronGroup(
        N_E + N_I,
        f"dv/dt = -v / ({TAU}*ms) : volt (unless refractory)",
        threshold=f"v >= {THRESHOLD}*mV",
        reset=f"v = {RESET}*mV",
        refractory=(REFRACTORY + DT) * ms,
        method="exact",
    )
    rng = np.random.default_rng(1)
    parts = [neurons, brian2.SpikeMonitor(neurons)]
    for first, n, indegree, weight in ((0, N_E, INDEGREE_E, WEIGHT), (N_E, N_I, INDEGREE_I, INHIBITION)):
        # one weight and one delay for all: neither is kept for each synapse
        made = brian2.Synapses(neurons, neurons, on_pre=f"v_post += {weight}*mV", delay=(DELAY - DT) * ms)
        i, j = draw(first, n, indegree, rng)
        made.connect(i=i, j=j)
        parts.append(made)
    # a binomial number of 20 000 trains at 1 Hz is Poisson to 1 in 10^4
    parts.append(brian2.PoissonInput(neurons, "v", N=int(BACKGROUND), rate=1 * Hz, weight=WEIGHT * mV))
    network = brian2.Network(*parts)
    network.schedule = ["start", "groups", "synapses", "thresholds", "resets", "end"]
    return network, parts[1]


def cython(threads):
    import brian2

    brian2.prefs.codegen.target = "cython"
    brian2.seed(1)
    with tempfile.TemporaryDirectory() as cache:
        brian2.prefs.codegen.runtime.cython.cache_dir = cache
        start = time.perf_counter()
        network, monitor = compose(brian2)
        wired = time.perf_counter()
        network.run(DT * brian2.ms)
        compiled = time.perf_counter()
        network.run(BEFORE * brian2.ms)

        def second():
            before, busy = monitor.num_spikes, processors()
            network.run(SECOND * brian2.ms)
            # the first is of the loop alone
            return brian2.device._last_run_time, processors() - busy, monitor.num_spikes - before

        times = several(second)
    return {**times, **apart(brian2, wired - start, compiled - wired)}


def standalone(threads):
    import brian2

    with tempfile.TemporaryDirectory() as folder:
        brian2.set_device("cpp_standalone", build_on_run=False, directory=folder)
        brian2.prefs.devices.cpp_standalone.openmp_threads = threads if threads > 1 else 0
        brian2.seed(1)
        start = time.perf_counter()
        network, monitor = compose(brian2)
        device, busy_path = brian2.device, os.path.join(folder, "busy")
        network.run(BEFORE * brian2.ms)
        device.insert_code("main", "const double before_ = double(std::clock());")
        network.run(SECOND * brian2.ms)
        device.insert_code(
            "main", f'std::ofstream("{busy_path}") << (double(std::clock()) - before_) / CLOCKS_PER_SEC;'
        )
        drawn = time.perf_counter()
        device.build(directory=folder, compile=True, run=False)
        compiled = time.perf_counter()

        def second():
            device.run(directory=folder)
            took = device._last_run_time  # of the second one of both runs
            wiring.append(device.timers["run_binary"] - took * (1 + BEFORE / SECOND))
            with open(busy_path) as file:
                return took, float(file.read()), int((monitor.t >= BEFORE * brian2.ms).sum())

        wiring = []
        times = several(second)
        return {**times, **apart(brian2, drawn - start + min(wiring), compiled - drawn)}


def nest(threads):
    import nest

    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.set(resolution=DT, local_num_threads=threads, rng_seed=1)
    start = time.perf_counter()
    neuron = {
        "tau_m": TAU,
        "V_th": THRESHOLD,
        "V_reset": RESET,
        "t_ref": REFRACTORY,
        "E_L": 0.0,
        "V_m": 0.0,
        "C_m": 1.0,
    }
    everyone = nest.Create("iaf_psc_delta", N_E + N_I, params=neuron)
    # a weight that all have in common is not kept for each synapse
    for name, senders, indegree, weight in (
        ("excitation", everyone[:N_E], INDEGREE_E, WEIGHT),
        ("inhibition", everyone[N_E:], INDEGREE_I, INHIBITION),
    ):
        nest.CopyModel("static_synapse_hom_w", name, {"weight": weight, "delay": DELAY})
        how = {"rule": "fixed_indegree", "indegree": indegree, "allow_autapses": False, "allow_multapses": False}
        nest.Connect(senders, everyone, how, {"synapse_model": name})
    background = nest.Create("poisson_generator", params={"rate": BACKGROUND})
    nest.Connect(background, everyone, syn_spec={"weight": WEIGHT, "delay": DELAY})
    recorder = nest.Create("spike_recorder")
    nest.Connect(everyone, recorder)
    nest.Prepare()
    wired = time.perf_counter()
    nest.Run(BEFORE)

    def second():
        before, busy, begin = recorder.n_events, processors(), time.perf_counter()
        nest.Run(SECOND)
        return time.perf_counter() - begin, processors() - busy, recorder.n_events - before

    times = several(second)
    nest.Cleanup()
    return {**times, **apart(nest, wired - start, 0)}


def apart(module, building, compiling):
    """What is not in the second."""
    return {"build_ms": building * 1e3, "compile_ms": compiling * 1e3, "version": module.__version__}


def main(way, threads):
    found = {"cython": cython, "standalone": standalone, "nest": nest}[way](threads)
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
