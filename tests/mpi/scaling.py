"""How an update scales with processes: measured for 1 and 2 on this machine, and a model beyond.

Usage: scaling.py PROGRAM [--seconds S]

PROGRAM is tests/mpi/scaling.c, compiled. Strong scaling: one batch, shared out. Weak: as many trials for each process. The numbers of
calls and bytes are exact; times are the best of many updates. The model is of a cluster: the time of a shard is what it was here, that
of messages follows from a latency and a speed, which are assumed.
"""

import argparse
import json
import math
import subprocess
from pathlib import Path

from run import mpirun

TRIALS, SHARDS = 64, 2
UNITS = (64, 256, 1024)
CLUSTER = (2e-6, 10e9)  # s a message, bytes a second
RANKS, BATCH = (16, 128, 1024), 1024


def measure(program, ranks, units, trials, shards, seconds):
    words = [*mpirun(ranks), str(program), str(units), str(trials), str(shards), str(seconds)]
    found = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout.decode().splitlines()[-1])
    return {**found, "ranks": ranks, "units": units, "trials": trials, "shards": shards}


def row(found, base, weak):
    share = base["seconds"] / found["seconds"] / (1 if weak else found["ranks"])
    cells = (found["units"], found["ranks"], found["shards"], found["trials"], f"{1e3 * found['seconds']:.2f}")
    cells += (f"{1e3 * found['within']:.2f}", f"{share:.0%}", found["swaps"] + found["gathers"])
    return "| " + " | ".join(map(str, (*cells, found["given"] + found["gathered"]))) + " |"


def model(ranks, shard, n):
    """Seconds of an update: one shard, three tables and a gradient. A gather takes as many messages as a tree has levels."""
    latency, speed = CLUSTER
    levels = math.log2(ranks)
    return shard + (3 + 2) * levels * latency + (2 * 4 * n * (1 - 1 / ranks) + 3 * 300 * ranks) / speed


def show_model(program, sizes, seconds):
    """Shards of 64 trials for any number of ranks; and a batch of 1024 trials that is shared out."""
    print(f"\nA model, not measured: messages of {CLUSTER[0] * 1e6:g} us and {CLUSTER[1] / 1e9:g} GB/s, one shard a rank.")
    print("| units | batch | " + " | ".join(f"{ranks} ranks" for ranks in RANKS) + " |")
    print("|---" * (2 + len(RANKS)) + "|")
    for units in UNITS:
        shard = {trials: measure(program, 1, units, trials, 1, seconds)["seconds"] for trials in (64, 8, 1)}
        weak = [shard[64] / model(ranks, shard[64], sizes[units]) for ranks in RANKS]
        strong = [BATCH / 64 * shard[64] / (ranks * model(ranks, shard[BATCH // ranks], sizes[units])) for ranks in RANKS]
        for name, shares in (("64 a rank", weak), (f"{BATCH} in all", strong)):
            print(f"| {units} | {name} | " + " | ".join(f"{share:.0%}" for share in shares) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("--seconds", type=float, default=2.0)
    given = parser.parse_args()
    program = given.program.resolve()
    print("| units | ranks | shards | trials | ms an update | of these in the exchange | efficiency | calls | bytes sent |")
    print("|---|---|---|---|---|---|---|---|---|")
    sizes = {}
    for units in UNITS:
        whole = measure(program, 1, units, TRIALS, 1, given.seconds)
        one = measure(program, 1, units, TRIALS, SHARDS, given.seconds)
        strong = measure(program, 2, units, TRIALS, SHARDS, given.seconds)
        weak = measure(program, 2, units, 2 * TRIALS, SHARDS, given.seconds)
        print(row(whole, whole, False), row(one, whole, False), row(strong, whole, False), sep="\n")
        print(row(weak, whole, True), flush=True)
        sizes[units] = strong["given"] / 2  # 4 n / 2 bytes were given
    show_model(program, sizes, given.seconds)


if __name__ == "__main__":
    main()
