/* Model files and checkpoints that never are files: the same bytes, read as carefully. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "networks.h"
#include "rules.h"

typedef struct bytes {
  unsigned char *at;
  int64_t size;
} bytes;

static bytes model_of(const nai_network *net)
{
  bytes b = {NULL, -1};
  expect_ok(nai_network_save_memory(NULL, 0, &b.size, net));
  ck_assert_int_gt(b.size, 1000);
  b.at = malloc((size_t)b.size);
  int64_t again = 0;
  expect_ok(nai_network_save_memory(b.at, b.size, &again, net));
  ck_assert_int_eq(again, b.size);
  return b;
}

static bytes checkpoint_of(nai_trainer *trainer)
{
  bytes b = {NULL, -1};
  expect_ok(nai_trainer_save_memory(NULL, 0, &b.size, trainer));
  b.at = malloc((size_t)b.size);
  expect_ok(nai_trainer_save_memory(b.at, b.size, &b.size, trainer));
  return b;
}

/* What a file of this name has; to be freed. */
static bytes read_file(const char *path)
{
  FILE *file = fopen(path, "rb");
  ck_assert_ptr_nonnull(file);
  fseek(file, 0, SEEK_END);
  bytes b = {NULL, ftell(file)};
  rewind(file);
  b.at = malloc((size_t)b.size);
  ck_assert_int_eq((int64_t)fread(b.at, 1, (size_t)b.size, file), b.size);
  fclose(file);
  return b;
}

static void expect_bytes(bytes b, const char *path)
{
  bytes file = read_file(path);
  ck_assert_int_eq(b.size, file.size);
  EXPECT(memcmp(b.at, file.at, (size_t)b.size) == 0);
  free(file.at);
  remove(path);
}

static const char *path_in(char out[300])
{
  char folder[256];
  checks_folder(folder);
  snprintf(out, 300, "%s/file", folder);
  return out;
}

static nai_trainer *make_trainer(nai_network *net)
{
  nai_cost *cost;
  nai_trainer *trainer = trainer_of(net, bptt_rule(), adam(0.01));
  attach_cost(trainer, nai_cost_create_mse(&cost, "real"), &cost, 1);
  return trainer;
}

static void train(nai_trainer *trainer, const nai_trials *trials, int updates)
{
  for (int k = 0; k < updates; k++) expect_ok(nai_trainer_step(NULL, trainer, trials));
}

/* --- models ----------------------------------------------------------------------------------- */

START_TEST(a_model_in_memory_is_the_file)
{
  char path[300];
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL), *other;
  bytes b = model_of(net);
  expect_ok(nai_network_save(net, path_in(path)));
  expect_bytes(b, path);
  expect_ok(nai_network_load_memory(&other, b.at, b.size, NULL));
  EXPECT(hash_of(net) == hash_of(other));
  memset(b.at, 0, (size_t)b.size); /* it was copied */
  EXPECT(hash_of(net) == hash_of(other));
  free(b.at);
  nai_network_destroy(net);
  nai_network_destroy(other);
}
END_TEST

/* Wherever it is cut; and without a byte of the header as it was, or of the data behind it. */
START_TEST(damaged_models_are_refused)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL), *other;
  bytes b = model_of(net);
  for (int64_t size = 0; size < b.size; size += size < 40 || size > b.size - 40 ? 1 : 97) {
    unsigned char *part = malloc((size_t)size + 1); /* so that a read behind it is found */
    memcpy(part, b.at, (size_t)size);
    EXPECT(nai_network_load_memory(&other, part, size, NULL) == NAI_ERR_FORMAT);
    EXPECT(!other && strncmp(nai_last_error(), "model in memory: ", 17) == 0);
    free(part);
  }
  const uint64_t lengths[] = {0, 1, UINT64_MAX, (uint64_t)b.size, (uint64_t)b.size - 8};
  for (int k = 0; k < 5; k++) {
    memcpy(b.at, &lengths[k], sizeof lengths[k]);
    EXPECT(nai_network_load_memory(&other, b.at, b.size, NULL) == NAI_ERR_FORMAT);
  }
  free(b.at);
  nai_network_destroy(net);
}
END_TEST

START_TEST(what_cannot_be)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL), *other = net,
              *bare = compose_one("A", 2, NAI_FREE);
  bytes b = model_of(net);
  int64_t size = -1;
  unsigned char one = 7;
  expect_fails(nai_network_save_memory(&one, 1, &size, net), NAI_ERR_INVALID,
               "capacity is 1, must be at least ");
  EXPECT(size == b.size && one == 7);
  expect_fails(nai_network_save_memory(&one, -1, &size, net), NAI_ERR_INVALID, "capacity is -1");
  expect_fails(nai_network_save_memory(&one, 1, NULL, net), NAI_ERR_INVALID, "size is NULL");
  expect_fails(nai_network_save_memory(NULL, 0, &size, NULL), NAI_ERR_INVALID, "net is NULL");
  expect_fails(nai_network_save_memory(NULL, 0, &size, bare), NAI_ERR_ORDER, "not built");
#define LOAD(bytes, size, ...) nai_network_load_memory(&other, bytes, size, LOADING(__VA_ARGS__))
  expect_fails(LOAD(NULL, 5, .reserved = 0), NAI_ERR_INVALID, "bytes is NULL");
  EXPECT(!other);
  expect_fails(LOAD(b.at, -1, .reserved = 0), NAI_ERR_INVALID, "size is -1");
  expect_fails(LOAD(b.at, b.size, .n_constraints = 1), NAI_ERR_INVALID, "constraints is NULL");
  expect_fails(LOAD(b.at, b.size, .n_models = 1), NAI_ERR_INVALID, "models is NULL");
  expect_fails(LOAD(b.at, b.size, .memory_limit = -1), NAI_ERR_INVALID, "memory_limit is -1");
  expect_fails(LOAD(b.at, b.size, .memory_limit = 1000), NAI_ERR_MEMORY, "limit is 1000");
  expect_fails(nai_network_load_memory(NULL, b.at, b.size, NULL), NAI_ERR_INVALID, "out is NULL");
#undef LOAD
  free(b.at);
  nai_network_destroy(net);
  nai_network_destroy(bare);
}
END_TEST

/* --- checkpoints ------------------------------------------------------------------------------ */

START_TEST(training_goes_on_from_memory)
{
  char path[300];
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL),
              *other = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trials *trials = trials_for_everything(net, 3);
  nai_trainer *trainer = make_trainer(net), *again = make_trainer(other);
  train(trainer, trials, 3);
  bytes b = checkpoint_of(trainer);
  expect_ok(nai_trainer_save(trainer, path_in(path)));
  expect_bytes(b, path);
  train(trainer, trials, 4);
  expect_ok(nai_trainer_restore_memory(again, b.at, b.size));
  EXPECT(nai_trainer_updates(again) == 3 && hash_of(net) != hash_of(other));
  train(again, trials, 4);
  EXPECT(hash_of(net) == hash_of(other));
  expect_ok(nai_trainer_restore_memory(trainer, b.at, b.size)); /* and back */
  EXPECT(nai_trainer_updates(trainer) == 3);
  train(trainer, trials, 4);
  EXPECT(hash_of(net) == hash_of(other));
  free(b.at);
  nai_trainer_destroy(trainer);
  nai_trainer_destroy(again);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
  nai_network_destroy(other);
}
END_TEST

START_TEST(damaged_checkpoints_change_nothing)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trials *trials = trials_for_everything(net, 3);
  nai_trainer *trainer = make_trainer(net);
  train(trainer, trials, 2);
  bytes b = checkpoint_of(trainer), model = model_of(net);
  train(trainer, trials, 1);
  const uint64_t before = hash_of(net);
  for (int64_t size = 0; size < b.size; size += 371) {
    EXPECT(nai_trainer_restore_memory(trainer, b.at, size) == NAI_ERR_FORMAT);
    EXPECT(strncmp(nai_last_error(), "checkpoint in memory: ", 22) == 0);
  }
  EXPECT(nai_trainer_restore_memory(trainer, model.at, model.size) == NAI_ERR_FORMAT);
  int64_t size = 0;
  unsigned char one = 7;
  expect_fails(nai_trainer_save_memory(&one, 1, &size, trainer), NAI_ERR_INVALID, "capacity is 1");
  EXPECT(one == 7 && size > b.size); /* its history is longer */
  expect_fails(nai_trainer_save_memory(&one, 1, NULL, trainer), NAI_ERR_INVALID, "size is NULL");
  expect_fails(nai_trainer_save_memory(NULL, -1, &size, trainer), NAI_ERR_INVALID,
               "capacity is -1");
  expect_fails(nai_trainer_save_memory(NULL, 0, &size, NULL), NAI_ERR_INVALID, "trainer is NULL");
  expect_fails(nai_trainer_restore_memory(NULL, b.at, b.size), NAI_ERR_INVALID, "trainer is NULL");
  expect_fails(nai_trainer_restore_memory(trainer, NULL, 1), NAI_ERR_INVALID, "bytes is NULL");
  expect_fails(nai_trainer_restore_memory(trainer, b.at, -1), NAI_ERR_INVALID, "size is -1");
  EXPECT(hash_of(net) == before && nai_trainer_updates(trainer) == 3);
  free(b.at);
  free(model.at);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

/* --- without memory --------------------------------------------------------------------------- */

enum { SAVES, LOADS, KEEPS, RESTORES, CALLS };

static nai_status call(int which, nai_network *net, nai_trainer *trainer, bytes *model, bytes *kept)
{
  nai_network *other = NULL;
  nai_status status = NAI_OK;
  if (which == SAVES) status = nai_network_save_memory(model->at, model->size, &model->size, net);
  if (which == LOADS) status = nai_network_load_memory(&other, model->at, model->size, NULL);
  if (which == KEEPS) status = nai_trainer_save_memory(kept->at, kept->size, &kept->size, trainer);
  if (which == RESTORES) status = nai_trainer_restore_memory(trainer, kept->at, kept->size);
  EXPECT((other != NULL) == (which == LOADS && status == NAI_OK));
  nai_network_destroy(other);
  return status;
}

START_TEST(each_allocation_may_fail)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_trials *trials = trials_for_everything(net, 3);
  nai_trainer *trainer = make_trainer(net);
  train(trainer, trials, 2);
  bytes model = model_of(net), kept = checkpoint_of(trainer);
  const uint64_t before = hash_of(net);
  for (int which = 0; which < CALLS; which++)
    for (long good = 0;; good++) {
      faults_fail_allocation(good);
      nai_status status = call(which, net, trainer, &model, &kept);
      faults_fail_allocation(-1);
      EXPECT(hash_of(net) == before && nai_trainer_updates(trainer) == 2);
      if (status == NAI_OK && good > 2) break;
      ck_assert_int_eq(status, NAI_ERR_MEMORY);
    }
  free(model.at);
  free(kept.at);
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

Suite *in_memory_suite(void);

Suite *in_memory_suite(void)
{
  Suite *suite = suite_create("in_memory");
  ADD_CASE(suite, "models", a_model_in_memory_is_the_file, damaged_models_are_refused,
           what_cannot_be);
  ADD_CASE(suite, "checkpoints", training_goes_on_from_memory, damaged_checkpoints_change_nothing);
  ADD_CASE(suite, "memory", each_allocation_may_fail);
  return suite;
}
