/*
 * Restoring a file of any bytes into a trainer; the first byte is its kind. A restore that fails
 * changes nothing; one that does not makes a trainer that saves the same bytes again when it is
 * restored, and can go on.
 *
 *   restore --seeds FOLDER     writes a checkpoint of each kind, at each stage, as inputs
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);

static void restore_again(int kind)
{
  nai_network *net = target_network(kind);
  nai_trainer *trainer = target_trainer(net, kind);
  MUST(nai_trainer_save(trainer, target_path(2)) == NAI_OK);
  MUST(nai_trainer_restore(trainer, target_path(1)) == NAI_OK);
  MUST(nai_trainer_save(trainer, target_path(2)) == NAI_OK);
  MUST(target_hash(target_path(1)) == target_hash(target_path(2)));
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 1) return 0;
  int kind = data[0] % TRAINERS;
  nai_network *net = target_network(kind);
  nai_trainer *trainer = target_trainer(net, kind);
  MUST(nai_trainer_save(trainer, target_path(1)) == NAI_OK);
  uint64_t before = target_hash(target_path(1));
  target_write(target_path(0), data + 1, size - 1);
  nai_status status = nai_trainer_restore(trainer, target_path(0));
  MUST(nai_trainer_save(trainer, target_path(1)) == NAI_OK);
  if (status != NAI_OK) {
    MUST(target_hash(target_path(1)) == before);
  } else {
    restore_again(kind);
    double batch;
    MUST(nai_trainer_get(&batch, trainer, "batch") == NAI_OK);
    nai_trainer_set(trainer, "evaluate_trials", 4);
    if (batch <= 100)
      nai_trainer_run(trainer, 1, NULL, NULL); /* weights may be too large for one */
  }
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
  return 0;
}

/* --- seeds ------------------------------------------------------------------------------------ */

static void write_seed(const char *folder, int kind, int updates)
{
  static uint8_t bytes[1 << 20];
  char path[512];
  nai_network *net = target_network(kind);
  nai_trainer *trainer = target_trainer(net, kind);
  MUST(nai_trainer_run(trainer, updates, NULL, NULL) == NAI_OK);
  MUST(nai_trainer_save(trainer, target_path(0)) == NAI_OK);
  FILE *file = fopen(target_path(0), "rb");
  MUST(file != NULL);
  bytes[0] = (uint8_t)kind;
  size_t size = fread(bytes + 1, 1, sizeof bytes - 1, file);
  fclose(file);
  snprintf(path, sizeof path, "%.400s/kind-%d-%d", folder, kind, updates);
  target_write(path, bytes, size + 1);
  nai_trainer_destroy(trainer);
  nai_network_destroy(net);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
  if (*argc != 3 || strcmp((*argv)[1], "--seeds") != 0) return 0;
  for (int kind = 0; kind < TRAINERS; kind++)
    for (int updates = 1; updates < 10; updates += 3) write_seed((*argv)[2], kind, updates);
  exit(EXIT_SUCCESS);
}
