"""Five learning rules teach one network, from the same start: which of them learn, and how near to the gradient?

A sparse network of excitatory and inhibitory neurons sees two noisy stimuli for half a second and says which one is
stronger: at once, or after half a second of silence. Usage: learning_rules.py [folder for the picture]
"""

import os
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

import neuroai as na

QUICK = bool(os.environ.get("NEUROAI_EXAMPLE_QUICK"))
IDEAL = 0.8645  # fraction correct of an ideal observer, who adds up the evidence without noise of his own
COLOURS = ["#333333", "#1b9e77", "#7570b3", "#d98b0b", "#c43c39"]
RULES = {
    "BPTT": lambda: na.BPTT(),
    "Kolen-Pollack": lambda: na.KolenPollack(seed=2),
    "e-prop": lambda: na.EProp("symmetric"),
    "RFLO": lambda: na.RFLO(seed=2),
    "feedback alignment": lambda: na.FeedbackAlignment(seed=2),
}
TASKS = {"choice at once": (0, 600), "choice after a delay of 500 ms": (500, 1500)}  # delay in ms, updates
SHOWN = {("stimulus", "E"): "stimulus \u2192 E", ("E", "E"): "E \u2192 E"}


def compose(seed=1):
    """The same network for all: 80 excitatory and 20 inhibitory units, a fifth of whose synapses exist."""
    net = na.Network(dt=20)  # ms
    net.input("stimulus", 3)
    net.population("E", 80, sign=+1, tau=100, noise=0.15)
    net.population("I", 20, sign=-1, tau=100, noise=0.15)
    net.output("choice", 3)
    net.connect("stimulus", "E I")
    net.connect("E I", "E I", density=0.2)
    net.connect("E", "choice")
    return net.build(seed=seed)


def prepare(rule, delay, seed=1, rate=2e-3, **settings):
    task = na.tasks.PerceptualDecisionMaking(fixation=100, stimulus=500, delay=delay)  # ms
    cost = na.CrossEntropy("choice") + 1e-5 * na.L2Rates("E I")
    return na.Trainer(compose(seed), task, cost, rule, na.Adam(rate), **settings)


def learn(rule, delay, updates):
    """Trains by one rule; every 25 updates its estimate is set beside the exact gradient, on the same trials."""
    trainer = prepare(rule, delay, evaluate_every=25)
    track = na.AlignmentHistory(trainer, every=25)
    return trainer.fit(20 if QUICK else updates, callback=track), track


def draw(row, title, histories, tracks):
    """A row of panels: learning curves; then, for two projections, the cosine of each rule's updates."""
    curves = row[0]
    for (name, history), colour in zip(histories.items(), COLOURS):
        curves.plot(history.performance_step, history.performance, color=colour, lw=1.8, label=name)
    for level in (IDEAL, 0.5):
        curves.axhline(level, color="0.6", ls="--", lw=0.9, zorder=1)
    curves.set(xlabel="updates", ylabel="fraction correct", ylim=(0, 0.95))
    curves.set_title(title, fontweight="bold")
    curves.margins(x=0)
    curves.spines[["top", "right"]].set_visible(False)
    na.plot.label_ends(curves)
    for ax, (key, words) in zip(row[1:], SHOWN.items()):
        na.plot.alignment(tracks, key, ax=ax, palette=COLOURS, labels=False)[0].set_title(f"updates of {words}")
        ax.set_ylim(-0.7, 1.05)
    na.plot.label_ends(row[-1])


def main(folder="."):
    figure, axes = plt.subplots(2, 3, figsize=(14, 7), layout="constrained")
    figure.suptitle("One network, five rules: fraction correct, and how far their updates go along the gradient")
    for row, (title, (delay, updates)) in zip(axes, TASKS.items()):
        histories, tracks = {}, {}
        for name, rule in RULES.items():
            print(f"{title}: {name}", flush=True)
            histories[name], tracks[name] = learn(rule(), delay, updates)
        draw(row, title, histories, tracks)
    for level, words in ((IDEAL, "ideal observer"), (0.5, "guessing")):
        axes[0, 0].text(axes[0, 0].get_xlim()[1], level + 0.012, words, color="0.5", fontsize="x-small", ha="right")
    path = Path(folder).resolve() / "learning_rules.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    print(f"picture: {path}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
