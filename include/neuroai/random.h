/**
 * @file random.h
 * @brief Random numbers for extensions: a function of (seed, stream, index), the same on every
 * machine. Philox4x32-10.
 */
#ifndef NEUROAI_RANDOM_H
#define NEUROAI_RANDOM_H

#include <neuroai/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Number `index` of stream `stream` of `seed`, uniform in [0, 1). */
NAI_API double nai_random_uniform(uint64_t seed, uint64_t stream, uint64_t index);

/** Number `index` of stream `stream` of `seed`, standard normal. */
NAI_API double nai_random_normal(uint64_t seed, uint64_t stream, uint64_t index);

/**
 * Fills `out` [n] with numbers 0 .. n-1 of a stream, standard normal (in single precision, and not
 * the same numbers as those of nai_random_normal()).
 */
NAI_API nai_status nai_random_normals(float *out, int64_t n, uint64_t seed, uint64_t stream);

#ifdef __cplusplus
}
#endif
#endif
