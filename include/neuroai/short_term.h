/**
 * @file short_term.h
 * @brief Short-term plasticity: facilitation and depression of synapses.
 *
 * What a unit sends, r, is released by its synapses as u x r: the resources x run down and
 * recover, the release probability u facilitates and decays (Tsodyks, Pawelzik & Markram 1998;
 * Mongillo, Barak & Tsodyks 2008), with Euler steps as Masse et al. (2019) have them:
 *
 *     x <- x + (dt / tau_x) (1 - x) - (hz dt / 1000) u x r           x = 1 at the start
 *     u <- u + (dt / tau_u) (U - u) + (hz dt / 1000) U (1 - u) r     u = U at the start
 *
 * where the right-hand side has x and u of before, both are clipped to [0, 1], and what is released
 * is of the new ones. x and u belong to the sender: projections that are given the same object
 * share them.
 */
#ifndef NEUROAI_SHORT_TERM_H
#define NEUROAI_SHORT_TERM_H

#include <neuroai/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Short-term plasticity with its numbers, which never change. */
typedef struct nai_short_term nai_short_term;

/**
 * Numbers [n] of each sending unit, or of all of them when n is 1. `U`: release probability at
 * rest, 0 to 1; `tau_x`, `tau_u`: time constants of recovery and of facilitation, ms, 1e-6 to 1e9;
 * `hz`: the rate in Hz that a rate of 1 stands for, 0 to 1e6. A U of 1 and hz of 0: what is sent.
 * nai_model_field("tsodyks_markram", ...) describes them, with the defaults of Masse's facilitating
 * synapses.
 */
NAI_API nai_status nai_short_term_create(nai_short_term **out, int64_t n, const double *U,
                                         const double *tau_x, const double *tau_u,
                                         const double *hz);

/** Gives up the caller's reference. Nullable: short_term. */
NAI_API void nai_short_term_destroy(nai_short_term *short_term);

/** Units that it has numbers for: 1 for any. -1 for NULL. */
NAI_API int64_t nai_short_term_size(const nai_short_term *short_term);

/** Reads "U", "tau_x", "tau_u" or "hz": `values` [n]. */
NAI_API nai_status nai_short_term_get(double *values, int64_t n, const nai_short_term *short_term,
                                      const char *parameter);

#ifdef __cplusplus
}
#endif
#endif
