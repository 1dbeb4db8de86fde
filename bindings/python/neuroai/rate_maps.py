"""What one step does to a network of rate units, as a function of its state, in double precision: what the analyses of
its dynamics need, beside the library's own steps in single precision."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._closed import Closed
from ._handle import as_array, brief, expect, finite, frozen, given, listed, single, wrong_shape
from ._matrices import room_for
from ._needed import has, needed
from ._nonlinearity import FUNCTIONS
from .errors import InvalidError, OrderError, UnknownNameError, UnsupportedError
from .network import Network
from .synapse_list import columns, count, synapses

__all__ = ["RateMap"]

Doubles = npt.NDArray[np.float64]

#: Units from which on a map is sparse by itself, where at most this fraction of their pairs has a synapse.
_LARGE, _FEW = 2000, 0.1

#: Inputs that do not change: numbers of all channels in order, or by the name of the input; the others are 0.
Constant = Union[npt.ArrayLike, Mapping[str, npt.ArrayLike], None]


class RateMap(Closed):
    """The map z_t = F(z_(t-1)) that a step of a network of rate units is, without noise, and its Jacobian.

    The state z has one number a unit, of the populations in the order of ``net.populations``: x of a unit with the leak on
    the current, r of one with the leak on the rate. With v = W r + W_in u + b and alpha = dt / tau (docs/equations.md)::

        current    F(z) = (1 - alpha) z + alpha v,      r = phi(z)      DF = (1 - alpha) I + alpha W diag(phi'(z))
        rate       F(z) = (1 - alpha) z + alpha phi(v),     r = z       DF = (1 - alpha) I + alpha diag(phi'(v)) W
        whole      F(z) = phi((1 - alpha) z + alpha v),     r = z       DF = diag(phi') ((1 - alpha) I + alpha W)

    Args:
        net: a built network of rate units, all of whose projections between populations have a delay of one step, and
            no short-term plasticity. Its weights are copied: of a network that has learnt since, make another map.
        inputs: that stay as they are: [channels of all inputs], in order; or a mapping from an input's name to [n].
            Baselines of inputs are added, and rectified as the network does.
        sparse: whether weights and Jacobians are sparse matrices of SciPy, ``csr_matrix``, of the synapses that exist. None:
            those of more than 2000 units of which at most a tenth of the pairs has a synapse, where there is SciPy.
    """

    net: Network
    #: Units of each population, by name: slices of the state.
    parts: Dict[str, slice]
    #: Effective weights among all units, W[post, pre], float64 [N, N]; a ``csr_matrix`` where the map is sparse.
    weights: Any
    #: Whether matrices are those of SciPy.
    sparse: bool
    #: dt / tau of each unit, [N].
    alpha: Doubles
    #: W_in u + b of each unit, [N].
    drive: Doubles
    _otherwise = "make another map, na.RateMap(net, inputs)"

    def __init__(self, net: Network, inputs: Constant = None, sparse: Optional[bool] = None) -> None:
        expect("net", net, Network, "a neuroai.Network")
        _check(net)
        ends = np.cumsum([0, *net.populations.values()])
        parts = {name: slice(int(ends[k]), int(ends[k + 1])) for k, name in enumerate(net.populations)}
        n = int(ends[-1])
        self._keep(net=net, parts=parts, sparse=_whether_sparse(net, n) if sparse is None else bool(sparse))
        if not self.sparse:
            room_for("a map", n, 2, "take na.RateMap(net, inputs, sparse=True)")
        self._keep(weights=self._listed() if self.sparse else frozen(self._among(n)))
        self._keep(alpha=frozen(net.dt / self._each("tau", n)))
        self._bias = np.concatenate([np.asarray(net.bias(name), np.float64) for name in parts])
        self._gain, self._exponent = self._each("gain", n), self._each("exponent", n)
        leaks = {name: net.leak(name) for name in parts}
        self._current, self._rate, self._whole = (self._units(leaks, word) for word in ("current", "rate", "whole"))
        self._groups: List[Tuple[slice, str]] = [(units, net.transfer(name)) for name, units in parts.items()]
        self._keep(drive=frozen(self.drive_of(inputs)))

    def __repr__(self) -> str:
        return f"<RateMap: {len(self.alpha)} units of {listed(self.parts)}, a step of {self.net.dt:g} ms>"

    def _each(self, parameter: str, n: int) -> Doubles:
        found = np.empty(n)
        for name, units in self.parts.items():
            found[units] = self.net.get(name, parameter)
        return found

    def _units(self, leaks: Mapping[str, str], word: str) -> npt.NDArray[np.bool_]:
        found = np.zeros(len(self.alpha), bool)
        for name, units in self.parts.items():
            found[units] = leaks[name] == word
        return found

    def _among(self, n: int) -> Doubles:
        found = np.zeros((n, n))
        for source, target in self.net.projections:
            if source in self.parts and target in self.parts:
                found[self.parts[target], self.parts[source]] += self.net.weights(source, target)
        return found

    def _listed(self) -> Any:
        """The same of the synapses that exist alone."""
        needed("scipy.sparse", "a sparse map", "sparse")
        found = synapses(self.net, list(self.parts), list(self.parts))
        return found.matrix(found.weight.astype(np.float64))

    def channels(self, inputs: Constant) -> Doubles:
        """Inputs as one array of all channels, without baselines: [channels]."""
        sizes = self.net.inputs
        if inputs is None:
            return np.zeros(sum(sizes.values()))
        if not isinstance(inputs, Mapping):
            return single("inputs", as_array("inputs", inputs, (sum(sizes.values()),), np.float64))
        for name in inputs:
            if name not in sizes:
                raise UnknownNameError(f"inputs: there is no input {brief(name)}, but {listed(sizes) or 'none'}")
        each = [
            single(f"inputs['{name}']", as_array(f"inputs['{name}']", inputs[name], (n,), np.float64))
            if name in inputs
            else np.zeros(n)
            for name, n in sizes.items()
        ]
        return np.concatenate([np.zeros(0), *each])

    def drive_of(self, inputs: Constant) -> Doubles:
        """W_in u + b of each unit with these inputs, [N]."""
        u, found, start = self.channels(inputs), self._bias.copy(), 0
        for name, n in self.net.inputs.items():
            part = u[start : start + n] + self.net.get(name, "baseline")
            part = np.where(self.net.get(name, "rectify") != 0, np.maximum(part, 0), part)
            start += n
            for target in (target for source, target in self.net.projections if source == name):
                if target in self.parts:
                    found[self.parts[target]] += _arriving(self.net, name, target, part)
        return found

    def state(self, values: npt.ArrayLike, what: str = "state") -> Doubles:
        """States as float64 [..., N], looked at."""
        array = np.asarray(given(what, values), np.float64)
        if array.ndim < 1 or array.shape[-1] != len(self.alpha):
            raise wrong_shape(what, f"[..., {len(self.alpha)}]", array.shape)
        return finite(what, array)

    def _phi(self, x: Doubles, which: int) -> Doubles:
        found = np.empty_like(x)
        for units, transfer in self._groups:
            found[..., units] = FUNCTIONS[transfer][which](x[..., units], self._exponent[units])
        return self._gain * found

    def rates(self, state: npt.ArrayLike) -> Doubles:
        """What units send in states [..., N]: their rates, [..., N]."""
        z = self.state(state)
        return np.where(self._current, self._phi(z, 0), z) if self._current.any() else z.copy()

    def _received(self, z: Doubles, drive: Optional[Doubles]) -> Doubles:
        received: Doubles = self._weighted(self.rates(z)) + (self.drive if drive is None else drive)
        return received

    def _weighted(self, rates: Doubles) -> Doubles:
        """W r of each row."""
        if not self.sparse:
            return np.asarray(rates @ self.weights.T)
        rows = rates.reshape(-1, len(self.alpha))
        return np.ascontiguousarray((self.weights @ rows.T).T).reshape(rates.shape)

    def step(self, state: npt.ArrayLike, drive: Optional[Doubles] = None) -> Doubles:
        """The states one step later, F(z): [..., N] of [..., N]. ``drive``: instead of that of the map's inputs."""
        z = self.state(state)
        v = self._received(z, drive)
        leaky = (1 - self.alpha) * z
        found: Doubles = leaky + self.alpha * v
        if not self._current.all():
            found = np.where(self._rate, leaky + self.alpha * self._phi(v, 0), found)
            found = np.where(self._whole, self._phi(leaky + self.alpha * v, 0), found)
        return found

    def jacobian(self, state: npt.ArrayLike, drive: Optional[Doubles] = None) -> Any:
        """dF/dz at states [..., N]: [..., N, N], [of what, by what]. At the corner of a relu its slope is 0.

        Of a sparse map a ``csr_matrix``, at one state [N].
        """
        z = self.state(state)
        if self.sparse and z.ndim > 1:
            raise InvalidError(f"state: expected one, [{z.shape[-1]}], as the map is sparse, got {z.shape}")
        outer, slope, after = self._slopes(z, drive)
        if self.sparse:
            diags = needed("scipy.sparse", "a sparse map", "sparse").diags
            matrix = diags(after * self.alpha * outer) @ self.weights @ diags(slope)
            return (matrix + diags(after * (1 - self.alpha))).tocsr()
        inner = self.weights * slope[..., None, :]
        found: Doubles = (self.alpha * outer)[..., :, None] * inner
        found = found + np.eye(len(self.alpha)) * (1 - self.alpha)
        return after[..., :, None] * found if self._whole.any() else found

    def _slopes(self, z: Doubles, drive: Optional[Doubles]) -> Tuple[Doubles, Doubles, Doubles]:
        """DF = diag(third) ((1 - alpha) I + diag(alpha first) W diag(second))."""
        slope = np.where(self._current, self._phi(z, 1), 1.0)
        outer, after = np.ones(z.shape), np.ones(z.shape)
        if self._current.all():
            return outer, slope, after
        v = self._received(z, drive)
        outer = np.where(self._rate, self._phi(v, 1), 1.0)
        if self._whole.any():
            after = np.where(self._whole, self._phi((1 - self.alpha) * z + self.alpha * v, 1), 1.0)
        return outer, slope, after

    def carry(self, state: npt.ArrayLike, differences: npt.ArrayLike, drive: Optional[Doubles] = None) -> Doubles:
        """DF d at a state [N] of small differences d, [N] or as columns [N, k]; a sparse map makes no Jacobian for it."""
        z, d = self.state(state), np.asarray(differences, np.float64)
        if z.ndim > 1 or d.ndim not in (1, 2) or len(d) != len(z):
            raise InvalidError(f"differences: expected [{z.shape[-1]}] or [{z.shape[-1]}, k] at one state, got {d.shape} at {z.shape}")
        if not self.sparse:
            return np.asarray(self.jacobian(z, drive) @ d)
        down = (slice(None),) + (None,) * (d.ndim - 1)
        outer, slope, after = (each[down] for each in self._slopes(z, drive))
        alpha = self.alpha[down]
        found: Doubles = after * (alpha * outer * (self.weights @ (slope * d)) + (1 - alpha) * d)
        return found

    def speed(self, state: npt.ArrayLike) -> Doubles:
        """q(z) = |F(z) - z|^2 / 2 (Sussillo & Barak 2013), of a step: [...]. |dz/dt| is sqrt(2 q) / dt."""
        z = self.state(state)
        found: Doubles = 0.5 * np.sum((self.step(z) - z) ** 2, axis=-1)
        return found


def _whether_sparse(net: Network, n: int) -> bool:
    names = " ".join(net.populations)
    return n > _LARGE and has("scipy.sparse") and count(net, names, names) <= _FEW * n * n


def _arriving(net: Network, source: str, target: str, sent: Doubles) -> Doubles:
    """W u of a projection, without a matrix where it is listed."""
    if net.storage(source, target) != "listed":
        return np.asarray(net.weights(source, target).astype(np.float64) @ sent)
    found = columns(net, source, target, ("post", "pre", "weight"))
    return np.asarray(np.bincount(found["post"], found["weight"] * sent[found["pre"]], net.size(target)), np.float64)


def _check(net: Network) -> None:
    """The map has one number a unit: what has memory besides is refused."""
    if not net.built:
        raise OrderError("net: it must be built: net.build()")
    for name in net.populations:
        if net.model(name) != "rate":
            raise UnsupportedError(f"net: '{name}' is of the model '{net.model(name)}', must be of rate units")
    for source, target in net.projections:
        if target not in net.populations:
            continue
        least, delay = (0.0 if source in net.inputs else net.dt), net.delay(source, target)
        if abs(delay - least) > 1e-6 * net.dt:
            raise UnsupportedError(
                f"net: the delay from '{source}' to '{target}' is {delay:g} ms, must be {least:g}: "
                "the state would be more than one number a unit"
            )
        if net.short_term(source, target) is not None:
            raise UnsupportedError(f"net: synapses from '{source}' to '{target}' have short-term plasticity, must have none")
    if not net.populations:
        raise InvalidError("net: it has no population")
