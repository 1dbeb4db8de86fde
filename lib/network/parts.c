/* Parts of populations, each from what it receives to its step. */
#include "parts.h"

#include "events.h"
#include "move.h"

typedef struct job {
  nai__activity *a;
  int64_t stage, t;
  const nai__scratch *scratch;
} job;

static int64_t parts_of(const nai__segment *g)
{
  return (g->units.n + NAI__FAN_SLICE - 1) / NAI__FAN_SLICE;
}

/* The units, counted in their population, whose spikes a block carries to time t: how many. */
static int64_t find_events(const int32_t **out, const nai__activity *a, const nai__block *block,
                           int64_t t)
{
  return nai__events_of(out, a, &a->net->node[block->from], t - block->delay);
}

static void add_spikes(const job *job, const nai__segment *g, int64_t part)
{
  const nai__activity *a = job->a;
  for (const nai__block *b = nai__first_fan(a->net, g->node); b; b = nai__next_fan(a->net, b)) {
    const int32_t *sender;
    const int64_t n = find_events(&sender, a, b, job->t);
    nai__fans_add(a->net->kernels, job->scratch->v + b->post, nai__carried(a, b, job->t),
                  b->listing.fans, part, part + 1, sender, n);
  }
}

/* The segment of a part, which is then counted in it; NULL after the last one. */
static const nai__segment *segment_of(const job *job, int64_t *part)
{
  const nai_network *net = job->a->net;
  for (const nai__segment *g = net->segment; g < net->segment + net->n_segments; g++) {
    if (g->stage != job->stage) continue;
    if (*part < parts_of(g)) return g;
    *part -= parts_of(g);
  }
  return NULL;
}

/*
 * What the next part is going to read is fetched while this one makes its step; after the last one, what the
 * first needs a step later, as far as it was sent before this one.
 */
static void ask_for_next(const job *job, int64_t task)
{
  const nai__activity *a = job->a;
  int64_t part = task + 1, t = job->t;
  const nai__segment *g = segment_of(job, &part);
  if (!g) {
    part = 0;
    t++;
    g = segment_of(job, &part);
  }
  for (const nai__block *b = nai__first_fan(a->net, g->node); b; b = nai__next_fan(a->net, b)) {
    const int32_t *sender;
    if (t - b->delay >= job->t) continue;
    const int64_t n = find_events(&sender, a, b, t);
    nai__fans_ask(b->listing.fans, part, sender, n);
  }
}

static void move_part(void *argument, int64_t task, int32_t thread)
{
  const job *job = argument;
  int64_t part = task;
  const nai__segment *g = segment_of(job, &part);
  (void)thread;
  const int64_t first = part * NAI__FAN_SLICE, left = g->units.n - first;
  const nai__cells_moved moved =
      nai__cells_move(job->a, g, job->t, 0, 1, job->scratch->v, job->scratch->xi);
  add_spikes(job, g, part);
  ask_for_next(job, task);
  nai__cells_step(&moved, first, left < NAI__FAN_SLICE ? left : NAI__FAN_SLICE);
}

/* All units of the stage are cells that can: rate units would have to wait for what they receive. */
static int can_part(const nai__activity *a, int64_t stage)
{
  const nai_network *net = a->net;
  for (int64_t s = 0; s < net->n_segments; s++)
    if (net->segment[s].stage == stage && !nai__cells_part(&net->segment[s])) return 0;
  return !a->ready && !a->perturbation && !net->n_releases;
}

/* Who fired, before threads ask for it; how many parts there are. */
static int64_t prepare(const job *job)
{
  const nai_network *net = job->a->net;
  int64_t parts = 0;
  for (int64_t s = 0; s < net->n_segments; s++) {
    const nai__segment *g = &net->segment[s];
    const int32_t *sender;
    if (g->stage != job->stage) continue;
    for (const nai__block *b = nai__first_fan(net, g->node); b; b = nai__next_fan(net, b))
      find_events(&sender, job->a, b, job->t);
    parts += parts_of(g);
  }
  return parts;
}

int nai__parts_step(nai__activity *a, int64_t stage, int64_t t, const nai__scratch *scratch)
{
  job job = {a, stage, t, scratch};
  if (!can_part(a, stage)) return 0;
  nai__rate_slot(a, t); /* it will be written */
  const int64_t parts = prepare(&job);
  if (a->pool)
    nai__pool_run(a->pool, parts, move_part, &job);
  else
    for (int64_t k = 0; k < parts; k++) move_part(&job, k, 0);
  return 1;
}
