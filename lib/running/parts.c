/* Parts of populations, each from what it receives to its step. */
#include "parts.h"

#include "events.h"
#include "meeting.h"
#include "move.h"
#include "scaled.h"

/* Steps from t on, the first one of these, to before `end`. */
typedef struct job {
  nai__activity *a;
  int64_t stage, t, end;
  float *v;        /* [ld_units]: of what parts receive */
  const float *xi; /* normals; NULL: none are asked for */
  int alone;       /* 1: there is nothing in v yet */
} job;

/*
 * The units, counted in their population, whose spikes a way carries to time t, which has a slot: how many. All of it
 * is known by now. Of most ways none: that should cost little.
 */
static inline int64_t find_events(const int32_t **out, const nai__activity *a, const nai__way *way,
                                  int64_t slot)
{
  const nai__events *e = a->events;
  const int64_t sent = slot < way->delay ? slot + e->slots - way->delay : slot - way->delay,
                n = e->count[sent * e->nodes + way->from];
  if (n) *out = e->sender + sent * e->units + a->net->node[way->from].offset;
  return n;
}

static void add_spikes(const job *job, const nai__segment *g, int64_t part, int64_t t)
{
  const nai__activity *a = job->a;
  const nai_network *net = a->net;
  const nai__way *end = nai__ways_end(net, g->node);
  const int64_t slot = nai__rate_slot_number(a, t), first = nai__mine(net, g->node).first;
  for (const nai__way *way = nai__ways_onto(net, g->node); way < end; way++) {
    const int32_t *sender;
    const int64_t n = find_events(&sender, a, way, slot);
    if (n == 0) continue;
    if (nai__scaled_now(a->schedule, way->block, t - 1, 0)) continue; /* it is there */
    const nai__block *b = &net->block[way->block];
    nai__fans_add(net->kernels, job->v + b->post + first, nai__carried(a, b, t), b->listing.fans,
                  part, part + 1, sender, n);
  }
}

/* 1 where a part of a segment comes after this one of a stage, or is it. */
static int is_before(const nai__segment *g, int64_t stage, int64_t part)
{
  return g->stage < stage || (g->stage == stage && g->first_part <= part);
}

/* The segment of a part, which is then counted in it; NULL after the last one. */
static const nai__segment *segment_of(const job *job, int64_t *part)
{
  const nai_network *net = job->a->net;
  int64_t low = 0, high = net->n_segments;
  while (high - low > 1) {
    const int64_t middle = low + (high - low) / 2;
    if (is_before(&net->segment[middle], job->stage, *part))
      low = middle;
    else
      high = middle;
  }
  *part -= net->segment[low].first_part;
  return *part < nai__parts_of(net, &net->segment[low]) ? &net->segment[low] : NULL;
}

/* What is read next is fetched while this part makes step t: for its own next step, or for the next part. */
static void ask_for_next(const job *job, int64_t task, int64_t t)
{
  const nai__activity *a = job->a;
  int64_t part = t + 1 < job->end ? task : task + 1;
  const nai__segment *g = segment_of(job, &part);
  if (!g || !g->node->has_bits) return;
  const int64_t slot = nai__rate_slot_number(a, t + 1 < job->end ? t + 1 : job->t);
  const nai__way *end = nai__ways_end(a->net, g->node);
  for (const nai__way *way = nai__ways_onto(a->net, g->node); way < end; way++) {
    const int32_t *sender;
    const int64_t n = find_events(&sender, a, way, slot);
    if (n) nai__fans_ask(a->net->block[way->block].listing.fans, part, sender, n);
  }
}

static void move_part(void *argument, int64_t task, int32_t thread)
{
  const job *job = argument;
  int64_t part = task;
  const nai__segment *g = segment_of(job, &part);
  const nai__portion mine = nai__mine(job->a->net, g->node);
  const int64_t slice = nai__fan_slice(mine.end - mine.first), first = mine.first + part * slice,
                left = mine.end - first, n = left < slice ? left : slice;
  nai__cells_run run = {0, 0, 0};
  (void)thread;
  for (int64_t t = job->t; t < job->end; t++) {
    nai__cells_moved moved = nai__cells_move(job->a, g, t, 0, 1, job->v, job->xi);
    if (job->alone) {
      moved.run = &run;
      nai__cells_begin_sums(&moved, first, n);
    }
    add_spikes(job, g, part, t);
    ask_for_next(job, task, t);
    nai__cells_step(&moved, first, n);
  }
}

/* All units of the stage are cells that can: rate units would have to wait for what they receive. */
static int can_part(const nai__activity *a, int64_t stage)
{
  const nai_network *net = a->net;
  for (int64_t s = 0; s < net->n_segments; s++)
    if (net->segment[s].stage == stage && !nai__cells_part(net->segment[s].cells)) return 0;
  return !a->ready && !a->perturbation && !net->n_releases;
}

static int64_t parts_of_stage(const nai_network *net, int64_t stage)
{
  int64_t parts = 0;
  for (int64_t s = 0; s < net->n_segments; s++)
    if (net->segment[s].stage == stage) parts += nai__parts_of(net, &net->segment[s]);
  return parts;
}

/* What units of other stages have sent at this very step. */
static void find_now(const nai__activity *a, int64_t stage, int64_t t)
{
  const nai_network *net = a->net;
  for (int64_t s = 0; s < net->n_segments; s++) {
    const nai__segment *g = &net->segment[s];
    const int32_t *sender;
    if (g->stage != stage) continue;
    for (int64_t k = 0; k < g->node->n_ways; k++) {
      const nai__way *way = nai__ways_onto(net, g->node) + k;
      if (way->delay == 0) nai__events_of(&sender, a, &net->node[way->from], t);
    }
  }
}

/* Who fired, before threads ask for it. */
static void find_senders(const job *job)
{
  const nai_network *net = job->a->net;
  const int64_t last = job->end - 1 - net->least_way, before = job->t - 1;
  if (net->n_ways == 0) return;
  nai__events_find(job->a, job->t - net->max_delay, last < before ? last : before);
  if (net->least_way == 0) find_now(job->a, job->stage, job->t);
}

static void run(job *job)
{
  nai__activity *a = job->a;
  for (int64_t t = job->t; t < job->end; t++) {
    if (a->meeting) nai__ranks_open(a, job->stage, t);
    nai__rate_slot(a, t); /* it will be written */
  }
  find_senders(job);
  const int64_t parts = parts_of_stage(a->net, job->stage);
  if (a->pool)
    nai__pool_run(a->pool, parts, move_part, job);
  else
    for (int64_t k = 0; k < parts; k++) move_part(job, k, 0);
  if (a->meeting && !a->meeting->waits) nai__ranks_meet(a, job->stage, job->t, job->end);
}

int nai__parts_step(nai__activity *a, int64_t stage, int64_t t, const nai__scratch *scratch)
{
  job job = {a, stage, t, t + 1, scratch->v, scratch->xi, 0};
  if (!can_part(a, stage)) return 0;
  run(&job);
  return 1;
}

/* --- several steps ---------------------------------------------------------------------------- */

/* More would take memory for the rows of as many, and threads meet seldom enough; ranks are further apart. */
#define MOST_STEPS 8
#define MOST_STEPS_OF_RANKS 32

static int all_part(const nai_network *net)
{
  for (int64_t s = 0; s < net->n_segments; s++)
    if (!nai__cells_part(net->segment[s].cells)) return 0;
  return net->n_stages == 1;
}

/* Once it has its lists, that need not be asked of each block, of which there may be very many. */
static int all_spike(const nai_network *net)
{
  if (net->way) return net->n_ways == net->n_blocks;
  for (int64_t k = 0; k < net->n_blocks; k++)
    if (!net->block[k].spikes) return 0;
  return 1;
}

/* Cells that ask for nothing but what comes along synapses by sender. */
static int is_alone(const nai_network *net)
{
  if (net->n_inputs || net->n_outputs || net->n_releases || net->has_noise || net->has_output_noise)
    return 0;
  return net->n_blocks > 0 && all_spike(net) && all_part(net);
}

/* The same on all ranks, whatever blocks each of them has. */
static int64_t window_of_ranks(const nai_network *net)
{
  if (!all_part(net)) return 1;
  return net->least_delay < MOST_STEPS_OF_RANKS ? net->least_delay : MOST_STEPS_OF_RANKS;
}

static int64_t window_of_one(const nai_network *net)
{
  int64_t steps = MOST_STEPS;
  if (!is_alone(net)) return 1;
  for (int64_t k = 0; k < net->n_blocks; k++)
    if (net->block[k].delay < steps) steps = net->block[k].delay;
  return steps;
}

int64_t nai__parts_window(const nai_network *net)
{
  const int64_t steps = nai__is_shared_out(net) ? window_of_ranks(net) : window_of_one(net);
  return steps > 1 ? steps : 1;
}

/* What is planned or added from outside is given step by step. */
int nai__parts_alone(const nai__activity *a)
{
  return is_alone(a->net) && !a->schedule && !a->inject && !a->own;
}

int64_t nai__parts_most(const nai__activity *a)
{
  const int64_t slots = a->rate_slots - a->net->max_delay;
  if (slots < 2 || !a->events || a->step_slots > 1 || !can_part(a, 0) || a->own) return 1;
  return a->meeting || nai__parts_alone(a) ? slots : 1;
}

void nai__parts_run(nai__activity *a, int64_t t, int64_t steps)
{
  job job = {a, 0, t, t + steps, nai__received_slot(a, t), NULL, 1};
  run(&job);
}
