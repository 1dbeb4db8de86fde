/* Checkpoints: a training that was stopped, or killed, ends with the same bits as one that was not. */
#define _GNU_SOURCE /* memmem */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/file/checkpoint.h"
#include "../lib/file/safetensors.h"
#include "faults.h"
#include "networks.h"

#define UPDATES 60

typedef struct rig {
  nai_network *net;
  nai_trainer *trainer;
} rig;

/* What a rig is made of; the tests change one of these at a time. */
typedef struct plan {
  int64_t n_e;
  double tau, density, beta, rate, sigma, criterion;
  int momentum, curriculum, two_costs, schedule, normalise;
} plan;

static const plan usual = {12, 100, 0.5, 1e-3, 1e-2, 1, 0, 0, 1, 1, 1, 0};

static nai_network *make_network(const plan *p)
{
  nai_constraint *sparse;
  nai_network *net =
      COMPOSE(.dt = 20.0, .inputs = {{"stimulus", 3}},
              .populations = {{"E", p->n_e, NAI_EXCITATORY}, {"I", 4, NAI_INHIBITORY}},
              .outputs = {{"choice", 3}},
              .projections = {{"stimulus", "E I"}, {"E I", "E I"}, {"E", "choice"}});
  nai_network_set(net, "E I", "noise", 0.1);
  nai_network_set(net, "E", "tau", p->tau);
  expect_ok(nai_constraint_create_sparse(&sparse, p->density));
  nai_network_constrain(net, "E I", "E I", sparse);
  nai_constraint_destroy(sparse);
  expect_ok(nai_network_build(net, 3));
  return net;
}

/* A stage at the second evaluation, a staircase that moves at each. */
static void add_curriculum(nai_trainer *trainer, const plan *p)
{
  nai_curriculum *c;
  nai_staircase stair = NAI_STAIRCASE_INIT;
  stair.parameter = "coherence";
  stair.start = 100;
  stair.hardest = 20;
  stair.step = 15;
  expect_ok(nai_curriculum_create(&c));
  expect_ok(nai_curriculum_add_stage(c, "first", p->criterion, 2));
  expect_ok(nai_curriculum_add_stage(c, "second", 1, 1));
  expect_ok(nai_curriculum_set(c, "second", "stimulus", (double[]){60, 120}, 2));
  expect_ok(nai_curriculum_add_staircase(c, "second", &stair));
  expect_ok(nai_trainer_set_curriculum(trainer, c));
  nai_curriculum_destroy(c);
}

static nai_optimizer *make_optimizer(const plan *p)
{
  nai_optimizer *optimizer;
  if (p->momentum)
    expect_ok(nai_optimizer_create_momentum(&optimizer, p->rate));
  else
    expect_ok(nai_optimizer_create_adam(&optimizer, p->rate));
  if (p->schedule)
    expect_ok(
        nai_optimizer_set_schedule(optimizer, (int64_t[]){0, UPDATES}, (double[]){1, 0.1}, 2));
  return optimizer;
}

static rig make_rig(const plan *p)
{
  rig r = {make_network(p), NULL};
  nai_rule *rule;
  nai_cost *cost, *rates;
  nai_task *task;
  nai_optimizer *optimizer = make_optimizer(p);
  expect_ok(nai_task_create(&task, "perceptual-decision-making", r.net));
  expect_ok(nai_task_set(task, "fixation", 40));
  expect_ok(nai_task_set(task, "stimulus", 100));
  expect_ok(nai_task_set(task, "sigma", p->sigma));
  expect_ok(nai_rule_create_bptt(&rule));
  expect_ok(nai_cost_create_cross_entropy(&cost, "choice"));
  expect_ok(nai_cost_create_l2_rates(&rates, "E"));
  if (p->normalise) expect_ok(nai_cost_set_normalise(rates, 1));
  expect_ok(nai_trainer_create(&r.trainer, r.net, rule, optimizer, task));
  expect_ok(nai_trainer_add_cost(r.trainer, cost, 1.0));
  if (p->two_costs) expect_ok(nai_trainer_add_cost(r.trainer, rates, p->beta));
  expect_ok(nai_trainer_set(r.trainer, "batch", 6));
  expect_ok(nai_trainer_set(r.trainer, "evaluate_trials", 20));
  expect_ok(nai_trainer_set(r.trainer, "evaluate_every", 10));
  if (p->curriculum) add_curriculum(r.trainer, p);
  nai_rule_destroy(rule);
  nai_optimizer_destroy(optimizer);
  nai_cost_destroy(cost);
  nai_cost_destroy(rates);
  nai_task_destroy(task);
  return r;
}

static void destroy_rig(rig *r)
{
  nai_trainer_destroy(r->trainer);
  nai_network_destroy(r->net);
}

static char path[300];

static void open_folder(void)
{
  checks_folder(path);
  strcat(path, "/run.safetensors");
}

static void close_folder(void)
{
  unlink(path);
  *strrchr(path, '/') = 0;
  rmdir(path);
}

/* Bits of the weights, and of everything in the history. */
static uint64_t hash_rig(const rig *r)
{
  static double history[UPDATES * 16];
  int64_t rows, columns;
  uint64_t hash = hash_of(r->net);
  expect_ok(nai_trainer_history(history, UPDATES * 16, &rows, &columns, r->trainer));
  const unsigned char *bytes = (const unsigned char *)history;
  for (size_t i = 0; i < (size_t)(rows * columns) * sizeof *history; i++)
    hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
  return hash ^ (uint64_t)nai_trainer_stage(r->trainer) ^ (uint64_t)rows << 20;
}

static uint64_t uninterrupted(const plan *p)
{
  rig r = make_rig(p);
  expect_ok(nai_trainer_run(r.trainer, UPDATES, NULL, NULL));
  uint64_t hash = hash_rig(&r);
  destroy_rig(&r);
  return hash;
}

/* --- going on --------------------------------------------------------------------------------- */

static void check_resumed(const plan *p, uint64_t expected)
{
  rig r = make_rig(p);
  expect_ok(nai_trainer_restore(r.trainer, path));
  int64_t left = UPDATES - nai_trainer_updates(r.trainer);
  EXPECT(left >= 0 && left <= UPDATES);
  expect_ok(nai_trainer_run(r.trainer, left, NULL, NULL));
  EXPECT(hash_rig(&r) == expected);
  destroy_rig(&r);
}

static nai_status stop_after(const nai_progress *now, void *user)
{
  return now->step == *(const int64_t *)user ? NAI_STOP : NAI_OK;
}

START_TEST(test_resumed_anywhere_ends_with_the_same_bits)
{
  plan plans[] = {usual, usual, usual};
  plans[1].momentum = 1;
  plans[2].curriculum = 0;
  open_folder();
  for (int k = 0; k < 3; k++) {
    uint64_t expected = uninterrupted(&plans[k]);
    for (int64_t stop = 1; stop < UPDATES; stop += 7) {
      rig r = make_rig(&plans[k]);
      expect_ok(nai_trainer_run(r.trainer, UPDATES, stop_after, &stop));
      EXPECT(nai_trainer_updates(r.trainer) == stop);
      expect_ok(nai_trainer_save(r.trainer, path));
      destroy_rig(&r);
      check_resumed(&plans[k], expected);
    }
  }
  close_folder();
}
END_TEST

START_TEST(test_written_while_training)
{
  rig r = make_rig(&usual);
  int64_t stop = 33;
  open_folder();
  expect_ok(nai_trainer_set_checkpoints(r.trainer, path, 8));
  expect_ok(nai_trainer_run(r.trainer, UPDATES, stop_after, &stop));
  destroy_rig(&r);
  r = make_rig(&usual);
  expect_ok(nai_trainer_restore(r.trainer, path));
  ck_assert_int_eq(nai_trainer_updates(r.trainer), 32);
  expect_ok(nai_trainer_set_checkpoints(r.trainer, path, 1000)); /* at the end of the run */
  expect_ok(nai_trainer_run(r.trainer, 4, NULL, NULL));
  expect_ok(nai_trainer_set_checkpoints(r.trainer, NULL, 0));
  expect_ok(nai_trainer_run(r.trainer, 4, NULL, NULL));
  destroy_rig(&r);
  r = make_rig(&usual);
  expect_ok(nai_trainer_restore(r.trainer, path));
  ck_assert_int_eq(nai_trainer_updates(r.trainer), 36);
  destroy_rig(&r);

  nai_network *net; /* a checkpoint is a model file too */
  expect_ok(nai_network_load(&net, path, NULL, 0));
  ck_assert_int_eq(nai_network_size(net, NAI_POPULATIONS, "E"), usual.n_e);
  nai_network_destroy(net);
  close_folder();
}
END_TEST

/* The child dies at any moment, also while it writes. */
static void train_and_die(useconds_t after)
{
  pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0) {
    rig r = make_rig(&usual);
    nai_trainer_restore(r.trainer, path); /* there is none the first time */
    nai_trainer_set_checkpoints(r.trainer, path, 1);
    nai_trainer_run(r.trainer, UPDATES - nai_trainer_updates(r.trainer), NULL, NULL);
    destroy_rig(&r);
    _exit(0);
  }
  for (int k = 0; k < 20000 && access(path, R_OK) != 0; k++) usleep(1000);
  usleep(after);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
}

/* As weights are: what theta looks like inside does not matter to the file. */
START_TEST(test_moments_are_held_a_projection_at_a_time)
{
  rig r = make_rig(&usual);
  open_folder();
  expect_ok(nai_trainer_run(r.trainer, 3, NULL, NULL));
  expect_ok(nai_trainer_save(r.trainer, path));
  nai__tensors file;
  expect_ok(nai__tensors_open(&file, path));
  ck_assert(!nai__tensors_have(&file, "trainer: mean"));
  const nai__plasticity *p = &r.trainer->plasticity;
  const struct {
    const char *name;
    const float *moment;
  } moments[] = {{"mean: E -> I", p->mean}, {"square: E -> I", p->square}};
  for (int k = 0; k < 2; k++) {
    nai__tensor tensor;
    nai_view view = NAI_VIEW_INIT;
    expect_ok(
        nai__tensors_expect(&tensor, &file, moments[k].name, NAI__F32, 2, (int64_t[]){4, 12}));
    expect_ok(nai_trainer_gradient(&view, r.trainer, "E", "I")); /* for where it is in theta */
    int64_t start = (const float *)view.data - p->gradient, learnt = 0;
    for (int64_t i = 0; i < 4; i++)
      for (int64_t j = 0; j < 12; j++) {
        float value;
        expect_ok(nai__tensors_read(&value, &file, &tensor, i * 12 + j, 1));
        EXPECT(value == moments[k].moment[start + i * view.stride[0] / 4 + j]);
        learnt += value != 0;
      }
    ck_assert_int_gt(learnt, 0);
  }
  ck_assert(nai__tensors_have(&file, "square bias: choice"));
  ck_assert(nai__tensors_have(&file, "mean initial: E"));
  nai__tensors_close(&file);
  close_folder();
  destroy_rig(&r);
}
END_TEST

START_TEST(test_killed_at_random_moments)
{
  uint64_t expected = uninterrupted(&usual);
  open_folder();
  for (unsigned k = 0; k < 20; k++) {
    if (k % 5 == 0) unlink(path); /* from the beginning again */
    train_and_die((useconds_t)(30000 * nai_random_uniform(5, 0, k)));
    check_resumed(&usual, expected);
  }
  char command[400]; /* a file that was being written may be left beside it */
  *strrchr(path, '/') = 0;
  snprintf(command, sizeof command, "rm -rf '%s'", path);
  ck_assert_int_eq(system(command), 0);
}
END_TEST

/* --- refusals --------------------------------------------------------------------------------- */

static void refuse(const plan *p, const char *words)
{
  rig r = make_rig(p);
  expect_ok(nai_trainer_run(r.trainer, 3, NULL, NULL));
  uint64_t before = hash_rig(&r);
  expect_fails(nai_trainer_restore(r.trainer, path), NAI_ERR_INVALID, words);
  EXPECT(hash_rig(&r) == before);
  EXPECT(nai_trainer_updates(r.trainer) == 3);
  expect_ok(nai_trainer_run(r.trainer, 3, NULL, NULL));
  destroy_rig(&r);
}

START_TEST(test_another_trainer_is_refused_by_what_differs)
{
  rig r = make_rig(&usual);
  plan p;
  open_folder();
  expect_ok(nai_trainer_run(r.trainer, 5, NULL, NULL));
  expect_ok(nai_trainer_save(r.trainer, path));
  destroy_rig(&r);
  p = usual, p.n_e = 13;
  refuse(&p, "populations 'E': n is 12 in the file, 13 here");
  p = usual, p.tau = 50;
  refuse(&p, "populations 'E': tau is 100");
  p = usual, p.density = 0.6;
  refuse(&p, "'mask: E -> E' is not as it is here");
  p = usual, p.beta = 2e-3;
  refuse(&p, "trainer: costs 'l2_rates': beta is 0.001 in the file, 0.002 here");
  p = usual, p.normalise = 1;
  refuse(&p, "trainer: costs 'l2_rates': normalise is false in the file, true here");
  p = usual, p.two_costs = 0;
  refuse(&p, "trainer: costs 'l2_rates' is {");
  p = usual, p.rate = 1e-3;
  refuse(&p, "trainer: optimizer: rate is 0.01 in the file, 0.001 here");
  p = usual, p.momentum = 1;
  refuse(&p, "trainer: optimizer: name is \"adam\" in the file, \"momentum\" here");
  p = usual, p.schedule = 0;
  refuse(&p, "trainer: optimizer: schedule");
  p = usual, p.sigma = 2;
  refuse(&p, "trainer: task: sigma[0] is 1.0 in the file, 2.0 here");
  p = usual, p.criterion = 0.5;
  refuse(&p, "trainer: stages 'first': criterion is 0.0 in the file, 0.5 here");
  close_folder();
}
END_TEST

START_TEST(test_bad_arguments)
{
  rig r = make_rig(&usual);
  open_folder();
  expect_fails(nai_trainer_save(NULL, path), NAI_ERR_INVALID, "trainer");
  expect_fails(nai_trainer_save(r.trainer, NULL), NAI_ERR_INVALID, "path");
  expect_fails(nai_trainer_save(r.trainer, ""), NAI_ERR_INVALID, "path");
  expect_fails(nai_trainer_save(r.trainer, "/nowhere/at/all"), NAI_ERR_FILE, "/nowhere");
  expect_fails(nai_trainer_restore(NULL, path), NAI_ERR_INVALID, "trainer");
  expect_fails(nai_trainer_restore(r.trainer, NULL), NAI_ERR_INVALID, "path");
  expect_fails(nai_trainer_restore(r.trainer, path), NAI_ERR_FILE, "run.safetensors");
  expect_fails(nai_trainer_set_checkpoints(NULL, path, 1), NAI_ERR_INVALID, "trainer");
  expect_fails(nai_trainer_set_checkpoints(r.trainer, NULL, 1), NAI_ERR_INVALID, "path");
  expect_fails(nai_trainer_set_checkpoints(r.trainer, path, -1), NAI_ERR_INVALID, "every is -1");
  ck_assert_int_eq(nai_trainer_updates(NULL), -1);
  expect_ok(nai_network_save(r.net, path));
  expect_fails(nai_trainer_restore(r.trainer, path), NAI_ERR_FORMAT, "without a training");
  close_folder();
  destroy_rig(&r);
}
END_TEST

/* Any byte of the file may be wrong: refused, or harmless, and never half of it. */
START_TEST(test_damaged_files)
{
  rig r = make_rig(&usual);
  open_folder();
  expect_ok(nai_trainer_run(r.trainer, 12, NULL, NULL));
  expect_ok(nai_trainer_save(r.trainer, path));
  static char bytes[1 << 17];
  FILE *file = fopen(path, "rb");
  size_t size = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  EXPECT(size < sizeof bytes);
  uint64_t before = hash_rig(&r);
  for (unsigned k = 0; k < 300; k++) {
    size_t at = (size_t)(nai_random_uniform(6, 0, k) * (double)size), cut = k % 3 ? size : at;
    char kept = bytes[at];
    bytes[at] = (char)(kept ^ (1 << k % 8));
    file = fopen(path, "wb");
    fwrite(bytes, 1, cut, file);
    fclose(file);
    bytes[at] = kept;
    nai_status status = nai_trainer_restore(r.trainer, path);
    if (status != NAI_OK) EXPECT(hash_rig(&r) == before);
    if (cut < size) EXPECT(status != NAI_OK);
    before = hash_rig(&r);
  }
  close_folder();
  destroy_rig(&r);
}
END_TEST

/* --- files that lie --------------------------------------------------------------------------- */

typedef struct saved_file {
  char *data;
  size_t size;
} saved_file;

static saved_file read_saved(void)
{
  saved_file f = {malloc(1 << 17), 0};
  FILE *file = fopen(path, "rb");
  f.size = fread(f.data, 1, 1 << 17, file);
  fclose(file);
  EXPECT(f.size < 1 << 17);
  return f;
}

static void write_saved(const char *data, size_t size)
{
  FILE *file = fopen(path, "wb");
  EXPECT(fwrite(data, 1, size, file) == size);
  fclose(file);
}

/* The file with one piece of its header replaced by another, and the length put right. */
static void write_edited(saved_file f, const char *from, const char *to)
{
  uint64_t length;
  memcpy(&length, f.data, 8);
  char *at = memmem(f.data + 8, length, from, strlen(from)), *out = malloc(f.size + 200);
  ck_assert_msg(at != NULL, "'%s' is not in the header", from);
  size_t before = (size_t)(at - f.data), after = f.size - before - strlen(from);
  memcpy(out, f.data, before);
  memcpy(out + before, to, strlen(to));
  memcpy(out + before + strlen(to), at + strlen(from), after);
  length += strlen(to) - strlen(from);
  memcpy(out, &length, 8);
  write_saved(out, before + strlen(to) + after);
  free(out);
}

/* A value in a tensor of the file, at its byte; and what it was is put back. */
static void write_value(saved_file f, const char *tensor, int64_t byte, const void *value, size_t n)
{
  nai__tensors file;
  nai__tensor where;
  char was[8];
  expect_ok(nai__tensors_open(&file, path));
  expect_ok(nai__tensors_find(&where, &file, tensor));
  nai__tensors_close(&file);
  memcpy(was, f.data + where.start + byte, n);
  memcpy(f.data + where.start + byte, value, n);
  write_saved(f.data, f.size);
  memcpy(f.data + where.start + byte, was, n);
}

START_TEST(test_values_that_cannot_be)
{
  static const struct {
    const char *tensor;
    int64_t element;
    double value;
    const char *words;
  } lies[] = {
      {"trainer: staircases", 0, NAN, "'trainer: staircases' [0] is nan, must be 20 to 100"},
      {"trainer: staircases", 0, 101, "is 101, must be 20 to 100"},
      {"trainer: history", 0, NAN, "'trainer: history' [0] cannot be"},
      {"trainer: history", 5, INFINITY, "'trainer: history' [0] cannot be"},
      {"trainer: history", 3, 0.5, "'trainer: history' [0] cannot be"},
      {"trainer: history", 2, 1.5, "'trainer: history' [0] cannot be"},
      {"trainer: history", 2, -0.5, "'trainer: history' [0] cannot be"},
      {"trainer: history", 1, INFINITY, "'trainer: history' [0] cannot be"},
      {"trainer: history", 3, -2, "'trainer: history' [0] cannot be"},
      {"trainer: history", 3, NAN, "'trainer: history' [0] cannot be"},
      {"trainer: history", 3, INFINITY, "'trainer: history' [0] cannot be"},
  };
  plan p = usual;
  p.criterion = 0;
  rig r = make_rig(&p);
  open_folder();
  expect_ok(nai_trainer_run(r.trainer, 25, NULL, NULL));
  expect_ok(nai_trainer_save(r.trainer, path));
  saved_file f = read_saved();
  uint64_t before = hash_rig(&r);
  for (size_t k = 0; k < sizeof lies / sizeof *lies; k++) {
    write_value(f, lies[k].tensor, 8 * lies[k].element, &lies[k].value, 8);
    expect_fails(nai_trainer_restore(r.trainer, path), NAI_ERR_FORMAT, lies[k].words);
  }
  write_value(f, "square: E -> E", 4, &(float){-1e-3f}, 4);
  expect_fails(nai_trainer_restore(r.trainer, path), NAI_ERR_FORMAT, "squared gradients is -0.001");
  write_value(f, "mean: E -> E", 4, &(float){NAN}, 4);
  expect_fails(nai_trainer_restore(r.trainer, path), NAI_ERR_FORMAT, "finite");
  static const char *const edits[][3] = {
      {"\\\"performance\\\":", "\\\"performance\\\":7", "'performance' is 7"},
      {"\\\"drawn\\\":\\\"", "\\\"drawn\\\":\\\"99999999999999999999", "'drawn' is"},
      {"\\\"moves\\\":", "\\\"moves\\\":-", "'moves' is -25"},
      {"\\\"streak\\\":", "\\\"streak\\\":9223372036854775807", "no whole number 'streak'"},
      {"\\\"batch\\\":6.0", "\\\"batch\\\":6.5", "batch is 6.5"},
      {"\\\"batch\\\":6.0", "\\\"bunch\\\":6.0", "no number 'batch'"},
      {"\\\"performance\\\":", "\\\"performance\\\":-1", "'performance' is -1"},
      {"\\\"performance\\\":", "\\\"performance\\\":[],\\\"was\\\":", "no number 'performance'"},
      {"\\\"drawn\\\":\\\"", "\\\"drawn\\\":\\\"36028797018963968\\\",\\\"was\\\":\\\"",
       "'drawn' is '36028797018963968', must be a number below 2^55"},
      {"\\\"drawn\\\":", "\\\"drown\\\":", "no text 'drawn'"},
      {"\\\"updates\\\":25", "\\\"updates\\\":24", "'trainer: history' must be F64 [24, "},
      {"\\\"updates\\\":25", "\\\"updates\\\":25.0", "no whole number 'updates'"},
      /* what the trainer is: any kind of value, in place of another */
      {"\\\"beta\\\":1.0", "\\\"beta\\\":1e999",
       "beta is beyond all numbers in the file, 1.0 here"},
      {"\\\"beta\\\":1.0", "\\\"beta\\\":true", "beta is true in the file, 1.0 here"},
      {"\\\"beta\\\":1.0", "\\\"beta\\\":null", "beta is null in the file, 1.0 here"},
      {"\\\"beta\\\":1.0", "\\\"beta\\\":{}", "beta is {...} in the file, 1.0 here"},
      {"\\\"normalise\\\":false", "\\\"normalise\\\":null", "normalise is null in the file"},
      {"\\\"name\\\":\\\"adam\\\"", "\\\"name\\\":7", "name is 7 in the file, \"adam\" here"},
      {"\\\"rule\\\":\\\"bptt\\\"", "\\\"rule\\\":[\\\"bptt\\\"]", "rule is [...] in the file"},
      {"\\\"schedule\\\":[[0,1.0]", "\\\"schedule\\\":[[0,1.0,2]",
       "schedule[0][2] is 2 in the file, not there here"},
      {"\\\"schedule\\\":[[0,1.0]", "\\\"schedule\\\":[[0]",
       "schedule[0][1] is not there in the file, 1.0 here"},
      {"\\\"schedule\\\":[[0,1.0]", "\\\"schedule\\\":[[0.5,1.0]",
       "schedule[0][0] is 0.5 in the file, 0 here"},
      {"\\\"schedule\\\":[", "\\\"schedule\\\":[{\\\"from\\\":\\\"x\\\"},",
       "schedule[0] is {...} in the file, [...] here"},
  };
  for (size_t k = 0; k < sizeof edits / sizeof *edits; k++) {
    write_edited(f, edits[k][0], edits[k][1]);
    nai_status status = nai_trainer_restore(r.trainer, path);
    ck_assert_msg(status < 0 && strstr(nai_last_error(), edits[k][2]), "%s: %s", edits[k][1],
                  nai_last_error());
  }
  EXPECT(hash_rig(&r) == before);
  write_saved(f.data, f.size);
  expect_ok(nai_trainer_restore(r.trainer, path));
  free(f.data);
  close_folder();
  destroy_rig(&r);
}
END_TEST

/* As a library would write it that has not that number: what it is by default, or another trainer. */
START_TEST(test_an_absent_number_is_its_default)
{
  rig r = make_rig(&usual);
  open_folder();
  expect_ok(nai_trainer_run(r.trainer, 3, NULL, NULL));
  expect_ok(nai_trainer_save(r.trainer, path));
  saved_file f = read_saved();
  write_edited(f, "\\\"exponent\\\":2.0,", "");
  expect_ok(nai_trainer_restore(r.trainer, path));
  write_edited(f, "\\\"noise\\\":0.1,", "");
  expect_fails(nai_trainer_restore(r.trainer, path), NAI_ERR_INVALID,
               "populations 'E': noise is not there in the file, 0.1 here");
  write_edited(f, "\\\"inputs\\\":[{", "\\\"inputs\\\":[{\\\"sign\\\":0,");
  expect_ok(nai_trainer_restore(r.trainer, path));
  write_edited(f, "\\\"inputs\\\":[{", "\\\"inputs\\\":[{\\\"sign\\\":1,");
  expect_fails(nai_trainer_restore(r.trainer, path), NAI_ERR_INVALID,
               "sign is 1 in the file, not there here");
  write_edited(f, "\\\"exponent\\\":2.0,", "\\\"slope\\\":2.0,");
  expect_fails(nai_trainer_restore(r.trainer, path), NAI_ERR_INVALID,
               "populations 'E': slope is 2.0 in the file, not there here");
  free(f.data);
  close_folder();
  destroy_rig(&r);
}
END_TEST

START_TEST(test_failing_allocations)
{
  rig r = make_rig(&usual), other = make_rig(&usual);
  open_folder();
  expect_ok(nai_trainer_run(r.trainer, 12, NULL, NULL));
  long good = 0;
  for (nai_status status = NAI_ERR_MEMORY; status != NAI_OK; good++) {
    faults_fail_allocation(good);
    status = nai_trainer_save(r.trainer, path);
    faults_fail_allocation(-1);
    EXPECT(status == NAI_OK || status == NAI_ERR_MEMORY);
  }
  ck_assert_int_gt(good, 12);
  uint64_t before = hash_rig(&other);
  good = 0;
  for (nai_status status = NAI_ERR_MEMORY; status != NAI_OK; good++) {
    faults_fail_allocation(good);
    status = nai_trainer_restore(other.trainer, path);
    faults_fail_allocation(-1);
    EXPECT(status == NAI_OK || status == NAI_ERR_MEMORY);
    if (status != NAI_OK) EXPECT(hash_rig(&other) == before);
  }
  ck_assert_int_gt(good, 12);
  EXPECT(hash_rig(&other) == hash_rig(&r));
  close_folder();
  destroy_rig(&r);
  destroy_rig(&other);
}
END_TEST

Suite *checkpoint_suite(void)
{
  Suite *suite = suite_create("checkpoint");
  ADD_CASE(suite, "going on", test_resumed_anywhere_ends_with_the_same_bits,
           test_moments_are_held_a_projection_at_a_time, test_written_while_training,
           test_killed_at_random_moments);
  ADD_CASE(suite, "refusals", test_another_trainer_is_refused_by_what_differs, test_bad_arguments,
           test_damaged_files, test_values_that_cannot_be, test_an_absent_number_is_its_default,
           test_failing_allocations);
  return suite;
}
