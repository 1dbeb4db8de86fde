/* Acts: kept, applied to units when it is their time, and as bytes. */
#include "schedule.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "draw_synapses.h"

/* --- keeping ---------------------------------------------------------------------------------- */

static int64_t act_bytes(int32_t kind, int64_t n, int64_t trials)
{
  return trials * (int64_t)sizeof(nai__window) + n * (int64_t)(sizeof(int64_t) + sizeof(float)) +
         (kind == NAI_FREEZE ? trials * n * (int64_t)sizeof(float) : 0);
}

nai__act *nai__schedule_add(nai__schedule *schedule, int32_t kind, int64_t n)
{
  nai__act *acts = nai__grow_one(schedule->act, schedule->n, sizeof *acts);
  if (!acts) return NULL;
  schedule->act = acts;
  char *memory = NAI__ARRAY(char, act_bytes(kind, n, schedule->trials));
  if (!memory) return NULL;
  nai__act *act = &acts[schedule->n++];
  *act = (nai__act){
      .kind = kind, .n = n, .window = (nai__window *)(void *)memory, .largest = NAI__ALL_SYNAPSES};
  act->unit = (int64_t *)(void *)(act->window + schedule->trials);
  act->value = (float *)(void *)(act->unit + n);
  if (kind == NAI_FREEZE) act->held = act->value + n;
  return act;
}

void nai__schedule_cut(nai__schedule *schedule, int64_t n)
{
  while (schedule->n > n) {
    const nai__act *act = &schedule->act[--schedule->n];
    nai__free(act->window);
    nai__free(act->chosen);
  }
  if (n > 0) return;
  nai__free(schedule->act);
  schedule->act = NULL;
}

/* Those that are kept move up, so that the rest can be cut off. */
static void keep_if(nai__schedule *schedule,
                    int (*kept)(const nai__act *, const nai__schedule *, int64_t), int64_t step)
{
  int64_t n = 0;
  for (int64_t k = 0; k < schedule->n; k++) {
    if (!kept(&schedule->act[k], schedule, step)) continue;
    nai__act act = schedule->act[n];
    schedule->act[n++] = schedule->act[k];
    schedule->act[k] = act;
  }
  nai__schedule_cut(schedule, n);
}

static int goes_on(const nai__act *act, const nai__schedule *schedule, int64_t step)
{
  for (int64_t b = 0; b < schedule->trials; b++)
    if (act->window[b].end > step) return 1;
  return 0;
}

static int has_units(const nai__act *act, const nai__schedule *schedule, int64_t step)
{
  (void)schedule;
  (void)step;
  return act->n > 0;
}

void nai__schedule_expire(nai__schedule *schedule, int64_t step)
{
  keep_if(schedule, goes_on, step);
}

/* What is held of one trial stays behind that of the trial before it. */
static void release(nai__act *act, const unsigned char *seen, int64_t trials)
{
  int64_t n = 0, held = 0;
  for (int64_t k = 0; act->held && k < trials * act->n; k++)
    if (!seen[act->unit[k % act->n]]) act->held[held++] = act->held[k];
  for (int64_t i = 0; i < act->n; i++) {
    if (seen[act->unit[i]]) continue;
    act->unit[n] = act->unit[i];
    act->value[n++] = act->value[i];
  }
  act->n = n;
}

/* On units, on the one side or the other. */
static int is_on(const nai__act *act, int injects)
{
  return !nai__act_scales_synapses(act) && nai__act_injects(act) == injects;
}

void nai__schedule_release(nai__schedule *schedule, int injects, const unsigned char *seen)
{
  for (int64_t k = 0; k < schedule->n; k++)
    if (is_on(&schedule->act[k], injects)) release(&schedule->act[k], seen, schedule->trials);
  keep_if(schedule, has_units, 0);
}

static void mark(const nai__act *act, unsigned char *seen, unsigned char value)
{
  for (int64_t i = 0; i < act->n; i++) seen[act->unit[i]] = value;
}

void nai__schedule_replace(nai__schedule *schedule, int64_t before, unsigned char *seen)
{
  for (int64_t k = before; k < schedule->n; k++) {
    const nai__act *act = &schedule->act[k];
    mark(act, seen, 1);
    for (int64_t i = 0; i < before; i++)
      if (is_on(&schedule->act[i], nai__act_injects(act)))
        release(&schedule->act[i], seen, schedule->trials);
    mark(act, seen, 0);
  }
  keep_if(schedule, has_units, 0);
}

void nai__schedule_release_synapses(nai__schedule *schedule, const nai_network *net,
                                    const char *from, const char *to)
{
  for (int64_t k = 0; k < schedule->n; k++) {
    nai__act *act = &schedule->act[k];
    if (nai__act_scales_synapses(act) &&
        nai__projection_selected(net, &net->projection[act->projection], from, to))
      act->n = 0;
  }
  keep_if(schedule, has_units, 0);
}

/* --- when ------------------------------------------------------------------------------------- */

int64_t nai__steps_of(double ms, double dt)
{
  return (int64_t)fmin(floor(ms / dt * (1 + 1e-9)), (double)NAI__LATEST_STEP);
}

/* --- applying --------------------------------------------------------------------------------- */

float nai__act_strength(const nai__act *act, int64_t trial, int64_t step)
{
  nai__window window = act->window[trial];
  if (step < window.first || step >= window.end) return 0;
  double since = (double)(step - (window.first < 0 ? 0 : window.first)) + 0.5,
         left = (double)window.end - (double)step - 0.5, most = 1;
  if (act->rise && since < (double)act->rise) most = fmax(0, since / (double)act->rise);
  if (left < (double)act->fall) most = fmin(most, left / (double)act->fall);
  return (float)most;
}

void nai__schedule_inject(const nai__schedule *schedule, int64_t stage, int64_t step, int64_t row,
                          int64_t rows, float *v, int64_t ld)
{
  for (int64_t k = 0; k < schedule->n; k++) {
    const nai__act *act = &schedule->act[k];
    if (act->kind != NAI_INJECT || act->stage != stage) continue;
    for (int64_t b = 0; b < rows; b++) {
      float much = nai__act_strength(act, row + b, step);
      if (much == 0) continue;
      for (int64_t i = 0; i < act->n; i++) v[b * ld + act->unit[i]] += much * act->value[i];
    }
  }
}

static void impose(const nai__act *act, const float *value, float much, float *r)
{
  for (int64_t i = 0; i < act->n; i++) {
    float *rate = &r[act->unit[i]];
    if (act->kind == NAI_SCALE)
      *rate *= nai__act_factor(value[i], much);
    else
      *rate = much == 1 ? value[i] : *rate + much * (value[i] - *rate);
  }
}

/* Of one trial: what was given, or what they sent at the first step. */
static const float *values_of(const nai__act *act, int64_t trial, int64_t step, const float *r)
{
  if (!act->held) return act->value;
  float *held = act->held + trial * act->n;
  for (int64_t i = 0; i < act->n && step == act->window[trial].first; i++)
    held[i] = r[act->unit[i]];
  return held;
}

void nai__schedule_impose(const nai__schedule *schedule, int64_t stage, int64_t step, int64_t row,
                          int64_t rows, float *r, float *other, int64_t n_first, int64_t ld)
{
  for (int64_t k = 0; k < schedule->n; k++) {
    const nai__act *act = &schedule->act[k];
    if (!is_on(act, 0) || act->stage != stage) continue;
    for (int64_t b = 0; b < rows; b++) {
      float much = nai__act_strength(act, row + b, step), *sent = r + b * ld;
      if (other && act->n && act->unit[0] >= n_first) sent = other; /* an act is of one signal */
      if (much != 0) impose(act, values_of(act, row + b, step, sent), much, sent);
    }
  }
}

void nai__schedule_follows(const nai__schedule *schedule, int64_t step, int64_t trial,
                           float *follows, int64_t ld)
{
  for (int64_t u = 0; u < ld; u++) follows[u] = 1;
  for (int64_t k = 0; k < schedule->n; k++) {
    const nai__act *act = &schedule->act[k];
    const float much = is_on(act, 0) ? nai__act_strength(act, trial, step) : 0;
    if (much == 0 || (act->held && step == act->window[trial].first)) continue;
    for (int64_t i = 0; i < act->n; i++)
      follows[act->unit[i]] *=
          act->kind == NAI_SCALE ? nai__act_factor(act->value[i], much) : 1 - much;
  }
}

/* --- as bytes --------------------------------------------------------------------------------- */

/* Of synapses: how those that are meant are drawn again. */
enum { KIND, STAGE, RISE, FALL, UNITS, PROJECTION, BLOCK, SEED, LARGEST, HEAD };

int64_t nai__schedule_size(const nai__schedule *schedule)
{
  int64_t size = 0;
  for (int64_t k = 0; k < schedule->n; k++)
    size += HEAD * (int64_t)sizeof(int64_t) +
            act_bytes(schedule->act[k].kind, schedule->act[k].n, schedule->trials);
  return size;
}

static void put(char **out, const void *bytes, int64_t count, size_t size)
{
  memcpy(*out, bytes, (size_t)count * size);
  *out += (size_t)count * size;
}

void nai__schedule_write(char *out, const nai__schedule *schedule)
{
  for (int64_t k = 0; k < schedule->n; k++) {
    const nai__act *act = &schedule->act[k];
    int64_t head[HEAD] = {
        [KIND] = act->kind, [STAGE] = act->stage,           [RISE] = act->rise,  [FALL] = act->fall,
        [UNITS] = act->n,   [PROJECTION] = act->projection, [BLOCK] = act->block};
    memcpy(&head[SEED], &act->seed, sizeof act->seed);
    memcpy(&head[LARGEST], &act->largest, sizeof act->largest);
    put(&out, head, HEAD, sizeof *head);
    put(&out, act->window, schedule->trials, sizeof *act->window);
    put(&out, act->unit, act->n, sizeof *act->unit);
    put(&out, act->value, act->n, sizeof *act->value);
    if (act->held) put(&out, act->held, schedule->trials * act->n, sizeof *act->held);
  }
}

static int head_is_right(const int64_t *head, const nai_network *net)
{
  const int64_t most = net->n_columns > net->n_inputs ? net->n_columns : net->n_inputs;
  return head[KIND] >= NAI_SILENCE && head[KIND] <= NAI_FREEZE && head[STAGE] >= 0 &&
         head[STAGE] < net->n_stages && head[RISE] >= 0 && head[FALL] >= 0 && head[UNITS] >= 0 &&
         head[UNITS] <= most;
}

static int is_column(const int64_t *first, int64_t stage, int64_t column)
{
  return column >= first[stage] && column < first[stage + 1];
}

static int act_is_right(const nai__act *act, const nai_network *net, int64_t trials)
{
  if (nai__act_scales_synapses(act)) return nai__chooses_synapses(act, net);
  for (int64_t k = 0; act->held && k < trials * act->n; k++)
    if (!isfinite(act->held[k])) return 0;
  for (int64_t i = 0; i < act->n; i++) {
    int64_t column = act->unit[i];
    if (!isfinite(act->value[i]) || !(is_column(net->stage_first, act->stage, column) ||
                                      is_column(net->other_first, act->stage, column)))
      return 0;
  }
  return 1;
}

static nai_status fail_format(void)
{
  return nai__fail(NAI_ERR_FORMAT, "the snapshot has interventions that do not fit the network");
}

/* One act of at most `size` bytes; moves on past it. */
static nai_status read_act(nai__schedule *out, const nai_network *net, const char **bytes,
                           int64_t *size)
{
  int64_t head[HEAD], taken = HEAD * (int64_t)sizeof *head;
  if (*size < taken) return fail_format();
  memcpy(head, *bytes, sizeof head);
  if (!head_is_right(head, net)) return fail_format();
  const int32_t kind = (int32_t)head[KIND];
  taken += act_bytes(kind, head[UNITS], out->trials);
  if (*size < taken) return fail_format();
  nai__act *act = nai__schedule_add(out, kind, head[UNITS]);
  if (!act) return NAI_ERR_MEMORY;
  act->stage = head[STAGE];
  act->rise = head[RISE];
  act->fall = head[FALL];
  act->projection = head[PROJECTION];
  act->block = head[BLOCK];
  memcpy(&act->seed, &head[SEED], sizeof act->seed);
  memcpy(&act->largest, &head[LARGEST], sizeof act->largest);
  memcpy(act->window, *bytes + sizeof head, (size_t)act_bytes(kind, act->n, out->trials));
  *bytes += taken;
  *size -= taken;
  if (!act_is_right(act, net, out->trials)) return fail_format();
  return nai__act_scales_synapses(act) ? nai__mark_synapses(act, net) : NAI_OK;
}

nai_status nai__schedule_read(nai__schedule *out, const nai_network *net, int64_t trials,
                              const char *bytes, int64_t size)
{
  nai_status status = NAI_OK;
  *out = (nai__schedule){.trials = trials};
  while (size > 0 && status == NAI_OK) status = read_act(out, net, &bytes, &size);
  if (status != NAI_OK) nai__schedule_cut(out, 0);
  return status;
}
