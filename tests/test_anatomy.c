/* lib/anatomy: published tables of connection probability, and networks laid out from them. */
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
  ck_assert_int_eq(n, 10);
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

Suite *anatomy_suite(void);

Suite *anatomy_suite(void)
{
  Suite *suite = suite_create("anatomy");
  ADD_CASE(suite, "tables", tables_are_whole, tables_have_the_published_numbers,
           tables_that_are_refused);
  ADD_CASE(suite, "layout", populations_and_projections_follow_the_table, classes_of_jiang,
           probability_falls_with_distance, populations_that_are_there_are_connected,
           layouts_that_are_refused, layouts_without_memory);
  return suite;
}
