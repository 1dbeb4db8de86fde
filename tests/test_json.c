/* lib/file: JSON and decimal numbers, whatever locale, rounding mode and stack the host has. */
#include <check.h>
#include <fenv.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <neuroai/neuroai.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/file/checkpoint.h"
#include "../lib/file/decimal.h"
#include "../lib/file/json.h"
#include "checks.h"

/* --- decimal numbers -------------------------------------------------------------------------- */

static uint64_t bits_of(double value)
{
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* As the C library reads it in the C locale, rounding to nearest. */
static void check_read(const char *text)
{
  double ours = 0, expected = strtod(text, NULL);
  int good = nai__decimal_read(&ours, text);
  if (isinf(expected))
    ck_assert_msg(!good, "%s is read as %g", text, ours);
  else
    ck_assert_msg(good && bits_of(ours) == bits_of(expected), "%s is read as %a, not %a", text,
                  ours, expected);
}

static void check_printed(double value)
{
  char text[NAI__DECIMAL];
  double again = 0;
  nai__decimal_print(text, value);
  ck_assert_uint_lt(strlen(text), sizeof text);
  ck_assert(strpbrk(text, ".e") != NULL && strchr(text, ',') == NULL);
  ck_assert(nai__decimal_read(&again, text));
  ck_assert_msg(bits_of(again) == bits_of(value), "%a is printed as %s", value, text);
  ck_assert_msg(bits_of(strtod(text, NULL)) == bits_of(value), "%a is printed as %s", value, text);
}

/* A double of any bits; what is not finite is passed over. */
static double any_double(uint64_t k)
{
  double value;
  uint64_t bits = (uint64_t)(nai_random_uniform(1, 0, k) * 0x1p32) << 32 |
                  (uint64_t)(nai_random_uniform(1, 1, k) * 0x1p32);
  if (k % 7 == 0) bits >>= 12 + k % 40; /* small ones, below the normal */
  memcpy(&value, &bits, sizeof value);
  return isfinite(value) ? value : 1;
}

START_TEST(numbers_are_read_to_the_nearest)
{
  static const char *const texts[] = {"0",
                                      "-0",
                                      "0.0",
                                      "-0.0e5",
                                      "1",
                                      "-17",
                                      "20.0",
                                      "0.1",
                                      "123456789012345678901234567890",
                                      "9007199254740993",
                                      "9007199254740995",
                                      "1e22",
                                      "1e23",
                                      "8.5e22",
                                      "1e308",
                                      "1e309",
                                      "-1e309",
                                      "1.7976931348623157e308",
                                      "1.7976931348623158e308",
                                      "1.7976931348623159e308",
                                      "2.2250738585072011e-308",
                                      "2.2250738585072014e-308",
                                      "4.9406564584124654e-324",
                                      "2.4703282292062327e-324",
                                      "2.4703282292062328e-324",
                                      "1e-323",
                                      "1e-400",
                                      "0e999999999999",
                                      "1e-999999999999",
                                      "1E+5",
                                      "1e99999999999999999999999",
                                      "0.00000000000000000000000000001e40"};
  for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) check_read(texts[k]);
  char text[64];
  for (uint64_t k = 0; k < 4000; k++)
    for (int digits = 1; digits < 25; digits += 3) {
      snprintf(text, sizeof text, "%.*e", digits, any_double(k));
      check_read(text);
    }
}
END_TEST

/* More digits than are kept, before the point and behind it, which exponents bring back. */
START_TEST(long_numbers)
{
  static char text[2100];
  for (int whole = 780; whole < 1000; whole += 7)
    for (int fraction = 0; fraction < 1000; fraction += 333) {
      char *at = text;
      for (int k = 0; k < whole + fraction; k++) {
        if (k == whole) *at++ = '.';
        *at++ = (char)('1' + (k * 7 + whole) % 9);
      }
      sprintf(at, "e-%d", whole - 5);
      check_read(text);
    }
}
END_TEST

/* Half way between two doubles, and one part in 10^1000 above and below. */
START_TEST(half_way_numbers_go_to_the_even_one)
{
  static char text[2400], more[2400];
  for (uint64_t k = 0; k < 300; k++) {
    double low = fabs(any_double(k)), high = nextafter(low, INFINITY);
    if (isinf(high)) continue;
    long double half = ((long double)low + (long double)high) / 2; /* 64 bits: exact */
    if (LDBL_MANT_DIG < 64) continue;
    snprintf(text, sizeof text, "%.1100Le", half);
    check_read(text);
    const char *e = strchr(text, 'e');
    snprintf(more, sizeof more, "%.*s%0300d%s", (int)(e - text), text, 1, e);
    check_read(more);
    snprintf(more, sizeof more, "%.*s%0300d0%s", (int)(e - text), text, 1, e);
    check_read(more);
  }
  memset(text, '9', 2000);
  text[1] = '.', text[2000] = 0;
  check_read(text);
  memset(text, '0', 2000);
  text[1] = '.';
  strcpy(text + 2000, "17e1995");
  check_read(text);
}
END_TEST

START_TEST(numbers_are_printed_short_and_whole)
{
  static const struct {
    double value;
    const char *text;
  } known[] = {{0, "0.0"},
               {-0.0, "-0.0"},
               {1, "1.0"},
               {0.1, "0.1"},
               {20, "20.0"},
               {-2.5e7, "-25000000.0"},
               {1e-8, "1e-8"},
               {1.5e-8, "1.5e-8"},
               {0.001, "0.001"},
               {1e16, "10000000000000000.0"},
               {1e17, "1e17"},
               {1 / 3.0, "0.3333333333333333"},
               {0.1 + 0.2, "0.30000000000000004"},
               {DBL_MAX, "1.7976931348623157e308"},
               {DBL_MIN, "2.2250738585072014e-308"}};
  char text[NAI__DECIMAL];
  for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
    nai__decimal_print(text, known[k].value);
    ck_assert_str_eq(text, known[k].text);
  }
  for (uint64_t k = 0; k < 20000; k++) check_printed(any_double(k));
  for (int k = -330; k < 309; k++) check_printed(pow(10, k));
  for (int k = -1074; k < 1024; k++) check_printed(ldexp(1, k));
  check_printed(DBL_TRUE_MIN);
  check_printed(nextafter(DBL_MIN, 0));
}
END_TEST

/* The host's business: neither changes a bit of what is read or written. */
START_TEST(numbers_under_any_rounding_mode)
{
  static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
  static const char *const texts[] = {"0.1", "1e23", "9007199254740993", "1e-320", "0.3333"};
  char before[NAI__DECIMAL], now[NAI__DECIMAL];
  for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
    double value = 0, again = 0;
    ck_assert(nai__decimal_read(&value, texts[t]));
    nai__decimal_print(before, value);
    for (size_t m = 0; m < sizeof modes / sizeof *modes; m++) {
      fesetround(modes[m]);
      nai__decimal_read(&again, texts[t]);
      nai__decimal_print(now, value);
      fesetround(FE_TONEAREST);
      ck_assert(bits_of(again) == bits_of(value));
      ck_assert_str_eq(now, before);
    }
  }
}
END_TEST

/* --- reading ---------------------------------------------------------------------------------- */

static nai_status parse(nai__json_document *out, const char *text)
{
  *out = (nai__json_document){NULL, NULL};
  return nai__json_parse(out, text, strlen(text), "it");
}

START_TEST(every_kind_of_value)
{
  nai__json_document d;
  int64_t whole;
  double real;
  int32_t flag;
  const char *text;
  const nai__json *list;
  expect_ok(parse(
      &d, " {\"w\" : -9223372036854775808 ,\n\"r\":2.5e-3,\t\"t\":true,\"f\":false,"
          "\"n\":null,\"s\":\"a\\\"b\\\\\\/\\b\\f\\n\\r\\t\\u00E9\\ud83e\\udde0\xc3\xa9\\uFB01\","
          "\"E\":2E3,\"l\":[1,[],{},[2,3],\"x\"],\"big\":9223372036854775808}\r\n"));
  expect_ok(nai__json_whole(&whole, d.root, "w", INT64_MIN, 0));
  ck_assert(whole == INT64_MIN);
  expect_ok(nai__json_real(&real, d.root, "w"));
  ck_assert(real == -0x1p63);
  expect_ok(nai__json_real(&real, d.root, "r"));
  ck_assert(real == 2.5e-3);
  expect_ok(nai__json_real(&real, d.root, "big"));
  ck_assert(real == 0x1p63);
  expect_fails(nai__json_whole(&whole, d.root, "big", 0, INT64_MAX), NAI_ERR_FORMAT, "'big'");
  expect_ok(nai__json_flag(&flag, d.root, "t"));
  ck_assert_int_eq(flag, 1);
  expect_ok(nai__json_flag(&flag, d.root, "f"));
  ck_assert_int_eq(flag, 0);
  expect_fails(nai__json_flag(&flag, d.root, "n"), NAI_ERR_FORMAT, "'n'");
  expect_ok(nai__json_text(&text, d.root, "s"));
  ck_assert_str_eq(text, "a\"b\\/\b\f\n\r\t\xc3\xa9\xf0\x9f\xa7\xa0\xc3\xa9\xef\xac\x81");
  expect_ok(nai__json_real(&real, d.root, "E"));
  ck_assert(real == 2000);
  expect_ok(nai__json_list(&list, d.root, "l"));
  ck_assert_int_eq(list->n, 5);
  const nai__json *entry = nai__json_first(list);
  ck_assert_int_eq(entry->is.whole, 1);
  ck_assert(nai__json_first(entry->next) == NULL && nai__json_first(entry->next->next) == NULL);
  ck_assert_int_eq(nai__json_first(entry->next->next->next)->next->is.whole, 3);
  ck_assert_str_eq(nai__json_string(entry->next->next->next->next), "x");
  ck_assert_ptr_null(nai__json_get(d.root, "nothing"));
  ck_assert_ptr_null(nai__json_get(list, "nothing"));
  nai__json_release(&d);
}
END_TEST

START_TEST(what_is_not_json)
{
  static const struct {
    const char *text, *words;
  } bad[] = {{"", "byte 0: the end"},
             {" ", "byte 1: the end"},
             {"{", "byte 1"},
             {"[1", "byte 2: the end"},
             {"[1,", "byte 3"},
             {"[1,]", "byte 3: no value"},
             {"[,1]", "byte 1: no value"},
             {"{\"a\"}", "colon"},
             {"{\"a\":1,}", "a text must be here"},
             {"{a:1}", "a text must be here"},
             {"[1}", "a comma"},
             {"{\"a\":1]", "a comma"},
             {"[1 2]", "a comma"},
             {"1 2", "after the end"},
             {"tru", "no value"},
             {"nul", "no value"},
             {"NaN", "no value"},
             {"'a'", "no value"},
             {"01", "after the end"},
             {"-", "not a number"},
             {"1.", "not a number"},
             {".5", "no value"},
             {"1e", "not a number"},
             {"1e+", "not a number"},
             {"+1", "no value"},
             {"0x1", "after the end"},
             {"\"a", "the end, within a text"},
             {"\"a\n\"", "control character"},
             {"\"\\x\"", "unknown escape"},
             {"\"\\", "unknown escape"},
             {"\"\\u12g4\"", "four hexadecimal"},
             {"\"\\u12", "four hexadecimal"},
             {"\"\\u12G4\"", "four hexadecimal"},
             {"\"\\u12:4\"", "four hexadecimal"},
             {"\"\\u0000\"", "character 0"},
             {"\"\\ud800\"", "surrogate"},
             {"\"\\ud800\\u0041\"", "surrogate"},
             {"\"\\ud800\\uffff\"", "surrogate"},
             {"\"\\ud800\\n\"", "surrogate"},
             {"\"\\udc00\"", "surrogate"},
             {"\"\x80\"", "UTF-8"},
             {"\"\xc3\"", "UTF-8"},
             {"\"\xe2\x82(\"", "UTF-8"},
             {"\"\xc0\xaf\"", "UTF-8"},
             {"\"\xed\xa0\x80\"", "UTF-8"},
             {"\"\xe0\x80\xaf\"", "UTF-8"},
             {"\"\xf4\x90\x80\x80\"", "UTF-8"},
             {"\"\xf0\x80\x80\xaf\"", "UTF-8"},
             {"\"\xff\"", "UTF-8"},
             {"{\"a\":1,\"b\":2,\"a\":3}", "duplicate of the key a"},
             {"{\"a\":1,\"\\u0061\":3}", "duplicate of the key a"},
             {"{\"x\":{\"a\":1,\"a\":{}}}", "duplicate"}};
  nai__json_document d;
  for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
    nai_status status = parse(&d, bad[k].text);
    ck_assert_msg(status == NAI_ERR_FORMAT && strstr(nai_last_error(), bad[k].words) &&
                      strstr(nai_last_error(), "it is not JSON at byte"),
                  "%s: %s", bad[k].text, nai_last_error());
    ck_assert_ptr_null(d.memory);
  }
  d = (nai__json_document){NULL, NULL};
  expect_fails(nai__json_parse(&d, "[1\0]", 4, "it"), NAI_ERR_FORMAT, "byte 2");
  expect_fails(nai__json_parse(&d, "1\0", 2, "it"), NAI_ERR_FORMAT, "after the end");
  expect_ok(parse(&d, "{\"a\":{\"a\":{\"a\":1}}}")); /* the same key, but not in one object */
  nai__json_release(&d);
}
END_TEST

/* A code point by its number, or -1: what UTF-8 is, told the other way round. */
static int32_t code_point(const unsigned char *c, int length)
{
  static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  static const int lead[] = {0, 0, 0xc0, 0xe0, 0xf0}, of_lead[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  if ((c[0] & ~of_lead[length] & 0xff) != lead[length]) return -1;
  int32_t point = c[0] & of_lead[length];
  for (int i = 1; i < length; i++) {
    if (c[i] >> 6 != 2) return -1;
    point = point << 6 | (c[i] & 0x3f);
  }
  return point >= least[length] && point <= 0x10ffff && point >> 11 != 0x1b ? point : -1;
}

static int is_utf8(const unsigned char *c)
{
  while (*c) {
    int length = 0, left = (int)strlen((const char *)c);
    for (int n = 1; n <= 4 && n <= left && !length; n++)
      if (code_point(c, n) >= 0) length = n;
    if (!length) return 0;
    c += length;
  }
  return 1;
}

/* All texts of up to four bytes, each at the edge of a range that UTF-8 has. */
START_TEST(what_is_utf8)
{
  static const unsigned char edges[] = {0,    0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
                                        0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
                                        0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff};
  const int n = sizeof edges;
  for (int k = 0; k < n * n * n * n; k++) {
    unsigned char text[5] = {0};
    for (int i = 0, left = k; i < 4; i++, left /= n) text[i] = edges[left % n];
    if (nai__json_is_text((const char *)text) != is_utf8(text))
      ck_abort_msg("%02x %02x %02x %02x", text[0], text[1], text[2], text[3]);
  }
}
END_TEST

static void *parse_deep(void *argument)
{
  nai__json_document d = {NULL, NULL};
  const char *text = argument;
  nai_status status = nai__json_parse(&d, text, strlen(text), "it");
  nai__json_release(&d);
  return (void *)(intptr_t)status;
}

/* On a stack of 128 kB: as deep as may be, and far deeper. */
START_TEST(depth_costs_no_stack)
{
  static char text[2000001];
  static const int depths[] = {NAI__JSON_DEPTH, NAI__JSON_DEPTH + 1, 1000000};
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 131072);
  for (int k = 0; k < 3; k++) {
    pthread_t thread;
    void *status;
    memset(text, '[', (size_t)depths[k]);
    memset(text + depths[k], ']', (size_t)depths[k]);
    text[2 * depths[k]] = 0;
    ck_assert_int_eq(pthread_create(&thread, &small, parse_deep, text), 0);
    pthread_join(thread, &status);
    ck_assert_int_eq((int)(intptr_t)status, k ? NAI_ERR_FORMAT : NAI_OK);
  }
  pthread_attr_destroy(&small);
}
END_TEST

/* More values than may be, and a million keys: neither takes long. */
START_TEST(many_values)
{
  nai__json_document d = {NULL, NULL};
  size_t n = (size_t)NAI__JSON_VALUES;
  char *text = malloc(2 * n + 3);
  text[0] = '[';
  for (size_t k = 0; k <= n; k++) memcpy(text + 1 + 2 * k, "1,", 2);
  text[2 * n] = ']';
  expect_fails(nai__json_parse(&d, text, 2 * n + 1, "it"), NAI_ERR_FORMAT, "values, may have");
  size_t size = 1;
  text[0] = '{';
  for (int k = 0; k < 500000; k++)
    size += (size_t)sprintf(text + size, "\"key %d\":%d,", (int)(k * INT64_C(7919) % 500000), k);
  text[size - 1] = '}';
  expect_ok(nai__json_parse(&d, text, size, "it"));
  int64_t value;
  for (int k = 0; k < 500000; k++) {
    char key[32];
    sprintf(key, "key %d", (int)(k * INT64_C(7919) % 500000));
    expect_ok(nai__json_whole(&value, d.root, key, k, k));
  }
  nai__json_release(&d);
  free(text);
}
END_TEST

/* --- writing ---------------------------------------------------------------------------------- */

START_TEST(written_and_read_again)
{
  nai__json_writer w = {NULL, 0, 0, NAI_OK};
  nai__json_document d = {NULL, NULL};
  const char *odd = "quote \" backslash \\ tab \t bell \a unit \x1f \xc3\xa9 \xf0\x9f\xa7\xa0";
  nai__json_open(&w, NULL, '{');
  nai__json_add_text(&w, odd, odd);
  nai__json_open(&w, "list", '[');
  nai__json_add_real(&w, NULL, 0.1);
  nai__json_add_whole(&w, NULL, INT64_MIN);
  nai__json_add_flag(&w, NULL, 1);
  nai__json_open(&w, NULL, '[');
  nai__json_close(&w, ']');
  nai__json_close(&w, ']');
  nai__json_add_text(&w, "bracket", "[");
  nai__json_add_flag(&w, "flag", 0);
  nai__json_close(&w, '}');
  expect_ok(nai__json_finish(&w));
  ck_assert_ptr_nonnull(strstr(
      w.text, "\"list\":[0.1,-9223372036854775808,true,[]],\"bracket\":\"[\",\"flag\":false}"));
  ck_assert_uint_eq(strlen(w.text), (size_t)w.size);
  expect_ok(nai__json_parse(&d, w.text, (size_t)w.size, "it"));
  ck_assert_str_eq(nai__json_string(nai__json_get(d.root, odd)), odd);
  nai__json_release(&d);
  nai__json_writer_release(&w);
}
END_TEST

START_TEST(what_cannot_be_written)
{
  nai__json_writer w = {NULL, 0, 0, NAI_OK};
  nai__json_open(&w, NULL, '{');
  nai__json_add_real(&w, "gain", NAN);
  nai__json_add_text(&w, "more", "text");
  nai__json_close(&w, '}');
  expect_fails(nai__json_finish(&w), NAI_ERR_INVALID, "'gain' is nan");
  nai__json_writer_release(&w);
  nai__json_add_text(&w, NULL, "caf\xe9");
  nai__json_add_real(&w, NULL, INFINITY);
  expect_fails(nai__json_finish(&w), NAI_ERR_NAME, "UTF-8");
  nai__json_writer_release(&w);
  nai__json_open(&w, NULL, '[');
  nai__json_add_real(&w, NULL, -INFINITY); /* one of a list has no name */
  nai__json_close(&w, ']');
  expect_fails(nai__json_finish(&w), NAI_ERR_INVALID, "'a number' is -inf");
  nai__json_writer_release(&w);
}
END_TEST

/* --- comparing -------------------------------------------------------------------------------- */

static const char *difference(const char *file, const char *ours)
{
  nai__json_document a, b;
  expect_ok(parse(&a, file));
  expect_ok(parse(&b, ours));
  const nai_status status = nai__json_same(a.root, b.root, "");
  nai__json_release(&a);
  nai__json_release(&b);
  ck_assert(status == NAI_OK || status == NAI_ERR_INVALID);
  return status == NAI_OK ? "" : nai_last_error();
}

START_TEST(differences_are_named)
{
  static const struct {
    const char *file, *ours, *words;
  } cases[] = {
      {"{\"a\":1}", "{\"a\":1.0}", ""},
      {"{\"a\":9007199254740993}", "{\"a\":9007199254740992}",
       "a is 9007199254740993 in the file, 9007199254740992 here"},
      {"{\"a\":1e400}", "{\"a\":1e400}",
       "a is beyond all numbers in the file, beyond all numbers here"},
      {"{\"a\":[1,2]}", "{\"a\":[1]}", "a[1] is 2 in the file, not there here"},
      {"{\"a\":\"x\"}", "{\"a\":null}", "a is \"x\" in the file, null here"},
      {"{\"a\":true}", "{\"a\":false}", "a is true in the file, false here"},
      {"{\"a\":{}}", "{\"a\":[]}", "a is {...} in the file, [...] here"},
      {"{\"of\":[{\"name\":\"E\",\"b\":{\"c\":1}}]}", "{\"of\":[{\"name\":\"E\",\"b\":{\"c\":2}}]}",
       "of 'E': b: c is 1 in the file, 2 here"},
      {"{\"of\":[{\"from\":\"E\",\"to\":\"I\",\"b\":1}]}",
       "{\"of\":[{\"from\":\"E\",\"to\":\"I\"}]}",
       "of 'E' -> 'I': b is 1 in the file, not there here"},
      {"{\"of\":[{\"from\":\"E\",\"b\":1}]}", "{\"of\":[{\"from\":\"E\"}]}",
       "of[0]: b is 1 in the file, not there here"},
      /* a default, of what has it */
      {"{\"populations\":[{\"name\":\"E\",\"gain\":1}]}", "{\"populations\":[{\"name\":\"E\"}]}",
       ""},
      {"{\"populations\":[{\"name\":\"E\"}]}", "{\"populations\":[{\"name\":\"E\",\"gain\":2}]}",
       "populations 'E': gain is not there in the file, 2 here"},
      {"{\"inputs\":[{\"name\":\"E\",\"exponent\":2}]}", "{\"inputs\":[{\"name\":\"E\"}]}",
       "inputs 'E': exponent is 2 in the file, not there here"},
  };
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
    ck_assert_str_eq(difference(cases[k].file, cases[k].ours), cases[k].words);
}
END_TEST

Suite *json_suite(void);

Suite *json_suite(void)
{
  Suite *suite = suite_create("json");
  ADD_CASE(suite, "numbers", numbers_are_read_to_the_nearest, long_numbers,
           half_way_numbers_go_to_the_even_one, numbers_are_printed_short_and_whole,
           numbers_under_any_rounding_mode);
  ADD_CASE(suite, "reading", every_kind_of_value, what_is_not_json, what_is_utf8,
           depth_costs_no_stack, many_values);
  ADD_CASE(suite, "writing", written_and_read_again, what_cannot_be_written);
  ADD_CASE(suite, "comparing", differences_are_named);
  return suite;
}
