"""The rate of leaky integrate-and-fire neurons under white noise, in closed form."""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np
import numpy.typing as npt

from ._handle import together
from ._kinds import of_their_kind
from .errors import all_are

__all__ = ["siegert", "siegert_slopes"]

Doubles = npt.NDArray[np.float64]

#: Chebyshev coefficients of (1 + 2 x) exp(x^2) erfc(x) in (x - 3.75) / (x + 3.75), x from 0 to infinity (Shepherd &
#: Laframboise 1981), computed with 50 digits.
_ERFCX = np.array(
    [
        1.1775789345674017, -0.004590054580646478, -0.08424913336651792, 0.05920993999819189, -0.026658668435305753,
        0.009074997670705265, -0.002413163540417608, 0.0004907758365258086, -6.916973302501207e-05,
        4.13902798607301e-06, 7.74038306619849e-07, -2.1886401049234397e-07, 1.076499946567091e-08,
        4.521959811218287e-09, -7.754400208831351e-10, -6.318088340886684e-11, 2.86879501093067e-11,
        1.9455868545777347e-13, -9.65469674843344e-13, 3.25254814814874e-14, 3.3478119482868056e-14,
        -1.864562880419313e-15, -1.2507950530688648e-15, 7.418235256624044e-17, 5.068148904796111e-17,
    ]
)  # fmt: skip
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
#: Beyond it erfcx is its asymptotic series, to the last bit.
_FAR = 100.0


def erfcx(x: npt.ArrayLike) -> Doubles:
    """exp(x^2) erfc(x) for x of at least 0."""
    at = np.asarray(x, np.float64)
    return np.asarray(np.polynomial.chebyshev.chebval((at - 3.75) / (at + 3.75), _ERFCX) / (1 + 2 * at), np.float64)


def _below(p: Doubles, q: Doubles) -> Doubles:
    """The integral of erfcx from p to q, 0 <= p <= q: in asinh(t), where it is smooth; far out by its series."""
    low, high = np.arcsinh(np.minimum(p, _FAR)), np.arcsinh(np.minimum(q, _FAR))
    half = (high - low) / 2
    s = low[..., None] + half[..., None] * (1 + _NODES)
    near = half * np.sum(_WEIGHTS * erfcx(np.sinh(s)) * np.cosh(s), axis=-1)
    a, b = np.maximum(p, _FAR), np.maximum(q, _FAR)
    series = np.log1p((b - a) / a)
    for power, factor in ((2, 1 / 4), (4, -3 / 16), (6, 5 / 16)):
        series = series + factor * (b**-power - a**-power)
    return np.asarray(near + series / np.sqrt(np.pi), np.float64)


def _above(p: Doubles, b: Doubles) -> Doubles:
    """exp(-b^2) times the integral of exp(u^2) (1 + erf u) from p to b, 0 <= p <= b."""
    reach = np.minimum(b - p, 40 / np.maximum(b, 1e-9))  # what is further below is less than e^-40 of it
    w = reach[..., None] / 2 * (1 + _NODES)
    u, top = b[..., None] - w, b[..., None]
    inside = 2 * np.exp(-w * (top + u)) - erfcx(np.maximum(u, 0)) * np.exp(-(top**2))
    return np.asarray(reach / 2 * np.sum(_WEIGHTS * inside, axis=-1), np.float64)


def _arguments(mean: Any, sd: Any, tau: Any, threshold: Any, reset: Any, refractory: Any) -> "Tuple[Doubles, ...]":
    arrays = {"mean": mean, "sd": sd, "tau": tau, "threshold": threshold, "reset": reset, "refractory": refractory}
    found = together(**{name: np.asarray(array, np.float64) for name, array in arrays.items()})
    for name, array in (("sd", found[1]), ("refractory", found[5])):
        all_are(name, array, (array >= 0) & (array < np.inf), "finite and at least 0")
    all_are("mean", found[0], np.isfinite(found[0]), "finite")
    all_are("tau", found[2], found[2] > 0, "above 0")
    all_are("reset", found[4], found[4] < found[3], "below the threshold")
    return found


def _ln_period(mean: Doubles, sigma: Doubles, tau: Doubles, threshold: Doubles, reset: Doubles) -> Doubles:
    """Logarithm of the mean time from the reset to the threshold, ms, where sigma is above 0."""
    a, b = (reset - mean) / sigma, (threshold - mean) / sigma
    with np.errstate(divide="ignore"):
        low = np.log(_below(np.maximum(-b, 0), np.maximum(-a, 0)))
        high = np.log(_above(np.maximum(np.minimum(a, b), 0), np.maximum(b, 0))) + np.maximum(b, 0) ** 2
    return np.asarray(np.log(tau * np.sqrt(np.pi)) + np.logaddexp(low, high), np.float64)


def _ln_rate(
    mean: Doubles, sd: Doubles, tau: Doubles, threshold: Doubles, reset: Doubles, refractory: Doubles
) -> Doubles:
    """Logarithm of the rate in spikes per ms."""
    noisy = sd > 0
    sigma = np.sqrt(2) * np.where(noisy, sd, 1)
    above = mean > threshold
    with np.errstate(divide="ignore"):
        still = np.log(tau * np.log1p((threshold - reset) / np.where(above, mean - threshold, 1)))
        period = np.where(noisy, _ln_period(mean, sigma, tau, threshold, reset), np.where(above, still, np.inf))
        return np.asarray(-np.logaddexp(np.log(refractory), period), np.float64)


@of_their_kind
def siegert(
    mean: npt.ArrayLike,
    sd: npt.ArrayLike,
    tau: npt.ArrayLike = 20.0,
    threshold: npt.ArrayLike = 20.0,
    reset: npt.ArrayLike = 10.0,
    refractory: npt.ArrayLike = 2.0,
    log: bool = False,
) -> Any:
    """Mean rate of a leaky integrate-and-fire neuron under white noise, Hz (Siegert 1951; Amit & Tsodyks 1991).

    ::

        1 / rate = refractory + tau sqrt(pi) integral of exp(u^2) (1 + erf u) du
        from u = (reset - mean) / s to (threshold - mean) / s

    with s = sqrt(2) sd. Of spikes that jump the potential by J at a total rate r, mean = tau J r and
    sd^2 = tau J^2 r / 2. Without noise it is 1 / (refractory + tau ln((mean - reset) / (mean - threshold))), and 0 up
    to the threshold. In all ranges 12 digits are right. All arguments may be arrays.

    Args:
        mean: of the potential without a threshold, mV.
        sd: its standard deviation, mV. It is smaller by sqrt(2) than the sigma of Brunel (2000).
        tau, refractory: ms.
        threshold, reset: mV.
        log: the natural logarithm instead, which is a number where the rate itself is too small for one.
    """
    found = _ln_rate(*_arguments(mean, sd, tau, threshold, reset, refractory)) + np.log(1000.0)
    rate = found if log else np.exp(found)
    return float(rate) if rate.ndim == 0 else rate


@of_their_kind
def siegert_slopes(
    mean: npt.ArrayLike,
    sd: npt.ArrayLike,
    tau: npt.ArrayLike = 20.0,
    threshold: npt.ArrayLike = 20.0,
    reset: npt.ArrayLike = 10.0,
    refractory: npt.ArrayLike = 2.0,
) -> Tuple[Any, Any]:
    """Derivatives of :func:`siegert` by the mean and by the standard deviation, Hz / mV; without noise that is 0."""
    given = _arguments(mean, sd, tau, threshold, reset, refractory)
    rate = _ln_rate(*given)
    m, noise, t, top, bottom, _ = given
    noisy = noise > 0
    sigma = np.sqrt(2) * np.where(noisy, noise, 1)
    a, b = (bottom - m) / sigma, (top - m) / sigma
    ends = [np.exp(2 * rate + np.maximum(u, 0) ** 2) * _scaled(u) for u in (a, b)]  # nu^2 exp(u^2) (1 + erf u)
    factor = t * np.sqrt(np.pi) / sigma * 1000
    above = m > top
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        still = np.exp(2 * rate) * t * (top - bottom) / ((m - top) * (m - bottom)) * 1000
    by_mean = np.where(noisy, factor * (ends[1] - ends[0]), np.where(above, still, 0))
    by_sd = np.where(noisy, np.sqrt(2) * factor * (b * ends[1] - a * ends[0]), 0)
    return (float(by_mean), float(by_sd)) if by_mean.ndim == 0 else (by_mean, by_sd)


def _scaled(u: Doubles) -> Doubles:
    """exp(u^2) (1 + erf u), above 0 without its factor exp(u^2)."""
    side = erfcx(np.abs(u))
    return np.asarray(np.where(u > 0, 2 - side * np.exp(-np.minimum(np.maximum(u, 0), 40) ** 2), side), np.float64)
