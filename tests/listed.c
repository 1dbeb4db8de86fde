/* What tests of listed projections share: see listed.h. */
#include "listed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/network/network.h"
#include "faults.h"

synapses synapses_of(const nai_network *net)
{
  synapses s;
  nai_synapse_arrays room = NAI_SYNAPSE_ARRAYS_INIT;
  expect_ok(nai_network_synapses(NULL, 0, &s.n, net, "*", "*"));
  size_t n = (size_t)s.n + 1;
  room.projection = s.projection = malloc(n * sizeof *s.projection);
  room.post = s.post = malloc(n * sizeof *s.post);
  room.pre = s.pre = malloc(n * sizeof *s.pre);
  room.weight = s.weight = malloc(n * sizeof *s.weight);
  room.plastic = s.plastic = malloc(n);
  expect_ok(nai_network_synapses(&room, s.n, &s.n, net, "*", "*"));
  return s;
}

void synapses_free(synapses *s)
{
  free(s->projection);
  free(s->post);
  free(s->pre);
  free(s->weight);
  free(s->plastic);
}

void expect_same_synapses(const nai_network *one, const nai_network *other, double most)
{
  synapses a = synapses_of(one), b = synapses_of(other);
  double largest = 0;
  ck_assert_int_eq(a.n, b.n);
  ck_assert_int_gt(a.n, 0);
  for (int64_t k = 0; k < a.n; k++) largest = fmax(largest, fabs((double)b.weight[k]));
  for (int64_t k = 0; k < a.n; k++) {
    EXPECT(a.projection[k] == b.projection[k] && a.post[k] == b.post[k] && a.pre[k] == b.pre[k]);
    EXPECT(a.plastic[k] == b.plastic[k]);
    if (!(fabs((double)a.weight[k] - (double)b.weight[k]) <= most * largest))
      ck_abort_msg("synapse %lld of %lld: %g, not %g", (long long)k, (long long)a.n,
                   (double)a.weight[k], (double)b.weight[k]);
  }
  synapses_free(&a);
  synapses_free(&b);
}

int64_t listed_in(const nai_network *net)
{
  int64_t n = 0;
  for (int64_t i = 0; i < net->n_projections; i++) n += net->projection[i].is_listed;
  return n;
}

void constrain_by(nai_network *net, const char *from, const char *to, nai_status made,
                  nai_constraint **constraint)
{
  expect_ok(made);
  expect_ok(nai_network_constrain(net, from, to, *constraint));
  nai_constraint_destroy(*constraint);
}

void build_without_memory(nai_network *(*compose)(void), int least)
{
  nai_status status = NAI_ERR_MEMORY;
  int failed = 0;
  for (; status == NAI_ERR_MEMORY; failed++) {
    nai_network *net = compose(), *copy = NULL;
    faults_fail_allocation(failed);
    status = nai_network_build(net, 5);
    if (status == NAI_OK) status = nai_network_copy(&copy, net);
    faults_fail_allocation(-1);
    nai_network_destroy(copy);
    nai_network_destroy(net);
  }
  expect_ok(status);
  EXPECT(failed > least);
}

/* Feedback of a listed projection has a number for each synapse; of a dense one it takes those. */
/* [n_pre][n_post] of one projection, as it is set; NULL: it has none. */
static float *feedback_of(const nai_trainer *trainer, const nai_network *net,
                          const nai__projection *p)
{
  const nai__compressed *list = net->block[p->block].synapses;
  nai_view given = NAI_VIEW_INIT;
  if (nai_trainer_feedback(&given, trainer, nai__source_name(net, p), nai__target_name(net, p)) !=
      NAI_OK)
    return NULL;
  float *values = calloc((size_t)(p->n_post * p->n_pre), sizeof *values);
  ck_assert(given.shape[0] == p->at.columns && given.shape[1] == p->at.rows);
  for (int64_t i = 0; i < p->n_post; i++)
    for (int64_t e = list ? list->first[i] : 0; e < (list ? list->first[i + 1] : p->n_pre); e++)
      values[(list ? list->sender[e] : e) * p->n_post + i] =
          list ? at(&given, e, 0) : at(&given, e, i);
  return values;
}

void copy_feedback(nai_trainer *to, const nai_trainer *from, const nai_network *listed)
{
  for (int64_t k = 0; k < listed->n_projections; k++) {
    const nai__projection *p = &listed->projection[k];
    float *values = feedback_of(from, listed, p);
    if (values)
      expect_ok(nai_trainer_set_feedback(to, nai__source_name(listed, p),
                                         nai__target_name(listed, p), values));
    free(values);
  }
}

int has_feedback(const char *rule)
{
  static const char *const rules[] = {"feedback_alignment", "kolen_pollack", "eprop_adaptive",
                                      "weight_mirror"};
  for (int i = 0; i < (int)(sizeof rules / sizeof *rules); i++)
    if (strcmp(rule, rules[i]) == 0) return 1;
  return 0;
}
