/*
 * Where units are: given, in a box, on a sphere, on a lattice. Random positions are drawn by the
 * build.
 */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/random.h"
#include "network.h"

static nai_status set_place(nai_network *net, const char *names, int32_t placement,
                            const double place[3])
{
  NAI__TRY(nai__names_known(net, NAI__KIND(NAI_POPULATIONS), names, "names"));
  if (placement == NAI__LATTICE && net->n_lattices == INT32_MAX)
    return nai__fail(NAI_ERR_INVALID, "the network has %d lattices already", INT32_MAX);
  int32_t lattice = placement == NAI__LATTICE ? net->n_lattices++ : 0;
  NAI__EACH_NODE(net, i, NAI__KIND(NAI_POPULATIONS), names) {
    nai__node *node = &net->node[i];
    node->placement = placement;
    node->lattice = lattice;
    memcpy(node->place, place, sizeof node->place);
  }
  return NAI_OK;
}

static nai_status check_length(const char *what, double value, int may_be_zero)
{
  if (!(value <= 1e6 && (value > 0 || (may_be_zero && value == 0))))
    return nai__fail(NAI_ERR_INVALID, "%s is %g mm, must be %s 0 and at most 1e6", what, value,
                     may_be_zero ? "at least" : "above");
  return NAI_OK;
}

static nai_status place_box(nai_network *net, const char *names, double x, double y, double z)
{
  NAI__TRY(check_length("x", x, 1));
  NAI__TRY(check_length("y", y, 1));
  NAI__TRY(check_length("z", z, 1));
  return set_place(net, names, NAI__BOX, (double[3]){x, y, z});
}

nai_status nai_network_place_box(nai_network *net, const char *names, double x, double y, double z)
{
  NAI__TRY(nai__may_compose(net));
  return nai__remember(net, place_box(net, names, x, y, z));
}

static nai_status place_one(nai_network *net, const char *names, int32_t placement,
                            const char *what, double length)
{
  NAI__TRY(check_length(what, length, 0));
  return set_place(net, names, placement, (double[3]){length, 0, 0});
}

nai_status nai_network_place_sphere(nai_network *net, const char *names, double radius)
{
  NAI__TRY(nai__may_compose(net));
  return nai__remember(net, place_one(net, names, NAI__SPHERE, "radius", radius));
}

nai_status nai_network_place_lattice(nai_network *net, const char *names, double spacing)
{
  NAI__TRY(nai__may_compose(net));
  return nai__remember(net, place_one(net, names, NAI__LATTICE, "spacing", spacing));
}

static nai_status set_positions(nai_network *net, const char *name, const float *positions,
                                int64_t n)
{
  NAI__REQUIRE(positions);
  const nai__node *found;
  NAI__TRY(nai__node_find(&found, net, NAI__KIND(NAI_POPULATIONS), name, "name"));
  nai__node *node = &net->node[found - net->node];
  if (n != node->n)
    return nai__fail(NAI_ERR_INVALID, "n is %lld, '%s' has %lld units", (long long)n, name,
                     (long long)node->n);
  for (int64_t i = 0; i < 3 * n; i++)
    if (!isfinite(positions[i]) || fabsf(positions[i]) > 1e6f)
      return nai__fail(NAI_ERR_INVALID, "positions[%lld][%d] is %g mm, must be -1e6 to 1e6",
                       (long long)(i / 3), (int)(i % 3), (double)positions[i]);
  if (!node->position) node->position = NAI__ARRAY(float, 3 * n);
  if (!node->position) return NAI_ERR_MEMORY;
  memcpy(node->position, positions, (size_t)(3 * n) * sizeof *positions);
  node->placement = NAI__GIVEN;
  return NAI_OK;
}

nai_status nai_network_set_positions(nai_network *net, const char *name, const float *positions,
                                     int64_t n)
{
  NAI__TRY(nai__may_set(net));
  return nai__remember(net, set_positions(net, name, positions, n));
}

/* --- the draw --------------------------------------------------------------------------------- */

static void draw_box(float *position, int64_t n, const double side[3], nai__stream *random)
{
  for (int64_t i = 0; i < n; i++)
    for (int k = 0; k < 3; k++)
      position[3 * i + k] = (float)(side[k] * nai__stream_uniform(random));
}

static void draw_sphere(float *position, int64_t n, double radius, nai__stream *random)
{
  for (int64_t i = 0; i < n; i++) {
    double z = 2 * nai__stream_uniform(random) - 1;
    double angle = 6.283185307179586 * nai__stream_uniform(random);
    double ring = sqrt(1 - z * z);
    position[3 * i] = (float)(radius * ring * cos(angle));
    position[3 * i + 1] = (float)(radius * ring * sin(angle));
    position[3 * i + 2] = (float)(radius * z);
  }
}

/* Units `first` .. of a cubic lattice of `side` units a side. */
static void fill_lattice(float *position, int64_t n, int64_t first, int64_t side, double spacing)
{
  for (int64_t i = 0; i < n; i++) {
    int64_t k = first + i;
    position[3 * i] = (float)(spacing * (double)(k % side));
    position[3 * i + 1] = (float)(spacing * (double)(k / side % side));
    position[3 * i + 2] = (float)(spacing * (double)(k / (side * side)));
  }
}

/* Units of each lattice, and how many of them have their places. */
typedef struct lattice {
  int64_t units, placed;
} lattice;

static void count_lattices(lattice *lattices, const nai_network *net)
{
  for (int64_t i = 0; i < net->n_nodes; i++)
    if (net->node[i].placement == NAI__LATTICE)
      lattices[net->node[i].lattice].units += net->node[i].n;
}

static nai_status place_all(nai_network *net, lattice *lattices)
{
  for (int64_t i = 0; i < net->n_nodes; i++) {
    nai__node *node = &net->node[i];
    if (node->placement == NAI__NOWHERE || node->placement == NAI__GIVEN) continue;
    if (!node->position) node->position = NAI__ARRAY(float, 3 * node->n);
    if (!node->position) return NAI_ERR_MEMORY;
    nai__stream random = nai__stream_open(net->seed, NAI__FOR_POSITIONS, (uint64_t)node->order, 0);
    if (node->placement == NAI__BOX) draw_box(node->position, node->n, node->place, &random);
    if (node->placement == NAI__SPHERE)
      draw_sphere(node->position, node->n, node->place[0], &random);
    if (node->placement != NAI__LATTICE) continue;
    lattice *l = &lattices[node->lattice];
    fill_lattice(node->position, node->n, l->placed, (int64_t)ceil(cbrt((double)l->units) - 1e-9),
                 node->place[0]);
    l->placed += node->n;
  }
  return NAI_OK;
}

int64_t nai__most_copies(const nai__node *node)
{
  int64_t most = 1;
  for (int32_t k = 0; node->cells && k < node->cells->model->ops.n_ports; k++) {
    int64_t copies =
        nai__cells_copies(node->cells, nai__field_at(node->cells->model->ops.ports, k));
    most = copies > most ? copies : most;
  }
  return most;
}

/* A branch is where its unit is. */
nai_status nai__place_ports(nai_network *net)
{
  for (int64_t i = 0; i < net->n_nodes; i++) {
    nai__node *node = &net->node[i];
    int64_t copies = nai__most_copies(node), n = 3 * node->n;
    nai__free(node->port_position);
    node->port_position = NULL;
    if (!node->position || copies == 1) continue;
    node->port_position = NAI__ARRAY(float, copies *n);
    if (!node->port_position) return NAI_ERR_MEMORY;
    for (int64_t c = 0; c < copies; c++)
      memcpy(node->port_position + c * n, node->position, (size_t)n * sizeof(float));
  }
  return NAI_OK;
}

nai_status nai__place(nai_network *net)
{
  lattice *lattices = NAI__ARRAY(lattice, net->n_lattices + 1);
  if (!lattices) return NAI_ERR_MEMORY;
  count_lattices(lattices, net);
  nai_status status = place_all(net, lattices);
  nai__free(lattices);
  return status == NAI_OK ? nai__place_ports(net) : status;
}
