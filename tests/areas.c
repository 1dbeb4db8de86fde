/* Two areas of units of every model: see areas.h. */
#include "areas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules.h"

static void add_populations(nai_network *net, const char *nonlinearity, int32_t lag)
{
  static const struct {
    const char *name;
    int64_t n;
    int32_t sign;
  } all[] = {{"a/E", 4, NAI_EXCITATORY}, {"a/D", 3, NAI_EXCITATORY}, {"a/I", 2, NAI_INHIBITORY},
             {"b/E", 3, NAI_EXCITATORY}, {"b/D", 2, NAI_EXCITATORY}, {"b/I", 3, NAI_INHIBITORY}};
  for (size_t k = 0; k < sizeof all / sizeof *all; k++)
    nai_network_add_population(net, all[k].name, all[k].n, all[k].sign);
  nai_network_set_model(net, "*/E", "adaptive_rate");
  nai_network_set(net, "*/E", "adaptation", 0.8);
  nai_network_set(net, "*/E", "tau_adaptation", 60);
  nai_network_set_model(net, "*/D", "dendritic");
  nai_network_set_model_size(net, "*/D", "branches", 2);
  nai_network_choose(net, "*/D", "nonlinearity", nonlinearity);
  nai_network_set(net, "*/D", "lag", lag);
  nai_network_set(net, "*", "tau", 30);
  nai_network_set(net, "*/E", "noise", 0.1);
  nai_network_set(net, "*/E */I", "initial", 0.2);
  nai_network_set_leak(net, "a/I", NAI_LEAK_WHOLE);
  nai_network_set_leak(net, "b/I", NAI_LEAK_RATE);
  nai_network_set_transfer(net, "*/E */I", NAI_TRANSFER_TANH);
  nai_network_set_transfer(net, "*/D", NAI_TRANSFER_SOFTPLUS);
}

nai_network *build_areas(const char *nonlinearity, int32_t lag)
{
  static const char *const ends[][2] = {{"u", "a/E a/D:dendrite+ a/I"},
                                        {"a/E", "a/E a/D:dendrite+ a/I"},
                                        {"a/D", "a/E a/D:soma b/D:dendrite+ b/E"},
                                        {"a/I", "a/E a/D:dendrite- a/I"},
                                        {"b/E", "b/E b/D:soma a/D:dendrite+ b/I"},
                                        {"b/I", "b/E b/D:dendrite-"},
                                        {"*/E */D", "z"}};
  nai_network *net;
  expect_ok(nai_network_create(&net, 10));
  nai_network_add_input(net, "u", AREAS_CHANNELS);
  add_populations(net, nonlinearity, lag);
  nai_network_add_output(net, "z", AREAS_OUTPUTS);
  for (size_t k = 0; k < sizeof ends / sizeof *ends; k++)
    nai_network_connect(net, ends[k][0], ends[k][1]);
  nai_network_set_delay(net, "a/E", "a/I", 0);
  nai_network_set_delay(net, "a/E", "a/D:dendrite+", 20);
  nai_network_set_delay(net, "a/D", "b/D:dendrite+", 30);
  nai_network_set_delay(net, "a/D", "a/D:soma", 20);
  nai_network_set_delay(net, "b/E", "a/D:dendrite+", 20);
  nai_network_set_autapses(net, "a/E", "a/E", 1);
  nai_network_set_autapses(net, "a/D", "a/D:soma", 1);
  expect_ok(nai_network_build(net, 3));
  return net;
}

nai_trials *trials_for_areas(const nai_network *net, int64_t n)
{
  return normal_trials(net, "z", AREAS_STEPS, n);
}

void cost_areas(nai_trainer *trainer)
{
  nai_cost *c;
  attach_cost(trainer, nai_cost_create_mse(&c, "z"), &c, 1);
  attach_cost(trainer, nai_cost_create_l2_rates(&c, "*"), &c, 0.1);
}

nai_network *build_model(const char *model, int32_t storage)
{
  nai_network *net;
  char port[80];
  nai_field field = NAI_FIELD_INIT;
  int is_fast = strcmp(model, "pyramidal") == 0 || strcmp(model, "lif_conductance") == 0,
      has_default = strcmp(model, "rate") == 0 || strcmp(model, "adaptive_rate") == 0 ||
                    strcmp(model, "dendritic") == 0;
  expect_ok(nai_network_create(&net, is_fast ? 0.1 : 10));
  nai_network_add_input(net, "u", AREAS_CHANNELS);
  nai_network_add_population(net, "P", 4, NAI_FREE);
  nai_network_set_model(net, "P", model);
  nai_network_add_output(net, "z", AREAS_OUTPUTS);
  for (int k = 0; nai_model_field(&field, model, NAI_MODEL_PORTS, k) == NAI_OK; k++) {
    snprintf(port, sizeof port, "P:%s", field.name);
    expect_ok(nai_network_connect(net, "u P", port));
  }
  expect_ok(nai_network_connect(net, "P", "z"));
  if (strcmp(model, "lif") == 0) nai_network_set(net, "P", "threshold", 0.3);
  if (strcmp(model, "poisson") == 0) nai_network_set(net, "P", "rate", 40);
  if (strcmp(model, "lif_conductance") == 0) nai_network_set(net, "P", "bias", 1e6);
  if (!has_default) nai_network_set_initial_weights(net, "*", "P", NAI_WEIGHTS_UNIFORM, -0.5, 0.5);
  expect_ok(nai_network_set_storage(net, "*", "*", storage));
  expect_ok(nai_network_build(net, 3));
  return net;
}
