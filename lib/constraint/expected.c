/* How many synapses there will be, before they are drawn. */
#include <math.h>
#include <string.h>

#include "../network/constraint.h"
#include "builtin.h"

/* The fraction of a mask that is not 0, of the pairs that may have synapses. */
static double fraction_of(const nai__builtin *b, const nai__pairs *pairs)
{
  int64_t there = 0, all = 0;
  for (int64_t i = 0; i < b->n_post; i++)
    for (int64_t j = 0; j < b->n_pre; j++) {
      if (i % b->n_pre == j && !pairs->diagonal) continue;
      there += b->array[i * b->n_pre + j] != 0;
      all++;
    }
  return all > 0 ? (double)there / (double)all : 0;
}

/* Of so many pairs those that are drawn, each time any of them; a pair that is drawn again has one synapse. */
static double drawn_of(double pairs, double draws)
{
  return pairs > 1 ? -pairs * expm1(draws * log1p(-1 / pairs)) : fmin(pairs, draws);
}

/* Of a total, or of as many for each receiver. */
static double several(const char *name, double pairs, double value, double n_post)
{
  if (strcmp(name, "total") == 0) return drawn_of(pairs, value);
  return n_post * drawn_of(pairs / n_post, value);
}

int nai__constraint_expected(double *synapses, const nai_constraint *constraint,
                             const nai__pairs *pairs)
{
  int64_t listed;
  double value;
  if (!constraint->ops.wire) return 1;
  if (nai__constraint_listed(constraint, &listed)) {
    *synapses = fmin(*synapses, (double)listed);
    return 1;
  }
  if (!nai__constraint_builtin_value(constraint, &value)) return 0;
  const nai__builtin *b = constraint->user;
  const char *name = constraint->name;
  if (nai__constraint_has_multapses(constraint)) {
    *synapses = several(name, *synapses, value, (double)pairs->n_post);
    return 1;
  }
  if (strcmp(name, "distance") == 0) {
    if (!pairs->post_position || !pairs->pre_position) return 0;
    *synapses *= nai__distance_mean(b, pairs);
  }
  if (strcmp(name, "sparse") == 0) *synapses *= value;
  if (strcmp(name, "mask") == 0) *synapses *= fraction_of(b, pairs);
  if (strcmp(name, "indegree") == 0) *synapses = fmin(*synapses, value * (double)pairs->n_post);
  if (strcmp(name, "outdegree") == 0) *synapses = fmin(*synapses, value * (double)pairs->n_pre);
  if (strcmp(name, "total") == 0) *synapses = fmin(*synapses, value);
  return 1; /* signs and fixed synapses remove none */
}
