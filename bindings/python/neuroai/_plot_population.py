"""Pictures of what populations and their units tell: dimensions, angles, decoding, similarity, timescales, tuning."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Union

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from ._draw import CHANNELS, DIVERGING, FAINT, INHIBITORY, INK, SEQUENTIAL, Panels, averaged, axes_of, bar_beside, drawn, number
from ._handle import expect_each
from ._interrupt import Bar
from ._kinds import of_their_kind
from ._labels import in_lines, key_beside, name_sides
from .decoding import Decoding
from .errors import InvalidError
from .similarity import Dissimilarity
from .subspaces import Dimensionality
from .task_variances import Clusters, TaskVariance
from .intrinsic_timescales import Timescales
from .unit_tuning import NoiseCorrelations, Selectivity

__all__ = [
    "decoding",
    "dimensionality",
    "dissimilarity",
    "noise_correlations",
    "principal_angles",
    "selectivity",
    "task_variance",
    "timescales",
]


def _heat(ax: Axes, values: npt.NDArray[Any], label: str, **look: Any) -> None:
    bar_beside(ax, ax.imshow(values, interpolation="nearest", **look), label)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


@of_their_kind
def dimensionality(
    found: Union[Dimensionality, Mapping[str, Dimensionality]], most: int = 20, ax: Optional[Axes] = None
) -> Panels:
    """Variance that the first components have together; a mark at the participation ratio.

    Args:
        found: the result of :func:`neuroai.dimensionality`, or several by name.
        most: components that are drawn.
        ax: where to draw.
    """
    several = found if isinstance(found, Mapping) else {"": found}
    expect_each("found", several, Dimensionality)
    ax = axes_of(ax, (4.4, 3.0))
    for k, (name, one) in enumerate(several.items()):
        shares = one.explained[:most]
        ratio, colour = one.participation_ratio, CHANNELS[k % len(CHANNELS)]
        word = f"{name}: {ratio:.1f}" if name else f"{ratio:.1f}"
        ax.plot(np.arange(1, len(shares) + 1), shares, "o-", ms=3, lw=1.3, color=colour, label=word)
        ax.axvline(ratio, color=colour, lw=0.8, ls="--")
    ax.set(xlabel="components", ylabel="fraction of variance", ylim=(0, 1.03))
    key_beside(ax, title="participation\nratio")
    return drawn(ax)


@of_their_kind
def principal_angles(
    found: Union[npt.ArrayLike, Mapping[str, npt.ArrayLike]], ax: Optional[Axes] = None
) -> Panels:
    """Principal angles of two subspaces in ascending order, or of several pairs by name.

    Args:
        found: the result of :func:`neuroai.principal_angles`, degrees.
        ax: where to draw.
    """
    several = found if isinstance(found, Mapping) else {"": found}
    ax = axes_of(ax, (4.0, 2.8))
    for k, (name, angles) in enumerate(several.items()):
        values = np.atleast_1d(np.asarray(angles, np.float64))
        ax.plot(np.arange(1, len(values) + 1), values, "o-", ms=4, lw=1.3, color=CHANNELS[k % len(CHANNELS)], label=name)
    ax.axhline(90, color=FAINT, lw=1, zorder=0)
    ax.set(xlabel="number", ylabel="principal angle (°)", ylim=(-3, 95), yticks=[0, 30, 60, 90])
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if any(several):
        key_beside(ax)
    return drawn(ax)


@of_their_kind
def decoding(found: Decoding, ax: Optional[Axes] = None) -> Panels:
    """Accuracy of decoders of each group (row) in each group (column); white at chance.

    Args:
        found: the result of :func:`neuroai.decode`.
        ax: where to draw.
    """
    n = len(found.groups)
    ax = axes_of(ax, (2.0 + 0.5 * min(n, 8), 1.4 + 0.45 * min(n, 8)))
    span = 1 - found.chance
    _heat(ax, found.accuracy, "fraction correct", cmap=DIVERGING, vmin=found.chance - span, vmax=1.0)
    if n <= 8:
        for (row, column), value in np.ndenumerate(found.accuracy):
            bright = abs(value - found.chance) > 0.6 * span
            ax.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize="small", color="white" if bright else INK)
    words = [number(value) for value in found.groups] if found.across is not None else ["all"]
    name_sides(ax, words, words)
    of = "trials" if found.across is None else found.across.replace("_", " ")
    ax.set(xlabel=f"tested: {of}", ylabel="trained")
    return drawn(ax)


@of_their_kind
def dissimilarity(found: Dissimilarity, ax: Optional[Axes] = None) -> Panels:
    """The representational dissimilarity matrix.

    Args:
        found: the result of :func:`neuroai.representational_similarity`.
        ax: where to draw.
    """
    ax = axes_of(ax, (4.2, 3.6))
    words = {"correlation": "1 - r", "cosine": "1 - cosine", "euclidean": "distance"}
    _heat(ax, found.matrix, words[found.measure], cmap=SEQUENTIAL, vmin=0.0)
    labels = [", ".join(number(value) for value in row) for row in found.values]
    name_sides(ax, labels, labels)
    ax.set_xlabel(", ".join(name.replace("_", " ") for name in found.conditions))
    return drawn(ax)


@of_their_kind
def timescales(found: Timescales, ax: Optional[Axes] = None) -> Panels:
    """Autocorrelation over lags, mean and one standard error over units, with the fitted decay.

    Args:
        found: the result of :func:`neuroai.timescales`.
        ax: where to draw.
    """
    ax = axes_of(ax, (4.2, 3.0))
    known = found.units[np.isfinite(found.units).all(axis=1)]
    error = known.std(axis=0, ddof=1) / np.sqrt(len(known)) if len(known) > 1 else np.zeros(len(found.lags))
    ax.errorbar(found.lags, found.mean, error, fmt="o", ms=4, color=INK, lw=1)
    if np.isfinite(found.tau):
        first = int(np.argmax(found.mean[:3]))
        x = np.linspace(found.lags[first], found.lags[-1], 200)
        ax.plot(x, found.curve(x), color=INHIBITORY[0], lw=1.6)
        ax.set_title(f"τ = {found.tau:.0f} ms", fontsize="medium", color=INHIBITORY[0])
    ax.axhline(0, color=FAINT, lw=1, zorder=0)
    ax.set(xlabel="lag (ms)", ylabel="autocorrelation")
    return drawn(ax)


#: Pairs from which on they are counted in bins; bins on each side.
_MANY_PAIRS, _SQUARES = 50_000, 120


@of_their_kind
def noise_correlations(found: NoiseCorrelations, ax: Optional[Axes] = None) -> Panels:
    """Correlations of noise of each pair over those of their signals; without the latter their distribution.

    More than 50 000 pairs are counted in squares.

    Args:
        found: the result of :func:`neuroai.noise_correlations`.
        ax: where to draw.
    """
    n = len(found.matrix)
    pairs = n * (n - 1) // 2
    if pairs > _MANY_PAIRS:
        return _many_correlations(found, ax)
    ax = axes_of(ax, (3.8, 3.2))
    rows, columns = np.triu_indices(n, 1)
    noise, signal = found.matrix[rows, columns], found.signal[rows, columns]
    both = np.isfinite(noise) & np.isfinite(signal)
    if not np.isfinite(noise).any():
        raise InvalidError("found: no pair of units has a correlation")
    if both.any():
        ax.axvline(0, color=FAINT, lw=1, zorder=0)
        ax.axhline(0, color=FAINT, lw=1, zorder=0)
        ax.plot(signal[both], noise[both], ".", ms=3, color=INHIBITORY[0], alpha=0.6, rasterized=True)
        ax.set(xlabel="signal correlation", ylabel="noise correlation", xlim=(-1.05, 1.05))
    else:
        ax.hist(found.pairs, bins=30, color=INHIBITORY[0])
        ax.set(xlabel="noise correlation", ylabel="pairs")
    ax.set_title(in_lines(f"mean {found.mean:.3f} of {len(found.pairs)} pairs", ax), fontsize="medium", color=INK)
    return drawn(ax)


def _many_correlations(found: NoiseCorrelations, ax: Optional[Axes]) -> Panels:
    """Counted, those of one unit at a time: their indices would take more memory than they do."""
    edges, squares = np.linspace(-1, 1, _SQUARES + 1), np.zeros((_SQUARES, _SQUARES))
    alone, total, known = np.zeros(_SQUARES), 0.0, 0
    with Bar(len(found.matrix), "units counted") as bar:
        for done, (noise, signal) in enumerate(found.rows(), 1):
            there = np.isfinite(noise)
            place = np.minimum(((noise[there] + 1) * (_SQUARES / 2)).astype(int), _SQUARES - 1)
            alone += np.bincount(place, minlength=_SQUARES)
            total, known = total + float(noise[there].sum()), known + len(place)
            both = np.isfinite(signal[there])
            along = np.minimum(((signal[there][both] + 1) * (_SQUARES / 2)).astype(int), _SQUARES - 1)
            squares += np.bincount(place[both] * _SQUARES + along, minlength=_SQUARES**2).reshape(squares.shape)
            bar.at(done)
    if not known:
        raise InvalidError("found: no pair of units has a correlation")
    ax = axes_of(ax, (4.4, 3.4))
    high = edges[1:][alone > 0].max()
    low = edges[:-1][alone > 0].min()
    if squares.any():
        look: Any = {"cmap": SEQUENTIAL, "norm": LogNorm(1, max(2.0, squares.max())), "rasterized": True}
        image = ax.pcolormesh(edges, edges, np.where(squares > 0, squares, np.nan), **look)
        bar = bar_beside(ax, image, "pairs")
        bar.locator = LogLocator(numticks=5)
        bar.minorlocator = NullLocator()
        ax.axvline(0, color=FAINT, lw=1)
        ax.axhline(0, color=FAINT, lw=1)
        ax.set(xlabel="signal correlation", ylabel="noise correlation", xlim=(-1.05, 1.05), ylim=(low, high))
    else:
        ax.stairs(alone, edges, fill=True, color=INHIBITORY[0])
        ax.set(xlabel="noise correlation", ylabel="pairs", xlim=(low, high))
    ax.set_title(in_lines(f"mean {total / known:.3f} of {known} pairs", ax), fontsize="medium", color=INK)
    return drawn(ax)


@of_their_kind
def selectivity(found: Selectivity, ax: Optional[Axes] = None) -> Panels:
    """Areas under the ROC curve of all units; dark those whose p is below 0.05, where shuffles were made.

    Args:
        found: the result of :func:`neuroai.selectivity`.
        ax: where to draw.
    """
    ax = axes_of(ax, (4.0, 3.0))
    bins = np.linspace(0, 1, 21).tolist()
    ax.hist(found.roc_area, bins=bins, color=FAINT if np.isfinite(found.p).any() else INHIBITORY[0], label="all units")
    if np.isfinite(found.p).any():
        ax.hist(found.roc_area[found.p < 0.05], bins=bins, color=INHIBITORY[0], label="p < 0.05")
        key_beside(ax)
    ax.axvline(0.5, color=INK, lw=1, ls="--")
    one, other = found.values
    ax.set(xlabel=f"ROC area, {found.condition.replace('_', ' ')} {one:g} against {other:g}", ylabel="units", xlim=(0, 1))
    return drawn(ax)


@of_their_kind
def task_variance(found: TaskVariance, clusters: Optional[Clusters] = None, ax: Optional[Axes] = None) -> Panels:
    """Normalised variance of each active unit (column) in each task (row), units in the order of their clusters.

    Args:
        found: the result of :func:`neuroai.task_variance`.
        clusters: of its units; without them in the order of the task in which they vary most.
        ax: where to draw.
    """
    kept = np.flatnonzero(found.active() if clusters is None else clusters.of >= 0)
    if not len(kept):
        raise InvalidError("found: no unit is active")
    rows = found.normalised[kept]
    by = rows.argmax(axis=1) if clusters is None else clusters.of[kept]
    order = np.lexsort((-rows.max(axis=1), rows.argmax(axis=1), by))
    ax = axes_of(ax, (5.4, 1.3 + 0.22 * len(found.tasks)))
    extent = (-0.5, len(kept) - 0.5, len(found.tasks) - 0.5, -0.5)
    look: Any = {"cmap": SEQUENTIAL, "vmin": 0.0, "vmax": 1.0, "aspect": "auto", "extent": extent}
    _heat(ax, averaged(rows[order]).T, "normalised variance", **look)
    if clusters is not None:
        for edge in np.flatnonzero(np.diff(by[order])) + 0.5:
            ax.axvline(edge, color=FAINT, lw=1.2)
    name_sides(ax, [""], found.tasks)  # units have no names: a tick for each of 20 000 takes minutes
    ax.set_xlabel(f"{len(kept)} units" + ("" if clusters is None else f" in {len(clusters.centres)} clusters"))
    return drawn(ax)
