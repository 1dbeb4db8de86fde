"""What papers plot of dendritic microcircuits: apical potentials, how far interneurons are from what they predict, and
the angle between the errors of a layer and those of backpropagation; at one time, or over the course of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from ._closed import Closed
from ._handle import as_array, brief, expect, frozen, listed, real, whole
from ._kinds import of_their_kind
from ._nonlinearity import FUNCTIONS
from .errors import InvalidError, UnsupportedError
from .network import Network

if TYPE_CHECKING:
    from .callbacks import Progress
    from .trainer import Trainer

__all__ = ["Circuit", "MicrocircuitHistory", "MicrocircuitMeasures", "microcircuit"]

Doubles = npt.NDArray[np.float64]


class Circuit:
    """The layers of a microcircuit, found by the ports that its projections go to.

    Attributes:
        layers: names of the pyramidal populations, from the first to the output.
        inter: names of the interneurons of each layer but the last.
        ends: (from, to) of each projection, by pathway and number of the layer that receives: ``ends["up", 1]``; the
            pathways are up, inter, down, lateral, target (of interneurons), and "target" and "nudge" of the last layer.
    """

    layers: List[str]
    inter: List[str]
    ends: Dict[Tuple[str, int], Tuple[str, str]]

    def __init__(self, net: Network) -> None:
        expect("net", net, Network, "a neuroai.Network")
        self.net, self.ends = net, {}
        self._read: Dict[Any, Doubles] = {}
        tops = {end.partition(":")[0] for source, end in net.projections if end.endswith(":target") and source in net.inputs}
        if len(tops) != 1:
            have = f"there are {listed(sorted(tops))}" if tops else "there is none"
            raise UnsupportedError(f"net: it is no microcircuit: one population must hear an input on 'target', {have}")
        self.layers, self.inter = [tops.pop()], []
        while self._onto(self.layers[0], None, "apical"):
            below = self._onto(self.layers[0], None, "apical")
            if len(below) > 1 or below[0][1].partition(":")[0] in self.layers:
                raise UnsupportedError(f"net: it is no chain of layers: '{self.layers[0]}' sends to {listed(end for _, end in below)}")
            self.layers.insert(0, below[0][1].partition(":")[0])
        for k, name in enumerate(self.layers, 1):
            self.ends["up", k] = self._only(name, "basal")
            if k < len(self.layers):
                self.ends["down", k] = self._only(name, "apical")
                self.ends["lateral", k] = self._only(name, "lateral")
                self.inter.append(self.ends["lateral", k][0].partition(":")[0])
                self.ends["inter", k] = self._only(self.inter[-1], "basal")
                self.ends["target", k] = self._only(self.inter[-1], "target")
        self.ends["target", len(self.layers)] = self._only(self.layers[-1], "target")
        self.ends["nudge", len(self.layers)] = self._only(self.layers[-1], "nudge")
        self._check_senders()

    def _onto(self, source: Optional[str], target: Optional[str], port: str) -> List[Tuple[str, str]]:
        """Projections onto a port, from this population or any, onto this one or any."""
        return [
            (start, end)
            for start, end in self.net.projections
            if end.endswith(":" + port)
            and (source is None or start.partition(":")[0] == source)
            and (target is None or end.partition(":")[0] == target)
        ]

    def _only(self, name: str, port: str) -> Tuple[str, str]:
        found = self._onto(None, name, port)
        if len(found) != 1:
            have = f"there are {listed(start for start, _ in found)}" if found else "there is none"
            raise UnsupportedError(f"net: it is no chain of layers: one projection must reach '{name}:{port}', {have}")
        return found[0]

    def _check_senders(self) -> None:
        """Bottom-up each layer gets the one below, the first an input; interneurons get their own layer."""
        for k, name in enumerate(self.layers, 1):
            start = self.ends["up", k][0].partition(":")[0]
            if (k > 1 and start != self.layers[k - 2]) or (k == 1 and start not in self.net.inputs):
                raise UnsupportedError(f"net: it is no chain of layers: '{start}' reaches '{name}:basal'")
        for k, name in enumerate(self.inter, 1):
            start, heard = (self.ends[pathway, k][0].partition(":")[0] for pathway in ("inter", "target"))
            if start != self.layers[k - 1] or heard != self.layers[k]:
                raise UnsupportedError(f"net: it is no microcircuit: '{name}' hears '{start}' and '{heard}'")
        for port in ("target", "nudge"):
            if self.ends[port, len(self.layers)][0] not in self.net.inputs:
                raise UnsupportedError(f"net: it is no microcircuit: '{self.layers[-1]}:{port}' is reached by no input")

    def get(self, name: str, parameter: str) -> Doubles:
        """A parameter, as it was when it was first asked for."""
        if (name, parameter) not in self._read:
            self._read[name, parameter] = self.net.get(name, parameter)
        return self._read[name, parameter]

    def weights(self, pathway: Tuple[str, int]) -> Doubles:
        """Weights of a pathway, float64, as they were when they were first asked for."""
        if pathway not in self._read:
            self._read[pathway] = np.asarray(self.net.weights(*self.ends[pathway]), np.float64)
        return self._read[pathway]

    def rate(self, name: str, potential: Doubles) -> Doubles:
        """phi(u) of a population."""
        gain, slope, threshold, exponent = self._numbers(name)
        rate: Doubles = gain * FUNCTIONS[self.net.transfer(name)][0](slope * (potential - threshold), exponent)
        return rate

    def slope(self, name: str, potential: Doubles) -> Doubles:
        """phi'(u) of a population."""
        gain, slope, threshold, exponent = self._numbers(name)
        found: Doubles = gain * slope * FUNCTIONS[self.net.transfer(name)][1](slope * (potential - threshold), exponent)
        return found

    def _numbers(self, name: str) -> List[Doubles]:
        return [self.get(name, parameter) for parameter in ("gain", "slope", "threshold", "exponent")]

    def predicted(self, name: str, pathway: Tuple[str, int], rates: Doubles) -> Doubles:
        """What the dendrite of a population makes of its soma: g_basal / (g_leak + g_basal + g_apical) (W r + b)."""
        leak, basal, apical = (self.get(name, f"g_{which}") for which in ("leak", "basal", "apical"))
        return self.dendrite(name, pathway, rates) * (basal / (leak + basal + apical))

    def dendrite(self, name: str, pathway: Tuple[str, int], rates: Doubles) -> Doubles:
        """The potential of a compartment, W r, of a basal one with the bias."""
        potential: Doubles = rates @ self.weights(pathway).T
        return potential + self.net.bias(name) if pathway[0] in ("up", "inter") else potential


@dataclass(frozen=True)
class MicrocircuitMeasures:
    """Of a microcircuit that has settled; made by :func:`microcircuit`. Layers from the first to the last.

    Attributes:
        apical: root mean square of the apical potential v_A of each hidden layer.
        mismatch: root mean square of u_P(k+1) - u_Ik: how far interneurons are from the layer above.
        angle: between the errors of each layer by which bottom-up weights learn, phi(u) - phi(what its basal dendrite
            predicts), and those of backpropagation, degrees; all trials together. NaN without a target.
        ratio: |errors| / |those of backpropagation|; NaN without a target.
        error: mean over trials of the squared distance of the output's rates, without a teacher, from those of the
            target; NaN without a target.
    """

    apical: Doubles
    mismatch: Doubles
    angle: Doubles
    ratio: Doubles
    error: float

    def __repr__(self) -> str:
        shown = {"apical": self.apical, "mismatch": self.mismatch, "angle": self.angle, "ratio": self.ratio}
        rows = [f"  {name:<9}" + "".join(f"{value:>11.4g}" for value in values) for name, values in shown.items()]
        head = "  layer    " + "".join(f"{k:>11}" for k in range(1, len(self.angle) + 1))
        return "\n".join([f"<MicrocircuitMeasures: output error {self.error:.4g}", head, *rows]) + ">"


@of_their_kind
def microcircuit(
    net: Network, x: npt.ArrayLike, target: Optional[npt.ArrayLike] = None, settle: float = 100.0
) -> MicrocircuitMeasures:
    """Measures a dendritic microcircuit at its steady state, without noise: how well interneurons predict the layer
    above, and how near its errors are to those of backpropagation.

    With a target the teacher is on for apical potentials, interneurons and errors; without one it is off. Errors of
    backpropagation are those of the network of the bottom-up weights W alone, of potentials of the last layer N:
    delta_N = phi'(u_N) (u_target - u_N) and delta_k = phi'(u_k) W_(k+1)^T delta_(k+1) (Sacramento et al. 2018). With a
    weak teacher and weak feedback of mixing factors lambda_N and lambda_k, and W_down = W_(k+1)^T, the errors of layer k
    are their product from k to N times these. Steady states are refined in double precision, so small angles count.

    Args:
        net: a built microcircuit: of :func:`neuroai.microcircuit`, or a chain of layers like it.
        x: input, [trials, channels], or [channels] of one trial.
        target: potentials of the last layer, [trials, units].
        settle: ms for which the network runs with each input before it is measured.
    """
    circuit = Circuit(net)
    inputs = _rows("x", x, net.inputs[circuit.ends["up", 1][0]])
    wanted = None if target is None else _rows("target", target, net.size(circuit.layers[-1]))
    if wanted is not None and len(wanted) != len(inputs):
        raise InvalidError(f"target: there are {len(wanted)} trials, but {len(inputs)} of x")
    steps = round(real("settle", settle) / net.dt)
    if not 1 <= steps <= 10**8:
        raise InvalidError(f"settle is {brief(settle)} ms, must be one step of {net.dt:g} ms to 1e8 of them")
    found = _refined(circuit, inputs, wanted, _settled(circuit, inputs, wanted, steps))
    apical = [_rms(_apical(circuit, k, found)) for k in range(1, len(circuit.layers))]
    mismatch = [_rms(found[above] - found[inter]) for above, inter in zip(circuit.layers[1:], circuit.inter)]
    angle, ratio, error = np.full(len(circuit.layers), np.nan), np.full(len(circuit.layers), np.nan), float("nan")
    if wanted is not None:
        free, deltas = _backpropagated(circuit, inputs, wanted)
        for k, (ours, exact) in enumerate(zip(_errors(circuit, inputs, found), deltas)):
            angle[k], ratio[k] = _between(ours, exact)
        last = circuit.layers[-1]
        error = float(np.mean(np.sum((circuit.rate(last, free) - circuit.rate(last, wanted)) ** 2, axis=1)))
    return MicrocircuitMeasures(frozen(np.array(apical)), frozen(np.array(mismatch)), frozen(angle), frozen(ratio), error)


def _rows(what: str, values: npt.ArrayLike, n: int) -> Doubles:
    array = np.asarray(as_array(what, np.atleast_2d(np.asarray(values)), ("trials", n)), np.float64)
    if not len(array) or not np.isfinite(array).all():
        raise InvalidError(f"{what}: " + ("there is no trial" if not len(array) else "it is not finite"))
    return array


def _settled(circuit: Circuit, x: Doubles, target: Optional[Doubles], steps: int) -> Dict[str, Doubles]:
    """Potentials at the end of a run without noise, [trials, units]."""
    quiet = circuit.net.copy()
    for name in circuit.layers + circuit.inter:
        quiet.set(name, noise=0)
    given = {circuit.ends["up", 1][0]: x}
    if target is not None:
        last = len(circuit.layers)
        given[circuit.ends["target", last][0]] = target
        given[circuit.ends["nudge", last][0]] = np.ones_like(target)
    record = [f"{name}:u" for name in circuit.layers + circuit.inter]
    inputs = {name: np.broadcast_to(np.asarray(rows, np.float32), (steps, *rows.shape)) for name, rows in given.items()}
    run = quiet.run(inputs, record=record, every=steps, progress=False)
    return {name[:-2]: np.asarray(values[-1], np.float64) for name, values in run.traces.items()}


def _apical(circuit: Circuit, k: int, found: Dict[str, Doubles]) -> Doubles:
    """v_A of layer k from 1."""
    name, above, inter = circuit.layers[k - 1], circuit.layers[k], circuit.inter[k - 1]
    down = circuit.dendrite(name, ("down", k), circuit.rate(above, found[above]))
    return down + circuit.dendrite(name, ("lateral", k), circuit.rate(inter, found[inter]))


def _steady(circuit: Circuit, x: Doubles, target: Optional[Doubles], found: Dict[str, Doubles]) -> Dict[str, Doubles]:
    """The potentials that units would go to, were all others to stay where they are."""
    out, below, last = {}, x, len(circuit.layers)
    for k, name in enumerate(circuit.layers, 1):
        apical = _apical(circuit, k, found) if k < last else np.zeros_like(found[name])
        taught = (target, 1.0) if k == last and target is not None else (0.0, 0.0)
        out[name] = _balance(circuit, name, circuit.dendrite(name, ("up", k), below), apical, *taught)
        below = circuit.rate(name, found[name])
        if k < last:
            inter, above = circuit.inter[k - 1], found[circuit.layers[k]]
            basal = circuit.dendrite(inter, ("inter", k), below)
            out[inter] = _balance(circuit, inter, basal, np.zeros_like(basal), above, 0.0)
    return out


def _balance(circuit: Circuit, name: str, basal: Doubles, apical: Doubles, target: Any, nudge: float) -> Doubles:
    """Where the currents of a soma add up to 0."""
    get = circuit.get
    leak, g_basal, g_apical, soma = (get(name, f"g_{which}") for which in ("leak", "basal", "apical", "soma"))
    teacher = soma * (nudge + get(name, "nudge"))
    drive = g_basal * basal + g_apical * apical + teacher * (target + get(name, "target"))
    return np.asarray(drive / (leak + g_basal + g_apical + teacher))


def _refined(circuit: Circuit, x: Doubles, target: Optional[Doubles], found: Dict[str, Doubles]) -> Dict[str, Doubles]:
    """The steady state in double precision, from one in single precision. What does not settle stays as it is."""
    now = found
    for _ in range(400):
        goal = _steady(circuit, x, target, now)
        moved = max(float(np.abs(goal[name] - now[name]).max()) for name in now)
        now = {name: values + 0.5 * (goal[name] - values) for name, values in now.items()}
        if moved < 1e-13:
            return now
        if not moved < 1e-2:
            break
    return found


def _errors(circuit: Circuit, x: Doubles, found: Dict[str, Doubles]) -> List[Doubles]:
    """phi(u) - phi(what the basal dendrite predicts), of each layer."""
    errors, below = [], x
    for k, name in enumerate(circuit.layers, 1):
        rate = circuit.rate(name, found[name])
        errors.append(rate - circuit.rate(name, circuit.predicted(name, ("up", k), below)))
        below = rate
    return errors


def _backpropagated(circuit: Circuit, x: Doubles, target: Doubles) -> Tuple[Doubles, List[Doubles]]:
    """Potentials of the last layer without a teacher, and the errors of backpropagation of each layer."""
    potentials, below = [], x
    for k, name in enumerate(circuit.layers, 1):
        potentials.append(circuit.predicted(name, ("up", k), below))
        below = circuit.rate(name, potentials[-1])
    deltas = [circuit.slope(circuit.layers[-1], potentials[-1]) * (target - potentials[-1])]
    for k in range(len(circuit.layers) - 1, 0, -1):
        name = circuit.layers[k - 1]
        back = deltas[0] @ circuit.weights(("up", k + 1))
        deltas.insert(0, circuit.slope(name, potentials[k - 1]) * back)
    return potentials[-1], deltas


def _between(ours: Doubles, exact: Doubles) -> Tuple[float, float]:
    """Angle, degrees, and ratio of the norms; NaN where they are not defined."""
    a, b = float(np.linalg.norm(ours)), float(np.linalg.norm(exact))
    if not b > 0:
        return float("nan"), float("nan")
    if not a > 0:
        return float("nan"), 0.0
    one, other = ours / a, exact / b  # of small angles the cosine has too few digits
    half = np.arctan2(np.linalg.norm(one - other), np.linalg.norm(one + other))
    return float(np.degrees(2 * half)), a / b


def _rms(values: Doubles) -> float:
    return float(np.sqrt(np.mean(values**2)))


class MicrocircuitHistory(Closed):
    """Measures of a microcircuit over the course of training. It is a callback for :meth:`Trainer.fit`::

        track = na.MicrocircuitHistory(trainer, x, target, every=50)
        trainer.fit(1000, callback=track)
        na.plot.microcircuit_history(track)

    The first measurement is made immediately. Training has the same bits as without it.

    Args:
        trainer: the trainer.
        x, target, settle: as of :func:`neuroai.analysis.microcircuit`.
        every: updates between measurements.

    Attributes:
        net: of the trainer.
        every: as given.
        layers: names of the layers of pyramidal cells.
    """

    net: Network
    every: int
    layers: Tuple[str, ...]

    def __init__(
        self,
        trainer: "Trainer",
        x: npt.ArrayLike,
        target: Optional[npt.ArrayLike] = None,
        every: int = 50,
        settle: float = 100.0,
    ) -> None:
        if whole("every", every) < 1:
            raise InvalidError(f"every is {every}, must be at least 1")
        self._keep(net=trainer.net, every=every, layers=tuple(Circuit(trainer.net).layers))
        self._trainer, self._given = trainer, (x, target, settle)
        self._steps: List[int] = []
        self._found: List[MicrocircuitMeasures] = []
        self.measure()

    def measure(self) -> MicrocircuitMeasures:
        """Measures now, regardless of ``every``: for training by :meth:`Trainer.step`."""
        x, target, settle = self._given
        found = microcircuit(self.net, x, target, settle)
        self._steps.append(self._trainer.updates)
        self._found.append(found)
        return found

    def __call__(self, now: "Progress") -> None:
        if now.step % self.every == 0:
            self.measure()

    @property
    def step(self) -> npt.NDArray[np.int64]:
        """Updates made before each measurement, int64 [m]."""
        return frozen(np.array(self._steps, np.int64))

    def _array(self, what: str) -> Doubles:
        return frozen(np.array([getattr(found, what) for found in self._found], np.float64))

    @property
    def apical(self) -> Doubles:
        """Root mean square of the apical potential, [m, hidden layers]."""
        return self._array("apical")

    @property
    def mismatch(self) -> Doubles:
        """Root mean square of u_P(k+1) - u_Ik, [m, hidden layers]."""
        return self._array("mismatch")

    @property
    def angle(self) -> Doubles:
        """Angle to the errors of backpropagation, degrees, [m, layers]; NaN without a target."""
        return self._array("angle")

    @property
    def ratio(self) -> Doubles:
        """|errors| / |those of backpropagation|, [m, layers]; NaN without a target."""
        return self._array("ratio")

    @property
    def error(self) -> Doubles:
        """Squared distance of the output's rates from those of the target, [m]; NaN without a target."""
        return self._array("error")

    def __repr__(self) -> str:
        return f"<MicrocircuitHistory: {len(self._steps)} measurements of {listed(self.layers)}>"
