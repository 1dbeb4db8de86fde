/* The synapses of projections as arrays: held against the matrices, their order, room, refusals; weights set in it. */
#include <math.h>
#include <string.h>

#include "faults.h"
#include "networks.h"

enum { MOST = 2000 };

/* Room for all arrays. */
typedef struct arrays {
  int32_t projection[MOST], post[MOST], pre[MOST], copy[MOST];
  float weight[MOST];
  double delay[MOST];
  uint8_t plastic[MOST];
  int64_t n;
} arrays;

static nai_synapse_arrays room_of(arrays *a)
{
  nai_synapse_arrays room = NAI_SYNAPSE_ARRAYS_INIT;
  room.projection = a->projection;
  room.post = a->post;
  room.pre = a->pre;
  room.copy = a->copy;
  room.weight = a->weight;
  room.delay = a->delay;
  room.plastic = a->plastic;
  return room;
}

/* As a program does it: how many, then all of them. */
static void take(arrays *a, const nai_network *net, const char *from, const char *to)
{
  int64_t n = -1;
  nai_synapse_arrays room = room_of(a);
  expect_ok(nai_network_synapses(NULL, 0, &n, net, from, to));
  ck_assert(n >= 0 && n <= MOST);
  expect_ok(nai_network_synapses(&room, n, &a->n, net, from, to));
  ck_assert_int_eq(a->n, n);
}

/* Units of the receiver of a projection, without its copies. */
static int64_t units_of(const nai_network *net, const char *to)
{
  char name[64];
  size_t length = strcspn(to, ":");
  memcpy(name, to, length);
  name[length] = '\0';
  int64_t n = nai_network_size(net, NAI_POPULATIONS, name);
  return n >= 0 ? n : nai_network_size(net, NAI_OUTPUTS, name);
}

static void check_one(const arrays *a, int64_t k, const nai_network *net)
{
  const char *from, *to;
  double delay;
  expect_ok(nai_network_projection(&from, &to, net, a->projection[k]));
  nai_view w = weights_of(net, from, to), mask = mask_of(net, from, to),
           plastic = plastic_of(net, from, to);
  int64_t row = a->copy[k] * units_of(net, to) + a->post[k];
  ck_assert(row >= 0 && row < w.shape[0] && a->pre[k] >= 0 && a->pre[k] < w.shape[1]);
  const uint8_t *there = mask.data, *learns = plastic.data;
  expect_ok(nai_network_delay(&delay, net, from, to));
  ck_assert(there[row * mask.stride[0] + a->pre[k]] == 1);
  ck_assert(a->weight[k] == at(&w, row, a->pre[k]) && a->delay[k] == delay);
  ck_assert_int_eq(a->plastic[k], learns[row * plastic.stride[0] + a->pre[k]]);
}

static int64_t number_of(const nai_network *net, int32_t kind, const char *end)
{
  size_t length = strcspn(end, ":");
  for (int64_t i = 0; i < nai_network_count(net, kind); i++) {
    const char *name = nai_network_name(net, kind, i);
    if (strlen(name) == length && strncmp(name, end, length) == 0) return i;
  }
  return -1;
}

/* Where an end stands: populations behind inputs, outputs behind populations. */
static int64_t place_of(const nai_network *net, const char *end, int sends)
{
  int64_t at = number_of(net, NAI_POPULATIONS, end);
  if (at >= 0) return sends ? 1000 + at : at;
  return sends ? number_of(net, NAI_INPUTS, end) : 1000 + number_of(net, NAI_OUTPUTS, end);
}

static void check_order(const arrays *a, const nai_network *net)
{
  int64_t before[6] = {-1};
  for (int64_t k = 0; k < a->n; k++) {
    const char *from, *to;
    expect_ok(nai_network_projection(&from, &to, net, a->projection[k]));
    int64_t now[6] = {place_of(net, to, 0), a->post[k], place_of(net, from, 1), a->pre[k],
                      a->projection[k],     a->copy[k]};
    int m = 0;
    while (m < 6 && now[m] == before[m]) m++;
    ck_assert_msg(m < 6 && now[m] > before[m], "synapse %lld is out of order", (long long)k);
    memcpy(before, now, sizeof now);
  }
}

/* Synapses in the masks of all projections. */
static int64_t existing(const nai_network *net)
{
  int64_t n = 0;
  for (int64_t k = 0; k < nai_network_count(net, NAI_PROJECTIONS); k++) {
    const char *from, *to;
    expect_ok(nai_network_projection(&from, &to, net, k));
    nai_view mask = mask_of(net, from, to);
    for (int64_t i = 0; i < mask.shape[0]; i++)
      for (int64_t j = 0; j < mask.shape[1]; j++)
        n += ((const uint8_t *)mask.data)[i * mask.stride[0] + j];
  }
  return n;
}

static void check_all(arrays *a, const nai_network *net)
{
  take(a, net, "*", "*");
  ck_assert_int_eq(a->n, existing(net));
  for (int64_t k = 0; k < a->n; k++) check_one(a, k, net);
  check_order(a, net);
}

START_TEST(of_a_network_with_everything)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  arrays a;
  int fixed = 0, delays = 0;
  check_all(&a, net);
  for (int64_t k = 0; k < a.n; k++) {
    ck_assert_int_eq(a.copy[k], 0);
    fixed += a.plastic[k] == 0;
    delays += a.delay[k] == 30;
  }
  ck_assert(fixed > 0 && delays > 0);
  nai_network_destroy(net);
}
END_TEST

/* Two ports of one unit, of which one has copies, from the same senders; outputs before populations. */
static nai_network *compose_branched(void)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 10));
  expect_ok(nai_network_add_output(net, "z", 2));
  expect_ok(nai_network_add_population(net, "I", 3, NAI_INHIBITORY));
  expect_ok(nai_network_add_population(net, "E", 5, NAI_EXCITATORY));
  expect_ok(nai_network_add_input(net, "in", 2));
  expect_ok(nai_network_set_model(net, "E", "dendritic"));
  expect_ok(nai_network_set_model_size(net, "E", "branches", 3));
  expect_ok(nai_network_connect(net, "E", "z"));
  expect_ok(nai_network_connect(net, "E", "E:soma"));
  expect_ok(nai_network_connect(net, "I", "E:dendrite-"));
  expect_ok(nai_network_connect(net, "in", "E:soma I"));
  expect_ok(nai_network_connect(net, "E", "E:dendrite+ I"));
  make_sparse(net, "E", 0.6);
  return net;
}

START_TEST(of_units_with_branches)
{
  nai_network *net = compose_branched();
  arrays a;
  int copies[3] = {0};
  expect_ok(nai_network_build(net, 3));
  check_all(&a, net);
  take(&a, net, "E", "E:dendrite+");
  for (int64_t k = 0; k < a.n; k++) copies[a.copy[k]]++;
  ck_assert(copies[0] > 0 && copies[1] > 0 && copies[2] > 0 &&
            copies[0] + copies[1] + copies[2] == a.n);
  nai_network_destroy(net);
}
END_TEST

START_TEST(of_the_projections_that_are_named)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  arrays all, some;
  int64_t n = 0;
  take(&all, net, "*", "*");
  take(&some, net, "E lay*", "I real");
  for (int64_t k = 0; k < all.n; k++) {
    const char *from, *to;
    expect_ok(nai_network_projection(&from, &to, net, all.projection[k]));
    if (strcmp(from, "E") != 0 && strcmp(from, "layer") != 0) continue;
    if (strcmp(to, "I") != 0 && strcmp(to, "real") != 0) continue;
    ck_assert(n < some.n && some.post[n] == all.post[k] && some.pre[n] == all.pre[k] &&
              some.projection[n] == all.projection[k]);
    n++;
  }
  ck_assert(n == some.n && n > 0);
  nai_network_destroy(net);
}
END_TEST

START_TEST(as_many_as_there_is_room_for)
{
  nai_network *net = build_ei(4, 2, 1);
  arrays all, few;
  int64_t n = 0;
  take(&all, net, "E I", "E I");
  memset(&few, 77, sizeof few);
  nai_synapse_arrays room = room_of(&few);
  room.weight = NULL;
  expect_ok(nai_network_synapses(&room, 3, &n, net, "E I", "E I"));
  ck_assert_int_eq(n, all.n);
  ck_assert(memcmp(few.post, all.post, 3 * sizeof(int32_t)) == 0 && few.post[3] == 0x4d4d4d4d);
  ck_assert(memcmp(few.delay, all.delay, 3 * sizeof(double)) == 0 && few.plastic[3] == 77);
  nai_synapse_arrays none = NAI_SYNAPSE_ARRAYS_INIT;
  expect_ok(nai_network_synapses(&none, 5, &n, net, "E I", "E I"));
  ck_assert_int_eq(n, all.n);
  nai_network_destroy(net);
}
END_TEST

START_TEST(a_mask_that_is_set_takes_synapses_away)
{
  nai_network *net = build_ei(4, 2, 1);
  static const uint8_t mask[4] = {1, 0, 0, 0};
  arrays a;
  take(&a, net, "I", "I");
  ck_assert_int_eq(a.n, 2);
  expect_ok(nai_network_set_mask(net, "I", "I", mask, 2, 2));
  take(&a, net, "I", "I");
  ck_assert_int_eq(a.n, 0);
  nai_network_destroy(net);
}
END_TEST

/* One step from input 1 of everything. */
static void step(float *out, const nai_network *net, int64_t n_inputs)
{
  float inputs[16];
  nai_state *state;
  ck_assert(n_inputs <= 16);
  for (int64_t k = 0; k < n_inputs; k++) inputs[k] = 1;
  expect_ok(nai_state_create(&state, net, 1, 0));
  for (int t = 0; t < 3; t++) expect_ok(nai_state_step(out, state, inputs));
  nai_state_destroy(state);
}

static void check_set(nai_network *net, const char *from, const char *to)
{
  nai_network *other;
  arrays before, now;
  float one[16] = {0}, matrices[16] = {0};
  const int64_t n_inputs = nai_network_size(net, NAI_INPUTS, NULL);
  take(&before, net, from, to);
  expect_ok(nai_network_copy(&other, net));
  for (int64_t k = 0; k < before.n; k++) before.weight[k] *= 0.5F + (float)(k % 7);
  expect_ok(nai_network_set_synapse_weights(net, from, to, before.weight, before.n));
  take(&now, net, from, to);
  ck_assert(memcmp(now.weight, before.weight, (size_t)now.n * sizeof(float)) == 0);
  for (int64_t k = 0; k < nai_network_count(net, NAI_PROJECTIONS); k++) { /* the same by matrices */
    float matrix[MOST] = {0};
    const char *source, *target;
    expect_ok(nai_network_projection(&source, &target, net, k));
    nai_view w = weights_of(net, source, target);
    ck_assert(w.shape[0] * w.shape[1] <= MOST);
    for (int64_t i = 0; i < w.shape[0]; i++)
      for (int64_t j = 0; j < w.shape[1]; j++) matrix[i * w.shape[1] + j] = at(&w, i, j);
    expect_ok(nai_network_set_weights(other, source, target, matrix, w.shape[0], w.shape[1]));
  }
  step(one, net, n_inputs);
  step(matrices, other, n_inputs);
  ck_assert(memcmp(one, matrices, sizeof one) == 0);
  nai_network_destroy(other);
}

START_TEST(weights_are_set_in_that_order)
{
  nai_network *net = build_everything(NAI_TRANSFER_TANH, NULL);
  check_set(net, "*", "*");
  check_set(net, "E lay*", "I real");
  nai_network_destroy(net);
  net = compose_branched();
  expect_ok(nai_network_build(net, 3));
  check_set(net, "*", "*");
  nai_network_destroy(net);
}
END_TEST

START_TEST(weights_that_are_no_others_leave_all_as_it_is)
{
  nai_network *net = compose_ei(4, 2);
  arrays a;
  int32_t storage = -1;
  expect_ok(nai_network_set_initial_weights(net, "E", "I", NAI_WEIGHTS_CONSTANT, 0.1, 0));
  expect_ok(nai_network_set_plastic(net, "E", "I", 0));
  expect_ok(nai_network_set_storage(net, "E", "I", NAI_STORAGE_SHARED));
  expect_ok(nai_network_build(net, 1));
  take(&a, net, "*", "*");
  expect_ok(nai_network_set_synapse_weights(net, "*", "*", a.weight, a.n));
  expect_ok(nai_network_storage(&storage, net, "E", "I"));
  ck_assert_int_eq(storage, NAI_STORAGE_SHARED);
  take(&a, net, "E", "I");
  a.weight[1] = 0.2F;
  expect_ok(nai_network_set_synapse_weights(net, "E", "I", a.weight, a.n));
  expect_ok(nai_network_storage(&storage, net, "E", "I"));
  ck_assert_int_eq(storage, NAI_STORAGE_DENSE);
  check_set(net, "*", "*");
  nai_network_destroy(net);
}
END_TEST

START_TEST(weights_that_are_wrong_are_refused)
{
  nai_network *net = compose_ei(4, 2);
  arrays a, now;
  float w[MOST] = {0};
  expect_fails(nai_network_set_synapse_weights(net, "E", "E", w, 1), NAI_ERR_ORDER, "not built");
  expect_ok(nai_network_build(net, 1));
  take(&a, net, "E I", "E I");
  memcpy(w, a.weight, sizeof w);
  expect_fails(nai_network_set_synapse_weights(NULL, "E", "E", w, 1), NAI_ERR_INVALID,
               "net is NULL");
  expect_fails(nai_network_set_synapse_weights(net, "E", "E", NULL, 1), NAI_ERR_INVALID,
               "weights is NULL");
  expect_fails(nai_network_set_synapse_weights(net, "E", "E", w, -1), NAI_ERR_INVALID, "n is -1");
  expect_fails(nai_network_set_synapse_weights(net, "X", "E", w, 1), NAI_ERR_NAME, "'X'");
  expect_fails(nai_network_set_synapse_weights(net, "E I", "E I", w, a.n - 1), NAI_ERR_INVALID,
               "n is 29, must be 30: so many synapses are there from 'E I' to 'E I'");
  expect_fails(nai_network_set_synapse_weights(net, "E I", "E I", w, a.n + 1), NAI_ERR_INVALID,
               "n is 31, must be 30");
  w[a.n - 1] = NAN;
  w[0] = 7;
  expect_fails(nai_network_set_synapse_weights(net, "E I", "E I", w, a.n), NAI_ERR_NONFINITE,
               "weights[29] is nan");
  w[a.n - 1] = 1;
  expect_fails(nai_network_set_synapse_weights(net, "E I", "E I", w, a.n), NAI_ERR_INVALID,
               "weights[29] is 1, must be at most 0 from 'I' to 'I'");
  for (int64_t k = 0; k < 2; k++) {
    faults_fail_allocation(k);
    nai_status status = nai_network_set_synapse_weights(net, "E I", "E I", a.weight, a.n);
    faults_fail_allocation(-1);
    expect_fails(status, NAI_ERR_MEMORY, "memory");
  }
  take(&now, net, "E I", "E I");
  ck_assert(memcmp(now.weight, a.weight, (size_t)a.n * sizeof(float)) == 0);
  nai_network_destroy(net);
}
END_TEST

START_TEST(what_is_wrong_is_refused)
{
  nai_network *net = compose_ei(4, 2);
  arrays a;
  nai_synapse_arrays room = room_of(&a);
  int64_t n = 5;
  expect_fails(nai_network_synapses(NULL, 0, &n, net, "E", "E"), NAI_ERR_ORDER, "not built");
  expect_ok(nai_network_build(net, 1));
  expect_fails(nai_network_synapses(NULL, 0, NULL, net, "E", "E"), NAI_ERR_INVALID,
               "count is NULL");
  expect_fails(nai_network_synapses(NULL, 0, &n, NULL, "E", "E"), NAI_ERR_INVALID, "net is NULL");
  expect_fails(nai_network_synapses(NULL, 0, &n, net, NULL, "E"), NAI_ERR_INVALID, "from is NULL");
  expect_fails(nai_network_synapses(NULL, 0, &n, net, "E", NULL), NAI_ERR_INVALID, "to is NULL");
  expect_fails(nai_network_synapses(NULL, 3, &n, net, "E", "E"), NAI_ERR_INVALID, "arrays is NULL");
  expect_fails(nai_network_synapses(&room, -1, &n, net, "E", "E"), NAI_ERR_INVALID,
               "capacity is -1, must be at least 0");
  expect_fails(nai_network_synapses(NULL, 0, &n, net, "X", "E"), NAI_ERR_NAME, "'X'");
  expect_fails(nai_network_synapses(NULL, 0, &n, net, "I", "choice"), NAI_ERR_NAME,
               "there is no projection from 'I' to 'choice'");
  room.struct_size = 8;
  expect_fails(nai_network_synapses(&room, 3, &n, net, "E", "E"), NAI_ERR_INVALID,
               "arrays: struct_size is 8");
  ck_assert_int_eq(n, 5);
  nai_network_destroy(net);
}
END_TEST

START_TEST(without_memory)
{
  nai_network *net = build_ei(4, 2, 1);
  int64_t n = 5;
  faults_fail_allocation(0);
  nai_status status = nai_network_synapses(NULL, 0, &n, net, "E", "E");
  faults_fail_allocation(-1);
  expect_fails(status, NAI_ERR_MEMORY, "memory");
  ck_assert_int_eq(n, 5);
  nai_network_destroy(net);
}
END_TEST

Suite *synapses_suite(void);

Suite *synapses_suite(void)
{
  Suite *suite = suite_create("synapses");
  ADD_CASE(suite, "arrays", of_a_network_with_everything, of_units_with_branches,
           of_the_projections_that_are_named, as_many_as_there_is_room_for,
           a_mask_that_is_set_takes_synapses_away);
  ADD_CASE(suite, "weights", weights_are_set_in_that_order,
           weights_that_are_no_others_leave_all_as_it_is, weights_that_are_wrong_are_refused);
  ADD_CASE(suite, "refusals", what_is_wrong_is_refused, without_memory);
  return suite;
}
