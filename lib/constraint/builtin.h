/* What the built-in constraints share: they are made with the same table as a user's. */
#ifndef NAI_CONSTRAINT_BUILTIN_H
#define NAI_CONSTRAINT_BUILTIN_H

#include "../network/constraint.h"

/* The user of every built-in table. */
typedef struct nai__builtin {
  double value[2];
  uint8_t *array; /* [n_post][n_pre], or NULL for all */
  int64_t n_post, n_pre;
} nai__builtin;

/* A constraint of this table with a copy of these; `array` Nullable. flags: NAI_CONSTRAINT_... */
nai_status nai__builtin_create(nai_constraint **out, const char *name, uint32_t flags,
                               nai_status (*wire)(void *user, nai_synapses *synapses),
                               nai_status (*project)(void *user, nai_synapses *synapses),
                               double first, double second, const uint8_t *array, int64_t n_post,
                               int64_t n_pre);

/* The same with a wiring, for what `wire` would have to see all rows for. */
nai_status nai__builtin_create_wired(nai_constraint **out, const char *name, uint32_t flags,
                                     nai_status (*wire)(void *user, nai_synapses *synapses),
                                     const nai__wiring *wiring, double first, const uint8_t *array,
                                     int64_t n_post, int64_t n_pre);

/* NAI_OK when an array of a constraint fits these synapses. */
nai_status nai__builtin_fits(const nai__builtin *b, const nai_synapses *s, const char *what);

/*
 * For the model file: 1 when the constraint has work to do after each learning step. Those that
 * only choose synapses and signs are in the network's masks and signs already.
 */
int nai__constraint_projects(const nai_constraint *constraint);
const char *nai__constraint_name(const nai_constraint *constraint);
/*
 * 1 and the number of a built-in constraint that projects ("dale", "max_weight"); 0 for a user's
 * own.
 */
int nai__constraint_builtin_value(const nai_constraint *constraint, double *value);
/* What nai_constraint has as `expected`; of a user's own, 0. */
int nai__constraint_expected(double *synapses, const nai_constraint *constraint,
                             const nai__pairs *pairs);
/* Mean over such pairs of the probability that a distance constraint gives them; with places. */
double nai__distance_mean(const nai__builtin *b, const nai__pairs *pairs);
/* 1 and the number of pairs of a list; 0 for any other constraint. */
int nai__constraint_listed(const nai_constraint *constraint, int64_t *n);
/*
 * The same one again, from its name and number; NULL in *out and NAI_ERR_NAME when no built-in one
 * is called so.
 */
nai_status nai__constraint_builtin_create(nai_constraint **out, const char *name, double value);

#endif
