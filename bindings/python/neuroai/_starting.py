"""Where trials start: states of units by name, of each trial; or where another run has ended."""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Tuple, Union

import numpy as np
import numpy.typing as npt

from . import _c
from ._handle import Floats, as_array, given, joined, listed, picked, wrong_shape, wrong_type
from ._recording import variables_named
from .errors import InvalidError, UnknownNameError, brief

if TYPE_CHECKING:
    from .network import Network
    from .run import Run
    from .state import State

#: States by name, ``"E:x"``; short-term plasticity, u and x, by the names of a projection.
Values = Mapping[Union[str, Tuple[str, str]], Any]

#: Where trials start: states by name, or the end of a run.
Start = Union[Values, "State", "Run"]


def state_names(net: "Network") -> List[str]:
    """All states of all units, as ``"E:x"``."""
    found = []
    for name in net.populations:
        fields = net._fields(name) if net.model(name) != "rate" else None
        if net.model(name) == "rate":
            found.append(_main(net, name))
        elif fields is None:
            raise InvalidError(f"'{name}' is of a model that was given in C: its states are not known here by name")
        else:
            found += [f"{name}:{state}" for state in fields.states]
    return found


def _main(net: "Network", name: str) -> str:
    """What a population alone means: the state of rate units."""
    if net.model(name) != "rate":
        raise UnknownNameError(f"initial: '{name}' is of model '{net.model(name)}': say which state, as in '{name}:v'")
    return f"{name}:{'x' if net.leak(name) == 'current' else 'r'}"


def _released(net: "Network") -> List[Tuple[str, str]]:
    return [ends for ends in net.projections if net.short_term(*ends) is not None]


def variables_of(state: "State") -> Dict[Union[str, Tuple[str, str]], Any]:
    """All of them, copies."""
    found: Dict[Union[str, Tuple[str, str]], Any] = {}
    for name in state_names(state.net):
        found[name] = state.variable(name).copy()
    for ends in _released(state.net):
        u, x = state.short_term(*ends)
        found[ends] = (u.copy(), x.copy())
    return found


def _rows(what: str, value: npt.ArrayLike, trials: int, n: int) -> Floats:
    """[B, n], or [1, n] for all trials alike, from as much, [n], or one number."""
    array = given(what, value)
    if array.ndim == 0:
        array = np.full(n, array)
    if array.ndim == 1:
        array = array[None]
    if array.ndim != 2 or array.shape[0] not in (1, trials) or array.shape[1] != n:
        raise wrong_shape(what, f"[{n}] or [{trials}, {n}]", np.shape(value))
    return as_array(what, array, array.shape)


def set_state(state: "State", name: str, values: npt.ArrayLike, what: str) -> None:
    """A state of units by its name."""
    n = int(_c.nai_network_size(state.net, _c.NAI_POPULATIONS, name))
    rows = _rows(what, values, state.trials, n) if n >= 0 else np.empty((1, 0), np.float32)
    _c.nai_state_set_variable(state, name, rows, *rows.shape)


def set_released(state: "State", ends: Tuple[str, str], u: Any, x: Any, what: str) -> None:
    """u, x of a projection with short-term plasticity; None for what stays."""
    n = state.net.size(ends[0])
    rows = [None if value is None else _rows(f"{what}{name}", value, state.trials, n) for name, value in (("u", u), ("x", x))]
    shapes = {row.shape for row in rows if row is not None}
    if len(shapes) > 1:  # of one the same for all trials
        rows = [row if row is None else np.ascontiguousarray(np.broadcast_to(row, (state.trials, n))) for row in rows]
    trials = next((len(row) for row in rows if row is not None), 1)
    _c.nai_state_set_short_term(state, *ends, *rows, trials, n)


def trials_of(values: Any) -> int:
    """How many trials such values are of: those of the first that is [B, n], or 1."""
    for key, value in values.items() if isinstance(values, AnyMapping) else ():
        for part in value if isinstance(key, tuple) and isinstance(value, (tuple, list)) else (value,):
            rows = given("initial", part).shape if part is not None else ()
            if len(rows) == 2 and rows[0] > 1:
                return int(rows[0])
    return 1


def set_all(state: "State", values: Values, what: str = "values") -> None:
    """All of them, or nothing if one is refused. What synapses release is set last: it is of what is sent."""
    if not isinstance(values, AnyMapping):
        raise wrong_type(what, "a mapping from states such as 'E:x' to values, a neuroai.State or a neuroai.Run", values)
    before = state.snapshot()
    try:
        for key, value in values.items():
            if not isinstance(key, tuple):
                for name in _named(state.net, key, what):
                    set_state(state, name, value, f"{what}[{key!r}]")
        for key, value in values.items():
            if isinstance(key, tuple):
                _set_pair(state, key, value, what)
    except Exception:
        state.restore(before)
        raise


def _set_pair(state: "State", key: Any, value: Any, what: str) -> None:
    if len(key) != 2 or not all(isinstance(name, str) for name in key):
        raise wrong_type(f"{what}[{key!r}]", "names of a source and a target", key)
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise wrong_type(f"{what}[{key!r}]", "u and x, (u, x), of which one may be None", value)
    u, x = value
    set_released(state, key, u, x, f"{what}[{key!r}]: ")


def _named(net: "Network", key: Any, what: str) -> List[str]:
    """The states that a name or pattern means; a population alone is that of rate units."""
    found: List[str] = []
    for entry in joined(key, what).split():
        if ":" in entry:
            found += variables_named(net, entry)
            continue
        names = list(picked([entry], net.populations))
        if not names:
            raise UnknownNameError(f"{what}: no population is called {brief(entry)}, but {listed(net.populations) or 'none'}")
        found += [_main(net, name) for name in names]
    return found
