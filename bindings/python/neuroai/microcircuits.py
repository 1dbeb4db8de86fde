"""Dendritic microcircuits (Sacramento, Costa, Bengio & Senn 2018): laid out in one call.

Each hidden layer has pyramidal cells, whose apical dendrites get top-down input from the layer above, and
interneurons, one for each pyramidal cell of that layer, which learn to take it off. What they cannot take off is an
error, by which bottom-up weights learn::

    net = na.microcircuit([30, 20, 10]).build(1).self_predict()

:func:`neuroai.analysis.microcircuit` measures how far a circuit is from the self-predicting state, and how near its
errors are to those of backpropagation.
"""

from __future__ import annotations

from typing import Dict, Mapping, Optional, Sequence, Union

import numpy as np
import numpy.typing as npt

from . import _c
from ._handle import Names, brief, flag, joined, listed, real, whole, wrong_type
from ._kinds import of_their_kind
from .errors import InvalidError, UnknownNameError
from .network import _TRANSFERS, Network, _choice

__all__ = ["PATHWAYS", "microcircuit"]

#: The pathways that can learn: bottom-up, from pyramidal cells to interneurons, top-down, from interneurons to apical
#: dendrites.
PATHWAYS = ("up", "inter", "down", "lateral")


@of_their_kind
def microcircuit(
    sizes: Sequence[int],
    *,
    dt: float = 0.1,
    transfer: str = "logistic",
    gain: float = 1.0,
    slope: float = 1.0,
    threshold: float = 0.0,
    g_leak: float = 0.1,
    g_basal: float = 1.0,
    g_dendrite: float = 1.0,
    g_apical: float = 0.8,
    g_soma: float = 0.8,
    noise: float = 0.1,
    width: Union[float, Mapping[str, float]] = 1.0,
    plastic: Names = "up inter lateral",
    plastic_bias: bool = False,
    delay: Optional[float] = None,
    dynamics: str = "full",
    prospective: bool = False,
    dale: bool = False,
) -> Network:
    """A dendritic microcircuit, to be built: ``na.microcircuit([30, 20, 10]).build(1)``.

    Inputs are "x", "target" (potentials of the output layer) and "teach" (1 where there is a teacher, 0 where there is
    none, for each output unit); populations are pyramidal cells "P1", "P2", ... and interneurons "I1", "I2", ..., where
    Ik has as many units as P(k+1); and pathways x -> P1:basal and Pk -> P(k+1):basal (up), Pk -> Ik:basal (inter),
    P(k+1) -> Pk:apical (down), Ik -> Pk:lateral (lateral). One to one and frozen are P(k+1):u -> Ik:target, and those
    from "target" and "teach" to the last layer.

    Args:
        sizes: channels of the input, units of each hidden layer, units of the output layer.
        dt: time step, ms.
        transfer: of all units, such as "logistic" or "softplus".
        gain, slope, threshold: their rate is gain f(slope (u - threshold)).
        g_leak, g_basal, g_apical: conductances of pyramidal cells, 1/ms; g_leak also of interneurons, and output units
            have no apical dendrite.
        g_dendrite: conductance of the dendrite of interneurons, 1/ms.
        g_soma: conductance of the teacher of output units, and of that of interneurons, 1/ms.
        noise: of all units.
        width: weights start uniform from -width to width; or for each pathway one, {"up": 0.1}, others 1.
        plastic: the pathways that learn: some of "up inter down lateral".
        plastic_bias: whether biases of basal dendrites learn, at a rate of their own, ``rates={"P1 P2": 1e-3}``; else
            they stay.
        delay: of what comes down, top-down and from interneurons to apical dendrites, ms; default a step, as of all that
            is part of a loop. Where it is given, bottom-up pathways have no delay.
        dynamics: "full", or "steady": units are at once at their steady state.
        prospective: whether rates are of the potential that is to come (latent equilibrium, Haider et al. 2021).
        dale: Dale's law: pyramidal cells excitatory, interneurons inhibitory. Weights start from 0 to width with the
            sign of their sender, and a fixed bias takes off what pyramidal cells send on average at a potential of 0.
    """
    widths = _widths(width)
    learns = _pathways("plastic", plastic)
    options = _c.nai_microcircuit(
        transfer=_choice("transfer", transfer, _TRANSFERS),
        **{f"width_{pathway}": widths[pathway] for pathway in PATHWAYS},
        **{f"plastic_{pathway}": int(pathway in learns) for pathway in PATHWAYS},
        plastic_bias=flag("plastic_bias", plastic_bias),
        prospective=flag("prospective", prospective),
        dale=flag("dale", dale),
    )
    if not isinstance(dynamics, str):
        raise wrong_type("dynamics", '"full" or "steady"', dynamics)
    options.dynamics = dynamics.encode()
    options.delay = -1.0 if delay is None else _at_least_0("delay", delay)
    numbers = {"gain": gain, "slope": slope, "threshold": threshold, "g_leak": g_leak, "g_basal": g_basal}
    numbers.update(g_dendrite=g_dendrite, g_apical=g_apical, g_soma=g_soma, noise=noise)
    for name, value in numbers.items():
        setattr(options, name, real(name, value))
    net = Network(dt=real("dt", dt))
    layers = _layers(sizes)
    net._compose(_c.nai_network_add_microcircuit, layers, len(layers), options)
    net._has_models = True
    return net


def _at_least_0(name: str, value: float) -> float:
    number = real(name, value)
    if number < 0:
        raise InvalidError(f"{name} is {number:g}, must be at least 0, or None for a step")
    return number


def _layers(sizes: Sequence[int]) -> npt.NDArray[np.int64]:
    if isinstance(sizes, (str, bytes)) or not hasattr(sizes, "__len__"):
        raise wrong_type("sizes", "a list of whole numbers, such as [30, 20, 10]", sizes)
    return np.array([whole(f"sizes[{k}]", n) for k, n in enumerate(sizes)], np.int64)


def _widths(width: Union[float, Mapping[str, float]]) -> Dict[str, float]:
    if not isinstance(width, Mapping):
        return dict.fromkeys(PATHWAYS, real("width", width))
    _pathways("width", list(width))
    return {pathway: real(f"width of {brief(pathway)}", width.get(pathway, 1.0)) for pathway in PATHWAYS}


def _pathways(what: str, names: Names) -> Sequence[str]:
    chosen = joined(names, what).split()
    for name in chosen:
        if name not in PATHWAYS:
            raise UnknownNameError(f"{what}: there is no pathway {brief(name)}; there are {listed(PATHWAYS)}")
    return chosen
