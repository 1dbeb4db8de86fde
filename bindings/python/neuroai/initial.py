"""Initial weights, for :meth:`neuroai.Network.connect`. Their signs follow Dale's law."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Tuple

from . import _c

__all__ = ["Default", "Gamma", "Identity", "Initial", "LogNormal", "Normal", "Orthogonal", "Uniform"]


@dataclass(frozen=True)
class Initial:
    """Base of all distributions of initial weights."""

    _kind: ClassVar[int] = _c.NAI_WEIGHTS_DEFAULT

    def _numbers(self) -> Tuple[float, float]:
        return 0.0, 0.0


@dataclass(frozen=True)
class Default(Initial):
    """Gamma under Dale's law, excitation and inhibition balanced; else normal."""


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
