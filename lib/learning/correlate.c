/*
 * From errors to weight gradients: dJ/dW = sum over steps and trials of dJ/dv(t) r(t - delay)^T,
 * one long product a block. Shared by every rule that ends in an error of its own for each unit and
 * step.
 */
#include "rule.h"

/*
 * Multiplications of a part, about, after which the host may be asked; and the fewest steps and trials
 * that pay, since each time all weights are added to.
 */
#define MOST_WORK ((int64_t)1 << 30)
#define LEAST_TERMS (8 * NAI__OUTER_DEPTH)
/* Pairs of units of a part, of which so few may be synapses that they take much less time. */
#define MOST_PAIRS ((int64_t)1 << 26)

/*
 * Rows of a block's gradient are shared out to threads: so many parts of each block; and trials, where
 * each group has sums of its own.
 */
struct job {
  nai__pass *pass;
  int64_t parts;
  int only_outputs, by_groups;
};

/* Some trials of all steps at hand: the first one, where they lie from there on, and their gradient. */
typedef struct share {
  int64_t trial;
  nai__rows rows;
  float *gradient;
} share;

static int64_t smaller(int64_t a, int64_t b)
{
  return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
  return a > b ? a : b;
}

/*
 * Where bits do not depend on the cut, a part for each thread, or so many that the host is asked in time
 * even within the largest block; else as the kernels want it.
 */
static int64_t parts_of(const nai__pass *pass)
{
  const nai_network *net = pass->net;
  int64_t n_post = 1, pairs = 1, rows = net->kernels->outer_rows;
  for (int64_t k = 0; k < net->n_blocks; k++) {
    n_post = larger(n_post, net->block[k].n_post);
    pairs = larger(pairs, net->block[k].n_post * net->block[k].n_pre);
  }
  return rows ? (n_post + rows - 1) / rows
              : larger(nai__pool_threads(pass->pool), 1 + pairs / MOST_PAIRS);
}

static share all_trials(const nai__pass *pass)
{
  return (share){0, nai__rows_of((pass->end - pass->first) * pass->trials), pass->gradient};
}

static share trials_of(const nai__pass *pass, int64_t group)
{
  const int64_t trial = group * pass->rows, trials = smaller(pass->rows, pass->trials - trial);
  return (share){trial,
                 {(pass->end - pass->first) * trials, trials, pass->trials},
                 group ? pass->sums + (group - 1) * pass->net->n_theta : pass->gradient};
}

/*
 * Steps and trials that are added up at once: all, but of very long batches so many that one may stop
 * between. Rows of the gradient are not cut, for each of them reads all rates again.
 */
static int64_t terms_at_once(const nai__rows *rows, int64_t pairs)
{
  const int64_t most = larger(MOST_WORK / (pairs + 1), LEAST_TERMS),
                whole = rows->each < rows->n ? rows->each : NAI__OUTER_DEPTH;
  return rows->n <= most ? rows->n : most / whole * whole;
}

/* Rows first .. end - 1 of a block's gradient, from steps and trials from .. from + terms - 1. */
static void correlate_terms(const nai__pass *pass, const share *share, const nai__block *block,
                            int64_t first, int64_t end, int64_t from, int64_t terms, int32_t thread)
{
  const nai_network *net = pass->net;
  const nai__rows all = share->rows;
  const int64_t at = share->trial + nai__row_place(all, from);
  const float *error =
      (block->to_output ? pass->output_gradient + pass->first * pass->trials * net->ld_outputs
                        : pass->signal) +
      block->post;
  int64_t lde = block->to_output ? net->ld_outputs : net->ld_units;
  const float *source = nai__carried(pass->activity, block, pass->first + 1);
  int64_t lds = nai__carried_stride(net, block);
  nai__block_outer(net, block, share->gradient, error + at * lde, lde, source + at * lds, lds,
                   (nai__rows){terms, all.each, all.apart}, first, end,
                   from > 0 || pass->end < pass->steps, pass->outer_scratch[thread]);
}

/* 0: the work is given up. */
static int correlate_rows(const nai__pass *pass, const share *share, const nai__block *block,
                          int64_t first, int64_t end, int32_t thread)
{
  if (first >= end || block->frozen) return 1; /* what is there is cleared afterwards */
  const int64_t all = share->rows.n, pairs = (end - first) * block->n_pre,
                most = terms_at_once(&share->rows, pairs);
  for (int64_t from = 0, terms; from < all; from += terms) {
    terms = smaller(most, all - from);
    if (nai__pool_ended(pass->pool, thread, pairs * terms)) return 0;
    correlate_terms(pass, share, block, first, end, from, terms, thread);
  }
  return 1;
}

static void correlate_part(void *argument, int64_t task, int32_t thread)
{
  const struct job *job = argument;
  const nai__pass *pass = job->pass;
  const int64_t group = task / job->parts / pass->net->n_blocks;
  const nai__block *block = &pass->net->block[task / job->parts % pass->net->n_blocks];
  if (job->only_outputs && !block->to_output) return;
  const share share = job->by_groups ? trials_of(pass, group) : all_trials(pass);
  int64_t width = (block->n_post + job->parts - 1) / job->parts;
  width = (width + 15) / 16 * 16;
  int64_t first = task % job->parts * width;
  correlate_rows(pass, &share, block, first, smaller(first + width, block->n_post), thread);
}

void nai__correlate(nai__pass *pass)
{
  struct job job = {pass, parts_of(pass), 0, 0};
  nai__pool_run(pass->pool, pass->net->n_blocks * job.parts, correlate_part, &job);
}

void nai__correlate_outputs(nai__pass *pass)
{
  struct job job = {pass, parts_of(pass), 1, 0};
  nai__pool_run(pass->pool, pass->net->n_blocks * job.parts, correlate_part, &job);
}

/* --- by groups of trials ---------------------------------------------------------------------- */

void nai__correlate_group(nai__pass *pass, int64_t group, int32_t thread)
{
  const nai_network *net = pass->net;
  const share share = trials_of(pass, group);
  for (int64_t k = 0; k < net->n_blocks; k++)
    if (!correlate_rows(pass, &share, &net->block[k], 0, net->block[k].n_post, thread)) return;
}

void nai__correlate_groups(nai__pass *pass)
{
  const int64_t groups = nai__pass_groups(pass);
  struct job job = {pass, (parts_of(pass) + groups - 1) / groups, 0, 1};
  nai__pool_run(pass->pool, groups * pass->net->n_blocks * job.parts, correlate_part, &job);
}

/* Weights that are added up in one piece. */
#define STRETCH 32768

static void add_groups(void *argument, int64_t task, int32_t thread)
{
  (void)thread;
  const nai__pass *pass = argument;
  const int64_t groups = nai__pass_groups(pass), first = task * STRETCH,
                end = smaller(first + STRETCH, pass->net->unit_bias);
  for (int64_t group = 1; group < groups; group++) {
    const float *sum = trials_of(pass, group).gradient;
    for (int64_t w = first; w < end; w++) pass->gradient[w] += sum[w];
  }
}

void nai__correlate_end(nai__pass *pass)
{
  nai__pool_run(pass->pool, (pass->net->unit_bias + STRETCH - 1) / STRETCH, add_groups, pass);
}
