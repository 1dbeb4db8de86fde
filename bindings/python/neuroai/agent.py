"""An agent: a trainer's network as one animal that learns while it acts."""

from __future__ import annotations

from collections.abc import Mapping  # that of typing takes a microsecond to say what is none
from typing import Any, Optional, Union

import numpy as np
import numpy.typing as npt

from . import _c
from ._handle import Floats, Handle, Names, as_array, brief, expect, joined, listed, real, view, whole
from ._units import Chosen, chosen
from .errors import UnknownNameError
from .intervention import Clamp, Freeze, Inject, Interventions, Lent, ScaleSynapses, Silence, as_interventions
from .trainer import Trainer

__all__ = ["Agent"]


class Agent(Handle):
    """One animal that learns at every step: RFLO, e-prop, FORCE, full-FORCE, node perturbation, dendritic error, own rules.

    It learns by the trainer's rule, optimiser, costs and constraints, from input, target and reward of each step::

        trainer = na.Trainer(net, cost=na.MSE("z"), rule=na.RFLO(seed=2), optimizer=na.SGD(1e-3))
        agent = na.Agent(trainer)
        for t in range(1000):
            z = agent.step(rig.sensors(), target=rig.wanted())
            rig.move(z)
        agent.rest()                  # the network is free for others now

    Args:
        trainer: with its costs; kept alive. Do not use it, or the network, elsewhere during a trial of the agent.
    """

    trainer: Trainer
    _otherwise = "make another agent"
    _kept_by = "save its trainer, agent.trainer.save(path)"

    def __init__(self, trainer: Trainer) -> None:
        expect("trainer", trainer, Trainer, "a neuroai.Trainer")
        pointer = _c.new(_c.nai_agent)
        _c.nai_agent_create(pointer, trainer)
        self._adopt(pointer, _c.nai_agent_destroy)
        self._keep(trainer=trainer)
        self._inputs, self._outputs = trainer.net.inputs, trainer.net.outputs
        self._n_inputs, self._n_outputs = sum(self._inputs.values()), sum(self._outputs.values())
        self._output = np.zeros(self._n_outputs, np.float32)

    def step(
        self,
        inputs: Union[npt.ArrayLike, Mapping[str, npt.ArrayLike], None] = None,
        target: Optional[npt.ArrayLike] = None,
        target_class: Optional[int] = None,
        weight: float = 1.0,
        reward: Optional[float] = None,
    ) -> Floats:
        """Makes one time step and, unless the rule's "update_every" is above 1, one update.

        Args:
            inputs: [channels of all inputs], or a mapping from an input's name to its channels; None: 0.
            target: desired outputs [channels of all outputs]; None: no target.
            target_class: correct class of the first output, for costs on classes.
            weight: of the costs on outputs at this step.
            reward: given at this step, for rules that learn from a scalar.

        Returns:
            The outputs [channels of all outputs], float32, as they were before the update.
        """
        now = _c.nai_experience(weight=real("weight", weight))
        now.target_class = -1 if target_class is None else whole("target_class", target_class)
        given = None if inputs is None else self._gather(inputs)
        wanted = None if target is None else as_array("target", target, (self._n_outputs,))
        if given is not None:
            now.input = _c.pointer(given)
        if wanted is not None:
            now.target = _c.pointer(wanted)
        if reward is not None:
            now.reward, now.has_reward = real("reward", reward), 1
        _c.nai_agent_step(self._output, self, now)
        return self._output.copy()

    def _gather(self, inputs: Any) -> Floats:
        if not isinstance(inputs, Mapping):
            return as_array("inputs", inputs, (self._n_inputs,))
        array = np.zeros(self._n_inputs, np.float32)
        for name in inputs:
            if name not in self._inputs:
                raise UnknownNameError(f"inputs: there is no input {brief(name)}, but {listed(self._inputs) or 'none'}")
        first = 0
        for name, n in self._inputs.items():
            if name in inputs:
                array[first : first + n] = as_array(f"inputs['{name}']", inputs[name], (n,))
            first += n
        return array

    def begin(self) -> None:
        """Begins a trial: initial state, traces of 0, the noise of the next trial."""
        _c.nai_agent_begin(self)

    def rest(self) -> None:
        """Applies accumulated changes, and releases the network for other uses. The next step continues from here."""
        _c.nai_agent_rest(self)

    def intervene(self, interventions: Interventions) -> None:
        """Plans interventions besides those that there are; their times count from now, and they end with the trial.

        What units send is imposed; their states, and the rule's traces, go on from their own meanwhile. RFLO and e-prop
        learn nothing onto a unit from the steps in which it is silenced, clamped or frozen, and ``factor`` times as much
        from those in which it is scaled; what it sends teaches others as it is. Where synapses are scaled, these rules
        and node perturbation follow the gradient of the network as it is meanwhile: what is cut learns nothing. FORCE
        refuses that of what it learns. An agent has neither epochs nor conditions.
        """
        lent = Lent(self.trainer.net, as_interventions(interventions), 1)
        _c.nai_agent_intervene(self, lent.array, len(lent))

    def clamp(self, names: Chosen, rate: npt.ArrayLike, units: Optional[npt.ArrayLike] = None, **when: Any) -> None:
        """Plans that these units send ``rate`` from now on. Arguments: see :class:`neuroai.Clamp`."""
        self.intervene(Clamp(names, rate, units, **when))

    def silence(self, names: Chosen, units: Optional[npt.ArrayLike] = None, **when: Any) -> None:
        """Plans that these units send nothing from now on. Arguments: see :class:`neuroai.Silence`."""
        self.intervene(Silence(names, units, **when))

    def freeze(self, names: Chosen, units: Optional[npt.ArrayLike] = None, **when: Any) -> None:
        """Plans that these units keep the rate of the next step. Arguments: see :class:`neuroai.Freeze`."""
        self.intervene(Freeze(names, units, **when))

    def inject(
        self, names: Chosen, current: npt.ArrayLike, units: Optional[npt.ArrayLike] = None, **when: Any
    ) -> None:
        """Plans that these units receive ``current`` besides. Arguments: see :class:`neuroai.Inject`."""
        self.intervene(Inject(names, current, units, **when))

    def scale_synapses(self, source: Chosen, target: Names, factor: npt.ArrayLike, **which: Any) -> None:
        """Plans that weights between these are multiplied by ``factor``; 0 cuts them.

        :meth:`release_synapses` ends it. Arguments: see :class:`neuroai.ScaleSynapses`.
        """
        self.intervene(ScaleSynapses(source, target, factor, **which))

    def release_synapses(self, source: Names = "*", target: Names = "*") -> None:
        """Ends all that is planned for projections between these."""
        _c.nai_agent_release_synapses(self, joined(source, "source"), joined(target, "target"))

    def release(self, names: Chosen = "*", units: Optional[npt.ArrayLike] = None) -> None:
        """Ends all interventions in these units. ``names``, ``units``: see :meth:`clamp`."""
        for part, numbers in chosen(self.trainer.net, names, units):
            _c.nai_agent_release_units(self, part, numbers, _c.NAI_ALL_UNITS if numbers is None else len(numbers))

    @property
    def updates(self) -> int:
        """Number of updates so far."""
        return int(_c.nai_agent_updates(self))

    def activity(self, name: str) -> Floats:
        """Current rates of a population, or values of an output: [n], a copy."""
        rates: Floats = view(self, _c.nai_agent_activity, self, name)
        return np.array(rates[0])

    def gradient(self, source: str, target: Optional[str] = None) -> Floats:
        """The estimate of the gradient at the last update: of a projection [n_post, n_pre] or a bias [n]; a copy."""
        shown = view(self, _c.nai_agent_gradient, self, source, target)
        return shown.copy() if target is None else self.trainer.net._matrix(source, target, shown).copy()

    def __repr__(self) -> str:
        return f"<Agent: {self.trainer.rule!r}, {self.updates} updates>"
