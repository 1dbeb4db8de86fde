"""Mean-field theory of networks of integrate-and-fire neurons with conductances: Brunel & Wang (2001)."""

from __future__ import annotations

from math import factorial
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from ._kinds import of_their_kind
from .errors import InvalidError, all_are
from .mean_fields import ZETA, Doubles, MeanField, shaped
from .transfer import siegert

__all__ = ["ConductanceField", "nmda_gate"]

#: Of the block of NMDA receptors by magnesium: 1 + magnesium exp(-SLOPE v) / HALF, mV and mM.
_SLOPE, _HALF = 0.062, 3.57
#: Conductance cannot fall below this share of the leak, where linearised NMDA receptors take some away.
_LEAST = 0.05
#: Its Taylor coefficients; c is at most 10.
_EIN = np.array([0.0, *(-((-1.0) ** k) / (k * factorial(k)) for k in range(1, 60))])
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
_DEFAULTS: Dict[str, float] = {
    "capacitance": 500, "g_leak": 25, "rest": -70, "threshold": -50, "reset": -55, "refractory": 2, "e_exc": 0,
    "e_inh": -70, "tau_ampa": 2, "tau_gaba": 5, "tau_nmda": 100, "tau_rise": 2, "alpha": 0.5, "magnesium": 1,
}  # fmt: skip


@of_their_kind
def nmda_gate(rate: npt.ArrayLike, tau: float = 100.0, tau_rise: float = 2.0, alpha: float = 0.5) -> Any:
    """Mean of the gate s of NMDA receptors under a Poisson train of this rate, Hz; it saturates at 1.

    ::

        ds/dt = -s / tau + alpha x (1 - s),    dx/dt = -x / tau_rise + sum of spikes

    1 - s is linear in s, so its mean is an integral over what spikes do to exp(-alpha integral of x), which is known of
    a Poisson process: exact, where Brunel & Wang (2001) expand it.

    Args:
        rate: Hz; may be an array.
        tau, tau_rise: ms.
        alpha: 1/ms.
    """
    nu = np.asarray(rate, np.float64)
    for name, value in (("rate", nu.min(initial=0.0)), ("alpha", alpha)):
        if not value >= 0:
            raise InvalidError(f"{name} is {value:g}, must be at least 0")
    for name, value in (("tau", tau), ("tau_rise", tau_rise)):
        if not value > 0:
            raise InvalidError(f"{name} is {value:g}, must be above 0")
    if not alpha * tau_rise <= 10:
        raise InvalidError(f"alpha tau_rise is {alpha * tau_rise:g}, must be at most 10")
    gate = _Gate(float(tau), float(tau_rise), float(alpha))(nu)
    return float(gate) if gate.ndim == 0 else gate


class _Gate:
    """The integral, by Legendre's nodes in the asinh of the age, where it is smooth."""

    def __init__(self, tau: float, rise: float, alpha: float) -> None:
        most = np.arcsinh(40 * tau / rise)
        stretched = most / 2 * (1 + _NODES)
        age = rise * np.sinh(stretched)
        self._weights = most / 2 * _WEIGHTS * rise * np.cosh(stretched) * np.exp(-age / tau) / tau
        self._spent = _spent(age, rise, alpha) / 1000  # per Hz

    def __call__(self, nu: Doubles) -> Doubles:
        return np.asarray(-np.expm1(-nu[..., None] * self._spent) @ self._weights, np.float64)


def _spent(age: Doubles, rise: float, alpha: float) -> Doubles:
    """ms: by how much a spike per ms lowers the logarithm of the mean of exp(-alpha integral of x) at an age."""
    c = alpha * rise
    closed = -c * np.expm1(-age / rise)  # alpha times the integral of x since a spike
    # a spike within the age: the integral of 1 - exp(-closed); one from before: rise Ein(closed), as x decays alike
    within = -age * np.expm1(-c) + rise * np.exp(-c) * (_ein(np.array(-c)) - _ein(closed - c))
    return np.asarray(within + rise * _ein(closed), np.float64)


def _ein(c: Doubles) -> Doubles:
    """Integral of (1 - exp(-t)) / t from 0 to c."""
    return np.asarray(np.polynomial.polynomial.polyval(c, _EIN), np.float64)


class ConductanceField(MeanField):
    """Mean field of populations coupled by conductances; :func:`mean_field` reads one of ``lif_conductance`` networks.

    After Brunel & Wang (2001). The current through NMDA receptors is linear in the potential about its mean <V>::

        (V - e_exc) / J(V) ~ (<V> - e_exc) / J + slope (V - <V>),    J(V) = 1 + magnesium exp(-0.062 V) / 3.57
        slope = (J + 0.062 (<V> - e_exc) (J - 1)) / J^2

    so conductances shorten the time constant, and set where the potential goes without a threshold::

        g       = g_leak + g_ampa + g_gaba + slope g_nmda,    tau = capacitance / g
        mean    = (g_leak rest + g_ampa e_exc + g_gaba e_inh + g_nmda (slope <V> - (<V> - e_exc) / J) + current) / g
        g_ampa  = tau_ampa sum_j ampa_ij rate_j,  g_gaba likewise,  g_nmda = sum_j nmda_ij nmda_gate(rate_j)
        sd^2    = sum of (e - <V>)^2 tau_syn^2 (sum_j squares_ij rate_j) / (2 tau g^2) over AMPA and GABA
        <V>     = mean - (threshold - reset) tau rate - (mean - reset) refractory rate

    With s = sqrt(2) sd and k = tau_syn / tau the rate is :func:`siegert` with

        threshold + (threshold - mean - s) k / 2 + |zeta(1/2)| sd sqrt(k)   and   reset + |zeta(1/2)| sd sqrt(k)

    They have no noise but of AMPA from outside; where GABA makes some, too, tau_syn is as in :class:`MeanField`, which
    is ours.

    Against simulated neurons with k of 0.14 (the pyramidal cells of Wang 2002) rates of 1 to 15 Hz were within 10 %,
    with a mean above the threshold 10 to 18 % too high; sparse networks of 4 to 19 Hz were within 6 %. Of Wang's
    network the state at rest is right, the one that remembers has 27 Hz instead of 11 to 17. Each number of a
    population may be one for all.

    Args:
        names: of the populations.
        ampa, nmda, gaba: [to, from] conductance of all synapses that a neuron has from each population, nS.
        ampa_squares, gaba_squares: [to, from] sum of squares of these synapses, nS^2, for their noise; 0: none. Of
            synapses from all neurons onto all it is 0, as what all have in common is no noise of each.
        background, background_weight: of the spikes that each neuron gets from outside onto AMPA, Hz and nS.
        current: pA.
        noise: sum of squares of other spikes onto AMPA and GABA, [2, n], nS^2 Hz.
        constant: of conductances that stay, AMPA and GABA, [2, n], nS.
        neuron: capacitance, g_leak, rest, threshold, reset, refractory, e_exc, e_inh, tau_ampa, tau_gaba, tau_nmda,
            tau_rise, alpha and magnesium; in the units of the model, whose defaults they have.
    """

    _otherwise = "make another one"

    def __init__(
        self,
        names: Sequence[str],
        ampa: npt.ArrayLike = 0.0,
        nmda: npt.ArrayLike = 0.0,
        gaba: npt.ArrayLike = 0.0,
        ampa_squares: npt.ArrayLike = 0.0,
        gaba_squares: npt.ArrayLike = 0.0,
        background: npt.ArrayLike = 0.0,
        background_weight: npt.ArrayLike = 0.0,
        current: npt.ArrayLike = 0.0,
        noise: npt.ArrayLike = 0.0,
        constant: npt.ArrayLike = 0.0,
        **neuron: npt.ArrayLike,
    ) -> None:
        n = len(tuple(names))
        if n < 1:
            raise InvalidError("names: there is no population")
        unknown = [name for name in neuron if name not in _DEFAULTS]
        if unknown:
            raise TypeError(f"{unknown[0]!r} is no number of a neuron; there are {', '.join(_DEFAULTS)}")
        self._keep(names=tuple(names))
        self._cell = {key: shaped(key, neuron.get(key, value), (n,)) for key, value in _DEFAULTS.items()}
        self._check()
        square = {"ampa": ampa, "nmda": nmda, "gaba": gaba, "ampa_squares": ampa_squares, "gaba_squares": gaba_squares}
        self._synapses = {key: shaped(key, value, (n, n)) for key, value in square.items()}
        more = {key: shaped(key, value, (2, n)) for key, value in (("noise", noise), ("constant", constant))}
        outside = shaped("background", background, (n,)), shaped("background_weight", background_weight, (n,))
        for key, value in (*self._synapses.items(), *more.items(), ("background", outside[0])):
            all_are(key, value, value >= 0, "at least 0")
        jumps = outside[0] * outside[1]
        self._outside = more["constant"] + np.array([self._cell["tau_ampa"] / 1000 * jumps, np.zeros(n)])
        self._jitter = more["noise"] + np.array([jumps * outside[1], np.zeros(n)])
        self._current = shaped("current", current, (n,))
        cell = self._cell
        self._neuron = cell["capacitance"] / cell["g_leak"], cell["threshold"], cell["reset"], cell["refractory"]
        self._opens: List[_Gate] = [_Gate(*each) for each in zip(cell["tau_nmda"], cell["tau_rise"], cell["alpha"])]

    def _check(self) -> None:
        cell = self._cell
        for key in ("capacitance", "g_leak", "tau_ampa", "tau_gaba", "tau_nmda", "tau_rise"):
            all_are(key, cell[key], cell[key] > 0, "above 0")
        for key in ("refractory", "alpha", "magnesium"):
            all_are(key, cell[key], cell[key] >= 0, "at least 0")
        all_are("alpha", cell["alpha"], cell["alpha"] * cell["tau_rise"] <= 10, "at most 10 / tau_rise")
        all_are("reset", cell["reset"], cell["reset"] < cell["threshold"], "below the threshold")

    # --- of given rates ----------------------------------------------------------------------------------------------

    def input(self, rates: npt.ArrayLike) -> Tuple[Doubles, Doubles]:
        """Mean and standard deviation of each population's free potential at these rates, mV, [n]."""
        mean, _, _, variance = self._membrane(np.asarray(rates, np.float64))
        return mean, np.sqrt(variance.sum(axis=0))

    def potential(self, rates: npt.ArrayLike) -> Doubles:
        """Mean potential of each population's neurons at these rates, spikes and refractory periods with it, mV."""
        return self._membrane(np.asarray(rates, np.float64))[2]

    def time_constant(self, rates: npt.ArrayLike) -> Doubles:
        """Effective time constant of each population's membrane at these rates, ms."""
        return self._membrane(np.asarray(rates, np.float64))[1]

    def transfer(self, rates: npt.ArrayLike) -> Doubles:
        """The rate that each population has when all have these, Phi(rates), Hz."""
        mean, tau, _, variance = self._membrane(np.asarray(rates, np.float64))
        _, threshold, reset, refractory = self._neuron
        total = variance.sum(axis=0)
        sd = np.sqrt(total)
        steep = (variance[0] / self._cell["tau_ampa"] + variance[1] / self._cell["tau_gaba"]) * tau
        k = np.divide(total, steep, out=np.zeros_like(total), where=steep > 0)
        raised = ZETA * sd * np.sqrt(k)
        low = reset + raised
        high = threshold + raised + (threshold - mean - np.sqrt(2) * sd) * k / 2
        high = np.maximum(high, low + 1e-3 * (threshold - reset))  # far above threshold the expansion breaks down
        return np.asarray(siegert(mean, sd, tau, high, low, refractory), np.float64)

    def jacobian(self, rates: npt.ArrayLike) -> Doubles:
        """Derivatives of :meth:`transfer` by the rates, [to, from]; by central differences, as <V> follows from all."""
        nu = np.asarray(rates, np.float64)
        step = np.diag(1e-5 * (1 + nu))  # a row for each of the rates
        ends = np.array([np.maximum(nu - step, 0), nu + step])
        low, high = self.transfer(ends)
        return np.asarray(((high - low) / np.diagonal(ends[1] - ends[0])[:, None]).T, np.float64)

    def _membrane(self, nu: Doubles) -> Tuple[Doubles, Doubles, Doubles, Doubles]:
        """Mean free potential, time constant, mean potential, and variances by AMPA and by GABA [2, n]."""
        cell, synapses = self._cell, self._synapses
        own = [cell["tau_ampa"] / 1000, cell["tau_gaba"] / 1000]
        g_ampa, g_gaba = (self._outside[k] + own[k] * (nu @ synapses[key].T) for k, key in enumerate(("ampa", "gaba")))
        g_nmda = self._gates(nu) @ synapses["nmda"].T
        v = np.broadcast_to((cell["threshold"] + cell["reset"]) / 2, nu.shape)
        for _ in range(100):  # Newton's method, by differences
            there, further = (self._follow(at, nu, g_ampa, g_gaba, g_nmda)[2] for at in (v, v + 1e-4))
            move = np.clip((there - v) / (1 - (further - there) / 1e-4), -5, 5)
            v = v + move
            if np.abs(move).max() < 1e-10:
                break
        mean, g, _ = self._follow(v, nu, g_ampa, g_gaba, g_nmda)
        tau = cell["capacitance"] / g
        reach = [cell["e_exc"] - v, cell["e_inh"] - v]
        power = [self._jitter[k] + nu @ synapses[f"{key}_squares"].T for k, key in enumerate(("ampa", "gaba"))]
        variance = [reach[k] ** 2 * 1000 * own[k] ** 2 * power[k] / (2 * tau * g**2) for k in (0, 1)]
        return mean, tau, v, np.array(variance)

    def _gates(self, nu: Doubles) -> Doubles:
        return np.stack([gate(np.maximum(nu[..., j], 0.0)) for j, gate in enumerate(self._opens)], axis=-1)

    def _follow(
        self, v: Doubles, nu: Doubles, g_ampa: Doubles, g_gaba: Doubles, g_nmda: Doubles
    ) -> Tuple[Doubles, Doubles, Doubles]:
        """Mean free potential, conductance, and the mean potential that follow where NMDA is linear about v."""
        cell = self._cell
        blocked = cell["magnesium"] * np.exp(-_SLOPE * v) / _HALF
        block = 1 + blocked
        slope = (block + _SLOPE * (v - cell["e_exc"]) * blocked) / block**2
        g = np.maximum(cell["g_leak"] + g_ampa + g_gaba + slope * g_nmda, _LEAST * cell["g_leak"])
        drawn = cell["g_leak"] * cell["rest"] + g_ampa * cell["e_exc"] + g_gaba * cell["e_inh"] + self._current
        mean = (drawn + g_nmda * (slope * v - (v - cell["e_exc"]) / block)) / g
        reset = cell["reset"]
        spent = (cell["threshold"] - reset) * cell["capacitance"] / g + (mean - reset) * cell["refractory"]
        return mean, g, mean - nu / 1000 * spent
