/*
 * Mouse V1 (Billeh et al. 2020, Neuron 106): excitatory, PV and SST cells of layers 2/3 to 6. The
 * program from which it was read has sources in rows; here, as everywhere, targets are.
 */
#include "tables.h"

enum { TYPES = 12 };

static const char *const types[TYPES] = {"L23E", "L23PV", "L23SST", "L4E", "L4PV", "L4SST",
                                         "L5E",  "L5PV",  "L5SST",  "L6E", "L6PV", "L6SST"};
static const int32_t signs[TYPES] = {1, -1, -1, 1, -1, -1, 1, -1, -1, 1, -1, -1};

/* clang-format off */
static const double probability[TYPES * TYPES] = {
    /* from L23E, L23PV, L23SST,    L4E,  L4PV, L4SST,    L5E,  L5PV, L5SST,    L6E,  L6PV, L6SST */
    0.16,  0.411, 0.424,  0.14,  0.25,  0.25,   0.021, 0,     0.169,  0,     0.1,  0,    /* L23E */
    0.395, 0.451, 0.857,  0.1,   0.05,  0.05,   0.05,  0.102, 0,      0,     0,    0,    /* L23PV */
    0.182, 0.03,  0.082,  0.1,   0.05,  0.05,   0.05,  0,     0.017,  0,     0,    0,    /* L23SST */

    0.016, 0.05,  0.05,   0.243, 0.437, 0.351,  0.007, 0,     0.056,  0,     0.1,  0,    /* L4E */
    0.083, 0.05,  0.05,   0.43,  0.451, 0.857,  0.05,  0.034, 0.03,   0,     0,    0,    /* L4PV */
    0.083, 0.05,  0.05,   0.571, 0.03,  0.082,  0.05,  0.03,  0.006,  0,     0,    0,    /* L4SST */

    0.083, 0.07,  0.021,  0.104, 0.088, 0.026,  0.116, 0.455, 0.317,  0.012, 0.1,  0.03, /* L5E */
    0.081, 0.073, 0,      0.101, 0.091, 0.03,   0.083, 0.361, 0.857,  0.01,  0.03, 0.03, /* L5PV */
    0.102, 0,     0,      0.128, 0.03,  0,      0.063, 0.03,  0.04,   0.01,  0.03, 0.03, /* L5SST */

    0,     0,     0,      0.032, 0,     0,      0.047, 0.03,  0.03,   0.026, 0.1,  0.1,  /* L6E */
    0,     0,     0,      0,     0,     0,      0.03,  0.01,  0.01,   0.145, 0.08, 0.05, /* L6PV */
    0,     0,     0,      0,     0,     0,      0.03,  0.01,  0.01,   0.1,   0.1,  0.05, /* L6SST */
};
/* clang-format on */

const nai_connectivity nai__billeh2020 = {
    .struct_size = sizeof nai__billeh2020,
    .name = "billeh2020",
    .species = "mouse",
    .area = "V1, layers 2/3 to 6",
    .measured = "probability that two cells 75 um apart are connected; compiled from paired "
                "recordings, without layer 1 and Htr3a (VIP) cells",
    .source =
        "Billeh et al. 2020 (Neuron 106:388), read in a transcription of its matrix in MATLAB",
    .n = TYPES,
    .type = types,
    .sign = signs,
    .probability = probability,
    .distance = 0.075,
};
