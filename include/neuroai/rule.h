/**
 * @file rule.h
 * @brief Learning rules: where the estimate of dJ/dW comes from.
 */
#ifndef NEUROAI_RULE_H
#define NEUROAI_RULE_H

#include <neuroai/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A learning rule. Attaching it keeps a reference. */
typedef struct nai_rule nai_rule;

/** Backpropagation through time: the exact gradient. */
NAI_API nai_status nai_rule_create_bptt(nai_rule **out);

/** Name of a rule, such as "bptt". */
NAI_API const char *nai_rule_name(const nai_rule *rule);

/** Gives up the caller's reference. Nullable: rule. */
NAI_API void nai_rule_destroy(nai_rule *rule);

#ifdef __cplusplus
}
#endif
#endif
