/* What tests of states share: see states.h. */
#include "states.h"

#include <stdlib.h>
#include <string.h>

#include "networks.h"

nai_state *make_state(const nai_network *net, int64_t trials, uint64_t seed)
{
  nai_state *state;
  expect_ok(nai_state_create(&state, net, trials, seed));
  return state;
}

float rate_of(const nai_state *state, const char *name, int64_t trial, int64_t unit)
{
  nai_view view = NAI_VIEW_INIT;
  expect_ok(nai_state_rates(&view, state, name));
  return at(&view, trial, unit);
}

nai_status record_variables(float *traces, int64_t width, float *rates, nai_state *state,
                            int64_t steps, const float *inputs, const char *variables)
{
  nai_recording to = NAI_RECORDING_INIT;
  to.rates = rates;
  to.variables = variables;
  to.traces = traces;
  to.width = width;
  return nai_state_record(&to, state, steps, inputs);
}

void *snapshot_of(const nai_state *state)
{
  int64_t size = nai_state_snapshot_size(state);
  void *snapshot = malloc((size_t)size);
  expect_ok(nai_state_snapshot(snapshot, size, state));
  return snapshot;
}

void expect_unmoved(const nai_state *state, const void *before)
{
  void *now = snapshot_of(state);
  EXPECT(memcmp(before, now, (size_t)nai_state_snapshot_size(state)) == 0);
  free(now);
}

int same_states(const nai_state *a, const nai_state *b)
{
  int64_t size = nai_state_snapshot_size(a);
  if (size != nai_state_snapshot_size(b)) return 0;
  void *of_a = snapshot_of(a), *of_b = snapshot_of(b);
  int same = memcmp(of_a, of_b, (size_t)size) == 0;
  free(of_a);
  free(of_b);
  return same;
}

void expect_bytes_taken_or_refused(nai_state *state, const void *before, char *snapshot,
                                   int64_t plain, int64_t size)
{
  for (int64_t k = plain; k < size; k++) {
    snapshot[k] ^= 0x5a;
    nai_status status = nai_state_restore(state, snapshot, size);
    snapshot[k] ^= 0x5a;
    if (status == NAI_OK) {
      expect_ok(nai_state_run(NULL, NULL, state, 3, NULL));
      expect_ok(nai_state_restore(state, before, plain));
    }
    EXPECT(status == NAI_OK || status == NAI_ERR_FORMAT || status == NAI_ERR_MEMORY);
    expect_unmoved(state, before);
  }
}

nai_intervention plan(int32_t kind, const char *names, double value)
{
  nai_intervention i = NAI_INTERVENTION_INIT;
  i.kind = kind;
  i.names = names;
  i.value = value;
  return i;
}
