"""How a simulation of spiking neurons scales with processes: measured for 1 and 2 on this machine, and a model beyond.

Usage: spikes_scaling.py PROGRAM [--neurons N ...]

PROGRAM is examples/mpi_spikes.c, compiled: Brunel's network, of which each neuron gets a tenth of all spikes, for half a second. Strong
scaling: the same network, shared out. Weak: as many synapses for each process, that is 1.41 times as many neurons for two. Times are the
best of several runs. The model is of a cluster: that of a gather follows from a latency and a speed, which are assumed, and from its
bytes, which are exact. What two processes here take more than half of the time of one has two reasons, which are not told apart: memory
that they share, as machines of a cluster do not, and work that each does for all neurons. So there are two rows: all of it is the one,
where the rest is shared out; or all of it is the other, and does not become less with more ranks.
"""

import argparse
import math
import re
import subprocess
from pathlib import Path

from run import mpirun

LINE = re.compile(r"rank (\d+) of \d+: (\d+) spikes, .*; (\d+) MB, built in ([\d.]+) s, ([\d.]+) s for 0.5 s")
TIMES = 3
MEETINGS = 334  # of half a second: one for each shortest delay, 1.5 ms
CLUSTER = (2e-6, 10e9)  # s a message, bytes a second
RANKS = (2, 4, 16, 64, 1024)


def measure(program, ranks, neurons):
    """The slowest rank of the fastest run: MB, s to build, s to simulate."""
    best = None
    for _ in range(TIMES):
        done = subprocess.run([*mpirun(ranks), str(program), "/dev/null", str(neurons)], check=True, stdout=subprocess.PIPE)
        found = LINE.findall(done.stdout.decode())
        if len(found) != ranks:
            raise SystemExit(f"of {ranks} processes {len(found)} came to the end")
        took = max(float(line[4]) for line in found)
        if best is None or took < best["seconds"]:
            best = {"seconds": took, "spikes": int(found[0][1]), "build": max(float(line[3]) for line in found)}
            best["megabytes"] = max(int(line[2]) for line in found)
    return best


def row_bytes(ranks):
    """Of the first gather, of each rank (lib/network/ranks.c)."""
    return 4 * (1 + min(1023, max(15, 16384 // ranks)))


def gathers(found, ranks):
    """Seconds of all of them, with a number for each spike that the first one has no place for."""
    latency, speed = CLUSTER
    numbers = found["spikes"] / MEETINGS / ranks + 15
    rest = max(0.0, 4 * (numbers + 1) - row_bytes(ranks))
    return MEETINGS * ((2 if rest else 1) * math.log2(ranks) * latency + ranks * (row_bytes(ranks) + rest) / speed)


def model(one, two, ranks, common):
    """Efficiency; common: whether what two ranks take more than a half is done by each."""
    stays = max(0.0, 2 * (two["seconds"] - gathers(one, 2)) - one["seconds"]) if common else 0.0
    seconds = (one["seconds"] - stays) / ranks + stays + gathers(one, ranks)
    return one["seconds"] / ranks / seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("--neurons", type=int, nargs="+", default=[12500, 50000])
    given = parser.parse_args()
    program, alone, pair = given.program.resolve(), {}, {}
    print("| neurons | ranks | MB of each | s to build | s for half a second | efficiency |")
    print("|---|---|---|---|---|---|")
    for neurons in given.neurons:
        larger = int(neurons * math.sqrt(2) / 5) * 5
        alone[neurons] = measure(program, 1, neurons)
        for ranks, n in ((1, neurons), (2, neurons), (2, larger)):
            found = alone[neurons] if ranks == 1 else measure(program, ranks, n)
            if n == neurons:
                pair[neurons] = found
            share = alone[neurons]["seconds"] / found["seconds"] / (ranks if n == neurons else 1)
            cells = (n, ranks, found["megabytes"], f"{found['build']:.2f}", f"{found['seconds']:.2f}", f"{share:.0%}")
            print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    print(f"\nA model, not measured: messages of {CLUSTER[0] * 1e6:g} us and {CLUSTER[1] / 1e9:g} GB/s; efficiency.")
    print("| neurons | what two ranks lack is | " + " | ".join(f"{ranks} ranks" for ranks in RANKS) + " |")
    print("|---" * (2 + len(RANKS)) + "|")
    for neurons, one in alone.items():
        for common, name in ((False, "memory that they share"), (True, "work that each does")):
            shares = [model(one, pair[neurons], ranks, common) for ranks in RANKS]
            print(f"| {neurons} | {name} | " + " | ".join(f"{share:.0%}" for share in shares) + " |")


if __name__ == "__main__":
    main()
