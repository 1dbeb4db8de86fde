/* A network of one area, laid out from a table: a population a cell type, a projection a pair. */
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/names.h"
#include "../base/structs.h"
#include "../network/network.h"
#include "populate.h"
#include "tables.h"

/* Room for "area/type:port"; what is longer is refused as a name before it gets here. */
enum { NAME_ROOM = 256 };

typedef struct plan {
  nai_connectivity table;
  nai_layout layout;
} plan;

static nai_status check_ports(const plan *p)
{
  for (int64_t k = 0; p->layout.ports && k < p->table.n * p->table.n; k++)
    if (p->layout.ports[k]) NAI__TRY(nai__name_check(p->layout.ports[k], "port"));
  return NAI_OK;
}

static nai_status take(plan *p, const nai_connectivity *table, const nai_layout *layout)
{
  NAI__TRY(nai__connectivity_take(&p->table, table));
  NAI__TRY(nai__struct_take(&p->layout, sizeof p->layout, layout,
                            NAI__FIRST_SIZE(nai_layout, length), "layout"));
  NAI__TRY(nai__struct_reserved(p->layout.reserved, "layout"));
  const nai_layout *l = &p->layout;
  if (l->area) NAI__TRY(nai__name_check(l->area, "area"));
  if (!(l->missing == -1 || (l->missing >= 0 && l->missing <= 1)))
    return nai__fail(NAI_ERR_INVALID, "missing is %g, must be 0 to 1, or -1", l->missing);
  if (!(l->length >= 0 && l->length <= 1e6))
    return nai__fail(NAI_ERR_INVALID, "length is %g mm, must be 0 to 1e6", l->length);
  return check_ports(p);
}

/* "area/type", which is refused where it is too long for a name. */
static nai_status name_of(char out[NAME_ROOM], const plan *p, int64_t type)
{
  const char *area = p->layout.area;
  snprintf(out, NAME_ROOM, "%s%s%s", area ? area : "", area ? "/" : "", p->table.type[type]);
  return nai__name_check(out, "name");
}

/* --- populations ------------------------------------------------------------------------------ */

static nai_status cells_of(int64_t *out, const plan *p, int64_t type)
{
  const int64_t *cells = p->layout.cells ? p->layout.cells : p->table.cells;
  if (!cells)
    return nai__fail(NAI_ERR_INVALID, "cells is NULL, and %.60s has no numbers of cells",
                     nai__connectivity_called(&p->table));
  *out = cells[type];
  if (*out < 0)
    return nai__fail(NAI_ERR_INVALID, "cells of '%s' is %lld, must be at least 0",
                     p->table.type[type], (long long)*out);
  return NAI_OK;
}

static nai_status add_populations(nai_network *net, const plan *p)
{
  int64_t all = 0;
  for (int64_t i = 0; i < p->table.n; i++) {
    char name[NAME_ROOM];
    int64_t n = 0;
    NAI__TRY(cells_of(&n, p, i));
    if (n == 0) continue;
    NAI__TRY(name_of(name, p, i));
    NAI__TRY(nai_network_add_population(net, name, n, p->table.sign[i]));
    all += n;
  }
  if (all == 0) return nai__fail(NAI_ERR_INVALID, "cells is 0 for each cell type");
  return NAI_OK;
}

/* --- projections ------------------------------------------------------------------------------ */

nai_status nai__connect_with(nai_network *net, const char *from, const char *to, double probability,
                             double length)
{
  nai_constraint *which = NULL;
  if (length > 0)
    NAI__TRY(nai_constraint_create_distance(&which, probability, length));
  else if (probability < 1)
    NAI__TRY(nai_constraint_create_sparse(&which, probability));
  int64_t first = net->n_projections;
  nai_status status = nai_network_connect(net, from, to);
  /* by number: their ends may have other projections, onto other ports */
  for (int64_t k = first; status == NAI_OK && which && k < net->n_projections; k++)
    status = nai__projection_constrain(&net->projection[k], which);
  nai_constraint_destroy(which);
  return status;
}

/* 1 where the area has a population of this type, whose name it gives. */
static nai_status find_population(int *there, char name[NAME_ROOM], const nai_network *net,
                                  const plan *p, int64_t type)
{
  NAI__TRY(name_of(name, p, type));
  int64_t node = nai__node_at(net, name);
  *there = node >= 0 && net->node[node].kind == NAI_POPULATIONS;
  return NAI_OK;
}

static nai_status probability_of(double *out, const plan *p, int64_t post, int64_t pre)
{
  *out = p->table.probability[post * p->table.n + pre];
  if (!isnan(*out)) return NAI_OK;
  if (p->layout.missing < 0)
    return nai__fail(NAI_ERR_UNSUPPORTED,
                     "%.60s has no probability from '%s' to '%s', which was not measured: set "
                     "missing, or leave out one of the two",
                     nai__connectivity_called(&p->table), p->table.type[pre], p->table.type[post]);
  *out = p->layout.missing;
  return NAI_OK;
}

static nai_status connect_pair(nai_network *net, const plan *p, int64_t post, int64_t pre)
{
  char from[NAME_ROOM], to[NAME_ROOM], target[2 * NAME_ROOM];
  int from_there = 0, to_there = 0;
  double probability = 0;
  NAI__TRY(find_population(&from_there, from, net, p, pre));
  NAI__TRY(find_population(&to_there, to, net, p, post));
  if (!from_there || !to_there) return NAI_OK;
  NAI__TRY(probability_of(&probability, p, post, pre));
  if (probability == 0) return NAI_OK;
  const char *port = p->layout.ports ? p->layout.ports[post * p->table.n + pre] : NULL;
  snprintf(target, sizeof target, "%s%s%s", to, port ? ":" : "", port ? port : "");
  return nai__connect_with(net, from, target, probability, p->layout.length);
}

static nai_status connect_types(nai_network *net, const plan *p)
{
  int any = 0;
  for (int64_t i = 0; i < p->table.n; i++) {
    char name[NAME_ROOM];
    int there = 0;
    NAI__TRY(find_population(&there, name, net, p, i));
    any |= there;
  }
  if (!any)
    return nai__fail(NAI_ERR_NAME,
                     "%s%.40s has no population of a cell type of %.60s, such as '%s'",
                     p->layout.area ? "area " : "the network", p->layout.area ? p->layout.area : "",
                     nai__connectivity_called(&p->table), p->table.type[0]);
  for (int64_t pre = 0; pre < p->table.n; pre++)
    for (int64_t post = 0; post < p->table.n; post++) NAI__TRY(connect_pair(net, p, post, pre));
  return NAI_OK;
}

/* --- the calls -------------------------------------------------------------------------------- */

nai_status nai_network_connect_types(nai_network *net, const nai_connectivity *table,
                                     const nai_layout *layout)
{
  NAI__TRY(nai__may_compose(net));
  plan p;
  NAI__TRY(nai__remember(net, take(&p, table, layout)));
  return nai__remember(net, connect_types(net, &p));
}

nai_status nai_network_populate(nai_network *net, const nai_connectivity *table,
                                const nai_layout *layout)
{
  NAI__TRY(nai__may_compose(net));
  plan p;
  NAI__TRY(nai__remember(net, take(&p, table, layout)));
  NAI__TRY(nai__remember(net, add_populations(net, &p)));
  return nai__remember(net, connect_types(net, &p));
}
