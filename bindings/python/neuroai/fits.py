"""Psychometric functions, fitted by maximum likelihood, with confidence intervals by profile likelihood.

Three shapes, all of them one function F of z = a + b x'::

    "weibull"   P(c) = guess + (1 - guess - lapse) (1 - exp(-(c / alpha)^beta)),  c >= 0: fraction correct
    "logistic"  P(x) = lapse + (1 - 2 lapse) / (1 + exp(-slope (x - bias))),      x of both signs: fraction of a choice
    "normal"    P(x) = lapse + (1 - 2 lapse) Phi(slope (x - bias))

An interval holds all values at which twice the log likelihood, the other parameters being as good as they can be, is
less than the chi-square quantile (3.84 for 95 %) below its maximum. On a side where the data set no bound, the interval
ends at 0 or infinity. Needs SciPy.

The maximum is found by Newton's method with the exact second derivatives, within bounds, and damped (Levenberg and
Marquardt) where the likelihood is not concave. It is in Python, of matrices of 3 x 3 at most: SciPy's optimisers call a
BLAS for these, whose threads wait for each other longer than all the rest takes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._closed import Record
from ._handle import frozen, given, real, spelt, together
from ._kinds import of_their_kind
from ._needed import needed
from .errors import InvalidError, brief

__all__ = ["PsychometricFit", "fit_psychometric", "logistic_curve"]

Doubles = npt.NDArray[np.float64]
Interval = Tuple[float, float]

SHAPES = ("weibull", "logistic", "normal")
#: Largest lapse rate that a fit considers: a tenth is much, above it fits trade lapses for threshold.
MOST_LAPSE = 0.2
#: b of a Weibull lies in here; a fit that ends at a side is reported as 0 or infinite.
LEAST_BETA, MOST_BETA = 0.01, 100.0
#: The largest |b|, of x' that spans 1.
MOST_SLOPE = 1e3
#: How far a location is followed from the data, in spans of x'.
FAR = 1e4
#: Of a derivative, or minus the log likelihood: far above what any data have where they are not impossible.
MOST = 1e15
#: The rise of the log likelihood below which no step is worth taking; intervals are where it has dropped by 1.92.
ENOUGH = 1e-10


def _logs(shape: str, z: Doubles) -> Tuple[Doubles, Doubles, Doubles, Doubles]:
    """log F, log(1 - F), log dF/dz, exact in the tails, and the slope of the last."""
    if shape == "weibull":
        z = np.clip(z, -700, 700)
        hazard = np.exp(z)
        with np.errstate(divide="ignore"):
            below = np.where(hazard < 1e-10, z, np.log(-np.expm1(-np.maximum(hazard, 1e-300))))
        return below, -hazard, z - hazard, 1 - hazard
    if shape == "logistic":
        below, above = -np.logaddexp(0, -z), -np.logaddexp(0, z)
        return below, above, below + above, np.exp(above) - np.exp(below)
    special = needed("scipy.special", "fitting a psychometric function", "fits")
    return special.log_ndtr(z), special.log_ndtr(-z), -0.5 * z**2 - 0.5 * np.log(2 * np.pi), -z


class _Data:
    """Counts over x', which spans about 1 around 0; and the likelihood of z = a + b x' with a lapse rate l."""

    def __init__(self, shape: str, x: Doubles, k: Doubles, n: Doubles, guess: float) -> None:
        self.shape, self.k, self.n, self.guess = shape, k, n, guess
        self.centre = float(np.average(x, weights=n))
        self.span = float(np.ptp(x)) or 1.0
        self.x = (x - self.centre) / self.span

    def limits(self, lapse: float) -> Tuple[float, float]:
        """P where F is 0, and how much it rises."""
        low = self.guess if self.shape == "weibull" else lapse
        return low, 1 - low - lapse

    def likelihood(self, a: float, b: float, lapse: float) -> Tuple[float, Doubles, Doubles]:
        """Log likelihood, without the binomial coefficients, and its derivatives in (a, b, lapse), [3] and [3, 3]."""
        below, above, density, bend = _logs(self.shape, a + b * self.x)
        low, rise = self.limits(lapse)
        with np.errstate(divide="ignore"):
            lows, rises, highs = np.log(low), np.log(rise), np.log(1 - low - rise) if lapse > 0 else -np.inf
        p, q = np.logaddexp(lows, rises + below), np.logaddexp(highs, rises + above)
        k, misses = self.k, self.n - self.k
        value = float(np.sum(_times(k, p) + _times(misses, q)))
        with np.errstate(over="ignore", invalid="ignore"):
            # of P and 1 - P, in parts of them: the slopes by z and by the lapse rate, the latter's by z
            by_z, less_by_z = np.exp(rises + density - p), np.exp(rises + density - q)
            fall = 1.0 if self.shape == "weibull" else 2.0
            by_lapse = (2 - fall) * -np.exp(below) + (fall - 1) * (1 - 2 * np.exp(below))
            by_l, less_by_l = by_lapse * np.exp(np.minimum(-p, 500)), by_lapse * np.exp(np.minimum(-q, 500))
            z = _times(k, by_z) - _times(misses, less_by_z)
            l = _times(k, by_l) - _times(misses, less_by_l)  # noqa: E741
            zz = _times(k, by_z * (bend - by_z)) - _times(misses, less_by_z * (bend + less_by_z))
            zl = _times(misses, less_by_z * (fall / rise - less_by_l)) - _times(k, by_z * (fall / rise + by_l))
            ll = -_times(k, by_l**2) - _times(misses, less_by_l**2)
            x, sums = self.x, [zz.sum(), (zz * self.x).sum(), (zz * self.x**2).sum(), zl.sum(), (zl * self.x).sum()]
        second = [[sums[0], sums[1], sums[3]], [sums[1], sums[2], sums[4]], [sums[3], sums[4], ll.sum()]]
        return value, np.array([z.sum(), (z * x).sum(), l.sum()]), np.array(second)

    def likelihoods(self, a: Doubles, b: Doubles, lapse: Doubles) -> Doubles:
        """The log likelihood of many at once, [n]."""
        below, above, _, _ = _logs(self.shape, a[:, None] + b[:, None] * self.x)
        low = np.full(len(a), self.guess) if self.shape == "weibull" else lapse
        with np.errstate(divide="ignore"):
            lows, rises, highs = np.log(low)[:, None], np.log(1 - low - lapse)[:, None], np.log(lapse)[:, None]
        p, q = np.logaddexp(lows, rises + below), np.logaddexp(highs, rises + above)
        return np.asarray((_times(self.k, p) + _times(self.n - self.k, q)).sum(axis=1))


def _times(count: Doubles, value: Doubles) -> Doubles:
    """0 times infinity is 0: what never happened may have been impossible."""
    with np.errstate(over="ignore"):  # a gradient that is too large is clipped
        return np.where(count > 0, count * np.where(count > 0, value, 0), 0)


def _ascent(gradient: Doubles, curvature: Doubles, damping: float) -> Optional[Doubles]:
    """The damped step up, [n]: solves (curvature + damping of its diagonal) step = gradient, by Cholesky's factors.

    None where that is not positive definite.
    """
    n = len(gradient)
    a = [[float(entry) for entry in row] for row in curvature]
    right = [float(entry) for entry in gradient]
    factor = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            rest = a[i][j] + (damping * max(abs(a[i][i]), 1e-12) if i == j else 0.0)
            rest -= sum(factor[i][m] * factor[j][m] for m in range(j))
            if i > j:
                factor[i][j] = rest / factor[j][j]
            elif rest > 1e-14 * abs(a[i][i]):
                factor[i][i] = rest**0.5
            else:
                return None  # NaN, too
    for i in range(n):
        right[i] = (right[i] - sum(factor[i][m] * right[m] for m in range(i))) / factor[i][i]
    for i in reversed(range(n)):
        right[i] = (right[i] - sum(factor[m][i] * right[m] for m in range(i + 1, n))) / factor[i][i]
    return np.array(right)


class _Search:
    """Finds the maximum, with none or one of the parameters held."""

    def __init__(self, data: _Data, lapse: Optional[float]) -> None:
        self.optimize = needed("scipy.optimize", "fitting a psychometric function", "fits")
        self.data, self.lapse = data, lapse
        self.slopes = _slope_bounds(data)
        self.several = lapse != 0 or (data.shape == "weibull" and data.guess > 0)  # maxima there may be
        self._lapses = np.array([0.003, 0.01, 0.03, 0.06, 0.1, 0.15, MOST_LAPSE] if lapse is None else [lapse])
        steep = np.geomspace(LEAST_BETA * data.span if data.shape == "weibull" else 0.3, self.slopes[1], 12)
        self._slopes = steep if data.shape == "weibull" else np.concatenate([-steep, steep])
        ends = np.linspace(data.x.min() - 1, data.x.max() + 1, 21)
        self._places = np.concatenate([ends, (data.x[1:] + data.x[:-1]) / 2])
        self.best = max((self._from(start) for start in self._starts()), key=lambda found: found[0])
        self._take_a_step()

    def _take_a_step(self) -> None:
        """The steepest slope instead, where it is as good as any: of data that a step explains."""
        step = self.at_slope(self.slopes[1] if self.best[1][1] > 0 else self.slopes[0], self.best[1])
        if step[0] >= self.best[0] - 1e-6:
            self.best = step

    def _starts(self) -> List[Doubles]:
        """Several, as only that of a guess rate and a lapse rate of 0 has no other maximum."""
        lapses = [0.01, 0.1] if self.lapse is None else [self.lapse]
        if self.data.shape != "weibull":
            places = [(0.0, 0.0)]
            if self.lapse is None:  # a steep curve with lapses may be as good as a shallow one without
                rises = 1 if (self.data.x * (2 * self.data.k - self.data.n)).sum() > 0 else -1
                places += [(rises * b, m) for b in (8.0, 40.0) for m in (-0.3, -0.1, 0.1, 0.3)]
            return [np.array([-b * m, b, lapse]) for b, m in places for lapse in lapses]
        return [np.array([-b * m, b, lapse]) for b in (2.0, 20.0) for m in (-0.3, 0.0, 0.3) for lapse in lapses]

    def _likeliest(self, m: npt.ArrayLike, b: npt.ArrayLike, lapse: npt.ArrayLike) -> Tuple[float, Doubles]:
        """The highest likelihood of all of these places, and (a, b, lapse)."""
        grid = [each.ravel() for each in np.meshgrid(m, b, lapse)]
        places = np.array([-grid[0] * grid[1], grid[1], grid[2]])
        values = self.data.likelihoods(*places)
        highest = int(np.argmax(values))
        return float(values[highest]), places[:, highest]

    def _from(self, start: Doubles) -> Tuple[float, Doubles]:
        return self.climb(lambda p: p, np.eye(3), start)

    def climb(
        self, place: Callable[[Doubles], Doubles], jacobian: npt.NDArray[Any], start: Doubles
    ) -> Tuple[float, Doubles]:
        """The best (a, b, lapse) = place(free), linear in what is free, [k] with jacobian [3, k]."""

        def at(free: Doubles) -> Tuple[float, Doubles, Doubles]:
            value, gradient, second = self.data.likelihood(*place(free))
            gradient, second = (np.clip(np.nan_to_num(each), -MOST, MOST) for each in (gradient, second))
            first = np.array([(column * gradient).sum() for column in jacobian.T])
            twice = [[(one[:, None] * second * other).sum() for other in jacobian.T] for one in jacobian.T]
            return max(value, -MOST), first, -np.array(twice)

        limits = [(-2e4, 2e4), self.slopes, (0, MOST_LAPSE) if self.lapse is None else (self.lapse, self.lapse)]
        low, high = np.array([limits[int(np.argmax(np.abs(column) * [1, 2, 3]))] for column in jacobian.T]).T
        free = np.clip(start, low, high)
        now, damping = at(free), 0.0
        for _ in range(500):
            held = ((free <= low) & (now[1] <= 0)) | ((free >= high) & (now[1] >= 0))
            moves = np.flatnonzero(~held)
            if not len(moves):
                break
            step = _ascent(now[1][moves], now[2][np.ix_(moves, moves)], damping)
            if step is not None:
                if float((step * now[1][moves]).sum()) < ENOUGH:
                    break
                ahead = free.copy()
                ahead[moves] = np.clip(free[moves] + step, low[moves], high[moves])
                there = at(ahead)
            if step is not None and there[0] > now[0]:
                free, now, damping = ahead, there, damping / 10 if damping > 1e-3 else 0.0
            else:
                damping = max(1e-3, 10 * damping)
        return now[0], place(free)

    # the profiles: the best likelihood with one parameter held, from where a neighbour had its best, and from where it is
    # high at all
    def at_location(self, m: float, near: Doubles) -> Tuple[float, Doubles]:
        place = lambda free: np.array([-m * free[0], free[0], free[1]])  # noqa: E731
        slopes = [near[1], 1 / (1 + abs(m))] if self.data.shape == "weibull" and abs(m) > 2 else [near[1]]
        starts = [np.array([b, near[2]]) for b in slopes]
        other = self._likeliest(m, self._slopes, self._lapses) if self.several else None
        return self._highest(place, np.array([[-m, 0], [1, 0], [0, 1]]), starts, other, [1, 2])

    def at_slope(self, b: float, near: Doubles) -> Tuple[float, Doubles]:
        place = lambda free: np.array([free[0], b, free[1]])  # noqa: E731
        m = -near[0] / near[1] if near[1] else 0.0
        other = self._likeliest(self._places, b, self._lapses) if self.several else None
        return self._highest(place, np.array([[1, 0], [0, 0], [0, 1]]), [np.array([-m * b, near[2]])], other, [0, 2])

    def at_lapse(self, lapse: float, near: Doubles) -> Tuple[float, Doubles]:
        place = lambda free: np.array([free[0], free[1], lapse])  # noqa: E731
        other = self._likeliest(self._places, self._slopes, lapse)
        return self._highest(place, np.array([[1, 0], [0, 1], [0, 0]]), [near[:2]], other, [0, 1])

    def _highest(
        self,
        place: Callable[[Doubles], Doubles],
        jacobian: npt.NDArray[Any],
        starts: List[Doubles],
        other: Optional[Tuple[float, Doubles]],
        free: List[int],
    ) -> Tuple[float, Doubles]:
        """The best climb from starts; and from another place of a high likelihood, which may be below another maximum."""
        found = max((self.climb(place, jacobian, start) for start in starts), key=lambda one: one[0])
        if other is None or (other[0] <= found[0] and _beside(found[1], other[1])):
            return found
        return max(found, self.climb(place, jacobian, other[1][free]), key=lambda one: one[0])


def _beside(one: Doubles, other: Doubles) -> bool:
    """Whether two places are as near as those of a grid, so that they are below the same maximum."""
    if one[1] * other[1] <= 0:
        return False
    apart = abs(float(one[0] / one[1] - other[0] / other[1]))
    return apart <= 0.15 and 0.5 <= float(one[1] / other[1]) <= 2


def _slope_bounds(data: _Data) -> Interval:
    if data.shape == "weibull":
        return LEAST_BETA * data.span, MOST_BETA * data.span
    return -MOST_SLOPE, MOST_SLOPE


def _side(
    search: _Search, profile: Any, start: float, steps: List[float], drop: float, none: float, closed: bool = False
) -> float:
    """Where a profile has dropped by ``drop``, going from ``start`` through ``steps``; ``none`` where it never has."""
    top, near = search.best
    inner = start

    def excess(value: float) -> float:
        return float(2 * (top - profile(value, near)[0]) - drop)

    if not closed and excess(steps[-1]) < 0:
        return none
    for value in steps:
        found, where = profile(value, near)
        if 2 * (top - found) > drop:
            low, high = sorted((inner, value))
            if excess(low) * excess(high) >= 0:
                return value
            return float(search.optimize.brentq(excess, low, high, xtol=1e-5, rtol=1e-5))
        inner, near = value, where
    return none


def _out(start: float, to: float, first: float) -> List[float]:
    """Steps from start to ``to``, each 1.6 times as long as the one before."""
    steps, step, sign = [], first, np.sign(to - start)
    value = start + sign * step
    while (to - value) * sign > 0:
        steps.append(value)
        step *= 1.6
        value += sign * step
    return [*steps, to]


@dataclass(frozen=True)
class PsychometricFit:
    """A fitted psychometric function; call it with values of the condition to get P.

    Made by :func:`fit_psychometric` and :meth:`neuroai.Evaluation.fit`.
    """

    #: "weibull", "logistic" or "normal".
    shape: str
    #: "alpha" (unit of x; P there is guess + (1 - guess - lapse) (1 - 1/e)) and "beta"; or "bias" (unit of x) and
    #: "slope" (1 / unit of x); and "lapse". 0, infinite or NaN where the data do not bound it.
    parameters: Dict[str, float]
    #: Of each fitted parameter its confidence interval, by profile likelihood.
    interval: Dict[str, Interval]
    #: Of the intervals: 0.95.
    confidence: float
    #: P at c = 0 of a Weibull.
    guess: float
    #: Log likelihood of the counts, with the binomial coefficients left out.
    log_likelihood: float
    #: 2 (log likelihood of a model with a parameter for each value - log_likelihood).
    deviance: float
    #: Number of values less number of fitted parameters.
    degrees: int
    #: Probability of a larger deviance were the function true (chi-square; NaN at 0 degrees). Trials per value should
    #: be many for it to hold.
    p_value: float
    #: Values of the condition, ascending, [m].
    x: Doubles = field(repr=False)
    #: Number of successes at each, [m].
    successes: Doubles = field(repr=False)
    #: Number of trials at each, [m].
    trials: Doubles = field(repr=False)
    #: a, b, lapse, and centre and span of x'.
    _z: Tuple[float, float, float, float, float] = field(repr=False, default=(0, 0, 0, 0, 1))

    def __call__(self, x: npt.ArrayLike) -> Doubles:
        """P at ``x``, of the same shape."""
        a, b, lapse, centre, span = self._z
        values = given("x", x).astype(np.float64)
        if self.shape == "weibull":
            if np.any(values < 0):
                raise InvalidError("x: a Weibull function is of values of at least 0")
            with np.errstate(divide="ignore"):
                values = np.log(values)
        low = self.guess if self.shape == "weibull" else lapse
        with np.errstate(invalid="ignore"):
            z = np.where(np.isneginf(values), -np.inf, a + b * (values - centre) / span)
        return np.asarray(low + (1 - low - lapse) * np.exp(_logs(self.shape, z)[0]))

    @property
    def fraction(self) -> Doubles:
        """Fraction of successes at each value of ``x``, [m]."""
        return frozen(self.successes / self.trials)

    def __repr__(self) -> str:
        words = []
        for name, value in self.parameters.items():
            bounds = "({:.4g}, {:.4g})".format(*self.interval[name]) if name in self.interval else "(given)"
            words.append(f"{name} {value:.4g} {bounds}")
        return (
            f"<{self.shape} fit: {', '.join(words)}; deviance {self.deviance:.3g}, {self.degrees} degrees of freedom>"
        )


@of_their_kind
def fit_psychometric(
    x: npt.ArrayLike,
    successes: npt.ArrayLike,
    trials: npt.ArrayLike,
    shape: str = "weibull",
    *,
    guess: float = 0.5,
    lapse: Union[float, str] = 0.0,
    confidence: float = 0.95,
) -> PsychometricFit:
    """Fits a psychometric function by maximum likelihood.

    Args:
        x: values of the condition, [m]; for a Weibull at least 0. Values may be repeated.
        successes: number of correct trials at each value (Weibull), or of choices of one kind, [m].
        trials: number of trials at each, [m].
        shape: "weibull", "logistic" or "normal", see `neuroai.fits`.
        guess: of a Weibull, P at c = 0: 1 / number of choices.
        lapse: fraction of trials in which the answer is wrong (or, with both signs, against the evidence) whatever the
            value; or "fit", between 0 and 0.2.
        confidence: of the intervals.

    Returns:
        The fit, with intervals by profile likelihood.
    """
    shape = spelt(shape, SHAPES)
    if shape not in SHAPES:
        raise InvalidError(f"shape: expected one of {', '.join(SHAPES)}, got {brief(shape)}")
    if not 0 <= guess < 1:
        raise InvalidError(f"guess is {guess:g}, must be at least 0 and below 1")
    if not 0 < confidence < 1:
        raise InvalidError(f"confidence is {confidence:g}, must be between 0 and 1")
    fixed = _fixed_lapse(lapse, guess if shape == "weibull" else 0.5)
    values, k, n = _counts(x, successes, trials)
    used = _usable(shape, values, k, n, guess, fixed)
    where = np.log(values[used]) if shape == "weibull" else values[used]
    search = _Search(_Data(shape, where, k[used], n[used], guess), fixed)
    return _made(search, values, k, n, guess, confidence)


def logistic_curve(x: npt.ArrayLike, successes: npt.ArrayLike, trials: npt.ArrayLike) -> Callable[[Doubles], Doubles]:
    """The logistic function without lapses that :func:`fit_psychometric` finds, by Newton's method, without SciPy.

    Its log likelihood is concave, so that there is no other maximum. What a step explains has a very steep one.
    """
    values, k, n = _counts(x, successes, trials)
    if not len(values):
        raise InvalidError("trials: there are none")
    data = _Data("logistic", values, k, n, 0.0)
    design = np.stack([np.ones_like(data.x), data.x], axis=1)
    place, ahead = np.zeros(2), np.zeros(2)
    best = data.likelihood(0.0, 0.0, 0.0)[0]
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(design @ place, -30, 30)))
        hessian = design.T @ ((n * p * (1 - p))[:, None] * design) + 1e-9 * n.sum() * np.eye(2)
        ahead = np.linalg.solve(hessian, design.T @ (k - n * p))
        while np.abs(ahead).max() > 1e-10 and data.likelihood(place[0] + ahead[0], place[1] + ahead[1], 0.0)[0] < best:
            ahead = ahead / 2
        place = place + ahead
        if np.abs(ahead).max() < 1e-10 or abs(place[1]) > MOST_SLOPE:
            break
        best = data.likelihood(place[0], place[1], 0.0)[0]
    return lambda at: np.exp(_logs("logistic", place[0] + place[1] * (np.asarray(at) - data.centre) / data.span)[0])


def _fixed_lapse(lapse: Union[float, str], guess: float) -> Optional[float]:
    if isinstance(lapse, str) and lapse == "fit":
        return None
    most = min(0.5, 1 - guess)
    if isinstance(lapse, str) or not 0 <= real("lapse", lapse) < most:
        raise InvalidError(f'lapse: expected "fit" or a fraction of at least 0 and below {most:g}, got {brief(lapse)}')
    return float(lapse)


def _counts(x: npt.ArrayLike, successes: npt.ArrayLike, trials: npt.ArrayLike) -> Tuple[Doubles, Doubles, Doubles]:
    """Sorted values, each once, with their counts."""
    arrays = {"x": given("x", x), "successes": given("successes", successes), "trials": given("trials", trials)}
    values, k, n = together(**{name: array.astype(np.float64).ravel() for name, array in arrays.items()})
    if not np.all(np.isfinite(values) & np.isfinite(k) & np.isfinite(n)):
        raise InvalidError("x, successes and trials must be finite")
    if np.any((k < 0) | (k > n)):
        raise InvalidError("successes: must be at least 0 and at most trials (they are numbers, not fractions)")
    if np.any((k != np.round(k)) | (n != np.round(n))):
        raise InvalidError("successes and trials: must be whole numbers (successes is a number, not a fraction)")
    kept = n > 0
    unique, index = np.unique(values[kept], return_inverse=True)
    index = index.ravel()
    m = len(unique)
    counts = [np.asarray(np.bincount(index, number[kept], m), np.float64) for number in (k, n)]
    return unique.astype(np.float64), counts[0], counts[1]


def _usable(
    shape: str, x: Doubles, k: Doubles, n: Doubles, guess: float, lapse: Optional[float]
) -> npt.NDArray[np.bool_]:
    """Which values tell something; or an error where no fit can be made of them."""
    used = x > 0 if shape == "weibull" else np.ones(len(x), bool)
    if shape == "weibull" and np.any(x < 0):
        raise InvalidError(
            "x: a Weibull function is of values of at least 0; of both signs take 'logistic' or 'normal'"
        )
    if shape == "weibull" and guess == 0 and np.any(k[~used] > 0):
        raise InvalidError("guess is 0, but there are successes at x = 0: give the chance level")
    least = 3 if lapse is None else 2
    above = " above 0" if shape == "weibull" else ""
    if used.sum() < least:
        raise InvalidError(f"x: a fit of {least} parameters needs at least {least} values{above}, got {used.sum()}")
    if np.all(k[used] == n[used]) or np.all(k[used] == 0):
        what = "correct" if shape == "weibull" else "the same choice"
        if shape == "weibull" and not np.all(k[used] == n[used]):
            raise InvalidError("successes: no trial is correct, so that there is no threshold to be found")
        raise InvalidError(f"successes: every trial is {what}: no threshold is to be found: add weaker values")
    return used


# --- from coordinates to what is reported ----------------------------------------------------------------------------


def _made(search: _Search, x: Doubles, k: Doubles, n: Doubles, guess: float, confidence: float) -> PsychometricFit:
    stats = needed("scipy.stats", "fitting a psychometric function", "fits")
    data, (a, b, lapse) = search.data, search.best[1]
    found, interval = _reported(search, float(stats.chi2.ppf(confidence, 1)))
    parameters, interval = Record({**found, "lapse": float(lapse)}), Record(interval)
    coordinates = (float(a), float(b), float(lapse), data.centre, data.span)
    fit = PsychometricFit(data.shape, parameters, interval, confidence, guess, 0, 0, 0, 0, x, k, n, coordinates)
    p = fit(x)
    with np.errstate(divide="ignore", invalid="ignore"):
        likelihood = float(np.sum(_times(k, np.log(p)) + _times(n - k, np.log1p(-p))))
        full = float(np.sum(_times(k, np.log(k / n)) + _times(n - k, np.log1p(-k / n))))
    deviance = max(0.0, 2 * (full - likelihood))
    degrees = len(x) - len(interval)
    p_value = float(stats.chi2.sf(deviance, degrees)) if degrees > 0 else float("nan")
    return PsychometricFit(
        data.shape,
        parameters,
        interval,
        confidence,
        guess,
        likelihood,
        deviance,
        degrees,
        p_value,
        x,
        k,
        n,
        coordinates,
    )


def _reported(search: _Search, drop: float) -> Tuple[Dict[str, float], Dict[str, Interval]]:
    data, (_, b, lapse) = search.data, search.best[1]
    m, slope = _location(search), float(b)
    location, steepness = _location_interval(search, m, drop), _slope_interval(search, slope, drop)
    if data.shape == "weibull":
        ends = [float(np.exp(data.centre + data.span * end)) for end in location]
        names, values = ("alpha", "beta"), (float(np.exp(data.centre + data.span * m)), _limit(search, slope))
        found = [(ends[0], ends[1]), (_limit(search, steepness[0]), _limit(search, steepness[1]))]
    else:
        names, values = ("bias", "slope"), (data.centre + data.span * m, _limit(search, slope))
        found = [
            (data.centre + data.span * location[0], data.centre + data.span * location[1]),
            (_limit(search, steepness[0]), _limit(search, steepness[1])),
        ]
    interval: Dict[str, Interval] = dict(zip(names, found))
    if search.lapse is None:
        near = max(float(lapse), 1e-4)
        low = _side(search, search.at_lapse, float(lapse), _out(float(lapse), 0.0, near / 8), drop, 0.0, True)
        steps = _out(float(lapse), MOST_LAPSE, 0.002)
        high = _side(search, search.at_lapse, float(lapse), steps, drop, MOST_LAPSE, True)
        interval["lapse"] = (low, high)
    return dict(zip(names, values)), interval


def _limit(search: _Search, slope: float) -> float:
    """A slope in the unit of x; what is at the end of its range is infinite, or 0."""
    low, high = search.slopes
    if slope >= high * (1 - 1e-6):
        return float("inf")
    if slope <= low + abs(low) * 1e-6:
        return 0.0 if search.data.shape == "weibull" else -float("inf")
    return slope / search.data.span


def _location(search: _Search) -> float:
    """Where z = 0; of a step between two values their middle; NaN of a flat curve."""
    data, (top, (a, b, lapse)) = search.data, search.best
    limit = _limit(search, float(b))
    if limit == 0:
        return float("nan")
    z = a + b * data.x
    if np.isinf(limit) and np.any(z < 0) and np.any(z > 0):
        change = np.flatnonzero(np.diff(np.sign(z)))[0]
        middle = float((data.x[change] + data.x[change + 1]) / 2)
        if data.likelihood(-b * middle, b, lapse)[0] >= top - 1e-6:
            return middle
    shown = np.exp(_logs(data.shape, z)[0])
    if data.shape == "weibull" and shown.max() < 1e-9:
        return float("inf")
    return float(-a / b)


def _location_interval(search: _Search, m: float, drop: float) -> Interval:
    none = (-float("inf"), float("inf"))
    if not np.isfinite(m):
        return none
    far = FAR if search.data.shape != "weibull" else 40 / search.data.span  # e^40 is nobody's threshold
    first = 0.02
    low = _side(search, search.at_location, m, _out(m, min(m, 0) - far, first), drop, none[0])
    high = _side(search, search.at_location, m, _out(m, max(m, 0) + far, first), drop, none[1])
    return low, high


def _slope_interval(search: _Search, b: float, drop: float) -> Interval:
    low, high = search.slopes
    if search.data.shape != "weibull":
        first = max(0.05 * abs(b), 0.1)
        left = _side(search, search.at_slope, b, _out(b, low, first), drop, low) if b > low else low
        right = _side(search, search.at_slope, b, _out(b, high, first), drop, high) if b < high else high
        return left, right

    def profile(logarithm: float, near: Doubles) -> Tuple[float, Doubles]:
        return search.at_slope(float(np.exp(logarithm)), near)

    start, first = float(np.log(b)), 0.05
    ends = float(np.log(low)), float(np.log(high))
    left = _side(search, profile, start, _out(start, ends[0], first), drop, ends[0]) if start > ends[0] else ends[0]
    right = _side(search, profile, start, _out(start, ends[1], first), drop, ends[1]) if start < ends[1] else ends[1]
    return float(np.exp(left)), float(np.exp(right))
