/*
 * What host.m calls: glue_mex('open', FILE, SEED), 'reset', 'step', 'train'. A MEX function is
 * loaded once and keeps the model until it is cleared.
 */
#include "glue.h"

#include <mex.h>
#include <string.h>

static host *model;

static void forget(void)
{
  host_close(model);
  model = NULL;
}

static void check(int fine)
{
  if (!fine) mexErrMsgTxt(nai_last_error());
}

static void open_model(const mxArray *path, const mxArray *seed)
{
  char *file = mxArrayToString(path);
  forget();
  model = host_open(file ? file : "", (uint64_t)mxGetScalar(seed));
  mxFree(file);
  check(model != NULL);
  mexAtExit(forget);
}

/* Numbers here are double: converted on the way in and out. */
static mxArray *step(const mxArray *inputs)
{
  float in[64], out[64];
  if (!mxIsDouble(inputs) || (int64_t)mxGetNumberOfElements(inputs) != model->n_in ||
      model->n_in > 64 || model->n_out > 64)
    mexErrMsgTxt("inputs must be one number for each channel");
  for (int64_t i = 0; i < model->n_in; i++) in[i] = (float)mxGetPr(inputs)[i];
  check(nai_state_step(out, model->animal, in) == NAI_OK);
  mxArray *outputs = mxCreateDoubleMatrix(1, (mwSize)model->n_out, mxREAL);
  for (int64_t o = 0; o < model->n_out; o++) mxGetPr(outputs)[o] = (double)out[o];
  return outputs;
}

/* feval(function, update, cost); an error may not jump over the library, so it is caught. */
static nai_status watch(const nai_progress *now, void *function)
{
  mxArray *more = NULL;
  mxArray *call[] = {function, mxCreateDoubleScalar((double)now->step),
                     mxCreateDoubleScalar(now->cost)};
  mxArray *failed = mexCallMATLABWithTrap(1, &more, 3, call, "feval");
  mxDestroyArray(call[1]);
  mxDestroyArray(call[2]);
  if (failed || !more) {
    nai_set_error("the callback failed");
    return NAI_ERR_USER;
  }
  const nai_status status = mxGetScalar(more) != 0 ? NAI_OK : NAI_STOP;
  mxDestroyArray(more);
  return status;
}

void mexFunction(int n_out, mxArray *out[], int n_in, const mxArray *in[])
{
  char what[8] = "";
  (void)n_out;
  if (n_in > 0 && mxGetString(in[0], what, sizeof what) != 0) what[0] = 0;
  if (strcmp(what, "open") == 0 && n_in == 3) {
    open_model(in[1], in[2]);
    return;
  }
  if (!model) mexErrMsgTxt("no model is open");
  if (strcmp(what, "reset") == 0)
    check(nai_state_reset(model->animal) == NAI_OK);
  else if (strcmp(what, "step") == 0 && n_in == 2)
    out[0] = step(in[1]);
  else if (strcmp(what, "train") == 0 && n_in == 3)
    check(host_train(model, (int64_t)mxGetScalar(in[1]), watch, (void *)in[2]) >= 0);
  else
    mexErrMsgTxt("open FILE SEED, reset, step INPUTS, or train UPDATES FUNCTION");
}
