"""Lyapunov exponents, and the linearisation of a network of rate units along a trajectory."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Optional, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._handle import brief, frozen, whole
from ._interrupt import Bar, in_lapack
from ._kinds import of_their_kind
from ._matrices import room_for
from .errors import InvalidError, NonfiniteError
from .network import Network
from .rate_maps import Constant, RateMap
from .run import Run
from .stationary_points import states_of

__all__ = ["Linearisation", "Lyapunov", "linearise", "lyapunov"]

Doubles = npt.NDArray[np.float64]


# --- exponents -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lyapunov:
    """Lyapunov exponents of an orbit; made by :func:`lyapunov`."""

    #: The largest k, 1/s, descending. Above 0 nearby orbits part: chaos; 0 a limit cycle; below 0 a fixed point.
    exponents: Doubles
    #: Standard error of each, 1/s, by the spread of its means over 20 windows of the orbit, [k].
    error: Doubles
    #: The estimate of each after each hundredth of the orbit, 1/s, [100, k].
    estimates: Doubles = field(repr=False)
    #: When that was, ms, [100].
    time: Doubles = field(repr=False)
    #: The state at the end, from which another orbit can begin, [N].
    state: Doubles = field(repr=False)

    @property
    def dimension(self) -> float:
        """Dimension of the attractor by Kaplan & Yorke (1979): k + (sum of the first k) / |exponent k + 1|, k being the
        largest for which the sum is not below 0; NaN where too few exponents were asked for."""
        sums = np.cumsum(self.exponents)
        if not sums[0] >= 0:
            return 0.0
        k = int(np.flatnonzero(sums >= 0)[-1]) + 1
        return float(k + sums[k - 1] / abs(self.exponents[k])) if k < len(sums) else float("nan")

    def __repr__(self) -> str:
        return f"<Lyapunov: {len(self.exponents)} exponents, the largest {self.exponents[0]:.4g} +- {self.error[0]:.2g} 1/s>"


@of_their_kind
def lyapunov(
    net: Union[Network, RateMap],
    inputs: Constant = None,
    k: int = 1,
    steps: int = 10000,
    drop: int = 2000,
    start: Optional[npt.ArrayLike] = None,
    progress: bool = True,
) -> Lyapunov:
    """The k largest Lyapunov exponents of a network of rate units with an input that stays as it is, without noise.

    k vectors are carried along the orbit by the Jacobian of each step and made orthonormal again by QR; exponents are the
    mean of ln |diag R| / dt (Benettin, Galgani, Giorgilli & Strelcyn 1980). An orbit of a chaotic network is not the same
    on another machine, the exponents are, within their error.

    Args:
        net: a built network of rate units, or a map of one (then without ``inputs``).
        inputs: [channels of all inputs], or a mapping from an input's name to [n].
        k: how many exponents, 1 to the number of units.
        steps: of the orbit along which they are measured.
        drop: steps before that, while the orbit comes to its attractor.
        start: the state at the beginning, [N]; default: 0.1 of each unit.
        progress: whether a bar is shown.
    """
    if isinstance(net, RateMap) and inputs is not None:
        raise InvalidError("inputs: the map has those that it was made with: na.RateMap(net, inputs)")
    around = net if isinstance(net, RateMap) else RateMap(net, inputs)
    n = len(around.alpha)
    if not 1 <= whole("k", k) <= n:
        raise InvalidError(f"k is {k}, must be 1 to {n}: the number of units")
    if whole("steps", steps) < 100 or whole("drop", drop) < 0:
        raise InvalidError(f"steps is {steps} and drop {drop}, must be at least 100 and 0")
    z = np.full(n, 0.1) if start is None else around.state(start, "start").reshape(-1)
    if len(z) != n:
        raise InvalidError(f"start: expected one state [{n}], got {len(z) // n}")
    growth = np.empty((steps, k))
    with Bar(drop + steps, "steps", progress) as bar:
        for step in range(drop):
            z = around.step(z)
            bar.at(step)
        carried = np.eye(n, k)
        for step in range(steps):
            if not np.isfinite(z).all():
                raise NonfiniteError(f"net: the orbit leaves all bounds {drop + step} steps after the start")
            carried, r = in_lapack(partial(_carried, around, z, carried), 6.0 * n * n * k, lambda: bar.at(drop + step))
            with np.errstate(divide="ignore"):
                growth[step] = np.log(np.abs(np.diagonal(r)))
            z = around.step(z)
            bar.at(drop + step)
    return _summed(growth * (1000 / around.net.dt), around.net.dt, z)


def _carried(around: RateMap, z: Doubles, vectors: Doubles) -> Tuple[Doubles, Doubles]:
    q, r = np.linalg.qr(around.jacobian(z) @ vectors)
    return q, r


def _summed(growth: Doubles, dt: float, z: Doubles) -> Lyapunov:
    steps = len(growth)
    mean = growth.mean(axis=0)
    order = np.argsort(-mean, kind="stable")
    at = np.linspace(steps / 100, steps, 100).astype(int)
    estimates = (np.cumsum(growth, axis=0)[at - 1] / at[:, None])[:, order]
    windows = np.array([part.mean(axis=0) for part in np.array_split(growth, 20)])
    error = windows.std(axis=0, ddof=1) / np.sqrt(20)
    parts = mean[order], error[order], estimates, at * dt, z
    return Lyapunov(*(frozen(part) for part in parts))


# --- along a trajectory ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Linearisation:
    """How small differences grow along a trajectory of T steps; made by :func:`linearise`."""

    #: Time at the end of each step, ms, [T].
    time: Doubles
    #: The states from which each step goes, [T, N].
    states: Doubles = field(repr=False)
    #: The Jacobian of each step, [T, N, N], [of what, by what].
    jacobians: Doubles = field(repr=False)
    #: Its eigenvalues, of descending modulus, complex [T, N].
    eigenvalues: npt.NDArray[np.complex128] = field(repr=False)
    #: Time step, ms.
    dt: float

    @property
    def rates(self) -> Doubles:
        """Rate of growth of each mode at each step, ln |lambda| / dt, 1/s, [T, N]; below 0 it decays."""
        with np.errstate(divide="ignore"):
            return frozen(np.log(np.abs(self.eigenvalues)) * 1000 / self.dt)

    def carry(self, difference: npt.ArrayLike) -> Doubles:
        """What becomes of a small difference [N] of the first of the states: after each step, [T, N]."""
        array = np.asarray(difference, np.float64)
        if array.shape != self.states.shape[1:]:
            raise InvalidError(f"difference: expected [{self.states.shape[1]}], got {array.shape}")
        found = np.empty(self.states.shape)
        for step, jacobian in enumerate(self.jacobians):
            array = found[step] = jacobian @ array
        return found

    @property
    def stretch(self) -> Doubles:
        """The finite-time Lyapunov exponent from the first state to the end of each step: ln of the largest singular value
        of the product of the Jacobians, over the time, 1/s, [T]."""
        product, scale, found = np.eye(self.states.shape[1]), 0.0, np.empty(len(self.time))
        for step, jacobian in enumerate(self.jacobians):
            product = jacobian @ product
            size = float(np.linalg.norm(product, 2))
            scale += np.log(size) if size > 0 else -np.inf
            product = product / (size or 1.0)
            found[step] = scale / ((step + 1) * self.dt) * 1000
        return frozen(found)

    def __repr__(self) -> str:
        steps, n = self.states.shape
        return f"<Linearisation: {steps} steps of {n} units, the fastest mode {self.rates.max():.4g} 1/s>"


@of_their_kind
def linearise(
    run: Run, trial: int = 0, window: Optional[Tuple[float, float]] = None, progress: bool = True
) -> Linearisation:
    """Linearises a network of rate units along a recorded trajectory: the Jacobian of each step, with its input.

    z_t = F(z_(t-1), u_t), so that a small difference d of states goes by d_t = DF(z_(t-1), u_t) d_(t-1); noise shifts both
    trajectories alike where it is added, and the states are those that were recorded.

    Args:
        run: every step of it, with the states: ``net.run(trials, record="* *:x")`` (x of units with the leak on the
            current). Interventions are refused.
        trial: which of its trials.
        window: (from, to), ms: of which steps; default: from the second one to the end of the trial.
        progress: whether to show a progress bar if it takes more than a second. A step of 1000 units takes seconds, and its
            Jacobian 8 MB.
    """
    around = RateMap(run.net)
    if run.every != 1:
        raise InvalidError(f"run: it has every {run.every} steps, must have each: every=1")
    if run.interventions:
        raise InvalidError("run: it has interventions, whose steps are others than those of the network")
    states = states_of(around, run)
    if not 0 <= whole("trial", trial) < states.shape[1]:
        raise InvalidError(f"trial is {trial}, must be 0 to {states.shape[1] - 1}")
    inside = np.arange(len(states)) < run.lengths[trial]
    if window is not None:
        inside &= (run.time > window[0]) & (run.time <= window[1])
    inside[:1] = False
    steps = np.flatnonzero(inside)
    if not len(steps):
        raise InvalidError(f"window is {brief(window)}, has no step after the first one")
    room_for(f"a linearisation at {len(steps)} steps", states.shape[2], len(steps) + 1, "take a shorter window")
    jacobians = np.empty((len(steps), states.shape[2], states.shape[2]))
    values = np.empty(jacobians.shape[:2], np.complex128)
    with Bar(len(steps), "steps", progress) as bar:
        for row, step in enumerate(steps):
            inputs = {name: channels[step, trial] for name, channels in run.inputs.items()}
            jacobians[row] = around.jacobian(states[step - 1, trial], around.drive_of(inputs))
            find = partial(np.linalg.eigvals, jacobians[row])
            values[row] = in_lapack(find, 10.0 * states.shape[2] ** 3, lambda: bar.at(row))
            bar.at(row + 1)
    values = np.take_along_axis(values, np.argsort(-np.abs(values), axis=1, kind="stable"), axis=1)
    time, start = frozen(run.time[steps]), frozen(states[steps - 1, trial])
    return Linearisation(time, start, frozen(jacobians), frozen(values), run.dt)
