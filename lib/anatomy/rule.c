/*
 * The exponential distance rule (Ercsey-Ravasz et al. 2013): weights that fall with distance, and the
 * strongest of them, or as many at random, as links.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/names.h"
#include "../base/random.h"
#include "../base/structs.h"
#include "areas.h"

/* --- species ---------------------------------------------------------------------------------- */

typedef struct species {
  const char *name;
  double density, length;
} species;

/* A length of 0 could not be read. */
static const species known[] = {{"macaque", 0.66, 1 / 0.19}, {"mouse", 0.97, 0}};
enum { SPECIES = sizeof known / sizeof *known };

static const size_t first_size = NAI__FIRST_SIZE(nai_areas_rule, steepness);

nai_status nai_areas_rule_find(nai_areas_rule *out, const char *name)
{
  NAI__TRY(nai__struct_check(out, first_size, "out"));
  if (!name) return nai__fail_null("species");
  char choices[80] = "";
  for (int i = 0; i < SPECIES; i++) {
    nai__choices_add(choices, sizeof choices, known[i].name);
    if (strcmp(known[i].name, name) != 0) continue;
    nai_areas_rule rule = NAI_AREAS_RULE_INIT;
    rule.density = known[i].density;
    rule.length = known[i].length;
    nai__struct_give(out, &rule, sizeof rule);
    return NAI_OK;
  }
  return nai__fail(NAI_ERR_NAME, "nothing is known of species '%.60s', but of %s", name, choices);
}

static nai_status check(const char *what, double value, double high)
{
  if (value >= 0 && value <= high) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "%s is %g, must be 0 to %g", what, value, high);
}

nai_status nai__areas_rule_take(nai_areas_rule *out, const nai_areas_rule *rule)
{
  NAI__TRY(nai__struct_take(out, sizeof *out, rule, first_size, "rule"));
  if (out->random != 0 && out->random != 1)
    return nai__fail(NAI_ERR_INVALID, "random is %d, must be 0 or 1", (int)out->random);
  NAI__TRY(check("density", out->density, 1));
  if (!(out->length > 0 && out->length <= 1e6))
    return nai__fail(NAI_ERR_INVALID, "length is %g mm, must be above 0 and at most 1e6%s",
                     out->length,
                     out->length == 0 ? ": that of this species could not be read, so set it" : "");
  NAI__TRY(check("spread", out->spread, 20));
  return check("steepness", out->steepness, 1e6);
}

/* --- weights ---------------------------------------------------------------------------------- */

static void draw_weights(nai_areas *areas, const nai_areas_rule *rule, uint64_t seed)
{
  int64_t n = areas->n;
  const double *distance = areas->matrix[NAI_AREAS_DISTANCE];
  double *weight = areas->matrix[NAI_AREAS_WEIGHT];
  nai__stream random = nai__stream_open(seed, NAI__FOR_AREAS, 0, 0);
  for (int64_t a = 0; a < n; a++)
    for (int64_t b = 0; b < n; b++) {
      double z = rule->spread > 0 ? nai__stream_normal(&random) : 0;
      double about = rule->spread * z - rule->spread * rule->spread / 2;
      if (a != b) weight[a * n + b] = exp(about - distance[a * n + b] / rule->length);
    }
}

/* --- which links exist ------------------------------------------------------------------------ */

typedef struct candidate {
  double weight;
  int64_t place;
} candidate;

static int stronger_first(const void *one, const void *other)
{
  const candidate *p = one, *q = other;
  if (p->weight != q->weight) return p->weight > q->weight ? -1 : 1;
  return p->place < q->place ? -1 : p->place > q->place;
}

static nai_status link_strongest(nai_areas *areas, double density)
{
  int64_t n = areas->n, pairs = n * (n - 1), found = 0;
  candidate *all = NAI__ARRAY(candidate, pairs);
  if (!all) return NAI_ERR_MEMORY;
  for (int64_t k = 0; k < n * n; k++)
    if (k / n != k % n) all[found++] = (candidate){areas->matrix[NAI_AREAS_WEIGHT][k], k};
  qsort(all, (size_t)pairs, sizeof *all, stronger_first);
  int64_t wanted = (int64_t)round(density * (double)pairs);
  for (int64_t k = 0; k < wanted; k++) areas->matrix[NAI_AREAS_LINK][all[k].place] = 1;
  nai__free(all);
  return NAI_OK;
}

/* min(1, k weight), without numbers that are too large for a double. */
static double probability_of(double weight, double log_k)
{
  return weight > 0 ? exp(fmin(0, log_k + log(weight))) : 0;
}

static double mean_probability(const nai_areas *areas, double log_k)
{
  int64_t n = areas->n;
  double sum = 0;
  for (int64_t i = 0; i < n * n; i++)
    sum += probability_of(areas->matrix[NAI_AREAS_WEIGHT][i], log_k);
  return sum / (double)(n * (n - 1));
}

/* The logarithm of k, by bisection, such that as many links are expected as there shall be. */
static double factor_for(const nai_areas *areas, double density)
{
  double low = -1500, high = 1500; /* of doubles above 0, the logarithms are -745 to 710 */
  for (int i = 0; i < 64; i++) {
    double middle = (low + high) / 2;
    if (mean_probability(areas, middle) < density)
      low = middle;
    else
      high = middle;
  }
  return high;
}

static void link_at_random(nai_areas *areas, double density, uint64_t seed)
{
  int64_t n = areas->n;
  double log_k = factor_for(areas, density);
  nai__stream random = nai__stream_open(seed, NAI__FOR_AREAS, 1, 0);
  for (int64_t i = 0; i < n * n; i++) {
    double u = nai__stream_uniform(&random);
    if (i / n != i % n && u < probability_of(areas->matrix[NAI_AREAS_WEIGHT][i], log_k))
      areas->matrix[NAI_AREAS_LINK][i] = 1;
  }
}

/* --- what follows from them ------------------------------------------------------------------- */

static void normalise(nai_areas *areas)
{
  int64_t n = areas->n;
  const double *weight = areas->matrix[NAI_AREAS_WEIGHT], *link = areas->matrix[NAI_AREAS_LINK];
  double *fln = areas->matrix[NAI_AREAS_FLN];
  for (int64_t a = 0; a < n; a++) {
    double most = 0, sum = 0; /* over the largest, so that far areas do not all vanish */
    for (int64_t b = 0; b < n; b++) most = fmax(most, link[a * n + b] * weight[a * n + b]);
    for (int64_t b = 0; b < n && most > 0; b++)
      sum += fln[a * n + b] = link[a * n + b] * weight[a * n + b] / most;
    for (int64_t b = 0; b < n && sum > 0; b++) fln[a * n + b] /= sum;
  }
}

static void rank(nai_areas *areas, double steepness, const double *level)
{
  int64_t n = areas->n;
  for (int64_t a = 0; a < n; a++)
    for (int64_t b = 0; b < n; b++) {
      double above = level ? steepness * (level[a] - level[b]) : 0;
      double sln = erfc(-above / 1.4142135623730951) / 2;
      areas->matrix[NAI_AREAS_SLN][a * n + b] = areas->matrix[NAI_AREAS_LINK][a * n + b] * sln;
    }
}

nai_status nai__areas_apply(nai_areas *areas, const nai_areas_rule *rule, const double *level,
                            uint64_t seed)
{
  draw_weights(areas, rule, seed);
  if (areas->n > 1 && rule->random && rule->density > 0) link_at_random(areas, rule->density, seed);
  if (areas->n > 1 && !rule->random) NAI__TRY(link_strongest(areas, rule->density));
  normalise(areas);
  rank(areas, rule->steepness, level);
  return NAI_OK;
}
