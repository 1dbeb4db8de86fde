"""Draws the pictures of gallery.md, one for each call of `neuroai.plot` and each task, and writes that page: docs/gallery.py

What is drawn of calls are cases of bindings/python/tests/every_picture.py, which has some for every call.
"""

import inspect
import re
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "bindings" / "python" / "tests"))

import matplotlib.pyplot as plt  # noqa: E402
from every_picture import CASES  # noqa: E402

import neuroai as na  # noqa: E402

#: The case that is shown, where it is not that of two populations.
SHOWN = {
    "activity": "acted_on 2",
    "alignment": "projections 2",
    "areas": "areas 9",
    "blocks": "populations 9",
    "chronometric": "one_network 20",
    "comparison": "interventions 2",
    "confusion": "classes 9",
    "connectivity": "published potjans_diesmann2014",
    "curriculum": "stages 2",
    "decoding": "groups 20",
    "dissimilarity": "conditions 20",
    "eigenvalues": "kinds few",
    "fixed_points": "among_trajectories 2",
    "history": "costs 2",
    "label_ends": "lines 9",
    "learning": "many_runs 2",
    "lyapunov": "exponents 6",
    "mean_field": "populations 4",
    "noise_correlations": "conditions 20",
    "psychometric": "one_network 20",
    "responses": "conditions 20",
    "selectivity": "shuffles 20",
    "silencing": "populations 9",
    "space": "populations 9",
    "spectrum": "populations 9",
    "task": "many_outputs 33",
    "task_variance": "tasks 20",
    "trajectories": "conditions 20",
    "weights": "populations 9",
}
#: The trial that is shown of a task whose second one has no stimulus.
TRIAL = {"song-multisensory": 0}
HEAD = """# Gallery

A picture of each call of `na.plot`, drawn by `docs/gallery.py` from small networks, most of them untrained: they show what
is drawn, not what is found. Each takes `ax=`, and returns an array of the axes that it drew in. The pictures of trained networks are on
the other pages, and in [README.md](../README.md).

"""


def draw_task(name):
    kind = na.tasks.named(name)
    net = na.Network(dt=20).population("units", 1).output("answer", kind.n_outputs).connect("units", "answer")
    if kind.n_inputs:
        net.input("stimulus", kind.n_inputs).connect("stimulus", "units")
    short = {"trials": 4} if name == "wcst" and "trials" in na.tasks.parameters(name) else {}
    task = kind(**short)
    na.plot.task(task, net.build(1), trial=TRIAL.get(name, 1))[0].figure.savefig(HERE / "gallery" / f"task-{name}.png", dpi=52)
    plt.close("all")
    about = " ".join(inspect.getdoc(type(task)).split("\n\n")[0].split())
    return f"**{type(task).__name__}.** {about}\n\n![{name}](gallery/task-{name}.png)\n\n"


def draw(name):
    cases = dict(CASES[name])
    axes = cases[SHOWN.get(name) or next(label for label in cases if label.endswith(" 2"))]()
    figure = axes[0].figure
    figure.savefig(HERE / "gallery" / f"plot-{name}.png", dpi=64)
    plt.close("all")


def main():
    (HERE / "gallery").mkdir(exist_ok=True)
    parts = [HEAD]
    for name in sorted(CASES):
        draw(name)
        first = " ".join(inspect.getdoc(getattr(na.plot, name)).split("\n\n")[0].split())
        first = re.sub(r":\w+:`[\w.]*?(\w+)`", r"`\1`", first).replace("``", "`")
        parts.append(f"## na.plot.{name}\n\n{first}\n\n![{name}](gallery/plot-{name}.png)\n\n")
    parts.append("## Tasks\n\nA test trial of each, at the defaults and dt = 20 ms, by `na.plot.task`.\n\n")
    parts += [draw_task(name) for name in na.tasks.available()]
    (HERE / "gallery.md").write_text("".join(parts).rstrip() + "\n")


if __name__ == "__main__":
    main()
