"""The same networks in Brian2, where it is installed: spike for spike.

Brian2 looks at thresholds before it delivers spikes. For jumps of the potential its steps are put into the order of the
library: synapses, then thresholds, by which its delays are a step shorter. A neuron that is refractory for R steps here
is so for R + 1 there, and its step i ends at step i + 1.
"""

import numpy as np
import pytest

import neuroai as na

brian2 = pytest.importorskip("brian2")

DT, STEPS = 0.1, 3000
NEURON = {"model": "lif", "tau": 20, "threshold": 20, "reset": 10, "refractory": 2}


@pytest.fixture(autouse=True)
def numpy_code():
    brian2.prefs.codegen.target = "numpy"
    brian2.start_scope()


def compose(onto, excitation, inhibition, delays=(1.5, 0.8)):
    """80 excitatory and 20 inhibitory neurons with drives of their own, most of which are above threshold."""
    rng = np.random.default_rng(7)
    net = na.Network(dt=DT)
    for name, n, sign in (("E", 80, +1), ("I", 20, -1)):
        own = {"drive": rng.uniform(18, 26, n), "initial": rng.uniform(0, 19, n)}
        net.population(name, n, sign, **NEURON, **own)
    for source, count, weight, delay in (("E", 10, excitation, delays[0]), ("I", 4, inhibition, delays[1])):
        port = onto if onto == "delta" else {"E": "exc", "I": "inh"}[source]
        how = {"indegree": count, "delay": delay, "plastic": False}
        net.connect(source, f"E:{port} I:{port}", initial=na.Constant(weight), **how)
    return net.build(3, progress=False)


def ours(net):
    run = net.run(steps=STEPS, progress=False)
    spikes = [
        (int(step), int(unit) + 80 * k)
        for k, name in enumerate("EI")
        for step, unit in zip(run.spikes[name].step, run.spikes[name].unit)
    ]
    return sorted(spikes)


def group(net, equations):
    """All neurons as one group, with their drives and starts, refractory for a step longer."""
    ms, mV = brian2.ms, brian2.mV
    brian2.defaultclock.dt = DT * ms
    made = brian2.NeuronGroup(
        100, equations, threshold="v >= 20*mV", reset="v = 10*mV", refractory=(2 + DT) * ms, method="exact"
    )
    made.drive = np.concatenate([net.get(name, "drive") for name in "EI"]) * mV
    made.v = np.concatenate([net.get(name, "initial") for name in "EI"]) * mV
    return made


def synapses(net, neurons, source, on_pre, unit, shorter=0):
    found = net.synapses(source, "E I")
    first = 80 if source == "I" else 0
    made = brian2.Synapses(neurons, neurons, f"w : {unit}", on_pre=on_pre)
    made.connect(i=found.pre + first, j=found.post)
    made.w = found.weight.astype(np.float64) * (brian2.mV if unit == "volt" else brian2.pA)
    made.delay = (found.delay - shorter * DT) * brian2.ms
    return made


def theirs(*objects):
    monitor = brian2.SpikeMonitor(objects[0])
    network = brian2.Network(*objects, monitor)
    yield network
    steps = np.round(monitor.t / brian2.ms / DT).astype(int) + 1
    yield sorted(zip(steps.tolist(), np.asarray(monitor.i).tolist()))


def expect_same(expected, found):
    assert len(expected) > 500
    assert found == expected
    assert len({unit for _, unit in found}) > 60


def test_jumps_of_the_potential():
    net = compose("delta", 0.3, -1.1)
    neurons = group(net, "dv/dt = (drive - v) / (20*ms) : volt (unless refractory)\ndrive : volt (constant)")
    arrive = "v_post += w * int(not_refractory_post)"  # what arrives at a refractory neuron is lost
    running = theirs(neurons, *(synapses(net, neurons, source, arrive, "volt", 1) for source in "EI"))
    network = next(running)
    network.schedule = ["start", "groups", "synapses", "thresholds", "resets", "end"]
    network.run(STEPS * DT * brian2.ms)
    expect_same(next(running), ours(net))


def test_exponential_currents():
    net = compose("currents", 120.0, -60.0).set("E I", tau_exc=0.5, tau_inh=4)
    neurons = group(
        net,
        """dv/dt = (drive - v) / (20*ms) + (exc + inh) / (250*pF) : volt (unless refractory)
        dexc/dt = -exc / (0.5*ms) : amp
        dinh/dt = -inh / (4*ms) : amp
        drive : volt (constant)""",
    )
    running = theirs(
        neurons,
        synapses(net, neurons, "E", "exc_post += w", "amp"),
        synapses(net, neurons, "I", "inh_post += w", "amp"),
    )
    next(running).run(STEPS * DT * brian2.ms)
    expect_same(next(running), ours(net))
