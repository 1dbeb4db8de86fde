/* Numbers of inputs, populations and outputs: described, found by name, each in its range. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/names.h"
#include "base/parameter.h"
#include "networks.h"

static const char *const node_of[] = {
    [NAI_INPUTS] = "stimulus", [NAI_POPULATIONS] = "E", [NAI_OUTPUTS] = "choice"};

/* Description `index` of a kind; 0 past the last. */
static int describe(nai_parameter *out, const nai_network *net, int32_t kind, int64_t index)
{
  *out = (nai_parameter)NAI_PARAMETER_INIT;
  nai_status status = nai_network_parameter(out, net, kind, index);
  if (status == NAI_OK) return 1;
  ck_assert_int_eq(status, NAI_ERR_INVALID);
  return 0;
}

/* What is described is what can be set and read, and the default is what a new node has. */
START_TEST(what_is_listed_can_be_set)
{
  static const char *const words[] = {"tau noise noise_tau baseline rectify ",
                                      "tau noise noise_tau bias initial gain exponent plastic_bias "
                                      "plastic_initial initial_min initial_max output_noise ",
                                      "bias plastic_bias tau gain "};
  nai_network *net = compose_ei(2, 1);
  for (int32_t kind = NAI_INPUTS; kind <= NAI_OUTPUTS; kind++) {
    char listed[200] = "";
    nai_parameter p;
    for (int64_t i = 0; describe(&p, net, kind, i); i++) {
      double value[3];
      int64_t n = nai_network_size(net, kind, node_of[kind]);
      expect_ok(nai_network_get_each(value, n, net, node_of[kind], p.name));
      EXPECT(value[0] == p.initial && p.low <= p.initial && p.initial <= p.high);
      EXPECT(p.unit[0] && p.meaning[0] && p.list == 0);
      expect_ok(nai_network_set(net, node_of[kind], p.name, p.high));
      expect_ok(nai_network_set(net, node_of[kind], p.name, p.low));
      strcat(strcat(listed, p.name), " ");
    }
    ck_assert_str_eq(listed, words[kind]);
  }
  nai_network_destroy(net);
}
END_TEST

START_TEST(beyond_the_range)
{
  for (int32_t kind = NAI_INPUTS; kind <= NAI_OUTPUTS; kind++)
    for (int64_t i = 0;; i++) {
      nai_network *net = compose_ei(2, 1), *other = compose_ei(2, 1);
      nai_parameter p;
      char words[100];
      int more = describe(&p, net, kind, i);
      if (more) {
        snprintf(words, sizeof words, "%s of '%s' is ", p.name, node_of[kind]);
        expect_fails(nai_network_set(net, node_of[kind], p.name, nextafter(p.high, INFINITY)),
                     NAI_ERR_INVALID, words);
        expect_fails(nai_network_set(other, node_of[kind], p.name, nextafter(p.low, -INFINITY)),
                     NAI_ERR_INVALID, words);
      }
      nai_network_destroy(other);
      nai_network_destroy(net);
      if (!more) break;
    }
}
END_TEST

/* Within the range of each, and none of them the default. */
static double unusual(const nai_parameter *p, int i)
{
  if (p->low == 0 && p->high == 1) return p->initial == 0; /* a flag */
  if (strcmp(p->name, "initial_min") == 0) return -1.5 - i;
  return fmax(p->low, 0) + 1.5 + i;
}

/* One value for all, or one each: the units or channels of the one kind in the network of the file. */
static void check_in_file(int32_t kind, int64_t index, int apart)
{
  nai_network *net = compose_ei(2, 1), *loaded;
  nai_parameter p;
  double value[3], read[3];
  static unsigned char bytes[1 << 16];
  int64_t size;
  describe(&p, net, kind, index);
  const int64_t n = nai_network_size(net, kind, node_of[kind]);
  for (int i = 0; i < n; i++) value[i] = unusual(&p, apart ? i : 0);
  if (apart && p.initial == !value[0]) value[0] = p.initial;
  expect_ok(nai_network_set_each(net, node_of[kind], p.name, value, n));
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_save_memory(bytes, sizeof bytes, &size, net));
  expect_ok(nai_network_load_memory(&loaded, bytes, size, NULL));
  expect_ok(nai_network_get_each(read, n, loaded, node_of[kind], p.name));
  for (int i = 0; i < n; i++)
    ck_assert_msg(read[i] == value[i], "%s of %s: %g, not %g", p.name, node_of[kind], read[i],
                  value[i]);
  nai_network_destroy(net);
  nai_network_destroy(loaded);
}

START_TEST(each_goes_into_a_model_file)
{
  nai_network *net = compose_ei(2, 1);
  for (int32_t kind = NAI_INPUTS; kind <= NAI_OUTPUTS; kind++) {
    nai_parameter p;
    for (int64_t i = 0; describe(&p, net, kind, i); i++)
      for (int apart = 0; apart < 2; apart++) check_in_file(kind, i, apart);
  }
  nai_network_destroy(net);
}
END_TEST

/* The least time constant is the time step's, and the default is never below it. */
START_TEST(time_constants_and_the_time_step)
{
  nai_network *net;
  nai_parameter p;
  expect_ok(nai_network_create(&net, 250));
  EXPECT(describe(&p, net, NAI_POPULATIONS, 0) && p.low == 250 && p.initial == 250);
  EXPECT(describe(&p, net, NAI_INPUTS, 0) && p.low == 0.25 && p.initial == 100);
  nai_network_destroy(net);
}
END_TEST

/* Every owner of numbers lists its choices, to the end or to where the message is full. */
START_TEST(unknown_names_list_the_choices)
{
  nai_network *net = compose_ei(2, 1);
  expect_fails(
      nai_network_set(net, "E", "tua", 10), NAI_ERR_NAME,
      "population 'E' has no parameter 'tua'; it has tau, noise, noise_tau, bias, initial, gain, "
      "exponent, plastic_bias, plastic_initial, initial_min, initial_max");
  nai_network_destroy(net);
  net = compose_ei(2, 1);
  expect_fails(
      nai_network_set(net, "stimulus E", "bias", 1), NAI_ERR_NAME,
      "input 'stimulus' has no parameter 'bias'; it has tau, noise, noise_tau, baseline, rectify");
  nai_network_destroy(net);
  net = build_ei(2, 1, 1);
  double value[2];
  expect_fails(nai_network_get_each(value, 2, net, "choice", "noise"), NAI_ERR_NAME,
               "output 'choice' has no parameter 'noise'; it has bias, plastic_bias, tau, gain");
  nai_optimizer *adam;
  expect_ok(nai_optimizer_create_adam(&adam, 1e-3));
  expect_fails(nai_optimizer_set(adam, "beta", 0.5), NAI_ERR_NAME,
               "adam has no parameter 'beta'; it has rate, beta1, beta2");
  nai_rule *rule;
  expect_ok(nai_rule_create_kolen_pollack(&rule, 1e-3, 1));
  expect_fails(nai_rule_set(rule, "decoy", 0.5), NAI_ERR_NAME, "'decoy'; it has decay");
  nai_rule_destroy(rule);
  nai_optimizer_destroy(adam);
  nai_network_destroy(net);
}
END_TEST

/* A name as long as may be leaves the list short, and says so. */
START_TEST(full_messages_end_with_dots)
{
  char name[64];
  memset(name, 'x', 63);
  name[63] = 0;
  nai_network *net;
  expect_ok(nai_network_create(&net, 20));
  expect_ok(nai_network_add_population(net, name, 1, NAI_FREE));
  expect_fails(nai_network_set(net, name, "a-very-long-name-of-no-number", 1), NAI_ERR_NAME,
               "it has tau, noise, noise_tau, bias, initial, gain, exponent, plastic_bias, "
               "plastic_initial, initial_min, initial_max");
  nai_network_destroy(net);
  char choices[20] = "";
  nai__choices_add(choices, sizeof choices, "tau");
  nai__choices_add(choices, sizeof choices, "noise");
  ck_assert_str_eq(choices, "tau, noise");
  for (int k = 0; k < 2; k++) {
    nai__choices_add(choices, sizeof choices, "initial");
    ck_assert_str_eq(choices, "tau, noise, ...");
  }
  char full[] = "taus, noises, bias"; /* not one more dot fits */
  nai__choices_add(full, sizeof full, "gain");
  ck_assert_str_eq(full, "taus, noises, bias");
  /* an owner whose name fills the message leaves little room for the list */
  static const nai__parameter table[] = {{.name = "tau"}, {.name = "a-long-name-of-a-number"}};
  char owner[190];
  memset(owner, 'o', sizeof owner - 1);
  owner[sizeof owner - 1] = 0;
  ck_assert_int_eq(nai__parameter_find(table, 2, "x", owner), -1);
  expect_fails(NAI_ERR_NAME, NAI_ERR_NAME, "has no parameter 'x'; it has tau, ...");
}
END_TEST

START_TEST(descriptions_that_are_refused)
{
  nai_network *net = compose_ei(2, 1);
  nai_parameter p = NAI_PARAMETER_INIT;
  expect_fails(nai_network_parameter(NULL, net, NAI_INPUTS, 0), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_network_parameter(&p, NULL, NAI_INPUTS, 0), NAI_ERR_INVALID, "net is NULL");
  expect_fails(nai_network_parameter(&p, net, NAI_PROJECTIONS, 0), NAI_ERR_INVALID, "kind is 3");
  expect_fails(nai_network_parameter(&p, net, -1, 0), NAI_ERR_INVALID, "kind is -1");
  expect_fails(nai_network_parameter(&p, net, NAI_OUTPUTS, 4), NAI_ERR_INVALID, "index is 4");
  expect_fails(nai_network_parameter(&p, net, NAI_OUTPUTS, -1), NAI_ERR_INVALID, "index is -1");
  p.struct_size = 8;
  expect_fails(nai_network_parameter(&p, net, NAI_OUTPUTS, 0), NAI_ERR_INVALID, "struct_size");
  EXPECT(!p.name);
  nai_network_destroy(net);
}
END_TEST

Suite *numbers_suite(void);

Suite *numbers_suite(void)
{
  Suite *suite = suite_create("numbers");
  ADD_CASE(suite, "described", what_is_listed_can_be_set, beyond_the_range,
           each_goes_into_a_model_file, time_constants_and_the_time_step,
           descriptions_that_are_refused);
  ADD_CASE(suite, "names", unknown_names_list_the_choices, full_messages_end_with_dots);
  return suite;
}
