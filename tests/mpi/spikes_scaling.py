"""How a simulation of spiking neurons scales with processes: measured for 1 and 2 on this machine, and a model beyond.

Usage: spikes_scaling.py PROGRAM ALONE [--neurons N ...] [--picture FILE.png]

PROGRAM is examples/mpi_spikes.c, compiled, and ALONE rank_alone.c. Brunel's network, of which each neuron gets a tenth of all spikes, for
half a second. Strong scaling: the same network, shared out. Weak: as many synapses for each process, that is 1.41 times as many neurons
for two. Times are the best of several runs.

What two processes take more than half of the time of one is told apart by measurement. ALONE is one rank without the others, whose
spikes it makes up: alone it shows the work that each rank does for all, two of them beside each other, without any exchange, what they
lose to the memory that they share, and the rest is messages and waiting. In the same way it measures one rank of many. The model of a
cluster, whose machines share no memory, adds to that only the gathers, from a latency and a speed, which are assumed, and their
number and bytes, which are counted.
"""

import argparse
import math
import re
import subprocess
import sys
from pathlib import Path

from run import mpirun

LINE = re.compile(r"rank (\d+) of \d+: (\d+) spikes, ([\d.]+) Hz; (\d+) MB, built in ([\d.]+) s, ([\d.]+) s for 0.5 s")
ALONE = re.compile(r"([\d.]+) s, ([\d.]+) gathers, (\d+) bytes")
TIMES = 5
CLUSTER = (2e-6, 10e9)  # s a message, bytes a second
RANKS = (2, 4, 16, 64, 256, 1024)


def measure(program, ranks, neurons):
    """The slowest rank of the fastest run: MB, s to build, s to simulate."""
    best = None
    for _ in range(TIMES if neurons < 20_000 else 2):
        done = subprocess.run([*mpirun(ranks), str(program), "/dev/null", str(neurons)], check=True, stdout=subprocess.PIPE)
        found = LINE.findall(done.stdout.decode())
        if len(found) != ranks:
            raise SystemExit(f"of {ranks} processes {len(found)} came to the end")
        took = max(float(line[5]) for line in found)
        if best is None or took < best["seconds"]:
            best = {"seconds": took, "rate": float(found[0][2]), "build": max(float(line[4]) for line in found)}
            best["megabytes"] = max(int(line[3]) for line in found)
    return best


def alone(program, ranks, neurons, rate, beside=1):
    """One of so many ranks, or some of them beside each other: s of the slowest, gathers, bytes of all ranks."""
    best = None
    turns = max(1, min(8, round(8 * 12500**2 / neurons**2 * ranks)))
    for _ in range(3 if neurons <= 12500 else 1):
        command = [str(program), *map(str, (ranks, neurons, rate, turns))]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(beside)]
        said = [ALONE.match(process.communicate()[0].decode()).groups() for process in running]
        took = max(float(seconds) for seconds, _, _ in said)
        if best is None or took < best[0]:
            best = took, float(said[0][1]), float(said[0][2])
    return best


def gathers(ranks, count, size):
    """Seconds of so many, in which all ranks send so many bytes."""
    return count * math.log2(ranks) * CLUSTER[0] + size / CLUSTER[1]


def tell_apart(program, neurons, one, two):
    """Shares of the time of two ranks, by what it goes for."""
    half, by_itself = one["seconds"] / 2, alone(program, 2, neurons, one["rate"])[0]
    beside = alone(program, 2, neurons, one["rate"], 2)[0]
    shares = [half, by_itself - half, beside - by_itself, two["seconds"] - beside]
    print(f"| {neurons} | " + " | ".join(f"{1e3 * share:.0f} ms" for share in shares) + " |", flush=True)


def model(program, ranks, neurons, rate):
    """Seconds: what one rank was measured to take, and its gathers."""
    took, count, size = alone(program, ranks, neurons, rate)
    return took, gathers(ranks, count, size), size / max(count, 1)


def weak(neurons, ranks):
    """Neurons with so many times the synapses."""
    return round(neurons * math.sqrt(ranks) / 5) * 5


def draw(path, measured, modelled):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained", sharey=True)
    for panel, kind in zip(panels, ("strong", "weak")):
        for colour, (neurons, points) in zip(("C0", "C1"), modelled[kind].items()):
            ranks, seconds, exchanged = zip(*points)
            panel.loglog(*zip(*measured[kind][neurons]), "o-", color=colour, label=f"{neurons} neurons, measured")
            panel.loglog(ranks, seconds, "--", color=colour, label="a cluster, model")
            panel.loglog(ranks, exchanged, ":", color=colour, label="its gathers")
            first = measured[kind][neurons][0][1]
            ideal = [first / r if kind == "strong" else first for r in (1, 1024)]
            panel.loglog((1, 1024), ideal, color=colour, linewidth=0.6, alpha=0.6, label="if all were shared out")
        panel.set_xlabel("ranks")
        panel.set_title({"strong": "the same network, shared out", "weak": "as many synapses for each rank"}[kind])
    panels[0].set_ylabel("s for half a second")
    panels[0].set_ylim(bottom=5e-4)
    panels[0].legend(fontsize=8)
    figure.suptitle("Half a second of Brunel's network on ranks: measured on two cores, and a model of a cluster beyond")
    figure.savefig(path, dpi=100)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("alone", type=Path)
    parser.add_argument("--neurons", type=int, nargs="+", default=[12500, 50000])
    parser.add_argument("--picture", default=None)
    given = parser.parse_args()
    program, rank_alone, ones, twos = given.program.resolve(), given.alone.resolve(), {}, {}
    measured, modelled = {"strong": {}, "weak": {}}, {"strong": {}, "weak": {}}
    print("| neurons | ranks | MB of each | s to build | s for half a second | efficiency |")
    print("|---|---|---|---|---|---|")
    for neurons in given.neurons:
        for ranks, n in ((1, neurons), (2, neurons), (2, weak(neurons, 2))):
            found = measure(program, ranks, n)
            ones.setdefault(neurons, found)
            kind = "strong" if n == neurons else "weak"
            for kinds in ("strong", "weak") if ranks == 1 else (kind,):
                measured[kinds].setdefault(neurons, []).append((ranks, found["seconds"]))
            if ranks == 2 and kind == "strong":
                twos[neurons] = found
            share = ones[neurons]["seconds"] / found["seconds"] / (ranks if kind == "strong" else 1)
            cells = (n, ranks, found["megabytes"], f"{found['build']:.2f}", f"{found['seconds']:.3f}", f"{share:.0%}")
            print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    print("\nWhat the time of two ranks goes for.")
    print("| neurons | half of one's work | work that each does | memory that they share | messages and waiting |")
    print("|---|---|---|---|---|")
    for neurons in given.neurons:
        tell_apart(rank_alone, neurons, ones[neurons], twos[neurons])
    print(f"\nA model, not measured: messages of {CLUSTER[0] * 1e6:g} us and {CLUSTER[1] / 1e9:g} GB/s. Work of a rank was measured.")
    print("| neurons | scaling | ranks | ms of work | ms of gathers | kB a gather | efficiency |")
    print("|---|---|---|---|---|---|---|")
    for neurons in given.neurons:
        for kind in ("strong", "weak"):
            for ranks in RANKS:
                n = neurons if kind == "strong" else weak(neurons, ranks)
                if n > 800_000:
                    continue  # states of all neurons, which every rank has, would not fit
                took, exchanged, size = model(rank_alone, ranks, n, ones[neurons]["rate"])
                modelled[kind].setdefault(neurons, []).append((ranks, took + exchanged, exchanged))
                share = ones[neurons]["seconds"] / (took + exchanged) / (ranks if kind == "strong" else 1)
                cells = (neurons, kind, ranks, f"{1e3 * took:.1f}", f"{1e3 * exchanged:.1f}", f"{size / 1e3:.1f}", f"{share:.0%}")
                print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    if given.picture:
        draw(given.picture, measured, modelled)


if __name__ == "__main__":
    sys.exit(main())
