/*
 * A constraint as the network sees it: a table and its user. The built-in ones are in
 * lib/constraint.
 */
#ifndef NAI_NETWORK_CONSTRAINT_H
#define NAI_NETWORK_CONSTRAINT_H

#include <neuroai/extend.h>

#include "../base/reference.h"

/* Pairs of units that may have synapses: all, or without those of equal numbers. */
typedef struct nai__pairs {
  int64_t n_post, n_pre;
  int diagonal;
  const float *post_position, *pre_position; /* [n][3]; NULL where units have no place */
} nai__pairs;

/*
 * How a built-in constraint wires rows where `wire` would have to see all of them at once. What it knows of
 * the whole is its own, made for one projection: `own`.
 */
typedef struct nai__wiring {
  /* all: as `wire` is shown a whole matrix, without flags. */
  nai_status (*begin)(void **own, void *user, const nai_synapses *all);
  void (*end)(void *own);
  int64_t (*bytes)(const void *user, int64_t n_post, int64_t n_pre); /* of `own` */
  /*
   * Before any row is wired it looks at all of them, as the constraints before it leave them; then it draws
   * what concerns several rows, or says that it cannot be done. NULL: it has no need to.
   */
  void (*look)(void *own, const nai_synapses *rows);
  nai_status (*draw)(void *own, const nai_synapses *all);
  void (*start)(void *own); /* the first row comes; NULL: rows may come in any order, and at once */
  nai_status (*wire)(void *own, nai_synapses *rows);
  /*
   * In place of `wire`, of one by which a pair may have several synapses: how often each that exists was
   * drawn after the first time goes to `more`, which is laid out as `exists`. Such projections are listed.
   */
  nai_status (*wire_multapses)(void *own, nai_synapses *rows, uint8_t *more);
} nai__wiring;

/* A synapse stands for so many that were drawn besides, at most: they share a byte with whether it learns. */
#define NAI__MOST_REPEATS 127

struct nai_constraint {
  nai__reference reference;
  nai_constraint_ops ops;
  char *name;
  void *user;
  /*
   * How many synapses it is expected to leave of `*synapses` of these pairs. 0 where that cannot be
   * told before the build: with distance but without places. NULL: a user's own.
   */
  int (*expected)(double *synapses, const nai_constraint *constraint, const nai__pairs *pairs);
  const nai__wiring *wiring; /* NULL: by the table alone */
  int is_even;   /* 1: to it pairs are all alike, as far as they are known; 0 of a user's own */
  int64_t bytes; /* of the mask or list that it holds */
};

/* 1 of a built-in one, which may be called from any thread and leaves flags tidy but for what is absent. */
static inline int nai__constraint_is_builtin(const nai_constraint *constraint)
{
  return constraint->expected != NULL;
}

/* 1 where a pair of units may be drawn several times. */
static inline int nai__constraint_has_multapses(const nai_constraint *constraint)
{
  return constraint->wiring && constraint->wiring->wire_multapses;
}

void nai__constraint_keep(nai_constraint *constraint);

#endif
