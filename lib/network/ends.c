/* Ends of projections by name: "E:dendrite" names a port, or a signal, of E. */
#include "ends.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/names.h"

static const nai_model *model_of(const nai__node *node)
{
  return node->cells ? node->cells->model : &nai__model_rate;
}

static const nai_field *field_of(const nai__node *node, int side, int32_t end)
{
  const nai_model_ops *ops = &model_of(node)->ops;
  return nai__field_at(side == NAI__TARGET ? ops->ports : ops->signals, end);
}

int32_t nai__ends_of(const nai__node *node, int side)
{
  if (node->kind != NAI_POPULATIONS) return 1;
  const nai_model_ops *ops = &model_of(node)->ops;
  return (int32_t)(side == NAI__TARGET ? ops->n_ports : ops->n_signals);
}

const char *nai__end_name(const nai__node *node, int side, int32_t end)
{
  if (node->kind != NAI_POPULATIONS) return node->kind == NAI_INPUTS ? "rate" : "input";
  return field_of(node, side, end)->name;
}

int32_t nai__signal_sign(const nai__node *node, int32_t signal)
{
  int exempt = node->kind == NAI_POPULATIONS && field_of(node, NAI__SOURCE, signal)->potential;
  return exempt ? 0 : node->sign;
}

int32_t nai__port_sign(const nai__node *node, int32_t port)
{
  return node->kind == NAI_POPULATIONS ? field_of(node, NAI__TARGET, port)->sign : 0;
}

const char *nai__port_unit(const nai__node *node, int32_t port)
{
  if (node->kind != NAI_POPULATIONS) return "1";
  const char *unit = field_of(node, NAI__TARGET, port)->unit;
  return unit ? unit : "1";
}

int64_t nai__end_width(const nai__node *node, int side, int32_t end)
{
  if (!node->cells || side == NAI__SOURCE) return node->n;
  return node->n * nai__cells_copies(node->cells, field_of(node, side, end));
}

int64_t nai__end_column(const nai__node *node, int side, int32_t end)
{
  if (!node->cells) return node->offset;
  return side == NAI__TARGET ? node->cells->port[end] : node->cells->signal[end];
}

int nai__end_is(const nai__node *node, int side, int32_t end, const char *part)
{
  if (!part || strcmp(nai__end_name(node, side, end), part) == 0) return 1;
  return side == NAI__TARGET && node->cells && nai__port_is(node->cells->model, end, part);
}

int nai__end_listed(const nai__node *node, int side, int32_t end, const char *list)
{
  char entry[NAI__ENTRY];
  int more;
  if (!strchr(list, ':')) return nai__names_match(list, node->name);
  while ((more = nai__names_next(&list, entry)) != 0) {
    if (more < 0) continue;
    const char *part = nai__names_part(entry);
    if (fnmatch(entry, node->name, 0) == 0 && nai__end_is(node, side, end, part)) return 1;
  }
  return 0;
}

/* --- connecting ------------------------------------------------------------------------------- */

uint32_t nai__signals_meant(const nai__node *node, const char *list)
{
  char entry[NAI__ENTRY];
  uint32_t ends = 0;
  while (nai__names_next(&list, entry) == 1) {
    const char *part = nai__names_part(entry);
    if (fnmatch(entry, node->name, 0) != 0) continue;
    for (int32_t k = 0; part && k < nai__ends_of(node, NAI__SOURCE); k++)
      if (nai__end_is(node, NAI__SOURCE, k, part)) ends |= 1u << k;
    if (!part) ends |= 1;
  }
  return ends;
}

/* A signal to be sent to a port that is meant by this part of a name, or by none. */
typedef struct sent {
  const nai__node *sender;
  int32_t signal;
  const char *part;
} sent;

/* Whether there is a port of the same part of a name for the other sign. */
static int has_twin(const nai__node *node, int32_t port, const char *part)
{
  for (int32_t k = 0; k < nai__ends_of(node, NAI__TARGET); k++)
    if (nai__port_sign(node, k) == -nai__port_sign(node, port) &&
        nai__end_is(node, NAI__TARGET, k, part))
      return 1;
  return 0;
}

static nai_status fail_free(const nai__node *node, int32_t port, const sent *s)
{
  const int whole = s->signal == 0;
  const char *signal = whole ? "" : nai__end_name(s->sender, NAI__SOURCE, s->signal),
             *colon = whole ? "" : ":";
  if (!has_twin(node, port, s->part))
    return nai__fail(NAI_ERR_INVALID,
                     "'%s%s%s' is free and '%s:%s' is a port for one sign: say '%s:%s'",
                     s->sender->name, colon, signal, node->name, s->part, node->name,
                     nai__end_name(node, NAI__TARGET, port));
  return nai__fail(
      NAI_ERR_INVALID,
      "'%s%s%s' is free and '%s:%s' has a port for each sign: say '%s:%s+' or '%s:%s-'",
      s->sender->name, colon, signal, node->name, s->part, node->name, s->part, node->name,
      s->part);
}

/* A port of one sign: chosen by the signal's, or named by one that has none, which then has it. */
static nai_status choose_port(uint32_t *ends, const nai__node *node, int32_t port, const sent *s)
{
  int32_t sign = nai__port_sign(node, port), of_signal = nai__signal_sign(s->sender, s->signal);
  const char *name = nai__end_name(node, NAI__TARGET, port);
  int named = strcmp(name, s->part) == 0;
  if (sign && !of_signal && !named) return fail_free(node, port, s);
  if (sign && of_signal == -sign) {
    if (!named && has_twin(node, port, s->part)) return NAI_OK; /* which takes it */
    return nai__fail(NAI_ERR_INVALID, "'%s' is %s, so it cannot drive '%s:%s'", s->sender->name,
                     of_signal > 0 ? "excitatory" : "inhibitory", node->name, name);
  }
  *ends |= 1u << port;
  return NAI_OK;
}

static nai_status choose_ports(uint32_t *ends, const nai__node *node, const sent *s)
{
  if (!s->part) *ends |= 1;
  for (int32_t k = 0; s->part && k < nai__ends_of(node, NAI__TARGET); k++)
    if (nai__end_is(node, NAI__TARGET, k, s->part)) NAI__TRY(choose_port(ends, node, k, s));
  return NAI_OK;
}

nai_status nai__ports_meant(uint32_t *ends, const nai__node *node, const char *list,
                            const nai__node *sender, int32_t signal)
{
  char entry[NAI__ENTRY];
  *ends = 0;
  while (nai__names_next(&list, entry) == 1) {
    const sent s = {sender, signal, nai__names_part(entry)};
    if (fnmatch(entry, node->name, 0) == 0) NAI__TRY(choose_ports(ends, node, &s));
  }
  return NAI_OK;
}

nai_status nai__end_full_name(char **out, const nai__node *node, int side, int32_t end)
{
  char name[NAI__ENTRY + 1];
  *out = NULL;
  if (nai__ends_of(node, side) == 1) return NAI_OK;
  snprintf(name, sizeof name, "%s:%s", node->name, nai__end_name(node, side, end));
  *out = nai__copy_string(name);
  return *out ? NAI_OK : NAI_ERR_MEMORY;
}
