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
#include "ends.h"
#include "releases.h"

/* Floats of theta: 8 GiB, far above what dense training can use. */
#define MOST_THETA ((int64_t)1 << 31)

/* --- delays and stages ------------------------------------------------------------------------ */

static void set_delays(nai_network *net)
{
  for (int64_t i = 0; i < net->n_projections; i++) {
    nai__projection *p = &net->projection[i];
    int recurrent =
        net->node[p->from].kind == NAI_POPULATIONS && net->node[p->to].kind == NAI_POPULATIONS;
    p->delay = p->spread         ? nai__mean_delay(net, p)
               : p->delay_ms < 0 ? recurrent
                                 : (int64_t)round(p->delay_ms / net->dt);
  }
}

/* 1 when `p` makes its target wait for its source within a time step. */
static int orders(const nai_network *net, const nai__projection *p)
{
  return p->delay == 0 && net->node[p->from].kind == NAI_POPULATIONS &&
         net->node[p->to].kind == NAI_POPULATIONS;
}

/* What is left when the others have their stages: each node of it waits for another one of it. */
typedef struct waiting {
  int64_t *first;  /* [nodes + 1]: of each node's receivers in `to` */
  int64_t *to;     /* [projections] */
  int64_t *waits;  /* [nodes]: senders without a stage */
  int64_t *queue;  /* [nodes]: those with a stage */
  int64_t *before; /* [nodes]: a sender without a stage, or -1 */
} waiting;

static void waiting_destroy(waiting *w)
{
  nai__free(w->first);
  nai__free(w->to);
  nai__free(w->waits);
  nai__free(w->queue);
  nai__free(w->before);
}

static nai_status waiting_create(waiting *w, const nai_network *net)
{
  int64_t n = net->n_nodes;
  *w = (waiting){NAI__ARRAY(int64_t, n + 1), NAI__ARRAY(int64_t, net->n_projections + 1),
                 NAI__ARRAY(int64_t, n), NAI__ARRAY(int64_t, n), NAI__ARRAY(int64_t, n)};
  if (!w->first || !w->to || !w->waits || !w->queue || !w->before) return NAI_ERR_MEMORY;
  for (int64_t i = 0; i < net->n_projections; i++) {
    const nai__projection *p = &net->projection[i];
    if (!orders(net, p)) continue;
    w->first[p->from + 1]++;
    w->waits[p->to]++;
  }
  for (int64_t i = 0; i < n; i++) w->first[i + 1] += w->first[i];
  for (int64_t i = 0; i < n; i++) w->queue[i] = w->first[i];
  for (int64_t i = 0; i < net->n_projections; i++) {
    const nai__projection *p = &net->projection[i];
    if (orders(net, p)) w->to[w->queue[p->from]++] = p->to;
  }
  return NAI_OK;
}

/* Names a loop of zero delays: from a node without a stage back along senders until one repeats. */
static nai_status fail_loop(const nai_network *net, const waiting *w)
{
  char text[200] = "";
  int64_t at = -1;
  for (int64_t i = 0; i < net->n_nodes; i++) w->before[i] = -1;
  for (int64_t i = net->n_projections - 1; i >= 0; i--) {
    const nai__projection *p = &net->projection[i];
    if (!orders(net, p) || !w->waits[p->from] || !w->waits[p->to]) continue;
    w->before[p->to] = p->from;
    at = p->to;
  }
  for (int64_t i = 0; i < net->n_nodes; i++) at = w->before[at]; /* by then it is on the loop */
  int64_t start = at;
  do {
    char before[200];
    snprintf(before, sizeof before, "%s", text);
    snprintf(text, sizeof text, " -> %s%.120s", net->node[at].name, before);
    at = w->before[at];
  } while (at != start && strlen(text) < 120);
  return nai__fail(NAI_ERR_INVALID,
                   "zero delays make a loop: %s%s; give one of them a delay of dt or more",
                   net->node[start].name, text);
}

/* Longest paths: a node has its stage when all that send to it have theirs. */
static nai_status find_stages(nai_network *net, const waiting *w)
{
  int64_t known = 0;
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (!w->waits[i]) w->queue[known++] = i;
  for (int64_t q = 0; q < known; q++) {
    int64_t from = w->queue[q], stage = net->node[from].stage + 1;
    if (stage > net->n_stages) net->n_stages = stage;
    for (int64_t k = w->first[from]; k < w->first[from + 1]; k++) {
      nai__node *node = &net->node[w->to[k]];
      if (stage > node->stage) node->stage = stage;
      if (--w->waits[w->to[k]] == 0) w->queue[known++] = w->to[k];
    }
  }
  return known == net->n_nodes ? NAI_OK : fail_loop(net, w);
}

static nai_status set_stages(nai_network *net)
{
  waiting w;
  for (int64_t i = 0; i < net->n_nodes; i++) net->node[i].stage = 0;
  net->n_stages = 1;
  nai_status status = waiting_create(&w, net);
  if (status == NAI_OK) status = find_stages(net, &w);
  waiting_destroy(&w);
  return status;
}

/* --- columns ---------------------------------------------------------------------------------- */

/* Populations in the order of their columns: by stage, then as they were added. Ends with NULL. */
static nai_status sort_by_column(nai__node **sorted, const nai_network *net)
{
  int64_t *next = NAI__ARRAY(int64_t, net->n_stages + 1);
  if (!next) return NAI_ERR_MEMORY;
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (net->node[i].kind == NAI_POPULATIONS) next[net->node[i].stage + 1]++;
  for (int64_t k = 0; k < net->n_stages; k++) next[k + 1] += next[k];
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (net->node[i].kind == NAI_POPULATIONS) sorted[next[net->node[i].stage]++] = &net->node[i];
  nai__free(next);
  return NAI_OK;
}

static nai_status set_columns(nai_network *net, nai__node *const *sorted)
{
  int64_t stage = 0;
  net->n_inputs = net->n_units = net->n_outputs = 0;
  net->stage_first = NAI__ARRAY(int64_t, net->n_stages + 1);
  if (!net->stage_first) return NAI_ERR_MEMORY;
  for (; *sorted; sorted++) {
    while (stage < (*sorted)->stage) net->stage_first[++stage] = net->n_units;
    (*sorted)->offset = net->n_units;
    net->n_units += (*sorted)->n;
  }
  while (stage < net->n_stages) net->stage_first[++stage] = net->n_units;
  for (int64_t i = 0; i < net->n_nodes; i++) {
    nai__node *node = &net->node[i];
    if (node->kind == NAI_POPULATIONS) continue;
    int64_t *columns = node->kind == NAI_INPUTS ? &net->n_inputs : &net->n_outputs;
    node->offset = *columns;
    *columns += node->n;
  }
  return NAI_OK;
}

static int64_t larger(int64_t a, int64_t b)
{
  return a > b ? a : b;
}

/* Outputs of all steps are kept, even of long trials: no row of theirs is more than an eighth padding. */
static int64_t output_stride(int64_t n)
{
  int64_t padded = nai__leading(larger(n, 1));
  return padded - n <= n / 8 ? padded : larger(n, 1);
}

/* After set_columns(): those of other ports and signals, by stage too, and of states. */
static nai_status set_other_columns(nai_network *net, nai__node *const *sorted)
{
  int64_t stage = 0;
  net->n_columns = net->n_normals = net->n_units;
  net->n_state = 0;
  net->has_cells = net->is_bound = 0;
  net->other_first = NAI__ARRAY(int64_t, net->n_stages + 1);
  if (!net->other_first) return NAI_ERR_MEMORY;
  net->other_first[0] = net->n_units;
  for (; *sorted; sorted++) {
    while (stage < (*sorted)->stage) net->other_first[++stage] = net->n_columns;
    if ((*sorted)->cells) NAI__TRY(nai__cells_columns(net, *sorted));
    nai__releases_columns(net, *sorted);
  }
  while (stage < net->n_stages) net->other_first[++stage] = net->n_columns;
  net->ld_inputs = nai__leading(net->n_inputs ? net->n_inputs : 1);
  net->ld_units = nai__leading(larger(net->n_columns, net->n_normals));
  net->ld_state = net->n_state ? nai__leading(net->n_state) : 0;
  net->ld_outputs = output_stride(net->n_outputs);
  return NAI_OK;
}

/* --- segments --------------------------------------------------------------------------------- */

static void add_to_segments(nai_network *net, const nai__node *node)
{
  nai__segment *last = net->n_segments ? &net->segment[net->n_segments - 1] : NULL;
  if (last && !last->cells && !node->cells && last->leak == node->leak &&
      last->units.transfer == node->transfer && last->stage == node->stage)
    last->units.n += node->n;
  else
    net->segment[net->n_segments++] =
        (nai__segment){.offset = node->offset,
                       .stage = node->stage,
                       .leak = node->leak,
                       .cells = node->cells,
                       .node = node->cells ? node : NULL,
                       .units = {.n = node->n, .transfer = node->transfer}};
  if (node->leak == NAI_LEAK_RATE && !node->cells) net->has_rate_leak = 1;
}

static void number_parts(nai_network *net)
{
  for (int64_t s = 1; s < net->n_segments; s++) {
    const nai__segment *before = &net->segment[s - 1];
    if (before->stage == net->segment[s].stage)
      net->segment[s].first_part = before->first_part + nai__parts_of(net, before);
  }
}

static nai_status make_segments(nai_network *net, nai__node *const *sorted)
{
  net->n_segments = 0;
  net->has_rate_leak = 0;
  net->segment = NAI__ARRAY(nai__segment, net->n_nodes);
  if (!net->segment) return NAI_ERR_MEMORY;
  for (; *sorted; sorted++) add_to_segments(net, *sorted);
  number_parts(net);
  return NAI_OK;
}

/* --- blocks ----------------------------------------------------------------------------------- */

/*
 * First ports and signals stand side by side, and may share a block; others have columns elsewhere, and
 * blocks for each of them. What tells them apart: 0, or the first column.
 */
static int64_t group_of(int32_t end, int64_t column)
{
  return end ? column : 0;
}

/* What is released is another signal than what is sent. */
static int64_t from_group(const nai__projection *p)
{
  return group_of(p->signal || p->release >= 0, p->pre);
}

static int same_block(const nai_network *net, const nai__block *b, const nai__projection *p)
{
  const nai__node *pre = &net->node[p->from], *post = &net->node[p->to];
  return b->is_shared == p->is_shared && b->from_group == from_group(p) &&
         b->to_group == group_of(p->port, p->post) && b->from_input == (pre->kind == NAI_INPUTS) &&
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

/* Of what same_block() compares. */
static uint64_t hash_block(const nai_network *net, const nai__projection *p)
{
  const nai__node *pre = &net->node[p->from], *post = &net->node[p->to];
  uint64_t from = pre->kind == NAI_INPUTS ? 0 : (uint64_t)pre->stage + 1,
           to = post->kind == NAI_OUTPUTS ? 0 : (uint64_t)post->stage + 1;
  uint64_t hash =
      nai__hash_pair(nai__hash_pair(from, to), (uint64_t)p->delay * 2 + (p->is_shared != 0));
  if (!from_group(p) && !p->port) return hash;
  return nai__hash_pair(
      hash, nai__hash_pair((uint64_t)from_group(p), (uint64_t)group_of(p->port, p->post)));
}

static int64_t find_block(const nai_network *net, const nai__index *blocks,
                          const nai__projection *p, uint64_t hash)
{
  int64_t probe = 0, at;
  while ((at = nai__index_next(blocks, hash, &probe)) >= 0)
    if (same_block(net, &net->block[at], p)) return at;
  return -1;
}

static void find_ends(nai_network *net)
{
  for (int64_t i = 0; i < net->n_projections; i++) {
    nai__projection *p = &net->projection[i];
    const nai__node *pre = &net->node[p->from], *post = &net->node[p->to];
    p->n_pre = pre->n;
    p->n_post = nai__end_width(post, NAI__TARGET, p->port);
    p->pre = p->release < 0 ? nai__end_column(pre, NAI__SOURCE, p->signal)
                            : net->release[p->release].segment.cells->signal[0];
    p->post = nai__end_column(post, NAI__TARGET, p->port);
  }
}

static int sends_spikes(const nai__node *pre, const nai__projection *p)
{
  return nai__spikes(pre) && !p->signal && p->release < 0;
}

static void open_block(nai_network *net, nai__projection *p)
{
  const nai__node *pre = &net->node[p->from], *post = &net->node[p->to];
  const int64_t synapses = p->is_listed ? nai__expected_synapses(net, p) : 0;
  p->block = net->n_blocks++;
  p->n_parts = 1;
  net->block[p->block] =
      (nai__block){.from_input = pre->kind == NAI_INPUTS,
                   .to_output = post->kind == NAI_OUTPUTS,
                   .from_stage = pre->stage,
                   .to_stage = post->stage,
                   .from_group = from_group(p),
                   .to_group = group_of(p->port, p->post),
                   .delay = p->delay,
                   .pre = p->pre,
                   .post = p->post,
                   .n_pre = p->n_pre,
                   .n_post = p->n_post,
                   .is_listed = p->is_listed,
                   .is_shared = p->is_shared,
                   .spikes = p->is_listed && sends_spikes(pre, p),
                   .one = p->is_listed && nai__has_one_weight(p),
                   .from = p->from,
                   .to = p->to,
                   .first_shared = -1,
                   .frozen = p->is_listed && !p->plastic && !nai__is_projected(p),
                   .expected = nai__expected_delays(net, p, synapses),
                   .longest = p->spread ? nai__long_delay(net, p) : p->delay,
                   .at = {.columns = synapses}};
}

static nai_status join_block(nai_network *net, nai__index *blocks, nai__projection *p)
{
  if (p->is_listed) {
    open_block(net, p);
    return NAI_OK;
  }
  uint64_t hash = hash_block(net, p);
  p->block = find_block(net, blocks, p, hash);
  p->n_parts = 1;
  if (p->block < 0) {
    NAI__TRY(nai__index_add(blocks, hash, net->n_blocks));
    open_block(net, p);
    return NAI_OK;
  }
  nai__block *b = &net->block[p->block];
  widen(&b->pre, &b->n_pre, p->pre, p->n_pre);
  widen(&b->post, &b->n_post, p->post, p->n_post);
  return NAI_OK;
}

static nai_status join_blocks(nai_network *net)
{
  nai__index blocks = {0};
  nai_status status = NAI_OK;
  for (int64_t i = 0; i < net->n_projections && status == NAI_OK; i++)
    status = join_block(net, &blocks, &net->projection[i]);
  nai__index_release(&blocks);
  return status;
}

/* The projections of each shared block, in the order in which they were added. */
static void link_shared(nai_network *net)
{
  for (int64_t i = net->n_projections - 1; i >= 0; i--) {
    nai__projection *p = &net->projection[i];
    p->next_shared = -1;
    if (!p->is_shared) continue;
    p->next_shared = net->block[p->block].first_shared;
    net->block[p->block].first_shared = i;
  }
}

/* Of a listed block; without synapses yet as many as are expected. */
static int64_t synapses_of(const nai__block *b)
{
  return b->synapses ? b->synapses->first[b->n_post] : b->at.columns;
}

/*
 * From the beginning of a block's row to that of the next: whatever comes behind a listed projection
 * stands where vectors begin again; parts of one have no gap.
 */
static int64_t stride_of(const nai__block *b, int64_t start)
{
  if (!b->is_listed) return nai__leading(b->n_pre);
  if (b->goes_on) return b->at.columns;
  return (start + larger(b->at.columns, 1) + 15) / 16 * 16 - start;
}

/* Where blocks stand in theta, and what comes behind them. */
static nai_status place_blocks(nai_network *net)
{
  int64_t theta = 0;
  for (int64_t i = 0; i < net->n_blocks; i++) {
    nai__block *b = &net->block[i];
    b->at.rows = b->is_listed ? 1 : b->n_post;
    b->at.columns = b->is_listed ? synapses_of(b) : b->n_pre;
    b->at.stride = stride_of(b, theta);
    b->at.start = theta;
    if (b->at.stride && b->at.rows > (MOST_THETA - theta) / b->at.stride)
      return nai__fail(NAI_ERR_MEMORY, "the network has more than %lld synapses",
                       (long long)MOST_THETA);
    theta += b->at.rows * b->at.stride;
  }
  net->unit_bias = theta;
  net->output_bias = net->unit_bias + net->ld_units;
  net->unit_initial = net->output_bias + nai__leading(larger(net->n_outputs, 1));
  net->n_theta = net->unit_initial + net->ld_units;
  return NAI_OK;
}

static void place_projection(nai_network *net, nai__projection *p)
{
  nai__block *b = &net->block[p->block];
  p->at = b->at;
  for (int64_t k = 1; k < p->n_parts; k++) {
    p->at.columns += b[k].at.columns;
    p->at.stride += b[k].at.stride;
  }
  if (p->is_listed) return;
  p->at.start += (p->post - b->post) * b->at.stride + p->pre - b->pre;
  p->at.rows = p->n_post;
  p->at.columns = p->n_pre;
  const nai__bounds bounds = nai__synapse_bounds(net, p);
  b->thinnest = b->pairs ? fmin(b->thinnest, bounds.density) : bounds.density;
  b->densest = fmax(b->densest, bounds.density);
  b->pairs += p->n_post * p->n_pre;
  b->most += bounds.most;
  b->least += bounds.least;
}

static void find_longest(nai_network *net)
{
  net->max_input_delay = 0;
  net->max_delay = 1; /* the rate-leak reads r(t-1) */
  for (int64_t i = 0; i < net->n_blocks; i++) {
    const nai__block *b = &net->block[i];
    int64_t *longest = b->from_input ? &net->max_input_delay : &net->max_delay;
    if (b->longest > *longest) *longest = b->longest;
  }
}

static nai_status place_all(nai_network *net)
{
  NAI__TRY(place_blocks(net));
  find_longest(net);
  for (int64_t i = 0; i < net->n_blocks; i++) {
    nai__block *b = &net->block[i];
    b->pairs = b->most = b->least = 0;
    b->thinnest = b->densest = 0;
  }
  for (int64_t i = 0; i < net->n_projections; i++) place_projection(net, &net->projection[i]);
  return NAI_OK;
}

static nai_status make_blocks(nai_network *net)
{
  net->block = NAI__ARRAY(nai__block, net->n_projections);
  if (!net->block) return NAI_ERR_MEMORY;
  net->n_blocks = 0;
  find_ends(net);
  NAI__TRY(nai__choose_storage(net));
  NAI__TRY(join_blocks(net));
  link_shared(net);
  return place_all(net);
}

/* --- arrays ----------------------------------------------------------------------------------- */

static nai_status allocate_block(float **forward, float **backward, const nai__block *b,
                                 const nai__kernels *kernels)
{
  const int bare = b->is_listed || b->is_shared; /* products do not read them */
  const int64_t k = bare ? 1 : b->n_pre, n = bare ? 1 : b->n_post;
  *forward = NAI__ARRAY(float, kernels->packed_size(k, n));
  *backward = b->from_input ? NULL : NAI__ARRAY(float, kernels->packed_size(n, k));
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
  net->stretch = NAI__ARRAY(nai__stretch, net->n_blocks + 1);
  net->readout = NAI__ARRAY(float, NAI__READOUT_ROWS * net->ld_outputs);
  if (!net->theta || !net->exists || !net->learns || !net->plastic || !net->unit || !net->channel ||
      !net->stretch || !net->readout)
    return NAI_ERR_MEMORY;
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (net->node[i].cells) NAI__TRY(nai__cells_allocate(&net->node[i]));
  NAI__TRY(nai__releases_prepare(net));
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

static void link_onto(nai_network *net)
{
  for (int64_t i = 0; i < net->n_nodes; i++) net->node[i].first_onto = -1;
  for (int64_t k = net->n_projections - 1; k >= 0; k--) {
    nai__projection *p = &net->projection[k];
    p->next_onto = net->node[p->to].first_onto;
    net->node[p->to].first_onto = k;
  }
}

nai_status nai__layout_plan(nai_network *net)
{
  NAI__TRY(check_composition(net));
  link_onto(net);
  NAI__TRY(nai__releases_find(net));
  set_delays(net);
  NAI__TRY(set_stages(net));
  nai__node **sorted = NAI__ARRAY(nai__node *, net->n_nodes + 1);
  nai_status status = sorted ? sort_by_column(sorted, net) : NAI_ERR_MEMORY;
  if (status == NAI_OK) status = set_columns(net, sorted);
  if (status == NAI_OK) status = set_other_columns(net, sorted);
  if (status == NAI_OK) status = make_segments(net, sorted);
  nai__free(sorted);
  return status == NAI_OK ? make_blocks(net) : status;
}

nai_status nai__layout(nai_network *net, int draws)
{
  NAI__TRY(place_all(net));
  int64_t bytes = nai__layout_bytes(net) + (draws ? nai__draw_bytes(net) : 0);
  NAI__TRY(nai__memory_check(net, bytes, "the network"));
  NAI__TRY(allocate(net));
  nai__find_plastic(net);
  nai__numbers_start(net);
  return NAI_OK;
}

void nai__layout_destroy(nai_network *net)
{
  for (int64_t i = 0; i < net->n_blocks; i++) {
    nai__free(net->block[i].forward);
    nai__free(net->block[i].backward);
    nai__listing_destroy(&net->block[i].listing);
    nai__compressed_destroy(net->block[i].synapses);
    nai__free(net->block[i].wired);
  }
  nai__releases_destroy(net);
  nai__free(net->block);
  nai__free(net->way);
  nai__free(net->segment);
  nai__free(net->theta);
  nai__free(net->stretch);
  nai__free(net->exists);
  nai__free(net->learns);
  nai__free(net->plastic);
  nai__free(net->stage_first);
  nai__free(net->other_first);
  nai__free(net->unit);
  nai__free(net->channel);
  nai__free(net->readout);
  net->block = NULL;
  net->way = NULL;
  net->n_ways = 0;
  net->segment = NULL;
  net->stage_first = net->other_first = NULL;
  net->theta = net->unit = net->channel = net->readout = NULL;
  net->exists = net->learns = net->plastic = NULL;
  net->n_blocks = net->n_segments = 0;
  net->stretch = NULL;
  net->n_stretches = 0;
}
