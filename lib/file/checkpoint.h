/*
 * The checkpoint: the model file, and beside the model's JSON two more entries. "trainer" says what
 * the trainer is made of, and must be the same to go on; "progress" says where it stands. Tensors:
 * "mean: E -> I", "mean bias: E", "mean initial: E" of the optimiser's running mean, the same of
 * "square", and of feedback weights as "feedback"; "trainer: history" [updates, columns],
 * "trainer: staircases".
 */
#ifndef NAI_FILE_CHECKPOINT_H
#define NAI_FILE_CHECKPOINT_H

#include "../train/trainer.h"
#include "model.h"

/*
 * What the trainer is made of, as the entry "trainer" of an object that is open. With what a file has
 * there, a number at its default that the file has not is left out: the library that wrote it had no
 * such number. Nullable: file.
 */
void nai__checkpoint_describe(nai__json_writer *w, const nai_trainer *trainer,
                              const nai__json *file);

/* Settings that decide on the bits; NULL past the last. */
const char *nai__checkpoint_setting(int index);

/*
 * The first difference between two JSON values, by name: NAI_ERR_INVALID with its path in the
 * message. Entries called "library" and "progress" may differ.
 */
nai_status nai__json_same(const nai__json *file, const nai__json *ours, const char *path);

/* --- theta.c ---------------------------------------------------------------------------------- */

/* Adds an array laid out as theta: "<what>: E -> I", "<what> bias: E", "<what> initial: E". */
nai_status nai__theta_add(nai__tensor_list *list, const nai_network *net, const char *what,
                          const float *array);
/* Reads one that was written so; what no tensor has stays as it is. Values are checked. */
nai_status nai__theta_fill(float *array, const nai__tensors *file, const nai_network *net,
                           const char *what);

#endif
