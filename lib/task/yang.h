/* The kinds of the tasks of Yang et al. 2019: one a rule, in their order, and the mixed one. */
#ifndef NAI_TASK_YANG_H
#define NAI_TASK_YANG_H

#include "builtin.h"
#include "yang_trials.h"

enum { NAI__YANG_KINDS = NAI__YANG_RULES + 1 };

extern const nai__task_kind nai__yang[NAI__YANG_KINDS];

#endif
