/*
 * The network as the library sees it.
 *
 * All units of all populations stand in one row, all input channels in another, all output channels
 * in a third. Units are ordered by stage: a stage is what can be computed at once within a time
 * step, so a recurrent network has one stage and a feed-forward chain of zero delays has one a
 * layer. Projections with the same stages and the same delay share one dense matrix, a block; a
 * projection is a rectangle in it. So an E/I network, however many its populations, is one product
 * a step.
 *
 * All weights and biases stand in one array, theta, in which gradients, moments and masks are laid
 * out alike. A listed projection, of many units of which few pairs have a synapse, is a block of its
 * own that has no matrix: theta holds the synapses that were wired, one after the other.
 */
#ifndef NAI_NETWORK_NETWORK_H
#define NAI_NETWORK_NETWORK_H

#include <neuroai/estimate.h>
#include <neuroai/network.h>
#include <neuroai/synapses.h>

#include "../base/busy.h"
#include "../base/exchange.h"
#include "../base/index.h"
#include "../base/parameter.h"
#include "../base/reference.h"
#include "../base/threads.h"
#include "../kernels/kernels.h"
#include "../units/model.h"
#include "constraint.h"

/* Numbers that a node takes, one a unit; described in numbers.c. Those of a kind stand together. */
enum nai__number {
  NAI__INPUT_TAU,
  NAI__INPUT_NOISE,
  NAI__INPUT_NOISE_TAU,
  NAI__BASELINE,
  NAI__RECTIFY,

  NAI__TAU,
  NAI__NOISE,
  NAI__NOISE_TAU,
  NAI__BIAS,
  NAI__INITIAL_STATE,
  NAI__GAIN,
  NAI__EXPONENT,
  NAI__PLASTIC_BIAS,
  NAI__PLASTIC_INITIAL_STATE,
  NAI__INITIAL_STATE_MIN,
  NAI__INITIAL_STATE_MAX,
  NAI__OUTPUT_NOISE,

  NAI__OUTPUT_BIAS,
  NAI__OUTPUT_PLASTIC_BIAS,
  NAI__OUTPUT_TAU,
  NAI__OUTPUT_GAIN,

  NAI__NUMBERS
};

/*
 * Where a matrix stands in theta, and in all that is laid out as theta: [rows][stride] from `start`
 * on, of which the first `columns` of each row count. What is no matrix (biases, initial states) is
 * one row.
 */
typedef struct nai__rectangle {
  int64_t start, rows, columns, stride;
} nai__rectangle;

static inline int64_t nai__place_in(const nai__rectangle *at, int64_t row, int64_t column)
{
  return at->start + row * at->stride + column;
}

/* Rows of what kernels read of units and of channels; of noise how much it keeps and what is new. */
enum {
  NAI__ALPHA,
  NAI__SIGMA,
  NAI__GAINS,
  NAI__EXPONENTS,
  NAI__KEPT,
  NAI__NEW,
  NAI__ADDED, /* noise that is added after the leak */
  NAI__ZERO,  /* the bias of cells, whose ports have it */
  NAI__UNIT_ROWS
};
enum {
  NAI__CHANNEL_SIGMA,
  NAI__BASELINES,
  NAI__RECTIFIED,
  NAI__CHANNEL_KEPT,
  NAI__CHANNEL_NEW,
  NAI__CHANNEL_ROWS
};
/* Of outputs: how much of what they hold stays for the next step, and what it is multiplied with. */
enum { NAI__READOUT_KEPT, NAI__READOUT_GAINS, NAI__READOUT_ROWS };

/* The most constants of a model; states and ports of a unit with their copies are at most as many. */
#define NAI__MOST_CONSTANTS 32

/* What a population has whose units are not rate units. */
typedef struct nai__cells {
  const nai_model *model;
  int64_t size[NAI_MOST_SIZES];
  double *own[NAI_MOST_PARAMETERS];    /* [copies n]; NULL where it is one of enum nai__number, */
  int32_t number[NAI_MOST_PARAMETERS]; /* which is here; else -1 */
  int32_t added[NAI_MOST_PORTS];       /* the parameter that is added to what a port receives; -1 */
  /* From here on set by the layout: first columns, and copies. */
  int64_t port[NAI_MOST_PORTS], port_copies[NAI_MOST_PORTS];
  int64_t signal[NAI_MOST_SIGNALS];
  int64_t state[NAI_MOST_STATES], state_copies[NAI_MOST_STATES];
  int64_t normal[NAI_MOST_NORMALS];
  int64_t n_states, n_ports; /* of a unit, with copies */
  uint32_t fed;              /* bit k: a projection is onto port k */
  uint32_t idle;             /* bit k: none is, and nothing is added to it */
  float *memory;             /* of parameters and constants, as functions read them */
  float *parameter[NAI_MOST_PARAMETERS], *constant[NAI__MOST_CONSTANTS];
} nai__cells;

enum nai__placement { NAI__NOWHERE, NAI__BOX, NAI__SPHERE, NAI__LATTICE, NAI__GIVEN };

/* An input, a population or an output. */
typedef struct nai__node {
  char name[64];
  int32_t kind; /* NAI_INPUTS, NAI_POPULATIONS, NAI_OUTPUTS */
  int32_t sign; /* of all that it sends; outputs: 0 */
  int32_t leak;
  int32_t transfer;
  int64_t n;
  int64_t order;  /* first unit among those of its kind, in the order in which they were added */
  int64_t offset; /* first column in the arrays of its kind; stages make it differ from order */
  int64_t stage;
  double *number[NAI__NUMBERS]; /* each [n], or NULL where the kind has no such number */
  int32_t placement;
  int32_t lattice; /* number of the call that placed it: equal ones make one lattice */
  double place[3];
  float *position;       /* [n][3], or NULL */
  float *port_position;  /* [copies][n][3]: the same for ports that have copies, or NULL */
  int64_t first_onto;    /* number of the first projection onto it, or -1; set by the layout */
  int64_t first_release; /* number of the first release of what it sends, or -1; the same */
  int64_t first_way,
      n_ways;        /* of nai_network.way, those onto it; set with the lists, as are these: */
  int32_t has_way;   /* 1: one begins here */
  int32_t has_bits;  /* 1: one that ends here had rows of bits then */
  nai__cells *cells; /* NULL: rate units */
} nai__node;

/* 1 where its first signal is spikes. */
static inline int nai__spikes(const nai__node *node)
{
  return node->cells && (node->cells->model->ops.flags & NAI_MODEL_SPIKES) != 0;
}

/* Where the delays of synapses come from that are not all the same. */
enum nai__spread {
  NAI__ONE_DELAY,
  NAI__DRAWN_DELAYS, /* mean, standard deviation, least: ms */
  NAI__CONDUCTION,   /* speed, mm / ms; what is added, ms */
  NAI__GIVEN_DELAYS  /* as they were in a file, or in another network */
};

typedef struct nai__projection {
  int64_t from, to;      /* nodes */
  int32_t signal, port;  /* of them */
  char *source, *target; /* "E:dendrite+" where a node has several; NULL: the node's name */
  int64_t next_same;     /* the next one between the same two nodes, or -1 */
  double delay_ms;       /* below 0: the default */
  int64_t delay;         /* steps; where they differ, about their mean */
  int32_t spread;        /* enum nai__spread */
  double spread_by[3];
  int32_t autapses;
  int32_t plastic;
  int32_t storage; /* NAI_STORAGE_..., as it was asked for */
  int32_t weights; /* what they are drawn from: NAI_WEIGHTS_... */
  int32_t sign;    /* of all its weights, after wiring */
  double a, b;     /* of that draw */
  nai_constraint **constraint;
  int64_t n_constraints;
  nai_short_term *short_term; /* or NULL: it carries what is sent */
  int64_t next_onto; /* the next one onto the same node, or -1. From here on set by the layout */
  int64_t release;   /* number of the release that it carries, or -1 */
  int64_t block;
  int64_t n_parts;       /* blocks, from that one on: one for each delay that its synapses have */
  int64_t pre, post;     /* first columns of the source and of the target */
  int64_t n_pre, n_post; /* how many: receivers with the copies of the port */
  int32_t is_listed;     /* 1: stored as a list of its synapses */
  int32_t is_shared;     /* 1: its block is one of those that were shared when it was laid out */
  int64_t next_shared;   /* the next one of such a block, or -1 */
  nai__rectangle at;     /* [post][pre], within its block; listed: all synapses in one row */
  int32_t whole;         /* 1: all of its synapses exist and learn; nai__find_plastic() */
} nai__projection;

/* The synapses of a block as lists, where few of them exist; else NULL. */
typedef struct nai__listing {
  nai__lists *forward, *backward; /* NULL from inputs */
  nai__row_lists *row;            /* forward, of one trial; NULL: the whole matrix is faster */
  nai__fans *fans; /* of listed ones whose senders spike; frozen: nothing but these */
} nai__listing;

typedef struct nai__block {
  int32_t from_input; /* 1: from input channels, 0: from units */
  int32_t to_output;  /* 1: to output channels, 0: to units */
  int64_t from_stage, to_stage;
  int64_t from_group, to_group; /* 0: of first signals, of first ports; else of another one */
  int64_t delay;
  int64_t pre, post; /* first column of the source that it reads, first one that it drives */
  int64_t n_pre, n_post;
  int32_t frozen;    /* 1: no projection of it is plastic or has constraints that move weights */
  int32_t whole;     /* 1: there is a synapse everywhere, and each learns */
  int32_t is_listed; /* 1: of one listed projection */
  int32_t is_shared; /* 1: its projections have one weight each; they are first_shared and on */
  int32_t spikes;    /* 1: listed, and what is sent are spikes */
  int32_t one;       /* 1: listed, and said to have one weight */
  int64_t from, to;  /* nodes of a listed one */
  int64_t first_shared;
  int32_t goes_on;   /* 1: so is the next block, which follows it in theta without a gap */
  int64_t expected;  /* such blocks that its projection may get, before it is wired; */
  int64_t longest;   /* and the longest of their delays */
  nai__rectangle at; /* [post][pre]; listed: its synapses in one row, in ascending order of both; */
                     /* as many as are expected, before it is wired */
  float *forward;    /* packed: a row for each pre; listed: nothing is in it */
  float *backward;   /* packed: a row for each post; NULL from inputs. Listed: as `forward` */
  int32_t
      is_behind; /* 1: `backward`, or what is listed in its place, is to be packed before it is read */
  nai__listing listing;
  nai__compressed *synapses; /* of a listed one that is wired; their places are their order */
  uint8_t *wired; /* [synapses] which learn, until `learns` has it; and, until weights are */
                  /* drawn, twice how often each was drawn after the first time */
  /* Of one that is not listed, before it is wired: its pairs that may have synapses, how many of them will, at most */
  /* and at least, and the densities between those of its projections; 0: not the same everywhere */
  int64_t pairs, most, least;
  double thinnest, densest;
} nai__block;

/*
 * Along which spikes come: a block by sender. There may be very many, most of which bring nothing at a step: this is all
 * that a step reads of those.
 */
typedef struct nai__way {
  int32_t block, from; /* numbers of it, and of the node that sends */
  int32_t delay;
} nai__way;

/* Part of theta in which something may learn. */
typedef struct nai__stretch {
  int64_t first, end;
} nai__stretch;

/* A run of units that are moved at once: rate units that share leak and transfer function, or the cells
 * of a population. */
typedef struct nai__segment {
  int64_t offset;
  int64_t stage;
  int64_t
      first_part; /* parts that segments of the stage before it have, of cells that move in parts */
  int32_t leak;
  int32_t reserved;
  const nai__cells *cells; /* NULL: rate units */
  const nai__node *node;   /* of cells */
  nai__units units;
} nai__segment;

/*
 * Short-term plasticity of what a node sends on one signal: cells whose port is that signal, and whose
 * own signal has a column beside those of the node. `as_node`: only n and cells of it are there.
 */
typedef struct nai__release {
  const nai_short_term *short_term;
  int64_t node;
  int32_t signal;
  int64_t next; /* the next one of the same node, or -1 */
  nai__node as_node;
  nai__segment segment; /* of the node's stage */
} nai__release;

/*
 * How many hold a network. It stands apart from the network, as those who may only look at one keep
 * it alive, too, from several threads at once.
 */
typedef struct nai__holders {
  nai__reference reference;
  nai_network *net;
} nai__holders;

struct nai_network {
  nai__holders *holders;
  nai__busy busy; /* of whoever trains it */
  double dt;
  uint64_t seed;
  nai_status error;  /* the first one of the composition */
  char message[256]; /* its message */
  const nai__kernels *kernels;
  int32_t built;
  int64_t memory_limit;   /* bytes; 0: what the machine has */
  int32_t threads;        /* that the build works with */
  nai__pool *pool;        /* of them, while it is built; else NULL */
  nai_exchange *exchange; /* of the ranks that share it; or NULL */
  int64_t removals;       /* how often synapses were removed since, for who keeps which there are */
  int64_t changes; /* how often it was found anew which of them learn, those of removals too */

  nai__node *node;
  int64_t n_nodes;
  nai__projection *projection;
  int64_t n_projections;
  nai__index names, pairs;        /* nodes by name, projections by their two ends */
  int64_t added[NAI_OUTPUTS + 1]; /* units or channels of each kind */
  int32_t n_lattices;             /* calls that placed units on one */

  /* what nai_network_set_radius() and _balance() asked for */
  char *radius_names;
  double radius;
  int32_t *balance; /* a node: 1 on, 0 off, -1 not said */

  /* --- from here on only of a built network --------------------------------------------------- */
  int64_t n_inputs, n_units, n_outputs; /* columns */
  int64_t ld_inputs, ld_units, ld_outputs;
  /*
   * What units receive, and what they send, stand in one row: first column i of unit i, its first port
   * and its first signal; then, by stage, the other ports and signals of all that are no rate units.
   */
  int64_t n_columns;
  int64_t n_state, ld_state; /* columns of states of those that are no rate units */
  int64_t n_normals;         /* a step draws so many: one a unit, then what others want more */
  int64_t n_stages;
  int64_t *stage_first;    /* [n_stages + 1]: first column of each stage, then n_units */
  int64_t *other_first;    /* [n_stages + 1]: the same of the other columns, then n_columns */
  int64_t max_delay;       /* longest delay of what units send, steps */
  int64_t max_input_delay; /* of what inputs send */
  int64_t
      least_delay; /* of a shared network: the shortest that a rank has between units, steps; else 0 */
  nai__block *block;
  int64_t n_blocks;
  nai__way *way; /* those onto a node stand together, in the order of blocks */
  int64_t n_ways;
  int64_t least_way; /* the shortest delay of these */
  nai__segment *segment;
  int64_t n_segments;
  nai__release *release;
  int64_t n_releases;
  int32_t has_rate_leak, has_noise, has_input_noise, has_input_shape;
  int32_t has_coloured_noise, has_coloured_input_noise;
  int32_t has_output_memory; /* or a gain other than 1 */
  int32_t has_output_noise;
  int32_t has_cells; /* units that are no rate units, or releases */
  int32_t is_bound;  /* to the thread that calls: functions of some model are not for several */

  int64_t n_theta;       /* floats, a multiple of 16 */
  nai__stretch *stretch; /* [n_stretches] all of theta but frozen blocks, ascending */
  int64_t n_stretches;
  float *theta;                                 /* blocks, then unit biases, then output biases */
  uint8_t *exists;                              /* 1 where a synapse or bias exists */
  uint8_t *learns;                              /* 1 where constraints let it learn */
  uint8_t *plastic;                             /* 1 where it does: not in frozen projections */
  int64_t unit_bias, output_bias, unit_initial; /* in theta */
  float *unit;                                  /* [NAI__UNIT_ROWS][ld_units] */
  float *channel;                               /* [NAI__CHANNEL_ROWS][ld_inputs] */
  float *readout;                               /* [NAI__READOUT_ROWS][ld_outputs] */
};

/* Where a leak is, for messages: "on the rate". */
static inline const char *nai__leak_place(int32_t leak)
{
  return leak == NAI_LEAK_CURRENT ? "on the current"
         : leak == NAI_LEAK_RATE  ? "on the rate"
                                  : "on the rate within the transfer function";
}

/* --- composition ------------------------------------------------------------------------------ */

/* Bits of `kinds`. */
#define NAI__KIND(kind) (1 << (kind))
#define NAI__ANY_NODE (NAI__KIND(NAI_INPUTS) | NAI__KIND(NAI_POPULATIONS) | NAI__KIND(NAI_OUTPUTS))
#define NAI__SENDERS (NAI__KIND(NAI_INPUTS) | NAI__KIND(NAI_POPULATIONS))
#define NAI__RECEIVERS (NAI__KIND(NAI_POPULATIONS) | NAI__KIND(NAI_OUTPUTS))

/* --- what may be called when (order.c) -------------------------------------------------------- */

/* Keeps the first error of a composition; of a built network none. Gives `status` back. */
nai_status nai__remember(nai_network *net, nai_status status);
/* Not after the first error of the composition, which it gives again; before the build or after. */
nai_status nai__may_set(const nai_network *net);
/* Nor after the build. */
nai_status nai__may_compose(const nai_network *net);
nai_status nai__require_built(const nai_network *net, const char *argument);

/* --- finding by name -------------------------------------------------------------------------- */

/* All of them; where both ends are names and no patterns, the one that there is. */
#define NAI__EACH_PROJECTION(net, p, from, to)                                                    \
  for (nai__projection *p = nai__projection_or_end(net, nai__first_projection(net, from, to)); p; \
       p = nai__projection_or_end(net,                                                            \
                                  nai__next_projection(net, p - (net)->projection, from, to)))    \
    if (nai__projection_selected(net, p, from, to))

/* The same of nodes: those of these kinds that a list of patterns means. `net` may be const or not. */
#define NAI__EACH_NODE(net, i, kinds, names)                        \
  for (int64_t i = nai__first_node(net, names); i < (net)->n_nodes; \
       i = nai__next_node(net, i, names))                           \
    if (nai__selected(&(net)->node[i], kinds, names))

/* The projections onto node `to`, in the order in which they were added; of a network laid out. */
#define NAI__EACH_ONTO(net, p, to)                                                            \
  for (const nai__projection *p = nai__projection_number(net, (net)->node[to].first_onto); p; \
       p = nai__projection_number(net, p->next_onto))

static inline const char *nai__source_name(const nai_network *net, const nai__projection *p)
{
  return p->source ? p->source : net->node[p->from].name;
}
static inline const char *nai__target_name(const nai_network *net, const nai__projection *p)
{
  return p->target ? p->target : net->node[p->to].name;
}

/* The ways onto a node: one by one, and the end of them. */
static inline const nai__way *nai__ways_onto(const nai_network *net, const nai__node *node)
{
  return net->way + node->first_way;
}
static inline const nai__way *nai__ways_end(const nai_network *net, const nai__node *node)
{
  return net->way + node->first_way + node->n_ways;
}

/* The first projection that carries what is released, of a network that has some. */
static inline const nai__projection *nai__first_released(const nai_network *net)
{
  const nai__projection *p = net->projection;
  while (p->release < 0) p++;
  return p;
}

static inline const nai__projection *nai__projection_number(const nai_network *net, int64_t number)
{
  return number < 0 ? NULL : &net->projection[number];
}

/* 1 when all synapses of a projection have a delay of so many steps. */
static inline int nai__delay_is(const nai_network *net, const nai__projection *p, int64_t steps)
{
  for (const nai__block *b = net->block + p->block; b < net->block + p->block + p->n_parts; b++)
    if (b->delay != steps) return 0;
  return 1;
}

/* NULL after the last one: a network without projections has no array to point behind. */
static inline nai__projection *nai__projection_or_end(const nai_network *net, int64_t at)
{
  return at < net->n_projections ? &net->projection[at] : NULL;
}

int64_t nai__first_node(const nai_network *net, const char *names);
int64_t nai__next_node(const nai_network *net, int64_t at, const char *names);
int64_t nai__first_projection(const nai_network *net, const char *from, const char *to);
int64_t nai__next_projection(const nai_network *net, int64_t at, const char *from, const char *to);

/*
 * For those who have the ends, and need no names: another projection, whether a delay may be one, and
 * another constraint.
 */
nai_status nai__connect(nai_network *net, int64_t from, int32_t signal, int64_t to, int32_t port);
nai_status nai__delay_check(const nai_network *net, double delay);
nai_status nai__projection_constrain(nai__projection *p, nai_constraint *constraint);
/* Every entry of the list must match a node of these kinds, and name none of its parts. */
nai_status nai__names_known(const nai_network *net, int kinds, const char *names,
                            const char *argument);
/* The same where entries may name signals (NAI__SOURCE) or ports (NAI__TARGET) of these nodes. */
nai_status nai__parts_known(const nai_network *net, int kinds, int side, const char *names,
                            const char *argument);
/* The same of ends of projections, which may be named with a port or signal: NAI__SOURCE, ... */
nai_status nai__ends_known(const nai_network *net, int side, const char *names,
                           const char *argument);
int nai__selected(const nai__node *node, int kinds, const char *names);
/* At least one projection must match. */
nai_status nai__projections_known(const nai_network *net, const char *from, const char *to);
int nai__projection_selected(const nai_network *net, const nai__projection *p, const char *from,
                             const char *to);
/* Index of a node by its exact name, of a projection by its ends; -1 for none. */
int64_t nai__node_at(const nai_network *net, const char *name);
/* The first of those between them: the others follow by next_same. */
int64_t nai__projection_at(const nai_network *net, int64_t from, int64_t to);
/* Makes the last projection one that is found. */
nai_status nai__projection_index(nai_network *net, int64_t number);
/* One node or projection by its exact name. */
nai_status nai__node_find(const nai__node **out, const nai_network *net, int kinds,
                          const char *name, const char *argument);
nai_status nai__projection_find(const nai__projection **out, const nai_network *net,
                                const char *from, const char *to);
/* --- numbers (numbers.c) ---------------------------------------------------------------------- */

/* What a kind of node has: [n] from enumerator `first` on. */
const nai__parameter *nai__numbers_of(int32_t kind, int *first, int *n);
const char *nai__number_name(int number);
/* 1 when populations of every model have it; and when this node has it. */
int nai__number_is_every_model(int number);
int nai__number_applies(const nai__node *node, int number);
static inline int nai__number_is_bias(int number)
{
  return number == NAI__BIAS || number == NAI__OUTPUT_BIAS;
}
/* Each at its default. */
nai_status nai__numbers_create(nai__node *node, double dt);
void nai__numbers_destroy(nai__node *node);
/* Biases and initial states, which stand in theta with the weights, and whether they learn. */
void nai__numbers_start(nai_network *net);
/* Puts initial states that learn between their bounds. */
void nai__bound_initial_states(nai_network *net);
/* The float arrays that kernels read, made anew from the nodes' numbers. */
void nai__numbers_refresh(nai_network *net);
/* Of a plan, which has no such arrays: whether a step draws anything. */
void nai__numbers_find_noise(nai_network *plan);
/*
 * Where a number that can learn starts in theta: biases and initial states; -1 for all others.
 */
int64_t nai__learning_start(const nai_network *net, const nai__node *node, int number);
/* Where the bias of a population or output starts in theta. */
int64_t nai__bias_start(const nai_network *net, const nai__node *node);
static inline nai__rectangle nai__bias_at(const nai_network *net, const nai__node *node)
{
  return (nai__rectangle){nai__bias_start(net, node), 1, node->n, node->n};
}
static inline nai__rectangle nai__initial_state_at(const nai_network *net, const nai__node *node)
{
  return (nai__rectangle){nai__learning_start(net, node, NAI__INITIAL_STATE), 1, node->n, node->n};
}

/* --- cells (cells.c) -------------------------------------------------------------------------- */

/* Of n units, all at the model's defaults; NULL without memory. */
nai__cells *nai__cells_create(const nai_model *model, int64_t n);
void nai__cells_destroy(nai__cells *cells);
/* Parameter k at its default, as many as there are copies. */
nai_status nai__cells_parameter(nai__cells *cells, int32_t k, int64_t n);
/* A copy of what was composed. */
nai_status nai__cells_copy(nai__cells **out, const nai__cells *from, int64_t n);
/* Copies of a state, port or parameter. */
int64_t nai__cells_copies(const nai__cells *cells, const nai_field *field);
/* Gives ports, signals, states and normals their columns; counts the network's. */
nai_status nai__cells_columns(nai_network *net, nai__node *node);
/* Memory of what functions read; then its contents, from the numbers: of one node, of all. */
nai_status nai__cells_allocate(const nai__node *node);
/* With the parameters that they were composed of; of a node laid out. 0 of rate units. */
int64_t nai__cells_bytes(const nai__node *node);
nai_status nai__cells_prepare(const nai_network *net, const nai__node *node);
nai_status nai__cells_refresh(nai_network *net);
/* 1 when parts of them may go one by one, and in several threads; 0 of NULL. */
int nai__cells_part(const nai__cells *cells);

/* --- building --------------------------------------------------------------------------------- */

nai_status nai__place(nai_network *net);         /* place.c: positions */
int64_t nai__most_copies(const nai__node *node); /* of a port of its units */
nai_status nai__place_ports(nai_network *net); /* of ports that have copies, from those of units */
/* layout.c: stages, columns, blocks; where blocks stand in theta, of listed ones by what is expected. */
nai_status nai__layout_plan(nai_network *net);
/*
 * After it, and after listed blocks have their synapses: the arrays. draws: 1 when other synapses and
 * weights will be drawn.
 */
nai_status nai__layout(nai_network *net, int draws);
void nai__layout_destroy(nai_network *net);
/* Other kernels for a built network. */
nai_status nai__use_kernels(nai_network *net, const nai__kernels *kernels);
/*
 * Ends a build that draws nothing: after nai__layout(), with theta, exists, learns, signs and seed
 * put in place.
 */
nai_status nai__assembled(nai_network *net);
/* wire.c: which synapses exist, are plastic; signs. Of listed blocks before the layout, then all others. */
nai_status nai__wire_listed(nai_network *net);
nai_status nai__wire(nai_network *net);
/* Once weights are drawn. */
void nai__forget_wired(nai__block *block);
nai_status nai__initial_weights(nai_network *net); /* initial.c */

/* --- limit.c, draw.c --------------------------------------------------------------------------- */

/* After nai__layout_plan(): bytes that the network holds, and that the draw takes for a while. */
int64_t nai__layout_bytes(const nai_network *net);
/* What of it is there only when all synapses of lists are. */
int64_t nai__arrays_bytes(const nai_network *net);
int64_t nai__draw_bytes(const nai_network *net);
/* Of lists of synapses that have no matrix, and what is taken besides while they are drawn. */
int64_t nai__listed_bytes(const nai__block *block);
int64_t nai__wiring_bytes(const nai_network *net, const nai__projection *p);
/* NAI_ERR_MEMORY, saying what needs so much, when it is more than the network's limit. */
nai_status nai__memory_check(const nai_network *net, int64_t bytes, const char *what);

/* Where receivers of a projection are, [n_post][3], or NULL; of a port that has copies, those of them. */
static inline const float *nai__onto_position(const nai_network *net, const nai__projection *p)
{
  const nai__node *post = &net->node[p->to];
  return p->n_post == post->n ? post->position : post->port_position;
}

/* --- shown.c ---------------------------------------------------------------------------------- */

/*
 * What a table sees of a projection: its rectangle of theta. Listed: its synapses in one row, with no
 * positions. gradient and momentum: laid out as theta, or NULL.
 */
nai_synapses nai__synapses(const nai_network *net, const nai__projection *p, float *gradient,
                           float *momentum);
/* What it draws with. */
uint64_t nai__constraint_seed(const nai_network *net, const nai__projection *p, int64_t constraint);

/* --- synapses.c ------------------------------------------------------------------------------- */

/*
 * After weights have changed: every constraint, then what holds whatever they wrote: signs, absent
 * and fixed synapses. `before`: theta as it was, or NULL at the build.
 */
nai_status nai__project(nai_network *net, float *momentum, const float *before);
/* The same for the projections of one block; of those in several, all parts at the first one. */
nai_status nai__project_block(nai_network *net, int64_t block, const float *before);
/*
 * Which synapses of a projection are plastic, from what constraints let learn and from its own
 * `plastic`.
 */
void nai__refresh_plastic(nai_network *net, const nai__projection *p);
/*
 * After any change of what exists or is plastic: which blocks are frozen, from the projections' flags,
 * and the stretches between them; which projections and blocks are whole.
 */
void nai__find_plastic(nai_network *net);

/* 1 where a constraint says which synapses exist. */
static inline int nai__is_wired(const nai__projection *p)
{
  for (int64_t c = 0; c < p->n_constraints; c++)
    if (p->constraint[c]->ops.wire) return 1;
  return 0;
}

/* How many constraints draw several synapses of a pair. */
static inline int nai__multapses(const nai__projection *p)
{
  int n = 0;
  for (int64_t c = 0; c < p->n_constraints; c++)
    n += nai__constraint_has_multapses(p->constraint[c]);
  return n;
}

/* 1 where a constraint moves weights. */
static inline int nai__is_projected(const nai__projection *p)
{
  for (int64_t c = 0; c < p->n_constraints; c++)
    if (p->constraint[c]->ops.project) return 1;
  return 0;
}

/* --- delays.c --------------------------------------------------------------------------------- */

/* The longest, in steps, and how many of a projection may differ: each is a block. */
#define NAI__MOST_DELAY 100000
#define NAI__MOST_DELAYS 1024
/* Blocks that a projection of about so many synapses may get with such delays, before it is wired. */
int64_t nai__expected_delays(const nai_network *net, const nai__projection *p, int64_t synapses);
/* The shortest, about their mean, and the longest, steps; before it is wired. */
int64_t nai__short_delay(const nai_network *net, const nai__projection *p);
/* The longest of so many that are drawn. */
int64_t nai__longest_of(const nai_network *net, const nai__projection *p, double synapses);
int64_t nai__mean_delay(const nai_network *net, const nai__projection *p);
int64_t nai__long_delay(const nai_network *net, const nai__projection *p);
/* Gives the one block of each listed projection n [n_projections] - 1 more behind it, as it is, without synapses. */
nai_status nai__add_parts(nai_network *net, const int64_t *n);
/* After nai__wire_listed(): a block for each delay that the synapses of a projection have. */
nai_status nai__split_delays(nai_network *net);

/* --- threads.c -------------------------------------------------------------------------------- */

/* As nai__pool_run(), by the threads of the build; on the caller's where none is going on. */
void nai__share(const nai_network *net, int64_t tasks,
                void (*work)(void *argument, int64_t task, int32_t thread), void *argument);

/* --- ranks.c ---------------------------------------------------------------------------------- */

typedef struct nai__portion {
  int64_t first, end;
} nai__portion;

/* 1 where other ranks have synapses that this one has not. */
static inline int nai__is_shared_out(const nai_network *net)
{
  return nai__exchange_ranks(net->exchange) > 1;
}

/* Of n units those that a rank moves, and onto which it has the synapses. */
static inline nai__portion nai__portion_of(const nai_network *net, int64_t n, int32_t rank)
{
  const int64_t ranks = nai__exchange_ranks(net->exchange);
  const int64_t first = n * rank / ranks / 16 * 16, end = n * (rank + 1) / ranks / 16 * 16;
  return (nai__portion){first, rank + 1 == ranks ? n : end};
}

/* Of a node those of this rank: of populations that are shared a range, of other nodes all. */
static inline nai__portion nai__mine(const nai_network *net, const nai__node *node)
{
  if (!net->exchange || node->kind != NAI_POPULATIONS) return (nai__portion){0, node->n};
  return nai__portion_of(net, node->n, nai__exchange_rank(net->exchange));
}

/* Parts in which those of a segment move; 0: rate units, which have none. */
static inline int64_t nai__parts_of(const nai_network *net, const nai__segment *g)
{
  if (!g->node) return 0;
  const nai__portion mine = nai__mine(net, g->node);
  return nai__fan_slices(mine.end - mine.first);
}

/* What ranks can share; after nai__layout_plan(). */
nai_status nai__ranks_check(const nai_network *net);
/* The end of a build, well or not: all ranks hear of a failure, and of the shortest delay. */
nai_status nai__ranks_agree(nai_network *net, uint64_t seed, nai_status status);
/* The shortest delay, on which a build agrees, of a plan: that of its own blocks. */
void nai__ranks_plan(nai_network *plan);
/* NAI_ERR_UNSUPPORTED for what needs all synapses of a network. */
nai_status nai__whole_check(const nai_network *net, const char *what);

/* --- storage.c -------------------------------------------------------------------------------- */

/* Which projections are listed; when ends have their sizes. */
nai_status nai__choose_storage(nai_network *net);
/* Of all synapses of a projection, before it is wired. */
typedef struct nai__bounds {
  int64_t most, least;
  double density; /* 0: not the same everywhere */
} nai__bounds;
nai__bounds nai__synapse_bounds(const nai_network *net, const nai__projection *p);
/* Above a number that is drawn, with this mean: five standard deviations, which are its root at most. */
int64_t nai__margin(int64_t mean);
/* Listed blocks of a plan get room for what is drawn above the mean. */
void nai__widen(nai_network *plan);
/* How many synapses a projection will have onto units of this rank, about; where nobody knows, as one that was told to be listed. */
int64_t nai__expected_synapses(const nai_network *net, const nai__projection *p);

/* --- shared.c --------------------------------------------------------------------------------- */

/* 1 when a projection is said to keep one weight for all synapses that it has. */
int nai__has_one_weight(const nai__projection *p);
/* Products of one trial with a block that is shared. */
void nai__shared_product(const nai_network *net, const nai__block *b, float *c, const float *a,
                         int accumulate);
/* c += what one of its projections brings of a, both from the block's first ones on. */
void nai__shared_add(const nai_network *net, const nai__block *b, const nai__projection *p,
                     float *c, const float *a);
void nai__shared_product_back(const nai_network *net, const nai__block *b, float *c, const float *a,
                              int accumulate);
/* By what was said of a projection, all its synapses may share one weight. */
int nai__can_share(const nai__projection *p);
/* Whether a projection that is laid out anew is. */
void nai__choose_shared(nai__projection *p);
/* NAI_ERR_INVALID where it was asked for and cannot be; of what was read besides by what it holds. */
nai_status nai__shared_check(const nai_network *net);
nai_status nai__shared_verify(const nai_network *net);

/* --- listing.c -------------------------------------------------------------------------------- */

/* Bytes of the lists that a network may get when it is wired, what is taken besides while they are made; and of some that are there. */
int64_t nai__lists_most(const nai_network *net);
int64_t nai__lists_making(const nai_network *net);
int64_t nai__listing_bytes(const nai__listing *listing);
/* Of one block; if it is dense, with these synapses ([post][stride]). */
nai_status nai__list_block(nai__listing *out, const nai_network *net, const nai__block *b,
                           const uint8_t *exists);
int64_t nai__list_bytes(const nai_network *net, const nai__block *b, const uint8_t *exists);
/* What the fans of a block have: onto units of this rank. Lent. */
nai__compressed nai__rows_of_fans(const nai_network *net, const nai__block *b);
void nai__use_listing(nai__block *b, const nai__listing *listing);
void nai__listing_destroy(nai__listing *listing);

/* Of a listed one, all lists that learning goes by. */
nai_status nai__list_both(nai__listing *out, const nai_network *net, const nai__block *b,
                          const nai__compressed *synapses);

/* --- differ.c --------------------------------------------------------------------------------- */

/* A block that is shared becomes a matrix as all others. */
nai_status nai__unshare(nai_network *net, int64_t block);
/* Before weights of a projection become different; and before it learns: what can hold that. */
nai_status nai__part_weights(nai_network *net, const nai__projection *p);
nai_status nai__make_learnable(nai_network *net, const nai__projection *p);

/* --- packed.c --------------------------------------------------------------------------------- */

/*
 * The packed copies that products read; from theta. Of those that errors go back through it is noted that
 * they are to be packed: most rules never read them.
 */
void nai__pack(nai_network *net);
void nai__pack_block(nai_network *net, int64_t block);
void nai__pack_blocks(nai_network *net, int64_t first, int64_t end);
void nai__pack_projection(nai_network *net, const nai__projection *p);
/*
 * A block in two parts: 1 if its rows are packed, some of them, first .. end - 1 (multiples of NAI__PACK_ROWS, or the
 * last); and lists, with the note.
 */
int nai__packs_rows(const nai__block *b);
void nai__pack_rows(nai_network *net, int64_t block, int64_t first, int64_t end);
void nai__pack_lists(nai_network *net, int64_t block);
/*
 * Packs what nai__block_product_back() reads of a block, if it is behind; and of all blocks of which
 * `backward` ([n_blocks] as errors take their way, or NULL) has their own.
 */
void nai__catch_up(const nai_network *net, int64_t block);
void nai__catch_up_all(const nai_network *net, float *const *backward);

/*
 * What may stand in place of a block's own `backward`: floats, and how they are packed from an array
 * that is laid out as theta.
 */
int64_t nai__backward_size(const nai_network *net, const nai__block *b);
void nai__pack_backward(const nai_network *net, const nai__block *b, float *packed,
                        const float *weights);

/* Lists of every block whose synapses are few, to be packed. */
nai_status nai__list_synapses(nai_network *net);

/* c [post] = or += W a [pre] of one trial, silent senders left out or by lists; index [pre] is scratch. */
void nai__block_row(const nai_network *net, const nai__block *b, float *c, const float *a,
                    int accumulate, int32_t *index);

/*
 * c [rows, post] = or += a [rows, pre] W^T, and c [rows, pre] = or += a [rows, post] B, where B is W
 * (`packed` is the block's own `backward`) or stands in its place; with the same bits whether a block
 * has lists or not.
 */
void nai__block_product(const nai_network *net, const nai__block *b, float *c, int64_t ldc,
                        const float *a, int64_t lda, int64_t rows, int accumulate);
void nai__block_product_back(const nai_network *net, const nai__block *b, float *packed, float *c,
                             int64_t ldc, const float *a, int64_t lda, int64_t rows,
                             int accumulate);
/*
 * Rows first .. end - 1 of the block in `gradient`, laid out as theta, = or += sums over `rows` of d
 * [rows][post] r [rows][pre]; and the floats of scratch that it needs.
 */
void nai__block_outer(const nai_network *net, const nai__block *b, float *gradient, const float *d,
                      int64_t ldd, const float *r, int64_t ldr, nai__rows rows, int64_t first,
                      int64_t end, int accumulate, float *scratch);
int64_t nai__block_scratch(const nai_network *net, const nai__block *b);

/* --- spectrum.c ------------------------------------------------------------------------------- */

/*
 * The weights among the selected populations as one column-major double matrix [n][n]; the caller
 * frees it.
 */
nai_status nai__gather(double **out, int64_t *n, const nai_network *net, const char *names);

/* Floats of theta that are not weights: unit biases, output biases, initial states, in this order. */
static inline int64_t nai__numbers_width(const nai_network *net)
{
  return net->n_theta - net->unit_bias;
}
/*
 * copy.c: what was composed once more, to be laid out and nothing else: it reads the numbers and positions
 * of the other network, which stays as it is until then.
 */
nai_status nai__plan_create(nai_network **out, const nai_network *net);
void nai__plan_destroy(nai_network *plan);
/* One more holds it: gives what that one destroys at its end. */
nai_network *nai__network_keep(const nai_network *net);

#endif
