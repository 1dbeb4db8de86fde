/*
 * Eligibility traces. Onto unit a:
 *   leak on the current  p_ab(t) = (1 - alpha) p_ab(t-1) + alpha r_b,          change l phi'(x) p_ab
 *   leak on the rate     p_ab(t) = (1 - alpha) p_ab(t-1) + alpha phi'(v) r_b,  change l p_ab
 *   and within phi       p_ab(t) = phi' ((1 - alpha) p_ab(t-1) + alpha r_b),   change l p_ab
 * so each row of traces has one decay, one gain and one factor at a step. Units of other models have
 * vectors (eligibility.h). Where outputs have a memory, z = b + y, y = kappa y + gain W r, what multiplies their
 * errors is filtered by kappa once more: what follows l above, and r at the readout (Bellec et al. 2020, eq 28);
 * what multiplies costs on rates is not.
 */
#include "traces.h"

#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/finite.h"
#include "../base/memory.h"
#include "../network/row.h"
#include "backward.h"
#include "eligibility.h"
#include "slopes.h"
#include "traces_pass.h"

/* What outputs with a memory of one time constant hold. */
typedef struct filter {
  float *memory;
  float *synapse; /* as theta is laid out: filtered dr/dw */
  float *sent;    /* [n_blocks][ld_units]: what readouts carry, filtered; of others nothing */
  float *output;  /* [ld_outputs] gain dJ/dz */
  float *rate;    /* [ld_units] of costs on rates, for all signals */
  float *none;    /* [ld_units] 0 */
} filter;

typedef struct traces {
  float *memory;                /* of the next */
  float *synapse;               /* as theta is laid out: of synapses onto units, and unit biases */
  float *decay, *gain, *factor; /* [ld_units], of the step at hand */
  float *signal;                /* [ld_units] l */
  float *slope, *carry, *one;   /* [ld_units] phi'; scratch; 1s */
  nai__trace_pass pass;
  nai__eligibility *cells; /* of units that are no rate units; NULL without */
  char *is_cell;           /* [ld_units] 1: a port of these; NULL without */
  filter filter;           /* all NULL where outputs had no memory */
} traces;

static void detach(nai__online *online)
{
  traces *own = online->own;
  if (!own) return;
  nai__free(own->memory);
  nai__free(own->decay);
  nai__trace_pass_release(&own->pass, online->learner->net);
  nai__eligibility_destroy(own->cells);
  nai__free(own->is_cell);
  nai__free(own->filter.memory);
  nai__free(own);
  online->own = NULL;
}

/* What is no rate unit's: first ports of cells, and all columns that rate units have not. */
static nai_status find_cells(traces *own, const nai_network *net)
{
  if (!net->has_cells) return NAI_OK;
  own->is_cell = NAI__ARRAY(char, net->ld_units);
  if (!own->is_cell) return NAI_ERR_MEMORY;
  memset(own->is_cell, 1, (size_t)net->ld_units);
  for (int64_t k = 0; k < net->n_segments; k++)
    if (!net->segment[k].cells)
      memset(own->is_cell + net->segment[k].offset, 0, (size_t)net->segment[k].units.n);
  return nai__eligibility_create(&own->cells, net);
}

static int64_t filter_floats(const nai_network *net)
{
  return net->n_theta + (net->n_blocks + 2) * net->ld_units + net->ld_outputs;
}

static nai_status make_filter(filter *out, const nai_network *net)
{
  if (!net->has_output_memory) return NAI_OK;
  out->memory = NAI__ARRAY(float, filter_floats(net));
  if (!out->memory) return NAI_ERR_MEMORY;
  out->synapse = out->memory;
  out->sent = out->synapse + net->n_theta;
  out->rate = out->sent + net->n_blocks * net->ld_units;
  out->none = out->rate + net->ld_units;
  out->output = out->none + net->ld_units;
  return NAI_OK;
}

#define PAGE 1024 /* floats */

/*
 * Half a page away from theta: a weight and its trace, used together, would take turns for the same sets of the
 * cache if the last bits of their addresses were the same, as two large allocations have them.
 */
static float *away_from(const float *theta, float *memory)
{
  const uintptr_t page = PAGE * sizeof(float);
  return memory + ((uintptr_t)theta + page / 2 - (uintptr_t)memory) % page / sizeof(float);
}

static nai_status attach(nai__online *online)
{
  const nai_network *net = online->learner->net;
  traces *own = online->own = NAI__NEW(traces);
  if (!own) return NAI_ERR_MEMORY;
  own->memory = NAI__ARRAY(float, net->n_theta + PAGE);
  own->decay = NAI__ARRAY(float, 7 * net->ld_units);
  if (!own->memory || !own->decay) return NAI_ERR_MEMORY;
  own->synapse = away_from(net->theta, own->memory);
  own->gain = own->decay + net->ld_units;
  own->factor = own->gain + net->ld_units;
  own->signal = own->factor + net->ld_units;
  own->slope = own->signal + net->ld_units;
  own->carry = own->slope + net->ld_units;
  own->one = own->carry + net->ld_units;
  for (int64_t u = 0; u < net->ld_units; u++) own->one[u] = 1;
  NAI__TRY(find_cells(own, net));
  NAI__TRY(make_filter(&own->filter, net));
  return nai__trace_pass_make(&own->pass, net);
}

static void begin(nai__online *online)
{
  traces *own = online->own;
  nai__feedback_renew(&online->learner->feedback, online->learner->net);
  memset(own->synapse, 0, (size_t)online->learner->net->n_theta * sizeof *own->synapse);
  nai__trace_pass_begin(&own->pass, online->learner->net);
  nai__eligibility_clear(own->cells);
  if (own->filter.memory)
    memset(own->filter.memory, 0,
           (size_t)filter_floats(online->learner->net) * sizeof *own->filter.memory);
}

/* --- the step at hand ------------------------------------------------------------------------- */

static void find_slopes(nai__online *online)
{
  const nai_network *net = online->learner->net;
  traces *own = online->own;
  const nai__activity *a = online->activity;
  const float *rate = a->own ? a->own : nai__rate_at(a, online->t); /* not what was imposed */
  for (int64_t k = 0; k < net->n_segments; k++) {
    const nai__segment *g = &net->segment[k];
    if (g->cells) continue;
    const float *value = g->leak == NAI_LEAK_RATE ? nai__drive_at(a, online->t) : rate;
    nai__slopes(net, g->units, g->leak, own->one, own->slope + g->offset, own->carry,
                value + g->offset);
  }
}

static void find_rows(nai__online *online)
{
  const nai_network *net = online->learner->net;
  traces *own = online->own;
  find_slopes(online);
  for (int64_t k = 0; k < net->n_segments; k++) {
    const nai__segment *g = &net->segment[k];
    if (g->cells) continue; /* factor and gain stay 0 */
    int on_current = g->leak == NAI_LEAK_CURRENT;
    for (int64_t u = g->offset; u < g->offset + g->units.n; u++) {
      float alpha = g->units.alpha[u - g->offset];
      own->decay[u] = g->leak == NAI_LEAK_WHOLE ? (1 - alpha) * own->slope[u] : 1 - alpha;
      own->gain[u] = on_current ? alpha : alpha * own->slope[u];
      own->factor[u] = on_current ? own->signal[u] * own->slope[u] : own->signal[u];
    }
  }
}

/* Each gets its own trace, where the pass has moved one for all. */
static void part_rows(const nai__online *online)
{
  traces *own = online->own;
  nai__trace_pass_part(&own->pass, online->learner->net, own->synapse);
}

/* --- into a gradient -------------------------------------------------------------------------- */

static void add_row(float *g, float *p, const float *r, int64_t n, float decay, float gain,
                    float factor)
{
  for (int64_t j = 0; j < n; j++) {
    p[j] = decay * p[j] + gain * r[j];
    g[j] += factor * p[j];
  }
}

static void add_block(nai__online *online, const nai__block *b)
{
  const traces *own = online->own;
  const float *sent = nai__carried(online->activity, b, online->t);
  for (int64_t i = 0; i < b->n_post; i++) {
    const nai__strip strip = nai__strip_of(b, i);
    const int64_t u = b->post + i;
    if (own->is_cell && own->is_cell[u]) continue;
    add_row(online->gradient + strip.at, own->synapse + strip.at,
            nai__online_carried(online, &strip, sent, online->carried[0]), strip.n, own->decay[u],
            own->gain[u], own->factor[u]);
  }
}

static void add_biases(nai__online *online)
{
  const nai_network *net = online->learner->net;
  const traces *own = online->own;
  float *g = online->gradient + net->unit_bias, *p = own->synapse + net->unit_bias;
  for (int64_t u = 0; u < net->n_units; u++) {
    p[u] = own->decay[u] * p[u] + own->gain[u];
    g[u] += own->factor[u] * p[u];
  }
}

static nai_status step(nai__online *online)
{
  const nai_network *net = online->learner->net;
  part_rows(online);
  find_rows(online);
  for (int64_t k = 0; k < net->n_blocks; k++)
    if (!net->block[k].to_output) add_block(online, &net->block[k]);
  add_biases(online);
  nai__online_readout(online);
  const traces *own = online->own;
  return own->cells ? nai__eligibility_step(own->cells, online, own->signal, NULL) : NAI_OK;
}

/* --- through outputs with a memory ------------------------------------------------------------ */

/* What a unit's errors are multiplied with, at this step. */
typedef struct worth {
  float decay, gain, slope; /* of traces; of rates by them */
  float kept, task, rate;   /* of what outputs hold; what these say, and costs on rates */
} worth;

static worth worth_of(const nai__online *online, int64_t u)
{
  const nai_network *net = online->learner->net;
  const traces *own = online->own;
  return (worth){own->decay[u],  own->gain[u],
                 own->factor[u], net->readout[NAI__READOUT_KEPT * net->ld_outputs],
                 own->signal[u], online->rate_gradient[u]};
}

static void remember_row(float *g, float *p, float *filtered, const float *r, int64_t n,
                         const worth *w)
{
  for (int64_t j = 0; j < n; j++) {
    p[j] = w->decay * p[j] + w->gain * r[j];
    const float by = w->slope * p[j];
    filtered[j] = w->kept * filtered[j] + by;
    g[j] += w->task * filtered[j] + w->rate * by;
  }
}

static void remember_block(nai__online *online, const nai__block *b)
{
  const traces *own = online->own;
  const float *sent = nai__carried(online->activity, b, online->t);
  for (int64_t i = 0; i < b->n_post; i++) {
    const nai__strip strip = nai__strip_of(b, i);
    const int64_t u = b->post + i;
    if (own->is_cell && own->is_cell[u]) continue;
    const worth w = worth_of(online, u);
    remember_row(online->gradient + strip.at, own->synapse + strip.at,
                 own->filter.synapse + strip.at,
                 nai__online_carried(online, &strip, sent, online->carried[0]), strip.n, &w);
  }
}

static void remember_biases(nai__online *online)
{
  static const float one = 1;
  const nai_network *net = online->learner->net;
  const traces *own = online->own;
  for (int64_t u = 0; u < net->n_units; u++) {
    const int64_t at = net->unit_bias + u;
    if (own->is_cell && own->is_cell[u]) continue;
    const worth w = worth_of(online, u);
    remember_row(online->gradient + at, own->synapse + at, own->filter.synapse + at, &one, 1, &w);
  }
}

/* The readout's own gradient: with what it carried, filtered; of biases as without. */
static void remember_readout(nai__online *online)
{
  const nai_network *net = online->learner->net;
  const filter *f = &((traces *)online->own)->filter;
  const float kept = net->readout[NAI__READOUT_KEPT * net->ld_outputs];
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    if (!b->to_output) continue;
    const float *now = nai__carried(online->activity, b, online->t);
    float *sent = f->sent + k * net->ld_units;
    for (int64_t j = 0; j < b->n_pre; j++) sent[j] = kept * sent[j] + now[j];
    for (int64_t i = 0; i < b->n_post; i++) {
      const nai__strip strip = nai__strip_of(b, i);
      const float *r = nai__strip_carried(&strip, sent, online->carried[0]);
      for (int64_t j = 0; j < strip.n; j++)
        online->gradient[strip.at + j] += f->output[b->post + i] * r[j];
    }
  }
  for (int64_t o = 0; o < net->n_outputs; o++)
    online->gradient[net->output_bias + o] += online->output_gradient[o];
}

/* Of `signal` what outputs say; factors are slopes alone. */
static nai_status remember(nai__online *online)
{
  const nai_network *net = online->learner->net;
  traces *own = online->own;
  const nai__memory memory = {net->readout[NAI__READOUT_KEPT * net->ld_outputs], own->signal};
  part_rows(online);
  find_rows(online);
  for (int64_t s = 0; s < net->n_segments; s++) {
    const nai__segment *g = &net->segment[s];
    for (int64_t u = g->offset; u < g->offset + g->units.n && !g->cells; u++)
      own->factor[u] = (g->leak == NAI_LEAK_CURRENT ? own->slope[u] : 1) *
                       (online->follows ? online->follows[u] : 1);
  }
  for (int64_t k = 0; k < net->n_blocks; k++)
    if (!net->block[k].to_output) remember_block(online, &net->block[k]);
  remember_biases(online);
  remember_readout(online);
  if (!own->cells) return NAI_OK;
  memcpy(own->filter.rate, online->rate_gradient, (size_t)net->n_units * sizeof(float));
  return nai__eligibility_step(own->cells, online, own->filter.rate, &memory);
}

/* A step of a rule that finds its signal like this. */
static nai_status step_by(nai__online *online, void (*find_signal)(nai__online *online))
{
  const nai_network *net = online->learner->net;
  const filter *f = &((traces *)online->own)->filter;
  if (!net->has_output_memory) {
    find_signal(online);
    return step(online);
  }
  if (!f->memory)
    return nai__fail(NAI_ERR_UNSUPPORTED,
                     "outputs had no memory when this agent was made: make another one");
  nai__online later = *online;
  for (int64_t o = 0; o < net->n_outputs; o++)
    f->output[o] =
        net->readout[NAI__READOUT_GAINS * net->ld_outputs + o] * online->output_gradient[o];
  later.output_gradient = f->output;
  later.rate_gradient = f->none;
  later.follows = NULL; /* outputs hold what was sent: rates are multiplied before */
  find_signal(&later);
  return remember(online);
}

/* --- with the descent, in one pass ------------------------------------------------------------ */

/* Everything that is read is finite: so is everything that will be written. */
static int is_finite(const nai__online *online)
{
  const nai_network *net = online->learner->net;
  const traces *own = online->own;
  return nai__all_finite(own->factor, net->n_units) && nai__all_finite(own->gain, net->n_units) &&
         nai__all_finite(online->output_gradient, net->n_outputs) &&
         nai__all_finite(nai__input_at(online->activity, online->t), net->n_inputs);
}

static void learn_biases(nai__online *online, const nai__fused *fused)
{
  const nai_network *net = online->learner->net;
  const traces *own = online->own;
  float rate = (float)fused->rate;
  float *w = fused->theta + net->unit_bias, *p = own->synapse + net->unit_bias;
  for (int64_t u = 0; u < net->n_units; u++) {
    p[u] = own->decay[u] * p[u] + own->gain[u];
    w[u] -= rate * own->factor[u] * p[u] * (float)net->plastic[net->unit_bias + u];
  }
  for (int64_t o = net->output_bias; o < net->output_bias + net->n_outputs; o++)
    fused->theta[o] -=
        rate * online->output_gradient[o - net->output_bias] * (float)net->plastic[o];
}

static nai_status learn(nai__online *online, const nai__fused *fused)
{
  traces *own = online->own;
  find_rows(online);
  if (!is_finite(online))
    return nai__fail(NAI_ERR_NONFINITE,
                     "an input or the gradient is NaN or infinite at step %lld of the trial: lower "
                     "the learning rate, or look at inputs and targets",
                     (long long)online->t);
  const nai__trace_rows rows = {own->synapse, own->decay, own->gain, own->factor};
  nai__trace_pass_learn(&own->pass, online, fused, &rows);
  learn_biases(online, fused);
  return NAI_OK;
}

/* --- the rules -------------------------------------------------------------------------------- */

static void signal_direct(nai__online *online)
{
  const nai__feedback *f = &online->learner->feedback;
  nai__online_signal(online, f->exact, 1, f->stage_packed, ((traces *)online->own)->signal);
}

static nai_status step_direct(nai__online *online)
{
  NAI__TRY(nai__online_renew(online));
  return step_by(online, signal_direct);
}

static nai_status learn_direct(nai__online *online, const nai__fused *fused)
{
  NAI__TRY(nai__online_renew(online));
  signal_direct(online);
  return learn(online, fused);
}

static void signal_symmetric(nai__online *online)
{
  nai__online_signal(online, nai__transposed(online->learner), 1, NULL,
                     ((traces *)online->own)->signal);
}

static nai_status step_symmetric(nai__online *online)
{
  return step_by(online, signal_symmetric);
}

static void signal_adaptive(nai__online *online)
{
  nai__feedback_renew(&online->learner->feedback, online->learner->net);
  nai__online_signal(online, online->learner->feedback.packed, 0, NULL,
                     ((traces *)online->own)->signal);
}

/* A readout may have begun to learn between two steps, and is read in another order then. */
static nai_status step_adaptive(nai__online *online)
{
  NAI__TRY(nai__feedback_fit(&online->learner->feedback, online->learner->net));
  return step_by(online, signal_adaptive);
}

static nai_status attach_direct(nai__online *online)
{
  NAI__TRY(nai__online_prompt(online, online->learner->feedback.exact));
  return attach(online);
}

static nai_status attach_symmetric(nai__online *online)
{
  NAI__TRY(nai__online_prompt(online, online->learner->own));
  return attach(online);
}

static nai_status attach_adaptive(nai__online *online)
{
  NAI__TRY(nai__online_prompt(online, online->learner->feedback.packed));
  return attach(online);
}

const nai__online_ops nai__traces_direct = {.attach = attach_direct,
                                            .detach = detach,
                                            .begin = begin,
                                            .step = step_direct,
                                            .fused = learn_direct,
                                            .remembers = 1};
const nai__online_ops nai__traces_symmetric = {.attach = attach_symmetric,
                                               .detach = detach,
                                               .begin = begin,
                                               .step = step_symmetric,
                                               .remembers = 1};
const nai__online_ops nai__traces_adaptive = {.attach = attach_adaptive,
                                              .detach = detach,
                                              .begin = begin,
                                              .step = step_adaptive,
                                              .remembers = 1};
