/*
 * From errors to weight gradients: dJ/dW = sum over steps and trials of dJ/dv(t) r(t - delay)^T,
 * one long product a block. Shared by every rule that ends in an error of its own for each unit and
 * step.
 */
#include "rule.h"

/* Multiplications of a part, about, after which the host may be asked; and the fewest rows that pay. */
#define MOST_WORK ((int64_t)1 << 30)
#define LEAST_ROWS 32

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

static int64_t largest_block(const nai_network *net)
{
  int64_t n_post = 1;
  for (int64_t k = 0; k < net->n_blocks; k++)
    if (net->block[k].n_post > n_post) n_post = net->block[k].n_post;
  return n_post;
}

/* A part for each thread, where bits do not depend on the cut; else as the kernels want it. */
static int64_t parts_of(const nai__pass *pass)
{
  const nai_network *net = pass->net;
  int64_t rows = net->kernels->outer_rows;
  return rows ? (largest_block(net) + rows - 1) / rows : nai__pool_threads(pass->pool);
}

/* Steps and trials at hand. */
static int64_t rows_of(const nai__pass *pass)
{
  return (pass->end - pass->first) * pass->trials;
}

/* Rows of a part that are made at once: all, but of very long batches so few that one may stop between. */
static int64_t rows_at_once(const nai__pass *pass, const nai__block *block, int64_t rows)
{
  int64_t each = rows_of(pass) * block->n_pre, most = MOST_WORK / (each + 1);
  return rows <= most || rows <= LEAST_ROWS ? rows
         : most < LEAST_ROWS                ? LEAST_ROWS
                                            : most / 16 * 16;
}

static void correlate_rows(const nai__pass *pass, const nai__block *block, int64_t first,
                           int64_t end, int32_t thread)
{
  const nai_network *net = pass->net;
  const float *error =
      (block->to_output ? pass->output_gradient + pass->first * pass->trials * net->ld_outputs
                        : pass->signal) +
      block->post;
  int64_t lde = block->to_output ? net->ld_outputs : net->ld_units;
  const float *source = nai__carried(pass->activity, block, pass->first + 1);
  int64_t lds = nai__carried_stride(net, block);
  nai__block_outer(net, block, pass->gradient, error, lde, source, lds, rows_of(pass), first, end,
                   pass->end < pass->steps, pass->outer_scratch[thread]);
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
  int64_t rows = rows_at_once(pass, block, end - first), work = rows * rows_of(pass) * block->n_pre;
  for (; first < end && !nai__pool_ended(pass->pool, thread, work); first += rows)
    correlate_rows(pass, block, first, smaller(first + rows, end), thread);
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
