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

@CLASSES@

} // namespace nai

#endif
