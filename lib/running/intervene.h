/*
 * Interventions: units that have a rate whatever they receive, or that receive a current besides.
 * They are rows [ld_units] that nai__advance() reads (activity.h); here they are written, for some
 * units of some populations.
 */
#ifndef NAI_RUNNING_INTERVENE_H
#define NAI_RUNNING_INTERVENE_H

#include <neuroai/state.h>

#include "../network/ends.h"
#include "../network/network.h"

/* Some units of some populations: n of each, or NAI_ALL_UNITS. */
typedef struct nai__some_units {
  const char *names;
  const int64_t *units;
  int64_t n;
  const char *count; /* what its user calls n; NULL: n */
} nai__some_units;

static inline nai__some_units nai__units_of(const nai_intervention *i)
{
  return (nai__some_units){i->names, i->units, i->n_units, "n_units"};
}

/*
 * NAI_OK when the names are populations, or signals or ports of such (side: NAI__SOURCE, NAI__TARGET),
 * and the units are in each of them, none twice. `seen` [ld_units]: 0 before and after; where what
 * was seen is marked.
 */
nai_status nai__units_check(const nai_network *net, const nai__some_units *which, int side,
                            unsigned char *seen);

/* Its parts: how many there are; that they are of this node; that none is there twice. */
nai_status nai__units_count_check(const nai__some_units *which);
nai_status nai__units_range_check(const nai__node *node, const nai__some_units *which);
nai_status nai__units_repeated_check(const nai__some_units *which, unsigned char *seen);

/* NAI_OK when `value` [n] is finite. */
nai_status nai__values_finite(const float *value, int64_t n, const char *what);

/*
 * NAI_OK when `value` [n] is finite, and n is 1 or the number of these units, which have been
 * checked. `what`: its name in messages.
 */
nai_status nai__unit_values_check(const nai_network *net, const nai__some_units *which,
                                  const float *value, int64_t n, const char *what);

/*
 * Sets the marks, `seen` [ld_units], of the columns of these units, which have been checked: of the
 * signals or ports that are named, of all where none is.
 */
void nai__units_mark(unsigned char *seen, const nai_network *net, const nai__some_units *which,
                     int side, unsigned char mark);

/*
 * Writes value [n], checked, or one value when n is 1, to these units of a row: to those whose first
 * signal or port is meant.
 */
void nai__units_set(float *row, const nai_network *net, const nai__some_units *which, int side,
                    const float *value, int64_t n);

/*
 * The signals or ports of a node that a list means, as bits: where it names none, the first. Fails
 * where one entry means several ports.
 */
nai_status nai__units_ends(uint32_t *ends, const nai__node *node, int side, const char *names);

#endif
