/*
 * The layout of a built network: stages, columns, blocks, and the arrays that hold them.
 *
 * A block is found for each (sending stage, receiving stage, delay); its rectangle is the smallest
 * that holds its projections, so a layer of a feed-forward network is a matrix of its own, and all
 * recurrent projections of one delay are one.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "network.h"

/* Floats of theta: 8 GiB, far above what dense training can use. */
#define MOST_THETA ((int64_t)1 << 31)

/* --- delays and stages ------------------------------------------------------------------------ */

static void set_delays(nai_network *net)
{
  net->max_delay = net->max_input_delay = 0;
  for (int64_t i = 0; i < net->n_projections; i++) {
    nai__projection *p = &net->projection[i];
    int recurrent =
        net->node[p->from].kind == NAI_POPULATIONS && net->node[p->to].kind == NAI_POPULATIONS;
    p->delay = p->delay_ms < 0 ? recurrent : (int64_t)round(p->delay_ms / net->dt);
    int64_t *longest =
        net->node[p->from].kind == NAI_INPUTS ? &net->max_input_delay : &net->max_delay;
    if (p->delay > *longest) *longest = p->delay;
  }
  if (net->max_delay < 1) net->max_delay = 1; /* the rate-leak reads r(t-1) */
}

/* 1 when `p` makes its target wait for its source within a time step. */
static int orders(const nai_network *net, const nai__projection *p)
{
  return p->delay == 0 && net->node[p->from].kind == NAI_POPULATIONS &&
         net->node[p->to].kind == NAI_POPULATIONS;
}

/*
 * Names a loop of zero delays: from any node with a stage that never settles, back along senders
 * until one repeats.
 */
static nai_status fail_loop(const nai_network *net, int64_t at)
{
  char text[200] = "";
  for (int64_t seen = 0; seen < net->n_nodes; seen++) /* go back far enough to be on the loop */
    for (int64_t i = 0; i < net->n_projections; i++)
      if (net->projection[i].to == at && orders(net, &net->projection[i]) &&
          net->node[net->projection[i].from].stage >= net->node[at].stage - 1) {
        at = net->projection[i].from;
        break;
      }
  int64_t start = at;
  do {
    char before[200];
    snprintf(before, sizeof before, "%s", text);
    snprintf(text, sizeof text, " -> %s%.120s", net->node[at].name, before);
    for (int64_t i = 0; i < net->n_projections; i++)
      if (net->projection[i].to == at && orders(net, &net->projection[i]) &&
          net->node[net->projection[i].from].stage >= net->node[at].stage - 1) {
        at = net->projection[i].from;
        break;
      }
  } while (at != start && strlen(text) < 120);
  return nai__fail(NAI_ERR_INVALID,
                   "zero delays make a loop: %s%s; give one of them a delay of dt or more",
                   net->node[start].name, text);
}

/* Longest-path stages; a stage beyond the number of nodes means a loop. */
static nai_status set_stages(nai_network *net)
{
  for (int64_t i = 0; i < net->n_nodes; i++) net->node[i].stage = 0;
  net->n_stages = 1;
  for (int changed = 1; changed;) {
    changed = 0;
    for (int64_t i = 0; i < net->n_projections; i++) {
      const nai__projection *p = &net->projection[i];
      int64_t stage = net->node[p->from].stage + 1;
      if (!orders(net, p) || net->node[p->to].stage >= stage) continue;
      net->node[p->to].stage = stage;
      if (stage > net->n_nodes) return fail_loop(net, p->to);
      if (stage + 1 > net->n_stages) net->n_stages = stage + 1;
      changed = 1;
    }
  }
  return NAI_OK;
}

static nai_status set_columns(nai_network *net)
{
  net->n_inputs = net->n_units = net->n_outputs = 0;
  net->stage_first = NAI__ARRAY(int64_t, net->n_stages + 1);
  if (!net->stage_first) return NAI_ERR_MEMORY;
  for (int64_t stage = 0; stage < net->n_stages; stage++) {
    net->stage_first[stage] = net->n_units;
    for (int64_t i = 0; i < net->n_nodes; i++) {
      nai__node *node = &net->node[i];
      if (node->kind != NAI_POPULATIONS || node->stage != stage) continue;
      node->offset = net->n_units;
      net->n_units += node->n;
    }
  }
  net->stage_first[net->n_stages] = net->n_units;
  for (int64_t i = 0; i < net->n_nodes; i++) {
    nai__node *node = &net->node[i];
    if (node->kind == NAI_POPULATIONS) continue;
    int64_t *columns = node->kind == NAI_INPUTS ? &net->n_inputs : &net->n_outputs;
    node->offset = *columns;
    *columns += node->n;
  }
  net->ld_inputs = nai__leading(net->n_inputs ? net->n_inputs : 1);
  net->ld_units = nai__leading(net->n_units);
  net->ld_outputs = nai__leading(net->n_outputs ? net->n_outputs : 1);
  return NAI_OK;
}

/* --- segments --------------------------------------------------------------------------------- */

static nai_status make_segments(nai_network *net)
{
  net->segment = NAI__ARRAY(nai__segment, net->n_nodes);
  if (!net->segment) return NAI_ERR_MEMORY;
  net->n_segments = 0;
  net->has_rate_leak = 0;
  for (int64_t column = 0; column < net->n_units;) {
    const nai__node *node = NULL;
    for (int64_t i = 0; i < net->n_nodes; i++)
      if (net->node[i].kind == NAI_POPULATIONS && net->node[i].offset == column)
        node = &net->node[i];
    nai__segment *last = net->n_segments ? &net->segment[net->n_segments - 1] : NULL;
    if (last && last->leak == node->leak && last->units.transfer == node->transfer &&
        last->stage == node->stage)
      last->units.n += node->n;
    else
      net->segment[net->n_segments++] =
          (nai__segment){.offset = column,
                         .stage = node->stage,
                         .leak = node->leak,
                         .units = {.n = node->n, .transfer = node->transfer}};
    if (node->leak == NAI_LEAK_RATE) net->has_rate_leak = 1;
    column += node->n;
  }
  return NAI_OK;
}

/* --- blocks ----------------------------------------------------------------------------------- */

static int same_block(const nai_network *net, const nai__block *b, const nai__projection *p)
{
  const nai__node *pre = &net->node[p->from], *post = &net->node[p->to];
  return b->from_input == (pre->kind == NAI_INPUTS) &&
         b->to_output == (post->kind == NAI_OUTPUTS) && b->delay == p->delay &&
         (b->from_input || b->from_stage == pre->stage) &&
         (b->to_output || b->to_stage == post->stage);
}

static void widen(int64_t *first, int64_t *n, int64_t from, int64_t count)
{
  int64_t end = *first + *n > from + count ? *first + *n : from + count;
  if (from < *first) *first = from;
  *n = end - *first;
}

static void join_block(nai_network *net, nai__projection *p)
{
  const nai__node *pre = &net->node[p->from], *post = &net->node[p->to];
  for (p->block = 0; p->block < net->n_blocks; p->block++)
    if (same_block(net, &net->block[p->block], p)) break;
  nai__block *b = &net->block[p->block];
  if (p->block == net->n_blocks) {
    net->n_blocks++;
    *b = (nai__block){.from_input = pre->kind == NAI_INPUTS,
                      .to_output = post->kind == NAI_OUTPUTS,
                      .from_stage = pre->stage,
                      .to_stage = post->stage,
                      .delay = p->delay,
                      .pre = pre->offset,
                      .post = post->offset,
                      .at = {.rows = post->n, .columns = pre->n}};
    return;
  }
  widen(&b->pre, &b->at.columns, pre->offset, pre->n);
  widen(&b->post, &b->at.rows, post->offset, post->n);
}

static nai_status make_blocks(nai_network *net)
{
  net->block = NAI__ARRAY(nai__block, net->n_projections);
  if (!net->block) return NAI_ERR_MEMORY;
  net->n_blocks = 0;
  for (int64_t i = 0; i < net->n_projections; i++) join_block(net, &net->projection[i]);
  int64_t theta = 0;
  for (int64_t i = 0; i < net->n_blocks; i++) {
    nai__block *b = &net->block[i];
    b->at.stride = nai__leading(b->at.columns);
    b->at.start = theta;
    if (b->at.rows > (MOST_THETA - theta) / b->at.stride)
      return nai__fail(NAI_ERR_MEMORY, "the network has more than %lld synapses",
                       (long long)MOST_THETA);
    theta += b->at.rows * b->at.stride;
  }
  net->unit_bias = theta;
  net->output_bias = net->unit_bias + net->ld_units;
  net->unit_initial = net->output_bias + net->ld_outputs;
  net->n_theta = net->unit_initial + net->ld_units;
  for (int64_t i = 0; i < net->n_projections; i++) {
    nai__projection *p = &net->projection[i];
    const nai__block *b = &net->block[p->block];
    const nai__node *pre = &net->node[p->from], *post = &net->node[p->to];
    p->at = (nai__rectangle){.start = b->at.start + (post->offset - b->post) * b->at.stride +
                                      pre->offset - b->pre,
                             .rows = post->n,
                             .columns = pre->n,
                             .stride = b->at.stride};
  }
  return NAI_OK;
}

/* --- arrays ----------------------------------------------------------------------------------- */

static nai_status allocate_block(float **forward, float **backward, const nai__block *b,
                                 const nai__kernels *kernels)
{
  *forward = NAI__ARRAY(float, kernels->packed_size(b->at.columns, b->at.rows));
  *backward =
      b->from_input ? NULL : NAI__ARRAY(float, kernels->packed_size(b->at.rows, b->at.columns));
  return *forward && (*backward || b->from_input) ? NAI_OK : NAI_ERR_MEMORY;
}

/* Room for the packed copies of every block, instead of what was there; all or nothing. */
static nai_status allocate_packed(nai_network *net, const nai__kernels *kernels)
{
  int64_t n = net->n_blocks;
  float **packed = NAI__ARRAY(float *, 2 * n + 1);
  nai_status status = packed ? NAI_OK : NAI_ERR_MEMORY;
  for (int64_t i = 0; i < n && status == NAI_OK; i++)
    status = allocate_block(&packed[2 * i], &packed[2 * i + 1], &net->block[i], kernels);
  for (int64_t i = 0; i < 2 * n && packed; i++) {
    nai__block *b = &net->block[i / 2];
    float **held = i % 2 ? &b->backward : &b->forward;
    nai__free(status == NAI_OK ? *held : packed[i]);
    if (status == NAI_OK) *held = packed[i];
  }
  nai__free(packed);
  return status;
}

static nai_status allocate(nai_network *net)
{
  net->theta = NAI__ARRAY(float, net->n_theta);
  net->exists = NAI__ARRAY(uint8_t, net->n_theta);
  net->learns = NAI__ARRAY(uint8_t, net->n_theta);
  net->plastic = NAI__ARRAY(uint8_t, net->n_theta);
  net->unit = NAI__ARRAY(float, NAI__UNIT_ROWS * net->ld_units);
  net->channel = NAI__ARRAY(float, NAI__CHANNEL_ROWS * net->ld_inputs);
  if (!net->theta || !net->exists || !net->learns || !net->plastic || !net->unit || !net->channel)
    return NAI_ERR_MEMORY;
  return allocate_packed(net, net->kernels);
}

nai_status nai__use_kernels(nai_network *net, const nai__kernels *kernels)
{
  NAI__TRY(allocate_packed(net, kernels));
  net->kernels = kernels;
  nai__pack(net);
  return NAI_OK;
}

static nai_status check_composition(const nai_network *net)
{
  int64_t populations = 0;
  for (int64_t i = 0; i < net->n_nodes; i++) populations += net->node[i].kind == NAI_POPULATIONS;
  if (!populations) return nai__fail(NAI_ERR_ORDER, "the network has no population");
  return NAI_OK;
}

nai_status nai__layout_plan(nai_network *net)
{
  NAI__TRY(check_composition(net));
  set_delays(net);
  NAI__TRY(set_stages(net));
  NAI__TRY(set_columns(net));
  NAI__TRY(make_segments(net));
  return make_blocks(net);
}

nai_status nai__layout(nai_network *net, int draws)
{
  NAI__TRY(nai__layout_plan(net));
  int64_t bytes = nai__layout_bytes(net) + (draws ? nai__draw_bytes(net) : 0);
  NAI__TRY(nai__memory_check(net, bytes, "the network"));
  NAI__TRY(allocate(net));
  nai__numbers_start(net);
  return NAI_OK;
}

void nai__layout_destroy(nai_network *net)
{
  for (int64_t i = 0; i < net->n_blocks; i++) {
    nai__free(net->block[i].forward);
    nai__free(net->block[i].backward);
  }
  nai__free(net->block);
  nai__free(net->segment);
  nai__free(net->theta);
  nai__free(net->exists);
  nai__free(net->learns);
  nai__free(net->plastic);
  nai__free(net->stage_first);
  nai__free(net->unit);
  nai__free(net->channel);
  net->block = NULL;
  net->segment = NULL;
  net->stage_first = NULL;
  net->theta = net->unit = net->channel = NULL;
  net->exists = net->learns = net->plastic = NULL;
  net->n_blocks = net->n_segments = 0;
}
