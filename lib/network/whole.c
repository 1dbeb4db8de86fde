/* Listed projections as matrices, for those who know no lists. */
#include "whole.h"

#include <stdio.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "row.h"

static nai_status check(const nai_network *net, const nai__projection *p, int64_t floats,
                        const char *user)
{
  char what[300];
  const int64_t pairs = p->n_post * p->n_pre;
  snprintf(what, sizeof what,
           "the network with a matrix of the listed projection from '%.60s' to '%.60s', as '%.60s' "
           "knows no lists,",
           nai__source_name(net, p), nai__target_name(net, p), user);
  return nai__memory_check(
      net, nai__layout_bytes(net) + pairs * (floats * (int64_t)sizeof(float) + 2), what);
}

static void show(nai__whole *w, const nai_network *net, const float *momentum)
{
  const nai__projection *p = w->p;
  for (int64_t i = 0; i < p->n_post; i++)
    for (nai__row row = nai__row_of(net, p, i); nai__row_next(&row);) {
      const int64_t k = i * p->n_pre + row.pre;
      w->shown.weight[k] = net->theta[row.place];
      w->shown.exists[k] = 1;
      w->shown.plastic[k] = net->plastic[row.place];
      if (momentum) w->shown.momentum[k] = momentum[row.place];
    }
}

nai_status nai__whole_open(nai__whole *w, const nai_network *net, const nai__projection *p,
                           const float *momentum, int gradient, const char *user)
{
  const nai__node *pre = &net->node[p->from];
  const int64_t pairs = p->n_post * p->n_pre, floats = 1 + (momentum || gradient);
  *w = (nai__whole){.p = p, .shown = nai__synapses(net, p, NULL, NULL)};
  NAI__TRY(check(net, p, floats, user));
  w->floats = NAI__ARRAY(float, floats *pairs);
  w->flags = NAI__ARRAY(uint8_t, 2 * pairs);
  if (!w->floats || !w->flags) return NAI_ERR_MEMORY;
  w->shown.n_post = p->n_post;
  w->shown.n_pre = w->shown.stride = p->n_pre;
  w->shown.post_position = nai__onto_position(net, p);
  w->shown.pre_position = pre->position;
  w->shown.weight = w->floats;
  w->shown.gradient = gradient ? w->floats + pairs : NULL;
  w->shown.momentum = momentum ? w->floats + pairs : NULL;
  w->shown.exists = w->flags;
  w->shown.plastic = w->flags + pairs;
  show(w, net, momentum);
  return NAI_OK;
}

void nai__whole_take(const nai__whole *w, const nai_network *net, float *momentum)
{
  for (int64_t i = 0; i < w->p->n_post; i++)
    for (nai__row row = nai__row_of(net, w->p, i); nai__row_next(&row);) {
      const int64_t k = i * w->p->n_pre + row.pre;
      net->theta[row.place] = w->shown.weight[k];
      if (momentum) momentum[row.place] = w->shown.momentum[k];
    }
}

void nai__whole_add(const nai__whole *w, const nai_network *net, float *gradient)
{
  for (int64_t i = 0; i < w->p->n_post; i++)
    for (nai__row row = nai__row_of(net, w->p, i); nai__row_next(&row);)
      gradient[row.place] += w->shown.gradient[i * w->p->n_pre + row.pre];
}

void nai__whole_close(nai__whole *w)
{
  nai__free(w->floats);
  nai__free(w->flags);
  w->floats = NULL;
  w->flags = NULL;
}
