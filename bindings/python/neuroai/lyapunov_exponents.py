"""Lyapunov exponents, and the linearisation of a network of rate units along a trajectory."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any, Optional, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._handle import as_array, brief, finite, frozen, number_below, single, whole
from ._interrupt import Bar, in_lapack
from ._kinds import of_their_kind
from ._matrices import room_for
from ._needed import needed
from ._windows import inside_of
from .errors import InvalidError, NonfiniteError
from .network import Network
from .rate_maps import Constant, RateMap
from .run import Run
from .stationary_points import largest, number_of, states_of

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
    z = np.full(n, 0.1) if start is None else single("start", around.state(start, "start")).reshape(-1)
    if len(z) != n:
        raise InvalidError(f"start: expected one state [{n}], got {len(z) // n}")
    growth = np.empty((steps, k))
    with Bar(drop + steps, "steps", progress) as bar:
        for step in range(drop):
            z = _stepped(around, z, step)
            bar.at(step)
        carried = np.eye(n, k)
        for step in range(steps):
            operations = 0.0 if around.sparse else 6.0 * n * n * k
            carried, r = in_lapack(partial(_carried, around, z, carried), operations, lambda: bar.at(drop + step))
            with np.errstate(divide="ignore"):
                growth[step] = np.log(np.abs(np.diagonal(r)))
            z = _stepped(around, z, drop + step)
            bar.at(drop + step)
    return _summed(growth * (1000 / around.net.dt), around.net.dt, z)


def _stepped(around: RateMap, z: Doubles, step: int) -> Doubles:
    with np.errstate(over="ignore", invalid="ignore"):
        found = around.step(z)
    if not np.isfinite(found).all():
        raise NonfiniteError(
            f"net: the orbit leaves all bounds {step + 1} steps after the start: lower the weights' spectral radius, the inputs "
            "or dt"
        )
    return found


def _carried(around: RateMap, z: Doubles, vectors: Doubles) -> Tuple[Doubles, Doubles]:
    with np.errstate(over="ignore", invalid="ignore"):  # the next step says it
        moved = around.carry(z, vectors)
    q, r = np.linalg.qr(moved)
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
    #: The Jacobian of each step, [T, N, N], [of what, by what]; of a sparse map a tuple of T ``csr_matrix``.
    jacobians: Any = field(repr=False)
    #: Its eigenvalues, of descending modulus, complex [T, N]; [T, k] where k of them were asked for.
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
        array = finite("difference", as_array("difference", difference, self.states.shape[1:], np.float64))
        found = np.empty(self.states.shape)
        for step, jacobian in enumerate(self.jacobians):
            array = found[step] = jacobian @ array
        return found

    @property
    def stretch(self) -> Doubles:
        """The finite-time Lyapunov exponent from the first state to the end of each step: ln of the largest singular value
        of the product of the Jacobians, over the time, 1/s, [T]."""
        with Bar(len(self.time), "steps") as bar:
            sizes = _sizes_of_lists(self.jacobians, bar) if isinstance(self.jacobians, tuple) else _sizes(self.jacobians, bar)
        with np.errstate(divide="ignore"):
            return frozen(np.cumsum(np.log(sizes)) / (np.arange(1, len(sizes) + 1) * self.dt) * 1000)

    def __repr__(self) -> str:
        steps, n = self.states.shape
        return f"<Linearisation: {steps} steps of {n} units, the fastest mode {self.rates.max():.4g} 1/s>"


def _sizes(jacobians: Doubles, bar: Bar) -> Doubles:
    """By what the largest singular value of the product of the first 1, 2, ... grows with each."""
    n = jacobians.shape[1]
    product, found = np.eye(n), np.zeros(len(jacobians))
    for step, jacobian in enumerate(jacobians):
        product = jacobian @ product
        find = partial(np.linalg.norm, product, 2)
        found[step] = size = float(in_lapack(find, 4.0 * n**3, lambda: bar.at(step)))
        product = product / (size or 1.0)
        bar.at(step + 1)
    return found


def _sizes_of_lists(jacobians: Tuple[Any, ...], bar: Bar) -> Doubles:
    """The same of sparse matrices, whose product is never made. Each search begins with the direction of the last one."""
    linalg = needed("scipy.sparse.linalg", "a sparse map", "sparse")
    n = jacobians[0].shape[0]
    along = np.random.Generator(np.random.PCG64(0)).standard_normal(n)
    turned, found = [each.T.tocsr() for each in jacobians], np.ones(len(jacobians))

    def through(matrices: Any, x: Doubles) -> Doubles:
        for k, matrix in matrices:
            x = matrix @ x / found[k]
            bar.at(step)
        return x

    for step in range(len(jacobians)):
        there = list(enumerate(jacobians[: step + 1]))
        back = list(enumerate(turned[: step + 1]))[::-1]
        product = linalg.LinearOperator(
            (n, n), matvec=partial(through, there), rmatvec=partial(through, back), dtype=np.float64
        )
        if not np.any(through(there, along)):
            found[step:] = 0.0
            break
        _, size, rows = linalg.svds(product, 1, v0=along, ncv=min(n, 10), tol=1e-8)
        found[step], along = float(size[0]), rows[0]
        bar.at(step + 1)
    return found


@of_their_kind
def linearise(
    run: Run,
    trial: int = 0,
    window: Optional[Tuple[float, float]] = None,
    progress: bool = True,
    *,
    k: Optional[int] = None,
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
            Jacobian 8 MB. Of a network of more than 2000 units with few synapses Jacobians are sparse.
        k: how many eigenvalues of each step, those of the largest modulus. None: all of them; of sparse Jacobians 10.
    """
    around = RateMap(run.net)
    if run.every != 1:
        raise InvalidError(f"run: it has every {run.every} steps, must have each: every=1")
    if run.interventions:
        raise InvalidError("run: it has interventions, whose steps are others than those of the network")
    number_below("trial", trial, len(run.lengths))
    inside = np.arange(len(run.time)) < run.lengths[trial]
    if window is not None:
        inside &= inside_of(run, window)
    inside[:1] = False
    steps = np.flatnonzero(inside)
    if not len(steps):
        raise InvalidError(f"window is {brief(window)}, has no step after the first one")
    used = np.zeros((len(inside), len(run.lengths)), bool)
    used[steps - 1, trial] = True
    states = states_of(around, run, used)
    n = states.shape[2]
    found = number_of(k, n, around.sparse)
    if not around.sparse:
        room_for(f"a linearisation at {len(steps)} steps", n, len(steps) + 1, "take a shorter window")
    jacobians: Any = [] if around.sparse else np.empty((len(steps), n, n))
    values = np.empty((len(steps), found if around.sparse else n), np.complex128)
    with Bar(len(steps), "steps", progress) as bar:
        for row, step in enumerate(steps):
            inputs = {name: channels[step, trial] for name, channels in run.inputs.items()}
            jacobian = around.jacobian(states[step - 1, trial], around.drive_of(inputs))
            if around.sparse:
                jacobians.append(jacobian)
                values[row] = in_lapack(partial(largest, jacobian, k), np.inf, lambda: bar.at(row))
            else:
                jacobians[row] = jacobian
                values[row] = in_lapack(partial(np.linalg.eigvals, jacobian), 10.0 * n**3, lambda: bar.at(row))
            bar.at(row + 1)
    values = np.take_along_axis(values, np.argsort(-np.abs(values), axis=1, kind="stable"), axis=1)[:, :found].copy()
    kept = tuple(jacobians) if around.sparse else frozen(jacobians)
    time, start = frozen(run.time[steps]), frozen(states[steps - 1, trial])
    return Linearisation(time, start, kept, frozen(values), run.dt)
