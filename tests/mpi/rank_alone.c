/*
 * The largest of some ranks that simulate the network of examples/mpi_spikes.c, without the others: what these would say
 * is made up here, spikes at random of the same rate. So its work is measured without waiting, and of more ranks
 * than there are processors.
 *
 *   rank_alone RANKS NEURONS RATE TURNS
 *
 * RATE in Hz; each of the TURNS is half a second. Says what one takes on average, in s of a processor, less what it took
 * to make spikes up, how many gathers there are in one, and how many bytes all ranks send.
 */
#include <math.h>
#include <string.h>

#define main main_of_example /* its network is wanted */
#include "../../examples/mpi_spikes.c"
#undef main

enum { WINDOW = 15, MEETINGS = 334, MOST = 1 << 20 };

static struct {
  int64_t ranks, me, neurons;
  double p; /* that a neuron fires at a step */
  int64_t gathers, bytes;
  double made_up;                          /* s */
  int32_t *said[1 << 10], said_n[1 << 10]; /* of each rank, what it says now */
  int32_t room[MOST];
} others;

/* Of this process: other work on the machine changes it less. */
static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double uniform(void)
{
  static uint64_t x = 88172645463325252u;
  x ^= x << 13, x ^= x >> 7, x ^= x << 17;
  return ((double)(x >> 11) + 0.5) * 0x1p-53;
}

/* As docs/parallel.md says: in sixteens. */
static int64_t first_of(int64_t n, int64_t rank)
{
  return rank == others.ranks ? n : n * rank / others.ranks / 16 * 16;
}

static int32_t *fire_some(int32_t *next, int64_t column, int64_t n, int64_t rank)
{
  const double scale = 1 / log1p(-others.p);
  int64_t i = first_of(n, rank) + (int64_t)(log(uniform()) * scale);
  for (; i < first_of(n, rank + 1); i += 1 + (int64_t)(log(uniform()) * scale))
    *next++ = (int32_t)(column + i);
  return next;
}

/* Bytes that ranks say of a build; numbers before those of spikes, the first of which is how many: lib/running/meeting.h. */
enum { BUILT = 16, HEAD = 3 };

/* Of each step how many fired, and who. */
static void make_up(void)
{
  int32_t *next = others.room;
  const int64_t excitatory = others.neurons * 4 / 5;
  for (int64_t k = 0; k < others.ranks; k++) {
    others.said[k] = next;
    for (int s = 0; s < WINDOW && k != others.me; s++) {
      int32_t *count = next++;
      next = fire_some(next, 0, excitatory, k);
      next = fire_some(next, excitatory, others.neurons / 5, k);
      *count = (int32_t)(next - count - 1);
    }
    others.said_n[k] = (int32_t)(next - others.said[k]);
  }
}

static void answer_build(char *all, const int64_t *first)
{
  for (int64_t k = 0; k < others.ranks; k++) memmove(all + first[k], all + first[others.me], BUILT);
}

/* Each rank's first numbers, or, the second time, those for which there was no room. */
static void answer_meeting(char *all, const int64_t *first, const int64_t *bytes, int is_rest)
{
  static int64_t in_row;
  if (!is_rest) in_row = bytes[0] / 4 - HEAD;
  for (int64_t k = 0; k < others.ranks; k++) {
    const int64_t n = others.said_n[k], told = n < in_row ? n : in_row;
    if (k == others.me) continue;
    if (is_rest) {
      memcpy(all + first[k], others.said[k] + told, (size_t)bytes[k]);
      continue;
    }
    memcpy(all + first[k], all + first[others.me], HEAD * 4);
    memcpy(all + first[k], &others.said_n[k], 4);
    memcpy(all + first[k] + HEAD * 4, others.said[k], (size_t)told * 4);
  }
}

/* 1 where somebody has more to say than stands in the rows. */
static int follows(const char *all, const int64_t *first, const int64_t *bytes)
{
  int32_t n;
  for (int64_t k = 0; k < others.ranks; k++) {
    memcpy(&n, all + first[k], sizeof n);
    if (n > bytes[k] / 4 - HEAD) return 1;
  }
  return 0;
}

static nai_status gather_alone(void *user, const int64_t *first, const int64_t *bytes, void *all)
{
  static int is_rest;
  const double start = now();
  (void)user;
  if (bytes[0] == BUILT && !is_rest) {
    answer_build(all, first);
    return NAI_OK;
  }
  if (!is_rest) make_up();
  answer_meeting(all, first, bytes, is_rest);
  is_rest = !is_rest && follows(all, first, bytes);
  others.gathers++;
  for (int64_t k = 0; k < others.ranks; k++) others.bytes += bytes[k];
  others.made_up += now() - start;
  return NAI_OK;
}

/* Seconds of one turn, on average; the first is not counted. */
static double run(const nai_network *net, int turns)
{
  nai_recording recording = NAI_RECORDING_INIT;
  nai_state *state;
  double start = 0;
  recording.populations = "E I";
  recording.room = 50 * others.neurons;
  recording.spikes = malloc((size_t)recording.room * sizeof *recording.spikes);
  check(recording.spikes ? NAI_OK : NAI_ERR_MEMORY);
  check(nai_state_create(&state, net, 1, 1));
  for (int k = 0; k <= turns; k++) {
    if (k == 1) start = now(), others.gathers = others.bytes = 0, others.made_up = 0;
    recording.n = 0;
    check(nai_state_record(&recording, state, MEETINGS * WINDOW, NULL));
  }
  const double took = now() - start - others.made_up;
  nai_state_destroy(state);
  free(recording.spikes);
  return took / turns;
}

static int64_t largest(void)
{
  int64_t best = 0, most = 0;
  for (int64_t k = 0; k < others.ranks; k++) {
    const int64_t e = others.neurons * 4 / 5, i = others.neurons / 5,
                  n = first_of(e, k + 1) - first_of(e, k) + first_of(i, k + 1) - first_of(i, k);
    if (n > most) most = n, best = k;
  }
  return best;
}

int main(int n_arguments, char **arguments)
{
  nai_exchange *exchange;
  if (n_arguments < 5) return 1;
  others.ranks = atoll(arguments[1]);
  others.neurons = atoll(arguments[2]);
  others.p = atof(arguments[3]) * 1e-4;
  others.me = largest();
  const int turns = atoi(arguments[4]);
  nai_exchange_ops ops = {.struct_size = sizeof ops,
                          .rank = (int32_t)others.me,
                          .ranks = (int32_t)others.ranks,
                          .swap = line_swap,
                          .gather = gather_alone};
  check(nai_exchange_create(&exchange, &ops, NULL));
  nai_network *net = make_network(others.neurons, exchange);
  const double seconds = run(net, turns);
  printf("%.6f s, %.1f gathers, %.0f bytes\n", seconds, (double)others.gathers / turns,
         (double)others.bytes / turns);
  nai_network_destroy(net);
  nai_exchange_destroy(exchange);
  return 0;
}
