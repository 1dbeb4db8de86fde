/*
 * The column under 1 mm2 of early sensory cortex (Potjans & Diesmann 2014, Cerebral Cortex 24):
 * excitatory and inhibitory cells of layers 2/3 to 6.
 */
#include "tables.h"

enum { TYPES = 8 };

static const char *const types[TYPES] = {"L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I"};
static const int32_t signs[TYPES] = {1, -1, 1, -1, 1, -1, 1, -1};
static const int64_t cells[TYPES] = {20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948};

/* clang-format off */
static const double probability[TYPES * TYPES] = {
    /* from L23E,    L23I,    L4E,    L4I,    L5E,    L5I,    L6E,   L6I */
    0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0,      0.0076, 0,      /* L23E */
    0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0,      0.0042, 0,      /* L23I */
    0.0077, 0.0059, 0.0497, 0.135,  0.0067, 0.0003, 0.0453, 0,      /* L4E */
    0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0,      0.1057, 0,      /* L4I */
    0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0,      /* L5E */
    0.0548, 0.0269, 0.0257, 0.0022, 0.06,   0.3158, 0.0086, 0,      /* L5I */
    0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252, /* L6E */
    0.0364, 0.001,  0.0034, 0.0005, 0.0277, 0.008,  0.0658, 0.1443, /* L6I */
};
/* clang-format on */

const nai_connectivity nai__potjans_diesmann2014 = {
    .struct_size = sizeof nai__potjans_diesmann2014,
    .name = "potjans_diesmann2014",
    .species = "cat and rat",
    .area = "early sensory cortex, layers 2/3 to 6",
    .measured = "probability that two cells under 1 mm2 of cortex have at least one synapse; "
                "compiled from anatomy and paired recordings",
    .source = "Potjans & Diesmann 2014 (Cerebral Cortex 24:785), read in network_params.py of "
              "INM-6/microcircuit-PD14-model",
    .n = TYPES,
    .type = types,
    .sign = signs,
    .probability = probability,
    .cells = cells,
};
