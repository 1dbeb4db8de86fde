/**
 * @file anatomy.h
 * @brief Published probabilities of connection by cell type, networks laid out from them, and
 * dendritic microcircuits.
 *
 * docs/anatomy.md shows the tables, with what was measured and where the numbers were read;
 * docs/microcircuit.md shows the microcircuit.
 */
#ifndef NEUROAI_ANATOMY_H
#define NEUROAI_ANATOMY_H

#include <neuroai/network.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @name Tables of connection probability
 * @{
 */

/**
 * Probabilities of connection by cell type. nai_connectivity_find() fills one with a published
 * table, which lives as long as the program; a table of your own points to your own arrays, which
 * are read during the calls that take it.
 */
typedef struct nai_connectivity {
  uint32_t struct_size;      /**< sizeof(nai_connectivity), filled in by the caller */
  int32_t reserved;          /**< 0 */
  const char *name;          /**< such as "billeh2020", for messages. Nullable in your own */
  const char *species;       /**< such as "mouse". Nullable in your own, as are the next three */
  const char *area;          /**< such as "V1, layers 2/3 to 6" */
  const char *measured;      /**< what a probability is of, and how it was found */
  const char *source;        /**< the publication, and where the numbers were read */
  int64_t n;                 /**< number of cell types, 1 to 1024 */
  const char *const *type;   /**< [n] their names, such as "E", "PV", "L23SST" */
  const int32_t *sign;       /**< [n] NAI_EXCITATORY, NAI_INHIBITORY or NAI_FREE */
  const double *probability; /**< [n, n], post, pre: 0 to 1; NaN where it was not measured */
  const int64_t *cells;      /**< [n] published numbers of cells, or NULL where there are none */
  double
      distance; /**< mm between the two cells, where the probability is at one distance; else 0 */
} nai_connectivity;

/* clang-format off */
/** A nai_connectivity to be filled. */
#define NAI_CONNECTIVITY_INIT \
  {sizeof(nai_connectivity), 0, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, 0}
/* clang-format on */

/** Name of published table `index`, such as "billeh2020"; NULL past the last. */
NAI_API const char *nai_connectivity_name(int64_t index);

/** Fills `out` with the published table of this name. */
NAI_API nai_status nai_connectivity_find(nai_connectivity *out, const char *name);

/**
 * Probability that a cell of type `from` has a synapse onto one of type `to`; NaN where it was not
 * measured.
 */
NAI_API nai_status nai_connectivity_probability(double *probability, const nai_connectivity *table,
                                                const char *from, const char *to);

/**
 * @}
 * @name Laying out a network
 * @{
 */

/** Length constant of axons within an area, mm (Markov et al. 2011, second-hand). */
#define NAI_LOCAL_LENGTH 0.23

/** How populations and projections are made from a table of n cell types. */
typedef struct nai_layout {
  uint32_t struct_size; /**< sizeof(nai_layout) */
  int32_t reserved;     /**< 0 */
  const char *area;     /**< name of the area: populations are "area/type"; NULL: "type" */
  /** [n] units of each type, 0 for types left out. NULL: the published numbers of cells. */
  const int64_t *cells;
  /**
   * [n, n], post, pre: the port of the target onto which a projection goes, such as "dendrite" for
   * "area/E:dendrite"; NULL for the default port. Populations have their model before they are
   * connected. Nullable: ports (then all are default).
   */
  const char *const *ports;
  /** Probability of pairs that were not measured, 0 to 1; -1 (default): such pairs are refused. */
  double missing;
  /**
   * mm, such as NAI_LOCAL_LENGTH: synapses exist with the table's probability times exp(-distance /
   * length), and the populations have to be placed before the build. 0 (default): distance plays no
   * part.
   */
  double length;
} nai_layout;

/* clang-format off */
/** The defaults of a nai_layout. */
#define NAI_LAYOUT_INIT {sizeof(nai_layout), 0, NULL, NULL, NULL, -1, 0}
/* clang-format on */

/**
 * Adds a population for each cell type of a table, with its sign, and connects them by
 * nai_network_connect_types().
 */
NAI_API nai_status nai_network_populate(nai_network *net, const nai_connectivity *table,
                                        const nai_layout *layout);

/**
 * Connects populations that are there already, "area/type" for types of the table: each synapse
 * exists with the table's probability. Pairs of probability 0 get no projection. Types that have no
 * population are left out; `cells` of the layout is not read.
 */
NAI_API nai_status nai_network_connect_types(nai_network *net, const nai_connectivity *table,
                                             const nai_layout *layout);

/**
 * @}
 * @name Dendritic microcircuits
 * @{
 */

/**
 * How a cortical microcircuit (Sacramento, Costa, Bengio & Senn 2018) is laid out. Conductances are
 * in 1/ms, potentials have no unit.
 */
typedef struct nai_microcircuit {
  uint32_t struct_size;    /**< sizeof(nai_microcircuit) */
  int32_t transfer;        /**< NAI_TRANSFER_... of all units (NAI_TRANSFER_LOGISTIC) */
  double gain;             /**< rate = gain f(slope (u - threshold)): gain (1), */
  double slope;            /**< slope (1), */
  double threshold;        /**< threshold (0) */
  double g_leak;           /**< of all units (0.1) */
  double g_basal;          /**< of pyramidal cells (1) */
  double g_dendrite;       /**< of the dendrite of interneurons (1) */
  double g_apical;         /**< of hidden layers (0.8); outputs have none */
  double g_soma;           /**< of the teacher of outputs, and of that of interneurons (0.8) */
  double noise;            /**< of all units (0.1) */
  double width_up;         /**< weights start uniform from -width to width: bottom-up (1), */
  double width_inter;      /**< from pyramidal cells to interneurons (1), */
  double width_down;       /**< top-down (1), */
  double width_lateral;    /**< from interneurons to apical dendrites (1) */
  int32_t plastic_up;      /**< 1 where the pathway learns, 0 where it is frozen: bottom-up (1), */
  int32_t plastic_inter;   /**< from pyramidal cells to interneurons (1), */
  int32_t plastic_down;    /**< top-down (0), */
  int32_t plastic_lateral; /**< from interneurons to apical dendrites (1) */
  int32_t plastic_bias;    /**< 1: biases of basal dendrites learn; 0 (default): they stay at 0 */
  int32_t prospective;     /**< 1: rates of the potential that is to come; 0 (default) */
  /**
   * 1: Dale's law. Pyramidal cells are excitatory, interneurons inhibitory, weights start from 0 to
   * width, with the sign of their sender; and a fixed bias onto each unit that pyramidal cells
   * drive takes off what these send on average at a potential of 0. 0 (default): any sign.
   */
  int32_t dale;
  int32_t reserved; /**< 0 */
  /**
   * Of what comes down, top-down and from interneurons to apical dendrites, ms; below 0 (default):
   * a step, as of all that is part of a loop. Where it is told, bottom-up pathways have no delay.
   */
  double delay;
  const char *dynamics; /**< "full" or "steady", of the model; NULL (default): "full" */
} nai_microcircuit;

/* clang-format off */
/** The defaults of a nai_microcircuit. */
#define NAI_MICROCIRCUIT_INIT                                                                     \
  {sizeof(nai_microcircuit), NAI_TRANSFER_LOGISTIC, 1, 1, 0, 0.1, 1, 1, 0.8, 0.8, 0.1, 1, 1, 1, 1, \
   1, 1, 0, 1, 0, 0, 0, 0, -1, NULL}
/* clang-format on */

/**
 * Adds a dendritic microcircuit to a network without a part of these names. `sizes` [n]: channels
 * of the input, units of each hidden layer, units of the output layer; n from 2 to 1024.
 *
 * Inputs "x", "target" (a potential for each output unit) and "teach" (1 where there is a teacher,
 * 0 where there is none, likewise); pyramidal cells "P1" to "PN" and interneurons "I1" to "I(N-1)",
 * of which Ik has as many units as P(k+1), of model "pyramidal". Pathways, k < N:
 *
 *     x -> P1:basal, Pk -> P(k+1):basal     bottom-up
 *     Pk -> Ik:basal                        to interneurons, which predict the layer above
 *     P(k+1) -> Pk:apical                   top-down
 *     Ik -> Pk:lateral                      to apical dendrites, from which they take top-down off
 *     P(k+1):u -> Ik:target                 one to one and frozen, as are the next two
 *     target -> PN:target, teach -> PN:nudge
 *
 * The network is built by the caller, with more parts if he likes.
 */
NAI_API nai_status nai_network_add_microcircuit(nai_network *net, const int64_t *sizes, int64_t n,
                                                const nai_microcircuit *options);

/**
 * Puts a built microcircuit into the state in which interneurons predict the layer above and take
 * off all that comes top-down: without a teacher, noise or change of input, apical potentials are
 * 0.
 *
 *     Ik -> Pk:lateral    W = - W of P(k+1) -> Pk:apical
 *     Pk -> Ik:basal      W = f W of Pk -> P(k+1):basal;    bias of Ik = f bias of P(k+1)
 *     f = [g_basal / (g_leak + g_basal + g_apical)] of P(k+1) / [the same] of Ik, unit by unit
 *
 * Pathways are found by their ports, so this is also for microcircuits that were composed by hand:
 * for each population Q that sends to an apical port there must be one of interneurons which hears
 * "Q:u" on its port "target" by a frozen identity, the senders of Q's basal port on its own, and
 * sends to the "lateral" port that goes with the apical one. NAI_ERR_UNSUPPORTED with a message on
 * what is missing; then nothing is changed.
 */
NAI_API nai_status nai_network_self_predict(nai_network *net);

/**
 * @}
 * @name Areas
 * @{
 */

/** Areas of cortex, how far apart they are, and which of them are linked. */
typedef struct nai_areas nai_areas;

/** What links areas: nai_areas_rule_find() fills one with what is known of a species. */
typedef struct nai_areas_rule {
  uint32_t struct_size; /**< sizeof(nai_areas_rule), filled in by the caller */
  int32_t random;   /**< 0: the strongest links exist; 1: each with probability min(1, k weight) */
  double density;   /**< fraction of all possible links between areas that exist, 0 to 1 */
  double length;    /**< mm, > 0: weights fall as exp(-distance / length) */
  double spread;    /**< standard deviation of the logarithm of the weights about that; 0 to 20 */
  double steepness; /**< SLN = Phi(steepness (level of the target - level of the source)); >= 0 */
} nai_areas_rule;

/* clang-format off */
/** A nai_areas_rule with a spread of 0 and a steepness of 1; density and length have no default. */
#define NAI_AREAS_RULE_INIT {sizeof(nai_areas_rule), 0, 0, 0, 0, 1}
/* clang-format on */

/**
 * Fills a rule with what is known of a species: "macaque", density 0.66 (Markov et al. 2014) and
 * length 1 / 0.19 mm (Ercsey-Ravasz et al. 2013, second-hand); "mouse", density 0.97 (Gamanut et
 * al. 2018, second-hand). No length of the mouse could be read: it is 0, and has to be set.
 */
NAI_API nai_status nai_areas_rule_find(nai_areas_rule *out, const char *species);

/** Places n areas at random on a sphere: `position` [n, 3], mm. */
NAI_API nai_status nai_areas_place(double *position, int64_t n, double radius, uint64_t seed);

/**
 * Distances between positions: `distance` [n, n], mm. `radius` > 0: along a sphere about the
 * origin; 0: straight.
 */
NAI_API nai_status nai_areas_measure(double *distance, const double *position, int64_t n,
                                     double radius);

/**
 * Links `n` areas (1 to 4096) by a rule. The weight from area b to area a is
 *
 *     w_ab = exp(-d_ab / length) exp(spread z - spread^2 / 2),    z standard normal
 *
 * (exponential distance rule, Ercsey-Ravasz et al. 2013). As many links exist as `density` says;
 * the weights of those that exist, divided by their sum over b, are the fractions of labelled
 * neurons (FLN).
 *
 * `names`: the n names, separated by spaces. `distance` [n, n]: mm, target and source; the diagonal
 * is not read. `level` [n]: levels of the hierarchy, low is sensory. Nullable: level (then SLN is
 * 0.5).
 */
NAI_API nai_status nai_areas_create(nai_areas **out, const char *names, const double *distance,
                                    const double *level, int64_t n, const nai_areas_rule *rule,
                                    uint64_t seed);

/** Nullable: areas. */
NAI_API void nai_areas_destroy(nai_areas *areas);

/** Number of areas. */
NAI_API int64_t nai_areas_count(const nai_areas *areas);

/** Name of area `index`; NULL when there is none. */
NAI_API const char *nai_areas_name(const nai_areas *areas, int64_t index);

/** What nai_areas_read() gives, target and source; the diagonal is 0. */
enum {
  NAI_AREAS_DISTANCE = 0, /**< mm */
  NAI_AREAS_WEIGHT = 1,   /**< by the distance rule, of all pairs, linked or not */
  NAI_AREAS_LINK = 2,     /**< 1 where the link exists, else 0 */
  NAI_AREAS_FLN = 3,      /**< fraction of what comes from other areas that comes from this one */
  NAI_AREAS_SLN = 4       /**< fraction that is feed-forward; 0 where there is no link */
};

/** Reads a matrix: `values` [n, n]. `what`: NAI_AREAS_... */
NAI_API nai_status nai_areas_read(double *values, const nai_areas *areas, int32_t what);

/**
 * Which cells send and receive between areas. Each member is a list of cell types or shell
 * patterns; those of targets may have a port: "E:dendrite SST VIP". A type is what follows "area/"
 * in the name of a population, and the first entry that it matches counts. Only excitatory
 * populations send.
 */
typedef struct nai_streams {
  uint32_t struct_size;         /**< sizeof(nai_streams) */
  int32_t reserved;             /**< 0 */
  const char *feedforward;      /**< targets of feed-forward links ("*E *PV *I") */
  const char *feedback;         /**< targets of feedback links ("*E *SST *VIP *I") */
  const char *feedforward_from; /**< senders of feed-forward links ("*"), such as "L23E" */
  const char *feedback_from;    /**< senders of feedback links ("*"), such as "L5E L6E" */
  double local; /**< fraction of all synapses of an area that are local, above 0, at most 1 (0.8) */
  /** Synapses from other areas onto a unit, on average; 0 (default): as many as `local` says. */
  double indegree;
  /**
   * Synapses that each link is expected to have before the rest is shared out by FLN (5), so that
   * weak links do not vanish from a small network; of an area with few synapses, as many from each
   * other one. 0: all by FLN.
   */
  double least;
} nai_streams;

/* clang-format off */
/** The defaults of a nai_streams: 80 % of synapses are local (Markov et al. 2013). */
#define NAI_STREAMS_INIT \
  {sizeof(nai_streams), 0, "*E *PV *I", "*E *SST *VIP *I", "*", "*", 0.8, 0, 5}
/* clang-format on */

/** A projection between areas that nai_network_connect_areas() makes. */
typedef struct nai_areas_projection {
  uint32_t struct_size; /**< sizeof(nai_areas_projection), filled in by the caller */
  int32_t reserved;     /**< 0 */
  const char *from;     /**< population that sends */
  const char *to;       /**< population that receives, with its port if one was given */
  double probability;   /**< with which each synapse exists */
  double distance;      /**< between the two areas, mm */
} nai_areas_projection;

/* clang-format off */
/** A nai_areas_projection to be filled. */
#define NAI_AREAS_PROJECTION_INIT {sizeof(nai_areas_projection), 0, NULL, NULL, 0, 0}
/* clang-format on */

/**
 * Plans the projections between the areas of a network, whose populations are called "area/type",
 * before it is built.
 *
 * An area has S local synapses: those that its projections within it are expected to have. It gets
 * S (1 - local) / local from other areas, or `indegree` times its units: `least` along each link,
 * and the rest by FLN. The fraction SLN of a link is feed-forward, the rest feedback. All targets
 * of a stream have the same probability. Refused if a probability would be above 1, and if S cannot
 * be told before the build (synapses that depend on distance between units that are not placed, a
 * user's own constraints) without `indegree`.
 *
 * `count`: number of projections, which nai_areas_planned() describes until the next plan.
 */
NAI_API nai_status nai_areas_plan(int64_t *count, nai_areas *areas, const nai_network *net,
                                  const nai_streams *streams);

/**
 * Describes projection `index` of the last plan. Its names live until the next plan; that of the
 * target has a port where the population has several.
 */
NAI_API nai_status nai_areas_planned(nai_areas_projection *out, const nai_areas *areas,
                                     int64_t index);

/** Plans the projections between areas and makes them. */
NAI_API nai_status nai_network_connect_areas(nai_network *net, nai_areas *areas,
                                             const nai_streams *streams);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
