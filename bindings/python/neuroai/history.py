"""History of training, update by update."""

from __future__ import annotations

import csv
import os
from typing import Any, Dict, Optional, Sequence, Union

import numpy as np
import numpy.typing as npt

from . import _c
from ._closed import Closed, Record
from ._handle import file_name, frozen
from ._interrupt import Bar
from ._needed import needed

__all__ = ["History"]


class History(Closed):
    """History of training: NumPy arrays over n updates and m evaluations."""

    def __init__(self, names: Sequence[str], rows: Optional[npt.NDArray[np.float64]] = None, first: int = 0) -> None:
        self._names = list(names)
        self._rows: npt.NDArray[np.float64] = frozen(np.empty((0, _c.NAI_HISTORY_COSTS + len(names))) if rows is None else rows)
        self._first = first

    @property
    def step(self) -> npt.NDArray[np.int64]:
        """Number of each update, int64 [n]; the first one of a trainer is 1."""
        return frozen(np.arange(self._first + 1, self._first + len(self) + 1))

    @property
    def loss(self) -> npt.NDArray[np.float64]:
        """J, the weighted sum of the costs, on each update's batch [n]."""
        return self._rows[:, _c.NAI_HISTORY_COST]

    @property
    def costs(self) -> Dict[str, npt.NDArray[np.float64]]:
        """The parts of J, weighted, by name, each [n]."""
        return Record({name: self._rows[:, _c.NAI_HISTORY_COSTS + i] for i, name in enumerate(self._names)})

    @property
    def gradient_norm(self) -> npt.NDArray[np.float64]:
        """Global norm of the gradient, before clipping [n]."""
        return self._rows[:, _c.NAI_HISTORY_GRADIENT_NORM]

    @property
    def stage(self) -> npt.NDArray[np.int64]:
        """Stage of the curriculum during each update, int64 [n]; -1 without a curriculum."""
        return frozen(self._rows[:, _c.NAI_HISTORY_STAGE].astype(np.int64))

    @property
    def performance(self) -> npt.NDArray[np.float64]:
        """Fraction correct on test trials at each evaluation [m]."""
        found: npt.NDArray[np.float64] = self._rows[self._evaluated, _c.NAI_HISTORY_PERFORMANCE]
        return frozen(found)

    @property
    def performance_step(self) -> npt.NDArray[np.int64]:
        """The updates after which the evaluations were made, int64 [m]."""
        found: npt.NDArray[np.int64] = self.step[self._evaluated]
        return frozen(found)

    @property
    def _evaluated(self) -> npt.NDArray[np.bool_]:
        """The updates that an evaluation followed."""
        return ~np.isnan(self._rows[:, _c.NAI_HISTORY_PERFORMANCE])

    def to_dict(self) -> Dict[str, Any]:
        """All arrays by name; the costs as a dictionary in it."""
        names = ("step", "loss", "costs", "gradient_norm", "stage", "performance", "performance_step")
        return {name: getattr(self, name) for name in names}

    def _columns(self) -> Dict[str, npt.NDArray[Any]]:
        """One column a quantity, all of them n long."""
        performance = self._rows[:, _c.NAI_HISTORY_PERFORMANCE]
        fixed = {"step": self.step, "loss": self.loss, "gradient_norm": self.gradient_norm}
        return {**fixed, "performance": performance, "stage": self.stage, **self.costs}

    def to_pandas(self) -> Any:
        """A pandas.DataFrame, one row an update; performance is NaN where no evaluation followed it."""
        pandas = needed("pandas", "to_pandas", "tables")
        return pandas.DataFrame(self._columns()).set_index("step")

    def to_csv(self, path: Union[str, bytes, "os.PathLike[Any]"], progress: bool = True) -> None:
        """Writes a table, one row an update; performance is empty where no evaluation followed it.

        ``progress``: whether to show a progress bar when it takes more than a second.
        """
        columns = self._columns()
        with open(file_name("path", path), "w", newline="") as file, Bar(len(self), "rows", progress) as bar:
            writer = csv.writer(file)
            writer.writerow(columns)
            for number, row in enumerate(zip(*columns.values()), 1):
                writer.writerow("" if value != value else value for value in row)
                if number % 1000 == 0:
                    bar.at(number)

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        if not len(self):
            return "<History: no updates>"
        last = f", performance {self.performance[-1]:.4g}" if len(self.performance) else ""
        return f"<History: {len(self)} updates, loss {self.loss[0]:.4g} to {self.loss[-1]:.4g}{last}>"
