/* Feedback weights: drawing, packing, finding. */
#include "feedback.h"

#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/random.h"
#include "../network/row.h"
#include "rule.h"

/* --- drawing ---------------------------------------------------------------------------------- */

/* Root mean square of the weights of existing synapses of a projection; 0 without any. */
static double size_of(const nai_network *net, const nai__projection *p, double *sum, double *count)
{
  nai_synapses s = nai__synapses(net, p, NULL, NULL);
  for (int64_t i = 0; i < s.n_post; i++)
    for (int64_t j = 0; j < s.n_pre; j++) {
      if (s.exists[i * s.stride + j] == 0) continue;
      *sum += (double)s.weight[i * s.stride + j] * (double)s.weight[i * s.stride + j];
      *count += 1;
    }
  return *count > 0 ? sqrt(*sum / *count) : 0;
}

static double readout_size(const nai_network *net)
{
  double sum = 0, count = 0, size = 0;
  for (int64_t k = 0; k < net->n_projections; k++)
    if (net->node[net->projection[k].to].kind == NAI_OUTPUTS)
      size = size_of(net, &net->projection[k], &sum, &count);
  return size > 0 ? size : 1 / sqrt((double)net->n_outputs);
}

static nai_status need_outputs(const nai__learner *learner)
{
  if (learner->net->n_outputs) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID, "rule '%s' learns from outputs, the network has none",
                   learner->rule->kind->name);
}

int nai__feedback_is_exact(const nai_network *net, const nai__projection *p)
{
  return p->signal && !p->plastic && net->node[p->to].kind == NAI_OUTPUTS;
}

static int reads_another(const nai_network *net, const nai__projection *p)
{
  return p->signal && net->node[p->to].kind == NAI_OUTPUTS;
}

/* Readouts of `block`; of other signals than first ones, frozen or not; of these, the frozen ones. */
typedef struct readouts {
  int64_t all, others, exact;
} readouts;

static readouts readouts_of(const nai_network *net, int64_t block)
{
  readouts n = {0, 0, 0};
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    if (block < p->block || block >= p->block + p->n_parts) continue;
    n.all++;
    n.others += reads_another(net, p);
    n.exact += nai__feedback_is_exact(net, p);
  }
  return n;
}

/* A matrix that others share may need a copy in which theirs are 0, whichever are frozen one day. */
static nai_status make_room(nai__feedback *f, const nai_network *net)
{
  f->exact = NAI__ARRAY(float *, net->n_blocks + 1);
  f->apart = NAI__ARRAY(float *, net->n_blocks + 1);
  f->room = NAI__ARRAY(float *, net->n_blocks + 1);
  f->room_apart = NAI__ARRAY(float *, net->n_blocks + 1);
  if (!f->exact || !f->apart || !f->room || !f->room_apart) return NAI_ERR_MEMORY;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    const readouts n = readouts_of(net, k);
    if (!n.others || n.all == 1) continue;
    f->room_apart[k] = NAI__ARRAY(float, b->at.rows * b->at.stride);
    f->room[k] = NAI__ARRAY(float, nai__backward_size(net, b));
    if (!f->room_apart[k] || !f->room[k]) return NAI_ERR_MEMORY;
  }
  return NAI_OK;
}

/* As readouts are frozen now. */
static void find_exact(nai__feedback *f, const nai_network *net)
{
  f->changes = net->changes;
  f->n_exact = 0;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const readouts n = readouts_of(net, k);
    const int shares = n.exact && n.exact < n.all;
    f->apart[k] = shares ? f->room_apart[k] : NULL;
    f->n_exact += n.exact > 0;
    f->exact[k] = !n.exact ? NULL : shares ? f->room[k] : net->block[k].backward;
  }
}

static void copy_apart(nai__feedback *f, const nai_network *net, int64_t block)
{
  const nai__block *b = &net->block[block];
  float *apart = f->apart[block];
  memset(apart, 0, (size_t)(b->at.rows * b->at.stride) * sizeof *apart);
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    if (p->block != block || !nai__feedback_is_exact(net, p)) continue;
    for (int64_t i = 0; i < p->at.rows; i++) {
      const int64_t at = nai__place_in(&p->at, i, 0);
      memcpy(apart + at - b->at.start, net->theta + at, (size_t)p->at.columns * sizeof *apart);
    }
  }
  net->kernels->pack(f->exact[block], apart, b->at.stride, b->n_post, b->n_pre, 0);
}

static void set_apart(nai__feedback *f, const nai_network *net)
{
  if (!f->apart) return;
  if (f->changes != net->changes) find_exact(f, net);
  for (int64_t k = 0; k < net->n_blocks; k++)
    if (f->apart[k])
      copy_apart(f, net, k);
    else if (f->exact[k])
      f->exact[k] = net->block[k].backward;
}

static nai_status feedback_direct(nai__learner *learner, double sd)
{
  const nai_network *net = learner->net;
  nai__feedback *f = &learner->feedback;
  f->direct = nai__learner_keep(learner, "direct feedback", net->n_outputs * net->ld_units);
  f->stage_packed = NAI__ARRAY(float *, net->n_stages);
  if (!f->direct || !f->stage_packed) return NAI_ERR_MEMORY;
  nai__learner_keep_fixed(learner);
  NAI__TRY(make_room(f, net));
  find_exact(f, net);
  for (int64_t s = 0; s < net->n_stages; s++) {
    int64_t n = net->stage_first[s + 1] - net->stage_first[s];
    f->stage_packed[s] = NAI__ARRAY(float, net->kernels->packed_size(net->n_outputs, n));
    if (!f->stage_packed[s]) return NAI_ERR_MEMORY;
  }
  for (int64_t i = 0; i < net->n_nodes; i++) {
    const nai__node *node = &net->node[i];
    if (node->kind != NAI_POPULATIONS) continue;
    nai__stream stream =
        nai__stream_open(learner->rule->seed, NAI__FOR_FEEDBACK, (uint64_t)node->order, 0);
    for (int64_t u = 0; u < node->n; u++)
      for (int64_t o = 0; o < net->n_outputs; o++)
        f->direct[o * net->ld_units + node->offset + u] = (float)(sd * nai__stream_normal(&stream));
  }
  return NAI_OK;
}

nai_status nai__feedback_direct(nai__learner *learner)
{
  NAI__TRY(need_outputs(learner));
  return feedback_direct(learner, 1 / sqrt((double)learner->net->n_outputs));
}

nai_status nai__feedback_direct_as_readout(nai__learner *learner)
{
  NAI__TRY(need_outputs(learner));
  return feedback_direct(learner, readout_size(learner->net));
}

static void draw_projection(nai__learner *learner, int64_t k)
{
  const nai_network *net = learner->net;
  const nai__projection *p = &net->projection[k];
  double sum = 0, count = 0, sd = size_of(net, p, &sum, &count);
  if (sd == 0) sd = 1 / sqrt((double)p->n_pre);
  nai__stream stream = nai__stream_open(learner->rule->seed, NAI__FOR_FEEDBACK, (uint64_t)k, 1);
  for (int64_t i = 0; i < p->at.rows; i++) /* of a listed one, all synapses */
    for (int64_t j = 0; j < p->at.columns; j++) {
      int64_t at = nai__place_in(&p->at, i, j);
      float value = nai__feedback_is_exact(net, p) ? net->theta[at]
                                                   : (float)(sd * nai__stream_normal(&stream));
      learner->feedback.weight[at] = net->exists[at] != 0 ? value : 0;
    }
}

static int is_fed_back(const nai_network *net, const nai__projection *p, int only_outputs)
{
  return net->node[p->from].kind == NAI_POPULATIONS &&
         (!only_outputs || net->node[p->to].kind == NAI_OUTPUTS);
}

static int64_t layout_of(const nai_network *net, const nai__block *b)
{
  return 2 * nai__backward_size(net, b) + (b->is_listed && !b->listing.backward);
}

/* Room for the feedback weights of a block as it is now; without memory all stays. */
static nai_status lay_out(nai__feedback *f, const nai_network *net, int64_t block)
{
  const nai__block *b = &net->block[block];
  float *packed = NAI__ARRAY(float, nai__backward_size(net, b));
  if (!packed) return NAI_ERR_MEMORY;
  nai__free(f->packed[block]);
  f->packed[block] = packed;
  f->laid[block] = layout_of(net, b);
  return NAI_OK;
}

nai_status nai__feedback_fit(nai__feedback *f, const nai_network *net)
{
  for (int64_t k = 0; f->weight && k < net->n_blocks; k++) {
    if (!f->packed[k] || f->laid[k] == layout_of(net, &net->block[k])) continue;
    NAI__TRY(lay_out(f, net, k));
    f->removals = -1;
  }
  return NAI_OK;
}

nai_status nai__feedback_weights(nai__learner *learner, int only_outputs)
{
  const nai_network *net = learner->net;
  nai__feedback *f = &learner->feedback;
  NAI__TRY(need_outputs(learner));
  f->weight = nai__learner_keep_theta(learner, "feedback");
  f->packed = NAI__ARRAY(float *, net->n_blocks);
  f->laid = NAI__ARRAY(int64_t, net->n_blocks);
  if (!f->weight || !f->packed || !f->laid) return NAI_ERR_MEMORY;
  for (int64_t i = 0; i < net->n_blocks; i++) {
    const nai__block *b = &net->block[i];
    if (b->from_input || (only_outputs && !b->to_output)) continue;
    NAI__TRY(lay_out(f, net, i));
  }
  for (int64_t k = 0; k < net->n_projections; k++)
    if (is_fed_back(net, &net->projection[k], only_outputs)) draw_projection(learner, k);
  return NAI_OK;
}

/* --- following -------------------------------------------------------------------------------- */

void nai__feedback_decay(const nai__learner *learner, float *theta, const float *before,
                         double decay)
{
  const nai_network *net = learner->net;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    if (!learner->feedback.packed[k]) continue;
    for (int64_t i = b->at.start; i < b->at.start + b->at.rows * b->at.stride; i++)
      if (net->plastic[i] != 0) theta[i] -= (float)decay * before[i];
  }
}

/* B' = (1 - decay) B + W' - (1 - decay) W */
void nai__feedback_follow(nai__learner *learner, const float *theta, const float *before,
                          double decay)
{
  const nai_network *net = learner->net;
  float *feedback = learner->feedback.weight;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    if (!learner->feedback.packed[k]) continue;
    for (int64_t i = b->at.start; i < b->at.start + b->at.rows * b->at.stride; i++)
      if (net->plastic[i] != 0)
        feedback[i] += theta[i] - before[i] - (float)decay * (feedback[i] - before[i]);
  }
  nai__feedback_pack(&learner->feedback, net);
}

int64_t nai__feedback_memory(const nai_rule *rule, const nai_network *net, int64_t trials,
                             int64_t threads)
{
  (void)rule, (void)trials, (void)threads;
  int64_t bytes = 0;
  for (int64_t k = 0; k < net->n_blocks; k++)
    if (!net->block[k].from_input)
      bytes += nai__backward_size(net, &net->block[k]) * (int64_t)sizeof(float);
  return bytes;
}

/* --- packing ---------------------------------------------------------------------------------- */

void nai__feedback_pack(nai__feedback *f, const nai_network *net)
{
  for (int64_t s = 0; f->direct && s < net->n_stages; s++)
    net->kernels->pack(f->stage_packed[s], f->direct + net->stage_first[s], net->ld_units,
                       net->n_outputs, net->stage_first[s + 1] - net->stage_first[s], 0);
  for (int64_t i = 0; f->weight && i < net->n_blocks; i++) {
    const nai__block *b = &net->block[i];
    if (f->packed[i] && f->laid[i] == layout_of(net, b))
      nai__pack_backward(net, b, f->packed[i], f->weight);
  }
  set_apart(f, net);
}

static void drop_absent(nai__feedback *f, const nai_network *net)
{
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__rectangle *at = &net->block[k].at;
    for (int64_t i = at->start; f->packed[k] && i < at->start + at->rows * at->stride; i++)
      if (net->exists[i] == 0) f->weight[i] = 0;
  }
}

/* 1 when feedback weights were others than those that are exact. */
static int take_exact(nai__feedback *f, const nai_network *net)
{
  int changed = 0;
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    if (!nai__feedback_is_exact(net, p) || !f->packed[p->block]) continue;
    const size_t bytes = (size_t)p->at.columns * sizeof *f->weight;
    for (int64_t i = 0; i < p->at.rows; i++) {
      const int64_t at = nai__place_in(&p->at, i, 0);
      if (memcmp(f->weight + at, net->theta + at, bytes) == 0) continue;
      memcpy(f->weight + at, net->theta + at, bytes);
      changed = 1;
    }
  }
  return changed;
}

void nai__feedback_renew(nai__feedback *f, const nai_network *net)
{
  const int changed = f->weight && take_exact(f, net);
  if (!changed && (!f->weight || f->removals == net->removals)) {
    set_apart(f, net);
    return;
  }
  drop_absent(f, net);
  f->removals = net->removals;
  nai__feedback_pack(f, net);
}

void nai__feedback_destroy(nai__feedback *f, const nai_network *net)
{
  for (int64_t s = 0; f->stage_packed && s < net->n_stages; s++) nai__free(f->stage_packed[s]);
  for (int64_t i = 0; f->packed && i < net->n_blocks; i++) nai__free(f->packed[i]);
  nai__free(f->stage_packed);
  nai__free(f->packed);
  nai__free(f->laid);
  for (int64_t k = 0; f->room && k < net->n_blocks; k++) nai__free(f->room[k]);
  for (int64_t k = 0; f->room_apart && k < net->n_blocks; k++) nai__free(f->room_apart[k]);
  nai__free(f->exact);
  nai__free(f->apart);
  nai__free(f->room);
  nai__free(f->room_apart);
  *f = (nai__feedback){.direct = NULL};
}

/* --- finding ---------------------------------------------------------------------------------- */

static nai_status find_direct(nai__feedback_matrix *out, const nai__learner *learner,
                              const char *population)
{
  const nai_network *net = learner->net;
  const nai__node *node;
  NAI__TRY(nai__node_find(&node, net, NAI__KIND(NAI_POPULATIONS), population, "from"));
  if (!learner->feedback.direct)
    return nai__fail(NAI_ERR_UNSUPPORTED, "rule '%s' has no feedback from outputs to populations",
                     learner->rule->kind->name);
  *out = (nai__feedback_matrix){
      learner->feedback.direct, {node->offset, net->n_outputs, node->n, net->ld_units}, NULL, 0};
  return NAI_OK;
}

nai_status nai__feedback_find(nai__feedback_matrix *out, const nai__learner *learner,
                              const char *from, const char *to)
{
  if (!to) return find_direct(out, learner, from);
  const nai_network *net = learner->net;
  const nai__projection *p;
  NAI__TRY(nai__projection_find(&p, net, from, to));
  if (!learner->feedback.weight)
    return nai__fail(NAI_ERR_UNSUPPORTED, "rule '%s' has no feedback weights for projections",
                     learner->rule->kind->name);
  if (!learner->feedback.packed[p->block])
    return nai__fail(NAI_ERR_INVALID, "rule '%s' sends no errors back from '%s' to '%s'",
                     learner->rule->kind->name, to, from);
  *out = (nai__feedback_matrix){.array = learner->feedback.weight,
                                .at = p->at,
                                .exists = net->exists,
                                .is_exact = nai__feedback_is_exact(net, p)};
  return NAI_OK;
}
