/**
 * @file anatomy.h
 * @brief Published probabilities of connection by cell type, and networks laid out from them.
 *
 * docs/anatomy.md shows the tables, with what was measured and where the numbers were read.
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
  uint32_t reserved;         /**< 0 */
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

/** How populations and projections are made from a table of n cell types. */
typedef struct nai_layout {
  uint32_t struct_size; /**< sizeof(nai_layout) */
  uint32_t reserved;    /**< 0 */
  const char *area;     /**< name of the area: populations are "area/type"; NULL: "type" */
  /** [n] units of each type, 0 for types left out. NULL: the published numbers of cells. */
  const int64_t *cells;
  /**
   * [n, n], post, pre: the port of the target onto which a projection goes, such as "dendrite" for
   * "area/E:dendrite"; NULL for the default port. Nullable: ports (then all are default).
   */
  const char *const *ports;
  /** Probability of pairs that were not measured, 0 to 1; -1 (default): such pairs are refused. */
  double missing;
  /**
   * mm; above 0, synapses exist with the table's probability times exp(-distance / length), and the
   * populations have to be placed before the build. 0 (default): distance plays no part. Axons
   * within an area reach 0.23 mm (Markov et al. 2011).
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

/** @} */

#ifdef __cplusplus
}
#endif
#endif
