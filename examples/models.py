"""How units of each model respond: what arrives at their ports, their states and what they send.

Usage: models.py [folder for the picture]
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import neuroai as na

DT = 1  # ms
ON, OFF, END = 100, 600, 1000  # ms, of a step of input


def step(size=1.0):
    """An input that is on for half a second, [steps, 1]."""
    time = DT * np.arange(1, END // DT + 1)
    return size * ((time > ON) & (time <= OFF)).astype(np.float32)[:, None]


def unit(port="", model="rate", weight=1.0, **parameters):
    """One unit that receives the input on one port."""
    net = na.Network(dt=DT).input("u", 1, sign=+1).population("E", 1, model=model, **parameters)
    net.connect("u", f"E:{port}" if port else "E", initial=na.Constant(weight))
    return net.build()


def rate(ax):
    """The three leaks: they differ where the transfer function bends."""
    labels = {"current": "on the current (default)", "rate": "on the rate", "whole": "whole"}
    for leak, style in zip(labels, ("-", "--", ":")):
        run = unit(leak=leak, transfer="tanh", weight=3).run(step(), record="E:rate")
        ax.plot(run.time, run.traces["E:rate"][:, 0, 0], style, label=labels[leak])
    ax.set(title="rate: tanh, an input of 3", xlabel="time (ms)", ylabel="rate", ylim=(-0.05, 1.4))


def adaptive_rate(ax):
    """A rate that falls to half of what it would be; below its rest when the input ends."""
    run = unit(model="adaptive_rate", tau=20, tau_adaptation=150, transfer="linear").run(step(), record="E:x E:a E:input")
    for name, style, label in (("input", ":", "input v"), ("a", "--", "adaptation a"), ("x", "-", "current x")):
        ax.plot(run.time, run.traces[f"E:{name}"][:, 0, 0], style, label=label)
    ax.set(title="adaptive_rate: linear, an input of 1", xlabel="time (ms)", ylabel="state")


def branch(ax, nonlinearity, levels, most, unit_name):
    """What a branch makes of excitation, under some levels of inhibition."""
    excitation = np.linspace(0, most, 200, dtype=np.float32)
    for level in levels:
        net = na.Network(dt=DT).input("excited", 1, sign=+1).input("inhibited", 1, sign=-1)
        net.population("E", 1, model="dendritic", nonlinearity=nonlinearity)
        net.connect("excited inhibited", "E:dendrite").build()
        net.set_weights("excited", "E:dendrite+", [[1]])
        net.set_weights("inhibited", "E:dendrite-", [[-1]])
        given = np.stack([excitation, np.full_like(excitation, level)], axis=1)
        d = net.run(given, record="E:d").traces["E:d"][:, 0, 0]
        ax.plot(excitation, d, color=plt.cm.viridis(0.85 * level / max(levels)), label=f"$g_I$ = {level:g}{unit_name}")
    ax.set(title=f"dendritic: a branch, {nonlinearity}", xlabel=f"excitation $g_E${' (nS)' if unit_name else ''}")
    ax.set_ylabel("d (mV above rest)" if unit_name else "d")


def dendritic(ax):
    """The soma adds up what it gets itself and what its branches send, which saturates."""
    for port, style, where in (("soma", ":", "on the soma"), ("dendrite", "-", "on a branch")):
        for weight in (0.5, 2):
            run = unit(port, model="dendritic", weight=weight, tau=40).run(step(), record="E:r")
            ax.plot(run.time, run.traces["E:r"][:, 0, 0], style, label=f"{weight:g} {where}")
    ax.set(title="dendritic: the soma, subtractive", xlabel="time (ms)", ylabel="rate")


def pyramidal_run(inputs, prospective=0, teach=0.0, dt=0.02):
    """One unit whose compartments get the inputs for 6 ms, each [port]; the last 4 of them without."""
    net = na.Network(dt=dt).input("u", 1)
    net.population("P", 1, model="pyramidal", transfer="logistic", prospective=prospective, target=1, nudge=teach)
    for port, weight in inputs.items():
        net.connect("u", f"P:{port}", initial=na.Constant(weight))
    time = dt * np.arange(1, round(10 / dt) + 1)
    return net.build().run(((time > 1) & (time <= 6)).astype(np.float32)[:, None], record="P:u P:rate")


def pyramidal(axes):
    """The potential by where the input arrives; the rate of u, or of what u is about to be; a nudge towards a target."""
    kinds = {"basal": {"basal": 1}, "apical": {"apical": 1}, "basal and apical": {"basal": 1, "apical": 1}}
    kinds["the same, apical cancelled"] = {"basal": 1, "apical": 1, "lateral": -1}
    for (label, inputs), style in zip(kinds.items(), ("-", "--", "-", ":")):
        run = pyramidal_run(inputs)
        axes[0].plot(run.time, run.traces["P:u"][:, 0, 0], style, label=label)
    axes[0].set(title="pyramidal: an input of 1", xlabel="time (ms)", ylabel="u", ylim=(-0.05, 1.5))
    for prospective, style in ((0, "-"), (1, "--")):
        run = pyramidal_run({"basal": 3}, prospective)
        axes[1].plot(run.time, run.traces["P:rate"][:, 0, 0], style, label="prospective" if prospective else "of u")
    axes[1].set(title="pyramidal: logistic, a basal input of 3", xlabel="time (ms)", ylabel="rate")
    for teach, style in ((0, ":"), (0.25, "--"), (1, "-")):
        run = pyramidal_run({"basal": 0.5}, teach=teach)
        axes[2].plot(run.time, run.traces["P:u"][:, 0, 0], style, label=f"nudge {teach:g}")
    axes[2].set(title="pyramidal: basal 0.5, nudged to a target of 1", xlabel="time (ms)", ylabel="u", ylim=(-0.05, 0.9))


def pulse(on, off, end, dt=0.1):
    """An input of 1 between two times, ms, [steps, 1]."""
    given = np.zeros((round(end / dt), 1), np.float32)
    given[round(on / dt) : round(off / dt)] = 1
    return given


def neuron(port, weight, inputs, record, model="lif", dt=0.1, n=1, **parameters):
    """Units that all receive the inputs on one port, with weights in its unit."""
    net = na.Network(dt=dt).input("u", 1, sign=+1).population("E", n, model=model, **parameters)
    net.connect("u", f"E:{port}", initial=na.Constant(weight))
    return net.build().run(inputs, record=record)


def firing(ax, run, top, color, label):
    """The potential, and a line up to `top` where a spike is."""
    v = run.traces["E:v"][:, 0, 0]
    ax.plot(run.time, np.where(run.rates["E"][:, 0, 0] > 0, top, v), color=color, linewidth=1, label=label)


def lif(axes):
    """Firing at a constant input; a threshold that adapts; what one spike does at each port."""
    given = pulse(20, 220, 300)
    for k, size in enumerate((30, 22, 18)):
        run = neuron("delta", size, given, "E E:v", normalise=1, refractory=2)
        firing(axes[0], run, 30, f"C{k}", f"input {size} mV")
    axes[0].axhline(20, color="black", linestyle=":", linewidth=0.8, label="threshold")
    axes[0].set(title="lif: a constant input", xlabel="time (ms)", ylabel="v (mV above rest)", ylim=(-2, 52))
    run = neuron("delta", 30, given, "E E:v E:b", normalise=1, refractory=2, adaptation=3)
    firing(axes[1], run, 32, "C0", "v")
    axes[1].plot(run.time, 20 + 3 * run.traces["E:b"][:, 0, 0], "k:", label="threshold + adaptation b")
    axes[1].set(title="lif: an adaptive threshold, an input of 30 mV", xlabel="time (ms)", ylabel="mV", ylim=(-2, 45))
    once = pulse(5, 5.1, 60)
    axes[2].plot(*potential(neuron("delta", 1, once, "E:v")), label="delta, 1 mV")
    for tau, style in ((0.5, "-"), (5, "--")):
        run = neuron("exc", 250 / tau, once, "E:v", tau_exc=tau)
        axes[2].plot(*potential(run), style, label=f"exc, {250 / tau:g} pA, tau_exc {tau:g} ms")
    axes[2].set(title="lif: one spike on each port", xlabel="time (ms)", ylabel="v (mV above rest)", ylim=(-0.05, 1.5))


def potential(run):
    return run.time, run.traces["E:v"][:, 0, 0]


def lif_conductance(ax):
    """The NMDA gate of a neuron opens by its own spikes, and saturates."""
    for current, style in ((505, ":"), (600, "--"), (1200, "-")):
        given = pulse(100, 600, 1000)
        run = neuron("current", current, given, "E E:s", model="lif_conductance")
        rate = run.spikes["E"].between(300, 600).rate
        ax.plot(run.time, run.traces["E:s"][:, 0, 0], style, label=f"{current} pA, {rate:.0f} Hz")
    ax.set(title="lif_conductance: the NMDA gate it opens", xlabel="time (ms)", ylabel="s", ylim=(-0.03, 1.4))


def poisson(ax):
    """Sources whose rate is an input."""
    run = neuron("rate", 40, pulse(100, 600, 1000), "E", model="poisson", n=30)
    ax.plot(run.spikes["E"].times, 1 + run.spikes["E"].unit, "|", color="C0", markersize=5, label="spikes")
    ax.set(title="poisson: 30 sources, a rate of 40 Hz", xlabel="time (ms)", ylabel="source", xlim=(0, 1000), ylim=(0, 38))


def wong_wang(ax):
    """Two pools that excite themselves and inhibit each other; the first one gets a little more input."""
    net = na.Network(dt=0.5).input("u", 1, sign=+1)
    net.population("A", 1, model="wong_wang").population("B", 1, model="wong_wang")
    for name, other, coherence in (("A", "B", 0.128), ("B", "A", -0.128)):
        net.connect(name, name, initial=na.Constant(0.2609), autapses=True).connect(other, name, initial=na.Constant(-0.0497))
        net.connect("u", name, initial=na.Constant(0.0156 * (1 + coherence)))
    run = net.build().run(pulse(500, 1500, 2000, 0.5), record="A:S B:S", seed=1)
    for name, style in (("A", "-"), ("B", "--")):
        ax.plot(run.time, run.traces[f"{name}:S"][:, 0, 0], style, label=f"pool {name}")
    ax.set(title="wong_wang: a decision, coherence 12.8 %", xlabel="time (ms)", ylabel="S (open NMDA gates)", ylim=(-0.03, 1))


def main(folder="."):
    figure, axes = plt.subplots(5, 3, figsize=(15, 18.6), layout="constrained")
    rate(axes[0, 0])
    adaptive_rate(axes[0, 1])
    dendritic(axes[0, 2])
    branch(axes[1, 0], "subtractive", (0, 0.5, 1, 2), 3, "")
    branch(axes[1, 1], "divisive", (0, 0.5, 1, 2), 3, "")
    branch(axes[1, 2], "yang2016", (0, 2, 5, 10), 60, " nS")
    pyramidal(axes[2])
    lif(axes[3])
    lif_conductance(axes[4, 0])
    poisson(axes[4, 1])
    wong_wang(axes[4, 2])
    for ax in axes.flat:
        ax.axhline(0, color="0.8", linewidth=0.8, zorder=0)
        ax.legend(frameon=False, fontsize=9)
        ax.spines[["top", "right"]].set_visible(False)
    path = Path(folder).resolve() / "models.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    print(f"picture: {path}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
