/*
 * Ranks in one process: as many threads, and an exchange between them such as a host would make of
 * MPI_Sendrecv and MPI_Allgatherv. A rank that is gone is an error on those that wait for it.
 */
#ifndef NEUROAI_TESTS_RANKS_H
#define NEUROAI_TESTS_RANKS_H

#include "checks.h"

#define MOST_TEST_RANKS 8

typedef struct ranks ranks;

/* What a rank does; it gives the exchange up itself. */
typedef void (*rank_work)(int rank, nai_exchange *exchange, void *argument);

typedef struct ranks_plan {
  int ranks;
  rank_work work;
  void *argument;
  /* Rank `failing` fails at its call number `failing_call` of the exchange, from 1; 0: none does. */
  int failing;
  long failing_call;
} ranks_plan;

/* What was passed in all, of one rank. */
typedef struct ranks_told {
  long swaps, gathers, given, gathered; /* bytes that it gave in swaps, and of its own in gathers */
} ranks_told;

/* Runs all of them to their ends. Nullable: told [ranks]. */
void run_ranks(const ranks_plan *plan, ranks_told *told);

/* The swap of an exchange that is for simulations, which only gather. */
nai_status ranks_no_swap(void *user, int64_t partner, const void *give, int64_t n_give, void *take,
                         int64_t n_take);

/* What is done to a network of E and I that spike, E onto I, so that ranks cannot share it; and what is said of that. */
typedef struct ranks_refusal {
  void (*spoil)(nai_network *net);
  const char *says;
} ranks_refusal;
enum { RANKS_REFUSED = 8, RANKS_REFUSED_LATE = 7 }; /* of the last one composing fails */
extern const ranks_refusal ranks_refused[RANKS_REFUSED];

#endif
