/* What tests of states share: making one, reading its rates, and whether anything in it has moved. */
#ifndef NEUROAI_TESTS_STATES_H
#define NEUROAI_TESTS_STATES_H

#include "checks.h"

nai_state *make_state(const nai_network *net, int64_t trials, uint64_t seed);
float rate_of(const nai_state *state, const char *name, int64_t trial, int64_t unit);

/* Makes steps and records variables, "E:x I:rate", into traces [steps, trials, width]. Nullable: rates. */
nai_status record_variables(float *traces, int64_t width, float *rates, nai_state *state,
                            int64_t steps, const float *inputs, const char *variables);

/* Its snapshot, to be freed. */
void *snapshot_of(const nai_state *state);
/* Its bytes are those of a snapshot taken before. */
void expect_unmoved(const nai_state *state, const void *before);
int same_states(const nai_state *a, const nai_state *b);
/*
 * Each byte of a snapshot [size] with a plan, which begins at `plain`, made another one: a state without a plan, as
 * `before` has it, takes it and can run, or refuses it as a whole.
 */
void expect_bytes_taken_or_refused(nai_state *state, const void *before, char *snapshot,
                                   int64_t plain, int64_t size);

/* Of all units of these populations, all along. */
nai_intervention plan(int32_t kind, const char *names, double value);

#endif
