/*
 * Sequences of calls, decoded from bytes: objects are made, used in any order, given up in any order
 * and used again. Nothing may crash; what fails leaves a message, and a failure of a saved object
 * leaves the object as it was.
 */
#include <math.h>
#include <string.h>

#include "target.h"

#include <neuroai/extend.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

/* What a sequence has at hand; NULL where nothing is. */
typedef struct pool {
  nai_network *net[2];
  nai_task *task;
  nai_trainer *trainer[2];
  nai_state *state;
  nai_agent *agent;
  nai_trials *trials;
  nai_evaluation *evaluation;
  nai_rule *rule;
  nai_optimizer *optimizer;
  nai_curriculum *curriculum;
} pool;

static float zeros[1 << 16]; /* more than any trials here have */
static int32_t classes[1 << 16];
static double doubles[64];
static uint8_t bytes[256];

static const char *take_name(input *in)
{
  static const char *const names[] = {
      "u",     "E",
      "I",     "z",
      "E I",   "*",
      "?",     "",
      "layer", "w",
      "E E",   "no",
      "[EI]",  "a name that is longer than any name may be: 64 characters or more"};
  return names[take_choice(in, COUNT(names))];
}

static int64_t take_size(input *in)
{
  static const int64_t sizes[] = {1, 2, 3, 4, 5, 7, 16, 17, 33, 0, -1, INT64_MAX};
  return sizes[take_choice(in, COUNT(sizes))];
}

static int32_t take_small(input *in)
{
  return (int32_t)take_choice(in, 10) - 2;
}

/* A failure says something. */
static void said(nai_status status)
{
  if (status < 0) MUST(nai_last_error()[0]);
}

/* --- composing -------------------------------------------------------------------------------- */

static void create_network(pool *p, input *in)
{
  int k = take_choice(in, 2);
  nai_network_destroy(p->net[k]);
  p->net[k] = NULL;
  static const double steps[] = {20, 20, 20, 10, 33, 0, -1, NAN, 1e300}; /* trials stay short */
  said(nai_network_create(&p->net[k], steps[take_choice(in, COUNT(steps))]));
}

static void add_nodes(pool *p, input *in)
{
  nai_network *net = p->net[take_choice(in, 2)];
  const char *name = take_name(in);
  int64_t n = take_size(in);
  switch (take_choice(in, 3)) {
  case 0: said(nai_network_add_input(net, name, n)); break;
  case 1: said(nai_network_add_population(net, name, n, take_small(in))); break;
  default: said(nai_network_add_output(net, name, n));
  }
}

/* Something that is most likely right, as a start. */
static void compose_usual(pool *p, input *in)
{
  create_network(p, in);
  nai_network *net = p->net[take_choice(in, 2)];
  nai_network_add_input(net, "u", 3);
  nai_network_add_population(net, "E", 5, take_choice(in, 2));
  nai_network_add_population(net, "I", 2, -take_choice(in, 2));
  nai_network_add_output(net, "z", 3);
  nai_network_connect(net, "u", "E I");
  nai_network_connect(net, "E I", "E I");
  nai_network_connect(net, "E", "z");
}

static void set_numbers(pool *p, input *in)
{
  static const char *const parameters[] = {
      "tau",          "noise",           "bias",     "initial", "gain",      "exponent",
      "plastic_bias", "plastic_initial", "baseline", "rectify", "threshold", ""};
  nai_network *net = p->net[take_choice(in, 2)];
  const char *names = take_name(in), *parameter = parameters[take_choice(in, COUNT(parameters))];
  double value = take_number(in), many[8];
  int64_t n = take_choice(in, 8);
  for (int i = 0; i < 8; i++) many[i] = value + i;
  if (take_choice(in, 2))
    said(nai_network_set(net, names, parameter, value));
  else
    said(nai_network_set_each(net, names, parameter, many, n));
  said(nai_network_get_each(doubles, n, net, names, parameter));
}

static void set_shapes(pool *p, input *in)
{
  nai_network *net = p->net[take_choice(in, 2)];
  const char *from = take_name(in), *to = take_name(in);
  double a = take_number(in), b = take_number(in);
  int64_t n = take_choice(in, 8);
  switch (take_choice(in, 15)) {
  case 0: said(nai_network_set_leak(net, from, take_small(in))); break;
  case 1: said(nai_network_set_transfer(net, from, take_small(in))); break;
  case 2: said(nai_network_place_box(net, from, a, b, 1)); break;
  case 3: said(nai_network_place_sphere(net, from, a)); break;
  case 4: said(nai_network_place_lattice(net, from, a)); break;
  case 5: said(nai_network_set_positions(net, from, zeros, n)); break;
  case 6: said(nai_network_connect(net, from, to)); break;
  case 7:
    said(nai_network_set_delay(net, from, to, take_choice(in, 2) ? a : 20.0 * (double)n));
    break;
  case 8: said(nai_network_set_autapses(net, from, to, take_small(in))); break;
  case 9: said(nai_network_set_plastic(net, from, to, take_small(in))); break;
  case 10: said(nai_network_set_initial_weights(net, from, to, take_small(in), a, b)); break;
  case 11: said(nai_network_set_radius(net, from, a)); break;
  case 12: said(nai_network_set_balance(net, from, take_small(in))); break;
  case 13: said(nai_network_set_sign(net, from, take_small(in))); break;
  default: said(nai_network_set_kernels(net, take_choice(in, 2) ? "portable" : from));
  }
}

static nai_status make_constraint(nai_constraint **out, input *in)
{
  double a = take_number(in);
  int64_t post = take_choice(in, 8), pre = take_choice(in, 8);
  switch (take_choice(in, 8)) {
  case 0: return nai_constraint_create_sparse(out, a);
  case 1: return nai_constraint_create_mask(out, bytes, post, pre);
  case 2: return nai_constraint_create_dale(out, take_small(in));
  case 3: return nai_constraint_create_sign(out, take_small(in));
  case 4: return nai_constraint_create_nonnegative(out);
  case 5: return nai_constraint_create_fixed(out, bytes, post, pre);
  case 6: return nai_constraint_create_max_weight(out, a);
  default: return nai_constraint_create_distance(out, a, take_number(in));
  }
}

static void constrain(pool *p, input *in)
{
  nai_constraint *c;
  nai_network *net = p->net[take_choice(in, 2)];
  const char *from = take_name(in), *to = take_name(in);
  nai_status status = make_constraint(&c, in);
  said(status);
  if (status == NAI_OK) said(nai_network_constrain(net, from, to, c));
  nai_constraint_destroy(c);
}

static void build(pool *p, input *in)
{
  nai_network *net = p->net[take_choice(in, 2)];
  said(nai_network_build(net, take_byte(in)));
}

/* --- looking, changing, files ----------------------------------------------------------------- */

static void look(pool *p, input *in)
{
  nai_network *net = p->net[take_choice(in, 2)];
  nai_view view = NAI_VIEW_INIT;
  nai_spectrum spectrum = NAI_SPECTRUM_INIT;
  const char *from = take_name(in), *to = take_name(in);
  int64_t n = take_choice(in, 33), post = n % 8, pre = n / 4;
  switch (take_choice(in, 7)) {
  case 0: said(nai_network_weights(&view, net, from, to)); break;
  case 1: said(nai_network_mask(&view, net, from, to)); break;
  case 2: said(nai_network_bias(&view, net, from)); break;
  case 3: said(nai_network_positions(&view, net, from)); break;
  case 4: said(nai_network_spectrum(&spectrum, doubles, doubles + 32, n, net, from)); break;
  case 5: said(nai_network_set_weights(net, from, to, zeros, post, pre)); break;
  default: said(nai_network_set_bias(net, from, zeros, post));
  }
}

static void save_and_load(pool *p, input *in)
{
  int k = take_choice(in, 2);
  if (nai_network_save(p->net[k], target_path(0)) != NAI_OK) return;
  nai_network *again;
  MUST(nai_network_load(&again, target_path(0), NULL) == NAI_OK);
  MUST(nai_network_save(again, target_path(1)) == NAI_OK);
  nai_network_destroy(p->net[1 - k]);
  p->net[1 - k] = again;
  /* the first save has nodes in the order in which they were added */
  nai_network *third;
  MUST(nai_network_load(&third, target_path(1), NULL) == NAI_OK);
  MUST(nai_network_save(third, target_path(2)) == NAI_OK);
  MUST(target_hash(target_path(1)) == target_hash(target_path(2)));
  nai_network_destroy(third);
}

/* --- states ----------------------------------------------------------------------------------- */

static void create_state(pool *p, input *in)
{
  nai_state_destroy(p->state);
  p->state = NULL;
  nai_network *net = p->net[take_choice(in, 2)];
  int64_t trials = take_choice(in, 5);
  said(nai_state_create(&p->state, net, trials, take_byte(in)));
}

static void intervene(pool *p, input *in, const char *name, const int64_t units[2])
{
  nai_intervention i = NAI_INTERVENTION_INIT;
  i.kind = (int32_t)take_choice(in, 6) - 1;
  i.names = name;
  i.units = units;
  i.n_units = take_choice(in, 4) - 1;
  i.fraction = take_number(in);
  i.value = take_number(in);
  i.start = take_number(in);
  i.end = take_number(in);
  i.rise = take_number(in);
  i.fall = take_number(in);
  said(nai_state_intervene(p->state, &i, 1));
}

/* A snapshot of now, some of whose bytes are others: taken, or refused without a trace. */
static void restore(pool *p, input *in)
{
  static uint8_t own[1 << 16], changed[1 << 16];
  const int64_t size = nai_state_snapshot_size(p->state);
  if (size < 1 || size > (int64_t)sizeof own) return;
  MUST(nai_state_snapshot(own, size, p->state) == NAI_OK);
  memcpy(changed, own, (size_t)size);
  for (int k = take_choice(in, 4); k > 0; k--) {
    const int64_t at = take_byte(in), from_end = take_choice(in, 2);
    changed[(from_end ? size - 1 - at % size : at) % size] ^= take_byte(in);
  }
  const nai_status status = nai_state_restore(p->state, changed, size);
  said(status);
  if (status == NAI_OK) {
    said(nai_state_step(NULL, p->state, NULL));
    return;
  }
  MUST(nai_state_snapshot(changed, size, p->state) == NAI_OK);
  MUST(memcmp(changed, own, (size_t)size) == 0);
}

static void use_state(pool *p, input *in)
{
  const char *name = take_name(in);
  nai_view view = NAI_VIEW_INIT;
  int64_t units[2] = {take_small(in), take_small(in)};
  switch (take_choice(in, 11)) {
  case 0: said(nai_state_step(NULL, p->state, NULL)); break;
  case 1: said(nai_state_run(NULL, NULL, p->state, take_choice(in, 8) - 1, NULL)); break;
  case 2: said(nai_state_reset(p->state)); break;
  case 3: said(nai_state_clamp(p->state, name, fmin(take_number(in), 1e30))); break;
  case 4: said(nai_state_inject(p->state, name, zeros, take_choice(in, 8))); break;
  case 5: said(nai_state_release(p->state, name)); break;
  case 6: said(nai_state_rates(&view, p->state, name)); break;
  case 7: said(nai_state_silence_units(p->state, name, units, take_choice(in, 3))); break;
  case 8:
    if (take_choice(in, 2))
      said(nai_state_set_currents(p->state, name, zeros, take_choice(in, 8)));
    else
      said(nai_state_set_variable(p->state, name, zeros, take_small(in), take_choice(in, 8)));
    break;
  case 9: intervene(p, in, name, units); break;
  default: restore(p, in);
  }
}

/* On synapses and frozen rates as well; of a state or of an agent. */
static void plan(pool *p, input *in)
{
  nai_intervention i[2] = {NAI_INTERVENTION_INIT, NAI_INTERVENTION_INIT};
  const int64_t units[2] = {take_small(in), take_small(in)};
  for (int k = 0; k < 2; k++) {
    i[k].kind = NAI_SCALE + take_choice(in, 3);
    i[k].names = take_name(in);
    i[k].to = i[k].kind == NAI_SCALE_SYNAPSES ? take_name(in) : NULL;
    i[k].units = units;
    i[k].n_units = take_choice(in, 3) ? NAI_ALL_UNITS : take_choice(in, 3);
    i[k].of_units = take_choice(in, 3);
    i[k].fraction = take_choice(in, 2) ? 1 : take_number(in);
    i[k].value = i[k].kind == NAI_FREEZE ? 0 : take_number(in);
    i[k].end = 20.0 * take_choice(in, 5);
    i[k].rise = 20.0 * take_choice(in, 3);
    i[k].seed = take_byte(in);
  }
  if (take_choice(in, 4))
    said(nai_state_intervene(p->state, i, take_choice(in, 3)));
  else
    said(nai_agent_intervene(p->agent, i, take_choice(in, 3)));
}

static void prune(pool *p, input *in)
{
  nai_network *net = p->net[take_choice(in, 2)];
  const char *from = take_name(in), *to = take_name(in);
  const int64_t units[2] = {take_small(in), take_small(in)};
  const double fraction = take_choice(in, 2) ? 0.5 : take_number(in);
  switch (take_choice(in, 3)) {
  case 0: said(nai_network_prune(net, from, to, fraction, take_byte(in))); break;
  case 1: said(nai_network_prune_smallest(net, from, to, fraction)); break;
  default: said(nai_network_prune_units(net, from, units, take_choice(in, 4) - 1, fraction, 1));
  }
}

/* --- networks that spike ---------------------------------------------------------------------- */

enum { SPIKES = 1 << 15 };

/* How the synapses of a projection are chosen and kept. */
static void store(nai_network *net, input *in, const char *from, int32_t storage)
{
  nai_constraint *few = NULL;
  switch (take_choice(in, 4)) {
  case 0: said(nai_constraint_create_indegree(&few, 1 + take_choice(in, 8))); break;
  case 1: said(nai_constraint_create_sparse(&few, take_choice(in, 2) ? 0.01 : 0.2)); break;
  case 2: said(nai_network_set_autapses(net, from, "E I", 1)); break;
  default: break;
  }
  if (few) said(nai_network_constrain(net, from, "E I", few));
  nai_constraint_destroy(few);
  said(nai_network_set_storage(net, from, "E I", storage));
}

static void connect_spiking(nai_network *net, input *in, const char *from, double weight)
{
  said(nai_network_connect(net, from, "E I"));
  const int32_t kind = take_choice(in, 3) ? NAI_WEIGHTS_CONSTANT : take_small(in);
  said(nai_network_set_initial_weights(net, from, "E I", kind, weight, 0.1));
  said(nai_network_set_plastic(net, from, "E I", take_choice(in, 3) == 0));
  store(net, in, from, take_choice(in, 4));
  switch (take_choice(in, 4)) {
  case 0: said(nai_network_set_delay(net, from, "E I", 20.0 * take_choice(in, 4))); break;
  case 1: said(nai_network_set_delays(net, from, "E I", 40, 20, 20)); break;
  default: break;
  }
}

/* Poisson backgrounds that let some fire at each step, and projections between those who do. */
static void compose_spiking(pool *p, input *in)
{
  static const char *const models[] = {"lif", "lif", "lif_conductance", "poisson"};
  static const int64_t sizes[] = {5, 40, 130};
  const int k = take_choice(in, 2);
  nai_network_destroy(p->net[k]);
  p->net[k] = NULL;
  if (nai_network_create(&p->net[k], take_choice(in, 2) ? 20 : 1) != NAI_OK) return;
  nai_network *net = p->net[k];
  said(nai_network_set_memory_limit(net, (int64_t)1 << 26));
  nai_network_add_input(net, "u", 3);
  /* parts have 4096 neurons; such a network takes long to build, so it is rare */
  const int64_t n = take_choice(in, 16) == 15 ? 4100 : sizes[take_choice(in, COUNT(sizes))];
  nai_network_add_population(net, "E", n, 1);
  nai_network_add_population(net, "I", sizes[take_choice(in, COUNT(sizes))], -1);
  nai_network_add_output(net, "z", 3);
  said(nai_network_set_model(net, "E", models[take_choice(in, COUNT(models))]));
  said(nai_network_set_model(net, "I", models[take_choice(in, 2)]));
  const double rate = take_choice(in, 3) ? 1000.0 * take_choice(in, 4) : take_number(in);
  said(nai_network_set(net, "E", take_choice(in, 4) ? "background" : "rate", rate));
  said(nai_network_set(net, "I", "background", rate));
  said(nai_network_set(net, "E I", "background_weight", take_choice(in, 2) ? 5 : take_number(in)));
  connect_spiking(net, in, "E", 0.5);
  connect_spiking(net, in, "I", -1);
  if (take_choice(in, 2)) said(nai_network_connect(net, "E I", "z"));
  if (!take_choice(in, 2)) return;
  said(nai_network_connect(net, "u", "E I"));
  said(nai_network_set_initial_weights(net, "u", "E I", NAI_WEIGHTS_CONSTANT, 1, 0));
}

static void record_spikes(pool *p, input *in)
{
  static nai_spike spikes[SPIKES + 1];
  static float traces[7 * 4 * 16]; /* of all steps, trials and units that are asked for */
  static const int64_t some[] = {0, 1, 3, 40};
  nai_recording to = NAI_RECORDING_INIT;
  to.populations = take_choice(in, 4) ? "E I" : take_name(in);
  to.spikes = spikes;
  to.room = take_choice(in, 4) ? SPIKES : take_whole(in) % SPIKES;
  to.n = take_choice(in, 8) ? 0 : take_small(in);
  if (take_choice(in, 4) == 0) {
    to.variables = take_name(in);
    to.width = take_choice(in, 16);
    to.traces = traces;
  }
  if (take_choice(in, 4) == 0) {
    to.every = take_small(in);
    to.since = take_choice(in, 4);
  }
  if (take_choice(in, 4) == 0) {
    to.units = some;
    to.n_units = take_choice(in, 5);
  }
  if (take_choice(in, 4) == 0) {
    to.columns = some;
    to.width = take_choice(in, 5);
  }
  const int64_t steps = take_choice(in, 8) - 1, n = to.n, before = nai_state_time(p->state);
  spikes[SPIKES].unit = -7;
  const nai_status status = nai_state_record(&to, p->state, steps, NULL);
  said(status);
  MUST(spikes[SPIKES].unit == -7);
  if (status != NAI_OK) return;
  MUST(to.made <= steps && to.n >= n && to.n <= to.room);
  MUST(nai_state_time(p->state) == before + to.made);
  for (int64_t i = n; i < to.n; i++) {
    MUST(spikes[i].step > before && spikes[i].step <= before + to.made);
    MUST(spikes[i].unit >= 0 && (i == n || spikes[i].step >= spikes[i - 1].step));
  }
}

static void set_threads(pool *p, input *in)
{
  const int32_t threads = take_choice(in, 4) ? 1 + take_choice(in, 3) : take_small(in);
  if (take_choice(in, 2))
    said(nai_state_set_threads(p->state, threads));
  else
    said(nai_network_set_threads(p->net[take_choice(in, 2)], threads));
}

static void set_storage(pool *p, input *in)
{
  nai_network *net = p->net[take_choice(in, 2)];
  const char *from = take_name(in), *to = take_name(in);
  const int32_t storage = take_small(in);
  const double mean = take_number(in), sd = take_number(in);
  if (take_choice(in, 2))
    said(nai_network_set_storage(net, from, to, storage));
  else
    said(nai_network_set_delays(net, from, to, mean, sd, 20));
}

/* --- tasks, rules, optimisers ----------------------------------------------------------------- */

static void create_task(pool *p, input *in)
{
  const char *name =
      take_choice(in, 2) ? "perceptual-decision-making" : nai_task_builtin_name(take_byte(in) % 40);
  nai_task_destroy(p->task);
  p->task = NULL;
  said(nai_task_create(&p->task, name, p->net[take_choice(in, 2)]));
}

/* Durations stay short, for time is counted. */
static void set_task(pool *p, input *in)
{
  nai_parameter about = NAI_PARAMETER_INIT;
  const char *title = p->task ? nai_task_name(p->task) : "";
  if (nai_task_parameter(&about, title, take_choice(in, 16)) != NAI_OK) return;
  double value = take_number(in);
  if (value > 1000) value = 1000;
  double list[3] = {value, value + 1, value};
  if (take_choice(in, 2))
    said(nai_task_set(p->task, about.name, value));
  else
    said(nai_task_set_list(p->task, about.name, list, take_choice(in, 4)));
}

static void create_rule(pool *p, input *in)
{
  nai_rule_destroy(p->rule);
  p->rule = NULL;
  int64_t whole = take_whole(in);
  switch (take_choice(in, 11)) {
  case 0: said(nai_rule_create_bptt(&p->rule)); break;
  case 1: said(nai_rule_create_truncated_bptt(&p->rule, whole)); break;
  case 2: said(nai_rule_create_rflo(&p->rule, 1)); break;
  case 3: said(nai_rule_create_eprop(&p->rule, (int32_t)(whole % 8), 1)); break;
  case 4: said(nai_rule_create_uoro(&p->rule, 1)); break;
  case 5: said(nai_rule_create_force(&p->rule)); break;
  case 6: said(nai_rule_create_node_perturbation(&p->rule, take_number(in), 1)); break;
  case 7: said(nai_rule_create_weight_mirror(&p->rule, 1)); break;
  case 8: said(nai_rule_create_predictive_coding(&p->rule)); break;
  case 9: said(nai_rule_create_equilibrium_propagation(&p->rule, (int32_t)(whole % 8), 1)); break;
  default: said(nai_rule_create_kolen_pollack(&p->rule, take_number(in), 1));
  }
  if (take_choice(in, 2)) said(nai_rule_set(p->rule, "update_every", take_number(in)));
}

static void create_optimizer(pool *p, input *in)
{
  nai_optimizer_destroy(p->optimizer);
  p->optimizer = NULL;
  double rate = take_choice(in, 3) ? 1e-3 : take_number(in);
  switch (take_choice(in, 4)) {
  case 0: said(nai_optimizer_create_sgd(&p->optimizer, rate)); break;
  case 1: said(nai_optimizer_create_momentum(&p->optimizer, rate)); break;
  case 2: said(nai_optimizer_create_rmsprop(&p->optimizer, rate)); break;
  default: said(nai_optimizer_create_adam(&p->optimizer, rate));
  }
  int64_t updates[3] = {take_whole(in), take_whole(in), take_whole(in)};
  double factors[3] = {take_number(in), 1, take_number(in)};
  if (take_choice(in, 2))
    said(nai_optimizer_set_schedule(p->optimizer, updates, factors, take_choice(in, 4)));
}

/* --- trainers --------------------------------------------------------------------------------- */

static void create_trainer(pool *p, input *in)
{
  int k = take_choice(in, 2);
  nai_trainer_destroy(p->trainer[k]);
  p->trainer[k] = NULL;
  nai_network *net = p->net[take_choice(in, 2)];
  nai_task *task = take_choice(in, 4) ? p->task : NULL;
  said(nai_trainer_create(&p->trainer[k], net, p->rule, p->optimizer, task));
}

static nai_status make_cost(nai_cost **out, input *in)
{
  const char *name = take_name(in), *to = take_name(in);
  switch (take_choice(in, 9)) {
  case 0: return nai_cost_create_mse(out, "z");
  case 1: return nai_cost_create_cross_entropy(out, "z");
  case 2: return nai_cost_create_l1_weights(out, name, to);
  case 3: return nai_cost_create_l2_rates(out, name);
  case 4: return nai_cost_create_distance(out, name, to);
  case 5: return nai_cost_create_vanishing_gradient(out, name);
  case 6: return nai_cost_create_rate_target(out, name, take_number(in));
  case 7: return nai_cost_create_binary_cross_entropy(out, "z");
  default: return nai_cost_create_mse(out, name);
  }
}

static void add_cost(pool *p, input *in)
{
  nai_cost *cost;
  nai_trainer *trainer = p->trainer[take_choice(in, 2)];
  nai_status status = make_cost(&cost, in);
  said(status);
  if (status == NAI_OK)
    said(nai_trainer_add_cost(trainer, cost, take_choice(in, 2) ? 1 : take_number(in)));
  nai_cost_destroy(cost);
}

static void set_trainer(pool *p, input *in)
{
  static const char *const parameters[] = {"batch",          "threads",         "seed",    "clip",
                                           "evaluate_every", "evaluate_trials", "stop_at", "no"};
  const char *parameter = parameters[take_choice(in, COUNT(parameters))];
  double value = take_number(in);
  if (value > 8 && isfinite(value)) value = 8;
  said(nai_trainer_set(p->trainer[take_choice(in, 2)], parameter, value));
}

static void run_trainer(pool *p, input *in)
{
  nai_trainer *trainer = p->trainer[take_choice(in, 2)];
  nai_progress now = NAI_PROGRESS_INIT;
  nai_view view = NAI_VIEW_INIT;
  double batch = 0, trials = 0;
  const char *name = take_name(in), *to = take_name(in);
  if (trainer && nai_trainer_get(&batch, trainer, "batch") == NAI_OK && batch > 8)
    nai_trainer_set(trainer, "batch", 2);
  if (trainer && nai_trainer_get(&trials, trainer, "evaluate_trials") == NAI_OK && trials > 8)
    nai_trainer_set(trainer, "evaluate_trials", 3);
  switch (take_choice(in, 7)) {
  case 0: said(nai_trainer_run(trainer, take_choice(in, 5) - 1, NULL, NULL)); break;
  case 1: said(nai_trainer_step(&now, trainer, take_choice(in, 2) ? p->trials : NULL)); break;
  case 2: said(nai_trainer_estimate_gradient(&now, trainer, p->trials)); break;
  case 3: said(nai_trainer_measure_alignment(trainer, p->trials)); break;
  case 4: said(nai_trainer_gradient(&view, trainer, name, take_choice(in, 2) ? to : NULL)); break;
  case 5: said(nai_trainer_activity(&view, trainer, name)); break;
  default: said(nai_trainer_feedback(&view, trainer, name, to));
  }
}

/* A restore into itself, or into the other one, which may refuse: it then saves what it did. */
static void save_and_restore(pool *p, input *in)
{
  nai_trainer *from = p->trainer[take_choice(in, 2)];
  nai_trainer *to = p->trainer[take_choice(in, 2)];
  if (nai_trainer_save(from, target_path(0)) != NAI_OK || !to) return;
  MUST(nai_trainer_save(to, target_path(1)) == NAI_OK);
  nai_status status = nai_trainer_restore(to, target_path(0));
  MUST(nai_trainer_save(to, target_path(2)) == NAI_OK);
  MUST(target_hash(target_path(2)) == target_hash(target_path(status == NAI_OK ? 0 : 1)));
}

static void add_curriculum(pool *p, input *in)
{
  nai_curriculum *c;
  nai_staircase s = NAI_STAIRCASE_INIT;
  MUST(nai_curriculum_create(&c) == NAI_OK);
  s.parameter = take_choice(in, 2) ? "coherence" : "stimulus";
  s.start = take_number(in);
  s.hardest = take_number(in);
  s.step = take_number(in);
  s.harder_at = s.easier_at = take_choice(in, 2) ? 0 : take_number(in);
  doubles[0] = take_number(in);
  doubles[1] = take_number(in);
  for (int k = take_choice(in, 4); k > 0; k--) {
    double criterion = take_number(in);
    said(nai_curriculum_add_stage(c,
                                  k == 1   ? "first"
                                  : k == 2 ? "second"
                                           : "third",
                                  criterion, take_whole(in)));
  }
  said(nai_curriculum_set(c, "first", "coherence", doubles, take_choice(in, 3)));
  if (take_choice(in, 2)) said(nai_curriculum_add_staircase(c, "second", &s));
  said(nai_trainer_set_curriculum(p->trainer[take_choice(in, 2)], c));
  nai_curriculum_destroy(c);
}

static void use_agent(pool *p, input *in)
{
  nai_experience now = NAI_EXPERIENCE_INIT;
  float output[64];
  switch (take_choice(in, 4)) {
  case 0:
    nai_agent_destroy(p->agent);
    p->agent = NULL;
    said(nai_agent_create(&p->agent, p->trainer[take_choice(in, 2)]));
    break;
  case 1: said(nai_agent_begin(p->agent)); break;
  case 2: said(nai_agent_rest(p->agent)); break;
  default:
    now.target = zeros;
    now.target_class = take_small(in);
    now.weight = take_number(in);
    now.reward = take_number(in);
    now.has_reward = take_choice(in, 2);
    said(nai_agent_step(output, p->agent, &now));
  }
}

static void make_trials(pool *p, input *in)
{
  nai_network *net = p->net[take_choice(in, 2)];
  nai_trials_destroy(p->trials);
  p->trials = NULL;
  if (take_choice(in, 2))
    said(nai_task_generate(&p->trials, p->task, 1, NAI_STREAM_TRAIN, 0, take_choice(in, 5)));
  else {
    int64_t steps = take_choice(in, 8);
    said(nai_trials_create(&p->trials, net, steps, take_choice(in, 5)));
  }
}

static void set_trials(pool *p, input *in)
{
  int32_t lengths[4] = {take_small(in), 1, take_small(in), 2};
  classes[0] = take_small(in);
  const char *name = take_name(in);
  int64_t n = take_choice(in, 8);
  switch (take_choice(in, 6)) {
  case 0: said(nai_trials_set_inputs(p->trials, take_choice(in, 2) ? name : NULL, zeros, n)); break;
  case 1: said(nai_trials_set_targets(p->trials, name, zeros, n)); break;
  case 2: said(nai_trials_set_classes(p->trials, name, classes)); break;
  case 3: said(nai_trials_set_mask(p->trials, name, zeros, n)); break;
  case 4: said(nai_trials_set_lengths(p->trials, lengths)); break;
  default: said(nai_trials_set_first(p->trials, (uint64_t)take_whole(in)));
  }
}

static void evaluate(pool *p, input *in)
{
  nai_evaluation_destroy(p->evaluation);
  p->evaluation = NULL;
  nai_network *net = p->net[take_choice(in, 2)];
  int64_t trials = take_choice(in, 6);
  uint64_t seed = take_byte(in);
  said(nai_evaluation_create(&p->evaluation, net, p->task, trials, seed, take_small(in)));
}

/* --- all of it -------------------------------------------------------------------------------- */

static void destroy_one(pool *p, input *in)
{
  int k = take_choice(in, 2);
  switch (take_choice(in, 8)) {
  case 0: nai_network_destroy(p->net[k]), p->net[k] = NULL; break;
  case 1: nai_task_destroy(p->task), p->task = NULL; break;
  case 2: nai_trainer_destroy(p->trainer[k]), p->trainer[k] = NULL; break;
  case 3: nai_state_destroy(p->state), p->state = NULL; break;
  case 4: nai_agent_destroy(p->agent), p->agent = NULL; break;
  case 5: nai_trials_destroy(p->trials), p->trials = NULL; break;
  case 6: nai_rule_destroy(p->rule), p->rule = NULL; break;
  default: nai_optimizer_destroy(p->optimizer), p->optimizer = NULL;
  }
}

static void destroy_all(pool *p)
{
  for (int k = 0; k < 2; k++) {
    nai_network_destroy(p->net[k]);
    nai_trainer_destroy(p->trainer[k]);
  }
  nai_task_destroy(p->task);
  nai_state_destroy(p->state);
  nai_agent_destroy(p->agent);
  nai_trials_destroy(p->trials);
  nai_evaluation_destroy(p->evaluation);
  nai_rule_destroy(p->rule);
  nai_optimizer_destroy(p->optimizer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static void (*const calls[])(pool *, input *) = {compose_usual,
                                                   build,
                                                   create_task,
                                                   create_rule,
                                                   create_optimizer,
                                                   create_trainer,
                                                   add_cost,
                                                   run_trainer,
                                                   create_state,
                                                   use_state,
                                                   set_numbers,
                                                   set_shapes,
                                                   constrain,
                                                   add_nodes,
                                                   look,
                                                   save_and_load,
                                                   set_task,
                                                   set_trainer,
                                                   use_agent,
                                                   make_trials,
                                                   set_trials,
                                                   save_and_restore,
                                                   add_curriculum,
                                                   evaluate,
                                                   destroy_one,
                                                   create_network};
  /* from the last bytes, so that what was found before still says the same */
  static void (*const spiking[])(pool *, input *) = {compose_spiking, record_spikes, set_threads,
                                                     set_storage,     create_state,  build};
  static void (*const changing[])(pool *, input *) = {plan, prune, restore, use_state};
  pool p = {0};
  input in = {data, size < 400 ? size : 400};
  for (int i = 0; i < 256; i++) bytes[i] = i % 2 != 0;
  while (in.size) {
    const int which = take_byte(&in), last = which - 256 + 8 * COUNT(spiking),
              before = last + 8 * COUNT(changing);
    if (last >= 0)
      spiking[last % COUNT(spiking)](&p, &in);
    else if (before >= 0)
      changing[before % COUNT(changing)](&p, &in);
    else
      calls[which % COUNT(calls)](&p, &in);
  }
  destroy_all(&p);
  return 0;
}
