/*
 * The Wisconsin card sorting test: its cards and rules, what is told, and who infers the rule from
 * that alone.
 */
#include <string.h>

#include "../lib/base/memory.h"
#include "faults.h"
#include "tasks.h"

enum { INPUTS = 18, ALL_INPUTS = 37, OUTPUTS = 5, RIGHT = 16, WRONG = 17 };

static nai_network *sorter(int64_t more)
{
  nai_network *net =
      COMPOSE(.dt = 10, .inputs = {{"stimulus", 16}, {"feedback", 2}, {"previous", more}},
              .populations = {{"E", 4, NAI_FREE}}, .outputs = {{"response", 3}, {"rule", 2}},
              .projections = {{"stimulus feedback", "E"}, {"E", "response rule"}});
  if (more) expect_ok(nai_network_connect(net, "previous", "E"));
  expect_ok(nai_network_build(net, 1));
  return net;
}

static nai_task *wcst(int64_t more)
{
  nai_network *net = sorter(more);
  nai_task *task = task_for(net, "wcst");
  nai_network_destroy(net);
  return task;
}

static int32_t span(const nai_trials *trials, const char *epoch, int64_t b, int64_t p, int which)
{
  return nai__trials_epoch(trials, epoch)->step[2 * (b * trials->own + p) + which];
}

static double condition(const nai_trials *trials, const char *name, int64_t b, int64_t p)
{
  return condition_of(trials, name, b * trials->own + p);
}

/* Colour (0) or shape (1) of a card, the centre card first, at a step; -1: it is not there. */
static int feature(const nai_trials *trials, int64_t t, int64_t b, int card, int rule)
{
  int found = -1;
  for (int f = 0; f < 2; f++) {
    float x = input_at(trials, t, b, 4 * card + 2 * rule + f);
    EXPECT(x == 0 || (x == 1 && found < 0));
    if (x == 1) found = f;
  }
  return found;
}

/* The test card that has this feature of the centre card; there is only one. */
static int card_by(const nai_trials *trials, int64_t t, int64_t b, int rule)
{
  int found = -1;
  for (int c = 0; c < 3; c++)
    if (feature(trials, t, b, 1 + c, rule) == feature(trials, t, b, 0, rule)) {
      EXPECT(found < 0);
      found = c;
    }
  EXPECT(found >= 0);
  return found;
}

START_TEST(sizes_and_times_are_the_published_ones)
{
  nai_task *task = wcst(0);
  nai_trials *trials = make_trials_of(task, 1, NAI_STREAM_TEST, 0, 3);
  EXPECT(trials->parts == 20 && trials->own == 20 && trials->steps == 20 * 210);
  for (int64_t b = 0; b < 3; b++)
    for (int64_t p = 0; p < 20; p++) {
      int32_t from = (int32_t)p * 210;
      EXPECT(trials->part_end[b * 20 + p] == from + 210);
      EXPECT(span(trials, "feedback", b, p, 0) == from &&
             span(trials, "feedback", b, p, 1) == from + 10);
      EXPECT(span(trials, "interval", b, p, 1) == from + 110);
      EXPECT(span(trials, "centre", b, p, 1) == from + 160);
      EXPECT(span(trials, "response", b, p, 1) == from + 210);
      for (int32_t t = from; t < from + 210; t++) {
        for (int c = 0; c < 4; c++)
          for (int r = 0; r < 2; r++)
            EXPECT((feature(trials, t, b, c, r) >= 0) == (t >= from + (c ? 160 : 110)));
        EXPECT(input_at(trials, t, b, RIGHT) == 0 && input_at(trials, t, b, WRONG) == 0);
      }
    }
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

/* One card matches by the rule, one by the other, one by neither; targets say so. 10^4 card trials. */
START_TEST(cards_and_targets)
{
  nai_task *task = wcst(0);
  nai_trials *trials = make_trials(task, 500);
  int by_rule[2] = {0}, right[3] = {0};
  for (int64_t k = 0; k < 500 * 20; k++) {
    int64_t b = k / 20, p = k % 20, last = trials->part_end[k] - 1;
    int rule = (int)condition(trials, "rule", b, p),
        target = (int)condition(trials, "target", b, p);
    ck_assert_int_eq(card_by(trials, last, b, rule), target);
    ck_assert_int_eq(card_by(trials, last, b, 1 - rule), (int)condition(trials, "other", b, p));
    EXPECT(condition(trials, "other", b, p) != target);
    by_rule[rule]++;
    right[target]++;
    for (int64_t t = span(trials, "feedback", b, p, 0); t <= last; t++) {
      int64_t row = t * 500 + b;
      for (int c = 0; c < 3; c++)
        EXPECT(trials->goal[0].target[row * 3 + c] ==
               (c == target && t >= span(trials, "response", b, p, 0)));
      for (int c = 0; c < 2; c++) EXPECT(trials->goal[1].target[row * 2 + c] == (c == rule));
      EXPECT(trials->goal[0].mask[row] == 1 && trials->goal[1].mask[row] == 1);
    }
  }
  for (int c = 0; c < 3; c++) expect_share(right[c], 10000, 1.0 / 3);
  EXPECT(by_rule[0] > 3000 && by_rule[1] > 3000);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

START_TEST(rules_switch_at_random_or_not)
{
  nai_task *task = wcst(0);
  set_number(task, "shared", 1);
  nai_trials *trials = make_trials(task, 400);
  int at[20] = {0};
  for (int64_t b = 0; b < 400; b++) {
    int switches = 0, since = -1;
    EXPECT(condition(trials, "rule", b, 0) == 0 && condition(trials, "since_switch", b, 0) == -1);
    for (int64_t p = 1; p < 20; p++) {
      int here = condition(trials, "rule", b, p) != condition(trials, "rule", b, p - 1);
      since = here ? 0 : since < 0 ? -1 : since + 1;
      EXPECT(condition(trials, "since_switch", b, p) == since);
      switches += here;
      at[p] += here;
    }
    ck_assert_int_eq(switches, 3);
  }
  for (int p = 1; p < 20; p++) expect_share(at[p], 400, 3.0 / 19);
  nai_trials_destroy(trials);

  set_number(task, "trials", 100); /* the sessions that the paper analyses */
  set_number(task, "switches", 10);
  set_number(task, "apart", 3);
  trials = make_trials(task, 20);
  for (int64_t b = 0; b < 20; b++) {
    int switches = 0;
    for (int64_t p = 1, last = -9; p < 100; p++) {
      if (condition(trials, "rule", b, p) == condition(trials, "rule", b, p - 1)) continue;
      EXPECT(p - last >= 3);
      last = p;
      switches++;
    }
    ck_assert_int_eq(switches, 10);
  }
  nai_trials_destroy(trials);
  set_number(task, "every", 20);
  trials = make_trials(task, 2);
  for (int64_t p = 0; p < 100; p++) EXPECT(condition(trials, "rule", 1, p) == p / 20 % 2);
  nai_trials_destroy(trials);
  expect_ok(nai_task_set(task, "every", 0));
  expect_fails(nai_task_set(task, "switches", 34), NAI_ERR_INVALID,
               "switches is 34: there is no room for so many, 3 trials apart, in 100 trials");
  expect_ok(nai_task_set(task, "switches", 33));
  nai_task_destroy(task);
}
END_TEST

/* Consecutive blocks share rules and intervals, which vary in training; cards are their own. */
START_TEST(blocks_of_a_batch_share_their_rules)
{
  nai_task *task = wcst(0);
  set_number(task, "trials", 5);
  set_number(task, "shared", 4);
  nai_trials *trials = make_trials(task, 12);
  int cards = 0, lengths = 0;
  for (int64_t b = 0; b < 12; b++)
    for (int64_t p = 0; p < 5; p++) {
      int64_t first = b / 4 * 4;
      int32_t interval = span(trials, "interval", b, p, 1) - span(trials, "interval", b, p, 0);
      EXPECT(condition(trials, "rule", b, p) == condition(trials, "rule", first, p));
      EXPECT(trials->part_end[b * 5 + p] == trials->part_end[first * 5 + p]);
      EXPECT(interval >= 80 && interval <= 120);
      cards += condition(trials, "target", b, p) != condition(trials, "target", first, p);
      lengths += trials->part_end[b * 5 + p] != trials->part_end[p];
    }
  EXPECT(cards > 10 && lengths > 10);
  nai_trials *test = make_trials_of(task, 5, NAI_STREAM_TEST, 0, 12); /* no two alike */
  int rules = 0;
  for (int64_t b = 0; b < 12; b++)
    for (int64_t p = 0; p < 5; p++)
      rules += condition(test, "rule", b, p) != condition(test, "rule", b / 4 * 4, p);
  EXPECT(rules > 3);
  nai_trials_destroy(test);
  static const int64_t sizes[] = {1, 5, 11};
  for (int k = 0; k < 3; k++)
    for (int64_t from = 0; from < 12; from += sizes[k]) {
      int64_t n = 12 - from < sizes[k] ? 12 - from : sizes[k];
      nai_trials *some = make_trials_of(task, 5, NAI_STREAM_TRAIN, (uint64_t)from, n);
      for (int64_t b = 0; b < n; b++)
        for (int64_t p = 0; p < 5; p++)
          EXPECT(some->part_end[b * 5 + p] == trials->part_end[(from + b) * 5 + p] &&
                 condition(some, "target", b, p) == condition(trials, "target", from + b, p));
      nai_trials_destroy(some);
    }
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

/* --- inferring the rule ----------------------------------------------------------------------- */

/* A player of one block: what it believes, and how it went. */
typedef struct player {
  int believes, choice, errors;
} player;

/* Puts out what it chooses at each step of part p; before that learns from what it was told. */
static void play_part(player *player, float *output, const nai_trials *trials, int64_t b, int64_t p)
{
  int64_t from = p ? trials->part_end[b * trials->parts + p - 1] : 0;
  int64_t end = trials->part_end[b * trials->parts + p];
  int right = input_at(trials, from, b, RIGHT) == 1, wrong = input_at(trials, from, b, WRONG) == 1;
  EXPECT(right + wrong == (p > 0));
  if (p) EXPECT(right == (player->choice == (int)condition(trials, "target", b, p - 1)));
  if (wrong) player->believes = 1 - player->believes;
  player->errors += wrong;
  for (int64_t t = from; t < from + 10; t++) {
    EXPECT(input_at(trials, t, b, RIGHT) == (float)right);
    EXPECT(input_at(trials, t, b, WRONG) == (float)wrong);
  }
  EXPECT(input_at(trials, from + 10, b, RIGHT) == 0 && input_at(trials, from + 10, b, WRONG) == 0);
  player->choice = card_by(trials, end - 1, b, player->believes);
  for (int64_t t = from; t < end; t++) {
    float *z = output + (t * trials->trials + b) * OUTPUTS;
    z[player->choice] = t >= end - 50 ? 0.6f : 0; /* before the test cards it is of no account */
    z[(player->choice + 1) % 3] = t >= end - 50 ? 0.3f : 5;
    z[3 + player->believes] = 1;
  }
}

/* Who infers the rule from feedback alone makes one error a switch: 0.95 of trials in the limit. */
START_TEST(one_error_a_switch)
{
  enum { N = 3, BLOCK_TRIALS = 200 };
  nai_task *task = wcst(0);
  set_number(task, "trials", BLOCK_TRIALS);
  set_number(task, "every", 20);
  nai_trials *trials = make_trials_of(task, 1, NAI_STREAM_TEST, 0, N);
  player players[N] = {{0}};
  float *output = NAI__ARRAY(float, trials->steps *N *OUTPUTS);
  const nai__done done = {output, N * OUTPUTS, OUTPUTS};
  for (int64_t p = 0; p < BLOCK_TRIALS; p++) {
    for (int64_t b = 0; b < N; b++) play_part(&players[b], output, trials, b, p);
    expect_ok(nai__task_respond(trials, task, trials->part_end[p], -1, &done));
  }
  for (int judged = 0; judged < 3; judged++) {
    set_number(task, "judged", judged);
    for (int64_t k = 0; k < N * BLOCK_TRIALS; k++) {
      nai__verdict v;
      int64_t b = k / BLOCK_TRIALS, p = k % BLOCK_TRIALS;
      expect_ok(nai__judge(&v, task, trials, b, p, output + b * OUTPUTS, N * OUTPUTS, 10));
      ck_assert_int_eq(v.correct, condition(trials, "since_switch", b, p) != 0);
      if (v.correct)
        ck_assert_int_eq(v.choice, (int)condition(trials, judged == 1 ? "rule" : "target", b, p));
      else if (judged != 1) /* it perseveres */
        ck_assert_int_eq(v.choice, (int)condition(trials, "other", b, p));
    }
  }
  for (int64_t b = 0; b < N; b++) ck_assert_int_eq(players[b].errors, 9);
  nai__free(output);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

/* With 37 inputs the last cards and choice come with the feedback, until a stage takes them away. */
START_TEST(the_curriculum_takes_channels_away)
{
  for (int stage = 0; stage < 3; stage++) {
    nai_task *task = wcst(19);
    set_number(task, "switches", 1);
    set_number(task, "trials", 3);
    if (stage > 0) set_number(task, "previous_stimulus", 0);
    if (stage > 1) set_number(task, "previous_choice", 0);
    nai_trials *trials = make_trials_of(task, 1, NAI_STREAM_TEST, 0, 2);
    ck_assert_int_eq(trials->n_inputs, ALL_INPUTS);
    player players[2] = {{0}};
    float *output = NAI__ARRAY(float, trials->steps * 2 * OUTPUTS);
    const nai__done done = {output, 2 * OUTPUTS, OUTPUTS};
    for (int64_t p = 0; p < 3; p++) {
      for (int64_t b = 0; b < 2; b++) {
        int64_t from = 210 * p;
        for (int64_t t = from; t < from + 210; t++)
          for (int c = 0; c < 19; c++) {
            int shows = p > 0 && t < from + 10 && stage < (c < 16 ? 1 : 2);
            float last = p == 0   ? 0
                         : c < 16 ? input_at(trials, from - 1, b, c)
                                  : (float)(c - 16 == players[b].choice);
            EXPECT(input_at(trials, t, b, INPUTS + c) == (shows ? last : 0));
          }
        play_part(&players[b], output, trials, b, p);
      }
      expect_ok(nai__task_respond(trials, task, 210 * (p + 1), -1, &done));
    }
    nai__free(output);
    nai_trials_destroy(trials);
    nai_task_destroy(task);
  }
}
END_TEST

/* A silent network has made no choice, nor has one that diverges: which is wrong. */
START_TEST(no_choice_is_wrong)
{
  nai_task *task = wcst(19);
  set_number(task, "switches", 1);
  set_number(task, "trials", 2);
  nai_trials *trials = make_trials_of(task, 1, NAI_STREAM_TEST, 0, 1);
  float *output = NAI__ARRAY(float, trials->steps *OUTPUTS);
  const nai__done done = {output, OUTPUTS, OUTPUTS};
  expect_ok(nai__task_respond(trials, task, 210, -1, &done));
  EXPECT(input_at(trials, 210, 0, WRONG) == 1 && input_at(trials, 210, 0, RIGHT) == 0);
  for (int c = 34; c < 37; c++) EXPECT(input_at(trials, 210, 0, c) == 0);
  nai__verdict v;
  expect_ok(nai__judge(&v, task, trials, 0, 0, output, OUTPUTS, 10));
  EXPECT(v.correct == 0 && v.choice == -1);
  output[209 * OUTPUTS] = INFINITY;
  expect_ok(nai__judge(&v, task, trials, 0, 0, output, OUTPUTS, 10));
  EXPECT(v.correct == 0 && v.choice == -1);
  nai__free(output);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

START_TEST(networks_and_parameters_that_do_not_fit)
{
  nai_network *net = sorter(3);
  nai_task *task;
  expect_fails(nai_task_create(&task, "wcst", net), NAI_ERR_INVALID,
               "18 input channels (or 37), the network has 21");
  nai_network_destroy(net);
  task = wcst(0);
  expect_fails(nai_task_set(task, "response", 0), NAI_ERR_INVALID, "response");
  expect_fails(nai_task_set(task, "jitter", 5), NAI_ERR_INVALID, "jitter");
  expect_fails(nai_task_set(task, "trials", 0), NAI_ERR_INVALID, "trials");
  expect_fails(nai_task_set(task, "trials", 10000), NAI_ERR_INVALID, "at most 1000000");
  expect_fails(nai_task_set_list(task, "trials", (double[]){10, 20}, 2), NAI_ERR_INVALID,
               "one value");
  ck_assert_int_eq(task->ops.parts, 20);
  set_number(task, "switches", 0);
  set_number(task, "trials", 1);
  nai_trials *trials = make_trials(task, 2);
  EXPECT(trials->parts == 1 && trials->condition[0].value[1] == 0);
  nai_trials_destroy(trials);
  nai_task_destroy(task);
}
END_TEST

Suite *wcst_suite(void);

Suite *wcst_suite(void)
{
  Suite *suite = suite_create("wcst");
  ADD_CASE(suite, "trials", sizes_and_times_are_the_published_ones, cards_and_targets,
           rules_switch_at_random_or_not, blocks_of_a_batch_share_their_rules,
           networks_and_parameters_that_do_not_fit);
  ADD_CASE(suite, "feedback", one_error_a_switch, the_curriculum_takes_channels_away,
           no_choice_is_wrong);
  return suite;
}
