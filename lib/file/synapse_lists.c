/* Listed projections in a model file. */
#include "synapse_lists.h"

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../network/ends.h"

/* --- writing ---------------------------------------------------------------------------------- */

void nai__synapse_list_describe(nai__json_writer *w, const nai_network *net,
                                const nai__projection *p)
{
  if (net->block[p->block].is_shared) nai__json_add_text(w, "storage", "shared");
  if (!p->is_listed) return;
  nai__json_add_text(w, "storage", "listed");
  if (p->spread) nai__json_add_whole(w, "delays", p->n_parts);
}

/* The lists of all delays, one behind the other. */
static nai_status add_parts(nai__tensor_list *list, const nai_network *net,
                            const nai__projection *p)
{
  char name[NAI__TENSOR_NAME];
  const char *from = nai__source_name(net, p), *to = nai__target_name(net, p);
  const int64_t rows = p->n_parts * (p->n_post + 1), n = p->at.columns, parts = p->n_parts;
  void *first, *sender, *delays;
  nai__model_synapse_tensor(name, "first", from, to);
  NAI__TRY(nai__tensor_list_add(&first, list, name, NAI__I64, 1, &rows));
  nai__model_synapse_tensor(name, "sender", from, to);
  NAI__TRY(nai__tensor_list_add(&sender, list, name, NAI__I32, 1, &n));
  nai__model_synapse_tensor(name, "delays", from, to);
  NAI__TRY(nai__tensor_list_add(&delays, list, name, NAI__I32, 1, &parts));
  int64_t at = 0;
  for (int64_t k = 0; k < parts; k++) {
    const nai__block *b = &net->block[p->block + k];
    const nai__compressed *c = b->synapses;
    memcpy((int64_t *)first + k * (c->n + 1), c->first, (size_t)(c->n + 1) * sizeof *c->first);
    memcpy((int32_t *)sender + at, c->sender, (size_t)c->first[c->n] * sizeof *c->sender);
    ((int32_t *)delays)[k] = (int32_t)b->delay;
    at += c->first[c->n];
  }
  return NAI_OK;
}

nai_status nai__synapse_list_add(nai__tensor_list *list, const nai_network *net,
                                 const nai__projection *p)
{
  char name[NAI__TENSOR_NAME];
  const nai__compressed *synapses = net->block[p->block].synapses;
  const char *from = nai__source_name(net, p), *to = nai__target_name(net, p);
  if (!p->is_listed) return NAI_OK;
  if (p->spread) return add_parts(list, net, p);
  const int64_t rows = p->n_post + 1, n = synapses->first[p->n_post];
  nai__model_synapse_tensor(name, "first", from, to);
  NAI__TRY(nai__tensor_list_lend(list, name, NAI__I64, 1, &rows, synapses->first));
  nai__model_synapse_tensor(name, "sender", from, to);
  return nai__tensor_list_lend(list, name, NAI__I32, 1, &n, synapses->sender);
}

/* --- reading ---------------------------------------------------------------------------------- */

nai_status nai__synapse_list_said(nai__listed *out, const nai__json *json)
{
  const char *word;
  *out = (nai__listed){.delays = 1};
  if (!nai__json_get(json, "storage")) return NAI_OK;
  NAI__TRY(nai__json_text(&word, json, "storage"));
  out->is_shared = strcmp(word, "shared") == 0;
  if (out->is_shared) return NAI_OK;
  if (strcmp(word, "listed") != 0)
    return nai__fail(NAI_ERR_FORMAT, "'storage' is '%.40s', must be 'listed' or 'shared'", word);
  out->is_listed = 1;
  out->differ = nai__json_get(json, "delays") != NULL;
  return out->differ ? nai__json_whole(&out->delays, json, "delays", 1, NAI__MOST_DELAYS) : NAI_OK;
}

void nai__synapse_list_give(nai__projection *p, const nai__listed *said)
{
  p->storage = said->is_listed   ? NAI_STORAGE_LISTED
               : said->is_shared ? NAI_STORAGE_SHARED
                                 : NAI_STORAGE_DENSE;
  p->spread = said->differ ? NAI__GIVEN_DELAYS : NAI__ONE_DELAY;
}

nai_status nai__synapse_list_shape(int64_t shape[2], const nai__tensors *file,
                                   const nai__listed *said, const char *from, const char *to,
                                   int64_t n_post)
{
  char name[NAI__TENSOR_NAME];
  nai__tensor tensor;
  const int64_t rows = said->delays * (n_post + 1);
  nai__model_synapse_tensor(name, "first", from, to);
  NAI__TRY(nai__tensors_expect(&tensor, file, name, NAI__I64, 1, &rows));
  nai__model_synapse_tensor(name, "delays", from, to);
  if (said->differ) NAI__TRY(nai__tensors_expect(&tensor, file, name, NAI__I32, 1, &said->delays));
  nai__model_synapse_tensor(name, "sender", from, to);
  NAI__TRY(nai__tensors_find(&tensor, file, name));
  shape[0] = 1;
  shape[1] = tensor.ndim == 1 ? tensor.shape[0] : 0;
  if (shape[1] > INT32_MAX)
    return nai__fail(NAI_ERR_FORMAT, "tensor '%.150s' has %lld elements, at most %lld can be read",
                     name, (long long)shape[1], (long long)INT32_MAX);
  return nai__tensors_expect(&tensor, file, name, NAI__I32, 1, &shape[1]);
}

/* before: what the tensors have of shorter delays. `last`: no other follows, so all is used. */
typedef struct place {
  int64_t rows, synapses;
  int64_t left; /* synapses from here on */
  int last;
} place;

static nai_status check_first(const nai__compressed *c, const place *at, const char *name)
{
  for (int64_t i = 0; i <= c->n; i++) {
    const int64_t least = i == c->n && at->last ? at->left : i ? c->first[i - 1] : 0;
    const int64_t most = i == 0 ? 0 : at->left;
    if (c->first[i] >= least && c->first[i] <= most) continue;
    return nai__fail(NAI_ERR_FORMAT, "tensor '%.150s' [%lld] is %lld, must be %lld to %lld", name,
                     (long long)(at->rows + i), (long long)c->first[i], (long long)least,
                     (long long)most);
  }
  return NAI_OK;
}

static nai_status check_senders(const nai__compressed *c, const place *at, const char *name)
{
  for (int64_t i = 0; i < c->n; i++)
    for (int64_t e = c->first[i]; e < c->first[i + 1]; e++) {
      const int64_t least = e > c->first[i] ? (int64_t)c->sender[e - 1] + 1 : 0;
      if (c->sender[e] >= least && c->sender[e] < c->k) continue;
      return nai__fail(
          NAI_ERR_FORMAT,
          "tensor '%.150s' [%lld] is %d, must be %lld to %lld: senders of a row ascend", name,
          (long long)(at->synapses + e), (int)c->sender[e], (long long)least, (long long)c->k - 1);
    }
  return NAI_OK;
}

/* From the tensors that hold it, of which shorter delays have the beginning. */
static nai_status read_list(nai__compressed *c, const nai__tensors *file, const char *from,
                            const char *to, place *at)
{
  char name[NAI__TENSOR_NAME];
  nai__tensor first, sender;
  nai__model_synapse_tensor(name, "first", from, to);
  NAI__TRY(nai__tensors_find(&first, file, name));
  NAI__TRY(nai__tensors_read(c->first, file, &first, at->rows, c->n + 1));
  NAI__TRY(check_first(c, at, name));
  nai__model_synapse_tensor(name, "sender", from, to);
  NAI__TRY(nai__tensors_find(&sender, file, name));
  const int64_t n = c->first[c->n];
  c->sender = NAI__ARRAY(int32_t, n);
  if (!c->sender) return NAI_ERR_MEMORY;
  NAI__TRY(nai__tensors_read(c->sender, file, &sender, at->synapses, n));
  NAI__TRY(check_senders(c, at, name));
  at->rows += c->n + 1;
  at->synapses += n;
  at->left -= n;
  return NAI_OK;
}

/* Delays of a projection ascend, and are no shorter than they may be. */
static nai_status read_delays(nai_network *net, const nai__projection *p, const nai__tensors *file)
{
  char name[NAI__TENSOR_NAME];
  nai__tensor tensor;
  int32_t steps[NAI__MOST_DELAYS];
  int64_t least = net->node[p->from].kind == NAI_POPULATIONS;
  if (net->node[p->to].kind == NAI_OUTPUTS)
    return nai__fail(NAI_ERR_FORMAT, "a projection onto output '%s' has delays that differ",
                     nai__target_name(net, p));
  nai__model_synapse_tensor(name, "delays", nai__source_name(net, p), nai__target_name(net, p));
  NAI__TRY(nai__tensors_find(&tensor, file, name));
  NAI__TRY(nai__tensors_read(steps, file, &tensor, 0, p->n_parts));
  for (int64_t k = 0; k < p->n_parts; k++) {
    if (steps[k] < least || steps[k] > NAI__MOST_DELAY)
      return nai__fail(NAI_ERR_FORMAT, "tensor '%.150s' [%lld] is %d, must be %lld to %d", name,
                       (long long)k, (int)steps[k], (long long)least, NAI__MOST_DELAY);
    least = steps[k] + 1;
    net->block[p->block + k].delay = net->block[p->block + k].longest = steps[k];
  }
  return NAI_OK;
}

static nai_status read_projection(nai_network *net, nai__projection *p, const nai__tensors *file)
{
  char name[NAI__TENSOR_NAME];
  nai__tensor sender;
  const char *from = nai__source_name(net, p), *to = nai__target_name(net, p);
  if (p->spread) NAI__TRY(read_delays(net, p, file));
  nai__model_synapse_tensor(name, "sender", from, to);
  NAI__TRY(nai__tensors_find(&sender, file, name));
  place at = {.left = sender.shape[0]};
  for (int64_t k = 0; k < p->n_parts; k++) {
    nai__block *b = &net->block[p->block + k];
    at.last = k == p->n_parts - 1;
    b->synapses = nai__compressed_create(p->n_post, p->n_pre);
    if (!b->synapses) return NAI_ERR_MEMORY;
    NAI__TRY(read_list(b->synapses, file, from, to, &at));
  }
  return NAI_OK;
}

/* Of each projection: the delays that its tensor has. */
static nai_status read_parts(int64_t *parts, const nai_network *net, const nai__tensors *file)
{
  char name[NAI__TENSOR_NAME];
  nai__tensor delays;
  for (int64_t i = 0; i < net->n_projections; i++) {
    const nai__projection *p = &net->projection[i];
    parts[i] = 1;
    if (!p->is_listed || !p->spread) continue;
    nai__model_synapse_tensor(name, "delays", nai__source_name(net, p), nai__target_name(net, p));
    NAI__TRY(nai__tensors_find(&delays, file, name));
    parts[i] = delays.shape[0];
  }
  return NAI_OK;
}

nai_status nai__synapse_lists_read(nai_network *net, const nai__tensors *file)
{
  int64_t *parts = NAI__ARRAY(int64_t, net->n_projections);
  nai_status status = parts ? read_parts(parts, net, file) : NAI_ERR_MEMORY;
  if (status == NAI_OK) status = nai__add_parts(net, parts);
  nai__free(parts);
  for (int64_t i = 0; i < net->n_projections && status == NAI_OK; i++)
    if (net->projection[i].is_listed) status = read_projection(net, &net->projection[i], file);
  return status;
}
