"""The microcircuit of Potjans & Diesmann (2014), small: what is built is what the paper has; what it does, loosely."""

import numpy as np
import pytest

import neuroai as na
from neuroai import circuits

NAMES = ["L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I"]
FULL = np.array([20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948])
OUTSIDE = np.array([1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100])
RATES = np.array([0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829])


@pytest.fixture(scope="module")
def net():
    return circuits.potjans_diesmann2014(0.05).build(1, progress=False)


def counts():
    """[post, pre]: synapses at full scale."""
    p = na.anatomy.table("potjans_diesmann2014").probability
    return np.log(1 - p) / np.log1p(-1 / np.outer(FULL, FULL))


def weights():
    """pA [post, pre]: at full scale."""
    weight = 87.8 * np.tile([1.0, -4.0], (8, 4))
    weight[0, 2] *= 2
    return weight


def test_sizes():
    full = circuits.potjans_diesmann2014(1)
    assert full.populations == dict(zip(NAMES, FULL)) and sum(full.populations.values()) == 77169
    assert [full.sign(name) for name in NAMES] == [1, -1] * 4
    assert full.get("L6E", "background_exc")[0] == pytest.approx(2900 * 8)
    assert all(full.get(name, "drive")[0] == 0 for name in NAMES)
    assert len(full.projections) == 64 - 9  # of the table's probabilities nine are 0
    assert circuits.potjans_diesmann2014(0.1).populations == dict(zip(NAMES, np.rint(FULL / 10)))


def test_a_jump_moves_the_potential_by_what_the_paper_says():
    """87.8 pA, whose potential rises by 0.15 mV at most, as it is stepped."""
    full = circuits.potjans_diesmann2014(1)
    jump = full.get("L4E", "background_exc_weight")[0]
    assert jump == pytest.approx(87.8, abs=0.1)
    cell = {name: full.get("L4E", name)[0] for name in ("tau", "capacitance", "tau_exc", "rest", "threshold", "reset")}
    one = na.Network(dt=0.01).input("in", 1, sign=+1).population("N", 1, model="lif", **cell)
    one.connect("in", "N:exc", initial=na.Constant(jump), plastic=False).build(1)
    pulse = np.zeros((1000, 1, 1), np.float32)
    pulse[0] = 1
    v = one.run(pulse, record="N:v", progress=False).traces["N:v"]
    assert v.max() + 65 == pytest.approx(0.15, abs=1e-4)


def test_synapses(net):
    """As many as K of full scale, s^2 times; weights and delays by their moments; no pair twice."""
    listed = net.synapses()
    assert len(listed) == pytest.approx(counts().sum() * 0.05**2, abs=40)
    for to, source in [
        ("L23E", "L4E"),
        ("L23E", "L23E"),
        ("L4I", "L6E"),
        ("L5I", "L5I"),
        ("L6E", "L6I"),
        ("L4E", "L5I"),
    ]:
        i, j = NAMES.index(to), NAMES.index(source)
        of = net.synapses(source, to)
        assert len(of) == round(counts()[i, j] * 0.05**2)
        assert len(np.unique(of.post_unit.astype(int) * 10**6 + of.pre_unit)) == len(of)
        if len(of) < 1000:
            continue
        error = 4 / np.sqrt(len(of))  # four standard errors, in parts of the standard deviation
        mean = weights()[i, j] / np.sqrt(0.05)
        assert of.weight.mean() == pytest.approx(mean, rel=0.1 * error + 1e-3)
        assert of.weight.std() == pytest.approx(0.1 * abs(mean), rel=error)
        expected = 1.5 if mean > 0 else 0.75
        drawn = np.random.default_rng(1).normal(expected, expected / 2, 400_000)
        drawn = np.rint(drawn[drawn >= 0.1] / 0.1) * 0.1  # those below one step are drawn again
        assert of.delay.mean() == pytest.approx(drawn.mean(), abs=drawn.std() * error + 0.002)
        assert of.delay.std() == pytest.approx(drawn.std(), rel=error + 0.01)
        assert of.delay.min() >= 0.1 - 1e-9 and not of.plastic.any()
    assert (net.synapses("L4E", "L4E").post_unit == net.synapses("L4E", "L4E").pre_unit).any()  # onto itself, too


def test_a_pair_may_have_several_synapses():
    """As in the authors' program: fewer pairs, whose weights add up to as many; the probability of the table."""
    net = na.circuits.potjans_diesmann2014(0.05, multapses=True).build(1, progress=False)
    of, drawn = net.synapses("L5I", "L5E"), round(counts()[4, 5] * 0.05**2)
    sizes = net.weights("L5I", "L5E:inh").size
    assert len(of) / sizes == pytest.approx(1 - np.exp(-drawn / sizes), rel=4 * np.sqrt(0.63 / (0.37 * sizes)))
    assert of.weight.sum() == pytest.approx(drawn * weights()[4, 5] / np.sqrt(0.05), rel=0.01)


def test_scaling_keeps_mean_and_variance(net):
    """What a neuron gets when rates are those of full scale, from the synapses that were built."""
    k, w = counts() / FULL[:, None], weights()
    outside = OUTSIDE * 8.0
    mean = 0.5e-3 * ((k * w) @ RATES + outside * 87.8)  # pA
    variance = (k * w**2) @ RATES + outside * 87.8**2
    tau_over_c = 10 / 250
    for i, name in enumerate(NAMES):
        of = net.synapses("*", name)
        sender = np.repeat(RATES, list(net.populations.values()))[of.pre]
        n, jump, rate = net.size(name), *(net.get(name, f"background_exc{end}")[0] for end in ("_weight", ""))
        current = 0.5e-3 * ((of.weight * sender).sum() / n + jump * rate)
        assert net.get(name, "drive")[0] + tau_over_c * current == pytest.approx(tau_over_c * mean[i], abs=0.15), name
        fluctuation = (of.weight.astype(float) ** 2 * sender).sum() / 1.01 / n + jump**2 * rate
        assert fluctuation == pytest.approx(variance[i], rel=0.02), name
        assert net.get(name, "drive")[0] > 1  # without it the mean would be another


def test_by_theory_it_has_the_rates_of_full_scale(net):
    """What was built, scaled back to full scale; and as it is. Noise with a memory raises threshold and reset."""
    charge, power = np.zeros((8, 8)), np.zeros((8, 8))  # pA and pA^2 of a neuron, for a spike of all senders
    for source, target in net.projections:
        i, j = NAMES.index(target.partition(":")[0]), NAMES.index(source.partition(":")[0])
        w = net.synapses(source, target).weight.astype(float)
        charge[i, j], power[i, j] = w.sum() / net.size(NAMES[i]), (w**2).sum() / net.size(NAMES[i])
    jump, rate, drive = (
        np.array([net.get(name, key)[0] for name in NAMES])
        for key in ("background_exc_weight", "background_exc", "drive")
    )

    def transfer(rates, scale):
        mean = 0.5e-3 * (10 / 250) * (charge @ rates + jump * rate) / np.sqrt(scale) + drive * (scale == 1)
        sd = np.sqrt(10e-3 / 2 * (0.5 / 250) ** 2 * (power @ rates + jump**2 * rate))
        shift = 1.4603545 * sd * np.sqrt(0.5 / 10)  # |zeta(1/2)|
        return na.siegert(mean, sd, 10, 15 + shift, shift, 2)

    rates = RATES.copy()
    for _ in range(300):
        rates += 0.1 * (transfer(rates, 0.05) - rates)
    assert rates == pytest.approx(RATES, rel=0.2)
    theory = na.mean_field(net)
    assert theory.transfer(RATES) == pytest.approx(transfer(RATES, 1), rel=1e-4)
    found = theory.solve()
    assert found.stable and [found.rates[name] for name in NAMES] == pytest.approx(RATES, rel=0.5)


def test_a_constant_background_has_the_mean_of_trains():
    one, other = (circuits.potjans_diesmann2014(0.1, background=each) for each in ("poisson", "dc"))
    for name in NAMES:
        rate, jump = (one.get(name, f"background_exc{end}")[0] for end in ("", "_weight"))
        assert other.get(name, "background_exc")[0] == 0
        mean = 0.5e-3 * rate * jump * 10 / 250
        assert other.get(name, "drive")[0] == pytest.approx(one.get(name, "drive")[0] + mean, rel=1e-5)


def test_rates_are_of_the_kind_of_full_scale():
    """Irregular; within a factor of those of full scale, and in their order: at a tenth, more correlated, they differ."""
    net = circuits.potjans_diesmann2014(0.1).build(1, progress=False)
    run = net.run(steps=3000, progress=False)
    found = {name: spikes.between(100, 300).rate for name, spikes in run.spikes.items()}
    for name, expected in zip(NAMES, RATES):
        assert expected / 3.5 < found[name] < expected * 1.6, name
    for layer in ("L23", "L4", "L5", "L6"):
        assert found[f"{layer}I"] > found[f"{layer}E"]
    assert max(found["L23E"], found["L6E"]) < min(found["L4E"], found["L5E"])


def test_wrong_scales_and_rates_are_refused():
    for arguments, words in [
        ({"scale": 0}, "scale is 0, must be 0.00047 to 1"),
        ({"scale": 1.5}, "scale is 1.5, must be"),
        ({"scale": float("nan")}, "scale"),
        ({"background": "noise"}, "background: expected poisson or dc, got 'noise'"),
        ({"rates": [1, 2]}, "rates: expected 8 of at least 0, Hz"),
        ({"rates": [-1] * 8}, "rates: expected 8 of at least 0, Hz"),
        ({"dt": 0}, "dt"),
    ]:
        with pytest.raises(na.InvalidError, match=words):
            circuits.potjans_diesmann2014(**arguments)
