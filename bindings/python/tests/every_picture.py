"""A case for every public call of `neuroai.plot`: of one, two and nine populations, or of one and twenty conditions.

``CASES[name]`` lists (label, draw) of the call ``na.plot.<name>``; ``draw(ax)`` returns the axes. Networks are made
once; none is larger than its picture needs.
"""

from functools import lru_cache
from types import SimpleNamespace

import numpy as np
from test_mean_field import pools
from test_spikes import pools_of_spikes

import neuroai as na

POPULATIONS, CONDITIONS = (1, 2, 9), (1, 20)
SHORT = {"fixation": 40, "stimulus": 200, "decision": 40}
#: Twenty values with their sign are ten without it.
LEVELS = {1: [0], 2: [12.8], 20: [1, 1.6, 2.5, 3.2, 6.4, 12.8, 25.6, 51.2, 76.8, 100]}
CASES = {}


def case(name, counts):
    """Adds ``draw(ax, n)`` for each count to the cases of a call."""

    def add(draw):
        for n in counts:
            CASES.setdefault(name, []).append((f"{draw.__name__} {n}", lambda ax=None, n=n: draw(ax, n)))
        return draw

    return add


def names(count):
    several = [f"{area}/{kind}" for area in ("V1", "LM", "AL") for kind in ("E", "PV", "SST")]
    return ["E", "I"][:count] if count < 3 else several


def sign(name):
    return +1 if name.endswith("E") else -1


@lru_cache(None)
def network(count, channels=3, outputs=3, model=None):
    net = na.Network(dt=20).input("stimulus", channels).output("choice", outputs)
    for name in names(count):
        net.population(name, 8 if sign(name) > 0 else 3, sign(name), noise=0.1)
    net.place(names(count), box=(1, 1, 1)).connect("stimulus", names(count))
    net.connect(names(count), names(count), density=0.6).connect(names(count)[0], "choice")
    return net.build(1)


def untrained(count):
    """A network of its own, which is going to be trained."""
    return network.__wrapped__(count)


def task(count=2):
    return na.tasks.PerceptualDecisionMaking(coherence=LEVELS[count], **SHORT)


@lru_cache(None)
def trained():
    """A network that does better than chance."""
    net = na.Network(dt=20).input("stimulus", 3).population("E", 16, +1).population("I", 4, -1).output("choice", 3)
    net.connect("stimulus", "E I").connect("E I", "E I").connect("E", "choice").build(1)
    cost, rule = na.CrossEntropy("choice"), na.BPTT()
    trainer = na.Trainer(net, na.tasks.PerceptualDecisionMaking(**SHORT), cost, rule, na.Adam(0.01), batch=20, clip=1)
    trainer.fit(150, progress=False)
    return net


@lru_cache(None)
def run(populations, conditions):
    net = network(populations)
    return net.run(task(conditions).trials(net, 20 + 10 * conditions))


@lru_cache(None)
def evaluation(conditions):
    return na.evaluate(trained(), task(conditions), 40 + 40 * conditions)


@lru_cache(None)
def fitted_once():
    """An evaluation whose function is found once, as that takes longer than its picture."""
    found = evaluation(20)
    fit = lru_cache(None)(found.fit)
    return SimpleNamespace(conditions=found.conditions, fit=fit)


@lru_cache(None)
def times(conditions):
    """Reaction times at a threshold that noise crosses, so that some are errors."""
    dots = na.tasks.SongRandomDotsReactionTime(coherence=LEVELS[conditions], catch=0, catch_duration=400, stimulus=500)
    net = network(1, 3, 2)
    done = net.run(dots.trials(net, 20 + 15 * conditions))
    return na.reaction_times(done, float(np.quantile(done.outputs["choice"].max(axis=(0, 2)), 0.3)))


# --- training --------------------------------------------------------------------------------------------------------


@case("task", (1, 2, 9))
def channels(ax, n):
    net = network(1, n, 3)
    trials = na.Trials(np.ones((12, 1, n)), np.repeat([[0], [2]], 6, axis=0), conditions={"x": [12.8]})
    return na.plot.task(trials, net, ax=ax)


@case("task", (1, 20))
def epochs(ax, n):
    steps = {f"epoch {k}" if n > 1 else "fixation": [[2 * k, 2 * k + 2]] for k in range(n)}
    trials = na.Trials(np.ones((2 * n, 1, 3)), np.ones((2 * n, 1), int), epochs=steps)
    return na.plot.task(trials, network(1), ax=ax)


@case("task", (33,))
def many_outputs(ax, n):
    return na.plot.task(na.tasks.YangContextdelaydm1(), network(1, 85, n), ax=ax)


@case("curriculum", POPULATIONS)
def stages(ax, n):
    parts = [na.Stage(f"step-{k + 1}" if n > 2 else "the-easiest-stage", 0, coherence=[51.2]) for k in range(n - 1)]
    last = na.Stage("hard", 1, coherence=na.Staircase(100, 10, step=60, harder_at=0, easier_at=0))
    course = na.Curriculum(*parts, last)
    trainer = na.Trainer(
        untrained(2), task(), na.CrossEntropy("choice"), curriculum=course, batch=2, evaluate_every=2, evaluate_trials=8
    )
    return na.plot.curriculum(trainer.fit(4 * n, progress=False), course, task(), ax=ax)


@case("history", POPULATIONS)
def costs(ax, n):
    few = 1e-3
    every = [na.CrossEntropy("choice"), few * na.L2Rates("*"), few * na.L1Rates("*"), few * na.L2Weights("E", "E"),
             few * na.L1Weights("E", "E"), few * na.Distance("E", "E"), few * na.RateTarget("E", 0.3),
             few * na.UnitRateTarget("E", 0.3), few * na.L2Weights("E", "I")][:n]  # fmt: skip
    cost = every[0]
    for one in every[1:]:
        cost = cost + one
    trainer = na.Trainer(untrained(2), task(), cost, batch=2, evaluate_trials=20, evaluate_every=3 if n > 1 else 0)
    return na.plot.history(trainer.fit(6, progress=False), ax=ax)


def run_of(kind, seed, updates=400):
    """A history as training gives it, made up: performance rises, the cost falls, by a rate of its own."""
    draw, step = np.random.default_rng([kind, seed]), np.arange(1, updates + 1)
    done = 1 - np.exp(-step / draw.uniform(50, 150) / (1 + 0.2 * kind))
    rows = np.full((updates, na._c.NAI_HISTORY_COSTS + 1), np.nan)
    rows[:, na._c.NAI_HISTORY_COST] = (1.1 - done) * draw.uniform(0.8, 1.2, updates)
    rows[49::50, na._c.NAI_HISTORY_PERFORMANCE] = 0.5 + 0.45 * done[49::50] + draw.normal(0, 0.01, updates // 50)
    return na.History(["cross_entropy"], rows)


@case("learning", POPULATIONS)
def runs(ax, n):
    return na.plot.learning({f"rule of learning {k}": run_of(k, 0) for k in range(n)}, ax=ax)


@case("learning", POPULATIONS)
def many_runs(ax, n):
    several = {f"density 0.{k}, RFLO": [run_of(k, seed, 200 + 50 * seed) for seed in range(5)] for k in range(1, n + 1)}
    return na.plot.learning(several, ax=ax)


@lru_cache(None)
def swept(n):
    """Networks that are not trained, in a sweep of three numbers (or two words), and n words beside them."""

    here = {}

    def make(seed, initial_gain, rule):
        here.update(mean=5 + (1 + 0.2 * int(rule[-1])) * np.log(initial_gain), draw=np.random.default_rng([seed, int(rule[-1])]))
        return na.Trainer(network(1), task(), na.CrossEntropy("choice"), seed=seed)

    def measure(trainer):
        return {"mean_rate": float(here["draw"].normal(here["mean"], 0.5)) if trainer.seed < 7 else float("nan")}

    rules = [f"rule-of-learning-{k}" for k in range(n)]
    settings = {"initial_gain": [0.05, 0.5, 2.0], "rule": rules}
    return na.sweep(make, settings, 8, steps=0, measure=measure, workers=1, progress=False)


@case("sweep", POPULATIONS)
def numbers(ax, n):
    return na.plot.sweep(swept(n), y="mean_rate", ax=ax)


@case("sweep", POPULATIONS)
def words(ax, n):
    return na.plot.sweep(swept(n), "rule", "mean_rate", ax=ax)


@lru_cache(None)
def aligned(n):
    trainer = na.Trainer(untrained(n), task(), na.CrossEntropy("choice"), na.RFLO(), batch=2)
    track = na.AlignmentHistory(trainer, every=2)
    trainer.fit(6, callback=track, progress=False)
    return track


@case("alignment", POPULATIONS)
def projections(ax, n):
    return na.plot.alignment(aligned(n), ax=ax)


@case("alignment", POPULATIONS)
def rules(ax, n):
    return na.plot.alignment({f"rule of learning {k}": aligned(1) for k in range(n)}, angle=True, ax=ax)


@case("label_ends", (1, 2, 9, 20))
def lines(ax, n):
    import matplotlib.pyplot as plt

    ax = plt.figure(layout="constrained").add_subplot() if ax is None else ax
    for k in range(n):
        ax.plot([0, 1], [0, 1 + 0.01 * k], label=f"line {k}")
    na.plot.label_ends(ax)
    return np.array([ax])


# --- behaviour -------------------------------------------------------------------------------------------------------


@case("psychometric", CONDITIONS)
def one_network(ax, n):
    return na.plot.psychometric(evaluation(n), task(n), ax=ax)


@case("psychometric", (20,))
def fitted(ax, n):
    return na.plot.psychometric(evaluation(n), task(n), shape="weibull", ax=ax)


@case("psychometric", POPULATIONS)
def several_networks(ax, n):
    return na.plot.psychometric({f"network {k}": fitted_once() for k in range(n)}, ax=ax)


@case("chronometric", CONDITIONS)
def one_network(ax, n):  # noqa: F811
    return na.plot.chronometric(times(n), "coherence", ax=ax)


@case("chronometric", POPULATIONS)
def several_networks(ax, n):  # noqa: F811
    return na.plot.chronometric({f"network {k}": times(20) for k in range(n)}, ax=ax)


@case("confusion", (1, 2, 9, 20))
def classes(ax, n):
    counts = np.random.default_rng(0).integers(1, 4000, (n, n)) + 9000 * np.eye(n, dtype=int)
    labels = {k: f"choice {k}" for k in range(n)}
    return na.plot.confusion(na.Confusion(np.arange(n), counts), labels, ax=ax)


@case("silencing", POPULATIONS)
def populations(ax, n):
    found = na.experiment.silence(network(n), task(), trials=20, progress=False)
    return na.plot.silencing(found, ax=ax)


@case("silencing", POPULATIONS)
def projections(ax, n):
    """Of which names are twice as long."""
    pairs = [(names(n)[0], name) for name in names(n)]
    found = na.experiment.cut(network(n), task(), pairs, trials=20, progress=False)
    return na.plot.silencing(found, ax=ax)


@case("silencing", (20,))
def windows(ax, n):
    found = na.experiment.silence(
        network(1), task(), "E", [(14 * k, 14 * k + 20) for k in range(n)], trials=8, progress=False
    )
    return na.plot.silencing(found, ax=ax)


@case("comparison", POPULATIONS)
def interventions(ax, n):
    acts = {f"{name} silenced": na.Silence(name, fraction=0.5) for name in names(n)}
    return na.plot.comparison(na.experiment.compare(network(n), task(20), acts, 100, progress=False), ax=ax)


@case("dose", POPULATIONS)
def fractions(ax, n):
    which = " ".join(names(n))
    return na.plot.dose(na.experiment.dose(network(n), task(), which, [0, 0.5, 1], 2, 20, progress=False), ax=ax)


# --- the network -----------------------------------------------------------------------------------------------------


@case("weights", POPULATIONS)
def populations(ax, n):  # noqa: F811
    return na.plot.weights(network(n), ax=ax)


@case("weights", (9,))
def density(ax, n):
    return na.plot.weights(network(n), show="density", ax=ax)


@case("weight_distribution", POPULATIONS)
def populations(ax, n):  # noqa: F811
    return na.plot.weight_distribution(network(n), ax=ax)


@case("weight_distribution", (2, 3))
def projections(ax, n):  # noqa: F811
    return na.plot.weight_distribution(network(9), names(9)[:n], by="projection", log=True, ax=ax)


@case("degrees", POPULATIONS)
def populations(ax, n):  # noqa: F811
    return na.plot.degrees(network(n), ax=ax)


@case("degrees", (2, 4))
def projections(ax, n):  # noqa: F811
    return na.plot.degrees(network(9), names(9)[:n], by="projection", ax=ax)


@case("space", POPULATIONS)
def populations(ax, n):  # noqa: F811
    return na.plot.space(network(n), ax=ax)


@case("space", POPULATIONS)
def from_above(ax, n):
    return na.plot.space(network(n), view="xy", ax=ax)


@case("distance", POPULATIONS)
def populations(ax, n):  # noqa: F811
    return na.plot.distance(network(n), ax=ax)


@case("spectrum", POPULATIONS)
def populations(ax, n):  # noqa: F811
    return na.plot.spectrum(network(n), ax=ax)


@case("connectivity", ("allen_l23", "pfeffer2013", "potjans_diesmann2014"))
def published(ax, n):
    return na.plot.connectivity(n, ax=ax)


@case("connectivity", POPULATIONS)
def types(ax, n):
    table = na.anatomy.Table(names(n), np.random.default_rng(0).random((n, n)).round(3), name="own")
    return na.plot.connectivity(table, ax=ax)


@lru_cache(None)
def cortex(n):
    place = np.random.default_rng(1).random((n, 3)) * 40
    return na.anatomy.Areas([f"V{k + 1}" for k in range(n)], positions=place, density=0.6)


@case("areas", POPULATIONS)
def areas(ax, n):
    return na.plot.areas(cortex(n), ax=ax)


@case("blocks", POPULATIONS)
def populations(ax, n):  # noqa: F811
    return na.plot.blocks(network(n), ax=ax)


@case("microcircuit", POPULATIONS)
def layers(ax, n):
    return na.plot.microcircuit(na.microcircuit([4] + [3] * n).build(1), ax=ax)


@lru_cache(None)
def measured(n):
    net = na.microcircuit([2] + [2] * n, noise=0).output("z", 2).connect(f"P{n}", "z").build(1)
    trials = na.Trials(np.zeros((5, 1, 6), np.float32), np.zeros((5, 1, 2), np.float32))
    trainer = na.Trainer(net, trials, na.MSE("z"), na.BPTT(), na.SGD(0.1), batch=1)
    wanted = np.full((1, 2), 0.3)
    track = na.MicrocircuitHistory(trainer, np.ones((1, 2)), wanted, every=1, settle=5)
    trainer.fit(2, callback=track, progress=False)
    return track


@case("microcircuit_history", POPULATIONS)
def layers(ax, n):  # noqa: F811
    return na.plot.microcircuit_history(measured(n), ax=ax)


# --- activity --------------------------------------------------------------------------------------------------------


@case("activity", POPULATIONS)
def populations(ax, n):  # noqa: F811
    return na.plot.activity(run(n, 2), ax=ax)


@case("activity", (33,))
def many_channels(ax, n):
    net = network(2, 85, n)
    return na.plot.activity(net.run(na.tasks.YangContextdelaydm1().trials(net, 1)), ax=ax)


@case("activity", (2,))
def acted_on(ax, n):
    net = network(n)
    acts = [na.Silence("I", epoch="stimulus"), na.Inject("E", 1, start=40, end=80)]
    return na.plot.activity(net.run(task().trials(net, 2), interventions=acts), ax=ax)


@case("traces", POPULATIONS)
def populations(ax, n):  # noqa: F811
    net = network(n)
    trials = task().trials(net, 2)
    without = net.run(trials, interventions=na.Silence(names(n)[0], epoch="stimulus"))
    return na.plot.traces(without, net.run(trials), ax=ax)


@case("responses", (1, 9))
def units(ax, n):
    return na.plot.responses(run(9, 2), units=n, ax=ax)


@case("responses", CONDITIONS)
def conditions(ax, n):
    return na.plot.responses(run(2, n), task=task(), ax=ax)


@case("responses", POPULATIONS)
def heat(ax, n):
    return na.plot.responses(run(n, 2), kind="heat", task=task(), ax=ax)


@case("responses", (1, 10))
def heat_of_conditions(ax, n):
    return na.plot.responses(run(2, 20 if n > 1 else 1), "coherence", kind="heat", ax=ax)


@case("trajectories", POPULATIONS)
def populations(ax, n):  # noqa: F811
    return na.plot.trajectories(run(n, 2), ax=ax)


@case("trajectories", CONDITIONS)
def conditions(ax, n):  # noqa: F811
    return na.plot.trajectories(run(2, n), task=task(), ax=ax)


@case("trajectories", CONDITIONS)
def flat(ax, n):
    return na.plot.trajectories(run(2, n), task=task(), dimensions=2, ax=ax)


# --- spikes ----------------------------------------------------------------------------------------------------------

spiking = lru_cache(None)(pools_of_spikes)


def _of_spikes(name):
    @case(name, POPULATIONS)
    def populations(ax, n):
        return getattr(na.plot, name)(spiking(n), ax=ax)


for name in ("raster", "population_rates", "intervals", "irregularity", "correlations", "power"):
    _of_spikes(name)


@lru_cache(None)
def theory(n):
    field = na.MeanField("E", [[0]], 0, drive=30) if n == 1 else pools(0, 2.7)
    return field, field.states()


@case("mean_field", (1, 4))
def populations(ax, n):  # noqa: F811
    field, states = theory(n)
    return na.plot.mean_field(field, states=states, ax=ax)


# --- dynamics, populations and their units ---------------------------------------------------------------------------


@lru_cache(None)
def points(kind):
    """Of one unit: two attractors and a saddle, or where there is no fixed point a slow one; or of 16 units in 2 trials."""
    shape, weight = ("power", 0.25) if kind == "slow" else ("tanh", 2)
    leak, n = ("current" if kind == "slow" else "rate"), (1 if kind != "many" else 16)
    net = na.Network(dt=10).population("E", n, leak=leak, transfer=shape, bias=1.05 if kind == "slow" else 0)
    net.connect("E", "E", initial=weight * np.eye(n) + 0.02, autapses=True).build(0)
    starts = np.random.default_rng(0).normal(0, 2, (20, n))
    return na.fixed_points(net, starts, slow=1e-3, progress=False)


@case("fixed_points", ("few", "slow", "many"))
def kinds(ax, n):
    return na.plot.fixed_points(points(n), ax=ax)


@case("fixed_points", (1, 2, 9))
def among_trajectories(ax, n):
    net = na.Network(dt=20).input("stimulus", 3)
    for name in names(n):
        net.population(name, 4, sign(name), leak="rate", transfer="tanh")
    net.connect("stimulus", names(n)).connect(names(n), names(n)).output("choice", 3).connect(names(n)[0], "choice").build(1)
    done = net.run(task().trials(net, 8), progress=False)
    return na.plot.fixed_points(na.fixed_points(net, done, n=4, progress=False), done, ax=ax)


@case("eigenvalues", ("few", "slow", "many"))
def kinds(ax, n):  # noqa: F811
    return na.plot.eigenvalues(points(n), ax=ax)


@case("linearisation", POPULATIONS)
def populations(ax, n):  # noqa: F811
    net = network(n)
    done = net.run(task().trials(net, 1), record="* *:x", progress=False)
    return na.plot.linearisation(na.linearise(done), modes=min(n, 5), ax=ax)


@case("lyapunov", (1, 6, 11))
def exponents(ax, n):
    return na.plot.lyapunov(na.lyapunov(network(2), k=n, steps=200, drop=20, progress=False), ax=ax)


@case("dimensionality", (1, 2, 9))
def several(ax, n):
    return na.plot.dimensionality({k: na.dimensionality(run(n, 2), k) for k in names(n)}, ax=ax)


@case("principal_angles", (1, 2, 9))
def several(ax, n):  # noqa: F811
    return na.plot.principal_angles({f"stimulus and delay {k}": [3.0 + k, 40, 88] for k in range(n)}, ax=ax)


@case("decoding", (1, 2, 20))
def groups(ax, n):
    accuracy = np.random.default_rng(0).uniform(0, 1, (n, n))
    across = None if n == 1 else "coherence"
    found = na.Decoding("side", np.arange(2.0), across, np.arange(n) * 1.6, accuracy, np.full(n, 50))
    return na.plot.decoding(found, ax=ax)


@case("dissimilarity", (2, 20))
def conditions(ax, n):  # noqa: F811
    return na.plot.dissimilarity(na.representational_similarity(run(2, n), ["signed_coherence"]), ax=ax)


@case("timescales", POPULATIONS)
def populations(ax, n):  # noqa: F811
    return na.plot.timescales(na.timescales(run(n, 1), bin=20), ax=ax)


@case("noise_correlations", CONDITIONS)
def conditions(ax, n):  # noqa: F811
    return na.plot.noise_correlations(na.noise_correlations(run(2, n), "coherence"), ax=ax)


@case("selectivity", (0, 20))
def shuffles(ax, n):
    return na.plot.selectivity(na.selectivity(run(2, 20), "coherence", shuffles=n), ax=ax)


@case("task_variance", (1, 2, 20))
def tasks(ax, n):
    variance = np.random.default_rng(0).uniform(0, 1, (60, n))
    found = na.TaskVariance(tuple(f"YangContextDelayDM{k}" for k in range(n)), variance, [("E", k) for k in range(60)])
    groups = na.Clusters(np.arange(60) % 4, np.zeros((4, n)), np.zeros(1), np.array([4]))
    return na.plot.task_variance(found, groups if n > 1 else None, ax=ax)


@case("communities", POPULATIONS)
def populations(ax, n):  # noqa: F811
    return na.plot.communities(na.graph_measures(network(n), searches=2), ax=ax)


@case("small_world", POPULATIONS)
def populations(ax, n):  # noqa: F811
    return na.plot.small_world(na.small_world(network(n), nulls=5), ax=ax)
