/* Networks of which parts are frozen, whose updates leave these out. */
#include <neuroai/extend.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rules.h"

static void copy_of(float *out, const nai_network *net, const char *from, const char *to)
{
  nai_view w = weights_of(net, from, to);
  for (int64_t i = 0; i < w.shape[0] * w.shape[1]; i++)
    out[i] = at(&w, i / w.shape[1], i % w.shape[1]);
}

static int differ(const float *a, const float *b)
{
  for (int64_t i = 0; i < 18; i++)
    if (a[i] != b[i]) return 1;
  return 0;
}

/* What a batch costs: of the packed weights, which products read. */
static double cost_of(nai_network *net, const nai_trials *trials)
{
  nai_progress now = NAI_PROGRESS_INIT;
  nai_trainer *trainer = train_by_bptt(net, 1);
  nai_cost *cost;
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  expect_ok(nai_trainer_estimate_gradient(&now, trainer, trials));
  nai_trainer_destroy(trainer);
  return now.cost;
}

/* Frozen and plastic by turns, with new weights while frozen: outputs are always those of a copy. */
START_TEST(what_is_frozen_is_left_out_and_comes_back)
{
  nai_network *net, *copy;
  float before[18] = {0}, after[18] = {0};
  expect_ok(nai_network_create(&net, 1));
  nai_network_add_input(net, "u", 6);
  nai_network_add_population(net, "h", 6, NAI_FREE);
  nai_network_add_output(net, "z", 3);
  nai_network_connect(net, "u", "h");
  nai_network_connect(net, "h", "h z");
  expect_ok(nai_network_set(net, "h", "tau", 2));
  expect_ok(nai_network_build(net, 2));
  nai_trainer *trainer = train_by_bptt(net, 0.3);
  nai_trials *trials = normal_trials(net, "z", 4, 9);
  nai_cost *cost;
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  for (int turn = 0; turn < 6; turn++) {
    expect_ok(nai_network_set_plastic(net, "h", "z", turn % 2));
    copy_of(before, net, "h", "z");
    if (turn == 2) {
      for (int i = 0; i < 18; i++) before[i] *= 1.5f;
      expect_ok(nai_network_set_weights(net, "h", "z", before, 3, 6));
    }
    expect_ok(nai_trainer_step(NULL, trainer, trials));
    copy_of(after, net, "h", "z");
    ck_assert_int_eq(differ(before, after), turn % 2);
    nai_view g = NAI_VIEW_INIT;
    expect_ok(nai_trainer_gradient(&g, trainer, "h", "z"));
    for (int64_t i = 0; i < 18 && turn % 2 == 0; i++) EXPECT(at(&g, i / 6, i % 6) == 0);
    expect_ok(nai_network_copy(&copy, net));
    ck_assert_double_eq(cost_of(net, trials), cost_of(copy, trials));
    nai_network_destroy(copy);
  }
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- by every rule ---------------------------------------------------------------------------- */

/* Matrices of their own, by their delays, that do not learn, between units that do. */
static nai_network *build_frozen_ways(void)
{
  nai_network *net =
      COMPOSE(.dt = 1, .inputs = {{"u", 6}},
              .populations = {{"h", 6, NAI_FREE}, {"g", 3, NAI_FREE}}, .outputs = {{"z", 3}},
              .projections = {{"u", "h"}, {"h", "h"}, {"h", "g"}, {"g", "h"}, {"h g", "z"}});
  nai_network_set(net, "h g", "tau", 3);
  nai_network_set_delay(net, "h", "g", 2);
  nai_network_set_delay(net, "g", "h", 3);
  nai_network_set_plastic(net, "h", "g", 0);
  nai_network_set_plastic(net, "g", "h", 0);
  expect_ok(nai_network_build(net, 2));
  return net;
}

/* 0 and on: by dJ/dz and dJ/dr; then those of other_rules that take such a network. */
static nai_rule *some_rule(int k)
{
  static const char *const others[] = {"rtrl",           "uoro", "own", "node_perturbation",
                                       "reward_hebbian", "force"};
  if (k < n_rules) return rule_made(k, 3);
  nai_rule *rule = NULL;
  for (int i = 0; k - n_rules < 6 && i < n_other_rules; i++)
    if (strcmp(other_rules[i].name, others[k - n_rules]) == 0)
      expect_ok(other_rules[i].create(&rule, 3));
  return rule;
}

START_TEST(no_rule_moves_what_is_frozen)
{
  nai_rule *rule;
  for (int k = 0; (rule = some_rule(k)); k++) {
    nai_network *net = build_frozen_ways(), *copy;
    float before[2][18], after[2][18];
    copy_of(before[0], net, "h", "g");
    copy_of(before[1], net, "g", "h");
    char name[64];
    snprintf(name, sizeof name, "%s", nai_rule_name(rule));
    nai_trainer *trainer = trainer_of(net, rule, _i ? adam(0.01) : plain_descent(0.01));
    nai_trials *trials = normal_trials(net, "z", 4, 9);
    nai_cost *cost;
    attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
    for (int update = 0; update < 4; update++) expect_ok(nai_trainer_step(NULL, trainer, trials));
    nai_trainer_destroy(trainer);
    copy_of(after[0], net, "h", "g");
    copy_of(after[1], net, "g", "h");
    ck_assert_msg(memcmp(before, after, sizeof before) == 0, "%s moves what is frozen", name);
    expect_ok(nai_network_copy(&copy, net));
    ck_assert_msg(cost_of(net, trials) == cost_of(copy, trials), "%s: products are of others",
                  name);
    nai_network_destroy(copy);
    nai_trials_destroy(trials);
    nai_network_destroy(net);
  }
}
END_TEST

/* --- guarded ---------------------------------------------------------------------------------- */

static nai_status write_seven(void *user, nai_synapses *s)
{
  (void)user;
  for (int64_t i = 0; i < s->n_post; i++)
    for (int64_t j = 0; j < s->n_pre; j++) s->weight[i * s->stride + j] = 7;
  return NAI_OK;
}

/* u to h, all to all, whose weights a constraint wants to be 7 after each update. */
static nai_network *build_sevens(void)
{
  nai_constraint_ops ops = {.struct_size = sizeof ops, .name = "seven", .project = write_seven};
  nai_constraint *constraint;
  nai_network *net = COMPOSE(.dt = 1, .inputs = {{"u", 17}}, .populations = {{"h", 5, NAI_FREE}},
                             .outputs = {{"z", 3}}, .projections = {{"u", "h"}, {"h", "z"}});
  expect_ok(nai_constraint_create(&constraint, &ops, NULL));
  expect_ok(nai_network_constrain(net, "u", "h", constraint));
  nai_constraint_destroy(constraint);
  expect_ok(nai_network_build(net, 2));
  return net;
}

static void update_once(nai_network *net)
{
  nai_trainer *trainer = train_by_bptt(net, 0.1);
  nai_trials *trials = normal_trials(net, "z", 2, 3);
  nai_cost *cost;
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
}

static void expect_sevens(const nai_network *net, const uint8_t *mask)
{
  nai_view w = weights_of(net, "u", "h");
  for (int64_t k = 0; k < 5 * 17; k++) EXPECT(at(&w, k / 17, k % 17) == (mask[k] ? 7 : 0));
}

/* Where all synapses exist nothing is guarded; so from the first on that does not, in any way. */
START_TEST(a_constraint_fills_what_exists_and_learns)
{
  nai_network *net = build_sevens(), *copy;
  uint8_t mask[5 * 17];
  float before[5 * 17];
  for (int k = 0; k < 5 * 17; k++) mask[k] = 1;
  update_once(net);
  expect_sevens(net, mask);
  mask[4 * 17 + 16] = 0; /* the last one */
  expect_ok(nai_network_set_mask(net, "u", "h", mask, 5, 17));
  expect_sevens(net, mask);
  update_once(net);
  expect_sevens(net, mask);
  expect_ok(nai_network_copy(&copy, net));
  update_once(copy);
  expect_sevens(copy, mask);
  expect_ok(nai_network_set_plastic(copy, "u", "h", 0));
  for (int k = 0; k < 5 * 17; k++) before[k] = (float)(k % 5) * mask[k];
  expect_ok(nai_network_set_weights(copy, "u", "h", before, 5, 17));
  update_once(copy);
  nai_view w = weights_of(copy, "u", "h");
  for (int64_t k = 0; k < 5 * 17; k++) EXPECT(at(&w, k / 17, k % 17) == before[k]);
  expect_ok(nai_network_set_plastic(copy, "u", "h", 1));
  update_once(copy);
  expect_sevens(copy, mask);
  nai_network_destroy(copy);
  nai_network_destroy(net);
}
END_TEST

/* --- undone ----------------------------------------------------------------------------------- */

static nai_status refuse_if(void *user, nai_synapses *s)
{
  (void)s;
  return *(const int *)user ? -42 : NAI_OK;
}

enum { MANY = 120 };

/* More weights than are moved at once, and a constraint on the last ones that refuses when it is told. */
static nai_network *build_many(int *refuses)
{
  nai_constraint_ops ops = {.struct_size = sizeof ops, .name = "refusal", .project = refuse_if};
  nai_constraint *constraint;
  nai_network *net =
      COMPOSE(.dt = 1, .inputs = {{"u", MANY}}, .populations = {{"h", MANY, NAI_FREE}},
              .outputs = {{"z", 3}}, .projections = {{"u", "h"}, {"h", "z"}});
  expect_ok(nai_network_set(net, "h", "tau", 1));
  if (refuses) {
    expect_ok(nai_constraint_create(&constraint, &ops, refuses));
    expect_ok(nai_network_constrain(net, "h", "z", constraint));
    nai_constraint_destroy(constraint);
  }
  expect_ok(nai_network_build(net, 2));
  ck_assert_int_gt(net->n_theta, 3 * 4096);
  return net;
}

/* Of the error of the output. */
static nai_trainer *train_output(nai_network *net, nai_rule *rule, nai_optimizer *optimizer)
{
  nai_cost *cost;
  nai_trainer *trainer = trainer_of(net, rule, optimizer);
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  return trainer;
}

static nai_trainer *train_many(nai_network *net, int kind)
{
  nai_rule *rule;
  nai_trainer *trainer;
  nai_optimizer *optimizer;
  float feedback[3 * MANY];
  expect_ok(nai_rule_create_feedback_alignment(&rule, 1));
  expect_ok(kind == 0   ? nai_optimizer_create_sgd(&optimizer, 1)
            : kind == 1 ? nai_optimizer_create_momentum(&optimizer, 1)
                        : nai_optimizer_create_adamw(&optimizer, 1e6));
  if (kind == 2) expect_ok(nai_optimizer_set(optimizer, "decay", 1e3));
  trainer = train_output(net, rule, optimizer);
  for (int k = 0; k < 3 * MANY; k++) feedback[k] = (float)(k % 5) - 2;
  expect_ok(nai_trainer_set_feedback(trainer, "h", "z", feedback));
  return trainer;
}

/* The weights, the moments and what the rule keeps; and the feedback weights are those that were set. */
static void expect_as_before(const nai_trainer *trainer, uint64_t before)
{
  const nai__plasticity *p = &trainer->plasticity;
  nai_view kept = NAI_VIEW_INIT;
  ck_assert(hash_of(p->net) == before);
  for (int64_t i = 0; i < p->net->n_theta; i++)
    ck_assert((!p->mean || p->mean[i] == 0) && (!p->square || p->square[i] == 0));
  expect_ok(nai_trainer_feedback(&kept, trainer, "h", "z"));
  for (int64_t k = 0; k < 3 * MANY; k++)
    EXPECT(at(&kept, k / kept.shape[1], k % kept.shape[1]) == (float)(k % 5) - 2);
}

/* All of them have moved when it fails. */
START_TEST(an_update_that_fails_moves_none_of_many_weights)
{
  int refuses = 0;
  nai_network *net = build_many(&refuses);
  nai_trainer *trainer = train_many(net, _i);
  nai_trials *trials = normal_trials(net, "z", 1, 3);
  uint64_t before = hash_of(net);
  refuses = 1;
  expect_fails(nai_trainer_step(NULL, trainer, trials), -42, "refusal");
  expect_as_before(trainer, before);
  refuses = 0;
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  ck_assert(hash_of(net) != before);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* Moments from elsewhere, as a checkpoint may hold them: the last one alone is extraordinary. */
START_TEST(a_moment_that_spoils_a_weight_is_found)
{
  static const struct {
    int square;
    float value;
    const char *found;
  } cases[] = {{0, 3e38f, "[119][119]"}, {0, -3e38f, "[119][119]"}, {1, -1, "[119][119]"}};
  nai_network *net = build_many(NULL);
  nai_trainer *trainer = train_output(net, bptt_rule(), adam(100));
  nai_trials *trials = normal_trials(net, "z", 1, 3);
  nai__plasticity *p = &trainer->plasticity;
  const nai__projection *from_inputs = &net->projection[0];
  ck_assert(from_inputs->at.rows == MANY && from_inputs->at.columns == MANY);
  int64_t last = nai__place_in(&from_inputs->at, MANY - 1, MANY - 1);
  uint64_t before = hash_of(net);
  float *moment = cases[_i].square ? p->square : p->mean;
  moment[last] = cases[_i].value;
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_NONFINITE, cases[_i].found);
  ck_assert(hash_of(net) == before && moment[last] == cases[_i].value && p->moves == 0);
  moment[last] = 0;
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  ck_assert(hash_of(net) != before);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* After updates that passed, moments are not looked at; but from a checkpoint they come from elsewhere. */
START_TEST(a_moment_that_a_checkpoint_spoils_is_found)
{
  char folder[256], path[300];
  checks_folder(folder);
  snprintf(path, sizeof path, "%s/extraordinary.safetensors", folder);
  nai_network *net = build_many(NULL);
  nai_trainer *trainer = train_output(net, bptt_rule(), adam(100));
  nai_trials *trials = normal_trials(net, "z", 1, 3);
  nai__plasticity *p = &trainer->plasticity;
  int64_t last = nai__place_in(&net->projection[0].at, MANY - 1, MANY - 1);
  for (int k = 0; k < 2; k++) expect_ok(nai_trainer_step(NULL, trainer, trials));
  ck_assert(p->are_ordinary);
  float usual = p->mean[last];
  p->mean[last] = 3e38f;
  expect_ok(nai_trainer_save(trainer, path));
  p->mean[last] = usual;
  expect_ok(nai_trainer_restore(trainer, path));
  ck_assert(p->mean[last] == 3e38f && !p->are_ordinary);
  remove(path);
  rmdir(folder);
  uint64_t before = hash_of(net);
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_NONFINITE, "[119][119]");
  ck_assert(hash_of(net) == before && p->mean[last] == 3e38f && !p->are_ordinary);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* A momentum adds gradients up, and so may leave the bound: it is looked at before each move. */
START_TEST(a_momentum_is_always_looked_at)
{
  nai_network *net = build_many(NULL);
  nai_optimizer *momentum;
  expect_ok(nai_optimizer_create_momentum(&momentum, 1e-3));
  nai_trainer *trainer = train_output(net, bptt_rule(), momentum);
  nai_trials *trials = normal_trials(net, "z", 1, 3);
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  ck_assert(!trainer->plasticity.are_ordinary);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* The last one alone, which decays by far too much. */
START_TEST(one_infinite_weight_of_many_is_found)
{
  static float weight[MANY * MANY];
  nai_network *net = build_many(NULL);
  nai_trials *trials;
  weight[MANY * MANY - 1] = 1e33f; /* carries an input of 0 */
  expect_ok(nai_network_set_weights(net, "u", "h", weight, MANY, MANY));
  nai_trainer *trainer = train_many(net, 2);
  float target[3] = {1, 1, 1};
  expect_ok(nai_trials_create(&trials, net, 1, 1));
  expect_ok(nai_trials_set_targets(trials, "z", target, 3));
  uint64_t before = hash_of(net);
  expect_fails(nai_trainer_step(NULL, trainer, trials), NAI_ERR_NONFINITE,
               "update 1 would make the weight from 'u' to 'h' at [119][119] -inf");
  expect_as_before(trainer, before);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* Of more weights than are moved at once, those of the first receivers are fixed, and these alone stay. */
START_TEST(fixed_weights_stay_among_many)
{
  enum { PRE = 90, POST = 100, FIXED = 30 };
  static float before[POST * PRE];
  static uint8_t fixed[POST * PRE];
  nai_network *net =
      COMPOSE(.dt = 20, .inputs = {{"u", PRE}}, .populations = {{"a", POST, NAI_FREE}},
              .outputs = {{"z", 1}}, .projections = {{"u", "a"}, {"a", "z"}});
  nai_constraint *some;
  nai_optimizer *o;
  nai_cost *cost;
  memset(fixed, 1, FIXED * PRE);
  expect_ok(nai_constraint_create_fixed(&some, fixed, POST, PRE));
  expect_ok(nai_network_constrain(net, "u", "a", some));
  nai_constraint_destroy(some);
  expect_ok(nai_network_set_transfer(net, "a", NAI_TRANSFER_TANH));
  expect_ok(nai_network_build(net, 1));
  nai_trials *trials = normal_trials(net, "z", 5, 3);
  expect_ok(nai_optimizer_create_adamw(&o, 0.01));
  nai_trainer *trainer = trainer_of(net, bptt_rule(), o);
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  nai_view w = weights_of(net, "u", "a");
  for (int i = 0; i < POST * PRE; i++) before[i] = at(&w, i / PRE, i % PRE);
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  for (int i = 0; i < POST * PRE; i++)
    EXPECT((at(&w, i / PRE, i % PRE) == before[i]) == (i < FIXED * PRE));
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

Suite *frozen_suite(void);

Suite *frozen_suite(void)
{
  Suite *suite = suite_create("frozen");
  TCase *rules = tcase_create("rules");
  suite_add_tcase(suite, rules);
  tcase_add_loop_test(rules, no_rule_moves_what_is_frozen, 0, 2);
  ADD_CASE(suite, "frozen", what_is_frozen_is_left_out_and_comes_back,
           fixed_weights_stay_among_many);
  ADD_CASE(suite, "guarded", a_constraint_fills_what_exists_and_learns);
  TCase *undone = tcase_create("undone");
  tcase_add_loop_test(undone, an_update_that_fails_moves_none_of_many_weights, 0, 3);
  tcase_add_test(undone, one_infinite_weight_of_many_is_found);
  tcase_add_loop_test(undone, a_moment_that_spoils_a_weight_is_found, 0, 3);
  tcase_add_test(undone, a_moment_that_a_checkpoint_spoils_is_found);
  tcase_add_test(undone, a_momentum_is_always_looked_at);
  suite_add_tcase(suite, undone);
  return suite;
}
