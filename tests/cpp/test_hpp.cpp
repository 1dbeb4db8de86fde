// The C++ face: that objects are moved and destroyed once, that each status is its exception, that exceptions
// cross callbacks, and that numbers are those of the C interface.
#include <neuroai/neuroai.hpp>

#include <check.h>
#include <cstring>
#include <memory>
#include <type_traits>
#include <vector>

static_assert(!std::is_copy_constructible_v<nai::network> && !std::is_copy_assignable_v<nai::network>);
static_assert(std::is_nothrow_move_constructible_v<nai::network>);
static_assert(std::is_nothrow_move_assignable_v<nai::trainer>);
static_assert(std::is_base_of_v<std::runtime_error, nai::error>);
static_assert(!std::is_convertible_v<double, nai::network>);

namespace {

nai::network composed()
{
  nai::network net(20.0);
  net.add_input("u", 3);
  net.add_population("E", 8, NAI_EXCITATORY);
  net.add_output("z", 3);
  net.connect("u", "E");
  net.connect("E", "E");
  net.connect("E", std::string("z"));
  net.build(1);
  return net;
}

nai::trainer trainer_of(nai::network &net)
{
  nai::trainer trainer(net, nai::rule::bptt(), nai::optimizer::adam(1e-3),
                       nai::task("perceptual-decision-making", net));
  trainer.add_cost(nai::cost::cross_entropy("z"), 1.0);
  return trainer;
}

/* What a function throws: its status and message; 0 and "" if nothing. */
template <class F> std::pair<nai_status, std::string> thrown(F &&function)
{
  try {
    function();
  } catch (const nai::error &error) {
    return {error.status(), error.what()};
  }
  return {NAI_OK, ""};
}

} // namespace

START_TEST(errors_have_the_message_and_the_class_of_their_status)
{
  nai::network net(20.0);
  const auto [status, message] = thrown([&] { net.add_input("u", 0); });
  ck_assert_int_eq(status, NAI_ERR_INVALID);
  ck_assert_str_eq(message.c_str(), nai_last_error());
  ck_assert_ptr_nonnull(std::strstr(message.c_str(), "u"));

  bool caught = false;
  try {
    nai::task("no-such-task", composed());
  } catch (const nai::name_error &error) {
    caught = std::strcmp(error.name(), "NAI_ERR_NAME") == 0;
  }
  ck_assert(caught);
}
END_TEST

START_TEST(every_status_has_its_class)
{
#define THROWS(code, type)                     \
  do {                                         \
    bool right = false;                        \
    nai_set_error("why");                      \
    try {                                      \
      nai::check(code);                        \
    } catch (const type &error) {              \
      right = error.status() == (code);        \
      ck_assert_str_eq(error.what(), "why");   \
    }                                          \
    ck_assert(right);                          \
  } while (0)
  THROWS(NAI_ERR_INVALID, nai::invalid_error);
  THROWS(NAI_ERR_MEMORY, nai::memory_error);
  THROWS(NAI_ERR_NAME, nai::name_error);
  THROWS(NAI_ERR_ORDER, nai::order_error);
  THROWS(NAI_ERR_NONFINITE, nai::nonfinite_error);
  THROWS(NAI_ERR_FILE, nai::file_error);
  THROWS(NAI_ERR_FORMAT, nai::format_error);
  THROWS(NAI_ERR_UNSUPPORTED, nai::unsupported_error);
  THROWS(NAI_ERR_USER, nai::user_error);
  THROWS(-77, nai::error);
  nai::check(NAI_OK);
  nai::check(NAI_STOP);
}
END_TEST

START_TEST(objects_move_and_are_destroyed_once)
{
  nai::network net = composed();
  nai_network *object = net.pointer();
  nai::network other = std::move(net);
  ck_assert(!net && other);
  ck_assert_ptr_eq(other.pointer(), object);
  ck_assert_int_eq(thrown([&] { net.build(1); }).first, NAI_ERR_INVALID);
  net = other.copy();
  ck_assert_ptr_ne(net.pointer(), object);
  other = std::move(net); /* the first one is destroyed here */
  nai_network *given = other.give();
  ck_assert(!other);
  nai::network again(given);
  ck_assert_double_eq(again.dt(), 20.0);
}
END_TEST

START_TEST(what_is_attached_outlives_its_handle)
{
  nai::network net = composed();
  nai::trainer trainer = trainer_of(net);
  net = composed();
  trainer.run(2);
  ck_assert_int_eq(trainer.updates(), 2);
}
END_TEST

START_TEST(numbers_are_those_of_the_c_interface)
{
  nai::network net = composed();
  nai_view view = NAI_VIEW_INIT;
  ck_assert_int_eq(nai_network_weights(&view, net.pointer(), "E", "z"), NAI_OK);
  ck_assert_ptr_eq(net.weights("E", "z").data, view.data);
  ck_assert_float_eq(nai::floats(net.weights("E", "z"))[3], nai::floats(view)[3]);
  const auto [from, to] = net.projection(2);
  ck_assert_str_eq(from, "E");
  ck_assert_str_eq(to, "z");
  ck_assert_int_eq(net.sign("E"), NAI_EXCITATORY);
  ck_assert_str_eq(nai::task::builtin_name(0), nai_task_builtin_name(0));
  ck_assert_str_eq(net.model("E"), "rate");
  bool refused = false;
  try {
    nai::floats(net.mask("E", "z"));
  } catch (const std::invalid_argument &) {
    refused = true;
  }
  ck_assert(refused);

  std::vector<float> input(3, 0.5f), ours(3), theirs(3);
  nai::state state(net, 1, 3);
  nai_state *c_state = nullptr;
  ck_assert_int_eq(nai_state_create(&c_state, net.pointer(), 1, 3), NAI_OK);
  for (int t = 0; t < 5; t++) {
    state.step(ours.data(), input.data());
    ck_assert_int_eq(nai_state_step(theirs.data(), c_state, input.data()), NAI_OK);
  }
  nai_state_destroy(c_state);
  ck_assert(ours == theirs);
}
END_TEST

START_TEST(progress_may_count_stop_and_throw)
{
  nai::network net = composed();
  nai::trainer trainer = trainer_of(net);
  int calls = 0;
  trainer.run(3, [&](const nai_progress &) { calls++; });
  ck_assert_int_eq(calls, 3);
  trainer.run(10, [&](const nai_progress &) { return ++calls < 5; });
  ck_assert_int_eq(calls, 5);
  auto own = std::make_unique<int>(7); /* what can only be moved may be thrown past C */
  int heard = 0;
  try {
    trainer.run(10, [&](const nai_progress &) { throw *own; });
  } catch (int number) {
    heard = number;
  }
  ck_assert_int_eq(heard, 7);
  const auto refused = [](const nai_progress &) -> nai_status { return NAI_ERR_USER; };
  ck_assert_int_eq(thrown([&] { trainer.run(10, refused); }).first, NAI_ERR_USER);
  trainer.run(1); /* and goes on */
}
END_TEST

namespace {
nai_status refuse(void *, nai_synapses *)
{
  return nai::guarded([] { throw std::runtime_error("no such synapse"); });
}
} // namespace

START_TEST(exceptions_in_own_functions_become_errors)
{
  nai_constraint_ops ops{};
  ops.struct_size = sizeof ops;
  ops.name = "own";
  ops.project = refuse;
  nai::network net(20.0);
  net.add_input("u", 1);
  net.add_population("E", 2, NAI_FREE);
  net.connect("u", "E");
  net.constrain("u", "E", nai::constraint(&ops, nullptr));
  const auto [status, message] = thrown([&] { net.build(1); });
  ck_assert_int_eq(status, NAI_ERR_USER);
  ck_assert_ptr_nonnull(std::strstr(message.c_str(), "no such synapse"));

  ck_assert_int_eq(nai::guarded([] {}), NAI_OK);
  ck_assert_int_eq(nai::guarded([] { throw nai::name_error("who"); }), NAI_ERR_NAME);
  ck_assert_str_eq(nai_last_error(), "who");
  ck_assert_int_eq(nai::guarded([] { throw 1; }), NAI_ERR_USER);
}
END_TEST

int main()
{
  TCase *cases = tcase_create("cases");
  tcase_add_test(cases, errors_have_the_message_and_the_class_of_their_status);
  tcase_add_test(cases, every_status_has_its_class);
  tcase_add_test(cases, objects_move_and_are_destroyed_once);
  tcase_add_test(cases, what_is_attached_outlives_its_handle);
  tcase_add_test(cases, numbers_are_those_of_the_c_interface);
  tcase_add_test(cases, progress_may_count_stop_and_throw);
  tcase_add_test(cases, exceptions_in_own_functions_become_errors);
  Suite *suite = suite_create("hpp");
  suite_add_tcase(suite, cases);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  const int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
