"""The microcircuit under 1 mm2 of early sensory cortex: Potjans & Diesmann (2014)."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any, Dict, Sequence

import numpy as np
import numpy.typing as npt

from . import anatomy
from ._handle import brief, real
from .constraint import Total
from .delay import Delays
from .errors import InvalidError
from .initial import Normal
from .network import Network

__all__ = ["potjans_diesmann2014"]

Numbers = npt.NDArray[np.float64]

# Of the populations in the order of the table: numbers of the authors' program.
#: Synapses from outside of a neuron, each at BACKGROUND Hz.
_OUTSIDE = (1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100)
#: Hz, of the network at full scale.
_RATES = (0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829)
#: mV: mean and standard deviation of the first potentials, about those that the network settles to.
_STARTS = (-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43)
_SPREADS = (5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48)

_BACKGROUND = 8.0
_TAU, _TAU_SYN, _CAPACITANCE, _REST = 10.0, 0.5, 250.0, -65.0  # ms, ms, pF, mV
_PSP, _INHIBITION, _SPREAD = 0.15, -4.0, 0.1  # mV; inhibitory over excitatory; sd over mean


def potjans_diesmann2014(
    scale: float = 0.1,
    *,
    background: str = "poisson",
    rates: Sequence[float] = _RATES,
    multapses: bool = False,
    dt: float = 0.1,
) -> Network:
    """The microcircuit of Potjans & Diesmann (2014), to be built: ``na.circuits.potjans_diesmann2014(0.2).build(1)``.

    Populations are "L23E", "L23I", "L4E", ... "L6I", 77,169 neurons of the model "lif" with exponential currents, wired
    by the probabilities of the table "potjans_diesmann2014" of :mod:`neuroai.anatomy`: a projection has
    K = ln(1 - p) / ln(1 - 1 / (n_pre n_post)) synapses, 299 million in all. An excitatory one is a jump of 87.8 pA,
    which moves the potential by 0.15 mV; from L4E to L23E twice as much, inhibitory ones -4 times. Weights are normal
    with a standard deviation of 10 %, delays too, 1.5 ms and 0.75 ms of inhibition with 50 %. Each neuron has 1500 to
    2900 synapses from outside at 8 Hz. Nothing is plastic.

    A ``scale`` s below 1 takes s of the neurons and s of the synapses of each, so that s² of all synapses are left, and
    keeps the mean and the variance of what a neuron receives when rates are ``rates``: weights are divided by sqrt(s),
    as the variance goes with K w²; and of the mean, which goes with K w, a constant drive gives back 1 - sqrt(s). As
    each synapse is stronger and more input is shared, neurons fire more together than at full scale.

    In the authors' program a pair of neurons may have several synapses; here each of the K is of another pair, unless
    ``multapses``. Numbers of synapses are the same, pairs connected more (of L5I, onto L5E, 47 % instead of 37 %).

    Args:
        scale: share of the neurons, and of the synapses of each: above 0, to 1.
        background: "poisson", trains from outside; "dc", their mean, as the authors' program has it by default;
            below a fifth of full scale the network may then fall silent.
        rates: Hz, of the eight populations at full scale, by which the drive that scaling needs is found.
        multapses: whether a pair may be drawn several times, as in the authors' program. It then has one synapse, whose
            weight is the sum of as many, with one delay.
        dt: time step, ms.
    """
    table = anatomy.table("potjans_diesmann2014")
    share = real("scale", scale)
    full = np.array(list((table.cells or {}).values()), np.float64)
    if not 0.5 < share * full.min() <= full.min():
        raise InvalidError(f"scale is {share:g}, must be {0.5 / full.min():.2g} to 1: no population may be empty")
    sizes = np.rint(full * share).astype(int)
    if background not in ("poisson", "dc"):
        raise InvalidError(f"background: expected poisson or dc, got {brief(background)}")
    weight, count = _weights(table), _synapses(table.probability, full)
    drive = _drive(weight * count / full[:, None], share, background == "poisson", _rates(rates))
    net = Network(dt=real("dt", dt))
    for k, name in enumerate(table.types):
        outside: Dict[str, Any] = {}
        if background == "poisson":
            outside["background_exc"] = _OUTSIDE[k] * share * _BACKGROUND
            outside["background_exc_weight"] = _jump(_PSP) / np.sqrt(share)
        net.population(
            name, int(sizes[k]), table.signs[name], model="lif", tau=_TAU, capacitance=_CAPACITANCE, tau_exc=_TAU_SYN,
            tau_inh=_TAU_SYN, rest=_REST, reset=_REST, threshold=-50, refractory=2, drive=drive[k],
            initial=_normal(_STARTS[k] - _REST, _SPREADS[k], int(sizes[k])), **outside,
        )  # fmt: skip
    for (to, source), full_count in np.ndenumerate(count):
        total = round(full_count * share**2)
        if total > 0:
            drawn = Total(total, multapses)
            _project(net, table.types[source], table.types[to], drawn, weight[to, source] / np.sqrt(share))
    return net


def _project(net: Network, source: str, to: str, drawn: Total, weight: float) -> None:
    port, delay = ("exc", 1.5) if weight > 0 else ("inh", 0.75)
    how: Dict[str, Any] = {"plastic": False, "autapses": source == to, "storage": "listed"}
    spread = Normal(weight, _SPREAD * abs(weight))
    net.connect(source, f"{to}:{port}", initial=spread, delay=Delays(delay, 0.5 * delay), **how)
    net.constrain(source, f"{to}:{port}", drawn)


def _jump(potential: float) -> float:
    """pA: the jump of an exponential current by which v rises to ``potential`` mV above rest at most."""
    ratio = _TAU / _TAU_SYN
    peak = ratio ** (-_TAU_SYN / (_TAU - _TAU_SYN)) - ratio ** (-_TAU / (_TAU - _TAU_SYN))
    return float(potential / (_TAU * _TAU_SYN / _CAPACITANCE / (_TAU - _TAU_SYN) * peak))


def _weights(table: anatomy.Table) -> Numbers:
    """pA [post, pre], of the network at full scale."""
    by_sender = [_jump(_PSP) * (1.0 if table.signs[each] > 0 else _INHIBITION) for each in table.types]
    weight = np.tile(by_sender, (len(by_sender), 1))
    weight[table.types.index("L23E"), table.types.index("L4E")] *= 2
    return weight


def _synapses(probability: npt.ArrayLike, full: Numbers) -> Numbers:
    """[post, pre]: how many a projection has, drawn with repeats, if a pair has any with this probability."""
    return np.asarray(np.log1p(-np.asarray(probability)) / np.log1p(-1 / np.outer(full, full)))


def _drive(charge: Numbers, share: float, is_poisson: bool, rates: Numbers) -> Numbers:
    """mV: what a constant current gives of the mean; ``charge``: pA a spike of all senders, at full scale."""
    inside = charge @ rates
    outside = _jump(_PSP) * np.array(_OUTSIDE) * _BACKGROUND
    lost = 1 - np.sqrt(share)
    current = _TAU_SYN / 1000 * (lost * inside + (lost if is_poisson else 1.0) * outside)
    return np.asarray(_TAU / _CAPACITANCE * current)


def _rates(rates: Sequence[float]) -> Numbers:
    if np.shape(rates) != np.shape(_RATES) or not all(real("rates", each) >= 0 for each in rates):
        raise InvalidError(f"rates: expected {len(_RATES)} of at least 0, Hz")
    return np.array(rates, np.float64)


def _normal(mean: float, sd: float, n: int) -> Numbers:
    """Values that are normal as near as ``n`` can be, in ascending order."""
    return np.array([NormalDist(mean, sd).inv_cdf((k + 0.5) / n) for k in range(n)])
