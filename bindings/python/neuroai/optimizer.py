"""Optimisers: the change of a weight for a given gradient.

Their parameters can be changed while a trainer uses them, ``optimizer.rate = 1e-4``, with effect at the next update.
The running averages belong to the trainer.
"""

from __future__ import annotations

import math
from ctypes import c_double, c_int64
from typing import Any, Dict, Mapping, Optional

from . import _c
from ._closed import Setting
from ._handle import Handle, Parameter, parameters, text, whole
from ._kinds import of_their_kind
from .errors import InvalidError

__all__ = ["SGD", "Adam", "AdamW", "Momentum", "Optimizer", "RMSProp", "cosine"]


class Optimizer(Handle):
    """Base of all optimisers. Parameters are attributes: ``optimizer.rate = 1e-4`` has effect at the next update."""

    #: The learning rate.
    rate = Setting(float)

    def _make(self, create: Any, rate: float, **numbers: Optional[float]) -> None:
        pointer = _c.new(_c.nai_optimizer)
        create(pointer, rate)
        self._adopt(pointer, _c.nai_optimizer_destroy)
        self._factors: Dict[int, float] = {}
        for name, value in numbers.items():
            if value is not None:
                self.set(name, value)

    @property
    def name(self) -> str:
        """Name of the optimiser, such as "adam"."""
        return text(_c.nai_optimizer_name(self))

    @property
    def parameters(self) -> Dict[str, Parameter]:
        """The settings by name, each with unit, default and range."""
        return parameters(_c.nai_optimizer_parameter, self)

    def set(self, parameter: str, value: float) -> None:
        """Sets a number by name."""
        _c.nai_optimizer_set(self, parameter, value)

    def get(self, parameter: str) -> float:
        """Reads a number by name."""
        value = c_double()
        _c.nai_optimizer_get(value, self, parameter)
        return value.value

    def schedule(self, factors: Mapping[int, float]) -> "Optimizer":
        """Learning-rate schedule: multiplies the rate by these factors at these updates, interpolated between them.

        The first update is 0. Before the first of these updates the first factor is used, after the last the last one.
        An empty mapping removes the schedule::

            na.Adam(1e-3).schedule({0: 0, 100: 1, 5000: 0.1})    # warm up, then fall by a factor of ten
            na.Adam(1e-3).schedule(na.cosine(5000, warm_up=100))
        """
        updates = sorted(whole("factors", update) for update in factors)
        n = len(updates)
        _c.nai_optimizer_set_schedule(
            self, (c_int64 * n)(*updates), (c_double * n)(*(factors[update] for update in updates)), n
        )
        self._factors = dict(factors)
        return self

    def __reduce__(self) -> Any:
        return _again, (type(self), {name: self.get(name) for name in self.parameters}, self._factors)

    def factor(self, update: int) -> float:
        """Factor of the rate at an update, counted from 0."""
        return float(_c.nai_optimizer_factor(self, update))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={self.get(name):g}' for name in self.parameters)})"


def _again(kind: Any, numbers: Dict[str, float], factors: Dict[int, float]) -> Optimizer:
    """An optimiser from what was pickled of it."""
    optimizer: Optimizer = kind()
    for name, value in numbers.items():
        optimizer.set(name, value)
    return optimizer.schedule(factors)


class SGD(Optimizer):
    """w -= rate g"""

    def __init__(self, rate: float = 1e-2) -> None:
        self._make(_c.nai_optimizer_create_sgd, rate)


class Momentum(Optimizer):
    """m = momentum m + g; w -= rate m. Default: momentum 0.9."""

    momentum = Setting(float)

    def __init__(self, rate: float = 1e-2, momentum: Optional[float] = None) -> None:
        self._make(_c.nai_optimizer_create_momentum, rate, momentum=momentum)


class RMSProp(Optimizer):
    """s = decay s + (1-decay) g^2; w -= rate g / (sqrt(s) + epsilon). Defaults: decay 0.99, epsilon 1e-8."""

    decay = Setting(float)
    epsilon = Setting(float)

    def __init__(self, rate: float = 1e-3, decay: Optional[float] = None, epsilon: Optional[float] = None) -> None:
        self._make(_c.nai_optimizer_create_rmsprop, rate, decay=decay, epsilon=epsilon)


class Adam(Optimizer):
    """Kingma & Ba 2015, with bias correction. Defaults: beta1 0.9, beta2 0.999, epsilon 1e-8."""

    beta1 = Setting(float)
    beta2 = Setting(float)
    epsilon = Setting(float)

    def __init__(
        self,
        rate: float = 1e-3,
        beta1: Optional[float] = None,
        beta2: Optional[float] = None,
        epsilon: Optional[float] = None,
    ) -> None:
        self._make(_c.nai_optimizer_create_adam, rate, beta1=beta1, beta2=beta2, epsilon=epsilon)


class AdamW(Optimizer):
    """Loshchilov & Hutter 2019: Adam, and separately w -= rate decay w. Default: decay 0.01."""

    decay = Setting(float)
    beta1 = Setting(float)
    beta2 = Setting(float)
    epsilon = Setting(float)

    def __init__(
        self,
        rate: float = 1e-3,
        decay: Optional[float] = None,
        beta1: Optional[float] = None,
        beta2: Optional[float] = None,
        epsilon: Optional[float] = None,
    ) -> None:
        self._make(_c.nai_optimizer_create_adamw, rate, decay=decay, beta1=beta1, beta2=beta2, epsilon=epsilon)


@of_their_kind
def cosine(steps: int, warm_up: int = 0, least: float = 0.0) -> Dict[int, float]:
    """Factors for ``Optimizer.schedule``: a rise from 0 over ``warm_up`` updates, then half a cosine down to ``least``."""
    if warm_up < 0:
        raise InvalidError(f"warm_up is {warm_up}, must be at least 0")
    if steps <= warm_up:
        raise InvalidError(f"steps is {steps}, must be above warm_up, {warm_up}")
    factors = {0: 0.0} if warm_up else {}
    knots = min(200, steps - warm_up)
    for k in range(knots + 1):
        part = k / knots
        factors[warm_up + round(part * (steps - warm_up))] = least + (1 - least) * (1 + math.cos(math.pi * part)) / 2
    return factors
