/*
 * Learning while acting: an agent hears a rhythm and learns, at every step, to predict what it will
 * hear a tenth of a second later. One call makes one step and one update, and allocates nothing.
 *
 *   cc agent.c $(pkg-config --cflags --libs neuroai) -lm && ./a.out
 */
#include <math.h>
#include <neuroai/neuroai.h>
#include <stdio.h>

#define MINUTE 12000 /* steps of 5 ms */

static float rhythm(double ms)
{
  return (float)(0.6 * sin(ms / 150) + 0.4 * sin(ms / 67));
}

int main(void)
{
  nai_network *net;
  nai_network_create(&net, 5.0); /* ms */
  nai_network_add_input(net, "ear", 1);
  nai_network_add_population(net, "r", 100, NAI_FREE);
  nai_network_set_transfer(net, "r", NAI_TRANSFER_TANH);
  nai_network_add_output(net, "expected", 1);
  nai_network_set(net, "r", "tau", 50.0);
  nai_network_connect(net, "ear r", "r");
  nai_network_connect(net, "r", "expected");
  if (nai_network_build(net, 1) != NAI_OK) {
    fprintf(stderr, "%s\n", nai_last_error());
    return 1;
  }

  nai_rule *rflo;
  nai_optimizer *sgd;
  nai_cost *surprise;
  nai_trainer *trainer;
  nai_agent *agent;
  nai_rule_create_rflo(&rflo, /* seed of the feedback */ 2);
  nai_optimizer_create_sgd(&sgd, 1e-3);
  nai_cost_create_mse(&surprise, "expected");
  nai_trainer_create(&trainer, net, rflo, sgd, NULL);
  nai_trainer_add_cost(trainer, surprise, 1.0);
  nai_status status = nai_agent_create(&agent, trainer);

  double error = 0, variance = 0;
  for (long t = 0; t < 2 * MINUTE && status == NAI_OK; t++) {
    float heard = rhythm(5.0 * (double)t), next = rhythm(5.0 * (double)t + 100), expected;
    nai_experience now = NAI_EXPERIENCE_INIT;
    now.input = &heard;
    now.target = &next;
    status = nai_agent_step(&expected, agent, &now);
    error += pow((double)expected - (double)next, 2);
    variance += pow((double)next, 2);
    if ((t + 1) % (MINUTE / 4) && t + 1 != 200) continue;
    printf("%5.1f s: %5.1f %% of the rhythm's variance is not foreseen\n", 5e-3 * (double)(t + 1),
           100 * error / variance);
    error = variance = 0;
  }
  if (status == NAI_OK) status = nai_agent_rest(agent); /* the network is free for others now */
  if (status != NAI_OK) fprintf(stderr, "%s\n", nai_last_error());

  nai_agent_destroy(agent);
  nai_trainer_destroy(trainer);
  nai_cost_destroy(surprise);
  nai_optimizer_destroy(sgd);
  nai_rule_destroy(rflo);
  nai_network_destroy(net);
  return status == NAI_OK ? 0 : 1;
}
