"""What every wrapper of a C object needs: ownership, names, arrays in and out, parameters described by name."""

from __future__ import annotations

import ctypes
import weakref
from dataclasses import dataclass
from typing import Any, Callable, Iterable, Iterator, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from . import _c
from .errors import InvalidError, OrderError

#: One or several names: a list separated by spaces, whose entries may be shell patterns, or a sequence of such.
Names = Union[str, Sequence[str]]
Floats = npt.NDArray[np.float32]


class Handle:
    """Owner of one reference to a C object, given up when the Python object goes.

    C objects keep alive what is attached to them, so any order of collection is right. At the end of the process the
    memory is left to the system: a view that an ``atexit`` function still holds stays valid.
    """

    _pointer: Any
    _as_parameter_: Any

    def _adopt(self, pointer: Any, destroy: Callable[[Any], None]) -> None:
        self._pointer = pointer
        self._as_parameter_ = pointer
        finalizer = weakref.finalize(self, destroy, pointer)
        finalizer.atexit = False

    def _give_up(self, why: str) -> None:
        """Every later call that is given this object fails with these words: the library is still at work on it."""
        self._as_parameter_ = _GivenUp(why)

    def __reduce__(self) -> Any:
        raise TypeError(f"a {type(self).__name__} cannot be copied or pickled")


class _GivenUp:
    def __init__(self, why: str) -> None:
        self._why = why

    @property
    def _as_parameter_(self) -> Any:
        raise OrderError(self._why)


def joined(names: Names) -> str:
    """Names as the C library takes them: one string, separated by spaces."""
    return names if isinstance(names, str) else " ".join(names)


def listed(words: Iterable[str], most: int = 8) -> str:
    """Words in a row, the first ones of many: what is shown or said stays a line."""
    found = list(words)
    rest = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + rest


def text(value: Optional[bytes]) -> str:
    """A string of the C library."""
    return "" if value is None else value.decode()


def texts(get: Callable[[int], Optional[bytes]]) -> Iterator[str]:
    """The strings that ``get`` gives for 0, 1, ... until it gives NULL."""
    index = 0
    while True:
        value = get(index)
        if value is None:
            return
        yield value.decode()
        index += 1


# --- arrays out ------------------------------------------------------------------------------------------------------


class View:
    """Memory of the C library as NumPy sees it. The array's base is this object, which keeps the owner alive."""

    __slots__ = ("owner", "__array_interface__")

    def __init__(
        self,
        owner: Any,
        address: int,
        typestr: str,
        shape: Tuple[int, ...],
        strides: Optional[Tuple[int, ...]],
        writable: bool = False,
    ) -> None:
        self.owner = owner
        self.__array_interface__ = {
            "version": 3,
            "typestr": typestr,
            "shape": shape,
            "strides": strides,
            "data": (address, not writable),
        }


_TYPES = {_c.NAI_FLOAT32: np.dtype(np.float32), _c.NAI_INT32: np.dtype(np.int32)}


def view(owner: Any, fill: Callable[..., Any], *arguments: Any) -> npt.NDArray[Any]:
    """A read-only array on what ``fill(nai_view *, ...)`` shows, which belongs to ``owner``."""
    shown = _c.nai_view(struct_size=ctypes.sizeof(_c.nai_view))
    fill(shown, *arguments)
    dtype = _TYPES[shown.dtype]
    shape = tuple(shown.shape[: shown.ndim])
    if 0 in shape or not shown.data:
        return np.empty(shape, dtype)
    return np.asarray(View(owner, shown.data, dtype.str, shape, tuple(shown.stride[: shown.ndim])))


# --- arrays in -------------------------------------------------------------------------------------------------------


def describe(shape: Sequence[Any]) -> str:
    """A shape as it is written in messages and in the documentation: [steps, trials, 3]."""
    return "[" + ", ".join(str(length) for length in shape) + "]"


def wrong_shape(what: str, expected: str, given: Sequence[int]) -> InvalidError:
    """The error for an array of the wrong shape."""
    return InvalidError(f"{what}: expected shape {expected}, got {describe(given)}")


def as_array(what: str, value: Any, shape: Sequence[Union[int, str]], dtype: Any = np.float32) -> npt.NDArray[Any]:
    """``value`` as a C-contiguous array of ``dtype``; copied only where it is not one already.

    ``shape`` has a number for each length that is known, and a word for each that is not.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise InvalidError(f"{what}: expected numbers, got an array of {array.dtype}")
    fits = array.ndim == len(shape) and all(isinstance(n, str) or n == m for n, m in zip(shape, array.shape))
    if not fits:
        raise wrong_shape(what, describe(shape), array.shape)
    if np.dtype(dtype).kind == "i" and array.dtype.kind == "f":
        raise InvalidError(f"{what}: expected whole numbers, got an array of {array.dtype}")
    return np.ascontiguousarray(array, dtype)


def whole(what: str, value: Any, kind: "_c.Integer") -> int:
    """A whole number for a field of a structure, where ctypes would cut off what does not fit."""
    try:
        return int(kind.from_param(value).value)
    except (TypeError, OverflowError) as error:
        raise InvalidError(f"{what}: {error}") from None


# --- parameters ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parameter:
    """A number that can be set by name: what it means, and what it may be."""

    name: str
    unit: str
    meaning: str
    default: float
    low: float
    high: float
    #: True when a list of values may be given, from which each trial draws one.
    list: bool

    def __str__(self) -> str:
        unit = "" if self.unit in ("", "1") else f" {self.unit}"
        return f"{self.name} = {self.default:g}{unit} [{self.low:g}, {self.high:g}]: {self.meaning}"


def parameters(describe_one: Callable[..., Any], *before: Any) -> "dict[str, Parameter]":
    """All that ``describe_one(nai_parameter *, *before, index)`` describes, by name."""
    found: "dict[str, Parameter]" = {}
    described = _c.nai_parameter(struct_size=ctypes.sizeof(_c.nai_parameter))
    while True:
        try:
            describe_one(described, *before, len(found))
        except InvalidError:
            return found
        name = text(described.name)
        found[name] = Parameter(
            name,
            text(described.unit),
            text(described.meaning),
            described.initial,
            described.low,
            described.high,
            bool(described.list),
        )
