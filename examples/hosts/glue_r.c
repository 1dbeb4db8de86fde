/* What host.R calls, by .Call. */
#include "glue.h"

#define R_NO_REMAP
#include <R.h>
#include <Rinternals.h>

static host *host_of(SEXP pointer)
{
  host *h = TYPEOF(pointer) == EXTPTRSXP ? R_ExternalPtrAddr(pointer) : NULL;
  if (!h) Rf_error("this is no model");
  return h;
}

static void finalize(SEXP pointer)
{
  host_close(R_ExternalPtrAddr(pointer));
  R_ClearExternalPtr(pointer);
}

SEXP open_model(SEXP path, SEXP seed)
{
  host *h = host_open(CHAR(Rf_asChar(path)), (uint64_t)Rf_asReal(seed));
  if (!h) Rf_error("%s", nai_last_error());
  SEXP pointer = PROTECT(R_MakeExternalPtr(h, R_NilValue, R_NilValue));
  R_RegisterCFinalizerEx(pointer, finalize, TRUE);
  UNPROTECT(1);
  return pointer;
}

SEXP reset(SEXP pointer)
{
  if (nai_state_reset(host_of(pointer)->animal) != NAI_OK) Rf_error("%s", nai_last_error());
  return R_NilValue;
}

/* R has no float32: numbers are converted here. */
SEXP step(SEXP pointer, SEXP inputs)
{
  host *h = host_of(pointer);
  float in[64], out[64];
  if (TYPEOF(inputs) != REALSXP || XLENGTH(inputs) != h->n_in || h->n_in > 64 || h->n_out > 64)
    Rf_error("inputs must be %d numbers", (int)h->n_in);
  for (int64_t i = 0; i < h->n_in; i++) in[i] = (float)REAL(inputs)[i];
  if (nai_state_step(out, h->animal, in) != NAI_OK) Rf_error("%s", nai_last_error());
  SEXP outputs = Rf_allocVector(REALSXP, h->n_out);
  for (int64_t o = 0; o < h->n_out; o++) REAL(outputs)[o] = (double)out[o];
  return outputs;
}

/* An error of R may not jump over the library, so the function is only tried. */
static nai_status watch(const nai_progress *now, void *function)
{
  SEXP step_ = PROTECT(Rf_ScalarReal((double)now->step));
  SEXP cost = PROTECT(Rf_ScalarReal(now->cost));
  SEXP call = PROTECT(Rf_lang3(function, step_, cost));
  int failed = 0;
  SEXP more = R_tryEval(call, R_GlobalEnv, &failed);
  if (failed) nai_set_error("the callback failed");
  const nai_status status = failed ? NAI_ERR_USER : Rf_asLogical(more) == TRUE ? NAI_OK : NAI_STOP;
  UNPROTECT(3);
  return status;
}

SEXP train(SEXP pointer, SEXP steps, SEXP function)
{
  if (host_train(host_of(pointer), (int64_t)Rf_asReal(steps), watch, function) < 0)
    Rf_error("%s", nai_last_error());
  return R_NilValue;
}
