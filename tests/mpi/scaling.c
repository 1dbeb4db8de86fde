/*
 * Seconds of an update over MPI, and of these within the exchange; calls and bytes of a rank. One line of
 * JSON: scaling.py reads it. Arguments: units, trials of a batch, shards, seconds to measure for.
 */
#define main example_main
#include "../../examples/mpi_train.c"
#undef main

typedef struct counter {
  line line;
  long swaps, gathers, given, gathered;
  double within;
} counter;

static nai_status counted_swap(void *user, int64_t partner, const void *give, int64_t give_bytes,
                               void *take, int64_t take_bytes)
{
  counter *c = user;
  double start = MPI_Wtime();
  nai_status status = line_swap(&c->line, partner, give, give_bytes, take, take_bytes);
  c->within += MPI_Wtime() - start;
  c->swaps++;
  c->given += give_bytes;
  return status;
}

static nai_status counted_gather(void *user, const int64_t *first, const int64_t *bytes, void *all)
{
  counter *c = user;
  int rank;
  double start = MPI_Wtime();
  nai_status status = line_gather(&c->line, first, bytes, all);
  c->within += MPI_Wtime() - start;
  MPI_Comm_rank(c->line.comm, &rank);
  c->gathers++;
  c->gathered += bytes[rank];
  return status;
}

enum { STEPS = 50, TRIALS = 256 };

static nai_task *make_task(const nai_network *net)
{
  enum { N = STEPS * TRIALS * 3 };
  nai_trials *trials;
  nai_task *task;
  float *values = malloc(N * sizeof *values);
  check(nai_trials_create(&trials, net, STEPS, TRIALS));
  check(nai_random_normals(values, N, 1, 0));
  check(nai_trials_set_inputs(trials, "u", values, 3));
  check(nai_random_normals(values, N, 1, 1));
  check(nai_trials_set_targets(trials, "z", values, 3));
  check(nai_task_create_from_trials(&task, trials, NULL, net));
  nai_trials_destroy(trials);
  free(values);
  return task;
}

static nai_trainer *make(int64_t units, double batch, double shards)
{
  nai_network *net;
  nai_cost *cost;
  nai_rule *rule;
  nai_optimizer *adam;
  nai_trainer *trainer;
  nai_network_create(&net, 20);
  nai_network_add_input(net, "u", 3);
  nai_network_add_population(net, "E", units, NAI_FREE);
  nai_network_add_output(net, "z", 3);
  nai_network_set(net, "E", "noise", 0.1);
  nai_network_connect(net, "u", "E");
  nai_network_connect(net, "E", "E z");
  check(nai_network_build(net, 1));
  nai_task *task = make_task(net);
  check(nai_cost_create_mse(&cost, "z"));
  check(nai_rule_create_bptt(&rule));
  check(nai_optimizer_create_adam(&adam, 1e-4));
  check(nai_trainer_create(&trainer, net, rule, adam, task));
  check(nai_trainer_add_cost(trainer, cost, 1.0));
  check(nai_trainer_set(trainer, "batch", batch));
  check(nai_trainer_set(trainer, "shards", shards));
  nai_optimizer_destroy(adam);
  nai_rule_destroy(rule);
  nai_cost_destroy(cost);
  nai_task_destroy(task);
  nai_network_destroy(net);
  return trainer;
}

int main(int n, char **arguments)
{
  counter c = {.line.patience = 300}, best = c;
  nai_exchange_ops ops = {
      .struct_size = sizeof ops, .swap = counted_swap, .gather = counted_gather};
  nai_exchange *exchange;
  MPI_Init(&n, &arguments);
  if (n < 5) return 2;
  MPI_Comm_dup(MPI_COMM_WORLD, &c.line.comm);
  int rank, ranks;
  MPI_Comm_rank(c.line.comm, &rank);
  MPI_Comm_size(c.line.comm, &ranks);
  ops.rank = rank;
  ops.ranks = ranks;
  double batch = atof(arguments[2]), shards = atof(arguments[3]), least = 1e9, last, end;
  nai_trainer *trainer = make(atoll(arguments[1]), batch, shards);
  check(nai_exchange_create(&exchange, &ops, &c));
  if (ops.ranks > 1) check(nai_trainer_set_exchange(trainer, exchange));
  check(nai_trainer_step(NULL, trainer, NULL));
  end = MPI_Wtime() + atof(arguments[4]);
  for (int k = 0, over = 0; k < 3 || !over; k++) {
    counter before = c;
    double start = MPI_Wtime();
    check(nai_trainer_step(NULL, trainer, NULL));
    last = MPI_Wtime() - start;
    if (last < least) {
      least = last;
      best = (counter){.swaps = c.swaps - before.swaps,
                       .gathers = c.gathers - before.gathers,
                       .given = c.given - before.given,
                       .gathered = c.gathered - before.gathered,
                       .within = c.within - before.within};
    }
    over = MPI_Wtime() > end;
    MPI_Bcast(&over, 1, MPI_INT, 0, c.line.comm);
  }
  if (ops.rank == 0)
    printf(
        "{\"seconds\": %.9f, \"within\": %.9f, \"swaps\": %ld, \"gathers\": %ld, \"given\": %ld, "
        "\"gathered\": %ld}\n",
        least, best.within, best.swaps, best.gathers, best.given, best.gathered);
  nai_exchange_destroy(exchange);
  nai_trainer_destroy(trainer);
  MPI_Finalize();
  return 0;
}
