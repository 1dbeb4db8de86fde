/* Short-term plasticity in model files: written from the releases of a network, read as objects. */
#include "short_terms.h"

#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../network/releases.h"

#define MODEL (&nai__model_tsodyks_markram)

static const char *number_name(int k)
{
  return nai__field_at(MODEL->ops.parameters, k)->name;
}

/* No population has a space in its name. */
static void tensor_name(char name[NAI__TENSOR_NAME], int k, int64_t index)
{
  char owner[40];
  snprintf(owner, sizeof owner, "short term %lld", (long long)index);
  nai__model_node_tensor(name, number_name(k), owner);
}

static int is_one_value(const nai_short_term *s, int k)
{
  for (int64_t i = 0; i < s->n; i++)
    if (s->value[k][i] != s->value[k][0]) return 0;
  return 1;
}

/* --- writing ---------------------------------------------------------------------------------- */

void nai__short_terms_describe(nai__json_writer *w, const nai_network *net)
{
  char name[NAI__TENSOR_NAME];
  if (!net->n_releases) return;
  nai__json_open(w, "short_term", '[');
  for (int64_t i = 0; i < net->n_releases; i++) {
    const nai_short_term *s = net->release[i].short_term;
    nai__json_open(w, NULL, '{');
    nai__json_add_text(w, "model", MODEL->ops.name);
    nai__json_add_whole(w, "n", s->n);
    for (int k = 0; k < NAI__SHORT_TERM_NUMBERS; k++) {
      tensor_name(name, k, i);
      if (is_one_value(s, k))
        nai__json_add_real(w, number_name(k), s->value[k][0]);
      else
        nai__json_add_text(w, number_name(k), name);
    }
    nai__json_close(w, '}');
  }
  nai__json_close(w, ']');
}

nai_status nai__short_terms_add(nai__tensor_list *list, const nai_network *net)
{
  char name[NAI__TENSOR_NAME];
  for (int64_t i = 0; i < net->n_releases; i++) {
    const nai_short_term *s = net->release[i].short_term;
    for (int k = 0; k < NAI__SHORT_TERM_NUMBERS; k++) {
      if (is_one_value(s, k)) continue;
      tensor_name(name, k, i);
      NAI__TRY(nai__tensor_list_lend(list, name, NAI__F64, 1, &s->n, s->value[k]));
    }
  }
  return NAI_OK;
}

/* --- reading ---------------------------------------------------------------------------------- */

void nai__short_terms_release(nai__short_terms *list)
{
  for (int64_t i = 0; i < list->n; i++) nai_short_term_destroy(list->all[i]);
  nai__free(list->all);
  *list = (nai__short_terms){NULL, 0};
}

/* A number that this library has not may change what synapses do. */
static nai_status check_keys(const nai__json *json)
{
  const char *model;
  NAI__TRY(nai__json_text(&model, json, "model"));
  if (strcmp(model, MODEL->ops.name) != 0)
    return nai__fail(NAI_ERR_FORMAT, "no short-term plasticity is called '%.60s'", model);
  for (const nai__json *e = nai__json_first(json); e; e = e->next)
    if (strcmp(e->key, "model") != 0 && strcmp(e->key, "n") != 0 &&
        nai__field_find(MODEL, NAI_MODEL_PARAMETERS, e->key) < 0)
      return nai__fail(NAI_ERR_FORMAT, "'%s' has no parameter '%.60s'", model, e->key);
  return NAI_OK;
}

/* An absent number is its default. */
static nai_status read_number(double *values, int64_t n, int k, int64_t index,
                              const nai__json *json, const nai__tensors *file)
{
  const char *text = nai__json_string(nai__json_get(json, number_name(k)));
  char name[NAI__TENSOR_NAME];
  nai__tensor tensor;
  double value = nai__field_at(MODEL->ops.parameters, k)->initial;
  if (nai__json_get(json, number_name(k)) && !text)
    NAI__TRY(nai__json_real(&value, json, number_name(k)));
  for (int64_t i = 0; i < n; i++) values[i] = value;
  if (!text) return NAI_OK;
  tensor_name(name, k, index);
  if (strcmp(text, name) != 0)
    return nai__fail(NAI_ERR_FORMAT,
                     "%s of short-term plasticity is '%.60s', must be a number or "
                     "'%s'",
                     number_name(k), text, name);
  NAI__TRY(nai__tensors_expect(&tensor, file, name, NAI__F64, 1, &n));
  return nai__tensors_read(values, file, &tensor, 0, n);
}

static nai_status read_one(nai_short_term **out, int64_t index, const nai__json *json,
                           const nai__tensors *file)
{
  int64_t n;
  NAI__TRY(check_keys(json));
  NAI__TRY(nai__json_whole(&n, json, "n", 1, INT32_MAX));
  double *values = NAI__ARRAY(double, NAI__SHORT_TERM_NUMBERS *n);
  if (!values) return NAI_ERR_MEMORY;
  nai_status status = NAI_OK;
  for (int k = 0; k < NAI__SHORT_TERM_NUMBERS && status == NAI_OK; k++)
    status = read_number(values + k * n, n, k, index, json, file);
  if (status == NAI_OK)
    status = nai_short_term_create(out, n, values, values + n, values + 2 * n, values + 3 * n);
  nai__free(values);
  if (status == NAI_OK || status == NAI_ERR_MEMORY || status == NAI_ERR_FORMAT) return status;
  return nai__fail(NAI_ERR_FORMAT, "short-term plasticity %lld: %s", (long long)index,
                   nai_last_error());
}

nai_status nai__short_terms_read(nai__short_terms *out, const nai__json *model,
                                 const nai__tensors *file)
{
  const nai__json *list;
  if (!nai__json_get(model, "short_term")) return NAI_OK;
  NAI__TRY(nai__json_list(&list, model, "short_term"));
  out->all = NAI__ARRAY(nai_short_term *, list->n + 1);
  if (!out->all) return NAI_ERR_MEMORY;
  for (const nai__json *e = nai__json_first(list); e; e = e->next) {
    NAI__TRY(read_one(&out->all[out->n], out->n, e, file));
    out->n++;
  }
  return NAI_OK;
}

nai_status nai__short_terms_give(const nai__short_terms *list, const nai_network *net,
                                 nai__projection *p, const nai__json *json)
{
  int64_t index;
  if (!nai__json_get(json, "short_term")) return NAI_OK;
  NAI__TRY(nai__json_whole(&index, json, "short_term", 0, list->n - 1));
  nai_status status = nai__short_term_give(net, p, list->all[index]);
  return status == NAI_OK ? NAI_OK : nai__fail(NAI_ERR_FORMAT, "%s", nai_last_error());
}
