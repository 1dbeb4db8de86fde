/* Looking at JSON: a value by its key, of the right type, or a message about what is missing. */
#include "json.h"

#include <string.h>

#include "../base/error.h"
#include "decimal.h"

const nai__json *nai__json_get(const nai__json *object, const char *key)
{
  if (!object || object->kind != NAI__JSON_OBJECT) return NULL;
  int32_t low = 0, high = object->n;
  while (low < high) {
    int32_t middle = low + (high - low) / 2;
    int order = strcmp(key, object->is.by_key[middle]->key);
    if (order == 0) return object->is.by_key[middle];
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return NULL;
}

/* Values stand in the order of the text: the first entry is behind what it belongs to. */
const nai__json *nai__json_first(const nai__json *value)
{
  return value && value->n ? value + 1 : NULL;
}

const char *nai__json_string(const nai__json *value)
{
  return value && value->kind == NAI__JSON_TEXT ? value->is.text : NULL;
}

int nai__json_number(double *out, const nai__json *value)
{
  if (!value) return 0;
  if (value->kind == NAI__JSON_WHOLE) *out = (double)value->is.whole;
  return value->kind == NAI__JSON_WHOLE ||
         (value->kind == NAI__JSON_REAL && nai__decimal_read(out, value->is.real));
}

nai_status nai__json_text(const char **out, const nai__json *object, const char *key)
{
  *out = nai__json_string(nai__json_get(object, key));
  return *out ? NAI_OK : nai__fail(NAI_ERR_FORMAT, "there is no text '%s'", key);
}

nai_status nai__json_real(double *out, const nai__json *object, const char *key)
{
  const nai__json *value = nai__json_get(object, key);
  if (nai__json_number(out, value)) return NAI_OK;
  if (value && value->kind == NAI__JSON_REAL)
    return nai__fail(NAI_ERR_FORMAT, "'%s' is beyond the largest number", key);
  return nai__fail(NAI_ERR_FORMAT, "there is no number '%s'", key);
}

nai_status nai__json_whole(int64_t *out, const nai__json *object, const char *key, int64_t low,
                           int64_t high)
{
  const nai__json *value = nai__json_get(object, key);
  if (!value || value->kind != NAI__JSON_WHOLE)
    return nai__fail(NAI_ERR_FORMAT, "there is no whole number '%s'", key);
  *out = value->is.whole;
  if (*out < low || *out > high)
    return nai__fail(NAI_ERR_FORMAT, "'%s' is %lld, must be %lld to %lld", key, (long long)*out,
                     (long long)low, (long long)high);
  return NAI_OK;
}

nai_status nai__json_flag(int32_t *out, const nai__json *object, const char *key)
{
  const nai__json *value = nai__json_get(object, key);
  if (!value || (value->kind != NAI__JSON_FALSE && value->kind != NAI__JSON_TRUE))
    return nai__fail(NAI_ERR_FORMAT, "there is no '%s', true or false", key);
  *out = value->kind == NAI__JSON_TRUE;
  return NAI_OK;
}

nai_status nai__json_list(const nai__json **out, const nai__json *object, const char *key)
{
  *out = nai__json_get(object, key);
  return *out && (*out)->kind == NAI__JSON_LIST
             ? NAI_OK
             : nai__fail(NAI_ERR_FORMAT, "there is no list '%s'", key);
}
