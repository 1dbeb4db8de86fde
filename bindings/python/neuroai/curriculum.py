"""Curricula: stages of a task, each with a criterion; parameters that change from stage to stage; staircases."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from . import _c
from ._closed import Closed, Record
from ._handle import Handle, as_array, brief, expect, given, listed, real, text, whole
from .errors import InvalidTypeError

__all__ = ["Curriculum", "Stage", "Staircase"]


class Staircase(Closed):
    """A parameter that follows performance: after each evaluation it becomes harder, easier, or stays the same.

    Args:
        start: first value, also the easiest.
        hardest: last value.
        step: change at one evaluation.
        harder_at: at this performance or above it becomes harder.
        easier_at: below this performance it becomes easier.
    """

    start: float
    hardest: float
    step: float
    harder_at: float
    easier_at: float
    _otherwise = "make another staircase"

    def __init__(self, start: float, hardest: float, step: float, harder_at: float = 0.8, easier_at: float = 0.6) -> None:
        self._keep(start=real("start", start), hardest=real("hardest", hardest), step=real("step", step))
        self._keep(harder_at=real("harder_at", harder_at), easier_at=real("easier_at", easier_at))

    def _struct(self, parameter: str) -> _c.nai_staircase:
        return _c.nai_staircase(
            parameter=parameter.encode(),
            start=self.start,
            hardest=self.hardest,
            step=self.step,
            harder_at=self.harder_at,
            easier_at=self.easier_at,
        )

    def __repr__(self) -> str:
        return f"Staircase(start={self.start:g}, hardest={self.hardest:g}, step={self.step:g})"


class Stage(Closed):
    """A stage of a curriculum, completed when performance is at least ``criterion`` in consecutive evaluations.

    Args:
        name: of the stage.
        criterion: fraction correct on test trials.
        evaluations: number of consecutive evaluations.
        **parameters: of the task, from this stage on: a value, a list from which each trial draws one, or a Staircase.
            A stage with staircases can be completed only while all of them are at their hardest.
    """

    name: str
    criterion: float
    evaluations: int
    parameters: "Mapping[str, Union[float, Tuple[float, ...], Staircase]]"
    _otherwise = "make another stage"

    def __init__(
        self,
        name: str,
        criterion: float,
        evaluations: int = 1,
        **parameters: Union[float, Sequence[float], Staircase],
    ) -> None:
        expect("name", name, str, "a string")
        values = Record({parameter: _value(parameter, value) for parameter, value in parameters.items()})
        self._keep(name=name, criterion=real("criterion", criterion), evaluations=whole("evaluations", evaluations), parameters=values)

    def __repr__(self) -> str:
        shown = [f"{name}={_shown(value)}" for name, value in self.parameters.items()]
        parameters = f", {listed(shown)}" if shown else ""
        return f"Stage({brief(self.name)}, criterion={self.criterion:g}{parameters})"


def _shown(value: "Union[float, Tuple[float, ...], Staircase]") -> str:
    """A parameter's value in a line: the first ones of many that trials draw from."""
    return f"[{listed((f'{one:g}' for one in value), 6)}]" if isinstance(value, tuple) else repr(value)


def _value(name: str, value: Any) -> Any:
    """A parameter of a stage, as nobody can change it any more."""
    if isinstance(value, Staircase):
        return value
    if given(name, value).ndim == 0:
        return float(given(name, value))
    return tuple(as_array(name, value, ("n",), np.float64).tolist())


class Curriculum(Handle):
    """Stages of training; a run ends when the last one is completed::

        na.Curriculum(
            na.Stage("easy", 0.9, coherence=[25.6, 51.2]),
            na.Stage("short", 0.85, stimulus=na.Staircase(2000, 500, step=250)),
            na.Stage("all", 0.83, evaluations=2, coherence=[0, 6.4, 12.8, 25.6, 51.2]),
        )

    Args:
        *stages: in order.
        on_stage: called with (number, name) when a stage begins; it can change tasks of your own.
    """

    stages: Tuple[Stage, ...]
    _otherwise = "make another curriculum"

    def __init__(self, *stages: Stage, on_stage: Optional[Callable[[int, str], Any]] = None) -> None:
        for stage in stages:
            expect("stages", stage, Stage, "each a neuroai.Stage")
        if on_stage is not None and not callable(on_stage):
            raise InvalidTypeError("on_stage: expected a function of (number, name)")
        self._keep(stages=stages)
        self._on_stage = on_stage
        pointer = _c.new(_c.nai_curriculum)
        _c.nai_curriculum_create(pointer)
        self._adopt(pointer, _c.nai_curriculum_destroy)
        for stage in stages:
            self._add(stage)
        self._callback = _c.nai_stage_callback(_ask(on_stage) if on_stage else 0)
        if on_stage is not None:
            _c.nai_curriculum_on_stage(self, self._callback, None)

    def _add(self, stage: Stage) -> None:
        _c.nai_curriculum_add_stage(self, stage.name, stage.criterion, stage.evaluations)
        for name, value in stage.parameters.items():
            if isinstance(value, Staircase):
                _c.nai_curriculum_add_staircase(self, stage.name, value._struct(name))
                continue
            values = value if isinstance(value, tuple) else (value,)
            _c.nai_curriculum_set(self, stage.name, name, np.array(values, np.float64), len(values))

    def __reduce__(self) -> Any:
        return _again, (self.stages, self._on_stage)

    def __len__(self) -> int:
        return len(self.stages)

    def __repr__(self) -> str:
        return f"Curriculum({listed(brief(stage.name) for stage in self.stages)})"


def _again(stages: Tuple[Stage, ...], on_stage: Optional[Callable[[int, str], Any]]) -> Curriculum:
    """A curriculum from what was pickled of it."""
    return Curriculum(*stages, on_stage=on_stage)


def _ask(on_stage: Callable[[int, str], Any]) -> Callable[[int, Any, Any], int]:
    def trampoline(stage: int, name: Any, user: Any) -> int:
        try:
            on_stage(stage, text(name))
        except BaseException as exception:
            return _c.keep(exception)
        return _c.NAI_OK

    return trampoline
