"""Pictures of behaviour: fitted psychometric and chronometric curves, confusion."""

from __future__ import annotations

from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple, Union

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from ._draw import (
    EXCITATORY,
    FAINT,
    INHIBITORY,
    INK,
    SEQUENTIAL,
    Panels,
    axes_of,
    channel_style,
    drawn,
    spread,
    with_unit,
)
from ._handle import expect_each, wrong_type
from ._kinds import of_their_kind
from ._labels import key_beside, name_sides
from ._room import length_of
from .analysis import ReactionTimes
from .errors import InvalidError, brief
from .evaluation import Confusion, Evaluation, Where, condition_of, decimals, signed_condition
from .fits import PsychometricFit, logistic_curve
from .task import Task

__all__ = ["chronometric", "choices_over", "confusion", "draw_choices", "draw_fit", "draw_fits", "draw_several"]

_NAMES = {"alpha": r"$\alpha$", "beta": r"$\beta$"}


# --- psychometric curves ---------------------------------------------------------------------------------------------


#: Through fewer points than this a curve of two parameters always goes, wherever it turns.
LEAST_TO_FIT = 3


def draw_choices(
    ax: Optional[Axes],
    evaluation: Evaluation,
    condition: Optional[str],
    task: Any,
    shape: Optional[str],
    options: Mapping[str, Any],
) -> Axes:
    """The psychometric curve of one evaluation; with its parameters if a shape or options of the fit are given."""
    condition = condition or signed_condition(evaluation.conditions)
    evaluation._look_for_choices("net")
    label = with_unit(condition, task, evaluation.conditions)
    if shape is not None or options:
        found = evaluation.fit(condition, shape or "logistic", **options)
        ax = axes_of(ax, (3.8, 3.2))
        draw_fit(ax, found, label, evaluation)
        return ax
    points = choices_over(evaluation, condition)
    ax = axes_of(ax, (3.8, 3.2))
    fits = points.two and len(points.x) >= LEAST_TO_FIT
    if fits:
        fit = logistic_curve(points.x, np.round(points.fraction * points.trials), points.trials)
        fine = np.linspace(points.x.min(), points.x.max(), 400)
        ax.plot(fine, fit(fine), color=INK, lw=1.4, zorder=2)
    _draw_points(ax, points.x, points.fraction, points.trials, "" if fits else "-")
    ax.axhline(0.5, color=FAINT, lw=0.8, ls=":", zorder=1)
    ax.axvline(0, color=FAINT, lw=0.8, ls=":", zorder=1)
    ax.set(xlabel=label, ylabel=points.label, ylim=(-0.04, 1.04))
    words = f"{evaluation.performance:.3f} correct\n{len(evaluation.correct)} trials"
    _write(ax, words, falling=_falls(points.x, points.fraction))
    return ax


class Choices(NamedTuple):
    """Choices over the values of a condition."""

    x: npt.NDArray[np.float64]
    fraction: npt.NDArray[np.float64]  # of the higher of two; of more the mean, from 0 to 1
    trials: npt.NDArray[np.float64]
    two: bool
    label: str


def choices_over(evaluation: Evaluation, condition: str) -> Choices:
    """Of two choices that are ever right the fraction of the higher one, others left out, as fits take it."""
    right = np.unique(evaluation.choice[evaluation.correct == 1])
    if len(right) != 2:
        points = evaluation.curve(condition)
        points = points[np.isfinite(points.choice)]
        what = "mean choice, lowest 0, highest 1"
        return Choices(points.value, points.choice, points.trials.astype(np.float64), False, what)
    values = decimals(condition_of(evaluation.conditions, condition))
    used = np.isin(evaluation.choice, right) & np.isfinite(values)
    x, which = np.unique(values[used], return_inverse=True)
    trials = np.bincount(which.ravel(), minlength=len(x)).astype(np.float64)
    high = np.bincount(which.ravel(), evaluation.choice[used] == right[1], len(x))
    return Choices(x, high / trials, trials, True, f"fraction of choice {right[1]}")


def _error(fraction: npt.NDArray[Any], trials: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Binomial standard errors; of fractions of 0 and 1 that of the next trial."""
    return np.asarray(np.sqrt(np.maximum(fraction * (1 - fraction), 0.25 / trials) / trials), np.float64)


def _draw_points(
    ax: Axes, x: npt.NDArray[Any], fraction: npt.NDArray[Any], trials: npt.NDArray[Any], line: str
) -> None:
    many = len(x) > 20  # every trial has a value of its own
    error = None if many else _error(fraction, trials)
    style: Any = {"fmt": "o" + line, "color": EXCITATORY[0], "ms": 2 if many else 5, "lw": 1.2, "zorder": 3}
    ax.errorbar(x, fraction, error, **style)


def _falls(x: npt.NDArray[Any], fraction: npt.NDArray[Any]) -> bool:
    return len(x) > 1 and bool(np.polyfit(np.arange(len(x)), fraction, 1)[0] < 0)


def _write(ax: Axes, words: str, falling: bool) -> None:
    """In the corner that the curve leaves free."""
    x, align = (0.03, "left") if falling else (0.97, "right")
    style: Any = {"ha": align, "va": "bottom", "fontsize": "small", "color": INK}
    ax.text(x, 0.06, words, transform=ax.transAxes, **style)


def draw_fit(ax: Axes, fit: PsychometricFit, label: str, evaluation: Evaluation) -> Axes:
    """The points and the curve of a fit, with its parameters."""
    weibull = fit.shape == "weibull"
    x = spread(ax, fit.x) if weibull else fit.x
    _draw_points(ax, x, fit.fraction, fit.trials, "")
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
    ax.set(xlabel=label.replace("signed ", "") if weibull else label, ylabel=what, ylim=(low, 1.04))
    words = [_words(fit, name) for name in fit.parameters if name in fit.interval]
    words.append(f"{fit.trials.sum():.0f} trials")
    _write(ax, "\n".join(words), falling=_falls(fit.x, fit.fraction))
    return ax


def draw_several(
    ax: Optional[Axes],
    evaluations: Mapping[str, Evaluation],
    condition: Optional[str],
    task: Any,
    shape: Optional[str],
    options: Mapping[str, Any],
) -> Axes:
    """Weibull functions of several evaluations."""
    if not evaluations:
        raise InvalidError("net: there is no evaluation")
    for name, one in evaluations.items():
        if not hasattr(one, "fit"):
            raise wrong_type(f"net[{name!r}]", "a neuroai.Evaluation", one)
    if shape not in (None, "weibull"):
        raise InvalidError(f"shape is {brief(shape)}: of several evaluations it is 'weibull'")
    known = next(iter(evaluations.values())).conditions
    condition = condition or signed_condition(known)
    fits = {name: evaluation.fit(condition, "weibull", **options) for name, evaluation in evaluations.items()}
    return draw_fits(axes_of(ax, (5.4, 3.2)), fits, with_unit(condition, task, known))


def draw_fits(ax: Axes, fits: Mapping[str, PsychometricFit], label: str) -> Axes:
    """Points and curves of several Weibull functions, each with its name and threshold in the legend."""
    x = _places(ax, {name: fit.x for name, fit in fits.items()})
    lowest = min(min(fit.guess, float(fit.fraction.min())) for fit in fits.values())
    for k, (name, fit) in enumerate(fits.items()):
        style = channel_style(k)
        colour = style["color"]
        error = _error(fit.fraction, fit.trials)
        ax.errorbar(x[name], fit.fraction, error, **{**style, "ls": "none"}, ms=4.5, lw=1.2, zorder=3)
        fine, values = _fine(x[name], fit.x)
        words = rf"{name}: $\alpha$ {fit.parameters['alpha']:.3g}"
        ax.plot(fine, fit(values), color=colour, ls=style["ls"], lw=1.4, zorder=2, label=words)
    ax.axhline(max(fit.guess for fit in fits.values()), color=FAINT, lw=0.8, ls=":", zorder=1)
    ax.set(xlabel=label.replace("signed ", ""), ylabel="fraction correct", ylim=(lowest - 0.04, 1.04))
    key_beside(ax)
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


@of_their_kind
def chronometric(
    times: Union[ReactionTimes, Mapping[str, ReactionTimes]],
    condition: Optional[str] = None,
    where: Optional[Where] = None,
    task: Optional[Task] = None,
    ax: Optional[Axes] = None,
) -> Panels:
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
        return drawn(_chronometric_of_several(times, condition, where, task, ax))
    condition = condition or signed_condition(times.conditions)
    table = times.curve(condition, where)
    table = table[(table.n_correct > 0) | (table.n_error > 0)]
    if not len(table):
        raise InvalidError(f"times: none of the {len(times.time)} trials has a response that can be judged")
    ax = axes_of(ax, (5.4, 3.2))
    x = spread(ax, table.value)
    for kind, colour, face, line in (("correct", INK, INK, "-"), ("error", EXCITATORY[0], "white", "--")):
        n, mean, sd = (table[f"{what}_{kind}"] for what in ("n", "mean", "sd"))
        shown = (n > 0) & np.isfinite(mean)
        if not shown.any():  # no entry of the legend without a point
            continue
        error = np.where(n > 1, sd, 0)[shown] / np.sqrt(n[shown])
        label = {"correct": f"correct ({n.sum()} trials)", "error": f"errors ({n.sum()})"}[kind]
        style: Any = {"fmt": "o" + line, "color": colour, "mfc": face, "ms": 5, "lw": 1.3, "capsize": 0}
        ax.errorbar(x[shown], mean[shown], np.nan_to_num(error), label=label, **style)
    label = with_unit(condition, task, times.conditions).replace("signed ", "")
    ax.set(xlabel=label, ylabel="reaction time (ms)")
    ax.set_ylim(bottom=0)
    key_beside(ax)
    return drawn(ax)


def _chronometric_of_several(
    times: Mapping[str, ReactionTimes],
    condition: Optional[str],
    where: Optional[Where],
    task: Optional[Task],
    ax: Optional[Axes],
) -> Axes:
    if not times:
        raise InvalidError("times: there are none")
    expect_each("times", times, ReactionTimes)
    tables = {}
    for name, one in times.items():
        condition = condition or signed_condition(one.conditions)
        table = one.curve(condition, where)
        tables[name] = table[table.n_correct > 0]
        if not len(tables[name]):
            raise InvalidError(f"times: none of the {len(one.time)} trials of {name} has a correct response")
    ax = axes_of(ax, (5.4, 3.2))
    x = _places(ax, {name: table.value for name, table in tables.items()})
    for k, (name, table) in enumerate(tables.items()):
        error = np.where(table.n_correct > 1, table.sd_correct, 0) / np.sqrt(table.n_correct)
        style: Any = {**channel_style(k), "ms": 4.5, "lw": 1.3, "capsize": 0}
        ax.errorbar(x[name], table.mean_correct, np.nan_to_num(error), label=name, **style)
    known = next(iter(times.values())).conditions
    label = with_unit(condition or "", task, known).replace("signed ", "")
    ax.set(xlabel=label, ylabel="reaction time, correct (ms)")
    ax.set_ylim(bottom=0)
    key_beside(ax)
    return ax


@of_their_kind
def confusion(
    confusion: Union[Confusion, Evaluation],
    labels: Optional[Any] = None,
    where: Optional[Where] = None,
    ax: Optional[Axes] = None,
    progress: bool = True,
) -> Panels:
    """Confusion matrix: for each correct class (row) the fraction of each choice, and the number of trials.

    Args:
        confusion: the result of :meth:`neuroai.Evaluation.confusion`; or an evaluation.
        labels: a name for each class, by number: ``{1: "left", 2: "right"}``, or a list.
        where: of which trials, of an evaluation.
        ax: where to draw.
        progress: as in :meth:`neuroai.Evaluation.right`.
    """
    found = confusion.confusion(where=where, progress=progress) if isinstance(confusion, Evaluation) else confusion
    if isinstance(confusion, Evaluation):
        confusion._look_for_choices("confusion")
    m = len(found.classes)
    names = [_name(labels, int(number)) for number in found.classes]
    ax = axes_of(ax, (2.0 + 0.5 * min(m, 10), 1.6 + 0.5 * min(m, 10)))
    ax.imshow(np.nan_to_num(found.fractions), cmap=SEQUENTIAL, vmin=0, vmax=1, interpolation="nearest")
    cell = length_of(ax, "y") / m
    for (row, column), count in np.ndenumerate(found.counts):
        fraction = found.fractions[row, column]
        words, size = _in_cell(float(fraction), int(count), cell if m <= 8 else min(cell, 24.9))
        if words:
            colour = "white" if fraction > 0.55 else INK
            ax.text(column, row, words, ha="center", va="center", color=colour, fontsize=size)
    name_sides(ax, names, names)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set(xlabel="choice", ylabel="correct class")
    return drawn(ax)


def _in_cell(fraction: float, count: int, cell: float) -> Tuple[str, float]:
    """Fraction and number of trials, and their font: as much as a cell of so many points holds."""
    if cell >= 25:
        return f"{fraction:.3f}\n({count})", min(8.3, 0.2 * cell)
    if cell < 10 or not fraction >= 0.005:
        return "", 0
    return f"{fraction:.2f}".replace("0.", ".", 1), min(7.0, 0.38 * cell)


def _name(labels: Optional[Any], number: int) -> str:
    if number < 0:
        return "none"
    if isinstance(labels, dict):
        return str(labels.get(number, number))
    return str(labels[number]) if labels is not None and number < len(labels) else str(number)
