"""The column of Potjans & Diesmann (2014), at full scale: what circuits that are made of it have in common."""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist
from typing import Any, Dict, Optional, Sequence

import numpy as np
import numpy.typing as npt

from . import anatomy
from ._handle import frozen, real
from .constraint import Total
from .delay import Delay
from .errors import InvalidError
from .initial import Normal
from .network import Network

Numbers = npt.NDArray[np.float64]

# Of the populations in the order of the table: numbers of the authors' program.
#: Synapses from outside of a neuron, each at BACKGROUND Hz.
OUTSIDE = (1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100)
#: Hz, of the network at full scale.
RATES = (0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829)
#: mV: mean and standard deviation of the first potentials, about those that the network settles to.
STARTS = (-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43)
SPREADS = (5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48)

BACKGROUND = 8.0
TAU, TAU_SYN, CAPACITANCE, REST = 10.0, 0.5, 250.0, -65.0  # ms, ms, pF, mV
PSP, INHIBITION, SPREAD = 0.15, -4.0, 0.1  # mV; inhibitory over excitatory; sd over mean
EXCITATORY_DELAY, INHIBITORY_DELAY = 1.5, 0.75  # ms


def add_population(net: Network, name: str, k: int, n: int, drive: float, background: float, weight: float) -> None:
    """``n`` neurons of the k-th population: a constant drive, mV, and trains of ``background`` Hz, each spike of them pA."""
    outside: Dict[str, Any] = {}
    if background > 0:
        outside = {"background_exc": background, "background_exc_weight": weight}
    net.population(
        name, n, -1 if k % 2 else +1, model="lif", tau=TAU, capacitance=CAPACITANCE, tau_exc=TAU_SYN, tau_inh=TAU_SYN,
        rest=REST, reset=REST, threshold=-50, refractory=2, drive=drive, initial=_normal(STARTS[k] - REST, SPREADS[k], n),
        **outside,
    )  # fmt: skip


def add_projection(net: Network, source: str, to: str, drawn: Total, weight: float, delay: "Optional[float | Delay]") -> None:
    """As many synapses as ``drawn`` says, listed and frozen, about ``weight`` pA."""
    how: Dict[str, Any] = {"plastic": False, "autapses": source == to, "storage": "listed"}
    port = f"{to}:{'exc' if weight > 0 else 'inh'}"
    net.connect(source, port, initial=Normal(weight, SPREAD * abs(weight)), delay=delay, **how)
    net.constrain(source, port, drawn)


def jump(potential: float) -> float:
    """pA: the jump of an exponential current by which v rises to ``potential`` mV above rest at most."""
    ratio = TAU / TAU_SYN
    peak = ratio ** (-TAU_SYN / (TAU - TAU_SYN)) - ratio ** (-TAU / (TAU - TAU_SYN))
    return float(potential / (TAU * TAU_SYN / CAPACITANCE / (TAU - TAU_SYN) * peak))


def weights(table: anatomy.Table) -> Numbers:
    """pA [post, pre]."""
    by_sender = [jump(PSP) * (1.0 if table.signs[each] > 0 else INHIBITION) for each in table.types]
    weight = np.tile(by_sender, (len(by_sender), 1))
    weight[table.types.index("L23E"), table.types.index("L4E")] *= 2
    return weight


def synapses(probability: npt.ArrayLike, sizes: Numbers) -> Numbers:
    """[post, pre]: how many a projection has, drawn with repeats, if a pair has any with this probability."""
    return np.asarray(np.log1p(-np.asarray(probability)) / np.log1p(-1 / np.outer(sizes, sizes)))


def drive_of(charge: Numbers) -> Numbers:
    """mV: what a constant current gives in place of so many pA that jump each second."""
    return np.asarray(TAU / CAPACITANCE * TAU_SYN / 1000 * charge)


def checked_rates(rates: Sequence[float]) -> Numbers:
    if np.shape(rates) != np.shape(RATES) or not all(real("rates", each) >= 0 for each in rates):
        raise InvalidError(f"rates: expected {len(RATES)} of at least 0, Hz")
    return np.array(rates, np.float64)


@lru_cache(maxsize=16)
def _normal(mean: float, sd: float, n: int) -> Numbers:
    """Values that are normal as near as ``n`` can be, in ascending order. Areas have the same columns, so the same ones."""
    normal = NormalDist(mean, sd)
    return frozen(np.array([normal.inv_cdf((k + 0.5) / n) for k in range(n)]))
