/*
 * Standard normals: Philox4x32-10 (Salmon et al. 2011), then Box & Muller (1958). The file that
 * includes this defines NAI__NORMALS, the function's name.
 *
 * The bits are part of the contract: they may not depend on the width of the vectors nor on the
 * compiler, so nothing here may be contracted to a fused multiply-add (-ffp-contract=off), and
 * every sum is written in the order it is meant.
 */
#include "tables.h"
#include "vector.h"

/* Normals that one vector of counters gives: 4 from each 64-bit lane. */
#define NAI__BLOCK (2 * NAI__LANES)
/* So many vectors side by side: the latency of one is three times its work. */
#define NAI__BLOCKS 4

/* A step of the computation on each of `blocks` vectors, a constant. */
#define NAI__EACH _Pragma("GCC unroll 4") for (int j = 0; j < blocks; j++)

/* One counter a 64-bit lane; the high halves of the lanes hold nothing. */
NAI__INLINE void philox(int blocks, wide c[][4], uint64_t seed)
{
  const wide m0 = (wide){0} + 0xd2511f53u, m1 = (wide){0} + 0xcd9e8d57u;
  const uvec w0 = (uvec)((wide){0} + 0x9e3779b9u), w1 = (uvec)((wide){0} + 0xbb67ae85u);
  uvec k0 = (uvec)((wide){0} + (uint32_t)seed), k1 = (uvec)((wide){0} + (seed >> 32));
#pragma GCC unroll 10
  for (int i = 0; i < 10; i++) {
    NAI__EACH
    {
      wide p0 = times(c[j][0], m0), p1 = times(c[j][2], m1);
      c[j][0] = high_halves(p1) ^ c[j][1] ^ (wide)k0;
      c[j][1] = p1;
      c[j][2] = high_halves(p0) ^ c[j][3] ^ (wide)k1;
      c[j][3] = p0;
    }
    k0 += w0;
    k1 += w1;
  }
}

/* 32-bit lanes: even ones from the low halves of `even`, odd ones from those of `odd`. */
NAI__INLINE uvec pairs(wide even, wide odd)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  wide first = even, second = odd;
  even = second;
  odd = first;
#endif
  return (uvec)((even & 0xffffffffu) | (odd << 32));
}

/*
 * sqrt(-2 log u) of u = (w >> 8 + 0.5) 2^-24 rounded to float: between 0 and 5.9. With u = 2^e (1 +
 * f), -2 log u = -2 log(2) e + (f^2 + f^3 p(f)) - 2 f.
 */
NAI__INLINE void radius(int blocks, vec radii[], const uvec w[])
{
  ivec e[NAI__BLOCKS];
  vec f[NAI__BLOCKS], square[NAI__BLOCKS], p[NAI__BLOCKS];
  NAI__EACH
  {
    /* The bits of 2^24 u, less those of 2^24 sqrt(1/2): so 1 + f is in [sqrt(1/2), sqrt(2)). */
    ivec above = (ivec)(to_float((ivec)(w[j] >> 8)) + 0.5f) - (0x3f3504f3 + (24 << 23));
    e[j] = above >> 23;
    f[j] = (vec)((above & 0x007fffff) + 0x3f3504f3) - 1.0f;
  }
  NAI__EACH square[j] = f[j] * f[j];
  NAI__EACH p[j] = f[j] * -0.174008697f + 0.285349727f;
  NAI__EACH p[j] = p[j] * f[j] + -0.298295379f;
  NAI__EACH p[j] = p[j] * f[j] + 0.331551701f;
  NAI__EACH p[j] = p[j] * f[j] + -0.399261266f;
  NAI__EACH p[j] = p[j] * f[j] + 0.500026762f;
  NAI__EACH p[j] = p[j] * f[j] + -0.66667819f;
  NAI__EACH p[j] = square[j] * f[j] * p[j] + square[j];
  NAI__EACH p[j] = to_float(e[j]) * -1.38629436f + (p[j] - (f[j] + f[j]));
  NAI__EACH radii[j] = square_root(p[j]);
}

/*
 * Cosine and sine of 2 pi (w >> 8) 2^-24: polynomials in z, -1/2 .. 1/2 of a quarter of a turn, and
 * the quarter.
 */
NAI__INLINE void turn(int blocks, vec cosine[], vec sine[], const uvec w[])
{
  uvec t[NAI__BLOCKS];
  vec z[NAI__BLOCKS], y[NAI__BLOCKS], s[NAI__BLOCKS], c[NAI__BLOCKS];
  NAI__EACH t[j] = w[j] + 0x20000000u;
  NAI__EACH z[j] = (vec)((t[j] >> 7 & 0x7ffffeu) | 0x3f800000u) - 1.5f;
  NAI__EACH y[j] = z[j] * z[j];
  NAI__EACH s[j] = y[j] * -0.00460165739f + 0.079680033f;
  NAI__EACH c[j] = y[j] * -0.020426251f + 0.253606349f;
  NAI__EACH s[j] = s[j] * y[j] + -0.64596349f;
  NAI__EACH c[j] = c[j] * y[j] + -1.23369801f;
  NAI__EACH s[j] = (s[j] * y[j] + 1.57079637f) * z[j];
  NAI__EACH c[j] = c[j] * y[j] + 1.0f;
  NAI__EACH
  {
    truth odd = has_bit_30(t[j]);
    cosine[j] = (vec)((uvec)choose(odd, s[j], c[j]) ^ ((t[j] + 0x40000000u) & 0x80000000u));
    sine[j] = (vec)((uvec)choose(odd, c[j], s[j]) ^ (t[j] & 0x80000000u));
  }
}

/* The first n of NAI__BLOCK numbers, a0 b0 a1 b1 ... */
NAI__INLINE void store_block(float *out, int64_t n, vec a, vec b)
{
  vec low, high;
  interleave(&low, &high, a, b);
  store_up_to(out, low, n);
  if (n > NAI__LANES) store_up_to(out + NAI__LANES, high, n - NAI__LANES);
}

/* n normals from unit 4 * quad on, of which the last block may be partial. */
NAI__INLINE void make(int blocks, float *out, int64_t n, uint64_t seed, uint32_t quad,
                      const uint32_t rest[3])
{
  wide c[NAI__BLOCKS][4];
  uvec for_radius[NAI__BLOCKS], for_angle[NAI__BLOCKS];
  vec radii[NAI__BLOCKS], cosine[NAI__BLOCKS], sine[NAI__BLOCKS];
  NAI__EACH
  {
    /* The units' lanes are 0 0 1 1 2 2 ..., so either half of each 64-bit lane counts up. */
    c[j][0] = (wide)((uvec)(lane_number() >> 1) + (quad + (uint32_t)j * NAI__LANES / 2));
    for (int i = 0; i < 3; i++) c[j][1 + i] = (wide){0} + rest[i];
  }
  philox(blocks, c, seed);
  NAI__EACH for_radius[j] = pairs(c[j][0], c[j][2]);
  NAI__EACH for_angle[j] = pairs(c[j][1], c[j][3]);
  radius(blocks, radii, for_radius);
  turn(blocks, cosine, sine, for_angle);
  NAI__EACH store_block(out + j * NAI__BLOCK, j + 1 < blocks ? NAI__BLOCK : n - j * NAI__BLOCK,
                        radii[j] * cosine[j], radii[j] * sine[j]);
}

void NAI__NORMALS(float *out, int64_t n, uint64_t seed, uint32_t purpose, uint64_t trial,
                  uint32_t step)
{
  const uint32_t rest[3] = {step, (uint32_t)trial,
                            ((uint32_t)(trial >> 32) & 0x00ffffffu) | purpose << 24};
  const int64_t most = NAI__BLOCKS * NAI__BLOCK;
  uint32_t quad = 0;
  for (; n > most - NAI__BLOCK; n -= most, out += most, quad += NAI__BLOCKS * NAI__LANES / 2)
    make(NAI__BLOCKS, out, n < most ? n : most, seed, quad, rest);
  if (n > 2 * NAI__BLOCK)
    make(3, out, n, seed, quad, rest);
  else if (n > NAI__BLOCK)
    make(2, out, n, seed, quad, rest);
  else if (n > 0)
    make(1, out, n, seed, quad, rest);
}
