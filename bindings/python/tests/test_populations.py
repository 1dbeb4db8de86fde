"""Dimensions, angles, decoding, similarity, timescales, tuning: by hand, against libraries, of activity made for it."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import small
from test_reference import load

import neuroai as na


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


class Replay:
    """Runs with given rates [T, B, n]: an input goes through linear units without memory."""

    def __init__(self, n, dt=10):
        net = na.Network(dt=dt).input("u", n).population("E", n, transfer="linear", tau=dt)
        self.net = net.connect("u", "E", initial=np.eye(n)).build(0)

    def run(self, rates, lengths=None, epochs=None, **conditions):
        trials = na.Trials(np.asarray(rates, np.float32), conditions=conditions, lengths=lengths, epochs=epochs)
        return self.net.run(trials, progress=False)


def replay(rates, lengths=None, epochs=None, **conditions):
    return Replay(np.shape(rates)[2]).run(rates, lengths, epochs, **conditions)


def test_a_replay_has_the_rates_that_were_given():
    rates = np.random.default_rng(0).normal(size=(5, 2, 3))
    np.testing.assert_allclose(replay(rates).rates["E"], rates, rtol=1e-6)


# --- dimensions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["fixed_points_tanh", "fixed_points_relu"])
def test_the_participation_ratio_of_the_reference(name):
    d = load(name)
    found = na.dimensionality(d["rate"])
    assert found.participation_ratio == pytest.approx(float(d["participation_ratio"][0]), rel=1e-6)
    np.testing.assert_allclose(found.variances, d["pr_eigenvalues"], rtol=1e-5, atol=1e-12)
    assert na.dimensionality(replay(d["rate"])).participation_ratio == pytest.approx(found.participation_ratio, rel=1e-5)


def test_dimensions_by_hand():
    found = na.dimensionality([[1, 0], [-1, 0], [0, 2], [0, -2]])
    np.testing.assert_allclose(found.variances, [8 / 3, 2 / 3])
    assert found.participation_ratio == pytest.approx(100 / 68) and found.explained == pytest.approx([0.8, 1])
    assert found.needed(0.8) == 1 and found.needed(0.81) == 2 and found.needed(1) == 2
    assert na.dimensionality([[3, 0], [-3, 0], [0, 1], [0, -1]]).needed() == 1 and found.needed() == 2  # of 90 %
    run = replay([[[0, 0]], [[1, 0]], [[2, 0]], [[2, 1]]])
    assert na.dimensionality(run, window=(0, 30)).participation_ratio == pytest.approx(1)
    assert na.dimensionality(run).participation_ratio > 1.1


def test_angles_by_hand_and_by_scipy():
    linalg = pytest.importorskip("scipy.linalg")
    assert na.principal_angles([1, 0, 0], [1, 1, 0]) == pytest.approx([45])
    np.testing.assert_allclose(na.principal_angles([[1, 0, 0], [0, 1, 0]], [[0, 2, 0], [0, 0, 3]]), [0, 90], atol=1e-12)
    assert na.principal_angles([1, 0], [1, 1e-9])[0] == pytest.approx(np.degrees(1e-9), rel=1e-6)
    draw = np.random.default_rng(0)
    for k, m in [(3, 5), (5, 3), (4, 4)]:
        one, other = draw.normal(size=(k, 9)), draw.normal(size=(m, 9))
        expected = np.sort(np.degrees(linalg.subspace_angles(one.T, other.T)))
        np.testing.assert_allclose(na.principal_angles(one, other), expected, rtol=1e-9)


# --- single units ----------------------------------------------------------------------------------------------------


def test_d_prime_and_areas():
    metrics = pytest.importorskip("sklearn.metrics")
    assert na.d_prime([1.0, 3.0], [-1.0, 1.0]) == pytest.approx(2 / np.sqrt(2))
    assert na.roc_area([1, 2], [0, 1]) == pytest.approx(3.5 / 4) and na.roc_area([2], [1]) == 1
    assert na.d_prime([1.0, 1.0], [1.0, 1.0]) == 0 and na.d_prime([2.0, 2.0], [1.0, 1.0]) == np.inf
    draw = np.random.default_rng(0)
    one, other = draw.integers(0, 9, (20, 4)), draw.integers(2, 12, (30, 4))
    label = np.r_[np.ones(20), np.zeros(30)]
    expected = [metrics.roc_auc_score(label, np.r_[one[:, k], other[:, k]]) for k in range(4)]
    np.testing.assert_allclose(na.roc_area(one, other), expected)


def tuned(noise=1.0, trials=200):
    """Unit 0 prefers context 1, unit 1 the left, unit 2 nothing; in the second half of the trial."""
    draw = np.random.default_rng(1)
    context, side = draw.integers(0, 2, trials), draw.choice([-1, 1], trials)
    rates = np.zeros((20, trials, 3))
    rates[10:, :, 0] = context
    rates[10:, :, 1] = -2 * side
    rates[10:] += noise * draw.normal(size=(trials, 3))
    epochs = {"delay": np.tile([10, 20], (trials, 1))}
    return replay(rates, epochs=epochs, context=context, side=side), rates, context, side


def test_selectivity_in_a_window():
    run, rates, context, side = tuned()
    found = na.selectivity(run, "side", window="delay", shuffles=99)
    late = rates[10:].mean(axis=0)
    np.testing.assert_allclose(found.d_prime, na.d_prime(late[side == 1], late[side == -1]), rtol=1e-4)
    np.testing.assert_allclose(found.roc_area, na.roc_area(late[side == 1], late[side == -1]), atol=1e-3)
    assert found.values == (1, -1) and found.trials == ((side == 1).sum(), (side == -1).sum())
    assert found.d_prime[1] == pytest.approx(-4, abs=0.6) and found.p[1] == 0.01 and found.p[2] > 0.05
    assert found.units == [("E", 0), ("E", 1), ("E", 2)]
    swapped = na.selectivity(run, "side", (-1, 1), window=(100, 200))
    np.testing.assert_allclose(swapped.d_prime, -found.d_prime)
    assert np.isnan(swapped.p).all()
    ax = na.plot.selectivity(found)[0]
    assert sum(bar.get_height() for bar in ax.patches[:20]) == 3


def test_p_is_the_share_of_all_ways_to_deal_trials_out():
    """Of few trials, some alike, every way can be looked at."""
    from neuroai.unit_tuning import _shuffled

    both = np.array([[2.0, 1], [4, 2], [4, 1], [1, 1], [3, 0], [4, 0], [0, 1]])
    area = na.roc_area(both[:3], both[3:])
    found = _shuffled(both[:3], both[3:], area, 6000, 2)
    far = [
        np.abs(na.roc_area(both[list(ones)], np.delete(both, ones, axis=0)) - 0.5) >= np.abs(area - 0.5) - 1e-12
        for ones in itertools.combinations(range(7), 3)
    ]
    expected = np.mean(far, axis=0)
    assert (expected > 0.05).all() and (expected < 0.9).all() and np.allclose(found, expected, atol=0.03)


def test_noise_correlations_are_of_noise():
    draw, trials = np.random.default_rng(2), 4000
    side = draw.choice([-1, 1], trials)
    shared = draw.normal(size=trials)
    rates = np.zeros((2, trials, 4))
    rates[:, :, 0] = shared + 5 * side
    rates[:, :, 1] = shared + draw.normal(size=trials) - 5 * side
    rates[:, :, 2] = draw.normal(size=trials) + 5 * side
    run = replay(rates, side=side)
    found = na.noise_correlations(run, "side")
    assert found.matrix[0, 1] == pytest.approx(np.sqrt(0.5), abs=0.03)  # although the signals are opposite
    assert abs(found.matrix[0, 2]) < 0.05 and np.isnan(found.matrix[3]).all()
    np.testing.assert_allclose(found.signal[:3, :3], [[1, -1, 1], [-1, 1, -1], [1, -1, 1]])
    assert len(found.pairs) == 3 and found.mean == pytest.approx(found.pairs.mean()) and found.trials == trials
    z = [np.where(side == s, (rates[0, :, k] - rates[0, side == s, k].mean()) / rates[0, side == s, k].std(ddof=1), 0)
         for k in (0, 1) for s in (-1, 1)]  # fmt: skip
    assert found.matrix[0, 1] == pytest.approx(np.corrcoef(z[0] + z[1], z[2] + z[3])[0, 1], abs=1e-5)
    assert na.plot.noise_correlations(found)[0].get_title() == f"mean {found.mean:.3f} of 3 pairs"


# --- decoding and similarity -----------------------------------------------------------------------------------------


def test_a_code_that_generalises_and_one_that_does_not():
    pytest.importorskip("sklearn")
    draw, trials = np.random.default_rng(3), 400
    context, side = draw.integers(0, 2, trials), draw.choice([-1, 1], trials)
    rates = 0.3 * draw.normal(size=(3, trials, 3))
    same = replay(rates + side[:, None] * [1, 0, 0] + context[:, None] * [0, 1, 0], context=context, side=side)
    found = na.decode(same, "side", across="context")
    assert found.accuracy.min() > 0.97 and found.generalisation > 0.97 and found.chance == 0.5
    np.testing.assert_array_equal(found.trials, np.bincount(context))
    turned = (side * np.where(context == 1, 1, -1))[:, None] * [1, 0, 0]
    other = na.decode(replay(rates + turned, context=context, side=side), "side", across="context")
    assert other.within > 0.97 and other.generalisation < 0.03
    nothing = na.decode(replay(rates, context=context, side=side), "side")
    assert nothing.groups.tolist() == [0] and 0.4 < nothing.within < 0.6 and np.isnan(nothing.generalisation)
    assert len(na.plot.decoding(found)[0].texts) == 4


def test_accuracy_counts_each_value_alike():
    """Guessing the frequent value is chance, not the fraction of its trials."""
    pytest.importorskip("sklearn")
    draw = np.random.default_rng(4)
    side = np.r_[np.ones(180), np.zeros(20)]
    found = na.decode(replay(draw.normal(size=(2, 200, 3)), side=side), "side")
    assert 0.3 < found.within < 0.7


def test_decoders_are_tested_on_trials_that_they_have_not_seen():
    """With more units than trials any labels can be learnt by heart."""
    pytest.importorskip("sklearn")
    rates = np.random.default_rng(9).normal(size=(2, 40, 60))
    assert na.decode(replay(rates, side=np.arange(40) % 2), "side").within < 0.75


def test_as_many_trials_of_a_value_as_folds_are_enough():
    pytest.importorskip("sklearn")
    side = np.array([0, 0, 1, 1])
    assert na.decode(replay(np.tile(side[:, None] * 2.0, (3, 1, 1)), side=side), "side", folds=2).within == 1


@pytest.mark.parametrize("measure", ["correlation", "cosine", "euclidean"])
def test_dissimilarities_by_scipy(measure):
    distance = pytest.importorskip("scipy.spatial.distance")
    stats = pytest.importorskip("scipy.stats")
    from neuroai.similarity import _ranks

    draw = np.random.default_rng(5)
    value = np.repeat([3.2, 6.4, -1, 0, 12.8], 4)
    rates = draw.normal(size=(6, 20, 7))
    found = na.representational_similarity(replay(rates, x=value), "x", measure=measure)
    np.testing.assert_allclose(found.values[:, 0], [-1, 0, 3.2, 6.4, 12.8])
    means = np.array([rates.mean(axis=0)[value == level].mean(axis=0) for level in [-1, 0, 3.2, 6.4, 12.8]])
    np.testing.assert_allclose(found.matrix, distance.squareform(distance.pdist(means, measure)), atol=1e-6)
    other = na.representational_similarity(replay(rates[:2], x=value), "x", measure=measure)
    pairs = np.triu_indices(5, 1)
    assert found.compare(other) == pytest.approx(stats.spearmanr(found.matrix[pairs], other.matrix[pairs])[0])
    assert found.compare(found) == pytest.approx(1)
    alike = [5, 1, 5, 2, 2, 5, 0]
    np.testing.assert_array_equal(_ranks(np.array(alike, float)), stats.rankdata(alike))
    assert na.plot.dissimilarity(found)[0].get_xlabel() == "x"


def test_several_conditions_are_combined():
    run, *_ = tuned()
    found = na.representational_similarity(run, ["context", "side"], window="delay")
    np.testing.assert_array_equal(found.values, [[0, -1], [0, 1], [1, -1], [1, 1]])
    assert found.matrix[0, 1] > found.matrix[0, 2]


# --- timescales ------------------------------------------------------------------------------------------------------


def test_the_curve_of_a_fit_by_hand():
    nothing = np.zeros((0, 3))
    found = na.Timescales(np.arange(1.0, 4), np.zeros(3), 50.0, 0.8, 0.25, nothing, np.zeros(0), [])
    np.testing.assert_allclose(found.curve([0, 50]), [0.8 * 1.25, 0.8 * (np.exp(-1) + 0.25)])


def fluctuating(tau, trials=600, steps=200, units=6, dt=10, fixed=0.0):
    """Ornstein-Uhlenbeck processes, and of each trial an offset."""
    draw, a = np.random.default_rng(6), np.exp(-dt / tau)
    x = draw.normal(size=(steps, trials, units))
    for step in range(1, steps):
        x[step] = a * x[step - 1] + np.sqrt(1 - a * a) * x[step]
    return x + fixed * draw.normal(size=(trials, units))


@pytest.mark.parametrize("tau, fixed", [(100, 0.0), (200, 1.0)])
def test_the_timescale_of_a_process_is_found(tau, fixed):
    pytest.importorskip("scipy")
    found = na.timescales(replay(fluctuating(tau, fixed=fixed)), bin=50, lags=15)
    assert found.tau == pytest.approx(tau, rel=0.12)
    assert np.median(found.taus) == pytest.approx(tau, rel=0.2)
    # of bins that are means the correlation is between that of points a bin apart and more
    b = 50 / tau
    first = np.sinh(b / 2) ** 2 / (b / 2) ** 2 * np.exp(-b) / (2 * (np.exp(-b) - 1 + b) / b**2)
    assert found.mean[0] == pytest.approx((first + fixed**2) / (1 + fixed**2), abs=0.06)
    assert found.lags.tolist() == [50.0 * k for k in range(1, 16)] and found.units.shape == (6, 15)
    if fixed:
        assert found.amplitude * found.offset == pytest.approx(0.5, abs=0.1)
    ax = na.plot.timescales(found)[0]
    assert ax.get_title() == f"τ = {found.tau:.0f} ms"


@pytest.mark.parametrize("dt, bin", [(10, 50), (20, 40), (7, 49), (200, 200)])
def test_bins_are_next_to_50_ms(dt, bin):
    pytest.importorskip("scipy")
    run = Replay(2, dt).run(np.random.default_rng(1).normal(size=(5 + 500 // dt, 9, 2)))
    assert np.array_equal(na.timescales(run, lags=4).lags, na.timescales(run, lags=4, bin=bin).lags)


def test_a_value_that_one_trial_has_tells_nothing():
    net = small()
    trials = na.Trials(np.zeros((5, 3, 3)), conditions={"side": [1, 1, 2]})
    with pytest.raises(na.InvalidError, match="condition: one trial has 'side' 2, must be two at least of each value"):
        na.selectivity(net.run(trials, progress=False), "side")


def test_what_does_not_decay_has_no_timescale():
    pytest.importorskip("scipy")
    still = np.tile(np.random.default_rng(0).normal(size=(1, 50, 2)), (100, 1, 1))
    assert np.isnan(na.timescales(replay(still), bin=100).tau)
    assert na.plot.timescales(na.timescales(replay(still), bin=100))[0].get_title() == ""


# --- tasks -----------------------------------------------------------------------------------------------------------


def three_tasks():
    """Units 0-3 vary in task A, 4-7 in B, 8-9 in both, 10 in none."""
    draw, player = np.random.default_rng(7), Replay(11)
    inA, inB = np.zeros(11), np.zeros(11)
    inA[[0, 1, 2, 3, 8, 9]], inB[[4, 5, 6, 7, 8, 9]] = 1, 1
    return {name: player.run(draw.normal(size=(1, 300, 1)) * part + np.zeros((4, 1, 1))) for name, part in (("A", inA), ("B", inB))}


def test_task_variance_and_its_clusters():
    found = na.task_variance(three_tasks())
    assert found.tasks == ("A", "B") and found.variance.shape == (11, 2)
    rates = three_tasks()["A"].rates["E"]
    np.testing.assert_allclose(found.variance[:, 0], rates.var(axis=1).mean(axis=0), rtol=1e-5)
    assert found.active().tolist() == [True] * 10 + [False] and (found.normalised[10] == 0).all()
    pytest.importorskip("sklearn")
    clusters = found.clusters()
    assert len(clusters.centres) == 3 and clusters.numbers[0] == 2 and len(clusters.scores) == len(clusters.numbers)
    groups = [set(clusters.of[part].tolist()) for part in (slice(0, 4), slice(4, 8), slice(8, 10))]
    assert all(len(group) == 1 for group in groups) and len(set.union(*groups)) == 3 and clusters.of[10] == -1
    assert len(set(found.clusters(2).of[:10].tolist())) == 2
    assert na.plot.task_variance(found, clusters)[0].get_xlabel() == "10 units in 3 clusters"
    assert na.plot.task_variance(found)[0].get_xlabel() == "10 units"


def test_steps_after_the_end_of_trials_do_not_count():
    draw, player = np.random.default_rng(8), Replay(2)
    rates = draw.normal(size=(6, 9, 2))
    lengths = np.r_[np.full(4, 6), np.full(5, 3)]
    whole, cut = player.run(rates, lengths=lengths), player.run(rates[:3])
    np.testing.assert_allclose(na.task_variance({"a": cut}).variance, na.task_variance({"a": whole}, window=(0, 30)).variance)
    expected = np.concatenate([rates[:3].var(axis=1), rates[3:, :4].var(axis=1)]).mean(axis=0)
    np.testing.assert_allclose(na.task_variance({"a": whole}).variance[:, 0], expected, rtol=1e-5)
    samples = np.concatenate([rates[:3].reshape(-1, 2), rates[3:, :4].reshape(-1, 2)])
    expected = na.dimensionality(samples).participation_ratio
    assert na.dimensionality(whole).participation_ratio == pytest.approx(expected, rel=1e-5)


# --- pictures and refusals -------------------------------------------------------------------------------------------


def test_pictures_of_dimensions_and_angles():
    d = na.dimensionality([[1, 0], [-1, 0], [0, 2], [0, -2]])
    ax = na.plot.dimensionality({"E": d, "I": d})[0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["E: 1.5", "I: 1.5"]
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [0.8, 1])
    ax = na.plot.principal_angles({"a": [10, 90], "b": [3.0]})[0]
    assert ax.lines[0].get_ydata().tolist() == [10, 90]


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda run: na.dimensionality(run, "X"), na.UnknownNameError, "no population 'X'"),
        (lambda run: na.dimensionality(run, window="go"), na.UnknownNameError, "no epoch is called 'go', but delay"),
        (lambda run: na.dimensionality(run, window=(500, 600)), na.InvalidError, "no recorded step"),
        (lambda run: na.dimensionality(run, window=(0, 100)), na.InvalidError, "never changes"),
        (lambda run: na.dimensionality([[1, 2]]), na.InvalidError, "1 samples of 2 units"),
        (lambda run: na.dimensionality([[1, np.nan], [1, 2]]), na.NonfiniteError, "not finite"),
        (lambda run: na.dimensionality([[1, 2], [3, 4]]).needed(0), na.InvalidError, "fraction is 0"),
        (lambda run: na.principal_angles([1, 0], [1, 0, 0]), na.InvalidError, "of 3 units, must be of 2"),
        (lambda run: na.principal_angles([[1, 0], [2, 0]], [1, 0]), na.InvalidError, "one: its 2 vectors depend"),
        (lambda run: na.d_prime([1], [1, 2]), na.InvalidError, "one: it has 1 trials, must have 2"),
        (lambda run: na.roc_area([[1, 2]], [[1]]), na.InvalidError, "other: it is of"),
        (lambda run: na.roc_area([np.inf], [1]), na.InvalidError, "one: it is not finite"),
        (lambda run: na.selectivity(run, "side", (1, 0)), na.InvalidError, "no trial has 'side' 0"),
        (lambda run: na.selectivity(run, "angle"), na.UnknownNameError, "no condition is called 'angle'"),
        (lambda run: na.noise_correlations(run, []), na.InvalidError, "conditions: no condition"),
        (lambda run: na.representational_similarity(run, "side", measure="r"), na.InvalidError, "measure: expected one of"),
        (lambda run: na.representational_similarity(run, "side", window=(0, 100)), na.InvalidError, "respond alike"),
        (lambda run: na.representational_similarity(run, "side").compare(na.representational_similarity(run, "context")), na.InvalidError, "other values"),
        (lambda run: na.representational_similarity(run, "side").compare(na.representational_similarity(run, "side")), na.InvalidError, "1 pairs, must be 3"),
        (lambda run: na.timescales(run, bin=15), na.InvalidError, "bin is 15 ms, must be a multiple of 10"),
        (lambda run: na.timescales(run, bin=50), na.InvalidError, "it has 4 bins of 200 trials, must have 5"),
        (lambda run: na.timescales(run, bin=10, lags=30), na.InvalidError, "lags is 30, must be 4 to 19"),
        (lambda run: na.task_variance({}), na.InvalidError, "runs: expected runs"),
        (lambda run: na.task_variance({"a": run, "b": tuned()[0]}), na.InvalidError, "'b' is of another network"),
        (lambda run: na.decode(run, "side", across="side"), na.InvalidError, "across: it is 'side'"),
        (lambda run: na.decode(run, "side", folds=1), na.InvalidError, "folds is 1"),
        (lambda run: na.decode(run, "side", folds=150), na.InvalidError, "trials, must have 150"),
        (lambda run: na.decode(run, "side", penalty=0), na.InvalidError, "penalty is 0"),
        (lambda run: na.task_variance({"a": run}).clusters(9), na.InvalidError, "k is 9"),
    ],
)
def test_refusals(call, error, words):
    pytest.importorskip("sklearn")
    with pytest.raises(error, match=words):
        call(tuned()[0])


@pytest.mark.parametrize("call", [lambda run: na.decode(run, "side"), lambda run: na.task_variance({"a": run}).clusters()])
def test_what_is_not_installed_is_named(call, monkeypatch):
    import sys

    for name in ("sklearn.linear_model", "sklearn.cluster"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"needs sklearn: pip install scikit-learn \(or: pip install neuroai\[analysis\]\)"):
        call(tuned()[0])


def test_trials_without_conditions():
    net = small()
    with pytest.raises(na.InvalidError, match="trials that have conditions"):
        na.selectivity(net.run(np.zeros((5, 2, 3)), progress=False), "side")
