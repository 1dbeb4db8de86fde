"""The microcircuit under 1 mm2 of early sensory cortex: Potjans & Diesmann (2014)."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from . import _column, anatomy
from ._handle import brief, real, spelt
from ._kinds import of_their_kind
from .constraint import Total
from .delay import Delays
from .errors import InvalidError
from .network import Network

__all__ = ["potjans_diesmann2014"]


@of_their_kind
def potjans_diesmann2014(
    scale: float = 0.1,
    *,
    background: str = "poisson",
    rates: Sequence[float] = _column.RATES,
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
    background = spelt(background, ("poisson", "dc"))
    if background not in ("poisson", "dc"):
        raise InvalidError(f"background: expected poisson or dc, got {brief(background)}")
    weight, count = _column.weights(table), _column.synapses(table.probability, full)
    drive = _drive(weight * count / full[:, None], share, background == "poisson", _column.checked_rates(rates))
    trains = _column.BACKGROUND * (background == "poisson")
    net = Network(dt=real("dt", dt))
    for k, name in enumerate(table.types):
        outside = _column.OUTSIDE[k] * share * trains
        jump = _column.jump(_column.PSP) / np.sqrt(share)
        _column.add_population(net, name, k, int(sizes[k]), drive[k], outside, jump)
    for (to, source), full_count in np.ndenumerate(count):
        total = round(full_count * share**2)
        if total > 0:
            mean = _column.EXCITATORY_DELAY if weight[to, source] > 0 else _column.INHIBITORY_DELAY
            drawn, ends = Total(total, multapses), (table.types[source], table.types[to])
            _column.add_projection(net, *ends, drawn, weight[to, source] / np.sqrt(share), Delays(mean, 0.5 * mean))
    return net


def _drive(charge: _column.Numbers, share: float, is_poisson: bool, rates: _column.Numbers) -> _column.Numbers:
    """mV: what a constant current gives of the mean; ``charge``: pA a spike of all senders, at full scale."""
    inside = charge @ rates
    outside = _column.jump(_column.PSP) * np.array(_column.OUTSIDE) * _column.BACKGROUND
    lost = 1 - np.sqrt(share)
    return _column.drive_of(lost * inside + (lost if is_poisson else 1.0) * outside)
