/*
 * Reference cases (tests/reference) as networks, trials and trainers: numbers that an independent
 * program in double precision computed from the library's equations. Whatever cannot be read or
 * built fails the test that asked for it.
 */
#ifndef NEUROAI_TESTS_ORACLE_H
#define NEUROAI_TESTS_ORACLE_H

#include <neuroai/neuroai.h>

#include "../lib/file/safetensors.h"

/* Rows of the case's arrays that one population has. */
typedef struct oracle_part {
  const char *name;
  int64_t first, n;
} oracle_part;

typedef struct oracle {
  const char *name;
  nai__json_document index;
  const nai__json *about; /* its entry in the index */
  nai__tensors file;
  oracle_part part[4]; /* populations: one, or pE and pI, or layers */
  int n_parts;
  double *array[64]; /* those that were asked for */
  int n_arrays;
} oracle;

/*
 * Case `number`, from 0, of those whose names start like this and that the library can compute (no
 * communicability); 0 past the last.
 */
int oracle_open(oracle *out, const char *prefix, int number);
void oracle_close(oracle *o);

/* The index of all cases; nai__json_release() gives it up. */
nai__json_document oracle_index(void);
/* A number of an object; 0 where there is none. */
double oracle_number(const nai__json *object, const char *key);

/* Elements of an array, in double, C order. They live as long as the case. */
const double *oracle_array(oracle *o, const char *name);
/*
 * The same with its length and, when `shape` is not NULL, its shape (4 numbers, 1 past the last).
 */
const double *oracle_sized(oracle *o, const char *name, int64_t *count, int64_t *shape);

/* Cases of rnn_ and mlp_ that there are. */
#define RECURRENT 5
#define LAYERED 2

/* Name of kernel table `number` that this processor runs; NULL past the last. */
const char *oracle_kernels(int number);

/*
 * The built network, with the case's weights; E and I where it has signs. kernels: NULL for best.
 */
nai_network *oracle_network(oracle *o, const char *kernels);
nai_trials *oracle_trials(oracle *o, const nai_network *net);
/* Backpropagation through time, the costs of the case in the order of its J_..., plain descent. */
nai_trainer *oracle_trainer(oracle *o, nai_network *net);

/* Another rule, under all costs or that of the task alone. The caller keeps its rule. */
nai_trainer *oracle_trainer_with(oracle *o, nai_network *net, nai_rule *rule, int only_task);

/* Copies a view into `out`, whose rows are `ld` apart. */
void oracle_copy(double *out, int64_t ld, const nai_view *view);

/* |ours - expected| < 1e-4 of the largest |expected|, everywhere. */
void oracle_check(const oracle *o, const char *what, const double *ours, const double *expected,
                  int64_t n);

/*
 * The trainer's gradient against array <prefix><name>; name: W_in, W_rec, W_out, b_rec, b_out, or
 * W0, b0, W1, ...
 */
void oracle_check_gradient(oracle *o, const nai_trainer *trainer, const char *prefix,
                           const char *name);

#endif
