/*
 * Composes a network and runs it one time step at a time, as in a closed loop with an experiment.
 */
#include <neuroai/neuroai.h>
#include <stdio.h>

int main(void)
{
  nai_network *net;
  nai_network_create(&net, 1.0); /* time step, ms */
  nai_network_add_input(net, "light", 1);
  nai_network_add_population(net, "E", 80, NAI_EXCITATORY);
  nai_network_add_population(net, "I", 20, NAI_INHIBITORY);
  nai_network_add_output(net, "wheel", 1);
  nai_network_set_transfer(net, "E I", NAI_TRANSFER_RECTIFIED_TANH);
  nai_network_set(net, "E I", "tau", 20.0); /* ms */
  nai_network_set(net, "E I", "noise", 0.05);
  nai_network_set(net, "E I", "bias", 0.2);
  nai_network_connect(net, "light", "E");
  nai_network_connect(net, "E I", "E I");
  nai_network_connect(net, "E", "wheel");
  nai_network_set_initial_weights(net, "light", "E", NAI_WEIGHTS_UNIFORM, 0.0, 1.0);

  nai_state *animal = NULL;
  nai_network_build(net, /* seed */ 1); /* gives the first error of all the calls above */
  if (nai_state_create(&animal, net, /* trials at once */ 1, /* seed */ 7) != NAI_OK) {
    fprintf(stderr, "%s\n", nai_last_error());
    nai_network_destroy(net);
    return 1;
  }

  nai_view rates = NAI_VIEW_INIT; /* follows the state from now on, without copies */
  nai_state_rates(&rates, animal, "E");
  const float *r = rates.data;

  for (int t = 1; t <= 600; t++) {
    float light = t > 200 ? 1.0f : 0.0f, wheel;
    if (t == 401) nai_state_silence(animal, "I"); /* optogenetics: inhibition is off ... */
    if (t == 501) nai_state_release(animal, "I"); /* ... and on again */
    nai_state_step(&wheel, animal, &light);       /* microseconds; no allocation, no lock */
    if (t % 50 != 0) continue;
    double mean = 0;
    for (int64_t i = 0; i < rates.shape[1]; i++) mean += (double)r[i] / (double)rates.shape[1];
    printf("%4d ms  light %.0f  mean rate of E %8.3f  wheel %8.3f%s\n", t, (double)light, mean,
           (double)wheel, t > 400 && t <= 500 ? "  I silenced" : "");
  }
  nai_state_destroy(animal);
  nai_network_destroy(net);
  return 0;
}
