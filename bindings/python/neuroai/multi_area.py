"""Areas of visual cortex, each with a column of four layers: the structure of a multi-area model, by rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from . import _column, anatomy
from ._column import Numbers
from ._handle import Names, expect, joined, real
from ._kinds import of_their_kind
from .constraint import Total
from .delay import Delay, Delays
from .errors import InvalidError
from .network import Network

__all__ = ["multi_area", "visual_areas"]

#: Of Felleman & Van Essen (1991), as Schmidt et al. (2018) order them, by architecture, from V1 on.
_NAMES = (
    "V1 V2 VP V3 V3A MT V4t V4 VOT MSTd PIP PO DP MIP MDP VIP LIP PITv PITd MSTl CITv CITd FEF TF AITv FST 7a STPp STPa "
    "46 AITd TH"
)
_NEURONS = 4.13e6  #: of the 32 areas, of which TH lacks layer 4
_LOCAL, _SUBCORTICAL = 0.79, 0.013  #: of the synapses onto an area
_REACH = 0.2965  #: mm: standard deviation of the probability of a local synapse over distance
_FEEDFORWARD, _FEEDBACK = 0.65, 0.35  #: SLN above the one, below the other
_LEAST_INDEGREES = 0.1  #: below a tenth of the synapses the network nearly falls silent
_TYPES = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")


@of_their_kind
def visual_areas(seed: int = 1, *, radius: float = 15.0, spread: float = 1.0, steepness: float = 3.0) -> anatomy.Areas:
    """The 32 areas of macaque visual cortex, placed and linked by rules: ``na.plot.areas(na.circuits.visual_areas())``.

    Names are those of Schmidt et al. (2018). Their places, distances and links are not data: areas lie at random on a
    sphere, in the order of their names from V1 on, and their levels are 0 of V1 to 1 of the farthest, in equal steps.
    Links are by the exponential distance rule with the density and the length that were found in the macaque
    (:class:`neuroai.anatomy.Areas`), about which the logarithm of a weight is normal.

    Args:
        seed: of places and weights.
        radius: of the sphere, mm. Along it two areas are 24 mm apart on average, and 47 mm at most.
        spread: standard deviation of the logarithm of the weights about the rule.
        steepness: of SLN over levels: from V1 to the last area it is Phi(steepness).
    """
    names = _NAMES.split()
    somewhere = anatomy.Areas(names, sphere=radius, seed=seed)
    order = np.argsort(somewhere.distances[0], kind="stable")
    positions = np.asarray(somewhere.positions)[order]
    level = np.arange(len(names)) / (len(names) - 1)
    return anatomy.Areas(
        names, positions, sphere=radius, level=level, spread=spread, steepness=steepness, species="macaque", seed=seed
    )


@of_their_kind
def multi_area(
    scale: float = 0.02,
    areas: Optional[anatomy.Areas] = None,
    *,
    indegree_scale: Optional[float] = None,
    without_layer_4: Names = "TH",
    speed: float = 3.5,
    delay_spread: float = 0.0,
    rates: Sequence[float] = _column.RATES,
    dt: float = 0.1,
) -> Network:
    """The structure of a multi-area model of visual cortex, to be built: ``na.circuits.multi_area(0.02).build(1)``.

    After Schmidt et al. (2018), whose 32 areas have 4.13 million neurons and 24.2 billion synapses. It has their
    numbers of areas, layers and neurons and follows their rules where these are short, but **none of their data**: links,
    distances and layers are those of the rules below, and what it does says nothing of what their model does.

    - Each area has the column of Potjans & Diesmann (:func:`potjans_diesmann2014`): populations "V1/L23E", "V1/L23I",
      ... "46/L6I", 1.69 times as many neurons, in-degrees of the column; TH lacks layer 4.
    - Of the synapses onto an area 79 % are local. As an area is 1 mm², and neurons reach farther, 60 % of the local ones
      come from within it (the column's); 1.3 % are subcortical; the other 19.7 % come from other areas by ``areas.fln``.
    - Only L23E, L5E and L6E send to other areas: SLN of a link is from L23E, the rest from L5E and L6E by their numbers.
      A link with an SLN above 0.65 is feed-forward and reaches layer 4; below 0.35 it is feedback and reaches layers
      2/3, 5 and 6; others reach all layers. All neurons of these layers have the same in-degree.
    - Delays within an area are 1.5 ms, 0.75 ms of inhibition; between areas the distance over ``speed``.
    - Trains from outside make up what the column gets from outside (1600 to 2900 synapses at 8 Hz) and other areas do
      not give, when rates are ``rates``, and in TH what layer 4 would. So each population gets the mean that it has in
      one column and, but for TH, the variance.

    At full scale it has 4,130,000 neurons and 22.6 billion synapses. Scaled down, weights and a constant drive keep mean
    and variance, as in :func:`potjans_diesmann2014`. Delays are multiples of ``dt``. Nothing is plastic.

    Args:
        scale: share of the neurons of each population: above 0, to 1.
        areas: placed, linked and with levels. Default: ``visual_areas()``.
        indegree_scale: share of the synapses of each neuron. Default: ``scale``, but at least 0.1, as with fewer synapses
            the network nearly falls silent. If it is above ``scale``, a pair of neurons may have several synapses, which
            are one with the sum of their weights.
        without_layer_4: areas that lack it, where there are such.
        speed: of spikes between areas, mm/ms.
        delay_spread: standard deviation of delays over their mean; 0.5 in the published model. Every delay that occurs
            takes memory and time: see :class:`neuroai.Delays`.
        rates: Hz, of the eight populations, by which the drive is found.
        dt: time step, ms.
    """
    cortex = visual_areas() if areas is None else expect("areas", areas, anatomy.Areas, "na.anatomy.Areas")
    plan = _plan(cortex, frozenset(joined(without_layer_4, "without_layer_4").split()))
    share = _share("scale", scale)
    kept = max(share, _LEAST_INDEGREES) if indegree_scale is None else _share("indegree_scale", indegree_scale)
    if not 0 < real("speed", speed) <= 1e6:
        raise InvalidError(f"speed is {speed:g} mm/ms, must be above 0 and at most 1e6")
    if not 0 <= real("delay_spread", delay_spread) <= 1:
        raise InvalidError(f"delay_spread is {delay_spread:g}, must be 0 to 1")
    net = Network(dt=real("dt", dt))
    _add_areas(net, plan, share, kept, _column.checked_rates(rates))
    for each in _projections(plan):
        total = round(each.synapses * share * kept)
        if total > 0:
            delay = each.distance / speed if each.distance > 0 else each.delay
            drawn = Total(total, multapses=kept > share)
            _column.add_projection(
                net, each.source, each.target, drawn, each.weight / np.sqrt(kept), _delay(net.dt, delay, delay_spread)
            )
    return net


def _share(name: str, value: float) -> float:
    share, least = real(name, value), 0.5 / (_size_factor() * min(_sizes()))
    if not least < share <= 1:
        raise InvalidError(f"{name} is {share:g}, must be {least:.2g} to 1: no population may be empty")
    return share


def _delay(dt: float, mean: float, spread: float) -> "float | Delay":
    return Delays(max(dt, mean), spread * mean) if spread > 0 else dt * max(1, round(mean / dt))


# --- one column -------------------------------------------------------------------------------------------------------


def _sizes() -> Numbers:
    return np.array(list((anatomy.table("potjans_diesmann2014").cells or {}).values()), np.float64)


def _size_factor() -> float:
    """An area's neurons over the column's."""
    sizes, areas = _sizes(), len(_NAMES.split())
    return float(_NEURONS / (areas * sizes.sum() - sizes[2:4].sum()))


def _reached() -> float:
    """Of the local synapses onto 1 mm² of cortex, those that come from it: the mean of a Gaussian over pairs of points
    in a disc, over its integral."""
    radius = np.sqrt(1 / np.pi)
    r = 2 * radius * (np.arange(20_000) + 0.5) / 20_000
    ratio = r / (2 * radius)
    density = 4 * r / (np.pi * radius**2) * (np.arccos(ratio) - ratio * np.sqrt(1 - ratio**2))
    mean = (density * np.exp(-(r**2) / (2 * _REACH**2))).mean() * 2 * radius
    return float(mean / (2 * np.pi * _REACH**2))


# --- all areas, at full scale -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Plan:
    """At full scale: neurons [areas, 8], in-degrees within an area [8, 8], pA [8, 8], synapses along links [areas, areas]."""

    cortex: anatomy.Areas
    sizes: Numbers
    indegree: Numbers
    weight: Numbers
    between: Numbers


@dataclass(frozen=True)
class _Projection:
    source: str
    target: str
    synapses: float
    weight: float
    distance: float
    delay: float


def _plan(cortex: anatomy.Areas, without_layer_4: "frozenset[str]") -> _Plan:
    table, column = anatomy.table("potjans_diesmann2014"), _sizes()
    has = np.array([[not (area in without_layer_4 and "L4" in each) for each in _TYPES] for area in cortex.names])
    sizes = np.rint(column * _size_factor()) * has
    indegree = _column.synapses(table.probability, column) / column[:, None]
    local = np.einsum("ai,ij,aj->a", sizes, indegree, has.astype(float))
    shares = (1 - _LOCAL - _SUBCORTICAL) / (_LOCAL * _reached())
    between = cortex.fln * (shares * local)[:, None]
    return _Plan(cortex, sizes, indegree, _column.weights(table), between)


def _from(plan: _Plan, a: int, b: int) -> Dict[str, float]:
    """Of a link from area b to a, the fraction that comes from each population."""
    sln, of = plan.cortex.sln[a, b], dict(zip(_TYPES, plan.sizes[b]))
    deep = of["L5E"] + of["L6E"]
    return {"L23E": sln, "L5E": (1 - sln) * of["L5E"] / deep, "L6E": (1 - sln) * of["L6E"] / deep}


def _onto(plan: _Plan, a: int, b: int) -> Dict[str, float]:
    """The fraction that reaches each population: in-degrees are the same."""
    sln = plan.cortex.sln[a, b]
    stream = 2 if sln > _FEEDFORWARD else 0 if sln < _FEEDBACK else 1
    reached = {
        name: size
        for name, size in zip(_TYPES, plan.sizes[a])
        if size > 0 and (stream == 1 or (stream == 2) == ("L4" in name) or (stream == 2 and plan.sizes[a, 2] == 0))
    }
    whole = sum(reached.values())
    return {name: size / whole for name, size in reached.items()}


def _links(plan: _Plan) -> Iterator[Tuple[int, int]]:
    for a, b in zip(*np.nonzero(plan.cortex.links)):
        yield int(a), int(b)


def _projections(plan: _Plan) -> Iterator[_Projection]:
    names = plan.cortex.names
    for area, sizes in zip(names, plan.sizes):
        for (i, j), indegree in np.ndenumerate(plan.indegree):
            if sizes[i] * sizes[j] > 0:
                weight, ends = plan.weight[i, j], (f"{area}/{_TYPES[j]}", f"{area}/{_TYPES[i]}")
                delay = _column.EXCITATORY_DELAY if weight > 0 else _column.INHIBITORY_DELAY
                yield _Projection(*ends, float(indegree * sizes[i]), float(weight), 0.0, delay)
    for a, b in _links(plan):
        for source, part in _from(plan, a, b).items():
            for target, share in _onto(plan, a, b).items():
                count, ends = plan.between[a, b] * part * share, (f"{names[b]}/{source}", f"{names[a]}/{target}")
                apart = float(plan.cortex.distances[a, b])
                yield _Projection(*ends, float(count), _column.jump(_column.PSP), apart, 0.0)


def _heard(plan: _Plan, rates: Numbers) -> Numbers:
    """[areas, 8]: spikes from other areas that a neuron gets each second."""
    of, heard = dict(zip(_TYPES, rates)), np.zeros_like(plan.sizes)
    for a, b in _links(plan):
        sent = plan.between[a, b] * sum(part * of[name] for name, part in _from(plan, a, b).items())
        for name, share in _onto(plan, a, b).items():
            k = _TYPES.index(name)
            heard[a, k] += sent * share / plan.sizes[a, k]
    return heard


def _add_areas(net: Network, plan: _Plan, share: float, kept: float, rates: Numbers) -> None:
    jump, charge = _column.jump(_column.PSP), plan.weight * plan.indegree
    outside = np.array(_column.OUTSIDE) * _column.BACKGROUND
    heard = _heard(plan, rates)
    there = (plan.sizes > 0) * rates
    missed = (rates - there) @ charge.T / jump  # what layer 4 sends where there is one
    trains = np.maximum(outside - heard, 0) + np.maximum(missed, 0)
    given = np.sqrt(kept) * (there @ charge.T + jump * (heard + trains))
    drive = _column.drive_of(charge @ rates + jump * outside - given)
    for (a, k), size in np.ndenumerate(plan.sizes):
        if size > 0:
            name, n = f"{plan.cortex.names[a]}/{_TYPES[k]}", max(1, round(size * share))
            outer = float(trains[a, k] * kept)
            _column.add_population(net, name, k, n, float(drive[a, k]), outer, jump / np.sqrt(kept))
