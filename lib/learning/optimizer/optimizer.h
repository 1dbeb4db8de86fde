/* An optimiser as the trainer sees it: settings, and a step that moves theta. */
#ifndef NAI_LEARNING_OPTIMIZER_OPTIMIZER_H
#define NAI_LEARNING_OPTIMIZER_OPTIMIZER_H

#include <neuroai/optimizer.h>

#include "../../base/parameter.h"
#include "../../base/reference.h"

#define NAI__OPTIMIZER_NUMBERS 5

/* What one step works on; arrays [n] are laid out as theta. */
typedef struct nai__move {
  int64_t n;
  int64_t step;  /* 1 for the first */
  double scale;  /* of the gradient: below 1 when it was clipped */
  double factor; /* of the learning rate */
  float *theta;
  const float *gradient;  /* 0 where not plastic */
  const uint8_t *plastic; /* 1, or 0 where theta stays */
  float *mean;            /* running mean of the gradient, when the kind keeps one */
  float *square;          /* running mean of its square, when the kind keeps one */
} nai__move;

typedef struct nai__optimizer_kind {
  const char *name;
  int keeps_mean, keeps_square;
  int n_numbers;
  nai__parameter number[NAI__OPTIMIZER_NUMBERS]; /* the first is "rate" */
  void (*move)(const double *number, const nai__move *m);
  /*
   * No weight moves by more than this times x, when no gradient and no mean is beyond x, and no square
   * below 0.
   */
  double (*most)(const double *number, int64_t step);
} nai__optimizer_kind;

struct nai_optimizer {
  nai__reference reference;
  const nai__optimizer_kind *kind;
  double number[NAI__OPTIMIZER_NUMBERS];
  int64_t *update; /* [n_schedule] of the schedule */
  double *factor;  /* [n_schedule] */
  int64_t n_schedule;
};

nai_status nai__optimizer_create(nai_optimizer **out, const nai__optimizer_kind *kind, double rate);
void nai__optimizer_keep(nai_optimizer *optimizer);
/* Learning rate of a move, 1 for the first: as the schedule has it. */
double nai__optimizer_rate(const nai_optimizer *optimizer, int64_t step);
/* The kind's `most` at that rate. */
double nai__optimizer_most(const nai_optimizer *optimizer, int64_t step);
/* Moves theta by one step, at that rate. */
void nai__optimizer_move(const nai_optimizer *optimizer, const nai__move *m);

#define NAI__RATE                                 \
  {                                               \
    "rate", "1", "learning rate", 1e-3, 0, 1e6, 0 \
  }

#endif
