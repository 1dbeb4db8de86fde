"""The tasks of the library: ``na.tasks.PerceptualDecisionMaking(stimulus=500)``.

:func:`available` lists their names, :func:`parameters` the parameters of each. The task "some-name" is the class
``SomeName`` of this module, which :func:`named` gives. :class:`Neurogym` makes a task from an environment of neurogym.

Inputs of the tasks of Song et al. (2016) are those of the task alone. The baseline of 0.2, the noise and the
rectification that the paper applies to inputs are parameters of the network's inputs.
"""

from __future__ import annotations

from typing import Any, List

from ._builtin_tasks import YANG_RULES, BuiltinTask, _made, available, named, parameters, wcst_curriculum
from ._closed import no_attribute
from .neurogym import Neurogym

__all__ = ["YANG_RULES", "BuiltinTask", "Neurogym", "available", "named", "parameters", "wcst_curriculum"]


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    if name not in _made():
        raise no_attribute(__name__, name, [*_made(), *__all__])
    return _made()[name]


def __dir__() -> List[str]:
    return sorted([*__all__, *_made()])
