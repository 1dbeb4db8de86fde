/* Where the arrays of an activity have what belongs to a time: all steps kept, or going round. */
#include <assert.h>

#include "activity.h"
#include "events.h"

int64_t nai__rate_slots(const nai_network *net, int64_t steps)
{
  return steps ? steps + net->max_delay : net->max_delay + 1;
}

int64_t nai__input_slots(const nai_network *net, int64_t steps)
{
  return steps ? steps + net->max_input_delay : net->max_input_delay + 1;
}

/* Of the step before them, too. */
int64_t nai__state_slots(const nai_network *net, int64_t steps)
{
  return net->has_cells ? steps + 1 : 0;
}

/* k % slots, which takes longer than all else here; most often all is kept, or one or two steps. */
static int64_t turn(int64_t k, int64_t slots)
{
  if (k < slots) return k;
  return slots == 1 ? 0 : slots == 2 ? k & 1 : k % slots;
}

/* Times before the first that is kept have no slot. */
int64_t nai__rate_slot_number(const nai__activity *a, int64_t t)
{
  assert(t - a->base > -a->net->max_delay);
  return turn(t - a->base + a->net->max_delay - 1, a->rate_slots);
}

static int64_t rate_offset(const nai__activity *a, int64_t t)
{
  return nai__rate_slot_number(a, t) * nai__rate_floats(a, a->trials);
}

static int64_t input_offset(const nai__activity *a, int64_t t)
{
  assert(t - a->base > -a->net->max_input_delay);
  return turn(t - a->base + a->net->max_input_delay - 1, a->input_slots) * a->trials *
         a->net->ld_inputs;
}

/* Of what units make at each step. */
static int64_t step_offset(const nai__activity *a, int64_t t)
{
  assert(t > a->base);
  return turn(t - a->base - 1, a->step_slots) * a->trials * a->net->ld_units;
}

/* From the first step on, whatever is kept of units. */
static int64_t output_offset(const nai__activity *a, int64_t t)
{
  assert(t >= 1);
  return turn(t - 1, a->output_slots) * a->trials * a->net->ld_outputs;
}

const float *nai__rate_at(const nai__activity *a, int64_t t)
{
  return a->rate + rate_offset(a, t);
}

const float *nai__input_at(const nai__activity *a, int64_t t)
{
  return a->input + input_offset(a, t);
}

const float *nai__drive_at(const nai__activity *a, int64_t t)
{
  return a->drive + step_offset(a, t);
}

const float *nai__output_at(const nai__activity *a, int64_t t)
{
  return a->output + output_offset(a, t);
}

const float *nai__current_at(const nai__activity *a, int64_t t)
{
  return a->current + step_offset(a, t);
}

static int64_t state_offset(const nai__activity *a, int64_t t)
{
  assert(t >= a->base && a->state_slots);
  return turn(t - a->base, a->state_slots) * a->trials * a->net->ld_state;
}

const float *nai__state_at(const nai__activity *a, int64_t t)
{
  return a->state + state_offset(a, t);
}

const float *nai__received_at(const nai__activity *a, int64_t t)
{
  return a->received + step_offset(a, t);
}

float *nai__state_slot(nai__activity *a, int64_t t)
{
  return a->state + state_offset(a, t);
}

float *nai__received_slot(nai__activity *a, int64_t t)
{
  return a->received + step_offset(a, t);
}

const float *nai__carried(const nai__activity *a, const nai__block *block, int64_t t)
{
  int64_t sent = t - block->delay;
  return (block->from_input ? nai__input_at(a, sent) : nai__rate_at(a, sent)) + block->pre;
}

float *nai__rate_slot(nai__activity *a, int64_t t)
{
  if (a->events) nai__events_forget(a->events, nai__rate_slot_number(a, t), t);
  return a->rate + rate_offset(a, t);
}

float *nai__output_slot(nai__activity *a, int64_t t)
{
  return a->output + output_offset(a, t);
}

float *nai__input_slot(nai__activity *a, int64_t t)
{
  return a->input + input_offset(a, t);
}

float *nai__drive_slot(nai__activity *a, int64_t t)
{
  return a->drive + step_offset(a, t);
}

float *nai__current_slot(nai__activity *a, int64_t t)
{
  return a->current + step_offset(a, t);
}
