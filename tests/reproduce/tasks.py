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
from typing import Any, Dict, NamedTuple

import neuroai as na

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tasks.md"
BEGIN = "| task | settings | chance | correct after 2000 updates | learnt | seconds |"
DT, UNITS, BATCH, UPDATES, TRIALS, SEED = 20, 100, 32, 2000, 4000, 1

#: Chance: half for two answers that are equally likely; the share of trials that the best constant answer fits; for
#: directions the part of the circle that counts as right; 0 where an answer of the right shape does not come about by
#: chance.
CHANCE = {
    "perceptual-decision-making": 0.5,
    "delay-comparison": 0.5,
    "delay-match-sample": 0.5,
    "delay-match-category": 0.5,
    "context-decision-making": 0.5,
    "multisensory-integration": 0.5,
    "go-nogo": 0.5,
    "ready-set-go": 0.0,
    "song-random-dots": 0.5,
    "song-random-dots-variable": 0.5,
    "song-random-dots-reaction-time": 0.5,
    "song-context-integration": 0.5,
    "song-multisensory": 0.5,
    "song-parametric-working-memory": 0.5,
    "song-eye-movement-sequence": 0.0,
    "song-sine": 0.0,
    "maze": 0.625,
    **{f"yang-{rule}": 0.5 for rule in na.tasks.YANG_RULES},
    **{f"yang-{rule}": 0.2 for rule in na.tasks.YANG_RULES[:6]},
    "yang-mixed": 0.44,  # six tasks of 0.2 and, two of them five times as often, fourteen of 0.5
}


class Line(NamedTuple):
    """A line of the table: a task, and the parameters that have not their defaults."""

    task: str
    settings: Dict[str, Any]


#: The defaults of each task, and how what cannot be learnt there can be.
CONTEXT = "context-decision-making"
LINES = [Line(name, {}) for name in CHANCE]
LINES.insert(LINES.index(Line(CONTEXT, {})) + 1, Line(CONTEXT, {"cue_until_decision": 1}))
LINES.insert(LINES.index(Line(CONTEXT, {})) + 2, Line(CONTEXT, {"delay_min": 600, "delay_max": 600}))


def build(name: str) -> na.Network:
    """What any program might begin with. Inputs of the tasks of Song et al. (2016) are as published."""
    kind = na.tasks.named(name)
    net = na.Network(DT).population("units", UNITS, tau=100, noise=0.05).output("answer", kind.n_outputs)
    if kind.n_inputs:
        song = {"noise": 0.01, "baseline": 0.2, "rectify": 1} if name.startswith("song-") else {}
        net.input("stimulus", kind.n_inputs, **song).connect("stimulus", "units")
    return net.connect("units", "units").connect("units", "answer").build(SEED)


def cost(name: str) -> na.Cost:
    if name.startswith("yang-"):
        return na.LogisticMSE("answer")
    return na.MSE("answer") if name.startswith("song-") else na.CrossEntropy("answer")


def learn(line: Line) -> float:
    """Fraction of correct test trials after training."""
    net, task = build(line.task), na.tasks.named(line.task)(**line.settings)
    settings = {"batch": BATCH, "clip": 1.0, "seed": SEED, "evaluate_every": 0}
    na.Trainer(net, task, cost(line.task), na.BPTT(), na.Adam(1e-3), **settings).fit(UPDATES, progress=False)
    return na.evaluate(net, task, TRIALS, seed=22, progress=False).performance


def written(line: Line) -> str:
    """How a line begins in the table, by which it is found again."""
    settings = ", ".join(f"{name}={value}" for name, value in line.settings.items())
    return f"| {line.task} | {settings or 'defaults'} |"


def row(line: Line, correct: float, seconds: float) -> str:
    chance = CHANCE[line.task]
    learnt = "yes" if correct >= (1 + chance) / 2 else "not in so many"
    return f"{written(line)} {chance:g} | {correct:.3f} | {learnt} | {seconds:.0f} |"


def renewed(page: str, line: Line, new: str) -> str:
    """The page with this line in its table, old or new; all before and after the table stays."""
    before, rest = page.split(BEGIN + "\n")
    lines = rest.splitlines(keepends=True)
    end = next((k for k, text in enumerate(lines) if not text.startswith("|")), len(lines))
    known = {written(other): old.rstrip("\n") for other in LINES for old in lines[:end] if old.startswith(written(other))}
    known[written(line)] = new
    rows = [known[written(other)] for other in LINES if written(other) in known]
    return before + "\n".join([BEGIN, "|---" * 6 + "|", *rows]) + "\n" + "".join(lines[end:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=["*"], help="tasks or patterns")
    names = parser.parse_args().names
    if not any(fnmatch.fnmatch(task, name) for task in CHANCE for name in names):
        sys.exit(f"no task is called {' or '.join(names)}; there are {', '.join(CHANCE)}")
    for line in LINES:
        if not any(fnmatch.fnmatch(line.task, name) for name in names):
            continue
        start = time.process_time()
        correct = learn(line)
        new = row(line, correct, time.process_time() - start)
        print(new, flush=True)
        PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), line, new), encoding="utf-8")


if __name__ == "__main__":
    main()
