"""The Python of the pages runs as it stands there, but for numbers that make it short. What README.md, first_minutes.md
and coming_from.md have is run by tests/docs/run.py."""

import re

import numpy as np
import pytest
from conftest import ROOT

import neuroai as na

pytest.importorskip("matplotlib")
pytestmark = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="needs the source tree")


def decision(populations="E:+1 I:-1", dt=20, inputs=3, **task):
    """A network, and a task that it could learn."""
    net = na.Network(dt=dt).input("stimulus", inputs).output("choice", 3)
    names = [entry.split(":") for entry in populations.split()]
    for name, sign in names:
        net.population(name, 8, sign=int(sign), noise=0.15)
    everyone = [name for name, _ in names]
    net.connect("stimulus", everyone).connect(everyone, everyone, autapses=True).connect("E", "choice").build(1)
    kind = na.tasks.PerceptualDecisionMaking if inputs == 3 else na.tasks.ContextDecisionMaking
    return {"net": net, "task": kind(**task)}


def trained(**more):
    made = decision(stimulus=200)
    return {**made, "trainer": na.Trainer(made["net"], made["task"], na.CrossEntropy("choice"), batch=8), **more}


def laid_out():
    """The network of docs/anatomy.md, smaller."""
    net = na.Network(dt=1).population("E", 80, sign=+1).population("I", 20, sign=-1)
    return {"net": net.connect("E I", "E I", density=0.2).build(1)}


def placed():
    return {"net": na.Network(dt=1).population("E", 8, sign=+1).population("I", 4, sign=-1).place("E I", box=(1, 1, 1))}


def two_models():
    """Rate units, one of whose projections has short-term plasticity, and neurons."""
    net = na.Network(dt=1).input("u", 1).population("E", 3, sign=+1).population("I", 3, sign=-1)
    net.population("S", 3, model="lif").population("PV", 3, model="lif").connect("E I", "E")
    net.connect("u", "E").connect("u", "S", initial=na.Constant(1)).connect("E", "I", short_term=na.TsodyksMarkram())
    net.connect("S", "PV", initial=na.Constant(1)).build(1)
    trials, one = na.Trials(inputs=np.zeros((4, 2, 1))), na.Trials(inputs=np.zeros((4, 1, 1)))
    made = {"x": np.zeros((2, 3)), "v": np.zeros(3), "u": 0.3, "state": net.state(seed=1)}
    return {"net": net, "trials": trials, "run": net.run(trials), "settled": net.run(one), **made}


def recorded():
    made = decision("E:+1 I:-1 PV:-1")
    return {**made, "trials": made["task"].trials(made["net"], 2), "mask": [True] * 8}


def spiking():
    return {"net": na.Network(dt=1).population("E", 10, model="lif", drive=30).build(1)}


def remembering():
    made = decision("E:+1 I:-1", inputs=7, delay_min=300, delay_max=300)
    net, task = made["net"], made["task"]
    return {**made, "go_run": net.run(task.trials(net, 40)), "anti_run": net.run(task.trials(net, 40, seed=5))}


def resting():
    net = na.Network(dt=20).input("stimulus", 3).output("choice", 3).population("r", 10, transfer="tanh")
    net.connect("stimulus", "r").connect("r", "r").connect("r", "choice").build(1)
    return {"net": net, "trials": na.tasks.PerceptualDecisionMaking().trials(net, 4)}


def association():
    x, target, teach = np.full((20, 2, 30), 0.5), np.zeros((20, 2, 10)), np.ones((20, 2, 10))
    trials = na.Trials(inputs=np.concatenate([x, target, teach], axis=2))
    return {"x": x[0], "target": target[0], "trials": trials}


def swept():
    def make(rule, seed):
        return trained()["trainer"]

    return na.sweep(make, {"rule": ["BPTT", "RFLO"]}, steps=2, folder="few", workers=1, progress=False)


def held_out():
    net = na.Network(dt=20).input("u", 2).output("z", 1).population("E", 8)
    net.connect("u", "E").connect("E", "E").connect("E", "z").build(1)
    return {"net": net, "trials": na.Trials(inputs=np.zeros((5, 10, 2)), targets=np.ones((5, 10, 1)))}


def plain():
    return {"net": na.Network(dt=20).population("h", 4).population("top", 4).input("u", 1).output("z", 1)}


#: For each page and each of its programs: what is there before, and what makes it short. None: why it does not run here.
PROGRAMS = {
    "anatomy": [
        (plain, {}),
        (plain, {}),
        (plain, {}),
        (dict, {"8000": "800", "2000": "200"}),
        (laid_out, {}),
        (placed, {}),
        (laid_out, {}),
    ],
    "circuits": ["some minutes: test_circuits.py", (dict, {})],
    "experiments": [
        (lambda: decision("E:+1 PV:-1 SST:-1", delay=300, stimulus=200), {"1000, 100": "600, 300"}),
        (recorded, {"\nstate =": "\nnet = neurons\nstate =", "86_400_000": "40", "100_000": "20"}),
        (two_models, {}),
        (resting, {}),
        (remembering, {"shuffles=1000": "shuffles=20", "400": "60"}),
    ],
    "microcircuit": [(association, {"400": "20"}), "a network of 1800 units: test_microcircuit.py"],
    "parallel": [
        "mpirun: tests/mpi",
        "mpirun: tests/mpi",
        "a network of 77 169 neurons: test_estimates.py",
        (lambda: decision(), {"1024": "64"}),
    ],
    "rules": [(lambda: {**decision(), "cost": na.CrossEntropy("choice")}, {"2000": "60"}), (plain, {})],
    "spikes": ["ten seconds: test_lif_circuits.py", "the network before it: test_mean_field.py"],
    "sweeps": [
        (trained, {"5000": "4", "evaluate_every=50": "evaluate_every=2"}),
        (held_out, {"5000": "20"}),
        (trained, {}),
        (dict, {"seeds=20": "seeds=1, workers=1", "2000": "2", "[0.1, 0.2, 0.5]": "[0.2, 0.5]"}),
        "a cluster: test_sweep.py",
        "Slurm: test_sweep.py",
        "Optuna is not a package that tests have",
        (lambda: {"found": swept(), "one": swept().history(0), "other": swept().history(1)}, {}),
    ],
}


def programs_of(page):
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(r"^```(?:py|python)\n(.*?)^```$", text, flags=re.M | re.S)


@pytest.mark.parametrize("page", sorted(path.stem for path in (ROOT / "docs").glob("*.md")))
def test_each_program_of_a_page_is_known(page):
    elsewhere = ("first_minutes", "coming_from")
    assert page in elsewhere or len(programs_of(page)) == len(PROGRAMS.get(page, []))


RUN = [(page, k) for page, all_of_it in PROGRAMS.items() for k, it in enumerate(all_of_it) if not isinstance(it, str)]


@pytest.mark.parametrize("page, k", RUN)
def test_a_program_runs(page, k, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before, short = PROGRAMS[page][k]
    code = programs_of(page)[k]
    for long, shorter in short.items():
        assert long in code, f"docs/{page}.md, program {k}: what it is shortened by is not there: {long}"
        code = code.replace(long, shorter)
    names = {"na": na, "np": np, "neurons": spiking()["net"], **before()}
    exec(compile(code, f"docs/{page}.md, program {k}", "exec"), names)
