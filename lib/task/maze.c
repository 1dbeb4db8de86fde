/*
 * The one-choice maze of Achterberg et al. 2023, "Spatially embedded recurrent neural networks
 * reveal widespread links between structural and functional neuroscience findings": see the goal,
 * wait, see two open ways, take the one that leads to the goal.
 *
 * Inputs: four goals, of which one is on during the goal epoch; four ways (left, up, right, down),
 * of which the two open ones are on during the choices epoch. Classes: the ways. Only the last step
 * counts. The paper's network has no time constant, so that epochs are counted in steps. Its noise
 * of 0.05 on the inputs is the network's.
 *
 * All eight problems are equally likely, and so is each way. Who ignores the goal takes the right
 * one in at most 5 of 8 trials: two of the problems have their ways for themselves.
 */
#include "../base/error.h"
#include "builtin.h"

enum { GOAL, DELAY, CHOICES, PARAMETERS };

/* name, unit, meaning, default, smallest, largest, whole */
static const nai__parameter parameters[PARAMETERS] = {
    [GOAL] = {"goal", "steps", "steps during which the goal is shown", 20, 1, 1e5, 1},
    [DELAY] = {"delay", "steps", "steps from the goal to the choices", 10, 0, 1e5, 1},
    [CHOICES] = {"choices", "steps", "steps during which the open ways are shown", 20, 1, 1e5, 1},
};

enum { PROBLEM, PLACE, TARGET, OTHER, CONDITIONS };
static const char *const conditions[CONDITIONS] = {
    [PROBLEM] = "problem", /* 0 to 7 */
    [PLACE] = "goal",      /* where it is: 7, 9, 17 or 19 */
    [TARGET] = "target",   /* the right way, 0 to 3 */
    [OTHER] = "other",     /* the other open one */
};

enum { LEFT, UP, RIGHT, DOWN, WAYS };
enum { GOALS = 4, PROBLEMS = 8 };

static const char *const epochs[PARAMETERS] = {
    [GOAL] = "goal", [DELAY] = "delay", [CHOICES] = "choices"};

static const int place[GOALS] = {7, 9, 17, 19};

static const struct {
  int goal, right, other;
} problems[PROBLEMS] = {{1, UP, LEFT}, {1, RIGHT, DOWN}, {3, DOWN, LEFT},  {2, DOWN, RIGHT},
                        {2, LEFT, UP}, {0, UP, RIGHT},   {3, RIGHT, LEFT}, {0, LEFT, RIGHT}};

/* The draw of the problem follows those of the parameters. */
#define DRAW_PROBLEM PARAMETERS

static nai_status count_steps(int64_t *longest, const nai__builtin_task *task, double dt)
{
  const nai__parameters *p = &task->parameters;
  (void)dt;
  *longest = 0;
  for (int e = 0; e < PARAMETERS; e++) *longest += (int64_t)nai__list_largest(&p->list[e]);
  return NAI_OK;
}

static void describe(nai_trial_batch *batch, int64_t b, int problem)
{
  const int value[CONDITIONS] = {problem, place[problems[problem].goal], problems[problem].right,
                                 problems[problem].other};
  for (int i = 0; i < CONDITIONS; i++) batch->condition[i * batch->trials + b] = (float)value[i];
}

static void fill_trial(const nai__parameters *p, nai_trial_batch *batch, int64_t b)
{
  uint64_t trial = batch->first + (uint64_t)b;
  int problem = (int)(PROBLEMS * nai_random_uniform(batch->seed, trial, DRAW_PROBLEM));
  int64_t end[PARAMETERS], now = 0;
  for (int e = 0; e < PARAMETERS; e++)
    end[e] = now += (int64_t)nai__parameters_draw(p, e, batch->seed, trial);
  for (int64_t t = 0; t < now; t++) {
    int64_t row = t * batch->trials + b;
    float *input = batch->input + row * batch->n_inputs;
    batch->mask[row] = t == now - 1;
    if (t < end[GOAL]) input[problems[problem].goal] = 1;
    if (t < end[DELAY]) continue;
    input[GOALS + problems[problem].right] = input[GOALS + problems[problem].other] = 1;
    batch->classes[row] = problems[problem].right;
  }
  batch->length[b] = (int32_t)now;
  for (int e = 0; e < PARAMETERS; e++) {
    int32_t *step = batch->epoch + 2 * (e * batch->trials + b);
    step[0] = e > 0 ? (int32_t)end[e - 1] : 0;
    step[1] = (int32_t)end[e];
  }
  describe(batch, b, problem);
}

static nai_status generate(void *user, nai_trial_batch *batch)
{
  const nai__builtin_task *task = user;
  for (int64_t b = 0; b < batch->trials; b++) fill_trial(&task->parameters, batch, b);
  return NAI_OK;
}

const nai__task_kind nai__maze = {
    .name = "maze",
    .n_inputs = GOALS + WAYS,
    .n_outputs = WAYS,
    .has_classes = 1,
    .n_conditions = CONDITIONS,
    .condition_names = conditions,
    .parameters = parameters,
    .n_parameters = PARAMETERS,
    .more_epochs = epochs,
    .n_more_epochs = PARAMETERS,
    .steps = count_steps,
    .generate = generate,
};
