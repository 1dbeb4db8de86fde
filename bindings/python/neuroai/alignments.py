"""How well a rule's updates align with the exact gradient, at one time or over the course of training."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Mapping, Optional, Union

import numpy as np
import numpy.typing as npt

from . import _c
from ._closed import Closed
from ._handle import expect, frozen, whole
from ._interrupt import deferred_interrupt
from ._kinds import of_their_kind
from ._needed import needed
from .callbacks import Progress
from .errors import InvalidError
from .network import Network
from .trainer import Key, Trainer
from .trials import Trials, as_trials

__all__ = ["Alignment", "AlignmentHistory", "Alignments", "alignment"]

#: Rows of a table that are shown.
MOST_ROWS = 24

Value = Union[float, npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Alignment:
    """A rule's estimate compared with the exact gradient: numbers, or arrays in a history.

    Attributes:
        cosine: of the angle between them; NaN if either is 0.
        ratio: |estimate| / |exact gradient|; NaN if the exact gradient is 0.
    """

    cosine: Value
    ratio: Value

    @property
    def angle(self) -> Value:
        """The angle in degrees: 0 for the exact gradient, 90 for an update that does not change the cost."""
        degrees: Value = np.degrees(np.arccos(self.cosine))
        return frozen(degrees) if isinstance(degrees, np.ndarray) else degrees

    def __repr__(self) -> str:
        if isinstance(self.cosine, np.ndarray):
            ends = f"cosine {self.cosine[0]:.3g} to {self.cosine[-1]:.3g}" if len(self.cosine) else "none"
            return f"<Alignment: {len(self.cosine)} measurements, {ends}>"
        return f"Alignment(cosine={self.cosine:.4g}, ratio={self.ratio:.4g})"


def _words(key: Key) -> str:
    return f"bias of {key}" if isinstance(key, str) else f"{key[0]} to {key[1]}"


class _ByKey(Closed, Mapping[Key, Alignment]):
    """Keyed as ``trainer.gradient()`` is: ("from", "to") for a projection, a name for a bias; and ``total`` for all."""

    total: Alignment
    _parts: Dict[Key, Alignment]

    def __getitem__(self, key: Key) -> Alignment:
        return self._parts[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)


class Alignments(_ByKey):
    """The result of :func:`alignment`: an :class:`Alignment` for each projection and each bias, and ``total``."""

    rule: str

    def __init__(self, rule: str, parts: Dict[Key, Alignment], total: Alignment) -> None:
        self._parts = parts
        self._keep(rule=rule, total=total)

    def __repr__(self) -> str:
        first = list(self.items())[:MOST_ROWS]
        rows = {"all": self.total, **{_words(key): value for key, value in first}}
        width = max(map(len, rows))
        lines = [f"  {name:<{width}}  {a.cosine:7.3f}  {a.angle:7.1f}  {a.ratio:7.3g}" for name, a in rows.items()]
        head = f"  {'':<{width}}  {'cosine':>7}  {'degrees':>7}  {'ratio':>7}"
        rest = [f"  and {len(self) - len(first)} more"] if len(self) > len(first) else []
        return "\n".join([f"<Alignments of {self.rule} with the exact gradient", head, *lines, *rest]) + ">"


def _read(trainer: Trainer, source: Optional[str], target: Optional[str]) -> Alignment:
    cosine, ratio = ctypes.c_double(), ctypes.c_double()
    _c.nai_trainer_alignment(cosine, ratio, trainer, source, target)
    return Alignment(cosine.value, ratio.value)


@of_their_kind
def alignment(trainer: Trainer, trials: Optional[Trials] = None) -> Alignments:
    """How well the rule's estimate aligns with the exact gradient, on the same trials with the same noise.

    Costs on weights are left out, as their gradient is exact under every rule. No update is made, and the state of the
    rule does not change.

    Args:
        trainer: the trainer with the rule.
        trials: default: the task's next batch.

    Returns:
        ``found["E", "I"].cosine`` for a projection, ``found["E"].cosine`` for a bias, ``found.total.cosine`` for all
        plastic parameters together; likewise ``ratio`` and ``angle``, in degrees.
    """
    expect("trainer", trainer, Trainer, "a neuroai.Trainer")
    handle = None if trials is None else as_trials(trials)._for(trainer.net)
    with deferred_interrupt():
        _c.nai_trainer_measure_alignment(trainer, handle)
    keys: List[Key] = [*trainer.net.projections, *trainer.net.populations, *trainer.net.outputs]
    parts = {key: _read(trainer, key, None) if isinstance(key, str) else _read(trainer, *key) for key in keys}
    return Alignments(trainer.rule.name, parts, _read(trainer, None, None))


class AlignmentHistory(_ByKey):
    """Alignment over the course of training. It is a callback for :meth:`Trainer.fit`::

        track = na.AlignmentHistory(trainer, every=50)
        trainer.fit(5000, callback=track)
        na.plot.alignment(track)

    The first measurement is made immediately. ``track["E", "I"].cosine`` and ``track.total.cosine`` are arrays [m], one
    number per measurement. Training has the same bits as without it. With callbacks of your own:
    ``callbacks=[track, mine]``.

    Args:
        trainer: the trainer with the rule.
        every: updates between measurements, each of which takes about as long as two updates.
        trials: trials for all measurements; default: the task's next batch.

    Attributes:
        net: of the trainer.
        rule: name of the rule.
        every: as given.
    """

    net: Network
    rule: str
    every: int

    def __init__(self, trainer: Trainer, every: int = 50, trials: Optional[Trials] = None) -> None:
        if whole("every", every) < 1:
            raise InvalidError(f"every is {every}, must be at least 1")
        self._keep(net=trainer.net, rule=trainer.rule.name, every=every)
        self._trainer, self._trials = trainer, trials
        self._steps: List[int] = []
        self._found: List[Alignments] = []
        self.measure()

    def measure(self) -> Alignments:
        """Measures now, regardless of ``every``: for training by :meth:`Trainer.step`."""
        found = alignment(self._trainer, self._trials)
        self._steps.append(self._trainer.updates)
        self._found.append(found)
        return found

    def __call__(self, now: Progress) -> None:
        if now.step % self.every == 0:
            self.measure()

    @property
    def step(self) -> npt.NDArray[np.int64]:
        """Updates made before each measurement, int64 [m]."""
        return frozen(np.array(self._steps, np.int64))

    @property
    def total(self) -> Alignment:  # type: ignore[override]
        """Alignment of all plastic parameters together, arrays [m]."""
        return self._arrays([found.total for found in self._found])

    @staticmethod
    def _arrays(values: List[Alignment]) -> Alignment:
        return Alignment(frozen(np.array([a.cosine for a in values])), frozen(np.array([a.ratio for a in values])))

    def __getitem__(self, key: Key) -> Alignment:
        return self._arrays([found[key] for found in self._found])

    def __iter__(self) -> Iterator[Key]:
        return iter(self._found[0])

    def __len__(self) -> int:
        return len(self._found[0])

    def to_pandas(self) -> Any:
        """A pandas.DataFrame of the cosines, one row a measurement, one column a projection or bias."""
        pandas = needed("pandas", "to_pandas", "tables")
        columns = {"all": self.total.cosine, **{_words(key): value.cosine for key, value in self.items()}}
        return pandas.DataFrame(columns, index=pandas.Index(self.step, name="step"))

    def __repr__(self) -> str:
        first, last = self._found[0].total, self._found[-1].total
        spans = f"cosine {first.cosine:.3f} to {last.cosine:.3f}"
        return f"<AlignmentHistory of {self.rule}: {len(self._steps)} measurements, {spans}>"
