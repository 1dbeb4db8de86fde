/*
 * From a gradient to new weights: clipping, the optimiser, what the rule moves itself, constraints;
 * or all as it was.
 */
#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/finite.h"
#include "../network/row.h"
#include "plasticity.h"

static void clear_parts(nai__plasticity *p, int64_t first, int64_t end)
{
  const uint8_t *plastic = p->net->plastic;
  for (int64_t i = first; i < end; i++) p->gradient[i] = plastic[i] != 0 ? p->gradient[i] : 0;
}

static void clear_block(nai__plasticity *p, const nai__block *block)
{
  const nai__rectangle *at = &block->at;
  float *g = p->gradient + at->start;
  if (block->frozen)
    memset(g, 0, (size_t)(at->rows * at->stride) * sizeof *g);
  else if (!block->whole)
    clear_parts(p, at->start, at->start + at->rows * at->stride);
  else if (at->stride > at->columns)
    for (int64_t i = 0; i < at->rows; i++)
      memset(g + i * at->stride + at->columns, 0, (size_t)(at->stride - at->columns) * sizeof *g);
}

/* What is not plastic has no gradient: nothing that follows sees it. */
static void clear_frozen(nai__plasticity *p)
{
  const nai_network *net = p->net;
  int64_t cleared = 0;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__rectangle *at = &net->block[k].at;
    clear_parts(p, cleared, at->start);
    clear_block(p, &net->block[k]);
    cleared = at->start + at->rows * at->stride;
  }
  clear_parts(p, cleared, net->n_theta);
}

int nai__plasticity_measure(nai__plasticity *p, nai__pool *pool)
{
  clear_frozen(p);
  p->has_gradient = 1;
  p->gradient_norm = nai__norm(p->gradient, p->net, pool);
  return isfinite(p->gradient_norm);
}

/* --- moving ----------------------------------------------------------------------------------- */

/* Whether anything but the optimiser writes weights, other than guarding them, which adds no NaN. */
static int others_write(const nai__plasticity *p)
{
  if (p->rule->kind->moved) return 1;
  for (int64_t k = 0; k < p->net->n_projections; k++) {
    const nai__projection *projection = &p->net->projection[k];
    for (int64_t c = 0; c < projection->n_constraints; c++)
      if (projection->constraint[c]->ops.project) return 1;
  }
  return 0;
}

/* Below half of the last digit of the largest float: what is finite stays so, whatever it is. */
#define SMALL_CHANGE 1e30
/* No gradient that passed is beyond it, nor a mean of such; but a checkpoint may hold any. */
#define LARGEST 1e18f

/* Whether the bits of all, without those that are not in the mask, are at most these: so no NaN. */
static int are_below(const float *x, int64_t n, uint32_t mask, float most)
{
  uint32_t lane[16] = {0}, limit;
  memcpy(&limit, &most, sizeof limit);
  for (int64_t i = 0; i < n; i += 16) /* theta is a multiple of 16 floats */
    for (int k = 0; k < 16; k++) {
      uint32_t bits;
      memcpy(&bits, &x[i + k], sizeof bits);
      bits &= mask;
      lane[k] |= (limit - bits) | bits;
    }
  for (int k = 1; k < 16; k++) lane[0] |= lane[k];
  return !(lane[0] >> 31);
}

/*
 * Means of either sign; squares of none. Running means stay so without being looked at again, as no
 * gradient is beyond the bound; a momentum, which adds gradients up, need not.
 */
static int are_ordinary(nai__plasticity *p, int64_t n)
{
  if (!p->are_ordinary)
    p->are_ordinary = (!p->mean || are_below(p->mean, n, UINT32_C(0x7fffffff), LARGEST)) &&
                      (!p->square || are_below(p->square, n, UINT32_C(0xffffffff), FLT_MAX));
  const int good = p->are_ordinary;
  if (!p->optimizer->kind->keeps_square) p->are_ordinary = 0;
  return good;
}

/* Whether nobody will ask how weights were: nothing after the optimiser can fail or wants to follow. */
static int is_final(nai__plasticity *p, const nai__move *m)
{
  if (p->factor || p->rule->kind->settled || others_write(p)) return 0;
  for (int64_t k = 0; k < p->net->n_projections; k++) {
    const nai__projection *projection = &p->net->projection[k];
    if ((projection->plastic || projection->n_constraints) && !projection->whole) return 0;
  }
  double largest = p->mean ? (double)LARGEST : p->gradient_norm * m->scale;
  return nai__optimizer_most(p->optimizer, m->step) * largest < SMALL_CHANGE &&
         are_ordinary(p, m->n);
}

/* Whether weights of a sign are guarded, which may make any of them 0. */
static int guards_signs(const nai_network *net)
{
  for (int64_t k = 0; k < net->n_projections; k++)
    if (net->projection[k].plastic && net->projection[k].sign) return 1;
  return 0;
}

/* Numbers of theta that, with all that their move reads and writes, stay in a cache. */
#define PIECE 4096

/* Part of theta; as it was before, if `keeps`. Whether it is finite. */
static int move_part(nai__plasticity *p, const nai__move *all, int64_t first, int64_t end,
                     int keeps)
{
  int finite = 1;
  for (int64_t n; first < end; first += n) {
    n = end - first < PIECE ? end - first : PIECE;
    if (keeps) nai__past_take_part(&p->before, p, first, n);
    nai__move m = *all;
    m.n = n;
    m.theta += first;
    m.gradient += first;
    m.plastic += first;
    if (m.mean) m.mean += first;
    if (m.square) m.square += first;
    nai__optimizer_move(p->optimizer, &m);
    if (keeps) finite &= nai__all_finite(m.theta, n);
  }
  return finite;
}

typedef struct moving {
  nai__plasticity *p;
  const nai__move *all;
  int keeps, packs;
  int finite[NAI__MOST_SLICES];
} moving;

/* Without moments, which fade where nothing learns, too: of what may learn alone. */
static void move_parts(moving *m, int64_t slice)
{
  const nai_network *net = m->p->net;
  const nai__stretch at = nai__slice(net, slice), *part = net->stretch;
  m->finite[slice] = 1;
  if (m->p->mean || m->p->square) {
    m->finite[slice] = move_part(m->p, m->all, at.first, at.end, m->keeps);
    return;
  }
  for (int64_t k = nai__stretch_beyond(net, at.first);
       k < net->n_stretches && part[k].first < at.end; k++) {
    const nai__stretch common = nai__stretch_common(part[k], at);
    m->finite[slice] &= move_part(m->p, m->all, common.first, common.end, m->keeps);
  }
}

/* Weights that nothing will change any more are packed while they are in the cache. */
static void move_slice(void *argument, int64_t slice, int32_t thread)
{
  (void)thread;
  moving *m = argument;
  move_parts(m, slice);
  if (m->packs) nai__pack_slice(m->p->net, slice);
}

static void pack_slice(void *argument, int64_t slice, int32_t thread)
{
  (void)thread;
  nai__pack_slice(argument, slice);
}

static int move_all(nai__plasticity *p, nai__pool *pool, const nai__move *all, int *packed)
{
  moving m = {.p = p, .all = all, .keeps = !is_final(p, all)};
  int finite = 1;
  *packed = m.packs = !m.keeps && !guards_signs(p->net);
  if (m.keeps) p->are_ordinary = 0; /* whoever writes weights may write moments */
  nai__share_slices(pool, p->net, move_slice, &m);
  for (int64_t slice = 0; slice < nai__slices(p->net); slice++) finite &= m.finite[slice];
  return finite;
}

/* Keeps what was. 1: all of theta is finite; 0: it has to be looked at. packed: whether slices are. */
static int move(nai__plasticity *p, nai__pool *pool, double clip, int *packed)
{
  const nai_network *net = p->net;
  nai__move m = {.n = net->n_theta,
                 .step = p->moves + 1,
                 .scale = clip > 0 && p->gradient_norm > clip ? clip / p->gradient_norm : 1,
                 .factor = 1,
                 .theta = net->theta,
                 .gradient = p->gradient,
                 .plastic = net->plastic,
                 .mean = p->mean,
                 .square = p->square};
  p->before.moves = p->moves;
  *packed = 0;
  if (!p->factor) return move_all(p, pool, &m, packed);
  p->are_ordinary = 0;
  nai__past_take(&p->before, p);
  nai__move_by_parts(p, &m);
  return 0;
}

static int are_finite(const nai_network *net)
{
  for (int64_t k = 0; k < net->n_stretches; k++)
    if (!nai__all_finite(net->theta + net->stretch[k].first,
                         net->stretch[k].end - net->stretch[k].first))
      return 0;
  return 1;
}

static nai_status check_weights(const nai__plasticity *p, int64_t update)
{
  const nai_network *net = p->net;
  if (are_finite(net)) return NAI_OK;
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    for (int64_t i = 0; i < p->n_post; i++)
      for (nai__row row = nai__row_of(net, p, i); nai__row_next(&row);)
        if (!isfinite(net->theta[row.place]))
          return nai__fail(
              NAI_ERR_NONFINITE,
              "update %lld would make the weight from '%s' to '%s' at [%lld][%lld] %g: "
              "lower the learning rate, or set clip",
              (long long)update, nai__source_name(net, p), nai__target_name(net, p), (long long)i,
              (long long)row.pre, (double)net->theta[row.place]);
  }
  return nai__fail(NAI_ERR_NONFINITE,
                   "update %lld would make a bias infinite: lower the learning rate, or set clip",
                   (long long)update);
}

nai_status nai__plasticity_apply(nai__plasticity *p, nai__pool *pool, double clip, int64_t update)
{
  nai_network *net = p->net;
  int packed, finite = move(p, pool, clip, &packed) && !others_write(p);
  const nai__rule_kind *rule = p->rule->kind;
  const nai__moved now = {net->theta, p->before.theta, p->moves};
  if (rule->moved) rule->moved(p->learner, &now);
  nai_status status = nai__project(net, p->mean, p->before.theta);
  if (status == NAI_OK && !finite) status = check_weights(p, update);
  if (status != NAI_OK) {
    nai__past_put_back(&p->before, p);
    return status;
  }
  if (rule->settled) rule->settled(p->learner, &now);
  if (!packed) nai__share_slices(pool, net, pack_slice, net);
  nai__pack_rest(net);
  p->moves++;
  return NAI_OK;
}
