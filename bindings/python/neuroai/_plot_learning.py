"""Pictures of learning rules: how well their updates align with the exact gradient."""

from __future__ import annotations

from typing import Any, Dict, Iterator, Mapping, NamedTuple, Optional, Sequence, Union

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from ._draw import CHANNELS, FAINT, FREE, INK, Panels, axes_of, colours, cycle, drawn
from ._handle import expect_each, listed
from ._kinds import of_their_kind
from ._labels import label_ends
from .alignments import Alignment, AlignmentHistory
from .errors import InvalidError, brief
from .network import Network
from .trainer import Key

__all__ = ["alignment"]

#: Lines from one sender, by receiver.
STYLES = ["-", (0, (5, 1.2)), (0, (2, 1)), (0, (6, 1.2, 1, 1.2))]


class _Line(NamedTuple):
    label: str
    values: npt.NDArray[np.float64]
    colour: str
    style: Any
    width: float


@of_their_kind
def alignment(
    track: Union[AlignmentHistory, Mapping[str, AlignmentHistory]],
    keys: Union[Key, Sequence[Key], None] = None,
    angle: bool = False,
    ax: Optional[Axes] = None,
    palette: Optional[Sequence[str]] = None,
    labels: bool = True,
) -> Panels:
    """Alignment of the updates of a rule, or of several rules, with the exact gradient over the course of training.

    A single history is drawn with a line for each projection, in the colour of its presynaptic population, and a thick
    line for all plastic parameters together. Several histories have one line each.

    Args:
        track: a history; or several, by name: ``{"RFLO": one, "BPTT": other}``.
        keys: for one history, the projections ("from", "to") and biases "E" to draw; default: every plastic projection.
            For several histories, the one to compare; default: all plastic parameters together.
        angle: whether to draw the angle, in degrees, instead of its cosine.
        ax: where to draw.
        palette: a colour for each of several histories.
        labels: whether to write labels at the ends of the lines.
    """
    if not isinstance(track, AlignmentHistory):
        expect_each("track", track, AlignmentHistory)
    ax = axes_of(ax, (4.6, 3.2))
    if isinstance(track, AlignmentHistory):
        lines = list(_parts(track, keys, angle))
        steps = [track.step] * len(lines)
    else:
        lines = list(_rules(track, keys, angle, palette or CHANNELS))
        steps = [one.step for one in track.values()]
    ax.axhline(90 if angle else 0, color=FAINT, lw=0.8, ls=":", zorder=1)
    for line, step in zip(lines, steps):
        _draw(ax, step, line)
    _frame(ax, np.concatenate([line.values for line in lines]), angle)
    if labels:
        label_ends(ax)
    return drawn(ax)


def _draw(ax: Axes, step: npt.NDArray[np.int64], line: _Line) -> None:
    """A few measurements as they are; many as their running mean, over a twelfth of them, and faintly themselves."""
    style: Any = {"color": line.colour, "ls": line.style, "label": line.label, "zorder": 2}
    width = len(step) // 12
    if width < 2:
        ax.plot(step, line.values, lw=line.width, marker="o" if len(step) == 1 else None, ms=4, **style)
        return
    ax.plot(step, line.values, color=line.colour, lw=0.5, alpha=0.3, zorder=1.5)
    before, after = width // 2, width - width // 2
    means = [_mean(line.values[max(0, i - before) : i + after]) for i in range(len(step))]
    ax.plot(step, means, lw=line.width, **style)


def _mean(values: npt.NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _frame(ax: Axes, values: npt.NDArray[np.float64], angle: bool) -> None:
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    if angle:
        ax.set(ylabel="angle to the gradient (degrees)", ylim=(max(105.0, min(180.0, high + 5)), -4))
        ax.set_yticks(np.arange(0, ax.get_ylim()[0], 30))
    else:
        ax.set(ylabel="cosine with the gradient", ylim=(min(-0.06, low - 0.05), 1.04))
    ax.set(xlabel="updates")
    ax.margins(x=0)


def _value(found: Alignment, angle: bool) -> npt.NDArray[np.float64]:
    return np.asarray(found.angle if angle else found.cosine, np.float64)


# --- one rule --------------------------------------------------------------------------------------------------------


def _parts(track: AlignmentHistory, keys: Any, angle: bool) -> Iterator[_Line]:
    if keys is None:
        chosen = [key for key in track if isinstance(key, tuple) and np.isfinite(track[key].cosine).any()]
    else:
        chosen = [keys] if isinstance(keys, str) or _is_key(keys) else list(keys)
    palette = _senders(track.net)
    seen: Dict[str, int] = {}
    for key in chosen:
        _known(track, key)
        sender = key if isinstance(key, str) else key[0].partition(":")[0]
        number = seen[sender] = seen.get(sender, -1) + 1
        label = f"bias of {key}" if isinstance(key, str) else f"{key[0]} \N{RIGHTWARDS ARROW} {key[1]}"
        style = (0, (1, 1)) if isinstance(key, str) else STYLES[number % len(STYLES)]
        yield _Line(label, _value(track[key], angle), palette[sender], style, 1.4)
    if keys is None:
        yield _Line("all", _value(track.total, angle), INK, "-", 2.2)


def _is_key(keys: Any) -> bool:
    return isinstance(keys, tuple) and len(keys) == 2 and all(isinstance(name, str) for name in keys)


def _known(track: AlignmentHistory, key: Key) -> None:
    if key not in track:
        raise InvalidError(f"keys: there is no {brief(key)}, must be one of {listed(map(repr, track))}")


def _senders(net: Network) -> Dict[str, str]:
    """Populations in their colours, inputs in green, orange and purple, outputs (their biases) in grey."""
    inputs = dict(zip(net.inputs, cycle(CHANNELS[:3])))
    return {**inputs, **dict.fromkeys(net.outputs, FREE[0]), **colours(net)}


# --- several rules ---------------------------------------------------------------------------------------------------


def _rules(
    tracks: Mapping[str, AlignmentHistory], key: Any, angle: bool, palette: Sequence[str]
) -> Iterator[_Line]:
    if not tracks:
        raise InvalidError("track: expected at least one history")
    if key is not None and not isinstance(key, str) and not _is_key(key):
        raise InvalidError(f"keys: of several histories one key is compared, got {brief(key)}")
    for (name, track), colour in zip(tracks.items(), cycle(palette)):
        if key is not None:
            _known(track, key)
        yield _Line(name, _value(track.total if key is None else track[key], angle), colour, "-", 1.6)
