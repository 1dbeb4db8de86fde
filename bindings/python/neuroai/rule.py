"""Learning rules: where the estimate of dJ/dW comes from."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Dict, Optional

import numpy.typing as npt

from . import _c
from ._handle import Floats, Handle, Parameter, as_array, parameters, text, view
from .errors import InvalidError

if TYPE_CHECKING:
    from .trainer import Trainer

__all__ = [
    "BPTT",
    "DirectFeedbackAlignment",
    "EProp",
    "FeedbackAlignment",
    "KolenPollack",
    "RFLO",
    "Rule",
    "SignSymmetry",
    "SnAp1",
    "TruncatedBPTT",
    "WeightMirror",
]


class Rule(Handle):
    """Base of all learning rules. One rule may serve several trainers; each has feedback weights of its own."""

    def _make(self, create: Any, *arguments: Any, **numbers: float) -> None:
        pointer = _c.new(_c.nai_rule)
        create(pointer, *arguments)
        self._adopt(pointer, _c.nai_rule_destroy)
        for name, value in numbers.items():
            self.set(name, value)

    @property
    def name(self) -> str:
        """Name of the rule, such as "bptt"."""
        return text(_c.nai_rule_name(self))

    @property
    def parameters(self) -> Dict[str, Parameter]:
        """The numbers that can be set, by name, each with unit, default and range."""
        return parameters(_c.nai_rule_parameter, self)

    def set(self, parameter: str, value: float) -> None:
        """Sets a number by name."""
        _c.nai_rule_set(self, parameter, value)

    def get(self, parameter: str) -> float:
        """Reads one."""
        value = ctypes.c_double()
        _c.nai_rule_get(value, self, parameter)
        return value.value

    def __repr__(self) -> str:
        numbers = ", ".join(f"{name}={self.get(name):g}" for name in self.parameters)
        return f"{type(self).__name__}({numbers})"


class RuleAtWork:
    """The rule of one trainer: all that the rule has, and its feedback weights there."""

    def __init__(self, trainer: "Trainer", rule: Rule) -> None:
        self._trainer, self._rule = trainer, rule

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rule, name)

    def __repr__(self) -> str:
        return repr(self._rule)

    def feedback(self, source: str, target: Optional[str] = None) -> Floats:
        """Feedback weights, a view: onto a population from all outputs [n, outputs], or, with ``target``, those that
        stand in for the transposed weights of that projection [n of source, n of target]."""
        return view(self._trainer, _c.nai_trainer_feedback, self._trainer, source, target)

    def set_feedback(self, source: str, *arguments: Any) -> None:
        """``set_feedback("E", B)`` or ``set_feedback("h1", "h2", B)``, shaped as :meth:`feedback` gives them."""
        if not 1 <= len(arguments) <= 2:
            raise TypeError("set_feedback takes a population and an array, or two populations and an array")
        target: Optional[str] = arguments[0] if len(arguments) == 2 else None
        values: npt.ArrayLike = arguments[-1]
        array = as_array("values", values, self.feedback(source, target).shape)
        _c.nai_trainer_set_feedback(self._trainer, source, target, array)


# --- exact -----------------------------------------------------------------------------------------------------------


class BPTT(Rule):
    """Backpropagation through time: the exact gradient."""

    def __init__(self) -> None:
        self._make(_c.nai_rule_create_bptt)


class TruncatedBPTT(Rule):
    """Backpropagation through time within windows of ``steps`` steps: errors do not cross from one to the next."""

    def __init__(self, steps: int) -> None:
        self._make(_c.nai_rule_create_truncated_bptt, steps)


# --- local in space and time -----------------------------------------------------------------------------------------


class RFLO(Rule):
    """Random feedback local online learning (Murray 2019): learning signal times eligibility trace.

    Args:
        seed: of the random feedback from the outputs to all units; ``trainer.rule.set_feedback`` sets another.
    """

    def __init__(self, seed: int = 0) -> None:
        self._make(_c.nai_rule_create_rflo, seed)


_FEEDBACK = {
    "symmetric": _c.NAI_FEEDBACK_SYMMETRIC,
    "random": _c.NAI_FEEDBACK_RANDOM,
    "adaptive": _c.NAI_FEEDBACK_ADAPTIVE,
}
_SIGN = {"uniform": _c.NAI_SIGN_UNIFORM, "batch": _c.NAI_SIGN_BATCH, "fixed": _c.NAI_SIGN_FIXED}


def _choice(what: str, value: str, choices: Dict[str, int]) -> int:
    if value not in choices:
        raise InvalidError(f"{what} is {value!r}, must be one of {', '.join(map(repr, choices))}")
    return choices[value]


class EProp(Rule):
    """e-prop (Bellec et al. 2020) for rate units.

    Args:
        feedback: "symmetric": the transposed readout; "random": fixed, onto all units; "adaptive": random weights that
            make the moves of the readout, both with a decay.
        seed: of the feedback.
        decay: adaptive: fraction that readout and feedback lose at each update.
    """

    def __init__(self, feedback: str = "symmetric", seed: int = 0, decay: float = 1e-4) -> None:
        numbers = {"decay": decay} if feedback == "adaptive" else {}
        self._make(_c.nai_rule_create_eprop, _choice("feedback", feedback, _FEEDBACK), seed, **numbers)


class SnAp1(Rule):
    """SnAp-1 (Menick et al. 2021): as symmetric e-prop, and the trace follows a unit's synapse onto itself too."""

    def __init__(self) -> None:
        self._make(_c.nai_rule_create_snap1)


# --- without transport of weights ------------------------------------------------------------------------------------


class FeedbackAlignment(Rule):
    """Feedback alignment (Lillicrap et al. 2016): fixed random weights where backpropagation has W^T."""

    def __init__(self, seed: int = 0) -> None:
        self._make(_c.nai_rule_create_feedback_alignment, seed)


class DirectFeedbackAlignment(Rule):
    """Direct feedback alignment (Nokland 2016): fixed random weights from the outputs to every unit."""

    def __init__(self, seed: int = 0) -> None:
        self._make(_c.nai_rule_create_direct_feedback_alignment, seed)


class SignSymmetry(Rule):
    """Sign symmetry (Liao, Leibo & Poggio 2016): feedback weights have the signs of the weights, and sizes of their own.

    Args:
        form: sizes are "uniform" (uSF), drawn anew for each "batch" (brSF), or drawn once, "fixed" (frSF).
        seed: of the sizes.
    """

    def __init__(self, form: str = "uniform", seed: int = 0) -> None:
        self._make(_c.nai_rule_create_sign_symmetry, _choice("form", form, _SIGN), seed)


class KolenPollack(Rule):
    """Kolen-Pollack learning (Akrout et al. 2019): feedback weights make the moves of the weights, and both decay.

    Args:
        decay: fraction that both lose at each update: what they differ by shrinks by 1 - decay.
        seed: of the feedback at the start.
    """

    def __init__(self, decay: float = 1e-3, seed: int = 0) -> None:
        self._make(_c.nai_rule_create_kolen_pollack, decay, seed)


class WeightMirror(Rule):
    """Weight mirror (Akrout et al. 2019): feedback weights learn from noise what the weights are.

    Args:
        seed: of the feedback at the start and of the noise.
        rate: how far they move to the correlation at an update.
        noise: standard deviation of the noise.
        samples: drawn for an update.
        warm_up: updates in mirror mode alone, when the trainer is made.
    """

    def __init__(
        self, seed: int = 0, rate: float = 0.01, noise: float = 0.1, samples: int = 128, warm_up: int = 0
    ) -> None:
        self._make(
            _c.nai_rule_create_weight_mirror, seed, rate=rate, noise=noise, samples=samples, warm_up=warm_up
        )
