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

int64_t nai__draw_bytes(const nai_network *net)
{
  int64_t most = larger(radius_bytes(net), nai__strong_bytes(net));
  for (int64_t i = 0; i < net->n_projections; i++) {
    most = larger(most, nai__wiring_bytes(net, &net->projection[i]));
    most = larger(most, orthogonal_bytes(&net->projection[i]));
  }
  return larger(most, nai__lists_most(net)); /* there once the draw has given back its own */
}
