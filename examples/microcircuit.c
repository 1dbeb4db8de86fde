/* A dendritic microcircuit starts in the self-predicting state and learns one association. */
#include <math.h>
#include <neuroai/neuroai.h>
#include <stdio.h>
#include <stdlib.h>

enum { INPUTS = 30, HIDDEN = 20, OUTPUTS = 10, CHANNELS = INPUTS + 2 * OUTPUTS, STEPS = 1000 };

static void check(nai_status status)
{
  if (status == NAI_OK) return;
  fprintf(stderr, "%s\n", nai_last_error());
  exit(1);
}

/* Squared error of the output without a teacher, 100 ms after the pattern has come; and apical potentials. */
static double test(const nai_network *net, const float *pattern, double *apical)
{
  float input[CHANNELS] = {0}; /* x; target and teach stay at 0 */
  nai_state *state;
  nai_view rate = NAI_VIEW_INIT, down = NAI_VIEW_INIT, lateral = NAI_VIEW_INIT;
  double error = 0, square = 0;
  for (int j = 0; j < INPUTS; j++) input[j] = pattern[j];
  check(nai_state_create(&state, net, 1, /* seed of the noise */ 1));
  for (int t = 0; t < STEPS; t++) check(nai_state_step(NULL, state, input));
  check(nai_state_variable(&rate, state, "P2:rate"));
  check(nai_state_variable(&down, state, "P1:apical"));
  check(nai_state_variable(&lateral, state, "P1:lateral"));
  for (int i = 0; i < OUTPUTS; i++) {
    double wanted = 1 / (1 + exp(-(double)pattern[INPUTS + i]));
    error += pow((double)((const float *)rate.data)[i] - wanted, 2);
  }
  for (int i = 0; i < HIDDEN; i++)
    square += pow((double)(((const float *)down.data)[i] + ((const float *)lateral.data)[i]), 2);
  *apical = sqrt(square / HIDDEN);
  nai_state_destroy(state);
  return error;
}

int main(void)
{
  static float pattern[CHANNELS], inputs[STEPS * CHANNELS];
  static const int64_t sizes[] = {INPUTS, HIDDEN, OUTPUTS};
  static const struct {
    const char *from, *to;
    double rate; /* 1/ms */
  } pathways[] = {{"x", "P1:basal", 1.1875e-3},
                  {"P1", "P2:basal", 5e-4},
                  {"P1", "I1:basal", 1.1875e-3},
                  {"I1", "P1:lateral", 5e-4}};
  for (int j = 0; j < CHANNELS; j++) /* x from -1 to 1, potentials from -2 to 2, the teacher on */
    pattern[j] = j < INPUTS             ? (float)(2 * nai_random_uniform(1, 0, (uint64_t)j) - 1)
                 : j < INPUTS + OUTPUTS ? (float)(4 * nai_random_uniform(1, 0, (uint64_t)j) - 2)
                                        : 1;
  for (int k = 0; k < STEPS * CHANNELS; k++) inputs[k] = pattern[k % CHANNELS];

  nai_network *net;
  nai_microcircuit options = NAI_MICROCIRCUIT_INIT;
  options.noise = 0;
  check(nai_network_create(&net, 0.1)); /* time step, ms */
  check(nai_network_add_microcircuit(net, sizes, 3, &options));
  check(nai_network_build(net, /* seed */ 1));
  check(nai_network_self_predict(net));

  nai_trials *trials;
  nai_rule *rule;
  nai_optimizer *sgd;
  nai_trainer *trainer;
  nai_progress now = NAI_PROGRESS_INIT;
  check(nai_trials_create(&trials, net, STEPS, 1));
  check(nai_trials_set_inputs(trials, NULL, inputs, CHANNELS));
  check(nai_rule_create_dendritic_error(&rule));
  check(nai_optimizer_create_sgd(&sgd, 1));
  check(nai_trainer_create(&trainer, net, rule, sgd, NULL));
  for (int k = 0; k < 4; k++)
    check(nai_trainer_set_rate(trainer, pathways[k].from, pathways[k].to, pathways[k].rate));
  for (int trial = 0; trial <= 240; trial++) {
    double apical, error = trial % 40 == 0 ? test(net, pattern, &apical) : 0;
    if (trial % 40 == 0)
      printf("%4d patterns: squared error %.5f, apical potential without a teacher %.1e\n", trial,
             error, apical);
    check(nai_trainer_step(&now, trainer, trials));
  }
  nai_trainer_destroy(trainer);
  nai_trials_destroy(trials);
  nai_optimizer_destroy(sgd);
  nai_rule_destroy(rule);
  nai_network_destroy(net);
  return 0;
}
