"""Constraints: which synapses of a projection exist, which are plastic, and which weights are allowed.

A constraint can be attached to any number of projections with :meth:`neuroai.Network.constrain`. For a constraint of
your own, derive from :class:`Constraint`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ContextManager, Optional, Union

import numpy as np
import numpy.typing as npt

from . import _c
from ._callback import Synapses, callback, called, destroy, lent, nothing, register
from ._closed import Closed
from ._handle import as_array, as_mask, flag, frozen, given, spelt
from .errors import InvalidError, InvalidTypeError, brief

__all__ = [
    "Constraint",
    "Dale",
    "DistanceDependent",
    "Fixed",
    "InDegree",
    "List",
    "Mask",
    "MaxWeight",
    "Nonnegative",
    "OutDegree",
    "Sign",
    "Sparse",
    "Total",
]


class Constraint(Closed):
    """Base of all constraints, and of your own.

    A subclass overrides :meth:`wire`, :meth:`project` or both. Signs, absent synapses and fixed synapses are enforced
    after them. An exception in these methods is raised by the call that led to them.

    ``name`` is stored in the model file, and :meth:`neuroai.Network.load` finds the constraint by it; default: the name
    of the class. An attached constraint lives as long as the network; if it refers to the network, neither is freed.

    Listed projections are shown as matrices of all pairs of units, made for the call, unless the class says otherwise:
    ``by_rows``, what :meth:`wire` does to a row depends on that row alone, whose number is ``first_post + i``, so it may be
    shown some rows at a time; ``by_synapse``, what :meth:`project` does to a synapse depends on it alone, so it may be shown
    those that exist in one row.
    """

    name: str = ""
    by_rows: bool = False
    by_synapse: bool = False
    _settable = ("name", "by_rows", "by_synapse")
    _otherwise = "make another constraint"

    def __setattr__(self, name: str, value: Any) -> None:
        if name in Constraint._settable and "_attached" in vars(self):
            as_what = "under its name " if name == "name" else ""
            raise AttributeError(f"{type(self).__name__}.{name}: it is attached {as_what}already")
        super().__setattr__(name, value)

    def wire(self, synapses: Synapses) -> None:
        """Called for each projection when the network is built: write ``exists``, ``plastic``, ``sign``.

        Multiply (``synapses.exists *= ...``) to keep the effect of other constraints and the absence of autapses.
        """

    def project(self, synapses: Synapses) -> None:
        """Called for the initial weights and after each update: write ``weight`` (and ``momentum``, unless None)."""

    def _create(self) -> Any:
        """A new C object, of which the caller has one reference."""
        ops = _c.nai_constraint_ops(destroy=destroy)
        ops.name = (self.name or type(self).__name__).encode()
        ops.flags = _c.NAI_CONSTRAINT_BY_ROWS if self.by_rows else 0
        ops.flags |= _c.NAI_CONSTRAINT_BY_SYNAPSE if self.by_synapse else 0
        if type(self).wire is not Constraint.wire:
            ops.wire = _wire
        if type(self).project is not Constraint.project:
            ops.project = _project
        pointer = _c.new(_c.nai_constraint)
        _c.nai_constraint_create(pointer, ops, register(self))
        vars(self)["_attached"] = True
        return pointer

    def _lent(self) -> ContextManager[Any]:
        """The C object for the length of one call, which may keep a reference."""
        return lent(self._create, _c.nai_constraint_destroy)


@callback(_c.on_synapses)
def _wire(constraint: Constraint, synapses: Any) -> None:
    shown = Synapses(synapses.contents, "wire")
    nothing("wire", called(constraint.wire, [shown], shown), "write into synapses.exists, plastic or sign")


@callback(_c.on_synapses)
def _project(constraint: Constraint, synapses: Any) -> None:
    shown = Synapses(synapses.contents, "project")
    nothing("project", called(constraint.project, [shown], shown), "write into synapses.weight")


class _Builtin(Constraint):
    """One of the library's own: its numbers are checked when it is made."""

    def __post_init__(self) -> None:
        _c.nai_constraint_destroy(self._create())


@dataclass(frozen=True)
class Sparse(_Builtin):
    """Each synapse exists with probability ``density``, 0 to 1, drawn when the network is built."""

    density: float

    def _create(self) -> Any:
        pointer = _c.new(_c.nai_constraint)
        _c.nai_constraint_create_sparse(pointer, self.density)
        return pointer


@dataclass(frozen=True)
class InDegree(_Builtin):
    """Each receiving unit has exactly ``indegree`` synapses, from different units, drawn when the network is built.

    They are drawn from those that constraints before it allow; none is an autapse unless autapses are allowed.

    ``multapses``: of two units there may be several, as biological circuits are often laid out. Each receiving unit draws
    ``indegree`` times one of the units that it may have a synapse from. A pair that is drawn k times, at most 128, has one
    synapse with one delay, whose initial weight is the sum of k. Such projections are listed.
    """

    indegree: int
    multapses: bool = False

    def _create(self) -> Any:
        pointer = _c.new(_c.nai_constraint)
        several = flag("multapses", self.multapses)
        create = _c.nai_constraint_create_indegree_multapses if several else _c.nai_constraint_create_indegree
        create(pointer, self.indegree)
        return pointer


@dataclass(frozen=True)
class OutDegree(_Builtin):
    """Each sending unit has exactly ``outdegree`` synapses, onto different units; else as :class:`InDegree`."""

    outdegree: int

    def _create(self) -> Any:
        pointer = _c.new(_c.nai_constraint)
        _c.nai_constraint_create_outdegree(pointer, self.outdegree)
        return pointer


@dataclass(frozen=True)
class Total(_Builtin):
    """The projection has exactly ``total`` synapses, each of another pair of units; else as :class:`InDegree`.

    With ``multapses`` one of the pairs that may have a synapse is drawn ``total`` times, and may have several.
    """

    total: int
    multapses: bool = False

    def _create(self) -> Any:
        pointer = _c.new(_c.nai_constraint)
        several = flag("multapses", self.multapses)
        create = _c.nai_constraint_create_total_multapses if several else _c.nai_constraint_create_total
        create(pointer, self.total)
        return pointer


class List(_Builtin):
    """Synapses exist only from unit ``pre[k]`` to unit ``post[k]``: whole numbers [n] each, from 0 in each population.

    The build refuses a pair that is listed twice, and an autapse that is not allowed.
    """

    pre: npt.NDArray[np.int64]
    post: npt.NDArray[np.int64]

    def __init__(self, pre: npt.ArrayLike, post: npt.ArrayLike) -> None:
        senders, receivers = _units("pre", pre, "n"), _units("post", post, np.size(pre))
        self._keep(pre=frozen(senders), post=frozen(receivers))
        self.__post_init__()

    def _create(self) -> Any:
        pointer = _c.new(_c.nai_constraint)
        _c.nai_constraint_create_list(pointer, self.pre, self.post, len(self.pre))
        return pointer

    def __repr__(self) -> str:
        return f"List(<{len(self.pre)} synapses>)"


def _units(what: str, units: npt.ArrayLike, n: Union[int, str]) -> npt.NDArray[np.int64]:
    """A copy of its own."""
    array = given(what, units) if np.size(units) else np.asarray(units).astype(np.int64)
    if array.dtype.kind == "b":
        raise InvalidTypeError(f"{what}: expected numbers of units, got an array of bool")
    return np.array(as_array(what, array, (n,), np.int64), np.int64)


class _Matrix(_Builtin):
    """A constraint given by a matrix of yes and no, [n_post, n_pre]."""

    array: Optional[npt.NDArray[np.uint8]]

    def __init__(self, array: Optional[npt.ArrayLike]) -> None:
        if array is not None:
            self._keep(array=frozen(as_mask(type(self).__name__, array, ("n_post", "n_pre"))))
        else:
            self._keep(array=None)
        self.__post_init__()

    def _create_with(self, create: Any) -> Any:
        pointer = _c.new(_c.nai_constraint)
        create(pointer, self.array, *((0, 0) if self.array is None else self.array.shape))
        return pointer

    def __repr__(self) -> str:
        what = "" if self.array is None else f"<{int(self.array.sum())} of {list(self.array.shape)}>"
        return f"{type(self).__name__}({what})"


class Mask(_Matrix):
    """Synapses exist only where ``mask`` [n_post, n_pre] is not 0."""

    def __init__(self, mask: npt.ArrayLike) -> None:
        super().__init__(mask)

    def _create(self) -> Any:
        return self._create_with(_c.nai_constraint_create_mask)


class Fixed(_Matrix):
    """Synapses keep their initial weight exactly where ``fixed`` [n_post, n_pre] is not 0; default: all of them."""

    def __init__(self, fixed: Optional[npt.ArrayLike] = None) -> None:
        super().__init__(fixed)

    def _create(self) -> Any:
        return self._create_with(_c.nai_constraint_create_fixed)


_MODES = {"clamp": _c.NAI_DALE_CLAMP, "reflect": _c.NAI_DALE_REFLECT, "off": _c.NAI_DALE_OFF}


@dataclass(frozen=True)
class Dale(_Builtin):
    """Dale's law: all that a unit sends, potentials excepted ("E:v"), has the sign of its population or input.

    ``mode``: "clamp", a weight of the wrong sign becomes 0; "reflect", it is mirrored; "off", the projection is exempt.
    """

    mode: str = "clamp"

    def _create(self) -> Any:
        mode = spelt(self.mode, _MODES)
        if mode not in _MODES:
            raise InvalidError(f"mode: expected one of {', '.join(_MODES)}, got {brief(self.mode)}")
        pointer = _c.new(_c.nai_constraint)
        _c.nai_constraint_create_dale(pointer, _MODES[mode])
        return pointer


@dataclass(frozen=True)
class Sign(_Builtin):
    """All weights of the projection have this sign, +1 or -1, whatever the sender's is."""

    sign: int

    def _create(self) -> Any:
        pointer = _c.new(_c.nai_constraint)
        _c.nai_constraint_create_sign(pointer, self.sign)
        return pointer


@dataclass(frozen=True)
class Nonnegative(_Builtin):
    """No weight of the projection is negative."""

    def _create(self) -> Any:
        pointer = _c.new(_c.nai_constraint)
        _c.nai_constraint_create_nonnegative(pointer)
        return pointer


@dataclass(frozen=True)
class MaxWeight(_Builtin):
    """No weight's absolute value exceeds ``limit``, > 0."""

    limit: float

    def _create(self) -> Any:
        pointer = _c.new(_c.nai_constraint)
        _c.nai_constraint_create_max_weight(pointer, self.limit)
        return pointer


@dataclass(frozen=True)
class DistanceDependent(_Builtin):
    """Each synapse exists with probability ``peak`` * exp(-distance / ``length``). Both populations need positions.

    ``peak``: 0 to 1. ``length``: mm.
    """

    peak: float
    length: float

    def _create(self) -> Any:
        pointer = _c.new(_c.nai_constraint)
        _c.nai_constraint_create_distance(pointer, self.peak, self.length)
        return pointer
