/*
 * Synapses by sender, which spikes go along: against plain loops; then listed networks that spike,
 * against matrices.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/base/memory.h"
#include "../lib/network/network.h"
#include "faults.h"
#include "listed.h"
#include "own_models.h"
#include "rules.h"
#include "states.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

/* --- kernels ---------------------------------------------------------------------------------- */

static uint64_t state;

/* 0 .. 1 */
static double uniform(void)
{
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (double)(state >> 11) * 0x1p-53;
}

enum { TABLES = 5 };

/* Of n receivers and k senders; `twice`: some pairs have two synapses. */
static nai__compressed *random_synapses(int64_t n, int64_t k, double density, int twice)
{
  nai__compressed *c = nai__compressed_create(n, k);
  c->sender = NAI__ARRAY(int32_t, n * k * 2 + 1);
  for (int64_t i = 0, e = 0; i < n; i++) {
    for (int64_t j = 0; j < k; j++)
      for (int copies = uniform() < density ? twice && uniform() < 0.3 ? 2 : 1 : 0; copies > 0;
           copies--)
        c->sender[e++] = (int32_t)j;
    c->first[i + 1] = e;
  }
  return c;
}

/* What senders send: `active` of them something, which is 1 but for every `odd`-th. */
static float *sent(int64_t k, double active, int odd)
{
  float *a = calloc((size_t)k + 1, sizeof *a);
  for (int64_t j = 0, n = 0; j < k; j++)
    if (uniform() < active) a[j] = ++n % odd ? 1 : 0.375F;
  return a;
}

typedef struct fan_case {
  int64_t n, k;
  double density, active;
  int odd, one, twice;
} fan_case;

static const fan_case cases[] = {{511, 300, 0.3, 1, 1000, 1, 0},
                                 {NAI__FAN_SLICE + 513, 130, 0.2, 0.5, 9, 1, 0},
                                 {1, 1, 1, 1, 1000, 0, 0},
                                 {17, 33, 0.3, 0.2, 1000, 0, 0},
                                 {17, 33, 0.3, 0.2, 3, 1, 0},
                                 {100, 5000, 0.05, 0.9, 7, 0, 0},
                                 {100, 5000, 0.05, 0.9, 7, 1, 0},
                                 {NAI__FAN_SLICE * 2 + 5, 40, 0.1, 0.3, 4, 0, 0},
                                 {NAI__FAN_SLICE * 2 + 5, 40, 0.1, 0.3, 4, 1, 0},
                                 {NAI__FAN_SLICE, 20, 0.1, 0.3, 4, 1, 0},
                                 {20007, 30, 0.1, 0.3, 4, 1, 0},
                                 {4 * NAI__MOST_FAN_SLICE + 600, 15, 0.1, 0.3, 4, 1, 0},
                                 {4 * NAI__MOST_FAN_SLICE + 600, 15, 0.02, 0.3, 4, 0, 0},
                                 {50, 700, 0.5, 1, 1000, 1, 1},
                                 {50, 700, 0.5, 1, 1000, 0, 1},
                                 {9, 64, 0, 1, 2, 1, 0},
                                 {9, 5000, 0, 1, 1000, 1, 0}};

static float *random_weights(int64_t n, int one)
{
  float *w = malloc((size_t)(n + 1) * sizeof *w);
  for (int64_t e = 0; e <= n; e++) w[e] = one ? 0.25F : (float)(uniform() - 0.5);
  return w;
}

static void expect_product(const nai__kernels *kernels, const fan_case *f, const nai__compressed *c,
                           const float *w, const nai__fans *fans, const float *a, int accumulate)
{
  float *out = malloc((size_t)(f->n + 1) * sizeof *out);
  for (int64_t i = 0; i <= f->n; i++) out[i] = 3;
  if (accumulate) { /* slice by slice, as threads do */
    int32_t *active = malloc((size_t)(f->k + 1) * sizeof *active);
    int64_t looked = 0, n = kernels->find_active(active, f->k, a, f->k, &looked);
    for (int64_t s = 0; s < fans->slices; s++)
      nai__fans_add(kernels, out, a, fans, s, s + 1, active, n);
    free(active);
  } else {
    nai__fans_product(kernels, out, a, fans, 0);
  }
  for (int64_t i = 0; i < f->n; i++) {
    double sum = accumulate ? 3 : 0, bound = 1e-6;
    for (int64_t e = c->first[i]; e < c->first[i + 1]; e++) {
      sum += (double)w[e] * (double)a[c->sender[e]];
      bound += 1e-6 * fabs((double)w[e]);
    }
    EXPECT(fabs((double)out[i] - sum) <= bound);
  }
  EXPECT(out[f->n] == 3);
  free(out);
}

static void expect_product_back(const fan_case *f, const nai__compressed *c, const float *w,
                                const nai__fans *fans, const float *other, int accumulate)
{
  float *out = malloc((size_t)(f->k + 1) * sizeof *out), *error = random_weights(f->n, 0);
  double *sum = calloc((size_t)f->k, sizeof *sum);
  for (int64_t j = 0; j <= f->k; j++) out[j] = 3;
  nai__fans_product_back(out, error, fans, other, accumulate);
  for (int64_t i = 0; i < f->n; i++)
    for (int64_t e = c->first[i]; e < c->first[i + 1]; e++)
      sum[c->sender[e]] += (double)w[e] * (double)error[i];
  for (int64_t j = 0; j < f->k; j++)
    EXPECT(fabs((double)out[j] - sum[j] - (accumulate ? 3 : 0)) <= 1e-4);
  EXPECT(out[f->k] == 3);
  free(out);
  free(error);
  free(sum);
}

START_TEST(products_as_by_plain_loops)
{
  const fan_case *f = &cases[_i / TABLES];
  const char *name = nai__kernels_name(_i % TABLES);
  const nai__kernels *kernels = name ? nai__kernels_named(name) : NULL;
  if (!kernels) return;
  state = 7 + (uint64_t)_i;
  nai__compressed *c = random_synapses(f->n, f->k, f->density, f->twice);
  const int64_t synapses = c->first[f->n];
  float *w = random_weights(synapses, f->one), *a = sent(f->k, f->active, f->odd),
        *others = random_weights(synapses, 0), *packed = random_weights(synapses, 0);
  nai__fans *fans = nai__fans_create(c, f->one);
  ck_assert_ptr_nonnull(fans);
  ck_assert_int_eq(fans->weight == NULL, f->one);
  nai__fans_pack(fans, c, w);
  nai__fans_pack_into(packed, fans, c, others);
  for (int accumulate = 0; accumulate < 2; accumulate++) {
    expect_product(kernels, f, c, w, fans, a, accumulate);
    expect_product_back(f, c, w, fans, NULL, accumulate);
    expect_product_back(f, c, others, fans, packed, accumulate);
  }
  ck_assert_int_eq(nai__fans_part(fans), 1);
  nai__fans_pack(fans, c, others);
  expect_product(kernels, f, c, others, fans, a, 0);
  nai__fans_destroy(fans);
  nai__compressed_destroy(c);
  free(w);
  free(a);
  free(others);
  free(packed);
}
END_TEST

/* --- networks --------------------------------------------------------------------------------- */

enum { N = 180, STEPS = 40, TRIALS = 3 };

/* Recurrent neurons of few synapses; `one`: of one weight each. They learn if they are told to. */
static nai_network *compose(int32_t storage, int one, int plastic)
{
  static own_model model = {.threaded = 1};
  nai_network *net = COMPOSE(.dt = 1, .inputs = {{"u", 4}},
                             .populations = {{"E", N, NAI_EXCITATORY}, {"I", 61, NAI_INHIBITORY}},
                             .outputs = {{"z", 2}});
  nai_model_ops ops = own_spiking_ops(&model);
  nai_model *made;
  nai_constraint *few;
  expect_ok(nai_model_create(&made, &ops, &model));
  expect_ok(nai_network_use_model(net, "E I", made));
  nai_model_destroy(made);
  expect_ok(nai_network_connect(net, "u", "E I"));
  expect_ok(nai_network_connect(net, "E", "z"));
  expect_ok(nai_network_connect(net, "E I", "E I"));
  expect_ok(nai_network_set_delay(net, "E", "I", 3));
  constrain_by(net, "E I", "E I", nai_constraint_create_indegree(&few, 20), &few);
  expect_ok(nai_network_set_initial_weights(net, "u", "E I", NAI_WEIGHTS_UNIFORM, 0, 0.4));
  expect_ok(nai_network_set_initial_weights(net, "E", "E I", NAI_WEIGHTS_UNIFORM, 0, 0.2));
  expect_ok(nai_network_set_initial_weights(net, "I", "E I", NAI_WEIGHTS_UNIFORM, -0.3, 0));
  if (one) {
    expect_ok(nai_network_set_initial_weights(net, "E", "E I", NAI_WEIGHTS_CONSTANT, 0.125, 0));
    expect_ok(nai_network_set_initial_weights(net, "I", "E I", NAI_WEIGHTS_CONSTANT, -0.25, 0));
  }
  expect_ok(nai_network_set_plastic(net, "E I", "E I", plastic));
  expect_ok(nai_network_set_storage(net, "E I", "E I", storage));
  return net;
}

static nai_network *build(int32_t storage, int one, int plastic)
{
  nai_network *net = compose(storage, one, plastic);
  expect_ok(nai_network_build(net, 3));
  return net;
}

static float *drive(void)
{
  float *u = malloc(STEPS * TRIALS * 4 * sizeof *u);
  for (int k = 0; k < STEPS * TRIALS * 4; k++) u[k] = (float)uniform();
  return u;
}

/* All spikes of all trials. */
static float *spikes_of(const nai_network *net, int trials)
{
  float *rates = malloc(STEPS * TRIALS * (N + 61) * sizeof *rates);
  state = 99;
  float *u = drive();
  nai_state *running = make_state(net, trials, 1);
  expect_ok(nai_state_run(NULL, rates, running, STEPS, u));
  nai_state_destroy(running);
  free(u);
  return rates;
}

/* With weights of their own the same bits; with one, whose sums are exact here, too. */
static void expect_same_spikes(const nai_network *a, const nai_network *b)
{
  for (int trials = 1; trials <= TRIALS; trials += 2) {
    float *one = spikes_of(a, trials), *other = spikes_of(b, trials), sum = 0;
    const int64_t n = (int64_t)STEPS * trials * (N + 61);
    for (int64_t k = 0; k < n; k++) sum += one[k];
    EXPECT(sum > 0.01F * (float)n && sum < 0.5F * (float)n);
    ck_assert_int_eq(memcmp(one, other, (size_t)n * sizeof *one), 0);
    free(one);
    free(other);
  }
}

static int fans_in(const nai_network *net)
{
  int n = 0;
  for (int64_t i = 0; i < net->n_blocks; i++) n += net->block[i].listing.fans != NULL;
  return n;
}

START_TEST(the_same_spikes_as_from_matrices)
{
  const int one = _i & 1, plastic = _i >> 1;
  nai_network *dense = build(NAI_STORAGE_DENSE, one, plastic),
              *listed = build(NAI_STORAGE_LISTED, one, plastic), *copy;
  ck_assert_int_eq(fans_in(dense), 0);
  ck_assert_int_eq(fans_in(listed), 4);
  ck_assert_int_eq(listed->block[listed->projection[3].block].listing.forward != NULL, plastic);
  expect_same_synapses(listed, dense, 0);
  expect_same_spikes(listed, dense);
  expect_ok(nai_network_copy(&copy, listed));
  expect_same_spikes(copy, dense);
  nai_network_destroy(dense);
  nai_network_destroy(listed);
  nai_network_destroy(copy);
}
END_TEST

static nai_trainer *train(nai_network *net, const char *rule)
{
  nai_cost *cost;
  nai_trainer *trainer = trainer_of(net, rule_named(rule, 3), plain_descent(0.01));
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  return trainer;
}

static void learn_as_from_matrices(nai_network *net[2], const char *rule)
{
  nai_trials *trials = normal_trials(net[0], "z", STEPS, 5);
  for (int k = 0; k < 2; k++) {
    nai_trainer *trainer = train(net[k], rule);
    for (int update = 0; update < 2; update++) expect_ok(nai_trainer_step(NULL, trainer, trials));
    nai_trainer_destroy(trainer);
  }
  expect_same_synapses(net[0], net[1], 1e-5);
  nai_trials_destroy(trials);
}

/* Errors go back along them, whether they learn themselves or not. */
START_TEST(learns_as_from_matrices)
{
  static const char *const rules[] = {"bptt", "eprop_symmetric", "rflo"};
  const int one = _i & 1, plastic = _i >> 1 & 1;
  for (int r = 0; r < COUNT(rules); r++) {
    nai_network *net[2] = {build(NAI_STORAGE_LISTED, one, plastic),
                           build(NAI_STORAGE_DENSE, one, plastic)};
    learn_as_from_matrices(net, rules[r]);
    nai_network_destroy(net[0]);
    nai_network_destroy(net[1]);
  }
}
END_TEST

/* Frozen ones have no lists to learn by until they are to. */
START_TEST(learns_once_it_is_plastic)
{
  nai_network *net[2] = {build(NAI_STORAGE_LISTED, _i, 0), build(NAI_STORAGE_DENSE, _i, 0)};
  for (int k = 0; k < 2; k++) expect_ok(nai_network_set_plastic(net[k], "E I", "E I", 1));
  expect_same_spikes(net[0], net[1]);
  learn_as_from_matrices(net, "bptt");
  for (int k = 0; k < 2; k++) nai_network_destroy(net[k]);
}
END_TEST

/* Other weights where there was one, in the network, its copy and its file. */
START_TEST(weights_that_differ)
{
  char path[300];
  nai_network *net[2] = {build(NAI_STORAGE_LISTED, 1, 0), build(NAI_STORAGE_DENSE, 1, 0)}, *copy;
  float *w = calloc(N * N, sizeof *w);
  const nai_view exists = mask_of(net[1], "E", "E");
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++)
      w[i * N + j] = at(&exists, i, j) != 0 ? 0.01F * (float)((i + j) % 20) : 0;
  for (int k = 0; k < 2; k++) expect_ok(nai_network_set_weights(net[k], "E", "E", w, N, N));
  expect_same_spikes(net[0], net[1]);
  uint8_t *mask = calloc(N * N, sizeof *mask);
  for (int k = 0; k < N * N; k++) mask[k] = k % 3 && w[k] != 0;
  for (int k = 0; k < 2; k++) expect_ok(nai_network_set_mask(net[k], "E", "E", mask, N, N));
  for (int k = 0; k < 2; k++) expect_ok(nai_network_set_mask(net[k], "I", "I", mask, 61, 61));
  expect_same_spikes(net[0], net[1]);
  expect_ok(nai_network_copy(&copy, net[0]));
  expect_same_spikes(copy, net[1]);
  checks_folder(path);
  strcat(path, "/model");
  expect_ok(nai_network_save(net[0], path));
  unlink(path);
  nai_network_destroy(copy);
  for (int k = 0; k < 2; k++) nai_network_destroy(net[k]);
  free(mask);
  free(w);
}
END_TEST

/* What the plan says before the build, which knows what is not learnt, is not much more than is held. */
START_TEST(memory_is_said_before)
{
  nai_network *net = COMPOSE(.dt = 1, .populations = {{"E", 3000, NAI_EXCITATORY}});
  nai_constraint *few;
  int64_t said, held;
  expect_ok(nai_network_set_model(net, "E", "lif"));
  expect_ok(nai_network_connect(net, "E", "E"));
  constrain_by(net, "E", "E", nai_constraint_create_sparse(&few, 0.03), &few);
  expect_ok(nai_network_set_initial_weights(net, "E", "E", NAI_WEIGHTS_UNIFORM, 0, 1));
  expect_ok(nai_network_set_plastic(net, "E", "E", 0));
  expect_ok(nai_network_set_storage(net, "E", "E", NAI_STORAGE_LISTED));
  if (_i) expect_ok(nai_network_set_delays(net, "E", "E", 4, 1, 1));
  expect_ok(nai_network_memory(&said, net));
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_memory(&held, net));
  EXPECT(held <= said && said < 2 * held);
  EXPECT(held < 25 * 270000 + 500 * 3000); /* and parameters of a neuron */
  nai_network_destroy(net);
}
END_TEST

static nai_network *compose_of_one(void)
{
  return compose(NAI_STORAGE_LISTED, 1, 0);
}

START_TEST(without_memory_nothing_changes)
{
  build_without_memory(compose_of_one, 40);
  for (int how = 0; how < 2; how++) {
    nai_network *net = build(NAI_STORAGE_LISTED, 1, 0), *same = build(NAI_STORAGE_DENSE, 1, 0);
    uint8_t mask[61 * 61] = {0};
    nai_status status = NAI_ERR_MEMORY;
    int failed = 0;
    for (; status == NAI_ERR_MEMORY; failed++) {
      faults_fail_allocation(failed);
      status = how ? nai_network_set_plastic(net, "E I", "E I", 1)
                   : nai_network_set_mask(net, "I", "I", mask, 61, 61);
      faults_fail_allocation(-1);
      if (status == NAI_ERR_MEMORY) expect_same_spikes(net, same);
    }
    expect_ok(status);
    ck_assert_int_ge(failed, how ? 15 : 2);
    nai_network_destroy(net);
    nai_network_destroy(same);
  }
}
END_TEST

Suite *events_suite(void)
{
  Suite *suite = suite_create("events");
  TCase *kernels = tcase_create("kernels");
  tcase_add_loop_test(kernels, products_as_by_plain_loops, 0, COUNT(cases) * TABLES);
  suite_add_tcase(suite, kernels);
  TCase *networks = tcase_create("networks");
  tcase_add_loop_test(networks, the_same_spikes_as_from_matrices, 0, 4);
  tcase_add_loop_test(networks, learns_as_from_matrices, 0, 4);
  tcase_add_loop_test(networks, learns_once_it_is_plastic, 0, 2);
  tcase_add_test(networks, weights_that_differ);
  tcase_add_loop_test(networks, memory_is_said_before, 0, 2);
  tcase_add_test(networks, without_memory_nothing_changes);
  suite_add_tcase(suite, networks);
  return suite;
}
