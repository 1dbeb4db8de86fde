/*
 * Kernels: pointers and sizes only. One table for each kind of processor; kernels/ is the only
 * folder that knows the processor. The portable table is always there, and every other one is
 * tested against it.
 *
 * Arrays are row-major float with a leading dimension in floats, a multiple of 16 when the comment
 * says `padded`; bases are then 64-byte aligned and what lies between n and the leading dimension
 * may be read and written, but holds nothing.
 *
 * Order of summation: each element of a product is one chain over k = 0 .. k-1, whatever the number
 * of rows; so a trial gives the same bits alone and in any batch. (Not so in the "blas" table,
 * where the BLAS decides.)
 *
 * Tables: "avx512", "avx2" and "neon" fuse multiply and add, and have the same bits as each other in
 * all that is here, but for powers other than 2, which the C library computes, and weight gradients
 * by lists, which sum the trials of a vector's lanes first. "portable" does not
 * fuse, and has the same bits on every processor. tests/test_tables.c holds both.
 */
#ifndef NAI_KERNELS_KERNELS_H
#define NAI_KERNELS_KERNELS_H

#include <stdint.h>

#include "fans.h"
#include "lists.h"
#include "row_lists.h"
#include "transfers.h"

/* Rows that outer() and list_outer() add up before they add to w; list_outer() a part of so many. */
#define NAI__OUTER_DEPTH 128

/* Columns that pack_columns() takes together. */
#define NAI__PACK_ROWS 16

/*
 * Rows of several steps, `n` in all: those of a step follow each other, `each` of them, and begin `apart`
 * rows after those of the step before. nai__rows_of(): of one step.
 */
typedef struct nai__rows {
  int64_t n, each, apart;
} nai__rows;

static inline nai__rows nai__rows_of(int64_t n)
{
  return (nai__rows){n, n, n};
}

/* Where row number `row` of them lies. */
static inline int64_t nai__row_place(nai__rows rows, int64_t row)
{
  return row / rows.each * rows.apart + row % rows.each;
}

/*
 * A run of units that share leak and transfer function. Pointers are to the first of them and need
 * not be aligned. relu and the other rectifying ones let NaN through (never hide it as 0), and have
 * slope 0 at 0.
 */
typedef struct nai__units {
  int64_t n;
  int32_t transfer;
  int32_t reserved;
  const float *alpha;    /* dt / tau */
  const float *bias;     /* added to v */
  const float *noise;    /* what xi is multiplied with, or NULL without noise */
  const float *gain;     /* r = gain f(x), or NULL when all are 1 */
  const float *exponent; /* of NAI__POWER, else NULL */
} nai__units;

/*
 * A row of weights that learn while they are used: p = decay p + gain pre, w = w - factor p, kept
 * within low .. high.
 */
typedef struct nai__learning_row {
  int64_t n;
  float *w;
  float *p;               /* NULL: no memory, p is gain pre */
  const uint8_t *plastic; /* 0 where w stays, else 1; NULL: nowhere */
  const float *pre;       /* what w is multiplied with now */
  const float *next;      /* and next; NULL: not known */
  float decay, gain, factor, low, high;
} nai__learning_row;

/* The same of many rows of a matrix with the same senders, all of which are plastic. */
typedef struct nai__learning_rows {
  int64_t rows, n, ld; /* w, p [rows][ld], of which n */
  float *w, *p;        /* p: NULL, or with memory */
  const float *pre, *next;
  const float *decay, *gain; /* [rows], of p; without it gains are 1 */
  const float *factor;       /* [rows] */
  float low, high;
} nai__learning_rows;

/*
 * Thresholds, ascending, of numbers of 48 bits, and where one stands among them by its first bits: how many are
 * reached by all that begin so, and the first 16 bits of the next two (0xffff where there is none).
 */
#define NAI__GUIDE_BITS 6
typedef struct nai__guide {
  uint16_t below[1 << NAI__GUIDE_BITS], first[1 << NAI__GUIDE_BITS], second[1 << NAI__GUIDE_BITS];
  const uint64_t *threshold;
  int64_t count;
  float base;
} nai__guide;

/*
 * Integrate-and-fire units of a trial (units/lif.h). v, wait and b are moved on; spike gets 1 or 0, sent the
 * new v. in: what v gets by arrivals. What follows it is [n], or one number for all units.
 */
typedef struct nai__spiking {
  int64_t n;
  int32_t adapts, soft; /* 0: none of them does, and b, adaptation, kept_b; or taken are not read */
  int32_t same;         /* 1: of each of the constants the first is that of all units */
  float *v, *wait, *b, *spike, *sent;
  const float *in;
  const float *decay, *target, *threshold, *reset, *period, *taken, *adaptation, *kept_b;
} nai__spiking;

struct nai__kernels {
  const char *name; /* "portable", "avx2", "avx512", "neon", "blas" */
  /*
   * Rows of w that outer() is given at once, wherever bits matter. 0: any number, for its bits do
   * not depend on how m is cut into calls.
   */
  int64_t outer_rows;

  /* --- products with a packed matrix P of k rows and n columns -------------------------------- */

  /* Floats that packing takes; never 0. */
  int64_t (*packed_size)(int64_t k, int64_t n);
  /* transposed = 0: P[i][j] = w[i * ldw + j].  transposed = 1: P[i][j] = w[j * ldw + i]. */
  void (*pack)(float *packed, const float *w, int64_t ldw, int64_t k, int64_t n, int transposed);
  /*
   * The same, transposed, of columns first .. end - 1 alone, which are rows of w. first: a multiple of
   * NAI__PACK_ROWS; end too, or n.
   */
  void (*pack_columns)(float *packed, const float *w, int64_t ldw, int64_t k, int64_t n,
                       int64_t first, int64_t end);
  /*
   * c [rows, n] = a [rows, k] P, or c += a P when accumulate. Writes exactly n columns. lda, ldc
   * padded or not. Where a has many zeros they may be left out, and r's of outer(); of numbers that are
   * finite that has the same bits.
   */
  void (*product)(float *c, int64_t ldc, const float *a, int64_t lda, const float *packed,
                  int64_t rows, int64_t k, int64_t n, int accumulate);
  /*
   * The same for one row, for latency: skips the k with a[k] == 0 (silent units). `index` [k] is
   * scratch. Same bits as product().
   */
  void (*row_product)(float *c, const float *a, const float *packed, int64_t k, int64_t n,
                      int accumulate, int32_t *index);
  /* c [n, n] = a b, or c += a b when accumulate, in double precision; all contiguous, c not a nor b. */
  void (*square_product)(double *c, const double *a, const double *b, int64_t n, int accumulate);

  /* --- the weight gradient -------------------------------------------------------------------- */

  /* Floats of scratch that outer() needs. */
  int64_t (*outer_scratch)(int64_t m, int64_t n);
  /*
   * w [m, n] = sum over rows d[row][i] r[row][j], or w += when accumulate. Rows (steps * trials)
   * are the long dimension. ldw padded, and what it pads may be written. Bits do not depend on how m
   * is cut into calls, nor on how rows are between steps or at multiples of NAI__OUTER_DEPTH, the later
   * ones accumulating.
   */
  void (*outer)(float *w, int64_t ldw, const float *d, int64_t ldd, const float *r, int64_t ldr,
                nai__rows rows, int64_t m, int64_t n, int accumulate, float *scratch);

  /* --- the same over the synapses that exist --------------------------------------------------- */

  /* The fewest rows for which lists pay where there is a matrix as well; 0: never. */
  int64_t list_rows;
  /* As product(), with the same bits. */
  void (*list_product)(float *c, int64_t ldc, const float *a, int64_t lda, const nai__lists *lists,
                       int64_t rows, int accumulate);
  /* The same of one row, with the same bits. */
  void (*list_row)(float *c, const float *a, const nai__row_lists *lists, int accumulate);
  /* Floats of scratch that list_outer() needs. */
  int64_t (*list_scratch)(const nai__lists *lists);
  /*
   * As outer(), of all columns and of rows first .. end - 1 of w, which d [.][ldd] has in those
   * columns; 0 where no synapse exists. Of lists of weights in their own order, w has those alone, and
   * no ldw. Bits do not depend on first and end, nor on how rows are cut, as outer()'s do not, but are
   * not those: rows are summed in another order.
   */
  void (*list_outer)(float *w, int64_t ldw, const float *d, int64_t ldd, const float *r,
                     int64_t ldr, nai__rows rows, const nai__lists *lists, int64_t first,
                     int64_t end, int accumulate, float *scratch);

  /* --- rows ------------------------------------------------------------------------------------ */

  /* out [n] += x; out [n] += a x, the product rounded. */
  void (*add_row)(float *out, const float *x, int64_t n);
  void (*add_products)(float *out, const float *a, const float *x, int64_t n);
  /* Sum of r[i] r[i], n of them; g [n] += factor r, unless it is NULL. The same bits from every table. */
  float (*square_row)(const float *r, float *g, int64_t n, float factor);

  /* --- learning step by step ------------------------------------------------------------------- */

  /* Sum of a[j], and of w[j] a[j], n of them. */
  float (*row_sum)(const float *a, int64_t n);
  float (*row_dot)(const float *w, const float *a, int64_t n);
  /* c [rows] += the second, of each row of w [rows][ld]. */
  void (*add_dots)(float *c, const float *w, int64_t ld, const float *a, int64_t rows, int64_t n);
  /* Learns, and returns the sum of w[j] next[j] with the new w; 0 without `next`. */
  float (*learn_row)(const nai__learning_row *row);
  /* The same of many rows, with the same bits; sum [rows]. */
  void (*learn_rows)(float *sum, const nai__learning_rows *rows);

  /* --- noise ---------------------------------------------------------------------------------- */

  /*
   * out [n] = standard normals, a function of (seed, purpose, trial, step, unit 0 .. n-1):
   * Philox4x32-10, key = seed, counter = {unit / 4, step, trial low word, (trial high word &
   * 0x00ffffff) | purpose << 24}; the four words make two Box-Muller pairs: u = (w0 >> 8 + 0.5)
   * 2^-24, radius = sqrt(-2 log u), angle = 2 pi (w1 >> 8) 2^-24: units 4q, 4q+1 = radius cos, sin
   * of words 0, 1; units 4q+2, 4q+3 of words 2, 3. Polynomials of our own for log, sin, cos and no
   * fused multiply-add: the same bits from every table on every machine. Writes exactly n.
   */
  void (*normals)(float *out, int64_t n, uint64_t seed, uint32_t purpose, uint64_t trial,
                  uint32_t step);
  /* The same of so many trials from `first` on: out [rows][ld]. */
  void (*normal_rows)(float *out, int64_t ld, int64_t rows, int64_t n, uint64_t seed,
                      uint32_t purpose, uint64_t first, uint32_t step);

  /*
   * out [n] = the words themselves, of units first .. first + n - 1: word i % 4 of counter {i / 4, ...} as
   * above. first is a multiple of 4.
   */
  void (*words)(uint32_t *out, int64_t n, int64_t first, uint64_t seed, uint32_t purpose,
                uint64_t trial, uint32_t step);
  /*
   * out [n] = base + how many of the thresholds each number reaches, of which `half` [n] has the first 16 bits.
   * Where they do not say that, or where there are more than one from where the guide points to, it is
   * listed in unsaid [n]: how many are.
   */
  int64_t (*tally)(float *out, int16_t *unsaid, int64_t n, const uint16_t *half,
                   const nai__guide *guide);

  /*
   * Which of the n numbers from number *looked on are not 0, ascending, until there are `room`: how many.
   * *looked is then where to go on, n at the end.
   */
  int64_t (*find_active)(int32_t *out, int64_t room, const float *a, int64_t n, int64_t *looked);
  /*
   * c [n] += weight times how many of these rows of bits have each of the n: at most 255 rows `stride` words
   * apart, with bits up to a multiple of 512.
   */
  void (*add_bits)(float *c, int64_t n, float weight, const uint64_t *bits, int64_t stride,
                   const int32_t *row, int64_t rows);

  /* --- units: one row (trial) of a run of units ----------------------------------------------- */

  /*
   * x = (1-alpha) x + alpha (v + bias) + noise xi;  r = gain f(x).   xi may be NULL when u->noise
   * is.
   */
  void (*current_forward)(const nai__units *u, float *x, float *r, const float *v, const float *xi);
  /*
   * a = gain f(v + bias + noise xi);  r = (1-alpha) r_before + alpha a.   r may be r_before.
   */
  void (*rate_forward)(const nai__units *u, float *r, float *a, const float *r_before,
                       const float *v, const float *xi);
  /*
   * Backward through current_forward. In: g = dJ/dr(t) total, carry = (1-alpha) dJ/dx(t+1), r =
   * r(t). dx = carry + g * (gain f'(x), found from r);  out: g = alpha dx = dJ/dv(t), carry =
   * (1-alpha) dx.
   */
  void (*current_backward)(const nai__units *u, float *g, float *carry, const float *r);
  /*
   * Backward through rate_forward. In: g = dJ/dr(t) without the leak's own path, carry = (1-alpha)
   * dJ/dr(t+1), a = a(t). dr = carry + g;  out: g = alpha dr * (gain f'(..), found from a) =
   * dJ/dv(t), carry = (1-alpha) dr.
   */
  void (*rate_backward)(const nai__units *u, float *g, float *carry, const float *a);

  /* r = gain f(x), for initial states. */
  void (*transfer)(const nai__units *u, float *r, const float *x);

  /* A step of units that spike: the same bits from every table. */
  void (*fire)(const nai__spiking *u);
};

/*
 * The best table for this processor; or one by name; NULL for an unknown name or one that this
 * processor cannot run.
 */
const nai__kernels *nai__kernels_best(void);
const nai__kernels *nai__kernels_named(const char *name);
/* Name of table `index`, whether the processor can run it or not; NULL past the last. */
const char *nai__kernels_name(int index);

#endif
