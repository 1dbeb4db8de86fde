/*
 * Packed copies of weights: those of an update are of the weights as they are, however theta is cut among
 * threads; and what errors go back through is packed when it is read.
 */
#include <stdlib.h>
#include <string.h>

#include "../lib/kernels/kernels.h"
#include "../lib/network/network.h"
#include "../lib/train/trainer.h"
#include "networks.h"
#include "rules.h"

/*
 * Theta of more than one slice, whose bounds lie within rows. Without recurrence every synapse exists and learns:
 * then the optimiser's is the last word, unless Dale's law is kept, and who moves weights packs them.
 */
static nai_network *build(int64_t n, int is_recurrent, int32_t sign)
{
  nai_network *net =
      COMPOSE(.dt = 20, .inputs = {{"u", 37}},
              .populations = {{"E", n, sign}, {"F", 245, NAI_FREE}}, .outputs = {{"z", 3}},
              .projections = {{"u", "E F"}, {"E", "F z"}, {"F", "E"}});
  if (is_recurrent) expect_ok(nai_network_connect(net, "E", "E"));
  expect_ok(nai_network_build(net, 3));
  return net;
}

static nai_trainer *make_trainer(nai_network *net, int adaptive, int threads)
{
  nai_cost *mse;
  nai_trainer *trainer = trainer_of(net, bptt_rule(), adaptive ? adam(1e-2) : plain_descent(1e-2));
  attach_cost(trainer, nai_cost_create_mse(&mse, "z"), &mse, 1);
  expect_ok(nai_trainer_set(trainer, "threads", threads));
  return trainer;
}

static void expect_packed(const nai_network *net)
{
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    const int64_t floats = net->kernels->packed_size(b->n_pre, b->n_post);
    float *anew = calloc((size_t)floats, sizeof *anew);
    net->kernels->pack(anew, net->theta + b->at.start, b->at.stride, b->n_pre, b->n_post, 1);
    EXPECT(nai__packs_rows(b));
    ck_assert_msg(memcmp(anew, b->forward, (size_t)floats * sizeof *anew) == 0, "block %d", (int)k);
    free(anew);
  }
}

enum { SIZES = 6 };
static const int64_t sizes[SIZES] = {240, 257, 300, 305, 401, 431};

START_TEST(updates_pack_what_they_move)
{
  for (int way = 0; way < 8; way++) {
    nai_network *net = build(sizes[_i], way & 1, way & 2 ? NAI_EXCITATORY : NAI_FREE);
    nai_trainer *trainer = make_trainer(net, way >> 2, 1 + _i % 3);
    nai_trials *trials = normal_trials(net, "z", 3, 5);
    EXPECT(nai__slices(net) > 1);
    for (int k = 0; k < 3; k++) {
      const uint64_t before = hash_of(net);
      expect_ok(nai_trainer_step(NULL, trainer, trials));
      EXPECT(hash_of(net) != before);
      expect_packed(net);
    }
    nai_trials_destroy(trials);
    nai_trainer_destroy(trainer);
    nai_network_destroy(net);
  }
}
END_TEST

/* --- what errors go back through -------------------------------------------------------------- */

static int are_behind(const nai_network *net)
{
  int n = 0;
  for (int64_t k = 0; k < net->n_blocks; k++) n += net->block[k].is_behind;
  return n;
}

static double gradient_of(nai_network *net, nai_rule *rule, const nai_trials *trials)
{
  nai_cost *mse;
  nai_trainer *trainer = trainer_of(net, rule, plain_descent(0));
  attach_cost(trainer, nai_cost_create_mse(&mse, "z"), &mse, 1);
  expect_ok(nai_trainer_estimate_gradient(NULL, trainer, trials));
  const double norm = trainer->plasticity.gradient_norm;
  nai_trainer_destroy(trainer);
  return norm;
}

START_TEST(the_way_back_is_packed_when_it_is_read)
{
  static const char *const readers[] = {"bptt", "truncated_bptt", "snap1", "eprop_symmetric"},
                           *const others[] = {"feedback_alignment", "rflo"};
  nai_network *net = build(20, 1, NAI_FREE), *copy;
  nai_trials *trials = normal_trials(net, "z", 4, 5);
  const int all = are_behind(net);
  ck_assert_int_gt(all, 1);
  for (int k = 0; k < 2; k++) EXPECT(gradient_of(net, rule_named(others[k], 1), trials) > 0);
  ck_assert_int_eq(are_behind(net), all);
  for (int k = 0; k < 4; k++) {
    float w[20 * 20];
    expect_ok(nai_random_normals(w, 20 * 20, (uint64_t)k, 0));
    expect_ok(nai_network_set_weights(net, "E", "z", w, 3, 20));
    for (int i = 0; i < 20; i++) w[i * 21] = 0;
    expect_ok(nai_network_set_weights(net, "E", "E", w, 20, 20));
    expect_ok(nai_network_copy(&copy, net));
    for (int64_t b = 0; b < copy->n_blocks; b++) nai__catch_up(copy, b);
    const double norm = gradient_of(net, rule_named(readers[k], 1), trials);
    EXPECT(norm > 0 && norm == gradient_of(copy, rule_named(readers[k], 1), trials));
    ck_assert_int_lt(are_behind(net), all);
    nai_network_destroy(copy);
  }
  nai_trials_destroy(trials);
  nai_network_destroy(net);
}
END_TEST

Suite *packed_suite(void);

Suite *packed_suite(void)
{
  Suite *suite = suite_create("packed");
  TCase *updates = tcase_create("updates");
  tcase_add_loop_test(updates, updates_pack_what_they_move, 0, SIZES);
  suite_add_tcase(suite, updates);
  ADD_CASE(suite, "back", the_way_back_is_packed_when_it_is_read);
  return suite;
}
