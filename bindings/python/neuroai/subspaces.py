"""The space that a population's activity fills: its dimensions, and the angles between two such spaces."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Union

import numpy as np
import numpy.typing as npt

from ._handle import Names, frozen, given, real
from ._interrupt import Bar, in_lapack
from ._kinds import of_their_kind
from ._windows import Window, samples_of
from .analysis import PCA
from .errors import InvalidError, NonfiniteError
from .run import Run

__all__ = ["Dimensionality", "dimensionality", "principal_angles"]

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Dimensionality:
    """How many dimensions activity fills; made by :func:`dimensionality`."""

    #: (sum l)^2 / sum l^2 of the variances l: 1 where all activity lies on a line, N where it is alike in all directions.
    participation_ratio: float
    #: Variance along each principal component, descending, [N]: eigenvalues of the covariance over samples - 1.
    variances: Doubles = field(repr=False)

    @property
    def explained(self) -> Doubles:
        """Fraction of the variance that the first 1, 2, ... components have together, [N]."""
        return frozen(np.cumsum(self.variances) / self.variances.sum())

    def needed(self, fraction: float = 0.9) -> int:
        """How many components have this fraction of the variance together."""
        if not 0 < real("fraction", fraction) <= 1:
            raise InvalidError(f"fraction is {fraction}, must be above 0 and at most 1")
        return int(np.argmax(self.explained >= fraction * (1 - 1e-12))) + 1


@of_their_kind
def dimensionality(
    activity: Union[Run, npt.ArrayLike], names: Names = "*", window: Window = None, progress: bool = True
) -> Dimensionality:
    """The participation ratio (sum l)^2 / sum l^2 of the variances l along the principal components of activity.

    Of the covariance over all steps and trials, so noise counts (Gao et al. 2017; Mastrogiuseppe & Ostojic 2018); that of
    the means of each condition is ``na.pca(run).dimensionality``.

    Args:
        activity: a run; or samples [..., units].
        names: of which populations of the run; shell patterns.
        window: (from, to), ms, or an epoch: which steps of the run.
        progress: whether to show for how long it has been computed when that is more than a second: seconds for 2000 units.
    """
    if isinstance(activity, Run):
        samples = samples_of(activity, names, window)
    else:
        array = np.asarray(given("activity", activity), np.float64)
        samples = array.reshape(-1, array.shape[-1]) if array.ndim > 1 else array.reshape(-1, 1)
    if len(samples) < 2 or not samples.shape[1]:
        raise InvalidError(f"activity: it has {len(samples)} samples of {samples.shape[1]} units, must have 2 of 1 at least")
    if not np.isfinite(samples).all():
        raise NonfiniteError("activity: it is not finite everywhere")
    with Bar(None, "computing variances", progress) as bar:
        centred = samples - samples.mean(axis=0)
        operations = float(centred.size) * min(centred.shape)
        singular = in_lapack(lambda: np.linalg.svd(centred, compute_uv=False), operations, lambda: bar.at(0))
    variances = np.zeros(samples.shape[1])
    variances[: len(singular)] = singular**2 / (len(samples) - 1)
    if not variances[0] > 0:
        raise InvalidError("activity: it never changes")
    return Dimensionality(float(variances.sum() ** 2 / (variances**2).sum()), frozen(variances))


@of_their_kind
def principal_angles(one: Union[PCA, npt.ArrayLike], other: Union[PCA, npt.ArrayLike]) -> Doubles:
    """Principal angles between two subspaces of activity, degrees, ascending: [the smaller number of dimensions].

    cos of the angles are the singular values of Q_one Q_other^T, with orthonormal rows Q; small angles by their sines
    (Björck & Golub 1973). 0: a direction that both have; 90: none of the other.

    Args:
        one, other: the result of :func:`neuroai.pca`; or vectors that span it, as rows [k, units].
    """
    a, b = _basis("one", one), _basis("other", other)
    if a.shape[1] != b.shape[1]:
        raise InvalidError(f"other: it is of {b.shape[1]} units, must be of {a.shape[1]}")
    if len(a) < len(b):
        a, b = b, a
    overlap = a @ b.T
    cosine = np.clip(np.linalg.svd(overlap, compute_uv=False), 0, 1)
    sine = np.clip(np.linalg.svd(b.T - a.T @ overlap, compute_uv=False)[: len(b)][::-1], 0, 1)
    return frozen(np.sort(np.degrees(np.where(cosine**2 > 0.5, np.arcsin(sine), np.arccos(cosine)))))


def _basis(what: str, vectors: Union[PCA, npt.ArrayLike]) -> Doubles:
    rows = vectors.components if isinstance(vectors, PCA) else np.atleast_2d(np.asarray(given(what, vectors), np.float64))
    if rows.ndim != 2 or not len(rows) or len(rows) > rows.shape[1] or not np.isfinite(rows).all():
        raise InvalidError(f"{what}: expected finite vectors as rows [k, units], no more than units, got {rows.shape}")
    singular, basis = np.linalg.svd(rows, full_matrices=False)[1:]
    if singular[-1] <= 1e-10 * singular[0]:
        raise InvalidError(f"{what}: its {len(rows)} vectors depend on each other")
    found: Doubles = basis
    return found
