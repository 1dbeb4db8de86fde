/*
 * Rules where synapses are listed, against the same networks as matrices: random sizes and densities, rules
 * that want networks of their own, delays that differ, users' rules row by row.
 */
#include <math.h>
#include <neuroai/extend.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/network/network.h"
#include "../lib/train/trainer.h"
#include "faults.h"
#include "listed.h"
#include "rules.h"

/* How a network is stored: as matrices, as lists, or every other projection as a list. */
enum { MATRICES, LISTS, BOTH };

static void store(nai_network *net, int how)
{
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    expect_ok(nai_network_set_storage(net, nai__source_name(net, p), nai__target_name(net, p),
                                      how == LISTS || (how == BOTH && k % 2) ? NAI_STORAGE_LISTED
                                                                             : NAI_STORAGE_DENSE));
  }
}

static int64_t between(uint64_t seed, uint64_t number, int64_t low, int64_t high)
{
  return low + (int64_t)(nai_random_uniform(seed, number, 0) * (double)(high - low + 1));
}

/* --- the same learning -------------------------------------------------------------------------- */

/* A network with an output "z", as it is stored, and what makes a rule. */
typedef struct subject {
  nai_network *(*build)(int how, uint64_t seed);
  nai_status (*rule)(nai_rule **out, uint64_t seed);
  const char *name; /* of the rule */
  int64_t steps, trials;
  int rates; /* 1: costs on rates, too */
  double rate, most;
} subject;

static nai_trainer *train(const subject *s, nai_network *net, int every)
{
  nai_rule *rule;
  nai_cost *cost;
  expect_ok(s->rule(&rule, 3));
  if (every && nai_rule_set(rule, "update_every", every) != NAI_OK) {
    nai_rule_destroy(rule);
    return NULL;
  }
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(s->rate));
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  if (s->rates) attach_cost(trainer, nai_cost_create_l2_rates(&cost, "*"), &cost, 0.01);
  return trainer;
}

/* Costs and weights of two updates, by lists on so many threads. */
static void learn_alike(const subject *s, int how, uint64_t seed, int every, int threads)
{
  nai_network *net[2] = {s->build(how, seed), s->build(MATRICES, seed)};
  ck_assert_int_eq(listed_in(net[1]), 0);
  ck_assert_int_gt(listed_in(net[0]), 0);
  expect_same_synapses(net[0], net[1], 0);
  nai_trials *trials = normal_trials(net[0], "z", s->steps, s->trials);
  nai_trainer *trainer[2] = {train(s, net[0], every), train(s, net[1], every)};
  const uint64_t before = hash_of(net[0]);
  if (trainer[0] && has_feedback(s->name)) copy_feedback(trainer[1], trainer[0], net[0]);
  if (trainer[0]) expect_ok(nai_trainer_set(trainer[0], "threads", threads));
  for (int update = 0; update < 2 && trainer[0]; update++) {
    nai_progress now[2] = {NAI_PROGRESS_INIT, NAI_PROGRESS_INIT};
    for (int k = 0; k < 2; k++) expect_ok(nai_trainer_step(&now[k], trainer[k], trials));
    EXPECT(fabs(now[0].cost - now[1].cost) <= 1e-5 * fabs(now[1].cost));
  }
  if (trainer[0]) EXPECT(hash_of(net[0]) != before);
  expect_same_synapses(net[0], net[1], s->most);
  for (int k = 0; k < 2; k++) {
    nai_trainer_destroy(trainer[k]);
    nai_network_destroy(net[k]);
  }
  nai_trials_destroy(trials);
}

static const rule_case *case_of(int number)
{
  return number < n_rules ? &all_rules[number] : &other_rules[number - n_rules];
}

static const rule_case *case_named(const char *name)
{
  for (int i = 0; i < n_rules + n_other_rules; i++)
    if (strcmp(case_of(i)->name, name) == 0) return case_of(i);
  ck_abort_msg("there is no rule '%s'", name);
  return NULL;
}

/* A rule of a user's own that reads all that it is shown of rate units. */
static nai_status local_step(void *user, nai_local_step *s)
{
  (void)user;
  for (int64_t b = 0; b < s->trials; b++)
    for (int64_t i = 0; i < s->n_post; i++)
      for (int64_t j = 0; j < s->n_pre; j++) {
        const int64_t at = b * s->n_post + i;
        float *trace = &s->trace[at * s->n_pre + j],
              *slow = trace + s->trials * s->n_post * s->n_pre;
        *trace += s->alpha[i] * (s->pre[b * s->n_pre + j] - *trace);
        *slow += 0.1f * (*trace - *slow);
        s->change[i * s->stride + j] +=
            s->running[b] * (s->signal[at] * s->slope[at] * *trace + 0.1f * s->post[at] * *slow) +
            0.01f * s->weight[i * s->stride + j];
      }
  return NAI_OK;
}

static nai_status local(nai_rule **out, uint64_t seed)
{
  nai_rule_ops ops = {
      .struct_size = sizeof ops, .name = "local", .n_traces = 2, .step = local_step};
  return nai_rule_create(out, &ops, seed, NULL);
}

static nai_status (*creator(const rule_case *rule))(nai_rule **out, uint64_t seed)
{
  return strcmp(rule->name, "own") == 0 ? local : rule->create;
}

/* --- random networks ------------------------------------------------------------------------------ */

enum { MOST_UNITS = 90 };

static void lack_one(nai_network *net, int64_t n, uint64_t seed)
{
  uint8_t mask[20 * MOST_UNITS];
  nai_constraint *c;
  const int64_t channels = between(seed, 3, 1, 20);
  for (int64_t k = 0; k < channels * n; k++) mask[k] = k % n != (k / n * 7 + 3) % (n + 2);
  constrain_by(net, "a", "z", nai_constraint_create_mask(&c, mask, channels, n), &c);
}

/*
 * Odd sizes, densities from hardly any to nearly all, all kinds of time constants; the leak on the current.
 * "a" to "z" lacks one synapse of each channel at most.
 */
static nai_network *compose_random(int how, uint64_t seed)
{
  const int64_t n = between(seed, 1, 2, MOST_UNITS);
  double tau[MOST_UNITS];
  nai_network *net =
      COMPOSE(.dt = 10, .inputs = {{"u", between(seed, 0, 1, 9)}},
              .populations = {{"a", n, NAI_FREE}, {"b", between(seed, 2, 1, 40), NAI_INHIBITORY}},
              .outputs = {{"z", between(seed, 3, 1, 20)}},
              .projections = {{"u", "a b"}, {"a b", "a b"}, {"a b", "z"}});
  nai_constraint *some;
  for (int64_t k = 0; k + 2 < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    const double density = pow(nai_random_uniform(seed, 4, (uint64_t)k), 2);
    constrain_by(net, nai__source_name(net, p), nai__target_name(net, p),
                 nai_constraint_create_sparse(&some, 0.03 + 0.9 * density), &some);
  }
  expect_ok(nai_network_set_leak(net, "a b", NAI_LEAK_CURRENT));
  expect_ok(nai_network_set_transfer(net, "a b", NAI_TRANSFER_TANH));
  expect_ok(nai_network_set_radius(net, "a b", 0.9));
  lack_one(net, n, seed);
  for (int64_t i = 0; i < n; i++) tau[i] = 20 + (double)i;
  expect_ok(nai_network_set_each(net, "a", "tau", tau, n));
  expect_ok(nai_network_set(net, "b", "tau", 35));
  store(net, how);
  return net;
}

static nai_network *build_prompt(int how, uint64_t seed)
{
  nai_network *net = compose_random(how, seed);
  expect_ok(nai_network_build(net, seed));
  return net;
}

static nai_network *build_random(int how, uint64_t seed)
{
  nai_network *net = compose_random(how, seed);
  expect_ok(nai_network_set_delay(net, "b", "a", 20));
  expect_ok(nai_network_set_delay(net, "u", "b", 30));
  expect_ok(nai_network_build(net, seed));
  return net;
}

/* Least squares make large weights out of small differences. */
static subject random_subject(int number)
{
  const rule_case *rule = case_of(number);
  const int squares = strstr(rule->name, "orce") || strstr(rule->name, "FORCE");
  return (subject){.build = strcmp(rule->name, "full-force") ? build_random : build_prompt,
                   .rule = creator(rule),
                   .name = rule->name,
                   .steps = 9,
                   .trials = squares ? 2 : 19,
                   .rates = number < n_rules,
                   .rate = 0.05,
                   .most = squares ? 1e-4 : 1e-5};
}

static int wants_its_own_network(const char *rule)
{
  return strcmp(rule, "predictive_coding") == 0 || strcmp(rule, "dendritic_error") == 0 ||
         strcmp(rule, "equilibrium_propagation") == 0 ||
         (strncmp(rule, "sign_symmetry", 13) == 0 && !strstr(rule, "uniform"));
}

START_TEST(random_networks_learn_alike)
{
  const subject s = random_subject(_i);
  if (wants_its_own_network(s.name)) return; /* sign_symmetry: other sizes are drawn for lists */
  for (uint64_t seed = 1; seed <= 4; seed++)
    for (int every = 0; every < 2; every++)
      learn_alike(&s, seed % 2 ? LISTS : BOTH, seed, every, 1 + (int)seed % 3);
}
END_TEST

/* --- layers, for predictive coding ------------------------------------------------------------------ */

static nai_network *build_layers(int how, uint64_t seed)
{
  nai_network *net =
      COMPOSE(.dt = 20, .inputs = {{"u", 5}, {"v", 31}},
              .populations = {{"a", 41, NAI_FREE}, {"b", 23, NAI_FREE}}, .outputs = {{"z", 3}},
              .projections = {{"u v", "a"}, {"a", "b"}, {"a b", "z"}, {"v", "b"}});
  make_sparse(net, "a b", 0.3);
  expect_ok(nai_network_set(net, "a b", "tau", 20));
  expect_ok(nai_network_set_transfer(net, "a b", NAI_TRANSFER_TANH));
  expect_ok(nai_network_set_delay(net, "a", "b", 0));
  store(net, how);
  expect_ok(nai_network_set_delay(net, "v", "b", 40));
  expect_ok(nai_network_build(net, seed));
  return net;
}

static nai_status fixed_coding(nai_rule **out, uint64_t seed)
{
  (void)seed;
  expect_ok(nai_rule_create_predictive_coding(out));
  return nai_rule_set(*out, "fixed", 1);
}

static nai_status coding(nai_rule **out, uint64_t seed)
{
  (void)seed;
  return nai_rule_create_predictive_coding(out);
}

START_TEST(layers_learn_alike_by_predictive_coding)
{
  const subject s = {.build = build_layers,
                     .rule = _i / 2 ? coding : fixed_coding,
                     .name = "predictive_coding",
                     .steps = 4,
                     .trials = 13,
                     .rates = 1,
                     .rate = 0.05,
                     .most = 1e-5};
  learn_alike(&s, _i % 2 ? LISTS : BOTH, 5, 0, 2);
}
END_TEST

/* --- loops, for equilibrium propagation ------------------------------------------------------------- */

enum { LOOP = 21, PAIRS = 70 };

/* Pairs within a, and of a and b, each in both directions. */
static void list_pairs(nai_network *net, const char *from, const char *to, int64_t n_pre,
                       int64_t n_post)
{
  const int within = strcmp(from, to) == 0;
  int64_t pre[2 * PAIRS], post[2 * PAIRS];
  nai_constraint *list;
  for (int k = 0; k < PAIRS; k++) {
    pre[k] = post[PAIRS + k] = k % n_pre;
    post[k] = pre[PAIRS + k] =
        within ? (k % n_pre + 1 + k / n_pre * 2) % n_post : (5 * k + k / n_pre) % n_post;
  }
  constrain_by(net, from, to,
               nai_constraint_create_list(&list, pre, post, within ? 2 * PAIRS : PAIRS), &list);
  if (!within)
    constrain_by(net, to, from, nai_constraint_create_list(&list, post, pre, PAIRS), &list);
}

/* Each weight is that of the synapse back: a number of the two units. */
static void make_symmetric(nai_network *net, const char *from, const char *to, int64_t n_pre,
                           int64_t n_post)
{
  const nai__projection *p;
  float *w = calloc((size_t)(n_pre * n_post), sizeof *w);
  expect_ok(nai__projection_find(&p, net, from, to));
  synapses s = synapses_of(net);
  for (int64_t k = 0; k < s.n; k++)
    if (s.projection[k] == p - net->projection) {
      const int64_t i = s.post[k], j = s.pre[k], low = i < j ? i : j, high = i < j ? j : i;
      const int within = strcmp(from, to) == 0, back = strcmp(from, "b") == 0;
      const double u =
          within ? (double)(low * LOOP + high) : (double)(back ? i * 50 + j : j * 50 + i);
      w[i * n_pre + j] = (float)(0.3 * sin(u));
    }
  expect_ok(nai_network_set_weights(net, from, to, w, n_post, n_pre));
  synapses_free(&s);
  free(w);
}

static nai_network *build_loops(int how, uint64_t seed)
{
  nai_network *net =
      COMPOSE(.dt = 20, .inputs = {{"u", 3}},
              .populations = {{"a", LOOP, NAI_FREE}, {"b", 17, NAI_FREE}}, .outputs = {{"z", 2}},
              .projections = {{"u", "a"}, {"a", "a"}, {"a", "b"}, {"b", "a"}, {"b", "z"}});
  list_pairs(net, "a", "a", LOOP, LOOP);
  list_pairs(net, "a", "b", LOOP, 17);
  expect_ok(nai_network_set(net, "a b", "tau", 40));
  expect_ok(nai_network_set_transfer(net, "a b", NAI_TRANSFER_TANH));
  store(net, how);
  expect_ok(nai_network_build(net, seed));
  make_symmetric(net, "a", "a", LOOP, LOOP);
  make_symmetric(net, "a", "b", LOOP, 17);
  make_symmetric(net, "b", "a", 17, LOOP);
  return net;
}

static nai_status propagation(nai_rule **out, uint64_t seed)
{
  return nai_rule_create_equilibrium_propagation(out, NAI_NUDGE_SYMMETRIC, seed);
}

static const subject loops = {.build = build_loops,
                              .rule = propagation,
                              .name = "equilibrium_propagation",
                              .steps = 12,
                              .trials = 11,
                              .rate = 0.05,
                              .most = 1e-5};

/* And weights stay symmetric to the bit: the rule takes its own network again. */
START_TEST(loops_learn_alike_by_equilibrium_propagation)
{
  learn_alike(&loops, _i ? LISTS : BOTH, 5, 0, 3);
  nai_network *net = build_loops(_i ? LISTS : BOTH, 5);
  nai_trials *trials = normal_trials(net, "z", 12, 11);
  for (int k = 0; k < 2; k++) {
    nai_trainer *trainer = train(&loops, net, 0);
    expect_ok(nai_trainer_step(NULL, trainer, trials));
    nai_trainer_destroy(trainer);
  }
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

static void expect_refused(nai_network *net, const subject *s, const char *words)
{
  nai_rule *rule;
  nai_trainer *trainer;
  nai_optimizer *descent = plain_descent(0.1);
  expect_ok(s->rule(&rule, 3));
  expect_fails(nai_trainer_create(&trainer, net, rule, descent, NULL), NAI_ERR_UNSUPPORTED, words);
  nai_rule_destroy(rule);
  nai_optimizer_destroy(descent);
  nai_network_destroy(net);
}

/* One weight that differs from the one back, one synapse that does not learn, one without any back. */
START_TEST(lists_that_are_not_symmetric)
{
  const nai__projection *p;
  for (int k = 0; k < 3; k++) {
    nai_network *net = build_loops(_i ? LISTS : BOTH, 5);
    expect_ok(nai__projection_find(&p, net, "a", "b"));
    const int64_t at = net->block[p->block].is_listed ? p->at.start + 11 : -1;
    if (k == 0 && at >= 0) net->theta[at] += 0.01f;
    if (k == 1 && at >= 0) net->plastic[at] = 0;
    if (k == 2 && at >= 0) net->exists[at] = 0;
    if (at >= 0)
      expect_refused(net, &loops, "not the transpose of those back, from 'a' to 'b'");
    else
      nai_network_destroy(net);
  }
}
END_TEST

/* --- delays that differ ------------------------------------------------------------------------------ */

enum { SENT = 13, HELD = 6, LATE_STEPS = 12, LATE_TRIALS = 4 };

/* "o" is an output: what it sends is what "z" is. */
static void connect_output(nai_network *net)
{
  int64_t each[HELD];
  nai_constraint *eye;
  for (int i = 0; i < HELD; i++) each[i] = i;
  expect_ok(nai_network_add_population(net, "o", HELD, NAI_FREE));
  expect_ok(nai_network_add_output(net, "z", HELD));
  expect_ok(nai_network_set(net, "o", "tau", 10));
  expect_ok(nai_network_set_transfer(net, "o", NAI_TRANSFER_LINEAR));
  expect_ok(nai_network_connect(net, "o", "z"));
  constrain_by(net, "o", "z", nai_constraint_create_list(&eye, each, each, HELD), &eye);
}

static void fix_output(nai_network *net)
{
  float eye[HELD * HELD] = {0};
  for (int i = 0; i < HELD; i++) eye[i * HELD + i] = 1;
  expect_ok(nai_network_set_weights(net, "o", "z", eye, HELD, HELD));
  expect_ok(nai_network_set_plastic(net, "o", "z", 0));
}

/* From one input, by delays that differ; those that are heard first do not learn. */
static nai_network *build_late(void)
{
  nai_network *net;
  nai_constraint *bound;
  const nai__projection *p;
  expect_ok(nai_network_create(&net, 10));
  expect_ok(nai_network_add_input(net, "u", SENT));
  connect_output(net);
  expect_ok(nai_network_connect(net, "u", "o"));
  expect_ok(nai_network_set_delays(net, "u", "o", 25, 15, 10));
  constrain_by(net, "u", "o", nai_constraint_create_max_weight(&bound, 0.3), &bound);
  expect_ok(nai_network_build(net, 6));
  fix_output(net);
  expect_ok(nai__projection_find(&p, net, "u", "o"));
  ck_assert_int_gt(p->n_parts, 3);
  const nai__rectangle *first = &net->block[p->block].at;
  memset(net->learns + first->start, 0, (size_t)first->columns);
  nai__refresh_plastic(net, p);
  nai__find_plastic(net);
  return net;
}

static const char *input_of(int64_t part)
{
  static char name[16];
  snprintf(name, sizeof name, "u%d", (int)part);
  return name;
}

/* The weights of a part of the projection, as a matrix. */
static void take_part(float *w, const nai_network *late, const nai__block *b)
{
  memset(w, 0, HELD * SENT * sizeof *w);
  for (int64_t i = 0; i < HELD; i++)
    for (int64_t e = b->synapses->first[i]; e < b->synapses->first[i + 1]; e++)
      w[i * SENT + b->synapses->sender[e]] = late->theta[b->at.start + e];
}

/* The same with an input of its own for each delay, all of which are given the same. */
static nai_network *build_apart(const nai_network *late, const nai__projection *p)
{
  nai_network *net;
  float w[HELD * SENT];
  const nai__block *b = &late->block[p->block];
  expect_ok(nai_network_create(&net, 10));
  for (int64_t k = 0; k < p->n_parts; k++) expect_ok(nai_network_add_input(net, input_of(k), SENT));
  connect_output(net);
  for (int64_t k = 0; k < p->n_parts; k++) {
    int64_t pre[HELD * SENT], post[HELD * SENT], n = 0;
    nai_constraint *list;
    for (int64_t i = 0; i < HELD; i++)
      for (int64_t e = b[k].synapses->first[i]; e < b[k].synapses->first[i + 1]; e++)
        pre[n] = b[k].synapses->sender[e], post[n++] = i;
    expect_ok(nai_network_connect(net, input_of(k), "o"));
    constrain_by(net, input_of(k), "o", nai_constraint_create_list(&list, pre, post, n), &list);
    constrain_by(net, input_of(k), "o", nai_constraint_create_max_weight(&list, 0.3), &list);
    expect_ok(nai_network_set_delay(net, input_of(k), "o", 10 * (double)b[k].delay));
  }
  expect_ok(nai_network_build(net, 6));
  fix_output(net);
  for (int64_t k = 0; k < p->n_parts; k++) {
    take_part(w, late, &b[k]);
    expect_ok(nai_network_set_weights(net, input_of(k), "o", w, HELD, SENT));
  }
  expect_ok(nai_network_set_plastic(net, "u0", "o", 0));
  return net;
}

static nai_trials *late_trials(const nai_network *net, int64_t inputs)
{
  nai_trials *trials = normal_trials(net, "z", LATE_STEPS, LATE_TRIALS);
  float *given = calloc((size_t)(LATE_STEPS * LATE_TRIALS * SENT * inputs), sizeof *given);
  for (int64_t k = 0; k < LATE_STEPS * LATE_TRIALS; k++)
    for (int64_t j = 0; j < SENT * inputs; j++)
      given[k * SENT * inputs + j] = (float)nai_random_normal(3, (uint64_t)k, (uint64_t)(j % SENT));
  expect_ok(nai_trials_set_inputs(trials, NULL, given, SENT * inputs));
  free(given);
  return trials;
}

/* Step by step, from the trials one after the other. */
static void live(nai_trainer *trainer, const nai_trials *trials, int64_t inputs)
{
  nai_agent *agent;
  float target[HELD];
  expect_ok(nai_agent_create(&agent, trainer));
  for (int64_t t = 0; t < LATE_STEPS * LATE_TRIALS; t++) {
    nai_experience now = NAI_EXPERIENCE_INIT;
    now.input = trials->input + t * SENT * inputs;
    for (int i = 0; i < HELD; i++) target[i] = sinf((float)(t * (i + 1)));
    now.target = target;
    expect_ok(nai_agent_step(NULL, agent, &now));
  }
  nai_agent_destroy(agent);
}

static void learn_late(const subject *s, nai_network *net, int64_t inputs, int every)
{
  nai_trials *trials = late_trials(net, inputs);
  nai_trainer *trainer = train(s, net, every > 0 ? every : 0);
  if (every < 0)
    live(trainer, trials, inputs);
  else
    for (int update = 0; update < 2; update++) expect_ok(nai_trainer_step(NULL, trainer, trials));
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
}

START_TEST(delays_that_differ_learn_alike)
{
  static const struct {
    const char *name;
    int every; /* steps between updates; 0: at the end, -1: an agent learns at each step */
  } cases[] = {{"bptt", 0}, {"own", 0}, {"own", 2}, {"force", 1}, {"force", 3}, {"force", -1}};
  const rule_case *rule = case_named(cases[_i].name);
  const subject s = {.rule = creator(rule), .rate = 0.01};
  float w[HELD * SENT], fixed[HELD * SENT];
  const nai__projection *p;
  nai_network *late = build_late();
  expect_ok(nai__projection_find(&p, late, "u", "o"));
  nai_network *apart = build_apart(late, p);
  take_part(fixed, late, &late->block[p->block]);
  learn_late(&s, late, 1, cases[_i].every);
  learn_late(&s, apart, p->n_parts, cases[_i].every);
  for (int64_t k = 0; k < p->n_parts; k++) {
    nai_view expected = weights_of(apart, input_of(k), "o");
    take_part(w, late, &late->block[p->block + k]);
    for (int i = 0; i < HELD * SENT; i++)
      EXPECT(fabsf(w[i] - at(&expected, i / SENT, i % SENT)) <= 1e-5f);
    if (k == 0) EXPECT(memcmp(w, fixed, sizeof w) == 0);
  }
  nai_network_destroy(late);
  nai_network_destroy(apart);
}
END_TEST

/* --- what users' rules are shown ---------------------------------------------------------------------- */

typedef struct shown {
  const nai_network *net;
  int64_t rows, synapses; /* of the projection from "a" to "b", at one step */
  int64_t last;
} shown;

static void look(shown *s, const nai_local_step *step)
{
  const nai__projection *p;
  expect_ok(nai__projection_find(&p, s->net, "a", "b"));
  const nai__compressed *list = s->net->block[p->block].synapses;
  const int64_t first = list->first[step->first_post];
  EXPECT(step->n_post == 1 && step->stride == step->n_pre && step->first_post > s->last);
  EXPECT(step->n_pre == list->first[step->first_post + 1] - first);
  EXPECT(step->weight == s->net->theta + p->at.start + first);
  for (int64_t e = 0; e < step->n_pre; e++) EXPECT(step->pre_unit[e] == list->sender[first + e]);
  s->last = step->first_post;
  s->rows++;
  s->synapses += step->n_pre;
}

static nai_status watch_rows(void *user, nai_local_step *step)
{
  shown *s = user;
  if (step->step != 2) return NAI_OK;
  if (step->from && strcmp(step->from, "a") == 0 && strcmp(step->to, "b") == 0)
    look(s, step);
  else if (!step->from)
    EXPECT(step->first_post == 0 && !step->pre_unit);
  else if (step->pre_unit)
    EXPECT(step->n_post == 1);
  return NAI_OK;
}

START_TEST(rules_of_users_are_shown_rows)
{
  nai_network *net = build_random(LISTS, 2);
  shown s = {.net = net, .last = -1};
  nai_rule *rule;
  nai_rule_ops ops = {.struct_size = sizeof ops, .name = "rows", .step = watch_rows};
  expect_ok(nai_rule_create(&rule, &ops, 0, &s));
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(0.1));
  nai_cost *cost;
  attach_cost(trainer, nai_cost_create_mse(&cost, "z"), &cost, 1);
  nai_trials *trials = normal_trials(net, "z", 3, 5);
  const nai__projection *p;
  expect_ok(nai_trainer_step(NULL, trainer, trials));
  expect_ok(nai__projection_find(&p, net, "a", "b"));
  ck_assert_int_eq(s.synapses, p->at.columns);
  ck_assert_int_gt(s.rows, 1);
  nai_trials_destroy(trials);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

/* --- bits, and memory ---------------------------------------------------------------------------------- */

static nai_network *listed(void)
{
  return build_prompt(LISTS, 2);
}

static nai_trials *batch(const nai_network *net)
{
  return normal_trials(net, "z", 9, 19);
}

static nai_trainer *train_by(nai_network *net, int number)
{
  const subject s = random_subject(number);
  return train(&s, net, 0);
}

/* The numbers of rules that walk along rows in a way of their own. */
static int number_of(int i)
{
  static const char *const names[] = {"weight_mirror", "own", "force", "full-force"};
  int number = 0;
  while (case_of(number) != case_named(names[i])) number++;
  return number;
}

START_TEST(threads_and_checkpoints_keep_bits)
{
  static const makers make = {listed, batch, train_by};
  expect_same_bits(&make, number_of(_i / 2), 4, 2 + _i % 2);
}
END_TEST

/* A trainer is made and makes an update; each allocation fails in turn, and nothing has changed. */
static void learn_without_memory(const subject *s, nai_network *net)
{
  nai_trials *trials = normal_trials(net, "z", s->steps, s->trials);
  nai_optimizer *descent = plain_descent(0.01);
  nai_rule *rule;
  nai_cost *cost;
  nai_status status = NAI_ERR_MEMORY;
  const uint64_t before = hash_of(net);
  int failed = 0;
  expect_ok(s->rule(&rule, 3));
  expect_ok(nai_cost_create_mse(&cost, "z"));
  for (; status == NAI_ERR_MEMORY; failed++) {
    nai_trainer *trainer = NULL;
    EXPECT(hash_of(net) == before);
    faults_fail_allocation(failed);
    status = nai_trainer_create(&trainer, net, rule, descent, NULL);
    if (status == NAI_OK) status = nai_trainer_add_cost(trainer, cost, 1);
    if (status == NAI_OK) status = nai_trainer_step(NULL, trainer, trials);
    faults_fail_allocation(-1);
    nai_trainer_destroy(trainer);
  }
  expect_ok(status);
  ck_assert_int_gt(failed, 20);
  nai_cost_destroy(cost);
  nai_rule_destroy(rule);
  nai_optimizer_destroy(descent);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}

START_TEST(learning_without_memory)
{
  const subject s = random_subject(number_of(_i));
  learn_without_memory(&s, s.build(LISTS, 2));
}
END_TEST

START_TEST(loops_without_memory)
{
  learn_without_memory(&loops, build_loops(LISTS, 5));
}
END_TEST

Suite *listed_rules_suite(void)
{
  Suite *suite = suite_create("listed_rules");
  TCase *alike = tcase_create("alike");
  tcase_add_loop_test(alike, random_networks_learn_alike, 0, n_rules + n_other_rules);
  tcase_add_loop_test(alike, layers_learn_alike_by_predictive_coding, 0, 4);
  tcase_add_loop_test(alike, loops_learn_alike_by_equilibrium_propagation, 0, 2);
  tcase_add_loop_test(alike, lists_that_are_not_symmetric, 0, 2);
  tcase_add_loop_test(alike, delays_that_differ_learn_alike, 0, 6);
  suite_add_tcase(suite, alike);
  TCase *bits = tcase_create("bits");
  tcase_add_loop_test(bits, threads_and_checkpoints_keep_bits, 0, 8);
  tcase_add_loop_test(bits, learning_without_memory, 0, 4);
  suite_add_tcase(suite, bits);
  ADD_CASE(suite, "rows", rules_of_users_are_shown_rows, loops_without_memory);
  return suite;
}
