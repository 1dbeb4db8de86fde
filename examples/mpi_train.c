/*
 * Several processes train one network, over MPI: the same weights, to the last bit, however many there
 * are. What MPI is needed for stands in swap() and gather(); all else is as with one process.
 *
 *   mpicc mpi_train.c -lneuroai -o mpi_train
 *   mpirun -n 2 ./mpi_train
 *
 * Killed, or begun anew with another number of processes, it goes on from its last checkpoint.
 */
#include <mpi.h>
#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* --- the exchange ------------------------------------------------------------------------------ */

typedef struct line {
  MPI_Comm comm;
  double patience; /* s that a rank may be silent */
} line;

static nai_status fail(const char *what)
{
  nai_set_error(what);
  return NAI_ERR_USER;
}

/*
 * MPI_Waitall() would wait for ever for a rank that has died. Messages that come later have no place any
 * more: the program has to end then.
 */
static nai_status finish(const line *line, int n, MPI_Request *request)
{
  double end = MPI_Wtime() + line->patience;
  for (int done = 0, asked = 0;; asked++) {
    if (MPI_Testall(n, request, &done, MPI_STATUSES_IGNORE)) return fail("MPI reports a failure");
    if (done) return NAI_OK;
    if (MPI_Wtime() > end) return fail("a rank has not answered: it may have died");
    if (asked > 1000) nanosleep(&(struct timespec){0, 50000}, NULL);
  }
}

static nai_status swap(void *user, int32_t partner, const void *give, int64_t give_bytes,
                       void *take, int64_t take_bytes)
{
  const line *line = user;
  MPI_Request request[2];
  if (MPI_Irecv(take, (int)take_bytes, MPI_BYTE, partner, 0, line->comm, &request[0]) ||
      MPI_Isend(give, (int)give_bytes, MPI_BYTE, partner, 0, line->comm, &request[1]))
    return fail("MPI reports a failure");
  return finish(line, 2, request);
}

static nai_status gather(void *user, void *all, const int64_t *first, const int64_t *bytes)
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
  nai_status status = failed ? fail("MPI reports a failure") : finish(line, 1, &request);
  free(count);
  return status;
}

/* --- training ---------------------------------------------------------------------------------- */

static void check(nai_status status)
{
  if (status == NAI_OK) return;
  fprintf(stderr, "%s\n", nai_last_error());
  MPI_Abort(MPI_COMM_WORLD, 1);
}

/* The same on every rank. */
static nai_trainer *make_trainer(void)
{
  nai_network *net;
  nai_task *task;
  nai_cost *cost;
  nai_rule *rule;
  nai_optimizer *adam;
  nai_trainer *trainer;
  nai_network_create(&net, 20.0); /* time step, ms */
  nai_network_add_input(net, "stimulus", 3);
  nai_network_add_population(net, "E", 80, NAI_EXCITATORY);
  nai_network_add_population(net, "I", 20, NAI_INHIBITORY);
  nai_network_add_output(net, "choice", 3);
  nai_network_set(net, "E I", "noise", 0.15);
  nai_network_connect(net, "stimulus", "E I");
  nai_network_connect(net, "E I", "E I");
  nai_network_connect(net, "E", "choice");
  check(nai_network_build(net, 1));
  check(nai_task_create(&task, "perceptual-decision-making", net));
  check(nai_cost_create_cross_entropy(&cost, "choice"));
  check(nai_rule_create_bptt(&rule));
  check(nai_optimizer_create_adam(&adam, 1e-3));
  check(nai_trainer_create(&trainer, net, rule, adam, task));
  check(nai_trainer_add_cost(trainer, cost, 1.0));
  check(nai_trainer_set(trainer, "clip", 1.0));
  check(nai_trainer_set(trainer, "evaluate_every", 20));
  check(nai_trainer_set(trainer, "shards", 4)); /* so 1, 2 or 4 ranks: the same bits */
  nai_optimizer_destroy(adam);
  nai_rule_destroy(rule);
  nai_cost_destroy(cost);
  nai_task_destroy(task);
  nai_network_destroy(net);
  return trainer;
}

int main(int n_arguments, char **arguments)
{
  const char *file = "training.safetensors";
  int64_t updates = n_arguments > 1 ? atoll(arguments[1]) : 200;
  line line = {.patience = n_arguments > 2 ? atof(arguments[2]) : 30};
  nai_exchange_ops ops = {.struct_size = sizeof ops, .swap = swap, .gather = gather};
  nai_exchange *exchange;

  MPI_Init(&n_arguments, &arguments);
  MPI_Comm_dup(MPI_COMM_WORLD, &line.comm);
  MPI_Comm_set_errhandler(line.comm, MPI_ERRORS_RETURN); /* else MPI ends the program */
  MPI_Comm_rank(line.comm, &ops.rank);
  MPI_Comm_size(line.comm, &ops.ranks);

  nai_trainer *trainer = make_trainer();
  check(nai_exchange_create(&exchange, &ops, &line));
  check(nai_trainer_set_exchange(trainer, exchange));
  /* Nobody writes another one meanwhile: an update takes all ranks. */
  if (access(file, R_OK) == 0) check(nai_trainer_restore(trainer, file));
  if (ops.rank == 0) check(nai_trainer_set_checkpoints(trainer, file, 5));
  check(nai_trainer_run(trainer, updates - nai_trainer_updates(trainer), NULL, NULL));

  if (ops.rank == 0) printf("%lld updates by %d ranks\n", (long long)updates, (int)ops.ranks);
  nai_exchange_destroy(exchange);
  nai_trainer_destroy(trainer);
  MPI_Finalize();
  return 0;
}
