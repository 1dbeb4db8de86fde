/*
 * Local learning rules of the user's own: RFLO and e-prop written as such rules against the built-in
 * ones, a Hebbian rule by hand, what a step sees, and what goes wrong.
 */
#include <math.h>
#include <neuroai/extend.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/learning/own_rule.h"
#include "../lib/train/trainer.h"
#include "checks.h"
#include "faults.h"
#include "networks.h"
#include "rules.h"

enum { STEPS = EVERYTHING_STEPS, TRIALS = 11 };

/* --- trainers --------------------------------------------------------------------------------- */

/* A cost on rates that is no sum over steps, and does not mind where trials end. */
static nai_status careless(void *user, nai_rate_batch *b, double *value)
{
  (void)user;
  for (int64_t t = 0; t < b->steps; t++)
    for (int64_t k = 0; k < b->trials; k++)
      for (int64_t u = 0; u < b->n; u++) {
        int64_t at = t * b->step_stride + k * b->stride + u;
        *value += (double)b->rate[at];
        b->gradient[at] += (float)b->scale;
      }
  return NAI_OK;
}

/* A trainer with every kind of cost; takes the reference to the rule. */
static nai_trainer *train(nai_network *net, nai_rule *rule)
{
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(0.05));
  nai_cost *c;
  attach_cost(trainer, nai_cost_create_mse(&c, "real"), &c, 0.7);
  attach_cost(trainer, nai_cost_create_cross_entropy(&c, "choice"), &c, 1.1);
  attach_cost(trainer, nai_cost_create_l1_weights(&c, "E I", "*"), &c, 0.01);
  attach_cost(trainer, nai_cost_create_l2_rates(&c, "*"), &c, 0.003);
  attach_cost(trainer, nai_cost_create_rate_target(&c, "E layer", 0.4), &c, 0.2);
  expect_ok(nai_trainer_set(trainer, "seed", 17));
  return trainer;
}

/* --- rules ------------------------------------------------------------------------------------ */

/* What a rule does and has seen. */
typedef struct own {
  nai_status answer;
  const char *message;
  int64_t fails_at; /* the step that gives `answer` */
  int64_t calls, destroyed;
  float change;                                    /* added to the first element, on top */
  void (*look)(void *at, const nai_local_step *s); /* sees each call; may be NULL */
  void *at;
} own;

static nai_status answer(own *o, const nai_local_step *s)
{
  o->calls++;
  s->change[0] += o->change;
  if (o->look) o->look(o->at, s);
  if (o->answer == NAI_OK || s->step < o->fails_at) return NAI_OK;
  if (o->message) nai_set_error(o->message);
  return o->answer;
}

/* Murray 2019, eqs 3 to 6; e-prop for rate units when the feedback is symmetric. */
static nai_status follow_traces(void *user, nai_local_step *s)
{
  for (int64_t b = 0; b < s->trials; b++)
    for (int64_t i = 0; i < s->n_post; i++) {
      int64_t at = b * s->n_post + i;
      int on_current = s->leak == NAI_LEAK_CURRENT;
      float keep = 1 - s->alpha[i], gain = s->alpha[i] * (on_current ? 1 : s->slope[at]),
            signal = s->signal[at] * (on_current ? s->slope[at] : 1);
      float *trace = s->trace + at * s->n_pre, *change = s->change + i * s->stride;
      for (int64_t j = 0; j < s->n_pre; j++) {
        trace[j] = keep * trace[j] + gain * s->pre[b * s->n_pre + j];
        change[j] += signal * trace[j];
      }
    }
  return answer(user, s);
}

static nai_status hebb(void *user, nai_local_step *s)
{
  for (int64_t b = 0; b < s->trials; b++)
    for (int64_t i = 0; i < s->n_post; i++)
      for (int64_t j = 0; j < s->n_pre; j++)
        s->change[i * s->stride + j] -= s->post[b * s->n_post + i] * s->pre[b * s->n_pre + j];
  return answer(user, s);
}

static void count_destroyed(void *user)
{
  ((own *)user)->destroyed++;
}

static nai_rule_ops table(nai_status (*step)(void *, nai_local_step *), int32_t feedback,
                          int32_t n_traces)
{
  return (nai_rule_ops){.struct_size = sizeof(nai_rule_ops),
                        .name = "whiskers",
                        .feedback = feedback,
                        .n_traces = n_traces,
                        .step = step,
                        .destroy = count_destroyed};
}

static nai_rule *create(nai_status (*step)(void *, nai_local_step *), int32_t feedback,
                        int32_t n_traces, own *o)
{
  nai_rule_ops ops = table(step, feedback, n_traces);
  nai_rule *rule;
  expect_ok(nai_rule_create(&rule, &ops, 5, o));
  return rule;
}

/* A network with everything, trials for it, and a trainer whose rule this is. */
typedef struct bench {
  nai_network *net;
  nai_trials *trials;
  nai_trainer *trainer;
} bench;

static bench open_bench(nai_rule *rule, int64_t trials)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  return (bench){net, any_trials_for_everything(net, trials, 1), train(net, rule)};
}

static void close_bench(const bench *b)
{
  nai_trainer_destroy(b->trainer);
  nai_trials_destroy(b->trials);
  nai_network_destroy(b->net);
}

/* --- against the built-in ones ---------------------------------------------------------------- */

/* Within 1e-5 of the largest of each array; some of it not 0. */
static void compare(const nai_network *net, const float *ours, const float *expected, int64_t first,
                    int64_t rows, int64_t columns, int64_t ld, int may_be_0)
{
  double largest = 0;
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++)
      largest = fmax(largest, fabs((double)expected[first + i * ld + j]));
  EXPECT(may_be_0 || largest > 1e-6);
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) {
      int64_t at = first + i * ld + j;
      if (!(fabs((double)ours[at] - (double)expected[at]) <= 1e-5 * largest))
        ck_abort_msg("%s: %.9g is not %.9g (largest: %.3g)", nai_network_kernels(net),
                     (double)ours[at], (double)expected[at], largest);
    }
}

/* Errors times slopes times what arrives: backpropagation, where no error goes back from unit to unit. */
static nai_status correlate(void *user, nai_local_step *s)
{
  (void)user;
  for (int64_t b = 0; b < s->trials; b++)
    for (int64_t i = 0; i < s->n_post; i++)
      for (int64_t j = 0; j < s->n_pre; j++)
        s->change[i * s->stride + j] +=
            s->signal[b * s->n_post + i] * s->zp[b * s->n_post + i] * s->pre[b * s->n_pre + j];
  return NAI_OK;
}

/* Synapses from another signal than the first carry that one. */
START_TEST(what_other_signals_send)
{
  nai_network *net =
      COMPOSE(.dt = 0.1, .inputs = {{"u", 2}},
              .populations = {{"P", 5, NAI_FREE}, {"Q", 4, NAI_FREE}}, .outputs = {{"z", 2}});
  own o = {0};
  nai_cost *cost;
  expect_ok(nai_network_set_model(net, "P", "pyramidal"));
  expect_ok(nai_network_set(net, "Q", "tau", 0.1));
  expect_ok(nai_network_connect(net, "u", "P:basal"));
  expect_ok(nai_network_connect(net, "P P:u", "Q"));
  expect_ok(nai_network_connect(net, "Q", "z"));
  expect_ok(nai_network_set_initial_weights(net, "u", "P:basal", NAI_WEIGHTS_UNIFORM, -0.5, 0.5));
  expect_ok(
      nai_network_set_storage(net, "P P:u", "Q", _i ? NAI_STORAGE_LISTED : NAI_STORAGE_DENSE));
  expect_ok(nai_network_build(net, 3));
  expect_ok(nai_network_set_plastic(net, "u", "P:basal", 0));
  nai_trials *trials = normal_trials(net, "z", 30, 3);
  nai_trainer *trainer[2] = {
      trainer_of(net, create(correlate, NAI_FEEDBACK_SYMMETRIC, 0, &o), plain_descent(0.1)), NULL};
  trainer[1] = trainer_of(net, bptt_rule(), plain_descent(0.1));
  for (int k = 0; k < 2; k++) {
    attach_cost(trainer[k], nai_cost_create_mse(&cost, "z"), &cost, 1);
    expect_ok(nai_trainer_estimate_gradient(NULL, trainer[k], trials));
  }
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    if (p->plastic)
      compare(net, trainer[0]->plasticity.gradient, trainer[1]->plasticity.gradient, p->at.start,
              p->at.rows, p->at.columns, p->at.stride, 0);
  }
  for (int k = 0; k < 2; k++) nai_trainer_destroy(trainer[k]);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

static void compare_gradients(const nai_trainer *a, const nai_trainer *b)
{
  const nai_network *net = a->plasticity.net;
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    compare(net, a->plasticity.gradient, b->plasticity.gradient, p->at.start, net->node[p->to].n,
            net->node[p->from].n, p->at.stride, !p->plastic);
  }
  for (int64_t i = 0; i < net->n_nodes; i++) {
    if (net->node[i].kind == NAI_INPUTS) continue;
    int64_t bias = nai__bias_start(net, &net->node[i]);
    compare(net, a->plasticity.gradient, b->plasticity.gradient, bias, net->node[i].n, 1, 1,
            net->plastic[bias] == 0);
  }
}

/* Each transfer function; random feedback, then symmetric. */
START_TEST(rflo_and_eprop_as_own_rules)
{
  int32_t transfer = _i / 2, feedback = _i % 2 ? NAI_FEEDBACK_SYMMETRIC : NAI_FEEDBACK_RANDOM;
  nai_network *net = build_everything(transfer, NULL);
  nai_trials *trials = any_trials_for_everything(net, TRIALS, 1);
  own o = {0};
  nai_rule *builtin;
  expect_ok(feedback == NAI_FEEDBACK_RANDOM ? nai_rule_create_rflo(&builtin, 5)
                                            : nai_rule_create_eprop(&builtin, feedback, 5));
  nai_trainer *b = train(net, builtin), *a = train(net, create(follow_traces, feedback, 1, &o));
  float *one = malloc((size_t)net->n_theta * sizeof *one);
  for (int threads = 1; threads <= 3; threads++) {
    nai_progress ours = NAI_PROGRESS_INIT, theirs = NAI_PROGRESS_INIT;
    expect_ok(nai_trainer_set(a, "threads", threads));
    expect_ok(nai_trainer_estimate_gradient(&ours, a, trials));
    expect_ok(nai_trainer_estimate_gradient(&theirs, b, trials));
    compare_gradients(a, b);
    ck_assert(ours.cost == theirs.cost); /* each part of each cost was asked for once */
    size_t bytes = (size_t)net->n_theta * sizeof *one;
    if (threads == 1) memcpy(one, a->plasticity.gradient, bytes);
    ck_assert(memcmp(one, a->plasticity.gradient, bytes) == 0);
  }
  free(one);
  nai_trainer_destroy(a);
  nai_trainer_destroy(b);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* Many updates, and batches of several sizes: the weights go the same way. */
START_TEST(training_goes_the_same_way)
{
  nai_network *one = build_everything(NAI_TRANSFER_TANH, NULL),
              *two = build_everything(NAI_TRANSFER_TANH, NULL);
  own o = {0};
  nai_rule *rflo;
  expect_ok(nai_rule_create_rflo(&rflo, 5));
  nai_trainer *a = train(one, create(follow_traces, NAI_FEEDBACK_RANDOM, 1, &o)),
              *b = train(two, rflo);
  double moved = 0;
  float *start = malloc((size_t)one->n_theta * sizeof *start);
  memcpy(start, one->theta, (size_t)one->n_theta * sizeof *start);
  for (int k = 0; k < 20; k++) {
    nai_trials *trials = any_trials_for_everything(one, 3 + k * 7 % 23, 1),
               *same = any_trials_for_everything(two, 3 + k * 7 % 23, 1);
    expect_ok(nai_trainer_step(NULL, a, trials));
    expect_ok(nai_trainer_step(NULL, b, same));
    nai_trials_destroy(trials);
    nai_trials_destroy(same);
  }
  for (int64_t i = 0; i < one->n_theta; i++) {
    moved = fmax(moved, fabs((double)(one->theta[i] - start[i])));
    EXPECT(fabs((double)(one->theta[i] - two->theta[i])) <= 1e-4);
  }
  ck_assert_double_gt(moved, 0.1);
  free(start);
  nai_trainer_destroy(a);
  nai_trainer_destroy(b);
  nai_network_destroy(one);
  nai_network_destroy(two);
}
END_TEST

/* --- Hebb, by hand ---------------------------------------------------------------------------- */

/* "in" -> "a" after one step, "a" -> "b" after two, "b" onto itself; no output. */
static nai_network *build_chain(void)
{
  nai_network *net = COMPOSE(.dt = 10, .inputs = {{"in", 2}},
                             .populations = {{"a", 3, NAI_FREE}, {"b", 4, NAI_FREE}},
                             .projections = {{"in", "a"}, {"a", "b"}, {"b", "b"}});
  expect_ok(nai_network_set_transfer(net, "*", NAI_TRANSFER_TANH));
  expect_ok(nai_network_set(net, "a", "initial", 0.6));
  expect_ok(nai_network_set_delay(net, "in", "a", 10));
  expect_ok(nai_network_set_delay(net, "a", "b", 20));
  expect_ok(nai_network_set_autapses(net, "b", "b", 1));
  expect_ok(nai_network_build(net, 3));
  return net;
}

static nai_trials *drive_chain(const nai_network *net, float *inputs)
{
  int32_t length[4] = {STEPS, 6, 1, 9};
  nai_trials *trials;
  expect_ok(nai_random_normals(inputs, STEPS * 4 * 2, 7, 0));
  expect_ok(nai_trials_create(&trials, net, STEPS, 4));
  expect_ok(nai_trials_set_inputs(trials, NULL, inputs, 2));
  expect_ok(nai_trials_set_lengths(trials, length));
  return trials;
}

static nai_trainer *train_chain(nai_network *net, own *o)
{
  nai_rule *rule = create(hebb, NAI_FEEDBACK_SYMMETRIC, 0, o);
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(0.01));
  nai_cost *c;
  attach_cost(trainer, nai_cost_create_l2_rates(&c, "a b"), &c, 0);
  return trainer;
}

static float rate_of(const nai_view *view, int t, int k, int u, float before)
{
  const float *rate = view->data;
  if (t < 1) return before;
  return rate[((t - 1) * view->stride[0] + k * view->stride[1]) / (int64_t)sizeof *rate + u];
}

static void expect_sum(double sum, float change)
{
  if (!(fabs(sum + (double)change) <= 1e-5 * fmax(1, fabs(sum))))
    ck_abort_msg("the sum is %.9g, the change %.9g", sum, -(double)change);
}

START_TEST(hebb_is_the_sum_of_what_fired_together)
{
  static const int length[4] = {STEPS, 6, 1, 9};
  float inputs[STEPS * 4 * 2], start = tanhf(0.6f);
  nai_network *net = build_chain();
  nai_trials *trials = drive_chain(net, inputs);
  own o = {0};
  nai_trainer *trainer = train_chain(net, &o);
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  nai_view a = NAI_VIEW_INIT, b = NAI_VIEW_INIT, g = NAI_VIEW_INIT;
  expect_ok(nai_trainer_activity(&a, trainer, "a"));
  expect_ok(nai_trainer_activity(&b, trainer, "b"));
  expect_ok(nai_trainer_gradient(&g, trainer, "a", "b"));
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 3; j++) {
      double sum = 0;
      for (int k = 0; k < 4; k++)
        for (int t = 1; t <= length[k]; t++)
          sum += (double)rate_of(&b, t, k, i, 0) * (double)rate_of(&a, t - 2, k, j, start);
      EXPECT(fabs(sum) > 1e-3);
      expect_sum(sum, at(&g, i, j));
    }
  expect_ok(nai_trainer_gradient(&g, trainer, "in", "a"));
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 2; j++) {
      double sum = 0;
      for (int k = 0; k < 4; k++)
        for (int t = 2; t <= length[k]; t++)
          sum += (double)rate_of(&a, t, k, i, 0) * (double)inputs[((t - 2) * 4 + k) * 2 + j];
      expect_sum(sum, at(&g, i, j));
    }
  expect_ok(nai_trainer_gradient(&g, trainer, "a", NULL));
  for (int i = 0; i < 3; i++) {
    double sum = 0;
    for (int k = 0; k < 4; k++)
      for (int t = 1; t <= length[k]; t++) sum += (double)rate_of(&a, t, k, i, 0);
    expect_sum(sum, at(&g, i, 0));
  }
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- what a step sees ------------------------------------------------------------------------- */

/* The calls of one step, in their order. */
static const char *const order[][2] = {
    {NULL, "E"},     {"stimulus", "E"}, {"E", "E"},         {"I", "E"}, {"layer", "E"},
    {NULL, "I"},     {"stimulus", "I"}, {"context", "I"},   {"E", "I"}, {"I", "I"},
    {NULL, "layer"}, {"E", "layer"},    {"layer", "layer"},
};
enum { CALLS = sizeof order / sizeof *order };

typedef struct watch {
  nai_network *net;
  nai_trainer *trainer;
  int64_t step, seen[CALLS]; /* the last step, and its calls */
  const nai_trials *trials;
  int n_traces;
  double largest; /* signal within a trial */
} watch;

static int place_in_order(const nai_local_step *s)
{
  for (int k = 0; k < CALLS; k++)
    if (strcmp(order[k][1], s->to) == 0 &&
        (order[k][0] ? s->from && strcmp(order[k][0], s->from) == 0 : !s->from))
      return k;
  ck_abort_msg("unexpected: from %s to %s", s->from ? s->from : "(bias)", s->to);
}

static void look_at_sizes(const watch *w, const nai_local_step *s)
{
  const nai_network *net = w->net;
  EXPECT(s->struct_size == sizeof *s && s->steps == STEPS && s->trials == w->trials->trials);
  EXPECT(s->n_post == nai_network_size(net, NAI_POPULATIONS, s->to));
  EXPECT(s->leak == (strcmp(s->to, "I") == 0 ? NAI_LEAK_RATE : NAI_LEAK_CURRENT));
  EXPECT((s->trace != NULL) == (w->n_traces > 0));
  nai_view v = s->from ? weights_of(net, s->from, s->to) : bias_of(net, s->to);
  EXPECT(s->n_pre == (s->from ? v.shape[1] : 1) && s->stride >= s->n_pre);
  for (int64_t i = 0; i < s->n_post; i++)
    for (int64_t j = 0; j < s->n_pre; j++) EXPECT(s->weight[i * s->stride + j] == at(&v, i, j));
  static const double tau[7] = {20, 30, 45, 60, 80, 35, 10};
  for (int64_t i = 0; i < s->n_post; i++) {
    double ms = s->to[0] == 'E' ? tau[i] : s->to[0] == 'I' ? 25 : 10;
    EXPECT(fabs((double)s->alpha[i] - 10 / ms) < 1e-6);
  }
}

/* The four slopes of a rate unit are made of alpha and phi'. */
static void look_at_slopes(const nai_local_step *s, int64_t i, int64_t at, int running)
{
  float alpha = s->alpha[i], slope = s->slope[at], keep = 1 - alpha;
  int on_current = s->leak == NAI_LEAK_CURRENT;
  EXPECT(s->n_states == 1 && s->n_signals == 1 && strcmp(s->port, "input") == 0);
  EXPECT(s->ss[at] == (running ? keep : 0) && s->zp[at] == (running ? alpha * slope : 0));
  EXPECT(s->sp[at] == (running ? (on_current ? alpha : alpha * slope) : 0));
  EXPECT(s->zs[at] == (running ? (on_current ? keep * slope : keep) : 0));
  if (!on_current || !running) EXPECT(s->state[at] == s->post[at]);
}

/* tanh: the slope is gain (1 - (r / gain)^2), where the leak is on the current. */
static void look_at_units(watch *w, const nai_local_step *s)
{
  nai_view rate = NAI_VIEW_INIT;
  expect_ok(nai_trainer_activity(&rate, w->trainer, s->to));
  double gain = s->to[0] == 'E' ? 1.1 : 0.8;
  for (int64_t b = 0; b < s->trials; b++) {
    int running = s->step <= w->trials->length[b];
    EXPECT(s->running[b] == (float)running);
    for (int64_t j = 0; j < s->n_pre; j++) {
      if (!running) EXPECT(s->pre[b * s->n_pre + j] == 0);
      if (!s->from && running) EXPECT(s->pre[b] == 1);
    }
    for (int64_t i = 0; i < s->n_post; i++) {
      int64_t at = b * s->n_post + i;
      float r = rate_of(&rate, (int)s->step, (int)b, (int)i, 0);
      double slope = gain - (double)r * (double)r / gain;
      EXPECT(s->post[at] == (running ? r : 0));
      if (s->leak == NAI_LEAK_CURRENT)
        EXPECT(fabs((double)s->slope[at] - (running ? slope : 0)) < 1e-6);
      if (!running) EXPECT(s->signal[at] == 0 && s->slope[at] == 0);
      look_at_slopes(s, i, at, running);
      if (running) w->largest = fmax(w->largest, fabs((double)s->signal[at]));
    }
  }
}

static void look(void *at, const nai_local_step *s)
{
  watch *w = at;
  int place = place_in_order(s);
  if (s->step != w->step) {
    EXPECT(s->step == w->step % STEPS + 1 && place == 0);
    memset(w->seen, 0, sizeof w->seen);
    w->step = s->step;
  }
  for (int k = 0; k < CALLS; k++) EXPECT(w->seen[k] == (k < place));
  w->seen[place] = 1;
  look_at_sizes(w, s);
  look_at_units(w, s);
}

START_TEST(a_step_sees_what_synapses_can_know)
{
  for (int n_traces = 0; n_traces < 2; n_traces++) {
    nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
    nai_trials *trials = any_trials_for_everything(net, TRIALS, 1);
    watch w = {.net = net, .trials = trials, .n_traces = n_traces};
    own o = {.look = look, .at = &w};
    nai_trainer *trainer = train(net, create(hebb, NAI_FEEDBACK_RANDOM, n_traces, &o));
    nai_cost_ops ops = {.struct_size = sizeof ops, .name = "careless", .on_rates = careless};
    nai_cost *c;
    attach_cost(trainer, nai_cost_create(&c, &ops, "E layer", NULL, NULL), &c, 1);
    w.trainer = trainer;
    expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
    ck_assert_int_eq(o.calls, STEPS * CALLS);
    ck_assert_double_gt(w.largest, 0.5);
    nai_trainer_destroy(trainer);
    nai_trials_destroy(trials);
    nai_network_destroy(net);
  }
}
END_TEST

/* Every element of every trace counts the steps: none is another's, all begin at 0. */
static void count_steps(void *at, const nai_local_step *s)
{
  int64_t n = *(const int *)at * s->trials * s->n_post * s->n_pre;
  for (int64_t i = 0; i < n; i++) {
    EXPECT(s->trace[i] == (float)(s->step - 1));
    s->trace[i] += 1;
  }
}

START_TEST(traces_begin_at_0_in_each_batch)
{
  for (int n_traces = 1; n_traces <= 3; n_traces++) {
    nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
    own o = {.look = count_steps, .at = &n_traces};
    nai_trainer *trainer = train(net, create(hebb, NAI_FEEDBACK_RANDOM, n_traces, &o));
    for (int k = 0; k < 6; k++) {
      nai_trials *trials = any_trials_for_everything(net, k % 2 ? 40 : 3 + k, 1);
      expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
      nai_trials_destroy(trials);
    }
    ck_assert_int_eq(o.calls, 6 * STEPS * CALLS);
    nai_trainer_destroy(trainer);
    nai_network_destroy(net);
  }
}
END_TEST

typedef struct asked {
  int64_t calls;
} asked;

static void count_layer(void *at, const nai_local_step *s)
{
  if (s->from && strcmp(s->from, "E") == 0 && strcmp(s->to, "layer") == 0) ((asked *)at)->calls++;
}

START_TEST(what_is_frozen_is_not_asked_for)
{
  asked seen = {0};
  own o = {.look = count_layer, .at = &seen};
  bench b = open_bench(create(follow_traces, NAI_FEEDBACK_RANDOM, 1, &o), 5);
  expect_ok(nai_trainer_estimate_gradient(NULL, b.trainer, b.trials));
  ck_assert_int_eq(seen.calls, STEPS);
  float before = b.trainer->plasticity.gradient[b.net->projection[0].at.start];
  expect_ok(nai_network_set_plastic(b.net, "E", "layer", 0));
  expect_ok(nai_trainer_estimate_gradient(NULL, b.trainer, b.trials));
  ck_assert_int_eq(seen.calls, STEPS);
  nai_view v = NAI_VIEW_INIT;
  expect_ok(nai_trainer_gradient(&v, b.trainer, "E", "layer"));
  for (int i = 0; i < 6; i++)
    for (int j = 0; j < 7; j++) EXPECT(at(&v, i, j) == 0);
  /* the others have not noticed */
  EXPECT(b.trainer->plasticity.gradient[b.net->projection[0].at.start] == before);
  expect_ok(nai_network_set_plastic(b.net, "E", "layer", 1));
  expect_ok(nai_trainer_estimate_gradient(NULL, b.trainer, b.trials));
  ck_assert_int_eq(seen.calls, 2 * STEPS);
  close_bench(&b);
}
END_TEST

/* Whatever the rule wants, signs, absent and fixed synapses hold. */
START_TEST(constraints_hold)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trials *trials = any_trials_for_everything(net, TRIALS, 1);
  own o = {.change = 3};
  nai_optimizer *adam;
  expect_ok(nai_optimizer_create_adam(&adam, 0.3));
  nai_trainer *trainer = trainer_of(net, create(hebb, NAI_FEEDBACK_RANDOM, 0, &o), adam);
  nai_cost *c;
  attach_cost(trainer, nai_cost_create_mse(&c, "real"), &c, 1);
  float *start = malloc((size_t)net->n_theta * sizeof *start);
  memcpy(start, net->theta, (size_t)net->n_theta * sizeof *start);
  for (int k = 0; k < 10; k++) expect_ok(nai_trainer_step(NULL, trainer, trials));
  int64_t moved = 0, absent = 0, fixed = 0;
  for (int64_t k = 0; k < net->n_projections; k++) {
    nai_synapses s = nai__synapses(net, &net->projection[k], NULL, NULL);
    for (int64_t i = 0; i < s.n_post; i++)
      for (int64_t j = 0; j < s.n_pre; j++) {
        int64_t at = i * s.stride + j;
        float w = s.weight[at], before = start[net->projection[k].at.start + at];
        EXPECT(w * (float)s.sign >= 0);
        EXPECT(s.exists[at] != 0 || w == 0);
        EXPECT(s.plastic[at] != 0 || w == before);
        moved += w != before;
        absent += s.exists[at] == 0;
        fixed += s.exists[at] != 0 && s.plastic[at] == 0;
      }
  }
  ck_assert(moved > 100 && absent > 10 && fixed > 10);
  free(start);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

START_TEST(feedback_can_be_set)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trials *trials = any_trials_for_everything(net, TRIALS, 1);
  own o = {0};
  nai_rule *rflo;
  expect_ok(nai_rule_create_rflo(&rflo, 99));
  nai_trainer *a = train(net, create(follow_traces, NAI_FEEDBACK_RANDOM, 1, &o)),
              *b = train(net, rflo);
  static const char *const names[] = {"E", "I", "layer"};
  for (int k = 0; k < 3; k++) {
    float values[7 * 5];
    nai_view v = NAI_VIEW_INIT;
    expect_ok(nai_trainer_feedback(&v, b, names[k], NULL));
    for (int64_t i = 0; i < v.shape[0]; i++)
      for (int64_t j = 0; j < v.shape[1]; j++) values[i * v.shape[1] + j] = at(&v, i, j);
    expect_ok(nai_trainer_set_feedback(a, names[k], NULL, values));
  }
  expect_ok(nai_trainer_estimate_gradient(NULL, a, trials));
  expect_ok(nai_trainer_estimate_gradient(NULL, b, trials));
  compare_gradients(a, b);
  nai_trainer_destroy(a);
  nai_trainer_destroy(b);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* A checkpoint has the feedback, whatever was set, and knows the rule by its name and seed. */
START_TEST(checkpoints_hold_the_feedback)
{
  char path[64];
  snprintf(path, sizeof path, "own_rule_%ld.safetensors", (long)getpid());
  nai_network *one = build_everything(NAI_TRANSFER_TANH, NULL),
              *two = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trials *trials = any_trials_for_everything(one, 5, 1),
             *same = any_trials_for_everything(two, 5, 1);
  own o = {0};
  nai_rule_ops ops = table(follow_traces, NAI_FEEDBACK_RANDOM, 1);
  ops.name = "vibrissae";
  nai_rule *other;
  expect_ok(nai_rule_create(&other, &ops, 5, &o));
  nai_trainer *a = train(one, create(follow_traces, NAI_FEEDBACK_RANDOM, 1, &o)),
              *b = train(two, create(follow_traces, NAI_FEEDBACK_RANDOM, 1, &o)),
              *c = train(two, other);
  float values[7 * 5];
  for (int i = 0; i < 35; i++) values[i] = (float)(i % 8) - 3;
  expect_ok(nai_trainer_set_feedback(a, "E", NULL, values));
  expect_ok(nai_trainer_step(NULL, a, trials));
  expect_ok(nai_trainer_save(a, path));
  nai_status restored = nai_trainer_restore(b, path);
  if (restored == NAI_OK) expect_fails(nai_trainer_restore(c, path), NAI_ERR_INVALID, "vibrissae");
  remove(path);
  expect_ok(restored);
  expect_ok(nai_trainer_estimate_gradient(NULL, a, trials));
  expect_ok(nai_trainer_estimate_gradient(NULL, b, same));
  ck_assert(memcmp(a->plasticity.gradient, b->plasticity.gradient,
                   (size_t)one->n_theta * sizeof(float)) == 0);
  nai_trainer_destroy(a);
  nai_trainer_destroy(b);
  nai_trainer_destroy(c);
  nai_trials_destroy(trials);
  nai_trials_destroy(same);
  nai_network_destroy(one);
  nai_network_destroy(two);
}
END_TEST

/* --- one step at a time ----------------------------------------------------------------------- */

/* Driven from outside, a step after the other, it adds up to what the batch gave. */
START_TEST(steps_by_hand_add_up_to_the_batch)
{
  own o = {0};
  bench b = open_bench(create(follow_traces, NAI_FEEDBACK_RANDOM, 1, &o), TRIALS);
  const nai_network *net = b.net;
  nai_trainer *trainer = b.trainer;
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, b.trials));
  float *gradient = calloc((size_t)net->n_theta, sizeof *gradient);
  expect_ok(nai__own_rule_begin(trainer->plasticity.learner, TRIALS));
  for (int64_t t = 1; t <= STEPS; t++) {
    nai__moment now = {.activity = &trainer->batch.activity,
                       .t = t,
                       .signal = trainer->batch.signal + (t - 1) * TRIALS * net->ld_units,
                       .gradient = gradient};
    expect_ok(nai__own_rule_step(trainer->plasticity.learner,
                                 &now)); /* no lengths: the signal is 0 there */
  }
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, b.trials));
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (net->node[i].kind == NAI_POPULATIONS)
      compare(net, gradient, trainer->plasticity.gradient, nai__bias_start(net, &net->node[i]),
              net->node[i].n, 1, 1, 0);
  static const char *const ends[][2] = {{"layer", "E"}, {"stimulus", "I"}}; /* without masks */
  for (int k = 0; k < 2; k++) {
    const nai__projection *p;
    expect_ok(nai__projection_find(&p, net, ends[k][0], ends[k][1]));
    compare(net, gradient, trainer->plasticity.gradient, p->at.start, net->node[p->to].n,
            net->node[p->from].n, p->at.stride, 0);
  }
  free(gradient);
  close_bench(&b);
}
END_TEST

/* --- what goes wrong -------------------------------------------------------------------------- */

START_TEST(failures_come_out)
{
  own o = {.answer = -77, .message = "the third whisker is missing", .fails_at = 6};
  bench b = open_bench(create(follow_traces, NAI_FEEDBACK_RANDOM, 1, &o), TRIALS);
  size_t bytes = (size_t)b.net->n_theta * sizeof(float);
  float *theta = malloc(bytes);
  memcpy(theta, b.net->theta, bytes);
  expect_fails(nai_trainer_step(NULL, b.trainer, b.trials), -77, "the third whisker is missing");
  ck_assert_int_eq(o.calls, 5 * CALLS + 1); /* not called again */
  expect_fails(nai_trainer_estimate_gradient(NULL, b.trainer, b.trials), -77, "whisker is missing");
  o.message = NULL;
  nai_set_error("an older failure");
  expect_fails(nai_trainer_step(NULL, b.trainer, b.trials), -77, "rule whiskers failed");
  o.answer = 3;
  expect_fails(nai_trainer_step(NULL, b.trainer, b.trials), NAI_ERR_USER,
               "rule whiskers returned 3");
  o.answer = NAI_OK;
  o.change = NAN;
  expect_fails(nai_trainer_step(NULL, b.trainer, b.trials), NAI_ERR_NONFINITE, "the gradient");
  ck_assert(memcmp(theta, b.net->theta, bytes) == 0);
  o.change = 0;
  nai_progress now = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_step(&now, b.trainer, b.trials));
  ck_assert_int_eq(now.step, 1);
  ck_assert(memcmp(theta, b.net->theta, bytes) != 0);
  free(theta);
  close_bench(&b);
}
END_TEST

START_TEST(destroyed_exactly_once)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  own o = {0};
  nai_rule *rule = create(hebb, NAI_FEEDBACK_RANDOM, 0, &o);
  ck_assert_str_eq(nai_rule_name(rule), "whiskers");
  nai_rule_destroy(rule);
  ck_assert_int_eq(o.destroyed, 1);

  nai_optimizer *sgd;
  nai_trainer *one, *two;
  rule = create(hebb, NAI_FEEDBACK_RANDOM, 2, &o);
  expect_ok(nai_optimizer_create_sgd(&sgd, 1));
  expect_ok(nai_trainer_create(&one, net, rule, sgd, NULL));
  expect_ok(nai_trainer_create(&two, net, rule, sgd, NULL));
  nai_optimizer_destroy(sgd);
  nai_rule_destroy(rule);
  nai_trainer_destroy(one);
  ck_assert_int_eq(o.destroyed, 1);
  nai_trainer_destroy(two);
  ck_assert_int_eq(o.destroyed, 2);
  nai_network_destroy(net);
}
END_TEST

static void refuse(nai_rule_ops ops, const char *words, int destroyed)
{
  own o = {0};
  nai_rule *rule = (nai_rule *)&o;
  expect_fails(nai_rule_create(&rule, &ops, 0, &o), NAI_ERR_INVALID, words);
  ck_assert_ptr_null(rule);
  ck_assert_int_eq(o.destroyed, destroyed);
}

START_TEST(wrong_tables_are_refused)
{
  nai_rule_ops good = table(hebb, NAI_FEEDBACK_RANDOM, 1), bad = good;
  bad.struct_size = 12;
  refuse(bad, "ops: struct_size is 12, must be ", 0);
  bad = good;
  bad.name = NULL;
  refuse(bad, "the name of the rule is empty", 1);
  bad.name = "";
  refuse(bad, "the name of the rule is empty", 1);
  bad = good;
  bad.flags = 4;
  refuse(bad, "flags of rule 'whiskers' is 4, must be 0", 1);
  bad = good;
  bad.step = NULL;
  refuse(bad, "step of rule 'whiskers' is NULL", 1);
  bad = good;
  bad.feedback = NAI_FEEDBACK_ADAPTIVE;
  refuse(bad,
         "feedback of rule 'whiskers' is 2, must be NAI_FEEDBACK_SYMMETRIC or NAI_FEEDBACK_RANDOM",
         1);
  bad.feedback = -1;
  refuse(bad, "feedback of rule 'whiskers' is -1", 1);
  bad = good;
  bad.n_traces = -1;
  refuse(bad, "n_traces of rule 'whiskers' is -1, must be 0 to 64", 1);
  bad.n_traces = 65;
  refuse(bad, "n_traces of rule 'whiskers' is 65, must be 0 to 64", 1);
  own o = {0};
  nai_rule *rule;
  expect_fails(nai_rule_create(NULL, &good, 0, &o), NAI_ERR_INVALID, "out is NULL");
  ck_assert_int_eq(o.destroyed, 1);
  expect_fails(nai_rule_create(&rule, NULL, 0, &o), NAI_ERR_INVALID, "ops is NULL");
  good.destroy = NULL;
  expect_ok(nai_rule_create(&rule, &good, 0, NULL));
  expect_fails(nai_rule_set(rule, "speed", 1), NAI_ERR_NAME, "whiskers");
  nai_parameter p = NAI_PARAMETER_INIT;
  expect_ok(nai_rule_parameter(&p, rule, 0)); /* "update_every" */
  expect_fails(nai_rule_parameter(&p, rule, 1), NAI_ERR_INVALID, "");
  nai_rule_destroy(rule);
}
END_TEST

START_TEST(what_it_cannot_drive)
{
  own o = {0};
  nai_network *chain = build_chain(), *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_rule *rule = create(hebb, NAI_FEEDBACK_RANDOM, 0, &o);
  nai_optimizer *sgd;
  nai_trainer *trainer;
  expect_ok(nai_optimizer_create_sgd(&sgd, 1));
  expect_fails(nai_trainer_create(&trainer, chain, rule, sgd, NULL), NAI_ERR_INVALID,
               "rule 'whiskers' learns from outputs, the network has none");
  expect_ok(nai_trainer_create(&trainer, net, rule, sgd, NULL));
  nai_cost *c;
  expect_ok(nai_cost_create_vanishing_gradient(&c, "E"));
  expect_fails(nai_trainer_add_cost(trainer, c, 1), NAI_ERR_UNSUPPORTED,
               "rule 'whiskers' cannot learn from cost");
  nai_cost_destroy(c);
  nai_trainer_destroy(trainer);
  nai_rule_destroy(rule);
  nai_optimizer_destroy(sgd);
  nai_network_destroy(chain);
  nai_network_destroy(net);
}
END_TEST

START_TEST(too_much_to_keep)
{
  nai_network *net = build_ei(400, 100, 1);
  own o = {0};
  nai_rule *rule = create(follow_traces, NAI_FEEDBACK_RANDOM, 64, &o);
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(1));
  nai_cost *c;
  nai_trials *many, *few;
  attach_cost(trainer, nai_cost_create_l2_rates(&c, "E"), &c, 1);
  expect_ok(nai_trials_create(&many, net, 2, 200));
  expect_ok(nai_trials_create(&few, net, 2, 2));
  /* 500 * 500 + 3 * 500 + 500 = 252000; 64 * 252000 * 200 * 4 bytes are 12.0 GiB */
  expect_fails(nai_trainer_step(NULL, trainer, many), NAI_ERR_MEMORY,
               "rule 'whiskers' keeps 64 of each of 252000 synapses and biases for each of 200 "
               "trials, 12.0 GiB, must be at most 8: make batches smaller");
  ck_assert_int_eq(o.calls, 0);
  expect_ok(nai_trainer_step(NULL, trainer, few));
  nai_trainer_destroy(trainer);
  nai_trials_destroy(many);
  nai_trials_destroy(few);
  nai_network_destroy(net);
}
END_TEST

/* --- memory ----------------------------------------------------------------------------------- */

START_TEST(creating_without_memory)
{
  nai_rule_ops ops = table(hebb, NAI_FEEDBACK_RANDOM, 1);
  for (long n = 0;; n++) {
    own o = {0};
    nai_rule *rule;
    faults_fail_allocation(n);
    nai_status status = nai_rule_create(&rule, &ops, 1, &o);
    faults_fail_allocation(-1);
    if (status == NAI_OK) {
      ck_assert_int_ge(n, 3);
      nai_rule_destroy(rule);
      ck_assert_int_eq(o.destroyed, 1);
      break;
    }
    ck_assert_int_eq(status, NAI_ERR_MEMORY);
    ck_assert_ptr_null(rule);
    ck_assert_int_eq(o.destroyed, 1);
  }
}
END_TEST

START_TEST(attaching_without_memory)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  own o = {0};
  nai_rule *rule = create(hebb, _i ? NAI_FEEDBACK_RANDOM : NAI_FEEDBACK_SYMMETRIC, 1, &o);
  for (long n = 0;; n++) {
    nai__learner *learner = NULL;
    faults_fail_allocation(n);
    nai_status status = nai__learner_create(&learner, rule, net, (nai__watch){.call = NULL}, 0);
    faults_fail_allocation(-1);
    if (status == NAI_OK) {
      ck_assert_int_ge(n, 4);
      nai__learner_destroy(learner);
      break;
    }
    ck_assert_int_eq(status, NAI_ERR_MEMORY);
  }
  nai_rule_destroy(rule);
  nai_network_destroy(net);
}
END_TEST

/* Room is made for the largest batch; each refusal leaves all as it was; then none is asked for. */
START_TEST(updates_without_memory)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trials *few = any_trials_for_everything(net, 5, 1),
             *many = any_trials_for_everything(net, 30, 1);
  own o = {0};
  nai_trainer *trainer = train(net, create(follow_traces, NAI_FEEDBACK_RANDOM, 2, &o));
  expect_ok(nai_trainer_step(NULL, trainer, few));
  size_t bytes = (size_t)net->n_theta * sizeof(float);
  float *theta = malloc(bytes);
  memcpy(theta, net->theta, bytes);
  long n = 0;
  for (;; n++) {
    faults_fail_allocation(n);
    nai_status status = nai_trainer_estimate_gradient(NULL, trainer, many);
    faults_fail_allocation(-1);
    if (status == NAI_OK) break;
    ck_assert_int_eq(status, NAI_ERR_MEMORY);
    ck_assert(memcmp(theta, net->theta, bytes) == 0);
    expect_ok(nai_trainer_estimate_gradient(NULL, trainer, few)); /* it has room for these again */
  }
  ck_assert_int_ge(n, 6);
  expect_ok(nai_trainer_step(NULL, trainer, many));
  long before = faults_allocations();
  for (int k = 0; k < 5; k++) {
    nai_status status = nai_trainer_step(NULL, trainer, k % 2 ? few : many);
    if (status != NAI_OK) expect_ok(status);
  }
  long after = faults_allocations();
  ck_assert_int_le(after - before, 1); /* at most the history */
  free(theta);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(few);
  nai_trials_destroy(many);
  nai_network_destroy(net);
}
END_TEST

Suite *own_rule_suite(void);

Suite *own_rule_suite(void)
{
  Suite *suite = suite_create("own_rule");
  TCase *builtin = tcase_create("as the built-in ones");
  tcase_add_loop_test(builtin, rflo_and_eprop_as_own_rules, 0, 2 * transfers());
  tcase_add_test(builtin, training_goes_the_same_way);
  tcase_add_loop_test(builtin, what_other_signals_send, 0, 2);
  suite_add_tcase(suite, builtin);
  ADD_CASE(suite, "steps", hebb_is_the_sum_of_what_fired_together,
           a_step_sees_what_synapses_can_know, traces_begin_at_0_in_each_batch,
           what_is_frozen_is_not_asked_for, constraints_hold, feedback_can_be_set,
           checkpoints_hold_the_feedback, steps_by_hand_add_up_to_the_batch);
  ADD_CASE(suite, "faults", failures_come_out, destroyed_exactly_once, wrong_tables_are_refused,
           what_it_cannot_drive, too_much_to_keep);
  TCase *memory = tcase_create("memory");
  tcase_add_test(memory, creating_without_memory);
  tcase_add_loop_test(memory, attaching_without_memory, 0, 2);
  tcase_add_test(memory, updates_without_memory);
  suite_add_tcase(suite, memory);
  return suite;
}
