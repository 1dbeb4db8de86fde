/* Gradients forwards: see tangents.h. */
#include "tangents.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/base/philox.h"
#include "checks.h"

/* A unit's numbers, out of the network's description. */
typedef struct unit {
  int32_t leak, transfer, is_ei;
  double alpha, noise, noise_tau, gain, exponent, bias, initial;
  double coloured; /* its noise now, of variance 1 */
} unit;

/* A synapse between units, or to an output. */
typedef struct link {
  int64_t pre, post, delay;
  double weight, through;
} link;

typedef struct run {
  const nai_trainer *trainer;
  const nai_network *net;
  const tangents *how;
  int64_t steps, before, n; /* rates are kept from step -before on */
  unit *units;
  link *recurrent, *readout, *input;
  int64_t n_recurrent, n_readout, n_input;
  int64_t *onto, *input_onto; /* [n + 1]: where a unit's links of `recurrent` and `input` begin */
  double *rate, *slope;       /* [steps + before + 1][n], of one trial */
  double *turned;             /* likewise: influence of one weight on rates */
  double *current;            /* [n]: on x */
  double *kept, *gain;        /* [n_outputs]: of their memory */
  double *held;               /* [n_outputs]: influence of one weight on what they hold */
  double *gradient;
} run;

static double *at_step(const run *r, double *array, int64_t t)
{
  return array + (t + r->before) * r->n;
}

/* --- transfer functions ----------------------------------------------------------------------- */

static double phi(const unit *u, double x)
{
  double y = x;
  switch (u->transfer) {
  case NAI_TRANSFER_RELU: y = x > 0 ? x : 0; break;
  case NAI_TRANSFER_TANH: y = tanh(x); break;
  case NAI_TRANSFER_SOFTPLUS: y = log1p(exp(x)); break;
  case NAI_TRANSFER_LOGISTIC: y = 1 / (1 + exp(-x)); break;
  case NAI_TRANSFER_RECTIFIED_TANH: y = x > 0 ? tanh(x) : 0; break;
  case NAI_TRANSFER_POWER: y = x > 0 ? pow(x, u->exponent) : 0; break;
  case NAI_TRANSFER_LINEAR: break;
  default: ck_abort_msg("what is transfer function %d?", (int)u->transfer);
  }
  return u->gain * y;
}

static double phi_slope(const unit *u, double x)
{
  double y = 1, e = tanh(x);
  switch (u->transfer) {
  case NAI_TRANSFER_RELU: y = x > 0; break;
  case NAI_TRANSFER_TANH: y = 1 - e * e; break;
  case NAI_TRANSFER_SOFTPLUS: y = 1 / (1 + exp(-x)); break;
  case NAI_TRANSFER_LOGISTIC: y = 1 / (2 + exp(x) + exp(-x)); break;
  case NAI_TRANSFER_RECTIFIED_TANH: y = x > 0 ? 1 - e * e : 0; break;
  case NAI_TRANSFER_POWER: y = x > 0 ? u->exponent * pow(x, u->exponent - 1) : 0; break;
  case NAI_TRANSFER_LINEAR: break;
  default: ck_abort_msg("what is transfer function %d?", (int)u->transfer);
  }
  return u->gain * y;
}

/* --- the network as lists --------------------------------------------------------------------- */

static void describe_units(run *r)
{
  const nai_network *net = r->net;
  r->units = calloc((size_t)r->n, sizeof *r->units);
  for (int64_t k = 0; k < net->n_nodes; k++) {
    const nai__node *node = &net->node[k];
    for (int64_t i = 0; node->kind == NAI_POPULATIONS && i < node->n; i++) {
      int64_t u = node->offset + i;
      r->units[u] = (unit){.leak = node->leak,
                           .transfer = node->transfer,
                           .is_ei = !strcmp(node->name, "E") || !strcmp(node->name, "I"),
                           .alpha = net->dt / node->number[NAI__TAU][i],
                           .noise = node->number[NAI__NOISE][i],
                           .noise_tau = node->number[NAI__NOISE_TAU][i],
                           .gain = node->number[NAI__GAIN][i],
                           .exponent = node->number[NAI__EXPONENT][i],
                           .bias = (double)net->theta[net->unit_bias + u],
                           .initial = (double)net->theta[net->unit_initial + u]};
    }
  }
}

static void describe_outputs(run *r)
{
  const nai_network *net = r->net;
  for (int64_t k = 0; k < net->n_nodes; k++) {
    const nai__node *node = &net->node[k];
    for (int64_t i = 0; node->kind == NAI_OUTPUTS && i < node->n; i++) {
      double tau = node->number[NAI__OUTPUT_TAU][i];
      r->kept[node->offset + i] = tau > 0 ? exp(-net->dt / tau) : 0;
      r->gain[node->offset + i] = node->number[NAI__OUTPUT_GAIN][i];
    }
  }
}

static void add_links(run *r, const nai__projection *p)
{
  const nai_network *net = r->net;
  const nai__node *pre = &net->node[p->from], *post = &net->node[p->to];
  const float *through = r->how->through ? r->how->through : net->theta;
  link **list = &r->recurrent;
  int64_t *n = &r->n_recurrent, ld = p->at.stride;
  if (pre->kind == NAI_INPUTS) list = &r->input, n = &r->n_input;
  if (post->kind == NAI_OUTPUTS) list = &r->readout, n = &r->n_readout;
  *list = realloc(*list, (size_t)(*n + pre->n * post->n) * sizeof **list);
  for (int64_t i = 0; i < post->n; i++)
    for (int64_t j = 0; j < pre->n; j++) {
      int64_t k = p->at.start + i * ld + j;
      if (net->exists[k] == 0) continue;
      (*list)[(*n)++] = (link){pre->offset + j, post->offset + i, p->delay, (double)net->theta[k],
                               (double)through[k]};
    }
}

/* Puts the links of each unit together, in the order in which they were; `onto`: where they begin. */
static void group_links(const run *r, link **links, int64_t n_links, int64_t **onto)
{
  link *grouped = calloc((size_t)n_links + 1, sizeof *grouped);
  int64_t n = 0;
  *onto = calloc((size_t)r->n + 1, sizeof **onto);
  for (int64_t u = 0; u < r->n; u++) {
    for (const link *l = *links; l < *links + n_links; l++)
      if (l->post == u) grouped[n++] = *l;
    (*onto)[u + 1] = n;
  }
  free(*links);
  *links = grouped;
}

static void describe_links(run *r)
{
  for (int64_t k = 0; k < r->net->n_projections; k++) add_links(r, &r->net->projection[k]);
  group_links(r, &r->recurrent, r->n_recurrent, &r->onto);
  group_links(r, &r->input, r->n_input, &r->input_onto);
}

/* --- forwards --------------------------------------------------------------------------------- */

/* What a unit receives besides v: white noise, or Ornstein-Uhlenbeck noise of this deviation. */
static double noise_of(const run *r, unit *k, int64_t t, double xi)
{
  if (k->noise_tau <= 0) return sqrt(2 / k->alpha) * k->noise * xi;
  double kept = t > 1 ? exp(-r->net->dt / k->noise_tau) : 0;
  k->coloured = kept * k->coloured + sqrt(1 - kept * kept) * xi;
  return k->noise * k->coloured;
}

static void move_unit(run *r, int64_t t, int64_t u, double v, double xi)
{
  unit *k = &r->units[u];
  double *rate = at_step(r, r->rate, t), *slope = at_step(r, r->slope, t), x;
  v += noise_of(r, k, t, xi);
  if (k->leak == NAI_LEAK_CURRENT) {
    x = (1 - k->alpha) * r->current[u] + k->alpha * v;
    r->current[u] = x;
    rate[u] = phi(k, x);
  } else if (k->leak == NAI_LEAK_WHOLE) {
    x = (1 - k->alpha) * at_step(r, r->rate, t - 1)[u] + k->alpha * v;
    rate[u] = phi(k, x);
  } else {
    x = v;
    rate[u] = (1 - k->alpha) * at_step(r, r->rate, t - 1)[u] + k->alpha * phi(k, x);
  }
  slope[u] = phi_slope(k, x);
}

static void begin(run *r)
{
  for (int64_t u = 0; u < r->n; u++) {
    const unit *k = &r->units[u];
    r->current[u] = k->initial;
    for (int64_t t = -r->before; t <= 0; t++) {
      at_step(r, r->rate, t)[u] = k->leak == NAI_LEAK_CURRENT ? phi(k, k->initial) : k->initial;
      at_step(r, r->slope, t)[u] = phi_slope(k, k->initial);
    }
  }
}

static double input_of(const run *r, int64_t t, int64_t trial, int64_t channel)
{
  const nai__activity *a = &r->trainer->batch.activity;
  return t < 1 ? 0 : (double)nai__input_at(a, t)[trial * r->net->ld_inputs + channel];
}

static void step_forward(run *r, int64_t t, int64_t trial)
{
  const nai__activity *a = &r->trainer->batch.activity;
  const float *theirs = nai__rate_at(a, t) + trial * r->net->ld_units;
  float *xi = malloc((size_t)r->n * sizeof *xi);
  r->net->kernels->normals(xi, r->n, a->seed, NAI__FOR_NOISE, a->first + (uint64_t)trial,
                           (uint32_t)t);
  for (int64_t u = 0; u < r->n; u++) { /* in the order of stages */
    double v = r->units[u].bias;
    for (const link *l = r->recurrent + r->onto[u]; l < r->recurrent + r->onto[u + 1]; l++)
      v += l->weight * at_step(r, r->rate, t - l->delay)[l->pre];
    for (const link *l = r->input + r->input_onto[u]; l < r->input + r->input_onto[u + 1]; l++)
      v += l->weight * input_of(r, t - l->delay, trial, l->pre);
    move_unit(r, t, u, v, (double)xi[u]);
    EXPECT(fabs(at_step(r, r->rate, t)[u] - (double)theirs[u]) < 1e-4);
  }
  free(xi);
}

/* --- the influence of one weight -------------------------------------------------------------- */

typedef struct weight {
  int64_t post, pre, delay; /* pre -1: a bias; -2: an initial state */
  int from_input;
} weight;

/* What the weight itself brings to its unit at step t. */
static double carried(run *r, const weight *w, int64_t t, int64_t trial)
{
  if (w->pre < 0) return w->pre == -1;
  return w->from_input ? input_of(r, t - w->delay, trial, w->pre)
                       : at_step(r, r->rate, t - w->delay)[w->pre];
}

static void turn_unit(run *r, const weight *w, int64_t t, int64_t trial, int64_t u)
{
  const unit *k = &r->units[u];
  double v = u == w->post ? carried(r, w, t, trial) : 0, slope = at_step(r, r->slope, t)[u];
  for (const link *l = r->recurrent + r->onto[u]; l < r->recurrent + r->onto[u + 1]; l++)
    if (r->how->kept == TANGENTS_ALL || (r->how->kept == TANGENTS_OWN && l->pre == u))
      v += l->through * at_step(r, r->turned, t - l->delay)[l->pre];
  double *turned = &at_step(r, r->turned, t)[u];
  if (k->leak == NAI_LEAK_CURRENT) {
    r->current[u] = (1 - k->alpha) * r->current[u] + k->alpha * v;
    *turned = slope * r->current[u];
  } else if (k->leak == NAI_LEAK_WHOLE) {
    *turned = slope * ((1 - k->alpha) * at_step(r, r->turned, t - 1)[u] + k->alpha * v);
  } else {
    *turned = (1 - k->alpha) * at_step(r, r->turned, t - 1)[u] + k->alpha * slope * v;
  }
}

static void forget(run *r, int64_t t)
{
  memset(at_step(r, r->turned, -r->before), 0, (size_t)((t + r->before) * r->n) * sizeof(double));
  memset(r->current, 0, (size_t)r->n * sizeof *r->current);
}

static void turn_initial(run *r, int64_t u)
{
  for (int64_t t = -r->before; t <= 0; t++)
    at_step(r, r->turned, t)[u] =
        r->units[u].leak == NAI_LEAK_CURRENT ? at_step(r, r->slope, 0)[u] : 1;
  r->current[u] = 1;
}

/* Influence on outputs: what they still hold of it, and what comes. */
static void turn_outputs(run *r, int64_t t)
{
  const nai_network *net = r->net;
  double *turned = at_step(r, r->turned, t);
  for (int64_t o = 0; o < net->n_outputs; o++) r->held[o] *= r->kept[o];
  for (int64_t u = 0; r->how->direct && u < r->n; u++)
    for (int64_t o = 0; o < net->n_outputs; o++)
      r->held[o] += r->gain[o] * (double)r->how->direct[o * net->ld_units + u] * turned[u];
  for (const link *l = r->readout; !r->how->direct && l < r->readout + r->n_readout; l++)
    r->held[l->post] += r->gain[l->post] * l->through * at_step(r, r->turned, t - l->delay)[l->pre];
}

/* Of J, through rates and outputs of step t. */
static double worth(run *r, int64_t t, int64_t trial, int64_t trials, int counts)
{
  const nai_network *net = r->net;
  const float *dz =
      r->trainer->batch.output_gradient + ((t - 1) * trials + trial) * net->ld_outputs;
  double sum = 0, *turned = at_step(r, r->turned, t), *rate = at_step(r, r->rate, t);
  for (int64_t u = 0; counts && u < r->n; u++)
    sum += turned[u] *
           (2 * r->how->l2 * rate[u] +
            (r->units[u].is_ei ? r->how->l1 * ((rate[u] > 0) - (rate[u] < 0)) : 0)) /
           (double)trials;
  turn_outputs(r, t);
  for (int64_t o = 0; o < net->n_outputs; o++) sum += (double)dz[o] * r->held[o];
  return sum;
}

static double influence(run *r, const weight *w, int64_t trial, int64_t trials, int64_t length)
{
  double sum = 0;
  int64_t window = r->how->window;
  forget(r, r->steps + 1);
  memset(r->held, 0, (size_t)r->net->n_outputs * sizeof *r->held);
  if (w->pre == -2) turn_initial(r, w->post);
  for (int64_t t = 1; t <= r->steps; t++) {
    if (t > 1 && window && (t - 1) % window == 0) forget(r, t);
    for (int64_t u = 0; u < r->n; u++)
      if (r->how->kept == TANGENTS_ALL || u == w->post) turn_unit(r, w, t, trial, u);
    sum += worth(r, t, trial, trials, t <= length);
  }
  return sum;
}

/* --- all weights ------------------------------------------------------------------------------ */

static double readout_part(run *r, int64_t output, int64_t pre, int64_t delay, int64_t trial,
                           int64_t trials)
{
  double sum = 0, held = 0;
  for (int64_t t = 1; t <= r->steps; t++) {
    if (pre >= 0)
      held = r->kept[output] * held + r->gain[output] * at_step(r, r->rate, t - delay)[pre];
    sum += (double)r->trainer->batch
               .output_gradient[((t - 1) * trials + trial) * r->net->ld_outputs + output] *
           (pre < 0 ? 1 : held);
  }
  return sum;
}

static void add_projection(run *r, const nai__projection *p, int64_t trial, int64_t trials,
                           int64_t length)
{
  const nai_network *net = r->net;
  const nai__node *pre = &net->node[p->from], *post = &net->node[p->to];
  for (int64_t i = 0; i < post->n; i++)
    for (int64_t j = 0; j < pre->n; j++) {
      int64_t k = p->at.start + i * p->at.stride + j;
      weight w = {post->offset + i, pre->offset + j, p->delay, pre->kind == NAI_INPUTS};
      if (net->plastic[k] == 0) continue;
      r->gradient[k] += post->kind == NAI_OUTPUTS
                            ? readout_part(r, w.post, w.pre, w.delay, trial, trials)
                            : influence(r, &w, trial, trials, length);
    }
}

static void add_numbers(run *r, int64_t trial, int64_t trials, int64_t length)
{
  const nai_network *net = r->net;
  for (int64_t u = 0; u < r->n; u++) {
    int64_t bias = net->unit_bias + u, initial = net->unit_initial + u;
    if (net->plastic[bias] != 0)
      r->gradient[bias] += influence(r, &(weight){u, -1, 0, 0}, trial, trials, length);
    if (net->plastic[initial] != 0)
      r->gradient[initial] += influence(r, &(weight){u, -2, 0, 0}, trial, trials, length);
  }
  for (int64_t o = 0; o < net->n_outputs; o++)
    if (net->plastic[net->output_bias + o] != 0)
      r->gradient[net->output_bias + o] += readout_part(r, o, -1, 0, trial, trials);
}

static void allocate(run *r)
{
  size_t n = (size_t)((r->steps + r->before + 1) * r->n);
  r->rate = calloc(n, sizeof *r->rate);
  r->slope = calloc(n, sizeof *r->slope);
  r->turned = calloc(n, sizeof *r->turned);
  r->current = calloc((size_t)r->n, sizeof *r->current);
  r->kept = calloc((size_t)r->net->ld_outputs + 1, sizeof *r->kept);
  r->gain = calloc((size_t)r->net->ld_outputs + 1, sizeof *r->gain);
  r->held = calloc((size_t)r->net->ld_outputs + 1, sizeof *r->held);
  r->gradient = calloc((size_t)r->net->n_theta, sizeof *r->gradient);
}

static void release(run *r)
{
  free(r->units);
  free(r->recurrent);
  free(r->readout);
  free(r->input);
  free(r->onto);
  free(r->input_onto);
  free(r->rate);
  free(r->slope);
  free(r->turned);
  free(r->current);
  free(r->kept);
  free(r->gain);
  free(r->held);
}

double *tangents_gradient(const nai_trainer *trainer, const tangents *how)
{
  const nai_network *net = trainer->plasticity.net;
  int64_t trials = trainer->batch.trials;
  run r = {.trainer = trainer,
           .net = net,
           .how = how,
           .steps = trainer->batch.steps,
           .before = net->max_delay,
           .n = net->n_units};
  allocate(&r);
  describe_units(&r);
  describe_outputs(&r);
  describe_links(&r);
  for (int64_t b = 0; b < trials; b++) {
    begin(&r);
    for (int64_t t = 1; t <= r.steps; t++) step_forward(&r, t, b);
    int64_t length = how->lengths ? how->lengths[b] : r.steps;
    for (int64_t k = 0; k < net->n_projections; k++)
      add_projection(&r, &net->projection[k], b, trials, length);
    add_numbers(&r, b, trials, length);
  }
  release(&r);
  return r.gradient;
}

/* --- comparing -------------------------------------------------------------------------------- */

static void check_array(const nai_trainer *trainer, const double *expected, int64_t first,
                        int64_t rows, int64_t columns, int64_t ld, const char *what,
                        const char *from, const char *to)
{
  double largest = 0, worst = 0;
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) {
      int64_t k = first + i * ld + j;
      double error = fabs((double)trainer->plasticity.gradient[k] - expected[k]);
      largest = fmax(largest, fabs(expected[k]));
      worst = isnan(error) ? INFINITY : fmax(worst, error);
    }
  if (!(worst <= 1e-4 * largest))
    ck_abort_msg("%s, %s, %s -> %s: off by %.2g, the largest is %.2g", what,
                 trainer->plasticity.net->kernels->name, from, to, worst, largest);
}

void tangents_check(const nai_trainer *trainer, const double *expected, const char *what)
{
  const nai_network *net = trainer->plasticity.net;
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    check_array(trainer, expected, p->at.start, net->node[p->to].n, net->node[p->from].n,
                p->at.stride, what, net->node[p->from].name, net->node[p->to].name);
  }
  check_array(trainer, expected, net->unit_bias, 1, net->n_units, 0, what, "bias", "units");
  check_array(trainer, expected, net->output_bias, 1, net->n_outputs, 0, what, "bias", "outputs");
  check_array(trainer, expected, net->unit_initial, 1, net->n_units, 0, what, "initial", "units");
}
