/*
 * Curricula: the object (curriculum.c), and a trainer's way through it (course.c).
 */
#ifndef NAI_TRAIN_CURRICULUM_H
#define NAI_TRAIN_CURRICULUM_H

#include <neuroai/curriculum.h>

#include "../base/reference.h"
#include "../task/task.h"

typedef struct nai__stage {
  char name[64];
  double criterion;
  int64_t evaluations;
} nai__stage;

/* A parameter that a stage sets. */
typedef struct nai__stage_setting {
  int64_t stage;
  char *parameter;
  double *value; /* [n] */
  int64_t n;
} nai__stage_setting;

/* A staircase of a stage; what the caller gave, its parameter's name copied. */
typedef struct nai__stage_staircase {
  int64_t stage;
  char *parameter;
  nai_staircase rule;
} nai__stage_staircase;

struct nai_curriculum {
  nai__reference reference;
  nai__stage *stage;
  int64_t n_stages;
  nai__stage_setting *setting;
  int64_t n_settings;
  nai__stage_staircase *staircase;
  int64_t n_staircases;
  nai_stage_callback callback;
  void *user;
  int32_t attached; /* 1: its stages are fixed */
};

/* Where a trainer is in its curriculum. */
typedef struct nai__course {
  nai_curriculum *curriculum; /* NULL: none */
  int64_t stage;              /* n_stages when the last one is met */
  int64_t streak;             /* evaluations in a row at which the criterion held */
  double *value;              /* [n_staircases] where each staircase is */
  /* What all that was before the last move: a failure puts it back. */
  int64_t stage_before, streak_before;
  double *value_before; /* [n_staircases] */
  nai__task_past past;
} nai__course;

/* Tries all stages, puts the task back, and starts the first one. Keeps a reference. */
nai_status nai__course_start(nai__course *out, nai_curriculum *curriculum, nai_task *task);
/*
 * After an evaluation: moves the staircases, and on to the next stage when this one is met. *met: 1
 * when the last one is. A failure leaves course and task as they were.
 */
nai_status nai__course_evaluated(int *met, nai__course *course, nai_task *task, double performance);
/*
 * Puts a course where it was (from a checkpoint): parameters of all stages up to this one. A failure
 * leaves course and task as they were.
 */
nai_status nai__course_resume(nai__course *course, nai_task *task, int64_t stage, int64_t streak,
                              const double *value);
void nai__course_end(nai__course *course);

#endif
