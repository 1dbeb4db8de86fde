"""Ctrl-C, which Jupyter's stop is too, while the C library works: at which points it acts, and what is shown meanwhile.

Python's own handler of a signal runs between two of Python's instructions, so not before a call into C has ended; and
inside a callback it could strike outside of the callback's ``try``, where the exception would be lost. So every call
that may take long goes one of three ways:

* it is made in short pieces, or calls back every few milliseconds; there :meth:`Interrupt.check` lets Ctrl-C act;
* it ends soon by itself, or must be ended, as a file that is written: Ctrl-C acts when it has ended
  (:func:`deferred_interrupt` alone, :func:`to_its_end`);
* neither, as in LAPACK: it is made in a thread of its own, which is left behind (:func:`abandonable`).
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any, Callable, Optional, TypeVar

from . import _c
from ._needed import needed

__all__ = ["Bar", "Interrupt", "Making", "Watch", "abandonable", "at_once", "deferred_interrupt", "in_lapack", "to_its_end"]

Result = TypeVar("Result")

# --- where Ctrl-C acts -----------------------------------------------------------------------------------------------


class Interrupt:
    """Stands in for the handler of Ctrl-C while the library works, and keeps the signal until :meth:`check`."""

    def __init__(self, handle: Optional[Callable[[int, Optional[FrameType]], Any]]) -> None:
        self.pending = False
        self.at_once = False
        self._handle = handle
        self._frame: Optional[FrameType] = None

    def __call__(self, number: int, frame: Optional[FrameType]) -> None:
        again, self.pending, self._frame = self.pending, True, frame
        if again or self.at_once:
            self.check()

    def check(self) -> None:
        """Ctrl-C, if it was pressed, acts here: as the program's own handler has it, so by KeyboardInterrupt if none."""
        if self.pending and self._handle is not None:
            self.pending = False
            frame, self._frame = self._frame, None
            self._handle(signal.SIGINT, frame)


#: Where signals do not arrive: in other threads, and where the program ignores Ctrl-C.
_NEVER = Interrupt(None)


try:  # those of signal try to make an enum of the handler, which takes microseconds in each callback and update
    from _signal import getsignal as _handler  # type: ignore[import-not-found, unused-ignore]
    from _signal import signal as _handle
except ImportError:
    _handler, _handle = signal.getsignal, signal.signal

_SIGINT = int(signal.SIGINT)


def _current() -> Optional[Interrupt]:
    """The one that is in force; None when the library is not at work, or in another thread."""
    if threading.current_thread() is not threading.main_thread():
        return None
    handler = _handler(_SIGINT)
    return handler if isinstance(handler, Interrupt) else None


class deferred_interrupt:
    """Puts off Ctrl-C until :meth:`Interrupt.check`, or until the block has ended; a second one acts at once.

    In a block inside of another one, as of an evaluation in a callback of training, the points of both count.
    """

    __slots__ = ("_interrupt", "_previous", "_before")

    def __enter__(self) -> Interrupt:
        self._interrupt, self._previous, self._before = _NEVER, None, False
        if threading.current_thread() is not threading.main_thread():
            return _NEVER
        handler = _handler(_SIGINT)
        if isinstance(handler, Interrupt):
            self._interrupt = handler
            self._before, handler.at_once = handler.at_once, False
        elif callable(handler):
            self._interrupt, self._previous = Interrupt(handler), handler
            _handle(_SIGINT, self._interrupt)
        return self._interrupt

    def __exit__(self, *exception: Any) -> None:
        interrupt = self._interrupt
        if self._previous is not None:
            _handle(_SIGINT, self._previous)
            interrupt.check()
        elif interrupt is not _NEVER:
            interrupt.at_once = self._before
            if self._before:
                interrupt.check()


class at_once:
    """For a user's function that the library calls: inside of it Ctrl-C acts as it does everywhere in Python."""

    __slots__ = ("_before", "_interrupt")

    def __enter__(self) -> None:
        self._interrupt = interrupt = _current()
        if interrupt is not None:
            self._before, interrupt.at_once = interrupt.at_once, True
            if interrupt.pending:
                interrupt.at_once = self._before
                interrupt.check()
                interrupt.at_once = True

    def __exit__(self, *exception: Any) -> None:
        if self._interrupt is not None:
            self._interrupt.at_once = self._before


_abandoned: "list[threading.Thread]" = []


@atexit.register
def _wait() -> None:
    """LAPACK must not be at work when its library is taken down at the end of the process, which would crash.

    A process that ends by an interrupt which nobody caught ends by that signal, and takes nothing down.
    """
    last = getattr(sys, "last_type", None)
    if last is not None and issubclass(last, KeyboardInterrupt):
        return
    try:
        for thread in _abandoned:
            while thread.is_alive():
                thread.join(0.1)
    except KeyboardInterrupt:
        sys.stdout.flush()
        os._exit(128 + signal.SIGINT)


def abandonable(
    work: Callable[[], Result], forget: Callable[[Result], Any] = lambda result: None, doing: str = ""
) -> Result:
    """``work()``, in another thread if this is the main one, so that Ctrl-C is answered at once.

    The thread cannot be ended: it goes on unseen, keeps what it uses alive, and its result is given to ``forget``. The
    end of the process waits for it, until Ctrl-C is pressed again. ``work`` may only read what others can see, and must
    call no function of the user's. ``doing``: what is shown, with the time, after a second; "" for nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    with Bar(None, doing, bool(doing)) as bar:
        return _abandonable(work, forget, lambda: bar.at(0))


def in_lapack(work: Callable[[], Result], operations: float, shown: Callable[[], None]) -> Result:
    """:func:`abandonable` where so many operations take long; ``shown`` is called meanwhile."""
    if operations < 1e9 or threading.current_thread() is not threading.main_thread():
        return work()
    return _abandonable(work, lambda result: None, shown)


def _abandonable(work: Callable[[], Result], forget: Callable[[Result], Any], shown: Callable[[], None]) -> Result:
    done, lock = threading.Event(), threading.Lock()
    found: "list[Any]" = []
    state = {"abandoned": False}

    def run() -> None:
        outcome: "tuple[Any, Optional[BaseException]]"
        try:
            outcome = (work(), None)
        except BaseException as exception:
            outcome = (None, exception)
        with lock:
            found.append(outcome)
            abandoned = state["abandoned"]
        done.set()
        if abandoned and outcome[1] is None:
            forget(outcome[0])

    thread = threading.Thread(target=run, name="neuroai", daemon=True)
    thread.start()
    try:
        while not done.wait(0.1):  # the limit is for systems on which a wait without one is deaf to Ctrl-C
            shown()
    except BaseException:
        with lock:
            state["abandoned"] = True
            _abandoned.append(thread)
            late = found[0] if found else None
        if late is not None and late[1] is None:
            forget(late[0])
        raise
    result, exception = found[0]
    if exception is not None:
        raise exception
    return result  # type: ignore[no-any-return]


def to_its_end(work: Callable[[], Result], doing: str = "") -> Result:
    """``work()``, in another thread if this is the main one, which shows meanwhile that it goes on.

    For work that writes, and so must not be left behind: Ctrl-C acts when it has ended. Inside of a callback of the
    library the work stays in its thread, which alone may use what the library works on.
    """
    if threading.current_thread() is not threading.main_thread() or _current() is not None or not doing:
        with deferred_interrupt():
            return work()
    with deferred_interrupt(), Bar(None, doing) as bar:
        done = threading.Event()
        found: "list[Any]" = []

        def run() -> None:
            try:
                found.append((work(), None))
            except BaseException as exception:
                found.append((None, exception))
            done.set()

        thread = threading.Thread(target=run, name="neuroai")
        thread.start()
        while not done.wait(0.1):
            bar.at(0)
        thread.join()
        result, exception = found[0]
        if exception is not None:
            raise exception
        return result  # type: ignore[no-any-return]


class Watch:
    """What the library calls between pieces of its work, ``(done, total, user)``: shows, and lets Ctrl-C act.

    An interrupted call ends as if there were no more to do, so that the caller has what was done until then; it then
    raises ``stopped``, if that is not None.
    """

    def __init__(self, interrupt: Interrupt, bar: "Bar") -> None:
        self._interrupt, self._bar = interrupt, bar
        self.stopped: Optional[KeyboardInterrupt] = None

    def __call__(self, done: int, total: int, user: Any) -> int:
        try:
            self._bar.at(done)
            self._interrupt.check()
        except KeyboardInterrupt as stop:
            self.stopped = stop
            return _c.NAI_STOP
        except BaseException as exception:
            return _c.keep(exception)
        return _c.NAI_OK


class Making:
    """What the library calls while a trainer is made, and between the batches of its evaluations: as :class:`Watch`,
    for as long as the trainer lives. An interrupt comes out of the call as an exception of a callback does."""

    def __init__(self) -> None:
        self.bar: Optional[Bar] = None

    def __call__(self, done: int, total: int, user: Any) -> int:
        try:
            if self.bar is not None:
                self.bar.total = total
                self.bar.at(done)
            interrupt = _current()
            if interrupt is not None:
                interrupt.check()
        except BaseException as exception:
            return _c.keep(exception)
        return _c.NAI_OK


# --- what is shown ---------------------------------------------------------------------------------------------------


class Bar:
    """A progress bar for what may take long or not: it appears when a second has passed.

    Args:
        total: of the work; None where it cannot be told how much is done: the time that has passed is shown.
        unit: of it, in the plural; or what is being done.
        wanted: False for none at all.
    """

    AFTER = 1.0  # seconds
    OFTEN = 0.1

    def __init__(self, total: Optional[int], unit: str, wanted: bool = True) -> None:
        self.total, self._unit, self._wanted = total, unit, wanted
        self._started = self._shown = time.monotonic()
        self._bar: Any = None

    def at(self, done: int) -> None:
        """So much is done now."""
        now = time.monotonic()
        if not self._wanted or now - self._started < self.AFTER or now - self._shown < self.OFTEN:
            return
        self._shown = now
        if self._bar is None:
            needed("tqdm", "a progress bar (progress=False goes without)")
            from tqdm.auto import tqdm  # type: ignore[import-untyped, unused-ignore]

            if self.total is None:
                self._bar = tqdm(desc=self._unit, bar_format="{desc}: {elapsed}", dynamic_ncols=True)
            else:
                self._bar = tqdm(total=self.total, unit=f" {self._unit}", dynamic_ncols=True)
            self._bar.start_t -= now - self._started  # of all the work, not since the bar is there
        if self.total is None:
            self._bar.refresh()
        else:
            self._bar.update(done - self._bar.n)

    def close(self, done: Optional[int] = None) -> None:
        """Leaves the bar, if there is one, as it is now or with so much done."""
        if self._bar is not None:
            if done is not None:
                self._bar.update(done - self._bar.n)
            self._bar.close()

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *exception: Any) -> None:
        self.close(self.total if exception[0] is None else None)
