"""Psychometric functions: the fit finds what made the data, its intervals hold it as often as they say."""

import subprocess
import sys

import numpy as np
import pytest

import neuroai as na
from neuroai.fits import MOST_LAPSE, _Data, fit_psychometric

pytest.importorskip("scipy")

COHERENCE = np.array([0, 3.2, 6.4, 12.8, 25.6, 51.2])
SIGNED = np.linspace(-40, 40, 9)


def weibull(c, alpha, beta, guess=0.5, lapse=0.0):
    return guess + (1 - guess - lapse) * (1 - np.exp(-((c / alpha) ** beta)))


def logistic(x, bias, slope, lapse=0.0):
    return lapse + (1 - 2 * lapse) / (1 + np.exp(-slope * (x - bias)))


def counts(p, n):
    """The counts that are expected, which a fit must reproduce but for their rounding."""
    return np.round(p * n), np.full(len(p), n)


def test_a_weibull_is_found():
    fit = na.fit_psychometric(COHERENCE, *counts(weibull(COHERENCE, 12, 1.3), 10**7))
    assert fit.parameters["alpha"] == pytest.approx(12, rel=1e-3)
    assert fit.parameters["beta"] == pytest.approx(1.3, rel=1e-3)
    assert fit.deviance < 0.01 and fit.degrees == 4 and fit.p_value > 0.99 and fit.parameters["lapse"] == 0
    assert np.allclose(fit(COHERENCE), fit.fraction, atol=1e-6) and fit(0) == 0.5
    assert fit(fit.parameters["alpha"]) == pytest.approx(1 - 0.5 / np.e)
    assert "alpha 12" in repr(fit)


@pytest.mark.parametrize("guess, lapse", [(0.0, 0.0), (0.25, 0.03), (0.5, 0.05)])
def test_a_weibull_with_guessing_and_lapses_is_found(guess, lapse):
    p = weibull(COHERENCE, 8, 2, guess, lapse)
    for given in (lapse, "fit"):
        fit = na.fit_psychometric(COHERENCE, *counts(p, 10**7), guess=guess, lapse=given)
        assert fit.parameters["alpha"] == pytest.approx(8, rel=2e-3)
        assert fit.parameters["beta"] == pytest.approx(2, rel=5e-3)
        assert fit.parameters["lapse"] == pytest.approx(lapse, abs=2e-4)
    low, high = fit.interval["lapse"]
    assert low <= lapse + 2e-4 and high >= lapse and high - low < 0.002


@pytest.mark.parametrize("lapse", [0.0, 0.04])
def test_a_logistic_is_found(lapse):
    x = np.linspace(-60, 60, 13)
    fit = na.fit_psychometric(x, *counts(logistic(x, 5, 0.1, lapse), 10**7), "logistic", lapse="fit" if lapse else 0)
    assert fit.parameters["bias"] == pytest.approx(5, abs=0.01)
    assert fit.parameters["slope"] == pytest.approx(0.1, rel=1e-3)
    assert fit(5) == pytest.approx(0.5, abs=1e-3) and fit.parameters["lapse"] == pytest.approx(lapse, abs=1e-4)


def test_a_cumulative_normal_is_found():
    from scipy.stats import norm

    fit = na.fit_psychometric(SIGNED, *counts(norm.cdf(SIGNED, -4, 15), 10**7), "normal")
    assert fit.parameters["bias"] == pytest.approx(-4, abs=0.01)
    assert fit.parameters["slope"] == pytest.approx(1 / 15, rel=1e-3)
    assert np.allclose(fit(SIGNED), norm.cdf(SIGNED, -4, 15), atol=1e-4)


def test_a_falling_curve_has_a_slope_below_0():
    fit = na.fit_psychometric(SIGNED, *counts(1 - logistic(SIGNED, 5, 0.1), 10**6), "logistic")
    assert fit.parameters["slope"] == pytest.approx(-0.1, rel=1e-3)
    assert fit.parameters["bias"] == pytest.approx(5, abs=0.01) and fit.interval["slope"][1] < 0


def coverage(shape, truth, p, x, n, seeds):
    held = dict.fromkeys(truth, 0)
    generator = np.random.default_rng(7)
    for _ in range(seeds):
        fit = na.fit_psychometric(x, generator.binomial(n, p), n, shape)
        for name, value in truth.items():
            low, high = fit.interval[name]
            assert low < fit.parameters[name] < high
            held[name] += low <= value <= high
    return {name: count / seeds for name, count in held.items()}


@pytest.mark.parametrize(
    "shape, truth, x",
    [("weibull", {"alpha": 12.0, "beta": 1.3}, COHERENCE), ("logistic", {"bias": 3.0, "slope": 0.08}, SIGNED)],
)
def test_intervals_hold_the_truth_in_about_95_of_100_seeds(shape, truth, x):
    p = (weibull if shape == "weibull" else logistic)(x, *truth.values())
    found = coverage(shape, truth, p, x, 200, seeds=120)
    for name in truth:  # 0.95 give or take 3 standard errors, sqrt(0.95 * 0.05 / 120) = 0.02
        assert 0.89 <= found[name] <= 1.0, found
    assert min(found.values()) < 1.0, "intervals that always hold are too wide"


def test_an_interval_is_where_the_likelihood_has_dropped():
    """The ends of a profile, found again by a search on a grid."""
    from scipy.special import xlog1py, xlogy

    k, n = np.array([52, 58, 70, 88, 99, 100]), np.full(6, 100)
    fit = na.fit_psychometric(COHERENCE, k, n)

    def likelihood(alpha, beta):
        p = weibull(COHERENCE[1:, None], alpha, beta)
        return (xlogy(k[1:, None], p) + xlog1py((n - k)[1:, None], -p)).sum(axis=0)

    betas = np.linspace(0.3, 5, 4000)
    top = likelihood(fit.parameters["alpha"], np.array([fit.parameters["beta"]]))[0]
    for end in fit.interval["alpha"]:
        assert 2 * (top - likelihood(end, betas).max()) == pytest.approx(3.841, abs=0.01)
    alphas = np.linspace(3, 40, 4000)
    for end in fit.interval["beta"]:
        assert 2 * (top - likelihood(alphas, end).max()) == pytest.approx(3.841, abs=0.01)
    wide = na.fit_psychometric(COHERENCE, k, n, confidence=0.99).interval["alpha"]
    assert wide[0] < fit.interval["alpha"][0] and wide[1] > fit.interval["alpha"][1]


# numbers of successes and trials where profiles have several maxima; found among random ones
SEVERAL = [
    (0, [3, 5, 14, 25, 34, 39], [26, 31, 19, 24, 53, 15], [35, 54, 19, 24, 53, 15]),
    (0, [4, 34, 35], [29, 5, 22], [47, 5, 22]),
    ("fit", [1, 14, 24, 32, 35, 36], [14, 41, 17, 7, 47, 36], [26, 56, 17, 10, 51, 37]),
    ("fit", [12, 21, 23, 24, 28, 34], [18, 16, 12, 29, 11, 24], [25, 17, 12, 35, 12, 26]),
]


@pytest.mark.parametrize("lapse, x, k, n", SEVERAL)
def test_intervals_hold_all_that_is_as_good(lapse, x, k, n):
    """Whatever of a fine grid is within the drop is in all intervals, and comes near to each finite end."""
    fit = na.fit_psychometric(x, k, n, lapse=lapse)
    lapses = np.linspace(0, MOST_LAPSE, 41) if lapse else np.zeros(1)
    grid = np.meshgrid(np.geomspace(0.05, 400, 400), np.geomspace(0.02, 100, 160), lapses, indexing="ij")
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        p = [weibull(c, grid[0], grid[1], lapse=grid[2]) for c in x]
        top = sum(a * np.log(q) + np.where(b > a, (b - a) * np.log1p(-q), 0) for a, b, q in zip(k, n, p))
    good = 2 * (fit.log_likelihood - top) < 3.84
    for name, values in zip(("alpha", "beta", "lapse"), grid):
        if name in fit.interval:
            low, high = fit.interval[name]
            assert low * 0.999 <= values[good].min() and values[good].max() <= high * 1.001, name
            apart = [0.006, 0.006] if name == "lapse" else [0.1 * low, 0.1 * values[good].max()]  # a grid has steps
            assert values[good].min() - low < apart[0] or low < 0.05, name
            assert high - values[good].max() < apart[1] or high == np.inf, name


def test_deviance():
    k, n = np.array([30, 45, 80, 95]), np.full(4, 100)
    fit = na.fit_psychometric([-20, -5, 5, 20], k, n, "logistic")
    p = fit([-20, -5, 5, 20])
    expected = 2 * np.sum(k * np.log(k / (n * p)) + (n - k) * np.log((n - k) / (n * (1 - p))))
    assert fit.deviance == pytest.approx(expected) and fit.degrees == 2 and 0 < fit.p_value < 1
    perfect = na.fit_psychometric([5, 10], [60, 90], [100, 100])
    assert perfect.deviance == pytest.approx(0, abs=1e-6) and np.isnan(perfect.p_value)


def test_a_single_trial_a_row_is_the_same_fit():
    k, n = np.array([52, 58, 70, 88, 99, 100]), np.full(6, 100)
    x = np.repeat(COHERENCE, n)
    success = np.concatenate([np.arange(100) < count for count in k])
    together, apart = na.fit_psychometric(COHERENCE, k, n), na.fit_psychometric(x, success, np.ones(600))
    assert apart.parameters == pytest.approx(together.parameters)
    assert (apart.x == COHERENCE).all() and (apart.successes == k).all()


def test_values_without_trials_are_left_out():
    k, n = np.array([52, 58, 70, 88, 99, 100, 0]), np.array([100] * 6 + [0])
    fit, other = na.fit_psychometric(np.append(COHERENCE, 75), k, n), na.fit_psychometric(COHERENCE, k[:6], n[:6])
    assert (fit.x == COHERENCE).all() and fit.degrees == 4 and fit.parameters == other.parameters


# --- data that do not say ---------------------------------------------------------------------------------------------


def test_chance_has_no_threshold():
    k = np.random.default_rng(1).binomial(200, 0.5, 6)
    fit = na.fit_psychometric(COHERENCE, k, 200)
    assert fit.interval["alpha"][1] == np.inf
    assert not np.isfinite(fit.parameters["alpha"]) or fit.parameters["alpha"] > 20
    flat = na.fit_psychometric(SIGNED, np.random.default_rng(1).binomial(100, 0.5, 9), 100, "logistic")
    assert flat.interval["bias"] == (-np.inf, np.inf) and flat.interval["slope"][0] < 0 < flat.interval["slope"][1]


def test_a_step_is_infinitely_steep():
    fit = na.fit_psychometric(SIGNED, (SIGNED > 0) * 100, 100, "logistic")
    assert fit.parameters["slope"] == np.inf == fit.interval["slope"][1] and fit.interval["slope"][0] > 0.1
    assert (
        fit.parameters["bias"] == pytest.approx(5) and 0 <= fit.interval["bias"][0] < 5 < fit.interval["bias"][1] <= 10
    )
    fit = na.fit_psychometric(COHERENCE, [100, 100, 100, 200, 200, 200], 200)
    assert fit.parameters["beta"] == np.inf == fit.interval["beta"][1]
    assert 6.4 < fit.interval["alpha"][0] < fit.parameters["alpha"] < fit.interval["alpha"][1] < 12.8
    assert np.isfinite(fit(COHERENCE)).all()


@pytest.mark.parametrize(
    "arguments, options, message",
    [
        (([5], [4], [5]), {}, "at least 2 values above 0, got 1"),
        (([0, 5], [4, 4], [5, 5]), {}, "at least 2 values above 0, got 1"),
        (([5, 10], [4, 5], [5, 5]), {"lapse": "fit"}, "at least 3 values"),
        (([5, 10], [5, 5], [5, 5]), {}, "every trial is correct"),
        (([5, 10], [0, 0], [5, 5]), {}, "no trial is correct"),
        (([-5, 10], [5, 5], [5, 5]), {"shape": "logistic"}, "the same choice"),
        (([-5, 10], [4, 5], [5, 5]), {}, "'logistic'"),
        (([5, 10], [0.8, 0.9], [5, 5]), {}, "not a fraction"),
        (([5, 10], [6, 4], [5, 5]), {}, "at most trials"),
        (([5, np.nan], [4, 4], [5, 5]), {}, "finite"),
        (([0, 5, 10], [1, 2, 4], [5, 5, 5]), {"guess": 0}, "chance level"),
        (([5, 10], [4, 4], [5, 5]), {"shape": "probit"}, "weibull, logistic, normal"),
        (([5, 10], [4, 4], [5, 5]), {"guess": 1}, "guess is 1"),
        (([5, 10], [4, 4], [5, 5]), {"lapse": 0.6}, "lapse"),
        (([5, 10], [4, 4], [5, 5]), {"lapse": "free"}, "lapse"),
        (([5, 10], [4, 4], [5, 5]), {"lapse": 0.35, "guess": 0.7}, "below 0.3, got 0.35"),
        (([5, 10], [4, 4], [5, 5]), {"lapse": None}, "lapse: expected a number, got None"),
        (([5, 10], [4, 4], [5, 5]), {"lapse": np.zeros(2)}, "lapse: expected a number"),
        (([5, 10], [4, 4], [5, 5]), {"confidence": 95}, "confidence is 95"),
        (([5, 10], [1, 2, 4], 5), {}, r"one shape, or numbers, got x \[2\], successes \[3\], trials \[1\]"),
    ],
)
def test_what_cannot_be_fitted_says_why(arguments, options, message):
    with pytest.raises(na.InvalidError, match=message):
        na.fit_psychometric(*arguments, **options)


def test_a_curve_needs_trials():
    with pytest.raises(na.InvalidError, match="trials: there are none"):
        na.fits.logistic_curve([5, 10], [0, 0], [0, 0])


def test_a_weibull_is_of_values_from_0_on():
    fit = na.fit_psychometric([5, 10], [60, 90], [100, 100])
    with pytest.raises(na.InvalidError, match="at least 0"):
        fit([-1, 2])


def test_the_lapse_rate_has_a_bound():
    x = np.array([1.0, 2, 4, 8, 16, 32])
    fit = na.fit_psychometric(x, *counts(weibull(x, 4, 2, 0.5, 0.3), 1000), lapse="fit")
    assert fit.parameters["lapse"] == pytest.approx(MOST_LAPSE) == fit.interval["lapse"][1]


def test_without_scipy_the_error_says_what_to_install():
    program = """
import sys
sys.modules["scipy"] = sys.modules["scipy.optimize"] = None
import neuroai as na
try:
    na.fit_psychometric([5, 10], [60, 90], [100, 100])
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pip install scipy" in done.stdout and "neuroai[fits]" in done.stdout


@pytest.mark.parametrize("shape", ["weibull", "logistic", "normal"])
@pytest.mark.parametrize("place", [(0.2, 1.5, 0.03), (-1.0, -0.7, 0.15), (0.5, 6.0, 1e-4)])
def test_derivatives_of_the_likelihood(shape, place):
    """Central differences: of the value the gradient, of the gradient the second derivatives."""
    data = _Data(shape, np.linspace(-1, 2, 6), np.array([3.0, 8, 0, 15, 19, 20]), np.full(6, 20.0), 0.3)
    value, gradient, second = data.likelihood(*place)
    for i in range(3):
        step = np.zeros(3)
        step[i] = 1e-6 * max(abs(place[i]), 1e-2)
        above, below = data.likelihood(*(place + step)), data.likelihood(*(place - step))
        assert (above[0] - below[0]) / (2 * step[i]) == pytest.approx(gradient[i], rel=1e-5, abs=1e-5)
        assert np.allclose((above[1] - below[1]) / (2 * step[i]), second[i], rtol=1e-5, atol=1e-4)
    assert np.array_equal(second, second.T)


def test_a_fit_takes_few_evaluations(monkeypatch):
    """By no optimiser that calls a BLAS; in some hundred evaluations, intervals included (220 and 637 when written)."""
    optimize = pytest.importorskip("scipy.optimize")
    for name in ("minimize", "least_squares", "curve_fit"):
        monkeypatch.setattr(optimize, name, None)
    made, asked = _Data.likelihood, []
    monkeypatch.setattr(_Data, "likelihood", lambda *place: asked.append(place) or made(*place))
    c = np.array([3.2, 6.4, 12.8, 25.6, 51.2])
    fit_psychometric(c, [52, 66, 80, 95, 99], 100)
    plain = len(asked)
    fit_psychometric(c, [52, 66, 80, 95, 98], 100, lapse="fit")
    assert plain < 400 and len(asked) - plain < 1200, (plain, len(asked) - plain)


def test_the_better_of_two_maxima_is_found():
    """A steep curve with lapses, by 0.64 better than a shallow one without; whether it falls or rises."""
    k, n = np.array([6, 30, 3, 9]), np.array([7, 126, 28, 141])
    for successes in (k, n - k):
        fit = fit_psychometric([-25.1, 6.6, 8.2, 20.5], successes, n, "logistic", lapse="fit")
        assert fit.log_likelihood == pytest.approx(-115.29, abs=0.02) and fit.parameters["lapse"] > 0.05


def test_scipy_is_brought_only_when_used():
    program = "import sys, neuroai; print({'scipy', 'pandas', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
