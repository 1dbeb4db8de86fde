/*
 * Lists of the synapses that exist: the kernels that run over them, against those of whole matrices
 * and plain loops; then networks of which few synapses exist: the same activity, to the bit, and the
 * same learning, to rounding, as of whole matrices.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/base/memory.h"
#include "../lib/network/network.h"
#include "faults.h"
#include "rules.h"
#include "states.h"

/* --- kernels ---------------------------------------------------------------------------------- */

#define GUARD 12345.0f
enum { TABLES = 5, ROOM = 16 };

static const int64_t sizes[] = {1, 2, 15, 16, 17, 100, 257, 530};
static const int64_t row_counts[] = {1, 2, 5, 8, 9, 16, 17, 31, 32, 33, 67};
static const double densities[] = {0, 0.03, 0.2, 0.5, 1};
#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static uint64_t state;

/* -1 .. 1 */
static double uniform(void)
{
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (double)(state >> 11) * 0x1p-52 - 1.0;
}

static float *random_floats(int64_t n)
{
  float *p = malloc((size_t)(n + 1) * sizeof *p);
  for (int64_t i = 0; i < n; i++) p[i] = (float)uniform();
  return p;
}

/* NULL where this processor has no such table, or the table no lists. */
static const nai__kernels *table_of(int index)
{
  const char *name = nai__kernels_name(index);
  const nai__kernels *kernels = name ? nai__kernels_named(name) : NULL;
  return kernels && kernels->list_rows ? kernels : NULL;
}

/* w [n][k] with gaps at the ends of rows, lists of it, and the same packed whole; both ways. */
typedef struct sparse {
  int64_t k, n, ld;
  uint8_t *exists;
  float *w, *packed;
  nai__lists *lists;
} sparse;

/* `exists` [n][k], transposed; or [k][n]. */
static nai__compressed compressed(const sparse *s, int transposed)
{
  nai__compressed rows, turned;
  ck_assert(
      nai__compress(&rows, s->exists, s->ld, transposed ? s->n : s->k, transposed ? s->k : s->n));
  if (transposed) return rows;
  ck_assert(nai__compress_turned(&turned, &rows));
  nai__compressed_release(&rows);
  return turned;
}

static nai__lists *make_lists(const sparse *s, int transposed, int gradient)
{
  nai__compressed synapses = compressed(s, transposed);
  nai__lists *lists = nai__lists_create(&synapses, gradient);
  ck_assert_ptr_nonnull(lists);
  nai__compressed_release(&synapses);
  return lists;
}

static sparse sparse_new(const nai__kernels *kernels, int64_t k, int64_t n, double density,
                         int transposed)
{
  sparse s = {.k = k, .n = n};
  const int64_t rows = transposed ? n : k, columns = transposed ? k : n;
  s.ld = columns + 3;
  s.exists = calloc((size_t)(rows * s.ld), 1);
  s.w = random_floats(rows * s.ld);
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) {
      s.exists[i * s.ld + j] = uniform() < 2 * density - 1;
      if (s.exists[i * s.ld + j] == 0) s.w[i * s.ld + j] = 0;
    }
  s.packed = random_floats(kernels->packed_size(k, n));
  kernels->pack(s.packed, s.w, s.ld, k, n, transposed);
  s.lists = make_lists(&s, transposed, transposed);
  nai__lists_pack(s.lists, s.w);
  return s;
}

static void sparse_free(sparse *s)
{
  nai__lists_destroy(s->lists);
  free(s->exists);
  free(s->w);
  free(s->packed);
}

/* Products of lists write exactly what those of whole matrices write. */
static void compare_products(const nai__kernels *kernels, const sparse *s, int64_t rows,
                             int accumulate)
{
  const int64_t lda = s->k + 2, ldc = s->n + 5, size = (rows - 1) * ldc + s->n;
  float *a = random_floats((rows - 1) * lda + s->k), *list = random_floats(size), *whole;
  for (int64_t row = 0; row + 1 < rows; row++)
    for (int64_t j = s->n; j < ldc; j++) list[row * ldc + j] = GUARD;
  for (int64_t i = 0; i < (rows - 1) * lda + s->k; i++) a[i] = i % 3 ? a[i] : i % 2 ? 0.0f : -0.0f;
  whole = malloc((size_t)size * sizeof *whole);
  memcpy(whole, list, (size_t)size * sizeof *whole);
  kernels->list_product(list, ldc, a, lda, s->lists, rows, accumulate);
  kernels->product(whole, ldc, a, lda, s->packed, rows, s->k, s->n, accumulate);
  for (int64_t i = 0; i < size; i++)
    if (memcmp(&list[i], &whole[i], sizeof *list) != 0)
      ck_abort_msg("%lld x %lld x %lld at %lld: %g, not %g", (long long)rows, (long long)s->k,
                   (long long)s->n, (long long)i, (double)list[i], (double)whole[i]);
  free(a);
  free(list);
  free(whole);
}

START_TEST(products_have_the_bits_of_whole_matrices)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  int turn = 0;
  for (int ik = 0; ik < COUNT(sizes); ik++)
    for (int in = 0; in < COUNT(sizes); in++, turn++) {
      sparse s =
          sparse_new(kernels, sizes[ik], sizes[in], densities[turn % COUNT(densities)], turn & 1);
      compare_products(kernels, &s, row_counts[turn % COUNT(row_counts)], turn >> 1 & 1);
      compare_products(kernels, &s, row_counts[turn * 7 % COUNT(row_counts)], ~turn >> 1 & 1);
      sparse_free(&s);
    }
}
END_TEST

/*
 * One trial by lists of its own: the bits of a batch, of which it is one. What an absent synapse would bring,
 * were it infinite, is not there.
 */
static void compare_row(const nai__kernels *kernels, const sparse *s, const nai__row_lists *rows,
                        int accumulate)
{
  float *a = random_floats(s->k), *row = random_floats(s->n),
        *batch = malloc((size_t)s->n * sizeof *batch);
  for (int64_t j = 0; j < s->k; j++) a[j] = j % 3 ? a[j] : j % 2 ? 0.0f : -0.0f;
  if (s->k == 1030) a[s->k / 2] = INFINITY;
  for (int64_t i = 0; i < s->n; i++) row[i] = accumulate ? row[i] : NAN;
  memcpy(batch, row, (size_t)s->n * sizeof *batch);
  kernels->list_row(row, a, rows, accumulate);
  kernels->list_product(batch, s->n, a, s->k, s->lists, 1, accumulate);
  for (int64_t i = 0; i < s->n; i++)
    if (memcmp(&row[i], &batch[i], sizeof *row) != 0)
      ck_abort_msg("%lld x %lld at %lld: %g, not %g", (long long)s->k, (long long)s->n,
                   (long long)i, (double)row[i], (double)batch[i]);
  free(a);
  free(row);
  free(batch);
}

static nai__row_lists *rows_of(const sparse *s)
{
  nai__compressed synapses = compressed(s, 1);
  nai__row_lists *rows;
  EXPECT(nai__row_lists_create(&rows, &synapses));
  nai__compressed_release(&synapses);
  if (rows) nai__row_lists_pack(rows, s->w);
  return rows;
}

START_TEST(one_trial_has_the_bits_of_a_batch)
{
  static const int64_t many[] = {64, 65, 100, 257, 1030, 70001}, few[] = {1, 15, 16, 17, 100, 530};
  static const double shares[] = {0.01, 0.029, 0.05, 0.1, 0.3};
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  int near = 0, far = 0;
  for (int ik = 0; ik < COUNT(many); ik++)
    for (int in = 0; in < COUNT(few); in++)
      for (int id = 0; id < COUNT(shares) && many[ik] * few[in] < 2000000; id++) {
        sparse s = sparse_new(kernels, many[ik], few[in], shares[id], 1);
        nai__row_lists *rows = rows_of(&s);
        near += rows && !rows->columns;
        far += rows && rows->columns;
        if (rows) compare_row(kernels, &s, rows, 0);
        if (rows) compare_row(kernels, &s, rows, 1);
        EXPECT(nai__row_lists_size(rows) <=
               nai__row_lists_bytes(many[ik], few[in], s.lists->synapses));
        nai__row_lists_destroy(rows);
        sparse_free(&s);
      }
  EXPECT(near >= 10 && far >= 10);
}
END_TEST

/* Whatever one sender sends: receivers without a synapse from it do not notice. */
START_TEST(what_is_not_finite_stays_with_its_receivers)
{
  static const float sent[] = {INFINITY, -INFINITY};
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  for (int id = 0; id < 2; id++) { /* by windows, by columns */
    sparse s = sparse_new(kernels, 257, 100, id ? 0.02 : 0.06, 1);
    nai__row_lists *rows = rows_of(&s);
    EXPECT(rows && (rows->columns != NULL) == id);
    float *a = random_floats(s.k), row[100], batch[100];
    for (int64_t j = 0; j < s.k; j++) {
      const float before = a[j];
      a[j] = sent[j % 2];
      kernels->list_row(row, a, rows, 0);
      kernels->list_product(batch, s.n, a, s.k, s.lists, 1, 0);
      for (int64_t i = 0; i < s.n; i++) {
        ck_assert(!isnan(row[i]) && !isinf(row[i]) == !s.exists[i * s.ld + j]);
        ck_assert(memcmp(&row[i], &batch[i], sizeof *row) == 0);
      }
      a[j] = before;
    }
    free(a);
    nai__row_lists_destroy(rows);
    sparse_free(&s);
  }
}
END_TEST

/* Products that underflow: 0 is +0 in all of them, or a trial alone would not have the bits of a batch. */
START_TEST(zero_has_one_sign)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels || strcmp(kernels->name, "blas") == 0) return;
  for (int id = 0; id < 2; id++)
    for (int accumulate = 0; accumulate < 2; accumulate++) {
      sparse s = sparse_new(kernels, 257, 100, id ? 0.02 : 0.06, 1);
      for (int64_t i = 0; i < s.n * s.ld; i++) s.w[i] = s.w[i] == 0 ? 0 : -1e-30f;
      kernels->pack(s.packed, s.w, s.ld, s.k, s.n, 1);
      nai__lists_pack(s.lists, s.w);
      nai__row_lists *rows = rows_of(&s);
      float a[257], row[100], list[100], whole[100];
      for (int64_t j = 0; j < s.k; j++) a[j] = 1e-30f;
      for (int64_t i = 0; i < s.n; i++) row[i] = list[i] = whole[i] = i % 2 ? -0.0f : 0.0f;
      kernels->list_row(row, a, rows, accumulate);
      kernels->list_product(list, s.n, a, s.k, s.lists, 1, accumulate);
      kernels->product(whole, s.n, a, s.k, s.packed, 1, s.k, s.n, accumulate);
      ck_assert_mem_eq(list, whole, sizeof whole);
      ck_assert_mem_eq(row, whole, sizeof whole);
      nai__row_lists_destroy(rows);
      sparse_free(&s);
    }
}
END_TEST

/* Receivers of more than one slice of 65536: one synapse each. */
START_TEST(receivers_of_several_slices)
{
  enum { SENDERS = 64, RECEIVERS = 2 * 65536 + 100 };
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  nai__compressed *c = nai__compressed_create(RECEIVERS, SENDERS);
  c->sender = NAI__ARRAY(int32_t, RECEIVERS);
  for (int64_t i = 0; i < RECEIVERS; i++) {
    c->sender[i] = (int32_t)(i * 7 % 61); /* some have none */
    c->first[i + 1] = i + 1;
  }
  nai__row_lists *rows;
  EXPECT(nai__row_lists_create(&rows, c) && rows && rows->columns);
  float *w = random_floats(RECEIVERS), *a = random_floats(SENDERS), *out = random_floats(RECEIVERS),
        *before = malloc(RECEIVERS * sizeof *before);
  memcpy(before, out, RECEIVERS * sizeof *before);
  nai__row_lists_pack(rows, w);
  kernels->list_row(out, a, rows, 1);
  for (int64_t i = 0; i < RECEIVERS; i++)
    if (!(fabsf(out[i] - before[i] - w[i] * a[c->sender[i]]) <= 1e-6f))
      ck_abort_msg("receiver %d: %g", (int)i, (double)out[i]);
  kernels->list_row(out, a, rows, 0);
  for (int64_t i = 0; i < RECEIVERS; i++)
    if (out[i] != w[i] * a[c->sender[i]]) ck_abort_msg("receiver %d: %g", (int)i, (double)out[i]);
  nai__row_lists_destroy(rows);
  nai__compressed_destroy(c);
  free(w), free(a), free(out), free(before);
}
END_TEST

static void expect_rows(const sparse *s, int there)
{
  nai__row_lists *rows = rows_of(s);
  EXPECT((rows != NULL) == there);
  nai__row_lists_destroy(rows);
}

/* Synapses of receiver i: `width` of them in its sixteenth of the senders, or anywhere. */
static sparse sixteenths(int64_t k, int64_t n, int64_t width, int apart)
{
  sparse s = {.k = k, .n = n, .ld = k};
  s.exists = calloc((size_t)(n * k), 1);
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < width; j++)
      s.exists[i * k + (apart ? i % 16 * (k / 16) + j : j * (k / width))] = 1;
  s.w = random_floats(n * k);
  s.packed = NULL;
  s.lists = make_lists(&s, 1, 0);
  nai__lists_pack(s.lists, s.w);
  return s;
}

/* Where the whole matrix is faster, senders are too few or too many, or slots would be nearly empty. */
START_TEST(one_trial_has_lists_where_they_pay)
{
  static const struct {
    int64_t k, n;
    double density;
    int there;
  } cases[] = {{100, 100, 0.2, 0},  {100, 100, 0.05, 1}, {63, 100, 0.05, 0},
               {1024, 600, 0.2, 1}, {100, 100, 0, 0},    {70000, 20, 0.005, 1}};
  const nai__kernels *kernels = nai__kernels_named("portable");
  for (int i = 0; i < COUNT(cases); i++) {
    sparse s = sparse_new(kernels, cases[i].k, cases[i].n, cases[i].density, 1);
    expect_rows(&s, cases[i].there);
    sparse_free(&s);
  }
  for (int apart = 0; apart < 2; apart++) {
    sparse s = sixteenths(4096, 160, 200, apart);
    expect_rows(&s, !apart);
    sparse_free(&s);
  }
  ck_assert_int_eq(nai__row_lists_size(NULL), 0);
  ck_assert_int_eq(nai__row_lists_bytes(10, 1000, 100), 0);
}
END_TEST

START_TEST(lists_of_one_trial_without_memory)
{
  for (int far = 0; far < 2; far++) {
    sparse s = sparse_new(nai__kernels_best(), 200, 100, far ? 0.01 : 0.08, 1);
    nai__compressed synapses = compressed(&s, 1);
    int failed = 0, well = 0;
    for (; !well; failed++) {
      nai__row_lists *rows;
      faults_fail_allocation(failed);
      well = nai__row_lists_create(&rows, &synapses);
      faults_fail_allocation(-1);
      EXPECT((rows != NULL) == well);
      nai__row_lists_destroy(rows);
    }
    EXPECT(failed >= 8);
    nai__compressed_release(&synapses);
    sparse_free(&s);
  }
}
END_TEST

static int make_all(const sparse *s)
{
  nai__compressed rows, turned;
  nai__lists *lists = NULL;
  if (!nai__compress(&rows, s->exists, s->ld, s->n, s->k)) return 0;
  if (nai__compress_turned(&turned, &rows)) {
    lists = nai__lists_create(&turned, 1);
    nai__compressed_release(&turned);
  }
  nai__compressed_release(&rows);
  const int well = lists != NULL;
  nai__lists_destroy(lists);
  return well;
}

START_TEST(lists_without_memory)
{
  sparse s = sparse_new(nai__kernels_best(), 200, 100, 0.1, 1);
  int failed = 0, well = 0;
  for (; !well; failed++) {
    faults_fail_allocation(failed);
    well = make_all(&s);
    faults_fail_allocation(-1);
  }
  EXPECT(failed > 3 + 4 + 8);
  sparse_free(&s);
}
END_TEST

/* Turned once, receivers ascend in the place of senders, and places are those of before; turned twice, all
 * is as it was. */
START_TEST(compressed_rows_are_turned)
{
  static const uint8_t exists[] = {0, 1, 1, 0, /* gap */ 9, 0, 0, 0, 0, 9, 1, 1, 0, 1, 9};
  static const int32_t sender[] = {1, 2, 0, 1, 3}, place[] = {1, 2, 10, 11, 13},
                       turned_sender[] = {2, 0, 2, 0, 2}, turned_place[] = {10, 1, 11, 2, 13};
  static const int64_t first[] = {0, 2, 2, 5}, turned_first[] = {0, 1, 3, 4, 5};
  nai__compressed rows, turned, again;
  ck_assert(nai__compress(&rows, exists, 5, 3, 4));
  ck_assert(nai__compress_turned(&turned, &rows));
  ck_assert(nai__compress_turned(&again, &turned));
  const nai__compressed *same[] = {&rows, &again};
  for (int i = 0; i < COUNT(same); i++) {
    ck_assert_mem_eq(same[i]->first, first, sizeof first);
    ck_assert_mem_eq(same[i]->sender, sender, sizeof sender);
    ck_assert_mem_eq(same[i]->place, place, sizeof place);
  }
  ck_assert(turned.n == 4 && turned.k == 3);
  ck_assert_mem_eq(turned.first, turned_first, sizeof turned_first);
  ck_assert_mem_eq(turned.sender, turned_sender, sizeof turned_sender);
  ck_assert_mem_eq(turned.place, turned_place, sizeof turned_place);
  nai__compressed_release(&rows);
  nai__compressed_release(&turned);
  nai__compressed_release(&again);
}
END_TEST

static void compare_lists(const nai__compressed *places, const nai__compressed *order,
                          const float *w, const float *compact)
{
  nai__lists *one = nai__lists_create(places, 1), *other = nai__lists_create(order, 1);
  ck_assert(one && other && one->place && !other->place && one->slots == other->slots);
  nai__lists_pack(one, w);
  nai__lists_pack(other, compact);
  ck_assert_mem_eq(one->weight, other->weight, (size_t)(4 * one->slots) * sizeof *w);
  ck_assert_int_eq(nai__lists_size(one) - nai__lists_size(other),
                   one->slots * 4 * (int64_t)sizeof(int32_t));
  nai__lists_destroy(one);
  nai__lists_destroy(other);
}

static void compare_rows(const nai__compressed *places, const nai__compressed *order,
                         const float *w, const float *compact)
{
  nai__row_lists *one, *other;
  EXPECT(nai__row_lists_create(&one, places) && nai__row_lists_create(&other, order));
  EXPECT(!one == !other);
  if (!one) return;
  nai__row_lists_pack(one, w);
  nai__row_lists_pack(other, compact);
  if (one->columns) {
    const int64_t synapses = places->first[places->n];
    ck_assert(one->columns->place && !other->columns->place);
    ck_assert_mem_eq(one->columns->weight, other->columns->weight, (size_t)synapses * sizeof *w);
  } else {
    ck_assert(one->place && !other->place && one->slots == other->slots);
    ck_assert_mem_eq(one->weight, other->weight, (size_t)(16 * one->slots) * sizeof *w);
  }
  nai__row_lists_destroy(one);
  nai__row_lists_destroy(other);
}

/* The gradient of weights in order is that of a matrix, to the bit, in parts and added to others. */
static void compare_outer(const nai__kernels *kernels, const nai__compressed *places,
                          const nai__compressed *order, float *w, float *compact)
{
  const int64_t n = places->n, k = places->k, rows = 130, cut = n / 3;
  nai__lists *one = nai__lists_create(places, 1), *other = nai__lists_create(order, 1);
  ck_assert(one && other && !one->rows && other->rows == order->first);
  const int64_t ldd = (n + 15) / 16 * 16, ldr = (k + 15) / 16 * 16;
  float *d = random_floats(rows * ldd), *r = random_floats(rows * ldr),
        *scratch = random_floats(kernels->list_scratch(one));
  for (int accumulate = 0; accumulate < 2; accumulate++) {
    kernels->list_outer(w, k + 3, d, ldd, r, ldr, nai__rows_of(rows), one, 0, n, accumulate,
                        scratch);
    kernels->list_outer(compact, 0, d, ldd, r, ldr, nai__rows_of(rows), other, cut, n, accumulate,
                        scratch);
    kernels->list_outer(compact, 0, d, ldd, r, ldr, nai__rows_of(rows), other, 0, cut, accumulate,
                        scratch);
    for (int64_t at = 0; at < places->first[n]; at++)
      EXPECT(memcmp(&w[places->place[at]], &compact[at], sizeof *w) == 0);
  }
  nai__lists_destroy(one);
  nai__lists_destroy(other);
  float *all[] = {d, r, scratch};
  for (int i = 0; i < COUNT(all); i++) free(all[i]);
}

/* Weights that stand one behind the other have no places, and are found all the same. */
START_TEST(weights_in_order_need_no_places)
{
  static const int64_t sizes[][2] = {{1, 1},     {3, 7},     {128, 192},
                                     {129, 193}, {500, 401}, {70, 1000}};
  static const double densities[] = {0.004, 0.05, 0.6};
  const int64_t k = sizes[_i / 3][0], n = sizes[_i / 3][1];
  const double density = densities[_i % 3];
  uint8_t *exists = calloc((size_t)(n * (k + 3)), 1);
  float *w = random_floats(n * (k + 3)), *compact = random_floats(n * k + 1);
  int64_t synapses = 0;
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < k; j++) {
      const int64_t at = i * (k + 3) + j;
      exists[at] = uniform() < 2 * density - 1;
      if (exists[at]) compact[synapses++] = w[at];
    }
  nai__compressed places, order, turned[2];
  ck_assert(nai__compress(&places, exists, k + 3, n, k));
  order = places;
  order.place = NULL;
  ck_assert(nai__compress_turned(&turned[0], &places) && nai__compress_turned(&turned[1], &order));
  ck_assert(turned[1].turned == order.first && !turned[1].place);
  compare_lists(&places, &order, w, compact);
  compare_lists(&turned[0], &turned[1], w, compact);
  compare_rows(&places, &order, w, compact);
  compact[synapses] = GUARD;
  for (int i = 0; i < TABLES; i++)
    if (table_of(i)) compare_outer(table_of(i), &places, &order, w, compact);
  ck_assert_float_eq(compact[synapses], GUARD);
  nai__compressed_release(&places);
  for (int i = 0; i < 2; i++) nai__compressed_release(&turned[i]);
  free(exists);
  free(w);
  free(compact);
}
END_TEST

/* Of what c holds nothing is read unless it is asked for. */
START_TEST(products_overwrite)
{
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  sparse s = sparse_new(kernels, 40, 37, 0.3, 1);
  float *a = random_floats(9 * 40), *c = random_floats(9 * 37);
  for (int i = 0; i < 9 * 37; i++) c[i] = NAN;
  kernels->list_product(c, 37, a, 40, s.lists, 9, 0);
  for (int i = 0; i < 9 * 37; i++) EXPECT(!isnan(c[i]));
  free(a);
  free(c);
  sparse_free(&s);
}
END_TEST

/* Against sums in double precision; in parts, with the same bits; 0 where nothing exists. */
static void check_outer(const nai__kernels *kernels, const sparse *s, int64_t rows)
{
  const int64_t ldd = (s->n + 15) / 16 * 16, ldr = (s->k + 15) / 16 * 16, cut = s->n / 3;
  float *d = random_floats(rows * ldd), *r = random_floats(rows * ldr),
        *w = random_floats(s->n * s->ld), *parts = random_floats(s->n * s->ld),
        *scratch = random_floats(kernels->list_scratch(s->lists));
  kernels->list_outer(w, s->ld, d, ldd, r, ldr, nai__rows_of(rows), s->lists, 0, s->n, 0, scratch);
  kernels->list_outer(parts, s->ld, d, ldd, r, ldr, nai__rows_of(rows), s->lists, cut, s->n, 0,
                      scratch);
  kernels->list_outer(parts, s->ld, d, ldd, r, ldr, nai__rows_of(rows), s->lists, 0, cut, 0,
                      scratch);
  if (rows > 128) { /* goes on where it has ended after 128 rows */
    kernels->list_outer(parts, s->ld, d, ldd, r, ldr, nai__rows_of(128), s->lists, 0, s->n, 0,
                        scratch);
    kernels->list_outer(parts, s->ld, d + 128 * ldd, ldd, r + 128 * ldr, ldr,
                        nai__rows_of(rows - 128), s->lists, 0, s->n, 1, scratch);
  }
  for (int64_t i = 0; i < s->n; i++)
    for (int64_t j = 0; j < s->k; j++) {
      double sum = 0, size = 1;
      for (int64_t row = 0; row < rows && s->exists[i * s->ld + j] != 0; row++) {
        sum += (double)d[row * ldd + i] * r[row * ldr + j];
        size += fabs((double)d[row * ldd + i] * r[row * ldr + j]);
      }
      EXPECT(memcmp(&w[i * s->ld + j], &parts[i * s->ld + j], sizeof *w) == 0);
      if (!(fabs(w[i * s->ld + j] - sum) <= (s->exists[i * s->ld + j] ? 2e-7 * size : 0)))
        ck_abort_msg("%lld x %lld x %lld at %lld, %lld: %g, not %g", (long long)rows,
                     (long long)s->n, (long long)s->k, (long long)i, (long long)j,
                     (double)w[i * s->ld + j], sum);
    }
  float *all[] = {d, r, w, parts, scratch};
  for (int i = 0; i < COUNT(all); i++) free(all[i]);
}

/* Rows of steps that lie apart: the bits of the same rows together; what lies between is not read. */
static void check_steps(const nai__kernels *kernels, const sparse *s, int64_t each, int64_t apart)
{
  const int64_t ldd = (s->n + 15) / 16 * 16, ldr = (s->k + 15) / 16 * 16, steps = 9;
  float *d = random_floats(steps * apart * ldd), *r = random_floats(steps * apart * ldr),
        *near_d = random_floats(steps * each * ldd), *near_r = random_floats(steps * each * ldr),
        *w = random_floats(s->n * s->ld), *together = random_floats(s->n * s->ld),
        *scratch = random_floats(kernels->list_scratch(s->lists));
  for (int64_t row = 0; row < steps * apart; row++) {
    const int64_t trial = row % apart, at = row / apart * each + trial;
    for (int64_t i = 0; i < ldd && trial >= each; i++) d[row * ldd + i] = NAN;
    for (int64_t j = 0; j < ldr && trial >= each; j++) r[row * ldr + j] = NAN;
    if (trial >= each) continue;
    memcpy(near_d + at * ldd, d + row * ldd, (size_t)ldd * sizeof *d);
    memcpy(near_r + at * ldr, r + row * ldr, (size_t)ldr * sizeof *r);
  }
  kernels->list_outer(w, s->ld, d, ldd, r, ldr, (nai__rows){steps * each, each, apart}, s->lists, 0,
                      s->n, 0, scratch);
  kernels->list_outer(together, s->ld, near_d, ldd, near_r, ldr, nai__rows_of(steps * each),
                      s->lists, 0, s->n, 0, scratch);
  for (int64_t i = 0; i < s->n; i++)
    EXPECT(memcmp(w + i * s->ld, together + i * s->ld, (size_t)s->k * sizeof *w) == 0);
  float *all[] = {d, r, near_d, near_r, w, together, scratch};
  for (int i = 0; i < COUNT(all); i++) free(all[i]);
}

START_TEST(the_gradient_is_a_sum_over_rows)
{
  static const int64_t deep[] = {0, 1, 7, 31, 32, 64, 127, 128, 130, 300};
  static const int64_t trials[] = {1, 3, 8, 16, 18, 32, 40, 130};
  const nai__kernels *kernels = table_of(_i);
  if (!kernels) return;
  int turn = 0;
  for (int ik = 0; ik < COUNT(sizes); ik++)
    for (int in = 0; in < COUNT(sizes); in++, turn++) {
      sparse s = sparse_new(kernels, sizes[ik], sizes[in], densities[turn % COUNT(densities)], 1);
      const int64_t each = trials[turn % COUNT(trials)];
      check_outer(kernels, &s, deep[turn % COUNT(deep)]);
      check_steps(kernels, &s, each, each + turn % 4 * 13);
      sparse_free(&s);
    }
}
END_TEST

/* What lists are said to take at most, and what they take. */
START_TEST(bytes_of_lists)
{
  for (int i = 0; i < COUNT(sizes); i++) {
    const int64_t n = sizes[i], k = sizes[COUNT(sizes) - 1 - i];
    const nai__kernels *kernels = nai__kernels_best();
    sparse s = sparse_new(kernels, k, n, 0.2, 1);
    int64_t size = nai__lists_size(s.lists);
    EXPECT(size <= nai__lists_bytes(k, n, s.lists->synapses, 1));
    sparse_free(&s);
  }
  ck_assert_int_eq(nai__lists_size(NULL), 0);
}
END_TEST

/* --- networks --------------------------------------------------------------------------------- */

enum { STEPS = 7, TRIALS = 37, CHANNELS = 3 + 65 };

static nai_network *compose_wide(void)
{
  nai_network *net = compose_ei(61, 18);
  expect_ok(nai_network_add_input(net, "more", 65));
  expect_ok(nai_network_connect(net, "more", "E I"));
  expect_ok(nai_network_set_delay(net, "I", "E", 40));
  expect_ok(nai_network_set(net, "E I", "noise", 0.1));
  return net;
}

/* Few synapses among E and I, where delays differ, and from one input. */
static nai_network *build_listed(const char *kernels, double density)
{
  nai_network *net = compose_wide();
  nai_constraint *few;
  make_sparse(net, "E I", density);
  expect_ok(nai_constraint_create_sparse(&few, density));
  expect_ok(nai_network_constrain(net, "more", "E I", few));
  nai_constraint_destroy(few);
  expect_ok(nai_network_set_kernels(net, kernels));
  expect_ok(nai_network_build(net, 5));
  return net;
}

static int lists_of(const nai_network *net)
{
  int lists = 0;
  for (int64_t i = 0; i < net->n_blocks; i++)
    lists += (net->block[i].listing.forward != NULL) + (net->block[i].listing.backward != NULL);
  return lists;
}

START_TEST(lists_where_few_synapses_exist)
{
  nai_network *few = build_listed(NULL, 0.2), *many = build_listed(NULL, 0.7), *copy;
  EXPECT(lists_of(few) >= 3);
  EXPECT(lists_of(many) == 0);
  expect_ok(nai_network_copy(&copy, few));
  EXPECT(lists_of(copy) == lists_of(few));
  int64_t bytes, of_copy;
  expect_ok(nai_network_memory(&bytes, few));
  expect_ok(nai_network_memory(&of_copy, copy));
  EXPECT(bytes == of_copy);
  nai_network_destroy(copy);
  nai_network_destroy(few);
  nai_network_destroy(many);
  nai_network *small = compose_ei(8, 2);
  make_sparse(small, "E I", 0.1);
  expect_ok(nai_network_build(small, 1));
  EXPECT(lists_of(small) == 0);
  nai_network_destroy(small);
}
END_TEST

/* A batch runs over lists, a trial alone over whole matrices or lists of its own. */
START_TEST(a_trial_has_the_same_bits_alone)
{
  nai_network *net = build_listed(NULL, _i ? 0.08 : 0.2);
  int rows = 0;
  for (int64_t i = 0; i < net->n_blocks; i++) rows += net->block[i].listing.row != NULL;
  EXPECT((rows > 0) == _i);
  static float inputs[STEPS * TRIALS * CHANNELS], alone[STEPS * CHANNELS];
  expect_ok(nai_random_normals(inputs, STEPS * TRIALS * CHANNELS, 4, 0));
  nai_state *batch = make_state(net, TRIALS, 8);
  expect_ok(nai_state_run(NULL, NULL, batch, STEPS, inputs));
  for (int b = 0; b < TRIALS; b += 9) {
    nai_state *one = make_state(net, 1, 8);
    expect_ok(nai_state_set_first(one, (uint64_t)b));
    expect_ok(nai_state_reset(one));
    for (int t = 0; t < STEPS; t++)
      memcpy(alone + t * CHANNELS, inputs + (t * TRIALS + b) * CHANNELS, CHANNELS * sizeof *alone);
    expect_ok(nai_state_run(NULL, NULL, one, STEPS, alone));
    for (int u = 0; u < 61; u++) EXPECT(rate_of(one, "E", 0, u) == rate_of(batch, "E", b, u));
    for (int u = 0; u < 18; u++) EXPECT(rate_of(one, "I", 0, u) == rate_of(batch, "I", b, u));
    nai_state_destroy(one);
  }
  nai_state_destroy(batch);
  nai_network_destroy(net);
}
END_TEST

/* As do a few: up to four run one after the other over lists of one trial. */
START_TEST(few_trials_have_the_bits_of_many)
{
  nai_network *net = build_listed(NULL, 0.08);
  nai_state *batch = make_state(net, TRIALS, 8), *few = make_state(net, 2 + _i, 8);
  expect_ok(nai_state_run(NULL, NULL, batch, STEPS, NULL));
  expect_ok(nai_state_run(NULL, NULL, few, STEPS, NULL));
  for (int b = 0; b < 2 + _i; b++) {
    for (int u = 0; u < 61; u++) EXPECT(rate_of(few, "E", b, u) == rate_of(batch, "E", b, u));
    for (int u = 0; u < 18; u++) EXPECT(rate_of(few, "I", b, u) == rate_of(batch, "I", b, u));
  }
  nai_state_destroy(few);
  nai_state_destroy(batch);
  nai_network_destroy(net);
}
END_TEST

static nai_trainer *train(nai_network *net, int rule)
{
  nai_cost *cost;
  nai_trainer *trainer = trainer_of(net, rule_made(rule, 3), plain_descent(0.1));
  attach_cost(trainer, nai_cost_create_mse(&cost, "choice"), &cost, 1);
  attach_cost(trainer, nai_cost_create_l2_rates(&cost, "E I"), &cost, 0.01);
  attach_cost(trainer, nai_cost_create_l1_weights(&cost, "E I", "E I"), &cost, 0.001);
  return trainer;
}

static nai_network *listed(void)
{
  return build_listed(NULL, 0.2);
}

static nai_trials *batch_of(const nai_network *net)
{
  return normal_trials(net, "choice", STEPS, TRIALS);
}

/* The BLAS has no lists: two updates by every rule, each weight to rounding. */
START_TEST(every_rule_learns_as_from_whole_matrices)
{
  nai_network *net[2] = {build_listed(NULL, 0.2), build_listed("blas", 0.2)};
  nai_trials *trials = batch_of(net[0]);
  double before = 0, cost[2];
  float *start = malloc((size_t)net[0]->n_theta * sizeof *start);
  memcpy(start, net[0]->theta, (size_t)net[0]->n_theta * sizeof *start);
  for (int k = 0; k < 2; k++) {
    nai_trainer *trainer = train(net[k], _i);
    nai_progress result = NAI_PROGRESS_INIT;
    for (int update = 0; update < 2; update++)
      expect_ok(nai_trainer_step(&result, trainer, trials));
    cost[k] = result.cost;
    nai_trainer_destroy(trainer);
  }
  EXPECT(fabs(cost[0] - cost[1]) <= 1e-5 * fabs(cost[1]));
  for (int64_t i = 0; i < net[0]->n_theta; i++)
    before = fmax(before, fabs((double)net[1]->theta[i] - start[i]));
  EXPECT(before > 1e-4);
  for (int64_t i = 0; i < net[0]->n_theta; i++)
    if (!(fabs((double)net[0]->theta[i] - net[1]->theta[i]) <= 1e-5 * before))
      ck_abort_msg("%s: weight %lld is %g, not %g", all_rules[_i].name, (long long)i,
                   (double)net[0]->theta[i], (double)net[1]->theta[i]);
  free(start);
  nai_trials_destroy(trials);
  nai_network_destroy(net[0]);
  nai_network_destroy(net[1]);
}
END_TEST

START_TEST(threads_and_checkpoints_keep_bits)
{
  static const makers make = {listed, batch_of, train};
  expect_same_bits(&make, 0, 4, _i);
}
END_TEST

/*
 * Of long trials each group has a gradient of its own. Its sum is that of the BLAS, which takes all trials
 * at once; by any number of threads with the same bits, and in spans, too.
 */
START_TEST(groups_of_trials_learn_as_all_at_once)
{
  nai_network *whole = build_listed("blas", 0.2), *net[5];
  nai_trials *trials = normal_trials(whole, "choice", 200, TRIALS);
  float *start = malloc((size_t)whole->n_theta * sizeof *start), most = 0;
  memcpy(start, whole->theta, (size_t)whole->n_theta * sizeof *start);
  nai_trainer *one = train(whole, _i);
  expect_ok(nai_trainer_step(NULL, one, trials));
  EXPECT(!one->batch.by_groups);
  nai_trainer_destroy(one);
  for (int64_t i = 0; i < whole->n_theta; i++)
    most = fmaxf(most, fabsf(whole->theta[i] - start[i]));
  EXPECT(most > 1e-5f);
  for (int k = 0; k < 5; k++) {
    net[k] = listed();
    nai_trainer *trainer = train(net[k], _i);
    expect_ok(nai_trainer_set(trainer, "threads", 1 + k));
    if (k == 4) expect_ok(nai_trainer_set(trainer, "recompute", 150));
    expect_ok(nai_trainer_step(NULL, trainer, trials));
    EXPECT(trainer->batch.by_groups && trainer->batch.rows < TRIALS);
    EXPECT((trainer->batch.walked < trainer->batch.rows) == (k > 1)); /* threads beyond groups */
    if (k < 4) EXPECT(hash_of(net[k]) == hash_of(net[0]));
    for (int64_t i = 0; i < whole->n_theta; i++)
      if (!(fabsf(net[k]->theta[i] - whole->theta[i]) <= 1e-5f * most))
        ck_abort_msg("%s, %d threads: weight %lld is %g, not %g", all_rules[_i].name, 1 + k,
                     (long long)i, (double)net[k]->theta[i], (double)whole->theta[i]);
    nai_trainer_destroy(trainer);
  }
  for (int k = 0; k < 5; k++) nai_network_destroy(net[k]);
  nai_network_destroy(whole);
  nai_trials_destroy(trials);
  free(start);
}
END_TEST

/* --- a mask after the build ------------------------------------------------------------------- */

static uint8_t *few_of(int64_t n)
{
  uint8_t *mask = calloc((size_t)n, sizeof *mask);
  for (int64_t i = 0; i < n; i++) mask[i] = i % 7 == 0;
  return mask;
}

static nai_network *build_whole(const char *kernels)
{
  nai_network *net = compose_wide();
  expect_ok(nai_network_set_kernels(net, kernels));
  expect_ok(nai_network_build(net, 5));
  return net;
}

/* One mask would do where the block has nothing else; here the block of E to E has I to I, too. */
static void thin_out(nai_network *net, const uint8_t *mask)
{
  expect_ok(nai_network_set_mask(net, "more", "E", mask, 61, 65));
  expect_ok(nai_network_set_mask(net, "more", "I", mask, 18, 65));
  expect_ok(nai_network_set_mask(net, "E", "E", mask, 61, 61));
}

/* A trainer that has its memory finds lists where there were none; the BLAS has none. */
START_TEST(masks_bring_lists_to_trainers_that_are_there)
{
  uint8_t *mask = few_of(61 * 65);
  nai_network *net[2] = {build_whole(NULL), build_whole("blas")};
  nai_trials *trials = normal_trials(net[0], "choice", 200, TRIALS);
  for (int k = 0; k < 2; k++) {
    nai_trainer *trainer = train(net[k], 0);
    int before = lists_of(net[k]);
    expect_ok(nai_trainer_set(trainer, "threads", 3));
    expect_ok(nai_trainer_step(NULL, trainer, trials));
    thin_out(net[k], mask);
    EXPECT(lists_of(net[k]) > before);
    EXPECT(!trainer->batch.by_groups);
    expect_ok(nai_trainer_step(NULL, trainer, trials));
    EXPECT(trainer->batch.by_groups == (k == 0)); /* which takes more memory */
    nai_trainer_destroy(trainer);
  }
  int64_t there = 0;
  for (int64_t i = 0; i < net[0]->n_theta; i++) {
    EXPECT(fabs((double)net[0]->theta[i] - net[1]->theta[i]) <=
           1e-5 * fmax(1, fabs((double)net[1]->theta[i])));
    there += net[0]->theta[i] != 0;
  }
  EXPECT(there > 100);
  nai_trials_destroy(trials);
  nai_network_destroy(net[0]);
  nai_network_destroy(net[1]);
  free(mask);
}
END_TEST

START_TEST(a_mask_without_memory_changes_nothing)
{
  uint8_t *mask = few_of(61 * 65);
  nai_network *net = build_whole(NULL);
  uint64_t before = hash_of(net);
  nai_status status = NAI_ERR_MEMORY;
  int failed = 0;
  for (; status == NAI_ERR_MEMORY; failed++) {
    EXPECT(hash_of(net) == before);
    faults_fail_allocation(failed);
    status = nai_network_set_mask(net, "more", "E", mask, 61, 65);
    faults_fail_allocation(-1);
  }
  EXPECT(failed > 1);
  expect_ok(status);
  EXPECT(hash_of(net) != before);
  nai_network_destroy(net);
  free(mask);
}
END_TEST

START_TEST(lists_count_as_memory)
{
  uint8_t *mask = few_of(61 * 65);
  nai_network *net = build_whole(NULL);
  int64_t bytes, more;
  uint64_t before = hash_of(net);
  expect_ok(nai_network_set_mask(net, "more", "I", mask, 18, 65));
  expect_ok(nai_network_memory(&bytes, net));
  before = hash_of(net);
  expect_ok(nai_network_set_memory_limit(net, bytes + 100));
  expect_fails(nai_network_set_mask(net, "more", "E", mask, 61, 65), NAI_ERR_MEMORY,
               "the network's limit is");
  EXPECT(hash_of(net) == before);
  expect_ok(nai_network_set_memory_limit(net, 0));
  expect_ok(nai_network_set_mask(net, "more", "E", mask, 61, 65));
  expect_ok(nai_network_memory(&more, net));
  EXPECT(more > bytes);
  nai_network_destroy(net);
  free(mask);
}
END_TEST

Suite *lists_suite(void);

Suite *lists_suite(void)
{
  Suite *suite = suite_create("lists");
  TCase *kernels = tcase_create("kernels");
  tcase_set_timeout(kernels, 60);
  tcase_add_loop_test(kernels, products_have_the_bits_of_whole_matrices, 0, TABLES);
  tcase_add_loop_test(kernels, products_overwrite, 0, TABLES);
  tcase_add_loop_test(kernels, one_trial_has_the_bits_of_a_batch, 0, TABLES);
  tcase_add_loop_test(kernels, what_is_not_finite_stays_with_its_receivers, 0, TABLES);
  tcase_add_loop_test(kernels, zero_has_one_sign, 0, TABLES);
  tcase_add_loop_test(kernels, receivers_of_several_slices, 0, TABLES);
  tcase_add_test(kernels, one_trial_has_lists_where_they_pay);
  tcase_add_test(kernels, lists_of_one_trial_without_memory);
  tcase_add_test(kernels, lists_without_memory);
  tcase_add_test(kernels, compressed_rows_are_turned);
  tcase_add_loop_test(kernels, weights_in_order_need_no_places, 0, 18);
  tcase_add_loop_test(kernels, the_gradient_is_a_sum_over_rows, 0, TABLES);
  tcase_add_test(kernels, bytes_of_lists);
  suite_add_tcase(suite, kernels);
  TCase *networks = tcase_create("networks");
  tcase_add_test(networks, lists_where_few_synapses_exist);
  tcase_add_loop_test(networks, a_trial_has_the_same_bits_alone, 0, 2);
  tcase_add_loop_test(networks, few_trials_have_the_bits_of_many, 0, 5);
  suite_add_tcase(suite, networks);
  TCase *rules = tcase_create("rules");
  tcase_add_loop_test(rules, every_rule_learns_as_from_whole_matrices, 0, n_rules);
  tcase_add_loop_test(rules, threads_and_checkpoints_keep_bits, 2, 4);
  tcase_add_loop_test(rules, groups_of_trials_learn_as_all_at_once, 0, 3);
  suite_add_tcase(suite, rules);
  ADD_CASE(suite, "masks", masks_bring_lists_to_trainers_that_are_there,
           a_mask_without_memory_changes_nothing, lists_count_as_memory);
  return suite;
}
