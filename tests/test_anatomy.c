/* lib/anatomy: published tables of connection probability, networks laid out from them, areas. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../lib/network/network.h"
#include "faults.h"
#include "networks.h"

static nai_connectivity table_of(const char *name)
{
  nai_connectivity table = NAI_CONNECTIVITY_INIT;
  expect_ok(nai_connectivity_find(&table, name));
  return table;
}

static double between(const nai_connectivity *table, const char *from, const char *to)
{
  double p = -1;
  expect_ok(nai_connectivity_probability(&p, table, from, to));
  return p;
}

/* --- tables ----------------------------------------------------------------------------------- */

START_TEST(tables_are_whole)
{
  int64_t n = 0;
  for (const char *name; (name = nai_connectivity_name(n)) != NULL; n++) {
    nai_connectivity table = table_of(name);
    ck_assert_str_eq(table.name, name);
    EXPECT(table.species && table.area && table.measured && table.source);
    ck_assert_int_ge(table.n, 2);
    for (int64_t i = 0; i < table.n; i++) {
      const char *type = table.type[i];
      int excitatory = type[strlen(type) - 1] == 'E';
      ck_assert_int_eq(table.sign[i], excitatory ? NAI_EXCITATORY : NAI_INHIBITORY);
      for (int64_t j = 0; j < table.n; j++) {
        double p = between(&table, table.type[j], type);
        EXPECT(isnan(p) || (p >= 0 && p <= 1));
      }
    }
  }
  ck_assert_int_eq(n, 11);
  EXPECT(nai_connectivity_name(-1) == NULL);
}
END_TEST

/* Sum of what was measured; of numbers that have no others beside them, typing errors show here. */
static double sum_of(const char *name)
{
  nai_connectivity table = table_of(name);
  double sum = 0;
  for (int64_t k = 0; k < table.n * table.n; k++)
    sum += isnan(table.probability[k]) ? 0 : table.probability[k];
  return sum;
}

START_TEST(tables_have_the_published_numbers)
{
  nai_connectivity v1 = table_of("billeh2020");
  ck_assert_int_eq(v1.n, 12);
  ck_assert_double_eq(v1.distance, 0.075);
  ck_assert_double_eq(between(&v1, "L23E", "L23PV"), 0.395);
  ck_assert_double_eq(between(&v1, "L23PV", "L23E"), 0.411);
  ck_assert_double_eq(between(&v1, "L4E", "L23E"), 0.14);
  ck_assert_double_eq(between(&v1, "L23E", "L4E"), 0.016);
  ck_assert_double_eq(between(&v1, "L5SST", "L5PV"), 0.857);
  ck_assert_double_eq(between(&v1, "L6E", "L6PV"), 0.145);
  ck_assert_double_eq_tol(sum_of("billeh2020"), 13.46, 1e-9);

  nai_connectivity column = table_of("potjans_diesmann2014");
  int64_t cells = 0;
  for (int64_t i = 0; i < column.n; i++) cells += column.cells[i];
  ck_assert_int_eq(cells, 77169);
  ck_assert_double_eq(between(&column, "L5I", "L5E"), 0.3726);
  ck_assert_double_eq(between(&column, "L23I", "L23E"), 0.1689);
  ck_assert_double_eq_tol(sum_of("potjans_diesmann2014"), 3.418, 1e-9);

  nai_connectivity allen = table_of("allen_l23");
  ck_assert_double_eq(between(&allen, "PV", "E"), 0.3469);
  ck_assert_double_eq(between(&allen, "E", "VIP"), 0.1765);
  ck_assert_double_eq_tol(sum_of("allen_l23"), 2.4195, 1e-9);

  nai_connectivity pfeffer = table_of("pfeffer2013");
  ck_assert_double_eq(between(&pfeffer, "PV", "PV"), 1);
  ck_assert_double_eq_tol(between(&pfeffer, "SST", "PV"), 0.857, 5e-4);
  ck_assert(isnan(between(&pfeffer, "PV", "SST")));

  nai_connectivity model = table_of("litwin_kumar2016");
  ck_assert_double_eq(between(&model, "VIP", "SST"), 0.4);
  ck_assert_int_eq(model.cells[0], 4000);
  ck_assert_double_eq_tol(sum_of("barrel_l23"), 4.728, 1e-9);
  nai_connectivity sorting = table_of("liu_wang2024");
  EXPECT(between(&sorting, "VIP", "SST") == 1 && between(&sorting, "VIP", "PV") == 0);
  EXPECT(between(&sorting, "SST", "SST") == 0 && between(&sorting, "PV", "SST") == 0);
}
END_TEST

START_TEST(tables_that_are_refused)
{
  nai_connectivity out = NAI_CONNECTIVITY_INIT;
  expect_fails(nai_connectivity_find(&out, "jiang2015"), NAI_ERR_NAME, "billeh2020, potjans");
  expect_fails(nai_connectivity_find(&out, NULL), NAI_ERR_INVALID, "name is NULL");
  expect_fails(nai_connectivity_find(NULL, "bos2020"), NAI_ERR_INVALID, "out");
  out = table_of("bos2020");
  double p = 7;
  expect_fails(nai_connectivity_probability(&p, &out, "VIP", "E"), NAI_ERR_NAME,
               "from: bos2020 has no cell type 'VIP'; there are E, PV, SST");
  expect_fails(nai_connectivity_probability(&p, &out, "E", "X"), NAI_ERR_NAME, "to: ");
  expect_fails(nai_connectivity_probability(NULL, &out, "E", "E"), NAI_ERR_INVALID, "probability");
  expect_fails(nai_connectivity_probability(&p, &out, NULL, "E"), NAI_ERR_INVALID, "from is NULL");
  expect_fails(nai_connectivity_probability(&p, &out, "E", NULL), NAI_ERR_INVALID, "to is NULL");
  ck_assert_double_eq(p, 7);

  const char *const types[] = {"E", "I"}, *const twice[] = {"E", "E"}, *const bad[] = {"E", "a:b"};
  const int32_t signs[] = {1, -1}, wrong[] = {1, 2};
  const double probability[] = {.1, .2, .3, .4}, above[] = {.1, 1.5, .3, .4};
  const int64_t cells[] = {10, -1};
  const nai_connectivity good = {sizeof good, 0,     "own", NULL,        NULL, NULL, NULL,
                                 2,           types, signs, probability, NULL, 0};
  struct {
    nai_connectivity table;
    nai_status status;
    const char *words;
  } cases[9];
  for (int i = 0; i < 9; i++) cases[i].table = good;
#define CASE(i, member, value, code, what) \
  cases[i].table.member = value, cases[i].status = code, cases[i].words = what
  CASE(0, n, 0, NAI_ERR_INVALID, "n of the table is 0");
  CASE(1, type, NULL, NAI_ERR_INVALID, "type of the table is NULL");
  CASE(2, type, twice, NAI_ERR_NAME, "own: type 'E' is there twice");
  CASE(3, type, bad, NAI_ERR_NAME, "':'");
  CASE(4, sign, wrong, NAI_ERR_INVALID, "own: sign of 'I' is 2");
  CASE(5, probability, above, NAI_ERR_INVALID, "own: probability from 'I' to 'E' is 1.5");
  CASE(6, cells, cells, NAI_ERR_INVALID, "own: cells of 'I' is -1");
  CASE(7, distance, -1, NAI_ERR_INVALID, "distance of the table is -1 mm");
  CASE(8, probability, NULL, NAI_ERR_INVALID, "probability of the table is NULL");
  expect_ok(nai_connectivity_probability(&p, &good, "I", "E"));
  ck_assert_double_eq(p, .2);
  for (int i = 0; i < 9; i++)
    expect_fails(nai_connectivity_probability(&p, &cases[i].table, "E", "E"), cases[i].status,
                 cases[i].words);
  expect_fails(nai_connectivity_probability(&p, NULL, "E", "E"), NAI_ERR_INVALID, "table");
}
END_TEST

/* --- laying out ------------------------------------------------------------------------------- */

static nai_network *empty(void)
{
  nai_network *net;
  expect_ok(nai_network_create(&net, 20));
  return net;
}

static double density_of(const nai_network *net, const char *from, const char *to)
{
  nai_view mask = mask_of(net, from, to);
  const uint8_t *byte = mask.data;
  double sum = 0;
  for (int64_t i = 0; i < mask.shape[0]; i++)
    for (int64_t j = 0; j < mask.shape[1]; j++)
      sum += byte[i * mask.stride[0] + j * mask.stride[1]];
  int64_t pairs = mask.shape[0] * (mask.shape[1] - (strcmp(from, to) == 0));
  return sum / (double)pairs;
}

START_TEST(populations_and_projections_follow_the_table)
{
  nai_connectivity table = table_of("allen_l23");
  const int64_t cells[] = {200, 120, 100, 80};
  nai_layout layout = NAI_LAYOUT_INIT;
  layout.area = "V1";
  layout.cells = cells;
  nai_network *net = empty();
  expect_ok(nai_network_populate(net, &table, &layout));
  expect_ok(nai_network_build(net, 3));
  ck_assert_int_eq(nai_network_count(net, NAI_POPULATIONS), 4);
  ck_assert_int_eq(nai_network_count(net, NAI_PROJECTIONS), 14); /* two are of probability 0 */
  for (int i = 0; i < 4; i++) {
    char post[64];
    int32_t sign = 7;
    snprintf(post, sizeof post, "V1/%s", table.type[i]);
    expect_ok(nai_network_sign(&sign, net, post));
    ck_assert_int_eq(sign, i ? -1 : 1);
    ck_assert_int_eq(nai_network_size(net, NAI_POPULATIONS, post), cells[i]);
    for (int j = 0; j < 4; j++) {
      char pre[64];
      snprintf(pre, sizeof pre, "V1/%s", table.type[j]);
      double p = table.probability[4 * i + j], n = (double)(cells[i] * cells[j]);
      if (p > 0)
        ck_assert_double_lt(fabs(density_of(net, pre, post) - p), 5 * sqrt(p * (1 - p) / n));
    }
  }
  nai_network_destroy(net);
}
END_TEST

/* Fact 45 of what is known: 10^4 pairs and more of the classes of Jiang et al. */
START_TEST(classes_of_jiang)
{
  nai_connectivity table = table_of("jiang2015_classes");
  const int64_t cells[] = {150, 150, 150};
  nai_layout layout = NAI_LAYOUT_INIT;
  layout.cells = cells;
  layout.missing = 0;
  for (uint64_t seed = 1; seed <= 3; seed++) {
    nai_network *net = empty();
    expect_ok(nai_network_populate(net, &table, &layout));
    expect_ok(nai_network_build(net, seed));
    ck_assert_double_eq_tol(density_of(net, "PTI", "PTI"), 0.442, 0.015);
    ck_assert_double_eq_tol(density_of(net, "ISI", "ISI"), 0.032, 0.015);
    ck_assert_double_eq_tol(density_of(net, "E", "PTI"), 0.147, 0.015);
    ck_assert_int_eq(nai_network_count(net, NAI_PROJECTIONS), 4);
    nai_network_destroy(net);
  }
}
END_TEST

START_TEST(probability_falls_with_distance)
{
  nai_connectivity table = table_of("litwin_kumar2016");
  const int64_t cells[] = {400, 0, 0, 100};
  nai_layout layout = NAI_LAYOUT_INIT;
  layout.cells = cells;
  layout.length = 0.23;
  nai_network *net = empty();
  expect_ok(nai_network_populate(net, &table, &layout));
  ck_assert_int_eq(nai_network_count(net, NAI_PROJECTIONS), 2); /* E to E and VIP */
  expect_ok(nai_network_place_box(net, "*", 0.5, 0.5, 0));
  expect_ok(nai_network_build(net, 1));
  nai_view at_e = positions_of(net, "E"), at_vip = positions_of(net, "VIP");
  double expected = 0;
  for (int64_t i = 0; i < 100; i++)
    for (int64_t j = 0; j < 400; j++)
      expected += 0.2 / 40000 *
                  exp(-hypot((double)(at(&at_vip, i, 0) - at(&at_e, j, 0)),
                             (double)(at(&at_vip, i, 1) - at(&at_e, j, 1))) /
                      0.23);
  ck_assert_double_lt(fabs(density_of(net, "E", "VIP") - expected), 5 * sqrt(expected / 40000));
  nai_network_destroy(net);
}
END_TEST

START_TEST(populations_that_are_there_are_connected)
{
  nai_connectivity table = table_of("barrel_l4");
  nai_layout layout = NAI_LAYOUT_INIT;
  layout.area = "S1";
  nai_network *net = COMPOSE(.dt = 20, .inputs = {{"S1/SST", 2}},
                             .populations = {{"S1/E", 50, 1}, {"S1/PV", 20, -1}, {"E", 5, 1}});
  expect_ok(nai_network_connect_types(net, &table, &layout));
  ck_assert_int_eq(nai_network_count(net, NAI_PROJECTIONS), 4); /* an input is no population */
  nai_network_destroy(net);

  net = COMPOSE(.dt = 20, .populations = {{"E", 5, 1}});
  expect_fails(nai_network_connect_types(net, &table, &layout), NAI_ERR_NAME,
               "area S1 has no population of a cell type of barrel_l4, such as 'E'");
  nai_network_destroy(net);
}
END_TEST

START_TEST(layouts_that_are_refused)
{
  nai_connectivity table = table_of("allen_l23"), partly = table_of("pfeffer2013");
  const int64_t cells[] = {4, 4, 4, 4}, none[4] = {0}, negative[] = {4, -4, 4, 4};
  const char *const ports[16] = {[3] = "a b"}, *const unknown[16] = {[2] = "nowhere"};
  const nai_layout good = {sizeof good, 0, "V1", cells, NULL, -1, 0};
  struct {
    nai_connectivity *table;
    nai_layout layout;
    nai_status status;
    const char *words;
  } cases[9];
  for (int i = 0; i < 9; i++) cases[i].table = &table, cases[i].layout = good;
#undef CASE
#define CASE(i, member, value, code, what) \
  cases[i].layout.member = value, cases[i].status = code, cases[i].words = what
  CASE(0, cells, NULL, NAI_ERR_INVALID, "cells is NULL, and allen_l23 has no numbers of cells");
  CASE(1, cells, none, NAI_ERR_INVALID, "cells is 0 for each cell type");
  CASE(2, cells, negative, NAI_ERR_INVALID, "cells of 'PV' is -4, must be at least 0");
  CASE(3, missing, 1.5, NAI_ERR_INVALID, "missing is 1.5, must be 0 to 1");
  CASE(4, length, -1, NAI_ERR_INVALID, "length is -1 mm, must be 0 to 1e6");
  CASE(5, ports, ports, NAI_ERR_NAME, "port \"a b\"");
  CASE(6, ports, unknown, NAI_ERR_NAME, "nowhere");
  CASE(7, area, "a:b", NAI_ERR_NAME, "area");
  CASE(8, missing, -1, NAI_ERR_UNSUPPORTED,
       "pfeffer2013 has no probability from 'PV' to 'SST', which was not measured");
  cases[8].table = &partly;
  for (int i = 0; i < 9; i++) {
    nai_network *net = empty();
    expect_fails(nai_network_populate(net, cases[i].table, &cases[i].layout), cases[i].status,
                 cases[i].words);
    /* as for each fault of a composition, the build tells */
    expect_fails(nai_network_build(net, 1), cases[i].status, cases[i].words);
    nai_network_destroy(net);
  }
  nai_network *net = empty();
  expect_fails(nai_network_populate(NULL, &table, &good), NAI_ERR_INVALID, "net");
  expect_fails(nai_network_populate(net, &table, NULL), NAI_ERR_INVALID, "layout");
  nai_network_destroy(net);
  net = build_ei(4, 2, 1);
  expect_fails(nai_network_populate(net, &table, &good), NAI_ERR_ORDER, "is built");
  nai_network_destroy(net);
}
END_TEST

START_TEST(layouts_without_memory)
{
  nai_connectivity table = table_of("bos2020");
  nai_layout layout = NAI_LAYOUT_INIT;
  const int64_t cells[] = {8, 4, 4};
  layout.cells = cells;
  nai_status status = NAI_ERR_MEMORY;
  long failures = 0;
  for (long good = 0; status != NAI_OK; good++) {
    nai_network *net = empty();
    faults_fail_allocation(good);
    status = nai_network_populate(net, &table, &layout);
    faults_fail_allocation(-1);
    EXPECT(status == NAI_OK || status == NAI_ERR_MEMORY);
    failures += status != NAI_OK;
    nai_network_destroy(net);
  }
  ck_assert_int_ge(failures, 10);
}
END_TEST

/* --- areas ------------------------------------------------------------------------------------ */

static nai_areas_rule rule_of(const char *species)
{
  nai_areas_rule rule = NAI_AREAS_RULE_INIT;
  expect_ok(nai_areas_rule_find(&rule, species));
  return rule;
}

enum { AREAS = 29, PAIRS = AREAS * AREAS };

static const char *names_of(char names[16 * AREAS], int n)
{
  names[0] = '\0';
  for (int a = 0; a < n; a++) snprintf(names + strlen(names), 16, "A%d ", a);
  return names;
}

/* On a sphere of the size of a macaque's hemisphere. */
static nai_areas *areas_on_a_sphere(const nai_areas_rule *rule, uint64_t seed)
{
  double position[3 * AREAS], distance[PAIRS];
  char names[16 * AREAS];
  nai_areas *areas;
  expect_ok(nai_areas_place(position, AREAS, 20, seed));
  expect_ok(nai_areas_measure(distance, position, AREAS, 20));
  expect_ok(
      nai_areas_create(&areas, names_of(names, AREAS), distance, NULL, AREAS, rule, seed + 1));
  return areas;
}

static double mean_link(const nai_areas *areas)
{
  double link[PAIRS], sum = 0;
  expect_ok(nai_areas_read(link, areas, NAI_AREAS_LINK));
  for (int k = 0; k < PAIRS; k++) sum += link[k];
  return sum / (AREAS * (AREAS - 1));
}

/* Slope of the logarithm of the weights over distance, by least squares. */
static double slope_of(const nai_areas *areas)
{
  double w[PAIRS], d[PAIRS], x = 0, y = 0, xx = 0, xy = 0, n = AREAS * (AREAS - 1);
  expect_ok(nai_areas_read(w, areas, NAI_AREAS_WEIGHT));
  expect_ok(nai_areas_read(d, areas, NAI_AREAS_DISTANCE));
  for (int k = 0; k < PAIRS; k++) {
    if (k / AREAS == k % AREAS) continue;
    x += d[k], y += log(w[k]), xx += d[k] * d[k], xy += d[k] * log(w[k]);
  }
  return (n * xy - x * y) / (n * xx - x * x);
}

START_TEST(areas_follow_the_distance_rule)
{
  nai_areas_rule macaque = rule_of("macaque"), mouse = rule_of("mouse");
  ck_assert_double_eq(macaque.density, 0.66);
  ck_assert_double_eq_tol(macaque.length, 5.263, 1e-3);
  ck_assert_double_eq(mouse.density, 0.97);
  mouse.length = 1.3;
  macaque.spread = mouse.spread = 0.5;
  double at_random = 0;
  for (uint64_t seed = 1; seed <= 3; seed++) {
    for (int random = 0; random < 2; random++) {
      macaque.random = random;
      nai_areas *areas = areas_on_a_sphere(&macaque, seed);
      if (random)
        at_random += mean_link(areas) / 3;
      else
        ck_assert_double_eq_tol(mean_link(areas), 0.66, 1e-3);
      ck_assert_double_eq_tol(slope_of(areas), -0.19, 0.019);
      nai_areas_destroy(areas);
    }
    nai_areas *areas = areas_on_a_sphere(&mouse, seed);
    ck_assert_double_eq_tol(mean_link(areas), 0.97, 1e-3);
    ck_assert_double_eq_tol(slope_of(areas), -1 / 1.3, 0.1 / 1.3);
    nai_areas_destroy(areas);
  }
  ck_assert_double_eq_tol(at_random, 0.66, 0.02);
}
END_TEST

/* Three areas on a line, 0, 3 and 10 mm, by hand. */
START_TEST(links_of_three_areas)
{
  const double position[] = {0, 0, 0, 3, 0, 0, 10, 0, 0}, level[] = {0, 1, 3};
  double distance[9], w[9], link[9], fln[9], sln[9];
  nai_areas_rule rule = NAI_AREAS_RULE_INIT;
  rule.density = 0.5;
  rule.length = 5;
  nai_areas *areas;
  expect_ok(nai_areas_measure(distance, position, 3, 0));
  expect_ok(nai_areas_create(&areas, "V1 V2 PFC", distance, level, 3, &rule, 1));
  ck_assert_int_eq(nai_areas_count(areas), 3);
  ck_assert_str_eq(nai_areas_name(areas, 2), "PFC");
  ck_assert(nai_areas_name(areas, 3) == NULL);
  expect_ok(nai_areas_read(w, areas, NAI_AREAS_WEIGHT));
  expect_ok(nai_areas_read(link, areas, NAI_AREAS_LINK));
  expect_ok(nai_areas_read(fln, areas, NAI_AREAS_FLN));
  expect_ok(nai_areas_read(sln, areas, NAI_AREAS_SLN));
  const double near = exp(-0.6), far = exp(-1.4);
  ck_assert_double_eq_tol(w[0 * 3 + 1], near, 1e-12);
  ck_assert_double_eq_tol(w[2 * 3 + 0], exp(-2), 1e-12);
  /* three of six: both of V1 and V2, and of the two of the same weight the first, onto V2 */
  const double links[] = {0, 1, 0, 1, 0, 1, 0, 0, 0};
  for (int k = 0; k < 9; k++) EXPECT(link[k] == links[k]);
  ck_assert_double_eq_tol(fln[1], 1, 1e-12);
  ck_assert_double_eq_tol(fln[3], near / (near + far), 1e-12);
  ck_assert_double_eq_tol(fln[5], far / (near + far), 1e-12);
  EXPECT(fln[6] == 0 && fln[7] == 0);                      /* nothing reaches PFC */
  ck_assert_double_eq_tol(sln[1 * 3 + 0], 0.841345, 1e-6); /* Phi(1): from V1 up to V2 */
  ck_assert_double_eq_tol(sln[0 * 3 + 1], 0.158655, 1e-6);
  ck_assert_double_eq_tol(sln[1 * 3 + 2], 0.022750, 1e-6); /* Phi(-2) */
  nai_areas_destroy(areas);
}
END_TEST

/* None, all, and areas so far apart that their weights vanish. */
START_TEST(links_at_the_ends)
{
  const double distance[] = {0, 4, 4, 0}, far[] = {0, 1e9, 1e9, 0};
  nai_areas_rule rule = rule_of("macaque");
  for (int random = 0; random < 2; random++)
    for (int density = 0; density < 2; density++)
      for (int k = 0; k < 2; k++) {
        double link[4], fln[4];
        nai_areas *areas;
        rule.random = random;
        rule.density = density;
        expect_ok(nai_areas_create(&areas, "a b", k ? far : distance, NULL, 2, &rule, 1));
        expect_ok(nai_areas_read(link, areas, NAI_AREAS_LINK));
        expect_ok(nai_areas_read(fln, areas, NAI_AREAS_FLN));
        int linked = density && !(k && random); /* of probability 0 none exists */
        EXPECT(link[1] == linked && link[2] == linked && link[0] == 0 && link[3] == 0);
        EXPECT(fln[1] == (linked && !k)); /* nothing comes along a link of no weight */
        nai_areas_destroy(areas);
      }
}
END_TEST

START_TEST(distances_along_a_sphere)
{
  double position[300], distance[100 * 100];
  expect_ok(nai_areas_place(position, 100, 7, 5));
  double mean[3] = {0};
  for (int a = 0; a < 100; a++) {
    double *p = position + 3 * a;
    ck_assert_double_eq_tol(sqrt(p[0] * p[0] + p[1] * p[1] + p[2] * p[2]), 7, 1e-9);
    for (int k = 0; k < 3; k++) mean[k] += p[k] / 100;
  }
  for (int k = 0; k < 3; k++) ck_assert_double_lt(fabs(mean[k]), 4 * 7 / sqrt(300));
  const double axes[] = {7, 0, 0, 0, 7, 0, -7, 0, 0};
  expect_ok(nai_areas_measure(distance, axes, 3, 7));
  ck_assert_double_eq_tol(distance[1], 7 * 1.5707963, 1e-6);
  ck_assert_double_eq_tol(distance[2], 7 * 3.1415927, 1e-6);
  expect_ok(nai_areas_measure(distance, axes, 3, 0));
  ck_assert_double_eq_tol(distance[2], 14, 1e-12);
  expect_fails(nai_areas_measure(distance, axes, 3, 8), NAI_ERR_INVALID,
               "position 0 is 7 mm from the origin");
}
END_TEST

/* Areas of the table's types, with these numbers of cells. */
static nai_network *lay_out(const char *table_name, const nai_areas *areas, const int64_t *cells)
{
  nai_connectivity table = table_of(table_name);
  nai_network *net = empty();
  for (int64_t a = 0; a < nai_areas_count(areas); a++) {
    nai_layout layout = NAI_LAYOUT_INIT;
    layout.area = nai_areas_name(areas, a);
    layout.cells = cells;
    expect_ok(nai_network_populate(net, &table, &layout));
  }
  return net;
}

static int same_area(const char *one, const char *other)
{
  size_t length = strcspn(one, "/");
  return length == strcspn(other, "/") && strncmp(one, other, length) == 0;
}

/* Synapses within areas (0) and between them (1) of a built network. */
static void count_synapses(double synapses[2], const nai_network *net)
{
  const char *from, *to;
  synapses[0] = synapses[1] = 0;
  for (int64_t k = 0; k < nai_network_count(net, NAI_PROJECTIONS); k++) {
    expect_ok(nai_network_projection(&from, &to, net, k));
    nai_view mask = mask_of(net, from, to);
    const uint8_t *byte = mask.data;
    for (int64_t i = 0; i < mask.shape[0]; i++)
      for (int64_t j = 0; j < mask.shape[1]; j++)
        synapses[!same_area(from, to)] += byte[i * mask.stride[0] + j * mask.stride[1]];
  }
}

/* Fact 42 of what is known: .66 of the links, and four of five synapses local. */
START_TEST(most_synapses_are_local)
{
  const int64_t cells[] = {40, 8, 6, 6};
  nai_areas_rule rule = rule_of("macaque");
  for (uint64_t seed = 1; seed <= 3; seed++) {
    double position[24], distance[64], synapses[2];
    nai_areas *areas;
    nai_streams streams = NAI_STREAMS_INIT;
    expect_ok(nai_areas_place(position, 8, 10, seed));
    expect_ok(nai_areas_measure(distance, position, 8, 10));
    expect_ok(nai_areas_create(&areas, "a b c d e f g h", distance, NULL, 8, &rule, seed));
    nai_network *net = lay_out("litwin_kumar2016", areas, cells);
    expect_ok(nai_network_connect_areas(net, areas, &streams));
    expect_ok(nai_network_build(net, seed));
    count_synapses(synapses, net);
    ck_assert_double_eq_tol(synapses[0] / (synapses[0] + synapses[1]), 0.8, 0.02);
    nai_network_destroy(net);
    nai_areas_destroy(areas);
  }
}
END_TEST

static double planned_between(const nai_areas *areas, int64_t n, const char *from, const char *to)
{
  for (int64_t k = 0; k < n; k++) {
    nai_areas_projection p = NAI_AREAS_PROJECTION_INIT;
    expect_ok(nai_areas_planned(&p, areas, k));
    ck_assert_double_eq(p.distance, 4);
    if (strcmp(p.from, from) == 0 && strcmp(p.to, to) == 0) return p.probability;
  }
  return 0;
}

static nai_areas *two_areas(const double *level)
{
  const double distance[] = {0, 4, 4, 0};
  nai_areas_rule rule = rule_of("macaque");
  rule.density = 1;
  nai_areas *areas;
  expect_ok(nai_areas_create(&areas, "sr pfc", distance, level, 2, &rule, 1));
  return areas;
}

/* By hand: S = 100 * 99 * 0.5 local synapses, a quarter as many from the other area. */
START_TEST(streams_reach_their_targets)
{
  const double level[] = {0, 1}, up = 0.841344746, local = 100 * 99 * 0.5;
  nai_areas *areas = two_areas(level);
  nai_network *net = empty();
  nai_constraint *half;
  expect_ok(nai_constraint_create_sparse(&half, 0.5));
  for (int a = 0; a < 2; a++) {
    static const char *const types[] = {"E", "PV", "SST", "VIP"};
    char name[16];
    for (int k = 0; k < 4; k++) {
      snprintf(name, sizeof name, "%s/%s", a ? "pfc" : "sr", types[k]);
      expect_ok(nai_network_add_population(net, name, k ? 20 : 100, k ? -1 : 1));
      if (k) continue;
      expect_ok(nai_network_set_model(net, name, "dendritic"));
      expect_ok(nai_network_set_model_size(net, name, "branches", 2));
    }
    snprintf(name, sizeof name, "%s/E", a ? "pfc" : "sr");
    expect_ok(nai_network_connect(net, name, name));
    expect_ok(nai_network_constrain(net, name, name, half));
  }
  nai_constraint_destroy(half);
  nai_streams streams = NAI_STREAMS_INIT;
  int64_t n = -1;
  streams.feedback = "E:dendrite SST VIP";
  expect_ok(nai_areas_plan(&n, areas, net, &streams));
  ck_assert_int_eq(n, 2 * 5);
  /* onto 100 units and 20; onto 200 branches and 40 */
  double forward = local / 4 * up / (100 * 120), back = local / 4 * (1 - up) / (100 * 240);
  ck_assert_double_eq_tol(planned_between(areas, n, "sr/E", "pfc/E:soma"), forward, 1e-9);
  ck_assert_double_eq_tol(planned_between(areas, n, "sr/E", "pfc/PV"), forward, 1e-9);
  ck_assert_double_eq_tol(planned_between(areas, n, "sr/E", "pfc/E:dendrite+"), back, 1e-9);
  ck_assert_double_eq_tol(planned_between(areas, n, "sr/E", "pfc/SST"), back, 1e-9);
  double down = local / 4 * up / (100 * 240); /* the way back is feedback as much */
  ck_assert_double_eq_tol(planned_between(areas, n, "pfc/E", "sr/VIP"), down, 1e-9);
  ck_assert_double_eq(planned_between(areas, n, "pfc/PV", "sr/PV"), 0);

  /* one port for both streams: their probabilities add up; by a number for each unit */
  streams.feedback = "E:soma";
  streams.feedforward = "E PV";
  streams.indegree = 3;
  expect_ok(nai_areas_plan(&n, areas, net, &streams));
  double synapses = 3 * 160;
  ck_assert_int_eq(n, 2 * 2);
  ck_assert_double_eq_tol(planned_between(areas, n, "sr/E", "pfc/E:soma"),
                          synapses * (up / (100 * 120) + (1 - up) / (100 * 100)), 1e-9);
  expect_ok(nai_network_connect_areas(net, areas, &streams));
  ck_assert_int_eq(nai_network_count(net, NAI_PROJECTIONS), 2 + 4);
  streams.feedback = "E:dendrite";
  expect_ok(nai_areas_plan(&n, areas, net, &streams));
  ck_assert_int_eq(n, 2 * 3);
  streams.feedback = "E:apical";
  expect_fails(nai_areas_plan(&n, areas, net, &streams), NAI_ERR_NAME, "apical");
  expect_ok(nai_network_build(net, 1));
  expect_fails(nai_areas_plan(&n, areas, net, &streams), NAI_ERR_ORDER, "is built");
  nai_network_destroy(net);
  nai_areas_destroy(areas);
}
END_TEST

START_TEST(layers_send_their_stream)
{
  const double level[] = {0, 8}; /* from sr to pfc all feed-forward, back all feedback */
  const int64_t cells[] = {60, 15, 60, 15, 20, 5, 40, 10};
  nai_areas *areas = two_areas(level);
  nai_network *net = lay_out("potjans_diesmann2014", areas, cells);
  nai_streams streams = NAI_STREAMS_INIT;
  int64_t n;
  streams.feedforward = "L4*";
  streams.feedforward_from = "L23*";
  streams.feedback = "L23* L5*";
  streams.feedback_from = "L5* L6*";
  expect_ok(nai_areas_plan(&n, areas, net, &streams));
  EXPECT(planned_between(areas, n, "sr/L23E", "pfc/L4E") > 0);
  EXPECT(planned_between(areas, n, "pfc/L6E", "sr/L23I") > 0);
  const nai_streams good = streams;
  streams.feedforward_from = "L23* L4E:soma";
  expect_fails(nai_areas_plan(&n, areas, net, &streams), NAI_ERR_NAME,
               "feedforward_from: 'L4E:soma' has a port, but senders have none");
  streams.feedforward_from = NULL;
  expect_fails(nai_areas_plan(&n, areas, net, &streams), NAI_ERR_INVALID,
               "feedforward_from is NULL");
  streams = good;
  streams.feedback_from = "L5E:soma";
  expect_fails(nai_areas_plan(&n, areas, net, &streams), NAI_ERR_NAME,
               "feedback_from: 'L5E:soma' has a port, but senders have none");
  streams = good;
  expect_ok(nai_areas_plan(&n, areas, net, &streams));
  double wrong = planned_between(areas, n, "pfc/L23E", "sr/L4E");
  ck_assert_double_lt(wrong, 1e-9);
  for (int64_t k = 0; k < n; k++) {
    nai_areas_projection p = NAI_AREAS_PROJECTION_INIT;
    expect_ok(nai_areas_planned(&p, areas, k));
    EXPECT(p.from[strlen(p.from) - 1] == 'E');
  }
  nai_network_destroy(net);
  nai_areas_destroy(areas);
}
END_TEST

/* The number of local synapses, as each built-in constraint lets it be expected. */
START_TEST(synapses_are_counted_before_the_build)
{
  const uint8_t mask[16] = {0, 1, 0, 1, 1, 0, 0, 0};
  const int64_t pre[] = {0, 1, 2}, post[] = {1, 2, 3};
  static const double expected[] = {12 * 0.5, 3, 8, 4, 5, 3, 12, 12};
  for (int kind = 0; kind < 8; kind++) {
    nai_constraint *c = NULL;
    if (kind == 0) expect_ok(nai_constraint_create_sparse(&c, 0.5));
    if (kind == 1) expect_ok(nai_constraint_create_mask(&c, mask, 4, 4));
    if (kind == 2) expect_ok(nai_constraint_create_indegree(&c, 2));
    if (kind == 3) expect_ok(nai_constraint_create_outdegree(&c, 1));
    if (kind == 4) expect_ok(nai_constraint_create_total(&c, 5));
    if (kind == 5) expect_ok(nai_constraint_create_list(&c, pre, post, 3));
    if (kind == 6) expect_ok(nai_constraint_create_dale(&c, NAI_DALE_REFLECT));
    if (kind == 7) expect_ok(nai_constraint_create_max_weight(&c, 2));
    nai_areas *areas = two_areas(NULL);
    nai_network *net = COMPOSE(.dt = 20, .populations = {{"sr/E", 4, 1}, {"pfc/E", 4, 1}},
                               .projections = {{"sr/E", "sr/E"}, {"pfc/E", "pfc/E"}});
    expect_ok(nai_network_constrain(net, "*", "*", c));
    nai_constraint_destroy(c);
    nai_streams streams = NAI_STREAMS_INIT;
    int64_t n;
    streams.feedforward = streams.feedback = "E";
    expect_ok(nai_areas_plan(&n, areas, net, &streams));
    ck_assert_double_eq_tol(planned_between(areas, n, "sr/E", "pfc/E"), expected[kind] / 4 / 16,
                            1e-12);
    nai_network_destroy(net);
    nai_areas_destroy(areas);
  }
}
END_TEST

/* Two units 1 mm apart, of probability exp(-1) each way. */
START_TEST(synapses_are_counted_by_distance)
{
  const float line[] = {0, 0, 0, 1, 0, 0};
  nai_areas *areas = two_areas(NULL);
  nai_network *net = COMPOSE(.dt = 20, .populations = {{"sr/E", 2, 1}, {"pfc/E", 2, 1}},
                             .projections = {{"sr/E", "sr/E"}, {"pfc/E", "pfc/E"}});
  nai_constraint *near;
  nai_streams streams = NAI_STREAMS_INIT;
  int64_t n = -1;
  expect_ok(nai_constraint_create_distance(&near, 1, 1));
  expect_ok(nai_network_constrain(net, "*", "*", near));
  nai_constraint_destroy(near);
  streams.feedforward = streams.feedback = "E";
  expect_fails(nai_areas_plan(&n, areas, net, &streams), NAI_ERR_UNSUPPORTED,
               "constraint 'distance': place the units, or set indegree");
  expect_ok(nai_network_set_positions(net, "sr/E", line, 2));
  expect_ok(nai_network_set_positions(net, "pfc/E", line, 2));
  expect_ok(nai_areas_plan(&n, areas, net, &streams));
  ck_assert_double_eq_tol(planned_between(areas, n, "sr/E", "pfc/E"), 2 * exp(-1) / 4 / 4, 1e-9);
  nai_network_destroy(net);
  nai_areas_destroy(areas);
}
END_TEST

/* The same onto two branches of each: none of them hears its own unit. */
START_TEST(synapses_onto_branches_are_counted)
{
  static const double expected[] = {4, 1.4715177646857693, 3}; /* all, 4 / e, all but one */
  const float line[] = {0, 0, 0, 1, 0, 0};
  const uint8_t mask[] = {1, 1, 0, 1, 1, 1, 1, 1};
  nai_areas *areas = two_areas(NULL);
  nai_network *net = empty();
  nai_constraint *near;
  nai_streams streams = NAI_STREAMS_INIT;
  int64_t n = -1;
  for (int a = 0; a < 2; a++) {
    const char *const name = a ? "pfc/E" : "sr/E", *const onto =
                                                       a ? "pfc/E:dendrite+" : "sr/E:dendrite+";
    expect_ok(nai_network_add_population(net, name, 2, 1));
    expect_ok(nai_network_set_model(net, name, "dendritic"));
    expect_ok(nai_network_set_model_size(net, name, "branches", 2));
    expect_ok(nai_network_set_positions(net, name, line, 2));
    expect_ok(nai_network_connect(net, name, onto));
    if (_i == 0) continue;
    if (_i == 1) expect_ok(nai_constraint_create_distance(&near, 1, 1));
    if (_i == 2) expect_ok(nai_constraint_create_mask(&near, mask, 4, 2));
    expect_ok(nai_network_constrain(net, name, onto, near));
    nai_constraint_destroy(near);
  }
  streams.feedforward = streams.feedback = "E:soma";
  expect_ok(nai_areas_plan(&n, areas, net, &streams));
  ck_assert_double_eq_tol(planned_between(areas, n, "sr/E", "pfc/E:soma"), expected[_i] / 4 / 4,
                          1e-9);
  nai_network_destroy(net);
  nai_areas_destroy(areas);
}
END_TEST

static nai_status no_wiring(void *user, nai_synapses *synapses)
{
  (void)user;
  (void)synapses;
  return NAI_OK;
}

START_TEST(plans_that_are_refused)
{
  nai_areas *areas = two_areas(NULL);
  nai_streams good = NAI_STREAMS_INIT, streams = good;
  int64_t n = 7;
  nai_network *net = COMPOSE(.dt = 20, .populations = {{"sr/E", 4, 1}, {"pfc/I", 4, -1}},
                             .projections = {{"sr/E", "sr/E"}});
  expect_fails(nai_areas_plan(&n, areas, net, &good), NAI_ERR_ORDER,
               "area 'pfc' has no synapses yet");
  expect_ok(nai_network_connect(net, "pfc/I", "pfc/I"));
  expect_fails(nai_areas_plan(&n, areas, net, &good), NAI_ERR_NAME,
               "feed-forward from area 'pfc' to 'sr': no population of 'pfc' is excitatory");
  expect_ok(nai_network_add_population(net, "pfc/E", 1, 1));
  streams.feedback = "PV";
  expect_fails(nai_areas_plan(&n, areas, net, &streams), NAI_ERR_NAME,
               "no population of 'sr' is a target, by 'PV'");
  streams = good, streams.indegree = 4;
  expect_fails(nai_areas_plan(&n, areas, net, &streams), NAI_ERR_UNSUPPORTED,
               "from 'pfc/E' to 'sr/E' each synapse would have to exist with probability 4");
  nai_constraint *own;
  nai_constraint_ops ops = {sizeof ops, 0, "mine", no_wiring, NULL, NULL};
  expect_ok(nai_constraint_create(&own, &ops, NULL));
  expect_ok(nai_network_constrain(net, "sr/E", "sr/E", own));
  nai_constraint_destroy(own);
  expect_fails(nai_areas_plan(&n, areas, net, &good), NAI_ERR_UNSUPPORTED,
               "because of constraint 'mine': set indegree");
  streams = good, streams.local = 0;
  expect_fails(nai_areas_plan(&n, areas, net, &streams), NAI_ERR_INVALID, "local is 0");
  streams = good, streams.indegree = -1;
  expect_fails(nai_areas_plan(&n, areas, net, &streams), NAI_ERR_INVALID, "indegree is -1");
  streams = good, streams.least = -1;
  expect_fails(nai_areas_plan(&n, areas, net, &streams), NAI_ERR_INVALID, "least is -1");
  streams = good, streams.feedback_from = "E:dendrite";
  expect_fails(nai_areas_plan(&n, areas, net, &streams), NAI_ERR_NAME, "senders have none");
  streams = good, streams.feedforward = NULL;
  expect_fails(nai_areas_plan(&n, areas, net, &streams), NAI_ERR_INVALID, "feedforward is NULL");
  nai_areas_projection p = NAI_AREAS_PROJECTION_INIT;
  expect_fails(nai_areas_planned(&p, areas, 0), NAI_ERR_INVALID, "index is 0");
  ck_assert_int_eq(n, 7);
  expect_fails(nai_network_connect_areas(net, areas, &streams), NAI_ERR_INVALID, "feedforward");
  expect_fails(nai_network_build(net, 1), NAI_ERR_INVALID, "feedforward");
  nai_network_destroy(net);
  net = COMPOSE(.dt = 20, .populations = {{"sr/E", 4, 1}, {"pfcE", 4, 1}});
  expect_fails(nai_areas_plan(&n, areas, net, &good), NAI_ERR_NAME,
               "area 'pfc' has no population: those of it are called 'pfc/...'");
  nai_network_destroy(net);
  nai_areas_destroy(areas);
}
END_TEST

START_TEST(areas_that_are_refused)
{
  const double distance[] = {0, 1, 2, 0}, negative[] = {0, -1, 2, 0}, nan[] = {0, 1, NAN, 0};
  nai_areas_rule good = rule_of("macaque"), rule = good;
  nai_areas *areas = (nai_areas *)(void *)&rule;
#define REFUSED(names, distances, n, code, words)                                           \
  expect_fails(nai_areas_create(&areas, names, distances, NULL, n, &rule, 1), code, words); \
  ck_assert(areas == NULL)
  REFUSED("a b", negative, 2, NAI_ERR_INVALID, "distance from 'b' to 'a' is -1 mm");
  REFUSED("a b", nan, 2, NAI_ERR_INVALID, "distance from 'a' to 'b' is nan mm");
  REFUSED("a a", distance, 2, NAI_ERR_NAME, "area 'a' is there twice");
  REFUSED("a b c", distance, 2, NAI_ERR_INVALID, "names has 3 areas, but n is 2");
  REFUSED("a b:c", distance, 2, NAI_ERR_NAME, "':'");
  REFUSED("", distance, 0, NAI_ERR_INVALID, "n is 0");
  REFUSED(NULL, distance, 2, NAI_ERR_INVALID, "names is NULL");
  REFUSED("a b", NULL, 2, NAI_ERR_INVALID, "distance is NULL");
  rule.density = 1.5;
  REFUSED("a b", distance, 2, NAI_ERR_INVALID, "density is 1.5, must be 0 to 1");
  rule = good, rule.random = 2;
  REFUSED("a b", distance, 2, NAI_ERR_INVALID, "random is 2");
  rule = good, rule.spread = -1;
  REFUSED("a b", distance, 2, NAI_ERR_INVALID, "spread is -1");
  rule = rule_of("mouse");
  REFUSED("a b", distance, 2, NAI_ERR_INVALID,
          "length is 0 mm, must be above 0 and at most 1e6: "
          "that of this species could not be read");
  expect_fails(nai_areas_rule_find(&rule, "human"), NAI_ERR_NAME, "but of macaque, mouse");
  rule = good;
  expect_ok(nai_areas_create(&areas, "a", distance, NULL, 1, &rule, 1)); /* one is not linked */
  expect_fails(nai_areas_read(NULL, areas, 0), NAI_ERR_INVALID, "values");
  double value;
  expect_fails(nai_areas_read(&value, areas, 5), NAI_ERR_INVALID, "what is 5, must be 0 to 4");
  nai_areas_destroy(areas);
  nai_areas_destroy(NULL);
  double position[3];
  expect_fails(nai_areas_place(position, 1, 0, 1), NAI_ERR_INVALID, "radius is 0 mm");
  expect_fails(nai_areas_place(position, 0, 1, 1), NAI_ERR_INVALID, "n is 0");
  expect_fails(nai_areas_place(NULL, 1, 1, 1), NAI_ERR_INVALID, "position is NULL");
  expect_fails(nai_areas_measure(position, position, 0, 1), NAI_ERR_INVALID, "n is 0");
  expect_fails(nai_areas_measure(NULL, position, 1, 1), NAI_ERR_INVALID, "distance is NULL");
  expect_fails(nai_areas_measure(position, NULL, 1, 1), NAI_ERR_INVALID, "position is NULL");
  expect_fails(nai_areas_rule_find(NULL, "mouse"), NAI_ERR_INVALID, "out is NULL");
  expect_fails(nai_areas_rule_find(&rule, NULL), NAI_ERR_INVALID, "species is NULL");
  expect_ok(nai_areas_place(position, 1, 1e6, 1)); /* what is said to be the most can be had */
}
END_TEST

START_TEST(areas_without_memory)
{
  const double distance[] = {0, 4, 4, 0};
  nai_areas_rule rule = rule_of("macaque");
  nai_streams streams = NAI_STREAMS_INIT;
  nai_status status = NAI_ERR_MEMORY;
  long failures = 0;
  nai_constraint *near;
  expect_ok(nai_constraint_create_distance(&near, 1, 1));
  for (long good = 0; status != NAI_OK; good++) {
    nai_areas *areas = NULL;
    nai_network *net = COMPOSE(.dt = 20, .populations = {{"a/E", 40, 1}, {"b/E", 40, 1}},
                               .projections = {{"a/E", "a/E"}, {"b/E", "b/E"}});
    expect_ok(nai_network_constrain(net, "a/E", "a/E", near));
    expect_ok(nai_network_place_box(net, "a/E", 1, 1, 1));
    faults_fail_allocation(good);
    status = nai_areas_create(&areas, "a b", distance, NULL, 2, &rule, 1);
    EXPECT((status == NAI_OK) == (areas != NULL));
    if (status == NAI_OK) status = nai_network_connect_areas(net, areas, &streams);
    faults_fail_allocation(-1);
    EXPECT(status == NAI_OK || status == NAI_ERR_MEMORY);
    failures += status != NAI_OK;
    nai_network_destroy(net);
    nai_areas_destroy(areas);
  }
  ck_assert_int_ge(failures, 25);
  nai_constraint_destroy(near);
}
END_TEST

Suite *anatomy_suite(void);

Suite *anatomy_suite(void)
{
  Suite *suite = suite_create("anatomy");
  ADD_CASE(suite, "tables", tables_are_whole, tables_have_the_published_numbers,
           tables_that_are_refused);
  ADD_CASE(suite, "layout", populations_and_projections_follow_the_table, classes_of_jiang,
           probability_falls_with_distance, populations_that_are_there_are_connected,
           layouts_that_are_refused, layouts_without_memory);
  ADD_CASE(suite, "areas", areas_follow_the_distance_rule, links_of_three_areas, links_at_the_ends,
           distances_along_a_sphere, areas_that_are_refused, areas_without_memory);
  ADD_CASE(suite, "streams", most_synapses_are_local, streams_reach_their_targets,
           layers_send_their_stream, synapses_are_counted_before_the_build,
           synapses_are_counted_by_distance, plans_that_are_refused);
  TCase *onto = tcase_create("onto branches");
  tcase_add_loop_test(onto, synapses_onto_branches_are_counted, 0, 3);
  suite_add_tcase(suite, onto);
  return suite;
}
