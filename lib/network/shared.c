/*
 * Blocks of projections whose synapses all share one weight, and are all there: what each receiver gets
 * is the sum of what is sent times that weight, so a product takes a pass over senders and one over
 * receivers, as the mean field of a population does (Wang 2002).
 */
#include <string.h>

#include "../base/error.h"
#include "network.h"

/* What is not said to learn or be constrained keeps the weight it was given. */
int nai__has_one_weight(const nai__projection *p)
{
  if (nai__multapses(p)) return 0;
  return p->weights == NAI_WEIGHTS_CONSTANT && !p->plastic && !nai__is_projected(p);
}

/* The weight, and whether there is a synapse everywhere; else a unit has none onto itself. */
typedef struct shared {
  float weight;
  int all;
} shared;

static shared shared_of(const nai_network *net, const nai__projection *p)
{
  const int all = p->from != p->to || p->autapses;
  if (!all && p->n_pre == 1) return (shared){0, 0};
  return (shared){net->theta[p->at.start + (all ? 0 : 1)], all};
}

static void add_to_all(float *c, float x, int64_t n)
{
  for (int64_t i = 0; i < n; i++) c[i] += x;
}

static void take_own(float *c, const float *a, float weight, int64_t n)
{
  for (int64_t i = 0; i < n; i++) c[i] -= weight * a[i];
}

static void add_sum(const nai_network *net, const nai__block *b, const nai__projection *p, float *c,
                    const float *a, int back)
{
  const shared s = shared_of(net, p);
  const int64_t pre = p->pre - b->pre, post = p->post - b->post;
  const float *from = a + (back ? post : pre);
  float *to = c + (back ? pre : post);
  const float sum = net->kernels->row_sum(from, back ? p->n_post : p->n_pre);
  add_to_all(to, s.weight * sum, back ? p->n_pre : p->n_post);
  if (!s.all) take_own(to, from, s.weight, p->n_post); /* as many as senders */
}

/* c += what projections of the block carry of a: to receivers, or `back` to senders. */
static void add_sums(const nai_network *net, const nai__block *b, float *c, const float *a,
                     int back)
{
  for (const nai__projection *p = nai__projection_number(net, b->first_shared); p;
       p = nai__projection_number(net, p->next_shared))
    add_sum(net, b, p, c, a, back);
}

void nai__shared_add(const nai_network *net, const nai__block *b, const nai__projection *p,
                     float *c, const float *a)
{
  add_sum(net, b, p, c, a, 0);
}

void nai__shared_product(const nai_network *net, const nai__block *b, float *c, const float *a,
                         int accumulate)
{
  if (!accumulate) memset(c, 0, (size_t)b->n_post * sizeof *c);
  add_sums(net, b, c, a, 0);
}

void nai__shared_product_back(const nai_network *net, const nai__block *b, float *c, const float *a,
                              int accumulate)
{
  if (!accumulate) memset(c, 0, (size_t)b->n_pre * sizeof *c);
  add_sums(net, b, c, a, 1);
}

/* --- whether it may be, and no more ----------------------------------------------------------- */

int nai__can_share(const nai__projection *p)
{
  return nai__has_one_weight(p) && !nai__is_wired(p) && !p->spread;
}

/* A sum over senders costs little more than a row of the matrix: small ones stay with their block. */
#define SHARED_PROJECTION ((int64_t)1 << 12)

void nai__choose_shared(nai__projection *p)
{
  p->is_shared = p->storage == NAI_STORAGE_SHARED ||
                 (p->storage == NAI_STORAGE_CHOSEN && !p->is_listed && nai__can_share(p) &&
                  p->n_post * p->n_pre >= SHARED_PROJECTION);
}

nai_status nai__shared_check(const nai_network *net)
{
  for (int64_t i = 0; i < net->n_projections; i++) {
    const nai__projection *p = &net->projection[i];
    if (p->storage == NAI_STORAGE_SHARED && !nai__can_share(p))
      return nai__fail(NAI_ERR_INVALID,
                       "synapses from '%s' to '%s' cannot share one weight: for that they all "
                       "exist, start from NAI_WEIGHTS_CONSTANT, have one delay and are not plastic",
                       nai__source_name(net, p), nai__target_name(net, p));
  }
  return NAI_OK;
}

static int is_one_weight(const nai_network *net, const nai__projection *p)
{
  const shared s = shared_of(net, p);
  for (int64_t i = 0; i < p->n_post; i++)
    for (int64_t j = 0; j < p->n_pre; j++) {
      const int64_t at = nai__place_in(&p->at, i, j);
      const int there = s.all || i != j;
      if (net->exists[at] != there || net->theta[at] != (there ? s.weight : 0)) return 0;
    }
  return 1;
}

nai_status nai__shared_verify(const nai_network *net)
{
  NAI__TRY(nai__shared_check(net));
  for (int64_t i = 0; i < net->n_projections; i++) {
    const nai__projection *p = &net->projection[i];
    if (p->is_shared && !is_one_weight(net, p))
      return nai__fail(NAI_ERR_FORMAT,
                       "synapses from '%s' to '%s' should share one weight, but they differ",
                       nai__source_name(net, p), nai__target_name(net, p));
  }
  return NAI_OK;
}
