/*
 * The floating-point environment: rounding, traps, flags. It is the host's. The library computes in
 * it as it is, except for what cannot be done under traps.
 */
#ifndef NAI_BASE_FLOATING_H
#define NAI_BASE_FLOATING_H

#include <fenv.h>

/*
 * Around code of others that raises exceptions on purpose: LAPACK divides by zero to see whether it
 * may. Until nai__floating_release() nothing traps; then flags and traps are as they were.
 */
void nai__floating_hold(fenv_t *kept);
void nai__floating_release(const fenv_t *kept);

/*
 * For threads that work for another one: rounding and the treatment of subnormal numbers become
 * the other's, so that results do not depend on who computes them. Nothing traps there: a host's
 * handlers are for its own threads.
 */
void nai__floating_read(fenv_t *out);
void nai__floating_follow(const fenv_t *other);

#endif
