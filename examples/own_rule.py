"""A learning rule of one's own: random feedback local online learning (Murray 2019), written in NumPy.

The library has the same rule: the two gradients are compared, then this one learns a decision.
"""

import os

import numpy as np

import neuroai as na

UPDATES = 50 if os.environ.get("NEUROAI_EXAMPLE_QUICK") else 200


class MyRFLO(na.LocalRule):
    """Learning signal times what eligibility traces do to the rate: how each weight has moved it, as far as the synapse
    knows. There is a trace for each state of the postsynaptic unit, eps, and the slopes of a step move it on, whatever
    the model of the unit.

    For a rate unit, x(t) = (1 - alpha) x(t-1) + alpha (W r + b), r = phi(x):  eps(t) = (1 - alpha) eps(t-1) + alpha r.
    """

    traces = 2  # numbers for each synapse and trial, kept from step to step: units that adapt have two states

    def step(self, step):
        eps = step.trace[: step.n_states]  # [states, trials, n_post, n_pre]
        r = step.pre[:, None, :]
        moved = np.einsum("sbi,sbij->bij", step.zs[0], eps) + step.zp[0][..., None] * r
        step.change += np.einsum("bi,bij->ij", step.signal, moved)
        eps[:] = np.einsum("ksbi,sbij->kbij", step.ss, eps) + step.sp[..., None] * r


def main():
    net = na.Network(dt=20)  # ms
    net.input("stimulus", 3)
    net.population("E", 40, sign=+1)
    net.population("I", 10, sign=-1)
    net.output("choice", 3)
    net.connect("stimulus", "E I").connect("E I", "E I").connect("E", "choice")
    net.build(seed=1)
    task = na.tasks.PerceptualDecisionMaking(stimulus=500)
    mine, library = (
        na.Trainer(net, task, na.CrossEntropy("choice"), rule, na.Adam(2e-3), evaluate_every=0)
        for rule in (MyRFLO(seed=7), na.RFLO(seed=7))
    )
    ours, theirs = (trainer.gradient()["E", "E"] for trainer in (mine, library))  # of the same trials
    print(f"differs from the library's own by {np.abs(ours - theirs).max() / np.abs(theirs).max():.1g}")
    mine.fit(UPDATES, progress=False)
    print(f"correct after {UPDATES} updates: {na.evaluate(net, task, trials=2000).performance:.3f}")


if __name__ == "__main__":
    main()
