"""Several processes that train one network together: what passes numbers between them."""

from __future__ import annotations

import os
import time
from typing import Any, Callable, ContextManager, List, Tuple

import numpy as np
import numpy.typing as npt

from . import _c
from ._callback import callback, destroy, lent, register
from ._handle import View, real, whole, wrong_type
from ._needed import needed
from .errors import InvalidError

__all__ = ["MPI", "Exchange"]

Bytes = npt.NDArray[np.uint8]

# Lets other processes have the processor, where there are more of them than processors.
_yield: Callable[[], None] = getattr(os, "sched_yield", lambda: time.sleep(0))


class Exchange:
    """Base of what passes numbers between processes, called ranks, each of which has a trainer of the same network.

    A trainer that is made with one shares out the shards of each batch, and all ranks make the same update to the last
    bit, however many they are (docs/parallel.md)::

        trainer = na.Trainer(net, task, cost, shards=4, exchange=na.MPI())

    By MPI it is :class:`MPI`; one of your own has the methods ``swap`` and ``gather``. What waits for a rank that has died
    should raise an exception after a time: the update is undone then, and the exception comes out of the trainer's call.

    Args:
        rank: this one, 0 to ``ranks - 1``.
        ranks: all of them.
    """

    def __init__(self, rank: int, ranks: int) -> None:
        self.rank, self.ranks = whole("rank", rank, _c.int64), whole("ranks", ranks, _c.int64)
        if not 0 <= self.rank < self.ranks:
            raise InvalidError(f"rank is {rank}, must be 0 to {ranks - 1}, for ranks is {ranks}")

    def swap(self, partner: int, give: Bytes, take: Bytes) -> None:
        """Gives bytes to rank ``partner``, which calls this with this rank, and writes those that it gives into ``take``."""
        raise NotImplementedError

    def gather(self, everything: Bytes, first: Tuple[int, ...], size: Tuple[int, ...]) -> None:
        """Of ``everything`` rank k has filled ``size[k]`` bytes from ``first[k]`` on; writes those of all other ranks."""
        raise NotImplementedError

    def _create(self) -> Any:
        """A new C object, of which the caller has one reference."""
        ops = _c.nai_exchange_ops(destroy=destroy)
        ops.rank, ops.ranks, ops.swap, ops.gather = self.rank, self.ranks, _swap, _gather
        pointer = _c.new(_c.nai_exchange)
        _c.nai_exchange_create(pointer, ops, register(self))
        return pointer

    def _lent(self) -> ContextManager[Any]:
        """The C object for the length of one call, which may keep a reference."""
        return lent(self._create, _c.nai_exchange_destroy)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(rank {self.rank} of {self.ranks})"


def _bytes(address: int, size: int) -> Bytes:
    if not size:
        return np.empty(0, np.uint8)
    return np.asarray(View(None, address, "|u1", (size,), None, writable=True))


@callback(_c.on_swap)
def _swap(owner: Exchange, partner: int, give: int, give_bytes: int, take: int, take_bytes: int) -> None:
    given = _bytes(give, give_bytes)
    given.flags.writeable = False
    owner.swap(partner, given, _bytes(take, take_bytes))


@callback(_c.on_gather)
def _gather(owner: Exchange, first: Any, size: Any, everything: int) -> None:
    places, sizes = tuple(first[: owner.ranks]), tuple(size[: owner.ranks])
    owner.gather(_bytes(everything, max(a + b for a, b in zip(places, sizes))), places, sizes)


class MPI(Exchange):
    """The ranks of an MPI communicator, by mpi4py: ``pip install neuroai[mpi]``, ``mpirun -n 4 python train.py``.

    Args:
        comm: the communicator; default all ranks of the program. It is duplicated, so that nothing else meets its messages.
        timeout: seconds that a rank may be silent; then it is taken for dead, and TimeoutError is raised.
    """

    def __init__(self, comm: Any = None, timeout: float = 60.0) -> None:
        mpi = needed("mpi4py.MPI", "na.MPI", "mpi")
        if comm is not None and not isinstance(comm, mpi.Comm):
            raise wrong_type("comm", "a communicator of mpi4py, such as MPI.COMM_WORLD", comm)
        self.timeout = real("timeout", timeout)
        if not self.timeout > 0:
            raise InvalidError(f"timeout is {timeout}, must be above 0")
        self._mpi, self._comm = mpi, (mpi.COMM_WORLD if comm is None else comm).Dup()
        self._lost: List[Any] = []
        super().__init__(self._comm.Get_rank(), self._comm.Get_size())

    def swap(self, partner: int, give: Bytes, take: Bytes) -> None:
        kind, given, taken = self._mpi.BYTE, give.copy(), np.empty_like(take)
        wanted = self._comm.Irecv([taken, kind], source=partner)
        self._finish([wanted, self._comm.Isend([given, kind], dest=partner)], given, taken)
        take[:] = taken

    def gather(self, everything: Bytes, first: Tuple[int, ...], size: Tuple[int, ...]) -> None:
        taken = everything.copy()
        target = [taken, size, first, self._mpi.BYTE]
        self._finish([self._comm.Iallgatherv(self._mpi.IN_PLACE, target)], taken)
        everything[:] = taken

    def _finish(self, requests: Any, *arrays: Bytes) -> None:
        """Waits. Arrays are copies: who was taken for dead may come back, and must not find the library's memory gone.

        Who slept at once would keep the others waiting, too, as they need him to take what they send.
        """
        start, asked = time.monotonic(), 0
        while not self._mpi.Request.Testall(requests):
            asked += 1
            if asked < 200:
                continue
            waited = time.monotonic() - start
            if waited > self.timeout:
                self._lost.append((requests, arrays))
                raise TimeoutError(f"a rank has not answered for {self.timeout:g} s: it may have died")
            if waited < 5e-3:
                _yield()
            else:
                time.sleep(5e-5)
