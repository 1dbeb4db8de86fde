/*
 * Unit models: tables between what a unit receives and what it sends (include/neuroai/model.h). The
 * rate unit is the first of them; it alone is moved by fused kernels, and its table only lists its
 * fields. What follows from the slopes of a model is in slopes.h.
 */
#ifndef NAI_UNITS_MODEL_H
#define NAI_UNITS_MODEL_H

#include <neuroai/model.h>
#include <stddef.h>

#include "../base/reference.h"
#include "../kernels/kernels.h"

struct nai_model {
  nai__reference reference; /* of a user's own; built-in ones live for ever */
  nai_model_ops ops;
  void *user;
  int own; /* 1: a user's */
  /* Signals from states that were set; of models whose `begin` does more than that. */
  nai_status (*send)(void *user, nai_unit_batch *batch);
};

/*
 * What the functions of built-in models get besides: the kernels of the network, and the run of units
 * as these see it (time constants, gain, transfer function; its bias is 0, for ports have it).
 */
typedef struct nai__unit_batch {
  nai_unit_batch shown;
  const nai__kernels *kernels;
  nai__units units;
  uint32_t idle; /* bit k: nothing ever arrives at port k, so that a step may leave it out */
  /*
   * What a model has found out about these units and wants to know at the next step, which follows at once with
   * the same ports idle: 0 at the first of them. NULL: each step stands by itself.
   */
  uint32_t *memo;
  int32_t plain; /* 1: slopes of the step as it is are asked for, without a surrogate for a spike */
} nai__unit_batch;

/* A number that has no copies, words or sign; and a signal that is a potential. */
#define NAI__FIELD(name, unit, meaning, initial, low, high)                         \
  {                                                                                 \
    sizeof(nai_field), 0, name, unit, meaning, initial, low, high, NULL, NULL, 0, 0 \
  }
#define NAI__POTENTIAL(name, unit, meaning)                              \
  {                                                                      \
    sizeof(nai_field), 0, name, unit, meaning, 0, 0, 0, NULL, NULL, 0, 1 \
  }

/* Names of those that are built in. A new one is a line here and a file. */
#define NAI__MODELS(MODEL) \
  MODEL(rate)              \
  MODEL(adaptive_rate)     \
  MODEL(dendritic)         \
  MODEL(pyramidal)         \
  MODEL(lif)               \
  MODEL(wong_wang)         \
  MODEL(lif_conductance)   \
  MODEL(poisson)

/* What stands between a sender and its projections: no model of a population. */
#define NAI__RELEASES(MODEL) MODEL(tsodyks_markram)

#define NAI__DECLARE_MODEL(name) extern const nai_model nai__model_##name;
NAI__MODELS(NAI__DECLARE_MODEL)
NAI__RELEASES(NAI__DECLARE_MODEL)
#undef NAI__DECLARE_MODEL

/* A built-in model by its name; NULL with the thread's message, which lists those that there are. */
const nai_model *nai__model_named(const char *name);
static inline int nai__model_is_rate(const nai_model *model)
{
  return model == &nai__model_rate;
}

/* Field `index` of a list of fields, whose elements may be shorter than ours. */
static inline const nai_field *nai__field_at(const nai_field *list, int64_t index)
{
  return (const nai_field *)(const void *)((const char *)list + index * list->struct_size);
}

/* Its fields NAI_MODEL_..., and their number. */
const nai_field *nai__fields_of(const nai_model *model, int32_t list, int32_t *n);
/* Index of a field by its name; -1 for none. */
int32_t nai__field_find(const nai_model *model, int32_t list, const char *name);
/* Its names, "soma, dendrite+", for a message. */
void nai__fields_choices(char *choices, size_t size, const nai_model *model, int32_t list);
/* Number of `word` among the words of a parameter; -1 for none. */
int32_t nai__field_word(const nai_field *field, const char *word);

const nai_model *nai__model_keep(const nai_model *model);
void nai__model_drop(const nai_model *model);

/* A function of its table at work: what it answers, with the thread's message where it fails. */
nai_status nai__model_call(const nai_model *model,
                           nai_status (*function)(void *user, nai_unit_batch *batch),
                           nai_unit_batch *batch);

/* 1 when port `index` is called so: by its name, or by its name without its sign. */
int nai__port_is(const nai_model *model, int32_t index, const char *name);

#endif
