"""Mean fields of built networks: what :class:`MeanField` and :class:`ConductanceField` take, read from the synapses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, List, Mapping, NamedTuple, Optional, Tuple

import numpy as np

from ._handle import brief, listed
from ._kinds import of_their_kind
from .conductance_fields import ConductanceField
from .errors import UnknownNameError, UnsupportedError
from .mean_fields import Doubles, MeanField
from .synapse_list import columns

if TYPE_CHECKING:
    from .network import Network

__all__ = ["mean_field"]

#: What a population must not have, as the theory does not know it.
_WITHOUT = {"adaptation": "adapts", "soft_reset": "has a soft reset"}
_CELL = (
    "capacitance", "g_leak", "rest", "threshold", "reset", "refractory", "e_exc", "e_inh", "tau_ampa", "tau_gaba",
    "tau_nmda", "tau_rise", "alpha", "magnesium",
)  # fmt: skip


@of_their_kind
def mean_field(net: "Network", inputs: Optional[Mapping[str, float]] = None) -> MeanField:
    """The mean field of a built network of populations of the model ``lif``, or of ``lif_conductance``.

    Numbers of synapses and the mean and variance of their weights are those that were built; a neuron has those that
    neurons of its population have on average::

        theory = na.mean_field(net)
        theory.rates["E"]  # the spontaneous state
        theory.solve({"A": 50})  # what is reached from an active population
        theory.states()  # all that many starts lead to

    Of ``lif_conductance`` it is a :class:`ConductanceField`. Synapses from all neurons of a population onto all of
    another, of one weight, carry no noise there: all receive the same, as in Brunel & Wang (2001).

    Args:
        net: with populations of the model ``lif``, whose projections arrive at ``delta``, ``exc``, ``inh``,
            ``background`` and ``background_exc``; or ``lif_conductance``. Outputs are left out. Populations of the
            model ``poisson`` have the mean of the rates that their units are given, by inputs too.
        inputs: what inputs are set to, Hz where they are a background; the others are 0.
    """
    from .network import Network

    given = dict(inputs or {})
    unknown = [name for name in given if name not in net.inputs]
    if unknown:
        raise UnknownNameError(f"inputs: there is no input {brief(unknown[0])}, but {listed(net.inputs) or 'none'}")
    kinds: Dict[str, type[_Reader]] = {"lif": _OfCurrents, "lif_conductance": _OfConductances}
    models = [(name, net.model(name)) for name in net.populations if net.model(name) != "poisson"]
    if not models:
        raise UnsupportedError("net: there is no population of the model lif or lif_conductance")
    for name, model in models:
        if model not in kinds:
            raise UnsupportedError(
                f"net: {brief(name)} is of the model {brief(model)}; mean fields are of lif and lif_conductance"
            )
        if model != models[0][1]:
            raise UnsupportedError(
                f"net: {brief(models[0][0])} is of the model {brief(models[0][1])}, {brief(name)} of "
                f"{brief(model)}; no mean field knows both"
            )
    return kinds[models[0][1]](net, given, [name for name, _ in models]).read()


class _Arrival(NamedTuple):
    """A projection onto a neuron of a population, on average."""

    source: str
    to: str
    port: str
    #: Sum of weights, of their squares, and number of synapses.
    total: float
    square: float
    synapses: float
    #: Whether all neurons receive the same.
    common: bool


class _Reader:
    """Reads what both models have."""

    #: Signals that projections from a population may carry to a port of this name; others carry spikes.
    signals: Mapping[str, str] = {}

    def __init__(self, net: "Network", inputs: Dict[str, float], names: List[str]) -> None:
        self.net, self.inputs, self.names = net, inputs, names
        self.given = {
            name: float(np.mean(net.get(name, "rate"))) for name in net.populations if net.model(name) == "poisson"
        }
        for source, target in net.projections:
            if target.partition(":")[0] in self.given:
                self._drive(source, target)

    def read(self) -> MeanField:
        raise NotImplementedError

    def numbers(self, parameter: str) -> Doubles:
        return np.array([self.one(name, parameter) for name in self.names])

    def one(self, name: str, parameter: str) -> float:
        values = self.net.get(name, parameter)
        if np.ptp(values) > 1e-9 * max(1.0, float(np.abs(values).max())):
            raise UnsupportedError(f"net: {parameter} of {brief(name)} differs between its units")
        return float(values[0])

    def bias(self, name: str) -> float:
        bias = np.asarray(self.net.bias(name), np.float64)
        if np.ptp(bias) > 0:
            raise UnsupportedError(f"net: the bias of {brief(name)} differs between its units")
        return float(bias[0])

    def _drive(self, source: str, target: str) -> None:
        """What an input adds to the rate of a source of spikes."""
        to = target.partition(":")[0]
        if source not in self.net.inputs:
            raise UnsupportedError(f"net: {brief(source)} sets the rate of {brief(to)}, which only an input can")
        total = float(columns(self.net, source, target, ("weight",))["weight"].astype(np.float64).sum())
        self.given[to] += total / self.net.populations[to] * float(self.inputs.get(source, 0.0))

    def arrivals(self) -> List[_Arrival]:
        """Of each projection onto the populations; refuses what the theory does not know."""
        found = []
        for source, target in self.net.projections:
            (of, _, signal), (to, _, port) = source.partition(":"), target.partition(":")
            if to not in self.names:
                continue
            if self.net.short_term(source, target) is not None:
                raise UnsupportedError(
                    f"net: synapses from {brief(source)} onto {brief(target)} have short-term plasticity, which its "
                    "mean field does not know"
                )
            if of not in self.net.inputs and port.startswith("background"):
                raise UnsupportedError(f"net: {brief(source)} sets the {port} of {brief(to)}, which only an input can")
            wanted = self.signals.get(port, "spike")
            if of not in self.net.inputs and (signal or "spike") != wanted:
                raise UnsupportedError(
                    f"net: {brief(of)} sends {brief(signal or 'spike')} to {brief(target)}; its mean field knows "
                    f"{brief(wanted)} there"
                )
            weight = columns(self.net, source, target, ("weight",))["weight"].astype(np.float64)
            n = self.net.populations[to]
            pairs = n * (self.net.populations.get(of, 0) - (of == to))
            common = len(weight) >= max(pairs, 1) and float(np.ptp(weight)) == 0
            total, square, synapses = (float(x) / n for x in (weight.sum(), weight @ weight, len(weight)))
            found.append(_Arrival(of, to, port.rstrip("+-"), total, square, synapses, common))
        return found


class _OfCurrents(_Reader):
    """Of ``lif``: jumps of the potential, and currents."""

    def read(self) -> MeanField:
        n = len(self.names)
        self.cell = {
            key: self.numbers(key)
            for key in ("tau", "refractory", "drive", "threshold", "reset", "rest", "capacitance", "tau_exc", "tau_inh")
        }
        for name in self.names:
            for parameter, does in _WITHOUT.items():
                if np.any(self.net.get(name, parameter) != 0):
                    raise UnsupportedError(
                        f"net: {brief(name)} {does} ({parameter}), which its mean field does not know"
                    )
        self.per_hz = self.cell["tau"] / 1000.0
        self.sums, self.squares, self.counts, self.steeps = (np.zeros((n, n)) for _ in range(4))
        self.taus: List[Dict[float, str]] = [{} for _ in range(n)]
        self.mean = self.cell["drive"] + np.array([self.bias(name) * self._step(name) for name in self.names])
        self.variance, self.steep = np.zeros(n), np.zeros(n)  # steep: variance over its time constant
        arrivals = self.arrivals()
        self._background(arrivals)
        for each in arrivals:
            if not each.port.startswith("background"):
                self._arrive(each)
        weight, square, memory = (
            np.divide(x, by, out=np.zeros((n, n)), where=by > 0)
            for x, by in ((self.sums, self.counts), (self.squares, self.counts), (self.squares, self.steeps))
        )
        for name, taus in zip(self.names, self.taus):
            if 0 in taus and len(taus) > 1:
                others = listed(port for tau, port in taus.items() if tau)
                raise UnsupportedError(
                    f"net: {brief(name)} receives jumps ({taus[0]}) and currents ({others}), whose noise no mean field "
                    "knows together"
                )
        return MeanField(
            self.names,
            self.counts,
            weight,
            np.sqrt(np.maximum(square - weight**2, 0)),
            self.cell["tau"],
            self.cell["threshold"] - self.cell["rest"],
            self.cell["reset"] - self.cell["rest"],
            self.cell["refractory"],
            drive=self.mean,
            noise=np.sqrt(self.variance),
            tau_syn=memory,
            noise_tau_syn=np.divide(self.variance, self.steep, out=np.zeros(n), where=self.steep > 0),
        )

    def _step(self, name: str) -> float:
        """What a constant that arrives at each step makes of the potential."""
        return 1.0 if self.one(name, "normalise") else 1.0 / self._left(name)

    def _left(self, name: str) -> float:
        return float(-np.expm1(-self.net.dt / self.one(name, "tau")))

    def _jump(self, i: int, port: str) -> Tuple[float, float]:
        """mV by which an arrival of 1 moves the potential in all, and the time constant in which it does."""
        if port in ("exc", "inh"):
            tau = float(self.cell[f"tau_{port}"][i])
            return tau / float(self.cell["capacitance"][i]), tau
        name = self.names[i]
        return (self._left(name) if self.one(name, "normalise") else 1.0), 0.0

    def _background(self, arrivals: List[_Arrival]) -> None:
        """Both Poisson trains of a neuron, with the rates that inputs add."""
        for i, name in enumerate(self.names):
            for port, onto in (("background", "delta"), ("background_exc", "exc")):
                rate = self.one(name, port)
                for each in arrivals:
                    if (each.to, each.port) == (name, port):
                        rate += each.total * float(self.inputs.get(each.source, 0.0))
                by, tau = self._jump(i, onto)
                self._outside(i, port, rate, by * self.one(name, f"{port}_weight"), tau)

    def _outside(self, i: int, port: str, rate: float, jump: float, tau: float, square: Optional[float] = None) -> None:
        """Spikes that have their rate from elsewhere."""
        noise = self.per_hz[i] / 2 * (jump**2 if square is None else square) * max(rate, 0.0)
        self.mean[i] += self.per_hz[i] * jump * max(rate, 0.0)
        self.variance[i] += noise
        self.steep[i] += noise / tau if tau else 0.0
        if noise:
            self.taus[i][tau] = port

    def _arrive(self, each: _Arrival) -> None:
        i = self.names.index(each.to)
        by, tau = self._jump(i, each.port)
        if each.source in self.net.inputs:
            per_step = self.per_hz[i] * by * 1000.0 / self.net.dt if tau else self._step(each.to)
            self.mean[i] += each.total * float(self.inputs.get(each.source, 0.0)) * per_step
        elif each.source in self.given:
            self._outside(i, each.port or "delta", self.given[each.source], each.total * by, tau, each.square * by**2)
        else:
            j = self.names.index(each.source)
            self.sums[i, j] += each.total * by
            self.squares[i, j] += each.square * by**2
            self.counts[i, j] += each.synapses
            self.steeps[i, j] += each.square * by**2 / tau if tau else 0.0
            if each.square:
                self.taus[i][tau] = each.port or "delta"


class _OfConductances(_Reader):
    """Of ``lif_conductance``."""

    signals = {"nmda+": "nmda", "nmda": "nmda"}

    def read(self) -> MeanField:
        n = len(self.names)
        cell = {key: self.numbers(key) for key in _CELL}
        self.taus = {"ampa": cell["tau_ampa"], "gaba": cell["tau_gaba"]}
        self.synapses = {key: np.zeros((n, n)) for key in ("ampa", "nmda", "gaba", "ampa_squares", "gaba_squares")}
        self.noise, self.constant = np.zeros((2, n)), np.zeros((2, n))
        self.current = np.array([self.bias(name) for name in self.names])
        self.background = self.numbers("background")
        for each in self.arrivals():
            self._arrive(each)
        background = np.maximum(self.background, 0.0)
        return ConductanceField(
            self.names,
            **self.synapses,
            background=background,
            background_weight=self.numbers("background_weight"),
            current=self.current,
            noise=self.noise,
            constant=self.constant,
            **cell,
        )

    def _arrive(self, each: _Arrival) -> None:
        i, total = self.names.index(each.to), abs(each.total)
        if each.source in self.net.inputs:
            self._given_input(i, each)
            return
        if each.port in ("", "current"):
            raise UnsupportedError(
                f"net: spikes of {brief(each.source)} arrive at {brief(each.to + ':current')}, which its mean field "
                "does not know"
            )
        square = 0.0 if each.common else each.square
        if each.source in self.given:
            rate, which = max(0.0, self.given[each.source]), ("ampa", "gaba").index(each.port)
            self.constant[which, i] += self.taus[each.port][i] / 1000 * total * rate
            self.noise[which, i] += square * rate
            return
        j = self.names.index(each.source)
        self.synapses[each.port][i, j] += total
        if each.port != "nmda":
            self.synapses[f"{each.port}_squares"][i, j] += square

    def _given_input(self, i: int, each: _Arrival) -> None:
        value = each.total * float(self.inputs.get(each.source, 0.0))
        if each.port == "background":
            self.background[i] += value
        elif each.port in ("", "current"):
            self.current[i] += value
        elif each.port in self.taus:
            self.constant[("ampa", "gaba").index(each.port), i] += abs(value) * self.taus[each.port][i] / self.net.dt
        elif value:
            raise UnsupportedError(f"net: {brief(each.source)} sets {brief(each.to + ':nmda')}, which only spikes can")
