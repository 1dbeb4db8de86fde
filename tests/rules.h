/* What tests of learning rules share: every rule by number, and trainers with them. */
#ifndef NEUROAI_TESTS_RULES_H
#define NEUROAI_TESTS_RULES_H

#include "networks.h"
#include "tangents.h"

typedef struct rule_case {
  const char *name;
  nai_status (*create)(nai_rule **out, uint64_t seed);
} rule_case;

/* Rules that learn by dJ/dz and dJ/dr, all of them. */
extern const rule_case all_rules[];
extern const int n_rules;
/* Those that all_rules has not. */
extern const rule_case other_rules[];
extern const int n_other_rules;
/* A step of a local rule of one's own: plain Hebbian learning. */
nai_status hebbian_step(void *user, nai_local_step *s);
nai_rule *rule_made(int number, uint64_t seed);
nai_rule *rule_named(const char *name, uint64_t seed);

/*
 * For build_everything(): costs on both outputs, l1_rates of "E I" and l2_rates of "*", plain
 * descent. The rule becomes the trainer's.
 */
#define L1_RATES 0.004
#define L2_RATES 0.006
nai_trainer *train_everything_by(nai_network *net, nai_rule *rule);
/*
 * One gradient on each kernel table, held against tangents_gradient(); `how` is asked for each
 * trainer what its rule is. Of one transfer function also with outputs that have a memory.
 */
void check_by_tangents(int32_t transfer, const char *rule,
                       void (*how)(tangents *out, const nai_trainer *trainer));
/* `how` of rules that are local, with direct feedback from the outputs. */
void by_direct_feedback(tangents *out, const nai_trainer *trainer);

/* Gives up the rule and makes the trainer its only owner. */
nai_trainer *trainer_of(nai_network *net, nai_rule *rule, nai_optimizer *optimizer);
/*
 * A cost that the trainer alone keeps. `made`: what making it returned, so that both fit in one line.
 */
void attach_cost(nai_trainer *trainer, nai_status made, nai_cost **cost, double beta);
/* A network, trials for it, and a trainer that keeps the network, by a rule of this number. */
typedef struct makers {
  nai_network *(*network)(void);
  nai_trials *(*trials)(const nai_network *net);
  nai_trainer *(*trainer)(nai_network *net, int number);
} makers;
/*
 * So many updates in one go, on so many threads, and from a checkpoint after two of them: the same bits,
 * and not those of the start.
 */
void expect_same_bits(const makers *make, int number, int updates, int threads);
nai_optimizer *plain_descent(double rate);
nai_optimizer *adam(double rate);
nai_rule *bptt_rule(void);
/* By backpropagation through time and plain descent, on trials that are given. */
nai_trainer *train_by_bptt(nai_network *net, double rate);

#endif
