/* What a rule at work remembers from update to update: memory that checkpoints hold by name. */
#include "../base/memory.h"
#include "rule.h"

float *nai__learner_keep(nai__learner *learner, const char *name, int64_t n)
{
  float *value = NAI__ARRAY(float, n);
  if (value) learner->kept[learner->n_kept++] = (nai__kept){name, value, n, 0, 0};
  return value;
}

float *nai__learner_keep_theta(nai__learner *learner, const char *name)
{
  float *value = nai__learner_keep(learner, name, learner->net->n_theta);
  if (value) learner->kept[learner->n_kept - 1].as_theta = 1;
  return value;
}

double *nai__learner_keep_doubles(nai__learner *learner, const char *name, int64_t n)
{
  double *value = NAI__ARRAY(double, n);
  if (value)
    learner->kept[learner->n_kept++] = (nai__kept){name, (float *)(void *)value, 2 * n, 1, 0};
  return value;
}
