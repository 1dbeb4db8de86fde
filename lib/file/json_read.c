/*
 * Reading JSON. One pass counts what may be values, then one block is taken for the values, the
 * order of keys and a copy of the text, in which strings are decoded where they stand. Lists and
 * objects that are open are kept in an array.
 */
#include <stdlib.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "json.h"

typedef struct parser {
  char *at, *end; /* there is a 0 at the end */
  nai__json *value;
  int64_t n, room;       /* of values */
  const nai__json **key; /* room for the order of keys: as many as there are values */
  int depth;
  struct {
    nai__json *value, *last;
  } open[NAI__JSON_DEPTH];
  const char *problem, *name; /* what is wrong at `at`, and with which key (or NULL) */
} parser;

static int refuse(parser *p, const char *problem)
{
  p->problem = problem;
  return 0;
}

static void skip_space(parser *p)
{
  while (*p->at == ' ' || *p->at == '\n' || *p->at == '\r' || *p->at == '\t') p->at++;
}

/* --- text ------------------------------------------------------------------------------------- */

/* Bytes of the UTF-8 character at `c` (not ASCII); 0 when it is none. */
static int utf8_length(const unsigned char *c)
{
  /* the smallest and largest second byte shut out long forms, surrogates and what is beyond */
  unsigned low = 0x80, high = 0xbf;
  int length = *c >= 0xc2 && *c < 0xe0   ? 2
               : *c >= 0xe0 && *c < 0xf0 ? 3
               : *c >= 0xf0 && *c < 0xf5 ? 4
                                         : 0;
  if (*c == 0xe0) low = 0xa0;
  if (*c == 0xed) high = 0x9f;
  if (*c == 0xf0) low = 0x90;
  if (*c == 0xf4) high = 0x8f;
  if (!length || c[1] < low || c[1] > high) return 0;
  for (int i = 2; i < length; i++)
    if ((c[i] & 0xc0) != 0x80) return 0;
  return length;
}

int nai__json_is_text(const char *text)
{
  for (const unsigned char *c = (const unsigned char *)text; *c;) {
    int length = *c < 0x80 ? 1 : utf8_length(c);
    if (!length) return 0;
    c += length;
  }
  return 1;
}

/* Four hexadecimal digits; -1 when they are not. */
static int32_t read_hex(const char *c)
{
  int32_t value = 0;
  for (int i = 0; i < 4; i++) {
    int digit = c[i] >= '0' && c[i] <= '9'   ? c[i] - '0'
                : c[i] >= 'a' && c[i] <= 'f' ? c[i] - 'a' + 10
                : c[i] >= 'A' && c[i] <= 'F' ? c[i] - 'A' + 10
                                             : -1;
    if (digit < 0) return -1;
    value = 16 * value + digit;
  }
  return value;
}

static char *put_utf8(char *out, int32_t c)
{
  static const int32_t least[] = {0, 0x80, 0x800, 0x10000};
  int more = 3;
  while (c < least[more]) more--;
  if (!more) {
    *out = (char)c;
    return out + 1;
  }
  *out++ = (char)((0xff00 >> (more + 1) & 0xff) | c >> 6 * more);
  while (more-- > 0) *out++ = (char)(0x80 | (c >> 6 * more & 0x3f));
  return out;
}

/* What stands after \u; a character beyond 16 bits is two of them. */
static int read_unicode(parser *p, char **out)
{
  int32_t c = read_hex(p->at), low;
  if (c < 0) return refuse(p, "\\u without four hexadecimal digits");
  if (c == 0) return refuse(p, "a character 0 within a text");
  p->at += 4;
  if (c >= 0xdc00 && c < 0xe000) return refuse(p, "half a surrogate pair");
  if (c >= 0xd800 && c < 0xdc00) {
    low = p->at[0] == '\\' && p->at[1] == 'u' ? read_hex(p->at + 2) : -1;
    if (low < 0xdc00 || low >= 0xe000) return refuse(p, "half a surrogate pair");
    p->at += 6;
    c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
  }
  *out = put_utf8(*out, c);
  return 1;
}

static int read_escape(parser *p, char **out)
{
  static const char letters[] = "\"\\/bfnrt", meaning[] = "\"\\/\b\f\n\r\t";
  char letter = p->at[1];
  const char *found = letter ? strchr(letters, letter) : NULL;
  if (letter != 'u' && !found) return refuse(p, "an unknown escape");
  p->at += 2;
  if (letter == 'u') return read_unicode(p, out);
  *(*out)++ = meaning[found - letters];
  return 1;
}

/* Decoded where it stands, for it never becomes longer. */
static int read_text(parser *p, const char **text)
{
  if (*p->at != '"') return refuse(p, "a text must be here");
  char *out = ++p->at;
  *text = out;
  while (*p->at != '"') {
    unsigned char c = (unsigned char)*p->at;
    if (c < 0x20)
      return refuse(p, p->at == p->end ? "the end, within a text"
                                       : "a control character within a text");
    if (c == '\\') {
      if (!read_escape(p, &out)) return 0;
      continue;
    }
    int length = c < 0x80 ? 1 : utf8_length((unsigned char *)p->at);
    if (!length) return refuse(p, "text that is not UTF-8");
    while (length-- > 0) *out++ = *p->at++;
  }
  p->at++;
  *out = 0;
  return 1;
}

/* --- numbers and words ------------------------------------------------------------------------ */

static int skip_digits(const char **c)
{
  const char *start = *c;
  while (**c >= '0' && **c <= '9') ++*c;
  return *c > start;
}

/* A number that int64_t does not hold is a real one. */
static int read_number(parser *p, nai__json *value)
{
  const char *c = p->at + (*p->at == '-'), *digits = c;
  int good = *c == '0' ? (c++, 1) : skip_digits(&c), whole = 1;
  if (good && *c == '.') c++, whole = 0, good = skip_digits(&c);
  if (good && (*c == 'e' || *c == 'E')) {
    c++, whole = 0;
    if (*c == '+' || *c == '-') c++;
    good = skip_digits(&c);
  }
  if (!good) return refuse(p, "not a number");
  int64_t number = 0;
  int sign = *p->at == '-' ? -1 : 1;
  for (; whole && digits < c; digits++)
    whole = !__builtin_mul_overflow(number, (int64_t)10, &number) &&
            !__builtin_add_overflow(number, (int64_t)(sign * (*digits - '0')), &number);
  value->kind = whole ? NAI__JSON_WHOLE : NAI__JSON_REAL;
  if (whole)
    value->is.whole = number;
  else
    value->is.real = p->at;
  p->at += c - p->at;
  return 1;
}

static int read_word(parser *p, nai__json *value)
{
  static const struct {
    const char *text;
    size_t length;
    int32_t kind;
  } words[] = {
      {"null", 4, NAI__JSON_NULL}, {"true", 4, NAI__JSON_TRUE}, {"false", 5, NAI__JSON_FALSE}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strncmp(p->at, words[i].text, words[i].length) == 0) {
      p->at += words[i].length;
      value->kind = words[i].kind;
      return 1;
    }
  return refuse(p, *p->at ? "no value" : "the end, where a value must be");
}

/* --- lists and objects ------------------------------------------------------------------------ */

static int compare_keys(const void *a, const void *b)
{
  return strcmp((*(const nai__json *const *)a)->key, (*(const nai__json *const *)b)->key);
}

/* The order of the keys, which also shows those that come twice. */
static int sort_keys(parser *p, nai__json *object)
{
  const nai__json **keys = p->key;
  p->key += object->n;
  int32_t n = 0;
  for (const nai__json *e = nai__json_first(object); e; e = e->next) keys[n++] = e;
  qsort(keys, (size_t)n, sizeof *keys, compare_keys);
  for (int32_t i = 1; i < n; i++)
    if (strcmp(keys[i - 1]->key, keys[i]->key) == 0) {
      p->name = keys[i]->key;
      return refuse(p, "before it is a duplicate of the key ");
    }
  object->is.by_key = keys;
  return 1;
}

static int close(parser *p)
{
  nai__json *value = p->open[--p->depth].value;
  p->at++;
  return value->kind == NAI__JSON_LIST || sort_keys(p, value);
}

static int open(parser *p, nai__json *value)
{
  if (p->depth == NAI__JSON_DEPTH) return refuse(p, "nested to more depth than may be");
  value->kind = *p->at++ == '{' ? NAI__JSON_OBJECT : NAI__JSON_LIST;
  p->open[p->depth].value = value;
  p->open[p->depth++].last = NULL;
  return 1;
}

/* A new value at the end of what is open. */
static nai__json *append(parser *p)
{
  nai__json *value = &p->value[p->n++];
  if (!p->depth) return value;
  nai__json *within = p->open[p->depth - 1].value, *last = p->open[p->depth - 1].last;
  if (last) last->next = value;
  within->n++;
  p->open[p->depth - 1].last = value;
  return value;
}

static int read_key(parser *p, nai__json *value)
{
  if (!read_text(p, &value->key)) return 0;
  skip_space(p);
  if (*p->at != ':') return refuse(p, "a colon must be here");
  p->at++;
  skip_space(p);
  return 1;
}

static int read_value(parser *p)
{
  skip_space(p);
  if (p->n == p->room) return refuse(p, "more values than were counted");
  nai__json *value = append(p);
  if (p->depth && p->open[p->depth - 1].value->kind == NAI__JSON_OBJECT && !read_key(p, value))
    return 0;
  if (*p->at == '{' || *p->at == '[') return open(p, value);
  if (*p->at != '"')
    return *p->at == '-' || (*p->at >= '0' && *p->at <= '9') ? read_number(p, value)
                                                             : read_word(p, value);
  value->kind = NAI__JSON_TEXT;
  return read_text(p, &value->is.text);
}

/* Closes what ends here. 1: another value follows; 0: the end of the text, or a problem. */
static int go_on(parser *p)
{
  for (;;) {
    skip_space(p);
    if (!p->depth) return p->at == p->end ? 0 : refuse(p, "more after the end");
    int object = p->open[p->depth - 1].value->kind == NAI__JSON_OBJECT;
    int empty = !p->open[p->depth - 1].last;
    if (*p->at == (object ? '}' : ']')) {
      if (!close(p)) return 0;
      continue;
    }
    if (empty) return 1;
    if (*p->at != ',')
      return refuse(p, *p->at ? "a comma must be here" : "the end, within a list or an object");
    p->at++;
    return 1;
  }
}

/* --- the whole -------------------------------------------------------------------------------- */

/* Not below the number of values up to the first thing that is wrong. */
static int64_t count_values(const char *text, size_t length)
{
  int64_t n = 1;
  int within = 0;
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '"') within = !within;
    if (within)
      i += text[i] == '\\';
    else
      n += text[i] == ',' || text[i] == '[' || text[i] == '{';
  }
  return n;
}

nai_status nai__json_parse(nai__json_document *out, const char *text, size_t length,
                           const char *what)
{
  int64_t n = count_values(text, length);
  if (n > NAI__JSON_VALUES)
    return nai__fail(NAI_ERR_FORMAT, "%s has %lld values, may have %lld", what, (long long)n,
                     (long long)NAI__JSON_VALUES);
  size_t values = (size_t)n * sizeof(nai__json), keys = (size_t)n * sizeof(nai__json *);
  char *memory = NAI__ARRAY(char, (int64_t)(values + keys + length + 1));
  if (!memory) return NAI_ERR_MEMORY;
  char *copy = memory + values + keys;
  memcpy(copy, text, length);
  parser p = {.at = copy,
              .end = copy + length,
              .value = (nai__json *)(void *)memory,
              .room = n,
              .key = (const nai__json **)(void *)(memory + values)};
  while (read_value(&p) && go_on(&p)) continue;
  if (p.problem) {
    nai__fail(NAI_ERR_FORMAT, "%s is not JSON at byte %lld: %s%.80s", what,
              (long long)(p.at - copy), p.problem, p.name ? p.name : "");
    nai__free(memory);
    return NAI_ERR_FORMAT;
  }
  *out = (nai__json_document){(nai__json *)(void *)memory, memory};
  return NAI_OK;
}

void nai__json_release(nai__json_document *document)
{
  nai__free(document->memory);
  *document = (nai__json_document){NULL, NULL};
}
