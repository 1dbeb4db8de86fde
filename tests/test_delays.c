/*
 * Delays that differ from synapse to synapse: how they are drawn, where their synapses stand, when what was
 * sent arrives, what is learnt through them, files and refusals.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/network/network.h"
#include "../lib/train/trainer.h"
#include "listed.h"
#include "rules.h"
#include "states.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

enum { LATE_UNITS = 40, LATE_STEPS = 25, LATE_TRIALS = 3 };

/* Units that are what they receive; delays of 1 to about 9 steps, and from the input of 0 to 4. */
static nai_network *compose_late(void)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 2));
  expect_ok(nai_network_add_input(net, "u", 3));
  expect_ok(nai_network_add_population(net, "A", LATE_UNITS, NAI_FREE));
  expect_ok(nai_network_add_population(net, "B", LATE_UNITS / 2, NAI_EXCITATORY));
  expect_ok(nai_network_add_output(net, "z", 2));
  expect_ok(nai_network_set(net, "A B", "tau", 2));
  expect_ok(nai_network_set_transfer(net, "A B", NAI_TRANSFER_TANH));
  expect_ok(nai_network_connect(net, "u", "A"));
  expect_ok(nai_network_connect(net, "A B", "A B"));
  expect_ok(nai_network_connect(net, "A", "z"));
  expect_ok(nai_network_set_autapses(net, "A", "A", 1));
  expect_ok(nai_network_place_box(net, "A B", 1, 1, 1));
  make_sparse(net, "A B", 0.3);
  expect_ok(nai_network_set_delays(net, "A", "A", 6, 4, 2));
  expect_ok(nai_network_set_delays(net, "u", "A", 2, 3, 0));
  expect_ok(nai_network_set_conduction(net, "B", "A", 0.1, 1));
  return net;
}

static nai_network *build_late(void)
{
  nai_network *net = compose_late();
  expect_ok(nai_network_build(net, 4));
  return net;
}

static const nai__projection *projection_of(const nai_network *net, const char *from,
                                            const char *to)
{
  const nai__projection *p;
  expect_ok(nai__projection_find(&p, net, from, to));
  return p;
}

/* One block for each delay, ascending, which stand in theta one behind the other. */
START_TEST(a_block_for_each_delay)
{
  nai_network *net = build_late();
  const nai__projection *p = projection_of(net, "A", "A");
  const nai__block *b = &net->block[p->block];
  int64_t at = p->at.start;
  ck_assert_int_gt(p->n_parts, 5);
  for (int64_t k = 0; k < p->n_parts; k++) {
    ck_assert_int_eq(b[k].at.start, at);
    ck_assert_int_gt(b[k].at.columns, 0);
    ck_assert_int_ge(b[k].delay, k ? b[k - 1].delay + 1 : 1);
    ck_assert_int_eq(b[k].goes_on, k < p->n_parts - 1);
    at += b[k].at.columns;
  }
  ck_assert_int_eq(at, p->at.start + p->at.columns);
  expect_ok(nai_network_set_plastic(net, "u", "A", 0)); /* it is left out as a whole */
  ck_assert_int_gt(net->stretch[0].first, 0);
  for (int64_t k = 0; k < net->n_stretches; k++)
    ck_assert(net->stretch[k].first % 16 == 0 && net->stretch[k].end % 16 == 0);
  ck_assert_int_eq(net->max_delay >= b[p->n_parts - 1].delay, 1);
  ck_assert_int_eq(projection_of(net, "A", "B")->n_parts, 1);
  ck_assert_int_eq(projection_of(net, "A", "B")->is_listed, 0);
  nai_network_destroy(net);
}
END_TEST

/* Of 10 000 and more: the mean and the deviation of what is above the least, and of a step's rounding. */
START_TEST(delays_are_drawn_as_they_are_told)
{
  nai_network *net;
  synapses s;
  double mean = 0, square = 0, *delay;
  expect_ok(nai_network_create(&net, 0.1));
  expect_ok(nai_network_add_population(net, "A", 400, NAI_FREE));
  expect_ok(nai_network_connect(net, "A", "A"));
  make_sparse(net, "A", 0.1);
  expect_ok(nai_network_set_delays(net, "A", "A", 3, 0.7, _i ? 3 : 0.1));
  expect_ok(nai_network_build(net, 9));
  s = synapses_of(net);
  delay = malloc((size_t)s.n * sizeof *delay);
  nai_synapse_arrays room = NAI_SYNAPSE_ARRAYS_INIT;
  room.delay = delay;
  expect_ok(nai_network_synapses(&room, s.n, &s.n, net, "*", "*"));
  for (int64_t k = 0; k < s.n; k++) {
    EXPECT(delay[k] >= (_i ? 2.999 : 0.0999));
    EXPECT(fabs(delay[k] / 0.1 - round(delay[k] / 0.1)) < 1e-6);
    mean += delay[k] / (double)s.n;
    square += delay[k] * delay[k] / (double)s.n;
  }
  /* Half of a normal distribution: mean + sd sqrt(2 / pi), variance sd^2 (1 - 2 / pi). */
  EXPECT(fabs(mean - (_i ? 3 + 0.7 * 0.79788456 : 3)) < 0.02);
  EXPECT(fabs(sqrt(square - mean * mean) - (_i ? 0.7 * 0.60281 : 0.7)) < 0.02);
  nai_network_set_delay(net, "A", "A", 1); /* too late, and nothing happens */
  free(delay);
  synapses_free(&s);
  nai_network_destroy(net);
}
END_TEST

START_TEST(delays_by_distance)
{
  nai_network *net = build_late();
  nai_view a = positions_of(net, "A"), b = positions_of(net, "B");
  int64_t n;
  expect_ok(nai_network_synapses(NULL, 0, &n, net, "B", "A"));
  int32_t *post = malloc((size_t)n * sizeof *post), *pre = malloc((size_t)n * sizeof *pre);
  double *delay = malloc((size_t)n * sizeof *delay);
  nai_synapse_arrays room = NAI_SYNAPSE_ARRAYS_INIT;
  room.post = post;
  room.pre = pre;
  room.delay = delay;
  expect_ok(nai_network_synapses(&room, n, &n, net, "B", "A"));
  ck_assert_int_gt(n, 100);
  for (int64_t k = 0; k < n; k++) {
    double d = 0;
    for (int x = 0; x < 3; x++) d += pow(at(&a, post[k], x) - at(&b, pre[k], x), 2);
    double steps = fmax(1, round((1 + sqrt(d) / 0.1) / 2));
    EXPECT(fabs(delay[k] - 2 * steps) < 1e-9);
    if (k > 0) EXPECT(post[k] > post[k - 1] || (post[k] == post[k - 1] && pre[k] > pre[k - 1]));
  }
  free(post);
  free(pre);
  free(delay);
  nai_network_destroy(net);
}
END_TEST

/* What u, A and B send, [steps][columns], and the columns of each; a step before the first is 0. */
enum { LATE_COLUMNS = 3 + LATE_UNITS + LATE_UNITS / 2 };

/* r(t) = tanh(sum of w r(t - d)), synapse by synapse in double precision. */
static void follow(double (*sent)[LATE_COLUMNS], const nai_network *net)
{
  static const int first[] = {0, 3, 3 + LATE_UNITS};
  synapses s = synapses_of(net);
  double *delay = malloc((size_t)s.n * sizeof *delay);
  nai_synapse_arrays room = NAI_SYNAPSE_ARRAYS_INIT;
  room.delay = delay;
  expect_ok(nai_network_synapses(&room, s.n, &s.n, net, "*", "*"));
  for (int t = 1; t <= LATE_STEPS; t++) {
    double sum[LATE_COLUMNS] = {0};
    for (int64_t k = 0; k < s.n; k++) {
      const nai__projection *p = &net->projection[s.projection[k]];
      const int then = t - (int)round(delay[k] / 2);
      if (net->node[p->to].kind == NAI_OUTPUTS || then < 1) continue;
      sum[first[p->to] + s.post[k]] += (double)s.weight[k] * sent[then][first[p->from] + s.pre[k]];
    }
    for (int u = 3; u < LATE_COLUMNS; u++) sent[t][u] = tanh(sum[u]);
  }
  free(delay);
  synapses_free(&s);
}

START_TEST(what_was_sent_arrives_when_it_is_due)
{
  static float input[LATE_STEPS * LATE_TRIALS * 3];
  static double sent[LATE_STEPS + 1][LATE_COLUMNS];
  nai_network *net = build_late();
  expect_ok(nai_random_normals(input, LATE_STEPS * LATE_TRIALS * 3, 4, 0));
  nai_state *state = make_state(net, LATE_TRIALS, 1);
  expect_ok(nai_state_run(NULL, NULL, state, LATE_STEPS, input));
  for (int b = 0; b < LATE_TRIALS; b++) {
    for (int t = 1; t <= LATE_STEPS; t++)
      for (int c = 0; c < 3; c++) sent[t][c] = (double)input[((t - 1) * LATE_TRIALS + b) * 3 + c];
    follow(sent, net);
    for (int u = 0; u < LATE_UNITS; u++)
      EXPECT(fabs((double)rate_of(state, "A", b, u) - sent[LATE_STEPS][3 + u]) < 1e-5);
    for (int u = 0; u < LATE_UNITS / 2; u++)
      EXPECT(fabs((double)rate_of(state, "B", b, u) - sent[LATE_STEPS][3 + LATE_UNITS + u]) < 1e-5);
  }
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

static nai_trainer *train_late(nai_network *net, int rule)
{
  nai_cost *cost;
  nai_trainer *trainer = trainer_of(net, rule_made(rule, 3), plain_descent(0.05));
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  attach_cost(trainer, nai_cost_create_l2_weights(&cost, "A B", "A B"), &cost, 0.01);
  attach_cost(trainer, nai_cost_create_distance(&cost, "B", "A"), &cost, 0.01);
  return trainer;
}

static nai_trials *late_trials(const nai_network *net)
{
  return normal_trials(net, "z", LATE_STEPS, LATE_TRIALS);
}

static double cost_at(nai_network *net, nai_trainer *trainer, const nai_trials *trials, int64_t i,
                      float w)
{
  nai_progress result = NAI_PROGRESS_INIT;
  float was = net->theta[i];
  net->theta[i] = w;
  nai__pack(net);
  expect_ok(nai_trainer_estimate_gradient(&result, trainer, trials));
  net->theta[i] = was;
  nai__pack(net);
  return result.cost;
}

START_TEST(gradients_are_central_differences)
{
  nai_network *net = build_late();
  nai_trainer *trainer = train_late(net, 0);
  nai_trials *trials = late_trials(net);
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  size_t bytes = (size_t)net->n_theta * sizeof(float);
  float *gradient = malloc(bytes), largest = 0;
  memcpy(gradient, trainer->plasticity.gradient, bytes);
  for (int64_t i = 0; i < net->n_theta; i++) largest = fmaxf(largest, fabsf(gradient[i]));
  for (int k = 0; k < 3; k++) {
    static const char *const froms[] = {"A", "B", "u"};
    const nai__projection *p = projection_of(net, froms[k], "A");
    for (int64_t e = 0; e < p->at.columns; e += 1 + p->at.columns / 23) {
      const int64_t i = p->at.start + e;
      const float w = net->theta[i], h = 0.01f;
      if (p->sign && fabsf(w) < 2 * h) continue;
      double slope =
          (cost_at(net, trainer, trials, i, w + h) - cost_at(net, trainer, trials, i, w - h)) /
          (2.0 * (double)h);
      ck_assert_msg(fabs(slope - (double)gradient[i]) < 2e-3 * (double)largest,
                    "%s %lld: %g, not %g", froms[k], (long long)e, (double)gradient[i], slope);
    }
  }
  free(gradient);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

START_TEST(late_threads_and_checkpoints_keep_bits)
{
  static const makers make = {build_late, late_trials, train_late};
  expect_same_bits(&make, _i, 4, 3);
}
END_TEST

/* Rates of A after some steps. */
static void run_late(float *rates, const nai_network *net)
{
  static const float u[LATE_STEPS * 3] = {1, -1, 0.5f};
  nai_state *state = make_state(net, 1, 1);
  expect_ok(nai_state_run(NULL, NULL, state, LATE_STEPS, u));
  for (int i = 0; i < LATE_UNITS; i++) rates[i] = rate_of(state, "A", 0, i);
  nai_state_destroy(state);
}

START_TEST(late_files_and_copies)
{
  char folder[256], path[300], again[300];
  checks_folder(folder);
  snprintf(path, sizeof path, "%s/late.safetensors", folder);
  snprintf(again, sizeof again, "%s/again.safetensors", folder);
  nai_network *net = build_late(), *copy, *loaded;
  expect_ok(nai_network_copy(&copy, net));
  expect_same_synapses(copy, net, 0);
  expect_ok(nai_network_save(net, path));
  expect_ok(nai_network_load(&loaded, path, NULL));
  expect_same_synapses(loaded, net, 0);
  ck_assert_int_eq(projection_of(loaded, "A", "A")->n_parts, projection_of(net, "A", "A")->n_parts);
  expect_ok(nai_network_save(loaded, again));
  nai_network *all[] = {net, copy, loaded};
  float z[3][LATE_UNITS];
  for (int k = 0; k < 3; k++) run_late(z[k], all[k]);
  ck_assert_mem_eq(z[0], z[1], sizeof z[0]);
  ck_assert_mem_eq(z[0], z[2], sizeof z[0]);
  for (int k = 0; k < 3; k++) nai_network_destroy(all[k]);
  remove(path);
  remove(again);
  rmdir(folder);
}
END_TEST

/* Other weights of a projection, by the matrix or one by one. */
static void change_late(nai_network *net, const char *from, const char *to, int by_matrix)
{
  enum { MOST = LATE_UNITS * LATE_UNITS };
  static int32_t post[MOST], pre[MOST];
  static float weight[MOST], matrix[MOST];
  nai_synapse_arrays room = NAI_SYNAPSE_ARRAYS_INIT;
  const nai__projection *p = projection_of(net, from, to);
  int64_t n;
  room.post = post, room.pre = pre, room.weight = weight;
  expect_ok(nai_network_synapses(&room, MOST, &n, net, from, to));
  memset(matrix, 0, sizeof matrix);
  for (int64_t k = 0; k < n; k++) {
    weight[k] *= 0.5f + (float)(k % 5);
    matrix[post[k] * p->n_pre + pre[k]] = weight[k];
  }
  if (by_matrix)
    expect_ok(nai_network_set_weights(net, from, to, matrix, p->n_post, p->n_pre));
  else
    expect_ok(nai_network_set_synapse_weights(net, from, to, weight, n));
}

/* What is read by products is renewed of all delays: a copy reads weights anew. */
START_TEST(weights_that_are_set_are_those_that_carry)
{
  static const char *const of[][2] = {{"u", "A"}, {"A", "A"}, {"B", "A"}, {"A", "B"}, {"B", "B"}};
  for (int k = 0; k < COUNT(of); k++) {
    nai_network *net = build_late(), *copy;
    float before[LATE_UNITS], now[LATE_UNITS], anew[LATE_UNITS];
    run_late(before, net);
    change_late(net, of[k][0], of[k][1], _i);
    expect_ok(nai_network_copy(&copy, net));
    run_late(now, net);
    run_late(anew, copy);
    ck_assert_mem_eq(now, anew, sizeof now);
    ck_assert(memcmp(now, before, sizeof now) != 0);
    nai_network_destroy(copy);
    nai_network_destroy(net);
  }
}
END_TEST

START_TEST(delays_that_are_refused)
{
  nai_network *net;
  static const struct {
    double mean, sd, least;
    const char *words;
  } wrong[] = {{-1, 1, 2, "mean is -1 ms, must be 0 to"},
               {NAN, 1, 2, "mean is nan"},
               {3, -1, 2, "sd is -1 ms, must be 0 to"},
               {3, 1, 4, "least is 4 ms, must be at most the mean, 3"},
               {3, 1, 1, "least is 1 ms, must be at least 2 from 'A' to 'A'"},
               {3, 1, NAN, "least is nan"}};
  for (int k = 0; k < COUNT(wrong); k++) {
    net = compose_late();
    expect_fails(nai_network_set_delays(net, "A", "A", wrong[k].mean, wrong[k].sd, wrong[k].least),
                 NAI_ERR_INVALID, wrong[k].words);
    nai_network_destroy(net);
  }
  net = compose_late();
  expect_fails(nai_network_set_conduction(net, "A", "A", 0, 1), NAI_ERR_INVALID,
               "speed is 0 mm/ms");
  nai_network_destroy(net);
  net = compose_late();
  expect_fails(nai_network_set_conduction(net, "A", "A", 1, -1), NAI_ERR_INVALID,
               "offset is -1 ms");
  nai_network_destroy(net);
  net = compose_late();
  expect_fails(nai_network_set_delays(net, "A", "z", 3, 1, 2), NAI_ERR_INVALID,
               "delays onto outputs are all the same: 'A' to 'z'");
  nai_network_destroy(net);
  net = compose_late();
  expect_ok(nai_network_set_storage(net, "A", "A", NAI_STORAGE_DENSE));
  expect_fails(nai_network_build(net, 1), NAI_ERR_INVALID, "their storage cannot be dense");
  nai_network_destroy(net);
  net = compose_one("A", 60, NAI_FREE);
  expect_ok(nai_network_set_delays(net, "A", "A", 1e6, 1e5, 20));
  expect_fails(nai_network_build(net, 1), NAI_ERR_INVALID, "different steps, at most");
  nai_network_destroy(net);
  net = compose_ei(5, 3);
  expect_ok(nai_network_set_conduction(net, "E", "I", 1, 1));
  expect_fails(nai_network_build(net, 1), NAI_ERR_ORDER,
               "'E' has no positions, which delays by distance");
  nai_network_destroy(net);
}
END_TEST

/* The last call counts: one delay makes it dense again. */
START_TEST(one_delay_again)
{
  nai_network *net = compose_late();
  expect_ok(nai_network_set_delay(net, "A", "A", 4));
  expect_ok(nai_network_build(net, 1));
  const nai__projection *p = projection_of(net, "A", "A");
  ck_assert(p->delay == 2 && !p->is_listed && p->n_parts == 1);
  nai_network_destroy(net);
}
END_TEST

START_TEST(delays_without_memory)
{
  build_without_memory(compose_late, 200);
}
END_TEST

Suite *delays_suite(void)
{
  Suite *suite = suite_create("delays");
  TCase *late = tcase_create("delays");
  tcase_add_test(late, a_block_for_each_delay);
  tcase_add_loop_test(late, delays_are_drawn_as_they_are_told, 0, 2);
  tcase_add_test(late, delays_by_distance);
  tcase_add_test(late, what_was_sent_arrives_when_it_is_due);
  tcase_add_test(late, gradients_are_central_differences);
  tcase_add_loop_test(late, late_threads_and_checkpoints_keep_bits, 0, 8);
  tcase_add_test(late, late_files_and_copies);
  tcase_add_loop_test(late, weights_that_are_set_are_those_that_carry, 0, 2);
  tcase_add_test(late, delays_that_are_refused);
  tcase_add_test(late, one_delay_again);
  tcase_add_test(late, delays_without_memory);
  suite_add_tcase(suite, late);
  return suite;
}
