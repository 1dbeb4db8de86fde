"""The architecture: inputs, populations, outputs and projections by name; and the weights.

A network is composed and then built, which draws its weights. W is [post, pre] everywhere; times are in ms, lengths in
mm. ``names`` are a list separated by spaces (or a Python list), and each entry may be a shell pattern: ``"pfc/*"``.
"""

from __future__ import annotations

import ctypes
import os
from contextlib import ExitStack
from ctypes import c_char_p, c_double, c_int32, c_int64
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from . import _c
from ._closed import Record
from ._handle import (
    SHOWN,
    Floats,
    Handle,
    Names,
    Parameter,
    as_array,
    as_mask,
    brief,
    expect,
    file_name,
    flag,
    flags,
    given,
    joined,
    kept,
    listed,
    numbers,
    parameters,
    real,
    spelt,
    text,
    texts,
    view,
    whole,
    wrong_shape,
    wrong_type,
)
from ._in_memory import as_bytes, written
from ._interrupt import abandonable, to_its_end
from ._units import Chosen, chosen
from .constraint import Constraint, Fixed, InDegree, Mask, OutDegree, Sparse, _Builtin
from .errors import Error, InvalidError, UnknownNameError, UnsupportedError
from .exchange import Exchange
from .delay import Delay
from .initial import Initial
from .model import Model, UnitModel, built_in
from .short_term import TsodyksMarkram
from .synapse_list import SynapseList, as_matrix, bulk_radius, count, leading, matrix_among, synapses

if TYPE_CHECKING:
    from .intervention import Interventions
    from ._recording import Recorded
    from .run import Run
    from ._starting import Start
    from .state import Inputs, State

__all__ = ["Network", "Spectrum"]

Number = Union[float, npt.ArrayLike]

#: Units from which on what goes with their square or cube may take long.
_LARGE = 300

_KINDS = {"inputs": _c.NAI_INPUTS, "populations": _c.NAI_POPULATIONS, "outputs": _c.NAI_OUTPUTS}
_STORAGES = {"dense": _c.NAI_STORAGE_DENSE, "listed": _c.NAI_STORAGE_LISTED, "shared": _c.NAI_STORAGE_SHARED}
_LEAKS = {"current": _c.NAI_LEAK_CURRENT, "rate": _c.NAI_LEAK_RATE, "whole": _c.NAI_LEAK_WHOLE}
_TRANSFERS = {name: number for number, name in enumerate(texts(_c.nai_transfer_name))}


def _choice(what: str, value: str, choices: Mapping[str, int]) -> int:
    value = spelt(value, choices)
    if value not in choices:
        raise InvalidError(f"{what}: expected one of {', '.join(choices)}, got {brief(value)}")
    return choices[value]


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues of a recurrent weight matrix, with a summary of these and of its singular values."""

    #: Number of units.
    n: int
    #: Largest modulus of an eigenvalue.
    radius: float
    #: Radius of the disc that the eigenvalues of random weights with this variance would fill (Rajan & Abbott 2006).
    bulk: float
    #: radius / bulk: about 1 for a balanced network, large for one dominated by its mean.
    outlier: float
    #: Entropy of the normalised singular values, divided by log(n): 1 when all are equal; NaN of a part of the spectrum.
    entropy: float
    #: complex128 [n]; of a part of the spectrum [k], the largest modulus first.
    eigenvalues: npt.NDArray[np.complex128]

    def __repr__(self) -> str:
        return (
            f"Spectrum(n={self.n}, radius={self.radius:.4g}, bulk={self.bulk:.4g}, outlier={self.outlier:.4g}, "
            + (f"entropy={self.entropy:.4g})" if len(self.eigenvalues) == self.n else f"the leading {len(self.eigenvalues)})")
        )


def _few_eigenvalues(net: "Network", names: str, k: int) -> Spectrum:
    matrix = matrix_among(net, names)
    eigenvalues = leading(matrix, k)
    radius, bulk = float(np.abs(eigenvalues).max()), bulk_radius(matrix)
    return Spectrum(matrix.shape[0], radius, bulk, radius / bulk if bulk > 0 else 0.0, float("nan"), eigenvalues)


class Network(Handle):
    """A network of rate units.

    Args:
        dt: time step, ms, > 0.
        kernels: the kernels that run it, "portable", "avx2", "avx512", "neon" or "blas"; None: the best for this
            processor.
        memory_limit: bytes that it may take, see :meth:`set_memory_limit`. None: the memory of the machine.

    Calls that compose the network return it, so they can be chained. After a call has failed during composition, the
    network cannot be used any more: create it again.
    """

    _otherwise = "numbers of its parts are set by name, net.set(names, tau=50)"

    _shared = False  #: out among ranks

    def __init__(self, dt: float, kernels: Optional[str] = None, memory_limit: Optional[int] = None) -> None:
        pointer = _c.new(_c.nai_network)
        _c.nai_network_create(pointer, dt)
        self._own(pointer, built=False)
        if kernels is not None:
            self._compose(_c.nai_network_set_kernels, kernels)
        if memory_limit is not None:
            self._compose(_c.nai_network_set_memory_limit, memory_limit)

    def _own(self, pointer: Any, built: bool) -> None:
        self._adopt(pointer, _c.nai_network_destroy)
        self._built = built
        self._known: Dict[int, Dict[str, int]] = {}
        self._first_error = ""
        self._constraints: List[Constraint] = []  # the user's own
        self._has_models = any(self.model(name) != "rate" for name in self.populations)
        self._own_models: Dict[str, Model] = {}  # the user's own, by population
        self._calls_back = False  # whether a constraint or model is a user's own
        self._given: List[Tuple[str, str, npt.NDArray[Any]]] = []

    def _compose(self, function: Callable[..., Any], *arguments: Any) -> None:
        try:
            function(self, *arguments)
        except Error as error:
            if self._first_error and str(error) == self._first_error:
                message = f"{error} (from an earlier call: a network whose composition failed must be made anew)"
                raise type(error)(message) from None
            if not self._built:
                self._first_error = str(error)
            raise

    # --- composing ---------------------------------------------------------------------------------------------------

    def input(
        self,
        name: str,
        n: int,
        *,
        sign: int = 0,
        noise: Optional[Number] = None,
        noise_tau: Optional[Number] = None,
        tau: Optional[Number] = None,
        baseline: Optional[Number] = None,
        rectify: Optional[Number] = None,
    ) -> "Network":
        """Adds an input of ``n`` channels: u = [baseline + task + sqrt(2 tau / dt) noise xi] (Song 2016).

        Each number may be one value or an array [n].

        Args:
            sign: of its outgoing weights (Dale's law): +1 excitatory, -1 inhibitory, 0 free.
            noise: default 0.
            noise_tau: correlation time of the noise, ms; 0, white. Above 0 the noise is an Ornstein-Uhlenbeck process
                whose standard deviation is ``noise``, whatever ``tau`` and dt are.
            tau: ms; 100. Of white noise alone.
            baseline: 0.
            rectify: 1 to rectify at 0; 0.
        """
        self._compose(_c.nai_network_add_input, name, whole(f"n of {brief(name)}", n))
        self.set(name, sign=sign, noise=noise, noise_tau=noise_tau, tau=tau)
        return self.set(name, baseline=baseline, rectify=rectify)

    def population(
        self,
        name: str,
        n: int,
        sign: int = 0,
        *,
        model: Union[str, Model] = "rate",
        leak: str = "current",
        transfer: str = "relu",
        tau: Optional[Number] = None,
        noise: Optional[Number] = None,
        noise_tau: Optional[Number] = None,
        bias: Optional[Number] = None,
        initial: Optional[Number] = None,
        gain: Optional[Number] = None,
        exponent: Optional[Number] = None,
        plastic_bias: Optional[Number] = None,
        plastic_initial: Optional[Number] = None,
        initial_min: Optional[Number] = None,
        initial_max: Optional[Number] = None,
        output_noise: Optional[Number] = None,
        **parameters: Union[Number, str],
    ) -> "Network":
        """Adds a population of ``n`` units. Each number may be one value or an array [n].

        Args:
            sign: of its outgoing weights (Dale's law): +1 excitatory, -1 inhibitory, 0 free.
            model: what moves its units: "rate", "dendritic", "lif_conductance", ..., see :func:`neuroai.models`; or one of
                your own, a :class:`neuroai.Model`.
            parameters: others of the model, and its sizes: ``model="dendritic", branches=2,
                nonlinearity="divisive"``.
            leak: "current", "rate", or "whole": on the rate, within the transfer function.
            transfer: "relu", "tanh", "softplus", "logistic", "linear", "rectified_tanh" or "power".
            tau: time constant, ms, at least dt; 100.
            noise: sigma of the noise; 0.
            noise_tau: correlation time of the noise, ms; 0, white. Above 0 each unit receives an Ornstein-Uhlenbeck
                process whose standard deviation is ``noise``.
            bias: 0.
            initial: x_0, or r_0 where the leak is on the rate; 0.
            gain: factor of the rate; 1.
            exponent: of the transfer function "power"; 2.
            plastic_bias: 1 or 0: whether the bias is learnt; 1.
            plastic_initial: 1 or 0: whether the initial state is learnt; 0.
            initial_min: least that an initial state which learns may be, from the build on; without bound. ``initial_min=0``
                keeps it from being negative (Goudar et al. 2023).
            initial_max: the most.
            output_noise: standard deviation of white noise that is added after the leak at each step, whatever dt is; 0.
        """
        if not isinstance(model, (str, Model)):
            raise wrong_type("model", "the name of a model, or a neuroai.Model", model)
        with ExitStack() as stack:
            own = stack.enter_context(model._lent()) if isinstance(model, Model) else None
            self._compose(_c.nai_network_add_population, name, whole(f"n of {brief(name)}", n), sign)
            if isinstance(model, Model):
                self._compose(_c.nai_network_use_model, name, own)
                self._own_models[name] = model
                self._calls_back = True
            elif model != "rate":
                self._compose(_c.nai_network_set_model, name, spelt(model, built_in()))
        if model != "rate":
            self._has_models = True
            fields = self._fields(name)
            for size in fields.sizes if fields else ():
                if size in parameters:
                    self._compose(_c.nai_network_set_model_size, name, size, whole(size, parameters.pop(size)))
        if model == "rate" or leak != "current":
            self.set(name, leak=leak)
        if model == "rate" or transfer != "relu":
            self.set(name, transfer=transfer)
        self.set(name, tau=tau, noise=noise, noise_tau=noise_tau, bias=bias)
        self.set(name, **parameters)
        self.set(name, initial=initial, gain=gain)
        self.set(name, initial_min=initial_min, initial_max=initial_max, output_noise=output_noise)
        return self.set(name, exponent=exponent, plastic_bias=plastic_bias, plastic_initial=plastic_initial)

    def output(
        self,
        name: str,
        n: int,
        *,
        bias: Optional[Number] = None,
        plastic_bias: Optional[Number] = None,
        tau: Optional[Number] = None,
        gain: Optional[Number] = None,
    ) -> "Network":
        """Adds a linear output of ``n`` channels: z = bias + y, y' = exp(-dt / tau) y + gain W r.

        Each number may be one value or an array [n].

        Args:
            bias: 0.
            plastic_bias: 1 or 0: whether the bias is learnt; 1.
            tau: time constant of its memory, ms; 0, none: z = bias + gain W r. With a memory, rules learn at the end of
                trials: agents, ``update_every`` and FORCE are refused.
            gain: factor of what it receives; 1.
        """
        self._compose(_c.nai_network_add_output, name, whole(f"n of {brief(name)}", n))
        return self.set(name, bias=bias, plastic_bias=plastic_bias, tau=tau, gain=gain)

    def set(self, names: Names, **parameters: Union[Number, str, None]) -> "Network":
        """Sets parameters of inputs, populations or outputs, before or after the build: ``net.set("E", tau=50)``.

        Each may be one value, or an array with one value per unit; or a word, where a model has words. Before the build, ``sign``, ``leak`` and
        ``transfer`` can be set too.
        """
        names = joined(names)
        for parameter, value in parameters.items():
            if value is None:
                continue
            if parameter == "sign":
                self._compose(_c.nai_network_set_sign, names, value)
            elif parameter == "leak":
                self._compose(_c.nai_network_set_leak, names, _choice("leak", str(value), _LEAKS))
            elif parameter == "transfer":
                self._compose(_c.nai_network_set_transfer, names, _choice("transfer", str(value), _TRANSFERS))
            elif isinstance(value, str):
                self._compose(_c.nai_network_choose, names, parameter, value)
            elif given(parameter, value).ndim == 0:
                self._compose(_c.nai_network_set, names, parameter, float(given(parameter, value)))
            else:
                each = as_array(parameter, value, ("n",), np.float64)
                self._compose(_c.nai_network_set_each, names, parameter, each, len(each))
        return self

    def get(self, name: str, parameter: str) -> npt.NDArray[np.float64]:
        """A parameter of an input, population or output: float64 [n], one value per unit, a copy."""
        values = np.empty(self._count(name, parameter))
        _c.nai_network_get_each(values, len(values), self, name, parameter)
        return values

    def _count(self, name: str, parameter: str) -> int:
        """Values of a parameter: one a unit, or one for each of its copies, such as branches."""
        known = self._has_models and _c.nai_network_size(self, _c.NAI_POPULATIONS, name) >= 0
        model = self._fields(name) if known else None
        if model is not None:
            copies = model.parameters[parameter].copies if parameter in model.parameters else ""
            for port in model.ports.values():
                if copies and port.copies == copies:
                    return self.size(f"{name}:{port.name}")
        return self.size(name)

    def _fields(self, name: str) -> Optional[UnitModel]:
        """Fields of a population's model; of one of the user's own that was given in C, None."""
        own = self._own_models.get(name)
        return built_in().get(self.model(name)) if own is None else own.fields

    def parameters(self, kind: str = "populations") -> Dict[str, Parameter]:
        """The parameters that :meth:`set` takes, by name, with their meaning, default and range.

        ``kind``: "inputs", "populations" or "outputs".
        """
        return parameters(_c.nai_network_parameter, self, _choice("kind", kind, _KINDS))

    def place(
        self,
        names: Names,
        *,
        box: Optional[Sequence[float]] = None,
        sphere: Optional[float] = None,
        lattice: Optional[float] = None,
        positions: Optional[npt.ArrayLike] = None,
    ) -> "Network":
        """Places units in space, mm; exactly one of:

        Args:
            box: sides (x, y, z) of a box, in which units are placed at random when the network is built.
            sphere: radius of a sphere, on which units are placed at random.
            lattice: spacing of a cubic lattice, which is filled along x first and shared by all ``names``.
            positions: [n, 3], of one population.
        """
        names = joined(names)
        if sum(how is not None for how in (box, sphere, lattice, positions)) != 1:
            raise InvalidError("place: give exactly one of box, sphere, lattice, positions")
        if box is not None:
            x, y, z = as_array("box", box, (3,), np.float64).tolist()
            self._compose(_c.nai_network_place_box, names, x, y, z)
        elif sphere is not None:
            self._compose(_c.nai_network_place_sphere, names, sphere)
        elif lattice is not None:
            self._compose(_c.nai_network_place_lattice, names, lattice)
        else:
            self.set_positions(names, positions)  # type: ignore[arg-type]
        return self

    def connect(
        self,
        source: Names,
        target: Names,
        *,
        density: Optional[float] = None,
        mask: Optional[npt.ArrayLike] = None,
        indegree: Optional[int] = None,
        outdegree: Optional[int] = None,
        delay: Union[float, Delay, None] = None,
        plastic: Union[bool, npt.ArrayLike] = True,
        autapses: bool = False,
        initial: Union[Initial, npt.ArrayLike, None] = None,
        short_term: Optional[TsodyksMarkram] = None,
        storage: Optional[str] = None,
    ) -> "Network":
        """Connects each of ``source`` to each of ``target``: input to population, population to population or output.

        ``"E:dendrite"`` names a port of a target, or a signal of a source; without it, the first one is meant. A port
        that there is for each sign, ``"E:dendrite+"`` and ``"E:dendrite-"``, is chosen by the sign of the source. What
        follows is said of the projections that this call makes.

        Args:
            density: each synapse exists with this probability; short for ``constrain(..., na.Sparse(density))``.
            mask: [n_post, n_pre], the synapses that exist; short for ``na.Mask(mask)``.
            indegree: each receiving unit has exactly so many synapses of each projection; short for
                ``na.InDegree(indegree)``, drawn from the mask where there is one.
            outdegree: each sending unit has; short for ``na.OutDegree(outdegree)``.
            delay: ms, a multiple of dt. Default: 0 from inputs and to outputs, dt between populations. With a delay of
                0 between populations, activity arrives within the same time step, as in feed-forward layers. Where
                synapses differ: na.Delays(1.5, 0.75), drawn; na.Conduction(0.3), by distance.
            plastic: False for a frozen projection; an array [n_post, n_pre] that is True where synapses are plastic.
            autapses: whether units may have synapses onto themselves.
            initial: initial weights: na.Gamma(2, 0.1), na.Normal(0, 0.1), ...; or an array [n_post, n_pre], whose
                values are ignored where no synapse exists. Default: na.Default().
            short_term: short-term plasticity of what each population of ``source`` sends, before the delay:
                na.TsodyksMarkram(U=0.15, tau_x=200, tau_u=1500). Projections from one population that are given the
                same object share its state.
            storage: "dense", a matrix; "listed", a list of the synapses that exist, which takes about 50 bytes for each
                and nothing for other pairs of units; "shared", one weight for all synapses,
                which all exist and are not plastic: what is sent is added up once. Default: listed in networks of 2**26
                pairs of units or more, where a projection has 2**18 or more and a tenth of them at most will have a
                synapse, and in all networks those of 2**18 or more that carry spikes and are not plastic; shared where it can be from 2**12 pairs on. It changes memory and time, not what is computed
                but for rounding.
        """
        stored = None if storage is None else _choice("storage", storage, _STORAGES)
        if short_term is not None:
            expect("short_term", short_term, TsodyksMarkram, "a na.TsodyksMarkram")
        ends = joined(source, "source"), joined(target, "target")
        constraints = self._which_exist(density, mask, indegree, outdegree)
        if np.ndim(plastic) > 0:
            constraints.append(Fixed(given("plastic", plastic) == 0))
            plastic = True
        frozen, own = not flag("plastic", plastic), flag("autapses", autapses)
        delay = delay if delay is None or isinstance(delay, Delay) else real("delay", delay)
        array = None if initial is None or isinstance(initial, Initial) else self._one_projection(*ends, initial)
        before, made = self._n_projections(), [ends]
        self._compose(_c.nai_network_connect, *ends)
        if self._has_models:  # there may be others between the same populations
            made = [self._ends(index) for index in range(before, self._n_projections())]
        for ends in made:
            self._describe(ends, constraints, delay, frozen, own, initial if array is None else array)
            if short_term is not None:
                self._compose(_c.nai_network_set_short_term, *ends, short_term)
            if stored is not None:
                self._compose(_c.nai_network_set_storage, *ends, stored)
        return self

    def _ends(self, index: int) -> Tuple[str, str]:
        """The two ends of a projection with their signal and port."""
        (source, target), parts = self._projection(index), (c_char_p(), c_char_p())
        _c.nai_network_ends(*parts, self, index)
        return (
            source if ":" in source else f"{source}:{text(parts[0].value)}",
            target if ":" in target else f"{target}:{text(parts[1].value)}",
        )

    def _describe(
        self,
        ends: Tuple[str, str],
        constraints: List[Constraint],
        delay: Union[float, Delay, None],
        frozen: bool,
        own: bool,
        initial: Any,
    ) -> None:
        """What ``connect`` was told of projections, checked before."""
        if own:
            self._compose(_c.nai_network_set_autapses, *ends, 1)
        if isinstance(delay, Delay):
            self._compose(delay._call, *ends, *delay._numbers(self.dt, ends[0].partition(":")[0] in self.inputs))
        elif delay is not None:
            self._compose(_c.nai_network_set_delay, *ends, delay)
        for constraint in constraints:
            self.constrain(*ends, constraint)
        if frozen:
            self._compose(_c.nai_network_set_plastic, *ends, 0)
        if isinstance(initial, Initial):
            self._compose(_c.nai_network_set_initial_weights, *ends, initial._kind, *initial._numbers())
        elif initial is not None:
            if self._must_be_told(ends[1]):
                self._compose(_c.nai_network_set_initial_weights, *ends, _c.NAI_WEIGHTS_CONSTANT, 0, 0)
            self._given.append((*ends, initial))

    def _must_be_told(self, target: str) -> bool:
        """Whether weights onto a port have no default: the build does not know of those that are given after it."""
        name, _, port = target.partition(":")
        fields = self._fields(name) if port and self._has_models and name in self.populations else None
        return fields is not None and port in fields.ports and fields.ports[port].unit != "1"

    def _one_projection(self, source: str, target: str, initial: npt.ArrayLike) -> npt.NDArray[Any]:
        """Initial weights that are given, one for each pair of units."""
        if np.ndim(initial) == 0:
            shown = f"na.Constant({brief(initial)})" if type(initial) in (int, float) else "na.Normal(0, 0.1)"
            raise wrong_type("initial", f"an array [n_post, n_pre] or a distribution, such as {shown}", initial)
        for name in (source, target):
            if any(sign in name for sign in " *?["):
                raise InvalidError(f"initial: an array is of one projection, not of all from {brief(source)} to {brief(target)}")
        return kept(numbers("initial", initial, (self.size(target), self.size(source))), initial)

    @staticmethod
    def _which_exist(
        density: Optional[float], mask: Optional[npt.ArrayLike], indegree: Optional[int], outdegree: Optional[int]
    ) -> List[Constraint]:
        """The constraints that :meth:`connect` is asked for, in the order in which they are applied."""
        if sum(how is not None for how in (density, indegree, outdegree)) > 1:
            raise InvalidError("connect: give at most one of density, indegree, outdegree")
        found: List[Constraint] = []
        if density is not None:
            found.append(Sparse(density))
        if mask is not None:
            found.append(Mask(mask))
        if indegree is not None:
            found.append(InDegree(indegree))
        if outdegree is not None:
            found.append(OutDegree(outdegree))
        return found

    def constrain(self, source: Names, target: Names, constraint: Constraint) -> "Network":
        """Attaches a constraint to each of these projections. Constraints are applied in the order of these calls."""
        if not isinstance(constraint, Constraint):
            raise wrong_type("constraint", "a neuroai.Constraint, such as na.Sparse(0.2)", constraint)
        self._calls_back = self._calls_back or not isinstance(constraint, _Builtin)
        with constraint._lent() as pointer:
            self._compose(_c.nai_network_constrain, joined(source, "source"), joined(target, "target"), pointer)
        if not isinstance(constraint, _Builtin):
            self._constraints.append(constraint)
        return self

    def radius(self, names: Names, rho: float) -> "Network":
        """Scales the initial weights among these populations such that their spectral radius is ``rho``."""
        self._compose(_c.nai_network_set_radius, joined(names), rho)
        return self

    def balance(self, names: Names, on: bool = True) -> "Network":
        """E/I balance of the initial weights onto ``names``: scales inhibition so that each unit's weights sum to 0.

        Default: on where a population receives weights of both signs and all of these are ``na.Default()``.
        """
        self._compose(_c.nai_network_set_balance, joined(names), int(on))
        return self

    def share(self, exchange: Exchange) -> "Network":
        """Shares the network out among processes, called ranks, before it is built: for simulations that one machine is small for.

        Each rank composes and builds the same network and makes the same calls. It draws, keeps and moves only what is onto
        its share of the units of every population; who fired is exchanged between steps. Runs have the spikes, outputs and
        recorded variables of the whole network on every rank, the same to the last bit however many ranks there are
        (docs/parallel.md)::

            net = na.circuits.potjans_diesmann2014(1.0).share(na.MPI()).build(1)        # mpirun -n 2 python column.py
            run = net.run(steps=10_000, progress=False)

        For populations that spike, with projections between them that are frozen and whose weights are drawn one by one;
        :meth:`build` refuses others. Trainers, evaluations, copies and files are refused, as are several trials at once.
        """
        with expect("exchange", exchange, Exchange, "a neuroai.Exchange, such as na.MPI()")._lent() as pointer:
            self._compose(_c.nai_network_set_exchange, pointer)
        self._shared = True
        return self

    def build(self, seed: int = 0, progress: bool = True, threads: int = 1) -> "Network":
        """Builds the network: draws positions, synapses and weights from ``seed``.

        ``progress``: whether to show that a build of more than a second goes on. ``threads``: 1 to 256, with which a
        large network is built sooner; what is built does not depend on it.

        Ctrl-C ends the build of a large network at once, after which the network cannot be used any more. With
        constraints of your own, Ctrl-C acts when the build has ended.
        """
        if whole("threads", threads) != 1:
            self._compose(_c.nai_network_set_threads, threads)
        if self._calls_back or self._units() < _LARGE:
            self._compose(_c.nai_network_build, seed)
        else:
            try:
                doing = "building the network" if progress else ""
                abandonable(lambda: self._compose(_c.nai_network_build, seed), doing=doing)
            except KeyboardInterrupt:
                self._give_up("net: its build was interrupted, make it again")
                raise
        self._built = True
        for source, target, weights in self._given:
            self.set_weights(source, target, np.where(self.mask(source, target) != 0, weights, np.float32(0)))
        self._given.clear()
        return self

    # --- looking -----------------------------------------------------------------------------------------------------

    def _units(self) -> int:
        """Units of all populations."""
        return int(_c.nai_network_size(self, _c.NAI_POPULATIONS, None))

    def _sizes(self, kind: int) -> Dict[str, int]:
        """Those of a built network, which nothing changes, are looked up once."""
        found = self._known.get(kind)
        if found is None:
            names = list(texts(lambda index: _c.nai_network_name(self, kind, index)))
            found = Record({name: int(_c.nai_network_size(self, kind, name)) for name in names})
            if self._built:
                self._known[kind] = found
        return found

    @property
    def inputs(self) -> Dict[str, int]:
        """Number of channels of each input, by name, in the order in which they were added."""
        return self._sizes(_c.NAI_INPUTS)

    @property
    def populations(self) -> Dict[str, int]:
        """Number of units of each population, by name, in the order in which they were added."""
        return self._sizes(_c.NAI_POPULATIONS)

    @property
    def outputs(self) -> Dict[str, int]:
        """Number of channels of each output, by name, in the order in which they were added."""
        return self._sizes(_c.NAI_OUTPUTS)

    @property
    def projections(self) -> Tuple[Tuple[str, str], ...]:
        """The projections as (from, to), in the order in which they were connected.

        Where a population has several ports or signals, with the one that is meant: ``("SST", "E:dendrite-")``.
        """
        return tuple(self._first_projections(self._n_projections()))

    def _n_projections(self) -> int:
        return int(_c.nai_network_count(self, _c.NAI_PROJECTIONS))

    def _first_projections(self, n: int) -> List[Tuple[str, str]]:
        return [self._projection(index) for index in range(n)]

    def _projection(self, index: int) -> Tuple[str, str]:
        source, target = c_char_p(), c_char_p()
        _c.nai_network_projection(source, target, self, index)
        return text(source.value), text(target.value)

    def size(self, name: str) -> int:
        """Number of units or channels of a population, input or output; of a port, ``"E:dendrite"``, with its copies."""
        for kind in (_c.NAI_POPULATIONS, _c.NAI_INPUTS, _c.NAI_OUTPUTS):
            n = int(_c.nai_network_size(self, kind, name))
            if n >= 0:
                return n
        known = listed([*self.populations, *self.inputs, *self.outputs])
        raise UnknownNameError(f"nothing is called {brief(name)}" + (f": there are {known}" if known else " yet"))

    def sign(self, name: str) -> int:
        """Sign of a population or input: +1, -1 or 0."""
        sign = c_int32()
        _c.nai_network_sign(sign, self, name)
        return sign.value

    def leak(self, name: str) -> str:
        """Where the leak of a population acts: "current", "rate" or "whole"."""
        leak = c_int32()
        _c.nai_network_leak(leak, self, name)
        return next(text for text, number in _LEAKS.items() if number == leak.value)

    def transfer(self, name: str) -> str:
        """Transfer function of a population, such as "relu"."""
        transfer = c_int32()
        _c.nai_network_transfer(transfer, self, name)
        return next(text for text, number in _TRANSFERS.items() if number == transfer.value)

    def model(self, name: str) -> str:
        """Model of a population, such as "rate"."""
        found = c_char_p()
        _c.nai_network_model(found, self, name)
        return text(found.value)

    def spikes(self, name: str) -> bool:
        """Whether the model of a population spikes: its first signal is 1 for a spike, else 0."""
        found = c_int32()
        _c.nai_network_spikes(found, self, name)
        return bool(found.value)

    def check_model(self, name: str) -> "Network":
        """Holds the slopes of a population's model against central differences of its step, after the build.

        On a trajectory with random input, away from kinks such as that of relu; of models that spike the slopes of
        states alone, where nothing spikes. Fails by naming the first slope that is wrong, what it is and should be.
        """
        _c.nai_network_check_model(self, name)
        return self

    def delay(self, source: str, target: str) -> float:
        """Delay of a projection, ms; where those of its synapses differ, about their mean (see :meth:`synapses`)."""
        delay = c_double()
        _c.nai_network_delay(delay, self, source, target)
        return delay.value

    def short_term(self, source: str, target: str) -> Optional[TsodyksMarkram]:
        """The short-term plasticity of a projection; None: it carries what is sent."""
        pointer = _c.new(_c.nai_short_term)
        _c.nai_network_short_term(pointer, self, source, target)
        return TsodyksMarkram._of(pointer) if pointer else None

    @property
    def dt(self) -> float:
        """Time step, ms."""
        return float(_c.nai_network_dt(self))

    @property
    def kernels(self) -> str:
        """Name of the kernels that run the network."""
        return text(_c.nai_network_kernels(self))

    @property
    def memory(self) -> int:
        """Memory that the build needs at most, in bytes; of a built network, what it holds. Trainers have their own."""
        found = c_int64()
        _c.nai_network_memory(found, self)
        return found.value

    @property
    def built(self) -> bool:
        """Whether the network is built."""
        return self._built

    def weights(self, source: str, target: str) -> Floats:
        """Effective weights of a projection, float32 [n_post, n_pre]; absent synapses are 0.

        A read-only view, which changes as the network learns. Of a listed projection, which has no matrix, one is made:
        16 000 units onto themselves take 1 GB, and what the machine has no memory for is refused. :meth:`synapses` has
        those that exist, ``net.synapses("E", "E").matrix()`` as a sparse matrix. Use ``.copy()`` to keep the present
        weights.
        """
        return self._matrix(source, target, view(self, _c.nai_network_weights, self, source, target))

    def mask(self, source: str, target: str) -> Floats:
        """1 where a synapse exists, else 0: float32 [n_post, n_pre], a read-only copy."""
        return self._matrix(source, target, flags(self, _c.nai_network_mask, self, source, target))

    def plastic(self, source: str, target: str) -> Floats:
        """1 where a synapse is plastic, else 0: float32 [n_post, n_pre], a read-only copy."""
        return self._matrix(source, target, flags(self, _c.nai_network_plastic, self, source, target))

    def _matrix(self, source: str, target: str, values: Floats) -> Floats:
        """What the library shows of a projection as [n_post, n_pre]: of a listed one its synapses are put there."""
        if self.storage(source, target) != "listed":
            return values
        return as_matrix(self, source, target, values, view(self, _c.nai_network_mask, self, source, target))

    def storage(self, source: str, target: str) -> str:
        """How the synapses of a projection of the built network are stored: "dense", "listed" or "shared"."""
        storage = c_int32()
        _c.nai_network_storage(storage, self, source, target)
        return next(word for word, number in _STORAGES.items() if number == storage.value)

    def synapses(self, source: Names = "*", target: Names = "*") -> SynapseList:
        """The synapses of these projections one after the other, in ascending order of (post, pre), as arrays; a copy.

        Without those that do not exist, so that what a large sparse network has fits into memory::

            found = net.synapses("E I", "E I")
            found.pre, found.post, found.weight, found.delay, found.plastic
            found.matrix()  # scipy.sparse [post, pre]

        Args:
            source: inputs and populations that send; shell patterns.
            target: populations and outputs that receive.
        """
        return synapses(self, source, target)

    def bias(self, name: str) -> Floats:
        """Bias of a population or output, float32 [n], a read-only view."""
        return view(self, _c.nai_network_bias, self, name)

    def positions(self, name: str) -> Floats:
        """Positions of a population's units, float32 [n, 3], mm, a read-only view."""
        return view(self, _c.nai_network_positions, self, name)

    def set_weights(self, source: Names, target: Names, weights: npt.ArrayLike) -> None:
        """Sets the weights of a projection, [n_post, n_pre]; or of all synapses of some, one each.

        Refused if any is not finite, has the wrong sign under Dale's law or a sign constraint, or is not 0 where no
        synapse exists. Fixed synapses are set too, and keep the new weight.

        Args:
            source: what sends; of single weights also lists and patterns.
            target: what receives.
            weights: a matrix; or [n], in the order of :meth:`synapses` of the same names, which needs no matrix::

                found = net.synapses("E", "E")
                net.set_weights("E", "E", 0.5 * found.weight)
        """
        of, to = joined(source, "source"), joined(target, "target")
        if given("weights", weights).ndim == 1:
            each = numbers("weights", weights, ("n",))
            n = count(self, of, to)
            if len(each) != n:
                raise wrong_shape("weights", f"[{n}], one a synapse, or of one projection [n_post, n_pre]", each.shape)
            _c.nai_network_set_synapse_weights(self, of, to, each, n)
            return
        array = numbers("weights", weights, (self.size(to), self.size(of)))
        _c.nai_network_set_weights(self, of, to, array, *array.shape)

    def set_mask(self, source: str, target: str, mask: npt.ArrayLike) -> None:
        """Permanently removes synapses of the built network: those where ``mask`` [n_post, n_pre] is 0.

        Their weights are exactly 0 from now on, including during training and in the file. No synapse is added where
        there is none.
        """
        array = as_mask("mask", mask, (self.size(target), self.size(source)))
        _c.nai_network_set_mask(self, source, target, array, *array.shape)

    def prune(
        self,
        source: Names = "*",
        target: Names = "*",
        *,
        fraction: float = 1.0,
        seed: int = 0,
        smallest: bool = False,
    ) -> None:
        """Permanently removes a fraction of the synapses of each of these projections of the built network.

        They are absent from now on: in training, whatever a trainer's optimiser still remembers of them, in copies,
        files, pickles and checkpoints. Without a seed of your own they are those that
        ``na.ScaleSynapses(source, target, 0, fraction=fraction)`` cuts during a trial.

        Args:
            source: inputs and populations that send.
            target: populations and outputs that receive.
            fraction: of the synapses that there are, in each projection; 1: all.
            seed: of the draw.
            smallest: those with the smallest absolute weights, in place of a draw.
        """
        ends, part = (joined(source, "source"), joined(target, "target")), real("fraction", fraction)
        if smallest:
            _c.nai_network_prune_smallest(self, *ends, part)
        else:
            _c.nai_network_prune(self, *ends, part, whole("seed", seed, _c.uint64))

    def prune_units(
        self, names: Chosen, units: Optional[npt.ArrayLike] = None, *, fraction: float = 1.0, seed: int = 0
    ) -> None:
        """Permanently removes all synapses onto and from these units of the built network.

        The units stay, and go on by themselves, with their biases and noise. See :meth:`prune`.

        Args:
            names: populations; or a mapping from their names to units, as ``{"E": [0, 3]}``.
            units: units of each of these populations: numbers from 0, none twice, or a mask of bool [n]. Default: all.
            fraction: of these units, drawn at random in each population: those that ``na.Silence`` means.
            seed: of the draw.
        """
        share, draw = real("fraction", fraction), whole("seed", seed, _c.uint64)
        parts = chosen(self, names, units)
        if len(parts) > 1:  # all of them, or none
            state = self.state()
            for name, which in parts:
                state.silence(name, which, fraction=share, seed=draw)
        for name, which in parts:
            _c.nai_network_prune_units(self, name, which, _c.NAI_ALL_UNITS if which is None else len(which), share, draw)

    def set_bias(self, name: str, bias: npt.ArrayLike) -> None:
        """Sets the bias of a population or output, [n]."""
        array = numbers("bias", bias, (self.size(name),))
        _c.nai_network_set_bias(self, name, array, len(array))

    def self_predict(self) -> "Network":
        """Puts a built microcircuit into the self-predicting state: without a teacher, apical potentials are 0.

        Weights from interneurons become minus those from the layer above, weights onto them those onto that layer times
        a factor of their conductances, and biases likewise. Pathways are found by their ports, so circuits of
        :func:`neuroai.microcircuit` and others of its kind will do; one that is no microcircuit is refused and keeps its
        weights.
        """
        _c.nai_network_self_predict(self)
        return self

    def set_positions(self, name: str, positions: npt.ArrayLike) -> None:
        """Places the units of one population, [n, 3], mm; before or after the build."""
        array = numbers("positions", positions, (self.size(name), 3))
        self._compose(_c.nai_network_set_positions, name, array, len(array))

    def set_plastic(self, source: Names, target: Names, plastic: bool) -> "Network":
        """Makes projections plastic or frozen, before or after the build."""
        self._compose(_c.nai_network_set_plastic, joined(source, "source"), joined(target, "target"), int(plastic))
        return self

    def set_memory_limit(self, memory_limit: Optional[int]) -> "Network":
        """Sets the most bytes of memory that it may take, before or after the build. None: the memory of the machine.

        A build, a copy or, together with the network, a trainer that needs more raises MemoryError before it takes
        any, and tells how much it needs. Copies have the same limit.
        """
        self._compose(_c.nai_network_set_memory_limit, 0 if memory_limit is None else memory_limit)
        return self

    def spectrum(self, names: Names = "*", progress: bool = True, k: Optional[int] = None) -> Spectrum:
        """Spectrum of the weights among these populations, all delays together.

        It takes seconds for 1000 units and minutes for 5000. Ctrl-C is answered at once, but LAPACK cannot be stopped:
        it finishes in the background. For large networks with few synapses, ``k`` asks for the leading eigenvalues
        alone, which are found from the synapses that exist without ever making the matrix (ARPACK, by SciPy, which
        must be installed).

        Args:
            names: populations; shell patterns.
            progress: whether to show for how long it has been computed when that is more than a second.
            k: how many eigenvalues, those of the largest modulus, up to 2 less than there are units. None: all of them.
        """
        room, wanted = max(1, self._units()), joined(names)
        doing = "computing the spectrum" if progress else ""
        if k is not None:
            few = partial(_few_eigenvalues, self, wanted, k)
            return abandonable(few, doing=doing) if room >= _LARGE else few()

        def find() -> Any:
            found = _c.nai_spectrum()
            real, imaginary = np.empty(room), np.empty(room)
            _c.nai_network_spectrum(found, real, imaginary, room, self, wanted)
            return found, real, imaginary

        found, real, imaginary = abandonable(find, doing=doing) if room >= _LARGE else find()
        eigenvalues = real[: found.n] + 1j * imaginary[: found.n]
        return Spectrum(found.n, found.radius, found.bulk, found.outlier, found.entropy, eigenvalues)

    # --- running -----------------------------------------------------------------------------------------------------

    def state(
        self,
        trials: Optional[int] = None,
        seed: int = 0,
        threads: int = 1,
        initial: "Optional[Start]" = None,
    ) -> "State":
        """A state of ``trials`` trials that run in parallel, at time 0, with noise from ``seed``, on so many threads.

        Default: one trial, or those of ``initial``, which says where they start: see :meth:`run`.
        """
        from .state import begun

        return begun(self, trials, seed, threads, initial)

    def run(
        self,
        inputs: "Inputs" = None,
        seed: int = 0,
        trials: Optional[int] = None,
        steps: Optional[int] = None,
        state: Optional["State"] = None,
        record: "Optional[Recorded]" = None,
        every: int = 1,
        interventions: "Optional[Interventions]" = None,
        progress: bool = True,
        threads: int = 1,
        initial: "Optional[Start]" = None,
    ) -> "Run":
        """Runs the network and records rates and outputs.

        Ctrl-C ends the run within a fraction of a second. The KeyboardInterrupt then has the attribute ``run`` with
        what was recorded so far, and ``state`` is at the last step.

        Activity that becomes NaN or infinite does not end the run; a RuntimeWarning says from where on.

        Args:
            inputs: [T, B, n] (steps, trials, channels of all inputs in order), or [T, n] for one trial; or a mapping
                from names of inputs to such arrays, where inputs that are left out are 0; or trials.
            seed: of the noise. Trial b has the noise of trial b of this seed; given trials have the noise of their own
                numbers, as in an evaluation with this seed.
            trials, steps: needed if there are no inputs.
            state: continues from this state, which moves on, instead of starting at time 0; ``seed`` is then not used.
            record: populations whose rates are recorded, names or shell patterns: ``"E"``, ``["E", "pfc/*"]``; None:
                all; ``""``: none. Of those that spike, ``run.spikes`` has the spikes. With a colon a variable, see
                :meth:`State.variable`, which ``run.traces`` then has: ``"E I:x D:dendrite+"``, ``"*:rate"``. Or a mapping
                from such names to units, numbers from 0 or a mask of bool [n], where None is all:
                ``{"E": [0, 3, 5], "I:x": mask, "PV": None}``; ``run.units`` has their numbers. Outputs are always
                recorded. Memory is only taken for what is recorded.
            every: records every so many steps: ``every``, ``2 * every``, ...
            interventions: what is done to units, and when: ``na.Silence("PV", start=500, end=1000)``, or a list of
                such; see :class:`neuroai.Intervention`. Times count from the start of the run; epochs are those of the
                trials.
            progress: whether to show a progress bar if the run takes more than a second.
            threads: of the steps, if they do not continue from a state, which has its own: see :class:`State`. What is
                computed does not depend on it.
            initial: where the trials start, instead of the network's initial states. A mapping from states to values,
                [B, n], or [n] for all trials alike: ``{"E:x": x, "PV:v": v, ("E", "I"): (u, x)}``, see
                :meth:`State.set_variables`; ``run.final`` of another run is one. Or a run or state itself, from whose
                end this one goes on, with what is under way in delays, while that one stays where it is: with the
                same seed as if it had been longer, with another one in other noise.
        """
        from .state import run

        return run(self, inputs, seed, trials, steps, state, threads, initial, record=record, every=every, interventions=interventions, progress=progress)

    # --- model file --------------------------------------------------------------------------------------------------

    def save(self, path: Union[str, "os.PathLike[str]"], progress: bool = True) -> None:
        """Saves the built network as safetensors. If a save is interrupted, the old file remains intact.

        ``progress``: whether to show that a save of more than a second goes on. Ctrl-C acts when it has ended.
        """
        file = file_name("path", path)
        doing = "saving the network" if progress and self._units() >= _LARGE else ""
        to_its_end(lambda: _c.nai_network_save(self, file), doing)

    @classmethod
    def load(
        cls,
        path: Union[str, "os.PathLike[str]"],
        constraints: Sequence[Constraint] = (),
        progress: bool = True,
        memory_limit: Optional[int] = None,
        models: Sequence[Model] = (),
    ) -> "Network":
        """Loads a network. A damaged file is refused as a whole.

        Args:
            path: the file.
            constraints: your own constraints that the network had; they are matched by name.
            progress: whether to show that a load of more than a second goes on.
            memory_limit: bytes that it may take, see :meth:`set_memory_limit`. None: the memory of the machine.
            models: your own unit models that it had; they are matched by name.
        """
        file = file_name("path", path)

        def read(pointer: Any, options: "_c.nai_load_options") -> None:
            _c.nai_network_load(pointer, file, options)

        return cls._loaded(read, constraints, progress, memory_limit, models)

    def to_bytes(self) -> bytes:
        """The bytes that :meth:`save` would write: to be kept in memory, sent, or stored elsewhere."""
        return written(_c.nai_network_save_memory, self)

    @classmethod
    def from_bytes(
        cls,
        data: bytes,
        constraints: Sequence[Constraint] = (),
        memory_limit: Optional[int] = None,
        models: Sequence[Model] = (),
    ) -> "Network":
        """Loads a network from the bytes of a model file, as :meth:`to_bytes` gives them. See :meth:`load`."""
        held = as_bytes(data)

        def read(pointer: Any, options: "_c.nai_load_options") -> None:
            _c.nai_network_load_memory(pointer, held, len(held), options)

        return cls._loaded(read, constraints, True, memory_limit, models)

    @classmethod
    def _loaded(
        cls,
        read: Callable[..., None],
        constraints: Sequence[Constraint],
        progress: bool,
        memory_limit: Optional[int],
        models: Sequence[Model],
    ) -> "Network":
        limit = 0 if memory_limit is None else whole("memory_limit", memory_limit, _c.int64)
        for constraint in constraints:
            expect("constraints", constraint, Constraint, "neuroai.Constraints")
        for model in models:
            expect("models", model, Model, "neuroai.Models")

        def load() -> Any:
            pointer = _c.new(_c.nai_network)
            with ExitStack() as stack:
                lent = [stack.enter_context(constraint._lent()) for constraint in constraints]
                units = [stack.enter_context(model._lent()) for model in models]
                options = _c.nai_load_options(memory_limit=limit)
                if lent:
                    options.constraints = (ctypes.POINTER(_c.nai_constraint) * len(lent))(*lent)
                    options.n_constraints = len(lent)
                if units:
                    options.models = (ctypes.POINTER(_c.nai_model) * len(units))(*units)
                    options.n_models = len(units)
                read(pointer, options)
            return pointer

        doing = "loading the network" if progress else ""
        pointer = load() if constraints or models else abandonable(load, _c.nai_network_destroy, doing)
        net = cls.__new__(cls)
        net._own(pointer, built=True)
        net._constraints = list(constraints)
        by_name = {model.fields.name: model for model in models}
        used = {name: by_name.get(net.model(name)) for name in net.populations} if models else {}
        net._own_models = {name: model for name, model in used.items() if model is not None}
        return net

    def copy(self) -> "Network":
        """A copy of the network, which runs and learns with the same bits. Constraints are shared."""
        pointer = _c.new(_c.nai_network)
        _c.nai_network_copy(pointer, self)
        net = type(self).__new__(type(self))
        net._own(pointer, built=self._built)
        net._constraints = list(self._constraints)
        net._own_models = dict(self._own_models)
        net._calls_back = self._calls_back
        net._given = list(self._given)
        net._first_error = self._first_error
        return net

    __copy__ = copy

    def __deepcopy__(self, memo: Any) -> "Network":
        return self.copy()

    def __reduce__(self) -> Any:
        """As the bytes of its model file; constraints and models of one's own come along."""
        if not self._built:
            raise TypeError("a Network that is not built cannot be pickled: build it first, or save how it is made")
        models = list({id(model): model for model in self._own_models.values()}.values())
        return _again, (type(self), self.to_bytes(), self._constraints, self.kernels, models)

    # --- showing -----------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        signs = {1: " (+)", -1: " (-)", 0: ""}
        n = self._n_projections()
        shown = [self._describe_projection(*ends) for ends in self._first_projections(min(n, SHOWN))]
        rows = {
            "inputs": listed(f"{name} {size}{signs[self.sign(name)]}" for name, size in self.inputs.items()),
            "populations": listed(f"{name} {size}{signs[self.sign(name)]}" for name, size in self.populations.items()),
            "outputs": listed(f"{name} {size}" for name, size in self.outputs.items()),
            "projections": listed(shown, total=n),
        }
        how = f"built, kernels {self.kernels}" if self._built else "not built yet"
        lines = [f"Network(dt={self.dt:g} ms, {how})"]
        lines += [f"  {what:<12} {entries}" for what, entries in rows.items() if entries]
        return "\n".join(lines)

    def _describe_projection(self, source: str, target: str) -> str:
        if not self._built:
            return f"{source} -> {target}"
        pairs = self.size(target) * self.size(source)
        return f"{source} -> {target} ({count(self, source, target)} of {pairs})"


def _again(
    kind: Any, model: bytes, constraints: Sequence[Constraint], kernels: str, models: Sequence[Model] = ()
) -> Network:
    """A network from what was pickled of it."""
    net: Network = kind.from_bytes(model, constraints, models=models)
    try:
        _c.nai_network_set_kernels(net, kernels)
    except UnsupportedError:  # another processor
        pass
    return net
