/* Tables of one layer by cell type: excitatory, PV, SST and VIP cells, as far as each has them. */
#include "tables.h"

static const char *const four[] = {"E", "PV", "SST", "VIP"};
static const int32_t signs[] = {1, -1, -1, -1};

/* --- synaptic physiology of the Allen Institute ----------------------------------------------- */

static const double allen[] = {
    0.0625, 0.3469, 0.2075, 0.0208, /* to E, from E, PV, SST, VIP */
    0.3800, 0.3711, 0.1563, 0.0213, /* PV */
    0.2712, 0.0735, 0.0357, 0.1481, /* SST */
    0.1765, 0,      0.1481, 0,      /* VIP */
};

const nai_connectivity nai__allen_l23 = {
    .struct_size = sizeof nai__allen_l23,
    .name = "allen_l23",
    .species = "mouse",
    .area = "V1, layer 2/3",
    .measured = "fraction of pairs that were connected in paired recordings in slices",
    .source = "synaptic physiology of the Allen Institute, read in raw_allen.csv of "
              "HanjiaJiang/microcircuit",
    .n = 4,
    .type = four,
    .sign = signs,
    .probability = allen,
};

/* --- Pfeffer et al. 2013 ---------------------------------------------------------------------- */

static const char *const pfeffer_types[] = {"PV", "SST"};
static const int32_t pfeffer_signs[] = {-1, -1};

/* Onto PV 13 of 13 and 12 of 14 pairs. */
static const double pfeffer[] = {
    1, 12.0 / 14,                         /* to PV, from PV, SST */
    NAI__NOT_MEASURED, NAI__NOT_MEASURED, /* SST */
};

const nai_connectivity nai__pfeffer2013 = {
    .struct_size = sizeof nai__pfeffer2013,
    .name = "pfeffer2013",
    .species = "mouse",
    .area = "V1",
    .measured = "fraction of pairs that were connected in paired recordings in slices: PV to PV 13 "
                "of 13, SST to PV 12 of 14; the others could not be read",
    .source = "Pfeffer et al. 2013 (Nature Neuroscience 16:1068), second-hand",
    .n = 2,
    .type = pfeffer_types,
    .sign = pfeffer_signs,
    .probability = pfeffer,
};

/* --- Jiang et al. 2015 ------------------------------------------------------------------------ */

static const char *const jiang_types[] = {"E", "PTI", "ISI"};

/* 61 of 415 and 1 of 135 pairs from pyramidal cells of layer 2/3, 257 of 582, 3 of 95. */
static const double jiang[] = {
    NAI__NOT_MEASURED, NAI__NOT_MEASURED, NAI__NOT_MEASURED, /* to E, from E, PTI, ISI */
    61.0 / 415,        257.0 / 582,       NAI__NOT_MEASURED, /* PTI */
    1.0 / 135,         NAI__NOT_MEASURED, 3.0 / 95,          /* ISI */
};

const nai_connectivity nai__jiang2015_classes = {
    .struct_size = sizeof nai__jiang2015_classes,
    .name = "jiang2015_classes",
    .species = "mouse",
    .area = "V1, layer 2/3",
    .measured =
        "fraction of pairs that were connected in octuple recordings in slices of adults, by "
        "class: interneurons that target pyramidal cells (PTI) or interneurons (ISI), each "
        "among themselves, and from pyramidal cells; the others could not be read",
    .source = "Jiang et al. 2015 (Science 350), read in the legend of its figure 5",
    .n = 3,
    .type = jiang_types,
    .sign = signs,
    .probability = jiang,
};

/* --- a compilation for mouse barrel cortex ---------------------------------------------------- */

#define BARREL(layer, types, array)                                                            \
  const nai_connectivity nai__barrel_##layer = {                                               \
      .struct_size = sizeof nai__barrel_##layer,                                               \
      .name = "barrel_" #layer,                                                                \
      .species = "mouse",                                                                      \
      .area = "barrel cortex, layer " AREA_##layer,                                            \
      .measured = "fraction of pairs that were connected in paired recordings; compiled from " \
                  "the literature, without correction for the distances in slices",            \
      .source = "read in raw_0715.csv of HanjiaJiang/microcircuit",                            \
      .n = (types),                                                                            \
      .type = four,                                                                            \
      .sign = signs,                                                                           \
      .probability = (array),                                                                  \
  }
#define AREA_l23 "2/3"
#define AREA_l4 "4"
#define AREA_l5 "5"

static const double barrel_23[] = {
    0.118, 0.630, 0.625, 0.052, /* to E, from E, PV, SST, VIP */
    0.511, 0.386, 0.194, 0.067, /* PV */
    0.305, 0.390, 0,     0.382, /* SST */
    0.179, 0.250, 0.563, 0.076, /* VIP */
};
BARREL(l23, 4, barrel_23);

static const double barrel_4[] = {
    0.243, 0.63, 0.347, /* to E, from E, PV, SST */
    0.511, 0.48, 0.541, /* PV */
    0.213, 0.61, 0.039, /* SST */
};
BARREL(l4, 3, barrel_4);

static const double barrel_5[] = {
    0.128, 0.63,  0.486, /* to E, from E, PV, SST */
    0.511, 0.433, 0.368, /* PV */
    0.259, 0.50,  0.019, /* SST */
};
BARREL(l5, 3, barrel_5);

/* --- models ----------------------------------------------------------------------------------- */

static const int64_t litwin_kumar_cells[] = {4000, 500, 250, 250};
static const double litwin_kumar[] = {
    0.05, 0.3, 0.3, 0,   /* to E, from E, PV, SST, VIP */
    0.2,  0.4, 0.4, 0,   /* PV */
    0.2,  0,   0,   0.4, /* SST */
    0.2,  0.1, 0.2, 0,   /* VIP */
};

const nai_connectivity nai__litwin_kumar2016 = {
    .struct_size = sizeof nai__litwin_kumar2016,
    .name = "litwin_kumar2016",
    .species = "model",
    .area = "sensory cortex",
    .measured = "probability of connection in a model",
    .source = "Litwin-Kumar, Rosenbaum & Doiron 2016 (J. Neurophysiology 115), read in a "
              "re-implementation of the model",
    .n = 4,
    .type = four,
    .sign = signs,
    .probability = litwin_kumar,
    .cells = litwin_kumar_cells,
};

static const int64_t bos_cells[] = {2000, 323, 176};
static const double bos[] = {
    0.05, 0.12, 0.1,  /* to E, from E, PV, SST */
    0.1,  0.1,  0.1,  /* PV */
    0.1,  0,    0.11, /* SST */
};

const nai_connectivity nai__bos2020 = {
    .struct_size = sizeof nai__bos2020,
    .name = "bos2020",
    .species = "model",
    .area = "sensory cortex",
    .measured = "probability of connection in a model",
    .source = "Bos et al. 2020, read in params_circuit.py of the author's program",
    .n = 3,
    .type = four,
    .sign = signs,
    .probability = bos,
    .cells = bos_cells,
};

/* Which types are connected, all of whose synapses exist; SST reach the dendrites of E. */
static const int64_t liu_wang_cells[] = {70, 10, 10, 10};
static const double liu_wang[] = {
    1, 1, 1, 0, /* to E, from E, PV, SST, VIP */
    1, 1, 1, 0, /* PV */
    1, 0, 0, 1, /* SST */
    0, 0, 1, 0, /* VIP */
};

const nai_connectivity nai__liu_wang2024 = {
    .struct_size = sizeof nai__liu_wang2024,
    .name = "liu_wang2024",
    .species = "model",
    .area = "sensorimotor and prefrontal cortex",
    .measured =
        "1 where a model that learns has synapses: all of them, but a fifth of those from SST "
        "to the dendrites of E of the sensorimotor area",
    .source = "Liu & Wang 2024 (Nature Communications 15), read in the authors' program, "
              "liuyuue/BioRNN_WCST",
    .n = 4,
    .type = four,
    .sign = signs,
    .probability = liu_wang,
    .cells = liu_wang_cells,
};
