/*
 * Projections between areas: only excitatory cells send, feed-forward and feedback links reach other
 * cell types, and there are as many synapses as make the given fraction local.
 */
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/names.h"
#include "../base/structs.h"
#include "../constraint/builtin.h"
#include "../network/ends.h"
#include "../network/network.h"
#include "areas.h"
#include "populate.h"

/* What one call works with. */
typedef struct work {
  nai_areas *areas;
  const nai_network *net;
  nai_network *placed; /* a copy whose units have their places; NULL until they are asked for */
  nai_streams streams;
  int64_t *order;   /* nodes in areas, area by area */
  int64_t *first;   /* an area: its first place in `order`; of n areas n + 1 */
  int64_t *area_of; /* a node: its area, or -1 */
  double *synapses; /* an area: from other areas */
  double *share;    /* an area: of what another one gets, from this one */
  double *units;    /* an area: units of its populations */
  nai__areas_projection *plan;
  int64_t n_planned, link; /* `link`: first one of the link at hand */
} work;

/* --- populations of areas --------------------------------------------------------------------- */

/* What follows "area/", or NULL where the node is no population of this area. */
static const char *type_in(const nai_areas *areas, int64_t area, const nai__node *node)
{
  size_t length = strlen(areas->name[area]);
  if (node->kind != NAI_POPULATIONS || strncmp(node->name, areas->name[area], length) != 0)
    return NULL;
  return node->name[length] == '/' ? node->name + length + 1 : NULL;
}

/* Counts the populations of each area, then puts them in its places, last first. */
static void sort_by_area(work *w)
{
  int64_t n = w->areas->n, *end = w->first + 1;
  for (int64_t i = 0; i < w->net->n_nodes; i++)
    if (w->area_of[i] >= 0) end[w->area_of[i]]++;
  for (int64_t a = 1; a < n; a++) end[a] += end[a - 1];
  int64_t all = end[n - 1];
  for (int64_t i = w->net->n_nodes - 1; i >= 0; i--)
    if (w->area_of[i] >= 0) w->order[--end[w->area_of[i]]] = i;
  memmove(w->first, end, (size_t)n * sizeof *end); /* ends have become beginnings */
  w->first[n] = all;
}

static nai_status find_areas(work *w)
{
  for (int64_t i = 0; i < w->net->n_nodes; i++) {
    w->area_of[i] = -1;
    for (int64_t a = 0; a < w->areas->n && w->area_of[i] < 0; a++)
      if (type_in(w->areas, a, &w->net->node[i])) w->area_of[i] = a;
    if (w->area_of[i] >= 0) w->units[w->area_of[i]] += (double)w->net->node[i].n;
  }
  for (int64_t a = 0; a < w->areas->n; a++)
    if (w->units[a] == 0)
      return nai__fail(NAI_ERR_NAME, "area '%s' has no population: those of it are called '%s/...'",
                       w->areas->name[a], w->areas->name[a]);
  sort_by_area(w);
  return NAI_OK;
}

/* --- how many synapses ------------------------------------------------------------------------ */

/*
 * Where units are, as far as it was said: of those that are placed at random, where another seed
 * would place them. In a copy, as the network is not to change.
 */
static nai_status place(work *w)
{
  if (w->placed) return NAI_OK;
  NAI__TRY(nai_network_copy(&w->placed, w->net));
  return nai__place(w->placed);
}

static int is_distance(const nai__projection *p)
{
  for (int64_t k = 0; k < p->n_constraints; k++)
    if (strcmp(p->constraint[k]->name, "distance") == 0) return 1;
  return 0;
}

static nai_status expected_of(double *out, work *w, const nai__projection *p)
{
  const nai__node *pre = &w->net->node[p->from], *post = &w->net->node[p->to];
  int64_t rows = nai__end_width(post, NAI__TARGET, p->port); /* a port may have copies */
  nai__pairs pairs = {rows, pre->n, p->from != p->to || p->autapses, NULL, NULL};
  if (is_distance(p)) {
    NAI__TRY(place(w));
    const nai__node *placed = &w->placed->node[p->to];
    pairs.post_position = rows == post->n ? placed->position : placed->port_position;
    pairs.pre_position = w->placed->node[p->from].position;
  }
  *out = (double)pairs.n_post * (double)pairs.n_pre - (pairs.diagonal ? 0 : (double)pairs.n_post);
  for (int64_t k = 0; k < p->n_constraints; k++)
    if (!nai__constraint_expected(out, p->constraint[k], &pairs))
      return nai__fail(NAI_ERR_UNSUPPORTED,
                       "the synapses from '%s' to '%s' cannot be counted before the build, because "
                       "of constraint '%.40s': %sset indegree",
                       pre->name, post->name, p->constraint[k]->name,
                       is_distance(p) ? "place the units, or " : "");
  return NAI_OK;
}

/* From other areas, as a multiple of those within. */
static nai_status count_synapses(work *w)
{
  const nai_streams *s = &w->streams;
  for (int64_t k = 0; k < w->net->n_projections && s->indegree == 0; k++) {
    const nai__projection *p = &w->net->projection[k];
    int64_t area = w->area_of[p->to];
    double local;
    if (area < 0 || w->area_of[p->from] != area) continue;
    NAI__TRY(expected_of(&local, w, p));
    w->synapses[area] += local * (1 - s->local) / s->local;
  }
  for (int64_t a = 0; a < w->areas->n; a++) {
    if (s->indegree > 0) w->synapses[a] = s->indegree * w->units[a];
    if (w->synapses[a] == 0 && s->local < 1)
      return nai__fail(NAI_ERR_ORDER,
                       "area '%s' has no synapses yet, of which those from other areas would be a "
                       "fraction: connect it first, or set indegree",
                       w->areas->name[a]);
  }
  return NAI_OK;
}

/* --- senders and targets ---------------------------------------------------------------------- */

/* Splits "pattern:port", of which the port may be absent (then ""). */
static void split(const char entry[NAI__ENTRY], char pattern[NAI__ENTRY], char port[NAI__ENTRY])
{
  const char *colon = strchr(entry, ':');
  size_t length = colon ? (size_t)(colon - entry) : strlen(entry);
  memcpy(pattern, entry, length);
  pattern[length] = '\0';
  snprintf(port, NAI__ENTRY, "%s", colon ? colon : "");
}

/*
 * The first entry of a list that a type matches: 1 and its ":port", or 0. Later ones are not looked
 * at, so that "E:dendrite *" gives only the others the default port.
 */
static int matches(const char *list, const char *type, char port[NAI__ENTRY])
{
  char entry[NAI__ENTRY], pattern[NAI__ENTRY];
  while (nai__names_next(&list, entry) > 0) {
    split(entry, pattern, port);
    if (fnmatch(pattern, type, 0) == 0) return 1;
  }
  return 0;
}

static int is_sender(const work *w, int64_t area, const nai__node *node, const char *senders)
{
  char port[NAI__ENTRY];
  return node->sign == NAI_EXCITATORY && matches(senders, type_in(w->areas, area, node), port);
}

/* Units of an area that send, by a list; and one of their populations. */
static double sending_units(const nai__node **one, const work *w, int64_t area, const char *senders)
{
  double units = 0;
  *one = NULL;
  for (int64_t k = w->first[area]; k < w->first[area + 1]; k++) {
    const nai__node *node = &w->net->node[w->order[k]];
    if (!is_sender(w, area, node, senders)) continue;
    units += (double)node->n;
    *one = node;
  }
  return units;
}

/*
 * Whether a population is a target, by a list, and the number of the port that is meant; of two
 * signs that of the senders.
 */
static nai_status find_port(int *is_target, int32_t *port, const work *w, int64_t area,
                            const nai__node *node, const char *targets, const nai__node *sender)
{
  char part[NAI__ENTRY], name[2 * NAI__ENTRY];
  uint32_t ends = 0;
  *is_target = matches(targets, type_in(w->areas, area, node), part);
  if (!*is_target) return NAI_OK;
  snprintf(name, sizeof name, "%s%s", node->name, part);
  NAI__TRY(nai__ends_known(w->net, NAI__TARGET, name, "target"));
  NAI__TRY(nai__ports_meant(&ends, node, name, sender, 0));
  for (*port = 0; *port < 31 && !(ends >> *port & 1); ++*port) {
  }
  return NAI_OK;
}

/* Units of an area, or their branches, that receive, by a list. */
static nai_status receiving_units(double *units, const work *w, int64_t area, const char *targets,
                                  const nai__node *sender)
{
  *units = 0;
  for (int64_t k = w->first[area]; k < w->first[area + 1]; k++) {
    const nai__node *node = &w->net->node[w->order[k]];
    int32_t port;
    int is_target;
    NAI__TRY(find_port(&is_target, &port, w, area, node, targets, sender));
    if (is_target) *units += (double)nai__end_width(node, NAI__TARGET, port);
  }
  return NAI_OK;
}

/* --- the plan --------------------------------------------------------------------------------- */

/* "area/type", with its port where the population has several. */
static void name_target(char name[NAI__END_ROOM], const nai__node *node, int32_t port)
{
  int several = nai__ends_of(node, NAI__TARGET) > 1;
  snprintf(name, NAI__END_ROOM, "%s%s%s", node->name, several ? ":" : "",
           several ? nai__end_name(node, NAI__TARGET, port) : "");
}

static nai_status add(work *w, const nai__node *from, const nai__node *to, int32_t port,
                      double probability, double distance)
{
  char name[NAI__END_ROOM];
  name_target(name, to, port);
  for (int64_t k = w->n_planned - 1; k >= w->link; k--) { /* the other stream may have it */
    nai__areas_projection *p = &w->plan[k];
    if (strcmp(p->from, from->name) != 0 || strcmp(p->to, name) != 0) continue;
    p->probability += probability;
    return NAI_OK;
  }
  nai__areas_projection *grown = nai__grow_one(w->plan, w->n_planned, sizeof *grown);
  if (!grown) return NAI_ERR_MEMORY;
  w->plan = grown;
  nai__areas_projection *p = &w->plan[w->n_planned++];
  p->probability = probability;
  p->distance = distance;
  memcpy(p->from, from->name, sizeof p->from);
  memcpy(p->to, name, sizeof name);
  return NAI_OK;
}

/* From one population to all targets of a stream. */
static nai_status plan_sender(work *w, int64_t to, const nai__node *sender, const char *targets,
                              double probability, double distance)
{
  for (int64_t k = w->first[to]; k < w->first[to + 1]; k++) {
    const nai__node *node = &w->net->node[w->order[k]];
    int32_t port;
    int is_target;
    NAI__TRY(find_port(&is_target, &port, w, to, node, targets, sender));
    if (is_target) NAI__TRY(add(w, sender, node, port, probability, distance));
  }
  return NAI_OK;
}

/* `synapses` from area `from` to area `to`, alike from all senders to all targets of a stream. */
static nai_status plan_stream(work *w, int64_t to, int64_t from, double synapses,
                              const char *senders, const char *targets, const char *stream)
{
  const nai_areas *areas = w->areas;
  double distance = areas->matrix[NAI_AREAS_DISTANCE][to * areas->n + from], receiving = 0;
  const nai__node *one;
  double sending = sending_units(&one, w, from, senders);
  if (synapses == 0) return NAI_OK;
  if (one) NAI__TRY(receiving_units(&receiving, w, to, targets, one));
  if (receiving == 0)
    return nai__fail(NAI_ERR_NAME, "%s from area '%s' to '%s': no population of '%s' %s '%.60s'",
                     stream, areas->name[from], areas->name[to], areas->name[one ? to : from],
                     one ? "is a target, by" : "is excitatory and a sender, by",
                     one ? targets : senders);
  for (int64_t k = w->first[from]; k < w->first[from + 1]; k++) {
    const nai__node *node = &w->net->node[w->order[k]];
    if (is_sender(w, from, node, senders))
      NAI__TRY(plan_sender(w, to, node, targets, synapses / (sending * receiving), distance));
  }
  return NAI_OK;
}

/* `least` to each of the links onto an area, a row of n, and the rest by FLN. */
static void share_out(double *share, const double *fln, int64_t n, double synapses, double least)
{
  int64_t links = 0;
  for (int64_t b = 0; b < n; b++) links += fln[b] > 0;
  double each = links > 0 ? fmin(least, synapses / (double)links) : 0;
  double rest = synapses - each * (double)links;
  for (int64_t b = 0; b < n; b++) share[b] = fln[b] > 0 ? each + fmax(rest, 0) * fln[b] : 0;
}

static nai_status plan_link(work *w, int64_t to, int64_t from, double synapses)
{
  const nai_streams *s = &w->streams;
  double sln = w->areas->matrix[NAI_AREAS_SLN][to * w->areas->n + from];
  w->link = w->n_planned;
  NAI__TRY(plan_stream(w, to, from, synapses * sln, s->feedforward_from, s->feedforward,
                       "feed-forward"));
  return plan_stream(w, to, from, synapses * (1 - sln), s->feedback_from, s->feedback, "feedback");
}

static nai_status plan_links(work *w)
{
  int64_t n = w->areas->n;
  for (int64_t to = 0; to < n; to++) {
    share_out(w->share, w->areas->matrix[NAI_AREAS_FLN] + to * n, n, w->synapses[to],
              w->streams.least);
    for (int64_t from = 0; from < n; from++)
      if (w->share[from] > 0) NAI__TRY(plan_link(w, to, from, w->share[from]));
  }
  for (int64_t k = 0; k < w->n_planned; k++)
    if (w->plan[k].probability > 1)
      return nai__fail(NAI_ERR_UNSUPPORTED,
                       "from '%s' to '%.90s' each synapse would have to exist with probability "
                       "%.3g: there are too few units for so many synapses between areas",
                       w->plan[k].from, w->plan[k].to, w->plan[k].probability);
  return NAI_OK;
}

/* --- the calls -------------------------------------------------------------------------------- */

static nai_status check_list(const char *list, const char *what, int ports)
{
  char entry[NAI__ENTRY], pattern[NAI__ENTRY], port[NAI__ENTRY];
  int found;
  if (!list) return nai__fail_null(what);
  while ((found = nai__names_next(&list, entry)) != 0) {
    if (found < 0) return nai__fail(NAI_ERR_NAME, "%s: an entry is too long", what);
    split(entry, pattern, port);
    if (port[0] && !ports)
      return nai__fail(NAI_ERR_NAME, "%s: '%s' has a port, but senders have none", what, entry);
    if (port[0]) NAI__TRY(nai__name_check(port + 1, "port"));
  }
  return NAI_OK;
}

static nai_status take(nai_streams *out, const nai_streams *streams)
{
  NAI__TRY(
      nai__struct_take(out, sizeof *out, streams, NAI__FIRST_SIZE(nai_streams, least), "streams"));
  NAI__TRY(nai__struct_reserved(out->reserved, "streams"));
  NAI__TRY(check_list(out->feedforward, "feedforward", 1));
  NAI__TRY(check_list(out->feedback, "feedback", 1));
  NAI__TRY(check_list(out->feedforward_from, "feedforward_from", 0));
  NAI__TRY(check_list(out->feedback_from, "feedback_from", 0));
  if (!(out->local > 0 && out->local <= 1))
    return nai__fail(NAI_ERR_INVALID, "local is %g, must be above 0 and at most 1", out->local);
  if (!(out->indegree >= 0 && out->indegree <= 1e9))
    return nai__fail(NAI_ERR_INVALID, "indegree is %g, must be 0 to 1e9", out->indegree);
  if (!(out->least >= 0 && out->least <= 1e9))
    return nai__fail(NAI_ERR_INVALID, "least is %g, must be 0 to 1e9", out->least);
  return NAI_OK;
}

static nai_status plan(work *w)
{
  w->area_of = NAI__ARRAY(int64_t, w->net->n_nodes);
  w->order = NAI__ARRAY(int64_t, w->net->n_nodes);
  w->first = NAI__ARRAY(int64_t, w->areas->n + 1);
  w->synapses = NAI__ARRAY(double, w->areas->n);
  w->units = NAI__ARRAY(double, w->areas->n);
  w->share = NAI__ARRAY(double, w->areas->n);
  if (!w->area_of || !w->order || !w->first || !w->synapses || !w->units || !w->share)
    return NAI_ERR_MEMORY;
  NAI__TRY(find_areas(w));
  NAI__TRY(count_synapses(w));
  return plan_links(w);
}

nai_status nai_areas_plan(int64_t *count, nai_areas *areas, const nai_network *net,
                          const nai_streams *streams)
{
  NAI__REQUIRE(count);
  NAI__REQUIRE(areas);
  NAI__TRY(nai__may_compose(net));
  work w = {.areas = areas, .net = net};
  NAI__TRY(take(&w.streams, streams));
  nai_status status = plan(&w);
  nai_network_destroy(w.placed);
  nai__free(w.area_of);
  nai__free(w.order);
  nai__free(w.first);
  nai__free(w.synapses);
  nai__free(w.units);
  nai__free(w.share);
  if (status != NAI_OK) {
    nai__free(w.plan);
    return status;
  }
  nai__free(areas->plan);
  areas->plan = w.plan;
  *count = areas->n_planned = w.n_planned;
  return NAI_OK;
}

nai_status nai_areas_planned(nai_areas_projection *out, const nai_areas *areas, int64_t index)
{
  NAI__TRY(nai__struct_check(out, NAI__FIRST_SIZE(nai_areas_projection, distance), "out"));
  NAI__REQUIRE(areas);
  if (index < 0 || index >= areas->n_planned)
    return nai__fail(NAI_ERR_INVALID, "index is %lld, must be 0 to %lld", (long long)index,
                     (long long)areas->n_planned - 1);
  const nai__areas_projection *p = &areas->plan[index];
  nai_areas_projection shown = {sizeof shown, 0, p->from, p->to, p->probability, p->distance};
  nai__struct_give(out, &shown, sizeof shown);
  return NAI_OK;
}

static nai_status connect_areas(nai_network *net, nai_areas *areas, const nai_streams *streams)
{
  int64_t n;
  NAI__TRY(nai_areas_plan(&n, areas, net, streams));
  for (int64_t k = 0; k < n; k++) {
    const nai__areas_projection *p = &areas->plan[k];
    NAI__TRY(nai__connect_with(net, p->from, p->to, p->probability, 0));
  }
  return NAI_OK;
}

nai_status nai_network_connect_areas(nai_network *net, nai_areas *areas, const nai_streams *streams)
{
  NAI__TRY(nai__may_compose(net));
  return nai__remember(net, connect_areas(net, areas, streams));
}
