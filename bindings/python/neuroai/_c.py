"""The C API, one to one, by ctypes: constants, structures, and every function with its argument and result types.

The rest of the package stands on this module; nothing here adds to what the C headers say, except that

* a function that returns ``nai_status`` raises the exception of `errors` when it fails, and
* a Python callback's own exception is kept by :func:`keep` and comes back out of the call that led to it.

Handles are typed pointers to opaque structures, so that a trainer cannot be passed where a network belongs. Arrays are
passed as NumPy arrays of exactly the right type, C-contiguous; anything else is refused, never converted.

The library is the file named by the environment variable ``NEUROAI_LIBRARY``, or the one beside this package, or the
one that the system's loader finds.
"""

from __future__ import annotations

import ctypes
import itertools
import operator
import re
import threading
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char_p,
    c_double,
    c_float,
    c_int32,
    c_int64,
    c_uint8,
    c_uint32,
    c_uint64,
    c_void_p,
)
from typing import Any, Callable, Dict, List, NoReturn, Optional, Tuple

import numpy as np

from . import _needed, errors
from ._arguments import ARGUMENTS

# --- constants -------------------------------------------------------------------------------------------------------

NEUROAI_VERSION_MAJOR = 0
NEUROAI_VERSION_MINOR = 2
NEUROAI_VERSION_PATCH = 0
NEUROAI_ABI = 1

NAI_OK = 0
NAI_STOP = 1
NAI_ERR_INVALID = -1
NAI_ERR_MEMORY = -2
NAI_ERR_NAME = -3
NAI_ERR_ORDER = -4
NAI_ERR_NONFINITE = -5
NAI_ERR_FILE = -6
NAI_ERR_FORMAT = -7
NAI_ERR_UNSUPPORTED = -8
NAI_ERR_USER = -9

NAI_FLOAT32 = 1
NAI_INT32 = 2
NAI_UINT8 = 3

NAI_DALE_CLAMP = 1
NAI_DALE_REFLECT = 2
NAI_DALE_OFF = 0

NAI_EXCITATORY = 1
NAI_INHIBITORY = -1
NAI_FREE = 0

NAI_LEAK_CURRENT = 0
NAI_LEAK_RATE = 1
NAI_LEAK_WHOLE = 2

NAI_TRANSFER_RELU = 0
NAI_TRANSFER_TANH = 1
NAI_TRANSFER_SOFTPLUS = 2
NAI_TRANSFER_LOGISTIC = 3
NAI_TRANSFER_LINEAR = 4
NAI_TRANSFER_RECTIFIED_TANH = 5
NAI_TRANSFER_POWER = 6

NAI_INPUTS = 0
NAI_POPULATIONS = 1
NAI_OUTPUTS = 2
NAI_PROJECTIONS = 3

NAI_STORAGE_CHOSEN = 0
NAI_STORAGE_DENSE = 1
NAI_STORAGE_LISTED = 2
NAI_STORAGE_SHARED = 3

NAI_WEIGHTS_DEFAULT = 0
NAI_WEIGHTS_UNIFORM = 1
NAI_WEIGHTS_NORMAL = 2
NAI_WEIGHTS_GAMMA = 3
NAI_WEIGHTS_LOGNORMAL = 4
NAI_WEIGHTS_ORTHOGONAL = 5
NAI_WEIGHTS_IDENTITY = 6
NAI_WEIGHTS_BALANCED = 7
NAI_WEIGHTS_STRONG_WEAK = 8
NAI_WEIGHTS_CONSTANT = 9

NAI_AREAS_DISTANCE = 0
NAI_AREAS_WEIGHT = 1
NAI_AREAS_LINK = 2
NAI_AREAS_FLN = 3
NAI_AREAS_SLN = 4

NAI_TRIALS_INPUTS = 0
NAI_TRIALS_TARGETS = 1
NAI_TRIALS_CLASSES = 2
NAI_TRIALS_MASK = 3
NAI_TRIALS_LENGTHS = 4
NAI_TRIALS_CONDITION = 5
NAI_TRIALS_EPOCH = 6
NAI_TRIALS_PARTS = 7

NAI_HISTORY_COST = 0
NAI_HISTORY_GRADIENT_NORM = 1
NAI_HISTORY_PERFORMANCE = 2
NAI_HISTORY_STAGE = 3
NAI_HISTORY_COSTS = 4
NAI_FEEDBACK_SYMMETRIC = 0
NAI_FEEDBACK_RANDOM = 1
NAI_FEEDBACK_ADAPTIVE = 2
NAI_SIGN_UNIFORM = 0
NAI_SIGN_BATCH = 1
NAI_SIGN_FIXED = 2
NAI_NUDGE_ONE_SIDED = 0
NAI_NUDGE_SYMMETRIC = 1
NAI_NUDGE_RANDOM = 2

NAI_ALL_UNITS = -1
NAI_SILENCE, NAI_CLAMP, NAI_INJECT, NAI_SCALE, NAI_SCALE_SYNAPSES, NAI_FREEZE = range(6)

NAI_MODEL_SIZES = 0
NAI_MODEL_PARAMETERS = 1
NAI_MODEL_STATES = 2
NAI_MODEL_PORTS = 3
NAI_MODEL_SIGNALS = 4
NAI_MOST_SIZES = 4
NAI_MOST_PARAMETERS = 32
NAI_MOST_STATES = 8
NAI_MOST_PORTS = 8
NAI_MOST_SIGNALS = 4
NAI_MOST_NORMALS = 4
NAI_MODEL_THREADED = 1
NAI_MODEL_SPIKES = 2
NAI_MODEL_SENDS_STATE = 4

NAI_STREAM_TRAIN = 0
NAI_STREAM_TEST = 1

NAI_CONSTRAINT_BY_ROWS = 1
NAI_CONSTRAINT_BY_SYNAPSE = 2

NAI_COST_SEPARABLE = 1
NAI_COST_BY_SYNAPSE = 2

NAI_TASK_CHANNEL_MASK = 1
NAI_TASK_BLOCK = 2

# --- types -----------------------------------------------------------------------------------------------------------

nai_status = c_int32


class nai_network(Structure):
    """Opaque."""


class nai_short_term(Structure):
    """Opaque."""


class nai_constraint(Structure):
    """Opaque."""


class nai_model(Structure):
    """Opaque."""


class nai_cost(Structure):
    """Opaque."""


class nai_rule(Structure):
    """Opaque."""


class nai_optimizer(Structure):
    """Opaque."""


class nai_trials(Structure):
    """Opaque."""


class nai_task(Structure):
    """Opaque."""


class nai_trainer(Structure):
    """Opaque."""


class nai_agent(Structure):
    """Opaque."""


class nai_areas(Structure):
    """Opaque."""


class nai_curriculum(Structure):
    """Opaque."""


class nai_evaluation(Structure):
    """Opaque."""


class nai_exchange(Structure):
    """Opaque."""


class nai_state(Structure):
    """Opaque."""


class Sized(Structure):
    """Begins with ``struct_size``, which is filled where Python makes one: not in arrays of them."""

    def __init__(self, **values: Any) -> None:
        super().__init__(ctypes.sizeof(self), **values)


class nai_view(Sized):
    """An array that belongs to a handle."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("dtype", c_int32),
        ("data", c_void_p),
        ("ndim", c_int64),
        ("shape", c_int64 * 4),
        ("stride", c_int64 * 4),
    ]


class nai_parameter(Sized):
    """A number that can be set by name."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("list", c_int32),
        ("name", c_char_p),
        ("unit", c_char_p),
        ("meaning", c_char_p),
        ("initial", c_double),
        ("low", c_double),
        ("high", c_double),
    ]


class nai_synapse_arrays(Sized):
    """Arrays for the synapses of projections."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("projection", POINTER(c_int32)),
        ("post", POINTER(c_int32)),
        ("pre", POINTER(c_int32)),
        ("copy", POINTER(c_int32)),
        ("weight", POINTER(c_float)),
        ("delay", POINTER(c_double)),
        ("plastic", POINTER(c_uint8)),
    ]


class nai_estimate(Sized):
    """What a network would take on so many ranks."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("ranks", c_int64),
        ("units", c_int64),
        ("rank_units", c_int64),
        ("synapses", c_int64),
        ("rank_synapses", c_int64),
        ("build_bytes", c_int64),
        ("bytes", c_int64),
        ("state_bytes", c_int64),
        ("exchange_steps", c_int64),
        ("exchanges", c_int64),
        ("row_bytes", c_int64),
        ("most_bytes", c_int64),
        ("exchange_bytes", c_double),
        ("lists", c_double),
        ("spikes", c_double),
        ("rank_spikes", c_double),
        ("fans", c_double),
        ("events", c_double),
        ("bits", c_double),
    ]


class nai_load_options(Sized):
    """What a load is given besides the file."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("constraints", POINTER(POINTER(nai_constraint))),
        ("n_constraints", c_int64),
        ("models", POINTER(POINTER(nai_model))),
        ("n_models", c_int64),
        ("memory_limit", c_int64),
    ]


class nai_spectrum(Sized):
    """What the eigenvalues and singular values of a recurrent weight matrix say."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("n", c_int64),
        ("radius", c_double),
        ("bulk", c_double),
        ("outlier", c_double),
        ("entropy", c_double),
    ]


class nai_connectivity(Sized):
    """Probabilities of connection by cell type."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("name", c_char_p),
        ("species", c_char_p),
        ("area", c_char_p),
        ("measured", c_char_p),
        ("source", c_char_p),
        ("n", c_int64),
        ("type", POINTER(c_char_p)),
        ("sign", POINTER(c_int32)),
        ("probability", POINTER(c_double)),
        ("cells", POINTER(c_int64)),
        ("distance", c_double),
    ]


class nai_layout(Sized):
    """How populations and projections are made from a table of cell types."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("area", c_char_p),
        ("cells", POINTER(c_int64)),
        ("ports", POINTER(c_char_p)),
        ("missing", c_double),
        ("length", c_double),
    ]


class nai_microcircuit(Sized):
    """How a dendritic microcircuit is laid out."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("transfer", c_int32),
        *((name, c_double) for name in ("gain", "slope", "threshold")),
        *((name, c_double) for name in ("g_leak", "g_basal", "g_dendrite", "g_apical", "g_soma", "noise")),
        *((name, c_double) for name in ("width_up", "width_inter", "width_down", "width_lateral")),
        *((name, c_int32) for name in ("plastic_up", "plastic_inter", "plastic_down", "plastic_lateral")),
        *((name, c_int32) for name in ("plastic_bias", "prospective", "dale", "reserved")),
        ("delay", c_double),
        ("dynamics", c_char_p),
    ]


class nai_areas_rule(Sized):
    """What links areas."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("random", c_int32),
        ("density", c_double),
        ("length", c_double),
        ("spread", c_double),
        ("steepness", c_double),
    ]


class nai_streams(Sized):
    """Which cells send and receive between areas."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("feedforward", c_char_p),
        ("feedback", c_char_p),
        ("feedforward_from", c_char_p),
        ("feedback_from", c_char_p),
        ("local", c_double),
        ("indegree", c_double),
        ("least", c_double),
    ]


class nai_areas_projection(Sized):
    """A projection between areas."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("from", c_char_p),
        ("to", c_char_p),
        ("probability", c_double),
        ("distance", c_double),
    ]


class nai_where(Structure):
    """Trials in which a condition has a value."""

    _fields_ = [("condition", c_char_p), ("value", c_double)]


class nai_spike(Structure):
    """A spike."""

    _fields_ = [("step", c_int64), ("trial", c_int32), ("unit", c_int32)]


class nai_recording(Sized):
    """What a run records, spikes among it."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("populations", c_char_p),
        ("spikes", POINTER(nai_spike)),
        ("room", c_int64),
        ("n", c_int64),
        ("made", c_int64),
        ("outputs", POINTER(c_float)),
        ("rates", POINTER(c_float)),
        ("variables", c_char_p),
        ("traces", POINTER(c_float)),
        ("width", c_int64),
        ("every", c_int64),
        ("since", c_int64),
        ("rows", c_int64),
        ("columns", POINTER(c_int64)),
        ("units", POINTER(c_int64)),
        ("n_units", c_int64),
    ]


class nai_intervention(Sized):
    """What is done to some units, and when."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("kind", c_int32),
        ("names", c_char_p),
        ("units", POINTER(c_int64)),
        ("n_units", c_int64),
        ("fraction", c_double),
        ("seed", c_uint64),
        ("value", c_double),
        ("values", POINTER(c_float)),
        ("n_values", c_int64),
        ("epoch", c_char_p),
        ("start", c_double),
        ("end", c_double),
        ("rise", c_double),
        ("fall", c_double),
        ("steps", POINTER(c_int32)),
        ("trials", POINTER(c_uint8)),
        ("n_trials", c_int64),
        ("where", POINTER(nai_where)),
        ("n_where", c_int64),
        ("to", c_char_p),
        ("of_units", c_int32),
        ("reserved", c_int32),
    ]


class nai_task_setting(Structure):
    """Values of a task's parameter."""

    _fields_ = [("parameter", c_char_p), ("values", POINTER(c_double)), ("n", c_int64)]


class nai_task_description(Sized):
    """What a built-in task is, whatever its parameters are."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("flags", c_uint32),
        ("has_classes", c_int32),
        ("has_times", c_int32),
        ("n_inputs", c_int64),
        ("more_inputs", c_int64),
        ("n_outputs", c_int64),
        ("n_conditions", c_int64),
        ("n_epochs", c_int64),
        ("n_parameters", c_int64),
    ]


class nai_curve_arrays(Sized):
    """Arrays for the curve over a condition."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("value", POINTER(c_double)),
        ("correct", POINTER(c_double)),
        ("choice", POINTER(c_double)),
        ("trials", POINTER(c_int64)),
    ]


class nai_staircase(Sized):
    """A parameter of a task that follows performance."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("parameter", c_char_p),
        ("start", c_double),
        ("hardest", c_double),
        ("step", c_double),
        ("harder_at", c_double),
        ("easier_at", c_double),
    ]


class nai_progress(Sized):
    """How a run stands."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("step", c_int64),
        ("steps", c_int64),
        ("cost", c_double),
        ("n_costs", c_int64),
        ("costs", POINTER(c_double)),
        ("performance", c_double),
        ("gradient_norm", c_double),
    ]


class nai_experience(Sized):
    """What an agent meets at one step."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("target_class", c_int32),
        ("input", POINTER(c_float)),
        ("target", POINTER(c_float)),
        ("weight", c_double),
        ("reward", c_double),
        ("has_reward", c_int32),
        ("reserved", c_int32),
    ]


class nai_synapses(Sized):
    """The synapses of one projection."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("sign", c_int32),
        ("from", c_char_p),
        ("to", c_char_p),
        ("n_post", c_int64),
        ("n_pre", c_int64),
        ("stride", c_int64),
        ("weight", POINTER(c_float)),
        ("exists", POINTER(c_uint8)),
        ("plastic", POINTER(c_uint8)),
        ("momentum", POINTER(c_float)),
        ("gradient", POINTER(c_float)),
        ("post_position", POINTER(c_float)),
        ("pre_position", POINTER(c_float)),
        ("population_sign", c_int32),
        ("reserved", c_int32),
        ("seed", c_uint64),
        ("first_post", c_int64),
    ]


class nai_output_batch(Sized):
    """An output over a batch, for a task cost."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("name", c_char_p),
        ("steps", c_int64),
        ("trials", c_int64),
        ("n", c_int64),
        ("stride", c_int64),
        ("mask_columns", c_int64),
        ("output", POINTER(c_float)),
        ("target", POINTER(c_float)),
        ("classes", POINTER(c_int32)),
        ("mask", POINTER(c_float)),
        ("gradient", POINTER(c_float)),
        ("scale", c_double),
        ("mask_total", c_double),
    ]


class nai_rate_batch(Sized):
    """Rates of one population over a batch, or over part of one, for a rate cost."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("name", c_char_p),
        ("steps", c_int64),
        ("trials", c_int64),
        ("n", c_int64),
        ("stride", c_int64),
        ("step_stride", c_int64),
        ("first_step", c_int64),
        ("batch_trials", c_int64),
        ("batch_steps", c_int64),
        ("length", POINTER(c_int32)),
        ("rate", POINTER(c_float)),
        ("gradient", POINTER(c_float)),
        ("scale", c_double),
    ]


class nai_trial_batch(Sized):
    """A batch of trials for a task to fill."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("stream", c_int32),
        ("seed", c_uint64),
        ("first", c_uint64),
        ("trials", c_int64),
        ("steps", c_int64),
        ("dt", c_double),
        ("n_inputs", c_int64),
        ("n_outputs", c_int64),
        ("n_conditions", c_int64),
        ("input", POINTER(c_float)),
        ("target", POINTER(c_float)),
        ("classes", POINTER(c_int32)),
        ("mask", POINTER(c_float)),
        ("length", POINTER(c_int32)),
        ("condition", POINTER(c_float)),
        ("n_epochs", c_int64),
        ("epoch", POINTER(c_int32)),
        ("parts", c_int64),
        ("part_end", POINTER(c_int32)),
        ("step", c_int64),
        ("part", POINTER(c_int32)),
        ("output", POINTER(c_float)),
        ("output_step", c_int64),
        ("output_trial", c_int64),
    ]


class nai_error_batch(Sized):
    """What a rule sends back through units over a batch, for a cost on errors."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("steps", c_int64),
        ("trials", c_int64),
        ("n", c_int64),
        ("stride", c_int64),
        ("length", POINTER(c_int32)),
        ("alpha", POINTER(c_float)),
        ("error", POINTER(c_float)),
        ("back", POINTER(c_float)),
        ("slope", POINTER(c_float)),
        ("gradient", POINTER(c_float)),
        ("scale", c_double),
    ]


class nai_local_step(Sized):
    """One time step at the synapses of one projection onto a population, or at its biases."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("leak", c_int32),
        ("from", c_char_p),
        ("to", c_char_p),
        ("port", c_char_p),
        ("step", c_int64),
        ("steps", c_int64),
        ("trials", c_int64),
        ("n_post", c_int64),
        ("n_pre", c_int64),
        ("stride", c_int64),
        ("n_states", c_int64),
        ("n_signals", c_int64),
        ("running", POINTER(c_float)),
        ("pre", POINTER(c_float)),
        ("post", POINTER(c_float)),
        ("state", POINTER(c_float)),
        ("signal", POINTER(c_float)),
        ("ss", POINTER(c_float)),
        ("sp", POINTER(c_float)),
        ("zs", POINTER(c_float)),
        ("zp", POINTER(c_float)),
        ("slope", POINTER(c_float)),
        ("alpha", POINTER(c_float)),
        ("weight", POINTER(c_float)),
        ("trace", POINTER(c_float)),
        ("change", POINTER(c_float)),
        ("first_post", c_int64),
        ("pre_unit", POINTER(c_int32)),
    ]


class nai_judgement(Sized):
    """A trial's outputs, for a task's own judgement."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("n_conditions", c_int64),
        ("steps", c_int64),
        ("n", c_int64),
        ("stride", c_int64),
        ("output", POINTER(c_float)),
        ("condition", POINTER(c_float)),
        ("dt", c_double),
        ("correct", c_int32),
        ("choice", c_int32),
        ("time", c_double),
    ]


on_synapses = CFUNCTYPE(nai_status, c_void_p, POINTER(nai_synapses))
on_outputs = CFUNCTYPE(nai_status, c_void_p, POINTER(nai_output_batch), POINTER(c_double))
on_rates = CFUNCTYPE(nai_status, c_void_p, POINTER(nai_rate_batch), POINTER(c_double))
on_weights = CFUNCTYPE(nai_status, c_void_p, POINTER(POINTER(nai_synapses)), c_int64, c_double, POINTER(c_double))
on_errors = CFUNCTYPE(nai_status, c_void_p, POINTER(nai_error_batch), POINTER(c_double))
on_local_step = CFUNCTYPE(nai_status, c_void_p, POINTER(nai_local_step))
on_generate = CFUNCTYPE(nai_status, c_void_p, POINTER(nai_trial_batch))
on_judge = CFUNCTYPE(nai_status, c_void_p, POINTER(nai_judgement))
on_destroy = CFUNCTYPE(None, c_void_p)
nai_progress_callback = CFUNCTYPE(nai_status, POINTER(nai_progress), c_void_p)
nai_work_callback = CFUNCTYPE(nai_status, c_int64, c_int64, c_void_p)


class nai_evaluation_options(Sized):
    """How an evaluation is made."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("threads", c_int64),
        ("seed", c_uint64),
        ("interventions", POINTER(nai_intervention)),
        ("n_interventions", c_int64),
        ("progress", nai_work_callback),
        ("user", c_void_p),
        ("finite", POINTER(c_int32)),
    ]


nai_stage_callback = CFUNCTYPE(nai_status, c_int64, c_char_p, c_void_p)


class nai_constraint_ops(Sized):
    """A constraint's table."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("flags", c_uint32),
        ("name", c_char_p),
        ("wire", on_synapses),
        ("project", on_synapses),
        ("destroy", on_destroy),
    ]


class nai_cost_ops(Sized):
    """A cost's table."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("flags", c_uint32),
        ("name", c_char_p),
        ("on_outputs", on_outputs),
        ("on_rates", on_rates),
        ("on_weights", on_weights),
        ("on_errors", on_errors),
        ("destroy", on_destroy),
    ]


on_swap = CFUNCTYPE(nai_status, c_void_p, c_int64, c_void_p, c_int64, c_void_p, c_int64)
on_gather = CFUNCTYPE(nai_status, c_void_p, POINTER(c_int64), POINTER(c_int64), c_void_p)


class nai_exchange_ops(Sized):
    """An exchange's table."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("flags", c_uint32),
        ("rank", c_int64),
        ("ranks", c_int64),
        ("swap", on_swap),
        ("gather", on_gather),
        ("destroy", on_destroy),
    ]


class nai_field(Sized):
    """A field of a unit model."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("sign", c_int32),
        ("name", c_char_p),
        ("unit", c_char_p),
        ("meaning", c_char_p),
        ("initial", c_double),
        ("low", c_double),
        ("high", c_double),
        ("copies", c_char_p),
        ("words", c_char_p),
        ("whole", c_int32),
        ("potential", c_int32),
    ]


class nai_unit_batch(Sized):
    """A block of units and trials that a model's functions work on."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("n", c_int64),
        ("trials", c_int64),
        ("step", c_int64),
        ("dt", c_double),
        ("seed", c_uint64),
        ("first", c_uint64),
        ("size", POINTER(c_int64)),
        ("parameter", POINTER(POINTER(c_float))),
        ("constant", POINTER(POINTER(c_float))),
        ("port", POINTER(POINTER(c_float))),
        ("state", POINTER(POINTER(c_float))),
        ("signal", POINTER(POINTER(c_float))),
        ("normal", POINTER(POINTER(c_float))),
        ("port_stride", c_int64),
        ("state_stride", c_int64),
        ("signal_stride", c_int64),
        ("normal_stride", c_int64),
        ("error", POINTER(POINTER(c_float))),
        ("carry", POINTER(POINTER(c_float))),
        ("port_error", POINTER(POINTER(c_float))),
        ("ss", POINTER(c_float)),
        ("sp", POINTER(c_float)),
        ("zs", POINTER(c_float)),
        ("zp", POINTER(c_float)),
        ("n_states", c_int64),
        ("n_ports", c_int64),
        ("slope_stride", c_int64),
        ("first_unit", c_int64),
    ]


on_units = CFUNCTYPE(nai_status, c_void_p, POINTER(nai_unit_batch))


class nai_model_ops(Sized):
    """A unit model's table."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("flags", c_uint32),
        ("name", c_char_p),
        ("n_sizes", c_int64),
        ("n_parameters", c_int64),
        ("n_states", c_int64),
        ("n_ports", c_int64),
        ("n_signals", c_int64),
        ("n_normals", c_int64),
        ("n_constants", c_int64),
        ("sizes", POINTER(nai_field)),
        ("parameters", POINTER(nai_field)),
        ("states", POINTER(nai_field)),
        ("ports", POINTER(nai_field)),
        ("signals", POINTER(nai_field)),
        ("prepare", on_units),
        ("begin", on_units),
        ("step", on_units),
        ("slopes", on_units),
        ("backward", on_units),
        ("errors", on_units),
        ("destroy", on_destroy),
    ]


class nai_rule_ops(Sized):
    """A local rule's table."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("flags", c_uint32),
        ("name", c_char_p),
        ("feedback", c_int32),
        ("reserved", c_int32),
        ("n_traces", c_int64),
        ("step", on_local_step),
        ("destroy", on_destroy),
    ]


class nai_task_ops(Sized):
    """A task's table."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("flags", c_uint32),
        ("name", c_char_p),
        ("n_inputs", c_int64),
        ("n_outputs", c_int64),
        ("max_steps", c_int64),
        ("has_classes", c_int32),
        ("reserved", c_int32),
        ("n_conditions", c_int64),
        ("condition_names", POINTER(c_char_p)),
        ("generate", on_generate),
        ("judge", on_judge),
        ("destroy", on_destroy),
        ("n_epochs", c_int64),
        ("epoch_names", POINTER(c_char_p)),
        ("parts", c_int64),
        ("respond", on_generate),
    ]


class Text:
    """Argument type ``const char *``: takes str (as UTF-8), bytes, or None for NULL."""

    _type_ = c_char_p

    @classmethod
    def from_param(cls, value: Any) -> Any:
        if value is None:
            return None
        if isinstance(value, str):
            value = value.encode()
        if not isinstance(value, bytes):
            raise TypeError(f"expected a string, got {errors.brief(value)}")
        if b"\0" in value:
            raise errors.InvalidError("a name must not contain a NUL character")
        return c_char_p(value)


#: Where the memory of an array is, as a ctypes object that keeps it there: five times as quick as ``array.ctypes.data``.
#: Only for arrays that can be written and are C-contiguous; raises one of ``NOWHERE`` for others.
where: Callable[[Any], Any] = (ctypes.c_char * 0).from_buffer
NOWHERE = (TypeError, ValueError, BufferError)
_floats_at = (c_float * 0).from_buffer


def pointer(array: Any) -> Any:
    """A C-contiguous array of float32 as a field of a structure takes it, which then keeps it alive."""
    try:
        return _floats_at(array)
    except NOWHERE:
        return array.ctypes.data_as(POINTER(c_float))


class Array:
    """Argument type of an array: a C-contiguous NumPy array of one type, or None for NULL."""

    def __init__(self, element: Any, dtype: Any, writable: bool = False) -> None:
        self._type_ = element
        self.dtype = np.dtype(dtype)
        self.writable = writable

    def from_param(self, value: Any) -> Any:
        if value is None:
            return None
        if type(value) is np.ndarray and value.dtype is self.dtype:
            try:
                return where(value)
            except NOWHERE:
                pass
        if not isinstance(value, np.ndarray) or value.dtype != self.dtype:
            raise TypeError(f"expected a NumPy array of {self.dtype}, got {getattr(value, 'dtype', type(value))}")
        if not value.flags.c_contiguous or (self.writable and not value.flags.writeable):
            raise TypeError("expected a C-contiguous array" + (" that can be written" if self.writable else ""))
        return c_void_p(value.ctypes.data)


class Integer:
    """Argument type of a whole number, Python's or NumPy's; ctypes alone would take 2^64 - 1 for -1."""

    def __init__(self, element: Any) -> None:
        self._type_ = element
        bits = 8 * ctypes.sizeof(element)
        unsigned = element(-1).value > 0
        self.low: int = 0 if unsigned else -(2 ** (bits - 1))
        self.high: int = self.low + 2**bits - 1

    def from_param(self, value: Any) -> Any:
        if type(value) is int and self.low <= value <= self.high:
            return self._type_(value)
        try:
            if isinstance(value, (bool, np.bool_)):
                raise TypeError
            number = operator.index(value)
        except TypeError:
            raise TypeError(f"expected a whole number, got {errors.brief(value)}") from None
        if not self.low <= number <= self.high:
            raise OverflowError(f"{errors.brief(number)} is outside of {self.low} to {self.high}")
        return self._type_(number)


class Real:
    """Argument type of a number, Python's or NumPy's."""

    def __init__(self, element: Any) -> None:
        self._type_ = element

    def from_param(self, value: Any) -> Any:
        if type(value) is float:
            return self._type_(value)
        try:
            if isinstance(value, (str, bytes)):
                raise TypeError
            return self._type_(float(value))
        except OverflowError:
            raise OverflowError(f"{errors.brief(value)} is outside of what a float can be") from None
        except (TypeError, ValueError):
            raise TypeError(f"expected a number, got {errors.brief(value)}") from None


int32, int64, uint64 = Integer(c_int32), Integer(c_int64), Integer(c_uint64)
float64 = Real(c_double)
floats = Array(c_float, np.float32)
floats_out = Array(c_float, np.float32, writable=True)
doubles = Array(c_double, np.float64)
doubles_out = Array(c_double, np.float64, writable=True)
ints = Array(c_int32, np.int32)
int64s = Array(c_int64, np.int64)
octets = Array(c_uint8, np.uint8)

# --- the library -----------------------------------------------------------------------------------------------------

library, path = _needed.load(NEUROAI_ABI)

#: Each function's result type and argument types, as the headers declare them.
FUNCTIONS: Dict[str, Tuple[Any, List[Any]]] = {}

# --- exceptions out of callbacks -------------------------------------------------------------------------------------

_kept: Dict[int, BaseException] = {}
_tickets = itertools.count(1)
_kept_lock = threading.Lock()


def keep(exception: BaseException) -> int:
    """Keeps the exception of a Python callback; the callback returns what this returns, NAI_ERR_USER.

    The library carries codes and messages to the caller, from whichever thread; the message carries a number by which
    the exception is found again.
    """
    with _kept_lock:
        ticket = next(_tickets)
        _kept[ticket] = exception
        while len(_kept) > 32:  # those whose code never came out
            del _kept[next(iter(_kept))]
    text = str(exception).split("\n", 1)[0].replace("\0", "")
    nai_set_error(f"[python {ticket}] {type(exception).__name__}: {text}")
    return NAI_ERR_USER


def _claim(message: str) -> Optional[BaseException]:
    if re.match(r"rank \d+: ", message):  # another process keeps it
        return None
    found = re.search(r"\[python (\d+)\]", message)
    with _kept_lock:
        return _kept.pop(int(found.group(1)), None) if found else None


def fail(status: int) -> NoReturn:
    """Raises what a call that returned ``status``, less than 0, failed with."""
    message = (nai_last_error() or b"").decode(errors="replace")
    if status == NAI_ERR_USER:
        exception = _claim(message)
        if exception is not None:
            raise exception
    raise errors.from_status(status, in_python(message))


def _function(name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    """Declares one function of the C API."""
    try:
        function = getattr(library, name)
    except AttributeError:
        raise ImportError(f"{path} has no function {name}: it is of another version than this package") from None
    function.argtypes = arguments
    function.restype = result
    FUNCTIONS[name] = (result, list(arguments))

    def call(*given: Any) -> Any:
        try:
            return function(*given)
        except ctypes.ArgumentError as error:
            raise _wrong_argument(name, given, str(error)) from None

    def checked(*given: Any) -> Any:
        try:
            status = function(*given)
        except ctypes.ArgumentError as error:
            raise _wrong_argument(name, given, str(error)) from None
        if status < NAI_OK:
            fail(status)
        return status

    chosen = checked if result is nai_status and name != "nai_abi_version" else call
    chosen.__name__ = name
    return chosen


def _unconverted(name: str) -> Callable[..., int]:
    """A function that returns a status, for calls of which each nanosecond counts.

    It takes the ``_as_parameter_`` of handles, what `where` gives, and None; it converts and checks nothing, also not
    the status that it returns.
    """
    function: Callable[..., int] = library[name]  # another object than library.name, with no argument types
    return function


#: What C calls otherwise than Python.
_ARGUMENTS = {"from": "source", "to": "target"}

#: What a handle is in Python.
_HANDLES = {
    "nai_optimizer": "a neuroai.Optimizer, such as na.Adam(1e-3)",
    "nai_rule": "a neuroai.Rule, such as na.BPTT()",
    "nai_cost": "a neuroai.Cost, such as na.MSE('output')",
    "nai_constraint": "a neuroai.Constraint, such as na.Sparse(0.2)",
    "nai_model": "a neuroai.Model",
    "nai_short_term": "a neuroai.TsodyksMarkram",
}


def _wrong_argument(name: str, given: Tuple[Any, ...], message: str) -> errors.Error:
    """What is wrong with an argument of the function called ``name``, by the words of ctypes."""
    found = re.match(r"argument (\d+): (?:<class ')?([\w.]+)(?:'>)?: (.*)", message, re.DOTALL)
    if found is None:
        return errors.InvalidError(message)
    index, kind, reason = int(found.group(1)) - 1, found.group(2), found.group(3)
    names = ARGUMENTS.get(name, "").split()
    argument = names[index] if index < len(names) else f"argument {index + 1}"
    argument = _ARGUMENTS.get(argument, argument)
    if name.endswith("_set") and argument == "value" and isinstance(given[index - 1], str):
        argument = given[index - 1]
    handle = re.match(r"expected LP_(nai_\w+) instance", reason)
    if handle is not None:
        noun = handle.group(1)
        expected = _HANDLES.get(noun, f"a neuroai.{noun[4:].capitalize()}")
        value = given[index]
        got = f"the class {value.__name__} itself: make one of it" if isinstance(value, type) else errors.brief(value)
        return errors.InvalidTypeError(f"{argument}: expected {expected}, got {got}")
    wrong_type = kind == "TypeError"
    return (errors.InvalidTypeError if wrong_type else errors.InvalidError)(f"{argument}: {reason}")


#: What Python has for C functions that messages name, where it is not the method of that name.
_CALLS = {
    "nai_trainer_create": "na.Trainer(net, task, ...)",
    "nai_trainer_add_cost": "na.Trainer(..., cost=...)",
    "nai_trainer_estimate_gradient": "trainer.gradient()",
    "nai_trainer_measure_alignment": "na.alignment(trainer)",
    "nai_network_load": "na.Network.load(path)",
    "nai_network_load_memory": "na.Network.from_bytes(data)",
    "nai_network_add_population": "net.population(name, n)",
    "nai_network_add_input": "net.input(name, n)",
    "nai_network_add_output": "net.output(name, n)",
}


def in_python(message: str) -> str:
    """A message of the library with Python's names in place of C's."""

    def called(found: "re.Match[str]") -> str:
        noun = {"network": "net"}.get(found.group(1), found.group(1))
        return _CALLS.get(f"nai_{found.group(1)}_{found.group(2)}", f"{noun}.{found.group(2)}()")

    message = re.sub(r"\b(?:now|ops|options|out|batch|step|where)->", "", message)
    message = re.sub(r"^(from|to)\b(?=: | is | has )", lambda found: _ARGUMENTS[found.group(1)], message)
    nouns = "network|state|trainer|agent|optimizer|rule|task|trials|curriculum|evaluation|cost|constraint"
    return re.sub(rf"\bnai_({nouns})_(\w+)(?:\(\))?", called, message)


def new(handle: type) -> Any:
    """A NULL pointer to a handle, to be filled by a call that creates one."""
    return POINTER(handle)()


# version.h
nai_version = _function("nai_version", c_char_p)
nai_abi_version = _function("nai_abi_version", c_int32)
nai_build_info = _function("nai_build_info", c_char_p)

# status.h
nai_status_name = _function("nai_status_name", c_char_p, int32)
nai_last_error = _function("nai_last_error", c_char_p)
nai_set_error = _function("nai_set_error", None, Text)

# random.h
nai_random_uniform = _function("nai_random_uniform", c_double, uint64, uint64, uint64)
nai_random_normal = _function("nai_random_normal", c_double, uint64, uint64, uint64)
nai_random_normals = _function("nai_random_normals", nai_status, floats_out, int64, uint64, uint64)

# constraint.h
_constraint = POINTER(nai_constraint)
_constraint_out = POINTER(_constraint)
_model = POINTER(nai_model)
_model_out = POINTER(_model)
nai_constraint_create_sparse = _function("nai_constraint_create_sparse", nai_status, _constraint_out, float64)
nai_constraint_create_mask = _function(
    "nai_constraint_create_mask", nai_status, _constraint_out, octets, int64, int64
)
nai_constraint_create_dale = _function("nai_constraint_create_dale", nai_status, _constraint_out, int32)
nai_constraint_create_sign = _function("nai_constraint_create_sign", nai_status, _constraint_out, int32)
nai_constraint_create_nonnegative = _function("nai_constraint_create_nonnegative", nai_status, _constraint_out)
nai_constraint_create_fixed = _function(
    "nai_constraint_create_fixed", nai_status, _constraint_out, octets, int64, int64
)
nai_constraint_create_max_weight = _function("nai_constraint_create_max_weight", nai_status, _constraint_out, float64)
nai_constraint_create_distance = _function(
    "nai_constraint_create_distance", nai_status, _constraint_out, float64, float64
)
nai_constraint_create_indegree = _function("nai_constraint_create_indegree", nai_status, _constraint_out, int64)
nai_constraint_create_outdegree = _function("nai_constraint_create_outdegree", nai_status, _constraint_out, int64)
nai_constraint_create_total = _function("nai_constraint_create_total", nai_status, _constraint_out, int64)
nai_constraint_create_indegree_multapses = _function(
    "nai_constraint_create_indegree_multapses", nai_status, _constraint_out, int64
)
nai_constraint_create_total_multapses = _function(
    "nai_constraint_create_total_multapses", nai_status, _constraint_out, int64
)
nai_constraint_create_list = _function(
    "nai_constraint_create_list", nai_status, _constraint_out, int64s, int64s, int64
)
nai_constraint_destroy = _function("nai_constraint_destroy", None, _constraint)

# exchange.h
_exchange = POINTER(nai_exchange)
nai_exchange_create = _function(
    "nai_exchange_create", nai_status, POINTER(_exchange), POINTER(nai_exchange_ops), c_void_p
)
nai_exchange_destroy = _function("nai_exchange_destroy", None, _exchange)

# short_term.h
_short_term = POINTER(nai_short_term)
_short_term_out = POINTER(_short_term)
nai_short_term_create = _function(
    "nai_short_term_create", nai_status, _short_term_out, int64, doubles, doubles, doubles, doubles
)
nai_short_term_destroy = _function("nai_short_term_destroy", None, _short_term)
nai_short_term_size = _function("nai_short_term_size", c_int64, _short_term)
nai_short_term_get = _function("nai_short_term_get", nai_status, doubles_out, int64, _short_term, Text)

# network.h: composing
_network = POINTER(nai_network)
_network_out = POINTER(_network)
_view_out = POINTER(nai_view)
nai_transfer_name = _function("nai_transfer_name", c_char_p, int32)
nai_network_copy = _function("nai_network_copy", nai_status, POINTER(_network), _network)
nai_network_create = _function("nai_network_create", nai_status, _network_out, float64)
nai_network_destroy = _function("nai_network_destroy", None, _network)
nai_network_add_input = _function("nai_network_add_input", nai_status, _network, Text, int64)
nai_network_add_population = _function("nai_network_add_population", nai_status, _network, Text, int64, int32)
nai_network_set_sign = _function("nai_network_set_sign", nai_status, _network, Text, int32)
nai_network_add_output = _function("nai_network_add_output", nai_status, _network, Text, int64)
nai_network_set = _function("nai_network_set", nai_status, _network, Text, Text, float64)
nai_network_set_each = _function("nai_network_set_each", nai_status, _network, Text, Text, doubles, int64)
nai_network_get_each = _function("nai_network_get_each", nai_status, doubles_out, int64, _network, Text, Text)
nai_network_parameter = _function("nai_network_parameter", nai_status, POINTER(nai_parameter), _network, int32, int64)
nai_network_set_leak = _function("nai_network_set_leak", nai_status, _network, Text, int32)
nai_network_set_model = _function("nai_network_set_model", nai_status, _network, Text, Text)
nai_network_use_model = _function("nai_network_use_model", nai_status, _network, Text, _model)
nai_network_set_model_size = _function("nai_network_set_model_size", nai_status, _network, Text, Text, int64)
nai_network_choose = _function("nai_network_choose", nai_status, _network, Text, Text, Text)
nai_network_model = _function("nai_network_model", nai_status, POINTER(c_char_p), _network, Text)
nai_network_spikes = _function("nai_network_spikes", nai_status, POINTER(c_int32), _network, Text)
nai_network_ends = _function(
    "nai_network_ends", nai_status, POINTER(c_char_p), POINTER(c_char_p), _network, int64
)
nai_model_builtin_name = _function("nai_model_builtin_name", c_char_p, int64)
nai_model_field = _function("nai_model_field", nai_status, POINTER(nai_field), Text, int32, int64)
nai_model_create = _function("nai_model_create", nai_status, _model_out, POINTER(nai_model_ops), c_void_p)
nai_model_destroy = _function("nai_model_destroy", None, _model)
nai_network_check_model = _function("nai_network_check_model", nai_status, _network, Text)
nai_network_set_transfer = _function("nai_network_set_transfer", nai_status, _network, Text, int32)
nai_network_place_box = _function(
    "nai_network_place_box", nai_status, _network, Text, float64, float64, float64
)
nai_network_place_sphere = _function("nai_network_place_sphere", nai_status, _network, Text, float64)
nai_network_place_lattice = _function("nai_network_place_lattice", nai_status, _network, Text, float64)
nai_network_set_positions = _function("nai_network_set_positions", nai_status, _network, Text, floats, int64)
nai_network_connect = _function("nai_network_connect", nai_status, _network, Text, Text)
nai_network_set_delay = _function("nai_network_set_delay", nai_status, _network, Text, Text, float64)
nai_network_set_delays = _function(
    "nai_network_set_delays", nai_status, _network, Text, Text, float64, float64, float64
)
nai_network_set_conduction = _function(
    "nai_network_set_conduction", nai_status, _network, Text, Text, float64, float64
)
nai_network_set_autapses = _function("nai_network_set_autapses", nai_status, _network, Text, Text, int32)
nai_network_set_storage = _function("nai_network_set_storage", nai_status, _network, Text, Text, int32)
nai_network_set_plastic = _function("nai_network_set_plastic", nai_status, _network, Text, Text, int32)
nai_network_constrain = _function("nai_network_constrain", nai_status, _network, Text, Text, _constraint)
nai_network_set_initial_weights = _function(
    "nai_network_set_initial_weights", nai_status, _network, Text, Text, int32, float64, float64
)
nai_network_set_radius = _function("nai_network_set_radius", nai_status, _network, Text, float64)
nai_network_set_balance = _function("nai_network_set_balance", nai_status, _network, Text, int32)
nai_network_set_kernels = _function("nai_network_set_kernels", nai_status, _network, Text)
nai_network_memory = _function("nai_network_memory", nai_status, POINTER(c_int64), _network)
nai_network_estimate = _function(
    "nai_network_estimate", nai_status, POINTER(nai_estimate), _network, int64, doubles, int64
)
nai_network_set_memory_limit = _function("nai_network_set_memory_limit", nai_status, _network, int64)
nai_network_set_threads = _function("nai_network_set_threads", nai_status, _network, int64)
nai_network_set_exchange = _function("nai_network_set_exchange", nai_status, _network, _exchange)
nai_network_build = _function("nai_network_build", nai_status, _network, uint64)

# network.h: looking; estimate.h, synapses.h
nai_network_count = _function("nai_network_count", c_int64, _network, int32)
nai_network_name = _function("nai_network_name", c_char_p, _network, int32, int64)
nai_network_size = _function("nai_network_size", c_int64, _network, int32, Text)
nai_network_projection = _function(
    "nai_network_projection", nai_status, POINTER(c_char_p), POINTER(c_char_p), _network, int64
)
nai_network_sign = _function("nai_network_sign", nai_status, POINTER(c_int32), _network, Text)
nai_network_storage = _function("nai_network_storage", nai_status, POINTER(c_int32), _network, Text, Text)
nai_network_leak = _function("nai_network_leak", nai_status, POINTER(c_int32), _network, Text)
nai_network_transfer = _function(
    "nai_network_transfer", nai_status, POINTER(c_int32), _network, Text
)
nai_network_set_short_term = _function(
    "nai_network_set_short_term", nai_status, _network, Text, Text, _short_term
)
nai_network_short_term = _function(
    "nai_network_short_term", nai_status, _short_term_out, _network, Text, Text
)
nai_network_delay = _function("nai_network_delay", nai_status, POINTER(c_double), _network, Text, Text)
nai_network_dt = _function("nai_network_dt", c_double, _network)
nai_network_kernels = _function("nai_network_kernels", c_char_p, _network)
nai_network_weights = _function("nai_network_weights", nai_status, _view_out, _network, Text, Text)
nai_network_mask = _function("nai_network_mask", nai_status, _view_out, _network, Text, Text)
nai_network_plastic = _function("nai_network_plastic", nai_status, _view_out, _network, Text, Text)
nai_network_synapses = _function(
    "nai_network_synapses",
    nai_status,
    POINTER(nai_synapse_arrays),
    int64,
    POINTER(c_int64),
    _network,
    Text,
    Text,
)
nai_network_bias = _function("nai_network_bias", nai_status, _view_out, _network, Text)
nai_network_positions = _function("nai_network_positions", nai_status, _view_out, _network, Text)
nai_network_set_weights = _function(
    "nai_network_set_weights", nai_status, _network, Text, Text, floats, int64, int64
)
nai_network_set_synapse_weights = _function(
    "nai_network_set_synapse_weights", nai_status, _network, Text, Text, floats, int64
)
nai_network_prune = _function("nai_network_prune", nai_status, _network, Text, Text, c_double, uint64)
nai_network_prune_smallest = _function("nai_network_prune_smallest", nai_status, _network, Text, Text, c_double)
nai_network_prune_units = _function(
    "nai_network_prune_units", nai_status, _network, Text, int64s, int64, c_double, uint64
)
nai_network_set_mask = _function(
    "nai_network_set_mask", nai_status, _network, Text, Text, octets, int64, int64
)
nai_network_set_bias = _function("nai_network_set_bias", nai_status, _network, Text, floats, int64)
nai_network_spectrum = _function(
    "nai_network_spectrum", nai_status, POINTER(nai_spectrum), doubles_out, doubles_out, int64, _network, Text
)
nai_network_save = _function("nai_network_save", nai_status, _network, Text)
nai_network_load = _function("nai_network_load", nai_status, _network_out, Text, POINTER(nai_load_options))
nai_network_load_memory = _function(
    "nai_network_load_memory", nai_status, _network_out, c_void_p, int64, POINTER(nai_load_options)
)
nai_network_save_memory = _function(
    "nai_network_save_memory", nai_status, c_void_p, int64, POINTER(c_int64), _network
)

# anatomy.h
nai_connectivity_name = _function("nai_connectivity_name", c_char_p, int64)
nai_connectivity_find = _function("nai_connectivity_find", nai_status, POINTER(nai_connectivity), Text)
nai_connectivity_probability = _function(
    "nai_connectivity_probability", nai_status, POINTER(c_double), POINTER(nai_connectivity), Text, Text
)
nai_network_populate = _function(
    "nai_network_populate", nai_status, _network, POINTER(nai_connectivity), POINTER(nai_layout)
)
nai_network_connect_types = _function(
    "nai_network_connect_types", nai_status, _network, POINTER(nai_connectivity), POINTER(nai_layout)
)
nai_network_add_microcircuit = _function(
    "nai_network_add_microcircuit", nai_status, _network, int64s, int64, POINTER(nai_microcircuit)
)
nai_network_self_predict = _function("nai_network_self_predict", nai_status, _network)
_areas = POINTER(nai_areas)
nai_areas_rule_find = _function("nai_areas_rule_find", nai_status, POINTER(nai_areas_rule), Text)
nai_areas_place = _function("nai_areas_place", nai_status, doubles_out, int64, float64, uint64)
nai_areas_measure = _function("nai_areas_measure", nai_status, doubles_out, doubles, int64, float64)
nai_areas_create = _function(
    "nai_areas_create",
    nai_status,
    POINTER(_areas),
    Text,
    doubles,
    doubles,
    int64,
    POINTER(nai_areas_rule),
    uint64,
)
nai_areas_destroy = _function("nai_areas_destroy", None, _areas)
nai_areas_count = _function("nai_areas_count", c_int64, _areas)
nai_areas_name = _function("nai_areas_name", c_char_p, _areas, int64)
nai_areas_read = _function("nai_areas_read", nai_status, doubles_out, _areas, int32)
nai_areas_plan = _function(
    "nai_areas_plan", nai_status, POINTER(c_int64), _areas, _network, POINTER(nai_streams)
)
nai_areas_planned = _function("nai_areas_planned", nai_status, POINTER(nai_areas_projection), _areas, int64)
nai_network_connect_areas = _function(
    "nai_network_connect_areas", nai_status, _network, _areas, POINTER(nai_streams)
)

# state.h
_state = POINTER(nai_state)
nai_state_create = _function("nai_state_create", nai_status, POINTER(_state), _network, int64, uint64)
nai_state_destroy = _function("nai_state_destroy", None, _state)
nai_state_step = _function("nai_state_step", nai_status, floats_out, _state, floats)
state_step = _unconverted("nai_state_step")
nai_state_run = _function("nai_state_run", nai_status, floats_out, floats_out, _state, int64, floats)
nai_state_record = _function(
    "nai_state_record", nai_status, POINTER(nai_recording), _state, int64, floats
)
nai_state_set_threads = _function("nai_state_set_threads", nai_status, _state, int64)
nai_state_reset = _function("nai_state_reset", nai_status, _state)
nai_state_clamp = _function("nai_state_clamp", nai_status, _state, Text, float64)
nai_state_clamp_units = _function("nai_state_clamp_units", nai_status, _state, Text, int64s, int64, floats, int64)
nai_state_silence = _function("nai_state_silence", nai_status, _state, Text)
nai_state_silence_units = _function("nai_state_silence_units", nai_status, _state, Text, int64s, int64)
nai_state_inject = _function("nai_state_inject", nai_status, _state, Text, floats, int64)
nai_state_inject_units = _function("nai_state_inject_units", nai_status, _state, Text, int64s, int64, floats, int64)
nai_state_intervene = _function("nai_state_intervene", nai_status, _state, POINTER(nai_intervention), int64)
nai_state_release = _function("nai_state_release", nai_status, _state, Text)
nai_state_release_units = _function("nai_state_release_units", nai_status, _state, Text, int64s, int64)
nai_state_release_synapses = _function("nai_state_release_synapses", nai_status, _state, Text, Text)
nai_state_set_first = _function("nai_state_set_first", nai_status, _state, uint64)
nai_state_set_seed = _function("nai_state_set_seed", nai_status, _state, uint64)
nai_state_set_variable = _function("nai_state_set_variable", nai_status, _state, Text, floats, int64, int64)
nai_state_set_short_term = _function(
    "nai_state_set_short_term", nai_status, _state, Text, Text, floats, floats, int64, int64
)
nai_state_short_term = _function(
    "nai_state_short_term", nai_status, _view_out, _view_out, _state, Text, Text
)
nai_state_variable = _function("nai_state_variable", nai_status, _view_out, _state, Text)
nai_state_rates = _function("nai_state_rates", nai_status, _view_out, _state, Text)
nai_state_currents = _function("nai_state_currents", nai_status, _view_out, _state, Text)
nai_state_set_currents = _function("nai_state_set_currents", nai_status, _state, Text, floats, int64)
nai_state_set_rates = _function("nai_state_set_rates", nai_status, _state, Text, floats, int64)
nai_state_time = _function("nai_state_time", c_int64, _state)
nai_state_snapshot_size = _function("nai_state_snapshot_size", c_int64, _state)
nai_state_snapshot = _function("nai_state_snapshot", nai_status, c_void_p, int64, _state)
nai_state_restore = _function("nai_state_restore", nai_status, _state, c_void_p, int64)

# cost.h
_cost = POINTER(nai_cost)
_cost_out = POINTER(_cost)
nai_cost_create_mse = _function("nai_cost_create_mse", nai_status, _cost_out, Text)
nai_cost_create_cross_entropy = _function("nai_cost_create_cross_entropy", nai_status, _cost_out, Text)
nai_cost_create_logistic_mse = _function("nai_cost_create_logistic_mse", nai_status, _cost_out, Text)
nai_cost_create_binary_cross_entropy = _function(
    "nai_cost_create_binary_cross_entropy", nai_status, _cost_out, Text
)
nai_cost_create_l1_weights = _function("nai_cost_create_l1_weights", nai_status, _cost_out, Text, Text)
nai_cost_create_l2_weights = _function("nai_cost_create_l2_weights", nai_status, _cost_out, Text, Text)
nai_cost_create_distance = _function("nai_cost_create_distance", nai_status, _cost_out, Text, Text)
nai_cost_create_communicability = _function(
    "nai_cost_create_communicability", nai_status, _cost_out, Text, Text, float64
)
nai_cost_create_l1_rates = _function("nai_cost_create_l1_rates", nai_status, _cost_out, Text)
nai_cost_create_l2_rates = _function("nai_cost_create_l2_rates", nai_status, _cost_out, Text)
nai_cost_create_vanishing_gradient = _function("nai_cost_create_vanishing_gradient", nai_status, _cost_out, Text)
nai_cost_create_rate_target = _function("nai_cost_create_rate_target", nai_status, _cost_out, Text, float64)
nai_cost_create_unit_rate_target = _function(
    "nai_cost_create_unit_rate_target", nai_status, _cost_out, Text, float64
)
nai_cost_set_normalise = _function("nai_cost_set_normalise", nai_status, _cost, int32)
nai_cost_name = _function("nai_cost_name", c_char_p, _cost)
nai_cost_destroy = _function("nai_cost_destroy", None, _cost)

# rule.h
_rule = POINTER(nai_rule)
nai_rule_create_bptt = _function("nai_rule_create_bptt", nai_status, POINTER(_rule))
nai_rule_create_truncated_bptt = _function(
    "nai_rule_create_truncated_bptt", nai_status, POINTER(_rule), int64
)
nai_rule_create_rtrl = _function("nai_rule_create_rtrl", nai_status, POINTER(_rule))
nai_rule_create_uoro = _function("nai_rule_create_uoro", nai_status, POINTER(_rule), uint64)
nai_rule_create_rflo = _function("nai_rule_create_rflo", nai_status, POINTER(_rule), uint64)
nai_rule_create_eprop = _function("nai_rule_create_eprop", nai_status, POINTER(_rule), int32, uint64)
nai_rule_create_snap1 = _function("nai_rule_create_snap1", nai_status, POINTER(_rule))
nai_rule_create_force = _function("nai_rule_create_force", nai_status, POINTER(_rule))
nai_rule_create_full_force = _function("nai_rule_create_full_force", nai_status, POINTER(_rule), uint64)
nai_rule_create_feedback_alignment = _function(
    "nai_rule_create_feedback_alignment", nai_status, POINTER(_rule), uint64
)
nai_rule_create_direct_feedback_alignment = _function(
    "nai_rule_create_direct_feedback_alignment", nai_status, POINTER(_rule), uint64
)
nai_rule_create_sign_symmetry = _function(
    "nai_rule_create_sign_symmetry", nai_status, POINTER(_rule), int32, uint64
)
nai_rule_create_kolen_pollack = _function(
    "nai_rule_create_kolen_pollack", nai_status, POINTER(_rule), float64, uint64
)
nai_rule_create_weight_mirror = _function("nai_rule_create_weight_mirror", nai_status, POINTER(_rule), uint64)
nai_rule_create_equilibrium_propagation = _function(
    "nai_rule_create_equilibrium_propagation", nai_status, POINTER(_rule), int32, uint64
)
nai_rule_create_predictive_coding = _function("nai_rule_create_predictive_coding", nai_status, POINTER(_rule))
nai_rule_set = _function("nai_rule_set", nai_status, _rule, Text, float64)
nai_rule_get = _function("nai_rule_get", nai_status, POINTER(c_double), _rule, Text)
nai_rule_parameter = _function("nai_rule_parameter", nai_status, POINTER(nai_parameter), _rule, int64)
nai_rule_create_dendritic_error = _function("nai_rule_create_dendritic_error", nai_status, POINTER(_rule))
nai_rule_create_node_perturbation = _function(
    "nai_rule_create_node_perturbation", nai_status, POINTER(_rule), c_double, uint64
)
nai_rule_create_reward_hebbian = _function("nai_rule_create_reward_hebbian", nai_status, POINTER(_rule), uint64)
nai_rule_name = _function("nai_rule_name", c_char_p, _rule)
nai_rule_destroy = _function("nai_rule_destroy", None, _rule)

# optimizer.h
_optimizer = POINTER(nai_optimizer)
_optimizer_out = POINTER(_optimizer)
nai_optimizer_create_sgd = _function("nai_optimizer_create_sgd", nai_status, _optimizer_out, float64)
nai_optimizer_create_momentum = _function("nai_optimizer_create_momentum", nai_status, _optimizer_out, float64)
nai_optimizer_create_rmsprop = _function("nai_optimizer_create_rmsprop", nai_status, _optimizer_out, float64)
nai_optimizer_create_adam = _function("nai_optimizer_create_adam", nai_status, _optimizer_out, float64)
nai_optimizer_create_adamw = _function("nai_optimizer_create_adamw", nai_status, _optimizer_out, float64)
nai_optimizer_set = _function("nai_optimizer_set", nai_status, _optimizer, Text, float64)
nai_optimizer_get = _function("nai_optimizer_get", nai_status, POINTER(c_double), _optimizer, Text)
nai_optimizer_parameter = _function(
    "nai_optimizer_parameter", nai_status, POINTER(nai_parameter), _optimizer, int64
)
nai_optimizer_name = _function("nai_optimizer_name", c_char_p, _optimizer)
nai_optimizer_set_schedule = _function(
    "nai_optimizer_set_schedule", nai_status, _optimizer, POINTER(c_int64), POINTER(c_double), int64
)
nai_optimizer_factor = _function("nai_optimizer_factor", c_double, _optimizer, int64)
nai_optimizer_destroy = _function("nai_optimizer_destroy", None, _optimizer)

# trials.h
_trials = POINTER(nai_trials)
nai_trials_create = _function("nai_trials_create", nai_status, POINTER(_trials), _network, int64, int64)
nai_trials_destroy = _function("nai_trials_destroy", None, _trials)
nai_trials_set_inputs = _function("nai_trials_set_inputs", nai_status, _trials, Text, floats, int64)
nai_trials_set_targets = _function("nai_trials_set_targets", nai_status, _trials, Text, floats, int64)
nai_trials_set_classes = _function("nai_trials_set_classes", nai_status, _trials, Text, ints)
nai_trials_set_mask = _function("nai_trials_set_mask", nai_status, _trials, Text, floats, int64)
nai_trials_set_lengths = _function("nai_trials_set_lengths", nai_status, _trials, ints)
nai_trials_set_condition = _function("nai_trials_set_condition", nai_status, _trials, Text, floats)
nai_trials_set_epoch = _function("nai_trials_set_epoch", nai_status, _trials, Text, ints)
nai_trials_set_first = _function("nai_trials_set_first", nai_status, _trials, uint64)
nai_trials_first = _function("nai_trials_first", c_uint64, _trials)
nai_trials_view = _function("nai_trials_view", nai_status, _view_out, _trials, int32, Text)
nai_trials_condition_name = _function("nai_trials_condition_name", c_char_p, _trials, int64)
nai_trials_set_parts = _function("nai_trials_set_parts", nai_status, _trials, ints, int64)
nai_trials_epoch_name = _function("nai_trials_epoch_name", c_char_p, _trials, int64)

# task.h
_task = POINTER(nai_task)
nai_task_builtin_name = _function("nai_task_builtin_name", c_char_p, int64)
nai_task_name = _function("nai_task_name", c_char_p, _task)
nai_task_parameter = _function("nai_task_parameter", nai_status, POINTER(nai_parameter), Text, int64)
nai_task_describe = _function("nai_task_describe", nai_status, POINTER(nai_task_description), Text)
nai_task_condition_name = _function("nai_task_condition_name", c_char_p, Text, int64)
nai_task_epoch_name = _function("nai_task_epoch_name", c_char_p, Text, int64)
nai_task_create = _function("nai_task_create", nai_status, POINTER(_task), Text, _network)
nai_task_create_from_trials = _function(
    "nai_task_create_from_trials", nai_status, POINTER(_task), _trials, _trials, _network
)
nai_task_destroy = _function("nai_task_destroy", None, _task)
nai_task_create_with = _function(
    "nai_task_create_with", nai_status, POINTER(_task), Text, _network, POINTER(nai_task_setting), int64
)
nai_task_set = _function("nai_task_set", nai_status, _task, Text, float64)
nai_task_set_list = _function("nai_task_set_list", nai_status, _task, Text, doubles, int64)
nai_task_get_list = _function(
    "nai_task_get_list", nai_status, POINTER(c_double), int64, POINTER(c_int64), _task, Text
)
nai_task_generate = _function(
    "nai_task_generate", nai_status, POINTER(_trials), _task, uint64, int32, uint64, int64
)
nai_task_has_times = _function("nai_task_has_times", nai_status, POINTER(c_int32), _task)

# trainer.h
_trainer = POINTER(nai_trainer)
nai_trainer_create = _function(
    "nai_trainer_create", nai_status, POINTER(_trainer), _network, _rule, _optimizer, _task
)
nai_trainer_create_watched = _function(
    "nai_trainer_create_watched",
    nai_status,
    POINTER(_trainer),
    _network,
    _rule,
    _optimizer,
    _task,
    nai_work_callback,
    c_void_p,
)
nai_trainer_destroy = _function("nai_trainer_destroy", None, _trainer)
nai_trainer_add_cost = _function("nai_trainer_add_cost", nai_status, _trainer, _cost, float64)
nai_trainer_set = _function("nai_trainer_set", nai_status, _trainer, Text, float64)
nai_trainer_set_seed = _function("nai_trainer_set_seed", nai_status, _trainer, uint64)
nai_trainer_seed = _function("nai_trainer_seed", c_uint64, _trainer)
nai_trainer_get = _function("nai_trainer_get", nai_status, POINTER(c_double), _trainer, Text)
nai_trainer_set_judge = _function("nai_trainer_set_judge", nai_status, _trainer, _task)
nai_trainer_set_exchange = _function("nai_trainer_set_exchange", nai_status, _trainer, _exchange)
nai_trainer_set_rate = _function("nai_trainer_set_rate", nai_status, _trainer, Text, Text, float64)
nai_trainer_rate = _function("nai_trainer_rate", nai_status, POINTER(c_double), _trainer, Text, Text)
nai_trainer_memory = _function("nai_trainer_memory", nai_status, POINTER(c_int64), _trainer)
nai_trainer_parameter = _function("nai_trainer_parameter", nai_status, POINTER(nai_parameter), int64)
nai_trainer_run = _function("nai_trainer_run", nai_status, _trainer, int64, nai_progress_callback, c_void_p)
nai_trainer_step = _function("nai_trainer_step", nai_status, POINTER(nai_progress), _trainer, _trials)
nai_trainer_estimate_gradient = _function("nai_trainer_estimate_gradient", nai_status, POINTER(nai_progress), _trainer, _trials)
nai_trainer_measure_alignment = _function("nai_trainer_measure_alignment", nai_status, _trainer, _trials)
nai_trainer_alignment = _function(
    "nai_trainer_alignment", nai_status, POINTER(c_double), POINTER(c_double), _trainer, Text, Text
)
nai_trainer_gradient = _function("nai_trainer_gradient", nai_status, _view_out, _trainer, Text, Text)
nai_trainer_initial_state_gradient = _function(
    "nai_trainer_initial_state_gradient", nai_status, _view_out, _trainer, Text
)
nai_trainer_activity = _function("nai_trainer_activity", nai_status, _view_out, _trainer, Text)
nai_trainer_feedback = _function("nai_trainer_feedback", nai_status, _view_out, _trainer, Text, Text)
nai_trainer_set_feedback = _function(
    "nai_trainer_set_feedback", nai_status, _trainer, Text, Text, floats
)
nai_trainer_history = _function(
    "nai_trainer_history", nai_status, POINTER(c_double), int64, POINTER(c_int64), POINTER(c_int64), _trainer
)
nai_trainer_cost_count = _function("nai_trainer_cost_count", c_int64, _trainer)
nai_trainer_cost_name = _function("nai_trainer_cost_name", c_char_p, _trainer, int64)
nai_trainer_cost_value = _function("nai_trainer_cost_value", c_double, _trainer, int64)

# agent.h
_agent = POINTER(nai_agent)
nai_agent_create = _function("nai_agent_create", nai_status, POINTER(_agent), _trainer)
nai_agent_destroy = _function("nai_agent_destroy", None, _agent)
nai_agent_begin = _function("nai_agent_begin", nai_status, _agent)
nai_agent_step = _function("nai_agent_step", nai_status, floats_out, _agent, POINTER(nai_experience))
nai_agent_intervene = _function("nai_agent_intervene", nai_status, _agent, POINTER(nai_intervention), int64)
nai_agent_release = _function("nai_agent_release", nai_status, _agent, Text)
nai_agent_release_synapses = _function("nai_agent_release_synapses", nai_status, _agent, Text, Text)
nai_agent_release_units = _function("nai_agent_release_units", nai_status, _agent, Text, int64s, int64)
nai_agent_rest = _function("nai_agent_rest", nai_status, _agent)
nai_agent_activity = _function("nai_agent_activity", nai_status, _view_out, _agent, Text)
nai_agent_gradient = _function("nai_agent_gradient", nai_status, _view_out, _agent, Text, Text)
nai_agent_updates = _function("nai_agent_updates", c_int64, _agent)

# curriculum.h
_curriculum = POINTER(nai_curriculum)
nai_curriculum_create = _function("nai_curriculum_create", nai_status, POINTER(_curriculum))
nai_curriculum_destroy = _function("nai_curriculum_destroy", None, _curriculum)
nai_curriculum_add_stage = _function("nai_curriculum_add_stage", nai_status, _curriculum, Text, float64, int64)
nai_curriculum_set = _function("nai_curriculum_set", nai_status, _curriculum, Text, Text, doubles, int64)
nai_curriculum_add_staircase = _function(
    "nai_curriculum_add_staircase", nai_status, _curriculum, Text, POINTER(nai_staircase)
)
nai_curriculum_on_stage = _function(
    "nai_curriculum_on_stage", nai_status, _curriculum, nai_stage_callback, c_void_p
)
nai_curriculum_stage_count = _function("nai_curriculum_stage_count", c_int64, _curriculum)
nai_trainer_set_curriculum = _function("nai_trainer_set_curriculum", nai_status, _trainer, _curriculum)
nai_trainer_stage = _function("nai_trainer_stage", c_int64, _trainer)
nai_trainer_stage_name = _function("nai_trainer_stage_name", c_char_p, _trainer)

# checkpoint.h
nai_trainer_save = _function("nai_trainer_save", nai_status, _trainer, Text)
nai_trainer_set_checkpoints = _function("nai_trainer_set_checkpoints", nai_status, _trainer, Text, int64)
nai_trainer_restore = _function("nai_trainer_restore", nai_status, _trainer, Text)
nai_trainer_save_memory = _function(
    "nai_trainer_save_memory", nai_status, c_void_p, int64, POINTER(c_int64), _trainer
)
nai_trainer_restore_memory = _function("nai_trainer_restore_memory", nai_status, _trainer, c_void_p, int64)
nai_trainer_updates = _function("nai_trainer_updates", c_int64, _trainer)

# evaluation.h
_evaluation = POINTER(nai_evaluation)
nai_evaluation_create = _function(
    "nai_evaluation_create", nai_status, POINTER(_evaluation), _network, _task, int64, uint64, int64
)
nai_evaluation_create_with = _function(
    "nai_evaluation_create_with",
    nai_status,
    POINTER(_evaluation),
    _network,
    _task,
    int64,
    POINTER(nai_evaluation_options),
)
nai_evaluation_create_from_trials = _function(
    "nai_evaluation_create_from_trials",
    nai_status,
    POINTER(_evaluation),
    _network,
    _trials,
    _task,
    POINTER(nai_evaluation_options),
)
nai_trials_create_played = _function(
    "nai_trials_create_played",
    nai_status,
    POINTER(_trials),
    _network,
    _task,
    int64,
    POINTER(nai_evaluation_options),
)
nai_evaluation_destroy = _function("nai_evaluation_destroy", None, _evaluation)
nai_evaluation_performance = _function("nai_evaluation_performance", c_double, _evaluation)
nai_evaluation_correct = _function("nai_evaluation_correct", nai_status, _view_out, _evaluation)
nai_evaluation_choice = _function("nai_evaluation_choice", nai_status, _view_out, _evaluation)
nai_evaluation_finite = _function("nai_evaluation_finite", nai_status, _view_out, _evaluation)
nai_evaluation_time = _function("nai_evaluation_time", nai_status, _view_out, _evaluation)
nai_evaluation_condition = _function("nai_evaluation_condition", nai_status, _view_out, _evaluation, Text)
nai_evaluation_condition_name = _function("nai_evaluation_condition_name", c_char_p, _evaluation, int64)
nai_evaluation_curve = _function(
    "nai_evaluation_curve", nai_status, POINTER(nai_curve_arrays), int64, POINTER(c_int64), _evaluation, Text
)

# extend.h
nai_constraint_create = _function(
    "nai_constraint_create", nai_status, _constraint_out, POINTER(nai_constraint_ops), c_void_p
)
nai_cost_create = _function("nai_cost_create", nai_status, _cost_out, POINTER(nai_cost_ops), Text, Text, c_void_p)
nai_rule_create = _function("nai_rule_create", nai_status, POINTER(_rule), POINTER(nai_rule_ops), uint64, c_void_p)
nai_task_create_own = _function(
    "nai_task_create_own", nai_status, POINTER(_task), POINTER(nai_task_ops), _network, c_void_p
)

if nai_abi_version() != NEUROAI_ABI:
    raise ImportError(
        f"{path} has binary interface {nai_abi_version()} (version {nai_version().decode()}), "
        f"but this package was written for {NEUROAI_ABI}"
    )
