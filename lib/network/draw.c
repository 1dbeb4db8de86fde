/* What drawing a network takes of memory besides, and gives back. */
#include "network.h"
#include "strong.h"

/* LAPACK's work space is so many columns of a matrix, at most. */
#define WORK 72

static int64_t matrix_bytes(int64_t rows, int64_t columns)
{
  return (rows + WORK) * columns * (int64_t)sizeof(double);
}

static int64_t larger(int64_t a, int64_t b)
{
  return a > b ? a : b;
}

static int64_t orthogonal_bytes(const nai__projection *p)
{
  if (p->weights != NAI_WEIGHTS_ORTHOGONAL) return 0;
  return p->n_post > p->n_pre ? matrix_bytes(p->n_post, p->n_pre)
                              : matrix_bytes(p->n_pre, p->n_post);
}

static int64_t radius_bytes(const nai_network *net)
{
  int64_t units = 0;
  for (int64_t i = 0; i < net->n_nodes && net->radius_names; i++)
    if (nai__selected(&net->node[i], NAI__KIND(NAI_POPULATIONS), net->radius_names))
      units += net->node[i].n;
  return matrix_bytes(units, units);
}

/*
 * While lists are wired there is no array yet. Those of a projection grow by halves, which takes two and a half times of
 * what they are for a moment, 5 bytes a synapse, of which 4 are in its lists as they stay; of others, which learn.
 */
static int64_t listing_bytes(const nai_network *net, const nai__projection *p)
{
  const nai__block *b = &net->block[p->block];
  const int64_t row = 5 * p->n_pre, all = net->n_theta;
  return nai__wiring_bytes(net, p) + 9 * b->at.columns + 3 * row + all - nai__arrays_bytes(net);
}

int64_t nai__draw_bytes(const nai_network *net)
{
  int64_t most = larger(radius_bytes(net), nai__strong_bytes(net));
  for (int64_t i = 0; i < net->n_projections; i++) {
    const nai__projection *p = &net->projection[i];
    most = larger(most, p->is_listed ? listing_bytes(net, p) : nai__wiring_bytes(net, p));
    most = larger(most, orthogonal_bytes(p));
  }
  /* lists are there once the draw has given back its own */
  return larger(most, nai__lists_most(net) + nai__lists_making(net));
}
