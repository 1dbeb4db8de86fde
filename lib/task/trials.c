/* Trials as arrays: made, set, looked at. What is refused changes nothing. */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/names.h"
#include "../network/view.h"
#include "../running/activity.h"
#include "arrays.h"

/* Floats of one array: 8 GiB, far below where any index overflows. */
#define MOST_FLOATS ((int64_t)1 << 31)

/* --- life ------------------------------------------------------------------------------------- */

static nai_status check_size(const nai_network *net, int64_t steps, int64_t trials)
{
  if (steps < 1 || steps > INT32_MAX)
    return nai__fail(NAI_ERR_INVALID, "steps is %lld, must be 1 to %d", (long long)steps,
                     INT32_MAX);
  if (trials < 1 || trials > INT32_MAX)
    return nai__fail(NAI_ERR_INVALID, "trials is %lld, must be 1 to %d", (long long)trials,
                     INT32_MAX);
  int64_t channels = net->n_inputs > net->n_outputs ? net->n_inputs : net->n_outputs;
  if (channels < 1) channels = 1;
  if (steps > MOST_FLOATS / trials / channels)
    return nai__fail(NAI_ERR_INVALID,
                     "%lld steps of %lld trials of %lld channels are too many: at most %lld values",
                     (long long)steps, (long long)trials, (long long)channels,
                     (long long)MOST_FLOATS);
  return NAI_OK;
}

static void describe_inputs(nai_trials *trials, const nai_network *net)
{
  for (int64_t i = 0; i < net->n_nodes; i++) {
    const nai__node *node = &net->node[i];
    if (node->kind != NAI_INPUTS) continue;
    memcpy(trials->input_name[trials->n_named], node->name, sizeof node->name);
    trials->input_offset[trials->n_named] = node->offset;
    trials->input_size[trials->n_named++] = node->n;
  }
}

static nai_status describe_outputs(nai_trials *trials, const nai_network *net)
{
  for (int64_t i = 0; i < net->n_nodes; i++) {
    const nai__node *node = &net->node[i];
    if (node->kind != NAI_OUTPUTS) continue;
    nai__goal *goal = &trials->goal[trials->n_goals++];
    memcpy(goal->name, node->name, sizeof node->name);
    goal->n = node->n;
    goal->offset = node->offset;
    goal->mask_columns = 1;
    int64_t values = trials->capacity * trials->trials;
    goal->mask = NAI__ARRAY(
        float, 2 * values * goal->n); /* room for n columns, cut and whole: it never moves */
    if (!goal->mask) return NAI_ERR_MEMORY;
    for (int64_t k = 0; k < 2 * values; k++) goal->mask[k] = 1;
  }
  return NAI_OK;
}

static nai_status allocate(nai_trials *trials, const nai_network *net, int64_t scratch)
{
  int64_t named = nai_network_count(net, NAI_INPUTS), goals = nai_network_count(net, NAI_OUTPUTS);
  trials->input = NAI__ARRAY(float, trials->capacity * trials->trials * trials->n_inputs +
                                        trials->trials * scratch);
  trials->length = NAI__ARRAY(int32_t, trials->trials);
  trials->goal = NAI__ARRAY(nai__goal, goals);
  trials->input_name = nai__alloc(named, sizeof *trials->input_name);
  trials->input_offset = NAI__ARRAY(int64_t, named);
  trials->input_size = NAI__ARRAY(int64_t, named);
  if (!trials->input || !trials->length || !trials->goal || !trials->input_name ||
      !trials->input_offset || !trials->input_size)
    return NAI_ERR_MEMORY;
  for (int64_t b = 0; b < trials->trials; b++) trials->length[b] = (int32_t)trials->steps;
  describe_inputs(trials, net);
  return describe_outputs(trials, net);
}

nai_status nai__trials_make(nai_trials **out, const nai_network *net, int64_t steps, int64_t trials,
                            int64_t scratch)
{
  NAI__TRY(check_size(net, steps, trials));
  nai_trials *made = NAI__NEW(nai_trials);
  if (!made) return NAI_ERR_MEMORY;
  made->steps = made->capacity = steps;
  made->trials = trials;
  made->parts = made->own = 1;
  made->n_inputs = net->n_inputs;
  made->n_outputs = net->n_outputs;
  nai_status status = allocate(made, net, scratch);
  if (status != NAI_OK)
    nai_trials_destroy(made);
  else
    *out = made;
  return status;
}

nai_status nai_trials_create(nai_trials **out, const nai_network *net, int64_t steps,
                             int64_t trials)
{
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__TRY(nai__require_built(net, "net"));
  return nai__trials_make(out, net, steps, trials, 0);
}

void nai_trials_destroy(nai_trials *trials)
{
  if (!trials) return;
  for (int64_t i = 0; i < trials->n_goals; i++) {
    nai__free(trials->goal[i].target);
    nai__free(trials->goal[i].classes);
    nai__free(trials->goal[i].mask);
  }
  for (int64_t i = 0; i < trials->n_conditions; i++) nai__free(trials->condition[i].value);
  for (int64_t i = 0; i < trials->n_epochs; i++) nai__free(trials->epoch[i].step);
  nai__free(trials->goal);
  nai__free(trials->condition);
  nai__free(trials->epoch);
  nai__free(trials->spans);
  nai__free(trials->part_end);
  nai__free(trials->part_now);
  nai__free(trials->picks);
  nai__free(trials->input);
  nai__free(trials->length);
  nai__free(trials->input_name);
  nai__free(trials->input_offset);
  nai__free(trials->input_size);
  nai__free(trials);
}

/* `choices`: what there is instead; empty: nothing. */
static nai_status fail_name(const char *kind, const char *name, const char *choices)
{
  return nai__fail(NAI_ERR_NAME, "no %s is called '%.60s'; %s%s", kind, name,
                   choices[0] ? "there are " : "there is none", choices);
}

/* --- inputs ----------------------------------------------------------------------------------- */

/* Columns that a name stands for; all of them for NULL. */
static nai_status find_input(int64_t *offset, int64_t *size, const nai_trials *trials,
                             const char *name)
{
  char choices[120] = "";
  *offset = 0;
  *size = trials->n_inputs;
  if (!name) return NAI_OK;
  for (int64_t i = 0; i < trials->n_named; i++) {
    nai__choices_add(choices, sizeof choices, trials->input_name[i]);
    if (strcmp(trials->input_name[i], name) != 0) continue;
    *offset = trials->input_offset[i];
    *size = trials->input_size[i];
    return NAI_OK;
  }
  return fail_name("input", name, choices);
}

nai_status nai_trials_set_inputs(nai_trials *trials, const char *name, const float *values,
                                 int64_t n)
{
  NAI__REQUIRE(trials);
  NAI__REQUIRE(values);
  int64_t offset, size;
  NAI__TRY(find_input(&offset, &size, trials, name));
  if (n != size)
    return nai__fail(NAI_ERR_INVALID, "n is %lld, %s%.60s has %lld channels", (long long)n,
                     name ? "input " : "", name ? name : "the network", (long long)size);
  NAI__TRY(nai__check_finite(values, trials->steps, trials->trials, n, "inputs"));
  for (int64_t row = 0; row < trials->steps * trials->trials; row++)
    memcpy(trials->input + row * trials->n_inputs + offset, values + row * n,
           (size_t)n * sizeof *values);
  return NAI_OK;
}

/* --- outputs ---------------------------------------------------------------------------------- */

static nai_status find_goal(nai__goal **out, const nai_trials *trials, const char *output,
                            const char *argument)
{
  char choices[120] = "";
  *out = NULL;
  if (!output) return nai__fail_null(argument);
  for (int64_t i = 0; i < trials->n_goals && !*out; i++) {
    nai__choices_add(choices, sizeof choices, trials->goal[i].name);
    if (strcmp(trials->goal[i].name, output) == 0) *out = &trials->goal[i];
  }
  return *out ? NAI_OK : fail_name("output", output, choices);
}

nai_status nai__trials_need_targets(const nai_trials *trials, nai__goal *goal)
{
  if (!goal->target) goal->target = NAI__ARRAY(float, trials->capacity * trials->trials * goal->n);
  return goal->target ? NAI_OK : NAI_ERR_MEMORY;
}

nai_status nai__trials_need_classes(const nai_trials *trials, nai__goal *goal)
{
  if (!goal->classes) goal->classes = NAI__ARRAY(int32_t, trials->capacity * trials->trials);
  return goal->classes ? NAI_OK : NAI_ERR_MEMORY;
}

nai_status nai_trials_set_targets(nai_trials *trials, const char *output, const float *values,
                                  int64_t n)
{
  NAI__REQUIRE(trials);
  NAI__REQUIRE(values);
  nai__goal *goal;
  NAI__TRY(find_goal(&goal, trials, output, "output"));
  if (n != goal->n)
    return nai__fail(NAI_ERR_INVALID, "n is %lld, output %s has %lld channels", (long long)n,
                     goal->name, (long long)goal->n);
  NAI__TRY(nai__check_targets(values, trials->steps, trials->trials, n, "targets"));
  NAI__TRY(nai__trials_need_targets(trials, goal));
  memcpy(goal->target, values, (size_t)(trials->steps * trials->trials * n) * sizeof *values);
  return NAI_OK;
}

nai_status nai_trials_set_classes(nai_trials *trials, const char *output, const int32_t *classes)
{
  NAI__REQUIRE(trials);
  NAI__REQUIRE(classes);
  nai__goal *goal;
  NAI__TRY(find_goal(&goal, trials, output, "output"));
  NAI__TRY(nai__check_classes(classes, trials->steps, trials->trials, goal->n));
  NAI__TRY(nai__trials_need_classes(trials, goal));
  memcpy(goal->classes, classes, (size_t)(trials->steps * trials->trials) * sizeof *classes);
  return NAI_OK;
}

/* --- masks and lengths ------------------------------------------------------------------------ */

float *nai__trials_whole_mask(const nai_trials *trials, const nai__goal *goal)
{
  return goal->mask + trials->capacity * trials->trials * goal->mask_columns;
}

static void cut_goal(const nai_trials *trials, nai__goal *goal, int64_t from, int64_t end)
{
  int64_t columns = goal->mask_columns, first = from * trials->trials * columns;
  const float *whole = nai__trials_whole_mask(trials, goal) + first;
  float *mask = goal->mask + first;
  for (int64_t step = from; step < end; step++)
    for (int64_t b = 0; b < trials->trials; b++, mask += columns, whole += columns)
      for (int64_t c = 0; c < columns; c++) mask[c] = step < trials->length[b] ? whole[c] : 0;
}

void nai__trials_cut_steps(nai_trials *trials, int64_t from, int64_t end)
{
  for (int64_t i = 0; i < trials->n_goals; i++) cut_goal(trials, &trials->goal[i], from, end);
}

void nai__trials_cut(nai_trials *trials)
{
  nai__trials_cut_steps(trials, 0, trials->steps);
}

nai_status nai_trials_set_mask(nai_trials *trials, const char *output, const float *mask,
                               int64_t columns)
{
  NAI__REQUIRE(trials);
  NAI__REQUIRE(mask);
  nai__goal *goal;
  NAI__TRY(find_goal(&goal, trials, output, "output"));
  if (columns != 1 && columns != goal->n)
    return nai__fail(NAI_ERR_INVALID,
                     "columns is %lld, must be 1 or %lld, the channels of output %s",
                     (long long)columns, (long long)goal->n, goal->name);
  NAI__TRY(nai__check_mask(mask, trials->steps, trials->trials, columns));
  goal->mask_columns = columns;
  memcpy(nai__trials_whole_mask(trials, goal), mask,
         (size_t)(trials->steps * trials->trials * columns) * sizeof *mask);
  cut_goal(trials, goal, 0, trials->steps);
  return NAI_OK;
}

nai_status nai_trials_set_lengths(nai_trials *trials, const int32_t *lengths)
{
  NAI__REQUIRE(trials);
  NAI__REQUIRE(lengths);
  NAI__TRY(nai__check_lengths(lengths, trials->trials, trials->steps));
  memcpy(trials->length, lengths, (size_t)trials->trials * sizeof *lengths);
  nai__trials_cut(trials);
  return NAI_OK;
}

const nai__goal *nai__trials_judged_at(int64_t *step, const nai_trials *trials, int64_t b,
                                       int64_t p)
{
  int64_t from, end;
  nai__trials_part(&from, &end, trials, b, p);
  const nai__goal *goal = NULL;
  for (int64_t i = 0; i < trials->n_goals && !goal; i++)
    if (trials->goal[i].classes) goal = &trials->goal[i];
  if (!goal) return NULL;
  for (int64_t t = end - 1; t >= from; t--)
    for (int64_t c = 0; c < goal->mask_columns; c++) {
      if (!(goal->mask[(t * trials->trials + b) * goal->mask_columns + c] > 0)) continue;
      *step = t;
      return goal;
    }
  return NULL;
}

/* --- conditions and numbers ------------------------------------------------------------------- */

static nai__condition *find_condition(const nai_trials *trials, const char *name)
{
  for (int64_t i = 0; i < trials->n_conditions; i++)
    if (strcmp(trials->condition[i].name, name) == 0) return &trials->condition[i];
  return NULL;
}

nai_status nai__trials_need_condition(nai__condition **out, nai_trials *trials, const char *name)
{
  *out = find_condition(trials, name);
  if (*out) return NAI_OK;
  int64_t n = trials->n_conditions;
  nai__condition *grown = nai__grow(trials->condition, n, n + 1, sizeof *grown);
  if (!grown) return NAI_ERR_MEMORY;
  trials->condition = grown;
  grown[n].value = NAI__ARRAY(float, trials->trials * trials->own);
  if (!grown[n].value) return NAI_ERR_MEMORY;
  memcpy(grown[n].name, name, strlen(name) + 1);
  trials->n_conditions++;
  *out = &grown[n];
  return NAI_OK;
}

/* [trials], and where trials are blocks [parts] of each. NaN: a trial without this condition. */
static nai_status check_condition(const float *values, const nai_trials *trials)
{
  for (int64_t k = 0; k < trials->trials * trials->own; k++) {
    const long long b = k / trials->own, part = k % trials->own;
    if (!isinf(values[k])) continue;
    if (trials->own > 1)
      return nai__fail(NAI_ERR_NONFINITE,
                       "values[%lld][%lld] is %g, must be finite, or NaN for none", b, part,
                       (double)values[k]);
    return nai__fail(NAI_ERR_NONFINITE, "values[%lld] is %g, must be finite, or NaN for none", b,
                     (double)values[k]);
  }
  return NAI_OK;
}

nai_status nai_trials_set_condition(nai_trials *trials, const char *name, const float *values)
{
  NAI__REQUIRE(trials);
  NAI__REQUIRE(values);
  NAI__TRY(nai__name_check(name, "name"));
  NAI__TRY(check_condition(values, trials));
  nai__condition *condition;
  NAI__TRY(nai__trials_need_condition(&condition, trials, name));
  memcpy(condition->value, values, (size_t)(trials->trials * trials->own) * sizeof *values);
  return NAI_OK;
}

const char *nai_trials_condition_name(const nai_trials *trials, int64_t index)
{
  return trials && index >= 0 && index < trials->n_conditions ? trials->condition[index].name
                                                              : NULL;
}

nai_status nai_trials_set_first(nai_trials *trials, uint64_t first)
{
  NAI__REQUIRE(trials);
  NAI__TRY(nai__first_check(first, trials->trials));
  trials->first = first;
  return NAI_OK;
}

uint64_t nai_trials_first(const nai_trials *trials)
{
  return trials ? trials->first : 0;
}

/* --- looking ---------------------------------------------------------------------------------- */

static void view_steps(nai_view *out, const nai_trials *trials, const float *values, int64_t n)
{
  nai__view_floats(out, values, 3, (int64_t[]){trials->steps, trials->trials, n},
                   (int64_t[]){trials->trials * n, n, 1});
}

static nai_status view_goal(nai_view *out, const nai_trials *trials, int32_t what, const char *name)
{
  nai__goal *goal;
  NAI__TRY(find_goal(&goal, trials, name, "name"));
  if (what == NAI_TRIALS_MASK) {
    view_steps(out, trials, goal->mask, goal->mask_columns);
    return NAI_OK;
  }
  if (what == NAI_TRIALS_TARGETS) {
    if (!goal->target) return nai__fail(NAI_ERR_ORDER, "output %s has no targets", goal->name);
    view_steps(out, trials, goal->target, goal->n);
    return NAI_OK;
  }
  if (!goal->classes) return nai__fail(NAI_ERR_ORDER, "output %s has no classes", goal->name);
  nai__view_ints(out, goal->classes, 2, (int64_t[]){trials->steps, trials->trials},
                 (int64_t[]){trials->trials, 1});
  return NAI_OK;
}

static nai_status view_condition(nai_view *out, const nai_trials *trials, const char *name)
{
  NAI__REQUIRE(name);
  char choices[120] = "";
  const nai__condition *condition = find_condition(trials, name);
  for (int64_t i = 0; i < trials->n_conditions && !condition; i++)
    nai__choices_add(choices, sizeof choices, trials->condition[i].name);
  if (!condition) return fail_name("condition", name, choices);
  nai__view_floats(out, condition->value, trials->own > 1 ? 2 : 1,
                   (int64_t[]){trials->trials, trials->own}, (int64_t[]){trials->own, 1});
  return NAI_OK;
}

static nai_status view_epoch(nai_view *out, const nai_trials *trials, const char *name)
{
  NAI__REQUIRE(name);
  char choices[120] = "";
  const nai__when *epoch = nai__trials_epoch(trials, name);
  for (int64_t i = 0; i < trials->n_epochs && !epoch; i++)
    nai__choices_add(choices, sizeof choices, trials->epoch[i].name);
  if (!epoch) return fail_name("epoch", name, choices);
  if (trials->own > 1)
    nai__view_ints(out, epoch->step, 3, (int64_t[]){trials->trials, trials->own, 2},
                   (int64_t[]){2 * trials->own, 2, 1});
  else
    nai__view_ints(out, epoch->step, 2, (int64_t[]){trials->trials, 2}, (int64_t[]){2, 1});
  return NAI_OK;
}

static nai_status view_parts(nai_view *out, const nai_trials *trials)
{
  if (trials->own == 1) return nai__fail(NAI_ERR_ORDER, "the trials are no blocks of parts");
  nai__view_ints(out, trials->part_end, 2, (int64_t[]){trials->trials, trials->parts},
                 (int64_t[]){trials->parts, 1});
  return NAI_OK;
}

nai_status nai_trials_view(nai_view *out, const nai_trials *trials, int32_t what, const char *name)
{
  NAI__TRY(nai__view_check(out));
  NAI__REQUIRE(trials);
  switch (what) {
  case NAI_TRIALS_INPUTS: view_steps(out, trials, trials->input, trials->n_inputs); return NAI_OK;
  case NAI_TRIALS_LENGTHS:
    nai__view_ints(out, trials->length, 1, &trials->trials, (int64_t[]){1});
    return NAI_OK;
  case NAI_TRIALS_TARGETS:
  case NAI_TRIALS_CLASSES:
  case NAI_TRIALS_MASK: return view_goal(out, trials, what, name);
  case NAI_TRIALS_CONDITION: return view_condition(out, trials, name);
  case NAI_TRIALS_EPOCH: return view_epoch(out, trials, name);
  case NAI_TRIALS_PARTS: return view_parts(out, trials);
  default:
    return nai__fail(NAI_ERR_INVALID, "what is %d, must be %d to %d", (int)what, NAI_TRIALS_INPUTS,
                     NAI_TRIALS_PARTS);
  }
}

/* --- fitting ---------------------------------------------------------------------------------- */

static nai_status fit_node(const nai_trials *trials, const nai__node *node)
{
  if (node->kind == NAI_INPUTS) {
    int64_t offset, size;
    NAI__TRY(find_input(&offset, &size, trials, node->name));
    if (offset == node->offset && size == node->n) return NAI_OK;
  }
  if (node->kind == NAI_OUTPUTS) {
    nai__goal *goal;
    NAI__TRY(find_goal(&goal, trials, node->name, "name"));
    if (goal->offset == node->offset && goal->n == node->n) return NAI_OK;
  }
  return nai__fail(NAI_ERR_INVALID, "the trials are of another network: '%s' differs", node->name);
}

nai_status nai__trials_fit(const nai_trials *trials, const nai_network *net)
{
  if (trials->n_inputs != net->n_inputs || trials->n_outputs != net->n_outputs)
    return nai__fail(
        NAI_ERR_INVALID,
        "the trials have %lld input and %lld output channels, the network has %lld and %lld",
        (long long)trials->n_inputs, (long long)trials->n_outputs, (long long)net->n_inputs,
        (long long)net->n_outputs);
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (net->node[i].kind != NAI_POPULATIONS) NAI__TRY(fit_node(trials, &net->node[i]));
  return NAI_OK;
}
