/* A step of units that spike; units/lif.h has the equations. No fused multiply-add: the same bits everywhere. */

/* What is one number for all units, or one each. */
NAI__INLINE vec number_of(const nai__spiking *u, const float *p, place at)
{
  return u->same ? all(p[0]) : read_at(p, at);
}

NAI__INLINE void fire_vector(const nai__spiking *u, int adapts, int soft, place at)
{
  const vec none = all(0.0f), again = number_of(u, u->period, at);
  const vec before = read_at(u->v, at), wait = read_at(u->wait, at);
  const vec taken = soft ? number_of(u, u->taken, at) : none;
  const vec kept = adapts ? read_at(u->b, at) : none;
  const truth is_hard = is_zero(taken), is_held = is_below(all(1.0f), wait);
  vec next = before + number_of(u, u->decay, at) * (number_of(u, u->target, at) - before) +
             read_at(u->in, at);
  vec barrier = number_of(u, u->threshold, at);
  if (adapts) barrier = barrier + number_of(u, u->adaptation, at) * kept;
  if (soft) next = next - choose(is_below(again - 0.5f, wait), taken, none);
  next = choose(is_held & is_hard, before, next);
  const vec left = choose(is_held, wait - 1.0f, none);
  const truth fires = is_at_most(barrier, next) & is_zero(left);
  const vec fired = choose(fires, all(1.0f), none);
  next = choose(fires & is_hard, number_of(u, u->reset, at), next);
  write_at(u->spike, fired, at);
  write_at(u->v, next, at);
  write_at(u->sent, next, at);
  write_at(u->wait, choose(fires, again, left), at);
  if (adapts) write_at(u->b, number_of(u, u->kept_b, at) * kept + fired, at);
}

NAI__INLINE void fire_all(const nai__spiking *u, int adapts, int soft)
{
  for (int64_t i = 0; i < u->n; i += NAI__LANES) fire_vector(u, adapts, soft, (place){i, u->n - i});
}

static void fire(const nai__spiking *u)
{
  if (u->soft)
    u->adapts ? fire_all(u, 1, 1) : fire_all(u, 0, 1);
  else
    u->adapts ? fire_all(u, 1, 0) : fire_all(u, 0, 0);
}
