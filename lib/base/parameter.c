/* Numbers that are set by name: finding, checking, describing. */
#include "parameter.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "names.h"
#include "structs.h"

int nai__parameter_find(const nai__parameter *table, int n, const char *name, const char *owner)
{
  if (!name) {
    nai__fail_null("parameter");
    return -1;
  }
  /* What a message has room for, beside whose it is. */
  char choices[200] = "";
  size_t owned = strlen(owner), room = owned < 180 ? 200 - owned : 20;
  for (int i = 0; i < n; i++) {
    if (strcmp(table[i].name, name) == 0) return i;
    nai__choices_add(choices, room, table[i].name);
  }
  if (n)
    nai__fail(NAI_ERR_NAME, "%s has no parameter '%.24s'; it has %s", owner, name, choices);
  else
    nai__fail(NAI_ERR_NAME, "%s has no parameter '%.60s', and no other", owner, name);
  return -1;
}

nai_status nai__parameter_check(const nai__parameter *p, double value, const char *of)
{
  char whose[70] = "";
  const char *must = NULL;
  if (of) snprintf(whose, sizeof whose, " of '%.63s'", of);
  if (!(value >= p->low && value <= p->high))
    return nai__fail(NAI_ERR_INVALID, "%s%s is %g, must be %g to %g", p->name, whose, value, p->low,
                     p->high);
  if (p->whole && value != floor(value))
    must = p->low == 0 && p->high == 1 ? "0 or 1" : "a whole number";
  return must ? nai__fail(NAI_ERR_INVALID, "%s%s is %g, must be %s", p->name, whose, value, must)
              : NAI_OK;
}

nai_status nai__parameter_set(double *number, const nai__parameter *table, int n, const char *name,
                              double value, const char *owner)
{
  int i = nai__parameter_find(table, n, name, owner);
  if (i < 0) return name ? NAI_ERR_NAME : NAI_ERR_INVALID;
  NAI__TRY(nai__parameter_check(&table[i], value, NULL));
  number[i] = value;
  return NAI_OK;
}

nai_status nai__parameter_get(double *value, const double *number, const nai__parameter *table,
                              int n, const char *name, const char *owner)
{
  int i = nai__parameter_find(table, n, name, owner);
  if (i < 0) return name ? NAI_ERR_NAME : NAI_ERR_INVALID;
  *value = number[i];
  return NAI_OK;
}

nai_status nai__parameter_describe(nai_parameter *out, const nai__parameter *table, int n,
                                   int64_t index)
{
  NAI__TRY(nai__struct_check(out, NAI__FIRST_SIZE(nai_parameter, high), "out"));
  if (index < 0 || index >= n)
    return nai__fail(NAI_ERR_INVALID, "index is %lld, must be 0 to %d", (long long)index, n - 1);
  const nai__parameter *p = &table[index];
  const nai_parameter described = {.name = p->name,
                                   .unit = p->unit,
                                   .meaning = p->meaning,
                                   .initial = p->initial,
                                   .low = p->low,
                                   .high = p->high};
  nai__struct_give(out, &described, sizeof described);
  return NAI_OK;
}
