/*
 * Arrays laid out as theta, in files: a projection, bias or initial state at a time, as weights are,
 * so that what they hold does not depend on how theta is laid out.
 */
#include <math.h>
#include <stdio.h>

#include "../base/error.h"
#include "checkpoint.h"

/* A rectangle of theta that has a name. */
typedef struct part {
  char name[NAI__TENSOR_NAME];
  int32_t ndim;
  nai__rectangle at;
} part;

/* What is done with each part: written to a list, or read from a file. */
typedef struct visit {
  nai_status (*with)(const struct visit *visit, const part *part);
  const char *what;
  const nai_network *net;
  nai__tensor_list *list;
  const float *from;
  const nai__tensors *file;
  float *to;
} visit;

static nai_status visit_projection(const visit *v, const nai__projection *p)
{
  part part = {.ndim = 2, .at = p->at};
  nai__model_synapse_tensor(part.name, v->what, nai__source_name(v->net, p),
                            nai__target_name(v->net, p));
  return v->with(v, &part);
}

/* Numbers of a node that can learn. `word` stands after what they are of: "mean bias: E". */
static nai_status visit_number(const visit *v, const nai__node *node, nai__rectangle at,
                               const char *word)
{
  char what[64];
  part part = {.ndim = 1, .at = at};
  snprintf(what, sizeof what, "%s %s", v->what, word);
  nai__model_node_tensor(part.name, what, node->name);
  return v->with(v, &part);
}

static nai_status visit_all(const visit *v)
{
  const nai_network *net = v->net;
  for (int64_t i = 0; i < net->n_projections; i++)
    NAI__TRY(visit_projection(v, &net->projection[i]));
  for (int64_t i = 0; i < net->n_nodes; i++) {
    const nai__node *node = &net->node[i];
    if (node->kind != NAI_INPUTS) NAI__TRY(visit_number(v, node, nai__bias_at(net, node), "bias"));
    if (node->kind == NAI_POPULATIONS)
      NAI__TRY(visit_number(v, node, nai__initial_state_at(net, node), "initial"));
  }
  return NAI_OK;
}

static nai_status add(const visit *v, const part *part)
{
  const nai__rectangle *at = &part->at;
  const float *from = v->from + at->start;
  if (part->ndim == 2)
    return nai__tensor_list_lend_rows(v->list, part->name, NAI__F32, at->rows, at->columns, from,
                                      at->stride);
  return nai__tensor_list_lend(v->list, part->name, NAI__F32, 1, &at->columns, from);
}

static nai_status fill(const visit *v, const part *part)
{
  nai__tensor tensor;
  int64_t shape[2] = {part->at.rows, part->at.columns}, n = part->at.columns;
  NAI__TRY(nai__tensors_expect(&tensor, v->file, part->name, NAI__F32, part->ndim,
                               shape + 2 - part->ndim));
  for (int64_t i = 0; i < part->at.rows; i++) {
    float *row = v->to + nai__place_in(&part->at, i, 0);
    NAI__TRY(nai__tensors_read(row, v->file, &tensor, i * n, n));
    for (int64_t j = 0; j < n; j++)
      if (!isfinite(row[j]))
        return nai__fail(NAI_ERR_FORMAT, "tensor '%s' [%lld] is %g, must be finite", part->name,
                         (long long)(i * n + j), (double)row[j]);
  }
  return NAI_OK;
}

nai_status nai__theta_add(nai__tensor_list *list, const nai_network *net, const char *what,
                          const float *array)
{
  const visit v = {.with = add, .what = what, .net = net, .list = list, .from = array};
  return visit_all(&v);
}

nai_status nai__theta_fill(float *array, const nai__tensors *file, const nai_network *net,
                           const char *what)
{
  const visit v = {.with = fill, .what = what, .net = net, .file = file, .to = array};
  return visit_all(&v);
}
