"""Trains a network with the package that is installed, and nothing else: run it by `python -I`.

Usage: train.py [FOLDER [alone]]. The library has to lie in FOLDER (default: the environment), and the network has to learn; alone:
every BLAS of the process has to lie there too.
"""

import hashlib
import re
import sys
import time
from pathlib import Path

import neuroai as na


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else sys.prefix).resolve()
    library = Path(na._c.path).resolve()
    assert folder in library.parents, f"{library} is not in {folder}"

    net = na.Network(dt=20).input("stimulus", 3).output("choice", 3)
    net.population("E", 40, sign=+1, noise=0.15).population("I", 10, sign=-1, noise=0.15)
    net.connect("stimulus", "E I").connect("E I", "E I", density=0.2, initial=na.Orthogonal(1.0))
    net.connect("E", "choice").build(seed=1)
    task = na.tasks.PerceptualDecisionMaking(stimulus=500)
    trainer = na.Trainer(net, task, cost=na.CrossEntropy("choice"), optimizer=na.Adam(1e-2), threads=2)
    started = time.monotonic()
    cost = trainer.fit(steps=200, progress=False).loss
    assert cost[-20:].mean() < 0.7 * cost[:20].mean(), cost
    seconds = time.monotonic() - started
    print(f"{na.build_info()}, {net.kernels} kernels: 200 updates in {seconds:.1f} s, cost {cost[0]:.2f} -> {cost[-1]:.2f}")
    net.spectrum("E I")  # LAPACK
    weights = [net.weights(*ends).tobytes() for ends in net.projections]
    print("weights", hashlib.sha256(b"".join(weights)).hexdigest()[:16])
    for file in loaded():
        assert folder in file.parents, f"{file} is not in {folder}"


def loaded():
    """The files of a BLAS in this process, on Linux, where the wheel should bring its own."""
    if "alone" not in sys.argv or not Path("/proc/self/maps").exists():
        return
    for line in Path("/proc/self/maps").read_text().splitlines():
        file = Path(line.split(maxsplit=5)[-1])
        if re.search(r"blas|lapack|gfortran|quadmath|jansson", file.name):
            yield file.resolve()


if __name__ == "__main__":
    main()
