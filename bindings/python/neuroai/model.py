"""Unit models: what populations receive, keep and send."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Dict, List, Tuple

from . import _c
from ._handle import text, texts
from .errors import InvalidError

__all__ = ["Field", "UnitModel", "models"]


@dataclass(frozen=True)
class Field:
    """A size, parameter, state, port or signal of a model."""

    #: Name.
    name: str
    #: Unit, such as "ms".
    unit: str
    #: What it is.
    meaning: str
    #: Its default; where a state starts.
    initial: float
    #: Smallest value allowed; as ``high`` if any is.
    low: float
    #: Largest value allowed.
    high: float
    #: Of a port: sign of the weights onto it.
    sign: int
    #: Of a state, port or parameter: the size that says how many copies a unit has; or "".
    copies: str
    #: Words that a parameter takes.
    words: Tuple[str, ...]


@dataclass(frozen=True)
class UnitModel:
    """The fields of a unit model, by name."""

    #: Its name.
    name: str
    #: Whole numbers, chosen when a population is added.
    sizes: Dict[str, Field]
    #: Numbers, one a unit, that :meth:`Network.set` takes.
    parameters: Dict[str, Field]
    #: What a unit keeps from step to step.
    states: Dict[str, Field]
    #: What it receives; the first is what is meant where none is named.
    ports: Dict[str, Field]
    #: What it sends; the first likewise.
    signals: Dict[str, Field]


def _fields(model: str, which: int) -> Dict[str, Field]:
    found: List[Field] = []
    field = _c.nai_field(struct_size=ctypes.sizeof(_c.nai_field))
    while True:
        try:
            _c.nai_model_field(field, model, which, len(found))
        except InvalidError:
            return {each.name: each for each in found}
        words = tuple(text(field.words).split())
        numbers = field.initial, field.low, field.high, field.sign
        found.append(Field(text(field.name), text(field.unit), text(field.meaning), *numbers, text(field.copies), words))


def models() -> Dict[str, UnitModel]:
    """The built-in models by name, with their sizes, parameters, states, ports and signals."""
    return {
        name: UnitModel(name, *(_fields(name, which) for which in range(_c.NAI_MODEL_SIGNALS + 1)))
        for name in texts(_c.nai_model_name)
    }
