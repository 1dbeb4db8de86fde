/*
 * Dendritic microcircuits (Sacramento, Costa, Bengio & Senn 2018), laid out in one call: layers of
 * pyramidal cells with basal, apical and somatic compartments, and interneurons, one for each pyramidal
 * cell of the layer above.
 */
#include <neuroai/anatomy.h>
#include <stdio.h>

#include "../base/error.h"
#include "../base/structs.h"
#include "../network/network.h"

enum { MOST_LAYERS = 1024, NAME_ROOM = 32 };

typedef struct plan {
  nai_network *net;
  const int64_t *sizes; /* inputs, then layers 1 to `layers` */
  int64_t layers;
  nai_microcircuit options;
} plan;

/* --- options ---------------------------------------------------------------------------------- */

static nai_status check_sizes(const int64_t *sizes, int64_t n)
{
  NAI__REQUIRE(sizes);
  if (n < 2 || n > MOST_LAYERS)
    return nai__fail(NAI_ERR_INVALID,
                     "n is %lld, must be 2 to %d: inputs, hidden layers if any, outputs",
                     (long long)n, (int)MOST_LAYERS);
  for (int64_t k = 0; k < n; k++)
    if (sizes[k] < 1)
      return nai__fail(NAI_ERR_INVALID, "sizes[%lld] is %lld, must be at least 1", (long long)k,
                       (long long)sizes[k]);
  return NAI_OK;
}

static nai_status check_flags(const nai_microcircuit *o)
{
  const struct {
    const char *name;
    int32_t value;
  } flags[] = {{"plastic_up", o->plastic_up},
               {"plastic_inter", o->plastic_inter},
               {"plastic_down", o->plastic_down},
               {"plastic_lateral", o->plastic_lateral},
               {"plastic_bias", o->plastic_bias},
               {"prospective", o->prospective},
               {"dale", o->dale}};
  for (size_t k = 0; k < sizeof flags / sizeof *flags; k++)
    if (flags[k].value != 0 && flags[k].value != 1)
      return nai__fail(NAI_ERR_INVALID, "%s is %d, must be 0 or 1", flags[k].name,
                       (int)flags[k].value);
  return NAI_OK;
}

static nai_status check_widths(const nai_microcircuit *o)
{
  const struct {
    const char *name;
    double value;
  } widths[] = {{"width_up", o->width_up},
                {"width_inter", o->width_inter},
                {"width_down", o->width_down},
                {"width_lateral", o->width_lateral}};
  for (size_t k = 0; k < sizeof widths / sizeof *widths; k++)
    if (!(widths[k].value >= 0 && widths[k].value <= 1e6))
      return nai__fail(NAI_ERR_INVALID, "%s is %g, must be 0 to 1e6", widths[k].name,
                       widths[k].value);
  return NAI_OK;
}

static nai_status take(plan *p, nai_network *net, const int64_t *sizes, int64_t n,
                       const nai_microcircuit *options)
{
  NAI__TRY(check_sizes(sizes, n));
  NAI__TRY(nai__struct_take(&p->options, sizeof p->options, options,
                            NAI__FIRST_SIZE(nai_microcircuit, dynamics), "options"));
  NAI__TRY(nai__struct_reserved(p->options.reserved, "options"));
  NAI__TRY(check_flags(&p->options));
  NAI__TRY(check_widths(&p->options));
  if (!(p->options.delay <= 1e6))
    return nai__fail(NAI_ERR_INVALID, "delay is %g, must be at most 1e6", p->options.delay);
  p->net = net;
  p->sizes = sizes;
  p->layers = n - 1;
  return NAI_OK;
}

/* --- populations ------------------------------------------------------------------------------ */

/* What all units have. */
static nai_status describe(const plan *p, const char *name)
{
  const nai_microcircuit *o = &p->options;
  NAI__TRY(nai_network_set_model(p->net, name, "pyramidal"));
  NAI__TRY(nai_network_set_transfer(p->net, name, o->transfer));
  if (o->dynamics) NAI__TRY(nai_network_choose(p->net, name, "dynamics", o->dynamics));
  const struct {
    const char *parameter;
    double value;
  } numbers[] = {{"gain", o->gain},
                 {"slope", o->slope},
                 {"threshold", o->threshold},
                 {"g_leak", o->g_leak},
                 {"g_soma", o->g_soma},
                 {"noise", o->noise},
                 {"plastic_bias", o->plastic_bias},
                 {"prospective", o->prospective}};
  for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
    NAI__TRY(nai_network_set(p->net, name, numbers[k].parameter, numbers[k].value));
  return NAI_OK;
}

static void name_of(char out[NAME_ROOM], char kind, int64_t layer)
{
  snprintf(out, NAME_ROOM, "%c%lld", kind, (long long)layer);
}

static nai_status add_pyramidal(const plan *p, int64_t layer)
{
  char name[NAME_ROOM];
  name_of(name, 'P', layer);
  int32_t sign = p->options.dale ? NAI_EXCITATORY : NAI_FREE;
  NAI__TRY(nai_network_add_population(p->net, name, p->sizes[layer], sign));
  NAI__TRY(describe(p, name));
  NAI__TRY(nai_network_set(p->net, name, "g_basal", p->options.g_basal));
  return nai_network_set(p->net, name, "g_apical", layer < p->layers ? p->options.g_apical : 0);
}

/* One for each cell of the layer above, by which it is always nudged. */
static nai_status add_interneurons(const plan *p, int64_t layer)
{
  char name[NAME_ROOM];
  name_of(name, 'I', layer);
  int32_t sign = p->options.dale ? NAI_INHIBITORY : NAI_FREE;
  NAI__TRY(nai_network_add_population(p->net, name, p->sizes[layer + 1], sign));
  NAI__TRY(describe(p, name));
  NAI__TRY(nai_network_set(p->net, name, "g_basal", p->options.g_dendrite));
  NAI__TRY(nai_network_set(p->net, name, "g_apical", 0));
  return nai_network_set(p->net, name, "nudge", 1);
}

static nai_status add_parts(const plan *p)
{
  int64_t outputs = p->sizes[p->layers];
  NAI__TRY(nai_network_add_input(p->net, "x", p->sizes[0]));
  NAI__TRY(nai_network_add_input(p->net, "target", outputs));
  NAI__TRY(nai_network_add_input(p->net, "teach", outputs));
  for (int64_t k = 1; k <= p->layers; k++) NAI__TRY(add_pyramidal(p, k));
  for (int64_t k = 1; k < p->layers; k++) NAI__TRY(add_interneurons(p, k));
  return NAI_OK;
}

/* --- pathways --------------------------------------------------------------------------------- */

/* The next projection: weights start uniform, within a width. */
static nai_status connect(const plan *p, const char *from, const char *to, int plastic,
                          double width)
{
  NAI__TRY(nai_network_connect(p->net, from, to));
  if (!plastic) NAI__TRY(nai_network_set_plastic(p->net, from, to, 0));
  return nai_network_set_initial_weights(p->net, from, to, NAI_WEIGHTS_UNIFORM, -width, width);
}

static nai_status connect_one_to_one(const plan *p, const char *from, const char *to)
{
  NAI__TRY(nai_network_connect(p->net, from, to));
  NAI__TRY(nai_network_set_plastic(p->net, from, to, 0));
  return nai_network_set_initial_weights(p->net, from, to, NAI_WEIGHTS_IDENTITY, 1, 0);
}

/* Names of the parts of one layer, and of the one above it. */
typedef struct layer_names {
  char cells[NAME_ROOM], apical[NAME_ROOM], lateral[NAME_ROOM], above[NAME_ROOM],
      above_basal[NAME_ROOM], above_u[NAME_ROOM], inter[NAME_ROOM], inter_basal[NAME_ROOM],
      inter_target[NAME_ROOM];
} layer_names;

static layer_names names_of(int64_t k)
{
  layer_names n;
  long long layer = k, next = k + 1;
  name_of(n.cells, 'P', k);
  name_of(n.above, 'P', k + 1);
  name_of(n.inter, 'I', k);
  snprintf(n.apical, NAME_ROOM, "P%lld:apical", layer);
  snprintf(n.lateral, NAME_ROOM, "P%lld:lateral", layer);
  snprintf(n.above_basal, NAME_ROOM, "P%lld:basal", next);
  snprintf(n.above_u, NAME_ROOM, "P%lld:u", next);
  snprintf(n.inter_basal, NAME_ROOM, "I%lld:basal", layer);
  snprintf(n.inter_target, NAME_ROOM, "I%lld:target", layer);
  return n;
}

/* So long where a delay is told of what comes down; else it is that of all that is part of a loop. */
static nai_status delay(const plan *p, const char *from, const char *to, double ms)
{
  return p->options.delay < 0 ? NAI_OK : nai_network_set_delay(p->net, from, to, ms);
}

static nai_status connect_layer(const plan *p, int64_t k)
{
  const nai_microcircuit *o = &p->options;
  const layer_names n = names_of(k);
  NAI__TRY(connect(p, n.cells, n.above_basal, o->plastic_up, o->width_up));
  NAI__TRY(connect(p, n.cells, n.inter_basal, o->plastic_inter, o->width_inter));
  NAI__TRY(connect(p, n.above, n.apical, o->plastic_down, o->width_down));
  NAI__TRY(connect(p, n.inter, n.lateral, o->plastic_lateral, o->width_lateral));
  NAI__TRY(delay(p, n.cells, n.above_basal, 0));
  NAI__TRY(delay(p, n.cells, n.inter_basal, 0));
  NAI__TRY(delay(p, n.above, n.apical, o->delay));
  return delay(p, n.inter, n.lateral, o->delay);
}

static nai_status connect_parts(const plan *p)
{
  const nai_microcircuit *o = &p->options;
  char target[NAME_ROOM], nudge[NAME_ROOM];
  snprintf(target, sizeof target, "P%lld:target", (long long)p->layers);
  snprintf(nudge, sizeof nudge, "P%lld:nudge", (long long)p->layers);
  NAI__TRY(connect(p, "x", "P1:basal", o->plastic_up, o->width_up));
  for (int64_t k = 1; k < p->layers; k++) NAI__TRY(connect_layer(p, k));
  for (int64_t k = 1; k < p->layers; k++) {
    const layer_names n = names_of(k);
    NAI__TRY(connect_one_to_one(p, n.above_u, n.inter_target));
    NAI__TRY(delay(p, n.above_u, n.inter_target, 0));
  }
  NAI__TRY(connect_one_to_one(p, "target", target));
  return connect_one_to_one(p, "teach", nudge);
}

/* --- Dale's law ------------------------------------------------------------------------------- */

/* Rate of a unit at a potential of 0. */
static double rate_at_rest(const plan *p)
{
  const nai_microcircuit *o = &p->options;
  float gain = (float)o->gain, exponent = 2, x = (float)(-o->slope * o->threshold), rate;
  const nai__units unit = {.n = 1, .transfer = o->transfer, .gain = &gain, .exponent = &exponent};
  p->net->kernels->transfer(&unit, &rate, &x);
  return (double)rate;
}

/* Excitation of mean width / 2 from n cells is taken off by a bias, for all of it has one sign. */
static nai_status take_off_excitation(const plan *p)
{
  const nai_microcircuit *o = &p->options;
  double rate = rate_at_rest(p);
  for (int64_t k = 1; k < p->layers; k++) {
    const layer_names n = names_of(k);
    double sum = rate * (double)p->sizes[k] / 2;
    NAI__TRY(nai_network_set(p->net, n.above, "bias", -sum * o->width_up));
    NAI__TRY(nai_network_set(p->net, n.inter, "bias", -sum * o->width_inter));
  }
  return NAI_OK;
}

nai_status nai_network_add_microcircuit(nai_network *net, const int64_t *sizes, int64_t n,
                                        const nai_microcircuit *options)
{
  plan p;
  NAI__TRY(nai__may_compose(net));
  NAI__TRY(nai__remember(net, take(&p, net, sizes, n, options)));
  NAI__TRY(nai__remember(net, add_parts(&p)));
  NAI__TRY(nai__remember(net, connect_parts(&p)));
  return p.options.dale ? nai__remember(net, take_off_excitation(&p)) : NAI_OK;
}
