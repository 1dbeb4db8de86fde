/* Releases of a network, moved after the units that send, and walked back through before them. */
#include "release.h"

#include <assert.h>
#include <string.h>

#include "../base/error.h"
#include "../units/slopes.h"

/* --- running ---------------------------------------------------------------------------------- */

/* Where states start: the first constants of the model. */
static void start(const nai_network *net, const nai__cells *c, float *states, int64_t n,
                  int64_t rows)
{
  for (int64_t b = 0; b < rows; b++)
    for (int64_t k = 0; k < c->n_states; k++)
      memcpy(states + b * net->ld_state + c->state[k], c->constant[k], (size_t)n * sizeof *states);
}

static void copy_states(const nai_network *net, const nai__cells *c, float *after,
                        const float *before, int64_t n, int64_t rows)
{
  for (int64_t b = 0; b < rows && after != before; b++)
    memcpy(after + b * net->ld_state + c->state[0], before + b * net->ld_state + c->state[0],
           (size_t)(c->n_states * n) * sizeof *after);
}

void nai__release_step(nai__activity *a, const nai__release *release, int64_t t, int64_t row,
                       int64_t rows)
{
  const nai_network *net = a->net;
  const nai__segment *g = &release->segment;
  float *states = nai__state_slot(a, t) + row * net->ld_state,
        *sent = nai__rate_slot(a, t) + row * net->ld_units;
  nai__cells_view view;
  if (t == 0)
    start(net, g->cells, states, g->units.n, rows);
  else
    copy_states(net, g->cells, states, nai__state_at(a, t - 1) + row * net->ld_state, g->units.n,
                rows);
  nai__cells_open(&view, net, g, rows);
  nai__cells_show(&view, g, sent, states, sent);
  view.batch.shown.step = t;
  g->cells->model->ops.step(g->cells->model->user, &view.batch.shown);
}

void nai__release_again(nai__activity *a, int64_t t, int64_t row, int64_t rows)
{
  for (int64_t k = 0; k < a->net->n_releases; k++)
    nai__release_step(a, &a->net->release[k], t, row, rows);
}

/* --- slopes ----------------------------------------------------------------------------------- */

/* At time 0 each trial comes from the same states. */
static void show_kept(nai__cells_view *view, const nai__activity *a, const nai__segment *g,
                      int64_t t, int64_t row, int64_t rows)
{
  const nai_network *net = a->net;
  const nai__cells *c = g->cells;
  float *sent = nai__writable(nai__rate_at(a, t) + row * net->ld_units);
  nai__cells_open(view, net, g, rows);
  nai__cells_show(view, g, sent,
                  nai__writable(nai__state_at(a, t ? t - 1 : 0) + row * net->ld_state), sent);
  view->batch.shown.step = t;
  if (t > 0) return;
  view->batch.shown.state_stride = 0;
  for (int64_t k = 0; k < c->n_states; k++) view->state[k] = c->constant[k];
}

void nai__release_slopes(nai__cells_view *view, const nai__activity *a, const nai__release *release,
                         int64_t t, int64_t row, int64_t rows, float *memory)
{
  show_kept(view, a, &release->segment, t, row, rows);
  nai_status status = nai__slopes_find(release->segment.cells->model, &view->batch.shown, memory);
  assert(status == NAI_OK); /* no function of a user's */
  (void)status;
}

/* What each port gets is written where the error of what is released was, and added from there. */
void nai__release_backward(const nai__activity *a, const nai__release *release, int64_t t,
                           int64_t row, int64_t rows, float *error, float *carry, float *memory)
{
  const nai_network *net = a->net;
  const nai__segment *g = &release->segment;
  const nai__cells *c = g->cells;
  nai__cells_view view;
  nai_unit_batch *b = &view.batch.shown;
  nai__release_slopes(&view, a, release, t, row, rows, memory);
  view.error[0] = view.port_error[0] = error + c->signal[0];
  for (int64_t k = 0; k < c->n_states; k++) view.carry[k] = carry + c->state[k];
  b->error = view.error;
  b->port_error = view.port_error;
  b->carry = view.carry;
  b->state_stride = net->ld_state;
  nai__slopes_backward(c->model, b);
  for (int64_t k = 0; k < rows; k++) {
    float *sent = error + k * net->ld_units + c->port[0];
    const float *released = error + k * net->ld_units + c->signal[0];
    for (int64_t i = 0; i < b->n; i++) sent[i] += released[i];
  }
}
