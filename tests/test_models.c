/*
 * Units of every model: names with a colon, what models list, gradients through them by central
 * differences, which rules train them, states, files. Numbers of an independent program:
 * bindings/python/tests/test_models.py.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faults.h"
#include "networks.h"
#include "rules.h"
#include "states.h"

enum { STEPS = 12, TRIALS = 4, CHANNELS = 3, OUTPUTS = 2 };

static const char *const populations[] = {"A", "D", "R", "P"};
static const struct {
  const char *from, *to;
} ends[] = {{"u", "A"},        {"u", "D:dendrite+"}, {"u", "D:soma"},      {"u", "R"},
            {"A", "A"},        {"A", "R"},           {"A", "D:dendrite+"}, {"A", "D:dendrite-"},
            {"D", "D:soma"},   {"D", "A"},           {"D", "D:dendrite+"}, {"R", "D:soma"},
            {"A", "z"},        {"D", "z"},           {"R", "z"},           {"u", "P:basal"},
            {"A", "P:apical"}, {"D", "P:lateral"},   {"P:u", "P:target"},  {"u", "P:nudge"},
            {"P", "A"},        {"P:u", "z"}};
enum { ENDS = sizeof ends / sizeof *ends };

/* --- a network -------------------------------------------------------------------------------- */

/* With conductances for which a step is short; each kind of dynamics somewhere among the kinds. */
static void compose_pyramidal(nai_network *net, const char *nonlinearity, int32_t lag)
{
  nai_network_set_model(net, "P", "pyramidal");
  nai_network_set(net, "P", "g_leak", 0.01);
  nai_network_set(net, "P", "g_basal", 0.02);
  nai_network_set(net, "P", "g_apical", 0.015);
  nai_network_set(net, "P", "g_soma", 0.01);
  nai_network_set(net, "P", "nudge", 1);
  nai_network_set(net, "P", "slope", 0.8);
  nai_network_set(net, "P", "threshold", -0.3);
  nai_network_set(net, "P", "prospective", lag);
  if (strcmp(nonlinearity, "divisive") == 0) nai_network_choose(net, "P", "dynamics", "steady");
}

static void compose_populations(nai_network *net, const char *nonlinearity, int32_t lag)
{
  nai_network_add_input(net, "u", CHANNELS);
  nai_network_add_population(net, "A", 5, NAI_FREE);
  nai_network_add_population(net, "D", 4, NAI_FREE);
  nai_network_add_population(net, "R", 3, NAI_FREE);
  nai_network_add_output(net, "z", OUTPUTS);
  nai_network_set_model(net, "A", "adaptive_rate");
  nai_network_set(net, "A", "adaptation", 0.8);
  nai_network_set(net, "A", "tau_adaptation", 60);
  nai_network_set_model(net, "D", "dendritic");
  nai_network_set_model_size(net, "D", "branches", 2);
  nai_network_choose(net, "D", "nonlinearity", nonlinearity);
  nai_network_set(net, "D", "lag", lag);
  nai_network_set(net, "A D R", "tau", 30);
  nai_network_add_population(net, "P", 2, NAI_FREE);
  compose_pyramidal(net, nonlinearity, lag);
  nai_network_set_leak(net, "R", NAI_LEAK_RATE);
  nai_network_set_transfer(net, "A R P", NAI_TRANSFER_TANH);
  nai_network_set_transfer(net, "D", NAI_TRANSFER_SOFTPLUS);
  nai_network_set(net, "A D R P", "initial", 0.2);
  nai_network_set(net, "A D R P", "plastic_initial", 1);
}

/*
 * What is released is carried within the step, a step later and two: one object shared by two projections,
 * one with a value for each sender, one from units with two states. Rates stay above 0, x below 1.
 */
static void release(nai_network *net)
{
  const double U[] = {0.4, 0.2, 0.5, 0.3}, tau_x[] = {200, 300, 60, 90},
               tau_u[] = {90, 80, 200, 150}, hz[] = {25, 30, 20, 30};
  nai_short_term *each, *shared;
  expect_ok(nai_short_term_create(&each, 4, U, tau_x, tau_u, hz));
  expect_ok(nai_short_term_create(&shared, 1, U, tau_x, tau_u, hz));
  nai_network_set_transfer(net, "A R P", NAI_TRANSFER_SOFTPLUS);
  nai_network_set_short_term(net, "D", "D:dendrite+ z", each);
  nai_network_set_short_term(net, "D", "A D:soma", shared);
  nai_network_set_short_term(net, "A", "A D:dendrite-", shared);
  nai_network_set_short_term(net, "R", "D:soma", shared);
  nai_short_term_destroy(each);
  nai_short_term_destroy(shared);
}

static nai_network *compose_mixed(const char *nonlinearity, int32_t lag)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 10));
  compose_populations(net, nonlinearity, lag);
  for (int k = 0; k < ENDS; k++) nai_network_connect(net, ends[k].from, ends[k].to);
  nai_network_set_initial_weights(net, "*", "P", NAI_WEIGHTS_CONSTANT, 0, 0);
  nai_network_set_delay(net, "A", "D:dendrite-", 30);
  nai_network_set_delay(net, "D", "D:dendrite+", 20);
  nai_network_set_delay(net, "R", "D:soma", 0);
  return net;
}

static nai_network *build_drawn(nai_network *net, const char *nonlinearity)
{
  expect_ok(nai_network_build(net, 3));
  for (int k = 0; k < ENDS; k++)
    draw_weights(net, ends[k].from, ends[k].to, k, strcmp(nonlinearity, "yang2016") ? 0.5 : 0.05);
  return net;
}

static nai_network *build_mixed(const char *nonlinearity, int32_t lag)
{
  return build_drawn(compose_mixed(nonlinearity, lag), nonlinearity);
}

static nai_network *build_released(void)
{
  nai_network *net = compose_mixed("subtractive", 0);
  release(net);
  return build_drawn(net, "subtractive");
}

static nai_trials *make_trials(const nai_network *net, int64_t n)
{
  return normal_trials(net, "z", STEPS, n);
}

static nai_trainer *train(nai_network *net, nai_rule *rule, nai_optimizer *optimizer)
{
  nai_cost *c;
  nai_trainer *trainer = trainer_of(net, rule, optimizer);
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  attach_cost(trainer, nai_cost_create_l2_rates(&c, "*"), &c, 0.1);
  return trainer;
}

static void copy_gradient(float *out, const nai_trainer *trainer, const char *from, const char *to)
{
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_trainer_gradient(&view, trainer, from, to));
  for (int64_t i = 0; i < view.shape[0]; i++)
    for (int64_t j = 0; j < view.shape[1]; j++) out[i * view.shape[1] + j] = at(&view, i, j);
}

/* --- what there is ---------------------------------------------------------------------------- */

START_TEST(models_list_their_fields)
{
  const char *const names[] = {"rate", "adaptive_rate", "dendritic",       "pyramidal",
                               "lif",  "wong_wang",     "lif_conductance", "poisson"};
  const int n[][5] = {{0, 0, 1, 1, 1},  {0, 7, 2, 1, 1}, {1, 7, 2, 3, 1},  {0, 14, 1, 5, 2},
                      {0, 21, 5, 5, 2}, {0, 8, 2, 1, 2}, {0, 17, 7, 5, 3}, {0, 2, 0, 1, 1}};
  enum { MODELS = sizeof n / sizeof *n };
  for (int m = 0; m < MODELS; m++) {
    ck_assert_str_eq(nai_model_builtin_name(m), names[m]);
    for (int32_t list = m ? NAI_MODEL_SIZES : NAI_MODEL_PORTS; list <= NAI_MODEL_SIGNALS; list++) {
      nai_field field = NAI_FIELD_INIT;
      for (int64_t k = 0; k < n[m][list]; k++) {
        expect_ok(nai_model_field(&field, names[m], list, k));
        EXPECT(field.name && field.meaning && field.low <= field.high);
      }
      expect_fails(nai_model_field(&field, names[m], list, n[m][list]), NAI_ERR_INVALID, "index");
    }
  }
  ck_assert_ptr_null(nai_model_builtin_name(MODELS));
  ck_assert_ptr_null(nai_model_builtin_name(-1));
  nai_field field = NAI_FIELD_INIT;
  expect_fails(nai_model_field(&field, "hodgkin", NAI_MODEL_PORTS, 0), NAI_ERR_NAME,
               "there are rate, adaptive_rate, dendritic, pyramidal, lif");
  expect_fails(nai_model_field(&field, NULL, NAI_MODEL_PORTS, 0), NAI_ERR_INVALID, "model");
  expect_fails(nai_model_field(&field, "rate", 5, 0), NAI_ERR_INVALID, "list is 5");
  expect_fails(nai_model_field(NULL, "rate", NAI_MODEL_PORTS, 0), NAI_ERR_INVALID, "out");
}
END_TEST

/* --- potentials ------------------------------------------------------------------------------- */

static const struct {
  const char *model, *first, *sent, *port; /* a port that has no sign */
} senders[] = {{"lif", "E:spike", "E:v", "E:delta"},
               {"lif_conductance", "E:spike", "E:v", "E:background"},
               {"pyramidal", "E:rate", "E:u", "E:apical"}};
enum { SENDERS = sizeof senders / sizeof *senders };

START_TEST(models_mark_potentials)
{
  int marked = 0;
  for (int64_t m = 0; nai_model_builtin_name(m); m++)
    for (int32_t list = NAI_MODEL_SIZES; list <= NAI_MODEL_SIGNALS; list++) {
      nai_field field = NAI_FIELD_INIT;
      for (int64_t k = 0; nai_model_field(&field, nai_model_builtin_name(m), list, k) == NAI_OK;
           k++) {
        int is_one = list == NAI_MODEL_SIGNALS && k > 0 &&
                     (strcmp(field.name, "v") == 0 || strcmp(field.name, "u") == 0);
        ck_assert_int_eq(field.potential, is_one);
        marked += is_one;
      }
    }
  ck_assert_int_eq(marked, SENDERS);
}
END_TEST

static nai_network *compose_senders(int k, int32_t sign)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 1));
  nai_network_add_population(net, "E", 3, sign);
  nai_network_set_model(net, "E", senders[k].model);
  nai_network_add_population(net, "D", 2, NAI_FREE);
  nai_network_set_model(net, "D", "dendritic");
  nai_network_add_output(net, "z", 2);
  nai_network_connect(net, "E", "z");
  nai_network_connect(net, senders[k].sent, "z");
  return net;
}

static void constrain(nai_network *net, const char *from, const char *to, nai_status made,
                      nai_constraint *constraint)
{
  expect_ok(made);
  expect_ok(nai_network_constrain(net, from, to, constraint));
  nai_constraint_destroy(constraint);
}

static int32_t sign_of(const nai_network *net, const char *from, const char *to)
{
  const nai__projection *p;
  expect_ok(nai__projection_find(&p, net, from, to));
  return p->sign;
}

/* Weights of both signs, as they are after a file was written and read. */
static void check_both_signs(nai_network *net, const char *from)
{
  const float w[6] = {1, -2, 3, -4, 5, -6};
  char path[] = "/tmp/neuroai-potentials-XXXXXX";
  nai_network *loaded;
  nai_view view = NAI_VIEW_INIT;
  close(mkstemp(path));
  expect_ok(nai_network_set_weights(net, from, "z", w, 2, 3));
  expect_ok(nai_network_save(net, path));
  expect_ok(nai_network_load(&loaded, path, NULL));
  expect_ok(nai_network_weights(&view, loaded, from, "z"));
  for (int i = 0; i < 6; i++) EXPECT(at(&view, i / 3, i % 3) == w[i]);
  ck_assert_int_eq(sign_of(loaded, from, "z"), 0);
  nai_network_destroy(loaded);
  unlink(path);
}

START_TEST(potentials_are_exempt_from_dales_law)
{
  const float wrong[6] = {0, 0, 0, -1, 1, 0};
  for (int32_t sign = -1; sign <= 1; sign += 2) {
    nai_network *net = compose_senders(_i, sign);
    nai_network_connect(net, senders[_i].sent, senders[_i].port);
    nai_network_set_initial_weights(net, "E*", "E*", NAI_WEIGHTS_CONSTANT, -sign, 0);
    expect_ok(nai_network_build(net, 1));
    ck_assert_int_eq(sign_of(net, senders[_i].first, "z"), sign);
    ck_assert_int_eq(sign_of(net, senders[_i].sent, senders[_i].port), 0);
    expect_fails(nai_network_set_weights(net, senders[_i].first, "z", wrong, 2, 3), NAI_ERR_INVALID,
                 "must be at");
    check_both_signs(net, senders[_i].sent);
    nai_network_destroy(net);
  }
}
END_TEST

START_TEST(constraints_and_ports_give_potentials_a_sign)
{
  nai_constraint *c;
  for (int32_t given = -1; given <= 1; given++) {
    nai_network *net = compose_senders(_i, NAI_EXCITATORY);
    nai_status made = given ? nai_constraint_create_sign(&c, given)
                            : nai_constraint_create_dale(&c, NAI_DALE_REFLECT);
    constrain(net, senders[_i].sent, "z", made, c);
    nai_network_connect(net, senders[_i].sent, "D:dendrite-");
    expect_ok(nai_network_build(net, 1));
    ck_assert_int_eq(sign_of(net, senders[_i].sent, "z"), given);
    ck_assert_int_eq(sign_of(net, senders[_i].sent, "D:dendrite-"), -1);
    nai_network_destroy(net);
  }
}
END_TEST

START_TEST(listed_potentials_are_exempt)
{
  nai_network *net = compose_senders(_i, NAI_INHIBITORY);
  expect_ok(nai_network_set_storage(net, "E*", "z", NAI_STORAGE_LISTED));
  expect_ok(nai_network_build(net, 1));
  ck_assert_int_eq(sign_of(net, senders[_i].first, "z"), -1);
  ck_assert_int_eq(sign_of(net, senders[_i].sent, "z"), 0);
  nai_network_destroy(net);
}
END_TEST

/* In one call each signal finds its own port. */
START_TEST(potentials_choose_no_port)
{
  char both[32], words[64];
  nai_network *net = compose_senders(_i, NAI_EXCITATORY);
  snprintf(both, sizeof both, "E %s", senders[_i].sent);
  snprintf(words, sizeof words, "'%s' is free and 'D:dendrite' has a port", senders[_i].sent);
  expect_fails(nai_network_connect(net, both, "D:dendrite"), NAI_ERR_INVALID, words);
  nai_network_destroy(net);
  net = compose_senders(_i, NAI_EXCITATORY);
  expect_fails(nai_network_connect(net, both, "D:dendrite-"), NAI_ERR_INVALID,
               "'E' is excitatory, so it cannot drive 'D:dendrite-'");
  nai_network_destroy(net);
  net = compose_senders(_i, NAI_EXCITATORY);
  expect_ok(nai_network_connect(net, both, "D:dendrite+ D:soma"));
  expect_ok(nai_network_build(net, 1));
  ck_assert_int_eq(sign_of(net, senders[_i].sent, "D:dendrite+"), 1);
  ck_assert_int_eq(sign_of(net, senders[_i].sent, "D:soma"), 0);
  ck_assert_int_eq(sign_of(net, senders[_i].first, "D:soma"), 1);
  nai_network_destroy(net);
}
END_TEST

/* Neurons have a port of each sign by another name: neither takes what is for the other. */
START_TEST(a_port_without_a_twin_takes_its_sign_alone)
{
  const struct {
    const char *from, *to, *words;
  } wrong[] = {{"I", "S:exc", "'I' is inhibitory, so it cannot drive 'S:exc+'"},
               {"E I", "S:exc", "'I' is inhibitory, so it cannot drive 'S:exc+'"},
               {"E", "S:inh", "'E' is excitatory, so it cannot drive 'S:inh-'"},
               {"u", "S:exc", "'u' is free and 'S:exc' is a port for one sign: say 'S:exc+'"}};
  for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
    nai_network *net =
        COMPOSE(.dt = 1, .inputs = {{"u", 2}},
                .populations = {{"E", 2, NAI_EXCITATORY}, {"I", 2, NAI_INHIBITORY}, {"S", 3}});
    expect_ok(nai_network_set_model(net, "S", "lif"));
    expect_fails(nai_network_connect(net, wrong[k].from, wrong[k].to), NAI_ERR_INVALID,
                 wrong[k].words);
    nai_network_destroy(net);
  }
}
END_TEST

START_TEST(ports_are_named_with_a_colon)
{
  nai_network *net = compose_mixed("divisive", 0);
  const char *signal, *port, *model;
  ck_assert_int_eq(nai_network_size(net, NAI_POPULATIONS, "D"), 4);
  expect_ok(nai_network_model(&model, net, "A"));
  ck_assert_str_eq(model, "adaptive_rate");
  for (int k = 0; k < ENDS; k++) {
    const char *colon = strchr(ends[k].to, ':');
    expect_ok(nai_network_ends(&signal, &port, net, k));
    if (colon) ck_assert_str_eq(port, colon + 1);
  }
  expect_fails(nai_network_ends(&signal, &port, net, ENDS), NAI_ERR_INVALID, "index");
  expect_fails(nai_network_connect(net, "A", "D:apical"), NAI_ERR_NAME,
               "'D' has no port 'apical'; it has soma, dendrite+, dendrite-");
  nai_network_destroy(net);
}
END_TEST

START_TEST(wrong_models_and_numbers_are_refused)
{
  static const struct {
    nai_status code;
    const char *words;
  } bad[] = {{NAI_ERR_NAME, "no model is called 'hodgkin'"},
             {NAI_ERR_INVALID, "branches of 'D' is 0, must be 1 to"},
             {NAI_ERR_NAME, "must be one of: subtractive divisive yang2016"},
             {NAI_ERR_INVALID, "lag of 'D' is 0.5"},
             {NAI_ERR_NAME, "has no parameter 'noise'"},
             {NAI_ERR_INVALID, "tau of 'D' is 'long', must be a number"}};
  for (int k = 0; k < (int)(sizeof bad / sizeof *bad); k++) {
    nai_network *net;
    expect_ok(nai_network_create(&net, 10));
    compose_populations(net, "subtractive", 0);
    nai_status status = k == 0   ? nai_network_set_model(net, "D", "hodgkin")
                        : k == 1 ? nai_network_set_model_size(net, "D", "branches", 0)
                        : k == 2 ? nai_network_choose(net, "D", "nonlinearity", "none")
                        : k == 3 ? nai_network_set(net, "D", "lag", 0.5)
                        : k == 4 ? nai_network_set(net, "D", "noise", 1)
                                 : nai_network_choose(net, "D", "tau", "long");
    expect_fails(status, bad[k].code, bad[k].words);
    nai_network_destroy(net);
  }
}
END_TEST

/* --- gradients -------------------------------------------------------------------------------- */

static const struct {
  const char *nonlinearity; /* NULL: with short-term plasticity */
  int32_t lag;
} kinds[] = {{"subtractive", 0}, {"subtractive", 1}, {"divisive", 0}, {"divisive", 1},
             {"yang2016", 0},    {"yang2016", 1},    {NULL, 0}};
enum { KINDS = sizeof kinds / sizeof *kinds };

static nai_network *build_kind(int k)
{
  return kinds[k].nonlinearity ? build_mixed(kinds[k].nonlinearity, kinds[k].lag)
                               : build_released();
}

/* J where the weights of one projection have gone so far along `direction`. */
static double cost_along(nai_trainer *trainer, nai_network *net, const nai_trials *trials, int k,
                         const float *w, const float *direction, double h, const nai_view *shape)
{
  float moved[64];
  nai_progress now = NAI_PROGRESS_INIT;
  int64_t n = shape->shape[0] * shape->shape[1];
  for (int64_t i = 0; i < n; i++) moved[i] = (float)((double)w[i] + h * (double)direction[i]);
  expect_ok(nai_network_set_weights(net, ends[k].from, ends[k].to, moved, shape->shape[0],
                                    shape->shape[1]));
  expect_ok(nai_trainer_estimate_gradient(&now, trainer, trials));
  return now.cost;
}

/* Along its own gradient the cost rises by |gradient|. */
static double error_of(nai_trainer *trainer, nai_network *net, const nai_trials *trials, int k,
                       double *norm)
{
  float w[64], gradient[64];
  nai_view view = weights_of(net, ends[k].from, ends[k].to);
  int64_t n = view.shape[0] * view.shape[1];
  for (int64_t i = 0; i < n; i++) w[i] = at(&view, i / view.shape[1], i % view.shape[1]);
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  copy_gradient(gradient, trainer, ends[k].from, ends[k].to);
  *norm = 0;
  for (int64_t i = 0; i < n; i++) *norm += (double)gradient[i] * (double)gradient[i];
  *norm = sqrt(*norm);
  EXPECT(*norm > 0);
  for (int64_t i = 0; i < n; i++) gradient[i] = (float)((double)gradient[i] / *norm);
  const double h = 5e-3;
  double rise = cost_along(trainer, net, trials, k, w, gradient, h, &view) -
                cost_along(trainer, net, trials, k, w, gradient, -h, &view);
  cost_along(trainer, net, trials, k, w, gradient, 0, &view);
  return fabs(rise / (2 * h) - *norm);
}

START_TEST(gradients_by_central_differences)
{
  nai_network *net = build_kind(_i);
  nai_trials *trials = make_trials(net, TRIALS);
  nai_trainer *trainer = train(net, bptt_rule(), plain_descent(0));
  double largest = 0, worst = 0;
  for (int k = 0; k < ENDS; k++) {
    double norm, error = error_of(trainer, net, trials, k, &norm);
    largest = fmax(largest, norm);
    worst = fmax(worst, error);
  }
  ck_assert_msg(worst < 2e-3 * largest, "off by %g of %g", worst, largest);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* Initial states, by the same. */
START_TEST(initial_states_by_central_differences)
{
  nai_network *net = build_kind(_i);
  nai_trials *trials = make_trials(net, TRIALS);
  nai_trainer *trainer = train(net, bptt_rule(), plain_descent(0));
  for (int p = 0; p < 4; p++) {
    nai_view view = NAI_VIEW_INIT;
    double sum = 0, size = 0, cost[2];
    nai_progress now = NAI_PROGRESS_INIT;
    expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
    expect_ok(nai_trainer_initial_state_gradient(&view, trainer, populations[p]));
    for (int64_t i = 0; i < view.shape[0]; i++) {
      sum += (double)at(&view, i, 0);
      size += fabs((double)at(&view, i, 0));
    }
    EXPECT(size > 0);
    for (int side = 0; side < 2; side++) {
      expect_ok(nai_network_set(net, populations[p], "initial", side ? 0.21 : 0.19));
      expect_ok(nai_trainer_estimate_gradient(&now, trainer, trials));
      cost[side] = now.cost;
    }
    expect_ok(nai_network_set(net, populations[p], "initial", 0.2));
    ck_assert_msg(fabs((cost[1] - cost[0]) / 0.02 - sum) < 5e-3 * size + 1e-4, "%s: %g, not %g",
                  populations[p], (cost[1] - cost[0]) / 0.02, sum);
  }
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* Real-time recurrent learning goes forward by the slopes, the walk back by the fused product. */
/*
 * Models move some units at once, of one trial after another: more units than any of them takes. Those
 * without slopes say so.
 */
START_TEST(slopes_are_right_in_long_populations)
{
  int checked = 0;
  for (int64_t m = 0; nai_model_builtin_name(m); m++) {
    nai_network *net = COMPOSE(.dt = 1, .populations = {{"A", 1100}});
    expect_ok(nai_network_set_model(net, "A", nai_model_builtin_name(m)));
    expect_ok(nai_network_build(net, 1));
    nai_status status = nai_network_check_model(net, "A");
    if (status != NAI_ERR_UNSUPPORTED) expect_ok(status);
    checked += status == NAI_OK;
    nai_network_destroy(net);
  }
  ck_assert_int_ge(checked, 6);
}
END_TEST

/* Of units that get nothing, a step makes output_noise times normal numbers. */
START_TEST(output_noise_is_added_to_rates)
{
  enum { UNITS = 4000 };
  nai_network *net = COMPOSE(.dt = 1, .populations = {{"D", UNITS}});
  double sum = 0, squares = 0;
  expect_ok(nai_network_set_model(net, "D", "dendritic"));
  expect_ok(nai_network_set(net, "D", "output_noise", 0.5));
  expect_ok(nai_network_build(net, 1));
  nai_state *state = make_state(net, 1, 1);
  expect_ok(nai_state_step(NULL, state, NULL));
  for (int64_t u = 0; u < UNITS; u++) {
    double r = (double)rate_of(state, "D", 0, u);
    sum += r;
    squares += r * r;
  }
  /* four standard deviations of the mean, and of the standard deviation */
  ck_assert_double_eq_tol(sum / UNITS, 0, 4 * 0.5 / sqrt(UNITS));
  ck_assert_double_eq_tol(sqrt(squares / UNITS), 0.5, 4 * 0.5 / sqrt(2 * UNITS));
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* Of so many units some are left with little after much that arrived was taken away: rounding is not a wrong slope. */
START_TEST(slopes_are_right_where_terms_cancel)
{
  nai_network *net = COMPOSE(.dt = 1, .populations = {{"A", 60000}});
  expect_ok(nai_network_set_transfer(net, "A", NAI_TRANSFER_TANH));
  expect_ok(nai_network_set_leak(net, "A", NAI_LEAK_RATE));
  expect_ok(nai_network_set(net, "A", "noise", 0.3));
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_check_model(net, "A"));
  nai_network_destroy(net);
}
END_TEST

START_TEST(forward_and_backward_agree)
{
  nai_network *net = build_kind(_i);
  nai_trials *trials = make_trials(net, TRIALS);
  nai_rule *rtrl;
  expect_ok(nai_rule_create_rtrl(&rtrl));
  nai_trainer *back = train(net, bptt_rule(), plain_descent(0)),
              *forth = train(net, rtrl, plain_descent(0));
  expect_ok(nai_trainer_estimate_gradient(NULL, back, trials));
  expect_ok(nai_trainer_estimate_gradient(NULL, forth, trials));
  double largest = 0, worst = 0;
  for (int k = 0; k < ENDS; k++) {
    float a[64], b[64];
    nai_view view = weights_of(net, ends[k].from, ends[k].to);
    copy_gradient(a, back, ends[k].from, ends[k].to);
    copy_gradient(b, forth, ends[k].from, ends[k].to);
    for (int64_t i = 0; i < view.shape[0] * view.shape[1]; i++) {
      largest = fmax(largest, fabs((double)a[i]));
      worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
    }
  }
  ck_assert_msg(worst < 2e-5 * largest, "off by %g of %g", worst, largest);
  nai_trainer_destroy(forth);
  nai_trainer_destroy(back);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- rules ------------------------------------------------------------------------------------ */

START_TEST(rules_train_every_model_or_refuse_it)
{
  int number = _i % n_rules;
  nai_network *net = _i < n_rules ? build_mixed("subtractive", 0) : build_released();
  nai_trials *trials = make_trials(net, TRIALS);
  if (strcmp(all_rules[number].name, "weight_mirror") == 0) {
    nai_rule *rule = rule_made(number, 2);
    nai_optimizer *sgd = plain_descent(1e-3);
    nai_trainer *trainer;
    expect_fails(nai_trainer_create(&trainer, net, rule, sgd, NULL), NAI_ERR_UNSUPPORTED,
                 "is of model '");
    nai_rule_destroy(rule);
    nai_optimizer_destroy(sgd);
  } else {
    nai_trainer *trainer = train(net, rule_made(number, 2), adam(3e-3));
    nai_progress now = NAI_PROGRESS_INIT;
    double first = 0;
    for (int k = 0; k < 80; k++) {
      expect_ok(nai_trainer_step(&now, trainer, trials));
      if (k == 0) first = now.cost;
    }
    ck_assert_msg(now.cost < 0.9 * first, "%s: from %g to %g", all_rules[number].name, first,
                  now.cost);
    nai_trainer_destroy(trainer);
  }
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

START_TEST(other_rules_name_population_and_model)
{
  nai_network *net = build_mixed("subtractive", 0);
  for (int k = 0; k < 2; k++) {
    nai_rule *rule;
    nai_trainer *trainer;
    nai_optimizer *sgd = plain_descent(1e-3);
    expect_ok(k == 0 ? nai_rule_create_weight_mirror(&rule, 1)
                     : nai_rule_create_full_force(&rule, 1));
    expect_fails(nai_trainer_create(&trainer, net, rule, sgd, NULL), NAI_ERR_UNSUPPORTED,
                 "'A' is of model 'adaptive_rate'");
    nai_rule_destroy(rule);
    nai_optimizer_destroy(sgd);
  }
  nai_network_destroy(net);
}
END_TEST

/* One thread and three, and a trial beside others or alone, give the same bits. */
START_TEST(bits_depend_on_no_grouping)
{
  uint64_t hash[2];
  for (int k = 0; k < 2; k++) {
    nai_network *net = _i ? build_released() : build_mixed("divisive", 0);
    nai_trials *trials = make_trials(net, 40);
    nai_trainer *trainer = train(net, bptt_rule(), adam(1e-2));
    expect_ok(nai_trainer_set(trainer, "threads", k ? 3 : 1));
    for (int update = 0; update < 3; update++) expect_ok(nai_trainer_step(NULL, trainer, trials));
    hash[k] = hash_of(net);
    nai_trainer_destroy(trainer);
    nai_trials_destroy(trials);
    nai_network_destroy(net);
  }
  EXPECT(hash[0] == hash[1]);
}
END_TEST

/* --- states ----------------------------------------------------------------------------------- */

START_TEST(snapshots_have_all_states)
{
  nai_network *net = _i ? build_released() : build_mixed("subtractive", 1);
  nai_state *a = make_state(net, 2, 5), *b = make_state(net, 2, 6);
  float input[7 * 2 * CHANNELS], first[7 * 2 * OUTPUTS], second[7 * 2 * OUTPUTS];
  expect_ok(nai_random_normals(input, 7 * 2 * CHANNELS, 3, 0));
  expect_ok(nai_state_run(NULL, NULL, a, 7, input));
  void *before = snapshot_of(a);
  expect_ok(nai_state_restore(b, before, nai_state_snapshot_size(b)));
  long allocations = faults_allocations();
  expect_ok(nai_state_run(first, NULL, a, 7, input));
  expect_ok(nai_state_run(second, NULL, b, 7, input));
  EXPECT(faults_allocations() == allocations);
  EXPECT(memcmp(first, second, sizeof first) == 0);
  EXPECT(same_states(a, b));
  free(before);
  nai_state_destroy(a);
  nai_state_destroy(b);
  nai_network_destroy(net);
}
END_TEST

/* --- files ------------------------------------------------------------------------------------ */

/* Numbers that differ between units, and between branches, are tensors. */
static void differ(nai_network *net)
{
  const double adaptation[] = {0.1, 0.2, 0.3, 0.4, 0.5}, d[] = {1, 2, 3, 4, 5, 6, 7, 8};
  expect_ok(nai_network_set_each(net, "A", "adaptation", adaptation, 5));
  expect_ok(nai_network_set_each(net, "D", "d", d, 8));
}

START_TEST(files_have_models)
{
  char folder[256], path[300];
  checks_folder(folder);
  snprintf(path, sizeof path, "%s/net.safetensors", folder);
  nai_network *net = build_kind(_i), *again, *copy;
  differ(net);
  expect_ok(nai_network_save(net, path));
  expect_ok(nai_network_load(&again, path, NULL));
  expect_ok(nai_network_copy(&copy, net));
  EXPECT(hash_of(again) == hash_of(net) && hash_of(copy) == hash_of(net));
  double d[8], read[8];
  expect_ok(nai_network_get_each(d, 8, net, "D", "d"));
  expect_ok(nai_network_get_each(read, 8, again, "D", "d"));
  EXPECT(memcmp(d, read, sizeof d) == 0);
  nai_state *a = make_state(net, 1, 5), *b = make_state(again, 1, 5);
  expect_ok(nai_state_run(NULL, NULL, a, 9, NULL));
  expect_ok(nai_state_run(NULL, NULL, b, 9, NULL));
  EXPECT(same_states(a, b));
  nai_state_destroy(a);
  nai_state_destroy(b);
  unlink(path);
  rmdir(folder);
  nai_network_destroy(copy);
  nai_network_destroy(again);
  nai_network_destroy(net);
}
END_TEST

/* Projections of one pair that differ in their port each have their moments, and their rate. */
START_TEST(checkpoints_tell_projections_by_their_ports)
{
  char folder[256], path[300];
  checks_folder(folder);
  snprintf(path, sizeof path, "%s/trainer.safetensors", folder);
  uint64_t hash[2];
  for (int k = 0; k < 2; k++) {
    nai_network *net = build_mixed("subtractive", 0);
    nai_trials *trials = make_trials(net, TRIALS);
    nai_trainer *trainer = train(net, bptt_rule(), adam(1e-2));
    double factor;
    expect_ok(nai_trainer_set_rate(trainer, "A", "D:dendrite+", 0.5));
    expect_ok(nai_trainer_set_rate(trainer, "A", NULL, 2));
    expect_ok(nai_trainer_rate(&factor, trainer, "A", "D:dendrite-"));
    ck_assert_double_eq(factor, 1);
    if (k) expect_ok(nai_trainer_restore(trainer, path));
    for (int update = k ? 3 : 0; update < 6; update++) {
      if (update == 3 && !k) expect_ok(nai_trainer_save(trainer, path));
      expect_ok(nai_trainer_step(NULL, trainer, trials));
    }
    hash[k] = hash_of(net);
    if (k) {
      expect_ok(nai_trainer_set_rate(trainer, "A", "D:dendrite+", 1));
      expect_ok(nai_trainer_set_rate(trainer, "A", "D:dendrite-", 0.5));
      expect_fails(nai_trainer_restore(trainer, path), NAI_ERR_INVALID, "A -> D:dendrite");
    }
    nai_trainer_destroy(trainer);
    nai_trials_destroy(trials);
    nai_network_destroy(net);
  }
  EXPECT(hash[0] == hash[1]);
  unlink(path);
  rmdir(folder);
}
END_TEST

/* Words of a file by others of the same length. */
static void replace(char *data, size_t size, const char *was, const char *is)
{
  size_t n = strlen(was);
  EXPECT(strlen(is) == n);
  for (size_t i = 0; i + n <= size; i++)
    if (memcmp(data + i, was, n) == 0) {
      memcpy(data + i, is, n);
      return;
    }
  ck_abort_msg("'%s' is not in the file", was);
}

START_TEST(files_that_lie_about_models)
{
  static const struct {
    const char *was, *is, *words;
  } lies[] = {
      {"\\\"model\\\":\\\"dendritic\\\"", "\\\"model\\\":\\\"dentritic\\\"", "'dentritic'"},
      {"\\\"lag\\\"", "\\\"lug\\\"", "'lug'"},
      {"\\\"branches\\\":2", "\\\"branches\\\":3", "D:dendrite"},
      {"\\\"branches\\\":2", "\\\"branches\\\":0", "branches"},
      {"\\\"branches\\\"", "\\\"brunches\\\"", "brunches"},
      {"\\\"port\\\":\\\"dendrite+\\\"", "\\\"port\\\":\\\"dendrite*\\\"", "dendrite*"},
      {"\\\"adaptation\\\"", "\\\"adoptation\\\"", "'adoptation'"},
      {"\\\"d: D\\\"", "\\\"d: E\\\"", "must be a number or 'd: D'"},
      {"\"d: D\"", "\"d: E\"", "'d: D'"},
      {"\\\"tsodyks_markram\\\"", "\\\"tsodyks_malkram\\\"", "tsodyks_malkram"},
      {"\\\"tau_x\\\"", "\\\"tau_y\\\"", "'tau_y'"},
      {"\\\"hz\\\":25", "\\\"hz\\\":-5", "hz[0] is -5"},
      {"\\\"U: short term 2\\\"", "\\\"U: short term 3\\\"", "'U: short term 2'"},
      {"\\\"short_term\\\":0", "\\\"short_term\\\":4", "'short_term' is 4, must be 0 to 3"},
      {"\\\"short_term\\\":0", "\\\"short_term\\\":2", "short_term has 4 values"},
      {"\\\"n\\\":4,\\\"U\\\"", "\\\"n\\\":0,\\\"U\\\"", "n"},
  };
  char folder[256], path[300];
  checks_folder(folder);
  snprintf(path, sizeof path, "%s/net.safetensors", folder);
  nai_network *net = build_released(), *again;
  for (size_t k = 0; k < sizeof lies / sizeof *lies; k++) {
    if (strstr(lies[k].was, "d: D")) differ(net);
    expect_ok(nai_network_save(net, path));
    FILE *file = fopen(path, "rb+");
    static char data[1 << 16];
    size_t size = fread(data, 1, sizeof data, file);
    EXPECT(size > 0 && size < sizeof data);
    replace(data, size, lies[k].was, lies[k].is);
    rewind(file);
    EXPECT(fwrite(data, 1, size, file) == size);
    fclose(file);
    expect_fails(nai_network_load(&again, path, NULL), NAI_ERR_FORMAT, lies[k].words);
    ck_assert_ptr_null(again);
  }
  unlink(path);
  rmdir(folder);
  nai_network_destroy(net);
}
END_TEST

START_TEST(composing_without_memory)
{
  nai_network *whole = compose_mixed("divisive", 0);
  expect_ok(nai_network_build(whole, 3));
  int failures = 0;
  for (nai_status status = NAI_ERR_MEMORY; status != NAI_OK; failures++) {
    nai_network *net = NULL;
    faults_fail_allocation(failures);
    status = nai_network_create(&net, 10);
    if (status == NAI_OK) {
      compose_populations(net, "divisive", 0);
      for (int k = 0; k < ENDS; k++) nai_network_connect(net, ends[k].from, ends[k].to);
      nai_network_set_initial_weights(net, "*", "P", NAI_WEIGHTS_CONSTANT, 0, 0);
      nai_network_set_initial_weights(net, "*", "P", NAI_WEIGHTS_CONSTANT, 0, 0);
      nai_network_set_delay(net, "A", "D:dendrite-", 30);
      nai_network_set_delay(net, "D", "D:dendrite+", 20);
      nai_network_set_delay(net, "R", "D:soma", 0);
      status = nai_network_build(net, 3);
    }
    faults_fail_allocation(-1);
    EXPECT(status == NAI_OK || status == NAI_ERR_MEMORY);
    if (status == NAI_OK) EXPECT(hash_of(net) == hash_of(whole));
    nai_network_destroy(net);
  }
  ck_assert_int_gt(failures, 20);
  nai_network_destroy(whole);
}
END_TEST

Suite *models_suite(void);

Suite *models_suite(void)
{
  Suite *suite = suite_create("models");
  ADD_CASE(suite, "fields", models_list_their_fields, ports_are_named_with_a_colon,
           wrong_models_and_numbers_are_refused);
  ADD_CASE(suite, "marks", models_mark_potentials, a_port_without_a_twin_takes_its_sign_alone);
  TCase *potentials = tcase_create("potentials");
  tcase_add_loop_test(potentials, potentials_are_exempt_from_dales_law, 0, SENDERS);
  tcase_add_loop_test(potentials, constraints_and_ports_give_potentials_a_sign, 0, SENDERS);
  tcase_add_loop_test(potentials, listed_potentials_are_exempt, 0, SENDERS);
  tcase_add_loop_test(potentials, potentials_choose_no_port, 0, SENDERS);
  suite_add_tcase(suite, potentials);
  TCase *gradients = tcase_create("gradients");
  tcase_add_loop_test(gradients, gradients_by_central_differences, 0, KINDS);
  tcase_add_loop_test(gradients, initial_states_by_central_differences, 0, KINDS);
  tcase_add_loop_test(gradients, forward_and_backward_agree, 0, KINDS);
  tcase_add_test(gradients, slopes_are_right_in_long_populations);
  tcase_add_test(gradients, slopes_are_right_where_terms_cancel);
  tcase_add_test(gradients, output_noise_is_added_to_rates);
  suite_add_tcase(suite, gradients);
  TCase *rules = tcase_create("rules");
  tcase_add_loop_test(rules, rules_train_every_model_or_refuse_it, 0, 2 * n_rules);
  suite_add_tcase(suite, rules);
  ADD_CASE(suite, "refusals", other_rules_name_population_and_model);
  TCase *states = tcase_create("states");
  tcase_add_loop_test(states, bits_depend_on_no_grouping, 0, 2);
  tcase_add_loop_test(states, snapshots_have_all_states, 0, 2);
  suite_add_tcase(suite, states);
  TCase *files = tcase_create("files");
  tcase_add_loop_test(files, files_have_models, 0, KINDS);
  suite_add_tcase(suite, files);
  ADD_CASE(suite, "lies", checkpoints_tell_projections_by_their_ports, files_that_lie_about_models,
           composing_without_memory);
  return suite;
}
