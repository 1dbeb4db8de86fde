/* Which table runs: found from the processor at each call, so there is nothing to initialise. */
#include <stddef.h>
#include <string.h>

#include "tables.h"

#if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__)
static int has_avx2(void)
{
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
static int has_avx512(void)
{
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
}
#else
static int has_avx2(void)
{
  return 0;
}
static int has_avx512(void)
{
  return 0;
}
#endif

static int always(void)
{
  return 1;
}

/*
 * Best first. The BLAS only runs when it is asked for: one that does not recognise the processor
 * falls back to a fraction of its speed, and a trial's bits depend on the batch with it. Without
 * AVX2 the portable table is as fast as OpenBLAS there.
 */
static const struct {
  const char *name;
  const nai__kernels *(*table)(void);
  int (*runs)(void);
} tables[] = {
    {"avx512", nai__kernels_avx512, has_avx512}, {"avx2", nai__kernels_avx2, has_avx2},
    {"neon", nai__kernels_neon, always}, /* NULL but on 64-bit ARM, all of which has it */
    {"blas", nai__kernels_blas, always},         {"portable", nai__kernels_portable, always},
};
enum { TABLES = sizeof tables / sizeof *tables };

const nai__kernels *nai__kernels_best(void)
{
  const nai__kernels *best = NULL;
  for (int i = 0; i < TABLES && !best; i++)
    if (tables[i].runs()) best = tables[i].table();
  return best;
}

const nai__kernels *nai__kernels_named(const char *name)
{
  for (int i = 0; i < TABLES; i++)
    if (strcmp(name, tables[i].name) == 0) return tables[i].runs() ? tables[i].table() : NULL;
  return NULL;
}

const char *nai__kernels_name(int index)
{
  return index >= 0 && index < TABLES ? tables[index].name : NULL;
}
