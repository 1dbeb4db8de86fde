/* Spans of a trial: how long they are, and what goes from one to the next. */
#include "spans.h"

#include <math.h>
#include <string.h>

/* --- how long --------------------------------------------------------------------------------- */

int64_t nai__mark_floats(const nai_network *net)
{
  return (net->max_delay + 1 + net->has_coloured_noise) * net->ld_units +
         (net->max_input_delay + net->has_coloured_input_noise) * net->ld_inputs +
         net->has_output_memory * net->ld_outputs + net->ld_state;
}

/* Floats of one step that is there, of one trial: rates and signals, and what goes with them. */
static int64_t step_floats(const nai_network *net)
{
  return (2 + net->has_rate_leak + net->has_cells) * net->ld_units + net->ld_inputs + net->ld_state;
}

static int64_t parts_of(int64_t whole, int64_t part)
{
  return (whole + part - 1) / part;
}

/* Floats of a trial in spans of this length that grow with it or with their number. */
static int64_t floats_of(const nai_network *net, int64_t steps, int64_t length)
{
  int64_t marks = parts_of(steps, length) - 1;
  return marks * nai__mark_floats(net) + length * step_floats(net) +
         (marks ? net->max_delay * net->ld_units : 0);
}

/*
 * Of k steps a span, marks take mark steps / k and the span step k: least where k is about the root of
 * steps mark / step.
 */
static int64_t best_length(const nai_network *net, int64_t steps)
{
  double mark = (double)nai__mark_floats(net), step = (double)step_floats(net);
  int64_t root = (int64_t)sqrt((double)steps * mark / step), best = steps;
  int64_t least = floats_of(net, steps, steps);
  for (int64_t length = root / 2 + 1; length <= 2 * root + 1 && length < steps; length++) {
    int64_t floats = floats_of(net, steps, length);
    if (floats >= least) continue;
    least = floats;
    best = length;
  }
  return best;
}

nai__spans nai__spans_of(const nai_network *net, int64_t steps, int64_t recompute)
{
  int64_t length =
      recompute == NAI__LEAST_MEMORY && steps > 1 ? best_length(net, steps) : recompute;
  if (length <= 0 || length >= steps) return (nai__spans){steps, 1};
  return (nai__spans){length, parts_of(steps, length)};
}

/* --- marks ------------------------------------------------------------------------------------ */

enum { PARTS = 7 };
typedef struct part {
  float *at;
  int64_t n;
} part;

/* All that a step goes on from, of all trials. */
static void list(part out[PARTS], const nai__activity *a)
{
  const nai_network *net = a->net;
  int64_t units = a->trials * net->ld_units, inputs = a->trials * net->ld_inputs;
  out[0] = (part){a->rate, net->max_delay * units};
  out[1] = (part){a->input, net->max_input_delay * inputs};
  out[2] = (part){a->x, units};
  out[3] = (part){a->noise, net->has_coloured_noise ? units : 0};
  out[4] = (part){a->input_noise, net->has_coloured_input_noise ? inputs : 0};
  out[5] = (part){a->held, net->has_output_memory ? a->trials * net->ld_outputs : 0};
  out[6] = (part){a->state, net->has_cells ? a->trials * net->ld_state : 0};
}

void nai__mark_take(float *mark, const nai__activity *a)
{
  part part[PARTS];
  list(part, a);
  for (int i = 0; i < PARTS; i++) {
    if (part[i].n) memcpy(mark, part[i].at, (size_t)part[i].n * sizeof *mark);
    mark += part[i].n;
  }
}

void nai__mark_put_back(nai__activity *a, const float *mark)
{
  part part[PARTS];
  list(part, a);
  for (int i = 0; i < PARTS; i++) {
    if (part[i].n) memcpy(part[i].at, mark, (size_t)part[i].n * sizeof *mark);
    mark += part[i].n;
  }
}

void nai__spans_move_on(nai__activity *a, int64_t steps)
{
  const nai_network *net = a->net;
  int64_t units = a->trials * net->ld_units, inputs = a->trials * net->ld_inputs,
          states = a->trials * net->ld_state;
  memmove(a->rate, a->rate + steps * units, (size_t)(net->max_delay * units) * sizeof(float));
  memmove(a->input, a->input + steps * inputs,
          (size_t)(net->max_input_delay * inputs) * sizeof(float));
  if (states) memmove(a->state, a->state + steps * states, (size_t)states * sizeof(float));
  a->base += steps;
}
