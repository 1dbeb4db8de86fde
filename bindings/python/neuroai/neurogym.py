"""Tasks from neurogym, where it is installed: ``na.tasks.Neurogym("PerceptualDecisionMaking-v0", dt=20)``."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Callable, Dict, List

import numpy as np

from ._callback import TrialBatch
from ._interrupt import Bar
from .errors import InvalidError
from .task import Task

__all__ = ["Neurogym"]

#: Trials that are looked at for the longest one, and for what a trial says of itself.
_SAMPLED = 1000

#: Of these, those that are looked at again: the same, unless trials depend on earlier ones.
_REPEATED = 20


class Neurogym(Task):
    """Trials of an environment of neurogym, a ``TrialEnv``.

    Inputs are its observations; the right classes (or, of continuous actions, the targets) its ground truth at each
    step. Numbers that describe a trial, such as "ground_truth" and "coh", are its conditions. The judgement is
    the library's, by class at the last step, since neurogym's own needs an agent that acts; ``judge`` gives another.

    Trial k is a function of (seed, k), as everywhere: the environment is seeded anew for each trial, and each of its
    random durations apart, which neurogym would all give the same seed. An environment whose trials depend on earlier
    ones cannot be a task, nor can one with neurogym's wrappers around it, which change trials on their way out.

    Args:
        env: the environment, or the name of one, made with ``options``: ``Neurogym("GoNogo-v0", dt=20)``. Its ``dt``
            must be the network's.
        steps: of the longest trial. Without it, a quarter more than the longest of a thousand.
        judge: as in :class:`neuroai.Task`.
        progress: whether to show a progress bar when sampling these takes more than a second.
        **options: of the environment, where ``env`` is a name.
    """

    def __init__(
        self, env: Any, *, steps: int = 0, judge: Any = None, progress: bool = True, **options: Any
    ) -> None:
        gym: Any = import_module("neurogym")
        if isinstance(env, str):
            env = gym.make(env, **options)
        elif options:
            raise InvalidError(f"{', '.join(options)}: an environment that is made already takes no options")
        self.env = _unwrapped(env)
        if not isinstance(self.env, import_module("neurogym.core").TrialEnv):
            raise InvalidError(f"env: expected a neurogym.TrialEnv, got {type(self.env).__name__}")
        super().__init__(judge=judge, name=type(self.env).__name__)
        if len(self.env.observation_space.shape) != 1:
            raise InvalidError(f"env: observations are {self.env.observation_space.shape}, must be [channels]")
        self.n_inputs = int(self.env.observation_space.shape[0])
        self.classes = hasattr(self.env.action_space, "n")
        self.n_outputs = int(self.env.action_space.n if self.classes else np.prod(self.env.action_space.shape))
        with Bar(_SAMPLED, "trials", progress) as bar:
            self._sample(steps, bar)

    def _sample(self, steps: int, bar: Bar) -> None:
        """Looks at some trials: the longest, what all of them say, and whether they repeat."""
        longest, seen = 0, []
        names: List[str] = []
        for trial in range(_SAMPLED):
            said = _numbers(self._draw(_seeds(0, trial)))
            bar.at(trial + 1)
            if not hasattr(self.env, "gt"):
                raise InvalidError(f"env: {self.name} has no ground truth to learn from")
            longest = max(longest, len(self.env.ob))
            names = [name for name in names if name in said] if trial else list(said)
            if trial < _REPEATED:
                seen.append((said, self.env.ob.copy(), self.env.gt.copy()))
        for trial, (said, observed, right) in enumerate(seen):
            again = _numbers(self._draw(_seeds(0, trial)))
            if again != said or not (np.array_equal(self.env.ob, observed) and np.array_equal(self.env.gt, right)):
                raise InvalidError(f"env: a trial of {self.name} depends on the ones before it, so it cannot be a task")
        self.steps = steps or longest + longest // 4 + 1
        self.conditions = tuple(names)

    def _draw(self, seed: Callable[[], int]) -> Dict[str, Any]:
        """One trial: in env.ob and env.gt, and what it says of itself."""
        env = self.env
        env.seed(seed())
        for duration in env.timing.values():
            if hasattr(duration, "seed"):
                duration.seed(seed())
        said: Dict[str, Any] = env.new_trial() or {}
        return said

    def generate(self, batch: TrialBatch) -> None:
        if batch.dt != self.env.dt:
            raise InvalidError(f"the network's dt is {batch.dt:g} ms, that of {self.name} is {self.env.dt:g} ms")
        right = batch.classes if self.classes else batch.target
        for b in range(batch.trials):
            said = _numbers(self._draw(_seeds(batch.seed, batch.first + b)))
            length = len(self.env.ob)
            if length > batch.steps:
                raise InvalidError(f"{self.name} made a trial of {length} steps: give it steps={length} or more")
            batch.input[:length, b] = self.env.ob
            right[:length, b] = self.env.gt.reshape(right[:length, b].shape)
            batch.length[b] = length
            for name in self.conditions:
                batch.conditions[name][b] = said[name]

    def __repr__(self) -> str:
        return f"<Neurogym {self.name}: {self.n_inputs} inputs, {self.n_outputs} outputs, dt {self.env.dt:g} ms>"


def _unwrapped(env: Any) -> Any:
    """What is inside the wrappers with which gymnasium checks an environment."""
    while hasattr(env, "env"):
        if type(env).__module__.startswith("neurogym"):
            raise InvalidError(f"env: the wrapper {type(env).__name__} cannot be a part of a task")
        env = env.env
    return env


def _numbers(said: Dict[str, Any]) -> Dict[str, float]:
    """What a trial says of itself that is a finite number under a name that a condition may have."""
    return {
        name: float(value)
        for name, value in said.items()
        if name.isidentifier() and isinstance(value, (int, float, np.number, np.bool_)) and np.isfinite(value)
    }


def _seeds(seed: int, trial: int) -> Callable[[], int]:
    """Seeds of 32 bits, one after the other, that depend on (seed, trial) alone."""
    draw = np.random.Generator(np.random.Philox(key=np.array([seed, trial], np.uint64)))
    return lambda: int(draw.integers(2**32))
