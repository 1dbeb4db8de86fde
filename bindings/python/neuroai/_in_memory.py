"""Files that never are files: their bytes."""

from __future__ import annotations

import ctypes
from ctypes import c_int64
from typing import Any

from ._handle import wrong_type

__all__ = ["as_bytes", "written"]


def written(write: Any, thing: Any) -> bytes:
    """What ``write(buffer, capacity, size, thing)`` of the library writes, which is asked first how much that is."""
    size = c_int64()
    write(None, 0, size, thing)
    buffer = bytearray(size.value)
    room = (ctypes.c_char * len(buffer)).from_buffer(buffer)
    write(ctypes.addressof(room), len(buffer), size, thing)
    return bytes(buffer)


def as_bytes(data: Any) -> bytes:
    """Bytes as they are, or those of a bytearray or memoryview."""
    if isinstance(data, bytes):
        return data
    if isinstance(data, (bytearray, memoryview)):
        return bytes(data)
    raise wrong_type("data", "bytes, as to_bytes() gives them", data)
