/*
 * What every benchmark here measures with: the clock, the best of several short runs (for the
 * machine may be shared), and the most that one core can do, in registers alone.
 */
#ifndef NAI_BENCH_MEASURE_H
#define NAI_BENCH_MEASURE_H

#include <math.h>
#include <string.h>
#include <time.h>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define SECONDS_EACH 0.025
#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seconds that `statement` takes: the best of runs of at least half a millisecond each. */
#define TIME(result, statement)                       \
  do {                                                \
    double best_ = 1e9, end_ = now() + SECONDS_EACH;  \
    long times_ = 1;                                  \
    do {                                              \
      double start_ = now();                          \
      for (long i_ = 0; i_ < times_; i_++) statement; \
      double took_ = now() - start_;                  \
      best_ = fmin(best_, took_ / (double)times_);    \
      if (took_ < 5e-4) times_ *= 2;                  \
    } while (now() < end_);                           \
    (result) = best_;                                 \
  } while (0)

/* --- the limit -------------------------------------------------------------------------------- */

/* Above latency times pipes of any processor, and no more than there are registers. */
#if defined(__aarch64__)
#define CHAINS 24
#else
#define CHAINS 12
#endif
#define TERMS 4096

#define MULTIPLY_AND_ADD(a, b, c) ((a) * (b) + (c))
#define BROADCAST(x) ((four){x, x, x, x})

/* Independent chains of multiply-adds that never leave the registers; returns the flops. */
#define PEAK(name, attributes, vector, broadcast, multiply_add)                \
  attributes static double name(float *sink)                                   \
  {                                                                            \
    vector sum[CHAINS], x = broadcast(0.999f), y = broadcast(*sink);           \
    for (int c = 0; c < CHAINS; c++) sum[c] = y;                               \
    for (int t = 0; t < TERMS; t++) {                                          \
      _Pragma("GCC unroll 24") for (int c = 0; c < CHAINS; c++) sum[c] =       \
          multiply_add(sum[c], x, y);                                          \
    }                                                                          \
    for (int c = 1; c < CHAINS; c++) sum[0] = multiply_add(sum[0], x, sum[c]); \
    memcpy(sink, &sum[0], sizeof *sink);                                       \
    return 2.0 * TERMS * CHAINS * (double)(sizeof(vector) / sizeof(float));    \
  }

#if defined(__x86_64__)
PEAK(peak_sse, , __m128, _mm_set1_ps, MULTIPLY_AND_ADD)
PEAK(peak_avx2, __attribute__((target("avx2,fma"))), __m256, _mm256_set1_ps, _mm256_fmadd_ps)
PEAK(peak_avx512, __attribute__((target("avx512f"))), __m512, _mm512_set1_ps, _mm512_fmadd_ps)
#elif defined(__aarch64__)
#define FUSED(a, b, c) vfmaq_f32(c, a, b)
PEAK(peak_plain, , float32x4_t, vdupq_n_f32, FUSED)
#else
typedef float four __attribute__((vector_size(16)));
PEAK(peak_plain, , four, BROADCAST, MULTIPLY_AND_ADD)
#endif

/* Flops a second of one core, with the widest vectors that it has. */
__attribute__((unused)) static double peak(void)
{
  static float sink;
  double flops = 0, seconds, best;
#if defined(__x86_64__)
  TIME(seconds, flops = peak_sse(&sink));
  best = flops / seconds;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    TIME(seconds, flops = peak_avx2(&sink));
    best = fmax(best, flops / seconds);
  }
  if (__builtin_cpu_supports("avx512f")) {
    TIME(seconds, flops = peak_avx512(&sink));
    best = fmax(best, flops / seconds);
  }
#else
  TIME(seconds, flops = peak_plain(&sink));
  best = flops / seconds;
#endif
  return best;
}

#endif
