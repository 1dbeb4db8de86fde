"""What every wrapper of a C object needs: ownership, names, arrays in and out, parameters described by name."""

from __future__ import annotations

import operator
import os
import re
import weakref
from collections.abc import KeysView
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Callable, ClassVar, Dict, Iterable, Iterator, Mapping, Optional, Sequence, Tuple, TypeVar, Union

import numpy as np
import numpy.typing as npt

from . import _c
from ._closed import Closed, Record
from .errors import InvalidError, InvalidTypeError, NonfiniteError, OrderError
from .errors import brief as brief

#: One or several names: a list separated by spaces, whose entries may be shell patterns, or a sequence of such.
Names = Union[str, Sequence[str]]
Floats = npt.NDArray[np.float32]

V = TypeVar("V")


class Handle(Closed):
    """Owner of one reference to a C object, given up when the Python object goes.

    C objects keep alive what is attached to them, so any order of collection is right. At the end of the process the
    memory is left to the system: a view that an ``atexit`` function still holds stays valid.
    """

    _pointer: Any
    _as_parameter_: Any
    #: How else one can be kept or handed on: the end of a sentence.
    _kept_by: ClassVar[str] = "save what it gives"

    def _adopt(self, pointer: Any, destroy: Callable[[Any], None]) -> None:
        self._pointer = pointer
        self._as_parameter_ = pointer
        finalizer = weakref.finalize(self, destroy, pointer)
        finalizer.atexit = False

    def _give_up(self, why: str) -> None:
        """Every later call that is given this object fails with these words: the library is still at work on it."""
        self._as_parameter_ = _GivenUp(why)

    def __reduce__(self) -> Any:
        raise TypeError(f"{type(self).__name__} objects cannot be copied or pickled: {self._kept_by}")


class _GivenUp:
    def __init__(self, why: str) -> None:
        self._why = why

    @property
    def _as_parameter_(self) -> Any:
        raise OrderError(self._why)


# --- what is given ---------------------------------------------------------------------------------------------------


def wrong_type(what: str, expected: str, value: Any) -> InvalidTypeError:
    """The error for a value of the wrong type; with what was meant by the name of a class, or by a function for a task."""
    hint = ""
    if isinstance(value, type):
        return InvalidTypeError(f"{what}: expected {expected}, got the class {value.__name__} itself: make one of it")
    if isinstance(value, str) and "neuroai." in expected:
        meant = _class_of(value, re.findall(r"neuroai\.(\w+)", expected))
        hint = f": did you mean {meant}()?" if meant else ""
    elif "neuroai.Task" in expected and callable(value):
        got = type(value).__name__
        return InvalidTypeError(f"{what}: expected {expected}, got {got}; of a function make one: na.Task(function, steps=...)")
    return InvalidTypeError(f"{what}: expected {expected}, got {brief(value)}{hint}")


def _class_of(name: str, bases: Sequence[str]) -> str:
    """``na.FullFORCE`` of "full_force", which is one of the bases; "" where no class is called so."""
    import neuroai

    wanted = tuple(getattr(neuroai, base) for base in bases if hasattr(neuroai, base))
    for module, prefix in ((neuroai, "na"), (neuroai.tasks, "na.tasks")):
        for each in dir(module):
            if plain(each) == plain(name) and isinstance(getattr(module, each), type) and issubclass(getattr(module, each), wanted):
                return f"{prefix}.{each}"
    return ""


def plain(name: str) -> str:
    """A name without what people write differently: capitals, and what stands between words."""
    return name.lower().translate({ord(sign): None for sign in "-_ "})


def spelt(value: Any, known: Iterable[str]) -> Any:
    """The one of ``known`` that is spelt a little differently, "ReLU" for "relu"; if there is none, ``value``."""
    if not isinstance(value, str) or value in known:
        return value
    return next((name for name in known if plain(name) == plain(value)), value)


def expect(what: str, value: Any, kind: type, expected: str) -> Any:
    """``value``, which must be of this class."""
    if not isinstance(value, kind):
        raise wrong_type(what, expected, value)
    return value


def expect_each(what: str, found: Mapping[Any, Any], kind: type) -> None:
    """All values of a mapping must be of this class."""
    for name, one in found.items():
        expect(f"{what}[{name!r}]", one, kind, f"a neuroai.{kind.__name__}")


def whole(what: str, value: Any, kind: Optional["_c.Integer"] = None) -> int:
    """``value`` as a whole number, Python's or NumPy's, that fits what C has for it."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise wrong_type(what, "a whole number", value) from None
    if kind is not None and not kind.low <= number <= kind.high:
        raise InvalidError(f"{what} is {brief(number)}, must be {kind.low} to {kind.high}")
    return number


def positive(what: str, value: Any, zero: bool = False) -> float:
    """``value`` as a finite number above 0; with ``zero``, of at least 0."""
    number = real(what, value)
    if not (0 < number < np.inf or (zero and number == 0)):
        finite_too = " and finite" if number > 0 else ""
        raise InvalidError(f"{what} is {number:g}, must be {'at least' if zero else 'above'} 0{finite_too}")
    return number


def pair(what: str, value: Any, expected: str) -> Tuple[float, float]:
    """``value`` as two numbers."""
    if isinstance(value, str) or np.ndim(value) != 1 or len(value) != 2:
        raise wrong_type(what, expected, value)
    return real(what, value[0]), real(what, value[1])


def number_below(what: str, value: Any, n: int) -> int:
    """``value`` as the number of one of n things, from 0."""
    number = whole(what, value)
    if not 0 <= number < n:
        raise InvalidError(f"{what} is {brief(number)}, must be 0 to {n - 1}")
    return number


def seed_of(value: Any) -> int:
    """A seed of NumPy's random numbers: any whole number of at least 0."""
    number = whole("seed", value)
    if number < 0:
        raise InvalidError(f"seed is {brief(number)}, must be at least 0")
    return number


def flag(what: str, value: Any) -> bool:
    """``value`` as yes or no: True, False, 1 or 0."""
    if np.ndim(value) > 0 or value not in (0, 1):
        raise wrong_type(what, "True or False", value)
    return bool(value)


def real(what: str, value: Any) -> float:
    """``value`` as a number, Python's or NumPy's."""
    if type(value) is float:
        return value
    if isinstance(value, (str, bytes)) or _masked(value):
        raise wrong_type(what, "a number", value)
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise wrong_type(what, "a number", value) from None


def file_name(what: str, path: Any) -> bytes:
    """A path as the file system has it: from str, bytes or anything with __fspath__."""
    try:
        return os.fsencode(path)
    except TypeError:
        raise wrong_type(what, "the name of a file", path) from None


def joined(names: Names, what: str = "names") -> str:
    """Names as the C library takes them: one string, separated by spaces."""
    if isinstance(names, str):
        return names
    if isinstance(names, (list, tuple, KeysView, np.ndarray)):
        for name in names:
            if not isinstance(name, str):
                raise wrong_type(what, "names", name)
        return " ".join(names)
    raise wrong_type(what, "a name, names separated by spaces, or a list of names", names)


def picked(entries: Iterable[str], named: Mapping[str, V]) -> Dict[str, V]:
    """What is called as an entry says, or matches it as a shell pattern, by name and in its own order."""
    patterns = list(entries)
    return {name: value for name, value in named.items() if any(fnmatchcase(name, entry) for entry in patterns)}


#: Entries of a long list that are shown.
SHOWN = 8


def listed(words: Iterable[str], most: int = SHOWN, total: Optional[int] = None, between: str = ", ") -> str:
    """Words in a row, the first ones of many, so that it stays short. ``total``: of which ``words`` are the first."""
    found = list(words)
    rest = (len(found) if total is None else total) - most
    return between.join(found[:most]) + (f" and {rest} more" if rest > 0 else "")


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


_TYPES: "dict[int, np.dtype[Any]]" = {
    _c.NAI_FLOAT32: np.dtype(np.float32),
    _c.NAI_INT32: np.dtype(np.int32),
    _c.NAI_UINT8: np.dtype(np.uint8),
}


def view(owner: Any, fill: Callable[..., Any], *arguments: Any) -> npt.NDArray[Any]:
    """A read-only array on what ``fill(nai_view *, ...)`` shows, which belongs to ``owner``."""
    shown = _c.nai_view()
    fill(shown, *arguments)
    dtype = _TYPES[shown.dtype]
    shape = tuple(shown.shape[: shown.ndim])
    if 0 in shape or not shown.data:
        return np.empty(shape, dtype)
    return np.asarray(View(owner, shown.data, dtype.str, shape, tuple(shown.stride[: shown.ndim])))


def flags(owner: Any, fill: Callable[..., Any], *arguments: Any) -> npt.NDArray[Any]:
    """The same of what the library keeps in bytes, 1 or 0: a read-only copy in float32, to be calculated with."""
    array = view(owner, fill, *arguments).astype(np.float32)
    array.flags.writeable = False
    return array


# --- arrays in -------------------------------------------------------------------------------------------------------


def describe(shape: Sequence[Any]) -> str:
    """A shape as it is written in messages and in the documentation: [steps, trials, 3]."""
    return "[" + ", ".join(str(length) for length in shape) + "]"


def wrong_shape(what: str, expected: str, given: Sequence[int]) -> InvalidError:
    """The error for an array of the wrong shape."""
    return InvalidError(f"{what}: expected shape {expected}, got {describe(given)}")


def together(**arrays: npt.NDArray[Any]) -> "Tuple[npt.NDArray[Any], ...]":
    """The arrays, repeated where that gives them one shape."""
    try:
        return tuple(np.broadcast_arrays(*arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {describe(array.shape)}" for name, array in arrays.items() if array.ndim)
        raise InvalidError(f"expected arrays of one shape, or numbers, got {shapes}") from None


def _masked(value: Any) -> bool:
    """Whether a value has masked entries, or is a list of such."""
    if isinstance(value, (list, tuple)):
        return any(isinstance(part, (list, tuple, np.ma.MaskedArray)) and _masked(part) for part in value)
    return isinstance(value, np.ma.MaskedArray) and bool(np.ma.is_masked(value))


def given(what: str, value: Any) -> npt.NDArray[Any]:
    """``value`` as an array of numbers, of the type and shape that it has."""
    if _masked(value):
        hint = ", and say with mask= of na.Trials which steps count" if what in ("inputs", "targets") else ""
        raise InvalidError(f"{what}: it has masked entries, whose numbers would be used: fill them first{hint}")
    try:
        array = np.asarray(value)
    except ValueError:
        raise InvalidError(f"{what}: expected an array, got a list whose parts are of different lengths") from None
    if array.dtype.kind == "c":
        raise InvalidTypeError(f"{what}: expected real numbers, got an array of {array.dtype}")
    if array.dtype.kind not in "fiub":
        got = f"an array of {array.dtype}" if isinstance(value, np.ndarray) or array.ndim else brief(value)
        raise InvalidTypeError(f"{what}: expected numbers, got {got}")
    return array


def as_array(what: str, value: Any, shape: Sequence[Union[int, str]], dtype: Any = np.float32) -> npt.NDArray[Any]:
    """``value`` as a C-contiguous array of ``dtype``; copied only where it is not one already.

    ``shape`` has a number for each length that is known, and a word for each that is not.
    """
    if type(value) is np.ndarray and value.dtype == dtype and value.shape == shape and value.flags.c_contiguous:
        return value
    array = given(what, value)
    fits = array.ndim == len(shape) and all(isinstance(n, str) or n == m for n, m in zip(shape, array.shape))
    if not fits:
        raise wrong_shape(what, describe(shape), array.shape)
    wanted = np.dtype(dtype)
    if wanted.kind == "i" and array.dtype.kind == "f":
        raise InvalidError(f"{what}: expected whole numbers, got an array of {array.dtype}")
    if wanted.kind == "i" and array.size and not np.can_cast(array.dtype, wanted, "safe"):
        _check_range(what, array, wanted)
    if array.dtype == wanted:
        return np.asarray(array, order="C")
    with np.errstate(over="ignore"):  # what is beyond float32 becomes infinite, and is refused as such
        return np.asarray(array, wanted, order="C")


def finite(what: str, array: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """The array, whose entries must be finite."""
    if not np.isfinite(array).all():
        raise NonfiniteError(f"{what}: {array[~np.isfinite(array)][0]:g} is not finite")
    found: npt.NDArray[np.float64] = array
    return found


def single(what: str, array: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """The array, whose entries must be numbers that a network has, in single precision."""
    found = finite(what, array)
    if (np.abs(found) > np.finfo(np.float32).max).any():
        raise InvalidError(f"{what}: {np.abs(found).max():g} is more than single precision holds, 3.4e38")
    return found


def as_mask(what: str, value: Any, shape: Sequence[Union[int, str]]) -> npt.NDArray[np.uint8]:
    """1 where ``value`` is not 0, else 0. NaN is neither, and refused."""
    array = as_array(what, value, shape, np.float64)
    if np.isnan(array).any():
        raise NonfiniteError(f"{what}: {[int(i) for i in np.argwhere(np.isnan(array))[0]]} is nan, must be 0 or not")
    return np.ascontiguousarray(array != 0, np.uint8)


def numbers(what: str, value: Any, shape: Sequence[Union[int, str]]) -> Floats:
    """:func:`as_array` where yes and no are no numbers: a mask would be taken for weights of 1 and 0."""
    if given(what, value).dtype.kind == "b":
        raise InvalidTypeError(f"{what}: expected numbers, got an array of bool")
    return as_array(what, value, shape)


def _check_range(what: str, array: npt.NDArray[Any], wanted: "np.dtype[Any]") -> None:
    """Refuses whole numbers that would be others in a smaller type."""
    limits = np.iinfo(wanted)
    for extreme in (int(array.min()), int(array.max())):
        if not limits.min <= extreme <= limits.max:
            raise InvalidError(f"{what}: {extreme} is beyond the range of {wanted}")


def kept(array: npt.NDArray[Any], value: Any) -> npt.NDArray[Any]:
    """An array of one's own with the numbers of ``array``, which was made of ``value``: nobody can write into it."""
    fresh = isinstance(value, (list, tuple))
    fresh |= isinstance(value, np.ndarray) and not np.may_share_memory(array, value)
    return frozen(array if fresh else array.copy())


def frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array, into which nobody can write from now on."""
    array.flags.writeable = False
    return array


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


def parameters(describe_one: Callable[..., Any], *before: Any) -> "Record[str, Parameter]":
    """All that ``describe_one(nai_parameter *, *before, index)`` describes, by name."""
    found: "dict[str, Parameter]" = {}
    described = _c.nai_parameter()
    while True:
        try:
            describe_one(described, *before, len(found))
        except InvalidError:
            return Record(found)
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
