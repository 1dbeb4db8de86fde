/* What differs between two JSON values, by name: the first difference, and where it is. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "checkpoint.h"
#include "decimal.h"

/* A value as it is written, cut short. */
static void show(char text[40], const nai__json *value)
{
  static const char *const words[] = {[NAI__JSON_NULL] = "null",
                                      [NAI__JSON_FALSE] = "false",
                                      [NAI__JSON_TRUE] = "true",
                                      [NAI__JSON_LIST] = "[...]",
                                      [NAI__JSON_OBJECT] = "{...}"};
  double number;
  if (!value)
    strcpy(text, "not there");
  else if (value->kind == NAI__JSON_TEXT)
    snprintf(text, 40, "\"%.36s\"", value->is.text);
  else if (value->kind == NAI__JSON_WHOLE)
    snprintf(text, 40, "%lld", (long long)value->is.whole);
  else if (value->kind == NAI__JSON_REAL && nai__json_number(&number, value))
    nai__decimal_print(text, number);
  else
    strcpy(text, value->kind == NAI__JSON_REAL ? "beyond all numbers" : words[value->kind]);
}

static nai_status differ(const nai__json *file, const nai__json *ours, const char *path)
{
  char theirs[40], mine[40];
  show(theirs, file);
  show(mine, ours);
  return nai__fail(NAI_ERR_INVALID, "%s is %s in the file, %s here", path, theirs, mine);
}

/* What an entry of a list is: by its name, or its two ends, or its number. */
static void entry_path(char out[160], const char *path, const nai__json *entry, int i)
{
  const char *name = nai__json_string(nai__json_get(entry, "name"));
  const char *from = nai__json_string(nai__json_get(entry, "from"));
  const char *to = nai__json_string(nai__json_get(entry, "to"));
  if (name)
    snprintf(out, 160, "%.60s '%.60s'", path, name);
  else if (from && to)
    snprintf(out, 160, "%.20s '%.60s' -> '%.60s'", path, from, to);
  else
    snprintf(out, 160, "%.120s[%d]", path, i);
}

static nai_status same_lists(const nai__json *file, const nai__json *ours, const char *path)
{
  char inner[160];
  const nai__json *theirs = nai__json_first(file), *mine = nai__json_first(ours);
  for (int i = 0; theirs || mine; i++) {
    entry_path(inner, path, mine ? mine : theirs, i);
    NAI__TRY(nai__json_same(theirs, mine, inner));
    assert(theirs && mine); /* they are the same */
    theirs = theirs->next;
    mine = mine->next;
  }
  return NAI_OK;
}

/* Of the whole; further in they are names that users gave. */
static int may_differ(const char *key, const char *path)
{
  return !*path && (strcmp(key, "library") == 0 || strcmp(key, "progress") == 0);
}

/*
 * A number of a node that only one of the two has, at its default: the library that wrote the file
 * had none, or it is not written there.
 */
static int is_default(const nai__json *entry, const char *path)
{
  static const char *const lists[] = {
      [NAI_INPUTS] = "inputs '", [NAI_POPULATIONS] = "populations '", [NAI_OUTPUTS] = "outputs '"};
  double value;
  int first, n;
  if (!nai__json_number(&value, entry)) return 0;
  for (int32_t kind = NAI_INPUTS; kind <= NAI_OUTPUTS; kind++) {
    if (strncmp(path, lists[kind], strlen(lists[kind])) != 0) continue;
    if (strcmp(entry->key, "sign") == 0) return value == 0;
    const nai__parameter *table = nai__numbers_of(kind, &first, &n);
    for (int k = 0; k < n; k++)
      if (strcmp(table[k].name, entry->key) == 0) return value == table[k].initial;
  }
  return 0;
}

static nai_status same_objects(const nai__json *file, const nai__json *ours, const char *path)
{
  char inner[160];
  for (const nai__json *mine = nai__json_first(ours); mine; mine = mine->next) {
    snprintf(inner, sizeof inner, "%.100s%s%.50s", path, *path ? ": " : "", mine->key);
    const nai__json *theirs = nai__json_get(file, mine->key);
    if (may_differ(mine->key, path) || (!theirs && is_default(mine, path))) continue;
    NAI__TRY(nai__json_same(theirs, mine, inner));
  }
  for (const nai__json *theirs = nai__json_first(file); theirs; theirs = theirs->next) {
    snprintf(inner, sizeof inner, "%.100s%s%.50s", path, *path ? ": " : "", theirs->key);
    if (may_differ(theirs->key, path) || nai__json_get(ours, theirs->key)) continue;
    if (!is_default(theirs, path)) return differ(theirs, NULL, inner);
  }
  return NAI_OK;
}

static int same_values(const nai__json *a, const nai__json *b)
{
  double x, y;
  if (nai__json_string(a) && nai__json_string(b)) return strcmp(a->is.text, b->is.text) == 0;
  if (a->kind == NAI__JSON_WHOLE && b->kind == NAI__JSON_WHOLE) return a->is.whole == b->is.whole;
  if (nai__json_number(&x, a) && nai__json_number(&y, b)) return x == y;
  return a->kind == b->kind && a->kind <= NAI__JSON_TRUE;
}

nai_status nai__json_same(const nai__json *file, const nai__json *ours, const char *path)
{
  int32_t theirs = file ? file->kind : -1, mine = ours ? ours->kind : -1;
  if (theirs == NAI__JSON_OBJECT && mine == theirs) return same_objects(file, ours, path);
  if (theirs == NAI__JSON_LIST && mine == theirs) return same_lists(file, ours, path);
  if (file && ours && same_values(file, ours)) return NAI_OK;
  return differ(file, ours, path);
}
