/*
 * The checkpoint: the model file, and beside the model's JSON two more entries. "trainer" says what
 * the trainer is made of, and must be the same to go on; "progress" says where it stands. Tensors:
 * "trainer: mean", "trainer: square" (laid out as theta), "trainer: history" [updates, columns],
 * "trainer: staircases".
 */
#ifndef NAI_FILE_CHECKPOINT_H
#define NAI_FILE_CHECKPOINT_H

#include "../train/trainer.h"
#include "model.h"

/* What the trainer is made of, as the entry "trainer" of an object that is open. */
void nai__checkpoint_describe(nai__json_writer *w, const nai_trainer *trainer);

/* Settings that decide on the bits; NULL past the last. */
const char *nai__checkpoint_setting(int index);

/*
 * The first difference between two JSON values, by name: NAI_ERR_INVALID with its path in the
 * message. Entries called "library" and "progress" may differ.
 */
nai_status nai__json_same(const nai__json *file, const nai__json *ours, const char *path);

#endif
