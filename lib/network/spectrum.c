/* What the eigenvalues and singular values of a recurrent weight matrix say. */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/structs.h"
#include "../kernels/lapack.h"
#include "row.h"

static int64_t selected_units(const nai_network *net, const char *names)
{
  int64_t n = 0;
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (nai__selected(&net->node[i], NAI__KIND(NAI_POPULATIONS), names)) n += net->node[i].n;
  return n;
}

/*
 * First row of a node in the gathered matrix: selected populations in the order in which they were
 * added.
 */
static int64_t gathered_at(const nai_network *net, const char *names, int64_t node)
{
  int64_t at = 0;
  for (int64_t i = 0; i < node; i++)
    if (nai__selected(&net->node[i], NAI__KIND(NAI_POPULATIONS), names)) at += net->node[i].n;
  return at;
}

/* Weights onto several ports of a unit, or onto copies of one, are added. */
nai_status nai__gather(double **out, int64_t *n, const nai_network *net, const char *names)
{
  int64_t size = *n = selected_units(net, names);
  if (size > 32768)
    return nai__fail(NAI_ERR_UNSUPPORTED, "a spectrum of %lld units is too large, at most 32768",
                     (long long)size);
  double *w = *out = NAI__ARRAY(double, size *size);
  if (!w) return NAI_ERR_MEMORY;
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    if (!nai__selected(&net->node[p->from], NAI__KIND(NAI_POPULATIONS), names)) continue;
    if (!nai__selected(&net->node[p->to], NAI__KIND(NAI_POPULATIONS), names)) continue;
    int64_t row = gathered_at(net, names, p->to), column = gathered_at(net, names, p->from);
    for (int64_t i = 0; i < p->n_post; i++) {
      double *onto = w + row + i % net->node[p->to].n;
      for (nai__row at = nai__row_of(net, p, i); nai__row_next(&at);)
        onto[(column + at.pre) * size] += (double)net->theta[at.place];
    }
  }
  return NAI_OK;
}

/*
 * Radius of the disc that random weights of this variance fill. Each column (presynaptic unit) has
 * its own mean and variance: R^2 = sum of the columns' variances (Rajan & Abbott).
 */
static double bulk_radius(const double *w, int64_t n)
{
  double sum = 0;
  for (int64_t j = 0; j < n; j++) {
    double mean = 0, square = 0;
    for (int64_t i = 0; i < n; i++) {
      mean += w[j * n + i];
      square += w[j * n + i] * w[j * n + i];
    }
    mean /= (double)n;
    sum += square / (double)n - mean * mean;
  }
  return sqrt(sum > 0 ? sum : 0);
}

static double entropy(const double *values, int64_t n)
{
  double sum = 0, h = 0;
  for (int64_t i = 0; i < n; i++) sum += values[i];
  if (sum <= 0 || n < 2) return 0;
  for (int64_t i = 0; i < n; i++)
    if (values[i] > 0) h -= values[i] / sum * log(values[i] / sum);
  return h / log((double)n);
}

/* w is destroyed; scratch [n][n]; values [3][n]: real, imaginary, singular. */
static nai_status analyse(nai_spectrum *out, double *values, double *w, double *scratch, int64_t n)
{
  out->bulk = bulk_radius(w, n);
  memcpy(scratch, w, (size_t)(n * n) * sizeof *w);
  NAI__TRY(nai__eigenvalues(values, values + n, w, n));
  NAI__TRY(nai__singular_values(values + 2 * n, scratch, n));
  out->radius = 0;
  for (int64_t i = 0; i < n; i++) out->radius = fmax(out->radius, hypot(values[i], values[n + i]));
  out->outlier = out->bulk > 0 ? out->radius / out->bulk : 0;
  out->entropy = entropy(values + 2 * n, n);
  return NAI_OK;
}

static nai_status check_arguments(nai_spectrum *out, const double *real, const double *imaginary,
                                  int64_t capacity, const nai_network *net, const char *names)
{
  NAI__TRY(nai__struct_check(out, NAI__FIRST_SIZE(nai_spectrum, entropy), "out"));
  NAI__TRY(nai__require_built(net, "net"));
  NAI__TRY(nai__names_known(net, NAI__KIND(NAI_POPULATIONS), names, "names"));
  if (!real != !imaginary) return nai__fail_null(real ? "imaginary" : "real");
  int64_t n = selected_units(net, names);
  if (real && capacity < n)
    return nai__fail(NAI_ERR_INVALID, "capacity is %lld, must be at least %lld",
                     (long long)capacity, (long long)n);
  return NAI_OK;
}

nai_status nai_network_spectrum(nai_spectrum *out, double *real, double *imaginary,
                                int64_t capacity, const nai_network *net, const char *names)
{
  NAI__TRY(check_arguments(out, real, imaginary, capacity, net, names));
  nai_spectrum result = NAI_SPECTRUM_INIT;
  double *w = NULL;
  NAI__TRY(nai__gather(&w, &result.n, net, names));
  double *scratch = NAI__ARRAY(double, result.n *result.n),
         *values = NAI__ARRAY(double, 3 * result.n);
  nai_status status =
      scratch && values ? analyse(&result, values, w, scratch, result.n) : NAI_ERR_MEMORY;
  if (status == NAI_OK) {
    nai__struct_give(out, &result, sizeof result);
    if (real) memcpy(real, values, (size_t)result.n * sizeof *real);
    if (imaginary) memcpy(imaginary, values + result.n, (size_t)result.n * sizeof *imaginary);
  }
  nai__free(values);
  nai__free(scratch);
  nai__free(w);
  return status;
}
