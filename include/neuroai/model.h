/**
 * @file model.h
 * @brief Unit models: tables between what a population receives and what it sends.
 *
 * A model has ports, on which projections arrive; states; and signals, which projections carry on.
 * What a unit does depends on its own ports and states only. `"E:dendrite"` is a port of the
 * population E where a target is meant, `"E:released"` a signal where a source is meant. Without a
 * colon it is the first one.
 */
#ifndef NEUROAI_MODEL_H
#define NEUROAI_MODEL_H

#include <neuroai/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A unit model of the user's own. */
typedef struct nai_model nai_model;

/** Lists of fields that a model has. */
enum {
  NAI_MODEL_SIZES = 0,      /**< whole numbers that are chosen before the build, such as branches */
  NAI_MODEL_PARAMETERS = 1, /**< numbers, one a unit */
  NAI_MODEL_STATES = 2,     /**< what a unit keeps from step to step */
  NAI_MODEL_PORTS = 3,      /**< what it receives */
  NAI_MODEL_SIGNALS = 4     /**< what it sends */
};

/** The most that a model may have of each: fields, not copies. */
enum {
  NAI_MOST_SIZES = 4,       /**< sizes */
  NAI_MOST_PARAMETERS = 32, /**< parameters */
  NAI_MOST_STATES = 8,      /**< states */
  NAI_MOST_PORTS = 8,       /**< ports */
  NAI_MOST_SIGNALS = 4,     /**< signals */
  NAI_MOST_NORMALS = 4      /**< standard normals at each step */
};

/** A field of a model. In a table, an array of them: struct_size of each is the same. */
typedef struct nai_field {
  uint32_t struct_size; /**< sizeof(nai_field) */
  int32_t sign;         /**< of a port: +1 or -1, of all weights onto it; else 0 */
  const char *name;     /**< "tau"; a port of one sign ends with + or -: "dendrite+" */
  const char *unit;     /**< "ms", "1", ...; NULL: "1" */
  const char *meaning;  /**< a sentence, or NULL */
  double initial;       /**< default of a size or parameter; start of a state */
  double low;           /**< smallest value allowed; low and high 0: any */
  double high;          /**< largest value allowed */
  const char *copies;   /**< of a state or port: the size that gives the number of its copies */
  const char *words;    /**< of a parameter whose values are words, "one two": 0, 1; else NULL */
  int32_t whole;        /**< 1: whole numbers only */
  /**
   * Of a signal: 1 for a potential, which no synapse carries, so that Dale's law does not hold for
   * it: weights that read it have no sign but one that a constraint or a port gives. Else 0.
   */
  int32_t potential;
} nai_field;

/* clang-format off */
/** A nai_field to be filled. */
#define NAI_FIELD_INIT {sizeof(nai_field), 0, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 0, 0}
/* clang-format on */

/**
 * A block of units and trials that a model's functions work on. Field k of an array is
 * [trials][copies][n], trials apart by the stride; parameters and constants are [n]. `state` holds
 * the states before the step in `slopes`, `backward` and `errors`, and is moved on in place by
 * `step`. In all of these `port` holds what the step reads, with biases, and `signal`, but in
 * `step`, what it made. So with the default delay of a step, what `errors` sees is of one instant:
 * states before the step, and what was sent then. After a sweep of dendritic error `errors` sees
 * the states after it, and what was sent in it.
 *
 * Slopes: entry (after, before) of state by state is at ss[(after * n_states + before) *
 * slope_stride], of state by port at sp[(state * n_ports + port) * slope_stride], of signal by
 * state and by port likewise, each [trials][n] without gaps. There, states and ports are counted
 * with their copies. All are 0 on entry, and all are derivatives by what there was before the step:
 * of states after it, and of signals.
 */
typedef struct nai_unit_batch {
  uint32_t struct_size;          /**< sizeof(nai_unit_batch) in the library */
  int32_t reserved;              /**< 0 */
  int64_t n;                     /**< units */
  int64_t trials;                /**< trials */
  int64_t step;                  /**< time step, from 1; 0 in `begin` and `prepare` */
  double dt;                     /**< ms */
  uint64_t seed;                 /**< of the noise */
  uint64_t first;                /**< number of the first trial */
  const int64_t *size;           /**< [sizes] */
  const float *const *parameter; /**< [parameters], each [n] */
  float *const *constant;        /**< [constants], each [n]; `prepare` writes them */
  const float *const *port;      /**< [ports] */
  float *const *state;           /**< [states] */
  float *const *signal;          /**< [signals]; `step` and `begin` write them */
  const float *const *normal;    /**< [normals]: standard normals of this step */
  int64_t port_stride;           /**< floats from a trial to the next, in ports */
  int64_t state_stride;          /**< in states */
  int64_t signal_stride;         /**< in signals */
  int64_t normal_stride;         /**< in normals */
  const float *const *error;     /**< [signals] dJ/dsignal, strides as signals */
  float *const *carry;      /**< [states] dJ/dstate after the step; `backward` makes it before */
  float *const *port_error; /**< [ports] `backward` and `errors` write them */
  float *ss;                /**< state by state */
  float *sp;                /**< state by port */
  float *zs;                /**< signal by state */
  float *zp;                /**< signal by port */
  int64_t n_states;         /**< states, with their copies */
  int64_t n_ports;          /**< ports, with their copies */
  int64_t slope_stride;     /**< floats from one entry of the slopes to the next */
  /**
   * Number of the first unit among all of the network, as populations were added:
   * with seed, first and step, what random numbers of a unit's own are a function of.
   */
  int64_t first_unit;
} nai_unit_batch;

/** Flags of a model. */
enum {
  NAI_MODEL_THREADED = 1,   /**< its functions may run in several threads at once */
  NAI_MODEL_SPIKES = 2,     /**< its first signal is 1 for a spike, else 0 */
  NAI_MODEL_SENDS_STATE = 4 /**< its first signal is its first state, also at time 0 */
};

/** A model's table. What is NULL is not there; `step` must be. */
typedef struct nai_model_ops {
  uint32_t struct_size;        /**< sizeof(nai_model_ops) */
  uint32_t flags;              /**< NAI_MODEL_... */
  const char *name;            /**< copied; goes into the model file */
  int64_t n_sizes;             /**< sizes */
  int64_t n_parameters;        /**< parameters */
  int64_t n_states;            /**< states */
  int64_t n_ports;             /**< ports, at least 1; the first has no copies and no sign */
  int64_t n_signals;           /**< signals, at least 1 */
  int64_t n_normals;           /**< standard normals that `step` reads */
  int64_t n_constants;         /**< numbers a unit that `prepare` writes */
  const nai_field *sizes;      /**< [n_sizes] */
  const nai_field *parameters; /**< [n_parameters] */
  const nai_field *states;     /**< [n_states] */
  const nai_field *ports;      /**< [n_ports] */
  const nai_field *signals;    /**< [n_signals] */
  /** Constants from parameters and dt, whenever these are set. */
  nai_status (*prepare)(void *user, nai_unit_batch *batch);
  /** Signals at time 0, from states; it may move these. NULL: signals are 0, or the state sent. */
  nai_status (*begin)(void *user, nai_unit_batch *batch);
  /** Ports and states in, states and signals out. */
  nai_status (*step)(void *user, nai_unit_batch *batch);
  /**
   * The four Jacobians. At step 0, of a model with `begin`: signals by states at time 0. NULL: it
   * cannot be trained by gradient.
   */
  nai_status (*slopes)(void *user, nai_unit_batch *batch);
  /** error and carry in, port_error and carry out. NULL: made from the slopes. */
  nai_status (*backward)(void *user, nai_unit_batch *batch);
  /** What each port's input should have been, less what it was, into port_error, which is 0. */
  nai_status (*errors)(void *user, nai_unit_batch *batch);
  void (*destroy)(void *user); /**< releases user */
} nai_model_ops;

/** Name of built-in model `index`, such as "rate"; NULL past the last. */
NAI_API const char *nai_model_builtin_name(int64_t index);

/**
 * Field `index` of a list (NAI_MODEL_...) of a built-in model; NAI_ERR_INVALID past the last.
 * Strings are valid for ever.
 */
NAI_API nai_status nai_model_field(nai_field *out, const char *model, int32_t list, int64_t index);

/**
 * A model of the user's own, for nai_network_use_model(). The table is copied, with its fields and
 * their strings; its functions are called as those of all tables are (extend.h), and
 * `destroy(user)` exactly once. Without NAI_MODEL_THREADED they get all trials of a step in one
 * call, on the thread that calls the library. What a model does not keep for the way back, the
 * library does: `slopes` and `backward` are shown ports and states as `step` had them.
 *
 * Names are refused that each population has: bias, initial and their like, name, n, sign, model,
 * and those of the built-in models. Parameters called tau (at least dt), noise, noise_tau, gain and
 * exponent are the numbers that rate units have; normals are coloured by noise_tau where noise is
 * above 0. A parameter with a state's name is where that state starts; one with a port's name is
 * added to what the port receives, and has the copies and the sign of the port. Nullable: user.
 */
NAI_API nai_status nai_model_create(nai_model **out, const nai_model_ops *ops, void *user);

/** Gives up the caller's reference: networks keep theirs. Nullable: model. */
NAI_API void nai_model_destroy(nai_model *model);

#ifdef __cplusplus
}
#endif
#endif
