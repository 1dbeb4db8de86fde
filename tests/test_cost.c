/* lib/cost: each cost by hand, costs inside a trainer, costs of the user's own. */
#include <check.h>
#include <math.h>
#include <neuroai/extend.h>
#include <neuroai/neuroai.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cost/cost.h"
#include "../lib/network/network.h"
#include "../lib/train/trainer.h"
#include "checks.h"
#include "faults.h"
#include "rules.h"

static void check_floats(const float *ours, const double *expected, int n)
{
  for (int i = 0; i < n; i++)
    if (!(fabs((double)ours[i] - expected[i]) <= 2e-7 * fmax(1, fabs(expected[i]))))
      ck_abort_msg("[%d] is %.9g, expected %.9g", i, (double)ours[i], expected[i]);
}

/* --- by hand: outputs ------------------------------------------------------------------------- */

/* Two trials at one step, two channels; rows of z and of the gradient are 3 apart. */
static const float z[6] = {1, 2, 99, 0, -1, 99}, y[4] = {0, 0, 1, 1};

static nai_output_batch two_rows(const float *mask, int32_t mask_columns, float *gradient)
{
  double total = 0;
  for (int32_t i = 0; i < 2 * mask_columns; i++) total += (double)mask[i];
  return (nai_output_batch){.struct_size = sizeof(nai_output_batch),
                            .mask_columns = mask_columns,
                            .name = "out",
                            .steps = 1,
                            .trials = 2,
                            .n = 2,
                            .stride = 3,
                            .output = z,
                            .target = y,
                            .mask = mask,
                            .gradient = gradient,
                            .scale = 2,
                            .mask_total = total};
}

static nai_status on_outputs(const nai_cost *cost, nai_output_batch *b, double *value)
{
  return cost->ops.on_outputs(cost->user, b, value);
}

START_TEST(mean_square_by_hand)
{
  nai_cost *mse;
  expect_ok(nai_cost_create_mse(&mse, "out"));
  ck_assert_str_eq(nai_cost_name(mse), "mse");

  /* a mask of each channel: (1*1 + 0 + 2*1 + 1*4) / 4, added to what is there */
  float gradient[6] = {10, 10, 77, 10, 10, 77};
  nai_output_batch b = two_rows((const float[]){1, 0, 2, 1}, 2, gradient);
  double value = 5;
  expect_ok(on_outputs(mse, &b, &value));
  ck_assert_double_eq_tol(value, 5 + 1.75, 1e-15);
  check_floats(gradient, (const double[]){11, 10, 77, 8, 8, 77}, 6);

  /* one of each step: (1*(1 + 4) + 3*(1 + 4)) / 8 */
  float other[6] = {0};
  b = two_rows((const float[]){1, 3}, 1, other);
  value = 0;
  expect_ok(on_outputs(mse, &b, &value));
  ck_assert_double_eq_tol(value, 2.5, 1e-15);
  check_floats(other, (const double[]){0.5, 1, 0, -1.5, -3, 0}, 6);

  /* the value alone; nothing that counts */
  b.gradient = NULL;
  expect_ok(on_outputs(mse, &b, &value));
  ck_assert_double_eq_tol(value, 5, 1e-15);
  b = two_rows((const float[]){0, 0}, 1, other);
  expect_ok(on_outputs(mse, &b, &value));
  ck_assert_double_eq_tol(value, 5, 1e-15);
  check_floats(other, (const double[]){0.5, 1, 0, -1.5, -3, 0}, 6);

  b.target = NULL;
  expect_fails(on_outputs(mse, &b, &value), NAI_ERR_ORDER, "'out' has no targets");
  nai_cost_destroy(mse);
}
END_TEST

START_TEST(cross_entropy_by_hand)
{
  nai_cost *cost;
  expect_ok(nai_cost_create_cross_entropy(&cost, "out"));
  ck_assert_str_eq(nai_cost_name(cost), "cross_entropy");

  /* softmax(0, log 3) = 1/4, 3/4, in both rows; another constant added changes nothing */
  const float logits[6] = {0, logf(3), 99, 50, 50 + logf(3), 99}, mask[2] = {1, 3};
  const int32_t classes[2] = {0, 1};
  float gradient[6] = {10, 10, 77, 10, 10, 77};
  nai_output_batch b = two_rows(mask, 1, gradient);
  b.output = logits;
  b.classes = classes;
  double value = 1;
  expect_ok(on_outputs(cost, &b, &value));
  ck_assert_double_eq_tol(value, 1 + (log(4) + 3 * log(4.0 / 3)) / 4, 2e-6);
  const double expected[6] = {10 + 0.5 * (0.25 - 1), 10 + 0.5 * 0.75,       77,
                              10 + 1.5 * 0.25,       10 + 1.5 * (0.75 - 1), 77};
  for (int i = 0; i < 6; i++) ck_assert_double_eq_tol((double)gradient[i], expected[i], 4e-6);

  /* far beyond where exp() overflows */
  const float far[6] = {1000, 0, 0, -1000, 1000, 0};
  memset(gradient, 0, sizeof gradient);
  b.output = far;
  b.classes = (const int32_t[]){1, 1};
  value = 0;
  expect_ok(on_outputs(cost, &b, &value));
  ck_assert_double_eq_tol(value, 250, 1e-12);
  check_floats(gradient, (const double[]){0.5, -0.5, 0, 0, 0, 0}, 6);

  b.gradient = NULL;
  b.mask = (const float[]){0, 0};
  b.mask_total = 0;
  expect_ok(on_outputs(cost, &b, &value));
  ck_assert_double_eq_tol(value, 250, 1e-12);
  b.classes = NULL;
  expect_fails(on_outputs(cost, &b, &value), NAI_ERR_ORDER, "'out' has no classes");
  b.classes = classes;
  b.mask_columns = 2;
  expect_fails(on_outputs(cost, &b, &value), NAI_ERR_UNSUPPORTED, "'out' has a mask");
  nai_cost_destroy(cost);
}
END_TEST

/* --- by hand: rates --------------------------------------------------------------------------- */

/* Two steps (the second and third of the batch) of two of four trials, ten units, rows of 12. */
enum { UNITS = 10, ROW = 12, STEP = 3 * ROW };

typedef struct rate_case {
  float rate[2 * STEP], gradient[2 * STEP];
  int32_t length[2];
  nai_rate_batch batch;
} rate_case;

static void prepare_rates(rate_case *c)
{
  for (int i = 0; i < 2 * STEP; i++) {
    c->rate[i] = (float)(i % 7 - 3) / 4;
    c->gradient[i] = 5;
  }
  c->length[0] = 2; /* its third step does not count */
  c->length[1] = 3;
  c->batch = (nai_rate_batch){.struct_size = sizeof(nai_rate_batch),
                              .name = "E",
                              .steps = 2,
                              .trials = 2,
                              .n = UNITS,
                              .stride = ROW,
                              .step_stride = STEP,
                              .first_step = 1,
                              .batch_trials = 4,
                              .batch_steps = 3,
                              .length = c->length,
                              .rate = c->rate,
                              .gradient = c->gradient,
                              .scale = 3};
}

static int counts(int i)
{
  int t = i / STEP, trial = i % STEP / ROW, unit = i % ROW;
  return trial < 2 && unit < UNITS && !(t == 1 && trial == 0);
}

static void check_rate_cost(nai_cost *cost, const char *name, double (*value_of)(double),
                            double (*slope_of)(double))
{
  rate_case c;
  prepare_rates(&c);
  double value = 7, expected = 7;
  ck_assert_str_eq(nai_cost_name(cost), name);
  expect_ok(cost->ops.on_rates(cost->user, &c.batch, &value));
  for (int i = 0; i < 2 * STEP; i++) {
    double r = (double)c.rate[i];
    if (counts(i)) expected += value_of(r) / 4;
    EXPECT(fabs((double)c.gradient[i] - 5 - (counts(i) ? 3 * slope_of(r) / 4 : 0)) < 1e-6);
  }
  ck_assert_double_eq_tol(value, expected, 1e-12); /* sums of sixteenths: exact */
  c.batch.gradient = NULL;
  expect_ok(cost->ops.on_rates(cost->user, &c.batch, &value));
  ck_assert_double_eq_tol(value, 2 * expected - 7, 1e-12);
  nai_cost_destroy(cost);
}

static double square(double r)
{
  return r * r;
}

static double twice(double r)
{
  return 2 * r;
}

static double sign(double r)
{
  return (r > 0) - (r < 0);
}

START_TEST(rates_by_hand)
{
  nai_cost *cost;
  expect_ok(nai_cost_create_l2_rates(&cost, "E"));
  check_rate_cost(cost, "l2_rates", square, twice);
  expect_ok(nai_cost_create_l1_rates(&cost, "E"));
  check_rate_cost(cost, "l1_rates", fabs, sign);
}
END_TEST

/* --- by hand: weights ------------------------------------------------------------------------- */

typedef struct weight_case {
  float weight[6], gradient[6]; /* [2][3], two columns of which count */
  float post[6], pre[6];
  nai_synapses synapses[2]; /* the same ones twice */
  nai_synapses *shown[2];
} weight_case;

static void prepare_weights(weight_case *c)
{
  const float weight[6] = {-2, 0, 99, 0.5f, 3, 99}, post[6] = {0, 0, 0, 3, 4, 12},
              pre[6] = {0, 3, 4, 3, 4, 0}; /* distances 5, 5; sqrt(74), 12 */
  *c = (weight_case){.gradient = {0}};
  memcpy(c->weight, weight, sizeof weight);
  memcpy(c->post, post, sizeof post);
  memcpy(c->pre, pre, sizeof pre);
  for (int k = 0; k < 2; k++) c->shown[k] = &c->synapses[k];
  for (int k = 0; k < 2; k++)
    c->synapses[k] = (nai_synapses){.struct_size = sizeof(nai_synapses),
                                    .from = "E",
                                    .to = "I",
                                    .n_post = 2,
                                    .n_pre = 2,
                                    .stride = 3,
                                    .weight = c->weight,
                                    .gradient = c->gradient,
                                    .post_position = c->post,
                                    .pre_position = c->pre};
}

static void check_weight_cost(nai_cost *cost, const char *name, double expected,
                              const double *gradient)
{
  weight_case c;
  prepare_weights(&c);
  double value = 1;
  ck_assert_str_eq(nai_cost_name(cost), name);
  expect_ok(cost->ops.on_weights(cost->user, c.shown, 1, 0.5, &value));
  ck_assert_double_eq_tol(value, 1 + expected, 1e-6);
  check_floats(c.gradient, gradient, 6);
  expect_ok(cost->ops.on_weights(cost->user, c.shown, 2, 0.5, &value));
  ck_assert_double_eq_tol(value, 1 + 3 * expected, 1e-5); /* and twice more */
  ck_assert_double_eq_tol((double)c.gradient[0], 3 * gradient[0], 1e-6);
  nai_cost_destroy(cost);
}

START_TEST(weights_by_hand)
{
  nai_cost *cost;
  expect_ok(nai_cost_create_l1_weights(&cost, "E", "I"));
  check_weight_cost(cost, "l1_weights", 5.5, (const double[]){-0.5, 0, 0, 0.5, 0.5, 0});
  expect_ok(nai_cost_create_l2_weights(&cost, "E", "I"));
  check_weight_cost(cost, "l2_weights", 13.25, (const double[]){-2, 0, 0, 0.5, 3, 0});
  expect_ok(nai_cost_create_distance(&cost, "E", "I"));
  const double d = sqrt(74);
  check_weight_cost(cost, "distance", 10 + d / 2 + 36, (const double[]){-2.5, 0, 0, d / 2, 6, 0});

  weight_case c;
  prepare_weights(&c);
  double value = 0;
  expect_ok(nai_cost_create_distance(&cost, "E", "I"));
  c.synapses[0].pre_position = NULL;
  expect_fails(cost->ops.on_weights(NULL, c.shown, 1, 1, &value), NAI_ERR_ORDER,
               "'E' has no positions");
  c.synapses[0].post_position = NULL;
  expect_fails(cost->ops.on_weights(NULL, c.shown, 1, 1, &value), NAI_ERR_ORDER,
               "'I' has no positions");
  nai_cost_destroy(cost);
}
END_TEST

/* --- inside a trainer ------------------------------------------------------------------------- */

enum { STEPS = 6, TRIALS = 9 };

static nai_network *build(void)
{
  nai_network *net = COMPOSE(.dt = 20, .inputs = {{"in", 2}},
                             .populations = {{"E", 6, NAI_EXCITATORY}, {"I", 3, NAI_INHIBITORY}},
                             .outputs = {{"real", 2}, {"choice", 3}},
                             .projections = {{"in", "E I"}, {"E I", "E I"}, {"E", "real choice"}});
  expect_ok(nai_network_set_transfer(net, "E I", NAI_TRANSFER_SOFTPLUS));
  expect_ok(nai_network_place_box(net, "E I", 1, 1, 1));
  expect_ok(nai_network_build(net, 4));
  return net;
}

/* Values beyond the trials' ends are `beyond`, which must matter to nobody. */
static nai_trials *make_trials(const nai_network *net, float beyond)
{
  static const int32_t lengths[TRIALS] = {6, 1, 3, 6, 5, 2, 6, 4, 6};
  float in[STEPS * TRIALS * 2], target[STEPS * TRIALS * 2];
  int32_t classes[STEPS * TRIALS];
  expect_ok(nai_random_normals(in, STEPS * TRIALS * 2, 1, 0));
  expect_ok(nai_random_normals(target, STEPS * TRIALS * 2, 1, 1));
  for (int i = 0; i < STEPS * TRIALS; i++) {
    int late = i / TRIALS >= lengths[i % TRIALS];
    classes[i] = late ? (int32_t)beyond % 3 : i % 3;
    for (int c = 0; c < 2 && late; c++) in[2 * i + c] = target[2 * i + c] = beyond;
  }
  nai_trials *trials;
  expect_ok(nai_trials_create(&trials, net, STEPS, TRIALS));
  expect_ok(nai_trials_set_inputs(trials, "in", in, 2));
  expect_ok(nai_trials_set_targets(trials, "real", target, 2));
  expect_ok(nai_trials_set_classes(trials, "choice", classes));
  expect_ok(nai_trials_set_lengths(trials, lengths));
  return trials;
}

static void add_all(nai_trainer *trainer)
{
  nai_cost *c;
  attach_cost(trainer, nai_cost_create_mse(&c, "real"), &c, 1);
  attach_cost(trainer, nai_cost_create_cross_entropy(&c, "choice"), &c, 0.5);
  attach_cost(trainer, nai_cost_create_l1_weights(&c, "E", "E I"), &c, 0.01);
  attach_cost(trainer, nai_cost_create_l2_weights(&c, "*", "real"), &c, 0.02);
  attach_cost(trainer, nai_cost_create_distance(&c, "?", "?"), &c, 0.03);
  attach_cost(trainer, nai_cost_create_l1_rates(&c, "E"), &c, 0.04);
  attach_cost(trainer, nai_cost_create_l2_rates(&c, "E I"), &c, 0.05);
}

START_TEST(parts_are_apart_and_add_up)
{
  static const char *const names[7] = {"mse",      "cross_entropy", "l1_weights", "l2_weights",
                                       "distance", "l1_rates",      "l2_rates"};
  nai_network *net = build();
  nai_trials *trials = make_trials(net, 0);
  nai_trainer *trainer = train_by_bptt(net, 0.1);
  add_all(trainer);
  nai_progress now = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_estimate_gradient(&now, trainer, trials));
  ck_assert_int_eq(now.n_costs, 7);
  double sum = 0;
  for (int64_t i = 0; i < 7; i++) {
    double value = nai_trainer_cost_value(trainer, i);
    ck_assert_int_eq(nai_trainer_cost_count(trainer), 7);
    ck_assert_str_eq(nai_trainer_cost_name(trainer, i), names[i]);
    ck_assert_double_gt(value, 0);
    ck_assert(value == now.costs[i]);
    sum += value;
  }
  ck_assert_double_eq_tol(now.cost, sum, 1e-12 * sum);

  /* each alone has the same value, and beta scales it */
  nai_trainer *alone = train_by_bptt(net, 0.1);
  nai_cost *c;
  attach_cost(alone, nai_cost_create_l2_rates(&c, "E I"), &c, 0.1);
  nai_progress other = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_estimate_gradient(&other, alone, trials));
  ck_assert_double_eq_tol(other.cost, 2 * now.costs[6], 1e-12 * sum);

  /* by the formula, from weights and rates that the library shows */
  nai_view r = NAI_VIEW_INIT, w = NAI_VIEW_INIT, length = NAI_VIEW_INIT;
  expect_ok(nai_trainer_activity(&r, trainer, "E"));
  expect_ok(nai_trials_view(&length, trials, NAI_TRIALS_LENGTHS, NULL));
  double l1 = 0, l2 = 0;
  for (int64_t t = 0; t < STEPS; t++)
    for (int64_t b = 0; b < TRIALS; b++)
      for (int64_t u = 0; u < 6 && t < ((const int32_t *)length.data)[b]; u++)
        l1 += fabs((double)*(const float *)((const char *)r.data + t * r.stride[0] +
                                            b * r.stride[1] + u * r.stride[2]));
  ck_assert_double_eq_tol(now.costs[5], 0.04 * l1 / TRIALS, 1e-12);
  expect_ok(nai_network_weights(&w, net, "E", "real"));
  for (int64_t i = 0; i < 2; i++)
    for (int64_t j = 0; j < 6; j++)
      l2 += square(
          (double)*(const float *)((const char *)w.data + i * w.stride[0] + j * w.stride[1]));
  ck_assert_double_eq_tol(now.costs[3], 0.02 * l2, 1e-12);
  nai_trainer_destroy(alone);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* Nothing that lies beyond a trial's end reaches J or the gradient. */
START_TEST(beyond_a_trials_end_nothing_counts)
{
  nai_network *net = build();
  nai_trials *quiet = make_trials(net, 0), *loud = make_trials(net, 5);
  nai_trainer *trainer = train_by_bptt(net, 0.1);
  add_all(trainer);
  nai_progress one = NAI_PROGRESS_INIT, two = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_estimate_gradient(&one, trainer, quiet));
  size_t bytes = (size_t)net->n_theta * sizeof(float);
  float *gradient = malloc(bytes);
  memcpy(gradient, trainer->plasticity.gradient, bytes);
  expect_ok(nai_trainer_estimate_gradient(&two, trainer, loud));
  ck_assert(one.cost == two.cost);
  for (int64_t i = 0; i < net->n_theta; i++) EXPECT(gradient[i] == trainer->plasticity.gradient[i]);
  ck_assert_double_gt(two.gradient_norm, 0);
  free(gradient);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(quiet);
  nai_trials_destroy(loud);
  nai_network_destroy(net);
}
END_TEST

START_TEST(names_that_the_network_lacks)
{
  nai_network *net = build();
  nai_trainer *trainer = train_by_bptt(net, 0.1);
  nai_cost *c;
  expect_ok(nai_cost_create_mse(&c, "E")); /* a population is no output */
  expect_fails(nai_trainer_add_cost(trainer, c, 1), NAI_ERR_NAME, "E");
  nai_cost_destroy(c);
  expect_ok(nai_cost_create_cross_entropy(&c, "choice answer"));
  expect_fails(nai_trainer_add_cost(trainer, c, 1), NAI_ERR_NAME, "answer");
  nai_cost_destroy(c);
  expect_ok(nai_cost_create_l2_rates(&c, "E real"));
  expect_fails(nai_trainer_add_cost(trainer, c, 1), NAI_ERR_NAME, "real");
  nai_cost_destroy(c);
  expect_ok(nai_cost_create_l1_rates(&c, ""));
  expect_fails(nai_trainer_add_cost(trainer, c, 1), NAI_ERR_NAME, "l1_rates");
  nai_cost_destroy(c);
  expect_ok(nai_cost_create_l1_weights(&c, "I", "real"));
  expect_fails(nai_trainer_add_cost(trainer, c, 1), NAI_ERR_NAME, "real");
  nai_cost_destroy(c);
  expect_ok(nai_cost_create_distance(&c, "in", "E")); /* inputs have no place */
  expect_ok(nai_trainer_add_cost(trainer, c, 1));
  nai_cost_destroy(c);
  nai_trials *trials = make_trials(net, 0);
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_ORDER, "'in' has no positions");
  ck_assert_int_eq(nai_trainer_cost_count(trainer), 1);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

START_TEST(trials_without_what_a_cost_needs)
{
  nai_network *net = build();
  nai_trainer *trainer = train_by_bptt(net, 0.1);
  nai_trials *bare;
  expect_ok(nai_trials_create(&bare, net, 3, 2));
  nai_cost *c;
  attach_cost(trainer, nai_cost_create_mse(&c, "real"), &c, 1);
  expect_fails(nai_trainer_step(NULL, trainer, bare), NAI_ERR_ORDER, "'real' has no targets");
  nai_trainer_destroy(trainer);
  trainer = train_by_bptt(net, 0.1);
  attach_cost(trainer, nai_cost_create_cross_entropy(&c, "choice"), &c, 1);
  expect_fails(nai_trainer_step(NULL, trainer, bare), NAI_ERR_ORDER, "'choice' has no classes");
  nai_trials_destroy(bare);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* --- costs of the user's own ------------------------------------------------------------------ */

/* What a table's functions do and have seen. */
typedef struct own {
  nai_status answer;
  const char *message;
  int fails_from; /* the first call that gives `answer` */
  int calls, destroyed;
  double value, gradient; /* added to J and to the first element, on top of what is right */
  int64_t projections;
} own;

static nai_status answer(own *o)
{
  int call = __atomic_fetch_add(&o->calls, 1, __ATOMIC_RELAXED);
  if (o->answer == NAI_OK || call < o->fails_from) return NAI_OK;
  if (o->message) nai_set_error(o->message);
  return o->answer;
}

/* sum of z over what the mask lets through */
static nai_status own_outputs(void *user, nai_output_batch *b, double *value)
{
  own *o = user;
  EXPECT(b->struct_size == sizeof *b && b->gradient && b->steps == STEPS && b->trials == TRIALS);
  for (int64_t row = 0; row < b->steps * b->trials; row++)
    for (int64_t i = 0; i < b->n; i++) {
      float m = b->mask[row * b->mask_columns + (b->mask_columns == 1 ? 0 : i)];
      *value += (double)m * (double)b->output[row * b->stride + i];
      b->gradient[row * b->stride + i] += (float)b->scale * m;
    }
  *value += o->value;
  b->gradient[0] += (float)o->gradient;
  return answer(o);
}

/* sum of r^3 over the trials' steps, divided by the size of the batch */
static nai_status own_rates(void *user, nai_rate_batch *b, double *value)
{
  own *o = user;
  EXPECT(b->struct_size == sizeof *b && b->gradient);
  EXPECT(b->batch_trials == TRIALS && b->batch_steps == STEPS);
  double size = (double)(b->batch_trials * b->batch_steps);
  for (int64_t t = 0; t < b->steps; t++)
    for (int64_t k = 0; k < b->trials; k++)
      for (int64_t u = 0; u < b->n && b->first_step + t < b->length[k]; u++) {
        int64_t at = t * b->step_stride + k * b->stride + u;
        double r = (double)b->rate[at];
        *value += r * r * r / size;
        b->gradient[at] += (float)(b->scale * 3 * r * r / size);
      }
  b->gradient[0] += (float)o->gradient;
  *value += o->value;
  return answer(o);
}

/* sum of w over all projections */
static nai_status own_weights(void *user, nai_synapses *const *synapses, int64_t n, double scale,
                              double *value)
{
  own *o = user;
  o->projections = n;
  for (int64_t k = 0; k < n; k++) {
    nai_synapses *s = synapses[k];
    EXPECT(s->struct_size == sizeof *s && s->weight && s->gradient && s->exists && s->plastic);
    for (int64_t i = 0; i < s->n_post; i++)
      for (int64_t j = 0; j < s->n_pre; j++) {
        *value += (double)s->weight[i * s->stride + j];
        s->gradient[i * s->stride + j] += (float)scale; /* absent synapses too: to be cleared */
      }
    s->gradient[0] += (float)o->gradient;
  }
  *value += o->value;
  return answer(o);
}

static void own_destroy(void *user)
{
  ((own *)user)->destroyed++;
}

enum { ON_OUTPUTS, ON_RATES, ON_RATES_IN_PARTS, ON_WEIGHTS, KINDS };

static nai_cost_ops table(int kind, const char *name)
{
  return (nai_cost_ops){.struct_size = sizeof(nai_cost_ops),
                        .flags = kind == ON_RATES_IN_PARTS ? NAI_COST_SEPARABLE : 0,
                        .name = name,
                        .on_outputs = kind == ON_OUTPUTS ? own_outputs : NULL,
                        .on_rates =
                            kind == ON_RATES || kind == ON_RATES_IN_PARTS ? own_rates : NULL,
                        .on_weights = kind == ON_WEIGHTS ? own_weights : NULL,
                        .destroy = own_destroy};
}

static nai_cost *create_own(int kind, const char *name, own *o)
{
  nai_cost_ops ops = table(kind, name);
  nai_cost *cost;
  expect_ok(nai_cost_create(&cost, &ops, kind == ON_OUTPUTS ? "real" : "E I",
                            kind == ON_WEIGHTS ? "E I" : NULL, o));
  return cost;
}

/* Gradient of one cost alone, and J. */
static double gradient_of(float *gradient, nai_network *net, nai_cost *cost, double beta,
                          int threads)
{
  nai_trainer *trainer = train_by_bptt(net, 0.1);
  nai_trials *trials = make_trials(net, 0);
  expect_ok(nai_trainer_set(trainer, "threads", threads));
  expect_ok(nai_trainer_add_cost(trainer, cost, beta));
  nai_progress now = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_estimate_gradient(&now, trainer, trials));
  memcpy(gradient, trainer->plasticity.gradient, (size_t)net->n_theta * sizeof *gradient);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  return now.cost;
}

START_TEST(own_costs_are_the_same_whole_and_in_parts)
{
  nai_network *net = build();
  size_t n = (size_t)net->n_theta;
  float *whole = malloc(n * sizeof *whole), *parts = malloc(n * sizeof *parts);
  own a = {0}, b = {0};
  nai_cost *c = create_own(ON_RATES, "cube", &a), *d = create_own(ON_RATES_IN_PARTS, "cube", &b);
  double one = gradient_of(whole, net, c, 0.3, 1);
  ck_assert_int_eq(a.calls, 2); /* one a population */
  ck_assert_double_gt(one, 0);
  for (int threads = 1; threads <= 3; threads++) {
    double two = gradient_of(parts, net, d, 0.3, threads);
    ck_assert_double_eq_tol(two, one, 1e-12 * one);
    double largest = 0;
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs((double)whole[i]));
    ck_assert_double_gt(largest, 1e-3);
    for (size_t i = 0; i < n; i++) EXPECT(fabs((double)(parts[i] - whole[i])) <= 1e-6 * largest);
  }
  ck_assert_int_gt(b.calls, 3 * a.calls);
  nai_cost_destroy(c);
  nai_cost_destroy(d);
  ck_assert_int_eq(a.destroyed + b.destroyed, 2);
  free(whole);
  free(parts);
  nai_network_destroy(net);
}
END_TEST

START_TEST(own_cost_on_outputs)
{
  nai_network *net = build();
  float *gradient = malloc((size_t)net->n_theta * sizeof *gradient);
  own o = {0};
  nai_cost *cost = create_own(ON_OUTPUTS, "total", &o);
  gradient_of(gradient, net, cost, 0.25, 2);
  ck_assert_int_eq(o.calls, 1);
  /* the bias of a channel: 0.25 for each step of each trial, 39 in all */
  nai_trainer *trainer = train_by_bptt(net, 0.1);
  nai_trials *trials = make_trials(net, 0);
  expect_ok(nai_trainer_add_cost(trainer, cost, 0.25));
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_trainer_gradient(&view, trainer, "real", NULL));
  ck_assert_double_eq_tol((double)((const float *)view.data)[0], 0.25 * 39, 1e-6);
  ck_assert_double_eq_tol((double)((const float *)view.data)[1], 0.25 * 39, 1e-6);
  expect_ok(nai_trainer_gradient(&view, trainer, "choice", NULL));
  for (int i = 0; i < 3; i++) EXPECT(((const float *)view.data)[i] == 0);
  free(gradient);
  nai_cost_destroy(cost);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

START_TEST(own_cost_on_weights)
{
  nai_network *net = build();
  expect_ok(nai_network_set_plastic(net, "I", "I", 0));
  own o = {0};
  nai_cost *cost = create_own(ON_WEIGHTS, "sum", &o);
  nai_trainer *trainer = train_by_bptt(net, 0.1);
  nai_trials *trials = make_trials(net, 0);
  expect_ok(nai_trainer_add_cost(trainer, cost, 0.5));
  nai_progress now = NAI_PROGRESS_INIT;
  expect_ok(nai_trainer_estimate_gradient(&now, trainer, trials));
  ck_assert_int_eq(o.projections, 4);
  double sum = 0;
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    int covered =
        net->node[p->from].kind == NAI_POPULATIONS && net->node[p->to].kind == NAI_POPULATIONS;
    nai_synapses s = nai__synapses(net, p, trainer->plasticity.gradient, NULL);
    for (int64_t i = 0; i < s.n_post; i++)
      for (int64_t j = 0; j < s.n_pre; j++) {
        if (covered) sum += (double)s.weight[i * s.stride + j];
        float expected = covered && s.plastic[i * s.stride + j] != 0 ? 0.5f : 0;
        EXPECT(s.gradient[i * s.stride + j] == expected);
      }
  }
  ck_assert_double_eq_tol(now.cost, 0.5 * sum, 1e-9);
  nai_cost_destroy(cost);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- own costs that fail ---------------------------------------------------------------------- */

/* A network, its trainer with these costs, and a copy of all its weights. */
typedef struct bench {
  nai_network *net;
  nai_trainer *trainer;
  nai_trials *trials;
  float *theta;
} bench;

static bench open_bench(void)
{
  bench b = {.net = build()};
  b.trainer = train_by_bptt(b.net, 0.1);
  b.trials = make_trials(b.net, 0);
  size_t bytes = (size_t)b.net->n_theta * sizeof *b.theta;
  b.theta = malloc(bytes);
  memcpy(b.theta, b.net->theta, bytes);
  return b;
}

static void attach(bench *b, nai_cost *cost)
{
  expect_ok(nai_trainer_add_cost(b->trainer, cost, 1));
  nai_cost_destroy(cost);
}

static int is_unchanged(const bench *b)
{
  return memcmp(b->theta, b->net->theta, (size_t)b->net->n_theta * sizeof *b->theta) == 0;
}

static void close_bench(bench *b)
{
  nai_trainer_destroy(b->trainer);
  nai_trials_destroy(b->trials);
  nai_network_destroy(b->net);
  free(b->theta);
}

/* With a message of its own, without, and with an answer that is no code; then it works again. */
START_TEST(failures_of_own_costs_come_out)
{
  for (int threads = 1; threads <= 3; threads++) {
    bench b = open_bench();
    own fine = {0}, o = {.answer = -77, .message = "the third whisker is missing"};
    attach(&b, create_own(ON_RATES_IN_PARTS, "fine", &fine));
    attach(&b, create_own(_i, "whiskers", &o));
    expect_ok(nai_trainer_set(b.trainer, "threads", threads));
    expect_fails(nai_trainer_step(NULL, b.trainer, b.trials), -77, "the third whisker is missing");
    expect_fails(nai_trainer_estimate_gradient(NULL, b.trainer, b.trials), -77,
                 "whisker is missing");
    o.message = NULL;
    nai_set_error("an older failure");
    expect_fails(nai_trainer_step(NULL, b.trainer, b.trials), -77, "cost whiskers failed");
    o.answer = 3;
    nai_set_error("an older failure");
    expect_fails(nai_trainer_step(NULL, b.trainer, b.trials), NAI_ERR_USER,
                 "cost whiskers returned 3");
    ck_assert(is_unchanged(&b));
    o.answer = NAI_OK;
    nai_progress now = NAI_PROGRESS_INIT;
    expect_ok(nai_trainer_step(&now, b.trainer, b.trials));
    ck_assert_int_eq(now.step, 1);
    ck_assert(!is_unchanged(&b));
    close_bench(&b);
    ck_assert_int_eq(o.destroyed, 1);
    ck_assert_int_eq(fine.destroyed, 1);
  }
}
END_TEST

/* One of many parts fails, whichever thread it is on. */
START_TEST(one_part_of_many_fails)
{
  bench b = open_bench();
  own o = {.answer = NAI_ERR_UNSUPPORTED, .message = "no more", .fails_from = 17};
  attach(&b, create_own(ON_RATES_IN_PARTS, "parts", &o));
  expect_ok(nai_trainer_set(b.trainer, "threads", 2));
  expect_fails(nai_trainer_step(NULL, b.trainer, b.trials), NAI_ERR_UNSUPPORTED, "no more");
  ck_assert(is_unchanged(&b));
  close_bench(&b);
}
END_TEST

START_TEST(costs_that_are_not_finite)
{
  static const double bad[] = {NAN, INFINITY, -INFINITY};
  for (int k = 0; k < 3; k++) {
    bench b = open_bench();
    own o = {.value = bad[k]};
    attach(&b, create_own(_i, "odd", &o));
    expect_fails(nai_trainer_step(NULL, b.trainer, b.trials), NAI_ERR_NONFINITE, "cost 'odd' is ");
    ck_assert(is_unchanged(&b));
    o = (own){.gradient = bad[k]};
    expect_fails(nai_trainer_step(NULL, b.trainer, b.trials), NAI_ERR_NONFINITE, "the gradient");
    ck_assert_msg(strstr(nai_last_error(), "update 1") != NULL, "%s", nai_last_error());
    ck_assert(is_unchanged(&b));
    o = (own){0};
    expect_ok(nai_trainer_step(NULL, b.trainer, b.trials));
    for (int64_t i = 0; i < b.net->n_theta; i++) EXPECT(isfinite(b.net->theta[i]));
    close_bench(&b);
  }
}
END_TEST

/* --- life ------------------------------------------------------------------------------------- */

START_TEST(destroyed_exactly_once)
{
  own o = {0};
  nai_network *net = build();
  nai_trainer *one = train_by_bptt(net, 0.1), *two = train_by_bptt(net, 0.1);
  nai_cost *cost = create_own(ON_WEIGHTS, "shared", &o);
  expect_ok(nai_trainer_add_cost(one, cost, 1));
  expect_ok(nai_trainer_add_cost(one, cost, 2)); /* twice is fine */
  expect_ok(nai_trainer_add_cost(two, cost, 1));
  nai_cost_destroy(cost);
  nai_trainer_destroy(one);
  ck_assert_int_eq(o.destroyed, 0);
  nai_trainer_destroy(two);
  ck_assert_int_eq(o.destroyed, 1);

  cost = create_own(ON_OUTPUTS, "unused", &o);
  ck_assert_str_eq(nai_cost_name(cost), "unused");
  nai_cost_destroy(cost);
  ck_assert_int_eq(o.destroyed, 2);
  nai_cost_destroy(NULL);
  ck_assert_ptr_null(nai_cost_name(NULL));
  nai_network_destroy(net);
}
END_TEST

/* `user` is released at once when there is no cost, in every way of failing. */
static void check_refused(nai_cost_ops ops, const char *names, const char *to, const char *words)
{
  own o = {0};
  nai_cost *cost = (nai_cost *)&o;
  expect_fails(nai_cost_create(&cost, &ops, names, to, &o), NAI_ERR_INVALID, words);
  ck_assert_ptr_null(cost);
  ck_assert_int_eq(o.destroyed, 1);
}

START_TEST(tables_that_are_refused)
{
  nai_cost_ops ops = table(ON_OUTPUTS, NULL);
  check_refused(ops, "real", NULL, "the name of the cost is empty");
  ops.name = "";
  check_refused(ops, "real", NULL, "the name of the cost is empty");
  ops = table(ON_OUTPUTS, "own");
  ops.flags = 4;
  check_refused(ops, "real", NULL,
                "flags of cost 'own' is 4, must be 0 or made of NAI_COST_SEPARABLE");
  ops = table(KINDS, "own"); /* no function */
  check_refused(ops, "real", NULL, "on_outputs");
  ops = table(ON_OUTPUTS, "own");
  check_refused(ops, NULL, NULL, "names is NULL");
  ops = table(ON_WEIGHTS, "own");
  check_refused(ops, "E", NULL, "to is NULL");

  own o = {0};
  nai_cost *cost = (nai_cost *)&o;
  ops = table(ON_OUTPUTS, "own");
  expect_fails(nai_cost_create(NULL, &ops, "real", NULL, &o), NAI_ERR_INVALID, "out is NULL");
  ck_assert_int_eq(o.destroyed, 1);
  expect_fails(nai_cost_create(&cost, NULL, "real", NULL, &o), NAI_ERR_INVALID, "ops is NULL");
  ck_assert_ptr_null(cost);
  ck_assert_int_eq(o.destroyed, 1); /* there was no table to say how */
  ops.struct_size = 8;
  expect_fails(nai_cost_create(&cost, &ops, "real", NULL, &o), NAI_ERR_INVALID,
               "ops: struct_size is 8");
  ops.struct_size = sizeof ops;
  ops.destroy = NULL;
  expect_ok(nai_cost_create(&cost, &ops, "real", NULL, NULL)); /* nothing to release */
  nai_cost_destroy(cost);
}
END_TEST

START_TEST(creating_with_nothing)
{
  nai_cost *c = (nai_cost *)&c;
  expect_fails(nai_cost_create_mse(NULL, "a"), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_cost_create_cross_entropy(NULL, "a"), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_cost_create_l1_weights(NULL, "a", "b"), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_cost_create_l2_weights(NULL, "a", "b"), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_cost_create_distance(NULL, "a", "b"), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_cost_create_l1_rates(NULL, "a"), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_cost_create_l2_rates(NULL, "a"), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_cost_create_mse(&c, NULL), NAI_ERR_INVALID, "output is NULL");
  ck_assert_ptr_null(c);
  expect_fails(nai_cost_create_cross_entropy(&c, NULL), NAI_ERR_INVALID, "output is NULL");
  expect_fails(nai_cost_create_l1_rates(&c, NULL), NAI_ERR_INVALID, "names is NULL");
  expect_fails(nai_cost_create_l2_rates(&c, NULL), NAI_ERR_INVALID, "names is NULL");
  expect_fails(nai_cost_create_l1_weights(&c, NULL, "b"), NAI_ERR_INVALID, "from is NULL");
  expect_fails(nai_cost_create_l2_weights(&c, "a", NULL), NAI_ERR_INVALID, "to is NULL");
  expect_fails(nai_cost_create_distance(&c, NULL, "b"), NAI_ERR_INVALID, "from is NULL");
}
END_TEST

START_TEST(creating_without_memory)
{
  for (int kind = 0; kind < KINDS; kind++)
    for (long good = 0;; good++) {
      own o = {0};
      nai_cost_ops ops = table(kind, "own");
      nai_cost *cost = (nai_cost *)&o;
      faults_fail_allocation(good);
      nai_status status = nai_cost_create(&cost, &ops, "E", "I", &o);
      faults_fail_allocation(-1);
      if (status == NAI_OK) {
        ck_assert_int_ge(good, 3);
        ck_assert_int_eq(o.destroyed, 0);
        nai_cost_destroy(cost);
        ck_assert_int_eq(o.destroyed, 1);
        break;
      }
      ck_assert_int_eq(status, NAI_ERR_MEMORY);
      ck_assert_ptr_null(cost);
      ck_assert_int_eq(o.destroyed, 1);
    }
}
END_TEST

Suite *cost_suite(void);

Suite *cost_suite(void)
{
  Suite *suite = suite_create("cost");
  ADD_CASE(suite, "by hand", mean_square_by_hand, cross_entropy_by_hand, rates_by_hand,
           weights_by_hand);
  ADD_CASE(suite, "trainer", parts_are_apart_and_add_up, beyond_a_trials_end_nothing_counts,
           names_that_the_network_lacks, trials_without_what_a_cost_needs);
  ADD_CASE(suite, "own", own_costs_are_the_same_whole_and_in_parts, own_cost_on_outputs,
           own_cost_on_weights, one_part_of_many_fails);
  TCase *faults = tcase_create("faults");
  tcase_add_loop_test(faults, failures_of_own_costs_come_out, 0, KINDS);
  tcase_add_loop_test(faults, costs_that_are_not_finite, 0, KINDS);
  suite_add_tcase(suite, faults);
  ADD_CASE(suite, "life", destroyed_exactly_once, tables_that_are_refused, creating_with_nothing,
           creating_without_memory);
  return suite;
}
