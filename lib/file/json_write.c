/* Writing JSON: a text that grows, the same whatever locale the host has. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "decimal.h"
#include "json.h"

static void put(nai__json_writer *w, const char *bytes, size_t n)
{
  if (w->status != NAI_OK) return;
  if (w->room - w->size < (int64_t)n) {
    int64_t room = 2 * w->room + (int64_t)n + 1024;
    char *grown = nai__grow(w->text, w->size, room, 1);
    if (!grown) {
      w->status = NAI_ERR_MEMORY;
      return;
    }
    w->text = grown;
    w->room = room;
  }
  memcpy(w->text + w->size, bytes, n);
  w->size += (int64_t)n;
}

/* Runs of characters that stand for themselves are copied at once. */
static void put_text(nai__json_writer *w, const char *text)
{
  char escape[8];
  if (w->status == NAI_OK && !nai__json_is_text(text))
    w->status =
        nai__fail(NAI_ERR_NAME, "'%.100s' is not UTF-8: it cannot be written to a file", text);
  put(w, "\"", 1);
  for (const char *start = text, *c = text;; c++) {
    unsigned char byte = (unsigned char)*c;
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    put(w, start, (size_t)(c - start));
    if (!byte) break;
    start = c + 1;
    if (byte < 0x20)
      snprintf(escape, sizeof escape, "\\u%04x", byte);
    else
      snprintf(escape, sizeof escape, "\\%c", byte);
    put(w, escape, strlen(escape));
  }
  put(w, "\"", 1);
}

/* What stands before a value. */
static void begin(nai__json_writer *w, const char *key)
{
  char last = w->size ? w->text[w->size - 1] : '[';
  if (last != '[' && last != '{') put(w, ",", 1);
  if (!key) return;
  put_text(w, key);
  put(w, ":", 1);
}

void nai__json_open(nai__json_writer *w, const char *key, char bracket)
{
  begin(w, key);
  put(w, &bracket, 1);
}

void nai__json_close(nai__json_writer *w, char bracket)
{
  put(w, &bracket, 1);
}

void nai__json_add_text(nai__json_writer *w, const char *key, const char *text)
{
  begin(w, key);
  put_text(w, text);
}

void nai__json_add_whole(nai__json_writer *w, const char *key, int64_t value)
{
  char text[32];
  begin(w, key);
  put(w, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)value));
}

void nai__json_add_real(nai__json_writer *w, const char *key, double value)
{
  char text[NAI__DECIMAL];
  begin(w, key);
  if (!isfinite(value)) {
    if (w->status == NAI_OK)
      w->status = nai__fail(NAI_ERR_INVALID, "'%.100s' is %g: it cannot be written to a file",
                            key ? key : "a number", value);
    return;
  }
  nai__decimal_print(text, value);
  put(w, text, strlen(text));
}

void nai__json_add_flag(nai__json_writer *w, const char *key, int value)
{
  begin(w, key);
  put(w, value ? "true" : "false", value ? 4 : 5);
}

nai_status nai__json_finish(nai__json_writer *w)
{
  put(w, "\0\0\0\0\0\0\0\0", 9);
  if (w->status == NAI_OK) w->size -= 9;
  return w->status;
}

void nai__json_writer_release(nai__json_writer *w)
{
  nai__free(w->text);
  *w = (nai__json_writer){NULL, 0, 0, NAI_OK};
}
