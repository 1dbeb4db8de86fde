"""Exceptions: one class for each status of the C library.

Every class derives from :class:`Error` and from the matching built-in exception. The message is that of the library: it
names the argument, its value and the bound.
"""

from __future__ import annotations

import builtins
from typing import Any

__all__ = [
    "Error",
    "InvalidError",
    "InvalidTypeError",
    "OutOfMemoryError",
    "UnknownNameError",
    "OrderError",
    "NonfiniteError",
    "FileError",
    "FormatError",
    "UnsupportedError",
    "CallbackError",
]


class Error(Exception):
    """A call into the library failed. ``status`` is the C status, a negative number (0 where Python found it)."""

    status: int = 0


class InvalidError(Error, ValueError):
    """An argument is wrong: out of its range, or of the wrong shape."""

    status = -1


class InvalidTypeError(InvalidError, TypeError):
    """An argument is of the wrong type."""


class OutOfMemoryError(Error, builtins.MemoryError):
    """Not enough memory."""

    status = -2


class UnknownNameError(Error, KeyError):
    """No such name, or a name that is taken or not allowed."""

    status = -3

    def __str__(self) -> str:
        return Exception.__str__(self)  # a KeyError would print the message in quotes


class OrderError(Error, RuntimeError):
    """Wrong order of calls, such as before or after the build."""

    status = -4


class NonfiniteError(Error, FloatingPointError):
    """NaN or infinity."""

    status = -5


class FileError(Error, OSError):
    """The file system refused."""

    status = -6


class FormatError(Error, ValueError):
    """The file is damaged, or not of this format."""

    status = -7


class UnsupportedError(Error, NotImplementedError):
    """A combination that the library does not support."""

    status = -8


class CallbackError(Error, RuntimeError):
    """A callback that was not written in Python failed. (A Python callback's own exception comes out as it is.)"""

    status = -9


def brief(value: Any) -> str:
    """A value as it is shown in a message: its repr, not too long."""
    try:
        shown = " ".join(repr(value).split())
    except Exception:
        shown = f"a {type(value).__name__}"
    return shown if len(shown) <= 60 else f"{shown[:40]}... ({type(value).__name__})"


_CLASSES = {
    cls.status: cls
    for cls in (
        InvalidError,
        OutOfMemoryError,
        UnknownNameError,
        OrderError,
        NonfiniteError,
        FileError,
        FormatError,
        UnsupportedError,
        CallbackError,
    )
}


def all_are(name: str, array: Any, right: Any, bound: str) -> None:
    """Raises for the first number of a NumPy array that is not right: "tau[2] is 0, must be above 0"."""
    if right.all():
        return
    place = next(zip(*(~right).nonzero())) if right.ndim else ()
    at = "".join(f"[{k}]" for k in place)
    raise InvalidError(f"{name}{at} is {array[place]:g}, must be {bound}")


def from_status(status: int, message: str) -> Error:
    """The exception for a status of the C library."""
    error = _CLASSES.get(status, Error)(message)
    error.status = status
    return error
