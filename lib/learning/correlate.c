/*
 * From errors to weight gradients: dJ/dW = sum over steps and trials of dJ/dv(t) r(t - delay)^T,
 * one long product a block. Shared by every rule that ends in an error of its own for each unit and
 * step.
 */
#include "rule.h"

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
    if (net->block[k].at.rows > n_post) n_post = net->block[k].at.rows;
  return n_post;
}

/* A part for each thread, where bits do not depend on the cut; else as the kernels want it. */
static int64_t parts_of(const nai__pass *pass)
{
  const nai_network *net = pass->net;
  int64_t rows = net->kernels->outer_rows;
  return rows ? (largest_block(net) + rows - 1) / rows : nai__pool_threads(pass->pool);
}

static void correlate_part(void *argument, int64_t task, int32_t thread)
{
  const struct job *job = argument;
  nai__pass *pass = job->pass;
  const nai_network *net = pass->net;
  const nai__block *block = &net->block[task / job->parts];
  if (job->only_outputs && !block->to_output) return;
  int64_t width = (block->at.rows + job->parts - 1) / job->parts;
  width = (width + 15) / 16 * 16;
  int64_t first = task % job->parts * width, end = smaller(first + width, block->at.rows);
  if (first >= end) return;
  const float *error =
      (block->to_output ? pass->output_gradient : pass->signal) + block->post + first;
  int64_t lde = block->to_output ? net->ld_outputs : net->ld_units;
  const float *source = nai__carried(pass->activity, block, 1);
  int64_t lds = nai__carried_stride(net, block);
  net->kernels->outer(pass->gradient + block->at.start + first * block->at.stride, block->at.stride,
                      error, lde, source, lds, pass->steps * pass->trials, end - first,
                      block->at.columns, 0, pass->outer_scratch[thread]);
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
