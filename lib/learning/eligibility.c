/* Eligibility vectors from the slopes of a model: a row of a block is onto one port of one unit. */
#include "eligibility.h"

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../running/move.h"
#include "../units/slopes.h"

#define CHUNK 64 /* synapses at once */

/* The synapses onto one port of one unit that stand side by side, or its bias. */
typedef struct row {
  const nai__block *block; /* NULL: the bias, a synapse from what is always 1 */
  nai__strip strip;        /* in theta */
  int64_t unit, port;      /* of its population; ports counted with their copies */
  int64_t vector;          /* first number of its vectors */
  int64_t moved;           /* the same of what moved, */
  int64_t filtered;        /* and of what outputs with a memory hold of it */
} row;

struct nai__eligibility {
  const nai_network *net;
  row *row; /* by population, in the order of segments */
  int64_t n_rows, n_vectors, n_moved, n_filtered;
  int64_t *end;    /* [n_segments] rows of this one and those before */
  float *vector;   /* of each row [n_states][n] */
  char *moved;     /* of each row [n_states]: 0 where the vector has been 0 throughout */
  float *filtered; /* of each row [n_signals][n]: dsignal/dw, filtered as outputs do it; or NULL */
  float *slopes;
  float *carried; /* [nai__strip_scratch()] */
};

/* --- rows ------------------------------------------------------------------------------------- */

static void add(nai__eligibility *e, const nai__segment *g, row next)
{
  next.vector = e->n_vectors;
  next.moved = e->n_moved;
  next.filtered = e->n_filtered;
  if (e->row) e->row[e->n_rows] = next;
  e->n_rows++;
  e->n_vectors += next.strip.n * g->cells->n_states;
  e->n_moved += g->cells->n_states;
  e->n_filtered += next.strip.n * g->cells->model->ops.n_signals;
}

/* Rows of a block that are onto one port of these units, from column `first` on. */
static void add_block(nai__eligibility *e, const nai__segment *g, const nai__block *b,
                      int64_t first, int64_t port)
{
  for (int64_t u = 0; u < g->units.n; u++) {
    int64_t i = first + u - b->post;
    if (i < 0 || i >= b->n_post) continue;
    add(e, g, (row){.block = b, .strip = nai__strip_of(b, i), .unit = u, .port = port});
  }
}

static void add_port(nai__eligibility *e, const nai__segment *g, int64_t first, int64_t port)
{
  const nai_network *net = e->net;
  for (int64_t k = 0; k < net->n_blocks; k++)
    if (!net->block[k].to_output) add_block(e, g, &net->block[k], first, port);
}

static void add_segment(nai__eligibility *e, const nai__segment *g)
{
  const nai__cells *c = g->cells;
  int64_t port = 0;
  for (int32_t k = 0; k < c->model->ops.n_ports; k++)
    for (int64_t copy = 0; copy < c->port_copies[k]; copy++)
      add_port(e, g, c->port[k] + copy * g->units.n, port++);
  for (int64_t u = 0; u < g->units.n; u++)
    add(e, g, (row){.strip = {e->net->unit_bias + g->offset + u, 1, NULL}, .unit = u});
}

static void list(nai__eligibility *e)
{
  e->n_rows = e->n_vectors = e->n_moved = e->n_filtered = 0;
  for (int64_t s = 0; s < e->net->n_segments; s++) {
    if (e->net->segment[s].cells) add_segment(e, &e->net->segment[s]);
    if (e->end) e->end[s] = e->n_rows;
  }
}

/* --- life ------------------------------------------------------------------------------------- */

nai_status nai__eligibility_create(nai__eligibility **out, const nai_network *net)
{
  *out = NULL;
  if (!net->has_cells) return NAI_OK;
  nai__eligibility *e = NAI__NEW(nai__eligibility);
  if (!e) return NAI_ERR_MEMORY;
  e->net = net;
  list(e);
  row *rows = NAI__ARRAY(row, e->n_rows + 1);
  e->end = NAI__ARRAY(int64_t, net->n_segments);
  e->vector = NAI__ARRAY(float, e->n_vectors + 1);
  e->moved = NAI__ARRAY(char, e->n_moved + 1);
  e->slopes = NAI__ARRAY(float, nai__cells_floats(net, 1) + 1);
  e->carried = NAI__ARRAY(float, nai__strip_scratch(net));
  if (net->has_output_memory) e->filtered = NAI__ARRAY(float, e->n_filtered + 1);
  e->row = rows;
  if ((net->has_output_memory && !e->filtered) || !e->carried || !rows || !e->end || !e->vector ||
      !e->moved || !e->slopes) {
    nai__eligibility_destroy(e);
    return NAI_ERR_MEMORY;
  }
  list(e);
  *out = e;
  return NAI_OK;
}

void nai__eligibility_destroy(nai__eligibility *e)
{
  if (!e) return;
  nai__free(e->row);
  nai__free(e->end);
  nai__free(e->vector);
  nai__free(e->moved);
  nai__free(e->filtered);
  nai__free(e->slopes);
  nai__free(e->carried);
  nai__free(e);
}

void nai__eligibility_clear(nai__eligibility *e)
{
  if (!e) return;
  memset(e->vector, 0, (size_t)e->n_vectors * sizeof *e->vector);
  memset(e->moved, 0, (size_t)e->n_moved);
  if (e->filtered) memset(e->filtered, 0, (size_t)e->n_filtered * sizeof *e->filtered);
}

/* --- a step ----------------------------------------------------------------------------------- */

/* The slopes of one signal of a unit, by its states and by a port; and what it will have been worth. */
typedef struct remembered {
  const float *zs;
  float zp, kept, signal;
} remembered;

/* The slopes of one unit for one port, and what its states and the port are worth through its signals. */
typedef struct share {
  const float *ss;            /* of state by state */
  int64_t n, stride;          /* states; from one entry to the next */
  float sp[NAI__MOST_PLACES]; /* of states by the port */
  float states[NAI__MOST_PLACES], port;
  int32_t n_remembered; /* signals, where outputs have a memory; else 0 */
  remembered remembered[NAI_MOST_SIGNALS];
} share;

static void find_share(share *out, const nai__cells *c, const nai_unit_batch *b, const row *row,
                       const float *signal, const nai__memory *memory)
{
  int64_t n = out->n = b->n_states, u = row->unit, stride = out->stride = b->slope_stride;
  out->ss = b->ss + u;
  out->n_remembered = memory ? c->model->ops.n_signals : 0;
  out->port = 0;
  for (int64_t s = 0; s < n; s++) {
    out->sp[s] = b->sp[(s * b->n_ports + row->port) * stride + u];
    out->states[s] = 0;
  }
  for (int32_t z = 0; z < c->model->ops.n_signals; z++) {
    float l = signal[c->signal[z] + u];
    out->remembered[z] = (remembered){.zs = b->zs + z * n * stride + u,
                                      .zp = b->zp[(z * b->n_ports + row->port) * stride + u],
                                      .kept = memory ? memory->kept : 0,
                                      .signal = memory ? memory->signal[c->signal[z] + u] : 0};
    out->port += l * out->remembered[z].zp;
    for (int64_t s = 0; s < n; s++) out->states[s] += l * b->zs[(z * n + s) * stride + u];
  }
}

static float by_state(const share *share, int64_t after, int64_t before)
{
  return share->ss[(after * share->n + before) * share->stride];
}

/* Which vectors are not 0 after this step. */
static void spread(const share *share, char *moved)
{
  char was[NAI__MOST_PLACES];
  memcpy(was, moved, (size_t)share->n);
  for (int64_t s = 0; s < share->n; s++) {
    if (moved[s]) continue;
    moved[s] = share->sp[s] != 0;
    for (int64_t k = 0; k < share->n && !moved[s]; k++)
      moved[s] = was[k] && by_state(share, s, k) != 0;
  }
}

/* y += a x */
static void add_scaled(float *restrict y, float a, const float *restrict x, int64_t n)
{
  for (int64_t j = 0; j < n; j++) y[j] += a * x[j];
}

/* filtered = kept filtered + ZS eps + ZP r of some synapses, and g += l filtered. */
static void remember(const remembered *m, const share *share, float *filtered, float was[][CHUNK],
                     const char *moved, float *g, const float *r, int64_t n)
{
  for (int64_t j = 0; j < n; j++) filtered[j] = m->kept * filtered[j] + m->zp * r[j];
  for (int64_t s = 0; s < share->n; s++)
    if (moved[s] && m->zs[s * share->stride] != 0)
      add_scaled(filtered, m->zs[s * share->stride], was[s], n);
  add_scaled(g, m->signal, filtered, n);
}

/* Synapses first .. first + n - 1 of a row, of `length` vectors: g += l (ZS eps + ZP r), then eps. */
static void follow(const share *share, float *vector, int64_t length, const char *moved, float *g,
                   const float *r, int64_t first, int64_t n, float *filtered)
{
  float was[NAI__MOST_PLACES][CHUNK];
  add_scaled(g + first, share->port, r + first, n);
  for (int64_t s = 0; s < share->n; s++) {
    if (!moved[s]) continue;
    memcpy(was[s], vector + s * length + first, (size_t)n * sizeof(float));
    if (share->states[s] != 0) add_scaled(g + first, share->states[s], was[s], n);
  }
  for (int32_t z = 0; z < share->n_remembered; z++)
    remember(&share->remembered[z], share, filtered + z * length + first, was, moved, g + first,
             r + first, n);
  for (int64_t s = 0; s < share->n; s++) {
    float *now = vector + s * length + first;
    if (!moved[s]) continue;
    memset(now, 0, (size_t)n * sizeof *now);
    for (int64_t k = 0; k < share->n; k++)
      if (moved[k] && by_state(share, s, k) != 0) add_scaled(now, by_state(share, s, k), was[k], n);
    add_scaled(now, share->sp[s], r + first, n);
  }
}

/* What a row carries; a bias always 1. */
static const float *carried_by(const nai__eligibility *e, const row *row, const nai__online *online)
{
  static const float one = 1;
  if (!row->block) return &one;
  return nai__online_carried(online, &row->strip,
                             nai__carried(online->activity, row->block, online->t), e->carried);
}

static void follow_row(nai__eligibility *e, const row *row, const share *share,
                       const nai__online *online)
{
  const nai__strip *strip = &row->strip;
  const float *r = carried_by(e, row, online);
  char *moved = e->moved + row->moved;
  spread(share, moved);
  for (int64_t j = 0; j < strip->n; j += CHUNK)
    follow(share, e->vector + row->vector, strip->n, moved, online->gradient + strip->at, r, j,
           strip->n - j < CHUNK ? strip->n - j : CHUNK,
           e->filtered ? e->filtered + row->filtered : NULL);
}

nai_status nai__eligibility_step(nai__eligibility *e, const nai__online *online,
                                 const float *signal, const nai__memory *memory)
{
  nai__cells_view view;
  share share;
  for (int64_t s = 0, k = 0; s < e->net->n_segments; s++) {
    const nai__segment *g = &e->net->segment[s];
    if (k == e->end[s]) continue;
    NAI__TRY(nai__cells_slopes(&view, online->activity, g, online->t, 0, 1, e->slopes));
    for (; k < e->end[s]; k++) {
      find_share(&share, g->cells, &view.batch.shown, &e->row[k], signal, memory);
      follow_row(e, &e->row[k], &share, online);
    }
  }
  return NAI_OK;
}
