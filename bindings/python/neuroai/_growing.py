"""Rates or costs that learning lets grow without an end, as long as they are finite: a warning when a run of a trainer ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, List

import numpy as np
import numpy.typing as npt

from . import _c
from ._diverging import warn
from ._handle import Floats, view
from .errors import Error

if TYPE_CHECKING:
    from .trainer import Trainer

__all__ = ["mean_rates", "tell_if_growing"]

#: Transfer functions without a bound.
_UNBOUNDED = ("relu", "softplus", "linear", "power")
#: So many times the mean rate of the first update, and so much (initial weights make rates of about 1), are no rates any more.
_GROWN, _LARGE = 30.0, 10.0
#: So many times the loss of the first update is worse than not to learn.
_WORSE = 10.0
#: Trials of a batch that are looked at.
_TRIALS = 16


def _rates(trainer: "Trainer") -> Dict[str, Floats]:
    """Of rate units that have no bound, in some trials of the last batch: views, or none where they were not kept."""
    net = trainer.net
    names = [name for name in net.populations if net.model(name) == "rate" and net.transfer(name) in _UNBOUNDED]
    try:
        return {name: view(trainer, _c.nai_trainer_activity, trainer, name)[:, :_TRIALS] for name in names}
    except Error:  # of "recompute"
        return {}


def _mean(rates: Floats) -> float:
    return float(np.abs(rates).mean(dtype=np.float64)) if rates.size else 0.0


def mean_rates(trainer: "Trainer") -> Dict[str, float]:
    """Mean rate of each of these populations in the last batch."""
    return {name: _mean(rates) for name, rates in _rates(trainer).items()}


def tell_if_growing(trainer: "Trainer", before: Dict[str, float], loss: npt.NDArray[np.float64]) -> None:
    """Warns if rates are far above those ``before``, or the loss of the last updates far above that of the first one."""
    said: List[str] = []
    which = ""
    for name, rates in _rates(trainer).items():
        mean, first = _mean(rates), before.get(name, np.inf)
        if mean > _LARGE and mean > _GROWN * first:
            much = f"{mean / first:.3g} times" if first > 0 else "from 0"
            said.append(f"has grown {much}, to {mean:.3g} (largest {np.abs(rates).max():.3g})")
            which = which or name
    remedy = "lower the learning rate"
    if said:
        remedy += ", or give rates a bound: a transfer function such as tanh, or a cost on them, na.L2Rates"
        others = f" (and of {len(said) - 1} more)" if len(said) > 1 else ""
        said = [f"the mean rate of '{which}'{others} {said[0]}"]
    if len(loss) >= 20 and trainer.curriculum is None:
        last = float(loss[-max(len(loss) // 10, 10) :].mean())
        if last > _WORSE * loss[0] > 0:
            said.append(f"the loss is {last:.3g} in the last updates, and was {loss[0]:.3g} in the first one")
            remedy += "" if remedy.count(",") else ", or set clip"
    if said:
        warn(f"fit: {', '.join(said)}: {remedy}")
