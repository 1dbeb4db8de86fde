"""Pictures of behaviour: fitted psychometric and chronometric curves, confusion."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Union

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from ._draw import CHANNELS, EXCITATORY, FAINT, INHIBITORY, INK, SEQUENTIAL, axes_of, cycle, spread, with_unit
from .analysis import ReactionTimes
from .errors import InvalidError
from .evaluation import Confusion, Evaluation, Where, signed_condition
from .fits import PsychometricFit
from .task import Task

__all__ = ["chronometric", "confusion", "draw_fit", "draw_fits"]

_NAMES = {"alpha": r"$\alpha$", "beta": r"$\beta$"}


def draw_fit(ax: Axes, fit: PsychometricFit, label: str, evaluation: Evaluation) -> Axes:
    """The points and the curve of a fit, with its parameters."""
    weibull = fit.shape == "weibull"
    x = spread(ax, fit.x) if weibull else fit.x
    error = np.sqrt(np.maximum(fit.fraction * (1 - fit.fraction), 0.25 / fit.trials) / fit.trials)
    many = len(fit.x) > 20  # every trial has a value of its own
    ax.errorbar(
        x, fit.fraction, None if many else error, fmt="o", color=EXCITATORY[0], ms=2 if many else 5, lw=1.2, zorder=3
    )
    fine, values = _fine(x, fit.x)
    ax.plot(fine, fit(values), color=INK, lw=1.4, zorder=2)
    main = "alpha" if weibull else "bias"
    place = fit.parameters[main]
    if np.isfinite(place) and fit.x.min() <= place <= fit.x.max():
        _mark(ax, fit, main, lambda value: float(np.interp(value, values, fine)))
    ax.axhline(fit.guess if weibull else 0.5, color=FAINT, lw=0.8, ls=":", zorder=1)
    high = int(np.max(evaluation.choice[evaluation.correct == 1], initial=0))
    what = "fraction correct" if weibull else f"fraction of choice {high}"
    low = min(fit.guess, float(fit.fraction.min())) - 0.04 if weibull else -0.04
    ax.set(xlabel=label.replace("signed ", "") if weibull else label, ylabel=what, ylim=(low, 1.02))
    words = [_words(fit, name) for name in fit.parameters if name in fit.interval]
    words.append(f"{fit.trials.sum():.0f} trials")
    place_of_words: Any = {"x": 0.97, "y": 0.06, "ha": "right", "va": "bottom"}
    if not weibull:
        place_of_words = {"x": 0.03, "y": 0.97, "ha": "left", "va": "top"}
    ax.text(s="\n".join(words), transform=ax.transAxes, fontsize="small", color=INK, **place_of_words)
    return ax


def draw_fits(ax: Axes, fits: Mapping[str, PsychometricFit], label: str) -> Axes:
    """Points and curves of several Weibull functions, each with its name and threshold in the legend."""
    x = _places(ax, {name: fit.x for name, fit in fits.items()})
    lowest = min(min(fit.guess, float(fit.fraction.min())) for fit in fits.values())
    for (name, fit), colour in zip(fits.items(), cycle(CHANNELS)):
        error = np.sqrt(np.maximum(fit.fraction * (1 - fit.fraction), 0.25 / fit.trials) / fit.trials)
        ax.errorbar(x[name], fit.fraction, error, fmt="o", color=colour, ms=4.5, lw=1.2, zorder=3)
        fine, values = _fine(x[name], fit.x)
        words = rf"{name}: $\alpha$ {fit.parameters['alpha']:.3g}"
        ax.plot(fine, fit(values), color=colour, lw=1.4, zorder=2, label=words)
    ax.axhline(max(fit.guess for fit in fits.values()), color=FAINT, lw=0.8, ls=":", zorder=1)
    ax.set(xlabel=label.replace("signed ", ""), ylabel="fraction correct", ylim=(lowest - 0.04, 1.02))
    ax.legend(frameon=False, fontsize="small")
    return ax


def _places(ax: Axes, values: Mapping[str, npt.NDArray[Any]]) -> Dict[str, npt.NDArray[np.float64]]:
    """Where the values of each are along one x axis, which all share."""
    levels = np.unique(np.concatenate(list(values.values())))
    places = spread(ax, levels)
    return {name: places[np.searchsorted(levels, own)] for name, own in values.items()}


def _fine(x: npt.NDArray[Any], values: npt.NDArray[Any]) -> Any:
    """Many places along the x axis, and the values that stand there."""
    if np.array_equal(x, values):
        fine = np.linspace(x.min(), x.max(), 400)
        return fine, fine
    left = x[0] if values[0] > 0 else x[1] - 0.6 * (x[1] - x[0])  # 0 stands for itself, off the logarithmic axis
    fine = np.linspace(left, x.max(), 400)
    return fine, 2.0**fine


def _mark(ax: Axes, fit: PsychometricFit, name: str, place: Any) -> None:
    """The threshold with its interval."""
    height = float(fit(fit.parameters[name]))
    low, high = (place(end) for end in np.clip(fit.interval[name], fit.x.min(), fit.x.max()))
    ax.plot([place(fit.parameters[name])] * 2, [-1, height], color=FAINT, lw=0.9, zorder=1)
    ax.plot([low, high], [height, height], color=INHIBITORY[0], lw=3.5, solid_capstyle="butt", zorder=2.5, alpha=0.75)


def _words(fit: PsychometricFit, name: str) -> str:
    low, high = fit.interval[name]
    return f"{_NAMES.get(name, name)} {fit.parameters[name]:.3g} [{low:.3g}, {high:.3g}]".replace("inf", r"$\infty$")


def chronometric(
    times: Union[ReactionTimes, Mapping[str, ReactionTimes]],
    condition: Optional[str] = None,
    where: Optional[Where] = None,
    task: Optional[Task] = None,
    ax: Optional[Axes] = None,
) -> Axes:
    """Chronometric curve: mean reaction time, with its standard error, against the absolute value of a condition.

    Args:
        times: the result of :func:`neuroai.reaction_times`; or several, by name, whose correct trials are shown on the
            same axes: ``{"Wang 2002": times, "trained": others}``.
        condition: default: the first condition with values of both signs, or else the first.
        where: of which trials: ``{"context": 1}``.
        task: for the unit on the x axis.
        ax: where to draw.
    """
    if not isinstance(times, ReactionTimes):
        return _chronometric_of_several(times, condition, where, task, ax)
    condition = condition or signed_condition(times.conditions)
    table = times.curve(condition, where)
    table = table[(table.n_correct > 0) | (table.n_error > 0)]
    if not len(table):
        raise InvalidError(f"times: none of the {len(times.time)} trials has a response that can be judged")
    ax = axes_of(ax, (3.8, 3.2))
    x = spread(ax, table.value)
    for kind, colour, face, line in (("correct", INK, INK, "-"), ("error", EXCITATORY[0], "white", "--")):
        n, mean, sd = (table[f"{what}_{kind}"] for what in ("n", "mean", "sd"))
        shown = n > 0
        error = np.where(n > 1, sd, 0)[shown] / np.sqrt(n[shown])
        label = {"correct": f"correct ({n.sum()} trials)", "error": f"errors ({n.sum()})"}[kind]
        style: Any = {"fmt": "o" + line, "color": colour, "mfc": face, "ms": 5, "lw": 1.3, "capsize": 0}
        ax.errorbar(x[shown], mean[shown], np.nan_to_num(error), label=label, **style)
    ax.set(xlabel=with_unit(condition, task).replace("signed ", ""), ylabel="reaction time (ms)")
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False, fontsize="small")
    return ax


def _chronometric_of_several(
    times: Mapping[str, ReactionTimes],
    condition: Optional[str],
    where: Optional[Where],
    task: Optional[Task],
    ax: Optional[Axes],
) -> Axes:
    if not times:
        raise InvalidError("times: there are none")
    tables = {}
    for name, one in times.items():
        condition = condition or signed_condition(one.conditions)
        table = one.curve(condition, where)
        tables[name] = table[table.n_correct > 0]
        if not len(tables[name]):
            raise InvalidError(f"times: none of the {len(one.time)} trials of {name} has a correct response")
    ax = axes_of(ax, (3.8, 3.2))
    x = _places(ax, {name: table.value for name, table in tables.items()})
    for (name, table), colour in zip(tables.items(), cycle(CHANNELS)):
        error = np.where(table.n_correct > 1, table.sd_correct, 0) / np.sqrt(table.n_correct)
        style: Any = {"fmt": "o-", "color": colour, "ms": 4.5, "lw": 1.3, "capsize": 0}
        ax.errorbar(x[name], table.mean_correct, np.nan_to_num(error), label=name, **style)
    ax.set(xlabel=with_unit(condition or "", task).replace("signed ", ""), ylabel="reaction time, correct (ms)")
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False, fontsize="small")
    return ax


def confusion(
    confusion: Union[Confusion, Evaluation],
    labels: Optional[Any] = None,
    where: Optional[Where] = None,
    ax: Optional[Axes] = None,
    progress: bool = True,
) -> Axes:
    """Confusion matrix: for each correct class (row) the fraction of each choice, and the number of trials.

    Args:
        confusion: the result of :meth:`neuroai.Evaluation.confusion`; or an evaluation.
        labels: a name for each class, by number: ``{1: "left", 2: "right"}``, or a list.
        where: of which trials, of an evaluation.
        ax: where to draw.
        progress: as in :meth:`neuroai.Evaluation.right`.
    """
    found = confusion.confusion(where=where, progress=progress) if isinstance(confusion, Evaluation) else confusion
    m = len(found.classes)
    ax = axes_of(ax, (1.9 + 0.5 * min(m, 8), 1.5 + 0.5 * min(m, 8)))
    ax.imshow(np.nan_to_num(found.fractions), cmap=SEQUENTIAL, vmin=0, vmax=1, interpolation="nearest")
    for (row, column), count in np.ndenumerate(found.counts):
        fraction = found.fractions[row, column]
        if m > 8 and not fraction >= 0.005:
            continue
        words = f"{fraction:.2f}" if m > 8 else f"{fraction:.3f}\n({count})"
        colour = "white" if fraction > 0.55 else INK
        ax.text(column, row, words, ha="center", va="center", color=colour, fontsize="x-small" if m > 4 else "small")
    names = [_name(labels, int(number)) for number in found.classes]
    ax.set_xticks(range(m), names)
    ax.set_yticks(range(m), names)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set(xlabel="choice", ylabel="correct class")
    return ax


def _name(labels: Optional[Any], number: int) -> str:
    if number < 0:
        return "none"
    if isinstance(labels, dict):
        return str(labels.get(number, number))
    return str(labels[number]) if labels is not None and number < len(labels) else str(number)
