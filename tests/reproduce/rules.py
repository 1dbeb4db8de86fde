"""How far learning rules get where a choice has to wait: networks of examples/learning_rules.py, which differ in what
they were drawn with, learn to decide after a delay of half a second. Writes the table of docs/rules.md:

    rules.py

It takes ten minutes of one core. No paper has these numbers, so they are no row of docs/reproduced.md.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples"))

import learning_rules  # noqa: E402

import neuroai as na  # noqa: E402

PAGE = ROOT / "docs" / "rules.md"
NETWORKS = (1, 5, 9)
BEGIN = "| rule | learning rate | " + " | ".join(f"network {seed}" for seed in NETWORKS) + " |"
RATE, DELAY, UPDATES, TRIALS = 2e-3, 500, 1500, 4000


class Line(NamedTuple):
    words: str
    rule: Callable[[], na.Rule]
    rate: float = RATE


def mirror() -> na.Rule:
    return na.WeightMirror(seed=2, rate=0.05, warm_up=500)


LINES = [
    Line("BPTT", na.BPTT),
    Line("Kolen-Pollack, decay 1e-4", lambda: na.KolenPollack(seed=2, decay=1e-4)),
    Line("Kolen-Pollack, decay 1e-3 (the default)", lambda: na.KolenPollack(seed=2)),
    Line("Kolen-Pollack, decay 1e-2", lambda: na.KolenPollack(seed=2, decay=1e-2)),
    Line("weight mirror", lambda: na.WeightMirror(seed=2)),
    Line("weight mirror, rate 0.05, warm_up 500", mirror),
    Line("e-prop, symmetric", lambda: na.EProp("symmetric")),
    Line("e-prop, symmetric", lambda: na.EProp("symmetric"), 5e-3),
    Line("RFLO", lambda: na.RFLO(seed=2), 1e-3),
    Line("RFLO", lambda: na.RFLO(seed=2)),
    Line("RFLO", lambda: na.RFLO(seed=2), 5e-3),
    Line("feedback alignment", lambda: na.FeedbackAlignment(seed=2), 5e-4),
    Line("feedback alignment", lambda: na.FeedbackAlignment(seed=2)),
    Line("feedback alignment", lambda: na.FeedbackAlignment(seed=2), 5e-3),
]


def correct(line: Line, seed: int) -> float:
    """Fraction of correct test trials after training; 0 where training diverged."""
    trainer = learning_rules.prepare(line.rule(), DELAY, seed=seed, rate=line.rate, evaluate_every=0)
    try:
        trainer.fit(UPDATES, progress=False)
    except na.NonfiniteError:
        return 0.0
    return float(na.evaluate(trainer.net, trainer.task, TRIALS, seed=22, progress=False).performance)


def write(rows: List[str]) -> None:
    """Puts the table in place of the one that the page has."""
    before, after = PAGE.read_text(encoding="utf-8").split(BEGIN)
    rest = after.split("\n\n", 1)[1]
    table = "\n".join([BEGIN, "|---" * (2 + len(NETWORKS)) + "|", *rows])
    PAGE.write_text(f"{before}{table}\n\n{rest}", encoding="utf-8")


def main() -> None:
    rows: Dict[Line, str] = {}
    for line in LINES:
        fractions = " | ".join(f"{correct(line, seed):.2f}" for seed in NETWORKS)
        rows[line] = f"| {line.words} | {line.rate:g} | {fractions} |"
        print(rows[line], flush=True)
    write(list(rows.values()))


if __name__ == "__main__":
    main()
