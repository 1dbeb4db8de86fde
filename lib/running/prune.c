/* Synapses that are taken away for good: those to go are marked first, then all of them go at once. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../network/row.h"
#include "draw_synapses.h"
#include "draw_units.h"
#include "intervene.h"

/* --- taking them away ------------------------------------------------------------------------- */

static int any_marked(const uint8_t *gone, const nai__rectangle *at)
{
  return memchr(gone + at->start, 1, (size_t)(at->rows * at->stride)) != NULL;
}

/* Of a matrix, as it will be. */
static nai_status list_rest(nai__listing *out, const nai_network *net, const nai__block *b,
                            const uint8_t *gone)
{
  const int64_t n = b->at.rows * b->at.stride;
  uint8_t *exists = NAI__ARRAY(uint8_t, n);
  if (!exists) return NAI_ERR_MEMORY;
  for (int64_t k = 0; k < n; k++)
    exists[k] = net->exists[b->at.start + k] != 0 && gone[b->at.start + k] == 0;
  const int64_t bytes = nai__layout_bytes(net) + nai__list_bytes(net, b, exists);
  nai_status status = nai__memory_check(net, bytes, "the network");
  if (status == NAI_OK) status = nai__list_block(out, net, b, exists);
  nai__free(exists);
  return status;
}

static nai_status list_all(nai__listing *listings, const nai_network *net, const uint8_t *gone)
{
  for (int64_t k = 0; k < net->n_blocks; k++)
    if (!net->block[k].is_listed && any_marked(gone, &net->block[k].at))
      NAI__TRY(list_rest(&listings[k], net, &net->block[k], gone));
  return NAI_OK;
}

/* Weights that were all alike differ from now on. */
static nai_status part_weights(nai_network *net, const uint8_t *gone)
{
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    int any = 0;
    for (int64_t i = p->block; i < p->block + p->n_parts; i++)
      any |= any_marked(gone, &net->block[i].at);
    if (any) NAI__TRY(nai__part_weights(net, p));
  }
  return NAI_OK;
}

static void remove_marked(nai_network *net, nai__listing *listings, const uint8_t *gone)
{
  for (int64_t k = 0; k < net->unit_bias; k++) {
    if (!gone[k]) continue;
    net->theta[k] = 0;
    net->exists[k] = net->plastic[k] = net->learns[k] = 0;
  }
  nai__find_plastic(net);
  for (int64_t k = 0; k < net->n_blocks; k++)
    if (!net->block[k].is_listed && any_marked(gone, &net->block[k].at))
      nai__use_listing(&net->block[k], &listings[k]);
  net->removals++;
  nai__pack(net);
}

/* All of them, or none. */
static nai_status remove_all(nai_network *net, const uint8_t *gone)
{
  nai__listing *listings = NAI__ARRAY(nai__listing, net->n_blocks + 1);
  nai_status status = listings ? part_weights(net, gone) : NAI_ERR_MEMORY;
  if (status == NAI_OK) status = list_all(listings, net, gone);
  if (status == NAI_OK)
    remove_marked(net, listings, gone);
  else
    for (int64_t k = 0; k < net->n_blocks && listings; k++) nai__listing_destroy(&listings[k]);
  nai__free(listings);
  return status;
}

/* --- marking some of a projection ------------------------------------------------------------- */

static void mark_all(uint8_t *gone, const nai_network *net, const nai__projection *p)
{
  for (int64_t i = 0; i < p->n_post; i++)
    for (nai__row row = nai__row_of(net, p, i); nai__row_next(&row);) gone[row.place] = 1;
}

/* As interventions draw them. */
static nai_status mark_drawn(uint8_t *gone, const nai_network *net, const nai__projection *p,
                             double fraction, uint64_t seed)
{
  nai__act act = {.projection = p - net->projection, .n = p->n_pre, .seed = seed};
  act.unit = NAI__ARRAY(int64_t, p->n_pre);
  if (!act.unit) return NAI_ERR_MEMORY;
  for (int64_t j = 0; j < p->n_pre; j++) act.unit[j] = 1;
  nai_status status = nai__draw_synapses(&act, net, fraction);
  if (status == NAI_OK) nai__drawn_synapses(gone, &act, net);
  nai__free(act.unit);
  return status;
}

typedef struct sized {
  float size;
  int64_t place;
} sized;

/* Of those that are as small, the first ones. */
static int compare_sizes(const void *a, const void *b)
{
  const sized *x = a, *y = b;
  if (x->size != y->size) return x->size < y->size ? -1 : 1;
  return (x->place > y->place) - (x->place < y->place);
}

static nai_status mark_smallest(uint8_t *gone, const nai_network *net, const nai__projection *p,
                                double fraction)
{
  int64_t n = 0, some;
  sized *all = NAI__ARRAY(sized, nai__count_places(net, p) + 1);
  if (!all) return NAI_ERR_MEMORY;
  for (int64_t i = 0; i < p->n_post; i++)
    for (nai__row row = nai__row_of(net, p, i); nai__row_next(&row);)
      all[n++] = (sized){fabsf(net->theta[row.place]), row.place};
  qsort(all, (size_t)n, sizeof *all, compare_sizes);
  nai_status status = nai__count_fraction(&some, net, p, fraction, n);
  for (int64_t k = 0; status == NAI_OK && k < some; k++) gone[all[k].place] = 1;
  nai__free(all);
  return status;
}

/* --- of projections --------------------------------------------------------------------------- */

typedef struct wish {
  const char *from, *to;
  double fraction;
  uint64_t seed;
  int smallest;
  const nai__some_units *units; /* in place of all these */
} wish;

static nai_status check_fraction(double fraction)
{
  if (fraction > 0 && fraction <= 1) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "fraction is %g, must be above 0 and at most 1", fraction);
}

static nai_status mark_projections(uint8_t *gone, const nai_network *net, const wish *w)
{
  NAI__TRY(nai__projections_known(net, w->from, w->to));
  NAI__TRY(check_fraction(w->fraction));
  NAI__EACH_PROJECTION(net, p, w->from, w->to) {
    if (w->fraction == 1)
      mark_all(gone, net, p);
    else if (w->smallest)
      NAI__TRY(mark_smallest(gone, net, p, w->fraction));
    else
      NAI__TRY(mark_drawn(gone, net, p, w->fraction, w->seed));
  }
  return NAI_OK;
}

/* --- of units --------------------------------------------------------------------------------- */

/* `cut` [n_units], by their columns: those onto them and those from them. */
static void mark_of_units(uint8_t *gone, const nai_network *net, const uint8_t *cut)
{
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    const nai__node *from = &net->node[p->from], *to = &net->node[p->to];
    const int sends = from->kind == NAI_POPULATIONS, receives = to->kind == NAI_POPULATIONS;
    for (int64_t i = 0; i < p->n_post; i++)
      for (nai__row row = nai__row_of(net, p, i); nai__row_next(&row);)
        if ((receives && cut[to->offset + i % to->n]) || (sends && cut[from->offset + row.pre]))
          gone[row.place] = 1;
  }
}

static nai_status cut_some(uint8_t *cut, const nai__node *node, const nai_intervention *which)
{
  int64_t count;
  const int64_t n = which->n_units == NAI_ALL_UNITS ? node->n : which->n_units;
  nai__candidate *found = NAI__ARRAY(nai__candidate, n + 1);
  if (!found) return NAI_ERR_MEMORY;
  nai_status status = nai__draw_units(&count, found, node, which);
  for (int64_t k = 0; status == NAI_OK && k < count; k++) cut[node->offset + found[k].unit] = 1;
  nai__free(found);
  return status;
}

static nai_status mark_units(uint8_t *gone, const nai_network *net, const wish *w, uint8_t *cut)
{
  const nai_intervention which = {.names = w->units->names,
                                  .units = w->units->units,
                                  .n_units = w->units->n,
                                  .fraction = w->fraction,
                                  .seed = w->seed};
  NAI__TRY(nai__names_known(net, NAI__KIND(NAI_POPULATIONS), w->units->names, "names"));
  NAI__TRY(nai__units_check(net, w->units, NAI__SOURCE, cut));
  NAI__TRY(check_fraction(w->fraction));
  NAI__EACH_NODE(net, k, NAI__KIND(NAI_POPULATIONS), w->units->names)
    NAI__TRY(cut_some(cut, &net->node[k], &which));
  mark_of_units(gone, net, cut);
  return NAI_OK;
}

/* --- either ----------------------------------------------------------------------------------- */

static nai_status prune(nai_network *net, const wish *w)
{
  uint8_t *gone = NAI__ARRAY(uint8_t, net->n_theta), *cut = NAI__ARRAY(uint8_t, net->ld_units);
  nai_status status = gone && cut ? NAI_OK : NAI_ERR_MEMORY;
  if (status == NAI_OK)
    status = w->units ? mark_units(gone, net, w, cut) : mark_projections(gone, net, w);
  if (status == NAI_OK) status = remove_all(net, gone);
  nai__free(gone);
  nai__free(cut);
  return status;
}

/* Not while weights move: an update that fails puts them back. */
static nai_status enter(nai_network *net, const wish *w)
{
  int before;
  NAI__TRY(nai__require_built(net, "net"));
  NAI__TRY(nai__whole_check(net, "pruning"));
  NAI__TRY(nai__busy_enter(&before, &net->busy, NAI__MOVING, "the network"));
  nai_status status = prune(net, w);
  nai__busy_leave(&net->busy, before);
  return status;
}

nai_status nai_network_prune(nai_network *net, const char *from, const char *to, double fraction,
                             uint64_t seed)
{
  return enter(net, &(wish){.from = from, .to = to, .fraction = fraction, .seed = seed});
}

nai_status nai_network_prune_smallest(nai_network *net, const char *from, const char *to,
                                      double fraction)
{
  return enter(net, &(wish){.from = from, .to = to, .fraction = fraction, .smallest = 1});
}

nai_status nai_network_prune_units(nai_network *net, const char *names, const int64_t *units,
                                   int64_t n, double fraction, uint64_t seed)
{
  const nai__some_units which = {.names = names, .units = units, .n = n};
  return enter(net, &(wish){.fraction = fraction, .seed = seed, .units = &which});
}
