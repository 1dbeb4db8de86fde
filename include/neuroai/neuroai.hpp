/**
 * @file neuroai.hpp
 * @brief libneuroai for C++17: objects that destroy themselves, and exceptions. Header only.
 *
 * `nai_network` is `nai::network`, `nai_network_connect(net, "E", "I")` is `net.connect("E", "I")`,
 * `nai_rule_create_rflo(&rule, 2)` is `nai::rule::rflo(2)`: the C headers are the reference. What a
 * C function fills before its object a method returns (two of them as a std::pair); arrays are the
 * caller's, as in C. A call that fails throws nai::error with the library's message.
 *
 * Objects can be moved, and copied where C has a function for it (network.copy()). They are attached
 * and destroyed in any order. C++ exceptions may leave the callback of trainer.run(); within a table
 * of one's own functions (extend.h) nai::guarded() turns them into a status, for they may not pass
 * through C.
 *
 * Written from the C headers by bindings/cpp/make.py (make hpp); not to be edited.
 */
#ifndef NEUROAI_HPP
#define NEUROAI_HPP

#include <neuroai/extend.h>
#include <neuroai/neuroai.h>

#include <exception>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace nai {

// --- errors -------------------------------------------------------------------------------------

/// A call that failed: what() is the message of nai_last_error().
class error : public std::runtime_error {
public:
  error(nai_status status, const char *message) : std::runtime_error(message), status_(status) {}
  /// The code, such as NAI_ERR_NAME.
  nai_status status() const { return status_; }
  /// Its name, such as "NAI_ERR_NAME".
  const char *name() const { return nai_status_name(status_); }

private:
  nai_status status_;
};

/// The errors of one code.
template <nai_status code> class error_of : public error {
public:
  explicit error_of(const char *message) : error(code, message) {}
};

using invalid_error = error_of<NAI_ERR_INVALID>;
using memory_error = error_of<NAI_ERR_MEMORY>;
using name_error = error_of<NAI_ERR_NAME>;
using order_error = error_of<NAI_ERR_ORDER>;
using nonfinite_error = error_of<NAI_ERR_NONFINITE>;
using file_error = error_of<NAI_ERR_FILE>;
using format_error = error_of<NAI_ERR_FORMAT>;
using unsupported_error = error_of<NAI_ERR_UNSUPPORTED>;
using user_error = error_of<NAI_ERR_USER>;

/// Throws if a call of the C interface failed.
inline void check(nai_status status)
{
  switch (status) {
  case NAI_ERR_INVALID: throw invalid_error(nai_last_error());
  case NAI_ERR_MEMORY: throw memory_error(nai_last_error());
  case NAI_ERR_NAME: throw name_error(nai_last_error());
  case NAI_ERR_ORDER: throw order_error(nai_last_error());
  case NAI_ERR_NONFINITE: throw nonfinite_error(nai_last_error());
  case NAI_ERR_FILE: throw file_error(nai_last_error());
  case NAI_ERR_FORMAT: throw format_error(nai_last_error());
  case NAI_ERR_UNSUPPORTED: throw unsupported_error(nai_last_error());
  case NAI_ERR_USER: throw user_error(nai_last_error());
  default:
    if (status < 0) throw error(status, nai_last_error());
  }
}

/// For callbacks that C calls: what `function` throws becomes a status and a message.
template <class F> nai_status guarded(F &&function) noexcept
{
  try {
    function();
    return NAI_OK;
  } catch (const error &caught) {
    nai_set_error(caught.what());
    return caught.status();
  } catch (const std::exception &caught) {
    nai_set_error(caught.what());
  } catch (...) {
    nai_set_error("an exception of no known type");
  }
  return NAI_ERR_USER;
}

// --- objects ------------------------------------------------------------------------------------

/// Owns an object of the library.
template <class T, void (*destroy)(T *)> class handle {
public:
  /// None: calls with it fail.
  handle() = default;
  /// Takes over what a C function made.
  explicit handle(T *owned) : pointer_(owned) {}
  handle(handle &&other) noexcept : pointer_(other.give()) {}
  handle &operator=(handle &&other) noexcept
  {
    take(other.give());
    return *this;
  }
  handle(const handle &) = delete;
  handle &operator=(const handle &) = delete;
  ~handle() { take(nullptr); }

  /// The object, for functions of the C interface.
  T *pointer() const { return pointer_; }
  explicit operator bool() const { return pointer_ != nullptr; }
  /// Gives the object up to the caller, who destroys it.
  T *give() noexcept { return std::exchange(pointer_, nullptr); }

protected:
  void take(T *owned) noexcept
  {
    T *before = std::exchange(pointer_, owned);
    if (before != owned) destroy(before);
  }

private:
  T *pointer_ = nullptr;
};

/// An object that is given to a call: a handle, a pointer of C, or nullptr.
template <class T> struct ref {
  ref(std::nullptr_t) : pointer(nullptr) {}
  ref(T *object) : pointer(object) {}
  template <void (*destroy)(T *)> ref(const handle<T, destroy> &object) : pointer(object.pointer())
  {
  }
  T *pointer;
};

/// A string that is given to a call: that of C or of C++, or nullptr.
struct text {
  text(std::nullptr_t) : pointer(nullptr) {}
  text(const char *string) : pointer(string) {}
  text(const std::string &string) : pointer(string.c_str()) {}
  const char *pointer;
};

/// The numbers of a view, which is the library's to keep.
inline const float *floats(const nai_view &view)
{
  if (view.dtype != NAI_FLOAT32) throw std::invalid_argument("the view has no float32");
  return static_cast<const float *>(view.data);
}

/// nai_trainer_run() with a function that may throw.
template <class F> void run_watched(nai_trainer *trainer, int64_t steps, F &progress)
{
  struct call {
    F &progress;
    std::exception_ptr thrown;
    static nai_status made(const nai_progress *now, void *user)
    {
      call &self = *static_cast<call *>(user);
      try {
        using result = decltype(self.progress(*now));
        if constexpr (std::is_void_v<result>) {
          self.progress(*now);
          return NAI_OK;
        } else if constexpr (std::is_same_v<result, bool>) {
          return self.progress(*now) ? NAI_OK : NAI_STOP;
        } else {
          return self.progress(*now);
        }
      } catch (...) {
        self.thrown = std::current_exception();
        nai_set_error("the progress callback threw an exception");
        return NAI_ERR_USER;
      }
    }
  } user{progress, nullptr};
  const nai_status status = nai_trainer_run(trainer, steps, call::made, &user);
  if (user.thrown) std::rethrow_exception(user.thrown);
  check(status);
}

/// nai_agent
class agent : public handle<nai_agent, nai_agent_destroy> {
public:
  using handle::handle;
  explicit agent(ref<nai_trainer> trainer)
  {
    nai_agent *out_ = nullptr;
    nai::check(nai_agent_create(&out_, trainer.pointer));
    take(out_);
  }
  void begin() { nai::check(nai_agent_begin(pointer())); }
  void step(float *output, const nai_experience *now)
  {
    nai::check(nai_agent_step(output, pointer(), now));
  }
  void rest() { nai::check(nai_agent_rest(pointer())); }
  void intervene(const nai_intervention *interventions, int64_t n)
  {
    nai::check(nai_agent_intervene(pointer(), interventions, n));
  }
  void release(text names) { nai::check(nai_agent_release(pointer(), names.pointer)); }
  void release_units(text names, const int64_t *units, int64_t n)
  {
    nai::check(nai_agent_release_units(pointer(), names.pointer, units, n));
  }
  void release_synapses(text from, text to)
  {
    nai::check(nai_agent_release_synapses(pointer(), from.pointer, to.pointer));
  }
  nai_view activity(text name) const
  {
    nai_view out_ = NAI_VIEW_INIT;
    nai::check(nai_agent_activity(&out_, pointer(), name.pointer));
    return out_;
  }
  nai_view gradient(text from, text to) const
  {
    nai_view out_ = NAI_VIEW_INIT;
    nai::check(nai_agent_gradient(&out_, pointer(), from.pointer, to.pointer));
    return out_;
  }
  int64_t updates() const { return nai_agent_updates(pointer()); }
};

/// nai_areas
class areas : public handle<nai_areas, nai_areas_destroy> {
public:
  using handle::handle;
  areas(text names, const double *distance, const double *level, int64_t n,
      const nai_areas_rule *rule, uint64_t seed)
  {
    nai_areas *out_ = nullptr;
    nai::check(nai_areas_create(&out_, names.pointer, distance, level, n, rule, seed));
    take(out_);
  }
  static nai_areas_rule rule_find(text species)
  {
    nai_areas_rule out_ = NAI_AREAS_RULE_INIT;
    nai::check(nai_areas_rule_find(&out_, species.pointer));
    return out_;
  }
  static void place(double *position, int64_t n, double radius, uint64_t seed)
  {
    nai::check(nai_areas_place(position, n, radius, seed));
  }
  static void measure(double *distance, const double *position, int64_t n, double radius)
  {
    nai::check(nai_areas_measure(distance, position, n, radius));
  }
  int64_t count() const { return nai_areas_count(pointer()); }
  const char *name(int64_t index) const { return nai_areas_name(pointer(), index); }
  void read(double *values, int32_t what) const
  {
    nai::check(nai_areas_read(values, pointer(), what));
  }
  int64_t plan(ref<nai_network> net, const nai_streams *streams)
  {
    int64_t count_{};
    nai::check(nai_areas_plan(&count_, pointer(), net.pointer, streams));
    return count_;
  }
  nai_areas_projection planned(int64_t index) const
  {
    nai_areas_projection out_ = NAI_AREAS_PROJECTION_INIT;
    nai::check(nai_areas_planned(&out_, pointer(), index));
    return out_;
  }
};

/// nai_constraint
class constraint : public handle<nai_constraint, nai_constraint_destroy> {
public:
  using handle::handle;
  constraint(const nai_constraint_ops *ops, void *user)
  {
    nai_constraint *out_ = nullptr;
    nai::check(nai_constraint_create(&out_, ops, user));
    take(out_);
  }
  static nai::constraint sparse(double density)
  {
    nai_constraint *out_ = nullptr;
    nai::check(nai_constraint_create_sparse(&out_, density));
    return nai::constraint(out_);
  }
  static nai::constraint mask(const uint8_t *mask, int64_t n_post, int64_t n_pre)
  {
    nai_constraint *out_ = nullptr;
    nai::check(nai_constraint_create_mask(&out_, mask, n_post, n_pre));
    return nai::constraint(out_);
  }
  static nai::constraint dale(int32_t mode)
  {
    nai_constraint *out_ = nullptr;
    nai::check(nai_constraint_create_dale(&out_, mode));
    return nai::constraint(out_);
  }
  static nai::constraint sign(int32_t sign)
  {
    nai_constraint *out_ = nullptr;
    nai::check(nai_constraint_create_sign(&out_, sign));
    return nai::constraint(out_);
  }
  static nai::constraint nonnegative()
  {
    nai_constraint *out_ = nullptr;
    nai::check(nai_constraint_create_nonnegative(&out_));
    return nai::constraint(out_);
  }
  static nai::constraint fixed(const uint8_t *fixed, int64_t n_post, int64_t n_pre)
  {
    nai_constraint *out_ = nullptr;
    nai::check(nai_constraint_create_fixed(&out_, fixed, n_post, n_pre));
    return nai::constraint(out_);
  }
  static nai::constraint max_weight(double limit)
  {
    nai_constraint *out_ = nullptr;
    nai::check(nai_constraint_create_max_weight(&out_, limit));
    return nai::constraint(out_);
  }
  static nai::constraint distance(double peak, double length)
  {
    nai_constraint *out_ = nullptr;
    nai::check(nai_constraint_create_distance(&out_, peak, length));
    return nai::constraint(out_);
  }
  static nai::constraint indegree(int64_t indegree)
  {
    nai_constraint *out_ = nullptr;
    nai::check(nai_constraint_create_indegree(&out_, indegree));
    return nai::constraint(out_);
  }
  static nai::constraint outdegree(int64_t outdegree)
  {
    nai_constraint *out_ = nullptr;
    nai::check(nai_constraint_create_outdegree(&out_, outdegree));
    return nai::constraint(out_);
  }
  static nai::constraint total(int64_t total)
  {
    nai_constraint *out_ = nullptr;
    nai::check(nai_constraint_create_total(&out_, total));
    return nai::constraint(out_);
  }
  static nai::constraint indegree_multapses(int64_t indegree)
  {
    nai_constraint *out_ = nullptr;
    nai::check(nai_constraint_create_indegree_multapses(&out_, indegree));
    return nai::constraint(out_);
  }
  static nai::constraint total_multapses(int64_t total)
  {
    nai_constraint *out_ = nullptr;
    nai::check(nai_constraint_create_total_multapses(&out_, total));
    return nai::constraint(out_);
  }
  static nai::constraint list(const int64_t *pre, const int64_t *post, int64_t n)
  {
    nai_constraint *out_ = nullptr;
    nai::check(nai_constraint_create_list(&out_, pre, post, n));
    return nai::constraint(out_);
  }
};

/// nai_cost
class cost : public handle<nai_cost, nai_cost_destroy> {
public:
  using handle::handle;
  cost(const nai_cost_ops *ops, text names, text to, void *user)
  {
    nai_cost *out_ = nullptr;
    nai::check(nai_cost_create(&out_, ops, names.pointer, to.pointer, user));
    take(out_);
  }
  static nai::cost mse(text output)
  {
    nai_cost *out_ = nullptr;
    nai::check(nai_cost_create_mse(&out_, output.pointer));
    return nai::cost(out_);
  }
  static nai::cost cross_entropy(text output)
  {
    nai_cost *out_ = nullptr;
    nai::check(nai_cost_create_cross_entropy(&out_, output.pointer));
    return nai::cost(out_);
  }
  static nai::cost logistic_mse(text output)
  {
    nai_cost *out_ = nullptr;
    nai::check(nai_cost_create_logistic_mse(&out_, output.pointer));
    return nai::cost(out_);
  }
  static nai::cost binary_cross_entropy(text output)
  {
    nai_cost *out_ = nullptr;
    nai::check(nai_cost_create_binary_cross_entropy(&out_, output.pointer));
    return nai::cost(out_);
  }
  static nai::cost l1_weights(text from, text to)
  {
    nai_cost *out_ = nullptr;
    nai::check(nai_cost_create_l1_weights(&out_, from.pointer, to.pointer));
    return nai::cost(out_);
  }
  static nai::cost l2_weights(text from, text to)
  {
    nai_cost *out_ = nullptr;
    nai::check(nai_cost_create_l2_weights(&out_, from.pointer, to.pointer));
    return nai::cost(out_);
  }
  static nai::cost distance(text from, text to)
  {
    nai_cost *out_ = nullptr;
    nai::check(nai_cost_create_distance(&out_, from.pointer, to.pointer));
    return nai::cost(out_);
  }
  static nai::cost communicability(text from, text to, double exponent)
  {
    nai_cost *out_ = nullptr;
    nai::check(nai_cost_create_communicability(&out_, from.pointer, to.pointer, exponent));
    return nai::cost(out_);
  }
  static nai::cost l1_rates(text names)
  {
    nai_cost *out_ = nullptr;
    nai::check(nai_cost_create_l1_rates(&out_, names.pointer));
    return nai::cost(out_);
  }
  static nai::cost l2_rates(text names)
  {
    nai_cost *out_ = nullptr;
    nai::check(nai_cost_create_l2_rates(&out_, names.pointer));
    return nai::cost(out_);
  }
  static nai::cost vanishing_gradient(text names)
  {
    nai_cost *out_ = nullptr;
    nai::check(nai_cost_create_vanishing_gradient(&out_, names.pointer));
    return nai::cost(out_);
  }
  static nai::cost rate_target(text names, double target)
  {
    nai_cost *out_ = nullptr;
    nai::check(nai_cost_create_rate_target(&out_, names.pointer, target));
    return nai::cost(out_);
  }
  static nai::cost unit_rate_target(text names, double target)
  {
    nai_cost *out_ = nullptr;
    nai::check(nai_cost_create_unit_rate_target(&out_, names.pointer, target));
    return nai::cost(out_);
  }
  void set_normalise(int32_t normalise)
  {
    nai::check(nai_cost_set_normalise(pointer(), normalise));
  }
  const char *name() const { return nai_cost_name(pointer()); }
};

/// nai_curriculum
class curriculum : public handle<nai_curriculum, nai_curriculum_destroy> {
public:
  using handle::handle;
  curriculum()
  {
    nai_curriculum *out_ = nullptr;
    nai::check(nai_curriculum_create(&out_));
    take(out_);
  }
  void add_stage(text name, double criterion, int64_t evaluations)
  {
    nai::check(nai_curriculum_add_stage(pointer(), name.pointer, criterion, evaluations));
  }
  void set(text stage, text parameter, const double *values, int64_t n)
  {
    nai::check(nai_curriculum_set(pointer(), stage.pointer, parameter.pointer, values, n));
  }
  void add_staircase(text stage, const nai_staircase *staircase)
  {
    nai::check(nai_curriculum_add_staircase(pointer(), stage.pointer, staircase));
  }
  void on_stage(nai_stage_callback callback, void *user)
  {
    nai::check(nai_curriculum_on_stage(pointer(), callback, user));
  }
  int64_t stage_count() const { return nai_curriculum_stage_count(pointer()); }
};

/// nai_evaluation
class evaluation : public handle<nai_evaluation, nai_evaluation_destroy> {
public:
  using handle::handle;
  evaluation(ref<nai_network> net, ref<nai_task> task, int64_t trials, uint64_t seed,
      int64_t threads)
  {
    nai_evaluation *out_ = nullptr;
    nai::check(nai_evaluation_create(&out_, net.pointer, task.pointer, trials, seed, threads));
    take(out_);
  }
  static nai::evaluation with(ref<nai_network> net, ref<nai_task> task, int64_t trials,
      const nai_evaluation_options *options = nullptr)
  {
    nai_evaluation *out_ = nullptr;
    nai::check(nai_evaluation_create_with(&out_, net.pointer, task.pointer, trials, options));
    return nai::evaluation(out_);
  }
  static nai::evaluation from_trials(ref<nai_network> net, ref<nai_trials> trials,
      ref<nai_task> task, const nai_evaluation_options *options = nullptr)
  {
    nai_evaluation *out_ = nullptr;
    nai::check(nai_evaluation_create_from_trials(&out_, net.pointer, trials.pointer,
        task.pointer, options));
    return nai::evaluation(out_);
  }
  double performance() const { return nai_evaluation_performance(pointer()); }
  nai_view correct() const
  {
    nai_view out_ = NAI_VIEW_INIT;
    nai::check(nai_evaluation_correct(&out_, pointer()));
    return out_;
  }
  nai_view choice() const
  {
    nai_view out_ = NAI_VIEW_INIT;
    nai::check(nai_evaluation_choice(&out_, pointer()));
    return out_;
  }
  nai_view finite() const
  {
    nai_view out_ = NAI_VIEW_INIT;
    nai::check(nai_evaluation_finite(&out_, pointer()));
    return out_;
  }
  nai_view time() const
  {
    nai_view out_ = NAI_VIEW_INIT;
    nai::check(nai_evaluation_time(&out_, pointer()));
    return out_;
  }
  nai_view condition(text name) const
  {
    nai_view out_ = NAI_VIEW_INIT;
    nai::check(nai_evaluation_condition(&out_, pointer(), name.pointer));
    return out_;
  }
  const char *condition_name(int64_t index) const
  {
    return nai_evaluation_condition_name(pointer(), index);
  }
  int64_t curve(const nai_curve_arrays *arrays, int64_t capacity, text condition) const
  {
    int64_t count_{};
    nai::check(nai_evaluation_curve(arrays, capacity, &count_, pointer(), condition.pointer));
    return count_;
  }
};

/// nai_exchange
class exchange : public handle<nai_exchange, nai_exchange_destroy> {
public:
  using handle::handle;
  exchange(const nai_exchange_ops *ops, void *user)
  {
    nai_exchange *out_ = nullptr;
    nai::check(nai_exchange_create(&out_, ops, user));
    take(out_);
  }
};

/// nai_model
class model : public handle<nai_model, nai_model_destroy> {
public:
  using handle::handle;
  model(const nai_model_ops *ops, void *user)
  {
    nai_model *out_ = nullptr;
    nai::check(nai_model_create(&out_, ops, user));
    take(out_);
  }
  static const char *builtin_name(int64_t index) { return nai_model_builtin_name(index); }
  static nai_field field(text model_, int32_t list, int64_t index)
  {
    nai_field out_ = NAI_FIELD_INIT;
    nai::check(nai_model_field(&out_, model_.pointer, list, index));
    return out_;
  }
};

/// nai_optimizer
class optimizer : public handle<nai_optimizer, nai_optimizer_destroy> {
public:
  using handle::handle;
  static nai::optimizer sgd(double rate)
  {
    nai_optimizer *out_ = nullptr;
    nai::check(nai_optimizer_create_sgd(&out_, rate));
    return nai::optimizer(out_);
  }
  static nai::optimizer momentum(double rate)
  {
    nai_optimizer *out_ = nullptr;
    nai::check(nai_optimizer_create_momentum(&out_, rate));
    return nai::optimizer(out_);
  }
  static nai::optimizer rmsprop(double rate)
  {
    nai_optimizer *out_ = nullptr;
    nai::check(nai_optimizer_create_rmsprop(&out_, rate));
    return nai::optimizer(out_);
  }
  static nai::optimizer adam(double rate)
  {
    nai_optimizer *out_ = nullptr;
    nai::check(nai_optimizer_create_adam(&out_, rate));
    return nai::optimizer(out_);
  }
  static nai::optimizer adamw(double rate)
  {
    nai_optimizer *out_ = nullptr;
    nai::check(nai_optimizer_create_adamw(&out_, rate));
    return nai::optimizer(out_);
  }
  void set(text parameter, double value)
  {
    nai::check(nai_optimizer_set(pointer(), parameter.pointer, value));
  }
  double get(text parameter) const
  {
    double value_{};
    nai::check(nai_optimizer_get(&value_, pointer(), parameter.pointer));
    return value_;
  }
  nai_parameter parameter(int64_t index) const
  {
    nai_parameter out_ = NAI_PARAMETER_INIT;
    nai::check(nai_optimizer_parameter(&out_, pointer(), index));
    return out_;
  }
  const char *name() const { return nai_optimizer_name(pointer()); }
  void set_schedule(const int64_t *update, const double *factor, int64_t n)
  {
    nai::check(nai_optimizer_set_schedule(pointer(), update, factor, n));
  }
  double factor(int64_t update) const { return nai_optimizer_factor(pointer(), update); }
};

/// nai_rule
class rule : public handle<nai_rule, nai_rule_destroy> {
public:
  using handle::handle;
  rule(const nai_rule_ops *ops, uint64_t seed, void *user)
  {
    nai_rule *out_ = nullptr;
    nai::check(nai_rule_create(&out_, ops, seed, user));
    take(out_);
  }
  static nai::rule bptt()
  {
    nai_rule *out_ = nullptr;
    nai::check(nai_rule_create_bptt(&out_));
    return nai::rule(out_);
  }
  static nai::rule truncated_bptt(int64_t steps)
  {
    nai_rule *out_ = nullptr;
    nai::check(nai_rule_create_truncated_bptt(&out_, steps));
    return nai::rule(out_);
  }
  static nai::rule rtrl()
  {
    nai_rule *out_ = nullptr;
    nai::check(nai_rule_create_rtrl(&out_));
    return nai::rule(out_);
  }
  static nai::rule uoro(uint64_t seed)
  {
    nai_rule *out_ = nullptr;
    nai::check(nai_rule_create_uoro(&out_, seed));
    return nai::rule(out_);
  }
  static nai::rule rflo(uint64_t seed)
  {
    nai_rule *out_ = nullptr;
    nai::check(nai_rule_create_rflo(&out_, seed));
    return nai::rule(out_);
  }
  static nai::rule eprop(int32_t feedback, uint64_t seed)
  {
    nai_rule *out_ = nullptr;
    nai::check(nai_rule_create_eprop(&out_, feedback, seed));
    return nai::rule(out_);
  }
  static nai::rule snap1()
  {
    nai_rule *out_ = nullptr;
    nai::check(nai_rule_create_snap1(&out_));
    return nai::rule(out_);
  }
  static nai::rule force()
  {
    nai_rule *out_ = nullptr;
    nai::check(nai_rule_create_force(&out_));
    return nai::rule(out_);
  }
  static nai::rule full_force(uint64_t seed)
  {
    nai_rule *out_ = nullptr;
    nai::check(nai_rule_create_full_force(&out_, seed));
    return nai::rule(out_);
  }
  static nai::rule feedback_alignment(uint64_t seed)
  {
    nai_rule *out_ = nullptr;
    nai::check(nai_rule_create_feedback_alignment(&out_, seed));
    return nai::rule(out_);
  }
  static nai::rule direct_feedback_alignment(uint64_t seed)
  {
    nai_rule *out_ = nullptr;
    nai::check(nai_rule_create_direct_feedback_alignment(&out_, seed));
    return nai::rule(out_);
  }
  static nai::rule sign_symmetry(int32_t form, uint64_t seed)
  {
    nai_rule *out_ = nullptr;
    nai::check(nai_rule_create_sign_symmetry(&out_, form, seed));
    return nai::rule(out_);
  }
  static nai::rule kolen_pollack(double decay, uint64_t seed)
  {
    nai_rule *out_ = nullptr;
    nai::check(nai_rule_create_kolen_pollack(&out_, decay, seed));
    return nai::rule(out_);
  }
  static nai::rule weight_mirror(uint64_t seed)
  {
    nai_rule *out_ = nullptr;
    nai::check(nai_rule_create_weight_mirror(&out_, seed));
    return nai::rule(out_);
  }
  static nai::rule predictive_coding()
  {
    nai_rule *out_ = nullptr;
    nai::check(nai_rule_create_predictive_coding(&out_));
    return nai::rule(out_);
  }
  static nai::rule equilibrium_propagation(int32_t form, uint64_t seed)
  {
    nai_rule *out_ = nullptr;
    nai::check(nai_rule_create_equilibrium_propagation(&out_, form, seed));
    return nai::rule(out_);
  }
  static nai::rule dendritic_error()
  {
    nai_rule *out_ = nullptr;
    nai::check(nai_rule_create_dendritic_error(&out_));
    return nai::rule(out_);
  }
  static nai::rule node_perturbation(double sd, uint64_t seed)
  {
    nai_rule *out_ = nullptr;
    nai::check(nai_rule_create_node_perturbation(&out_, sd, seed));
    return nai::rule(out_);
  }
  static nai::rule reward_hebbian(uint64_t seed)
  {
    nai_rule *out_ = nullptr;
    nai::check(nai_rule_create_reward_hebbian(&out_, seed));
    return nai::rule(out_);
  }
  void set(text parameter, double value)
  {
    nai::check(nai_rule_set(pointer(), parameter.pointer, value));
  }
  double get(text parameter) const
  {
    double value_{};
    nai::check(nai_rule_get(&value_, pointer(), parameter.pointer));
    return value_;
  }
  nai_parameter parameter(int64_t index) const
  {
    nai_parameter out_ = NAI_PARAMETER_INIT;
    nai::check(nai_rule_parameter(&out_, pointer(), index));
    return out_;
  }
  const char *name() const { return nai_rule_name(pointer()); }
};

/// nai_short_term
class short_term : public handle<nai_short_term, nai_short_term_destroy> {
public:
  using handle::handle;
  short_term(int64_t n, const double *U, const double *tau_x, const double *tau_u,
      const double *hz)
  {
    nai_short_term *out_ = nullptr;
    nai::check(nai_short_term_create(&out_, n, U, tau_x, tau_u, hz));
    take(out_);
  }
  int64_t size() const { return nai_short_term_size(pointer()); }
  void get(double *values, int64_t n, text parameter) const
  {
    nai::check(nai_short_term_get(values, n, pointer(), parameter.pointer));
  }
};

/// nai_network
class network : public handle<nai_network, nai_network_destroy> {
public:
  using handle::handle;
  explicit network(double dt)
  {
    nai_network *out_ = nullptr;
    nai::check(nai_network_create(&out_, dt));
    take(out_);
  }
  void populate(const nai_connectivity *table, const nai_layout *layout)
  {
    nai::check(nai_network_populate(pointer(), table, layout));
  }
  void connect_types(const nai_connectivity *table, const nai_layout *layout)
  {
    nai::check(nai_network_connect_types(pointer(), table, layout));
  }
  void add_microcircuit(const int64_t *sizes, int64_t n, const nai_microcircuit *options)
  {
    nai::check(nai_network_add_microcircuit(pointer(), sizes, n, options));
  }
  void self_predict() { nai::check(nai_network_self_predict(pointer())); }
  void connect_areas(ref<nai_areas> areas, const nai_streams *streams)
  {
    nai::check(nai_network_connect_areas(pointer(), areas.pointer, streams));
  }
  int64_t memory() const
  {
    int64_t bytes_{};
    nai::check(nai_network_memory(&bytes_, pointer()));
    return bytes_;
  }
  nai_estimate estimate(int64_t ranks, const double *hz, int64_t n) const
  {
    nai_estimate out_ = NAI_ESTIMATE_INIT;
    nai::check(nai_network_estimate(&out_, pointer(), ranks, hz, n));
    return out_;
  }
  void set_memory_limit(int64_t bytes)
  {
    nai::check(nai_network_set_memory_limit(pointer(), bytes));
  }
  nai::network copy() const
  {
    nai_network *out_ = nullptr;
    nai::check(nai_network_copy(&out_, pointer()));
    return nai::network(out_);
  }
  void add_input(text name, int64_t n)
  {
    nai::check(nai_network_add_input(pointer(), name.pointer, n));
  }
  void add_population(text name, int64_t n, int32_t sign)
  {
    nai::check(nai_network_add_population(pointer(), name.pointer, n, sign));
  }
  void set_sign(text names, int32_t sign)
  {
    nai::check(nai_network_set_sign(pointer(), names.pointer, sign));
  }
  void add_output(text name, int64_t n)
  {
    nai::check(nai_network_add_output(pointer(), name.pointer, n));
  }
  void set(text names, text parameter, double value)
  {
    nai::check(nai_network_set(pointer(), names.pointer, parameter.pointer, value));
  }
  void set_each(text names, text parameter, const double *values, int64_t n)
  {
    nai::check(nai_network_set_each(pointer(), names.pointer, parameter.pointer, values, n));
  }
  void get_each(double *values, int64_t n, text name, text parameter) const
  {
    nai::check(nai_network_get_each(values, n, pointer(), name.pointer, parameter.pointer));
  }
  nai_parameter parameter(int32_t kind, int64_t index) const
  {
    nai_parameter out_ = NAI_PARAMETER_INIT;
    nai::check(nai_network_parameter(&out_, pointer(), kind, index));
    return out_;
  }
  void set_leak(text names, int32_t leak)
  {
    nai::check(nai_network_set_leak(pointer(), names.pointer, leak));
  }
  void set_transfer(text names, int32_t transfer)
  {
    nai::check(nai_network_set_transfer(pointer(), names.pointer, transfer));
  }
  void set_model(text names, text model)
  {
    nai::check(nai_network_set_model(pointer(), names.pointer, model.pointer));
  }
  void use_model(text names, ref<nai_model> model)
  {
    nai::check(nai_network_use_model(pointer(), names.pointer, model.pointer));
  }
  void check_model(text population) const
  {
    nai::check(nai_network_check_model(pointer(), population.pointer));
  }
  void set_model_size(text names, text size, int64_t n)
  {
    nai::check(nai_network_set_model_size(pointer(), names.pointer, size.pointer, n));
  }
  void choose(text names, text parameter, text word)
  {
    nai::check(nai_network_choose(pointer(), names.pointer, parameter.pointer, word.pointer));
  }
  void place_box(text names, double x, double y, double z)
  {
    nai::check(nai_network_place_box(pointer(), names.pointer, x, y, z));
  }
  void place_sphere(text names, double radius)
  {
    nai::check(nai_network_place_sphere(pointer(), names.pointer, radius));
  }
  void place_lattice(text names, double spacing)
  {
    nai::check(nai_network_place_lattice(pointer(), names.pointer, spacing));
  }
  void set_positions(text name, const float *positions, int64_t n)
  {
    nai::check(nai_network_set_positions(pointer(), name.pointer, positions, n));
  }
  void connect(text from, text to)
  {
    nai::check(nai_network_connect(pointer(), from.pointer, to.pointer));
  }
  void set_delay(text from, text to, double delay)
  {
    nai::check(nai_network_set_delay(pointer(), from.pointer, to.pointer, delay));
  }
  void set_delays(text from, text to, double mean, double sd, double least)
  {
    nai::check(nai_network_set_delays(pointer(), from.pointer, to.pointer, mean, sd, least));
  }
  void set_conduction(text from, text to, double speed, double offset)
  {
    nai::check(nai_network_set_conduction(pointer(), from.pointer, to.pointer, speed, offset));
  }
  void set_autapses(text from, text to, int32_t allowed)
  {
    nai::check(nai_network_set_autapses(pointer(), from.pointer, to.pointer, allowed));
  }
  void set_storage(text from, text to, int32_t storage)
  {
    nai::check(nai_network_set_storage(pointer(), from.pointer, to.pointer, storage));
  }
  int32_t storage(text from, text to) const
  {
    int32_t storage_{};
    nai::check(nai_network_storage(&storage_, pointer(), from.pointer, to.pointer));
    return storage_;
  }
  void set_plastic(text from, text to, int32_t plastic)
  {
    nai::check(nai_network_set_plastic(pointer(), from.pointer, to.pointer, plastic));
  }
  void set_short_term(text from, text to, ref<nai_short_term> short_term)
  {
    nai::check(nai_network_set_short_term(pointer(), from.pointer, to.pointer,
        short_term.pointer));
  }
  void constrain(text from, text to, ref<nai_constraint> constraint)
  {
    nai::check(nai_network_constrain(pointer(), from.pointer, to.pointer, constraint.pointer));
  }
  void set_initial_weights(text from, text to, int32_t kind, double a, double b)
  {
    nai::check(nai_network_set_initial_weights(pointer(), from.pointer, to.pointer, kind, a,
        b));
  }
  void set_radius(text names, double radius)
  {
    nai::check(nai_network_set_radius(pointer(), names.pointer, radius));
  }
  void set_balance(text names, int32_t on)
  {
    nai::check(nai_network_set_balance(pointer(), names.pointer, on));
  }
  void set_kernels(text name) { nai::check(nai_network_set_kernels(pointer(), name.pointer)); }
  void set_threads(int64_t threads) { nai::check(nai_network_set_threads(pointer(), threads)); }
  void set_exchange(ref<nai_exchange> exchange)
  {
    nai::check(nai_network_set_exchange(pointer(), exchange.pointer));
  }
  void build(uint64_t seed) { nai::check(nai_network_build(pointer(), seed)); }
  int64_t count(int32_t kind) const { return nai_network_count(pointer(), kind); }
  const char *name(int32_t kind, int64_t index) const
  {
    return nai_network_name(pointer(), kind, index);
  }
  int64_t size(int32_t kind, text name) const
  {
    return nai_network_size(pointer(), kind, name.pointer);
  }
  std::pair<const char *, const char *> projection(int64_t index) const
  {
    const char *from_{};
    const char *to_{};
    nai::check(nai_network_projection(&from_, &to_, pointer(), index));
    return {from_, to_};
  }
  int32_t sign(text name) const
  {
    int32_t sign_{};
    nai::check(nai_network_sign(&sign_, pointer(), name.pointer));
    return sign_;
  }
  int32_t leak(text name) const
  {
    int32_t leak_{};
    nai::check(nai_network_leak(&leak_, pointer(), name.pointer));
    return leak_;
  }
  int32_t transfer(text name) const
  {
    int32_t transfer_{};
    nai::check(nai_network_transfer(&transfer_, pointer(), name.pointer));
    return transfer_;
  }
  const char *model(text name) const
  {
    const char *model_{};
    nai::check(nai_network_model(&model_, pointer(), name.pointer));
    return model_;
  }
  int32_t spikes(text name) const
  {
    int32_t spikes_{};
    nai::check(nai_network_spikes(&spikes_, pointer(), name.pointer));
    return spikes_;
  }
  std::pair<const char *, const char *> ends(int64_t index) const
  {
    const char *signal_{};
    const char *port_{};
    nai::check(nai_network_ends(&signal_, &port_, pointer(), index));
    return {signal_, port_};
  }
  double delay(text from, text to) const
  {
    double delay_{};
    nai::check(nai_network_delay(&delay_, pointer(), from.pointer, to.pointer));
    return delay_;
  }
  nai::short_term short_term(text from, text to) const
  {
    nai_short_term *out_ = nullptr;
    nai::check(nai_network_short_term(&out_, pointer(), from.pointer, to.pointer));
    return nai::short_term(out_);
  }
  double dt() const { return nai_network_dt(pointer()); }
  const char *kernels() const { return nai_network_kernels(pointer()); }
  nai_view positions(text name) const
  {
    nai_view out_ = NAI_VIEW_INIT;
    nai::check(nai_network_positions(&out_, pointer(), name.pointer));
    return out_;
  }
  void save(text path) const { nai::check(nai_network_save(pointer(), path.pointer)); }
  static nai::network load(text path, const nai_load_options *options = nullptr)
  {
    nai_network *out_ = nullptr;
    nai::check(nai_network_load(&out_, path.pointer, options));
    return nai::network(out_);
  }
  int64_t save_memory(void *buffer, int64_t capacity) const
  {
    int64_t size_{};
    nai::check(nai_network_save_memory(buffer, capacity, &size_, pointer()));
    return size_;
  }
  static nai::network load_memory(const void *bytes, int64_t size,
      const nai_load_options *options = nullptr)
  {
    nai_network *out_ = nullptr;
    nai::check(nai_network_load_memory(&out_, bytes, size, options));
    return nai::network(out_);
  }
  nai_view weights(text from, text to) const
  {
    nai_view out_ = NAI_VIEW_INIT;
    nai::check(nai_network_weights(&out_, pointer(), from.pointer, to.pointer));
    return out_;
  }
  nai_view mask(text from, text to) const
  {
    nai_view out_ = NAI_VIEW_INIT;
    nai::check(nai_network_mask(&out_, pointer(), from.pointer, to.pointer));
    return out_;
  }
  nai_view plastic(text from, text to) const
  {
    nai_view out_ = NAI_VIEW_INIT;
    nai::check(nai_network_plastic(&out_, pointer(), from.pointer, to.pointer));
    return out_;
  }
  int64_t synapses(const nai_synapse_arrays *arrays, int64_t capacity, text from, text to) const
  {
    int64_t count_{};
    nai::check(nai_network_synapses(arrays, capacity, &count_, pointer(), from.pointer,
        to.pointer));
    return count_;
  }
  nai_view bias(text name) const
  {
    nai_view out_ = NAI_VIEW_INIT;
    nai::check(nai_network_bias(&out_, pointer(), name.pointer));
    return out_;
  }
  void set_weights(text from, text to, const float *weights, int64_t n_post, int64_t n_pre)
  {
    nai::check(nai_network_set_weights(pointer(), from.pointer, to.pointer, weights, n_post,
        n_pre));
  }
  void set_synapse_weights(text from, text to, const float *weights, int64_t n)
  {
    nai::check(nai_network_set_synapse_weights(pointer(), from.pointer, to.pointer, weights,
        n));
  }
  void prune(text from, text to, double fraction, uint64_t seed)
  {
    nai::check(nai_network_prune(pointer(), from.pointer, to.pointer, fraction, seed));
  }
  void prune_smallest(text from, text to, double fraction)
  {
    nai::check(nai_network_prune_smallest(pointer(), from.pointer, to.pointer, fraction));
  }
  void prune_units(text names, const int64_t *units, int64_t n, double fraction, uint64_t seed)
  {
    nai::check(nai_network_prune_units(pointer(), names.pointer, units, n, fraction, seed));
  }
  void set_mask(text from, text to, const uint8_t *mask, int64_t n_post, int64_t n_pre)
  {
    nai::check(nai_network_set_mask(pointer(), from.pointer, to.pointer, mask, n_post, n_pre));
  }
  void set_bias(text name, const float *bias, int64_t n)
  {
    nai::check(nai_network_set_bias(pointer(), name.pointer, bias, n));
  }
  nai_spectrum spectrum(double *real, double *imaginary, int64_t capacity, text names) const
  {
    nai_spectrum out_ = NAI_SPECTRUM_INIT;
    nai::check(nai_network_spectrum(&out_, real, imaginary, capacity, pointer(),
        names.pointer));
    return out_;
  }
};

/// nai_state
class state : public handle<nai_state, nai_state_destroy> {
public:
  using handle::handle;
  state(ref<nai_network> net, int64_t trials, uint64_t seed)
  {
    nai_state *out_ = nullptr;
    nai::check(nai_state_create(&out_, net.pointer, trials, seed));
    take(out_);
  }
  void step(float *outputs, const float *inputs)
  {
    nai::check(nai_state_step(outputs, pointer(), inputs));
  }
  void run(float *outputs, float *rates, int64_t steps, const float *inputs)
  {
    nai::check(nai_state_run(outputs, rates, pointer(), steps, inputs));
  }
  void record(nai_recording *to, int64_t steps, const float *inputs)
  {
    nai::check(nai_state_record(to, pointer(), steps, inputs));
  }
  void set_threads(int64_t threads) { nai::check(nai_state_set_threads(pointer(), threads)); }
  void reset() { nai::check(nai_state_reset(pointer())); }
  void clamp(text names, double rate)
  {
    nai::check(nai_state_clamp(pointer(), names.pointer, rate));
  }
  void clamp_units(text names, const int64_t *units, int64_t n, const float *rate,
      int64_t n_rates)
  {
    nai::check(nai_state_clamp_units(pointer(), names.pointer, units, n, rate, n_rates));
  }
  void silence(text names) { nai::check(nai_state_silence(pointer(), names.pointer)); }
  void silence_units(text names, const int64_t *units, int64_t n)
  {
    nai::check(nai_state_silence_units(pointer(), names.pointer, units, n));
  }
  void inject(text names, const float *current, int64_t n)
  {
    nai::check(nai_state_inject(pointer(), names.pointer, current, n));
  }
  void inject_units(text names, const int64_t *units, int64_t n, const float *current,
      int64_t n_currents)
  {
    nai::check(nai_state_inject_units(pointer(), names.pointer, units, n, current, n_currents));
  }
  void intervene(const nai_intervention *interventions, int64_t n)
  {
    nai::check(nai_state_intervene(pointer(), interventions, n));
  }
  void release(text names) { nai::check(nai_state_release(pointer(), names.pointer)); }
  void release_units(text names, const int64_t *units, int64_t n)
  {
    nai::check(nai_state_release_units(pointer(), names.pointer, units, n));
  }
  void release_synapses(text from, text to)
  {
    nai::check(nai_state_release_synapses(pointer(), from.pointer, to.pointer));
  }
  void set_first(uint64_t first) { nai::check(nai_state_set_first(pointer(), first)); }
  void set_seed(uint64_t seed) { nai::check(nai_state_set_seed(pointer(), seed)); }
  nai_view rates(text name) const
  {
    nai_view out_ = NAI_VIEW_INIT;
    nai::check(nai_state_rates(&out_, pointer(), name.pointer));
    return out_;
  }
  nai_view variable(text name)
  {
    nai_view out_ = NAI_VIEW_INIT;
    nai::check(nai_state_variable(&out_, pointer(), name.pointer));
    return out_;
  }
  std::pair<nai_view, nai_view> short_term(text from, text to)
  {
    nai_view u_ = NAI_VIEW_INIT;
    nai_view x_ = NAI_VIEW_INIT;
    nai::check(nai_state_short_term(&u_, &x_, pointer(), from.pointer, to.pointer));
    return {u_, x_};
  }
  nai_view currents(text name) const
  {
    nai_view out_ = NAI_VIEW_INIT;
    nai::check(nai_state_currents(&out_, pointer(), name.pointer));
    return out_;
  }
  void set_currents(text name, const float *currents, int64_t n)
  {
    nai::check(nai_state_set_currents(pointer(), name.pointer, currents, n));
  }
  void set_rates(text name, const float *rates, int64_t n)
  {
    nai::check(nai_state_set_rates(pointer(), name.pointer, rates, n));
  }
  void set_variable(text name, const float *values, int64_t trials, int64_t n)
  {
    nai::check(nai_state_set_variable(pointer(), name.pointer, values, trials, n));
  }
  void set_short_term(text from, text to, const float *u, const float *x, int64_t trials,
      int64_t n)
  {
    nai::check(nai_state_set_short_term(pointer(), from.pointer, to.pointer, u, x, trials, n));
  }
  int64_t time() const { return nai_state_time(pointer()); }
  int64_t snapshot_size() const { return nai_state_snapshot_size(pointer()); }
  void snapshot(void *buffer, int64_t size) const
  {
    nai::check(nai_state_snapshot(buffer, size, pointer()));
  }
  void restore(const void *buffer, int64_t size)
  {
    nai::check(nai_state_restore(pointer(), buffer, size));
  }
};

/// nai_trainer
class trainer : public handle<nai_trainer, nai_trainer_destroy> {
public:
  using handle::handle;
  trainer(ref<nai_network> net, ref<nai_rule> rule, ref<nai_optimizer> optimizer,
      ref<nai_task> task)
  {
    nai_trainer *out_ = nullptr;
    nai::check(nai_trainer_create(&out_, net.pointer, rule.pointer, optimizer.pointer,
        task.pointer));
    take(out_);
  }
  void save(text path) { nai::check(nai_trainer_save(pointer(), path.pointer)); }
  void set_checkpoints(text path, int64_t every)
  {
    nai::check(nai_trainer_set_checkpoints(pointer(), path.pointer, every));
  }
  void restore(text path) { nai::check(nai_trainer_restore(pointer(), path.pointer)); }
  int64_t save_memory(void *buffer, int64_t capacity)
  {
    int64_t size_{};
    nai::check(nai_trainer_save_memory(buffer, capacity, &size_, pointer()));
    return size_;
  }
  void restore_memory(const void *bytes, int64_t size)
  {
    nai::check(nai_trainer_restore_memory(pointer(), bytes, size));
  }
  int64_t updates() const { return nai_trainer_updates(pointer()); }
  void set_curriculum(ref<nai_curriculum> curriculum)
  {
    nai::check(nai_trainer_set_curriculum(pointer(), curriculum.pointer));
  }
  int64_t stage() const { return nai_trainer_stage(pointer()); }
  const char *stage_name() const { return nai_trainer_stage_name(pointer()); }
  static nai::trainer watched(ref<nai_network> net, ref<nai_rule> rule,
      ref<nai_optimizer> optimizer, ref<nai_task> task, nai_work_callback watch, void *user)
  {
    nai_trainer *out_ = nullptr;
    nai::check(nai_trainer_create_watched(&out_, net.pointer, rule.pointer, optimizer.pointer,
        task.pointer, watch, user));
    return nai::trainer(out_);
  }
  void add_cost(ref<nai_cost> cost, double beta)
  {
    nai::check(nai_trainer_add_cost(pointer(), cost.pointer, beta));
  }
  void set(text parameter, double value)
  {
    nai::check(nai_trainer_set(pointer(), parameter.pointer, value));
  }
  void set_seed(uint64_t seed) { nai::check(nai_trainer_set_seed(pointer(), seed)); }
  uint64_t seed() const { return nai_trainer_seed(pointer()); }
  double get(text parameter) const
  {
    double value_{};
    nai::check(nai_trainer_get(&value_, pointer(), parameter.pointer));
    return value_;
  }
  void set_exchange(ref<nai_exchange> exchange)
  {
    nai::check(nai_trainer_set_exchange(pointer(), exchange.pointer));
  }
  void set_judge(ref<nai_task> judge)
  {
    nai::check(nai_trainer_set_judge(pointer(), judge.pointer));
  }
  void set_rate(text from, text to, double factor)
  {
    nai::check(nai_trainer_set_rate(pointer(), from.pointer, to.pointer, factor));
  }
  double rate(text from, text to) const
  {
    double factor_{};
    nai::check(nai_trainer_rate(&factor_, pointer(), from.pointer, to.pointer));
    return factor_;
  }
  int64_t memory() const
  {
    int64_t bytes_{};
    nai::check(nai_trainer_memory(&bytes_, pointer()));
    return bytes_;
  }
  static nai_parameter parameter(int64_t index)
  {
    nai_parameter out_ = NAI_PARAMETER_INIT;
    nai::check(nai_trainer_parameter(&out_, index));
    return out_;
  }
  nai_progress step(ref<nai_trials> trials)
  {
    nai_progress now_ = NAI_PROGRESS_INIT;
    nai::check(nai_trainer_step(&now_, pointer(), trials.pointer));
    return now_;
  }
  nai_progress estimate_gradient(ref<nai_trials> trials)
  {
    nai_progress now_ = NAI_PROGRESS_INIT;
    nai::check(nai_trainer_estimate_gradient(&now_, pointer(), trials.pointer));
    return now_;
  }
  void measure_alignment(ref<nai_trials> trials)
  {
    nai::check(nai_trainer_measure_alignment(pointer(), trials.pointer));
  }
  std::pair<double, double> alignment(text from, text to) const
  {
    double cosine_{};
    double ratio_{};
    nai::check(nai_trainer_alignment(&cosine_, &ratio_, pointer(), from.pointer, to.pointer));
    return {cosine_, ratio_};
  }
  nai_view gradient(text from, text to) const
  {
    nai_view out_ = NAI_VIEW_INIT;
    nai::check(nai_trainer_gradient(&out_, pointer(), from.pointer, to.pointer));
    return out_;
  }
  nai_view initial_state_gradient(text population) const
  {
    nai_view out_ = NAI_VIEW_INIT;
    nai::check(nai_trainer_initial_state_gradient(&out_, pointer(), population.pointer));
    return out_;
  }
  nai_view activity(text name) const
  {
    nai_view out_ = NAI_VIEW_INIT;
    nai::check(nai_trainer_activity(&out_, pointer(), name.pointer));
    return out_;
  }
  nai_view feedback(text from, text to) const
  {
    nai_view out_ = NAI_VIEW_INIT;
    nai::check(nai_trainer_feedback(&out_, pointer(), from.pointer, to.pointer));
    return out_;
  }
  void set_feedback(text from, text to, const float *values)
  {
    nai::check(nai_trainer_set_feedback(pointer(), from.pointer, to.pointer, values));
  }
  std::pair<int64_t, int64_t> history(double *values, int64_t capacity) const
  {
    int64_t rows_{};
    int64_t columns_{};
    nai::check(nai_trainer_history(values, capacity, &rows_, &columns_, pointer()));
    return {rows_, columns_};
  }
  int64_t cost_count() const { return nai_trainer_cost_count(pointer()); }
  const char *cost_name(int64_t index) const { return nai_trainer_cost_name(pointer(), index); }
  double cost_value(int64_t index) const { return nai_trainer_cost_value(pointer(), index); }
  /// Updates without anybody looking.
  void run(int64_t steps) { nai::check(nai_trainer_run(pointer(), steps, nullptr, nullptr)); }
  /// After each update `progress(const nai_progress &)` is called. It may return false or NAI_STOP,
  /// which ends the run, or throw.
  template <class F> void run(int64_t steps, F &&progress)
  {
    run_watched(pointer(), steps, progress);
  }
};

/// nai_trials
class trials : public handle<nai_trials, nai_trials_destroy> {
public:
  using handle::handle;
  trials(ref<nai_network> net, int64_t steps, int64_t trials_)
  {
    nai_trials *out_ = nullptr;
    nai::check(nai_trials_create(&out_, net.pointer, steps, trials_));
    take(out_);
  }
  static nai::trials played(ref<nai_network> net, ref<nai_task> task, int64_t trials_,
      const nai_evaluation_options *options = nullptr)
  {
    nai_trials *out_ = nullptr;
    nai::check(nai_trials_create_played(&out_, net.pointer, task.pointer, trials_, options));
    return nai::trials(out_);
  }
  void set_inputs(text name, const float *values, int64_t n)
  {
    nai::check(nai_trials_set_inputs(pointer(), name.pointer, values, n));
  }
  void set_targets(text output, const float *values, int64_t n)
  {
    nai::check(nai_trials_set_targets(pointer(), output.pointer, values, n));
  }
  void set_classes(text output, const int32_t *classes)
  {
    nai::check(nai_trials_set_classes(pointer(), output.pointer, classes));
  }
  void set_mask(text output, const float *mask, int64_t columns)
  {
    nai::check(nai_trials_set_mask(pointer(), output.pointer, mask, columns));
  }
  void set_lengths(const int32_t *lengths)
  {
    nai::check(nai_trials_set_lengths(pointer(), lengths));
  }
  void set_condition(text name, const float *values)
  {
    nai::check(nai_trials_set_condition(pointer(), name.pointer, values));
  }
  void set_epoch(text name, const int32_t *steps)
  {
    nai::check(nai_trials_set_epoch(pointer(), name.pointer, steps));
  }
  void set_parts(const int32_t *ends, int64_t parts)
  {
    nai::check(nai_trials_set_parts(pointer(), ends, parts));
  }
  void set_first(uint64_t first) { nai::check(nai_trials_set_first(pointer(), first)); }
  uint64_t first() const { return nai_trials_first(pointer()); }
  nai_view view(int32_t what, text name) const
  {
    nai_view out_ = NAI_VIEW_INIT;
    nai::check(nai_trials_view(&out_, pointer(), what, name.pointer));
    return out_;
  }
  const char *condition_name(int64_t index) const
  {
    return nai_trials_condition_name(pointer(), index);
  }
  const char *epoch_name(int64_t index) const { return nai_trials_epoch_name(pointer(), index); }
};

/// nai_task
class task : public handle<nai_task, nai_task_destroy> {
public:
  using handle::handle;
  task(text name, ref<nai_network> net)
  {
    nai_task *out_ = nullptr;
    nai::check(nai_task_create(&out_, name.pointer, net.pointer));
    take(out_);
  }
  static nai::task own(const nai_task_ops *ops, ref<nai_network> net, void *user)
  {
    nai_task *out_ = nullptr;
    nai::check(nai_task_create_own(&out_, ops, net.pointer, user));
    return nai::task(out_);
  }
  static const char *builtin_name(int64_t index) { return nai_task_builtin_name(index); }
  static nai_parameter parameter(text task_, int64_t index)
  {
    nai_parameter out_ = NAI_PARAMETER_INIT;
    nai::check(nai_task_parameter(&out_, task_.pointer, index));
    return out_;
  }
  static nai_task_description describe(text task_)
  {
    nai_task_description out_ = NAI_TASK_DESCRIPTION_INIT;
    nai::check(nai_task_describe(&out_, task_.pointer));
    return out_;
  }
  static const char *condition_name(text task_, int64_t index)
  {
    return nai_task_condition_name(task_.pointer, index);
  }
  static const char *epoch_name(text task_, int64_t index)
  {
    return nai_task_epoch_name(task_.pointer, index);
  }
  static nai::task with(text name, ref<nai_network> net, const nai_task_setting *settings,
      int64_t n)
  {
    nai_task *out_ = nullptr;
    nai::check(nai_task_create_with(&out_, name.pointer, net.pointer, settings, n));
    return nai::task(out_);
  }
  static nai::task from_trials(ref<nai_trials> trials, ref<nai_trials> test, ref<nai_network> net)
  {
    nai_task *out_ = nullptr;
    nai::check(nai_task_create_from_trials(&out_, trials.pointer, test.pointer, net.pointer));
    return nai::task(out_);
  }
  void set(text parameter, double value)
  {
    nai::check(nai_task_set(pointer(), parameter.pointer, value));
  }
  void set_list(text parameter, const double *values, int64_t n)
  {
    nai::check(nai_task_set_list(pointer(), parameter.pointer, values, n));
  }
  int64_t get_list(double *values, int64_t capacity, text parameter) const
  {
    int64_t count_{};
    nai::check(nai_task_get_list(values, capacity, &count_, pointer(), parameter.pointer));
    return count_;
  }
  const char *name() const { return nai_task_name(pointer()); }
  nai::trials generate(uint64_t seed, int32_t stream, uint64_t first, int64_t trials) const
  {
    nai_trials *out_ = nullptr;
    nai::check(nai_task_generate(&out_, pointer(), seed, stream, first, trials));
    return nai::trials(out_);
  }
  int32_t has_times() const
  {
    int32_t times_{};
    nai::check(nai_task_has_times(&times_, pointer()));
    return times_;
  }
};


// --- without an object -------------------------------------------------------------------------

inline const char *connectivity_name(int64_t index) { return nai_connectivity_name(index); }

inline nai_connectivity connectivity_find(text name)
{
  nai_connectivity out_ = NAI_CONNECTIVITY_INIT;
  nai::check(nai_connectivity_find(&out_, name.pointer));
  return out_;
}

inline double connectivity_probability(const nai_connectivity *table, text from, text to)
{
  double probability_{};
  nai::check(nai_connectivity_probability(&probability_, table, from.pointer, to.pointer));
  return probability_;
}
inline const char *transfer_name(int32_t transfer) { return nai_transfer_name(transfer); }

inline double random_uniform(uint64_t seed, uint64_t stream, uint64_t index)
{
  return nai_random_uniform(seed, stream, index);
}

inline double random_normal(uint64_t seed, uint64_t stream, uint64_t index)
{
  return nai_random_normal(seed, stream, index);
}

inline void random_normals(float *out, int64_t n, uint64_t seed, uint64_t stream)
{
  nai::check(nai_random_normals(out, n, seed, stream));
}
inline const char *version() { return nai_version(); }
inline int32_t abi_version() { return nai_abi_version(); }
inline const char *build_info() { return nai_build_info(); }

} // namespace nai

#endif
