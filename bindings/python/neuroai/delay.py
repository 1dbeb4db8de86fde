"""Delays that differ from synapse to synapse, for :meth:`neuroai.Network.connect`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Optional, Tuple

from . import _c
from ._handle import real

__all__ = ["Conduction", "Delay", "Delays"]


@dataclass(frozen=True)
class Delay:
    """Base of what says how delays differ. Such projections are listed, and go to populations."""

    _call: ClassVar[Any] = None

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) is not None:
                real(f"{field.name} of na.{type(self).__name__}", getattr(self, field.name))


    def _numbers(self, dt: float, is_input: bool) -> Tuple[float, ...]:
        raise NotImplementedError


@dataclass(frozen=True)
class Delays(Delay):
    """Drawn from a normal distribution, ms, again below ``least``, and rounded to steps of dt.

    Args:
        mean, sd: of the distribution.
        least: default: dt, and 0 from inputs.
    """

    mean: float
    sd: float
    least: Optional[float] = None

    _call: ClassVar[Any] = staticmethod(_c.nai_network_set_delays)

    def _numbers(self, dt: float, is_input: bool) -> Tuple[float, ...]:
        least = self.least if self.least is not None else 0.0 if is_input else dt
        return self.mean, self.sd, least


@dataclass(frozen=True)
class Conduction(Delay):
    """By the distance of the two units, which have places: ``offset`` ms and distance / ``speed``, mm / ms (m / s).

    Rounded to steps of dt, of which there is one at least between populations.
    """

    speed: float
    offset: float = 0.0

    _call: ClassVar[Any] = staticmethod(_c.nai_network_set_conduction)

    def _numbers(self, dt: float, is_input: bool) -> Tuple[float, ...]:
        return self.speed, self.offset
