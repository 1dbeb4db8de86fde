/*
 * Three areas of cortex, laid out from a published table and linked by distance and level,
 * learn to tell which of two stimuli is the stronger one. The choice is read from the last area.
 */
#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>

static void check(nai_status status)
{
  if (status == NAI_OK) return;
  fprintf(stderr, "%s\n", nai_last_error());
  exit(1);
}

/* E, PV, SST and VIP cells in each area; 80 % of the synapses of an area are its own. */
static nai_network *compose(nai_areas *cortex)
{
  const int64_t cells[] = {60, 10, 8, 6};
  nai_connectivity table = NAI_CONNECTIVITY_INIT;
  nai_layout layout = NAI_LAYOUT_INIT;
  nai_streams streams = NAI_STREAMS_INIT;
  nai_network *net;
  check(nai_connectivity_find(&table, "allen_l23"));
  check(nai_network_create(&net, 20.0)); /* time step, ms */
  layout.cells = cells;
  for (int64_t a = 0; a < nai_areas_count(cortex); a++) {
    layout.area = nai_areas_name(cortex, a);
    nai_network_populate(net, &table, &layout);
  }
  nai_network_connect_areas(net, cortex, &streams);
  nai_network_add_input(net, "stimulus", 3); /* fixation cue, stimulus 1, stimulus 2 */
  nai_network_add_output(net, "choice", 3);  /* wait, 1, 2 */
  nai_network_set(net, "V1/* V2/* PFC/*", "noise", 0.1);
  nai_network_connect(net, "stimulus", "V1/E V1/PV");
  nai_network_connect(net, "PFC/E", "choice");
  check(nai_network_build(net, /* seed */ 1)); /* gives the first error of all these calls */
  return net;
}

int main(void)
{
  const double position[] = {0, 0, 0, 3, 1, 0, 8, 0, 0}, level[] = {0, 1, 2}; /* mm */
  double distance[9], fln[9], sln[9];
  nai_areas_rule rule = NAI_AREAS_RULE_INIT;
  nai_areas *cortex;
  check(nai_areas_rule_find(&rule, "macaque"));
  rule.density = 1; /* all of the six links exist */
  check(nai_areas_measure(distance, position, 3, 0));
  check(nai_areas_create(&cortex, "V1 V2 PFC", distance, level, 3, &rule, /* seed */ 1));
  check(nai_areas_read(fln, cortex, NAI_AREAS_FLN));
  check(nai_areas_read(sln, cortex, NAI_AREAS_SLN));
  for (int to = 0; to < 3; to++)
    for (int from = 0; from < 3; from++)
      if (to != from)
        printf("%-3s to %-3s  %4.1f mm  FLN %.2f  feed-forward %.2f\n",
               nai_areas_name(cortex, from), nai_areas_name(cortex, to), distance[3 * to + from],
               fln[3 * to + from], sln[3 * to + from]);

  nai_network *net = compose(cortex);
  nai_task *task;
  nai_cost *cost;
  nai_rule *bptt;
  nai_optimizer *adam;
  nai_trainer *trainer;
  check(nai_task_create(&task, "perceptual-decision-making", net));
  check(nai_task_set(task, "stimulus", 600.0)); /* ms */
  check(nai_cost_create_cross_entropy(&cost, "choice"));
  check(nai_rule_create_bptt(&bptt));
  check(nai_optimizer_create_adam(&adam, 3e-3));
  check(nai_trainer_create(&trainer, net, bptt, adam, task));
  check(nai_trainer_add_cost(trainer, cost, 1.0));
  check(nai_trainer_set(trainer, "clip", 1.0));
  check(nai_trainer_run(trainer, getenv("NEUROAI_EXAMPLE_QUICK") ? 20 : 400, NULL, NULL));

  nai_evaluation *test;
  check(nai_evaluation_create(&test, net, task, 2000, /* seed */ 2, /* threads */ 1));
  printf("correct %.3f\n", nai_evaluation_performance(test));
  nai_evaluation_destroy(test);
  nai_trainer_destroy(trainer);
  nai_optimizer_destroy(adam);
  nai_rule_destroy(bptt);
  nai_cost_destroy(cost);
  nai_task_destroy(task);
  nai_network_destroy(net);
  nai_areas_destroy(cortex);
  return 0;
}
