"""Attributes that are what they seem: an assignment takes effect, or is refused with a word on what to call instead."""

from __future__ import annotations

import difflib
from typing import Any, Callable, ClassVar, Dict, Generic, Iterable, Mapping, Optional, Tuple, TypeVar, Union, overload

from .errors import UnknownNameError

K = TypeVar("K")
V = TypeVar("V")
N = TypeVar("N", int, float, bool)


def no_attribute(module: str, name: str, known: Iterable[str]) -> AttributeError:
    """The error for a name that a module lacks, with those that it has and that look like it."""
    names = list(known)
    likely = {each.lower().replace("_", ""): each for each in names}
    near = [likely[each] for each in difflib.get_close_matches(name.lower().replace("_", ""), likely, 3, 0.75)]
    some = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    return AttributeError(f"{module} has no {name}; " + (f"did you mean {' or '.join(near)}?" if near else f"there are {some}"))


class Closed:
    """An object whose public attributes are read; those that can be set are descriptors, or are in ``_settable``.

    An attribute that nobody reads would be kept without a word, and have no effect. A class of the user's own may have
    attributes of its own, unless their names look like misspelt ones; one that is named in its class's body always may.
    """

    #: Attributes that can be set, beside properties and other descriptors.
    _settable: ClassVar[Tuple[str, ...]] = ()
    #: What to call instead of setting these.
    _instead: ClassVar[Mapping[str, str]] = {}
    #: What to do instead of setting any other.
    _otherwise: ClassVar[str] = "it is as it was made"
    #: Whether this is a class of the user's own.
    _of_user: ClassVar[bool] = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._of_user = cls.__module__.partition(".")[0] != __name__.partition(".")[0]

    def _keep(self, **attributes: Any) -> None:
        """Sets attributes that are only read from then on."""
        vars(self).update(attributes)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_") or name in self._settable or _sets(type(self), name):
            object.__setattr__(self, name, value)
        elif self._of_user and self._is_new(name):
            object.__setattr__(self, name, value)
        else:
            raise AttributeError(self._refusal(name))

    def __delattr__(self, name: str) -> None:
        if not name.startswith("_") and not (self._of_user and self._is_new(name)):
            raise AttributeError(f"{type(self).__name__}.{name} cannot be deleted")
        object.__delattr__(self, name)

    def _is_new(self, name: str) -> bool:
        """Whether an attribute of the user's class is the user's own business."""
        own = [cls for cls in type(self).__mro__ if getattr(cls, "_of_user", True)]
        if any(hasattr(cls, name) for cls in type(self).__mro__ if not getattr(cls, "_of_user", True)):
            return False
        if any(name in vars(cls) or name in vars(cls).get("__annotations__", {}) for cls in own):
            return True
        return not difflib.get_close_matches(name, [known for known in self._settable if len(known) > 3], cutoff=0.85)

    def _refusal(self, name: str) -> str:
        cls = type(self).__name__
        if name in self._instead:
            return f"{cls}.{name}: {self._instead[name]}"
        if hasattr(type(self), name) or name in vars(self):
            return f"{cls}.{name} cannot be set: {self._otherwise}"
        near = difflib.get_close_matches(name, [known for known in dir(self) if not known.startswith("_")], n=1)
        can = ", ".join(self._can_be_set())
        hint = f"did you mean '{near[0]}'?" if near else f"those that can be set: {can}" if can else self._otherwise
        return f"{cls} has no attribute '{name}'; {hint}"

    def _can_be_set(self) -> Iterable[str]:
        return [*self._settable, *(name for name in dir(type(self)) if name[0] != "_" and _sets(type(self), name))]


def _sets(cls: type, name: str) -> bool:
    """Whether a class has a descriptor that takes assignments to this name."""
    for base in cls.__mro__:
        if name in vars(base):
            descriptor = vars(base)[name]
            return descriptor.fset is not None if isinstance(descriptor, property) else hasattr(descriptor, "__set__")
    return False


class Setting(Generic[N]):
    """A number as an attribute, which the object's ``set`` and ``get`` hand to the library under its name.

    Args:
        kind: int, float or bool.
        name: in the library, if not the attribute's.
    """

    def __init__(self, kind: Callable[[float], N], name: str = "") -> None:
        self.kind: Callable[[float], N] = kind
        self.name = name

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = self.name or name

    @overload
    def __get__(self, instance: None, owner: type) -> "Setting[N]": ...

    @overload
    def __get__(self, instance: Any, owner: type) -> N: ...

    def __get__(self, instance: Any, owner: type) -> Union["Setting[N]", N]:
        if instance is None:
            return self
        try:
            value: N = self.kind(instance.get(self.name))
            return value
        except UnknownNameError as error:  # a number that only some objects of the class have
            raise AttributeError(str(error)) from None

    def __set__(self, instance: Any, value: N) -> None:
        try:
            instance.set(self.name, value)
        except UnknownNameError as error:
            raise AttributeError(str(error)) from None


class Record(Dict[K, V]):
    """A dictionary made to be read: what is put into it would change nothing."""

    def _refuse(self, *arguments: Any, **more: Any) -> Any:
        raise TypeError("this dictionary can only be read: changing it would change nothing")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> Any:
        return type(self), (dict(self),)

    def __deepcopy__(self, memo: Optional[Dict[int, Any]] = None) -> "Record[K, V]":
        import copy

        return type(self)(copy.deepcopy(dict(self), memo))


class Conditions(Record[str, V]):
    """The conditions of trials, and their units where the task that they are of says them."""

    def __init__(self, values: Any, units: Optional[Mapping[str, str]] = None) -> None:
        super().__init__(values)
        self.units = dict(units or {})

    def __reduce__(self) -> Any:
        return type(self), (dict(self), self.units)

    def __deepcopy__(self, memo: Optional[Dict[int, Any]] = None) -> "Conditions[V]":
        import copy

        return type(self)(copy.deepcopy(dict(self), memo), self.units)

