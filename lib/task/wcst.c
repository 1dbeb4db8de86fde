/*
 * The Wisconsin card sorting test as Liu & Wang (2024, "Flexible gating between subspaces in a
 * neural network model of internally guided task switching") have it: sort by colour or by shape;
 * which of them, only the outcomes tell, and it switches.
 *
 * A trial is a block of card trials, its parts. In each, with the defaults: 100 ms of feedback on
 * the last one, an interval of 1000 ms, the centre card for 1000 ms, and with it during the last 500
 * ms three test cards. Of these one shares with the centre card the feature that counts, one the
 * other feature, one neither. The choice is the output that is largest in the mean while the test
 * cards are there.
 *
 * Inputs: 0 .. 15 cards, each of the four (the centre card first) with two lines for colour and two
 * for shape; 16 the last choice was right, 17 it was wrong. Of 37 also 18 .. 33 the last cards, 34
 * .. 36 the last choice, with the feedback: these the published curriculum takes away. Outputs: 0 ..
 * 2 the test cards, 1 on the right one while they are there; 3 and 4 the rule, colour or shape, all
 * the time. All steps count.
 *
 * As in the program of the paper, in training the blocks of a batch share their rules and intervals,
 * here `shared` consecutive ones; the first rule is colour, and intervals vary in training alone. Its
 * order of input lines, and the time at which a rule is read, were not to be found; here the rule is
 * read with the choice.
 */
#include <assert.h>
#include <math.h>

#include "../base/error.h"
#include "epochs.h"

enum { CARDS = 4, TESTS = 3, RULES = 2, LINES = CARDS * 2 * RULES };
enum { RIGHT_INPUT = LINES, WRONG_INPUT, INPUTS, LAST_CARDS = INPUTS };
enum { LAST_CHOICE = LAST_CARDS + LINES, ALL_INPUTS = LAST_CHOICE + TESTS };
enum { OUTPUTS = TESTS + RULES };

enum {
  FEEDBACK,
  INTERVAL,
  CENTRE,
  RESPONSE,
  JITTER,
  TRIALS,
  SWITCHES,
  APART,
  EVERY,
  SHARED,
  LAST_CARDS_SHOWN,
  LAST_CHOICE_SHOWN,
  JUDGED,
  PARAMETERS
};
enum { EPOCHS = RESPONSE + 1 };

/* name, unit, meaning, default, smallest, largest, whole */
static const nai__parameter parameters[PARAMETERS] = {
    [FEEDBACK] = {"feedback", "ms", "duration of the feedback on the last choice", 100, 0, 1e7, 0},
    [INTERVAL] = {"interval", "ms", "duration from the feedback to the centre card", 1000, 0, 1e7,
                  0},
    [CENTRE] = {"centre", "ms", "duration of the centre card before the test cards", 500, 0, 1e7,
                0},
    [RESPONSE] = {"response", "ms", "duration of the test cards, when the answer is due", 500, 0,
                  1e7, 0},
    [JITTER] = {"jitter", "ms", "in training intervals are longer or shorter by up to this", 200, 0,
                1e7, 0},
    [TRIALS] = {"trials", "", "card trials of a block", 20, 1, 1e4, 1},
    [SWITCHES] = {"switches", "", "of the rule in a block, at random", 3, 0, 1e4, 1},
    [APART] = {"apart", "trials", "from one switch to the next, at least", 1, 1, 1e4, 1},
    [EVERY] = {"every", "trials", "from one switch to the next, not at random; 0: at random", 0, 0,
               1e4, 1},
    [SHARED] = {"shared", "blocks", "in training consecutive ones that share rules and intervals",
                50, 1, 1e9, 1},
    [LAST_CARDS_SHOWN] = {"previous_stimulus", "",
                          "0 or 1: the last cards are shown with the feedback, of 37 inputs", 1, 0,
                          1, 1},
    [LAST_CHOICE_SHOWN] = {"previous_choice", "",
                           "0 or 1: the last choice is shown with the feedback, of 37 inputs", 1, 0,
                           1, 1},
    [JUDGED] = {"judged", "", "0: the card; 1: the rule; 2: both must be right", 0, 0, 2, 1},
};

enum { RULE, TARGET, OTHER, SINCE, CONDITIONS };
static const char *const conditions[CONDITIONS] = {
    [RULE] = "rule",          /* 0 colour, 1 shape */
    [TARGET] = "target",      /* the right card, 0 to 2 */
    [OTHER] = "other",        /* the card that the other rule asks for */
    [SINCE] = "since_switch", /* card trials since the rule switched; -1 before the first switch */
};

static const char *const epochs[EPOCHS] = {
    [FEEDBACK] = "feedback", [INTERVAL] = "interval", [CENTRE] = "centre", [RESPONSE] = "response"};

/* Numbers that a block draws, and those that it shares with others. No trial has this bit. */
#define OF_SHARED (UINT64_C(1) << 63)
enum { DRAW_COLOUR, DRAW_SHAPE, DRAW_RIGHT, DRAW_OTHER, DRAWS };

static double value_of(const nai__parameters *p, int index)
{
  return p->list[index].value[0];
}

/* --- how long --------------------------------------------------------------------------------- */

static nai_status check_switches(const nai__parameters *p)
{
  double trials = value_of(p, TRIALS), switches = value_of(p, SWITCHES);
  double room = trials - 1 - (switches - 1) * (value_of(p, APART) - 1);
  if (value_of(p, EVERY) > 0 || switches == 0 || switches <= room) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID,
                   "switches is %g: there is no room for so many, %g trials apart, in %g trials",
                   switches, value_of(p, APART), trials);
}

static nai_status count_steps(int64_t *longest, const nai__builtin_task *task, double dt)
{
  const nai__parameters *p = &task->parameters;
  double steps = 0;
  NAI__TRY(check_switches(p));
  for (int k = FEEDBACK; k <= JITTER; k++) {
    NAI__TRY(nai__check_steps(p->list[k].value, 1, p->rule[k].name, k == RESPONSE, dt));
    steps += (double)nai__task_steps(value_of(p, k), dt);
  }
  return nai__check_range(longest, (nai__range){1, value_of(p, TRIALS) * steps}, dt);
}

static int64_t count_parts(const nai__builtin_task *task)
{
  return (int64_t)value_of(&task->parameters, TRIALS);
}

/* --- rules ------------------------------------------------------------------------------------ */

/* A block on its way into the batch, one card trial after another. */
typedef struct block {
  nai_trial_batch *batch;
  const nai__parameters *p;
  int64_t b;
  uint64_t number, group;
  int64_t now;     /* steps so far */
  int64_t to_come; /* switches, and */
  int64_t places;  /* where they may be, */
  int64_t blocked; /* but for the next so many trials */
  int rule;
  int64_t since;
} block;

static double draw_shared(const block *block, int64_t trial, int number)
{
  return nai_random_uniform(block->batch->seed, OF_SHARED | block->group,
                            (uint64_t)(2 * trial + number));
}

/* Each set of places is as likely as any other: one after the other, as many as are still needed. */
static int switches_after(block *block, int64_t trial)
{
  double every = value_of(block->p, EVERY);
  if (every > 0) return (trial + 1) % (int64_t)every == 0;
  if (block->to_come == 0) return 0;
  if (block->blocked > 0) {
    block->blocked--;
    return 0;
  }
  int here = draw_shared(block, trial, 0) * (double)block->places < (double)block->to_come;
  block->places--;
  if (here) {
    block->to_come--;
    block->blocked = (int64_t)value_of(block->p, APART) - 1;
  }
  return here;
}

static int64_t draw_interval(const block *block, int64_t trial)
{
  double ms = value_of(block->p, INTERVAL);
  if (block->batch->stream == NAI_STREAM_TRAIN)
    ms += value_of(block->p, JITTER) * (2 * draw_shared(block, trial, 1) - 1);
  return nai__task_steps(fmax(ms, 0), block->batch->dt);
}

/* --- cards ------------------------------------------------------------------------------------ */

/* Feature of each card, [card][rule]; the centre card is card 0. */
typedef struct cards {
  int feature[CARDS][RULES];
  int right, other; /* of the test cards */
} cards;

static int draw_below(const block *block, int64_t trial, int number, int n)
{
  return (int)(n * nai_random_uniform(block->batch->seed, block->number,
                                      (uint64_t)(DRAWS * trial + number)));
}

static cards draw_cards(const block *block, int64_t trial)
{
  cards cards;
  int *centre = cards.feature[0], irrelevant = 1 - block->rule;
  for (int r = 0; r < RULES; r++) centre[r] = draw_below(block, trial, DRAW_COLOUR + r, 2);
  cards.right = draw_below(block, trial, DRAW_RIGHT, TESTS);
  cards.other = (cards.right + 1 + draw_below(block, trial, DRAW_OTHER, TESTS - 1)) % TESTS;
  for (int c = 0; c < TESTS; c++)
    for (int r = 0; r < RULES; r++) cards.feature[1 + c][r] = 1 - centre[r];
  cards.feature[1 + cards.right][block->rule] = centre[block->rule];
  cards.feature[1 + cards.other][irrelevant] = centre[irrelevant];
  return cards;
}

static void show_card(const block *block, int card, const cards *cards, int64_t from, int64_t end)
{
  const nai_trial_batch *batch = block->batch;
  for (int64_t t = from; t < end; t++)
    for (int r = 0; r < RULES; r++)
      batch->input[(t * batch->trials + block->b) * batch->n_inputs + (card * RULES + r) * 2 +
                   cards->feature[card][r]] = 1;
}

static void set_targets(const block *block, const cards *cards, int64_t from, int64_t response,
                        int64_t end)
{
  const nai_trial_batch *batch = block->batch;
  for (int64_t t = from; t < end; t++) {
    float *target = batch->target + (t * batch->trials + block->b) * OUTPUTS;
    target[TESTS + block->rule] = 1;
    if (t >= response) target[cards->right] = 1;
  }
}

static void describe(const block *block, const cards *cards, int64_t trial)
{
  const nai_trial_batch *batch = block->batch;
  const double value[CONDITIONS] = {[RULE] = block->rule,
                                    [TARGET] = cards->right,
                                    [OTHER] = cards->other,
                                    [SINCE] = (double)block->since};
  for (int c = 0; c < CONDITIONS; c++)
    batch->condition[(c * batch->trials + block->b) * batch->parts + trial] = (float)value[c];
}

static void fill_trial(block *block, int64_t trial)
{
  const nai_trial_batch *batch = block->batch;
  const cards cards = draw_cards(block, trial);
  int64_t from = block->now, at[EPOCHS + 1] = {from};
  for (int e = 0; e < EPOCHS; e++) {
    int64_t steps = e == INTERVAL ? draw_interval(block, trial)
                                  : nai__task_steps(value_of(block->p, e), batch->dt);
    int32_t *span = batch->epoch + 2 * ((e * batch->trials + block->b) * batch->parts + trial);
    at[e + 1] = at[e] + steps;
    span[0] = (int32_t)at[e];
    span[1] = (int32_t)at[e + 1];
  }
  block->now = at[EPOCHS];
  show_card(block, 0, &cards, at[CENTRE], block->now);
  for (int c = 1; c < CARDS; c++) show_card(block, c, &cards, at[RESPONSE], block->now);
  set_targets(block, &cards, from, at[RESPONSE], block->now);
  describe(block, &cards, trial);
  if (batch->part_end) batch->part_end[block->b * batch->parts + trial] = (int32_t)block->now;
}

static nai_status generate(void *user, nai_trial_batch *batch)
{
  const nai__builtin_task *task = user;
  const nai__parameters *p = &task->parameters;
  int64_t switches = (int64_t)value_of(p, SWITCHES), apart = (int64_t)value_of(p, APART);
  for (int64_t b = 0; b < batch->trials; b++) {
    uint64_t number = batch->first + (uint64_t)b;
    block block = {.batch = batch,
                   .p = p,
                   .b = b,
                   .number = number,
                   .group = batch->stream == NAI_STREAM_TRAIN
                                ? number / (uint64_t)value_of(p, SHARED)
                                : number,
                   .to_come = switches,
                   .places = batch->parts - 1 - (switches - 1) * (apart - 1),
                   .since = -1};
    for (int64_t trial = 0; trial < batch->parts; trial++) {
      fill_trial(&block, trial);
      int switched = switches_after(&block, trial);
      if (switched) block.rule = 1 - block.rule;
      block.since = switched ? 0 : block.since < 0 ? -1 : block.since + 1;
    }
    batch->length[b] = (int32_t)block.now;
  }
  return NAI_OK;
}

/* --- choices ---------------------------------------------------------------------------------- */

/* The largest mean of `n` outputs over these steps; -1 when it is shared, or not finite. */
static int32_t choose(const float *output, int64_t stride, int64_t steps, int n)
{
  double mean[OUTPUTS] = {0};
  int32_t largest = 0;
  for (int64_t t = 0; t < steps; t++)
    for (int c = 0; c < n; c++) mean[c] += (double)output[t * stride + c] / (double)steps;
  for (int c = 0; c < n; c++) {
    if (!isfinite(mean[c])) return -1;
    if (mean[c] > mean[largest]) largest = c;
  }
  for (int c = 0; c < n; c++)
    if (c != largest && mean[c] == mean[largest]) return -1;
  return largest;
}

static int64_t response_steps(const nai__parameters *p, double dt)
{
  return nai__task_steps(value_of(p, RESPONSE), dt);
}

/* Feedback on part k of block b, at the start of the next one. */
static void answer(const nai__parameters *p, nai_trial_batch *batch, int64_t b, int64_t k)
{
  int64_t window = response_steps(p, batch->dt), n = batch->n_inputs;
  const int32_t *feedback =
      batch->epoch + 2 * ((FEEDBACK * batch->trials + b) * batch->parts + k + 1);
  const float *z = batch->output + (batch->step - window) * batch->output_step;
  const float *shown = batch->input + ((batch->step - 1) * batch->trials + b) * n;
  int32_t choice = choose(z + b * batch->output_trial, batch->output_step, window, TESTS);
  float target = batch->condition[(TARGET * batch->trials + b) * batch->parts + k];
  for (int64_t t = feedback[0]; t < feedback[1]; t++) {
    float *input = batch->input + (t * batch->trials + b) * n;
    input[(float)choice == target ? RIGHT_INPUT : WRONG_INPUT] = 1;
    if (n < ALL_INPUTS) continue;
    for (int c = 0; c < LINES && value_of(p, LAST_CARDS_SHOWN) != 0; c++)
      input[LAST_CARDS + c] = shown[c];
    if (choice >= 0 && value_of(p, LAST_CHOICE_SHOWN) != 0) input[LAST_CHOICE + choice] = 1;
  }
}

static nai_status respond(void *user, nai_trial_batch *batch)
{
  const nai__builtin_task *task = user;
  for (int64_t b = 0; b < batch->trials; b++)
    if (batch->part[b] >= 0 && batch->part[b] < batch->parts - 1)
      answer(&task->parameters, batch, b, batch->part[b]);
  return NAI_OK;
}

static nai_status judge(void *user, nai_judgement *judgement)
{
  const nai__parameters *p = &((const nai__builtin_task *)user)->parameters;
  int64_t window = response_steps(p, judgement->dt);
  float target = judgement->condition[TARGET], rule = judgement->condition[RULE];
  int judged = (int)value_of(p, JUDGED);
  if (!(target >= 0 && rule >= 0) || judgement->steps < window) return NAI_OK;
  const float *z = judgement->output + (judgement->steps - window) * judgement->stride;
  int32_t card = choose(z, judgement->stride, window, TESTS);
  int32_t sorted_by = choose(z + TESTS, judgement->stride, window, RULES);
  int is_card = (float)card == target, is_rule = (float)sorted_by == rule;
  judgement->choice = judged == 1 ? sorted_by : card;
  judgement->correct = judged == 0 ? is_card : judged == 1 ? is_rule : is_card && is_rule;
  return NAI_OK;
}

const nai__task_kind nai__wcst = {
    .name = "wcst",
    .n_inputs = INPUTS,
    .more_inputs = ALL_INPUTS,
    .n_outputs = OUTPUTS,
    .flags = NAI_TASK_BLOCK,
    .n_conditions = CONDITIONS,
    .condition_names = conditions,
    .parameters = parameters,
    .n_parameters = NAI__AT_MOST(PARAMETERS, NAI__MOST_PARAMETERS),
    .n_single = PARAMETERS,
    .more_epochs = epochs,
    .n_more_epochs = EPOCHS,
    .steps = count_steps,
    .parts = count_parts,
    .generate = generate,
    .respond = respond,
    .judge = judge,
};
