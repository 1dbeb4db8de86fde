"""Matrices of all pairs of units, which large networks have no memory for: said before they are made."""

from __future__ import annotations

import os

from .errors import OutOfMemoryError

__all__ = ["room_for"]


def _machine() -> float:
    """Bytes of memory of this machine; infinite where it does not tell."""
    try:
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return float("inf")
    return float(pages) * size if pages > 0 and size > 0 else float("inf")


def room_for(what: str, n: int, matrices: float, instead: str) -> None:
    """Refuses what takes so many matrices of all pairs of n units, of doubles, where the machine has no memory for them."""
    need, have = 8.0 * matrices * n * n, _machine()
    if need > have:
        raise OutOfMemoryError(
            f"{what} of {n} units needs about {need * 1e-9:.3g} GB for matrices of all pairs of them, the machine has "
            f"{have * 1e-9:.3g} GB: {instead}"
        )
