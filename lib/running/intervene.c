/* Interventions: checking and writing what some units of some populations get. */
#include "intervene.h"

#include <fnmatch.h>
#include <math.h>

#include "../base/error.h"
#include "../base/names.h"

static int selected(const nai__node *node, const nai__some_units *which)
{
  return nai__selected(node, NAI__KIND(NAI_POPULATIONS), which->names);
}

static int64_t count_units(const nai__node *node, const nai__some_units *which)
{
  return which->n == NAI_ALL_UNITS ? node->n : which->n;
}

static int64_t unit_of(const nai__some_units *which, int64_t k)
{
  return which->n == NAI_ALL_UNITS ? k : which->units[k];
}

/* --- checking --------------------------------------------------------------------------------- */

nai_status nai__units_range_check(const nai__node *node, const nai__some_units *which)
{
  for (int64_t k = 0; k < which->n; k++)
    if (which->units[k] < 0 || which->units[k] >= node->n)
      return nai__fail(NAI_ERR_INVALID, "units[%lld] is %lld, must be 0 to %lld, the units of '%s'",
                       (long long)k, (long long)which->units[k], (long long)node->n - 1,
                       node->name);
  return NAI_OK;
}

/* In units that are in range: as many as `seen` has room for, or some are the same. */
nai_status nai__units_repeated_check(const nai__some_units *which, unsigned char *seen)
{
  int64_t k = 0;
  while (k < which->n && !seen[which->units[k]]) seen[which->units[k++]] = 1;
  for (int64_t i = 0; i < k; i++) seen[which->units[i]] = 0;
  if (k == which->n) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID,
                   "units[%lld] is %lld, which was given before: give each unit once", (long long)k,
                   (long long)which->units[k]);
}

nai_status nai__units_count_check(const nai__some_units *which)
{
  if (which->n == NAI_ALL_UNITS) return NAI_OK;
  if (which->n < 0)
    return nai__fail(NAI_ERR_INVALID, "%s is %lld, must be at least 0, or NAI_ALL_UNITS (%d)",
                     which->count ? which->count : "n", (long long)which->n, NAI_ALL_UNITS);
  if (!which->units)
    return nai__fail(NAI_ERR_INVALID, "units is NULL; all units are meant by NAI_ALL_UNITS (%d)",
                     NAI_ALL_UNITS);
  return NAI_OK;
}

nai_status nai__units_check(const nai_network *net, const nai__some_units *which, int side,
                            unsigned char *seen)
{
  NAI__TRY(nai__parts_known(net, NAI__KIND(NAI_POPULATIONS), side, which->names, "names"));
  NAI__TRY(nai__units_count_check(which));
  if (which->n == NAI_ALL_UNITS) return NAI_OK;
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (selected(&net->node[i], which)) NAI__TRY(nai__units_range_check(&net->node[i], which));
  return nai__units_repeated_check(which, seen);
}

nai_status nai__unit_values_check(const nai_network *net, const nai__some_units *which,
                                  const float *value, int64_t n, const char *what)
{
  if (!value) return nai__fail_null(what);
  for (int64_t i = 0; i < net->n_nodes; i++) {
    const nai__node *node = &net->node[i];
    if (!selected(node, which) || n == 1 || n == count_units(node, which)) continue;
    return nai__fail(NAI_ERR_INVALID,
                     "%s has %lld values, must have 1 or %lld, one for each unit of '%s'%s", what,
                     (long long)n, (long long)count_units(node, which), node->name,
                     which->n == NAI_ALL_UNITS ? "" : " that is meant");
  }
  return nai__values_finite(value, n, what);
}

nai_status nai__values_finite(const float *value, int64_t n, const char *what)
{
  if (n == 1 && !isfinite(value[0]))
    return nai__fail(NAI_ERR_NONFINITE, "%s is %g, must be finite", what, (double)value[0]);
  for (int64_t k = 0; k < n; k++)
    if (!isfinite(value[k]))
      return nai__fail(NAI_ERR_NONFINITE, "%s[%lld] is %g, must be finite", what, (long long)k,
                       (double)value[k]);
  return NAI_OK;
}

/* --- signals and ports ------------------------------------------------------------------------ */

static nai_status fail_several(const nai__node *node, int side, const char *part)
{
  char choices[120] = "";
  for (int32_t k = 0; k < nai__ends_of(node, side); k++)
    if (nai__end_is(node, side, k, part))
      nai__choices_add(choices, sizeof choices, nai__end_name(node, side, k));
  return nai__fail(NAI_ERR_NAME, "names: '%s:%s' means several ports, must be one of %s",
                   node->name, part, choices);
}

nai_status nai__units_ends(uint32_t *ends, const nai__node *node, int side, const char *names)
{
  char entry[NAI__ENTRY];
  *ends = 0;
  while (nai__names_next(&names, entry) == 1) {
    const char *part = nai__names_part(entry);
    int found = 0;
    if (fnmatch(entry, node->name, 0) != 0) continue;
    for (int32_t k = 0; k < nai__ends_of(node, side); k++) {
      if (part ? !nai__end_is(node, side, k, part) : k > 0) continue;
      *ends |= 1u << k;
      found++;
    }
    if (found > 1) return fail_several(node, side, part);
  }
  return NAI_OK;
}

/* --- writing ---------------------------------------------------------------------------------- */

void nai__units_set(float *row, const nai_network *net, const nai__some_units *which, int side,
                    const float *value, int64_t n)
{
  for (int64_t i = 0; i < net->n_nodes; i++) {
    const nai__node *node = &net->node[i];
    if (!selected(node, which) || !nai__end_listed(node, side, 0, which->names)) continue;
    for (int64_t k = 0; k < count_units(node, which); k++)
      row[node->offset + unit_of(which, k)] = value[n == 1 ? 0 : k];
  }
}

static void mark_end(unsigned char *seen, const nai__node *node, const nai__some_units *which,
                     int side, int32_t end, unsigned char mark)
{
  int64_t first = nai__end_column(node, side, end), width = nai__end_width(node, side, end);
  for (int64_t copy = 0; copy < width; copy += node->n)
    for (int64_t k = 0; k < count_units(node, which); k++)
      seen[first + copy + unit_of(which, k)] = mark;
}

void nai__units_mark(unsigned char *seen, const nai_network *net, const nai__some_units *which,
                     int side, unsigned char mark)
{
  for (int64_t i = 0; i < net->n_nodes; i++) {
    const nai__node *node = &net->node[i];
    if (!selected(node, which)) continue;
    for (int32_t end = 0; end < nai__ends_of(node, side); end++)
      if (nai__end_listed(node, side, end, which->names))
        mark_end(seen, node, which, side, end, mark);
  }
}
