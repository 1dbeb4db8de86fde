/* The only file that changes the floating-point environment. */
#include "floating.h"

void nai__floating_hold(fenv_t *kept)
{
  feholdexcept(kept);
}

void nai__floating_release(const fenv_t *kept)
{
  fesetenv(kept);
}

void nai__floating_read(fenv_t *out)
{
  fegetenv(out);
}

void nai__floating_follow(const fenv_t *other)
{
  fenv_t ours = *other;
  fesetenv(&ours);
  feholdexcept(&ours);
}
