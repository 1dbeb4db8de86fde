"""Pictures of dendritic microcircuits: compartments and pathways, and measures over the course of training."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyArrowPatch, Polygon
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from ._draw import BY_SIGN, CHANNELS, FAINT, INK, Panels, axes_of, cycle, drawn, panels_of
from ._handle import expect
from ._kinds import of_their_kind
from ._labels import label_ends
from .microcircuit_measures import Circuit as _Layers
from .microcircuit_measures import MicrocircuitHistory
from .network import Network

__all__ = ["microcircuit", "microcircuit_history"]

Point = Tuple[float, float]

#: Distance between two layers; soma of an interneuron from that of its pyramidal cell; ends of dendrites.
_APART, _INTER, _APICAL, _BASAL = 3.8, (1.95, 0.85), 2.15, -1.25

_PATHWAYS = {
    "up": (CHANNELS[0], "bottom-up"),
    "inter": (CHANNELS[1], "to interneurons"),
    "down": (CHANNELS[2], "top-down"),
    "lateral": (CHANNELS[3], "lateral"),
}


@of_their_kind
def microcircuit(net: Network, ax: Optional[Axes] = None) -> Panels:
    """A dendritic microcircuit: pyramidal cells with basal and apical dendrites, interneurons, pathways.

    One cell stands for each population. Pathways that learn are solid, frozen ones dashed; grey are those that are one
    to one. What comes from interneurons, or from inhibitory cells, ends with a bar.

    Args:
        net: a built microcircuit: of :func:`neuroai.microcircuit`, or a chain of layers like it.
        ax: where to draw.
    """
    circuit = _Layers(net)
    n = len(circuit.layers)
    ax = axes_of(ax, (2.4 + 2.0 * n, 3.6))
    ax.set(xlim=(_APART - 3.0, _APART * n + 3.0), ylim=(-1.95, 2.75), aspect="equal")
    font = _scale_of(ax, n)
    for k, name in enumerate(circuit.layers, 1):
        _draw_pyramidal(ax, _APART * k, net, name, font, apical=k < n)
        if k < n:
            _draw_interneuron(ax, _APART * k, net, circuit.inter[k - 1], font)
    _draw_ends(ax, circuit, font)
    for k in range(1, n + 1):
        _connect_layer(ax, circuit, k)
    _draw_legend(ax)
    ax.set_axis_off()
    return drawn(ax)


def _scale_of(ax: Axes, layers: int) -> float:
    """Of letters: they fit where a unit of length has 44 points, and are the smaller the less there is."""
    box, figure = ax.get_window_extent(), ax.figure
    unit = min(box.width / (_APART * (layers - 1) + 6), box.height / 4.7) * 72 / float(figure.dpi)
    return float(np.clip(unit / 44, 0.35, 1))


# --- cells -----------------------------------------------------------------------------------------------------------


def _colour(net: Network, name: str) -> str:
    return BY_SIGN[net.sign(name)]


def _dendrite(ax: Axes, start: Point, end: Point, colour: str) -> None:
    """A trunk with a tuft of three."""
    (x, y), (to_x, to_y) = start, end
    ax.plot([x, to_x], [y, to_y], color=colour, lw=2.4, solid_capstyle="round", zorder=3)
    along = np.array([to_x - x, to_y - y])
    along /= np.linalg.norm(along)
    across = np.array([-along[1], along[0]])
    for side in (-1, 0, 1):
        tip = np.array(end) + 0.32 * along + 0.3 * side * across - 0.06 * abs(side) * along
        ax.plot([to_x, tip[0]], [to_y, tip[1]], color=colour, lw=1.6, solid_capstyle="round", zorder=3)


def _draw_pyramidal(ax: Axes, x: float, net: Network, name: str, font: float, apical: bool) -> None:
    colour = _colour(net, name)
    ax.add_patch(Polygon([(x - 0.42, -0.35), (x + 0.42, -0.35), (x, 0.5)], fc="white", ec=colour, lw=2.2, zorder=4))
    _dendrite(ax, (x, -0.38), (x, _BASAL + 0.3), colour)
    if apical:
        _dendrite(ax, (x, 0.52), (x, _APICAL - 0.3), colour)
    label = f"{name}\n{net.size(name)}"
    ax.text(x + 0.3, 0.5, label, ha="left", va="center", fontsize=8.5 * font, color=colour, fontweight="bold")


def _draw_interneuron(ax: Axes, x: float, net: Network, name: str, font: float) -> None:
    colour = _colour(net, name)
    at = x + _INTER[0], _INTER[1]
    ax.add_patch(Circle(at, 0.32, fc="white", ec=colour, lw=2.2, zorder=4))
    _dendrite(ax, (at[0], at[1] - 0.33), (at[0], at[1] - 0.62), colour)
    label = f"{name}\n{net.size(name)}"
    ax.text(at[0], at[1], label, ha="center", va="center", fontsize=6.5 * font, color=colour, fontweight="bold", zorder=5)


def _draw_ends(ax: Axes, circuit: _Layers, font: float) -> None:
    """The input on the left, the teacher on the right, and what compartments are called."""
    net, n = circuit.net, len(circuit.layers)
    source, target = circuit.ends["up", 1][0], circuit.ends["target", n][0]
    teach = circuit.ends["nudge", n][0]
    words = [(source, f"\n{net.inputs[source]}", _APART - 2.35, _BASAL - 0.05), (f"{target},\n{teach}", "", _APART * n + 2.1, -0.1)]
    for name, size, x, y in words:
        box: Any = {"boxstyle": "round,pad=0.35", "fc": "white", "ec": INK, "lw": 0.9}
        ax.text(x, y, name + size, ha="center", va="center", fontsize=8 * font, color=INK, bbox=box, zorder=4)
    quiet: Any = {"fontsize": 7 * font, "color": INK, "style": "italic", "va": "center"}
    if n > 1:
        ax.text(_APART - 0.45, _APICAL - 0.3, "apical", ha="right", **quiet)
    ax.text(_APART + 0.42, _BASAL + 0.25, "basal", ha="left", **quiet)


# --- pathways --------------------------------------------------------------------------------------------------------


def _arrow(ax: Axes, start: Point, end: Point, colour: str, bend: float, learns: bool, bar: bool, width: float = 1.6) -> None:
    style = "|-|,widthA=0,widthB=0.32" if bar else "-|>,head_length=0.45,head_width=0.24"
    ax.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle=style,
            connectionstyle=f"arc3,rad={bend}",
            mutation_scale=11,
            color=colour,
            lw=width,
            ls="-" if learns else (0, (3.2, 2.2)),
            shrinkA=0,
            shrinkB=2,
            zorder=2,
            capstyle="butt",
        )
    )


def _connect(ax: Axes, circuit: _Layers, pathway: str, k: int, start: Point, end: Point, bend: float) -> None:
    source, target = circuit.ends[pathway, k]
    sign = circuit.net.sign(source.partition(":")[0])
    learns = bool(np.any(circuit.net.synapses(source, target).plastic))
    bar = sign < 0 or (sign == 0 and pathway == "lateral")
    _arrow(ax, start, end, _PATHWAYS[pathway][0], bend, learns, bar)


def _connect_layer(ax: Axes, circuit: _Layers, k: int) -> None:
    x, n = _APART * k, len(circuit.layers)
    if k == 1:
        _connect(ax, circuit, "up", 1, (x - 2.0, _BASAL - 0.05), (x - 0.3, _BASAL - 0.05), 0.0)
    if k == n:
        _arrow(ax, (x + 1.5, -0.1), (x + 0.34, -0.1), FAINT, 0.0, True, False, 1.3)
        return
    inter, above = (x + _INTER[0], _INTER[1]), x + _APART
    _connect(ax, circuit, "up", k + 1, (x + 0.4, -0.3), (above - 0.32, _BASAL - 0.05), 0.12)
    _connect(ax, circuit, "inter", k, (x + 0.36, -0.12), (inter[0] - 0.32, inter[1] - 0.95), 0.08)
    _connect(ax, circuit, "lateral", k, (inter[0] - 0.3, inter[1] + 0.2), (x + 0.2, _APICAL - 0.5), 0.12)
    _connect(ax, circuit, "down", k, (above - 0.06, 0.5), (x + 0.38, _APICAL + 0.0), 0.36)
    _arrow(ax, (above - 0.26, 0.08), (inter[0] + 0.34, inter[1] - 0.12), FAINT, 0.0, True, False, 1.3)


def _draw_legend(ax: Axes) -> None:
    lines = [Line2D([], [], color=colour, lw=1.8, label=label) for colour, label in _PATHWAYS.values()]
    lines.append(Line2D([], [], color=INK, lw=1.4, label="learns"))
    lines.append(Line2D([], [], color=INK, lw=1.4, ls=(0, (3.2, 2.2)), label="frozen"))
    lines.append(Line2D([], [], color=FAINT, lw=1.3, label="one to one"))
    place: Any = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.02)}
    ax.legend(handles=lines, frameon=False, fontsize=7.5, ncols=4, handlelength=1.9, columnspacing=1.2, **place)


# --- measures --------------------------------------------------------------------------------------------------------


@of_their_kind
def microcircuit_history(track: MicrocircuitHistory, ax: Optional[Axes] = None) -> Panels:
    """Measures of a microcircuit over the course of training: apical potentials and the mismatch of interneurons by
    hidden layer; with a target also the error of the output, and the angle of each layer to backpropagation.

    Args:
        track: of the training.
        ax: where to draw.
    """
    expect("track", track, MicrocircuitHistory, "a na.MicrocircuitHistory")
    hidden, last = list(track.layers[:-1]), track.layers[-1]
    rows: List[Tuple[str, Dict[str, npt.NDArray[Any]]]] = []
    if hidden:
        rows += [("apical potential", dict(zip(hidden, track.apical.T)))]
        rows += [("mismatch", dict(zip(hidden, track.mismatch.T)))]
    if np.isfinite(track.error).any():
        rows += [("output error", {last: track.error}), ("angle (deg.)", dict(zip(track.layers, track.angle.T)))]
    palette = dict(zip(track.layers, cycle(CHANNELS[:7])))
    axes = panels_of(ax, len(rows), (4.6, 0.6 + 1.4 * len(rows)))
    for panel, (what, lines) in zip(axes, rows):
        for name, values in lines.items():
            panel.plot(track.step, values, color=palette[name], lw=1.5, label=name, marker="o" if len(values) == 1 else None)
        _scale(panel, what, np.concatenate([np.zeros(0), *lines.values()]))
        label_ends(panel, gap=0.16)
    for panel in axes[:-1]:
        panel.tick_params(labelbottom=False)
        panel.sharex(axes[-1])
    axes[-1].set(xlabel="updates")
    axes[-1].margins(x=0)
    return axes


def _scale(panel: Axes, what: str, values: npt.NDArray[Any]) -> None:
    panel.set_ylabel(what, fontsize="small")
    if what.startswith("angle"):
        panel.axhline(90, color=FAINT, lw=0.8, ls=":", zorder=1)
        panel.set(ylim=(0, max(95.0, float(np.nanmax(values, initial=0.0)) + 5)), yticks=[0, 45, 90])
        return
    above = values[values > 0]
    if not len(above) or above.max() < 30 * above.min():
        panel.set_ylim(bottom=0)
        return
    panel.set_yscale("log")
    panel.yaxis.set_major_locator(LogLocator(numticks=4))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.yaxis.set_minor_formatter(NullFormatter())
