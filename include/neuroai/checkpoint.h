/**
 * @file checkpoint.h
 * @brief Checkpoints: training that was stopped or killed continues as if it had not been
 * interrupted.
 *
 * A checkpoint is a model file (nai_network_load() can read it) that also contains the state of the
 * trainer: the optimiser's running means, the numbers of updates and trials, the stage of the
 * curriculum, and the history. To continue, create the same trainer again, restore the checkpoint,
 * and run the remaining updates: weights and history are then identical, to the last bit, to those
 * of a training without the interruption.
 */
#ifndef NEUROAI_CHECKPOINT_H
#define NEUROAI_CHECKPOINT_H

#include <neuroai/trainer.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Writes a checkpoint. If the write is interrupted, the old file remains intact. */
NAI_API nai_status nai_trainer_save(nai_trainer *trainer, const char *path);

/**
 * Makes nai_trainer_run() write a checkpoint after each update whose number is a multiple of
 * `every`, and at its end. every = 0: no checkpoints. If a write fails, the run ends with its
 * error. Nullable: path (when every is 0).
 */
NAI_API nai_status nai_trainer_set_checkpoints(nai_trainer *trainer, const char *path,
                                               int64_t every);

/**
 * Restores the trainer and its network from a checkpoint. The trainer must have been created with
 * the same network, rule, optimiser, costs, task and curriculum: otherwise the call fails, the
 * message names the difference, and nothing changes. "batch", "seed", "clip", "evaluate_every" and
 * "evaluate_trials" and "shards" are set to the values in the file; "threads" is not. State that
 * callbacks of the user's own task or curriculum keep has to be restored by the user.
 */
NAI_API nai_status nai_trainer_restore(nai_trainer *trainer, const char *path);

/** The bytes of a checkpoint, into `buffer` [capacity], as nai_network_save_memory() has them. */
NAI_API nai_status nai_trainer_save_memory(void *buffer, int64_t capacity, int64_t *size,
                                           nai_trainer *trainer);

/** Restores trainer and network from the bytes of a checkpoint, as nai_trainer_restore() does. */
NAI_API nai_status nai_trainer_restore_memory(nai_trainer *trainer, const void *bytes,
                                              int64_t size);

/** Number of updates so far; -1 when trainer is NULL. */
NAI_API int64_t nai_trainer_updates(const nai_trainer *trainer);

#ifdef __cplusplus
}
#endif
#endif
