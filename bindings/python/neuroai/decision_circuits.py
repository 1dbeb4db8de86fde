"""Circuits that decide without training: Wang (2002), its reduction by Wong & Wang (2006), and their task.

A circuit is a network like any other, to be built; its choices are those of :class:`RandomDots`, and what evaluates
trained networks evaluates it::

    net = na.circuits.wong_wang2006().build(1)
    task = na.circuits.RandomDots(net.dt, mean=30, sd=0, window=0)
    evaluation = na.evaluate(net, task, trials=2000)
    na.plot.psychometric(evaluation, shape="weibull")
    na.plot.chronometric(na.reaction_times(evaluation))

Each has inputs "a" and "b", Hz, of its two pools "A" and "B", and an output "rate", Hz, of these. Its weights stay;
what can be done to networks (silencing units, injecting, recording, scaling) can be done to it.
"""

from __future__ import annotations

from typing import Any, Dict, Sequence

import numpy as np
import numpy.typing as npt

from ._callback import Judgement, TrialBatch
from ._handle import brief, frozen, given, real
from ._kinds import of_their_kind
from .errors import InvalidError
from .initial import Constant
from .network import Network
from .task import Task, Verdict

__all__ = ["RandomDots", "wang2002", "wong_wang2006"]

#: What never learns; units may have synapses onto themselves.
_FIXED: Dict[str, Any] = {"plastic": False, "autapses": True}


@of_their_kind
def wang2002(*, dt: float = 0.1, w_plus: float = 1.7, scale: float = 1.0) -> Network:
    """The decision circuit of Wang (2002), 1600 excitatory and 400 inhibitory neurons, all to all; to be built.

    Populations are the pools "A" and "B" (240 neurons each, a share f = .15), "N" (1120, not selective) and "I" (400),
    of the model "lif_conductance". Synapses within a pool are ``w_plus`` times as strong as others; from the other pool
    and from "N" they are w_minus = 1 - f (w_plus - 1) / (1 - f) times, so that the total stays. Conductances onto
    excitatory and inhibitory neurons are, in nS: AMPA 0.05 and 0.04, NMDA 0.165 and 0.13, GABA 1.3 and 1; a background
    of 2400 Hz adds 2.1 and 1.62 for each spike. Delays are 0.5 ms. These are the numbers of three programs that agree:
    Brian2's and NEST's examples and that of Wang's laboratory, which divides by the numbers of neurons.

    Inputs "a" and "b", Hz, add to the background of A and B: 40 (1 +- c / 100) at a coherence of c %. The output
    "rate" has the mean rate of A and of B in each step, Hz.

    Args:
        dt: time step, ms, of which 0.5 ms is a multiple.
        w_plus: strength within a pool.
        scale: of the numbers of neurons; conductances between neurons are divided by it, so that means stay, and
            fluctuations grow.
    """
    if not 0 < real("scale", scale) <= 100:
        raise InvalidError(f"scale is {scale:g}, must be above 0 and at most 100")
    sizes = {name: round(scale * n) for name, n in (("A", 240), ("B", 240), ("N", 1120), ("I", 400))}
    if min(sizes.values()) < 1:
        raise InvalidError(f"scale is {scale:g}: there would be no neuron in a pool")
    net = Network(dt=real("dt", dt)).input("a", 1).input("b", 1).output("rate", 2, plastic_bias=0)
    cells: Dict[str, Any] = {"model": "lif_conductance", "background": 2400}
    for name in "ABN":
        net.population(name, sizes[name], +1, background_weight=2.1, **cells)
    inhibitory: Dict[str, Any] = {"capacitance": 200, "g_leak": 20, "refractory": 1, "background_weight": 1.62}
    net.population("I", sizes["I"], -1, **inhibitory, **cells)
    _couple(net, _strengths(real("w_plus", w_plus)), scale)
    for channel, (name, pool) in enumerate((("a", "A"), ("b", "B"))):
        net.connect(name, f"{pool}:background", initial=Constant(1), plastic=False)
        rate = np.zeros((2, sizes[pool]))
        rate[channel] = 1000 / (dt * sizes[pool])
        net.connect(pool, "rate", mask=rate > 0, initial=rate, plastic=False)
    return net


def _strengths(w_plus: float) -> Dict[str, float]:
    """Of a projection between excitatory populations, "AB" from A to B, in units of the mean one."""
    f = 0.15
    w_minus = 1 - f * (w_plus - 1) / (1 - f)
    if w_plus < 0 or w_minus < 0:
        raise InvalidError(f"w_plus is {w_plus:g}, must be 0 to {1 + (1 - f) / f:.4g}: no synapse may change its sign")
    return {source + to: 1.0 if to == "N" else w_plus if source == to else w_minus for source in "ABN" for to in "ABN"}


def _couple(net: Network, strengths: Dict[str, float], scale: float) -> None:
    """All to all: one weight a projection, so that it costs the neurons, not their pairs."""
    later = {"delay": 0.5, **_FIXED}
    for name in "ABN":
        for to in "ABNI":
            g_ampa, g_nmda = (0.04, 0.13) if to == "I" else (0.05, 0.165)
            w = strengths.get(name + to, 1.0) / scale
            net.connect(name, f"{to}:ampa", initial=Constant(w * g_ampa), **later)
            net.connect(f"{name}:nmda", f"{to}:nmda", initial=Constant(w * g_nmda), **later)
    for to in "ABNI":
        g_gaba = (1.0 if to == "I" else 1.3) / scale
        net.connect("I", f"{to}:gaba", initial=Constant(-g_gaba), **later)


@of_their_kind
def wong_wang2006(*, dt: float = 0.5, noise: float = 0.02, tau: float = 10.0) -> Network:
    """The reduction of that circuit to two gates by Wong & Wang (2006), to be built.

    Populations "A" and "B" are one pool each, of the model "wong_wang", whose defaults are the paper's numbers. A
    pool's gate excites it by 0.2609 nA and inhibits the other by 0.0497 nA. Inputs "a" and "b", Hz, count 5.2e-4 nA
    each: 30 (1 +- c / 100) at a coherence of c %. Gates start at 0.1, as in the program of Wang's laboratory, from
    which these numbers are, but for 30 Hz, which is of the paper (the program has 20).

    Args:
        dt: time step, ms.
        noise: sigma of the noise, nA.
        tau: of the output "rate", a low-pass of the pools' rates, ms; 0: these themselves.
    """
    net = Network(dt=real("dt", dt)).input("a", 1).input("b", 1)
    net.output("rate", 2, plastic_bias=0, tau=tau, gain=-np.expm1(-dt / tau) if tau else 1.0)
    for name in "AB":
        net.population(name, 1, model="wong_wang", noise=noise, initial=0.1, plastic_bias=0)
    for channel, (name, pool, other) in enumerate((("a", "A", "B"), ("b", "B", "A"))):
        net.connect(pool, pool, initial=Constant(0.2609), **_FIXED)
        net.connect(pool, other, initial=Constant(-0.0497), plastic=False)
        net.connect(name, pool, initial=Constant(5.2e-4), plastic=False)
        column = np.eye(2)[:, [channel]]
        net.connect(f"{pool}:rate", "rate", mask=column, initial=column, plastic=False)
    return net


class RandomDots(Task):
    """Random dots for circuits: the rates of two inputs, Hz, and the choice of the pool whose rate reaches a threshold.

    The stimulus is ``mean`` (1 - c / 100) for pool A and ``mean`` (1 + c / 100) for pool B, c the signed coherence; for
    each pool and every ``every`` ms it is drawn anew, normal around this with standard deviation ``sd``, and is no less
    than 0. Trials go through the coherences and both directions in turn, so 2 n of them are balanced, n the number of
    coherences.

    The choice, 0 for A and 1 for B, and its time are those of the first moment during the stimulus at which the mean of
    an output over the last ``window`` ms is above ``threshold``; looked at every ``stride`` ms. A trial without one is
    not judged, nor one in which an output is NaN or infinite before.
    Conditions are "coherence", "signed_coherence" (positive for B), "target" (0 or 1) and "onset" of the stimulus, ms,
    from which :func:`neuroai.reaction_times` counts.

    Args:
        dt: time step of the network, ms.
        coherences: in %.
        mean: rate at a coherence of 0, Hz; 40 in Wang (2002), 30 in Wong & Wang (2006).
        sd, every: of the fluctuation of the rate, Hz, and how long it stays, ms; sd 0: none.
        before, stimulus, after: duration of each epoch, ms.
        threshold: Hz.
        window, stride: ms; window 0: of the output itself, at each step.
    """

    classes = True
    conditions = ("coherence", "signed_coherence", "target", "onset")
    epochs = ("before", "stimulus", "after")
    n_inputs = n_outputs = 2
    dt: float
    mean: float
    sd: float
    coherences: npt.NDArray[np.float64]
    threshold: float
    _length: Dict[str, int]

    def __init__(
        self,
        dt: float,
        coherences: Sequence[float] = (0, 3.2, 6.4, 12.8, 25.6, 51.2),
        *,
        mean: float = 40.0,
        sd: float = 4.0,
        every: float = 50.0,
        before: float = 500.0,
        stimulus: float = 2000.0,
        after: float = 0.0,
        threshold: float = 15.0,
        window: float = 50.0,
        stride: float = 5.0,
    ) -> None:
        super().__init__(name="random-dots")
        self._keep(dt=_at_least("dt", dt, 1e-6), mean=_at_least("mean", mean), sd=_at_least("sd", sd))
        values = given("coherences", coherences).astype(np.float64).ravel()
        if not values.size or not np.all((values >= 0) & (values <= 100)):
            raise InvalidError(f"coherences: expected numbers from 0 to 100 %, got {brief(coherences)}")
        self._keep(coherences=frozen(values), threshold=real("threshold", threshold))
        durations = {"before": before, "after": after, "window": window}
        length = {name: self._steps(name, value, 0) for name, value in durations.items()}
        durations = {"stimulus": stimulus, "every": every, "stride": stride}
        length.update({name: self._steps(name, value, 1) for name, value in durations.items()})
        self._keep(_length=length)
        self.steps = sum(length[name] for name in self.epochs)

    def _steps(self, name: str, duration: float, least: int) -> int:
        steps = real(name, duration) / self.dt
        if not least <= round(steps) <= 2**31 - 1 or abs(steps - round(steps)) > 1e-6 * max(1.0, steps):
            raise InvalidError(f"{name} is {duration:g} ms, must be {least} or more steps of {self.dt:g} ms")
        return round(steps)

    def generate(self, batch: TrialBatch) -> None:
        """Fills a batch; see the class."""
        if abs(batch.dt - self.dt) > 1e-9:
            raise InvalidError(f"dt of the task is {self.dt:g} ms, that of the network {batch.dt:g} ms")
        first, n, every = self._length["before"], self._length["stimulus"], self._length["every"]
        end = first + n
        batch.mask[:first], batch.mask[end:] = 0, 0
        for trial, generator in batch.generators():
            number = batch.first + trial
            coherence = self.coherences[number // 2 % len(self.coherences)]
            signed = coherence if number % 2 else -coherence
            rates = self.mean * (1 + np.array([-signed, signed]) / 100)
            drawn = rates + self.sd * generator.standard_normal((-(-n // every), 2))
            batch.input[first:end, trial] = np.maximum(np.repeat(drawn, every, axis=0)[:n], 0)
            batch.classes[:, trial] = number % 2
            for name, value in zip(self.conditions, (coherence, signed, number % 2, first * self.dt)):
                batch.conditions[name][trial] = value
            for name, span in zip(self.epochs, ((0, first), (first, end), (end, self.steps))):
                batch.epochs[name][trial] = span

    def rates(self, output: Any) -> Any:
        """Steps that are looked at, and the means of outputs [steps, ...] over the ``window`` ms before them."""
        window, stride = self._length["window"], self._length["stride"]
        if window == 0:
            return np.arange(1, len(output) + 1), np.asarray(output, np.float64)
        total = np.concatenate([np.zeros_like(output[:1], np.float64), np.cumsum(output, axis=0, dtype=np.float64)])
        at = np.arange(window, len(output) + 1, stride)
        with np.errstate(invalid="ignore"):  # of rates that are infinite there is no mean
            return at, (total[at] - total[at - window]) / window

    def judge(self, judgement: Judgement) -> Verdict:
        """The pool whose rate first reached the threshold during the stimulus."""
        onset = self._length["before"]
        at, rates = self.rates(judgement.output[: onset + self._length["stimulus"]])
        finite = np.logical_and.accumulate(np.isfinite(rates).all(axis=1))
        crossed = np.flatnonzero((at > onset) & finite & (rates.max(axis=1) > self.threshold))
        if not crossed.size:
            return None, None, None
        choice = int(np.argmax(rates[crossed[0]]))
        return choice == int(judgement.conditions["target"]), choice, float(at[crossed[0]] * self.dt)


def _at_least(name: str, value: float, least: float = 0.0) -> float:
    if not real(name, value) >= least:
        raise InvalidError(f"{name} is {value:g}, must be at least {least:g}")
    return float(value)
