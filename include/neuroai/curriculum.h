/**
 * @file curriculum.h
 * @brief Curricula: stages of a task, each with a criterion; parameters that change by stage;
 * staircases.
 *
 * A trainer with a curriculum starts at the first stage. It continues to the next one after the
 * criterion has been met at as many evaluations in a row as the stage requires, and its run ends
 * when the last stage is met. Evaluations are made with the parameters of the stage.
 */
#ifndef NEUROAI_CURRICULUM_H
#define NEUROAI_CURRICULUM_H

#include <neuroai/trainer.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A curriculum. Attaching it keeps a reference. */
typedef struct nai_curriculum nai_curriculum;

/**
 * A parameter that follows performance: after each evaluation of its stage it is made one step
 * harder or easier, or stays. A stage with staircases can be met only while all of them are at
 * `hardest`.
 */
typedef struct nai_staircase {
  uint32_t struct_size;  /**< sizeof(nai_staircase), filled in by the caller */
  uint32_t reserved;     /**< 0 */
  const char *parameter; /**< of the task */
  double start;          /**< value at which it starts */
  double hardest;        /**< value at which it ends */
  double step;           /**< > 0, towards `hardest` when it gets harder */
  double harder_at;      /**< performance from which on it gets harder */
  double easier_at;      /**< performance below which it gets easier, not beyond `start` */
} nai_staircase;

/* clang-format off */
/** A nai_staircase to be filled. */
#define NAI_STAIRCASE_INIT {sizeof(nai_staircase), 0, NULL, 0, 0, 0, 0, 0}
/* clang-format on */

/**
 * Called when a stage begins, also the first one, or is taken up again from a checkpoint; a
 * negative number ends the run with it, and leaves the stage before as it was. It may set numbers
 * of the trainer and save it.
 */
typedef nai_status (*nai_stage_callback)(int64_t stage, const char *name, void *user);

/** A curriculum without stages. */
NAI_API nai_status nai_curriculum_create(nai_curriculum **out);

/** Gives up the caller's reference. Nullable: curriculum. */
NAI_API void nai_curriculum_destroy(nai_curriculum *curriculum);

/**
 * Adds a stage that is met once performance has been at least `criterion` (0 to 1) at so many
 * `evaluations` >= 1 in a row. Not after it is attached to a trainer.
 */
NAI_API nai_status nai_curriculum_add_stage(nai_curriculum *curriculum, const char *name,
                                            double criterion, int64_t evaluations);

/**
 * A parameter of the task from this stage on, until a later stage sets it again: `values` [n], from
 * which each trial draws one. The task must have it, and must take the values, when the curriculum
 * is attached.
 */
NAI_API nai_status nai_curriculum_set(nai_curriculum *curriculum, const char *stage,
                                      const char *parameter, const double *values, int64_t n);

/** Adds a staircase to a stage; its parameter keeps its value in the stages that follow. */
NAI_API nai_status nai_curriculum_add_staircase(nai_curriculum *curriculum, const char *stage,
                                                const nai_staircase *staircase);

/**
 * Sets the function that is called when a stage begins: users' own tasks can be changed there.
 * Nullable: callback, user.
 */
NAI_API nai_status nai_curriculum_on_stage(nai_curriculum *curriculum, nai_stage_callback callback,
                                           void *user);

/** Number of stages; -1 when curriculum is NULL. */
NAI_API int64_t nai_curriculum_stage_count(const nai_curriculum *curriculum);

/**
 * Attaches a curriculum to a trainer with a task and starts its first stage. This sets parameters
 * of the task, also for other users of it. Refused, with everything as it was, when the task cannot
 * take a value. NULL: none from now on; the task keeps its parameters. Nullable: curriculum.
 */
NAI_API nai_status nai_trainer_set_curriculum(nai_trainer *trainer, nai_curriculum *curriculum);

/**
 * The stage that a trainer is in, from 0; the number of stages when the last one is met; -1 without
 * a curriculum.
 */
NAI_API int64_t nai_trainer_stage(const nai_trainer *trainer);

/** Name of that stage; NULL where there is none. Lives as long as the curriculum. */
NAI_API const char *nai_trainer_stage_name(const nai_trainer *trainer);

#ifdef __cplusplus
}
#endif
#endif
