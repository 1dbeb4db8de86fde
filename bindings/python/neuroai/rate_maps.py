"""What one step does to a network of rate units, as a function of its state, in double precision: what the analyses of
its dynamics need, beside the library's own steps in single precision."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._closed import Closed
from ._handle import as_array, brief, expect, frozen, given, listed, wrong_shape
from ._matrices import room_for
from ._nonlinearity import FUNCTIONS
from .errors import InvalidError, NonfiniteError, OrderError, UnknownNameError, UnsupportedError
from .network import Network

__all__ = ["RateMap"]

Doubles = npt.NDArray[np.float64]

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
    """

    net: Network
    #: Units of each population, by name: slices of the state.
    parts: Dict[str, slice]
    #: Effective weights among all units, W[post, pre], float64 [N, N].
    weights: Doubles
    #: dt / tau of each unit, [N].
    alpha: Doubles
    #: W_in u + b of each unit, [N].
    drive: Doubles
    _otherwise = "make another map, na.RateMap(net, inputs)"

    def __init__(self, net: Network, inputs: Constant = None) -> None:
        expect("net", net, Network, "a neuroai.Network")
        _check(net)
        ends = np.cumsum([0, *net.populations.values()])
        parts = {name: slice(int(ends[k]), int(ends[k + 1])) for k, name in enumerate(net.populations)}
        n = int(ends[-1])
        room_for("a map", n, 2, "take a smaller network, or net.spectrum(k=10) of its weights alone")
        self._keep(net=net, parts=parts)
        self._keep(weights=frozen(self._among(n)), alpha=frozen(net.dt / self._each("tau", n)))
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

    def channels(self, inputs: Constant) -> Doubles:
        """Inputs as one array of all channels, without baselines: [channels]."""
        sizes = self.net.inputs
        if inputs is None:
            return np.zeros(sum(sizes.values()))
        if not isinstance(inputs, Mapping):
            return _finite("inputs", as_array("inputs", inputs, (sum(sizes.values()),), np.float64))
        for name in inputs:
            if name not in sizes:
                raise UnknownNameError(f"inputs: there is no input {brief(name)}, but {listed(sizes) or 'none'}")
        each = [
            _finite(f"inputs['{name}']", as_array(f"inputs['{name}']", inputs[name], (n,), np.float64))
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
                    found[self.parts[target]] += self.net.weights(name, target).astype(np.float64) @ part
        return found

    def state(self, values: npt.ArrayLike, what: str = "state") -> Doubles:
        """States as float64 [..., N], looked at."""
        array = np.asarray(given(what, values), np.float64)
        if array.ndim < 1 or array.shape[-1] != len(self.alpha):
            raise wrong_shape(what, f"[..., {len(self.alpha)}]", array.shape)
        return _finite(what, array)

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
        received: Doubles = self.rates(z) @ self.weights.T + (self.drive if drive is None else drive)
        return received

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

    def jacobian(self, state: npt.ArrayLike, drive: Optional[Doubles] = None) -> Doubles:
        """dF/dz at states [..., N]: [..., N, N], [of what, by what]. At the corner of a relu its slope is 0."""
        z = self.state(state)
        v = self._received(z, drive)
        slope = np.where(self._current, self._phi(z, 1), 1.0)
        inner = self.weights * slope[..., None, :]
        outer = np.where(self._rate, self._phi(v, 1), 1.0)
        found: Doubles = (self.alpha * outer)[..., :, None] * inner
        found = found + np.eye(len(self.alpha)) * (1 - self.alpha)
        if self._whole.any():
            y = (1 - self.alpha) * z + self.alpha * v
            found = np.where(self._whole, self._phi(y, 1), 1.0)[..., :, None] * found
        return found

    def speed(self, state: npt.ArrayLike) -> Doubles:
        """q(z) = |F(z) - z|^2 / 2 (Sussillo & Barak 2013), of a step: [...]. |dz/dt| is sqrt(2 q) / dt."""
        z = self.state(state)
        found: Doubles = 0.5 * np.sum((self.step(z) - z) ** 2, axis=-1)
        return found


def _finite(what: str, array: Any) -> Doubles:
    if not np.isfinite(array).all():
        raise NonfiniteError(f"{what}: {array[~np.isfinite(array)][0]:g} is not finite")
    found: Doubles = array
    return found


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
