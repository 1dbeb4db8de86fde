"""Unit models: what populations receive, keep and send; and models of one's own."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Callable, ContextManager, Dict, List, Mapping, Sequence, Tuple, Union

from . import _c
from ._callback import Place, Shown, Shows, callback, called, destroy, lent, nothing, register
from ._closed import Closed, Record
from ._handle import brief, listed, real, text, texts, whole, wrong_type
from .errors import InvalidError, UnknownNameError

__all__ = ["Field", "Model", "UnitModel", "Units", "models"]


@dataclass(frozen=True)
class Field:
    """A size, parameter, state, port or signal of a model."""

    #: Name.
    name: str
    #: Unit, such as "ms".
    unit: str = "1"
    #: What it is.
    meaning: str = ""
    #: Its default; where a state starts.
    initial: float = 0
    #: Smallest value allowed; as ``high`` if any is.
    low: float = 0
    #: Largest value allowed.
    high: float = 0
    #: Of a port: sign of the weights onto it.
    sign: int = 0
    #: Of a state, port or parameter: the size that says how many copies a unit has; or "".
    copies: str = ""
    #: Words that a parameter takes.
    words: Tuple[str, ...] = ()
    #: Of a signal: whether it is a potential, for which Dale's law does not hold.
    potential: bool = False


@dataclass(frozen=True)
class UnitModel:
    """The fields of a unit model, by name."""

    #: Its name.
    name: str
    #: Whole numbers, chosen when a population is added.
    sizes: Dict[str, Field]
    #: Numbers, one a unit, that :meth:`Network.set` takes.
    parameters: Dict[str, Field]
    #: What a unit keeps from step to step.
    states: Dict[str, Field]
    #: What it receives; the first is what is meant where none is named.
    ports: Dict[str, Field]
    #: What it sends; the first likewise.
    signals: Dict[str, Field]


def _fields(model: str, which: int) -> Dict[str, Field]:
    found: List[Field] = []
    field = _c.nai_field()
    while True:
        try:
            _c.nai_model_field(field, model, which, len(found))
        except InvalidError:
            return {each.name: each for each in found}
        words = tuple(text(field.words).split())
        numbers = field.initial, field.low, field.high, field.sign
        rest = text(field.copies), words, bool(field.potential)
        found.append(Field(text(field.name), text(field.unit), text(field.meaning), *numbers, *rest))


def models() -> Dict[str, UnitModel]:
    """The built-in models by name, with their sizes, parameters, states, ports and signals."""
    return dict(built_in())


@lru_cache(maxsize=1)
def built_in() -> Mapping[str, UnitModel]:
    """The built-in models, which are asked for their fields once."""
    names, lists = texts(_c.nai_model_builtin_name), range(_c.NAI_MODEL_SIGNALS + 1)
    return {name: UnitModel(name, *(Record(_fields(name, which)) for which in lists)) for name in names}


# --- a model of one's own --------------------------------------------------------------------------------------------

#: How fields are given: names, or each with where it starts, its unit and its meaning.
Fields = Union[str, Sequence[Union[str, Field]], Mapping[str, Any]]


def _where(array: str, k: int, stride: str, size: int) -> Callable[[Any], Place]:
    """Field k of an array: [trials, n], or [trials, copies, n] where it has copies, as many as that size says."""

    def where(shown: Any) -> Place:
        s = shown._struct
        pointers = getattr(s, array)
        pointer = pointers[k] if pointers else None
        if size < 0:
            return pointer, (s.trials, s.n), (getattr(s, stride), 1)
        return pointer, (s.trials, s.size[size], s.n), (getattr(s, stride), s.n, 1)

    return where


def _parameter(k: int, size: int) -> Callable[[Any], Place]:
    def where(shown: Any) -> Place:
        s = shown._struct
        return s.parameter[k], (s.n,) if size < 0 else (s.size[size], s.n), None

    return where


def _slopes(block: str, of: str, by: str) -> Callable[[Any], Place]:
    def where(shown: Any) -> Place:
        s = shown._struct
        rows = s.n_states if of == "states" else shown._n_signals
        columns = s.n_states if by == "states" else s.n_ports
        return getattr(s, block), (rows, columns, s.trials, s.n), None

    return where


class PortErrors:
    """In :meth:`Model.errors`: by the name of a port what it should have received, less what it did, 0 on entry.

    ``s.error["basal"] = ...`` or ``s.error["basal"][:] = ...``, [trials, n], with copies [trials, copies, n].
    """

    def __init__(self, units: "Units") -> None:
        self._units = units

    def _name(self, port: str) -> str:
        if port not in self._units._ports:
            there = listed(self._units._ports)
            raise UnknownNameError(f"{type(self._units).__name__}: there is no port {brief(port)}; there are {there}")
        return f"error of {port}"

    def __getitem__(self, port: str) -> Any:
        return getattr(self._units, self._name(port))

    def __setitem__(self, port: str, value: Any) -> None:
        setattr(self._units, self._name(port), value)


class Units(Shown):
    """Units of a population in all trials at one step, for a :class:`Model`. Arrays are copies, float32.

    States, ports, signals and parameters are attributes by their names; ``s["dendrite+"]`` by names that are no words.
    States, ports and signals are [trials, n], those with copies [trials, copies, n]; parameters [n] or [copies, n];
    sizes whole numbers. States and signals that a method wrote are copied back when it returns.

    Attributes:
        n, trials: lengths.
        step: number of the step, from 1; 0 in ``begin``, and in ``slopes`` where these are asked of it.
        dt: time step, ms.
        seed: of the noise.
        first: number of the first trial.
        first_unit: number of the first unit among all of the network, in the order in which populations were added.
        normal: standard normal numbers of this step, a tuple of arrays [trials, n], as many as ``normals`` says.
        ss, sp, zs, zp: in ``slopes`` alone, 0 on entry, to be written: derivatives of state by state ``ss[after,
            before]``, of state by port ``sp[state, port]``, of signal by state and by port, each [trials, n]. All are
            by what there was before the step; states and ports are counted with their copies.
        error: in ``errors`` alone, to be written: :class:`PortErrors`.
    """

    n: int
    trials: int
    step: int
    dt: float
    seed: int
    first: int
    first_unit: int
    ss: Any = Shows(_slopes("ss", "states", "states"), "slopes")
    sp: Any = Shows(_slopes("sp", "states", "ports"), "slopes")
    zs: Any = Shows(_slopes("zs", "signals", "states"), "slopes")
    zp: Any = Shows(_slopes("zp", "signals", "ports"), "slopes")

    _n_signals = 0
    _n_normals = 0
    _fields: Tuple[str, ...] = ()
    _ports: Tuple[str, ...] = ()
    _sizes: Tuple[str, ...] = ()

    def __init__(self, batch: _c.nai_unit_batch, moment: str) -> None:
        self._show(batch, moment)
        self._keep(n=batch.n, trials=batch.trials, step=batch.step, dt=batch.dt, seed=batch.seed)
        self._keep(first=batch.first, first_unit=batch.first_unit)
        self._keep(**{name: int(batch.size[k]) for k, name in enumerate(self._sizes)})

    @property
    def normal(self) -> Tuple[Any, ...]:
        """Standard normal numbers of this step, arrays [trials, n]."""
        return tuple(getattr(self, f"normal {k}") for k in range(self._n_normals))

    @property
    def error(self) -> PortErrors:
        """Errors of ports, in ``errors`` alone."""
        return PortErrors(self)

    def __getitem__(self, name: str) -> Any:
        if name not in self._fields:
            there = listed(self._fields)
            raise UnknownNameError(f"{type(self).__name__}: there is no {brief(name)}; there are {there}")
        return getattr(self, name)

    def __setitem__(self, name: str, value: Any) -> None:
        self[name]
        setattr(self, name, value)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at step {self.step}: [{self.trials}, {self.n}]>"


def _field(what: str, name: Any, value: Any) -> Field:
    if not isinstance(name, str):
        raise wrong_type(what, "names", name)
    if isinstance(value, Field):
        return replace(value, name=name)
    if isinstance(value, str):
        return Field(name, words=tuple(value.split()))
    if isinstance(value, tuple) and 1 <= len(value) <= 3 and all(isinstance(each, str) for each in value[1:]):
        unit = value[1] if len(value) > 1 else "1"
        return Field(name, unit, value[2] if len(value) > 2 else "", real(f"{what} {name!r}", value[0]))
    if value is None:
        return Field(name)
    return Field(name, initial=real(f"{what} {name!r}", value))


def _listed_fields(what: str, given: Fields) -> Dict[str, Field]:
    if isinstance(given, str):
        given = given.split()
    if isinstance(given, Mapping):
        found = [_field(what, name, value) for name, value in given.items()]
    elif isinstance(given, (list, tuple)):
        found = [_field(what, each.name, each) if isinstance(each, Field) else _field(what, each, None) for each in given]
    else:
        raise wrong_type(what, "names, or a dictionary of names and where they start", given)
    by_name = {field.name: field for field in found}
    if len(by_name) < len(found):
        raise InvalidError(f"{what}: {listed(field.name for field in found)} has a name twice")
    return by_name


_MOMENTS = ("begin", "step", "slopes", "errors")

#: Arguments of :meth:`Network.population` that parameters may be called: the numbers that rate units have, too.
_SHARED = {"tau", "noise", "noise_tau", "gain", "exponent", "output_noise"}


class Model(Closed):
    """A unit model of your own: what a population keeps and sends, as functions of NumPy arrays.

    A subclass names its fields as attributes of the class, and overrides :meth:`step`; to be trained it also overrides
    :meth:`slopes`, to learn by :class:`neuroai.DendriticError` :meth:`errors`. ``net.population("E", 100,
    model=Izhikevich(), a=.1)`` makes a population of such units. Its methods are called once a step with all units and
    all trials. An exception in them is raised by the call that led to them.

        class Izhikevich(na.Model):
            parameters = {"a": (.02, "1/ms"), "b": .2, "c": (-65, "mV"), "d": 8}
            states = {"v": -65, "u": -13}
            ports = ["current"]
            signals = ["spike"]
            spikes = True

            def step(self, s):
                s.v += s.dt * (.04 * s.v**2 + 5 * s.v + 140 - s.u + s.current)
                s.u += s.dt * s.a * (s.b * s.v - s.u)
                fired = s.v >= 30
                s.spike[:] = fired
                s.v[:] = np.where(fired, s.c, s.v)
                s.u += fired * s.d

    Each of ``sizes``, ``parameters``, ``states``, ``ports`` and ``signals`` is a list of names, or a dictionary of names
    and what they start from: a number, (number, unit), (number, unit, meaning), of a parameter words ("relu tanh"), or
    a :class:`Field`. A port whose name ends with + or - takes weights of that sign. The first port and signal are those
    that are meant where none is named. Dale's law holds for all signals but potentials: ``na.Field("sent",
    "mV", potential=True)``. Parameters called tau, noise, noise_tau, gain and exponent are the numbers that
    rate units have, and are checked as these are. A parameter with a state's name is where that state starts; one with
    a port's name is added to what the port receives, where ``s`` has the sum.

    ``name`` is stored in the model file, and :meth:`neuroai.Network.load` finds the model by it; default: the name of
    the class. It lives as long as the networks that have it; if it refers to one, neither is freed.
    """

    name: str = ""
    sizes: Fields = ()
    parameters: Fields = ()
    states: Fields = ()
    ports: Fields = ("input",)
    signals: Fields = ("rate",)
    #: How many standard normal numbers a unit gets at each step.
    normals: int = 0
    #: Whether the first signal is 1 for a spike, else 0.
    spikes: bool = False
    #: Whether the first signal is the first state, also at time 0.
    sends_state: bool = False
    _settable = ("name", "sizes", "parameters", "states", "ports", "signals", "normals", "spikes", "sends_state")
    _otherwise = "make another model"

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._settable and "_attached" in vars(self):
            raise AttributeError(f"{type(self).__name__}.{name}: it has units already: make another model")
        super().__setattr__(name, value)

    def step(self, s: Any) -> None:
        """From ports and states of before to the states after the step, in place, and signals.

        ``s``: :class:`Units`.
        """

    def begin(self, s: Any) -> None:
        """At time 0: writes signals from states; without it signals start at 0, or as the state that is sent."""

    def slopes(self, s: Any) -> None:
        """Writes ``s.ss``, ``s.sp``, ``s.zs`` and ``s.zp``; states are as before the step, signals as after it.

        With :meth:`begin` also at ``s.step`` 0: there ``s.zs`` is of the signals that it wrote by the states.
        """

    def errors(self, s: Any) -> None:
        """Writes ``s.error``, from which :class:`neuroai.DendriticError` learns; states are as before the step."""

    @property
    def fields(self) -> "UnitModel":
        """Its fields, as :func:`models` has those of the built-in models."""
        lists = {what: _listed_fields(what, getattr(self, what)) for what in _LISTS}
        lists["ports"] = {
            name: replace(port, sign=port.sign or {"+": 1, "-": -1}.get(name[-1:], 0))
            for name, port in lists["ports"].items()
        }
        self._check_names(lists)
        return UnitModel(self.name or type(self).__name__, **lists)

    def check(self, dt: float = 1, n: int = 16, **parameters: Any) -> None:
        """Holds :meth:`slopes` against central differences of :meth:`step`; fails by naming the first that is wrong.

        ``parameters``: of the units, as :meth:`Network.population` takes them. See :meth:`Network.check_model`.
        """
        from .network import Network

        Network(dt).population("units", n, model=self, **parameters).build().check_model("units")

    def _check_names(self, lists: Dict[str, Dict[str, Field]]) -> None:
        taken = {name for name in dir(Units) if name[0] != "_"} | set(Units.__annotations__)
        seen: Dict[str, str] = {}
        for what in ("states", "ports", "signals", "sizes", "parameters"):
            for name in lists[what]:
                start = what == "parameters" and seen.get(name) in ("states", "ports")
                if name in taken or name in _arguments():
                    where = "of what step() is shown" if name in taken else "of population()"
                    raise InvalidError(f"{what}: '{name}' is the name of an attribute or argument {where}: take another")
                if name in seen and not start:
                    raise InvalidError(f"{what}: '{name}' is among {seen[name]} already")
                seen.setdefault(name, what)

    def _shown(self, fields: "UnitModel") -> type:
        """A class with its fields as attributes."""
        sizes = list(fields.sizes)

        def size(field: Field) -> int:
            return sizes.index(field.copies) if field.copies in sizes else -1

        shown: Dict[str, Any] = {"__module__": __name__, "_n_signals": len(fields.signals), "_sizes": tuple(sizes)}
        shown["_n_normals"] = whole("normals", self.normals)
        for k, (name, field) in enumerate(fields.parameters.items()):
            shown[name] = Shows(_parameter(k, size(field)))
        for array, group, write in (("port", fields.ports, False), ("state", fields.states, "step")):
            for k, (name, field) in enumerate(group.items()):
                shown[name] = Shows(_where(array, k, f"{array}_stride", size(field)), write)
        for k, (name, field) in enumerate(fields.ports.items()):
            shown[f"error of {name}"] = Shows(_where("port_error", k, "port_stride", size(field)), "errors")
        shown["_ports"] = tuple(fields.ports)
        for k, name in enumerate(fields.signals):
            shown[name] = Shows(_where("signal", k, "signal_stride", -1), "step")
        for k in range(shown["_n_normals"]):
            shown[f"normal {k}"] = Shows(_where("normal", k, "normal_stride", -1))
        shown["_fields"] = tuple(name for group in _LISTS for name in getattr(fields, group))
        return type(f"Units of {fields.name}", (Units,), shown)

    def _create(self) -> Any:
        """A new C object, of which the caller has one reference."""
        fields = self.fields
        ops = _c.nai_model_ops(destroy=destroy)
        ops.name = fields.name.encode()
        ops.flags = self.spikes * _c.NAI_MODEL_SPIKES | self.sends_state * _c.NAI_MODEL_SENDS_STATE
        for what in _LISTS:
            group = getattr(fields, what)
            setattr(ops, f"n_{what}", len(group))
            setattr(ops, what, (_c.nai_field * len(group))(*map(_in_c, group.values())) if group else None)
        ops.n_normals = whole("normals", self.normals)
        for moment, function in zip(_MOMENTS, (_begin, _step, _find_slopes, _find_errors)):
            if getattr(type(self), moment) is not getattr(Model, moment):
                setattr(ops, moment, function)
        pointer = _c.new(_c.nai_model)
        _c.nai_model_create(pointer, ops, register((self, self._shown(fields))))
        vars(self)["_attached"] = True
        return pointer

    def _lent(self) -> ContextManager[Any]:
        """The C object for the length of one call, which may keep a reference."""
        return lent(self._create, _c.nai_model_destroy)


_LISTS = ("sizes", "parameters", "states", "ports", "signals")


def _arguments() -> "set[str]":
    """Arguments of :meth:`Network.population` that are no parameters of a model."""
    from .network import Network

    return set(inspect.signature(Network.population).parameters) - _SHARED


def _in_c(field: Field) -> Any:
    made = _c.nai_field(sign=field.sign, name=field.name.encode())
    made.unit, made.meaning = field.unit.encode(), field.meaning.encode()
    made.initial, made.low, made.high = field.initial, field.low, field.high
    made.copies = field.copies.encode() or None
    made.words = " ".join(field.words).encode() or None
    made.potential = field.potential
    return made


@callback(_c.on_units)
def _begin(owner: Tuple[Model, Any], batch: Any) -> None:
    model, units = owner
    shown = units(batch.contents, "step")
    nothing("begin", called(model.begin, [shown], shown), "write into the signals")


@callback(_c.on_units)
def _step(owner: Tuple[Model, Any], batch: Any) -> None:
    model, units = owner
    shown = units(batch.contents, "step")
    nothing("step", called(model.step, [shown], shown), "write into the states and signals")


@callback(_c.on_units)
def _find_slopes(owner: Tuple[Model, Any], batch: Any) -> None:
    model, units = owner
    shown = units(batch.contents, "slopes")
    nothing("slopes", called(model.slopes, [shown], shown), "write into s.ss, s.sp, s.zs and s.zp")


@callback(_c.on_units)
def _find_errors(owner: Tuple[Model, Any], batch: Any) -> None:
    model, units = owner
    shown = units(batch.contents, "errors")
    nothing("errors", called(model.errors, [shown], shown), "write into s.error")
