/* What differs between two JSON values, by name: the first difference, and where it is. */
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "checkpoint.h"

/* A value as it is written, cut short. */
static void show(char text[40], const json_t *value)
{
  memset(text, 0, 40);
  if (value)
    json_dumpb(value, text, 39, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(9));
  else
    strcpy(text, "not there");
}

static nai_status differ(const json_t *file, const json_t *ours, const char *path)
{
  char theirs[40], mine[40];
  show(theirs, file);
  show(mine, ours);
  return nai__fail(NAI_ERR_INVALID, "%s is %s in the file, %s here", path, theirs, mine);
}

/* What an entry of a list is: by its name, or its two ends, or its number. */
static void entry_path(char out[160], const char *path, const json_t *entry, size_t i)
{
  const char *name = json_string_value(json_object_get(entry, "name"));
  const char *from = json_string_value(json_object_get(entry, "from"));
  const char *to = json_string_value(json_object_get(entry, "to"));
  if (name)
    snprintf(out, 160, "%.60s '%.60s'", path, name);
  else if (from && to)
    snprintf(out, 160, "%.20s '%.60s' -> '%.60s'", path, from, to);
  else
    snprintf(out, 160, "%.120s[%d]", path, (int)i);
}

static nai_status same_lists(const json_t *file, const json_t *ours, const char *path)
{
  char inner[160];
  for (size_t i = 0; i < json_array_size(file) || i < json_array_size(ours); i++) {
    const json_t *theirs = json_array_get(file, i), *mine = json_array_get(ours, i);
    entry_path(inner, path, mine ? mine : theirs, i);
    NAI__TRY(nai__json_same(theirs, mine, inner));
  }
  return NAI_OK;
}

static int may_differ(const char *key)
{
  return strcmp(key, "library") == 0 || strcmp(key, "progress") == 0;
}

static nai_status same_objects(const json_t *file, const json_t *ours, const char *path)
{
  char inner[160];
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)ours, key, value)
  {
    snprintf(inner, sizeof inner, "%.100s%s%.50s", path, *path ? ": " : "", key);
    if (!may_differ(key)) NAI__TRY(nai__json_same(json_object_get(file, key), value, inner));
  }
  json_object_foreach((json_t *)file, key, value)
  {
    snprintf(inner, sizeof inner, "%.100s%s%.50s", path, *path ? ": " : "", key);
    if (!may_differ(key) && !json_object_get(ours, key)) return differ(value, NULL, inner);
  }
  return NAI_OK;
}

nai_status nai__json_same(const json_t *file, const json_t *ours, const char *path)
{
  if (json_is_object(file) && json_is_object(ours)) return same_objects(file, ours, path);
  if (json_is_array(file) && json_is_array(ours)) return same_lists(file, ours, path);
  if (file && ours && json_equal(file, ours)) return NAI_OK;
  return differ(file, ours, path);
}
