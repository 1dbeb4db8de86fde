/* The memory of what moves weights. */
#include "plasticity.h"

#include <assert.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"

/* --- one at a time ------------------------------------------------------------------------------- */

nai_status nai__work_begin(nai__work *work, nai__plasticity *p, enum nai__doing doing)
{
  *work = (nai__work){.p = p};
  NAI__TRY(nai__busy_enter(&work->before, &p->busy, doing, "the trainer"));
  nai_status status = nai__busy_enter(&work->net_before, &p->net->busy, doing, "the network");
  if (status != NAI_OK) nai__busy_leave(&p->busy, work->before);
  return status;
}

void nai__work_end(const nai__work *work)
{
  nai__plasticity *p = work->p;
  nai__busy_leave(&p->net->busy, work->net_before);
  nai__busy_leave(&p->busy, work->before);
  if (p->release && !nai__busy_is_taken(&p->busy)) p->release(p->trainer);
}

void nai__work_lend(nai__plasticity *p, enum nai__doing doing)
{
  p->busy.lent = doing;
  p->net->busy.lent = doing == NAI__LOOKING ? NAI__MOVING : doing;
}

/* --- what was ------------------------------------------------------------------------------------ */

nai_status nai__past_create(nai__past *out, const nai__plasticity *p)
{
  int64_t n = p->net->n_theta;
  *out = (nai__past){NAI__ARRAY(float, n), NULL, NULL, 0};
  if (p->mean) out->mean = NAI__ARRAY(float, n);
  if (p->square) out->square = NAI__ARRAY(float, n);
  if (out->theta && (out->mean || !p->mean) && (out->square || !p->square)) return NAI_OK;
  nai__past_destroy(out);
  return NAI_ERR_MEMORY;
}

void nai__past_destroy(nai__past *past)
{
  nai__free(past->theta);
  nai__free(past->mean);
  nai__free(past->square);
  *past = (nai__past){NULL, NULL, NULL, 0};
}

/* Of weights only those that may learn; moments of all, for those of frozen weights fade. */
static void copy_weights(float *to, const float *from, const nai_network *net)
{
  for (int64_t k = 0; k < net->n_stretches; k++)
    memcpy(to + net->stretch[k].first, from + net->stretch[k].first,
           (size_t)(net->stretch[k].end - net->stretch[k].first) * sizeof *to);
}

void nai__past_take_part(nai__past *past, const nai__plasticity *p, int64_t first, int64_t n)
{
  size_t bytes = (size_t)n * sizeof(float);
  memcpy(past->theta + first, p->net->theta + first, bytes);
  if (p->mean) memcpy(past->mean + first, p->mean + first, bytes);
  if (p->square) memcpy(past->square + first, p->square + first, bytes);
}

void nai__past_take(nai__past *past, const nai__plasticity *p)
{
  size_t bytes = (size_t)p->net->n_theta * sizeof(float);
  copy_weights(past->theta, p->net->theta, p->net);
  if (p->mean) memcpy(past->mean, p->mean, bytes);
  if (p->square) memcpy(past->square, p->square, bytes);
  past->moves = p->moves;
}

void nai__past_put_back(const nai__past *past, nai__plasticity *p)
{
  size_t bytes = (size_t)p->net->n_theta * sizeof(float);
  copy_weights(p->net->theta, past->theta, p->net);
  if (p->mean) memcpy(p->mean, past->mean, bytes);
  if (p->square) memcpy(p->square, past->square, bytes);
  p->moves = past->moves;
  p->are_ordinary = 0;
}

/* Bytes of it that an update may change. */
static size_t changing(const nai__kept *kept)
{
  return kept->fixed ? 0 : nai__kept_size(kept);
}

static nai_status make_room(nai__plasticity *p, size_t bytes)
{
  if (p->kept && p->kept_room >= bytes) return NAI_OK;
  char *kept = NAI__ARRAY(char, (int64_t)bytes);
  if (!kept) return NAI_ERR_MEMORY;
  nai__free(p->kept);
  p->kept = kept;
  p->kept_room = bytes;
  return NAI_OK;
}

nai_status nai__kept_save(nai__plasticity *p)
{
  NAI__TRY(nai__learner_fit(p->learner));
  const nai__learner *learner = p->learner;
  size_t size = 0;
  for (int i = 0; i < learner->n_kept; i++) size += changing(&learner->kept[i]);
  NAI__TRY(make_room(p, size + 1));
  char *room = p->kept;
  for (int i = 0; i < learner->n_kept; i++) {
    size = changing(&learner->kept[i]);
    memcpy(room, nai__kept_memory(&learner->kept[i]), size);
    room += size;
  }
  return NAI_OK;
}

void nai__kept_put_back(nai__plasticity *p)
{
  const nai__learner *learner = p->learner;
  const char *room = p->kept;
  assert(room); /* saved before */
  for (int i = 0; i < learner->n_kept; i++) {
    size_t size = changing(&learner->kept[i]);
    memcpy(nai__kept_memory(&learner->kept[i]), room, size);
    room += size;
  }
  nai__learner_refresh(p->learner);
}

/* --- life ---------------------------------------------------------------------------------------- */

static nai_status allocate(nai__plasticity *p)
{
  int64_t n = p->net->n_theta;
  const nai__optimizer_kind *kind = p->optimizer->kind;
  p->gradient = NAI__ARRAY(float, n);
  if (kind->keeps_mean) p->mean = NAI__ARRAY(float, n);
  if (kind->keeps_square) p->square = NAI__ARRAY(float, n);
  if (!p->gradient || (kind->keeps_mean && !p->mean) || (kind->keeps_square && !p->square))
    return NAI_ERR_MEMORY;
  return nai__past_create(&p->before, p);
}

/* Gradient and moments, and theta and moments as they were. */
static int64_t array_bytes(const nai__plasticity *p)
{
  const nai__optimizer_kind *kind = p->optimizer->kind;
  int64_t arrays = 2 + 2 * !!kind->keeps_mean + 2 * !!kind->keeps_square;
  return arrays * p->net->n_theta * (int64_t)sizeof(float);
}

int64_t nai__plasticity_bytes(const nai__plasticity *p, int64_t trials, int64_t threads)
{
  int64_t bytes = nai__layout_bytes(p->net) + array_bytes(p);
  for (int i = 0; i < p->learner->n_kept; i++) /* as it was */
    bytes += (int64_t)changing(&p->learner->kept[i]);
  return bytes + nai__learner_bytes(p->learner, trials, threads);
}

nai_status nai__plasticity_open(nai__plasticity *p, nai_network *net, nai_rule *rule,
                                nai_optimizer *optimizer, nai__watch watch)
{
  p->net = nai__network_keep(net);
  nai__rule_keep(p->rule = rule);
  nai__optimizer_keep(p->optimizer = optimizer);
  int64_t bytes = nai__layout_bytes(net) + array_bytes(p);
  nai_status status = nai__memory_check(net, bytes, "training");
  if (status == NAI_OK) status = allocate(p);
  return status == NAI_OK ? nai__learner_create(&p->learner, rule, net, watch, bytes) : status;
}

void nai__plasticity_close(nai__plasticity *p)
{
  nai__objective_destroy(&p->objective);
  nai__free(p->gradient);
  nai__past_destroy(&p->before);
  nai__free(p->kept);
  nai__free(p->factor);
  nai__free(p->mean);
  nai__free(p->square);
  nai__learner_destroy(p->learner);
  nai_optimizer_destroy(p->optimizer);
  nai_rule_destroy(p->rule);
  nai_network_destroy(p->net);
}
