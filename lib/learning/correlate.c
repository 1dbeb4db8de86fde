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

/* Rows of a block's gradient are shared out to threads: so many parts of each block. */
struct job {
  nai__pass *pass;
  int64_t parts;
  int only_outputs;
};

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

/* Steps and trials at hand. */
static int64_t terms_of(const nai__pass *pass)
{
  return (pass->end - pass->first) * pass->trials;
}

/*
 * Steps and trials that are added up at once: all, but of very long batches so many that one may stop
 * between. Rows of the gradient are not cut, for each of them reads all rates again.
 */
static int64_t terms_at_once(const nai__pass *pass, const nai__block *block, int64_t rows)
{
  int64_t all = terms_of(pass), most = MOST_WORK / (rows * block->n_pre + 1);
  return all <= most || all <= LEAST_TERMS ? all
         : most < LEAST_TERMS              ? LEAST_TERMS
                                           : most / NAI__OUTER_DEPTH * NAI__OUTER_DEPTH;
}

/* Rows first .. end - 1 of a block's gradient, from steps and trials from .. from + terms - 1. */
static void correlate_terms(const nai__pass *pass, const nai__block *block, int64_t first,
                            int64_t end, int64_t from, int64_t terms, int32_t thread)
{
  const nai_network *net = pass->net;
  const float *error =
      (block->to_output ? pass->output_gradient + pass->first * pass->trials * net->ld_outputs
                        : pass->signal) +
      block->post;
  int64_t lde = block->to_output ? net->ld_outputs : net->ld_units;
  const float *source = nai__carried(pass->activity, block, pass->first + 1);
  int64_t lds = nai__carried_stride(net, block);
  nai__block_outer(net, block, pass->gradient, error + from * lde, lde, source + from * lds, lds,
                   terms, first, end, from > 0 || pass->end < pass->steps,
                   pass->outer_scratch[thread]);
}

static void correlate_part(void *argument, int64_t task, int32_t thread)
{
  const struct job *job = argument;
  nai__pass *pass = job->pass;
  const nai_network *net = pass->net;
  const nai__block *block = &net->block[task / job->parts];
  if (job->only_outputs && !block->to_output) return;
  int64_t width = (block->n_post + job->parts - 1) / job->parts;
  width = (width + 15) / 16 * 16;
  int64_t first = task % job->parts * width, end = smaller(first + width, block->n_post);
  if (first >= end) return;
  if (block->frozen) return; /* what is there is cleared afterwards */
  int64_t all = terms_of(pass), most = terms_at_once(pass, block, end - first),
          work = (end - first) * block->n_pre;
  for (int64_t from = 0, terms; from < all; from += terms) {
    terms = smaller(most, all - from);
    if (nai__pool_ended(pass->pool, thread, work * terms)) return;
    correlate_terms(pass, block, first, end, from, terms, thread);
  }
}

void nai__correlate(nai__pass *pass)
{
  struct job job = {pass, parts_of(pass), 0};
  nai__pool_run(pass->pool, pass->net->n_blocks * job.parts, correlate_part, &job);
}

void nai__correlate_outputs(nai__pass *pass)
{
  struct job job = {pass, parts_of(pass), 1};
  nai__pool_run(pass->pool, pass->net->n_blocks * job.parts, correlate_part, &job);
}
