/* Structs of callers that were compiled with an older or a newer release's headers. */
#include <neuroai/extend.h>
#include <neuroai/neuroai.h>
#include <string.h>

#include "base/structs.h"
#include "networks.h"
#include "states.h"

/* A table as three releases had it. */
typedef struct first {
  uint32_t struct_size;
  int32_t flags;
  const char *name;
} first;

typedef struct second {
  uint32_t struct_size;
  int32_t flags;
  const char *name;
  double more;
} second;

typedef struct third {
  uint32_t struct_size;
  int32_t flags;
  const char *name;
  double more;
  void (*callback)(void);
} third;

#define FIRST NAI__FIRST_SIZE(first, name)

START_TEST(an_older_table_lacks_what_came_later)
{
  const first theirs = {sizeof theirs, 3, "old"};
  second ours;
  memset(&ours, 0xff, sizeof ours);
  expect_ok(nai__struct_take(&ours, sizeof ours, &theirs, FIRST, "ops"));
  ck_assert(ours.flags == 3 && ours.name == theirs.name && ours.more == 0);
}
END_TEST

START_TEST(a_newer_table_may_leave_out_what_this_library_lacks)
{
  third theirs = {sizeof theirs, 3, "new", 2.5, NULL};
  second ours;
  expect_ok(nai__struct_take(&ours, sizeof ours, &theirs, FIRST, "ops"));
  ck_assert(ours.flags == 3 && ours.name == theirs.name && ours.more == 2.5);
  theirs.callback = (void (*)(void))1;
  expect_fails(nai__struct_take(&ours, sizeof ours, &theirs, FIRST, "ops"), NAI_ERR_UNSUPPORTED,
               "ops is from a newer library");
}
END_TEST

START_TEST(what_is_no_struct_is_refused)
{
  first theirs = {(uint32_t)FIRST - 1, 0, NULL};
  second ours;
  expect_fails(nai__struct_take(&ours, sizeof ours, &theirs, FIRST, "ops"), NAI_ERR_INVALID,
               "ops: struct_size is 15, must be the size of the struct, 16 to 4096");
  theirs.struct_size = UINT32_MAX;
  expect_fails(nai__struct_take(&ours, sizeof ours, &theirs, FIRST, "ops"), NAI_ERR_INVALID,
               "ops: struct_size is 4294967295");
  expect_fails(nai__struct_take(&ours, sizeof ours, NULL, FIRST, "ops"), NAI_ERR_INVALID,
               "ops is NULL");
}
END_TEST

START_TEST(a_struct_is_filled_as_far_as_it_goes)
{
  const second ours = {0, 3, "now", 2.5};
  struct {
    first has;
    double after;
  } old = {{sizeof old.has, 0, NULL}, 7};
  nai__struct_give(&old.has, &ours, sizeof ours);
  ck_assert(old.has.struct_size == sizeof old.has && old.has.flags == 3 &&
            old.has.name == ours.name);
  ck_assert(old.after == 7);

  third newer = {.struct_size = sizeof newer, .callback = (void (*)(void))1};
  nai__struct_give(&newer, &ours, sizeof ours);
  ck_assert(newer.struct_size == sizeof newer && newer.more == 2.5 && newer.callback == NULL);
}
END_TEST

/* --- every public struct, as a program of a later release would have it ------------------------- */

/* Room that a later release might add. */
#define LATER(type) \
  struct {          \
    type now;       \
    void *later[2]; \
  }

static nai_status no_cost(void *user, nai_output_batch *batch, double *value)
{
  (void)user, (void)batch, (void)value;
  return NAI_OK;
}

static nai_status no_trials(void *user, nai_trial_batch *batch)
{
  (void)user, (void)batch;
  return NAI_OK;
}

static nai_status no_step(void *user, nai_local_step *step)
{
  (void)user, (void)step;
  return NAI_OK;
}

static int released;

static void release(void *user)
{
  (void)user;
  released++;
}

static nai_network *make_net(void)
{
  nai_network *net = COMPOSE(.dt = 20, .inputs = {{"u", 1}}, .populations = {{"E", 3, NAI_FREE}},
                             .outputs = {{"z", 1}}, .projections = {{"u", "E"}, {"E", "E z"}});
  expect_ok(nai_network_build(net, 1));
  return net;
}

/* Gives up the rule. */
static nai_trainer *make_trainer_of(nai_network *net, nai_rule *rule)
{
  nai_optimizer *sgd;
  nai_cost *cost;
  nai_trainer *trainer;
  expect_ok(nai_optimizer_create_sgd(&sgd, 0.1));
  expect_ok(nai_cost_create_mse(&cost, "z"));
  expect_ok(nai_trainer_create(&trainer, net, rule, sgd, NULL));
  expect_ok(nai_trainer_add_cost(trainer, cost, 1));
  nai_rule_destroy(rule);
  nai_optimizer_destroy(sgd);
  nai_cost_destroy(cost);
  return trainer;
}

START_TEST(tables_of_a_later_release)
{
  LATER(nai_cost_ops)
  cost = {{.struct_size = sizeof cost, .name = "c", .on_outputs = no_cost}, {0}};
  LATER(nai_constraint_ops) constraint = {{.struct_size = sizeof constraint, .name = "c"}, {0}};
  LATER(nai_rule_ops)
  rule = {
      {.struct_size = sizeof rule, .name = "r", .feedback = NAI_FEEDBACK_RANDOM, .step = no_step},
      {0}};
  LATER(nai_task_ops)
  task = {{.struct_size = sizeof task,
           .name = "t",
           .n_inputs = 1,
           .n_outputs = 1,
           .max_steps = 2,
           .generate = no_trials},
          {0}};
  cost.now.destroy = constraint.now.destroy = rule.now.destroy = task.now.destroy = release;
  nai_network *net = make_net();
  nai_cost *c;
  nai_constraint *k;
  nai_rule *r;
  nai_task *own;
  released = 0;
  expect_ok(nai_cost_create(&c, &cost.now, "z", NULL, NULL));
  expect_ok(nai_constraint_create(&k, &constraint.now, NULL));
  expect_ok(nai_rule_create(&r, &rule.now, 1, NULL));
  expect_ok(nai_task_create_own(&own, &task.now, net, NULL));
  nai_cost_destroy(c);
  nai_constraint_destroy(k);
  nai_rule_destroy(r);
  nai_task_destroy(own);
  ck_assert_int_eq(released, 4);

  /* what cannot be read is not released either: its functions mean something else */
  cost.later[1] = constraint.later[1] = rule.later[1] = task.later[1] = net;
  expect_fails(nai_cost_create(&c, &cost.now, "z", NULL, NULL), NAI_ERR_UNSUPPORTED, "newer");
  expect_fails(nai_constraint_create(&k, &constraint.now, NULL), NAI_ERR_UNSUPPORTED, "newer");
  expect_fails(nai_rule_create(&r, &rule.now, 1, NULL), NAI_ERR_UNSUPPORTED, "newer");
  expect_fails(nai_task_create_own(&own, &task.now, net, NULL), NAI_ERR_UNSUPPORTED, "newer");
  ck_assert(released == 4 && !c && !k && !r && !own);
  nai_network_destroy(net);
}
END_TEST

START_TEST(arguments_of_a_later_release)
{
  LATER(nai_staircase)
  staircase = {{.struct_size = sizeof staircase,
                .parameter = "coherence",
                .start = 2,
                .hardest = 1,
                .step = 1,
                .harder_at = 0.8,
                .easier_at = 0.5},
               {0}};
  nai_curriculum *c;
  expect_ok(nai_curriculum_create(&c));
  expect_ok(nai_curriculum_add_stage(c, "a", 0.9, 1));
  expect_ok(nai_curriculum_add_staircase(c, "a", &staircase.now));
  nai_curriculum_destroy(c);
}
END_TEST

START_TEST(options_of_a_later_release)
{
  nai_network *net = make_net(), *again;
  int64_t size;
  static char bytes[1 << 16];
  expect_ok(nai_network_save_memory(bytes, sizeof bytes, &size, net));
  LATER(nai_load_options) options = {NAI_LOAD_OPTIONS_INIT, {0}};
  options.now.struct_size = sizeof options;
  expect_ok(nai_network_load_memory(&again, bytes, size, &options.now));
  nai_network_destroy(again);
  options.later[0] = net;
  expect_fails(nai_network_load_memory(&again, bytes, size, &options.now), NAI_ERR_UNSUPPORTED,
               "options is from a newer library");
  ck_assert_ptr_null(again);
  nai_network_destroy(net);
}
END_TEST

/* Calls that are given a structure, with all of its members but one as they should be. */
#define RESERVED(call) expect_fails(call, NAI_ERR_INVALID, "reserved is 7, must be 0")

START_TEST(what_is_reserved_is_0)
{
  nai_network *net = make_net(), *out;
  nai_state *state = make_state(net, 1, 1);
  nai_curriculum *curriculum;
  nai_connectivity table = NAI_CONNECTIVITY_INIT;
  nai_layout layout = NAI_LAYOUT_INIT;
  nai_microcircuit circuit = NAI_MICROCIRCUIT_INIT;
  nai_streams streams = NAI_STREAMS_INIT;
  nai_intervention act = NAI_INTERVENTION_INIT;
  nai_recording to = NAI_RECORDING_INIT;
  nai_staircase stairs = NAI_STAIRCASE_INIT;
  nai_load_options load = NAI_LOAD_OPTIONS_INIT;
  nai_synapse_arrays arrays = NAI_SYNAPSE_ARRAYS_INIT;
  nai_areas_rule rule = NAI_AREAS_RULE_INIT;
  nai_areas *areas;
  int64_t count;
  layout.reserved = circuit.reserved = streams.reserved = act.reserved = to.reserved = 7;
  stairs.reserved = load.reserved = arrays.reserved = 7;
  act.names = "E";
  stairs.parameter = "coherence";
  rule.density = rule.length = 1;
  expect_ok(nai_connectivity_find(&table, nai_connectivity_name(0)));
  expect_ok(nai_areas_create(&areas, "a b", (double[]){0, 1, 1, 0}, NULL, 2, &rule, 1));
  expect_ok(nai_curriculum_create(&curriculum));
  expect_ok(nai_curriculum_add_stage(curriculum, "one", 1, 1));
  expect_ok(nai_network_create(&out, 1));
  RESERVED(nai_network_populate(out, &table, &layout));
  nai_network_destroy(out);
  expect_ok(nai_network_create(&out, 1));
  RESERVED(nai_network_add_microcircuit(out, (int64_t[]){1, 1}, 2, &circuit));
  nai_network_destroy(out);
  expect_ok(nai_network_create(&out, 1));
  RESERVED(nai_areas_plan(&count, areas, out, &streams));
  nai_network_destroy(out);
  table.reserved = 7;
  double probability;
  RESERVED(nai_connectivity_probability(&probability, &table, table.type[0], table.type[0]));
  RESERVED(nai_state_intervene(state, &act, 1));
  RESERVED(nai_state_record(&to, state, 1, NULL));
  RESERVED(nai_curriculum_add_staircase(curriculum, "one", &stairs));
  RESERVED(nai_network_load(&out, "nothing", &load));
  RESERVED(nai_network_synapses(&arrays, 0, &count, net, "E", "E"));
  nai_curriculum_destroy(curriculum);
  nai_areas_destroy(areas);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

START_TEST(what_is_reserved_of_tables_and_evaluations_is_0)
{
  nai_network *net = make_net();
  nai_rule_ops rule = {.struct_size = sizeof rule, .name = "r", .reserved = 7, .step = no_step};
  nai_task_ops ops = {.struct_size = sizeof ops,
                      .name = "t",
                      .n_inputs = 1,
                      .n_outputs = 1,
                      .max_steps = 2,
                      .generate = no_trials};
  nai_evaluation_options options = NAI_EVALUATION_OPTIONS_INIT;
  nai_curve_arrays curve = NAI_CURVE_ARRAYS_INIT;
  nai_experience now = NAI_EXPERIENCE_INIT;
  nai_rule *made;
  nai_task *task;
  nai_trainer *trainer;
  nai_agent *agent;
  nai_evaluation *e;
  int64_t count;
  RESERVED(nai_rule_create(&made, &rule, 1, NULL));
  expect_ok(nai_task_create_own(&task, &ops, net, NULL));
  expect_ok(nai_evaluation_create_with(&e, net, task, 1, &options));
  curve.reserved = options.reserved = now.reserved = ops.reserved = 7;
  RESERVED(nai_evaluation_curve(&curve, 0, &count, e, "none"));
  nai_evaluation_destroy(e);
  RESERVED(nai_evaluation_create_with(&e, net, task, 1, &options));
  nai_task_destroy(task);
  RESERVED(nai_task_create_own(&task, &ops, net, NULL));
  rule.reserved = 0;
  expect_ok(nai_rule_create(&made, &rule, 1, NULL));
  trainer = make_trainer_of(net, made);
  expect_ok(nai_agent_create(&agent, trainer));
  RESERVED(nai_agent_step(NULL, agent, &now));
  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}
END_TEST

START_TEST(results_of_a_later_release)
{
  nai_network *net = make_net();
  LATER(nai_view) view = {NAI_VIEW_INIT, {&view, &view}};
  view.now.struct_size = sizeof view;
  expect_ok(nai_network_weights(&view.now, net, "E", "z"));
  ck_assert(view.now.struct_size == sizeof view && view.now.ndim == 2 && view.now.shape[1] == 3);
  ck_assert(view.later[0] == NULL && view.later[1] == NULL);

  LATER(nai_spectrum) spectrum = {NAI_SPECTRUM_INIT, {&view, &view}};
  spectrum.now.struct_size = sizeof spectrum;
  expect_ok(nai_network_spectrum(&spectrum.now, NULL, NULL, 0, net, "E"));
  ck_assert(spectrum.now.n == 3 && spectrum.later[1] == NULL);

  LATER(nai_parameter) parameter = {NAI_PARAMETER_INIT, {&view, &view}};
  parameter.now.struct_size = sizeof parameter;
  expect_ok(nai_trainer_parameter(&parameter.now, 0));
  ck_assert_str_eq(parameter.now.name, "batch");
  ck_assert(parameter.now.struct_size == sizeof parameter && parameter.later[0] == NULL);
  nai_network_destroy(net);
}
END_TEST

Suite *structs_suite(void)
{
  Suite *suite = suite_create("structs");
  TCase *tc = tcase_create("structs");
  tcase_add_test(tc, an_older_table_lacks_what_came_later);
  tcase_add_test(tc, a_newer_table_may_leave_out_what_this_library_lacks);
  tcase_add_test(tc, what_is_no_struct_is_refused);
  tcase_add_test(tc, a_struct_is_filled_as_far_as_it_goes);
  tcase_add_test(tc, tables_of_a_later_release);
  tcase_add_test(tc, arguments_of_a_later_release);
  tcase_add_test(tc, options_of_a_later_release);
  tcase_add_test(tc, what_is_reserved_is_0);
  tcase_add_test(tc, what_is_reserved_of_tables_and_evaluations_is_0);
  tcase_add_test(tc, results_of_a_later_release);
  suite_add_tcase(suite, tc);
  return suite;
}
