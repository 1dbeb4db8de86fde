"""Initial weights, for :meth:`neuroai.Network.connect`. What is drawn gets the sign that Dale's law asks for."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar, Tuple

from . import _c
from ._handle import real

__all__ = [
    "Balanced",
    "Constant",
    "Default",
    "Gamma",
    "Identity",
    "Initial",
    "LogNormal",
    "Normal",
    "Orthogonal",
    "StrongWeak",
    "Uniform",
]


@dataclass(frozen=True)
class Initial:
    """Base of all distributions of initial weights."""

    _kind: ClassVar[int] = _c.NAI_WEIGHTS_DEFAULT

    def __post_init__(self) -> None:
        for field in fields(self):
            real(f"{field.name} of na.{type(self).__name__}", getattr(self, field.name))

    def _numbers(self) -> Tuple[float, float]:
        return 0.0, 0.0


@dataclass(frozen=True)
class Default(Initial):
    """Under Dale's law :class:`StrongWeak` where it can be, :class:`Balanced` elsewhere; free weights are normal."""


@dataclass(frozen=True)
class Balanced(Initial):
    """Gamma under Dale's law, excitation and inhibition balanced, scaled to a bulk of radius 1; else normal."""

    _kind = _c.NAI_WEIGHTS_BALANCED


@dataclass(frozen=True)
class StrongWeak(Initial):
    """Strong-sparse, weak-dense (Teramae, Tsubo & Fukai 2012): for recurrent excitation and inhibition.

    Weak: gamma, balanced, with a bulk of radius 0.3. Strong: onto each unit one excitatory synapse of strength 1,
    those among the excitatory units in cycles, and as much inhibition, spread over its inhibitory synapses.
    """

    _kind = _c.NAI_WEIGHTS_STRONG_WEAK


@dataclass(frozen=True)
class Uniform(Initial):
    """From ``low`` to ``high``."""

    low: float
    high: float
    _kind = _c.NAI_WEIGHTS_UNIFORM

    def _numbers(self) -> Tuple[float, float]:
        return self.low, self.high


@dataclass(frozen=True)
class Normal(Initial):
    """Normal with ``mean`` and standard deviation ``std``."""

    mean: float
    std: float
    _kind = _c.NAI_WEIGHTS_NORMAL

    def _numbers(self) -> Tuple[float, float]:
        return self.mean, self.std


@dataclass(frozen=True)
class Gamma(Initial):
    """Gamma with ``shape`` and ``scale``: mean shape * scale."""

    shape: float
    scale: float
    _kind = _c.NAI_WEIGHTS_GAMMA

    def _numbers(self) -> Tuple[float, float]:
        return self.shape, self.scale


@dataclass(frozen=True)
class LogNormal(Initial):
    """Log-normal; ``mean`` and ``std`` are of the weight itself, not of its logarithm."""

    mean: float
    std: float
    _kind = _c.NAI_WEIGHTS_LOGNORMAL

    def _numbers(self) -> Tuple[float, float]:
        return self.mean, self.std


@dataclass(frozen=True)
class Constant(Initial):
    """Each synapse has the weight ``value``, whose sign is kept: the build refuses one that Dale's law forbids."""

    value: float
    _kind = _c.NAI_WEIGHTS_CONSTANT

    def _numbers(self) -> Tuple[float, float]:
        return self.value, 0.0


@dataclass(frozen=True)
class Orthogonal(Initial):
    """Random orthogonal times ``gain``; rows or columns orthonormal when not square."""

    gain: float = 1.0
    _kind = _c.NAI_WEIGHTS_ORTHOGONAL

    def _numbers(self) -> Tuple[float, float]:
        return self.gain, 0.0


@dataclass(frozen=True)
class Identity(Initial):
    """``value`` where post == pre, else 0; needs a square projection that allows autapses."""

    value: float = 1.0
    _kind = _c.NAI_WEIGHTS_IDENTITY

    def _numbers(self) -> Tuple[float, float]:
        return self.value, 0.0
