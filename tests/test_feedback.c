/*
 * Rules whose errors come back through weights of their own: feedback alignment and its kin, the
 * feedback weights themselves, and what checkpoints keep of them.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "oracle.h"
#include "rules.h"

static nai_view feedback_of(const nai_trainer *trainer, const char *from, const char *to)
{
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_trainer_feedback(&view, trainer, from, to));
  return view;
}

/* --- the reference cases ---------------------------------------------------------------------- */

static void set_case_feedback(oracle *o, nai_trainer *trainer, int direct)
{
  for (int i = 0; i < o->n_parts; i++) {
    char name[16];
    float values[256];
    int64_t count;
    snprintf(name, sizeof name, direct ? "B_dfa%d" : "B_fa%d", i);
    const double *b = oracle_sized(o, name, &count, NULL);
    ck_assert_int_le(count, 256);
    for (int64_t k = 0; k < count; k++) values[k] = (float)b[k];
    const char *to = direct ? NULL : i + 1 < o->n_parts ? o->part[i + 1].name : "z";
    expect_ok(nai_trainer_set_feedback(trainer, o->part[i].name, to, values));
  }
}

static void check_case(oracle *o, const char *kernels, int direct)
{
  nai_rule *rule = rule_named(direct ? "direct_feedback_alignment" : "feedback_alignment", 3);
  nai_network *net = oracle_network(o, kernels);
  nai_trials *trials = oracle_trials(o, net);
  nai_trainer *trainer = oracle_trainer_with(o, net, rule, 1);
  set_case_feedback(o, trainer, direct);
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  for (int i = 0; i <= o->n_parts; i++) {
    char name[16];
    snprintf(name, sizeof name, "W%d", i);
    oracle_check_gradient(o, trainer, direct ? "dfa_grad_" : "fa_grad_", name);
    name[0] = 'b';
    oracle_check_gradient(o, trainer, direct ? "dfa_grad_" : "fa_grad_", name);
  }
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
  nai_rule_destroy(rule);
}

START_TEST(test_reference_cases)
{
  const char *kernels;
  for (int k = 0; (kernels = oracle_kernels(k)); k++)
    for (int direct = 0; direct < 2; direct++) {
      oracle o;
      ck_assert(oracle_open(&o, "mlp_", _i));
      check_case(&o, kernels, direct);
      oracle_close(&o);
    }
}
END_TEST

/* --- followed forwards: the weights' influence travels by the feedback weights ---------------- */

static void by_feedback(tangents *tangents, const nai_trainer *trainer)
{
  tangents->through = trainer->plasticity.learner->feedback.weight;
}

START_TEST(test_followed_forwards)
{
  check_by_tangents(_i, "feedback_alignment", by_feedback);
  check_by_tangents(_i, "direct_feedback_alignment", by_direct_feedback);
  check_by_tangents(_i, "sign_symmetry uniform", by_feedback);
  check_by_tangents(_i, "sign_symmetry batch", by_feedback);
  check_by_tangents(_i, "sign_symmetry fixed", by_feedback);
  check_by_tangents(_i, "kolen_pollack", by_feedback);
  check_by_tangents(_i, "weight_mirror", by_feedback);
}
END_TEST

/* --- feedback that follows the weights -------------------------------------------------------- */

/* Everything, with a frozen projection that has feedback. */
static nai_network *build_followed(int32_t transfer)
{
  nai_network *net = build_everything(transfer, NULL);
  expect_ok(nai_network_set_plastic(net, "E", "layer", 0));
  return net;
}

static nai_rule *following(const char *name, double decay)
{
  nai_rule *rule = rule_named(name, 5);
  expect_ok(nai_rule_set(rule, "decay", decay));
  return rule;
}

static void update_everything(nai_trainer *trainer, uint64_t seed)
{
  nai_trials *trials = trials_for_everything(trainer->plasticity.net, seed);
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  nai_trials_destroy(trials);
}

/* 1 where this rule's feedback stands in for weights. */
static int is_fed_back(const nai_trainer *trainer, const nai__projection *p)
{
  return trainer->plasticity.learner->feedback.packed[p->block] != NULL;
}

/* After an update: `w`, `b` are weights and feedback before it. Counts what constraints stopped. */
static int check_followed(const nai_trainer *trainer, const float *w, const float *b, float decay)
{
  const nai_network *net = trainer->plasticity.net;
  const float *theta = net->theta, *feedback = trainer->plasticity.learner->feedback.weight;
  int stopped = 0;
  for (int64_t i = 0; i < net->n_projections; i++) {
    const nai__projection *p = &net->projection[i];
    nai_synapses s = nai__synapses(net, p, NULL, NULL);
    for (int64_t j = 0; j < s.n_post * s.n_pre; j++) {
      int64_t k = p->at.start + j / s.n_pre * s.stride + j % s.n_pre;
      double expected = (1 - (double)decay) * ((double)w[k] - (double)b[k]);
      double size = fabs((double)w[k]) + fabs((double)b[k]) + fabs((double)theta[k]);
      if (net->plastic[k] == 0 || !is_fed_back(trainer, p)) {
        EXPECT(feedback[k] == b[k]);
        EXPECT(net->plastic[k] != 0 || theta[k] == w[k]);
        continue;
      }
      EXPECT(fabs((double)theta[k] - (double)feedback[k] - expected) <=
             4 * (double)FLT_EPSILON * size);
      stopped += theta[k] == 0;
    }
  }
  return stopped;
}

static void check_following(nai_rule *rule, nai_optimizer *optimizer, double decay)
{
  nai_network *net = build_followed(NAI_TRANSFER_TANH);
  nai_trainer *trainer = trainer_of(net, rule, optimizer);
  nai_cost *cost;
  attach_cost(trainer, nai_cost_create_mse(&cost, "real"), &cost, 1);
  attach_cost(trainer, nai_cost_create_cross_entropy(&cost, "choice"), &cost, 1);
  size_t bytes = (size_t)net->n_theta * sizeof(float);
  float *w = malloc(bytes), *b = malloc(bytes);
  int stopped = 0;
  for (uint64_t k = 0; k < 25; k++) {
    memcpy(w, net->theta, bytes);
    memcpy(b, trainer->plasticity.learner->feedback.weight, bytes);
    update_everything(trainer, k);
    stopped += check_followed(trainer, w, b, (float)decay);
  }
  EXPECT(stopped > 25); /* Dale's law stopped some, and the feedback with them */
  free(w);
  free(b);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}

START_TEST(test_what_weights_and_feedback_differ_by_shrinks)
{
  static const char *const names[] = {"kolen_pollack", "eprop_adaptive"};
  static const double decay[] = {0.05, 1e-4, 0};
  for (int k = 0; k < 3; k++) {
    check_following(following(names[_i], decay[k]), plain_descent(0.3), decay[k]);
    check_following(following(names[_i], decay[k]), adam(0.02), decay[k]);
  }
}
END_TEST

/* Without a gradient's move: what has feedback loses its share, nothing else changes. */
START_TEST(test_only_what_has_feedback_decays)
{
  static const char *const names[] = {"kolen_pollack", "eprop_adaptive"};
  nai_network *net = build_followed(NAI_TRANSFER_TANH);
  nai_trainer *trainer = trainer_of(net, following(names[_i], 0.25), plain_descent(0));
  nai_cost *cost;
  attach_cost(trainer, nai_cost_create_mse(&cost, "real"), &cost, 1);
  size_t bytes = (size_t)net->n_theta * sizeof(float);
  float *w = malloc(bytes);
  int64_t shrunk = 0;
  memcpy(w, net->theta, bytes);
  update_everything(trainer, 0);
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    int decays = is_fed_back(trainer, p);
    nai_synapses s = nai__synapses(net, p, NULL, NULL);
    EXPECT(decays == (_i == 0 ? net->node[p->from].kind == NAI_POPULATIONS
                              : net->node[p->to].kind == NAI_OUTPUTS));
    for (int64_t i = 0; i < s.n_post; i++)
      for (int64_t j = 0; j < s.n_pre; j++) {
        int64_t synapse = p->at.start + i * s.stride + j;
        float left = decays && net->plastic[synapse] != 0 ? 0.75f : 1;
        EXPECT(fabsf(net->theta[synapse] - left * w[synapse]) <= FLT_EPSILON * fabsf(w[synapse]));
        shrunk += left < 1 && w[synapse] != 0;
      }
  }
  EXPECT(shrunk > 20);
  EXPECT(memcmp(net->theta + net->unit_bias, w + net->unit_bias,
                (size_t)(net->n_theta - net->unit_bias) * sizeof *w) == 0);
  free(w);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* Nothing shown, nothing asked for. */
static nai_trials *blank_trials(const nai_network *net, const char *output)
{
  static const float zero[16];
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, net, 2, 1));
  expect_ok(
      nai_trials_set_targets(trials, output, zero, nai_network_size(net, NAI_OUTPUTS, output)));
  return trials;
}

static nai_status refuse_later(void *user, nai_synapses *s)
{
  (void)s;
  return ++*(int *)user > 2 ? NAI_ERR_INVALID : NAI_OK;
}

/* A failed update leaves feedback weights as they were, as it leaves the weights. */
START_TEST(test_a_failed_update_changes_no_feedback)
{
  static const char *const names[] = {"kolen_pollack", "eprop_adaptive", "weight_mirror"};
  int calls = 0;
  nai_constraint_ops ops = {.struct_size = sizeof ops, .name = "later", .project = refuse_later};
  nai_constraint *own;
  nai_network *net = compose_ei(12, 4);
  expect_ok(nai_constraint_create(&own, &ops, &calls));
  expect_ok(nai_network_constrain(net, "E", "I", own));
  expect_ok(nai_network_build(net, 1)); /* one call */
  nai_trainer *trainer = trainer_of(net, rule_named(names[_i], 4), plain_descent(0.1));
  nai_cost *cost;
  attach_cost(trainer, nai_cost_create_mse(&cost, "choice"), &cost, 1);
  nai_trials *trials = blank_trials(net, "choice");
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  size_t bytes = (size_t)net->n_theta * sizeof(float);
  float *b = malloc(bytes);
  memcpy(b, trainer->plasticity.learner->feedback.weight, bytes);
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_INVALID, "later");
  EXPECT(memcmp(b, trainer->plasticity.learner->feedback.weight, bytes) == 0);
  free(b);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
  nai_constraint_destroy(own);
}
END_TEST

/* --- weight mirror ---------------------------------------------------------------------------- */

#define BIAS 0.4

/* Layers within the step, a recurrent one; slopes far from 1; nothing learns but the feedback. */
static nai_network *build_mirrored(double bias, const char *kernels)
{
  nai_network *net =
      COMPOSE(.dt = 10, .inputs = {{"u", 2}},
              .populations = {{"a", 9, NAI_FREE}, {"b", 7, NAI_FREE}}, .outputs = {{"z", 3}},
              .projections = {{"u", "a"}, {"a b", "b"}, {"b", "a"}, {"a b", "z"}});
  expect_ok(nai_network_set_transfer(net, "a", NAI_TRANSFER_LOGISTIC));
  expect_ok(nai_network_set_transfer(net, "b", NAI_TRANSFER_TANH));
  expect_ok(nai_network_set(net, "a", "gain", 4)); /* slope 1 where the bias is 0 */
  expect_ok(nai_network_set_leak(net, "b", NAI_LEAK_RATE));
  expect_ok(nai_network_set(net, "a b", "bias", bias));
  expect_ok(nai_network_set_delay(net, "a", "b", 0));
  expect_ok(nai_network_set_delay(net, "b", "b", 30));
  expect_ok(nai_network_set_plastic(net, "*", "*", 0));
  expect_ok(nai_network_set(net, "a b z", "plastic_bias", 0));
  expect_ok(nai_network_set_kernels(net, kernels));
  expect_ok(nai_network_build(net, 2));
  return net;
}

static nai_trainer *mirror(nai_network *net, nai_rule *rule)
{
  nai_cost *cost;
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(0.1));
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  return trainer;
}

static double slope_at_bias(const nai__node *node)
{
  double rate = 1 / (1 + exp(-BIAS)), y = tanh(BIAS);
  return node->kind == NAI_OUTPUTS ? 1 : node->name[0] == 'a' ? 4 * rate * (1 - rate) : 1 - y * y;
}

typedef struct moments {
  double *sum, *square;
} moments;

/* With a rate of 1, the feedback after an update is what that update alone saw. */
static moments watch_mirror(nai_trainer *trainer, int updates)
{
  int64_t n = trainer->plasticity.net->n_theta;
  moments m = {calloc((size_t)n, sizeof(double)), calloc((size_t)n, sizeof(double))};
  nai_trials *trials = blank_trials(trainer->plasticity.net, "z");
  for (int k = 0; k < updates; k++) {
    expect_ok(nai_trainer_step(NULL, trainer, trials));
    for (int64_t i = 0; i < n; i++) {
      double value = (double)trainer->plasticity.learner->feedback.weight[i];
      m.sum[i] += value;
      m.square[i] += value * value;
    }
  }
  nai_trials_destroy(trials);
  return m;
}

/*
 * Standard scores of the mean move against slope * weight: of standard size, and none far out. The
 * noise is small, so what is left of the third order, about noise^2 / 2, is below the error.
 */
static void check_scores(const nai_trainer *trainer, const moments *m, int updates)
{
  const nai_network *net = trainer->plasticity.net;
  double squares = 0, sum = 0, n = 0;
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    nai_synapses s = nai__synapses(net, p, NULL, NULL);
    for (int64_t i = 0; i < s.n_post * s.n_pre; i++) {
      int64_t synapse = p->at.start + i / s.n_pre * s.stride + i % s.n_pre;
      double mean = m->sum[synapse] / updates,
             variance = m->square[synapse] / updates - mean * mean;
      if (net->exists[synapse] == 0 || net->node[p->from].kind == NAI_INPUTS) {
        EXPECT(mean == 0);
        continue;
      }
      double z = (mean - slope_at_bias(&net->node[p->to]) * (double)net->theta[synapse]) /
                 sqrt(variance / updates);
      EXPECT(fabs(z) < 4.5);
      sum += z * ((double)net->theta[synapse] > 0 ? 1 : -1);
      squares += z * z;
      n++;
    }
  }
  EXPECT(n > 200);
  EXPECT(fabs(squares / n - 1) < 4 * sqrt(2 / n));
  EXPECT(fabs(sum / sqrt(n)) < 3); /* neither too large nor too small on the whole */
}

START_TEST(test_mirror_sees_slope_times_weight)
{
  enum { UPDATES = 1500 };
  nai_network *net = build_mirrored(BIAS, oracle_kernels(_i));
  nai_rule *rule = rule_named("weight_mirror", 8);
  expect_ok(nai_rule_set(rule, "rate", 1));
  expect_ok(nai_rule_set(rule, "noise", 0.01));
  expect_ok(nai_rule_set(rule, "samples", 32));
  nai_trainer *trainer = mirror(net, rule);
  moments m = watch_mirror(trainer, UPDATES);
  check_scores(trainer, &m, UPDATES);
  free(m.sum);
  free(m.square);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* From the same start, what a rate of 1 moves to the end, another moves its share of the way. */
START_TEST(test_mirror_rate)
{
  nai_network *net = build_mirrored(BIAS, NULL);
  nai_rule *all = rule_named("weight_mirror", 8), *share = rule_named("weight_mirror", 8);
  expect_ok(nai_rule_set(all, "rate", 1));
  expect_ok(nai_rule_set(share, "rate", 0.25));
  nai_trainer *one = mirror(net, all), *other = mirror(net, share);
  nai_trials *trials = blank_trials(net, "z");
  const float *seen = one->plasticity.learner->feedback.weight,
              *moved = other->plasticity.learner->feedback.weight;
  float *start = malloc((size_t)net->n_theta * sizeof *start);
  memcpy(start, seen, (size_t)net->n_theta * sizeof *start);
  expect_ok(nai_trainer_step(NULL, one, trials));
  expect_ok(nai_trainer_step(NULL, other, trials));
  int64_t n = 0;
  for (int64_t i = 0; i < net->unit_bias; i++) {
    float expected = start[i] + 0.25f * (seen[i] - start[i]);
    EXPECT(fabsf(moved[i] - expected) <= 4 * FLT_EPSILON * (fabsf(start[i]) + fabsf(seen[i])));
    n += moved[i] != start[i];
  }
  EXPECT(n > 200);
  free(start);
  nai_trials_destroy(trials);
  nai_trainer_destroy(one);
  nai_trainer_destroy(other);
  nai_network_destroy(net);
}
END_TEST

/* Between all feedback weights and what they stand in for. */
static double angle(const nai_trainer *trainer)
{
  const nai_network *net = trainer->plasticity.net;
  const float *feedback = trainer->plasticity.learner->feedback.weight;
  double product = 0, w = 0, b = 0;
  for (int64_t i = 0; i < net->unit_bias; i++) {
    if (feedback[i] == 0) continue;
    product += (double)net->theta[i] * (double)feedback[i];
    w += (double)net->theta[i] * (double)net->theta[i];
    b += (double)feedback[i] * (double)feedback[i];
  }
  return acos(product / sqrt(w * b)) * 180 / 3.14159265358979;
}

START_TEST(test_mirror_brings_feedback_to_the_weights)
{
  nai_network *net = build_mirrored(0, NULL);
  nai_trainer *trainer = mirror(net, rule_named("weight_mirror", 8));
  nai_trials *trials = blank_trials(net, "z");
  double before = angle(trainer);
  EXPECT(before > 60);
  for (int round = 0; round < 5; round++) {
    for (int k = 0; k < 50; k++) expect_ok(nai_trainer_step(NULL, trainer, trials));
    double now = angle(trainer);
    EXPECT(now < before - 1);
    before = now;
  }
  for (int k = 0; k < 450; k++) expect_ok(nai_trainer_step(NULL, trainer, trials));
  EXPECT(angle(trainer) < 4);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_rule *warm = rule_named("weight_mirror", 9);
  expect_ok(nai_rule_set(warm, "warm_up", 700));
  trainer = mirror(net, warm);
  EXPECT(angle(trainer) < 4);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* --- sign symmetry ---------------------------------------------------------------------------- */

static void check_signs(const nai_trainer *trainer, int uniform)
{
  const nai_network *net = trainer->plasticity.net;
  int64_t signs = 0;
  for (int64_t k = 0; k < net->n_projections; k++) {
    const char *from, *to;
    expect_ok(nai_network_projection(&from, &to, net, k));
    if (nai_network_size(net, NAI_POPULATIONS, from) < 0) continue;
    nai_view w = weights_of(net, from, to), v = feedback_of(trainer, from, to);
    float size = (float)sqrt(2 / (double)(w.shape[0] + w.shape[1]));
    EXPECT(v.shape[0] == w.shape[1] && v.shape[1] == w.shape[0]);
    for (int64_t i = 0; i < w.shape[0]; i++)
      for (int64_t j = 0; j < w.shape[1]; j++) {
        float weight = at(&w, i, j), feedback = at(&v, j, i);
        EXPECT((weight > 0) - (weight < 0) == (feedback > 0) - (feedback < 0));
        EXPECT(!uniform || feedback == 0 || fabsf(feedback) == size);
        signs += feedback != 0;
      }
  }
  EXPECT(signs > 100);
}

START_TEST(test_signs_are_those_of_the_weights)
{
  static const char *const names[] = {"sign_symmetry uniform", "sign_symmetry batch",
                                      "sign_symmetry fixed"};
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trainer *trainer = train_everything_by(net, rule_named(names[_i], 5));
  float *before = malloc((size_t)net->n_theta * sizeof *before);
  memcpy(before, net->theta, (size_t)net->n_theta * sizeof *before);
  check_signs(trainer, _i == 0);
  for (uint64_t k = 0; k < 30; k++) {
    update_everything(trainer, k);
    check_signs(trainer, _i == 0);
  }
  int64_t turned = 0;
  for (int64_t i = 0; i < net->unit_bias; i++) turned += before[i] * net->theta[i] < 0;
  EXPECT(turned > 0);
  free(before);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* Sizes of feedback weights that are not 0 before or after: how many are the same, of how many. */
static void compare_sizes(const nai_trainer *trainer, const float *before, int64_t *same,
                          int64_t *n)
{
  *same = *n = 0;
  for (int64_t i = 0; i < trainer->plasticity.net->unit_bias; i++) {
    float now = trainer->plasticity.learner->feedback.weight[i];
    if (now == 0 || before[i] == 0) continue;
    *same += fabsf(now) == fabsf(before[i]);
    ++*n;
  }
}

START_TEST(test_sizes_are_drawn_for_each_batch_or_once)
{
  static const char *const names[] = {"sign_symmetry batch", "sign_symmetry fixed"};
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trainer *trainer = train_everything_by(net, rule_named(names[_i], 5));
  size_t bytes = (size_t)net->n_theta * sizeof(float);
  float *before = malloc(bytes);
  for (uint64_t k = 0; k < 10; k++) {
    int64_t same, n;
    memcpy(before, trainer->plasticity.learner->feedback.weight, bytes);
    nai_trials *trials = trials_for_everything(net, k);
    expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials)); /* no update: the same draw */
    EXPECT(memcmp(before, trainer->plasticity.learner->feedback.weight, bytes) == 0);
    nai_trials_destroy(trials);
    update_everything(trainer, k);
    compare_sizes(trainer, before, &same, &n);
    EXPECT(n > 100 && same == (_i == 0 ? 0 : n));
  }
  free(before);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

static uint64_t feedback_after(const char *name, uint64_t seed, int updates)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trainer *trainer = train_everything_by(net, rule_named(name, seed));
  for (int k = 0; k < updates; k++) update_everything(trainer, (uint64_t)k);
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (int k = 0; k < trainer->plasticity.learner->n_kept; k++) {
    const nai__kept *kept = &trainer->plasticity.learner->kept[k];
    const unsigned char *bytes = nai__kept_memory(kept);
    for (size_t i = 0; i < nai__kept_size(kept); i++)
      hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
  }
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
  return hash;
}

START_TEST(test_seeds_repeat)
{
  static const char *const names[] = {"rflo",
                                      "eprop_random",
                                      "eprop_adaptive",
                                      "feedback_alignment",
                                      "direct_feedback_alignment",
                                      "sign_symmetry batch",
                                      "sign_symmetry fixed",
                                      "kolen_pollack",
                                      "weight_mirror"};
  for (int k = 0; k < 9; k++) {
    uint64_t once = feedback_after(names[k], 5, 3);
    EXPECT(feedback_after(names[k], 5, 3) == once);
    EXPECT(feedback_after(names[k], 6, 3) != once);
  }
}
END_TEST

/* --- looking at feedback and setting it ------------------------------------------------------- */

static float element(const nai_view *v, int64_t i, int64_t j)
{
  float value;
  memcpy(&value, (const char *)v->data + i * v->stride[0] + j * v->stride[1], sizeof value);
  return value;
}

START_TEST(test_direct_feedback_is_set_and_seen)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trainer *trainer = train_everything_by(net, rule_named("rflo", 5));
  nai_view e = feedback_of(trainer, "E", NULL), i = feedback_of(trainer, "I", NULL);
  float values[7 * 5], before = element(&i, 2, 3);
  EXPECT(e.ndim == 2 && e.shape[0] == 7 && e.shape[1] == 5 && e.dtype == NAI_FLOAT32);
  EXPECT(e.stride[0] == sizeof(float) && e.stride[1] % (int64_t)sizeof(float) == 0);
  EXPECT(i.shape[0] == 5 && i.shape[1] == 5);
  for (int k = 0; k < 35; k++) values[k] = (float)k - 17.5f;
  expect_ok(nai_trainer_set_feedback(trainer, "E", NULL, values));
  for (int k = 0; k < 35; k++) EXPECT(element(&e, k / 5, k % 5) == values[k]);
  EXPECT(element(&i, 2, 3) == before);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

START_TEST(test_feedback_of_projections_is_set_and_seen)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trainer *trainer = train_everything_by(net, rule_named("feedback_alignment", 5));
  nai_view v = feedback_of(trainer, "E", "I"), mask = mask_of(net, "E", "I");
  float values[7 * 5];
  int absent = 0;
  EXPECT(v.ndim == 2 && v.shape[0] == 7 && v.shape[1] == 5 && v.stride[0] == sizeof(float));
  for (int k = 0; k < 35; k++)
    EXPECT((at(&mask, k % 5, k / 5) != 0) == (at(&v, k / 5, k % 5) != 0));
  for (int k = 0; k < 35; k++) values[k] = (float)k + 1;
  expect_ok(nai_trainer_set_feedback(trainer, "E", "I", values));
  for (int k = 0; k < 35; k++) {
    int exists = at(&mask, k % 5, k / 5) != 0;
    EXPECT(at(&v, k / 5, k % 5) == (exists ? values[k] : 0));
    absent += !exists;
  }
  EXPECT(absent > 5);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* Root mean square of what is not 0, and how many that are. */
static double size_of(nai_view view, double *n)
{
  double sum = 0, mean = 0;
  *n = 0;
  for (int64_t i = 0; i < view.shape[0]; i++)
    for (int64_t j = 0; j < view.shape[1]; j++) {
      double value = (double)at(&view, i, j);
      *n += value != 0;
      mean += value;
      sum += value * value;
    }
  EXPECT(fabs(mean) < 4 * sqrt(sum)); /* of n independent ones about 0 */
  return sqrt(sum / *n);
}

static void check_as_large(nai_view feedback, nai_view weights)
{
  double n, few, size = size_of(feedback, &n), expected = size_of(weights, &few);
  EXPECT(fabs(size / expected - 1) < 4 / sqrt(2 * fmin(n, few)));
}

/* It starts as large as the weights that exist, or the readout; in RFLO with variance 1/outputs. */
START_TEST(test_feedback_starts_as_large_as_the_weights)
{
  nai_network *net = compose_ei(300, 100);
  nai_constraint *sparse, *free_signs;
  expect_ok(nai_constraint_create_sparse(&sparse, 0.3));
  expect_ok(nai_constraint_create_dale(&free_signs, NAI_DALE_OFF));
  expect_ok(nai_network_constrain(net, "E I", "*", sparse));
  expect_ok(nai_network_constrain(net, "E I", "*", free_signs));
  nai_constraint_destroy(sparse);
  nai_constraint_destroy(free_signs);
  expect_ok(nai_network_set_initial_weights(net, "E", "choice", NAI_WEIGHTS_NORMAL, 0, 0.3));
  expect_ok(nai_network_set_initial_weights(net, "E I", "E I", NAI_WEIGHTS_UNIFORM, -0.02, 0.02));
  expect_ok(nai_network_build(net, 1));
  nai_trainer *rflo = trainer_of(net, rule_named("rflo", 5), plain_descent(1)),
              *dfa = trainer_of(net, rule_named("direct_feedback_alignment", 5), plain_descent(1)),
              *fa = trainer_of(net, rule_named("feedback_alignment", 5), plain_descent(1));
  double n;
  EXPECT(fabs(size_of(feedback_of(rflo, "E", NULL), &n) * sqrt(2) - 1) < 4 / sqrt(2 * 600));
  EXPECT(fabs(size_of(feedback_of(rflo, "I", NULL), &n) * sqrt(2) - 1) < 4 / sqrt(2 * 200));
  check_as_large(feedback_of(dfa, "E", NULL), weights_of(net, "E", "choice"));
  check_as_large(feedback_of(dfa, "I", NULL), weights_of(net, "E", "choice"));
  check_as_large(feedback_of(fa, "E", "choice"), weights_of(net, "E", "choice"));
  check_as_large(feedback_of(fa, "E", "I"), weights_of(net, "E", "I"));
  nai_trainer_destroy(rflo);
  nai_trainer_destroy(dfa);
  nai_trainer_destroy(fa);
  nai_network_destroy(net);
}
END_TEST

/* Weights that are all 0 say nothing of size: a variance of 1 / outputs, or 1 / n_pre. */
START_TEST(test_feedback_where_weights_are_0)
{
  static const float zero[100 * 300];
  double n;
  nai_network *net = build_ei(300, 100, 1);
  expect_ok(nai_network_set_weights(net, "E", "choice", zero, 2, 300));
  expect_ok(nai_network_set_weights(net, "E", "I", zero, 100, 300));
  nai_trainer *dfa = trainer_of(net, rule_named("direct_feedback_alignment", 5), plain_descent(1)),
              *fa = trainer_of(net, rule_named("feedback_alignment", 5), plain_descent(1));
  EXPECT(fabs(size_of(feedback_of(dfa, "E", NULL), &n) * sqrt(2) - 1) < 4 / sqrt(2 * 600));
  EXPECT(fabs(size_of(feedback_of(fa, "E", "choice"), &n) * sqrt(300) - 1) < 4 / sqrt(2 * 600));
  EXPECT(fabs(size_of(feedback_of(fa, "E", "I"), &n) * sqrt(300) - 1) < 4 / sqrt(2 * 30000));
  EXPECT(n == 30000);
  nai_trainer_destroy(dfa);
  nai_trainer_destroy(fa);
  nai_network_destroy(net);
}
END_TEST

static float *gradient_with(nai_trainer *trainer, const nai_trials *trials, float scale)
{
  static const char *const names[] = {"E", "I", "layer"};
  for (int k = 0; k < 3; k++) {
    nai_view v = feedback_of(trainer, names[k], NULL);
    float values[35];
    for (int64_t i = 0; i < v.shape[0]; i++)
      for (int64_t j = 0; j < 5; j++)
        values[i * 5 + j] = scale * (float)((i * 3 + j * 7 + k) % 5 - 2) / 4;
    expect_ok(nai_trainer_set_feedback(trainer, names[k], NULL, values));
  }
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  size_t bytes = (size_t)trainer->plasticity.net->n_theta * sizeof(float);
  return memcpy(malloc(bytes), trainer->plasticity.gradient, bytes);
}

/* A gradient is linear in the feedback; that of the readout knows nothing of it. */
START_TEST(test_feedback_scales_the_gradient)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trials *trials = trials_for_everything(net, 1);
  nai_trainer *trainer = trainer_of(net, rule_named("rflo", 5), plain_descent(1));
  nai_cost *cost;
  attach_cost(trainer, nai_cost_create_cross_entropy(&cost, "choice"), &cost, 1);
  float *none = gradient_with(trainer, trials, 0), *once = gradient_with(trainer, trials, 1),
        *twice = gradient_with(trainer, trials, 2);
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    int readout = net->node[p->to].kind == NAI_OUTPUTS;
    int64_t some = 0;
    for (int64_t i = 0; i < net->node[p->to].n; i++)
      for (int64_t j = 0; j < net->node[p->from].n; j++) {
        int64_t synapse = p->at.start + i * p->at.stride + j;
        EXPECT(none[synapse] == (readout ? once[synapse] : 0));
        EXPECT(twice[synapse] == (readout ? once[synapse] : 2 * once[synapse]));
        some += once[synapse] != 0;
      }
    EXPECT(
        some > 0 || !strcmp(net->node[p->to].name, "real") ||
        (!strcmp(net->node[p->from].name, "context") && !strcmp(net->node[p->to].name, "layer")));
  }
  free(none);
  free(once);
  free(twice);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

static void refuse(const char *rule, const char *from, const char *to, nai_status status,
                   const char *words)
{
  static const float values[49];
  nai_view view = NAI_VIEW_INIT;
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trainer *trainer = train_everything_by(net, rule_named(rule, 5));
  expect_fails(nai_trainer_feedback(&view, trainer, from, to), status, words);
  expect_fails(nai_trainer_set_feedback(trainer, from, to, values), status, words);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}

START_TEST(test_feedback_that_is_not_there)
{
  static const char *const without[] = {"bptt", "truncated_bptt", "snap1", "eprop_symmetric"};
  for (int k = 0; k < 4; k++) {
    refuse(without[k], "E", NULL, NAI_ERR_UNSUPPORTED, "has no feedback from outputs");
    refuse(without[k], "E", "I", NAI_ERR_UNSUPPORTED, "has no feedback weights for projections");
  }
  refuse("rflo", "E", "I", NAI_ERR_UNSUPPORTED, "rule 'rflo' has no feedback weights");
  refuse("feedback_alignment", "E", NULL, NAI_ERR_UNSUPPORTED, "has no feedback from outputs");
  refuse("rflo", "X", NULL, NAI_ERR_NAME, "from: nothing is called 'X'");
  refuse("rflo", "stimulus", NULL, NAI_ERR_NAME, "from: 'stimulus' is one of the inputs");
  refuse("rflo", "choice", NULL, NAI_ERR_NAME, "from: 'choice' is one of the outputs");
  refuse("rflo", NULL, NULL, NAI_ERR_INVALID, "from is NULL");
  refuse("kolen_pollack", NULL, "I", NAI_ERR_INVALID, "from is NULL");
  refuse("kolen_pollack", "E", "X", NAI_ERR_NAME, "to: nothing is called 'X'");
  refuse("kolen_pollack", "stimulus", "E", NAI_ERR_INVALID,
         "sends no errors back from 'E' to 'stimulus'");
  refuse("eprop_adaptive", "E", "I", NAI_ERR_INVALID, "sends no errors back from 'I' to 'E'");
}
END_TEST

START_TEST(test_feedback_that_is_refused)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trainer *rflo = train_everything_by(net, rule_named("rflo", 5)),
              *signs = train_everything_by(net, rule_named("sign_symmetry uniform", 5));
  nai_view view = feedback_of(rflo, "E", NULL), old = {0};
  float values[35] = {0}, before = element(&view, 0, 0);
  values[7] = NAN;
  expect_fails(nai_trainer_set_feedback(rflo, "E", NULL, values), NAI_ERR_NONFINITE,
               "values[1][2] is nan");
  values[7] = -INFINITY;
  expect_fails(nai_trainer_set_feedback(rflo, "E", NULL, values), NAI_ERR_NONFINITE,
               "values[1][2] is -inf");
  EXPECT(element(&view, 0, 0) == before);
  values[7] = 0;
  expect_fails(nai_trainer_set_feedback(signs, "E", "I", values), NAI_ERR_UNSUPPORTED,
               "rule 'sign_symmetry' makes its feedback from the weights");
  expect_fails(nai_trainer_set_feedback(NULL, "E", NULL, values), NAI_ERR_INVALID,
               "trainer is NULL");
  expect_fails(nai_trainer_set_feedback(rflo, "E", NULL, NULL), NAI_ERR_INVALID, "values is NULL");
  expect_fails(nai_trainer_feedback(NULL, rflo, "E", NULL), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_trainer_feedback(&old, rflo, "E", NULL), NAI_ERR_INVALID, "struct_size");
  expect_fails(nai_trainer_feedback(&view, NULL, "E", NULL), NAI_ERR_INVALID, "trainer is NULL");
  nai_trainer_destroy(rflo);
  nai_trainer_destroy(signs);
  nai_network_destroy(net);
}
END_TEST

/* --- checkpoints ------------------------------------------------------------------------------ */

static char path[64];

static void open_folder(void)
{
  strcpy(path, "/tmp/neuroai-feedback-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(path));
  strcat(path, "/run.safetensors");
}

static void close_folder(void)
{
  unlink(path);
  *strrchr(path, '/') = 0;
  rmdir(path);
}

/* Weights, biases, moments and all that the rule keeps, as one number. */
static uint64_t hash_trainer(const nai_trainer *trainer)
{
  uint64_t hash = hash_of(trainer->plasticity.net);
  for (int k = 0; k < trainer->plasticity.learner->n_kept; k++) {
    const nai__kept *kept = &trainer->plasticity.learner->kept[k];
    const unsigned char *bytes = nai__kept_memory(kept);
    for (size_t i = 0; i < nai__kept_size(kept); i++)
      hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
  }
  return hash;
}

static nai_trainer *make_trainer(nai_rule *rule)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trainer *trainer = train_everything_by(net, rule);
  nai_network_destroy(net);
  return trainer;
}

START_TEST(test_restored_trainers_end_with_the_same_bits)
{
  enum { STOP = 7, END = 15 };
  nai_trainer *whole = make_trainer(rule_made(_i, 5)), *fresh;
  open_folder();
  for (uint64_t k = 0; k < END; k++) {
    if (k == STOP) expect_ok(nai_trainer_save(whole, path));
    update_everything(whole, k);
  }
  fresh = make_trainer(rule_made(_i, 5));
  update_everything(fresh, 99); /* forgotten by the restore */
  expect_ok(nai_trainer_restore(fresh, path));
  for (uint64_t k = STOP; k < END; k++) update_everything(fresh, k);
  EXPECT(hash_trainer(fresh) == hash_trainer(whole));
  nai_trainer_destroy(whole);
  nai_trainer_destroy(fresh);
  close_folder();
}
END_TEST

static void refuse_restore(nai_rule *saved, nai_rule *other, const char *words)
{
  nai_trainer *one = make_trainer(saved), *two = make_trainer(other);
  update_everything(one, 0);
  uint64_t before = hash_trainer(two);
  expect_ok(nai_trainer_save(one, path));
  expect_fails(nai_trainer_restore(two, path), NAI_ERR_INVALID, words);
  EXPECT(hash_trainer(two) == before);
  nai_trainer_destroy(one);
  nai_trainer_destroy(two);
}

static nai_rule *with(nai_rule *rule, const char *parameter, double value)
{
  expect_ok(nai_rule_set(rule, parameter, value));
  return rule;
}

START_TEST(test_other_trainers_are_refused)
{
  open_folder();
  refuse_restore(rule_named("rflo", 5), rule_named("rflo", 6), "seed is 5 in the file, 6 here");
  refuse_restore(rule_named("kolen_pollack", 5), with(rule_named("kolen_pollack", 5), "decay", 0.5),
                 "decay is 0.001");
  refuse_restore(rule_named("weight_mirror", 5),
                 with(rule_named("weight_mirror", 5), "samples", 64),
                 "samples is 128.0 in the file, 64.0 here");
  refuse_restore(rule_named("sign_symmetry batch", 5), rule_named("sign_symmetry fixed", 5),
                 "form is 1.0 in the file, 2.0 here");
  refuse_restore(rule_named("truncated_bptt", 5), with(rule_named("truncated_bptt", 5), "steps", 5),
                 "steps is 4.0 in the file, 5.0 here");
  refuse_restore(rule_named("rflo", 5), rule_named("eprop_random", 5),
                 "rule is \"rflo\" in the file, \"eprop_random\" here");
  refuse_restore(rule_named("bptt", 5), rule_named("kolen_pollack", 5),
                 "rule is \"bptt\" in the file, \"kolen_pollack\" here");
  close_folder();
}
END_TEST

Suite *feedback_suite(void);

Suite *feedback_suite(void)
{
  Suite *suite = suite_create("feedback");
  TCase *followed = tcase_create("followed"), *moving = tcase_create("moving");
  TCase *kept = tcase_create("checkpoints");
  tcase_add_loop_test(followed, test_reference_cases, 0, LAYERED);
  tcase_add_loop_test(followed, test_followed_forwards, 0, transfers());
  suite_add_tcase(suite, followed);
  tcase_add_loop_test(moving, test_what_weights_and_feedback_differ_by_shrinks, 0, 2);
  tcase_add_loop_test(moving, test_only_what_has_feedback_decays, 0, 2);
  tcase_add_loop_test(moving, test_a_failed_update_changes_no_feedback, 0, 3);
  int kernels = 0;
  while (oracle_kernels(kernels)) kernels++;
  tcase_add_loop_test(moving, test_mirror_sees_slope_times_weight, 0, kernels);
  tcase_add_test(moving, test_mirror_rate);
  tcase_add_test(moving, test_mirror_brings_feedback_to_the_weights);
  tcase_add_loop_test(moving, test_signs_are_those_of_the_weights, 0, 3);
  tcase_add_loop_test(moving, test_sizes_are_drawn_for_each_batch_or_once, 0, 2);
  tcase_add_test(moving, test_seeds_repeat);
  suite_add_tcase(suite, moving);
  ADD_CASE(suite, "looking", test_direct_feedback_is_set_and_seen,
           test_feedback_of_projections_is_set_and_seen,
           test_feedback_starts_as_large_as_the_weights, test_feedback_where_weights_are_0,
           test_feedback_scales_the_gradient, test_feedback_that_is_not_there,
           test_feedback_that_is_refused);
  tcase_add_loop_test(kept, test_restored_trainers_end_with_the_same_bits, 0, n_rules);
  tcase_add_test(kept, test_other_trainers_are_refused);
  suite_add_tcase(suite, kept);
  return suite;
}
