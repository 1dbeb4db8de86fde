/* Short-term plasticity as an object, and which projections of a network have it. */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "ends.h"
#include "releases.h"

static const nai_field *field_at(int k)
{
  return nai__field_at(nai__model_tsodyks_markram.ops.parameters, k);
}

/* --- the object ------------------------------------------------------------------------------- */

static nai_status check(const double *values, int64_t n, int k)
{
  const nai_field *field = field_at(k);
  if (!values) return nai__fail_null(field->name);
  for (int64_t i = 0; i < n; i++)
    if (!(values[i] >= field->low && values[i] <= field->high))
      return nai__fail(NAI_ERR_INVALID, "%s[%lld] is %g, must be %g to %g", field->name,
                       (long long)i, values[i], field->low, field->high);
  return NAI_OK;
}

nai_status nai_short_term_create(nai_short_term **out, int64_t n, const double *U,
                                 const double *tau_x, const double *tau_u, const double *hz)
{
  const double *const given[NAI__SHORT_TERM_NUMBERS] = {U, tau_x, tau_u, hz};
  NAI__REQUIRE(out);
  *out = NULL;
  if (n < 1 || n > INT32_MAX)
    return nai__fail(NAI_ERR_INVALID, "n is %lld, must be 1 to %d", (long long)n, INT32_MAX);
  for (int k = 0; k < NAI__SHORT_TERM_NUMBERS; k++) NAI__TRY(check(given[k], n, k));
  nai_short_term *made = NAI__NEW(nai_short_term);
  double *memory = NAI__ARRAY(double, NAI__SHORT_TERM_NUMBERS *n);
  if (!made || !memory) {
    nai__free(made);
    nai__free(memory);
    return NAI_ERR_MEMORY;
  }
  nai__reference_init(&made->reference);
  made->n = n;
  for (int k = 0; k < NAI__SHORT_TERM_NUMBERS; k++) {
    made->value[k] = memory + k * n;
    memcpy(made->value[k], given[k], (size_t)n * sizeof *memory);
  }
  *out = made;
  return NAI_OK;
}

void nai__short_term_keep(nai_short_term *short_term)
{
  if (short_term) nai__reference_keep(&short_term->reference);
}

void nai_short_term_destroy(nai_short_term *short_term)
{
  if (!short_term || !nai__reference_drop(&short_term->reference)) return;
  nai__free(short_term->value[0]);
  nai__free(short_term);
}

int64_t nai_short_term_size(const nai_short_term *short_term)
{
  return short_term ? short_term->n : -1;
}

nai_status nai_short_term_get(double *values, int64_t n, const nai_short_term *short_term,
                              const char *parameter)
{
  NAI__REQUIRE(values);
  NAI__REQUIRE(short_term);
  NAI__REQUIRE(parameter);
  if (n != short_term->n)
    return nai__fail(NAI_ERR_INVALID, "n is %lld, must be %lld", (long long)n,
                     (long long)short_term->n);
  for (int k = 0; k < NAI__SHORT_TERM_NUMBERS; k++) {
    if (strcmp(field_at(k)->name, parameter) != 0) continue;
    memcpy(values, short_term->value[k], (size_t)n * sizeof *values);
    return NAI_OK;
  }
  return nai__fail(NAI_ERR_NAME, "short-term plasticity has no '%.60s'; it has U, tau_x, tau_u, hz",
                   parameter);
}

/* --- of a network ----------------------------------------------------------------------------- */

static nai_status check_sender(const nai_network *net, const nai__projection *p,
                               const nai_short_term *short_term)
{
  const nai__node *node = &net->node[p->from];
  if (!short_term) return NAI_OK;
  if (node->kind != NAI_POPULATIONS)
    return nai__fail(NAI_ERR_UNSUPPORTED,
                     "'%s' is an input: short-term plasticity is of what populations send",
                     node->name);
  if (p->signal == 0 && nai__spikes(node))
    return nai__fail(NAI_ERR_UNSUPPORTED,
                     "'%s' spikes: short-term plasticity is of signals that are rates", node->name);
  if (short_term->n == 1 || short_term->n == node->n) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID,
                   "short_term has %lld values, must have 1 or %lld, one for each "
                   "unit of '%s'",
                   (long long)short_term->n, (long long)node->n, node->name);
}

static void give(nai__projection *p, nai_short_term *short_term)
{
  nai__short_term_keep(short_term);
  nai_short_term_destroy(p->short_term);
  p->short_term = short_term;
}

nai_status nai__short_term_give(const nai_network *net, nai__projection *p,
                                nai_short_term *short_term)
{
  NAI__TRY(check_sender(net, p, short_term));
  give(p, short_term);
  return NAI_OK;
}

static nai_status set(nai_network *net, const char *from, const char *to,
                      nai_short_term *short_term)
{
  NAI__TRY(nai__projections_known(net, from, to));
  NAI__EACH_PROJECTION(net, p, from, to) NAI__TRY(check_sender(net, p, short_term));
  NAI__EACH_PROJECTION(net, p, from, to) give(p, short_term);
  return NAI_OK;
}

nai_status nai_network_set_short_term(nai_network *net, const char *from, const char *to,
                                      nai_short_term *short_term)
{
  NAI__TRY(nai__may_compose(net));
  return nai__remember(net, set(net, from, to, short_term));
}

nai_status nai_network_short_term(nai_short_term **out, const nai_network *net, const char *from,
                                  const char *to)
{
  NAI__REQUIRE(out);
  *out = NULL;
  NAI__REQUIRE(net);
  const nai__projection *p;
  NAI__TRY(nai__projection_find(&p, net, from, to));
  nai__short_term_keep(p->short_term);
  *out = p->short_term;
  return NAI_OK;
}
