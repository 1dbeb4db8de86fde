/*
 * Units: leak, transfer function and their derivatives, one row at a time. Polynomials of our own
 * for the exponential and the logarithm, a few units in the last place off. What decays is flushed:
 * see flushed().
 *
 * A vector of units is one call of an inline function; the last, partial one is the same call on
 * lanes of which only the first `count` are read and written.
 */

/* Where a vector of units is. */
typedef struct place {
  int64_t first;
  int64_t count;
} place;

NAI__INLINE vec read_at(const float *p, place at)
{
  return load_up_to(p + at.first, at.count);
}

NAI__INLINE void write_at(float *p, vec x, place at)
{
  store_up_to(p + at.first, x, at.count);
}

/* --- elementary functions --------------------------------------------------------------------- */

/*
 * exp(x) = scale * (1 + rest), x <= 0, where |rest| < 0.42 is exact to its own last places. Below
 * -70 as for -70.
 */
typedef struct exponential {
  vec scale;
  vec rest;
} exponential;

NAI__INLINE exponential exponential_of(vec x)
{
  const vec shift =
      all(0x1.8p23f); /* adding it rounds to a whole number and leaves that in the low bits */
  x = choose(is_below(x, all(-70.0f)), all(-70.0f), x);
  vec shifted = fused(x, all(1.44269504f), shift);
  vec whole = shifted - shift;
  vec r =
      fused(whole, all(-0.693145752f), x); /* log 2 in two parts; times the first one is exact */
  r = fused(whole, all(-1.42860682e-6f), r);
  vec p = all(0.00138825155f);
  p = fused(p, r, all(0.00836652052f));
  p = fused(p, r, all(0.0416672006f));
  p = fused(p, r, all(0.166665435f));
  p = fused(p, r, all(0.49999997f));
  return (exponential){(vec)(((uvec)shifted << 23) + 0x3f800000u), fused(r * r, p, r)};
}

/* exp(x), x <= 0; 0 below -69.3. */
NAI__INLINE vec exp_of(vec x)
{
  exponential e = exponential_of(x);
  return flushed(fused(e.scale, e.rest, e.scale));
}

/* exp(x) - 1, x <= 0, to the last places also near 0. */
NAI__INLINE vec exp_minus_1(vec x)
{
  exponential e = exponential_of(x);
  return fused(e.scale, e.rest, e.scale - 1.0f);
}

/* log(1 + x), 0 <= x <= 1, as 2 atanh(x / (2 + x)). */
NAI__INLINE vec log_1_plus(vec x)
{
  vec s = x / (x + 2.0f), y = s * s;
  vec p = all(0.140122294f);
  p = fused(p, y, all(0.139995709f));
  p = fused(p, y, all(0.200108498f));
  p = fused(p, y, all(0.333332062f));
  s = s + s;
  return fused(s * y, p, s);
}

NAI__INLINE vec tanh_of(vec x)
{
  vec e = exp_minus_1(magnitude(x) * -2.0f);
  return with_sign_of(e / (e + 2.0f), x);
}

/* NaN stays NaN. */
NAI__INLINE vec rectified(vec x)
{
  return zero_where(is_at_most(x, all(0.0f)), x);
}

/* The only transfer function that calls the C library; the exponent is most often 2. */
static vec power_of(vec x, vec exponent)
{
  for (int i = 0; i < NAI__LANES; i++)
    if (!(x[i] <= 0.0f))
      x[i] = exponent[i] == 2.0f ? x[i] * x[i] : powf(x[i], exponent[i]);
    else
      x[i] = 0.0f;
  return x;
}

/* y^((p - 1) / p), y >= 0: the slope of x^p, but for the factor p, where x^p = y. */
static vec power_slope(vec y, vec exponent)
{
  for (int i = 0; i < NAI__LANES; i++)
    if (!(y[i] <= 0.0f))
      y[i] = exponent[i] == 2.0f ? __builtin_sqrtf(y[i])
                                 : powf(y[i], (exponent[i] - 1.0f) / exponent[i]);
    else
      y[i] = 0.0f;
  return y;
}

/* --- transfer functions ----------------------------------------------------------------------- */

/* phi_ of each in the list: f(x). */

NAI__INLINE vec phi_relu(const nai__units *u, vec x, place at)
{
  (void)u, (void)at;
  return rectified(x);
}

NAI__INLINE vec phi_tanh(const nai__units *u, vec x, place at)
{
  (void)u, (void)at;
  return tanh_of(x);
}

NAI__INLINE vec phi_softplus(const nai__units *u, vec x, place at)
{
  (void)u, (void)at;
  return rectified(x) + log_1_plus(exp_of(-magnitude(x)));
}

NAI__INLINE vec phi_logistic(const nai__units *u, vec x, place at)
{
  (void)u, (void)at;
  vec e = exp_of(-magnitude(x));
  return choose(is_below(x, all(0.0f)), e, all(1.0f)) / (e + 1.0f);
}

NAI__INLINE vec phi_linear(const nai__units *u, vec x, place at)
{
  (void)u, (void)at;
  return x;
}

NAI__INLINE vec phi_rectified_tanh(const nai__units *u, vec x, place at)
{
  (void)u, (void)at;
  return rectified(tanh_of(x));
}

NAI__INLINE vec phi_power(const nai__units *u, vec x, place at)
{
  return power_of(x, read_at(u->exponent, at));
}

/* slope_ of each: f'(x) from y = f(x). */

NAI__INLINE vec slope_relu(const nai__units *u, vec y, place at)
{
  (void)u, (void)at;
  return zero_where(is_zero(y), all(1.0f));
}

NAI__INLINE vec slope_tanh(const nai__units *u, vec y, place at)
{
  (void)u, (void)at;
  return (1.0f - y) * (y + 1.0f);
}

NAI__INLINE vec slope_softplus(const nai__units *u, vec y, place at)
{
  (void)u, (void)at;
  return -exp_minus_1(-y);
}

NAI__INLINE vec slope_logistic(const nai__units *u, vec y, place at)
{
  (void)u, (void)at;
  return y * (1.0f - y);
}

NAI__INLINE vec slope_linear(const nai__units *u, vec y, place at)
{
  (void)u, (void)y, (void)at;
  return all(1.0f);
}

NAI__INLINE vec slope_rectified_tanh(const nai__units *u, vec y, place at)
{
  return zero_where(is_zero(y), slope_tanh(u, y, at));
}

NAI__INLINE vec slope_power(const nai__units *u, vec y, place at)
{
  vec exponent = read_at(u->exponent, at);
  return exponent * power_slope(y, exponent);
}

/* gain f(x). `transfer` is a constant. */
NAI__INLINE vec transfer_of(int transfer, const nai__units *u, vec x, place at)
{
  vec y = x;
#define CASE(number, word, ...) \
  case NAI__##number: y = phi_##word(u, x, at); break;
  switch (transfer) {
    NAI__TRANSFER_LIST(CASE)
  }
#undef CASE
  if (u->gain) y = y * read_at(u->gain, at);
  return flushed(y);
}

/* gain f'(x), from r = gain f(x). A gain of 0, as lanes without a unit have, has slope 0. */
NAI__INLINE vec slope_of(int transfer, const nai__units *u, vec r, place at)
{
  vec gain = all(1.0f), y = r, slope = gain;
  if (u->gain) {
    gain = read_at(u->gain, at);
    y = r / choose(is_zero(gain), all(1.0f), gain);
  }
#define CASE(number, word, ...) \
  case NAI__##number: slope = slope_##word(u, y, at); break;
  switch (transfer) {
    NAI__TRANSFER_LIST(CASE)
  }
#undef CASE
  return u->gain ? slope * gain : slope;
}

/* --- one vector of units ---------------------------------------------------------------------- */

NAI__INLINE vec with_noise(vec x, const nai__units *u, const float *xi, place at)
{
  return u->noise ? fused(read_at(u->noise, at), read_at(xi, at), x) : x;
}

/* (1 - alpha) x + alpha y */
NAI__INLINE vec leak(vec alpha, vec x, vec y)
{
  return fused(1.0f - alpha, x, alpha * y);
}

NAI__INLINE void current_forward_at(int transfer, const nai__units *u, float *x, float *r,
                                    const float *v, const float *xi, place at)
{
  vec y = leak(read_at(u->alpha, at), read_at(x, at), read_at(v, at) + read_at(u->bias, at));
  y = flushed(with_noise(y, u, xi, at));
  write_at(x, y, at);
  write_at(r, transfer_of(transfer, u, y, at), at);
}

NAI__INLINE void rate_forward_at(int transfer, const nai__units *u, float *r, float *a,
                                 const float *r_before, const float *v, const float *xi, place at)
{
  vec x = with_noise(read_at(v, at) + read_at(u->bias, at), u, xi, at),
      y = transfer_of(transfer, u, x, at);
  vec after = leak(read_at(u->alpha, at), read_at(r_before, at), y);
  write_at(a, y, at);
  write_at(r, flushed(after), at);
}

NAI__INLINE void current_backward_at(int transfer, const nai__units *u, float *g, float *carry,
                                     const float *r, place at)
{
  vec alpha = read_at(u->alpha, at), slope = slope_of(transfer, u, read_at(r, at), at);
  vec dx = flushed(fused(read_at(g, at), slope, read_at(carry, at)));
  write_at(g, alpha * dx, at);
  write_at(carry, (1.0f - alpha) * dx, at);
}

NAI__INLINE void rate_backward_at(int transfer, const nai__units *u, float *g, float *carry,
                                  const float *a, place at)
{
  vec alpha = read_at(u->alpha, at), slope = slope_of(transfer, u, read_at(a, at), at);
  vec dr = flushed(read_at(carry, at) + read_at(g, at));
  write_at(g, flushed(alpha * dr * slope), at);
  write_at(carry, (1.0f - alpha) * dr, at);
}

NAI__INLINE void transfer_at(int transfer, const nai__units *u, float *r, const float *x, place at)
{
  write_at(r, transfer_of(transfer, u, read_at(x, at), at), at);
}

/* --- a run of units --------------------------------------------------------------------------- */

/*
 * Calls `what`(transfer, u, ..., place) over the run, with each transfer function compiled apart.
 */
#define NAI__OVER(number, word, what, ...)                                        \
  case NAI__##number: {                                                           \
    int64_t i = 0;                                                                \
    for (; i + NAI__LANES <= u->n; i += NAI__LANES)                               \
      what##_at(NAI__##number, u, __VA_ARGS__, (place){i, NAI__LANES});           \
    if (i < u->n) what##_at(NAI__##number, u, __VA_ARGS__, (place){i, u->n - i}); \
    break;                                                                        \
  }
/* Of a copy, which nothing that is stored may alias: its pointers are looked at once a run. */
#define NAI__UNITS(...)                        \
  const nai__units copy = *units, *u = &copy;  \
  switch (u->transfer) {                       \
    NAI__TRANSFER_LIST(NAI__OVER, __VA_ARGS__) \
  }

static void current_forward(const nai__units *units, float *x, float *r, const float *v,
                            const float *xi)
{
  NAI__UNITS(current_forward, x, r, v, xi)
}

static void rate_forward(const nai__units *units, float *r, float *a, const float *r_before,
                         const float *v, const float *xi)
{
  NAI__UNITS(rate_forward, r, a, r_before, v, xi)
}

static void current_backward(const nai__units *units, float *g, float *carry, const float *r)
{
  NAI__UNITS(current_backward, g, carry, r)
}

static void rate_backward(const nai__units *units, float *g, float *carry, const float *a)
{
  NAI__UNITS(rate_backward, g, carry, a)
}

static void transfer(const nai__units *units, float *r, const float *x)
{
  NAI__UNITS(transfer, r, x)
}
