"""The synapses of projections one after the other, and the leading eigenvalues of their matrix."""

from __future__ import annotations

import ctypes
from ctypes import c_int64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from . import _c
from ._closed import Record
from ._handle import Names, as_array, brief, frozen, joined, picked, view, whole
from ._matrices import room
from ._needed import needed
from .errors import Error, InvalidError, OutOfMemoryError, UnknownNameError

if TYPE_CHECKING:
    from .network import Network

__all__ = ["SynapseList", "as_matrix", "leading", "of_places", "synapses"]

Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class SynapseList:
    """The synapses of some projections, in ascending order of (post, pre); a copy. Made by :meth:`Network.synapses`.

    Units are numbered over all senders, and over all receivers, one population behind the other: inputs before
    populations, outputs behind them. Two units may have several synapses, onto several ports or branches.
    """

    #: Sizes of the inputs and populations that send, by name, in the order of their numbers.
    sources: Dict[str, int]
    #: Sizes of the populations and outputs that receive.
    targets: Dict[str, int]
    #: Receiving unit or channel, int32 [n].
    post: Ints = field(repr=False)
    #: Sending one, int32 [n].
    pre: Ints = field(repr=False)
    #: Effective weight, float32 [n].
    weight: npt.NDArray[np.float32] = field(repr=False)
    #: ms, float64 [n].
    delay: npt.NDArray[np.float64] = field(repr=False)
    #: Whether it is plastic, bool [n].
    plastic: npt.NDArray[np.bool_] = field(repr=False)
    #: Number of its projection, the place in :attr:`Network.projections`, int32 [n].
    projection: Ints = field(repr=False)
    #: Which copy of the port it is onto, such as a branch; 0 where a port has none, int32 [n].
    copy: Ints = field(repr=False)
    #: Of each projection of the network the first number of its receivers and of its senders; -1: not here.
    _first: npt.NDArray[np.int64] = field(repr=False)

    @property
    def post_unit(self) -> Ints:
        """Receiving unit or channel, counted within its population or output, int32 [n]."""
        return frozen((self.post - self._first[0][self.projection]).astype(np.int32))

    @property
    def pre_unit(self) -> Ints:
        """Sending unit or channel, counted within its population or input, int32 [n]."""
        return frozen((self.pre - self._first[1][self.projection]).astype(np.int32))

    @property
    def shape(self) -> Tuple[int, int]:
        """Numbers of all receiving and of all sending units."""
        return sum(self.targets.values()), sum(self.sources.values())

    def matrix(self, values: Optional[npt.ArrayLike] = None) -> Any:
        """The weights as a ``scipy.sparse.csr_matrix`` [post, pre]; needs SciPy.

        Synapses whose weight is 0 are kept in it. Several synapses between the same two units are added.

        Args:
            values: something else of each synapse, [n], such as ``found.delay``.
        """
        sparse = needed("scipy.sparse", "a sparse matrix", "sparse")
        given = self.weight if values is None else as_array("values", values, (len(self),), np.float64)
        return sparse.coo_matrix((given, (self.post, self.pre)), self.shape).tocsr()

    def __len__(self) -> int:
        return len(self.post)

    def __repr__(self) -> str:
        posts, pres = self.shape
        return f"<SynapseList: {len(self)} synapses from {pres} onto {posts} units>"


def _selected(names: str, *groups: Dict[str, int]) -> Dict[str, int]:
    """Sizes of what the list of patterns means; entries may name a port or signal."""
    every = {name: n for group in groups for name, n in group.items()}
    return Record(picked([entry.partition(":")[0] for entry in names.split()], every))


def _starts(sizes: Dict[str, int]) -> Dict[str, int]:
    return dict(zip(sizes, np.cumsum([0, *sizes.values()]).tolist()))


def _ends(net: "Network") -> List[Tuple[str, str]]:
    """Names of the two nodes of each projection."""
    return [(of.partition(":")[0], to.partition(":")[0]) for of, to in net.projections]


def _firsts(net: "Network", sources: Dict[str, int], targets: Dict[str, int]) -> npt.NDArray[np.int64]:
    """[2, projections]: the first number of the receivers of each, and of its senders; -1 of others."""
    pre, post = _starts(sources), _starts(targets)
    ends = _ends(net)
    return np.array([[post.get(to, -1) for _, to in ends], [pre.get(of, -1) for of, _ in ends]], np.int64)


#: The arrays that C writes, and what they hold.
_ARRAYS = {
    "projection": np.int32,
    "post": np.int32,
    "pre": np.int32,
    "copy": np.int32,
    "weight": np.float32,
    "delay": np.float64,
    "plastic": np.uint8,
}


def columns(
    net: "Network", source: str, target: str, wanted: Iterable[str] = tuple(_ARRAYS)
) -> Dict[str, npt.NDArray[Any]]:
    """The wanted arrays of these projections; units are counted within their populations. Others take no memory."""
    n = count(net, source, target)
    arrays = _c.nai_synapse_arrays()
    kinds: Dict[str, Any] = {entry[0]: entry[1] for entry in arrays._fields_}
    found: Dict[str, npt.NDArray[Any]] = {name: np.empty(n, _ARRAYS[name]) for name in wanted}
    for name, array in found.items():
        setattr(arrays, name, array.ctypes.data_as(kinds[name]))
    _c.nai_network_synapses(arrays, n, c_int64(), net, source, target)
    return found


def _ends_of(net: "Network", source: str, target: str) -> Tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Row and column of each synapse of one projection in its matrix, whose rows are those of all copies of the port.

    As they stand in its list: by delay, row and column.
    """
    found = columns(net, source, target, ("copy", "post", "pre", "delay"))
    row = found["copy"] * net.size(target.partition(":")[0]) + found["post"]
    order = np.lexsort((found["pre"], row, found["delay"]))
    return row[order], found["pre"][order]


def _zeros(net: "Network", source: str, target: str) -> npt.NDArray[np.float32]:
    shape = net.size(target), net.size(source)
    what = f"a matrix of {shape[0]} by {shape[1]}"
    instead = (
        f"the projection from '{source}' to '{target}' is listed, and net.synapses({source!r}, {target!r}) has the "
        "synapses that exist"
    )
    room(what, 4.0 * shape[0] * shape[1], "of single precision", instead)
    try:
        return np.zeros(shape, np.float32)
    except MemoryError:
        raise OutOfMemoryError(f"not enough memory for {what} ({shape[0] * shape[1] * 4e-9:.3g} GB): {instead}") from None


def as_matrix(
    net: "Network", source: str, target: str, values: npt.NDArray[Any], there: npt.NDArray[Any]
) -> npt.NDArray[np.float32]:
    """Numbers of a listed projection, one for each place of its list, as [n_post, n_pre]; those that are ``there``."""
    matrix = _zeros(net, source, target)
    matrix[_ends_of(net, source, target)] = values.ravel()[there.ravel() != 0]
    return frozen(matrix)


def of_places(net: "Network", source: str, target: str, matrix: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """The same back: one number for each place of the list, 0 where a mask has removed the synapse."""
    there = view(net, _c.nai_network_mask, net, source, target).ravel() != 0
    values = np.zeros(len(there), np.float32)
    values[there] = matrix[_ends_of(net, source, target)]
    return values


def synapses(net: "Network", source: Names, target: Names) -> SynapseList:
    """See :meth:`Network.synapses`."""
    of, to = joined(source, "source"), joined(target, "target")
    found = columns(net, of, to)
    sources, targets = _selected(of, net.inputs, net.populations), _selected(to, net.populations, net.outputs)
    first = _firsts(net, sources, targets)
    for end, row, group in (("post", first[0], targets), ("pre", first[1], sources)):
        if len(group) > 1:
            found[end] += row.astype(np.int32)[found["projection"]]
    found["plastic"] = found["plastic"].view(np.bool_)
    return SynapseList(sources, targets, **{name: frozen(array) for name, array in found.items()}, _first=frozen(first))


def count(net: "Network", source: str, target: str) -> int:
    """How many synapses these projections have."""
    found = c_int64()
    _c.nai_network_synapses(None, 0, found, net, source, target)
    return found.value


# --- eigenvalues -----------------------------------------------------------------------------------------------------


def _populations(net: "Network", names: str) -> Dict[str, int]:
    """Sizes of the populations that a list of patterns means, each entry of which must mean one."""
    for entry in names.split() or [""]:
        if not picked([entry], net.populations):
            raise UnknownNameError(f"names: no population is called {brief(entry)}")
    return _selected(names, net.populations)


def matrix_among(net: "Network", names: str) -> Any:
    """The weights among populations as a sparse matrix of doubles, all delays together."""
    sparse = needed("scipy.sparse", "finding the leading eigenvalues of a network", "sparse")
    sizes = _populations(net, names)
    if not any(of in sizes and to in sizes for of, to in _ends(net)):
        return sparse.csr_matrix((sum(sizes.values()),) * 2, dtype=np.float64)
    found = synapses(net, list(sizes), list(sizes))
    return found.matrix(found.weight.astype(np.float64))


def bulk_radius(matrix: Any) -> float:
    """Radius of the disc that random weights of this variance fill, each sender with its own mean."""
    n = matrix.shape[0]
    mean = np.asarray(matrix.sum(axis=0)).ravel() / n
    square = np.asarray(matrix.multiply(matrix).sum(axis=0)).ravel() / n
    return float(np.sqrt(max(0.0, float(np.sum(square - mean**2)))))


def leading(matrix: Any, k: int) -> npt.NDArray[np.complex128]:
    """The k eigenvalues of largest modulus, the largest first, by ARPACK; the start of its search is always the same."""
    n = matrix.shape[0]
    number = whole("k", k)
    if n < 3:
        raise InvalidError(f"k is {number}, must be left out where there are less than 3 units: all are computed")
    if not 1 <= number <= n - 2:
        raise InvalidError(f"k is {number}, must be 1 to {n - 2} of {n} units; without k all are computed")
    if matrix.count_nonzero() == 0:
        return np.zeros(number, np.complex128)
    linalg = needed("scipy.sparse.linalg", "finding the leading eigenvalues of a network", "sparse")
    start = np.random.Generator(np.random.PCG64(0)).standard_normal(n)
    # Eigenvalues at the rim of a disc lie close: with room for more of them than are asked for, those of 10^4 units take
    # half of the products; digits that float32 weights do not have would take as many again.
    room = min(n, max(2 * number + 20, 200))
    try:
        found = linalg.eigs(matrix, number, v0=start, ncv=room, tol=1e-10, return_eigenvectors=False)
    except linalg.ArpackError as error:
        raise Error(f"k: the leading {number} eigenvalues were not found ({error}); without k all are computed") from None
    order = np.lexsort((-found.imag, -found.real, -np.abs(found).round(12)))
    return np.asarray(found[order], np.complex128)
