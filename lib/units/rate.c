/*
 * The rate unit (docs/equations.md, "Units"): moved by the kernels' current_forward and rate_forward,
 * all that is the same side by side, so its table has fields and no functions. Its numbers are those of
 * network/numbers.c.
 */
#include "model.h"

static const nai_field states[] = {{sizeof(nai_field), 0, "x", "1",
                                    "current, or the rate where the leak is on it", 0, 0, 0, NULL,
                                    NULL, 0, 0}};
static const nai_field ports[] = {
    {sizeof(nai_field), 0, "input", "1", "what it receives", 0, 0, 0, NULL, NULL, 0, 0}};
static const nai_field signals[] = {
    {sizeof(nai_field), 0, "rate", "1", "rate", 0, 0, 0, NULL, NULL, 0, 0}};

const nai_model nai__model_rate = {.ops = {.struct_size = sizeof(nai_model_ops),
                                           .flags = NAI_MODEL_THREADED,
                                           .name = "rate",
                                           .n_states = 1,
                                           .n_ports = 1,
                                           .n_signals = 1,
                                           .states = states,
                                           .ports = ports,
                                           .signals = signals}};
