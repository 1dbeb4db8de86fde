/* What rules refuse: networks, numbers of these that are set later, numbers of their own; and no memory. */
#ifndef NEUROAI_TESTS_REFUSALS_H
#define NEUROAI_TESTS_REFUSALS_H

#include "rules.h"

/* No trainer is made of this network by the rule, which is given up: NAI_ERR_UNSUPPORTED. */
void expect_refused(nai_network *net, nai_rule *rule, const char *words);

/* A number of a part of a network, and the usual one. */
typedef struct wrong_part {
  const char *name, *number;
  double value, usual;
  const char *words;
} wrong_part;
/*
 * Each is refused when a trainer is made, and by the updates of one that was made before, which change
 * nothing; with the usual one these go on. `make`: the rule.
 */
void expect_parts_refused(nai_trainer *trainer, nai_network *net, const nai_trials *trials,
                          nai_rule *(*make)(void), const wrong_part *wrong, size_t n);

/* A parameter of a rule, which stays what it was. */
typedef struct wrong_number {
  const char *name;
  double value;
  const char *words;
} wrong_number;
void expect_numbers_refused(nai_rule *rule, const wrong_number *wrong, size_t n);

/*
 * A trainer by this rule, its cost on the output "y" and two estimates: each allocation fails in turn, and
 * what was made goes on where memory is there again.
 */
void fail_each_allocation(nai_network *net, nai_rule *(*make)(void), const nai_trials *few,
                          const nai_trials *many);

#endif
