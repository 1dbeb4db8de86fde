"""Tasks from neurogym, where it is installed: ``na.tasks.Neurogym("PerceptualDecisionMaking-v0", dt=20)``."""

from __future__ import annotations

import copy
from importlib import import_module
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

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
    step. Numbers that describe a trial, such as "ground_truth" and "coh", are its conditions, its periods its epochs.
    The judgement is the library's, by class at the last step that counts; ``judge`` gives another.

    Where observations depend on what an agent does, the network acts: at each step its largest output (or, of continuous
    actions, all outputs) is the action, and the next observation and ground truth are what the environment answers, to
    this trial alone. When the environment ends the trial, no later step counts. No gradient is taken through actions.
    Trials of :meth:`trials` are as they are for whoever never acted; :func:`neuroai.play` makes them as they become.

    Trial k is a function of (seed, k), as everywhere: the environment is seeded anew for each trial, and each of its
    random durations apart, which neurogym would all give the same seed. An environment whose trials depend on earlier
    ones cannot be a task, nor can one with neurogym's wrappers around it, which change trials on their way out.

    Args:
        env: the environment, or the name of one, made with ``options``: ``Neurogym("GoNogo-v0", dt=20)``. Its ``dt``
            must be the network's.
        steps: of the longest trial. Without it, a quarter more than the longest of a thousand.
        judge: as in :class:`neuroai.Task`.
        acts: whether the network acts. Without it, where random actions make other observations or another ground truth.
        right: ``right(env)`` is the right action at this moment, in place of the ground truth of an environment whose
            ground truth is no action.
        progress: whether to show a progress bar when sampling these takes more than a second.
        **options: of the environment, where ``env`` is a name.
    """

    env: Any

    def __init__(
        self,
        env: Any,
        *,
        steps: int = 0,
        judge: Any = None,
        acts: Optional[bool] = None,
        right: Optional[Callable[[Any], Any]] = None,
        progress: bool = True,
        **options: Any,
    ) -> None:
        gym: Any = import_module("neurogym")
        if isinstance(env, str):
            env = gym.make(env, **options)
        elif options:
            raise InvalidError(f"{', '.join(options)}: an environment that is made already takes no options")
        self._keep(env=_unwrapped(env))
        if not isinstance(self.env, import_module("neurogym.core").TrialEnv):
            raise InvalidError(f"env: expected a neurogym.TrialEnv, got {type(self.env).__name__}")
        super().__init__(judge=judge, name=type(self.env).__name__)
        if len(self.env.observation_space.shape) != 1:
            raise InvalidError(f"env: observations are {self.env.observation_space.shape}, must be [channels]")
        self.n_inputs = int(self.env.observation_space.shape[0])
        self.classes = hasattr(self.env.action_space, "n")
        self.n_outputs = int(self.env.action_space.n if self.classes else np.prod(self.env.action_space.shape))
        self._right = right
        with Bar(_SAMPLED, "trials", progress) as bar:
            self._sample(steps, bar)
        if right is not None or (self._depends() if acts is None else acts):
            self.parts = self.steps
            self.respond = self._respond  # type: ignore[method-assign]
            self._acting: Dict[int, _Acting] = {}  # by the number of the trial

    def _sample(self, steps: int, bar: Bar) -> None:
        """Looks at some trials: the longest, what all of them say, and whether they repeat."""
        longest, seen = 0, []
        names: List[str] = []
        epochs: List[str] = []
        for trial in range(_SAMPLED):
            said = _numbers(_draw(self.env, _seeds(0, trial)))
            bar.at(trial + 1)
            if not hasattr(self.env, "gt") and self._right is None:
                raise InvalidError(f"env: {self.name} has no ground truth to learn from: say what is right, right=...")
            if self._right is None and self.classes and not np.array_equal(self.env.gt, np.round(self.env.gt)):
                example = self.env.gt[self.env.gt % 1 != 0][0]
                raise InvalidError(
                    f"env: the ground truth of {self.name} is no action, such as {example:g}: say what is right, right=..."
                )
            longest = max(longest, len(self.env.ob))
            names = [name for name in names if name in said] if trial else list(said)
            periods = _periods(self.env)
            epochs = [name for name in epochs if name in periods] if trial else list(periods)
            if trial < _REPEATED:
                seen.append((said, self.env.ob.copy(), _ground_truth(self.env)))
        for trial, (said, observed, right) in enumerate(seen):
            again = _numbers(_draw(self.env, _seeds(0, trial)))
            if again != said or not (
                np.array_equal(self.env.ob, observed) and np.array_equal(_ground_truth(self.env), right)
            ):
                raise InvalidError(f"env: a trial of {self.name} depends on the ones before it, so it cannot be a task")
        self.steps = steps or longest + longest // 4 + 1
        self.conditions, self.epochs = tuple(names), tuple(epochs)

    def _depends(self) -> bool:
        """Whether random actions change what is observed, or right, while a trial goes on."""
        draw = np.random.default_rng(0)
        for trial in range(_REPEATED):
            _draw(self.env, _seeds(0, trial))
            observed, right = self.env.ob.copy(), _ground_truth(self.env)
            acting = _Acting(self, 0, trial)
            for step in range(1, len(observed)):
                n = int(self.n_outputs or 0)
                acting.act(draw.integers(n) if self.classes else draw.normal(size=n))
                if acting.over:
                    break
                if not np.array_equal(acting.observed, observed[step]):
                    return True
                if not np.array_equal(np.ravel(acting.right), np.ravel(right[step])):
                    return True
        return False

    def generate(self, batch: TrialBatch) -> None:
        if batch.dt != self.env.dt:
            raise InvalidError(f"the network's dt is {batch.dt:g} ms, that of {self.name} is {self.env.dt:g} ms")
        right = batch.classes if self.classes else batch.target
        for b in range(batch.trials):
            said = _numbers(_draw(self.env, _seeds(batch.seed, batch.first + b)))
            length = len(self.env.ob)
            if length > batch.steps:
                raise InvalidError(f"{self.name} made a trial of {length} steps: give it steps={length} or more")
            batch.input[:length, b] = self.env.ob
            if self._right is None:
                right[:length, b] = self.env.gt.reshape(right[:length, b].shape)
            else:
                self.env.t = self.env.t_ind = 0
                right[:length, b] = self._right(self.env)
            batch.length[b] = length
            if batch.part_end is not None:
                batch.part_end[b] = np.minimum(np.arange(1, batch.parts + 1), length)
            for name, (first, end) in _periods(self.env).items():
                if name in self.epochs:
                    batch.epochs[name][b] = min(first, length), min(end, length)
            for name in self.conditions:
                batch.conditions[name][b] = said[name]

    def _respond(self, batch: TrialBatch) -> None:
        """One step of each trial's own environment. Those that are not at hand are made, and act again from the start."""
        actions = batch.output.argmax(axis=2) if self.classes else batch.output
        right, now = batch.classes if self.classes else batch.target, batch.step
        if now == 1:
            self._acting.clear()
        for b in np.flatnonzero(np.asarray(batch.part) >= 0):
            if now >= batch.length[b]:
                continue
            number, did = batch.first + int(b), actions[:, b]
            acting = self._acting.get(number)
            if acting is None or not acting.has_done(batch.seed, did[:-1]):
                acting = self._acting[number] = _Acting(self, batch.seed, number)
                for action in did[:-1]:
                    acting.act(action)
            acting.act(did[-1])
            if acting.over:
                batch.input[now:, b] = 0
                batch.mask[now:, b] = 0
            else:
                batch.input[now, b] = acting.observed
                right[now, b] = np.reshape(acting.right, right[now, b].shape)

    def __getstate__(self) -> Dict[str, Any]:
        return {**vars(self), "_acting": {}} if "_acting" in vars(self) else dict(vars(self))

    def __repr__(self) -> str:
        return f"<Neurogym {self.name}: {self.n_inputs} inputs, {self.n_outputs} outputs, dt {self.env.dt:g} ms>"


class _Acting:
    """A trial in an environment of its own, in which an agent acts."""

    def __init__(self, task: Neurogym, seed: int, trial: int) -> None:
        self._task, self._seed, self._did = task, seed, []  # type: Neurogym, int, List[npt.NDArray[Any]]
        self._env = copy.deepcopy(task.env)
        _draw(self._env, _seeds(seed, trial))
        self._env.t = self._env.t_ind = 0
        self.over = False
        self.observed: Any = None
        self.right: Any = None

    def has_done(self, seed: int, actions: npt.NDArray[Any]) -> bool:
        return seed == self._seed and len(actions) == len(self._did) and np.array_equal(actions, np.array(self._did))

    def act(self, action: Any) -> None:
        self._did.append(np.array(action))
        if self.over:
            return
        given = int(action) if self._task.classes else np.reshape(action, self._env.action_space.shape)
        observed, _, terminated, truncated, info = self._env.step(given)
        self.over = bool(info.get("new_trial") or terminated or truncated)
        if not self.over:
            self.observed = np.array(observed)
            self.right = self._env.gt_now if self._task._right is None else self._task._right(self._env)


def _draw(env: Any, seed: Callable[[], int]) -> Dict[str, Any]:
    """One trial: in env.ob and env.gt, and what it says of itself."""
    env.seed(seed())
    for duration in env.timing.values():
        if hasattr(duration, "seed"):
            duration.seed(seed())
    said: Dict[str, Any] = env.new_trial() or {}
    return said


def _ground_truth(env: Any) -> Any:
    return np.array(env.gt) if hasattr(env, "gt") else np.zeros(len(env.ob))


def _periods(env: Any) -> Dict[str, Tuple[int, int]]:
    """The periods of a trial whose names an epoch may have: first step, and the one after the last."""
    ends: Dict[str, int] = getattr(env, "end_ind", {})
    return {
        name: (int(first), int(ends[name]))
        for name, first in getattr(env, "start_ind", {}).items()
        if name in ends and isinstance(name, str) and name.isidentifier() and 0 <= first <= ends[name]
    }


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
