"""Optimisers: how far a weight moves for a given gradient.

The settings can be changed while a trainer uses them, ``optimizer.rate = 1e-4``; they take effect at its next update.
The running averages belong to the trainer.
"""

from __future__ import annotations

from ctypes import c_double
from typing import Any, Dict, Optional

from . import _c
from ._handle import Handle, Parameter, parameters, text

__all__ = ["SGD", "Adam", "AdamW", "Momentum", "Optimizer", "RMSProp"]


class Optimizer(Handle):
    """Base of all optimisers."""

    def _make(self, create: Any, rate: float, **numbers: Optional[float]) -> None:
        pointer = _c.new(_c.nai_optimizer)
        create(pointer, rate)
        self._adopt(pointer, _c.nai_optimizer_destroy)
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

    @property
    def rate(self) -> float:
        """The learning rate."""
        return self.get("rate")

    @rate.setter
    def rate(self, rate: float) -> None:
        self.set("rate", rate)

    def set(self, parameter: str, value: float) -> None:
        """Sets a number by name."""
        _c.nai_optimizer_set(self, parameter, value)

    def get(self, parameter: str) -> float:
        """Reads a number by name."""
        value = c_double()
        _c.nai_optimizer_get(value, self, parameter)
        return value.value

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={self.get(name):g}' for name in self.parameters)})"


class SGD(Optimizer):
    """w -= rate g"""

    def __init__(self, rate: float = 1e-2) -> None:
        self._make(_c.nai_optimizer_create_sgd, rate)


class Momentum(Optimizer):
    """m = momentum m + g; w -= rate m. A number not given keeps the library's default: momentum 0.9."""

    def __init__(self, rate: float = 1e-2, momentum: Optional[float] = None) -> None:
        self._make(_c.nai_optimizer_create_momentum, rate, momentum=momentum)


class RMSProp(Optimizer):
    """s = decay s + (1-decay) g^2; w -= rate g / (sqrt(s) + epsilon). Defaults: decay 0.99, epsilon 1e-8."""

    def __init__(self, rate: float = 1e-3, decay: Optional[float] = None, epsilon: Optional[float] = None) -> None:
        self._make(_c.nai_optimizer_create_rmsprop, rate, decay=decay, epsilon=epsilon)


class Adam(Optimizer):
    """Kingma & Ba 2015, with bias correction. Defaults: beta1 0.9, beta2 0.999, epsilon 1e-8."""

    def __init__(
        self,
        rate: float = 1e-3,
        beta1: Optional[float] = None,
        beta2: Optional[float] = None,
        epsilon: Optional[float] = None,
    ) -> None:
        self._make(_c.nai_optimizer_create_adam, rate, beta1=beta1, beta2=beta2, epsilon=epsilon)


class AdamW(Optimizer):
    """Loshchilov & Hutter 2019: Adam, and w -= rate decay w apart from it. Default of decay: 0.01."""

    def __init__(
        self,
        rate: float = 1e-3,
        decay: Optional[float] = None,
        beta1: Optional[float] = None,
        beta2: Optional[float] = None,
        epsilon: Optional[float] = None,
    ) -> None:
        self._make(_c.nai_optimizer_create_adamw, rate, decay=decay, beta1=beta1, beta2=beta2, epsilon=epsilon)
