"""Matrices of all pairs of units, which large networks have no memory for: said before they are made."""

from __future__ import annotations

import os
from typing import Tuple

from .errors import OutOfMemoryError

__all__ = ["room", "room_for"]


#: Where Linux says what a container or a job of a cluster may have.
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def _machine() -> float:
    """Bytes of memory of this machine; infinite where it does not tell."""
    try:
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return float("inf")
    return float(pages) * size if pages > 0 and size > 0 else float("inf")


def _limit(path: str) -> float:
    try:
        with open(path) as file:
            return float(file.read())
    except (OSError, ValueError):  # ValueError: "max"
        return float("inf")


def _have() -> Tuple[float, str]:
    """Bytes that this process may have, and whose limit that is."""
    limits = [(_limit(path), f"of which {path} lets this process have {{:.3g}} GB") for path in _LIMITS]
    return min([(_machine(), "the machine has {:.3g} GB"), *limits], key=lambda limit: limit[0])


def room_for(what: str, n: int, matrices: float, instead: str) -> None:
    """Refuses what takes so many matrices of all pairs of n units, of doubles, where there is no memory for them."""
    room(f"{what} of {n} units", 8.0 * matrices * n * n, "for matrices of all pairs of them", instead)


def room(what: str, need: float, for_what: str, instead: str) -> None:
    """Refuses what needs more bytes than the process may have."""
    have, whose = _have()
    if need > have:
        raise OutOfMemoryError(f"{what} needs about {need * 1e-9:.3g} GB {for_what}, {whose.format(have * 1e-9)}: {instead}")
