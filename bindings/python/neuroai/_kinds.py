"""Arguments of the wrong kind are refused by name: a network where a run is asked for."""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Mapping
from typing import Any, Callable, Dict, List, Optional, TypeVar

from ._handle import wrong_type
from .errors import InvalidTypeError

_Function = TypeVar("_Function", bound=Callable[..., Any])


def of_their_kind(function: _Function) -> _Function:
    """The function, whose arguments are looked at first: those that are annotated as objects of the library, or as a choice
    of these, mappings and None. Other annotations say too little or too much, and are not looked at."""
    signature = inspect.signature(function)
    wanted: Dict[str, List[type]] = {}
    found = False

    def look(name: str, value: Any) -> None:
        if name not in wanted or isinstance(value, tuple(wanted[name])):
            return
        expected = _in_words(wanted[name])
        if any(kind.__name__ == "Task" for kind in wanted[name]) and callable(value) and not isinstance(value, type):
            raise InvalidTypeError(
                f"{name}: expected {expected}, got {type(value).__name__}; of a function make one: na.Task(function, steps=...)"
            )
        raise wrong_type(name, expected, value)

    @functools.wraps(function)
    def checked(*arguments: Any, **named: Any) -> Any:
        nonlocal found
        if not found:  # at the first call, when all of the package is there
            for name, parameter in signature.parameters.items():
                kinds = _kinds(str(parameter.annotation), function.__globals__)
                if kinds is not None and any(kind.__module__.startswith("neuroai") for kind in kinds):
                    wanted[name] = kinds
            found = True
        for name, value in zip(signature.parameters, arguments):
            look(name, value)
        for name, value in named.items():
            look(name, value)
        return function(*arguments, **named)

    return checked  # type: ignore[return-value]


def _kinds(annotation: str, names: Dict[str, Any]) -> Optional[List[type]]:
    """The classes that an annotation allows; None: not these alone."""
    import neuroai

    def of(node: ast.AST) -> Optional[List[type]]:
        if isinstance(node, ast.Constant):
            return [type(None)] if node.value is None else of(ast.parse(str(node.value), mode="eval").body)
        if isinstance(node, ast.Name):
            known = names.get(node.id, getattr(neuroai, node.id, None))
            return [known] if isinstance(known, type) and known.__module__.startswith("neuroai") else None
        if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Name):
            return None
        if node.value.id in ("Mapping", "Dict"):
            return [Mapping]
        if node.value.id not in ("Union", "Optional"):
            return None
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        each = [of(part) for part in parts] + ([[type(None)]] if node.value.id == "Optional" else [])
        return None if None in each else [kind for kinds in each if kinds is not None for kind in kinds]

    return of(ast.parse(annotation, mode="eval").body)


def _in_words(kinds: List[type]) -> str:
    """``a neuroai.Run or a neuroai.PCA``."""
    words = ["a mapping" if kind is Mapping else f"a neuroai.{kind.__name__}" for kind in kinds if kind is not type(None)]
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
