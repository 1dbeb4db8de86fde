/* What a rule at work remembers from update to update: memory that checkpoints hold by name. */
#include <assert.h>

#include "../base/memory.h"
#include "rule.h"

static nai__kept *add(nai__learner *learner, const char *name, int64_t n)
{
  assert(learner->n_kept < NAI__MOST_KEPT);
  nai__kept *kept = &learner->kept[learner->n_kept];
  *kept = (nai__kept){.name = name, .n = n};
  return kept;
}

float *nai__learner_keep(nai__learner *learner, const char *name, int64_t n)
{
  nai__kept *kept = add(learner, name, n);
  kept->floats = NAI__ARRAY(float, n);
  if (kept->floats) learner->n_kept++;
  return kept->floats;
}

float *nai__learner_keep_theta(nai__learner *learner, const char *name)
{
  float *value = nai__learner_keep(learner, name, learner->net->n_theta);
  if (value) learner->kept[learner->n_kept - 1].as_theta = 1;
  return value;
}

double *nai__learner_keep_doubles(nai__learner *learner, const char *name, int64_t n)
{
  nai__kept *kept = add(learner, name, n);
  kept->doubles = NAI__ARRAY(double, n);
  if (kept->doubles) learner->n_kept++;
  return kept->doubles;
}

/* --- whatever its type ---------------------------------------------------------------------------- */

size_t nai__kept_size(const nai__kept *kept)
{
  return (size_t)kept->n * (kept->doubles ? sizeof *kept->doubles : sizeof *kept->floats);
}

void *nai__kept_memory(const nai__kept *kept)
{
  return kept->doubles ? (void *)kept->doubles : (void *)kept->floats;
}

int nai__kept_copy(nai__kept *out, const nai__kept *kept)
{
  *out = *kept;
  out->floats = kept->floats ? NAI__ARRAY(float, kept->n) : NULL;
  out->doubles = kept->doubles ? NAI__ARRAY(double, kept->n) : NULL;
  return nai__kept_memory(out) != NULL;
}

void nai__kept_release(nai__kept *kept)
{
  nai__free(kept->floats);
  nai__free(kept->doubles);
  kept->floats = NULL;
  kept->doubles = NULL;
}
