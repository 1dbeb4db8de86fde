/* What a rule at work remembers from update to update: memory that checkpoints hold by name. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "../base/memory.h"
#include "rule.h"

static nai__kept *add(nai__learner *learner, const char *name, int64_t n)
{
  assert(learner->n_kept < NAI__MOST_KEPT);
  nai__kept *kept = &learner->kept[learner->n_kept];
  *kept = (nai__kept){.name = name, .n = n};
  return kept;
}

/* --- what it takes -------------------------------------------------------------------------------- */

int64_t nai__learner_bytes(const nai__learner *learner, int64_t trials, int64_t threads)
{
  const nai__rule_kind *kind = learner->rule->kind;
  int64_t bytes = kind->memory ? kind->memory(learner->rule, learner->net, trials, threads) : 0;
  for (int i = 0; i < learner->n_kept; i++) bytes += (int64_t)nai__kept_size(&learner->kept[i]);
  return bytes;
}

nai_status nai__learner_check(const nai__learner *learner, int64_t more)
{
  char what[96];
  snprintf(what, sizeof what, "training by rule '%.60s'", learner->rule->kind->name);
  int64_t bytes = learner->base + nai__learner_bytes(learner, 1, 1);
  return nai__memory_check(learner->net, bytes + more, what);
}

/* --- keeping -------------------------------------------------------------------------------------- */

float *nai__learner_keep(nai__learner *learner, const char *name, int64_t n)
{
  if (nai__learner_check(learner, n * (int64_t)sizeof(float)) != NAI_OK) return NULL;
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

void nai__learner_keep_fixed(nai__learner *learner)
{
  learner->kept[learner->n_kept - 1].fixed = 1;
}

double *nai__learner_keep_doubles(nai__learner *learner, const char *name, int64_t n)
{
  if (nai__learner_check(learner, n * (int64_t)sizeof(double)) != NAI_OK) return NULL;
  nai__kept *kept = add(learner, name, n);
  kept->doubles = NAI__ARRAY(double, n);
  if (kept->doubles) learner->n_kept++;
  return kept->doubles;
}

void nai__learner_replace_doubles(nai__learner *learner, const char *name, double *values,
                                  int64_t n)
{
  for (int i = 0; i < learner->n_kept; i++) {
    nai__kept *kept = &learner->kept[i];
    if (strcmp(kept->name, name) != 0) continue;
    assert(kept->doubles);
    nai__free(kept->doubles);
    kept->doubles = values;
    kept->n = n;
  }
}

nai_status nai__learner_fit(nai__learner *learner)
{
  const nai__rule_kind *kind = learner->rule->kind;
  return kind->fit ? kind->fit(learner) : NAI_OK;
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
