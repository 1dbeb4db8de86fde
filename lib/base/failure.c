/* Carrying a failure from the thread where it happened to the one that reports it. */
#include "failure.h"

#include <stdio.h>

#include "error.h"

void nai__failure_note(nai__failure *failure, nai_status status)
{
  int none = NAI_OK;
  if (status == NAI_OK || !atomic_compare_exchange_strong(&failure->code, &none, (int)status))
    return;
  snprintf(failure->message, sizeof failure->message, "%s", nai_last_error());
}

nai_status nai__failure_raise(const nai__failure *failure)
{
  nai_status status = (nai_status)atomic_load(&failure->code);
  return status == NAI_OK ? NAI_OK : nai__fail(status, "%s", failure->message);
}
