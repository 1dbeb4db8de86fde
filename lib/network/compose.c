/* Composing a network: nodes, projections, and what is said of them before the build. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/names.h"
#include "ends.h"

/* Units of one node, and of a network: what keeps every index and size below far from overflow. */
#define MOST_UNITS 10000000
/*
 * Of one network, and of one projection; what keeps a file from asking for days. The seed of a
 * constraint has 16 bits for its place.
 */
#define MOST_NODES ((int64_t)1 << 20)
#define MOST_PROJECTIONS ((int64_t)1 << 20)
#define MOST_CONSTRAINTS ((int64_t)1 << 16)
/* ms; with the largest time constant alpha = dt / tau is still far above the smallest float. */
#define LEAST_DT 1e-9

nai_status nai_network_create(nai_network **out, double dt)
{
  NAI__REQUIRE(out);
  *out = NULL;
  if (!(dt >= LEAST_DT && dt <= 1e6))
    return nai__fail(NAI_ERR_INVALID, "dt is %g ms, must be above 0: %g to 1e6", dt, LEAST_DT);
  nai_network *net = NAI__NEW(nai_network);
  nai__holders *holders = NAI__NEW(nai__holders);
  if (!net || !holders) {
    nai__free(net);
    nai__free(holders);
    return NAI_ERR_MEMORY;
  }
  nai__reference_init(&holders->reference);
  holders->net = net;
  net->holders = holders;
  net->dt = dt;
  net->threads = 1;
  net->kernels = nai__kernels_best();
  *out = net;
  return NAI_OK;
}

nai_network *nai__network_keep(const nai_network *net)
{
  nai__reference_keep(&net->holders->reference);
  return net->holders->net;
}

void nai_network_destroy(nai_network *net)
{
  if (!net || !nai__reference_drop(&net->holders->reference)) return;
  nai__layout_destroy(net);
  for (int64_t i = 0; i < net->n_nodes; i++) {
    nai__numbers_destroy(&net->node[i]);
    nai__cells_destroy(net->node[i].cells);
    nai__free(net->node[i].position);
    nai__free(net->node[i].port_position);
  }
  for (int64_t i = 0; i < net->n_projections; i++) {
    nai__projection *p = &net->projection[i];
    for (int64_t c = 0; c < p->n_constraints; c++) nai_constraint_destroy(p->constraint[c]);
    nai_short_term_destroy(p->short_term);
    nai__free(p->constraint);
    nai__free(p->source);
    nai__free(p->target);
  }
  nai_exchange_destroy(net->exchange);
  nai__free(net->node);
  nai__free(net->projection);
  nai__free(net->radius_names);
  nai__free(net->balance);
  nai__index_release(&net->names);
  nai__index_release(&net->pairs);
  nai__free(net->holders);
  nai__free(net);
}

static nai_status check_room(int64_t count, int64_t most, const char *what)
{
  if (count < most) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "there are %lld %s already, the most that there may be",
                   (long long)count, what);
}

/* --- nodes ------------------------------------------------------------------------------------ */

static nai_status check_node(const nai_network *net, const char *name, int64_t n)
{
  NAI__TRY(nai__name_check(name, "name"));
  NAI__TRY(check_room(net->n_nodes, MOST_NODES, "inputs, populations and outputs"));
  if (n < 1 || n > MOST_UNITS)
    return nai__fail(NAI_ERR_INVALID, "n of '%s' is %lld, must be 1 to %d", name, (long long)n,
                     MOST_UNITS);
  if (nai__node_at(net, name) >= 0) return nai__fail(NAI_ERR_NAME, "name '%s' is taken", name);
  return NAI_OK;
}

static nai_status check_sign(const char *names, int32_t sign)
{
  if (sign >= NAI_INHIBITORY && sign <= NAI_EXCITATORY) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "sign of '%.60s' is %d, must be -1, 0 or 1", names, (int)sign);
}

static nai_status add_node(nai_network *net, const char *name, int64_t n, int32_t kind,
                           int32_t sign)
{
  NAI__TRY(check_node(net, name, n));
  NAI__TRY(check_sign(name, sign));
  nai__node node = {.kind = kind, .sign = sign, .n = n};
  memcpy(node.name, name, strlen(name) + 1);
  node.order = net->added[kind];
  if (node.order + n > MOST_UNITS)
    return nai__fail(NAI_ERR_INVALID, "with '%s' there are more than %d units", name, MOST_UNITS);
  nai__node *grown = nai__grow_one(net->node, net->n_nodes, sizeof *grown);
  if (!grown) return NAI_ERR_MEMORY;
  net->node = grown;
  int32_t *balance = nai__grow_one(net->balance, net->n_nodes, sizeof *balance);
  if (!balance) return NAI_ERR_MEMORY;
  net->balance = balance;
  NAI__TRY(nai__index_add(&net->names, nai__hash_text(name), net->n_nodes));
  nai_status status = nai__numbers_create(&node, net->dt);
  net->balance[net->n_nodes] = -1;
  net->added[kind] += n;
  net->node[net->n_nodes++] = node; /* whatever the status: the index has it */
  return status;
}

nai_status nai_network_add_input(nai_network *net, const char *name, int64_t n)
{
  NAI__TRY(nai__may_compose(net));
  return nai__remember(net, add_node(net, name, n, NAI_INPUTS, NAI_FREE));
}

nai_status nai_network_add_population(nai_network *net, const char *name, int64_t n, int32_t sign)
{
  NAI__TRY(nai__may_compose(net));
  return nai__remember(net, add_node(net, name, n, NAI_POPULATIONS, sign));
}

nai_status nai_network_add_output(nai_network *net, const char *name, int64_t n)
{
  NAI__TRY(nai__may_compose(net));
  return nai__remember(net, add_node(net, name, n, NAI_OUTPUTS, NAI_FREE));
}

static nai_status set_sign(nai_network *net, const char *names, int32_t sign)
{
  NAI__TRY(nai__names_known(net, NAI__SENDERS, names, "names"));
  NAI__TRY(check_sign(names, sign));
  NAI__EACH_NODE(net, i, NAI__SENDERS, names) net->node[i].sign = sign;
  return NAI_OK;
}

nai_status nai_network_set_sign(nai_network *net, const char *names, int32_t sign)
{
  NAI__TRY(nai__may_compose(net));
  return nai__remember(net, set_sign(net, names, sign));
}

/* A leak is a rate unit's; a transfer function one of those that are built in. */
static nai_status check_choice(const nai__node *node, size_t member, const char *what)
{
  if (!node->cells || (member == offsetof(nai__node, transfer) && !node->cells->model->own))
    return NAI_OK;
  return nai__fail(NAI_ERR_UNSUPPORTED, "'%s' is of model '%s', which has no %s", node->name,
                   node->cells->model->ops.name, what);
}

/* Sets an int32 member of the selected populations, between 0 and `high`. */
static nai_status set_choice(nai_network *net, const char *names, size_t member, const char *what,
                             int32_t value, int32_t high)
{
  NAI__TRY(nai__names_known(net, NAI__KIND(NAI_POPULATIONS), names, "names"));
  NAI__EACH_NODE(net, i, NAI__KIND(NAI_POPULATIONS), names)
    NAI__TRY(check_choice(&net->node[i], member, what));
  if (value < 0 || value > high)
    return nai__fail(NAI_ERR_INVALID, "%s is %d, must be 0 to %d", what, (int)value, (int)high);
  NAI__EACH_NODE(net, i, NAI__KIND(NAI_POPULATIONS), names)
    memcpy((char *)&net->node[i] + member, &value, sizeof value);
  return NAI_OK;
}

nai_status nai_network_set_leak(nai_network *net, const char *names, int32_t leak)
{
  NAI__TRY(nai__may_compose(net));
  return nai__remember(
      net, set_choice(net, names, offsetof(nai__node, leak), "leak", leak, NAI_LEAK_WHOLE));
}

nai_status nai_network_set_transfer(nai_network *net, const char *names, int32_t transfer)
{
  NAI__TRY(nai__may_compose(net));
  return nai__remember(net, set_choice(net, names, offsetof(nai__node, transfer), "transfer",
                                       transfer, NAI__TRANSFERS - 1));
}

/* --- projections ------------------------------------------------------------------------------ */

static nai_status check_new(const nai_network *net, const nai__projection *p)
{
  for (int64_t k = nai__projection_at(net, p->from, p->to); k >= 0;
       k = net->projection[k].next_same) {
    const nai__projection *other = &net->projection[k];
    if (other->signal == p->signal && other->port == p->port)
      return nai__fail(NAI_ERR_NAME, "'%s' is already connected to '%s'",
                       nai__source_name(net, other), nai__target_name(net, other));
  }
  return NAI_OK;
}

static nai_status add_projection(nai_network *net, nai__projection *made)
{
  NAI__TRY(check_new(net, made));
  NAI__TRY(check_room(net->n_projections, MOST_PROJECTIONS, "projections"));
  nai__projection *grown = nai__grow_one(net->projection, net->n_projections, sizeof *grown);
  if (!grown) return NAI_ERR_MEMORY;
  net->projection = grown;
  NAI__TRY(nai__end_full_name(&made->source, &net->node[made->from], NAI__SOURCE, made->signal));
  NAI__TRY(nai__end_full_name(&made->target, &net->node[made->to], NAI__TARGET, made->port));
  net->projection[net->n_projections] = *made;
  NAI__TRY(nai__projection_index(net, net->n_projections));
  net->n_projections++;
  return NAI_OK;
}

nai_status nai__connect(nai_network *net, int64_t from, int32_t signal, int64_t to, int32_t port)
{
  const nai__node *pre = &net->node[from], *post = &net->node[to];
  if (pre->kind == NAI_INPUTS && post->kind == NAI_OUTPUTS)
    return nai__fail(NAI_ERR_UNSUPPORTED,
                     "input '%s' cannot drive output '%s': outputs read populations", pre->name,
                     post->name);
  if (pre->kind == NAI_OUTPUTS || post->kind == NAI_INPUTS)
    return nai__fail(NAI_ERR_UNSUPPORTED,
                     "'%s' cannot drive '%s': outputs drive nothing, nothing drives inputs",
                     pre->name, post->name);
  nai__projection made = {
      .from = from, .to = to, .signal = signal, .port = port, .delay_ms = -1, .plastic = 1};
  nai_status status = add_projection(net, &made);
  if (status == NAI_OK) return NAI_OK;
  nai__free(made.source);
  nai__free(made.target);
  return status;
}

/* Each signal that the lists mean, to each port. */
static nai_status connect_pair(nai_network *net, int64_t from, const char *sources, int64_t to,
                               const char *targets)
{
  uint32_t signals = nai__signals_meant(&net->node[from], sources), ports;
  for (int32_t signal = 0; signals >> signal; signal++) {
    if (!(signals >> signal & 1)) continue;
    NAI__TRY(nai__ports_meant(&ports, &net->node[to], targets, &net->node[from], signal));
    for (int32_t port = 0; ports >> port; port++)
      if (ports >> port & 1) NAI__TRY(nai__connect(net, from, signal, to, port));
  }
  return NAI_OK;
}

static nai_status connect_all(nai_network *net, const char *from, const char *to)
{
  NAI__TRY(nai__ends_known(net, NAI__SOURCE, from, "from"));
  NAI__TRY(nai__ends_known(net, NAI__TARGET, to, "to"));
  NAI__EACH_NODE(net, pre, NAI__SENDERS, from)
    NAI__EACH_NODE(net, post, NAI__RECEIVERS, to) NAI__TRY(connect_pair(net, pre, from, post, to));
  return NAI_OK;
}

nai_status nai_network_connect(nai_network *net, const char *from, const char *to)
{
  NAI__TRY(nai__may_compose(net));
  return nai__remember(net, connect_all(net, from, to));
}

nai_status nai__delay_check(const nai_network *net, double delay)
{
  double steps = delay / net->dt;
  if (!(delay >= 0) || steps > 100000)
    return nai__fail(NAI_ERR_INVALID, "delay is %g ms, must be 0 to %g", delay, 100000 * net->dt);
  if (fabs(steps - round(steps)) > 1e-6 * (1 + steps))
    return nai__fail(NAI_ERR_INVALID, "delay is %g ms, must be a multiple of dt = %g ms", delay,
                     net->dt);
  return NAI_OK;
}

static nai_status set_delay(nai_network *net, const char *from, const char *to, double delay)
{
  NAI__TRY(nai__projections_known(net, from, to));
  NAI__TRY(nai__delay_check(net, delay));
  NAI__EACH_PROJECTION(net, p, from, to) {
    p->delay_ms = delay;
    p->spread = NAI__ONE_DELAY;
  }
  return NAI_OK;
}

nai_status nai_network_set_delay(nai_network *net, const char *from, const char *to, double delay)
{
  NAI__TRY(nai__may_compose(net));
  return nai__remember(net, set_delay(net, from, to, delay));
}

static nai_status set_autapses(nai_network *net, const char *from, const char *to, int32_t allowed)
{
  NAI__TRY(nai__projections_known(net, from, to));
  if (allowed != 0 && allowed != 1)
    return nai__fail(NAI_ERR_INVALID, "allowed is %d, must be 0 or 1", (int)allowed);
  NAI__EACH_PROJECTION(net, p, from, to) p->autapses = allowed;
  return NAI_OK;
}

nai_status nai_network_set_autapses(nai_network *net, const char *from, const char *to,
                                    int32_t allowed)
{
  NAI__TRY(nai__may_compose(net));
  return nai__remember(net, set_autapses(net, from, to, allowed));
}

static nai_status set_storage(nai_network *net, const char *from, const char *to, int32_t storage)
{
  NAI__TRY(nai__projections_known(net, from, to));
  if (storage < NAI_STORAGE_CHOSEN || storage > NAI_STORAGE_SHARED)
    return nai__fail(NAI_ERR_INVALID,
                     "storage is %d, must be NAI_STORAGE_CHOSEN, NAI_STORAGE_DENSE, "
                     "NAI_STORAGE_LISTED or NAI_STORAGE_SHARED",
                     (int)storage);
  NAI__EACH_PROJECTION(net, p, from, to) p->storage = storage;
  return NAI_OK;
}

nai_status nai_network_set_storage(nai_network *net, const char *from, const char *to,
                                   int32_t storage)
{
  NAI__TRY(nai__may_compose(net));
  return nai__remember(net, set_storage(net, from, to, storage));
}

nai_status nai__projection_constrain(nai__projection *p, nai_constraint *constraint)
{
  NAI__TRY(check_room(p->n_constraints, MOST_CONSTRAINTS, "constraints of a projection"));
  nai_constraint **grown = nai__grow_one(p->constraint, p->n_constraints, sizeof *grown);
  if (!grown) return NAI_ERR_MEMORY;
  p->constraint = grown;
  p->constraint[p->n_constraints++] = constraint;
  nai__constraint_keep(constraint);
  return NAI_OK;
}

static nai_status constrain(nai_network *net, const char *from, const char *to,
                            nai_constraint *constraint)
{
  NAI__REQUIRE(constraint);
  NAI__TRY(nai__projections_known(net, from, to));
  NAI__EACH_PROJECTION(net, p, from, to) NAI__TRY(nai__projection_constrain(p, constraint));
  return NAI_OK;
}

nai_status nai_network_constrain(nai_network *net, const char *from, const char *to,
                                 nai_constraint *constraint)
{
  NAI__TRY(nai__may_compose(net));
  return nai__remember(net, constrain(net, from, to, constraint));
}

static nai_status check_initial_weights(int32_t kind, double a, double b)
{
  if (kind < NAI_WEIGHTS_DEFAULT || kind > NAI_WEIGHTS_CONSTANT)
    return nai__fail(NAI_ERR_INVALID, "kind of initial weights is %d, must be 0 to %d", (int)kind,
                     NAI_WEIGHTS_CONSTANT);
  if (kind == NAI_WEIGHTS_DEFAULT || kind == NAI_WEIGHTS_BALANCED ||
      kind == NAI_WEIGHTS_STRONG_WEAK)
    return NAI_OK;
  if (!(fabs(a) <= 1e6))
    return nai__fail(NAI_ERR_INVALID, "a of the initial weights is %g, must be -1e6 to 1e6", a);
  if (kind >= NAI_WEIGHTS_ORTHOGONAL) return NAI_OK;
  if (!(fabs(b) <= 1e6))
    return nai__fail(NAI_ERR_INVALID, "b of the initial weights is %g, must be -1e6 to 1e6", b);
  if (kind == NAI_WEIGHTS_UNIFORM && b < a)
    return nai__fail(NAI_ERR_INVALID, "b of uniform initial weights is %g, must be at least a = %g",
                     b, a);
  if (kind == NAI_WEIGHTS_NORMAL && b < 0)
    return nai__fail(NAI_ERR_INVALID, "b of normal initial weights is %g, must be at least 0", b);
  if (kind >= NAI_WEIGHTS_GAMMA && (a <= 0 || b <= 0))
    return nai__fail(NAI_ERR_INVALID,
                     "a and b of the initial weights are %g and %g, must be above 0", a, b);
  if (kind == NAI_WEIGHTS_LOGNORMAL && b > 1e6 * a)
    return nai__fail(NAI_ERR_INVALID,
                     "b of lognormal initial weights is %g, must be at most 1e6 times a = %g", b,
                     a);
  return NAI_OK;
}

static nai_status set_initial_weights(nai_network *net, const char *from, const char *to,
                                      int32_t kind, double a, double b)
{
  NAI__TRY(nai__projections_known(net, from, to));
  NAI__TRY(check_initial_weights(kind, a, b));
  NAI__EACH_PROJECTION(net, p, from, to) {
    const nai__node *pre = &net->node[p->from], *post = &net->node[p->to];
    int64_t width = nai__end_width(post, NAI__TARGET, p->port);
    if (kind == NAI_WEIGHTS_IDENTITY && pre->n != width)
      return nai__fail(NAI_ERR_INVALID,
                       "identity weights need as many units in '%s' (%lld) as in '%s' (%lld)",
                       pre->name, (long long)pre->n, post->name, (long long)width);
    p->weights = kind;
    p->a = a;
    p->b = b;
  }
  return NAI_OK;
}

nai_status nai_network_set_initial_weights(nai_network *net, const char *from, const char *to,
                                           int32_t kind, double a, double b)
{
  NAI__TRY(nai__may_compose(net));
  return nai__remember(net, set_initial_weights(net, from, to, kind, a, b));
}

static nai_status set_radius(nai_network *net, const char *names, double radius)
{
  NAI__TRY(nai__names_known(net, NAI__KIND(NAI_POPULATIONS), names, "names"));
  if (!(radius > 0 && radius <= 1e3))
    return nai__fail(NAI_ERR_INVALID, "radius is %g, must be above 0 and at most 1000", radius);
  char *copy = nai__copy_string(names);
  if (!copy) return NAI_ERR_MEMORY;
  nai__free(net->radius_names);
  net->radius_names = copy;
  net->radius = radius;
  return NAI_OK;
}

nai_status nai_network_set_radius(nai_network *net, const char *names, double radius)
{
  NAI__TRY(nai__may_compose(net));
  return nai__remember(net, set_radius(net, names, radius));
}

static nai_status set_balance(nai_network *net, const char *names, int32_t on)
{
  NAI__TRY(nai__names_known(net, NAI__KIND(NAI_POPULATIONS), names, "names"));
  if (on != 0 && on != 1) return nai__fail(NAI_ERR_INVALID, "on is %d, must be 0 or 1", (int)on);
  NAI__EACH_NODE(net, i, NAI__KIND(NAI_POPULATIONS), names) net->balance[i] = on;
  return NAI_OK;
}

nai_status nai_network_set_balance(nai_network *net, const char *names, int32_t on)
{
  NAI__TRY(nai__may_compose(net));
  return nai__remember(net, set_balance(net, names, on));
}

static nai_status fail_kernels(const char *name)
{
  char choices[60] = "";
  for (int k = 0; nai__kernels_name(k); k++)
    if (nai__kernels_named(nai__kernels_name(k)))
      nai__choices_add(choices, sizeof choices, nai__kernels_name(k));
  return nai__fail(NAI_ERR_UNSUPPORTED,
                   "kernels '%.40s' are unknown, or not for this processor, which has %s", name,
                   choices);
}

static nai_status set_kernels(nai_network *net, const char *name)
{
  const nai__kernels *kernels = name ? nai__kernels_named(name) : nai__kernels_best();
  if (!kernels) return fail_kernels(name);
  if (net->built) return nai__use_kernels(net, kernels);
  net->kernels = kernels;
  return NAI_OK;
}

nai_status nai_network_set_kernels(nai_network *net, const char *name)
{
  NAI__TRY(nai__may_set(net));
  if (net->built && !nai__reference_only(&net->holders->reference))
    return nai__fail(NAI_ERR_ORDER,
                     "a task, trainer or state uses the network: its kernels are fixed");
  return nai__remember(net, set_kernels(net, name));
}
