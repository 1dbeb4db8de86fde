"""Circuits that work without training."""

from __future__ import annotations

from .lif_circuits import amit_brunel1997, brunel2000

__all__ = ["amit_brunel1997", "brunel2000"]
