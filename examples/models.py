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


def main(folder="."):
    figure, axes = plt.subplots(3, 3, figsize=(15, 11.4), layout="constrained")
    rate(axes[0, 0])
    adaptive_rate(axes[0, 1])
    dendritic(axes[0, 2])
    branch(axes[1, 0], "subtractive", (0, 0.5, 1, 2), 3, "")
    branch(axes[1, 1], "divisive", (0, 0.5, 1, 2), 3, "")
    branch(axes[1, 2], "yang2016", (0, 2, 5, 10), 60, " nS")
    pyramidal(axes[2])
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
