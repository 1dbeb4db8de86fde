"""Pictures of dynamics: fixed points among trajectories, eigenvalues, growth along a trajectory, Lyapunov exponents."""

from __future__ import annotations

from functools import partial
from typing import Any, List, Optional

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ._draw import CHANNELS, EXCITATORY, FAINT, INHIBITORY, INK, Panels, axes_of, drawn
from ._interrupt import Bar, in_lapack
from ._kinds import of_their_kind
from ._labels import in_lines, key_beside
from ._needed import needed
from .errors import InvalidError
from .lyapunov_exponents import Linearisation, Lyapunov
from .run import Run
from .stationary_points import FixedPoints, states_of

__all__ = ["eigenvalues", "fixed_points", "linearisation", "lyapunov"]

#: Trajectories that are drawn at most.
_MOST = 40


# --- fixed points ----------------------------------------------------------------------------------------------------


@of_their_kind
def fixed_points(
    found: FixedPoints, run: Optional[Run] = None, ax: Optional[Axes] = None, progress: bool = True
) -> Panels:
    """Fixed and slow points in the plane of two principal components: filled where they are stable, open where they are
    not, small diamonds where they are slow; of those that are not stable a line along the mode of the largest eigenvalue.

    Args:
        found: the result of :func:`neuroai.fixed_points`.
        run: of the same network, with its states: its trajectories are drawn, and the components are theirs; without it
            those of the points.
        ax: where to draw.
        progress: whether a bar is shown while modes are computed, if that takes more than a second.
    """
    if run is None and not len(found):
        raise InvalidError("found: there is no point, and no run to be drawn")
    paths = None if run is None else states_of(found.map, run)
    samples = found.states if paths is None or run is None else _while_going(paths, run)
    mean, axes, shares = _plane(samples)
    ax = axes_of(ax, (4.6, 3.6))
    if paths is not None and run is not None:
        _draw_paths(ax, paths, run, mean, axes)
    places = (found.states - mean) @ axes.T
    both = np.concatenate([places, (samples - mean) @ axes.T])
    size = 0.12 * (float(np.ptp(both, axis=0).max()) or 1.0)
    with Bar(int((~found.stable).sum()), "modes", progress) as bar:
        _draw_modes(ax, found, places, axes, size, bar)
    for which, style in _kinds(found):
        ax.plot(*places[which].T, **style)
    handles = [Line2D([], [], **style) for which, style in _kinds(found) if which.any()]
    ax.set(xlabel=_named(0, shares), ylabel=_named(1, shares))
    if handles:
        key_beside(ax, handles)
    return drawn(ax)


def _while_going(paths: npt.NDArray[Any], run: Run) -> npt.NDArray[Any]:
    found: npt.NDArray[Any] = paths[np.arange(len(paths))[:, None] < run.lengths]
    return found


def _plane(samples: npt.NDArray[Any]) -> "tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]":
    """Mean, two orthonormal rows (a row of 0 where there is one dimension alone), and the variance along each."""
    mean = samples.mean(axis=0)
    singular, rows = np.linalg.svd(samples - mean, full_matrices=False)[1:]
    variance = np.pad(singular**2, (0, 2))[:2] / max(float((singular**2).sum()), 1e-300)
    axes = np.zeros((2, samples.shape[1]))
    axes[: len(rows[:2])] = rows[:2]
    return mean, axes, variance


def _named(k: int, shares: npt.NDArray[Any]) -> str:
    return f"PC {k + 1} ({100 * shares[k]:.0f} %)"


def _draw_paths(ax: Axes, paths: npt.NDArray[Any], run: Run, mean: npt.NDArray[Any], axes: npt.NDArray[Any]) -> None:
    for trial in np.linspace(0, paths.shape[1] - 1, min(_MOST, paths.shape[1])).astype(int):
        line = (paths[: run.lengths[trial], trial] - mean) @ axes.T
        ax.plot(*line.T, color=FAINT, lw=0.7, zorder=1)


def _draw_modes(
    ax: Axes, found: FixedPoints, places: npt.NDArray[Any], axes: npt.NDArray[Any], size: float, bar: Bar
) -> None:
    for done, k in enumerate(np.flatnonzero(~found.stable)):
        find = partial(_leading_mode, found.jacobians[k])
        operations = 25.0 * found.states.shape[1] ** 3 if isinstance(found.jacobians, np.ndarray) else np.inf
        along = axes @ np.real(in_lapack(find, operations, lambda: bar.at(done)))
        bar.at(done + 1)
        length = float(np.linalg.norm(along))
        if length > 1e-9:
            ends = places[k] + size * np.array([[-1], [1]]) * along / length
            ax.plot(*ends.T, color=EXCITATORY[0], lw=1.2, zorder=2)


def _leading_mode(jacobian: Any) -> npt.NDArray[Any]:
    """The eigenvector whose eigenvalue has the largest modulus, its largest part real."""
    if isinstance(jacobian, np.ndarray):
        values, vectors = np.linalg.eig(jacobian)
        return np.asarray(vectors[:, np.abs(values).argmax()])
    linalg = needed("scipy.sparse.linalg", "drawing points of a sparse map", "sparse")
    start = np.random.Generator(np.random.PCG64(0)).standard_normal(jacobian.shape[0])
    vector = linalg.eigs(jacobian, 1, v0=start, ncv=min(len(start), 200), tol=1e-8)[1][:, 0]
    largest = vector[np.abs(vector).argmax()]
    return np.asarray(vector * np.conj(largest) / abs(largest))


def _kinds(found: FixedPoints) -> "List[tuple[npt.NDArray[np.bool_], dict[str, Any]]]":
    base = {"linestyle": "none", "zorder": 3}
    saddle = found.fixed & ~found.stable
    return [
        (found.stable, {**base, "marker": "o", "ms": 7, "color": INK, "label": "stable"}),
        (saddle, {**base, "marker": "o", "ms": 7, "mfc": "white", "mec": EXCITATORY[0], "mew": 1.5, "label": "unstable"}),
        (~found.fixed, {**base, "marker": "D", "ms": 4, "mfc": "white", "mec": INHIBITORY[0], "label": "slow"}),
    ]


@of_their_kind
def eigenvalues(found: FixedPoints, ax: Optional[Axes] = None) -> Panels:
    """Eigenvalues of the Jacobian of a step at each point, in the complex plane; beyond the circle modes grow.

    Where a few of them were asked for, the whole circle is shown, and the title says how many there are.

    Args:
        found: the result of :func:`neuroai.fixed_points`.
        ax: where to draw.
    """
    if not len(found):
        raise InvalidError("found: there is no point")
    ax = axes_of(ax, (4.2, 3.4))
    angle = np.linspace(0, 2 * np.pi, 400)
    for which, style in _kinds(found):
        values = found.eigenvalues[which].ravel()
        if len(values):
            ax.plot(values.real, values.imag, **{**style, "ms": 4, "mew": 1.0, "alpha": 0.8})
    ax.margins(0.08)
    few, n = found.eigenvalues.shape[1], found.states.shape[1]
    if few < n:
        size = 1.1 * max(1.0, float(np.abs(found.eigenvalues).max()))
        ax.set(xlim=(-size, size), ylim=(-size, size), aspect="equal")
        ax.set_title(in_lines(f"{few} leading of {n} eigenvalues", ax), fontsize="medium", color=INK)
    low, high = ax.get_xlim(), ax.get_ylim()
    ax.plot(np.cos(angle), np.sin(angle), color=FAINT, lw=1, zorder=0)
    ax.set(xlim=low, ylim=high, xlabel="real part of λ, of a step", ylabel="imaginary part")
    key_beside(ax)
    return drawn(ax)


# --- along trajectories ----------------------------------------------------------------------------------------------


@of_their_kind
def linearisation(found: Linearisation, modes: Optional[int] = None, ax: Optional[Axes] = None) -> Panels:
    """Rates at which small differences grow along a trajectory: the leading modes of each step, and of the whole way.

    Args:
        found: the result of :func:`neuroai.linearise`.
        modes: how many of the modes of each step; default: 5, or all there are.
        ax: where to draw.
    """
    n = found.eigenvalues.shape[1]
    if modes is None:
        modes = min(5, n)
    if not 1 <= modes <= n:
        raise InvalidError(f"modes is {modes}, must be 1 to {n}")
    ax = axes_of(ax, (4.6, 3.2))
    ax.axhline(0, color=FAINT, lw=1, zorder=0)
    ax.plot(found.time, found.rates[:, :modes], color=INHIBITORY[0], lw=0.9)
    ax.plot(found.time, found.stretch, color=EXCITATORY[0], lw=1.6)
    handles = [
        Line2D([], [], color=INHIBITORY[0], lw=1.2, label="modes of a step" if modes > 1 else "mode of a step"),
        Line2D([], [], color=EXCITATORY[0], lw=1.6, label="from the start"),
    ]
    ax.set(xlabel="time (ms)", ylabel="growth rate (1/s)")
    key_beside(ax, handles)
    return drawn(ax)


@of_their_kind
def lyapunov(found: Lyapunov, ax: Optional[Axes] = None) -> Panels:
    """Lyapunov exponents: how their estimates settle along the orbit; of more than six the spectrum instead.

    Args:
        found: the result of :func:`neuroai.lyapunov`.
        ax: where to draw.
    """
    ax = axes_of(ax, (4.6, 3.2))
    ax.axhline(0, color=FAINT, lw=1, zorder=0)
    k = len(found.exponents)
    if k > 6:
        ax.errorbar(np.arange(1, k + 1), found.exponents, 2 * found.error, fmt="o", ms=3, color=INHIBITORY[0], lw=1)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set(xlabel="number", ylabel="Lyapunov exponent (1/s)")
        return drawn(ax)
    for line, mean, error, colour in zip(found.estimates.T, found.exponents, found.error, CHANNELS):
        ax.plot(found.time, line, color=colour, lw=1.4)
        ax.axhspan(mean - 2 * error, mean + 2 * error, color=colour, alpha=0.2, lw=0)
    ax.set(xlabel="time along the orbit (ms)", ylabel="Lyapunov exponent (1/s)")
    return drawn(ax)
