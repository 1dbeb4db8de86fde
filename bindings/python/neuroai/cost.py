"""Costs of the task, and of resources that are scarce in a brain.

Costs can be added and weighted: ``na.CrossEntropy("choice") + 1e-5 * na.L2Rates("E I")``. A trainer reports each cost
separately, multiplied by its weight. For a cost of your own, derive from :class:`Cost`.
"""

from __future__ import annotations

from typing import Any, ClassVar, ContextManager, List, Optional, Tuple, Union

from . import _c
from ._callback import ErrorBatch, OutputBatch, RateBatch, Synapses, callback, called, destroy, lent, number, register
from ._closed import Closed
from ._handle import SHOWN, Names, brief, joined, listed

__all__ = [
    "BinaryCrossEntropy",
    "Communicability",
    "Cost",
    "Costs",
    "CrossEntropy",
    "Distance",
    "L1Rates",
    "L1Weights",
    "L2Rates",
    "L2Weights",
    "LogisticMSE",
    "MSE",
    "RateTarget",
    "UnitRateTarget",
    "VanishingGradient",
]


class Costs(Closed):
    """A weighted sum of costs, made by ``+`` and ``*``. ``terms``: pairs of weight and cost."""

    terms: Tuple[Tuple[float, "Cost"], ...]
    _otherwise = "add costs up to make another"

    def __init__(self, terms: Tuple[Tuple[float, "Cost"], ...]) -> None:
        self._keep(terms=tuple(terms))

    def __add__(self, other: Union["Cost", "Costs"]) -> "Costs":
        if isinstance(other, (Cost, Costs)):
            return Costs(self.terms + _terms(other))
        return NotImplemented

    def __radd__(self, other: Any) -> "Costs":
        return self if other == 0 else NotImplemented  # so that sum() works

    def __mul__(self, weight: float) -> "Costs":
        return Costs(tuple((float(weight) * beta, cost) for beta, cost in self.terms))

    __rmul__ = __mul__

    def __repr__(self) -> str:
        shown = (repr(cost) if beta == 1 else f"{beta:g} * {cost!r}" for beta, cost in self.terms[:SHOWN])
        return listed(shown, total=len(self.terms), between=" + ")


class Cost(Closed):
    """Base of all costs, and of your own.

    A subclass overrides one of :meth:`on_outputs`, :meth:`on_rates`, :meth:`on_weights` and :meth:`on_errors`. Each returns the
    cost's value J, without its weight, and adds ``scale * dJ/d...`` to the ``gradient`` of its argument, unless that is
    None. An exception in these methods is raised by the call that led to them.

    Args:
        names: outputs (for on_outputs), populations (on_rates, on_errors), or where projections come from (on_weights); a list
            separated by spaces, entries may be shell patterns.
        to: where the projections go, for on_weights.
        name: name in reports; default: the name of the class.

    Set ``separable`` on a class whose ``on_rates`` is a sum over steps and trials: it may then be called on parts of a
    batch; ``by_synapse`` where ``on_weights`` is a sum over synapses that exist: of listed projections it is then shown
    those onto one unit at a time, instead of a matrix of all pairs.
    """

    names: str = ""
    to: Optional[str] = None
    name: str = ""
    separable: bool = False
    by_synapse: bool = False
    _settable = ("names", "to", "name", "separable", "by_synapse")
    _otherwise = "make another cost"

    def __setattr__(self, name: str, value: Any) -> None:
        if name in Cost._settable and "_met" in vars(self):
            raise AttributeError(f"{type(self).__name__}.{name}: the library has it already; make another cost")
        super().__setattr__(name, value)

    def __init__(self, names: Names, to: Optional[Names] = None, name: str = "") -> None:
        self.names = joined(names)
        self.to = None if to is None else joined(to, "to")
        if name:
            self.name = name

    def on_outputs(self, batch: OutputBatch) -> float:
        """The cost of one output over a batch; called for each output named."""
        raise NotImplementedError

    def on_rates(self, batch: RateBatch) -> float:
        """The cost of one population's rates over a batch, or a part of one; called for each population named."""
        raise NotImplementedError

    def on_weights(self, synapses: List[Synapses], scale: float) -> float:
        """The cost of the weights of all projections named, together; add scale * dJ/dw to each one's gradient."""
        raise NotImplementedError

    def on_errors(self, batch: ErrorBatch) -> float:
        """A cost on the errors that propagate back through all populations named, together."""
        raise NotImplementedError

    def _create(self) -> Any:
        """A new C object, of which the caller has one reference."""
        ops = _c.nai_cost_ops(destroy=destroy)
        ops.name = (self.name or type(self).__name__).encode()
        ops.flags = _c.NAI_COST_SEPARABLE if self.separable else 0
        ops.flags |= _c.NAI_COST_BY_SYNAPSE if self.by_synapse else 0
        if type(self).on_outputs is not Cost.on_outputs:
            ops.on_outputs = _on_outputs
        if type(self).on_rates is not Cost.on_rates:
            ops.on_rates = _on_rates
        if type(self).on_weights is not Cost.on_weights:
            ops.on_weights = _on_weights
        if type(self).on_errors is not Cost.on_errors:
            ops.on_errors = _on_errors
        pointer = _c.new(_c.nai_cost)
        _c.nai_cost_create(pointer, ops, self.names, self.to, register(self))
        vars(self)["_met"] = True
        return pointer

    def _lent(self) -> ContextManager[Any]:
        """The C object for the length of one call, which may keep a reference."""
        return lent(self._create, _c.nai_cost_destroy)

    def _about(self) -> str:
        """What the cost is on, to tell apart two of one name."""
        return self.names if self.to is None else f"{self.names} -> {self.to}"

    def __add__(self, other: Union["Cost", Costs]) -> Costs:
        return Costs(_terms(self)) + other

    def __radd__(self, other: Any) -> Costs:
        return Costs(_terms(self)).__radd__(other)

    def __mul__(self, weight: float) -> Costs:
        return Costs(_terms(self)) * weight

    __rmul__ = __mul__

    def __repr__(self) -> str:
        return f"{type(self).__name__}({brief(self.names)}" + (")" if self.to is None else f", {brief(self.to)})")


def _terms(cost: Union[Cost, Costs]) -> Tuple[Tuple[float, Cost], ...]:
    return cost.terms if isinstance(cost, Costs) else ((1.0, cost),)


@callback(_c.on_outputs)
def _on_outputs(cost: Cost, batch: Any, value: Any) -> None:
    shown = OutputBatch(batch.contents)
    value[0] += number("on_outputs", called(cost.on_outputs, [shown], shown))


@callback(_c.on_rates)
def _on_rates(cost: Cost, batch: Any, value: Any) -> None:
    shown = RateBatch(batch.contents)
    value[0] += number("on_rates", called(cost.on_rates, [shown], shown))


@callback(_c.on_weights)
def _on_weights(cost: Cost, synapses: Any, n: int, scale: float, value: Any) -> None:
    shown = [Synapses(synapses[i].contents, "on_weights") for i in range(n)]
    value[0] += number("on_weights", called(cost.on_weights, shown, shown, scale))


@callback(_c.on_errors)
def _on_errors(cost: Cost, batch: Any, value: Any) -> None:
    shown = ErrorBatch(batch.contents)
    value[0] += number("on_errors", called(cost.on_errors, [shown], shown))


class _Builtin(Cost):
    """One of the library's own: what it names is checked when it meets a network."""

    normalise: bool
    _make: ClassVar[Any]

    def __init__(self, names: Names, to: Optional[Names] = None, normalise: bool = False, **values: float) -> None:
        super().__init__(names, to)
        self._keep(normalise=bool(normalise), **values)
        self._values = values  # numbers that the C function takes after the names
        _c.nai_cost_destroy(self._create())
        self._met = True

    def _create(self) -> Any:
        pointer = _c.new(_c.nai_cost)
        type(self)._make(pointer, self.names, *(() if self.to is None else (self.to,)), *self._values.values())
        if self.normalise:
            try:
                _c.nai_cost_set_normalise(pointer, 1)
            except BaseException:
                _c.nai_cost_destroy(pointer)
                raise
        return pointer

    def __repr__(self) -> str:
        numbers = [f"{name}={value!r}" for name, value in self._values.items()]
        return ", ".join([super().__repr__()[:-1], *numbers, *(["normalise=True"] if self.normalise else [])]) + ")"


class MSE(_Builtin):
    """Task: sum m (z-y)^2 / sum m over steps, trials and channels of an output; m is the trials' mask."""

    _make = staticmethod(_c.nai_cost_create_mse)

    def __init__(self, output: str) -> None:
        super().__init__(output)


class CrossEntropy(_Builtin):
    """Task: softmax cross-entropy of an output and the correct class, sum m nll / sum m over steps and trials."""

    _make = staticmethod(_c.nai_cost_create_cross_entropy)

    def __init__(self, output: str) -> None:
        super().__init__(output)


class LogisticMSE(_Builtin):
    """Task: sum m (s-y)^2 / sum m of logistic outputs, s = 1 / (1 + exp(-z)) (Yang et al. 2019)."""

    _make = staticmethod(_c.nai_cost_create_logistic_mse)

    def __init__(self, output: str) -> None:
        super().__init__(output)


class BinaryCrossEntropy(_Builtin):
    """Task: cross-entropy of each channel: sum m (-y log s - (1-y) log(1-s)) / sum m, s = 1 / (1 + exp(-z)).

    Targets are probabilities, 0 to 1.
    """

    _make = staticmethod(_c.nai_cost_create_binary_cross_entropy)

    def __init__(self, output: str) -> None:
        super().__init__(output)


class L1Rates(_Builtin):
    """(1/trials) sum |r| over steps, trials and units of these populations.

    Args:
        names: populations.
        normalise: make it the mean over steps that count, trials and units.
    """

    _make = staticmethod(_c.nai_cost_create_l1_rates)

    def __init__(self, names: Names, *, normalise: bool = False) -> None:
        super().__init__(names, normalise=normalise)


class RateTarget(_Builtin):
    """Homeostasis of rates (Goudar et al. 2023): abs(mean of r^2 - target).

    The mean is over the steps that count, trials and units of all these populations together.

    Args:
        names: populations.
        target: the mean of r^2 with a cost of 0, at least 0.
    """

    target: float
    _make = staticmethod(_c.nai_cost_create_rate_target)

    def __init__(self, names: Names, target: float) -> None:
        super().__init__(names, target=target)


class UnitRateTarget(_Builtin):
    """Homeostasis of each unit (Bellec et al. 2020): 1/2 sum over units of (f - target)^2.

    f is a unit's mean rate over the steps that count and trials: of units that spike, so many a step.

    Args:
        names: populations.
        target: the mean rate with a cost of 0, at least 0; 0.01 are 10 Hz where dt is 1 ms.
    """

    target: float
    _make = staticmethod(_c.nai_cost_create_unit_rate_target)

    def __init__(self, names: Names, target: float) -> None:
        super().__init__(names, target=target)


class VanishingGradient(_Builtin):
    """The term of Song et al. 2016 against vanishing gradients, on the recurrent weights of these populations.

    The mean over steps and trials of (|v|^2 / |d|^2 - 1)^2, where d = dJ/dx(t) and v is d propagated back by one step.
    Its gradient is the immediate one, with d held constant. The leak must be on the current.
    """

    _make = staticmethod(_c.nai_cost_create_vanishing_gradient)

    def __init__(self, names: Names) -> None:
        super().__init__(names)


class L2Rates(_Builtin):
    """(1/trials) sum r^2 over steps, trials and units of these populations.

    Args:
        names: populations.
        normalise: make it the mean over steps that count, trials and units.
    """

    _make = staticmethod(_c.nai_cost_create_l2_rates)

    def __init__(self, names: Names, *, normalise: bool = False) -> None:
        super().__init__(names, normalise=normalise)


class L1Weights(_Builtin):
    """sum |w| over the projections from ``source`` to ``target``.

    Args:
        source: where the projections come from.
        target: where they go.
        normalise: divide by the number of synapses that exist.
    """

    _make = staticmethod(_c.nai_cost_create_l1_weights)

    def __init__(self, source: Names, target: Names, *, normalise: bool = False) -> None:
        super().__init__(source, target, normalise)


class L2Weights(_Builtin):
    """sum w^2 over the projections from ``source`` to ``target``.

    Args:
        source: where the projections come from.
        target: where they go.
        normalise: divide by the number of synapses that exist.
    """

    _make = staticmethod(_c.nai_cost_create_l2_weights)

    def __init__(self, source: Names, target: Names, *, normalise: bool = False) -> None:
        super().__init__(source, target, normalise)


class Distance(_Builtin):
    """Wiring: sum |w| d over the projections from ``source`` to ``target``, with the distance d of the two units, mm.

    Args:
        source: where the projections come from.
        target: where they go.
        normalise: divide by the number of synapses that exist.
    """

    _make = staticmethod(_c.nai_cost_create_distance)

    def __init__(self, source: Names, target: Names, *, normalise: bool = False) -> None:
        super().__init__(source, target, normalise)


class Communicability(_Builtin):
    """Wiring, weighted by communicability (Achterberg et al. 2023), which includes indirect paths: sum |w| d C^exponent.

    C is exp(S^-1/2 |W| S^-1/2) without its diagonal, S the sum of |W| from each unit within these projections; the
    communicability of a unit without such weights is 0. The gradient includes the dependence of C on the weights.

    Args:
        source: where the projections come from.
        target: where they go. All together form one square matrix: the same populations are at both ends.
        exponent: of C, above 0.
        normalise: divide by the number of synapses that exist.
    """

    exponent: float
    _make = staticmethod(_c.nai_cost_create_communicability)

    def __init__(self, source: Names, target: Names, exponent: float = 1.0, *, normalise: bool = False) -> None:
        super().__init__(source, target, normalise, exponent=exponent)
