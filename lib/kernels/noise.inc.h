/*
 * Standard normals: Philox4x32-10 (Salmon et al. 2011), then Box & Muller (1958); and the words as they
 * are. The file that includes this defines NAI__NORMALS, NAI__NORMAL_ROWS and NAI__WORDS, the names of
 * the functions.
 *
 * The bits are part of the contract: they may not depend on the width of the vectors nor on the
 * compiler, so nothing here may be contracted to a fused multiply-add (-ffp-contract=off), and
 * every sum is written in the order it is meant.
 */
#include "tables.h"
#include "vector.h"

/* Normals that one vector of counters gives: 4 from each 64-bit lane, a quad. */
#define NAI__QUADS (NAI__LANES / 2)
#define NAI__BLOCK (4 * NAI__QUADS)
/* So many vectors side by side: the latency of one is three times its work. */
#define NAI__BLOCKS 4

/* A step of the computation on each of `blocks` vectors, a constant. */
#define NAI__EACH _Pragma("GCC unroll 4") for (int j = 0; j < blocks; j++)

/*
 * Ten rounds. One counter a 64-bit lane; the high halves of the lanes hold nothing. The four words of a
 * counter become two pairs of 32-bit lanes: 0 and 2 for the radius, 1 and 3 for the angle.
 */
NAI__INLINE void philox(int blocks, uvec for_radius[], uvec for_angle[], wide c[][4], uint64_t seed)
{
  const wide m0 = (wide){0} + 0xd2511f53u, m1 = (wide){0} + 0xcd9e8d57u;
  const uvec w0 = (uvec)((wide){0} + 0x9e3779b9u), w1 = (uvec)((wide){0} + 0xbb67ae85u);
  uvec k0 = (uvec)((wide){0} + (uint32_t)seed), k1 = (uvec)((wide){0} + (seed >> 32));
#pragma GCC unroll 9
  for (int i = 0; i < 9; i++) {
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
  const uvec k = low_pairs((wide)k0, (wide)k1);
  NAI__EACH
  {
    wide p0 = times(c[j][0], m0), p1 = times(c[j][2], m1);
    for_radius[j] = high_pairs(p1, p0) ^ low_pairs(c[j][1], c[j][3]) ^ k;
    for_angle[j] = low_pairs(p1, p0);
  }
}

/*
 * Radius: sqrt(-2 log u) of u = (w >> 8 + 0.5) 2^-24 rounded to float: between 0 and 5.9. With u = 2^e
 * (1 + f), -2 log u = -2 log(2) e + (f^2 + f^3 p(f)) - 2 f. Angle: cosine and sine of 2 pi (w >> 8)
 * 2^-24: polynomials in z, -1/2 .. 1/2 of a quarter of a turn, and the quarter. Side by side, since each
 * polynomial is a chain.
 */
NAI__INLINE void box_muller(int blocks, vec a[], vec b[], const uvec for_radius[],
                            const uvec for_angle[])
{
  ivec e[NAI__BLOCKS];
  uvec t[NAI__BLOCKS];
  vec f[NAI__BLOCKS], square[NAI__BLOCKS], p[NAI__BLOCKS];
  vec z[NAI__BLOCKS], y[NAI__BLOCKS], s[NAI__BLOCKS], c[NAI__BLOCKS];
  NAI__EACH
  {
    /* The bits of 2^24 u, less those of 2^24 sqrt(1/2): so 1 + f is in [sqrt(1/2), sqrt(2)). */
    ivec above = (ivec)(to_float((ivec)(for_radius[j] >> 8)) + 0.5f) - (0x3f3504f3 + (24 << 23));
    e[j] = above >> 23;
    f[j] = (vec)((above & 0x007fffff) + 0x3f3504f3) - 1.0f;
  }
  NAI__EACH p[j] = f[j] * -0.174008697f + 0.285349727f;
  NAI__EACH t[j] = for_angle[j] + 0x20000000u;
  NAI__EACH p[j] = p[j] * f[j] + -0.298295379f;
  NAI__EACH z[j] = (vec)((t[j] >> 7 & 0x7ffffeu) | 0x3f800000u) - 1.5f;
  NAI__EACH p[j] = p[j] * f[j] + 0.331551701f;
  NAI__EACH y[j] = z[j] * z[j];
  NAI__EACH p[j] = p[j] * f[j] + -0.399261266f;
  NAI__EACH s[j] = y[j] * -0.00460165739f + 0.079680033f;
  NAI__EACH p[j] = p[j] * f[j] + 0.500026762f;
  NAI__EACH square[j] = f[j] * f[j];
  NAI__EACH p[j] = p[j] * f[j] + -0.66667819f;
  NAI__EACH s[j] = s[j] * y[j] + -0.64596349f;
  NAI__EACH p[j] = square[j] * f[j] * p[j] + square[j];
  NAI__EACH p[j] = to_float(e[j]) * -1.38629436f + less_twice(p[j], f[j]);
  NAI__EACH p[j] = square_root(p[j]);
  NAI__EACH c[j] = y[j] * -0.020426251f + 0.253606349f;
  NAI__EACH s[j] = (s[j] * y[j] + 1.57079637f) * z[j];
  NAI__EACH c[j] = c[j] * y[j] + -1.23369801f;
  NAI__EACH c[j] = c[j] * y[j] + 1.0f;
  NAI__EACH
  {
    truth odd = has_bit_30(t[j]);
    a[j] = p[j] * (vec)((uvec)choose(odd, s[j], c[j]) ^ ((t[j] + 0x40000000u) & 0x80000000u));
    b[j] = p[j] * (vec)((uvec)choose(odd, c[j], s[j]) ^ (t[j] & 0x80000000u));
  }
}

/* A block: to `rows` of `count` numbers each, of which there are more than one only when they are few. */
typedef struct place {
  float *out;
  int64_t rows, count;
} place;

/*
 * Quads of the lanes: unpacked, even lanes are the first half of a block and odd ones the second. In both
 * halves of each 64-bit lane, so that either counts up.
 */
NAI__INLINE uvec quad_number(void)
{
#if NAI__WIDTH == 64
  return (uvec){0, 0, 4, 4, 1, 1, 5, 5, 2, 2, 6, 6, 3, 3, 7, 7};
#elif NAI__WIDTH == 32
  return (uvec){0, 0, 2, 2, 1, 1, 3, 3};
#else
  return (uvec){0, 0, 1, 1};
#endif
}

NAI__INLINE void store_block(const place *to, int64_t ld, vec a, vec b)
{
  vec low, high;
  unpack(&low, &high, a, b);
  if (to->rows == 1) {
    store_up_to(to->out, low, to->count);
    if (to->count > NAI__LANES) store_up_to(to->out + NAI__LANES, high, to->count - NAI__LANES);
    return;
  }
  float all_rows[NAI__BLOCK + NAI__LANES];
  const int64_t each = (to->count + 3) / 4 * 4;
  store(all_rows, low);
  store(all_rows + NAI__LANES, high);
  store(all_rows + NAI__BLOCK, low);
  for (int64_t row = 0; row < to->rows; row++)
    store_up_to(to->out + row * ld, load(all_rows + row * each), to->count);
}

NAI__INLINE void make(int blocks, const place *to, int64_t ld, wide c[][4], uint64_t seed)
{
  uvec for_radius[NAI__BLOCKS], for_angle[NAI__BLOCKS];
  vec first[NAI__BLOCKS], second[NAI__BLOCKS];
  philox(blocks, for_radius, for_angle, c, seed);
  box_muller(blocks, first, second, for_radius, for_angle);
  NAI__EACH store_block(&to[j], ld, first[j], second[j]);
}

/* --- which ones ------------------------------------------------------------------------------- */

/* Rows of n normals, ld floats apart. */
typedef struct request {
  float *out;
  int64_t ld, rows, n;
  uint64_t seed, first; /* trial of the first row */
  uint32_t step, purpose;
} request;

/*
 * So many blocks, `each` of them of a row from its number `block` on, then of the next row; the last of
 * a row may be partial. blocks and each are constants.
 */
NAI__INLINE void make_blocks(int blocks, int each, int64_t row, int64_t block, const request *q)
{
  wide c[NAI__BLOCKS][4];
  place to[NAI__BLOCKS];
  NAI__EACH
  {
    const int64_t of = row + j / each, at = block + j % each;
    const uint64_t trial = q->first + (uint64_t)of;
    c[j][0] = (wide)(quad_number() + (uint32_t)(at * NAI__QUADS));
    c[j][1] = (wide){0} + q->step;
    c[j][2] = (wide){0} + (uint32_t)trial;
    c[j][3] = (wide){0} + (((uint32_t)(trial >> 32) & 0x00ffffffu) | q->purpose << 24);
    to[j] = (place){q->out + of * q->ld + at * NAI__BLOCK, 1,
                    j + 1 < blocks ? NAI__BLOCK : at_most(NAI__BLOCK, q->n - at * NAI__BLOCK)};
  }
  make(blocks, to, q->ld, c, q->seed);
}

NAI__INLINE void make_most(int64_t row, const request *q)
{
  for (int64_t block = 0; (block + NAI__BLOCKS) * NAI__BLOCK <= q->n; block += NAI__BLOCKS)
    make_blocks(NAI__BLOCKS, NAI__BLOCKS, row, block, q);
}

void NAI__NORMALS(float *out, int64_t n, uint64_t seed, uint32_t purpose, uint64_t trial,
                  uint32_t step)
{
  const request q = {out, n, 1, n, seed, trial, step, purpose};
  const int64_t most = n / (NAI__BLOCKS * NAI__BLOCK) * NAI__BLOCKS, left = n - most * NAI__BLOCK;
  make_most(0, &q);
  if (left > 3 * NAI__BLOCK)
    make_blocks(4, 4, 0, most, &q);
  else if (left > 2 * NAI__BLOCK)
    make_blocks(3, 3, 0, most, &q);
  else if (left > NAI__BLOCK)
    make_blocks(2, 2, 0, most, &q);
  else if (left > 0)
    make_blocks(1, 1, 0, most, &q);
}

/* --- several rows: their ends share blocks ----------------------------------------------------- */

/* Whole blocks of all rows; those of several rows at once where a row has few. */
static void make_whole(const request *q)
{
  const int64_t whole = q->n / NAI__BLOCK, left = whole % NAI__BLOCKS, first = whole - left;
  int64_t row = 0;
  for (; row < q->rows; row++) make_most(row, q);
  row = 0;
  for (; left == 1 && row + 4 <= q->rows; row += 4) make_blocks(4, 1, row, first, q);
  for (; left == 2 && row + 2 <= q->rows; row += 2) make_blocks(4, 2, row, first, q);
  for (; left == 3 && row < q->rows; row++) make_blocks(3, 3, row, first, q);
  for (; left == 1 && row < q->rows; row++) make_blocks(1, 1, row, first, q);
  for (; left == 2 && row < q->rows; row++) make_blocks(2, 2, row, first, q);
}

/* What whole blocks leave of a row: so many quads, of which a block has those of several rows. */
typedef struct ends {
  int64_t quads, together;
  wide row, quad; /* of each lane */
} ends;

static ends ends_of(const request *q)
{
  const int64_t whole = q->n / NAI__BLOCK;
  ends e = {.quads = (q->n - whole * NAI__BLOCK + 3) / 4};
  uint64_t row[NAI__QUADS] = {0}, quad[NAI__QUADS] = {0};
  int64_t next = 0;
  for (int k = 0; k < NAI__QUADS && e.quads > 0; k++) {
    const int lane = 2 * (k % (NAI__QUADS / 2)) + k / (NAI__QUADS / 2);
    row[lane] = (uint64_t)e.together;
    quad[lane] = (uint64_t)(whole * NAI__QUADS + next);
    next = next + 1 < e.quads ? next + 1 : 0;
    e.together += next == 0;
  }
  memcpy(&e.row, row, sizeof row);
  memcpy(&e.quad, quad, sizeof quad);
  return e;
}

NAI__INLINE void make_ends(int blocks, int64_t row, const ends *e, const request *q)
{
  const int64_t whole = q->n / NAI__BLOCK;
  wide c[NAI__BLOCKS][4];
  place to[NAI__BLOCKS];
  NAI__EACH
  {
    const int64_t of = row + j * e->together;
    const wide trial = e->row + (q->first + (uint64_t)of);
    c[j][0] = e->quad;
    c[j][1] = (wide){0} + q->step;
    c[j][2] = trial;
    c[j][3] = (trial >> 32 & 0x00ffffffu) | q->purpose << 24;
    to[j] = (place){q->out + of * q->ld + whole * NAI__BLOCK, at_most(e->together, q->rows - of),
                    q->n - whole * NAI__BLOCK};
  }
  make(blocks, to, q->ld, c, q->seed);
}

void NAI__NORMAL_ROWS(float *out, int64_t ld, int64_t rows, int64_t n, uint64_t seed,
                      uint32_t purpose, uint64_t first, uint32_t step)
{
  if (rows == 1) { /* its end goes side by side with the block before it */
    NAI__NORMALS(out, n, seed, purpose, first, step);
    return;
  }
  const request q = {out, ld, rows, n, seed, first, step, purpose};
  make_whole(&q);
  const ends e = ends_of(&q);
  if (e.quads == 0) return;
  int64_t row = 0;
  for (; row + e.together < rows; row += 2 * e.together) make_ends(2, row, &e, &q);
  if (row < rows) make_ends(1, row, &e, &q);
}

/* --- words ------------------------------------------------------------------------------------ */

/* Counters of `blocks` vectors from quad number `quad` on, of one trial. */
NAI__INLINE void count_up(int blocks, wide c[][4], uint32_t quad, uint32_t purpose, uint64_t trial,
                          uint32_t step)
{
  NAI__EACH
  {
    c[j][0] = (wide)(quad_number() + (quad + (uint32_t)(j * NAI__QUADS)));
    c[j][1] = (wide){0} + step;
    c[j][2] = (wide){0} + (uint32_t)trial;
    c[j][3] = (wide){0} + (((uint32_t)(trial >> 32) & 0x00ffffffu) | purpose << 24);
  }
}

void NAI__WORDS(uint32_t *out, int64_t n, int64_t first, uint64_t seed, uint32_t purpose,
                uint64_t trial, uint32_t step)
{
  for (int64_t i = 0; i < n; i += NAI__BLOCKS * NAI__BLOCK) {
    enum { blocks = NAI__BLOCKS };
    wide c[NAI__BLOCKS][4];
    uvec even[NAI__BLOCKS], odd[NAI__BLOCKS];
    count_up(blocks, c, (uint32_t)((first + i) / 4), purpose, trial, step);
    philox(blocks, even, odd, c, seed);
    float all[NAI__BLOCKS * NAI__BLOCK];
    NAI__EACH
    {
      vec low, high;
      unpack(&low, &high, (vec)even[j], (vec)odd[j]);
      store(all + j * NAI__BLOCK, low);
      store(all + j * NAI__BLOCK + NAI__LANES, high);
    }
    memcpy(out + i, all, (size_t)at_most(n - i, NAI__BLOCKS * NAI__BLOCK) * sizeof *out);
  }
}
