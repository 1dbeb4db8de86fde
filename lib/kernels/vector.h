/*
 * Vectors of NAI__LANES floats, as wide as the compiler flags of the file that includes this allow,
 * or as NAI__WIDTH (bytes) says. The operators + - * / & | ^ << >> work on all of them. What the
 * language lacks is a function here: an intrinsic on x86 and, where the file that includes this
 * defines NAI__NEON, on 64-bit ARM; else plain C with the same result. Only fused() rounds
 * differently where there is no fused multiply-add, or no leave to use it (16 bytes without
 * NAI__NEON, so that the portable table has the same bits on every processor).
 */
#ifndef NAI_KERNELS_VECTOR_H
#define NAI_KERNELS_VECTOR_H

#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(NAI__NEON)
#include <arm_neon.h>
#endif

#ifndef NAI__WIDTH
#if defined(__AVX512F__)
#define NAI__WIDTH 64
#elif defined(__AVX2__)
#define NAI__WIDTH 32
#else
#define NAI__WIDTH 16
#endif
#endif

#define NAI__LANES (NAI__WIDTH / 4)
/* Whether fused() rounds once: tables for which it does have the same bits as each other. */
#if NAI__WIDTH > 16 || defined(NAI__NEON)
#define NAI__FUSES 1
#else
#define NAI__FUSES 0
#endif
#define NAI__INLINE static inline __attribute__((always_inline, unused))

typedef float vec __attribute__((vector_size(NAI__WIDTH)));
typedef float vec_anywhere __attribute__((vector_size(NAI__WIDTH), aligned(4), may_alias));
typedef int32_t ivec __attribute__((vector_size(NAI__WIDTH)));
typedef uint32_t uvec __attribute__((vector_size(NAI__WIDTH)));
typedef uint64_t wide __attribute__((vector_size(NAI__WIDTH)));

NAI__INLINE int64_t at_most(int64_t a, int64_t b)
{
  return a < b ? a : b;
}

NAI__INLINE vec load(const float *p)
{
  return *(const vec_anywhere *)p;
}

NAI__INLINE void store(float *p, vec x)
{
  *(vec_anywhere *)p = x;
}

NAI__INLINE vec all(float x)
{
  return x - (vec){0};
}

/*
 * Four floats that are read at once, each to be had in all lanes: for where vectors are loaded as fast as
 * they can be, and a float more is one load more.
 */
#if NAI__WIDTH >= 32
typedef __m128 quad;
#else
typedef const float *quad;
#endif

NAI__INLINE quad load_four(const float *p)
{
#if NAI__WIDTH >= 32
  return _mm_loadu_ps(p);
#else
  return p;
#endif
}

/* Number i of them, a constant. */
NAI__INLINE vec all_of(quad four, int i)
{
#if NAI__WIDTH == 64
  return _mm512_permutexvar_ps(_mm512_set1_epi32(i), _mm512_castps128_ps512(four));
#elif NAI__WIDTH == 32
  return _mm256_permutevar8x32_ps(_mm256_castps128_ps256(four), _mm256_set1_epi32(i));
#else
  return all(four[i]);
#endif
}

NAI__INLINE ivec lane_number(void)
{
#if NAI__WIDTH == 64
  return (ivec){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#elif NAI__WIDTH == 32
  return (ivec){0, 1, 2, 3, 4, 5, 6, 7};
#else
  return (ivec){0, 1, 2, 3};
#endif
}

/*
 * The first n lanes, 0 <= n <= NAI__LANES; the other lanes are 0, and no memory beyond the n is
 * touched.
 */
NAI__INLINE vec load_some(const float *p, int64_t n)
{
#if NAI__WIDTH == 64
  return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#elif NAI__WIDTH == 32
  return _mm256_maskload_ps(p, (__m256i)(lane_number() < (int32_t)n));
#else
  vec x = {0};
  for (int i = 0; i < NAI__LANES; i++)
    if (i < n) x[i] = p[i];
  return x;
#endif
}

NAI__INLINE void store_some(float *p, vec x, int64_t n)
{
#if NAI__WIDTH == 64
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), x);
#elif NAI__WIDTH == 32
  _mm256_maskstore_ps(p, (__m256i)(lane_number() < (int32_t)n), x);
#else
  for (int i = 0; i < NAI__LANES; i++)
    if (i < n) p[i] = x[i];
#endif
}

/* The first n lanes, or all of them when n is more. */
NAI__INLINE vec load_up_to(const float *p, int64_t n)
{
  return n >= NAI__LANES ? load(p) : load_some(p, n);
}

/* The first n of an array of 0 and 1, as floats; the other lanes are 0. */
NAI__INLINE vec flags_up_to(const uint8_t *p, int64_t n)
{
  uint8_t byte[NAI__LANES] = {0};
  if (n >= NAI__LANES)
    memcpy(byte, p, NAI__LANES);
  else
    memcpy(byte, p, (size_t)n);
#if NAI__WIDTH == 64
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)byte)));
#elif NAI__WIDTH == 32
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)byte)));
#else
  vec x;
  for (int i = 0; i < NAI__LANES; i++) x[i] = byte[i];
  return x;
#endif
}

NAI__INLINE void store_up_to(float *p, vec x, int64_t n)
{
  if (n >= NAI__LANES)
    store(p, x);
  else
    store_some(p, x, n);
}

/* x in the first half of the lanes, in the others anything. */
NAI__INLINE vec all_half(float x)
{
#if NAI__WIDTH == 64
  return _mm512_castps256_ps512(_mm256_set1_ps(x));
#else
  return all(x);
#endif
}

/* a * b + c, rounded once where the processor can. */
NAI__INLINE vec fused(vec a, vec b, vec c)
{
#if NAI__WIDTH == 64
  return _mm512_fmadd_ps(a, b, c);
#elif NAI__WIDTH == 32 && defined(__FMA__)
  return _mm256_fmadd_ps(a, b, c);
#elif defined(NAI__NEON)
  return (vec)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
  return a * b + c;
#endif
}

/* The same of the first half of the lanes, which takes half as long where that is a vector, too. */
NAI__INLINE vec fused_half(vec a, vec b, vec c)
{
#if NAI__WIDTH == 64
  return _mm512_castps256_ps512(_mm256_fmadd_ps(
      _mm512_castps512_ps256(a), _mm512_castps512_ps256(b), _mm512_castps512_ps256(c)));
#else
  return fused(a, b, c);
#endif
}

NAI__INLINE vec square_root(vec x)
{
#if NAI__WIDTH == 64
  return _mm512_sqrt_ps(x);
#elif NAI__WIDTH == 32
  return _mm256_sqrt_ps(x);
#elif defined(__SSE2__)
  return _mm_sqrt_ps(x);
#elif defined(NAI__NEON)
  return (vec)vsqrtq_f32((float32x4_t)x);
#else
  for (int i = 0; i < NAI__LANES; i++) x[i] = __builtin_sqrtf(x[i]);
  return x;
#endif
}

/* A truth value a lane. Comparisons with NaN are false, as in C. */
#if NAI__WIDTH == 64
typedef __mmask16 truth;

NAI__INLINE truth is_below(vec a, vec b)
{
  return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}
NAI__INLINE truth is_at_most(vec a, vec b)
{
  return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ);
}
NAI__INLINE truth is_zero(vec a)
{
  return _mm512_cmp_ps_mask(a, _mm512_setzero_ps(), _CMP_EQ_OQ);
}
NAI__INLINE truth has_bit_30(uvec a)
{
  return _mm512_test_epi32_mask((__m512i)a, _mm512_set1_epi32(1 << 30));
}
NAI__INLINE vec choose(truth t, vec a, vec b)
{
  return _mm512_mask_blend_ps(t, b, a);
}
NAI__INLINE vec zero_where(truth t, vec a)
{
  return _mm512_maskz_mov_ps((__mmask16)~t, a);
}
#else
typedef ivec truth;

NAI__INLINE truth is_below(vec a, vec b)
{
  return a < b;
}
NAI__INLINE truth is_at_most(vec a, vec b)
{
  return a <= b;
}
NAI__INLINE truth is_zero(vec a)
{
  return a == (vec){0};
}
NAI__INLINE truth has_bit_30(uvec a)
{
  return (ivec)(a << 1) >> 31;
}
NAI__INLINE vec choose(truth t, vec a, vec b)
{
  return (vec)((t & (ivec)a) | (~t & (ivec)b));
}
NAI__INLINE vec zero_where(truth t, vec a)
{
  return (vec)(~t & (ivec)a);
}
#endif

/* x, kept within low .. high; NaN stays NaN. */
NAI__INLINE vec within(vec x, vec low, vec high)
{
#if NAI__WIDTH == 64
  return _mm512_min_ps(high, _mm512_max_ps(low, x)); /* of a NaN they return the second */
#elif NAI__WIDTH == 32
  return _mm256_min_ps(high, _mm256_max_ps(low, x));
#else
  x = choose(is_below(x, low), low, x);
  return choose(is_below(high, x), high, x);
#endif
}

NAI__INLINE vec magnitude(vec x)
{
  return (vec)((ivec)x & 0x7fffffff);
}

/* The magnitude of a with the sign of b. */
NAI__INLINE vec with_sign_of(vec a, vec b)
{
  return (vec)(((ivec)a & 0x7fffffff) | ((ivec)b & INT32_MIN));
}

/*
 * Numbers below 2^-100 become 0. What decays would else end among the denormal numbers, stay there
 * for ever (0.8 times the smallest one rounds back to it) and make each operation on it a hundred
 * times slower.
 */
NAI__INLINE vec flushed(vec x)
{
  return zero_where(is_below(magnitude(x), all(0x1p-100f)), x);
}

/* Exact for whole numbers of up to 24 bits. */
NAI__INLINE vec to_float(ivec x)
{
  return __builtin_convertvector(x, vec);
}

/* The low 32 bits of each 64-bit lane, multiplied to 64 bits. */
NAI__INLINE wide times(wide a, wide b)
{
#if NAI__WIDTH == 64
  return (wide)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif NAI__WIDTH == 32
  return (wide)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
  return (wide)_mm_mul_epu32((__m128i)a, (__m128i)b);
#elif defined(NAI__NEON)
  return (wide)vmull_u32(vmovn_u64((uint64x2_t)a), vmovn_u64((uint64x2_t)b));
#else
  return (a & 0xffffffffu) * (b & 0xffffffffu);
#endif
}

/* The high 32 bits of each 64-bit lane, in its low ones; the high ones hold nothing. */
NAI__INLINE wide high_halves(wide x)
{
  /* Not shifted: multiplications keep the units that shift busy. */
#if NAI__WIDTH == 64
  return (wide)_mm512_shuffle_epi32((__m512i)x, _MM_PERM_DDBB);
#elif NAI__WIDTH == 32
  return (wide)_mm256_shuffle_epi32((__m256i)x, 0xf5);
#else
  return x >> 32;
#endif
}

/* 32-bit lanes: even ones from the low halves of `even`, odd ones from those of `odd`. */
NAI__INLINE uvec low_pairs(wide even, wide odd)
{
#if NAI__WIDTH == 64
  return (uvec)_mm512_mask_shuffle_epi32((__m512i)even, 0xaaaa, (__m512i)odd, _MM_PERM_CCAA);
#elif __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  return (uvec)((odd & 0xffffffffu) | (even << 32));
#else
  return (uvec)((even & 0xffffffffu) | (odd << 32));
#endif
}

/* The same from the high halves. */
NAI__INLINE uvec high_pairs(wide even, wide odd)
{
#if NAI__WIDTH == 64
  return (uvec)_mm512_mask_shuffle_epi32((__m512i)odd, 0x5555, (__m512i)even, _MM_PERM_DDBB);
#elif __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  return (uvec)((odd >> 32) | (even & 0xffffffff00000000u));
#else
  return (uvec)((even >> 32) | (odd & 0xffffffff00000000u));
#endif
}

/* Of each 16 bytes: low = a0 b0 a1 b1, high = a2 b2 a3 b3. */
NAI__INLINE void unpack(vec *low, vec *high, vec a, vec b)
{
#if NAI__WIDTH == 64
  *low = _mm512_unpacklo_ps(a, b);
  *high = _mm512_unpackhi_ps(a, b);
#elif NAI__WIDTH == 32
  *low = _mm256_unpacklo_ps(a, b);
  *high = _mm256_unpackhi_ps(a, b);
#elif defined(__SSE2__)
  *low = _mm_unpacklo_ps(a, b);
  *high = _mm_unpackhi_ps(a, b);
#elif defined(NAI__NEON)
  *low = (vec)vzip1q_f32((float32x4_t)a, (float32x4_t)b);
  *high = (vec)vzip2q_f32((float32x4_t)a, (float32x4_t)b);
#else
  *low = (vec){a[0], b[0], a[1], b[1]};
  *high = (vec){a[2], b[2], a[3], b[3]};
#endif
}

/* a - 2 b, rounded once: so it is with a fused multiply-add or without. */
NAI__INLINE vec less_twice(vec a, vec b)
{
#if NAI__WIDTH == 64
  return _mm512_fnmadd_ps(b, all(2.0f), a);
#elif NAI__WIDTH == 32 && defined(__FMA__)
  return _mm256_fnmadd_ps(b, all(2.0f), a);
#else
  return a - (b + b);
#endif
}

/* A square of NAI__LANES vectors: rows become columns. */
NAI__INLINE void transpose(vec *v)
{
#if NAI__WIDTH == 64 || NAI__WIDTH == 32
#if NAI__WIDTH == 64
#define NAI__OF(name) _mm512_##name
  typedef __m512d of_pairs;
#else
#define NAI__OF(name) _mm256_##name
  typedef __m256d of_pairs;
#endif
  vec w[NAI__LANES];
  /* Within each 16 bytes squares of four by four... */
#pragma GCC unroll 4
  for (int i = 0; i < NAI__LANES; i += 4) {
    const of_pairs a = (of_pairs)NAI__OF(unpacklo_ps)(v[i], v[i + 1]),
                   b = (of_pairs)NAI__OF(unpackhi_ps)(v[i], v[i + 1]),
                   c = (of_pairs)NAI__OF(unpacklo_ps)(v[i + 2], v[i + 3]),
                   d = (of_pairs)NAI__OF(unpackhi_ps)(v[i + 2], v[i + 3]);
    w[i] = (vec)NAI__OF(unpacklo_pd)(a, c);
    w[i + 1] = (vec)NAI__OF(unpackhi_pd)(a, c);
    w[i + 2] = (vec)NAI__OF(unpacklo_pd)(b, d);
    w[i + 3] = (vec)NAI__OF(unpackhi_pd)(b, d);
  }
#undef NAI__OF
  /* ... then the squares among themselves. */
#if NAI__WIDTH == 64
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    const vec a = _mm512_shuffle_f32x4(w[i], w[i + 4], 0x88),
              b = _mm512_shuffle_f32x4(w[i], w[i + 4], 0xdd),
              c = _mm512_shuffle_f32x4(w[i + 8], w[i + 12], 0x88),
              d = _mm512_shuffle_f32x4(w[i + 8], w[i + 12], 0xdd);
    v[i] = _mm512_shuffle_f32x4(a, c, 0x88);
    v[i + 8] = _mm512_shuffle_f32x4(a, c, 0xdd);
    v[i + 4] = _mm512_shuffle_f32x4(b, d, 0x88);
    v[i + 12] = _mm512_shuffle_f32x4(b, d, 0xdd);
  }
#else
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    v[i] = _mm256_permute2f128_ps(w[i], w[i + 4], 0x20);
    v[i + 4] = _mm256_permute2f128_ps(w[i], w[i + 4], 0x31);
  }
#endif
#else
  vec a, b, c, d;
  unpack(&a, &b, v[0], v[2]);
  unpack(&c, &d, v[1], v[3]);
  unpack(&v[0], &v[1], a, c);
  unpack(&v[2], &v[3], b, d);
#endif
}

/* to [4] += the sum of each of four vectors. */
NAI__INLINE void add_sums(float *to, const vec *x)
{
#if NAI__WIDTH == 64 || NAI__WIDTH == 32 || defined(__SSE2__)
#if NAI__WIDTH == 64
#define NAI__OF(name) _mm512_##name
  typedef __m512d pairs_of;
#elif NAI__WIDTH == 32
#define NAI__OF(name) _mm256_##name
  typedef __m256d pairs_of;
#else
#define NAI__OF(name) _mm_##name
  typedef __m128d pairs_of;
#endif
  const vec a = NAI__OF(unpacklo_ps)(x[0], x[1]) + NAI__OF(unpackhi_ps)(x[0], x[1]),
            b = NAI__OF(unpacklo_ps)(x[2], x[3]) + NAI__OF(unpackhi_ps)(x[2], x[3]);
  const vec four = (vec)NAI__OF(unpacklo_pd)((pairs_of)a, (pairs_of)b) +
                   (vec)NAI__OF(unpackhi_pd)((pairs_of)a, (pairs_of)b);
#undef NAI__OF
#if NAI__WIDTH == 64
  const __m256 half = _mm512_castps512_ps256(four) + _mm512_extractf32x8_ps(four, 1);
  const __m128 sums = _mm256_castps256_ps128(half) + _mm256_extractf128_ps(half, 1);
#elif NAI__WIDTH == 32
  const __m128 sums = _mm256_castps256_ps128(four) + _mm256_extractf128_ps(four, 1);
#else
  const __m128 sums = four;
#endif
  _mm_storeu_ps(to, _mm_loadu_ps(to) + sums);
#elif defined(NAI__NEON)
  const float32x4_t sums = vpaddq_f32(vpaddq_f32((float32x4_t)x[0], (float32x4_t)x[1]),
                                      vpaddq_f32((float32x4_t)x[2], (float32x4_t)x[3]));
  vst1q_f32(to, vaddq_f32(vld1q_f32(to), sums));
#else
  for (int i = 0; i < 4; i++) {
    float sum = 0;
    for (int lane = 0; lane < NAI__LANES; lane++) sum += x[i][lane];
    to[i] += sum;
  }
#endif
}

#endif
