/* Disks that fail in the middle of a save or a load, and arrays that are altered: nothing is lost. */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <neuroai/extend.h>

#include "../lib/file/atomic_write.h"
#include "../lib/file/safetensors.h"
#include "faults.h"
#include "rules.h"
#include "tasks.h"

/* --- a folder of our own ---------------------------------------------------------------------- */

static char folder[256], file_a[300], file_b[300];

static void make_folder(void)
{
  checks_folder(folder);
  snprintf(file_a, sizeof file_a, "%s/a", folder);
  snprintf(file_b, sizeof file_b, "%s/b", folder);
}

static int count_entries(void)
{
  DIR *entries = opendir(folder);
  int n = -2; /* . and .. */
  while (readdir(entries)) n++;
  closedir(entries);
  return n;
}

static void remove_folder(void)
{
  faults_fail_call(FAULTS_OPEN, -1, 0);
  unlink(file_a);
  unlink(file_b);
  ck_assert_int_eq(rmdir(folder), 0);
}

/* Its bytes, to be freed. */
static char *bytes_of(const char *path, size_t *size)
{
  struct stat about;
  FILE *file = fopen(path, "rb");
  EXPECT(file && fstat(fileno(file), &about) == 0);
  char *bytes = malloc((size_t)about.st_size + 1);
  *size = fread(bytes, 1, (size_t)about.st_size, file);
  fclose(file);
  return bytes;
}

static int same_files(const char *a, const char *b)
{
  size_t of_a, of_b;
  char *x = bytes_of(a, &of_a), *y = bytes_of(b, &of_b);
  int same = of_a == of_b && memcmp(x, y, of_a) == 0;
  free(x);
  free(y);
  return same;
}

/*
 * The same tensors with others between them that nobody wants. A file as it is saved is read through
 * a window, many tensors at a time; of this one each tensor is read on its own.
 */
static void spread_tensors(const char *path)
{
  enum { APART = 1 << 17 };
  nai__tensors file;
  nai__tensor_list list = {NULL, 0, 0};
  expect_ok(nai__tensors_open(&file, path));
  for (const nai__json *e = nai__json_first(file.header.root); e; e = e->next) {
    nai__tensor tensor;
    void *memory, *between;
    char name[NAI__TENSOR_NAME];
    if (!nai__tensors_have(&file, e->key)) continue;
    snprintf(name, sizeof name, "after %.150s", e->key);
    expect_ok(nai__tensors_find(&tensor, &file, e->key));
    expect_ok(
        nai__tensor_list_add(&memory, &list, e->key, tensor.dtype, tensor.ndim, tensor.shape));
    expect_ok(nai__tensors_read(memory, &file, &tensor, 0, tensor.count));
    expect_ok(nai__tensor_list_add(&between, &list, name, tensor.dtype, 1, (int64_t[]){APART}));
  }
  EXPECT(list.n > 20);
  expect_ok(nai__tensor_list_write(&list, path, "neuroai", nai__tensors_note(&file, "neuroai")));
  nai__tensor_list_release(&list);
  nai__tensors_close(&file);
}

/* --- what is saved ---------------------------------------------------------------------------- */

/* Numbers that differ among units, initial states that learn, positions. */
static nai_network *make_network(int64_t outputs)
{
  nai_network *net = compose_ei_of(20, 3, 6, 3, outputs);
  expect_ok(nai_network_set_each(net, "E", "tau", (double[]){20, 30, 45, 60, 80, 35}, 6));
  expect_ok(nai_network_set_each(net, "I", "initial", (double[]){0.1, 0.2, 0.3}, 3));
  expect_ok(nai_network_set(net, "E I", "plastic_initial", 1));
  expect_ok(nai_network_place_box(net, "E I", 1, 1, 1));
  make_sparse(net, "E I", 0.6);
  expect_ok(nai_network_build(net, 3));
  return net;
}

/* The same tensors, one of which is altered; 0 when it cannot be in this way. */
enum { DROPPED, RETYPED, RESHAPED, SPOILT, ALTERATIONS };
static int alter(const char *path, int number, int how, char name[NAI__TENSOR_NAME])
{
  int at = 0, altered = 0;
  nai__tensors file;
  nai__tensor_list list = {NULL, 0, 0};
  expect_ok(nai__tensors_open(&file, path));
  for (const nai__json *e = nai__json_first(file.header.root); e; e = e->next) {
    nai__tensor tensor;
    void *memory;
    if (!nai__tensors_have(&file, e->key)) continue;
    expect_ok(nai__tensors_find(&tensor, &file, e->key));
    int this = at++ == number && (altered = how != SPOILT || tensor.count > 0);
    if (this) snprintf(name, NAI__TENSOR_NAME, "%s", e->key);
    if (this && how == DROPPED) continue;
    int32_t type = this && how == RETYPED ? NAI__I64 : tensor.dtype;
    if (this && how == RESHAPED) tensor.shape[0]++;
    expect_ok(nai__tensor_list_add(&memory, &list, e->key, type, tensor.ndim, tensor.shape));
    if (this && (how == RETYPED || how == RESHAPED)) continue; /* zeros */
    expect_ok(nai__tensors_read(memory, &file, &tensor, 0, tensor.count));
    if (!this) continue;
    if (tensor.dtype == NAI__F64) *(double *)memory = INFINITY;
    if (tensor.dtype == NAI__F32) *(float *)memory = NAN;
    if (tensor.dtype == NAI__U8) *(uint8_t *)memory = 7;
  }
  if (altered)
    expect_ok(nai__tensor_list_write(&list, path, "neuroai", nai__tensors_note(&file, "neuroai")));
  nai__tensor_list_release(&list);
  nai__tensors_close(&file);
  return altered ? 1 : number < at ? 0 : -1;
}

typedef struct rig {
  nai_network *net;
  nai_trainer *trainer;
} rig;

static nai_rule *force_rule(void)
{
  nai_rule *rule;
  expect_ok(nai_rule_create_force(&rule));
  return rule;
}

static nai_rule *perturbing_rule(void)
{
  nai_rule *rule;
  expect_ok(nai_rule_create_node_perturbation(&rule, 0.1, 1));
  return rule;
}

/* Rules that remember: arrays like the weights, matrices of doubles, a number for each trial. */
static nai_rule *rule_number(int number)
{
  static const char *const names[] = {"kolen_pollack", "eprop_random", "weight_mirror"};
  if (number == 3) return force_rule();
  return number == 4 ? perturbing_rule() : rule_named(names[number], 4);
}

static void add_curriculum(nai_trainer *trainer)
{
  nai_curriculum *c;
  nai_staircase stair = falling_coherence();
  expect_ok(nai_curriculum_create(&c));
  expect_ok(nai_curriculum_add_stage(c, "first", 0.5, 1));
  expect_ok(nai_curriculum_add_staircase(c, "first", &stair));
  expect_ok(nai_trainer_set_curriculum(trainer, c));
  nai_curriculum_destroy(c);
}

static rig make_rig(int number)
{
  rig r = {make_network(number == 3 ? 2 : 3), NULL};
  nai_cost *cost;
  nai_rule *rule = rule_number(number);
  nai_optimizer *optimizer = number == 4 ? plain_descent(0.01) : adam(0.01);
  nai_task *task =
      task_for(r.net, number == 3 ? "song-random-dots-variable" : "perceptual-decision-making");
  expect_ok(nai_trainer_create(&r.trainer, r.net, rule, optimizer, task));
  nai_status made = number == 3 ? nai_cost_create_mse(&cost, "choice")
                                : nai_cost_create_cross_entropy(&cost, "choice");
  attach_cost(r.trainer, made, &cost, 1);
  expect_ok(nai_trainer_set(r.trainer, "batch", 4));
  if (number != 3) add_curriculum(r.trainer);
  nai_rule_destroy(rule);
  nai_optimizer_destroy(optimizer);
  nai_task_destroy(task);
  return r;
}

static void destroy_rig(rig *r)
{
  nai_trainer_destroy(r->trainer);
  nai_network_destroy(r->net);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* The disk fails, or somebody cuts the file short: at every read, from then on. */
static const struct {
  int error;
  nai_status status;
  const char *words;
} ends[] = {{EIO, NAI_ERR_FILE, "cannot be read"}, {0, NAI_ERR_FORMAT, "cut short"}};

START_TEST(a_network_that_cannot_be_read_to_its_end)
{
  nai_network *net = make_network(3), *again = NULL;
  expect_ok(nai_network_save(net, file_a));
  spread_tensors(file_a);
  long good = 0;
  for (nai_status status = NAI_ERR_FILE; status != NAI_OK; good++) {
    again = net;
    faults_fail_call(FAULTS_READ, good, ends[_i].error);
    status = nai_network_load(&again, file_a, NULL);
    faults_fail_call(FAULTS_READ, -1, 0);
    if (status == NAI_OK) break;
    expect_fails(status, ends[_i].status, ends[_i].words);
    EXPECT(!again);
  }
  ck_assert_int_gt(good, 20);
  EXPECT(hash_of(again) == hash_of(net));
  nai_network_destroy(again);
  nai_network_destroy(net);
}
END_TEST

/* The trainer goes on as if nobody had tried: what it saves is what it saved before. */
START_TEST(a_checkpoint_that_cannot_be_read_to_its_end)
{
  rig r = make_rig(_i % 5);
  int end = _i / 5;
  expect_ok(nai_trainer_run(r.trainer, 6, NULL, NULL));
  expect_ok(nai_trainer_save(r.trainer, file_a));
  spread_tensors(file_a);
  expect_ok(nai_trainer_run(r.trainer, 2, NULL, NULL));
  expect_ok(nai_trainer_save(r.trainer, file_b));
  uint64_t before = hash_of(r.net);
  long good = 0;
  for (nai_status status = NAI_ERR_FILE; status != NAI_OK; good++) {
    faults_fail_call(FAULTS_READ, good, ends[end].error);
    status = nai_trainer_restore(r.trainer, file_a);
    faults_fail_call(FAULTS_READ, -1, 0);
    if (status == NAI_OK) break;
    expect_fails(status, ends[end].status, ends[end].words);
    EXPECT(hash_of(r.net) == before && nai_trainer_updates(r.trainer) == 8);
  }
  ck_assert_int_gt(good, 20);
  expect_ok(nai_trainer_run(r.trainer, 2, NULL, NULL));
  expect_ok(nai_trainer_save(r.trainer, file_a));
  EXPECT(same_files(file_a, file_b));
  destroy_rig(&r);
}
END_TEST

START_TEST(a_file_that_cannot_be_opened)
{
  nai_network *net = make_network(3), *again = net;
  expect_ok(nai_network_save(net, file_a));
  faults_fail_call(FAULTS_OPEN, 0, EMFILE);
  nai_status status = nai_network_load(&again, file_a, NULL);
  faults_fail_call(FAULTS_OPEN, -1, 0);
  expect_fails(status, NAI_ERR_FILE, "Too many open files");
  EXPECT(!again);
  nai_network_destroy(net);
}
END_TEST

/* --- arrays that are not what they must be ---------------------------------------------------- */

/* Without it, of another type or shape, with a value that cannot be: each is refused by its name. */
/* Projections between ports, whose widths are known when their models are; senders that depress, each of its own. */
static nai_network *make_branched(void)
{
  const double U[4] = {0.2, 0.3, 0.4, 0.5}, tau[4] = {100, 200, 300, 400},
               x[4] = {1, 0.9, 0.8, 0.7};
  nai_short_term *depression;
  nai_network *net = compose_ei_of(20, 3, 6, 3, 2);
  expect_ok(nai_network_add_population(net, "D", 4, NAI_EXCITATORY));
  expect_ok(nai_network_set_model(net, "D", "dendritic"));
  expect_ok(nai_network_set_model_size(net, "D", "branches", 3));
  expect_ok(nai_network_connect(net, "E", "D:dendrite+"));
  expect_ok(nai_network_connect(net, "I", "D:dendrite-"));
  expect_ok(nai_network_connect(net, "D", "E"));
  expect_ok(nai_short_term_create(&depression, 4, U, tau, tau, x));
  expect_ok(nai_network_set_short_term(net, "D", "E", depression));
  nai_short_term_destroy(depression);
  expect_ok(nai_network_build(net, 3));
  return net;
}

START_TEST(every_array_of_a_network_is_checked)
{
  nai_network *net = _i ? make_branched() : make_network(3), *again;
  char name[NAI__TENSOR_NAME];
  int refused = 0;
  for (int how = DROPPED; how < ALTERATIONS; how++)
    for (int number = 0, found = 0; found >= 0; number++) {
      expect_ok(nai_network_save(net, file_a));
      found = alter(file_a, number, how, name);
      if (found <= 0) continue;
      again = net;
      /* a number that cannot be is named as one: "tau of 'E'" */
      int position = strncmp(name, "position: ", 10) == 0;
      if (position && how == DROPPED) continue; /* there need be none */
      const char *words = strchr(name, ' ') + 1;
      if (how == SPOILT && position) words = "positions[0][0]";
      if (how == SPOILT && strcmp(words, "short term 0") == 0) words = "short-term plasticity 0";
      expect_fails(nai_network_load(&again, file_a, NULL), NAI_ERR_FORMAT, words);
      EXPECT(!again);
      refused++;
    }
  ck_assert_int_gt(refused, 70);
  nai_network_destroy(net);
}
END_TEST

START_TEST(every_array_of_a_checkpoint_is_checked)
{
  rig r = make_rig(_i);
  char name[NAI__TENSOR_NAME];
  int refused = 0;
  expect_ok(nai_trainer_run(r.trainer, 6, NULL, NULL));
  expect_ok(nai_trainer_save(r.trainer, file_b));
  uint64_t before = hash_of(r.net);
  for (int how = DROPPED; how < ALTERATIONS; how++)
    for (int number = 0, found = 0; found >= 0; number++) {
      expect_ok(nai_trainer_save(r.trainer, file_a));
      found = alter(file_a, number, how, name);
      if (found <= 0) continue;
      nai_status status = nai_trainer_restore(r.trainer, file_a);
      ck_assert_msg(status != NAI_OK && strstr(nai_last_error(), name), "%s %d: %s", name, how,
                    nai_last_error());
      EXPECT(hash_of(r.net) == before);
      refused++;
    }
  ck_assert_int_gt(refused, 80);
  expect_ok(nai_trainer_save(r.trainer, file_a));
  EXPECT(same_files(file_a, file_b));
  destroy_rig(&r);
}
END_TEST

/* Of rules that remember something, and of those that have no moments. */
START_TEST(restoring_without_memory)
{
  rig r = make_rig(_i);
  expect_ok(nai_trainer_run(r.trainer, 3, NULL, NULL));
  expect_ok(nai_trainer_save(r.trainer, file_a));
  long good = 0;
  for (nai_status status = NAI_ERR_MEMORY; status != NAI_OK; good++) {
    faults_fail_allocation(good);
    status = nai_trainer_restore(r.trainer, file_a);
    faults_fail_allocation(-1);
    EXPECT(status == NAI_OK || status == NAI_ERR_MEMORY);
  }
  ck_assert_int_gt(good, 12);
  expect_ok(nai_trainer_save(r.trainer, file_b));
  EXPECT(same_files(file_a, file_b));
  destroy_rig(&r);
}
END_TEST

/* --- writing ---------------------------------------------------------------------------------- */

/* Whatever is collected when there is no more memory: nothing is written, and it can be later. */
START_TEST(saving_without_memory)
{
  rig r = make_rig(_i);
  expect_ok(nai_trainer_run(r.trainer, 3, NULL, NULL));
  long good = 0;
  for (nai_status status = NAI_ERR_MEMORY; status != NAI_OK; good++) {
    faults_fail_allocation(good);
    status = nai_trainer_save(r.trainer, file_a);
    faults_fail_allocation(-1);
    EXPECT(status == NAI_OK || (status == NAI_ERR_MEMORY && count_entries() == 0));
  }
  ck_assert_int_gt(good, 5);
  expect_ok(nai_trainer_save(r.trainer, file_b));
  EXPECT(same_files(file_a, file_b));
  destroy_rig(&r);
}
END_TEST

/* Each call that a save makes fails: the old file stays, and the new one is not left behind. */
START_TEST(a_save_of_which_a_call_fails)
{
  static const struct {
    int kind, error;
  } calls[] = {{FAULTS_OPEN, EACCES},   {FAULTS_OPEN, EEXIST}, {FAULTS_WRITE, ENOSPC},
               {FAULTS_WRITE, EIO},     {FAULTS_FLUSH, EIO},   {FAULTS_FLUSH, ENOSPC},
               {FAULTS_RENAME, EACCES}, {FAULTS_MODE, EPERM}};
  nai_network *net = make_network(3);
  expect_ok(nai_network_save(net, file_a));
  expect_ok(nai_network_save(net, file_b));
  expect_ok(nai_network_set_bias(net, "I", (float[]){1, 2, 3}, 3));
  for (size_t k = 0; k < sizeof calls / sizeof *calls; k++) {
    faults_fail_call(calls[k].kind, 0, calls[k].error);
    nai_status status = nai_network_save(net, file_a);
    faults_fail_call(calls[k].kind, -1, 0);
    expect_fails(status, NAI_ERR_FILE, strerror(calls[k].error));
    expect_fails(status, NAI_ERR_FILE, "cannot write");
    EXPECT(same_files(file_a, file_b) && count_entries() == 2);
  }
  expect_ok(nai_network_save(net, file_a));
  EXPECT(!same_files(file_a, file_b) && count_entries() == 2);
  nai_network_destroy(net);
}
END_TEST

/* The file is there when its folder cannot be flushed: an error of the disk is reported. */
START_TEST(a_folder_that_cannot_be_flushed)
{
  static const struct {
    int kind, error;
    nai_status status;
  } of[] = {{FAULTS_FLUSH, EIO, NAI_ERR_FILE},
            {FAULTS_FLUSH, EINVAL, NAI_OK}, /* a file system that cannot */
            {FAULTS_OPEN, EACCES, NAI_OK}}; /* a folder that must not be read */
  nai_network *net = make_network(3);
  expect_ok(nai_network_save(net, file_b));
  for (int k = 0; k < 3; k++) {
    faults_fail_call(of[k].kind, 1, of[k].error);
    nai_status status = nai_network_save(net, file_a);
    faults_fail_call(of[k].kind, -1, 0);
    EXPECT(status == of[k].status);
    if (status != NAI_OK) expect_fails(status, NAI_ERR_FILE, "folder could not be flushed");
    EXPECT(same_files(file_a, file_b));
    unlink(file_a);
  }
  nai_network_destroy(net);
}
END_TEST

/* Small pieces, large ones and rows, of which any write may be the one that fails. */
START_TEST(any_write_of_many_may_fail)
{
  enum { LARGE = 200000, ROWS = 300, COLUMNS = 100 };
  static float values[ROWS * COLUMNS];
  char *large = malloc(LARGE);
  memset(large, 'x', LARGE);
  for (int i = 0; i < ROWS * COLUMNS; i++) values[i] = (float)i;
  const nai__piece pieces[] = {{.data = "abc", .size = 3},
                               {.data = large, .size = LARGE},
                               {.data = values,
                                .size = ROWS * 80 * sizeof(float),
                                .row = 80 * sizeof(float),
                                .stride = COLUMNS * sizeof(float)},
                               {.data = "d", .size = 1}};
  long good = 0;
  for (nai_status status = NAI_ERR_FILE; status != NAI_OK; good++) {
    faults_fail_call(FAULTS_WRITE, good, ENOSPC);
    status = nai__atomic_write(file_a, pieces, 4);
    faults_fail_call(FAULTS_WRITE, -1, 0);
    if (status == NAI_OK) break;
    expect_fails(status, NAI_ERR_FILE, "No space left");
    EXPECT(count_entries() == 0);
  }
  ck_assert_int_eq(good, 4); /* "abc", the large one, a full buffer of rows, the rest */
  expect_fails(nai__atomic_write("", pieces, 1), NAI_ERR_FILE, "No such file");
  size_t size;
  char *bytes = bytes_of(file_a, &size);
  EXPECT(size == 4 + LARGE + ROWS * 80 * sizeof(float) && bytes[size - 1] == 'd');
  EXPECT(memcmp(bytes + 3 + LARGE + 80 * sizeof(float), values + COLUMNS, 80 * sizeof(float)) == 0);
  free(bytes);
  free(large);
}
END_TEST

/* Of a large file the system reads and writes a part at a time. */
START_TEST(files_of_which_calls_take_parts)
{
  rig r = make_rig(0);
  expect_ok(nai_trainer_run(r.trainer, 3, NULL, NULL));
  expect_ok(nai_trainer_save(r.trainer, file_a));
  faults_piecemeal(101);
  expect_ok(nai_trainer_save(r.trainer, file_b));
  faults_piecemeal(0);
  EXPECT(same_files(file_a, file_b));
  uint64_t before = hash_of(r.net);
  expect_ok(nai_trainer_run(r.trainer, 3, NULL, NULL));
  EXPECT(hash_of(r.net) != before);
  faults_piecemeal(101);
  expect_ok(nai_trainer_restore(r.trainer, file_a));
  faults_piecemeal(0);
  EXPECT(hash_of(r.net) == before);
  expect_ok(nai_trainer_save(r.trainer, file_b));
  EXPECT(same_files(file_a, file_b));
  destroy_rig(&r);
}
END_TEST

/* Nothing is written into the root of the file system, nor asked for beyond that it can be. */
START_TEST(a_file_in_the_root)
{
  nai_network *net = make_network(3);
  faults_fail_call(FAULTS_OPEN, 0, EROFS);
  nai_status status = nai_network_save(net, "/a-network-that-nobody-saves");
  faults_fail_call(FAULTS_OPEN, -1, 0);
  expect_fails(status, NAI_ERR_FILE, "cannot write '/a-network-that-nobody-saves': Read-only");
  nai_network_destroy(net);
}
END_TEST

Suite *disk_suite(void);

Suite *disk_suite(void)
{
  Suite *suite = suite_create("disk");
  TCase *reading = tcase_create("reading"), *writing = tcase_create("writing");
  tcase_add_checked_fixture(reading, make_folder, remove_folder);
  tcase_add_checked_fixture(writing, make_folder, remove_folder);
  tcase_add_loop_test(reading, a_network_that_cannot_be_read_to_its_end, 0, 2);
  tcase_add_loop_test(reading, a_checkpoint_that_cannot_be_read_to_its_end, 0, 10);
  tcase_add_test(reading, a_file_that_cannot_be_opened);
  tcase_add_loop_test(reading, every_array_of_a_network_is_checked, 0, 2);
  tcase_add_loop_test(reading, every_array_of_a_checkpoint_is_checked, 0, 5);
  tcase_add_loop_test(reading, restoring_without_memory, 0, 5);
  tcase_add_loop_test(writing, saving_without_memory, 0, 5);
  tcase_add_test(writing, a_save_of_which_a_call_fails);
  tcase_add_test(writing, a_folder_that_cannot_be_flushed);
  tcase_add_test(writing, any_write_of_many_may_fail);
  tcase_add_test(writing, files_of_which_calls_take_parts);
  tcase_add_test(writing, a_file_in_the_root);
  suite_add_tcase(suite, reading);
  suite_add_tcase(suite, writing);
  return suite;
}
