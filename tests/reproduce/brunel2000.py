"""Brunel 2000: four regimes of a sparse network of integrate-and-fire neurons, and the rates of its mean-field theory.

Rates and CVs are held against another program, which simulates the same equations with synapses drawn in another way
(several between two neurons are allowed there); both leave out half a second, and measure the one that follows.
"""

import neuroai as na
import numpy as np
from harness import ANOTHER, CLOSE, MET, NOT, Result, Row, grade, median, spread, worst

PAPER = "Brunel 2000"
SOURCE = "a simulation in C, 0.1 ms, 12 500 neurons, one seed"
#: g, eta; rate of E in Hz, CV of its intervals, and the rate of theory, of the other program.
POINTS = {
    "A": ((3, 2), 333.5, 0.001, 327.0085),
    "B": ((6, 4), 58.7, 0.83, 55.8413),
    "C": ((5, 2), 37.5, 0.43, 37.9497),
    "D": ((4.5, 0.9), 5.8, 0.64, 6.5167),
    "g = 8": ((8, 2), 12.7, 0.73, None),
}
#: Relative differences that are met.
NEAR = {"A": 0.02, "B": 0.05, "C": 1 / 37.5, "D": 0.1, "g = 8": 0.05}
WARM, END = 500, 1500


def measure(seed, quick):
    found = {}
    for name, ((g, eta), *_) in POINTS.items():
        net = na.circuits.brunel2000(None, g=g, eta=eta, **({"n": 2000} if quick else {})).build(seed, progress=False)
        run = net.run(steps=round((600 if quick else END) / net.dt), seed=seed, record="E", progress=False)
        spikes = run.spikes["E"].between(300 if quick else WARM)
        few = spikes.of(range(500))
        frequency, power = na.spikes.power_spectrum(spikes, segment=300)
        found[name] = {
            "rate": spikes.rate,
            "cv": float(np.nanmean(na.spikes.cv(few, 3))),
            "theory": na.mean_field(net).rates["E"],
            "peak": float(frequency[power.argmax()]),
            "synchrony": na.spikes.synchrony(spikes),
            "raster": [few.times[few.unit < 60].round(1).tolist(), few.unit[few.unit < 60].tolist()],
            "population": spikes.population_rate(1)[-200:, 0].tolist(),
        }
    return found


def of(values, name, what):
    return [value[name][what] for value in values]


def judge_rates(values, quick):
    levels, words = [], []
    for name, (_, rate, *_) in POINTS.items():
        mine, near = median(of(values, name, "rate")), NEAR[name] * rate * (5 if quick else 1)
        levels.append(grade(mine, (rate - near, rate + near), (rate - 2 * near, rate + 2 * near)))
        words.append(f"{name}: {spread(of(values, name, 'rate'), '{:.2f}')}")
    falling = [median(of(values, name, "rate")) for name in ("A", "C", "g = 8")]
    levels.append(MET if falling == sorted(falling, reverse=True) else NOT)
    return Result("; ".join(words) + " Hz", worst(*levels))


def judge_regularity(values, quick):
    cv = {name: median(of(values, name, "cv")) for name in POINTS}
    wide = 0.1 if quick else 0.05
    levels = [MET if cv["A"] < 0.01 else NOT, MET if cv["B"] > 0.7 else NOT]
    levels.append(grade(cv["C"], (0.43 - wide, 0.43 + wide), (0.43 - 2 * wide, 0.43 + 2 * wide)))
    levels.append(grade(cv["g = 8"], (0.66, 0.80), (0.59, 0.87)))
    words = "; ".join(f"{name}: {spread(of(values, name, 'cv'), '{:.3f}')}" for name in POINTS)
    fast, slow = (spread(of(values, name, "peak"), "{:.0f}") for name in "BD")
    peaks = f"Rates swing at {fast} Hz in B and {slow} Hz in D."
    return Result(words, worst(*levels), peaks)


def judge_theory(values, quick):
    off = {
        name: abs(median(of(values, name, "theory")) / expected - 1)
        for name, (*_, expected) in POINTS.items()
        if expected
    }
    level = MET if max(off.values()) < 1e-4 else CLOSE if max(off.values()) < 3e-3 else NOT
    return Result(
        "; ".join(f"{name}: {spread(of(values, name, 'theory'), '{:.3f}')}" for name in POINTS) + " Hz", level
    )


def draw(values, quick):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 4, figsize=(11, 4.2), height_ratios=[1.6, 1], layout="constrained")
    for (above, below), name in zip(axes.T, "ABCD"):
        one = values[0][name]
        times, units = (np.array(part) for part in one["raster"])
        end = times.max(initial=200)
        late = times > end - 200
        above.plot(times[late] - end + 200, units[late], "|", color="#c43c39", ms=2.2)
        above.set(title=f"{name}: {one['rate']:.1f} Hz, CV {one['cv']:.2f}", xticks=[], ylim=(-1, 60))
        below.plot(one["population"], color="#c43c39", lw=1)
        below.axhline(one["theory"], color="#333333", ls="--", lw=1)
        below.set(xlabel="time (ms)")
    axes[0, 0].set_ylabel("neurons")
    axes[1, 0].set_ylabel("rate (Hz)\ndashed: theory")
    return figure


def rates(which):
    return ", ".join(f"{name}: {point[which]:g}" for name, point in POINTS.items() if point[which] is not None)


COMMON = {"paper": PAPER, "compared_with": ANOTHER, "measure": measure, "seeds": 3, "minutes": 4}

ROWS = [
    Row(
        name="brunel2000.rates",
        claim="rates of 12 500 neurons in the four panels of figure 8, and at g = 8, eta = 2",
        reference=f"{rates(1)} Hz",
        source=SOURCE,
        tolerance="A 2 %, B 5 %, C 1 Hz, D 10 %, g = 8 5 %; lower with more inhibition; close: twice as much",
        judge=judge_rates,
        draw=draw,
        note="The numbers of synapses are exact and no two neurons have several.",
        **COMMON,
    ),
    Row(
        name="brunel2000.regularity",
        claim="the same: mean CV of the intervals between spikes",
        reference=rates(2),
        source=SOURCE,
        tolerance="A below 0.01, B above 0.7, C within 0.05, g = 8 within 0.07; close: C and g = 8 twice as much",
        judge=judge_regularity,
        **COMMON,
    ),
    Row(
        name="brunel2000.theory",
        claim="the same: self-consistent rates, read from the network that was built",
        reference=f"{rates(3)} Hz",
        source="a root of the Siegert formula with 40 digits",
        tolerance="each within 0.01 %; close: 0.3 %",
        judge=judge_theory,
        **COMMON,
    ),
]
