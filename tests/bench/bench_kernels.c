/*
 * How fast the kernels are: each table that this processor runs, as GF/s and as a share of the most
 * that one core does in registers alone (measured here, with the widest vectors it has). Times are
 * the best of several short runs, for the machine may be shared. Sizes are those of training (rows:
 * a block of trials; steps * trials) and of one trial.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <neuroai/network.h>

#include "kernels/counts.h"
#include "kernels/kernels.h"
#include "measure.h"

/* --- kernels ---------------------------------------------------------------------------------- */

static float *random_floats(int64_t n)
{
  float *p = aligned_alloc(64, (size_t)((n + 15) / 16 * 64));
  if (!p) exit(EXIT_FAILURE);
  for (int64_t i = 0; i < n; i++) p[i] = (float)rand() / (float)RAND_MAX - 0.5f;
  return p;
}

static int64_t leading(int64_t n)
{
  int64_t ld = (n + 15) / 16 * 16;
  return ld % 256 == 0 ? ld + 16 : ld;
}

static void report(const char *what, int64_t rows, int64_t m, int64_t n, double flops,
                   double seconds, double limit)
{
  printf("  %-8s %6lld x %4lld x %4lld %8.1f GF/s %5.1f %%\n", what, (long long)rows, (long long)m,
         (long long)n, flops / seconds * 1e-9, 100.0 * flops / seconds / limit);
}

static void bench_product(const nai__kernels *kernels, int64_t rows, int64_t k, int64_t n,
                          double limit)
{
  float *a = random_floats(rows * leading(k)), *w = random_floats(k * leading(n)),
        *c = random_floats(rows * leading(n));
  float *packed = random_floats(kernels->packed_size(k, n));
  double seconds;
  kernels->pack(packed, w, leading(n), k, n, 0);
  TIME(seconds, kernels->product(c, leading(n), a, leading(k), packed, rows, k, n, 1));
  report("product", rows, k, n, 2.0 * (double)(rows * k * n), seconds, limit);
  free(a);
  free(w);
  free(c);
  free(packed);
}

static void bench_outer(const nai__kernels *kernels, int64_t rows, int64_t m, int64_t n,
                        double limit)
{
  float *d = random_floats(rows * leading(m)), *r = random_floats(rows * leading(n)),
        *w = random_floats(m * leading(n));
  float *scratch = random_floats(kernels->outer_scratch(m, n));
  double seconds;
  TIME(seconds, kernels->outer(w, leading(n), d, leading(m), r, leading(n), nai__rows_of(rows), m,
                               n, 0, scratch));
  report("outer", rows, m, n, 2.0 * (double)(rows * m * n), seconds, limit);
  free(d);
  free(r);
  free(w);
  free(scratch);
}

static nai__lists *lists_of(const uint8_t *exists, int64_t ld, int64_t n)
{
  nai__compressed rows;
  if (!nai__compress(&rows, exists, ld, n, n)) exit(EXIT_FAILURE);
  nai__lists *lists = nai__lists_create(&rows, 1);
  if (!lists) exit(EXIT_FAILURE);
  nai__compressed_release(&rows);
  return lists;
}

/* n by n, of which a share exists: products of `rows` trials, and the gradient of `deep` rows, beside
 * the same of the whole matrix. */
static void bench_lists(const nai__kernels *kernels, int64_t n, double density, int64_t rows,
                        int64_t deep)
{
  const int64_t ld = leading(n);
  uint8_t *exists = calloc((size_t)(n * ld), 1);
  float *a = random_floats(deep * ld), *d = random_floats(deep * ld), *w = random_floats(n * ld),
        *c = random_floats(deep * ld), *packed = random_floats(kernels->packed_size(n, n));
  if (!exists) exit(EXIT_FAILURE);
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < n; j++) {
      exists[i * ld + j] = (double)rand() / RAND_MAX < density;
      if (!exists[i * ld + j]) w[i * ld + j] = 0;
    }
  nai__lists *lists = lists_of(exists, ld, n);
  const int64_t listed = kernels->list_scratch(lists), whole = kernels->outer_scratch(n, n);
  float *scratch = random_floats(listed > whole ? listed : whole);
  double list, dense, list_outer, outer;
  nai__lists_pack(lists, w);
  kernels->pack(packed, w, ld, n, n, 1);
  TIME(list, kernels->list_product(c, ld, a, ld, lists, rows, 0));
  TIME(dense, kernels->product(c, ld, a, ld, packed, rows, n, n, 0));
  TIME(list_outer,
       kernels->list_outer(w, ld, d, ld, a, ld, nai__rows_of(deep), lists, 0, n, 0, scratch));
  TIME(outer, kernels->outer(w, ld, d, ld, a, ld, nai__rows_of(deep), n, n, 0, scratch));
  printf(
      "  lists    %4lld trials, %4lld units, density %.2f: product %8.2f us, %4.2f times as fast; "
      "gradient of %5lld %9.1f us, %4.2f times\n",
      (long long)rows, (long long)n, density, list * 1e6, dense / list, (long long)deep,
      list_outer * 1e6, outer / list_outer);
  nai__lists_destroy(lists);
  float *all[] = {a, d, w, c, packed, scratch};
  for (int i = 0; i < COUNT(all); i++) free(all[i]);
  free(exists);
}

/* One trial of which half are silent, by lists and by the whole matrix. */
static void bench_list_row(const nai__kernels *kernels, int64_t n, double density)
{
  enum { VECTORS = 16 };
  uint8_t *exists = calloc((size_t)(n * n), 1);
  float *a = random_floats(VECTORS * n), *w = random_floats(n * n), *c = random_floats(n),
        *packed = random_floats(kernels->packed_size(n, n));
  int32_t *index = malloc((size_t)n * sizeof *index);
  if (!exists || !index) exit(EXIT_FAILURE);
  for (int64_t i = 0; i < VECTORS * n; i++)
    if (a[i] < 0) a[i] = 0;
  for (int64_t i = 0; i < n * n; i++) {
    exists[i] = (double)rand() / RAND_MAX < density;
    if (!exists[i]) w[i] = 0;
  }
  nai__compressed synapses;
  nai__row_lists *rows;
  if (!nai__compress(&synapses, exists, n, n, n) || !nai__row_lists_create(&rows, &synapses))
    exit(EXIT_FAILURE);
  kernels->pack(packed, w, n, n, n, 1);
  double list = 0, whole;
  long turn = 0;
  if (rows) nai__row_lists_pack(rows, w);
  if (rows) TIME(list, kernels->list_row(c, a + turn++ % VECTORS * n, rows, 0));
  TIME(whole, kernels->row_product(c, a + turn++ % VECTORS * n, packed, n, n, 0, index));
  printf("  one row  %5lld units, density %.2f: whole %8.2f us", (long long)n, density,
         whole * 1e6);
  if (rows)
    printf(", lists %8.2f us (%s, %.0f %% of lanes used)\n", list * 1e6,
           rows->columns ? "by sender" : "near",
           100.0 * (double)synapses.first[n] / (double)(NAI__ROW_SLICE * rows->slots));
  else
    printf(", no lists\n");
  nai__row_lists_destroy(rows);
  nai__compressed_release(&synapses);
  float *all[] = {a, w, c, packed};
  for (int i = 0; i < COUNT(all); i++) free(all[i]);
  free(exists);
  free(index);
}

/*
 * One trial, a vector of which a share is active; another vector each time, as in a network that
 * runs.
 */
static void bench_row(const nai__kernels *kernels, int64_t n, double share)
{
  enum { VECTORS = 16 };
  float *a = random_floats(VECTORS * n), *w = random_floats(n * n), *c = random_floats(n);
  float *packed = random_floats(kernels->packed_size(n, n));
  int32_t *index = malloc((size_t)n * sizeof *index);
  if (!index) exit(EXIT_FAILURE);
  double seconds;
  long turn = 0;
  for (int64_t i = 0; i < VECTORS * n; i++)
    if ((double)rand() / RAND_MAX >= share) a[i] = 0.0f;
  kernels->pack(packed, w, n, n, n, 0);
  TIME(seconds, kernels->row_product(c, a + turn++ % VECTORS * n, packed, n, n, 0, index));
  printf("  one row %6lld, %3.0f %% active %8.2f us\n", (long long)n, 100 * share, seconds * 1e6);
  free(a);
  free(w);
  free(c);
  free(packed);
  free(index);
}

static void bench_normals(const nai__kernels *kernels, int64_t n)
{
  float *x = random_floats(n);
  double seconds;
  uint32_t step = 0;
  TIME(seconds, kernels->normals(x, n, 1, 1, 2, step++));
  printf("  normals %6lld %22.2f ns each\n", (long long)n, seconds * 1e9 / (double)n);
  free(x);
}

/* Of a group of trials. */
static void bench_normal_rows(const nai__kernels *kernels, int64_t rows, int64_t n)
{
  float *x = random_floats(rows * leading(n));
  double seconds;
  uint32_t step = 0;
  TIME(seconds, kernels->normal_rows(x, leading(n), rows, n, 1, 1, 2, step++));
  printf("  normals %6lld x %4lld %15.2f ns each\n", (long long)rows, (long long)n,
         seconds * 1e9 / (double)(rows * n));
  free(x);
}

static void draw_counts(const nai__kernels *kernels, float *x, int64_t n, const float *mean,
                        uint32_t step)
{
  nai__counting by;
  nai__counting_start(&by, kernels, 1, 1, step, 1);
  nai__counts(&by, x, n, 0, 2, mean);
}

/* Poisson counts of one mean. */
static void bench_counts(const nai__kernels *kernels, int64_t n, float rate)
{
  float *mean = random_floats(n), *x = random_floats(n);
  double seconds;
  uint32_t step = 0;
  for (int64_t i = 0; i < n; i++) mean[i] = rate;
  TIME(seconds, draw_counts(kernels, x, n, mean, step++));
  printf("  counts of %4.2f %6lld %14.2f ns each\n", (double)rate, (long long)n,
         seconds * 1e9 / (double)n);
  free(x);
  free(mean);
}

static void bench_units(const nai__kernels *kernels, int64_t n)
{
  float *x = random_floats(n), *r = random_floats(n), *v = random_floats(n), *xi = random_floats(n);
  float *g = random_floats(n), *carry = random_floats(n), *alpha = random_floats(n),
        *two = random_floats(n);
  for (int64_t i = 0; i < n; i++) {
    alpha[i] = 0.2f;
    two[i] = 2.0f;
  }
  for (int transfer = 0; transfer < NAI__TRANSFERS; transfer++) {
    const nai__units u = {
        .n = n, .transfer = transfer, .alpha = alpha, .bias = v, .noise = alpha, .exponent = two};
    double forward, backward;
    TIME(forward, kernels->current_forward(&u, x, r, v, xi));
    TIME(backward, kernels->current_backward(&u, g, carry, r));
    printf("  units   %6lld %-15s forward %5.2f, backward %5.2f ns each\n", (long long)n,
           nai_transfer_name(transfer), forward * 1e9 / (double)n, backward * 1e9 / (double)n);
  }
  float *all[] = {x, r, v, xi, g, carry, alpha, two};
  for (int i = 0; i < COUNT(all); i++) free(all[i]);
}

static void bench_table(const nai__kernels *kernels, double limit)
{
  static const int64_t products[][3] = {
      {16, 100, 100},   {32, 100, 100}, {16, 256, 256}, {32, 256, 256}, {16, 1024, 1024},
      {64, 1024, 1024}, {16, 3, 100},   {16, 33, 256},  {16, 100, 3},   {16, 256, 17}};
  static const int64_t outers[][3] = {{4800, 100, 100},  {4800, 100, 3},   {4800, 3, 100},
                                      {12800, 256, 256}, {12800, 256, 33}, {12800, 17, 256},
                                      {2560, 1024, 1024}};
  printf("%s\n", kernels->name);
  for (int i = 0; i < COUNT(products); i++)
    bench_product(kernels, products[i][0], products[i][1], products[i][2], limit);
  for (int i = 0; i < COUNT(outers); i++)
    bench_outer(kernels, outers[i][0], outers[i][1], outers[i][2], limit);
  for (int64_t n = 100; n <= 1024; n = n == 100 ? 256 : 4 * n) {
    bench_row(kernels, n, 0.5);
    bench_row(kernels, n, 1.0);
  }
  static const double densities[] = {0.05, 0.1, 0.2, 0.3, 0.4, 0.5};
  static const int64_t units[] = {32, 64, 100, 256, 1024};
  for (int i = 0; i < COUNT(units) && kernels->list_rows; i++)
    for (int j = 0; j < COUNT(densities); j++)
      for (int64_t rows = 8; rows <= 32; rows *= 2)
        bench_lists(kernels, units[i], densities[j], rows, 2560);
  static const int64_t of_rows[] = {256, 512, 724, 1024, 4000};
  for (int i = 0; i < COUNT(of_rows) && kernels->list_rows; i++)
    for (int j = 0; j < 4; j++) bench_list_row(kernels, of_rows[i], densities[j]);
  if (kernels->list_rows) bench_list_row(kernels, 20000, 0.01);
  bench_normals(kernels, 100);
  bench_normals(kernels, 256);
  bench_normals(kernels, 1024);
  bench_counts(kernels, 1000, 0.24F);
  bench_counts(kernels, 10000, 2);
  bench_normal_rows(kernels, 16, 100);
  bench_units(kernels, 100);
}

int main(int count, char **names)
{
  double limit = peak();
  printf("one core, in registers: %.1f GF/s\n", limit * 1e-9);
  for (int i = 0; nai__kernels_name(i); i++) {
    const nai__kernels *kernels = nai__kernels_named(nai__kernels_name(i));
    int asked = count < 2;
    for (int k = 1; k < count; k++) asked |= strcmp(names[k], nai__kernels_name(i)) == 0;
    if (kernels && asked) bench_table(kernels, limit);
  }
  return 0;
}
