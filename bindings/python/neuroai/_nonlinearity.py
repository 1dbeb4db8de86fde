"""Transfer functions of rate units in double precision, with their slopes: what the library has, for analyses."""

from __future__ import annotations

from typing import Any, Dict, Tuple

import numpy as np

__all__ = ["FUNCTIONS"]

#: f and its slope, as functions of x and the exponent; r = gain f(x).
FUNCTIONS: Dict[str, Tuple[Any, Any]] = {
    "relu": (lambda x, e: np.maximum(x, 0), lambda x, e: (x > 0) * 1.0),
    "tanh": (lambda x, e: np.tanh(x), lambda x, e: 1 - np.tanh(x) ** 2),
    "softplus": (lambda x, e: np.logaddexp(0, x), lambda x, e: 0.5 + 0.5 * np.tanh(x / 2)),
    "logistic": (lambda x, e: 0.5 + 0.5 * np.tanh(x / 2), lambda x, e: 0.25 * (1 - np.tanh(x / 2) ** 2)),
    "linear": (lambda x, e: x, lambda x, e: np.ones_like(x)),
    "rectified_tanh": (lambda x, e: np.maximum(np.tanh(x), 0), lambda x, e: (x > 0) * (1 - np.tanh(x) ** 2)),
    "power": (lambda x, e: np.maximum(x, 0) ** e, lambda x, e: e * np.maximum(x, 0) ** (e - 1)),
}
