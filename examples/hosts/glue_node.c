/* What host.js calls, by Node-API: open(path, seed), reset(m), step(m, in, out), train(m, n, f). */
#include "glue.h"

#include <node_api.h>

/* An exception with the library's message, unless a callback has thrown its own. */
static napi_value fail(napi_env env, const char *message)
{
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (!pending) napi_throw_error(env, NULL, message);
  return NULL;
}

static host *host_of(napi_env env, napi_value value)
{
  void *h = NULL;
  napi_get_value_external(env, value, &h);
  return h;
}

static void finalize(napi_env env, void *h, void *hint)
{
  (void)env;
  (void)hint;
  host_close(h);
}

static napi_value open_model(napi_env env, napi_callback_info info)
{
  size_t n = 2, length = 0;
  napi_value arguments[2], out = NULL;
  char path[4096] = "";
  int64_t seed = 0;
  napi_get_cb_info(env, info, &n, arguments, NULL, NULL);
  napi_get_value_string_utf8(env, arguments[0], path, sizeof path, &length);
  napi_get_value_int64(env, arguments[1], &seed);
  host *h = host_open(path, (uint64_t)seed);
  if (!h) return fail(env, nai_last_error());
  napi_create_external(env, h, finalize, NULL, &out);
  return out;
}

static napi_value reset(napi_env env, napi_callback_info info)
{
  size_t n = 1;
  napi_value model;
  napi_get_cb_info(env, info, &n, &model, NULL, NULL);
  host *h = host_of(env, model);
  if (!h) return fail(env, "this is no model");
  return nai_state_reset(h->animal) == NAI_OK ? NULL : fail(env, nai_last_error());
}

/* The memory of a Float32Array of this length; NULL of anything else. */
static float *floats(napi_env env, napi_value array, int64_t length)
{
  napi_typedarray_type type;
  size_t n = 0;
  void *data = NULL;
  if (napi_get_typedarray_info(env, array, &type, &n, &data, NULL, NULL) != napi_ok) return NULL;
  return type == napi_float32_array && (int64_t)n == length ? data : NULL;
}

static napi_value step(napi_env env, napi_callback_info info)
{
  size_t n = 3;
  napi_value arguments[3];
  napi_get_cb_info(env, info, &n, arguments, NULL, NULL);
  host *h = host_of(env, arguments[0]);
  if (!h) return fail(env, "this is no model");
  float *in = floats(env, arguments[1], h->n_in), *out = floats(env, arguments[2], h->n_out);
  if (!in || !out) return fail(env, "Float32Arrays are needed, a number for each channel");
  return nai_state_step(out, h->animal, in) == NAI_OK ? NULL : fail(env, nai_last_error());
}

struct watcher {
  napi_env env;
  napi_value function;
};

static nai_status watch(const nai_progress *now, void *user)
{
  struct watcher *w = user;
  napi_value arguments[2], nothing, more;
  bool go_on = false;
  napi_create_double(w->env, (double)now->step, &arguments[0]);
  napi_create_double(w->env, now->cost, &arguments[1]);
  napi_get_undefined(w->env, &nothing);
  if (napi_call_function(w->env, nothing, w->function, 2, arguments, &more) != napi_ok) {
    nai_set_error("the callback failed"); /* its exception is pending, and thrown at the end */
    return NAI_ERR_USER;
  }
  napi_get_value_bool(w->env, more, &go_on);
  return go_on ? NAI_OK : NAI_STOP;
}

static napi_value train(napi_env env, napi_callback_info info)
{
  size_t n = 3;
  napi_value arguments[3];
  int64_t steps = 0;
  napi_get_cb_info(env, info, &n, arguments, NULL, NULL);
  host *h = host_of(env, arguments[0]);
  if (!h) return fail(env, "this is no model");
  napi_get_value_int64(env, arguments[1], &steps);
  struct watcher w = {env, arguments[2]};
  return host_train(h, steps, watch, &w) >= 0 ? NULL : fail(env, nai_last_error());
}

NAPI_MODULE_INIT()
{
  const napi_property_descriptor functions[] = {
      {"open", NULL, open_model, NULL, NULL, NULL, napi_default, NULL},
      {"reset", NULL, reset, NULL, NULL, NULL, napi_default, NULL},
      {"step", NULL, step, NULL, NULL, NULL, napi_default, NULL},
      {"train", NULL, train, NULL, NULL, NULL, napi_default, NULL},
  };
  napi_define_properties(env, exports, 4, functions);
  return exports;
}
