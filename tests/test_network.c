/* lib/network without its states: composing, numbers, places, wiring, initial weights, spectra. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "networks.h"

#define NAME_63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz01234567890"

static nai_network *empty(void)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 20));
  return net;
}

/* --- composing -------------------------------------------------------------------------------- */

START_TEST(names_and_patterns)
{
  nai_network *net = empty();
  ck_assert_int_eq(nai_network_count(net, NAI_POPULATIONS), 0);
  expect_ok(nai_network_add_population(net, "pfc/E", 4, NAI_EXCITATORY));
  expect_ok(nai_network_add_input(net, "cue", 2));
  expect_ok(nai_network_add_population(net, "pfc/I", 3, NAI_INHIBITORY));
  expect_ok(nai_network_add_output(net, "z", 1));
  expect_ok(nai_network_add_population(net, "v1", 5, NAI_FREE));
  expect_ok(nai_network_add_input(net, NAME_63, 6));
  expect_ok(nai_network_connect(net, "cue", "pfc* v1"));
  expect_ok(nai_network_connect(net, "pfc/?", "  v1\tpfc/[E]\n"));
  expect_ok(nai_network_connect(net, "v? v1", "z"));
  static const char *const ends[][2] = {{"cue", "pfc/E"},   {"cue", "pfc/I"}, {"cue", "v1"},
                                        {"pfc/E", "pfc/E"}, {"pfc/E", "v1"},  {"pfc/I", "pfc/E"},
                                        {"pfc/I", "v1"},    {"v1", "z"}};
  ck_assert_int_eq(nai_network_count(net, NAI_INPUTS), 2);
  ck_assert_int_eq(nai_network_count(net, NAI_POPULATIONS), 3);
  ck_assert_int_eq(nai_network_count(net, NAI_OUTPUTS), 1);
  ck_assert_int_eq(nai_network_count(net, NAI_PROJECTIONS), 8);
  for (int64_t i = 0; i < 8; i++) {
    const char *from, *to;
    expect_ok(nai_network_projection(&from, &to, net, i));
    ck_assert_str_eq(from, ends[i][0]);
    ck_assert_str_eq(to, ends[i][1]);
  }
  ck_assert_str_eq(nai_network_name(net, NAI_POPULATIONS, 1), "pfc/I");
  ck_assert_str_eq(nai_network_name(net, NAI_INPUTS, 1), NAME_63);
  ck_assert_int_eq(nai_network_size(net, NAI_POPULATIONS, "v1"), 5);
  ck_assert_int_eq(nai_network_size(net, NAI_POPULATIONS, NULL), 12);
  ck_assert_int_eq(nai_network_size(net, NAI_INPUTS, NULL), 8);
  ck_assert_int_eq(nai_network_size(net, NAI_OUTPUTS, "z"), 1);
  int32_t sign = 7;
  expect_ok(nai_network_sign(&sign, net, "pfc/I"));
  ck_assert_int_eq(sign, NAI_INHIBITORY);
  EXPECT(nai_network_dt(net) == 20);
  expect_ok(nai_network_sign(&sign, net, "cue"));
  ck_assert_int_eq(sign, NAI_FREE);
  expect_ok(nai_network_build(net, 1));
  ck_assert_str_eq(nai_network_name(net, NAI_POPULATIONS, 2), "v1");
  nai_network_destroy(net);
  nai_network_destroy(NULL);
}
END_TEST

START_TEST(looking_for_what_is_not_there)
{
  nai_network *net = build_ei(4, 2, 1);
  const char *from, *to;
  static const int64_t beyond[] = {4, 100, -1, INT64_MAX, INT64_MIN};
  for (size_t i = 0; i < 5; i++) {
    ck_assert_ptr_null(nai_network_name(net, NAI_POPULATIONS, beyond[i]));
    expect_fails(nai_network_projection(&from, &to, net, i ? beyond[i] : 7), NAI_ERR_INVALID,
                 "index is");
  }
  ck_assert_ptr_null(nai_network_name(net, NAI_PROJECTIONS, 0));
  ck_assert_ptr_null(nai_network_name(net, -1, 0));
  ck_assert_ptr_null(nai_network_name(NULL, NAI_INPUTS, 0));
  static const int32_t kinds[] = {-1, 4, INT32_MIN, INT32_MAX};
  for (int i = 0; i < 4; i++) {
    ck_assert_int_eq(nai_network_count(net, kinds[i]), -1);
    ck_assert_int_eq(nai_network_size(net, kinds[i], NULL), -1);
  }
  ck_assert_int_eq(nai_network_size(net, NAI_PROJECTIONS, NULL), -1);
  ck_assert_int_eq(nai_network_size(net, NAI_INPUTS, "E"), -1);
  ck_assert_int_eq(nai_network_size(net, NAI_POPULATIONS, "E*"), -1); /* a name, not a pattern */
  ck_assert_int_eq(nai_network_size(net, NAI_POPULATIONS, ""), -1);
  ck_assert_int_eq(nai_network_count(NULL, NAI_INPUTS), -1);
  ck_assert_int_eq(nai_network_size(NULL, NAI_INPUTS, "E"), -1);
  ck_assert_double_nan(nai_network_dt(NULL));
  ck_assert_ptr_null(nai_network_kernels(NULL));
  int32_t sign = 7;
  expect_fails(nai_network_sign(&sign, net, "choice"), NAI_ERR_NAME,
               "'choice' is one of the outputs, must be one of the inputs or populations");
  expect_fails(nai_network_leak(&sign, net, ""), NAI_ERR_NAME, "name");
  expect_fails(nai_network_transfer(&sign, net, "E I"), NAI_ERR_NAME, "E, I");
  ck_assert_int_eq(sign, 7);
  nai_view view = NAI_VIEW_INIT;
  expect_fails(nai_network_weights(&view, net, "I", "choice"), NAI_ERR_NAME,
               "no projection from 'I' to 'choice'");
  expect_fails(nai_network_weights(&view, net, "Q", "choice"), NAI_ERR_NAME,
               "from: nothing is called 'Q' among the inputs or populations: stimulus, E, I");
  expect_fails(nai_network_weights(&view, net, "E", "stimulus"), NAI_ERR_NAME,
               "to: 'stimulus' is one of the inputs, must be one of the populations or outputs");
  expect_fails(nai_network_weights(&view, net, "E", "E:v"), NAI_ERR_NAME,
               "to: 'E' has no port 'v'; it has input");
  expect_fails(nai_network_weights(&view, net, "E I", "E"), NAI_ERR_NAME,
               "from is 'E I', must be one name");
  expect_fails(nai_network_mask(&view, net, "*", "E"), NAI_ERR_NAME,
               "from is '*', must be one name");
  expect_fails(nai_network_plastic(&view, net, "E", ""), NAI_ERR_NAME, "''");
  expect_fails(nai_network_bias(&view, net, "stimulus"), NAI_ERR_NAME, "'stimulus'");
  expect_fails(nai_network_positions(&view, net, "choice"), NAI_ERR_NAME, "'choice'");
  expect_fails(nai_network_positions(&view, net, "E"), NAI_ERR_ORDER, "no positions");
  ck_assert_ptr_null(view.data);
  view.struct_size = 8;
  expect_fails(nai_network_weights(&view, net, "E", "E"), NAI_ERR_INVALID, "struct_size is 8");
  nai_network_destroy(net);
}
END_TEST

/* There is no array of projections then, of which to point at the first or behind the last. */
START_TEST(a_network_without_projections_finds_none)
{
  nai_network *net, *composed;
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_network_create(&net, 20));
  expect_ok(nai_network_add_population(net, "E", 1, NAI_FREE));
  expect_ok(nai_network_copy(&composed, net));
  expect_fails(nai_network_set_delay(composed, "E", "*", 20), NAI_ERR_NAME, "no projection");
  expect_ok(nai_network_build(net, 1));
  expect_fails(nai_network_weights(&view, net, "E", "E"), NAI_ERR_NAME, "no projection");
  expect_fails(nai_network_set_plastic(net, "E", "E", 0), NAI_ERR_NAME, "no projection");
  expect_fails(nai_network_set_plastic(net, "*", "*", 0), NAI_ERR_NAME, "no projection");
  nai_network_destroy(composed);
  nai_network_destroy(net);
}
END_TEST

START_TEST(names_that_are_refused)
{
  static const char *const bad[] = {"",     " ",    "two words",   "a*",       "?",
                                    "a[",   "]",    "a\\b",        "a\tb",     "a\nb",
                                    "\x7f", "\x01", "caf\xc3\xa9", NAME_63 "x"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    nai_network *net[3] = {empty(), empty(), empty()};
    expect_fails(nai_network_add_input(net[0], bad[i], 1), NAI_ERR_NAME, "name");
    expect_fails(nai_network_add_population(net[1], bad[i], 1, 1), NAI_ERR_NAME, "name");
    expect_fails(nai_network_add_output(net[2], bad[i], 1), NAI_ERR_NAME, "name");
    for (int k = 0; k < 3; k++) {
      for (int32_t kind = NAI_INPUTS; kind <= NAI_OUTPUTS; kind++)
        EXPECT(nai_network_count(net[k], kind) == 0);
      nai_network_destroy(net[k]);
    }
  }
  /* one name, one thing: whatever their kinds */
  for (int32_t kind = NAI_INPUTS; kind <= NAI_OUTPUTS; kind++) {
    nai_network *net = compose_ei(2, 2);
    nai_status status = kind == NAI_INPUTS        ? nai_network_add_input(net, "E", 1)
                        : kind == NAI_POPULATIONS ? nai_network_add_population(net, "choice", 1, 0)
                                                  : nai_network_add_output(net, "stimulus", 1);
    expect_fails(status, NAI_ERR_NAME, "is taken");
    nai_network_destroy(net);
  }
}
END_TEST

/* A call on a network that has just been composed, and on a built one; neither may change. */
#define REFUSED(call, code, words)                        \
  do {                                                    \
    nai_network *net = compose_ei(4, 2);                  \
    expect_fails(call, code, words);                      \
    expect_fails(nai_network_build(net, 1), code, words); \
    EXPECT(nai_network_count(net, NAI_PROJECTIONS) == 7); \
    nai_network_destroy(net);                             \
  } while (0)
/* The same where the call may also be made after the build. */
#define REFUSED_ALWAYS(call, code, words)            \
  do {                                               \
    REFUSED(call, code, words);                      \
    nai_network *net = build_ei(4, 2, 1);            \
    uint64_t before = hash_of(net);                  \
    expect_fails(call, code, words);                 \
    EXPECT(hash_of(net) == before);                  \
    expect_ok(nai_network_set(net, "E", "bias", 1)); \
    nai_network_destroy(net);                        \
  } while (0)

START_TEST(lists_that_are_refused)
{
  REFUSED(nai_network_connect(net, "", "E"), NAI_ERR_NAME, "from is empty");
  REFUSED(nai_network_connect(net, "E", " \t\n "), NAI_ERR_NAME, "to is empty");
  REFUSED(nai_network_connect(net, "E nobody", "E"), NAI_ERR_NAME, "nobody");
  REFUSED(nai_network_connect(net, "x*", "E"), NAI_ERR_NAME,
          "from: nothing is called 'x*' among the inputs or populations");
  REFUSED(nai_network_connect(net, "E", NAME_63 "x"), NAI_ERR_NAME, "63 characters");
  REFUSED(nai_network_connect(net, "choice", "E"), NAI_ERR_NAME, "'choice'");
  REFUSED(nai_network_connect(net, "E", "stimulus"), NAI_ERR_NAME, "'stimulus'");
  REFUSED(nai_network_connect(net, "stimulus", "choice"), NAI_ERR_UNSUPPORTED, "'choice'");
  REFUSED(nai_network_connect(net, "E", "I"), NAI_ERR_NAME, "already connected");
  REFUSED(nai_network_set_delay(net, "I", "choice", 20), NAI_ERR_NAME, "no projection");
  REFUSED(nai_network_set_autapses(net, "E", "nobody", 1), NAI_ERR_NAME, "to: nothing");
  REFUSED(nai_network_set_initial_weights(net, "", "E", 0, 0, 0), NAI_ERR_NAME, "from is empty");
  REFUSED_ALWAYS(nai_network_set_plastic(net, "I", "choice", 0), NAI_ERR_NAME, "no projection");
  REFUSED(nai_network_set_leak(net, "stimulus", 0), NAI_ERR_NAME, "'stimulus'");
  REFUSED(nai_network_set_transfer(net, "E choice", 0), NAI_ERR_NAME, "'choice'");
  REFUSED(nai_network_place_box(net, "stimulus", 1, 1, 1), NAI_ERR_NAME, "'stimulus'");
  REFUSED(nai_network_place_sphere(net, "", 1), NAI_ERR_NAME, "names is empty");
  REFUSED(nai_network_place_lattice(net, "F", 1), NAI_ERR_NAME, "'F'");
  REFUSED(nai_network_set_radius(net, "choice", 1), NAI_ERR_NAME, "'choice'");
  REFUSED(nai_network_set_balance(net, "E F", 1), NAI_ERR_NAME, "'F'");
  REFUSED_ALWAYS(nai_network_set(net, "", "tau", 100), NAI_ERR_NAME, "names is empty");
  REFUSED_ALWAYS(nai_network_set(net, "E *x", "tau", 100), NAI_ERR_NAME, "'*x'");
  REFUSED_ALWAYS(nai_network_set(net, "E", "", 100), NAI_ERR_NAME, "parameter ''");
  REFUSED_ALWAYS(nai_network_set(net, "E", "Tau", 100), NAI_ERR_NAME, "'Tau'");
}
END_TEST

START_TEST(choices_that_are_refused)
{
  static const int32_t bad[] = {-2, NAI_WEIGHTS_CONSTANT + 1, INT32_MAX, INT32_MIN};
  for (int i = 0; i < 4; i++) {
    int32_t value = bad[i];
    REFUSED(nai_network_add_population(net, "F", 1, value), NAI_ERR_INVALID, "sign of 'F' is");
    REFUSED(nai_network_set_sign(net, "stimulus", value), NAI_ERR_INVALID, "sign of 'stimulus' is");
    REFUSED(nai_network_set_leak(net, "E", value), NAI_ERR_INVALID, "leak is");
    REFUSED(nai_network_set_transfer(net, "E", value), NAI_ERR_INVALID, "transfer is");
    REFUSED(nai_network_set_autapses(net, "E", "E", value), NAI_ERR_INVALID, "allowed is");
    REFUSED_ALWAYS(nai_network_set_plastic(net, "E", "E", value), NAI_ERR_INVALID, "plastic is");
    REFUSED(nai_network_set_balance(net, "E", value), NAI_ERR_INVALID, "on is");
    REFUSED(nai_network_set_initial_weights(net, "E", "E", value, 1, 1), NAI_ERR_INVALID,
            "kind of");
  }
  REFUSED(nai_network_set_sign(net, "E stimulus", 2), NAI_ERR_INVALID,
          "sign of 'E stimulus' is 2, must be -1, 0 or 1");
  REFUSED(nai_network_set_sign(net, "choice", 1), NAI_ERR_NAME, "'choice' is one of the outputs");
  REFUSED(nai_network_set_leak(net, "E", 3), NAI_ERR_INVALID, "leak is 3");
  REFUSED(nai_network_set_balance(net, "E", -1), NAI_ERR_INVALID, "on is -1");
}
END_TEST

START_TEST(the_first_error_is_remembered)
{
  nai_network *net = compose_ei(4, 2);
  nai_view view = NAI_VIEW_INIT;
  nai_state *state;
  double value;
  expect_fails(nai_network_set(net, "nobody", "tau", 10), NAI_ERR_NAME, "'nobody'");
  /* each of these would succeed, or fail in its own way */
  expect_fails(nai_network_set(net, "E", "tau", -1), NAI_ERR_NAME, "'nobody'");
  expect_fails(nai_network_add_input(net, "another", 1), NAI_ERR_NAME, "'nobody'");
  expect_fails(nai_network_add_population(net, "E", 1, 0), NAI_ERR_NAME, "'nobody'");
  expect_fails(nai_network_connect(net, "I", "choice"), NAI_ERR_NAME, "'nobody'");
  expect_fails(nai_network_set_plastic(net, "E", "E", 0), NAI_ERR_NAME, "'nobody'");
  expect_fails(nai_network_set_positions(net, "E", NULL, 1), NAI_ERR_NAME, "'nobody'");
  expect_fails(nai_network_set_kernels(net, NULL), NAI_ERR_NAME, "'nobody'");
  expect_fails(nai_network_build(net, 1), NAI_ERR_NAME, "'nobody'");
  expect_fails(nai_network_build(net, 1), NAI_ERR_NAME, "'nobody'");
  expect_fails(nai_network_weights(&view, net, "E", "E"), NAI_ERR_NAME, "'nobody'");
  expect_fails(nai_network_delay(&value, net, "E", "E"), NAI_ERR_NAME, "'nobody'");
  expect_fails(nai_state_create(&state, net, 1, 1), NAI_ERR_NAME, "'nobody'");
  ck_assert_int_eq(nai_network_count(net, NAI_INPUTS), 1);
  ck_assert_int_eq(nai_network_count(net, NAI_PROJECTIONS), 7);
  nai_network_destroy(net);
}
END_TEST

/* A build that fails is an error like any other. */
START_TEST(failed_builds_are_remembered)
{
  nai_network *net = empty();
  expect_fails(nai_network_build(net, 1), NAI_ERR_ORDER, "no population");
  expect_fails(nai_network_add_population(net, "E", 4, 1), NAI_ERR_ORDER, "no population");
  nai_network_destroy(net);
}
END_TEST

START_TEST(structure_is_fixed_by_the_build)
{
  nai_network *net = build_ei(4, 2, 1);
  nai_constraint *dale;
  expect_ok(nai_constraint_create_dale(&dale, NAI_DALE_OFF));
  uint64_t before = hash_of(net);
  const nai_status status[] = {
      nai_network_add_input(net, "new", 1),
      nai_network_add_population(net, "new", 1, 0),
      nai_network_add_output(net, "new", 1),
      nai_network_connect(net, "I", "choice"),
      nai_network_set_sign(net, "stimulus", NAI_EXCITATORY),
      nai_network_set_leak(net, "E", NAI_LEAK_RATE),
      nai_network_set_transfer(net, "E", NAI_TRANSFER_TANH),
      nai_network_place_box(net, "E", 1, 1, 1),
      nai_network_place_sphere(net, "E", 1),
      nai_network_place_lattice(net, "E", 1),
      nai_network_set_delay(net, "E", "E", 40),
      nai_network_set_autapses(net, "E", "E", 1),
      nai_network_constrain(net, "E", "E", dale),
      nai_network_set_initial_weights(net, "E", "E", NAI_WEIGHTS_NORMAL, 0, 1),
      nai_network_set_radius(net, "E", 1),
      nai_network_set_balance(net, "E", 1),
      nai_network_build(net, 2),
  };
  for (size_t i = 0; i < sizeof status / sizeof *status; i++)
    ck_assert_int_eq(status[i], NAI_ERR_ORDER);
  expect_fails(nai_network_set_leak(net, "nobody", 5), NAI_ERR_ORDER, "built");
  EXPECT(hash_of(net) == before);
  int32_t leak = -1, transfer = -1;
  expect_ok(nai_network_leak(&leak, net, "E"));
  expect_ok(nai_network_transfer(&transfer, net, "E"));
  EXPECT(leak == NAI_LEAK_CURRENT && transfer == NAI_TRANSFER_RELU);
  ck_assert_int_eq(nai_network_count(net, NAI_INPUTS), 1);
  nai_constraint_destroy(dale);
  nai_network_destroy(net);
}
END_TEST

START_TEST(nothing_to_look_at_before_the_build)
{
  nai_network *net = compose_ei(4, 2);
  nai_view view = NAI_VIEW_INIT;
  nai_spectrum spectrum = NAI_SPECTRUM_INIT;
  double value = 5;
  const float weights[16] = {0};
  expect_fails(nai_network_weights(&view, net, "E", "E"), NAI_ERR_ORDER, "not built");
  expect_fails(nai_network_mask(&view, net, "E", "E"), NAI_ERR_ORDER, "not built");
  expect_fails(nai_network_plastic(&view, net, "E", "E"), NAI_ERR_ORDER, "not built");
  expect_fails(nai_network_bias(&view, net, "E"), NAI_ERR_ORDER, "not built");
  expect_fails(nai_network_positions(&view, net, "E"), NAI_ERR_ORDER, "not built");
  expect_fails(nai_network_delay(&value, net, "E", "E"), NAI_ERR_ORDER, "not built");
  expect_fails(nai_network_spectrum(&spectrum, NULL, NULL, 0, net, "E"), NAI_ERR_ORDER, "not");
  expect_fails(nai_network_set_weights(net, "E", "E", weights, 4, 4), NAI_ERR_ORDER, "not built");
  expect_fails(nai_network_set_bias(net, "E", weights, 4), NAI_ERR_ORDER, "not built");
  EXPECT(value == 5 && spectrum.n == 0);
  expect_ok(nai_network_build(net, 1)); /* too early is not a fault of the composition */
  nai_network_destroy(net);
}
END_TEST

START_TEST(sizes_that_cannot_be)
{
  static const double steps[] = {0, -0.0, -1, NAN, INFINITY, -INFINITY, 1e7, 1e-310, 1e-12};
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    nai_network *net = (nai_network *)&net;
    expect_fails(nai_network_create(&net, steps[i]), NAI_ERR_INVALID, "dt is");
    ck_assert_ptr_null(net);
  }
  static const int64_t sizes[] = {0, -1, INT64_MIN, INT64_MAX, 10000001, INT64_C(1) << 32};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    int64_t n = sizes[i];
    REFUSED(nai_network_add_input(net, "new", n), NAI_ERR_INVALID, "n of 'new' is");
    REFUSED(nai_network_add_population(net, "new", n, 0), NAI_ERR_INVALID, "n of 'new' is");
    REFUSED(nai_network_add_output(net, "new", n), NAI_ERR_INVALID, "n of 'new' is");
  }
  nai_network *net = empty();
  expect_ok(nai_network_add_output(net, "many", 5000000));
  expect_fails(nai_network_add_output(net, "more", 5000001), NAI_ERR_INVALID, "10000000");
  ck_assert_int_eq(nai_network_size(net, NAI_OUTPUTS, NULL), 5000000);
  nai_network_destroy(net);
}
END_TEST

START_TEST(too_many_synapses_are_refused)
{
  /* one block that is too large; and many that are each small enough */
  nai_network *net = compose_one("E", 100000, NAI_FREE);
  expect_fails(nai_network_build(net, 1), NAI_ERR_MEMORY, "synapses");
  nai_network_destroy(net);
  net = empty();
  expect_ok(nai_network_add_population(net, "A", 30000, 0));
  expect_ok(nai_network_add_population(net, "B", 30000, 0));
  expect_ok(nai_network_add_population(net, "C", 30000, 0));
  expect_ok(nai_network_connect(net, "A", "B"));
  expect_ok(nai_network_connect(net, "B", "C"));
  expect_ok(nai_network_connect(net, "A", "C"));
  expect_ok(nai_network_set_delay(net, "A", "B", 0));
  expect_ok(nai_network_set_delay(net, "B", "C", 0));
  expect_fails(nai_network_build(net, 1), NAI_ERR_MEMORY, "synapses");
  nai_network_destroy(net);
}
END_TEST

/* What is needed is said before it is taken, and no more is taken. */
START_TEST(memory_has_a_limit)
{
  int64_t bytes = 0, built = 0;
  for (int enough = 0; enough < 2; enough++) {
    nai_network *net = compose_ei(40, 10);
    expect_ok(nai_network_memory(&bytes, net));
    EXPECT(bytes > 4 * 4 * 50 * 50 && bytes < 400000);
    expect_ok(nai_network_set_memory_limit(net, bytes - !enough));
    if (enough) {
      expect_ok(nai_network_build(net, 1));
      expect_ok(nai_network_memory(&built, net));
      EXPECT(built <= bytes && built > bytes * 0.9);
      nai_network *copy;
      expect_ok(nai_network_set_memory_limit(net, built));
      expect_ok(nai_network_copy(&copy, net));
      expect_ok(nai_network_set_memory_limit(copy, built - 1));
      nai_network_destroy(net);
      expect_fails(nai_network_copy(&net, copy), NAI_ERR_MEMORY, "the network's limit is");
      ck_assert_ptr_null(net);
      nai_network_destroy(copy);
    } else {
      expect_fails(nai_network_build(net, 1), NAI_ERR_MEMORY, "the network's limit is ");
    }
    nai_network_destroy(net);
  }
  nai_network *net = compose_one("E", 2, NAI_FREE);
  expect_fails(nai_network_memory(NULL, net), NAI_ERR_INVALID, "bytes is NULL");
  expect_fails(nai_network_memory(&bytes, NULL), NAI_ERR_INVALID, "net is NULL");
  expect_fails(nai_network_set_memory_limit(NULL, 1), NAI_ERR_INVALID, "net is NULL");
  expect_fails(nai_network_set_memory_limit(net, -1), NAI_ERR_INVALID, "bytes is -1");
  nai_network_destroy(net);
}
END_TEST

START_TEST(the_shortest_and_longest_time_steps)
{
  static const double steps[] = {1e-9, 1e6};
  for (int i = 0; i < 2; i++) {
    nai_network *net;
    expect_ok(nai_network_create(&net, steps[i]));
    expect_ok(nai_network_add_population(net, "E", 4, NAI_FREE));
    expect_ok(nai_network_set_leak(net, "E", NAI_LEAK_RATE));
    expect_ok(nai_network_set(net, "E", "tau", 1e9));
    expect_ok(nai_network_set(net, "E", "noise", 1e6));
    expect_ok(nai_network_set(net, "E", "initial", 1));
    expect_ok(nai_network_build(net, 1));
    nai_state *state;
    float rates[40];
    expect_ok(nai_state_create(&state, net, 1, 1));
    expect_ok(nai_state_run(NULL, rates, state, 10, NULL));
    for (int k = 0; k < 40; k++) EXPECT(isfinite(rates[k]));
    nai_state_destroy(state);
    nai_network_destroy(net);
  }
}
END_TEST

START_TEST(null_arguments_of_composing)
{
  float p[12] = {0};
  double v[4] = {100, 100, 100, 100};
  REFUSED(nai_network_add_input(net, NULL, 1), NAI_ERR_INVALID, "name is NULL");
  REFUSED(nai_network_add_population(net, NULL, 1, 0), NAI_ERR_INVALID, "name is NULL");
  REFUSED(nai_network_add_output(net, NULL, 1), NAI_ERR_INVALID, "name is NULL");
  REFUSED_ALWAYS(nai_network_set(net, NULL, "tau", 100), NAI_ERR_INVALID, "names is NULL");
  REFUSED_ALWAYS(nai_network_set(net, "E", NULL, 100), NAI_ERR_INVALID, "parameter is NULL");
  REFUSED_ALWAYS(nai_network_set_each(net, NULL, "tau", v, 4), NAI_ERR_INVALID, "names is NULL");
  REFUSED_ALWAYS(nai_network_set_each(net, "E", NULL, v, 4), NAI_ERR_INVALID, "parameter is NULL");
  REFUSED_ALWAYS(nai_network_set_each(net, "E", "tau", NULL, 4), NAI_ERR_INVALID, "values is NULL");
  REFUSED(nai_network_set_leak(net, NULL, 0), NAI_ERR_INVALID, "names is NULL");
  REFUSED(nai_network_set_sign(net, NULL, 0), NAI_ERR_INVALID, "names is NULL");
  REFUSED(nai_network_set_transfer(net, NULL, 0), NAI_ERR_INVALID, "names is NULL");
  REFUSED(nai_network_place_box(net, NULL, 1, 1, 1), NAI_ERR_INVALID, "names is NULL");
  REFUSED(nai_network_place_sphere(net, NULL, 1), NAI_ERR_INVALID, "names is NULL");
  REFUSED(nai_network_place_lattice(net, NULL, 1), NAI_ERR_INVALID, "names is NULL");
  REFUSED_ALWAYS(nai_network_set_positions(net, NULL, p, 4), NAI_ERR_INVALID, "name is NULL");
  REFUSED_ALWAYS(nai_network_set_positions(net, "E", NULL, 4), NAI_ERR_INVALID,
                 "positions is NULL");
  REFUSED(nai_network_connect(net, NULL, "E"), NAI_ERR_INVALID, "from is NULL");
  REFUSED(nai_network_connect(net, "I", NULL), NAI_ERR_INVALID, "to is NULL");
  REFUSED(nai_network_set_delay(net, NULL, "E", 20), NAI_ERR_INVALID, "from is NULL");
  REFUSED(nai_network_set_delay(net, "E", NULL, 20), NAI_ERR_INVALID, "to is NULL");
  REFUSED(nai_network_set_autapses(net, NULL, "E", 1), NAI_ERR_INVALID, "from is NULL");
  REFUSED(nai_network_set_autapses(net, "E", NULL, 1), NAI_ERR_INVALID, "to is NULL");
  REFUSED_ALWAYS(nai_network_set_plastic(net, NULL, "E", 0), NAI_ERR_INVALID, "from is NULL");
  REFUSED_ALWAYS(nai_network_set_plastic(net, "E", NULL, 0), NAI_ERR_INVALID, "to is NULL");
  REFUSED(nai_network_constrain(net, "E", "E", NULL), NAI_ERR_INVALID, "constraint is NULL");
  REFUSED(nai_network_set_initial_weights(net, NULL, "E", 0, 0, 0), NAI_ERR_INVALID,
          "from is NULL");
  REFUSED(nai_network_set_initial_weights(net, "E", NULL, 0, 0, 0), NAI_ERR_INVALID, "to is NULL");
  REFUSED(nai_network_set_radius(net, NULL, 1), NAI_ERR_INVALID, "names is NULL");
  REFUSED(nai_network_set_balance(net, NULL, 1), NAI_ERR_INVALID, "names is NULL");
  nai_constraint *dale;
  expect_ok(nai_constraint_create_dale(&dale, NAI_DALE_OFF));
  REFUSED(nai_network_constrain(net, NULL, "E", dale), NAI_ERR_INVALID, "from is NULL");
  REFUSED(nai_network_constrain(net, "E", NULL, dale), NAI_ERR_INVALID, "to is NULL");
  expect_fails(nai_network_constrain(NULL, "E", "E", dale), NAI_ERR_INVALID, "net is NULL");
  nai_constraint_destroy(dale);
}
END_TEST

START_TEST(no_network)
{
  float p[12] = {0};
  double v[4] = {0};
  expect_fails(nai_network_create(NULL, 20), NAI_ERR_INVALID, "out is NULL");
  const nai_status status[] = {
      nai_network_add_input(NULL, "a", 1),
      nai_network_add_population(NULL, "a", 1, 0),
      nai_network_add_output(NULL, "a", 1),
      nai_network_set(NULL, "a", "tau", 1),
      nai_network_set_each(NULL, "a", "tau", v, 1),
      nai_network_get_each(v, 1, NULL, "a", "tau"),
      nai_network_set_sign(NULL, "a", 0),
      nai_network_set_leak(NULL, "a", 0),
      nai_network_set_transfer(NULL, "a", 0),
      nai_network_place_box(NULL, "a", 1, 1, 1),
      nai_network_place_sphere(NULL, "a", 1),
      nai_network_place_lattice(NULL, "a", 1),
      nai_network_set_positions(NULL, "a", p, 1),
      nai_network_connect(NULL, "a", "a"),
      nai_network_set_delay(NULL, "a", "a", 0),
      nai_network_set_autapses(NULL, "a", "a", 0),
      nai_network_set_plastic(NULL, "a", "a", 0),
      nai_network_set_initial_weights(NULL, "a", "a", 0, 0, 0),
      nai_network_set_radius(NULL, "a", 1),
      nai_network_set_balance(NULL, "a", 1),
      nai_network_set_kernels(NULL, NULL),
      nai_network_build(NULL, 1),
      nai_network_set_weights(NULL, "a", "a", p, 1, 1),
      nai_network_set_bias(NULL, "a", p, 1),
  };
  for (size_t i = 0; i < sizeof status / sizeof *status; i++)
    ck_assert_int_eq(status[i], NAI_ERR_INVALID);
  expect_fails(nai_network_set_kernels(NULL, NULL), NAI_ERR_INVALID, "net is NULL");
}
END_TEST

START_TEST(null_arguments_of_looking)
{
  nai_network *net = build_ei(4, 2, 1);
  nai_view view = NAI_VIEW_INIT;
  nai_spectrum spectrum = NAI_SPECTRUM_INIT;
  const char *name = "untouched";
  int32_t whole = 7;
  double v[4] = {7, 7, 7, 7};
  uint64_t before = hash_of(net);
  expect_fails(nai_network_projection(NULL, &name, net, 0), NAI_ERR_INVALID, "from is NULL");
  expect_fails(nai_network_projection(&name, NULL, net, 0), NAI_ERR_INVALID, "to is NULL");
  expect_fails(nai_network_projection(&name, &name, NULL, 0), NAI_ERR_INVALID, "net is NULL");
  expect_fails(nai_network_sign(NULL, net, "E"), NAI_ERR_INVALID, "sign is NULL");
  expect_fails(nai_network_sign(&whole, NULL, "E"), NAI_ERR_INVALID, "net is NULL");
  expect_fails(nai_network_sign(&whole, net, NULL), NAI_ERR_INVALID, "name is NULL");
  expect_fails(nai_network_leak(NULL, net, "E"), NAI_ERR_INVALID, "leak is NULL");
  expect_fails(nai_network_leak(&whole, NULL, "E"), NAI_ERR_INVALID, "net is NULL");
  expect_fails(nai_network_leak(&whole, net, NULL), NAI_ERR_INVALID, "name is NULL");
  expect_fails(nai_network_transfer(NULL, net, "E"), NAI_ERR_INVALID, "transfer is NULL");
  expect_fails(nai_network_transfer(&whole, NULL, "E"), NAI_ERR_INVALID, "net is NULL");
  expect_fails(nai_network_transfer(&whole, net, NULL), NAI_ERR_INVALID, "name is NULL");
  expect_fails(nai_network_delay(NULL, net, "E", "E"), NAI_ERR_INVALID, "delay is NULL");
  expect_fails(nai_network_delay(v, NULL, "E", "E"), NAI_ERR_INVALID, "net is NULL");
  expect_fails(nai_network_delay(v, net, NULL, "E"), NAI_ERR_INVALID, "from is NULL");
  expect_fails(nai_network_delay(v, net, "E", NULL), NAI_ERR_INVALID, "to is NULL");
  nai_status (*const views[])(nai_view *, const nai_network *, const char *, const char *) = {
      nai_network_weights, nai_network_mask, nai_network_plastic};
  for (int i = 0; i < 3; i++) {
    expect_fails(views[i](NULL, net, "E", "E"), NAI_ERR_INVALID, "out is NULL");
    expect_fails(views[i](&view, NULL, "E", "E"), NAI_ERR_INVALID, "net is NULL");
    expect_fails(views[i](&view, net, NULL, "E"), NAI_ERR_INVALID, "from is NULL");
    expect_fails(views[i](&view, net, "E", NULL), NAI_ERR_INVALID, "to is NULL");
  }
  expect_fails(nai_network_bias(NULL, net, "E"), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_network_bias(&view, NULL, "E"), NAI_ERR_INVALID, "net is NULL");
  expect_fails(nai_network_bias(&view, net, NULL), NAI_ERR_INVALID, "name is NULL");
  expect_fails(nai_network_positions(NULL, net, "E"), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_network_positions(&view, NULL, "E"), NAI_ERR_INVALID, "net is NULL");
  expect_fails(nai_network_positions(&view, net, NULL), NAI_ERR_INVALID, "name is NULL");
  expect_fails(nai_network_get_each(v, 4, net, NULL, "tau"), NAI_ERR_INVALID, "name is NULL");
  expect_fails(nai_network_get_each(v, 4, net, "E", NULL), NAI_ERR_INVALID, "parameter is NULL");
  expect_fails(nai_network_get_each(NULL, 4, net, "E", "tau"), NAI_ERR_INVALID, "values is NULL");
  expect_fails(nai_network_spectrum(NULL, NULL, NULL, 0, net, "E"), NAI_ERR_INVALID, "out is");
  expect_fails(nai_network_spectrum(&spectrum, NULL, NULL, 0, NULL, "E"), NAI_ERR_INVALID,
               "net is NULL");
  expect_fails(nai_network_spectrum(&spectrum, NULL, NULL, 0, net, NULL), NAI_ERR_INVALID,
               "names is NULL");
  EXPECT(whole == 7 && v[0] == 7 && v[3] == 7 && view.data == NULL && spectrum.n == 0);
  ck_assert_str_eq(name, "untouched");
  EXPECT(hash_of(net) == before);
  nai_network_destroy(net);
}
END_TEST

/* --- numbers ---------------------------------------------------------------------------------- */

static const struct number {
  const char *name, *node;
  double initial, other, low, high; /* allowed: low .. high */
  int whole;
} numbers[] = {
    {"tau", "E", 100, 30.5, 20, 1e9, 0},         {"noise", "E", 0, 0.25, 0, 1e6, 0},
    {"noise_tau", "E", 0, 30, 0, 1e9, 0},        {"noise_tau", "stimulus", 0, 0.25, 0, 1e9, 0},
    {"bias", "E", 0, -0.5, -1e6, 1e6, 0},        {"initial", "E", 0, -2, -1e6, 1e6, 0},
    {"gain", "E", 1, 3, 1e-6, 1e6, 0},           {"exponent", "E", 2, 1.5, 1, 10, 0},
    {"plastic_bias", "E", 1, 0, 0, 1, 1},        {"noise", "stimulus", 0, 0.25, 0, 1e6, 0},
    {"tau", "stimulus", 100, 0.5, 0.02, 1e9, 0}, {"baseline", "stimulus", 0, -0.125, -1e6, 1e6, 0},
    {"rectify", "stimulus", 0, 1, 0, 1, 1},      {"bias", "choice", 0, 0.5, -1e6, 1e6, 0},
    {"plastic_bias", "choice", 1, 0, 0, 1, 1}};
enum { NUMBERS = sizeof numbers / sizeof *numbers };

static int64_t size_of(const nai_network *net, const char *name)
{
  for (int32_t kind = NAI_INPUTS; kind <= NAI_OUTPUTS; kind++)
    if (nai_network_size(net, kind, name) > 0) return nai_network_size(net, kind, name);
  return -1;
}

static void expect_number(const nai_network *net, const struct number *k, const double *expected,
                          int each)
{
  double values[8] = {0};
  int64_t n = size_of(net, k->node);
  expect_ok(nai_network_get_each(values, n, net, k->node, k->name));
  for (int64_t u = 0; u < n; u++)
    if (values[u] != expected[each ? u : 0])
      ck_assert_msg(0, "%s of %s: %g, not %g", k->name, k->node, values[u], expected[each ? u : 0]);
}

/* All are exact in single precision, so they come back as they were given. */
static void set_and_get(nai_network *net, const struct number *k)
{
  double each[8];
  int64_t n = size_of(net, k->node);
  for (int64_t u = 0; u < n; u++) each[u] = u % 2 ? k->initial : k->other;
  expect_number(net, k, &k->initial, 0);
  expect_ok(nai_network_set(net, k->node, k->name, k->other));
  expect_number(net, k, &k->other, 0);
  expect_ok(nai_network_set_each(net, k->node, k->name, each, n));
  expect_number(net, k, each, 1);
  expect_ok(nai_network_set_each(net, k->node, k->name, &k->low, 1));
  expect_number(net, k, &k->low, 0);
  expect_ok(nai_network_set(net, k->node, k->name, k->high));
  expect_ok(nai_network_set(net, k->node, k->name, k->initial));
  expect_number(net, k, &k->initial, 0);
}

START_TEST(numbers_are_set_before_and_after_the_build)
{
  nai_network *net = compose_ei(5, 2);
  for (int i = 0; i < NUMBERS; i++) set_and_get(net, &numbers[i]);
  expect_ok(nai_network_build(net, 1));
  uint64_t before = hash_of(net);
  for (int i = 0; i < NUMBERS; i++) set_and_get(net, &numbers[i]);
  EXPECT(hash_of(net) == before);
  nai_network_destroy(net);
}
END_TEST

START_TEST(numbers_of_several_at_once)
{
  nai_network *net = compose_ei(4, 4);
  double values[4] = {20, 40, 60, 80}, got[4];
  expect_ok(nai_network_set_each(net, "E I", "tau", values, 4));
  expect_ok(nai_network_set(net, "I choice", "bias", 0.5));
  expect_fails(nai_network_set(net, "*", "noise", 50), NAI_ERR_NAME, "output 'choice'");
  nai_network_destroy(net);
  net = compose_ei(4, 4);
  expect_ok(nai_network_set_each(net, "E I", "tau", values, 4));
  expect_ok(nai_network_set(net, "I choice", "bias", 0.5));
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_get_each(got, 4, net, "I", "tau"));
  for (int u = 0; u < 4; u++) EXPECT(got[u] == values[u]);
  expect_ok(nai_network_get_each(got, 2, net, "choice", "bias"));
  EXPECT(got[0] == 0.5 && got[1] == 0.5);
  expect_ok(nai_network_get_each(got, 4, net, "E", "bias"));
  EXPECT(got[0] == 0);
  nai_network_destroy(net);
  /* a longer time step than the default time constant: that follows */
  expect_ok(nai_network_create(&net, 250));
  expect_ok(nai_network_add_population(net, "E", 1, 1));
  expect_ok(nai_network_get_each(got, 1, net, "E", "tau"));
  EXPECT(got[0] == 250);
  nai_network_destroy(net);
}
END_TEST

START_TEST(numbers_that_are_refused)
{
  for (int i = 0; i < NUMBERS; i++) {
    const struct number *k = &numbers[i];
    const double bad[] = {NAN,
                          INFINITY,
                          -INFINITY,
                          nextafter(k->low, -INFINITY),
                          nextafter(k->high, INFINITY),
                          k->whole ? 0.5 : 1e300};
    for (int b = 0; b < 6; b++) {
      double value = bad[b], each[5] = {k->other, k->other, k->other, k->other, k->other};
      REFUSED_ALWAYS(nai_network_set(net, k->node, k->name, value), NAI_ERR_INVALID, k->name);
      int64_t n = i < 7 ? 4 : i < 11 ? 3 : 2;
      each[n - 1] = value; /* the last one: nothing may have been written before it is seen */
      REFUSED_ALWAYS(nai_network_set_each(net, k->node, k->name, each, n), NAI_ERR_INVALID,
                     k->node);
    }
  }
  double v[8] = {100, 100, 100, 100, 100, 100, 100, 100};
  static const int64_t counts[] = {0, -1, 3, 5, INT64_MAX, INT64_MIN};
  for (int i = 0; i < 6; i++) {
    int64_t n = counts[i];
    REFUSED_ALWAYS(nai_network_set_each(net, "E", "tau", v, n), NAI_ERR_INVALID, "n is");
    nai_network *net = build_ei(4, 2, 1);
    expect_fails(nai_network_get_each(v, n, net, "E", "tau"), NAI_ERR_INVALID, "n is");
    nai_network_destroy(net);
  }
  REFUSED_ALWAYS(nai_network_set_each(net, "E I", "tau", v, 4), NAI_ERR_INVALID, "'I' has 2");
  REFUSED_ALWAYS(nai_network_set(net, "stimulus", "bias", 0), NAI_ERR_NAME, "input 'stimulus'");
  REFUSED_ALWAYS(nai_network_set(net, "choice", "noise", 100), NAI_ERR_NAME, "output 'choice'");
  REFUSED_ALWAYS(nai_network_set(net, "E", "baseline", 0), NAI_ERR_NAME, "population 'E'");
  REFUSED_ALWAYS(nai_network_set(net, "E stimulus", "gain", 2), NAI_ERR_NAME, "'stimulus'");
  nai_network *net = build_ei(4, 2, 1);
  expect_fails(nai_network_get_each(v, 4, net, "E*", "tau"), NAI_ERR_NAME, "'E*'");
  expect_fails(nai_network_get_each(v, 4, net, "E", "no"), NAI_ERR_NAME, "'no'");
  expect_fails(nai_network_get_each(v, 2, net, "choice", "noise"), NAI_ERR_NAME, "output 'choice'");
  EXPECT(v[0] == 100 && v[7] == 100);
  nai_network_destroy(net);
}
END_TEST

START_TEST(leaks_and_transfer_functions)
{
  nai_network *net = compose_ei(4, 2);
  int32_t leak = -1, transfer = -1;
  expect_ok(nai_network_leak(&leak, net, "I"));
  expect_ok(nai_network_transfer(&transfer, net, "I"));
  EXPECT(leak == NAI_LEAK_CURRENT && transfer == NAI_TRANSFER_RELU);
  expect_ok(nai_network_set_leak(net, "I", NAI_LEAK_RATE));
  for (int32_t k = 0; k < transfers(); k++) {
    expect_ok(nai_network_set_transfer(net, "?", k));
    expect_ok(nai_network_transfer(&transfer, net, "E"));
    ck_assert_int_eq(transfer, k);
  }
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_leak(&leak, net, "I"));
  EXPECT(leak == NAI_LEAK_RATE);
  expect_ok(nai_network_leak(&leak, net, "E"));
  EXPECT(leak == NAI_LEAK_CURRENT);
  nai_network_destroy(net);
}
END_TEST

/* --- biases ----------------------------------------------------------------------------------- */

START_TEST(biases)
{
  nai_network *net = compose_ei(3, 2);
  double before[3] = {1, 2, 3}, got[3];
  expect_ok(nai_network_set_each(net, "E", "bias", before, 3));
  expect_ok(nai_network_build(net, 1));
  nai_view view = bias_of(net, "E");
  EXPECT(view.ndim == 1 && view.shape[0] == 3 && at(&view, 2, 0) == 3);
  expect_ok(nai_network_set_bias(net, "E", (float[]){4, 5, -6}, 3));
  EXPECT(at(&view, 2, 0) == -6); /* the view's address stays */
  expect_ok(nai_network_get_each(got, 3, net, "E", "bias"));
  EXPECT(got[0] == 4 && got[1] == 5 && got[2] == -6);
  expect_ok(nai_network_set_bias(net, "choice", (float[]){7, 8}, 2));
  nai_view out = bias_of(net, "choice"), inhibitory = bias_of(net, "I");
  EXPECT(at(&out, 1, 0) == 8 && at(&inhibitory, 0, 0) == 0);
  uint64_t hash = hash_of(net);
  expect_fails(nai_network_set_bias(net, "E", (float[]){0, 0, NAN}, 3), NAI_ERR_NONFINITE,
               "bias[2] is nan");
  expect_fails(nai_network_set_bias(net, "E", (float[]){0, INFINITY, 0}, 3), NAI_ERR_NONFINITE,
               "bias[1] is inf");
  static const int64_t sizes[] = {0, 2, 4, -3, INT64_MAX, INT64_MIN};
  for (int i = 0; i < 6; i++)
    expect_fails(nai_network_set_bias(net, "E", (float[]){0, 0, 0}, sizes[i]), NAI_ERR_INVALID,
                 "n is");
  expect_fails(nai_network_set_bias(net, "E", NULL, 3), NAI_ERR_INVALID, "bias is NULL");
  expect_fails(nai_network_set_bias(net, NULL, (float[]){0}, 1), NAI_ERR_INVALID, "name is NULL");
  expect_fails(nai_network_set_bias(net, "stimulus", (float[]){0, 0, 0}, 3), NAI_ERR_NAME,
               "'stimulus'");
  EXPECT(hash_of(net) == hash);
  nai_network_destroy(net);
}
END_TEST

/* --- delays ----------------------------------------------------------------------------------- */

static double delay_of(const nai_network *net, const char *from, const char *to)
{
  double delay = -1;
  expect_ok(nai_network_delay(&delay, net, from, to));
  return delay;
}

START_TEST(delays_are_multiples_of_the_time_step)
{
  nai_network *net = compose_ei(4, 2);
  expect_ok(nai_network_set_delay(net, "E", "I", 60));
  expect_ok(nai_network_set_delay(net, "I", "E", 2000000)); /* the longest: 100000 steps */
  expect_ok(nai_network_set_delay(net, "stimulus", "E", 40));
  expect_ok(nai_network_set_delay(net, "E", "choice", 20));
  expect_ok(nai_network_build(net, 1));
  EXPECT(delay_of(net, "E", "I") == 60 && delay_of(net, "I", "E") == 2000000);
  EXPECT(delay_of(net, "stimulus", "E") == 40 && delay_of(net, "stimulus", "I") == 0);
  EXPECT(delay_of(net, "E", "choice") == 20 && delay_of(net, "E", "E") == 20);
  nai_network_destroy(net);
  /* a tenth of a millisecond has no exact number */
  expect_ok(nai_network_create(&net, 0.1));
  expect_ok(nai_network_add_population(net, "E", 2, 0));
  expect_ok(nai_network_connect(net, "E", "E"));
  expect_ok(nai_network_set_delay(net, "E", "E", 0.3));
  expect_ok(nai_network_build(net, 1));
  ck_assert_double_eq_tol(delay_of(net, "E", "E"), 0.3, 1e-15);
  nai_network_destroy(net);
  static const double bad[] = {-20, -1e-9, NAN, INFINITY, -INFINITY, 1e300, 2000020};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    REFUSED(nai_network_set_delay(net, "E", "I", bad[i]), NAI_ERR_INVALID, "delay is");
  static const double odd[] = {1, 19.99, 30, 20.001, 1e-3};
  for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
    REFUSED(nai_network_set_delay(net, "E", "I", odd[i]), NAI_ERR_INVALID, "multiple of dt = 20");
}
END_TEST

/* Populations A B C ... of 2, connected as listed, all delays 0. */
static nai_network *compose_stages(int n, const char *const (*ends)[2], int n_ends)
{
  nai_network *net = empty();
  for (int i = 0; i < n; i++)
    expect_ok(nai_network_add_population(net, (char[]){(char)('A' + i), 0}, 2, NAI_FREE));
  for (int i = 0; i < n_ends; i++) {
    expect_ok(nai_network_connect(net, ends[i][0], ends[i][1]));
    expect_ok(nai_network_set_delay(net, ends[i][0], ends[i][1], 0));
  }
  return net;
}

START_TEST(loops_of_zero_delays_are_named)
{
  static const char *const self[][2] = {{"A", "B"}, {"B", "C"}, {"C", "C"}, {"C", "D"}};
  nai_network *net = compose_stages(4, self, 4);
  expect_fails(nai_network_build(net, 1), NAI_ERR_INVALID, "loop: C -> C;");
  nai_network_destroy(net);
  static const char *const two[][2] = {{"A", "B"}, {"B", "A"}, {"B", "C"}};
  net = compose_stages(3, two, 3);
  expect_fails(nai_network_build(net, 1), NAI_ERR_INVALID, "zero delays make a loop: ");
  ck_assert_msg(strstr(nai_last_error(), "A -> B -> A;") ||
                    strstr(nai_last_error(), "B -> A -> B;"),
                "%s", nai_last_error());
  nai_network_destroy(net);
  /* a loop of three amid what leads to it and what follows from it */
  static const char *const three[][2] = {{"A", "B"}, {"E", "F"}, {"D", "B"}, {"C", "D"},
                                         {"B", "C"}, {"D", "E"}, {"A", "F"}};
  net = compose_stages(6, three, 7);
  expect_fails(nai_network_build(net, 1), NAI_ERR_INVALID, "zero delays make a loop: ");
  const char *text = nai_last_error();
  ck_assert_msg(strstr(text, "B -> C -> D -> B;") || strstr(text, "C -> D -> B -> C;") ||
                    strstr(text, "D -> B -> C -> D;"),
                "%s", text);
  nai_network_destroy(net);
  /* the same with one delay is none */
  net = compose_stages(6, three, 7);
  expect_ok(nai_network_set_delay(net, "C", "D", 20));
  expect_ok(nai_network_build(net, 1));
  nai_network_destroy(net);
}
END_TEST

/* --- synapses --------------------------------------------------------------------------------- */

START_TEST(autapses_are_off_unless_allowed)
{
  for (int allowed = 0; allowed < 2; allowed++) {
    nai_network *net = compose_ei(6, 6);
    if (allowed) expect_ok(nai_network_set_autapses(net, "E I", "*", 1));
    expect_ok(nai_network_build(net, 1));
    nai_view own = mask_of(net, "E", "E"), other = mask_of(net, "E", "I"),
             weights = weights_of(net, "I", "I"), learns = plastic_of(net, "E", "E");
    for (int64_t i = 0; i < 6; i++)
      for (int64_t j = 0; j < 6; j++) {
        int there = allowed || i != j;
        EXPECT(at(&own, i, j) == (float)there && at(&learns, i, j) == (float)there);
        EXPECT(at(&other, i, j) == 1);
        EXPECT((at(&weights, i, j) != 0) == there);
      }
    nai_network_destroy(net);
  }
}
END_TEST

START_TEST(plastic_and_frozen)
{
  nai_network *net = compose_ei(4, 2);
  nai_constraint *fixed;
  uint8_t some[8] = {0, 1, 0, 0, 0, 0, 1, 0}; /* [4, 2], I to E */
  expect_ok(nai_constraint_create_fixed(&fixed, some, 4, 2));
  expect_ok(nai_network_constrain(net, "I", "E", fixed));
  expect_ok(nai_network_set_plastic(net, "*", "E", 0));
  expect_ok(nai_network_build(net, 1));
  nai_view to_e = plastic_of(net, "I", "E"), to_i = plastic_of(net, "E", "I"),
           recurrent = plastic_of(net, "E", "E");
  for (int64_t k = 0; k < 8; k++) EXPECT(at(&to_e, k / 2, k % 2) == 0);
  for (int64_t k = 0; k < 8; k++) EXPECT(at(&to_i, k / 4, k % 4) == 1);
  expect_ok(nai_network_set_plastic(net, "E I", "E", 1));
  expect_ok(nai_network_set_plastic(net, "E", "I", 0));
  for (int64_t k = 0; k < 8; k++) {
    EXPECT(at(&to_e, k / 2, k % 2) == (float)!some[k]); /* what a constraint fixes stays fixed */
    EXPECT(at(&to_i, k / 4, k % 4) == 0);
  }
  for (int64_t k = 0; k < 16; k++) EXPECT(at(&recurrent, k / 4, k % 4) == (k / 4 != k % 4));
  nai_constraint_destroy(fixed);
  nai_network_destroy(net);
}
END_TEST

START_TEST(weights_that_are_set)
{
  nai_network *net = build_ei(3, 2, 1);
  const float w[6] = {1, 2, 3, 4, 0, 6};
  expect_ok(nai_network_set_weights(net, "E", "I", w, 2, 3));
  nai_view view = weights_of(net, "E", "I");
  EXPECT(view.ndim == 2 && view.shape[0] == 2 && view.shape[1] == 3 && view.stride[1] == 4);
  for (int64_t k = 0; k < 6; k++) EXPECT(at(&view, k / 3, k % 3) == w[k]);
  const float inhibition[6] = {-1, -2, 0, -4, -5, -6}, free[9] = {1, -1, 0, 2, -2, 3, -3, 1, 1};
  expect_ok(nai_network_set_weights(net, "I", "E", inhibition, 3, 2));
  expect_ok(nai_network_set_weights(net, "stimulus", "E", free, 3, 3));
  const float recurrent[9] = {0, 1, 2, 3, 0, 4, 5, 6, 0};
  expect_ok(nai_network_set_weights(net, "E", "E", recurrent, 3, 3));
  uint64_t before = hash_of(net);
  static const struct {
    int place;
    float value;
    nai_status code;
    const char *words;
  } bad[] = {{8, NAN, NAI_ERR_NONFINITE, "weights[2][2] is nan"},
             {5, INFINITY, NAI_ERR_NONFINITE, "weights[1][2] is inf"},
             {6, -INFINITY, NAI_ERR_NONFINITE, "weights[2][0] is -inf"},
             {7, -0.5f, NAI_ERR_INVALID, "weights[2][1] is -0.5, must be at least 0"},
             {7, -1e-45f, NAI_ERR_INVALID, "weights[2][1]"},
             {8, 0.5f, NAI_ERR_INVALID, "weights[2][2] is 0.5, must be 0: no synapse"}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    float copy[9];
    memcpy(copy, recurrent, sizeof copy);
    copy[1] = 77; /* what is good stays unwritten too */
    copy[bad[i].place] = bad[i].value;
    expect_fails(nai_network_set_weights(net, "E", "E", copy, 3, 3), bad[i].code, bad[i].words);
    EXPECT(hash_of(net) == before);
  }
  expect_fails(nai_network_set_weights(net, "I", "E", w, 3, 2), NAI_ERR_INVALID, "at most 0");
  static const int64_t shapes[][2] = {{3, 2},   {6, 1},         {2, 4},        {0, 0},
                                      {-2, -3}, {INT64_MAX, 3}, {2, INT64_MIN}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
    expect_fails(nai_network_set_weights(net, "E", "I", w, shapes[i][0], shapes[i][1]),
                 NAI_ERR_INVALID, "must be [2, 3]");
  expect_fails(nai_network_set_weights(net, NULL, "I", w, 2, 3), NAI_ERR_INVALID, "from is NULL");
  expect_fails(nai_network_set_weights(net, "E", NULL, w, 2, 3), NAI_ERR_INVALID, "to is NULL");
  expect_fails(nai_network_set_weights(net, "E", "I", NULL, 2, 3), NAI_ERR_INVALID,
               "weights is NULL");
  expect_fails(nai_network_set_weights(net, "E", "?", w, 2, 3), NAI_ERR_NAME, "'?'");
  EXPECT(hash_of(net) == before);
  nai_network_destroy(net);
}
END_TEST

/* --- positions -------------------------------------------------------------------------------- */

static double box_cdf(double x)
{
  return x < 0 ? 0 : x > 1 ? 1 : x;
}

static double sphere_cdf(double z)
{
  return z < -1 ? 0 : z > 1 ? 1 : (z + 1) / 2; /* Archimedes: each coordinate is uniform */
}

/* A coordinate of all units of a population, mapped by (x - shift) / scale. */
static double uniformity(const nai_network *net, const char *name, int axis, double scale,
                         double (*cdf)(double))
{
  nai_view view = positions_of(net, name);
  double *x = malloc((size_t)view.shape[0] * sizeof *x);
  for (int64_t i = 0; i < view.shape[0]; i++) x[i] = (double)at(&view, i, axis) / scale;
  double most = kolmogorov(x, view.shape[0], cdf);
  free(x);
  return most;
}

START_TEST(random_places)
{
  enum { N = 4000 };
  nai_network *net = empty();
  expect_ok(nai_network_add_population(net, "box", N, 0));
  expect_ok(nai_network_add_population(net, "sheet", N, 0));
  expect_ok(nai_network_add_population(net, "sphere", N, 0));
  expect_ok(nai_network_add_population(net, "nowhere", 2, 0));
  expect_ok(nai_network_place_sphere(net, "box", 1)); /* the last word counts */
  expect_ok(nai_network_place_box(net, "box", 0.5, 2, 30));
  expect_ok(nai_network_place_box(net, "sheet", 1, 1, 0));
  expect_ok(nai_network_place_sphere(net, "sphere", 3.7));
  expect_ok(nai_network_build(net, 5));
  for (int axis = 0; axis < 3; axis++) {
    ck_assert_double_lt(uniformity(net, "box", axis, (double[]){0.5, 2, 30}[axis], box_cdf), 2.2);
    ck_assert_double_lt(uniformity(net, "sphere", axis, 3.7, sphere_cdf), 2.2);
  }
  nai_view sheet = positions_of(net, "sheet"), box = positions_of(net, "box"),
           sphere = positions_of(net, "sphere");
  EXPECT(sphere.ndim == 2 && sphere.shape[0] == N && sphere.shape[1] == 3);
  double product = 0;
  for (int64_t i = 0; i < N; i++) {
    EXPECT(at(&sheet, i, 2) == 0);
    double x = (double)at(&sphere, i, 0), y = (double)at(&sphere, i, 1),
           z = (double)at(&sphere, i, 2);
    EXPECT(fabs(sqrt(x * x + y * y + z * z) - 3.7) < 3.7 * 0x1p-23);
    product += ((double)at(&sheet, i, 0) - 0.5) * ((double)at(&box, i, 0) / 0.5 - 0.5);
  }
  ck_assert_double_lt(fabs(product / N * 12), 4 / sqrt(N)); /* populations are drawn apart */
  nai_view view = NAI_VIEW_INIT;
  expect_fails(nai_network_positions(&view, net, "nowhere"), NAI_ERR_ORDER, "'nowhere' has no");
  nai_network_destroy(net);
}
END_TEST

/* Unit `index` of a lattice with `side` a side. */
static void expect_lattice(const nai_network *net, const char *name, int64_t first, int64_t side,
                           float spacing)
{
  nai_view view = positions_of(net, name);
  for (int64_t i = 0; i < view.shape[0]; i++) {
    int64_t k = first + i;
    EXPECT(at(&view, i, 0) == spacing * (float)(k % side));
    EXPECT(at(&view, i, 1) == spacing * (float)(k / side % side));
    EXPECT(at(&view, i, 2) == spacing * (float)(k / (side * side)));
  }
}

START_TEST(lattices)
{
  nai_network *net = empty();
  static const char *const names[] = {"A", "B", "C", "D", "E"};
  static const int64_t sizes[] = {3, 27, 6, 5, 28};
  for (int i = 0; i < 5; i++) expect_ok(nai_network_add_population(net, names[i], sizes[i], 0));
  expect_ok(nai_network_place_lattice(net, "A C D", 0.5)); /* 14: side 3, B lies between */
  expect_ok(nai_network_place_lattice(net, "B", 2));       /* 27: side 3 exactly */
  expect_ok(nai_network_place_lattice(net, "E", 0.25));    /* 28: side 4 */
  expect_ok(nai_network_build(net, 1));
  expect_lattice(net, "A", 0, 3, 0.5f);
  expect_lattice(net, "C", 3, 3, 0.5f);
  expect_lattice(net, "D", 9, 3, 0.5f);
  expect_lattice(net, "B", 0, 3, 2);
  expect_lattice(net, "E", 0, 4, 0.25f);
  nai_network_destroy(net);
  /* whoever is placed elsewhere afterwards leaves the lattice to the others */
  net = empty();
  for (int i = 0; i < 3; i++) expect_ok(nai_network_add_population(net, names[i], sizes[i], 0));
  expect_ok(nai_network_place_lattice(net, "A B C", 1));
  expect_ok(nai_network_place_box(net, "A", 1, 1, 1));
  expect_ok(nai_network_place_lattice(net, "B", 3));
  expect_ok(nai_network_build(net, 1));
  expect_lattice(net, "B", 0, 3, 3);
  expect_lattice(net, "C", 0, 2, 1);
  nai_network_destroy(net);
}
END_TEST

START_TEST(places_that_are_given)
{
  nai_network *net = compose_ei(2, 2);
  const float first[6] = {1, 2, 3, -4, 5e5f, 6}, second[6] = {0, 0, 0, 1, 1, 1};
  expect_ok(nai_network_place_box(net, "*", 1, 1, 1));
  expect_ok(nai_network_set_positions(net, "E", first, 2));
  expect_ok(nai_network_set_positions(net, "I", second, 2));
  expect_ok(nai_network_place_box(net, "I", 8, 0, 0)); /* the last word counts */
  expect_ok(nai_network_build(net, 1));
  nai_view view = positions_of(net, "E"), drawn = positions_of(net, "I");
  for (int64_t k = 0; k < 6; k++) EXPECT(at(&view, k / 3, k % 3) == first[k]);
  EXPECT(at(&drawn, 0, 0) > 0 && at(&drawn, 0, 0) < 8 && at(&drawn, 1, 1) == 0);
  expect_ok(nai_network_set_positions(net, "E", second, 2));
  for (int64_t k = 0; k < 6; k++) EXPECT(at(&view, k / 3, k % 3) == second[k]);
  nai_network_destroy(net);
  net = build_ei(2, 2, 1); /* none before: given after the build */
  expect_ok(nai_network_set_positions(net, "I", first, 2));
  view = positions_of(net, "I");
  EXPECT(at(&view, 1, 2) == 6);
  nai_network_destroy(net);
}
END_TEST

START_TEST(places_that_are_refused)
{
  static const double bad[] = {-1, NAN, INFINITY, -INFINITY, 1e7};
  for (int i = 0; i < 5; i++) {
    double x = bad[i];
    REFUSED(nai_network_place_box(net, "E", x, 1, 1), NAI_ERR_INVALID, "x is");
    REFUSED(nai_network_place_box(net, "E", 1, x, 1), NAI_ERR_INVALID, "y is");
    REFUSED(nai_network_place_box(net, "E", 1, 1, x), NAI_ERR_INVALID, "z is");
    REFUSED(nai_network_place_sphere(net, "E", x), NAI_ERR_INVALID, "radius is");
    REFUSED(nai_network_place_lattice(net, "E", x), NAI_ERR_INVALID, "spacing is");
    float p[12] = {0};
    p[11] = (float)x;
    if (x != -1)
      REFUSED_ALWAYS(nai_network_set_positions(net, "E", p, 4), NAI_ERR_INVALID,
                     "positions[3][2] is");
  }
  REFUSED(nai_network_place_sphere(net, "E", 0), NAI_ERR_INVALID, "radius is 0");
  REFUSED(nai_network_place_lattice(net, "E", 0), NAI_ERR_INVALID, "spacing is 0");
  float p[12] = {0};
  static const int64_t counts[] = {0, 3, 5, -4, INT64_MAX, INT64_MIN};
  for (int i = 0; i < 6; i++)
    REFUSED_ALWAYS(nai_network_set_positions(net, "E", p, counts[i]), NAI_ERR_INVALID, "n is");
  REFUSED_ALWAYS(nai_network_set_positions(net, "E I", p, 4), NAI_ERR_NAME, "'E I'");
  REFUSED_ALWAYS(nai_network_set_positions(net, "choice", p, 2), NAI_ERR_NAME, "'choice'");
}
END_TEST

/* --- initial weights -------------------------------------------------------------------------- */

static nai_spectrum spectrum_of(const nai_network *net, const char *names)
{
  nai_spectrum spectrum = NAI_SPECTRUM_INIT;
  expect_ok(nai_network_spectrum(&spectrum, NULL, NULL, 0, net, names));
  return spectrum;
}

/*
 * What each unit of `to` gets from all of `from` ("E", "I", ...) must sum to 0. Three roundings to
 * single precision of each weight, at random: 6 of their standard deviations.
 */
static void expect_balance(const nai_network *net, const char *const *from, int n, const char *to)
{
  for (int64_t i = 0; i < nai_network_size(net, NAI_POPULATIONS, to); i++) {
    double sum = 0, square = 0;
    for (int k = 0; k < n; k++) {
      nai_view w = weights_of(net, from[k], to);
      for (int64_t j = 0; j < w.shape[1]; j++) {
        sum += (double)at(&w, i, j);
        square += (double)at(&w, i, j) * (double)at(&w, i, j);
      }
    }
    EXPECT(square > 0);
    if (fabs(sum) > 6 * sqrt(square) * 0x1p-24)
      ck_abort_msg("row %d of %s sums to %g", (int)i, to, sum);
  }
}

static void balance(nai_network *net, const char *names)
{
  expect_ok(nai_network_set_initial_weights(net, names, names, NAI_WEIGHTS_BALANCED, 0, 0));
}

static nai_network *compose_balanced(int64_t n_e, int64_t n_i)
{
  nai_network *net = compose_ei(n_e, n_i);
  balance(net, "E I");
  return net;
}

START_TEST(balanced_weights_have_radius_one)
{
  static const char *const both[] = {"E", "I"};
  for (uint64_t seed = 1; seed < 4; seed++) {
    nai_network *net = compose_balanced(240, 60);
    expect_ok(nai_network_build(net, seed));
    expect_balance(net, both, 2, "E");
    expect_balance(net, both, 2, "I");
    nai_view e = weights_of(net, "E", "I"), i = weights_of(net, "I", "E");
    for (int64_t k = 0; k < 240 * 60; k++)
      EXPECT(at(&e, k / 240, k % 240) > 0 && at(&i, k / 60, k % 60) < 0);
    /* the bulk is of radius 1; balanced rows leave no outlier, but finite size does a little */
    nai_spectrum spectrum = spectrum_of(net, "E I");
    ck_assert_int_eq(spectrum.n, 300);
    ck_assert_double_eq_tol(spectrum.bulk, 1, 0.01);
    EXPECT(spectrum.radius > 0.9 && spectrum.radius < 1.35);
    nai_network_destroy(net);
  }
}
END_TEST

START_TEST(balance_can_be_switched)
{
  static const char *const both[] = {"E", "I"};
  nai_network *net = compose_ei(240, 60);
  expect_ok(nai_network_set_balance(net, "I", 0));
  expect_ok(nai_network_build(net, 1));
  expect_balance(net, both, 2, "E");
  nai_view e = weights_of(net, "E", "I"), i = weights_of(net, "I", "I");
  double sum = 0;
  for (int64_t j = 0; j < 240; j++) sum += (double)at(&e, 0, j);
  for (int64_t j = 0; j < 60; j++) sum += (double)at(&i, 0, j);
  EXPECT(sum > 1); /* four times as much excitation as inhibition, and no balance */
  nai_network_destroy(net);
  /* not by default where other initial weights come in; but when it is asked for */
  for (int asked = 0; asked < 2; asked++) {
    net = compose_ei(40, 10);
    expect_ok(nai_network_set_initial_weights(net, "E", "E", NAI_WEIGHTS_UNIFORM, 0, 1));
    if (asked) expect_ok(nai_network_set_balance(net, "E", 1));
    expect_ok(nai_network_build(net, 1));
    expect_balance(net, both, 2, "I");
    if (asked) expect_balance(net, both, 2, "E");
    nai_view w = weights_of(net, "E", "E");
    double given = 0;
    for (int64_t k = 0; k < 1600; k++) given += (double)at(&w, k / 40, k % 40) / 1560;
    ck_assert_double_eq_tol(given, 0.5, 0.05); /* what was asked for is not scaled */
    nai_network_destroy(net);
  }
}
END_TEST

START_TEST(sparse_and_several_populations_are_balanced)
{
  nai_network *net = compose_ei(160, 30);
  nai_constraint *sparse;
  expect_ok(nai_network_add_population(net, "SST", 10, NAI_INHIBITORY));
  expect_ok(nai_network_connect(net, "E I", "SST"));
  expect_ok(nai_network_connect(net, "SST", "E I SST"));
  expect_ok(nai_network_set_delay(net, "E", "E", 60)); /* delays do not matter */
  expect_ok(nai_constraint_create_sparse(&sparse, 0.4));
  expect_ok(nai_network_constrain(net, "E I SST", "E I SST", sparse));
  balance(net, "E I SST");
  expect_ok(nai_network_build(net, 3));
  static const char *const all[] = {"E", "I", "SST"};
  for (int k = 0; k < 3; k++) expect_balance(net, all, 3, all[k]);
  nai_spectrum spectrum = spectrum_of(net, "*");
  ck_assert_double_eq_tol(spectrum.bulk, 1, 0.02);
  nai_constraint_destroy(sparse);
  nai_network_destroy(net);
}
END_TEST

/* Units that only send, or only relay, do not make the recurrent ones stronger. */
START_TEST(the_radius_is_that_of_the_recurrent_units)
{
  nai_network *net = compose_one("R", 150, NAI_FREE);
  expect_ok(nai_network_add_population(net, "layer", 300, NAI_FREE));
  expect_ok(nai_network_connect(net, "layer", "R"));
  expect_ok(nai_network_set_delay(net, "layer", "R", 0));
  expect_ok(nai_network_build(net, 1));
  nai_spectrum spectrum = spectrum_of(net, "R");
  ck_assert_double_eq_tol(spectrum.bulk, 1, 0.02);
  ck_assert_double_eq_tol(spectrum.outlier, 1, 0.1);
  nai_network_destroy(net);
}
END_TEST

/* Weights of A to B, [300, 200], drawn in this way. */
static double *drawn(int32_t kind, double a, double b, int32_t sign)
{
  nai_network *net = empty();
  expect_ok(nai_network_add_population(net, "A", 200, sign));
  expect_ok(nai_network_add_population(net, "B", 300, NAI_FREE));
  expect_ok(nai_network_connect(net, "A", "B"));
  expect_ok(nai_network_set_initial_weights(net, "A", "B", kind, a, b));
  expect_ok(nai_network_build(net, 11));
  nai_view view = weights_of(net, "A", "B");
  double *x = malloc(60000 * sizeof *x);
  for (int64_t k = 0; k < 60000; k++) x[k] = (double)at(&view, k / 200, k % 200);
  nai_network_destroy(net);
  return x;
}

static double uniform_cdf(double x)
{
  return box_cdf((x + 0.5) / 2.5);
}
static double normal_cdf(double x)
{
  return 0.5 * erfc(-(x - 0.3) / 0.7 / sqrt(2));
}
static double folded_cdf(double x) /* |N(0.3, 0.7)| */
{
  return x < 0 ? 0 : normal_cdf(x) - normal_cdf(-x);
}
static double gamma_cdf(double x) /* shape 3, scale 0.2 */
{
  double y = x / 0.2;
  return x < 0 ? 0 : 1 - exp(-y) * (1 + y + y * y / 2);
}
static double lognormal_cdf(double x) /* mean 0.4, standard deviation 0.6 */
{
  double variance = log(1 + 0.36 / 0.16), mean = log(0.4) - variance / 2;
  return x <= 0 ? 0 : 0.5 * erfc(-(log(x) - mean) / sqrt(2 * variance));
}

/* Mean and standard deviation within 5 standard errors, and the whole distribution. */
static void expect_drawn(double *x, double mean, double sd, double kurtosis, double (*cdf)(double))
{
  double n = 60000, sum = 0, square = 0;
  for (int k = 0; k < 60000; k++) sum += x[k];
  for (int k = 0; k < 60000; k++) square += (x[k] - mean) * (x[k] - mean);
  ck_assert_double_lt(fabs(sum / n - mean), 5 * sd / sqrt(n));
  if (kurtosis > 0)
    ck_assert_double_lt(fabs(square / n / sd / sd - 1), 5 * sqrt((kurtosis - 1) / n));
  ck_assert_double_lt(kolmogorov(x, 60000, cdf), 2.2);
  free(x);
}

START_TEST(each_kind_has_its_distribution)
{
  expect_drawn(drawn(NAI_WEIGHTS_UNIFORM, -0.5, 2, 0), 0.75, 2.5 / sqrt(12), 1.8, uniform_cdf);
  expect_drawn(drawn(NAI_WEIGHTS_NORMAL, 0.3, 0.7, 0), 0.3, 0.7, 3, normal_cdf);
  expect_drawn(drawn(NAI_WEIGHTS_GAMMA, 3, 0.2, 0), 0.6, 0.2 * sqrt(3), 5, gamma_cdf);
  /* a lognormal's kurtosis is too large for its variance to be tested so */
  expect_drawn(drawn(NAI_WEIGHTS_LOGNORMAL, 0.4, 0.6, 0), 0.4, 0.6, 0, lognormal_cdf);
}
END_TEST

static double readout_cdf(double x) /* gamma of shape 2 and scale 1/40: mean 1 / sqrt(400) */
{
  return x < 0 ? 0 : 1 - exp(-40 * x) * (1 + 40 * x);
}

/* Under Dale's law they are as large as free ones: here 1 / sqrt(400) = 0.05, not 1 / 400. */
START_TEST(first_readouts)
{
  for (int sign = 0; sign < 2; sign++) {
    nai_network *net = compose_one("R", 400, sign ? NAI_EXCITATORY : NAI_FREE);
    expect_ok(nai_network_add_output(net, "z", 150));
    expect_ok(nai_network_connect(net, "R", "z"));
    expect_ok(nai_network_build(net, 1));
    nai_view view = weights_of(net, "R", "z");
    double *x = malloc(60000 * sizeof *x), square = 0;
    for (int64_t k = 0; k < 60000; k++) x[k] = (double)at(&view, k / 400, k % 400);
    for (int k = 0; k < 60000; k++) square += x[k] * x[k] / 60000;
    if (sign)
      expect_drawn(x, 0.05, 0.05 / sqrt(2), 6, readout_cdf);
    else
      free(x);
    ck_assert_double_eq_tol(sqrt(square), sign ? 0.05 * sqrt(1.5) : 0.05, 0.0015);
    nai_network_destroy(net);
  }
}
END_TEST

START_TEST(initial_weights_follow_dale)
{
  double mean = 0, square = 0, *x = drawn(NAI_WEIGHTS_NORMAL, 0.3, 0.7, NAI_EXCITATORY);
  for (int k = 0; k < 60000; k++) {
    EXPECT(x[k] >= 0);
    mean += x[k] / 60000;
    square += x[k] * x[k] / 60000;
  }
  expect_drawn(x, mean, sqrt(square - mean * mean), 0, folded_cdf);
  x = drawn(NAI_WEIGHTS_GAMMA, 3, 0.2, NAI_INHIBITORY);
  for (int k = 0; k < 60000; k++) {
    EXPECT(x[k] <= 0);
    x[k] = -x[k];
  }
  expect_drawn(x, 0.6, 0.2 * sqrt(3), 5, gamma_cdf);
}
END_TEST

/* Rows of w (columns when it is tall) have length a and right angles. */
static void expect_orthonormal(int64_t n_pre, int64_t n_post, double a)
{
  nai_network *net = empty();
  expect_ok(nai_network_add_population(net, "A", n_pre, NAI_FREE));
  expect_ok(nai_network_add_population(net, "B", n_post, NAI_FREE));
  expect_ok(nai_network_connect(net, "A", "B"));
  expect_ok(nai_network_set_initial_weights(net, "A", "B", NAI_WEIGHTS_ORTHOGONAL, a, 0));
  expect_ok(nai_network_build(net, 4));
  nai_view w = weights_of(net, "A", "B");
  int wide = n_pre > n_post;
  int64_t n = wide ? n_post : n_pre, length = wide ? n_pre : n_post;
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j <= i; j++) {
      double product = 0;
      for (int64_t k = 0; k < length; k++)
        product += wide ? (double)at(&w, i, k) * (double)at(&w, j, k)
                        : (double)at(&w, k, i) * (double)at(&w, k, j);
      if (fabs(product - (i == j) * a * a) > 1e-6 * a * a)
        ck_abort_msg("%g at %d %d", product, (int)i, (int)j);
    }
  nai_network_destroy(net);
}

START_TEST(orthogonal_weights)
{
  expect_orthonormal(50, 50, 1);
  expect_orthonormal(80, 30, 0.7);
  expect_orthonormal(30, 80, -2);
  expect_orthonormal(1, 1, 1);
  expect_orthonormal(1, 9, 1);
  nai_network *net = compose_one("R", 60, NAI_FREE);
  expect_ok(nai_network_set_autapses(net, "R", "R", 1));
  expect_ok(nai_network_set_initial_weights(net, "R", "R", NAI_WEIGHTS_ORTHOGONAL, 0.9, 0));
  expect_ok(nai_network_build(net, 1));
  nai_spectrum spectrum = spectrum_of(net, "R");
  ck_assert_double_eq_tol(spectrum.radius, 0.9, 1e-6);
  ck_assert_double_eq_tol(spectrum.entropy, 1, 1e-9);
  nai_network_destroy(net);
}
END_TEST

START_TEST(identity_weights)
{
  nai_network *net = compose_one("R", 5, NAI_FREE);
  expect_ok(nai_network_add_population(net, "S", 5, NAI_INHIBITORY));
  expect_ok(nai_network_connect(net, "S", "R"));
  expect_ok(nai_network_set_initial_weights(net, "*", "R", NAI_WEIGHTS_IDENTITY, 0.5, 0));
  expect_ok(nai_network_set_autapses(net, "R", "R", 1)); /* in any order */
  expect_ok(nai_network_build(net, 1));
  nai_view own = weights_of(net, "R", "R"), other = weights_of(net, "S", "R");
  for (int64_t k = 0; k < 25; k++) {
    EXPECT(at(&own, k / 5, k % 5) == (k / 5 == k % 5 ? 0.5f : 0));
    EXPECT(at(&other, k / 5, k % 5) == (k / 5 == k % 5 ? -0.5f : 0));
  }
  nai_spectrum spectrum = spectrum_of(net, "R");
  EXPECT(spectrum.radius == 0.5 && fabs(spectrum.entropy - 1) < 1e-12);
  nai_network_destroy(net);
  net = compose_one("R", 5, NAI_FREE);
  expect_ok(nai_network_set_initial_weights(net, "R", "R", NAI_WEIGHTS_IDENTITY, 0.5, 0));
  expect_fails(nai_network_build(net, 1), NAI_ERR_INVALID, "autapses");
  nai_network_destroy(net);
  REFUSED(nai_network_set_initial_weights(net, "E", "I", NAI_WEIGHTS_IDENTITY, 1, 0),
          NAI_ERR_INVALID, "'E' (4)");
}
END_TEST

/* Nothing is drawn, mirrored or put where there is no synapse. */
START_TEST(constant_weights)
{
  nai_network *net = compose_ei(6, 4);
  make_sparse(net, "E I", 0.5);
  expect_ok(nai_network_set_initial_weights(net, "E", "E I", NAI_WEIGHTS_CONSTANT, 0.1, NAN));
  expect_ok(nai_network_set_initial_weights(net, "I", "E I", NAI_WEIGHTS_CONSTANT, -0.3, 7));
  expect_ok(nai_network_set_initial_weights(net, "stimulus", "E", NAI_WEIGHTS_CONSTANT, -2, 0));
  expect_ok(nai_network_set_initial_weights(net, "stimulus", "I", NAI_WEIGHTS_CONSTANT, 0, 0));
  expect_ok(nai_network_build(net, 1));
  for (int e = 0; e < 4; e++) {
    const char *from = e % 2 ? "E" : "I", *to = e / 2 ? "E" : "I";
    nai_view w = weights_of(net, from, to), exists = mask_of(net, from, to);
    int absent = 0;
    for (int64_t i = 0; i < w.shape[0]; i++)
      for (int64_t j = 0; j < w.shape[1]; j++) {
        absent += at(&exists, i, j) == 0;
        EXPECT(at(&w, i, j) == (at(&exists, i, j) == 0 ? 0 : e % 2 ? 0.1f : -0.3f));
      }
    EXPECT(absent > 0);
  }
  nai_view onto_e = weights_of(net, "stimulus", "E"), onto_i = weights_of(net, "stimulus", "I");
  for (int64_t k = 0; k < 18; k++) EXPECT(at(&onto_e, k / 3, k % 3) == -2);
  for (int64_t k = 0; k < 12; k++) EXPECT(at(&onto_i, k / 3, k % 3) == 0);
  nai_network_destroy(net);
}
END_TEST

/* The sign may be the sender's or a constraint's, given before the constant or after it. */
START_TEST(constants_of_the_wrong_sign_are_refused)
{
  static const struct {
    int32_t input, constraint; /* signs; 0: none */
    double constant;
    const char *words;
  } cases[] = {
      {NAI_INHIBITORY, 0, 0.5, "from 'u' to 'A' is 0.5, must be at most 0"},
      {NAI_EXCITATORY, 0, -0.5, "from 'u' to 'A' is -0.5, must be at least 0"},
      {NAI_EXCITATORY, -1, 0.5, "from 'u' to 'A' is 0.5, must be at most 0"},
      {NAI_FREE, 1, -1e-30, "from 'u' to 'A' is -1e-30, must be at least 0"},
      {NAI_INHIBITORY, 1, 0.5, NULL},
      {NAI_INHIBITORY, 0, 0, NULL},
      {NAI_FREE, 0, -0.5, NULL},
  };
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    nai_network *net = COMPOSE(.dt = 20, .inputs = {{"u", 2}}, .populations = {{"A", 3}},
                               .projections = {{"u", "A"}});
    expect_ok(
        nai_network_set_initial_weights(net, "u", "A", NAI_WEIGHTS_CONSTANT, cases[c].constant, 0));
    expect_ok(nai_network_set_sign(net, "u", cases[c].input));
    if (cases[c].constraint) {
      nai_constraint *sign;
      expect_ok(nai_constraint_create_sign(&sign, cases[c].constraint));
      expect_ok(nai_network_constrain(net, "u", "A", sign));
      nai_constraint_destroy(sign);
    }
    if (cases[c].words)
      expect_fails(nai_network_build(net, 1), NAI_ERR_INVALID, cases[c].words);
    else
      expect_ok(nai_network_build(net, 1));
    nai_network_destroy(net);
  }
}
END_TEST

START_TEST(initial_weights_that_are_refused)
{
  static const struct {
    int32_t kind;
    double a, b;
    const char *words;
  } bad[] = {{NAI_WEIGHTS_UNIFORM, NAN, 1, "a of the initial"},
             {NAI_WEIGHTS_UNIFORM, 0, NAN, "b of the initial"},
             {NAI_WEIGHTS_UNIFORM, -INFINITY, 1, "a of the initial"},
             {NAI_WEIGHTS_UNIFORM, 0, INFINITY, "b of the initial"},
             {NAI_WEIGHTS_UNIFORM, 1, 0.5, "b of uniform"},
             {NAI_WEIGHTS_NORMAL, 0, -1, "b of normal"},
             {NAI_WEIGHTS_NORMAL, 1e7, 1, "a of the initial"},
             {NAI_WEIGHTS_GAMMA, 0, 1, "above 0"},
             {NAI_WEIGHTS_GAMMA, 1, -1, "above 0"},
             {NAI_WEIGHTS_GAMMA, NAN, NAN, "a of the initial"},
             {NAI_WEIGHTS_LOGNORMAL, -1, 1, "above 0"},
             {NAI_WEIGHTS_LOGNORMAL, 1, 0, "above 0"},
             {NAI_WEIGHTS_LOGNORMAL, 1e-200, 1, "1e6 times"},
             {NAI_WEIGHTS_ORTHOGONAL, NAN, 0, "a of the initial"},
             {NAI_WEIGHTS_IDENTITY, INFINITY, 0, "a of the initial"},
             {NAI_WEIGHTS_CONSTANT, NAN, 0, "a of the initial"},
             {NAI_WEIGHTS_CONSTANT + 1, 0, 0, "must be 0 to 9"}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    REFUSED(nai_network_set_initial_weights(net, "E", "E", bad[i].kind, bad[i].a, bad[i].b),
            NAI_ERR_INVALID, bad[i].words);
  /* the edges of what is allowed make finite weights */
  static const struct {
    int32_t kind;
    double a, b;
  } edge[] = {{NAI_WEIGHTS_DEFAULT, NAN, NAN},      {NAI_WEIGHTS_UNIFORM, 3, 3},
              {NAI_WEIGHTS_NORMAL, 0, 0},           {NAI_WEIGHTS_GAMMA, 1e-300, 1},
              {NAI_WEIGHTS_GAMMA, 1e6, 1e6},        {NAI_WEIGHTS_LOGNORMAL, 1, 1e6},
              {NAI_WEIGHTS_LOGNORMAL, 1e6, 1e-300}, {NAI_WEIGHTS_ORTHOGONAL, 0, 0}};
  for (size_t i = 0; i < sizeof edge / sizeof *edge; i++) {
    nai_network *net = compose_ei(8, 4);
    expect_ok(
        nai_network_set_initial_weights(net, "E I", "E I", edge[i].kind, edge[i].a, edge[i].b));
    expect_ok(nai_network_build(net, 1));
    nai_view w = weights_of(net, "I", "E");
    for (int64_t k = 0; k < 32; k++) EXPECT(isfinite(at(&w, k / 4, k % 4)));
    nai_network_destroy(net);
  }
}
END_TEST

START_TEST(the_radius_is_as_asked)
{
  for (int only_e = 0; only_e < 2; only_e++) {
    nai_network *net = compose_ei(40, 10), *plain = build_ei(40, 10, 6);
    expect_ok(nai_network_set_radius(net, "I", 3)); /* the last word counts */
    expect_ok(nai_network_set_radius(net, only_e ? "E" : "E I", 1.5));
    expect_ok(nai_network_build(net, 6));
    ck_assert_double_eq_tol(spectrum_of(net, only_e ? "E" : "*").radius, 1.5, 1e-5);
    nai_view scaled = weights_of(net, "E", "E"), was = weights_of(plain, "E", "E");
    double factor = (double)at(&scaled, 0, 1) / (double)at(&was, 0, 1);
    nai_view i = weights_of(net, "I", "I"), i_was = weights_of(plain, "I", "I");
    for (int64_t k = 0; k < 100; k++)
      ck_assert_double_eq_tol((double)at(&i, k / 10, k % 10),
                              (double)at(&i_was, k / 10, k % 10) * (only_e ? 1 : factor), 1e-6);
    nai_network_destroy(net);
    nai_network_destroy(plain);
  }
  static const double bad[] = {0, -1, NAN, INFINITY, 1001};
  for (int k = 0; k < 5; k++)
    REFUSED(nai_network_set_radius(net, "E", bad[k]), NAI_ERR_INVALID, "radius is");
  /* a chain has no loop, so no radius */
  nai_network *net = empty();
  expect_ok(nai_network_add_population(net, "A", 5, 0));
  expect_ok(nai_network_add_population(net, "B", 5, 0));
  expect_ok(nai_network_connect(net, "B", "A"));
  expect_ok(nai_network_set_radius(net, "A B", 1));
  expect_fails(nai_network_build(net, 1), NAI_ERR_INVALID, "cannot be scaled");
  nai_network_destroy(net);
}
END_TEST

/* --- spectra ---------------------------------------------------------------------------------- */

/* Populations "A" (1) and "B" (1) with the matrix [[a, b], [c, d]]. */
static nai_network *two_by_two(float a, float b, float c, float d)
{
  nai_network *net = empty();
  expect_ok(nai_network_add_population(net, "A", 1, 0));
  expect_ok(nai_network_add_population(net, "B", 1, 0));
  expect_ok(nai_network_connect(net, "A B", "A B"));
  expect_ok(nai_network_set_autapses(net, "*", "*", 1));
  expect_ok(nai_network_set_delay(net, "A", "B", 60)); /* all delays together */
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_set_weights(net, "A", "A", &a, 1, 1));
  expect_ok(nai_network_set_weights(net, "B", "A", &b, 1, 1));
  expect_ok(nai_network_set_weights(net, "A", "B", &c, 1, 1));
  expect_ok(nai_network_set_weights(net, "B", "B", &d, 1, 1));
  return net;
}

START_TEST(spectra_by_hand)
{
  double real[3] = {9, 9, 9}, imaginary[3] = {9, 9, 9};
  nai_spectrum spectrum = NAI_SPECTRUM_INIT;
  /* [[2, 1], [4, -1]]: eigenvalues 3 and -2; columns (2, 4) and (1, -1): variances 1 and 1 */
  nai_network *net = two_by_two(2, 1, 4, -1);
  expect_ok(nai_network_spectrum(&spectrum, real, imaginary, 2, net, "B A"));
  EXPECT(spectrum.n == 2 && spectrum.struct_size == sizeof spectrum);
  ck_assert_double_eq_tol(spectrum.radius, 3, 1e-14);
  ck_assert_double_eq_tol(spectrum.bulk, sqrt(2), 1e-14);
  ck_assert_double_eq_tol(spectrum.outlier, 3 / sqrt(2), 1e-14);
  ck_assert_double_eq_tol(fmax(real[0], real[1]), 3, 1e-14);
  ck_assert_double_eq_tol(fmin(real[0], real[1]), -2, 1e-14);
  EXPECT(imaginary[0] == 0 && imaginary[1] == 0 && real[2] == 9 && imaginary[2] == 9);
  nai_network_destroy(net);
  /* 2 x a rotation of 60 degrees: 1 +- sqrt(3) i; singular values equal */
  net = two_by_two(1, -(float)sqrt(3), (float)sqrt(3), 1);
  expect_ok(nai_network_spectrum(&spectrum, real, imaginary, 3, net, "*"));
  ck_assert_double_eq_tol(spectrum.radius, 2, 1e-7);
  ck_assert_double_eq_tol(spectrum.entropy, 1, 1e-7);
  ck_assert_double_eq_tol(real[0], 1, 1e-7);
  ck_assert_double_eq_tol(fabs(imaginary[1]), sqrt(3), 1e-7);
  EXPECT(imaginary[0] == -imaginary[1]);
  nai_network_destroy(net);
  /* diag(3, 1): -(3/4) log2(3/4) - (1/4) log2(1/4) = 2 - (3/4) log2(3) */
  net = two_by_two(3, 0, 0, 1);
  ck_assert_double_eq_tol(spectrum_of(net, "*").entropy, 2 - 0.75 * log2(3), 1e-14);
  nai_spectrum one = spectrum_of(net, "A");
  EXPECT(one.n == 1 && one.radius == 3 && one.bulk == 0 && one.outlier == 0);
  expect_fails(nai_network_spectrum(&spectrum, real, imaginary, 1, net, "*"), NAI_ERR_INVALID,
               "capacity is 1, must be at least 2");
  expect_fails(nai_network_spectrum(&spectrum, real, imaginary, INT64_MIN, net, "*"),
               NAI_ERR_INVALID, "capacity is");
  expect_fails(nai_network_spectrum(&spectrum, real, NULL, 2, net, "*"), NAI_ERR_INVALID,
               "imaginary is NULL");
  expect_fails(nai_network_spectrum(&spectrum, NULL, imaginary, 2, net, "*"), NAI_ERR_INVALID,
               "real is NULL");
  expect_fails(nai_network_spectrum(&spectrum, NULL, NULL, 0, net, ""), NAI_ERR_NAME,
               "names is empty");
  spectrum.struct_size = 3;
  expect_fails(nai_network_spectrum(&spectrum, NULL, NULL, 0, net, "*"), NAI_ERR_INVALID,
               "struct_size is 3");
  nai_network_destroy(net);
}
END_TEST

/* Rows and columns of the gathered matrix: populations in the order in which they were added. */
START_TEST(spectra_of_some_populations)
{
  nai_network *net = compose_ei(3, 2);
  expect_ok(nai_network_add_population(net, "layer", 4, 0));
  expect_ok(nai_network_connect(net, "layer", "layer"));
  expect_ok(nai_network_build(net, 1));
  const float e[9] = {0, 1, 0, 0, 0, 1, 8, 0, 0}; /* a ring: the cube is 8 times the identity */
  expect_ok(nai_network_set_weights(net, "E", "E", e, 3, 3));
  EXPECT(spectrum_of(net, "E").n == 3 && spectrum_of(net, "*").n == 9);
  ck_assert_double_eq_tol(spectrum_of(net, "E").radius, 2, 1e-14);
  const float none[6] = {0}, i[4] = {0, -5, -5, 0};
  expect_ok(nai_network_set_weights(net, "E", "I", none, 2, 3)); /* block triangular */
  expect_ok(nai_network_set_weights(net, "I", "I", i, 2, 2));
  ck_assert_double_eq_tol(spectrum_of(net, "E I").radius, 5, 1e-14);
  nai_network_destroy(net);
}
END_TEST

/* --- kernels ---------------------------------------------------------------------------------- */

static void run_with(nai_network *net, float *rates)
{
  nai_state *state;
  expect_ok(nai_state_create(&state, net, 1, 3));
  expect_ok(nai_state_run(NULL, rates, state, 30, NULL));
  nai_state_destroy(state);
}

START_TEST(kernels_by_name)
{
  static const char *const names[] = {"portable", "blas", "avx2", "avx512", "neon"};
  nai_network *net = compose_ei(20, 5);
  static float expected[30 * 25], rates[30 * 25];
  expect_ok(nai_network_set(net, "E I", "noise", 0.5));
  expect_ok(nai_network_set_kernels(net, "portable")); /* before the build */
  ck_assert_str_eq(nai_network_kernels(net), "portable");
  expect_ok(nai_network_set_kernels(net, NULL));
  const char *best = nai_network_kernels(net);
  expect_ok(nai_network_set_kernels(net, "portable"));
  expect_ok(nai_network_build(net, 1));
  ck_assert_str_eq(nai_network_kernels(net), "portable");
  run_with(net, expected);
  uint64_t hash = hash_of(net);
  for (int i = 0; i < 5; i++) {
    nai_status status = nai_network_set_kernels(net, names[i]); /* some processors lack some */
    if (status == NAI_OK) ck_assert_str_eq(nai_network_kernels(net), names[i]);
    if (status != NAI_OK) expect_fails(status, NAI_ERR_UNSUPPORTED, names[i]);
    EXPECT(status == NAI_OK || i >= 2);
#if defined(__x86_64__)
    EXPECT(status != NAI_OK || i < 4);
#elif defined(__aarch64__)
    EXPECT((status == NAI_OK) == (i < 2 || i == 4));
    ck_assert_str_eq(best, "neon");
#endif
    run_with(net, rates);
    for (int k = 0; k < 30 * 25; k++) EXPECT(fabsf(rates[k] - expected[k]) < 1e-4f);
  }
  EXPECT(hash_of(net) == hash);
  static const char *const bad[] = {"", "AVX2", "portable ", "NEON"};
  for (int i = 0; i < 4; i++) {
    const char *name = bad[i];
    REFUSED_ALWAYS(nai_network_set_kernels(net, name), NAI_ERR_UNSUPPORTED, "unknown");
  }
  expect_fails(nai_network_set_kernels(net, "AVX2"), NAI_ERR_UNSUPPORTED,
               "kernels 'AVX2' are unknown, or not for this processor, which has ");
  EXPECT(strstr(nai_last_error(), best) && strstr(nai_last_error(), "blas, portable"));
  expect_ok(nai_network_set_kernels(net, NULL));
  ck_assert_str_eq(nai_network_kernels(net), best);
  nai_network_destroy(net);
}
END_TEST

START_TEST(kernels_are_fixed_while_in_use)
{
  nai_network *net = build_ei(3, 2, 1);
  nai_state *state;
  nai_rule *rule;
  nai_optimizer *sgd;
  nai_trainer *trainer;
  expect_ok(nai_rule_create_bptt(&rule));
  expect_ok(nai_optimizer_create_sgd(&sgd, 0.1));
  const char *kernels = nai_network_kernels(net);
  expect_ok(nai_state_create(&state, net, 1, 1));
  expect_fails(nai_network_set_kernels(net, "portable"), NAI_ERR_ORDER, "uses the network");
  ck_assert_str_eq(nai_network_kernels(net), kernels);
  nai_state_destroy(state);
  expect_ok(nai_trainer_create(&trainer, net, rule, sgd, NULL));
  expect_fails(nai_network_set_kernels(net, "portable"), NAI_ERR_ORDER, "uses the network");
  nai_trainer_destroy(trainer);
  expect_ok(nai_network_set_kernels(net, "portable"));
  nai_rule_destroy(rule);
  nai_optimizer_destroy(sgd);
  nai_network_destroy(net);
}
END_TEST

/* --- seeds ------------------------------------------------------------------------------------ */

/* Something of all that is drawn. */
static nai_network *seeded(uint64_t seed)
{
  nai_network *net = compose_ei(12, 4);
  nai_constraint *sparse;
  expect_ok(nai_constraint_create_sparse(&sparse, 0.5));
  expect_ok(nai_network_place_box(net, "E", 1, 1, 1));
  expect_ok(nai_network_place_sphere(net, "I", 1));
  expect_ok(nai_network_constrain(net, "*", "*", sparse));
  nai_constraint_destroy(sparse);
  expect_ok(nai_network_build(net, seed));
  return net;
}

/* Elements in which two views differ. */
static int64_t differences(nai_view a, nai_view b)
{
  int64_t n = 0;
  for (int64_t i = 0; i < a.shape[0]; i++)
    for (int64_t j = 0; j < a.shape[1]; j++) n += at(&a, i, j) != at(&b, i, j);
  return n;
}

START_TEST(seeds)
{
  nai_network *one = seeded(7), *same = seeded(7);
  EXPECT(hash_of(one) == hash_of(same));
  static const uint64_t others[] = {0, 6, 8, 7 + (UINT64_C(1) << 32), UINT64_MAX};
  for (int i = 0; i < 5; i++) {
    nai_network *other = seeded(others[i]);
    EXPECT(differences(positions_of(one, "E"), positions_of(other, "E")) == 36);
    EXPECT(differences(positions_of(one, "I"), positions_of(other, "I")) == 12);
    for (int64_t p = 0; p < nai_network_count(one, NAI_PROJECTIONS); p++) {
      const char *from, *to;
      expect_ok(nai_network_projection(&from, &to, one, p));
      EXPECT(differences(mask_of(one, from, to), mask_of(other, from, to)) > 0);
      EXPECT(differences(weights_of(one, from, to), weights_of(other, from, to)) > 0);
    }
    nai_network_destroy(other);
  }
  /* projections of one shape share neither their synapses nor their weights */
  EXPECT(differences(mask_of(one, "stimulus", "I"), mask_of(one, "stimulus", "E")) > 0);
  nai_network_destroy(one);
  nai_network_destroy(same);
}
END_TEST

/* --- without memory --------------------------------------------------------------------------- */

/* Composes all that takes memory; the first failure comes back. */
static nai_status compose_much(nai_network *net, nai_constraint *sparse)
{
  const float p[6] = {0};
  nai_network_add_input(net, "u", 2);
  nai_network_add_population(net, "A", 2, 1);
  nai_network_add_population(net, "B", 3, -1);
  nai_network_add_population(net, "C", 3, 0);
  nai_network_add_output(net, "z", 1);
  nai_network_connect(net, "u", "A B");
  nai_network_connect(net, "A B", "A B C");
  nai_network_connect(net, "C", "z");
  nai_network_set_delay(net, "B", "C", 0);
  nai_network_set_initial_weights(net, "A", "C", NAI_WEIGHTS_ORTHOGONAL, 1, 0);
  nai_network_set_positions(net, "A", p, 2);
  nai_network_place_box(net, "B", 1, 1, 1);
  nai_network_constrain(net, "A B", "*", sparse);
  nai_network_set_radius(net, "A B", 1);
  return nai_network_set(net, "A", "tau", 40);
}

START_TEST(composing_and_building_without_memory)
{
  nai_constraint *sparse;
  expect_ok(nai_constraint_create_sparse(&sparse, 0.9));
  int failed_compositions = 0, failed_builds = 0, done = 0;
  for (long good = 0; !done; good++) {
    nai_network *net = NULL;
    faults_fail_allocation(good);
    nai_status created = nai_network_create(&net, 20), composed = NAI_OK, built = NAI_OK;
    if (created == NAI_OK) {
      composed = compose_much(net, sparse);
      built = nai_network_build(net, 1);
    }
    faults_fail_allocation(-1);
    EXPECT(created == NAI_OK || (created == NAI_ERR_MEMORY && !net && good < 2));
    EXPECT(composed == NAI_OK || (composed == NAI_ERR_MEMORY && built == NAI_ERR_MEMORY));
    EXPECT(built == NAI_OK || built == NAI_ERR_MEMORY);
    failed_compositions += composed != NAI_OK;
    failed_builds += composed == NAI_OK && built != NAI_OK;
    if (net && built != NAI_OK) {
      expect_fails(nai_network_build(net, 1), NAI_ERR_MEMORY, "memory");
      expect_fails(nai_network_set(net, "A", "tau", 50), NAI_ERR_MEMORY, "memory");
    }
    done = created == NAI_OK && built == NAI_OK;
    nai_network_destroy(net);
  }
  ck_assert_int_gt(failed_compositions, 20);
  ck_assert_int_gt(failed_builds, 20);
  nai_constraint_destroy(sparse);
}
END_TEST

/* A built network is whole after a call that found no memory. */
START_TEST(built_networks_without_memory)
{
  nai_network *net = build_ei(6, 3, 1);
  const float p[18] = {0};
  nai_spectrum spectrum = NAI_SPECTRUM_INIT;
  static float expected[30 * 9], rates[30 * 9];
  run_with(net, expected);
  uint64_t hash = hash_of(net);
  const char *kernels = nai_network_kernels(net);
  int failures = 0;
  nai_status status = NAI_ERR_MEMORY;
  for (long good = 0; status != NAI_OK; good++, failures++) {
    faults_fail_allocation(good);
    status = nai_network_set_kernels(net, "portable");
    faults_fail_allocation(-1);
    EXPECT(status == NAI_OK || status == NAI_ERR_MEMORY);
    if (status != NAI_OK) ck_assert_str_eq(nai_network_kernels(net), kernels);
    run_with(net, rates);
    for (int k = 0; k < 30 * 9; k++)
      EXPECT(status == NAI_OK ? fabsf(rates[k] - expected[k]) < 1e-5f : rates[k] == expected[k]);
  }
  ck_assert_int_gt(failures, 3);
  failures = 0;
  status = NAI_ERR_MEMORY;
  for (long good = 0; status != NAI_OK; good++, failures++) {
    faults_fail_allocation(good);
    status = nai_network_spectrum(&spectrum, NULL, NULL, 0, net, "*");
    faults_fail_allocation(-1);
    EXPECT(status == NAI_OK || (status == NAI_ERR_MEMORY && spectrum.n == 0));
  }
  ck_assert_int_gt(failures, 4);
  EXPECT(spectrum.n == 9);
  faults_fail_allocation(0);
  status = nai_network_set_positions(net, "E", p, 6);
  faults_fail_allocation(-1);
  ck_assert_int_eq(status, NAI_ERR_MEMORY);
  EXPECT(hash_of(net) == hash);
  expect_ok(nai_network_set_positions(net, "E", p, 6));
  nai_network_destroy(net);
}
END_TEST

/* Squared mean over variance of all entries, absent ones included, of one unit's inputs from E. */
static double mean_against_spread(double density)
{
  nai_network *net = compose_balanced(800, 200);
  nai_constraint *sparse;
  expect_ok(nai_constraint_create_sparse(&sparse, density));
  expect_ok(nai_network_constrain(net, "E I", "E I", sparse));
  nai_constraint_destroy(sparse);
  expect_ok(nai_network_build(net, 4));
  nai_view w = weights_of(net, "E", "E");
  double sum = 0, square = 0, n = 800.0 * 799;
  for (int64_t i = 0; i < 800; i++)
    for (int64_t j = 0; j < 800; j++) {
      sum += (double)at(&w, i, j);
      square += (double)at(&w, i, j) * (double)at(&w, i, j);
    }
  nai_network_destroy(net);
  return sum * sum / n / (square - sum * sum / n);
}

/* What all units share stays bounded: denser networks have weights that differ more. */
START_TEST(balanced_weights_bound_the_mean)
{
  const double density[] = {0.2, 0.4, 1};
  for (int k = 0; k < 3; k++) {
    double ratio = mean_against_spread(density[k]);
    ck_assert_msg(fabs(ratio / (2.0 / 13) - 1) < 0.05, "ratio %g at density %g", ratio, density[k]);
  }
  ck_assert_double_lt(mean_against_spread(0.05), 0.05); /* shape 2: 0.1 / 2.9 */
}
END_TEST

/* sqrt((2 - alpha) / alpha) behind a leak, at most 3; rectified units get sqrt(2) besides. */
START_TEST(inputs_make_up_for_the_leak)
{
  const double tau[] = {20, 50, 100, 1000}, factor[] = {1, 2, 3, 3};
  for (int k = 0; k < 4; k++) {
    nai_network *net;
    expect_ok(nai_network_create(&net, 20.0));
    nai_network_add_input(net, "u", 50);
    nai_network_add_population(net, "a", 400, NAI_FREE);
    nai_network_set(net, "a", "tau", tau[k]);
    nai_network_set_transfer(net, "a", k == 1 ? NAI_TRANSFER_TANH : NAI_TRANSFER_RELU);
    nai_network_connect(net, "u", "a");
    expect_ok(nai_network_build(net, 1));
    nai_view w = weights_of(net, "u", "a");
    double square = 0, expected = factor[k] * sqrt((k == 1 ? 1 : 2) / 50.0);
    for (int64_t i = 0; i < 400; i++)
      for (int64_t j = 0; j < 50; j++) square += (double)at(&w, i, j) * (double)at(&w, i, j);
    ck_assert_double_eq_tol(sqrt(square / 20000), expected, 0.03 * expected);
    nai_network_destroy(net);
  }
}
END_TEST

Suite *network_suite(void);

Suite *network_suite(void)
{
  Suite *suite = suite_create("network");
  ADD_CASE(suite, "composing", names_and_patterns, looking_for_what_is_not_there,
           a_network_without_projections_finds_none, names_that_are_refused, lists_that_are_refused,
           choices_that_are_refused, the_first_error_is_remembered, failed_builds_are_remembered,
           structure_is_fixed_by_the_build, nothing_to_look_at_before_the_build,
           sizes_that_cannot_be, too_many_synapses_are_refused, memory_has_a_limit,
           sizes_that_cannot_be, too_many_synapses_are_refused, the_shortest_and_longest_time_steps,
           null_arguments_of_composing, no_network, null_arguments_of_looking);
  ADD_CASE(suite, "numbers", numbers_are_set_before_and_after_the_build, numbers_of_several_at_once,
           numbers_that_are_refused, leaks_and_transfer_functions, biases);
  ADD_CASE(suite, "delays", delays_are_multiples_of_the_time_step, loops_of_zero_delays_are_named);
  ADD_CASE(suite, "synapses", autapses_are_off_unless_allowed, plastic_and_frozen,
           weights_that_are_set);
  ADD_CASE(suite, "positions", random_places, lattices, places_that_are_given,
           places_that_are_refused);
  ADD_CASE(suite, "initial", balanced_weights_have_radius_one, balance_can_be_switched,
           balanced_weights_bound_the_mean, inputs_make_up_for_the_leak,
           sparse_and_several_populations_are_balanced, the_radius_is_that_of_the_recurrent_units,
           each_kind_has_its_distribution, first_readouts, initial_weights_follow_dale,
           orthogonal_weights, identity_weights, constant_weights,
           constants_of_the_wrong_sign_are_refused, initial_weights_that_are_refused,
           the_radius_is_as_asked);
  ADD_CASE(suite, "spectra", spectra_by_hand, spectra_of_some_populations);
  ADD_CASE(suite, "kernels", kernels_by_name, kernels_are_fixed_while_in_use);
  ADD_CASE(suite, "seeds", seeds);
  ADD_CASE(suite, "memory", composing_and_building_without_memory, built_networks_without_memory);
  return suite;
}
