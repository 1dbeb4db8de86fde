"""What several tests use."""

import os
from pathlib import Path

# Before SciPy is loaded: its optimisers multiply matrices of a few numbers, for which waking threads takes ten times longer.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import matplotlib  # noqa: E402
import pytest  # noqa: E402

import neuroai as na  # noqa: E402

matplotlib.use("Agg")

ROOT = Path(__file__).resolve().parents[3]


def small(seed=1, **population):
    """A small network with excitation and inhibition, placed in space, built."""
    net = na.Network(dt=20)
    net.input("stimulus", 3)
    net.population("E", 12, sign=+1, **population)
    net.population("I", 4, sign=-1, **population)
    net.output("choice", 3)
    net.place("E I", box=(1, 1, 1))
    net.connect("stimulus", "E I")
    net.connect("E I", "E I", density=0.5)
    net.connect("E", "choice")
    return net.build(seed)


@pytest.fixture
def net():
    return small()


@pytest.fixture(params=["portable", "avx2", "avx512", "neon", "blas"])
def kernels(request):
    """Each table of kernels that this processor can run."""
    try:
        na.Network(dt=1, kernels=request.param)
    except na.Error:
        assert request.param in ("avx2", "avx512", "neon"), "these need a processor; the others are always there"
        pytest.skip("not for this processor")
    return request.param


def threads() -> int:
    return min(2, os.cpu_count() or 1)
