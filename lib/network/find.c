/* Finding populations, inputs, outputs and projections by their names, or by lists of patterns. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/names.h"
#include "ends.h"

int64_t nai__node_at(const nai_network *net, const char *name)
{
  int64_t probe = 0, at;
  uint64_t hash = nai__hash_text(name);
  while ((at = nai__index_next(&net->names, hash, &probe)) >= 0)
    if (strcmp(net->node[at].name, name) == 0) return at;
  return -1;
}

int64_t nai__projection_at(const nai_network *net, int64_t from, int64_t to)
{
  int64_t probe = 0, at;
  uint64_t hash = nai__hash_pair((uint64_t)from, (uint64_t)to);
  while ((at = nai__index_next(&net->pairs, hash, &probe)) >= 0)
    if (net->projection[at].from == from && net->projection[at].to == to) return at;
  return -1;
}

/* The index has the first between two nodes, to which the others are linked. */
nai_status nai__projection_index(nai_network *net, int64_t number)
{
  nai__projection *p = &net->projection[number];
  int64_t at = nai__projection_at(net, p->from, p->to);
  p->next_same = -1;
  if (at < 0)
    return nai__index_add(&net->pairs, nai__hash_pair((uint64_t)p->from, (uint64_t)p->to), number);
  while (net->projection[at].next_same >= 0) at = net->projection[at].next_same;
  net->projection[at].next_same = number;
  return NAI_OK;
}

/* A node by an entry of a list, whatever part of it that names. */
static int64_t node_of(const nai_network *net, const char *entry)
{
  char name[NAI__ENTRY];
  size_t length = strcspn(entry, ":");
  if (length >= sizeof name) return -1;
  memcpy(name, entry, length);
  name[length] = '\0';
  return nai__node_at(net, name);
}

int64_t nai__first_node(const nai_network *net, const char *names)
{
  if (!nai__names_single(names)) return 0;
  int64_t at = node_of(net, names);
  return at >= 0 ? at : net->n_nodes;
}

int64_t nai__next_node(const nai_network *net, int64_t at, const char *names)
{
  return nai__names_single(names) ? net->n_nodes : at + 1;
}

int64_t nai__first_projection(const nai_network *net, const char *from, const char *to)
{
  if (!nai__names_single(from) || !nai__names_single(to)) return 0;
  int64_t pre = node_of(net, from), post = node_of(net, to), at = -1;
  if (pre >= 0 && post >= 0) at = nai__projection_at(net, pre, post);
  return at >= 0 ? at : net->n_projections;
}

int64_t nai__next_projection(const nai_network *net, int64_t at, const char *from, const char *to)
{
  if (!nai__names_single(from) || !nai__names_single(to)) return at + 1;
  return net->projection[at].next_same >= 0 ? net->projection[at].next_same : net->n_projections;
}

int nai__selected(const nai__node *node, int kinds, const char *names)
{
  return (kinds & NAI__KIND(node->kind)) && nai__names_match(names, node->name);
}

/* "inputs or populations", for a message. */
static const char *kinds_in_words(char words[64], int kinds)
{
  static const char *const word[] = {
      [NAI_INPUTS] = "inputs", [NAI_POPULATIONS] = "populations", [NAI_OUTPUTS] = "outputs"};
  size_t used = 0;
  for (int32_t kind = NAI_INPUTS; kind <= NAI_OUTPUTS; kind++)
    if (kinds & NAI__KIND(kind))
      used += (size_t)snprintf(words + used, 64 - used, "%s%s", used ? " or " : "", word[kind]);
  return words;
}

static nai_status fail_unknown(const nai_network *net, int kinds, const char *entry,
                               const char *argument)
{
  char known[100] = "", wanted[64], other[64];
  kinds_in_words(wanted, kinds);
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (strcmp(net->node[i].name, entry) == 0)
      return nai__fail(NAI_ERR_NAME, "%s: '%s' is one of the %s, must be one of the %s", argument,
                       entry, kinds_in_words(other, NAI__KIND(net->node[i].kind)), wanted);
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (kinds & NAI__KIND(net->node[i].kind))
      nai__choices_add(known, sizeof known, net->node[i].name);
  return nai__fail(NAI_ERR_NAME, "%s: nothing is called '%s' among the %s%s%s", argument, entry,
                   wanted, known[0] ? ": " : ", of which there are none yet", known);
}

/* Ends of kinds of nodes: none, where parts may not be named. */
enum { NO_SIDE = -1 };

static int has_end(const nai__node *node, int side, const char *part)
{
  for (int32_t k = 0; part && k < nai__ends_of(node, side); k++)
    if (nai__end_is(node, side, k, part)) return 1;
  return !part;
}

static nai_status fail_end(const nai__node *node, int side, const char *part, const char *argument)
{
  char choices[120] = "";
  for (int32_t k = 0; k < nai__ends_of(node, side); k++)
    nai__choices_add(choices, sizeof choices, nai__end_name(node, side, k));
  return nai__fail(NAI_ERR_NAME, "%s: '%s' has no %s '%s'; it has %s", argument, node->name,
                   side == NAI__SOURCE ? "signal" : "port", part, choices);
}

/* An entry of a list that is cut into name and part. */
static nai_status entry_known(const nai_network *net, int kinds, int side, const char *name,
                              const char *part, const char *argument)
{
  const nai__node *without = NULL;
  int64_t only = nai__names_single(name) ? nai__node_at(net, name) : -1;
  for (int64_t i = only >= 0 ? only : 0; i < (only >= 0 ? only + 1 : net->n_nodes); i++) {
    const nai__node *node = &net->node[i];
    if (!(kinds & NAI__KIND(node->kind)) || fnmatch(name, node->name, 0) != 0) continue;
    if (side == NO_SIDE || has_end(node, side, part)) return NAI_OK;
    without = node;
  }
  return without ? fail_end(without, side, part, argument)
                 : fail_unknown(net, kinds, name, argument);
}

static nai_status known(const nai_network *net, int kinds, int side, const char *names,
                        const char *argument)
{
  if (!names) return nai__fail_null(argument);
  char entry[NAI__ENTRY];
  const char *rest = names;
  int more, entries = 0;
  while ((more = nai__names_next(&rest, entry)) == 1) {
    const char *part = nai__names_part(entry);
    if (part && side == NO_SIDE)
      return nai__fail(NAI_ERR_NAME, "%s: '%s:%s' names a part of '%s', must name the whole of it",
                       argument, entry, part, entry);
    NAI__TRY(entry_known(net, kinds, side, entry, part, argument));
    entries++;
  }
  if (more < 0) return nai__names_fail_long(argument);
  if (!entries) return nai__fail(NAI_ERR_NAME, "%s is empty", argument);
  return NAI_OK;
}

nai_status nai__names_known(const nai_network *net, int kinds, const char *names,
                            const char *argument)
{
  return known(net, kinds, NO_SIDE, names, argument);
}

nai_status nai__parts_known(const nai_network *net, int kinds, int side, const char *names,
                            const char *argument)
{
  return known(net, kinds, side, names, argument);
}

nai_status nai__ends_known(const nai_network *net, int side, const char *names,
                           const char *argument)
{
  return known(net, side == NAI__SOURCE ? NAI__SENDERS : NAI__RECEIVERS, side, names, argument);
}

nai_status nai__node_find(const nai__node **out, const nai_network *net, int kinds,
                          const char *name, const char *argument)
{
  if (!name) return nai__fail_null(argument);
  int64_t at = nai__node_at(net, name);
  if (at < 0 || !(kinds & NAI__KIND(net->node[at].kind)))
    return fail_unknown(net, kinds, name, argument);
  *out = &net->node[at];
  return NAI_OK;
}

int nai__projection_selected(const nai_network *net, const nai__projection *p, const char *from,
                             const char *to)
{
  return nai__end_listed(&net->node[p->from], NAI__SOURCE, p->signal, from) &&
         nai__end_listed(&net->node[p->to], NAI__TARGET, p->port, to);
}

static nai_status fail_unconnected(const char *from, const char *to)
{
  return nai__fail(NAI_ERR_NAME, "there is no projection from '%.60s' to '%.60s'", from, to);
}

nai_status nai__projections_known(const nai_network *net, const char *from, const char *to)
{
  NAI__TRY(nai__ends_known(net, NAI__SOURCE, from, "from"));
  NAI__TRY(nai__ends_known(net, NAI__TARGET, to, "to"));
  NAI__EACH_PROJECTION(net, p, from, to) return NAI_OK;
  return fail_unconnected(from, to);
}

static nai_status fail_several(const nai_network *net, const nai__projection *p, const char *from,
                               const char *to)
{
  for (int64_t k = p->next_same; k >= 0; k = net->projection[k].next_same) {
    const nai__projection *other = &net->projection[k];
    if (nai__projection_selected(net, other, from, to))
      return nai__fail(NAI_ERR_NAME,
                       "there are several projections from '%.60s' to '%.60s': '%s' to '%s', '%s' "
                       "to '%s'",
                       from, to, nai__source_name(net, p), nai__target_name(net, p),
                       nai__source_name(net, other), nai__target_name(net, other));
  }
  return NAI_OK;
}

/* That an end is no one name, or not one of this network, or that nothing connects the two. */
static nai_status fail_missing(const nai_network *net, const char *from, const char *to)
{
  char entry[NAI__ENTRY];
  NAI__TRY(nai__names_only(entry, from, "from"));
  NAI__TRY(nai__names_only(entry, to, "to"));
  NAI__TRY(nai__ends_known(net, NAI__SOURCE, from, "from"));
  NAI__TRY(nai__ends_known(net, NAI__TARGET, to, "to"));
  return fail_unconnected(from, to);
}

nai_status nai__projection_find(const nai__projection **out, const nai_network *net,
                                const char *from, const char *to)
{
  NAI__REQUIRE(from);
  NAI__REQUIRE(to);
  int64_t pre = node_of(net, from), post = node_of(net, to), at = -1;
  if (pre >= 0 && post >= 0) at = nai__projection_at(net, pre, post);
  while (at >= 0 && !nai__projection_selected(net, &net->projection[at], from, to))
    at = net->projection[at].next_same;
  if (at < 0) return fail_missing(net, from, to);
  *out = &net->projection[at];
  return fail_several(net, *out, from, to);
}
