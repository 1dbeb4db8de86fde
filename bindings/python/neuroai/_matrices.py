"""Matrices of all pairs of units, which large networks have no memory for: said before they are made."""

from __future__ import annotations

import os

from .errors import OutOfMemoryError

__all__ = ["room", "room_for"]


#: Where Linux says what a container or a job of a cluster may have.
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def _machine() -> float:
    """Bytes of memory of this machine, or those that this process may have of it; infinite where it does not tell."""
    try:
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return float("inf")
    whole = float(pages) * size if pages > 0 and size > 0 else float("inf")
    return min([whole, *(_limit(path) for path in _LIMITS)])


def _limit(path: str) -> float:
    try:
        with open(path) as file:
            return float(file.read())
    except (OSError, ValueError):  # ValueError: "max"
        return float("inf")


def room_for(what: str, n: int, matrices: float, instead: str) -> None:
    """Refuses what takes so many matrices of all pairs of n units, of doubles, where the machine has no memory for them."""
    room(f"{what} of {n} units", 8.0 * matrices * n * n, "for matrices of all pairs of them", instead)


def room(what: str, need: float, for_what: str, instead: str) -> None:
    """Refuses what needs more bytes than the process may have."""
    have = _machine()
    if need > have:
        raise OutOfMemoryError(
            f"{what} needs about {need * 1e-9:.3g} GB {for_what}, the machine has {have * 1e-9:.3g} GB: {instead}"
        )
