/* Snapshots: all that the future of a running network depends on, as bytes, and back. */
#include <string.h>

#include "../base/error.h"
#include "events.h"
#include "state.h"

/* Of snapshots; changes whenever their layout does. */
#define SNAPSHOT_MAGIC UINT64_C(0x3730544154534e41)

/* What a snapshot starts with. */
struct header {
  uint64_t magic;
  uint64_t network; /* hash of all that says what the numbers belong to */
  int64_t n_memory, trials, time;
  uint64_t seed, first;
  int64_t n_schedule; /* bytes, after the numbers */
  int32_t injects, clamps, owns, reserved;
};

/* FNV-1a. */
static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    hash ^= ((const unsigned char *)bytes)[i];
    hash *= UINT64_C(0x100000001b3);
  }
  return hash;
}

/* What the numbers of a unit mean, its model says. */
static uint64_t hash_model(uint64_t hash, const nai__cells *cells)
{
  return cells ? hash_bytes(hash, cells->model->ops.name, strlen(cells->model->ops.name)) : hash;
}

static uint64_t hash_nodes(uint64_t hash, const nai_network *net, int32_t kind)
{
  for (int64_t i = 0; i < net->n_nodes; i++) {
    const nai__node *node = &net->node[i];
    if (node->kind != kind) continue;
    const int64_t place[] = {node->kind, node->n, node->offset, node->leak};
    hash = hash_bytes(hash, node->name, strlen(node->name));
    hash = hash_bytes(hash, place, sizeof place);
    hash = hash_model(hash, node->cells);
  }
  return hash;
}

/* Which projections share what is released. */
static uint64_t hash_releases(uint64_t hash, const nai_network *net)
{
  for (int64_t k = 0; k < net->n_projections && net->n_releases; k++)
    hash = hash_bytes(hash, &net->projection[k].release, sizeof net->projection[k].release);
  return hash;
}

/* A kind after the other, as model files have them, so that a loaded network takes the snapshot. */
static uint64_t hash_network(const nai_network *net)
{
  const int64_t delays[] = {net->max_delay, net->max_input_delay};
  uint64_t hash = hash_bytes(UINT64_C(0xcbf29ce484222325), delays, sizeof delays);
  for (int32_t kind = NAI_INPUTS; kind <= NAI_OUTPUTS; kind++) hash = hash_nodes(hash, net, kind);
  return hash_releases(hash, net);
}

static struct header header_of(const nai_state *state)
{
  return (struct header){SNAPSHOT_MAGIC,
                         hash_network(state->net),
                         state->n_memory,
                         state->activity.trials,
                         state->time,
                         state->activity.seed,
                         state->activity.first,
                         nai__schedule_size(&state->schedule),
                         state->activity.inject != NULL,
                         state->activity.clamp != NULL,
                         state->activity.own != NULL,
                         0};
}

static int64_t numbers_end(const nai_state *state)
{
  return (int64_t)sizeof(struct header) + state->n_memory * (int64_t)sizeof(float);
}

int64_t nai_state_snapshot_size(const nai_state *state)
{
  return state ? numbers_end(state) + nai__schedule_size(&state->schedule) : -1;
}

static nai_status check_size(int64_t size, int64_t right)
{
  if (size == right) return NAI_OK;
  return nai__fail(NAI_ERR_INVALID,
                   "size is %lld, must be %lld: interventions that are planned change it",
                   (long long)size, (long long)right);
}

nai_status nai_state_snapshot(void *buffer, int64_t size, const nai_state *state)
{
  NAI__REQUIRE(state);
  NAI__REQUIRE(buffer);
  NAI__TRY(check_size(size, nai_state_snapshot_size(state)));
  struct header header = header_of(state);
  memcpy(buffer, &header, sizeof header);
  memcpy((char *)buffer + sizeof header, state->memory, (size_t)state->n_memory * sizeof(float));
  nai__schedule_write((char *)buffer + numbers_end(state), &state->schedule);
  return NAI_OK;
}

/* Interventions take room besides; how much, the header says. */
static nai_status read_header(struct header *header, const nai_state *state, const void *buffer,
                              int64_t size)
{
  if (size < numbers_end(state)) return check_size(size, numbers_end(state));
  memcpy(header, buffer, sizeof *header);
  struct header own = header_of(state);
  int right = header->magic == own.magic && header->time <= NAI__LATEST_STEP &&
              header->n_schedule >= 0 && header->n_schedule <= INT64_MAX - numbers_end(state);
  NAI__TRY(check_size(size, numbers_end(state) + (right ? header->n_schedule : 0)));
  own.time = header->time;
  own.seed = header->seed;
  own.first = header->first;
  own.n_schedule = header->n_schedule;
  own.injects = header->injects;
  own.clamps = header->clamps;
  own.owns = header->owns;
  if (right && memcmp(header, &own, sizeof own) == 0 && header->time >= 0 &&
      nai__first_check(header->first, header->trials) == NAI_OK)
    return NAI_OK;
  return nai__fail(NAI_ERR_FORMAT,
                   "the snapshot is of another network or another number of trials");
}

nai_status nai_state_restore(nai_state *state, const void *buffer, int64_t size)
{
  NAI__REQUIRE(state);
  NAI__REQUIRE(buffer);
  struct header header;
  nai__schedule schedule;
  NAI__TRY(read_header(&header, state, buffer, size));
  NAI__TRY(nai__schedule_read(&schedule, state->net, header.trials,
                              (const char *)buffer + numbers_end(state), header.n_schedule));
  nai__schedule_cut(&state->schedule, 0);
  state->schedule = schedule;
  memcpy(state->memory, (const char *)buffer + sizeof header,
         (size_t)state->n_memory * sizeof(float));
  nai__events_forget_all(state->activity.events);
  state->time = header.time;
  state->activity.seed = header.seed;
  state->activity.first = header.first;
  state->activity.own = header.owns ? state->own : NULL;
  nai__failure_clear(&state->activity.failed);
  nai__state_show(state);
  nai__state_refresh(state);
  return NAI_OK;
}
