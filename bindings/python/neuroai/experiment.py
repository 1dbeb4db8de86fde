"""Experiments: the same test trials with and without interventions, beside each other.

The trials, and their noise, are the same in all evaluations, so that an effect is measured within trials::

    found = na.experiment.silence(net, task)              # each population in each epoch of the trial
    na.plot.silencing(found)
    found = na.experiment.compare(net, task, {"PV, delay": na.Silence("PV", epoch="delay")})
    na.plot.comparison(found)
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._closed import Closed, Record, no_attribute
from ._diverging import tell_of_trials
from ._handle import Names, brief, frozen, joined, listed, real, whole, wrong_type
from ._interrupt import Bar
from ._kinds import of_their_kind
from .errors import InvalidError, InvalidTypeError, UnknownNameError
from .evaluation import Evaluation, evaluated
from .intervention import Intervention, Interventions, ScaleSynapses, Silence, as_interventions
from .network import Network
from .task import Task, as_task
from .trials import Trials

__all__ = ["Comparison", "Dose", "Silencing", "compare", "cut", "dose", "silence"]


def __getattr__(name: str) -> Any:
    raise no_attribute(__name__, name, __all__)


#: Trials of which one shows which epochs a task has.
_FEW = 32

#: When units are silenced: an epoch of the trials, from one time to another (ms), or None, the whole trial.
When = Union[str, Tuple[float, float], None]


class Comparison(Closed):
    """The same trials with and without interventions; made by :func:`compare`.

    Attributes:
        net: the network.
        task: the task, or the trials.
        control: the evaluation without any.
        evaluations: by name, those with interventions.
        interventions: by name, what was done.
    """

    net: Network
    task: Union[Task, Trials]
    control: Evaluation
    evaluations: Dict[str, Evaluation]
    interventions: Dict[str, List[Intervention]]
    _otherwise = "it is what was found"

    def __init__(
        self,
        net: Network,
        task: Union[Task, Trials],
        control: Evaluation,
        evaluations: Mapping[str, Evaluation],
        interventions: Mapping[str, List[Intervention]],
    ) -> None:
        self._keep(net=net, task=task, control=control)
        self._keep(evaluations=Record(evaluations), interventions=Record(interventions))

    @property
    def performance(self) -> Dict[str, float]:
        """Fraction correct, by name."""
        return Record({name: found.performance for name, found in self.evaluations.items()})

    @property
    def effect(self) -> Dict[str, float]:
        """Fraction correct less that of the control, by name."""
        return Record({name: effect_of(found, self.control)[0] for name, found in self.evaluations.items()})

    @property
    def error(self) -> Dict[str, float]:
        """Standard error of the effect, within trials, by name."""
        return Record({name: effect_of(found, self.control)[1] for name, found in self.evaluations.items()})

    def __repr__(self) -> str:
        rows = [f"{name} {self.performance[name]:.3f} ({self.effect[name]:+.3f})" for name in self.evaluations]
        return f"<Comparison: control {self.control.performance:.3f}, {listed(rows)}>"


class Silencing(Closed):
    """What each population does in each epoch, by silencing it then; made by :func:`silence`.

    Attributes:
        net: the network.
        task: the task, or the trials.
        names: of each row, the populations.
        epochs: of each column, the epoch, or start and end in ms; None: the whole trial.
        control: the evaluation without interventions.
        evaluations: by (populations, epoch) those with them.
        performance: fraction correct, [rows, columns].
        effect: the same less that of the control.
        error: standard error of the effect, within trials.
    """

    net: Network
    task: Union[Task, Trials]
    names: Tuple[str, ...]
    epochs: Tuple[When, ...]
    control: Evaluation
    evaluations: Dict[Tuple[str, When], Evaluation]
    performance: npt.NDArray[np.float64]
    effect: npt.NDArray[np.float64]
    error: npt.NDArray[np.float64]
    _otherwise = "it is what was found"

    def __init__(
        self,
        net: Network,
        task: Union[Task, Trials],
        control: Evaluation,
        evaluations: Mapping[Tuple[str, When], Evaluation],
    ) -> None:
        names, epochs = (tuple(dict.fromkeys(key[side] for key in evaluations)) for side in (0, 1))
        self._keep(net=net, task=task, control=control, evaluations=Record(evaluations), names=names, epochs=epochs)
        shape = len(names), len(epochs)
        found = np.array([effect_of(evaluation, control) for evaluation in evaluations.values()]).reshape(*shape, 2)
        performance = np.array([evaluation.performance for evaluation in evaluations.values()]).reshape(shape)
        self._keep(performance=frozen(performance), effect=frozen(found[..., 0]), error=frozen(found[..., 1]))

    def __repr__(self) -> str:
        width = max(map(len, self.names)) + 2
        head = [when_in_words(epoch) for epoch in self.epochs]
        wide = max(9, *map(len, head)) + 2
        lines = [f"Silencing: {self.control.performance:.3f} correct without; change with"]
        lines.append(" " * width + "".join(f"{name:>{wide}}" for name in head))
        for name, row in zip(self.names, self.effect):
            lines.append(f"{name:<{width}}" + "".join(f"{value:>+{wide}.3f}" for value in row))
        return "\n".join(lines)


@of_their_kind
def compare(
    net: Network,
    task: Union[Task, Trials],
    interventions: Mapping[str, Interventions],
    trials: Optional[int] = None,
    seed: int = 0,
    threads: int = 1,
    *,
    progress: bool = True,
) -> Comparison:
    """Runs the same trials without interventions and with each of these.

    Args:
        net: a built network.
        task: the task; or trials, such as recorded ones.
        interventions: by name, what is done: one intervention, or a list of such that act together.
        trials, seed, threads: as in :func:`neuroai.evaluate`.
        progress: whether to show a progress bar if it takes more than a second.
    """
    if not isinstance(interventions, Mapping):
        raise wrong_type("interventions", "a mapping from names to interventions", interventions)
    if not interventions:
        raise InvalidError("interventions: the mapping is empty")
    several = {str(name): as_interventions(what) for name, what in interventions.items()}
    control, found = _evaluate_all(net, task, several, trials, seed, threads, progress)
    return Comparison(net, task, control, found, several)


@of_their_kind
def silence(
    net: Network,
    task: Union[Task, Trials],
    names: Optional[Sequence[str]] = None,
    epochs: Union[str, Sequence[When], None] = None,
    trials: Optional[int] = None,
    seed: int = 0,
    threads: int = 1,
    *,
    act: Callable[..., Intervention] = Silence,
    progress: bool = True,
    **how: Any,
) -> Silencing:
    """Silences populations, one after the other, in each of these epochs, on the same trials.

    Args:
        net: a built network.
        task: the task; or trials, such as recorded ones.
        names: populations, a row each; an entry may be a pattern, ``"*/PV"``, or several names, ``"PV SST"``, that are
            silenced together. A string is several entries. Default: each population of the network.
        epochs: a column each: the name of an epoch; a pair of times, ms, from the start of the trial; or None, the
            whole trial. Default: all epochs of the trials, and the whole trial.
        trials, seed, threads: as in :func:`neuroai.evaluate`.
        act: what is done, called as ``act(names, epoch=epoch, **how)``, or with ``start`` and ``end``; for a current
            ``lambda names, **how: na.Inject(names, -2, **how)``.
        progress: whether to show a progress bar if it takes more than a second.
        **how: other arguments of the intervention, such as ``fraction=0.5`` or ``fall=100``.
    """
    rows = list(net.populations) if names is None else _entries("names", names)
    columns = [*epochs_of(net, task), None] if epochs is None else _entries("epochs", epochs)
    planned = {(name, when): [_acted(act, name, **_times(when), **how)] for name in rows for when in columns}
    control, found = _evaluate_all(net, task, planned, trials, seed, threads, progress)
    return Silencing(net, task, control, found)


@of_their_kind
def cut(
    net: Network,
    task: Union[Task, Trials],
    projections: Optional[Sequence[Tuple[str, str]]] = None,
    epochs: Union[str, Sequence[When], None] = None,
    trials: Optional[int] = None,
    seed: int = 0,
    threads: int = 1,
    *,
    factor: float = 0.0,
    progress: bool = True,
    **how: Any,
) -> Silencing:
    """Cuts projections, one after the other, in each of these epochs, on the same trials.

    Args:
        net: a built network.
        task: the task; or trials, such as recorded ones.
        projections: a row each: a pair of names, ``("E", "PV")``, each of which may be a pattern or several names that
            are cut together. Default: each projection of the network.
        epochs, trials, seed, threads, progress: as in :func:`silence`.
        factor: what weights are multiplied by.
        **how: other arguments of :class:`neuroai.ScaleSynapses`, such as ``fraction=0.5`` or ``fall=100``.
    """
    pairs = _pairs(dict.fromkeys(net.projections) if projections is None else projections)
    columns = [*epochs_of(net, task), None] if epochs is None else _entries("epochs", epochs)
    planned: Dict[Tuple[str, When], List[Intervention]] = {
        (f"{source} to {target}", when): [ScaleSynapses(source, target, factor, **_times(when), **how)]
        for source, target in pairs
        for when in columns
    }
    control, found = _evaluate_all(net, task, planned, trials, seed, threads, progress)
    return Silencing(net, task, control, found)


def _pairs(given: Any) -> List[Tuple[str, str]]:
    each = _several("projections", "pairs of names, ('E', 'PV')", given)
    pairs = [tuple(pair) if isinstance(pair, (list, tuple)) else pair for pair in each]
    for pair in pairs:
        if not (isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(name, str) for name in pair)):
            raise wrong_type("projections", "pairs of names, ('E', 'PV')", pair)
    if not pairs:
        raise InvalidError("projections: there is none")
    if len(set(pairs)) < len(pairs):
        raise InvalidError(f"projections: {brief(pairs)} has one of them twice")
    return pairs


class Dose(Closed):
    """Performance against the fraction of units or synapses that are acted on; made by :func:`dose`.

    Attributes:
        net: the network.
        names: the populations.
        fractions: that were acted on, ascending, [k].
        performance: fraction correct, [k, draws]: of each draw.
        what: of what the fractions are: ``"PV silenced"``.
    """

    net: Network
    names: str
    what: str
    fractions: npt.NDArray[np.float64]
    performance: npt.NDArray[np.float64]
    _otherwise = "it is what was found"

    def __init__(self, net: Network, names: str, fractions: Any, performance: Any, what: str = "") -> None:
        self._keep(net=net, names=names, what=what or f"{names} silenced")
        self._keep(fractions=frozen(np.array(fractions, np.float64)))
        self._keep(performance=frozen(np.array(performance, np.float64)))

    def __repr__(self) -> str:
        rows = [f"{fraction:g}: {row.mean():.3f}" for fraction, row in zip(self.fractions, self.performance)]
        return f"<Dose: fraction of {self.what} and fraction correct {listed(rows)}>"


@of_their_kind
def dose(
    net: Network,
    task: Union[Task, Trials],
    names: Names,
    fractions: Sequence[float] = (0, 0.1, 0.2, 0.4, 0.6, 0.8, 1),
    draws: int = 5,
    trials: Optional[int] = None,
    seed: int = 0,
    threads: int = 1,
    *,
    act: Callable[..., Intervention] = Silence,
    progress: bool = True,
    **how: Any,
) -> Dose:
    """Silences more and more units, each time some that are drawn at random, on the same trials.

    Of synapses: ``na.experiment.dose(net, task, "E", act=lambda *a, **how: na.ScaleSynapses(*a, "PV", 0, **how))``.

    Args:
        net: a built network.
        task: the task; or trials, such as recorded ones.
        names: populations; the fraction is drawn in each of them.
        fractions: of their units, 0 to 1, that are silenced. Units of a smaller one are among those of a larger one.
        draws: how often units are drawn, with seeds 0, 1, ...
        trials, seed, threads: as in :func:`neuroai.evaluate`.
        act: what is done, called as ``act(names, fraction=fraction, seed=draw, **how)``.
        progress: whether to show a progress bar if it takes more than a second.
        **how: other arguments of the intervention, such as ``epoch="delay"``.
    """
    wanted, several = joined(names), whole("draws", draws)
    if several < 1:
        raise InvalidError(f"draws is {several}, must be at least 1")
    ascending = sorted({real("fractions", fraction) for fraction in _several("fractions", "numbers", fractions)})
    if not ascending or not 0 <= ascending[0] <= ascending[-1] <= 1:
        raise InvalidError(f"fractions: {brief(list(fractions))}, must be 0 to 1")
    planned = {
        (fraction, draw): [_acted(act, wanted, fraction=fraction, seed=draw, **how)]
        for fraction in ascending
        for draw in range(several if fraction < 1 else 1)
        if fraction > 0
    }
    control, found = _evaluate_all(net, task, planned, trials, seed, threads, progress)
    found.update({(fraction, 0): control for fraction in ascending if fraction == 0})
    rows = [
        [found.get((fraction, draw), found[fraction, 0]).performance for draw in range(several)]
        for fraction in ascending
    ]
    what = next((what._deed for what, *_ in planned.values()), "")
    return Dose(net, wanted, ascending, rows, what)


def _several(what: str, expected: str, given: Any) -> List[Any]:
    try:
        return list(given)
    except TypeError:
        raise wrong_type(what, expected, given) from None


def _acted(act: Callable[..., Intervention], *arguments: Any, **how: Any) -> Intervention:
    if not callable(act):
        raise wrong_type("act", "a function that makes an intervention, such as na.Silence", act)
    made = act(*arguments, **how)
    if not isinstance(made, Intervention):
        raise InvalidTypeError(f"act: it must make an intervention, made {brief(made)}")
    return made


def _times(when: When) -> Dict[str, Any]:
    return {"start": when[0], "end": when[1]} if isinstance(when, tuple) else {"epoch": when}


def _entries(what: str, given: Any) -> List[Any]:
    expected = "names" + (" or pairs of times" if what == "epochs" else "")
    each = given.split() if isinstance(given, str) else _several(what, expected, given)
    entries = [tuple(entry) if isinstance(entry, list) else entry for entry in each]
    for entry in entries:
        pair = isinstance(entry, tuple) and len(entry) == 2
        if not (isinstance(entry, str) or (what == "epochs" and (entry is None or pair))):
            raise wrong_type(what, expected, entry)
    if not entries:
        raise InvalidError(f"{what}: there is none")
    if len(set(entries)) < len(entries):
        raise InvalidError(f"{what}: {brief(entries)} has one of them twice")
    return entries


def _evaluate_all(
    net: Network,
    task: Union[Task, Trials],
    planned: Mapping[Any, List[Intervention]],
    trials: Optional[int],
    seed: int,
    threads: int,
    progress: bool,
) -> Tuple[Evaluation, Dict[Any, Evaluation]]:
    """Without interventions, and with each of the planned ones."""
    found = {}
    with Bar(1 + len(planned), "evaluations", progress) as bar:
        control = evaluated(net, task, trials, seed, threads, [])
        for done, (key, what) in enumerate(planned.items()):
            bar.at(1 + done)
            found[key] = evaluated(net, task, trials, seed, threads, what)
        bar.at(1 + len(planned))
    each = [control, *found.values()]
    tell_of_trials([(listed(one.label for one in it.interventions), it.finite) for it in each])
    return control, found


# --- what other modules use too --------------------------------------------------------------------------------------


def epochs_of(net: Network, task: Union[Task, Trials]) -> List[str]:
    """The epochs that have a step in some trial, in their order."""
    trials = task if isinstance(task, Trials) else as_task(task).trials(net, _FEW, progress=False)
    found = [name for name, steps in trials.epochs.items() if np.any(steps[..., 1] > steps[..., 0])]
    if not found:
        raise UnknownNameError("epochs: the trials have none: give None for the whole trial, epochs=[None]")
    return found


def when_in_words(when: When) -> str:
    """An epoch, or times, as the head of a column."""
    if when is None:
        return "trial"
    return when if isinstance(when, str) else f"{when[0]:g}-{when[1]:g} ms"


def effect_of(evaluation: Evaluation, control: Evaluation) -> Tuple[float, float]:
    """By how much more trials are correct than in the control, and the standard error of that, within trials."""
    judged = (evaluation.correct >= 0) & (control.correct >= 0)
    if not judged.any():
        return float("nan"), float("nan")
    change = evaluation.correct[judged].astype(np.float64) - control.correct[judged]
    spread = float(change.std(ddof=1)) if len(change) > 1 else float("nan")
    return float(change.mean()), spread / float(np.sqrt(len(change)))
