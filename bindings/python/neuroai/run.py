"""The recorded activity of a run: of all populations or some, of every step or every k-th."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._closed import Closed, Record
from ._handle import Floats, describe, frozen, listed
from .errors import InvalidError
from .spike_trains import Rates, Spikes

if TYPE_CHECKING:
    from .intervention import Intervention
    from .network import Network
    from .state import State
    from .trials import Trials

__all__ = ["Run", "parts"]

#: An intervention, and the steps of each trial in which it acts, [B, 2].
Acting = Tuple["Intervention", npt.NDArray[np.int64]]


class Run(Closed):
    """The recorded activity of a run.

    Attributes:
        rates: of each recorded population, [T, B, n], float32. Row j is step ``(j + 1) * every`` of the run. Of units
            that spike 1 for a spike: an array of 0 and 1, which is made anew from ``spikes`` when it is asked for.
        spikes: of each recorded population that spikes, :class:`neuroai.Spikes`: all of them, whatever ``every`` is.
        traces: of each recorded variable, such as ``"E:x"``, [T, B, n]; of branches [T, B, branches * n].
        units: of each population and variable that is recorded, which of its units the n are: int64 [n].
        outputs: of each output, [T, B, n].
        inputs: of each input, [T, B, n], as given, without the baseline and noise of the network's inputs.
        state: at the end; continue with ``net.run(inputs, state=run.state)``, which moves it on, or leave it where it is,
            ``net.run(inputs, initial=run)``.
        net: the network.
        dt: time step of the network, ms; rows are ``every * dt`` apart.
        every: number of steps from one recorded row to the next.
        start: of a piece of :meth:`State.chunks`, steps of that run before it; times, spikes and rows count from the
            start of that run on. Else 0.
        trials: the trials, if trials were given.
        interventions: what was done to units: each :class:`neuroai.Intervention` with the steps of each trial in which
            it acted, int [B, 2], the first and the one after the last; 0, 0 where it did not.
    """

    state: "State"
    net: "Network"
    dt: float
    rates: Dict[str, Floats]
    spikes: Dict[str, Spikes]
    traces: Dict[str, Floats]
    units: Dict[str, npt.NDArray[np.int64]]
    outputs: Dict[str, Floats]
    inputs: Dict[str, Floats]
    trials: Optional["Trials"]
    every: int
    start: int
    interventions: "Tuple[Acting, ...]"
    _stopped: int
    _otherwise = "it is what was recorded"

    def __init__(
        self,
        state: "State",
        rates: Dict[str, Floats],
        outputs: Dict[str, Floats],
        inputs: Dict[str, Floats],
        trials: Optional["Trials"],
        every: int = 1,
        rows: Optional[int] = None,
        interventions: "Sequence[Acting]" = (),
        traces: Optional[Dict[str, Floats]] = None,
        spikes: Optional[Dict[str, Spikes]] = None,
        start: int = 0,
        units: Optional[Mapping[str, Optional[npt.NDArray[np.int64]]]] = None,
    ) -> None:
        self._keep(interventions=tuple(interventions), traces=Record(traces or {}), spikes=Record(spikes or {}))
        self._keep(state=state, net=state.net, dt=state.net.dt, trials=trials, every=every, start=start)
        self._keep(_stopped=state.time)
        self._rows = len(next(iter({**rates, **outputs}.values()))) if rows is None else rows
        kept = [name for name in state.net.populations if name in rates or name in self.spikes]
        shown = Rates(rates, self.spikes, kept, every, self._rows, self._before) if spikes else Record(rates)
        of = {name: _numbers(state.net, name, some) for name, some in (units or {}).items()}
        self._keep(units=Record(of), rates=shown, outputs=Record(outputs), inputs=Record(inputs))

    def _end(self) -> "State":
        """The state, as long as it is at the end of the run."""
        if self.state.time != self._stopped:
            raise InvalidError(
                f"run: its state has moved on to step {self.state.time} from {self._stopped}, where the run ended: "
                "take run.final or run.state.copy() before"
            )
        return self.state

    @property
    def final(self) -> "Dict[Union[str, Tuple[str, str]], Any]":
        """Where the run ended: all states of all units, as :meth:`State.variables` has them; for ``initial=`` of others.

        As long as ``state`` has not moved on.
        """
        return Record({name: _frozen(value) for name, value in self._end().variables().items()})

    @property
    def _before(self) -> int:
        """Rows of the run before this piece of it."""
        return self.start // self.every

    @property
    def time(self) -> npt.NDArray[np.float64]:
        """Time of each row from the start of the run, ms, [T]: that of row 0 is ``every * dt``."""
        rows = self._before + np.arange(1, self._rows + 1)
        return frozen(self.every * rows * np.float64(self.dt))

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Rows of each trial, int64 [B]: those from there on are of steps after its end."""
        given = None if self.trials is None else self.trials.lengths
        if given is None:
            return frozen(np.full(self.state.trials, self._rows, np.int64))
        return frozen(np.clip(np.asarray(given, np.int64) // self.every - self._before, 0, self._rows))

    def _recorded(self, steps: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Those rows of an array [steps, ...], such as a mask, that belong to the rows here: a view."""
        return steps[self.every - 1 :: self.every][self._before :][: self._rows]

    def __repr__(self) -> str:
        often = f", every {self.every} steps" if self.every > 1 else ""
        events = [f"{name} {len(spikes)} spikes" for name, spikes in self.spikes.items()]
        dense = [{name: self.rates[name] for name in self.rates if name not in self.spikes}, self.traces, self.outputs]
        rows = [f"{name} {describe(array.shape)}" for arrays in dense for name, array in arrays.items()]
        return f"<Run: {listed([*events, *rows])}{often}>"


def _frozen(value: Any) -> Any:
    return tuple(map(frozen, value)) if isinstance(value, tuple) else frozen(value)


def _numbers(net: "Network", name: str, units: Optional[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    n = net.populations.get(name.split(":", 1)[0], 0)
    return frozen(np.arange(n) if units is None else units.copy())


def parts(array: Floats, sizes: Mapping[str, int]) -> Dict[str, Floats]:
    """The columns of each name: views."""
    found, start = {}, 0
    for name, n in sizes.items():
        found[name] = array[..., start : start + n]
        start += n
    return found
