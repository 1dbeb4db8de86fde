"""Circuits of integrate-and-fire neurons: Brunel (2000), and memories of Amit & Brunel (1997)."""

from __future__ import annotations

from typing import Any, Dict, Optional, Sequence, Tuple, Union

import numpy as np

from ._handle import brief, real, spelt, whole
from ._kinds import of_their_kind
from .constraint import InDegree, Total
from .delay import Delay, Delays
from .errors import InvalidError
from .initial import Constant
from .network import Network
from .transfer import siegert

__all__ = ["amit_brunel1997", "brunel2000"]

#: g, and the external rate in units of the threshold rate: panels A to D of figure 8.
_REGIMES = {"SR": (3.0, 2.0), "SI fast": (6.0, 4.0), "AI": (5.0, 2.0), "SI slow": (4.5, 0.9)}
_PANELS = dict(zip("ABCD", _REGIMES))


@of_their_kind
def brunel2000(
    regime: Optional[str] = "AI",
    *,
    g: Optional[float] = None,
    eta: Optional[float] = None,
    n: int = 10_000,
    connections: int = 1000,
    weight: float = 0.1,
    reset: float = 10.0,
    delay: float = 1.5,
    dt: float = 0.1,
) -> Network:
    """The sparse network of Brunel (2000), model A, to be built: ``na.circuits.brunel2000("AI").build(1)``.

    Populations are "E" and, a quarter as many, "I", of the model "lif": tau 20 ms, threshold 20 mV, refractory 2 ms.
    Each neuron has ``connections`` synapses of ``weight`` from E, a quarter as many of -g ``weight`` from I, and a
    Poisson background of ``connections`` synapses at eta times the rate at which their mean reaches the threshold
    (threshold / (weight connections tau), 10 Hz). All are constant. :func:`neuroai.mean_field` has the rates of theory.

    Args:
        regime: "SR" (synchronous regular), "SI fast" (synchronous irregular, fast), "AI" (asynchronous irregular) or
            "SI slow": panels A to D of figure 8, by which they may be called too. None: ``g`` and ``eta`` say.
        g, eta: instead of those of the regime: (3, 2), (6, 4), (5, 2), (4.5, 0.9).
        n: excitatory neurons. Fewer of them with as many connections share more input: rates stay about as they are,
            synchrony grows.
        connections: excitatory ones of a neuron.
        weight: mV.
        reset: mV; 10 in the paper, 0 in NEST's example, which lowers rates by about 15 %.
        delay: ms.
        dt: time step, ms.
    """
    strength, outside = _regime(regime, g, eta)
    inhibitory = whole("connections", connections) // 4
    if inhibitory < 1 or connections > whole("n", n) - 1 or inhibitory > n // 4 - 1:
        raise InvalidError(
            f"connections is {connections}, must be 4 to {n - 4}, so that there are others to be connected to"
        )
    if not real("weight", weight) > 0:
        raise InvalidError(f"weight is {weight:g}, must be above 0")
    rate = 1000 * 20.0 / (weight * 20.0) * outside  # of all external synapses, Hz
    cells: Dict[str, Any] = {"model": "lif", "tau": 20, "threshold": 20, "reset": reset, "refractory": 2}
    cells.update(background=rate, background_weight=weight)
    net = Network(dt=real("dt", dt))
    for name, size, sign in (("E", n, +1), ("I", n // 4, -1)):
        start = np.linspace(min(reset, 0.0), 19, size)  # or all would fire at once
        net.population(name, size, sign, initial=start, **cells)
    how: Dict[str, Any] = {"plastic": False, "delay": delay, "storage": "listed"}
    net.connect("E", "E:delta I:delta", indegree=connections, initial=Constant(weight), **how)
    return net.connect("I", "E:delta I:delta", indegree=inhibitory, initial=Constant(-strength * weight), **how)


def _regime(regime: Optional[str], g: Optional[float], eta: Optional[float]) -> Tuple[float, float]:
    if regime is None and (g is None or eta is None):
        raise InvalidError("g, eta: needed without a regime")
    word = spelt(_PANELS.get(str(regime), regime), _REGIMES)
    if regime is not None and word not in _REGIMES:
        raise InvalidError(f"regime: {brief(regime)} is unknown; it may be {', '.join(_REGIMES)}")
    known = _REGIMES.get(str(word), (0.0, 0.0))
    chosen = known[0] if g is None else real("g", g), known[1] if eta is None else real("eta", eta)
    for what, value in zip(("g", "eta"), chosen):
        if value < 0:
            raise InvalidError(f"{what} is {value:g}, must be at least 0")
    return chosen


@of_their_kind
def amit_brunel1997(
    g_plus: float = 2.7,
    *,
    pools: int = 5,
    coding: float = 0.1,
    n: int = 4000,
    connections: int = 800,
    weights: Sequence[float] = (0.1, 0.2, 0.4, 0.4),
    spontaneous: Tuple[float, float] = (3.0, 9.0),
    delay: Union[float, Delay] = Delays(0.55, 0.26, 0.1),
    multapses: bool = False,
    dt: float = 0.1,
) -> Network:
    """A working memory in the manner of Amit & Brunel (1997), to be built: ``na.circuits.amit_brunel1997().build(1)``.

    Excitatory neurons are in pools "S1", "S2", ..., a share ``coding`` each, and "N", which no stimulus drives;
    inhibitory ones, a quarter as many, are "I". Synapses within a pool are ``g_plus`` times as strong as others; those
    onto it from all other excitatory neurons g_minus = 1 - coding (g_plus - 1) / (1 - coding) times, so that the total
    stays. Above the fold (:func:`neuroai.mean_field` finds it; 2.57 for these weights) a pool that a cue has raised
    goes on firing when the cue has gone. The input "cue" has a channel for each pool: a background that is added, Hz.

    tau is 20 ms of excitatory and 10 ms of inhibitory neurons, threshold 20 mV, reset 10 mV, refractory 2 ms. The sizes
    and weights are not those of the paper, whose table we have not seen, but of a small network with the same states.

    Args:
        g_plus: strength within a pool.
        pools: how many.
        coding: share of excitatory neurons in each.
        n: excitatory neurons.
        connections: excitatory synapses of a neuron; inhibitory ones are a quarter as many.
        weights: from E to E, from E to I, from I to E, from I to I, mV; the last two are taken away.
        spontaneous: rates of excitatory and inhibitory neurons without structure (``g_plus`` 1), Hz, for which the
            external rates are found by the theory.
        delay: of all synapses, ms. Where all are the same, inhibition swings.
        multapses: whether a neuron may have several synapses from another. How many excitatory ones it has, and from
            which pool, is then left to chance: ``connections`` on average. Near the fold the rate in the delay is lower.
        dt: time step, ms.
    """
    sizes = _pool_sizes(whole("pools", pools), real("coding", coding), whole("n", n))
    g_minus = 1 - coding * (real("g_plus", g_plus) - 1) / (1 - coding)
    if g_plus < 0 or g_minus < 0:
        raise InvalidError(f"g_plus is {g_plus:g}, must be 0 to {1 / coding:g}: no synapse may change its sign")
    if len(weights) != 4 or not all(weight >= 0 for weight in weights):
        raise InvalidError("weights: expected four of at least 0: from E to E, from E to I, from I to E, from I to I")
    w_ee, w_ie, w_ei, w_ii = (real("weights", weight) for weight in weights)
    net = Network(dt=real("dt", dt)).input("cue", pools)
    cells: Dict[str, Any] = {"model": "lif", "threshold": 20, "reset": 10, "refractory": 2}
    for names, tau, local, inhibition in ((list(sizes), 20.0, w_ee, w_ei), (["I"], 10.0, w_ie, w_ii)):
        outside = _background(tau, local, inhibition, connections, spontaneous, spontaneous[names == ["I"]])
        for name in names:
            sign, size = (-1, n // 4) if name == "I" else (1, sizes[name])
            start = np.linspace(5, 19, size)  # or all would fire at once
            net.population(
                name, size, sign, tau=tau, initial=start, background=outside, background_weight=local, **cells
            )
    how: Dict[str, Any] = {"plastic": False, "delay": delay, "storage": "listed"}

    def join(source: str, to: str, count: int, strength: float) -> None:
        by_chance = multapses and source != "I"
        drawn = Total(count * {**sizes, "I": n // 4}[to], True) if by_chance else InDegree(count, multapses)
        net.connect(source, f"{to}:delta", initial=Constant(strength), **how)
        net.constrain(source, f"{to}:delta", drawn)

    for to in (*sizes, "I"):
        for source, size in sizes.items():
            strength = 1.0 if to in ("N", "I") else g_plus if source == to else g_minus
            join(source, to, round(connections * size / n), strength * (w_ie if to == "I" else w_ee))
        join("I", to, connections // 4, -(w_ii if to == "I" else w_ei))
    for k in range(pools):
        column = np.zeros((sizes[f"S{k + 1}"], pools))
        column[:, k] = 1
        net.connect("cue", f"S{k + 1}:background", mask=column, initial=column, plastic=False)
    return net


def _pool_sizes(pools: int, coding: float, n: int) -> Dict[str, int]:
    if pools < 1 or not 0 < coding < 1 or pools * round(coding * n) >= n:
        raise InvalidError(f"pools, coding: {pools} pools of {coding:g} are not fewer than all neurons")
    each = round(coding * n)
    if each < 2:
        raise InvalidError(f"coding is {coding:g}: a pool of {n} neurons would have {each}")
    return {**{f"S{k + 1}": each for k in range(pools)}, "N": n - pools * each}


def _background(
    tau: float, local: float, inhibition: float, connections: int, rates: Tuple[float, float], wanted: float
) -> float:
    """Total external rate, Hz, by which a neuron among others at these rates has the rate that is wanted."""
    if not 0 < wanted < 500 or min(rates) < 0:
        raise InvalidError(f"spontaneous is {rates}, must be above 0 and below 500 Hz")

    def rate(outside: float) -> float:
        excitation = connections * rates[0] + outside
        inhibited = connections // 4 * rates[1]
        mean = tau / 1000 * (local * excitation - inhibition * inhibited)
        variance = tau / 2000 * (local**2 * excitation + inhibition**2 * inhibited)
        return float(siegert(mean, np.sqrt(variance), tau))

    low, high = 0.0, 1e3
    while rate(high) < wanted:
        high *= 2
        if high > 1e9:
            raise InvalidError(f"spontaneous is {rates}, which no background makes")
    if rate(low) > wanted:
        raise InvalidError(f"spontaneous is {rates}, but without a background the rate is {rate(low):.3g} Hz already")
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (low, middle) if rate(middle) > wanted else (middle, high)
    return (low + high) / 2
