"""A unit model of one's own: a rate unit that adapts (Benda & Herz 2003), written in NumPy.

The library has the same model: its slopes are checked, the two gradients are compared, then this one learns a decision.
"""

import os

import numpy as np

import neuroai as na

UPDATES = 20 if os.environ.get("NEUROAI_EXAMPLE_QUICK") else 150


class Adapting(na.Model):
    """x <- (1 - alpha) x + alpha (v - a),  r = tanh(x),  a <- (1 - share) a + share r; v is what the unit receives."""

    parameters = {"tau": (100, "ms"), "tau_a": (500, "ms", "time constant of the adaptation")}
    states = ["x", "a"]
    ports = ["v"]
    signals = ["r"]

    def step(self, s):  # arrays [trials, n], written in place
        s.x += s.dt / s.tau * (s.v - s.a - s.x)
        s.r[:] = np.tanh(s.x)
        s.a += s.dt / s.tau_a * (s.r - s.a)

    def slopes(self, s):  # all by what there was before the step: s.ss[after, before]; only to train it
        alpha, share, slope = s.dt / s.tau, s.dt / s.tau_a, 1 - s.r**2
        s.ss[0, 0], s.ss[0, 1], s.sp[0, 0] = 1 - alpha, -alpha, alpha
        s.zs[0, 0], s.zs[0, 1], s.zp[0, 0] = slope * (1 - alpha), -slope * alpha, slope * alpha
        s.ss[1] = share * s.zs[0]
        s.ss[1, 1] += 1 - share
        s.sp[1, 0] = share * s.zp[0, 0]


def network(**model):
    net = na.Network(dt=20).input("stimulus", 3).population("E", 50, **model).output("choice", 3)  # ms
    net.connect("stimulus", "E", initial=na.Normal(0, 0.5)).connect("E", "E", initial=na.Normal(0, 0.1))
    return net.connect("E", "choice").build(seed=1)


def main():
    Adapting().check(dt=20)  # against central differences of step(); it names the first slope that is wrong
    task = na.tasks.PerceptualDecisionMaking(stimulus=500)
    mine, library = network(model=Adapting()), network(model="adaptive_rate", transfer="tanh")
    ours, theirs = (
        na.Trainer(net, task, na.CrossEntropy("choice"), na.BPTT(), na.Adam(2e-3)).gradient()["E", "E"]
        for net in (mine, library)
    )
    print(f"differs from the library's own by {np.abs(ours - theirs).max() / np.abs(theirs).max():.1g}")
    trainer = na.Trainer(mine, task, na.CrossEntropy("choice"), na.BPTT(), na.Adam(2e-3), evaluate_every=0)
    trainer.fit(UPDATES, progress=False)
    print(f"correct after {UPDATES} updates: {na.evaluate(mine, task, trials=2000).performance:.3f}")


if __name__ == "__main__":
    main()
