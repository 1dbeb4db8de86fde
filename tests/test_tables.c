/*
 * What tables of kernels promise each other. The portable one is the oracle: the others have its
 * bits where nothing is rounded, and are as near as roundings allow elsewhere. Those that fuse
 * multiply and add (AVX2, AVX-512, NEON) have the same bits as each other, on every machine, for ever.
 */
#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"
#include "kernels/kernels.h"

#define TABLES 5
#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static const int64_t sizes[] = {1, 2, 15, 16, 17, 100, 257};

/* --- help ------------------------------------------------------------------------------------- */

static uint64_t state;

/* 0 .. 2^31 - 1 */
static int64_t draw(void)
{
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (int64_t)(state >> 33);
}

/* What arrays hold. */
enum {
  WHOLE,    /* whole numbers, whose products and sums are exact */
  ZEROS,    /* the same, half of them 0 or -0 */
  DENORMAL, /* small multiples of 2^-149, the smallest number */
  ANY,      /* -1 .. 1 */
  KINDS
};

static float number_of(int kind)
{
  switch (kind) {
  case WHOLE: return (float)(draw() % 17 - 8);
  case ZEROS: return (draw() & 64) ? (float)(draw() % 17 - 8) : (draw() & 64) ? 0.0f : -0.0f;
  case DENORMAL: return (float)(draw() % 2001 - 1000) * 0x1p-149f;
  default: return (float)(draw() % (1 << 24)) * 0x1p-23f - 1.0f;
  }
}

/* n numbers of a kind, `odd` floats beyond an address that is a multiple of 64. */
static float *numbers(int64_t n, int kind, int64_t odd)
{
  float *p = aligned_alloc(64, (size_t)((n + odd + 15) / 16 * 64));
  ck_assert_ptr_nonnull(p);
  for (int64_t i = 0; i < n + odd; i++) p[i] = number_of(kind);
  return p + odd;
}

/* Scratch, whose size tables decide: full of NaN, and without a draw. */
static float *scratch_of(int64_t n)
{
  float *p = aligned_alloc(64, (size_t)((n + 15) / 16 * 64));
  ck_assert_ptr_nonnull(p);
  for (int64_t i = 0; i < n; i++) p[i] = NAN;
  return p;
}

static void give_back(float *p, int64_t odd)
{
  free(p - odd);
}

static const nai__kernels *table_of(int index)
{
  return nai__kernels_named(nai__kernels_name(index));
}

/* FNV-1a; -0 as 0, which means the same. */
static uint64_t hash_of(uint64_t hash, const float *x, int64_t n)
{
  for (int64_t i = 0; i < n; i++) {
    uint32_t bits;
    float value = x[i] + 0.0f;
    memcpy(&bits, &value, sizeof bits);
    hash = (hash ^ bits) * 0x100000001b3u;
  }
  return hash;
}

/*
 * x against y: the same numbers where nothing was rounded, else apart by at most a rounding a term
 * of terms of at most 1.
 */
static void expect_near(const char *what, const nai__kernels *kernels, const float *x,
                        const float *y, int64_t n, int kind, double terms)
{
  double bound = kind == ANY ? 1.2e-7 * terms : 0.0;
  for (int64_t i = 0; i < n; i++)
    if (!(fabs((double)x[i] - (double)y[i]) <= bound))
      ck_abort_msg("%s of %s, numbers of kind %d, place %lld of %lld: %.9g, portable %.9g", what,
                   kernels->name, kind, (long long)i, (long long)n, (double)x[i], (double)y[i]);
}

/* --- products --------------------------------------------------------------------------------- */

/* c, a and w begin at odd places, and their rows are odd numbers of floats apart. */
static void product_with(const nai__kernels *kernels, float *c, int64_t ldc, const float *a,
                         int64_t lda, const float *w, int64_t ldw, int64_t rows, int64_t k,
                         int64_t n, int how)
{
  float *packed = scratch_of(kernels->packed_size(k, n));
  int32_t *index = malloc((size_t)k * sizeof *index);
  kernels->pack(packed, w, ldw, k, n, how & 2);
  if (how & 4)
    for (int64_t row = 0; row < rows; row++)
      kernels->row_product(c + row * ldc, a + row * lda, packed, k, n, how & 1, index);
  else
    kernels->product(c, ldc, a, lda, packed, rows, k, n, how & 1);
  free(index);
  give_back(packed, 0);
}

/* Weights are ones where sums of denormal numbers are to be exact: rates or weights, by turns. */
static void products_of(const nai__kernels *kernels, int kind, int64_t k, int64_t n, int how)
{
  const nai__kernels *portable = nai__kernels_named("portable");
  const int64_t rows = 1 + draw() % 19, lda = k + 1 + 2 * (draw() % 3), ldc = n + 3,
                ldw = (how & 2 ? k : n) + 5, odd = draw() % 5;
  const int of_a = kind == DENORMAL && draw() & 64 ? WHOLE : kind,
            of_w = kind == DENORMAL && of_a == DENORMAL ? WHOLE : kind;
  float *a = numbers(rows * lda, of_a, odd), *w = numbers((how & 2 ? n : k) * ldw, of_w, odd);
  float *c = numbers(rows * ldc, kind, odd), *other = numbers(rows * ldc, kind, 0);
  memcpy(other, c, (size_t)(rows * ldc) * sizeof *c);
  product_with(kernels, c, ldc, a, lda, w, ldw, rows, k, n, how);
  product_with(portable, other, ldc, a, lda, w, ldw, rows, k, n, how & 3);
  expect_near("product", kernels, c, other, rows * ldc, kind, (double)k + 1);
  give_back(a, odd);
  give_back(w, odd);
  give_back(c, odd);
  give_back(other, 0);
}

START_TEST(products_agree_with_the_portable_ones)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  for (int kind = 0; kind < KINDS; kind++)
    for (int ik = 0; ik < COUNT(sizes); ik++)
      for (int in = 0; in < COUNT(sizes); in++)
        for (int how = 0; how < 8; how++) products_of(kernels, kind, sizes[ik], sizes[in], how);
}
END_TEST

/* --- squares ---------------------------------------------------------------------------------- */

/* Double precision; a, b and c begin at odd places, and what follows c stays. */
static void square_of(const nai__kernels *kernels, int64_t n, int kind, int accumulate)
{
  double *a = malloc((size_t)(4 * n * n + 4) * sizeof *a), *b = a + n * n + 1, *c = b + n * n + 1,
         *sum = c + n * n + 1;
  ck_assert_ptr_nonnull(a);
  for (int64_t i = 0; i < 3 * n * n + 3; i++) a[i] = (double)number_of(kind);
  const double last = c[n * n] = 77;
  double largest = 0;
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < n; j++) {
      double *s = &sum[i * n + j];
      *s = accumulate ? c[i * n + j] : 0;
      for (int64_t k = 0; k < n; k++) *s += a[i * n + k] * b[k * n + j];
    }
  kernels->square_product(c, a, b, n, accumulate);
  for (int64_t i = 0; i < n * n; i++) largest = fmax(largest, fabs(c[i] - sum[i]));
  ck_assert_msg(largest <= (kind == ANY ? 2.3e-16 * (double)(n + 1) : 0), "%s, n = %d: off by %g",
                kernels->name, (int)n, largest);
  ck_assert(c[n * n] == last);
  free(a);
}

START_TEST(squares_are_multiplied)
{
  static const int kinds[] = {WHOLE, ZEROS, ANY};
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  kernels->square_product(NULL, NULL, NULL, 0, 0);
  for (int k = 0; k < COUNT(kinds); k++)
    for (int in = 0; in < COUNT(sizes); in++)
      for (int accumulate = 0; accumulate < 2; accumulate++)
        square_of(kernels, sizes[in], kinds[k], accumulate);
}
END_TEST

/* --- the weight gradient ---------------------------------------------------------------------- */

static int64_t padded(int64_t n)
{
  return (n + 15) / 16 * 16;
}

static void outer_with(const nai__kernels *kernels, float *w, const float *d, const float *r,
                       int64_t rows, int64_t m, int64_t n, int accumulate)
{
  float *scratch = scratch_of(kernels->outer_scratch(m, n));
  kernels->outer(w, padded(n), d, padded(m), r, padded(n), nai__rows_of(rows), m, n, accumulate,
                 scratch);
  give_back(scratch, 0);
}

START_TEST(weight_gradients_agree_with_the_portable_ones)
{
  const nai__kernels *kernels = table_of(_i), *portable = nai__kernels_named("portable");
  if (!kernels) return;
  for (int kind = 0; kind < KINDS; kind++)
    for (int im = 0; im < COUNT(sizes); im++)
      for (int in = 0; in < COUNT(sizes); in++) {
        const int64_t m = sizes[im], n = sizes[in], rows = 1 + draw() % 300;
        float *d = numbers(rows * padded(m), kind, 0);
        float *r = numbers(rows * padded(n), kind == DENORMAL ? WHOLE : kind, 0);
        float *w = numbers(m * padded(n), kind, 0), *other = numbers(m * padded(n), kind, 0);
        memcpy(other, w, (size_t)(m * padded(n)) * sizeof *w);
        outer_with(kernels, w, d, r, rows, m, n, in & 1);
        outer_with(portable, other, d, r, rows, m, n, in & 1);
        for (int64_t i = 0; i < m; i++)
          expect_near("weight gradient", kernels, w + i * padded(n), other + i * padded(n), n, kind,
                      (double)rows + 1);
        give_back(d, 0);
        give_back(r, 0);
        give_back(w, 0);
        give_back(other, 0);
      }
}
END_TEST

/* --- learning step by step -------------------------------------------------------------------- */

/* Decay and the like are powers of 2, so that whole numbers stay exact. */
static float learn_with(const nai__kernels *kernels, float *w, float *p, const float *pre,
                        const float *next, const uint8_t *plastic, int64_t n)
{
  nai__learning_row row = {.n = n,
                           .w = w,
                           .p = p,
                           .pre = pre,
                           .next = next,
                           .plastic = plastic,
                           .decay = 0.5f,
                           .gain = 0.25f,
                           .factor = 2.0f,
                           .low = -1000.0f,
                           .high = 1000.0f};
  return kernels->learn_row(&row);
}

START_TEST(rows_learn_as_with_the_portable_ones)
{
  static const int kinds[] = {WHOLE, ZEROS, ANY}; /* traces are flushed: no denormal ones */
  const nai__kernels *kernels = table_of(_i), *portable = nai__kernels_named("portable");
  if (!kernels) return;
  for (int k = 0; k < COUNT(kinds); k++)
    for (int in = 0; in < COUNT(sizes); in++)
      for (int64_t odd = 0; odd < 4; odd++) {
        const int64_t n = sizes[in];
        const int kind = kinds[k];
        float *w = numbers(n, kind, odd), *p = numbers(n, kind, odd), *pre = numbers(n, kind, odd),
              *next = numbers(n, kind, odd), *w2 = numbers(n, kind, 0), *p2 = numbers(n, kind, 0);
        uint8_t plastic[257];
        for (int64_t j = 0; j < n; j++) plastic[j] = draw() >> 8 & 1;
        memcpy(w2, w, (size_t)n * sizeof *w);
        memcpy(p2, p, (size_t)n * sizeof *p);
        float sum = kernels->row_dot(w, next, n), sum2 = portable->row_dot(w2, next, n);
        expect_near("row_dot", kernels, &sum, &sum2, 1, kind, (double)n);
        sum = learn_with(kernels, w, p, pre, next, odd & 1 ? plastic : NULL, n);
        sum2 = learn_with(portable, w2, p2, pre, next, odd & 1 ? plastic : NULL, n);
        expect_near("learn_row's sum", kernels, &sum, &sum2, 1, kind, 8.0 * (double)n);
        expect_near("learn_row's weight", kernels, w, w2, n, kind, 8);
        expect_near("learn_row's trace", kernels, p, p2, n, kind, 4);
        float *all[] = {w, p, pre, next};
        for (int i = 0; i < COUNT(all); i++) give_back(all[i], odd);
        give_back(w2, 0);
        give_back(p2, 0);
      }
}
END_TEST

START_TEST(dots_of_denormal_numbers_agree)
{
  const nai__kernels *kernels = table_of(_i), *portable = nai__kernels_named("portable");
  if (!kernels) return;
  for (int in = 0; in < COUNT(sizes); in++) {
    float *w = numbers(sizes[in], DENORMAL, 3), *a = numbers(sizes[in], WHOLE, 1);
    float sum = kernels->row_dot(w, a, sizes[in]), sum2 = portable->row_dot(w, a, sizes[in]);
    expect_near("row_dot", kernels, &sum, &sum2, 1, DENORMAL, 0);
    give_back(w, 3);
    give_back(a, 1);
  }
}
END_TEST

/* --- units ------------------------------------------------------------------------------------ */

/* Every function of a run of units, into out [6][n]; from arrays at odd places. */
static void units_with(const nai__kernels *kernels, float *out, int64_t n, int transfer, int kind,
                       int with)
{
  const int64_t odd = 3;
  float *array[10];
  for (int i = 0; i < COUNT(array); i++) array[i] = numbers(n, i < 4 ? ANY : kind, odd);
  float *alpha = array[0], *bias = array[4], *noise = array[2], *gain = array[3];
  float *v = array[5], *xi = array[6], *g = array[7], *carry = array[8], *x = array[9];
  float *exponent = array[1];
  for (int64_t i = 0; i < n; i++) {
    alpha[i] = 0.5f + 0.5f * alpha[i] * alpha[i];
    exponent[i] = 2.0f;
  }
  nai__units u = {.n = n,
                  .transfer = transfer,
                  .alpha = alpha,
                  .bias = bias,
                  .noise = with & 1 ? noise : NULL,
                  .gain = with & 2 ? gain : NULL,
                  .exponent = transfer == NAI__POWER ? exponent : NULL};
  kernels->transfer(&u, out, x);
  kernels->rate_forward(&u, out + n, out + 2 * n, x, v, with & 1 ? xi : NULL);
  kernels->current_forward(&u, x, out + 3 * n, v, with & 1 ? xi : NULL);
  memcpy(out + 4 * n, g, (size_t)n * sizeof *out);
  memcpy(out + 5 * n, carry, (size_t)n * sizeof *out);
  kernels->current_backward(&u, out + 4 * n, out + 5 * n, out + 3 * n);
  kernels->rate_backward(&u, g, carry, out + 2 * n);
  memcpy(out + 6 * n, g, (size_t)n * sizeof *out);
  memcpy(out + 7 * n, carry, (size_t)n * sizeof *out);
  memcpy(out + 8 * n, x, (size_t)n * sizeof *out);
  for (int i = 0; i < COUNT(array); i++) give_back(array[i], odd);
}
enum { RESULTS = 9 };

/* Of denormal numbers too, which what decays may not become: they end at 0 in every table. */
START_TEST(units_agree_with_the_portable_ones)
{
  static const int kinds[] = {ANY, ZEROS, DENORMAL};
  const nai__kernels *kernels = table_of(_i), *portable = nai__kernels_named("portable");
  if (!kernels) return;
  static float x[RESULTS * 257], y[RESULTS * 257];
  for (int transfer = 0; transfer < NAI__TRANSFERS; transfer++)
    for (int k = 0; k < COUNT(kinds); k++)
      for (int in = 0; in < COUNT(sizes); in++)
        for (int with = 0; with < 4; with++) {
          const int64_t n = sizes[in];
          const uint64_t here = state;
          units_with(kernels, x, n, transfer, kinds[k], with);
          state = here;
          units_with(portable, y, n, transfer, kinds[k], with);
          for (int64_t i = 0; i < RESULTS * n; i++)
            if (!(fabs((double)x[i] - (double)y[i]) <= 4e-6 * (1 + fabs((double)y[i]))))
              ck_abort_msg(
                  "%s, transfer %d, kind %d, n %d: result %d, unit %d: %.9g, portable %.9g",
                  kernels->name, transfer, kinds[k], (int)n, (int)(i / n), (int)(i % n),
                  (double)x[i], (double)y[i]);
        }
}
END_TEST

/* --- tables that fuse ------------------------------------------------------------------------- */

enum { PRODUCTS, GRADIENTS, LEARNING, OF_UNITS, SQUARES, PARTS };
static const char *const part_names[PARTS] = {"products", "weight gradients", "learning", "units",
                                              "squares"};

static uint64_t hash_of_products(const nai__kernels *kernels, uint64_t hash)
{
  static float c[19 * 257];
  for (int ik = 0; ik < COUNT(sizes); ik++)
    for (int in = 0; in < COUNT(sizes); in++) {
      const int64_t k = sizes[ik], n = sizes[in], rows = 1 + (ik * 5 + in * 3) % 19;
      float *a = numbers(rows * k, ANY, 0), *w = numbers(k * n, ANY, 0);
      for (int how = 0; how < 8; how += 5) { /* product(), and row_product() that adds */
        product_with(kernels, c, n, a, k, w, n, rows, k, n, how);
        hash = hash_of(hash, c, rows * n);
      }
      give_back(a, 0);
      give_back(w, 0);
    }
  return hash;
}

/* Twice, for the second one adds. */
static uint64_t hash_of_gradients(const nai__kernels *kernels, uint64_t hash)
{
  const int64_t m = 17, rows = 301;
  for (int in = 0; in < COUNT(sizes); in++) {
    const int64_t n = sizes[in], ld = padded(n);
    float *d = numbers(rows * padded(m), ANY, 0), *r = numbers(rows * ld, ANY, 0);
    float *w = numbers(m * ld, ANY, 0);
    for (int accumulate = 0; accumulate < 2; accumulate++)
      outer_with(kernels, w, d, r, rows, m, n, accumulate);
    for (int64_t i = 0; i < m; i++) hash = hash_of(hash, w + i * ld, n);
    give_back(d, 0);
    give_back(r, 0);
    give_back(w, 0);
  }
  return hash;
}

static uint64_t hash_of_learning(const nai__kernels *kernels, uint64_t hash)
{
  for (int in = 0; in < COUNT(sizes); in++) {
    const int64_t n = sizes[in];
    float *w = numbers(n, ANY, 0), *p = numbers(n, ANY, 0), *pre = numbers(n, ANY, 0),
          *next = numbers(n, ANY, 0);
    float sum[2] = {kernels->row_dot(w, pre, n), 0};
    sum[1] = learn_with(kernels, w, p, pre, next, NULL, n);
    hash = hash_of(hash_of(hash_of(hash, sum, 2), w, n), p, n);
    float *all[] = {w, p, pre, next};
    for (int i = 0; i < COUNT(all); i++) give_back(all[i], 0);
  }
  return hash;
}

/* Exponents are 2. */
static uint64_t hash_of_units(const nai__kernels *kernels, uint64_t hash)
{
  static float x[RESULTS * 257];
  for (int transfer = 0; transfer < NAI__TRANSFERS; transfer++)
    for (int with = 0; with < 4; with++) {
      units_with(kernels, x, 257, transfer, ANY, with);
      hash = hash_of(hash, x, RESULTS * 257);
    }
  return hash;
}

/* Of results rounded to single precision, and of what that loses. */
static uint64_t hash_of_squares(const nai__kernels *kernels, uint64_t hash)
{
  static double a[257 * 257], b[257 * 257], c[257 * 257];
  for (int in = 0; in < COUNT(sizes); in++) {
    const int64_t size = sizes[in] * sizes[in];
    for (int64_t i = 0; i < size; i++) a[i] = (double)number_of(ANY), b[i] = 1 / (a[i] + 3);
    for (int accumulate = 0; accumulate < 2; accumulate++)
      kernels->square_product(c, a, b, sizes[in], accumulate);
    for (int64_t i = 0; i < size; i++) {
      float x[2] = {(float)c[i], 0};
      x[1] = (float)(c[i] - (double)x[0]);
      hash = hash_of(hash, x, 2);
    }
  }
  return hash;
}

static void seed(void)
{
  state = 42;
}

/* Those that fuse have one hash, and the portable one has its own, whatever the processor. */
START_TEST(bits_are_the_same_everywhere)
{
  static uint64_t (*const hashes[PARTS])(const nai__kernels *, uint64_t) = {
      hash_of_products, hash_of_gradients, hash_of_learning, hash_of_units, hash_of_squares};
  static const uint64_t expected[2][PARTS] = {
      {0xd3cc386ccafb7366u, 0xe2f0d00f34fc197cu, 0xacd183f8fbaf45ceu, 0x8ce50790bdd87b03u,
       0xd8e71631ee80eea8u},
      {0x0f3cbc900fe15b30u, 0x001b6cec86125644u, 0x13023d17042e10b6u, 0x2577c1f8d137b2c2u,
       0xb45356ab609b5411u}};
  const nai__kernels *kernels = table_of(_i);
  if (!kernels || strcmp(kernels->name, "blas") == 0) return;
  const int fuses = strcmp(kernels->name, "portable") != 0;
  for (int part = 0; part < PARTS; part++) {
    seed();
    uint64_t hash = hashes[part](kernels, 0xcbf29ce484222325u);
    ck_assert_msg(hash == expected[fuses][part], "%s of %s: %016llx", part_names[part],
                  kernels->name, (unsigned long long)hash);
  }
}
END_TEST

Suite *tables_suite(void);
Suite *tables_suite(void)
{
  Suite *suite = suite_create("tables");
  TCase *of = tcase_create("each against the portable one");
  const TTest *const tests[] = {products_agree_with_the_portable_ones,
                                weight_gradients_agree_with_the_portable_ones,
                                squares_are_multiplied,
                                rows_learn_as_with_the_portable_ones,
                                dots_of_denormal_numbers_agree,
                                units_agree_with_the_portable_ones,
                                bits_are_the_same_everywhere};
  tcase_add_checked_fixture(of, seed, NULL);
  for (int i = 0; i < COUNT(tests); i++) tcase_add_loop_test(of, tests[i], 0, TABLES);
  suite_add_tcase(suite, of);
  return suite;
}
