/**
 * @file checkpoint.h
 * @brief Checkpoints: a training that was stopped or killed continues as if it had not been
 * interrupted.
 *
 * A checkpoint is a model file (nai_network_load() opens it) that also holds what the trainer
 * needs: the optimiser's running means, the numbers of updates and trials, the stage of the
 * curriculum, and the history. To continue, make the same trainer again, restore the checkpoint,
 * and run the remaining updates: weights and history end with the same bits as without the
 * interruption.
 */
#ifndef NEUROAI_CHECKPOINT_H
#define NEUROAI_CHECKPOINT_H

#include <neuroai/trainer.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Writes a checkpoint now. An interrupted write leaves the old file whole. */
NAI_API nai_status nai_trainer_save(nai_trainer *trainer, const char *path);

/**
 * From now on nai_trainer_run() writes a checkpoint after each update whose number is a multiple of
 * `every`, and at its end. every = 0: no more. A write that fails ends the run with its error.
 * Nullable: path (when every is 0).
 */
NAI_API nai_status nai_trainer_set_checkpoints(nai_trainer *trainer, const char *path,
                                               int64_t every);

/**
 * Puts trainer and network back to where they were. The trainer must be made of the same network,
 * rule, optimiser, costs, task and curriculum: otherwise the message names what differs, and
 * nothing has changed. "batch", "seed", "clip", "evaluate_every" and "evaluate_trials" are set to
 * the values in the file; "threads" is not. The state behind callbacks of the user's own task or
 * curriculum has to be restored by the user.
 */
NAI_API nai_status nai_trainer_restore(nai_trainer *trainer, const char *path);

/** Updates that a trainer has made; -1 when trainer is NULL. */
NAI_API int64_t nai_trainer_updates(const nai_trainer *trainer);

#ifdef __cplusplus
}
#endif
#endif
