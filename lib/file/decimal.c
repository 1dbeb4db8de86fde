/*
 * Decimal numbers and doubles, each the nearest to the other (Clinger 1990, Steele & White 1990). A
 * number is a quotient of two whole numbers of as many bits as it takes, so nothing is rounded
 * before the end.
 */
#include "decimal.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* --- large whole numbers ---------------------------------------------------------------------- */

/*
 * The largest is a number of DIGITS digits, shifted by the bits of the smallest double; 10^k for
 * all k that occur is shorter.
 */
#define WORDS 144
#define DIGITS 800

typedef struct large {
  int n; /* words; the last one is not 0 */
  uint32_t word[WORDS];
} large;

static void multiply_add(large *a, uint32_t factor, uint32_t more)
{
  uint64_t carry = more;
  for (int i = 0; i < a->n; i++) {
    carry += (uint64_t)a->word[i] * factor;
    a->word[i] = (uint32_t)carry;
    carry >>= 32;
  }
  if (!carry) return;
  assert(a->n < WORDS);
  a->word[a->n++] = (uint32_t)carry;
}

static void multiply_power_of_10(large *a, int64_t k)
{
  for (; k >= 9; k -= 9) multiply_add(a, 1000000000, 0);
  for (; k > 0; k--) multiply_add(a, 10, 0);
}

static void shift_left(large *a, int bits)
{
  int words = bits / 32;
  assert(a->n + words < WORDS);
  if (words && a->n) {
    memmove(a->word + words, a->word, (size_t)a->n * sizeof *a->word);
    memset(a->word, 0, (size_t)words * sizeof *a->word);
    a->n += words;
  }
  multiply_add(a, (uint32_t)1 << bits % 32, 0);
}

static int compare(const large *a, const large *b)
{
  if (a->n != b->n) return a->n < b->n ? -1 : 1;
  for (int i = a->n - 1; i >= 0; i--)
    if (a->word[i] != b->word[i]) return a->word[i] < b->word[i] ? -1 : 1;
  return 0;
}

/* a -= b, which is not larger. */
static void subtract(large *a, const large *b)
{
  uint64_t borrow = 0;
  for (int i = 0; i < a->n; i++) {
    uint64_t difference = a->word[i] - (i < b->n ? (uint64_t)b->word[i] : 0) - borrow;
    a->word[i] = (uint32_t)difference;
    borrow = difference >> 63;
  }
  while (a->n && !a->word[a->n - 1]) a->n--;
}

static int count_bits(const large *a)
{
  return a->n ? 32 * a->n - __builtin_clz(a->word[a->n - 1]) : 0;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* |value| = digits * 10^exponent, to more digits than can decide between two doubles. */
typedef struct decimal {
  large digits;
  int64_t exponent;
} decimal;

static int is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static void read_digits(decimal *out, const char **text)
{
  int count = 0, fraction = 0, lost = 0;
  const char *c = *text;
  for (; is_digit(*c) || *c == '.'; c++) {
    if (*c == '.') {
      fraction = 1;
      continue;
    }
    if (count < DIGITS) {
      multiply_add(&out->digits, 10, (uint32_t)(*c - '0'));
      count += out->digits.n > 0; /* zeros at the start are none */
      out->exponent -= fraction;
    } else {
      lost |= *c != '0';
      out->exponent += !fraction;
    }
  }
  if (lost) { /* more than the digits before it are, less than the next */
    multiply_add(&out->digits, 10, 1);
    out->exponent--;
  }
  *text = c;
}

static void read_exponent(decimal *out, const char *c)
{
  int64_t exponent = 0;
  int negative = 0;
  if (*c != 'e' && *c != 'E') return;
  c++;
  if (*c == '+' || *c == '-') negative = *c++ == '-';
  for (; is_digit(*c); c++)
    if (exponent < 1000000000) exponent = 10 * exponent + (*c - '0');
  out->exponent += negative ? -exponent : exponent;
}

/* The bits of the double nearest to above / below, both above 0. */
static uint64_t nearest(large *above, large *below)
{
  int place =
      count_bits(above) - count_bits(below); /* of the highest bit of the quotient, or 1 more */
  large power = *below, rest = *above;
  shift_left(place >= 0 ? &power : &rest, place >= 0 ? place : -place);
  if (compare(&rest, &power) < 0) place--;
  int unit = place - 52 > -1074 ? place - 52 : -1074; /* the last bit that a double has */
  shift_left(unit >= 0 ? below : above, unit >= 0 ? unit : -unit);
  shift_left(below, 53);
  uint64_t bits = 0;
  for (int i = 0; i < 53; i++) {
    shift_left(above, 1);
    bits <<= 1;
    if (compare(above, below) < 0) continue;
    subtract(above, below);
    bits |= 1;
  }
  shift_left(above, 1);
  int half = compare(above, below);
  if (half > 0 || (half == 0 && bits & 1)) bits++;
  /* bit 52 adds 1 to the exponent, which is 0 without it */
  return ((uint64_t)(unit + 1074) << 52) + bits;
}

int nai__decimal_read(double *out, const char *text)
{
  decimal d = {{0, {0}}, 0};
  uint64_t bits = 0;
  int negative = *text == '-';
  text += negative;
  read_digits(&d, &text);
  read_exponent(&d, text);
  int64_t log2 = count_bits(&d.digits); /* bounds on the number, before it takes much room */
  if (d.digits.n && d.exponent > 400) return 0;
  if (d.digits.n && log2 * 3 / 10 + d.exponent > -340) {
    large below = {1, {1}};
    multiply_power_of_10(d.exponent >= 0 ? &d.digits : &below,
                         d.exponent >= 0 ? d.exponent : -d.exponent);
    if (count_bits(&d.digits) - count_bits(&below) > 1024) return 0;
    bits = nearest(&d.digits, &below);
  }
  if (bits >= (uint64_t)0x7ff << 52) return 0;
  bits |= (uint64_t)negative << 63;
  memcpy(out, &bits, sizeof bits);
  return 1;
}

/* --- printing --------------------------------------------------------------------------------- */

/* The first 17 digits of a number above 0, rounded; the first is worth 10^*exponent. */
static void find_digits(char digits[18], int *exponent, uint64_t mantissa, int power)
{
  large above = {0, {0}}, below = {1, {1}};
  multiply_add(&above, 1, (uint32_t)(mantissa >> 32));
  shift_left(&above, 32);
  multiply_add(&above, 1, (uint32_t)mantissa);
  /* not above log10, and 1 below it at most: log10(2) is 78913 / 2^18 */
  int log2 = count_bits(&above) - 1 + power;
  int log10 = log2 >= 0 ? log2 * 78913 >> 18 : -((-log2 * 78913 >> 18) + 1);
  shift_left(power >= 0 ? &above : &below, power >= 0 ? power : -power);
  multiply_power_of_10(log10 >= 0 ? &below : &above, log10 >= 0 ? log10 : -log10);
  large ten = below;
  multiply_add(&ten, 10, 0);
  if (compare(&above, &ten) >= 0) {
    log10++;
    below = ten;
  }
  for (int i = 0; i < 17; i++) {
    digits[i] = '0';
    for (; compare(&above, &below) >= 0; digits[i]++) subtract(&above, &below);
    multiply_add(&above, 10, 0);
  }
  multiply_add(&below, 5, 0);
  *exponent = log10;
  digits[17] = compare(&above, &below) >= 0 ? '5' : '0'; /* for the rounding */
}

/* Rounds 18 digits to n; 1 when they became 1000..., which is ten times as much. */
static int round_digits(char out[18], const char digits[18], int n)
{
  memcpy(out, digits, (size_t)n);
  out[n] = 0;
  if (digits[n] < '5') return 0;
  int i = n - 1;
  for (; i >= 0 && out[i] == '9'; i--) out[i] = '0';
  if (i >= 0) {
    out[i]++;
    return 0;
  }
  out[0] = '1';
  return 1;
}

/* As 0.001, 20.0 or 1.5e-8. */
static void lay_out(char *text, const char *digits, int n, int exponent)
{
  while (n > 1 && digits[n - 1] == '0') n--;
  if (exponent < -5 || exponent > 16) {
    *text++ = digits[0];
    if (n > 1) *text++ = '.';
    memcpy(text, digits + 1, (size_t)(n - 1));
    snprintf(text + n - 1, 8, "e%d", exponent);
    return;
  }
  if (exponent < 0) *text++ = '0', *text++ = '.';
  for (int i = -1; i > exponent; i--) *text++ = '0';
  for (int i = 0; i < n || i <= exponent; i++) {
    *text++ = i < n ? digits[i] : '0';
    if (i == exponent) *text++ = '.';
  }
  if (text[-1] == '.') *text++ = '0';
  *text = 0;
}

void nai__decimal_print(char text[NAI__DECIMAL], double value)
{
  char digits[18], rounded[18];
  uint64_t bits, again;
  double read = 0;
  int exponent;
  memcpy(&bits, &value, sizeof bits);
  if (bits >> 63) *text++ = '-';
  bits &= UINT64_MAX >> 1;
  assert(bits < (uint64_t)0x7ff << 52);
  if (!bits) {
    strcpy(text, "0.0");
    return;
  }
  int raised = (int)(bits >> 52);
  uint64_t mantissa = (bits & (((uint64_t)1 << 52) - 1)) | (uint64_t)(raised > 0) << 52;
  find_digits(digits, &exponent, mantissa, (raised ? raised : 1) - 1075);
  for (int n = 15;; n++) {
    assert(n <= 17); /* so many tell any double from its neighbours */
    int carry = round_digits(rounded, digits, n);
    lay_out(text, rounded, n, exponent + carry);
    if (!nai__decimal_read(&read, text)) continue;
    memcpy(&again, &read, sizeof again);
    if (again == bits) return;
  }
}
