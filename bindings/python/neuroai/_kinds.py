"""Arguments of the wrong kind are refused by name: a network where a run is asked for, a word where a number is."""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Mapping
from typing import Any, Callable, Dict, List, Optional, TypeVar, Union

from ._handle import flag, given, real, whole, wrong_type
from .errors import InvalidTypeError

_Function = TypeVar("_Function", bound=Callable[..., Any])


#: Annotations that are no classes: what looks at such a value, and how it is called beside classes.
_LOOKS: Dict[str, Callable[[str, Any], Any]] = {"ArrayLike": given, "bool": flag, "float": real, "int": whole}
_CALLED = {"ArrayLike": "numbers", "bool": "True or False", "float": "a number", "int": "a whole number"}

_Kind = Union[type, str]


def of_their_kind(function: _Function) -> _Function:
    """The function, whose arguments are looked at first: those that are annotated as objects of the library or numbers,
    or as a choice of these, mappings and None. Other annotations say too little or too much, and are not looked at."""
    signature = inspect.signature(function)
    wanted: Dict[str, List[_Kind]] = {}
    found = False

    @functools.wraps(function)
    def checked(*arguments: Any, **named: Any) -> Any:
        nonlocal found
        if not found:  # at the first call, when all of the package is there
            wanted.update(kinds_of(function))
            found = True
        for name, value in zip(signature.parameters, arguments):
            if name in wanted:
                _look(name, value, wanted[name])
        for name, value in named.items():
            if name in wanted:
                _look(name, value, wanted[name])
        return function(*arguments, **named)

    return checked  # type: ignore[return-value]


def kinds_of(function: Callable[..., Any]) -> Dict[str, List[_Kind]]:
    """What is looked at: by argument, the kinds that it may be of."""
    found = {}
    for name, parameter in inspect.signature(function).parameters.items():
        kinds = _kinds(str(parameter.annotation), inspect.unwrap(function).__globals__)
        own_words = kinds is None or all(kind in (Mapping, type(None)) for kind in kinds)  # of what, its function says
        if kinds is not None and not own_words and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            found[name] = kinds
    return found


def _look(name: str, value: Any, kinds: List[_Kind]) -> None:
    if isinstance(value, tuple(kind for kind in kinds if isinstance(kind, type))):
        return
    others = [kind for kind in kinds if isinstance(kind, str)]
    for kind in others:
        try:
            _LOOKS[kind](name, value)
            return
        except InvalidTypeError:
            if kinds == [kind]:
                raise  # in its own words, which say more
    raise wrong_type(name, _in_words(kinds), value)


def _kinds(annotation: str, names: Dict[str, Any]) -> Optional[List[_Kind]]:
    """The classes that an annotation allows, and other kinds; None: not these alone."""
    import neuroai

    def of(node: ast.AST) -> Optional[List[_Kind]]:
        if isinstance(node, ast.Constant):
            return [type(None)] if node.value is None else of(ast.parse(str(node.value), mode="eval").body)
        if isinstance(node, ast.Attribute):
            return ["ArrayLike"] if node.attr == "ArrayLike" else None
        if isinstance(node, ast.Name):
            if node.id in _LOOKS:
                return [node.id]
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


def _in_words(kinds: List[_Kind]) -> str:
    """``a neuroai.Run or a neuroai.PCA``."""
    words = [
        _CALLED[kind] if isinstance(kind, str) else "a mapping" if kind is Mapping else f"a neuroai.{kind.__name__}"
        for kind in kinds
        if kind is not type(None)
    ]
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
