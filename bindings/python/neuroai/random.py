"""The library's random numbers, for tasks and constraints of one's own: Philox4x32-10.

Number ``index`` of stream ``stream`` of ``seed`` is a function of these three alone, the same on every machine.
"""

from __future__ import annotations

import numpy as np

from . import _c
from ._handle import Floats

__all__ = ["uniform", "normal", "normals"]


def uniform(seed: int, stream: int, index: int) -> float:
    """One number, uniform in [0, 1)."""
    return float(_c.nai_random_uniform(seed, stream, index))


def normal(seed: int, stream: int, index: int) -> float:
    """One number, standard normal."""
    return float(_c.nai_random_normal(seed, stream, index))


def normals(n: int, seed: int, stream: int) -> Floats:
    """Numbers 0 .. n-1 of a stream, standard normal, float32 [n] (another series than that of :func:`normal`)."""
    out = np.empty(n, np.float32)
    _c.nai_random_normals(out, n, seed, stream)
    return out
