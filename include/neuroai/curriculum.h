/**
 * @file curriculum.h
 * @brief Curricula: stages of a task, each with a criterion; parameters that change from stage to
 * stage; staircases.
 *
 * A trainer with a curriculum begins with the first stage. It advances to the next stage when the
 * criterion is reached in as many consecutive evaluations as the stage requires. Its run ends when
 * the last stage is completed. Evaluations use the parameters of the current stage.
 */
#ifndef NEUROAI_CURRICULUM_H
#define NEUROAI_CURRICULUM_H

#include <neuroai/trainer.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A curriculum. A trainer that it is attached to keeps a reference. */
typedef struct nai_curriculum nai_curriculum;

/**
 * A parameter that follows performance: after each evaluation of its stage it becomes one step
 * harder or easier, or stays the same. A stage with staircases can be completed only while all of
 * them are at `hardest`.
 */
typedef struct nai_staircase {
  uint32_t struct_size;  /**< sizeof(nai_staircase), filled in by the caller */
  int32_t reserved;      /**< 0 */
  const char *parameter; /**< of the task */
  double start;          /**< first value, also the easiest */
  double hardest;        /**< last value */
  double step;           /**< change at one evaluation, > 0 */
  double harder_at;      /**< at this performance or above it becomes harder */
  double easier_at;      /**< below this performance it becomes easier, not beyond `start` */
} nai_staircase;

/* clang-format off */
/** A nai_staircase to be filled. */
#define NAI_STAIRCASE_INIT {sizeof(nai_staircase), 0, NULL, 0, 0, 0, 0, 0}
/* clang-format on */

/**
 * Called when a stage begins, including the first one, and when a stage is resumed from a
 * checkpoint. A negative number ends the run with this status, and the previous stage remains the
 * current one. The callback may set parameters of the trainer and save it.
 */
typedef nai_status (*nai_stage_callback)(int64_t stage, const char *name, void *user);

/** A curriculum without stages. */
NAI_API nai_status nai_curriculum_create(nai_curriculum **out);

/** Gives up the caller's reference. Nullable: curriculum. */
NAI_API void nai_curriculum_destroy(nai_curriculum *curriculum);

/**
 * Adds a stage, which is completed when performance was at least `criterion` (0 to 1) in this
 * number of consecutive `evaluations` >= 1. Not possible after the curriculum is attached to a
 * trainer.
 */
NAI_API nai_status nai_curriculum_add_stage(nai_curriculum *curriculum, const char *name,
                                            double criterion, int64_t evaluations);

/**
 * Sets a parameter of the task from this stage on, until a later stage sets it again: `values` [n],
 * from which each trial draws one. Parameter and values are checked when the curriculum is attached
 * to a trainer with a task.
 */
NAI_API nai_status nai_curriculum_set(nai_curriculum *curriculum, const char *stage,
                                      const char *parameter, const double *values, int64_t n);

/** Adds a staircase to a stage; its parameter keeps its value in the stages that follow. */
NAI_API nai_status nai_curriculum_add_staircase(nai_curriculum *curriculum, const char *stage,
                                                const nai_staircase *staircase);

/**
 * Sets the function that is called when a stage begins. It can change the user's own task.
 * Nullable: callback, user.
 */
NAI_API nai_status nai_curriculum_on_stage(nai_curriculum *curriculum, nai_stage_callback callback,
                                           void *user);

/** Number of stages; -1 when curriculum is NULL. */
NAI_API int64_t nai_curriculum_stage_count(const nai_curriculum *curriculum);

/**
 * Attaches a curriculum to a trainer with a task and begins the first stage. This sets parameters
 * of the task, including for other trainers that use it. If the task refuses a value, the call
 * fails and nothing changes. NULL removes the curriculum; the task keeps its parameters. Nullable:
 * curriculum.
 */
NAI_API nai_status nai_trainer_set_curriculum(nai_trainer *trainer, nai_curriculum *curriculum);

/**
 * The current stage, from 0; the number of stages when the last one is completed; -1 without a
 * curriculum.
 */
NAI_API int64_t nai_trainer_stage(const nai_trainer *trainer);

/** Name of that stage; NULL where there is none. Lives as long as the curriculum. */
NAI_API const char *nai_trainer_stage_name(const nai_trainer *trainer);

#ifdef __cplusplus
}
#endif
#endif
