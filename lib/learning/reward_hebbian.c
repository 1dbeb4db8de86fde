/*
 * Reward-modulated Hebbian learning (Miconi 2017). Currents x are pushed now and then, at random;
 * each synapse gathers, over a trial,
 *
 *   e_ij = sum over t of (r_j(t - delay) (x_i(t) - <x_i>(t - 1)))^3,
 *
 * <x> a running mean that starts from the initial state; after it, W_ij moves by eta e_ij (R - <R>),
 * R = - cost of the trial, <R> a running mean over trials of the same type. The cube of a product is
 * the product of cubes, so e is a product of two arrays as any weight gradient is. eta is the
 * optimiser's: plain descent, one trial at a time, is the paper's rule. Larger batches move by the
 * mean over their trials.
 *
 * Units of other models have no current that all of them share: what their first port receives is pushed,
 * and x is what they send, which starts at its value before the first step. Synapses onto each of their
 * ports gather it.
 *
 * Weights between units learn, and biases as the paper's units of constant rate do, from a rate of 1.
 * Weights from inputs and to outputs stay: the paper has none that learn.
 */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "backward.h"

enum { FREQUENCY, AMPLITUDE, ACTIVITY_MEMORY, REWARD_MEMORY, LIMIT, TYPES, TIMES_MEAN, PARAMETERS };
#define MOST_TYPES 256

static const nai__parameter parameters[PARAMETERS] = {
    [FREQUENCY] = {"frequency", "Hz", "pushes of each unit; at most one a step", 3, 0, 1e6, 0},
    [AMPLITUDE] = {"amplitude", "1", "largest push of a current", 0.5, 0, 1e6, 0},
    [ACTIVITY_MEMORY] = {"activity_memory", "1", "of the running mean of a current, a step", 0.05,
                         0, 1, 0},
    [REWARD_MEMORY] = {"reward_memory", "1", "of the running mean of the reward, a trial", 0.33, 0,
                       1, 0},
    [LIMIT] = {"limit", "1", "largest move of a weight at an update; 0: none", 1e-4, 0, 1e6, 0},
    [TYPES] = {"types", "1", "types of trials told apart; all further ones share the last", 16, 1,
               MOST_TYPES, 1},
    [TIMES_MEAN] = {"times_mean", "1", "1: moves are multiplied with the type's mean cost", 0, 0, 1,
                    1},
};

/* --- types of trials -------------------------------------------------------------------------- */

/* A table of types: row i is of the i-th that was met. Rows and columns as checkpoints hold them. */
enum { KNOWN, TYPE, MEAN, COLUMNS }; /* 1: it has a mean; its number; the mean cost, - <R> */
#define TABLE (MOST_TYPES * COLUMNS)

/* The row of a type. The last one is for all that find no other. */
static double *find_type(double *table, int64_t n, uint32_t type)
{
  for (double *row = table; row < table + (n - 1) * COLUMNS; row += COLUMNS) {
    if (row[KNOWN] == 0) row[TYPE] = type;
    if (row[TYPE] == type) return row;
  }
  return table + (n - 1) * COLUMNS;
}

/*
 * (1/trials) (<R> - R) of a trial, in the order of trials; the first of a type has no mean yet. A
 * mean is rounded to a float, as it was when checkpoints held floats.
 */
static float surprise(const nai__learner *learner, double *table, const nai__pass *pass,
                      int64_t trial)
{
  const double *number = learner->rule->number;
  double trials = (double)pass->trials, cost = trials * pass->trial_costs->cost[trial];
  double *row = find_type(table, (int64_t)number[TYPES], pass->trial_costs->type[trial]);
  double mean = row[KNOWN] != 0 ? row[MEAN] : cost, memory = number[REWARD_MEMORY];
  row[KNOWN] = 1;
  row[MEAN] = (double)(float)(memory * mean + (1 - memory) * cost);
  return (float)((cost - mean) * (number[TIMES_MEAN] != 0 ? mean : 1) / trials);
}

/* Release 0.1.0 kept floats: known, the type's high and low 16 bits, the mean. */
static void convert(double *now, const float *then)
{
  for (int i = 0; i < MOST_TYPES; i++, now += COLUMNS, then += 4) {
    now[KNOWN] = (double)then[0];
    now[TYPE] = (double)then[1] * 65536 + (double)then[2];
    now[MEAN] = (double)then[3];
  }
}

/* --- at work ---------------------------------------------------------------------------------- */

typedef struct memory {
  double *kept;  /* [MOST_TYPES][COLUMNS] as of the last update; checkpoints hold it */
  double *next;  /* [MOST_TYPES][COLUMNS] as it is to be after this one */
  float *factor; /* [trials_room] */
  int64_t trials_room;
} memory;

static nai_status check_leaks(const nai__learner *learner)
{
  const nai_network *net = learner->net;
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (net->node[i].kind == NAI_POPULATIONS && !net->node[i].cells &&
        net->node[i].leak != NAI_LEAK_CURRENT)
      return nai__fail(
          NAI_ERR_UNSUPPORTED, "rule '%s' learns from currents, population '%s' has its leak %s",
          learner->rule->kind->name, net->node[i].name, nai__leak_place(net->node[i].leak));
  return NAI_OK;
}

static nai_status attach(nai__learner *learner)
{
  NAI__TRY(check_leaks(learner));
  memory *m = learner->own = NAI__NEW(memory);
  if (!m) return NAI_ERR_MEMORY;
  m->kept = nai__learner_keep_doubles(learner, "trial types", TABLE);
  m->next = NAI__ARRAY(double, TABLE);
  if (!m->kept || !m->next) return NAI_ERR_MEMORY;
  learner->kept[learner->n_kept - 1].former = (nai__former){4 * MOST_TYPES, convert};
  return NAI_OK;
}

static void detach(nai__learner *learner)
{
  memory *m = learner->own;
  if (!m) return;
  nai__free(m->next);
  nai__free(m->factor);
  nai__free(m);
}

static void perturb(const nai__learner *learner, nai__perturbation *out)
{
  const double *number = learner->rule->number;
  double probability = fmin(1, number[FREQUENCY] * learner->net->dt / 1000);
  *out = (nai__perturbation){.seed = learner->rule->seed,
                             .probability = (float)probability,
                             .size = probability > 0 ? (float)number[AMPLITUDE] : 0};
}

/* --- the estimate ----------------------------------------------------------------------------- */

typedef struct job {
  const nai__learner *learner;
  const nai__pass *pass;
} job;

/* n numbers of one trial, of all cells, which stand as units do. */
static void copy_cells(const nai_network *net, float *to, const float *from)
{
  for (int64_t s = 0; s < net->n_segments && net->has_cells; s++) {
    const nai__segment *g = &net->segment[s];
    if (g->cells) memcpy(to + g->offset, from + g->offset, (size_t)g->units.n * sizeof *to);
  }
}

/* Every port of a cell has what its first one has. */
static void share_with_ports(const nai_network *net, float *signal)
{
  for (int64_t s = 0; s < net->n_segments && net->has_cells; s++) {
    const nai__segment *g = &net->segment[s];
    int64_t n = g->units.n;
    for (int32_t k = 1; g->cells && k < g->cells->model->ops.n_ports; k++)
      for (int64_t copy = 0; copy < g->cells->port_copies[k]; copy++)
        memcpy(signal + g->cells->port[k] + copy * n, signal + g->offset,
               (size_t)n * sizeof *signal);
  }
}

/* signal = factor (x - <x>)^3; nothing past the trial's end. */
static void gather(const job *job, int64_t trial)
{
  const nai__pass *pass = job->pass;
  const nai_network *net = pass->net;
  float factor = ((const memory *)job->learner->own)->factor[trial];
  float keep = (float)job->learner->rule->number[ACTIVITY_MEMORY];
  float *mean = pass->carry + trial * net->ld_units;
  int64_t row = trial * net->ld_units;
  memcpy(mean, net->theta + net->unit_initial, (size_t)net->n_units * sizeof *mean);
  copy_cells(net, mean, nai__rate_at(pass->activity, 0) + row);
  for (int64_t t = 1; t <= pass->steps; t++) {
    float *signal = pass->signal + ((t - 1) * pass->trials + trial) * net->ld_units;
    float *x = pass->activity->current + (t - 1) * pass->trials * net->ld_units + row;
    copy_cells(net, x, nai__rate_at(pass->activity, t) + row);
    int counts = t <= pass->length[trial];
    for (int64_t u = 0; u < net->n_units; u++) {
      float change = x[u] - mean[u];
      signal[u] = counts ? factor * change * change * change : 0;
      mean[u] = keep * mean[u] + (1 - keep) * x[u];
    }
    share_with_ports(net, signal);
  }
}

/* Rates cubed, where the currents were: they have been used. */
static void cube(const nai__pass *pass, int64_t trial)
{
  const nai__activity *a = pass->activity;
  const nai_network *net = pass->net;
  for (int64_t slot = 0; slot < a->rate_slots; slot++) {
    int64_t at = (slot * pass->trials + trial) * net->ld_units;
    const float *r = a->rate + at;
    for (int64_t u = 0; u < net->n_columns; u++) a->current[at + u] = r[u] * r[u] * r[u];
  }
}

static void estimate_trial(void *argument, int64_t trial, int32_t thread)
{
  (void)thread;
  const job *job = argument;
  gather(job, trial);
  cube(job->pass, trial);
}

static void clear_others(const nai__pass *pass)
{
  const nai_network *net = pass->net;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    if (b->from_input || b->to_output)
      memset(pass->gradient + b->at.start, 0, (size_t)(b->at.rows * b->at.stride) * sizeof(float));
  }
  memset(pass->gradient + net->output_bias, 0, (size_t)net->n_outputs * sizeof(float));
}

static nai_status find_factors(nai__learner *learner, const nai__pass *pass)
{
  memory *m = learner->own;
  if (pass->trials > m->trials_room) {
    nai__free(m->factor);
    m->factor = NAI__ARRAY(float, pass->trials);
    m->trials_room = m->factor ? pass->trials : 0;
    if (!m->factor) return NAI_ERR_MEMORY;
  }
  memcpy(m->next, m->kept, TABLE * sizeof *m->next);
  for (int64_t b = 0; b < pass->trials; b++) m->factor[b] = surprise(learner, m->next, pass, b);
  return NAI_OK;
}

static nai_status estimate(nai__learner *learner, nai__pass *pass)
{
  NAI__TRY(find_factors(learner, pass));
  job job = {learner, pass};
  nai__pool_run(pass->pool, pass->trials, estimate_trial, &job);
  nai__activity cubes = *pass->activity;
  cubes.rate = cubes.current;
  nai__pass cubed = *pass;
  cubed.activity = &cubes;
  nai__correlate(&cubed);
  nai__bias_gradient(pass);
  clear_others(pass);
  return NAI_OK;
}

/* --- after the move --------------------------------------------------------------------------- */

static void limit_moves(float *theta, const float *before, int64_t n, float limit)
{
  for (int64_t i = 0; i < n; i++) {
    if (theta[i] > before[i] + limit) theta[i] = before[i] + limit;
    if (theta[i] < before[i] - limit) theta[i] = before[i] - limit;
  }
}

static void moved(nai__learner *learner, const nai__moved *now)
{
  const nai_network *net = learner->net;
  float limit = (float)learner->rule->number[LIMIT];
  if (limit == 0) return;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    if (!b->from_input && !b->to_output && !b->frozen) /* of which nobody keeps how they were */
      limit_moves(now->theta + b->at.start, now->before + b->at.start, b->at.rows * b->at.stride,
                  limit);
  }
  limit_moves(now->theta + net->unit_bias, now->before + net->unit_bias, net->n_units, limit);
}

static void settled(nai__learner *learner, const nai__moved *now)
{
  (void)now;
  memory *m = learner->own;
  memcpy(m->kept, m->next, TABLE * sizeof *m->kept);
}

nai_status nai_rule_create_reward_hebbian(nai_rule **out, uint64_t seed)
{
  static const nai__rule_kind kind = {
      .name = "reward_hebbian",
      .parameter = parameters,
      .n_parameters = NAI__AT_MOST(PARAMETERS, NAI__MOST_RULE_PARAMETERS),
      .costs = NAI__LEARNS_OUTPUTS | NAI__LEARNS_RATES | NAI__LEARNS_WEIGHTS,
      .units = NAI__ALL_UNITS,
      .attach = attach,
      .detach = detach,
      .estimate = estimate,
      .runs = NAI__RUNS_PERTURBED | NAI__KEEPS_CURRENTS,
      .perturb = perturb,
      .moved = moved,
      .settled = settled};
  return nai__rule_create(out, &kind, seed);
}
