/*
 * Short-term plasticity: the object, and what a network makes of it. A release is the same table as a
 * unit's, put between what a node sends on a signal and the projections that carry it on.
 */
#ifndef NAI_NETWORK_RELEASE_H
#define NAI_NETWORK_RELEASE_H

#include "move.h"

/* In the order of the model's parameters. */
enum { NAI__SHORT_TERM_NUMBERS = 4 };

struct nai_short_term {
  nai__reference reference;
  int64_t n;
  double *value[NAI__SHORT_TERM_NUMBERS]; /* [n] each, in one memory */
};

/* Nullable. */
void nai__short_term_keep(nai_short_term *short_term);
/* To a projection of a network that is composed, when it fits its sender. */
nai_status nai__short_term_give(const nai_network *net, nai__projection *p,
                                nai_short_term *short_term);

/* --- layout ----------------------------------------------------------------------------------- */

/* One release for each node, signal and object that some projections have in common. */
nai_status nai__releases_find(nai_network *net);
void nai__releases_destroy(nai_network *net);
/* Columns of what a node releases, and of its states; counts the network's. */
void nai__releases_columns(nai_network *net, const nai__node *node);
/* Memory and contents of what functions read. */
nai_status nai__releases_prepare(nai_network *net);

/* --- running ---------------------------------------------------------------------------------- */

/*
 * Trials row .. row + rows - 1 release what their units send at time t, from the states of the time
 * before. May be called again when what is sent has changed.
 */
void nai__release_step(nai__activity *a, const nai__release *release, int64_t t, int64_t row,
                       int64_t rows);
/* All of them at the time that is. */
void nai__release_again(nai__activity *a, int64_t t, int64_t row, int64_t rows);

/* --- slopes ----------------------------------------------------------------------------------- */

/* Of the step to time t, into memory of nai__cells_floats(); `view` shows the states of before. */
void nai__release_slopes(nai__cells_view *view, const nai__activity *a, const nai__release *release,
                         int64_t t, int64_t row, int64_t rows, float *memory);
/*
 * The way back through the step to time t: to dJ/dsent in `error` [rows][ld_units] comes what it costs
 * by what is released; `carry` [rows][ld_state] goes from after the step to before it.
 */
void nai__release_backward(const nai__activity *a, const nai__release *release, int64_t t,
                           int64_t row, int64_t rows, float *error, float *carry, float *memory);

#endif
