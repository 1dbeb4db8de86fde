"""Mean fields of currents and of conductances: against equations by hand, and against networks that are run."""

import numpy as np
import pytest

import neuroai as na

RAISED = 1.4603545088  # |zeta(1/2)|

# --- currents --------------------------------------------------------------------------------------------------------


def test_a_memory_of_noise_raises_threshold_and_reset():
    """One time constant: Fourcaud & Brunel (2002). Two: one that leaves the potential as steep. With jumps: none."""
    nu = np.array([30.0, 12.0])
    numbers = {"counts": [[200, 50]] * 2, "weights": [[0.2, -0.5]] * 2, "drive": 15, "noise": 1.5}
    for tau_syn, noise_tau_syn in [(2, 2), ([[2, 5], [2, 5]], 2), (5, 1), (0, 2), (0, 0)]:
        field = na.MeanField("EI", **numbers, tau_syn=tau_syn, noise_tau_syn=noise_tau_syn)
        mean, sd = field.input(nu)
        assert mean[0] == pytest.approx(15 + 0.02 * (40 * 30 - 25 * 12))
        parts = np.array([0.01 * 200 * 0.04 * 30, 0.01 * 50 * 0.25 * 12, 1.5**2])
        assert sd[0] ** 2 == pytest.approx(parts.sum())
        taus = np.array([*np.broadcast_to(tau_syn, (2, 2))[0], noise_tau_syn])
        together = parts.sum() / (parts / taus).sum() if taus.all() else 0.0
        shift = RAISED * sd[0] * np.sqrt(together / 20)
        assert field.transfer(nu)[0] == pytest.approx(na.siegert(mean[0], sd[0], 20, 20 + shift, 10 + shift), rel=1e-9)
        slopes = field.jacobian(nu)
        for j, step in enumerate(1e-4 * np.eye(2)):
            difference = (field.transfer(nu + step) - field.transfer(nu - step)) / 2e-4
            assert slopes[:, j] == pytest.approx(difference, rel=1e-6)


def currents(**more):
    net = na.Network(dt=0.1).input("rate", 1).input("push", 1, sign=+1)
    cells = {"model": "lif", "tau": 20, "threshold": -45, "reset": -60, "rest": -65, "refractory": 2}
    cells.update(capacitance=200, tau_exc=2, tau_inh=5, **more)
    net.population("P", 30, +1, model="poisson", rate=40)
    net.population("A", 40, +1, drive=3, background_exc=1000, background_exc_weight=20, **cells)
    net.population("B", 20, -1, **cells).output("z", 1).connect("A", "z")
    net.connect("A", "A:exc B:exc", density=0.5, initial=na.Gamma(2, 10), plastic=False)
    net.connect("B", "A:inh", initial=na.Constant(-30), plastic=False)
    net.connect("P", "B:exc", indegree=10, initial=na.Constant(15), plastic=False)
    net.connect("rate", "A:background_exc", initial=na.Constant(2), plastic=False)
    return net.connect("push", "B:exc", initial=na.Constant(0.5), plastic=False).build(1)


def test_currents_are_read_from_the_network():
    net = currents()
    nu = np.array([7.0, 11.0])
    field = na.mean_field(net, {"rate": 300, "push": 0.2})
    mean, sd = field.input(nu)
    a, b = (net.weights("A", f"{name}:exc").astype(np.float64) * 2 / 200 for name in "AB")  # mV of charge
    i = 30 * 5 / 200
    outside = 20 * 2 / 200
    expected = [
        3 + 0.02 * (a.sum() / 40 * 7 - 20 * i * 11 + outside * 1600),
        0.02 * (b.sum() / 20 * 7 + 10 * 15 * 2 / 200 * 40 + 0.5 * 0.2 * 2 / 200 * 10_000),
    ]
    exc = [0.01 * ((a**2).sum() / 40 * 7 + outside**2 * 1600), 0.01 * ((b**2).sum() / 20 * 7 + 10 * 0.15**2 * 40)]
    inh = [0.01 * 20 * i**2 * 11, 0]
    assert mean == pytest.approx(expected, rel=1e-5) and sd**2 == pytest.approx(np.add(exc, inh), rel=1e-5)
    for k in range(2):
        tau_syn = (exc[k] + inh[k]) / (exc[k] / 2 + inh[k] / 5)
        shift = RAISED * sd[k] * np.sqrt(tau_syn / 20)
        rate = na.siegert(mean[k], sd[k], 20, 20 + shift, 5 + shift)
        assert field.transfer(nu)[k] == pytest.approx(rate, rel=1e-6)


def test_the_background_is_normalised_as_arrivals_are():
    """As the model has it: gain times (delta + background_weight n)."""
    net = na.Network(dt=0.1).population("A", 400, model="lif", background=20_000, background_weight=20, normalise=1)
    net.output("z", 1).connect("A", "z").build(1)
    gain = -np.expm1(-0.1 / 20)
    mean, sd = na.mean_field(net).input([0])
    assert mean[0] == pytest.approx(0.02 * 20_000 * 20 * gain) and sd[0] ** 2 == pytest.approx(200 * (20 * gain) ** 2)
    v = net.set("A", threshold=1000).run(steps=4000, record="A:v", progress=False).traces["A:v"][1000:]
    assert v.mean() == pytest.approx(mean[0], rel=0.01)
    assert v.std() == pytest.approx(sd[0], rel=0.05)  # of 3000 that are independent: within 1.3 %


@pytest.mark.parametrize("tau_exc, tau_inh", [(0.5, 0.5), (2, 2), (2, 5)])
def test_a_network_of_currents_has_the_rates_of_theory(tau_exc, tau_inh):
    """Sparse, recurrent. Standard errors are below 1 %; the expansion is of first order in sqrt(tau_syn / tau)."""
    net = na.Network(dt=0.1)
    cells = {"model": "lif", "threshold": 20, "reset": 10, "refractory": 2, "tau_exc": tau_exc, "tau_inh": tau_inh}
    outside = {"background_exc": 7000, "background_exc_weight": 0.2 * 250 / tau_exc}
    net.population("E", 800, +1, **cells, **outside).population("I", 200, -1, **cells, **outside)
    how = {"plastic": False, "delay": na.Delays(1.5, 0.5)}
    net.connect("E", "E:exc I:exc", indegree=80, initial=na.Constant(0.2 * 250 / tau_exc), **how)
    net.connect("I", "E:inh I:inh", indegree=20, initial=na.Constant(-1.0 * 250 / tau_inh), **how)
    net.output("z", 1).connect("E", "z").build(1)
    run = net.run(steps=12_000, record="E I", progress=False)
    theory = na.mean_field(net).solve()
    for name in "EI":
        found = run.spikes[name].between(200).rate
        assert theory.rates[name] == pytest.approx(found, rel=0.1) and found > 5, name


# --- conductances ----------------------------------------------------------------------------------------------------


def test_the_gate_of_nmda_under_poisson_trains():
    """Gates that are stepped exactly, x taken as constant within a step; their mean over 4000 has an error of 0.3 %."""
    rng = np.random.default_rng(0)
    dt, n = 0.1, 4000
    for rate in (3.0, 30.0):
        x, s, means = np.zeros(n), np.zeros(n), []
        for step in range(9000):
            middle = x * np.exp(-dt / 4)
            speed = 1 / 100 + 0.5 * middle
            s = 0.5 * middle / speed + (s - 0.5 * middle / speed) * np.exp(-speed * dt)
            x = x * np.exp(-dt / 2) + rng.poisson(rate * dt / 1000, n)
            if step > 5000:
                means.append(s.mean())
        assert na.nmda_gate(rate) == pytest.approx(np.mean(means), rel=0.02)
    assert na.nmda_gate(0) == 0 and na.nmda_gate([1e5])[0] == pytest.approx(1, abs=1e-3)
    # of few spikes each alone: without saturation alpha tau_rise tau of each
    assert na.nmda_gate(1e-3, alpha=1e-3) == pytest.approx(1e-6 * 1e-3 * 2 * 100, rel=2e-3)


def test_a_neuron_by_hand():
    """Without NMDA and spikes: conductances add up; with it: linear about the mean potential that it gives."""
    numbers = {"background": 1000, "background_weight": 3, "current": 20, "constant": [[1], [4]]}
    field = na.ConductanceField("E", **numbers)
    ampa = 1 + 0.002 * 3000
    g = 25 + ampa + 4
    mean, sd = field.input([0])
    assert mean[0] == pytest.approx((25 * -70 + 4 * -70 + 20) / g)
    assert field.time_constant([0])[0] == pytest.approx(500 / g)
    assert field.potential([0])[0] == pytest.approx(mean[0])
    tau = 500 / g
    assert sd[0] ** 2 == pytest.approx(mean[0] ** 2 * 4 * (9 * 1000) / 1000 / (2 * tau * g**2))
    field = na.ConductanceField("E", nmda=[[40]], **numbers)
    rate = 10.0
    (mean, _), v, tau = field.input([rate]), field.potential([rate])[0], field.time_constant([rate])[0]
    open_ = 40 * na.nmda_gate(rate)

    def current(v):
        return open_ * v / (1 + np.exp(-0.062 * v) / 3.57)

    slope = (current(v + 1e-5) - current(v - 1e-5)) / 2e-5
    assert 500 / tau == pytest.approx(g + slope, rel=1e-6)
    assert (g + slope) * mean[0] == pytest.approx(-29 * 70 + 20 - current(v) + slope * v, rel=1e-6)
    assert v == pytest.approx(mean[0] - 5 * tau * rate / 1000 - (mean[0] + 55) * 2 * rate / 1000, rel=1e-8)


def test_rates_of_conductances_by_hand():
    """Brunel & Wang's threshold, and slopes that are those of the transfer."""
    more = {"ampa": [[8, 0]] * 2, "nmda": [[30, 0]] * 2, "gaba": [[0, 60]] * 2, "refractory": [2, 1]}
    field = na.ConductanceField("EI", **more, background=2400, background_weight=2.1)
    nu = np.array([6.0, 9.0])
    (mean, sd), tau = field.input(nu), field.time_constant(nu)
    k, sigma = 2 / tau, np.sqrt(2) * sd
    low = -55 + RAISED * sd * np.sqrt(k)
    high = mean + sigma * ((-50 - mean) / sigma * (1 + k / 2) + 1.0326 * np.sqrt(k) - k / 2)
    assert field.transfer(nu) == pytest.approx(na.siegert(mean, sd, tau, high, low, [2, 1]), rel=1e-3)
    slopes = field.jacobian(nu)
    for j, step in enumerate(1e-3 * np.eye(2)):
        assert slopes[:, j] == pytest.approx((field.transfer(nu + step) - field.transfer(nu - step)) / 2e-3, rel=1e-4)


def test_conductances_are_read_from_the_network():
    net = na.Network(dt=0.1).input("rate", 1).input("pA", 1).input("nS", 1, sign=+1)
    net.population("P", 30, +1, model="poisson", rate=40)
    net.population("A", 40, +1, model="lif_conductance", background=1000, background_weight=3, bias=20)
    net.population("B", 20, -1, model="lif_conductance", tau_gaba=8).output("z", 1).connect("A", "z")
    net.connect("A", "A:ampa B:ampa", density=0.5, initial=na.Gamma(2, 0.5), plastic=False)
    net.connect("A:nmda", "B:nmda", initial=na.Constant(0.7), plastic=False)
    net.connect("B", "A:gaba", initial=na.Constant(-1), plastic=False)  # all onto all: no noise of each
    net.connect("B", "B:gaba", indegree=5, initial=na.Constant(-2), plastic=False)
    net.connect("P", "A:ampa", indegree=10, initial=na.Constant(0.4), plastic=False)
    net.connect("rate", "A:background", initial=na.Constant(2), plastic=False)
    net.connect("pA", "B:current", initial=na.Constant(3), plastic=False)
    net.connect("nS", "B:ampa", initial=na.Constant(0.01), plastic=False).build(1)
    a, b = (net.weights("A", f"{name}:ampa").astype(np.float64) for name in "AB")
    by_hand = na.ConductanceField(
        "AB",
        ampa=[[a.sum() / 40, 0], [b.sum() / 20, 0]],
        ampa_squares=[[(a**2).sum() / 40, 0], [(b**2).sum() / 20, 0]],
        nmda=[[0, 0], [40 * 0.7, 0]],
        gaba=[[0, 20], [0, 10]],
        gaba_squares=[[0, 0], [0, 20]],
        background=[1600, 0],
        background_weight=[3, 2.1],
        current=[20, 3 * 5],
        noise=[[10 * 0.16 * 40, 0], [0, 0]],
        constant=[[0.002 * 4 * 40, 0.01 * 0.5 * 2 / 0.1], [0, 0]],
        tau_gaba=[5, 8],
    )
    field = na.mean_field(net, {"rate": 300, "pA": 5, "nS": 0.5})
    nu = np.array([7.0, 11.0])
    for one, other in zip(field.input(nu), by_hand.input(nu)):
        assert one == pytest.approx(other, rel=1e-5)
    assert field.transfer(nu) == pytest.approx(by_hand.transfer(nu), rel=1e-4)


@pytest.mark.parametrize("excitation, inhibition, background", [(0.3, 1.5, 2000), (0.3, 3, 2400)])
def test_a_network_of_conductances_has_the_rates_of_theory(excitation, inhibition, background):
    """Sparse, recurrent; potentials too."""
    net = na.Network(dt=0.1)
    cells = {"model": "lif_conductance", "background": background}
    net.population("E", 800, +1, background_weight=2.1, **cells)
    net.population("I", 200, -1, capacitance=200, g_leak=20, refractory=1, background_weight=1.62, **cells)
    how = {"plastic": False, "delay": 0.5}
    net.connect("E", "E:ampa I:ampa", indegree=80, initial=na.Constant(excitation), **how)
    net.connect("I", "E:gaba I:gaba", indegree=20, initial=na.Constant(-inhibition), **how)
    net.output("z", 1).connect("E", "z").build(1)
    run = net.run(steps=8000, record="E I E:v", progress=False)
    theory = na.mean_field(net)
    state = theory.solve([5, 10])
    for name in "EI":
        assert state.rates[name] == pytest.approx(run.spikes[name].between(200).rate, rel=0.1), name
    v = theory.potential(list(state.rates.values()))[0]
    assert v == pytest.approx(run.traces["E:v"][2000:].mean(), abs=0.3)


def test_states_of_wang():
    """At rest as networks have it (2.4 and 8 Hz in another program); a pool that remembers is too active.

    Networks have 11 to 17 Hz of it after the stimulus: where the transfer function runs along the line of equal rates,
    small errors of it move the state far.
    """
    net = na.circuits.wang2002().build(1)
    theory = na.mean_field(net)
    rest, memory = theory.solve(), theory.solve({"A": 50})
    assert rest.rates["N"] == pytest.approx(2.35, abs=0.02) and rest.rates["I"] == pytest.approx(7.94, abs=0.05)
    assert rest.rates["A"] == pytest.approx(rest.rates["N"], rel=1e-3)  # w_minus keeps the total
    assert memory.rates["A"] == pytest.approx(26.9, abs=0.2) and memory.rates["B"] < 1 and memory.rates["I"] > 12
    assert rest.stable and memory.stable
    decided = na.mean_field(net, {"a": 40, "b": 40}).solve({"A": 50})
    assert decided.rates["A"] == pytest.approx(37, abs=0.5) and decided.rates["B"] == pytest.approx(1.4, abs=0.1)


# --- what is refused -------------------------------------------------------------------------------------------------


def test_networks_that_no_mean_field_knows():
    def conductances(port="current", signal="", short_term=None, **more):
        net = na.Network(dt=0.1).population("A", 4, +1, model="lif_conductance", **more).output("z", 1)
        net.connect(f"A{signal}", f"A:{port}", initial=na.Constant(0.1), plastic=False, short_term=short_term)
        return net.connect("A", "z").build(1)

    def lif(*ports):
        net = na.Network(dt=0.1).population("A", 4, +1, model="lif").output("z", 1).connect("A", "z")
        for port in ports:
            net.connect("A", f"A:{port}", initial=na.Constant(0.1), plastic=False)
        return net

    mixed = lif().population("B", 2, +1, model="lif_conductance").connect("A", "B:ampa", initial=na.Constant(1))
    gate = na.Network(dt=0.1).population("P", 4, +1, model="poisson").population("A", 4, model="lif_conductance")
    gate.connect("P", "A:nmda", initial=na.Constant(1), plastic=False).output("z", 1).connect("A", "z")
    for made, words in [
        (lif("delta", "exc").build(1), r"'A' receives jumps \(delta\) and currents \(exc\)"),
        (mixed.build(1), "'A' is of the model 'lif', 'B' of 'lif_conductance'"),
        (conductances(), "spikes of 'A' arrive at 'A:current'"),
        (conductances("nmda"), "'A' sends 'spike' to 'A:nmda.*knows 'nmda' there"),
        (conductances("nmda", ":nmda", na.TsodyksMarkram()), "'A:nmda' onto 'A:nmda.*short-term plasticity"),
        (conductances("ampa", g_leak=[1, 2, 3, 4]), "g_leak of 'A' differs between its units"),
        (gate.build(1), "'P' sends 'spike' to 'A:nmda.*knows 'nmda' there"),
    ]:
        with pytest.raises(na.UnsupportedError, match=words):
            na.mean_field(made)


def test_wrong_numbers_are_refused():
    for call, words in [
        (lambda: na.MeanField("E", 1, 0.1, tau_syn=-1), "tau_syn.* is -1, must be at least 0"),
        (lambda: na.MeanField("E", 1, 0.1, noise_tau_syn=-1), "noise_tau_syn.* is -1, must be at least 0"),
        (lambda: na.ConductanceField(""), "there is no population"),
        (lambda: na.ConductanceField("E", ampa=-1), "ampa.* is -1, must be at least 0"),
        (lambda: na.ConductanceField("E", gaba=[1, 2]), "gaba: expected a number or shape"),
        (lambda: na.ConductanceField("E", noise=-1), "noise.* is -1, must be at least 0"),
        (lambda: na.ConductanceField("E", tau_ampa=0), "tau_ampa.* is 0, must be above 0"),
        (lambda: na.ConductanceField("E", magnesium=-1), "magnesium.* is -1, must be at least 0"),
        (lambda: na.ConductanceField("E", reset=-50), "reset.* is -50, must be below the threshold"),
        (lambda: na.ConductanceField("E", alpha=6), "alpha.* is 6, must be at most 10 / tau_rise"),
        (lambda: na.nmda_gate(-1), "rate is -1, must be at least 0"),
        (lambda: na.nmda_gate(1, tau=0), "tau is 0, must be above 0"),
        (lambda: na.nmda_gate(1, alpha=-1), "alpha is -1, must be at least 0"),
        (lambda: na.nmda_gate(1, alpha=6), "alpha tau_rise is 12, must be at most 10"),
    ]:
        with pytest.raises(na.InvalidError, match=words):
            call()
    with pytest.raises(TypeError, match="'taus' is no number of a neuron; there are capacitance"):
        na.ConductanceField("E", taus=1)
