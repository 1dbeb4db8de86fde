/*
 * Several processes simulate one network of spiking neurons, over MPI: each has the synapses onto its
 * share of the neurons, and hears from the others who fired. The same spikes, however many there are.
 *
 *   mpicc mpi_spikes.c -lneuroai -o mpi_spikes
 *   mpirun -n 2 ./mpi_spikes [file for the spikes] [neurons, 12500] [s that a process may be silent, 30]
 *
 * The network is Brunel's (2000), of neurons that get a tenth of all neurons' spikes.
 */
#include "mpi_exchange.h"

enum { STEPS = 5000 }; /* of .1 ms */

static void join(nai_network *net, const char *from, int64_t indegree, double weight)
{
  nai_constraint *drawn;
  check(nai_constraint_create_indegree(&drawn, indegree));
  nai_network_constrain(net, from, "E I", drawn);
  nai_network_set_initial_weights(net, from, "E I", NAI_WEIGHTS_CONSTANT, weight, 0);
  nai_constraint_destroy(drawn);
}

static nai_network *make_network(int64_t neurons, nai_exchange *exchange)
{
  const double weight = 1000.0 / (double)neurons * 1.25; /* mV */
  nai_network *net;
  nai_network_create(&net, 0.1); /* time step, ms */
  nai_network_add_population(net, "E", neurons * 4 / 5, NAI_EXCITATORY);
  nai_network_add_population(net, "I", neurons / 5, NAI_INHIBITORY);
  nai_network_set_model(net, "E I", "lif");
  nai_network_set(net, "E I", "tau", 20);
  nai_network_set(net, "E I", "threshold", 20);
  nai_network_set(net, "E I", "reset", 10);
  nai_network_set(net, "E I", "refractory", 2);
  nai_network_set(net, "E I", "background",
                  2000 / weight); /* Hz: twice what reaches the threshold */
  nai_network_set(net, "E I", "background_weight", weight);
  nai_network_connect(net, "E I", "E I");
  join(net, "E", neurons * 8 / 100, weight);
  join(net, "I", neurons * 2 / 100, -5 * weight);
  nai_network_set_plastic(net, "E I", "E I", 0);
  nai_network_set_delay(net, "E I", "E I", 1.5); /* ms: who fired is exchanged as often */
  nai_network_set_exchange(net, exchange);
  check(nai_network_build(net, 1));
  return net;
}

/* Every process knows all spikes; one writes them. */
static int64_t simulate(const nai_network *net, int64_t neurons, FILE *file)
{
  nai_recording recording = NAI_RECORDING_INIT;
  nai_state *state;
  int64_t fired = 0;
  recording.populations = "E I";
  recording.room = 50 * neurons; /* spikes: as many steps as it has room for are made at once */
  recording.spikes = malloc((size_t)recording.room * sizeof *recording.spikes);
  check(recording.spikes ? NAI_OK : NAI_ERR_MEMORY);
  check(nai_state_create(&state, net, 1, 1));
  for (int64_t made = 0; made < STEPS; made += recording.made) {
    recording.n = 0;
    check(nai_state_record(&recording, state, STEPS - made, NULL));
    if (file) fwrite(recording.spikes, sizeof(nai_spike), (size_t)recording.n, file);
    fired += recording.n;
  }
  nai_state_destroy(state);
  free(recording.spikes);
  return fired;
}

int main(int n_arguments, char **arguments)
{
  int64_t neurons = n_arguments > 2 ? atoll(arguments[2]) : 12500, bytes;
  double patience = n_arguments > 3 ? atof(arguments[3]) : 30;
  line line;
  nai_exchange *exchange;
  int rank, ranks;

  MPI_Init(&n_arguments, &arguments);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  check(mpi_exchange(&exchange, &line, patience));
  double start = MPI_Wtime();
  nai_network *net = make_network(neurons, exchange);
  double built = MPI_Wtime();
  FILE *file = rank == 0 && n_arguments > 1 ? fopen(arguments[1], "wb") : NULL;
  int64_t fired = simulate(net, neurons, file);
  double end = MPI_Wtime();
  if (file) fclose(file);
  check(nai_network_memory(&bytes, net));
  printf("rank %d of %d: %lld spikes, %.2f Hz; %.0f MB, built in %.2f s, %.3f s for %g s\n", rank,
         ranks, (long long)fired, (double)fired / (double)neurons / (STEPS * 1e-4),
         (double)bytes * 1e-6, built - start, end - built, STEPS * 1e-4);
  nai_network_destroy(net);
  nai_exchange_destroy(exchange);
  MPI_Finalize();
  return 0;
}
