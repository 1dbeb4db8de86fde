"""Memory and time of training on some ranks, before there are any."""

from __future__ import annotations

import copy
import math
import time
from functools import partial
from typing import Any, Mapping

from . import _c
from ._closed import Closed, Record
from ._handle import real, whole
from ._kinds import of_their_kind
from .errors import InvalidError, OrderError
from .estimates import _ranks, _size, _time
from .trainer import Trainer

__all__ = ["TrainingEstimate", "estimate_training"]

#: An update waits for so many messages, one after the other, for each doubling of the ranks (docs/parallel.md).
_MESSAGES = 5


class TrainingEstimate(Closed):
    """What training takes on each of some ranks; made by :func:`estimate_training`.

    Attributes:
        ranks, shards: how many.
        memory: bytes of each rank, with its network.
        bytes: that a rank sends for the gradient of an update, about.
        seconds: of an update, by what takes them: "shards" (trials run, and their gradient), "apply" (optimiser and
            constraints), "latency" and "bytes" of messages.
    """

    ranks: int
    shards: int
    memory: int
    bytes: int
    seconds: Mapping[str, float]
    _otherwise = "ask again"

    @property
    def update(self) -> float:
        """Seconds of an update, all together."""
        return sum(self.seconds.values())

    def __repr__(self) -> str:
        each = " on each" if self.ranks > 1 else ""
        terms = ", ".join(f"{name} {_time(value)}" for name, value in self.seconds.items() if value > 0)
        lines = [f"<TrainingEstimate: {self.shards} shards on {_ranks(self.ranks)}", f"  memory{each}      {_size(self.memory)}"]
        if self.ranks > 1:
            lines.append(f"  exchange      {_size(self.bytes)} sent by each for the gradient")
        return "\n".join([*lines, f"  an update     {_time(self.update)}: {terms}"]) + ">"


def _seconds(make: Any, runs: int) -> float:
    """The least of some runs, after one that takes the memory."""
    best = math.inf
    for k in range(runs + 1):
        began = time.perf_counter()
        make()
        best = min(best, time.perf_counter() - began) if k else best
    return best


def _part(trainer: Trainer, batch: int, shards: int) -> Trainer:
    """One like it that has nobody to talk to, and so many trials."""
    part = copy.copy(trainer)
    part.shards = 1
    part.batch = batch
    part.shards = shards
    return part


@of_their_kind
def estimate_training(trainer: Trainer, ranks: int = 1, *, latency: float = 2.0, bandwidth: float = 10.0) -> TrainingEstimate:
    """Memory and time of an update on so many ranks, without having them (docs/parallel.md)::

        trainer = na.Trainer(net, task, cost, batch=1024, shards=64)
        print(na.estimate_training(trainer, ranks=16))

    Memory is what :attr:`Trainer.memory` would be on each of them. Of the time, one shard is run here, some times, by a copy
    of the trainer; messages are not measured, but those of a cluster.

    Args:
        trainer: with a task and "shards", and without an exchange; it stays as it is.
        ranks: a power of two that divides its shards.
        latency: us of a message between two ranks.
        bandwidth: GB/s of a rank.
    """
    if trainer.exchange is not None:
        raise OrderError("the trainer has an exchange: ask one without, which has the same shards")
    if trainer.task is None:
        raise OrderError("the trainer has no task, which says how long trials are: make it with one")
    ranks, shards, batch = whole("ranks", ranks, _c.int64), trainer.shards, trainer.batch
    if ranks < 1 or shards % ranks:
        raise InvalidError(f"ranks is {ranks}, must divide the trainer's shards, {shards}")
    if not (real("latency", latency) >= 0 and math.isfinite(latency)):
        raise InvalidError(f"latency is {latency}, must be at least 0")
    if not (real("bandwidth", bandwidth) > 0 and math.isfinite(bandwidth)):
        raise InvalidError(f"bandwidth is {bandwidth}, must be above 0")
    one = _part(trainer, -(-batch // shards), 1)
    shard = _seconds(partial(one._once, _c.nai_trainer_estimate_gradient, None), 3)
    numbers = sum(array.size for _, array in one._gradients())
    apply = max(0.0, _seconds(one.step, 3) - shard)
    sent = round(4 * numbers * (1 - 1 / ranks)) + (4 * numbers // ranks if ranks > 1 else 0)
    doublings = math.ceil(math.log2(ranks))
    seconds = {"shards": shards // ranks * shard, "apply": apply}
    seconds.update(latency=1e-6 * latency * _MESSAGES * doublings)
    seconds.update(bytes=1e-9 * 8 * numbers * (1 - 1 / ranks) / bandwidth)
    alone = _part(trainer, -(-batch // ranks), shards // ranks).memory
    found = TrainingEstimate()
    found._keep(ranks=ranks, shards=shards, bytes=sent, seconds=Record(seconds))
    found._keep(memory=alone + (2 * numbers if ranks > 1 else 0))
    return found
