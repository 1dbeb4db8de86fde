"""Which of the built-in tasks are learnt at their defaults: a plain network of 100 units is trained on each by
backpropagation through time and Adam, for the same number of updates, and its performance is held against what an
answer that ignores the stimuli reaches. Writes the table of docs/tasks.md:

    tasks.py [names]

Names are of tasks ("go-nogo") or shell patterns; their lines alone are made anew. It takes a quarter of an hour of one
core. No paper has these numbers, so they are no row of docs/reproduced.md.
"""

from __future__ import annotations

import argparse
import fnmatch
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple

import neuroai as na

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tasks.md"
BEGIN = "| task | settings | chance | correct after 2000 updates | learnt | seconds |"
DT, UNITS, BATCH, UPDATES, TRIALS, SEED = 20, 100, 32, 2000, 4000, 1

#: Inputs, outputs and chance: half for two answers that are equally likely; the share of trials that the best constant
#: answer fits; for directions the part of the circle that counts as right; 0 where an answer of the right shape does not
#: come about by chance.
ABOUT = {
    "perceptual-decision-making": (3, 3, 0.5),
    "delay-comparison": (2, 3, 0.5),
    "delay-match-sample": (3, 3, 0.5),
    "delay-match-category": (17, 3, 0.5),
    "context-decision-making": (7, 3, 0.5),
    "multisensory-integration": (5, 3, 0.5),
    "go-nogo": (3, 2, 0.5),
    "ready-set-go": (3, 2, 0.0),
    "song-random-dots": (2, 2, 0.5),
    "song-random-dots-variable": (3, 2, 0.5),
    "song-random-dots-reaction-time": (3, 2, 0.5),
    "song-context-integration": (6, 2, 0.5),
    "song-multisensory": (5, 2, 0.5),
    "song-parametric-working-memory": (2, 2, 0.5),
    "song-eye-movement-sequence": (17, 2, 0.0),
    "song-sine": (0, 1, 0.0),
    "maze": (8, 4, 0.625),
    **{f"yang-{rule}": (85, 33, 0.5) for rule in na.tasks.YANG_RULES},
    **{f"yang-{rule}": (85, 33, 0.2) for rule in na.tasks.YANG_RULES[:6]},
    "yang-mixed": (85, 33, 0.44),  # six tasks of 0.2 and, two of them five times as often, fourteen of 0.5
}


class Line(NamedTuple):
    """A line of the table: a task, and the parameters that have not their defaults."""

    task: str
    settings: Dict[str, Any]


#: The defaults of each task, and how what cannot be learnt there can be.
CONTEXT = "context-decision-making"
LINES = [Line(name, {}) for name in ABOUT]
LINES.insert(LINES.index(Line(CONTEXT, {})) + 1, Line(CONTEXT, {"cue_until_decision": 1}))
LINES.insert(LINES.index(Line(CONTEXT, {})) + 2, Line(CONTEXT, {"delay_min": 600, "delay_max": 600}))


def build(name: str) -> na.Network:
    """What any program might begin with. Inputs of the tasks of Song et al. (2016) are as published."""
    n_inputs, n_outputs, _ = ABOUT[name]
    net = na.Network(DT).population("units", UNITS, tau=100, noise=0.05).output("answer", n_outputs)
    if n_inputs:
        song = {"noise": 0.01, "baseline": 0.2, "rectify": 1} if name.startswith("song-") else {}
        net.input("stimulus", n_inputs, **song).connect("stimulus", "units")
    return net.connect("units", "units").connect("units", "answer").build(SEED)


def cost(name: str) -> na.Cost:
    if name.startswith("yang-"):
        return na.LogisticMSE("answer")
    return na.MSE("answer") if name.startswith("song-") else na.CrossEntropy("answer")


def learn(line: Line) -> float:
    """Fraction of correct test trials after training."""
    kind = getattr(na.tasks, "".join(part.capitalize() for part in line.task.split("-")))
    net, task = build(line.task), kind(**line.settings)
    settings = {"batch": BATCH, "clip": 1.0, "seed": SEED, "evaluate_every": 0}
    na.Trainer(net, task, cost(line.task), na.BPTT(), na.Adam(1e-3), **settings).fit(UPDATES, progress=False)
    return na.evaluate(net, task, TRIALS, seed=22, progress=False).performance


def written(line: Line) -> str:
    """How a line begins in the table, by which it is found again."""
    settings = ", ".join(f"{name}={value}" for name, value in line.settings.items())
    return f"| {line.task} | {settings or 'defaults'} |"


def row(line: Line, correct: float, seconds: float) -> str:
    chance = ABOUT[line.task][2]
    learnt = "yes" if correct >= (1 + chance) / 2 else "not in so many"
    return f"{written(line)} {chance:g} | {correct:.3f} | {learnt} | {seconds:.0f} |"


def table(page: str) -> List[str]:
    """The lines of the table that the page has."""
    lines = page.splitlines()
    return [line for line in lines[lines.index(BEGIN) + 2 :] if line.startswith("|")] if BEGIN in lines else []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=["*"], help="tasks or patterns")
    names = parser.parse_args().names
    if not any(fnmatch.fnmatch(task, name) for task in ABOUT for name in names):
        sys.exit(f"no task is called {' or '.join(names)}; there are {', '.join(ABOUT)}")
    for line in LINES:
        if not any(fnmatch.fnmatch(line.task, name) for name in names):
            continue
        start = time.process_time()
        correct = learn(line)
        new = row(line, correct, time.process_time() - start)
        print(new, flush=True)
        page = PAGE.read_text()
        known = {written(other): old for other in LINES for old in table(page) if old.startswith(written(other))}
        known[written(line)] = new
        rows = [known[written(other)] for other in LINES if written(other) in known]
        text = page.split(BEGIN)[0] + "\n".join([BEGIN, "|---" * 6 + "|", *rows]) + "\n"
        PAGE.write_text(text)


if __name__ == "__main__":
    main()
