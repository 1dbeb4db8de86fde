/*
 * A network of spiking neurons (Brunel 2000, a tenth of it) in a host that takes its spikes in chunks: a buffer
 * of any size, which the host empties whenever the library says that it is full.
 */
#include <neuroai/neuroai.h>
#include <stdio.h>

enum { STEPS = 5000, ROOM = 4096 }; /* 500 ms */

/* `count` synapses onto each neuron, from each sender at most one. */
static void connect(nai_network *net, const char *from, int64_t count, double weight)
{
  const char *to = "E:delta I:delta";
  nai_constraint *indegree;
  nai_network_connect(net, from, to);
  nai_constraint_create_indegree(&indegree, count);
  nai_network_constrain(net, from, to, indegree);
  nai_constraint_destroy(indegree); /* the network keeps it */
  nai_network_set_initial_weights(net, from, to, NAI_WEIGHTS_CONSTANT, weight, 0);
  nai_network_set_delay(net, from, to, 1.5);
  nai_network_set_plastic(net, from, to, 0);
  nai_network_set_storage(net, from, to, NAI_STORAGE_LISTED);
}

static nai_network *compose(void)
{
  nai_network *net;
  nai_network_create(&net, 0.1); /* time step, ms */
  nai_network_add_population(net, "E", 1000, NAI_EXCITATORY);
  nai_network_add_population(net, "I", 250, NAI_INHIBITORY);
  nai_network_set_model(net, "E I", "lif");
  nai_network_set(net, "E I", "reset", 10);         /* mV */
  nai_network_set(net, "E I", "refractory", 2);     /* ms */
  nai_network_set(net, "E I", "background", 20000); /* Hz, of 0.1 mV each */
  connect(net, "E", 100, 0.1);
  connect(net, "I", 25, -0.5);
  return net;
}

/* What a host does with spikes: writes them to a disk, decodes them, shows them. Here it counts them. */
static void use(const nai_recording *chunk, long *spikes)
{
  for (int64_t k = 0; k < chunk->n; k++) spikes[chunk->spikes[k].unit < 1000 ? 0 : 1]++;
}

static nai_status run(nai_state *state, long *spikes, int *chunks)
{
  static nai_spike buffer[ROOM];
  nai_recording to = NAI_RECORDING_INIT;
  to.populations = "E I"; /* units of I are counted on behind those of E */
  to.spikes = buffer;
  to.room = ROOM;
  for (int64_t left = STEPS; left > 0; left -= to.made) {
    nai_status status = nai_state_record(&to, state, left, NULL); /* allocates nothing */
    if (status != NAI_OK) return status;
    use(&to, spikes);
    to.n = 0;
    (*chunks)++;
  }
  return NAI_OK;
}

int main(void)
{
  nai_network *net = compose();
  nai_state *state = NULL;
  long spikes[2] = {0, 0};
  int chunks = 0;
  nai_network_build(net, /* seed */ 1); /* gives the first error of all the calls above */
  nai_status status = nai_state_create(&state, net, /* trials at once */ 1, /* seed */ 7);
  if (status == NAI_OK) status = run(state, spikes, &chunks);
  if (status != NAI_OK) fprintf(stderr, "%s\n", nai_last_error());
  double seconds = STEPS * 0.1e-3;
  printf("E %.1f Hz, I %.1f Hz; %ld spikes in %d chunks of at most %d\n",
         (double)spikes[0] / 1000 / seconds, (double)spikes[1] / 250 / seconds,
         spikes[0] + spikes[1], chunks, ROOM);
  nai_state_destroy(state);
  nai_network_destroy(net);
  return status != NAI_OK;
}
