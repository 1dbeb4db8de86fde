/**
 * @file optimizer.h
 * @brief Optimisers: the change of a weight for a given gradient.
 */
#ifndef NEUROAI_OPTIMIZER_H
#define NEUROAI_OPTIMIZER_H

#include <neuroai/view.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Settings of an optimiser; its running averages belong to the trainer. A trainer that uses it
 * keeps a reference.
 */
typedef struct nai_optimizer nai_optimizer;

/** w -= rate g */
NAI_API nai_status nai_optimizer_create_sgd(nai_optimizer **out, double rate);

/** m = momentum m + g; w -= rate m. "momentum" 0.9. */
NAI_API nai_status nai_optimizer_create_momentum(nai_optimizer **out, double rate);

/** s = decay s + (1-decay) g^2; w -= rate g / (sqrt(s) + epsilon). "decay" 0.99, "epsilon" 1e-8. */
NAI_API nai_status nai_optimizer_create_rmsprop(nai_optimizer **out, double rate);

/** Kingma & Ba 2015, with bias correction. "beta1" 0.9, "beta2" 0.999, "epsilon" 1e-8. */
NAI_API nai_status nai_optimizer_create_adam(nai_optimizer **out, double rate);

/** Loshchilov & Hutter 2019: Adam, and separately w -= rate decay w. "decay" 0.01. */
NAI_API nai_status nai_optimizer_create_adamw(nai_optimizer **out, double rate);

/** Sets "rate" or one of the parameters above; takes effect at the next update. */
NAI_API nai_status nai_optimizer_set(nai_optimizer *optimizer, const char *parameter, double value);

/** Reads a parameter. */
NAI_API nai_status nai_optimizer_get(double *value, const nai_optimizer *optimizer,
                                     const char *parameter);

/** Describes parameter `index`; NAI_ERR_INVALID past the last. */
NAI_API nai_status nai_optimizer_parameter(nai_parameter *out, const nai_optimizer *optimizer,
                                           int64_t index);

/** Name of an optimiser, such as "adam". */
NAI_API const char *nai_optimizer_name(const nai_optimizer *optimizer);

/**
 * Learning-rate schedule: the rate is multiplied by `factor` [n], >= 0, at the updates `update` [n]
 * (ascending, the first update is 0), and by linear interpolation between them; by the first factor
 * before the first of these updates, and by the last factor after the last. Warm-up: {0, 100},
 * {0, 1}. n = 0: no schedule. Nullable: update, factor (when n is 0).
 */
NAI_API nai_status nai_optimizer_set_schedule(nai_optimizer *optimizer, const int64_t *update,
                                              const double *factor, int64_t n);

/** Factor of the rate at an update, counted from 0; NaN when optimizer is NULL. */
NAI_API double nai_optimizer_factor(const nai_optimizer *optimizer, int64_t update);

/** Gives up the caller's reference. Nullable: optimizer. */
NAI_API void nai_optimizer_destroy(nai_optimizer *optimizer);

#ifdef __cplusplus
}
#endif
#endif
