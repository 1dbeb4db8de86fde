/*
 * Several processes train one network, over MPI: the same weights, to the last bit, however many there
 * are. What MPI is needed for stands in mpi_exchange.h; all else is as with one process.
 *
 *   mpicc mpi_train.c -lneuroai -o mpi_train
 *   mpirun -n 2 ./mpi_train
 *
 * Killed, or begun anew with another number of processes, it goes on from its last checkpoint.
 */
#include <unistd.h>

#include "mpi_exchange.h"

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
  double patience = n_arguments > 2 ? atof(arguments[2]) : 30;
  line line;
  nai_exchange *exchange;
  int rank, ranks;

  MPI_Init(&n_arguments, &arguments);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  nai_trainer *trainer = make_trainer();
  check(mpi_exchange(&exchange, &line, patience));
  check(nai_trainer_set_exchange(trainer, exchange));
  /* Nobody writes another one meanwhile: an update takes all ranks. */
  if (access(file, R_OK) == 0) check(nai_trainer_restore(trainer, file));
  if (rank == 0) check(nai_trainer_set_checkpoints(trainer, file, 5));
  check(nai_trainer_run(trainer, updates - nai_trainer_updates(trainer), NULL, NULL));

  if (rank == 0) printf("%lld updates by %d ranks\n", (long long)updates, ranks);
  nai_exchange_destroy(exchange);
  nai_trainer_destroy(trainer);
  MPI_Finalize();
  return 0;
}
