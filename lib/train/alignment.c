/*
 * How well a rule does: its estimate beside the exact gradient, on the same activity, projection by
 * projection. What is compared is dJ/dtheta of the costs on outputs and rates, which is what a rule
 * has to find out; costs on weights add their own exact gradient to any.
 */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "trainer.h"

/* --- memory ----------------------------------------------------------------------------------- */

void nai__alignment_destroy(nai__alignment *a)
{
  nai__learner_destroy(a->learner);
  nai_rule_destroy(a->rule);
  nai__free(a->exact);
  nai__free(a->estimate);
  *a = (nai__alignment){0};
}

static nai_status allocate(nai__alignment *a, const nai_trainer *trainer)
{
  NAI__TRY(nai_rule_create_bptt(&a->rule));
  NAI__TRY(nai__learner_create(&a->learner, a->rule, trainer->plasticity.net,
                               (nai__watch){.call = NULL},
                               nai__plasticity_bytes(&trainer->plasticity, 1, 1)));
  a->exact = NAI__ARRAY(float, trainer->plasticity.net->n_theta);
  a->estimate = NAI__ARRAY(float, trainer->plasticity.net->n_theta);
  return a->exact && a->estimate ? NAI_OK : NAI_ERR_MEMORY;
}

static nai_status prepare(nai_trainer *trainer)
{
  nai__alignment *a = &trainer->alignment;
  if (a->estimate) return NAI_OK;
  nai_status status = allocate(a, trainer);
  if (status != NAI_OK) nai__alignment_destroy(a);
  return status;
}

/* --- estimates -------------------------------------------------------------------------------- */

static void copy_plastic(float *out, const nai_trainer *trainer)
{
  const uint8_t *plastic = trainer->plasticity.net->plastic;
  const float *gradient = trainer->plasticity.gradient;
  for (int64_t i = 0; i < trainer->plasticity.net->n_theta; i++)
    out[i] = plastic[i] != 0 ? gradient[i] : 0;
}

/* The exact gradient of a long trial can overflow where a rule's estimate does not. */
static nai_status find_exact(nai_trainer *trainer, const nai_trials *trials)
{
  nai__alignment *a = &trainer->alignment;
  const nai_network *net = trainer->plasticity.net;
  NAI__TRY(nai__trainer_estimate(trainer, a->learner, trials));
  copy_plastic(a->exact, trainer);
  if (isfinite(nai__norm(a->exact, net, trainer->pool))) return NAI_OK;
  return nai__fail_nonfinite(&trainer->plasticity, &trainer->batch, trainer->step + 1);
}

/* Last: what stays to be read is as after nai_trainer_estimate_gradient(). */
static nai_status find_estimate(nai_trainer *trainer, const nai_trials *trials)
{
  nai__plasticity *p = &trainer->plasticity;
  NAI__TRY(nai__kept_save(p));
  nai_status status = nai__trainer_estimate(trainer, p->learner, trials);
  nai__kept_put_back(p);
  NAI__TRY(status);
  copy_plastic(trainer->alignment.estimate, trainer);
  return nai__trainer_complete(trainer, trials);
}

static nai_status compare(nai_trainer *trainer, const nai_trials *trials)
{
  trainer->alignment.known = 0;
  NAI__TRY(nai__trainer_forward(trainer, trials));
  NAI__TRY(find_exact(trainer, trials));
  NAI__TRY(find_estimate(trainer, trials));
  trainer->alignment.known = 1;
  return NAI_OK;
}

static nai_status measure(nai_trainer *trainer, const nai_trials *trials)
{
  if (!trainer->plasticity.rule->kind->estimate)
    return nai__fail(NAI_ERR_UNSUPPORTED, "rule '%s' makes no estimate of the gradient",
                     trainer->plasticity.rule->kind->name);
  if (!trials) NAI__TRY(nai__trainer_draw(&trials, trainer));
  NAI__TRY(prepare(trainer));
  NAI__TRY(nai__trainer_prepare(trainer, trials));
  nai__pool_watch(trainer->pool, &trainer->watch);
  nai_status status = compare(trainer, trials);
  nai__pool_watch(trainer->pool, NULL);
  return nai__trainer_stopped(status);
}

nai_status nai_trainer_measure_alignment(nai_trainer *trainer, const nai_trials *trials)
{
  nai__work turn;
  NAI__REQUIRE(trainer);
  NAI__TRY(nai__work_begin(&turn, &trainer->plasticity, NAI__LOOKING));
  nai_status status = measure(trainer, trials);
  nai__work_end(&turn);
  return status;
}

/* --- reading ---------------------------------------------------------------------------------- */

static nai_status find_part(nai__rectangle *out, const nai_network *net, const char *from,
                            const char *to)
{
  *out = (nai__rectangle){0, 1, net->n_theta, net->n_theta};
  if (!from && !to) return NAI_OK;
  if (!to) {
    const nai__node *node;
    NAI__TRY(nai__node_find(&node, net, NAI__KIND(NAI_POPULATIONS) | NAI__KIND(NAI_OUTPUTS), from,
                            "from"));
    *out = nai__bias_at(net, node);
    return NAI_OK;
  }
  const nai__projection *p;
  NAI__TRY(nai__projection_find(&p, net, from, to));
  *out = p->at;
  return NAI_OK;
}

static double dot(const float *x, const float *y, const nai__rectangle *part)
{
  double sum = 0;
  for (int64_t i = 0; i < part->rows; i++)
    for (int64_t j = 0; j < part->columns; j++) {
      int64_t at = nai__place_in(part, i, j);
      sum += (double)x[at] * (double)y[at];
    }
  return sum;
}

nai_status nai_trainer_alignment(double *cosine, double *ratio, const nai_trainer *trainer,
                                 const char *from, const char *to)
{
  NAI__REQUIRE(trainer);
  const nai__alignment *a = &trainer->alignment;
  nai__rectangle part;
  NAI__TRY(find_part(&part, trainer->plasticity.net, from, to));
  if (!a->known) return nai__fail(NAI_ERR_ORDER, "there is no alignment yet: measure it first");
  double exact = sqrt(dot(a->exact, a->exact, &part));
  double estimate = sqrt(dot(a->estimate, a->estimate, &part));
  double between = dot(a->exact, a->estimate, &part), both = exact * estimate;
  if (cosine) *cosine = both > 0 ? fmin(fmax(between / both, -1), 1) : NAN;
  if (ratio) *ratio = exact > 0 ? estimate / exact : NAN;
  return NAI_OK;
}
