"""Learning rules: where the estimate of dJ/dW comes from."""

from __future__ import annotations

from . import _c
from ._handle import Handle, text

__all__ = ["BPTT", "Rule"]


class Rule(Handle):
    """Base of all learning rules. One rule may serve several trainers."""

    @property
    def name(self) -> str:
        """Name of the rule, such as "bptt"."""
        return text(_c.nai_rule_name(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class BPTT(Rule):
    """Backpropagation through time: the exact gradient."""

    def __init__(self) -> None:
        pointer = _c.new(_c.nai_rule)
        _c.nai_rule_create_bptt(pointer)
        self._adopt(pointer, _c.nai_rule_destroy)
