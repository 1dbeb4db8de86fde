/* Reading JSON: a value by its key, of the right type, or a message that says what is missing. */
#include "json.h"

#include "../base/error.h"

nai_status nai__json_text(const char **out, const json_t *object, const char *key)
{
  *out = json_string_value(json_object_get(object, key));
  return *out ? NAI_OK : nai__fail(NAI_ERR_FORMAT, "there is no text '%s'", key);
}

nai_status nai__json_real(double *out, const json_t *object, const char *key)
{
  const json_t *value = json_object_get(object, key);
  if (!json_is_number(value)) return nai__fail(NAI_ERR_FORMAT, "there is no number '%s'", key);
  *out = json_number_value(value);
  return NAI_OK;
}

nai_status nai__json_whole(int64_t *out, const json_t *object, const char *key, int64_t low,
                           int64_t high)
{
  const json_t *value = json_object_get(object, key);
  if (!json_is_integer(value))
    return nai__fail(NAI_ERR_FORMAT, "there is no whole number '%s'", key);
  *out = (int64_t)json_integer_value(value);
  if (*out < low || *out > high)
    return nai__fail(NAI_ERR_FORMAT, "'%s' is %lld, must be %lld to %lld", key, (long long)*out,
                     (long long)low, (long long)high);
  return NAI_OK;
}

nai_status nai__json_flag(int32_t *out, const json_t *object, const char *key)
{
  const json_t *value = json_object_get(object, key);
  if (!json_is_boolean(value))
    return nai__fail(NAI_ERR_FORMAT, "there is no '%s', true or false", key);
  *out = json_is_true(value);
  return NAI_OK;
}

nai_status nai__json_list(json_t **out, const json_t *object, const char *key)
{
  *out = json_object_get(object, key);
  return json_is_array(*out) ? NAI_OK : nai__fail(NAI_ERR_FORMAT, "there is no list '%s'", key);
}
