"""What calls of the C interface make that refuse NULL, NaN and numbers below what they may be: nothing."""

import ctypes
import math

import pytest

from neuroai import _c
from neuroai._arguments import ARGUMENTS


def makes(name):
    """Whether the function gives an object in its first argument, which is called ``out``."""
    result, kinds = _c.FUNCTIONS[name]
    given = getattr(kinds[0], "_type_", None) if kinds else None
    return result is _c.nai_status and isinstance(given, type) and hasattr(given, "contents")


MAKERS = [name for name in _c.FUNCTIONS if makes(name)]
#: They ask for nothing but a place for what they make, and a seed, which may be any; the last takes NULL for all synapses.
WILLING = [name for name in MAKERS if set(ARGUMENTS[name].split()) <= {"out", "seed"}] + ["nai_constraint_create_fixed"]


def wrong(kind):
    """A value of an argument that hardly any function takes."""
    if isinstance(kind, _c.Real):
        return kind._type_(math.nan)
    return kind._type_(-2) if isinstance(kind, _c.Integer) else ctypes.c_void_p()


@pytest.mark.parametrize("name", [name for name in MAKERS if name not in WILLING])
def test_what_is_refused_is_not_made(name):
    out = ctypes.c_void_p(8)
    assert _c.library[name](ctypes.byref(out), *[wrong(kind) for kind in _c.FUNCTIONS[name][1][1:]]) < 0
    assert out.value is None


@pytest.mark.parametrize("name", MAKERS)
def test_what_is_made_needs_a_place(name):
    assert _c.library[name](None, *[wrong(kind) for kind in _c.FUNCTIONS[name][1][1:]]) < 0
    assert _c.nai_last_error() in (b"out is NULL", b"ops is NULL")
