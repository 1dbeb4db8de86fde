"""Pictures of spikes: rasters, rates of populations, and how regular and how correlated their units fire."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from ._draw import FAINT, INK, Panels, axes_of, colours, drawn, note, panels_of
from ._handle import Names, joined, listed, picked
from ._kinds import of_their_kind
from ._labels import draw_borders, in_lines, key_beside, label_ends, name_sides, name_ticks
from ._plot_experiment import shade_interventions
from ._windows import times_of
from .errors import InvalidError, UnknownNameError, brief
from .mean_fields import MeanField, Stationary
from .run import Run
from .spike_trains import Spikes
from .spikes import correlations as _correlations
from .spikes import cv, fano_factor, power_spectrum
from .spikes import intervals as _intervals

__all__ = ["correlations", "intervals", "irregularity", "mean_field", "population_rates", "power", "raster"]

Window = Optional[Tuple[float, float]]
#: Self-consistent rates beside those of a simulation.
Theory = Union[MeanField, Stationary, Mapping[str, float], None]


def _recorded(run: Run, names: Names, window: Window) -> Dict[str, Spikes]:
    """The spikes of the populations that names or patterns choose."""
    found = picked(joined(names).split(), run.spikes)
    if not found:
        raise UnknownNameError(f"no spikes of {brief(names)} were recorded, but {listed(run.spikes) or 'none'}")
    return found if window is None else {name: spikes.between(*times_of(window)) for name, spikes in found.items()}


def _rates_of(theory: Theory) -> Mapping[str, float]:
    if theory is None:
        return {}
    return theory if isinstance(theory, Mapping) else theory.rates


# --- in time ---------------------------------------------------------------------------------------------------------


@of_their_kind
def raster(
    run: Run,
    trial: int = 0,
    names: Names = "*",
    units: int = 200,
    window: Window = None,
    bin: Optional[float] = None,
    smooth: float = 0.0,
    theory: Theory = None,
    ax: Optional[Axes] = None,
) -> Panels:
    """Spikes of one trial, a row for each unit, and below the rates of the populations.

    Args:
        run: of a network with units that spike.
        trial: number of the trial.
        names: of which populations; shell patterns.
        units: how many are shown of all together, in the proportions of the populations, spread over each; 0: all.
        window: (from, to), ms: what part of the trial is shown.
        bin: of the rates, ms. Default: a 200th of the time, a step at least.
        smooth: standard deviation of a Gaussian by which rates are smoothed, ms.
        theory: rates that are drawn dashed: of :func:`neuroai.mean_field` or one of its states; or a dictionary.
        ax: where to draw.
    """
    found = {name: spikes.of(trials=[trial]) for name, spikes in _recorded(run, names, window).items()}
    axes = panels_of(ax, 2, (5.4, 4.0), ratios=[2.4, 1.0])
    shown = _shares({name: spikes.n for name, spikes in found.items()}, units)
    palette, first, ends = colours(run.net), 0, [spikes.end * spikes.dt for spikes in found.values()]
    height = float(axes[0].get_window_extent().height) * 72 / float(axes[0].figure.dpi)
    size = min(6.0, max(1.2, 1.3 * height / sum(map(len, shown.values()))))
    for name, spikes in found.items():
        part = spikes.of(shown[name])
        style: Any = {"marker": "|", "ms": size, "mew": min(1.0, max(0.4, size / 3)), "ls": "none", "rasterized": True}
        axes[0].plot(part.times, first + part.unit, color=palette[name], **style)
        first += part.n
    axes[0].set(ylim=(first - 0.5, -0.5), ylabel="units")
    axes[0].tick_params(labelbottom=False)
    sizes = {name: len(numbers) for name, numbers in shown.items()}
    draw_borders(axes[0], sizes, "y")
    name_ticks(axes[0], run.net, sizes, "y")
    start = min(spikes.start * spikes.dt for spikes in found.values())
    _draw_rates(axes[1], run, found, bin or _nice((max(ends) - start) / 200, run.dt), smooth, theory)
    axes[0].set_xlim(start, max(ends))
    axes[0].sharex(axes[1])
    axes[1].set(xlim=(start, max(ends)), xlabel="time (ms)")
    shade_interventions(axes, run, trial)
    return axes


def _shares(sizes: Mapping[str, int], most: int) -> Dict[str, npt.NDArray[np.int64]]:
    """Which units of each population are shown: as many as its share, at least 5, spread evenly."""
    if most < 0:
        raise InvalidError(f"units is {most}, must be at least 0")
    total = sum(sizes.values())
    counts = {name: n if most in (0, total) else min(n, max(5, round(most * n / total))) for name, n in sizes.items()}
    return {name: np.linspace(0, sizes[name] - 1, count).round().astype(np.int64) for name, count in counts.items()}


def _nice(value: float, dt: float) -> float:
    """The next larger one of 1, 2, 5, 10, ... steps."""
    steps = max(1.0, value / dt)
    power = 10.0 ** np.floor(np.log10(steps))
    return float(next(power * digit for digit in (1, 2, 5, 10) if power * digit >= steps * (1 - 1e-9)) * dt)


@of_their_kind
def population_rates(
    run: Run,
    trial: Optional[int] = None,
    names: Names = "*",
    window: Window = None,
    bin: Optional[float] = None,
    smooth: float = 5.0,
    theory: Theory = None,
    ax: Optional[Axes] = None,
) -> Panels:
    """Rate of each population in time, with the rates of a theory dashed.

    Args:
        run: of a network with units that spike.
        trial: number of the trial; None: the mean over trials.
        names: of which populations; shell patterns.
        window: (from, to), ms.
        bin: ms. Default: a 400th of the time, a step at least.
        smooth: standard deviation of a Gaussian by which rates are smoothed, ms; 0: not at all.
        theory: rates that are drawn beside: of :func:`neuroai.mean_field` or one of its states; or a dictionary.
        ax: where to draw.
    """
    found = _recorded(run, names, window)
    if trial is not None:
        found = {name: spikes.of(trials=[trial]) for name, spikes in found.items()}
    ax = axes_of(ax, (5.0, 2.8))
    one = next(iter(found.values()))
    _draw_rates(ax, run, found, bin or _nice((one.end - one.start) * one.dt / 400, run.dt), smooth, theory)
    if len(found) > 1:
        label_ends(ax, gap=min(0.2, 1.0 / len(found)))
    ax.set(xlabel="time (ms)", xlim=(one.start * one.dt, one.end * one.dt))
    return drawn(ax)


def _draw_rates(ax: Axes, run: Run, found: Mapping[str, Spikes], bin: float, smooth: float, theory: Theory) -> None:
    palette, expected = colours(run.net), _rates_of(theory)
    for name, spikes in found.items():
        rate = spikes.population_rate(bin, smooth).mean(axis=1)
        ax.plot(spikes.bins(bin), rate, color=palette[name], lw=1.1, label=name)
        if name in expected:
            ax.axhline(expected[name], color=palette[name], lw=1.2, ls="--", label=f"_{name} theory")
    ax.set_ylim(bottom=0)
    ax.set_ylabel("rate (Hz)")


# --- how units fire --------------------------------------------------------------------------------------------------


@of_their_kind
def intervals(run: Run, names: Names = "*", window: Window = None, bins: int = 60, ax: Optional[Axes] = None) -> Panels:
    """Distribution of the intervals between spikes of each population, with the mean CV of its units.

    The dotted lines are of Poisson processes with the same mean intervals. The axis of densities is logarithmic.

    Args:
        run: of a network with units that spike.
        names: of which populations; shell patterns.
        window: (from, to), ms.
        bins: up to the interval that one in a hundred exceeds.
        ax: where to draw.
    """
    found = _recorded(run, names, window)
    gaps = {name: _intervals(spikes) for name, spikes in found.items()}
    ax = axes_of(ax, (4.8, 3.0))
    palette = colours(run.net)
    longest = max((float(np.percentile(values, 99)) for values in gaps.values() if len(values)), default=1.0)
    width = run.dt * max(1, round(longest / bins / run.dt))
    edges = np.arange(run.dt / 2, longest + 2 * width, width)  # intervals are whole steps: none is on an edge
    middles, least = (edges[1:] + edges[:-1]) / 2, np.inf
    for name, values in gaps.items():
        if len(values) == 0:
            continue
        density = np.histogram(values, edges)[0] / (len(values) * width)
        label = f"{name}: CV {np.nanmean(_safe(cv(found[name]))):.2f}"
        ax.plot(middles, np.where(density > 0, density, np.nan), color=palette[name], lw=1.4, label=label)
        ax.plot(middles, np.exp(-middles / values.mean()) / values.mean(), color=palette[name], lw=0.8, ls=":")
        least = min(least, float(density[density > 0].min()))
    ax.set(xlabel="interval (ms)", ylabel="density (1/ms)", xlim=(0, edges[-1]), yscale="log")
    if np.isfinite(least):
        ax.set_ylim(bottom=least / 2)
        key_beside(ax)
    else:
        note(ax, "no unit fired twice")
    return drawn(ax)


def _safe(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """At least one value, of which the mean can be taken."""
    return np.asarray(values if np.isfinite(values).any() else np.zeros(1), np.float64)


@of_their_kind
def irregularity(
    run: Run, names: Names = "*", window: Window = None, count: float = 100.0, ax: Optional[Axes] = None
) -> Panels:
    """CV of the intervals, and Fano factor of spike counts, of the units of each population.

    Boxes are from the lower to the upper quartile with the median, lines from the 5th to the 95th percentile; at 1 are
    Poisson processes.

    Args:
        run: of a network with units that spike.
        names: of which populations; shell patterns.
        window: (from, to), ms.
        count: window of the counts, ms.
        ax: where to draw.
    """
    found = _recorded(run, names, window)
    axes = panels_of(ax, 1, (2.6 + 0.5 * len(found), 3.0), columns=2)
    measures: Sequence[Tuple[str, Callable[[Spikes], Any]]] = (
        ("CV of intervals", cv),
        (f"Fano factor ({count:g} ms)", lambda spikes: fano_factor(spikes, count)),
    )
    for panel, (label, measure) in zip(axes, measures):
        values = {name: measure(spikes) for name, spikes in found.items()}
        _draw_boxes(panel, run, {name: each[np.isfinite(each)] for name, each in values.items()})
        panel.axhline(1, color=FAINT, lw=0.8, ls="--", zorder=0)
        panel.set_ylabel(label)
        panel.set_ylim(bottom=0)
        if not any(np.isfinite(each).any() for each in values.values()):
            note(panel, in_lines("too few spikes", panel))
    return axes


def _draw_boxes(ax: Axes, run: Run, values: Mapping[str, npt.NDArray[Any]]) -> None:
    palette = colours(run.net)
    for place, (name, each) in enumerate(values.items()):
        if len(each) == 0:
            continue
        colour = palette[name]
        parts = ax.boxplot(
            [each],
            positions=[place],
            widths=0.55,
            whis=(5, 95),
            showfliers=False,
            patch_artist=True,
            manage_ticks=False,
        )
        for line in (*parts["whiskers"], *parts["caps"]):
            line.set(color=colour, lw=1.0)
        parts["medians"][0].set(color="white", lw=1.6)
        parts["boxes"][0].set(facecolor=colour, edgecolor=colour)
    name_sides(ax, list(values), (), [palette[name] for name in values])
    ax.set_xlim(-0.6, len(values) - 0.4)
    ax.tick_params(axis="x", length=0)


@of_their_kind
def correlations(
    run: Run, names: Names = "*", window: Window = None, count: float = 50.0, most: int = 200, ax: Optional[Axes] = None
) -> Panels:
    """Distribution of the correlation coefficients of spike counts of pairs within each population, with their mean.

    Args:
        run: of a network with units that spike.
        names: of which populations; shell patterns.
        window: (from, to), ms.
        count: window of the counts, ms.
        most: units of a population that are paired.
        ax: where to draw.
    """
    found = _recorded(run, names, window)
    ax = axes_of(ax, (4.8, 3.0))
    pairs = {name: _correlations(spikes, window=count, most=most) for name, spikes in found.items()}
    palette = colours(run.net)
    every = np.concatenate([np.zeros(1), *pairs.values()])
    low, high = np.percentile(every, [0.2, 99.8])
    edges = np.linspace(min(low, -0.05), max(high, 0.05), 51)
    for name, values in pairs.items():
        if len(values) < 2:
            continue
        density = np.histogram(values, edges)[0] / (len(values) * (edges[1] - edges[0]))
        ax.plot(
            (edges[1:] + edges[:-1]) / 2, density, color=palette[name], lw=1.4, label=f"{name}: {values.mean():+.3f}"
        )
    ax.axvline(0, color=FAINT, lw=0.8, ls="--", zorder=0)
    ax.set(xlabel=f"correlation of counts ({count:g} ms)", ylabel="density of pairs", xlim=(edges[0], edges[-1]))
    ax.set_ylim(bottom=0)
    if len(ax.lines) > 1:
        key_beside(ax)
    else:
        note(ax, "counts of too few units vary")
    return drawn(ax)


@of_their_kind
def power(
    run: Run,
    names: Names = "*",
    window: Window = None,
    bin: float = 1.0,
    segment: Optional[float] = None,
    ax: Optional[Axes] = None,
) -> Panels:
    """Power spectrum of the rate of each population; dotted: that of independent Poisson units with the same rates.

    Args:
        run: of a network with units that spike.
        names: of which populations; shell patterns.
        window: (from, to), ms.
        bin, segment: as in :func:`neuroai.spikes.power_spectrum`.
        ax: where to draw.
    """
    found = _recorded(run, names, window)
    ax = axes_of(ax, (4.8, 3.0))
    palette, found_at = colours(run.net), []
    for name, spikes in found.items():
        frequency, values = power_spectrum(spikes, bin, segment)
        if not np.any(values > 0):
            continue
        found_at.append(frequency)
        ax.plot(frequency, np.where(values > 0, values, np.nan), color=palette[name], lw=1.2, label=name)
        ax.axhline(spikes.rate / spikes.n, color=palette[name], lw=0.9, ls=":")
    ax.set(xlabel="frequency (Hz)", ylabel="power (Hz$^2$/Hz)")
    if found_at:
        ax.set(xscale="log", yscale="log", xlim=(found_at[0][0], found_at[0][-1]))
    else:
        note(ax, "the rates never vary")
    if len(found_at) > 1:
        key_beside(ax)
    return drawn(ax)


# --- theory ----------------------------------------------------------------------------------------------------------


@of_their_kind
def mean_field(
    theory: MeanField,
    population: Optional[str] = None,
    most: Optional[float] = None,
    states: Optional[Sequence[Stationary]] = None,
    ax: Optional[Axes] = None,
) -> Panels:
    """The rate that follows for a population when its own is held and all others settle: where both are equal, a state.

    Filled circles are stable states, open ones unstable (the effective transfer function of Mascaro & Amit 1999).

    Args:
        theory: :func:`neuroai.mean_field` of a network.
        population: which; default: the first.
        most: largest rate, Hz. Default: somewhat above the largest state.
        states: which are shown. Default: those that are found and in which the others are as they settle by themselves,
            not those in which another population is raised.
        ax: where to draw.
    """
    name = theory.names[0] if population is None else population
    if name not in theory.names:
        raise UnknownNameError(f"population: there is no {brief(name)}, but {listed(theory.names)}")
    found: List[Stationary] = list(theory.states() if states is None else states)
    if states is None:
        rates = [state.rates[name] for state in found]
        on = np.abs(theory.effective(name, rates) - rates) < 1e-3 * (1 + np.abs(rates))
        found = [state for state, here in zip(found, on) if here]
    top = most or 1.3 * max([1.0, *(state.rates[name] for state in found)])
    held = np.concatenate([np.linspace(0, 1, 21)[:-1] ** 2 * top / 20, np.linspace(top / 20, top, 60)])
    ax = axes_of(ax, (3.6, 3.4))
    ax.plot([0, top], [0, top], color=FAINT, lw=0.9, zorder=1)
    ax.plot(held, theory.effective(name, held), color=INK, lw=1.5, zorder=2)
    for state in found:
        rate, inside = state.rates[name], "#c43c39" if state.stable else "white"
        ax.plot([rate], [rate], "o", color=inside, mec="#c43c39", mew=1.3, ms=6, zorder=3, clip_on=False)
    ax.set(xlim=(0, top), ylim=(0, top), xlabel=f"rate of {name} (Hz)", ylabel="rate that follows (Hz)")
    return drawn(ax)
