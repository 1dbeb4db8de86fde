/* A running network: activity of a few trials, perturbed and looked at while it runs. */
#include <neuroai/state.h>

#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "activity.h"
#include "view.h"

/* Of snapshots; changes whenever their layout does. */
#define SNAPSHOT_MAGIC UINT64_C(0x3330544154534e41)

/* Of one state: 64 GiB. */
#define MOST_FLOATS ((int64_t)1 << 34)

struct nai_state {
  nai_network *net;
  nai__activity activity;
  nai__scratch scratch;
  int64_t time;
  int64_t n_memory; /* floats */
  float *memory;    /* rate, x, input, output, drive, inject, clamp, now: one after the other */
  float *inject;    /* [ld_units] */
  float *clamp;     /* [ld_units] */
  float *now;       /* [trials][ld_units]: rates, at an address that stays */
};

/* What a snapshot starts with. */
struct header {
  uint64_t magic;
  uint64_t network; /* hash of all that says what the numbers belong to */
  int64_t n_memory, trials, time;
  uint64_t seed, first;
  int32_t injects, clamps;
};

/* --- life ------------------------------------------------------------------------------------- */

static nai_status allocate(nai_state *s)
{
  const nai_network *net = s->net;
  nai__activity *a = &s->activity;
  int64_t rate = a->rate_slots * a->trials * net->ld_units, x = a->trials * net->ld_units;
  int64_t input = a->input_slots * a->trials * net->ld_inputs, output = a->trials * net->ld_outputs;
  s->n_memory = rate + input + output + 3 * x + 2 * net->ld_units;
  s->memory = NAI__ARRAY(float, s->n_memory);
  if (!s->memory) return NAI_ERR_MEMORY;
  float *next = s->memory;
  a->rate = next;
  a->x = next += rate;
  a->input = next += x;
  a->output = next += input;
  a->drive = next += output;
  s->now = next += x;
  s->inject = next += x;
  s->clamp = next + net->ld_units;
  return nai__scratch_create(&s->scratch, net, a->trials);
}

static nai_status check_trials(const nai_network *net, int64_t trials)
{
  int64_t floats = (nai__rate_slots(net, 0) + 5) * net->ld_units +
                   nai__input_slots(net, 0) * net->ld_inputs + net->ld_outputs;
  if (floats > MOST_FLOATS)
    return nai__fail(NAI_ERR_MEMORY, "one trial with these delays takes %lld numbers, at most %lld",
                     (long long)floats, (long long)MOST_FLOATS);
  if (trials < 1 || trials > MOST_FLOATS / floats)
    return nai__fail(NAI_ERR_INVALID, "trials is %lld, must be 1 to %lld", (long long)trials,
                     (long long)(MOST_FLOATS / floats));
  return NAI_OK;
}

static nai_status create(nai_state **out, const nai_network *net, int64_t trials, uint64_t seed)
{
  NAI__TRY(nai__require_built(net, "net"));
  NAI__TRY(check_trials(net, trials));
  nai_state *s = NAI__NEW(nai_state);
  if (!s) return NAI_ERR_MEMORY;
  s->net = (nai_network *)net; /* for its count of references alone */
  nai__network_keep(s->net);
  s->activity = (nai__activity){.net = net,
                                .trials = trials,
                                .rate_slots = nai__rate_slots(net, 0),
                                .input_slots = nai__input_slots(net, 0),
                                .output_slots = 1,
                                .seed = seed};
  nai_status status = allocate(s);
  if (status != NAI_OK) {
    nai_state_destroy(s);
    return status;
  }
  nai_state_reset(s);
  *out = s;
  return NAI_OK;
}

nai_status nai_state_create(nai_state **out, const nai_network *net, int64_t trials, uint64_t seed)
{
  NAI__REQUIRE(out);
  *out = NULL;
  return create(out, net, trials, seed);
}

void nai_state_destroy(nai_state *state)
{
  if (!state) return;
  nai__scratch_destroy(&state->scratch);
  nai__free(state->memory);
  nai_network_destroy(state->net);
  nai__free(state);
}

static void copy_now(nai_state *s)
{
  memcpy(s->now, nai__rate_at(&s->activity, s->time),
         (size_t)(s->activity.trials * s->net->ld_units) * sizeof *s->now);
}

nai_status nai_state_reset(nai_state *state)
{
  NAI__REQUIRE(state);
  nai__activity *a = &state->activity;
  state->time = 0;
  a->inject = a->clamp = NULL;
  for (int64_t u = 0; u < state->net->ld_units; u++) {
    state->inject[u] = 0;
    state->clamp[u] = NAN;
  }
  nai__begin(a, 0, a->trials);
  copy_now(state);
  return NAI_OK;
}

/* --- running ---------------------------------------------------------------------------------- */

static void step(nai_state *s, const float *inputs, float *outputs)
{
  const nai_network *net = s->net;
  const nai__activity *a = &s->activity;
  s->time++;
  nai__advance(a, s->time, 0, a->trials, inputs, &s->scratch);
  copy_now(s);
  if (!outputs) return;
  for (int64_t b = 0; b < a->trials; b++)
    memcpy(outputs + b * net->n_outputs, a->output + b * net->ld_outputs,
           (size_t)net->n_outputs * sizeof *outputs);
}

nai_status nai_state_step(nai_state *state, const float *inputs, float *outputs)
{
  NAI__REQUIRE(state);
  NAI__TRY(nai__inputs_finite(state->net, inputs, 1, state->activity.trials));
  step(state, inputs, outputs);
  return NAI_OK;
}

/* Rates now, populations in the order in which they were added: [trials, units]. */
static void copy_rates(const nai_state *s, float *rates)
{
  const nai_network *net = s->net;
  for (int64_t b = 0; b < s->activity.trials; b++)
    for (int64_t i = 0; i < net->n_nodes; i++) {
      const nai__node *node = &net->node[i];
      if (node->kind != NAI_POPULATIONS) continue;
      memcpy(rates + b * net->n_units + node->order, s->now + b * net->ld_units + node->offset,
             (size_t)node->n * sizeof *rates);
    }
}

nai_status nai_state_run(nai_state *state, int64_t steps, const float *inputs, float *outputs,
                         float *rates)
{
  NAI__REQUIRE(state);
  if (steps < 0)
    return nai__fail(NAI_ERR_INVALID, "steps is %lld, must be at least 0", (long long)steps);
  int64_t trials = state->activity.trials;
  const nai_network *net = state->net;
  NAI__TRY(nai__inputs_finite(net, inputs, steps, trials));
  for (int64_t t = 0; t < steps; t++) {
    step(state, inputs ? inputs + t * trials * net->n_inputs : NULL,
         outputs ? outputs + t * trials * net->n_outputs : NULL);
    if (rates) copy_rates(state, rates + t * trials * net->n_units);
  }
  return NAI_OK;
}

/* --- perturbing ------------------------------------------------------------------------------- */

/* What is injected and clamped now is what the step reads; without any it reads nothing. */
static void refresh_perturbations(nai_state *s)
{
  nai__activity *a = &s->activity;
  a->inject = a->clamp = NULL;
  for (int64_t u = 0; u < s->net->n_units; u++) {
    if (s->inject[u] != 0) a->inject = s->inject;
    if (!isnan(s->clamp[u])) a->clamp = s->clamp;
  }
}

static void apply_clamp(nai_state *s, const nai__node *node, float rate)
{
  for (int64_t u = 0; u < node->n; u++) s->clamp[node->offset + u] = rate;
}

nai_status nai_state_clamp(nai_state *state, const char *names, float rate)
{
  NAI__REQUIRE(state);
  NAI__TRY(nai__names_known(state->net, NAI__KIND(NAI_POPULATIONS), names, "names"));
  if (!isfinite(rate))
    return nai__fail(NAI_ERR_NONFINITE, "rate is %g, must be finite", (double)rate);
  for (int64_t i = 0; i < state->net->n_nodes; i++)
    if (nai__selected(&state->net->node[i], NAI__KIND(NAI_POPULATIONS), names))
      apply_clamp(state, &state->net->node[i], rate);
  refresh_perturbations(state);
  return NAI_OK;
}

nai_status nai_state_silence(nai_state *state, const char *names)
{
  return nai_state_clamp(state, names, 0);
}

static nai_status check_current(const nai_state *s, const char *names, const float *current,
                                int64_t n)
{
  NAI__TRY(nai__names_known(s->net, NAI__KIND(NAI_POPULATIONS), names, "names"));
  NAI__REQUIRE(current);
  for (int64_t i = 0; i < s->net->n_nodes; i++) {
    const nai__node *node = &s->net->node[i];
    if (nai__selected(node, NAI__KIND(NAI_POPULATIONS), names) && n != 1 && n != node->n)
      return nai__fail(NAI_ERR_INVALID, "n is %lld, must be 1 or %lld, the units of '%s'",
                       (long long)n, (long long)node->n, node->name);
  }
  for (int64_t u = 0; u < n; u++)
    if (!isfinite(current[u]))
      return nai__fail(NAI_ERR_NONFINITE, "current[%lld] is %g, must be finite", (long long)u,
                       (double)current[u]);
  return NAI_OK;
}

nai_status nai_state_inject(nai_state *state, const char *names, const float *current, int64_t n)
{
  NAI__REQUIRE(state);
  NAI__TRY(check_current(state, names, current, n));
  for (int64_t i = 0; i < state->net->n_nodes; i++) {
    const nai__node *node = &state->net->node[i];
    if (!nai__selected(node, NAI__KIND(NAI_POPULATIONS), names)) continue;
    for (int64_t u = 0; u < node->n; u++) state->inject[node->offset + u] = current[n == 1 ? 0 : u];
  }
  refresh_perturbations(state);
  return NAI_OK;
}

nai_status nai_state_release(nai_state *state, const char *names)
{
  NAI__REQUIRE(state);
  NAI__TRY(nai__names_known(state->net, NAI__KIND(NAI_POPULATIONS), names, "names"));
  for (int64_t i = 0; i < state->net->n_nodes; i++) {
    const nai__node *node = &state->net->node[i];
    if (!nai__selected(node, NAI__KIND(NAI_POPULATIONS), names)) continue;
    apply_clamp(state, node, NAN);
    memset(state->inject + node->offset, 0, (size_t)node->n * sizeof *state->inject);
  }
  refresh_perturbations(state);
  return NAI_OK;
}

/* --- looking ---------------------------------------------------------------------------------- */

nai_status nai_state_rates(nai_view *out, const nai_state *state, const char *name)
{
  NAI__TRY(nai__view_check(out));
  NAI__REQUIRE(state);
  const nai__node *node;
  NAI__TRY(nai__node_find(&node, state->net, NAI__KIND(NAI_POPULATIONS), name, "name"));
  nai__view_floats(out, state->now + node->offset, 2, (int64_t[]){state->activity.trials, node->n},
                   (int64_t[]){state->net->ld_units, 1});
  return NAI_OK;
}

int64_t nai_state_time(const nai_state *state)
{
  return state ? state->time : -1;
}

/* --- snapshots -------------------------------------------------------------------------------- */

/* FNV-1a. */
static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    hash ^= ((const unsigned char *)bytes)[i];
    hash *= UINT64_C(0x100000001b3);
  }
  return hash;
}

static uint64_t hash_network(const nai_network *net)
{
  const int64_t delays[] = {net->max_delay, net->max_input_delay};
  uint64_t hash = hash_bytes(UINT64_C(0xcbf29ce484222325), delays, sizeof delays);
  for (int64_t i = 0; i < net->n_nodes; i++) {
    const nai__node *node = &net->node[i];
    const int64_t place[] = {node->kind, node->n, node->offset, node->leak};
    hash = hash_bytes(hash, node->name, strlen(node->name));
    hash = hash_bytes(hash, place, sizeof place);
  }
  return hash;
}

static struct header header_of(const nai_state *s)
{
  return (struct header){SNAPSHOT_MAGIC,
                         hash_network(s->net),
                         s->n_memory,
                         s->activity.trials,
                         s->time,
                         s->activity.seed,
                         s->activity.first,
                         s->activity.inject != NULL,
                         s->activity.clamp != NULL};
}

nai_status nai_state_set_first(nai_state *state, uint64_t first)
{
  NAI__REQUIRE(state);
  NAI__TRY(nai__first_check(first, state->activity.trials));
  state->activity.first = first;
  return NAI_OK;
}

int64_t nai_state_snapshot_size(const nai_state *state)
{
  return state ? (int64_t)sizeof(struct header) + state->n_memory * (int64_t)sizeof(float) : -1;
}

static nai_status check_buffer(const nai_state *s, const void *buffer, int64_t size)
{
  NAI__REQUIRE(buffer);
  if (size != nai_state_snapshot_size(s))
    return nai__fail(NAI_ERR_INVALID, "size is %lld, must be %lld", (long long)size,
                     (long long)nai_state_snapshot_size(s));
  return NAI_OK;
}

nai_status nai_state_snapshot(void *buffer, int64_t size, const nai_state *state)
{
  NAI__REQUIRE(state);
  NAI__TRY(check_buffer(state, buffer, size));
  struct header header = header_of(state);
  memcpy(buffer, &header, sizeof header);
  memcpy((char *)buffer + sizeof header, state->memory, (size_t)state->n_memory * sizeof(float));
  return NAI_OK;
}

nai_status nai_state_restore(nai_state *state, const void *buffer, int64_t size)
{
  NAI__REQUIRE(state);
  NAI__TRY(check_buffer(state, buffer, size));
  struct header header, own = header_of(state);
  memcpy(&header, buffer, sizeof header);
  own.time = header.time;
  own.seed = header.seed;
  own.first = header.first;
  own.injects = header.injects;
  own.clamps = header.clamps;
  if (memcmp(&header, &own, sizeof own) != 0 || header.time < 0 ||
      nai__first_check(header.first, header.trials) != NAI_OK)
    return nai__fail(NAI_ERR_FORMAT,
                     "the snapshot is of another network or another number of trials");
  memcpy(state->memory, (const char *)buffer + sizeof header,
         (size_t)state->n_memory * sizeof(float));
  state->time = header.time;
  state->activity.seed = header.seed;
  state->activity.first = header.first;
  refresh_perturbations(state);
  return NAI_OK;
}
