/* Looking at a network, and setting its weights and biases. */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/names.h"
#include "ends.h"
#include "row.h"
#include "view.h"

int64_t nai_network_count(const nai_network *net, int32_t kind)
{
  if (!net || kind < NAI_INPUTS || kind > NAI_PROJECTIONS) return -1;
  if (kind == NAI_PROJECTIONS) return net->n_projections;
  int64_t n = 0;
  for (int64_t i = 0; i < net->n_nodes; i++) n += net->node[i].kind == kind;
  return n;
}

const char *nai_network_name(const nai_network *net, int32_t kind, int64_t index)
{
  if (!net || index < 0) return NULL;
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (net->node[i].kind == kind && index-- == 0) return net->node[i].name;
  return NULL;
}

/* Of a state, with its copies; -1. */
static int64_t state_size(const nai__node *node, const char *part)
{
  if (node->kind != NAI_POPULATIONS) return -1;
  if (!node->cells)
    return strcmp(part, node->leak == NAI_LEAK_CURRENT ? "x" : "r") == 0 ? node->n : -1;
  const nai_model *model = node->cells->model;
  int32_t k = nai__field_find(model, NAI_MODEL_STATES, part);
  if (k < 0) return -1;
  return node->n * nai__cells_copies(node->cells, nai__field_at(model->ops.states, k));
}

/* Units of an end that is named so, on either side, or of a state; -1. */
static int64_t part_size(const nai_network *net, int32_t kind, const char *name)
{
  char entry[NAI__ENTRY];
  if (nai__names_next(&name, entry) != 1) return -1;
  const char *part = nai__names_part(entry);
  int64_t at = nai__node_at(net, entry);
  if (at < 0 || net->node[at].kind != kind) return -1;
  for (int side = NAI__SOURCE; side <= NAI__TARGET && part; side++)
    for (int32_t k = 0; k < nai__ends_of(&net->node[at], side); k++)
      if (nai__end_is(&net->node[at], side, k, part))
        return nai__end_width(&net->node[at], side, k);
  return part ? state_size(&net->node[at], part) : net->node[at].n;
}

int64_t nai_network_size(const nai_network *net, int32_t kind, const char *name)
{
  if (!net || kind < NAI_INPUTS || kind > NAI_OUTPUTS) return -1;
  if (name) return part_size(net, kind, name);
  int64_t n = 0;
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (net->node[i].kind == kind) n += net->node[i].n;
  return n;
}

static nai_status check_projection(const nai_network *net, int64_t index)
{
  NAI__REQUIRE(net);
  if (index >= 0 && index < net->n_projections) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "index is %lld, must be 0 to %lld", (long long)index,
                   (long long)net->n_projections - 1);
}

nai_status nai_network_projection(const char **from, const char **to, const nai_network *net,
                                  int64_t index)
{
  NAI__REQUIRE(from);
  NAI__REQUIRE(to);
  NAI__TRY(check_projection(net, index));
  *from = nai__source_name(net, &net->projection[index]);
  *to = nai__target_name(net, &net->projection[index]);
  return NAI_OK;
}

nai_status nai_network_ends(const char **signal, const char **port, const nai_network *net,
                            int64_t index)
{
  NAI__REQUIRE(signal);
  NAI__REQUIRE(port);
  NAI__TRY(check_projection(net, index));
  const nai__projection *p = &net->projection[index];
  *signal = nai__end_name(&net->node[p->from], NAI__SOURCE, p->signal);
  *port = nai__end_name(&net->node[p->to], NAI__TARGET, p->port);
  return NAI_OK;
}

/* An int32 member of a node of one of these kinds. */
static nai_status read_choice(int32_t *out, const char *what, const nai_network *net, int kinds,
                              const char *name, size_t member)
{
  if (!out) return nai__fail_null(what);
  NAI__REQUIRE(net);
  const nai__node *node;
  NAI__TRY(nai__node_find(&node, net, kinds, name, "name"));
  memcpy(out, (const char *)node + member, sizeof *out);
  return NAI_OK;
}

nai_status nai_network_sign(int32_t *sign, const nai_network *net, const char *name)
{
  return read_choice(sign, "sign", net, NAI__SENDERS, name, offsetof(nai__node, sign));
}

nai_status nai_network_leak(int32_t *leak, const nai_network *net, const char *name)
{
  return read_choice(leak, "leak", net, NAI__KIND(NAI_POPULATIONS), name,
                     offsetof(nai__node, leak));
}

nai_status nai_network_transfer(int32_t *transfer, const nai_network *net, const char *name)
{
  return read_choice(transfer, "transfer", net, NAI__KIND(NAI_POPULATIONS), name,
                     offsetof(nai__node, transfer));
}

#define SAME_NUMBER(number, word, ...) \
  _Static_assert((int)NAI__##number == (int)NAI_TRANSFER_##number, "the list has another order");
NAI__TRANSFER_LIST(SAME_NUMBER)
#undef SAME_NUMBER

const char *nai_transfer_name(int32_t transfer)
{
#define WORD(number, word, ...) #word,
  static const char *const words[] = {NAI__TRANSFER_LIST(WORD)};
#undef WORD
  return transfer >= 0 && transfer < NAI__TRANSFERS ? words[transfer] : NULL;
}

nai_status nai_network_delay(double *delay, const nai_network *net, const char *from,
                             const char *to)
{
  NAI__REQUIRE(delay);
  NAI__TRY(nai__require_built(net, "net"));
  const nai__projection *p;
  NAI__TRY(nai__projection_find(&p, net, from, to));
  *delay = (double)p->delay * net->dt;
  return NAI_OK;
}

nai_status nai_network_storage(int32_t *storage, const nai_network *net, const char *from,
                               const char *to)
{
  NAI__REQUIRE(storage);
  NAI__TRY(nai__require_built(net, "net"));
  const nai__projection *p;
  NAI__TRY(nai__projection_find(&p, net, from, to));
  *storage = p->is_listed                     ? NAI_STORAGE_LISTED
             : net->block[p->block].is_shared ? NAI_STORAGE_SHARED
                                              : NAI_STORAGE_DENSE;
  return NAI_OK;
}

double nai_network_dt(const nai_network *net)
{
  return net ? net->dt : NAN;
}

const char *nai_network_kernels(const nai_network *net)
{
  return net ? net->kernels->name : NULL;
}

/* --- views ------------------------------------------------------------------------------------ */

static nai_status check_view(nai_view *out, const nai_network *net)
{
  NAI__TRY(nai__view_check(out));
  return nai__require_built(net, "net");
}

nai_status nai_network_weights(nai_view *out, const nai_network *net, const char *from,
                               const char *to)
{
  const nai__projection *p;
  NAI__TRY(check_view(out, net));
  NAI__TRY(nai__projection_find(&p, net, from, to));
  nai__view_matrix(out, net->theta, &p->at);
  return NAI_OK;
}

nai_status nai_network_mask(nai_view *out, const nai_network *net, const char *from, const char *to)
{
  const nai__projection *p;
  NAI__TRY(check_view(out, net));
  NAI__TRY(nai__projection_find(&p, net, from, to));
  nai__view_flags(out, net->exists, &p->at);
  return NAI_OK;
}

nai_status nai_network_plastic(nai_view *out, const nai_network *net, const char *from,
                               const char *to)
{
  const nai__projection *p;
  NAI__TRY(check_view(out, net));
  NAI__TRY(nai__projection_find(&p, net, from, to));
  nai__view_flags(out, net->plastic, &p->at);
  return NAI_OK;
}

#define BIASED (NAI__KIND(NAI_POPULATIONS) | NAI__KIND(NAI_OUTPUTS))

nai_status nai_network_bias(nai_view *out, const nai_network *net, const char *name)
{
  NAI__TRY(check_view(out, net));
  const nai__node *node;
  NAI__TRY(nai__node_find(&node, net, BIASED, name, "name"));
  nai__view_floats(out, net->theta + nai__bias_start(net, node), 1, &node->n, (int64_t[]){1});
  return NAI_OK;
}

nai_status nai_network_positions(nai_view *out, const nai_network *net, const char *name)
{
  NAI__TRY(check_view(out, net));
  const nai__node *node;
  NAI__TRY(nai__node_find(&node, net, NAI__KIND(NAI_POPULATIONS), name, "name"));
  if (!node->position)
    return nai__fail(NAI_ERR_ORDER, "'%s' has no positions: place it first", name);
  nai__view_floats(out, node->position, 2, (int64_t[]){node->n, 3}, (int64_t[]){3, 1});
  return NAI_OK;
}

/* --- weights ---------------------------------------------------------------------------------- */

static nai_status check_weight(const nai_network *net, const nai__projection *p, int64_t i,
                               int64_t j, float w)
{
  const char *from = nai__source_name(net, p), *to = nai__target_name(net, p);
  if (!isfinite(w))
    return nai__fail(NAI_ERR_NONFINITE, "weights[%lld][%lld] is %g", (long long)i, (long long)j,
                     (double)w);
  if (w != 0 && nai__place_of(net, p, i, j) < 0)
    return nai__fail(
        NAI_ERR_INVALID,
        "weights[%lld][%lld] is %g, must be 0: no synapse from '%s' to '%s' exists there",
        (long long)i, (long long)j, (double)w, from, to);
  if (w * (float)p->sign < 0)
    return nai__fail(NAI_ERR_INVALID, "weights[%lld][%lld] is %g, must be %s 0 from '%s' to '%s'",
                     (long long)i, (long long)j, (double)w, p->sign > 0 ? "at least" : "at most",
                     from, to);
  return NAI_OK;
}

/* The projection that a matrix from the caller is for, which has its shape. */
static nai_status find_matrix(const nai__projection **out, const nai_network *net, const char *from,
                              const char *to, const char *what, const void *matrix, int64_t n_post,
                              int64_t n_pre)
{
  NAI__TRY(nai__require_built(net, "net"));
  if (!matrix) return nai__fail_null(what);
  NAI__TRY(nai__projection_find(out, net, from, to));
  const nai__projection *p = *out;
  if (n_post == p->n_post && n_pre == p->n_pre) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID,
                   "%s: the shape is [%lld, %lld], from '%s' to '%s' it must be [%lld, %lld]", what,
                   (long long)n_post, (long long)n_pre, nai__source_name(net, p),
                   nai__target_name(net, p), (long long)p->n_post, (long long)p->n_pre);
}

nai_status nai_network_set_weights(nai_network *net, const char *from, const char *to,
                                   const float *weights, int64_t n_post, int64_t n_pre)
{
  const nai__projection *p;
  NAI__TRY(find_matrix(&p, net, from, to, "weights", weights, n_post, n_pre));
  for (int64_t i = 0; i < n_post; i++)
    for (int64_t j = 0; j < n_pre; j++)
      NAI__TRY(check_weight(net, p, i, j, weights[i * n_pre + j]));
  NAI__TRY(nai__part_weights(net, p));
  for (int64_t i = 0; i < n_post; i++)
    for (nai__row row = nai__row_of(net, p, i); nai__row_next(&row);)
      net->theta[row.place] = weights[i * n_pre + row.pre];
  nai__pack_projection(net, p);
  return NAI_OK;
}

/* Of the projection's block as it is under the mask, before anything changes. */
static nai_status list_masked(nai__listing *out, const nai_network *net, const nai__projection *p,
                              const uint8_t *mask)
{
  const nai__block *block = &net->block[p->block];
  const int64_t n = block->at.rows * block->at.stride, from = p->at.start - block->at.start;
  uint8_t *exists = NAI__ARRAY(uint8_t, n);
  if (!exists) return NAI_ERR_MEMORY;
  memcpy(exists, net->exists + block->at.start, (size_t)n);
  for (int64_t i = 0; i < p->n_post; i++)
    for (int64_t j = 0; j < p->n_pre; j++)
      if (mask[i * p->n_pre + j] == 0) exists[from + i * p->at.stride + j] = 0;
  const int64_t bytes = nai__layout_bytes(net) + nai__list_bytes(net, block, exists);
  nai_status status = nai__memory_check(net, bytes, "the network");
  if (status == NAI_OK) status = nai__list_block(out, net, block, exists);
  nai__free(exists);
  return status;
}

nai_status nai_network_set_mask(nai_network *net, const char *from, const char *to,
                                const uint8_t *mask, int64_t n_post, int64_t n_pre)
{
  const nai__projection *p;
  NAI__TRY(find_matrix(&p, net, from, to, "mask", mask, n_post, n_pre));
  NAI__TRY(nai__part_weights(net, p));
  nai__block *block = &net->block[p->block];
  nai__listing listing;
  if (!p->is_listed) NAI__TRY(list_masked(&listing, net, p, mask));
  for (int64_t i = 0; i < n_post; i++)
    for (nai__row row = nai__row_of(net, p, i); nai__row_next(&row);) {
      if (mask[i * n_pre + row.pre] != 0) continue;
      net->theta[row.place] = 0;
      net->exists[row.place] = net->plastic[row.place] = net->learns[row.place] = 0;
    }
  nai__find_plastic(net);
  if (!p->is_listed) nai__use_listing(block, &listing); /* in a list, all keep their places */
  net->removals++;
  nai__pack_projection(net, p);
  return NAI_OK;
}

nai_status nai_network_set_bias(nai_network *net, const char *name, const float *bias, int64_t n)
{
  NAI__TRY(nai__require_built(net, "net"));
  NAI__REQUIRE(bias);
  const nai__node *node;
  NAI__TRY(nai__node_find(&node, net, BIASED, name, "name"));
  if (n != node->n)
    return nai__fail(NAI_ERR_INVALID, "n is %lld, '%s' has %lld units", (long long)n, name,
                     (long long)node->n);
  for (int64_t u = 0; u < n; u++)
    if (!isfinite(bias[u]))
      return nai__fail(NAI_ERR_NONFINITE, "bias[%lld] is %g", (long long)u, (double)bias[u]);
  memcpy(net->theta + nai__bias_start(net, node), bias, (size_t)n * sizeof *bias);
  return NAI_OK;
}

/* Frozen or plastic, also after the build; what a constraint fixes stays fixed. */
static nai_status set_plastic(nai_network *net, const char *from, const char *to, int32_t plastic)
{
  NAI__TRY(nai__projections_known(net, from, to));
  if (plastic != 0 && plastic != 1)
    return nai__fail(NAI_ERR_INVALID, "plastic is %d, must be 0 or 1", (int)plastic);
  NAI__EACH_PROJECTION(net, p, from, to) {
    if (net->built && plastic) NAI__TRY(nai__make_learnable(net, p));
  }
  NAI__EACH_PROJECTION(net, p, from, to) {
    p->plastic = plastic;
    if (net->built) nai__refresh_plastic(net, p);
  }
  if (net->built) nai__find_plastic(net);
  return NAI_OK;
}

nai_status nai_network_set_plastic(nai_network *net, const char *from, const char *to,
                                   int32_t plastic)
{
  NAI__TRY(nai__may_set(net));
  return nai__remember(net, set_plastic(net, from, to, plastic));
}
