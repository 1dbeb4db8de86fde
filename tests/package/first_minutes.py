"""The first ten minutes with the Python package: what a new user types, step by step, timed.

    first_minutes.py                     all of it in a new folder: environment, pip, then each step; writes docs/first_minutes.md
    first_minutes.py --steps             the steps alone, by the package of this Python, in the folder that this is run in

Each step is run as it stands on the page, and says itself whether it has worked.
"""

import argparse
import contextlib
import io
import json
import os
import platform
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/first_minutes.md"


def readme():
    """The first program of README.md."""
    return re.search(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.M | re.S)[1]


#: What is typed in Python, and what has to hold then.
STEPS = [
    ("the first program of [README.md](../README.md): compose, train, a psychometric curve, a model file", readme(),
     "history.performance[-1] > 0.75 and exists('psychometric.png')"),
    ("an own figure: one trial from inside", """\
run = net.run(task.trials(net, 1, seed=4))
na.plot.activity(run)
plt.savefig("trial.png")
""", "exists('trial.png')"),
    ("2000 new trials", """\
print(na.evaluate(net, task, trials=2000).performance)
""", "number() > 0.75"),
    ("load what was saved, and see that it does the same", """\
again = na.Network.load("decision.safetensors")
same = na.evaluate(again, task, trials=2000).performance == na.evaluate(net, task, trials=2000).performance
print(same)
""", "same"),
    ("silence half of the inhibitory cells while the stimuli are on", """\
light = na.Silence("I", fraction=0.5, epoch="stimulus")
print(na.evaluate(net, task, trials=2000, interventions=light).performance)
""", "0.4 < number() < 0.9"),
    ("its effect on each population in each epoch, as a picture", """\
na.plot.silencing(na.experiment.silence(net, task))
plt.savefig("silencing.png")
""", "exists('silencing.png')"),
    ("another task, whose sizes the library knows", """\
kind = na.tasks.DelayMatchSample
net = na.Network(dt=20).input("stimulus", kind.n_inputs).output("choice", kind.n_outputs)
net.population("E", 80, sign=+1, noise=0.05).population("I", 20, sign=-1, noise=0.05)
net.connect("stimulus", "E I").connect("E I", "E I").connect("E", "choice").build(seed=1)
trainer = na.Trainer(net, kind(), cost=na.CrossEntropy("choice"))
history = trainer.fit(steps=1000, stop_at=0.95)
na.plot.history(history)
plt.savefig("history.png")
""", "history.performance[-1] > 0.75 and exists('history.png')"),
    ("a rule that synapses could implement, on the first task", """\
net = na.Network(dt=20).input("stimulus", 3).population("units", 100, noise=0.05).output("choice", 3)
net.connect("stimulus", "units").connect("units", "units").connect("units", "choice").build(seed=1)
trainer = na.Trainer(net, task, cost=na.CrossEntropy("choice"), rule=na.RFLO())
print(trainer.fit(steps=600, stop_at=0.8).performance[-1])
""", "number() > 0.75"),
]


def machine(kernels):
    """In general words: others have other names for theirs."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores of {platform.machine()} (kernels: {kernels})"


def take_steps():
    """Runs STEPS one after the other, as in one session; prints a line for each, and JSON last."""
    import matplotlib

    matplotlib.use("Agg")
    names, seconds = {"__name__": "__main__"}, []
    for what, code, holds in STEPS:
        printed, started = io.StringIO(), (time.monotonic(), time.process_time())
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
            exec(compile(code, what, "exec"), names)
        seconds.append((time.monotonic() - started[0], time.process_time() - started[1]))
        tests = {"exists": lambda name: os.path.getsize(name) > 1000, "number": lambda text=printed: float(text.getvalue().split()[-1])}
        if not eval(holds, {**names, **tests}):
            sys.exit(f"{what}: not so: {holds}\n{printed.getvalue()}")
        print(f"  ok      {what} ({seconds[-1][0]:.1f} s) {' '.join(printed.getvalue().split())}", flush=True)
    print(json.dumps({"seconds": seconds, "kernels": names["net"].kernels}))


def timed(command, **options):
    """What it prints, and how long it took: on the clock, and of processors."""
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode:
        sys.exit(f"{command}\n{done.stdout}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (time.monotonic() - started, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime), done.stdout


def page(rows, total, where):
    """The page: a table, then what is typed at each step."""
    table = "".join(f"| {k} | {what} | {clock:.1f} | {processor:.1f} |\n" for k, (what, (clock, processor)) in enumerate(rows, 1))
    typed = "".join(f"\n**{k}.** {what[0].upper()}{what[1:]}\n\n```py\n{code}```\n" for k, (what, code, _) in enumerate(STEPS, len(rows) - len(STEPS) + 1) if code != readme())
    return f"""# The first ten minutes

What somebody types who is new here, step by step, and how long the machine takes: {total[0]:.0f} s in all, {total[1]:.0f} s of processors, so that
most of the ten minutes are for reading. `make first-minutes` runs each step in an empty folder, in which nothing but the sources is, and writes this page; `make check-install` runs
the steps from 5 on in CI. Measured on {where}, which others used
meanwhile; Python packages came from PyPI, and nothing had been kept of an earlier time.

| | step | s | s of processors |
|---|---|---|---|
{table}
Steps 1 to 3 are for the shell, the rest for Python:

```sh
python3 -m venv env && . env/bin/activate
pip install ./bindings/python
python -m neuroai
python
```
{typed}
The next hour: [six tutorials](tutorials/first_figure.md). Messages that people meet: [questions and messages](faq.md).
"""


def measure():
    with tempfile.TemporaryDirectory() as folder:
        clean = {name: value for name, value in os.environ.items() if not re.match("PYTHON|NEUROAI|PIP_CACHE|MPL|CFLAGS|CC$", name)}
        clean.update(HOME=folder, PIP_NO_CACHE_DIR="1", PIP_DISABLE_PIP_VERSION_CHECK="1", CCACHE_DISABLE="1")
        options, python = {"cwd": folder, "env": clean}, f"{folder}/env/bin/python"
        shell = [
            ("an environment of its own", [sys.executable, "-m", "venv", "env"]),
            ("`pip install`: the C library is compiled, NumPy and matplotlib are fetched", [python, "-m", "pip", "install", str(ROOT / "bindings/python")]),
            ("`python -m neuroai`: is it there?", [python, "-m", "neuroai"]),
            ("`import neuroai`, for the first time", [python, "-c", "import matplotlib.pyplot, neuroai"]),
        ]
        rows = []
        for what, command in shell:
            seconds, _ = timed(command, **options)
            print(f"  ok      {what} ({seconds[0]:.1f} s)", flush=True)
            rows.append((what, seconds))
        found = json.loads(timed([python, "-I", __file__, "--steps"], **options)[1].splitlines()[-1])
    rows += [(what, seconds) for (what, _, _), seconds in zip(STEPS, found["seconds"])]
    total = [sum(seconds[k] for _, seconds in rows) for k in (0, 1)]
    PAGE.write_text(page(rows, total, machine(found["kernels"])), encoding="utf-8")
    print(f"{PAGE}: {total[0]:.0f} s, {total[1]:.0f} s of processors")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--steps", action="store_true")
    take_steps() if arguments.parse_args().steps else measure()
