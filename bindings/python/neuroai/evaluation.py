"""Evaluation: what a network does on test trials, trial by trial and condition by condition."""

from __future__ import annotations

from ctypes import c_int64
from typing import Any, Dict, Optional

import numpy as np
import numpy.typing as npt

from . import _c
from ._callback import deferred_interrupt
from ._handle import Handle, texts, view
from .network import Network
from .task import Task, as_task

__all__ = ["Evaluation", "evaluate"]

_POINT = np.dtype([("value", np.float64), ("correct", np.float64), ("choice", np.float64), ("trials", np.int64)])


class Evaluation(Handle):
    """The result of an evaluation; made by :func:`evaluate`."""

    def __init__(self, pointer: Any) -> None:
        self._adopt(pointer, _c.nai_evaluation_destroy)

    @property
    def performance(self) -> float:
        """Fraction correct; NaN when no trial can be judged."""
        return float(_c.nai_evaluation_performance(self))

    @property
    def correct(self) -> npt.NDArray[np.int32]:
        """For each trial 1 where it is correct, 0 where not, -1 where it cannot be judged: int32 [trials]."""
        return view(self, _c.nai_evaluation_correct, self)

    @property
    def choice(self) -> npt.NDArray[np.int32]:
        """The choice made in each trial, -1 where there is none: int32 [trials]."""
        return view(self, _c.nai_evaluation_choice, self)

    @property
    def conditions(self) -> Dict[str, npt.NDArray[np.float32]]:
        """For each condition its value in each trial, float32 [trials]."""
        names = texts(lambda index: _c.nai_evaluation_condition_name(self, index))
        return {name: view(self, _c.nai_evaluation_condition, self, name) for name in names}

    def curve(self, condition: Optional[str] = None) -> "np.recarray[Any, Any]":
        """A curve over a condition (the first one, if not named), its values in ascending order.

        Returns:
            A record array with, for each value of the condition, ``value``, ``correct`` (fraction), ``choice`` (mean,
            scaled so that the lowest choice is 0 and the highest 1), and ``trials`` (their number).
        """
        if condition is None:
            condition = next(iter(self.conditions), "")
        room, count = 64, c_int64()
        while True:
            points = (_c.nai_point * room)()
            _c.nai_evaluation_curve(points, room, count, self, condition)
            if count.value <= room:
                return np.array(np.frombuffer(bytes(points), _POINT)[: count.value]).view(np.recarray)
            room = count.value

    def __repr__(self) -> str:
        conditions = f", conditions {', '.join(self.conditions)}" if self.conditions else ""
        return f"<Evaluation: {self.performance:.4g} correct of {len(self.correct)} trials{conditions}>"


def evaluate(net: Network, task: Task, trials: int = 1000, seed: int = 0, threads: int = 1) -> Evaluation:
    """Runs test trials of a task, with the trials and the noise of ``seed``."""
    pointer = _c.new(_c.nai_evaluation)
    with as_task(task)._lent(net) as lent, deferred_interrupt():
        _c.nai_evaluation_create(pointer, net, lent, trials, seed, threads)
    return Evaluation(pointer)
