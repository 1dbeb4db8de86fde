"""What a sweep takes over the sum of its networks' own times, shared by the processes.

    PYTHONPATH=bindings/python NEUROAI_LIBRARY=build/libneuroai.so python tests/bench/sweep.py [networks [processes [updates]]]

Needs joblib. Before and after the sweep some of its networks are trained alone, one after the other in this process: what they take less
there is what processes take from each other (memory, a core that two of them share), and no cost of the sweep. The bar is 5 %. On
a machine with other work on it only the last line says something: processors' time, of all processes, over that of the networks.
"""

import resource
import sys
import time

import neuroai as na

NETWORKS, PROCESSES, UPDATES = (int(word) for word in [*sys.argv[1:], *("200", "2", "1000")[len(sys.argv) - 1 :]])
ALONE = 8


def make(seed):
    begun = time.process_time()
    net = na.Network(dt=20).input("stimulus", 3).output("choice", 3)
    net.population("E", 40, sign=+1, noise=0.15).population("I", 10, sign=-1, noise=0.15)
    net.connect("stimulus", "E I").connect("E I", "E I").connect("E", "choice").build(seed)
    task = na.tasks.PerceptualDecisionMaking(stimulus=500)
    trainer = na.Trainer(net, task, na.CrossEntropy("choice"), batch=32, evaluate_every=100, seed=seed)
    trainer._begun = begun
    return trainer


def processors(trainer):
    """Seconds of a processor that went into one network."""
    return {"processor": time.process_time() - trainer._begun}


def alone():
    """Seconds of each of some networks, in this process."""
    found = na.sweep(make, None, ALONE, steps=UPDATES, workers=1, progress=False)
    return list(found.seconds.values())


def spent():
    """Seconds of processors of this process and of those that have ended."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(resource.getrusage(kind).ru_utime + resource.getrusage(kind).ru_stime for kind in kinds)


def main():
    from joblib.externals.loky import get_reusable_executor

    first = alone()
    before, begun = spent(), time.perf_counter()
    found = na.sweep(make, None, NETWORKS, steps=UPDATES, workers=PROCESSES, measure=processors, progress=False)
    took = time.perf_counter() - begun
    get_reusable_executor().shutdown(wait=True)
    every = spent() - before
    best = [min(pair) for pair in zip(first, alone())]
    own = sum(found.seconds.values()) / PROCESSES
    single = sum(best) / ALONE * NETWORKS / PROCESSES
    networks = sum(record["processor"] for record in found.records)
    print(f"{NETWORKS} networks of {UPDATES} updates, {PROCESSES} processes: {took:.2f} s; failed: {len(found.failures)}")
    print(f"their own times / {PROCESSES}: {own:.2f} s; the sweep takes {100 * (took / own - 1):+.1f} % (bar: +5 %)")
    print(f"the same by {ALONE} networks alone: {single:.2f} s, {100 * (took / single - 1):+.1f} %")
    print(f"processors: {every:.2f} s, of which networks {networks:.2f} s: {100 * (every / networks - 1):+.1f} %")
    return took / own > 1.05


if __name__ == "__main__":
    sys.exit(main())
