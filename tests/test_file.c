/* lib/file: safetensors, the model file, and files that lie. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <math.h>
#include <neuroai/neuroai.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <neuroai/extend.h>

#include "../lib/file/atomic_write.h"
#include "../lib/file/safetensors.h"
#include "../lib/network/network.h"
#include "checks.h"
#include "faults.h"
#include "networks.h"

/* --- a folder of our own ---------------------------------------------------------------------- */

static char folder[256];

static void make_folder(void)
{
  checks_folder(folder);
}

static void remove_folder(void)
{
  DIR *entries = opendir(folder);
  ck_assert_ptr_nonnull(entries);
  for (struct dirent *e; (e = readdir(entries));) {
    char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) remove(path);
  }
  closedir(entries);
  ck_assert_int_eq(rmdir(folder), 0);
}

/* A few paths may be in use at once. */
static const char *path_of(const char *name)
{
  static char paths[4][400];
  static int next;
  char *path = paths[next++ % 4];
  snprintf(path, sizeof paths[0], "%.99s/%.299s", folder, name);
  return path;
}

static int count_entries(void)
{
  DIR *entries = opendir(folder);
  int n = -2; /* . and .. */
  while (readdir(entries)) n++;
  closedir(entries);
  return n;
}

typedef struct bytes {
  unsigned char *data;
  size_t size;
} bytes;

static bytes read_bytes(const char *path)
{
  FILE *file = fopen(path, "rb");
  ck_assert_msg(file != NULL, "%s is not there", path);
  fseek(file, 0, SEEK_END);
  bytes b = {NULL, (size_t)ftell(file)};
  rewind(file);
  b.data = malloc(b.size + 1);
  ck_assert_uint_eq(fread(b.data, 1, b.size, file), b.size);
  fclose(file);
  return b;
}

static void write_bytes(const char *path, const void *data, size_t size)
{
  FILE *file = fopen(path, "wb");
  ck_assert_ptr_nonnull(file);
  ck_assert_uint_eq(fwrite(data, 1, size, file), size);
  fclose(file);
}

static void check_same_file(const char *a, const char *b)
{
  bytes x = read_bytes(a), y = read_bytes(b);
  ck_assert_uint_eq(x.size, y.size);
  ck_assert(memcmp(x.data, y.data, x.size) == 0);
  free(x.data);
  free(y.data);
}

/* --- networks --------------------------------------------------------------------------------- */

static nai_network *small_network(void)
{
  nai_network *net =
      COMPOSE(.dt = 20, .inputs = {{"u", 1}}, .populations = {{"E", 3, NAI_EXCITATORY}},
              .outputs = {{"z", 1}}, .projections = {{"u", "E"}, {"E", "E"}, {"E", "z"}});
  expect_ok(nai_network_place_box(net, "E", 1, 1, 1));
  expect_ok(nai_network_build(net, 1));
  expect_ok(nai_network_set_weights(net, "E", "E", (float[]){0, 0.5f, 0, 0.25f, 0, 1, 0.125f, 0, 0},
                                    3, 3));
  return net;
}

static void constrain(nai_network *net, const char *from, const char *to,
                      nai_constraint *constraint)
{
  expect_ok(nai_network_constrain(net, from, to, constraint));
  nai_constraint_destroy(constraint);
}

static void connect_rich(nai_network *net)
{
  nai_constraint *c;
  expect_ok(nai_network_connect(net, "u w", "E I"));
  expect_ok(nai_network_connect(net, "E I", "E I"));
  expect_ok(nai_network_connect(net, "E", "rate"));
  expect_ok(nai_network_connect(net, "rate", "rate layer"));
  expect_ok(nai_network_connect(net, "E layer", "z y>z"));
  expect_ok(nai_network_set_delay(net, "rate", "layer", 0));
  expect_ok(nai_network_set_delay(net, "E", "I", 50));
  expect_ok(nai_network_set_delay(net, "w", "E", 20));
  expect_ok(nai_network_set_autapses(net, "I", "I", 1));
  expect_ok(nai_network_set_plastic(net, "u", "E", 0));
  expect_ok(nai_network_set_initial_weights(net, "rate", "rate", NAI_WEIGHTS_ORTHOGONAL, 0.9, NAN));
  expect_ok(nai_network_set_initial_weights(net, "u", "E", NAI_WEIGHTS_UNIFORM, -0.5, 0.7));
  expect_ok(nai_constraint_create_sparse(&c, 0.4));
  constrain(net, "E I", "E I", c);
  expect_ok(nai_constraint_create_dale(&c, NAI_DALE_REFLECT));
  constrain(net, "I", "*", c);
  expect_ok(nai_constraint_create_dale(&c, NAI_DALE_OFF));
  constrain(net, "E", "z", c);
  expect_ok(nai_constraint_create_nonnegative(&c));
  constrain(net, "w", "I", c);
  expect_ok(nai_constraint_create_max_weight(&c, 0.1));
  constrain(net, "rate", "layer", c);
  expect_ok(nai_constraint_create_fixed(&c, (uint8_t[]){1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 0}, 3, 4));
  constrain(net, "layer", "y>z", c);
}

/*
 * All that a file has to hold: added in mixed order, every kind of number, constraint, delay and
 * leak.
 */
static nai_network *rich_network(uint64_t seed)
{
  nai_network *net;
  double tau[4] = {20, 30.5, 1e9, 100};
  expect_ok(nai_network_create(&net, 10));
  expect_ok(nai_network_add_output(net, "z", 2));
  expect_ok(nai_network_add_population(net, "E", 7, NAI_EXCITATORY));
  expect_ok(nai_network_add_input(net, "u", 2));
  expect_ok(nai_network_add_population(net, "I", 3, NAI_INHIBITORY));
  expect_ok(nai_network_add_population(net, "layer", 4, NAI_FREE));
  expect_ok(nai_network_add_output(net, "y>z", 3));
  expect_ok(nai_network_add_population(net, "rate", 5, NAI_FREE));
  expect_ok(nai_network_add_input(net, "w", 1));
  expect_ok(nai_network_set_sign(net, "u", NAI_INHIBITORY));
  expect_ok(nai_network_set_leak(net, "rate layer", NAI_LEAK_RATE));
  expect_ok(nai_network_set_transfer(net, "rate", NAI_TRANSFER_SOFTPLUS));
  expect_ok(nai_network_set_transfer(net, "layer", NAI_TRANSFER_RECTIFIED_TANH));
  expect_ok(nai_network_set_transfer(net, "I", NAI_TRANSFER_POWER));
  expect_ok(nai_network_set_each(net, "layer", "tau", tau, 4));
  expect_ok(nai_network_set_each(net, "rate", "gain", (double[]){1, 1, 1, 1 / 3.0, 1}, 5));
  expect_ok(nai_network_set(net, "I", "exponent", 1.7));
  expect_ok(nai_network_set(net, "E I rate u", "noise", 0.1));
  expect_ok(nai_network_set(net, "E", "initial", 0.3));
  expect_ok(nai_network_set(net, "rate", "bias", -0.1));
  expect_ok(nai_network_set(net, "w", "baseline", 0.2));
  expect_ok(nai_network_set_each(net, "u", "rectify", (double[]){0, 1}, 2));
  expect_ok(nai_network_set_each(net, "E", "plastic_bias", (double[]){0, 1, 0, 1, 0, 1, 0}, 7));
  expect_ok(nai_network_place_sphere(net, "E", 1.5));
  expect_ok(nai_network_place_lattice(net, "I rate", 0.3));
  connect_rich(net);
  expect_ok(nai_network_build(net, seed));
  expect_ok(nai_network_set_bias(net, "y>z", (float[]){0.1f, -2e7f, 1e-30f}, 3));
  return net;
}

/* --- the model file: there and back ----------------------------------------------------------- */

static nai_network *load(const char *path)
{
  nai_network *net;
  expect_ok(nai_network_load(&net, path, NULL));
  return net;
}

static void check_same_numbers(const nai_network *a, const nai_network *b)
{
  for (int64_t i = 0; i < a->n_nodes; i++) {
    const nai__node *node = &a->node[i];
    int32_t sign[2] = {0, 0};
    for (int k = 0; k < 2 && node->kind != NAI_OUTPUTS; k++)
      expect_ok(nai_network_sign(&sign[k], k ? b : a, node->name));
    ck_assert_int_eq(sign[0], sign[1]);
    for (int k = 0; k < NAI__NUMBERS; k++) {
      if (!node->number[k]) continue;
      double x[8], y[8];
      expect_ok(nai_network_get_each(x, node->n, a, node->name, nai__number_name(k)));
      expect_ok(nai_network_get_each(y, node->n, b, node->name, nai__number_name(k)));
      ck_assert_msg(memcmp(x, y, (size_t)node->n * sizeof *x) == 0, "%s of %s", nai__number_name(k),
                    node->name);
    }
    nai_view p = NAI_VIEW_INIT, q = NAI_VIEW_INIT;
    if (!node->position) continue;
    expect_ok(nai_network_positions(&p, a, node->name));
    expect_ok(nai_network_positions(&q, b, node->name));
    ck_assert(memcmp(p.data, q.data, (size_t)(3 * node->n) * sizeof(float)) == 0);
  }
}

static void check_same_view(const nai_view *x, const nai_view *y)
{
  ck_assert(x->shape[0] == y->shape[0] && x->shape[1] == y->shape[1]);
  for (int64_t i = 0; i < x->shape[0]; i++)
    ck_assert(memcmp((const char *)x->data + i * x->stride[0],
                     (const char *)y->data + i * y->stride[0],
                     (size_t)x->shape[1] * sizeof(float)) == 0);
}

static void check_same_synapses(const nai_network *a, const nai_network *b)
{
  ck_assert_int_eq(nai_network_count(a, NAI_PROJECTIONS), nai_network_count(b, NAI_PROJECTIONS));
  for (int64_t i = 0; i < nai_network_count(a, NAI_PROJECTIONS); i++) {
    const char *from, *to, *from_again, *to_again;
    double delay, delay_again;
    expect_ok(nai_network_projection(&from, &to, a, i));
    expect_ok(nai_network_projection(&from_again, &to_again, b, i));
    ck_assert_str_eq(from, from_again);
    ck_assert_str_eq(to, to_again);
    nai_status (*const views[])(nai_view *, const nai_network *, const char *, const char *) = {
        nai_network_weights, nai_network_mask, nai_network_plastic};
    for (int k = 0; k < 3; k++) {
      nai_view x = NAI_VIEW_INIT, y = NAI_VIEW_INIT;
      expect_ok(views[k](&x, a, from, to));
      expect_ok(views[k](&y, b, from, to));
      check_same_view(&x, &y);
    }
    expect_ok(nai_network_delay(&delay, a, from, to));
    expect_ok(nai_network_delay(&delay_again, b, from, to));
    ck_assert(delay == delay_again);
    ck_assert_int_eq(a->projection[i].sign, b->projection[i].sign);
    ck_assert_int_eq(a->projection[i].autapses, b->projection[i].autapses);
    ck_assert_int_eq(a->projection[i].n_constraints, b->projection[i].n_constraints);
  }
}

/* Populations may stand in another order among all nodes, but not among themselves. */
static void check_same_activity(const nai_network *a, const nai_network *b)
{
  enum { STEPS = 40, TRIALS = 3 };
  const nai_network *nets[2] = {a, b};
  float *rates[2], *outputs[2];
  int64_t inputs = nai_network_size(a, NAI_INPUTS, NULL),
          units = nai_network_size(a, NAI_POPULATIONS, NULL);
  int64_t channels = nai_network_size(a, NAI_OUTPUTS, NULL);
  float *u = calloc((size_t)(STEPS * TRIALS * inputs), sizeof *u);
  expect_ok(nai_random_normals(u, STEPS * TRIALS * inputs, 1, 2));
  for (int k = 0; k < 2; k++) {
    nai_state *state;
    rates[k] = calloc((size_t)(STEPS * TRIALS * units), sizeof **rates);
    outputs[k] = calloc((size_t)(STEPS * TRIALS * channels), sizeof **outputs);
    expect_ok(nai_state_create(&state, nets[k], TRIALS, 9));
    expect_ok(nai_state_run(outputs[k], rates[k], state, STEPS, u));
    nai_state_destroy(state);
  }
  ck_assert(memcmp(rates[0], rates[1], (size_t)(STEPS * TRIALS * units) * sizeof **rates) == 0);
  ck_assert(
      memcmp(outputs[0], outputs[1], (size_t)(STEPS * TRIALS * channels) * sizeof **outputs) == 0);
  for (int k = 0; k < 2; k++) {
    free(rates[k]);
    free(outputs[k]);
  }
  free(u);
}

START_TEST(a_loaded_network_is_the_saved_one)
{
  static const uint64_t seeds[] = {0, 1, UINT64_MAX};
  for (int k = 0; k < 3; k++) {
    nai_network *net = rich_network(seeds[k]);
    expect_ok(nai_network_save(net, path_of("a")));
    nai_network *again = load(path_of("a"));
    expect_ok(nai_network_save(again, path_of("b")));
    check_same_file(path_of("a"), path_of("b"));
    ck_assert_uint_eq(again->seed, seeds[k]);
    for (int32_t kind = NAI_INPUTS; kind <= NAI_OUTPUTS; kind++)
      for (int64_t i = 0; i < nai_network_count(net, kind); i++)
        ck_assert_str_eq(nai_network_name(net, kind, i), nai_network_name(again, kind, i));
    check_same_numbers(net, again);
    check_same_synapses(net, again);
    check_same_activity(net, again);
    nai_network_destroy(net);
    nai_network_destroy(again);
  }
}
END_TEST

/* After the same disturbance of all weights both are put right in the same way. */
START_TEST(constraints_go_on_after_loading)
{
  nai_network *net = rich_network(4);
  expect_ok(nai_network_save(net, path_of("a")));
  nai_network *nets[2] = {net, load(path_of("a"))};
  for (int k = 0; k < 2; k++) {
    float *before = calloc((size_t)nets[k]->n_theta, sizeof *before);
    memcpy(before, nets[k]->theta, (size_t)nets[k]->n_theta * sizeof *before);
    for (int64_t i = 0; i < nets[k]->unit_bias; i++) nets[k]->theta[i] += (float)sin((double)i);
    expect_ok(nai__project(nets[k], NULL, before));
    free(before);
  }
  check_same_synapses(nets[0], nets[1]);
  nai_view w = NAI_VIEW_INIT, mask = NAI_VIEW_INIT;
  expect_ok(nai_network_weights(&w, nets[1], "rate", "layer"));
  expect_ok(nai_network_mask(&mask, nets[1], "E", "E"));
  float largest = 0;
  for (int64_t i = 0; i < 4; i++)
    for (int64_t j = 0; j < 5; j++)
      largest = fmaxf(largest, fabsf(((const float *)w.data)[i * w.stride[0] / 4 + j]));
  ck_assert(largest == 0.1f);
  expect_ok(nai_network_set_plastic(nets[1], "u", "E", 1)); /* frozen or not can still be said */
  expect_fails(nai_network_connect(nets[1], "u", "rate"), NAI_ERR_ORDER, "built");
  nai_network_destroy(nets[0]);
  nai_network_destroy(nets[1]);
}
END_TEST

/* What others read: the layout of the format, names, types and shapes. */
START_TEST(the_file_is_laid_out_as_safetensors)
{
  nai_network *net = small_network();
  expect_ok(nai_network_save(net, path_of("a")));
  bytes b = read_bytes(path_of("a"));
  uint64_t length = 0;
  for (int i = 0; i < 8; i++) length |= (uint64_t)b.data[i] << (8 * i);
  ck_assert_uint_eq(length % 8, 0);
  ck_assert(length < b.size && b.data[8] == '{');
  nai__json_document parsed = {NULL, NULL}, description = {NULL, NULL};
  expect_ok(nai__json_parse(&parsed, (char *)b.data + 8, length, "the header"));
  const nai__json *header = parsed.root, *weight = nai__json_get(header, "weight: E -> E");
  ck_assert_str_eq(nai__json_string(nai__json_get(weight, "dtype")), "F32");
  const nai__json *offset = nai__json_first(nai__json_get(weight, "data_offsets"));
  int64_t start = offset->is.whole, end = offset->next->is.whole;
  ck_assert_int_eq(end - start, 9 * 4);
  ck_assert_int_eq(start % 4, 0);
  float w[9];
  memcpy(w, b.data + 8 + length + start, sizeof w);
  ck_assert(w[0] == 0 && w[1] == 0.5f && w[3] == 0.25f && w[5] == 1 &&
            w[6] == 0.125f); /* [post][pre] */
  static const char *const names[] = {"weight: u -> E", "mask: E -> z", "learns: E -> E",
                                      "bias: E",        "bias: z",      "position: E"};
  for (size_t k = 0; k < sizeof names / sizeof *names; k++)
    ck_assert_ptr_nonnull(nai__json_get(header, names[k]));
  const char *text =
      nai__json_string(nai__json_get(nai__json_get(header, "__metadata__"), "neuroai"));
  expect_ok(nai__json_parse(&description, text, strlen(text), "the description"));
  const nai__json *model = description.root;
  double dt, tau;
  ck_assert_str_eq(nai__json_string(nai__json_get(model, "library")), nai_version());
  expect_ok(nai__json_real(&dt, model, "dt"));
  const nai__json *population = nai__json_first(nai__json_get(model, "populations"));
  ck_assert_str_eq(nai__json_string(nai__json_get(population, "transfer")), "relu");
  expect_ok(nai__json_real(&tau, population, "tau"));
  ck_assert(dt == 20 && tau == 100);
  nai__json_release(&description);
  nai__json_release(&parsed);
  free(b.data);
  nai_network_destroy(net);
}
END_TEST

/* What makes a network one that 0.1.0 would run otherwise, or not at all. */
enum { PLAIN, OTHER_MODEL, WHOLE_LEAK, LISTED, ONE_WEIGHT, SHORT_TERM, FEATURES };

static nai_network *network_with(int feature)
{
  nai_network *net;
  const double U = 0.3, tau = 200, rest = 1;
  nai_short_term *short_term;
  expect_ok(nai_network_create(&net, 1));
  expect_ok(nai_network_add_population(net, "E", 5, NAI_FREE));
  if (feature == OTHER_MODEL) expect_ok(nai_network_set_model(net, "E", "adaptive_rate"));
  expect_ok(nai_network_connect(net, "E", "E"));
  expect_ok(nai_network_set_plastic(net, "E", "E", 0));
  if (feature == WHOLE_LEAK) expect_ok(nai_network_set_leak(net, "E", NAI_LEAK_WHOLE));
  if (feature == LISTED) expect_ok(nai_network_set_storage(net, "E", "E", NAI_STORAGE_LISTED));
  if (feature == ONE_WEIGHT) {
    expect_ok(nai_network_set_initial_weights(net, "E", "E", NAI_WEIGHTS_CONSTANT, 0.1, 0));
    expect_ok(nai_network_set_autapses(net, "E", "E", 1));
    expect_ok(nai_network_set_storage(net, "E", "E", NAI_STORAGE_SHARED));
  }
  if (feature == SHORT_TERM) {
    expect_ok(nai_short_term_create(&short_term, 1, &U, &tau, &tau, &rest));
    expect_ok(nai_network_set_short_term(net, "E", "E", short_term));
    nai_short_term_destroy(short_term);
  }
  expect_ok(nai_network_build(net, 6));
  return net;
}

/* It ignores what it does not know of a projection: the number of the format alone stops it. */
START_TEST(files_say_what_an_older_library_cannot_run)
{
  for (int feature = PLAIN; feature < FEATURES; feature++) {
    nai_network *net = network_with(feature), *again;
    nai__tensors file;
    nai__json_document description = {NULL, NULL};
    int64_t format;
    static int32_t entries; /* of the header: a number that all synapses share is no tensor */
    expect_ok(nai_network_save(net, path_of("a")));
    expect_ok(nai__tensors_open(&file, path_of("a")));
    const char *text = nai__tensors_note(&file, "neuroai");
    expect_ok(nai__json_parse(&description, text, strlen(text), "the description"));
    expect_ok(nai__json_whole(&format, description.root, "format", 1, 2));
    ck_assert_msg(format == (feature == PLAIN ? 1 : 2), "%d: format %d", feature, (int)format);
    if (feature == PLAIN) entries = file.header.root->n;
    if (feature == SHORT_TERM) ck_assert_int_eq(file.header.root->n, entries);
    nai__json_release(&description);
    nai__tensors_close(&file);
    expect_ok(nai_network_load(&again, path_of("a"), NULL));
    expect_ok(nai_network_save(again, path_of("b")));
    check_same_file(path_of("a"), path_of("b"));
    nai_network_destroy(again);
    nai_network_destroy(net);
  }
}
END_TEST

/* --- a user's own constraints ----------------------------------------------------------------- */

static nai_status halve(void *user, nai_synapses *s)
{
  ++*(int *)user;
  for (int64_t i = 0; i < s->n_post; i++)
    for (int64_t j = 0; j < s->n_pre; j++)
      s->weight[i * s->stride + j] *=
          0.5f + (float)nai_random_uniform(s->seed, (uint64_t)i, (uint64_t)j) / 100;
  return NAI_OK;
}

static nai_status wire_nothing(void *user, nai_synapses *s)
{
  (void)user;
  s->exists[1] = 0;
  return NAI_OK;
}

static nai_network *network_with_own(nai_constraint *own, nai_constraint *wires)
{
  nai_network *net;
  nai_constraint *sparse;
  expect_ok(nai_network_create(&net, 20));
  expect_ok(nai_network_add_population(net, "E", 5, NAI_FREE));
  expect_ok(nai_network_connect(net, "E", "E"));
  expect_ok(nai_constraint_create_sparse(&sparse, 0.8));
  constrain(net, "E", "E", sparse);
  expect_ok(nai_network_constrain(net, "E", "E", wires));
  expect_ok(nai_network_constrain(net, "E", "E", own));
  expect_ok(nai_network_build(net, 6));
  return net;
}

START_TEST(own_constraints_are_asked_for)
{
  int count = 0;
  nai_constraint *own, *wires, *other;
  nai_constraint_ops ops = {
      .struct_size = sizeof ops, .name = "halve it \"daily\"", .project = halve};
  nai_constraint_ops wire = {.struct_size = sizeof wire, .name = "mine", .wire = wire_nothing};
  expect_ok(nai_constraint_create(&own, &ops, &count));
  expect_ok(nai_constraint_create(&wires, &wire, NULL));
  expect_ok(nai_constraint_create_max_weight(&other, 1));
  nai_network *net = network_with_own(own, wires), *again = (nai_network *)&again;
  expect_ok(nai_network_save(net, path_of("a")));
  expect_fails(nai_network_load(&again, path_of("a"), NULL), NAI_ERR_NAME, "halve it \"daily\"");
  ck_assert_ptr_null(again);
  expect_fails(
      nai_network_load(&again, path_of("a"), LOADING(.constraints = &other, .n_constraints = 1)),
      NAI_ERR_NAME, "halve it \"daily\"");
  nai_constraint *given[2] = {other, own};
  expect_ok(
      nai_network_load(&again, path_of("a"), LOADING(.constraints = given, .n_constraints = 2)));
  nai_constraint_destroy(own); /* both networks keep it */
  nai_constraint_destroy(wires);
  nai_constraint_destroy(other);
  count = 0;
  nai_network *nets[2] = {net, again};
  for (int k = 0; k < 2; k++) expect_ok(nai__project(nets[k], NULL, NULL));
  ck_assert_int_eq(count, 2);
  check_same_synapses(net, again); /* its seed is the same too */
  expect_ok(nai_network_save(net, path_of("b")));
  expect_ok(nai_network_save(again, path_of("c")));
  check_same_file(path_of("b"), path_of("c"));
  nai_network_destroy(net);
  nai_network_destroy(again);
}
END_TEST

START_TEST(constraint_names_must_be_text)
{
  int count = 0;
  nai_constraint *own, *wires;
  nai_constraint_ops ops = {.struct_size = sizeof ops, .name = "caf\xe9", .project = halve};
  nai_constraint_ops wire = {.struct_size = sizeof wire, .name = "mine", .wire = wire_nothing};
  expect_ok(nai_constraint_create(&own, &ops, &count));
  expect_ok(nai_constraint_create(&wires, &wire, NULL));
  nai_network *net = network_with_own(own, wires);
  expect_fails(nai_network_save(net, path_of("a")), NAI_ERR_NAME, "UTF-8");
  ck_assert_int_eq(count_entries(), 0);
  nai_constraint_destroy(own);
  nai_constraint_destroy(wires);
  nai_network_destroy(net);
}
END_TEST

/* --- bad calls -------------------------------------------------------------------------------- */

START_TEST(bad_arguments)
{
  nai_network *net = small_network(), *unbuilt, *out = (nai_network *)&out;
  nai_constraint *none[1] = {NULL};
  expect_ok(nai_network_create(&unbuilt, 1));
  expect_ok(nai_network_save(net, path_of("a")));
  expect_fails(nai_network_save(NULL, path_of("b")), NAI_ERR_INVALID, "net is NULL");
  expect_fails(nai_network_save(net, NULL), NAI_ERR_INVALID, "path is NULL");
  expect_fails(nai_network_save(net, ""), NAI_ERR_INVALID, "path is empty");
  expect_fails(nai_network_save(unbuilt, path_of("b")), NAI_ERR_ORDER, "not built");
  expect_fails(nai_network_load(NULL, path_of("a"), NULL), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_network_load(&out, NULL, NULL), NAI_ERR_INVALID, "path is NULL");
  ck_assert_ptr_null(out);
  expect_fails(nai_network_load(&out, path_of("a"), LOADING(.n_constraints = 1)), NAI_ERR_INVALID,
               "constraints is NULL");
  expect_fails(
      nai_network_load(&out, path_of("a"), LOADING(.constraints = none, .n_constraints = 1)),
      NAI_ERR_INVALID, "constraints[0] is NULL");
  expect_fails(nai_network_load(&out, path_of("a"), LOADING(.n_constraints = -1)), NAI_ERR_INVALID,
               "n_constraints is -1");
  expect_fails(nai_network_load(&out, path_of("nothing"), NULL), NAI_ERR_FILE, "nothing");
  expect_fails(nai_network_load(&out, "", NULL), NAI_ERR_FILE, "");
  expect_fails(nai_network_load(&out, folder, NULL), NAI_ERR_FILE, "not a regular file");
  ck_assert_int_eq(mkfifo(path_of("pipe"), 0600), 0);
  expect_fails(nai_network_load(&out, path_of("pipe"), NULL), NAI_ERR_FILE, "not a regular file");
  ck_assert_ptr_null(out);
  ck_assert_int_eq(count_entries(), 2);
  nai_network_destroy(net);
  nai_network_destroy(unbuilt);
}
END_TEST

/* --- saving: the old file or the new one ------------------------------------------------------ */

static int count_open_files(void)
{
  int count = 0;
  DIR *entries = opendir("/dev/fd");
  ck_assert_ptr_nonnull(entries);
  while (readdir(entries)) count++;
  closedir(entries);
  return count;
}

/* Neither where all goes well nor where it does not. */
START_TEST(no_file_stays_open)
{
  nai_network *net = small_network(), *again;
  const int before = count_open_files();
  for (int k = 0; k < 3; k++) {
    expect_ok(nai_network_save(net, path_of("a")));
    expect_ok(nai_network_load(&again, path_of("a"), NULL));
    nai_network_destroy(again);
    expect_fails(nai_network_save(net, folder), NAI_ERR_FILE, "not a regular file");
    expect_fails(nai_network_load(&again, folder, NULL), NAI_ERR_FILE, "not a regular file");
    ck_assert_int_eq(truncate(path_of("a"), 100), 0);
    expect_fails(nai_network_load(&again, path_of("a"), NULL), NAI_ERR_FORMAT, "the header has");
  }
  ck_assert_int_eq(count_open_files(), before);
  nai_network_destroy(net);
}
END_TEST

START_TEST(saving_where_nothing_can_be)
{
  nai_network *net = small_network();
  char longer[6000];
  memset(longer, 'a', sizeof longer);
  longer[sizeof longer - 1] = 0;
  expect_fails(nai_network_save(net, path_of("no/folder")), NAI_ERR_FILE, "no/folder");
  expect_fails(nai_network_save(net, folder), NAI_ERR_FILE, "not a regular file");
  ck_assert_int_eq(mkfifo(path_of("pipe"), 0600), 0);
  expect_fails(nai_network_save(net, path_of("pipe")), NAI_ERR_FILE, "not a regular file");
  expect_fails(nai_network_save(net, longer), NAI_ERR_FILE, "cannot write");
  longer[300] = 0;
  expect_fails(nai_network_save(net, path_of(longer)), NAI_ERR_FILE, "cannot write");
  ck_assert_int_eq(count_entries(), 1);
  nai_network_destroy(net);
}
END_TEST

/* The disk is full at any byte: the old file is whole, nothing is left behind. */
START_TEST(an_interrupted_save_leaves_the_old_file)
{
  nai_network *net = small_network();
  expect_ok(nai_network_save(net, path_of("a")));
  expect_ok(nai_network_save(net, path_of("old")));
  expect_ok(nai_network_set_bias(net, "z", (float[]){5}, 1));
  struct stat about;
  ck_assert_int_eq(stat(path_of("a"), &about), 0);
  signal(SIGXFSZ, SIG_IGN);
  struct rlimit all, some;
  getrlimit(RLIMIT_FSIZE, &all);
  for (off_t limit = 0; limit < about.st_size; limit += 97) {
    some = all;
    some.rlim_cur = (rlim_t)limit;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &some), 0);
    nai_status status = nai_network_save(net, path_of("a"));
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &all), 0);
    expect_fails(status, NAI_ERR_FILE, "cannot write");
    check_same_file(path_of("a"), path_of("old"));
    ck_assert_int_eq(count_entries(), 2);
  }
  expect_ok(nai_network_save(net, path_of("a")));
  ck_assert_int_eq(count_entries(), 2);
  nai_network *again = load(path_of("a"));
  double bias;
  expect_ok(nai_network_get_each(&bias, 1, again, "z", "bias"));
  ck_assert(bias == 5);
  nai_network_destroy(again);
  nai_network_destroy(net);
}
END_TEST

/* Saves for ever, or until it is killed; a failure ends it at once. */
static pid_t start_saving(const nai_network *net, const char *path)
{
  pid_t child = fork();
  ck_assert_int_ge(child, 0);
  while (child == 0)
    if (nai_network_save(net, path) != NAI_OK) _exit(1);
  return child;
}

/* Readers at any time find a whole file, while it is saved over and over. */
START_TEST(readers_never_see_half_a_file)
{
  nai_network *net = small_network();
  int status;
  expect_ok(nai_network_save(net, path_of("a")));
  pid_t child = start_saving(net, path_of("a"));
  for (int k = 0; k < 100; k++) {
    nai_network_destroy(load(path_of("a")));
    usleep(200);
  }
  ck_assert_int_eq(waitpid(child, &status, WNOHANG), 0); /* it has not failed */
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  expect_ok(nai_network_save(net, path_of("a")));
  ck_assert_int_eq(count_entries(), 1);
  nai_network_destroy(net);
}
END_TEST

START_TEST(links_and_modes_stay)
{
  nai_network *net = small_network();
  expect_ok(nai_network_save(net, path_of("a")));
  ck_assert_int_eq(chmod(path_of("a"), 0640), 0);
  ck_assert_int_eq(symlink("a", path_of("link")), 0);
  expect_ok(nai_network_set_bias(net, "z", (float[]){7}, 1));
  expect_ok(nai_network_save(net, path_of("link")));
  struct stat about;
  ck_assert_int_eq(lstat(path_of("link"), &about), 0);
  ck_assert(S_ISLNK(about.st_mode));
  ck_assert_int_eq(stat(path_of("a"), &about), 0);
  ck_assert_int_eq(about.st_mode & 07777, 0640);
  check_same_file(path_of("a"), path_of("link"));
  ck_assert_int_eq(count_entries(), 2);
  mode_t before = umask(027);
  expect_ok(nai_network_save(net, path_of("new")));
  umask(before);
  ck_assert_int_eq(stat(path_of("new"), &about), 0);
  ck_assert_int_eq(about.st_mode & 07777, 0640);
  /* a name without a folder is one in the folder where we are */
  ck_assert_int_eq(chdir(folder), 0);
  expect_ok(nai_network_save(net, "here"));
  check_same_file(path_of("here"), path_of("new"));
  nai_network_destroy(net);
}
END_TEST

/* A link to where nothing is yet: what it leads to is made, and it stays a link. */
START_TEST(links_that_lead_nowhere_are_followed)
{
  nai_network *net = small_network();
  struct stat about;
  char target[400];
  ck_assert_int_eq(mkdir(path_of("sub"), 0700), 0);
  ck_assert_int_eq(symlink("chain", path_of("link")), 0);
  ck_assert_int_eq(symlink("sub/back", path_of("chain")), 0); /* from where that link is */
  ck_assert_int_eq(symlink("../made", path_of("sub/back")), 0);
  expect_ok(nai_network_save(net, path_of("link")));
  nai_network_destroy(load(path_of("made")));
  snprintf(target, sizeof target, "%s/far", folder);
  ck_assert_int_eq(symlink(target, path_of("whole")), 0);
  expect_ok(nai_network_save(net, path_of("whole")));
  nai_network_destroy(load(path_of("far")));
  static const char *const links[] = {"link", "chain", "whole", "sub/back"};
  for (int k = 0; k < 4; k++) {
    ck_assert_int_eq(lstat(path_of(links[k]), &about), 0);
    ck_assert(S_ISLNK(about.st_mode));
  }
  ck_assert_int_eq(symlink("no/folder", path_of("lost")), 0);
  expect_fails(nai_network_save(net, path_of("lost")), NAI_ERR_FILE, "No such file");
  ck_assert_int_eq(symlink("round", path_of("loop")), 0);
  ck_assert_int_eq(symlink("loop", path_of("round")), 0);
  expect_fails(nai_network_save(net, path_of("loop")), NAI_ERR_FILE, strerror(ELOOP));
  expect_fails(nai_network_save(net, path_of("new/")), NAI_ERR_FILE, "cannot write");
  ck_assert_int_eq(unlink(path_of("sub/back")), 0);
  ck_assert_int_eq(rmdir(path_of("sub")), 0); /* nothing else was left there */
  ck_assert_int_eq(count_entries(), 8);
  nai_network_destroy(net);
}
END_TEST

/* As many as the system follows when it makes a file; and one more. */
START_TEST(links_in_a_row)
{
  enum { LINKS = 40 };
  nai_network *net = small_network();
  char from[32], to[32];
  for (int k = 0; k <= LINKS; k++) {
    snprintf(from, sizeof from, "link-%d", k);
    snprintf(to, sizeof to, k < LINKS ? "link-%d" : "end", k + 1);
    ck_assert_int_eq(symlink(to, path_of(from)), 0);
  }
  ck_assert_int_eq(open(path_of("link-0"), O_WRONLY | O_CREAT, 0600), -1);
  expect_fails(nai_network_save(net, path_of("link-0")), NAI_ERR_FILE, strerror(ELOOP));
  ck_assert_int_eq(count_entries(), LINKS + 1);
  expect_ok(nai_network_save(net, path_of("link-1")));
  nai_network_destroy(load(path_of("end")));
  nai_network_destroy(load(path_of("link-1")));
  ck_assert_int_eq(count_entries(), LINKS + 2);
  nai_network_destroy(net);
}
END_TEST

/* Folders within each other, below ours, until the path has this length; made, or removed again. */
static void make_deep(char path[4096], size_t length)
{
  strcpy(path, folder);
  while (strlen(path) < length) {
    size_t at = strlen(path), left = length - at - 1,
           n = left > 300   ? 200
               : left > 200 ? 100
                            : left;
    path[at] = '/';
    memset(path + at + 1, 'd', n);
    path[at + 1 + n] = 0;
    ck_assert_int_eq(mkdir(path, 0700), 0);
  }
}

static void remove_deep(char path[4096])
{
  for (; strcmp(path, folder) != 0; *strrchr(path, '/') = 0) ck_assert_int_eq(rmdir(path), 0);
}

/* One that has no room for the name of a temporary file; a link that leads to one. */
START_TEST(paths_that_are_too_long)
{
  static char deep[4096], path[4200], lost[2000];
  nai_network *net = small_network();
  make_deep(deep, 4060);
  snprintf(path, sizeof path, "%s/a", deep);
  expect_fails(nai_network_save(net, path), NAI_ERR_FILE, strerror(ENAMETOOLONG));
  remove_deep(deep);
  make_deep(deep, 4000);
  snprintf(path, sizeof path, "%s/a", deep);
  expect_ok(nai_network_save(net, path));
  nai_network_destroy(load(path));
  ck_assert_int_eq(unlink(path), 0);
  remove_deep(deep);
  make_deep(deep, 2500);
  for (size_t k = 0; k < sizeof lost - 1; k++) lost[k] = k % 200 == 100 ? '/' : 'x';
  snprintf(path, sizeof path, "%s/link", deep);
  ck_assert_int_eq(symlink(lost, path), 0);
  expect_fails(nai_network_save(net, path), NAI_ERR_FILE, strerror(ENAMETOOLONG));
  ck_assert_int_eq(unlink(path), 0);
  remove_deep(deep);
  nai_network_destroy(net);
}
END_TEST

/* Where one may write and go, but not look, files are saved as anywhere. */
START_TEST(a_folder_that_cannot_be_listed)
{
  enum { NOBODY = 65534 };
  nai_network *net = small_network();
  char closed[400], file[410];
  struct stat about;
  int root = geteuid() == 0; /* who may look anywhere, and becomes one who may not */
  strcpy(closed, path_of("closed"));
  snprintf(file, sizeof file, "%s/a", closed);
  expect_ok(nai_network_save(net, path_of("good")));
  ck_assert_int_eq(mkdir(closed, 0700), 0);
  ck_assert_int_eq(chmod(closed, 0333), 0);
  ck_assert_int_eq(chmod(folder, 0711), 0);
  int there = (!root || seteuid(NOBODY) == 0) && stat(closed, &about) == 0;
  if (there) { /* not where others may not go, in a $TMPDIR of root's own */
    DIR *entries = opendir(closed);
    nai_status first = nai_network_save(net, file), again = nai_network_save(net, file);
    if (root) ck_assert_int_eq(seteuid(0), 0);
    ck_assert_int_eq(chmod(closed, 0700), 0);
    ck_assert_ptr_null(entries);
    expect_ok(first);
    expect_ok(again);
    check_same_file(file, path_of("good"));
    ck_assert_int_eq(unlink(file), 0);
  }
  if (root) ck_assert_int_eq(seteuid(0), 0);
  ck_assert_int_eq(rmdir(closed), 0); /* there was nothing else */
  nai_network_destroy(net);
}
END_TEST

/* How many there are, and the name of the last. */
static int find_temporaries(char name[300])
{
  DIR *entries = opendir(folder);
  int n = 0;
  for (struct dirent *e; (e = readdir(entries));)
    if (strncmp(e->d_name, ".neuroai-", 9) == 0) n++, snprintf(name, 300, "%.255s", e->d_name);
  closedir(entries);
  return n;
}

static int count_temporaries(void)
{
  char name[300];
  return find_temporaries(name);
}

/* Stops a child that saves over and over, as often as it takes to stop it while it writes; kills it then. */
static int kill_while_it_writes(pid_t child)
{
  int left = 0;
  for (unsigned k = 0; k < 10000 && left == 0; k++) {
    kill(child, SIGCONT);
    usleep(100 + 30 * (k % 30));
    kill(child, SIGSTOP);
    waitpid(child, NULL, WUNTRACED);
    left = count_temporaries();
  }
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  return left;
}

/* The next save of the same file takes away what was left. */
START_TEST(killed_saves_leave_nothing_for_long)
{
  nai_network *net = small_network();
  char target[400], name[310];
  strcpy(target, path_of("a"));
  int left = kill_while_it_writes(start_saving(net, target));
  ck_assert_int_gt(left, 0);
  expect_ok(nai_network_save(net, path_of("other"))); /* these are not its own */
  ck_assert_int_eq(find_temporaries(name), left);
  strcat(name, "x"); /* nor is what no save can have left */
  ck_assert_int_eq(symlink("other", path_of(name)), 0);
  expect_ok(nai_network_save(net, target));
  ck_assert_int_eq(count_temporaries(), 1);
  ck_assert_int_eq(unlink(path_of(name)), 0);
  ck_assert_int_eq(count_entries(), 2);
  nai_network_destroy(net);
}
END_TEST

/* One that sleeps in the middle of its save finds its file when it wakes up. */
START_TEST(saves_at_once_leave_each_other_alone)
{
  nai_network *net = small_network();
  int status, slept = 0;
  pid_t child = start_saving(net, path_of("a"));
  for (unsigned k = 0; k < 60 || (slept == 0 && k < 6000); k++) { /* where it is slow, more often */
    usleep(300 + 70 * (k % 20));
    kill(child, SIGSTOP);
    waitpid(child, &status, WUNTRACED);
    ck_assert(WIFSTOPPED(status));
    slept += count_temporaries() > 0;
    for (int times = 0; times < 2; times++) expect_ok(nai_network_save(net, path_of("a")));
    kill(child, SIGCONT);
  }
  ck_assert_int_gt(slept, 0);
  ck_assert_int_eq(waitpid(child, &status, WNOHANG), 0); /* it has not failed */
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  nai_network_destroy(net);
}
END_TEST

/* What E sends to E is a list. */
static nai_network *listed_network(void)
{
  static const uint8_t mask[9] = {0, 1, 1, 1, 0, 1, 1, 0, 0};
  nai_constraint *some;
  nai_network *net =
      COMPOSE(.dt = 20, .inputs = {{"u", 1}}, .populations = {{"E", 3, NAI_EXCITATORY}},
              .outputs = {{"z", 1}}, .projections = {{"u", "E"}, {"E", "E"}, {"E", "z"}});
  expect_ok(nai_constraint_create_mask(&some, mask, 3, 3));
  constrain(net, "E", "E", some);
  expect_ok(nai_network_set_storage(net, "E", "E", NAI_STORAGE_LISTED));
  expect_ok(nai_network_build(net, 1));
  return net;
}

/* Four units, whose synapses have several delays. */
static nai_network *delayed_network(void)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 1));
  expect_ok(nai_network_add_population(net, "E", 4, NAI_FREE));
  expect_ok(nai_network_connect(net, "E", "E"));
  expect_ok(nai_network_set_delays(net, "E", "E", 3, 2, 1));
  expect_ok(nai_network_build(net, 1));
  return net;
}

/* Each allocation fails in turn, of which loading has at least so many. Gives up the network. */
static void save_and_load_without_memory(nai_network *net, long least)
{
  expect_ok(nai_network_save(net, path_of("a")));
  bytes old = read_bytes(path_of("a"));
  long good = 0;
  for (int done = 0; !done; good++) {
    faults_fail_allocation(good);
    nai_status status = nai_network_save(net, path_of("a"));
    faults_fail_allocation(-1);
    done = status == NAI_OK;
    if (!done) ck_assert_int_eq(status, NAI_ERR_MEMORY);
    ck_assert_int_eq(count_entries(), 1);
  }
  ck_assert_int_gt(good, 5);
  bytes now = read_bytes(path_of("a"));
  ck_assert(now.size == old.size && memcmp(now.data, old.data, now.size) == 0);
  good = 0;
  for (int done = 0; !done; good++) {
    nai_network *again = (nai_network *)&again;
    faults_fail_allocation(good);
    nai_status status = nai_network_load(&again, path_of("a"), NULL);
    faults_fail_allocation(-1);
    done = status == NAI_OK;
    if (!done) expect_fails(status, NAI_ERR_MEMORY, "memory");
    if (!done)
      ck_assert_ptr_null(again);
    else
      nai_network_destroy(again);
  }
  ck_assert_int_gt(good, least);
  free(old.data);
  free(now.data);
  nai_network_destroy(net);
}
START_TEST(saving_and_loading_without_memory)
{
  save_and_load_without_memory(rich_network(1), 100);
  save_and_load_without_memory(network_with(SHORT_TERM), 50);
  save_and_load_without_memory(listed_network(), 50);
  save_and_load_without_memory(delayed_network(), 30);
}
END_TEST

/* --- files that lie --------------------------------------------------------------------------- */

/* Refused as a whole, with a message that names the file. */
static void check_refused(const char *path, const char *words)
{
  nai_network *net = (nai_network *)&net;
  expect_fails(nai_network_load(&net, path, NULL), NAI_ERR_FORMAT, words);
  expect_fails(NAI_ERR_FORMAT, NAI_ERR_FORMAT, "model file");
  ck_assert_ptr_null(net);
}

static bytes saved_listed(void)
{
  nai_network *net = listed_network(), *again;
  expect_ok(nai_network_save(net, path_of("good")));
  nai_network_destroy(net);
  again = load(path_of("good"));
  expect_ok(nai_network_save(again, path_of("again")));
  check_same_file(path_of("good"), path_of("again"));
  nai_network_destroy(again);
  return read_bytes(path_of("good"));
}

static bytes saved(void)
{
  nai_network *net = small_network();
  expect_ok(nai_network_save(net, path_of("good")));
  nai_network_destroy(net);
  return read_bytes(path_of("good"));
}

START_TEST(cut_short_anywhere)
{
  bytes b = saved();
  for (size_t size = 0; size < b.size; size++) {
    write_bytes(path_of("bad"), b.data, size);
    check_refused(path_of("bad"), "");
  }
  unsigned char *longer = calloc(b.size + 1, 1);
  memcpy(longer, b.data, b.size);
  write_bytes(path_of("bad"), longer, b.size + 1);
  check_refused(path_of("bad"), "bytes of data");
  free(longer);
  free(b.data);
}
END_TEST

START_TEST(lengths_of_the_header_that_lie)
{
  bytes b = saved();
  uint64_t length, right;
  memcpy(&right, b.data, 8);
  const uint64_t lies[] = {
      0,          1,         2,         right - 8,  right - 1,         right + 1,  right + 8,
      b.size - 8, b.size,    100000001, UINT32_MAX, (uint64_t)1 << 63, UINT64_MAX, UINT64_MAX - 7,
      INT64_MAX,  b.size - 7};
  for (size_t k = 0; k < sizeof lies / sizeof *lies; k++) {
    length = lies[k];
    memcpy(b.data, &length, 8);
    write_bytes(path_of("bad"), b.data, b.size);
    check_refused(path_of("bad"), "");
  }
  /* a header longer than any may be, in a file that has the room (it takes no space on the disk) */
  length = 100000001;
  write_bytes(path_of("bad"), &length, 8);
  ck_assert_int_eq(truncate(path_of("bad"), 200000000), 0);
  check_refused(path_of("bad"), "100000001");
  free(b.data);
}
END_TEST

/* Each byte in turn, in five ways. What is accepted must be able to run and to be saved. */
static void change_any_byte(bytes b)
{
  int accepted = 0, refused = 0;
  for (size_t i = 0; i < b.size; i++) {
    unsigned char was = b.data[i];
    const unsigned char flips[] = {0, 0xff, (unsigned char)(was ^ 1), (unsigned char)(was ^ 0x80),
                                   '9'};
    for (size_t k = 0; k < sizeof flips; k++) {
      nai_network *net = (nai_network *)&net;
      b.data[i] = flips[k];
      write_bytes(path_of("bad"), b.data, b.size);
      nai_status status = nai_network_load(&net, path_of("bad"), NULL);
      b.data[i] = was;
      if (status == NAI_OK) {
        nai_state *state;
        expect_ok(nai_state_create(&state, net, 1, 0));
        expect_ok(nai_state_step(NULL, state, NULL));
        nai_state_destroy(state);
        nai_network_destroy(net);
        accepted++;
      } else {
        ck_assert_msg(status == NAI_ERR_FORMAT || status == NAI_ERR_NAME, "%s", nai_last_error());
        ck_assert_ptr_null(net);
        refused++;
      }
    }
  }
  ck_assert_int_gt(refused, 1000);
  ck_assert_int_gt(accepted, 100);
  free(b.data);
}

START_TEST(any_byte_changed)
{
  change_any_byte(saved());
}
END_TEST

START_TEST(any_byte_of_lists_changed)
{
  change_any_byte(saved_listed());
}
END_TEST

/*
 * The good file with one piece of its header's text replaced by another, and the length put right.
 */
static void write_edited(bytes b, const char *from, const char *to)
{
  uint64_t length;
  memcpy(&length, b.data, 8);
  char *header = malloc(length + 1);
  memcpy(header, b.data + 8, length);
  header[length] = 0;
  char *at = strstr(header, from);
  ck_assert_msg(at != NULL, "'%s' is not in %s", from, header);
  size_t before = (size_t)(at - header), after = length - before - strlen(from);
  uint64_t edited = before + strlen(to) + after;
  FILE *file = fopen(path_of("bad"), "wb");
  fwrite(&edited, 1, 8, file);
  fwrite(header, 1, before, file);
  fwrite(to, 1, strlen(to), file);
  fwrite(at + strlen(from), 1, after, file);
  fwrite(b.data + 8 + length, 1, b.size - 8 - length, file);
  fclose(file);
  free(header);
}

START_TEST(headers_that_lie)
{
  static const struct {
    const char *from, *to, *words;
  } lies[] = {
      /* the format */
      {"{\"__metadata__\"", " {\"__metadata__\"", "does not start with {"},
      {"{\"__metadata__\"", "[{\"__metadata__\"", "does not start with {"},
      {"\"bias: E\":{", "\"bias: E\":{},\"bias: F\":{", "'bias: E' has no dtype"},
      {"\"bias: z\"", "\"bias: E\"", "duplicate"},
      {"\"bias: z\"", "\"bias: \\u0000\"", "not JSON"},
      {"\"bias: z\"", "\"bias: \xff\"", "not JSON"},
      {"\"bias: z\":{\"dtype\":\"F32\"", "\"bias: z\":{\"dtype\":\"F16\"",
       "'bias: z' is of dtype F16"},
      {"\"bias: z\":{\"dtype\":\"F32\"", "\"bias: z\":{\"dtype\":\"I32\"", "must be F32"},
      {"\"bias: z\":{\"dtype\":\"F32\"", "\"bias: z\":{\"dtype\":\"F64\"", "'bias: z' has 4 bytes"},
      {"\"bias: z\":{\"dtype\":\"F32\"", "\"bias: z\":{\"dtype\":32", "no dtype"},
      {"\"bias: z\":{\"dtype\":\"F32\",\"shape\":[1]",
       "\"bias: z\":{\"dtype\":\"F32\",\"shape\":[2]", "do not fit"},
      {"\"bias: z\":{\"dtype\":\"F32\",\"shape\":[1]",
       "\"bias: z\":{\"dtype\":\"F32\",\"shape\":[1,1]", "2 dimensions"},
      {"\"bias: z\":{\"dtype\":\"F32\",\"shape\":[1]",
       "\"bias: z\":{\"dtype\":\"F32\",\"shape\":[]", "0 dimensions"},
      {"\"bias: z\":{\"dtype\":\"F32\",\"shape\":[1]",
       "\"bias: z\":{\"dtype\":\"F32\",\"shape\":[-1]", "from 0"},
      {"\"bias: z\":{\"dtype\":\"F32\",\"shape\":[1]",
       "\"bias: z\":{\"dtype\":\"F32\",\"shape\":[1.0]", "from 0"},
      {"\"bias: z\":{\"dtype\":\"F32\",\"shape\":[1]", "\"bias: z\":{\"dtype\":\"F32\",\"shape\":1",
       "no shape"},
      {"\"bias: z\":{\"dtype\":\"F32\",\"shape\":[1]",
       "\"bias: z\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1]", "9 dim"},
      {"\"bias: z\":{\"dtype\":\"F32\",\"shape\":[1]",
       "\"bias: z\":{\"dtype\":\"F32\",\"shape\":[4611686018427387905,4]", "overflows"},
      {"\"bias: z\":{\"dtype\":\"F32\",\"shape\":[1]",
       "\"bias: z\":{\"dtype\":\"F32\",\"shape\":[4611686018427387905]", "do not fit"},
      {"\"bias: z\":{\"dtype\":\"F32\",\"shape\":[1]",
       "\"bias: z\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999]", "from 0"},
      {"\"shape\":[3,3],\"data_offsets\":[", "\"shape\":[3,3],\"data_offsets\":[-", "data_offsets"},
      {"\"shape\":[3,3],\"data_offsets\":[", "\"shape\":[3,3],\"data_offsets\":[0,",
       "data_offsets"},
      {"\"shape\":[3,3],\"data_offsets\":[", "\"shape\":[3,3],\"offsets\":[", "data_offsets"},
      {"\"shape\":[3,3],\"data_offsets\":[",
       "\"shape\":[3,3],\"data_offsets\":[0,\"1\"],\"rest\":[", "data_offsets"},
      {"\"shape\":[3,3],\"data_offsets\":[",
       "\"shape\":[3,3],\"data_offsets\":[\"0\",1],\"rest\":[", "data_offsets"},
      {"\"neuroai\"", "\"other\"", "no text 'neuroai'"},
      {"{\"neuroai\":\"", "{\"neuroai\":[],\"x\":\"", "is not a string"},
      {"{\"neuroai\":\"", "{\"neuroai\":\"nonsense ", "description"},
      {"{\"neuroai\":\"{", "{\"neuroai\":\"{\\\"dt\\\":1,", "duplicate"},
      /* tensors that the network needs */
      {"\"weight: E -> E\"", "\"weight: E -> F\"", "'weight: E -> E' is missing"},
      {"\"mask: u -> E\"", "\"mask: u  -> E\"", "'mask: u -> E' is missing"},
      {"\"learns: E -> z\"", "\"learns\"", "'learns: E -> z' is missing"},
      {"\"bias: E\"", "\"BIAS: E\"", "'bias: E' is missing"},
      {"\"weight: u -> E\":{\"dtype\":\"F32\",\"shape\":[3,1]",
       "\"weight: u -> E\":{\"dtype\":\"F32\",\"shape\":[1,3]",
       "dimension 0 of tensor 'weight: u -> E' is 1, must be 3"},
      {"\"position: E\":{\"dtype\":\"F32\",\"shape\":[3,3]",
       "\"position: E\":{\"dtype\":\"F32\",\"shape\":[9]", "'position: E' has 1 dimensions"},
      /* the description */
      {"\\\"format\\\":1", "\\\"format\\\":3", "'format' is 3, must be 1 to 2"},
      {"\\\"format\\\":1", "\\\"format\\\":\\\"1\\\"", "no whole number 'format'"},
      {"\\\"dt\\\":20.0", "\\\"dt\\\":0", "dt is 0 ms"},
      {"\\\"dt\\\":20.0", "\\\"dt\\\":-20.0", "dt is -20 ms"},
      {"\\\"dt\\\":20.0", "\\\"dt\\\":\\\"20\\\"", "no number 'dt'"},
      {"\\\"dt\\\":20.0", "\\\"dt\\\":1e999", "beyond the largest"},
      {"\\\"seed\\\":\\\"1\\\"", "\\\"seed\\\":1", "no text 'seed'"},
      {"\\\"seed\\\":\\\"1\\\"", "\\\"seed\\\":\\\"-1\\\"", "'seed' is '-1'"},
      {"\\\"seed\\\":\\\"1\\\"", "\\\"seed\\\":\\\"\\\"", "'seed' is ''"},
      {"\\\"seed\\\":\\\"1\\\"", "\\\"seed\\\":\\\"18446744073709551616\\\"",
       "'seed' is '18446744073709551616'"},
      {"\\\"seed\\\":\\\"1\\\"", "\\\"seed\\\":\\\"1a\\\"", "'seed' is '1a'"},
      {"\\\"seed\\\":\\\"1\\\"", "\\\"seed\\\":\\\"99999999999999999999\\\"",
       "'seed' is '99999999999999999999'"},
      {"\\\"inputs\\\":[", "\\\"imputs\\\":[", "no list 'inputs'"},
      {"\\\"outputs\\\":[", "\\\"outputs\\\":[7,", "no text 'name'"},
      {"\\\"name\\\":\\\"u\\\",\\\"n\\\":1", "\\\"name\\\":\\\"u\\\",\\\"n\\\":0", "'n' is 0"},
      {"\\\"name\\\":\\\"u\\\",\\\"n\\\":1", "\\\"name\\\":\\\"u\\\",\\\"n\\\":2",
       "dimension 1 of tensor 'weight: u -> E'"},
      {"\\\"name\\\":\\\"E\\\",\\\"n\\\":3", "\\\"name\\\":\\\"E\\\",\\\"n\\\":2000000000",
       "'bias: E' is 3, must be 2000000000"},
      {"\\\"name\\\":\\\"E\\\",\\\"n\\\":3", "\\\"name\\\":\\\"E\\\",\\\"n\\\":3.0",
       "no whole number 'n'"},
      {"\\\"name\\\":\\\"E\\\",\\\"n\\\":3", "\\\"name\\\":\\\"E \\\",\\\"n\\\":3", "place 2"},
      {"\\\"name\\\":\\\"u\\\"", "\\\"name\\\":\\\"z\\\"", "'z' is there twice"},
      {"\\\"name\\\":\\\"z\\\"", "\\\"name\\\":\\\"E\\\"", "dimension 0 of tensor 'bias: E'"},
      {"\\\"name\\\":\\\"u\\\"", "\\\"name\\\":\\\"*\\\"", "place 1"},
      {"\\\"name\\\":\\\"u\\\"", "\\\"nome\\\":\\\"u\\\"", "no text 'name'"},
      {"\\\"populations\\\":[{", "\\\"populations\\\":[],\\\"no\\\":[{", "'E', which is not there"},
      {"\\\"sign\\\":1", "\\\"sign\\\":2", "'sign' is 2, must be -1 to 1"},
      {"\\\"name\\\":\\\"u\\\"", "\\\"name\\\":\\\"u\\\",\\\"sign\\\":-2",
       "'sign' is -2, must be -1 to 1"},
      {"\\\"name\\\":\\\"u\\\"", "\\\"name\\\":\\\"u\\\",\\\"sign\\\":\\\"+\\\"",
       "no whole number 'sign'"},
      {"\\\"name\\\":\\\"z\\\"", "\\\"name\\\":\\\"z\\\",\\\"sign\\\":1", "'sign'"},
      {"\\\"leak\\\":\\\"current\\\"", "\\\"leak\\\":\\\"voltage\\\"", "'leak' is 'voltage'"},
      {"\\\"transfer\\\":\\\"relu\\\"", "\\\"transfer\\\":\\\"\\\"", "'transfer' is ''"},
      {"\\\"initial\\\":0.0", "\\\"initial\\\":null", "no number 'initial'"},
      {"\\\"gain\\\":1.0", "\\\"gain\\\":-1.0", "gain of 'E' is -1"},
      {"\\\"gain\\\":1.0", "\\\"bias\\\":1.0", "'bias' of 'E' must be a tensor"},
      {"\\\"gain\\\":1.0", "\\\"gain\\\":\\\"bias: E\\\"", "gain of 'E' is 'bias: E'"},
      {"\\\"gain\\\":1.0", "\\\"gain\\\":\\\"gain: E\\\"", "'gain: E' is missing"},
      {"\\\"name\\\":\\\"E\\\"", "\\\"name\\\":\\\"E:1\\\"", "\"E:1\" has ':' at place 2"},
      {"\\\"from\\\":\\\"E\\\"", "\\\"from\\\":\\\"*\\\"", "'*', which is not there"},
      {"\\\"to\\\":\\\"z\\\"", "\\\"to\\\":\\\"E\\\"", "already connected"},
      {"\\\"delay\\\":20.0", "\\\"delay\\\":30.0", "multiple of dt"},
      {"\\\"delay\\\":20.0", "\\\"delay\\\":0.0", "loop"},
      {"\\\"delay\\\":20.0", "\\\"delay\\\":1e300", "delay is"},
      {"\\\"autapses\\\":false", "\\\"autapses\\\":0", "no 'autapses'"},
      {"\\\"plastic\\\":true", "\\\"plastic\\\":1", "no 'plastic'"},
      {"\\\"kind\\\":\\\"default\\\"", "\\\"kind\\\":\\\"best\\\"", "'kind' is 'best'"},
      {"\\\"initial\\\":{", "\\\"initials\\\":{", "no text 'kind'"},
      {"\\\"constraints\\\":[]", "\\\"constraints\\\":{}", "no list 'constraints'"},
      {"\\\"constraints\\\":[]", "\\\"constraints\\\":[{}]", "no text 'name'"},
      {"\\\"constraints\\\":[]",
       "\\\"constraints\\\":[{\\\"name\\\":\\\"max_weight\\\",\\\"value\\\":-1}]", "limit is -1"},
      {"\\\"constraints\\\":[]",
       "\\\"constraints\\\":[{\\\"name\\\":\\\"dale\\\",\\\"value\\\":7}]", "mode is 7"},
      {"\\\"constraints\\\":[]",
       "\\\"constraints\\\":[{\\\"name\\\":\\\"dale\\\",\\\"value\\\":2.7}]", "mode is 2.7"},
      {"\\\"constraints\\\":[]",
       "\\\"constraints\\\":[{\\\"name\\\":\\\"dale\\\",\\\"value\\\":1e300}]", "mode is 1e+300"},
      {"\\\"constraints\\\":[]",
       "\\\"constraints\\\":[{\\\"name\\\":\\\"max_weight\\\",\\\"value\\\":1e300}]",
       "limit is 1e+300"},
      {"\\\"constraints\\\":[]",
       "\\\"constraints\\\":[{\\\"name\\\":\\\"none\\\",\\\"value\\\":7}]", "'none'"},
      {"\\\"constraints\\\":[]", "\\\"constraints\\\":[{\\\"name\\\":\\\"\\\"}]", "empty"},
  };
  bytes b = saved();
  for (size_t k = 0; k < sizeof lies / sizeof *lies; k++) {
    write_edited(b, lies[k].from, lies[k].to);
    nai_network *net = (nai_network *)&net;
    nai_status status = nai_network_load(&net, path_of("bad"), NULL);
    ck_assert_msg(status == NAI_ERR_FORMAT && !net && strstr(nai_last_error(), lies[k].words),
                  "%s -> %s: %s (%s)", lies[k].from, lies[k].to, nai_status_name(status),
                  nai_last_error());
  }
  write_edited(b, "\"format\\\":1", "\"format\\\":1"); /* the editing itself changes nothing */
  check_same_file(path_of("good"), path_of("bad"));
  free(b.data);
}
END_TEST

/* Files from before inputs could have a sign have none; without one nothing is written. */
START_TEST(inputs_without_a_sign_are_free)
{
  static const char *const edits[] = {"", ",\\\"sign\\\":0", ",\\\"sign\\\":-1"};
  bytes b = saved();
  for (int32_t k = 0; k < 3; k++) {
    char named[64];
    int32_t sign = 7;
    snprintf(named, sizeof named, "\\\"name\\\":\\\"u\\\"%s", edits[k]);
    write_edited(b, "\\\"name\\\":\\\"u\\\"", named);
    nai_network *net = load(path_of("bad"));
    expect_ok(nai_network_sign(&sign, net, "u"));
    ck_assert_int_eq(sign, k < 2 ? NAI_FREE : NAI_INHIBITORY);
    expect_ok(nai_network_save(net, path_of("bad")));
    if (k < 2) check_same_file(path_of("good"), path_of("bad"));
    nai_network_destroy(net);
  }
  free(b.data);
}
END_TEST

/* What is no lie: written by a release that had less, or by hand. */
START_TEST(headers_that_differ)
{
  static const char *const edits[][2] = {
      {"\\\"exponent\\\":2.0,", ""}, /* as a library that has not that number */
      {"\\\"constraints\\\":[]",
       "\\\"constraints\\\":[{\\\"name\\\":\\\"a\\\",\\\"own\\\":false}]"},
      {"\\\"dt\\\":20.0", "\\\"dt\\\":20"}};
  bytes b = saved();
  nai_network *good = load(path_of("good"));
  for (size_t k = 0; k < sizeof edits / sizeof *edits; k++) {
    write_edited(b, edits[k][0], edits[k][1]);
    nai_network *net = load(path_of("bad"));
    check_same_numbers(good, net);
    check_same_activity(good, net);
    nai_network_destroy(net);
  }
  nai_network_destroy(good);
  free(b.data);
}
END_TEST

/* Tensors that are longer than what is read at a time; long names of files are cut at their start. */
START_TEST(more_units_than_are_read_at_once)
{
  enum { MANY = 20000 };
  static float bias[MANY];
  char name[120];
  nai_network *net, *again;
  expect_ok(nai_network_create(&net, 20));
  expect_ok(nai_network_add_population(net, "many", MANY, NAI_FREE));
  expect_ok(nai_network_build(net, 1));
  for (int i = 0; i < MANY; i++) bias[i] = (float)i;
  expect_ok(nai_network_set_bias(net, "many", bias, MANY));
  memset(name, 'a', sizeof name);
  strcpy(name + sizeof name - 4, "end");
  expect_fails(nai_network_load(&again, path_of(name), NULL), NAI_ERR_FILE, "'aaaaaaaaaa");
  expect_fails(NAI_ERR_FILE, NAI_ERR_FILE, "aaaend': cannot be opened");
  expect_ok(nai_network_save(net, path_of(name)));
  again = load(path_of(name));
  nai_view x = NAI_VIEW_INIT;
  expect_ok(nai_network_bias(&x, again, "many"));
  ck_assert(x.shape[0] == MANY && memcmp(x.data, bias, sizeof bias) == 0);
  nai_network_destroy(again);
  nai_network_destroy(net);
}
END_TEST

/*
 * Room is asked for only when the file has it: a description that speaks of millions costs nothing.
 */
START_TEST(no_memory_for_what_is_not_there)
{
  bytes b = saved();
  write_edited(b, "\\\"name\\\":\\\"E\\\",\\\"n\\\":3",
               "\\\"name\\\":\\\"E\\\",\\\"n\\\":2000000000");
  long before = faults_allocations();
  nai_network *net;
  nai_status status = nai_network_load(&net, path_of("bad"), NULL);
  long asked = faults_allocations() - before;
  expect_fails(status, NAI_ERR_FORMAT, "2000000000");
  ck_assert_int_lt(asked, 20); /* the header, its spans and the data: no network */
  free(b.data);
}
END_TEST

/* Values inside tensors, at their place in the file. */
START_TEST(values_that_cannot_be)
{
  static const struct {
    const char *tensor;
    int64_t element;
    float value;
    const char *words;
  } lies[] = {
      {"weight: E -> E", 1, NAN, "'weight: E -> E' [0][1] is nan, must be finite"},
      {"weight: E -> E", 5, INFINITY, "[1][2] is inf"},
      {"weight: E -> E", 5, -0.5f, "[1][2] is -0.5, must be at least 0"},
      {"weight: E -> E", 4, 0.5f, "[1][1] is 0.5, must be 0, for there is no synapse"},
      {"weight: u -> E", 0, -INFINITY, "'weight: u -> E' [0][0]"},
      {"bias: E", 2, NAN, "'bias: E' [2] is nan"},
      {"bias: z", 0, INFINITY, "'bias: z' [0] is inf"},
      {"position: E", 4, NAN, "positions[1][1]"},
      {"position: E", 8, 2e6f, "positions[2][2]"},
  };
  bytes b = saved();
  nai__tensors file;
  nai__tensor tensor;
  expect_ok(nai__tensors_open(&file, path_of("good")));
  uint64_t length;
  memcpy(&length, b.data, 8);
  for (size_t k = 0; k < sizeof lies / sizeof *lies; k++) {
    expect_ok(nai__tensors_find(&tensor, &file, lies[k].tensor));
    unsigned char *at = b.data + tensor.start + 4 * lies[k].element;
    float was;
    memcpy(&was, at, 4);
    memcpy(at, &lies[k].value, 4);
    write_bytes(path_of("bad"), b.data, b.size);
    memcpy(at, &was, 4);
    check_refused(path_of("bad"), lies[k].words);
  }
  static const struct {
    const char *tensor, *words;
    int64_t element;
    unsigned char value;
  } flags[] = {{"mask: E -> E", "'mask: E -> E' [0][1] is 2, must be 0 or 1", 1, 2},
               {"mask: E -> E", "'weight: E -> E' [0][1] is 0.5, must be 0", 1, 0},
               {"mask: E -> E", "'learns: E -> E' [0][2] is 1, but there is no synapse", 2, 0},
               {"learns: E -> E", "'learns: E -> E' [1][1] is 1, but there is no synapse", 4, 1},
               {"learns: u -> E", "'learns: u -> E' [1][0] is 255", 1, 255}};
  for (size_t k = 0; k < sizeof flags / sizeof *flags; k++) {
    expect_ok(nai__tensors_find(&tensor, &file, flags[k].tensor));
    unsigned char *at = b.data + tensor.start + flags[k].element;
    unsigned char was = *at;
    *at = flags[k].value;
    write_bytes(path_of("bad"), b.data, b.size);
    *at = was;
    check_refused(path_of("bad"), flags[k].words);
  }
  nai__tensors_close(&file);
  free(b.data);
}
END_TEST

/* Synapses are 1 and 2 onto 0, 0 and 2 onto 1, 0 onto 2. */
static bytes saved_delays(void)
{
  nai_network *net = delayed_network(), *again;
  expect_ok(nai_network_save(net, path_of("good")));
  again = load(path_of("good"));
  expect_ok(nai_network_save(again, path_of("again")));
  check_same_file(path_of("good"), path_of("again"));
  nai_network_destroy(again);
  nai_network_destroy(net);
  return read_bytes(path_of("good"));
}

/* A number of a tensor of the file "good"; then refused by these words. */
static void lie(bytes b, const char *name, int64_t element, int64_t value, const char *words)
{
  nai__tensors file;
  nai__tensor tensor;
  expect_ok(nai__tensors_open(&file, path_of("good")));
  expect_ok(nai__tensors_find(&tensor, &file, name));
  nai__tensors_close(&file);
  const size_t width = tensor.dtype == NAI__I64 ? 8 : 4;
  unsigned char *at = b.data + tensor.start + (int64_t)width * element, was[8];
  const int32_t narrow = (int32_t)value;
  memcpy(was, at, width);
  memcpy(at, width == 8 ? (const void *)&value : &narrow, width);
  write_bytes(path_of("bad"), b.data, b.size);
  memcpy(at, was, width);
  check_refused(path_of("bad"), words);
}

/* Delays ascend, and each has its part of the synapses, the last one all that is left. */
START_TEST(delays_that_cannot_be)
{
  bytes b = saved_delays();
  nai__tensors file;
  nai__tensor tensor;
  int32_t delay[16];
  int64_t first[16 * 5];
  expect_ok(nai__tensors_open(&file, path_of("good")));
  expect_ok(nai__tensors_find(&tensor, &file, "delays: E -> E"));
  const int64_t n = tensor.count, end = 5 * n - 1;
  ck_assert(n >= 2 && n <= 16);
  expect_ok(nai__tensors_read(delay, &file, &tensor, 0, n));
  expect_ok(nai__tensors_find(&tensor, &file, "first: E -> E"));
  expect_ok(nai__tensors_read(first, &file, &tensor, 0, 5 * n));
  nai__tensors_close(&file);
  char words[128];
  snprintf(words, sizeof words, "[1] is %d, must be %d to 100000", delay[0], delay[0] + 1);
  lie(b, "delays: E -> E", 1, delay[0], words);
  lie(b, "delays: E -> E", 0, 0, "'delays: E -> E' [0] is 0, must be 1 to 100000");
  lie(b, "delays: E -> E", n - 1, 100001, "is 100001, must be ");
  lie(b, "first: E -> E", 5, 1, "'first: E -> E' [5] is 1, must be 0 to 0");
  snprintf(words, sizeof words, "[%d] is %d, must be %d to %d", (int)end, (int)first[end] - 1,
           (int)first[end], (int)first[end]);
  lie(b, "first: E -> E", end, first[end] - 1, words);
  lie(b, "first: E -> E", 4, 13, "'first: E -> E' [4] is 13, must be ");
  snprintf(words, sizeof words, "'sender: E -> E' [%d] is -1", (int)first[4]);
  lie(b, "sender: E -> E", first[4], -1, words);
  free(b.data);
}
END_TEST

START_TEST(any_byte_of_delays_changed)
{
  change_any_byte(saved_delays());
}
END_TEST

START_TEST(lists_that_cannot_be)
{
  static const struct {
    const char *tensor;
    int64_t element, value;
    const char *words;
  } lies[] = {
      {"first: E -> E", 0, 1, "'first: E -> E' [0] is 1, must be 0 to 0"},
      {"first: E -> E", 1, -1, "'first: E -> E' [1] is -1, must be 0 to 5"},
      {"first: E -> E", 1, 6, "'first: E -> E' [1] is 6, must be 0 to 5"},
      {"first: E -> E", 2, 1, "'first: E -> E' [2] is 1, must be 2 to 5"},
      {"first: E -> E", 3, 4, "'first: E -> E' [3] is 4, must be 5 to 5"},
      {"first: E -> E", 3, INT64_MAX, "'first: E -> E' [3] is 9223372036854775807"},
      {"sender: E -> E", 0, 2,
       "'sender: E -> E' [1] is 2, must be 3 to 2: senders of a row ascend"},
      {"sender: E -> E", 1, 3, "'sender: E -> E' [1] is 3, must be 2 to 2"},
      {"sender: E -> E", 2, -1, "'sender: E -> E' [2] is -1, must be 0 to 2"},
  };
  bytes b = saved_listed();
  for (size_t k = 0; k < sizeof lies / sizeof *lies; k++)
    lie(b, lies[k].tensor, lies[k].element, lies[k].value, lies[k].words);
  static const char *const edits[][3] = {
      {"\\\"storage\\\":\\\"listed\\\"", "\\\"storage\\\":\\\"lasted\\\"",
       "'storage' is 'lasted', must"},
      {"\\\"storage\\\":\\\"listed\\\"", "\\\"storage\\\":1", "'storage'"},
      {"\\\"storage\\\":\\\"listed\\\",", "", "must be 3"},
      {"\"sender: E -> E\"", "\"sander: E -> E\"", "sender: E -> E"},
      {"\"first: E -> E\"", "\"farst: E -> E\"", "first: E -> E"},
      {"\"first: E -> E\":{\"dtype\":\"I64\"", "\"first: E -> E\":{\"dtype\":\"F64\"",
       "is of dtype F64"},
      {"\"sender: E -> E\":{\"dtype\":\"I32\"", "\"sender: E -> E\":{\"dtype\":\"F32\"",
       "is of dtype F32"},
      {"\"sender: E -> E\":{\"dtype\":\"I32\",\"shape\":[5]",
       "\"sender: E -> E\":{\"dtype\":\"I32\",\"shape\":[5,1]", "2 dimensions"}};
  for (size_t k = 0; k < sizeof edits / sizeof *edits; k++) {
    write_edited(b, edits[k][0], edits[k][1]);
    check_refused(path_of("bad"), edits[k][2]);
  }
  free(b.data);
}
END_TEST

/* Refused with a message; or what is loaded is saved, and loaded again to the same bytes. */
static void check_changed(const unsigned char *data, size_t size, const char *what, size_t at)
{
  nai_network *net = (nai_network *)&net;
  write_bytes(path_of("bad"), data, size);
  nai_status status = nai_network_load(&net, path_of("bad"), NULL);
  if (status != NAI_OK) {
    ck_assert_msg(!net && (status == NAI_ERR_FORMAT || status == NAI_ERR_NAME), "%s, byte %zu: %s",
                  what, at, nai_status_name(status));
    ck_assert_ptr_nonnull(strstr(nai_last_error(), "model file"));
    return;
  }
  expect_ok(nai_network_save(net, path_of("once")));
  nai_network_destroy(net);
  net = load(path_of("once"));
  expect_ok(nai_network_save(net, path_of("twice")));
  nai_network_destroy(net);
  check_same_file(path_of("once"), path_of("twice"));
}

/* Every file that a release wrote, with a byte changed here and there, and cut short. */
START_TEST(golden_files_changed_anywhere)
{
  glob_t files;
  ck_assert_int_eq(glob(TESTS_FOLDER "/golden/*/*.safetensors", 0, NULL, &files), 0);
  ck_assert_uint_ge(files.gl_pathc, 29);
  for (size_t k = 0; k < files.gl_pathc; k++) {
    const char *path = files.gl_pathv[k];
    bytes b = read_bytes(path);
    check_changed(b.data, b.size, path, 0);
    for (size_t i = 29 * k % 331; i < b.size; i += 331) {
      unsigned char was = b.data[i];
      b.data[i] = (unsigned char)(was ^ 1 << i % 8);
      check_changed(b.data, b.size, path, i);
      b.data[i] = was;
      write_bytes(path_of("bad"), b.data, i);
      check_refused(path_of("bad"), "");
    }
    free(b.data);
  }
  globfree(&files);
}
END_TEST

/* --- safetensors by itself -------------------------------------------------------------------- */

static void write_safetensors(const char *header, const void *data, size_t size)
{
  uint64_t length = strlen(header);
  char *all = malloc(8 + length + size);
  memcpy(all, &length, 8);
  memcpy(all + 8, header, length);
  if (size) memcpy(all + 8 + length, data, size);
  write_bytes(path_of("t"), all, 8 + length + size);
  free(all);
}

static void check_header(const char *header, size_t size, nai_status expected, const char *words)
{
  static const char zeros[64];
  nai__tensors file;
  write_safetensors(header, zeros, size);
  nai_status status = nai__tensors_open(&file, path_of("t"));
  if (expected == NAI_OK)
    expect_ok(status);
  else
    expect_fails(status, expected, words);
  nai__tensors_close(&file);
}

START_TEST(offsets_that_lie)
{
#define F32 "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":"
  check_header("{}", 0, NAI_OK, "");
  check_header("{}   ", 0, NAI_OK, "");
  check_header("{}", 1, NAI_ERR_FORMAT, "1 bytes of data");
  check_header("{\"a\":" F32 "[0,4]}}", 4, NAI_OK, "");
  check_header("{\"a\":" F32 "[0,4]},\"b\":" F32 "[4,8]}}", 8, NAI_OK, "");
  check_header("{\"b\":" F32 "[4,8]},\"a\":" F32 "[0,4]}}", 8, NAI_OK, "");
  check_header("{\"a\":" F32 "[0,4]},\"b\":" F32 "[0,4]}}", 4, NAI_ERR_FORMAT, "overlap");
  check_header("{\"a\":" F32 "[0,4]},\"b\":" F32 "[2,6]}}", 6, NAI_ERR_FORMAT, "overlap");
  check_header("{\"a\":" F32 "[0,4]},\"b\":" F32 "[8,12]}}", 12, NAI_ERR_FORMAT, "gap");
  check_header("{\"a\":" F32 "[4,8]}}", 8, NAI_ERR_FORMAT, "gap");
  check_header("{\"a\":" F32 "[0,4]}}", 8, NAI_ERR_FORMAT, "end at byte 4");
  check_header("{\"a\":" F32 "[0,4]}}", 3, NAI_ERR_FORMAT, "3 bytes");
  check_header("{\"a\":" F32 "[4,0]}}", 4, NAI_ERR_FORMAT, "4 to 0");
  check_header("{\"a\":" F32 "[0,5]}}", 5, NAI_ERR_FORMAT, "do not fit");
  check_header("{\"a\":" F32 "[0,4,8]}}", 4, NAI_ERR_FORMAT, "data_offsets");
  check_header("{\"a\":" F32 "[0]}}", 4, NAI_ERR_FORMAT, "data_offsets");
  check_header("{\"a\":" F32 "\"0,4\"}}", 4, NAI_ERR_FORMAT, "data_offsets");
  check_header("{\"a\":" F32 "[9223372036854775807,9223372036854775807]}}", 0, NAI_ERR_FORMAT,
               "0 bytes of data");
  check_header("{\"a\":" F32 "[0,4]},\"a\":" F32 "[0,4]}}", 4, NAI_ERR_FORMAT, "duplicate");
  check_header("{\"a\":4}", 0, NAI_ERR_FORMAT, "'a' has no dtype");
  check_header("{\"__metadata__\":4}", 0, NAI_ERR_FORMAT, "not an object");
  check_header("{\"__metadata__\":{\"a\":4}}", 0, NAI_ERR_FORMAT, "'a' is not a string");
  check_header("{} {}", 0, NAI_ERR_FORMAT, "not JSON");
  check_header("{", 0, NAI_ERR_FORMAT, "9 bytes, too few");
  check_header("{\"a\"", 0, NAI_ERR_FORMAT, "not JSON");
  check_header("[]", 0, NAI_ERR_FORMAT, "start with {");
  check_header(
      "{\"a\":{\"dtype\":\"U8\",\"shape\":[0,4611686018427387904],\"data_offsets\":[0,0]}}", 0,
      NAI_OK, "");
  check_header(
      "{\"a\":{\"dtype\":\"U8\",\"shape\":[4611686018427387904,4,0],\"data_offsets\":[0,0]}}", 0,
      NAI_ERR_FORMAT, "overflows");
  check_header("{\"a\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]}}", 8, NAI_OK, "");
}
END_TEST

START_TEST(deep_nesting)
{
  enum { DEPTH = 200000 };
  char *header = malloc(2 * DEPTH + 10);
  strcpy(header, "{\"a\":");
  memset(header + 5, '[', DEPTH);
  memset(header + 5 + DEPTH, ']', DEPTH);
  strcpy(header + 5 + 2 * DEPTH, "}");
  check_header(header, 0, NAI_ERR_FORMAT, "depth");
  free(header);
}
END_TEST

/* A header of a quarter of a million tensors is read, and any of them is found, in no time. */
START_TEST(many_tensors)
{
  enum { MANY = 250000 };
  char *header = malloc(MANY * 80), *end = header, *data = calloc(MANY, 1), name[32];
  for (int k = 0; k < MANY; k++)
    end += sprintf(end, "%c\"t %d\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%d,%d]}",
                   k ? ',' : '{', (int)(k * INT64_C(7919) % MANY), k, k + 1);
  strcpy(end, "}");
  for (int k = 0; k < MANY; k++) data[k] = (char)(k % 101);
  write_safetensors(header, data, MANY);
  nai__tensors file;
  nai__tensor tensor;
  char value;
  expect_ok(nai__tensors_open(&file, path_of("t")));
  for (int k = 0; k < MANY; k++) {
    sprintf(name, "t %d", (int)(k * INT64_C(7919) % MANY));
    EXPECT(nai__tensors_find(&tensor, &file, name) == NAI_OK);
    EXPECT(nai__tensors_read(&value, &file, &tensor, 0, 1) == NAI_OK);
    EXPECT(value == k % 101);
  }
  nai__tensors_close(&file);
  free(header);
  free(data);
}
END_TEST

START_TEST(every_type_there_and_back)
{
  static const int32_t types[] = {NAI__U8, NAI__F64, NAI__I32, NAI__F32, NAI__I64};
  static const size_t sizes[] = {1, 8, 4, 4, 8};
  static const char *const names[] = {"bytes", "doubles", "ints", "floats", "longs"};
  nai__tensor_list list = {NULL, 0, 0};
  unsigned char *data[5];
  const int64_t shape[3] = {3, 1, 5};
  for (int k = 0; k < 5; k++) {
    void *memory;
    expect_ok(nai__tensor_list_add(&memory, &list, names[k], types[k], 3, shape));
    data[k] = memory;
    for (size_t i = 0; i < 15 * sizes[k]; i++) data[k][i] = (unsigned char)(7 * i + (size_t)k);
  }
  expect_ok(nai__tensor_list_write(&list, path_of("t"), "note", "some \"text\"\n\xc3\xa9"));
  nai__tensors file;
  expect_ok(nai__tensors_open(&file, path_of("t")));
  ck_assert_str_eq(nai__tensors_note(&file, "note"), "some \"text\"\n\xc3\xa9");
  ck_assert_ptr_null(nai__tensors_note(&file, "other"));
  ck_assert(!nai__tensors_have(&file, "__metadata__"));
  for (int k = 0; k < 5; k++) {
    nai__tensor tensor;
    expect_ok(nai__tensors_expect(&tensor, &file, names[k], types[k], 3, shape));
    ck_assert_int_eq(tensor.count, 15);
    unsigned char again[15 * 8];
    expect_ok(nai__tensors_read(again, &file, &tensor, 0, 15));
    ck_assert(memcmp(again, data[k], 15 * sizes[k]) == 0);
    expect_ok(nai__tensors_read(again, &file, &tensor, 7, 3));
    ck_assert(memcmp(again, data[k] + 7 * sizes[k], 3 * sizes[k]) == 0);
    ck_assert_int_eq(tensor.start % (int64_t)sizes[k], 0);
    expect_fails(nai__tensors_expect(&tensor, &file, names[k], types[k], 2, shape), NAI_ERR_FORMAT,
                 names[k]);
    expect_fails(nai__tensors_expect(&tensor, &file, names[k], types[(k + 1) % 5], 3, shape),
                 NAI_ERR_FORMAT, "dtype");
  }
  nai__tensors_close(&file);
  nai__tensor_list_release(&list);
}
END_TEST

START_TEST(pieces_are_written_one_after_the_other)
{
  char *large = malloc(3000000);
  memset(large, 'x', 3000000);
  const nai__piece pieces[] = {{.data = "abc", .size = 3},
                               {.data = "", .size = 0},
                               {.data = large, .size = 3000000},
                               {.data = "d", .size = 1}};
  expect_ok(nai__atomic_write(path_of("p"), pieces, 4));
  bytes b = read_bytes(path_of("p"));
  ck_assert_uint_eq(b.size, 3000004);
  ck_assert(memcmp(b.data, "abc", 3) == 0 && memcmp(b.data + 3, large, 3000000) == 0 &&
            b.data[3000003] == 'd');
  free(b.data);
  expect_ok(nai__atomic_write(path_of("p"), pieces, 0));
  b = read_bytes(path_of("p"));
  ck_assert_uint_eq(b.size, 0);
  free(b.data);
  free(large);
}
END_TEST

/* Rows that are apart, of elements of either size: more than are collected at once. */
START_TEST(rows_are_written_from_where_they_are)
{
  enum { ROWS = 300, COLUMNS = 77, STRIDE = 80 };
  static float values[ROWS * STRIDE];
  static uint8_t bytes[ROWS * STRIDE];
  for (int i = 0; i < ROWS * STRIDE; i++) {
    values[i] = i % 3 ? (float)i : 0;
    bytes[i] = values[i] != 0;
  }
  nai__tensor_list list = {NULL, 0, 0};
  expect_ok(nai__tensor_list_lend_rows(&list, "w", NAI__F32, ROWS, COLUMNS, values, STRIDE));
  expect_ok(nai__tensor_list_lend_rows(&list, "m", NAI__U8, ROWS, COLUMNS, bytes, STRIDE));
  expect_ok(nai__tensor_list_write(&list, path_of("t"), "note", ""));
  nai__tensor_list_release(&list);
  nai__tensors file;
  nai__tensor w, m;
  float row[COLUMNS];
  uint8_t flags[COLUMNS];
  const int64_t shape[] = {ROWS, COLUMNS};
  expect_ok(nai__tensors_open(&file, path_of("t")));
  expect_ok(nai__tensors_expect(&w, &file, "w", NAI__F32, 2, shape));
  expect_ok(nai__tensors_expect(&m, &file, "m", NAI__U8, 2, shape));
  for (int64_t i = 0; i < ROWS; i++) {
    expect_ok(nai__tensors_read(row, &file, &w, i * COLUMNS, COLUMNS));
    expect_ok(nai__tensors_read(flags, &file, &m, i * COLUMNS, COLUMNS));
    for (int64_t j = 0; j < COLUMNS; j++) {
      EXPECT(row[j] == values[i * STRIDE + j]);
      EXPECT(flags[j] == (values[i * STRIDE + j] != 0));
    }
  }
  nai__tensors_close(&file);
}
END_TEST

static void add_case(Suite *suite, const char *name, const TTest *const *tests, size_t count)
{
  TCase *tcase = tcase_create(name);
  tcase_add_checked_fixture(tcase, make_folder, remove_folder);
  for (size_t i = 0; i < count; i++) tcase_add_test(tcase, tests[i]);
  suite_add_tcase(suite, tcase);
}

#define ADD_FOLDER_CASE(suite, name, ...)                       \
  do {                                                          \
    const TTest *const tests[] = {__VA_ARGS__};                 \
    add_case(suite, name, tests, sizeof tests / sizeof *tests); \
  } while (0)

Suite *file_suite(void);

Suite *file_suite(void)
{
  Suite *suite = suite_create("file");
  ADD_FOLDER_CASE(suite, "model", a_loaded_network_is_the_saved_one,
                  constraints_go_on_after_loading, the_file_is_laid_out_as_safetensors,
                  files_say_what_an_older_library_cannot_run, own_constraints_are_asked_for,
                  constraint_names_must_be_text, bad_arguments);
  ADD_FOLDER_CASE(suite, "saving", no_file_stays_open, saving_where_nothing_can_be,
                  an_interrupted_save_leaves_the_old_file, readers_never_see_half_a_file,
                  links_and_modes_stay, links_that_lead_nowhere_are_followed, links_in_a_row,
                  paths_that_are_too_long, a_folder_that_cannot_be_listed,
                  killed_saves_leave_nothing_for_long, saves_at_once_leave_each_other_alone,
                  saving_and_loading_without_memory);
  ADD_FOLDER_CASE(suite, "hostile", cut_short_anywhere, lengths_of_the_header_that_lie,
                  any_byte_changed, any_byte_of_lists_changed, any_byte_of_delays_changed,
                  lists_that_cannot_be, delays_that_cannot_be, headers_that_lie,
                  headers_that_differ, more_units_than_are_read_at_once,
                  inputs_without_a_sign_are_free, no_memory_for_what_is_not_there,
                  values_that_cannot_be, golden_files_changed_anywhere);
  ADD_FOLDER_CASE(suite, "safetensors", offsets_that_lie, deep_nesting, many_tensors,
                  every_type_there_and_back, pieces_are_written_one_after_the_other,
                  rows_are_written_from_where_they_are);
  return suite;
}
