/* Tables of connection probability: listed, found by name, checked, read. */
#include "tables.h"

#include <string.h>

#include "../base/error.h"
#include "../base/names.h"
#include "../base/structs.h"

enum { MOST_TYPES = 1024 };

#define ADDRESS(name) &nai__##name,
static const nai_connectivity *const tables[] = {NAI__TABLES(ADDRESS)};
#undef ADDRESS
enum { TABLES = sizeof tables / sizeof *tables };

static const size_t first_size = NAI__FIRST_SIZE(nai_connectivity, distance);

const char *nai_connectivity_name(int64_t index)
{
  return index >= 0 && index < TABLES ? tables[index]->name : NULL;
}

nai_status nai_connectivity_find(nai_connectivity *out, const char *name)
{
  NAI__TRY(nai__struct_check(out, first_size, "out"));
  NAI__REQUIRE(name);
  char known[160] = "";
  for (int i = 0; i < TABLES; i++) {
    if (strcmp(tables[i]->name, name) == 0) {
      nai__struct_give(out, tables[i], sizeof *tables[i]);
      return NAI_OK;
    }
    nai__choices_add(known, sizeof known, tables[i]->name);
  }
  return nai__fail(NAI_ERR_NAME,
                   "no table of connection probabilities is called '%.60s'; there are %s", name,
                   known);
}

const char *nai__connectivity_called(const nai_connectivity *table)
{
  return table->name ? table->name : "table";
}

/* Number of a type, or -1. */
static int64_t type_at(const nai_connectivity *table, const char *type)
{
  for (int64_t i = 0; i < table->n; i++)
    if (strcmp(table->type[i], type) == 0) return i;
  return -1;
}

static nai_status check_types(const nai_connectivity *table)
{
  const char *called = nai__connectivity_called(table);
  for (int64_t i = 0; i < table->n; i++) {
    NAI__TRY(nai__name_check(table->type[i], "type"));
    if (type_at(table, table->type[i]) < i)
      return nai__fail(NAI_ERR_NAME, "%.60s: type '%s' is there twice", called, table->type[i]);
    if (table->sign[i] < -1 || table->sign[i] > 1)
      return nai__fail(NAI_ERR_INVALID, "%.60s: sign of '%s' is %d, must be -1, 0 or +1", called,
                       table->type[i], (int)table->sign[i]);
    if (table->cells && table->cells[i] < 0)
      return nai__fail(NAI_ERR_INVALID, "%.60s: cells of '%s' is %lld, must be at least 0", called,
                       table->type[i], (long long)table->cells[i]);
  }
  return NAI_OK;
}

static nai_status check_probabilities(const nai_connectivity *table)
{
  for (int64_t post = 0; post < table->n; post++)
    for (int64_t pre = 0; pre < table->n; pre++) {
      double p = table->probability[post * table->n + pre];
      if (!isnan(p) && !(p >= 0 && p <= 1))
        return nai__fail(NAI_ERR_INVALID,
                         "%.60s: probability from '%s' to '%s' is %g, must be 0 to 1",
                         nai__connectivity_called(table), table->type[pre], table->type[post], p);
    }
  return NAI_OK;
}

nai_status nai__connectivity_take(nai_connectivity *out, const nai_connectivity *table)
{
  NAI__TRY(nai__struct_take(out, sizeof *out, table, first_size, "table"));
  NAI__TRY(nai__struct_reserved(out->reserved, "table"));
  if (!out->type) return nai__fail_null("type of the table");
  if (!out->sign) return nai__fail_null("sign of the table");
  if (!out->probability) return nai__fail_null("probability of the table");
  if (out->n < 1 || out->n > MOST_TYPES)
    return nai__fail(NAI_ERR_INVALID, "n of the table is %lld, must be 1 to %d", (long long)out->n,
                     MOST_TYPES);
  if (!(out->distance >= 0 && out->distance <= 1e6))
    return nai__fail(NAI_ERR_INVALID, "distance of the table is %g mm, must be 0 to 1e6",
                     out->distance);
  NAI__TRY(check_types(out));
  return check_probabilities(out);
}

static nai_status find_type(int64_t *out, const nai_connectivity *table, const char *type,
                            const char *argument)
{
  if (!type) return nai__fail_null(argument);
  *out = type_at(table, type);
  if (*out >= 0) return NAI_OK;
  char known[120] = "";
  for (int64_t i = 0; i < table->n; i++) nai__choices_add(known, sizeof known, table->type[i]);
  return nai__fail(NAI_ERR_NAME, "%s: %.40s has no cell type '%.40s'; there are %s", argument,
                   nai__connectivity_called(table), type, known);
}

nai_status nai_connectivity_probability(double *probability, const nai_connectivity *table,
                                        const char *from, const char *to)
{
  NAI__REQUIRE(probability);
  nai_connectivity t;
  int64_t pre, post;
  NAI__TRY(nai__connectivity_take(&t, table));
  NAI__TRY(find_type(&pre, &t, from, "from"));
  NAI__TRY(find_type(&post, &t, to, "to"));
  *probability = t.probability[post * t.n + pre];
  return NAI_OK;
}
