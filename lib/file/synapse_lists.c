/* Listed projections in a model file. */
#include "synapse_lists.h"

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../network/ends.h"

/* --- writing ---------------------------------------------------------------------------------- */

void nai__synapse_list_describe(nai__json_writer *w, const nai__projection *p)
{
  if (p->is_listed) nai__json_add_text(w, "storage", "listed");
}

nai_status nai__synapse_list_add(nai__tensor_list *list, const nai_network *net,
                                 const nai__projection *p)
{
  char name[NAI__TENSOR_NAME];
  const nai__compressed *synapses = net->block[p->block].synapses;
  const char *from = nai__source_name(net, p), *to = nai__target_name(net, p);
  if (!p->is_listed) return NAI_OK;
  const int64_t rows = p->n_post + 1, n = synapses->first[p->n_post];
  nai__model_synapse_tensor(name, "first", from, to);
  NAI__TRY(nai__tensor_list_lend(list, name, NAI__I64, 1, &rows, synapses->first));
  nai__model_synapse_tensor(name, "sender", from, to);
  return nai__tensor_list_lend(list, name, NAI__I32, 1, &n, synapses->sender);
}

/* --- reading ---------------------------------------------------------------------------------- */

nai_status nai__synapse_list_said(int32_t *listed, const nai__json *json)
{
  const char *word;
  *listed = 0;
  if (!nai__json_get(json, "storage")) return NAI_OK;
  NAI__TRY(nai__json_text(&word, json, "storage"));
  *listed = 1;
  return strcmp(word, "listed") == 0
             ? NAI_OK
             : nai__fail(NAI_ERR_FORMAT, "'storage' is '%.40s', must be 'listed'", word);
}

nai_status nai__synapse_list_shape(int64_t shape[2], const nai__tensors *file, const char *from,
                                   const char *to, int64_t n_post)
{
  char name[NAI__TENSOR_NAME];
  nai__tensor tensor;
  const int64_t rows = n_post + 1;
  nai__model_synapse_tensor(name, "first", from, to);
  NAI__TRY(nai__tensors_expect(&tensor, file, name, NAI__I64, 1, &rows));
  nai__model_synapse_tensor(name, "sender", from, to);
  NAI__TRY(nai__tensors_find(&tensor, file, name));
  shape[0] = 1;
  shape[1] = tensor.ndim == 1 ? tensor.shape[0] : 0;
  if (shape[1] > INT32_MAX)
    return nai__fail(NAI_ERR_FORMAT, "tensor '%.150s' has %lld elements, at most %lld can be read",
                     name, (long long)shape[1], (long long)INT32_MAX);
  return nai__tensors_expect(&tensor, file, name, NAI__I32, 1, &shape[1]);
}

static nai_status check_first(const nai__compressed *c, int64_t synapses, const char *name)
{
  for (int64_t i = 0; i <= c->n; i++) {
    const int64_t least = i ? c->first[i - 1] : 0, most = i == 0 ? 0 : synapses;
    if (c->first[i] >= (i == c->n ? synapses : least) && c->first[i] <= most) continue;
    return nai__fail(NAI_ERR_FORMAT, "tensor '%.150s' [%lld] is %lld, must be %lld to %lld", name,
                     (long long)i, (long long)c->first[i],
                     (long long)(i == c->n ? synapses : least), (long long)most);
  }
  return NAI_OK;
}

static nai_status check_senders(const nai__compressed *c, const char *name)
{
  for (int64_t i = 0; i < c->n; i++)
    for (int64_t e = c->first[i]; e < c->first[i + 1]; e++) {
      const int64_t least = e > c->first[i] ? (int64_t)c->sender[e - 1] + 1 : 0;
      if (c->sender[e] >= least && c->sender[e] < c->k) continue;
      return nai__fail(
          NAI_ERR_FORMAT,
          "tensor '%.150s' [%lld] is %d, must be %lld to %lld: senders of a row ascend", name,
          (long long)e, (int)c->sender[e], (long long)least, (long long)c->k - 1);
    }
  return NAI_OK;
}

static nai_status read_list(nai__compressed *c, const nai__tensors *file, const char *from,
                            const char *to)
{
  char name[NAI__TENSOR_NAME];
  nai__tensor first, sender;
  nai__model_synapse_tensor(name, "sender", from, to);
  NAI__TRY(nai__tensors_find(&sender, file, name));
  const int64_t n = sender.shape[0];
  c->sender = NAI__ARRAY(int32_t, n);
  if (!c->sender) return NAI_ERR_MEMORY;
  NAI__TRY(nai__tensors_read(c->sender, file, &sender, 0, n));
  nai__model_synapse_tensor(name, "first", from, to);
  NAI__TRY(nai__tensors_find(&first, file, name));
  NAI__TRY(nai__tensors_read(c->first, file, &first, 0, c->n + 1));
  NAI__TRY(check_first(c, n, name));
  nai__model_synapse_tensor(name, "sender", from, to);
  return check_senders(c, name);
}

nai_status nai__synapse_lists_read(nai_network *net, const nai__tensors *file)
{
  for (int64_t i = 0; i < net->n_projections; i++) {
    const nai__projection *p = &net->projection[i];
    if (!p->is_listed) continue;
    nai__block *b = &net->block[p->block];
    b->synapses = nai__compressed_create(p->n_post, p->n_pre);
    if (!b->synapses) return NAI_ERR_MEMORY;
    NAI__TRY(read_list(b->synapses, file, nai__source_name(net, p), nai__target_name(net, p)));
  }
  return NAI_OK;
}
