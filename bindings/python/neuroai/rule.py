"""Learning rules: they estimate dJ/dW, or change the weights directly."""

from __future__ import annotations

import copyreg
import ctypes
import weakref
from typing import TYPE_CHECKING, Any, Callable, ClassVar, Dict, Optional, Tuple

import numpy.typing as npt

from . import _c
from ._callback import LocalStep, Traces, callback, called, destroy, nothing, register
from ._closed import Setting
from ._handle import Floats, Handle, Parameter, as_array, brief, parameters, spelt, text, view, whole, wrong_type
from .errors import InvalidError, OrderError
from .synapse_list import of_places

if TYPE_CHECKING:
    from .trainer import Trainer

__all__ = [
    "BPTT",
    "DendriticError",
    "DirectFeedbackAlignment",
    "EProp",
    "EquilibriumPropagation",
    "FORCE",
    "FeedbackAlignment",
    "FullFORCE",
    "KolenPollack",
    "LocalRule",
    "NodePerturbation",
    "PredictiveCoding",
    "RFLO",
    "RTRL",
    "RewardHebbian",
    "Rule",
    "SignSymmetry",
    "SnAp1",
    "TruncatedBPTT",
    "UORO",
    "WeightMirror",
]


class Rule(Handle):
    """Base of all learning rules. A rule may be used by several trainers; each has its own feedback weights.

    Parameters are attributes: ``rule.update_every = 5``. Parameters that are only read when a trainer is created cannot
    be changed afterwards.
    """

    #: Numbers that are read when a trainer is made.
    _at_start: ClassVar[Tuple[str, ...]] = ()
    #: Whether a trainer with it must have a cost.
    _needs_cost: ClassVar[bool] = True

    def _make(self, create: Any, *arguments: Any, **numbers: float) -> None:
        pointer = _c.new(_c.nai_rule)
        create(pointer, *arguments)
        self._adopt(pointer, _c.nai_rule_destroy)
        self._made = create.__name__, arguments
        for name, value in numbers.items():
            self.set(name, value)

    @property
    def name(self) -> str:
        """Name of the rule, such as "bptt"."""
        return text(_c.nai_rule_name(self))

    @property
    def parameters(self) -> Dict[str, Parameter]:
        """The numbers that can be set, by name, each with unit, default and range."""
        return parameters(_c.nai_rule_parameter, self)

    def set(self, parameter: str, value: float) -> None:
        """Sets a number by name."""
        if parameter in self._at_start and "_in_use" in vars(self):
            raise OrderError(f"{parameter}: a trainer was made with it as it is; make another rule and another trainer")
        _c.nai_rule_set(self, parameter, value)

    def get(self, parameter: str) -> float:
        """Reads one."""
        value = ctypes.c_double()
        _c.nai_rule_get(value, self, parameter)
        return value.value

    def __reduce__(self) -> Any:
        return _again, (type(self), *self._made, {name: self.get(name) for name in self.parameters})

    def __repr__(self) -> str:
        numbers = ", ".join(f"{name}={self.get(name):g}" for name in self.parameters)
        return f"{type(self).__name__}({numbers})"


def _again(kind: Any, create: str, arguments: Any, numbers: Dict[str, float]) -> Rule:
    """A rule from what was pickled of it."""
    rule: Rule = kind.__new__(kind)
    rule._make(getattr(_c, create), *arguments, **numbers)
    return rule


class RuleAtWork:
    """The rule of one trainer: its parameters, and its feedback weights in this trainer."""

    _trainer: "Trainer"
    _rule: Rule

    def __init__(self, trainer: "Trainer", rule: Rule) -> None:
        vars(self).update(_trainer=trainer, _rule=rule)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._rule, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._rule, name, value)

    def __reduce__(self) -> Any:
        raise TypeError("the rule of a trainer cannot be copied or pickled: save the trainer, trainer.save(path)")

    def __repr__(self) -> str:
        return repr(self._rule)

    def feedback(self, source: str, target: Optional[str] = None) -> Floats:
        """Feedback weights, a view (of a listed projection a copy): onto a population from all outputs [n, outputs], or, with ``target``, the weights
        in place of the transposed weights of that projection [n of source, n of target]."""
        shown = view(self._trainer, _c.nai_trainer_feedback, self._trainer, source, target)
        if target is None or self._trainer.net.storage(source, target) != "listed":
            return shown
        return self._trainer.net._matrix(source, target, shown.T).T

    def set_feedback(self, source: str, *arguments: Any) -> None:
        """``set_feedback("E", B)`` or ``set_feedback("h1", "h2", B)``, shaped as :meth:`feedback` gives them."""
        if not 1 <= len(arguments) <= 2:
            raise TypeError("set_feedback takes a population and an array, or two populations and an array")
        target: Optional[str] = arguments[0] if len(arguments) == 2 else None
        values: npt.ArrayLike = arguments[-1]
        array = as_array("values", values, self.feedback(source, target).shape)
        if target is not None and self._trainer.net.storage(source, target) == "listed":
            array = of_places(self._trainer.net, source, target, array.T)
        _c.nai_trainer_set_feedback(self._trainer, source, target, array)


# --- exact -----------------------------------------------------------------------------------------------------------


class BPTT(Rule):
    """Backpropagation through time: the exact gradient."""

    def __init__(self) -> None:
        self._make(_c.nai_rule_create_bptt)


class TruncatedBPTT(Rule):
    """Backpropagation through time within windows of ``steps`` steps: errors do not propagate between windows."""

    steps = Setting(int)

    def __init__(self, steps: int) -> None:
        self._make(_c.nai_rule_create_truncated_bptt, steps)


# --- forward in time -------------------------------------------------------------------------------------------------


class RTRL(Rule):
    """Real-time recurrent learning (Williams & Zipser 1989): the exact gradient, computed forward in time.

    Slow: units^2 operations for each parameter, step and trial. For small networks, and for tests of other rules.
    """

    def __init__(self) -> None:
        self._make(_c.nai_rule_create_rtrl)


class UORO(Rule):
    """Unbiased online recurrent optimisation (Tallec & Ollivier 2018): a noisy estimate whose mean is the gradient.

    Args:
        seed: of the random signs, which also depend on the numbers of update and trial, so estimates can be repeated.
    """

    def __init__(self, seed: int = 0) -> None:
        self._make(_c.nai_rule_create_uoro, seed)


# --- local in space and time -----------------------------------------------------------------------------------------


class RFLO(Rule):
    """Random feedback local online learning (Murray 2019): learning signal times eligibility trace.

    Args:
        seed: of the random feedback weights from the outputs to all units; ``trainer.rule.set_feedback`` replaces them.
        update_every: steps between updates within a trial (the trials of a batch are then run one after another); 0:
            one update at the end of the batch.
    """

    update_every = Setting(int)

    def __init__(self, seed: int = 0, update_every: int = 0) -> None:
        self._make(_c.nai_rule_create_rflo, seed, update_every=update_every)


_FEEDBACK = {
    "symmetric": _c.NAI_FEEDBACK_SYMMETRIC,
    "random": _c.NAI_FEEDBACK_RANDOM,
    "adaptive": _c.NAI_FEEDBACK_ADAPTIVE,
}
_SIGN = {"uniform": _c.NAI_SIGN_UNIFORM, "batch": _c.NAI_SIGN_BATCH, "fixed": _c.NAI_SIGN_FIXED}


def _choice(what: str, value: str, choices: Dict[str, int]) -> int:
    value = spelt(value, choices)
    if not isinstance(value, str) or value not in choices:
        raise InvalidError(f"{what} is {brief(value)}, must be one of {', '.join(map(repr, choices))}")
    return choices[value]


class EProp(Rule):
    """e-prop (Bellec et al. 2020) for rate units.

    Args:
        feedback: "symmetric": the transposed readout weights; "random": fixed random weights onto all units;
            "adaptive": initially random weights that receive the same updates as the readout; both decay.
        seed: of the feedback weights.
        decay: for adaptive feedback, the fraction that readout and feedback weights lose at each update.
        update_every: as in :class:`RFLO`.
    """

    update_every = Setting(int)
    decay = Setting(float)

    def __init__(
        self, feedback: str = "symmetric", seed: int = 0, decay: float = 1e-4, update_every: int = 0
    ) -> None:
        numbers: Dict[str, float] = {"update_every": update_every}
        if feedback == "adaptive":
            numbers["decay"] = decay
        self._make(_c.nai_rule_create_eprop, _choice("feedback", feedback, _FEEDBACK), seed, **numbers)


class SnAp1(Rule):
    """SnAp-1 (Menick et al. 2021): symmetric e-prop with traces that take account of autapses."""

    def __init__(self) -> None:
        self._make(_c.nai_rule_create_snap1)


# --- by recursive least squares ---------------------------------------------------------------------------------------


class FORCE(Rule):
    """FORCE (Sussillo & Abbott 2009): recursive least squares changes the readout within the trial.

    The plastic weights onto outputs learn; all others are constant. To feed an output back, represent it by a linear
    population that drives it one to one and projects into the network::

        net.population("units", 500, tau=10, transfer="tanh")
        net.population("loop", 1, tau=net.dt, transfer="linear").output("z", 1)
        net.connect("units", "loop", delay=0).connect("loop", "units", initial=na.Uniform(-1, 1))
        net.connect("loop", "z", initial=np.eye(1), plastic=False)

    Weights do not change at steps without a target or with a mask of 0. The optimiser of the trainer is not used. Costs
    may be on outputs only, and are only reported.

    Args:
        lam: lambda of ridge regression: initially, P = I / lambda.
        update_every: steps between updates.
    """

    _at_start = ("lambda",)
    lam = Setting(float, "lambda")
    update_every = Setting(int)

    def __init__(self, lam: float = 1.0, update_every: int = 1) -> None:
        self._make(_c.nai_rule_create_force, **{"lambda": lam}, update_every=update_every)


class FullFORCE(Rule):
    """full-FORCE (DePasquale et al. 2018): the weights between units learn too, from a teacher driven by the targets.

    The plastic weights between units learn to give each unit the input that it receives in a teacher: a random network
    of the same units with the targets as additional inputs. The weights onto outputs learn the targets. Weights from
    inputs are constant. For units with the leak on the current, delays of one step between them and of 0 to outputs.

    Args:
        seed: of the teacher's weights.
        gain: of its recurrent weights, normal with variance gain^2 / N.
        target_gain: of the weights from the targets, uniform in +-target_gain.
        lam: lambda of ridge regression: initially, P = I / lambda.
        update_every: steps between updates.
    """

    _at_start = ("gain", "target_gain", "lambda")
    gain = Setting(float)
    target_gain = Setting(float)
    lam = Setting(float, "lambda")
    update_every = Setting(int)

    def __init__(
        self, seed: int = 0, gain: float = 1.5, target_gain: float = 1.0, lam: float = 1.0, update_every: int = 2
    ) -> None:
        numbers = {"gain": gain, "target_gain": target_gain, "lambda": lam, "update_every": update_every}
        self._make(_c.nai_rule_create_full_force, seed, **numbers)


# --- of one's own ----------------------------------------------------------------------------------------------------


class LocalRule(Rule):
    """A local rule of your own: a function of the quantities available at synapses, at each step of a whole batch.

    Either derive from this class and override :meth:`step` (an ``__init__`` has to call this one); or give a function:
    ``na.LocalRule(function, traces=1)``. Readouts learn by their exact gradient; initial states do not learn; masks,
    signs, costs on weights and the optimiser are applied by the trainer. An exception in :meth:`step` is raised by the
    call that led to it, and the weights do not change. The function is called for the biases of each population, and
    for each plastic projection onto it, of listed ones for each row.

    Args:
        step: a function of a :class:`LocalStep`.
        traces: number of traces of each synapse and trial.
        feedback: how errors of outputs reach units: "random", as in RFLO, or "symmetric", by the transposed readout.
        seed: of the random feedback weights.
        name: used in checkpoints; default: the name of the function or class.
    """

    traces: int = 0
    feedback: str = "random"
    update_every = Setting(int)
    _settable = ("traces", "feedback", "step")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("traces", "feedback") and "_pointer" in vars(self):
            raise AttributeError(f"{type(self).__name__}.{name}: the rule is made with it; make another one")
        super().__setattr__(name, value)

    def __init__(
        self,
        step: Optional[Callable[[LocalStep], None]] = None,
        *,
        traces: Optional[int] = None,
        feedback: Optional[str] = None,
        seed: int = 0,
        name: str = "",
    ) -> None:
        if step is not None:
            if not callable(step):
                raise wrong_type("step", "a function of a neuroai.LocalStep", step)
            self.step = step  # type: ignore[method-assign, assignment]
            name = name or getattr(step, "__name__", "")
        self.traces = whole("traces", self.traces if traces is None else traces)
        self.feedback = self.feedback if feedback is None else feedback
        self._seed, self._name = seed, name
        self._attach()

    def _attach(self) -> None:
        """Makes the C object."""
        n_traces, seed, name = self.traces, self._seed, self._name
        ops = _c.nai_rule_ops(destroy=destroy)
        ops.name = (name or type(self).__name__).encode()
        choices = {choice: _FEEDBACK[choice] for choice in ("symmetric", "random")}
        ops.feedback = _choice("feedback", self.feedback, choices)
        if not -(2**31) <= n_traces < 2**31:
            raise InvalidError(f"traces is {n_traces}, must be 0 to {2**31 - 1}")
        ops.n_traces = n_traces
        ops.step = _on_local_step
        # The C object is this one's own: were this one kept alive by it, neither would ever go.
        self._make(_c.nai_rule_create, ops, seed, register((weakref.ref(self), Traces(n_traces))))

    def __reduce__(self) -> Any:
        made = {"_pointer", "_as_parameter_", "_made"}
        state = {name: value for name, value in vars(self).items() if name not in made}
        return copyreg.__newobj__, (type(self),), (state, {name: self.get(name) for name in self.parameters})  # type: ignore[attr-defined]

    def __setstate__(self, state: Any) -> None:
        attributes, numbers = state
        vars(self).update(attributes)
        self._attach()
        for name, value in numbers.items():
            self.set(name, value)

    def step(self, step: LocalStep) -> None:
        """Called at each time step: update ``step.trace``, add to ``step.change``."""
        raise NotImplementedError(f"{type(self).__name__} has no step()")

    def __getattr__(self, name: str) -> Any:
        if name == "_as_parameter_":
            raise TypeError(f"{type(self).__name__}.__init__ did not call super().__init__()")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __repr__(self) -> str:
        return f"<LocalRule {self.name if len(self.name) <= 60 else brief(self.name)}>"


@callback(_c.on_local_step)
def _on_local_step(used: "Tuple[weakref.ref[LocalRule], Traces]", step: Any) -> None:
    rule = used[0]()
    if rule is None:
        raise ReferenceError("the Python object of this rule is gone")
    shown = LocalStep(step.contents, used[1])
    nothing("step", called(rule.step, [shown], shown), "add to step.change")


# --- without weight transport ----------------------------------------------------------------------------------------


class FeedbackAlignment(Rule):
    """Feedback alignment (Lillicrap et al. 2016): backpropagation with fixed random weights in place of W^T."""

    def __init__(self, seed: int = 0) -> None:
        self._make(_c.nai_rule_create_feedback_alignment, seed)


class DirectFeedbackAlignment(Rule):
    """Direct feedback alignment (Nokland 2016): fixed random weights from the outputs to every unit."""

    def __init__(self, seed: int = 0) -> None:
        self._make(_c.nai_rule_create_direct_feedback_alignment, seed)


class SignSymmetry(Rule):
    """Sign symmetry (Liao, Leibo & Poggio 2016): feedback weights have the signs of the weights, but other magnitudes.

    Args:
        form: magnitudes are "uniform" (uSF), drawn anew for each "batch" (brSF), or drawn once, "fixed" (frSF).
        seed: of the magnitudes.
    """

    def __init__(self, form: str = "uniform", seed: int = 0) -> None:
        self._make(_c.nai_rule_create_sign_symmetry, _choice("form", form, _SIGN), seed)

    @property
    def form(self) -> str:
        """Magnitudes of the feedback weights: "uniform", "batch" or "fixed"."""
        return next(form for form, number in _SIGN.items() if number == self.get("form"))

    @form.setter
    def form(self, form: str) -> None:
        self.set("form", _choice("form", form, _SIGN))


class KolenPollack(Rule):
    """Kolen-Pollack learning (Akrout et al. 2019): feedback weights get the updates of the weights, and both decay.

    Args:
        decay: fraction that both lose at each update; their difference shrinks by the factor 1 - decay.
        seed: of the initial feedback weights.
    """

    decay = Setting(float)

    def __init__(self, decay: float = 1e-3, seed: int = 0) -> None:
        self._make(_c.nai_rule_create_kolen_pollack, decay, seed)


class WeightMirror(Rule):
    """Weight mirror (Akrout et al. 2019): feedback weights learn to match the weights by driving units with noise.

    Args:
        seed: of the initial feedback weights and of the noise.
        rate: fraction by which they move towards the measured correlation at each update.
        noise: standard deviation of the noise.
        samples: of noise per update.
        warm_up: number of updates of the feedback weights alone, when the trainer is created.
    """

    _at_start = ("warm_up",)
    rate = Setting(float)
    noise = Setting(float)
    samples = Setting(int)
    warm_up = Setting(int)

    def __init__(
        self, seed: int = 0, rate: float = 0.01, noise: float = 0.1, samples: int = 128, warm_up: int = 0
    ) -> None:
        self._make(
            _c.nai_rule_create_weight_mirror, seed, rate=rate, noise=noise, samples=samples, warm_up=warm_up
        )


# --- by relaxation to a nudged state ---------------------------------------------------------------------------------


class PredictiveCoding(Rule):
    """Predictive coding (Whittington & Bogacz 2017) in layers that answer within a step: tau = dt, no delays, no noise.

    Each layer predicts the next one. Outputs are held away from what is predicted, units relax, and a weight changes by
    the error of the receiving unit times the rate of the sending one.

    Args:
        fixed: whether predictions and slopes stay those of the forward sweep; after many steps the estimate is then the
            gradient (Millidge, Tschantz & Buckley 2020).
        steps: of the relaxation.
        rate: part of the way that a step takes.
        reach: outputs are held at z - reach dJ/dz of the trial's own cost; for a mean square error over n outputs, n / 2
            is at the target.
        variance: of outputs, by which their errors are divided; as it grows, the estimate tends to the gradient.
    """

    fixed = Setting(bool)
    steps = Setting(int)
    rate = Setting(float)
    reach = Setting(float)
    variance = Setting(float)

    def __init__(
        self, fixed: bool = False, steps: int = 20, rate: float = 0.2, reach: float = 1.0, variance: float = 10.0
    ) -> None:
        numbers = {"fixed": fixed, "steps": steps, "rate": rate, "reach": reach, "variance": variance}
        self._make(_c.nai_rule_create_predictive_coding, **numbers)


_NUDGE = {
    "one-sided": _c.NAI_NUDGE_ONE_SIDED,
    "symmetric": _c.NAI_NUDGE_SYMMETRIC,
    "random": _c.NAI_NUDGE_RANDOM,
}


class EquilibriumPropagation(Rule):
    """Equilibrium propagation (Scellier & Bengio 2017) in networks that come to rest, whose weights are symmetric.

    The steps of a trial are the free phase. From its end units go on while the outputs pull at them, and both directions
    of a pair learn from the change of r_i r_j; so weights that start symmetric stay so::

        net.connect("h", "top").connect("top", "h").build()
        net.set_weights("top", "h", net.weights("h", "top").T)

    The estimate is that of the cost of the last step; costs may be on outputs and weights. Delays of one step between
    units, no noise, outputs without memory, trials of one length.

    Args:
        form: nudged by beta, "one-sided"; by beta and -beta, "symmetric"; or by one of these, "random" at each update.
        beta: how much of -dJ/dr of a trial's own cost units get. As it goes to 0 the estimate tends to the gradient, in
            proportion to it, or, in the symmetric form, to its square.
        steps: that the nudged network makes.
        seed: of random signs.
    """

    beta = Setting(float)
    steps = Setting(int)

    def __init__(self, form: str = "symmetric", beta: float = 0.5, steps: int = 20, seed: int = 0) -> None:
        number = _choice("form", form, _NUDGE)
        self._make(_c.nai_rule_create_equilibrium_propagation, number, seed, beta=beta, steps=steps)

    @property
    def form(self) -> str:
        """How it nudges: "one-sided", "symmetric" or "random"."""
        return next(form for form, number in _NUDGE.items() if number == self.get("form"))

    @form.setter
    def form(self, form: str) -> None:
        self.set("form", _choice("form", form, _NUDGE))


# --- in dendrites ----------------------------------------------------------------------------------------------------


class DendriticError(Rule):
    """Dendritic error (Sacramento, Costa, Bengio & Senn 2018): each synapse learns from the error of its compartment.

    For populations whose model has errors of its ports, such as ``model="pyramidal"``; what is onto others must be
    frozen. Delta follows (error of the port) x (what the synapse carried) with the time constant tau, and stays from
    trial to trial; biases are synapses from 1. With ``na.SGD(1)`` and ``rates={("P1", "P2:basal"): eta}``, eta in 1/ms,
    dW/dt = eta Delta. A trainer needs no cost: ``na.Trainer(net, trials, rule=na.DendriticError(), ...)``; its cost is 0
    then. Costs on outputs train readouts alone.

    Args:
        tau: time constant of the low-pass of what is induced, ms; 0: none.
        lag: nothing is learnt so long from the beginning of each trial, ms.
        update_every: steps between updates within a trial (the trials of a batch are then run one after another); 0:
            one update at the end of the batch, of the mean over its trials, each of which begins with Delta = 0.
        sweep: 1, with update_every 0: the two-step form for large runs. After the last step, errors come down from the
            top at once, and what is induced then, dt times, is the update, without low-pass. For circuits that are
            laid out with a delay and steady dynamics: ``na.microcircuit(sizes, dt=1, delay=1, dynamics="steady")``.
    """

    _needs_cost = False
    tau = Setting(float)
    lag = Setting(float)
    update_every = Setting(int)
    sweep = Setting(int)
    _at_start = ("sweep",)

    def __init__(self, tau: float = 30, lag: float = 0, update_every: int = 1, sweep: int = 0) -> None:
        self._make(_c.nai_rule_create_dendritic_error, tau=tau, lag=lag, update_every=update_every, sweep=sweep)


# --- from the cost of each trial alone -------------------------------------------------------------------------------


class NodePerturbation(Rule):
    """Node perturbation (Fiete & Seung 2006): correlates perturbations of units with the change of a trial's cost.

    Args:
        sd: standard deviation of the perturbations of units and outputs. An agent explores by it: where it is far smaller
            than the differences between outputs, as at 0.01, choices never change and nothing is learnt. The smaller it
            is, the closer is the estimate from a batch to the gradient.
        seed: of the perturbations.
        mean_rate: for agents, the fraction by which the mean reward moves towards each reward.
    """

    sd = Setting(float)
    mean_rate = Setting(float)

    def __init__(self, sd: float = 0.3, seed: int = 0, mean_rate: float = 0.1) -> None:
        self._make(_c.nai_rule_create_node_perturbation, sd, seed, mean_rate=mean_rate)


class RewardHebbian(Rule):
    """Reward-modulated Hebbian learning (Miconi 2017). With ``SGD(0.5)`` and ``batch=1``, the rule of the paper.

    Trials are of the same type if all their conditions are equal. Weights from inputs and onto outputs are constant.

    Args:
        seed: of the perturbations.
        frequency: of the perturbations of each unit, Hz.
        amplitude: perturbations of currents are uniform in +-amplitude.
        activity_memory: fraction that the running mean of a current keeps at each step.
        reward_memory: fraction that the running mean of the reward keeps at each trial.
        limit: largest change of a weight per update, for any optimiser; 0: no limit.
        types: number of types of trials with their own mean; further types share the last.
        times_mean: whether changes are multiplied by the mean cost of the type, as in the program of the paper.
    """

    frequency = Setting(float)
    amplitude = Setting(float)
    activity_memory = Setting(float)
    reward_memory = Setting(float)
    limit = Setting(float)
    types = Setting(int)
    times_mean = Setting(bool)

    def __init__(
        self,
        seed: int = 0,
        frequency: float = 3.0,
        amplitude: float = 0.5,
        activity_memory: float = 0.05,
        reward_memory: float = 0.33,
        limit: float = 1e-4,
        types: int = 16,
        times_mean: bool = False,
    ) -> None:
        self._make(
            _c.nai_rule_create_reward_hebbian,
            seed,
            frequency=frequency,
            amplitude=amplitude,
            activity_memory=activity_memory,
            reward_memory=reward_memory,
            limit=limit,
            types=types,
            times_mean=times_mean,
        )
