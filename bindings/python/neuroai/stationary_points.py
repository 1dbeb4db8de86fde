"""Fixed and slow points of networks of rate units, and what happens near them: eigenvalues, time constants."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any, List, Optional, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._handle import brief, frozen, positive, seed_of, single, whole
from ._interrupt import Bar, in_lapack
from ._kinds import of_their_kind
from ._matrices import room_for
from .errors import InvalidError
from ._needed import needed
from ._windows import all_finite, inside_of
from .network import Network
from .rate_maps import Constant, RateMap
from .run import Run
from .synapse_list import leading
from .trials import Trials

__all__ = ["FixedPoints", "fixed_points", "largest", "number_of", "states_of"]

Doubles = npt.NDArray[np.float64]
#: Of all pairs of units, that a search takes: the weights, Jacobians, and what LAPACK makes of one.
_MATRICES = 10
#: Eigenvalues of a sparse Jacobian that are found unless others are asked for.
LEADING = 10
Starts = Union[Run, Trials, npt.ArrayLike]


@dataclass(frozen=True)
class FixedPoints:
    """Fixed and slow points; made by :func:`fixed_points`. P points of N units: fixed before slow ones, in the order of
    the number of unstable directions, then of their norm."""

    #: The map of which they are.
    map: RateMap = field(repr=False)
    #: x of units with the leak on the current, r of those with the leak on the rate: [P, N].
    states: Doubles = field(repr=False)
    #: The rates there, [P, N].
    rates: Doubles = field(repr=False)
    #: q = |F(z) - z|^2 / 2 there, of a step, [P].
    speed: Doubles
    #: Whether it is a fixed point, or else a slow one, where q has a minimum above 0: bool [P].
    fixed: npt.NDArray[np.bool_]
    #: From how many starts it was reached, int64 [P].
    hits: npt.NDArray[np.int64]
    #: Jacobian of a step, dF/dz, [P, N, N], [of what, by what]; of a sparse map a tuple of P ``csr_matrix``.
    jacobians: Any = field(repr=False)
    #: Its eigenvalues lambda, of descending modulus, complex [P, N]; [P, k] where k of them were asked for.
    eigenvalues: npt.NDArray[np.complex128] = field(repr=False)

    @property
    def unstable(self) -> npt.NDArray[np.int64]:
        """Unstable directions: how many eigenvalues have a modulus above 1, int64 [P]; of those that were found."""
        return frozen((np.abs(self.eigenvalues) > 1).sum(axis=1))

    @property
    def stable(self) -> npt.NDArray[np.bool_]:
        """Whether it is an attractor: a fixed point all of whose eigenvalues have a modulus below 1, bool [P]."""
        return frozen(self.fixed & (np.abs(self.eigenvalues) < 1).all(axis=1))

    @property
    def time_constants(self) -> Doubles:
        """-dt / ln |lambda| of each mode, ms, [P, N]: how long it takes to decay to 1 / e; below 0, to grow e-fold."""
        with np.errstate(divide="ignore"):
            return frozen(-self.map.net.dt / np.log(np.abs(self.eigenvalues)))

    @property
    def frequencies(self) -> Doubles:
        """|arg lambda| / (2 pi dt) of each mode, Hz, [P, N]: at which it rotates; 0 for those that do not."""
        return frozen(np.abs(np.angle(self.eigenvalues)) / (2 * np.pi * self.map.net.dt) * 1000)

    def __len__(self) -> int:
        return len(self.states)

    def __repr__(self) -> str:
        kinds = f"{int(self.fixed.sum())} fixed points, {int(self.stable.sum())} of them stable"
        return f"<FixedPoints: {kinds}, and {int((~self.fixed).sum())} slow ones, of {self.states.shape[1]} units>"


@of_their_kind
def fixed_points(
    net: Union[Network, RateMap],
    starts: Starts,
    inputs: Constant = None,
    n: int = 200,
    *,
    slow: float = 0.0,
    jitter: float = 0.0,
    apart: float = 1e-3,
    window: Optional[Tuple[float, float]] = None,
    seed: int = 0,
    k: Optional[int] = None,
    progress: bool = True,
) -> FixedPoints:
    """Fixed and slow points of a network of rate units with an input that stays as it is, without noise.

    From each start q(z) = |F(z) - z|^2 / 2 is minimised, F being a step of the network (:class:`neuroai.RateMap`), by the
    trust-region method of SciPy's ``least_squares`` with the exact Jacobian, then by Newton's method (Sussillo & Barak
    2013). Where that ends at q = 0 is a fixed point; where q has a minimum above 0, a slow point. No search of this kind
    proves that it found all of them: take more starts, and see whether there are more.

    Of a network of more than 2000 units with few synapses the map is sparse: steps are found by iteration (LSMR, GMRES), and
    ``k`` leading eigenvalues (ARPACK), without a matrix of all pairs of units.

    Args:
        net: a built network of rate units, or a map of one (then without ``inputs``).
        starts: where searches begin: states [n, N], or trials, or a run of trials, from whose states ``n`` are drawn. Of a
            run whose units have the leak on the current, record x: ``net.run(trials, record="* *:x")``; trials are run
            with the network's noise.
        inputs: [channels of all inputs], or a mapping from an input's name to [n]; what is not named is 0.
        n: of how many states of trials or of a run.
        slow: the largest q of a slow point that is kept, of a step; 0: fixed points alone.
        jitter: standard deviation of what is added to each start.
        apart: two points are one where no unit differs by more.
        window: (from, to), ms: the part of trials from which starts are drawn.
        seed: of the draw of starts, and of the noise of trials.
        k: how many eigenvalues of each point, those of the largest modulus. None: all of them; of a sparse map 10.
        progress: whether a bar is shown.

    Needs SciPy: ``pip install neuroai[fits]``.
    """
    optimize = needed("scipy.optimize", "looking for fixed points", "fits")
    if isinstance(net, RateMap) and inputs is not None:
        raise InvalidError("inputs: the map has those that it was made with: na.RateMap(net, inputs)")
    around = net if isinstance(net, RateMap) else RateMap(net, inputs)
    size = len(around.alpha)
    number_of(k, size, around.sparse)
    if isinstance(net, Network) and not around.sparse:
        room_for("looking for fixed points", size, _MATRICES, "take na.RateMap(net, inputs, sparse=True)")
    slow, jitter, apart = positive("slow", slow, zero=True), positive("jitter", jitter, zero=True), positive("apart", apart)
    draw = np.random.default_rng(seed_of(seed))
    begin = _starts(around, starts, n, window, draw, seed)
    begin = begin + jitter * draw.standard_normal(begin.shape)
    found = []
    with Bar(len(begin), "starts", progress) as bar:
        for done, start in enumerate(begin, 1):
            search = partial(_searched, around, start, optimize)
            operations = np.inf if around.sparse else 100.0 * len(start) ** 3
            found.append(in_lapack(search, operations, lambda: bar.at(done - 1)))
            bar.at(done)
    ends = np.array(found).reshape(-1, begin.shape[1])
    with Bar(None, "looking at the points", progress) as bar:
        operations = np.inf if around.sparse else 10.0 * len(ends) * ends.shape[1] ** 3
        return in_lapack(lambda: _described(around, ends, slow, apart, k), operations, lambda: bar.at(0))


# --- where searches begin --------------------------------------------------------------------------------------------


@of_their_kind
def states_of(around: RateMap, run: Run, used: Optional[npt.NDArray[np.bool_]] = None) -> Doubles:
    """The states that a run recorded, [T, B, N]: x where the leak is on the current, or else rates; finite where they are
    ``used``, [T, B]; None: in all steps of each trial."""
    if run.net is not around.net:
        raise InvalidError("run: it is of another network")
    found = []
    for name in around.parts:
        current = around.net.leak(name) == "current"
        have = run.traces.get(f"{name}:x") if current else run.rates.get(name)
        if have is None or have.shape[2] < around.net.size(name):
            how = f"'{name}:x', as its leak is on the current" if current else f"'{name}'"
            raise InvalidError(f"run: it has no {how}, of all units: net.run(trials, record=\"* *:x\")")
        looked_at = np.arange(len(have))[:, None] < run.lengths if used is None else used
        all_finite(run, "state", f"{name}:x" if current else name, have, looked_at, "take a window before that, ")
        found.append(np.asarray(have, np.float64))
    return np.concatenate(found, axis=2)


def _recorded(around: RateMap) -> List[str]:
    """What a run must record so that its states are known."""
    return [f"{name}:x" if around.net.leak(name) == "current" else name for name in around.parts]


def _starts(
    around: RateMap,
    starts: Starts,
    n: int,
    window: Optional[Tuple[float, float]],
    draw: np.random.Generator,
    seed: int,
) -> Doubles:
    if isinstance(starts, Trials):
        starts = around.net.run(starts, seed=seed, record=_recorded(around), progress=False)
    if not isinstance(starts, Run):
        if window is not None:
            raise InvalidError("window: it is of trials or of a run, not of states")
        states = single("starts", around.state(np.atleast_2d(np.asarray(starts)), "starts"))
        if states.ndim != 2 or not len(states):
            raise InvalidError(f"starts: expected [n, {states.shape[-1]}], got {states.shape}")
        return states
    if whole("n", n) < 1:
        raise InvalidError(f"n is {n}, must be at least 1")
    going = np.arange(len(starts.time))[:, None] < starts.lengths
    if window is not None:
        going &= inside_of(starts, window)[:, None]
    states = states_of(around, starts, going)
    pool = around.state(states[going], "starts")
    if not len(pool):
        raise InvalidError(f"window is {brief(window)}, has no step of any trial")
    return pool[draw.choice(len(pool), min(n, len(pool)), replace=False)]


# --- the search ------------------------------------------------------------------------------------------------------


def _searched(around: RateMap, start: Doubles, optimize: "object") -> Doubles:
    if around.sparse:  # a step of the trust region takes many more products
        z = _polished(around, start)
        if around.speed(z) <= _rounding(z):
            return z
        start = z
    return _polished(around, _descended(around, start, optimize))


def _rounding(z: Doubles) -> Doubles:
    """q up to which a point is fixed."""
    return np.asarray(1e-22 * (1 + np.sum(z**2, axis=-1)))


def _descended(around: RateMap, start: Doubles, optimize: "object") -> Doubles:
    """Where q has a minimum, by a trust region: q is half the sum of squares of F(z) - z."""
    same = _same(around)
    plain = around.sparse and len(start) < 3  # of which SciPy's iteration cannot be
    found: Doubles = optimize.least_squares(  # type: ignore[attr-defined]
        lambda z: around.step(z) - z,
        start,
        lambda z: np.asarray((around.jacobian(z) - same).toarray()) if plain else around.jacobian(z) - same,
        method="trf",
        x_scale="jac",
        xtol=1e-12,
        ftol=1e-12,
        gtol=1e-12,
        max_nfev=500,
    ).x
    return found


def _same(around: RateMap) -> Any:
    n = len(around.alpha)
    return needed("scipy.sparse", "a sparse map", "sparse").identity(n, format="csr") if around.sparse else np.eye(n)


def _polished(around: RateMap, z: Doubles, steps: int = 20) -> Doubles:
    """Newton's method while it lowers q."""
    same, q = _same(around), float(around.speed(z))
    for _ in range(steps):
        if q == 0:
            break
        after = z + _newton(around, same - around.jacobian(z), around.step(z) - z)
        if not np.isfinite(after).all() or not (lower := float(around.speed(after))) < q:
            break
        z, q = after, lower
    return z


def _newton(around: RateMap, matrix: Any, right: Doubles) -> Doubles:
    """The solution of matrix x = right; NaN where there is none."""
    if around.sparse:
        gmres = needed("scipy.sparse.linalg", "a sparse map", "sparse").gmres
        return np.asarray(gmres(matrix, right, restart=50, maxiter=10)[0])  # nearly solved will do: q tells
    try:
        return np.asarray(np.linalg.solve(matrix, right))
    except np.linalg.LinAlgError:
        return np.full(right.shape, np.nan)


def _described(around: RateMap, ends: Doubles, slow: float, apart: float, k: Optional[int]) -> FixedPoints:
    """The different points among where searches ended, the slowest of those that are one."""
    q = np.atleast_1d(around.speed(ends))
    rounding = _rounding(ends)
    kept: List[int] = []
    hits: List[int] = []
    for at in np.argsort(q, kind="stable"):
        if not (q[at] <= rounding[at] or q[at] <= slow):
            continue
        near = [i for i, other in enumerate(kept) if np.abs(ends[at] - ends[other]).max() <= apart]
        if near:
            hits[near[0]] += 1
        else:
            kept.append(int(at))
            hits.append(1)
    states = ends[kept]
    jacobians, values = _jacobians(around, states, k)
    fixed = q[kept] <= rounding[kept]
    order = np.lexsort((np.linalg.norm(states, axis=1), (np.abs(values) > 1).sum(axis=1), ~fixed))
    ordered = tuple(jacobians[i] for i in order) if around.sparse else frozen(jacobians[order])
    parts = states, around.rates(states), q[kept], fixed, np.array(hits, np.int64)
    one, rates, speed, are, many = (frozen(part[order]) for part in parts)
    return FixedPoints(around, one, rates, speed, are, many, ordered, frozen(values[order]))


def _jacobians(around: RateMap, states: Doubles, k: Optional[int]) -> Tuple[Any, npt.NDArray[np.complex128]]:
    """Jacobians, and the largest of their eigenvalues."""
    many, n = states.shape
    if around.sparse:
        listed = [around.jacobian(state) for state in states]
        return listed, np.array([largest(each, k) for each in listed]).reshape(many, number_of(k, n, True))
    room_for(f"describing {many} points", n, many + 2, "take fewer starts, or a larger `apart`")
    jacobians = around.jacobian(states) if many else np.zeros((0, n, n))
    values = np.linalg.eigvals(jacobians).astype(np.complex128).reshape(many, n)
    return jacobians, np.take_along_axis(values, np.argsort(-np.abs(values), axis=1, kind="stable"), axis=1)[:, :k]


def number_of(k: Optional[int], n: int, sparse: bool) -> int:
    """How many eigenvalues of n units are found where ``k`` were asked for; None: all, of a sparse map LEADING."""
    if k is None:
        return min(LEADING, n) if sparse else n
    if not 1 <= whole("k", k) <= n:
        raise InvalidError(f"k is {k}, must be 1 to {n}: the number of units")
    return k


def largest(matrix: Any, k: Optional[int] = None) -> npt.NDArray[np.complex128]:
    """So many eigenvalues of a sparse matrix, of descending modulus."""
    n = matrix.shape[0]
    k = number_of(k, n, True)
    if k <= n - 2:
        return leading(matrix, k)
    values = np.linalg.eigvals(matrix.toarray()).astype(np.complex128)
    return np.asarray(values[np.argsort(-np.abs(values), kind="stable")][:k])
