/*
 * Recursive least squares: k = P r / (1 + r^T P r), w <- w - e k, P <- P - k (r^T P) (Haykin 2002,
 * chapter 9; Sussillo & Abbott 2009, eqs 4 and 5).
 *
 * P in double: in float its small eigenvalues, of directions that were often seen, are lost in the
 * rounding of the large ones after some thousands of updates, and it is no longer positive.
 */
#include "least_squares.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../network/row.h"

/* --- who learns from what --------------------------------------------------------------------- */

/*
 * 1 for each column of a block that `post` has a plastic synapse from, or an existing one of those that
 * are `held`. Their number.
 */
static int64_t look_up_in(const nai_network *net, const nai__block *b, int64_t post,
                          const char *held, char *has)
{
  const nai__strip strip = nai__strip_of(b, post - b->post);
  int64_t found = 0;
  for (int64_t e = 0; e < strip.n; e++) {
    const int64_t c = strip.sender ? strip.sender[e] : e, at = strip.at + e;
    const char learns = held ? held[c] && net->exists[at] != 0 : net->plastic[at] != 0;
    has[c] = learns;
    found += learns;
  }
  return found;
}

/* 1 in `has` for each column that `post` has such a synapse from. Their number. */
static int64_t look_up_all(const nai__least_squares *squares, const nai__fit_request *request,
                           int64_t post, int to_output, const char *held)
{
  const nai_network *net = squares->net;
  int64_t found = 0;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    const nai__block *b = &net->block[k];
    char *has = squares->has + squares->first[k];
    memset(has, 0, (size_t)b->n_pre);
    if (b->to_output != to_output || post < b->post || post >= b->post + b->n_post) continue;
    if (b->from_input && !to_output && !request->units_from_inputs) continue;
    found += look_up_in(net, b, post, held ? held + squares->first[k] : NULL, has);
  }
  return found;
}

/* What `post` learnt by; NULL: it did not. */
static const nai__fit *fit_of(const nai__least_squares *squares, int64_t post, int64_t to_output,
                              const nai__fitted **out)
{
  for (int64_t f = 0; f < squares->n_fits; f++)
    for (int64_t i = squares->fit[f].learner; i >= 0; i = squares->learner[i].next) {
      *out = &squares->learner[i];
      if ((*out)->post == post && (*out)->to_output == to_output) return &squares->fit[f];
    }
  return NULL;
}

/* The columns that `post` learnt from, into squares->held. */
static void look_back(const nai__least_squares *squares, int64_t post, int to_output,
                      int64_t columns)
{
  const nai__fitted *l;
  const nai__fit *fit = fit_of(squares->past, post, to_output, &l);
  memset(squares->held, 0, (size_t)columns);
  for (int64_t k = 0; fit && k < fit->n_runs; k++) {
    const nai__regressors *run = &squares->past->run[fit->run + k];
    for (int64_t j = 0; j < run->n; j++)
      if (run->first + j != l->without)
        squares->held[squares->first[run->block] + run->column + j] = 1;
  }
}

/* Of one that has none that learns any more: those that did, and are still there. */
static int64_t look_up(const nai__least_squares *squares, const nai__fit_request *request,
                       int64_t post, int to_output, int64_t columns)
{
  const int64_t found = look_up_all(squares, request, post, to_output, NULL);
  if (found || !squares->past) return found;
  look_back(squares, post, to_output, columns);
  return look_up_all(squares, request, post, to_output, squares->held);
}

/* The columns of `which` as runs, into squares->found; their number, and that of the columns. */
static int64_t make_runs(const nai__least_squares *squares, const char *which, int64_t *columns)
{
  int64_t runs = 0, n = 0;
  for (int64_t k = 0; k < squares->net->n_blocks; k++)
    for (int64_t c = 0; c < squares->net->block[k].n_pre; c++) {
      if (!which[squares->first[k] + c]) continue;
      nai__regressors *last = runs ? &squares->found[runs - 1] : NULL;
      if (last && last->block == k && last->column + last->n == c)
        last->n++;
      else
        squares->found[runs++] = (nai__regressors){k, c, 1, n};
      n++;
    }
  *columns = n;
  return runs;
}

static nai_status append_fit(nai__least_squares *squares, int64_t runs, int64_t n)
{
  nai__fit *fit = nai__grow(squares->fit, squares->n_fits, squares->n_fits + 1, sizeof *fit);
  if (!fit) return NAI_ERR_MEMORY;
  squares->fit = fit;
  nai__regressors *run =
      nai__grow(squares->run, squares->n_runs, squares->n_runs + runs, sizeof *run);
  if (!run) return NAI_ERR_MEMORY;
  squares->run = run;
  memcpy(run + squares->n_runs, squares->found, (size_t)runs * sizeof *run);
  fit[squares->n_fits++] = (nai__fit){
      .n = n, .ld = nai__leading(n), .run = squares->n_runs, .n_runs = runs, .learner = -1};
  squares->n_runs += runs;
  for (int64_t i = 0; i < runs; i++) squares->moves[squares->found[i].block] = 1;
  return NAI_OK;
}

/* The fit with just these regressors, an old or a new one. */
static nai_status find_fit(int64_t *out, nai__least_squares *squares, const char *which)
{
  int64_t n, runs = make_runs(squares, which, &n);
  for (*out = 0; *out < squares->n_fits; ++*out) {
    const nai__fit *fit = &squares->fit[*out];
    if (fit->n_runs == runs &&
        memcmp(squares->run + fit->run, squares->found, (size_t)runs * sizeof *squares->found) == 0)
      return NAI_OK;
  }
  return append_fit(squares, runs, n);
}

/* The regressor of `any` that `has` lacks, one at most. */
static int64_t missing(const nai__least_squares *squares, int64_t columns)
{
  int64_t n = 0;
  for (int64_t c = 0; c < columns; c++) {
    if (squares->any[c] && !squares->has[c]) return n;
    n += squares->any[c];
  }
  return -1;
}

static nai_status add_learner(nai__least_squares *squares, const nai__fit_request *request,
                              int64_t post, int to_output, int64_t columns, int64_t most)
{
  int64_t at, n = look_up(squares, request, post, to_output, columns);
  if (!n) return NAI_OK;
  int shares = n >= most - 1 && most > 1;
  NAI__TRY(find_fit(&at, squares, shares ? squares->any : squares->has));
  squares->learner[squares->n_learners] = (nai__fitted){
      post, to_output, shares ? missing(squares, columns) : -1, squares->fit[at].learner};
  squares->fit[at].learner = squares->n_learners++;
  return NAI_OK;
}

/* Units of one population, or channels of one output: these share what any of them has. */
static nai_status add_node(nai__least_squares *squares, const nai__fit_request *request,
                           const nai__node *node, int64_t columns)
{
  int to_output = node->kind == NAI_OUTPUTS;
  const char *learns = (to_output ? request->output : request->unit) + node->offset;
  int64_t most = 0;
  memset(squares->any, 0, (size_t)columns);
  for (int64_t u = 0; u < node->n; u++) {
    if (!learns[u]) continue;
    look_up(squares, request, node->offset + u, to_output, columns);
    for (int64_t c = 0; c < columns; c++) squares->any[c] |= squares->has[c];
  }
  for (int64_t c = 0; c < columns; c++) most += squares->any[c];
  for (int64_t u = 0; u < node->n; u++)
    if (learns[u])
      NAI__TRY(add_learner(squares, request, node->offset + u, to_output, columns, most));
  return NAI_OK;
}

/* --- making ----------------------------------------------------------------------------------- */

/* Constraints are made to hold for all of a projection. */
static void move_together(nai__least_squares *squares)
{
  const nai_network *net = squares->net;
  for (int64_t k = 0; k < net->n_projections; k++) {
    const nai__projection *p = &net->projection[k];
    char *moves = squares->moves + p->block;
    if (memchr(moves, 1, (size_t)p->n_parts)) memset(moves, 1, (size_t)p->n_parts);
  }
}

static nai_status make_fits(nai__least_squares *squares, const nai__fit_request *request)
{
  const nai_network *net = squares->net;
  int64_t columns = 0;
  squares->first = NAI__ARRAY(int64_t, net->n_blocks);
  squares->moves = NAI__ARRAY(char, net->n_blocks);
  squares->learner = NAI__ARRAY(nai__fitted, net->n_units + net->n_outputs);
  if (!squares->first || !squares->moves || !squares->learner) return NAI_ERR_MEMORY;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    squares->first[k] = columns;
    columns += net->block[k].n_pre;
  }
  squares->has = NAI__ARRAY(char, columns);
  squares->any = NAI__ARRAY(char, columns);
  squares->held = NAI__ARRAY(char, columns);
  squares->found = NAI__ARRAY(nai__regressors, columns);
  if (!squares->has || !squares->any || !squares->held || !squares->found) return NAI_ERR_MEMORY;
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (net->node[i].kind != NAI_INPUTS)
      NAI__TRY(add_node(squares, request, &net->node[i], columns));
  move_together(squares);
  return NAI_OK;
}

static nai_status make_errors(nai__least_squares *squares)
{
  squares->unit_error = NAI__ARRAY(float, squares->net->n_units);
  squares->output_error = NAI__ARRAY(float, squares->net->n_outputs);
  if (!squares->unit_error || !squares->output_error) return NAI_ERR_MEMORY;
  for (int64_t u = 0; u < squares->net->n_units; u++) squares->unit_error[u] = NAN;
  return NAI_OK;
}

/* The doubles of all P. */
static int64_t size_of_p(const nai__least_squares *squares)
{
  int64_t n = 0;
  for (int64_t f = 0; f < squares->n_fits; f++) n += squares->fit[f].n * squares->fit[f].ld;
  return n;
}

static nai_status find_room(nai__least_squares *squares, nai__learner *learner)
{
  const int64_t n = size_of_p(squares);
  if (!squares->past)
    squares->p = nai__learner_keep_doubles(learner, "P", n);
  else if (nai__learner_check(learner, n * (int64_t)sizeof *squares->p) == NAI_OK)
    squares->p = NAI__ARRAY(double, n);
  return squares->p ? NAI_OK : NAI_ERR_MEMORY;
}

static nai_status make_p(nai__least_squares *squares, nai__learner *learner, double lambda)
{
  int64_t longest = 0;
  for (int64_t f = 0; f < squares->n_fits; f++)
    if (squares->fit[f].ld > longest) longest = squares->fit[f].ld;
  NAI__TRY(find_room(squares, learner));
  squares->r = NAI__ARRAY(double, longest);
  squares->q = NAI__ARRAY(double, longest);
  if (!squares->r || !squares->q) return NAI_ERR_MEMORY;
  double *p = squares->p;
  for (int64_t f = 0; f < squares->n_fits; f++) {
    nai__fit *fit = &squares->fit[f];
    fit->p = p;
    p += fit->n * fit->ld;
    for (int64_t i = 0; i < fit->n; i++) fit->p[i * fit->ld + i] = 1 / lambda;
  }
  return NAI_OK;
}

/* --- from what was ---------------------------------------------------------------------------- */

/* Where it is among the regressors of a fit of before; -1: nowhere. */
static int64_t find_regressor(const nai__least_squares *past, const nai__fit *fit, int64_t block,
                              int64_t column)
{
  for (int64_t k = fit->run; k < fit->run + fit->n_runs; k++) {
    const nai__regressors *run = &past->run[k];
    const int64_t j = column - run->column;
    if (run->block == block && j >= 0 && j < run->n) return run->first + j;
  }
  return -1;
}

static void find_regressors(int64_t *at, const nai__least_squares *squares, const nai__fit *fit,
                            const nai__fit *before)
{
  for (int64_t k = fit->run; k < fit->run + fit->n_runs; k++) {
    const nai__regressors *run = &squares->run[k];
    for (int64_t j = 0; j < run->n; j++)
      at[run->first + j] = find_regressor(squares->past, before, run->block, run->column + j);
  }
}

/* P_ij - P_im P_mj / P_mm: symmetric whatever is rounded. u: [n] scratch. */
static void leave_out(double *p, double *u, int64_t n, int64_t ld, int64_t m)
{
  const double root = sqrt(p[m * ld + m]);
  for (int64_t i = 0; i < n; i++) u[i] = p[m * ld + i] / root;
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < n; j++) p[i * ld + j] -= u[i] * u[j];
}

/* The P of before, in p, without regressors that none of `at` [fit->n] is; then its rest. */
static void take_over(const nai__fit *fit, const nai__fit *before, const int64_t *at, double *p,
                      double *scratch, char *gone)
{
  memset(gone, 1, (size_t)before->n);
  for (int64_t i = 0; i < fit->n; i++)
    if (at[i] >= 0) gone[at[i]] = 0;
  for (int64_t m = 0; m < before->n; m++)
    if (gone[m]) leave_out(p, scratch, before->n, before->ld, m);
  for (int64_t i = 0; i < fit->n; i++)
    for (int64_t j = 0; j < fit->n; j++)
      if (at[i] >= 0 && at[j] >= 0) fit->p[i * fit->ld + j] = p[at[i] * before->ld + at[j]];
}

static nai_status inherit(const nai__least_squares *squares, const nai__fit *fit)
{
  const nai__fitted *l = &squares->learner[fit->learner], *then;
  const nai__fit *before = fit_of(squares->past, l->post, l->to_output, &then);
  if (!before) return NAI_OK;
  const int64_t n = before->n * before->ld;
  double *p = NAI__ARRAY(double, n + before->n);
  int64_t *at = NAI__ARRAY(int64_t, fit->n);
  char *gone = NAI__ARRAY(char, before->n);
  if (p && at && gone) {
    memcpy(p, before->p, (size_t)n * sizeof *p);
    find_regressors(at, squares, fit, before);
    take_over(fit, before, at, p, p + n, gone);
  }
  nai_status status = p && at && gone ? NAI_OK : NAI_ERR_MEMORY;
  nai__free(p);
  nai__free(at);
  nai__free(gone);
  return status;
}

static nai_status inherit_all(const nai__least_squares *squares)
{
  for (int64_t f = 0; squares->past && f < squares->n_fits; f++)
    NAI__TRY(inherit(squares, &squares->fit[f]));
  return NAI_OK;
}

/* --- all together ----------------------------------------------------------------------------- */

static nai_status make(nai__least_squares **out, nai__learner *learner,
                       const nai__fit_request *request, const nai__least_squares *past)
{
  nai__least_squares *squares = NAI__NEW(nai__least_squares);
  if (!squares) return NAI_ERR_MEMORY;
  squares->net = learner->net;
  squares->changes = learner->net->changes;
  squares->past = past;
  nai_status status = make_fits(squares, request);
  if (status == NAI_OK) status = make_errors(squares);
  if (status == NAI_OK) status = make_p(squares, learner, request->lambda);
  if (status == NAI_OK) status = inherit_all(squares);
  nai__free(squares->has);
  nai__free(squares->any);
  nai__free(squares->held);
  nai__free(squares->found);
  squares->has = squares->any = squares->held = NULL;
  squares->found = NULL;
  squares->past = NULL;
  if (status == NAI_OK) {
    *out = squares;
    return NAI_OK;
  }
  if (past) nai__free(squares->p);
  nai__least_squares_destroy(squares);
  return status;
}

nai_status nai__least_squares_create(nai__least_squares **out, nai__learner *learner,
                                     const nai__fit_request *request)
{
  return make(out, learner, request, NULL);
}

nai_status nai__least_squares_renew(nai__least_squares **squares, nai__learner *learner,
                                    const nai__fit_request *request)
{
  nai__least_squares *renewed;
  NAI__TRY(make(&renewed, learner, request, *squares));
  nai__learner_replace_doubles(learner, "P", renewed->p, size_of_p(renewed));
  nai__least_squares_destroy(*squares);
  *squares = renewed;
  return NAI_OK;
}

void nai__least_squares_destroy(nai__least_squares *squares)
{
  if (!squares) return;
  nai__free(squares->fit);
  nai__free(squares->learner);
  nai__free(squares->run);
  nai__free(squares->unit_error);
  nai__free(squares->output_error);
  nai__free(squares->r);
  nai__free(squares->q);
  nai__free(squares->moves);
  nai__free(squares->first);
  nai__free(squares);
}

/* --- an update -------------------------------------------------------------------------------- */

static void gather(nai__least_squares *squares, const nai__online *online, const nai__fit *fit)
{
  for (int64_t k = fit->run; k < fit->run + fit->n_runs; k++) {
    const nai__regressors *run = &squares->run[k];
    const float *from =
        nai__carried(online->activity, &squares->net->block[run->block], online->t) + run->column;
    for (int64_t j = 0; j < run->n; j++) squares->r[run->first + j] = from[j];
  }
}

/* q = P r, by rows: P is symmetric. Returns r^T P r. */
static double multiply(nai__least_squares *squares, const nai__fit *fit)
{
  double *restrict q = squares->q, sum = 0;
  memset(q, 0, (size_t)fit->n * sizeof *q);
  for (int64_t i = 0; i < fit->n; i++) {
    const double *restrict row = fit->p + i * fit->ld;
    double r = squares->r[i];
    if (r == 0) continue;
    for (int64_t j = 0; j < fit->n; j++) q[j] += r * row[j];
  }
  for (int64_t i = 0; i < fit->n; i++) sum += squares->r[i] * q[i];
  return sum;
}

static void move_row(float *restrict w, const double *restrict q, int64_t n, double factor)
{
  for (int64_t j = 0; j < n; j++) w[j] = (float)((double)w[j] - factor * q[j]);
}

/*
 * Without regressor m: the inverse of lambda I + sum r r^T without its row and column m is P_ij - P_im
 * P_mj / P_mm, so q without it is q - P_m q_m / P_mm. Nothing where j is m.
 */
static void move_row_without(float *restrict w, const double *restrict q, const double *restrict p,
                             int64_t n, double factor, double ratio)
{
  for (int64_t j = 0; j < n; j++) w[j] = (float)((double)w[j] - factor * (q[j] - ratio * p[j]));
}

/* How one that learns moves by what is left of a fit: w_j -= factor (q_j - ratio p_j). */
typedef struct move {
  double factor, ratio;
  const double *q, *p; /* of all regressors; p: NULL with all of them */
} move;

static move move_of(const nai__least_squares *squares, const nai__fit *fit, const nai__fitted *l,
                    double error, double rq)
{
  if (l->without < 0) return (move){error / (1 + rq), 0, squares->q, NULL};
  const double *p = fit->p + l->without * fit->ld;
  double ratio = squares->q[l->without] / p[l->without];
  return (move){error / (1 + rq - ratio * squares->q[l->without]), ratio, squares->q, p};
}

/* Synapses of a matrix stand side by side, as regressors of a run do. */
static void move_side_by_side(float *w, const nai__fitted *l, const nai__regressors *run,
                              const move *m)
{
  const double *q = m->q + run->first;
  if (!m->p) {
    move_row(w, q, run->n, m->factor);
    return;
  }
  int64_t gap = l->without - run->first;
  float kept = gap >= 0 && gap < run->n ? w[gap] : 0;
  move_row_without(w, q, m->p + run->first, run->n, m->factor, m->ratio);
  if (gap >= 0 && gap < run->n) w[gap] = kept;
}

/* Those of a list have others, which do not learn, between them. */
static void move_listed(float *w, const nai__strip *strip, const nai__fitted *l,
                        const nai__regressors *run, const move *m)
{
  int64_t e = nai__strip_from(strip, run->column);
  for (int64_t j = 0; j < run->n; j++) {
    const int64_t r = run->first + j;
    while (e < strip->n && strip->sender[e] < run->column + j) e++;
    if (r == l->without) continue;
    assert(e < strip->n && strip->sender[e] == run->column + j);
    const double step = m->p ? m->q[r] - m->ratio * m->p[r] : m->q[r];
    w[e] = (float)((double)w[e] - m->factor * step);
  }
}

static void move_run(const nai__least_squares *squares, const nai__fitted *l,
                     const nai__regressors *run, const move *m)
{
  const nai__block *b = &squares->net->block[run->block];
  const nai__strip strip = nai__strip_of(b, l->post - b->post);
  float *w = squares->net->theta + strip.at;
  if (strip.sender)
    move_listed(w, &strip, l, run, m);
  else
    move_side_by_side(w + run->column, l, run, m);
}

/* P <- P - u u^T with u = q / sqrt(1 + r^T P r): symmetric whatever is rounded. */
static void shrink(nai__least_squares *squares, const nai__fit *fit, double rq)
{
  double *restrict u = squares->q, root = sqrt(1 + rq);
  for (int64_t i = 0; i < fit->n; i++) u[i] /= root;
  for (int64_t i = 0; i < fit->n; i++) {
    double *restrict row = fit->p + i * fit->ld;
    double factor = u[i];
    if (factor == 0) continue;
    for (int64_t j = 0; j < fit->n; j++) row[j] -= factor * u[j];
  }
}

static void update(nai__least_squares *squares, const nai__online *online, const nai__fit *fit)
{
  double rq = NAN;
  for (int64_t i = fit->learner; i >= 0; i = squares->learner[i].next) {
    const nai__fitted *l = &squares->learner[i];
    float error = (l->to_output ? squares->output_error : squares->unit_error)[l->post];
    if (isnan(error)) continue;
    if (isnan(rq)) {
      gather(squares, online, fit);
      rq = multiply(squares, fit);
    }
    const move m = move_of(squares, fit, l, (double)error, rq);
    for (int64_t k = fit->run; k < fit->run + fit->n_runs; k++)
      move_run(squares, l, &squares->run[k], &m);
  }
  if (!isnan(rq)) shrink(squares, fit, rq);
}

void nai__least_squares_outputs(nai__least_squares *squares, const nai__online *online)
{
  const float *z = nai__output_at(online->activity, online->t);
  for (int64_t o = 0; o < squares->net->n_outputs; o++)
    squares->output_error[o] = z[o] - online->target[o];
}

void nai__least_squares_step(nai__least_squares *squares, nai__online *online)
{
  for (int64_t k = 0; k < squares->net->n_blocks; k++)
    if (squares->moves[k]) nai__online_moves(online, k);
  for (int64_t f = 0; f < squares->n_fits; f++) update(squares, online, &squares->fit[f]);
}

nai_status nai__least_squares_estimate(nai__learner *learner, nai__pass *pass)
{
  (void)pass;
  return nai__fail(NAI_ERR_UNSUPPORTED,
                   "rule '%s' estimates no gradient: it changes the weights directly",
                   learner->rule->kind->name);
}
