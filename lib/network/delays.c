/*
 * Delays that differ from synapse to synapse: drawn, or from the distance that a spike has to go. A
 * listed projection is then several blocks, one for each delay, which stand one behind the other in
 * theta: what goes over its rectangle of theta knows nothing of that.
 */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/philox.h"
#include "ends.h"

/* A normal distribution that has nearly nothing above the least delay is not drawn from for ever. */
#define MOST_TRIES 100

enum { MEAN, SD, LEAST };
enum { SPEED, OFFSET };

/* --- what is said ----------------------------------------------------------------------------- */

/* Units of populations hear each other a step later at the soonest. */
static int64_t least_steps(const nai_network *net, const nai__projection *p)
{
  return net->node[p->from].kind == NAI_POPULATIONS;
}

static nai_status may_differ(const nai_network *net, const nai__projection *p)
{
  if (net->node[p->to].kind != NAI_OUTPUTS) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID,
                   "delays onto outputs are all the same: '%s' to '%s' cannot have others",
                   nai__source_name(net, p), nai__target_name(net, p));
}

static nai_status set_spread(nai_network *net, const char *from, const char *to, int32_t spread,
                             const double *by)
{
  NAI__EACH_PROJECTION(net, p, from, to) NAI__TRY(may_differ(net, p));
  NAI__EACH_PROJECTION(net, p, from, to) {
    p->spread = spread;
    for (int k = 0; k < 3; k++) p->spread_by[k] = by[k];
  }
  return NAI_OK;
}

static nai_status check_least(const nai_network *net, const nai__projection *p, double least)
{
  const double dt = least_steps(net, p) ? net->dt : 0;
  if (least >= dt) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "least is %g ms, must be at least %g from '%s' to '%s'", least,
                   dt, nai__source_name(net, p), nai__target_name(net, p));
}

static nai_status set_drawn(nai_network *net, const char *from, const char *to, double mean,
                            double sd, double least)
{
  const double most = NAI__MOST_DELAY * net->dt;
  NAI__TRY(nai__projections_known(net, from, to));
  if (!(mean >= 0 && mean <= most))
    return nai__fail(NAI_ERR_INVALID, "mean is %g ms, must be 0 to %g", mean, most);
  if (!(sd >= 0 && sd <= most))
    return nai__fail(NAI_ERR_INVALID, "sd is %g ms, must be 0 to %g", sd, most);
  if (!(least <= mean))
    return nai__fail(NAI_ERR_INVALID, "least is %g ms, must be at most the mean, %g", least, mean);
  NAI__EACH_PROJECTION(net, p, from, to) NAI__TRY(check_least(net, p, least));
  return set_spread(net, from, to, NAI__DRAWN_DELAYS, (const double[]){mean, sd, least});
}

nai_status nai_network_set_delays(nai_network *net, const char *from, const char *to, double mean,
                                  double sd, double least)
{
  NAI__TRY(nai__may_compose(net));
  return nai__remember(net, set_drawn(net, from, to, mean, sd, least));
}

static nai_status set_conduction(nai_network *net, const char *from, const char *to, double speed,
                                 double offset)
{
  const double most = NAI__MOST_DELAY * net->dt;
  NAI__TRY(nai__projections_known(net, from, to));
  if (!(speed > 0 && speed <= 1e6))
    return nai__fail(NAI_ERR_INVALID, "speed is %g mm/ms, must be above 0 and at most 1e6", speed);
  if (!(offset >= 0 && offset <= most))
    return nai__fail(NAI_ERR_INVALID, "offset is %g ms, must be 0 to %g", offset, most);
  return set_spread(net, from, to, NAI__CONDUCTION, (const double[]){speed, offset, 0});
}

nai_status nai_network_set_conduction(nai_network *net, const char *from, const char *to,
                                      double speed, double offset)
{
  NAI__TRY(nai__may_compose(net));
  return nai__remember(net, set_conduction(net, from, to, speed, offset));
}

/* --- before they are drawn -------------------------------------------------------------------- */

static int64_t steps_of(const nai_network *net, const nai__projection *p, double ms)
{
  const double steps = fmin(round(ms / net->dt), NAI__MOST_DELAY);
  const int64_t least = least_steps(net, p);
  return steps < (double)least ? least : (int64_t)steps;
}

int64_t nai__mean_delay(const nai_network *net, const nai__projection *p)
{
  if (p->spread == NAI__GIVEN_DELAYS) return steps_of(net, p, p->delay_ms);
  return steps_of(net, p, p->spread_by[p->spread == NAI__DRAWN_DELAYS ? MEAN : OFFSET]);
}

int64_t nai__long_delay(const nai_network *net, const nai__projection *p)
{
  if (p->spread != NAI__DRAWN_DELAYS) return nai__mean_delay(net, p);
  return steps_of(net, p, p->spread_by[MEAN] + 5 * p->spread_by[SD]);
}

int64_t nai__short_delay(const nai_network *net, const nai__projection *p)
{
  if (p->spread != NAI__DRAWN_DELAYS) return nai__mean_delay(net, p);
  return steps_of(net, p, fmax(p->spread_by[MEAN] - 5 * p->spread_by[SD], p->spread_by[LEAST]));
}

/* Of so many normal numbers hardly any is further from the mean. */
int64_t nai__longest_of(const nai_network *net, const nai__projection *p, double synapses)
{
  if (p->spread != NAI__DRAWN_DELAYS) return nai__long_delay(net, p);
  const double sds = 1 + sqrt(2 * log(fmax(synapses, 2)));
  return steps_of(net, p, p->spread_by[MEAN] + sds * p->spread_by[SD]);
}

int64_t nai__expected_delays(const nai_network *net, const nai__projection *p, int64_t synapses)
{
  if (p->spread != NAI__DRAWN_DELAYS) return 1;
  const int64_t steps = nai__long_delay(net, p) - nai__short_delay(net, p) + 1,
                most = steps < NAI__MOST_DELAYS ? steps : NAI__MOST_DELAYS,
                drawn = 1 + synapses + (int64_t)(5 * sqrt((double)synapses));
  return most < drawn ? most : drawn;
}

/* --- drawing ---------------------------------------------------------------------------------- */

/* A function of the network's seed, the projection and the two units. */
static double drawn(const nai_network *net, const nai__projection *p, int64_t post, int64_t pre)
{
  for (uint64_t k = 0; k < MOST_TRIES; k++) {
    const uint64_t label = (uint64_t)(p - net->projection) << 16 | k;
    const uint64_t seed = nai__seed_derive(net->seed, NAI__FOR_DELAYS, label);
    const double ms = p->spread_by[MEAN] +
                      p->spread_by[SD] * nai_random_normal(seed, (uint64_t)post, (uint64_t)pre);
    if (ms >= p->spread_by[LEAST]) return ms;
  }
  return p->spread_by[LEAST];
}

static double conducted(const nai_network *net, const nai__projection *p, int64_t post, int64_t pre)
{
  const nai__node *from = &net->node[p->from];
  const float *a = nai__onto_position(net, p) + 3 * post, *b = from->position + 3 * pre;
  const double x = (double)a[0] - (double)b[0], y = (double)a[1] - (double)b[1],
               z = (double)a[2] - (double)b[2];
  return p->spread_by[OFFSET] + sqrt(x * x + y * y + z * z) / p->spread_by[SPEED];
}

/* Of each synapse, steps; and the shortest and the longest one. */
typedef struct lags {
  int32_t *of;
  int32_t least, most;
} lags;

static nai_status find_lags(lags *out, const nai_network *net, const nai__projection *p)
{
  const nai__compressed *c = net->block[p->block].synapses;
  *out = (lags){.of = NAI__ARRAY(int32_t, c->first[c->n] + 1), .least = INT32_MAX, .most = -1};
  if (!out->of) return NAI_ERR_MEMORY;
  for (int64_t i = 0; i < c->n; i++)
    for (int64_t e = c->first[i]; e < c->first[i + 1]; e++) {
      const double ms = p->spread == NAI__CONDUCTION ? conducted(net, p, i, c->sender[e])
                                                     : drawn(net, p, i, c->sender[e]);
      const int32_t steps = (int32_t)steps_of(net, p, ms);
      out->of[e] = steps;
      if (steps < out->least) out->least = steps;
      if (steps > out->most) out->most = steps;
    }
  return NAI_OK;
}

/* --- into blocks ------------------------------------------------------------------------------ */

/* Where each block, or the first of those that it becomes, goes: [blocks + 1]. */
static int64_t *find_places(const nai_network *net, const int64_t *n)
{
  int64_t *place = NAI__ARRAY(int64_t, net->n_blocks + 1);
  if (!place) return NULL;
  for (int64_t b = 0; b < net->n_blocks; b++) place[b + 1] = 1;
  for (int64_t i = 0; i < net->n_projections; i++)
    if (n[i] > 1) place[net->projection[i].block + 1] = n[i];
  for (int64_t b = 0; b < net->n_blocks; b++) place[b + 1] += place[b];
  return place;
}

/* All at once: one projection after the other, each would move the blocks of all behind it. */
static nai_status make_room(nai_network *net, const int64_t *n)
{
  int64_t *place = find_places(net, n);
  nai__block *all = place ? NAI__ARRAY(nai__block, place[net->n_blocks]) : NULL;
  if (!all) {
    nai__free(place);
    return NAI_ERR_MEMORY;
  }
  for (int64_t b = 0; b < net->n_blocks; b++) all[place[b]] = net->block[b];
  for (int64_t i = 0; i < net->n_projections; i++) {
    nai__projection *p = &net->projection[i];
    p->block = place[p->block];
    if (n[i] > 1) p->n_parts = n[i];
  }
  nai__free(net->block);
  net->block = all;
  net->n_blocks = place[net->n_blocks];
  nai__free(place);
  return NAI_OK;
}

/* Of the block of a projection into n, the first of which may be it. */
static void repeat(nai__block *to, const nai__block *like, int64_t n)
{
  for (int64_t k = 0; k < n; k++) {
    nai__block *b = &to[k];
    if (b != like) {
      *b = *like;
      b->synapses = NULL;
      b->wired = NULL;
    }
    b->goes_on = k < n - 1;
    b->expected = 1;
  }
}

nai_status nai__add_parts(nai_network *net, const int64_t *n)
{
  NAI__TRY(make_room(net, n));
  for (int64_t i = 0; i < net->n_projections; i++) {
    nai__block *first = &net->block[net->projection[i].block];
    if (n[i] > 1) repeat(first, first, n[i]);
  }
  return NAI_OK;
}

/* counts [steps - least]: synapses; then the number of the part, of those that have some. */
static void number_parts(int64_t *counts, const lags *l)
{
  int64_t n = 0;
  for (int32_t d = 0; d <= l->most - l->least; d++) counts[d] = counts[d] > 0 ? n++ : -1;
}

static nai_status make_part(nai__block *b, const nai__compressed *c, int64_t synapses,
                            int64_t delay)
{
  b->delay = b->longest = delay;
  b->synapses = nai__compressed_create(c->n, c->k);
  if (!b->synapses) return NAI_ERR_MEMORY;
  b->synapses->sender = NAI__ARRAY(int32_t, synapses);
  b->wired = NAI__ARRAY(uint8_t, synapses);
  return b->synapses->sender && b->wired ? NAI_OK : NAI_ERR_MEMORY;
}

/* Rows are gone through in order, so what lands in a part is in order, too. */
static void deal_out(nai__block *part, int64_t parts, const nai__compressed *c,
                     const uint8_t *learns, const lags *l, const int64_t *number)
{
  for (int64_t i = 0; i < c->n; i++) {
    for (int64_t k = 0; k < parts; k++) part[k].synapses->first[i + 1] = part[k].synapses->first[i];
    for (int64_t e = c->first[i]; e < c->first[i + 1]; e++) {
      nai__block *b = &part[number[l->of[e] - l->least]];
      const int64_t at = b->synapses->first[i + 1]++;
      b->synapses->sender[at] = c->sender[e];
      b->wired[at] = learns[e];
    }
  }
}

/* The blocks that the one of a projection becomes; NULL: it stays as it is. */
typedef struct parts {
  nai__block *block;
  int64_t n;
} parts;

static nai_status open_parts(parts *out, const nai__block *like, int64_t n)
{
  out->block = NAI__ARRAY(nai__block, n);
  if (!out->block) return NAI_ERR_MEMORY;
  out->n = n;
  repeat(out->block, like, n);
  return NAI_OK;
}

static void parts_release(parts *of)
{
  for (int64_t k = 0; k < of->n && of->block; k++) {
    nai__compressed_destroy(of->block[k].synapses);
    nai__forget_wired(&of->block[k]);
  }
  nai__free(of->block);
}

static nai_status make_parts(parts *out, nai_network *net, nai__projection *p,
                             const nai__compressed *c, const uint8_t *learns, const lags *l,
                             int64_t *counts)
{
  const int64_t synapses = c->first[c->n];
  int64_t n = 0, k = 0;
  for (int64_t e = 0; e < synapses; e++) counts[l->of[e] - l->least]++;
  for (int32_t d = 0; d <= l->most - l->least; d++) n += counts[d] > 0;
  if (n > NAI__MOST_DELAYS)
    return nai__fail(NAI_ERR_INVALID,
                     "synapses from '%s' to '%s' have delays of %lld different steps, at most %d "
                     "can be: take a longer dt, or delays that differ less",
                     nai__source_name(net, p), nai__target_name(net, p), (long long)n,
                     NAI__MOST_DELAYS);
  NAI__TRY(open_parts(out, &net->block[p->block], n));
  for (int32_t d = 0; d <= l->most - l->least; d++)
    if (counts[d] > 0) NAI__TRY(make_part(&out->block[k++], c, counts[d], l->least + d));
  number_parts(counts, l);
  deal_out(out->block, n, c, learns, l, counts);
  double sum = 0;
  for (int64_t e = 0; e < synapses; e++) sum += (double)l->of[e];
  p->delay = (int64_t)round(sum / (double)synapses);
  return NAI_OK;
}

static nai_status split(parts *out, nai_network *net, nai__projection *p)
{
  nai__block *b = &net->block[p->block];
  nai__compressed *c = b->synapses;
  uint8_t *learns = b->wired;
  if (c->first[c->n] == 0) return NAI_OK;
  lags l;
  nai_status status = find_lags(&l, net, p);
  int64_t *counts = status == NAI_OK ? NAI__ARRAY(int64_t, l.most - l.least + 1) : NULL;
  if (status == NAI_OK && !counts) status = NAI_ERR_MEMORY;
  if (status == NAI_OK) {
    status = make_parts(out, net, p, c, learns, &l, counts);
    b->synapses = NULL; /* the parts have them */
    b->wired = NULL;
    nai__compressed_destroy(c);
    nai__free(learns);
  }
  nai__free(counts);
  nai__free(l.of);
  return status;
}

static nai_status take_parts(nai_network *net, parts *of)
{
  int64_t *n = NAI__ARRAY(int64_t, net->n_projections);
  if (!n) return NAI_ERR_MEMORY;
  for (int64_t i = 0; i < net->n_projections; i++) n[i] = of[i].block ? of[i].n : 1;
  const nai_status status = make_room(net, n);
  nai__free(n);
  for (int64_t i = 0; i < net->n_projections && status == NAI_OK; i++) {
    if (!of[i].block) continue;
    memcpy(net->block + net->projection[i].block, of[i].block,
           (size_t)of[i].n * sizeof *of[i].block);
    of[i].n = 0; /* what they have is the network's now */
  }
  return status;
}

static nai_status check_positions(const nai_network *net, const nai__projection *p)
{
  const nai__node *from = &net->node[p->from], *to = &net->node[p->to];
  if (p->spread != NAI__CONDUCTION || (from->position && to->position)) return NAI_OK;
  return nai__fail(
      NAI_ERR_ORDER,
      "'%s' has no positions, which delays by distance from '%s' to '%s' need: place it",
      from->position ? to->name : from->name, nai__source_name(net, p), nai__target_name(net, p));
}

static nai_status split_all(nai_network *net, parts *of)
{
  for (int64_t i = 0; i < net->n_projections; i++) {
    nai__projection *p = &net->projection[i];
    if (!p->spread) continue;
    NAI__TRY(check_positions(net, p));
    NAI__TRY(split(&of[i], net, p));
  }
  return take_parts(net, of);
}

nai_status nai__split_delays(nai_network *net)
{
  int64_t differ = 0;
  for (int64_t i = 0; i < net->n_projections; i++) differ += net->projection[i].spread != 0;
  if (differ == 0) return NAI_OK;
  parts *of = NAI__ARRAY(parts, net->n_projections);
  if (!of) return NAI_ERR_MEMORY;
  nai_status status = split_all(net, of);
  for (int64_t i = 0; i < net->n_projections; i++) parts_release(&of[i]);
  nai__free(of);
  return status;
}
