/* What writing and reading a model share: names of tensors, words for numbers. */
#include "model.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void nai__model_node_tensor(char name[NAI__TENSOR_NAME], const char *what, const char *node)
{
  snprintf(name, NAI__TENSOR_NAME, "%s: %s", what, node);
}

void nai__model_synapse_tensor(char name[NAI__TENSOR_NAME], const char *what, const char *from,
                               const char *to)
{
  snprintf(name, NAI__TENSOR_NAME, "%s: %s -> %s", what, from, to);
}

const char *nai__model_leak(int32_t leak)
{
  static const char *const words[] = {
      [NAI_LEAK_CURRENT] = "current", [NAI_LEAK_RATE] = "rate", [NAI_LEAK_WHOLE] = "whole"};
  assert(leak >= 0);
  return leak <= NAI_LEAK_WHOLE ? words[leak] : NULL;
}

const char *nai__model_weights(int32_t kind)
{
  static const char *const words[] = {
      [NAI_WEIGHTS_DEFAULT] = "default",         [NAI_WEIGHTS_UNIFORM] = "uniform",
      [NAI_WEIGHTS_NORMAL] = "normal",           [NAI_WEIGHTS_GAMMA] = "gamma",
      [NAI_WEIGHTS_LOGNORMAL] = "lognormal",     [NAI_WEIGHTS_ORTHOGONAL] = "orthogonal",
      [NAI_WEIGHTS_IDENTITY] = "identity",       [NAI_WEIGHTS_BALANCED] = "balanced",
      [NAI_WEIGHTS_STRONG_WEAK] = "strong_weak", [NAI_WEIGHTS_CONSTANT] = "constant",
  };
  assert(kind >= 0);
  return kind <= NAI_WEIGHTS_CONSTANT ? words[kind] : NULL;
}

int32_t nai__model_find(const char *(*word)(int32_t), const char *text)
{
  for (int32_t k = 0; word(k); k++)
    if (strcmp(word(k), text) == 0) return k;
  return -1;
}

int nai__model_number(uint64_t *out, const char *text)
{
  *out = 0;
  for (const char *c = text; *c; c++)
    if (*c < '0' || *c > '9' || __builtin_mul_overflow(*out, (uint64_t)10, out) ||
        __builtin_add_overflow(*out, (uint64_t)(*c - '0'), out))
      return 0;
  return *text != 0;
}
