/*
 * What is said of a network on some ranks before it is built, held against networks that are: memory, synapses, what
 * ranks send each other; and what is refused.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/base/exchange.h"
#include "../lib/network/network.h"
#include "faults.h"
#include "networks.h"
#include "ranks.h"

enum { E = 1500, I = 400, UNITS = E + I, STEPS = 300 };

enum { INDEGREE, TOTAL, SPARSE, OUTDEGREE, MULTAPSES, KINDS };
/* What there is besides. */
enum { DRAWN_DELAYS = 1, DRAWN_WEIGHTS = 2, OUTPUT = 4, WITHS = 8 };

static void constrain(nai_network *net, int kind)
{
  nai_constraint *c = NULL;
  if (kind == INDEGREE) nai_constraint_create_indegree(&c, 60);
  if (kind == TOTAL) nai_constraint_create_total(&c, 20000);
  if (kind == SPARSE) nai_constraint_create_sparse(&c, 0.06);
  if (kind == OUTDEGREE) nai_constraint_create_outdegree(&c, 30);
  if (kind == MULTAPSES) nai_constraint_create_total_multapses(&c, 20000);
  expect_ok(nai_network_constrain(net, "E I", "E I", c));
  nai_constraint_destroy(c);
}

/* Not built; about 15 Hz. */
static nai_network *compose(int kind, int with)
{
  nai_network *net =
      COMPOSE(.dt = 0.5, .populations = {{"E", E, NAI_EXCITATORY}, {"I", I, NAI_INHIBITORY}});
  expect_ok(nai_network_set_model(net, "E I", "lif"));
  expect_ok(nai_network_set(net, "E I", "reset", 10));
  expect_ok(nai_network_set(net, "E I", "background", 11000));
  expect_ok(nai_network_connect(net, "E I", "E I"));
  constrain(net, kind);
  const int32_t drawn = with & DRAWN_WEIGHTS ? NAI_WEIGHTS_NORMAL : NAI_WEIGHTS_CONSTANT;
  expect_ok(nai_network_set_initial_weights(net, "E", "E I", drawn, 0.2, 0.05));
  expect_ok(nai_network_set_initial_weights(net, "I", "E I", drawn, -1, 0.1));
  expect_ok(nai_network_set_plastic(net, "E I", "E I", 0));
  expect_ok(nai_network_set_delay(net, "E I", "E I", 1.5));
  if (with & DRAWN_DELAYS) expect_ok(nai_network_set_delays(net, "E I", "E I", 3, 1, 1));
  if (with & OUTPUT) {
    expect_ok(nai_network_add_output(net, "z", 2));
    expect_ok(nai_network_connect(net, "E", "z"));
  }
  return net;
}

static const double some = 8;

static nai_estimate estimated(const nai_network *net, int32_t ranks, double hz)
{
  nai_estimate e = NAI_ESTIMATE_INIT;
  const long held = faults_held();
  expect_ok(nai_network_estimate(&e, net, ranks, &hz, 1));
  ck_assert_int_eq(faults_held(), held);
  ck_assert_int_eq(e.ranks, ranks);
  return e;
}

/* --- one rank that is alone --------------------------------------------------------------------- */

/* All others say what this rank says. */
typedef struct echo {
  int32_t rank, ranks;
  int64_t calls, bytes;
  int64_t said; /* numbers: one for each step, one for each spike */
} echo;

static nai_status repeat(void *user, const int64_t *first, const int64_t *bytes, void *all)
{
  echo *e = user;
  for (int32_t k = 0; k < e->ranks; k++)
    if (k != e->rank && bytes[k] > 0)
      memcpy((char *)all + first[k], (char *)all + first[e->rank],
             (size_t)(bytes[k] < bytes[e->rank] ? bytes[k] : bytes[e->rank]));
  e->calls++;
  e->bytes += bytes[e->rank];
  if (bytes[e->rank] > 0)
    e->said += *(const int32_t *)(const void *)((const char *)all + first[e->rank]);
  return NAI_OK;
}

static void share(nai_network *net, echo *e)
{
  nai_exchange_ops ops = {.struct_size = sizeof ops,
                          .rank = e->rank,
                          .ranks = e->ranks,
                          .swap = ranks_no_swap,
                          .gather = repeat};
  nai_exchange *exchange;
  expect_ok(nai_exchange_create(&exchange, &ops, e));
  expect_ok(nai_network_set_exchange(net, exchange));
  nai_exchange_destroy(exchange);
}

static int64_t count_synapses(const nai_network *net)
{
  int64_t n = 0;
  for (int64_t k = 0; k < net->n_blocks; k++)
    if (net->block[k].synapses) n += net->block[k].synapses->first[net->block[k].n_post];
  return n;
}

/* What a rank took in truth. */
typedef struct truth {
  int64_t most, held, told, state, synapses;
} truth;

static truth truth_of(int kind, int with, int32_t rank, int32_t ranks)
{
  truth t;
  echo e = {.rank = rank, .ranks = ranks};
  nai_network *net = compose(kind, with);
  nai_state *state;
  if (ranks > 1) share(net, &e);
  const long before = faults_held();
  faults_most_held();
  expect_ok(nai_network_build(net, 7));
  t.most = faults_most_held() - before;
  t.held = faults_held() - before;
  t.synapses = count_synapses(net);
  expect_ok(nai_network_memory(&t.told, net));
  const long built = faults_held();
  expect_ok(nai_state_create(&state, net, 1, 3));
  t.state = faults_held() - built;
  nai_state_destroy(state);
  nai_network_destroy(net);
  return t;
}

/* No rank takes more than was said of the one that has most, and that one not much less. */
START_TEST(memory_is_an_upper_bound)
{
  static const int32_t sizes[] = {1, 2, 4, 7};
  const int kind = _i % KINDS, with = _i / KINDS;
  for (int k = 0; k < 4; k++) {
    const int32_t ranks = sizes[k];
    nai_network *net = compose(kind, with);
    const nai_estimate e = estimated(net, ranks, 0);
    int64_t told = 0, state = 0;
    for (int32_t rank = 0; rank < ranks; rank++) {
      const truth t = truth_of(kind, with, rank, ranks);
      ck_assert_int_le(t.held, e.bytes);
      ck_assert_int_le(t.told, e.bytes);
      ck_assert_int_le(t.most, e.build_bytes);
      ck_assert_int_le(t.state, e.state_bytes);
      told = t.told > told ? t.told : told;
      state = t.state > state ? t.state : state;
    }
    const double over = (double)e.bytes / (double)told;
    ck_assert_msg(over < (ranks > 1 ? 1.15 : 1.5), "kind %d with %d on %d: %g", kind, with,
                  (int)ranks, over);
    EXPECT((double)e.state_bytes < 1.25 * (double)state);
    EXPECT(e.build_bytes >= e.bytes);
    nai_network_destroy(net);
  }
}
END_TEST

/* --- all that a network takes ------------------------------------------------------------------- */

/* Half of two parts, of which each knows itself alone; then a tenth of the pairs anywhere. */
static void mask_parts(nai_network *net)
{
  enum { N = 400 };
  uint8_t *mask = malloc((size_t)N * N);
  for (uint32_t k = 0; k < N * N; k++)
    mask[k] = (k * 2654435761u >> 8) % 10 == 0 && (k / N < N / 2) == (k % N < N / 2);
  nai_constraint *c;
  expect_ok(nai_constraint_create_mask(&c, mask, N, N));
  expect_ok(nai_network_constrain(net, "E", "E", c));
  nai_constraint_destroy(c);
  free(mask);
}

static void facilitate(nai_network *net)
{
  const double U = 0.15, tau_x = 200, tau_u = 1500, hz = 0;
  nai_short_term *s;
  expect_ok(nai_short_term_create(&s, 1, &U, &tau_x, &tau_u, &hz));
  expect_ok(nai_network_set_short_term(net, "E", "E I", s));
  nai_short_term_destroy(s);
}

static void place(nai_network *net)
{
  expect_ok(nai_network_place_box(net, "E I", 1, 1, 1));
}

static void delay(nai_network *net)
{
  expect_ok(nai_network_set_delays(net, "E I", "E I", 5, 1, 1));
}

/* What networks are made of: units of a model, synapses of a density (0: none), stored and drawn in some way. */
typedef struct taking {
  const char *model;
  int64_t units; /* of E; a quarter of them of I */
  double density;
  int32_t storage, frozen, weights;
  void (*more)(nai_network *net);
  double most; /* 0: 1.15 */
} taking;

static const taking takings[] = {
    {"rate", 1000, 0, 0, 0, 0, NULL, 0},
    {"adaptive_rate", 1000, 0, 0, 0, 0, NULL, 0},
    {"dendritic", 1000, 0, 0, 0, 0, NULL, 0},
    {"dendritic", 200, 0, 0, 0, 0, place, 0},
    {"pyramidal", 400, 0, 0, 0, 0, NULL, 0},
    {"lif", 80, 0, 0, 0, 0, NULL, 0},
    {"lif", 4000, 0, 0, 0, 0, NULL, 0},
    {"lif_conductance", 400, 0, 0, 0, 0, NULL, 0},
    {"poisson", 400, 0, 0, 0, 0, NULL, 0},
    {"wong_wang", 400, 0, 0, 0, 0, NULL, 0},
    {"rate", 400, 1, 0, 0, 0, NULL, 0},
    {"rate", 400, 1, 0, 0, 0, facilitate, 0},
    {"rate", 80, 0.2, 0, 0, 0, NULL, 0},
    {"rate", 400, 0.6, 0, 0, 0, NULL, 0},
    {"rate", 800, 0.29, 0, 0, 0, NULL, 0},
    {"rate", 800, 0.1, 0, 0, 0, NULL, 0},
    {"rate", 800, 0.01, 0, 0, 0, NULL, 0},
    {"rate", 400, 1, 0, 0, 0, mask_parts, 0},
    {"rate", 800, 0.3, NAI_STORAGE_LISTED, 0, 0, NULL, 0},
    /* what is there while lists are made, of some when not all are there yet */
    {"rate", 800, 0.1, NAI_STORAGE_LISTED, 0, 0, NULL, 1.2},
    {"rate", 800, 0.03, NAI_STORAGE_LISTED, 0, 0, NULL, 1.2},
    {"rate", 800, 0.01, NAI_STORAGE_LISTED, 0, 0, NULL, 0},
    {"rate", 400, 0.1, 0, 0, 0, delay, 1.2},
    {"lif", 800, 0.1, NAI_STORAGE_DENSE, 0, NAI_WEIGHTS_NORMAL, NULL, 0},
    {"lif", 800, 0.1, 0, 1, NAI_WEIGHTS_NORMAL, NULL, 0},
    {"lif", 800, 0.3, NAI_STORAGE_LISTED, 1, NAI_WEIGHTS_NORMAL, NULL, 0},
    {"lif", 2000, 0.05, 0, 1, NAI_WEIGHTS_CONSTANT, NULL, 0},
    {"lif", 800, 0.1, 0, 1, NAI_WEIGHTS_NORMAL, delay, 0},
    {"lif", 800, 1, NAI_STORAGE_SHARED, 1, NAI_WEIGHTS_CONSTANT, NULL, 0},
    /* a small one is wired in a window that is larger than it */
    {"lif", 800, 0.01, NAI_STORAGE_LISTED, 1, NAI_WEIGHTS_NORMAL, NULL, 1.5},
};
enum { TAKINGS = sizeof takings / sizeof *takings };

static void connect(nai_network *net, const taking *t)
{
  nai_constraint *c;
  expect_ok(nai_network_connect(net, "E I", "E I"));
  if (t->density < 1) {
    expect_ok(nai_constraint_create_sparse(&c, t->density));
    expect_ok(nai_network_constrain(net, "E I", "E I", c));
    nai_constraint_destroy(c);
  }
  expect_ok(nai_network_set_plastic(net, "E I", "E I", !t->frozen));
  if (t->storage) expect_ok(nai_network_set_storage(net, "E I", "E I", t->storage));
  if (!t->weights) return;
  expect_ok(nai_network_set_initial_weights(net, "E", "E I", t->weights, 0.1, 0.01));
  expect_ok(nai_network_set_initial_weights(net, "I", "E I", t->weights, -0.1, 0.01));
}

static nai_network *compose_taking(const taking *t)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 0.5));
  expect_ok(nai_network_add_population(net, "E", t->units, NAI_EXCITATORY));
  expect_ok(nai_network_add_population(net, "I", t->units / 4, NAI_INHIBITORY));
  expect_ok(nai_network_set_model(net, "E I", t->model));
  if (t->density > 0) connect(net, t);
  if (t->more) t->more(net);
  return net;
}

static void expect_covers(int64_t said, long taken, double most, const char *what, int number)
{
  const double over = (double)said / (double)taken;
  ck_assert_msg(over >= 1 && over <= most, "%s of network %d: %lld is %g of %ld", what, number,
                (long long)said, over, taken);
}

/* Before the build what it takes at most, after it what is held: as many bytes as were asked for, or hardly more. */
START_TEST(memory_is_what_is_taken)
{
  const taking *t = &takings[_i];
  const double most = t->most > 0 ? t->most : 1.15;
  const long before = faults_held();
  nai_network *net = compose_taking(t);
  int64_t said, told;
  expect_ok(nai_network_memory(&said, net));
  const nai_estimate e = estimated(net, 1, 0);
  faults_most_held();
  expect_ok(nai_network_build(net, 7));
  expect_covers(said, faults_most_held() - before, most, "the build", _i);
  const long held = faults_held() - before;
  ck_assert_int_eq(e.build_bytes, said);
  expect_covers(e.bytes, held, most < 1.2 ? most : 1.2, "the estimate", _i);
  expect_ok(nai_network_memory(&told, net));
  expect_covers(told, held, 1.1, "the network", _i);
  nai_network_destroy(net);
}
END_TEST

/* --- synapses ----------------------------------------------------------------------------------- */

static double absolute(double x)
{
  return x < 0 ? -x : x;
}

/* Indegrees, outdegrees and totals are exact; others are drawn, with a variance below their mean. */
START_TEST(synapses_are_those_that_are_drawn)
{
  const int exact = _i == INDEGREE || _i == TOTAL || _i == OUTDEGREE;
  for (int32_t ranks = 1; ranks <= 4; ranks += 3) {
    nai_network *net = compose(_i, DRAWN_DELAYS);
    const nai_estimate e = estimated(net, ranks, 0);
    int64_t all = 0, most = 0;
    for (int32_t rank = 0; rank < ranks; rank++) {
      const int64_t n = truth_of(_i, DRAWN_DELAYS, rank, ranks).synapses;
      all += n;
      most = n > most ? n : most;
    }
    EXPECT(absolute((double)(all - e.synapses)) <= (exact ? 0 : 5 * sqrt((double)all)));
    EXPECT(absolute((double)(most - e.rank_synapses)) <= 5 * sqrt((double)most) + 8);
    EXPECT(e.units == UNITS && e.rank_units >= UNITS / ranks && e.rank_units <= UNITS / ranks + 32);
    nai_network_destroy(net);
  }
}
END_TEST

/* 64 and 20 receivers on three ranks, in sixteens: 16, 16 and 32; 0, 0 and 20: the last has all the rests. */
/* Of lists that no constraint thins out all is known; without autapses they are as many as units fewer. */
START_TEST(synapses_that_all_exist_are_counted)
{
  nai_network *net =
      COMPOSE(.dt = 1, .populations = {{"A", 30, NAI_EXCITATORY}, {"B", 20, NAI_FREE}});
  expect_ok(nai_network_connect(net, "A B", "A B"));
  expect_ok(nai_network_set_autapses(net, "B", "B", 1));
  expect_ok(nai_network_set_storage(net, "A B", "A B", NAI_STORAGE_LISTED));
  const double hz = 1;
  nai_estimate e = NAI_ESTIMATE_INIT;
  expect_ok(nai_network_estimate(&e, net, 1, &hz, 1));
  ck_assert_int_eq(e.synapses, 30 * 29 + 2 * 30 * 20 + 20 * 20);
  ck_assert_int_eq(e.rank_synapses, e.synapses);
  expect_ok(nai_network_build(net, 1));
  ck_assert_int_eq(count_synapses(net), e.synapses);
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    const nai__bounds bounds = nai__synapse_bounds(net, p);
    const int64_t n = p->n_post * p->n_pre - (p->from == p->to && !p->autapses ? p->n_post : 0);
    EXPECT(bounds.most == n && bounds.least == n && bounds.density == 1);
    ck_assert_int_eq(nai__expected_synapses(net, p), n);
  }
  nai_network_destroy(net);
}
END_TEST

typedef struct bounded {
  nai_constraint *constraint[2];
  int64_t most, least;
  double density;
} bounded;

/* 1200 pairs. Five standard deviations around a mean of 300 are 87, and one more. */
START_TEST(synapses_are_within_bounds)
{
  nai_constraint *quarter, *half, *senders, *limit, *mask;
  static uint8_t all[30 * 40];
  memset(all, 1, sizeof all);
  expect_ok(nai_constraint_create_sparse(&quarter, 0.25));
  expect_ok(nai_constraint_create_sparse(&half, 0.5));
  expect_ok(nai_constraint_create_indegree(&senders, 10));
  expect_ok(nai_constraint_create_max_weight(&limit, 1));
  expect_ok(nai_constraint_create_mask(&mask, all, 30, 40));
  const bounded cases[] = {
      {{quarter, NULL}, 388, 212, 0.25},  {{limit, quarter}, 388, 212, 0.25}, /* wires nothing */
      {{quarter, limit}, 388, 212, 0.25}, {{senders, limit}, 388, 212, 0.25},
      {{half, half}, 388, 0, 0.25},  /* the second finds fewer than it might */
      {{mask, NULL}, 1200, 1025, 0}, /* how many it leaves, not where */
      {{mask, quarter}, 388, 0, 0},       {{mask, mask}, 1200, 0, 0},
      {{limit, NULL}, 1200, 1200, 1}};
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    nai_network *net = COMPOSE(.dt = 1, .populations = {{"A", 40, NAI_FREE}, {"B", 30, NAI_FREE}},
                               .projections = {{"A", "B"}});
    for (int c = 0; c < 2; c++)
      if (cases[k].constraint[c])
        expect_ok(nai_network_constrain(net, "A", "B", cases[k].constraint[c]));
    expect_ok(nai_network_build(net, 1));
    const nai__bounds bounds = nai__synapse_bounds(net, net->projection);
    ck_assert_msg(bounds.most == cases[k].most && bounds.least == cases[k].least &&
                      bounds.density == cases[k].density,
                  "%zu: %ld %ld %g", k, (long)bounds.most, (long)bounds.least, bounds.density);
    nai_network_destroy(net);
  }
  nai_constraint *made[] = {quarter, half, senders, limit, mask};
  for (int k = 0; k < 5; k++) nai_constraint_destroy(made[k]);
}
END_TEST

START_TEST(the_rank_that_has_most_is_found)
{
  nai_network *net =
      COMPOSE(.dt = 1, .populations = {{"E", 64, NAI_EXCITATORY}, {"I", 20, NAI_INHIBITORY}});
  expect_ok(nai_network_set_model(net, "E I", "lif"));
  expect_ok(nai_network_connect(net, "E I", "E"));
  expect_ok(nai_network_set_initial_weights(net, "E", "E", NAI_WEIGHTS_NORMAL, 1, 0.1));
  expect_ok(nai_network_set_initial_weights(net, "I", "E", NAI_WEIGHTS_NORMAL, -1, 0.1));
  expect_ok(nai_network_set_plastic(net, "E I", "E", 0));
  nai_estimate e = estimated(net, 3, 0);
  ck_assert_int_eq(e.units, 84);
  ck_assert_int_eq(e.rank_units, 52);
  ck_assert_int_eq(e.synapses, 64 * 63 + 64 * 20);
  ck_assert_int_eq(e.rank_synapses, (64 * 63 + 64 * 20) / 2);
  nai_network_destroy(net);
  /* 120: 32, 48 and 40 */
  net = COMPOSE(.dt = 1, .populations = {{"E", 120, NAI_EXCITATORY}});
  expect_ok(nai_network_set_model(net, "E", "lif"));
  e = estimated(net, 3, 0);
  ck_assert_int_eq(e.rank_units, 48);
  nai_network_destroy(net);
}
END_TEST

/* --- what is sent ------------------------------------------------------------------------------- */

/*
 * Gathers and bytes of a rank that has built and run: at the rate that it had, or where what is said has no room in rows
 * at the one that it should have. Rows are twice as long as the last one was full, and nobody knows when neurons fire.
 */
static void expect_sends(nai_network *net, int32_t ranks, double hz, double share_of_most)
{
  nai_network *composed;
  expect_ok(nai_network_copy(&composed, net));
  nai_estimate s = estimated(net, ranks, hz);
  echo e = {.rank = 0,
            .ranks = ranks}; /* of the last one more would be said than there are units */
  nai_state *state;
  share(net, &e);
  expect_ok(nai_network_build(net, 7));
  expect_ok(nai_state_create(&state, net, 1, 3));
  e.calls = e.bytes = e.said = 0;
  expect_ok(nai_state_run(NULL, NULL, state, STEPS, NULL));
  const int64_t meetings = STEPS / s.exchange_steps * s.exchanges;
  ck_assert_int_eq(STEPS % s.exchange_steps, 0);
  if (share_of_most > 0) {
    ck_assert_int_eq(e.calls, 2 * meetings);
    EXPECT(e.bytes <= meetings * s.most_bytes);
    EXPECT((double)e.bytes > share_of_most * (double)(meetings * s.most_bytes));
    EXPECT(absolute((double)e.bytes / ((double)meetings * s.exchange_bytes) - 1) < 0.05);
  } else {
    ck_assert_int_eq(e.calls, meetings);
    const double seconds = 0.5e-3 * STEPS;
    s = estimated(composed, ranks, (double)(e.said - STEPS) / seconds / (double)s.rank_units);
    EXPECT(absolute((double)e.bytes / ((double)meetings * s.exchange_bytes) - 1) < 0.1);
    EXPECT(s.exchange_bytes == (double)s.row_bytes);
  }
  nai_network_destroy(composed);
  nai_state_destroy(state);
  nai_network_destroy(net);
}

START_TEST(bytes_are_those_that_are_sent)
{
  expect_sends(compose(INDEGREE, 0), 2, 15, 0);
  expect_sends(compose(INDEGREE, DRAWN_DELAYS), 3, 15, 0);
  expect_sends(compose(INDEGREE, OUTPUT), 2, 15, 0);
  /* all fire at each step, half a millisecond long */
  nai_network *net = compose(INDEGREE, 0);
  expect_ok(nai_network_set(net, "E I", "drive", 1e5));
  expect_sends(net, 2, 2000, 0.9);
}
END_TEST

START_TEST(one_rank_sends_nothing)
{
  nai_network *net = compose(INDEGREE, 0);
  const nai_estimate e = estimated(net, 1, 10);
  EXPECT(e.exchange_steps == 0 && e.exchanges == 0 && e.row_bytes == 0 && e.most_bytes == 0);
  EXPECT(e.exchange_bytes == 0);
  ck_assert_int_eq(estimated(net, 2, 10).exchange_steps, 3); /* delays of 1.5 ms */
  /* noise is drawn at each step */
  expect_ok(nai_network_add_output(net, "z", 1));
  expect_ok(nai_network_connect(net, "E", "z"));
  ck_assert_int_eq(estimated(net, 2, 10).exchanges, 1);
  nai_network_destroy(net);
}
END_TEST

/* --- a plan ------------------------------------------------------------------------------------- */

/* Four million neurons, 24e9 synapses: numbers of neurons are read where they are. */
START_TEST(a_plan_takes_no_memory)
{
  enum { N = 2000000 };
  nai_network *net =
      COMPOSE(.dt = 0.1, .populations = {{"E", N, NAI_EXCITATORY}, {"I", N / 4, NAI_INHIBITORY}});
  expect_ok(nai_network_set_model(net, "E I", "lif"));
  expect_ok(nai_network_connect(net, "E I", "E I"));
  nai_constraint *c;
  expect_ok(nai_constraint_create_indegree(&c, 3000));
  expect_ok(nai_network_constrain(net, "E I", "E I", c));
  nai_constraint_destroy(c);
  expect_ok(nai_network_set_initial_weights(net, "E", "E I", NAI_WEIGHTS_NORMAL, 1, 0.1));
  expect_ok(nai_network_set_initial_weights(net, "I", "E I", NAI_WEIGHTS_NORMAL, -1, 0.1));
  expect_ok(nai_network_set_plastic(net, "E I", "E I", 0));
  const long before = faults_held();
  faults_most_held();
  const nai_estimate e = estimated(net, 64, 8);
  EXPECT(faults_most_held() - before < 1 << 20);
  ck_assert_int_eq(e.synapses, INT64_C(6000) * 5 * N / 4);
  EXPECT(e.bytes > 17 * e.rank_synapses && e.bytes < 30 * e.rank_synapses);
  nai_estimate refused = NAI_ESTIMATE_INIT; /* what a rank cannot number */
  expect_fails(nai_network_estimate(&refused, net, 2, &some, 1), NAI_ERR_MEMORY,
               "more than 2147483648 synapses");
  int64_t bytes;
  faults_most_held();
  expect_fails(nai_network_memory(&bytes, net), NAI_ERR_MEMORY, "more than");
  EXPECT(faults_most_held() - before < 1 << 20);
  nai_network_destroy(net);
}
END_TEST

/* Of a network that is built, what building it again would take; the network stays. */
START_TEST(a_built_network_may_be_asked)
{
  nai_network *net = compose(TOTAL, 0);
  const nai_estimate before = estimated(net, 4, 8);
  expect_ok(nai_network_build(net, 7));
  const nai_estimate after = estimated(net, 4, 8);
  EXPECT(memcmp(&before, &after, sizeof before) == 0);
  nai_state *state;
  expect_ok(nai_state_create(&state, net, 1, 1));
  expect_ok(nai_state_run(NULL, NULL, state, 5, NULL));
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

/* Rate units, which no ranks share, on one machine. */
START_TEST(rates_are_for_one_rank)
{
  nai_network *net = compose_ei(40, 10);
  nai_estimate e = estimated(net, 1, 0);
  int64_t bytes;
  expect_ok(nai_network_memory(&bytes, net));
  ck_assert_int_eq(e.build_bytes, bytes);
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_memory(&bytes, net));
  EXPECT(e.bytes >= bytes && (double)e.bytes < 1.6 * (double)bytes);
  expect_fails(nai_network_estimate(&e, net, 2, &some, 1), NAI_ERR_UNSUPPORTED, "of model 'rate'");
  nai_network_destroy(net);
}
END_TEST

/* --- refusals ----------------------------------------------------------------------------------- */

static void ask_for_one_weight(nai_network *net)
{
  nai_network_set_storage(net, "E", "I", NAI_STORAGE_SHARED);
}

START_TEST(it_refuses_what_a_build_refuses)
{
  char said[256];
  echo two = {.rank = 0, .ranks = 2};
  nai_network *net = compose(SPARSE, 0);
  nai_estimate e = NAI_ESTIMATE_INIT;
  if (_i < RANKS_REFUSED_LATE)
    ranks_refused[_i].spoil(net);
  else
    ask_for_one_weight(net);
  e.units = 5;
  const nai_status status = nai_network_estimate(&e, net, 2, &some, 1);
  snprintf(said, sizeof said, "%s", nai_last_error());
  ck_assert_int_ne(status, NAI_OK);
  ck_assert_int_eq(e.units, 5);
  share(net, &two);
  ck_assert_int_eq(nai_network_build(net, 7), status);
  ck_assert_str_eq(nai_last_error(), said);
  nai_network_destroy(net);
}
END_TEST

START_TEST(arguments_are_checked)
{
  nai_network *net = compose(SPARSE, 0);
  nai_estimate e = NAI_ESTIMATE_INIT;
  const double below = -1, none = NAN, two[2] = {1, 2e6}, three[3] = {0};
  expect_fails(nai_network_estimate(NULL, net, 1, &some, 1), NAI_ERR_INVALID, "out");
  expect_fails(nai_network_estimate(&e, NULL, 1, &some, 1), NAI_ERR_INVALID, "net");
  expect_fails(nai_network_estimate(&e, net, 1, NULL, 1), NAI_ERR_INVALID, "hz is NULL");
  expect_fails(nai_network_estimate(&e, net, 0, &some, 1), NAI_ERR_INVALID,
               "ranks is 0, must be 1 to 1048576");
  expect_fails(nai_network_estimate(&e, net, 1048577, &some, 1), NAI_ERR_INVALID,
               "ranks is 1048577");
  expect_fails(nai_network_estimate(&e, net, 1, &below, 1), NAI_ERR_INVALID,
               "hz[0] is -1, must be 0 to 1e6");
  expect_fails(nai_network_estimate(&e, net, 1, &none, 1), NAI_ERR_INVALID, "hz[0] is");
  expect_fails(nai_network_estimate(&e, net, 1, two, 2), NAI_ERR_INVALID, "hz[1] is 2e+06");
  expect_fails(nai_network_estimate(&e, net, 1, three, 3), NAI_ERR_INVALID,
               "n is 3, must be 1 or the number of populations, 2");
  expect_fails(nai_network_estimate(&e, net, 1, three, 0), NAI_ERR_INVALID, "n is 0");
  e.struct_size = 8;
  expect_fails(nai_network_estimate(&e, net, 1, &some, 1), NAI_ERR_INVALID, "struct_size");
  nai_network_destroy(net);
  expect_ok(nai_network_create(&net, 1));
  e = (nai_estimate)NAI_ESTIMATE_INIT;
  expect_fails(nai_network_estimate(&e, net, 1, &some, 1), NAI_ERR_ORDER, "no population");
  nai_network_destroy(net);
}
END_TEST

/*
 * E fires at 2 Hz, I at 5; indegrees of 60 of each onto all. Of the receivers this rank has 764 and 208, one slice
 * each. 60 synapses from 400 senders are a density of .15: rows of bits, where they have one weight; from 1500, .04.
 */
START_TEST(work_of_a_second)
{
  static const double hz[2] = {2, 5};
  nai_estimate e = NAI_ESTIMATE_INIT;
  nai_network *net = compose(INDEGREE, DRAWN_WEIGHTS);
  expect_ok(nai_network_estimate(&e, net, 2, hz, 2));
  ck_assert_int_eq(e.rank_units, 764 + 208);
  EXPECT(e.spikes == 2 * 1500 + 5 * 400);
  EXPECT(e.rank_spikes == 2 * 764 + 5 * 208);
  EXPECT(e.lists == 4);
  EXPECT(e.fans == 2 * (2 * 1500 + 5 * 400));
  EXPECT(absolute(e.events - 60 * (2 + 5) * 972) < 10);
  EXPECT(e.bits == 0);
  nai_network_destroy(net);
  net = compose(INDEGREE, 0);
  expect_ok(nai_network_estimate(&e, net, 2, hz, 2));
  EXPECT(e.bits == 5 * 400 * 972);
  EXPECT(absolute(e.events - 60 * 2 * 972) < 10);
  nai_network_destroy(net);
}
END_TEST

START_TEST(each_allocation_may_fail)
{
  nai_network *net = compose(TOTAL, DRAWN_DELAYS);
  const long held = faults_held();
  nai_estimate e = NAI_ESTIMATE_INIT;
  for (long good = 0;; good++) {
    faults_fail_allocation(good);
    const nai_status status = nai_network_estimate(&e, net, 7, &some, 1);
    faults_fail_allocation(-1);
    ck_assert_int_le(faults_held(), held);
    if (status == NAI_OK) break;
    ck_assert_int_eq(status, NAI_ERR_MEMORY);
  }
  nai_network_destroy(net);
}
END_TEST

Suite *estimate_suite(void)
{
  Suite *suite = suite_create("estimate");
  TCase *tests = tcase_create("estimate");
  tcase_set_timeout(tests, 120);
  tcase_add_loop_test(tests, memory_is_an_upper_bound, 0, KINDS * WITHS);
  tcase_add_loop_test(tests, memory_is_what_is_taken, 0, TAKINGS);
  tcase_add_loop_test(tests, synapses_are_those_that_are_drawn, 0, KINDS);
  tcase_add_test(tests, synapses_that_all_exist_are_counted);
  tcase_add_test(tests, synapses_are_within_bounds);
  tcase_add_test(tests, the_rank_that_has_most_is_found);
  tcase_add_test(tests, bytes_are_those_that_are_sent);
  tcase_add_test(tests, one_rank_sends_nothing);
  tcase_add_test(tests, a_plan_takes_no_memory);
  tcase_add_test(tests, a_built_network_may_be_asked);
  tcase_add_test(tests, rates_are_for_one_rank);
  tcase_add_loop_test(tests, it_refuses_what_a_build_refuses, 0, RANKS_REFUSED_LATE + 1);
  tcase_add_test(tests, work_of_a_second);
  tcase_add_test(tests, arguments_are_checked);
  tcase_add_test(tests, each_allocation_may_fail);
  suite_add_tcase(suite, tests);
  return suite;
}
