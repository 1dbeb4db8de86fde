"""Rates of integrate-and-fire neurons under noise, and mean fields of networks of them, against independent numbers."""

import json

import numpy as np
import pytest
from test_reference import REFERENCE, load

import neuroai as na

INDEX = json.loads((REFERENCE / "meanfield_index.json").read_text())
ROOT2 = np.sqrt(2)

# --- one neuron ------------------------------------------------------------------------------------------------------


def test_rates_in_all_ranges():
    """The table was computed with 40 digits; its sigma is sqrt(2) times the standard deviation."""
    table = load("siegert")
    mean, sd = table["mu"][:, None], table["sigma"][None] / ROOT2
    rate, expected = na.siegert(mean, sd), table["rate"]
    assert np.allclose(rate, expected, rtol=1e-12, atol=1e-300)
    there = np.isfinite(table["ln_rate"])
    ln = na.siegert(mean, sd, log=True)
    assert np.array_equal(np.isfinite(ln), there) and there.sum() > 200  # without noise below threshold nothing fires
    assert np.allclose(ln[there], table["ln_rate"][there], rtol=1e-13, atol=1e-12)
    assert np.all((expected == 0) <= (rate < 1e-300)) and (ln < -800).any()


def random_points(table):
    keys = ("mu", "sigma", "tau", "theta", "V_r", "tau_rp")
    mean, sigma, *neuron = (table[f"q_{key}"] for key in keys)
    return (mean, sigma / ROOT2, *neuron)


def test_rates_and_slopes_at_random_points():
    table = load("siegert")
    points = random_points(table)
    assert np.allclose(na.siegert(*points), table["q_rate"], rtol=1e-12)
    assert np.allclose(na.siegert(*points, log=True), table["q_ln_rate"], rtol=1e-13, atol=1e-12)
    some = [point[table["slope_index"]] for point in points]
    by_mean, by_sd = na.siegert_slopes(*some)
    assert np.allclose(by_mean, table["slope_mu"], rtol=1e-10)
    assert np.allclose(by_sd, ROOT2 * table["slope_sigma"], rtol=1e-10)


def test_slopes_are_differences():
    h = 1e-5
    for mean, sd in [(25, 3), (15, 5), (19, 1), (-30, 20), (19.99, 0.05), (60, 2), (30, 0)]:
        by_mean, by_sd = na.siegert_slopes(mean, sd)
        assert by_mean == pytest.approx(
            (na.siegert(mean + h, sd) - na.siegert(mean - h, sd)) / (2 * h), rel=1e-5, abs=1e-9
        )
        if sd:
            assert by_sd == pytest.approx(
                (na.siegert(mean, sd + h) - na.siegert(mean, sd - h)) / (2 * h), rel=1e-5, abs=1e-9
            )
        else:
            assert by_sd == 0
    assert na.siegert_slopes(19, 0) == (0, 0)


def test_without_noise():
    assert na.siegert(30, 0) == pytest.approx(1000 / (2 + 20 * np.log(20 / 10)), rel=1e-14)
    assert na.siegert(20, 0) == 0 and na.siegert(30, 1e-12) == pytest.approx(na.siegert(30, 0), rel=1e-9)
    assert na.siegert(1e6, 1, refractory=0) == pytest.approx(1000 / (20 * 1e-5), rel=1e-4)
    assert isinstance(na.siegert(25, 3), float) and na.siegert([25, 26], 3).shape == (2,)
    with pytest.raises(na.InvalidError, match=r"one shape, or numbers, got mean \[2\], sd \[3\]$"):
        na.siegert([25, 26], [1, 2, 3])


def test_wrong_neurons_are_refused():
    for arguments, words in [
        ({"sd": [1, -1]}, r"sd\[1\] is -1, must be finite and at least 0"),
        ({"tau": 0}, "tau is 0, must be above 0"),
        ({"reset": 20}, "reset.* must be below the threshold"),
        ({"refractory": -1}, "refractory is -1, must be finite and at least 0"),
        ({"sd": np.inf}, "sd is inf, must be finite"),
    ]:
        for function in (na.siegert, na.siegert_slopes):
            with pytest.raises(na.InvalidError, match=words):
                function(**{"mean": 25, "sd": 3, **arguments})


# --- Brunel 2000 -----------------------------------------------------------------------------------------------------


def brunel(g, background, reset=10.0):
    counts, weights = [[1000, 250]] * 2, [[0.1, -0.1 * g]] * 2
    return na.MeanField("EI", counts, weights, reset=reset, background=background, background_weight=0.1)


def test_brunel():
    table = load("brunel_meanfield")
    for k in range(len(table["g"])):
        state = brunel(table["g"][k], 1000 * table["nu_ext"][k], table["V_r"][k]).solve()
        for name in "EI":
            assert state.rates[name] == pytest.approx(table["rate"][k], rel=1e-10)
            assert state.mean[name] == pytest.approx(table["mu"][k], rel=1e-9)
            assert state.sd[name] == pytest.approx(table["sigma"][k] / ROOT2, rel=1e-9)
        slopes = 1 + state.eigenvalues.real  # one is 0: E and I are alike
        assert np.abs(slopes - table["slope"][k]).min() < 1e-6 * max(1, abs(table["slope"][k]))
        assert state.stable == (table["slope"][k] < 1) and state.residual < 1e-10


def test_panels_of_brunel():
    """Figure 8: synchronous regular, fast synchronous irregular, asynchronous irregular, slow synchronous irregular."""
    threshold = 20 / (0.1 * 1000 * 20e-3)
    assert threshold == pytest.approx(10, abs=1e-9)
    for g, eta, expected in [(3, 2, 327.0085), (6, 4, 55.8413), (5, 2, 37.9497), (4.5, 0.9, 6.5167)]:
        assert brunel(g, 1000 * eta * threshold).rates["E"] == pytest.approx(expected, abs=1e-3)
    assert brunel(5, 2000 * threshold, reset=0).rates["I"] == pytest.approx(32.0331, abs=1e-3)


# --- pools with memories ---------------------------------------------------------------------------------------------


def pools(couplings, g_plus, f=0.1, p=5):
    """An active pool s, the others o, neurons without a preference n, inhibition I; an o has its own pool and others."""
    parameters = INDEX["amit_brunel_meanfield"]["parameters"]
    j_ee, j_ie, j_ei, j_ii = parameters["J_sets"][couplings]
    outside = parameters["nu_ext_Hz"][couplings]
    g_minus = 1 - f * (g_plus - 1) / (1 - f)
    counts = [[f * 800, (p - 1) * f * 800, (1 - p * f) * 800, 200]] * 4
    mixed = np.array([g_plus, *[g_minus] * (p - 2)])
    weights = np.array([[j_ee] * 3 + [-j_ei]] * 3 + [[j_ie] * 3 + [-j_ii]])
    weights[0, :3] *= g_plus, g_minus, g_minus
    weights[1, :3] *= g_minus, mixed.mean(), g_minus
    spreads = np.zeros((4, 4))
    spreads[1, 1] = j_ee * mixed.std()
    external = 800 * np.array([outside[0]] * 3 + [outside[1]])
    jump = [j_ee] * 3 + [j_ie]
    return na.MeanField("sonI", counts, weights, spreads, [20, 20, 20, 10], background=external, background_weight=jump)


def test_pools():
    table = load("amit_brunel_meanfield")
    for k in range(len(table["set"])):
        field = pools(table["set"][k], table["g_plus"][k])
        state = field.solve([50, 0.5, 1, 11] if table["start"][k] else None)
        for name in "sonI":
            assert state.rates[name] == pytest.approx(table[f"nu_{name}"][k], rel=1e-8)
            assert state.mean[name] == pytest.approx(table[f"mu_{name}"][k], rel=1e-8)
            assert state.sd[name] == pytest.approx(table[f"sigma_{name}"][k] / ROOT2, rel=1e-8)
        assert state.eigenvalues[0].real == pytest.approx(table["eigenvalue"][k], abs=1e-6) and state.stable


def test_the_whole_branch_is_stationary():
    """Delay states, and from the fold on the unstable ones below them."""
    table = load("amit_brunel_meanfield")
    unstable = 0
    for k in range(len(table["branch_set"])):
        which = table["branch_set"][k]
        field = pools(which, table["branch_g_plus"][k])
        nu = np.array([table[f"branch_nu_{name}"][k] for name in "sonI"])
        assert np.allclose(field.transfer(nu), nu, rtol=1e-7, atol=1e-9)
        growth = np.linalg.eigvals(field.jacobian(nu)).real.max() - 1
        if abs(nu[0] - table["fold_nu_s"][which]) > 1:
            assert (growth > 0) == (nu[0] < table["fold_nu_s"][which])
            unstable += growth > 0
    assert unstable > 20


@pytest.mark.parametrize("couplings", [0, 1])
def test_delay_states_begin_at_the_fold(couplings):
    """2.5724 and 2.2946; where the fold is near the relaxation passes slowly, and still arrives."""
    fold = load("amit_brunel_meanfield")["fold_g_plus"][couplings]
    delay = {"s": 50, "o": 0.5, "n": 1, "I": 11}
    assert pools(couplings, fold + 1e-4).solve(delay).rates["s"] > 15
    assert pools(couplings, fold - 1e-4).solve(delay).rates["s"] < 5


def test_all_states_are_found():
    states = pools(0, 2.7).states()
    assert [state.stable for state in states] == [True, False, True]
    assert [round(state.rates["s"], 1) for state in states] == [3.1, 9.9, 46.3]
    assert len(pools(0, 2.4).states()) == 1
    assert "s 46.29 Hz" in repr(states[2]) and "unstable" in repr(states[1])


def test_wrong_fields_are_refused():
    field = brunel(5, 20_000)
    for call, words in [
        (lambda: na.MeanField("EI", [[1, 2]], 0.1), "counts: expected a number or shape"),
        (lambda: na.MeanField("EI", -1, 0.1), "counts.* is -1, must be at least 0"),
        (lambda: na.MeanField("EI", 1, np.nan), "weights.* is nan, must be finite"),
        (lambda: na.MeanField("EI", 1, 0.1, tau=0), "tau"),
        (lambda: na.MeanField("", np.zeros((0, 0)), 0.1), "there is no population"),
        (lambda: field.solve([1, -1]), "a rate of at least 0 for each of 2"),
        (lambda: field.solve([1]), "for each of 2"),
        (lambda: field.solve({"Q": 1}), "start: there is no population 'Q', but E, I"),
    ]:
        with pytest.raises((na.InvalidError, na.UnknownNameError), match=words):
            call()


def test_a_search_that_does_not_end_says_where_it_was(monkeypatch):
    monkeypatch.setattr("neuroai.mean_fields._MOST", 3)
    with pytest.raises(na.Error, match="start: no stationary state was reached in 3 steps; the rates were"):
        brunel(5, 20_000).solve()
