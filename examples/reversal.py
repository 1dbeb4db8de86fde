"""A task that answers what the network chose: one of two options is rewarded until that reverses, unannounced.

Usage: reversal.py [folder for the picture]
"""

import os
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import neuroai as na

QUICK = bool(os.environ.get("NEUROAI_EXAMPLE_QUICK"))
LENGTH, ANSWER = 8, 3  # steps of 20 ms: a choice, and when it is due


class Reversal(na.Task):
    """A trial is a block of 15 choices, each of which is judged, and has conditions, by itself."""

    parts, block = 15, True
    steps = parts * LENGTH
    conditions, epochs = ("since_reversal",), ("outcome",)

    def generate(self, batch):
        for b, draw in batch.generators():
            reverses = draw.random(batch.parts) < 0.15
            reverses[0] = False
            right = (draw.integers(2) + np.cumsum(reverses)) % 2
            batch.classes[:, b] = np.repeat(right, LENGTH)
            last = np.maximum.accumulate(np.where(reverses, np.arange(batch.parts), -1))
            batch.conditions["since_reversal"][b] = np.where(last < 0, -1, np.arange(batch.parts) - last)
            batch.epochs["outcome"][b] = LENGTH * np.arange(batch.parts)[:, None] + [0, 1]
        batch.mask[:] = (np.arange(batch.steps) % LENGTH >= LENGTH - ANSWER)[:, None]

    def respond(self, batch):
        """After each choice: it is seen, and the next one begins with whether it was rewarded."""
        now = batch.step
        if now == batch.steps:
            return
        choice = batch.output[now - 1].argmax(axis=1)
        rewarded = choice == batch.classes[now - 1]
        batch.input[now, :, 0] = np.where(rewarded, 1, -1)
        batch.input[now, np.arange(batch.trials), 1 + choice] = 1


net = na.Network(dt=20).input("outcome", 3).population("units", 50).output("choice", 2)
net.connect("outcome", "units").connect("units", "units choice").build(1)
task = Reversal()
trainer = na.Trainer(net, task, na.CrossEntropy("choice"), na.BPTT(), na.Adam(3e-3), clip=1, evaluate_every=0)
trainer.fit(20 if QUICK else 400, progress=False)
curve = na.evaluate(net, task, 300, seed=5).curve("since_reversal")
for point in curve[(curve.value >= 0) & (curve.value < 5)]:
    print(f"{point.value:2.0f} choices after a reversal: correct {point.correct:.3f}")

trials = na.play(net, task, 1)  # as the block became; run again, with everything recorded, it is the same
run = net.run(trials)
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3), layout="constrained")
after = curve[(curve.value >= 0) & (curve.value < 8)]
left.plot(after.value, after.correct, "o-")
left.set(xlabel="choices since a reversal", ylabel="fraction correct", ylim=(0, 1))
right.plot(run.time, run.outputs["choice"][:, 0])
right.set(xlabel="time (ms)", ylabel="outputs in one block")
figure.savefig(Path(sys.argv[1] if len(sys.argv) > 1 else ".") / "reversal.png")
