"""Training and simulation over MPI, as users start them: the same files for 1, 2 and 4 processes, and after some were killed.

Usage: run.py PROGRAM SPIKES [--kills N] [--seed S] [--python PYTHON]

PROGRAM is examples/mpi_train.c, compiled, and SPIKES examples/mpi_spikes.c. Files are compared byte by byte: weights, moments, history. Each kill is one of SIGKILL
to a random process at a random moment; half of the time mpirun ends the others, which is its habit, and half of the time it is
told to leave them alone (--enable-recovery), so that they have to notice by themselves, within PATIENCE seconds. Then all begin
anew, those that train from the checkpoint, with another number of processes. With --python, examples/mpi_train.py and column.py are
run too (they need mpi4py), and half as many of the latter are killed.
"""

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE, LONG = 2, 300  # s that a process waits for another one: where one is killed, and else
PATIENT = 900  # s for a program that takes some, alone
GONE = 170  # s after which who has not ended never will: a busy machine may stop processes for a while
UPDATES = 120
FILE = "training.safetensors"
COLUMN = ROOT / "tests/mpi/column.py"
SIMULATING = 0.1  # s within which a process that simulates is killed: about as long as they take
SAID = ("has not answered", "MPI reports a failure", "has failed")
DONE = re.compile(r"rank \d+ of \d+: \d+ spikes")  # lines of several processes may run into each other


def mpirun(ranks, *options):
    """How to start so many processes, on however few cores."""
    as_root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
    return ["mpirun", *as_root, "--oversubscribe", *options, "-n", str(ranks)]


def train(command, ranks, folder, updates=UPDATES):
    """Runs to the end; what the file holds then."""
    done = subprocess.run(
        [*mpirun(ranks), *command(updates, LONG)], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENT
    )
    if done.returncode != 0:
        sys.exit(f"{ranks} processes failed: {done.stdout.decode(errors='replace')}")
    return (folder / FILE).read_bytes()


def new(place, name):
    folder = place / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def compare(command, place):
    """The same bytes however many processes there are, and when their number changes half way."""
    started = time.monotonic()
    expected = train(command, 1, new(place, "one"))
    seconds = time.monotonic() - started
    for ranks in (2, 4):
        if train(command, ranks, new(place, "more")) != expected:
            sys.exit(f"{ranks} processes have made another file than one")
    folder = new(place, "changed")
    for ranks, updates in ((4, UPDATES // 3), (1, 2 * UPDATES // 3), (2, UPDATES)):
        found = train(command, ranks, folder, updates)
    if found != expected:
        sys.exit("4, then 1, then 2 processes have made another file than one")
    return expected, seconds


def children(process):
    """Processes that mpirun has started on this machine."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], stdout=subprocess.PIPE)
    return [int(word) for word in listed.stdout.split()]


def wait_for_the_others(process, output, finished):
    """Until they have ended, or never will; what was said. Those that had finished wait in MPI_Finalize() for who was killed."""
    began = time.monotonic()
    while process.poll() is None:
        time.sleep(0.01)
        waited = time.monotonic() - began
        if waited > GONE or (waited > PATIENCE + 20 and finished(output.read_text(errors="replace"))):
            process.kill()
            process.wait()
    return output.read_text(errors="replace")


def kill_a_process(command, ranks, folder, begun, seconds, alone, chance, finished):
    """Kills one of them at a random moment; what was said, and the seconds in which the others ended.

    alone: mpirun leaves the others alone. The moment comes after the file `begun` is there: who dies within MPI_Init() leaves
    the others, or mpirun, there for ever, which is MPI's matter, not ours.
    """
    options = ("--enable-recovery",) if alone else ()
    with open(folder / "output.txt", "wb") as output:
        process = subprocess.Popen([*mpirun(ranks, *options), *command], cwd=folder, stdout=output, stderr=output)
        while process.poll() is None and not (folder / begun).exists():
            time.sleep(0.01)
        time.sleep(chance.random() * seconds)
        victims = children(process)
        if victims:
            os.kill(chance.choice(victims), signal.SIGKILL)
        killed = time.monotonic()
        said = wait_for_the_others(process, folder / "output.txt", finished)
    return said, time.monotonic() - killed


def expect_ended(said, took, finished, alone):
    """1 where the process was at work: then the others ended, and said why. `finished`: none was killed before its end."""
    if took > GONE and not finished:
        sys.exit(f"the others have not ended: {said}")
    if any(words in said for words in ("signal 11", "signal 6", "Segmentation", "Assertion")):
        sys.exit(f"a process has crashed: {said}")
    if not finished and alone and not any(words in said for words in SAID):
        sys.exit(f"the others did not say why they ended: {said}")
    return not finished


def kill_one(command, place, expected, seconds, alone, chance):
    """Kills one process of two or four that train; what is begun anew from the checkpoint ends as if nothing had been."""
    folder = new(place, "killed")
    ranks = chance.choice((2, 4))

    def finished(said):
        return f"{UPDATES} updates by" in said

    said, took = kill_a_process(command(UPDATES, PATIENCE), ranks, folder, FILE, seconds, alone, chance, finished)
    at_work = expect_ended(said, took, finished(said), alone)
    if train(command, chance.choice((1, 2, 4)), folder) != expected:
        sys.exit("begun anew after a process was killed: another file")
    return at_work, took


def kill_simulating(command, file, place, expected, seconds, alone, chance):
    """The same of two or three that simulate; what is begun anew has the same spikes."""
    folder = new(place, "killed")
    ranks = chance.choice((2, 3))

    def finished(said):
        return len(DONE.findall(said)) == ranks

    said, took = kill_a_process(command(PATIENCE), ranks, folder, file, seconds, alone, chance, finished)
    at_work = expect_ended(said, took, finished(said), alone)
    again = chance.choice((1, 2, 3))
    done = subprocess.run([*mpirun(again), *command(LONG)], cwd=folder, stdout=subprocess.DEVNULL, timeout=PATIENT)
    if done.returncode != 0 or (folder / file).read_bytes() != expected:
        sys.exit("begun anew after a process was killed: other spikes")
    return at_work, took


def kill_many(kill, times, what, seed):
    """So many, half of them where mpirun ends the others. kill(alone): 1 where a process was at work, and how long the others took."""
    killed, longest = 0, 0.0
    for k in range(times):
        at_work, took = kill(k % 2)
        killed, longest = killed + at_work, max(longest, took)
    print(
        f"  ok      {times} times SIGKILL (seed {seed}), {killed} of them at work: the others ended within {longest:.1f} s, "
        f"the same {what} in the end",
        flush=True,
    )


def simulate(command, ranks, folder):
    """The spikes of all neurons, and the most bytes that a process has."""
    done = subprocess.run([*mpirun(ranks), *command], cwd=folder, stdout=subprocess.PIPE, timeout=PATIENT)
    if done.returncode != 0:
        sys.exit(f"{ranks} processes failed to simulate: {done.stdout.decode(errors='replace')}")
    megabytes = [float(said) for said in re.findall(r"([\d.]+) MB", done.stdout.decode())]
    if len(megabytes) != ranks:
        sys.exit(f"of {ranks} processes {len(megabytes)} came to the end")
    return (folder / "spikes").read_bytes(), max(megabytes)


def compare_spikes(program, place):
    """The same spikes however many processes there are, each of which has its share of the synapses."""
    command = [str(program), "spikes", "12500"]
    expected, whole = simulate(command, 1, new(place, "spikes1"))
    for ranks in (2, 3):
        found, part = simulate(command, ranks, new(place, f"spikes{ranks}"))
        if found != expected:
            sys.exit(f"{ranks} processes have simulated other spikes than one")
        if part > 1.3 * whole / ranks:
            sys.exit(f"one of {ranks} processes has {part} MB, one alone {whole} MB")
    print(f"  ok      1, 2 and 3 processes: the same {len(expected) // 16} spikes", flush=True)
    return expected


def compare_columns(python, place):
    """The same of a circuit in Python, whose delays and weights are drawn."""
    found = set()
    for ranks in (1, 2, 4):
        folder = new(place, f"column{ranks}")
        command = [*mpirun(ranks), python, "-m", "mpi4py", str(COLUMN), str(LONG)]
        done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, timeout=2 * PATIENT)
        if done.returncode != 0 or len(DONE.findall(done.stdout.decode())) != ranks:
            sys.exit(f"{ranks} processes failed to simulate the column: {done.stdout.decode(errors='replace')}")
        found.add((folder / "column").read_bytes())
    if len(found) != 1:
        sys.exit(f"1, 2 and 4 processes have simulated other columns: {found}")
    print("  ok      1, 2 and 4 processes: the same column in Python", flush=True)
    return found.pop()


def compare_areas(python, place):
    """The same of 32 areas of such columns, in which more than ten thousand projections end."""
    said = set()
    for ranks in (1, 2, 4):
        command = [*mpirun(ranks), python, "-m", "mpi4py", str(ROOT / "tests/mpi/areas.py")]
        done = subprocess.run(command, cwd=place, stdout=subprocess.PIPE, timeout=2 * PATIENT)
        lines = done.stdout.decode().splitlines()
        if done.returncode != 0 or len(lines) != ranks:
            sys.exit(f"{ranks} processes failed to simulate areas")
        said.update(lines)
    if len(said) != 1:
        sys.exit(f"1, 2 and 4 processes have simulated other areas: {said}")
    print(f"  ok      1, 2 and 4 processes: the same 32 areas in Python, {said.pop().split(',')[0]}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("spikes", type=Path)
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--python", default=None)
    given = parser.parse_args()
    chance = random.Random(given.seed)
    program = given.program.resolve()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)

        def in_c(updates, patience):
            return [str(program), str(updates), str(patience)]

        def spikes_in_c(patience):
            return [str(given.spikes.resolve()), "spikes", "12500", str(patience)]

        def column(patience):
            return [given.python, "-m", "mpi4py", str(COLUMN), str(patience)]

        def kill_simulations(times, command, file, expected, seconds):
            def kill(alone):
                return kill_simulating(command, file, place, expected, seconds, alone, chance)

            kill_many(kill, times, "spikes", given.seed)

        spikes = compare_spikes(given.spikes.resolve(), place)
        kill_simulations(given.kills, spikes_in_c, "spikes", spikes, SIMULATING)
        expected, seconds = compare(in_c, place)
        print("  ok      1, 2, 4 processes, and changed half way: the same file", flush=True)
        kill_many(lambda alone: kill_one(in_c, place, expected, seconds, alone, chance), given.kills, "file", given.seed)
        if given.python:
            compare(lambda updates, _: [given.python, str(ROOT / "examples/mpi_train.py"), ".", str(updates)], place)
            print("  ok      the same in Python", flush=True)
            compare_areas(given.python, place)
            spikes = compare_columns(given.python, place)
            kill_simulations(given.kills // 2, column, "column", spikes, SIMULATING)


if __name__ == "__main__":
    main()
