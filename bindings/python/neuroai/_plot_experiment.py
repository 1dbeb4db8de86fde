"""Pictures of interventions: what they do to performance, to choices and to the rates of each population."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ._draw import (
    CHANNELS,
    DIVERGING,
    FAINT,
    INK,
    Panels,
    axes_of,
    bar_beside,
    channel_style,
    colours,
    drawn,
    limit_of,
    note_not_finite,
    panels_of,
    with_unit,
)
from ._handle import brief, joined, number_below, picked
from ._kinds import of_their_kind
from ._labels import in_lines, key_beside, name_sides
from ._plot_behaviour import choices_over
from ._room import length_of
from .errors import InvalidError
from .evaluation import Evaluation, signed_condition
from .experiment import Comparison, Dose, Silencing, When, when_in_words
from .intervention import Inject
from .run import Run

__all__ = ["comparison", "dose", "shade_interventions", "silencing", "traces"]

#: Acts that are written above a picture.
_ACTS = 4
_LIGHT, _CURRENT = CHANNELS[3], CHANNELS[1]


@of_their_kind
def silencing(found: Silencing, ax: Optional[Axes] = None, limit: Optional[float] = None) -> Panels:
    """The effect of silencing each population (row) in each epoch (column): the change of the fraction correct.

    Numbers in bold are more than two standard errors, within trials, away from 0.

    Args:
        found: the result of :func:`neuroai.experiment.silence`.
        ax: where to draw.
        limit: effect of the darkest colour; default: the largest effect, 0.1 at least.
    """
    _judged(np.isfinite(found.effect).any())
    rows, columns = found.effect.shape
    longest = max(len(name) for name in found.names)  # of projections they are those of two populations
    most = limit_of(limit) or max(0.1, float(np.nanmax(np.abs(found.effect), initial=0)))
    ax = axes_of(ax, (1.9 + 0.09 * max(0, longest - 7) + 0.72 * columns, 1.3 + 0.42 * max(2, rows)))
    image = ax.imshow(found.effect, cmap=DIVERGING, vmin=-most, vmax=most, aspect="auto", interpolation="nearest")
    cell = 0.7 * length_of(ax, "x") / columns, 0.8 * length_of(ax, "y") / rows
    size = min(8.3, cell[0] / 3, cell[1] / 1.3)
    for (row, column), effect in np.ndenumerate(found.effect) if size >= 4 else []:
        sure = abs(effect) > 2 * found.error[row, column]
        ax.text(
            column,
            row,
            _signed(effect),
            ha="center",
            va="center",
            fontsize=size,
            fontweight="bold" if sure else "normal",
            color="white" if abs(effect) > 0.6 * most else INK,
        )
    bar_beside(ax, image, "change")
    palette = colours(found.net)
    heads = [_head(when, columns) for when in found.epochs]
    name_sides(ax, heads, found.names, [palette.get(name, INK) for name in found.names], [INK] * columns)
    for label in ax.get_xticklabels():
        label.set_fontweight("normal")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.xaxis.tick_top()
    if any(isinstance(when, tuple) for when in found.epochs) and columns > 6:
        ax.set_title("from (ms)", fontsize="medium", color=INK)
    n = len(found.control.correct)
    words = f"change of the fraction correct, without {found.control.performance:.3f} of {n} trials"
    ax.set_xlabel(in_lines(words, ax, 3), color=INK)
    return drawn(ax)


def _head(when: When, columns: int) -> str:
    if isinstance(when, tuple) and columns > 6:
        return f"{when[0]:g}"
    return "whole trial" if when is None else when_in_words(when).replace("_", " ")


def _signed(effect: float) -> str:
    if not np.isfinite(effect):
        return ""
    return "0" if abs(effect) < 0.005 else f"{effect:+.2f}"


@of_their_kind
def comparison(found: Comparison, condition: Optional[str] = None, ax: Optional[Axes] = None) -> Panels:
    """Psychometric curves of the same trials with and without interventions, with binomial standard errors.

    Args:
        found: the result of :func:`neuroai.experiment.compare`.
        condition: on the x axis; default: the first condition with values of both signs, or else the first.
        ax: where to draw.
    """
    condition = condition or signed_condition(found.control.conditions)
    ax = axes_of(ax, (5.4, 3.2))
    _curve(ax, found.control, condition, "without", color=INK, marker="o", ls="-")
    for k, (name, evaluation) in enumerate(found.evaluations.items()):
        _curve(ax, evaluation, condition, name, **channel_style(k))
    ax.axhline(0.5, color=FAINT, lw=0.8, ls=":", zorder=1)
    ax.axvline(0, color=FAINT, lw=0.8, ls=":", zorder=1)
    what = choices_over(found.control, condition).label
    ax.set(xlabel=with_unit(condition, found.task, found.control.conditions), ylabel=what, ylim=(-0.04, 1.04))
    key_beside(ax)
    return drawn(ax)


@of_their_kind
def dose(found: Dose, ax: Optional[Axes] = None) -> Panels:
    """Fraction correct against the fraction of units or synapses that are acted on: the mean, and each draw of them.

    Args:
        found: the result of :func:`neuroai.experiment.dose`.
        ax: where to draw.
    """
    _judged(np.isfinite(found.performance).any())
    ax = axes_of(ax, (3.8, 3.2))
    colour = colours(found.net).get(found.names, INK)
    ax.plot(found.fractions, found.performance, "o", color=FAINT, ms=3, zorder=1)
    ax.plot(found.fractions, found.performance.mean(axis=1), "o-", color=colour, ms=5, lw=1.4, zorder=2)
    ax.set(xlabel=in_lines(f"fraction of {found.what}", ax, 3), ylabel="fraction correct", ylim=(-0.04, 1.04))
    return drawn(ax)


def _judged(any_is: Any) -> None:
    if not any_is:
        raise InvalidError("found: no trial can be judged: there is no right choice, and so no fraction correct")


def _curve(ax: Axes, evaluation: Evaluation, condition: str, name: str, **style: Any) -> None:
    points = choices_over(evaluation, condition)
    error = np.sqrt(np.maximum(points.fraction * (1 - points.fraction), 0.25 / points.trials) / points.trials)
    label = f"{name}: {evaluation.performance:.3f} correct"
    ax.errorbar(points.x, points.fraction, error, **style, ms=4, lw=1.3, label=label)


@of_their_kind
def traces(run: Run, without: Optional[Run] = None, trial: int = 0, ax: Optional[Axes] = None) -> Panels:
    """The mean rate of each population in a trial, where units were acted on shaded.

    Args:
        run: the result of :meth:`neuroai.Network.run` with interventions.
        without: the same without them, dashed.
        trial: number of the trial.
        ax: where to draw.
    """
    if without is not None and (list(without.rates) != list(run.rates) or without.every != run.every):
        raise InvalidError(f"without: it is a run of {brief(list(without.rates))}, not of {brief(list(run.rates))}")
    if not run.rates:
        raise InvalidError("run: no population was recorded")
    length = int(run.lengths[number_below("trial", trial, len(run.lengths))])
    if without is not None:
        number_below("trial", trial, len(without.lengths))
    axes = panels_of(ax, len(run.rates), (4.6, 0.7 + 0.85 * len(run.rates)))
    palette = colours(run.net)
    for panel, (name, rates) in zip(axes, run.rates.items()):
        _mean(panel, run, rates, trial, length, color=palette[name], lw=1.5, label="with")
        if without is not None:
            rows = min(length, len(without.rates[name]))
            _mean(panel, without, without.rates[name], trial, rows, color=INK, lw=1.0, ls="--", label="without")
        panel.set_ylabel(name, color=palette[name], fontweight="bold", rotation=0, ha="right", va="center")
        panel.yaxis.set_major_locator(MaxNLocator(2, min_n_ticks=1))
        panel.tick_params(axis="y", labelsize="x-small")
        panel.set_ylim(bottom=min(0.0, panel.get_ylim()[0]))
    for panel in axes[:-1]:
        panel.tick_params(labelbottom=False)
        panel.sharex(axes[-1])
    axes[-1].set(xlabel="time (ms)", xlim=(0, run.time[length - 1]))
    handles = axes[0].get_legend_handles_labels()[0] if without is not None else []
    place: Any = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.1), "handlelength": 1.4}
    key_beside(axes[0], handles, "rate (a.u.)", **place, ncols=1, fontsize="small")
    shade_interventions(axes, run, trial, dict(zip(run.rates, axes)))
    return axes


def _mean(ax: Axes, run: Run, rates: npt.NDArray[Any], trial: int, rows: int, **style: Any) -> None:
    mean = rates[:rows, trial].mean(axis=1, dtype=np.float64)
    ax.plot(run.time[:rows], mean, **style)
    note_not_finite(ax, run.time, mean)


def shade_interventions(
    axes: Panels, run: Run, trial: int, own: Optional[Mapping[str, Axes]] = None
) -> None:
    """Shades when units were acted on in a trial, in all panels or those of their populations; says what was done."""
    spans = [(what, steps[trial] * run.dt) for what, steps in run.interventions if steps[trial, 1] > steps[trial, 0]]
    words: Dict[str, List[str]] = {}
    for what, (start, end) in spans:
        touched = [panel for name, panel in (own or {}).items() if _touches(what._touched, name)]
        colour = _CURRENT if isinstance(what, Inject) else _LIGHT
        for panel in list(axes) if own is None else touched:
            if panel.images:  # whose colours are the rates
                panel.axvspan(start, end, fc="none", ec=colour, lw=1.6)
            else:
                panel.axvspan(start, end, color=colour, alpha=0.22, lw=0, zorder=0.5)
        words.setdefault(what.label, []).append(f"{start:g} to {end:g} ms")
    lines = [f"{label}: {times[0] if len(times) == 1 else f'{len(times)} times'}" for label, times in words.items()]
    if lines:
        before = axes[0].get_title()
        shown = [in_lines(line, axes[0]) for line in lines[:_ACTS]]
        more = [f"and {len(lines) - _ACTS} others"] if len(lines) > _ACTS else []
        axes[0].set_title("\n".join(([before] if before else []) + shown + more), fontsize="medium", color=INK)


def _touches(names: Any, population: str) -> bool:
    entries = joined(names if isinstance(names, str) else list(names)).split()
    return bool(picked([entry.partition(":")[0] for entry in entries], {population: names}))
