"""Short-term plasticity of synapses: facilitation and depression."""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np
import numpy.typing as npt

from . import _c
from ._handle import Handle, as_array, brief, frozen, given
from .errors import InvalidError

__all__ = ["TsodyksMarkram"]

_NUMBERS = ("U", "tau_x", "tau_u", "hz")


class TsodyksMarkram(Handle):
    """What a unit sends, r, is released by its synapses as u x r (Tsodyks, Pawelzik & Markram 1998).

    The resources x run down and recover, the release probability u facilitates and decays::

        x <- x + (dt / tau_x) (1 - x) - (hz dt / 1000) u x r           x = 1 at the start
        u <- u + (dt / tau_u) (U - u) + (hz dt / 1000) U (1 - u) r     u = U at the start

    On the right-hand side x and u are those of before; both are clipped to [0, 1], and what is released is of the new
    ones, as Masse et al. (2019) have it. ``net.connect(..., short_term=na.TsodyksMarkram(...))`` puts it between
    senders and projections. Projections that are given the same object have one x and one u for each sending unit in
    common. Its numbers never change.

    Args:
        U: release probability at rest, 0 to 1.
        tau_x: time constant with which resources recover, ms.
        tau_u: time constant with which facilitation decays, ms.
        hz: the rate, in Hz, that a rate of 1 stands for.

    Each is a number, or an array with one for each sending unit. The defaults are the facilitating synapses of Masse et
    al.; their depressing ones are ``TsodyksMarkram(U=.45, tau_x=1500, tau_u=200)``. With U of 1 and hz of 0 a unit's
    synapses carry what it sends.
    """

    _otherwise = "make another na.TsodyksMarkram"

    def __init__(
        self,
        U: npt.ArrayLike = 0.15,
        tau_x: npt.ArrayLike = 200.0,
        tau_u: npt.ArrayLike = 1500.0,
        hz: npt.ArrayLike = 1.0,
    ) -> None:
        values = [_row(name, value) for name, value in zip(_NUMBERS, (U, tau_x, tau_u, hz))]
        n = max(len(row) for row in values)
        for name, row in zip(_NUMBERS, values):
            if len(row) not in (1, n):
                raise InvalidError(f"{name} has {len(row)} values, others have {n}: give 1 or as many")
        pointer = _c.new(_c.nai_short_term)
        rows = [np.ascontiguousarray(np.broadcast_to(row, n)) for row in values]
        _c.nai_short_term_create(pointer, n, *rows)
        self._adopt(pointer, _c.nai_short_term_destroy)

    @classmethod
    def _of(cls, pointer: Any) -> "TsodyksMarkram":
        """One that the library has handed out."""
        made = cls.__new__(cls)
        made._adopt(pointer, _c.nai_short_term_destroy)
        return made

    def _get(self, name: str) -> npt.NDArray[np.float64]:
        values = np.empty(_c.nai_short_term_size(self))
        _c.nai_short_term_get(values, values.size, self, name)
        return frozen(values)

    @property
    def U(self) -> npt.NDArray[np.float64]:
        """Release probability at rest, of each sending unit or [1]."""
        return self._get("U")

    @property
    def tau_x(self) -> npt.NDArray[np.float64]:
        """Time constant of recovery, ms, likewise."""
        return self._get("tau_x")

    @property
    def tau_u(self) -> npt.NDArray[np.float64]:
        """Time constant of facilitation, ms, likewise."""
        return self._get("tau_u")

    @property
    def hz(self) -> npt.NDArray[np.float64]:
        """The rate in Hz that a rate of 1 stands for, likewise."""
        return self._get("hz")

    def _numbers(self) -> Tuple[npt.NDArray[np.float64], ...]:
        return tuple(self._get(name) for name in _NUMBERS)

    def __reduce__(self) -> Any:
        return type(self), self._numbers()

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{name}={row[0]:g}" if (row == row[0]).all() else f"{name}={brief(row)}"
            for name, row in zip(_NUMBERS, self._numbers())
        )
        return f"TsodyksMarkram({shown})"


def _row(name: str, value: npt.ArrayLike) -> npt.NDArray[np.float64]:
    array = given(name, value)
    row = as_array(name, array[None] if array.ndim == 0 else array, ("units",), np.float64)
    if not row.size:
        raise InvalidError(f"{name}: it has no values")
    return row
