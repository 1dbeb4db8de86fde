/**
 * @file neuroai.h
 * @brief All of libneuroai.
 *
 * Learning in a network is defined by its architecture (network.h, constraint.h), its costs
 * (cost.h) and its learning rule (rule.h). Each is an object; a trainer (trainer.h) combines them
 * with a task (task.h). A trained network is run as a state (state.h) and tested by evaluations
 * (evaluation.h). extend.h has the tables for the user's own tasks, costs, constraints and rules.
 *
 * Conventions. W is [post, pre]. Arrays are C-contiguous float32, time first: [steps, trials,
 * units]. Times are in ms, lengths in mm. Outputs come first in every call of the library, and a
 * callback and its `user` last; functions of a user's own table (extend.h) take `user` first and
 * what they fill last. A pointer is never NULL unless the comment says `Nullable`. The caller
 * destroys what a call hands out by pointer to pointer; attached objects are kept alive; objects
 * may be destroyed in any order. Strings and arrays given to a call are copied or only read during
 * it. A string that a call returns lives as long as the object that was asked, or, where parts are
 * still added to that object, until the next one is; names of what is built in live for ever.
 *
 * Numbers. int64_t is what counts or is counted, int32_t what is chosen, uint64_t a seed or the
 * number of a trial. Structures begin with their size and grow at their end: begin with the
 * initialiser of each (NAI_VIEW_INIT), or with sizeof and 0 in all that is not set; `reserved` is
 * 0. Enums keep their values and get more of them. docs/abi.md has all of it.
 *
 * The library never aborts, exits, prints, reads the environment, changes the floating-point mode
 * or keeps global state.
 *
 * Threads: different objects may be used from different threads; one object by one thread at a time
 * (trainers and agents refuse a second one), except that any number of states may share one built
 * network.
 */
#ifndef NEUROAI_H
#define NEUROAI_H

#include <neuroai/agent.h>
#include <neuroai/anatomy.h>
#include <neuroai/checkpoint.h>
#include <neuroai/constraint.h>
#include <neuroai/cost.h>
#include <neuroai/curriculum.h>
#include <neuroai/estimate.h>
#include <neuroai/evaluation.h>
#include <neuroai/exchange.h>
#include <neuroai/intervention.h>
#include <neuroai/model.h>
#include <neuroai/network.h>
#include <neuroai/optimizer.h>
#include <neuroai/random.h>
#include <neuroai/rule.h>
#include <neuroai/short_term.h>
#include <neuroai/state.h>
#include <neuroai/status.h>
#include <neuroai/synapses.h>
#include <neuroai/task.h>
#include <neuroai/trainer.h>
#include <neuroai/trials.h>
#include <neuroai/version.h>
#include <neuroai/view.h>

#endif
