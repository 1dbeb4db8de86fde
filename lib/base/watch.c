/* Asking the host, while work goes on that may take long, whether it should. */
#include "watch.h"

#include "error.h"

nai_status nai__ask(const nai__watch *watch, int64_t done, int64_t total)
{
  if (!watch->call) return NAI_OK;
  nai__clear_error();
  nai_status status = watch->call(done, total, watch->user);
  return status < 0 ? nai__fail_callback(status, "callback", "progress") : status;
}
