"""Some units of some populations, as calls take them: names with units, or a mapping from names to units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Mapping, Optional, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._handle import Names, as_array, describe, given, joined, picked, wrong_shape, wrong_type
from .errors import InvalidError

if TYPE_CHECKING:
    from .network import Network

#: Populations, or for some populations (a name, several, a pattern) which units: numbers from 0, or a mask of bool [n].
Chosen = Union[Names, Mapping[str, npt.ArrayLike]]

#: Names as the C library takes them, and the units of each; None for all.
Part = Tuple[str, Optional[npt.NDArray[np.int64]]]


def chosen(
    net: "Network", names: Chosen, units: Optional[npt.ArrayLike] = None, inputs_too: bool = False
) -> List[Part]:
    """What ``names`` and ``units`` of a call mean; ``inputs_too``: names may be those of inputs."""
    sizes = {**net.populations, **(net.inputs if inputs_too else {})}
    if not isinstance(names, Mapping):
        given = joined(names)
        return [(given, None if units is None else _numbers(sizes, given, units, "units"))]
    if units is not None:
        raise InvalidError("units: the names are a mapping, which has the units already")
    if not names:
        raise InvalidError("names: the mapping is empty")
    return [(name, _numbers(sizes, name, value, f"units of '{name}'")) for name, value in names.items()]


def numbers_of(net: "Network", names: str, units: npt.ArrayLike, what: str) -> npt.NDArray[np.int64]:
    """Units of populations as numbers, which may be given as a mask of bool [n]."""
    return _numbers(net.populations, names, units, what)


def _numbers(sizes: Mapping[str, int], names: str, units: npt.ArrayLike, what: str) -> npt.NDArray[np.int64]:
    """The same of anything that has so many units."""
    if not isinstance(names, str):
        raise wrong_type("names", "names of populations", names)
    array = given(what, units) if np.size(units) else np.asarray(units)
    if array.dtype.kind == "b":
        return np.flatnonzero(_mask(sizes, names, array, what)).astype(np.int64)
    if array.size == 0:
        array = array.astype(np.int64)
    return as_array(what, np.atleast_1d(array), ("n",), np.int64)


def _mask(sizes: Mapping[str, int], names: str, mask: npt.NDArray[Any], what: str) -> npt.NDArray[Any]:
    """One entry a unit, in each of the populations."""
    for name, n in picked(names.split(), sizes).items():
        if mask.shape != (n,):
            raise wrong_shape(what, f"{describe((n,))}, the units of '{name}'", mask.shape)
    return mask

