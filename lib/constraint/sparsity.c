/* Which synapses exist: a random fraction, a mask, or fewer with distance. */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "builtin.h"

static nai_status check_fraction(const char *what, double value)
{
  if (!(value >= 0 && value <= 1))
    return nai__fail(NAI_ERR_INVALID, "%s is %g, must be 0 to 1", what, value);
  return NAI_OK;
}

static nai_status check_array(const uint8_t *array, const char *what, int64_t n_post, int64_t n_pre)
{
  if (!array) return nai__fail_null(what);
  if (n_post < 1 || n_post > 10000000 || n_pre < 1 || n_pre > 10000000)
    return nai__fail(NAI_ERR_INVALID, "%s is [%lld, %lld], each must be 1 to 10000000", what,
                     (long long)n_post, (long long)n_pre);
  return NAI_OK;
}

/* --- sparse ----------------------------------------------------------------------------------- */

/* Rows so long are drawn by skips: a number for each synapse that exists instead of one for each pair. */
#define LONG_ROW 2048

static void draw_each(const nai_synapses *s, int64_t i, double density)
{
  for (int64_t j = 0; j < s->n_pre; j++)
    if (nai_random_uniform(s->seed, (uint64_t)(s->first_post + i), (uint64_t)j) >= density)
      s->exists[i * s->stride + j] = 0;
}

/* Absent synapses before the next one: geometrically distributed, at most `most`. */
static int64_t skip(const nai_synapses *s, int64_t i, int64_t drawn, double log_absent,
                    int64_t most)
{
  double u = nai_random_uniform(s->seed, (uint64_t)(s->first_post + i), (uint64_t)drawn);
  double absent = floor(log1p(-u) / log_absent);
  return absent < (double)most ? (int64_t)absent : most;
}

static void draw_skips(const nai_synapses *s, int64_t i, double log_absent)
{
  int64_t j = 0;
  for (int64_t drawn = 0; j < s->n_pre; drawn++, j++) {
    int64_t absent = skip(s, i, drawn, log_absent, s->n_pre - j);
    memset(s->exists + i * s->stride + j, 0, (size_t)absent);
    j += absent;
  }
}

static nai_status wire_sparse(void *user, nai_synapses *s)
{
  const double density = ((const nai__builtin *)user)->value[0];
  const int by_skips = s->n_pre >= LONG_ROW && density > 0 && density < 1;
  for (int64_t i = 0; i < s->n_post; i++)
    if (by_skips)
      draw_skips(s, i, log1p(-density));
    else
      draw_each(s, i, density);
  return NAI_OK;
}

nai_status nai_constraint_create_sparse(nai_constraint **out, double density)
{
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__TRY(check_fraction("density", density));
  return nai__builtin_create(out, "sparse", NAI_CONSTRAINT_BY_ROWS, wire_sparse, NULL, density, 0,
                             NULL, 0, 0);
}

/* --- mask ------------------------------------------------------------------------------------- */

/* Rows of an array: `own` of the two constraints that have one, which need no memory. */
static int64_t no_bytes(const void *user, int64_t n_post, int64_t n_pre)
{
  (void)user, (void)n_post, (void)n_pre;
  return 0;
}

static void end_rows(void *own)
{
  (void)own;
}

static nai_status mask_rows(void *own, nai_synapses *s)
{
  const nai__builtin *b = own;
  for (int64_t i = 0; i < s->n_post; i++) {
    const uint8_t *row = b->array + (s->first_post + i) * b->n_pre;
    for (int64_t j = 0; j < s->n_pre; j++)
      if (!row[j]) s->exists[i * s->stride + j] = 0;
  }
  return NAI_OK;
}

static nai_status begin_mask(void **own, void *user, const nai_synapses *all)
{
  *own = user;
  return nai__builtin_fits(user, all, "mask");
}

static nai_status wire_mask(void *user, nai_synapses *s)
{
  NAI__TRY(nai__builtin_fits(user, s, "mask"));
  return mask_rows(user, s);
}

nai_status nai_constraint_create_mask(nai_constraint **out, const uint8_t *mask, int64_t n_post,
                                      int64_t n_pre)
{
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__TRY(check_array(mask, "mask", n_post, n_pre));
  static const nai__wiring wiring = {
      .begin = begin_mask, .end = end_rows, .bytes = no_bytes, .wire = mask_rows};
  return nai__builtin_create_wired(out, "mask", 0, wire_mask, &wiring, 0, mask, n_post, n_pre);
}

/* --- fixed ------------------------------------------------------------------------------------ */

static nai_status fix_rows(void *own, nai_synapses *s)
{
  const nai__builtin *b = own;
  for (int64_t i = 0; i < s->n_post; i++)
    for (int64_t j = 0; j < s->n_pre; j++)
      if (!b->array || b->array[(s->first_post + i) * b->n_pre + j])
        s->plastic[i * s->stride + j] = 0;
  return NAI_OK;
}

static nai_status begin_fixed(void **own, void *user, const nai_synapses *all)
{
  *own = user;
  return nai__builtin_fits(user, all, "fixed");
}

static nai_status wire_fixed(void *user, nai_synapses *s)
{
  NAI__TRY(nai__builtin_fits(user, s, "fixed"));
  return fix_rows(user, s);
}

nai_status nai_constraint_create_fixed(nai_constraint **out, const uint8_t *fixed, int64_t n_post,
                                       int64_t n_pre)
{
  NAI__REQUIRE(out);
  *out = NULL;
  if (fixed) NAI__TRY(check_array(fixed, "fixed", n_post, n_pre));
  static const nai__wiring wiring = {
      .begin = begin_fixed, .end = end_rows, .bytes = no_bytes, .wire = fix_rows};
  return nai__builtin_create_wired(out, "fixed", fixed ? 0 : NAI_CONSTRAINT_BY_ROWS, wire_fixed,
                                   fixed ? &wiring : NULL, 0, fixed, n_post, n_pre);
}

/* --- distance --------------------------------------------------------------------------------- */

static double probability_at(const nai__builtin *b, const float p[3], const float q[3])
{
  double d = sqrt(pow(p[0] - q[0], 2) + pow(p[1] - q[1], 2) + pow(p[2] - q[2], 2));
  return b->value[0] * exp(-d / b->value[1]);
}

static nai_status wire_distance(void *user, nai_synapses *s)
{
  const nai__builtin *b = user;
  if (!s->post_position || !s->pre_position)
    return nai__fail(
        NAI_ERR_ORDER,
        "'%s' has no positions, which the connection from '%s' to '%s' needs: place it",
        s->post_position ? s->from : s->to, s->from, s->to);
  for (int64_t i = 0; i < s->n_post; i++)
    for (int64_t j = 0; j < s->n_pre; j++) {
      double probability = probability_at(b, s->post_position + 3 * i, s->pre_position + 3 * j);
      if (nai_random_uniform(s->seed, (uint64_t)(s->first_post + i), (uint64_t)j) >= probability)
        s->exists[i * s->stride + j] = 0;
    }
  return NAI_OK;
}

nai_status nai_constraint_create_distance(nai_constraint **out, double peak, double length)
{
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__TRY(check_fraction("peak", peak));
  if (!(length > 0 && length <= 1e6))
    return nai__fail(NAI_ERR_INVALID, "length is %g mm, must be above 0 and at most 1e6", length);
  return nai__builtin_create(out, "distance", NAI_CONSTRAINT_BY_ROWS, wire_distance, NULL, peak,
                             length, NULL, 0, 0);
}

double nai__distance_mean(const nai__builtin *b, const nai__pairs *pairs)
{
  enum { ENOUGH = 1000 }; /* of each: 10^6 pairs tell the mean to a thousandth */
  int64_t by_post = 1 + pairs->n_post / ENOUGH, by_pre = 1 + pairs->n_pre / ENOUGH, n = 0;
  double sum = 0;
  for (int64_t i = 0; i < pairs->n_post; i += by_post)
    for (int64_t j = 0; j < pairs->n_pre; j += by_pre) {
      if (i % pairs->n_pre == j && !pairs->diagonal) continue;
      sum += probability_at(b, pairs->post_position + 3 * i, pairs->pre_position + 3 * j);
      n++;
    }
  return n > 0 ? sum / (double)n : 0;
}
