"""Memory and time of a network on some ranks, before they are taken."""

from __future__ import annotations

import math
import time
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple, Union

import numpy as np

from . import _c
from ._closed import Closed, Record
from ._handle import brief, expect, listed, real, whole
from ._interrupt import Bar
from ._kinds import of_their_kind
from .constraint import Total
from .delay import Delays
from .errors import InvalidError, UnknownNameError, UnsupportedError
from .exchange import Bytes, Exchange
from .initial import Constant, Normal
from .network import Network

__all__ = ["Estimate", "Machine", "estimate"]

#: Rates of all populations, or of each by its name, Hz.
Rates = Union[float, Mapping[str, float]]


class Machine(Closed):
    """How fast a machine simulates neurons that spike, and ranks reach each other; :meth:`measured` finds the first part.

    Args:
        unit: ns of a step of a neuron.
        look: ns of looking into one list of synapses at a step, of which there is one for each projection, delay and part
            of the receivers.
        cold: ns of the first spike of a step that is looked up in one of them.
        fan: ns of each other one.
        event: ns of a synapse on which a spike arrives.
        bit: ns of a receiver, where a list is rows of bits.
        common: ns that a rank spends on each spike of the network, whosever it is.
        build: ns of drawing a synapse with a weight and a delay of its own: others take less.
        latency: us of a message between two ranks. It is not measured: 2 is that of a cluster's network.
        bandwidth: GB/s of a rank. Nor is this one: 10.
    """

    unit: float
    look: float
    cold: float
    fan: float
    event: float
    bit: float
    common: float
    build: float
    latency: float
    bandwidth: float
    _otherwise = "make another one"

    def __init__(
        self,
        unit: float,
        look: float,
        cold: float,
        fan: float,
        event: float,
        bit: float,
        common: float,
        build: float,
        latency: float = 2.0,
        bandwidth: float = 10.0,
    ) -> None:
        found = {"unit": unit, "look": look, "cold": cold, "fan": fan, "event": event, "bit": bit}
        found.update(common=common, build=build, latency=latency, bandwidth=bandwidth)
        for name, value in found.items():
            least = value > 0 if name == "bandwidth" else value >= 0
            if not (math.isfinite(real(name, value)) and least):
                raise InvalidError(f"{name} is {value}, must be {'above' if name == 'bandwidth' else 'at least'} 0")
        self._keep(**{name: float(value) for name, value in found.items()})

    @classmethod
    def measured(cls, net: Optional[Network] = None, latency: float = 2.0, bandwidth: float = 10.0) -> "Machine":
        """This machine, by running small networks for some seconds; later calls remember what was found.

        ``net``: whose neurons are run, of each model eight kinds at most; default are LIF neurons with a Poisson background.
        """
        kinds: List[_Kind] = [("lif", 1.0, (("background", 8000.0),))]
        if net is not None:
            kinds = _typical(_kinds(expect("net", net, Network, "a neuroai.Network")))
        dt = 0.1 if net is None else net.dt
        total = 0.0
        with Bar(len(kinds) + _MEASURED, "networks measured") as bar:
            for k, (model, n, parameters) in enumerate(kinds):
                total += n * _unit(dt, model, parameters)
                bar.at(k + 1)
            found = _synapses(lambda k: bar.at(len(kinds) + k))
        return cls(unit=total / sum(kind[1] for kind in kinds), latency=latency, bandwidth=bandwidth, **found)

    def __repr__(self) -> str:
        return "Machine(" + ", ".join(f"{name}={value:.3g}" for name, value in vars(self).items()) + ")"


# --- measuring -------------------------------------------------------------------------------------------------------

_STEPS = 300
_found: Dict[Any, Any] = {}

_Kind = Tuple[str, float, Tuple[Tuple[str, float], ...]]


def _kinds(net: Network) -> List[_Kind]:
    """Models of the populations, with numbers of units, and the parameters of the first unit of each."""
    kinds: Dict[Any, float] = {}
    for name, n in net.populations.items():
        fields = net._fields(name)
        if fields is None or name in net._own_models:
            raise UnsupportedError(f"'{name}' has a model of your own: say machine=, as its steps are not measured")
        kind = net.model(name), tuple((key, float(net.get(name, key)[0])) for key in fields.parameters)
        kinds[kind] = kinds.get(kind, 0.0) + n
    return [(model, n, chosen) for (model, chosen), n in kinds.items()]


def _typical(kinds: List[_Kind], most: int = 8) -> List[_Kind]:
    """Of each model so many kinds, the middle ones of groups that have equally many units and lie side by side."""
    found: Dict[_Kind, float] = {}
    for model in dict.fromkeys(kind[0] for kind in kinds):
        of_it = sorted((kind for kind in kinds if kind[0] == model), key=lambda kind: kind[2])
        ends = np.cumsum([kind[1] for kind in of_it])
        if len(of_it) <= most:
            found.update({kind: kind[1] for kind in of_it})
            continue
        for k in range(most):
            middle = of_it[int(np.searchsorted(ends, (k + 0.5) / most * ends[-1]))]
            found[middle] = found.get(middle, 0.0) + float(ends[-1]) / most
    return [(model, n, chosen) for (model, _, chosen), n in found.items()]


def _of_cells(dt: float, n: int, parameters: Mapping[str, Any], model: str = "lif") -> Network:
    """In no order, so that they do not fire at once, nor one after the other."""
    start = np.random.default_rng(1).uniform(0.0, 19.0, n) if model == "lif" else 0.0
    return Network(dt).population("X", n, sign=+1, model=model, initial=start).set("X", **parameters)


def _few(net: Network, synapses: int = 1, **how: Any) -> Network:
    """Synapses that do nothing: without any, units are moved otherwise."""
    how = {"delay": 15 * net.dt, "initial": Constant(0.0), **how}
    return net.connect("X", "X", plastic=False, storage="listed", **how).constrain("X", "X", Total(synapses))


def _seconds(net: Network, runs: int = 3, steps: int = _STEPS) -> Tuple[float, float]:
    """The least of some runs, of a built network; and the rate, Hz."""
    best, spikes = math.inf, 0
    for _ in range(runs):
        began = time.perf_counter()
        run = net.run(steps=steps, progress=False)
        best, spikes = min(best, time.perf_counter() - began), sum(len(spikes) for spikes in run.spikes.values())
    return best, 1e3 * spikes / (steps * net.dt * sum(net.populations.values()))


def _unit(dt: float, model: str, parameters: Tuple[Tuple[str, float], ...]) -> float:
    """ns of a step of a unit."""
    n = 8192
    key = (dt, model, parameters)
    if key not in _found:
        net = _few(_of_cells(dt, n, dict(parameters), model)).build(1, progress=False)
        _found[key] = 1e9 * _seconds(net, 6)[0] / (_STEPS * n)
    return float(_found[key])


def _said(net: Network, ranks: int, hz: List[float]) -> Any:
    said = _c.nai_estimate()
    _c.nai_network_estimate(said, net, ranks, np.array(hz, np.float64), len(hz))
    return said


class _Alone(Exchange):
    """A rank of one population, so that it can be run by itself: of the others the same units fire, each in its own part."""

    def __init__(self, ranks: int, units: int) -> None:
        super().__init__(0, ranks)
        self.seconds, self.part = 0.0, units // ranks
        self._left = self._rest = 0

    def _mark(self, units: "np.ndarray[Any, Any]", said: "np.ndarray[Any, Any]") -> None:
        """Which of these numbers are units: of each step there is first how many."""
        at = 0
        while at < len(said):
            if self._left == 0:
                self._left, at = int(said[at]), at + 1
            n = min(self._left, len(said) - at)
            units[at : at + n] = self.part
            self._left, at = self._left - n, at + n

    def gather(self, everything: Bytes, first: Tuple[int, ...], size: Tuple[int, ...]) -> None:
        began = time.perf_counter()
        numbers = np.frombuffer(everything, np.int32)
        said = numbers[first[0] // 4 : (first[0] + size[0]) // 4].copy()
        units = np.zeros(len(said), np.int32)
        if self._rest:
            self._mark(units, said)
            self._rest = 0
        elif len(said) > 4:  # lib/running/meeting.h: how many numbers follow, from which step, of how many
            self._left, told = 0, min(int(said[0]), len(said) - 3)
            self._mark(units[3 : 3 + told], said[3 : 3 + told])
            self._rest = int(said[0]) - told
        for k in range(1, self.ranks):
            n = min(size[0], size[k]) // 4
            numbers[first[k] // 4 : first[k] // 4 + n] = (said + k * units)[:n]
        self.seconds += time.perf_counter() - began


def _column(n: int, parameters: Mapping[str, Any], synapses: int, how: Mapping[str, Any]) -> Network:
    """Eight populations: what there is of many lists does not stay in the first caches."""
    net = Network(0.1)
    for k, name in enumerate("ABCDEFGH"):
        start = np.random.default_rng(k).uniform(0.0, 19.0, n)
        net.population(name, n, sign=+1, model="lif", initial=start).set(name, **parameters)
    net.connect("*", "*", plastic=False, storage="listed", **how).constrain("*", "*", Total(synapses))
    return net.build(1, progress=False)


def _arriving(said: Any, dt: float) -> Dict[str, float]:
    """A second of spikes: the first one of a step in a list waits for memory, others are asked for while it is dealt with."""
    looks = said.lists * 1e3 / dt
    cold = -looks * math.expm1(-said.fans / looks) if looks > 0 else 0.0
    return {"cold": cold, "fan": said.fans - cold, "event": said.events, "bit": said.bits}


#: Networks that :func:`_synapses` runs.
_MEASURED = 7


def _synapses(shown: Callable[[int], None]) -> Dict[str, float]:
    """What synapses cost, from small networks that differ in one thing each; ``shown`` is told how many have been run."""
    if "synapses" in _found:
        return dict(_found["synapses"])
    drive = {"drive": 40.0, "refractory": 20.0}  # fires at 30 Hz
    quiet, loud = {"drive": 0.0}, drive
    many, spread = 16384, {"delay": Delays(1.5, 0.75, 0.1), "initial": Normal(0.0, 1e-6)}
    unit = _unit(0.1, "lif", tuple(drive.items()))
    found: Dict[str, float] = {}

    def beyond(net: Network, known: float, what: str) -> float:
        """ns of each of `what` that a run has, beyond what is known of it."""
        seconds, hz = _seconds(net)
        said = _said(net, 1, [hz])
        each = {"unit": said.units * _STEPS, "look": said.lists * _STEPS}
        each.update({key: value * _STEPS * net.dt * 1e-3 for key, value in _arriving(said, net.dt).items()})
        shown(len(found) + 1)
        rest = 1e9 * seconds - known * each["unit"] - sum(found[key] * each[key] for key in found if key in each)
        return float(max(0.0, rest) / each[what])

    silent = _column(512, quiet, 4000, spread)
    found["look"] = beyond(silent, _unit(0.1, "lif", tuple(quiet.items())), "look")
    few = _few(_of_cells(0.1, many, loud), 20 * many, **spread).build(1, progress=False)
    found["fan"] = beyond(few, unit, "fan")
    slow, each = {"drive": 21.0}, 40_000
    began = time.perf_counter()
    sparse = _column(2048, slow, each, spread)
    found["build"] = 1e9 * (time.perf_counter() - began) / (64 * each)
    found["cold"] = beyond(sparse, _unit(0.1, "lif", tuple(slow.items())), "cold")
    long = _few(_of_cells(0.1, 8192, loud), 500 * 8192, initial=Normal(0.0, 1e-6)).build(1, progress=False)
    found["event"] = beyond(long, unit, "event")
    dense = _few(_of_cells(0.1, 8192, loud), 500 * 8192).build(1, progress=False)
    found["bit"] = beyond(dense, unit, "bit")
    alone = _Alone(8, many)
    busy = {"drive": 400.0, "refractory": 5.0}  # so often that little else matters
    shared = _few(_of_cells(0.1, many, busy)).share(alone).build(1, progress=False)
    alone.seconds = 0.0
    seconds, hz = _seconds(shared)
    spikes, own = 1e-3 * hz * many * _STEPS * shared.dt, _unit(0.1, "lif", tuple(busy.items()))
    found["common"] = max(0.0, 1e9 * (seconds - alone.seconds / 3) - own * _STEPS * many / 8) / spikes
    _found["synapses"] = found
    return dict(found)


# --- saying ----------------------------------------------------------------------------------------------------------


class Estimate(Closed):
    """What a network takes on each of some ranks, of the rank that has most; made by :func:`estimate`.

    Attributes:
        ranks: how many.
        units, synapses: of the network; synapses are expected, exact where their number is.
        rank_units, rank_synapses: those that the rank has.
        memory: bytes that it needs at most: of the build, or of the built network and a state of one trial.
        build_bytes, bytes, state_bytes: of the build, of the built network, of the state.
        exchange_steps: steps from one exchange to the next; 0 on one rank.
        exchange_bytes: that the rank sends in each, at the rates asked for; ``most_bytes`` if all fire at each step.
        seconds: of a second that is simulated, by what takes them: "units", "lists" (looking for spikes), "spikes", "common"
            (of all spikes, on each rank), "latency" and "bytes" of messages. None where that cannot be told: of units that
            do not spike, or of synapses that learn.
        build_seconds: of the build, about what it takes where weights and delays are drawn, and more than with constant
            ones; None with these.
        machine: that times are of; None.
    """

    ranks: int
    units: int
    synapses: int
    rank_units: int
    rank_synapses: int
    memory: int
    build_bytes: int
    bytes: int
    state_bytes: int
    exchange_steps: int
    exchange_bytes: float
    most_bytes: int
    seconds: Optional[Mapping[str, float]]
    build_seconds: Optional[float]
    machine: Optional[Machine]
    _otherwise = "ask again"

    @property
    def second(self) -> Optional[float]:
        """Seconds of a second that is simulated, all together."""
        return None if self.seconds is None else sum(self.seconds.values())

    def __repr__(self) -> str:
        each = " on each" if self.ranks > 1 else ""
        lines = [
            f"<Estimate: {_count(self.units)} units, {_count(self.synapses)} synapses on {_ranks(self.ranks)}",
            f"  memory{each}      at most {_size(self.memory)}: build {_size(self.build_bytes)}, network {_size(self.bytes)}, "
            f"state {_size(self.state_bytes)}",
            f"  has{each}         {_count(self.rank_units)} units, {_count(self.rank_synapses)} synapses",
        ]
        if self.exchange_steps:
            lines.append(f"  exchange      every {self.exchange_steps} steps, {_size(self.exchange_bytes)} sent by each")
        if self.seconds is None or self.build_seconds is None:
            lines.append("  time          not told: of neurons that spike on synapses that do not learn alone")
        else:
            terms = listed((f"{name} {_time(value)}" for name, value in self.seconds.items() if value > 0), 9)
            lines.append(f"  a second      {_time(self.second or 0.0)}: {terms}")
            lines.append(f"  build         {_time(self.build_seconds)}")
        return "\n".join(lines) + ">"


def _ranks(n: int) -> str:
    return "1 rank" if n == 1 else f"{n} ranks"


def _count(n: float) -> str:
    for size, word in ((1e9, "e9"), (1e6, "e6")):
        if n >= size:
            return f"{n / size:.3g}{word}"
    return f"{n:.0f}"


def _size(n: float) -> str:
    for size, word in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if n >= size:
            return f"{n / size:.3g} {word}"
    return f"{n:.0f} bytes"


def _time(s: float) -> str:
    return f"{s:.3g} s" if s >= 0.1 else f"{1e3 * s:.2g} ms"


def _hz(net: Network, rate: Rates) -> List[float]:
    if not isinstance(rate, Mapping):
        return [real("rate", rate)]
    names = net.populations
    for name in rate:
        if name not in names:
            raise UnknownNameError(f"rate: no population is called {brief(name)}: there are {listed(names)}")
    if set(names) - set(rate):
        raise InvalidError(f"rate lacks {listed(sorted(set(names) - set(rate)))}")
    return [real(f"rate of {name}", rate[name]) for name in names]


def _can_time(net: Network, hz: List[float]) -> bool:
    try:
        _said(net, 2, hz)
    except UnsupportedError:
        return False
    return True


def _terms(said: Any, dt: float, machine: Machine) -> Dict[str, float]:
    """Seconds of a second."""
    steps, ranks = 1e3 / dt, int(said.ranks)
    spikes = sum(getattr(machine, key) * value for key, value in _arriving(said, dt).items())
    found = {"units": 1e-9 * machine.unit * steps * said.rank_units, "lists": 1e-9 * machine.look * steps * said.lists}
    found.update(spikes=1e-9 * spikes, common=0.0, latency=0.0, bytes=0.0)
    if ranks > 1:
        exchanges, rows = steps / said.exchange_steps, said.row_bytes * said.exchanges
        calls = said.exchanges * (2 if said.exchange_bytes > rows else 1)
        found["common"] = 1e-9 * machine.common * said.spikes
        found["latency"] = 1e-6 * machine.latency * exchanges * calls * math.ceil(math.log2(ranks))
        found["bytes"] = 1e-9 * exchanges * ranks * said.exchange_bytes / machine.bandwidth
    return found


@of_their_kind
def estimate(net: Network, ranks: int = 1, *, rate: Rates = 8.0, machine: Optional[Machine] = None) -> Estimate:
    """Memory and time of a network on so many ranks, before it is built, and without having them (docs/parallel.md)::

        net = na.circuits.potjans_diesmann2014(1.0)
        print(na.estimate(net, ranks=16, rate=4.0))

    It is planned as a build on the rank that has most would lay it out, and nothing is drawn. What the build on so many ranks
    would refuse is refused with the same words. Memory is an upper bound, of what the library asks for; times are about right,
    for one thread a rank.

    Args:
        net: to be built; of one that is, what another build would take.
        ranks: 1, or as many as would :meth:`Network.share` it.
        rate: mean rate of all neurons, or of each population by its name, Hz.
        machine: default: this one, which is measured, in some seconds the first time; messages are assumed to be those of a
            cluster. For memory alone, in no time, ``machine=None`` of a network that does not spike, or any
            :class:`Machine`.
    """
    hz = _hz(net, rate)
    said = _said(net, whole("ranks", ranks, _c.int64), hz)
    timed = said.ranks > 1 or _can_time(net, hz)
    if timed and machine is None:
        machine = Machine.measured(net)
    found = Estimate()
    names = "units synapses rank_units rank_synapses build_bytes bytes state_bytes exchange_steps most_bytes"
    found._keep(ranks=int(said.ranks), **{name: int(getattr(said, name)) for name in names.split()})
    found._keep(exchange_bytes=float(said.exchange_bytes), machine=machine if timed else None)
    found._keep(memory=max(found.build_bytes, found.bytes + found.state_bytes))
    seconds = Record(_terms(said, net.dt, machine)) if timed and machine else None
    build = 1e-9 * machine.build * said.rank_synapses if timed and machine else None
    found._keep(seconds=seconds, build_seconds=build)
    return found
