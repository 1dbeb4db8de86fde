/*
 * Built-in tasks: each is one file with one constant of this type, and one line in NAI__TASKS. They
 * are made with the same table (nai_task_ops) as a user's own; what they have besides are named
 * parameters.
 */
#ifndef NAI_TASK_BUILTIN_H
#define NAI_TASK_BUILTIN_H

#include "parameters.h"
#include "steps.h"
#include "task.h"

struct nai__epoch;
struct nai__trial;
struct nai__builtin_task;

typedef struct nai__task_kind {
  const char *name;
  int64_t n_inputs, n_outputs;
  int64_t more_inputs; /* a network with so many is taken too; 0: none */
  int32_t has_classes; /* 1: n_outputs classes of the network's first output */
  uint32_t flags;      /* of nai_task_ops */
  int32_t n_conditions;
  const char *const *condition_names;
  const nai__parameter *parameters; /* [n_parameters] */
  int n_parameters;
  int n_single;                   /* the last so many parameters hold one value, never a list */
  const nai__list_default *lists; /* ends with n = 0; NULL for none */
  /*
   * Of a task of epochs (epochs.h): what they are, and what happens in them. NULL where `generate`
   * does all.
   */
  const struct nai__epoch *epochs; /* [n_epochs] */
  int n_epochs;
  const char *const *epoch_names; /* [n_epochs]; NULL: each is called as its parameter is */
  /*
   * Names of what else is an epoch to those who look at trials, in order, after `epochs`. `fill`, or
   * `generate`, says when they are.
   */
  const char *const *more_epochs; /* [n_more_epochs] */
  int n_more_epochs;
  void (*fill)(struct nai__trial *trial);
  /*
   * Steps of the longest trial; fails when there could be an epoch, or a trial, without a step.
   * NULL: those of the epochs.
   */
  nai_status (*steps)(int64_t *longest, const struct nai__builtin_task *task, double dt);
  /* Fills a batch; `user` is the nai__builtin_task. NULL: by `fill`. */
  nai_status (*generate)(void *user, nai_trial_batch *batch);
  nai_status (*judge)(void *user, nai_judgement *judgement);
  /* Of a task whose trials have parts: how many; and what it answers. NULL: one, and nothing. */
  int64_t (*parts)(const struct nai__builtin_task *task);
  nai_status (*respond)(void *user, nai_trial_batch *batch);
  int32_t timed; /* 1: the judge gives the time of a choice too */
} nai__task_kind;

/* All of them, in the order in which they are listed: a new task is one file and one line here. */
#define NAI__TASKS(TASK)               \
  TASK(perceptual_decision)            \
  TASK(delay_comparison)               \
  TASK(delay_match_sample)             \
  TASK(delay_match_category)           \
  TASK(context_decision)               \
  TASK(multisensory)                   \
  TASK(go_nogo)                        \
  TASK(ready_set_go)                   \
  TASK(song_random_dots)               \
  TASK(song_random_dots_variable)      \
  TASK(song_random_dots_reaction_time) \
  TASK(song_context_integration)       \
  TASK(song_multisensory)              \
  TASK(song_parametric_working_memory) \
  TASK(song_eye_movement_sequence)     \
  TASK(song_sine)                      \
  TASK(maze)                           \
  TASK(wcst)                           \
  TASK(masse_dms)                      \
  TASK(masse_dmrs)                     \
  TASK(masse_dmc)

#define NAI__DECLARE_TASK(name) extern const nai__task_kind nai__##name;
NAI__TASKS(NAI__DECLARE_TASK)
#undef NAI__DECLARE_TASK

/* The user of every built-in task's table. */
typedef struct nai__builtin_task {
  const nai__task_kind *kind;
  nai__parameters parameters;
} nai__builtin_task;

/* Kind `index`; NULL past the last. */
const nai__task_kind *nai__task_kind_at(int64_t index);

/* The kind of this name; `argument` is what the caller calls the name. */
nai_status nai__task_kind_find(const nai__task_kind **out, const char *name, const char *argument);

#endif
