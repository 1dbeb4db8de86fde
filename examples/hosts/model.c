/* Writes the model file that the programs of this folder load: model FILE. */
#include <neuroai/neuroai.h>
#include <stdio.h>

int main(int argc, char **argv)
{
  nai_network *net;
  nai_constraint *sparse;
  nai_constraint_create_sparse(&sparse, 0.2); /* a fifth of the synapses exist */
  nai_network_create(&net, 20.0);             /* time step, ms */
  nai_network_add_input(net, "stimulus", 3);  /* fixation cue, stimulus 1, stimulus 2 */
  nai_network_add_population(net, "E", 80, NAI_EXCITATORY);
  nai_network_add_population(net, "I", 20, NAI_INHIBITORY);
  nai_network_add_output(net, "choice", 3); /* wait, 1, 2 */
  nai_network_set(net, "E I", "noise", 0.15);
  nai_network_connect(net, "stimulus", "E I");
  nai_network_connect(net, "E I", "E I");
  nai_network_connect(net, "E", "choice");
  nai_network_constrain(net, "E I", "E I", sparse);
  nai_status status = nai_network_build(net, /* seed */ 1);
  if (status == NAI_OK) status = nai_network_save(net, argc > 1 ? argv[1] : "decision.safetensors");
  if (status != NAI_OK) fprintf(stderr, "%s\n", nai_last_error());
  nai_constraint_destroy(sparse);
  nai_network_destroy(net);
  return status != NAI_OK;
}
