/* Numbers that are set by name: a table of them with unit, default and range. */
#ifndef NAI_BASE_PARAMETER_H
#define NAI_BASE_PARAMETER_H

#include <neuroai/view.h>

typedef struct nai__parameter {
  const char *name, *unit, *meaning;
  double initial, low, high;
  int whole; /* 1: whole numbers only */
} nai__parameter;

/*
 * Index of a name in a table of n; -1 with the thread's message set when `name` is NULL or unknown:
 * it lists the names that there are. `owner`: "adam", "trainer".
 */
int nai__parameter_find(const nai__parameter *table, int n, const char *name, const char *owner);

/* NAI_OK when the value is allowed. `of`: whose it is, for the message. Nullable: of. */
nai_status nai__parameter_check(const nai__parameter *parameter, double value, const char *of);

/* Sets, or reads, a number of `owner` by its name: `number` [n] is laid out as the table. */
nai_status nai__parameter_set(double *number, const nai__parameter *table, int n, const char *name,
                              double value, const char *owner);
nai_status nai__parameter_get(double *value, const double *number, const nai__parameter *table,
                              int n, const char *name, const char *owner);

/* Fills a public description; NAI_ERR_INVALID past the last. */
nai_status nai__parameter_describe(nai_parameter *out, const nai__parameter *table, int n,
                                   int64_t index);

#endif
