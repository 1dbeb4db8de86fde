"""Circuits that work without training: each a network like any other, to be built, with numbers from its paper."""

from __future__ import annotations

from typing import Any

from ._closed import no_attribute
from .decision_circuits import RandomDots, wang2002, wong_wang2006
from .lif_circuits import amit_brunel1997, brunel2000
from .multi_area import multi_area, visual_areas
from .potjans_diesmann import potjans_diesmann2014

__all__ = [
    "RandomDots",
    "amit_brunel1997",
    "brunel2000",
    "multi_area",
    "potjans_diesmann2014",
    "visual_areas",
    "wang2002",
    "wong_wang2006",
]


def __getattr__(name: str) -> Any:
    raise no_attribute(__name__, name, __all__)
