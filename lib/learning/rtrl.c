/*
 * Real-time recurrent learning (Williams & Zipser 1989): dJ/dp as the sum over steps of what J gains
 * by the tangent dr(t)/dp, which goes forward in time.
 *
 * Weights are still within a trial, and the activity of the batch is kept; so the rows of the
 * influence matrix, one a parameter, need each other no more: a few rows at a time go through all
 * trials, and the matrix, units times parameters, never stands in memory. Threads share out the
 * rows. It costs n^2 a parameter, step and trial, n^4 in all, where backpropagation costs n^2.
 */
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../network/row.h"
#include "backward.h"
#include "tangent.h"

/* Rows that go together: few enough for the cache, enough for a product to pay. */
#define ROWS 32

/* One parameter: where it is in theta, and the unit that it acts on. */
typedef struct parameter {
  int64_t at, unit;
  int64_t sender; /* column of its block's source, where it is a synapse */
  const nai__block *block;
  int is_initial; /* neither this nor a block: a bias */
} parameter;

typedef struct rtrl {
  parameter *parameter; /* [all that exist]: those that are plastic now */
  int64_t n;
  nai__tangent *tangent; /* [threads] */
  int32_t threads;
} rtrl;

/* --- parameters ------------------------------------------------------------------------------- */

/* Those with flag[..] != 0, into `out` where it is not NULL. */
static int64_t list(parameter *out, const nai_network *net, const uint8_t *flag)
{
  int64_t n = 0;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    for (int64_t i = 0; i < b->n_post && !b->to_output; i++) {
      const nai__strip strip = nai__strip_of(b, i);
      for (int64_t j = 0; j < strip.n; j++) {
        int64_t at = strip.at + j, sender = strip.sender ? strip.sender[j] : j;
        if (flag[at] == 0) continue;
        if (out) out[n] = (parameter){.at = at, .unit = b->post + i, .sender = sender, .block = b};
        n++;
      }
    }
  }
  for (int is_initial = 0; is_initial < 2; is_initial++) {
    int64_t first = is_initial ? net->unit_initial : net->unit_bias;
    for (int64_t u = 0; u < net->n_units; u++) {
      if (flag[first + u] == 0) continue;
      if (out) out[n] = (parameter){.at = first + u, .unit = u, .is_initial = is_initial};
      n++;
    }
  }
  return n;
}

/* --- memory ----------------------------------------------------------------------------------- */

static void release_threads(rtrl *r)
{
  for (int32_t i = 0; i < r->threads; i++) nai__tangent_destroy(&r->tangent[i]);
  nai__free(r->tangent);
  r->tangent = NULL;
  r->threads = 0;
}

static void detach(nai__learner *learner)
{
  rtrl *r = learner->own;
  if (!r) return;
  release_threads(r);
  nai__free(r->parameter);
  nai__free(r);
}

static int64_t memory(const nai_rule *rule, const nai_network *net, int64_t trials, int64_t threads)
{
  (void)rule, (void)trials;
  return list(NULL, net, net->exists) * (int64_t)sizeof(parameter) +
         threads * nai__tangent_bytes(net, ROWS);
}

/* Tangents for so many threads; allocates only when they are more than ever before. */
static nai_status prepare(rtrl *r, const nai_network *net, int32_t threads)
{
  if (threads <= r->threads) return NAI_OK;
  release_threads(r);
  r->tangent = NAI__ARRAY(nai__tangent, threads);
  if (!r->tangent) return NAI_ERR_MEMORY;
  for (; r->threads < threads; r->threads++) {
    nai_status status = nai__tangent_create(&r->tangent[r->threads], net, ROWS);
    if (status == NAI_OK) continue;
    release_threads(r);
    return status;
  }
  return NAI_OK;
}

static nai_status attach(nai__learner *learner)
{
  const nai_network *net = learner->net;
  rtrl *r = learner->own = NAI__NEW(rtrl);
  if (!r) return NAI_ERR_MEMORY;
  r->parameter = NAI__ARRAY(parameter, list(NULL, net, net->exists));
  if (!r->parameter) return NAI_ERR_MEMORY;
  return prepare(r, net, 1);
}

/* --- rows of the influence matrix ------------------------------------------------------------- */

static void begin(nai__tangent *tangent, const parameter *p, int64_t rows, const nai__pass *pass,
                  int64_t trial)
{
  nai__tangent_clear(tangent, rows);
  for (int64_t i = 0; i < rows; i++)
    if (p[i].is_initial) tangent->x[i * pass->net->ld_units + p[i].unit] = 1;
  nai__tangent_begin(tangent, pass, trial);
}

/* What moves with a parameter at once: the unit that it acts on receives more. */
static void act(nai__tangent *tangent, const parameter *p, const nai__pass *pass, int64_t trial,
                int64_t t)
{
  for (int64_t i = 0; i < tangent->rows; i++) {
    if (p[i].is_initial) continue;
    float sent = p[i].block ? nai__source_of(pass, p[i].block, trial, t)[p[i].sender] : 1;
    tangent->v[i * pass->net->ld_units + p[i].unit] = sent;
  }
}

typedef struct job {
  rtrl *rtrl;
  nai__pass *pass;
} job;

static void walk_rows(void *argument, int64_t task, int32_t thread)
{
  const job *job = argument;
  nai__pass *pass = job->pass;
  nai__tangent *tangent = &job->rtrl->tangent[thread];
  const parameter *p = job->rtrl->parameter + task * ROWS;
  int64_t left = job->rtrl->n - task * ROWS, rows = left < ROWS ? left : ROWS;
  double gradient[ROWS] = {0};
  for (int64_t trial = 0; trial < pass->trials; trial++) {
    int64_t last = nai__last_step(pass, trial);
    begin(tangent, p, rows, pass, trial);
    int64_t work = rows * pass->net->n_theta;
    for (int64_t t = 1; t <= last && !nai__pool_ended(pass->pool, thread, work); t++) {
      nai__tangent_open(tangent, pass, trial, t);
      act(tangent, p, pass, trial, t);
      nai__tangent_step(tangent, t);
      nai__tangent_gain(tangent, pass, trial, t, gradient);
    }
  }
  for (int64_t i = 0; i < rows; i++) pass->gradient[p[i].at] = (float)gradient[i];
}

static nai_status estimate(nai__learner *learner, nai__pass *pass)
{
  rtrl *r = learner->own;
  const nai__route nowhere = {.backward = NULL};
  NAI__TRY(prepare(r, pass->net, nai__pool_threads(pass->pool)));
  nai__collect_signals(pass, &nowhere); /* the readout, and dJ/dr of costs on rates */
  r->n = list(r->parameter, pass->net, pass->net->plastic);
  job job = {r, pass};
  for (int32_t i = 0; i < r->threads; i++) nai__failure_clear(&r->tangent[i].failed);
  nai__pool_run_here(pass->pool, pass->net->is_bound, (r->n + ROWS - 1) / ROWS, walk_rows, &job);
  for (int32_t i = 0; i < r->threads; i++) NAI__TRY(nai__failure_raise(&r->tangent[i].failed));
  return NAI_OK;
}

nai_status nai_rule_create_rtrl(nai_rule **out)
{
  static const nai__rule_kind kind = {.name = "rtrl",
                                      .costs = NAI__LEARNS_FROM_ACTIVITY,
                                      .attach = attach,
                                      .memory = memory,
                                      .detach = detach,
                                      .estimate = estimate,
                                      .in_shards = 1,
                                      .units = NAI__UNITS_WITH_SLOPES,
                                      .released = 1};
  return nai__rule_create(out, &kind, 0);
}
