/*
 * Rules that go forward in time. RTRL: the number of backpropagation in every network. UORO: that
 * number on average, by all signs that can be drawn in short trials, and by many draws in others.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/base/random.h"
#include "../lib/train/trainer.h"
#include "faults.h"
#include "networks.h"
#include "oracle.h"
#include "rules.h"

typedef nai_status (*creator)(nai_rule **out);

static nai_status create_uoro_7(nai_rule **out)
{
  return nai_rule_create_uoro(out, 7);
}

static nai_rule *made(creator create)
{
  nai_rule *rule;
  expect_ok(create(&rule));
  return rule;
}

/* --- gradients side by side ------------------------------------------------------------------- */

typedef struct judged {
  const nai_network *net;
  const float *ours;
  const double *exact;
  double tolerance; /* of the largest in each array */
  int arrays;       /* with a gradient */
} judged;

static void judge_array(judged *j, const char *what, int64_t first, int64_t rows, int64_t columns,
                        int64_t ld)
{
  double largest = 0, worst = 0;
  for (int64_t i = 0; i < rows; i++)
    for (int64_t k = 0; k < columns; k++) {
      int64_t at = first + i * ld + k;
      EXPECT(isfinite(j->ours[at]));
      largest = fmax(largest, fabs(j->exact[at]));
      worst = fmax(worst, fabs((double)j->ours[at] - j->exact[at]));
    }
  if (!(worst <= j->tolerance * largest))
    ck_abort_msg("%s, %s kernels: off by %.3g of the largest, %.3g", what,
                 nai_network_kernels(j->net), worst / largest, largest);
  j->arrays += largest > 0;
}

/* Projections, biases, initial states. */
static void judge(judged *j)
{
  const nai_network *net = j->net;
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    judge_array(j, net->node[p->to].name, p->at.start, net->node[p->to].n, net->node[p->from].n,
                p->at.stride);
  }
  for (int64_t i = 0; i < net->n_nodes; i++) {
    const nai__node *node = &net->node[i];
    if (node->kind == NAI_INPUTS) continue;
    judge_array(j, node->name, nai__bias_start(net, node), node->n, 1, 1);
    int64_t initial = nai__learning_start(net, node, NAI__INITIAL_STATE);
    if (initial >= 0) judge_array(j, node->name, initial, node->n, 1, 1);
  }
}

static double *exact_of(const nai_trainer *trainer)
{
  int64_t n = trainer->plasticity.net->n_theta;
  double *exact = malloc((size_t)n * sizeof *exact);
  for (int64_t i = 0; i < n; i++) exact[i] = (double)trainer->plasticity.gradient[i];
  return exact;
}

/* J and its gradient by RTRL are those by backpropagation; both trainers have this network. */
static int check_same(nai_trainer *bptt, nai_trainer *rtrl, const nai_trials *trials)
{
  nai_progress a = NAI_PROGRESS_INIT, b = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_estimate_gradient(&a, bptt, trials));
  expect_ok(nai_trainer_estimate_gradient(&b, rtrl, trials));
  ck_assert(a.cost == b.cost);
  double *exact = exact_of(bptt);
  judged j = {bptt->plasticity.net, rtrl->plasticity.gradient, exact, 1e-5, 0};
  judge(&j);
  free(exact);
  return j.arrays;
}

/* --- RTRL: the reference cases ---------------------------------------------------------------- */

static void check_case(oracle *o, const char *kernels, const char *const *names)
{
  nai_rule *rule = made(nai_rule_create_rtrl);
  nai_network *net = oracle_network(o, kernels);
  nai_trials *trials = oracle_trials(o, net);
  nai_trainer *rtrl = oracle_trainer_with(o, net, rule, 0), *bptt = oracle_trainer(o, net);
  ck_assert_int_ge(check_same(bptt, rtrl, trials), 4);
  for (; *names; names++) oracle_check_gradient(o, rtrl, "grad_", *names);
  nai_trainer_destroy(bptt);
  nai_trainer_destroy(rtrl);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
  nai_rule_destroy(rule);
}

static void check_cases(const char *prefix, int number, const char *const *names)
{
  const char *kernels;
  for (int k = 0; (kernels = oracle_kernels(k)); k++) {
    oracle o;
    ck_assert(oracle_open(&o, prefix, number));
    check_case(&o, kernels, names);
    oracle_close(&o);
  }
}

START_TEST(test_rtrl_recurrent_cases)
{
  static const char *const names[] = {"W_in", "W_rec", "b_rec", "W_out", "b_out", NULL};
  check_cases("rnn_", _i, names);
}
END_TEST

START_TEST(test_rtrl_layered_cases)
{
  static const char *const names[] = {"W0", "b0", "W1", "b1", NULL};
  check_cases("mlp_", _i, names);
}
END_TEST

/* --- RTRL: a network with everything ---------------------------------------------------------- */

enum { SUMS = 1, WHOLE = 2 };

/* Costs on outputs; on rates that are sums; on rates that want the batch whole. */
static nai_trainer *train_with(nai_network *net, nai_rule *rule, int rates)
{
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(1e-2));
  nai_cost *c;
  attach_cost(trainer, nai_cost_create_mse(&c, "real"), &c, 0.7);
  attach_cost(trainer, nai_cost_create_cross_entropy(&c, "choice"), &c, 1.1);
  attach_cost(trainer, nai_cost_create_l1_weights(&c, "E I", "*"), &c, 0.01);
  if (rates & SUMS) {
    attach_cost(trainer, nai_cost_create_l1_rates(&c, "E I"), &c, 0.04);
    attach_cost(trainer, nai_cost_create_l2_rates(&c, "*"), &c, 0.06);
  }
  if (rates & WHOLE) {
    attach_cost(trainer, nai_cost_create_rate_target(&c, "E layer", 0.3), &c, 2);
  }
  expect_ok(nai_trainer_set(trainer, "seed", 17));
  return trainer;
}

static void check_everything(int32_t transfer, const char *kernels, int rates, int memory)
{
  nai_network *net = build_everything(transfer, kernels);
  if (memory) remember_outputs(net);
  expect_ok(nai_network_set(net, "E I layer", "plastic_initial", 1));
  nai_trials *trials = trials_for_everything(net, 3);
  nai_trainer *bptt = train_with(net, made(nai_rule_create_bptt), rates),
              *rtrl = train_with(net, made(nai_rule_create_rtrl), rates);
  ck_assert_int_ge(check_same(bptt, rtrl, trials), 18);
  nai_trainer_destroy(bptt);
  nai_trainer_destroy(rtrl);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}

START_TEST(test_rtrl_everything)
{
  const char *kernels;
  for (int k = 0; (kernels = oracle_kernels(k)); k++)
    for (int rates = 0; rates <= (SUMS | WHOLE); rates++) check_everything(_i, kernels, rates, 0);
  check_everything(_i, NULL, SUMS, 1);
}
END_TEST

/* What learns may change after the trainer was made: a frozen projection thaws, a bias freezes. */
START_TEST(test_rtrl_follows_what_is_plastic)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trials *trials = trials_for_everything(net, 3);
  nai_trainer *bptt = train_with(net, made(nai_rule_create_bptt), SUMS),
              *rtrl = train_with(net, made(nai_rule_create_rtrl), SUMS);
  int before = check_same(bptt, rtrl, trials);
  expect_ok(nai_network_set_plastic(net, "context", "layer", 1));
  ck_assert_int_eq(check_same(bptt, rtrl, trials), before + 1);
  expect_ok(nai_network_set(net, "E", "plastic_bias", 0));
  expect_ok(nai_network_set_plastic(net, "I", "E", 0));
  ck_assert_int_eq(check_same(bptt, rtrl, trials), before - 1);
  nai_trainer_destroy(bptt);
  nai_trainer_destroy(rtrl);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* No outputs and no inputs: costs on rates alone. More parameters than go together. */
START_TEST(test_rtrl_without_outputs)
{
  nai_network *net = compose_one("h", 9, NAI_FREE);
  expect_ok(nai_network_set_transfer(net, "h", NAI_TRANSFER_TANH));
  expect_ok(nai_network_set(net, "h", "tau", 50));
  expect_ok(nai_network_set(net, "h", "noise", 0.5));
  expect_ok(nai_network_build(net, 4));
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, net, 9, 3));
  nai_trainer *both[2];
  for (int i = 0; i < 2; i++) {
    nai_cost *c;
    both[i] =
        trainer_of(net, made(i ? nai_rule_create_rtrl : nai_rule_create_bptt), plain_descent(1e-2));
    attach_cost(both[i], nai_cost_create_l2_rates(&c, "h"), &c, 1);
  }
  ck_assert_int_eq(check_same(both[0], both[1], trials), 2);
  for (int i = 0; i < 2; i++) nai_trainer_destroy(both[i]);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- UORO: all signs -------------------------------------------------------------------------- */

/* Two units, three steps and the beginning: 2^8 equally probable draws of the signs. */
enum { UNITS = 2, SHORT = 3, DRAWS = 1 << UNITS * (SHORT + 1), RULE_SEED = 11 };

/* Which of them the rule makes at this update. */
static int draw_at(int64_t update)
{
  uint64_t seed = nai__seed_derive(RULE_SEED, NAI__FOR_FEEDBACK, (uint64_t)update);
  nai__stream stream = nai__stream_open(seed, NAI__FOR_FEEDBACK, 0, 0);
  int draw = 0;
  for (int t = 0; t <= SHORT; t++) draw |= (int)(nai__stream_word(&stream) & 3) << t * UNITS;
  return draw;
}

/* Mean of the estimates over all draws, each once. */
static void check_mean_over_draws(nai_trainer *uoro, const nai_trials *trials, const double *exact)
{
  int64_t n = uoro->plasticity.net->n_theta;
  double *sum = calloc((size_t)n, sizeof *sum);
  float *mean = malloc((size_t)n * sizeof *mean), *one = calloc((size_t)(n * DRAWS), sizeof *one);
  int seen[DRAWS] = {0}, count = 0;
  for (uoro->step = 0; count < DRAWS && uoro->step < 20000; uoro->step++) {
    int draw = draw_at(uoro->step);
    if (seen[draw]++ > 1) continue;
    expect_ok(nai_trainer_estimate_gradient(NULL, uoro, trials));
    float *kept = one + draw * n;
    if (seen[draw] == 2) { /* the signs are all that is random */
      EXPECT(!memcmp(kept, uoro->plasticity.gradient, (size_t)n * sizeof *kept));
      continue;
    }
    memcpy(kept, uoro->plasticity.gradient, (size_t)n * sizeof *kept);
    for (int64_t i = 0; i < n; i++) sum[i] += (double)kept[i];
    count++;
  }
  ck_assert_int_eq(count, DRAWS);
  for (int64_t i = 0; i < n; i++) mean[i] = (float)(sum[i] / DRAWS);
  judged j = {uoro->plasticity.net, mean, exact, 1e-5, 0};
  judge(&j);
  ck_assert_int_ge(j.arrays, 4);
  free(one);
  free(mean);
  free(sum);
}

/* Populations "a" (of this model) and "b" of one unit each; what they are like is the caller's. */
static nai_network *compose_pair(const char *model)
{
  nai_network *net =
      COMPOSE(.dt = 10, .inputs = {{"u", 2}},
              .populations = {{"a", 1, NAI_FREE}, {"b", 1, NAI_FREE}}, .outputs = {{"z", 2}});
  expect_ok(nai_network_set_model(net, "a", model));
  expect_ok(nai_network_connect(net, "u", "a"));
  expect_ok(nai_network_connect(net, "a b", "a b"));
  expect_ok(nai_network_set_transfer(net, "a b", NAI_TRANSFER_TANH));
  expect_ok(nai_network_set(net, "a b", "tau", 25));
  expect_ok(nai_network_set(net, "a b", "bias", 0.2));
  expect_ok(nai_network_set(net, "a b", "initial", 0.3));
  expect_ok(nai_network_set_autapses(net, "a b", "a b", 1));
  expect_ok(nai_network_connect(net, "a b", "z"));
  return net;
}

static void plain(nai_network *net)
{
  expect_ok(nai_network_set(net, "a", "tau", 40));
}

static void both_leaks(nai_network *net)
{
  expect_ok(nai_network_set_leak(net, "b", NAI_LEAK_RATE));
  expect_ok(nai_network_set_transfer(net, "b", NAI_TRANSFER_SOFTPLUS));
  expect_ok(nai_network_set(net, "a b", "plastic_initial", 1));
}

/* The leak within the transfer function, beside one on the current. */
static void whole_leak(nai_network *net)
{
  expect_ok(nai_network_set_leak(net, "b", NAI_LEAK_WHOLE));
  expect_ok(nai_network_set(net, "a b", "plastic_initial", 1));
  expect_ok(nai_network_set(net, "b", "tau", 25));
}

static void within_a_step(nai_network *net)
{
  expect_ok(nai_network_set_delay(net, "a", "b", 0));
  expect_ok(nai_network_set_leak(net, "a", NAI_LEAK_RATE));
}

/* No memory but what is under way: between units two steps long, to the output one. */
static void only_delays(nai_network *net)
{
  expect_ok(nai_network_set(net, "a b", "tau", 10));
  expect_ok(nai_network_set_delay(net, "a b", "a b", 20));
  expect_ok(nai_network_set_delay(net, "a b", "z", 20));
  expect_ok(nai_network_set(net, "a b", "plastic_initial", 1));
}

/* The longest delay is to the output: what is read there is no unit's business any more. */
static void late_outputs(nai_network *net)
{
  expect_ok(nai_network_set(net, "a b", "tau", 10));
  expect_ok(nai_network_set_delay(net, "a", "z", 20));
  expect_ok(nai_network_set_initial_weights(net, "a b", "a b", NAI_WEIGHTS_NORMAL, 0, 0));
}

/* b is silent at times: nothing acts on it then. */
static void silent(nai_network *net)
{
  expect_ok(nai_network_set_transfer(net, "b", NAI_TRANSFER_RELU));
  expect_ok(nai_network_set_leak(net, "b", NAI_LEAK_RATE));
  expect_ok(nai_network_set(net, "b", "bias", -0.1));
}

/* What outputs hold is the state of no unit: the signal has it. */
static void outputs_with_a_memory(nai_network *net)
{
  static const double tau[2] = {25, 60};
  expect_ok(nai_network_set_each(net, "z", "tau", tau, 2));
  expect_ok(nai_network_set(net, "z", "gain", 0.6));
  expect_ok(nai_network_set_delay(net, "a", "z", 10));
}

/* A unit of two states. */
static void adapting(nai_network *net)
{
  expect_ok(nai_network_set(net, "a", "tau_adaptation", 40));
  expect_ok(nai_network_set(net, "a b", "plastic_initial", 1));
  expect_ok(nai_network_set_delay(net, "a", "b", 0));
}

static const struct {
  const char *model;
  void (*make)(nai_network *);
} pairs[] = {{"rate", plain},
             {"rate", both_leaks},
             {"rate", whole_leak},
             {"rate", within_a_step},
             {"rate", only_delays},
             {"rate", late_outputs},
             {"rate", silent},
             {"rate", outputs_with_a_memory},
             {"adaptive_rate", adapting}};
enum { PAIRS = sizeof pairs / sizeof *pairs };

static nai_trials *trials_for_pair(const nai_network *net)
{
  float inputs[SHORT * 2], targets[SHORT * 2];
  nai_trials *trials;
  expect_ok(nai_random_normals(inputs, SHORT * 2, 5, 0));
  expect_ok(nai_random_normals(targets, SHORT * 2, 5, 1));
  expect_ok(nai_trials_create(&trials, net, SHORT, 1));
  expect_ok(nai_trials_set_inputs(trials, NULL, inputs, 2));
  expect_ok(nai_trials_set_targets(trials, "z", targets, 2));
  return trials;
}

static nai_trainer *train_pair(nai_network *net, nai_rule *rule)
{
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(1e-2));
  nai_cost *c;
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  attach_cost(trainer, nai_cost_create_l2_rates(&c, "b"), &c, 0.3);
  return trainer;
}

START_TEST(test_uoro_over_all_signs)
{
  nai_network *net = compose_pair(pairs[_i].model);
  pairs[_i].make(net);
  expect_ok(nai_network_build(net, 6));
  nai_trials *trials = trials_for_pair(net);
  nai_rule *rule;
  expect_ok(nai_rule_create_uoro(&rule, RULE_SEED));
  nai_trainer *bptt = train_pair(net, made(nai_rule_create_bptt)), *uoro = train_pair(net, rule);
  expect_ok(nai_trainer_estimate_gradient(NULL, bptt, trials));
  double *exact = exact_of(bptt);
  check_mean_over_draws(uoro, trials, exact);
  free(exact);
  nai_trainer_destroy(bptt);
  nai_trainer_destroy(uoro);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* What an estimate has of the synapses among "a" and "b", and the weights; to be freed. */
static float *estimate_of_pair(int reads_frozen, int64_t *n)
{
  static const char *const names[2] = {"a", "b"};
  nai_network *net = compose_pair("rate");
  nai_rule *rule;
  *n = 0;
  if (reads_frozen) expect_ok(nai_network_set_plastic(net, "a b", "z", 0));
  expect_ok(nai_network_build(net, 6));
  nai_trials *trials = trials_for_pair(net);
  expect_ok(nai_rule_create_uoro(&rule, RULE_SEED));
  nai_trainer *uoro = train_pair(net, rule);
  expect_ok(nai_trainer_estimate_gradient(NULL, uoro, trials));
  float *found = malloc(2 * (size_t)net->n_theta * sizeof *found);
  for (int k = 0; k < 4; k++) {
    const nai__projection *p;
    expect_ok(nai__projection_find(&p, net, names[k / 2], names[k % 2]));
    for (int64_t i = 0; i < p->at.rows; i++)
      for (int64_t j = 0; j < p->at.columns; j++) {
        found[(*n)++] = uoro->plasticity.gradient[nai__place_in(&p->at, i, j)];
        found[(*n)++] = net->theta[nai__place_in(&p->at, i, j)];
      }
  }
  nai_trainer_destroy(uoro);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
  return found;
}

/* The norms by which its two factors are made alike are of what moves states: not of synapses onto outputs. */
START_TEST(test_uoro_makes_factors_alike_without_outputs)
{
  int64_t n, m;
  float *found = estimate_of_pair(0, &n), *frozen = estimate_of_pair(1, &m);
  EXPECT(n == m && n == 8 && memcmp(found, frozen, (size_t)n * sizeof *found) == 0);
  free(found);
  free(frozen);
}
END_TEST

/* --- UORO: many draws ------------------------------------------------------------------------- */

enum { SAMPLES = 4000 };

/* Elements of the gradient that are estimated, their mean and covariance. */
typedef struct sample {
  int64_t n, *at;
  double *sum, *products; /* [n], [n][n], of what they differ from the exact ones by */
} sample;

static sample open_sample(const nai_network *net)
{
  sample sample = {.at = malloc((size_t)net->n_theta * sizeof *sample.at)};
  for (int64_t i = 0; i < net->n_theta; i++)
    sample.at[sample.n] = i, sample.n += net->plastic[i] != 0;
  sample.sum = calloc((size_t)sample.n, sizeof *sample.sum);
  sample.products = calloc((size_t)(sample.n * sample.n), sizeof *sample.products);
  return sample;
}

static void close_sample(sample *sample)
{
  free(sample->at);
  free(sample->sum);
  free(sample->products);
}

static void add_sample(sample *sample, const float *gradient, const double *exact)
{
  double *d = malloc((size_t)sample->n * sizeof *d);
  for (int64_t i = 0; i < sample->n; i++) {
    d[i] = (double)gradient[sample->at[i]] - exact[sample->at[i]];
    EXPECT(isfinite(d[i]));
    sample->sum[i] += d[i];
  }
  for (int64_t i = 0; i < sample->n; i++)
    for (int64_t j = 0; j <= i; j++) sample->products[i * sample->n + j] += d[i] * d[j];
  free(d);
}

/* Those that are not random (the readout) are exact; leaves out them and their rows. */
static void keep_random(sample *sample, double largest)
{
  int64_t kept = 0, n = sample->n;
  for (int64_t i = 0; i < n; i++) {
    double variance = sample->products[i * n + i] / SAMPLES;
    if (variance <= 1e-10 * largest * largest) {
      EXPECT(fabs(sample->sum[i] / SAMPLES) <= 1e-5 * largest);
      continue;
    }
    sample->at[kept++] = i;
  }
  double *sum = malloc((size_t)kept * sizeof *sum),
         *products = malloc((size_t)(kept * kept) * sizeof *products);
  for (int64_t i = 0; i < kept; i++) {
    sum[i] = sample->sum[sample->at[i]];
    for (int64_t j = 0; j <= i; j++)
      products[i * kept + j] = sample->products[sample->at[i] * n + sample->at[j]];
  }
  free(sample->sum);
  free(sample->products);
  sample->n = kept;
  sample->sum = sum;
  sample->products = products;
}

/*
 * Hotelling's T^2 of a mean that should be 0: m^T C^-1 m, C the covariance of the mean, by Cholesky
 * with a trace of a ridge (which only makes it smaller). Each element alone stays within 4.5 of its
 * standard errors.
 */
static double hotelling(sample *sample)
{
  int64_t n = sample->n;
  double *c = sample->products, sum = 0;
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j <= i; j++)
      c[i * n + j] =
          (c[i * n + j] - sample->sum[i] * sample->sum[j] / SAMPLES) / (SAMPLES - 1) / SAMPLES;
  for (int64_t i = 0; i < n; i++) {
    double z = sample->sum[i] / SAMPLES / sqrt(c[i * n + i]);
    if (!(fabs(z) < 4.5)) ck_abort_msg("element %lld is off by %.2f errors", (long long)i, z);
    c[i * n + i] *= 1 + 1e-9;
  }
  for (int64_t i = 0; i < n; i++) { /* C = L L^T, y = L^-1 m in one go */
    for (int64_t j = 0; j <= i; j++) {
      for (int64_t k = 0; k < j; k++) c[i * n + j] -= c[i * n + k] * c[j * n + k];
      if (j < i) c[i * n + j] /= c[j * n + j];
    }
    c[i * n + i] = sqrt(fmax(c[i * n + i], 1e-300));
    double y = sample->sum[i] / SAMPLES;
    for (int64_t k = 0; k < i; k++) y -= c[i * n + k] * sample->sum[k];
    sample->sum[i] = y / c[i * n + i];
    sum += sample->sum[i] * sample->sum[i];
  }
  return sum;
}

/* T^2 (K - n) / (n (K - 1)) has the F distribution of n and K - n: of mean near 1, variance 2/n. */
static void check_sample(sample *sample)
{
  double n = (double)sample->n, f = hotelling(sample) * (SAMPLES - n) / (n * (SAMPLES - 1));
  double mean = (SAMPLES - n) / (SAMPLES - n - 2),
         sd = sqrt(2 / n * (SAMPLES - 2) / (SAMPLES - n - 4)) * mean;
  if (!(fabs(f - mean) < 3 * sd))
    ck_abort_msg("%g elements together: F is %.3f, expected %.3f +- %.3f", n, f, mean, sd);
}

START_TEST(test_uoro_on_average)
{
  nai_network *net = build_everything(_i, NULL);
  expect_ok(nai_network_set(net, "E I layer", "plastic_initial", 1));
  nai_trials *trials = trials_for_everything(net, 3);
  nai_trainer *bptt = train_with(net, made(nai_rule_create_bptt), SUMS | WHOLE),
              *uoro = train_with(net, made(create_uoro_7), SUMS | WHOLE);
  expect_ok(nai_trainer_estimate_gradient(NULL, bptt, trials));
  double *exact = exact_of(bptt), largest = 0;
  for (int64_t i = 0; i < net->n_theta; i++) largest = fmax(largest, fabs(exact[i]));
  sample sample = open_sample(net);
  int64_t all = sample.n;
  for (uoro->step = 0; uoro->step < SAMPLES; uoro->step++) {
    expect_ok(nai_trainer_estimate_gradient(NULL, uoro, trials));
    add_sample(&sample, uoro->plasticity.gradient, exact);
  }
  keep_random(&sample, largest);
  ck_assert_int_gt(sample.n, all * 2 / 3);
  ck_assert_int_lt(sample.n, all);
  check_sample(&sample);
  close_sample(&sample);
  free(exact);
  nai_trainer_destroy(bptt);
  nai_trainer_destroy(uoro);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- both: what repeats ----------------------------------------------------------------------- */

static nai_trials *many_trials(const nai_network *net, int64_t n)
{
  enum { MANY = 40, LONG = 6 };
  static float inputs[MANY * LONG * 3];
  static int32_t classes[MANY * LONG];
  nai_trials *trials;
  EXPECT(n <= MANY);
  expect_ok(nai_random_normals(inputs, MANY * LONG * 3, 5, 0));
  for (int i = 0; i < MANY * LONG; i++) classes[i] = i % 2;
  expect_ok(nai_trials_create(&trials, net, LONG, n));
  expect_ok(nai_trials_set_inputs(trials, NULL, inputs, 3));
  expect_ok(nai_trials_set_classes(trials, "choice", classes));
  return trials;
}

static nai_trainer *train_ei(nai_network *net, nai_rule *rule)
{
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(1e-2));
  nai_cost *c;
  attach_cost(trainer, nai_cost_create_cross_entropy(&c, "choice"), &c, 1);
  attach_cost(trainer, nai_cost_create_l2_rates(&c, "E I"), &c, 0.1);
  return trainer;
}

static const creator both[] = {nai_rule_create_rtrl, create_uoro_7};

/* 1 when another gradient has the same bits as the one before. */
static int repeats(nai_trainer *trainer, const nai_trials *trials)
{
  size_t bytes = (size_t)trainer->plasticity.net->n_theta * sizeof *trainer->plasticity.gradient;
  float *before = malloc(bytes);
  memcpy(before, trainer->plasticity.gradient, bytes);
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  int same = !memcmp(before, trainer->plasticity.gradient, bytes);
  free(before);
  return same;
}

START_TEST(test_threads_change_no_bit)
{
  const char *kernels;
  for (int k = 0; (kernels = oracle_kernels(k)); k++) {
    nai_network *net = compose_ei(8, 3);
    expect_ok(nai_network_set_kernels(net, kernels));
    expect_ok(nai_network_build(net, 2));
    nai_trials *trials = many_trials(net, 40);
    nai_trainer *trainer = train_ei(net, made(both[_i]));
    expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
    for (int threads = 4; threads >= 1; threads--) {
      expect_ok(nai_trainer_set(trainer, "threads", threads));
      ck_assert(repeats(trainer, trials));
    }
    nai_trainer_destroy(trainer);
    nai_trials_destroy(trials);
    nai_network_destroy(net);
  }
}
END_TEST

START_TEST(test_uoro_repeats_by_seed_and_update)
{
  nai_network *net = build_ei(8, 3, 2);
  nai_trials *trials = many_trials(net, 3);
  nai_trainer *trainer = train_ei(net, made(create_uoro_7));
  size_t bytes = (size_t)net->n_theta * sizeof(float);
  float *first = malloc(bytes);
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  memcpy(first, trainer->plasticity.gradient, bytes);
  trainer->step = 5;
  ck_assert(!repeats(trainer, trials));
  trainer->step = 0;
  ck_assert(!repeats(trainer, trials));
  ck_assert(!memcmp(first, trainer->plasticity.gradient, bytes));
  nai_trainer_destroy(trainer);
  nai_rule *rule; /* another one of the seed; then of another */
  for (uint64_t seed = 7; seed < 9; seed++) {
    expect_ok(nai_rule_create_uoro(&rule, seed));
    trainer = train_ei(net, rule);
    expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
    ck_assert_int_eq(!memcmp(first, trainer->plasticity.gradient, bytes), seed == 7);
    nai_trainer_destroy(trainer);
  }
  free(first);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- both: memory, arguments ------------------------------------------------------------------ */

START_TEST(test_updates_allocate_nothing)
{
  nai_network *net = build_ei(8, 3, 2);
  nai_trials *trials = many_trials(net, 20), *fewer = many_trials(net, 5);
  nai_trainer *trainer = train_ei(net, made(both[_i]));
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  long before = faults_allocations();
  nai_status status = nai_trainer_step(NULL, trainer, fewer);
  if (status == NAI_OK) status = nai_trainer_step(NULL, trainer, trials);
  long after = faults_allocations();
  expect_ok(status);
  ck_assert_int_eq(before, after);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_trials_destroy(fewer);
  nai_network_destroy(net);
}
END_TEST

static nai_status create_trainer(nai_trainer **out, nai_network *net, nai_rule *rule)
{
  nai_optimizer *sgd = plain_descent(1e-2);
  nai_status status = nai_trainer_create(out, net, rule, sgd, NULL);
  nai_optimizer_destroy(sgd);
  return status;
}

START_TEST(test_attaching_without_memory)
{
  nai_network *net = build_ei(8, 3, 2);
  nai_rule *rule = NULL;
  int refused = 0;
  for (long good = 0;; good++) {
    faults_fail_allocation(good);
    nai_status status = both[_i](&rule);
    faults_fail_allocation(-1);
    if (status == NAI_OK) break;
    ck_assert_int_eq(status, NAI_ERR_MEMORY);
    ck_assert_ptr_null(rule);
    refused++;
  }
  ck_assert_int_eq(refused, 1);
  nai_trainer *trainer = NULL;
  nai_optimizer *sgd = plain_descent(1e-2);
  for (long good = 0;; good++) {
    faults_fail_allocation(good);
    nai_status status = nai_trainer_create(&trainer, net, rule, sgd, NULL);
    faults_fail_allocation(-1);
    if (status == NAI_OK) break;
    ck_assert_int_eq(status, NAI_ERR_MEMORY);
    refused++;
  }
  ck_assert_int_gt(refused, 8);
  nai_optimizer_destroy(sgd);
  nai_trainer_destroy(trainer);
  nai_rule_destroy(rule);
  nai_network_destroy(net);
}
END_TEST

/* A larger batch, more threads: refused at every allocation, then as if nothing had been. */
START_TEST(test_growing_without_memory)
{
  nai_network *net = build_ei(8, 3, 2);
  nai_trials *few = many_trials(net, 2), *many = many_trials(net, 20);
  nai_trainer *trainer = train_ei(net, made(both[_i])), *other = train_ei(net, made(both[_i]));
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, few));
  expect_ok(nai_trainer_set(trainer, "threads", 3));
  int refused = 0;
  for (long good = 0;; good++) {
    faults_fail_allocation(good);
    nai_status status = nai_trainer_estimate_gradient(NULL, trainer, many);
    faults_fail_allocation(-1);
    if (status == NAI_OK) break;
    ck_assert_int_eq(status, NAI_ERR_MEMORY);
    refused++;
  }
  ck_assert_int_ge(refused, 16); /* memory that is there stays: these are the rule's own */
  expect_ok(nai_trainer_estimate_gradient(NULL, other, many));
  ck_assert(!memcmp(trainer->plasticity.gradient, other->plasticity.gradient,
                    (size_t)net->n_theta * sizeof *other->plasticity.gradient));
  nai_trainer_destroy(trainer);
  nai_trainer_destroy(other);
  nai_trials_destroy(few);
  nai_trials_destroy(many);
  nai_network_destroy(net);
}
END_TEST

START_TEST(test_bad_arguments)
{
  expect_fails(nai_rule_create_rtrl(NULL), NAI_ERR_INVALID, "out");
  expect_fails(nai_rule_create_uoro(NULL, 1), NAI_ERR_INVALID, "out");
  nai_network *net = build_ei(8, 3, 2);
  for (int i = 0; i < 2; i++) {
    nai_rule *rule = made(both[i]);
    const char *name = i ? "uoro" : "rtrl";
    ck_assert_str_eq(nai_rule_name(rule), name);
    expect_fails(nai_rule_set(rule, "decay", 1), NAI_ERR_NAME, name);
    nai_trainer *trainer;
    expect_ok(create_trainer(&trainer, net, rule));
    nai_cost *errors;
    expect_ok(nai_cost_create_vanishing_gradient(&errors, "E I"));
    expect_fails(nai_trainer_add_cost(trainer, errors, 1), NAI_ERR_UNSUPPORTED, name);
    nai_cost_destroy(errors);
    nai_trainer_destroy(trainer);
    nai_rule_destroy(rule);
  }
  nai_network_destroy(net);
}
END_TEST

Suite *forward_rules_suite(void);

Suite *forward_rules_suite(void)
{
  Suite *suite = suite_create("forward_rules");
  TCase *rtrl = tcase_create("rtrl");
  tcase_add_loop_test(rtrl, test_rtrl_recurrent_cases, 0, RECURRENT);
  tcase_add_loop_test(rtrl, test_rtrl_layered_cases, 0, LAYERED);
  tcase_add_loop_test(rtrl, test_rtrl_everything, 0, transfers());
  tcase_add_test(rtrl, test_rtrl_follows_what_is_plastic);
  tcase_add_test(rtrl, test_rtrl_without_outputs);
  suite_add_tcase(suite, rtrl);
  TCase *uoro = tcase_create("uoro");
  tcase_set_timeout(uoro, 300);
  tcase_add_loop_test(uoro, test_uoro_over_all_signs, 0, PAIRS);
  tcase_add_test(uoro, test_uoro_makes_factors_alike_without_outputs);
  tcase_add_test(uoro, test_uoro_repeats_by_seed_and_update);
  tcase_add_loop_test(uoro, test_uoro_on_average, NAI_TRANSFER_RELU, NAI_TRANSFER_SOFTPLUS + 1);
  suite_add_tcase(suite, uoro);
  TCase *each = tcase_create("each");
  tcase_add_loop_test(each, test_threads_change_no_bit, 0, 2);
  tcase_add_loop_test(each, test_updates_allocate_nothing, 0, 2);
  tcase_add_loop_test(each, test_attaching_without_memory, 0, 2);
  tcase_add_loop_test(each, test_growing_without_memory, 0, 2);
  tcase_add_test(each, test_bad_arguments);
  suite_add_tcase(suite, each);
  return suite;
}
