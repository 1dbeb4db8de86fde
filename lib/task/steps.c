/* Durations in steps. */
#include "steps.h"

#include <math.h>

#include "../base/error.h"

int64_t nai__task_steps(double duration, double dt)
{
  return (int64_t)floor(duration / dt * (1 + 1e-9));
}

/* 0, up to the rounding of a staircase that went down to it. */
static int is_none(double duration, double dt)
{
  return duration <= 1e-9 * dt;
}

int64_t nai__drawn_steps(double duration, double dt)
{
  int64_t steps = nai__task_steps(duration, dt);
  return steps < 1 && !is_none(duration, dt) ? 1 : steps;
}

nai_status nai__check_steps(const double *durations, int64_t n, const char *parameter, int needed,
                            double dt)
{
  for (int64_t i = 0; i < n; i++) {
    if (nai__task_steps(durations[i], dt) >= 1 || (is_none(durations[i], dt) && !needed)) continue;
    return nai__fail(NAI_ERR_INVALID,
                     "%s is %g ms and has no step of dt = %g ms, must be %sat least dt", parameter,
                     durations[i], dt, needed ? "" : "0 or ");
  }
  return NAI_OK;
}
