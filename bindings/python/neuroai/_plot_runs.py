"""Pictures of training: one run, several runs beside each other, the networks of a sweep."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from ._draw import CHANNELS, INK, Panels, axes_of, channel_style, cycle, drawn, panels_of
from ._handle import brief, expect, listed
from ._kinds import of_their_kind
from ._labels import in_lines, key_beside, name_rows
from .errors import InvalidError, UnknownNameError
from .history import History
from .sweeps import Sweep, label_of

__all__ = ["history", "learning", "sweep"]

#: Places at which several histories are compared.
PLACES = 300
Values = npt.NDArray[np.float64]


@of_their_kind
def history(history: History, ax: Optional[Axes] = None) -> Panels:
    """Learning curve: performance on test trials above, each of the costs below.

    A history without evaluations has the costs only.
    """
    axes = _two_panels(ax, [history])
    if len(axes) == 2:
        axes[0].plot(history.performance_step, history.performance, ".-", color=INK, lw=1.2, ms=4)
    below = axes[-1]
    several = len(history.costs) > 1
    _smooth(below, history.step, history.loss, INK, "sum" if several else "cost")
    for (name, values), colour in zip(history.costs.items() if several else [], cycle(CHANNELS)):
        if np.any(values > 0):
            _smooth(below, history.step, values, colour, name.replace("_", " "))
    if several:
        key_beside(below)
    return axes


def _two_panels(ax: Optional[Axes], histories: Sequence[History]) -> Panels:
    """Performance above, where there is any, and the cost below."""
    rows = 2 if any(len(one.performance) for one in histories) else 1
    axes = panels_of(ax, rows, (5.2, 3.6), ratios=[1.0, 1.25][-rows:])
    if rows == 2:
        low = min(float(one.performance.min()) for one in histories if len(one.performance))
        axes[0].set(ylabel="fraction correct", ylim=(min(0.4, low) - 0.02, 1.02))
        axes[0].tick_params(labelbottom=False)
        axes[0].sharex(axes[1])
    axes[-1].set(xlabel="updates", ylabel="cost, weighted")
    if all(np.all(one.loss > 0) for one in histories):
        axes[-1].set_yscale("log")
    return axes


def _mean(y: Values, width: int) -> Tuple[slice, Values]:
    """The running mean of a noisy curve, and where it has values."""
    sums = np.cumsum(np.concatenate([[0.0], y]))
    mean = (sums[width:] - sums[:-width]) / width
    return slice(width // 2, width // 2 + len(mean)), mean


def _width(n: int) -> int:
    return max(1, n // 60)


def _smooth(ax: Axes, x: npt.NDArray[Any], y: Values, colour: str, label: str, **style: Any) -> None:
    """A noisy curve, faint, and its running mean."""
    width = _width(len(y))
    if width > 1:
        ax.plot(x, y, color=colour, lw=0.5, alpha=0.25)
    where, mean = _mean(y, width)
    ax.plot(x[where], mean, color=colour, lw=1.2 if width == 1 else 1.4, label=label, **style)


# --- several runs ----------------------------------------------------------------------------------------------------


@of_their_kind
def learning(
    histories: Mapping[str, Union[History, Sequence[History]]],
    ax: Optional[Axes] = None,
    palette: Optional[Sequence[str]] = None,
) -> Panels:
    """Learning curves of several runs: performance on test trials above, the cost below, one colour a name.

    Of several runs of one name the median is drawn, and the middle half of them is shaded. A run that has ended stays
    at its last value.

    Args:
        histories: by name: ``{"RFLO": one, "BPTT": other}``; or lists of them, as ``found.histories("rule")`` of a sweep.
        ax: where to draw.
        palette: a colour for each name.
    """
    groups = _groups(histories)
    axes = _two_panels(ax, [one for group in groups.values() for one in group])
    for k, (name, group) in enumerate(groups.items()):
        style = channel_style(k)
        colour, line = palette[k % len(palette)] if palette else style["color"], style["ls"]
        if len(axes) == 2:
            _draw_performance(axes[0], group, colour, line)
        _draw_cost(axes[-1], group, name, colour, line)
    key_beside(axes[-1])
    return axes


def _groups(histories: Any) -> Dict[str, List[History]]:
    expect("histories", histories, Mapping, 'histories by name, {"RFLO": one, "BPTT": other}')
    found = {str(name): [one] if isinstance(one, History) else list(one) for name, one in histories.items()}
    if not found or not all(found.values()):
        raise InvalidError("histories: expected at least one of each name")
    for group in found.values():
        for one in group:
            expect("histories", one, History, "neuroai.History, or lists of them")
            if not len(one):
                raise InvalidError("histories: one of them has no updates")
    return found


def _draw_performance(ax: Axes, group: Sequence[History], colour: str, line: str) -> None:
    shown = [one for one in group if len(one.performance)]
    if len(shown) == 1:
        ax.plot(shown[0].performance_step, shown[0].performance, color=colour, ls=line, marker=".", ms=4, lw=1.2)
    elif shown:
        steps = np.unique(np.concatenate([one.performance_step for one in shown]))
        curves = [np.interp(steps, one.performance_step, one.performance, left=np.nan) for one in shown]
        _band(ax, steps, np.array(curves), colour, line, None)


def _draw_cost(ax: Axes, group: Sequence[History], name: str, colour: str, line: str) -> None:
    if len(group) == 1:
        _smooth(ax, group[0].step, group[0].loss, colour, name, ls=line)
        return
    first, last = min(int(one.step[0]) for one in group), max(int(one.step[-1]) for one in group)
    steps = np.unique(np.linspace(first, last, PLACES).astype(int))
    curves = []
    for one in group:
        where, mean = _mean(one.loss, _width(len(one)))
        curves.append(np.interp(steps, one.step[where], mean))
    _band(ax, steps, np.array(curves), colour, line, f"{name} (n = {len(group)})")


def _quartiles(values: Values) -> Values:
    """Of each column, without what is not known: [3, columns]."""
    found = np.full((3, values.shape[1]), np.nan)
    for k, column in enumerate(values.T):
        known = column[np.isfinite(column)]
        if len(known):
            found[:, k] = np.percentile(known, [25, 50, 75])
    return found


def _band(ax: Axes, x: npt.NDArray[Any], curves: Values, colour: str, line: Any, label: Optional[str]) -> None:
    low, middle, high = _quartiles(curves)
    ax.fill_between(x, low, high, color=colour, alpha=0.18, lw=0)
    ax.plot(x, middle, color=colour, ls=line, lw=1.4, label=label)


# --- a sweep ---------------------------------------------------------------------------------------------------------


@of_their_kind
def sweep(
    found: Sweep,
    x: Optional[str] = None,
    y: str = "performance",
    ax: Optional[Axes] = None,
    palette: Optional[Sequence[str]] = None,
) -> Panels:
    """The networks of a sweep against a setting: each of them, the median over seeds, and the middle half of them.

    Settings other than ``x`` that differ are told apart by colour. A setting of words is drawn in rows. Networks that
    failed, or have no value, are counted above.

    Args:
        found: of :func:`neuroai.sweep`.
        x: the setting; default: the first one that differs.
        y: the column of its table: "performance", "cost", "updates", or what was measured.
        ax: where to draw.
        palette: a colour for each of the other settings.
    """
    expect("found", found, Sweep, "a neuroai.Sweep")
    records = _with_numbers(found, y)
    name = x if x is not None else (found.varied or list(found.settings[0]) or [""])[0]
    if x is not None and x not in found.settings[0]:
        raise UnknownNameError(f"x: there is no setting {brief(x)}, but {listed(found.settings[0]) or 'none'}")
    others = [other for other in found.varied if other != name]
    points: Dict[str, List[Tuple[Any, float]]] = {}
    for record in records:
        points.setdefault(label_of({other: record[other] for other in others}), []).append((record.get(name), record[y]))
    levels = list(dict.fromkeys(setting.get(name) for setting in found.settings))
    numbers = all(isinstance(level, (int, float)) and not isinstance(level, bool) for level in levels) and len(levels) > 1
    if numbers:
        ax = axes_of(ax, (4.6, 3.2))
        _draw_levels(ax, sorted(levels), points, palette)
        ax.set(xlabel=name.replace("_", " "), ylabel=_words(y))
    else:
        ax = axes_of(ax, (4.6, min(5.0, 1.0 + 0.3 * max(2, len(levels)) * max(1.0, 0.6 * len(points)))))
        _draw_rows(ax, levels, name, points, palette)
        ax.set_xlabel(_words(y))
    lost = len(found) - len(records)
    words = f"{len(records)} networks" + (f", {lost} without a value" if lost else "")
    ax.set_title(in_lines(words, ax), fontsize="medium", color=INK)
    if len(points) > 1:
        key_beside(ax)
    return drawn(ax)


def _words(column: str) -> str:
    return {"performance": "fraction correct", "cost": "cost, weighted"}.get(column, column.replace("_", " "))


def _with_numbers(found: Sweep, y: str) -> List[Dict[str, Any]]:
    records = found.records
    columns = list(records[0]) if records else []
    if records and y not in columns:
        raise UnknownNameError(f"y: there is no column {brief(y)}, but {listed(columns)}")

    def known(value: Any) -> bool:
        return isinstance(value, (int, float)) and bool(np.isfinite(value))

    records = [record for record in records if not record["error"] and known(record[y])]
    if not records:
        raise InvalidError(f"y: no network has a number in column {brief(y)}")
    return records


def _at(points: Sequence[Tuple[Any, float]], level: Any) -> Values:
    return np.array([value for place, value in points if place == level], np.float64)


def _colour(k: int, several: bool, palette: Optional[Sequence[str]]) -> str:
    own: str = channel_style(k)["color"] if several else INK
    return palette[k % len(palette)] if palette else own


def _draw_levels(
    ax: Axes, levels: Sequence[Any], points: Mapping[str, Sequence[Tuple[Any, float]]], palette: Optional[Sequence[str]]
) -> None:
    """Curves over numbers."""
    if min(levels) > 0 and max(levels) >= 20 * min(levels):
        ax.set_xscale("log")
    for k, (label, some) in enumerate(points.items()):
        style = {**channel_style(k), "color": _colour(k, len(points) > 1, palette)}
        ax.plot([place for place, _ in some], [value for _, value in some], ".", color=style["color"], ms=3, alpha=0.45, lw=0)
        there = [level for level in levels if len(_at(some, level))]
        low, middle, high = np.array([np.percentile(_at(some, level), [25, 50, 75]) for level in there]).T
        ax.fill_between(there, low, high, color=style["color"], alpha=0.18, lw=0)
        ax.plot(there, middle, ms=4, lw=1.4, label=label, **style)


def _draw_rows(
    ax: Axes,
    levels: Sequence[Any],
    name: str,
    points: Mapping[str, Sequence[Tuple[Any, float]]],
    palette: Optional[Sequence[str]],
) -> None:
    """A row a word, and in it a line of points for each of the other settings."""
    for k, (label, some) in enumerate(points.items()):
        style = {**channel_style(k), "color": _colour(k, len(points) > 1, palette), "ls": "none"}
        offset = 0.0 if len(points) == 1 else 0.5 * (k / (len(points) - 1) - 0.5)
        rows = [row for row, level in enumerate(levels) if len(_at(some, level))]
        for row in rows:
            values = _at(some, levels[row])
            low, middle, high = np.percentile(values, [25, 50, 75])
            ax.plot(values, np.full(len(values), row + offset), ".", color=style["color"], ms=3, alpha=0.45)
            ax.plot([low, high], [row + offset] * 2, color=style["color"], lw=2.5, alpha=0.35, solid_capstyle="butt")
            ax.plot(middle, row + offset, ms=5, label=label if row == rows[0] else None, **style)
    words = ["" if level is None and not name else label_of({name: level}) for level in levels]
    name_rows(ax, words, [INK] * len(levels))
    for text in ax.get_yticklabels():
        text.set_fontweight("normal")
    ax.set_ylim(len(levels) - 0.45, -0.55)
