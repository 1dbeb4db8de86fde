"""neuroai: biologically constrained neural networks: compose them, train them on tasks, analyse them.

The architecture, the cost and the learning rule of a network can be chosen freely; each is an object::

    import neuroai as na

    net = na.Network(dt=20)                                        # ms
    net.input("stimulus", 3)
    net.population("E", 80, sign=+1, tau=100, noise=0.15)
    net.population("I", 20, sign=-1, tau=100, noise=0.15)
    net.output("choice", 3)
    net.connect("stimulus", "E I")
    net.connect("E I", "E I", density=0.2)
    net.connect("E", "choice")
    net.build(seed=1)

    task = na.tasks.PerceptualDecisionMaking()
    trainer = na.Trainer(net, task, cost=na.CrossEntropy("choice") + 1e-5 * na.L2Rates("E I"))
    history = trainer.fit(steps=1000)
    na.plot.psychometric(net, task)

Arrays are NumPy float32, time first: [steps, trials, units]. W is [post, pre]. Times are in ms, lengths in mm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Sequence

from . import _needed

_needed.needed("numpy")

from . import _c, anatomy, circuits, experiment, random, spikes, tasks
from ._callback import ErrorBatch, Judgement, LocalStep, OutputBatch, RateBatch, Synapses, TrialBatch
from ._closed import no_attribute
from ._handle import Parameter
from .alignments import Alignment, AlignmentHistory, Alignments, alignment
from .agent import Agent
from .analysis import PCA, ReactionTimes, condition_means, pca, reaction_times, stages
from .callbacks import Callback, Checkpoints, CSVLog, KeepBest, Patience, Progress, TensorBoardLog
from .conductance_fields import ConductanceField, nmda_gate
from .constraint import (
    Constraint,
    Dale,
    DistanceDependent,
    Fixed,
    InDegree,
    List,
    Mask,
    MaxWeight,
    Nonnegative,
    OutDegree,
    Sign,
    Sparse,
    Total,
)
from .cost import (
    MSE,
    BinaryCrossEntropy,
    Communicability,
    Cost,
    Costs,
    CrossEntropy,
    Distance,
    L1Rates,
    L1Weights,
    L2Rates,
    L2Weights,
    LogisticMSE,
    RateTarget,
    UnitRateTarget,
    VanishingGradient,
)
from .curriculum import Curriculum, Stage, Staircase
from .errors import (
    CallbackError,
    Error,
    FileError,
    FormatError,
    InvalidError,
    InvalidTypeError,
    NonfiniteError,
    OrderError,
    OutOfMemoryError,
    UnknownNameError,
    UnsupportedError,
)
from .estimates import Estimate, Machine, estimate
from .evaluation import Confusion, Evaluation, evaluate, play
from .exchange import MPI, Exchange
from .fits import PsychometricFit, fit_psychometric
from .graphs import GraphMeasures, SmallWorld, graph_measures, small_world
from .history import History
from .decoding import Decoding, decode
from .delay import Conduction, Delay, Delays
from .initial import (
    Balanced,
    Constant,
    Default,
    Gamma,
    Identity,
    Initial,
    LogNormal,
    Normal,
    Orthogonal,
    StrongWeak,
    Uniform,
)
from .intervention import Clamp, Freeze, Inject, Intervention, Scale, ScaleSynapses, Silence
from .lyapunov_exponents import Linearisation, Lyapunov, linearise, lyapunov
from .mean_fields import MeanField, Stationary
from .microcircuit_measures import MicrocircuitHistory, MicrocircuitMeasures
from .microcircuits import microcircuit
from .model import Field, Model, UnitModel, Units, models
from .network import Network, Spectrum
from .network_fields import mean_field
from .optimizer import SGD, Adam, AdamW, Momentum, Optimizer, RMSProp, cosine
from .rate_maps import RateMap
from .rule import (
    BPTT,
    FORCE,
    RFLO,
    RTRL,
    UORO,
    DendriticError,
    DirectFeedbackAlignment,
    EProp,
    EquilibriumPropagation,
    FeedbackAlignment,
    FullFORCE,
    KolenPollack,
    LocalRule,
    NodePerturbation,
    PredictiveCoding,
    RewardHebbian,
    Rule,
    SignSymmetry,
    SnAp1,
    TruncatedBPTT,
    WeightMirror,
)
from .short_term import TsodyksMarkram
from .similarity import Dissimilarity, representational_similarity
from .spike_trains import Spikes
from .state import Run, State
from .stationary_points import FixedPoints, fixed_points
from .subspaces import Dimensionality, dimensionality, principal_angles
from .synapse_list import SynapseList
from .sweeps import Sweep, sweep
from .task import Task
from .task_variances import Clusters, TaskVariance, task_variance
from .intrinsic_timescales import Timescales, timescales
from .trainer import Trainer
from .training_estimates import TrainingEstimate, estimate_training
from .transfer import siegert, siegert_slopes
from .trials import Trials
from .unit_tuning import NoiseCorrelations, Selectivity, d_prime, noise_correlations, roc_area, selectivity

if TYPE_CHECKING:
    from . import plot as plot

__all__ = [
    "Adam",
    "AdamW",
    "Agent",
    "Alignment",
    "AlignmentHistory",
    "Alignments",
    "BPTT",
    "Balanced",
    "BinaryCrossEntropy",
    "CSVLog",
    "Callback",
    "CallbackError",
    "Checkpoints",
    "Clamp",
    "Clusters",
    "Communicability",
    "Conduction",
    "Confusion",
    "ConductanceField",
    "Constant",
    "Constraint",
    "Cost",
    "Costs",
    "CrossEntropy",
    "Curriculum",
    "Dale",
    "Decoding",
    "Default",
    "Delay",
    "Delays",
    "DendriticError",
    "Dimensionality",
    "DirectFeedbackAlignment",
    "Dissimilarity",
    "Distance",
    "DistanceDependent",
    "EProp",
    "EquilibriumPropagation",
    "Error",
    "ErrorBatch",
    "Estimate",
    "Evaluation",
    "Exchange",
    "FORCE",
    "FeedbackAlignment",
    "FileError",
    "Fixed",
    "FixedPoints",
    "FormatError",
    "Freeze",
    "FullFORCE",
    "Gamma",
    "GraphMeasures",
    "History",
    "Identity",
    "InDegree",
    "Initial",
    "Inject",
    "Intervention",
    "InvalidError",
    "InvalidTypeError",
    "Judgement",
    "KeepBest",
    "KolenPollack",
    "L1Rates",
    "L1Weights",
    "L2Rates",
    "L2Weights",
    "Linearisation",
    "List",
    "LocalRule",
    "LocalStep",
    "LogNormal",
    "LogisticMSE",
    "Lyapunov",
    "MPI",
    "MSE",
    "Machine",
    "Mask",
    "MaxWeight",
    "MeanField",
    "MicrocircuitHistory",
    "MicrocircuitMeasures",
    "Model",
    "Momentum",
    "Field",
    "Network",
    "models",
    "NodePerturbation",
    "NoiseCorrelations",
    "NonfiniteError",
    "Nonnegative",
    "Normal",
    "Optimizer",
    "OrderError",
    "Orthogonal",
    "OutDegree",
    "OutOfMemoryError",
    "OutputBatch",
    "PCA",
    "Parameter",
    "Patience",
    "PredictiveCoding",
    "Progress",
    "PsychometricFit",
    "RFLO",
    "RMSProp",
    "RTRL",
    "RateBatch",
    "RateMap",
    "RateTarget",
    "ReactionTimes",
    "RewardHebbian",
    "Rule",
    "Run",
    "SGD",
    "Scale",
    "ScaleSynapses",
    "Selectivity",
    "Sign",
    "SignSymmetry",
    "Silence",
    "SmallWorld",
    "SnAp1",
    "Sparse",
    "Spectrum",
    "Spikes",
    "Stage",
    "Staircase",
    "State",
    "Stationary",
    "StrongWeak",
    "SynapseList",
    "Sweep",
    "Synapses",
    "Task",
    "TaskVariance",
    "TensorBoardLog",
    "Timescales",
    "Total",
    "Trainer",
    "TrainingEstimate",
    "TrialBatch",
    "Trials",
    "TruncatedBPTT",
    "TsodyksMarkram",
    "UORO",
    "Uniform",
    "UnknownNameError",
    "UnitModel",
    "Units",
    "UnsupportedError",
    "UnitRateTarget",
    "VanishingGradient",
    "WeightMirror",
    "alignment",
    "anatomy",
    "build_info",
    "circuits",
    "condition_means",
    "cosine",
    "d_prime",
    "decode",
    "dimensionality",
    "estimate",
    "estimate_training",
    "evaluate",
    "experiment",
    "fit_psychometric",
    "fixed_points",
    "graph_measures",
    "linearise",
    "lyapunov",
    "mean_field",
    "microcircuit",
    "nmda_gate",
    "noise_correlations",
    "pca",
    "play",
    "plot",
    "principal_angles",
    "random",
    "reaction_times",
    "representational_similarity",
    "roc_area",
    "selectivity",
    "siegert",
    "siegert_slopes",
    "small_world",
    "spikes",
    "stages",
    "sweep",
    "task_variance",
    "tasks",
    "timescales",
]

__version__: str = _c.nai_version().decode()


def build_info() -> str:
    """One line on how the library was built: version, compiler, BLAS, kernels that this processor can run."""
    return str(_c.nai_build_info().decode())


def __getattr__(name: str) -> Any:
    if name == "plot":  # brings matplotlib, so only when asked for
        import importlib

        _needed.needed("matplotlib", "neuroai.plot")
        return importlib.import_module(".plot", __name__)
    raise no_attribute(__name__, name, __all__)


def __dir__() -> Sequence[str]:
    return sorted([*__all__, "__version__"])
