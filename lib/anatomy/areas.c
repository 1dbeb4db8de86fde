/* Areas: placed, measured, created with their links, read. */
#include "areas.h"

#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/names.h"
#include "../base/random.h"

enum { MOST_AREAS = 4096 };

static nai_status check_count(int64_t n)
{
  if (n < 1 || n > MOST_AREAS)
    return nai__fail(NAI_ERR_INVALID, "n is %lld, must be 1 to %d", (long long)n, MOST_AREAS);
  return NAI_OK;
}

static nai_status check_finite(const double *values, int64_t n, const char *what)
{
  if (!values) return nai__fail_null(what);
  for (int64_t k = 0; k < n; k++)
    if (!(fabs(values[k]) <= 1e9))
      return nai__fail(NAI_ERR_INVALID, "%s[%lld] is %g, must be -1e9 to 1e9", what, (long long)k,
                       values[k]);
  return NAI_OK;
}

/* --- where they are --------------------------------------------------------------------------- */

nai_status nai_areas_place(double *position, int64_t n, double radius, uint64_t seed)
{
  NAI__REQUIRE(position);
  NAI__TRY(check_count(n));
  if (!(radius > 0 && radius <= 1e6))
    return nai__fail(NAI_ERR_INVALID, "radius is %g mm, must be above 0 and at most 1e6", radius);
  for (int64_t a = 0; a < n; a++) {
    nai__stream random = nai__stream_open(seed, NAI__FOR_AREAS, (uint64_t)a, 1);
    double *p = position + 3 * a, length = 0;
    while (!(length > 1e-6)) { /* a direction: three normals are alike in all of them */
      for (int k = 0; k < 3; k++) p[k] = nai__stream_normal(&random);
      length = sqrt(p[0] * p[0] + p[1] * p[1] + p[2] * p[2]);
    }
    for (int k = 0; k < 3; k++) p[k] *= radius / length;
  }
  return NAI_OK;
}

static double apart(const double *p, const double *q, double radius)
{
  double x = p[0] - q[0], y = p[1] - q[1], z = p[2] - q[2];
  double straight = sqrt(x * x + y * y + z * z);
  return radius > 0 ? 2 * radius * asin(fmin(1, straight / (2 * radius))) : straight;
}

nai_status nai_areas_measure(double *distance, const double *position, int64_t n, double radius)
{
  NAI__REQUIRE(distance);
  NAI__TRY(check_count(n));
  NAI__TRY(check_finite(position, 3 * n, "position"));
  if (!(radius >= 0 && radius <= 1e6))
    return nai__fail(NAI_ERR_INVALID, "radius is %g mm, must be 0 to 1e6", radius);
  for (int64_t a = 0; a < n && radius > 0; a++) {
    const double *p = position + 3 * a, origin[3] = {0};
    double from_origin = apart(p, origin, 0);
    if (fabs(from_origin - radius) > 1e-3 * radius)
      return nai__fail(NAI_ERR_INVALID,
                       "position %lld is %g mm from the origin, must be on the sphere of radius %g",
                       (long long)a, from_origin, radius);
  }
  for (int64_t a = 0; a < n; a++)
    for (int64_t b = 0; b < n; b++)
      distance[a * n + b] = a == b ? 0 : apart(position + 3 * a, position + 3 * b, radius);
  return NAI_OK;
}

/* --- the object ------------------------------------------------------------------------------- */

static nai_status take_names(nai_areas *areas, const char *names)
{
  char entry[NAI__ENTRY];
  int found;
  int64_t at = 0;
  for (const char *rest = names; (found = nai__names_next(&rest, entry)) != 0; at++) {
    if (found < 0) return nai__fail(NAI_ERR_NAME, "names: one of them has more than 63 characters");
    NAI__TRY(nai__name_check(entry, "name of an area"));
    for (int64_t k = 0; k < at && k < areas->n; k++)
      if (strcmp(areas->name[k], entry) == 0)
        return nai__fail(NAI_ERR_NAME, "names: area '%s' is there twice", entry);
    if (at < areas->n) memcpy(areas->name[at], entry, strlen(entry) + 1);
  }
  if (at != areas->n)
    return nai__fail(NAI_ERR_INVALID, "names has %lld areas, but n is %lld", (long long)at,
                     (long long)areas->n);
  return NAI_OK;
}

static nai_status take_distances(nai_areas *areas, const double *distance)
{
  int64_t n = areas->n;
  for (int64_t k = 0; k < n * n; k++) {
    if (k / n == k % n) continue;
    if (!(distance[k] >= 0 && distance[k] <= 1e9))
      return nai__fail(NAI_ERR_INVALID, "distance from '%s' to '%s' is %g mm, must be 0 to 1e9",
                       areas->name[k % n], areas->name[k / n], distance[k]);
    areas->matrix[NAI_AREAS_DISTANCE][k] = distance[k];
  }
  return NAI_OK;
}

static nai_status make(nai_areas *areas, const char *names, const double *distance,
                       const double *level, const nai_areas_rule *rule, uint64_t seed)
{
  int64_t n = areas->n;
  areas->name = nai__alloc(n, sizeof *areas->name);
  if (!areas->name) return NAI_ERR_MEMORY;
  for (int k = 0; k < NAI__AREAS_MATRICES; k++)
    if (!(areas->matrix[k] = NAI__ARRAY(double, n *n))) return NAI_ERR_MEMORY;
  NAI__TRY(take_names(areas, names));
  NAI__TRY(take_distances(areas, distance));
  return nai__areas_apply(areas, rule, level, seed);
}

nai_status nai_areas_create(nai_areas **out, const char *names, const double *distance,
                            const double *level, int64_t n, const nai_areas_rule *rule,
                            uint64_t seed)
{
  NAI__REQUIRE(out);
  *out = NULL;
  nai_areas_rule taken;
  NAI__REQUIRE(names);
  NAI__REQUIRE(distance);
  NAI__TRY(check_count(n));
  NAI__TRY(nai__areas_rule_take(&taken, rule));
  if (level) NAI__TRY(check_finite(level, n, "level"));
  nai_areas *areas = NAI__NEW(nai_areas);
  if (!areas) return NAI_ERR_MEMORY;
  areas->n = n;
  nai_status status = make(areas, names, distance, level, &taken, seed);
  if (status == NAI_OK)
    *out = areas;
  else
    nai_areas_destroy(areas);
  return status;
}

void nai_areas_destroy(nai_areas *areas)
{
  if (!areas) return;
  for (int k = 0; k < NAI__AREAS_MATRICES; k++) nai__free(areas->matrix[k]);
  nai__free(areas->name);
  nai__free(areas->plan);
  nai__free(areas);
}

int64_t nai_areas_count(const nai_areas *areas)
{
  return areas ? areas->n : 0;
}

const char *nai_areas_name(const nai_areas *areas, int64_t index)
{
  return areas && index >= 0 && index < areas->n ? areas->name[index] : NULL;
}

nai_status nai_areas_read(double *values, const nai_areas *areas, int32_t what)
{
  NAI__REQUIRE(values);
  NAI__REQUIRE(areas);
  if (what < 0 || what >= NAI__AREAS_MATRICES)
    return nai__fail(NAI_ERR_INVALID, "what is %d, must be 0 to %d", (int)what,
                     NAI__AREAS_MATRICES - 1);
  memcpy(values, areas->matrix[what], (size_t)(areas->n * areas->n) * sizeof *values);
  return NAI_OK;
}
