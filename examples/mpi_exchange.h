/*
 * An exchange between the processes of an MPI program: two functions, of MPI_Sendrecv and MPI_Allgatherv in parts that do
 * not wait for ever.
 */
#ifndef MPI_EXCHANGE_H
#define MPI_EXCHANGE_H

#include <mpi.h>
#include <neuroai/neuroai.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct line {
  MPI_Comm comm;
  double patience; /* s that a rank may be silent */
} line;

static nai_status line_fails(const char *what)
{
  nai_set_error(what);
  return NAI_ERR_USER;
}

/*
 * MPI_Waitall() would wait for ever for a rank that has died. Messages that come later have no place any
 * more: the program has to end then. Ranks that work hand in hand are seldom late by more than some
 * microseconds; who slept at once would keep the others waiting, too, as they need him to take what they
 * send. So for some milliseconds he only lets others have the processor, where there are more than processors.
 */
static nai_status line_finish(const line *line, int n, MPI_Request *request)
{
  const double start = MPI_Wtime();
  for (int done = 0, asked = 0;; asked++) {
    if (MPI_Testall(n, request, &done, MPI_STATUSES_IGNORE))
      return line_fails("MPI reports a failure");
    if (done) return NAI_OK;
    if (asked < 1000) continue;
    const double waited = MPI_Wtime() - start;
    if (waited > line->patience) return line_fails("a rank has not answered: it may have died");
    if (waited < 5e-3)
      sched_yield();
    else
      nanosleep(&(struct timespec){0, 50000}, NULL);
  }
}

static nai_status line_swap(void *user, int64_t partner, const void *give, int64_t give_bytes,
                            void *take, int64_t take_bytes)
{
  const line *line = user;
  MPI_Request request[2];
  if (MPI_Irecv(take, (int)take_bytes, MPI_BYTE, (int)partner, 0, line->comm, &request[0]) ||
      MPI_Isend(give, (int)give_bytes, MPI_BYTE, (int)partner, 0, line->comm, &request[1]))
    return line_fails("MPI reports a failure");
  return line_finish(line, 2, request);
}

static nai_status line_gather(void *user, const int64_t *first, const int64_t *bytes, void *all)
{
  const line *line = user;
  int ranks;
  MPI_Request request;
  MPI_Comm_size(line->comm, &ranks);
  int *count = malloc(2 * (size_t)ranks * sizeof *count), *place = count + ranks;
  if (!count) return NAI_ERR_MEMORY;
  for (int k = 0; k < ranks; k++) count[k] = (int)bytes[k], place[k] = (int)first[k];
  int failed =
      MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_BYTE, all, count, place, MPI_BYTE, line->comm, &request);
  nai_status status = failed ? line_fails("MPI reports a failure") : line_finish(line, 1, &request);
  free(count);
  return status;
}

/* The end of one process; `line` lives as long. */
static nai_status mpi_exchange(nai_exchange **out, line *line, double patience)
{
  nai_exchange_ops ops = {.struct_size = sizeof ops, .swap = line_swap, .gather = line_gather};
  line->patience = patience;
  MPI_Comm_dup(MPI_COMM_WORLD, &line->comm);
  MPI_Comm_set_errhandler(line->comm, MPI_ERRORS_RETURN); /* else MPI ends the program */
  int rank, ranks;
  MPI_Comm_rank(line->comm, &rank);
  MPI_Comm_size(line->comm, &ranks);
  ops.rank = rank;
  ops.ranks = ranks;
  return nai_exchange_create(out, &ops, line);
}

static void check(nai_status status)
{
  if (status == NAI_OK) return;
  fprintf(stderr, "%s\n", nai_last_error());
  MPI_Abort(MPI_COMM_WORLD, 1);
}

#endif
