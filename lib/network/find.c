/* Finding populations, inputs, outputs and projections by their names, or by lists of patterns. */
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/names.h"
#include "network.h"

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

int64_t nai__first_node(const nai_network *net, const char *names)
{
  if (!nai__names_single(names)) return 0;
  int64_t at = nai__node_at(net, names);
  return at >= 0 ? at : net->n_nodes;
}

int64_t nai__next_node(const nai_network *net, int64_t at, const char *names)
{
  return nai__names_single(names) ? net->n_nodes : at + 1;
}

int64_t nai__first_projection(const nai_network *net, const char *from, const char *to)
{
  if (!nai__names_single(from) || !nai__names_single(to)) return 0;
  int64_t pre = nai__node_at(net, from), post = nai__node_at(net, to), at = -1;
  if (pre >= 0 && post >= 0) at = nai__projection_at(net, pre, post);
  return at >= 0 ? at : net->n_projections;
}

int64_t nai__next_projection(const nai_network *net, int64_t at, const char *from, const char *to)
{
  return nai__names_single(from) && nai__names_single(to) ? net->n_projections : at + 1;
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

nai_status nai__names_known(const nai_network *net, int kinds, const char *names,
                            const char *argument)
{
  if (!names) return nai__fail_null(argument);
  char entry[64];
  const char *rest = names;
  int more, entries = 0;
  while ((more = nai__names_next(&rest, entry)) == 1) {
    int64_t at = nai__names_single(entry) ? nai__node_at(net, entry) : -1;
    int found = at >= 0 && (kinds & NAI__KIND(net->node[at].kind));
    for (int64_t i = 0; i < net->n_nodes && !found && !nai__names_single(entry); i++)
      found = nai__selected(&net->node[i], kinds, entry);
    if (!found) return fail_unknown(net, kinds, entry, argument);
    entries++;
  }
  if (more < 0)
    return nai__fail(NAI_ERR_NAME, "%s has an entry of more than 63 characters", argument);
  if (!entries) return nai__fail(NAI_ERR_NAME, "%s is empty", argument);
  return NAI_OK;
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
  return nai__names_match(from, net->node[p->from].name) &&
         nai__names_match(to, net->node[p->to].name);
}

nai_status nai__projections_known(const nai_network *net, const char *from, const char *to)
{
  NAI__TRY(nai__names_known(net, NAI__SENDERS, from, "from"));
  NAI__TRY(nai__names_known(net, NAI__RECEIVERS, to, "to"));
  NAI__EACH_PROJECTION(net, p, from, to) return NAI_OK;
  return nai__fail(NAI_ERR_NAME, "there is no projection from '%.60s' to '%.60s'", from, to);
}

nai_status nai__projection_find(const nai__projection **out, const nai_network *net,
                                const char *from, const char *to)
{
  NAI__REQUIRE(from);
  NAI__REQUIRE(to);
  int64_t pre = nai__node_at(net, from), post = nai__node_at(net, to), at = -1;
  if (pre >= 0 && post >= 0) at = nai__projection_at(net, pre, post);
  if (at < 0)
    return nai__fail(NAI_ERR_NAME, "there is no projection from '%.60s' to '%.60s'", from, to);
  *out = &net->projection[at];
  return NAI_OK;
}
