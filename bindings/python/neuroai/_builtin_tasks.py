"""What `neuroai.tasks` is made of: the class of all built-in tasks, and how one for each task of the library is made.

Type checkers know the classes from ``tasks.pyi``, which ``write_tasks.py`` beside the package writes: ``make tasks``.
"""

from __future__ import annotations

import ctypes
import difflib
from typing import TYPE_CHECKING, Any, ClassVar, Dict, List, Optional, Sequence, Tuple, Type, Union

import numpy as np
import numpy.typing as npt

from . import _c
from ._closed import Record
from ._handle import Parameter, brief, frozen, given, listed, spelt, texts
from ._handle import parameters as _parameters
from ._kinds import of_their_kind
from .curriculum import Curriculum, Stage
from .errors import InvalidError
from .network import Network
from .task import Task

#: Values of a parameter: one, or several from which each trial draws one.
Values = Union[float, Sequence[float], "npt.NDArray[Any]"]

#: Where users find what is defined here.
_HOME = "neuroai.tasks"


def available() -> List[str]:
    """Names of the tasks, such as "perceptual-decision-making"."""
    return list(texts(lambda index: _c.nai_task_builtin_name(index)))


@of_their_kind
def parameters(name: str) -> Dict[str, Parameter]:
    """The parameters of a task, by name: each with unit, default, range and meaning."""
    name = spelt(name, available())
    _check_name(name)
    return _parameters(_c.nai_task_parameter, name)


@of_their_kind
def named(name: str) -> "Type[BuiltinTask]":
    """The class of a task: ``named("song-sine")`` is ``SongSine``."""
    name = spelt(name, available())
    _check_name(name)
    return _made()[_class_name(name)]


def _check_name(name: str) -> None:
    if name not in available():
        near = difflib.get_close_matches(str(name), available(), 3, 0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {listed(available())}"
        raise InvalidError(f"there is no task {brief(name)}; {hint}")


class BuiltinTask(Task):
    """A task of the library. Parameters that are not given have their defaults; see ``parameters`` of the class.

    A parameter whose ``list`` is True can be given several values, from which each trial draws one.

    Attributes of the class, as no parameter changes them:

    Attributes:
        task_name: in the library.
        parameters: by name, with unit, default, range and meaning.
        n_inputs, n_outputs: channels of its networks; of a task with classes, n_outputs of the first output.
        more_inputs: a network of so many input channels is taken too, and shown more; None: no other than n_inputs.
        classes: True: targets are classes, as `neuroai.CrossEntropy` wants them; False: real values of all outputs.
        conditions: names of the conditions of a trial; ``units`` has their units.
        epochs: names of the epochs of a trial; a trial may lack some.
        has_times: whether the time of a choice is judged too.
    """

    values: Dict[str, Any]
    _settable = ()
    _otherwise = "make another task, task.replace(...)"
    _calls_back = False
    task_name: ClassVar[str]
    parameters: ClassVar[Dict[str, Parameter]]
    n_inputs: int
    n_outputs: int
    more_inputs: ClassVar[Optional[int]]
    has_times: ClassVar[bool]

    def __init__(self, **values: Values) -> None:
        self._keep(
            name=self.task_name, values=Record({name: self._checked(name, value) for name, value in values.items()})
        )

    def _value(self, name: str) -> Any:
        known = type(self).parameters
        if name.startswith("_") or name not in known:
            raise AttributeError(f"{type(self).__name__} has no attribute '{name}'; parameters: {', '.join(known)}")
        return vars(self)["values"].get(name, known[name].default)

    if not TYPE_CHECKING:  # who knows the names better
        __getattr__ = _value

    def __dir__(self) -> List[str]:
        return sorted([*super().__dir__(), *type(self).parameters])

    def __setattr__(self, name: str, value: Any) -> None:
        if name in type(self).parameters:
            raise AttributeError(f"{type(self).__name__}.{name}: make another task, task.replace({name}=...)")
        if name in Task._settable:
            raise AttributeError(f"{type(self).__name__}.{name}: it is the library's; see the task's parameters")
        super().__setattr__(name, value)

    def _checked(self, name: str, value: Values) -> Any:
        known = type(self).parameters
        if name not in known:
            raise InvalidError(f"{self.task_name} has no parameter {brief(name)}, but {', '.join(known)}")
        array = given(name, value).astype(np.float64)
        about = known[name]
        if array.ndim > (1 if about.list else 0) or array.size == 0:
            raise InvalidError(f"{name}: expected one number" + (" or a list of numbers" if about.list else ""))
        if not np.all((array >= about.low) & (array <= about.high)):
            unit = f" {about.unit}" if about.unit else ""
            raise InvalidError(f"{name} is {brief(value)}, must be {about.low:g} to {about.high:g}{unit}")
        return float(array) if array.ndim == 0 else frozen(array)

    def replace(self, **values: Values) -> "BuiltinTask":
        """The same task with other values of some parameters: ``task.replace(stimulus=500)``."""
        return type(self)(**{**self.values, **values})

    def _create(self, net: Network) -> Any:
        """All values at once: the defaults alone may have epochs without a step of this network's dt."""
        lists = [np.ascontiguousarray(np.atleast_1d(value)) for value in self.values.values()]
        settings = (_c.nai_task_setting * max(1, len(lists)))()
        for setting, name, values in zip(settings, self.values, lists):
            setting.parameter = name.encode()
            setting.values = values.ctypes.data_as(type(setting.values))
            setting.n = len(values)
        pointer = _c.new(_c.nai_task)
        _c.nai_task_create_with(pointer, self.task_name, net, settings, len(lists))
        return pointer

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={_shown(v)}' for k, v in self.values.items())})"


def _shown(value: Any) -> str:
    """A parameter's value; of a long list the first ones."""
    return str(value) if isinstance(value, float) else f"[{listed(map(str, value.tolist()), 6)}]"


#: Classes whose names are written otherwise.
_WRITTEN = {"wcst": "WCST", "masse-dms": "MasseDMS", "masse-dmrs": "MasseDMRS", "masse-dmc": "MasseDMC"}


def _class_name(name: str) -> str:
    return _WRITTEN.get(name) or "".join(part.capitalize() for part in name.replace("_", "-").split("-"))


#: The rules of the twenty tasks, in the order of their inputs, of the condition "rule" and of the parameter "rule" of the
#: mixed task: ``YangMixed(rule=[YANG_RULES.index("dm1"), YANG_RULES.index("dm2")])``. Each is also a task: "yang-fdgo".
YANG_RULES: Tuple[str, ...] = (
    "fdgo",
    "reactgo",
    "delaygo",
    "fdanti",
    "reactanti",
    "delayanti",
    "dm1",
    "dm2",
    "contextdm1",
    "contextdm2",
    "multidm",
    "delaydm1",
    "delaydm2",
    "contextdelaydm1",
    "contextdelaydm2",
    "multidelaydm",
    "dmsgo",
    "dmsnogo",
    "dmcgo",
    "dmcnogo",
)

_MASSE = "Inputs: 24 units tuned to direction. Classes: fixate, match, non-match, due during the test."
_YANG = "Inputs: fixation, two rings of 32 units, 20 rules. Targets: fixation, a ring of 32 units."

#: Units of conditions, by name, in all tasks that have them. Those of tasks whose conditions mean something else.
_UNITS = {
    **dict.fromkeys(("coherence", "signed_coherence", "signed_coherence1", "signed_coherence2", "motion", "colour"), "%"),
    **dict.fromkeys(("stimulus", "delay", "interval", "production", "set", "onset", "go", "period"), "ms"),
    **dict.fromkeys(("between", "fixation", "movement"), "ms"),
    **dict.fromkeys(("f1", "f2", "difference", "frequency"), "Hz"),
    **dict.fromkeys(("sample", "test", "angle1", "angle2", "answer"), "rad"),
}
_OWN_UNITS = {"masse": {"sample": "degrees", "test": "degrees"}, "yang": {"coherence": ""}}


def _units(name: str) -> Dict[str, str]:
    found = {**_UNITS, **_OWN_UNITS.get(name.partition("-")[0], {})}
    return {condition: unit for condition, unit in found.items() if unit}


@of_their_kind
def wcst_curriculum(criterion: float = 0.9, evaluations: int = 5) -> Curriculum:
    """The published course of ``WCST`` in a network of 37 inputs: all history, without the last cards, feedback alone.

    A stage is over when ``criterion`` is met in so many consecutive evaluations, in which card and rule must both be
    right. The published criterion is on the mean of five tests, and on each of the two.
    """
    return Curriculum(
        Stage("all", criterion, evaluations, previous_stimulus=1, previous_choice=1, judged=2),
        Stage("without-cards", criterion, evaluations, previous_stimulus=0, judged=2),
        Stage("feedback-alone", criterion, evaluations, previous_choice=0, judged=2),
    )


#: Description of each task: inputs, then outputs.
_ABOUT: Dict[str, str] = {
    "perceptual-decision-making": "Which of two noisy stimuli is stronger? Inputs: fixation cue, two stimuli. "
    "Classes: fixate, 1, 2.",
    "delay-comparison": "Which of two frequencies, a delay apart, was higher? Inputs: fixation cue, frequency. "
    "Classes: fixate, 1, 2.",
    "delay-match-sample": "Is the test the same as the sample before the delay? Inputs: fixation cue, a ring of 2. "
    "Classes: fixate, match, non-match.",
    "delay-match-category": "Are test and sample in the same half of the circle? Inputs: fixation cue, a ring of 16. "
    "Classes: fixate, match, non-match, due during the test.",
    "context-decision-making": "Which of two stimuli is stronger in the modality that counts? Inputs: fixation cue, "
    "two stimuli of each of two modalities, two contexts. Classes: fixate, 1, 2. As it is in neurogym, the default, no "
    "input tells when the delay is over, and networks learn to fixate for good: ``cue_until_decision=1``, or a delay that "
    "is always the same (``delay_min`` = ``delay_max``), makes it a task that can be learnt.",
    "multisensory-integration": "Which of two stimuli is stronger, over both modalities? Inputs: fixation cue, two "
    "stimuli of each of two modalities. Classes: fixate, 1, 2.",
    "go-nogo": "Go after one stimulus, not after the other. Inputs: fixation cue, no-go, go. Classes: fixate, go.",
    "ready-set-go": "Measure an interval and produce it. Inputs: fixation cue, ready, set. Classes: fixate, go. Judged "
    "by when the first go is.",
    "song-random-dots": "Random dots of Song et al. (2016). Inputs: two stimuli. Targets of two outputs.",
    "song-random-dots-variable": "Random dots of Song et al. (2016), stimuli of variable duration. Inputs: two "
    "stimuli, start cue. Targets of two outputs.",
    "song-random-dots-reaction-time": "Random dots of Song et al. (2016), answered at will. Inputs: two stimuli, start "
    "cue. Targets of two outputs; the first one above the threshold is the choice.",
    "song-context-integration": "Context-dependent integration of Song et al. (2016). Inputs: two contexts, two of "
    "motion, two of colour. Targets of two outputs.",
    "song-multisensory": "Multisensory integration of Song et al. (2016). Inputs: seen and heard by units that rise "
    "with frequency, the same by units that fall, start cue. Targets of two outputs.",
    "song-parametric-working-memory": "Parametric working memory of Song et al. (2016). Inputs: frequency by units "
    "that rise and that fall with it. Targets of two outputs.",
    "song-eye-movement-sequence": "Sequences of three eye movements of Song et al. (2016). Inputs: nine dots, eight "
    "sequences. Targets: where to look, x and y.",
    "song-sine": "A sine wave of Song et al. (2016). No inputs. Target of one output.",
    "maze": "The one-choice maze of Achterberg et al. (2023): remember a goal, then take the open way that leads to it. "
    "Inputs: four goals, four ways. Classes: the ways.",
    "wcst": "The Wisconsin card sorting test of Liu & Wang (2024), in blocks: sort by colour or by shape, as feedback "
    "tells; the rule switches. Inputs: four cards (16), right and wrong (2); of 37 also the last cards (16) and the last "
    "choice (3). Targets: which test card (3), which rule (2). Evaluations count card trials.",
    "masse-dms": "Delayed match to sample of Masse et al. (2019): is the test direction the sample's? " + _MASSE,
    "masse-dmrs": "Delayed match to rotated sample of Masse et al. (2019): is the test direction the sample's, turned? "
    + _MASSE,
    "masse-dmc": "Delayed match to category of Masse et al. (2019): are both directions in the same half of the circle? "
    + _MASSE,
    "yang-mixed": "The twenty tasks of Yang et al. (2019), mixed at random. " + _YANG,
}
_ABOUT.update({f"yang-{rule}": f"The task {rule} of Yang et al. (2019). {_YANG}" for rule in YANG_RULES})

BuiltinTask.__module__ = available.__module__ = parameters.__module__ = named.__module__ = wcst_curriculum.__module__ = _HOME

_classes: Dict[str, Type[BuiltinTask]] = {}


def _sizes(name: str) -> Dict[str, Any]:
    """What the library says of a task before there is one, as attributes of its class."""
    described = _c.nai_task_description()
    _c.nai_task_describe(described, name)
    return {
        "n_inputs": described.n_inputs,
        "more_inputs": described.more_inputs or None,
        "n_outputs": described.n_outputs,
        "classes": bool(described.has_classes),
        "has_times": bool(described.has_times),
        "conditions": tuple(texts(lambda index: _c.nai_task_condition_name(name, index))),
        "epochs": tuple(texts(lambda index: _c.nai_task_epoch_name(name, index))),
    }


def _doc(name: str, sizes: Dict[str, Any], units: Dict[str, str], known: Dict[str, Parameter]) -> str:
    more = f" or {sizes['more_inputs']}" if sizes["more_inputs"] else ""
    conditions = (f"{one} ({units[one]})" if one in units else one for one in sizes["conditions"])
    lines = [
        f'The task "{name}". {_ABOUT.get(name, "")}\n',
        f"Channels: {sizes['n_inputs']}{more} in, {sizes['n_outputs']} out ({'classes' if sizes['classes'] else 'targets'}).",
        f"Epochs: {', '.join(sizes['epochs']) or 'none'}. Conditions: {', '.join(conditions)}.\n",
        "Parameters, with default and range:\n",
        *(f"    {parameter}" for parameter in known.values()),
    ]
    return "\n".join(lines) + "\n"


def _shadowed(parameter: str) -> property:
    """A parameter that comes before an attribute of tasks with its name: "block". A method stays: "trials"."""
    return property(lambda task: task._value(parameter))


def _made() -> Dict[str, Type[BuiltinTask]]:
    """A class for each task of the library, made when first asked for."""
    for name in [] if _classes else available():
        known, sizes, units = parameters(name), _sizes(name), _units(name)
        members: Dict[str, Any] = {"__module__": _HOME, "task_name": name, "parameters": known, **sizes}
        members.update(__doc__=_doc(name, sizes, units, known), units=Record({one: units[one] for one in sizes["conditions"] if one in units}))
        members.update({one: _shadowed(one) for one in known if not callable(getattr(BuiltinTask, one, len))})
        _classes[_class_name(name)] = type(_class_name(name), (BuiltinTask,), members)
    return _classes
