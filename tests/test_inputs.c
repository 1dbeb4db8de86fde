/* Inputs of a running network: none that is not finite gets in, and a network without any runs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "networks.h"
#include "states.h"

enum { TRIALS = 3, STEPS = 4, CHANNELS = 5 }; /* of build_everything(): "stimulus" 3, "context" 2 */

static const float bad[] = {NAN, INFINITY, -INFINITY};

static nai_state *running(const nai_network *net)
{
  nai_state *state = make_state(net, TRIALS, 1);
  expect_ok(nai_state_run(NULL, NULL, state, 5, NULL));
  expect_ok(nai_state_clamp(state, "I", 0.5));
  return state;
}

/* Wherever it is, the message says where, and the next step is as if nothing had been. */
START_TEST(an_input_that_is_not_finite_moves_nothing)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  nai_state *state = running(net), *other = running(net);
  void *before = snapshot_of(state);
  float inputs[TRIALS * CHANNELS] = {0}, outputs[TRIALS * 5];
  for (int at = 0; at < TRIALS * CHANNELS; at++) {
    char words[80];
    int trial = at / CHANNELS, channel = at % CHANNELS;
    snprintf(words, sizeof words, "inputs: '%s', channel %d of trial %d is",
             channel < 3 ? "stimulus" : "context", channel < 3 ? channel : channel - 3, trial);
    for (int k = 0; k < 3; k++) {
      inputs[at] = bad[k];
      outputs[0] = 77;
      expect_fails(nai_state_step(outputs, state, inputs), NAI_ERR_NONFINITE, words);
      EXPECT(outputs[0] == 77 && nai_state_time(state) == 5);
      expect_unmoved(state, before);
    }
    inputs[at] = 0;
  }
  expect_ok(nai_state_step(outputs, state, inputs));
  expect_ok(nai_state_step(NULL, other, inputs));
  EXPECT(same_states(state, other));
  free(before);
  nai_state_destroy(state);
  nai_state_destroy(other);
  nai_network_destroy(net);
}
END_TEST

/* Also one at the last step keeps the first from being made. */
START_TEST(a_run_looks_at_all_its_inputs_first)
{
  nai_network *net = build_everything(NAI_TRANSFER_RELU, NULL);
  nai_state *state = running(net);
  void *before = snapshot_of(state);
  float inputs[STEPS * TRIALS * CHANNELS] = {0}, rates[STEPS * TRIALS * 18];
  for (int at = 0; at < STEPS * TRIALS * CHANNELS; at++) {
    char words[80];
    snprintf(words, sizeof words, "of trial %d at row %d is", at / CHANNELS % TRIALS,
             at / CHANNELS / TRIALS);
    inputs[at] = bad[at % 3];
    rates[0] = 77;
    expect_fails(nai_state_run(NULL, rates, state, STEPS, inputs), NAI_ERR_NONFINITE, words);
    EXPECT(rates[0] == 77);
    expect_unmoved(state, before);
    inputs[at] = 0;
  }
  expect_ok(nai_state_run(NULL, rates, state, STEPS, inputs));
  free(before);
  nai_state_destroy(state);
  nai_network_destroy(net);
}
END_TEST

START_TEST(a_network_without_inputs_runs)
{
  nai_network *net = compose_one("h", 4, NAI_FREE);
  expect_ok(nai_network_set(net, "h", "bias", 0.5));
  expect_ok(nai_network_build(net, 1));
  nai_state *state = make_state(net, 2, 1), *other = make_state(net, 2, 1);
  float nothing = NAN, rates[3 * 2 * 4];
  expect_ok(nai_state_run(NULL, rates, state, 3, NULL));
  expect_ok(nai_state_run(NULL, NULL, other, 3, &nothing)); /* [3, 2, 0]: none is read */
  EXPECT(same_states(state, other) && rates[23] > 0);
  expect_ok(nai_state_step(NULL, state, &nothing));
  ck_assert_int_eq(nai_state_time(state), 4);
  nai_state_destroy(state);
  nai_state_destroy(other);
  nai_network_destroy(net);
}
END_TEST

Suite *inputs_suite(void);

Suite *inputs_suite(void)
{
  Suite *suite = suite_create("inputs");
  ADD_CASE(suite, "finite", an_input_that_is_not_finite_moves_nothing,
           a_run_looks_at_all_its_inputs_first);
  ADD_CASE(suite, "none", a_network_without_inputs_runs);
  return suite;
}
