"""What a call from Python costs, which for small networks is more than what it does.

    PYTHONPATH=bindings/python NEUROAI_LIBRARY=build/libneuroai.so python tests/bench/calls.py [FILE.json]

Of a network of one unit, so that nearly all of it is the call. Times are the best of many, as those of bench.c; they
are added to its file.
"""

import json
import sys
import timeit

import numpy as np

import neuroai as na


def network():
    net = na.Network(dt=10).input("u", 3).population("r", 1).output("z", 2)
    return net.connect("u r", "r").connect("r", "z").build(seed=1)


def calls():
    """What is called, by name."""
    state, net = network().state(), network()
    agent = na.Agent(na.Trainer(net, cost=na.MSE("z"), rule=na.RFLO(seed=2), optimizer=na.SGD(1e-3)))
    trainer = na.Trainer(network(), cost=na.MSE("z"), rule=na.BPTT(), optimizer=na.SGD(1e-3))
    x, out, wanted = np.ones((1, 3), np.float32), np.empty((1, 2), np.float32), np.zeros(2, np.float32)
    trials = na.Trials(x[None], np.zeros((1, 1, 2), np.float32))
    named, row = {"u": x}, x[0]
    return {
        "state.step(x)": lambda: state.step(x),
        "state.step(x, out=out)": lambda: state.step(x, out=out),
        "state.step({'u': x})": lambda: state.step(named),
        "state.run(x[None])": lambda: state.run(x[None]),
        "agent.step(x, target=y)": lambda: agent.step(row, target=wanted),
        "trainer.step(trials)": lambda: trainer.step(trials),
    }


def main(path=None):
    results = []
    for name, call in calls().items():
        us = min(timeit.repeat(call, number=200, repeat=200)) * 5e3
        print(f"  {name:24} {us:8.2f} us")
        results.append({"name": f"python/{name}", "ours_ms": us * 1e-3, "threads": 1, "rivals": {}})
    if path:
        with open(path) as file:
            results = json.load(file) + results
        with open(path, "w") as file:
            json.dump(results, file, indent=2)
            file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
