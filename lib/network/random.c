/*
 * Normal numbers for extensions, by the kernels: many at once, the same bits from every table of
 * kernels.
 */
#include <neuroai/random.h>

#include "../base/error.h"
#include "../base/philox.h"
#include "../kernels/kernels.h"

/* The kernels number quadruples in 32 bits. */
#define MOST_NORMALS ((int64_t)1 << 34)

nai_status nai_random_normals(float *out, int64_t n, uint64_t seed, uint64_t stream)
{
  NAI__REQUIRE(out);
  if (n < 0 || n > MOST_NORMALS)
    return nai__fail(NAI_ERR_INVALID, "n is %lld, must be 0 to %lld", (long long)n,
                     (long long)MOST_NORMALS);
  /* kernels read 56 bits of a stream's number; the other 8 go where they count time steps */
  nai__kernels_best()->normals(out, n, seed, NAI__FOR_USER, stream, (uint32_t)(stream >> 56));
  return NAI_OK;
}
