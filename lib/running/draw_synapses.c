/* Synapses that are drawn by lots of their own, as units are (draw_units.c). */
#include "draw_synapses.h"

#include <math.h>
#include <stdlib.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/random.h"
#include "../network/row.h"

/* Of a projection: the key of its lots, whatever other projections there are. */
static uint64_t key_of(const nai_network *net, const nai__projection *p, uint64_t seed)
{
  const nai__node *from = &net->node[p->from], *to = &net->node[p->to];
  const uint64_t sends = (uint64_t)from->order << 1 | (from->kind == NAI_INPUTS),
                 receives = (uint64_t)to->order << 1 | (to->kind == NAI_OUTPUTS);
  const uint64_t ends = nai__seed_derive(seed, NAI__FOR_INTERVENTION, receives << 32 | sends);
  return ends + (uint64_t)p->signal + ((uint64_t)p->port << 8);
}

/* A synapse's own, however it is stored; of several of a pair and a delay, each its own. */
static uint64_t draw_lot(uint64_t key, int64_t delay, int64_t pair, int64_t same)
{
  nai__stream stream = nai__stream_open(key + ((uint64_t)delay << 16), NAI__FOR_INTERVENTION,
                                        (uint64_t)pair, (uint32_t)same);
  return nai__stream_long(&stream);
}

/* What is done with the lot of a synapse whose sender is meant, and its place among bits. */
typedef void each_lot(void *user, uint64_t lot, int64_t place, const nai__row *synapse);

static void each_of_part(const nai__act *act, const nai_network *net, int64_t part, each_lot *do_it,
                         void *user)
{
  const nai__projection *p = &net->projection[act->projection];
  const nai__block *b = &net->block[p->block + part];
  const uint64_t key = key_of(net, p, act->seed);
  for (int64_t i = 0; i < p->n_post; i++) {
    int64_t before = -1, same = 0;
    for (nai__row row = nai__row_in(net, p, part, i); nai__row_next(&row); before = row.pre) {
      same = row.pre == before ? same + 1 : 0;
      if (!act->unit[row.pre]) continue;
      const int64_t pair = i * p->n_pre + row.pre;
      do_it(user, draw_lot(key, b->delay, pair, same),
            p->is_listed ? row.place - b->at.start : pair, &row);
    }
  }
}

/* Places of synapses in one block of a projection: there is a bit for each. */
static int64_t places_of(const nai_network *net, const nai__projection *p, int64_t block)
{
  const nai__compressed *list = net->block[block].synapses;
  return p->is_listed ? list->first[list->n] : p->n_post * p->n_pre;
}

int64_t nai__count_places(const nai_network *net, const nai__projection *p)
{
  int64_t n = 0;
  for (int64_t k = 0; k < p->n_parts; k++) n += places_of(net, p, p->block + k);
  return n;
}

nai_status nai__count_fraction(int64_t *out, const nai_network *net, const nai__projection *p,
                               double fraction, int64_t n)
{
  *out = (int64_t)floor(fraction * (double)n + 0.5);
  if (*out > 0) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID,
                   "fraction is %g, which is none of the %lld synapses from '%s' to '%s'", fraction,
                   (long long)n, nai__source_name(net, p), nai__target_name(net, p));
}

typedef struct lots {
  uint64_t *lot;
  int64_t n;
} lots;

static void keep_lot(void *user, uint64_t lot, int64_t place, const nai__row *synapse)
{
  lots *all = user;
  (void)place;
  (void)synapse;
  all->lot[all->n++] = lot;
}

static int compare_lots(const void *a, const void *b)
{
  const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

nai_status nai__draw_synapses(nai__act *act, const nai_network *net, double fraction)
{
  const nai__projection *p = &net->projection[act->projection];
  lots all = {NAI__ARRAY(uint64_t, nai__count_places(net, p) + 1), 0};
  int64_t chosen;
  if (!all.lot) return NAI_ERR_MEMORY;
  for (int64_t k = 0; k < p->n_parts; k++) each_of_part(act, net, k, keep_lot, &all);
  qsort(all.lot, (size_t)all.n, sizeof *all.lot, compare_lots);
  nai_status status = nai__count_fraction(&chosen, net, p, fraction, all.n);
  if (status == NAI_OK) act->largest = all.lot[chosen - 1];
  nai__free(all.lot);
  return status;
}

typedef struct choice {
  uint64_t *bits, largest;
  const int32_t *where; /* of places, or NULL: they are in order */
} choice;

static void choose_one(void *user, uint64_t lot, int64_t place, const nai__row *synapse)
{
  const choice *c = user;
  const int64_t bit = c->where ? c->where[place] : place;
  (void)synapse;
  if (lot <= c->largest) c->bits[bit / 64] |= UINT64_C(1) << bit % 64;
}

nai_status nai__mark_synapses(nai__act *act, const nai_network *net)
{
  const nai__projection *p = &net->projection[act->projection];
  const nai__block *b = &net->block[act->block];
  choice c = {NULL, act->largest, NULL};
  int32_t *where = NULL;
  if (act->largest == NAI__ALL_SYNAPSES) return NAI_OK;
  if (b->listing.fans) {
    where = nai__fans_places(b->listing.fans, b->synapses);
    if (!where) return NAI_ERR_MEMORY;
  }
  c.where = where;
  c.bits = act->chosen = NAI__ARRAY(uint64_t, places_of(net, p, act->block) / 64 + 2);
  if (act->chosen) each_of_part(act, net, act->block - p->block, choose_one, &c);
  nai__free(where);
  return act->chosen ? NAI_OK : NAI_ERR_MEMORY;
}

typedef struct drawn {
  uint8_t *marks;
  uint64_t largest;
} drawn;

static void mark_one(void *user, uint64_t lot, int64_t place, const nai__row *synapse)
{
  const drawn *d = user;
  (void)place;
  if (lot <= d->largest) d->marks[synapse->place] = 1;
}

void nai__drawn_synapses(uint8_t *marks, const nai__act *act, const nai_network *net)
{
  drawn d = {marks, act->largest};
  for (int64_t k = 0; k < net->projection[act->projection].n_parts; k++)
    each_of_part(act, net, k, mark_one, &d);
}

typedef struct factors {
  float *factor, much;
  const nai__act *act;
} factors;

static void scale_one(void *user, uint64_t lot, int64_t place, const nai__row *synapse)
{
  const factors *f = user;
  (void)place;
  if (lot <= f->act->largest)
    f->factor[synapse->place] *= nai__act_factor(f->act->value[synapse->pre], f->much);
}

void nai__multiply_factors(float *factor, const nai__act *act, const nai_network *net, float much)
{
  const nai__projection *p = &net->projection[act->projection];
  factors f = {factor, much, act};
  if (act->largest != NAI__ALL_SYNAPSES) {
    each_of_part(act, net, act->block - p->block, scale_one, &f);
    return;
  }
  for (int64_t i = 0; i < p->n_post; i++)
    for (nai__row row = nai__row_in(net, p, act->block - p->block, i); nai__row_next(&row);)
      scale_one(&f, 0, 0, &row);
}

int nai__chooses_synapses(const nai__act *act, const nai_network *net)
{
  if (act->projection < 0 || act->projection >= net->n_projections) return 0;
  const nai__projection *p = &net->projection[act->projection];
  if (act->block < p->block || act->block >= p->block + p->n_parts || act->n != p->n_pre) return 0;
  for (int64_t j = 0; j < act->n; j++)
    if (!(act->value[j] >= 0 && isfinite(act->value[j])) ||
        (act->unit[j] != 0 && act->unit[j] != 1))
      return 0;
  return 1;
}
